//! ML-DSA and ML-KEM: keys, certificates, signed and encrypted messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

#[cfg(feature = "pq")]
mod compiled_in {
    use std::path::Path;

    use smime::ber::{self, write};
    use smime::enveloped::{
        ContentCipher, DecryptError, DecryptionKey, EncryptError, Recipient, RsaTransport, decrypt, encrypt,
    };
    use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
    use smime::key::{DigestAlgorithm, KeyError, PublicKey, SignatureScheme};
    use smime::signed::{SignRequest, SignedData, prepare, verify_signer};
    use smime::verdict::Reason;
    use smime::{Certificate, KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime, oid};

    use crate::support::{OsRandom, corpus, expected};

    const ML_DSA: [(KeyAlgorithm, SignatureAlgorithm); 3] = [
        (KeyAlgorithm::MlDsa44, SignatureAlgorithm::MlDsa44),
        (KeyAlgorithm::MlDsa65, SignatureAlgorithm::MlDsa65),
        (KeyAlgorithm::MlDsa87, SignatureAlgorithm::MlDsa87),
    ];
    const ML_KEM: [(KeyAlgorithm, &str); 3] = [
        (KeyAlgorithm::MlKem512, "ml-kem-512"),
        (KeyAlgorithm::MlKem768, "ml-kem-768"),
        (KeyAlgorithm::MlKem1024, "ml-kem-1024"),
    ];

    fn file(folder: &Path, name: &str) -> Vec<u8> {
        std::fs::read(folder.join(name)).unwrap()
    }

    /// The octets of the first PEM block.
    fn pem(octets: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(octets).unwrap();
        let (_, body) = text.split_once("-----BEGIN ").unwrap().1.split_once("-----\n").unwrap();
        let body: String = body.split_once("-----END").unwrap().0.split_whitespace().collect();
        data_encoding::BASE64.decode(body.as_bytes()).unwrap()
    }

    fn certificate(folder: &Path, name: &str) -> Certificate {
        Certificate::read_all(&file(folder, name)).unwrap().remove(0)
    }

    fn private_key(folder: &Path, name: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::from_pem(&file(folder, name))
    }

    #[test]
    fn lamps_pq_rows_are_as_expected() {
        let Some(folder) = corpus("lamps-pq") else { return };
        let mut run = 0;
        for (name, expected, _) in expected(&folder) {
            match expected.as_str() {
                "SIG-OK" => signature_row(&folder, &name),
                "CERT-OK" => certificate_row(&folder, &name),
                "IMPORT" => import_row(&folder, &name),
                "ERROR" => {
                    assert_eq!(private_key(&folder, &name).unwrap_err(), KeyError::Malformed, "{name}");
                }
                "DECRYPT" => decrypt_row(&folder),
                _ => continue,
            }
            run += 1;
        }
        assert_eq!(run, 6 + 13 + 18 + 7 + 1);
    }

    fn signature_row(folder: &Path, name: &str) {
        let set = if name.contains("44") {
            "44"
        } else if name.contains("65") {
            "65"
        } else {
            "87"
        };
        let signed = SignedData::parse(&pem(&file(folder, name))).unwrap();
        let content = signed.content().unwrap().to_vec();
        assert_eq!(content, format!("ML-DSA-{set} signed-data example with signed attributes").as_bytes());
        let signer = [certificate(folder, &format!("dilithium-certificates/ML-DSA-{set}.crt"))];
        let verified = verify_signer(&signed, 0, &content, &signer).unwrap();
        assert_eq!(verified.algorithm(), format!("ml-dsa-{set}"), "{name}");
        assert_eq!(verified.weakness(), None);
        assert_eq!(
            verify_signer(&signed, 0, b"something else", &signer).unwrap_err(),
            Reason::DigestMismatch
        );
    }

    fn certificate_row(folder: &Path, name: &str) {
        let subject = certificate(folder, name);
        if name.contains("SLH-DSA") {
            assert_eq!(subject.key_algorithm(), None);
            assert_eq!(PublicKey::from_spki(subject.public_key_der()).unwrap_err(), KeyError::Unsupported);
            assert!(!subject.is_signed_by(&subject));
            return;
        }
        let algorithm = PublicKey::from_spki(subject.public_key_der()).unwrap().algorithm();
        assert_eq!(subject.key_algorithm(), Some(algorithm), "{name}");
        let issuer = match algorithm {
            KeyAlgorithm::MlKem512 => "44",
            KeyAlgorithm::MlKem768 => "65",
            KeyAlgorithm::MlKem1024 => "87",
            _ => {
                assert!(subject.is_signed_by(&subject), "{name}");
                assert!(!subject.may_encrypt());
                return;
            }
        };
        let issuer = certificate(folder, &format!("dilithium-certificates/ML-DSA-{issuer}.crt"));
        assert!(subject.is_signed_by(&issuer), "{name}");
        assert!(subject.may_encrypt() && !subject.may_sign(), "{name}");
    }

    fn import_row(folder: &Path, name: &str) {
        let key = private_key(folder, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let stem = name.rsplit_once('-').unwrap().0;
        assert_eq!(key.public_key_der(), pem(&file(folder, &format!("{stem}.pub"))), "{name}");
        let again = PrivateKey::from_der(&key.to_pkcs8_der()).unwrap();
        assert_eq!(again.public_key_der(), key.public_key_der());
        // What the private half does, the public half undoes.
        match key.default_signature_algorithm() {
            Ok(algorithm) => {
                let signature = again.sign(algorithm, name.as_bytes(), &mut OsRandom).unwrap();
                let public = key.public_key();
                public.verify(&algorithm.scheme(), name.as_bytes(), &signature).unwrap();
                let other = public.verify(&algorithm.scheme(), b"other", &signature);
                assert_eq!(other, Err(KeyError::BadSignature));
            }
            Err(error) => {
                assert_eq!(error, KeyError::WrongAlgorithm);
                let recipient = Recipient::Key { public_key: key.public_key_der() };
                let message =
                    encrypt(b"to you", &[recipient], ContentCipher::Aes256Gcm, &mut OsRandom).unwrap();
                let keys = [DecryptionKey { key: again, certificates: Vec::new() }];
                assert_eq!(*decrypt(&message, &keys, &mut OsRandom).unwrap().content, b"to you");
            }
        }
    }

    fn decrypt_row(folder: &Path) {
        let message = pem(&file(folder, "cms-kyber/ML-KEM-512.cms"));
        for form in ["seed", "expanded", "both"] {
            let key = private_key(folder, &format!("cms-kyber/ML-KEM-512-{form}.priv")).unwrap();
            let certificates = vec![certificate(folder, "cms-kyber/ML-KEM-512.pem")];
            let keys = [DecryptionKey { key, certificates }];
            let opened = decrypt(&message, &keys, &mut OsRandom).unwrap();
            assert_eq!(*opened.content, b"Hello, world!");
            assert_eq!((opened.cipher, opened.key_method.as_str()), ("aes-128-gcm", "ml-kem-512"));
        }
    }

    /// Wherever one bit of the message is changed.
    #[test]
    fn any_flipped_bit_of_an_ml_kem_message_gives_no_plaintext() {
        let Some(folder) = corpus("lamps-pq") else { return };
        let message = pem(&file(&folder, "cms-kyber/ML-KEM-512.cms"));
        let key = private_key(&folder, "cms-kyber/ML-KEM-512-seed.priv").unwrap();
        let keys =
            [DecryptionKey { key, certificates: vec![certificate(&folder, "cms-kyber/ML-KEM-512.pem")] }];
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(decrypt(&changed, &keys, &mut OsRandom).is_err(), "bit {bit}");
        }
        // In the ciphertext of the encapsulation, the wrapped key, the content, the tag: one error.
        for octet in [100, 500, 900, 970, 990] {
            let mut changed = message.clone();
            changed[octet] ^= 1;
            assert_eq!(
                decrypt(&changed, &keys, &mut OsRandom).unwrap_err(),
                DecryptError::Failed,
                "octet {octet}"
            );
        }
        for length in 0..message.len() {
            assert!(decrypt(&message[..length], &keys, &mut OsRandom).is_err());
        }
    }

    fn subject() -> Subject {
        Subject {
            name: "Alice".to_owned(),
            address: "alice@example.org".parse().unwrap(),
            not_before: UnixTime::from_secs(1_700_000_000),
            not_after: UnixTime::from_secs(2_000_000_000),
        }
    }

    /// A certificate for `key` under a fresh personal root.
    fn issued(key: &PrivateKey, purpose: LeafPurpose) -> Certificate {
        let root_key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
        let root = personal_root(&root_key, &subject(), &mut OsRandom).unwrap();
        leaf(&root, &root_key, &key.public_key_der(), purpose, &subject(), &mut OsRandom).unwrap()
    }

    #[test]
    fn messages_to_ml_kem_and_to_others_come_back() {
        for (algorithm, name) in ML_KEM {
            let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
            let other = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
            let stranger = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
            let certificate = issued(&key, LeafPurpose::Encryption);
            assert!(certificate.may_encrypt() && !certificate.may_sign());
            let recipients = [
                Recipient::Certificate { certificate: certificate.clone(), rsa: RsaTransport::OaepSha256 },
                Recipient::Key { public_key: other.public_key_der() },
            ];
            for cipher in [ContentCipher::Aes256Gcm, ContentCipher::Aes256Cbc] {
                let message = encrypt(b"to both", &recipients, cipher, &mut OsRandom).unwrap();
                let copy = PrivateKey::from_der(&key.to_pkcs8_der()).unwrap();
                let keys = [DecryptionKey { key: copy, certificates: vec![certificate.clone()] }];
                let opened = decrypt(&message, &keys, &mut OsRandom).unwrap();
                assert_eq!((&opened.content[..], opened.key_method.as_str()), (&b"to both"[..], name));
                let copy = PrivateKey::from_der(&other.to_pkcs8_der()).unwrap();
                let keys = [DecryptionKey { key: copy, certificates: Vec::new() }];
                assert_eq!(*decrypt(&message, &keys, &mut OsRandom).unwrap().content, b"to both");
                // Another key under the same certificate. (CBC shows a wrong key by its padding only.)
                let key = PrivateKey::from_der(&stranger.to_pkcs8_der()).unwrap();
                let keys = [DecryptionKey { key, certificates: vec![certificate.clone()] }];
                match decrypt(&message, &keys, &mut OsRandom) {
                    Ok(opened) => assert!(!opened.integrity && *opened.content != b"to both"),
                    Err(error) => assert_eq!(error, DecryptError::Failed),
                }
                // RFC 5652 section 6.1: version 3 with an OtherRecipientInfo; RFC 5083 section 2.1: always 0.
                let expected = if cipher == ContentCipher::Aes256Gcm { 0 } else { 3 };
                assert_eq!(version(&message), expected);
            }
        }
    }

    fn version(message: &[u8]) -> u32 {
        let mut fields = ber::sequence(message).unwrap();
        fields.oid().unwrap();
        let mut inside = fields.any().unwrap().explicit().unwrap().reader().unwrap();
        inside.any().unwrap().small().unwrap()
    }

    #[test]
    fn keys_that_sign_are_no_recipients_and_kems_do_not_sign() {
        let signing = PrivateKey::generate(KeyAlgorithm::MlDsa65, &mut OsRandom).unwrap();
        let recipient = Recipient::Key { public_key: signing.public_key_der() };
        let error = encrypt(b"", &[recipient], ContentCipher::Aes256Gcm, &mut OsRandom).unwrap_err();
        assert_eq!(error, EncryptError::UnusableKey(0));
        let kem = PrivateKey::generate(KeyAlgorithm::MlKem768, &mut OsRandom).unwrap();
        let signed = kem.sign(SignatureAlgorithm::MlDsa65, b"", &mut OsRandom);
        assert_eq!(signed.unwrap_err(), KeyError::WrongAlgorithm);
        // Each parameter set verifies its own signatures only.
        let signature = signing.sign(SignatureAlgorithm::MlDsa65, b"message", &mut OsRandom).unwrap();
        let scheme = |algorithm| SignatureScheme::MlDsa(algorithm);
        let key = signing.public_key();
        key.verify(&scheme(KeyAlgorithm::MlDsa65), b"message", &signature).unwrap();
        for other in [KeyAlgorithm::MlDsa44, KeyAlgorithm::MlDsa87] {
            let verified = key.verify(&scheme(other), b"message", &signature);
            assert_eq!(verified, Err(KeyError::WrongAlgorithm));
        }
        for length in [0, signature.len() - 1] {
            let verified = key.verify(&scheme(KeyAlgorithm::MlDsa65), b"message", &signature[..length]);
            assert_eq!(verified, Err(KeyError::BadSignature));
        }
    }

    #[test]
    fn messages_signed_with_ml_dsa_verify() {
        for (algorithm, signature_algorithm) in ML_DSA {
            let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
            let certificate = issued(&key, LeafPurpose::Mail);
            assert!(certificate.may_sign() && !certificate.may_encrypt());
            let request = SignRequest {
                content: b"signed",
                detached: false,
                signer: &certificate,
                certificates: &[],
                algorithm: key.default_signature_algorithm().unwrap(),
                signing_time: UnixTime::from_secs(1_800_000_000),
                encryption_certificate: None,
                proof_of_approval: false,
            };
            assert_eq!(request.algorithm, signature_algorithm);
            let prepared = prepare(&request).unwrap();
            let signature = key.sign(signature_algorithm, prepared.bytes_to_sign(), &mut OsRandom).unwrap();
            let message = prepared.finish(&signature).unwrap();
            let signed = SignedData::parse(&message).unwrap();
            let verified = verify_signer(&signed, 0, b"signed", &[]).unwrap();
            assert_eq!(verified.algorithm(), signature_algorithm.scheme().name(algorithm));
            assert_eq!(signed.signers()[0].digest_algorithm(), Some(DigestAlgorithm::Sha512));
            let at = message.len() - 10;
            let mut changed = message.clone();
            changed[at] ^= 1;
            let signed = SignedData::parse(&changed).unwrap();
            assert_eq!(verify_signer(&signed, 0, b"signed", &[]).unwrap_err(), Reason::BadSignature);
        }
    }

    /// SignedData as RFC 9882 allows or forbids it, put together by hand.
    fn by_hand(
        key: &PrivateKey,
        certificate: &Certificate,
        digest: &[u8],
        attributes: Option<Vec<u8>>,
        content: &[u8],
    ) -> Vec<u8> {
        let algorithm = key.default_signature_algorithm().unwrap();
        let to_sign = attributes.as_deref().unwrap_or(content);
        let signature = key.sign(algorithm, to_sign, &mut OsRandom).unwrap();
        let mut attributes = attributes.unwrap_or_default();
        if let Some(tag) = attributes.first_mut() {
            *tag = 0xA0;
        }
        let signer = write::sequence(&[
            &write::small(1),
            &write::sequence(&[certificate.issuer_der(), &write::integer(certificate.serial())]),
            digest,
            &attributes,
            &algorithm.algorithm_identifier_der(),
            &write::octet_string(&signature),
        ]);
        let signed = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![digest.to_vec()]),
            &write::sequence(&[
                &write::oid(&oid::DATA),
                &write::context(0, &[&write::octet_string(content)]),
            ]),
            &write::context(0, &[certificate.der()]),
            &write::set_of(vec![signer]),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed])])
    }

    /// RFC 9882 section 3.3: pure mode over the content, whatever digestAlgorithm says.
    #[test]
    fn without_signed_attributes_the_digest_algorithm_is_ignored() {
        let key = PrivateKey::generate(KeyAlgorithm::MlDsa87, &mut OsRandom).unwrap();
        let certificate = issued(&key, LeafPurpose::Mail);
        for digest in [
            DigestAlgorithm::Sha512.algorithm_identifier_der(),
            DigestAlgorithm::Sha256.algorithm_identifier_der(),
            write::algorithm(&oid::MGF1, &[]),
        ] {
            let message = by_hand(&key, &certificate, &digest, None, b"content");
            let signed = SignedData::parse(&message).unwrap();
            let verified = verify_signer(&signed, 0, b"content", &[]).unwrap();
            assert_eq!((verified.algorithm(), verified.weakness()), ("ml-dsa-87", None));
            assert_eq!(verify_signer(&signed, 0, b"other", &[]).unwrap_err(), Reason::BadSignature);
        }
    }

    /// RFC 9882 section 3.3, table 1: the digest is as strong as the signature.
    #[test]
    fn a_digest_weaker_than_ml_dsa_is_a_weak_digest() {
        use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        for (algorithm, least) in [
            (KeyAlgorithm::MlDsa44, Sha256),
            (KeyAlgorithm::MlDsa65, Sha384),
            (KeyAlgorithm::MlDsa87, Sha512),
        ] {
            let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
            let certificate = issued(&key, LeafPurpose::Mail);
            for digest in [Sha1, Sha224, Sha256, Sha384, Sha512] {
                let attribute =
                    |kind, value| write::sequence(&[&write::oid(kind), &write::set_of(vec![value])]);
                let attributes = write::set_of(vec![
                    attribute(&oid::CONTENT_TYPE, write::oid(&oid::DATA)),
                    attribute(&oid::MESSAGE_DIGEST, write::octet_string(&digest.digest(b"content"))),
                ]);
                let identifier = digest.algorithm_identifier_der();
                let message = by_hand(&key, &certificate, &identifier, Some(attributes), b"content");
                let signed = SignedData::parse(&message).unwrap();
                let weak = verify_signer(&signed, 0, b"content", &[]).unwrap().weakness();
                let expected = (digest.octets() < least.octets()).then_some(Reason::WeakDigest);
                assert_eq!(weak, expected, "{algorithm:?} {digest:?}");
            }
        }
    }

    /// Truncated, prolonged, with parameters, of another parameter set, constructed, out of range.
    #[test]
    fn malformed_post_quantum_keys_are_refused() {
        for algorithm in ML_DSA.map(|(key, _)| key).into_iter().chain(ML_KEM.map(|(key, _)| key)) {
            let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
            let pkcs8 = key.to_pkcs8_der();
            let seed = ber::sequence(&pkcs8).and_then(|mut fields| {
                fields.any()?;
                let identifier = fields.any()?;
                Ok((identifier.raw().to_vec(), ber::single(fields.any()?.content())?.content().to_vec()))
            });
            let (identifier, seed) = seed.unwrap();
            assert_eq!(seed.len(), if algorithm.is_kem() { 64 } else { 32 });
            let wrapped = |identifier: &[u8], octets: &[u8]| {
                let octets = write::octet_string(octets);
                PrivateKey::from_der(&write::sequence(&[&write::small(0), identifier, &octets]))
                    .map(|key| key.public_key_der())
            };
            let form = write::context_primitive(0, &seed);
            assert_eq!(wrapped(&identifier, &form).unwrap(), key.public_key_der());
            let longer = [&seed[..], &[0]].concat();
            for bad in [
                write::context_primitive(0, &seed[1..]),
                write::context_primitive(0, &longer),
                write::context_primitive(1, &seed),
                write::context(0, &[&write::octet_string(&seed)]),
                write::octet_string(&seed),
                write::sequence(&[&write::octet_string(&seed)]),
                write::sequence(&[&write::octet_string(&seed), &write::octet_string(&seed)]),
                write::octet_string(&[0xFF; 4896]),
                write::octet_string(&[0xFF; 4032]),
                write::octet_string(&[0xFF; 2560]),
                write::octet_string(&[0xFF; 3168]),
                write::octet_string(&[0xFF; 2400]),
                write::octet_string(&[0xFF; 1632]),
                seed.clone(),
                Vec::new(),
            ] {
                assert_eq!(wrapped(&identifier, &bad).unwrap_err(), KeyError::Malformed, "{algorithm:?}");
            }
            let oid = ber::sequence(&identifier).unwrap().oid().unwrap();
            let with_null = write::algorithm(&oid, &write::null());
            assert_eq!(wrapped(&with_null, &form).unwrap_err(), KeyError::Malformed);

            let spki = key.public_key_der();
            let mut fields = ber::sequence(&spki).unwrap();
            fields.any().unwrap();
            let bits = fields.any().unwrap().bits().unwrap().to_vec();
            let public = |identifier: &[u8], bits: &[u8]| {
                PublicKey::from_spki(&write::sequence(&[identifier, &write::bit_string(bits)]))
                    .map(|key| key.algorithm())
            };
            assert_eq!(public(&identifier, &bits), Ok(algorithm));
            assert_eq!(public(&identifier, &bits[1..]), Err(KeyError::Malformed));
            assert_eq!(public(&with_null, &bits), Err(KeyError::Malformed));
            let all_ones = public(&identifier, &vec![0xFF; bits.len()]);
            // Coefficients beyond the modulus exist for ML-KEM only.
            assert_eq!(all_ones.is_err(), algorithm.is_kem());
        }
    }
}

/// What a build without the feature says of such keys and messages.
#[cfg(not(feature = "pq"))]
mod left_out {
    use smime::ber::write;
    use smime::enveloped::{
        ContentCipher, DecryptError, DecryptionKey, EncryptError, Recipient, decrypt, encrypt,
    };
    use smime::key::{KeyError, PublicKey};
    use smime::{KeyAlgorithm, PrivateKey, oid};

    use crate::support::OsRandom;

    #[test]
    fn post_quantum_algorithms_are_unsupported_and_nothing_else() {
        for (algorithm, octets) in
            [(oid::ML_DSA_44, 1312), (oid::ML_DSA_87, 2592), (oid::ML_KEM_512, 800), (oid::ML_KEM_1024, 1568)]
        {
            let identifier = write::algorithm(&algorithm, &[]);
            let spki = write::sequence(&[&identifier, &write::bit_string(&vec![0; octets])]);
            assert_eq!(PublicKey::from_spki(&spki).unwrap_err(), KeyError::Unsupported);
            let recipient = Recipient::Key { public_key: spki };
            let error = encrypt(b"", &[recipient], ContentCipher::Aes256Gcm, &mut OsRandom).unwrap_err();
            assert_eq!(error, EncryptError::UnusableKey(0));
            let seed = write::octet_string(&write::context_primitive(0, &[7; 64]));
            let pkcs8 = write::sequence(&[&write::small(0), &identifier, &seed]);
            assert_eq!(PrivateKey::from_der(&pkcs8).unwrap_err(), KeyError::Unsupported);
        }
        for algorithm in [KeyAlgorithm::MlDsa65, KeyAlgorithm::MlKem768] {
            let made = PrivateKey::generate(algorithm, &mut OsRandom);
            assert_eq!(made.unwrap_err(), KeyError::Unsupported);
        }
    }

    #[test]
    fn a_recipient_by_encapsulation_is_no_key_of_ours() {
        let Some(folder) = crate::support::corpus("lamps-pq") else { return };
        let text = std::fs::read_to_string(folder.join("cms-kyber/ML-KEM-512.cms")).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with("---")).collect();
        let message = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
        let keys = [DecryptionKey { key, certificates: Vec::new() }];
        assert_eq!(decrypt(&message, &keys, &mut OsRandom).unwrap_err(), DecryptError::NoKey);
    }

    #[test]
    fn a_signature_with_ml_dsa_is_an_unsupported_algorithm() {
        use smime::signed::{SignedData, verify_signer};
        let Some(folder) = crate::support::corpus("lamps-pq") else { return };
        let text = std::fs::read_to_string(folder.join("cms-ml-dsa/mldsa65-signed-attrs.pem")).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with("---")).collect();
        let signed = SignedData::parse(&data_encoding::BASE64.decode(body.as_bytes()).unwrap()).unwrap();
        let certificate = std::fs::read(folder.join("dilithium-certificates/ML-DSA-65.crt")).unwrap();
        let certificates = smime::Certificate::read_all(&certificate).unwrap();
        let content = signed.content().unwrap();
        let reason = verify_signer(&signed, 0, content, &certificates).unwrap_err();
        assert_eq!(reason, smime::verdict::Reason::UnsupportedAlgorithm);
        assert!(!certificates[0].is_signed_by(&certificates[0]));
    }
}
