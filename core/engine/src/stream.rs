//! S/MIME files of any size: joins the streams of `smime` with the framing of `mail`.
//!
//! A message comes as DER or BER, as PEM, or as a MIME entity (application/pkcs7-mime in base64 or binary, or
//! multipart/signed), and every layer inside may do so again. As everywhere, only layers at the root count.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use mail::part::{Defect, Message};
use mail::stream::{Base64Reader, Base64Writer, CrlfReader, delimiters, header_section};
use rand_core::CryptoRng;
use smime::enveloped::{
    ContentCipher, ContentEncryption, DecryptError, DecryptionKey, EncryptError, EncryptingWriter,
    OpenedStream, Recipient, open_signed_stream, open_stream,
};
use smime::signed::{
    ContentDigests, ContentHasher, NotProven, PreparedSigner, SignError, SignRequest, SignedContent,
    SignedData, SignedDataError, SignedStream, SigningWriter, fitting_signers, prepare_all_detached,
};
use smime::stream::{Replay, StreamError, copy};
use smime::verdict::{self, Judgement, Policy, ValidSigner};
use smime::{EmailAddress, PrivateKey};
use zeroize::Zeroizing;

/// Octets that are read to see how a message is framed: a header section fits.
const FRONT: u64 = mail::part::MAX_HEADER_OCTETS as u64 + 1;
/// Longest signature part of a multipart/signed, in octets as sent.
const MAX_SIGNATURE_PART: u64 = 8 * 1024 * 1024;

/// How a message is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The ContentInfo itself.
    Der,
    /// `-----BEGIN CMS-----` (RFC 7468 section 9).
    Pem,
    /// A MIME entity in base64 (RFC 8551 section 3.2).
    Mime,
}

impl Form {
    /// The form of a message inside an encrypted one: in MIME an entity again, as mail programs expect it.
    pub fn inside(self) -> Form {
        if self == Form::Mime { Form::Mime } else { Form::Der }
    }
}

/// What kind of message is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SignedData.
    Signed,
    /// EnvelopedData (CBC) or AuthEnvelopedData (GCM).
    Encrypted(ContentCipher),
}

impl Kind {
    fn smime_type(self) -> &'static str {
        match self {
            Kind::Signed => "signed-data",
            Kind::Encrypted(ContentCipher::Aes256Gcm | ContentCipher::Aes128Gcm) => "authEnveloped-data",
            Kind::Encrypted(ContentCipher::Aes256Cbc | ContentCipher::Aes128Cbc) => "enveloped-data",
        }
    }
}

/// Frames a message that is written to it.
#[derive(Debug)]
pub enum FramingWriter<W: Write> {
    /// As it is.
    Der(W),
    /// Between two lines.
    Pem(Base64Writer<W>),
    /// Behind a header section.
    Mime(Base64Writer<W>),
}

impl<W: Write> FramingWriter<W> {
    /// Writes what stands before the message.
    pub fn new(mut output: W, form: Form, kind: Kind) -> io::Result<Self> {
        match form {
            Form::Der => Ok(FramingWriter::Der(output)),
            Form::Pem => {
                output.write_all(b"-----BEGIN CMS-----\n")?;
                Ok(FramingWriter::Pem(Base64Writer::pem(output)))
            }
            Form::Mime => {
                write!(
                    output,
                    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type={}; name=\"smime.p7m\"\r\n\
                     Content-Transfer-Encoding: base64\r\n\
                     Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n",
                    kind.smime_type()
                )?;
                Ok(FramingWriter::Mime(Base64Writer::mime(output)))
            }
        }
    }

    /// Writes what stands behind the message, and gives the output back.
    pub fn finish(self) -> io::Result<W> {
        match self {
            FramingWriter::Der(output) => Ok(output),
            FramingWriter::Pem(writer) => {
                let mut output = writer.finish()?;
                output.write_all(b"-----END CMS-----\n")?;
                Ok(output)
            }
            FramingWriter::Mime(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for FramingWriter<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            FramingWriter::Der(output) => output.write(octets),
            FramingWriter::Pem(writer) | FramingWriter::Mime(writer) => writer.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            FramingWriter::Der(output) => output.flush(),
            FramingWriter::Pem(writer) | FramingWriter::Mime(writer) => writer.flush(),
        }
    }
}

/// The input is not framed as S/MIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Neither BER nor PEM nor an S/MIME entity, or a field that decides about it occurs twice.
    #[error("there is no S/MIME message in DER, PEM or MIME")]
    NotSmime,
    /// A multipart/signed whose parts can't be told apart, or are not content and signature.
    #[error("the multipart/signed is malformed")]
    Multipart,
}

/// A message with its framing taken off.
#[derive(Debug)]
pub struct Unframed<R> {
    input: R,
    skip: u64,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Binary,
    Mime,
    Pem,
}

impl<R: Replay> Replay for Unframed<R> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let mut input = self.input.replay()?;
        skip(&mut input, self.skip)?;
        Ok(match self.encoding {
            Encoding::Binary => input,
            Encoding::Mime => Box::new(Base64Reader::mime(input)),
            Encoding::Pem => Box::new(Base64Reader::pem(input)),
        })
    }
}

fn skip(input: &mut dyn Read, octets: u64) -> io::Result<()> {
    io::copy(&mut input.take(octets), &mut io::sink()).map(|_| ())
}

/// A message, found in its framing.
#[derive(Debug)]
pub enum Found<R> {
    /// A ContentInfo.
    Opaque(Unframed<R>),
    /// A multipart/signed.
    Clear(ClearSigned<R>),
}

/// Sees how `input` is framed.
pub fn unframe<R: Replay>(mut input: R) -> Result<Found<R>, StreamError<FrameError>> {
    let mut front = Zeroizing::new(Vec::new());
    input.replay().and_then(|input| input.take(FRONT).read_to_end(&mut front)).map_err(StreamError::Input)?;
    if front.first() == Some(&0x30) {
        return Ok(Found::Opaque(Unframed { input, skip: 0, encoding: Encoding::Binary }));
    }
    if let Some(skip) = pem_begin(&front) {
        return Ok(Found::Opaque(Unframed { input, skip, encoding: Encoding::Pem }));
    }
    let refused = StreamError::Refused(FrameError::NotSmime);
    let Some(section) = header_section(&front) else { return Err(refused) };
    let Ok(header) = Message::parse(section) else { return Err(refused) };
    let root = header.root();
    // The body is not read here: a boundary can't be found yet.
    let is_ambiguous = |defect: &Defect| defect.is_ambiguous() && *defect != Defect::MissingBoundary;
    if root.defects.iter().any(is_ambiguous) {
        return Err(refused);
    }
    let skip = section.len() as u64;
    match root.content_type.as_str() {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
            let encoding = match root.encoding.as_str() {
                "base64" => Encoding::Mime,
                "binary" | "8bit" | "7bit" => Encoding::Binary,
                _ => return Err(refused),
            };
            Ok(Found::Opaque(Unframed { input, skip, encoding }))
        }
        "multipart/signed" => {
            let boundary = root.parameter("boundary").ok_or(StreamError::Refused(FrameError::Multipart))?;
            Ok(Found::Clear(ClearSigned::read(input, skip, boundary)?))
        }
        _ => Err(refused),
    }
}

/// Where the line behind `-----BEGIN CMS-----` begins; `PKCS7` is the older label.
fn pem_begin(front: &[u8]) -> Option<u64> {
    let blank = front.len() - front.trim_ascii_start().len();
    let rest = front.get(blank..)?;
    let line = rest.split_inclusive(|&octet| octet == b'\n').next()?;
    let is_begin = matches!(line.trim_ascii_end(), b"-----BEGIN CMS-----" | b"-----BEGIN PKCS7-----");
    is_begin.then_some((blank + line.len()) as u64)
}

/// A multipart/signed: where its content lies, and the signature.
///
/// Signers sign canonical line ends (RFC 8551 section 3.1.1), but some sign binary parts as they are: the octets as received
/// count, unless more signatures fit their canonical form.
#[derive(Debug)]
pub struct ClearSigned<R> {
    content: Range<R>,
    signature: SignedData,
}

/// A piece of an input.
#[derive(Debug)]
struct Range<R> {
    input: R,
    start: u64,
    octets: u64,
}

impl<R: Replay> Range<R> {
    fn read(&mut self) -> io::Result<impl Read> {
        let mut input = self.input.replay()?;
        skip(&mut input, self.start)?;
        Ok(input.take(self.octets))
    }
}

/// Which octets of a content are meant.
#[derive(Clone, Copy, Debug)]
enum Lines {
    /// With CRLF line ends.
    Canonical,
    /// As they came.
    Received,
}

impl<R: Replay> Range<R> {
    /// Reads the content, gives every piece to `take`, and returns its digests.
    fn digest<E>(
        &mut self,
        lines: Lines,
        mut hasher: ContentHasher,
        mut take: impl FnMut(&[u8]) -> Result<(), StreamError<E>>,
    ) -> Result<ContentDigests, StreamError<E>> {
        let received = self.read().map_err(StreamError::Input)?;
        let mut content: Box<dyn Read + '_> = match lines {
            Lines::Canonical => Box::new(CrlfReader::new(received)),
            Lines::Received => Box::new(received),
        };
        copy(&mut content, |piece| {
            hasher.update(piece);
            take(piece)
        })?;
        Ok(hasher.finish())
    }
}

impl<R: Replay> ClearSigned<R> {
    fn read(mut input: R, skipped: u64, boundary: &str) -> Result<Self, StreamError<FrameError>> {
        let malformed = || StreamError::Refused(FrameError::Multipart);
        let found = {
            let mut body = input.replay().map_err(StreamError::Input)?;
            skip(&mut body, skipped).map_err(StreamError::Input)?;
            delimiters(&mut body, boundary, 3).map_err(StreamError::Input)?
        };
        let [first, second, last] = found.as_slice() else { return Err(malformed()) };
        if first.is_closing || second.is_closing || !last.is_closing {
            return Err(malformed());
        }
        let octets = second.start.checked_sub(first.end).ok_or_else(malformed)?;
        let part = last.start.checked_sub(second.end).filter(|octets| *octets <= MAX_SIGNATURE_PART);
        let part = part.ok_or_else(malformed)?;
        let mut signature = Vec::new();
        Range { input: &mut input, start: skipped + second.end, octets: part }
            .read()
            .and_then(|mut part| part.read_to_end(&mut signature))
            .map_err(StreamError::Input)?;
        let part = Message::parse(&signature).map_err(|_| malformed())?;
        let root = part.root();
        if !root.is_smime_signature() || root.first_ambiguity().is_some() {
            return Err(malformed());
        }
        let signature = SignedData::parse(&part.decoded(root)).map_err(|_| malformed())?;
        Ok(ClearSigned { content: Range { input, start: skipped + first.end, octets }, signature })
    }

    /// What signs the content.
    pub fn signed(&self) -> &SignedData {
        &self.signature
    }

    /// Judges all signers over the content, which is read once when all signed its canonical form, else twice.
    pub fn judge(
        &mut self,
        from: Option<&[EmailAddress]>,
        policy: &Policy<'_>,
    ) -> Result<Judgement, StreamError<SignedDataError>> {
        let mut digests = self.digests(Lines::Canonical)?;
        let fitting = self.fitting(&digests, policy);
        if fitting < self.signature.signers().len() {
            let received = self.digests(Lines::Received)?;
            if self.fitting(&received, policy) >= fitting {
                digests = received;
            }
        }
        Ok(verdict::judge_detached(&self.signature, SignedContent::Digests(&digests), from, policy))
    }

    fn digests(&mut self, lines: Lines) -> Result<ContentDigests, StreamError<SignedDataError>> {
        let hasher = ContentHasher::for_signers(&self.signature);
        self.content.digest(lines, hasher, |_| Ok(()))
    }

    fn fitting(&self, content: &ContentDigests, policy: &Policy<'_>) -> usize {
        fitting_signers(&self.signature, SignedContent::Digests(content), policy.untrusted)
    }

    /// Writes the signed content to `output`, as [`SignedStream::release`].
    pub fn release(
        &mut self,
        proof: &ValidSigner,
        output: &mut dyn Write,
    ) -> Result<u64, StreamError<NotProven>> {
        // A proof about another content must not let out a single octet.
        let mut proven = None;
        for lines in [Lines::Canonical, Lines::Received] {
            let digests = self.content.digest(lines, ContentHasher::new([]), |_| Ok(()))?;
            if digests.sha256() == proof.content_sha256() {
                proven = Some(lines);
                break;
            }
        }
        let lines = proven.ok_or(StreamError::Refused(NotProven))?;
        let released = self.content.digest(lines, ContentHasher::new([]), |piece| {
            output.write_all(piece).map_err(StreamError::Output)
        })?;
        if released.sha256() == proof.content_sha256() {
            Ok(released.octets())
        } else {
            Err(StreamError::Input(io::ErrorKind::InvalidData.into()))
        }
    }
}

/// A signed message of either kind, read once.
#[derive(Debug)]
pub enum Signed<R> {
    /// SignedData with its content inside.
    Opaque(SignedStream<Unframed<R>>),
    /// multipart/signed.
    Clear(ClearSigned<R>),
}

/// Why a signed message was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Its framing.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Its structure.
    #[error(transparent)]
    Signed(#[from] SignedDataError),
    /// A signature without content; the content must be given beside it.
    #[error("the signature is detached: it holds no content")]
    Detached,
}

impl<R: Replay> Signed<R> {
    /// Reads a signed message.
    pub fn read(input: R) -> Result<Self, StreamError<VerifyError>> {
        match unframe(input).map_err(into)? {
            Found::Opaque(message) => {
                let stream = SignedStream::read(message).map_err(into)?;
                match stream.content_octets() {
                    Some(_) => Ok(Signed::Opaque(stream)),
                    None => Err(StreamError::Refused(VerifyError::Detached)),
                }
            }
            Found::Clear(message) => Ok(Signed::Clear(message)),
        }
    }

    /// Judges all signers.
    pub fn judge(
        &mut self,
        from: Option<&[EmailAddress]>,
        policy: &Policy<'_>,
    ) -> Result<Judgement, StreamError<VerifyError>> {
        match self {
            Signed::Opaque(stream) => Ok(stream.judge(from, policy)),
            Signed::Clear(message) => message.judge(from, policy).map_err(into),
        }
    }

    /// Writes the content that `proof` is about.
    pub fn release(
        &mut self,
        proof: &ValidSigner,
        output: &mut dyn Write,
    ) -> Result<u64, StreamError<NotProven>> {
        match self {
            Signed::Opaque(stream) => stream.release(proof, output),
            Signed::Clear(message) => message.release(proof, output),
        }
    }
}

/// Judges a detached signature over a content beside it. Both are read once.
pub fn judge_detached<S: Replay, R: Replay>(
    signature: S,
    mut content: R,
    from: Option<&[EmailAddress]>,
    policy: &Policy<'_>,
) -> Result<Judgement, StreamError<VerifyError>> {
    let Found::Opaque(message) = unframe(signature).map_err(into)? else {
        return Err(StreamError::Refused(VerifyError::Frame(FrameError::NotSmime)));
    };
    let stream = SignedStream::read(message).map_err(into)?;
    let mut hasher = ContentHasher::for_signers(stream.signed());
    let mut content = content.replay().map_err(StreamError::Input)?;
    copy(&mut content, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    let digests = hasher.finish();
    Ok(verdict::judge_detached(stream.signed(), SignedContent::Digests(&digests), from, policy))
}

/// Why nothing was decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The framing.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The message.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
}

/// Takes the framing off and checks the encryption; the content can be read from what it returns.
pub fn open<R: Replay>(
    input: R,
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
) -> Result<OpenedStream<Unframed<R>>, StreamError<OpenError>> {
    match unframe(input).map_err(into)? {
        Found::Opaque(message) => open_stream(message, keys, rng).map_err(into),
        Found::Clear(_) => Err(StreamError::Refused(OpenError::Decrypt(DecryptError::NotEncrypted))),
    }
}

/// As [`open`], for a content that is a signed message; see [`open_signed_stream`]. Without integrity of the encryption,
/// [`DecryptError::Failed`] stands for every error of [`Signed::read`] and [`Signed::judge`] on it.
pub fn open_signed<R: Replay>(
    input: R,
    keys: &[DecryptionKey],
    rng: &mut dyn CryptoRng,
) -> Result<OpenedStream<Unframed<R>>, StreamError<OpenError>> {
    match unframe(input).map_err(into)? {
        Found::Opaque(message) => open_signed_stream(message, keys, rng).map_err(into),
        Found::Clear(_) => Err(StreamError::Refused(OpenError::Decrypt(DecryptError::NotEncrypted))),
    }
}

/// An error of a lower layer as one of this.
fn into<E, F: From<E>>(error: StreamError<E>) -> StreamError<F> {
    match error {
        StreamError::Input(error) => StreamError::Input(error),
        StreamError::Output(error) => StreamError::Output(error),
        StreamError::Refused(error) => StreamError::Refused(error.into()),
    }
}

/// How octets are signed by one of the signers.
#[derive(Clone, Debug)]
pub struct Signing<'a> {
    /// What stands in the signature; its content is not looked at.
    pub request: SignRequest<'a>,
    /// The key of its certificate.
    pub key: &'a PrivateKey,
}

/// How octets are encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Encrypting<'a> {
    /// To whom.
    pub recipients: &'a [Recipient],
    /// With which cipher and key.
    pub encryption: ContentEncryption,
}

/// Why nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The encryption.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
}

impl Signing<'_> {
    /// The signature over what was prepared for this signer.
    fn sign(&self, prepared: &PreparedSigner, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, SealError> {
        let signature = self.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), rng);
        signature.map_err(|_| SealError::Sign(SignError::WrongKey))
    }
}

/// The signature of each signer.
fn sign_all(
    signers: &[Signing<'_>],
    prepared: &[PreparedSigner],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Vec<u8>>, SealError> {
    signers.iter().zip(prepared).map(|(signer, prepared)| signer.sign(prepared, rng)).collect()
}

fn requests<'a>(signers: &[Signing<'a>]) -> Vec<SignRequest<'a>> {
    signers.iter().map(|signer| signer.request.clone()).collect()
}

/// Signs `input` into `output`.
pub fn sign<W: Write>(
    input: &mut dyn Read,
    output: W,
    form: Form,
    signers: &[Signing<'_>],
    rng: &mut dyn CryptoRng,
) -> Result<W, StreamError<SealError>> {
    let framing = FramingWriter::new(output, form, Kind::Signed).map_err(StreamError::Output)?;
    let mut writer = SigningWriter::new(framing, requests(signers)).map_err(into)?;
    copy(input, |piece| writer.write_all(piece).map_err(StreamError::Output))?;
    let prepared = writer.prepare().map_err(into)?;
    let signatures = sign_all(signers, prepared.signers(), rng).map_err(StreamError::Refused)?;
    prepared.finish(&signatures).map_err(into)?.finish().map_err(StreamError::Output)
}

/// Signs `input` into `output`, leaving the content out. In MIME that is a multipart/signed, which holds the content in
/// canonical form beside the signature; `boundary` must not occur in it.
pub fn sign_detached<W: Write>(
    input: &mut dyn Read,
    mut output: W,
    form: Form,
    boundary: &str,
    signers: &[Signing<'_>],
    rng: &mut dyn CryptoRng,
) -> Result<W, StreamError<SealError>> {
    let digests: BTreeSet<&str> =
        signers.iter().map(|signer| signer.request.algorithm.digest().name()).collect();
    let mut hasher = ContentHasher::new(signers.iter().map(|signer| signer.request.algorithm.digest()));
    if form == Form::Mime {
        let micalg = digests.into_iter().collect::<Vec<_>>().join(",").replace("sha", "sha-");
        let micalg = if micalg.contains(',') { format!("\"{micalg}\"") } else { micalg };
        let head = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
             micalg={micalg}; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
        );
        output.write_all(head.as_bytes()).map_err(StreamError::Output)?;
        copy(&mut CrlfReader::new(input), |piece| {
            hasher.update(piece);
            output.write_all(piece).map_err(StreamError::Output)
        })?;
    } else {
        copy(input, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
    }
    let refused = |error| StreamError::Refused(SealError::Sign(error));
    let prepared = prepare_all_detached(&requests(signers), &hasher.finish()).map_err(refused)?;
    let signatures = sign_all(signers, prepared.signers(), rng).map_err(StreamError::Refused)?;
    let signature = prepared.finish(&signatures).map_err(refused)?;
    let write = |mut output: W| -> io::Result<W> {
        if form != Form::Mime {
            let mut framing = FramingWriter::new(output, form, Kind::Signed)?;
            framing.write_all(&signature)?;
            return framing.finish();
        }
        write!(
            output,
            "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        )?;
        let mut lines = Base64Writer::mime(output);
        lines.write_all(&signature)?;
        output = lines.finish()?;
        write!(output, "--{boundary}--\r\n")?;
        Ok(output)
    };
    write(output).map_err(StreamError::Output)
}

/// Encrypts `input` into `output`; `length` when it is known.
pub fn encrypt<W: Write>(
    input: &mut dyn Read,
    length: Option<u64>,
    output: W,
    form: Form,
    encrypting_to: &Encrypting<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<W, StreamError<SealError>> {
    let mut writer = encrypting(output, length, form, encrypting_to, rng)?;
    copy(input, |piece| writer.take(piece))?;
    writer.finish()
}

/// Begins to encrypt what comes piece by piece.
pub fn encrypting<W: Write>(
    output: W,
    length: Option<u64>,
    form: Form,
    encrypting: &Encrypting<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<FramedEncryption<W>, StreamError<SealError>> {
    let kind = Kind::Encrypted(encrypting.encryption.cipher);
    let framing = FramingWriter::new(output, form, kind).map_err(StreamError::Output)?;
    let writer = EncryptingWriter::new(framing, encrypting.recipients, encrypting.encryption, length, rng);
    Ok(FramedEncryption(writer.map_err(into)?))
}

/// An encrypted message in its framing, in the making.
#[derive(Debug)]
pub struct FramedEncryption<W: Write>(EncryptingWriter<FramingWriter<W>>);

impl<W: Write> FramedEncryption<W> {
    /// Takes the next octets of the content.
    pub fn take(&mut self, content: &[u8]) -> Result<(), StreamError<SealError>> {
        self.0.take(content).map_err(into)
    }

    /// Writes the end, and gives the output back.
    pub fn finish(self) -> Result<W, StreamError<SealError>> {
        self.0.finish().map_err(into)?.finish().map_err(StreamError::Output)
    }
}
