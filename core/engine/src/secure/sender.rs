//! Who a mail says it is from, and the tricks that are played with that.

use std::collections::BTreeSet;

use mail::Mailbox;
use mail::part::{Message, Part};
use mail::protect::HeaderView;
use smime::EmailAddress;
use smime::verdict::SignatureState;

use super::look_alike::{has_invisible, hides_in_name, imitates, looks_foreign};
use super::record::Warning;

/// The addresses that a signer must cover: exactly one, or none when programs could disagree on who From names.
pub(super) fn from_addresses(headers: &mail::Headers) -> Vec<EmailAddress> {
    match (headers.from_fields, headers.from_ambiguous, single_address(&headers.from)) {
        (1, false, Some(address)) => vec![address],
        _ => Vec::new(),
    }
}

pub(super) fn single_address(mailboxes: &[Mailbox]) -> Option<EmailAddress> {
    match mailboxes {
        [one] => one.address.parse().ok(),
        _ => None,
    }
}

/// RFC 9788 section 4.4: the inner From is believed only under a valid signature bound to it.
pub(super) fn believed_headers(
    outer: &Message,
    headers: &HeaderView,
    state: SignatureState,
    warnings: &mut BTreeSet<Warning>,
) -> mail::Headers {
    let mut shown = headers.headers.clone();
    let outside = &outer.root().headers;
    let differs = |a: &[Mailbox], b: &[Mailbox]| {
        a.len() != b.len() || a.iter().zip(b).any(|(x, y)| !x.address.eq_ignore_ascii_case(&y.address))
    };
    if headers.protected && state != SignatureState::Valid {
        if differs(&shown.from, &outside.from) {
            warnings.insert(Warning::FromNotBelieved);
        }
        shown.from = outside.from.clone();
        shown.from_fields = outside.from_fields;
        shown.from_ambiguous = outside.from_ambiguous;
    }
    shown
}

/// Names what is wrong with the shown sender. `own` are the reader's addresses, `known` those of people whom the reader knows:
/// one of them imitates nobody of them.
pub(super) fn from_warnings(
    headers: &mail::Headers,
    own: &[EmailAddress],
    known: &[EmailAddress],
    warnings: &mut BTreeSet<Warning>,
) {
    if headers.from_fields > 1 || headers.from.len() > 1 {
        warnings.insert(Warning::FromMultiple);
    }
    if headers.from_ambiguous {
        warnings.insert(Warning::FromAmbiguous);
    }
    let from = match headers.from.as_slice() {
        [] => {
            warnings.insert(Warning::FromMissing);
            return;
        }
        [first, ..] => first,
    };
    if from.address.parse::<EmailAddress>().is_err() {
        warnings.insert(Warning::FromMalformed);
    }
    let name = from.name.as_deref().unwrap_or_default();
    if imitates_address(name, &from.address) {
        warnings.insert(Warning::DisplayNameImitatesAddress);
    }
    let imitates_any =
        |people: &[EmailAddress]| people.iter().any(|real| imitates(&from.address, real.as_str()));
    let is_known = known.iter().any(|known| known.as_str().eq_ignore_ascii_case(&from.address));
    let is_imitation = imitates_any(own) || !is_known && imitates_any(known);
    if is_imitation || looks_foreign(&from.address) || has_invisible(&from.address) || hides_in_name(name) {
        warnings.insert(Warning::FromLookAlike);
    }
    let is_other = |mailbox: &Mailbox| !mailbox.address.eq_ignore_ascii_case(&from.address);
    if headers.sender.as_ref().is_some_and(is_other) {
        warnings.insert(Warning::SenderDiffers);
    }
    if headers.reply_to.iter().any(is_other) {
        warnings.insert(Warning::ReplyToDiffers);
    }
}

/// A display name with an address in it that is not the mailbox's own.
fn imitates_address(name: &str, address: &str) -> bool {
    let is_at = |c: char| matches!(c, '@' | '\u{ff20}' | '\u{fe6b}');
    name.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"' | '\''))
        .filter(|word| word.contains(is_at))
        .any(|word| !word.eq_ignore_ascii_case(address))
}

/// A field stands twice in the header section that is shown: another program may show the other one. From has its own
/// warning.
pub(super) fn has_duplicate_fields(shown: &Part) -> bool {
    shown.duplicate_fields().iter().any(|name| *name != "from")
}

/// The protected To and Cc name other people, and nobody of `own`: the mail was perhaps made for somebody else and sent on
/// (surreptitious forwarding), or came as a blind copy. `None` of one's own addresses known: nothing is said. What one wrote
/// oneself is not meant.
pub(super) fn is_addressed_elsewhere(headers: &HeaderView, own: &[EmailAddress]) -> bool {
    let is_own = |mailbox: &Mailbox| {
        mailbox.address.parse::<EmailAddress>().is_ok_and(|address| own.contains(&address))
    };
    let fields = &headers.headers;
    headers.protected
        && !own.is_empty()
        && !fields.from.iter().any(is_own)
        && !fields.to.iter().chain(&fields.cc).any(is_own)
}
