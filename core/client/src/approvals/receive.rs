//! Under which requests received mail is filed.

use std::collections::BTreeSet;

use engine::approval::{self, RawEvent, RequestDigest, Route};
use engine::ports::Batch;
use engine::secure::{EncryptionState, Opened};
use mail::part::Message;
use smime::path::Trust;
use smime::verdict::SignatureState;

use super::kept::Known;
use crate::account::AccountInner;
use crate::core::Event;
use crate::error::{CoreError, Unreadable};

impl AccountInner {
    /// Files a received mail under the requests that it is about.
    pub(crate) fn receive_approval(&self, raw: &[u8], opened: &Opened) -> Result<(), CoreError> {
        let Some(signature) = &opened.signature else { return Ok(()) };
        let is_right =
            matches!(opened.verdict.signature.state, SignatureState::Valid | SignatureState::Untrusted);
        if !is_right || !opened.is_signature_inside {
            return Ok(());
        }
        let outer = Message::parse(raw).map_err(|_| CoreError::Unreadable(Unreadable::Mail))?;
        let headers = &outer.root().headers;
        let is_automatic = |value: &Option<String>| value.as_deref().is_some_and(|value| value != "no");
        let event = RawEvent {
            signed: signature.der.clone(),
            detached_content: signature.detached_content.clone(),
            outer_from: headers.from.first().and_then(|from| from.address.parse().ok()),
            auto_submitted: is_automatic(&headers.auto_submitted)
                || is_automatic(&opened.payload.root().headers.auto_submitted),
        };
        let route = event.route();
        // Whoever is merely first seen is a stranger here: anybody can make a root and be that.
        let is_trusted = opened.valid_signer().is_some_and(|signer| signer.trust() <= Trust::PublicCa);
        let senders = headers.from.iter().chain(&opened.payload.root().headers.from);
        let senders: BTreeSet<String> = senders.map(|sender| sender.address.to_lowercase()).collect();
        let digests = filed_under(&route, &self.known_requests()?, headers, &senders, is_trusted);
        for digest in digests {
            let mut batch = Batch::default();
            let mut known = self.known_request(digest)?;
            if matches!(route, Route::Request(_)) {
                let encryption = &opened.verdict.encryption;
                let is_encrypted = encryption.state == EncryptionState::Decrypted && encryption.integrity;
                known.is_encrypted = is_encrypted && (known.is_encrypted || known.subject.is_none());
                known.subject = opened.verdict.headers.subject.clone();
                known.message_ids.extend(headers.message_id.clone());
                known.participants = participants(&opened.payload);
            }
            self.put_known(&mut batch, &known)?;
            self.put_event(&mut batch, &digest.0, &event)?;
            self.store()?.apply(batch)?;
            self.core.emit(Event::Approval { id: digest.to_string() });
        }
        Ok(())
    }
}

/// Under which requests a signed mail is filed. The tree is irreplaceable, so strangers can't fill it: a request needs a
/// signer who is known, everything about a request that is here must come from one of its participants.
fn filed_under(
    route: &Route,
    known: &[Known],
    headers: &mail::Headers,
    senders: &BTreeSet<String>,
    is_trusted: bool,
) -> BTreeSet<RequestDigest> {
    let held: Vec<&Known> = known
        .iter()
        .filter(|known| known.subject.is_some() && !known.participants.is_disjoint(senders))
        .collect();
    let answered = || held.iter().filter(|known| answers(known, headers)).map(|known| known.digest);
    match route {
        Route::Request(digest) if is_trusted => BTreeSet::from([*digest]),
        Route::Request(_) => BTreeSet::new(),
        Route::Event(digest, _) if held.iter().any(|known| known.digest == *digest) => {
            BTreeSet::from([*digest])
        }
        // An event that overtook its request; one that is not kept is asked for again when the request names it. In the
        // thread of a request that is here, it is the alarm of rule 7 there.
        Route::Event(digest, _) => answered().chain(is_trusted.then_some(*digest)).collect(),
        Route::Foreign(codes) => {
            let coded = held.iter().map(|known| known.digest).filter(|digest| codes.contains(&digest.code()));
            coded.chain(answered()).collect()
        }
        Route::None => answered().collect(),
    }
}

/// A mail answers a request by its header fields: shown there, never counted without the code.
fn answers(known: &Known, headers: &mail::Headers) -> bool {
    let subject = headers.subject.as_deref().map(without_prefixes);
    headers.in_reply_to.iter().chain(&headers.references).any(|id| known.message_ids.contains(id))
        || known.subject.as_deref().is_some_and(|own| Some(without_prefixes(own)) == subject)
}

/// Everybody whom a request names, folded.
fn participants(payload: &Message) -> BTreeSet<String> {
    match approval::event_of(payload) {
        Some(Ok(approval::Event { body: approval::Body::Request(request), .. })) => {
            request.participants.iter().map(|person| person.address.folded().to_owned()).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// How subjects of answers begin, and of forwarded mail.
const ANSWERED: [&str; 7] = ["re:", "aw:", "sv:", "回复:", "回复：", "答复:", "答复："];
const FORWARDED: [&str; 2] = ["fwd:", "fw:"];

/// The subject of an answer: one "Re:", however many answers there were.
pub fn answer_subject(subject: &str) -> String {
    let subject = subject.trim();
    if ANSWERED.iter().any(|prefix| strip_prefix_ignoring_case(subject, prefix).is_some()) {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

/// A subject without the prefixes of replies.
fn without_prefixes(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some(shorter) =
        ANSWERED.iter().chain(&FORWARDED).find_map(|prefix| strip_prefix_ignoring_case(rest, prefix))
    {
        rest = shorter.trim_start();
    }
    rest.to_owned()
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::without_prefixes;

    #[test]
    fn prefixes_of_replies_are_taken_off_and_nothing_else() {
        assert_eq!(without_prefixes("Re: AW: re:Lunch"), "Lunch");
        assert_eq!(without_prefixes("回复：采购申请"), "采购申请");
        assert_eq!(without_prefixes("Reform: a plan"), "Reform: a plan");
        assert_eq!(without_prefixes("Re:"), "");
        assert_eq!(without_prefixes("é"), "é");
    }
}
