//! Every state of every screen, with samples.

use engine::approval::{Alarm, RequestDigest, Undecidable, Word};
use engine::meeting::{self, Stage};
use engine::secure::EncryptionState;
use serde::Serialize;
use smime::path::Trust;
use smime::verdict::{Reason, SignatureState};
use smime::{Fingerprint, UnixTime};

use super::samples::{self as sample, Mail};
use super::{
    AddressScreen, ApprovalCase, ApprovalScreen, ApprovalsScreen, Banner, CameraState, ComposeDraft,
    ComposeScreen, ConfirmSheet, Connection, ContactsScreen, ExchangeScreen, HeldMail, InboxScreen,
    KeysScreen, KeysStep, MessageScreen, OwnCode, PasswordScreen, ScanScreen, address_screen,
    approval_screen, approvals_screen, compose_screen, confirm_result, confirm_sheet, contacts_screen,
    exchange_screen, held_mail, inbox_screen, keys_screen, meeting_screen, message_screen, own_code,
    password_screen, scan_screen,
};
use crate::approvals::{ApprovalState, Deciding, Decision};
use crate::core::ProgressStep;
use crate::error::{CertificateProblem, CoreError, NetworkProblem, NotDecidable, Unreadable, WrongUse};
use crate::exchange::ScanView;
use crate::outbox::{OutboxEntry, OutboxState};
use crate::people::ContactView;

/// One state of a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScreenState {
    /// Number and state, like `06-overdue`: the name of its picture.
    pub name: &'static str,
    /// What it shows.
    pub screen: Screen,
}

/// Any screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "each is made once, to be shown")]
pub enum Screen {
    /// 01.
    Address(AddressScreen),
    /// 02.
    Password(PasswordScreen),
    /// 03.
    Keys(KeysScreen),
    /// 04.
    Inbox(InboxScreen),
    /// 05 and 14.
    Message(MessageScreen),
    /// 06.
    Approval(ApprovalScreen),
    /// 07.
    Confirm(ConfirmSheet),
    /// 07b: what is said after signing.
    Said(Banner),
    /// 08.
    Approvals(ApprovalsScreen),
    /// 09.
    Compose(ComposeScreen),
    /// 09c: what is said after sending.
    Held(HeldMail),
    /// 10.
    Contacts(ContactsScreen),
    /// 11.
    Exchange(ExchangeScreen),
    /// 12.
    Scan(ScanScreen),
}

/// All of them, in the order of the screens. The records are made by what makes them in the apps.
pub fn states() -> Vec<ScreenState> {
    let mut states = Vec::new();
    states.extend(onboarding());
    states.extend(inbox());
    states.extend(messages());
    states.extend(approval());
    states.extend(confirm());
    states.extend(approvals());
    states.extend(compose());
    states.extend(held());
    states.extend(contacts());
    states.extend(exchange());
    states.extend(scans());
    states
}

fn host() -> String {
    "mail.northgate.example:993".to_owned()
}

fn network(problem: NetworkProblem) -> CoreError {
    CoreError::Network { host: host(), problem }
}

fn onboarding() -> Vec<ScreenState> {
    let me = sample::ME;
    let typed = |name, text: &str, is_searching, error: Option<CoreError>| ScreenState {
        name,
        screen: Screen::Address(address_screen(text, is_searching, error.as_ref())),
    };
    let password = |name, is_working, error: Option<CoreError>| ScreenState {
        name,
        screen: Screen::Password(password_screen(
            me,
            Some("mail.northgate.example"),
            is_working,
            error.as_ref(),
        )),
    };
    let code = sample::code();
    let keys = |name, step| ScreenState {
        name,
        screen: Screen::Keys(keys_screen(step, Some((&code, sample::MY_NAME, me)))),
    };
    let untrusted =
        CoreError::CertificateUntrusted { host: host(), problem: CertificateProblem::UnknownAuthority };
    vec![
        typed("01-empty", "", false, None),
        typed("01-typed", me, false, None),
        typed("01-searching", me, true, None),
        typed("01-bad", "chen.yu@northgate", false, Some(CoreError::Unreadable(Unreadable::Address))),
        typed("01-none", me, false, Some(network(NetworkProblem::UnknownHost))),
        typed("01-offline", me, false, Some(network(NetworkProblem::Offline))),
        typed("01-exists", me, false, Some(CoreError::WrongUse(WrongUse::AccountExists))),
        password("02-password", false, None),
        password("02-working", true, None),
        password("02-wrong", false, Some(CoreError::LoginRefused { host: host() })),
        password("02-insecure", false, Some(untrusted)),
        password("02-silent", false, Some(network(NetworkProblem::Timeout))),
        keys("03-making", KeysStep::Working(ProgressStep::MakingKeys)),
        keys("03-ready", KeysStep::Ready),
        keys("03-pending", KeysStep::Pending),
        keys("03-failed", KeysStep::Failed(&CoreError::Vault(engine::ports::VaultError::NotEnrolled))),
    ]
}

fn inbox() -> Vec<ScreenState> {
    let mails = sample::inbox();
    let cases = [sample::purchase(), sample::trip()];
    let many: Vec<ApprovalCase> = cases.iter().cloned().chain([overdue(), grouped()]).collect();
    let last = Some(sample::at("2026-05-06T13:50:00+02:00"));
    let screen = |name, mails: &[_], cases: &[_], connection| ScreenState {
        name,
        screen: Screen::Inbox(inbox_screen(mails, cases, connection, sample::clock())),
    };
    vec![
        screen("04-inbox", &mails, &cases, Connection::Online),
        screen("04-many", &mails, &many, Connection::Online),
        screen("04b-offline", &mails, &cases, Connection::Offline { queued: 1 }),
        screen("04c-loading", &[], &[], Connection::Loading),
        screen("04d-empty", &[], &[], Connection::Online),
        screen("04e-error", &mails, &[], Connection::Failed { last }),
    ]
}

fn messages() -> Vec<ScreenState> {
    const TEXT: &str = "Dear Chen Yu,\n\nhere is the draft after the call with the supplier.\n\nLi Wei";
    let mail = |name, mail: Mail, from: &str| ScreenState {
        name,
        screen: Screen::Message(message_screen(&sample::message(
            mail,
            from,
            if mail.encryption == EncryptionState::NoKey { "" } else { "Contract draft, third reading" },
            TEXT,
        ))),
    };
    let encrypted = Mail { encryption: EncryptionState::Decrypted, integrity: true, ..Mail::PLAIN };
    let mismatch = Mail { signer: Some("tom@reed-haulage.example"), ..Mail::SIGNED };
    let untrusted = Mail {
        signature: SignatureState::Untrusted,
        reason: Some(Reason::NoTrustedPath),
        trust: Trust::None,
        ..Mail::SIGNED
    };
    vec![
        mail("05-met", Mail::BOTH.by(Trust::Met), "Li Wei"),
        mail("05-card", Mail::BOTH.by(Trust::Pinned), "Anna Becker"),
        mail("05-company", Mail::BOTH.by(Trust::Organisation), "Sara Novak"),
        mail("05-untimed", Mail { is_certified: false, ..Mail::BOTH.by(Trust::Met) }, "Li Wei"),
        mail("05-signed", Mail::SIGNED, "Anna Becker"),
        mail("05-encrypted", encrypted, "Sara Novak"),
        mail("05-no-integrity", Mail { integrity: false, ..encrypted }, "Sara Novak"),
        mail("05-plain", Mail::PLAIN, "nobody"),
        mail("14a-changed", Mail::BOTH.wrong(Reason::DigestMismatch), "Li Wei"),
        mail("14b-signer", mismatch.wrong(Reason::AddressMismatch), "Anna Becker"),
        mail("14c-expired", Mail::SIGNED.wrong(Reason::Expired), "Sara Novak"),
        mail("14d-locked", Mail { encryption: EncryptionState::NoKey, ..Mail::PLAIN }, "Zhang Min"),
        mail("14e-revoked", Mail::SIGNED.wrong(Reason::Revoked), "Anna Becker"),
        mail("14f-issuer", untrusted, "Tom Reed"),
        mail("14g-invalid", Mail::SIGNED.wrong(Reason::WeakKey), "Anna Becker"),
    ]
}

fn overdue() -> ApprovalCase {
    ApprovalCase { deadline: Some(sample::at("2026-05-04T18:00:00+02:00")), ..sample::purchase() }
}

/// The account's owner stands in a group.
fn grouped() -> ApprovalCase {
    let mut case = sample::purchase();
    let mut people: Vec<_> = case.approval.stages.iter().flat_map(|stage| stage.people.clone()).collect();
    people.rotate_left(1);
    case.approval.stages.truncate(1);
    for stage in &mut case.approval.stages {
        stage.state = engine::approval::StageState::Open;
        stage.people = people.clone();
    }
    case.deadline = None;
    case
}

fn later_turn() -> ApprovalCase {
    let mut case = sample::purchase();
    case.approval.my_turn = false;
    case.approval.stages.rotate_right(1);
    case
}

fn waiting_to_be_sent() -> ApprovalCase {
    let mut case = sample::purchase_decided(Decision::Approved);
    case.approval.decision_waiting = true;
    case
}

fn unfit(reason: Undecidable) -> ApprovalCase {
    let mut case = sample::purchase();
    case.approval.state = ApprovalState::Undecidable;
    case.approval.undecidable = Some(reason);
    case.approval.my_turn = false;
    case
}

fn two_faced() -> ApprovalCase {
    let mut case = sample::purchase();
    let digest = RequestDigest(Fingerprint::of(b"another request"));
    case.approval.alarms = vec![Alarm::TwoFacedRequester { author: 2, digest }];
    case
}

fn incomplete() -> ApprovalCase {
    let mut case = later_turn();
    case.approval.state = ApprovalState::Incomplete;
    case
}

fn approval() -> Vec<ScreenState> {
    let screen = |name, case: ApprovalCase| ScreenState {
        name,
        screen: Screen::Approval(approval_screen(&case, &sample::opened(), sample::clock())),
    };
    vec![
        screen("06-my-turn", sample::purchase()),
        screen("06-due-today", sample::trip()),
        screen("06-overdue", overdue()),
        screen("06-group", grouped()),
        screen("06-not-my-turn", later_turn()),
        screen("06-signed-only", ApprovalCase { is_encrypted: false, ..sample::purchase() }),
        screen("06-decided", sample::purchase_decided(Decision::Approved)),
        screen("06-queued", waiting_to_be_sent()),
        screen("06-approved", sample::purchase_approved()),
        screen("06-rejected", sample::purchase_decided(Decision::Rejected)),
        screen("06-own", sample::training()),
        screen("06-incomplete", incomplete()),
        screen("06-text-differs", unfit(Undecidable::TextDiffers)),
        screen("06-not-verified", unfit(Undecidable::NotVerified)),
        screen("06-newer", unfit(Undecidable::Malformed)),
        screen("06-two-faced", two_faced()),
    ]
}

fn confirm() -> Vec<ScreenState> {
    let sheet = |name, word, words| ScreenState {
        name,
        screen: Screen::Confirm(confirm_sheet(&sample::purchase(), word, words, &sample::opened())),
    };
    let said = |name, result: Result<ApprovalCase, CoreError>, word| {
        let banner = confirm_result(result.as_ref(), word);
        banner.map(|banner| ScreenState { name, screen: Screen::Said(banner) })
    };
    let refused = |why| Err(CoreError::WrongUse(WrongUse::NotDecidable(why)));
    let mut states = vec![
        sheet("07-approve", Word::Approve, sample::words()),
        sheet("07-reject", Word::Reject, sample::words()),
    ];
    states.extend(
        [
            said("07b-approved", Ok(sample::purchase_decided(Decision::Approved)), Word::Approve),
            said("07b-last", Ok(sample::purchase_approved()), Word::Approve),
            said("07b-queued", Ok(waiting_to_be_sent()), Word::Approve),
            said("07b-rejected", Ok(sample::purchase_decided(Decision::Rejected)), Word::Reject),
            said(
                "07b-not-recognised",
                Err(CoreError::Vault(engine::ports::VaultError::Locked)),
                Word::Approve,
            ),
            said("07b-ended", refused(NotDecidable::Ended), Word::Approve),
        ]
        .into_iter()
        .flatten(),
    );
    states
}

fn approvals() -> Vec<ScreenState> {
    let all = [
        sample::purchase(),
        sample::trip(),
        sample::training(),
        ApprovalCase { deadline: None, ..sample::purchase_approved() },
        sample::purchase_decided(Decision::Rejected),
    ];
    let screen = |name, cases: &[ApprovalCase]| ScreenState {
        name,
        screen: Screen::Approvals(approvals_screen(cases, sample::clock())),
    };
    vec![screen("08-approvals", &all), screen("08-empty", &[])]
}

fn compose() -> Vec<ScreenState> {
    let people = |names: &[&str]| names.iter().filter_map(|name| sample::recipient(name)).collect();
    let draft = |to: &[&str], cc: &[&str], subject: &str| ComposeDraft {
        asks_approval: false,
        to: people(to),
        cc: people(cc),
        subject: subject.to_owned(),
        deciding: Deciding::InOrder,
        deadline: None,
        allows_plain: true,
    };
    let asking = |deciding, cc: &[&str]| ComposeDraft {
        asks_approval: true,
        deciding,
        deadline: Some(sample::at("2026-05-11T12:00:00+02:00")),
        ..draft(&["Zhang Min", "Wang Hao"], cc, "Service contract for the cutter")
    };
    let without = draft(&["Li Wei", "Zhang Min"], &["Tom Reed"], "Delivery plan, week 20");
    [
        ("09-empty", draft(&[], &[], "")),
        ("09-ready", draft(&["Li Wei"], &[], "Delivery plan, week 20")),
        ("09-no-certificate", without.clone()),
        ("09-never-plain", ComposeDraft { allows_plain: false, ..without }),
        ("09b-in-order", asking(Deciding::InOrder, &["Sara Novak"])),
        ("09b-everyone", asking(Deciding::All, &[])),
        ("09b-no-certificate", asking(Deciding::InOrder, &["Tom Reed"])),
    ]
    .into_iter()
    .map(|(name, draft)| ScreenState { name, screen: Screen::Compose(compose_screen(&draft)) })
    .collect()
}

fn held() -> Option<ScreenState> {
    let now = sample::clock().now;
    let entry = OutboxEntry {
        number: 3,
        subject: "Delivery plan, week 20".to_owned(),
        recipients: vec!["li.wei@northgate.example".to_owned()],
        state: OutboxState::Waiting,
        held_until: Some(now.plus(8)),
    };
    held_mail(&[entry], now).map(|held| ScreenState { name: "09c-held", screen: Screen::Held(held) })
}

fn contacts() -> Vec<ScreenState> {
    let screen = |name, list: &[_]| ScreenState { name, screen: Screen::Contacts(contacts_screen(list)) };
    vec![screen("10-contacts", &sample::contacts()), screen("10-empty", &[])]
}

fn exchange() -> Vec<ScreenState> {
    let screen = |name, camera, seen: Option<CoreError>| ScreenState {
        name,
        screen: Screen::Exchange(exchange_screen(
            &sample::code(),
            sample::MY_NAME,
            sample::ME,
            camera,
            seen.as_ref(),
        )),
    };
    let foreign = CoreError::Unreadable(Unreadable::ForeignQrCode);
    vec![
        screen("11-exchange", CameraState::Ready, None),
        screen("11-foreign", CameraState::Ready, Some(foreign)),
        screen("11-own-code", CameraState::Ready, Some(CoreError::WrongUse(WrongUse::OwnCode))),
        screen("11-no-camera", CameraState::Denied, None),
    ]
}

fn scans() -> Vec<ScreenState> {
    let own = || Some(own_code(&sample::code(), sample::MY_NAME, sample::ME));
    let now = sample::clock().now;
    let scanned = |name, met, who: &str| scanned(name, met, who, own(), now);
    let card = |name, differs| {
        let contact = sample::person("Anna Becker")?;
        let scan =
            ScanView::Card { address: contact.address.clone(), name: "Anna Becker".to_owned(), differs };
        let screen = scan_screen(&scan, Some(&contact), None, None, now);
        Some(ScreenState { name, screen: Screen::Scan(screen) })
    };
    let meeting = |name, stage, number| meeting_state(name, stage, number, own(), now);
    [
        scanned("12a-mutual", true, "Li Wei"),
        scanned("12b-waiting", false, "Anna Becker"),
        scanned("12c-changed", false, "Liu Yang"),
        card("12d-card", false),
        card("12e-card-differs", true),
        meeting("12f-scan-back", Stage::AwaitingConfirmation, None),
        meeting("12g-number", Stage::AwaitingConfirmation, Some(4821)),
        meeting("12h-agree", Stage::AwaitingAgreement, None),
        meeting("12i-burnt", Stage::Burnt, None),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn scanned(
    name: &'static str,
    met: bool,
    who: &str,
    own: Option<OwnCode>,
    now: UnixTime,
) -> Option<ScreenState> {
    let contact = sample::person(who)?;
    let scan = ScanView::Meeting {
        address: contact.address.clone(),
        name: who.to_owned(),
        number: "4821".to_owned(),
        met,
    };
    // Whose certificate changed shows another one than the stored.
    let meeting = status(&contact, Stage::Scanned, contact.changed_anchor, None);
    let screen = scan_screen(&scan, Some(&contact), Some(&meeting), own, now);
    Some(ScreenState { name, screen: Screen::Scan(screen) })
}

fn meeting_state(
    name: &'static str,
    stage: Stage,
    number: Option<u16>,
    own: Option<OwnCode>,
    now: UnixTime,
) -> Option<ScreenState> {
    let contact = sample::person("Anna Becker")?;
    let status = status(&contact, stage, stage == Stage::AwaitingAgreement, number);
    let screen = meeting_screen(&status, Some(&contact), own, now)?;
    Some(ScreenState { name, screen: Screen::Scan(screen) })
}

fn status(contact: &ContactView, stage: Stage, differs: bool, number: Option<u16>) -> meeting::Status {
    let anchor = if differs { "another".to_owned() } else { contact.address.to_string() };
    meeting::Status {
        id: meeting::MeetingId { role: meeting::Role::Shower, token: [0; 8] },
        person: meeting::Person {
            address: contact.address.clone(),
            name: contact.name.clone(),
            anchor: engine::people::Anchor(Fingerprint::of(anchor.as_bytes())),
            ek: [0; 33],
        },
        stage,
        number: number.and_then(|number| serde_json::from_value(number.into()).ok()),
    }
}
