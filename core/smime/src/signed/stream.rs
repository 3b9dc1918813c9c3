//! SignedData with a content of any size.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::content::{ContentDigests, ContentHasher, SignedContent};
use super::create::{
    PreparedSigner, SignError, SignRequest, check_algorithm, digest_algorithms, finish_signers,
    prepare_signers,
};
use super::read::read_tail;
use super::{Encapsulated, MAX_SIGNERS, SignedData, SignedDataError};
use crate::address::EmailAddress;
use crate::ber::stream::{CHUNK, Fault, Octets, Stream};
use crate::ber::{self, BerError, Reader, Tag, write};
use crate::key::SignatureAlgorithm;
use crate::oid;
use crate::stream::{Replay, StreamError, changed, copy};
use crate::verdict::{Judgement, Policy, ValidSigner, judge_content};

/// Limit of what stands around the content: digest algorithms, certificates, signers. CRLs that take more than half
/// of it are passed over.
const MAX_AROUND: usize = 4 * 1024 * 1024;

/// Signs what is written to it, in one pass: SignedData in BER with indefinite lengths, the content in segments of
/// at most 64 KiB, the signatures at the end.
///
/// [`new`](Self::new) → content → [`prepare`](Self::prepare) → for each of [`signers`](StreamedSignature::signers) a
/// signature → [`finish`](StreamedSignature::finish).
pub struct SigningWriter<'a, W> {
    output: W,
    requests: Vec<SignRequest<'a>>,
    hasher: ContentHasher,
}

impl<'a, W: Write> SigningWriter<'a, W> {
    /// Writes what stands before the content. The content of the requests and whether they are detached is not looked
    /// at: the content is what is written, and it is encapsulated.
    pub fn new(mut output: W, requests: Vec<SignRequest<'a>>) -> Result<Self, StreamError<SignError>> {
        if requests.is_empty() || requests.len() > MAX_SIGNERS {
            return Err(StreamError::Refused(SignError::WrongNumber));
        }
        for request in &requests {
            check_algorithm(request).map_err(StreamError::Refused)?;
        }
        let algorithms = || requests.iter().map(|request| request.algorithm);
        let mut head = vec![0x30, 0x80];
        head.extend_from_slice(&write::oid(&oid::SIGNED_DATA));
        head.extend_from_slice(&[0xA0, 0x80, 0x30, 0x80]);
        head.extend_from_slice(&write::small(1));
        head.extend_from_slice(&digest_algorithms(algorithms()));
        head.extend_from_slice(&[0x30, 0x80]);
        head.extend_from_slice(&write::oid(&oid::DATA));
        head.extend_from_slice(&[0xA0, 0x80, 0x24, 0x80]);
        output.write_all(&head).map_err(StreamError::Output)?;
        let hasher = ContentHasher::new(algorithms().map(SignatureAlgorithm::digest));
        Ok(SigningWriter { output, requests, hasher })
    }

    /// Ends the content.
    pub fn prepare(mut self) -> Result<StreamedSignature<W>, StreamError<SignError>> {
        // Ends the OCTET STRING, [0] and EncapsulatedContentInfo.
        self.output.write_all(&[0; 6]).map_err(StreamError::Output)?;
        let digests = self.hasher.finish();
        let signers = prepare_signers(&self.requests, SignedContent::Digests(&digests));
        Ok(StreamedSignature { output: self.output, signers: signers.map_err(StreamError::Refused)? })
    }
}

impl<W: Write> Write for SigningWriter<'_, W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let piece = content.get(..content.len().min(CHUNK)).unwrap_or_default();
        if !piece.is_empty() {
            let mut header = Vec::with_capacity(8);
            write::header(0x04, piece.len(), &mut header);
            self.output.write_all(&header)?;
            self.output.write_all(piece)?;
            self.hasher.update(piece);
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W> std::fmt::Debug for SigningWriter<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningWriter").finish_non_exhaustive()
    }
}

/// A content that was written, waiting for the signature of each of its [`signers`](Self::signers).
pub struct StreamedSignature<W> {
    output: W,
    signers: Vec<PreparedSigner>,
}

impl<W: Write> StreamedSignature<W> {
    /// The signers, in the order of the requests.
    pub fn signers(&self) -> &[PreparedSigner] {
        &self.signers
    }

    /// Verifies the signatures, which stand in the order of the signers, writes the end, and gives the output back.
    pub fn finish<S: AsRef<[u8]>>(mut self, signatures: &[S]) -> Result<W, StreamError<SignError>> {
        let mut tail = finish_signers(self.signers, signatures).map_err(StreamError::Refused)?;
        // Ends SignedData, [0] and ContentInfo.
        tail.extend_from_slice(&[0; 6]);
        self.output.write_all(&tail).map_err(StreamError::Output)?;
        Ok(self.output)
    }
}

impl<W> std::fmt::Debug for StreamedSignature<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamedSignature").field("signers", &self.signers).finish_non_exhaustive()
    }
}

/// The content was asked for with a proof about another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content is not proven")]
pub struct NotProven;

/// A signed message that was read once: its signers are known and the digests of its content were taken. The content
/// itself is given out only against the proof of a valid signer.
pub struct SignedStream<R> {
    input: R,
    signed: SignedData,
}

impl<R: Replay> SignedStream<R> {
    /// Reads a ContentInfo in BER or DER; nothing may follow it. CRLs of more than 2 MiB are passed over.
    pub fn read(mut input: R) -> Result<Self, StreamError<SignedDataError>> {
        let signed = read(&mut input.replay().map_err(StreamError::Input)?)?;
        Ok(SignedStream { input, signed })
    }

    /// What was read; its `content` is not held.
    pub fn signed(&self) -> &SignedData {
        &self.signed
    }

    /// Length of the encapsulated content; `None` when detached.
    pub fn content_octets(&self) -> Option<u64> {
        self.digests().map(ContentDigests::octets)
    }

    /// Judges all signers over the encapsulated content, as [`judge`](crate::verdict::judge()). Without a content
    /// (detached) nobody signed anything here: judge such a message with
    /// [`judge_content`](crate::verdict::judge_content).
    pub fn judge(&self, from: Option<&[EmailAddress]>, policy: &Policy<'_>) -> Judgement {
        let content = self.signed.encapsulated().unwrap_or(SignedContent::Octets(&[]));
        judge_content(&self.signed, content, from, policy)
    }

    /// Writes the encapsulated content to `output` in a second pass; its length.
    ///
    /// Refused without writing anything when there is no content or `proof` is about another one; an error at the end
    /// when the input changed since the first pass.
    pub fn release(
        &mut self,
        proof: &ValidSigner,
        output: &mut dyn Write,
    ) -> Result<u64, StreamError<NotProven>> {
        let proven = self.digests().filter(|digests| digests.sha256() == proof.content_sha256());
        if proven.is_none() {
            return Err(StreamError::Refused(NotProven));
        }
        let mut hasher = ContentHasher::new([]);
        let mut stream = Stream::new(self.input.replay().map_err(StreamError::Input)?);
        // Whatever is wrong now was not so before.
        let again = |error| match error {
            StreamError::Refused(_) => StreamError::Input(changed()),
            StreamError::Input(error) => StreamError::Input(error),
            StreamError::Output(error) => StreamError::Output(error),
        };
        let (_, content) = enter(&mut stream).map_err(again)?;
        let mut content = content.ok_or_else(|| StreamError::Input(changed()))?;
        let mut buffer = Zeroizing::new(vec![0; CHUNK]);
        let mut octets = 0;
        loop {
            let count = content.read(&mut stream, &mut buffer).map_err(|fault| again(fault.into()))?;
            if count == 0 {
                break;
            }
            let piece = buffer.get(..count).unwrap_or_default();
            hasher.update(piece);
            output.write_all(piece).map_err(StreamError::Output)?;
            octets += count as u64;
        }
        // To the end, so that an input which checks itself does.
        copy(&mut stream.into_rest(), |_| Ok(()))?;
        if hasher.finish().sha256() == proof.content_sha256() {
            Ok(octets)
        } else {
            Err(StreamError::Input(changed()))
        }
    }

    fn digests(&self) -> Option<&ContentDigests> {
        match &self.signed.content {
            Encapsulated::Streamed(digests) => Some(digests),
            Encapsulated::None | Encapsulated::Octets(_) => None,
        }
    }
}

impl<R> std::fmt::Debug for SignedStream<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedStream").field("signed", &self.signed).finish_non_exhaustive()
    }
}

/// What stands before the content.
struct Front {
    digest_algorithms: Vec<u8>,
    content_type: Vec<u8>,
}

/// Walks to the content; `None` when detached.
fn enter<R: Read>(stream: &mut Stream<R>) -> Result<(Front, Option<Octets>), StreamError<SignedDataError>> {
    stream.enter(ber::SEQUENCE)?;
    let mut kind = Vec::new();
    stream.element(ber::OBJECT_IDENTIFIER, MAX_AROUND, &mut kind)?;
    if Reader::new(&kind).oid().map_err(Fault::from)? != oid::SIGNED_DATA {
        return Err(StreamError::Refused(SignedDataError::NotSignedData));
    }
    stream.enter(Tag::context(0))?;
    stream.enter(ber::SEQUENCE)?;
    stream.element(ber::INTEGER, MAX_AROUND, &mut Vec::new())?;
    let mut front = Front { digest_algorithms: Vec::new(), content_type: Vec::new() };
    stream.element(ber::SET, MAX_AROUND, &mut front.digest_algorithms)?;
    stream.enter(ber::SEQUENCE)?;
    stream.element(ber::OBJECT_IDENTIFIER, MAX_AROUND, &mut front.content_type)?;
    if stream.peek()? != Some(Tag::context(0)) {
        return Ok((front, None));
    }
    stream.enter(Tag::context(0))?;
    // Content of PKCS#7 that is no OCTET STRING is digested without tag and length (RFC 5652 section 5.2.1).
    Ok((front, Some(Octets::begin_any(stream, MAX_AROUND)?)))
}

fn read(input: &mut dyn Read) -> Result<SignedData, StreamError<SignedDataError>> {
    let mut stream = Stream::new(input);
    let (front, content) = enter(&mut stream)?;
    let content_type = Reader::new(&front.content_type).oid().map_err(Fault::from)?;
    let encapsulated = match content {
        Some(mut content) => {
            let mut hasher = ContentHasher::announced(&front.digest_algorithms);
            let mut buffer = Zeroizing::new(vec![0; CHUNK]);
            loop {
                let count = content.read(&mut stream, &mut buffer)?;
                if count == 0 {
                    break;
                }
                hasher.update(buffer.get(..count).unwrap_or_default());
            }
            stream.leave()?;
            Encapsulated::Streamed(hasher.finish())
        }
        None => Encapsulated::None,
    };
    // EncapsulatedContentInfo, then SignedData, [0] and ContentInfo.
    stream.leave()?;
    let tail = stream.rest(MAX_AROUND, Some(Tag::context(1)))?;
    stream.leave()?;
    stream.leave()?;
    stream.leave()?;
    if !stream.at_end()? {
        return Err(Fault::from(BerError::Trailing).into());
    }
    read_tail(Reader::new(&tail), content_type, encapsulated).map_err(StreamError::Refused)
}

impl From<Fault> for StreamError<SignedDataError> {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Input(error) => StreamError::Input(error),
            Fault::Ber(error) => StreamError::Refused(error.into()),
            Fault::TooLong => {
                StreamError::Refused(SignedDataError::Limit("4 MiB of certificates and signers"))
            }
        }
    }
}
