//! Messages of other programs, read in place from the shared corpora.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use smime::ber::write;
use smime::contents::{ContentError, decompress, read_data, read_digested};
use smime::enveloped::{
    ContentCipher, DecryptError, DecryptionKey, Recipient, RsaTransport, SharedSecret, decrypt,
    decrypt_shared, encrypt, open_stream,
};
use smime::key::DigestAlgorithm;
use smime::signed::{SignRequest, SignedData, SignedDataError, SignedStream, prepare, verify_signer};
use smime::verdict::Reason;
use smime::{Certificate, PrivateKey, UnixTime, oid};
use support::{Openssl, OsRandom, corpus, expected, sha256_hex};

/// The octets of a PEM block, of a mail with one base64 body, or the file as it is.
fn unwrapped(file: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(file) else { return file.to_vec() };
    let body = if let Some((_, pem)) = text.split_once("-----BEGIN ") {
        pem.split_once("-----\n").unwrap().1.split_once("-----END ").unwrap().0
    } else if text.contains("\n\n") || text.contains("\r\n\r\n") {
        text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap().1
    } else {
        return file.to_vec();
    };
    let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
}

fn read(folder: &Path, file: &str) -> Vec<u8> {
    unwrapped(&std::fs::read(folder.join(file)).unwrap())
}

fn certificate(folder: &Path, file: &str) -> Certificate {
    Certificate::read_all(&std::fs::read(folder.join(file)).unwrap()).unwrap().remove(0)
}

fn private_key(folder: &Path, file: &str) -> PrivateKey {
    let octets = std::fs::read(folder.join(file)).unwrap();
    PrivateKey::from_der(&octets).or_else(|_| PrivateKey::from_pem(&octets)).unwrap()
}

fn key(folder: &Path, key: &str, certificates: &str) -> DecryptionKey {
    DecryptionKey { key: private_key(folder, key), certificates: vec![certificate(folder, certificates)] }
}

/// A key and its certificate out of a PKCS#12 file, by way of OpenSSL.
fn from_pkcs12(folder: &Path, file: &str, password: &str) -> DecryptionKey {
    let openssl = Openssl::new();
    let path = folder.join(file).to_string_lossy().into_owned();
    let password = format!("pass:{password}");
    openssl.run(&("pkcs12 -legacy -nodes -out out.pem", ["-in", &path, "-passin", &password]));
    let pem = openssl.read("out.pem");
    DecryptionKey {
        key: PrivateKey::from_pem(&pem).unwrap(),
        certificates: Certificate::read_all(&pem).unwrap(),
    }
}

/// The value of `name=` in a detail column.
fn detail<'a>(details: &'a str, name: &str) -> Option<&'a str> {
    details.split_once(name).map(|(_, rest)| rest.split([';', ' ', ',']).next().unwrap())
}

#[test]
fn nss_interop_messages_are_decrypted() {
    let Some(folder) = corpus("nss-interop") else { return };
    let keys = [from_pkcs12(&folder, "Fran.p12", "nss"), from_pkcs12(&folder, "Fran-ec.p12", "nss")];
    let mut passed = 0;
    for (file, outcome, details) in expected(&folder) {
        assert_eq!(outcome, "DECRYPT");
        let decrypted = decrypt(&read(&folder, &file), &keys, &mut OsRandom)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(sha256_hex(&decrypted.content), detail(&details, "plaintext-sha256=").unwrap(), "{file}");
        assert_eq!(decrypted.key_method, if file.contains("fran-ec") { "ecdh-p384" } else { "rsa-oaep" });
        passed += 1;
    }
    assert_eq!(passed, 17);
}

#[test]
fn bouncy_castle_ecdh_messages_are_decrypted() {
    let Some(folder) = corpus("bc-ecdh") else { return };
    let keys = [key(&folder, "ecc.key", "ecc.crt")];
    let mut passed = 0;
    for (file, outcome, details) in expected(&folder) {
        assert_eq!(outcome, "DECRYPT");
        let decrypted = decrypt(&read(&folder, &file), &keys, &mut OsRandom)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(sha256_hex(&decrypted.content), detail(&details, "sha256=").unwrap(), "{file}");
        assert_eq!(decrypted.weak, details.contains("des-ede3-cbc"), "{file}");
        passed += 1;
    }
    assert_eq!(passed, 16);
}

#[test]
fn bouncy_castle_cbc_messages_with_a_key_of_the_wrong_length_fail_generically() {
    let Some(folder) = corpus("bc-cbc") else { return };
    let keys = [key(&folder, "key.pem", "cert.pem")];
    for (file, outcome, details) in expected(&folder) {
        let result = decrypt(&read(&folder, &file), &keys, &mut OsRandom);
        if outcome == "DECRYPT" {
            let decrypted = result.unwrap();
            assert_eq!(sha256_hex(&decrypted.content), detail(&details, "plaintext-sha256=").unwrap());
            assert_eq!((decrypted.cipher, decrypted.integrity), ("aes-192-cbc", false));
        } else {
            assert_eq!(outcome, "REJECT-GENERIC");
            assert_eq!(result.unwrap_err(), DecryptError::Failed, "{file}");
        }
    }
}

#[test]
fn messages_to_the_sample_people_of_rfc_9216() {
    let Some(folder) = corpus("rfc9216") else { return };
    let openssl = Openssl::new();
    for (person, method) in
        [("alice", "rsa-oaep"), ("bob", "rsa-oaep"), ("carlos", "x25519"), ("dana", "x25519")]
    {
        let (crt, pem) = (format!("{person}-encrypt.crt"), format!("{person}-encrypt.key"));
        let keys = [key(&folder, &pem, &crt)];
        let recipients = [Recipient::Certificate {
            certificate: certificate(&folder, &crt),
            rsa: RsaTransport::OaepSha256,
        }];
        for cipher in [ContentCipher::Aes256Gcm, ContentCipher::Aes256Cbc] {
            let message = encrypt(b"For you\r\n", &recipients, cipher, &mut OsRandom).unwrap();
            let decrypted = decrypt(&message, &keys, &mut OsRandom).unwrap();
            assert_eq!(
                (decrypted.content.as_slice(), decrypted.key_method.as_str()),
                (&b"For you\r\n"[..], method)
            );
            if method == "rsa-oaep" {
                let (crt, pem) = (folder.join(&crt), folder.join(&pem));
                let output = openssl.cms_decrypt(&message, &crt.to_string_lossy(), &pem.to_string_lossy());
                assert_eq!(output, b"For you\r\n");
            }
        }
        // The signature certificate is not encrypted to.
        let signature = certificate(&folder, &format!("{person}-sign.crt"));
        let wrong =
            [Recipient::Certificate { certificate: signature.clone(), rsa: RsaTransport::OaepSha256 }];
        assert!(encrypt(b"", &wrong, ContentCipher::Aes256Gcm, &mut OsRandom).is_err());

        let key = private_key(&folder, &format!("{person}-sign.key"));
        let prepared = prepare(&SignRequest {
            content: b"From me\r\n",
            detached: false,
            signer: &signature,
            certificates: &[],
            algorithm: key.default_signature_algorithm().unwrap(),
            signing_time: UnixTime::from_secs(1_622_505_600),
            encryption_certificate: Some(&certificate(&folder, &crt)),
            proof_of_approval: false,
        })
        .unwrap();
        let value = key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        let message = prepared.finish(&value).unwrap();
        let signed = SignedData::parse(&message).unwrap();
        let verified = verify_signer(&signed, 0, b"From me\r\n", &[]).unwrap();
        assert_eq!((verified.certificate(), verified.weakness()), (&signature, None));
        let preferred = signed.signers()[0].encryption_certificate(signed.certificates()).unwrap();
        assert_eq!(preferred, &certificate(&folder, &crt));
    }
}

#[test]
fn examples_of_rfc_4134() {
    let Some(folder) = corpus("rfc4134") else { return };
    let content = std::fs::read(folder.join("ExContent.bin")).unwrap();
    let extra: Vec<Certificate> =
        ["AliceRSASignByCarl.cer", "AliceDSSSignByCarlNoInherit.cer", "DianeDSSSignByCarlInherit.cer"]
            .iter()
            .map(|file| certificate(&folder, file))
            .collect();
    let bob = [key(&folder, "BobPrivRSAEncrypt.pri", "BobRSASignByCarl.cer")];
    let mut seen = 0;
    for (file, outcome, details) in expected(&folder) {
        // A multipart/signed mail: the signature is its second part.
        let message = if file == "4.8.eml" {
            let mail = std::fs::read_to_string(folder.join(&file)).unwrap().replace("\r\n", "\n");
            let part = mail.split("\n------=_NextBoundry").nth(2).unwrap();
            unwrapped(part.split_once('\n').unwrap().1.as_bytes())
        } else {
            read(&folder, &file)
        };
        let reasons = |signed: &SignedData| -> Vec<Result<Option<Reason>, Reason>> {
            let content = signed.content().unwrap_or(&content).to_vec();
            (0..signed.signers().len())
                .map(|index| {
                    verify_signer(signed, index, &content, &extra).map(|verified| verified.weakness())
                })
                .collect()
        };
        match outcome.as_str() {
            "SIG-OK/DISALLOWED" => {
                let signed = SignedData::parse(&message).unwrap();
                assert_eq!(reasons(&signed), [Ok(Some(Reason::WeakDigest))], "{file}");
                if !details.contains("mail") {
                    assert_eq!(signed.content().unwrap(), content);
                }
            }
            "SIG-OK/UNSUPPORTED" => {
                let signed = SignedData::parse(&message).unwrap();
                assert_eq!(reasons(&signed), [Err(Reason::UnsupportedAlgorithm)], "{file}");
            }
            "MIXED/UNSUPPORTED" => {
                let signed = SignedData::parse(&message).unwrap();
                assert_eq!(reasons(&signed), [Err(Reason::UnsupportedAlgorithm); 2], "{file}");
            }
            "NO-SIGNER" => {
                let signed = SignedData::parse(&message).unwrap();
                assert!(signed.signers().is_empty() && !signed.certificates().is_empty());
                // Certificates and a revocation list: the list is handed out as it is.
                let list = std::fs::read(folder.join("CarlDSSCRLForAll.crl")).unwrap();
                assert_eq!(signed.crls(), [list]);
            }
            "DECRYPT" => {
                let decrypted = decrypt(&message, &bob, &mut OsRandom).unwrap();
                assert_eq!(decrypted.content.as_slice(), content, "{file}");
                assert_eq!((decrypted.cipher, decrypted.weak), ("3des-cbc", true));
            }
            // RC2, which is read here and marked.
            "UNSUPPORTED" => {
                let decrypted = decrypt(&message, &bob, &mut OsRandom).unwrap();
                assert_eq!(decrypted.content.as_slice(), content, "{file}");
                assert_eq!((decrypted.cipher, decrypted.weak, decrypted.integrity), ("rc2-cbc", true, false));
            }
            "PARSE" => assert_eq!(read_data(&message).unwrap(), content, "{file}"),
            "DIGEST-OK" => {
                let digested = read_digested(&message).unwrap();
                assert_eq!((digested.content.octets, digested.is_right), (content.clone(), true));
                assert_eq!(digested.algorithm, DigestAlgorithm::Sha1);
                let mut altered = message.clone();
                *altered.last_mut().unwrap() ^= 1;
                assert!(!read_digested(&altered).unwrap().is_right);
            }
            "DECRYPT-WITH-KEY" => {
                let hex = details.split_once("key ").unwrap().1.trim();
                let mut key = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
                let open = |key: &[u8]| decrypt_shared(&message, &SharedSecret::ContentKey(key));
                let decrypted = open(&key).unwrap();
                assert_eq!(decrypted.content.as_slice(), content, "{file}");
                assert_eq!((decrypted.cipher, decrypted.weak), ("3des-cbc", true));
                assert_eq!(open(&key[1..]).unwrap_err(), DecryptError::Failed);
                key[0] ^= 0x10;
                assert_ne!(open(&key).ok().map(|opened| opened.content.to_vec()), Some(content.clone()));
                assert_eq!(decrypt(&message, &bob, &mut OsRandom).unwrap_err(), DecryptError::NotEncrypted);
            }
            other => panic!("{file}: {other}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 19);
}

/// ContentInfo around a bare SignedData.
fn content_info(signed_data: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[signed_data])])
}

#[test]
fn samples_of_rustcrypto() {
    let Some(folder) = corpus("rustcrypto-cms") else { return };
    let keys = [DecryptionKey { key: private_key(&folder, "p256-priv.der"), certificates: vec![] }];
    for file in ["sd.cms", "cms_der.bin", "cms_ber.bin", "scep_der.bin"] {
        let signed = SignedData::parse(&read(&folder, file)).unwrap();
        let content = signed.content().unwrap().to_vec();
        for index in 0..signed.signers().len() {
            verify_signer(&signed, index, &content, &[])
                .unwrap_or_else(|reason| panic!("{file}: {reason:?}"));
        }
        assert!(!signed.signers().is_empty(), "{file}");
    }
    let content = |file: &str| SignedData::parse(&read(&folder, file)).unwrap().content().unwrap().to_vec();
    assert_eq!(content("cms_ber.bin"), content("cms_der.bin"));
    for (file, certificates) in [("pkits.p7b", 2), ("pkits_ee.p7b", 1)] {
        let signed = SignedData::parse(&read(&folder, file)).unwrap();
        assert_eq!((signed.signers().len(), signed.certificates().len()), (0, certificates));
    }
    let microsoft = SignedData::parse(&read(&folder, "authroot.stl")).unwrap();
    let without_content_info = SignedData::parse(&content_info(&read(&folder, "authroot.stl.sd"))).unwrap();
    assert_eq!(microsoft.content_type().to_string(), "1.3.6.1.4.1.311.10.1");
    assert_eq!(microsoft.content(), without_content_info.content());
    assert!(SignedData::parse(&read(&folder, "apple_mdm_signature_der.bin")).is_ok());

    // For keys that nobody here has; the post-quantum ones under the identifier of a draft.
    for file in [
        "enveloped_data_ktri.bin",
        "enveloped_data_kari.bin",
        "enveloped_data_multi.bin",
        "kms_ciphertext_for_recipient_1.ber",
        "kms_ciphertext_for_recipient_2.ber",
        "kms_ciphertext_for_recipient_3.ber",
        "kms_ciphertext_for_recipient_4.ber",
        "1.3.6.1.4.1.22554.5.6.1_ML-KEM-512-ipd_kemri_auth.der",
        "1.3.6.1.4.1.22554.5.6.1_ML-KEM-512-ipd_kemri_id-alg-hkdf-with-sha256.der",
        "1.3.6.1.4.1.22554.5.6.1_ML-KEM-512-ipd_kemri_ukm.der",
    ] {
        let error = decrypt(&read(&folder, file), &keys, &mut OsRandom).unwrap_err();
        assert_eq!(error, DecryptError::NoKey, "{file}");
    }
    for file in ["signer_info_explicit_attrs.bin", "signer_info_sequence_not_set.bin"] {
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &write::tlv(0x31, &read(&folder, file)),
        ]);
        let error = SignedData::parse(&content_info(&signed_data)).unwrap_err();
        assert_eq!(error, SignedDataError::Malformed, "{file}");
    }
}

/// Passwords, key-encryption keys, compressed and digested contents.
#[test]
fn samples_of_rustcrypto_without_public_keys() {
    let Some(folder) = corpus("rustcrypto-cms") else { return };
    let text = std::fs::read(folder.join("data.txt")).unwrap();
    let crlf =
        String::from_utf8(text.clone()).unwrap().replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let kek = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF, 0];
    let by_kek =
        |key: &'static [u8]| SharedSecret::KeyEncryptionKey { identifier: &[0xDE, 0xAD, 0xBE, 0xEF], key };
    let right: &'static [u8] = Box::leak(Box::new(kek));
    let wrong: &'static [u8] = &[7; 16];
    for (file, secret, method, content) in [
        ("enveloped_data_pwri.bin", SharedSecret::Password("password"), "password", &text),
        ("enveloped_data_kekri.bin", by_kek(right), "kek", &text),
        ("enveloped_data_multi.bin", SharedSecret::Password("password"), "password", &crlf),
        ("enveloped_data_multi.bin", by_kek(right), "kek", &crlf),
    ] {
        let message = read(&folder, file);
        let decrypted = decrypt_shared(&message, &secret).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!((&decrypted.content.to_vec(), decrypted.key_method.as_str()), (content, method), "{file}");
        // Another secret: one answer, the same each time, and never the content.
        for other in [SharedSecret::Password("passwort"), by_kek(wrong)] {
            let open = || decrypt_shared(&message, &other).map(|opened| opened.content.to_vec());
            if file == "enveloped_data_multi.bin" || other_fits(&other, method) {
                assert_ne!(open(), Ok(content.clone()));
                assert_eq!(open(), open());
            } else {
                assert_eq!(open(), Err(DecryptError::NoKey), "{file}");
            }
        }
        let unnamed = SharedSecret::KeyEncryptionKey { identifier: b"another", key: right };
        assert_eq!(decrypt_shared(&message, &unnamed).unwrap_err(), DecryptError::NoKey);
        let content_key = SharedSecret::ContentKey(&[0; 16]);
        assert_eq!(decrypt_shared(&message, &content_key).unwrap_err(), DecryptError::NotEncrypted);
        for length in 0..message.len() {
            assert!(decrypt_shared(&message[..length], &by_kek(right)).is_err());
        }
    }
    let unknown = decrypt_shared(&read(&folder, "encrypted_data.bin"), &SharedSecret::ContentKey(&[0; 16]));
    assert_ne!(unknown.err(), Some(DecryptError::NotEncrypted));
    let compressed = read(&folder, "compressed_data.bin");
    let content = decompress(&compressed, 1 << 20).unwrap();
    assert_eq!((content.octets.as_slice(), content.content_type), (&text[..], oid::DATA));
    assert_eq!(decompress(&compressed, text.len() - 1), Err(ContentError::TooLong));
    let digested = read_digested(&read(&folder, "digested_data.bin")).unwrap();
    assert!(digested.is_right && digested.content.octets == text);
    assert!(!read_data(&read(&folder, "certData.bin")).unwrap().is_empty());
}

fn other_fits(secret: &SharedSecret<'_>, method: &str) -> bool {
    matches!(secret, SharedSecret::Password(_)) == (method == "password")
}

#[test]
fn samples_of_pyca() {
    let Some(folder) = corpus("pyca-pkcs7") else { return };
    let keys = [key(&folder, "ca/rsa_key.pem", "ca/rsa_ca.pem")];
    for (file, content, method, cipher) in [
        ("enveloped-rsa-oaep.pem", &b"Hello, world!"[..], "rsa-oaep", "aes-128-cbc"),
        ("enveloped-triple-des.pem", b"Hello, World!\r\n", "rsa-pkcs1", "3des-cbc"),
    ] {
        let decrypted = decrypt(&read(&folder, file), &keys, &mut OsRandom).unwrap();
        assert_eq!((decrypted.content.as_slice(), decrypted.cipher), (content, cipher));
        assert_eq!(decrypted.key_method, method);
    }
    let error = |file: &str| decrypt(&read(&folder, file), &keys, &mut OsRandom).unwrap_err();
    assert_eq!(error("enveloped.pem"), DecryptError::NoKey);
    assert_eq!(error("enveloped-no-content.der"), DecryptError::Malformed);
    for (file, certificates) in [("amazon-roots.der", 2), ("amazon-roots.p7b", 2), ("isrg.pem", 1)] {
        let signed = SignedData::parse(&read(&folder, file)).unwrap();
        assert_eq!((signed.signers().len(), signed.certificates().len()), (0, certificates));
    }
    let signed = SignedData::parse(&read(&folder, "authenticode.der")).unwrap();
    assert_eq!(signed.content_type().to_string(), "1.3.6.1.4.1.311.2.1.4");
    if let Some(notmuch) = corpus("notmuch") {
        let bob = unwrapped(&std::fs::read(notmuch.join("smime/bob.p12")).unwrap());
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("bob.p12"), bob).unwrap();
        let keys = [from_pkcs12(scratch.path(), "bob.p12", "")];
        let decrypted = decrypt(&read(&folder, "enveloped.pem"), &keys, &mut OsRandom).unwrap();
        let digest = "511ecbaf2803332dd3fa4a69b23339fab619d5734cc44b31ac21f5712ad0a765";
        assert_eq!(sha256_hex(&decrypted.content), digest);
    }
}

#[test]
fn post_quantum_messages_are_named_unsupported() {
    let Some(folder) = corpus("lamps-pq") else { return };
    // No certificate is inside, so that a build with the feature misses that first (see post_quantum.rs).
    let expected =
        if cfg!(feature = "pq") { Reason::NoSignerCertificate } else { Reason::UnsupportedAlgorithm };
    let files = [
        "cms-ml-dsa/mldsa44-signed-attrs.pem",
        "cms-ml-dsa/mldsa65-signed-attrs.pem",
        "cms-ml-dsa/mldsa87-signed-attrs.pem",
        "bc-pkix/cms/mldsa/SignedData_ML-DSA-44.pem",
        "bc-pkix/cms/mldsa/SignedData_ML-DSA-65.pem",
        "bc-pkix/cms/mldsa/SignedData_ML-DSA-87.pem",
    ];
    for file in files {
        let signed = SignedData::parse(&read(&folder, file)).unwrap();
        let content = signed.content().unwrap_or_default().to_vec();
        assert_eq!(verify_signer(&signed, 0, &content, &[]).unwrap_err(), expected, "{file}");
    }
}

#[allow(clippy::disallowed_methods, reason = "shown, not asserted on")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// 686 inputs of OpenSSL's fuzzers, and each of them cut and altered once more.
#[test]
fn fuzzed_messages_do_not_panic() {
    let Some(folder) = corpus("fuzz-cms") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let archive = folder.join("fuzz-cms-even.tar.gz");
    let unpacked =
        Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(scratch.path()).status().unwrap();
    assert!(unpacked.success());
    let openssl = Openssl::new();
    let identity = openssl.identity("bob", support::P256);
    let keys = [DecryptionKey { key: identity.key, certificates: vec![identity.certificate] }];
    let mut inputs = 0;
    let mut slowest = (std::time::Duration::ZERO, 0);
    for entry in std::fs::read_dir(scratch.path().join("fuzz-cms")).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let start = now();
        let mut altered = input.clone();
        if let Some(octet) = altered.get_mut(input.len() / 2) {
            *octet ^= 0x80;
        }
        for message in [&input[..], &input[..input.len() / 2], &altered] {
            if let Ok(signed) = SignedData::parse(message) {
                let content = signed.content().unwrap_or_default().to_vec();
                for index in 0..signed.signers().len() {
                    let _ = verify_signer(&signed, index, &content, &[]);
                    let signer = &signed.signers()[index];
                    let _ = (signer.signing_time(), signer.timestamp_token(), signer.capabilities());
                    let _ = signer.encryption_certificate(signed.certificates());
                }
                let _ = smime::signed::add_timestamp(message, 0, b"\x05\x00").unwrap();
            }
            let _ = decrypt(message, &keys, &mut OsRandom);
            for secret in [
                SharedSecret::Password("password"),
                SharedSecret::KeyEncryptionKey { identifier: b"", key: &[1; 16] },
                SharedSecret::ContentKey(&[1; 16]),
            ] {
                let _ = decrypt_shared(message, &secret);
            }
            let _ = (read_data(message), read_digested(message), decompress(message, 1 << 20));
            let _ = PrivateKey::from_der(message);
            let _ = smime::key::PublicKey::from_spki(message);
            // A stream comes to the same end as the message in memory, and never holds more of it.
            let streamed = SignedStream::read(message);
            if let (Ok(streamed), Ok(signed)) = (&streamed, SignedData::parse(message)) {
                assert_eq!(streamed.signed().signers().len(), signed.signers().len());
                assert_eq!(streamed.signed().certificates(), signed.certificates());
                assert_eq!(
                    streamed.content_octets().unwrap_or(0),
                    signed.content().map_or(0, <[u8]>::len) as u64
                );
            }
            let _ = open_stream(message, &keys, &mut OsRandom);
        }
        slowest = slowest.max((start.elapsed(), input.len()));
        inputs += 1;
    }
    println!("the slowest input, of {} octets, took {:?} in three forms", slowest.1, slowest.0);
    assert_eq!(inputs, 686);
}
