//! What the machine says to a server, word for word, and what it makes of answers that are wrong.

use engine::sync::{
    ActionKind, Answer, BodyState, Command, Event, Flags, Outcome, Policy, Resume, Selected, UidSet,
};

use crate::phone::{MORNING, Phone, policy, selected, with_three, with_three_under};

const LISTING: &str = "(UID FLAGS RFC822.SIZE)";
const ALL: &str = "IMAP4rev1 IDLE UIDPLUS MOVE CONDSTORE QRESYNC ENABLE";

#[test]
fn nothing_new_costs_one_command_with_qresync_or_condstore() {
    let mut phone = with_three(ALL);
    assert_eq!(phone.connect(MORNING), "ENABLE QRESYNC");
    assert_eq!(phone.hears(Event::Enabled), "");
    assert_eq!(phone.ok(), "SELECT \"INBOX\" (QRESYNC (7 50 1:3))");
    assert_eq!(phone.hears(selected(3, 4, Some(50))), "");
    assert_eq!(phone.finished, Some(Outcome::UpToDate));

    let mut phone = with_three("IMAP4rev1 CONDSTORE");
    assert_eq!(phone.connect(MORNING), "SELECT \"INBOX\" (CONDSTORE)");
    assert_eq!(phone.hears(selected(3, 4, Some(50))), "");
    assert_eq!(phone.finished, Some(Outcome::UpToDate));
}

#[test]
fn changes_come_with_the_opening_when_the_server_does_qresync() {
    let mut phone = with_three(ALL);
    phone.connect(MORNING);
    phone.hears(Event::Enabled);
    phone.ok();
    phone.hears(Event::Vanished { earlier: true, uids: UidSet::range(1, 1) });
    let flags = Flags::parse(["\\Flagged"]);
    phone.hears(Event::Fetched { uid: Some(3), flags, octets: None });
    assert_eq!(phone.uids(), [1, 2, 3], "nothing before the folder is open: its UIDVALIDITY may be another");
    assert_eq!(phone.hears(selected(3, 5, Some(60))), format!("UID FETCH 4:* {LISTING}"));
    phone.lists(&[(4, "", 100)]);
    assert_eq!(
        phone.disk.folders["INBOX"].state.unwrap().highest_modseq,
        Some(50),
        "not before all of it is here"
    );
    assert_eq!(phone.ok(), "UID FETCH 4 (UID BODY.PEEK[])");
    assert_eq!(phone.disk.folders["INBOX"].state.unwrap().highest_modseq, Some(60));
    assert_eq!(phone.uids(), [2, 3, 4]);
    assert_eq!(phone.flags(3), "(\\Flagged)");
}

#[test]
fn a_server_that_announces_what_it_refuses_is_asked_for_less() {
    let mut phone = with_three(ALL);
    phone.connect(MORNING);
    phone.hears(Event::Enabled);
    phone.ok();
    let bad = || Event::Done(Answer::Bad, None);
    assert_eq!(phone.hears(bad()), "SELECT \"INBOX\" (CONDSTORE)");
    assert_eq!(phone.hears(bad()), "SELECT \"INBOX\"");
    assert_eq!(phone.hears(bad()), "");
    assert_eq!(phone.finished, Some(Outcome::Refused));
}

#[test]
fn a_modification_sequence_that_went_back_is_believed_no_more() {
    let mut phone = with_three("IMAP4rev1 CONDSTORE");
    phone.connect(MORNING);
    assert_eq!(phone.hears(selected(3, 4, Some(20))), format!("UID FETCH 1:* {LISTING}"));
    // Cut here, and the server counts on beyond what was known: still everything is listed.
    phone.hears(Event::Disconnected);
    phone.connect(MORNING);
    assert_eq!(phone.hears(selected(3, 4, Some(70))), format!("UID FETCH 1:* {LISTING}"));
}

#[test]
fn an_incomplete_listing_removes_nothing() {
    for answers in [&[(1, "", 100)][..], &[]] {
        let mut phone = with_three("IMAP4rev1");
        phone.connect(MORNING);
        assert_eq!(phone.hears(selected(3, 4, None)), format!("UID FETCH 1:* {LISTING}"));
        phone.lists(answers);
        assert_eq!(phone.ok(), "NOOP", "answered with OK, and too few");
        for _ in 0..20 {
            let next = phone.ok();
            if next == "UID SEARCH ALL" {
                phone.hears(Event::Found(UidSet::range(2, 2)));
            } else if next.is_empty() {
                break;
            }
        }
        assert_eq!(phone.finished, Some(Outcome::Incomplete));
        assert_eq!(phone.uids(), [1, 2, 3]);
    }
}

#[test]
fn a_listing_that_ends_with_no_or_breaks_off_removes_nothing() {
    for end in [
        Event::Done(Answer::No, None),
        Event::Done(Answer::Bad, None),
        Event::Disconnected,
        Event::Unreadable,
    ] {
        let mut phone = with_three("IMAP4rev1");
        phone.connect(MORNING);
        phone.hears(selected(1, 4, None));
        phone.lists(&[(3, "\\Seen", 100)]);
        assert_eq!(phone.hears(end), "");
        assert_eq!(phone.uids(), [1, 2, 3]);
    }
}

#[test]
fn a_new_uidvalidity_begins_anew() {
    let mut phone = with_three(ALL);
    phone.connect(MORNING);
    phone.hears(Event::Enabled);
    phone.ok();
    let anew = Selected {
        uid_validity: 8,
        uid_next: Some(2),
        exists: 1,
        highest_modseq: Some(90),
        ..Selected::default()
    };
    assert_eq!(phone.hears(Event::Selected(anew)), format!("UID FETCH 1:* {LISTING}"));
    assert!(phone.uids().is_empty());
    assert_eq!(phone.disk.folders["INBOX"].state.unwrap().highest_modseq, None);
}

#[test]
fn hostile_numbers_cost_nothing() {
    let mut phone = with_three("IMAP4rev1");
    phone.connect(MORNING);
    phone.hears(selected(u64::from(u32::MAX), u32::MAX, None));
    phone.hears(Event::Vanished { earlier: false, uids: UidSet::range(1, u32::MAX) });
    phone.hears(Event::Exists(u64::from(u32::MAX)));
    let mut next = phone.ok();
    for _ in 0..200 {
        if next == "UID SEARCH ALL" {
            phone.hears(Event::Found(UidSet::range(1, u32::MAX)));
        }
        next = phone.ok();
        assert!(next.len() < 1_100);
    }
    assert!(phone.uids().is_empty());
}

#[test]
fn large_mail_comes_in_parts_and_goes_on_where_it_broke_off() {
    let mut phone = Phone::new("IMAP4rev1", Policy { range_octets: 1, ..policy() });
    phone.connect(MORNING);
    phone.hears(selected(1, 2, None));
    phone.lists(&[(1, "", 3)]);
    assert_eq!(phone.ok(), "UID FETCH 1 (UID BODY.PEEK[]<0.1>)");
    phone.bodies(&[(1, 1)]);
    assert_eq!(phone.ok(), "UID FETCH 1 (UID BODY.PEEK[]<1.1>)");
    phone.hears(Event::Disconnected);
    assert_eq!(phone.disk.folders["INBOX"].mails[&1].mail.body, BodyState::Partial(1));
    phone.connect(MORNING);
    phone.hears(selected(1, 2, None));
    phone.lists(&[(1, "", 3)]);
    assert_eq!(phone.ok(), "UID FETCH 1 (UID BODY.PEEK[]<1.1>)");
    phone.bodies(&[(1, 1)]);
    assert_eq!(phone.ok(), "UID FETCH 1 (UID BODY.PEEK[]<2.1>)");
    phone.bodies(&[(1, 1)]);
    // The size said 3: only what comes after it shows that it is true.
    assert_eq!(phone.ok(), "UID FETCH 1 (UID BODY.PEEK[]<3.1>)");
    phone.hears(Event::Body { uid: 1, octets: 2 });
    assert!(matches!(phone.disk.folders["INBOX"].mails[&1].mail.body, BodyState::Failed { times: 1, .. }));
}

#[test]
fn a_mail_that_breaks_the_reader_is_passed_and_tried_again_after_days() {
    let mut phone = Phone::new("IMAP4rev1", policy());
    let open = |phone: &mut Phone, day: u64| {
        phone.connect(MORNING.plus(day * 86_400));
        phone.hears(selected(3, 4, None));
        phone.lists(&[(1, "", 100), (2, "", 100), (3, "", 100)]);
        phone.ok()
    };
    assert_eq!(open(&mut phone, 0), "UID FETCH 1:3 (UID BODY.PEEK[])");
    phone.bodies(&[(1, 100)]);
    phone.hears(Event::Unreadable);
    assert_eq!(open(&mut phone, 0), "UID FETCH 3 (UID BODY.PEEK[])");
    phone.bodies(&[(3, 100)]);
    assert_eq!(phone.ok(), "UID FETCH 2 (UID BODY.PEEK[])");
    phone.hears(Event::Unreadable);
    assert_eq!(open(&mut phone, 0), "");
    assert_eq!(phone.finished, Some(Outcome::UpToDate));
    assert_eq!(open(&mut phone, 1), "UID FETCH 2 (UID BODY.PEEK[])");
    phone.hears(Event::Unreadable);
    assert_eq!(open(&mut phone, 3), "");
    assert_eq!(open(&mut phone, 8), "UID FETCH 2 (UID BODY.PEEK[])");
}

#[test]
fn a_mail_on_which_the_connection_breaks_is_left_out_of_this_round_only() {
    let mut phone = Phone::new("IMAP4rev1", policy());
    let open = |phone: &mut Phone| {
        phone.connect(MORNING);
        phone.hears(selected(3, 4, None));
        phone.lists(&[(1, "", 100), (2, "", 100), (3, "", 100)]);
        phone.ok()
    };
    assert_eq!(open(&mut phone), "UID FETCH 1:3 (UID BODY.PEEK[])");
    phone.bodies(&[(1, 100)]);
    phone.hears(Event::Disconnected);
    assert_eq!(open(&mut phone), "UID FETCH 2:3 (UID BODY.PEEK[])");
    phone.hears(Event::Disconnected);
    assert_eq!(open(&mut phone), "UID FETCH 3 (UID BODY.PEEK[])");
    phone.bodies(&[(3, 100)]);
    assert_eq!(phone.ok(), "UID FETCH 2 (UID BODY.PEEK[])");
    phone.hears(Event::Disconnected);
    assert_eq!(open(&mut phone), "UID FETCH 2 (UID BODY.PEEK[])");
    phone.hears(Event::Disconnected);
    assert_eq!(open(&mut phone), "");
    assert_eq!(phone.finished, Some(Outcome::Cut));
    assert_eq!(phone.disk.folders["INBOX"].mails[&2].mail.body, BodyState::None, "it isn't the mail's fault");
    assert_eq!(open(&mut phone), "UID FETCH 2 (UID BODY.PEEK[])");
    phone.bodies(&[(2, 100)]);
    phone.ok();
    assert_eq!(phone.finished, Some(Outcome::UpToDate));
}

#[test]
fn idle_is_renewed_and_ended_for_news() {
    let mut phone = with_three_under("IMAP4rev1 IDLE", Policy { watch: true, ..policy() });
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(28 * 60))), "");
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(29 * 60))), "DONE");
    assert_eq!(phone.ok(), "IDLE");
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(20 * 60))), "DONE", "the clock was set back");
    assert_eq!(phone.ok(), "IDLE");
    assert_eq!(phone.hears(Event::Exists(4)), "DONE");
    assert_eq!(phone.ok(), format!("UID FETCH 4:* {LISTING}"));
    phone.lists(&[(4, "", 100)]);
    assert_eq!(phone.ok(), "UID FETCH 4 (UID BODY.PEEK[])");
    phone.bodies(&[(4, 100)]);
    assert_eq!(phone.ok(), "IDLE");
    phone.acts(0, 2, ActionKind::AddFlags(Flags::parse(["\\Flagged"])));
    assert_eq!(phone.hears(Event::Acted), "DONE");
    assert_eq!(phone.ok(), "UID STORE 2 +FLAGS (\\Flagged)");
    assert_eq!(phone.ok(), "IDLE");
    // A server that refuses to idle after all is asked now and then.
    assert_eq!(phone.no(None), "");
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(26 * 60))), "NOOP");
}

#[test]
fn commands_are_written_as_the_rfcs_do() {
    let text = |command: Command| command.text(|name| format!("\"{name}\""));
    let known = None;
    let resume = Resume::QResync { uid_validity: 1, modseq: u64::MAX >> 1, known };
    let select = Command::Select { folder: "A".into(), resume };
    assert_eq!(text(select), "SELECT \"A\" (QRESYNC (1 9223372036854775807))");
    assert_eq!(text(Command::ListChanged { since: 5 }), format!("UID FETCH 1:* {LISTING} (CHANGEDSINCE 5)"));
    let store = Command::StoreFlags { uids: UidSet::range(2, 9), add: false, flags: Flags::parse(["$junk"]) };
    assert_eq!(text(store), "UID STORE 2:9 -FLAGS ($Junk)");
    let search = Command::SearchMessageId { from: 1, message_id: "a@b".into(), octets: 0 };
    assert_eq!(text(search), "UID SEARCH UID 1:* SMALLER 1 HEADER Message-ID \"a@b\"");
}
