//! What a process that is woken works with while another one may own the store: a snapshot that it reads, and a journal
//! that it appends to. It opens neither sled nor the folder with bodies.
//!
//! ```text
//! wake/lock       held for a moment by whoever reads or changes the files below
//! wake/snapshot   records, as the owner of the store wrote them last; a sealed file in chunks (see [`crate::chunks`])
//! wake/journal    what woken processes did since
//! wake/merging    a journal that the owner has taken and is merging
//! ```
//! A journal is magic (8 octets), 16 random octets, and entries: length (u32, big-endian), nonce, ciphertext and tag. An
//! entry is bound to the journal's random octets and to its place in it, so that entries can't be left out, moved or brought
//! back from another journal. What can't be noticed: that the last entries are missing, or that all of `wake` is older. Both
//! make a woken process tell of a mail again; nothing else depends on these files, and what is irreplaceable lies elsewhere.
//!
//! An entry that was torn by a crash is the last one, and is cut off by the next writer. Any other damage stays as it is: the
//! owner merges what stands before it and then puts the file aside as `wake/damaged`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload};
use engine::ports::{Batch, Item, RecordKey, Store, StoreError, Tree};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chunks::{Chunks, Format, HEADER_OCTETS, Sealer};
use crate::files::{create_folder, io_error, private, read_small, replace, sync_folder};
use crate::layout::{has_format, lock, open_format, take};
use crate::seal::{NONCE_OCTETS, Seals, TAG_OCTETS};

const SNAPSHOT: Format = Format { magic: b"CSWAKES1", chunk_octets: 64 * 1024 };
const JOURNAL_MAGIC: &[u8; 8] = b"CSWAKEJ1";
/// In the order in which they are read.
const JOURNALS: [&str; 2] = ["merging", "journal"];
const ID_OCTETS: usize = 16;
const JOURNAL_HEADER: usize = JOURNAL_MAGIC.len() + ID_OCTETS;
/// Largest journal, in octets: it is held in memory by processes that may use 24 MiB in all.
const MAX_JOURNAL: u64 = 8 * 1024 * 1024;
/// Largest snapshot, sealed, in octets.
const MAX_SNAPSHOT: u64 = 8 * 1024 * 1024;
/// Room in the journal that bodies do not take: that a mail was told of can be noted all the same.
const MIN_ROOM: u64 = 1024 * 1024;
/// How often a woken process tries to take the lock, and how often the owner, who does without rather than wait: others hold it
/// while they read or write these small files, or are frozen by the system.
const TRIES: u32 = 300;
const TRIES_OF_OWNER: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

const DAMAGED: StoreError = StoreError::Damaged("wake files");

/// One thing that a woken process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WakeEntry {
    /// A record was put, or removed.
    Record(RecordKey, Option<Vec<u8>>),
    /// A body was put, or removed.
    Body(RecordKey, Option<Vec<u8>>),
}

/// A journal that the owner has taken; it is gone when the next snapshot is written over it.
#[derive(Debug)]
#[must_use = "what was merged is to be handed to `put_wake_snapshot`"]
pub struct TakenJournal {
    /// In order.
    pub entries: Vec<WakeEntry>,
    is_damaged: bool,
}

/// The files of one store.
pub(crate) struct WakeFiles {
    folder: PathBuf,
    seals: Arc<Seals>,
}

impl WakeFiles {
    pub(crate) fn new(store: &Path, seals: Arc<Seals>) -> Self {
        WakeFiles { folder: store.join("wake"), seals }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn lock(&self, tries: u32) -> Result<File, StoreError> {
        create_folder(&self.folder).map_err(|error| io_error(&error))?;
        let options = private().read(true).write(true).create(true).clone();
        let file = options.open(self.path("lock")).map_err(|error| io_error(&error))?;
        for _ in 0..tries {
            match take(&file) {
                Err(StoreError::InUse) => std::thread::sleep(PAUSE),
                taken => return taken.map(|()| file),
            }
        }
        Err(StoreError::InUse)
    }

    fn snapshot_name(&self) -> [u8; 32] {
        self.seals.name(&[b"wake", b"snapshot"])
    }

    fn read_snapshot(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = read_small(&self.path("snapshot"), MAX_SNAPSHOT, "wake files")? else {
            return Ok(None);
        };
        let header = file.get(..HEADER_OCTETS).ok_or(DAMAGED)?;
        let (cipher, name) = (self.seals.wake_cipher(), self.snapshot_name());
        let chunks = Chunks::new(SNAPSHOT, cipher, &name, header, file.len()).ok_or(DAMAGED)?;
        chunks.open_all(&file).map(Some).ok_or(DAMAGED)
    }

    fn write_snapshot(&self, plain: &[u8]) -> Result<(), StoreError> {
        let (cipher, name) = (self.seals.wake_cipher(), self.snapshot_name());
        let written = replace(&self.path("snapshot"), &self.path("snapshot.new"), |out| {
            let mut sealer = Sealer::new(SNAPSHOT, cipher, &self.seals, &name, out)?;
            sealer.write_all(plain)?;
            sealer.finish().map(drop)
        });
        written.map_err(|error| io_error(&error))
    }

    /// Takes the journal away from woken processes and reads it; `None` when there is none. One that was taken before and
    /// not merged to the end is read first.
    pub(crate) fn take_journal(&self) -> Result<Option<TakenJournal>, StoreError> {
        if !self.folder.exists() {
            return Ok(None);
        }
        let _lock = self.lock(TRIES_OF_OWNER)?;
        let (journal, merging) = (self.path("journal"), self.path("merging"));
        if !merging.exists() {
            match fs::rename(&journal, &merging) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                moved => moved.and_then(|()| sync_folder(&self.folder)).map_err(|error| io_error(&error))?,
            }
        }
        let mut entries = Vec::new();
        let read = read_journal(&self.seals, &merging, &mut |entry| entries.push(entry))?;
        Ok(Some(TakenJournal { entries, is_damaged: read.is_damaged }))
    }

    /// Writes a snapshot when it differs from the last one, and lets go of the journal that it contains.
    pub(crate) fn put_snapshot(
        &self,
        records: &[(RecordKey, Vec<u8>)],
        merged: &mut Option<TakenJournal>,
    ) -> Result<(), StoreError> {
        let plain = Zeroizing::new(encode_snapshot(records)?);
        if u64::try_from(plain.len()).map_or(true, |octets| octets > MAX_SNAPSHOT / 2) {
            return Err(StoreError::DiskFull);
        }
        let _lock = self.lock(TRIES_OF_OWNER)?;
        // One that is damaged is written anew.
        let is_same = matches!(self.read_snapshot(), Ok(Some(old)) if old == *plain);
        if !is_same {
            self.write_snapshot(&plain)?;
        }
        if let Some(merged) = merged.take() {
            let merging = self.path("merging");
            let gone = match merged.is_damaged {
                true => fs::rename(merging, self.path("damaged")),
                false => fs::remove_file(merging),
            };
            match gone {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => {
                    removed.and_then(|()| sync_folder(&self.folder)).map_err(|error| io_error(&error))?
                }
            }
        }
        Ok(())
    }
}

/// The snapshot and the journal as a store: what is written goes to the journal, durably, and nowhere else.
///
/// Several processes may have one at a time, also while the store has an owner. Each sees the snapshot and the journal as they were
/// when it opened them or last wrote.
pub struct WakeStore {
    files: WakeFiles,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<RecordKey, Vec<u8>>,
    /// The journal that was read last, and how far.
    journal: Option<Position>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Position {
    id: [u8; ID_OCTETS],
    octets: u64,
    entries: u64,
}

impl std::fmt::Debug for WakeStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WakeStore").field("folder", &self.files.folder).finish_non_exhaustive()
    }
}

impl WakeStore {
    /// Opens the files in the `folder` of a store; `None` where no owner has written a snapshot yet. `rng` gives nonces.
    ///
    /// # Errors
    /// [`WrongKey`](StoreError::WrongKey), [`NewerFormat`](StoreError::NewerFormat), [`Damaged`](StoreError::Damaged);
    /// [`InUse`](StoreError::InUse) when somebody holds the lock for seconds.
    pub fn open(
        folder: &Path,
        key: &Zeroizing<[u8; 32]>,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<Option<Self>, StoreError> {
        if !has_format(folder) {
            return Ok(None);
        }
        let files = WakeFiles::new(folder, Arc::new(open_format(folder, key, rng, false)?));
        if !files.path("snapshot").exists() {
            return Ok(None);
        }
        let lock = files.lock(TRIES)?;
        let Some(snapshot) = files.read_snapshot()? else { return Ok(None) };
        let mut state = State::default();
        state.records.extend(decode_snapshot(&snapshot)?);
        drop(snapshot);
        for name in JOURNALS {
            let path = files.path(name);
            if path.exists() {
                let read = read_journal(&files.seals, &path, &mut |entry| state.replay(entry))?;
                state.journal = (name == "journal").then_some(read.end);
            }
        }
        drop(lock);
        Ok(Some(WakeStore { files, state: Mutex::new(state) }))
    }

    /// Whether a process owns the store now.
    pub fn has_owner(&self) -> bool {
        let store = self.files.folder.parent().map(lock);
        matches!(store, Some(Err(StoreError::InUse)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends entries as one: after a crash all of them are there, or none.
    fn append(&self, entries: Vec<WakeEntry>) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut state = self.state();
        let _lock = self.files.lock(TRIES)?;
        let path = self.files.path("journal");
        let options = private().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(&path).map_err(|error| io_error(&error))?;
        let octets = file.metadata().map_err(|error| io_error(&error))?.len();
        let mut header = [0; JOURNAL_HEADER];
        let position = if octets < JOURNAL_HEADER as u64 {
            self.begin(&mut file)?
        } else {
            file.read_exact(&mut header).map_err(|error| io_error(&error))?;
            match state.journal.filter(|known| known.octets == octets && header.ends_with(&known.id)) {
                Some(known) => known,
                // Another process wrote meanwhile, or a crash tore an entry.
                None => {
                    let read = read_journal(&self.files.seals, &path, &mut |entry| state.replay(entry))?;
                    if read.is_damaged {
                        return Err(DAMAGED);
                    }
                    read.end
                }
            }
        };
        let plain = Zeroizing::new(encode_entries(&entries)?);
        let sealed = seal_entry(&self.files.seals, &position, &plain)?;
        let has_body = entries.iter().any(|entry| matches!(entry, WakeEntry::Body(_, Some(_))));
        let room = if has_body { MAX_JOURNAL - MIN_ROOM } else { MAX_JOURNAL };
        if position.octets + sealed.len() as u64 > room {
            return Err(StoreError::DiskFull);
        }
        let written = file
            .set_len(position.octets)
            .and_then(|()| file.seek(SeekFrom::Start(position.octets)))
            .and_then(|_| file.write_all(&sealed))
            .and_then(|()| file.sync_all());
        if let Err(error) = written {
            // A rest of it would be taken for torn, and cut off.
            let _ = file.set_len(position.octets);
            return Err(io_error(&error));
        }
        let octets = position.octets + sealed.len() as u64;
        state.journal = Some(Position { octets, entries: position.entries + 1, ..position });
        entries.into_iter().for_each(|entry| state.replay(entry));
        Ok(())
    }

    fn begin(&self, file: &mut File) -> Result<Position, StoreError> {
        let mut id = [0; ID_OCTETS];
        self.files.seals.random(&mut id);
        let header = [JOURNAL_MAGIC.as_slice(), &id].concat();
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all(&header))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder(&self.files.folder));
        written.map_err(|error| io_error(&error))?;
        Ok(Position { id, octets: JOURNAL_HEADER as u64, entries: 0 })
    }
}

impl State {
    /// Bodies are not held: a woken process has little memory.
    fn replay(&mut self, entry: WakeEntry) {
        match entry {
            WakeEntry::Record(key, Some(value)) => drop(self.records.insert(key, value)),
            WakeEntry::Record(key, None) => drop(self.records.remove(&key)),
            WakeEntry::Body(..) => {}
        }
    }
}

impl Store for WakeStore {
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().records.get(key).cloned())
    }

    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        let state = self.state();
        let is_wanted = |key: &RecordKey| key.tree == tree && key.group == group;
        let found = state.records.iter().filter(|(key, _)| is_wanted(key));
        Ok(found.map(|(key, value)| (key.item.clone(), value.clone())).collect())
    }

    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        let state = self.state();
        let mut groups: Vec<Vec<u8>> =
            state.records.keys().filter(|key| key.tree == tree).map(|key| key.group.clone()).collect();
        groups.dedup();
        Ok(groups)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.append(batch.changes.into_iter().map(|(key, value)| WakeEntry::Record(key, value)).collect())
    }

    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError> {
        self.append(vec![WakeEntry::Body(key.clone(), Some(body.to_vec()))])
    }

    fn put_bodies(&self, bodies: &[(RecordKey, Vec<u8>)]) -> Result<(), StoreError> {
        let entry = |(key, body): &(RecordKey, Vec<u8>)| WakeEntry::Body(key.clone(), Some(body.clone()));
        self.append(bodies.iter().map(entry).collect())
    }

    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        let _lock = self.files.lock(TRIES)?;
        let mut found = None;
        for name in JOURNALS {
            read_journal(&self.files.seals, &self.files.path(name), &mut |entry| match entry {
                WakeEntry::Body(of, body) if of == *key => found = body,
                _ => {}
            })?;
        }
        Ok(found)
    }

    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError> {
        self.remove_bodies(std::slice::from_ref(key))
    }

    fn remove_bodies(&self, keys: &[RecordKey]) -> Result<(), StoreError> {
        self.append(keys.iter().map(|key| WakeEntry::Body(key.clone(), None)).collect())
    }
}

struct ReadJournal {
    /// Behind the last entry that opens.
    end: Position,
    /// Something that can't be a torn last entry follows.
    is_damaged: bool,
}

/// Hands each entry on as it is read, so that no two are held at once.
fn read_journal(
    seals: &Seals,
    path: &Path,
    each: &mut dyn FnMut(WakeEntry),
) -> Result<ReadJournal, StoreError> {
    let mut end = Position { id: [0; ID_OCTETS], octets: 0, entries: 0 };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(ReadJournal { end, is_damaged: false });
        }
        opened => opened.map_err(|error| io_error(&error))?,
    };
    let octets = file.metadata().map_err(|error| io_error(&error))?.len();
    if octets > MAX_JOURNAL {
        return Ok(ReadJournal { end, is_damaged: true });
    }
    let mut file = io::BufReader::new(file);
    let mut header = [0; JOURNAL_HEADER];
    // A crash came before its first entry.
    if octets < JOURNAL_HEADER as u64 {
        return Ok(ReadJournal { end, is_damaged: false });
    }
    file.read_exact(&mut header).map_err(|error| io_error(&error))?;
    let (magic, id) = header.split_at(JOURNAL_MAGIC.len());
    if magic != JOURNAL_MAGIC {
        return Ok(ReadJournal { end, is_damaged: true });
    }
    end.id = id.try_into().map_err(|_| DAMAGED)?;
    end.octets = JOURNAL_HEADER as u64;
    loop {
        let rest = octets.saturating_sub(end.octets);
        let mut length = [0; 4];
        if rest < 4 {
            break;
        }
        file.read_exact(&mut length).map_err(|error| io_error(&error))?;
        let length = u64::from(u32::from_be_bytes(length));
        if length == 0 || length > rest - 4 {
            break;
        }
        let mut sealed = vec![0; usize::try_from(length).map_err(|_| DAMAGED)?];
        file.read_exact(&mut sealed).map_err(|error| io_error(&error))?;
        let Some(entries) = open_entry(seals, &end, &sealed).and_then(|plain| decode_entries(&plain)) else {
            // The last one may have been torn; what is followed by another one was whole once.
            return Ok(ReadJournal { end, is_damaged: length < rest - 4 });
        };
        entries.into_iter().for_each(&mut *each);
        end.octets += 4 + length;
        end.entries += 1;
    }
    Ok(ReadJournal { end, is_damaged: false })
}

fn place(position: &Position) -> Vec<u8> {
    [b"wake journal".as_slice(), &position.id, &position.entries.to_be_bytes()].concat()
}

/// Length, nonce, ciphertext and tag.
fn seal_entry(seals: &Seals, position: &Position, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE_OCTETS];
    seals.random(&mut nonce);
    let payload = Payload { msg: plain, aad: &place(position) };
    let sealed = seals.wake_cipher().encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| DAMAGED)?;
    let length = u32::try_from(NONCE_OCTETS + sealed.len()).map_err(|_| StoreError::DiskFull)?;
    Ok([length.to_be_bytes().as_slice(), &nonce, &sealed].concat())
}

fn open_entry(seals: &Seals, position: &Position, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) =
        sealed.split_at_checked(NONCE_OCTETS).filter(|(_, rest)| rest.len() >= TAG_OCTETS)?;
    let payload = Payload { msg: sealed, aad: &place(position) };
    seals.wake_cipher().decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
}

/// The header of what is stored: its octets follow.
#[derive(Serialize, Deserialize)]
enum Header {
    Record(RecordKey),
    NoRecord(RecordKey),
    Body(RecordKey),
    NoBody(RecordKey),
}

fn push(out: &mut Vec<u8>, header: &Header, octets: &[u8]) -> Result<(), StoreError> {
    let mut encoded = Vec::new();
    ciborium::into_writer(header, &mut encoded).map_err(|_| DAMAGED)?;
    for part in [encoded.as_slice(), octets] {
        let length = u32::try_from(part.len()).map_err(|_| StoreError::DiskFull)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(part);
    }
    Ok(())
}

fn pull<'a>(rest: &mut &'a [u8]) -> Option<(Header, &'a [u8])> {
    let mut part = || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (part, behind) = behind.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        *rest = behind;
        Some(part)
    };
    let (header, octets) = (part()?, part()?);
    Some((ciborium::from_reader(header).ok()?, octets))
}

fn encode_entries(entries: &[WakeEntry]) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    for entry in entries {
        let (header, octets) = match entry {
            WakeEntry::Record(key, Some(value)) => (Header::Record(key.clone()), value.as_slice()),
            WakeEntry::Record(key, None) => (Header::NoRecord(key.clone()), &[][..]),
            WakeEntry::Body(key, Some(body)) => (Header::Body(key.clone()), body.as_slice()),
            WakeEntry::Body(key, None) => (Header::NoBody(key.clone()), &[][..]),
        };
        push(&mut out, &header, octets)?;
    }
    Ok(out)
}

fn decode_entries(mut plain: &[u8]) -> Option<Vec<WakeEntry>> {
    let mut entries = Vec::new();
    while !plain.is_empty() {
        entries.push(match pull(&mut plain)? {
            (Header::Record(key), value) => WakeEntry::Record(key, Some(value.to_vec())),
            (Header::NoRecord(key), _) => WakeEntry::Record(key, None),
            (Header::Body(key), body) => WakeEntry::Body(key, Some(body.to_vec())),
            (Header::NoBody(key), _) => WakeEntry::Body(key, None),
        });
    }
    Some(entries)
}

fn encode_snapshot(records: &[(RecordKey, Vec<u8>)]) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    for (key, value) in records {
        push(&mut out, &Header::Record(key.clone()), value)?;
    }
    Ok(out)
}

fn decode_snapshot(plain: &[u8]) -> Result<Vec<(RecordKey, Vec<u8>)>, StoreError> {
    let record = |entry| match entry {
        WakeEntry::Record(key, Some(value)) => Ok((key, value)),
        _ => Err(DAMAGED),
    };
    decode_entries(plain).ok_or(DAMAGED)?.into_iter().map(record).collect()
}
