//! Approvals: asking, deciding, showing, and what the app does on its own.

pub use receive::answer_subject;
use std::collections::BTreeSet;
use std::sync::Arc;

use engine::approval::{
    self, Attached, BuildError, Built, Carried, Code, Context, Due, EventId, EventSet, KeyName,
    NewParticipant, NewRequest, NewTimestampAuthority, Outcome, PersonView, Program, RawEvent, RequestDigest,
    RequestView, Rule, Signer, Word,
};
use engine::evidence::{self, PackFile};
use engine::outbox::Kind;
use engine::people::{Capabilities, People, anchor_of};
use engine::ports::{Batch, KeyRole, RecordKey, SignPurpose, Tree};
use mail::Mailbox;
use mail::compose::Attachment;
use serde::{Deserialize, Serialize};
use smime::capabilities::rsa_transport;
use smime::path::{Trust, TrustAnchor};
use smime::{Certificate, EmailAddress, Fingerprint};

use crate::account::AccountInner;
use crate::composer::{Addressee, FileToSend, Outgoing, seal_to_certificate};
use crate::config::Language;
use crate::error::{CoreError, NotDecidable, Thing, WrongUse};
use crate::record::{decode, encode};
use crate::system::{now, random_array};
use crate::task::Task;
use crate::view::{
    ApprovalCase, ApprovalScreen, ApprovalsScreen, Banner, Clock, ConfirmSheet, approval_screen,
    approvals_screen, confirm_result, confirm_sheet,
};

pub use self::view::{
    ApprovalState, ApprovalSummary, ApprovalView, Decision, NotCountedView, PersonDecision, StageLine,
};

mod receive;
mod view;

/// Most automatic steps for one request in one synchronisation.
const MAX_AUTOMATIC: usize = 16;

/// Approvals of one account.
#[derive(Clone)]
pub struct Approvals {
    pub(crate) inner: Arc<AccountInner>,
}

/// How the people in To decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deciding {
    /// One after the other, in the order of To.
    #[default]
    InOrder,
    /// All of them, in any order.
    All,
    /// Any one of them.
    Any,
    /// At least so many.
    AtLeast(u32),
}

/// A request as its writer gives it.
#[derive(Clone, Debug, Default)]
pub struct NewApproval {
    /// Who decides.
    pub to: Vec<EmailAddress>,
    /// Who is informed.
    pub cc: Vec<EmailAddress>,
    /// One line.
    pub subject: String,
    /// The requester's words.
    pub text: String,
    /// Documents.
    pub files: Vec<FileToSend>,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// RFC 3339, shown only.
    pub deadline: Option<String>,
}

/// Names a new request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestRef {
    /// SHA-256 of the request's JSON, hexadecimal.
    pub id: String,
    /// What a foreign reply quotes.
    pub code: String,
    /// Number of the mail in the outbox.
    pub outbox: u64,
}

/// What is kept of a request besides its events.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    digest: RequestDigest,
    subject: Option<String>,
    message_ids: BTreeSet<String>,
    /// Addresses of everybody in the request, folded; empty while it is not here.
    #[serde(default)]
    participants: BTreeSet<String>,
    /// Every copy of the request came encrypted, or it is one's own.
    #[serde(default)]
    is_encrypted: bool,
}

impl Approvals {
    /// Signs a request and puts it into the outbox.
    pub fn request(&self, new: NewApproval) -> Task<RequestRef> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.request_approval(new).await })
    }

    /// All requests whose requester is known, newest mail last.
    pub fn list(&self) -> Result<Vec<ApprovalSummary>, CoreError> {
        let people = self.inner.people()?;
        let mut list = Vec::new();
        for known in self.inner.known_requests()? {
            let view = self.inner.view(known.digest)?;
            if view.request.is_some() && self.inner.is_listed(&view, &people)? {
                list.push(view::summary(&view, &self.inner.settings.address));
            }
        }
        Ok(list)
    }

    /// One request, by id (or its beginning) or code.
    pub fn show(&self, id: &str) -> Result<ApprovalView, CoreError> {
        Ok(self.inner.case(self.inner.find_request(id)?)?.approval)
    }

    /// Screen 08.
    pub fn screen(&self, clock: Clock) -> Result<ApprovalsScreen, CoreError> {
        Ok(approvals_screen(&self.inner.cases()?, clock))
    }

    /// Screen 06. `opened` names the documents that were opened on this device: SHA-256, hexadecimal.
    pub fn show_screen(
        &self,
        id: &str,
        opened: &[String],
        clock: Clock,
    ) -> Result<ApprovalScreen, CoreError> {
        let digest = self.inner.find_request(id)?;
        let mut case = self.inner.case(digest)?;
        case.mail = self.inner.mail_with_one_of(&self.inner.known_request(digest)?.message_ids)?;
        Ok(approval_screen(&case, opened, clock))
    }

    /// Screen 07, with the check words in the language of the screen. Computing them takes memory and a moment.
    pub fn confirm_screen(
        &self,
        id: &str,
        word: Word,
        language: Language,
        opened: Vec<String>,
    ) -> Task<ConfirmSheet> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move {
            let digest = inner.find_request(&id)?;
            inner.decidable(&inner.view(digest)?)?;
            let case = inner.case(digest)?;
            let words =
                tokio::task::spawn_blocking(move || approval::check_words(&digest, in_engine(language)));
            let words = words.await.ok().flatten().map(|words| words.map(str::to_owned).to_vec());
            Ok(confirm_sheet(&case, word, words.unwrap_or_default(), &opened))
        })
    }

    /// What is said after a decision.
    pub fn decided_banner(&self, id: &str, word: Word) -> Result<Option<Banner>, CoreError> {
        Ok(confirm_result(Ok(&self.inner.case(self.inner.find_request(id)?)?), word))
    }

    /// Signs the decision with the approval key and puts it into the outbox.
    pub fn decide(&self, id: &str, word: Word, comment: &str) -> Task<RequestRef> {
        let inner = Arc::clone(&self.inner);
        let (id, comment) = (id.to_owned(), comment.to_owned());
        Task::spawn(&self.inner.core.handle, async move {
            let digest = inner.find_request(&id)?;
            inner.decide(digest, word, &comment).await
        })
    }

    /// The octets of a document of the request, `index` from 0.
    pub fn document(&self, id: &str, index: usize) -> Result<Vec<u8>, CoreError> {
        let set = self.inner.event_set(self.inner.find_request(id)?)?;
        let grounds = self.inner.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        approval::request_document(&set, &view, &context, index).ok_or(CoreError::NotFound(Thing::Part))
    }

    /// The files of the evidence pack: path within the pack, octets.
    pub fn evidence(&self, id: &str) -> Result<Vec<PackFile>, CoreError> {
        let digest = self.inner.find_request(id)?;
        let set = self.inner.event_set(digest)?;
        let grounds = self.inner.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        if view.request.is_none() {
            return Err(CoreError::NotFound(Thing::Approval));
        }
        let items = approval::evidence_order(&set, &view, &context);
        let authorities: Vec<Certificate> =
            grounds.anchors.iter().map(|anchor| anchor.certificate.clone()).collect();
        Ok(evidence::pack(&view, &items, &authorities, now()))
    }
}

/// What requests are judged against.
pub(crate) struct Grounds {
    anchors: Vec<TrustAnchor>,
}

impl Grounds {
    pub(crate) fn context(&self) -> Context<'_> {
        Context { at: now(), timestamp_anchors: &self.anchors, untrusted: &[] }
    }
}

fn in_engine(language: Language) -> approval::Language {
    match language {
        Language::En => approval::Language::English,
        Language::Zh => approval::Language::Chinese,
    }
}

fn from_build(error: BuildError) -> CoreError {
    match error {
        BuildError::NotNow => CoreError::WrongUse(WrongUse::NotDecidable(NotDecidable::NotYourTurn)),
        other => CoreError::WrongUse(WrongUse::Approval(other)),
    }
}

impl AccountInner {
    fn request_group(&self, digest: &Fingerprint) -> Vec<u8> {
        format!("{}\0{}", self.group(), digest).into_bytes()
    }

    fn list_group(&self) -> Vec<u8> {
        format!("{}\0requests", self.group()).into_bytes()
    }

    /// Every copy of every event of a request, as received.
    pub(crate) fn raw_events(&self, digest: &Fingerprint) -> Result<Vec<RawEvent>, CoreError> {
        let records = self.store()?.scan(Tree::Approvals, &self.request_group(digest))?;
        records.into_iter().map(|(_, octets)| decode(&octets)).collect()
    }

    pub(crate) fn put_event(
        &self,
        batch: &mut Batch,
        digest: &Fingerprint,
        raw: &RawEvent,
    ) -> Result<(), CoreError> {
        let content = raw.detached_content.as_deref().unwrap_or_default();
        let name =
            [Fingerprint::of(&raw.signed), Fingerprint::of(content)].map(|part| part.to_hex()).concat();
        let key = RecordKey::named(Tree::Approvals, self.request_group(digest), name);
        let mut merged = raw.clone();
        if let Some(octets) = self.store()?.read(&key)? {
            // Outer fields are not signed: automatic if any copy says so, whatever order the copies came in.
            let known: RawEvent = decode(&octets)?;
            merged.auto_submitted |= known.auto_submitted;
            merged.outer_from = known.outer_from.or(merged.outer_from);
        }
        batch.put(key, encode(&merged)?);
        Ok(())
    }

    /// Takes every copy of an own event out again that was never sent.
    pub(crate) fn remove_event(&self, digest: &Fingerprint, event: &Fingerprint) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        for (item, octets) in self.store()?.scan(Tree::Approvals, &self.request_group(digest))? {
            let raw: RawEvent = decode(&octets)?;
            if raw.id() == Some(EventId(*event)) {
                batch.remove(RecordKey { tree: Tree::Approvals, group: self.request_group(digest), item });
            }
        }
        Ok(self.store()?.apply(batch)?)
    }

    fn event_set(&self, digest: RequestDigest) -> Result<EventSet, CoreError> {
        let mut set = EventSet::new(digest);
        for raw in self.raw_events(&digest.0)? {
            set.insert(raw);
        }
        Ok(set)
    }

    fn view(&self, digest: RequestDigest) -> Result<RequestView, CoreError> {
        Ok(approval::evaluate(&self.event_set(digest)?, &self.grounds()?.context()))
    }

    /// A request with what its screens need besides.
    fn case(&self, digest: RequestDigest) -> Result<ApprovalCase, CoreError> {
        let view = self.view(digest)?;
        let waiting = self.outbox_items()?.iter().any(|item| {
            matches!(&item.kind, Kind::Event { request, is_decision: true, .. } if *request == digest.0)
        });
        let is_encrypted = self.known_request(digest)?.is_encrypted;
        let held = self.held_requests()?;
        Ok(view::case(&view, &self.settings, &self.people()?, &held, waiting, is_encrypted))
    }

    /// All requests that are listed.
    pub(crate) fn cases(&self) -> Result<Vec<ApprovalCase>, CoreError> {
        let people = self.people()?;
        let mut cases = Vec::new();
        for known in self.known_requests()? {
            let view = self.view(known.digest)?;
            if view.request.is_some() && self.is_listed(&view, &people)? {
                cases.push(self.case(known.digest)?);
            }
        }
        Ok(cases)
    }

    /// The id of a request that is here and listed.
    pub(crate) fn listed_request(&self, id: &str) -> Result<Option<String>, CoreError> {
        let Ok(digest) = self.find_request(id) else { return Ok(None) };
        let view = self.view(digest)?;
        let is_shown = view.request.is_some() && self.is_listed(&view, &self.people()?)?;
        Ok(is_shown.then(|| digest.to_string()))
    }

    /// Own decisions that wait to be sent.
    pub(crate) fn waiting_decisions(&self) -> Result<usize, CoreError> {
        let is_decision = |item: &engine::outbox::OutboxItem| {
            matches!(item.kind, Kind::Event { is_decision: true, .. }) && !item.is_done()
        };
        Ok(self.outbox_items()?.iter().filter(|item| is_decision(item)).count())
    }

    /// Requests that this device holds, not merely events that name them.
    fn held_requests(&self) -> Result<BTreeSet<RequestDigest>, CoreError> {
        let known = self.known_requests()?;
        Ok(known.into_iter().filter(|known| known.subject.is_some()).map(|known| known.digest).collect())
    }

    pub(crate) fn grounds(&self) -> Result<Grounds, CoreError> {
        Ok(Grounds { anchors: self.timestamp_anchors()? })
    }

    fn known_requests(&self) -> Result<Vec<Known>, CoreError> {
        let records = self.store()?.scan(Tree::Approvals, &self.list_group())?;
        records.into_iter().map(|(_, octets)| decode(&octets)).collect()
    }

    fn known_request(&self, digest: RequestDigest) -> Result<Known, CoreError> {
        let key = RecordKey::named(Tree::Approvals, self.list_group(), digest.to_string());
        match self.store()?.read(&key)? {
            Some(octets) => decode(&octets),
            None => Ok(Known {
                digest,
                subject: None,
                message_ids: BTreeSet::new(),
                participants: BTreeSet::new(),
                is_encrypted: false,
            }),
        }
    }

    fn put_known(&self, batch: &mut Batch, known: &Known) -> Result<(), CoreError> {
        batch.put(
            RecordKey::named(Tree::Approvals, self.list_group(), known.digest.to_string()),
            encode(known)?,
        );
        Ok(())
    }

    fn find_request(&self, id: &str) -> Result<RequestDigest, CoreError> {
        let known = self.known_requests()?;
        let wanted = id.trim().to_lowercase();
        let code: Option<Code> = id.parse().ok();
        let mut found = known.iter().filter(|known| match &code {
            Some(code) => known.digest.code() == *code,
            None => !wanted.is_empty() && known.digest.to_string().starts_with(&wanted),
        });
        match (found.next(), found.next()) {
            (Some(known), None) => Ok(known.digest),
            _ => Err(CoreError::NotFound(Thing::Approval)),
        }
    }

    /// The requester's anchor is the one pinned here, and more than merely first seen (rule 14).
    fn is_listed(&self, view: &RequestView, people: &People) -> Result<bool, CoreError> {
        let Some(requester) = view.people.iter().find(|person| person.number == view.requester) else {
            return Ok(false);
        };
        if requester.address == self.settings.address {
            let root = self.own.root()?;
            return Ok(requester.anchor_certificates.contains(&root));
        }
        let Some(contact) = people.get(requester.address.folded()) else { return Ok(false) };
        let is_pinned = |anchor: &Certificate| contact.anchor == Some(anchor_of(anchor, &contact.address));
        Ok(contact.trust <= Trust::PublicCa && requester.anchor_certificates.iter().any(is_pinned))
    }

    async fn request_approval(&self, new: NewApproval) -> Result<RequestRef, CoreError> {
        if new.to.is_empty() {
            return Err(CoreError::WrongUse(WrongUse::NoRecipient));
        }
        let mut seen = BTreeSet::new();
        for address in new.to.iter().chain(&new.cc) {
            if !seen.insert(address.folded()) {
                return Err(CoreError::WrongUse(WrongUse::NamedTwice(address.to_string())));
            }
        }
        let people = self.people()?;
        let approvers = self.participants(&new.to, &people)?;
        let route = match new.deciding {
            Deciding::InOrder => approvers.into_iter().map(|person| (Rule::All, vec![person])).collect(),
            Deciding::All => vec![(Rule::All, approvers)],
            Deciding::Any => vec![(Rule::Any, approvers)],
            Deciding::AtLeast(n) => vec![(Rule::AtLeast { n }, approvers)],
        };
        let deadline = new.deadline.as_deref().map(str::parse).transpose();
        let authority = self.settings.authority.iter().flat_map(|authority| {
            let anchors = authority.anchors.iter().filter_map(|der| Certificate::from_der(der).ok());
            anchors.map(|anchor| NewTimestampAuthority { url: authority.url.clone(), anchor })
        });
        let built = approval::build_request(&NewRequest {
            nonce: random_array(),
            subject: new.subject,
            message: new.text,
            language: in_engine(self.settings.language),
            requester: self.own_participant()?,
            route,
            informed: self.participants(&new.cc, &people)?,
            allow: BTreeSet::new(),
            timestamps: authority.collect(),
            deadline: deadline.map_err(|_| CoreError::WrongUse(WrongUse::Deadline))?,
            documents: new.files.into_iter().map(attached).collect(),
        })
        .map_err(from_build)?;
        let addressees = self.request_addressees(&new.to, &people)?;
        let informed = self.request_addressees(&new.cc, &people)?;
        self.send_event(built, addressees, informed, None, false, None).await
    }

    fn own_participant(&self) -> Result<NewParticipant, CoreError> {
        Ok(NewParticipant {
            address: self.settings.address.clone(),
            name: self.settings.name.clone(),
            program: Program::Countersign,
            anchors: vec![self.own.root()?],
            encryption: self.own.encryption_certificates()?,
        })
    }

    /// Participants need certificates: a bare key from a QR code can't be handed on to the others.
    fn participants(
        &self,
        addresses: &[EmailAddress],
        people: &People,
    ) -> Result<Vec<NewParticipant>, CoreError> {
        let mut missing = Vec::new();
        let mut participants = Vec::new();
        for address in addresses {
            if *address == self.settings.address {
                participants.push(self.own_participant()?);
                continue;
            }
            let contact = people.get(address.folded());
            let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
            let anchor = contact.and_then(|contact| contact.anchor_certificate.as_ref()).and_then(read);
            let encryption: Vec<Certificate> = contact
                .into_iter()
                .flat_map(|contact| &contact.encryption_certificates)
                .filter_map(read)
                .take(1)
                .collect();
            let (Some(contact), Some(anchor), false) = (contact, anchor, encryption.is_empty()) else {
                missing.push(address.to_string());
                continue;
            };
            // A personal root is what Countersign makes; everybody else answers by a signed reply.
            let is_personal = anchor.is_ca() && anchor.emails() == std::slice::from_ref(address);
            participants.push(NewParticipant {
                address: address.clone(),
                name: contact.name.clone().unwrap_or_default(),
                program: if is_personal { Program::Countersign } else { Program::Other },
                anchors: vec![anchor],
                encryption,
            });
        }
        if missing.is_empty() {
            Ok(participants)
        } else {
            Err(CoreError::WrongUse(WrongUse::NoCertificate(missing)))
        }
    }

    fn request_addressees(
        &self,
        addresses: &[EmailAddress],
        people: &People,
    ) -> Result<Vec<Addressee>, CoreError> {
        let others: Vec<EmailAddress> =
            addresses.iter().filter(|address| **address != self.settings.address).cloned().collect();
        let mut addressees = self.addressees(&others, true)?;
        for addressee in &mut addressees {
            addressee.capabilities = capabilities(people, &addressee.address);
        }
        Ok(addressees)
    }

    async fn decide(
        &self,
        digest: RequestDigest,
        word: Word,
        comment: &str,
    ) -> Result<RequestRef, CoreError> {
        let view = self.view(digest)?;
        let person = self.decidable(&view)?;
        let certificate = self.own.approval_certificate()?;
        let signer = Signer { number: person.number, key: KeyName::of(&certificate) };
        let built = approval::build_decision(&view, signer, word, comment).map_err(from_build)?;
        self.answer_all(built, &view, signer.key, false).await
    }

    /// This account's person in a request that it can decide now.
    fn decidable<'a>(&self, view: &'a RequestView) -> Result<&'a PersonView, CoreError> {
        let me = &self.settings.address;
        let refuse = |why| Err(CoreError::WrongUse(WrongUse::NotDecidable(why)));
        if !self.is_listed(view, &self.people()?)? {
            return refuse(NotDecidable::UnknownRequester);
        }
        if !view.alarms_without(&self.held_requests()?).is_empty() {
            return refuse(NotDecidable::Doubtful);
        }
        match view.so_far {
            Outcome::Open => {}
            Outcome::Undecidable { .. } => return refuse(NotDecidable::Undecidable),
            Outcome::Approved { .. } | Outcome::Rejected { .. } => return refuse(NotDecidable::Ended),
            Outcome::Incomplete => {}
        }
        if view.person(me).is_some_and(|person| person.decision.is_some()) {
            return refuse(NotDecidable::Decided);
        }
        let (Some(person), true) = (view.person(me), view.may_decide(me)) else {
            return refuse(NotDecidable::NotYourTurn);
        };
        Ok(person)
    }

    /// What the app does on its own for every request: results, receipts, missing events.
    pub(crate) async fn automatic_approvals(&self) -> Result<(), CoreError> {
        for known in self.known_requests()? {
            for _ in 0..MAX_AUTOMATIC {
                if !self.automatic_step(known.digest).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// One automatic event; `false` when nothing is due (or can't be done now).
    async fn automatic_step(&self, digest: RequestDigest) -> Result<bool, CoreError> {
        let set = self.event_set(digest)?;
        let grounds = self.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        if view.request.is_none() || !self.is_listed(&view, &self.people()?)? {
            return Ok(false);
        }
        let Some(me) = view.person(&self.settings.address).map(|person| person.number) else {
            return Ok(false);
        };
        let Some(due) = approval::automatic(&set, &view, &context, me).into_iter().next() else {
            return Ok(false);
        };
        let signer = Signer { number: me, key: KeyName::of(&self.own.mail_certificate()?) };
        let nothing = BTreeSet::new();
        let built = match due {
            Due::Result => approval::build_result(&view, signer),
            Due::RelayReply { event, signature, raw } => {
                let mut items = vec![Carried::Event(*raw)];
                match self.token(&signature).await {
                    Ok(token) => items.push(Carried::Token { id: event, token }),
                    // Without an authority a reply has no time at all; try again at the next synchronisation.
                    Err(_) if self.settings.authority.is_some() => return Ok(false),
                    Err(_) => {}
                }
                approval::build_relay(&view, signer, &items, &nothing)
            }
            Due::Ask { wants } => approval::build_relay(&view, signer, &[], &wants),
            Due::Answer { events } => {
                let items: Vec<Carried> = events.into_iter().map(Carried::Event).collect();
                approval::build_relay(&view, signer, &items, &nothing)
            }
        };
        let Ok(built) = built else { return Ok(false) };
        self.answer_all(built, &view, signer.key, true).await?;
        Ok(true)
    }

    /// Sends an event to everybody in the request, with the certificates that the request names.
    async fn answer_all(
        &self,
        built: Built,
        view: &RequestView,
        key: KeyName,
        automatic: bool,
    ) -> Result<RequestRef, CoreError> {
        let people = self.people()?;
        let mut to = Vec::new();
        let mut cc = Vec::new();
        for person in view.people.iter().filter(|person| person.address != self.settings.address) {
            let known = capabilities(&people, &person.address);
            let capabilities = match person.program {
                Program::Countersign => known.of_countersign(),
                Program::Other => known,
            };
            let addressee = Addressee {
                mailbox: Mailbox {
                    name: Some(person.name.clone()).filter(|name| !name.is_empty()),
                    address: person.address.to_string(),
                },
                address: person.address.clone(),
                seal_to: person
                    .encryption
                    .iter()
                    .map(|own| seal_to_certificate(own, rsa_transport(capabilities.set)))
                    .collect(),
                capabilities,
            };
            if person.informed { cc.push(addressee) } else { to.push(addressee) }
        }
        if to.is_empty() {
            to = std::mem::take(&mut cc);
        }
        let thread = self.known_request(built.digest)?.message_ids.into_iter().next();
        self.send_event(built, to, cc, thread, automatic, Some((view, key))).await
    }

    async fn send_event(
        &self,
        built: Built,
        to: Vec<Addressee>,
        cc: Vec<Addressee>,
        thread: Option<String>,
        automatic: bool,
        basis: Option<(&RequestView, KeyName)>,
    ) -> Result<RequestRef, CoreError> {
        let is_decision = built.key == KeyRole::Approval;
        let mut draft = self.draft(built.subject.clone(), built.text.clone());
        draft.to = to.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.cc = cc.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.in_reply_to = thread.clone();
        draft.references = thread.iter().cloned().collect();
        draft.auto_submitted = automatic.then(|| "auto-generated".to_owned());
        draft.attachments = built.attachments.iter().map(attachment).collect();
        draft.attachments.push(Attachment {
            name: Some(approval::PART_NAME.to_owned()),
            content_type: approval::CONTENT_TYPE.to_owned(),
            inline: true,
            bytes: built.json.clone(),
        });
        let mut known = self.known_request(built.digest)?;
        if thread.is_none() {
            known.message_ids.insert(draft.message_id.clone());
            known.subject = Some(built.subject.clone());
            known.participants =
                draft.to.iter().chain(&draft.cc).map(|one| one.address.to_lowercase()).collect();
            known.participants.insert(self.group().to_owned());
            known.is_encrypted = true;
        }
        let mut batch = Batch::default();
        let outgoing = Outgoing {
            // Filled in below: the id is that of the octets which are signed.
            kind: Kind::Ordinary,
            draft,
            addressees: [to, cc].concat(),
            encrypt: true,
            to_self: true,
            signer: built.key,
            purpose: if is_decision {
                SignPurpose::Approval { summary: built.subject.clone() }
            } else {
                SignPurpose::Mail
            },
            proof_of_approval: built.proof_of_approval,
            wants_timestamp: self.settings.authority.is_some(),
            wants_copy: true,
        };
        let request = built.digest.0;
        let kind = move |payload: &[u8]| Kind::Event { request, event: EventId::of(payload).0, is_decision };
        let enqueued = self.enqueue_as(outgoing, kind, &mut batch).await?;
        let raw = RawEvent {
            signed: enqueued.signed,
            detached_content: None,
            outer_from: Some(self.settings.address.clone()),
            auto_submitted: automatic,
        };
        self.put_event(&mut batch, &request, &raw)?;
        self.put_known(&mut batch, &known)?;
        let is_current = {
            let _commit = self.committing();
            // Signing took its time: had another event of this key been made meanwhile, the two would fork (rule 8).
            let is_current = match &basis {
                None => true,
                Some((before, key)) => {
                    let after = self.view(built.digest)?;
                    after.last_of_key.get(key) == before.last_of_key.get(key)
                        && (!is_decision || after.may_decide(&self.settings.address))
                }
            };
            if is_current {
                self.store()?.apply(batch)?;
            }
            is_current
        };
        if !is_current {
            self.remove_bodies(enqueued.item.number)?;
            return Err(CoreError::WrongUse(WrongUse::NotDecidable(NotDecidable::ChangedMeanwhile)));
        }
        let named = built.digest;
        Ok(RequestRef { id: named.to_string(), code: named.code().to_string(), outbox: enqueued.item.number })
    }
}

fn capabilities(people: &People, address: &EmailAddress) -> Capabilities {
    people.get(address.folded()).map(|contact| contact.capabilities).unwrap_or_default()
}

fn attached(file: FileToSend) -> Attached {
    Attached { name: file.name, content_type: file.content_type, bytes: file.bytes }
}

fn attachment(attached: &Attached) -> Attachment {
    Attachment {
        name: Some(attached.name.clone()),
        content_type: attached.content_type.clone(),
        inline: false,
        bytes: attached.bytes.clone(),
    }
}
