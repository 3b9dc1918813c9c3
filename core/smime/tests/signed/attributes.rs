//! Signed attributes and certificates of an attacker's choice, under a right signature.

use smime::ber::write;
use smime::key::SignatureAlgorithm;
use smime::signed::SignedData;
use smime::verdict::Reason;
use smime::{Certificate, oid};

use crate::support::{ED25519, Identity, Openssl, OsRandom, P256};
use crate::{CONTENT, SIGNING_TIME, verify};

/// A SignedData as an attacker would build it: attributes and signer chosen freely, signed by `key`.
struct Forgery<'a> {
    key: &'a smime::PrivateKey,
    identifier: &'a Certificate,
    carried: &'a [Vec<u8>],
    content_type: const_oid::ObjectIdentifier,
    attributes: Option<Vec<Vec<u8>>>,
    /// Sort the attributes, as DER wants it.
    sorted: bool,
}

fn attribute(kind: &const_oid::ObjectIdentifier, values: Vec<Vec<u8>>) -> Vec<u8> {
    write::sequence(&[&write::oid(kind), &write::set_of(values)])
}

fn content_type(kind: &const_oid::ObjectIdentifier) -> Vec<u8> {
    attribute(&oid::CONTENT_TYPE, vec![write::oid(kind)])
}

fn message_digest(content: &[u8]) -> Vec<u8> {
    let digest = smime::key::DigestAlgorithm::Sha256.digest(content);
    attribute(&oid::MESSAGE_DIGEST, vec![write::octet_string(&digest)])
}

impl Forgery<'_> {
    fn build(&self) -> Vec<u8> {
        let algorithm = self.key.default_signature_algorithm().unwrap();
        let attributes = self.attributes.clone().map(|mut attributes| {
            if self.sorted {
                attributes.sort();
            }
            attributes.concat()
        });
        let to_sign = attributes.as_ref().map_or(CONTENT.to_vec(), |attributes| write::tlv(0x31, attributes));
        let signature = self.key.sign(algorithm, &to_sign, &mut OsRandom).unwrap();
        let issuer_and_serial =
            write::sequence(&[self.identifier.issuer_der(), &write::integer(self.identifier.serial())]);
        let info = write::sequence(&[
            &write::small(1),
            &issuer_and_serial,
            &algorithm.digest().algorithm_identifier_der(),
            &attributes.map(|attributes| write::tlv(0xA0, &attributes)).unwrap_or_default(),
            &algorithm.algorithm_identifier_der(),
            &write::octet_string(&signature),
        ]);
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![algorithm.digest().algorithm_identifier_der()]),
            &write::sequence(&[
                &write::oid(&self.content_type),
                &write::context(0, &[&write::octet_string(CONTENT)]),
            ]),
            &write::tlv(0xA0, &self.carried.concat()),
            &write::tlv(0x31, &info),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])])
    }
}

#[test]
fn attributes_that_are_missing_doubled_or_contradictory_are_refused() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let bob = openssl.identity("bob", P256);
    let carried = [alice.certificate.der().to_vec()];
    let check = |content_type, attributes: Option<Vec<Vec<u8>>>| {
        let forgery = Forgery {
            key: &alice.key,
            identifier: &alice.certificate,
            carried: &carried,
            content_type,
            attributes,
            sorted: true,
        };
        verify(&forgery.build()).map(|verified| verified.algorithm().to_owned())
    };
    let data = || content_type(&oid::DATA);
    let digest = || message_digest(CONTENT);
    let invalid = Err(Reason::AttributesInvalid);
    let right = Ok("ecdsa-p256-sha256".to_owned());

    assert_eq!(check(oid::DATA, Some(vec![data(), digest()])), right);
    assert_eq!(check(oid::DATA, None), right);
    // Without attributes, octets that were signed as attributes could be passed off as content of another type.
    assert_eq!(check(oid::TST_INFO, None), invalid);
    assert_eq!(check(oid::TST_INFO, Some(vec![data(), digest()])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data()])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![digest()])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), digest()])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), message_digest(b"other")])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), data(), digest()])), invalid);
    let hash = write::octet_string(&smime::key::DigestAlgorithm::Sha256.digest(CONTENT));
    let two_values = attribute(&oid::MESSAGE_DIGEST, vec![hash, write::octet_string(&[0; 32])]);
    assert_eq!(check(oid::DATA, Some(vec![data(), two_values])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), attribute(&oid::MESSAGE_DIGEST, vec![])])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), message_digest(b"other")])), Err(Reason::DigestMismatch));

    let time = || attribute(&oid::SIGNING_TIME, vec![write::time(SIGNING_TIME)]);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), time()])), right);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), time(), time()])), invalid);

    // CMSAlgorithmProtection that names other algorithms.
    let protection = |digest: Vec<u8>, signature: &[u8]| {
        let mut signature = signature.to_vec();
        signature[0] = 0xA1;
        attribute(&oid::ALGORITHM_PROTECTION, vec![write::sequence(&[&digest, &signature])])
    };
    let ecdsa = SignatureAlgorithm::EcdsaP256Sha256.algorithm_identifier_der();
    let ed25519 = SignatureAlgorithm::Ed25519.algorithm_identifier_der();
    let sha256 = write::algorithm(&oid::SHA256, &write::null());
    let sha512 = write::algorithm(&oid::SHA512, &[]);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), protection(sha256.clone(), &ecdsa)])), right);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), protection(sha512, &ecdsa)])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), protection(sha256, &ed25519)])), invalid);
    let broken = attribute(&oid::ALGORITHM_PROTECTION, vec![write::null()]);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), broken])), invalid);

    // signing-certificate-v2 that names another certificate.
    let names = |certificate: &Certificate| {
        let identifier = write::sequence(&[&write::octet_string(certificate.fingerprint().as_bytes())]);
        attribute(&oid::SIGNING_CERTIFICATE_V2, vec![write::sequence(&[&write::sequence(&[&identifier])])])
    };
    let (own, other) = (names(&alice.certificate), names(&bob.certificate));
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), own.clone()])), right);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), other.clone()])), invalid);
    assert_eq!(check(oid::DATA, Some(vec![data(), digest(), own, other])), invalid);
}

#[test]
fn a_certificate_of_the_same_issuer_and_serial_is_no_substitute() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let mallory = openssl.identity("mallory", P256);
    // Mallory signs, names Alice, and carries Alice's certificate.
    let attributes = vec![content_type(&oid::DATA), message_digest(CONTENT)];
    let swapped = Forgery {
        key: &mallory.key,
        identifier: &alice.certificate,
        carried: &[alice.certificate.der().to_vec(), mallory.certificate.der().to_vec()],
        content_type: oid::DATA,
        attributes: Some(attributes.clone()),
        sorted: true,
    };
    assert_eq!(verify(&swapped.build()).unwrap_err(), Reason::BadSignature);
    // Attributes in an order that is not DER's were signed in that order.
    let mut unsorted = attributes;
    unsorted.sort_by(|one, other| other.cmp(one));
    let unsorted = Forgery {
        key: &alice.key,
        identifier: &alice.certificate,
        carried: &[b"0\x03\x02\x01\x01".to_vec(), alice.certificate.der().to_vec()],
        attributes: Some(unsorted),
        sorted: false,
        ..swapped
    };
    // The first "certificate" can't be read and is left out.
    let message = unsorted.build();
    assert_eq!(SignedData::parse(&message).unwrap().certificates().len(), 1);
    assert!(verify(&message).is_ok());
}

/// Certificates of the same name and serial number, each with another key: every one tried costs a verification.
#[test]
fn only_a_few_certificates_are_tried_for_a_signer() {
    use smime::signed::MAX_CANDIDATES;
    let openssl = Openssl::new();
    let namesakes: Vec<Identity> = (0..=MAX_CANDIDATES)
        .map(|_| {
            openssl.run(&format!("genpkey -out alice.key {ED25519}"));
            openssl.run("req -x509 -new -key alice.key -out alice.crt -subj /CN=alice -set_serial 1");
            openssl.load("alice")
        })
        .collect();
    let alice = namesakes.last().unwrap();
    let check = |carried: Vec<Vec<u8>>| {
        let forgery = Forgery {
            key: &alice.key,
            identifier: &alice.certificate,
            carried: &carried,
            content_type: oid::DATA,
            attributes: None,
            sorted: true,
        };
        verify(&forgery.build()).map(|verified| verified.certificate().clone())
    };
    let all: Vec<Vec<u8>> = namesakes.iter().map(|namesake| namesake.certificate.der().to_vec()).collect();
    assert_eq!(check(all[1..].to_vec()), Ok(alice.certificate.clone()));
    // The same certificate again costs nothing and does not push Alice's out.
    assert_eq!(check([vec![all[1].clone(); 20], all[1..].to_vec()].concat()), Ok(alice.certificate.clone()));
    assert_eq!(check(all), Err(Reason::BadSignature));
}
