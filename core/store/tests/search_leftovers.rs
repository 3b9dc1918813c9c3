//! What an update leaves that was killed after it wrote its files and before they belonged to the index: in nobody's way.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use engine::search::{Changes, MailId, SearchIndex};
use support::mails::{add, found, id, mail, mark};
use support::{KEY, copy_folder, files_below, open};
use tempfile::TempDir;

const ACCOUNT: &[u8] = b"alice@example.com";

fn with_index<T>(folder: &Path, work: impl FnOnce(&dyn SearchIndex) -> T) -> T {
    let store = open(folder, &KEY).unwrap();
    let index = store.search_index(ACCOUNT);
    work(&*index)
}

fn remove(index: &dyn SearchIndex, uids: &[u32], number: u64) {
    let removed: Vec<MailId> = uids.iter().map(|uid| id("inbox", *uid)).collect();
    index.update(Changes { removed, added: Vec::new() }, mark(number)).unwrap();
}

fn number(folder: &Path) -> Option<u64> {
    with_index(folder, |index| index.mark().unwrap().map(|mark| mark.number))
}

/// The files of the index, by their place in the folder.
fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let files = files_below(&folder.join("search")).into_iter();
    files.map(|file| file.strip_prefix(folder).unwrap().to_owned()).collect()
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(folder, copy.path());
    copy
}

fn put(name: &Path, from: &Path, to: &Path) {
    fs::copy(from.join(name), to.join(name)).unwrap();
}

/// Before an update, after it, and as it was killed right before the end: all its files are there, and the one file that makes
/// them the index is the older one.
struct Folders {
    before: TempDir,
    after: TempDir,
    killed: TempDir,
}

impl Folders {
    /// `update` counts the mark up from 1 to 2.
    fn make(update: impl Fn(&dyn SearchIndex)) -> Self {
        let before = tempfile::tempdir().unwrap();
        with_index(before.path(), |index| {
            add(index, (0..40).map(|uid| mail("inbox", uid, "report", "all of them")).collect(), 1);
        });
        let after = copy_of(before.path());
        with_index(after.path(), |index| update(index));
        let (older, newer) = (names(before.path()), names(after.path()));
        assert!(older.is_subset(&newer), "nothing was merged or collected: its place would have to be known");
        // Names say nothing. What decides between the states is the file that takes the mark back.
        let decides = |name: &&PathBuf| {
            let tried = copy_of(after.path());
            put(name, before.path(), tried.path());
            number(tried.path()) == Some(1)
        };
        let deciding: Vec<&PathBuf> = older.iter().filter(decides).collect();
        let [deciding] = deciding.as_slice() else { panic!("{deciding:?}") };
        let killed = copy_of(after.path());
        put(deciding, before.path(), killed.path());
        Folders { before, after, killed }
    }

    /// The files that belong to nothing after the kill.
    fn leftovers(&self) -> Vec<PathBuf> {
        names(self.after.path()).difference(&names(self.before.path())).cloned().collect()
    }
}

fn newest_first(uids: impl DoubleEndedIterator<Item = u32>) -> Vec<String> {
    uids.rev().map(|uid| format!("inbox.{uid}")).collect()
}

#[test]
fn an_update_that_was_killed_keeps_none_from_taking_its_names() {
    let folders = Folders::make(|index| remove(index, &[3], 2));
    let killed = folders.killed.path();
    // The list of removed mails.
    let leftovers = folders.leftovers();
    let [leftover] = leftovers.as_slice() else { panic!("{leftovers:?}") };
    let octets = fs::read(killed.join(leftover)).unwrap();
    // The next update takes the same name, whatever it removes.
    let next = copy_of(folders.before.path());
    with_index(next.path(), |index| remove(index, &[5], 2));
    assert!(names(next.path()).contains(leftover));

    with_index(killed, |index| {
        assert_eq!(index.mark(), Ok(Some(mark(1))));
        assert_eq!(found(index, "report "), newest_first(0..40), "nothing of the killed one counts");
        remove(index, &[5], 2);
        assert_eq!(index.mark(), Ok(Some(mark(2))));
        assert_eq!(found(index, "report "), newest_first((0..40).filter(|uid| *uid != 5)));
    });
    assert_ne!(fs::read(killed.join(leftover)).unwrap(), octets, "it is the new update's");
    assert_eq!(names(killed), names(next.path()), "as if nobody had been killed");
    // And on goes what was killed.
    with_index(killed, |index| {
        remove(index, &[3], 3);
        add(index, vec![mail("inbox", 40, "report", "a late one")], 4);
        assert_eq!(found(index, "report "), newest_first((0..41).filter(|uid| ![3, 5].contains(uid))));
    });
}

#[test]
fn mail_that_was_added_by_an_update_that_was_killed_is_added_again() {
    let again = |index: &dyn SearchIndex| {
        let changed = mail("inbox", 7, "report", "changed");
        add(index, vec![changed, mail("inbox", 40, "report", "a late one")], 2);
    };
    let folders = Folders::make(again);
    let killed = folders.killed.path();
    let leftovers = folders.leftovers();
    assert!(leftovers.len() > 1, "a segment, and the list of removed mails: {leftovers:?}");
    with_index(killed, |index| {
        assert_eq!(found(index, "report "), newest_first(0..40));
        again(index);
        assert_eq!(found(index, "report "), newest_first(0..41));
        assert_eq!(found(index, "changed "), ["inbox.7"]);
    });
    assert_eq!(names(killed).len(), names(folders.after.path()).len(), "leftovers are gone");
}
