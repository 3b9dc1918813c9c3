//! One account: its settings, its own keys, and the objects that work with it.

mod gate;
mod known;
mod removal;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::people::{self, Contact, People};
use engine::ports::{Batch, BoxFuture, KeyId, KeyRole, RecordKey, SignPurpose, Store, Tree, VaultError};
use serde::{Deserialize, Serialize};
use smime::enveloped::DecryptionKey;
use smime::issue::{self, LeafPurpose, Subject};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, UnixTime};
use tokio::sync::OnceCell;

use crate::approvals::Approvals;
use crate::authority;
use crate::composer::Composer;
use crate::config::{AccountConfig, Server};
use crate::core::{CoreInner, Event, ProgressStep};
use crate::credential::{Credential, put_credential};
use crate::error::{CoreError, NetworkProblem, Thing, Unreadable, WrongUse};
use crate::exchange::QrExchange;
use crate::imap;
use crate::mailboxes::Mailboxes;
use crate::people::PeopleList;
use crate::record::{decode, encode};
use crate::smtp::Smtp;
use crate::sync::{Folder, SyncReport};
use crate::system::{OsRandom, now, random_array};
use crate::task::Task;
use crate::tls;
use gate::{Gate, GatedStore};
pub(crate) use known::Believed;
use known::KnownPeople;
pub use removal::{Removal, Unsent};
pub(crate) use removal::{clear_away_removed, remove};

/// How long a personal root is valid, in seconds (20 years).
const ROOT_VALIDITY: u64 = 20 * 365 * 86_400;
/// How long a device's certificates are valid, in seconds (3 years); renewals under the same root are silent.
const LEAF_VALIDITY: u64 = 3 * 365 * 86_400;
/// Certificates begin a little earlier than now, for correspondents whose clocks are behind, in seconds.
const BACKDATING: u64 = 3600;

/// One account.
#[derive(Clone)]
pub struct Account {
    pub(crate) inner: Arc<AccountInner>,
}

/// What everybody who shows an account needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountSummary {
    /// The address.
    pub address: EmailAddress,
    /// Display name.
    pub name: String,
    /// `host:port`.
    pub imap: String,
    /// `host:port`.
    pub smtp: String,
    /// Where timestamps come from.
    pub timestamps: Option<String>,
    /// SHA-256 of the personal root, hexadecimal.
    pub anchor: String,
}

/// One own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnKey {
    /// What it is for.
    pub role: OwnKeyRole,
    /// `p256`, …
    pub algorithm: Option<KeyAlgorithm>,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// End of validity.
    pub not_after: UnixTime,
    /// PEM of the certificate.
    pub certificate: String,
}

/// What an own key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnKeyRole {
    /// Issues the others.
    Root,
    /// Signs decisions.
    Approval,
    /// Signs mail.
    Mail,
    /// Decrypts mail.
    Encryption,
}

impl OwnKeyRole {
    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            OwnKeyRole::Root => "root",
            OwnKeyRole::Approval => "approval",
            OwnKeyRole::Mail => "mail",
            OwnKeyRole::Encryption => "encryption",
        }
    }
}

pub(crate) struct AccountInner {
    pub(crate) core: Arc<CoreInner>,
    pub(crate) settings: AccountConfig,
    pub(crate) own: OwnKeys,
    decryption: OnceCell<Arc<Vec<DecryptionKey>>>,
    /// Of the people that were asked for last.
    believed: Mutex<Option<Arc<Believed>>>,
    shared: Arc<Shared>,
}

/// What all objects of an account share, also those that were opened before it was changed.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    gate: Gate,
    people: KnownPeople,
    /// One synchronisation at a time.
    pub(crate) busy: tokio::sync::Mutex<()>,
    /// One round through the outbox at a time. Taken behind `busy` where both are.
    pub(crate) sending: tokio::sync::Mutex<()>,
    /// One update of the search index at a time.
    #[cfg(feature = "search")]
    pub(crate) indexing: tokio::sync::Mutex<()>,
    commit: Mutex<()>,
    /// The mail in the outbox that is being worked on.
    pub(crate) in_hand: Mutex<Option<u64>>,
    /// Told when the user did something to mail.
    pub(crate) acted: tokio::sync::Notify,
    /// One renewing of tokens at a time: the second would use what the first has spent.
    pub(crate) renewing: Arc<tokio::sync::Mutex<()>>,
}

impl Shared {
    /// See [`AccountInner::committing`].
    fn committing(&self) -> MutexGuard<'_, ()> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for AccountInner {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// Keys and certificates of an account; private keys are sealed or live in the vault.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OwnKeys {
    root: Vec<u8>,
    sealed_root_key: Vec<u8>,
    approval: OwnSigner,
    mail: OwnSigner,
    encryption: Vec<OwnEncryption>,
}

#[derive(Clone, Serialize, Deserialize)]
struct OwnSigner {
    key: KeyId,
    certificate: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
struct OwnEncryption {
    certificate: Vec<u8>,
    sealed_key: Vec<u8>,
}

/// A signing key with its certificate.
pub(crate) struct Signer {
    pub(crate) key: KeyId,
    pub(crate) certificate: Certificate,
}

impl Account {
    /// What everybody who shows it needs.
    pub fn summary(&self) -> Result<AccountSummary, CoreError> {
        let settings = &self.inner.settings;
        Ok(AccountSummary {
            address: settings.address.clone(),
            name: settings.name.clone(),
            imap: tls::place(&settings.imap.host, settings.imap.port),
            smtp: tls::place(&settings.smtp.host, settings.smtp.port),
            timestamps: settings.authority.as_ref().map(|authority| authority.url.clone()),
            anchor: self.inner.own.root()?.fingerprint().to_hex(),
        })
    }

    /// Its own certificates.
    pub fn keys(&self) -> Result<Vec<OwnKey>, CoreError> {
        let own = &self.inner.own;
        let mut keys = vec![
            own_key(OwnKeyRole::Root, &own.root()?),
            own_key(OwnKeyRole::Approval, &own.approval_certificate()?),
            own_key(OwnKeyRole::Mail, &own.mail_certificate()?),
        ];
        for certificate in own.encryption_certificates()? {
            keys.push(own_key(OwnKeyRole::Encryption, &certificate));
        }
        Ok(keys)
    }

    /// Fetches and sends what there is: mail, meetings, approvals, outbox.
    pub fn sync(&self) -> Task<SyncReport> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.sync(true).await })
    }

    /// As [`sync`](Self::sync), after forgetting all stored mail: everything is fetched and judged again. What the server does not
    /// have is untouched: what waits in the outbox, drafts, people, approvals, what was done to mail. Nothing is forgotten
    /// while the server can't be reached.
    pub fn sync_full(&self) -> Task<SyncReport> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            inner.imap().await?.logout().await;
            inner.forget_mail().await?;
            inner.sync(true).await
        })
    }

    /// Stored mail.
    pub fn mailboxes(&self) -> Mailboxes {
        Mailboxes { inner: Arc::clone(&self.inner) }
    }

    /// Writing mail.
    pub fn composer(&self) -> Composer {
        Composer { inner: Arc::clone(&self.inner) }
    }

    /// Approvals.
    pub fn approvals(&self) -> Approvals {
        Approvals { inner: Arc::clone(&self.inner) }
    }

    /// People.
    pub fn people(&self) -> PeopleList {
        PeopleList { inner: Arc::clone(&self.inner) }
    }

    /// QR codes and meetings.
    pub fn qr_exchange(&self) -> QrExchange {
        QrExchange { inner: Arc::clone(&self.inner) }
    }
}

fn own_key(role: OwnKeyRole, certificate: &Certificate) -> OwnKey {
    OwnKey {
        role,
        algorithm: certificate.key_algorithm(),
        sha256: certificate.fingerprint().to_hex(),
        not_after: certificate.not_after(),
        certificate: certificate.to_pem(),
    }
}

fn own_certificate(der: &[u8]) -> Result<Certificate, CoreError> {
    Certificate::from_der(der).map_err(|_| CoreError::Vault(VaultError::Damaged))
}

impl OwnKeys {
    pub(crate) fn root(&self) -> Result<Certificate, CoreError> {
        own_certificate(&self.root)
    }

    pub(crate) fn approval_certificate(&self) -> Result<Certificate, CoreError> {
        own_certificate(&self.approval.certificate)
    }

    pub(crate) fn mail_certificate(&self) -> Result<Certificate, CoreError> {
        own_certificate(&self.mail.certificate)
    }

    pub(crate) fn encryption_certificates(&self) -> Result<Vec<Certificate>, CoreError> {
        self.encryption.iter().map(|own| own_certificate(&own.certificate)).collect()
    }

    pub(crate) fn signer(&self, role: KeyRole) -> Result<Signer, CoreError> {
        let own = if role == KeyRole::Approval { &self.approval } else { &self.mail };
        Ok(Signer { key: own.key.clone(), certificate: own_certificate(&own.certificate)? })
    }
}

impl AccountInner {
    /// `shared` is older than what is read here: an account that is removed meanwhile opens with a gate that is shut.
    pub(crate) fn open(core: &Arc<CoreInner>, name: &str, shared: Arc<Shared>) -> Result<Self, CoreError> {
        let store = core.store()?;
        let settings = store.read(&settings_key(name))?.ok_or(CoreError::NotFound(Thing::Account))?;
        let own = store
            .read(&RecordKey::named(Tree::Keys, name, "own"))?
            .ok_or(CoreError::Vault(VaultError::NoSuchKey))?;
        let inner = AccountInner {
            core: Arc::clone(core),
            settings: decode(&settings)?,
            own: decode(&own)?,
            decryption: OnceCell::new(),
            believed: Mutex::default(),
            shared,
        };
        for folder in Folder::USUAL {
            // What can't be taken over is fetched again.
            inner.take_over(folder).ok();
        }
        Ok(inner)
    }

    /// Checks both servers first: a typing error makes no keys.
    pub(crate) async fn add(
        core: &Arc<CoreInner>,
        config: AccountConfig,
        credential: Credential,
    ) -> Result<(), CoreError> {
        let name = config.address.folded().to_owned();
        // What is left of one that was here before is not taken for this one's.
        removal::clear_away(core, &name).await?;
        let settings = settings_key(&name);
        if core.store()?.read(&settings)?.is_some() {
            return Err(CoreError::WrongUse(WrongUse::AccountExists));
        }
        check(core, &config, &credential).await?;
        AccountInner::install(core, &config, &credential).await
    }

    /// Makes the keys of an account, and stores all of it.
    pub(crate) async fn install(
        core: &Arc<CoreInner>,
        config: &AccountConfig,
        credential: &Credential,
    ) -> Result<(), CoreError> {
        let name = config.address.folded().to_owned();
        core.emit(Event::Progress { step: ProgressStep::MakingKeys, done: 0, total: None });
        let own = make_keys(core, config).await?;
        let mut batch = Batch::default();
        batch.put(RecordKey::named(Tree::Keys, name.as_str(), "own"), encode(&own)?);
        put_credential(&mut batch, &name, credential)?;
        batch.put(settings_key(&name), encode(config)?);
        core.store()?.apply(batch)?;
        Ok(())
    }

    /// Other servers, password, name or authorities for an account that exists; its keys stay.
    pub(crate) async fn change(
        core: &Arc<CoreInner>,
        config: AccountConfig,
        credential: Credential,
    ) -> Result<(), CoreError> {
        let name = config.address.folded().to_owned();
        // Taken first: it may be removed while the servers are asked.
        let store = GatedStore::new(core.store()?, core.shared(&name));
        let settings = settings_key(&name);
        if store.read(&settings)?.is_none() {
            return Err(CoreError::NotFound(Thing::Account));
        }
        check(core, &config, &credential).await?;
        let mut batch = Batch::default();
        put_credential(&mut batch, &name, &credential)?;
        batch.put(settings, encode(&config)?);
        store.apply(batch)?;
        core.forget_opened(&name);
        Ok(())
    }

    /// The store, as far as this account may still use it.
    pub(crate) fn store(&self) -> Result<Arc<dyn Store>, CoreError> {
        if self.gate.is_shut() {
            return Err(CoreError::NotFound(Thing::Account));
        }
        Ok(Arc::new(GatedStore::new(self.core.store()?, Arc::clone(&self.shared))))
    }

    /// It was removed: nothing of it writes any more.
    pub(crate) fn is_removed(&self) -> bool {
        self.gate.is_shut()
    }

    /// Held while records are read, changed and written back, so that nobody's change is lost. Never across an await:
    /// the vault and the network are asked before, and what was built on is compared again under this lock.
    pub(crate) fn committing(&self) -> MutexGuard<'_, ()> {
        self.shared.committing()
    }

    /// Name of the account's groups in the store.
    pub(crate) fn group(&self) -> &str {
        self.settings.address.folded()
    }

    /// Own decryption keys; unsealed once a session.
    pub(crate) async fn decryption_keys(&self) -> Result<Arc<Vec<DecryptionKey>>, CoreError> {
        let unsealing = async {
            let sealing = self.core.sealing_key().await?;
            let mut keys = Vec::new();
            for own in &self.own.encryption {
                let context = key_context(self.group(), "encryption");
                let der = self.core.vault.unwrap(&sealing.id, &context, &own.sealed_key).await?;
                let key = PrivateKey::from_der(&der).map_err(|_| CoreError::Vault(VaultError::Damaged))?;
                keys.push(DecryptionKey { key, certificates: vec![own_certificate(&own.certificate)?] });
            }
            Ok::<_, CoreError>(Arc::new(keys))
        };
        self.decryption.get_or_try_init(|| unsealing).await.cloned()
    }

    /// Everybody this account knows.
    pub(crate) fn people(&self) -> Result<Arc<People>, CoreError> {
        self.shared.people.get(|| {
            let mut people = People::new();
            for (_, octets) in self.store()?.scan(Tree::People, self.group().as_bytes())? {
                let contact: Contact = decode(&octets)?;
                people.insert(contact.address.folded().to_owned(), contact);
            }
            Ok(people)
        })
    }

    pub(crate) fn put_contact(&self, batch: &mut Batch, contact: &Contact) -> Result<(), CoreError> {
        let key = RecordKey::named(Tree::People, self.group(), contact.address.folded());
        batch.put(key, encode(contact)?);
        Ok(())
    }

    /// Whom to believe when a mail is opened, where these are the people.
    pub(crate) fn believed(&self, people: &Arc<People>) -> Result<Arc<Believed>, CoreError> {
        let kept = || self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(believed) = kept().as_ref().filter(|believed| Arc::ptr_eq(&believed.people, people)) {
            return Ok(Arc::clone(believed));
        }
        let is_known = |contact: &&Contact| contact.trust <= Trust::PublicCa;
        let believed = Arc::new(Believed {
            people: Arc::clone(people),
            anchors: self.anchors(people)?,
            timestamp_anchors: self.timestamp_anchors()?,
            known: people.values().filter(is_known).map(|contact| contact.address.clone()).collect(),
        });
        *kept() = Some(Arc::clone(&believed));
        Ok(believed)
    }

    /// Whom to believe: oneself, people, the organisation.
    fn anchors(&self, people: &People) -> Result<Vec<TrustAnchor>, CoreError> {
        let own = TrustAnchor {
            certificate: self.own.root()?,
            trust: Trust::Met,
            scope: AnchorScope::Address(self.settings.address.clone()),
        };
        let organisation = authorities(&self.settings.organisation_anchors, Trust::Organisation)?;
        let mut anchors = vec![own];
        anchors.extend(people::anchors(people, &organisation));
        Ok(anchors)
    }

    /// Whom to believe about time.
    pub(crate) fn timestamp_anchors(&self) -> Result<Vec<TrustAnchor>, CoreError> {
        match &self.settings.authority {
            Some(authority) => authorities(&authority.anchors, Trust::Organisation),
            None => Ok(Vec::new()),
        }
    }

    /// Signs with a key in the vault.
    pub(crate) fn vault_sign<'a>(
        &'a self,
        signer: &'a Signer,
        prepared: &'a smime::signed::PreparedSignature,
        purpose: &'a SignPurpose,
    ) -> BoxFuture<'a, Result<Vec<u8>, VaultError>> {
        self.core.vault.sign(&signer.key, prepared.algorithm(), prepared.bytes_to_sign(), purpose)
    }

    /// Certificates that every signed mail carries: root, and the encryption certificates.
    pub(crate) fn carried_certificates(&self) -> Result<Vec<Certificate>, CoreError> {
        let mut carried = vec![self.own.root()?];
        carried.extend(self.own.encryption_certificates()?);
        Ok(carried)
    }
}

impl CoreInner {
    /// Refuses when working offline.
    pub(crate) fn online(&self, server: &Server) -> Result<(), CoreError> {
        if self.config.offline {
            let host = tls::place(&server.host, server.port);
            return Err(CoreError::Network { host, problem: NetworkProblem::Offline });
        }
        Ok(())
    }
}

/// An address as in the names of an account's groups.
pub(crate) fn folded(address: &str) -> String {
    let parsed: Result<EmailAddress, _> = address.parse();
    parsed.map_or_else(|_| address.to_ascii_lowercase(), |address| address.folded().to_owned())
}

/// What makes an account exist.
fn settings_key(name: &str) -> RecordKey {
    RecordKey::named(Tree::Accounts, name, "settings")
}

/// Everything that an account needs works: found out before it is kept.
async fn check(
    core: &Arc<CoreInner>,
    config: &AccountConfig,
    credential: &Credential,
) -> Result<(), CoreError> {
    if config.name.chars().any(char::is_control) {
        return Err(CoreError::Unreadable(Unreadable::HeaderValue));
    }
    core.online(&config.imap)?;
    core.emit(Event::Progress { step: ProgressStep::Connecting, done: 0, total: None });
    let connector = tls::connector(&config.tls_anchors);
    imap::connect(&config.imap, &connector, &config.login, credential.secret()).await?.logout().await;
    Smtp::connect(&config.smtp, &connector, &config.login, credential.secret()).await?.quit().await;
    if let Some(authority) = &config.authority {
        let anchors = authorities(&authority.anchors, Trust::Organisation)?;
        authority::fetch(authority, &anchors, &random_array::<32>()).await?;
    }
    Ok(())
}

fn authorities(ders: &[Vec<u8>], trust: Trust) -> Result<Vec<TrustAnchor>, CoreError> {
    let anchor = |der: &Vec<u8>| {
        Ok(TrustAnchor { certificate: own_certificate(der)?, trust, scope: AnchorScope::Any })
    };
    ders.iter().map(anchor).collect()
}

/// Bound to a sealed private key, so that it can't be put in another's place.
fn key_context(account: &str, role: &str) -> Vec<u8> {
    format!("countersign {role} key of {account}").into_bytes()
}

/// Personal root, approval, mail and encryption key with their certificates (DESIGN section 5).
async fn make_keys(core: &Arc<CoreInner>, config: &AccountConfig) -> Result<OwnKeys, CoreError> {
    let account = config.address.folded();
    let damaged = |_| CoreError::Vault(VaultError::Unavailable);
    let start = now().minus(BACKDATING);
    let subject = |validity: u64| Subject {
        address: config.address.clone(),
        name: config.name.clone(),
        not_before: start,
        not_after: start.plus(validity),
    };
    let sealing = core.sealing_key().await?;
    let root_key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).map_err(damaged)?;
    let encryption_key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).map_err(damaged)?;
    let unissued = |_| CoreError::Unreadable(crate::error::Unreadable::HeaderValue);
    let root = issue::personal_root(&root_key, &subject(ROOT_VALIDITY), &mut OsRandom).map_err(unissued)?;

    // Keys of an attempt that was interrupted are used, not left behind.
    let existing = core.vault.list().await?;
    let mut signers = Vec::new();
    for role in [KeyRole::Approval, KeyRole::Mail] {
        let found = existing.iter().find(|key| key.role == role && key.account == account).cloned();
        let info = match found {
            Some(info) => info,
            None => core.vault.create(account, role, KeyAlgorithm::P256).await?,
        };
        let purpose = if role == KeyRole::Approval { LeafPurpose::Approval } else { LeafPurpose::Mail };
        let leaf =
            issue::leaf(&root, &root_key, &info.public_key, purpose, &subject(LEAF_VALIDITY), &mut OsRandom)
                .map_err(unissued)?;
        signers.push(OwnSigner { key: info.id, certificate: leaf.der().to_vec() });
    }
    let [approval, mail] =
        <[OwnSigner; 2]>::try_from(signers).map_err(|_| CoreError::Vault(VaultError::Unavailable))?;

    let public = encryption_key.public_key_der();
    let leaf = issue::leaf(
        &root,
        &root_key,
        &public,
        LeafPurpose::Encryption,
        &subject(LEAF_VALIDITY),
        &mut OsRandom,
    )
    .map_err(unissued)?;
    let seal = |role: &'static str, key: &PrivateKey| {
        let context = key_context(account, role);
        let der = key.to_pkcs8_der();
        let (vault, sealing) = (Arc::clone(&core.vault), sealing.id.clone());
        async move { vault.wrap(&sealing, &context, &der).await }
    };
    Ok(OwnKeys {
        root: root.der().to_vec(),
        sealed_root_key: seal("root", &root_key).await?,
        approval,
        mail,
        encryption: vec![OwnEncryption {
            certificate: leaf.der().to_vec(),
            sealed_key: seal("encryption", &encryption_key).await?,
        }],
    })
}
