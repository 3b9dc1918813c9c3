//! What logs in at the mail servers of an account.

use std::sync::Arc;

use engine::imap::Secret;
use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use tokio::sync::OwnedMutexGuard;
use zeroize::Zeroizing;

use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::imap::{self, Imap};
use crate::oauth::OAuthLogin;
use crate::record::{decode, encode};
use crate::smtp::Smtp;
use crate::task::Task;
use crate::tls;

/// What logs in at mail servers.
#[derive(Debug)]
pub enum Credential {
    /// A password, perhaps one for this program alone.
    Password(Zeroizing<String>),
    /// What a browser login gave.
    OAuth(Box<OAuthLogin>),
}

impl Credential {
    pub(crate) fn secret(&self) -> Secret<'_> {
        match self {
            Credential::Password(password) => Secret::Password(password),
            Credential::OAuth(login) => login.access(),
        }
    }
}

fn password_key(account: &str) -> RecordKey {
    RecordKey::named(Tree::Accounts, account, "password")
}

fn oauth_key(account: &str) -> RecordKey {
    RecordKey::named(Tree::Accounts, account, "oauth")
}

/// The account logs in by this from now on, and by nothing else.
pub(crate) fn put_credential(
    batch: &mut Batch,
    account: &str,
    credential: &Credential,
) -> Result<(), CoreError> {
    match credential {
        Credential::Password(password) => {
            batch.put(password_key(account), password.as_bytes().to_vec()).remove(oauth_key(account));
        }
        Credential::OAuth(login) => {
            batch.put(oauth_key(account), encode(login.as_ref())?).remove(password_key(account));
        }
    }
    Ok(())
}

fn stored_credential(store: &dyn Store, account: &str) -> Result<Credential, CoreError> {
    if let Some(octets) = store.read(&oauth_key(account))? {
        return Ok(Credential::OAuth(Box::new(decode(&Zeroizing::new(octets))?)));
    }
    let octets = store.read(&password_key(account))?.ok_or(CoreError::NotFound(Thing::Account))?;
    let password = String::from_utf8_lossy(&Zeroizing::new(octets)).into_owned();
    Ok(Credential::Password(Zeroizing::new(password)))
}

/// Takes the record of a login that a woken process renewed, unless the one here is as new or another.
pub(crate) fn merge_login(
    store: &dyn Store,
    account: &str,
    key: &RecordKey,
    record: &[u8],
) -> Result<(), CoreError> {
    if *key != oauth_key(account) {
        return Ok(());
    }
    let renewed: OAuthLogin = decode(record)?;
    match stored_credential(store, account)? {
        Credential::OAuth(stored) if renewed.is_newer_than(&stored) => {
            let mut batch = Batch::default();
            put_credential(&mut batch, account, &Credential::OAuth(Box::new(renewed)))?;
            Ok(store.apply(batch)?)
        }
        _ => Ok(()),
    }
}

/// A renewing of tokens, with all that it works with: it outlives whoever asked for it.
struct Renewal {
    store: Arc<dyn Store>,
    account: String,
    private_cas: Vec<Vec<u8>>,
    /// Nobody else renews meanwhile.
    _one: OwnedMutexGuard<()>,
}

impl Renewal {
    /// New tokens are on the disk before anybody sees them: the old ones are spent as soon as the provider answers.
    async fn run(self, login: Box<OAuthLogin>) -> Result<Credential, CoreError> {
        let renewed = Credential::OAuth(Box::new(login.renewed(&self.private_cas).await?));
        match stored_credential(self.store.as_ref(), &self.account)? {
            Credential::OAuth(stored) if stored.is_same(&login) => {}
            // The user logged in afresh meanwhile: that stays.
            fresh => return Ok(fresh),
        }
        let mut batch = Batch::default();
        put_credential(&mut batch, &self.account, &renewed)?;
        self.store.apply(batch)?;
        Ok(renewed)
    }
}

impl AccountInner {
    /// What can be used now. `refused`: an access token that a server did not take, although its time is not over.
    async fn credential(&self, refused: Option<&OAuthLogin>) -> Result<Credential, CoreError> {
        let store = self.store()?;
        if let password @ Credential::Password(_) = stored_credential(store.as_ref(), self.group())? {
            return Ok(password);
        }
        let one = Arc::clone(&self.renewing).lock_owned().await;
        let usable = |login: &OAuthLogin| {
            // Somebody else renewed it meanwhile.
            let is_refused = refused.is_some_and(|refused| refused.is_same(login));
            login.is_fresh() && !is_refused
        };
        let mut login = match stored_credential(store.as_ref(), self.group())? {
            Credential::OAuth(login) => login,
            password => return Ok(password),
        };
        if !usable(&login) {
            if self.core.is_beside_an_owner() {
                return Err(CoreError::Store(StoreError::InUse));
            }
            self.core.attend_logins().await;
            login = match stored_credential(store.as_ref(), self.group())? {
                Credential::OAuth(login) => login,
                password => return Ok(password),
            };
        }
        if usable(&login) {
            return Ok(Credential::OAuth(login));
        }
        let renewal = Renewal {
            store,
            account: self.group().to_owned(),
            private_cas: self.settings.tls_anchors.clone(),
            _one: one,
        };
        // Whoever waits here may be cancelled after the provider has spent the old tokens, and before the new ones are stored.
        let renewed = Task::spawn(&self.core.handle, renewal.run(login)).await?;
        // Woken processes have the old one.
        self.core.attend_woken().await;
        Ok(renewed)
    }

    /// A provider may withdraw a token before its time: a login that is refused is renewed once.
    async fn after(&self, failure: CoreError, credential: &Credential) -> Result<Credential, CoreError> {
        match (&failure, credential) {
            (CoreError::LoginRefused { .. }, Credential::OAuth(login)) => self.credential(Some(login)).await,
            _ => Err(failure),
        }
    }

    pub(crate) async fn imap(&self) -> Result<Imap, CoreError> {
        let (server, user) = (&self.settings.imap, &self.settings.login);
        self.core.online(server)?;
        let connector = tls::connector(&self.settings.tls_anchors);
        let credential = self.credential(None).await?;
        match imap::connect(server, &connector, user, credential.secret()).await {
            Ok(imap) => Ok(imap),
            Err(failure) => {
                let renewed = self.after(failure, &credential).await?;
                imap::connect(server, &connector, user, renewed.secret()).await
            }
        }
    }

    pub(crate) async fn smtp(&self) -> Result<Smtp, CoreError> {
        let (server, user) = (&self.settings.smtp, &self.settings.login);
        self.core.online(server)?;
        let connector = tls::connector(&self.settings.tls_anchors);
        let credential = self.credential(None).await?;
        match Smtp::connect(server, &connector, user, credential.secret()).await {
            Ok(smtp) => Ok(smtp),
            Err(failure) => {
                let renewed = self.after(failure, &credential).await?;
                Smtp::connect(server, &connector, user, renewed.secret()).await
            }
        }
    }
}
