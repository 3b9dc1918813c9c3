//! Folders, listings, bodies and adding mail.

use std::sync::Arc;

use engine::imap::{MailboxName, Role};
use engine::sync::{Flag, Flags};
use testkit::imap_script::{Turn, hear, say};

use super::{able, with};
use crate::error::{CoreError, ServerProblem};
use crate::imap::fetch::Body;
use crate::imap::news::News;

fn inbox() -> MailboxName {
    MailboxName::inbox()
}

#[test]
fn folders_by_special_use_and_subscription() {
    let turns = vec![
        hear("LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE)"),
        say("* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX"),
        say("* LIST (\\Sent \\Subscribed) \"/\" &XfJT0ZAB-"),
        say("* LIST (\\Noselect) \"/\" {4}"),
        say("dir\\"),
        say("* LIST () \"/\" Drafts"),
        say("* LIST () \"/\" Drafts"),
        say("TAG OK done"),
    ];
    let (list, _) = with(turns, async |mut line| {
        able(&mut line, "LIST-EXTENDED SPECIAL-USE");
        line.folders().await.unwrap()
    });
    let shown: Vec<_> =
        list.folders.iter().map(|f| (f.name.shown(), f.role, f.is_selectable, f.is_subscribed)).collect();
    assert_eq!(
        shown,
        [
            ("已发送", Some(Role::Sent), true, true),
            ("Drafts", Some(Role::Drafts), true, false),
            ("INBOX", Some(Role::Inbox), true, true),
            ("dir\\", None, false, false),
        ]
    );
    assert!(list.is_complete);
}

#[test]
fn a_plain_server_is_asked_for_subscriptions_and_a_missing_folder_is_made() {
    let turns = vec![
        hear("LIST \"\" \"*\""),
        say("* LIST () \".\" INBOX"),
        say("* LIST () \".\" INBOX.a"),
        say("TAG OK done"),
        hear("LSUB \"\" \"*\""),
        say("* LSUB () \".\" INBOX.a"),
        say("TAG OK done"),
        hear("CREATE \"&XfJT0ZAB-\""),
        say("TAG OK made"),
    ];
    let (name, _) = with(turns, async |mut line| line.folder_for(Role::Sent, "已发送").await.unwrap());
    assert_eq!(name.wire(), b"&XfJT0ZAB-");
}

#[test]
fn ten_thousand_hostile_names_are_bounded() {
    let folders: String = (0..12_000).map(|i| format!("* LIST () \"/\" \"f{i}\x07\u{202e}\"\r\n")).collect();
    let long = format!("* LIST () \"/\" \"{}\"\r\n* LIST () \"/\" {{3}}\r\na\nb\r\n", "x".repeat(2000));
    let listing = Turn::Say([long, folders].concat().into_bytes());
    let turns = vec![hear("LIST"), listing, say("TAG OK done"), hear("LSUB"), say("TAG NO no")];
    let (list, _) = with(turns, async |mut line| line.folders().await.unwrap());
    assert_eq!((list.folders.len(), list.is_complete), (10_000, false));
    assert!(list.folders.iter().all(|folder| !folder.name.shown().contains(['\x07', '\u{202e}', '\n'])));
}

#[test]
fn looking_changes_nothing_and_traps_of_modseq_are_known() {
    let turns = vec![
        hear("EXAMINE \"INBOX\""),
        say("* 1 EXISTS"),
        say("* OK [UIDVALIDITY 7] x"),
        say("* OK [HIGHESTMODSEQ 9] x"),
        say("* OK [NOMODSEQ] not kept after all"),
        say("TAG OK [READ-ONLY] done"),
        hear("EXAMINE \"INBOX\""),
        say("* 1 EXISTS"),
        say("TAG OK without UIDVALIDITY"),
        hear("EXAMINE \"INBOX\""),
        say("TAG NO [NONEXISTENT] no such folder"),
    ];
    let ((looked, nameless, missing), _) = with(turns, async |mut line| {
        let looked = line.examine(&inbox()).await.unwrap();
        let nameless = line.examine(&inbox()).await;
        (looked, nameless, line.examine(&inbox()).await)
    });
    assert_eq!((looked.highest_modseq, looked.is_read_only, looked.uid_next), (None, true, None));
    let is = |problem| move |error: &CoreError| matches!(error, CoreError::Server { problem: p, .. } if *p == problem);
    assert!(nameless.is_err_and(|error| is(ServerProblem::Protocol)(&error)));
    assert!(missing.is_err_and(|error| is(ServerProblem::Refused)(&error)));
}

/// Answers `UID FETCH n (UID BODY.PEEK[]<from.count>)` from a mail of `octets` octets.
fn serves(octets: usize) -> [Turn; 2] {
    let reply = move |heard: &[String]| {
        let range = heard.last().unwrap().split(['<', '>']).nth(1).unwrap();
        let (from, count) = range.split_once('.').unwrap();
        let from: usize = from.parse().unwrap();
        let end = octets.min(from + count.parse::<usize>().unwrap());
        let part: Vec<u8> = (from.min(end)..end).map(|at| (at % 251) as u8).collect();
        let head = format!("* 1 FETCH (UID 5 BODY[]<{from}> {{{}}}\r\n", part.len());
        [head.as_bytes(), &part, b")\r\nTAG OK done\r\n"].concat()
    };
    [hear("UID FETCH 5 (UID BODY.PEEK[]<"), Turn::Reply(Arc::new(reply))]
}

#[test]
fn a_large_mail_comes_in_ranges() {
    for (octets, commands) in [(0, 1), (5, 1), (262_143, 1), (262_144, 2), (600_000, 3)] {
        let turns = (0..commands).flat_map(|_| serves(octets)).collect();
        let (mail, heard) = with(turns, async |mut line| line.fetch(5).await.unwrap().unwrap());
        let expected: Vec<u8> = (0..octets).map(|at| (at % 251) as u8).collect();
        assert!(mail == expected, "{octets}");
        assert_eq!(heard.len(), commands);
    }
}

#[test]
fn a_mail_that_is_gone_and_one_that_is_changed_meanwhile() {
    let turns = vec![
        hear("UID FETCH 5 "),
        say("* 9 FETCH (UID 6 FLAGS (\\Seen))"),
        say("* 2 EXPUNGE"),
        say("TAG OK done"),
        hear("UID FETCH 5 "),
        say("* 1 FETCH (UID 5 FLAGS (\\Seen))"),
        say("* 1 FETCH (UID 5 FLAGS (\\Flagged) BODY[]<0> \"abc\")"),
        say("TAG OK done"),
    ];
    let ((gone, body, news), _) = with(turns, async |mut line| {
        let gone = line.fetch(5).await.unwrap();
        (gone, line.fetch_range(5, 0, 10).await.unwrap(), line.take_news())
    });
    assert_eq!((gone, body), (None, Body::Octets(b"abc".to_vec())));
    let flags: Vec<_> = news
        .iter()
        .map(|news| match news {
            News::Changed(mail) => (mail.uid, mail.flags.clone().unwrap().concat()),
            other => (None, format!("{other:?}")),
        })
        .collect();
    let expected = [(Some(6), "\\Seen"), (None, "Expunged"), (Some(5), "\\Seen"), (Some(5), "\\Flagged")];
    assert_eq!(flags, expected.map(|(uid, text)| (uid, text.to_owned())));
}

#[test]
fn adding_mail_says_where_it_went() {
    let seen = Flags::from_iter([Flag::Seen]);
    let turns = vec![
        hear("APPEND \"Sent\" (\\Seen) {5}"),
        say("+ go on"),
        Turn::HearOctets(5),
        hear(""),
        say("TAG OK [APPENDUID 38505 3955] done"),
        hear("APPEND \"Sent\" (\\Seen) {5+}"),
        Turn::HearOctets(5),
        hear(""),
        say("TAG OK done"),
        hear("APPEND \"Sent\" (\\Seen) {5}"),
        // Refused before it is sent.
        say("TAG NO [OVERQUOTA] full"),
        hear("NOOP"),
        say("TAG OK done"),
    ];
    let ((told, untold, full, over), heard) = with(turns, async |mut line| {
        let sent = MailboxName::from_text("Sent", false).unwrap();
        let told = line.append(&sent, &seen, b"a\r\nb\n").await.unwrap();
        able(&mut line, "LITERAL-");
        let untold = line.append(&sent, &seen, b"a\r\nb\n").await.unwrap();
        able(&mut line, "APPENDLIMIT=4");
        let over = line.append(&sent, &seen, b"a\r\nb\n").await;
        able(&mut line, "X");
        let full = line.append(&sent, &seen, b"a\r\nb\n").await;
        line.noop().await.unwrap();
        (told, untold, full, over)
    });
    assert_eq!((told, untold), (Some((38505, 3955)), None));
    let problem = |result: Result<_, CoreError>| match result {
        Err(CoreError::Server { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!((problem(full), problem(over)), (ServerProblem::OverQuota, ServerProblem::TooMuch));
    assert_eq!(heard.iter().filter(|line| *line == "a\r\nb\n").count(), 2);
}

#[test]
fn a_mail_is_found_by_its_message_id_and_no_id_breaks_out() {
    let turns = vec![
        hear("UID SEARCH HEADER Message-ID \"<a@b>\""),
        say("* SEARCH 4 9"),
        say("TAG OK done"),
        hear("UID SEARCH HEADER Message-ID \"<xLOGOUT>\""),
        say("* ESEARCH (TAG \"TAG\") UID"),
        say("TAG OK done"),
    ];
    let ((two, none), _) = with(turns, async |mut line| {
        let two = line.search_message_id("<a@b>").await.unwrap();
        (two, line.search_message_id("<x\"\r\n\\ LOGOUT>").await.unwrap())
    });
    assert_eq!((two.to_string().as_str(), none.is_empty()), ("4,9", true));
}
