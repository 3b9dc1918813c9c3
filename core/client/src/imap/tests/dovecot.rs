//! Before the real Dovecot.

use std::time::Duration;

use engine::imap::{MailboxName, Mechanism, Role, ScramHash, Secret};
use engine::sync::{Answer, Capability, Code, Command, Event, Flag, Flags, Resume, UidSet};
use smime::certificate::Certificate;
use xtask::world::{Place, World, address, password};

use crate::config::{Security, Server};
use crate::error::{CoreError, ServerProblem};
use crate::imap::idle::Ended;
use crate::imap::{self, Imap, Login};
use crate::tls;

async fn open(
    world: &World,
    person: &str,
    security: Security,
    password: &str,
) -> Result<(Imap, Option<Mechanism>), CoreError> {
    let ca = std::fs::read(&world.pki().server_ca).unwrap();
    let cas: Vec<Vec<u8>> = Certificate::read_all(&ca).unwrap().iter().map(|ca| ca.der().to_vec()).collect();
    let ports = world.ports();
    let port = if security == Security::Tls { ports.imaps } else { ports.imap_starttls };
    let server = Server { host: "localhost".to_owned(), port, security };
    let user = address(person);
    let login = Login { user: &user, secret: Secret::Password(password), only_scram: false };
    imap::open(&server, &tls::connector(&cas), &login).await
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn events(imap: &mut Imap, command: &Command) -> Vec<(Event, Vec<u8>)> {
    let mut performance = imap.perform(command, 10_000_000).await.unwrap();
    let mut events = Vec::new();
    while let Some(happening) = performance.next().await.unwrap() {
        events.push(happening);
    }
    events
}

async fn plain_events(imap: &mut Imap, command: &Command) -> Vec<Event> {
    events(imap, command).await.into_iter().map(|(event, _)| event).collect()
}

fn set(text: &str) -> UidSet {
    UidSet::parse(text, None).unwrap()
}

const OK: Event = Event::Done(Answer::Ok, None);

#[test]
fn everybody_logs_in_by_the_strongest_that_works() {
    let world = World::start(Place::temporary().unwrap()).unwrap();
    run(async {
        let scram = Some(Mechanism::Scram(ScramHash::Sha256));
        for (person, security, mechanism) in [
            ("alice", Security::Tls, scram),
            ("bob", Security::StartTls, scram),
            // Dovecot has no derived key of this one.
            ("dave", Security::Tls, Some(Mechanism::Plain)),
        ] {
            let (imap, used) = open(&world, person, security, &password(person)).await.unwrap();
            assert_eq!(used, mechanism, "{person}");
            imap.logout().await;
            let wrong = open(&world, person, security, "wrong").await.map(|(_, used)| used);
            assert!(matches!(wrong, Err(CoreError::LoginRefused { .. })), "{person}: {wrong:?}");
        }
    });
}

fn mail(id: &str, octets: usize) -> Vec<u8> {
    let head = format!("From: a@example.test\r\nSubject: {id}\r\nMessage-ID: <{id}@example.test>\r\n\r\n");
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz\r\n";
    [head.as_str(), &line.repeat(octets / line.len())].concat().into_bytes()
}

#[test]
fn every_command_of_the_sync_machine() {
    let world = World::start(Place::temporary().unwrap()).unwrap();
    run(async {
        let (mut imap, _) = open(&world, "alice", Security::Tls, &password("alice")).await.unwrap();
        for capability in [
            Capability::Idle,
            Capability::UidPlus,
            Capability::Move,
            Capability::CondStore,
            Capability::QResync,
            Capability::SpecialUse,
            Capability::ListExtended,
        ] {
            assert!(imap.capabilities().has(capability), "{capability:?}");
        }
        assert!(imap.has_qresync, "enabled");
        let archive = folders(&mut imap).await;

        let mails = [mail("one", 500), mail("two", 5_000), mail("three", 700_000)];
        let none = Flags::default();
        let mut told = Vec::new();
        for mail in &mails {
            told.push(imap.append(&MailboxName::inbox(), &none, mail).await.unwrap().unwrap());
        }
        let validity = told[0].0;
        assert_eq!(told, [(validity, 1), (validity, 2), (validity, 3)]);
        let nowhere = MailboxName::from_text("nowhere", false).unwrap();
        let refused = imap.append(&nowhere, &none, b"x").await;
        assert!(matches!(refused, Err(CoreError::Server { problem: ServerProblem::Refused, .. })));

        let inbox = || "INBOX".to_owned();
        let opened =
            plain_events(&mut imap, &Command::Select { folder: inbox(), resume: Resume::CondStore }).await;
        let Some(Event::Selected(selected)) = opened.last() else { panic!("{opened:?}") };
        assert_eq!((selected.uid_validity, selected.exists, selected.uid_next), (validity, 3, Some(4)));
        assert!(!selected.read_only && selected.new_keywords);
        let modseq = selected.highest_modseq.unwrap();
        reading(&mut imap, &mails).await;
        changing(&mut imap, modseq, &archive).await;

        // What happened is told to whoever comes back.
        let resume = Resume::QResync { uid_validity: validity, modseq, known: Some(set("1:3")) };
        let opened = plain_events(&mut imap, &Command::Select { folder: inbox(), resume }).await;
        let gone: Vec<_> =
            opened.iter().filter(|event| matches!(event, Event::Vanished { earlier: true, .. })).collect();
        assert_eq!(gone, [&Event::Vanished { earlier: true, uids: set("1:2") }], "{opened:?}");
        listening(&world, &mut imap).await;
        imap.logout().await;
    });
}

async fn folders(imap: &mut Imap) -> MailboxName {
    let list = imap.folders().await.unwrap();
    assert!(list.is_complete);
    let role = |role| list.folders.iter().filter(move |folder| folder.role == Some(role)).count();
    assert_eq!(
        [Role::Inbox, Role::Sent, Role::Drafts, Role::Trash, Role::Archive].map(role),
        [1, 1, 1, 1, 0]
    );
    let archive = imap.folder_for(Role::Archive, "归档").await.unwrap();
    assert_eq!(archive.wire(), b"&X1JoYw-");
    assert_eq!(imap.folder_for(Role::Archive, "another").await.unwrap(), archive, "found by its name");
    archive
}

async fn reading(imap: &mut Imap, mails: &[Vec<u8>]) {
    let listed = plain_events(imap, &Command::ListAll).await;
    let fetched = |at: usize, uid| Event::Fetched {
        uid: Some(uid),
        flags: Flags::default(),
        octets: u64::try_from(mails[at].len()).ok(),
    };
    assert_eq!(listed, [fetched(0, 1), fetched(1, 2), fetched(2, 3), OK]);
    let new = plain_events(imap, &Command::ListNew { from: 3 }).await;
    assert_eq!(new, [fetched(2, 3), OK]);
    let some = plain_events(imap, &Command::ListSome { uids: set("1,3") }).await;
    assert_eq!(some, [fetched(0, 1), fetched(2, 3), OK]);
    let all = plain_events(imap, &Command::SearchAll).await;
    assert_eq!(all, [Event::Found(set("1:3")), OK]);

    let bodies = events(imap, &Command::FetchBodies { uids: set("1:3") }).await;
    let octets: Vec<&[u8]> = bodies.iter().map(|(_, octets)| octets.as_slice()).collect();
    assert!(octets == [mails[0].as_slice(), &mails[1], &mails[2], b""]);
    let range = events(imap, &Command::FetchRange { uid: 3, from: 262_144, octets: 1_000 }).await;
    assert_eq!(range[0].0, Event::Body { uid: 3, octets: 1_000 });
    assert!(range[0].1 == mails[2][262_144..263_144]);
    assert!(imap.fetch(3).await.unwrap().as_deref() == Some(mails[2].as_slice()), "in ranges");
    assert_eq!(imap.fetch(99).await.unwrap(), None);
    let (from, octets) = (1, u64::try_from(mails[1].len()).unwrap());
    let by_id = Command::SearchMessageId { from, message_id: "<two@example.test>".to_owned(), octets };
    assert_eq!(plain_events(imap, &by_id).await, [Event::Found(set("2")), OK]);
    assert_eq!(imap.search_message_id("<two@example.test>").await.unwrap(), set("2"));
    assert!(imap.search_message_id("<four@example.test>").await.unwrap().is_empty());
}

async fn changing(imap: &mut Imap, modseq: u64, archive: &MailboxName) {
    let flagged = Flags::from_iter([Flag::Flagged, Flag::Junk]);
    let store = Command::StoreFlags { uids: set("1"), add: true, flags: flagged.clone() };
    let stored = Event::Fetched { uid: Some(1), flags: flagged.clone(), octets: None };
    assert_eq!(plain_events(imap, &store).await, [stored, OK]);
    let changed = plain_events(imap, &Command::ListChanged { since: modseq }).await;
    let uids: Vec<_> = changed
        .iter()
        .map(|event| if let Event::Fetched { uid, .. } = event { *uid } else { None })
        .collect();
    assert_eq!(uids, [Some(1), None]);

    let to = || archive.shown().to_owned();
    let status = plain_events(imap, &Command::Status { folder: to() }).await;
    assert!(matches!(status[..], [Event::Status { uid_next: 1, .. }, OK]), "{status:?}");
    let copied = plain_events(imap, &Command::Copy { uids: set("2"), to: to() }).await;
    assert_eq!(copied, [Event::Done(Answer::Ok, Some(Code::CopyUid(vec![(2, 1)])))]);
    let moved = plain_events(imap, &Command::Move { uids: set("1"), to: to() }).await;
    let gone = Event::Vanished { earlier: false, uids: set("1") };
    assert_eq!(moved, [gone, Event::Done(Answer::Ok, Some(Code::CopyUid(vec![(1, 2)])))]);
    let missing = plain_events(imap, &Command::Copy { uids: set("2"), to: "nowhere".to_owned() }).await;
    assert_eq!(missing, [Event::Done(Answer::No, Some(Code::TryCreate))]);

    // UID EXPUNGE takes what is named, and leaves what another marked.
    let deleted = Flags::from_iter([Flag::Deleted]);
    let mark = Command::StoreFlags { uids: set("2:3"), add: true, flags: deleted.clone() };
    assert_eq!(plain_events(imap, &mark).await.len(), 3);
    let expunged = plain_events(imap, &Command::Expunge { uids: set("2") }).await;
    assert_eq!(expunged, [Event::Vanished { earlier: false, uids: set("2") }, OK]);
    let unmark = Command::StoreFlags { uids: set("3"), add: false, flags: deleted };
    let left = Event::Fetched { uid: Some(3), flags: Flags::default(), octets: None };
    assert_eq!(plain_events(imap, &unmark).await, [left, OK]);
    assert_eq!(plain_events(imap, &Command::Noop).await, [OK]);
    assert_eq!(plain_events(imap, &Command::Enable).await, [Event::Enabled, OK]);
}

async fn listening(world: &World, imap: &mut Imap) {
    let (mut other, _) = open(world, "alice", Security::StartTls, &password("alice")).await.unwrap();
    let limit = Duration::from_secs(20);
    let (inbox, none) = (MailboxName::inbox(), Flags::default());
    let (heard, added) = tokio::join!(
        imap.idle(limit, std::future::pending()),
        other.append(&inbox, &none, b"Subject: new\r\n\r\nx\r\n")
    );
    let (ended, happened) = heard.unwrap();
    assert_eq!((ended, added.unwrap().map(|(_, uid)| uid)), (Ended::News, Some(4)));
    assert!(happened.iter().any(|(event, _)| *event == Event::Exists(2)), "{happened:?}");
    assert_eq!(imap.idle(limit, std::future::ready(())).await.unwrap().0, Ended::Stopped);
    let looked = other.examine(&MailboxName::inbox()).await.unwrap();
    assert!(looked.is_read_only && looked.exists == 2);
    other.logout().await;
}
