//! The format: what is read, what is refused, what is written.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::event::{Body, Event, EventError, Kind, Word};
use super::text::{self, Language};

/// A decision as another client may write it.
fn decision() -> Value {
    json!({
        "v": 1, "kind": "approve", "request": "11".repeat(32), "rev": 1, "author": 2,
        "prev": null, "seen": ["22".repeat(32)], "critical": [], "documents": [],
        "text": "33".repeat(32), "language": "zh", "stage": 1, "comment": "好"
    })
}

fn parse(value: &Value) -> Result<Event, EventError> {
    Event::parse(value.to_string().as_bytes())
}

fn with(name: &str, value: Value) -> Value {
    let mut event = decision();
    event[name] = value;
    event
}

#[test]
fn a_decision_is_read() {
    let event = parse(&decision()).unwrap();
    assert_eq!(event.common.kind, Kind::Approve);
    assert_eq!(event.common.language, Language::Chinese);
    assert_eq!(event.common.seen.len(), 1);
    assert_eq!(event.body, Body::Decision { word: Word::Approve, stage: 1, comment: "好".to_owned() });
}

#[test]
fn what_is_written_is_read_back() {
    let event = parse(&decision()).unwrap();
    let json = event.to_json();
    assert!(
        json.starts_with(br#"{"v":1,"kind":"approve","request":"1111"#),
        "members stand in the documented order"
    );
    assert_eq!(Event::parse(&json), Ok(event));
}

#[test]
fn rule_1_duplicate_keys_are_refused_at_every_depth() {
    let text = decision().to_string();
    let outer = text.replacen('{', r#"{"author":3,"#, 1);
    assert_eq!(Event::parse(outer.as_bytes()), Err(EventError::DuplicateKey));
    let inner = with("documents", json!([])).to_string().replace(
        r#""documents":[]"#,
        r#""documents":[{"name":"a","name":"b","type":"a/b","size":1,"sha256":""}]"#,
    );
    assert_eq!(Event::parse(inner.as_bytes()), Err(EventError::DuplicateKey));
    // The same name written with an escape is the same name.
    let escaped = text.replacen('{', r#"{"\u0061uthor":3,"#, 1);
    assert_eq!(Event::parse(escaped.as_bytes()), Err(EventError::DuplicateKey));
}

#[test]
fn not_i_json_is_refused() {
    let text = decision().to_string();
    for (attack, octets) in [
        ("trailing", format!("{text}{{}}").into_bytes()),
        ("byte order mark", format!("\u{FEFF}{text}").into_bytes()),
        ("lone surrogate", text.replace("好", r"\ud800").into_bytes()),
        ("noncharacter", text.replace("好", r"\uffff").into_bytes()),
        ("not UTF-8", [text.as_bytes(), b"\xff"].concat()),
        ("array", b"[]".to_vec()),
        ("empty", Vec::new()),
        ("deep", [b"[".repeat(100_000), b"]".repeat(100_000)].concat()),
        ("truncated", text.as_bytes()[..text.len() - 1].to_vec()),
    ] {
        assert_eq!(Event::parse(&octets), Err(EventError::Malformed), "{attack}");
    }
    assert_eq!(Event::parse(&vec![b' '; super::MAX_JSON_OCTETS + 1]), Err(EventError::Limit("JSON octets")));
}

#[test]
fn fields_out_of_range_are_refused() {
    for (name, value) in [
        ("author", json!(0)),
        ("author", json!(-1)),
        ("author", json!(4_294_967_296_u64)),
        ("author", json!(2.5)),
        ("rev", json!(0)),
        ("request", json!(null)),
        ("request", json!("11")),
        ("seen", json!("22")),
        ("language", json!("xx")),
        ("comment", json!("bidi \u{202E} override")),
        ("comment", json!("trailing space \nx")),
        ("comment", json!("quotes CS-4OYMIQUY7QOBJGX36TEJS35ZEQ of another request")),
        ("documents", json!([{"name": "../x", "type": "a/b", "size": 1, "sha256": "33".repeat(32)}])),
        ("documents", json!([{"name": "x", "type": "A/b", "size": 1, "sha256": "33".repeat(32)}])),
    ] {
        assert_eq!(parse(&with(name, value.clone())), Err(EventError::Malformed), "{name}: {value}");
    }
    assert_eq!(parse(&with("rev", json!(33))), Err(EventError::Limit("revisions")));
    assert_eq!(parse(&with("v", json!(2))), Err(EventError::UnknownVersion));
    let many: Vec<String> = (0..2001).map(|n| format!("{n:064x}")).collect();
    assert_eq!(parse(&with("seen", json!(many))), Err(EventError::Limit("events")));
}

#[test]
fn unknown_kinds_and_critical_fields_are_read_as_far_as_known() {
    let unknown = parse(&with("kind", json!("teleport"))).unwrap();
    assert_eq!(
        (unknown.common.kind, unknown.body),
        (Kind::Unknown("teleport".to_owned()), Body::Unsupported)
    );
    let mut critical = with("critical", json!(["quorum"]));
    critical["quorum"] = json!(3);
    let critical = parse(&critical).unwrap();
    assert_eq!((critical.common.author, critical.body), (2, Body::Unsupported));
    let optional = with("quorum", json!(3));
    assert!(matches!(parse(&optional).unwrap().body, Body::Decision { .. }), "unknown, but not critical");
}

#[test]
fn kinds_of_later_versions_have_their_place() {
    for kind in ["return", "delegate", "add_approver", "withdraw", "remind", "release"] {
        let event = parse(&with("kind", json!(kind))).unwrap();
        assert!(!matches!(event.common.kind, Kind::Unknown(_)), "{kind}");
        assert_eq!(event.body, Body::Unsupported);
        assert_eq!(serde_json::to_value(&event.common.kind).unwrap(), json!(kind));
    }
}

#[test]
fn a_relays_items_point_into_its_documents() {
    let mut relay = with("kind", json!("relay"));
    relay["wants"] = json!([]);
    relay["items"] = json!([{"carries": "event", "id": "22".repeat(32), "document": 0}]);
    assert_eq!(parse(&relay), Err(EventError::Malformed));
    relay["documents"] =
        json!([{"name": "x", "type": "application/cms", "size": 1, "sha256": "33".repeat(32)}]);
    assert!(parse(&relay).is_ok());
}

#[test]
fn the_code_line_is_exactly_the_last_line() {
    let code = "CS-4OYMIQUY7QOBJGX36TEJS35ZEQ".parse().unwrap();
    let of = |text: &str| text::without_code_line(text, Language::English, &code);
    assert_eq!(of("a  \r\n\r\nCode: CS-4OYMIQUY7QOBJGX36TEJS35ZEQ\r\n"), Some("a".to_owned()));
    assert_eq!(of("a\n\nCode: CS-4OYMIQUY7QOBJGX36TEJS35ZEQ\nb"), None);
    assert_eq!(of("a\n\n> Code: CS-4OYMIQUY7QOBJGX36TEJS35ZEQ"), None);
    assert_eq!(of("a"), None);
}

#[test]
fn deadlines_have_an_offset_and_may_name_a_zone() {
    use super::event::Deadline;
    let deadline: Deadline = "2026-12-01T18:00:00+08:00[Asia/Shanghai]".parse().unwrap();
    assert_eq!(deadline.instant().unwrap().to_string(), "2026-12-01T10:00:00Z");
    for text in
        ["2026-12-01", "2026-12-01T18:00:00", "2026-12-01T18:00:00Z[", "2026-12-01T18:00:00Z[a b]", "x"]
    {
        assert!(text.parse::<Deadline>().is_err(), "{text}");
    }
}

#[test]
fn sets_are_the_same_whatever_the_order_and_repetition() {
    use super::{EventSet, RawEvent, RequestDigest};
    let raw = |n: u8| RawEvent {
        signed: vec![n; 3],
        detached_content: n.is_multiple_of(2).then(|| vec![n]),
        outer_from: Some("a@example.org".parse().unwrap()),
        auto_submitted: false,
    };
    let set = |numbers: &[u8]| {
        let mut set = EventSet::new(RequestDigest::of(b""));
        let inserted: Vec<bool> = numbers.iter().map(|n| set.insert(raw(*n))).collect();
        assert_eq!(inserted.iter().filter(|new| **new).count(), set.len());
        set
    };
    assert_eq!(set(&[1, 2, 3]), set(&[3, 1, 3, 2, 2, 1]));
    let mut cbor = Vec::new();
    ciborium::into_writer(&set(&[1, 2]), &mut cbor).unwrap();
    assert_eq!(ciborium::from_reader::<EventSet, _>(cbor.as_slice()).unwrap(), set(&[2, 1]));
    let seen: BTreeSet<usize> = [set(&[1]).len(), set(&[1, 1]).len()].into();
    assert_eq!(seen, BTreeSet::from([1]));
}

/// `fixtures/approval/vectors-1.json`: JSON and texts that another program made from the document.
#[test]
fn the_vectors_of_another_program_are_read_written_and_retold() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/approval/vectors-1.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text_of = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let mut requests = std::collections::BTreeMap::new();
    for vector in vectors["requests"].as_array().unwrap() {
        let json = text_of(vector, "json");
        let event = Event::parse(json.as_bytes()).unwrap();
        let Body::Request(request) = &event.body else { panic!("{vector}") };
        retold(vector, &event, request);
        let digest = super::RequestDigest::of(json.as_bytes());
        assert_eq!(digest.to_string(), text_of(vector, "digest"));
        assert_eq!(digest.code().to_string(), text_of(vector, "code"));
        assert_eq!(text::code_line(event.common.language, &digest.code()), text_of(vector, "code_line"));
        for (language, name) in [(Language::English, "en"), (Language::Chinese, "zh")] {
            let words = super::check_words(&digest, language).unwrap();
            assert_eq!(json!(words), vector["words"][name]);
        }
        requests.insert(text_of(vector, "name"), (**request).clone());
    }
    for vector in vectors["events"].as_array().unwrap() {
        let event = Event::parse(text_of(vector, "json").as_bytes()).unwrap();
        retold(vector, &event, &requests[&text_of(vector, "request")]);
    }
    assert_eq!((requests.len(), vectors["events"].as_array().unwrap().len()), (4, 10));
}

fn retold(vector: &Value, event: &Event, request: &super::Request) {
    let written = String::from_utf8(event.to_json()).unwrap();
    assert_eq!(written, vector["json"].as_str().unwrap());
    let text = text::of_event(&event.common, &event.body, request);
    assert_eq!(text, vector["text"].as_str().unwrap());
    assert_eq!(smime::Fingerprint::of(text.as_bytes()), event.common.text);
}

mod hostile {
    use proptest::prelude::*;

    use super::super::{Context, EventSet, RawEvent, RequestDigest, automatic, evaluate, evidence_order};
    use super::*;
    use smime::UnixTime;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn damaged_json_is_refused_or_read_but_never_worse(at in any::<prop::sample::Index>(), octets in any::<[u8; 3]>()) {
            let mut json = decision().to_string().into_bytes();
            let at = at.index(json.len() - octets.len());
            json[at..at + octets.len()].copy_from_slice(&octets);
            if let Ok(event) = Event::parse(&json) {
                let written = event.to_json();
                prop_assert_eq!(Event::parse(&written), Ok(event));
            }
        }

        #[test]
        fn any_octets_make_a_set_that_can_be_shown(signed in any::<Vec<u8>>(), content in any::<Option<Vec<u8>>>()) {
            let raw = RawEvent { signed, detached_content: content, outer_from: None, auto_submitted: false };
            let mut set = EventSet::new(RequestDigest::of(b""));
            set.insert(raw.clone());
            let context = Context { at: UnixTime::from_secs(0), timestamp_anchors: &[], untrusted: &[] };
            let view = evaluate(&set, &context);
            prop_assert_eq!(&view.outcome, &super::super::Outcome::Incomplete);
            prop_assert!(automatic(&set, &view, &context, 1).is_empty());
            prop_assert!(evidence_order(&set, &view, &context).is_empty());
            let _ = raw.route();
        }
    }
}
