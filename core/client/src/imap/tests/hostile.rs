//! Servers that lie, flood, stop in the middle or never stop.

use engine::imap::{MailboxName, Secret};
use testkit::imap_script::{Turn, hear, say};

use super::login::enter;
use super::{able, with, with_odd};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::imap::fetch::Body;
use crate::imap::news::News;

fn server(problem: ServerProblem) -> CoreError {
    CoreError::Server { host: "mail.example.test:993".to_owned(), problem }
}

fn cut() -> CoreError {
    CoreError::Network { host: "mail.example.test:993".to_owned(), problem: NetworkProblem::Cut }
}

/// What a server says to the fetch of a range of 100 octets, and what comes of it.
fn fetching(turns: Vec<Turn>) -> Result<Body, CoreError> {
    let turns = [vec![hear("UID FETCH 5 (UID BODY.PEEK[]<0.100>)")], turns].concat();
    with(turns, async |mut line| line.fetch_range(5, 0, 100).await).0
}

#[test]
fn literals_that_are_too_large_or_never_come() {
    let begin = |length: &str| say(&format!("* 1 FETCH (UID 5 BODY[]<0> {{{length}}}"));
    for length in ["70000000", "2147483648", "4294967296", "99999999999999999999999"] {
        assert_eq!(fetching(vec![begin(length)]), Err(server(ServerProblem::TooMuch)), "{length}");
    }
    assert_eq!(fetching(vec![begin("100"), say("only this"), Turn::Cut]), Err(cut()));
    // More than was asked for, though less than is dangerous.
    let longer = say(&format!("{})", "x".repeat(101)));
    assert_eq!(fetching(vec![begin("101"), longer, say("TAG OK done")]), Ok(Body::Unreadable));
}

#[test]
fn endless_lines_and_endless_answers() {
    let endless = Turn::Repeat(vec![b'a'; 65536], 2000);
    assert_eq!(fetching(vec![endless]), Err(server(ServerProblem::TooMuch)));
    let flags = "* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n".repeat(1000).into_bytes();
    assert_eq!(fetching(vec![Turn::Repeat(flags, 10_000)]), Err(server(ServerProblem::TooMuch)));
}

#[test]
fn a_mail_of_two_gigabytes_is_listed_as_such() {
    let turns = vec![
        hear("UID FETCH 1:* (UID FLAGS RFC822.SIZE)"),
        say("* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 2147483648)"),
        say("* 2 FETCH (UID 6 FLAGS (\\Seen) RFC822.SIZE 18446744073709551615)"),
        say("TAG OK done"),
    ];
    let (listed, _) = with(turns, async |mut line| line.list(2).await.unwrap());
    let octets: Vec<_> = listed.iter().map(|mail| (mail.uid, mail.octets, mail.is_seen)).collect();
    assert_eq!(octets, [(5, 2_147_483_648, false), (6, u64::MAX, true)]);
}

#[test]
fn a_refusal_in_the_middle_is_no_success() {
    for (end, problem) in [
        ("TAG NO some are gone", ServerProblem::Refused),
        ("TAG BAD what", ServerProblem::Refused),
        ("TAG NO [OVERQUOTA] bandwidth", ServerProblem::OverQuota),
        ("TAG NO [LIMIT] slower", ServerProblem::Throttled),
        ("* BYE [OVERQUOTA] bandwidth", ServerProblem::Throttled),
        ("* BYE shutting down", ServerProblem::NotNow),
    ] {
        let turns = vec![
            hear("UID FETCH 1:*"),
            say("* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 1)"),
            say("* 2 FETCH (UID 6 FLAGS () RFC822.SIZE 1)"),
            say(end),
        ];
        let (listed, _) = with(turns, async |mut line| line.list(2).await.map(|listed| listed.len()));
        assert_eq!(listed, Err(server(problem)), "{end}");
    }
    let body = say("* 1 FETCH (UID 5 BODY[]<0> \"abc\")");
    assert_eq!(fetching(vec![body, say("TAG NO gone")]), Err(server(ServerProblem::Refused)));
}

#[test]
fn a_listing_that_lacks_a_mail_is_none() {
    for line in
        ["* 2 FETCH (UID 6 FLAGS () RFC822.SIZE x)", "* 2 FETCH (UID 5 FLAGS () RFC822.SIZE 1)", "* 2 FETCH"]
    {
        let turns = vec![
            hear("UID FETCH 1:*"),
            say("* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 1)"),
            say(line),
            say("TAG OK done"),
        ];
        let (listed, _) = with(turns, async |mut line| line.list(2).await.map(|listed| listed.len()));
        assert_eq!(listed, Err(server(ServerProblem::Protocol)), "{line}");
    }
}

#[test]
fn an_answer_that_is_not_understood_costs_one_mail_not_the_connection() {
    let turns = vec![
        hear("UID FETCH 5 "),
        Turn::Say(b"* 1 FETCH (UID 5 BODY[]<0> {3}\r\nabc ENVELOPE ((\"\r\n".to_vec()),
        say("TAG OK done"),
        hear("UID FETCH 6 "),
        say("* 2 FETCH (UID 6 BODY[]<0> \"next\")"),
        say("TAG OK done"),
    ];
    let (bodies, _) = with(turns, async |mut line| {
        [line.fetch_range(5, 0, 100).await.unwrap(), line.fetch_range(6, 0, 100).await.unwrap()]
    });
    assert_eq!(bodies, [Body::Unreadable, Body::Octets(b"next".to_vec())]);
}

#[test]
fn a_flood_of_news_is_bounded_and_said() {
    let flood =
        (0..5000).map(|i| format!("* {0} FETCH (UID {0} FLAGS (\\Seen))\r\n* {0} EXPUNGE\r\n", i + 1));
    let turns = vec![
        hear("UID FETCH 5 "),
        say("* 6000 EXISTS"),
        Turn::Say(flood.collect::<String>().into_bytes()),
        say("* 1 FETCH (UID 5 BODY[]<0> \"abc\")"),
        say("* 7 EXISTS"),
        say("* 8 EXISTS"),
        say("TAG OK done"),
    ];
    let ((body, exists, news), _) = with(turns, async |mut line| {
        let body = line.fetch_range(5, 0, 100).await.unwrap();
        (body, line.exists, line.take_news())
    });
    assert_eq!((body, exists), (Body::Octets(b"abc".to_vec()), 8));
    assert!(news.len() <= 1001 && news[0] == News::Dropped, "{}", news.len());
    assert_eq!(news.last(), Some(&News::Exists(8)));
}

#[test]
fn an_end_of_a_command_that_was_never_sent_ends_the_connection() {
    let turns = vec![hear("NOOP"), say("X99 OK done"), say("TAG OK done")];
    let ((first, second), _) = with(turns, async |mut line| (line.noop().await, line.noop().await));
    assert_eq!((first, second), (Err(server(ServerProblem::Protocol)), Err(cut())));
}

#[test]
fn a_caller_that_goes_away_leaves_the_connection_usable() {
    let turns = vec![
        hear("UID FETCH 5 "),
        say("* 3 EXISTS"),
        hear("X-GO"),
        say("* 1 FETCH (UID 5 BODY[]<0> \"abc\")"),
        Turn::Say(b"C1 OK done\r\n".to_vec()),
        hear("NOOP"),
        say("TAG OK done"),
    ];
    let (news, _) = with(turns, async |mut line| {
        let patience = std::time::Duration::from_millis(100);
        let fetched = tokio::time::timeout(patience, line.fetch_range(5, 0, 100)).await;
        assert!(fetched.is_err(), "the server waits");
        line.line(b"X-GO").await.unwrap();
        line.noop().await.unwrap()
    });
    assert_eq!(news, [News::Exists(3)]);
}

/// A whole session; the server goes away after each of its turns.
#[test]
fn the_line_is_cut_at_every_boundary() {
    let whole = vec![
        say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi"),
        hear("AUTHENTICATE PLAIN "),
        say("TAG OK [CAPABILITY IMAP4rev1 ENABLE ID CONDSTORE QRESYNC SPECIAL-USE LIST-EXTENDED] in"),
        hear("ID"),
        say("TAG OK done"),
        hear("ENABLE"),
        say("* ENABLED QRESYNC"),
        say("TAG OK done"),
        hear("LIST"),
        say("* LIST (\\Sent) \"/\" Sent"),
        say("TAG OK done"),
        hear("EXAMINE \"Sent\""),
        say("* 1 EXISTS"),
        say("* OK [UIDVALIDITY 7] x"),
        say("TAG OK done"),
        hear("UID FETCH 1:*"),
        say("* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 3)"),
        say("TAG OK done"),
        hear("UID FETCH 5"),
        Turn::Say(b"* 1 FETCH (UID 5 BODY[]<0> {3}\r\na".to_vec()),
        Turn::Say(b"bc)\r\n".to_vec()),
        say("TAG OK done"),
        hear("APPEND"),
        say("+ go on"),
        Turn::HearOctets(3),
        hear(""),
        say("TAG OK done"),
    ];
    let session = async |line| -> Result<Vec<u8>, CoreError> {
        let (done, mut line) = enter(line, Secret::Password("secret")).await;
        done?;
        let list = line.folders().await?;
        let sent = list.folders.first().map_or(MailboxName::inbox(), |folder| folder.name.clone());
        let selected = line.examine(&sent).await?;
        let listed = line.list(selected.exists).await?;
        let body = line.fetch(listed[0].uid).await?;
        line.append(&sent, &Default::default(), b"abc").await?;
        Ok(body.unwrap_or_default())
    };
    for turns in 1..whole.len() {
        let part = [&whole[..turns], &[Turn::Cut]].concat();
        let (done, heard) = with_odd(part, session);
        assert_eq!(done, Err(cut()), "after {turns} turns");
        assert!(heard.is_ok(), "{heard:?}");
    }
    assert_eq!(with(whole, session).0, Ok(b"abc".to_vec()));
}

#[test]
fn capabilities_that_are_lies_are_refused_commands() {
    let turns = vec![
        hear("LIST \"\" \"*\" RETURN"),
        say("TAG BAD no such thing"),
        hear("EXAMINE \"INBOX\""),
        say("TAG BAD no such thing"),
        hear("NOOP"),
        say("TAG OK done"),
    ];
    let ((folders, selected), _) = with(turns, async |mut line| {
        able(&mut line, "LIST-EXTENDED");
        let folders = line.folders().await.map(|list| list.folders.len());
        let selected = line.examine(&MailboxName::inbox()).await;
        line.noop().await.unwrap();
        (folders, selected.map(|selected| selected.exists))
    });
    assert_eq!(
        (folders, selected),
        (Err(server(ServerProblem::Refused)), Err(server(ServerProblem::Refused)))
    );
}
