//! Contacts as shown.

use std::sync::Arc;

use engine::people::Contact;
use engine::ports::{Batch, RecordKey, Tree};
use serde::Serialize;
use smime::path::Trust;
use smime::{Certificate, EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::view::{ContactsScreen, contacts_screen};

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
        Ok(contacts_screen(&self.list()?))
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
