//! The vault of the terminal program: private keys in one file under a passphrase.
//!
//! ```text
//! "CSVAULT1"                         8 octets: magic and format
//! memory (KiB), passes, lanes        3 × u32, big-endian: Argon2id parameters (RFC 9106)
//! salt                               16 octets
//! nonce                              24 octets, fresh for each write
//! sealed keys                        XChaCha20-Poly1305; all of the above is associated data
//! SHA-256                            32 octets over all of the above
//! ```
//!
//! The SHA-256 is no protection: it tells a damaged file from a wrong passphrase, so that nobody doubts a right
//! passphrase. The file is replaced whole (written beside, synced, renamed, folder synced) and never after a failed open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead, AeadInPlace, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use engine::ports::{BoxFuture, KeyId, KeyInfo, KeyRole, SignPurpose, Vault, VaultError};
use sha2::{Digest, Sha256};
use smime::{KeyAlgorithm, PrivateKey, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::system::{OsRandom, random_array};

/// Name of the vault's file in the home folder.
pub const VAULT_FILE: &str = "vault";

/// Largest vault file that is read, in octets (about 10 000 keys).
pub const MAX_VAULT_OCTETS: u64 = 16 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"CSVAULT1";
const SALT_OCTETS: usize = 16;
const NONCE_OCTETS: usize = 24;
const TAG_OCTETS: usize = 16;
const DIGEST_OCTETS: usize = 32;
/// Magic, three parameters and salt: what stays the same while the vault is open.
const PREFIX_OCTETS: usize = MAGIC.len() + 12 + SALT_OCTETS;
const WRAP_LABEL: &[u8] = b"countersign vault wrap 1\0";

/// Costs of Argon2id. Bounded when read: a changed file must neither weaken the hash nor exhaust the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// RFC 9106 section 4, second recommended option, with one lane (nothing here runs the lanes in parallel).
    const DEFAULT: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    fn is_sane(self) -> bool {
        (Self::DEFAULT.memory_kib..=1024 * 1024).contains(&self.memory_kib)
            && (1..=16).contains(&self.passes)
            && (1..=4).contains(&self.lanes)
    }
}

/// The vault in an open file. One process at a time may have it: the data folder's lock sees to that, and a file that
/// was changed by somebody else in the meantime is not overwritten.
///
/// Opening costs 64 MiB and about a tenth of a second; the other calls are quick but write files: async callers run
/// [`create`](Self::create) and [`open`](Self::open) on a blocking thread. There is no prompt for each use: a
/// [`SignPurpose`] is not shown to anybody.
pub struct PassphraseVault {
    path: PathBuf,
    prefix: [u8; PREFIX_OCTETS],
    key: Zeroizing<[u8; 32]>,
    state: Mutex<State>,
}

struct State {
    entries: Vec<Entry>,
    /// The trailing SHA-256 of the file as we know it.
    digest: [u8; DIGEST_OCTETS],
}

#[derive(Clone)]
struct Entry {
    info: KeyInfo,
    /// PKCS#8 DER, or 32 octets for sealing keys.
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PassphraseVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassphraseVault").field("path", &self.path).finish_non_exhaustive()
    }
}

impl PassphraseVault {
    /// Makes a vault without keys at `path`. [`VaultError::Unavailable`] when there is a file already, or it can't be written.
    pub fn create(path: &Path, passphrase: &[u8]) -> Result<Self, VaultError> {
        let prefix = encode_prefix(Cost::DEFAULT, &random_array());
        let key = derive(&prefix, passphrase)?;
        let (file, digest) = seal_file(&prefix, &key, &[])?;
        write_new(path, &file).map_err(|_| VaultError::Unavailable)?;
        Ok(PassphraseVault {
            path: path.to_owned(),
            prefix,
            key,
            state: Mutex::new(State { entries: Vec::new(), digest }),
        })
    }

    /// Opens the vault at `path`. [`VaultError::Locked`] for a wrong passphrase, [`VaultError::Damaged`] for a file that is
    /// not what was written, [`VaultError::Unavailable`] when it is missing or can't be read. The file stays as it is.
    pub fn open(path: &Path, passphrase: &[u8]) -> Result<Self, VaultError> {
        let file = read_bounded(path)?;
        let parts = split_file(&file).ok_or(VaultError::Damaged)?;
        let key = derive(&parts.prefix, passphrase)?;
        let mut plain = Zeroizing::new(parts.sealed.to_vec());
        cipher(&key)
            .decrypt_in_place(
                XNonce::from_slice(&parts.nonce),
                &associated(&parts.prefix, &parts.nonce),
                &mut *plain,
            )
            .map_err(|_| VaultError::Locked)?;
        let entries = decode_entries(&plain).ok_or(VaultError::Damaged)?;
        let state = Mutex::new(State { entries, digest: parts.digest });
        Ok(PassphraseVault { path: path.to_owned(), prefix: parts.prefix, key, state })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic can't leave the state half changed: it is replaced by assignment after the file was written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `entries` and, only when they are on the disk, makes them the current ones.
    fn replace(&self, state: &mut State, entries: Vec<Entry>) -> Result<(), VaultError> {
        let on_disk = read_bounded(&self.path)?;
        if split_file(&on_disk).is_none_or(|parts| parts.digest != state.digest) {
            return Err(VaultError::Unavailable);
        }
        let (file, digest) = seal_file(&self.prefix, &self.key, &entries)?;
        write_over(&self.path, &file).map_err(|_| VaultError::Unavailable)?;
        *state = State { entries, digest };
        Ok(())
    }

    fn create_key(
        &self,
        account: &str,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> Result<KeyInfo, VaultError> {
        let id = KeyId(data_encoding::HEXLOWER.encode(&random_array::<16>()));
        let (secret, algorithm, public_key) = if role == KeyRole::Sealing {
            (Zeroizing::new(random_array::<32>().to_vec()), None, Vec::new())
        } else {
            let key = PrivateKey::generate(algorithm, &mut OsRandom).map_err(|_| VaultError::Unavailable)?;
            (key.to_pkcs8_der(), Some(algorithm), key.public_key_der())
        };
        let info = KeyInfo { id, account: account.to_owned(), role, algorithm, public_key };
        let mut state = self.lock();
        let mut entries = state.entries.clone();
        entries.push(Entry { info: info.clone(), secret });
        self.replace(&mut state, entries)?;
        Ok(info)
    }

    fn delete_key(&self, id: &KeyId) -> Result<(), VaultError> {
        let mut state = self.lock();
        let mut entries = state.entries.clone();
        entries.retain(|entry| entry.info.id != *id);
        if entries.len() == state.entries.len() {
            return Err(VaultError::NoSuchKey);
        }
        self.replace(&mut state, entries)
    }

    fn secret(&self, id: &KeyId, sealing: bool) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let state = self.lock();
        let entry = state
            .entries
            .iter()
            .find(|entry| entry.info.id == *id && (entry.info.role == KeyRole::Sealing) == sealing);
        Ok(entry.ok_or(VaultError::NoSuchKey)?.secret.clone())
    }

    fn sealing_cipher(&self, id: &KeyId) -> Result<XChaCha20Poly1305, VaultError> {
        XChaCha20Poly1305::new_from_slice(&self.secret(id, true)?).map_err(|_| VaultError::Damaged)
    }

    fn wrap_now(&self, id: &KeyId, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let nonce = random_array::<NONCE_OCTETS>();
        let aad = [WRAP_LABEL, context].concat();
        let sealed = self
            .sealing_cipher(id)?
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: secret, aad: &aad })
            .map_err(|_| VaultError::Unavailable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn unwrap_now(
        &self,
        id: &KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_OCTETS).ok_or(VaultError::Damaged)?;
        let aad = [WRAP_LABEL, context].concat();
        let opened =
            self.sealing_cipher(id)?.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &aad });
        opened.map(Zeroizing::new).map_err(|_| VaultError::Damaged)
    }

    fn sign_now(
        &self,
        id: &KeyId,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let key = PrivateKey::from_der(&self.secret(id, false)?).map_err(|_| VaultError::Damaged)?;
        // A key that can't do this algorithm is, for this signature, not there.
        key.sign(algorithm, message, &mut OsRandom).map_err(|_| VaultError::NoSuchKey)
    }
}

impl Vault for PassphraseVault {
    fn create(
        &self,
        account: &str,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> BoxFuture<'_, Result<KeyInfo, VaultError>> {
        ready(self.create_key(account, role, algorithm))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyInfo>, VaultError>> {
        ready(Ok(self.lock().entries.iter().map(|entry| entry.info.clone()).collect()))
    }

    fn delete(&self, key: &KeyId) -> BoxFuture<'_, Result<(), VaultError>> {
        ready(self.delete_key(key))
    }

    fn sign(
        &self,
        key: &KeyId,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        _purpose: &SignPurpose,
    ) -> BoxFuture<'_, Result<Vec<u8>, VaultError>> {
        ready(self.sign_now(key, algorithm, message))
    }

    fn wrap(&self, key: &KeyId, context: &[u8], secret: &[u8]) -> BoxFuture<'_, Result<Vec<u8>, VaultError>> {
        ready(self.wrap_now(key, context, secret))
    }

    fn unwrap(
        &self,
        key: &KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, VaultError>> {
        ready(self.unwrap_now(key, context, sealed))
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

fn encode_prefix(cost: Cost, salt: &[u8; SALT_OCTETS]) -> [u8; PREFIX_OCTETS] {
    let mut prefix = [0; PREFIX_OCTETS];
    let parameters = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes);
    let fields = MAGIC.iter().chain(parameters.iter().flatten()).chain(salt);
    prefix.iter_mut().zip(fields).for_each(|(octet, field)| *octet = *field);
    prefix
}

/// Magic, parameters within bounds, salt; else `None`.
fn decode_prefix(prefix: &[u8]) -> Option<(Cost, [u8; SALT_OCTETS])> {
    let rest = prefix.strip_prefix(MAGIC)?;
    let (memory_kib, rest) = take_u32(rest)?;
    let (passes, rest) = take_u32(rest)?;
    let (lanes, rest) = take_u32(rest)?;
    let cost = Cost { memory_kib, passes, lanes };
    cost.is_sane().then_some((cost, rest.try_into().ok()?))
}

fn derive(prefix: &[u8; PREFIX_OCTETS], passphrase: &[u8]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let (cost, salt) = decode_prefix(prefix).ok_or(VaultError::Damaged)?;
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| VaultError::Damaged)?;
    let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, &salt, &mut *key, &mut *memory)
        .map_err(|_| VaultError::Unavailable)?;
    Ok(key)
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

fn associated(prefix: &[u8; PREFIX_OCTETS], nonce: &[u8; NONCE_OCTETS]) -> Vec<u8> {
    [prefix.as_slice(), nonce].concat()
}

fn seal_file(
    prefix: &[u8; PREFIX_OCTETS],
    key: &Zeroizing<[u8; 32]>,
    entries: &[Entry],
) -> Result<(Vec<u8>, [u8; DIGEST_OCTETS]), VaultError> {
    let nonce = random_array::<NONCE_OCTETS>();
    let head = associated(prefix, &nonce);
    let mut body = encode_entries(entries).ok_or(VaultError::Unavailable)?;
    cipher(key)
        .encrypt_in_place(XNonce::from_slice(&nonce), &head, &mut *body)
        .map_err(|_| VaultError::Unavailable)?;
    let mut file = [head.as_slice(), &body].concat();
    let digest: [u8; DIGEST_OCTETS] = Sha256::digest(&file).into();
    file.extend_from_slice(&digest);
    Ok((file, digest))
}

struct FileParts<'a> {
    prefix: [u8; PREFIX_OCTETS],
    nonce: [u8; NONCE_OCTETS],
    sealed: &'a [u8],
    digest: [u8; DIGEST_OCTETS],
}

/// The parts of an undamaged file.
fn split_file(file: &[u8]) -> Option<FileParts<'_>> {
    let (covered, digest) = file.split_last_chunk::<DIGEST_OCTETS>()?;
    if Sha256::digest(covered).as_slice() != digest {
        return None;
    }
    let (prefix, rest) = covered.split_first_chunk::<PREFIX_OCTETS>()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_OCTETS>()?;
    decode_prefix(prefix)?;
    Some(FileParts { prefix: *prefix, nonce: *nonce, sealed, digest: *digest })
}

/// Each entry: length (u32) and JSON of its [`KeyInfo`], length (u32) and octets of its secret. Written by hand into a
/// buffer of the final size, because a growing buffer or a general deserialiser leaves copies of secrets behind.
fn encode_entries(entries: &[Entry]) -> Option<Zeroizing<Vec<u8>>> {
    let infos =
        entries.iter().map(|entry| serde_json::to_vec(&entry.info)).collect::<Result<Vec<_>, _>>().ok()?;
    let octets: usize =
        entries.iter().zip(&infos).map(|(entry, info)| 8 + info.len() + entry.secret.len()).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(octets + TAG_OCTETS));
    for (entry, info) in entries.iter().zip(&infos) {
        for field in [info.as_slice(), &entry.secret] {
            plain.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes());
            plain.extend_from_slice(field);
        }
    }
    Some(plain)
}

fn decode_entries(mut plain: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !plain.is_empty() {
        let (info, rest) = take_field(plain)?;
        let (secret, rest) = take_field(rest)?;
        entries.push(Entry {
            info: serde_json::from_slice(info).ok()?,
            secret: Zeroizing::new(secret.to_vec()),
        });
        plain = rest;
    }
    Some(entries)
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

fn take_field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (octets, rest) = take_u32(bytes)?;
    rest.split_at_checked(usize::try_from(octets).ok()?)
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, VaultError> {
    let mut file = Vec::new();
    let opened = File::open(path).map_err(|_| VaultError::Unavailable)?;
    opened.take(MAX_VAULT_OCTETS + 1).read_to_end(&mut file).map_err(|_| VaultError::Unavailable)?;
    if file.len() as u64 > MAX_VAULT_OCTETS {
        return Err(VaultError::Damaged);
    }
    Ok(file)
}

/// Writes `bytes` beside `path`, readable by the owner only, and syncs them.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(beside)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = write_beside(path, bytes)?;
    fs::rename(beside, path)?;
    sync_folder_of(path)
}

/// Like [`write_over`], but a file that is there already stays: a link, other than a rename, never replaces.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let beside = write_beside(path, bytes)?;
    match fs::hard_link(&beside, path) {
        Ok(()) => fs::remove_file(&beside)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Some file systems have no links.
        Err(_) => fs::rename(&beside, path)?,
    }
    sync_folder_of(path)
}
