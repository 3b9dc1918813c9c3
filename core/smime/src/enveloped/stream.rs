//! EnvelopedData and AuthEnvelopedData of any size.

use std::io::{self, Read, Write};

use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::content::{self, Cipher, Opener, Sealer, WholeSealer};
use super::decrypt::{EncryptedContent, Head, Tail, Unlocked, check_version, is_authenticated};
use super::encrypt::{Sealed, seal_key};
use super::{ContentEncryption, DecryptError, DecryptionKey, EncryptError, Recipient, binding};
use crate::ber::stream::{CHUNK, Fault, Octets, Stream};
use crate::ber::{self, Reader, Tag, write};
use crate::oid;
use crate::stream::{Replay, StreamError, changed};

/// Limit of what stands before the content: recipients and the originator's certificates.
const MAX_HEAD: usize = 4 * 1024 * 1024;
/// Limit of what stands behind it: attributes and the tag.
const MAX_TAIL: usize = 1024 * 1024;

/// Encrypts what is written to it.
///
/// With the length of the content known, DER is written; else BER with indefinite lengths, the content in segments
/// of 64 KiB. The message is whole only after [`finish`](Self::finish).
pub struct EncryptingWriter<W> {
    output: W,
    sealer: Option<Sealer>,
    /// Ciphertext that was not written yet.
    pending: Vec<u8>,
    /// Octets of content still to come; `None` when the length is not known.
    left: Option<u64>,
    /// What encrypts a short content that comes in one piece; taken by the first piece.
    whole: Option<WholeSealer>,
}

impl<W: Write> EncryptingWriter<W> {
    /// Writes the recipients. See [`encrypt`](super::encrypt()) for what is refused.
    pub fn new(
        mut output: W,
        recipients: &[Recipient],
        encryption: impl Into<ContentEncryption>,
        length: Option<u64>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, StreamError<EncryptError>> {
        let ContentEncryption { cipher, key_is_bound } = encryption.into();
        let cipher = Cipher::from(cipher);
        let sealed = seal_key(recipients, cipher, rng).map_err(StreamError::Refused)?;
        let mut iv = vec![0; if cipher.is_aead() { content::GCM_NONCE } else { 16 }];
        rng.fill_bytes(&mut iv);
        // Key and nonce have the cipher's lengths, so that only a length beyond all limits fails.
        let too_long = StreamError::Refused(EncryptError::ContentTooLong);
        let mut algorithm = cipher.algorithm_identifier_der(&iv);
        let mut key = sealed.content_key.clone();
        if key_is_bound {
            let Some(bound) = binding::cipher_key(&key, &algorithm) else { return Err(too_long) };
            key = bound;
            algorithm = binding::algorithm(&algorithm);
        }
        let Some(sealer) = Sealer::new(cipher, &key, &iv) else { return Err(too_long) };
        let whole = length.and_then(|length| WholeSealer::new(cipher, &key, &iv, length));
        let ciphertext = match length {
            Some(length) => match sealer.sealed_octets(length) {
                Some(octets) => Some(octets),
                None => return Err(too_long),
            },
            None => None,
        };
        let head = head(cipher, &sealed, &algorithm, ciphertext);
        output.write_all(&head).map_err(StreamError::Output)?;
        Ok(EncryptingWriter {
            output,
            sealer: Some(sealer),
            pending: Vec::with_capacity(CHUNK + 64),
            left: length,
            whole,
        })
    }

    /// Takes the next octets of the content.
    pub fn take(&mut self, content: &[u8]) -> Result<(), StreamError<EncryptError>> {
        let too_long = || StreamError::Refused(EncryptError::ContentTooLong);
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(content.len() as u64).ok_or_else(too_long)?;
        }
        if let Some(whole) = self.whole.take().filter(|whole| whole.takes(content)) {
            self.sealer = Some(whole.seal(content, &mut self.pending).ok_or_else(too_long)?);
            return self.write_pending(CHUNK);
        }
        for piece in content.chunks(CHUNK) {
            let sealer = self.sealer.as_mut().ok_or_else(too_long)?;
            sealer.update(piece, &mut self.pending).ok_or_else(too_long)?;
            if self.pending.len() >= CHUNK {
                self.write_pending(CHUNK)?;
            }
        }
        Ok(())
    }

    /// Writes the end, and gives the output back. A content of another length than announced is
    /// [`EncryptError::WrongLength`].
    pub fn finish(mut self) -> Result<W, StreamError<EncryptError>> {
        if self.left.is_some_and(|left| left > 0) {
            return Err(StreamError::Refused(EncryptError::WrongLength));
        }
        let Some(sealer) = self.sealer.take() else {
            return Err(StreamError::Refused(EncryptError::ContentTooLong));
        };
        let tag = sealer.finish(&mut self.pending);
        self.write_pending(1)?;
        let mut tail = Vec::new();
        if self.left.is_none() {
            // Ends [0] and EncryptedContentInfo.
            tail.extend_from_slice(&[0; 4]);
        }
        if !tag.is_empty() {
            tail.extend_from_slice(&write::octet_string(&tag));
        }
        if self.left.is_none() {
            // Ends the structure, [0] and ContentInfo.
            tail.extend_from_slice(&[0; 6]);
        }
        self.output.write_all(&tail).map_err(StreamError::Output)?;
        Ok(self.output)
    }

    /// Writes what is pending: all of it when the length is known, else segments, all but the last of them full.
    fn write_pending(&mut self, least: usize) -> Result<(), StreamError<EncryptError>> {
        let mut rest = self.pending.as_slice();
        if self.left.is_some() {
            self.output.write_all(rest).map_err(StreamError::Output)?;
            self.pending.clear();
            return Ok(());
        }
        while rest.len() >= least.max(1) {
            let (segment, later) = rest.split_at(rest.len().min(CHUNK));
            let mut header = Vec::with_capacity(8);
            write::header(0x04, segment.len(), &mut header);
            self.output.write_all(&header).map_err(StreamError::Output)?;
            self.output.write_all(segment).map_err(StreamError::Output)?;
            rest = later;
        }
        let written = self.pending.len() - rest.len();
        self.pending.drain(..written);
        Ok(())
    }
}

impl<W: Write> Write for EncryptingWriter<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        match self.take(content) {
            Ok(()) => Ok(content.len()),
            Err(StreamError::Output(error) | StreamError::Input(error)) => Err(error),
            Err(StreamError::Refused(error)) => Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W> std::fmt::Debug for EncryptingWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EncryptingWriter").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Everything before the ciphertext. With its length (`ciphertext`) all lengths are definite.
fn head(cipher: Cipher, sealed: &Sealed, algorithm: &[u8], ciphertext: Option<u64>) -> Vec<u8> {
    let (kind, version, tag_octets) = if cipher.is_aead() {
        // The tag is an OCTET STRING of 16 octets.
        (oid::AUTH_ENVELOPED_DATA, 0, 18)
    } else {
        (oid::ENVELOPED_DATA, sealed.version, 0)
    };
    // From the inside out: what goes before, and the octets that an outer length counts behind it.
    let before_content = [&write::oid(&oid::DATA), algorithm].concat();
    let before_info = [&write::small(version), &*sealed.recipient_infos].concat();
    let layers = [
        (if ciphertext.is_some() { 0x80 } else { 0xA0 }, before_content, 0),
        (0x30, before_info, tag_octets),
        (0x30, Vec::new(), 0),
        (0xA0, write::oid(&kind), 0),
        (0x30, Vec::new(), 0),
    ];
    let mut head = Vec::new();
    let mut behind = ciphertext;
    for (identifier, before, after) in layers {
        let mut outer = before;
        match behind {
            Some(content) => write::long_header(identifier, head.len() as u64 + content, &mut outer),
            None => outer.extend_from_slice(&[identifier, 0x80]),
        }
        outer.extend_from_slice(&head);
        head = outer;
        behind = behind.map(|content| content + after);
    }
    head
}

/// An encrypted message whose tag or padding was checked: its content can be read, as often as wanted.
pub struct OpenedStream<R> {
    input: R,
    content: EncryptedContent,
    unlocked: Unlocked,
}

/// Decrypts in two passes: this is the first one. It finds the key and checks the tag, or for CBC the padding; the
/// content can be read from what it returns.
///
/// Keys are chosen as by [`decrypt`](super::decrypt()). Once a private key is used, all that can be wrong with the
/// message is [`DecryptError::Failed`], after all of the input was read.
pub fn open_stream<R: Replay>(
    mut input: R,
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
) -> Result<OpenedStream<R>, StreamError<DecryptError>> {
    let (content, unlocked) = open(&mut input, keys, rng, true)?;
    Ok(OpenedStream { input, content, unlocked })
}

/// As [`open_stream`], for a content that is a signed message and given out only against the proof of its signature.
///
/// The padding of CBC is then looked at by whoever reads to the end, which ends in an error when it is wrong. A pass
/// of its own for it would be an oracle: a right padding would be followed by the work on what is inside, a wrong one
/// would not. All errors while reading such a content must be given as one.
pub fn open_signed_stream<R: Replay>(
    mut input: R,
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
) -> Result<OpenedStream<R>, StreamError<DecryptError>> {
    let (content, unlocked) = open(&mut input, keys, rng, false)?;
    Ok(OpenedStream { input, content, unlocked })
}

impl<R> OpenedStream<R> {
    /// Content type of the plaintext.
    pub fn content_type(&self) -> ObjectIdentifier {
        self.content.content_type
    }
    /// `aes-256-gcm`, `aes-128-cbc`, `3des-cbc`, …
    pub fn cipher(&self) -> &'static str {
        self.content.cipher.name()
    }
    /// How our key was reached: `ecdh-p256`, `rsa-oaep`, `rsa-pkcs1`, `x25519`.
    pub fn key_method(&self) -> &'static str {
        self.unlocked.key_method
    }
    /// Authenticated encryption: the octets are what was encrypted. Without it, only a signature inside tells.
    pub fn has_integrity(&self) -> bool {
        self.content.cipher.is_aead()
    }
    /// 3DES or worse.
    pub fn is_weak(&self) -> bool {
        self.content.cipher.is_weak()
    }
}

impl<R> std::fmt::Debug for OpenedStream<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedStream")
            .field("cipher", &self.cipher())
            .field("key_method", &self.key_method())
            .finish_non_exhaustive()
    }
}

impl<R: Replay> Replay for OpenedStream<R> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let mut stream = Stream::new(self.input.replay()?);
        let (_, authenticated, octets) = enter(&mut stream).map_err(as_io)?;
        let opener = self.content.opener(&self.unlocked).ok_or_else(changed)?;
        Ok(Box::new(Decryption {
            stream,
            octets,
            authenticated,
            content: &self.content,
            opener: Some(opener),
            ciphertext: vec![0; CHUNK],
            plaintext: Zeroizing::new(Vec::with_capacity(CHUNK + 64)),
            given: 0,
        }))
    }
}

impl EncryptedContent {
    fn opener(&self, unlocked: &Unlocked) -> Option<Opener> {
        Opener::new(self.cipher, &unlocked.cipher_key, &self.parameters.iv)
    }
}

/// The octets before the content.
struct RawHead {
    recipients: Vec<u8>,
    content_type: Vec<u8>,
    algorithm: Vec<u8>,
}

/// Walks to the content: what stood before it, whether it is authenticated, and its octets.
fn enter<R: Read>(stream: &mut Stream<R>) -> Result<(RawHead, bool, Octets), Refusal> {
    stream.enter(ber::SEQUENCE)?;
    let mut kind = Vec::new();
    stream.element(ber::OBJECT_IDENTIFIER, MAX_HEAD, &mut kind)?;
    let kind = Reader::new(&kind).oid().map_err(Fault::from)?;
    let authenticated = is_authenticated(&kind).map_err(Refusal::Message)?;
    stream.enter(Tag::context(0))?;
    stream.enter(ber::SEQUENCE)?;
    let mut version = Vec::new();
    stream.element(ber::INTEGER, MAX_HEAD, &mut version)?;
    ber::single(&version).and_then(|version| check_version(&version, authenticated)).map_err(Fault::from)?;
    if stream.peek()? == Some(Tag::context(0)) {
        stream.element(Tag::context(0), MAX_HEAD, &mut Vec::new())?;
    }
    let mut head = RawHead { recipients: Vec::new(), content_type: Vec::new(), algorithm: Vec::new() };
    stream.element(ber::SET, MAX_HEAD, &mut head.recipients)?;
    stream.enter(ber::SEQUENCE)?;
    stream.element(ber::OBJECT_IDENTIFIER, MAX_HEAD, &mut head.content_type)?;
    stream.element(ber::SEQUENCE, MAX_HEAD, &mut head.algorithm)?;
    let octets = Octets::begin(stream, Tag::context(0))?;
    Ok((head, authenticated, octets))
}

/// Walks from the end of the content to the end of the input; what stood behind the content.
fn leave<R: Read>(stream: &mut Stream<R>) -> Result<Vec<u8>, Fault> {
    // EncryptedContentInfo, then the structure, [0] and ContentInfo.
    stream.leave()?;
    let tail = stream.rest(MAX_TAIL, None)?;
    stream.leave()?;
    stream.leave()?;
    stream.leave()?;
    if stream.at_end()? { Ok(tail) } else { Err(ber::BerError::Trailing.into()) }
}

/// Finds the key, and checks the end: always a tag, a padding only with `padding`.
fn open<R: Replay>(
    input: &mut R,
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
    padding: bool,
) -> Result<(EncryptedContent, Unlocked), StreamError<DecryptError>> {
    let mut stream = Stream::new(input.replay().map_err(StreamError::Input)?);
    let (raw, authenticated, octets) = enter(&mut stream)?;
    let content_type = Reader::new(&raw.content_type).oid().map_err(|_| DecryptError::Malformed);
    let head = content_type
        .and_then(|content_type| Head::read(&raw.recipients, content_type, &raw.algorithm, authenticated))
        .map_err(StreamError::Refused)?;
    let unlocked = head.unlock(keys, rng).map_err(StreamError::Refused)?;
    if authenticated || padding {
        check(stream, octets, &head.content, &unlocked, authenticated)?;
    }
    Ok((head.content, unlocked))
}

/// Reads to the end and checks the tag or the padding: the same answer and the same work, whatever is wrong.
fn check<R: Read>(
    mut stream: Stream<R>,
    mut octets: Octets,
    content: &EncryptedContent,
    unlocked: &Unlocked,
    authenticated: bool,
) -> Result<(), StreamError<DecryptError>> {
    let mut opener = content.opener(unlocked);
    let mut ciphertext = vec![0; CHUNK];
    let mut plaintext = Zeroizing::new(Vec::with_capacity(CHUNK + 64));
    let ended = loop {
        match octets.read(&mut stream, &mut ciphertext) {
            Ok(0) => break leave(&mut stream),
            Ok(count) => {
                plaintext.clear();
                let piece = ciphertext.get(..count).unwrap_or_default();
                if let Some(working) = &mut opener
                    && working.check(piece, &mut plaintext).is_none()
                {
                    opener = None;
                }
            }
            Err(fault) => break Err(fault),
        }
    };
    let failed = StreamError::Refused(DecryptError::Failed);
    let tail = match ended {
        Ok(tail) => tail,
        Err(Fault::Input(error)) => return Err(StreamError::Input(error)),
        Err(Fault::Ber(_) | Fault::TooLong) => return Err(failed),
    };
    plaintext.clear();
    finish(opener, content, authenticated, &tail, &mut plaintext).ok_or(failed)
}

/// Reads and checks the tail; the last octets of the content go to `plaintext`.
fn finish(
    opener: Option<Opener>,
    content: &EncryptedContent,
    authenticated: bool,
    tail: &[u8],
    plaintext: &mut Vec<u8>,
) -> Option<()> {
    let tail = Tail::read(Reader::new(tail), authenticated, &content.content_type).ok()?;
    content.check_tag(&tail).ok()?;
    opener?.finish(&tail.associated, &tail.tag, plaintext)
}

/// A later pass over a message that was checked.
struct Decryption<'a> {
    stream: Stream<Box<dyn Read + 'a>>,
    octets: Octets,
    authenticated: bool,
    content: &'a EncryptedContent,
    /// `None` behind the end.
    opener: Option<Opener>,
    ciphertext: Vec<u8>,
    plaintext: Zeroizing<Vec<u8>>,
    /// Octets of `plaintext` that were given away.
    given: usize,
}

impl Read for Decryption<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.plaintext.len() && self.opener.is_some() {
            self.advance()?;
        }
        let ready = self.plaintext.get(self.given..).unwrap_or_default();
        let count = ready.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

impl Decryption<'_> {
    /// Decrypts the next piece, or checks the end.
    fn advance(&mut self) -> io::Result<()> {
        self.plaintext.clear();
        self.given = 0;
        let count =
            self.octets.read(&mut self.stream, &mut self.ciphertext).map_err(|fault| as_io(fault.into()))?;
        if count > 0 {
            let piece = self.ciphertext.get(..count).unwrap_or_default();
            let opener = self.opener.as_mut().ok_or_else(changed)?;
            return opener.update(piece, &mut self.plaintext).ok_or_else(changed);
        }
        let opener = self.opener.take();
        let tail = leave(&mut self.stream).map_err(|fault| as_io(fault.into()))?;
        finish(opener, self.content, self.authenticated, &tail, &mut self.plaintext).ok_or_else(changed)
    }
}

/// Why the walk to the content stopped.
enum Refusal {
    Fault(Fault),
    Message(DecryptError),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

impl From<Refusal> for StreamError<DecryptError> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fault(Fault::Input(error)) => StreamError::Input(error),
            Refusal::Fault(Fault::Ber(_) | Fault::TooLong) => StreamError::Refused(DecryptError::Malformed),
            Refusal::Message(error) => StreamError::Refused(error),
        }
    }
}

/// In a later pass, whatever is wrong was not so before.
fn as_io(refusal: Refusal) -> io::Error {
    match refusal {
        Refusal::Fault(Fault::Input(error)) => error,
        _ => changed(),
    }
}
