//! People, mails and requests of the design's pictures.

use engine::approval::{Document, Rule, StageState};
use engine::secure::{
    Credit, EncryptionState, EncryptionVerdict, HeadersRecord, PartRecord, Summary, Verdict,
};
use smime::path::Trust;
use smime::verdict::{
    Reason, Revocation, SignatureState, SignatureVerdict, SignerVerdict, TimestampState, TimestampVerdict,
};
use smime::{EmailAddress, Fingerprint, UnixTime};

use super::{ApprovalCase, Clock, InboxMail, Me, MessageMail, Requester, Who, message_status};
use crate::approvals::{ApprovalState, ApprovalView, Decision, PersonDecision, StageLine};
use crate::composer::RecipientView;
use crate::exchange::CodeView;
use crate::mailboxes::AttachmentView;
use crate::people::ContactView;

pub(super) const ME: &str = "chen.yu@northgate.example";
pub(super) const MY_NAME: &str = "Chen Yu";
const LI_WEI: &str = "li.wei@northgate.example";

/// Wednesday, 6 May 2026, 14:06 at UTC+2.
pub(super) fn clock() -> Clock {
    Clock { now: at("2026-05-06T14:06:00+02:00"), utc_offset: 7200 }
}

pub(super) fn at(time: &str) -> UnixTime {
    time.parse().unwrap_or(UnixTime::from_secs(0))
}

#[allow(clippy::expect_used, reason = "constants of this file; a test goes through all of them")]
pub(super) fn address(text: &str) -> EmailAddress {
    text.parse().expect("an address of the samples")
}

/// The people of the design.
pub(super) fn contacts() -> Vec<ContactView> {
    vec![
        contact("Li Wei", LI_WEI, Trust::Met, "2026-05-03T10:00:00+02:00"),
        contact("Wang Hao", "wang.hao@northgate.example", Trust::Met, "2026-01-12T10:00:00+01:00"),
        contact("Zhang Min", "zhang.min@northgate.example", Trust::Met, "2026-02-02T10:00:00+01:00"),
        contact(
            "Sara Novak",
            "sara.novak@northgate.example",
            Trust::Organisation,
            "2026-02-01T10:00:00+01:00",
        ),
        contact("Anna Becker", "a.becker@becker-optik.example", Trust::Pinned, "2026-03-01T10:00:00+01:00"),
        ContactView {
            changed_anchor: true,
            ..contact("Liu Yang", "liu.yang@northgate.example", Trust::Met, "2026-01-20T10:00:00+01:00")
        },
        ContactView {
            can_encrypt: false,
            ..contact("Tom Reed", "tom@reed-haulage.example", Trust::None, "2026-04-01T10:00:00+02:00")
        },
    ]
}

pub(super) fn person(name: &str) -> Option<ContactView> {
    contacts().into_iter().find(|contact| contact.name.as_deref() == Some(name))
}

fn contact(name: &str, text: &str, trust: Trust, since: &str) -> ContactView {
    ContactView {
        address: address(text),
        name: Some(name.to_owned()),
        trust,
        anchor: Some(Fingerprint::of(text.as_bytes()).to_hex()),
        anchor_subject: None,
        since: at(since),
        can_encrypt: true,
        encryption: Vec::new(),
        changed_anchor: false,
    }
}

/// What a mail is like.
#[derive(Clone, Copy)]
pub(super) struct Mail {
    pub(super) encryption: EncryptionState,
    pub(super) integrity: bool,
    pub(super) signature: SignatureState,
    pub(super) reason: Option<Reason>,
    pub(super) trust: Trust,
    pub(super) is_certified: bool,
    pub(super) signer: Option<&'static str>,
}

impl Mail {
    pub(super) const PLAIN: Mail = Mail {
        encryption: EncryptionState::None,
        integrity: false,
        signature: SignatureState::None,
        reason: None,
        trust: Trust::None,
        is_certified: false,
        signer: None,
    };
    pub(super) const SIGNED: Mail =
        Mail { signature: SignatureState::Valid, trust: Trust::Pinned, is_certified: true, ..Mail::PLAIN };
    pub(super) const BOTH: Mail =
        Mail { encryption: EncryptionState::Decrypted, integrity: true, ..Mail::SIGNED };

    pub(super) const fn by(self, trust: Trust) -> Mail {
        Mail { trust, ..self }
    }

    pub(super) const fn wrong(self, reason: Reason) -> Mail {
        Mail { signature: SignatureState::Invalid, reason: Some(reason), ..self }
    }
}

/// The verdict on such a mail from this address.
pub(super) fn verdict(mail: Mail, from: &str, subject: &str, date: &str) -> Verdict {
    let signer = SignerVerdict {
        emails: vec![address(mail.signer.unwrap_or(from))],
        subject: format!("CN={from}"),
        issuer: "CN=Northgate Staff CA".to_owned(),
        serial: "01".to_owned(),
        sha256: Fingerprint::of(b"certificate"),
        algorithm: "ecdsa-p256-sha256".to_owned(),
        not_after: if mail.reason == Some(Reason::Expired) {
            at("2026-04-30T12:00:00+02:00")
        } else {
            at("2028-01-09T12:00:00+01:00")
        },
        signing_time: None,
        address_matches: mail.signer.is_none(),
        chain: vec![Fingerprint::of(b"certificate"), Fingerprint::of(from.as_bytes())],
        trust: mail.trust,
        revocation: Revocation::NotChecked,
    };
    let is_encrypted = mail.encryption == EncryptionState::Decrypted && mail.integrity;
    let credit = match (is_encrypted, mail.signature == SignatureState::Valid) {
        (true, true) => Credit::SignedAndEncrypted,
        (true, false) => Credit::Encrypted,
        (false, true) => Credit::Signed,
        (false, false) => Credit::None,
    };
    let is_stamped = mail.is_certified && mail.signature != SignatureState::None;
    Verdict {
        headers: HeadersRecord {
            subject: (!subject.is_empty()).then(|| subject.to_owned()),
            from: vec![from.to_owned()],
            to: vec![ME.to_owned()],
            cc: Vec::new(),
            date: Some(at(date)),
            protected: mail.signature == SignatureState::Valid,
            outer_differs: Vec::new(),
            from_mailboxes: Vec::new(),
        },
        summary: Summary::None,
        encryption: EncryptionVerdict {
            state: mail.encryption,
            content: None,
            keys: Vec::new(),
            integrity: mail.integrity,
            weak: false,
        },
        signature: SignatureVerdict {
            state: mail.signature,
            reasons: mail.reason.into_iter().collect(),
            signers: if mail.signature == SignatureState::None { Vec::new() } else { vec![signer] },
        },
        timestamp: TimestampVerdict {
            state: if is_stamped { TimestampState::Valid } else { TimestampState::None },
            time: is_stamped.then(|| at(date)),
            authority: is_stamped.then(|| "CN=Example Time Service".to_owned()),
            reasons: Vec::new(),
        },
        parts: vec![PartRecord {
            path: "1".to_owned(),
            content_type: "text/plain".to_owned(),
            name: None,
            bytes: 9,
            sha256: Fingerprint::of(b"some text"),
            credit,
        }],
        approval: None,
        warnings: Vec::new(),
    }
}

/// A mail of one of the people, with two attachments.
pub(super) fn message(mail: Mail, name: &str, subject: &str, text: &str) -> MessageMail {
    let contact = person(name);
    let from =
        contact.as_ref().map_or_else(|| "news@unknown.example".to_owned(), |one| one.address.to_string());
    let verdict = verdict(mail, &from, subject, "2026-05-06T14:02:31+02:00");
    let is_open = mail.encryption != EncryptionState::NoKey;
    let file = |part: &str, name: &str, content_type: &str, bytes| AttachmentView {
        part: part.to_owned(),
        name: Some(name.to_owned()),
        content_type: content_type.to_owned(),
        bytes,
    };
    let files = vec![
        file("2", "Contract draft v3.pdf", "application/pdf", 350_208),
        file("3", "Changes since v2.png", "image/png", 59_392),
    ];
    MessageMail {
        id: "inbox.12".to_owned(),
        status: message_status(&verdict, contact.as_ref()),
        verdict,
        name: Some(name.to_owned()),
        can_encrypt_reply: contact.as_ref().is_some_and(|contact| contact.can_encrypt),
        contact,
        to: vec![Who::Me, Who::Name("Zhang Min".to_owned())],
        text: is_open.then(|| text.to_owned()),
        attachments: if is_open { files } else { Vec::new() },
        approval: None,
    }
}

/// The mails of the inbox.
pub(super) fn inbox() -> Vec<InboxMail> {
    let row = |id: &str, mail, name: &str, subject: &str, preview: &str, date: &str, is_seen, has_files| {
        let contact = person(name);
        let from = contact.as_ref().map_or_else(String::new, |contact| contact.address.to_string());
        let verdict = verdict(mail, &from, subject, date);
        InboxMail {
            id: id.to_owned(),
            from,
            contact_name: contact.as_ref().and_then(|contact| contact.name.clone()),
            subject: verdict.headers.subject.clone(),
            preview: Some(preview.to_owned()).filter(|text| !text.is_empty()),
            has_files,
            is_seen,
            date: verdict.headers.date,
            status: Some(message_status(&verdict, contact.as_ref())),
            problem: None,
        }
    };
    let met = Mail::BOTH.by(Trust::Met);
    let locked = Mail { encryption: EncryptionState::NoKey, ..Mail::PLAIN };
    vec![
        row(
            "inbox.5",
            met,
            "Zhang Min",
            "Contract draft, third reading",
            "I marked the two open points in red. Please have a look",
            "2026-05-06T13:40:00+02:00",
            false,
            true,
        ),
        row(
            "inbox.4",
            Mail::SIGNED,
            "Anna Becker",
            "Delivery date for the laser cutter",
            "Dear Mr Chen, the machine is ready to ship on",
            "2026-05-06T11:52:00+02:00",
            false,
            false,
        ),
        row(
            "inbox.3",
            met,
            "Wang Hao",
            "Thursday review",
            "Let us move it to 15:00, room 4",
            "2026-05-06T09:15:00+02:00",
            true,
            false,
        ),
        row(
            "inbox.2",
            Mail::PLAIN,
            "Sara Novak",
            "Travel policy 2026",
            "The new rates are valid from 1 June",
            "2026-05-05T16:00:00+02:00",
            true,
            false,
        ),
        row("inbox.1", locked, "Liu Yang", "", "", "2026-04-28T08:00:00+02:00", true, false),
    ]
}

/// Somebody on a route, with what he decided and when.
fn approver(name: &str, decision: Option<(Decision, &str)>) -> PersonDecision {
    let contact = person(name);
    let text = contact.as_ref().map_or_else(|| ME.to_owned(), |contact| contact.address.to_string());
    PersonDecision {
        address: text,
        name: name.to_owned(),
        known_as: super::sure_name(contact.as_ref()),
        trust: contact.map_or(Trust::None, |contact| contact.trust),
        decision: decision.map(|(decision, _)| decision),
        time: decision.map(|(_, time)| at(time)),
        authority: decision.map(|_| "CN=Example Time Service".to_owned()),
        is_receipt_time: false,
        claimed_time: None,
        comment: None,
        foreign: false,
    }
}

fn stage(rule: Rule, state: StageState, people: Vec<PersonDecision>) -> StageLine {
    StageLine { rule, state, people }
}

fn document(name: &str, size: u64) -> Document {
    Document {
        name: name.to_owned(),
        content_type: "application/pdf".to_owned(),
        size,
        sha256: Fingerprint::of(name.as_bytes()),
    }
}

/// The first two documents of the purchase order were opened.
pub(super) fn opened() -> Vec<String> {
    ["Purchase order 2026-118.pdf", "Quote Becker Optik.pdf"]
        .map(|name| Fingerprint::of(name.as_bytes()).to_hex())
        .to_vec()
}

/// The purchase order, at the account owner's turn.
pub(super) fn purchase() -> ApprovalCase {
    let zhang = approver("Zhang Min", Some((Decision::Approved, "2026-05-06T11:20:00+02:00")));
    let mut case = case("Purchase order 2026-118: laser cutter", "Li Wei", "2026-05-06T11:05:00+02:00");
    case.deadline = Some(at("2026-05-08T18:00:00+02:00"));
    case.informed =
        ["Sara Novak", "accounts@northgate.example"].map(|name| Who::Name(name.to_owned())).to_vec();
    case.approval.my_turn = true;
    case.approval.message =
        "Second cutting line, 48,200 EUR including installation. Inside the Q2 budget.".to_owned();
    case.approval.documents = vec![
        document("Purchase order 2026-118.pdf", 219_136),
        document("Quote Becker Optik.pdf", 1_153_434),
        document("Budget line Q2.xlsx", 38_912),
    ];
    case.approval.stages = vec![
        stage(Rule::All, StageState::Approved, vec![zhang]),
        stage(Rule::All, StageState::Open, vec![approver(MY_NAME, None)]),
        stage(Rule::All, StageState::Waiting, vec![approver("Wang Hao", None)]),
    ];
    case
}

/// It after the account's owner decided.
pub(super) fn purchase_decided(decision: Decision) -> ApprovalCase {
    let mut case = purchase();
    let (state, stage_state, next) = match decision {
        Decision::Approved => (ApprovalState::Open, StageState::Approved, StageState::Open),
        Decision::Rejected => (ApprovalState::Rejected, StageState::Rejected, StageState::Waiting),
    };
    case.approval.state = state;
    case.approval.my_turn = false;
    let mine =
        stage(Rule::All, stage_state, vec![approver(MY_NAME, Some((decision, "2026-05-06T14:06:00+02:00")))]);
    let last = stage(Rule::All, next, vec![approver("Wang Hao", None)]);
    case.approval.stages = case.approval.stages.into_iter().take(1).chain([mine, last]).collect();
    case
}

/// It at its end.
pub(super) fn purchase_approved() -> ApprovalCase {
    let mut case = purchase_decided(Decision::Approved);
    case.approval.state = ApprovalState::Approved;
    let wang = approver("Wang Hao", Some((Decision::Approved, "2026-05-06T16:30:00+02:00")));
    case.approval.stages.truncate(2);
    case.approval.stages.push(stage(Rule::All, StageState::Approved, vec![wang]));
    case
}

/// A trip that is due today.
pub(super) fn trip() -> ApprovalCase {
    let mut case = case("Business trip to Graz", "Zhang Min", "2026-05-06T08:00:00+02:00");
    case.deadline = Some(at("2026-05-06T18:00:00+02:00"));
    case.approval.my_turn = true;
    case.approval.message = "12 to 14 May".to_owned();
    case.approval.stages = vec![stage(Rule::All, StageState::Open, vec![approver(MY_NAME, None)])];
    case
}

/// One's own request: two groups, the first one done.
pub(super) fn training() -> ApprovalCase {
    let yes = |name, time| approver(name, Some((Decision::Approved, time)));
    let mut case = case("Training budget, second half", MY_NAME, "2026-05-03T09:00:00+02:00");
    let three = vec![
        yes("Zhang Min", "2026-05-03T12:00:00+02:00"),
        yes("Li Wei", "2026-05-04T10:00:00+02:00"),
        approver("Sara Novak", None),
    ];
    case.approval.stages = vec![
        stage(Rule::AtLeast { n: 2 }, StageState::Approved, three),
        stage(Rule::Any, StageState::Open, vec![approver("Wang Hao", None), approver("Anna Becker", None)]),
    ];
    case
}

fn case(subject: &str, requester: &str, certified: &str) -> ApprovalCase {
    let contact = person(requester);
    let text = contact.as_ref().map_or_else(|| ME.to_owned(), |contact| contact.address.to_string());
    ApprovalCase {
        approval: ApprovalView {
            id: Fingerprint::of(subject.as_bytes()).to_hex(),
            code: "CS-".to_owned(),
            subject: subject.to_owned(),
            message: String::new(),
            requester: text,
            state: ApprovalState::Open,
            undecidable: None,
            my_turn: false,
            decision_waiting: false,
            deadline: None,
            stages: Vec::new(),
            informed: Vec::new(),
            documents: Vec::new(),
            not_counted: Vec::new(),
            missing: Vec::new(),
            forks: Vec::new(),
            alarms: Vec::new(),
        },
        me: Me { name: MY_NAME.to_owned(), address: ME.to_owned() },
        requester: Requester {
            trust: contact.as_ref().map_or(Trust::None, |contact| contact.trust),
            contact,
        },
        certified: Some(at(certified)),
        is_encrypted: true,
        deadline: None,
        informed: Vec::new(),
        mail: None,
    }
}

/// Six of the words of BIP-39.
pub(super) fn words() -> Vec<String> {
    ["maple", "harbor", "violin", "seven", "anchor", "cloud"].map(str::to_owned).to_vec()
}

pub(super) fn recipient(name: &str) -> Option<RecipientView> {
    let contact = person(name)?;
    Some(RecipientView {
        address: contact.address,
        name: contact.name,
        trust: contact.trust,
        can_encrypt: contact.can_encrypt,
    })
}

/// The pattern of a code: no code, but as large as one.
pub(super) fn code() -> CodeView {
    let size = 45u32;
    let dark = (0..size * size).map(|at| (at / size * 7 + at % size * 3) % 5 < 2).collect();
    CodeView { text: String::new(), png: Vec::new(), size, dark, terminal: String::new(), valid_for: 600 }
}
