//! The table of states: frozen, complete, and with words for everything.

mod codes;
mod status;

use std::collections::BTreeSet;

use serde_json::Value;
use strings::Words;

use super::*;
use crate::outbox::{OutboxEntry, OutboxState};

/// Snapshots of what each screen shows, a file each.
#[test]
fn every_state_is_as_it_was() {
    for state in states() {
        insta::assert_json_snapshot!(state.name, state.screen);
    }
}

#[test]
fn no_state_is_listed_twice_and_every_screen_has_one() {
    let states = states();
    let names: BTreeSet<&str> = states.iter().map(|state| state.name).collect();
    assert_eq!(names.len(), states.len());
    for screen in
        ["01", "02", "03", "04", "05", "06", "07", "07b", "08", "09", "09b", "09c", "10", "11", "12a", "14a"]
    {
        let prefix = format!("{screen}-");
        assert!(names.iter().any(|name| name.starts_with(&prefix)), "{screen} has no state");
    }
}

/// The texts of a record: objects with `key` and `args`.
fn texts(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => {
            if fields.get("key").is_some_and(Value::is_string) && fields.contains_key("args") {
                found.push(value.clone());
            }
            fields.values().for_each(|field| texts(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

fn words(key: &str) -> &'static Words {
    Words::of(key).unwrap_or_else(|| panic!("{key} is not in the table"))
}

/// A text has exactly the placeholders of the table, in its order, each with the right kind of value.
fn check(text: &Value) {
    let key = text["key"].as_str().unwrap();
    let table = words(key);
    let args = text["args"].as_array().unwrap();
    let filled: Vec<&str> = args.iter().map(|arg| arg[0].as_str().unwrap()).collect();
    let mut expected = table.placeholders.to_vec();
    if let Some(last) = text.get("instead_of_last").and_then(Value::as_str) {
        assert!(words(last).placeholders.is_empty(), "{last}");
        let cut = |form: &str| form.rsplit_once(" · ").map(|(head, _)| head.to_owned()).unwrap();
        let heads = [cut(table.en[0]), cut(table.zh)];
        assert!(heads.iter().all(|head| !head.contains("{time}")), "{key}: the time is not in the last part");
        expected.retain(|name| *name != "time");
    }
    assert_eq!(filled, expected, "{key}");
    for arg in args {
        let name = arg[0].as_str().unwrap();
        // `Nothing` is a bare string, everything else an object of one member.
        let kind = arg[1].as_object().map_or("nothing", |value| value.keys().next().unwrap().as_str());
        let inner = arg[1].get("value").and_then(Value::as_object);
        let kind = inner.map_or(kind, |value| value.keys().next().unwrap().as_str());
        let allowed: &[&str] = match name {
            "n" | "m" => &["count"],
            "date" => &["time", "moment"],
            "time" => &["time", "text", "nothing"],
            "size" => &["size"],
            "names" => &["names"],
            "name" | "a" | "b" => &["name", "address", "text"],
            "address" => &["address"],
            "state" | "sentence" | "tab" => &["text"],
            "unread" | "subject" | "preview" | "files" | "file" => &["text", "nothing"],
            "domain" | "server" | "words" => &["text"],
            other => panic!("{key}: no kind for {other}"),
        };
        assert!(allowed.contains(&kind), "{key}: {name} is {kind}");
    }
    if table.en.len() == 2 {
        assert!(filled.contains(&"n"), "{key} counts nothing");
    }
}

#[test]
fn every_text_of_every_state_is_in_the_table_with_its_placeholders() {
    let mut found = Vec::new();
    texts(&serde_json::to_value(states()).unwrap(), &mut found);
    assert!(found.len() > 1000, "{}", found.len());
    found.iter().for_each(check);
}

/// Keys that the sources name but no state shows are checked as well.
#[test]
fn every_key_in_the_sources_is_in_the_table() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view");
    let prefixes: BTreeSet<&str> =
        strings::WORDS.iter().filter_map(|words| words.key.split('_').next()).collect();
    let mut used = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let is_source = file.extension().is_some_and(|kind| kind == "rs");
        if !is_source
            || file.ends_with("tests.rs")
            || file.ends_with("samples.rs")
            || file.ends_with("states.rs")
        {
            continue;
        }
        let source = std::fs::read_to_string(&file).unwrap();
        for literal in source.split('"').skip(1).step_by(2) {
            let is_key =
                literal.contains('_') && literal.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_key && prefixes.contains(literal.split('_').next().unwrap()) {
                words(literal);
                used.insert(literal.to_owned());
            }
        }
    }
    assert!(used.len() > 180, "{}", used.len());
}

/// Every part that can be pressed or read has words; what is only an icon is spoken.
#[test]
fn no_row_is_silent() {
    let json = serde_json::to_value(states()).unwrap();
    let mut rows = 0;
    count_spoken(&json, &mut rows);
    assert!(rows > 100, "{rows}");
}

fn count_spoken(value: &Value, rows: &mut usize) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("initials") && fields.contains_key("state") {
                assert!(fields.contains_key("spoken"), "{value}");
            }
            *rows += usize::from(fields.contains_key("spoken"));
            fields.values().for_each(|field| count_spoken(field, rows));
        }
        Value::Array(items) => items.iter().for_each(|item| count_spoken(item, rows)),
        _ => {}
    }
}

#[test]
fn names_cannot_turn_or_hide_what_follows() {
    assert_eq!(shown_name(Some("Li Wei")).as_deref(), Some("Li Wei"));
    assert_eq!(shown_name(Some("  Li \t Wei\r\n")).as_deref(), Some("Li Wei"));
    assert_eq!(shown_name(Some("Li\u{202e}ieW")).as_deref(), Some("LiieW"), "right-to-left override");
    assert_eq!(shown_name(Some("Li\u{2066}\u{200b} Wei\u{2069}")).as_deref(), Some("Li Wei"));
    assert_eq!(shown_name(Some("li.wei@northgate.example")), None, "a name that is an address");
    assert_eq!(shown_name(Some("li.wei＠northgate.example")), None);
    assert_eq!(shown_name(Some("\u{200b}\u{feff} ")), None);
    assert_eq!(shown_name(None), None);
    assert_eq!(shown_name(Some(&"x".repeat(10_000))).unwrap().len(), 64);
}

#[test]
fn a_circle_has_two_letters_or_the_last_character() {
    assert_eq!(initials("Li Wei"), "LW");
    assert_eq!(initials("anna maria becker"), "AB");
    assert_eq!(initials("张敏"), "敏");
    assert_eq!(initials("a.becker@becker-optik.example"), "A");
    assert_eq!(initials(""), "");
}

#[test]
fn days_are_those_of_the_user() {
    // 23:30 UTC on 5 May is the 6th at UTC+8, and 01:00 UTC on the 6th is still the 5th at UTC-5.
    let at = |text: &str| text.parse::<UnixTime>().unwrap();
    let clock = |now: &str, hours: i32| Clock { now: at(now), utc_offset: hours * 3600 };
    let shanghai = clock("2026-05-06T04:00:00Z", 8);
    assert_eq!(shanghai.when(at("2026-05-05T23:30:00Z")), When::Today(at("2026-05-05T23:30:00Z")));
    assert_eq!(shanghai.when(at("2026-05-05T15:59:59Z")), When::Yesterday);
    assert_eq!(shanghai.when(at("2026-05-04T15:59:59Z")), When::Date(at("2026-05-04T15:59:59Z")));
    let new_york = clock("2026-05-06T12:00:00Z", -5);
    assert_eq!(new_york.when(at("2026-05-06T01:00:00Z")), When::Yesterday);
    assert_eq!(new_york.days_to(at("2026-05-09T01:00:00Z")), 2);
}

#[test]
fn deadlines_count_the_days_of_the_user() {
    let at = |text: &str| text.parse::<UnixTime>().unwrap();
    let clock = Clock { now: at("2026-05-06T14:06:00+02:00"), utc_offset: 7200 };
    let line = |text: &str| {
        let line = approval::deadline(at(text), clock);
        (line.left.key, line.left.args.first().map(|(_, n)| n.clone()), line.tone)
    };
    assert_eq!(line("2026-05-08T18:00:00+02:00"), ("ap_left", Some(Arg::Count(2)), Tone::Neutral));
    assert_eq!(line("2026-05-07T00:00:00+02:00"), ("ap_left", Some(Arg::Count(1)), Tone::Neutral));
    assert_eq!(line("2026-05-06T18:00:00+02:00"), ("as_due_today", None, Tone::Caution));
    assert_eq!(line("2026-05-06T12:00:00+02:00"), ("as_due_today", None, Tone::Danger));
    assert_eq!(line("2026-05-04T18:00:00+02:00"), ("ap_overdue", Some(Arg::Count(2)), Tone::Danger));
}

fn screen(name: &str) -> Value {
    let state = states().into_iter().find(|state| state.name == name);
    let json = serde_json::to_value(state.unwrap().screen).unwrap();
    json.as_object().unwrap().values().next().unwrap().clone()
}

#[test]
fn approving_is_offered_only_for_a_sound_request_at_ones_turn() {
    let enabled = |name: &str| screen(name)["bar"]["approve"]["is_enabled"].as_bool();
    assert_eq!(enabled("06-my-turn"), Some(true));
    assert_eq!(enabled("06-overdue"), Some(true), "overdue is still decidable");
    assert_eq!(enabled("06-two-faced"), Some(false), "a warned request cannot be approved");
    for name in ["06-not-my-turn", "06-queued", "06-approved", "06-own", "06-text-differs", "06-not-verified"]
    {
        assert_eq!(enabled(name), None, "{name}");
    }
    for name in ["06-text-differs", "06-not-verified", "06-two-faced"] {
        assert_eq!(screen(name)["status"]["warning"]["tone"], "danger", "{name}");
        assert_eq!(screen(name)["documents"][0]["is_enabled"], false, "{name}");
    }
}

/// No row, and nothing else than the bar and the sheet, decides.
#[test]
fn no_list_decides() {
    for state in states() {
        let json = serde_json::to_string(&state.screen).unwrap();
        let decides = json.contains(r#""does":"approve""#) || json.contains(r#""does":"sign""#);
        let is_allowed = matches!(state.screen, Screen::Approval(_) | Screen::Confirm(_));
        assert!(!decides || is_allowed, "{}", state.name);
    }
}

#[test]
fn under_a_warning_nobody_replies_and_danger_holds_the_rest() {
    let mut warned = 0;
    for state in states() {
        let Screen::Message(message) = &state.screen else { continue };
        let MessageStatus::Warning(warning) = &message.status else { continue };
        warned += 1;
        assert!(message.buttons.is_empty(), "{}", state.name);
        let is_danger = warning.tone == Tone::Danger;
        assert_eq!(message.held.is_some(), is_danger, "{}", state.name);
        assert!(message.files.iter().all(|file| file.is_enabled != is_danger), "{}", state.name);
        let does = warning.action.as_ref().map(|action| &action.does);
        assert!(
            matches!(does, None | Some(Does::Write(Some(_)) | Does::Exchange)),
            "{}: {does:?}",
            state.name
        );
    }
    assert_eq!(warned, 7);
}

#[test]
fn the_sheet_shows_what_is_signed_with_its_six_words() {
    let sheet = screen("07-approve");
    assert_eq!(sheet["words"].as_array().unwrap().len(), 6);
    assert_eq!(sheet["request"], "Purchase order 2026-118: laser cutter");
    assert_eq!(sheet["documents"].as_array().unwrap().len(), 3);
    assert_eq!(sheet["unopened"]["args"][0][1]["count"], 1);
    assert_eq!(sheet["sign"]["is_enabled"], true);
    let reject = screen("07-reject");
    assert_eq!((&reject["needs_comment"], &reject["sign"]["is_enabled"]), (&true.into(), &false.into()));
}

#[test]
fn approvals_are_never_sent_in_the_clear() {
    assert!(screen("09b-no-certificate")["footer"]["plain"].is_null());
    assert!(screen("09-never-plain")["footer"]["plain"].is_null());
    assert!(screen("09-no-certificate")["footer"]["plain"].is_object());
}

#[test]
fn the_mail_that_was_written_last_can_be_taken_back_until_its_time_is_over() {
    let now = super::samples::clock().now;
    let entry = |number, held_until| OutboxEntry {
        number,
        subject: "Lunch".to_owned(),
        recipients: vec!["bob@example.test".to_owned()],
        state: OutboxState::Waiting,
        held_until,
    };
    let shown = |outbox: &[OutboxEntry]| {
        let held = held_mail(outbox, now)?;
        assert_eq!((held.button.does, held.button.text.key), (Does::Undo, "co_undo"));
        Some((held.number, held.button.text.args))
    };
    let seconds = |n| vec![("n", Arg::Count(n))];
    assert_eq!(shown(&[]), None);
    assert_eq!(shown(&[entry(1, None)]), None);
    assert_eq!(shown(&[entry(1, Some(now.plus(1)))]), Some((1, seconds(1))));
    assert_eq!(shown(&[entry(1, Some(now))]), None, "it may be on its way");
    let several = [entry(1, Some(now.plus(9))), entry(2, Some(now.plus(4))), entry(3, None)];
    assert_eq!(shown(&several), Some((2, seconds(4))));
}

/// A photographed code is a card, whatever the screen says else.
#[test]
fn only_a_meeting_of_both_sides_says_met() {
    for state in states() {
        let Screen::Scan(scan) = &state.screen else { continue };
        assert_eq!(scan.title.key == "sr_both", state.name == "12a-mutual", "{}", state.name);
        assert!(!scan.person.address.is_empty());
    }
}

#[test]
fn the_switches_of_a_connection_that_is_not_secure_do_not_exist() {
    let insecure = screen("02-insecure");
    assert!(insecure["found"].is_null(), "{insecure}");
    assert_eq!(insecure["error"]["text"]["key"], "er_insecure");
}

/// Whoever asks chooses what the approvers are called, and strangers choose their own names.
#[test]
fn nobody_of_whom_the_account_is_not_sure_is_shown_by_name_alone() {
    let mut case = super::samples::purchase();
    let fake = &mut case.approval.stages[0].people[0];
    fake.address = "m2@evil.example".to_owned();
    fake.trust = smime::path::Trust::Pinned;
    fake.known_as = None;
    fake.comment = Some("Checked.".to_owned());
    let contact = case.requester.contact.as_mut().unwrap();
    contact.trust = smime::path::Trust::PublicCa;
    contact.name = Some("Finance Director".to_owned());
    case.requester.trust = smime::path::Trust::PublicCa;
    let clock = super::samples::clock();
    let shown = serde_json::to_string(&(
        super::approval_screen(&case, &[], clock),
        super::approvals_screen(std::slice::from_ref(&case), clock),
        super::inbox_screen(&[], std::slice::from_ref(&case), super::Connection::Online, clock),
    ))
    .unwrap();
    assert!(shown.contains("m2@evil.example") && shown.contains("li.wei@northgate.example"));
    assert!(!shown.contains("Zhang Min") && !shown.contains("Finance Director"), "{shown}");
}

/// What nobody signed says nothing about who can read it.
#[test]
fn readers_are_named_by_a_valid_signature_only() {
    for state in states() {
        let Screen::Message(message) = &state.screen else { continue };
        let names_readers = message.details.iter().any(|detail| detail.key.key == "td_readers");
        let status = message.status.line().text.key;
        assert_eq!(names_readers, status == "st_both", "{}: {status}", state.name);
    }
}
