//! Valid messages of ours, of OpenSSL, of gpgsm and of a corpus, changed at random: a verdict is `valid` only when everything it
//! credits (signed octets, parts, sender) is what it was; nothing panics; memory stays bounded.
//!
//! Whether protected octets changed is decided by comparing what is credited with what the message was made of, never by
//! asking the code under test where a change lies. Changes that touch nothing protected (outer fields, white space in base64)
//! may leave a message valid.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

mod der;
mod messages;
mod mutate;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use engine::secure::{Credit, Opened, Opening, open};
use mail::part::canonical_crlf;
use messages::Valid;
use mutate::mutated;
use smime::Fingerprint;
use smime::verdict::SignatureState;
use testkit::SeededRng;

/// `cargo xtask prove` asks for the full count.
fn mutations() -> usize {
    if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 10_000 } else { 60 }
}

/// Most resident memory of the whole test, in KiB: the messages have a few thousand octets each.
const MEMORY_LIMIT_KIB: u64 = 256 * 1024;

/// What a verdict says is the sender's.
#[derive(Debug, PartialEq, Eq)]
struct Credited {
    /// Octets under the signature, in canonical lines.
    content: Vec<u8>,
    from: Option<String>,
    parts: Vec<(String, Option<String>, Fingerprint, Credit)>,
    /// The protected fields, when there are any.
    protected: Option<(Option<String>, Vec<String>, Vec<String>)>,
}

fn opened(message: &Valid, octets: &[u8]) -> Option<Opened> {
    let opening = Opening {
        keys: &message.trust.keys,
        at: message.at,
        anchors: &message.trust.anchors,
        timestamp_anchors: &message.trust.anchors,
        untrusted: &[],
        own: &[],
        known: &[],
        sources: Default::default(),
    };
    open(octets, &opening, &mut SeededRng::new("mutations")).ok()
}

fn credited(opened: &Opened) -> Option<Credited> {
    if opened.verdict.signature.state != SignatureState::Valid {
        return None;
    }
    let headers = &opened.verdict.headers;
    Some(Credited {
        content: canonical_crlf(opened.signature.as_ref()?.content()).into_owned(),
        from: opened.believed_from().map(|address| address.folded().to_owned()),
        parts: opened
            .verdict
            .parts
            .iter()
            .map(|part| (part.content_type.clone(), part.name.clone(), part.sha256, part.credit))
            .collect(),
        protected: headers
            .protected
            .then(|| (headers.subject.clone(), headers.to.clone(), headers.cc.clone())),
    })
}

/// Before anything is changed: valid, and what is credited is what the message was made of.
fn original(message: &Valid) -> Credited {
    let opened = opened(message, &message.octets).unwrap_or_else(|| panic!("{} can't be read", message.name));
    let verdict = &opened.verdict.signature;
    let credited = credited(&opened);
    let credited =
        credited.unwrap_or_else(|| panic!("{} is {:?} {:?}", message.name, verdict.state, verdict.reasons));
    assert_eq!(credited.content, *canonical_crlf(&message.content), "{}: another content", message.name);
    assert_eq!(credited.from.as_deref(), Some(message.from), "{}: another sender", message.name);
    assert_eq!(*canonical_crlf(opened.payload.raw()), credited.content, "{}: another payload", message.name);
    credited
}

/// What is wrong with the verdict on a changed message. A mutation may put another message in its place: everything that is
/// credited must be that of one and the same of the originals.
fn fault(message: &Valid, originals: &[Credited], octets: &[u8]) -> Option<String> {
    let opened = opened(message, octets)?;
    // Decrypted octets are credited with integrity only if they are those that somebody encrypted.
    let mut parts = opened.verdict.parts.iter().filter(|part| part.credit != Credit::None);
    let is_known = |hash: Fingerprint| originals.iter().any(|original| original.has(hash));
    if let Some(part) = parts.find(|part| !is_known(part.sha256)) {
        return Some(format!("part {} is credited with {:?}", part.path, part.credit));
    }
    let now = credited(&opened)?;
    if *canonical_crlf(opened.payload.raw()) != now.content && opened.is_signature_inside {
        return Some("the payload is not what was signed".to_owned());
    }
    let is_it = |original: &Credited| {
        now.content == original.content
            && (now.from.is_none() || now.from == original.from)
            && (now.protected == original.protected || original.protected.is_none())
            && now.parts.iter().all(|part| part.3 == Credit::None || original.has(part.2))
    };
    (!originals.iter().any(is_it)).then(|| format!("valid, but it credits {now:?}"))
}

impl Credited {
    fn has(&self, hash: Fingerprint) -> bool {
        self.parts.iter().any(|part| part.2 == hash)
    }
}

#[test]
fn mutated_messages_are_never_valid_for_what_was_not_signed() {
    let messages = messages::all();
    assert!(messages.len() >= 30, "{} messages", messages.len());
    let names: BTreeSet<&str> = messages.iter().map(|message| message.name).collect();
    assert_eq!(names.len(), messages.len(), "each has its own name");
    let originals: Vec<Credited> = messages.iter().map(original).collect();
    let (next, still_valid) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut faults = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(message) = messages.get(at) else { return faults };
            for number in 0..mutations() {
                let mut rng = SeededRng::new(format!("{} {number}", message.name));
                let other = &messages[rng.below(messages.len())];
                let changed = mutated(&message.octets, &other.octets, &mut rng);
                if let Some(fault) = fault(message, &originals, &changed) {
                    let file = std::env::temp_dir().join(format!("{} {number}.eml", message.name));
                    std::fs::write(&file, &changed).unwrap();
                    faults.push(format!("{} {number} ({}): {fault}", message.name, file.display()));
                }
                let is_valid = opened(message, &changed).is_some_and(|opened| credited(&opened).is_some());
                still_valid.fetch_add(usize::from(is_valid), Ordering::Relaxed);
            }
        }
    };
    let faults: Vec<String> = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let total = messages.len() * mutations();
    let still_valid = still_valid.into_inner();
    println!("{} messages, {total} mutations, {still_valid} of them without an effect", messages.len());
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    // Most changes must hit something, and some must not: else the mutations prove little.
    assert!(still_valid > 0 && still_valid < total / 2, "{still_valid} of {total} are still valid");
    if let Some(peak) = peak_kib() {
        assert!(peak < MEMORY_LIMIT_KIB, "{peak} KiB at the peak");
    }
}

/// Most memory that this process ever had (Linux).
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
