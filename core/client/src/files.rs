//! Files signed, verified, encrypted and decrypted, of any size: no network, no home.
//!
//! Nothing is written before it was checked: the output is opened when the first checked octet comes, and removed
//! when something goes wrong later. Never is a decrypted octet written under another name.

mod pipe;

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use engine::stream::{self, Encrypting, Signed, Signing};
pub use engine::stream::{Form, FrameError, OpenError, SealError, VerifyError};
use serde::Serialize;
pub use smime::enveloped::{ContentCipher, DecryptError, EncryptError, RsaTransport};
use smime::enveloped::{DecryptionKey, OpenedStream, Recipient};
pub use smime::key::DigestAlgorithm;
use smime::revocation::Need;
use smime::signed::{NotProven, SignRequest};
pub use smime::signed::{SignError, SignedDataError};
use smime::stream::{Replay, Seekable, StreamError};
use smime::verdict::{Judgement, Policy, SignatureState, SignatureVerdict, TimestampVerdict};
use smime::{Certificate, EmailAddress, KeyAlgorithm, SignatureAlgorithm, UnixTime};

use crate::error::CoreError;
use crate::inspect::{certificates, read_certificates};
use crate::key_file::{KeyFile, Keys};
use crate::material::Material;
use crate::system::{OsRandom, now};

/// Octets that are collected before they are written; the pieces that messages come in are not copied for it.
const BUFFER: usize = 64 * 1024;

/// Where octets come from or go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// Standard input or output.
    Standard,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The input can't be read.
    #[error("the input can't be read ({0})")]
    Input(#[source] io::Error),
    /// The content beside a detached signature can't be read.
    #[error("the signed content can't be read ({0})")]
    Content(#[source] io::Error),
    /// The output can't be written.
    #[error("the output can't be written ({0})")]
    Output(#[source] io::Error),
    /// Input and output are one file.
    #[error("input and output are the same file; name another output")]
    SameFile,
    /// A key or certificate file.
    #[error("{0}")]
    Material(CoreError),
    /// The key's certificate is not in its file.
    #[error(
        "the key file holds no certificate of its key that is for signing; put the certificate into it (PEM)"
    )]
    NoOwnCertificate,
    /// A digest or padding of RSA was asked for, and no signer has an RSA key.
    #[error("no signer has an RSA key; digest and padding are for RSA, curves have their own")]
    NoRsaKey,
    /// Signing or encrypting.
    #[error("{0}")]
    Seal(SealError),
    /// Taking off an encryption.
    #[error("{0}")]
    Open(OpenError),
    /// Reading a signed message.
    #[error("{0}")]
    Verify(VerifyError),
}

/// Who signs, and how.
#[derive(Debug, Default)]
pub struct SignerFiles {
    /// Key files: one signature by each.
    pub keys: Vec<KeyFile>,
    /// Files with certificates to carry.
    pub certificates: Vec<Vec<u8>>,
    /// The digest of RSA signatures, SHA-256 when `None`; curves have their own.
    pub digest: Option<DigestAlgorithm>,
    /// RSASSA-PSS for RSA keys.
    pub pss: bool,
}

/// For whom is encrypted, and how.
#[derive(Debug)]
pub struct EncryptionFiles {
    /// Files whose certificates are the recipients.
    pub recipients: Vec<Vec<u8>>,
    /// The content cipher.
    pub cipher: ContentCipher,
    /// How RSA recipients get the content key.
    pub rsa: RsaTransport,
}

/// Against what signatures are judged.
#[derive(Debug, Default)]
pub struct Verification {
    /// Anchors, for signers and timestamp authorities, helping certificates, revocation lists and OCSP answers.
    pub material: Material,
    /// The address that the signer must have; any when `None`.
    pub from: Option<EmailAddress>,
    /// The time of judging; now when `None`.
    pub at: Option<UnixTime>,
}

/// What was verified.
#[derive(Clone, Debug, Serialize)]
pub struct SignatureReport {
    /// The signers and the verdict on them.
    pub signature: SignatureVerdict,
    /// The timestamp of the first signer.
    pub timestamp: TimestampVerdict,
    /// What would help to judge the signers, and where it lies: nothing is fetched.
    pub needs: Vec<Need>,
    /// Octets of content that were written; `None` when nothing was.
    pub octets: Option<u64>,
}

impl SignatureReport {
    fn new(judgement: Judgement, octets: Option<u64>) -> Self {
        SignatureReport {
            signature: judgement.signature,
            timestamp: judgement.timestamp,
            needs: judgement.needs,
            octets,
        }
    }

    /// Everything holds.
    pub fn is_valid(&self) -> bool {
        self.signature.state == SignatureState::Valid
    }
}

/// What was decrypted.
#[derive(Clone, Debug, Serialize)]
pub struct DecryptionReport {
    /// `aes-256-gcm`, `aes-256-cbc`, …
    pub content: &'static str,
    /// How our key was reached: `ecdh-p256`, `rsa-oaep`, …
    pub key: &'static str,
    /// The octets are what was encrypted: authenticated encryption, or a valid signature inside.
    pub integrity: bool,
    /// An old cipher that must not be relied on.
    pub weak: bool,
    /// Octets that were written; `None` when the signature inside does not hold.
    pub octets: Option<u64>,
    /// The signature inside, when it was asked for.
    #[serde(flatten)]
    pub inside: Option<SignatureReport>,
}

/// Signs a file. `detached` leaves the content out of the message.
pub fn sign(
    input: &Place,
    output: &Place,
    form: Form,
    detached: bool,
    signer: &SignerFiles,
) -> Result<(), FileError> {
    let signers = Signer::read_all(signer)?;
    let (mut source, mut target) = (open_once(input).map_err(FileError::Input)?, Target::new(input, output)?);
    let signing = signing(&signers);
    let outcome = if detached {
        // 128 random bits occur in no content.
        let boundary = format!("=_{}", random_name());
        stream::sign_detached(&mut source, &mut target, form, &boundary, &signing, &mut OsRandom).map(|_| ())
    } else {
        stream::sign(&mut source, &mut target, form, &signing, &mut OsRandom).map(|_| ())
    };
    outcome.map_err(|error| written(error, FileError::Seal))?;
    target.commit()
}

/// Encrypts a file; with `signer` it is signed first, in the same pass.
pub fn encrypt(
    input: &Place,
    output: &Place,
    form: Form,
    encryption: &EncryptionFiles,
    signer: Option<&SignerFiles>,
) -> Result<(), FileError> {
    let recipients: Vec<Recipient> = certificates(&encryption.recipients)
        .map_err(FileError::Material)?
        .into_iter()
        .map(|certificate| Recipient::Certificate { certificate, rsa: encryption.rsa })
        .collect();
    let encrypting = Encrypting { recipients: &recipients, encryption: encryption.cipher.into() };
    let signers = signer.map(Signer::read_all).transpose()?;
    let mut source = open_once(input).map_err(FileError::Input)?;
    let length = length(input);
    let mut target = Target::new(input, output)?;
    let outcome = match &signers {
        None => {
            stream::encrypt(&mut source, length, &mut target, form, &encrypting, &mut OsRandom).map(|_| ())
        }
        Some(signers) => sign_and_encrypt(&mut source, &mut target, form, signers, &encrypting),
    };
    outcome.map_err(|error| written(error, FileError::Seal))?;
    target.commit()
}

/// One thread signs while another encrypts what it has written.
fn sign_and_encrypt(
    source: &mut dyn Read,
    target: &mut Target,
    form: Form,
    signers: &[Signer<'_>],
    encrypting: &Encrypting<'_>,
) -> Result<(), StreamError<SealError>> {
    let (mut signed, to_encrypt) = pipe::pipe();
    std::thread::scope(|scope| {
        let encryption = scope.spawn(move || {
            let mut writer = stream::encrypting(target, None, form, encrypting, &mut OsRandom)?;
            while let Some(piece) = to_encrypt.next().map_err(StreamError::Input)? {
                writer.take(&piece)?;
            }
            writer.finish().map(|_| ())
        });
        let inner = form.inside();
        let signing = stream::sign(source, &mut signed, inner, &signing(signers), &mut OsRandom).map(|_| ());
        if signing.is_ok() {
            // Nobody reads any more when the encryption failed, which then is the error.
            let _ = signed.finish();
        } else {
            drop(signed);
        }
        let encryption = encryption.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (signing, encryption) {
            // The pipe broke because of the other side.
            (Err(StreamError::Output(_)), Err(error)) => Err(error),
            (Err(error), _) | (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(())) => Ok(()),
        }
    })
}

/// Decrypts a file with one of `keys`; with `verification` the content is a signed message, and what it signs is written.
pub fn decrypt(
    input: &Place,
    output: &Place,
    keys: &Keys,
    verification: Option<&Verification>,
) -> Result<DecryptionReport, FileError> {
    let keys = keys.all();
    let source = open_again(input)?;
    let mut target = Target::new(input, output)?;
    let refused = |error| written(error, FileError::Open);
    let Some(verification) = verification else {
        let mut opened = stream::open(source, keys, &mut OsRandom).map_err(refused)?;
        let mut report = DecryptionReport::of(&opened);
        let mut content = opened.replay().map_err(FileError::Input)?;
        let octets = smime::stream::copy(&mut content, |piece| {
            target.write_all(piece).map_err(StreamError::<NotProven>::Output)
        });
        report.octets = Some(octets.map_err(released)?);
        target.commit()?;
        return Ok(report);
    };
    let opened = stream::open_signed(source, keys, &mut OsRandom).map_err(refused)?;
    let mut report = DecryptionReport::of(&opened);
    let failed = || FileError::Open(OpenError::Decrypt(DecryptError::Failed));
    let inside = match verify_into(opened, target, verification) {
        // Wrong padding, noise that passed for padding, and what is no signed message: one answer.
        Err(FileError::Verify(_)) if !report.integrity => Err(failed()),
        Err(FileError::Input(error)) if !report.integrity && error.kind() == ErrorKind::InvalidData => {
            Err(failed())
        }
        outcome => outcome,
    }?;
    report.octets = inside.octets;
    report.integrity |= inside.is_valid();
    report.inside = Some(inside);
    Ok(report)
}

impl DecryptionReport {
    fn of<R>(opened: &OpenedStream<R>) -> Self {
        DecryptionReport {
            content: opened.cipher(),
            key: opened.key_method(),
            integrity: opened.has_integrity(),
            weak: opened.is_weak(),
            octets: None,
            inside: None,
        }
    }
}

/// Verifies a signed file; what it signs is written to `output` when everything holds.
pub fn verify(
    input: &Place,
    output: Option<&Place>,
    verification: &Verification,
) -> Result<SignatureReport, FileError> {
    let source = open_again(input)?;
    match output {
        Some(output) => verify_into(source, Target::new(input, output)?, verification),
        None => verify_into(source, Target { place: None, file: None }, verification),
    }
}

/// Verifies a detached signature over the file `content`.
pub fn verify_detached(
    signature: &Place,
    content: &Place,
    verification: &Verification,
) -> Result<SignatureReport, FileError> {
    let signature = open_again(signature)?;
    let content = open_again(content).map_err(|error| match error {
        FileError::Input(error) => FileError::Content(error),
        other => other,
    })?;
    let judgement = verification.judge(|from, policy| {
        stream::judge_detached(signature, content, from, policy)
            .map_err(|error| written(error, FileError::Verify))
    })?;
    Ok(SignatureReport::new(judgement, None))
}

fn verify_into(
    source: impl Replay,
    mut target: Target,
    verification: &Verification,
) -> Result<SignatureReport, FileError> {
    let refused = |error| written(error, FileError::Verify);
    let mut signed = Signed::read(source).map_err(refused)?;
    let judgement = verification.judge(|from, policy| signed.judge(from, policy).map_err(refused))?;
    let mut octets = None;
    if let Some(proof) = judgement.valid_signers.first()
        && target.place.is_some()
    {
        octets = Some(signed.release(proof, &mut target).map_err(released)?);
        target.commit()?;
    }
    Ok(SignatureReport::new(judgement, octets))
}

impl Verification {
    fn judge(
        &self,
        judge: impl FnOnce(Option<&[EmailAddress]>, &Policy<'_>) -> Result<Judgement, FileError>,
    ) -> Result<Judgement, FileError> {
        let policy = Policy {
            at: self.at.unwrap_or_else(now),
            anchors: self.material.anchors(),
            timestamp_anchors: self.material.timestamp_anchors(),
            untrusted: self.material.untrusted(),
            sources: self.material.sources(self.material.demand()),
        };
        judge(self.from.as_ref().map(std::slice::from_ref), &policy)
    }
}

/// A key with its certificate, ready to sign.
struct Signer<'a> {
    key: &'a DecryptionKey,
    certificate: &'a Certificate,
    carried: Vec<Certificate>,
    algorithm: SignatureAlgorithm,
}

impl<'a> Signer<'a> {
    fn read_all(files: &'a SignerFiles) -> Result<Vec<Self>, FileError> {
        let signers: Vec<Self> =
            files.keys.iter().map(|key| Self::read(key, files)).collect::<Result<_, _>>()?;
        let wants_rsa = files.pss || files.digest.is_some();
        if wants_rsa && !signers.iter().any(Signer::is_rsa) { Err(FileError::NoRsaKey) } else { Ok(signers) }
    }

    fn read(file: &'a KeyFile, files: &SignerFiles) -> Result<Self, FileError> {
        let (key, certificate) = file.signer().ok_or(FileError::NoOwnCertificate)?;
        let mut carried = file.certificates().to_vec();
        for file in &files.certificates {
            carried.extend(read_certificates(file).map_err(FileError::Material)?);
        }
        let unable = |_| FileError::Seal(SealError::Sign(SignError::WrongAlgorithm));
        let algorithm = match key.key.algorithm() {
            rsa @ KeyAlgorithm::Rsa(_) => SignatureAlgorithm::choose(rsa, files.digest, files.pss),
            _ => key.key.default_signature_algorithm(),
        };
        Ok(Signer { key, certificate, carried, algorithm: algorithm.map_err(unable)? })
    }

    fn is_rsa(&self) -> bool {
        matches!(self.key.key.algorithm(), KeyAlgorithm::Rsa(_))
    }

    fn signing(&self) -> Signing<'_> {
        let request = SignRequest {
            content: b"",
            detached: false,
            signer: self.certificate,
            certificates: &self.carried,
            algorithm: self.algorithm,
            signing_time: now(),
            encryption_certificate: None,
            proof_of_approval: false,
        };
        Signing { request, key: &self.key.key }
    }
}

fn signing<'a>(signers: &'a [Signer<'a>]) -> Vec<Signing<'a>> {
    signers.iter().map(Signer::signing).collect()
}

fn written<E>(error: StreamError<E>, refused: impl FnOnce(E) -> FileError) -> FileError {
    match error {
        StreamError::Input(error) => FileError::Input(error),
        StreamError::Output(error) => FileError::Output(error),
        StreamError::Refused(error) => refused(error),
    }
}

/// An error while checked octets were given out.
fn released(error: StreamError<NotProven>) -> FileError {
    written(error, |_| FileError::Input(io::ErrorKind::InvalidData.into()))
}

/// For one pass.
pub(crate) fn open_once(input: &Place) -> io::Result<Box<dyn Read>> {
    match input {
        Place::File(path) => Ok(Box::new(File::open(path)?)),
        Place::Standard => Ok(Box::new(io::stdin().lock())),
    }
}

/// For several passes. Standard input, and what else can't be read twice, goes to a file without a name first: as it
/// came, so a message stays encrypted.
fn open_again(input: &Place) -> Result<Seekable<File>, FileError> {
    let spooled = |source: &mut dyn Read| spool(source).map(Seekable).map_err(FileError::Input);
    match input {
        Place::File(path) => {
            let mut file = File::open(path).map_err(FileError::Input)?;
            let is_regular = file.metadata().map_err(FileError::Input)?.is_file();
            if is_regular { Ok(Seekable(file)) } else { spooled(&mut file) }
        }
        Place::Standard => spooled(&mut io::stdin().lock()),
    }
}

fn spool(source: &mut dyn Read) -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("countersign-{}", random_name()));
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    fs::remove_file(&path)?;
    io::copy(source, &mut file)?;
    Ok(file)
}

fn random_name() -> String {
    data_encoding::HEXLOWER.encode(&crate::system::random_array::<16>())
}

/// Length of a regular file.
fn length(input: &Place) -> Option<u64> {
    let Place::File(path) = input else { return None };
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// An output that is committed or removed.
struct Target {
    place: Option<Place>,
    file: Option<BufWriter<Box<dyn Write + Send>>>,
}

impl Target {
    fn new(input: &Place, output: &Place) -> Result<Self, FileError> {
        if let (Place::File(input), Place::File(output)) = (input, output)
            && is_same(input, output)
        {
            return Err(FileError::SameFile);
        }
        Ok(Target { place: Some(output.clone()), file: None })
    }

    fn open(&mut self) -> io::Result<&mut BufWriter<Box<dyn Write + Send>>> {
        if self.file.is_none() {
            let output: Box<dyn Write + Send> = match &self.place {
                Some(Place::File(path)) => {
                    let mut options = fs::OpenOptions::new();
                    options.write(true).create(true).truncate(true);
                    // It may be decrypted content: for its owner only.
                    #[cfg(unix)]
                    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                    Box::new(options.open(path)?)
                }
                Some(Place::Standard) => Box::new(io::stdout()),
                None => Box::new(io::sink()),
            };
            self.file = Some(BufWriter::with_capacity(BUFFER, output));
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Everything was written and holds.
    fn commit(mut self) -> Result<(), FileError> {
        self.open().and_then(BufWriter::flush).map_err(FileError::Output)?;
        self.place = None;
        Ok(())
    }
}

impl Write for Target {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.open()?.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // What is still in the buffer is dropped with it, not written.
        if let (Some(file), Some(place)) = (self.file.take(), &self.place) {
            drop(file.into_parts());
            // Never a device.
            if let Place::File(path) = place
                && path.is_file()
            {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Both are names of one file that exists.
pub fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
