//! The full-text index of an account's mail: tantivy over sealed files.
//!
//! An index is a cache of what stored mail says. Damage is found by the seals when a chunk is read, whatever tantivy makes of
//! it then, and answered with [`INDEX_DAMAGED`]: [`clear`](SearchIndex::clear) and fill it anew.

mod cache;
mod collect;
mod directory;
mod schema;

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::ports::StoreError;
use engine::search::{Changes, Found, MAX_PAGE, Mark, Page, Query, SearchIndex};
use tantivy::directory::{Directory, ManagedDirectory};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::Value;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyDocument};

use crate::files::{create_folder, hexadecimal, io_error, sync_folder};
use crate::seal::Seals;

use self::collect::Newest;
use self::directory::SealedDirectory;
use self::schema::Fields;

/// The search index is damaged, and nothing else is: it can be cleared and filled again from stored mail.
pub const INDEX_DAMAGED: StoreError = StoreError::Damaged("search index");

/// What an update holds in memory before it writes a segment; the least that tantivy takes.
const WRITER_OCTETS: usize = 15_000_000;
/// A segment with more removed mails than this share of it is written anew without them.
const MAX_REMOVED: f32 = 0.2;
const META_FILE: &str = "meta.json";
const MANAGED_FILE: &str = ".managed.json";

/// The index of one account's mail, see [`SealedStore::search_index`](crate::SealedStore::search_index).
///
/// Calls block on files. Updates wait for each other; searches wait for nobody but the first, which opens the index.
pub struct SealedIndex {
    directory: SealedDirectory,
    folder: PathBuf,
    /// One update at a time, and no clearing meanwhile. True: an earlier one may have left files that belong to nothing.
    writing: Mutex<bool>,
    /// `None` until it is needed, and after an error.
    opened: Mutex<Option<Opened>>,
    /// The store's: it is locked as long as somebody has the index.
    _lock: Arc<File>,
}

#[derive(Clone)]
struct Opened {
    index: Index,
    /// Made by the first search.
    reader: Arc<Mutex<Option<IndexReader>>>,
    fields: Fields,
}

impl Opened {
    fn searcher(&self) -> tantivy::Result<Searcher> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.as_ref() {
            return Ok(reader.searcher());
        }
        let fresh: IndexReader =
            self.index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(reader.insert(fresh).searcher())
    }

    fn reload(&self) -> tantivy::Result<()> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.as_ref().map_or(Ok(()), IndexReader::reload)
    }
}

impl std::fmt::Debug for SealedIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedIndex").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SealedIndex {
    pub(crate) fn new(store: &Path, account: &[u8], seals: Arc<Seals>, lock: Arc<File>) -> Self {
        let folder = store.join("search").join(hexadecimal(&seals.name(&[b"search", account])));
        let directory = SealedDirectory::new(folder.clone(), account, seals);
        let (writing, opened) = (Mutex::new(true), Mutex::new(None));
        SealedIndex { directory, folder, writing, opened, _lock: lock }
    }

    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        // It is replaced as a whole.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a call of tantivy's. Whatever it says or does where a file failed, the failure counts.
    fn guarded<T>(&self, call: impl FnOnce(&Opened) -> tantivy::Result<T>) -> Result<T, StoreError> {
        // tantivy panics on some damage that it did not foresee.
        let done = catch_unwind(AssertUnwindSafe(|| {
            let opened = self.open()?;
            let failures = self.directory.failures();
            call(&opened).map_err(|_| failures.first().unwrap_or(INDEX_DAMAGED))
        }))
        .unwrap_or(Err(INDEX_DAMAGED));
        let done = match self.directory.failures().take() {
            Some(failure) if done.is_err() || failure == INDEX_DAMAGED => Err(failure),
            _ => done,
        };
        if done.is_err() {
            *self.opened() = None;
        }
        done
    }

    fn open(&self) -> Result<Opened, StoreError> {
        let mut opened = self.opened();
        if let Some(opened) = opened.as_ref() {
            return Ok(opened.clone());
        }
        self.prepare().map_err(|error| io_error(&error))?;
        let failed = |_| self.directory.failures().first().unwrap_or(INDEX_DAMAGED);
        let fresh = self.open_or_make().map_err(failed)?.ok_or(INDEX_DAMAGED)?;
        Ok(opened.insert(fresh).clone())
    }

    /// Makes the folder, and clears away what a crash left half written.
    fn prepare(&self) -> io::Result<()> {
        if !self.folder.exists() {
            create_folder(&self.folder)?;
            self.folder.ancestors().skip(1).take(2).try_for_each(sync_folder)?;
        }
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "new") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// `None` when what is there is no index of this version.
    fn open_or_make(&self) -> tantivy::Result<Option<Opened>> {
        let (schema, fields) = schema::schema();
        let directory = self.directory.clone();
        let index = if directory.exists(Path::new(META_FILE))? {
            // Without its list of files what is removed would never give its space back.
            if !directory.exists(Path::new(MANAGED_FILE))? {
                return Ok(None);
            }
            Index::open(directory)?
        } else {
            let settings =
                IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
            Index::create(directory, schema.clone(), settings)?
        };
        if index.schema() != schema {
            return Ok(None);
        }
        schema::register(&index);
        Ok(Some(Opened { index, reader: Arc::default(), fields }))
    }
}

impl SearchIndex for SealedIndex {
    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        let payload = self.guarded(|opened| Ok(opened.index.load_metas()?.payload))?;
        payload.map(|mark| mark.parse().map_err(|()| INDEX_DAMAGED)).transpose()
    }

    fn update(&self, changes: Changes, mark: Mark) -> Result<(), StoreError> {
        let mut has_leftovers = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.guarded(|opened| {
            // An update that was not finished leaves files under names that the next one takes again (removed mails, by the
            // segment and the number of the change); tantivy replaces no file.
            if std::mem::replace(&mut *has_leftovers, true) {
                collect_garbage(&opened.index)?;
            }
            write(opened, changes, mark)?;
            opened.reload()?;
            collect_garbage(&opened.index)?;
            *has_leftovers = false;
            Ok(())
        })
    }

    fn find(&self, query: &Query, page: Page) -> Result<Found, StoreError> {
        let page = Page { limit: page.limit.min(MAX_PAGE), ..page };
        self.guarded(|opened| {
            let Some((condition, period)) = schema::condition(&opened.fields, query) else {
                return Ok(Found::default());
            };
            let searcher = opened.searcher()?;
            let top = searcher.search(condition.as_ref(), &Newest { page, period })?;
            let mails = top.places.iter().map(|place| id(&searcher, &opened.fields, *place));
            let mails = mails.collect::<tantivy::Result<Vec<_>>>()?;
            Ok(Found { mails, total: top.total, next: top.next })
        })
    }

    fn clear(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut opened = self.opened();
        *opened = None;
        let removed = match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| self.folder.parent().map_or(Ok(()), sync_folder)),
        };
        removed.map_err(|error| io_error(&error))
    }
}

fn write(opened: &Opened, changes: Changes, mark: Mark) -> tantivy::Result<()> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(WRITER_OCTETS)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let mut writer: IndexWriter = opened.index.writer_with_options(options)?;
    let mut merging = LogMergePolicy::default();
    merging.set_del_docs_ratio_before_merge(MAX_REMOVED);
    writer.set_merge_policy(Box::new(merging));
    for id in &changes.removed {
        writer.delete_term(opened.fields.id_term(id));
    }
    for document in changes.added {
        // Only what was added before goes.
        writer.delete_term(opened.fields.id_term(&document.id));
        writer.add_document(opened.fields.document(document.within_limits()))?;
    }
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&mark.to_string());
    prepared.commit()?;
    writer.wait_merging_threads()
}

/// Removes the files of segments that were merged away. Searches that have them open keep them until they end.
fn collect_garbage(index: &Index) -> tantivy::Result<()> {
    let mut living = index.load_metas()?.list_segment_files();
    living.insert(PathBuf::from(META_FILE));
    let mut directory: ManagedDirectory = index.directory().clone();
    directory.garbage_collect(|| living).map(drop)
}

fn id(
    searcher: &Searcher,
    fields: &Fields,
    place: tantivy::DocAddress,
) -> tantivy::Result<engine::search::MailId> {
    let document: TantivyDocument = searcher.doc(place)?;
    let id = document.get_first(fields.id).and_then(|value| value.as_str()?.parse().ok());
    id.ok_or_else(|| tantivy::TantivyError::InternalError("a mail has no id".to_owned()))
}
