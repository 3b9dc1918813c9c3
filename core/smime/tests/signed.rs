//! SignedData: OpenSSL verifies what is signed here, and what OpenSSL signs is verified here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::ber::write;
use smime::key::SignatureAlgorithm;
use smime::signed::{
    ContentHasher, MAX_SIGNERS, SignError, SignRequest, SignedData, SignedDataError, SignedStream,
    SigningWriter, add_timestamp, prepare, prepare_all, prepare_all_detached, verify_signer,
};
use smime::verdict::Reason;
use smime::{Certificate, UnixTime, oid};
use support::{ED25519, Identity, Openssl, OsRandom, P256, P384, P521, RSA2048};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nWe stand by it.\r\n";

/// 2026-11-25T08:00:00Z.
const SIGNING_TIME: UnixTime = UnixTime::from_secs(1_795_593_600);

const ALGORITHMS: [(&[&str], SignatureAlgorithm, &str); 10] = [
    (P256, SignatureAlgorithm::EcdsaP256Sha256, "ecdsa-p256-sha256"),
    (P384, SignatureAlgorithm::EcdsaP384Sha384, "ecdsa-p384-sha384"),
    (P521, SignatureAlgorithm::EcdsaP521Sha512, "ecdsa-p521-sha512"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha256, "rsa-pkcs1-sha256"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha384, "rsa-pkcs1-sha384"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha512, "rsa-pkcs1-sha512"),
    (RSA2048, SignatureAlgorithm::RsaPssSha256, "rsa-pss-sha256"),
    (RSA2048, SignatureAlgorithm::RsaPssSha384, "rsa-pss-sha384"),
    (RSA2048, SignatureAlgorithm::RsaPssSha512, "rsa-pss-sha512"),
    (ED25519, SignatureAlgorithm::Ed25519, "ed25519"),
];

fn request<'a>(alice: &'a Identity, algorithm: SignatureAlgorithm, detached: bool) -> SignRequest<'a> {
    SignRequest {
        content: CONTENT,
        detached,
        signer: &alice.certificate,
        certificates: &[],
        algorithm,
        signing_time: SIGNING_TIME,
        encryption_certificate: None,
        proof_of_approval: false,
    }
}

fn sign(alice: &Identity, request: &SignRequest<'_>) -> Vec<u8> {
    let prepared = prepare(request).unwrap();
    let signature = alice.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
    prepared.finish(&signature).unwrap()
}

/// The verdict of the first signer over the encapsulated content.
fn verify(message: &[u8]) -> Result<smime::signed::VerifiedSigner, Reason> {
    let signed = SignedData::parse(message).unwrap();
    let content = signed.content().unwrap().to_vec();
    verify_signer(&signed, 0, &content, &[])
}

#[test]
fn openssl_verifies_what_alice_signs() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    for (key, algorithm, name) in ALGORITHMS {
        let alice = openssl.identity("alice", key);
        for detached in [false, true] {
            let message = sign(&alice, &request(&alice, algorithm, detached));
            openssl.write("signed", &message);
            if algorithm == SignatureAlgorithm::Ed25519 {
                openssl_verifies_ed25519(&openssl, &message);
                continue;
            }
            let verified = verify_signer(&SignedData::parse(&message).unwrap(), 0, CONTENT, &[]).unwrap();
            assert_eq!((verified.algorithm(), verified.weakness()), (name, None));
            let arguments =
                ["cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "alice.crt"];
            let content: &[&str] = if detached { &["-content", "content"] } else { &[] };
            let output = openssl.run(&[&arguments[..], &["-purpose", "any"], content].concat());
            assert_eq!(output, CONTENT, "{name}");
        }
    }
}

/// OpenSSL 3.0 prints CMS with Ed25519 but can't verify it, so it gets the signed attributes and the signature.
fn openssl_verifies_ed25519(openssl: &Openssl, message: &[u8]) {
    let printed = openssl.run(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", "signed", "-noout"]);
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.contains("sha512") && printed.contains("ED25519"));
    let signed = SignedData::parse(message).unwrap();
    openssl.write("attributes", signed.signers()[0].signed_attributes_der().unwrap());
    openssl.write("signature", signed.signers()[0].signature());
    openssl.run(&[
        "pkeyutl",
        "-verify",
        "-rawin",
        "-certin",
        "-inkey",
        "alice.crt",
        "-in",
        "attributes",
        "-sigfile",
        "signature",
    ]);
    assert_eq!(verify_signer(&signed, 0, CONTENT, &[]).unwrap().algorithm(), "ed25519");
}

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
        openssl.write("signed", message);
        let verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "anchors"];
        let content: &[&str] = if form == 1 { &["-content", "content"] } else { &[] };
        assert_eq!(openssl.run(&[&verify[..], &["-purpose", "any"], content].concat()), CONTENT);
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
        let printed = openssl.run(&["asn1parse", "-inform", "DER", "-in", "signed"]);
        let printed = String::from_utf8(printed).unwrap();
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
fn a_key_is_asked_for_what_it_does_only() {
    use smime::key::DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    use smime::key::{KeyAlgorithm, KeyError};
    let rsa = KeyAlgorithm::Rsa(2048);
    for (key, digest, pss, expected) in [
        (rsa, None, false, Ok(SignatureAlgorithm::RsaPkcs1Sha256)),
        (rsa, Some(Sha384), false, Ok(SignatureAlgorithm::RsaPkcs1Sha384)),
        (rsa, Some(Sha512), false, Ok(SignatureAlgorithm::RsaPkcs1Sha512)),
        (rsa, None, true, Ok(SignatureAlgorithm::RsaPssSha256)),
        (rsa, Some(Sha384), true, Ok(SignatureAlgorithm::RsaPssSha384)),
        (rsa, Some(Sha512), true, Ok(SignatureAlgorithm::RsaPssSha512)),
        (KeyAlgorithm::P256, None, false, Ok(SignatureAlgorithm::EcdsaP256Sha256)),
        (KeyAlgorithm::P384, Some(Sha384), false, Ok(SignatureAlgorithm::EcdsaP384Sha384)),
        (KeyAlgorithm::P521, None, false, Ok(SignatureAlgorithm::EcdsaP521Sha512)),
        (KeyAlgorithm::Ed25519, Some(Sha512), false, Ok(SignatureAlgorithm::Ed25519)),
        (rsa, Some(Sha1), false, Err(KeyError::Unsupported)),
        (rsa, Some(Sha224), true, Err(KeyError::Unsupported)),
        (KeyAlgorithm::P256, Some(Sha512), false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::P256, None, true, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Ed25519, Some(Sha256), false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::X25519, None, false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Rsa(1024), None, false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Rsa(16_384), None, true, Err(KeyError::WrongAlgorithm)),
    ] {
        assert_eq!(SignatureAlgorithm::choose(key, digest, pss), expected, "{key:?} {digest:?} {pss}");
    }
}

#[test]
fn openssl_names_the_signed_attributes() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let encryption = openssl.identity("encryption", RSA2048);
    let with_preference = SignRequest {
        encryption_certificate: Some(&encryption.certificate),
        proof_of_approval: true,
        ..request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false)
    };
    let message = sign(&alice, &with_preference);
    openssl.write("signed", &message);
    let text = openssl.run(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", "signed", "-noout"]);
    let text = String::from_utf8(text).unwrap();
    for expected in [
        "contentType (1.2.840.113549.1.9.3)",
        "messageDigest (1.2.840.113549.1.9.4)",
        "UTCTIME:Nov 25 08:00:00 2026 GMT",
        "id-smime-aa-signingCertificateV2",
        "S/MIME Capabilities (1.2.840.113549.1.9.15)",
        "id-smime-aa-encrypKeyPref",
        "id-smime-aa-ets-commitmentType",
        "id-smime-cti-ets-proofOfApproval",
        "1.2.840.113549.1.9.52",
        "aes-256-gcm",
        "CN=encryption",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let signed = SignedData::parse(&message).unwrap();
    let signer = &signed.signers()[0];
    assert!(signer.is_proof_of_approval());
    assert_eq!(signer.capabilities(), Some(smime::capabilities::Capabilities::ours()));
    assert_eq!(signer.signing_time(), Some(SIGNING_TIME));
    assert_eq!(signer.encryption_certificate(signed.certificates()), Some(&encryption.certificate));
    assert_eq!(signer.encryption_certificate(&[]), None);
    assert_eq!(signed.certificates().len(), 2);
}

#[test]
fn what_openssl_signs_verifies_in_every_form() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let forms: [&[&str]; 6] = [
        &[],
        &["-stream"],
        &["-keyid"],
        &["-cades"],
        &["-noattr"],
        &["-nosmimecap", "-stream", "-keyid", "-cades"],
    ];
    for (key, name, options) in [
        (P256, "ecdsa-p256-sha256", &["-md", "sha256"][..]),
        (P384, "ecdsa-p384-sha512", &["-md", "sha512"]),
        (support::P521, "ecdsa-p521-sha256", &["-md", "sha256"]),
        (RSA2048, "rsa-pkcs1-sha224", &["-md", "sha224"]),
        (RSA2048, "rsa-pkcs1-sha384", &["-md", "sha384"]),
        (RSA2048, "rsa-pss-sha256", &["-md", "sha256", "-keyopt", "rsa_padding_mode:pss"]),
        (
            RSA2048,
            "rsa-pss-sha512",
            &["-md", "sha512", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:max"],
        ),
    ] {
        let bob = openssl.identity("bob", key);
        for form in forms {
            // OpenSSL 3.0 can't write streamed RSASSA-PSS.
            if name.starts_with("rsa-pss") && form.contains(&"-stream") {
                continue;
            }
            for detached in [false, true] {
                let arguments =
                    ["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed"];
                let keys = ["-signer", "bob.crt", "-inkey", "bob.key"];
                let nodetach: &[&str] = if detached { &[] } else { &["-nodetach"] };
                openssl.run(&[&arguments[..], &keys, options, form, nodetach].concat());
                let signed = SignedData::parse(&openssl.read("signed")).unwrap();
                // OpenSSL 3.0 carries the content in streamed DER, whether asked to or not.
                assert_eq!(signed.content().is_none(), detached && !form.contains(&"-stream"));
                assert_eq!(signed.content().unwrap_or(CONTENT), CONTENT);
                let verified = verify_signer(&signed, 0, CONTENT, &[]).unwrap();
                assert_eq!((verified.algorithm(), verified.weakness()), (name, None), "{form:?}");
                assert_eq!(verified.certificate(), &bob.certificate);
                assert_eq!(verified.content_sha256().to_hex(), support::sha256_hex(CONTENT));
                let altered = [CONTENT, b" "].concat();
                let reason =
                    if form.contains(&"-noattr") { Reason::BadSignature } else { Reason::DigestMismatch };
                assert_eq!(verify_signer(&signed, 0, &altered, &[]).unwrap_err(), reason);
            }
        }
    }
}

#[test]
fn sha1_and_short_keys_verify_as_weak() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    for (key, digest, reason) in [
        (RSA2048, "sha1", Reason::WeakDigest),
        (P256, "sha1", Reason::WeakDigest),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..], "sha256", Reason::WeakKey),
    ] {
        openssl.identity("bob", key);
        openssl.run(&[
            "cms",
            "-sign",
            "-binary",
            "-in",
            "content",
            "-outform",
            "DER",
            "-out",
            "signed",
            "-signer",
            "bob.crt",
            "-inkey",
            "bob.key",
            "-nodetach",
            "-md",
            digest,
        ]);
        assert_eq!(verify(&openssl.read("signed")).unwrap().weakness(), Some(reason));
    }
    openssl.run(&[
        "cms",
        "-sign",
        "-binary",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "signed",
        "-signer",
        "bob.crt",
        "-inkey",
        "bob.key",
        "-nodetach",
        "-md",
        "md5",
    ]);
    assert_eq!(verify(&openssl.read("signed")).unwrap_err(), Reason::WeakDigest);
}

#[test]
fn each_of_several_signers_is_verified_with_his_own_certificate() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let alice = openssl.identity("alice", RSA2048);
    let bob = openssl.identity("bob", RSA2048);
    openssl.run(&[
        "cms",
        "-sign",
        "-binary",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "signed",
        "-nodetach",
        "-signer",
        "alice.crt",
        "-inkey",
        "alice.key",
        "-signer",
        "bob.crt",
        "-inkey",
        "bob.key",
    ]);
    let signed = SignedData::parse(&openssl.read("signed")).unwrap();
    let mut found: Vec<Certificate> = (0..2)
        .map(|index| verify_signer(&signed, index, CONTENT, &[]).unwrap().certificate().clone())
        .collect();
    let mut expected = vec![alice.certificate, bob.certificate];
    found.sort_by_key(Certificate::fingerprint);
    expected.sort_by_key(Certificate::fingerprint);
    assert_eq!(found, expected);
    assert_eq!(verify_signer(&signed, 2, CONTENT, &[]).unwrap_err(), Reason::Malformed);
}

/// Revocation lists come along as they are, in memory and as a stream, unless they are too many or too long.
#[test]
fn revocation_lists_are_handed_out_as_received() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    openssl.identity("alice", P256);
    openssl.write("index", b"");
    openssl
        .write("ca.cnf", b"[ca]\ndefault_ca=x\n[x]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=9\n");
    openssl.run(&[
        "ca",
        "-config",
        "ca.cnf",
        "-gencrl",
        "-cert",
        "alice.crt",
        "-keyfile",
        "alice.key",
        "-out",
        "crl.pem",
    ]);
    openssl.run(&["crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der"]);
    openssl.run(&[
        "crl2pkcs7",
        "-in",
        "crl.pem",
        "-certfile",
        "alice.crt",
        "-outform",
        "DER",
        "-out",
        "signed",
    ]);
    let message = openssl.read("signed");
    let signed = SignedData::parse(&message).unwrap();
    let list = openssl.read("crl.der");
    assert_eq!(signed.crls(), std::slice::from_ref(&list));
    assert_eq!((signed.certificates().len(), signed.signers().len()), (1, 0));
    let stream = SignedStream::read(&message[..]).unwrap();
    assert_eq!(stream.signed().crls(), signed.crls());

    // Several, an OCSP answer beside them, and forms that nobody knows.
    let with = |choices: &[u8]| {
        let structure = write::sequence(&[
            &write::small(5),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &write::tlv(0xA1, choices),
            &write::set_of(vec![]),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&structure])])
    };
    let answer = write::sequence(&[&write::small(0)]);
    let other = |format: &const_oid::ObjectIdentifier| write::context(1, &[&write::oid(format), &answer]);
    let choices = [list.clone(), other(&oid::OCSP_RESPONSE_INFO), other(&oid::DATA), list.clone()].concat();
    let signed = SignedData::parse(&with(&choices)).unwrap();
    assert_eq!(signed.crls(), [list.clone(), list.clone()]);
    assert_eq!(signed.ocsp_responses(), [answer]);
    assert!(SignedData::parse(&with(&list.repeat(64))).is_ok());
    let error = SignedData::parse(&with(&list.repeat(65))).unwrap_err();
    assert_eq!(error, SignedDataError::Limit("64 CRLs and OCSP answers"));
    // A list of 3 MiB is passed over by the stream, which holds little, and what follows is still read.
    let long = write::sequence(&[&write::octet_string(&vec![0; 3 << 20])]);
    let message = with(&long);
    assert_eq!(SignedData::parse(&message).unwrap().crls(), [long]);
    assert!(SignedStream::read(&message[..]).unwrap().signed().crls().is_empty());
}

#[test]
fn certificates_beside_the_message_are_found() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let bob = openssl.identity("bob", P256);
    openssl.run(&[
        "cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed", "-signer",
        "bob.crt", "-inkey", "bob.key", "-nocerts",
    ]);
    let signed = SignedData::parse(&openssl.read("signed")).unwrap();
    assert!(signed.certificates().is_empty());
    assert_eq!(verify_signer(&signed, 0, CONTENT, &[]).unwrap_err(), Reason::NoSignerCertificate);
    assert!(verify_signer(&signed, 0, CONTENT, &[bob.certificate]).is_ok());
}

#[test]
fn a_timestamp_token_is_added_and_everything_else_stays() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let alice = openssl.identity("alice", P256);
    let mut requests = vec![sign(&alice, &request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false))];
    for stream in [&[][..], &["-stream"]] {
        let arguments =
            ["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "signed", "-nodetach"];
        openssl.run(&[&arguments[..], &["-signer", "alice.crt", "-inkey", "alice.key"], stream].concat());
        requests.push(openssl.read("signed"));
    }
    let token = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::octet_string(b"a token")]);
    for message in requests {
        let before = SignedData::parse(&message).unwrap();
        assert_eq!(before.signers()[0].timestamp_token(), None);
        let stamped = add_timestamp(&message, 0, &token).unwrap();
        let after = SignedData::parse(&stamped).unwrap();
        let (old, new) = (&before.signers()[0], &after.signers()[0]);
        assert_eq!(new.timestamp_token(), Some(&token[..]));
        assert_eq!(
            (old.signature(), old.signed_attributes_der()),
            (new.signature(), new.signed_attributes_der())
        );
        assert_eq!(before.content(), after.content());
        openssl.write("stamped", &stamped);
        let verify =
            ["cms", "-verify", "-binary", "-inform", "DER", "-in", "stamped", "-CAfile", "alice.crt"];
        assert_eq!(openssl.run(&[&verify[..], &["-purpose", "any"]].concat()), CONTENT);
        let printed =
            openssl.run(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", "stamped", "-noout"]);
        assert!(String::from_utf8_lossy(&printed).contains("id-smime-aa-timeStampToken"));
        // A second token does not displace the first.
        let again = add_timestamp(&stamped, 0, &write::octet_string(b"another")).unwrap();
        assert_eq!(SignedData::parse(&again).unwrap().signers()[0].timestamp_token(), Some(&token[..]));
        openssl.write("stamped", &again);
        openssl.run(&[&verify[..], &["-purpose", "any"]].concat());
    }
    assert_eq!(add_timestamp(b"no message", 0, &token).unwrap_err(), SignError::NotSigned);
    assert_eq!(add_timestamp(&token, 0, &token).unwrap_err(), SignError::NotSigned);
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
    openssl.write("stamped", &stamped);
    let verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "stamped", "-noverify"];
    assert_eq!(openssl.run(&verify), CONTENT);
    for none in [3, usize::MAX] {
        assert_eq!(add_timestamp(&message, none, &token(0)).unwrap_err(), SignError::WrongNumber);
    }
}

#[test]
fn another_key_cannot_finish_a_signature() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let mallory = openssl.identity("mallory", P256);
    let request = request(&alice, SignatureAlgorithm::EcdsaP256Sha256, true);
    let prepared = prepare(&request).unwrap();
    let forged = mallory.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
    assert_eq!(prepared.finish(&forged).unwrap_err(), SignError::WrongKey);
    let wrong = SignRequest { algorithm: SignatureAlgorithm::Ed25519, ..request };
    assert_eq!(prepare(&wrong).unwrap_err(), SignError::WrongAlgorithm);
}

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

#[test]
fn signed_attributes_are_not_taken_for_content() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false));
    let original = SignedData::parse(&message).unwrap();
    let (attributes, signature) =
        (original.signers()[0].signed_attributes_der().unwrap(), original.signers()[0].signature());
    // The attributes as content, without attributes: mathematically the signature is right.
    let sha256 = write::algorithm(&oid::SHA256, &[]);
    let info = write::sequence(&[
        &write::small(1),
        &write::sequence(&[alice.certificate.issuer_der(), &write::integer(alice.certificate.serial())]),
        &sha256,
        &SignatureAlgorithm::EcdsaP256Sha256.algorithm_identifier_der(),
        &write::octet_string(signature),
    ]);
    let signed_data = write::sequence(&[
        &write::small(1),
        &write::set_of(vec![sha256]),
        &write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(attributes)])]),
        &write::tlv(0xA0, alice.certificate.der()),
        &write::tlv(0x31, &info),
    ]);
    let forged = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]);
    openssl.write("forged", &forged);
    openssl.run(&[
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "forged",
        "-CAfile",
        "alice.crt",
        "-purpose",
        "any",
    ]);
    assert_eq!(verify(&forged).unwrap_err(), Reason::AttributesInvalid);
}

#[test]
fn truncation_at_every_octet_is_an_error() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", ED25519);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::Ed25519, false));
    for length in 0..message.len() {
        assert_eq!(
            SignedData::parse(&message[..length]).unwrap_err(),
            SignedDataError::Malformed,
            "cut after {length} octets"
        );
    }
    assert_eq!(SignedData::parse(&[&message[..], &[0]].concat()).unwrap_err(), SignedDataError::Malformed);
}

#[test]
fn a_flipped_bit_never_verifies_over_other_content() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", ED25519);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::Ed25519, false));
    for index in 0..message.len() {
        let mut altered = message.clone();
        altered[index] ^= 0x01;
        let Ok(signed) = SignedData::parse(&altered) else { continue };
        let content = signed.content().unwrap_or_default().to_vec();
        for signer in 0..signed.signers().len() {
            if let Ok(verified) =
                verify_signer(&signed, signer, &content, std::slice::from_ref(&alice.certificate))
            {
                assert_eq!(content, CONTENT, "octet {index}");
                assert_eq!(verified.certificate(), &alice.certificate);
            }
        }
    }
}

#[test]
fn limits_are_named() {
    let message = |certificates: usize, signers: usize| {
        let certificates = write::tlv(0xA0, &write::null().repeat(certificates));
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &certificates,
            &write::tlv(0x31, &write::sequence(&[]).repeat(signers)),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])])
    };
    assert!(SignedData::parse(&message(256, 0)).unwrap().certificates().is_empty());
    assert_eq!(SignedData::parse(&message(257, 0)).unwrap_err(), SignedDataError::Limit("256 certificates"));
    assert_eq!(SignedData::parse(&message(0, 1)).unwrap_err(), SignedDataError::Malformed);
    let mut nested = b"x".to_vec();
    for _ in 0..60 {
        nested = write::tlv(0x24, &nested);
    }
    let signed_data = write::sequence(&[
        &write::small(1),
        &write::set_of(vec![]),
        &write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&nested])]),
        &write::set_of(vec![]),
    ]);
    let deep = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]);
    assert_eq!(SignedData::parse(&deep).unwrap_err(), SignedDataError::Limit("48 levels of nesting"));
    let other = write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(b"")])]);
    assert_eq!(SignedData::parse(&other).unwrap_err(), SignedDataError::NotSignedData);
}

/// Certificates of the same name and serial number, each with another key: every one tried costs a verification.
#[test]
fn only_a_few_certificates_are_tried_for_a_signer() {
    use smime::signed::MAX_CANDIDATES;
    let openssl = Openssl::new();
    let namesakes: Vec<Identity> = (0..=MAX_CANDIDATES)
        .map(|_| {
            openssl.run(&["genpkey", "-out", "alice.key", "-algorithm", "ED25519"]);
            openssl.run(&[
                "req",
                "-x509",
                "-new",
                "-key",
                "alice.key",
                "-out",
                "alice.crt",
                "-subj",
                "/CN=alice",
                "-set_serial",
                "1",
            ]);
            Identity {
                key: smime::PrivateKey::from_pem(&openssl.read("alice.key")).unwrap(),
                certificate: Certificate::read_all(&openssl.read("alice.crt")).unwrap().remove(0),
            }
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
