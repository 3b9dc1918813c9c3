//! What the machine does on the server for the user, word for word.

use engine::sync::{
    ActionFailure, ActionKind, Code, Event, Flags, Outcome, Policy, Seen, Selected, Target, UidSet, arriving,
    shown,
};

use crate::phone::{MORNING, Phone, policy, selected, with_three};

#[test]
fn without_move_a_mail_is_copied_marked_and_expunged_and_only_that_one() {
    for (capabilities, expunges) in [("IMAP4rev1 UIDPLUS", true), ("IMAP4rev1", false)] {
        let mut phone = with_three(capabilities);
        phone.acts(0, 2, ActionKind::Delete);
        assert_eq!(phone.hears(Event::Acted), "STATUS \"Trash\" (UIDVALIDITY UIDNEXT)");
        phone.hears(Event::Status { uid_validity: 4, uid_next: 40 });
        assert_eq!(phone.ok(), "UID COPY 2 \"Trash\"");
        assert_eq!(phone.ok(), "UID STORE 2 +FLAGS (\\Deleted)");
        let next = phone.ok();
        if expunges {
            assert_eq!(next, "UID EXPUNGE 2");
            phone.hears(Event::Expunged);
            assert_eq!(phone.ok(), "NOOP");
            assert_eq!(phone.disk.actions.len(), 1, "it hides the mail until the record is gone");
            assert_eq!(phone.ok(), "UID SEARCH ALL");
            phone.hears(Event::Found(UidSet::parse("1,3", None).unwrap()));
            phone.ok();
            assert_eq!(phone.uids(), [1, 3]);
        } else {
            assert_eq!(next, "", "EXPUNGE would take what others marked");
            assert_eq!(phone.flags(2), "(\\Seen \\Deleted)");
        }
        assert_eq!(phone.disk.ended, [(0, None)]);
    }
}

#[test]
fn a_copy_whose_answer_was_lost_is_looked_for_before_it_is_made_again() {
    for (found, state) in
        [("41", "UID STORE 2 +FLAGS (\\Deleted)"), ("39", "STATUS \"Trash\" (UIDVALIDITY UIDNEXT)")]
    {
        let mut phone = with_three("IMAP4rev1 UIDPLUS");
        phone.acts(0, 2, ActionKind::Delete);
        phone.hears(Event::Acted);
        phone.hears(Event::Status { uid_validity: 7, uid_next: 40 });
        assert_eq!(phone.ok(), "UID COPY 2 \"Trash\"");
        phone.hears(Event::Disconnected);
        phone.connect(MORNING.plus(60));
        phone.hears(selected(3, 4, None));
        phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
        assert_eq!(phone.ok(), "SELECT \"Trash\"");
        assert_eq!(
            phone.hears(selected(9, 42, None)),
            "UID SEARCH UID 40:* LARGER 99 SMALLER 101 HEADER Message-ID \"2@example.org\""
        );
        // `40:*` has the last mail even if that is below: it was there before.
        phone.hears(Event::Found(UidSet::parse(found, None).unwrap()));
        assert_eq!(phone.ok(), "SELECT \"INBOX\"");
        phone.hears(selected(3, 4, None));
        phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
        assert_eq!(phone.ok(), state);
    }
}

#[test]
fn a_lost_copy_into_a_folder_that_was_numbered_anew_deletes_nothing() {
    let mut phone = with_three("IMAP4rev1 UIDPLUS");
    phone.acts(0, 2, ActionKind::Delete);
    phone.hears(Event::Acted);
    phone.hears(Event::Status { uid_validity: 6, uid_next: 40 });
    phone.ok();
    phone.hears(Event::Disconnected);
    phone.connect(MORNING.plus(60));
    phone.hears(selected(3, 4, None));
    phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
    assert_eq!(phone.ok(), "SELECT \"Trash\"");
    assert_eq!(phone.hears(selected(9, 42, None)), "SELECT \"INBOX\"", "UIDVALIDITY is 7 now");
    phone.hears(selected(3, 4, None));
    phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
    assert_eq!(phone.ok(), "");
    assert_eq!(phone.disk.ended, [(0, Some(ActionFailure::Unknown))]);
}

#[test]
fn refusals_are_told_and_busy_servers_are_asked_later() {
    let move_to = || ActionKind::Move { to: "Plans".into() };
    for (code, failure) in [
        (Code::TryCreate, ActionFailure::NoSuchFolder),
        (Code::OverQuota, ActionFailure::OverQuota),
        (Code::NoPerm, ActionFailure::ReadOnly),
    ] {
        let mut phone = with_three("IMAP4rev1 MOVE UIDPLUS");
        phone.acts(0, 2, move_to());
        assert_eq!(phone.hears(Event::Acted), "UID MOVE 2 \"Plans\"");
        phone.no(Some(code));
        assert_eq!(phone.disk.ended, [(0, Some(failure))]);
    }
    let mut phone = with_three("IMAP4rev1 MOVE UIDPLUS");
    phone.acts(0, 2, move_to());
    phone.hears(Event::Acted);
    assert_eq!(phone.no(Some(Code::Busy)), "");
    assert_eq!(phone.finished, Some(Outcome::Busy));
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(2))), "");
    // It may have moved it, and then been busy.
    assert_eq!(phone.hears(Event::Tick(MORNING.plus(6))), "UID SEARCH ALL");
    phone.hears(Event::Found(UidSet::range(1, 3)));
    assert_eq!(phone.ok(), "UID MOVE 2 \"Plans\"");
}

#[test]
fn a_folder_that_may_only_be_read_says_so() {
    let mut phone = with_three("IMAP4rev1");
    phone.acts(0, 2, ActionKind::AddFlags(Flags::parse(["\\Flagged"])));
    phone.connect(MORNING);
    let event =
        Selected { uid_validity: 7, uid_next: Some(4), exists: 3, read_only: true, ..Selected::default() };
    phone.hears(Event::Selected(event));
    phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
    assert_eq!(phone.ok(), "");
    assert_eq!(phone.disk.ended, [(0, Some(ActionFailure::ReadOnly))]);
}

#[test]
fn flags_that_are_not_kept_are_not_sent() {
    let mut phone = with_three("IMAP4rev1");
    phone.acts(0, 2, ActionKind::AddFlags(Flags::parse(["Work"])));
    phone.acts(1, 3, ActionKind::AddFlags(Flags::parse(["\\Flagged", "Work"])));
    phone.connect(MORNING);
    let kept = Some(Flags::parse(["\\Seen", "\\Flagged", "\\Deleted"]));
    let event = Selected {
        uid_validity: 7,
        uid_next: Some(4),
        exists: 3,
        permanent_flags: kept,
        ..Selected::default()
    };
    phone.hears(Event::Selected(event));
    phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
    assert_eq!(phone.ok(), "UID STORE 3 +FLAGS (\\Flagged)");
    phone.ok();
    assert_eq!(phone.disk.ended, [(0, Some(ActionFailure::FlagsNotKept)), (1, None)]);
    assert_eq!(phone.flags(3), "(\\Flagged)");
}

#[test]
fn no_message_id_leaves_its_quotes() {
    for id in ["a\"\r\nb LOGOUT", "", "é@x.example", "a\\b", "x"] {
        let mut phone = with_three("IMAP4rev1");
        phone.acts(0, 2, ActionKind::AddFlags(Flags::parse(["\\Flagged"])));
        let target = &mut phone.disk.actions[0].targets[0];
        (target.uid, target.message_id) = (None, Some(id.to_owned()));
        assert_eq!(phone.hears(Event::Acted), "", "{id:?}");
        assert_eq!(phone.disk.ended, [(0, Some(ActionFailure::NotFoundAgain))], "{id:?}");
    }
}

#[test]
fn an_action_on_many_mails_goes_in_commands_of_bounded_length() {
    let mut phone = Phone::new("IMAP4rev1", Policy { newest: 0, ..policy() });
    phone.connect(MORNING);
    let odd: Vec<u32> = (0..2_000).map(|n| 2 * n + 1).collect();
    phone.hears(selected(2_000, 4_000, None));
    let mails: Vec<_> = odd.iter().map(|uid| (*uid, "", 100)).collect();
    phone.lists(&mails);
    assert_eq!(phone.ok(), "");
    phone.acts(0, 1, ActionKind::AddFlags(Flags::parse(["\\Seen"])));
    phone.disk.actions[0].targets = odd.iter().map(|uid| Target::new(*uid, None, 100)).collect();
    let mut next = phone.hears(Event::Acted);
    let mut commands = 0;
    while !next.is_empty() {
        assert!(
            next.starts_with("UID STORE ") && next.ends_with(" +FLAGS (\\Seen)") && next.len() < 1_100,
            "{next}"
        );
        commands += 1;
        next = phone.ok();
    }
    assert!(commands > 8, "{commands}");
    assert!(odd.iter().all(|uid| phone.flags(*uid) == "(\\Seen)"));
    assert_eq!(phone.disk.ended, [(0, None)]);
}

#[test]
fn a_pending_action_shows_at_once_and_other_flags_follow_the_server() {
    let mut phone = with_three("IMAP4rev1");
    phone.acts(0, 2, ActionKind::RemoveFlags(Flags::parse(["\\Seen"])));
    phone.acts(1, 2, ActionKind::AddFlags(Flags::parse(["\\Flagged"])));
    phone.acts(2, 2, ActionKind::RemoveFlags(Flags::parse(["\\Flagged", "Work"])));
    let special = policy().special;
    // Another client meanwhile: all of these.
    let server = Flags::parse(["\\Seen", "\\Answered", "\\Flagged", "WORK"]);
    let message_id = Some("2@example.org");
    let mail = Seen { folder: "INBOX", uid_validity: 7, uid: 2, message_id, octets: 100, flags: &server };
    let seen = shown(&mail, &phone.disk.actions, &special);
    assert_eq!((seen.flags.to_string().as_str(), seen.is_leaving), ("(\\Answered)", false));
    let other = Seen { uid: 3, ..mail };
    assert_eq!(shown(&other, &phone.disk.actions, &special).flags, server);
    // The server numbered anew, and the action has not found its mail yet.
    let renumbered = Seen { uid_validity: 8, uid: 77, ..mail };
    assert_eq!(shown(&renumbered, &phone.disk.actions, &special).flags.to_string(), "(\\Answered)");
    assert_eq!(shown(&Seen { octets: 99, ..renumbered }, &phone.disk.actions, &special).flags, server);

    phone.acts(3, 2, ActionKind::Delete);
    assert!(shown(&mail, &phone.disk.actions, &special).is_leaving);
    assert_eq!(arriving("Trash", &phone.disk.actions, &special).collect::<Vec<_>>(), [("INBOX", 2)]);
    assert_eq!(arriving("Junk", &phone.disk.actions, &special).count(), 0);
}
