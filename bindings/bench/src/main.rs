//! Prints, as JSON, what single operations take: ours in both backends, and the system's libcrypto, in turns.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that measures time, and stops when something is wrong"
)]

mod libcrypto;

use std::convert::Infallible;
use std::hint::black_box;
use std::io::sink;
use std::time::Instant;

use serde_json::{Value, json};
use smime::enveloped::{ContentCipher, DecryptionKey, EncryptingWriter, Recipient, decrypt, encrypt};
use smime::primitives::Backend;
use smime::{KeyAlgorithm, PrivateKey, SignatureAlgorithm};

/// Ours may take so many times what libcrypto takes, where the accelerated backend does the work.
const GOAL: f64 = 1.3;

/// Rounds; each runs both sides, and the medians count.
const ROUNDS: usize = 61;

/// Keys that nobody uses need no good randomness.
struct Weak(u64);

impl rand_core::TryRng for Weak {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.try_next_u64()? as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.0 ^ self.0 >> 29)
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        for octet in octets {
            *octet = self.try_next_u64()? as u8;
        }
        Ok(())
    }
}
impl rand_core::TryCryptoRng for Weak {}

fn main() {
    let mut rng = Weak(1);
    let mut rows = Vec::new();
    let curve = PrivateKey::generate(KeyAlgorithm::P256, &mut rng).expect("a P-256 key");
    p256(&curve, &mut rows);
    let rsa = PrivateKey::generate(KeyAlgorithm::Rsa(2048), &mut rng).expect("an RSA key");
    rsa_2048(rsa, &mut rows);
    gcm(&curve, &mut rows);
    println!("{}", Value::Array(rows));
}

/// A row for each backend that is there. Only the accelerated one has a goal, where it does the work.
fn compare(
    rows: &mut Vec<Value>,
    name: &str,
    unit: f64,
    accelerates: bool,
    mut ours: impl FnMut(),
    mut peer: impl FnMut(),
) {
    let backends = [Backend::Pure, Backend::Accelerated];
    for backend in backends.into_iter().filter(|backend| accelerates || *backend == Backend::Pure) {
        if !backend.choose() {
            continue;
        }
        let repeat = (0.002 / seconds(1, &mut peer)).ceil().max(1.0) as usize;
        let (mut all_ours, mut all_peer) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            all_ours.push(seconds(repeat, &mut ours));
            all_peer.push(seconds(repeat, &mut peer));
        }
        let goal = (backend == Backend::Accelerated).then_some(GOAL);
        rows.push(json!({
            "name": format!("{name}, {}", backend.name()),
            "ours": median(all_ours) * unit, "peer": median(all_peer) * unit, "goal": goal,
        }));
    }
}

/// Of one call, the mean of `repeat`.
fn seconds(repeat: usize, call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..repeat {
        call();
    }
    start.elapsed().as_secs_f64() / repeat as f64
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

const MICROSECONDS: f64 = 1e6;

fn p256(key: &PrivateKey, rows: &mut Vec<Value>) {
    let peer = libcrypto::Key::new(&key.to_pkcs8_der()).expect("libcrypto reads the key");
    let message = [7; 32];
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let hash = algorithm.digest().digest(&message);
    let sign = || key.sign(algorithm, &message, &mut Weak(2)).expect("it signs");
    let signature = sign();
    assert!(peer.verify(&hash, &signature));
    let mut row = |name, ours: &mut dyn FnMut(), peer: &mut dyn FnMut()| {
        compare(rows, name, MICROSECONDS, true, ours, peer);
    };
    row("P-256 sign", &mut || drop(black_box(sign())), &mut || {
        black_box(peer.sign(&hash, false).expect("libcrypto signs"));
    });
    let (public, scheme) = (key.public_key(), algorithm.scheme());
    row(
        "P-256 verify",
        &mut || public.verify(&scheme, &message, &signature).expect("it verifies"),
        &mut || assert!(peer.verify(&hash, &signature)),
    );
    assert_eq!(key.agree(public).expect("it agrees").as_slice(), peer.agree(&peer).expect("it agrees"));
    row("P-256 ECDH", &mut || drop(black_box(key.agree(public))), &mut || {
        black_box(peer.agree(&peer));
    });
}

fn rsa_2048(key: PrivateKey, rows: &mut Vec<Value>) {
    let peer = libcrypto::Key::new(&key.to_pkcs8_der()).expect("libcrypto reads the key");
    let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
    let message = [7; 32];
    let hash = algorithm.digest().digest(&message);
    let sign = || key.sign(algorithm, &message, &mut Weak(2)).expect("it signs");
    assert_eq!(Some(sign()), peer.sign(&hash, true));
    compare(
        rows,
        "RSA-2048 sign",
        MICROSECONDS,
        true,
        || drop(black_box(sign())),
        || {
            black_box(peer.sign(&hash, true));
        },
    );
    let recipient = [Recipient::Key { public_key: key.public_key_der() }];
    let message = encrypt(b"", &recipient, ContentCipher::Aes256Gcm, &mut Weak(3)).expect("it encrypts");
    let wrapped = peer.oaep(&[7; 32], false).expect("libcrypto encrypts");
    let keys = [DecryptionKey { key, certificates: Vec::new() }];
    let open = || drop(black_box(decrypt(&message, &keys, &mut Weak(4)).expect("it decrypts")));
    compare(rows, "RSA-2048 decrypt (OAEP)", MICROSECONDS, false, open, || {
        black_box(peer.oaep(&wrapped, true).expect("libcrypto decrypts"));
    });
}

fn gcm(key: &PrivateKey, rows: &mut Vec<Value>) {
    let (secret, nonce) = ([1; 32], [2; 12]);
    let (mut one, mut other) = (vec![3; 1 << 20], vec![3; 1 << 20]);
    compare(
        rows,
        "AES-256-GCM, 1 MiB in memory",
        MICROSECONDS,
        true,
        || {
            black_box(Backend::chosen().aes_gcm_seal(&secret, &nonce, b"", &mut one).expect("it seals"));
        },
        || assert!(libcrypto::aes_256_gcm(&secret, &nonce, &mut other, 1 << 30)),
    );
    let recipient = [Recipient::Key { public_key: key.public_key_der() }];
    let (content, mut other) = (vec![3; 1 << 24], vec![3; 1 << 24]);
    let stream = || {
        let cipher = ContentCipher::Aes256Gcm;
        let length = Some(content.len() as u64);
        let mut writer =
            EncryptingWriter::new(sink(), &recipient, cipher, length, &mut Weak(5)).expect("it begins");
        writer.take(&content).expect("it encrypts");
        writer.finish().expect("it ends");
    };
    compare(rows, "AES-256-GCM, 16 MiB as a stream, with its recipient", MICROSECONDS, false, stream, || {
        assert!(libcrypto::aes_256_gcm(&secret, &nonce, &mut other, 1 << 16))
    });
}
