//! `fixtures/approval/story`: the events of one request as they were sent, frozen.

use std::fs;
use std::path::PathBuf;

use engine::approval::{EventId, EventSet, NotCounted, Outcome, RawEvent, RequestDigest, StageState};

use crate::support::view;

/// SHA-256 of each event's content, as `openssl cms -verify … | sha256sum` gives it.
const IDS: [(&str, &str); 6] = [
    ("01-request", "beb9c3d972bd4c458eec400600e944e43b6f94d5b0d93be8bf39e6306facfa26"),
    ("02-approve", "00a7ac8930475560799620e73da97a566adc07e05fb5bdbdd6cbe45b27d3e3f2"),
    ("03-reply-without-code", "fbe2d00e62d65ca7ee79934db17729cc1b173e5e6dd3cee2e50ae43074a30cc8"),
    ("04-reply", "dc5c6addf7441284f96ab7f7b2a6ba31216d180c78c04675835ff5e4e984f33b"),
    ("05-relay", "8bcfeefd8cda1d035d1692e794c092b201fa3a2dcac63a0bd1233acdc0094ee0"),
    ("06-result", "d051e3881ac50bdcbdf97f6636c5b017f2c5ed615b2204a728974257f59f7c1f"),
];

fn event(name: &str) -> RawEvent {
    let story = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/approval/story");
    RawEvent {
        signed: fs::read(story.join(format!("{name}.p7m"))).unwrap(),
        detached_content: fs::read(story.join(format!("{name}.content"))).ok(),
        outer_from: None,
        auto_submitted: false,
    }
}

#[test]
fn the_frozen_story_reads_as_it_did() {
    let request = event(IDS[0].0);
    let engine::approval::Route::Request(digest) = request.route() else { panic!("not a request") };
    assert_eq!(
        digest,
        "3d812c8753ecf3d70ec64900b66c732b8a63b73824ee0f034e1a8004528454fa".parse::<RequestDigest>().unwrap()
    );
    let id = |n: usize| IDS[n].1.parse::<EventId>().unwrap();
    let mut set = EventSet::new(digest);
    let mut outcomes = Vec::new();
    for (n, (name, _)) in IDS.iter().enumerate() {
        let raw = event(name);
        assert_eq!(raw.id(), Some(id(n)), "{name}");
        set.insert(raw);
        outcomes.push(view(&set).outcome);
    }
    let (open, approved) = (Outcome::Open, |closed| Outcome::Approved { closed });
    assert_eq!(outcomes, [open.clone(), open.clone(), open.clone(), open, approved(false), approved(true)]);

    let end = view(&set);
    assert_eq!(end.events.iter().map(|e| e.id).collect::<Vec<_>>(), [0, 1, 3, 4, 5, 2].map(id));
    assert_eq!(end.counted, [0, 1, 3, 4, 5].map(id).into());
    assert_eq!(end.result, Some(id(5)));
    assert!(end.stages.iter().all(|stage| stage.state == StageState::Approved));
    let [codeless] = end.not_counted.as_slice() else { panic!("{:?}", end.not_counted) };
    assert_eq!((codeless.id, codeless.reason), (Some(id(2)), NotCounted::CodeAbsent));
    assert!(end.missing.is_empty() && end.forks.is_empty() && end.alarms.is_empty());
}
