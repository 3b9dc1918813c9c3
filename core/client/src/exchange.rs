//! QR codes, cards and meetings: drives the engine's meeting machine.

use std::sync::Arc;

use engine::meeting::{
    self, Action, Meetings, Outgoing as MeetingMail, Person, ScanOutcome, SignedMail, Status,
};
use engine::outbox::{Kind, OutboxItem, SealTo, Stage};
use engine::people::{Capabilities, Contact, People};
use engine::ports::{Batch, KeyRole, RecordKey, SignPurpose, Tree};
use engine::qr::{
    Card, Code, CodeError, Frame, Modules, PictureError, qr_png, qr_terminal, read_frame, read_png,
};
use engine::secure::Opened;
use mail::Mailbox;
use mail::compose::Attachment;
use serde::Serialize;
use smime::enveloped::ContentEncryption;
use smime::path::Trust;
use smime::{EmailAddress, key};

use crate::account::AccountInner;
use crate::composer::{Addressee, Outgoing};
use crate::core::Event;
use crate::error::{CoreError, Thing, Unreadable, WrongUse};
use crate::outbox::{Body, body_key, meeting_key};
use crate::people::{ContactView, shown_contacts};
use crate::record::{decode, encode};
use crate::system::{OsRandom, now};
use crate::task::Task;
use crate::view::{
    self, CameraState, ExchangeScreen, KeysScreen, KeysStep, OwnCode, ScanScreen, exchange_screen,
    keys_screen, meeting_screen, scan_screen,
};

/// Size of one module of a QR picture, in pixels.
const PICTURE_SCALE: u32 = 8;
/// How often a step is taken again because another one came in between.
const MAX_STEP_ATTEMPTS: usize = 8;

/// QR codes and meetings of one account.
#[derive(Clone)]
pub struct QrExchange {
    pub(crate) inner: Arc<AccountInner>,
}

/// A code to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeView {
    /// The text in the code.
    pub text: String,
    /// PNG picture.
    #[serde(skip)]
    pub png: Vec<u8>,
    /// Modules on a side, without the light border of 4 modules that belongs around them.
    #[serde(skip)]
    pub size: u32,
    /// The modules row by row from the top left; dark ones are `true`.
    #[serde(skip)]
    pub dark: Vec<bool>,
    /// For a terminal, in half blocks.
    #[serde(skip)]
    pub terminal: String,
    /// Seconds for which it can start a meeting; 0 for a card.
    pub valid_for: u64,
}

/// One 8-bit luma plane of a camera (the Y of YUV_420_888 or of 420f).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraFrame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Octets from the begin of a row to the begin of the next one; not less than `width`.
    pub row_stride: u32,
    /// The plane; its last row may end after `width` octets.
    pub luma: Vec<u8>,
}

/// What a scan led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ScanView {
    /// A card was pinned (or the person is known already with the same anchor).
    Card {
        /// Whose.
        address: EmailAddress,
        /// As the card says; show it only with the address.
        name: String,
        /// Another anchor is known; nothing was changed.
        differs: bool,
    },
    /// A meeting began or went on.
    Meeting {
        /// With whom.
        address: EmailAddress,
        /// As the code says; show it only with the address.
        name: String,
        /// To be compared when the other phone asks.
        number: String,
        /// Met already: the other side's mail had come before.
        met: bool,
    },
}

impl QrExchange {
    /// The meeting code to show now.
    pub fn show(&self) -> Result<CodeView, CoreError> {
        let code = {
            let _commit = self.inner.committing();
            let mut state = self.inner.meetings_state()?;
            let code = state.meetings.show(now(), &mut OsRandom);
            let mut batch = Batch::default();
            self.inner.put_meetings(&mut batch, &state.meetings)?;
            self.inner.store()?.apply(batch)?;
            code
        };
        code_view(&Code::Meet(code), 600)
    }

    /// Screen 11. `seen` is why the code in the last picture was of no use.
    pub fn screen(&self, camera: CameraState, seen: Option<&CoreError>) -> Result<ExchangeScreen, CoreError> {
        let own = &self.inner.settings;
        Ok(exchange_screen(&self.show()?, &own.name, own.address.as_str(), camera, seen))
    }

    /// Screen 03, once the keys are there. `is_pending`: the organisation's certificate has not come yet.
    pub fn keys_screen(&self, is_pending: bool) -> Result<KeysScreen, CoreError> {
        let own = &self.inner.settings;
        let step = if is_pending { KeysStep::Pending } else { KeysStep::Ready };
        Ok(keys_screen(step, Some((&self.show()?, &own.name, own.address.as_str()))))
    }

    /// Screen 12 after a scan.
    pub fn scan_screen(&self, scan: &ScanView) -> Result<ScanScreen, CoreError> {
        let address = match scan {
            ScanView::Card { address, .. } | ScanView::Meeting { address, .. } => address,
        };
        let meetings = self.status()?;
        let meeting = meetings.iter().rev().find(|status| status.person.address == *address);
        Ok(scan_screen(scan, self.contact(address)?.as_ref(), meeting, Some(self.own_code()?), now()))
    }

    /// Screen 12 of each meeting that waits for something.
    pub fn meeting_screens(&self) -> Result<Vec<ScanScreen>, CoreError> {
        let mut screens = Vec::new();
        for status in self.status()?.iter().filter(|status| status.stage != meeting::Stage::Met) {
            let contact = self.contact(&status.person.address)?;
            screens.extend(meeting_screen(status, contact.as_ref(), Some(self.own_code()?), now()));
        }
        Ok(screens)
    }

    /// Screen 12 of one person as things stand now, also after the app was closed since the scan.
    pub fn person_screen(&self, address: &EmailAddress) -> Result<Option<ScanScreen>, CoreError> {
        let meetings = self.status()?;
        let meeting = meetings.iter().rev().find(|status| status.person.address == *address);
        Ok(view::person_screen(meeting, self.contact(address)?.as_ref(), Some(self.own_code()?), now()))
    }

    fn contact(&self, address: &EmailAddress) -> Result<Option<ContactView>, CoreError> {
        Ok(shown_contacts(&*self.inner.people()?).remove(address.folded()))
    }

    fn own_code(&self) -> Result<OwnCode, CoreError> {
        let own = &self.inner.settings;
        Ok(view::own_code(&self.show()?, &own.name, own.address.as_str()))
    }

    /// The card, for print.
    pub fn card(&self) -> Result<CodeView, CoreError> {
        code_view(&Code::Card(self.inner.meetings_state()?.meetings.card(now())), 0)
    }

    /// Reads a PNG picture of somebody's meeting code (what the camera sees) and begins or confirms the meeting.
    pub fn meet(&self, picture: Vec<u8>) -> Task<ScanView> {
        self.scan(picture, false)
    }

    /// Reads a PNG picture of somebody's card and pins it; a meeting code is taken as a card.
    pub fn scan_card(&self, picture: Vec<u8>) -> Task<ScanView> {
        self.scan(picture, true)
    }

    /// As [`meet`](Self::meet), from a camera; `None` when no code can be read in this frame. Hand in one frame at a time.
    pub fn meet_frame(&self, frame: CameraFrame) -> Task<Option<ScanView>> {
        self.scan_frame(frame, false)
    }

    /// As [`scan_card`](Self::scan_card), from a camera; `None` when no code can be read in this frame.
    pub fn scan_card_frame(&self, frame: CameraFrame) -> Task<Option<ScanView>> {
        self.scan_frame(frame, true)
    }

    fn scan(&self, picture: Vec<u8>, as_card: bool) -> Task<ScanView> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            let text = read_png(&picture).map_err(|_| CoreError::Unreadable(Unreadable::NoQrCode))?;
            inner.scanned_text(&text, as_card).await
        })
    }

    fn scan_frame(&self, frame: CameraFrame, as_card: bool) -> Task<Option<ScanView>> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            let CameraFrame { width, height, row_stride, luma } = frame;
            match read_frame(&Frame { width, height, row_stride, luma: &luma }) {
                Ok(text) => inner.scanned_text(&text, as_card).await.map(Some),
                Err(PictureError::NoCode) => Ok(None),
                Err(_) => Err(CoreError::Unreadable(Unreadable::NoQrCode)),
            }
        })
    }

    /// The user compared the numbers of the meeting with this person: the same. `number` is the one that was on the screen:
    /// a meeting that began meanwhile is not confirmed with it. Without it, the newest meeting is meant.
    pub fn confirm_number(&self, address: EmailAddress, number: Option<String>) -> Task<()> {
        let is_shown = move |status: &meeting::Status| {
            number
                .as_deref()
                .is_none_or(|number| status.number.is_some_and(|asked| asked.to_string() == number))
        };
        self.answer(address, is_shown, |meetings, id, people| {
            meetings.confirm_number(id, now(), people, &mut OsRandom)
        })
    }

    /// The user agrees that this person's known anchor is replaced.
    pub fn agree(&self, address: EmailAddress) -> Task<()> {
        self.answer(
            address,
            |_| true,
            |meetings, id, people| meetings.agree(id, now(), people, &mut OsRandom),
        )
    }

    fn answer(
        &self,
        address: EmailAddress,
        is_meant: impl Fn(&meeting::Status) -> bool + Send + Sync + 'static,
        step: impl Fn(&mut Meetings, meeting::MeetingId, &People) -> Result<Vec<Action>, meeting::MeetingError>
        + Send
        + Sync
        + 'static,
    ) -> Task<()> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            inner
                .step(|meetings, people| {
                    let waiting = meetings.status().into_iter().rev().find(|status| {
                        status.person.address == address
                            && is_meant(status)
                            && matches!(
                                status.stage,
                                meeting::Stage::AwaitingConfirmation | meeting::Stage::AwaitingAgreement
                            )
                    });
                    let id = waiting.ok_or(CoreError::NotFound(Thing::Contact))?.id;
                    let actions =
                        step(meetings, id, people).map_err(|_| CoreError::NotFound(Thing::Contact))?;
                    Ok((actions, ()))
                })
                .await
        })
    }

    /// All meetings.
    pub fn status(&self) -> Result<Vec<Status>, CoreError> {
        Ok(self.inner.meetings_state()?.meetings.status())
    }
}

fn parse_code(text: &str) -> Result<Code, CoreError> {
    Code::parse(text).map_err(|error| {
        CoreError::Unreadable(match error {
            CodeError::NotOurs => Unreadable::ForeignQrCode,
            CodeError::NewerVersion | CodeError::Malformed | CodeError::TooLong => Unreadable::DamagedQrCode,
        })
    })
}

fn code_view(code: &Code, valid_for: u64) -> Result<CodeView, CoreError> {
    let text = code.encode();
    let failed = |_| CoreError::Unreadable(Unreadable::HeaderValue);
    let png = qr_png(&text, PICTURE_SCALE).map_err(failed)?;
    let terminal = qr_terminal(&text).map_err(failed)?;
    let Modules { width, dark } = Modules::of(&text).map_err(failed)?;
    let size = u32::try_from(width).map_err(|_| failed(PictureError::TextTooLong))?;
    Ok(CodeView { png, size, dark, terminal, text, valid_for })
}

impl AccountInner {
    fn meetings_record(&self) -> RecordKey {
        RecordKey::named(Tree::Meetings, self.group(), "state")
    }

    /// The machine as stored, with the octets that it was read from.
    fn meetings_state(&self) -> Result<MeetingsState, CoreError> {
        let stored = self.store()?.read(&self.meetings_record())?;
        if let Some(octets) = &stored {
            return Ok(MeetingsState { meetings: decode(octets)?, stored });
        }
        let root = self.own.root()?;
        let encryption = self.own.encryption_certificates()?;
        let damaged = CoreError::Vault(engine::ports::VaultError::Damaged);
        let ek = encryption
            .first()
            .and_then(|certificate| key::p256_compressed_point(certificate.public_key_der()))
            .ok_or(damaged)?;
        let anchor = meeting::personal_anchor(&root);
        let card = Card::new(self.settings.address.clone(), &self.settings.name, anchor, ek);
        Ok(MeetingsState { meetings: Meetings::new(card), stored })
    }

    /// One step of the machine: its new state, people and mails are stored in one batch. When somebody else moved the
    /// machine in the meantime (mails are signed outside the lock), the step is taken again.
    async fn step<T>(
        &self,
        step: impl Fn(&mut Meetings, &People) -> Result<(Vec<Action>, T), CoreError>,
    ) -> Result<T, CoreError> {
        for _ in 0..MAX_STEP_ATTEMPTS {
            let mut state = self.meetings_state()?;
            let (actions, result) = step(&mut state.meetings, &*self.people()?)?;
            if self.act(actions, &state).await? {
                return Ok(result);
            }
        }
        Err(CoreError::Cancelled)
    }

    fn put_meetings(&self, batch: &mut Batch, meetings: &Meetings) -> Result<(), CoreError> {
        batch.put(self.meetings_record(), encode(meetings)?);
        Ok(())
    }

    async fn scanned_text(&self, text: &str, as_card: bool) -> Result<ScanView, CoreError> {
        let code = parse_code(text)?;
        if !as_card && !self.core.config.offline {
            // A first mail of the other side that has come already makes this scan the confirmation. Scanning works
            // without a network as well: the mails finish it later.
            let _ = self.sync(true).await;
        }
        self.scanned(&code, as_card).await
    }

    async fn scanned(&self, code: &Code, as_card: bool) -> Result<ScanView, CoreError> {
        let card = code.card().clone();
        if card.address == self.settings.address {
            return Err(CoreError::WrongUse(WrongUse::OwnCode));
        }
        if as_card {
            return self.pin_card(&card);
        }
        let view = self
            .step(|meetings, people| match meetings.scan(code, now(), people, &mut OsRandom) {
                ScanOutcome::Own => Err(CoreError::WrongUse(WrongUse::OwnCode)),
                ScanOutcome::Card { .. } => Ok((Vec::new(), None)),
                ScanOutcome::Meeting { number, actions, .. } => {
                    let met = actions.iter().any(|action| matches!(action, Action::Met { .. }));
                    let (address, name) = (card.address.clone(), card.name.clone());
                    Ok((actions, Some(ScanView::Meeting { address, name, number: number.to_string(), met })))
                }
            })
            .await?;
        match view {
            Some(view) => Ok(view),
            None => self.pin_card(&card),
        }
    }

    fn pin_card(&self, card: &Card) -> Result<ScanView, CoreError> {
        let _commit = self.committing();
        let mut people = Arc::unwrap_or_clone(self.people()?);
        let known = people.get(card.address.folded());
        let other_key = |contact: &Contact| {
            let known_key = contact.encryption_key.as_ref();
            known_key.is_some_and(|known| Some(known) != key::p256_public_key_der(&card.ek).as_ref())
        };
        let differs = known.is_some_and(other_key)
            || known.is_some_and(|contact| contact.anchor.is_some_and(|anchor| anchor != card.anchor));
        if !differs {
            let mut batch = Batch::default();
            let contact =
                scanned_contact(&mut people, &card.address, Some(&card.name), card.anchor, &card.ek);
            self.put_contact(&mut batch, &contact)?;
            self.store()?.apply(batch)?;
        }
        Ok(ScanView::Card { address: card.address.clone(), name: card.name.clone(), differs })
    }

    /// A mail with a meeting message; `true` when it belonged to a meeting.
    pub(crate) async fn receive_meeting(&self, opened: &Opened) -> Result<bool, CoreError> {
        // Only what the signature covers, and only at the top: a part of a forwarded mail is somebody else's.
        if !opened.is_signature_inside {
            return Ok(false);
        }
        let root = opened.payload.root();
        let parts: Vec<_> = root.children.iter().chain([root]).collect();
        let mut found = parts.iter().filter(|part| part.content_type == meeting::CONTENT_TYPE);
        let (Some(part), None, Some(signature)) = (found.next(), found.next(), &opened.signature) else {
            return Ok(false);
        };
        let [from] = opened.headers.headers.from.as_slice() else { return Ok(false) };
        let Ok(address) = from.address.parse::<EmailAddress>() else { return Ok(false) };
        let payload = opened.payload.decoded(part);
        let mail = SignedMail {
            signed: &signature.signed,
            content: signature.content(),
            payload: &payload,
            from: &address,
            from_name: from.name.as_deref(),
        };
        self.step(|meetings, people| match meetings.receive(&mail, now(), people, &mut OsRandom) {
            Some(actions) => Ok((actions, true)),
            None => Ok((Vec::new(), false)),
        })
        .await
    }

    /// Meeting mails that are to be repeated now.
    pub(crate) async fn repeat_meetings(&self) -> Result<(), CoreError> {
        self.step(|meetings, _| Ok((meetings.due(now()), ()))).await
    }

    /// Carries out what the machine says; `false` when its stored state is not the one that the step began with.
    async fn act(&self, actions: Vec<Action>, state: &MeetingsState) -> Result<bool, CoreError> {
        if actions.is_empty() && state.stored.as_deref() == Some(encode(&state.meetings)?.as_slice()) {
            return Ok(true);
        }
        let mut batch = Batch::default();
        self.put_meetings(&mut batch, &state.meetings)?;
        let mut numbers = Vec::new();
        for action in &actions {
            if let Action::Send(mail) = action {
                numbers.extend(self.enqueue_meeting(mail, &mut batch).await?);
            }
        }
        let is_current = {
            let _commit = self.committing();
            let is_current = self.store()?.read(&self.meetings_record())? == state.stored;
            if is_current {
                // People as they are now, not as they were before the mails were signed.
                let mut people = Arc::unwrap_or_clone(self.people()?);
                for contact in actions.iter().filter_map(|action| changed_contact(action, &mut people)) {
                    self.put_contact(&mut batch, &contact)?;
                }
                self.store()?.apply(batch)?;
            }
            is_current
        };
        if !is_current {
            for number in numbers {
                self.remove_bodies(number)?;
            }
            return Ok(false);
        }
        for event in actions.iter().filter_map(event_of) {
            self.core.emit(event);
        }
        Ok(true)
    }

    /// The number of the new mail in the outbox; none when the same mail waits there anyway.
    async fn enqueue_meeting(&self, mail: &MeetingMail, batch: &mut Batch) -> Result<Option<u64>, CoreError> {
        let send_id = mail.id.0.clone();
        let kind = Kind::Meeting { send_id: send_id.clone() };
        if let Some(message) = self.store()?.body(&meeting_key(self.group(), &send_id))? {
            return self.repeat(mail, kind, &message, batch);
        }
        let spki =
            key::p256_public_key_der(&mail.key).ok_or(CoreError::Unreadable(Unreadable::DamagedQrCode))?;
        let mailbox = Mailbox { name: None, address: mail.to.to_string() };
        let mut draft = self.draft("Countersign".to_owned(), MEETING_TEXT.to_owned());
        draft.to = vec![mailbox.clone()];
        draft.auto_submitted = Some("auto-generated".to_owned());
        draft.attachments = vec![Attachment {
            name: None,
            content_type: meeting::CONTENT_TYPE.to_owned(),
            inline: true,
            bytes: mail.payload.clone(),
        }];
        let outgoing = Outgoing {
            kind,
            draft,
            addressees: vec![Addressee {
                mailbox,
                address: mail.to.clone(),
                seal_to: vec![SealTo::Key { spki }],
                capabilities: Capabilities::default().of_countersign(),
            }],
            encrypt: true,
            to_self: false,
            signer: KeyRole::Mail,
            purpose: SignPurpose::Mail,
            proof_of_approval: false,
            wants_timestamp: false,
            wants_copy: false,
        };
        Ok(Some(self.enqueue(outgoing, batch).await?.item.number))
    }

    /// The same octets once more.
    fn repeat(
        &self,
        mail: &MeetingMail,
        kind: Kind,
        message: &[u8],
        batch: &mut Batch,
    ) -> Result<Option<u64>, CoreError> {
        // One that still waits is sent anyway.
        if self.outbox_items()?.iter().any(|item| item.kind == kind && !item.is_done()) {
            return Ok(None);
        }
        let number = self.next_number()?;
        self.store()?.put_body(&body_key(self.group(), number, Body::Message), message)?;
        let item = OutboxItem {
            number,
            kind,
            subject: "Countersign".to_owned(),
            recipients: vec![mail.to.clone()],
            outer: Vec::new(),
            message_id: String::new(),
            seal_to: Vec::new(),
            encryption: ContentEncryption::default(),
            wants_timestamp: false,
            is_sealed: true,
            has_timestamp: false,
            may_have_arrived: false,
            wants_copy: false,
            created: now(),
            attempts: 0,
            not_before: now(),
            held_until: None,
            stage: Stage::Sealed,
        };
        self.put_item(batch, &item)?;
        Ok(Some(number))
    }
}

/// The machine with the octets that it was read from.
struct MeetingsState {
    meetings: Meetings,
    stored: Option<Vec<u8>>,
}

fn changed_contact(action: &Action, people: &mut People) -> Option<Contact> {
    match action {
        Action::Scanned { person, .. } => {
            Some(scanned_contact(people, &person.address, person.name.as_deref(), person.anchor, &person.ek))
        }
        Action::Met { met, .. } => Some(met_contact(people, met.person(), met.anchor_certificate())),
        _ => None,
    }
}

fn event_of(action: &Action) -> Option<Event> {
    let question = |person: &Person, number: Option<String>, replaces| {
        Some(Event::MeetingQuestion { address: person.address.to_string(), number, replaces })
    };
    match action {
        Action::Send(_) | Action::Scanned { .. } => None,
        Action::Met { met, .. } => Some(Event::Met { address: met.person().address.to_string() }),
        Action::AskNumber { person, number, .. } => question(person, Some(number.to_string()), false),
        Action::AskScanBack { person, .. } => question(person, None, false),
        Action::AskBeforeChange { person, .. } => question(person, None, true),
        Action::Warn(meeting::Warning::SecondAnchor { second, .. }) => {
            Some(Event::MeetingWarning { address: second.to_string() })
        }
        Action::Warn(meeting::Warning::CodeBurnt { address }) => {
            Some(Event::MeetingWarning { address: address.to_string() })
        }
    }
}

/// What stands in a meeting mail for a person who sees it.
const MEETING_TEXT: &str = "This mail was sent by Countersign to finish a meeting by QR code. Nothing needs to be done.\n\
    此邮件由 Countersign 自动发送，用于完成扫码见面，无需任何操作。\n";

/// A person whose code was scanned: may be encrypted to, is not met. A known anchor is never replaced here.
fn scanned_contact(
    people: &mut People,
    address: &EmailAddress,
    name: Option<&str>,
    anchor: engine::people::Anchor,
    ek: &[u8; 33],
) -> Contact {
    let fresh = || Contact::new(address.clone(), anchor, Trust::Pinned, now());
    let contact = people.entry(address.folded().to_owned()).or_insert_with(fresh);
    if contact.anchor.is_none() {
        contact.anchor = Some(anchor);
        contact.trust = Trust::Pinned;
    }
    // The anchor is public, the key beside it unproven: it never replaces what is known of a person.
    let has_key = contact.encryption_key.is_some() || !contact.encryption_certificates.is_empty();
    if contact.anchor == Some(anchor) {
        if !has_key {
            contact.encryption_key = key::p256_public_key_der(ek);
            contact.capabilities = contact.capabilities.of_countersign();
        }
        if contact.name.is_none() {
            contact.name = name.map(str::to_owned).filter(|name| !name.is_empty());
        }
    }
    contact.clone()
}

/// A person who was met: the anchor is pinned with the strongest trust; what hung on another anchor is dropped.
fn met_contact(people: &mut People, person: &Person, anchor_certificate: &[u8]) -> Contact {
    let fresh = || Contact::new(person.address.clone(), person.anchor, Trust::Met, now());
    let contact = people.entry(person.address.folded().to_owned()).or_insert_with(fresh);
    if contact.anchor != Some(person.anchor) {
        contact.encryption_certificates.clear();
        contact.capabilities = Capabilities::default();
        contact.certificates_as_of = None;
    }
    contact.anchor = Some(person.anchor);
    contact.anchor_certificate = Some(anchor_certificate.to_vec());
    contact.trust = Trust::Met;
    contact.since = now();
    contact.changed_anchor = None;
    contact.encryption_key = key::p256_public_key_der(&person.ek);
    contact.capabilities = contact.capabilities.of_countersign();
    if let Some(name) = person.name.as_ref().filter(|name| !name.is_empty()) {
        contact.name = Some(name.clone());
    }
    contact.clone()
}
