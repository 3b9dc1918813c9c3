//! Two phones before real servers, through the interface of the apps alone: accounts, meeting from camera frames, a request
//! with a document, a decision, and everything again without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{Mood, PlatformVault, core_in, unlocked_core_in, until};
use countersign_ffi::{
    Account, AccountConfig, ApprovalState, Authority, CameraFrame, CancelToken, Clock, CodeView, Core,
    CoreConfig, CoreError, Deciding, Decision, Does, EncryptionState, Event, FileToSend, Folder,
    KeyAlgorithm, Language, Misuse, NewApproval, NewMail, OutboxState, OwnKeyRole, ScanView, Security,
    Server, SignPurpose, SignatureState, StageState, StopReason, TextValue, Thing, TimestampState, Trust,
    UnreadableThing, Vault, VaultProblem, Word,
};
use futures::executor::block_on;
use futures::future::join_all;
use tempfile::TempDir;
use xtask::world::{Place, World, address, display_name, password};

struct Phone {
    folder: TempDir,
    vault: Arc<PlatformVault>,
    core: Arc<Core>,
    account: Arc<Account>,
}

impl Phone {
    fn of(person: &str, world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = PlatformVault::in_folder(folder.path());
        let core = unlocked_core_in(folder.path(), &vault);
        let account = block_on(core.add_account(config(person, world), password(person), None)).unwrap();
        Phone { folder, vault, core, account }
    }

    fn sync(&self, world: &World) {
        block_on(self.account.sync(None)).unwrap();
        world.settle().unwrap();
    }

    fn trust(&self, person: &str) -> Trust {
        block_on(self.account.people().show(address(person), None)).map_or(Trust::None, |view| view.trust)
    }

    /// Everything that has happened since the last look.
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let token = CancelToken::new();
            let mut pull = std::pin::pin!(self.core.next_event(Some(token)));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            match pull.as_mut().poll(&mut context) {
                std::task::Poll::Ready(Ok(Some(event))) => events.push(event),
                _ => return events,
            }
        }
    }
}

fn config(person: &str, world: &World) -> AccountConfig {
    let server = |port| Server { host: "localhost".to_owned(), port, security: Security::Tls };
    let file = |path: &Path| std::fs::read(path).unwrap();
    AccountConfig {
        address: address(person),
        name: display_name(person).to_owned(),
        login: None,
        imap: server(world.ports().imaps),
        smtp: server(world.ports().submissions),
        tls_anchors: vec![file(&world.pki().server_ca)],
        organisation_anchors: vec![file(&world.pki().organisation_ca)],
        authority: Some(Authority { url: world.authority().url(), anchors: vec![file(&world.pki().tsa_ca)] }),
        language: Language::Zh,
    }
}

/// What a camera sees of a phone that shows `code`: 4 pixels a module, padded rows.
fn seen(code: &CodeView) -> CameraFrame {
    let (size, scale, padding) = (code.size as usize, 4, 13);
    assert_eq!(code.modules.len(), size * size);
    let side = (size + 8) * scale;
    let mut luma = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let at = |at: usize| (at / scale).checked_sub(4).filter(|&at| at < size);
            let dark = matches!((at(x), at(y)), (Some(x), Some(y)) if code.modules[y * size + x] == 1);
            luma.push(if dark { 30 } else { 220 });
        }
        luma.extend([0x77; 13]);
    }
    let number = |value: usize| u32::try_from(value).unwrap();
    CameraFrame { width: number(side), height: number(side), row_stride: number(side + padding), luma }
}

fn meet(world: &World, one: (&str, &Phone), other: (&str, &Phone)) {
    let code_of_one = block_on(one.1.account.qr_exchange().show(None)).unwrap();
    let code_of_other = block_on(other.1.account.qr_exchange().show(None)).unwrap();
    let grey = CameraFrame { width: 640, height: 480, row_stride: 640, luma: vec![90; 640 * 480] };
    assert_eq!(block_on(one.1.account.qr_exchange().meet_frame(grey, None)), Ok(None));
    let own = block_on(one.1.account.qr_exchange().meet_frame(seen(&code_of_one), None));
    assert_eq!(own, Err(CoreError::WrongUse { problem: Misuse::OwnCode }));

    let scan = block_on(one.1.account.qr_exchange().meet_frame(seen(&code_of_other), None)).unwrap();
    let Some(ScanView::Meeting { address: who, met: false, .. }) = scan else { panic!("{scan:?}") };
    assert_eq!(who, address(other.0));
    // The other one takes a picture.
    block_on(other.1.account.qr_exchange().meet(code_of_one.png, None)).unwrap();
    for _ in 0..4 {
        one.1.sync(world);
        other.1.sync(world);
    }
    assert_eq!((one.1.trust(other.0), other.1.trust(one.0)), (Trust::Met, Trust::Met));
    assert!(one.1.events().contains(&Event::Met { address: address(other.0) }));
    assert!(other.1.events().contains(&Event::Met { address: address(one.0) }));
}

#[test]
fn alice_asks_bob_from_phone_to_phone() {
    let world = World::start(Place::temporary().unwrap()).unwrap();
    let (alice, bob) = (Phone::of("alice", &world), Phone::of("bob", &world));
    an_account_shows_what_it_has(&alice);
    before_they_met(&alice);
    meet(&world, ("alice", &alice), ("bob", &bob));
    let id = alice_asks(&world, &alice, &bob);
    bob_decides(&world, &alice, &bob, &id);
    alice_sees_it(&alice, &id);
    a_mail_goes_encrypted(&world, &alice, &bob);
    a_mail_is_taken_back(&alice);
    many_calls_at_once(&bob);
    without_a_network(bob, &id);
    nothing_is_left(alice);
}

fn an_account_shows_what_it_has(alice: &Phone) {
    let summary = block_on(alice.account.summary(None)).unwrap();
    assert_eq!((summary.address, summary.name.as_str()), (address("alice"), display_name("alice")));
    let keys = block_on(alice.account.keys(None)).unwrap();
    let roles: Vec<_> = keys.iter().map(|key| key.role).collect();
    let expected = [OwnKeyRole::Root, OwnKeyRole::Approval, OwnKeyRole::Mail, OwnKeyRole::Encryption];
    assert_eq!(roles, expected);
    assert!(keys.iter().all(|key| key.algorithm == Some(KeyAlgorithm::P256)));
    assert_eq!(summary.anchor, keys[0].sha256);
    assert_eq!(block_on(alice.core.accounts(None)), Ok(vec![address("alice")]));
    assert!(block_on(alice.core.account(None, None)).is_ok());
}

fn before_they_met(alice: &Phone) {
    let composer = alice.account.composer();
    let recipients = block_on(composer.recipients(vec![address("alice"), address("bob")], None)).unwrap();
    let able: Vec<_> = recipients.iter().map(|one| (one.can_encrypt, one.trust)).collect();
    assert_eq!(able, [(true, Trust::None), (false, Trust::None)]);
    let mail = |to: Vec<String>| NewMail {
        to,
        cc: Vec::new(),
        answers: None,
        bcc: Vec::new(),
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        files: Vec::new(),
        signed_only: false,
    };
    let send = |to| block_on(composer.send(mail(to), None)).unwrap_err();
    let missing = Misuse::NoCertificate { people: 1 };
    assert_eq!(send(vec![address("bob")]), CoreError::WrongUse { problem: missing });
    assert_eq!(send(Vec::new()), CoreError::WrongUse { problem: Misuse::NoRecipient });
    assert_eq!(send(vec!["nobody".to_owned()]), CoreError::Unreadable { what: UnreadableThing::Address });
    let no_mail = CoreError::NotFound { thing: Thing::Mail };
    assert_eq!(block_on(composer.retry(77, None)), Err(no_mail.clone()));
    assert_eq!(block_on(composer.discard(77, None)), Err(no_mail.clone()));
    assert_eq!(block_on(alice.account.mailboxes().read("inbox.77".to_owned(), None)), Err(no_mail));
    let contact = CoreError::NotFound { thing: Thing::Contact };
    assert_eq!(block_on(alice.account.people().forget(address("bob"), None)), Err(contact.clone()));
    assert_eq!(block_on(alice.account.qr_exchange().agree(address("bob"), None)), Err(contact));
    let no_picture = block_on(alice.account.qr_exchange().meet(b"no picture".to_vec(), None));
    assert_eq!(no_picture, Err(CoreError::Unreadable { what: UnreadableThing::NoQrCode }));
}

fn alice_asks(world: &World, alice: &Phone, bob: &Phone) -> String {
    let request = NewApproval {
        to: vec![address("bob")],
        cc: Vec::new(),
        subject: "采购合同".to_owned(),
        text: "Please approve the contract.".to_owned(),
        files: vec![FileToSend {
            name: "contract.txt".to_owned(),
            content_type: "text/plain".to_owned(),
            bytes: b"ten machines".to_vec(),
        }],
        deciding: Deciding::InOrder,
        deadline: Some("2030-01-01T18:00:00+08:00".to_owned()),
    };
    let wrong = NewApproval { deadline: Some("tomorrow".to_owned()), ..request.clone() };
    let refused = block_on(alice.account.approvals().request(wrong, None)).unwrap_err();
    assert_eq!(refused, CoreError::WrongUse { problem: Misuse::Deadline });

    let named = block_on(alice.account.approvals().request(request, None)).unwrap();
    let waiting = block_on(alice.account.composer().outbox(None)).unwrap();
    let entry = waiting.iter().find(|entry| entry.number == named.outbox).unwrap();
    assert_eq!((entry.state, &entry.recipients), (OutboxState::Waiting, &vec![address("bob")]));
    assert!(block_on(alice.account.composer().flush(None)).unwrap().sent >= 1);
    world.settle().unwrap();
    bob.sync(world);
    assert!(bob.events().contains(&Event::Approval { id: named.id.clone() }));
    named.id
}

fn bob_decides(world: &World, alice: &Phone, bob: &Phone, id: &str) {
    let approvals = bob.account.approvals();
    let listed = block_on(approvals.list(None)).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id.as_str(), listed[0].my_turn), (id, true));
    let view = block_on(approvals.show(id.to_owned(), None)).unwrap();
    assert_eq!((view.state, view.subject.as_str()), (ApprovalState::Open, "采购合同"));
    assert_eq!((view.stages.len(), view.stages[0].state), (1, StageState::Open));
    assert_eq!(view.documents[0].name, "contract.txt");
    let mails = block_on(bob.account.mailboxes().list(Some(Folder::Inbox), None)).unwrap();
    let mail = mails.iter().find(|mail| mail.subject == "采购合同").unwrap();
    let opened = block_on(bob.account.mailboxes().read(mail.id.clone(), None)).unwrap();
    assert_eq!(opened.approval.as_deref(), Some(id), "a mail leads to its approval");

    // The finger is missing: nothing is signed.
    let decide = || block_on(approvals.decide(id.to_owned(), Word::Approve, "好".to_owned(), None));
    bob.vault.becomes(Mood::Refuses(VaultProblem::Cancelled));
    assert_eq!(decide(), Err(CoreError::Vault { problem: VaultProblem::Cancelled }));
    bob.vault.becomes(Mood::Willing);
    assert!(block_on(approvals.show(id.to_owned(), None)).unwrap().my_turn);
    bob.vault.asked.lock().unwrap().clear();
    assert_eq!(decide().unwrap().id, id);
    let asked = bob.vault.asked.lock().unwrap().clone();
    let Some(SignPurpose::Approval { summary }) = asked.first() else { panic!("{asked:?}") };
    assert!(summary.contains("采购合同"), "the vault can say what is signed: {summary}");
    let again = block_on(approvals.decide(id.to_owned(), Word::Reject, String::new(), None)).unwrap_err();
    assert!(matches!(again, CoreError::WrongUse { problem: Misuse::NotDecidable { .. } }), "{again:?}");
    bob.sync(world);
    alice.sync(world);
    bob.sync(world);
}

fn alice_sees_it(alice: &Phone, id: &str) {
    let view = block_on(alice.account.approvals().show(id.to_owned(), None)).unwrap();
    assert_eq!(view.state, ApprovalState::Approved);
    let bob = &view.stages[0].people[0];
    assert_eq!((bob.decision, bob.trust), (Some(Decision::Approved), Trust::Met));
    assert_eq!(bob.comment.as_deref(), Some("好"));
    assert!(bob.time.is_some_and(|time| time > 1_700_000_000));
    let files = block_on(alice.account.approvals().evidence(id.to_owned(), None)).unwrap();
    assert!(files.iter().any(|file| file.path == "tsa.pem"));
    let absent = block_on(alice.account.approvals().show("ffff".to_owned(), None));
    assert_eq!(absent, Err(CoreError::NotFound { thing: Thing::Approval }));
}

fn a_mail_goes_encrypted(world: &World, alice: &Phone, bob: &Phone) {
    let mail = NewMail {
        to: vec![address("alice")],
        cc: Vec::new(),
        answers: None,
        bcc: Vec::new(),
        subject: "Minutes".to_owned(),
        text: "As said.".to_owned(),
        files: vec![FileToSend {
            name: "a.bin".to_owned(),
            content_type: "application/octet-stream".to_owned(),
            bytes: vec![0, 1, 2, 255],
        }],
        signed_only: false,
    };
    block_on(bob.account.composer().send(mail, None)).unwrap();
    bob.sync(world);
    alice.sync(world);
    let mailboxes = alice.account.mailboxes();
    let list = block_on(mailboxes.list(None, None)).unwrap();
    let line = list.iter().find(|line| line.subject == "Minutes").unwrap();
    assert_eq!((line.signature, line.trust), (SignatureState::Valid, Trust::Met));
    let view = block_on(mailboxes.read(line.id.clone(), None)).unwrap();
    assert_eq!(view.verdict.encryption.state, EncryptionState::Decrypted);
    assert_eq!(view.verdict.timestamp.state, TimestampState::Valid);
    assert_eq!(view.verdict.signature.signers[0].emails, [address("bob")]);
    assert_eq!(view.text.as_deref().map(str::trim), Some("As said."));
    let part = view.attachments[0].part.clone();
    let octets = block_on(mailboxes.attachment(line.id.clone(), part, None));
    assert_eq!(octets, Ok(vec![0, 1, 2, 255]));
    let raw = block_on(mailboxes.export(line.id.clone(), None)).unwrap();
    assert!(!raw.windows(8).any(|window| window == b"As said."), "as received, still encrypted");
}

fn a_mail_is_taken_back(alice: &Phone) {
    let composer = alice.account.composer();
    let mail = NewMail {
        to: vec![address("bob")],
        cc: vec![address("alice")],
        answers: None,
        bcc: vec![address("bob")],
        subject: "Prices".to_owned(),
        text: "Four.\n四".to_owned(),
        files: vec![FileToSend {
            name: "a.bin".to_owned(),
            content_type: "application/octet-stream".to_owned(),
            bytes: vec![0, 255],
        }],
        signed_only: false,
    };
    let number = block_on(composer.send_after(mail.clone(), 600, None)).unwrap();
    block_on(composer.flush(None)).unwrap();
    let outbox = block_on(composer.outbox(None)).unwrap();
    let entry = outbox.iter().find(|entry| entry.number == number).unwrap();
    let clock = Clock { now: entry.held_until.unwrap() - 5, utc_offset: 0 };
    let held = block_on(composer.held(clock, None)).unwrap().unwrap();
    assert_eq!((held.number, &held.button.does), (number, &Does::Undo));
    assert_eq!(held.button.text.args[0].value, TextValue::Count { count: 5 });
    let draft = block_on(composer.take_back(number, None)).unwrap();
    assert_eq!(block_on(composer.held(clock, None)), Ok(None));
    assert_eq!(block_on(composer.draft(draft, None)), Ok(mail.clone()));

    let changed = NewMail { subject: "New prices".to_owned(), ..mail };
    assert_eq!(block_on(composer.save_draft(Some(draft), changed.clone(), None)), Ok(draft));
    let drafts = block_on(composer.drafts(None)).unwrap();
    let lines: Vec<_> = drafts.iter().map(|draft| (draft.number, draft.subject.as_str())).collect();
    assert_eq!(lines, [(draft, "New prices")]);
    let again = block_on(composer.send_draft_after(draft, 600, None)).unwrap();
    assert_eq!(block_on(composer.drafts(None)), Ok(Vec::new()));
    let draft = block_on(composer.take_back(again, None)).unwrap();
    assert_eq!(block_on(composer.draft(draft, None)), Ok(changed));
    block_on(composer.discard_draft(draft, None)).unwrap();
    let gone = CoreError::NotFound { thing: Thing::Mail };
    assert_eq!(block_on(composer.draft(draft, None)), Err(gone.clone()));
    assert_eq!(block_on(composer.take_back(again, None)), Err(gone));
}

fn many_calls_at_once(bob: &Phone) {
    let (mailboxes, approvals) = (bob.account.mailboxes(), bob.account.approvals());
    let lists = join_all((0..100).map(|_| mailboxes.list(None, None)));
    let shown = join_all((0..100).map(|_| approvals.list(None)));
    let syncs = join_all((0..4).map(|_| bob.account.sync(None)));
    let (lists, (shown, syncs)) = block_on(futures::future::join(lists, futures::future::join(shown, syncs)));
    assert!(lists.iter().all(|list| list.as_ref().is_ok_and(|list| !list.is_empty())));
    assert!(shown.iter().all(|list| list.as_ref().is_ok_and(|list| list.len() == 1)));
    assert!(syncs.iter().all(Result::is_ok), "{syncs:?}");
}

/// Bob's phone is killed and started again without a network.
fn without_a_network(bob: Phone, id: &str) {
    let Phone { folder, vault, core, account } = bob;
    let mailboxes = account.mailboxes();
    core.shutdown();
    let closed = CoreError::Stopped { reason: StopReason::Closed };
    assert_eq!(block_on(mailboxes.list(None, None)), Err(closed.clone()), "objects outlive their core");
    assert_eq!(block_on(account.sync(None)), Err(closed));

    let home = folder.path().join("home").to_str().unwrap().to_owned();
    let platform: Arc<dyn Vault> = vault.clone();
    let core = Core::new(CoreConfig { home, offline: true }, platform, None).unwrap();
    block_on(core.unlock(None)).unwrap();
    let account = block_on(core.account(Some(address("bob")), None)).unwrap();
    let view = block_on(account.approvals().show(id.to_owned(), None)).unwrap();
    assert_eq!(view.state, ApprovalState::Approved);
    let list = block_on(account.mailboxes().list(None, None)).unwrap();
    let line = list.iter().find(|line| line.subject == "采购合同").unwrap();
    assert!(block_on(account.mailboxes().read(line.id.clone(), None)).unwrap().text.is_some());
    assert!(matches!(block_on(account.sync(None)), Err(CoreError::Network { .. })));
}

/// Objects of every kind, let go of in the wrong order.
fn nothing_is_left(alice: Phone) {
    let Phone { folder, vault, core, account } = alice;
    let objects = (
        account.mailboxes(),
        account.composer(),
        account.approvals(),
        account.people(),
        account.qr_exchange(),
    );
    let again = block_on(core.account(None, None)).unwrap();
    let calls_end = Arc::downgrade(&core);
    drop(core);
    assert_eq!(calls_end.strong_count(), 0);
    assert!(block_on(objects.0.list(None, None)).is_ok(), "an object is enough to go on");
    drop((account, again));
    assert!(block_on(objects.3.list(None)).is_ok());
    drop(objects);
    until("the vault is let go", || Arc::strong_count(&vault) == 1);
    let core = core_in(folder.path(), &vault, None);
    block_on(core.unlock(None)).expect("the home is free again");
}
