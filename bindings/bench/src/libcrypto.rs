//! The functions of OpenSSL's libcrypto that are measured against (EVP interface, OpenSSL 3).
#![allow(unsafe_code, reason = "calling C; this crate is no part of the product")]

use std::ffi::{c_int, c_long, c_uchar, c_void};
use std::ptr::null_mut;

type Handle = *mut c_void;

#[link(name = "crypto")]
unsafe extern "C" {
    fn d2i_AutoPrivateKey(key: *mut Handle, octets: *mut *const c_uchar, length: c_long) -> Handle;
    fn EVP_PKEY_free(key: Handle);
    fn EVP_PKEY_CTX_new(key: Handle, engine: Handle) -> Handle;
    fn EVP_PKEY_CTX_free(context: Handle);
    fn EVP_PKEY_sign_init(context: Handle) -> c_int;
    fn EVP_PKEY_sign(
        c: Handle,
        out: *mut c_uchar,
        length: *mut usize,
        hash: *const c_uchar,
        octets: usize,
    ) -> c_int;
    fn EVP_PKEY_verify_init(context: Handle) -> c_int;
    fn EVP_PKEY_verify(
        c: Handle,
        sig: *const c_uchar,
        length: usize,
        hash: *const c_uchar,
        octets: usize,
    ) -> c_int;
    fn EVP_PKEY_derive_init(context: Handle) -> c_int;
    fn EVP_PKEY_derive_set_peer(context: Handle, peer: Handle) -> c_int;
    fn EVP_PKEY_derive(context: Handle, out: *mut c_uchar, length: *mut usize) -> c_int;
    fn EVP_PKEY_encrypt_init(context: Handle) -> c_int;
    fn EVP_PKEY_encrypt(
        c: Handle,
        out: *mut c_uchar,
        length: *mut usize,
        i: *const c_uchar,
        octets: usize,
    ) -> c_int;
    fn EVP_PKEY_decrypt_init(context: Handle) -> c_int;
    fn EVP_PKEY_decrypt(
        c: Handle,
        out: *mut c_uchar,
        length: *mut usize,
        i: *const c_uchar,
        octets: usize,
    ) -> c_int;
    fn EVP_PKEY_CTX_set_rsa_padding(context: Handle, padding: c_int) -> c_int;
    fn EVP_PKEY_CTX_set_signature_md(context: Handle, digest: *const c_void) -> c_int;
    fn EVP_sha256() -> *const c_void;
    fn EVP_aes_256_gcm() -> *const c_void;
    fn EVP_CIPHER_CTX_new() -> Handle;
    fn EVP_CIPHER_CTX_free(context: Handle);
    fn EVP_EncryptInit_ex(
        c: Handle,
        cipher: *const c_void,
        e: Handle,
        key: *const c_uchar,
        iv: *const c_uchar,
    ) -> c_int;
    fn EVP_EncryptUpdate(
        c: Handle,
        out: *mut c_uchar,
        length: *mut c_int,
        i: *const c_uchar,
        octets: c_int,
    ) -> c_int;
    fn EVP_EncryptFinal_ex(context: Handle, out: *mut c_uchar, length: *mut c_int) -> c_int;
}

const PKCS1: c_int = 1;
const OAEP: c_int = 4;

/// A private key of libcrypto.
pub(crate) struct Key(Handle);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the handle came from d2i_AutoPrivateKey and is freed once.
        unsafe { EVP_PKEY_free(self.0) }
    }
}

/// A context of one operation.
struct Context(Handle);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the handle came from EVP_PKEY_CTX_new and is freed once.
        unsafe { EVP_PKEY_CTX_free(self.0) }
    }
}

impl Key {
    /// Reads PKCS#8.
    pub(crate) fn new(pkcs8: &[u8]) -> Option<Self> {
        let mut start = pkcs8.as_ptr();
        // SAFETY: `start` points to as many octets as are announced; libcrypto reads only.
        let key = unsafe { d2i_AutoPrivateKey(null_mut(), &mut start, pkcs8.len() as c_long) };
        (!key.is_null()).then_some(Key(key))
    }

    fn context(&self) -> Context {
        // SAFETY: the key is alive; the context holds a reference of its own.
        Context(unsafe { EVP_PKEY_CTX_new(self.0, null_mut()) })
    }

    /// Signs a digest; with `rsa` as RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn sign(&self, hash: &[u8], rsa: bool) -> Option<Vec<u8>> {
        let context = self.context();
        let mut signature = vec![0; 512];
        let mut length = signature.len();
        // SAFETY: the buffer has the length that is announced, and the handles are alive.
        let done = unsafe {
            EVP_PKEY_sign_init(context.0) == 1
                && (!rsa
                    || EVP_PKEY_CTX_set_rsa_padding(context.0, PKCS1) == 1
                        && EVP_PKEY_CTX_set_signature_md(context.0, EVP_sha256()) == 1)
                && EVP_PKEY_sign(context.0, signature.as_mut_ptr(), &mut length, hash.as_ptr(), hash.len())
                    == 1
        };
        signature.truncate(length);
        done.then_some(signature)
    }

    /// Verifies ECDSA over a digest.
    pub(crate) fn verify(&self, hash: &[u8], signature: &[u8]) -> bool {
        let context = self.context();
        // SAFETY: the slices have the lengths that are announced, and the handles are alive.
        unsafe {
            EVP_PKEY_verify_init(context.0) == 1
                && EVP_PKEY_verify(context.0, signature.as_ptr(), signature.len(), hash.as_ptr(), hash.len())
                    == 1
        }
    }

    /// ECDH.
    pub(crate) fn agree(&self, peer: &Key) -> Option<[u8; 32]> {
        let context = self.context();
        let mut secret = [0; 32];
        let mut length = secret.len();
        // SAFETY: the buffer has the length that is announced, and the handles are alive.
        let done = unsafe {
            EVP_PKEY_derive_init(context.0) == 1
                && EVP_PKEY_derive_set_peer(context.0, peer.0) == 1
                && EVP_PKEY_derive(context.0, secret.as_mut_ptr(), &mut length) == 1
        };
        done.then_some(secret)
    }

    /// RSAES-OAEP with the default digest (SHA-1), in either direction.
    pub(crate) fn oaep(&self, input: &[u8], decrypt: bool) -> Option<Vec<u8>> {
        let context = self.context();
        let mut output = vec![0; 512];
        let mut length = output.len();
        // SAFETY: the buffers have the lengths that are announced, and the handles are alive.
        let done = unsafe {
            if decrypt {
                EVP_PKEY_decrypt_init(context.0) == 1
                    && EVP_PKEY_CTX_set_rsa_padding(context.0, OAEP) == 1
                    && EVP_PKEY_decrypt(
                        context.0,
                        output.as_mut_ptr(),
                        &mut length,
                        input.as_ptr(),
                        input.len(),
                    ) == 1
            } else {
                EVP_PKEY_encrypt_init(context.0) == 1
                    && EVP_PKEY_CTX_set_rsa_padding(context.0, OAEP) == 1
                    && EVP_PKEY_encrypt(
                        context.0,
                        output.as_mut_ptr(),
                        &mut length,
                        input.as_ptr(),
                        input.len(),
                    ) == 1
            }
        };
        output.truncate(length);
        done.then_some(output)
    }
}

/// Encrypts in place with AES-256-GCM, in pieces of at most `piece` octets.
pub(crate) fn aes_256_gcm(key: &[u8; 32], nonce: &[u8; 12], content: &mut [u8], piece: usize) -> bool {
    let mut length = 0;
    let mut last = [0; 16];
    // SAFETY: input and output of each call are the same piece, of the length that is announced; the context is freed
    // once.
    unsafe {
        let context = EVP_CIPHER_CTX_new();
        let mut done =
            EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), null_mut(), key.as_ptr(), nonce.as_ptr()) == 1;
        for piece in content.chunks_mut(piece) {
            let start = piece.as_mut_ptr();
            done &= EVP_EncryptUpdate(context, start, &mut length, start, piece.len() as c_int) == 1;
        }
        done &= EVP_EncryptFinal_ex(context, last.as_mut_ptr(), &mut length) == 1;
        EVP_CIPHER_CTX_free(context);
        done
    }
}
