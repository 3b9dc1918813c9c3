//! Screen 06: one approval.

use engine::approval::{Alarm, Undecidable};
use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;

use super::message::{signed_line, warning};
use super::route::{Route, ended, person_name, route};
use super::{
    Arg, Banner, Button, Clock, Does, Icon, Label, Look, MenuRow, MessageStatus, Spoken, Text, Tone, Who,
    shown_name, sure_name,
};
use crate::approvals::{ApprovalState, ApprovalView, Decision, PersonDecision};
use crate::people::ContactView;

/// An approval with what its screens need besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalCase {
    /// The approval.
    pub approval: ApprovalView,
    /// The account's owner.
    pub me: Me,
    /// Who asks.
    pub requester: Requester,
    /// Certified time of the request.
    pub certified: Option<UnixTime>,
    /// Every copy of the request came encrypted.
    pub is_encrypted: bool,
    /// The deadline as an instant.
    pub deadline: Option<UnixTime>,
    /// Names of those who are informed, as the requester wrote them; the account's owner is `Me`.
    pub informed: Vec<Who>,
    /// The mail that brought the request, when it is here.
    pub mail: Option<String>,
}

/// The account's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// How this account trusts the anchor that the request names for him; nothing when it is another one than the pinned.
    pub trust: Trust,
    /// The stored person, if there is one.
    pub contact: Option<ContactView>,
}

/// One approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalScreen {
    /// Id of the request.
    pub id: String,
    /// `ap_title`.
    pub title: Text,
    /// Its subject.
    pub subject: String,
    /// `ap_asks`; absent in one's own.
    pub asks: Option<Text>,
    /// Result, or that a decision waits to be sent.
    pub banner: Option<Banner>,
    /// Trust line, or what is wrong with the request.
    pub status: MessageStatus,
    /// Id of the mail whose details stand behind the trust line; absent when it is not on the device.
    pub mail: Option<String>,
    /// Deadline, while the request is open.
    pub deadline: Option<Deadline>,
    /// The route.
    pub route: Route,
    /// What people said with their decisions, in the order of the route.
    pub comments: Vec<Remark>,
    /// The requester's words.
    pub text: String,
    /// `ap_docs`, when there are any.
    pub documents_title: Option<Text>,
    /// Documents.
    pub documents: Vec<DocumentRow>,
    /// `ap_informed`.
    pub informed: Option<Text>,
    /// Reject and Approve; absent when it isn't this account's turn.
    pub bar: Option<DecisionBar>,
    /// Instead of the bar, when the request ended or the owner has decided.
    pub buttons: Vec<Button>,
    /// Behind More.
    pub menu: Vec<MenuRow>,
}

/// Somebody's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Whose.
    pub who: Label,
    /// The words.
    pub text: String,
}

/// When an answer is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// Icon.
    pub icon: Icon,
    /// `ap_by`.
    pub by: Text,
    /// `ap_left`, `as_due_today` or `ap_overdue`.
    pub left: Text,
    /// Of both: neutral, caution on the day itself, danger after it.
    pub tone: Tone,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentRow {
    /// Place in the request, from 0.
    pub index: u64,
    /// Icon.
    pub icon: Icon,
    /// File name.
    pub name: String,
    /// Octets.
    pub size: u64,
    /// `ap_opened` or `ap_unopened`.
    pub state: Text,
    /// Of the state.
    pub tone: Tone,
    /// SHA-256, hexadecimal: names it for "opened".
    pub sha256: String,
    /// It can be opened.
    pub is_enabled: bool,
    /// Said as one element.
    pub spoken: Spoken,
}

/// The bar that is pinned to the bottom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionBar {
    /// More.
    pub more: Button,
    /// Reject.
    pub reject: Button,
    /// Approve: on the right, under the thumb.
    pub approve: Button,
}

/// Screen 06. `opened` names the documents that were opened on this device: SHA-256, hexadecimal.
pub fn approval_screen(case: &ApprovalCase, opened: &[String], clock: Clock) -> ApprovalScreen {
    let approval = &case.approval;
    let is_own = case.is_own();
    let status = case.status();
    let is_sound = matches!(status, MessageStatus::Trust(_));
    let can_decide = approval.my_turn && !approval.decision_waiting;
    let informed = !case.informed.is_empty();
    let is_over = ended(approval.state) || approval.undecidable.is_some();
    ApprovalScreen {
        id: approval.id.clone(),
        title: Text::new("ap_title"),
        subject: approval.subject.clone(),
        asks: (!is_own).then(|| Text::named("ap_asks", &case.requester_name())),
        banner: case.banner(),
        deadline: case.deadline.filter(|_| !is_over).map(|at| deadline(at, clock)),
        route: route(approval, &case.me.address),
        mail: case.mail.clone(),
        comments: case.comments(),
        text: approval.message.clone(),
        documents_title: (!approval.documents.is_empty()).then(|| Text::new("ap_docs")),
        documents: documents(case, opened, is_sound),
        informed: informed.then(|| Text::new("ap_informed").with("names", Arg::Names(case.informed.clone()))),
        bar: can_decide.then(|| bar(is_sound)),
        buttons: if (is_over || case.decided()) && is_sound { closing() } else { Vec::new() },
        menu: if is_sound { menu() } else { Vec::new() },
        status,
    }
}

impl ApprovalCase {
    /// The account's owner asks.
    pub(super) fn is_own(&self) -> bool {
        self.approval.requester.eq_ignore_ascii_case(&self.me.address)
    }

    /// The stored name of a requester of whom this account is sure, else the address.
    pub(super) fn requester_name(&self) -> String {
        if self.is_own() {
            return shown_name(Some(&self.me.name)).unwrap_or_else(|| self.me.address.clone());
        }
        let contact = self.requester.contact.as_ref().filter(|_| self.requester.trust <= Trust::Organisation);
        sure_name(contact).unwrap_or_else(|| self.approval.requester.clone())
    }

    pub(super) fn is_warned(&self) -> bool {
        matches!(self.status(), MessageStatus::Warning(_))
    }

    fn status(&self) -> MessageStatus {
        let name = self.requester_name();
        let danger = |sentence: Text| {
            MessageStatus::Warning(warning(Icon::Stop, Tone::Danger, Text::new("st_unfit"), sentence))
        };
        match self.approval.undecidable {
            Some(Undecidable::Malformed | Undecidable::UnsupportedRevision) => {
                let (state, sentence) = (Text::new("st_unfit"), Text::new("wa_newer"));
                return MessageStatus::Warning(warning(Icon::Warn, Tone::Caution, state, sentence));
            }
            Some(Undecidable::NotVerified) => return danger(Text::named("wa_unverified", &name)),
            Some(Undecidable::TextDiffers | Undecidable::DocumentsDiffer | Undecidable::SubjectDiffers) => {
                return danger(Text::named("wa_unfit", &name));
            }
            None => {}
        }
        match self.approval.alarms.first() {
            Some(Alarm::TwoFacedRequester { .. }) => return danger(Text::named("wa_two_faced", &name)),
            Some(Alarm::WrongResult { .. }) => return danger(Text::named("wa_wrong_result", &name)),
            None => {}
        }
        // The engine lists requests only of those who are known better (rule 14); what is shown by its id need not be.
        if !self.is_own() && self.requester.trust > Trust::PublicCa {
            let exchange = Button::new(Text::new("ct_scan"), Look::Primary, Does::Exchange).icon(Icon::Scan);
            let sentence = Text::named("wa_issuer", &name);
            let mut panel = warning(Icon::Warn, Tone::Caution, Text::new("st_issuer"), sentence);
            panel.action = Some(exchange);
            return MessageStatus::Warning(panel);
        }
        let contact = self.requester.contact.as_ref();
        let line = match self.is_own() {
            true => own_line(self.is_encrypted, self.certified),
            false => signed_line(self.requester.trust, &name, contact, self.is_encrypted, self.certified),
        };
        MessageStatus::Trust(line)
    }

    fn banner(&self) -> Option<Banner> {
        if self.approval.decision_waiting {
            return Some(Banner::new(Icon::Seal, Tone::Accent, Text::new("cf_queued")));
        }
        match self.approval.state {
            ApprovalState::Approved | ApprovalState::ApprovedNotClosed => {
                Some(Banner::new(Icon::Seal, Tone::Accent, Text::new("ap_result_yes")))
            }
            ApprovalState::Rejected | ApprovalState::RejectedNotClosed => {
                let text = match self.rejected_by() {
                    Some(name) => Text::named("ap_result_no_by", &name),
                    None => Text::new("ap_result_no"),
                };
                Some(Banner::new(Icon::Close, Tone::Danger, text))
            }
            ApprovalState::Incomplete => {
                Some(Banner::new(Icon::Info, Tone::Neutral, Text::new("ap_incomplete")))
            }
            ApprovalState::Open if self.i_decided() => {
                let next = self.next().map(|name| Text::named("cf_done", &name));
                next.map(|text| Banner::new(Icon::Seal, Tone::Accent, text))
            }
            ApprovalState::Open | ApprovalState::Undecidable => None,
        }
    }

    fn people(&self) -> impl Iterator<Item = &PersonDecision> {
        self.approval.stages.iter().flat_map(|stage| &stage.people)
    }

    fn comments(&self) -> Vec<Remark> {
        let remark = |person: &PersonDecision| {
            let text = person.comment.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
            let is_me = person.address.eq_ignore_ascii_case(&self.me.address);
            let who = if is_me { Label::Text(Text::new("c_you")) } else { Label::Plain(person_name(person)) };
            Some(Remark { who, text: text.to_owned() })
        };
        self.people().filter_map(remark).collect()
    }

    fn i_decided(&self) -> bool {
        let is_mine = |person: &&PersonDecision| person.address.eq_ignore_ascii_case(&self.me.address);
        self.people().any(|person| is_mine(&person) && person.decision == Some(Decision::Approved))
    }

    /// The other person who ended it.
    fn rejected_by(&self) -> Option<String> {
        let rejected = self.people().find(|person| person.decision == Some(Decision::Rejected))?;
        (!rejected.address.eq_ignore_ascii_case(&self.me.address)).then(|| person_name(rejected))
    }

    /// Who decides now, besides the account's owner.
    pub(super) fn next(&self) -> Option<String> {
        let open =
            self.approval.stages.iter().find(|stage| stage.state == engine::approval::StageState::Open)?;
        let waits = |person: &&PersonDecision| {
            person.decision.is_none() && !person.address.eq_ignore_ascii_case(&self.me.address)
        };
        open.people.iter().find(waits).map(person_name)
    }
}

fn own_line(is_encrypted: bool, certified: Option<UnixTime>) -> super::TrustLine {
    let (state, tone) = if is_encrypted { ("st_both", Tone::Accent) } else { ("st_signed", Tone::Info) };
    let sentence = match certified {
        Some(time) => Text::new("tl_own").with("time", Arg::Time(time)),
        None => Text { instead_of_last: Some("tl_later"), ..Text::new("tl_own") },
    };
    super::message::trust_line(Icon::Pen, tone, Text::new(state), sentence)
}

pub(super) fn deadline(at: UnixTime, clock: Clock) -> Deadline {
    let days = clock.days_to(at);
    let away = usize::try_from(days.unsigned_abs()).unwrap_or(usize::MAX);
    let is_over = at < clock.now;
    let (left, tone) = match (is_over, days) {
        (true, 0) => (Text::new("as_due_today"), Tone::Danger),
        (true, _) => (Text::counted("ap_overdue", away), Tone::Danger),
        (false, 0) => (Text::new("as_due_today"), Tone::Caution),
        (false, _) => (Text::counted("ap_left", away), Tone::Neutral),
    };
    Deadline { icon: Icon::Clock, by: Text::new("ap_by").with("date", Arg::Moment(at)), left, tone }
}

fn documents(case: &ApprovalCase, opened: &[String], is_sound: bool) -> Vec<DocumentRow> {
    let row = |(index, document): (u64, &engine::approval::Document)| {
        let sha256 = document.sha256.to_hex();
        let is_opened = opened.iter().any(|known| known.eq_ignore_ascii_case(&sha256));
        let (key, tone) =
            if is_opened { ("ap_opened", Tone::Neutral) } else { ("ap_unopened", Tone::Caution) };
        let state = Text::new(key);
        DocumentRow {
            index,
            icon: file_icon(&document.content_type),
            name: document.name.clone(),
            size: document.size,
            tone,
            sha256,
            is_enabled: is_sound,
            spoken: file_spoken(&Label::Plain(document.name.clone()), document.size, &state),
            state,
        }
    };
    (0..).zip(&case.approval.documents).map(row).collect()
}

pub(super) fn file_icon(content_type: &str) -> Icon {
    if content_type.starts_with("image/") { Icon::Image } else { Icon::Doc }
}

pub(super) fn file_spoken(name: &Label, size: u64, state: &Text) -> Spoken {
    Spoken::new("a_doc").with("file", name.said()).value("size", Arg::Size(size)).text("state", state.clone())
}

fn bar(is_sound: bool) -> DecisionBar {
    DecisionBar {
        more: Button::new(Text::new("ap_more"), Look::Plain, Does::More).icon(Icon::More),
        reject: Button::new(Text::new("ap_reject"), Look::Danger, Does::Reject).enabled(is_sound),
        approve: Button::new(Text::new("ap_approve"), Look::Primary, Does::Approve)
            .icon(Icon::Tick)
            .enabled(is_sound),
    }
}

fn closing() -> Vec<Button> {
    vec![
        Button::new(Text::new("ev_title"), Look::Outline, Does::Evidence).icon(Icon::Pack),
        Button::new(Text::new("c_done"), Look::Primary, Does::Leave),
    ]
}

/// What this version can do: handing over, adding, returning and asking are reserved in the protocol.
fn menu() -> Vec<MenuRow> {
    vec![MenuRow {
        icon: Icon::Pack,
        text: Text::new("ev_title"),
        second: Some(Text::new("mo_ev_sub")),
        does: Does::Evidence,
    }]
}
