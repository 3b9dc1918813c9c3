//! What an IMAP server may say.

use engine::imap::{
    Framed, Framer, Limits, MailboxName, Response, Scram, ScramHash, decode_utf7, encode_utf7,
};

const LIMITS: Limits = Limits { line: 1 << 16, literal: 1 << 16, response: 1 << 18 };

/// An answer ends at the same octet however the octets come, and each is read. What is a name is one that can be written.
pub fn imap(octets: &[u8]) {
    let mut rest = octets;
    while let Ok(Framed::Complete(length)) = Framer::default().advance(rest, LIMITS) {
        assert!(length > 0 && length <= rest.len(), "an answer is some of what came");
        let (frame, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        assert_eq!(in_halves(frame), Ok(Framed::Complete(length)), "the end does not depend on how it comes");
        if let Ok(Response::List { name, .. } | Response::Subscribed(name)) = Response::parse(frame) {
            mailbox_name(&name);
        }
        rest = after;
    }
    let _ = Response::parse(octets);
    mailbox_name(octets);
    // The costly rounds of a right challenge are not what is looked for here.
    if let Ok(scram) = Scram::new(ScramHash::Sha256, "alice", "pencil", &[0; 18]) {
        let _ = scram.respond(octets);
    }
}

fn in_halves(frame: &[u8]) -> Result<Framed, engine::imap::Overrun> {
    let mut framer = Framer::default();
    let half = frame.get(..frame.len() / 2).unwrap_or_default();
    match framer.advance(half, LIMITS)? {
        Framed::Needs(_) => framer.advance(frame, LIMITS),
        complete @ Framed::Complete(_) => Ok(complete),
    }
}

fn mailbox_name(octets: &[u8]) {
    if let Some(text) = decode_utf7(octets) {
        assert_eq!(encode_utf7(&text), octets, "a name has one form");
    }
    for utf8 in [true, false] {
        if let Some(name) = MailboxName::from_wire(octets, utf8) {
            assert!(!name.shown().chars().any(char::is_control), "a name is fit to be shown");
        }
    }
}
