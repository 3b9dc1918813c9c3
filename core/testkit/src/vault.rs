//! A vault in memory that can be told to refuse.

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::ports::{BoxFuture, KeyId, KeyInfo, KeyRole, SignPurpose, Vault, VaultError};
use rand_core::Rng;
use sha2::{Digest, Sha256};
use smime::{KeyAlgorithm, PrivateKey, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::rng::SeededRng;

/// What a [`FakeVault`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Every call.
    Everything(VaultError),
    /// Signatures with approval keys: the person's finger is missing.
    ApprovalSignatures(VaultError),
    /// Only the next call.
    Once(VaultError),
}

/// A vault in memory with deterministic keys. Its wrapping is no encryption worth the name, but it is bound to key and
/// context like the real ones.
pub struct FakeVault {
    state: Mutex<State>,
    during_signature: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

struct State {
    rng: SeededRng,
    keys: Vec<(KeyInfo, Zeroizing<Vec<u8>>)>,
    refusal: Option<Refusal>,
    purposes: Vec<SignPurpose>,
}

impl std::fmt::Debug for FakeVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeVault").finish_non_exhaustive()
    }
}

impl FakeVault {
    /// An empty vault; the same seed gives the same keys in the same order.
    pub fn new(seed: impl AsRef<[u8]>) -> Self {
        let rng = SeededRng::new(seed);
        FakeVault {
            state: Mutex::new(State { rng, keys: Vec::new(), refusal: None, purposes: Vec::new() }),
            during_signature: Mutex::default(),
        }
    }

    /// Something that happens while the next signature is made.
    pub fn during_signature(&self, happens: impl FnOnce() + Send + 'static) {
        *self.during_signature.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(happens));
    }

    /// Refuses from now on; `None` ends it.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        self.state().refusal = refusal;
    }

    /// What the person was asked to confirm, in order.
    pub fn purposes(&self) -> Vec<SignPurpose> {
        self.state().purposes.clone()
    }

    /// Puts a key in, as made by somebody else (a named person).
    pub fn insert(&self, account: &str, role: KeyRole, key: &PrivateKey) -> KeyInfo {
        let mut state = self.state();
        let info = KeyInfo {
            id: next_id(&mut state.rng),
            account: account.to_owned(),
            role,
            algorithm: Some(key.algorithm()),
            public_key: key.public_key_der(),
        };
        state.keys.push((info.clone(), key.to_pkcs8_der()));
        info
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T: Send + 'static>(
        &self,
        approval_signature: impl FnOnce(&State) -> bool,
        call: impl FnOnce(&mut State) -> Result<T, VaultError>,
    ) -> BoxFuture<'_, Result<T, VaultError>> {
        let mut state = self.state();
        let refused = match state.refusal {
            Some(Refusal::Everything(error)) => Some(error),
            Some(Refusal::ApprovalSignatures(error)) => approval_signature(&state).then_some(error),
            Some(Refusal::Once(error)) => {
                state.refusal = None;
                Some(error)
            }
            None => None,
        };
        let result = refused.map_or_else(|| call(&mut state), Err);
        Box::pin(std::future::ready(result))
    }
}

impl State {
    fn key(&self, id: &KeyId) -> Result<&(KeyInfo, Zeroizing<Vec<u8>>), VaultError> {
        self.keys.iter().find(|(info, _)| info.id == *id).ok_or(VaultError::NoSuchKey)
    }

    /// XOR with SHA-256(key, context, nonce, counter), and a tag.
    fn mask(&self, id: &KeyId, context: &[u8], nonce: &[u8], text: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (info, secret) = self.key(id)?;
        if info.role != KeyRole::Sealing {
            return Err(VaultError::NoSuchKey);
        }
        let block = |counter: u64| {
            let sha = Sha256::new().chain_update(secret.as_slice()).chain_update(Sha256::digest(context));
            sha.chain_update(nonce).chain_update(counter.to_be_bytes()).finalize()
        };
        Ok(text.iter().zip((0..).flat_map(block)).map(|(octet, mask)| octet ^ mask).collect())
    }

    fn tag(&self, id: &KeyId, context: &[u8], nonce: &[u8], secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let text = Sha256::new().chain_update(b"tag").chain_update(secret).finalize();
        self.mask(id, &[b"tag", context].concat(), nonce, &text)
    }
}

fn next_id(rng: &mut SeededRng) -> KeyId {
    KeyId(format!("fake-{:016x}", rng.next_u64()))
}

impl Vault for FakeVault {
    fn create(
        &self,
        account: &str,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> BoxFuture<'_, Result<KeyInfo, VaultError>> {
        self.run(
            |_| false,
            |state| {
                let id = next_id(&mut state.rng);
                let account = account.to_owned();
                let (info, secret) = if role == KeyRole::Sealing {
                    let mut secret = vec![0; 32];
                    state.rng.fill_bytes(&mut secret);
                    (
                        KeyInfo { id, account, role, algorithm: None, public_key: Vec::new() },
                        Zeroizing::new(secret),
                    )
                } else {
                    let key = PrivateKey::generate(algorithm, &mut state.rng)
                        .map_err(|_| VaultError::Unavailable)?;
                    let public_key = key.public_key_der();
                    (
                        KeyInfo { id, account, role, algorithm: Some(algorithm), public_key },
                        key.to_pkcs8_der(),
                    )
                };
                state.keys.push((info.clone(), secret));
                Ok(info)
            },
        )
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyInfo>, VaultError>> {
        self.run(|_| false, |state| Ok(state.keys.iter().map(|(info, _)| info.clone()).collect()))
    }

    fn delete(&self, key: &KeyId) -> BoxFuture<'_, Result<(), VaultError>> {
        self.run(
            |_| false,
            |state| {
                state.key(key)?;
                state.keys.retain(|(info, _)| info.id != *key);
                Ok(())
            },
        )
    }

    fn sign(
        &self,
        key: &KeyId,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        purpose: &SignPurpose,
    ) -> BoxFuture<'_, Result<Vec<u8>, VaultError>> {
        let happens = self.during_signature.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(happens) = happens {
            happens();
        }
        self.run(
            |state| state.key(key).is_ok_and(|(info, _)| info.role == KeyRole::Approval),
            |state| {
                state.purposes.push(purpose.clone());
                let (info, secret) = state.key(key)?;
                if info.role == KeyRole::Sealing {
                    return Err(VaultError::NoSuchKey);
                }
                let private = PrivateKey::from_der(secret).map_err(|_| VaultError::Damaged)?;
                private.sign(algorithm, message, &mut state.rng).map_err(|_| VaultError::NoSuchKey)
            },
        )
    }

    fn wrap(&self, key: &KeyId, context: &[u8], secret: &[u8]) -> BoxFuture<'_, Result<Vec<u8>, VaultError>> {
        self.run(
            |_| false,
            |state| {
                let mut nonce = [0; 16];
                state.rng.fill_bytes(&mut nonce);
                let tag = state.tag(key, context, &nonce, secret)?;
                Ok([nonce.as_slice(), &tag, &state.mask(key, context, &nonce, secret)?].concat())
            },
        )
    }

    fn unwrap(
        &self,
        key: &KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, VaultError>> {
        self.run(
            |_| false,
            |state| {
                let (nonce, rest) = sealed.split_at_checked(16).ok_or(VaultError::Damaged)?;
                let (tag, masked) = rest.split_at_checked(32).ok_or(VaultError::Damaged)?;
                let secret = Zeroizing::new(state.mask(key, context, nonce, masked)?);
                if state.tag(key, context, nonce, &secret)? == tag {
                    Ok(secret)
                } else {
                    Err(VaultError::Damaged)
                }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the vault waited"),
        }
    }

    #[test]
    fn wrapping_is_bound_to_key_and_context() {
        let vault = FakeVault::new("alice");
        let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap().id;
        let other = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap().id;
        let secret = [7; 100];
        let sealed = now(vault.wrap(&key, b"context", &secret)).unwrap();
        assert_eq!(now(vault.unwrap(&key, b"context", &sealed)).unwrap().as_slice(), secret);
        assert_eq!(now(vault.unwrap(&key, b"another", &sealed)).unwrap_err(), VaultError::Damaged);
        assert_eq!(now(vault.unwrap(&other, b"context", &sealed)).unwrap_err(), VaultError::Damaged);
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(now(vault.unwrap(&key, b"context", &changed)).unwrap_err(), VaultError::Damaged);
    }

    #[test]
    fn it_refuses_as_told() {
        let vault = FakeVault::new("alice");
        vault.refuse(Some(Refusal::Once(VaultError::Cancelled)));
        assert_eq!(now(vault.list()), Err(VaultError::Cancelled));
        assert_eq!(now(vault.list()), Ok(vec![]));
        vault.refuse(Some(Refusal::Everything(VaultError::Locked)));
        assert_eq!(now(vault.list()), Err(VaultError::Locked));
        assert_eq!(now(vault.list()), Err(VaultError::Locked));
        vault.refuse(None);
        assert_eq!(now(vault.list()), Ok(vec![]));
    }
}
