//! What a received mail says, and what it leads to.

use std::sync::Arc;

use engine::people::{Learned, People, first_seen_anchors, learn};
use engine::ports::Batch;
use engine::search::{Document, MailId};
use engine::secure::{self, Opened, Opening};
use mail::part::Message;
use mail::thread::references;
use smime::EmailAddress;
use smime::enveloped::DecryptionKey;
use smime::signed::verify_signer;
use smime::verdict::SignatureState;

use super::local::LocalFolder;
use super::{Content, Folder, MailRecord, POLICY_VERSION, Place};
use crate::account::{AccountInner, Believed};
use crate::core::{Event, ProgressStep};
use crate::error::{CoreError, Unreadable};
use crate::mailboxes::preview;
use crate::record::decode;
use crate::search::Unindexed;
use crate::system::{OsRandom, now};

/// Mails that are looked into together, at most: so many, and the last one above so many octets.
const GROUP_MAILS: usize = 64;
const GROUP_OCTETS: usize = 1024 * 1024;
/// Threads that open mails.
const THREADS: usize = 4;

/// Mails that came in, of so many as are expected.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(super) new: u64,
    pub(super) expected: u64,
}

/// Where a mail belongs: in words of a signer who was met or is certified, or anybody's.
fn place(opened: &Opened) -> Place {
    let view = &opened.headers;
    // Under the older schemes a Message-ID that is missing inside is the one outside.
    let is_own_id = !view.outer_differs.iter().any(|name| name == "message-id");
    // Anybody makes himself a certificate, and is pinned by the very mail that he signs with it.
    let is_believed =
        opened.valid_signer().is_some_and(|signer| signer.trust() <= smime::path::Trust::PublicCa);
    Place {
        message_id: view.headers.message_id.clone(),
        references: references(&view.headers),
        is_protected: view.protected && is_own_id && is_believed,
    }
}

impl MailRecord {
    /// What is known of a mail by opening it.
    pub(crate) fn describe(&mut self, opened: Opened) {
        self.from_name = opened.verdict.headers.from_mailboxes.first().and_then(|from| from.name.clone());
        self.preview = opened.shown_text().map(|text| preview(&text));
        self.place = Some(place(&opened));
        self.content = Content::Judged(Box::new(opened.verdict));
        self.policy = POLICY_VERSION;
    }
}

impl AccountInner {
    /// Looks into the mails that came, in the order in which they were put into the folder: what was written first is
    /// pinned first. Their records come last: a crash before looks into them again, and acting twice on a mail changes
    /// nothing.
    pub(crate) async fn judge(
        &self,
        local: &mut LocalFolder<'_>,
        unindexed: &mut Unindexed,
        counter: &mut Counter,
    ) -> Result<(), CoreError> {
        let folder = local.folder;
        let mut ids = Vec::new();
        loop {
            let group = self.next_group(local)?;
            if group.is_empty() {
                break;
            }
            let keys = self.decryption_keys().await?;
            let believed = self.believed(&self.people()?)?;
            let ahead = self.open_ahead(&group, &keys, &believed);
            for ((uid, raw), opened) in group.into_iter().zip(ahead) {
                let total = Some(counter.expected.max(counter.new + 1));
                self.core.emit(Event::Progress { step: ProgressStep::Fetching, done: counter.new, total });
                let octets = u64::try_from(raw.len()).unwrap_or(u64::MAX);
                let mut record = MailRecord::without_content(uid, octets, Content::Unreadable);
                // Who was met, or seen, in a mail before it counts in this one.
                let is_as_before = self.believed(&self.people()?)?.is_as_good_as(&believed);
                match self.process(local, &raw, opened.filter(|_| is_as_before), &mut record).await {
                    Ok(document) => document.into_iter().for_each(|document| unindexed.add(document)),
                    // What is wrong with one mail must not keep the others away.
                    Err(CoreError::Unreadable(_) | CoreError::WrongUse(_) | CoreError::NotFound(_)) => {
                        record.content = Content::Unreadable;
                    }
                    Err(error) => return Err(error),
                }
                local.judged(uid, &record)?;
                counter.new += 1;
                ids.push(format!("{}.{uid}", folder.name()));
            }
        }
        local.flush()?;
        // What was put away or thrown away is no news.
        if Folder::USUAL.contains(&folder) {
            ids.into_iter().for_each(|id| self.core.emit(Event::Mail { id }));
        }
        Ok(())
    }

    /// Mails that wait to be looked into, with their octets: as many as may be in memory together.
    fn next_group(&self, local: &mut LocalFolder<'_>) -> Result<Vec<(u32, Vec<u8>)>, CoreError> {
        let (mut group, mut octets) = (Vec::new(), 0);
        while group.len() < GROUP_MAILS
            && octets < GROUP_OCTETS
            && let Some((uid, raw)) = local.unjudged.pop_first()
        {
            let raw = match raw {
                Some(raw) => Some(raw),
                None => self.store()?.body(&self.mail_key(local.folder, uid))?,
            };
            if let Some(raw) = raw {
                octets += raw.len();
                group.push((uid, raw));
            }
        }
        Ok(group)
    }

    /// Opens mails on several threads, before their turn. `None` where that is left to their turn.
    fn open_ahead(
        &self,
        group: &[(u32, Vec<u8>)],
        keys: &[DecryptionKey],
        believed: &Believed,
    ) -> Vec<Option<Opened>> {
        if group.len() < THREADS {
            return group.iter().map(|_| None).collect();
        }
        let open =
            |(_, raw): &(u32, Vec<u8>)| self.open_mail_with(raw, keys, &believed.anchors, believed).ok();
        let shares = || group.chunks(group.len().div_ceil(THREADS));
        std::thread::scope(|scope| {
            let threads: Vec<_> = shares()
                .map(|share| scope.spawn(move || share.iter().map(open).collect::<Vec<_>>()))
                .collect();
            let opened = threads.into_iter().zip(shares()).flat_map(|(thread, share)| {
                // Where a thread ended before its time, its mails are opened in their turn, which tells why.
                thread.join().unwrap_or_else(|_| share.iter().map(|_| None).collect())
            });
            opened.collect()
        })
    }

    /// Acts on a mail and fills its record; what is to be indexed of it. `ahead` is the mail, opened as it would be now.
    async fn process(
        &self,
        local: &mut LocalFolder<'_>,
        raw: &[u8],
        ahead: Option<Opened>,
        record: &mut MailRecord,
    ) -> Result<Option<Document>, CoreError> {
        let folder = local.folder;
        let keys = self.decryption_keys().await?;
        let opened = ahead.map_or_else(|| self.open_mail(raw, &keys, &self.people()?), Ok);
        let Ok(mut opened) = opened else {
            record.content = Content::Unreadable;
            return Ok(None);
        };
        if folder == Folder::Inbox {
            if self.receive_meeting(&opened).await? {
                opened = self.open_mail(raw, &keys, &self.people()?)?;
                // Those that came a moment ago among them.
                local.flush()?;
                self.file_again(&keys)?;
            }
            self.learn_from(raw, &keys, &mut opened)?;
        }
        if folder.is_kept() {
            self.receive_approval(raw, &opened)?;
        }
        let outer = Message::parse(raw).map_err(|_| CoreError::Unreadable(Unreadable::Mail))?;
        if folder.is_kept() {
            self.receive_report(&outer)?;
        }
        record.message_id = outer.root().headers.message_id.clone();
        let id = MailId { folder: folder.name().to_owned(), uid: record.uid };
        let is_searched = cfg!(feature = "search") && folder.is_kept();
        let document = is_searched.then(|| Document::of(id, record.received, &opened));
        record.describe(opened);
        Ok(document)
    }

    /// Files stored requests again that came from people who were strangers then and are known now.
    fn file_again(&self, keys: &[DecryptionKey]) -> Result<(), CoreError> {
        let people = self.people()?;
        let known = |address: &String| {
            people
                .get(&address.to_lowercase())
                .is_some_and(|contact| contact.trust <= smime::path::Trust::PublicCa)
        };
        for (uid, octets) in self.mail_records(Folder::Inbox)? {
            let record: MailRecord = decode(&octets)?;
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
        keys: &[DecryptionKey],
        people: &Arc<People>,
    ) -> Result<Opened, CoreError> {
        let believed = self.believed(people)?;
        self.open_mail_with(raw, keys, &believed.anchors, &believed)
    }

    fn open_mail_with(
        &self,
        raw: &[u8],
        keys: &[DecryptionKey],
        anchors: &[smime::path::TrustAnchor],
        believed: &Believed,
    ) -> Result<Opened, CoreError> {
        let opening = Opening {
            keys,
            at: now(),
            anchors,
            timestamp_anchors: &believed.timestamp_anchors,
            untrusted: &[],
            own: std::slice::from_ref(&self.settings.address),
            known: &believed.known,
            sources: Default::default(),
        };
        secure::open(raw, &opening, &mut OsRandom).map_err(|_| CoreError::Unreadable(Unreadable::Mail))
    }

    /// Pins first-seen people and refreshes certificates; a changed anchor is only reported.
    fn learn_from(&self, raw: &[u8], keys: &[DecryptionKey], opened: &mut Opened) -> Result<(), CoreError> {
        let _commit = self.committing();
        let mut people = self.people()?;
        let mut candidate = None;
        if opened.verdict.signature.state == SignatureState::Untrusted {
            candidate = self.first_seen(raw, keys, opened, &people)?;
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
        let people = Arc::make_mut(&mut people);
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
        keys: &[DecryptionKey],
        opened: &Opened,
        people: &Arc<People>,
    ) -> Result<Option<Opened>, CoreError> {
        let (Some(signature), [from]) = (&opened.signature, opened.headers.headers.from.as_slice()) else {
            return Ok(None);
        };
        let Ok(from) = from.address.parse::<EmailAddress>() else { return Ok(None) };
        let Ok(signer) = verify_signer(&signature.signed, 0, signature.content(), &[]) else {
            return Ok(None);
        };
        let believed = self.believed(people)?;
        let mut anchors = believed.anchors.clone();
        anchors.extend(first_seen_anchors(&from, signer.certificate(), signature.signed.certificates()));
        let again = self.open_mail_with(raw, keys, &anchors, &believed)?;
        Ok((again.verdict.signature.state == SignatureState::Valid).then_some(again))
    }
}
