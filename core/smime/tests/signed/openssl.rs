//! One signer, in both directions.

use smime::key::SignatureAlgorithm;
use smime::signed::{SignRequest, SignedData, verify_signer};
use smime::verdict::Reason;

use crate::support::{Openssl, P256, P384, P521, RSA1024, RSA2048, sha256_hex};
use crate::{ALGORITHMS, CONTENT, SIGNING_TIME, request, sign, verify};

#[test]
fn openssl_verifies_what_alice_signs() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    for (key, algorithm, name) in ALGORITHMS {
        let alice = openssl.identity("alice", key);
        for detached in [false, true] {
            let message = sign(&alice, &request(&alice, algorithm, detached));
            if algorithm == SignatureAlgorithm::Ed25519 {
                openssl_verifies_ed25519(&openssl, &message);
                continue;
            }
            let verified = verify_signer(&SignedData::parse(&message).unwrap(), 0, CONTENT, &[]).unwrap();
            assert_eq!((verified.algorithm(), verified.weakness()), (name, None));
            let content = if detached { "-content content" } else { "" };
            let output = openssl.cms_verify(&message, &("-CAfile alice.crt -purpose any", content));
            assert_eq!(output, CONTENT, "{name}");
        }
    }
}

/// OpenSSL 3.0 prints CMS with Ed25519 but can't verify it, so it gets the signed attributes and the signature.
fn openssl_verifies_ed25519(openssl: &Openssl, message: &[u8]) {
    let printed = openssl.cms_print(message);
    assert!(printed.contains("sha512") && printed.contains("ED25519"));
    let signed = SignedData::parse(message).unwrap();
    openssl.write("attributes", signed.signers()[0].signed_attributes_der().unwrap());
    openssl.write("signature", signed.signers()[0].signature());
    openssl.run("pkeyutl -verify -rawin -certin -inkey alice.crt -in attributes -sigfile signature");
    assert_eq!(verify_signer(&signed, 0, CONTENT, &[]).unwrap().algorithm(), "ed25519");
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
    let text = openssl.cms_print(&message);
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
    let forms = ["", "-stream", "-keyid", "-cades", "-noattr", "-nosmimecap -stream -keyid -cades"];
    let pss = "-keyopt rsa_padding_mode:pss";
    for (key, name, digest, padding) in [
        (P256, "ecdsa-p256-sha256", "sha256", ""),
        (P384, "ecdsa-p384-sha512", "sha512", ""),
        (P521, "ecdsa-p521-sha256", "sha256", ""),
        (RSA2048, "rsa-pkcs1-sha224", "sha224", ""),
        (RSA2048, "rsa-pkcs1-sha384", "sha384", ""),
        (RSA2048, "rsa-pss-sha256", "sha256", pss),
        (RSA2048, "rsa-pss-sha512", "sha512", &format!("{pss} -keyopt rsa_pss_saltlen:max")),
    ] {
        let bob = openssl.identity("bob", key);
        for form in forms {
            // OpenSSL 3.0 can't write streamed RSASSA-PSS.
            if name.starts_with("rsa-pss") && form.contains("-stream") {
                continue;
            }
            for detached in [false, true] {
                let nodetach = if detached { "" } else { "-nodetach" };
                let message = openssl.cms_sign(&format!(
                    "-signer bob.crt -inkey bob.key -md {digest} {padding} {form} {nodetach}"
                ));
                let signed = SignedData::parse(&message).unwrap();
                // OpenSSL 3.0 carries the content in streamed DER, whether asked to or not.
                assert_eq!(signed.content().is_none(), detached && !form.contains("-stream"));
                assert_eq!(signed.content().unwrap_or(CONTENT), CONTENT);
                let verified = verify_signer(&signed, 0, CONTENT, &[]).unwrap();
                assert_eq!((verified.algorithm(), verified.weakness()), (name, None), "{form:?}");
                assert_eq!(verified.certificate(), &bob.certificate);
                assert_eq!(verified.content_sha256().to_hex(), sha256_hex(CONTENT));
                let altered = [CONTENT, b" "].concat();
                let reason =
                    if form.contains("-noattr") { Reason::BadSignature } else { Reason::DigestMismatch };
                assert_eq!(verify_signer(&signed, 0, &altered, &[]).unwrap_err(), reason);
            }
        }
    }
}

#[test]
fn sha1_and_short_keys_verify_as_weak() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let sign =
        |digest: &str| openssl.cms_sign(&format!("-nodetach -signer bob.crt -inkey bob.key -md {digest}"));
    for (key, digest, reason) in [
        (RSA2048, "sha1", Reason::WeakDigest),
        (P256, "sha1", Reason::WeakDigest),
        (RSA1024, "sha256", Reason::WeakKey),
    ] {
        openssl.identity("bob", key);
        assert_eq!(verify(&sign(digest)).unwrap().weakness(), Some(reason));
    }
    assert_eq!(verify(&sign("md5")).unwrap_err(), Reason::WeakDigest);
}
