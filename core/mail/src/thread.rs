//! Conversations: which mails belong together, and what an answer names (RFC 5322 section 3.6.4).
//!
//! Message-ID, In-Reply-To and References of a plain mail are anybody's claim, and so are those of a mail that is signed
//! under a certificate for which nothing speaks but the mail. So only a mail whose fields were protected by a signer who
//! was met or is certified brings conversations together. Any other joins one conversation at most: two strangers' mails
//! can't be made to look like one exchange, and two conversations can't be merged from outside. A subject joins nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::headers::Headers;

/// Message-IDs that are kept of a mail at most: the first, which names the conversation, and the newest.
pub const MAX_REFERENCES: usize = 20;
/// Octets of a Message-ID that is kept.
pub const MAX_ID_OCTETS: usize = 250;

/// What is known of a mail's place.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Message-ID.
    pub message_id: Option<&'a str>,
    /// What it answers, from [`references`]; the nearest last.
    pub references: &'a [String],
    /// A signer who is believed, not only first seen, protected these fields.
    pub is_protected: bool,
}

/// The mails that one answers, directly or not, the nearest last; without those that no mail may name. In-Reply-To is the
/// nearest where References does not have it.
pub fn references(headers: &Headers) -> Vec<String> {
    let own = headers.message_id.as_ref();
    let nearest = headers.in_reply_to.first().filter(|id| !headers.references.contains(id));
    let mut kept: Vec<String> = Vec::new();
    for id in headers.references.iter().chain(nearest) {
        if is_sound(id) && Some(id) != own && kept.last() != Some(id) {
            kept.push(id.clone());
        }
    }
    shortened(kept, MAX_REFERENCES)
}

/// In-Reply-To and References of an answer to the mail with these fields.
pub fn answering(headers: &Headers) -> (Option<String>, Vec<String>) {
    let own = headers.message_id.clone().filter(|id| is_sound(id));
    let mut named = shortened(references(headers), MAX_REFERENCES - 1);
    named.extend(own.clone());
    (own, named)
}

/// The first and the newest, `most` together.
fn shortened(mut ids: Vec<String>, most: usize) -> Vec<String> {
    if ids.len() > most {
        ids.drain(1..=ids.len() - most);
    }
    ids
}

/// Somebody else's Message-ID, which may be of any length and have anything in it, can be named.
fn is_sound(id: &str) -> bool {
    (1..=MAX_ID_OCTETS).contains(&id.len())
        && id.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>".contains(&octet))
}

/// For each mail the index of the first mail of its conversation. What an unprotected mail joins may depend on the order;
/// callers give the oldest first.
pub fn conversations(mails: &[Placed<'_>]) -> Vec<usize> {
    let mut sets = Sets::with(mails.len());
    let mut vouched = BTreeSet::new();
    for (mail, placed) in mails.iter().enumerate().filter(|(_, placed)| placed.is_protected) {
        for id in placed.message_id.into_iter().chain(placed.references.iter().map(String::as_str)) {
            vouched.insert(id);
            let node = sets.node(id);
            sets.join(mail, node);
        }
    }
    // Each id that no signer vouches for has one holder, and each holder names one other: what hangs together so is a
    // tree, and a tree reaches one vouched conversation at most.
    let known: BTreeSet<&str> =
        vouched.iter().copied().chain(mails.iter().filter_map(|placed| placed.message_id)).collect();
    let mut held = BTreeSet::new();
    for (mail, placed) in mails.iter().enumerate().filter(|(_, placed)| !placed.is_protected) {
        if let Some(own) = placed.message_id {
            let node = sets.node(own);
            sets.join(mail, node);
            if vouched.contains(own) || !held.insert(own) {
                continue;
            }
        }
        let nearest = placed.references.iter().rev().find(|id| known.contains(id.as_str()));
        if let Some(id) = nearest.or(placed.references.first()) {
            let node = sets.node(id);
            sets.join(mail, node);
        }
    }
    let mut firsts: BTreeMap<usize, usize> = BTreeMap::new();
    (0..mails.len()).map(|mail| *firsts.entry(sets.root(mail)).or_insert(mail)).collect()
}

/// Disjoint sets of mails and Message-IDs.
struct Sets<'a> {
    parents: Vec<usize>,
    ids: BTreeMap<&'a str, usize>,
}

impl<'a> Sets<'a> {
    fn with(mails: usize) -> Self {
        Sets { parents: (0..mails).collect(), ids: BTreeMap::new() }
    }

    fn node(&mut self, id: &'a str) -> usize {
        let parents = &mut self.parents;
        *self.ids.entry(id).or_insert_with(|| {
            parents.push(parents.len());
            parents.len() - 1
        })
    }

    fn root(&mut self, of: usize) -> usize {
        let mut node = of;
        while let Some(parent) = self.parents.get(node).copied().filter(|parent| *parent != node) {
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(node) {
                *slot = grandparent;
            }
            node = parent;
        }
        node
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(slot) = self.parents.get_mut(one.max(other)) {
            *slot = one.min(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `(own id, references, protected)`.
    type Mail = (Option<&'static str>, &'static [&'static str], bool);

    fn joined(mails: &[Mail]) -> Vec<usize> {
        let owned: Vec<Vec<String>> =
            mails.iter().map(|(_, named, _)| named.iter().map(|id| (*id).to_owned()).collect()).collect();
        let placed: Vec<Placed<'_>> = mails
            .iter()
            .zip(&owned)
            .map(|((id, _, is_protected), references)| Placed {
                message_id: *id,
                references,
                is_protected: *is_protected,
            })
            .collect();
        conversations(&placed)
    }

    #[test]
    fn answers_and_answers_of_answers_are_one_conversation() {
        for protected in [true, false] {
            let mails: [Mail; 4] = [
                (Some("a"), &[], protected),
                (Some("x"), &[], protected),
                (Some("b"), &["a"], protected),
                (Some("c"), &["a", "b"], protected),
            ];
            assert_eq!(joined(&mails), [0, 1, 0, 0]);
        }
    }

    #[test]
    fn answers_to_a_mail_that_is_not_here_are_together() {
        for protected in [true, false] {
            assert_eq!(joined(&[(Some("b"), &["a"], protected), (Some("c"), &["a"], protected)]), [0, 0]);
            // The one between was never received.
            let mails: [Mail; 2] = [(Some("a"), &[], protected), (Some("c"), &["a", "lost"], protected)];
            assert_eq!(joined(&mails), [0, 0]);
        }
    }

    #[test]
    fn only_a_signer_brings_conversations_together() {
        let bridge: &[&str] = &["a", "b"];
        let apart: [Mail; 3] = [(Some("a"), &[], true), (Some("b"), &[], true), (Some("m"), bridge, false)];
        assert_eq!(joined(&apart), [0, 1, 1]);
        let together: [Mail; 3] = [(Some("a"), &[], true), (Some("b"), &[], true), (Some("m"), bridge, true)];
        assert_eq!(joined(&together), [0, 0, 0]);
    }

    #[test]
    fn a_claimed_id_of_a_vouched_mail_does_not_bridge() {
        // The third claims to be what the first answers, and to answer the second.
        let mails: [Mail; 3] =
            [(Some("a"), &["lost"], true), (Some("b"), &[], true), (Some("lost"), &["b"], false)];
        assert_eq!(joined(&mails), [0, 1, 0]);
        // Two that claim one id, each with a foot in another conversation.
        let mails: [Mail; 4] = [
            (Some("a"), &[], true),
            (Some("b"), &[], true),
            (Some("m"), &["a"], false),
            (Some("m"), &["b"], false),
        ];
        assert_eq!(joined(&mails), [0, 1, 0, 0]);
    }

    #[test]
    fn mails_without_ids_stay_alone() {
        assert_eq!(joined(&[(None, &[], false), (None, &[], true), (None, &[], false)]), [0, 1, 2]);
        assert_eq!(joined(&[(Some("a"), &[], true), (None, &["a"], false)]), [0, 0]);
        assert!(joined(&[]).is_empty());
    }

    #[test]
    fn an_answer_names_the_first_and_the_newest() {
        let many: Vec<String> = (0..50).map(|number| format!("{number}@x")).collect();
        let headers =
            Headers { message_id: Some("own@x".to_owned()), references: many, ..Headers::default() };
        let (parent, named) = answering(&headers);
        assert_eq!(parent.as_deref(), Some("own@x"));
        assert_eq!(named.len(), MAX_REFERENCES);
        assert_eq!([named[0].as_str(), &named[1], &named[18], &named[19]], ["0@x", "32@x", "49@x", "own@x"]);
    }

    #[test]
    fn what_no_mail_may_name_is_left_out() {
        let wrong =
            ["", "a b", "a>b", "a\r\nBcc: x", "ä@x", &"x".repeat(MAX_ID_OCTETS + 1)].map(str::to_owned);
        let headers = Headers {
            message_id: Some("own@x".to_owned()),
            in_reply_to: vec!["parent@x".to_owned()],
            references: [wrong.as_slice(), &["own@x".to_owned(), "root@x".to_owned(), "root@x".to_owned()]]
                .concat(),
            ..Headers::default()
        };
        assert_eq!(references(&headers), ["root@x", "parent@x"]);
        let unsound = Headers { message_id: Some("a b".to_owned()), ..Headers::default() };
        assert_eq!(answering(&unsound), (None, Vec::new()));
    }

    proptest! {
        /// Whatever unprotected mails claim, vouched mails are grouped as if those were not there, and each unprotected mail is
        /// in one group with at most one vouched conversation.
        #[test]
        fn unprotected_mails_never_merge_vouched_conversations(
            mails in prop::collection::vec(
                (prop::option::of(0_u8..8), prop::collection::vec(0_u8..8, 0..4), any::<bool>()),
                0..14,
            )
        ) {
            let names: Vec<(Option<String>, Vec<String>, bool)> = mails
                .into_iter()
                .map(|(own, named, protected)| {
                    let named = named.into_iter().map(|id| id.to_string()).collect();
                    (own.map(|id| id.to_string()), named, protected)
                })
                .collect();
            let placed: Vec<Placed<'_>> = names
                .iter()
                .map(|(own, named, protected)| Placed {
                    message_id: own.as_deref(),
                    references: named,
                    is_protected: *protected,
                })
                .collect();
            let all = conversations(&placed);
            let vouched: Vec<usize> = (0..placed.len()).filter(|mail| placed[*mail].is_protected).collect();
            let alone = conversations(&vouched.iter().map(|mail| placed[*mail]).collect::<Vec<_>>());
            for one in 0..vouched.len() {
                for other in 0..one {
                    prop_assert_eq!(
                        all[vouched[one]] == all[vouched[other]],
                        alone[one] == alone[other]
                    );
                }
            }
            for (mail, first) in all.iter().enumerate() {
                prop_assert!(*first <= mail && all[*first] == *first);
            }
        }
    }
}
