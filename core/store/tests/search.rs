//! What the index finds, and what it leaves on the disk.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::path::Path;
use std::sync::Arc;

use engine::ports::StoreError;
use engine::search::{Changes, Cursor, Document, Found, MailId, Page, Query, SearchIndex, UnixTime};
use store::{SealedIndex, SealedStore};
use support::mails::{NEW_YEAR, add, found, id, mail, mark, page};
use support::{KEY, files_below, open};

fn opened(folder: &Path) -> (SealedStore, Arc<SealedIndex>) {
    let store = open(folder, &KEY).unwrap();
    let index = store.search_index(b"alice@example.com");
    (store, index)
}

/// A small mailbox with one of everything.
fn mailbox() -> Vec<Document> {
    vec![
        mail("inbox", 1, "Quarterly report", "Numbers for Zürich are attached."),
        Document {
            file_names: vec!["2026年采购合同.pdf".to_owned(), "Résumé final.docx".to_owned()],
            has_attachment: true,
            ..mail("inbox", 2, "采购", "请在周五前确认季度报告。\n谢谢")
        },
        Document {
            from: vec!["Carol Reyes <carol.reyes@example.net>".to_owned()],
            to: vec!["alice@example.com".to_owned(), "Dave <dave@example.org>".to_owned()],
            ..mail("inbox", 3, "Re: quarterly", "The report on quarterly numbers; reporting ends.")
        },
        Document {
            from: vec!["Alice <alice@example.com>".to_owned()],
            to: vec!["bob@example.org".to_owned()],
            file_texts: vec!["invoice;4711;paid".to_owned()],
            has_attachment: true,
            ..mail("sent", 4, "Hello", "Straße und Łódź, 계약서를 보냅니다. 証明書")
        },
    ]
}

#[test]
fn bob_finds_his_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (store, index) = opened(folder.path());
    assert_eq!(index.mark(), Ok(None));
    assert_eq!(found(&*index, "quarterly"), [""; 0]);
    add(&*index, mailbox(), 1);
    let expect = |typed: &str, ids: &[&str]| assert_eq!(found(&*index, typed), ids, "{typed}");

    // Words: all of them, in any field, newest first.
    expect("quarterly ", &["inbox.3", "inbox.1"]);
    expect("QUARTERLY Numbers ", &["inbox.3", "inbox.1"]);
    expect("quarterly zürich ", &["inbox.1"]);
    expect("quarterly hello ", &[]);
    expect("nowhere", &[]);
    // Begins.
    expect("repo", &["inbox.3", "inbox.1"]);
    expect("repo ", &[]);
    expect("rep* numb* ", &["inbox.3", "inbox.1"]);
    expect("q", &["inbox.3", "inbox.1"]);
    // Phrases.
    expect("\"quarterly report\"", &["inbox.1"]);
    expect("\"report quarterly\"", &[]);
    expect("\"report on quarterly", &["inbox.3"]);
    expect("\"report on quar", &["inbox.3"]);
    expect("\"on quar\" ", &[]);
    // Marks and case.
    expect("zurich ", &["inbox.1"]);
    expect("strasse lodz ", &["sent.4"]);
    expect("mu\u{308}ller in:inbox ", &["inbox.2", "inbox.1"]);
    // Chinese, Japanese, Korean.
    expect("采购合同", &["inbox.2"]);
    expect("合同", &["inbox.2"]);
    expect("购合", &["inbox.2"]);
    expect("合购", &[]);
    expect("采购 报告", &["inbox.2"]);
    expect("采购报告", &[]);
    expect("告", &["inbox.2"]);
    expect("季", &["inbox.2"]);
    expect("\u{7533}", &[]);
    expect("証明", &["sent.4"]);
    expect("계약서", &["sent.4"]);
    expect("계약", &["sent.4"]);
    expect("2026年采购", &["inbox.2"]);
    expect("２０２６年", &["inbox.2"]);
    // Names and text of attachments.
    expect("resume.docx", &[]);
    expect("\"resume final.docx\"", &["inbox.2"]);
    expect("4711 ", &["sent.4"]);
    // Addresses.
    expect("bob@example.org ", &["sent.4", "inbox.2", "inbox.1"]);
    expect("carol.reyes@exa", &["inbox.3"]);
    expect("reyes@example.net ", &[]);
    expect("example.net", &["inbox.3"]);
    expect("reyes", &["inbox.3"]);
    drop((store, index));
}

#[test]
fn filters_narrow_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    add(&*index, mailbox(), 1);
    let expect = |typed: &str, ids: &[&str]| assert_eq!(found(&*index, typed), ids, "{typed}");
    expect("from:bob ", &["inbox.2", "inbox.1"]);
    expect("from:carol.reyes@example.net", &["inbox.3"]);
    expect("from:\"carol reyes\"", &["inbox.3"]);
    expect("from:\"carol net\"", &[]);
    expect("to:bob ", &["sent.4"]);
    expect("to:dave ", &["inbox.3"]);
    expect("to:bob from:bob ", &[]);
    expect("subject:quarterly ", &["inbox.3", "inbox.1"]);
    expect("subject:numbers ", &[]);
    expect("subject:采", &["inbox.2"]);
    expect("has:attachment ", &["sent.4", "inbox.2"]);
    expect("has:attachment in:sent", &["sent.4"]);
    expect("in:INBOX ", &["inbox.3", "inbox.2", "inbox.1"]);
    expect("in:archive ", &[]);
    // Received on 2026-01-02 to 2026-01-05.
    expect("before:2026-01-04 ", &["inbox.2", "inbox.1"]);
    expect("after:2026-01-04 ", &["sent.4", "inbox.3"]);
    expect("after:2026-01-03 before:2026-01-04 ", &["inbox.2"]);
    expect("before:2026 ", &[]);
    expect("report after:2026-01-03 ", &["inbox.3"]);
    expect("report from:bob before:2026-01-03 in:inbox ", &["inbox.1"]);
}

#[test]
fn mail_is_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, index) = opened(folder.path());
    add(&*index, mailbox(), 1);
    let changes = Changes {
        removed: vec![id("inbox", 3), id("inbox", 99)],
        added: vec![mail("inbox", 1, "Other", "nothing"), mail("inbox", 1, "Last", "wins")],
    };
    index.update(changes, mark(2)).unwrap();
    let check = |index: &SealedIndex| {
        assert_eq!(index.mark(), Ok(Some(mark(2))));
        assert_eq!(found(index, "quarterly "), [""; 0]);
        assert_eq!(found(index, "other "), [""; 0]);
        assert_eq!(found(index, "wins "), ["inbox.1"]);
        assert_eq!(found(index, "in:inbox "), ["inbox.2", "inbox.1"]);
    };
    check(&index);
    drop((store, index));
    check(&opened(folder.path()).1);
}

#[test]
fn each_account_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (store, index) = opened(folder.path());
    let other = store.search_index(b"alice@example.org");
    add(&*index, mailbox(), 1);
    add(&*other, vec![mail("inbox", 9, "quarterly", "")], 5);
    assert_eq!(found(&*index, "quarterly "), ["inbox.3", "inbox.1"]);
    assert_eq!(found(&*other, "quarterly "), ["inbox.9"]);
    other.clear().unwrap();
    assert_eq!(other.mark(), Ok(None));
    assert_eq!(found(&*other, "quarterly "), [""; 0]);
    assert_eq!(store.search_index(b"alice@example.com").mark(), Ok(Some(mark(1))));
}

#[test]
fn pages_hold_each_mail_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    // Several segments; many mails of one second, some in both folders under one UID.
    let mut expected = Vec::new();
    for round in 0..5 {
        let mut added = Vec::new();
        for uid in round * 20..round * 20 + 20 {
            for folder in ["inbox", "sent"] {
                let date = NEW_YEAR + u64::from(uid / 30);
                added.push(Document { date: UnixTime::from_secs(date), ..mail(folder, uid, "same", "") });
                expected.push((date, uid, folder));
            }
        }
        add(&*index, added, u64::from(round));
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let found = page(&*index, "same ", Page { limit: 7, after });
        assert_eq!(found.total, 200);
        seen.extend(found.mails);
        assert!(seen.len() <= 200);
        let Some(next) = found.next else { break };
        after = Some(next);
    }
    let dates: Vec<_> = seen.iter().map(|mail| (mail.uid / 30, mail.uid)).collect();
    assert!(dates.is_sorted_by(|a, b| a >= b), "newest first");
    let mut seen: Vec<_> = seen.into_iter().map(|mail| (mail.uid, mail.folder)).collect();
    seen.sort();
    let mut expected: Vec<_> =
        expected.into_iter().map(|(_, uid, folder)| (uid, folder.to_owned())).collect();
    expected.sort();
    assert_eq!(seen, expected);

    let all = page(&*index, "same ", Page { limit: usize::MAX, after: None });
    assert_eq!((all.mails.len(), all.next), (200, None));
    let none = page(&*index, "same ", Page { limit: 0, after: None });
    assert_eq!((none.mails.len(), none.total), (0, 200));
    let beyond = page(&*index, "same ", Page { limit: 9, after: Some(Cursor { date: 0, tie: 0 }) });
    assert_eq!((beyond.mails.len(), beyond.total, beyond.next), (0, 200, None));
}

#[test]
fn hostile_queries_end_and_find_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    add(&*index, mailbox(), 1);
    let everything = Page { limit: 100, after: None };
    for typed in [
        String::new(),
        "\"".repeat(10_000),
        "*".repeat(10_000),
        "\u{0}\u{1b}[31m\u{7f}".repeat(1000),
        ":\"*:".repeat(1000),
        "(((((((((( OR AND NOT [a TO b] {x} /.*/ ~5 ^2 \\".to_owned(),
    ] {
        let found = index.find(&Query::parse(&typed).unwrap(), everything).unwrap();
        assert_eq!(found.mails, Vec::<MailId>::new(), "{}", typed.len());
    }
    let shorter = |text: &str| index.find(&Query::parse(text).unwrap(), everything).unwrap().mails.len();
    assert_eq!(shorter(&"x".repeat(10_000_000)), 0);
    assert_eq!(shorter(&"quarterly ".repeat(10_000)), 2);
    assert_eq!(shorter(&"q* ".repeat(10_000)), 2);
    assert_eq!(shorter(&format!("\"{}", "a ".repeat(10_000))), 0);
    assert_eq!(shorter(&"告".repeat(1_000_000)), 0);
    assert_eq!(shorter(&"from:bob@example.org ".repeat(10_000)), 2);
    assert_eq!(shorter("quarterly \u{0}\u{202e}report "), 2);
}

#[test]
fn a_hostile_mail_is_indexed() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    let huge = Document {
        from: vec!["x@y ".repeat(100_000); 3],
        to: (0..50_000).map(|number| format!("person{number}@example.org")).collect(),
        subject: "\u{1f600}".repeat(1_000_000),
        file_names: vec!["\u{0}\u{ff}../".repeat(100_000), "last".to_owned()],
        ..mail("inbox", 1, "", &"w\u{301}".repeat(1_000_000))
    };
    let endless = mail("inbox", 2, "endless", &format!("begin {} end", "a".repeat(5_000_000)));
    add(&*index, vec![huge, endless, mail("inbox", 3, "", "")], 1);
    assert_eq!(found(&*index, "person7@example.org "), ["inbox.1"]);
    assert_eq!(found(&*index, "begin "), ["inbox.2"]);
    // Behind what is indexed of one mail.
    assert_eq!(found(&*index, "end "), [""; 0]);
    assert_eq!(found(&*index, "person49999@example.org "), [""; 0]);
    assert_eq!(found(&*index, "in:inbox "), ["inbox.3", "inbox.2", "inbox.1"]);
}

#[test]
fn removed_mail_gives_its_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    let text = |uid: u32| {
        (0..400).map(|word| format!("w{}x{word} ", uid.wrapping_mul(2_654_435_761))).collect::<String>()
    };
    for round in 0..4 {
        let mails = (round * 50..round * 50 + 50).map(|uid| mail("inbox", uid, "s", &text(uid))).collect();
        add(&*index, mails, u64::from(round));
    }
    let octets = || -> u64 {
        let files = files_below(&folder.path().join("search"));
        files.iter().map(|file| file.metadata().unwrap().len()).sum()
    };
    let full = octets();
    let changes = Changes { removed: (5..200).map(|uid| id("inbox", uid)).collect(), added: Vec::new() };
    index.update(changes, mark(9)).unwrap();
    assert_eq!(found(&*index, "s ").len(), 5);
    let rest = octets();
    assert!(rest * 10 < full, "{rest} of {full} octets are left for 5 of 200 mails");
}

#[test]
fn searches_go_on_while_mail_is_indexed() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    add(&*index, (0..100).map(|uid| mail("inbox", uid, "same", "")).collect(), 0);
    std::thread::scope(|scope| {
        let searching = scope.spawn(|| {
            for _ in 0..300 {
                let found = page(&*index, "same ", Page { limit: 1000, after: None });
                assert!(found.total.is_multiple_of(100) && found.mails.len() as u64 == found.total);
            }
        });
        for number in 1..6 {
            let mails =
                (number * 100..number * 100 + 100).map(|uid| mail("inbox", uid, "same", "")).collect();
            add(&*index, mails, u64::from(number));
        }
        searching.join().unwrap();
    });
    assert_eq!(page(&*index, "same ", Page { limit: 1, after: None }).total, 600);
}

#[test]
fn a_wrong_key_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, index) = opened(folder.path());
    add(&*index, mailbox(), 1);
    drop((store, index));
    let files = || -> Vec<_> {
        files_below(folder.path()).into_iter().map(|file| (std::fs::read(&file).unwrap(), file)).collect()
    };
    let before = files();
    assert_eq!(open(folder.path(), &[1; 32]).map(drop), Err(StoreError::WrongKey));
    assert!(files() == before);
    assert_eq!(found(&*opened(folder.path()).1, "quarterly "), ["inbox.3", "inbox.1"]);
}

#[test]
fn an_index_keeps_the_store_locked() {
    let folder = tempfile::tempdir().unwrap();
    let (store, index) = opened(folder.path());
    drop(store);
    assert_eq!(open(folder.path(), &KEY).map(drop), Err(StoreError::InUse));
    drop(index);
    open(folder.path(), &KEY).unwrap();
}

#[test]
fn nothing_asked_nothing_found() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, index) = opened(folder.path());
    add(&*index, mailbox(), 1);
    let query = Query::parse(" \"…\" ").unwrap();
    assert_eq!(index.find(&query, Page { limit: 10, after: None }), Ok(Found::default()));
}
