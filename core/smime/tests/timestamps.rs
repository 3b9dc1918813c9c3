//! Timestamps of foreign authorities, and of `openssl ts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use std::path::Path;

use pki::{CA, Pki, TSA, anchor};
use smime::ber::write;
use smime::tsp::{
    TimestampError, TimestampRequest, TokenInfo, VerifiedTimestamp, claimed_time, token_of, verify,
    verify_digest, verify_with,
};
use smime::verdict::Reason;
use smime::{Certificate, UnixTime, oid};
use support::{corpus, expected};

fn chain(folder: &Path, name: &str) -> Vec<Certificate> {
    Certificate::read_all(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Verifies with the last certificate of the chain as anchor and the others as help.
fn verify_under(token: &[u8], data: &[u8], chain: &[Certificate]) -> Result<VerifiedTimestamp, Vec<Reason>> {
    let (root, others) = chain.split_last().unwrap();
    verify_with(token, data, others, &[anchor(root)], claimed_time(token).unwrap())
}

#[test]
fn foreign_responses_are_judged_as_listed() {
    let Some(folder) = corpus("rfc3161-client") else { return };
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let mut responses = 0;
    for (file, expected, detail) in expected(&folder) {
        if expected == "REQUEST" {
            continue;
        }
        responses += 1;
        let token = token_of(&read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let set = file.split('/').next().unwrap();
        let chain_file = if file.contains("expired") {
            "sigstore.mock/ts_chain.pem"
        } else {
            &format!("{set}/ts_chain.pem")
        };
        let chain = chain(&folder, chain_file);
        let data = if set == "sigstore.mock" { read("sigstore.mock/payload") } else { b"hello".to_vec() };
        let outcome = verify_under(&token, &data, &chain);
        let wrong_data = verify_under(&token, b"another message", &chain);
        if expected == "REJECT" {
            let reasons = outcome.expect_err(&file);
            let listed =
                if file.contains("invalid-signature") { Reason::BadSignature } else { Reason::NoTrustedPath };
            assert!(reasons.contains(&listed), "{file}: {reasons:?}");
            continue;
        }
        let verified = outcome.unwrap_or_else(|reasons| panic!("{file}: {reasons:?}"));
        assert_eq!(wrong_data.unwrap_err(), [Reason::ImprintMismatch], "{file}");
        if let Some((_, time)) = detail.split_once("genTime ").filter(|(_, time)| time.starts_with("20")) {
            // A row says a day only, the others the second.
            let time = time.get(..20).unwrap_or(time);
            let day: String = verified.time().to_string().chars().take(10).collect();
            assert!(time.starts_with(&day), "{file}: {day}");
            if time.ends_with('Z') {
                assert_eq!(verified.time(), time.parse::<UnixTime>().unwrap(), "{file}");
            }
        }
        assert_eq!(verified.path().last(), chain.last(), "{file}");
        let root = [anchor(chain.last().unwrap())];
        match expected.as_str() {
            "VALID-WITH-CHAIN" => {
                let alone = verify(&token, &data, &root, verified.time()).unwrap_err();
                assert_eq!(alone, [Reason::NoSignerCertificate], "{file}");
            }
            "VALID-SIGNER-BY-SID" => {
                assert!(verified.authority().subject().contains("CN=Test TSA Timestamping"), "{file}");
            }
            _ => {}
        }
    }
    assert_eq!(responses, 10);
}

#[test]
fn nonces_of_foreign_requests_are_found_in_their_answers() {
    let Some(folder) = corpus("rfc3161-client") else { return };
    let info =
        |file: &str| TokenInfo::read(&token_of(&std::fs::read(folder.join(file)).unwrap()).unwrap()).unwrap();
    let hex = |nonce: Option<Vec<u8>>| data_encoding::HEXUPPER.encode(&nonce.unwrap());
    assert_eq!(hex(info("test_tsa/response.tsr").nonce), "36A44F9F4A391FD3");
    assert_eq!(hex(info("test_tsa/other_response.tsr").nonce), "DE10A2FD76C22477");
}

#[test]
fn openssl_understands_the_request_and_its_answer_is_accepted() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    pki.issue("root", "tsa", TSA);
    let request = TimestampRequest::new(b"signature octets", [0x80, 1, 2, 3, 4, 5, 6, 7]);
    pki.openssl.write("q.tsq", request.der());
    let text = pki.openssl.text("ts -query -in q.tsq -text");
    for part in [
        "Hash Algorithm: sha256",
        "Nonce: 0x8001020304050607",
        "Certificate required: yes",
        "Policy OID: unspecified",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let response = pki.answer("tsa", request.der());
    let token = request.accept(&response).unwrap();
    let time = claimed_time(&token).unwrap();
    let verified = verify(&token, b"signature octets", &[anchor(&root)], time).unwrap();
    assert_eq!((verified.time(), verified.authority()), (time, &pki.certificate("tsa")));
    assert_eq!(verified.path(), [pki.certificate("tsa"), root.clone()]);
    let digest = smime::Fingerprint::of(b"signature octets");
    assert!(verify_digest(&token, digest.as_bytes(), &[], &[anchor(&root)], time).is_ok());
    assert_eq!(
        verify_digest(&token, &digest.as_bytes()[..31], &[], &[anchor(&root)], time).unwrap_err(),
        [Reason::ImprintMismatch]
    );
    // OpenSSL agrees about the very same token.
    pki.openssl.write("token", &token);
    pki.openssl.write("data", b"signature octets");
    pki.openssl.run("ts -verify -token_in -in token -data data -CAfile root.pem");
}

#[test]
fn an_answer_to_another_request_is_a_mismatch() {
    let pki = Pki::new();
    pki.root("root", CA);
    pki.issue("root", "tsa", TSA);
    let request = TimestampRequest::new(b"data", [1; 8]);
    let response = pki.answer("tsa", request.der());
    assert_eq!(
        TimestampRequest::new(b"data", [2; 8]).accept(&response),
        Err(TimestampError::Mismatch),
        "replayed"
    );
    assert_eq!(TimestampRequest::new(b"other", [1; 8]).accept(&response), Err(TimestampError::Mismatch));
    assert!(request.accept(&response).is_ok());
}

#[test]
fn refusals_and_garbage_are_named() {
    let request = TimestampRequest::new(b"data", [1; 8]);
    // PKIStatusInfo { status rejection(2) }, without and with a (pointless) token
    let rejection = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
    assert_eq!(request.accept(&rejection), Err(TimestampError::Refused { status: 2 }));
    let granted_without_token = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00];
    assert_eq!(request.accept(&granted_without_token), Err(TimestampError::Malformed));
    for garbage in [&b""[..], b"<html>", &[0x30, 0x80], &[0x30, 0x03, 0x02, 0x01, 0x00]] {
        assert_eq!(request.accept(garbage), Err(TimestampError::Malformed));
        assert_eq!(verify(garbage, b"", &[], UnixTime::from_secs(0)).unwrap_err(), [Reason::Malformed]);
        assert_eq!(claimed_time(garbage), None);
    }
}

#[test]
fn a_token_from_the_future_or_of_an_expired_authority_is_refused() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    pki.issue("root", "tsa", TSA);
    let token = pki.token("tsa", b"data");
    let (time, anchors) = (claimed_time(&token).unwrap(), [anchor(&root)]);
    assert!(verify(&token, b"data", &anchors, time.minus(300)).is_ok(), "clocks differ a little");
    assert_eq!(verify(&token, b"data", &anchors, time.minus(301)).unwrap_err(), [Reason::FutureTime]);
    // Long after the authority's certificate ended, the token still holds at genTime.
    assert!(verify(&token, b"data", &anchors, root.not_after().plus(86_400)).is_ok());
    assert_eq!(verify(&token, b"data", &[], time).unwrap_err(), [Reason::NoTrustedPath]);
    assert_eq!(verify(&token, b"other", &anchors, time).unwrap_err(), [Reason::ImprintMismatch]);
}

/// A token that OpenSSL's authority would refuse to make: TSTInfo signed by `openssl cms`.
fn homemade_token(pki: &Pki, name: &str, time: &[u8], options: &str) -> Vec<u8> {
    let imprint = smime::Fingerprint::of(b"data");
    let info = write::sequence(&[
        &write::small(1),
        &write::oid(&const_oid::ObjectIdentifier::new("1.2.3.4").unwrap()),
        &write::sequence(&[&write::algorithm(&oid::SHA256, &[]), &write::octet_string(imprint.as_bytes())]),
        &write::small(1),
        &write::tlv(0x18, time),
    ]);
    pki.cms_sign(&info, &[name], &format!("-econtent_type 1.2.840.113549.1.9.16.1.4 {options}"))
}

#[test]
fn only_a_time_stamping_certificate_makes_tokens() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    pki.issue("root", "tsa", TSA);
    pki.issue("root", "soft", &TSA.replace("critical,timeStamping", "timeStamping"));
    let mail = pki.issue("root", "mail", &pki::signer("alice@example.org"));
    let at = pki::soon(&mail).plus(3600);
    let time = at.to_string().replace(['-', ':', 'T'], "");
    let outcome = |name: &str, options: &str| {
        let token = homemade_token(&pki, name, time.as_bytes(), options);
        verify(&token, b"data", &[anchor(&root)], at).map(|verified| verified.time())
    };
    assert_eq!(outcome("tsa", "-cades"), Ok(at), "the home-made form is right");
    assert_eq!(outcome("soft", "-cades"), Err(vec![Reason::WrongExtendedKeyUsage]), "not critical");
    assert_eq!(outcome("mail", "-cades"), Err(vec![Reason::WrongExtendedKeyUsage]));
    assert_eq!(outcome("tsa", ""), Err(vec![Reason::AttributesInvalid]), "ESSCertIDv2 is missing");
    let signed_by_two =
        homemade_token(&pki, "tsa", time.as_bytes(), "-cades -signer mail.pem -inkey mail.key");
    assert_eq!(verify(&signed_by_two, b"data", &[anchor(&root)], at).unwrap_err(), [Reason::Malformed]);
    let ordinary = pki.cms_sign(b"data", &["tsa"], "-cades");
    assert_eq!(
        verify(&ordinary, b"data", &[anchor(&root)], at).unwrap_err(),
        [Reason::Malformed],
        "not a TSTInfo"
    );
}

#[test]
fn no_flipped_token_says_anything_else() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    pki.issue("root", "tsa", TSA);
    let token = pki.token("tsa", b"data");
    let time = claimed_time(&token).unwrap();
    let anchors = [anchor(&root)];
    for position in 0..token.len() {
        let mut flipped = token.clone();
        flipped[position] ^= 1 << (position % 8);
        if let Ok(verified) = verify(&flipped, b"data", &anchors, time) {
            assert_eq!((verified.time(), verified.authority()), (time, &pki.certificate("tsa")));
        }
        let _ = verify(&token[..position], b"data", &anchors, time).unwrap_err();
    }
}
