//! Synchronising with the server, and what a received mail leads to.

use std::collections::{BTreeMap, BTreeSet};

use engine::imap::{MailboxName, Role};
use engine::people::{Learned, People, first_seen_anchors, learn};
use engine::ports::{Batch, Item, RecordKey, Tree};
use engine::search::{Document, MailId};
use engine::secure::{self, Opened, Opening, Verdict};
use mail::part::Message;
use serde::{Deserialize, Serialize};
use smime::signed::verify_signer;
use smime::verdict::SignatureState;
use smime::{EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::core::{Event, ProgressStep};
use crate::error::{CoreError, ServerProblem, Unreadable};
use crate::imap::{Imap, Listed, MAX_MAIL_OCTETS};
use crate::mailboxes::preview;
use crate::outbox::Flushed;
use crate::record::{decode, encode};
use crate::search::Unindexed;
use crate::system::{OsRandom, now};

/// How many mails are fetched between two looks at older ones; the newest come first.
const CHUNK: usize = 50;

/// The rules by which stored verdicts were made; a newer version judges again. Whoever changes what a reader says of a
/// mail, in `mail`, `smime` or `engine`, raises it. 2: ambiguous structure, look-alikes, revocation.
pub(crate) const POLICY_VERSION: u32 = 2;

/// The folders that are kept on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// INBOX.
    Inbox,
    /// Sent mail.
    Sent,
}

impl Folder {
    /// Both.
    pub const ALL: [Folder; 2] = [Folder::Inbox, Folder::Sent];

    /// As in the ids of mails.
    pub fn name(self) -> &'static str {
        match self {
            Folder::Inbox => "inbox",
            Folder::Sent => "sent",
        }
    }
}

/// What a synchronisation did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// New mails.
    pub new: u64,
    /// Mails that are gone from the server.
    pub removed: u64,
    /// Mails that were sent.
    pub sent: u64,
    /// Mails that wait in the outbox.
    pub waiting: u64,
    /// Mails in the outbox that need their owner.
    pub stuck: u64,
}

/// A stored mail without its octets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MailRecord {
    pub(crate) uid: u32,
    pub(crate) octets: u64,
    pub(crate) is_seen: bool,
    pub(crate) received: UnixTime,
    pub(crate) from_name: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) content: Content,
    pub(crate) policy: u32,
    /// Begin of the text, one line.
    #[serde(default)]
    pub(crate) preview: Option<String>,
}

/// What is known of a mail's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    /// Judged.
    Judged(Box<Verdict>),
    /// Not fetched: larger than this version takes.
    TooLarge,
    /// Over a limit of the MIME reader; the octets are kept.
    Unreadable,
}

/// State of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FolderState {
    uid_validity: u32,
}

impl AccountInner {
    pub(crate) fn folder_group(&self, folder: Folder) -> Vec<u8> {
        format!("{}\0{}", self.group(), folder.name()).into_bytes()
    }

    pub(crate) fn mail_key(&self, folder: Folder, uid: u32) -> RecordKey {
        RecordKey::numbered(Tree::Mail, self.folder_group(folder), u64::from(uid))
    }

    /// Everything: mail in, meetings, approvals, outbox.
    pub(crate) async fn sync(&self) -> Result<SyncReport, CoreError> {
        let _busy = self.busy.lock().await;
        match self.sync_once().await {
            // The mail cache can be fetched again; keys, people, approvals and the outbox are not in it.
            Err(CoreError::Store(error)) if error == store::CACHE_DAMAGED => {
                self.core.sealed_store()?.clear_cache()?;
                self.core.emit(Event::CacheRebuilt);
                self.sync_once().await
            }
            done => done,
        }
    }

    async fn sync_once(&self) -> Result<SyncReport, CoreError> {
        let mut report = SyncReport::default();
        let mut unindexed = Unindexed::default();
        let fetched = match self.imap().await {
            Ok(mut imap) => {
                let fetched = self.fetch_all(&mut imap, &mut report, &mut unindexed).await;
                imap.logout().await;
                fetched
            }
            Err(error) => Err(error),
        };
        if let Err(error @ (CoreError::Store(_) | CoreError::Vault(_))) = fetched {
            return Err(error);
        }
        // An index that can't be written keeps nothing from being sent, either.
        let indexed = self.index(&mut unindexed).await;
        // A mailbox that can't be read now keeps nothing from being sent.
        self.repeat_meetings().await?;
        self.automatic_approvals().await?;
        let flushed = self.flush(true).await;
        fetched?;
        indexed?;
        let Flushed { sent, waiting, stuck } = flushed?;
        report.sent = sent;
        report.waiting = waiting;
        report.stuck = stuck;
        Ok(report)
    }

    async fn fetch_all(
        &self,
        imap: &mut Imap,
        report: &mut SyncReport,
        unindexed: &mut Unindexed,
    ) -> Result<(), CoreError> {
        let sent = imap.folder_for(Role::Sent, "Sent").await?;
        let inbox = MailboxName::inbox();
        for folder in Folder::ALL {
            let name = if folder == Folder::Inbox { &inbox } else { &sent };
            self.fetch_folder(imap, folder, name, report, unindexed).await?;
        }
        Ok(())
    }

    async fn fetch_folder(
        &self,
        imap: &mut Imap,
        folder: Folder,
        name: &MailboxName,
        report: &mut SyncReport,
        unindexed: &mut Unindexed,
    ) -> Result<(), CoreError> {
        let selected = imap.examine(name).await?;
        let key = RecordKey::named(Tree::Sync, self.group(), folder.name());
        let known: Option<FolderState> =
            self.store()?.read(&key)?.map(|octets| decode(&octets)).transpose()?;
        let state = FolderState { uid_validity: selected.uid_validity };
        if known.is_some_and(|known| known != state) {
            // The server numbers anew (RFC 9051 section 2.3.1.1): the cache is worthless. Approvals are not in it.
            let local = self.local_uids(folder)?;
            self.remove_mails(folder, local.keys().copied())?;
        }
        if known != Some(state) {
            let mut batch = Batch::default();
            batch.put(key, encode(&state)?);
            self.store()?.apply(batch)?;
        }
        let listed = match imap.list(selected.exists).await {
            // Somebody may have expunged mail between the two commands: look once more.
            Err(CoreError::Server { problem: ServerProblem::Protocol, .. }) => {
                let again = imap.examine(name).await?;
                if again.uid_validity != selected.uid_validity {
                    return Ok(());
                }
                imap.list(again.exists).await?
            }
            listed => listed?,
        };
        self.match_local(folder, &listed, report)?;

        let local = self.local_uids(folder)?;
        let missing: Vec<&Listed> = listed.iter().filter(|mail| !local.contains_key(&mail.uid)).collect();
        let total = u64::try_from(missing.len()).ok();
        let mut done = 0;
        // Newest chunk first, but oldest mail first within it: what was written first is pinned first.
        for chunk in missing.rchunks(CHUNK) {
            for mail in chunk {
                self.core.emit(Event::Progress { step: ProgressStep::Fetching, done, total });
                done += 1;
                if self.fetch_mail(imap, folder, mail, unindexed).await? {
                    report.new += 1;
                }
            }
            if unindexed.is_full() {
                self.index(unindexed).await?;
            }
        }
        Ok(())
    }

    fn local_uids(&self, folder: Folder) -> Result<BTreeMap<u32, MailRecord>, CoreError> {
        let mut local = BTreeMap::new();
        for (item, octets) in self.store()?.scan(Tree::Mail, &self.folder_group(folder))? {
            if let Item::Number(number) = item
                && let Ok(uid) = u32::try_from(number)
            {
                local.insert(uid, decode(&octets)?);
            }
        }
        Ok(local)
    }

    /// Removes what is gone from the server and takes over flags.
    fn match_local(
        &self,
        folder: Folder,
        listed: &[Listed],
        report: &mut SyncReport,
    ) -> Result<(), CoreError> {
        let remote: BTreeMap<u32, &Listed> = listed.iter().map(|mail| (mail.uid, mail)).collect();
        let local = self.local_uids(folder)?;
        let gone: BTreeSet<u32> = local.keys().filter(|uid| !remote.contains_key(uid)).copied().collect();
        report.removed += u64::try_from(gone.len()).unwrap_or(u64::MAX);
        self.remove_mails(folder, gone)?;
        let mut batch = Batch::default();
        for (uid, mut record) in local {
            if let Some(mail) = remote.get(&uid)
                && mail.is_seen != record.is_seen
            {
                record.is_seen = mail.is_seen;
                batch.put(self.mail_key(folder, uid), encode(&record)?);
            }
        }
        if !batch.changes.is_empty() {
            self.store()?.apply(batch)?;
        }
        Ok(())
    }

    fn apply_committing(&self, batch: Batch) -> Result<(), CoreError> {
        let _commit = self.committing();
        Ok(self.store()?.apply(batch)?)
    }

    fn remove_mails(&self, folder: Folder, uids: impl IntoIterator<Item = u32>) -> Result<(), CoreError> {
        for uid in uids {
            let key = self.mail_key(folder, uid);
            let mut batch = Batch::default();
            batch.remove(key.clone());
            self.note_unindexed(&mut batch, folder, uid);
            self.apply_committing(batch)?;
            self.store()?.remove_body(&key)?;
        }
        Ok(())
    }

    /// Fetches one mail, acts on it and stores it; `false` when it is gone.
    ///
    /// The record comes last: a crash before it fetches the mail again, and acting twice on a mail changes nothing.
    async fn fetch_mail(
        &self,
        imap: &mut Imap,
        folder: Folder,
        mail: &Listed,
        unindexed: &mut Unindexed,
    ) -> Result<bool, CoreError> {
        let key = self.mail_key(folder, mail.uid);
        let mut record = MailRecord {
            uid: mail.uid,
            octets: mail.octets,
            is_seen: mail.is_seen,
            received: now(),
            from_name: None,
            message_id: None,
            content: Content::TooLarge,
            policy: POLICY_VERSION,
            preview: None,
        };
        if mail.octets <= MAX_MAIL_OCTETS {
            let Some(raw) = imap.fetch(mail.uid).await? else { return Ok(false) };
            self.store()?.put_body(&key, &raw)?;
            match self.process(folder, &raw, &mut record).await {
                Ok(document) => document.into_iter().for_each(|document| unindexed.add(document)),
                // What is wrong with one mail must not keep the others away.
                Err(CoreError::Unreadable(_) | CoreError::WrongUse(_) | CoreError::NotFound(_)) => {
                    record.content = Content::Unreadable;
                }
                Err(error) => return Err(error),
            }
        }
        let mut batch = Batch::default();
        batch.put(key, encode(&record)?);
        self.note_unindexed(&mut batch, folder, mail.uid);
        self.apply_committing(batch)?;
        self.core.emit(Event::Mail { id: format!("{}.{}", folder.name(), mail.uid) });
        Ok(true)
    }

    /// Acts on a mail and fills its record; what is to be indexed of it.
    async fn process(
        &self,
        folder: Folder,
        raw: &[u8],
        record: &mut MailRecord,
    ) -> Result<Option<Document>, CoreError> {
        let keys = self.decryption_keys().await?;
        let Ok(mut opened) = self.open_mail(raw, &keys, &self.people()?) else {
            record.content = Content::Unreadable;
            return Ok(None);
        };
        if folder == Folder::Inbox {
            if self.receive_meeting(&opened).await? {
                opened = self.open_mail(raw, &keys, &self.people()?)?;
                self.file_again(&keys)?;
            }
            self.learn_from(raw, &keys, &mut opened)?;
        }
        self.receive_approval(raw, &opened)?;
        let outer = Message::parse(raw).map_err(|_| CoreError::Unreadable(Unreadable::Mail))?;
        record.message_id = outer.root().headers.message_id.clone();
        record.from_name = opened.verdict.headers.from_mailboxes.first().and_then(|from| from.name.clone());
        record.preview = opened.shown_text().map(|text| preview(&text));
        let id = MailId { folder: folder.name().to_owned(), uid: record.uid };
        let document = cfg!(feature = "search").then(|| Document::of(id, record.received, &opened));
        record.content = Content::Judged(Box::new(opened.verdict));
        Ok(document)
    }

    /// Files stored requests again that came from people who were strangers then and are known now.
    fn file_again(&self, keys: &[smime::enveloped::DecryptionKey]) -> Result<(), CoreError> {
        let people = self.people()?;
        let known = |address: &String| {
            people
                .get(&address.to_lowercase())
                .is_some_and(|contact| contact.trust <= smime::path::Trust::PublicCa)
        };
        for (uid, record) in self.local_uids(Folder::Inbox)? {
            let Content::Judged(verdict) = &record.content else { continue };
            if verdict.approval.is_none() || !verdict.headers.from.iter().any(known) {
                continue;
            }
            if let Some(raw) = self.store()?.body(&self.mail_key(Folder::Inbox, uid))?
                && let Ok(opened) = self.open_mail(&raw, keys, &people)
            {
                self.receive_approval(&raw, &opened)?;
            }
        }
        Ok(())
    }

    pub(crate) fn open_mail(
        &self,
        raw: &[u8],
        keys: &[smime::enveloped::DecryptionKey],
        people: &People,
    ) -> Result<Opened, CoreError> {
        self.open_mail_with(raw, keys, &self.anchors(people)?, people)
    }

    fn open_mail_with(
        &self,
        raw: &[u8],
        keys: &[smime::enveloped::DecryptionKey],
        anchors: &[smime::path::TrustAnchor],
        people: &People,
    ) -> Result<Opened, CoreError> {
        let timestamp_anchors = self.timestamp_anchors()?;
        // Whoever is known only from a first mail may be the imitation.
        let is_known = |contact: &&engine::people::Contact| contact.trust <= smime::path::Trust::PublicCa;
        let known: Vec<_> = people.values().filter(is_known).map(|contact| contact.address.clone()).collect();
        let opening = Opening {
            keys,
            at: now(),
            anchors,
            timestamp_anchors: &timestamp_anchors,
            untrusted: &[],
            own: std::slice::from_ref(&self.settings.address),
            known: &known,
            sources: Default::default(),
        };
        secure::open(raw, &opening, &mut OsRandom).map_err(|_| CoreError::Unreadable(Unreadable::Mail))
    }

    /// Pins first-seen people and refreshes certificates; a changed anchor is only reported.
    fn learn_from(
        &self,
        raw: &[u8],
        keys: &[smime::enveloped::DecryptionKey],
        opened: &mut Opened,
    ) -> Result<(), CoreError> {
        let _commit = self.committing();
        let people = &mut self.people()?;
        let mut candidate = None;
        if opened.verdict.signature.state == SignatureState::Untrusted {
            candidate = self.first_seen(raw, keys, opened, people)?;
        }
        let believed = candidate.as_ref().unwrap_or(opened);
        let (Some(from), Some(signer), Some(signature)) =
            (believed.believed_from(), believed.valid_signer(), &believed.signature)
        else {
            return Ok(());
        };
        if from == self.settings.address {
            return Ok(());
        }
        let name = believed.verdict.headers.from_mailboxes.first().and_then(|mailbox| mailbox.name.clone());
        let protected = believed.headers.protected;
        let learned = learn(people, &from, name.as_deref(), signer, &signature.signed, protected, now());
        if learned == Learned::Nothing {
            return Ok(());
        }
        if let Some(contact) = people.get(from.folded()) {
            let mut batch = Batch::default();
            self.put_contact(&mut batch, contact)?;
            self.store()?.apply(batch)?;
        }
        if learned == Learned::ChangedAnchor {
            self.core.emit(Event::ChangedAnchor { address: from.to_string() });
        } else if let Some(candidate) = candidate {
            *opened = candidate;
        }
        Ok(())
    }

    /// The mail as it looks when the anchor that it carries is believed for its own address.
    fn first_seen(
        &self,
        raw: &[u8],
        keys: &[smime::enveloped::DecryptionKey],
        opened: &Opened,
        people: &People,
    ) -> Result<Option<Opened>, CoreError> {
        let (Some(signature), [from]) = (&opened.signature, opened.headers.headers.from.as_slice()) else {
            return Ok(None);
        };
        let Ok(from) = from.address.parse::<EmailAddress>() else { return Ok(None) };
        let Ok(signer) = verify_signer(&signature.signed, 0, signature.content(), &[]) else {
            return Ok(None);
        };
        let mut anchors = self.anchors(people)?;
        anchors.extend(first_seen_anchors(&from, signer.certificate(), signature.signed.certificates()));
        let again = self.open_mail_with(raw, keys, &anchors, people)?;
        Ok((again.verdict.signature.state == SignatureState::Valid).then_some(again))
    }
}
