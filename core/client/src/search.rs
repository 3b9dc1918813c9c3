//! Search of stored mail, and keeping its index up to it. Works without a network.
//!
//! Every change of a mail leaves a record that it is not indexed yet, in the batch of the change itself; the record goes when
//! the index holds the change. So whatever a crash interrupts is indexed later. A mark in the index and one in the store
//! tell an index that was lost, replaced or made by other rules: it is thrown away and made again from stored mail.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use engine::ports::{Batch, Item, RecordKey, StoreError, Tree};
use engine::search::{Changes, Cursor, Document, MailId, Mark, Page, Query, RULES, SearchIndex};
use serde::Serialize;
use store::{INDEX_DAMAGED, SealedIndex};
use tokio::task::JoinHandle;

use crate::account::AccountInner;
use crate::core::Event;
use crate::error::{CoreError, WrongUse};
use crate::mailboxes::{MailSummary, Mailboxes, summary};
use crate::record::decode;
use crate::sync::{Content, Folder, MailRecord, POLICY_VERSION};
use crate::system::random_array;
use crate::task::Task;

/// Most mails that one update of the index takes.
const UPDATE_MAILS: usize = 500;
/// Text that is collected for one update, in octets.
const UPDATE_OCTETS: usize = 8 * 1024 * 1024;

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchResults {
    /// Newest first.
    pub mails: Vec<MailSummary>,
    /// How many there are in all; 10,000 may mean more.
    pub total: u64,
    /// Where the next page begins; `None` on the last one.
    #[serde(skip)]
    pub next: Option<Cursor>,
    /// The query was too long: its end was not looked at.
    #[serde(rename = "cut")]
    pub is_cut: bool,
}

/// Documents of mail that was just fetched, until the index takes them.
#[derive(Default)]
pub(crate) struct Unindexed {
    documents: BTreeMap<MailId, Document>,
    octets: usize,
    /// Those before, which the index takes meanwhile.
    running: Option<JoinHandle<Result<(), CoreError>>>,
}

/// What is to be indexed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Everything that is noted.
    All,
    /// Mail that was just fetched.
    Fetched,
}

impl Unindexed {
    /// Waits until the index has taken what came before.
    async fn finish(&mut self) -> Result<(), CoreError> {
        match self.running.take() {
            Some(running) => running.await.unwrap_or(Err(CoreError::Cancelled)),
            None => Ok(()),
        }
    }

    pub(crate) fn add(&mut self, document: Document) {
        self.octets += document.octets();
        self.documents.insert(document.id.clone(), document);
    }

    /// It is time to index them.
    pub(crate) fn is_full(&self) -> bool {
        self.documents.len() >= UPDATE_MAILS || self.octets >= UPDATE_OCTETS
    }
}

impl Mailboxes {
    /// Finds mail by what a person types (see [`engine::search::Query`]), at most `limit` mails behind `after`.
    ///
    /// # Errors
    /// [`WrongUse::SearchDate`] when a date in the query can't be read; no other text is wrong.
    pub fn search(&self, typed: &str, limit: usize, after: Option<Cursor>) -> Task<SearchResults> {
        let inner = Arc::clone(&self.inner);
        let query = Query::parse(typed).map_err(|_| CoreError::WrongUse(WrongUse::SearchDate));
        Task::spawn(
            &self.inner.core.handle,
            async move { inner.search(&query?, Page { limit, after }).await },
        )
    }
}

impl AccountInner {
    async fn search(&self, query: &Query, page: Page) -> Result<SearchResults, CoreError> {
        match self.index(&mut Unindexed::default()).await {
            // What is there can be searched.
            Err(CoreError::Store(StoreError::DiskFull)) => {}
            indexed => indexed?,
        }
        let index = self.search_index()?;
        let found = match index.find(query, page) {
            Err(INDEX_DAMAGED) => {
                // Whoever is filling it must not go on as if it held the rest.
                let indexing = self.indexing.lock().await;
                index.clear()?;
                drop(indexing);
                // Its mark is gone with it.
                self.index(&mut Unindexed::default()).await?;
                index.find(query, page)?
            }
            found => found?,
        };
        let mut mails = Vec::new();
        for id in &found.mails {
            let Some(folder) = Folder::named(&id.folder) else { continue };
            // It may have gone a moment ago.
            if let Some(mail) = self.shown_mail(folder, id.uid)? {
                mails.push(summary(&mail));
            }
        }
        Ok(SearchResults { mails, total: found.total, next: found.next, is_cut: query.is_cut })
    }

    fn search_index(&self) -> Result<Arc<SealedIndex>, CoreError> {
        Ok(self.core.sealed_store()?.search_index(self.group().as_bytes()))
    }

    fn unindexed_group(&self) -> Vec<u8> {
        format!("{}\0unindexed", self.group()).into_bytes()
    }

    fn mark_key(&self) -> RecordKey {
        RecordKey::named(Tree::Sync, format!("{}\0search", self.group()), "mark")
    }

    /// Notes in a batch that it changes a mail. The batch is applied under [`committing`](Self::committing).
    pub(crate) fn note_unindexed(&self, batch: &mut Batch, folder: Folder, uid: u32) {
        if folder.is_kept() {
            self.note(batch, &MailId { folder: folder.name().to_owned(), uid });
        }
    }

    fn note(&self, batch: &mut Batch, id: &MailId) {
        // Random: a change during the indexing of an earlier one leaves another record.
        let note = random_array::<8>().to_vec();
        batch.put(RecordKey::named(Tree::Sync, self.unindexed_group(), id.to_string()), note);
    }

    /// Brings the index up to the stored mail. `fetched` spares opening its mails again, and is empty afterwards.
    pub(crate) async fn index(&self, fetched: &mut Unindexed) -> Result<(), CoreError> {
        fetched.finish().await?;
        self.index_what(&mut std::mem::take(fetched).documents, What::All).await
    }

    /// Has the index take `fetched` while more is fetched, once it has taken what came before.
    pub(crate) async fn index_meanwhile(&self, fetched: &mut Unindexed) -> Result<(), CoreError> {
        fetched.finish().await?;
        let mut documents = std::mem::take(fetched).documents;
        let account = self.core.open_account(self.group())?;
        let indexing = async move { account.index_what(&mut documents, What::Fetched).await };
        fetched.running = Some(self.core.handle.spawn(indexing));
        Ok(())
    }

    async fn index_what(
        &self,
        fetched: &mut BTreeMap<MailId, Document>,
        what: What,
    ) -> Result<(), CoreError> {
        let _indexing = self.indexing.lock().await;
        match self.index_noted(fetched, what).await {
            Err(CoreError::Store(INDEX_DAMAGED)) => {
                self.search_index()?.clear()?;
                self.index_noted(fetched, what).await
            }
            done => done,
        }
    }

    async fn index_noted(
        &self,
        fetched: &mut BTreeMap<MailId, Document>,
        what: What,
    ) -> Result<(), CoreError> {
        let mut mark = self.valid_mark()?;
        let mut notes = self.notes()?;
        if what == What::Fetched {
            notes.retain(|(id, _)| fetched.contains_key(id));
        }
        while !notes.is_empty() {
            mark = Mark { number: mark.number + 1, ..mark };
            self.index_some(&mut notes, fetched, mark).await?;
            if notes.is_empty() && what == What::All {
                // What came meanwhile.
                notes = self.notes()?;
            }
        }
        Ok(())
    }

    fn notes(&self) -> Result<VecDeque<(MailId, Vec<u8>)>, CoreError> {
        let mut notes = VecDeque::new();
        for (item, note) in self.store()?.scan(Tree::Sync, &self.unindexed_group())? {
            if let Item::Name(name) = item
                && let Ok(id) = String::from_utf8_lossy(&name).parse()
            {
                notes.push_back((id, note));
            }
        }
        Ok(notes)
    }

    /// One update with the first of the noted mails.
    async fn index_some(
        &self,
        notes: &mut VecDeque<(MailId, Vec<u8>)>,
        fetched: &mut BTreeMap<MailId, Document>,
        mark: Mark,
    ) -> Result<(), CoreError> {
        let (mut changes, mut octets, mut indexed) = (Changes::default(), 0, BTreeMap::new());
        while let Some((id, note)) = notes.pop_front() {
            match self.document(&id, fetched.remove(&id)).await? {
                Some(document) => {
                    octets += document.octets();
                    changes.added.push(document);
                }
                None => changes.removed.push(id.clone()),
            }
            indexed.insert(id, note);
            if indexed.len() >= UPDATE_MAILS || octets >= UPDATE_OCTETS {
                break;
            }
        }
        self.search_index()?.update(changes, mark)?;

        let _commit = self.committing();
        let mut batch = Batch::default();
        batch.put(self.mark_key(), mark.to_string().into_bytes());
        for (id, note) in indexed {
            let key = RecordKey::named(Tree::Sync, self.unindexed_group(), id.to_string());
            // A mail that changed meanwhile stays noted.
            if self.store()?.read(&key)?.is_some_and(|now| now == note) {
                batch.remove(key);
            }
        }
        self.store()?.apply(batch)?;
        Ok(())
    }

    /// What is indexed of a stored mail; `None` when it is gone, or has no content here.
    async fn document(&self, id: &MailId, fetched: Option<Document>) -> Result<Option<Document>, CoreError> {
        let Some(folder) = Folder::named(&id.folder) else { return Ok(None) };
        let key = self.mail_key(folder, id.uid);
        let Some(record) = self.store()?.read(&key)? else { return Ok(None) };
        let record: MailRecord = decode(&record)?;
        if fetched.is_some() || !matches!(record.content, Content::Judged(_)) {
            return Ok(fetched);
        }
        let raw = match self.store()?.body(&key) {
            // Reading the mail says so; the others are searched meanwhile.
            Err(StoreError::Damaged(_)) => return Ok(None),
            raw => raw?,
        };
        let Some(raw) = raw else { return Ok(None) };
        let keys = self.decryption_keys().await?;
        match self.open_mail(&raw, &keys, &self.people()?) {
            Ok(opened) => Ok(Some(Document::of(id.clone(), record.received, &opened))),
            Err(CoreError::Unreadable(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The mark of an index that holds what it should; begins a new one where there is none.
    fn valid_mark(&self) -> Result<Mark, CoreError> {
        let index = self.search_index()?;
        let stored = self.store()?.read(&self.mark_key())?;
        let stored: Option<Mark> = stored.and_then(|mark| String::from_utf8_lossy(&mark).parse().ok());
        let is_new = stored.is_none();
        // A crash may have come between the update of the index and that of the store.
        let belong_together = |stored: &Mark, found: &Mark| {
            (stored.generation, stored.rules) == (found.generation, [RULES, POLICY_VERSION])
                && found.rules == stored.rules
                && (stored.number == found.number || stored.number + 1 == found.number)
        };
        if let (Some(stored), Some(found)) = (stored, index.mark()?)
            && belong_together(&stored, &found)
        {
            return Ok(found);
        }
        self.begin_index(&index, is_new)
    }

    fn begin_index(&self, index: &SealedIndex, is_new: bool) -> Result<Mark, CoreError> {
        for folder in Folder::ALL {
            let mails = self.store()?.scan(Tree::Mail, &self.folder_group(folder))?;
            let mut batch = Batch::default();
            for (item, _) in mails {
                if let Item::Number(number) = item
                    && let Ok(uid) = u32::try_from(number)
                {
                    self.note_unindexed(&mut batch, folder, uid);
                }
            }
            let _commit = self.committing();
            self.store()?.apply(batch)?;
        }
        let mark = Mark { generation: random_array(), number: 0, rules: [RULES, POLICY_VERSION] };
        index.clear()?;
        index.update(Changes::default(), mark)?;
        let mut batch = Batch::default();
        batch.put(self.mark_key(), mark.to_string().into_bytes());
        self.store()?.apply(batch)?;
        if !is_new {
            self.core.emit(Event::SearchRebuilt);
        }
        Ok(mark)
    }
}
