//! Contacts.

use std::sync::Arc;

use crate::calls::{Calls, Cancel};
use crate::error::{CoreError, address};
use crate::mirror::{Convert, all, mirror, seconds};
use crate::view::ContactsScreen;

mirror! {
    /// Why somebody's anchor is trusted, strongest first.
    Trust = client::Trust {
        /// Met in person, phone to phone.
        Met,
        /// The organisation's CA.
        Organisation,
        /// A public CA (Mozilla's e-mail roots).
        PublicCa,
        /// A card or first-seen mail, pinned.
        Pinned,
        /// No trust.
        None,
    }
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ContactView {
    /// Address.
    pub address: String,
    /// Display name; show it only with the address.
    pub name: Option<String>,
    /// Why the anchor is trusted.
    pub trust: Trust,
    /// SHA-256 that names the anchor, hexadecimal.
    pub anchor: Option<String>,
    /// Subject of the anchor's certificate.
    pub anchor_subject: Option<String>,
    /// Since when.
    pub since: i64,
    /// Mail to this person can be encrypted.
    pub can_encrypt: bool,
    /// Encryption certificates.
    pub encryption: Vec<EncryptionCertificate>,
    /// Another anchor was seen and waits for a decision.
    pub changed_anchor: bool,
}

/// A certificate for encryption.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EncryptionCertificate {
    /// Subject, RFC 4514.
    pub subject: String,
    /// End of validity.
    pub not_after: i64,
}

/// The people of one account.
#[derive(uniffi::Object)]
pub struct People {
    calls: Arc<Calls>,
    people: client::PeopleList,
}

#[uniffi::export]
impl People {
    /// Everybody, by address.
    #[uniffi::method(default(cancel = None))]
    pub async fn list(&self, cancel: Cancel) -> Result<Vec<ContactView>, CoreError> {
        let people = self.people.clone();
        self.calls.read("people.list", cancel, move || people.list()).await.map(all)
    }

    /// One person.
    #[uniffi::method(default(cancel = None))]
    pub async fn show(&self, address: String, cancel: Cancel) -> Result<ContactView, CoreError> {
        let people = self.people.clone();
        let start = |who| self.calls.core().spawn_blocking(move || people.show(&who));
        self.calls.run_with("people.show", cancel, self::address(&address), start).await.map(Into::into)
    }

    /// Screen 10.
    #[uniffi::method(default(cancel = None))]
    pub async fn screen(&self, cancel: Cancel) -> Result<ContactsScreen, CoreError> {
        let people = self.people.clone();
        self.calls.read("people.screen", cancel, move || people.screen()).await.map(Convert::convert)
    }

    /// Forgets a person: trust, certificates and pins. Mail stays.
    #[uniffi::method(default(cancel = None))]
    pub async fn forget(&self, address: String, cancel: Cancel) -> Result<(), CoreError> {
        let people = self.people.clone();
        let start = |who| self.calls.core().spawn_blocking(move || people.forget(&who));
        self.calls.run_with("people.forget", cancel, self::address(&address), start).await
    }
}

impl People {
    pub(crate) fn new(calls: &Arc<Calls>, people: client::PeopleList) -> Arc<Self> {
        Arc::new(People { calls: Arc::clone(calls), people })
    }
}

impl From<client::ContactView> for ContactView {
    fn from(contact: client::ContactView) -> Self {
        let certificate =
            |(subject, not_after)| EncryptionCertificate { subject, not_after: seconds(not_after) };
        ContactView {
            address: contact.address.to_string(),
            name: contact.name,
            trust: contact.trust.into(),
            anchor: contact.anchor,
            anchor_subject: contact.anchor_subject,
            since: seconds(contact.since),
            can_encrypt: contact.can_encrypt,
            encryption: contact.encryption.into_iter().map(certificate).collect(),
            changed_anchor: contact.changed_anchor,
        }
    }
}
