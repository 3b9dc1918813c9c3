//! Keys and values as they stand in sled.
//!
//! ```text
//! 'm'                                        meta: number of the last change, roots
//! 'g' tree group                             a group: count, sum of its records, its name
//! 'r' tree group 0 number piece              a numbered record
//! 'r' tree group 1 name piece                a named record
//! ```
//! tree: 1 octet · group, name: 16 octets of a keyed hash · number: 8, piece: 4 octets, big-endian. A sealed record is cut
//! into pieces of at most [`PIECE_OCTETS`]; the first begins with the number of pieces.

use engine::ports::{Item, RecordKey, StoreError, Tree};
use zeroize::Zeroizing;

use crate::seal::{NONCE_OCTETS, Seals, Sum};

/// sled keeps leaves of up to 16 values (some more for a moment), and moves a leaf above 128 KiB to a file of its own that it
/// never syncs. Pieces of this size keep leaves below that.
pub(crate) const PIECE_OCTETS: usize = 3 * 1024;

pub(crate) const META_KEY: &[u8] = b"m";
const HASH_OCTETS: usize = 16;
const PIECE_NUMBER_OCTETS: usize = 4;

/// A group's place: tree and keyed hash of its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GroupPlace {
    pub(crate) tree: Tree,
    hash: [u8; HASH_OCTETS],
}

impl GroupPlace {
    pub(crate) fn new(seals: &Seals, tree: Tree, group: &[u8]) -> Self {
        GroupPlace { tree, hash: short(seals.name(&[b"group", &[tree_octet(tree)], group])) }
    }

    /// The group that a record, or the group's own one, belongs to by its key.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        let (&[kind, octet], rest) = key.split_first_chunk()?;
        let tree = Tree::ALL.into_iter().find(|tree| tree_octet(*tree) == octet)?;
        let hash = *rest.first_chunk()?;
        matches!(kind, b'g' | b'r').then_some(GroupPlace { tree, hash })
    }

    /// Key of the group's own record.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.prefixed(b'g')
    }

    /// What the keys of all its records begin with.
    pub(crate) fn records_prefix(&self) -> Vec<u8> {
        self.prefixed(b'r')
    }

    fn prefixed(&self, kind: u8) -> Vec<u8> {
        [[kind, tree_octet(self.tree)].as_slice(), &self.hash].concat()
    }
}

/// What the keys of all groups of a tree begin with.
pub(crate) fn groups_prefix(tree: Tree) -> [u8; 2] {
    [b'g', tree_octet(tree)]
}

/// A record's place: its key without the piece number. It is the associated data of the record.
pub(crate) fn place(seals: &Seals, group: &GroupPlace, item: &Item) -> Vec<u8> {
    let mut place = group.records_prefix();
    match item {
        Item::Number(number) => {
            place.push(0);
            place.extend_from_slice(&number.to_be_bytes());
        }
        Item::Name(name) => {
            place.push(1);
            place.extend_from_slice(&short(seals.name(&[b"item", &group.hash, name])));
        }
    }
    place
}

/// The key of one piece.
pub(crate) fn piece_key(place: &[u8], piece: u32) -> Vec<u8> {
    [place, &piece.to_be_bytes()].concat()
}

/// Place and piece number of a key.
pub(crate) fn split_key(key: &[u8]) -> Option<(&[u8], u32)> {
    let (place, piece) = key.split_last_chunk::<PIECE_NUMBER_OCTETS>()?;
    Some((place, u32::from_be_bytes(*piece)))
}

/// The item number in a place; `None` for a named item.
pub(crate) fn number_of(place: &[u8]) -> Option<u64> {
    let (kind, number) = place.get(2 + HASH_OCTETS..)?.split_first()?;
    if *kind == 0 { Some(u64::from_be_bytes(number.try_into().ok()?)) } else { None }
}

/// The keyed hash that names the file of a body.
pub(crate) fn body_name(seals: &Seals, key: &RecordKey) -> [u8; 32] {
    let tree = [tree_octet(key.tree)];
    match &key.item {
        Item::Number(number) => seals.name(&[b"body", &tree, &key.group, &[0], &number.to_be_bytes()]),
        Item::Name(name) => seals.name(&[b"body", &tree, &key.group, &[1], name]),
    }
}

/// Seals a record and cuts it into pieces. A named record carries its name, for [`scan`](engine::ports::Store::scan).
pub(crate) fn seal_record(
    seals: &Seals,
    place: &[u8],
    item: &Item,
    value: &[u8],
) -> Result<Vec<Vec<u8>>, StoreError> {
    let too_large = StoreError::Io(std::io::ErrorKind::FileTooLarge);
    let sealed = match item {
        Item::Number(_) => seals.seal(place, value)?,
        Item::Name(name) => {
            let octets = u32::try_from(name.len()).map_err(|_| too_large.clone())?;
            seals.seal(place, &Zeroizing::new([octets.to_be_bytes().as_slice(), name, value].concat()))?
        }
    };
    let mut pieces: Vec<Vec<u8>> = sealed.chunks(PIECE_OCTETS).map(<[u8]>::to_vec).collect();
    let count = u32::try_from(pieces.len()).map_err(|_| too_large)?;
    if let Some(first) = pieces.first_mut() {
        first.splice(..0, count.to_be_bytes());
    }
    Ok(pieces)
}

/// How many pieces a record has, by its first piece.
pub(crate) fn piece_count(first: &[u8]) -> Option<u32> {
    first.first_chunk::<4>().map(|count| u32::from_be_bytes(*count))
}

/// Opens a record from all its pieces, in order.
pub(crate) fn open_record(
    seals: &Seals,
    place: &[u8],
    pieces: &[impl AsRef<[u8]>],
) -> Option<(Item, Vec<u8>)> {
    let count = piece_count(pieces.first()?.as_ref())?;
    if pieces.len() != usize::try_from(count).ok()? {
        return None;
    }
    let mut sealed = Vec::new();
    for (position, piece) in pieces.iter().enumerate() {
        sealed.extend_from_slice(piece.as_ref().get(if position == 0 { 4 } else { 0 }..)?);
    }
    let plain = seals.open(place, &sealed)?;
    if let Some(number) = number_of(place) {
        return Some((Item::Number(number), plain));
    }
    let plain = Zeroizing::new(plain);
    let (octets, rest) = plain.split_first_chunk::<4>()?;
    let (name, value) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*octets)).ok()?)?;
    Some((Item::Name(name.to_vec()), value.to_vec()))
}

/// What a record adds to the sum of its group: place, piece count and nonce. The rest is bound to these by the AEAD.
pub(crate) fn record_token(seals: &Seals, place: &[u8], first: &[u8]) -> Sum {
    seals.token(&[place, first.get(..4 + NONCE_OCTETS).unwrap_or(first)])
}

/// What a group adds to its root.
pub(crate) fn group_token(seals: &Seals, key: &[u8], sealed: &[u8]) -> Sum {
    seals.token(&[key, sealed.get(..NONCE_OCTETS).unwrap_or(sealed)])
}

/// A group's own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) records: u64,
    pub(crate) sum: Sum,
    pub(crate) name: Vec<u8>,
}

impl Group {
    pub(crate) fn empty(name: &[u8]) -> Self {
        Group { records: 0, sum: [0; 32], name: name.to_vec() }
    }

    pub(crate) fn seal(&self, seals: &Seals, key: &[u8]) -> Result<Vec<u8>, StoreError> {
        seals.seal(key, &[self.records.to_be_bytes().as_slice(), &self.sum, &self.name].concat())
    }

    pub(crate) fn open(seals: &Seals, key: &[u8], sealed: &[u8]) -> Option<Self> {
        let plain = seals.open(key, sealed)?;
        let (records, rest) = plain.split_first_chunk::<8>()?;
        let (sum, name) = rest.split_first_chunk::<32>()?;
        Some(Group { records: u64::from_be_bytes(*records), sum: *sum, name: name.to_vec() })
    }
}

/// The record about all records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Meta {
    /// Number of the last change.
    pub(crate) change: u64,
    /// Sum over the groups of trees that can be fetched again.
    pub(crate) cache: Sum,
    /// Sum over the groups of all other trees.
    pub(crate) irreplaceable: Sum,
}

impl Meta {
    pub(crate) fn root_mut(&mut self, tree: Tree) -> &mut Sum {
        if tree.is_cache() { &mut self.cache } else { &mut self.irreplaceable }
    }

    pub(crate) fn seal(&self, seals: &Seals) -> Result<Vec<u8>, StoreError> {
        seals.seal(
            META_KEY,
            &[self.change.to_be_bytes().as_slice(), &self.cache, &self.irreplaceable].concat(),
        )
    }

    pub(crate) fn open(seals: &Seals, sealed: &[u8]) -> Option<Self> {
        let plain = seals.open(META_KEY, sealed)?;
        let (change, rest) = plain.split_first_chunk::<8>()?;
        let (cache, irreplaceable) = rest.split_first_chunk::<32>()?;
        Some(Meta {
            change: u64::from_be_bytes(*change),
            cache: *cache,
            irreplaceable: irreplaceable.try_into().ok()?,
        })
    }
}

/// The octet of a tree in keys. Part of the format: an octet is never given to another tree.
fn tree_octet(tree: Tree) -> u8 {
    match tree {
        Tree::Mail => 1,
        Tree::Sync => 2,
        Tree::Accounts => 3,
        Tree::Keys => 4,
        Tree::People => 5,
        Tree::Meetings => 6,
        Tree::Approvals => 7,
        Tree::Outbox => 8,
        Tree::Actions => 9,
        Tree::Drafts => 10,
    }
}

fn short(hash: [u8; 32]) -> [u8; HASH_OCTETS] {
    let mut short = [0; HASH_OCTETS];
    short.iter_mut().zip(hash).for_each(|(octet, full)| *octet = full);
    short
}
