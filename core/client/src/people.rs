//! Contacts as shown.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use engine::people::{Contact, People};
use engine::ports::{Batch, RecordKey, Tree};
use serde::Serialize;
use smime::path::Trust;
use smime::{Certificate, EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::view::{ContactsScreen, contacts_screen, shown_name};

/// The people of one account.
#[derive(Clone)]
pub struct PeopleList {
    pub(crate) inner: Arc<AccountInner>,
}

/// One person, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactView {
    /// Address.
    pub address: EmailAddress,
    /// Display name.
    pub name: Option<String>,
    /// `met`, `organisation`, `public_ca`, `pinned`, `none`.
    pub trust: Trust,
    /// SHA-256 that names the anchor, hexadecimal.
    pub anchor: Option<String>,
    /// Subject of the anchor's certificate.
    pub anchor_subject: Option<String>,
    /// Since when.
    pub since: UnixTime,
    /// Mail to this person can be encrypted.
    pub can_encrypt: bool,
    /// Encryption certificates: subject and end of validity.
    pub encryption: Vec<(String, UnixTime)>,
    /// Another anchor was seen and waits for a decision.
    pub changed_anchor: bool,
}

impl PeopleList {
    /// Everybody, by address.
    pub fn list(&self) -> Result<Vec<ContactView>, CoreError> {
        Ok(self.inner.people()?.values().map(contact_view).collect())
    }

    /// Screen 10.
    pub fn screen(&self) -> Result<ContactsScreen, CoreError> {
        let people: Vec<ContactView> = shown_contacts(&*self.inner.people()?).into_values().collect();
        Ok(contacts_screen(&people))
    }

    /// One person.
    pub fn show(&self, address: &EmailAddress) -> Result<ContactView, CoreError> {
        let people = self.inner.people()?;
        people.get(address.folded()).map(contact_view).ok_or(CoreError::NotFound(Thing::Contact))
    }

    /// Forgets a person: trust, certificates and pins. Mail stays.
    pub fn forget(&self, address: &EmailAddress) -> Result<(), CoreError> {
        let _commit = self.inner.committing();
        self.show(address)?;
        let mut batch = Batch::default();
        batch.remove(RecordKey::named(Tree::People, self.inner.group(), address.folded()));
        Ok(self.inner.store()?.apply(batch)?)
    }
}

/// Everybody as screens show them, by folded address. The name of a stranger is what he wrote into his first mail: one that
/// somebody has who is known at least as well is taken away, so that two people never look the same.
pub(crate) fn shown_contacts(people: &People) -> BTreeMap<String, ContactView> {
    let folded = |contact: &Contact| shown_name(contact.name.as_deref()).map(|name| name.to_lowercase());
    let mut best: BTreeMap<String, (Trust, usize)> = BTreeMap::new();
    for contact in people.values() {
        let Some(name) = folded(contact) else { continue };
        let (trust, sharers) = best.entry(name).or_insert((contact.trust, 0));
        match contact.trust.cmp(trust) {
            Ordering::Less => (*trust, *sharers) = (contact.trust, 1),
            Ordering::Equal => *sharers = sharers.saturating_add(1),
            Ordering::Greater => {}
        }
    }
    let is_own = |contact: &Contact| {
        folded(contact).and_then(|name| best.get(&name)).is_some_and(|best| *best == (contact.trust, 1))
    };
    let shown = |contact: &Contact| {
        let view = contact_view(contact);
        if is_own(contact) { view } else { ContactView { name: None, ..view } }
    };
    people.iter().map(|(address, contact)| (address.clone(), shown(contact))).collect()
}

pub(crate) fn contact_view(contact: &Contact) -> ContactView {
    let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
    ContactView {
        address: contact.address.clone(),
        name: contact.name.clone(),
        trust: contact.trust,
        anchor: contact.anchor.map(|anchor| anchor.0.to_hex()),
        anchor_subject: contact.anchor_certificate.as_ref().and_then(read).map(|anchor| anchor.subject()),
        since: contact.since,
        can_encrypt: !contact.encryption_certificates.is_empty() || contact.encryption_key.is_some(),
        encryption: contact
            .encryption_certificates
            .iter()
            .filter_map(read)
            .map(|certificate| (certificate.subject(), certificate.not_after()))
            .collect(),
        changed_anchor: contact.changed_anchor.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use engine::people::Anchor;
    use smime::Fingerprint;

    use super::*;

    fn people(list: &[(&str, &str, Trust)]) -> People {
        let contact = |(address, name, trust): &(&str, &str, Trust)| {
            let anchor = Anchor(Fingerprint::of(address.as_bytes()));
            let mut contact = Contact::new(address.parse().unwrap(), anchor, *trust, UnixTime::from_secs(0));
            contact.name = Some((*name).to_owned());
            ((*address).to_owned(), contact)
        };
        list.iter().map(contact).collect()
    }

    #[test]
    fn a_stranger_with_the_name_of_a_known_person_is_shown_by_address() {
        let people = people(&[
            ("li.wei@northgate.example", "Li Wei", Trust::Met),
            ("mallory@evil.example", "li\u{200b} wei", Trust::Pinned),
            ("tom@a.example", "Tom", Trust::Pinned),
            ("tom@b.example", "Tom", Trust::Pinned),
            ("anna@a.example", "Anna", Trust::Pinned),
        ]);
        let shown = shown_contacts(&people);
        let name = |address: &str| shown[address].name.as_deref();
        assert_eq!(name("li.wei@northgate.example"), Some("Li Wei"));
        assert_eq!(name("mallory@evil.example"), None);
        assert_eq!((name("tom@a.example"), name("tom@b.example")), (None, None));
        assert_eq!(name("anna@a.example"), Some("Anna"));
    }
}
