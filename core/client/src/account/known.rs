//! Everybody an account knows, kept in memory: each mail that is looked into asks for all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::people::People;
use smime::EmailAddress;
use smime::path::TrustAnchor;

use crate::error::CoreError;

/// What was read of the store last.
#[derive(Debug, Default)]
pub(super) struct KnownPeople {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How often they changed.
    changes: u64,
    people: Option<Arc<People>>,
}

impl KnownPeople {
    /// As they are, by `read` where they changed since.
    pub(super) fn get(
        &self,
        read: impl FnOnce() -> Result<People, CoreError>,
    ) -> Result<Arc<People>, CoreError> {
        let before = {
            let state = self.state();
            if let Some(people) = &state.people {
                return Ok(Arc::clone(people));
            }
            state.changes
        };
        let people = Arc::new(read()?);
        let mut state = self.state();
        // What changed while they were read may be missing.
        if state.changes == before {
            state.people = Some(Arc::clone(&people));
        }
        Ok(people)
    }

    /// They changed, or may have. To be called behind the change.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.changes += 1;
        state.people = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom to believe when a mail is opened.
pub(crate) struct Believed {
    pub(crate) people: Arc<People>,
    pub(crate) anchors: Vec<TrustAnchor>,
    pub(crate) timestamp_anchors: Vec<TrustAnchor>,
    /// Those who were met or are certified. Whoever is known only from a first mail may be the imitation.
    pub(crate) known: Vec<EmailAddress>,
}

impl Believed {
    /// Whether a mail looks the same with both: of people, their anchors count, and who is known.
    pub(crate) fn is_as_good_as(&self, other: &Believed) -> bool {
        self.anchors == other.anchors
            && self.timestamp_anchors == other.timestamp_anchors
            && self.known == other.known
    }
}

#[cfg(test)]
mod tests {
    use engine::people::{Anchor, Contact};
    use smime::path::Trust;
    use smime::{Fingerprint, UnixTime};

    use super::*;
    use crate::error::Unreadable;

    fn people(addresses: &[&str]) -> People {
        let mut people = People::new();
        for address in addresses {
            let anchor = Anchor(Fingerprint::of(b"root"));
            let contact = Contact::new(address.parse().unwrap(), anchor, Trust::Met, UnixTime::from_secs(0));
            people.insert((*address).to_owned(), contact);
        }
        people
    }

    fn never() -> Result<People, CoreError> {
        panic!("they are in memory")
    }

    #[test]
    fn they_are_read_once_until_they_change() {
        let known = KnownPeople::default();
        assert_eq!(known.get(|| Ok(people(&[]))).unwrap().len(), 0);
        assert_eq!(known.get(never).unwrap().len(), 0);
        known.forget();
        assert_eq!(known.get(|| Ok(people(&["bob@example.test"]))).unwrap().len(), 1);
        assert_eq!(known.get(never).unwrap().len(), 1);
    }

    #[test]
    fn who_reads_while_they_change_does_not_keep_the_old_ones() {
        let known = KnownPeople::default();
        let old = known.get(|| {
            known.forget();
            Ok(people(&[]))
        });
        assert_eq!(old.unwrap().len(), 0);
        assert_eq!(known.get(|| Ok(people(&["bob@example.test"]))).unwrap().len(), 1);
    }

    #[test]
    fn an_error_is_not_kept() {
        let known = KnownPeople::default();
        assert!(known.get(|| Err(CoreError::Unreadable(Unreadable::Mail))).is_err());
        assert_eq!(known.get(|| Ok(people(&[]))).unwrap().len(), 0);
    }

    #[test]
    fn only_anchors_and_who_is_known_decide_how_a_mail_looks() {
        let believed = |people: People, known: &[&str]| Believed {
            people: Arc::new(people),
            anchors: Vec::new(),
            timestamp_anchors: Vec::new(),
            known: known.iter().map(|address| address.parse().unwrap()).collect(),
        };
        let before = believed(people(&["bob@example.test"]), &["bob@example.test"]);
        let mut refreshed = people(&["bob@example.test"]);
        refreshed.values_mut().for_each(|bob| bob.name = Some("Bob".to_owned()));
        assert!(before.is_as_good_as(&believed(refreshed, &["bob@example.test"])));
        let two = ["bob@example.test", "carol@example.test"];
        assert!(!before.is_as_good_as(&believed(people(&two), &two)));
    }
}
