//! Revocation lists, OCSP answers and requests of the corpora, read as the tables say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::path::Path;

use smime::crl::{CertificateList, CrlReason};
use smime::ocsp::{OcspError, OcspRequest, OcspResponse, OcspStatus, SingleResponse};
use smime::path::{AnchorScope, PathInputs, PathOptions, Purpose, Trust, TrustAnchor, validate_inputs};
use smime::revocation::{Demand, Sources, StatusReason};
use smime::verdict::Revocation;
use smime::{Certificate, UnixTime};
use support::{corpus, expected};

/// The part of a row's detail behind `name=`, up to `;` or a space.
fn field<'a>(row: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = row.split_once(&format!("{name}="))?;
    after.split([';', ' ']).next()
}

fn day(time: UnixTime) -> String {
    time.to_string().chars().take(10).collect()
}

/// Difference: `<` in a PrintableString. Mail of the field holds such names, they are compared as text, and nothing
/// follows from the type of the string (docs/standards.md).
const READ_ALL_THE_SAME: &str = "crl_issuer_invalid_printable_string.der";

#[test]
fn pyca_lists_are_read_or_refused_as_listed() {
    let Some(folder) = corpus("pyca-crl") else { return };
    let mut rows = 0;
    for (file, expected, row) in expected(&folder) {
        if expected == "CERT" {
            continue;
        }
        rows += 1;
        let octets = std::fs::read(folder.join(&file)).unwrap();
        let lists = CertificateList::read_all(&octets);
        if expected == "ERROR" {
            assert_eq!(lists.is_err(), file != READ_ALL_THE_SAME, "{file}");
            continue;
        }
        let list = &lists.unwrap_or_else(|error| panic!("{file}: {error}"))[0];
        assert_eq!(Some(list.len().to_string().as_str()), field(&row, "entries"), "{file}");
        assert_eq!(Some(day(list.this_update()).as_str()), field(&row, "lastUpdate"), "{file}");
        let next = list.next_update().map_or("none".to_owned(), day);
        assert_eq!(Some(next.as_str()), field(&row, "nextUpdate"), "{file}");
        assert_eq!(list.is_usable(), expected != "NOT-USABLE", "{file}");
        assert_eq!(list.is_delta(), row.contains("deltaCRLIndicator"), "{file}");
        if expected.starts_with("SIG-") {
            let (_, issuer) = row.split_once("check with ").unwrap();
            let issuer = std::fs::read(folder.join(issuer)).unwrap();
            let issuer = Certificate::read_all(&issuer).unwrap().remove(0);
            assert_eq!(list.is_signed_by(&issuer), expected == "SIG-VALID", "{file}");
        }
    }
    assert_eq!(rows, 27);
    let all = std::fs::read(folder.join("crl_all_reasons.pem")).unwrap();
    let all: Vec<Option<CrlReason>> =
        CertificateList::read_all(&all).unwrap()[0].revoked().map(|line| line.reason).collect();
    for reason in [CrlReason::KeyCompromise, CrlReason::CaCompromise, CrlReason::AaCompromise] {
        assert!(all.contains(&Some(reason)), "{reason:?} in {all:?}");
    }
    assert!(all.contains(&None));
}

/// `GOOD serial=… hash=… thisUpdate=… nextUpdate=… revoked=… reason=…` as the tables write it.
fn as_listed(single: &SingleResponse) -> String {
    let serial = data_encoding::HEXLOWER.encode(single.serial());
    let digest = single.digest().map_or("unsupported", |digest| digest.name());
    let (status, more) = match single.status {
        OcspStatus::Good => ("GOOD", String::new()),
        OcspStatus::Unknown => ("UNKNOWN", String::new()),
        OcspStatus::Revoked { at, reason } => {
            let reason = reason.map_or("none".to_owned(), |reason| {
                serde_json::to_value(reason).unwrap().as_str().unwrap().to_owned()
            });
            ("REVOKED", format!(" revoked={at} reason={reason}"))
        }
    };
    let next = single.next_update.map_or("none".to_owned(), |time| time.to_string());
    format!(
        "{status} serial={} hash={digest} thisUpdate={} nextUpdate={next}{more}",
        serial.trim_start_matches('0'),
        single.this_update
    )
}

fn check_response(folder: &Path, file: &str, expected: &str, row: &str) {
    let read = OcspResponse::from_der(&std::fs::read(folder.join(file)).unwrap());
    match expected {
        "ERROR" => assert_eq!(read.unwrap_err(), OcspError::Malformed, "{file}"),
        "NOT-SUCCESSFUL" => {
            let status =
                ["", "MALFORMED_REQUEST", "INTERNAL_ERROR", "TRY_LATER", "", "SIG_REQUIRED", "UNAUTHORIZED"]
                    .iter()
                    .position(|name| *name == row)
                    .unwrap();
            assert_eq!(read.unwrap_err(), OcspError::Unsuccessful(u8::try_from(status).unwrap()), "{file}");
        }
        _ => {
            let read = read.unwrap_or_else(|error| panic!("{file}: {error}"));
            let listed: Vec<&str> = row.split("; ").take(read.responses().len()).collect();
            let ours: Vec<String> = read.responses().iter().map(as_listed).collect();
            assert_eq!(ours, listed, "{file}");
            assert_eq!(Some(read.produced_at().to_string().as_str()), field(row, "producedAt"), "{file}");
            check_signature(folder, file, row, &read);
        }
    }
}

fn check_signature(folder: &Path, file: &str, row: &str, read: &OcspResponse) {
    let (_, by) = row.split_once("signature verifies with ").unwrap();
    if by.starts_with("the embedded certificate") {
        let found = read.certificates().iter().find(|certificate| read.is_signed_by(certificate));
        // The table writes names as Python does, which escapes other characters.
        assert!(found.is_some(), "{file}");
    } else if by.ends_with(".der") {
        let by = Certificate::from_der(&std::fs::read(folder.join(by)).unwrap()).unwrap();
        assert!(read.is_signed_by(&by), "{file}");
    } else {
        assert!(!read.certificates().iter().any(|certificate| read.is_signed_by(certificate)), "{file}");
    }
}

fn check_request(folder: &Path, file: &str, expected: &str, row: &str) {
    let read = OcspRequest::from_der(&std::fs::read(folder.join(file)).unwrap());
    if expected == "REQUEST-ERROR" {
        assert_eq!(read, Err(OcspError::Malformed), "{file}");
        return;
    }
    let read = read.unwrap_or_else(|error| panic!("{file}: {error}"));
    let Some(serial) = field(row, "serial") else {
        assert!(read.certificates.len() > 1, "{file}: several requests in one");
        return;
    };
    let [one] = &read.certificates[..] else { panic!("{file}: one certificate") };
    assert_eq!(data_encoding::HEXLOWER.encode(&one.serial).trim_start_matches('0'), serial, "{file}");
    assert_eq!(Some(one.digest.map_or("unsupported", |digest| digest.name())), field(row, "hash"), "{file}");
    assert_eq!(read.nonce.is_some(), row.contains("1.3.6.1.5.5.7.48.1.2'"), "{file}");
}

#[test]
fn foreign_ocsp_answers_and_requests_are_read_as_listed() {
    let mut rows = 0;
    for name in ["pyca-ocsp", "rustcrypto-ocsp"] {
        let Some(folder) = corpus(name) else { return };
        for (file, expected, row) in expected(&folder) {
            match expected.as_str() {
                "KEYMATERIAL" => {}
                "REQUEST" | "REQUEST-ERROR" => check_request(&folder, &file, &expected, &row),
                _ => check_response(&folder, &file, &expected, &row),
            }
            rows += 1;
        }
    }
    assert_eq!(rows, 28 + 30);
}

#[test]
fn answers_of_unknown_versions_and_algorithms_are_never_good() {
    let Some(folder) = corpus("pyca-ocsp") else { return };
    let read = |file: &str| OcspResponse::from_der(&std::fs::read(folder.join(file)).unwrap()).unwrap();
    assert!(!read("resp-invalid-version.der").is_usable());
    assert!(read("resp-unknown-hash-alg.der").responses()[0].digest().is_none());
    assert!(read("resp-unknown-extension.der").is_usable(), "not critical");
}

/// The CA, responder and answers of the set, judged as a path at the fixed time.
#[test]
fn rustcrypto_answers_decide_a_path() {
    let Some(folder) = corpus("rustcrypto-ocsp") else { return };
    let der = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let certificate = |file: &str| Certificate::from_der(&der(file)).unwrap();
    let (root, leaf) = (certificate("rsa-2048-sha256-ca.der"), certificate("rsa-2048-sha256-crt.der"));
    let anchors = [TrustAnchor { certificate: root, trust: Trust::Organisation, scope: AnchorScope::Any }];
    let untrusted = [certificate("rsa-2048-sha256-ocsp-crt.der")];
    let lists = [CertificateList::from_der(&der("rsa-2048-sha256-ca-crl.der")).unwrap()];
    let status = |at: &str, lists: &[CertificateList], file: &str| {
        let responses = [OcspResponse::from_der(&der(file)).unwrap()];
        let at = at.parse().unwrap();
        let inputs = PathInputs {
            untrusted: &untrusted,
            anchors: &anchors,
            at,
            now: at,
            purpose: Purpose::Any,
            options: &PathOptions::default(),
            sources: Sources { lists, responses: &responses, refused: false, demand: Demand::Nowhere },
        };
        match validate_inputs(&leaf, &inputs) {
            Ok(path) => path.statuses()[0].clone(),
            Err(failure) => failure.statuses[0].clone(),
        }
    };
    let listed = status("2023-11-08T00:00:00Z", &lists, "rsa-2048-sha256-revoked-ocsp-res.der");
    assert_eq!((listed.state, listed.reasons), (Revocation::Good, vec![]), "2 is not on the list, 3 is");
    let about_another = status("2023-11-08T00:00:00Z", &[], "rsa-2048-sha256-revoked-ocsp-res.der");
    assert_eq!(
        (about_another.state, about_another.reasons),
        (Revocation::Unknown, vec![StatusReason::StatusMissing])
    );
}
