//! What comes of the commands of the sync machine, and listening.

use std::time::Duration;

use engine::sync::{Answer, Code, Command, Event, Flag, Flags, Resume, Selected, UidSet};
use testkit::imap_script::{Turn, hear, say};

use super::{Line, able, with};
use crate::error::{CoreError, ServerProblem};
use crate::imap::idle::Ended;

const BUDGET: u64 = 1_000_000;

fn set(text: &str) -> UidSet {
    UidSet::parse(text, None).unwrap()
}

async fn events(line: &mut Line, command: &Command) -> Result<Vec<(Event, String)>, CoreError> {
    let mut performance = line.perform(command, BUDGET).await?;
    let mut events = Vec::new();
    while let Some((event, octets)) = performance.next().await? {
        events.push((event, String::from_utf8(octets).unwrap()));
    }
    Ok(events)
}

fn perform(words: &str, answer: &[&str], command: &Command) -> Vec<Event> {
    let turns = [vec![hear(words)], answer.iter().map(|line| say(line)).collect()].concat();
    let (events, _) = with(turns, async |mut line| events(&mut line, command).await.unwrap());
    events.into_iter().map(|(event, _)| event).collect()
}

const OK: Event = Event::Done(Answer::Ok, None);

fn fetched(uid: Option<u32>, flags: &[&str], octets: Option<u64>) -> Event {
    Event::Fetched { uid, flags: Flags::parse(flags.iter().copied()), octets }
}

#[test]
fn opening_tells_what_changed_and_then_what_the_folder_is() {
    let resume = Resume::QResync { uid_validity: 7, modseq: 20, known: Some(set("1:9")) };
    let happened = perform(
        "SELECT \"Entw&APw-rfe\" (QRESYNC (7 20 1:9))",
        &[
            "* 5 EXPUNGE",
            "* OK [CLOSED] x",
            "* 3 EXISTS",
            "* OK [UIDVALIDITY 7] x",
            "* OK [UIDNEXT 12] x",
            "* OK [HIGHESTMODSEQ 25] x",
            "* OK [PERMANENTFLAGS (\\Seen \\*)] x",
            "* VANISHED (EARLIER) 2:4",
            "* 1 FETCH (UID 9 FLAGS (\\Seen) MODSEQ (24))",
            "TAG OK [READ-WRITE] done",
        ],
        &Command::Select { folder: "Entwürfe".to_owned(), resume },
    );
    let selected = Selected {
        uid_validity: 7,
        uid_next: Some(12),
        exists: 3,
        highest_modseq: Some(25),
        permanent_flags: Some(Flags::from_iter([Flag::Seen])),
        new_keywords: true,
        read_only: false,
    };
    assert_eq!(
        happened,
        [
            Event::Closed,
            Event::Vanished { earlier: true, uids: set("2:4") },
            fetched(Some(9), &["\\Seen"], None),
            Event::Selected(selected),
        ]
    );
}

#[test]
fn a_folder_without_uidvalidity_is_of_no_use() {
    let command = Command::Select { folder: "INBOX".to_owned(), resume: Resume::Plain };
    assert_eq!(perform("SELECT \"INBOX\"", &["* 1 EXISTS", "TAG OK done"], &command), [Event::Unreadable]);
    let command = Command::Select { folder: "x".to_owned(), resume: Resume::CondStore };
    let refused = perform("SELECT \"x\" (CONDSTORE)", &["TAG NO [NONEXISTENT] no"], &command);
    assert_eq!(refused, [Event::Done(Answer::No, Some(Code::NonExistent))]);
}

#[test]
fn listings_are_given_as_they_come_with_what_others_do() {
    let happened = perform(
        "UID FETCH 1:* (UID FLAGS RFC822.SIZE)",
        &[
            "* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 10)",
            "* 9 EXISTS",
            "* 1 FETCH (FLAGS (\\Deleted))",
            "* 1 EXPUNGE",
            "* 2 FETCH (UID 6 FLAGS x RFC822.SIZE 10)",
            "TAG NO [EXPUNGEISSUED] some are gone",
        ],
        &Command::ListAll,
    );
    assert_eq!(
        happened,
        [
            fetched(Some(5), &[], Some(10)),
            Event::Exists(9),
            fetched(None, &["\\Deleted"], None),
            Event::Expunged,
            Event::Dropped,
            Event::Done(Answer::No, Some(Code::ExpungeIssued)),
        ]
    );
}

#[test]
fn many_bodies_come_in_one_command_and_a_broken_one_is_said() {
    let turns = vec![
        hear("UID FETCH 5:7 (UID BODY.PEEK[])"),
        Turn::Say(
            b"* 1 FETCH (UID 5 BODY[] {4}\r\na\r\nb)\r\n* 2 FETCH (BODY[] \"cd\" UID 6 FLAGS (\\Seen))\r\n"
                .to_vec(),
        ),
        say("* 3 FETCH (UID 7 BODY[] {3}"),
        say("efg ENVELOPE ("),
        say("TAG OK done"),
        hear("UID FETCH 8 (UID BODY.PEEK[]<100.50>)"),
        say("* 4 FETCH (UID 8 BODY[]<0> \"another range\")"),
        say("* 4 FETCH (UID 8 BODY[]<100> \"gh\")"),
        say("TAG OK done"),
    ];
    let ((bodies, range), _) = with(turns, async |mut line| {
        let bodies = events(&mut line, &Command::FetchBodies { uids: set("5:7") }).await.unwrap();
        let range = Command::FetchRange { uid: 8, from: 100, octets: 50 };
        (bodies, events(&mut line, &range).await.unwrap())
    });
    let body = |uid, octets, text: &str| (Event::Body { uid, octets }, text.to_owned());
    assert_eq!(
        bodies,
        [
            body(5, 4, "a\r\nb"),
            (fetched(Some(6), &["\\Seen"], None), String::new()),
            body(6, 2, "cd"),
            (Event::Unreadable, String::new())
        ]
    );
    assert_eq!(range, [body(8, 2, "gh"), (OK, String::new())]);
}

#[test]
fn moving_and_copying_tell_the_new_uids() {
    let (uids, to) = (set("4:6"), "Archiv".to_owned());
    let code = Event::Done(Answer::Ok, Some(Code::CopyUid(vec![(4, 10), (5, 12), (6, 11)])));
    let moved = perform(
        "UID MOVE 4:6 \"Archiv\"",
        &["* OK [COPYUID 9 4:6 10,12,11] x", "* VANISHED 4:6", "TAG OK done"],
        &Command::Move { uids: uids.clone(), to: to.clone() },
    );
    assert_eq!(moved, [Event::Vanished { earlier: false, uids: uids.clone() }, code.clone()]);
    let copy = Command::Copy { uids, to };
    assert_eq!(perform("UID COPY 4:6 \"Archiv\"", &["TAG OK [COPYUID 9 4:6 10,12,11] done"], &copy), [code]);
    // More than was asked for: not believed.
    assert_eq!(perform("UID COPY", &["TAG OK [COPYUID 9 1:4294967295 1:4294967295] x"], &copy), [OK]);
    for (answer, code) in [
        ("TAG NO [TRYCREATE] x", Some(Code::TryCreate)),
        ("TAG NO [OVERQUOTA] x", Some(Code::OverQuota)),
        ("TAG NO [NOPERM] x", Some(Code::NoPerm)),
        ("TAG NO [INUSE] x", Some(Code::Busy)),
        ("TAG NO x", None),
    ] {
        assert_eq!(perform("UID COPY", &[answer], &copy), [Event::Done(Answer::No, code)], "{answer}");
    }
}

#[test]
fn the_other_commands() {
    let flags = Flags::from_iter([Flag::Seen]);
    let store = Command::StoreFlags { uids: set("4"), add: false, flags };
    let happened =
        perform("UID STORE 4 -FLAGS (\\Seen)", &["* 2 FETCH (UID 4 FLAGS ())", "TAG OK done"], &store);
    assert_eq!(happened, [fetched(Some(4), &[], None), OK]);
    let expunge = Command::Expunge { uids: set("4") };
    assert_eq!(perform("UID EXPUNGE 4", &["* 2 EXPUNGE", "TAG OK done"], &expunge), [Event::Expunged, OK]);
    let found = perform("UID SEARCH ALL", &["* SEARCH 3 1 2", "TAG OK done"], &Command::SearchAll);
    assert_eq!(found, [Event::Found(set("1:3")), OK]);
    let status = Command::Status { folder: "a\"b".to_owned() };
    let happened = perform(
        "STATUS \"a\\\"b\" (UIDVALIDITY UIDNEXT)",
        &["* STATUS \"a\\\"b\" (UIDNEXT 5 UIDVALIDITY 9)", "TAG OK done"],
        &status,
    );
    assert_eq!(happened, [Event::Status { uid_validity: 9, uid_next: 5 }, OK]);
    let enabled = perform("ENABLE QRESYNC", &["* ENABLED QRESYNC", "TAG OK done"], &Command::Enable);
    assert_eq!(enabled, [Event::Enabled, OK]);
    assert_eq!(perform("NOOP", &["TAG BAD what"], &Command::Noop), [Event::Done(Answer::Bad, None)]);
}

#[test]
fn a_folder_whose_name_breaks_the_rules_is_opened_by_the_octets_of_the_server() {
    let turns = vec![
        hear("LIST"),
        say("* LIST () \"/\" \"R&D\""),
        say("TAG OK done"),
        hear("LSUB"),
        say("TAG OK done"),
        hear("STATUS \"R&D\" "),
        say("TAG OK done"),
        hear("STATUS \"Q&-A\" "),
        say("TAG OK done"),
        hear("STATUS \"a&AA0ACg-X LOGOUT\" "),
        say("TAG OK done"),
    ];
    with(turns, async |mut line| {
        let list = line.folders().await.unwrap();
        assert_eq!(list.folders[0].name.shown(), "R&D");
        for folder in ["R&D", "Q&A", "a\r\nX LOGOUT"] {
            events(&mut line, &Command::Status { folder: folder.to_owned() }).await.unwrap();
        }
        line.is_utf8 = true;
        let refused = events(&mut line, &Command::Status { folder: "a\r\nX LOGOUT".to_owned() }).await;
        assert!(matches!(refused, Err(CoreError::Server { problem: ServerProblem::Protocol, .. })));
    });
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn listening_ends_with_news_by_its_time_and_when_it_is_told_to() {
    let turns = vec![
        hear("IDLE"),
        say("+ idling"),
        say("* OK still here"),
        say("* 4 EXISTS"),
        hear("DONE"),
        say("* 1 FETCH (FLAGS (\\Seen))"),
        say("TAG OK done"),
        hear("IDLE"),
        say("+ idling"),
        hear("DONE"),
        say("TAG OK done"),
        hear("IDLE"),
        say("+ idling"),
        hear("DONE"),
        say("TAG OK done"),
        hear("IDLE"),
        say("TAG NO not now"),
        hear("NOOP"),
        say("TAG OK done"),
    ];
    with(turns, async |mut line| {
        able(&mut line, "IDLE");
        let (ended, happened) = line.idle(LONG, std::future::pending()).await.unwrap();
        let events: Vec<_> = happened.into_iter().map(|(event, _)| event).collect();
        assert_eq!((ended, events), (Ended::News, vec![Event::Exists(4), fetched(None, &["\\Seen"], None)]));
        let soon = Duration::from_millis(50);
        assert_eq!(line.idle(soon, std::future::pending()).await.unwrap(), (Ended::Renew, vec![]));
        assert_eq!(line.idle(LONG, std::future::ready(())).await.unwrap(), (Ended::Stopped, vec![]));
        assert!(line.idle(LONG, std::future::pending()).await.is_err(), "refused");
        line.noop().await.unwrap();
    });
}

#[test]
fn a_listener_that_goes_away_is_ended_before_the_next_command() {
    let turns = vec![
        hear("IDLE"),
        say("+ idling"),
        hear("DONE"),
        say("* 5 EXISTS"),
        say("TAG OK done"),
        hear("NOOP"),
        say("TAG OK done"),
    ];
    let (happened, _) = with(turns, async |mut line| {
        able(&mut line, "IDLE");
        let listening = line.idle(LONG, std::future::pending());
        assert!(tokio::time::timeout(Duration::from_millis(100), listening).await.is_err());
        events(&mut line, &Command::Noop).await.unwrap()
    });
    let events: Vec<_> = happened.into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, [Event::Exists(5), OK], "what came meanwhile is told with the next command");
}

#[test]
fn a_server_without_idle_is_asked() {
    let turns = vec![hear("NOOP"), say("* 2 EXISTS"), say("TAG OK done")];
    let ((ended, happened), heard) =
        with(turns, async |mut line| line.idle(LONG, std::future::ready(())).await.unwrap());
    assert_eq!((ended, happened), (Ended::News, vec![(Event::Exists(2), String::new().into_bytes())]));
    assert_eq!(heard, ["NOOP"]);
}
