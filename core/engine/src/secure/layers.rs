//! The layers at the root, peeled one by one.

use std::collections::BTreeSet;

use mail::part::{Message, Part, canonical_crlf};
use rand_core::CryptoRng;
use smime::Certificate;
use smime::enveloped::{self, DecryptError, DecryptionKey};
use smime::signed::{SignedContent, SignedData, SignedDataError, fitting_signers};
use smime::verdict::Reason;

use super::record::{EncryptionState, EncryptionVerdict, Warning};
use super::{MAX_LAYERS, SignedPayload, structure};

/// The content type of mail (RFC 5652 section 4, RFC 8551 section 2.4.1).
const ID_DATA: &str = "1.2.840.113549.1.7.1";

/// What the layers at the root gave.
pub(super) struct Layers {
    /// What is inside all layers that were opened.
    pub(super) payload: Option<Message>,
    pub(super) encryption: EncryptionVerdict,
    pub(super) signature: Option<SignedPayload>,
    /// The signature is a content_ambiguous one, or its structure can't be read.
    pub(super) fault: Option<Reason>,
    /// The innermost signature lies inside every encryption layer.
    pub(super) signature_inside: bool,
    /// Programs may see another tree on the way to the signature or to the text that is shown.
    pub(super) is_ambiguous: bool,
    pub(super) warnings: BTreeSet<Warning>,
}

/// Opens the layers at the root of `outer`. `helpers` may hold the certificate of a signer.
pub(super) fn peel(
    outer: &Message,
    keys: &[DecryptionKey],
    helpers: &[Certificate],
    rng: &mut dyn CryptoRng,
) -> Layers {
    let mut layers = Layers {
        payload: None,
        encryption: EncryptionVerdict::none(),
        signature: None,
        fault: None,
        signature_inside: false,
        is_ambiguous: false,
        warnings: BTreeSet::new(),
    };
    let mut current = outer.clone();
    for depth in 0..=MAX_LAYERS {
        let Some(layer) = root_layer(&current) else { break };
        if depth == MAX_LAYERS {
            layers.warnings.insert(Warning::TooManyLayers);
            break;
        }
        layers.is_ambiguous |= structure::is_ambiguous(&current);
        let content = match layer {
            Layer::Opaque(octets) => layers.opaque(&octets, keys, rng),
            Layer::Clear { content, signature } => layers.clear(content, &signature, helpers),
        };
        let Some(mut next) = content.and_then(|content| Message::parse(&content).ok()) else { break };
        if layers.encryption.state == EncryptionState::Decrypted {
            next.mark_decrypted();
        }
        layers.payload = Some(next.clone());
        current = next;
    }
    if layers.payload.is_some() {
        layers.is_ambiguous |= structure::is_ambiguous(&current);
    }
    if structure::has_layer_inside(&current) {
        layers.warnings.insert(Warning::LayerNotAtRoot);
    }
    layers
}

impl Layers {
    /// An application/pkcs7-mime body; its inner octets when it could be opened.
    fn opaque(&mut self, octets: &[u8], keys: &[DecryptionKey], rng: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        match SignedData::parse(octets) {
            Ok(signed) => {
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
                let reason = content.is_none().then_some(Reason::Malformed);
                let payload = SignedPayload { der: octets.to_vec(), detached_content: None, signed };
                self.signed_by(payload, reason);
                content.filter(|_| is_mail)
            }
            Err(SignedDataError::NotSignedData) => self.encrypted(octets, keys, rng),
            Err(SignedDataError::Malformed | SignedDataError::Limit(_)) => {
                self.fault.get_or_insert(Reason::Malformed);
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
                if self.signature.is_some() {
                    self.warnings.insert(Warning::SignedOutsideEncryption);
                }
                self.encryption.add(&decrypted);
                self.signature_inside = false;
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
            // A second content inside would leave open which one was signed.
            Ok(signed) => {
                let reason = signed.content().is_some().then_some(Reason::ContentAmbiguous);
                let has_signers = !signed.signers().is_empty();
                let content = signed_octets(&signed, received, helpers);
                if has_signers || reason.is_some() {
                    let payload = SignedPayload {
                        der: octets.to_vec(),
                        detached_content: Some(content.clone()),
                        signed,
                    };
                    self.signed_by(payload, reason);
                }
                Some(content)
            }
            Err(_) => {
                self.fault.get_or_insert(Reason::Malformed);
                Some(received)
            }
        }
    }

    fn signed_by(&mut self, payload: SignedPayload, reason: Option<Reason>) {
        if self.signature.is_some() {
            self.warnings.insert(Warning::SeveralSignatureLayers);
        }
        self.signature = Some(payload);
        self.fault = reason;
        self.signature_inside = true;
    }
}

/// The octets that a detached signature is about. Signers sign canonical line ends (RFC 8551 section 3.1.1), but some
/// sign binary parts as they are: the octets as received count, unless more signatures fit their canonical form. What
/// is shown is read from the same octets.
fn signed_octets(signed: &SignedData, received: Vec<u8>, helpers: &[Certificate]) -> Vec<u8> {
    let canonical = canonical_crlf(&received);
    if canonical.as_ref() == received.as_slice() {
        return received;
    }
    let fitting = |content: &[u8]| fitting_signers(signed, SignedContent::Octets(content), helpers);
    if fitting(&canonical) > fitting(&received) { canonical.into_owned() } else { received }
}

/// A cryptographic layer at the root of an entity.
enum Layer {
    Opaque(Vec<u8>),
    /// `content` as received.
    Clear {
        content: Vec<u8>,
        signature: Vec<u8>,
    },
}

fn root_layer(message: &Message) -> Option<Layer> {
    let root = message.root();
    if is_opaque(root) {
        return Some(Layer::Opaque(message.decoded(root).into_owned()));
    }
    if root.content_type != "multipart/signed" {
        return None;
    }
    let [content, signature] = root.children.as_slice() else { return None };
    signature.is_smime_signature().then(|| Layer::Clear {
        content: message.entity(content).to_vec(),
        signature: message.decoded(signature).into_owned(),
    })
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
