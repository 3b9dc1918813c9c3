//! The layers at the root, peeled one by one.

use std::collections::BTreeSet;

use mail::part::{Message, Part, ReadError};
use mail::protect;
use rand_core::CryptoRng;
use smime::Certificate;
use smime::enveloped::{self, DecryptError, DecryptionKey};
use smime::signed::{SignedData, SignedDataError};
use smime::verdict::Reason;

use super::record::{EncryptionState, EncryptionVerdict, Warning};
use super::signature::{self, SignatureLayer, SignersLeft};
use super::{MAX_LAYERS, SignedPayload, cover, structure};

/// The content type of mail (RFC 5652 section 4, RFC 8551 section 2.4.1).
const ID_DATA: &str = "1.2.840.113549.1.7.1";

/// What the layers at the root gave.
pub(super) struct Layers {
    /// What is inside all layers that were opened, out of its wrapping (RFC 8551 section 3.1).
    pub(super) payload: Option<Message>,
    pub(super) encryption: EncryptionVerdict,
    /// Outermost first.
    pub(super) signatures: Vec<SignatureLayer>,
    /// The innermost signature lies inside every encryption layer.
    pub(super) signature_inside: bool,
    /// Programs may see another tree on the way to the signature or to the text that is shown.
    pub(super) is_ambiguous: bool,
    /// What is inside is a layer itself, which stays closed.
    pub(super) is_closed: bool,
    pub(super) warnings: BTreeSet<Warning>,
    signers_left: SignersLeft,
    /// What a layer without integrity decrypted to is not covered by a signature yet.
    is_uncovered: bool,
    /// Beside such a signature, or on the way to it, stands what it does not cover.
    is_loose: bool,
}

/// Opens the layers at the root of `outer`. `helpers` may hold the certificate of a signer. Fails when what is inside a
/// layer exceeds a limit of the MIME reader.
pub(super) fn peel(
    outer: &Message,
    keys: &[DecryptionKey],
    helpers: &[Certificate],
    rng: &mut dyn CryptoRng,
) -> Result<Layers, ReadError> {
    let mut layers = Layers {
        payload: None,
        encryption: EncryptionVerdict::none(),
        signatures: Vec::new(),
        signature_inside: false,
        is_ambiguous: false,
        is_closed: false,
        warnings: BTreeSet::new(),
        signers_left: SignersLeft::new(),
        is_uncovered: false,
        is_loose: false,
    };
    let mut inside: Option<Message> = None;
    for depth in 0..=MAX_LAYERS {
        let current = inside.as_ref().unwrap_or(outer);
        let Some(kind) = root_layer(current) else { break };
        if depth == MAX_LAYERS {
            layers.warnings.insert(Warning::TooManyLayers);
            break;
        }
        layers.is_ambiguous |= structure::is_ambiguous(current);
        layers.is_loose |= layers.is_uncovered && !kind.is_all_of(current);
        let content = match kind {
            Layer::Opaque => layers.opaque(&current.decoded(current.root()), keys, helpers, rng),
            Layer::Clear { content, signature } => {
                let received = current.entity(content).to_vec();
                layers.clear(received, &current.decoded(signature), helpers)
            }
        };
        let Some(content) = content else { break };
        let mut next = Message::try_from(content)?;
        if layers.encryption.state == EncryptionState::Decrypted {
            next.mark_decrypted();
        }
        inside = Some(next);
    }
    layers.finish(outer, inside);
    Ok(layers)
}

impl Layers {
    /// Looks at what is inside all layers.
    fn finish(&mut self, outer: &Message, inside: Option<Message>) {
        let is_decrypted = self.encryption.state == EncryptionState::Decrypted;
        self.encryption.integrity = is_decrypted && !self.is_uncovered && !self.is_loose;
        let current = inside.as_ref().unwrap_or(outer);
        self.is_closed = root_layer(current).is_some();
        self.is_ambiguous |= inside.is_some() && structure::is_ambiguous(current);
        if structure::has_layer_inside(current) {
            self.warnings.insert(Warning::LayerNotAtRoot);
        }
        let is_credible = is_decrypted || self.is_signed();
        self.payload = match inside {
            Some(message) if is_credible => Some(self.unwrapped(message)),
            other => other,
        };
    }

    /// The message inside a payload that is nothing but a wrapping, looked at as a payload without one.
    fn unwrapped(&mut self, payload: Message) -> Message {
        let octets = payload.raw().len();
        let message = protect::unwrapped(payload);
        if message.raw().len() == octets {
            return message;
        }
        self.is_ambiguous |= structure::is_ambiguous(&message);
        // A layer at its root is not at the root of the mail.
        let is_layer = root_layer(&message).is_some();
        self.is_closed |= is_layer;
        if is_layer || structure::has_layer_inside(&message) {
            self.warnings.insert(Warning::LayerNotAtRoot);
        }
        message
    }

    /// Some signature layer could be read.
    pub(super) fn is_signed(&self) -> bool {
        self.signatures.iter().any(|layer| layer.signed.is_some())
    }

    /// An application/pkcs7-mime body; its inner octets when it could be opened.
    fn opaque(
        &mut self,
        octets: &[u8],
        keys: &[DecryptionKey],
        helpers: &[Certificate],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        match SignedData::parse(octets) {
            Ok(signed) if self.signers_left.take(&signed) => {
                let content = signed.content().map(<[u8]>::to_vec);
                if signed.signers().is_empty() {
                    // certs-only, or a degenerate wrapper: no signature at all (RFC 5652 section 5.1).
                    if content.is_none() {
                        self.warnings.insert(Warning::UnsupportedLayer);
                    }
                    return content;
                }
                // Signed content of another kind (a token, a receipt) is no mail: it is judged, and never read as MIME.
                let is_mail = signed.content_type().to_string() == ID_DATA;
                let fault = content.is_none().then_some(Reason::Malformed);
                let digests = signature::digests(&signed, content.as_deref().unwrap_or_default());
                let payload = SignedPayload { der: octets.to_vec(), detached_content: None, signed };
                self.signed_by(SignatureLayer::new(payload, digests, fault), helpers);
                content.filter(|_| is_mail)
            }
            Err(SignedDataError::NotSignedData) => self.encrypted(octets, keys, rng),
            Ok(_) | Err(SignedDataError::Malformed | SignedDataError::Limit(_)) => {
                self.signed_by(SignatureLayer::malformed(), helpers);
                None
            }
        }
    }

    fn encrypted(
        &mut self,
        octets: &[u8],
        keys: &[DecryptionKey],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        match enveloped::decrypt(octets, keys, rng) {
            Ok(decrypted) => {
                if !self.signatures.is_empty() {
                    self.warnings.insert(Warning::SignedOutsideEncryption);
                }
                self.encryption.add(&decrypted);
                self.signature_inside = false;
                self.is_uncovered |= !decrypted.integrity;
                Some(decrypted.content.to_vec())
            }
            Err(DecryptError::NotEncrypted) => {
                self.warnings.insert(Warning::UnsupportedLayer);
                None
            }
            Err(DecryptError::NoKey) => {
                self.encryption.state = EncryptionState::NoKey;
                None
            }
            Err(DecryptError::Malformed | DecryptError::Failed | DecryptError::Unsupported) => {
                self.encryption.state = EncryptionState::Failed;
                None
            }
        }
    }

    /// A multipart/signed.
    fn clear(&mut self, received: Vec<u8>, octets: &[u8], helpers: &[Certificate]) -> Option<Vec<u8>> {
        match SignedData::parse(octets) {
            Ok(signed) if self.signers_left.take(&signed) => {
                // A second content inside would leave open which one was signed.
                let fault = signed.content().is_some().then_some(Reason::ContentAmbiguous);
                if signed.signers().is_empty() && fault.is_none() {
                    return Some(received);
                }
                let (content, digests) = signature::signed_octets(&signed, received, helpers);
                let payload =
                    SignedPayload { der: octets.to_vec(), detached_content: Some(content.clone()), signed };
                self.signed_by(SignatureLayer::new(payload, digests, fault), helpers);
                Some(content)
            }
            Ok(_) | Err(_) => {
                self.signed_by(SignatureLayer::malformed(), helpers);
                Some(received)
            }
        }
    }

    fn signed_by(&mut self, layer: SignatureLayer, helpers: &[Certificate]) {
        if !self.signatures.is_empty() {
            self.warnings.insert(Warning::SeveralSignatureLayers);
        }
        self.is_uncovered = self.is_uncovered && !layer.is_authentic(helpers);
        self.signatures.push(layer);
        self.signature_inside = true;
    }
}

/// A cryptographic layer at the root of an entity.
enum Layer<'a> {
    Opaque,
    Clear { content: &'a Part, signature: &'a Part },
}

impl Layer<'_> {
    /// The entity holds nothing beside the layer.
    fn is_all_of(&self, message: &Message) -> bool {
        match self {
            Layer::Opaque => cover::is_only_opaque(message),
            Layer::Clear { content, signature } => cover::is_only_clear(message, content, signature),
        }
    }
}

fn root_layer(message: &Message) -> Option<Layer<'_>> {
    let root = message.root();
    if is_opaque(root) {
        return Some(Layer::Opaque);
    }
    if root.content_type != "multipart/signed" {
        return None;
    }
    let [content, signature] = root.children.as_slice() else { return None };
    signature.is_smime_signature().then_some(Layer::Clear { content, signature })
}

/// An application/pkcs7-mime, also under its old name, also one whose type a gateway replaced: then the file name tells
/// (RFC 8551 section 3.7).
pub(super) fn is_opaque(part: &Part) -> bool {
    match part.content_type.as_str() {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => true,
        "application/octet-stream" => {
            part.name.as_deref().is_some_and(|name| name.to_ascii_lowercase().ends_with(".p7m"))
        }
        _ => false,
    }
}
