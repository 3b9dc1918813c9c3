//! Shared by the tests of this crate.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;

use mail::Mailbox;
use mail::compose::{Attachment, Draft};
use mail::part::Message;

/// Boundaries that count.
pub fn boundaries() -> impl FnMut() -> [u8; 16] {
    let mut count = 0_u8;
    move || {
        count += 1;
        [count; 16]
    }
}

/// Alice writes to Bob, with an HTML alternative and one attachment.
pub fn draft() -> Draft {
    Draft {
        from: Mailbox { name: Some("Alice".into()), address: "alice@example.org".into() },
        to: vec![Mailbox { name: Some("Bob".into()), address: "bob@example.org".into() }],
        cc: Vec::new(),
        subject: "Lunch".into(),
        date: 1_234_567_890,
        message_id: "1@example.org".into(),
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: None,
        text: "Hello Bob,\nsee you.\n".into(),
        html: Some("<html><body><p>Hello Bob,</p></body></html>".into()),
        attachments: vec![Attachment {
            name: Some("menu.pdf".into()),
            content_type: "application/pdf".into(),
            inline: false,
            bytes: vec![0, 1, 2, 0xff],
        }],
    }
}

/// The folder of a corpus, or one loud line and `None`.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("COUNTERSIGN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("corpora").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: ../shared/corpora/{name} is absent");
    None
}

/// Whether a foreign program can be started; else one loud line.
pub fn available(program: &str) -> bool {
    let argument = if program == "openssl" { "version" } else { "--version" };
    if Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    println!("SKIPPED: {program} is absent");
    false
}

/// What holds for the tree of any octets: ranges lie inside each other in order, section numbers are unique, and the same
/// octets are read the same again.
pub fn assert_well_formed(message: &Message, name: &str) {
    let parts = message.parts();
    assert_eq!(message.root().entity, 0..message.raw().len(), "{name}");
    for part in &parts {
        assert!(part.entity.start <= part.body.start && part.body.start <= part.body.end, "{name}");
        assert_eq!(part.body.end, part.entity.end, "{name}");
        let mut last = part.body.start;
        for child in &part.children {
            assert!(child.entity.start >= last && child.entity.end <= part.body.end, "{name}");
            last = child.entity.end;
        }
        assert!(part.defects.is_sorted_by(|a, b| a < b), "each once, in order: {name}");
    }
    let paths: std::collections::BTreeSet<_> = parts.iter().map(|part| &part.path).collect();
    assert_eq!(paths.len(), parts.len(), "{name}");
    let again = Message::parse(message.raw()).unwrap();
    assert_eq!(format!("{:?}", again.root()), format!("{:?}", message.root()), "{name}");
}
