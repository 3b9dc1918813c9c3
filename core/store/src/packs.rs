//! Packs: bodies that came together, in one file. A file of its own for each small mail would take a block of the disk and a
//! sync each.
//!
//! ```text
//! magic       8 octets
//! count       u32, big-endian
//! directory   of each body its name (32 octets) and its sealed octets (u32, big-endian)
//! bodies      in that order, sealed as the files of bodies/ are
//! ```
//! A pack appears whole and is numbered; where a name is in several, the one with the highest number counts. A body is removed by
//! zeros over its name and its octets. A pack without bodies is removed, and one that is mostly zeros is written anew. A pack whose
//! directory can't be read is left aside, and what is in it is not found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use engine::ports::StoreError;

use crate::files::{create_folder, io_error, private, replace, sync_folder};

const MAGIC: &[u8; 8] = b"CSPACK1\0";
const HEAD_OCTETS: usize = 12;
const NAME_OCTETS: usize = 32;
const ENTRY_OCTETS: usize = NAME_OCTETS + 4;
/// A pack is closed above that: it is held in memory when it is written, for the first time and anew.
const PACK_OCTETS: usize = 1024 * 1024;
const GONE: [u8; NAME_OCTETS] = [0; NAME_OCTETS];

/// A name and a sealed body.
pub(crate) type Sealed = ([u8; 32], Vec<u8>);

/// Names, and how many octets the sealed bodies have.
type Directory = Vec<([u8; 32], usize)>;

/// The folder with packs. Whoever writes must be alone.
pub(crate) struct Packs {
    folder: PathBuf,
    incoming: PathBuf,
    /// `None` until somebody asks, and after a failed write: then the disk tells.
    found: Mutex<Option<Found>>,
}

/// What the directories say.
#[derive(Default)]
struct Found {
    places: BTreeMap<[u8; 32], Place>,
    packs: BTreeMap<u64, Pack>,
    /// Highest number of all.
    newest: u64,
}

#[derive(Clone, Copy)]
struct Place {
    pack: u64,
    /// Of its name, in the directory.
    entry: u64,
    body: u64,
    octets: usize,
}

struct Pack {
    octets: u64,
    living: BTreeSet<[u8; 32]>,
    living_octets: u64,
}

impl Packs {
    pub(crate) fn new(store: &Path) -> Self {
        Packs { folder: store.join("packs"), incoming: store.join("incoming"), found: Mutex::new(None) }
    }

    /// Writes bodies; older ones of these names stay until the new ones are on the disk.
    pub(crate) fn put_all(&self, bodies: impl Iterator<Item = io::Result<Sealed>>) -> Result<(), StoreError> {
        self.change(|packs, found| {
            let mut pack = Vec::new();
            let mut octets = 0;
            for body in bodies {
                let body = body?;
                octets += body.1.len();
                pack.push(body);
                if octets > PACK_OCTETS {
                    packs.add(found, std::mem::take(&mut pack))?;
                    octets = 0;
                }
            }
            packs.add(found, pack)
        })
    }

    /// The sealed body of that name.
    pub(crate) fn read(&self, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.found(&mut found).map_err(|error| io_error(&error))?;
        let Some(place) = found.places.get(name) else { return Ok(None) };
        let read = File::open(self.path(place.pack)).and_then(|mut file| read_at(&mut file, place));
        read.map(Some).map_err(|error| io_error(&error))
    }

    /// Removes bodies, those that there are.
    pub(crate) fn remove_all(&self, names: &[[u8; 32]]) -> Result<(), StoreError> {
        self.change(|packs, found| {
            let places = names.iter().filter_map(|name| found.take(name)).collect();
            packs.bury(found, places)
        })
    }

    fn change(&self, change: impl FnOnce(&Self, &mut Found) -> io::Result<()>) -> Result<(), StoreError> {
        let mut guard = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = self.found(&mut guard).and_then(|found| change(self, found));
        if changed.is_err() {
            *guard = None;
        }
        changed.map_err(|error| io_error(&error))
    }

    fn found<'a>(&self, found: &'a mut Option<Found>) -> io::Result<&'a mut Found> {
        match found {
            Some(found) => Ok(found),
            None => Ok(found.insert(self.find()?)),
        }
    }

    /// Reads all directories, and buries what a crash left of bodies that are in a newer pack, too.
    fn find(&self) -> io::Result<Found> {
        let mut numbers = BTreeSet::new();
        match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            entries => {
                for entry in entries? {
                    numbers.extend(entry?.file_name().to_str().and_then(number));
                }
            }
        }
        let mut found = Found::default();
        let mut shadowed = Vec::new();
        for number in numbers {
            found.newest = number;
            // One that can't be read keeps nothing from the others. It is left as it is; its mail is fetched again, if asked for.
            let read = File::open(self.path(number)).and_then(|mut file| {
                let octets = file.metadata()?.len();
                Ok(read_directory(&mut file, octets)?.map(|directory| (octets, directory)))
            });
            if let Ok(Some((octets, directory))) = read {
                shadowed.extend(found.insert(number, octets, directory));
            }
        }
        // Who only reads needs none of that; what can't be done now is tried again by the next who opens the store.
        let _ = self.bury(&mut found, shadowed);
        let empty: Vec<_> = found
            .packs
            .iter()
            .filter(|(_, pack)| pack.living.is_empty())
            .map(|(number, _)| *number)
            .collect();
        let _ = empty.into_iter().try_for_each(|number| self.remove(&mut found, number));
        Ok(found)
    }

    /// Writes a pack, and then buries what it replaces.
    fn add(&self, found: &mut Found, bodies: Vec<Sealed>) -> io::Result<()> {
        if bodies.is_empty() {
            return Ok(());
        }
        let number = found.newest.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        let count = u32::try_from(bodies.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut head = [MAGIC.as_slice(), &count.to_be_bytes()].concat();
        for (name, body) in &bodies {
            head.extend_from_slice(name);
            head.extend_from_slice(&octets_of(body)?);
        }
        if !self.folder.exists() {
            create_folder(&self.folder)?;
            self.folder.parent().map_or(Ok(()), sync_folder)?;
        }
        replace(&self.path(number), &self.incoming.join(file_name(number)), |file| {
            file.write_all(&head)?;
            bodies.iter().try_for_each(|(_, body)| file.write_all(body))
        })?;
        let sizes = bodies.iter().map(|(name, body)| (*name, body.len())).collect();
        let octets = head.len() as u64 + bodies.iter().map(|(_, body)| body.len() as u64).sum::<u64>();
        found.newest = number;
        let replaced = found.insert(number, octets, sizes);
        self.bury(found, replaced)
    }

    /// Puts zeros over names and bodies that nothing finds any more. What holds little else gives its room back.
    fn bury(&self, found: &mut Found, places: Vec<Place>) -> io::Result<()> {
        let mut of_packs = BTreeMap::<_, Vec<_>>::new();
        for place in places {
            of_packs.entry(place.pack).or_default().push(place);
        }
        for (number, places) in of_packs {
            let Some(pack) = found.packs.get(&number) else { continue };
            if pack.living.is_empty() {
                self.remove(found, number)?;
                continue;
            }
            let is_mostly_dead = pack.living_octets < pack.octets / 2;
            let mut file = private().read(true).write(true).open(self.path(number))?;
            for place in places {
                write_at(&mut file, place.entry, &GONE)?;
                write_at(&mut file, place.body, &vec![0; place.octets])?;
            }
            file.sync_all()?;
            if is_mostly_dead {
                self.write_anew(found, number)?;
            }
        }
        Ok(())
    }

    fn write_anew(&self, found: &mut Found, number: u64) -> io::Result<()> {
        let mut file = File::open(self.path(number))?;
        let names = found.packs.get(&number).map(|pack| pack.living.clone()).unwrap_or_default();
        let mut bodies = Vec::new();
        for name in names {
            if let Some(place) = found.places.get(&name) {
                bodies.push((name, read_at(&mut file, place)?));
            }
        }
        match self.add(found, bodies) {
            // It stays as large as it is.
            Err(error) if matches!(io_error(&error), StoreError::DiskFull) => Ok(()),
            added => added,
        }
    }

    fn remove(&self, found: &mut Found, number: u64) -> io::Result<()> {
        fs::remove_file(self.path(number))?;
        found.packs.remove(&number);
        sync_folder(&self.folder)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(file_name(number))
    }
}

impl Found {
    /// Takes a pack in that is newer than all before. Gives the places of what it replaces.
    fn insert(&mut self, number: u64, octets: u64, directory: Directory) -> Vec<Place> {
        self.packs.insert(number, Pack { octets, living: BTreeSet::new(), living_octets: 0 });
        let mut replaced = Vec::new();
        let mut entry = HEAD_OCTETS as u64;
        let mut body = entry + (directory.len() * ENTRY_OCTETS) as u64;
        for (name, octets) in directory {
            let place = Place { pack: number, entry, body, octets };
            entry += ENTRY_OCTETS as u64;
            body += octets as u64;
            if name == GONE {
                continue;
            }
            replaced.extend(self.take(&name));
            self.places.insert(name, place);
            if let Some(pack) = self.packs.get_mut(&number) {
                pack.living.insert(name);
                pack.living_octets += octets as u64;
            }
        }
        replaced
    }

    /// From now on the name is not found.
    fn take(&mut self, name: &[u8; 32]) -> Option<Place> {
        let place = self.places.remove(name)?;
        if let Some(pack) = self.packs.get_mut(&place.pack)
            && pack.living.remove(name)
        {
            pack.living_octets -= place.octets as u64;
        }
        Some(place)
    }
}

fn file_name(number: u64) -> String {
    format!("{number:016x}")
}

/// Only names as [`file_name`] makes them.
fn number(name: &str) -> Option<u64> {
    u64::from_str_radix(name, 16).ok().filter(|number| file_name(*number) == name)
}

fn octets_of(body: &[u8]) -> io::Result<[u8; 4]> {
    Ok(u32::try_from(body.len()).map_err(|_| io::ErrorKind::FileTooLarge)?.to_be_bytes())
}

/// Names and sizes; `None` where they do not fit the file.
fn read_directory(file: &mut File, octets: u64) -> io::Result<Option<Directory>> {
    let mut head = Vec::new();
    file.take(HEAD_OCTETS as u64).read_to_end(&mut head)?;
    let count = head.strip_prefix(MAGIC).and_then(|count| Some(u32::from_be_bytes(count.try_into().ok()?)));
    let Some(count) = count else { return Ok(None) };
    let directory_octets = u64::from(count) * ENTRY_OCTETS as u64;
    if directory_octets > octets {
        return Ok(None);
    }
    let mut directory = Vec::new();
    file.take(directory_octets).read_to_end(&mut directory)?;
    let entries: Vec<_> = directory
        .chunks_exact(ENTRY_OCTETS)
        .filter_map(|entry| {
            let (name, size) = entry.split_first_chunk::<NAME_OCTETS>()?;
            Some((*name, u32::from_be_bytes(size.try_into().ok()?) as usize))
        })
        .collect();
    let bodies = entries.iter().map(|(_, size)| *size as u64).sum::<u64>();
    let is_whole =
        entries.len() as u64 == u64::from(count) && HEAD_OCTETS as u64 + directory_octets + bodies == octets;
    Ok(is_whole.then_some(entries))
}

fn read_at(file: &mut File, place: &Place) -> io::Result<Vec<u8>> {
    let mut body = vec![0; place.octets];
    file.seek(SeekFrom::Start(place.body))?;
    file.read_exact(&mut body)?;
    Ok(body)
}

fn write_at(file: &mut File, position: u64, octets: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(position))?;
    file.write_all(octets)
}
