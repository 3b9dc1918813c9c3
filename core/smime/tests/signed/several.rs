//! Several signers of one message.

use smime::ber::write;
use smime::key::SignatureAlgorithm;
use smime::signed::{
    ContentHasher, MAX_SIGNERS, SignError, SignRequest, SignedData, SigningWriter, add_timestamp,
    prepare_all, prepare_all_detached, verify_signer,
};
use smime::verdict::Reason;
use smime::{Certificate, oid};

use crate::support::{Identity, Openssl, OsRandom, P256, P384, RSA2048};
use crate::{ALGORITHMS, CONTENT, request};

/// Signs with every algorithm at once: in memory, detached, and as a stream.
fn sign_by_all(identities: &[Identity], requests: &[SignRequest<'_>]) -> [Vec<u8>; 3] {
    let sign = |index: usize, signer: &smime::signed::PreparedSigner| {
        identities[index].key.sign(signer.algorithm(), signer.bytes_to_sign(), &mut OsRandom).unwrap()
    };
    let all = |signers: &[smime::signed::PreparedSigner]| -> Vec<Vec<u8>> {
        signers.iter().enumerate().map(|(index, signer)| sign(index, signer)).collect()
    };
    let prepared = prepare_all(requests, CONTENT, false).unwrap();
    let signatures = all(prepared.signers());
    let opaque = prepared.finish(&signatures).unwrap();
    let mut hasher = ContentHasher::new(requests.iter().map(|request| request.algorithm.digest()));
    hasher.update(CONTENT);
    let prepared = prepare_all_detached(requests, &hasher.finish()).unwrap();
    let signatures = all(prepared.signers());
    let detached = prepared.finish(&signatures).unwrap();
    let mut writer = SigningWriter::new(Vec::new(), requests.to_vec()).unwrap();
    std::io::Write::write_all(&mut writer, CONTENT).unwrap();
    let prepared = writer.prepare().unwrap();
    let signatures = all(prepared.signers());
    [opaque, detached, prepared.finish(&signatures).unwrap()]
}

#[test]
fn openssl_verifies_several_signers_of_one_message() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    // OpenSSL 3.0 doesn't do Ed25519 in CMS, so it gets all the others.
    let known = &ALGORITHMS[..ALGORITHMS.len() - 1];
    let identities: Vec<Identity> = known
        .iter()
        .enumerate()
        .map(|(index, (key, ..))| openssl.identity(&format!("signer{index}"), key))
        .collect();
    let requests: Vec<SignRequest<'_>> = identities
        .iter()
        .zip(known)
        .map(|(identity, (_, algorithm, _))| request(identity, *algorithm, false))
        .collect();
    let anchors: Vec<u8> =
        (0..known.len()).flat_map(|index| openssl.read(&format!("signer{index}.crt"))).collect();
    openssl.write("anchors", &anchors);
    for (form, message) in sign_by_all(&identities, &requests).iter().enumerate() {
        let content = if form == 1 { "-content content" } else { "" };
        let output = openssl.cms_verify(message, &("-CAfile anchors -purpose any", content));
        assert_eq!(output, CONTENT);
        let signed = SignedData::parse(message).unwrap();
        assert_eq!(signed.signers().len(), known.len());
        assert_eq!(signed.certificates().len(), known.len());
        let mut names: Vec<String> = (0..known.len())
            .map(|index| verify_signer(&signed, index, CONTENT, &[]).unwrap().algorithm().to_owned())
            .collect();
        names.sort();
        let mut expected: Vec<&str> = known.iter().map(|(.., name)| *name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
        // Each digest is announced once, before the content.
        let printed = openssl.text("asn1parse -inform DER -in signed");
        let announced = printed.split(":pkcs7-data").next().unwrap();
        for digest in ["sha256", "sha384", "sha512"] {
            assert_eq!(announced.matches(&format!(":{digest}")).count(), 1, "{announced}");
        }
    }
}

#[test]
fn a_wrong_number_of_signers_or_signatures_is_refused() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let bob = openssl.identity("bob", P384);
    let requests = [
        request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false),
        request(&bob, SignatureAlgorithm::EcdsaP384Sha384, false),
    ];
    let prepared = prepare_all(&requests, CONTENT, false).unwrap();
    let signatures: Vec<Vec<u8>> = prepared
        .signers()
        .iter()
        .zip([&alice, &bob])
        .map(|(signer, identity)| {
            assert_eq!(signer.certificate(), &identity.certificate);
            identity.key.sign(signer.algorithm(), signer.bytes_to_sign(), &mut OsRandom).unwrap()
        })
        .collect();
    assert_eq!(prepared.clone().finish(&signatures[..1]).unwrap_err(), SignError::WrongNumber);
    let swapped = [&signatures[1], &signatures[0]];
    assert_eq!(prepared.clone().finish(&swapped).unwrap_err(), SignError::WrongKey);
    // One forged signature spoils the message, however right the other is.
    let forged = [signatures[0].clone(), vec![0; 70]];
    assert_eq!(prepared.clone().finish(&forged).unwrap_err(), SignError::WrongKey);
    assert!(prepared.finish(&signatures).is_ok());
    assert_eq!(prepare_all(&[], CONTENT, false).unwrap_err(), SignError::WrongNumber);
    let many = vec![requests[0].clone(); MAX_SIGNERS + 1];
    assert_eq!(prepare_all(&many, CONTENT, false).unwrap_err(), SignError::WrongNumber);
    assert!(SigningWriter::new(Vec::new(), many).is_err());
    assert!(SigningWriter::new(Vec::new(), vec![]).is_err());
    // A digest that was not taken while the content went by.
    let digests = ContentHasher::new([]).finish();
    assert_eq!(prepare_all_detached(&requests, &digests).unwrap_err(), SignError::WrongAlgorithm);
}

#[test]
fn each_of_several_signers_is_verified_with_his_own_certificate() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let alice = openssl.identity("alice", RSA2048);
    let bob = openssl.identity("bob", RSA2048);
    let message =
        openssl.cms_sign("-nodetach -signer alice.crt -inkey alice.key -signer bob.crt -inkey bob.key");
    let signed = SignedData::parse(&message).unwrap();
    let mut found: Vec<Certificate> = (0..2)
        .map(|index| verify_signer(&signed, index, CONTENT, &[]).unwrap().certificate().clone())
        .collect();
    let mut expected = vec![alice.certificate, bob.certificate];
    found.sort_by_key(Certificate::fingerprint);
    expected.sort_by_key(Certificate::fingerprint);
    assert_eq!(found, expected);
    assert_eq!(verify_signer(&signed, 2, CONTENT, &[]).unwrap_err(), Reason::Malformed);
}

#[test]
fn each_of_several_signers_can_be_stamped() {
    let openssl = Openssl::new();
    let identities = ["alice", "bob", "carol"].map(|name| openssl.identity(name, P256));
    let requests: Vec<SignRequest<'_>> = identities
        .iter()
        .map(|identity| request(identity, SignatureAlgorithm::EcdsaP256Sha256, false))
        .collect();
    let [message, ..] = sign_by_all(&identities, &requests);
    let before = SignedData::parse(&message).unwrap();
    assert_eq!(before.signers().len(), 3);
    let token = |signer: usize| {
        let label = write::octet_string(before.signers()[signer].signature());
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &label])
    };
    for signer in 0..3 {
        let after = SignedData::parse(&add_timestamp(&message, signer, &token(signer)).unwrap()).unwrap();
        for (index, (old, new)) in before.signers().iter().zip(after.signers()).enumerate() {
            let expected = (index == signer).then(|| token(signer));
            assert_eq!(new.timestamp_token(), expected.as_deref());
            assert_eq!(
                (old.signature(), old.signed_attributes_der()),
                (new.signature(), new.signed_attributes_der())
            );
        }
    }
    // All of them, in whatever order; OpenSSL still verifies every signature.
    let stamped = [2, 0, 1]
        .into_iter()
        .fold(message.clone(), |message, signer| add_timestamp(&message, signer, &token(signer)).unwrap());
    let after = SignedData::parse(&stamped).unwrap();
    for (signer, info) in after.signers().iter().enumerate() {
        assert_eq!(info.timestamp_token(), Some(&token(signer)[..]));
        assert!(verify_signer(&after, signer, CONTENT, &[]).is_ok());
    }
    assert_eq!(openssl.cms_verify(&stamped, "-noverify"), CONTENT);
    for none in [3, usize::MAX] {
        assert_eq!(add_timestamp(&message, none, &token(0)).unwrap_err(), SignError::WrongNumber);
    }
}
