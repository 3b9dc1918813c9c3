//! From a signed payload (a MIME entity) to an event or a foreign reply. Nothing is believed yet.

use mail::part::{Message, Part};
use smime::Fingerprint;

use super::CONTENT_TYPE;
use super::event::{Body, Event, EventError, RelayItem, Request, Word};
use super::ids::Code;
use super::raw::RawEvent;
use super::text;
use super::view::{NotCounted, Undecidable};

/// More different codes in one reply than this are not looked for: two are too many already.
const MAX_CODES: usize = 4;

/// A signed payload as it was stored, without the layers around it. Whether there was encryption is not stored: a Legacy
/// Display Element is read everywhere, since it can only repeat what is shown.
pub(super) fn read(content: &[u8]) -> Option<Message> {
    let mut payload = Message::parse(content).ok()?;
    payload.mark_decrypted();
    Some(payload)
}

/// The machine-readable part of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonPart {
    /// There is none at the root. One that is deeper belongs to an attached message.
    None,
    /// One, at its place: the last child of the root multipart/mixed.
    One(Vec<u8>),
    /// Several, or not the last child.
    Misplaced,
}

pub(super) fn json_part(payload: &Message) -> JsonPart {
    let root = payload.root();
    let is_json = |part: &&Part| part.content_type == CONTENT_TYPE;
    let count = root.children.iter().chain([root]).filter(is_json).count();
    match root.children.last() {
        _ if count == 0 => JsonPart::None,
        Some(last) if count == 1 && root.content_type == "multipart/mixed" && is_json(&last) => {
            JsonPart::One(payload.decoded(last).into_owned())
        }
        _ => JsonPart::Misplaced,
    }
}

/// The event in a signed payload; `None` when it has no machine-readable part.
pub fn event_of(payload: &Message) -> Option<Result<Event, EventError>> {
    match json_part(payload) {
        JsonPart::None => None,
        JsonPart::One(json) => Some(Event::parse(&json)),
        JsonPart::Misplaced => Some(Err(EventError::Structure)),
    }
}

/// The different codes that a signed reply quotes; routes it to its request. Empty for events.
pub fn foreign_codes(payload: &Message) -> Vec<Code> {
    match json_part(payload) {
        JsonPart::None => reply(payload).codes,
        JsonPart::One(_) | JsonPart::Misplaced => Vec::new(),
    }
}

/// A signed mail from any S/MIME program (rule 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The first non-empty line is exactly this word.
    pub word: Option<Word>,
    /// The different codes in the text.
    pub codes: Vec<Code>,
    /// The signed octets themselves say Auto-Submitted.
    pub automatic: bool,
    /// The text above the quote, without the word.
    pub comment: String,
}

pub(super) fn reply(payload: &Message) -> Reply {
    let text = payload.body_text().unwrap_or_default();
    let mut lines = text.lines().map(trim).skip_while(|line| line.is_empty());
    let word = lines.next().and_then(agreed_word);
    let own: Vec<&str> = lines.take_while(|line| !line.starts_with('>') && !introduces_quote(line)).collect();
    let automatic = payload.root().headers.auto_submitted.as_deref().is_some_and(|value| value != "no");
    Reply {
        word,
        codes: Code::all_in(&text, MAX_CODES),
        automatic,
        comment: text::canonical(&text::harmless(&own.join("\n"))),
    }
}

fn trim(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
}

/// "On … wrote:" and the like; only shortens the comment that is shown.
fn introduces_quote(line: &str) -> bool {
    line.ends_with("wrote:")
        || line.ends_with("写道：")
        || line.ends_with("写道:")
        || line.starts_with("-----")
}

/// The agreed words; ASCII letters in any case; one closing mark is allowed.
const WORDS: &[(&str, Word)] = &[
    ("approve", Word::Approve),
    ("approved", Word::Approve),
    ("同意", Word::Approve),
    ("批准", Word::Approve),
    ("reject", Word::Reject),
    ("rejected", Word::Reject),
    ("不同意", Word::Reject),
    ("拒绝", Word::Reject),
    ("驳回", Word::Reject),
];

fn agreed_word(line: &str) -> Option<Word> {
    let bare = line.strip_suffix(['.', '!', '。', '！']).unwrap_or(line);
    WORDS.iter().find(|(word, _)| bare.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}

/// The parts of an event's mail: text, documents, machine-readable part; nothing else.
struct Parts<'a> {
    text: &'a Part,
    documents: &'a [Part],
}

fn parts(payload: &Message) -> Option<Parts<'_>> {
    let children = payload.root().children.as_slice();
    let (text, rest) = children.split_first()?;
    let (_json, documents) = rest.split_last()?;
    let shown = text.content_type == "text/plain" && text.disposition.as_deref() != Some("attachment");
    shown.then_some(Parts { text, documents })
}

/// The text part says what the fields say, and the fields hold its hash.
pub(super) fn text_agrees(payload: &Message, event: &Event, request: &Request, code: &Code) -> bool {
    let common = &event.common;
    let is_plain_to_see = |p: &Parts<'_>| p.text.name.is_none() && shows_to_all(payload, p.text);
    let received = parts(payload)
        .filter(is_plain_to_see)
        .and_then(|_| payload.body_text())
        .and_then(|text| text::without_code_line(&text, common.language, code));
    received.is_some_and(|received| {
        Fingerprint::of(received.as_bytes()) == common.text
            && received == text::of_event(common, &event.body, request)
    })
}

/// Programs without RFC 9788 show a Legacy Display Element that ours strips: it may repeat the protected subject and say
/// nothing else, or a signer could show different people different words.
fn shows_to_all(payload: &Message, text: &Part) -> bool {
    payload.legacy_display(text).iter().all(|field| *field == "subject")
}

/// The attached parts are the listed documents, in order.
pub(super) fn documents_agree(payload: &Message, event: &Event) -> bool {
    let listed = &event.common.documents;
    parts(payload).is_some_and(|parts| {
        parts.documents.len() == listed.len()
            && parts.documents.iter().zip(listed).all(|(part, document)| {
                let octets = payload.decoded(part);
                part.children.is_empty()
                    && part.name.as_deref() == Some(document.name.as_str())
                    && part.content_type == document.content_type
                    && u64::try_from(octets.len()) == Ok(document.size)
                    && Fingerprint::of(&octets) == document.sha256
            })
    })
}

/// The octets of the document at `index`, from 0.
pub(super) fn document(payload: &Message, index: u32) -> Option<Vec<u8>> {
    let index = usize::try_from(index).ok()?;
    parts(payload)?.documents.get(index).map(|part| payload.decoded(part).into_owned())
}

/// The event that a relay's item carries, as its receiver would have got it.
pub(super) fn carried_event(payload: &Message, item: &RelayItem) -> Option<RawEvent> {
    let RelayItem::Event { document: signed, content, .. } = item else { return None };
    let detached_content = match content {
        Some(index) => Some(document(payload, *index)?),
        None => None,
    };
    // Outer fields are not carried: the relaying app stands for what it saw of them (rule 13).
    Some(RawEvent {
        signed: document(payload, *signed)?,
        detached_content,
        outer_from: None,
        auto_submitted: false,
    })
}

/// The request's mail says what its fields say.
pub(super) fn request_agrees(payload: &Message, event: &Event, code: &Code) -> Result<(), Undecidable> {
    let Body::Request(request) = &event.body else { return Err(Undecidable::Malformed) };
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = payload.root().headers.subject.as_deref();
    if !text_agrees(payload, event, request, code) {
        Err(Undecidable::TextDiffers)
    } else if !documents_agree(payload, event) {
        Err(Undecidable::DocumentsDiffer)
    } else if subject.is_none_or(|subject| one_line(subject) != one_line(&request.subject)) {
        Err(Undecidable::SubjectDiffers)
    } else {
        Ok(())
    }
}

/// Another event's mail says what its fields say.
pub(super) fn event_agrees(
    payload: &Message,
    event: &Event,
    request: &Request,
    code: &Code,
) -> Result<(), NotCounted> {
    if !text_agrees(payload, event, request, code) {
        Err(NotCounted::TextDiffers)
    } else if !documents_agree(payload, event) {
        Err(NotCounted::DocumentsDiffer)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_of_a_foreign_reply_looks_like_what_it_says() {
        let raw = "Content-Type: text/plain; charset=utf-8\r\n\r\nApprove\r\nup to \u{202e}0001\u{202c}\u{7} EUR\r\n";
        let reply = reply(&Message::parse(raw.as_bytes()).unwrap());
        assert_eq!((reply.word, reply.comment.as_str()), (Some(Word::Approve), "up to 0001 EUR"));
    }

    #[test]
    fn a_legacy_display_element_hides_nothing_but_the_subject() {
        let shows = |block: &str| {
            let raw = format!(
                "From: a@example.org\r\nSubject: Laser cutter\r\nContent-Type: multipart/mixed; boundary=b; hp=\"cipher\"\r\n\r\n\
                 --b\r\nContent-Type: text/plain; charset=utf-8; hp-legacy-display=\"1\"\r\n\r\n\
                 {block}Pay 1 EUR.\r\n--b--\r\n"
            );
            let payload = read(raw.as_bytes()).unwrap();
            let text = payload.root().children.first().unwrap();
            shows_to_all(&payload, text) && payload.body_text().as_deref() == Some("Pay 1 EUR.")
        };
        assert!(shows(""));
        assert!(shows("Subject: Laser cutter\r\n\r\n"));
        assert!(!shows("From: a@example.org\r\n\r\n"), "the approver is shown no From");
        assert!(!shows("Subject: Laser cutter\r\nPay 1000 EUR to Eve as well.\r\n\r\n"));
        assert!(!shows("Subject: Something else\r\n\r\n"));
        assert!(!shows("Everything below is a joke.\r\n\r\n"));
    }

    #[test]
    fn agreed_words_are_exact() {
        for (line, word) in [
            ("Approve", Word::Approve),
            ("APPROVED.", Word::Approve),
            ("同意", Word::Approve),
            ("同意。", Word::Approve),
            ("reject!", Word::Reject),
            ("不同意", Word::Reject),
        ] {
            assert_eq!(agreed_word(line), Some(word), "{line}");
        }
        for line in [
            "",
            "Approve?",
            "I approve",
            "Approve..",
            "> Approve",
            "not approved",
            "同意吗",
            "Approve\u{202E}",
        ] {
            assert_eq!(agreed_word(line), None, "{line}");
        }
    }
}
