//! Certificates of several issuers are read as other readers read them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use std::collections::BTreeSet;
use std::path::Path;

use pki::smtp_utf8_mailbox;
use smime::Certificate;
use smime::certificate::CertificateError;
use support::{Openssl, corpus, expected};

fn read(path: &Path) -> Result<Certificate, CertificateError> {
    Ok(Certificate::read_all(&std::fs::read(path).unwrap())?.remove(0))
}

/// The part of a row's detail behind `name=`, up to `;`.
fn detail<'a>(row: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = row.split_once(&format!("{name}="))?;
    after.split("; ").next()
}

/// A list as Python prints it: `['a', 'b']`.
fn python_list(text: &str) -> Vec<String> {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    inner.split(", ").map(|item| item.trim_matches('\'').to_owned()).filter(|item| !item.is_empty()).collect()
}

fn emails(certificate: &Certificate) -> Vec<String> {
    certificate.emails().iter().map(|email| email.as_str().to_owned()).collect()
}

/// `2014-10-15..2018-11-16` at the end of a detail.
fn validity(certificate: &Certificate) -> String {
    let day = |time: smime::UnixTime| time.to_string().chars().take(10).collect::<String>();
    format!("{}..{}", day(certificate.not_before()), day(certificate.not_after()))
}

#[test]
fn pyca_certificates_are_read_or_refused_as_listed() {
    let Some(folder) = corpus("pyca-x509") else { return };
    // Defects in what is not read here: policy qualifiers, certificate transparency, and the issuer's alternative
    // names. They don't touch what we say about a certificate.
    let not_read_here = BTreeSet::from([
        "cp_invalid.pem",
        "cp_invalid2.der",
        "invalid-sct-length.der",
        "invalid-sct-version.der",
        "malformed-ian.pem",
    ]);
    // Only path validation reads the content of name constraints.
    let constraints = BTreeSet::from([
        "nc_invalid_ip4_netmask.der",
        "nc_invalid_ip_netmask.pem",
        "nc_ip_invalid_length.pem",
    ]);
    let mut rows = 0;
    for (file, expected, row) in expected(&folder) {
        rows += 1;
        let read = read(&folder.join(&file));
        match expected.as_str() {
            "PARSE-ERROR" => assert!(read.is_err(), "{file}"),
            "EXT-ERROR" => {
                let unusable = read.as_ref().is_ok_and(|read| !read.may_sign() && !read.may_encrypt());
                let elsewhere = not_read_here.contains(file.as_str()) || constraints.contains(file.as_str());
                assert!(read.is_err() || unusable || elsewhere, "{file}");
            }
            _ => {
                let read = read.unwrap_or_else(|error| panic!("{file}: {error}"));
                if let Some(list) = detail(&row, "rfc822") {
                    // san_rfc822_names.pem lists texts like "email <email>", which are no addresses.
                    let mut listed = python_list(list);
                    listed.retain(|text| text.parse::<smime::EmailAddress>().is_ok());
                    assert_eq!(emails(&read), listed, "{file}");
                }
                let days = validity(&read);
                // Before 1970 counts as 1970.
                assert!(row.contains(&days) || days.starts_with("1970-01-01"), "{file}: {days}");
            }
        }
    }
    assert_eq!(rows, 93);
}

#[test]
fn rustcrypto_certificates_keep_their_octets() {
    let Some(folder) = corpus("rustcrypto-x509") else { return };
    let mut certificates = 0;
    for (file, expected, row) in expected(&folder) {
        let octets = std::fs::read(folder.join(&file)).unwrap();
        match expected.as_str() {
            "OK" => {
                let all = Certificate::read_all(&octets).unwrap_or_else(|error| panic!("{file}: {error}"));
                if file.ends_with(".der") || file.ends_with(".crt") {
                    assert_eq!(all[0].der(), octets, "{file}");
                }
                let days = validity(&all[0]);
                assert!(row.contains(&days), "{file}: {days}");
                certificates += 1;
            }
            // A defect in one extension: the certificate can be shown, and may not be used.
            "EXT-ERROR" => drop(Certificate::read_all(&octets)),
            _ => assert!(Certificate::read_all(&octets).is_err(), "{file} is no certificate"),
        }
    }
    assert_eq!(certificates, 28);
}

#[test]
fn pkilint_certificates_say_who_may_sign_and_encrypt() {
    let Some(folder) = corpus("pkilint-multipurpose") else { return };
    let mut rows = 0;
    for (file, _, row) in expected(&folder) {
        rows += 1;
        let read = read(&folder.join(&file));
        let Some(signing) = detail(&row, "usable-for-signing") else {
            // decipherOnly without keyAgreement
            assert!(read.is_err() || !read.unwrap().may_encrypt(), "{file}");
            continue;
        };
        let read = read.unwrap_or_else(|error| panic!("{file}: {error}"));
        let yes = |usable: bool| if usable && read.is_for_email() { "yes" } else { "no" };
        assert_eq!(yes(read.may_sign()), signing, "{file} signing: {row}");
        assert_eq!(
            Some(yes(read.may_encrypt())),
            detail(&row, "usable-for-encryption"),
            "{file} encryption: {row}"
        );
        // What `countersign cert` shows.
        let uses = read.uses();
        let shown = |one| if uses.contains(&one) { "yes" } else { "no" };
        assert_eq!(shown(smime::certificate::Use::Sign), signing, "{file}");
        assert_eq!(
            Some(shown(smime::certificate::Use::Encrypt)),
            detail(&row, "usable-for-encryption"),
            "{file}"
        );
        let listed: BTreeSet<String> = ["rfc822Name", "smtpUtf8Mailbox"]
            .iter()
            .flat_map(|form| python_list(detail(&row, form).unwrap_or_default()))
            // Domains of more than 255 octets and local parts of more than 64 are no addresses.
            .filter(|text| text.parse::<smime::EmailAddress>().is_ok())
            .collect();
        assert_eq!(emails(&read).into_iter().collect::<BTreeSet<_>>(), listed, "{file}");
        assert!(row.contains(&validity(&read)), "{file}");
    }
    assert_eq!(rows, 56);
}

#[test]
fn rfc9216_certificates_are_for_signing_or_for_encrypting() {
    let Some(folder) = corpus("rfc9216") else { return };
    let mut rows = 0;
    for (file, expected, row) in expected(&folder) {
        if !file.ends_with(".crt") || !matches!(expected.as_str(), "SIGN" | "ENCRYPT") {
            continue;
        }
        rows += 1;
        let read = read(&folder.join(&file)).unwrap();
        assert_eq!(
            (read.may_sign(), read.may_encrypt()),
            (expected == "SIGN", expected == "ENCRYPT"),
            "{file}"
        );
        assert_eq!(emails(&read), python_list(detail(&row, "rfc822").unwrap()), "{file}");
        // The table's names are Python's, which are RFC 4514 for these attributes.
        assert_eq!(Some(read.subject().as_str()), detail(&row, "subject"), "{file}");
        assert_eq!(Some(read.issuer().as_str()), detail(&row, "issuer"), "{file}");
    }
    assert_eq!(rows, 8);
}

/// A self-signed certificate made by OpenSSL with these lines as extensions.
fn made_by_openssl(openssl: &Openssl, subject: &str, extensions: &str) -> Certificate {
    let config = format!("[req]\ndistinguished_name=dn\nstring_mask=utf8only\n[dn]\n[ext]\n{extensions}\n");
    openssl.write("config", config.as_bytes());
    let command = "req -x509 -config config -extensions ext -utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
                   -nodes -keyout key.pem -set_serial 0x00c0ffee -out made.pem";
    openssl.run(&(command, ["-subj", subject]));
    Certificate::read_all(&openssl.read("made.pem")).unwrap().remove(0)
}

#[test]
fn names_are_written_like_openssl_writes_rfc_2253() {
    let openssl = Openssl::new();
    for subject in [
        "/CN=Alice",
        "/C=CN/O=例子, 公司/CN=李伟 \\+1",
        "/DC=org/DC=example/CN=#hash",
        "/CN= lead and trail /emailAddress=a@example.org",
        "/CN=quote\" back\\\\slash <a;b>",
        "/CN=two/OU=one+L=both",
        "/CN=x/1.2.3.4=unknown type",
    ] {
        let made = made_by_openssl(&openssl, subject, "basicConstraints=CA:TRUE");
        let theirs = openssl.text("x509 -in made.pem -noout -subject -nameopt RFC2253,-esc_msb,utf8");
        let theirs = theirs.strip_prefix("subject=").unwrap().trim_end_matches('\n');
        // OpenSSL also reverses the attributes of one RDN, which have no order.
        if subject.contains('+') && subject.contains("OU") {
            assert_eq!(made.subject(), "OU=one+L=both,CN=two");
        } else {
            assert_eq!(made.subject(), theirs, "{subject}");
        }
    }
}

#[test]
fn a_certificate_is_described_as_openssl_describes_it() {
    let openssl = Openssl::new();
    let made = made_by_openssl(
        &openssl,
        "/O=Example/CN=Alice",
        "keyUsage=digitalSignature\nextendedKeyUsage=emailProtection,1.3.6.1.5.5.7.3.36\n\
         subjectAltName=email:Alice@Example.org,email:alice@example.org,email:not an address,DNS:mail.example.org",
    );
    assert_eq!(made.serial_hex(), "c0ffee");
    assert_eq!(made.serial(), [0x00, 0xc0, 0xff, 0xee]);
    assert_eq!(made.common_name().as_deref(), Some("Alice"));
    assert_eq!(emails(&made), ["Alice@example.org"], "one address, spelt twice");
    assert!(
        made.may_sign()
            && !made.may_encrypt()
            && made.is_for_email()
            && made.is_for_approvals()
            && !made.is_ca()
    );
    assert_eq!(made.key_algorithm(), Some(smime::KeyAlgorithm::P256));
    assert!(made.is_signed_by(&made));
    assert_eq!(made.to_pem().as_bytes(), openssl.read("made.pem"));
    let sha256 = openssl.text("x509 -in made.pem -noout -fingerprint -sha256");
    let sha256 = sha256.split('=').nth(1).unwrap().trim().replace(':', "").to_lowercase();
    assert_eq!(made.fingerprint().to_hex(), sha256);
    openssl.run("x509 -in made.pem -pubkey -noout -out public.pem");
    openssl.run("pkey -pubin -in public.pem -outform DER -out public.der");
    assert_eq!(made.public_key_der(), openssl.read("public.der"));
}

#[test]
fn an_ascii_mailbox_in_smtp_utf8_form_is_not_believed() {
    let openssl = Openssl::new();
    let of = |mailbox: &str| emails(&made_by_openssl(&openssl, "/CN=Mallory", &smtp_utf8_mailbox(mailbox)));
    assert_eq!(of("用户@example.org"), ["用户@example.org"]);
    assert_eq!(of("alice@example.org"), [""; 0], "would slip through rfc822Name constraints");
    assert_eq!(of("用户@例子.中国"), [""; 0], "domains are A-labels");
}

#[test]
fn the_subject_s_address_counts_only_without_alternative_names() {
    let openssl = Openssl::new();
    let subject = "/CN=Alice/emailAddress=alice@example.org";
    assert_eq!(
        emails(&made_by_openssl(&openssl, subject, "basicConstraints=CA:FALSE")),
        ["alice@example.org"]
    );
    assert_eq!(emails(&made_by_openssl(&openssl, subject, "subjectAltName=DNS:example.org")), [""; 0]);
}

#[test]
fn no_truncated_or_flipped_certificate_panics() {
    let openssl = Openssl::new();
    let made = made_by_openssl(
        &openssl,
        "/O=Example/CN=Alice",
        "keyUsage=digitalSignature\nnameConstraints=permitted;email:a@example.org\nsubjectAltName=email:a@example.org",
    );
    let der = made.der();
    for length in 0..der.len() {
        assert_eq!(Certificate::from_der(&der[..length]), Err(CertificateError::Malformed));
    }
    for position in 0..der.len() {
        for bit in 0..8 {
            let mut flipped = der.to_vec();
            flipped[position] ^= 1 << bit;
            if let Ok(read) = Certificate::from_der(&flipped) {
                let _ =
                    (read.subject(), read.emails(), read.may_sign(), read.may_encrypt(), read.common_name());
                assert!(!read.is_signed_by(&made), "bit {bit} of octet {position} is not signed");
            }
        }
    }
    let mut followed = der.to_vec();
    followed.push(0);
    assert_eq!(Certificate::from_der(&followed), Err(CertificateError::Malformed));
}

#[test]
fn files_are_bounded_and_say_what_they_lack() {
    assert_eq!(Certificate::read_all(b"hello"), Err(CertificateError::Missing));
    assert_eq!(Certificate::read_all(b""), Err(CertificateError::Missing));
    assert_eq!(
        Certificate::read_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        Err(CertificateError::Malformed)
    );
    assert_eq!(
        Certificate::read_all(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        Err(CertificateError::Missing)
    );
    assert!(matches!(Certificate::from_der(&vec![0x30; (1 << 20) + 1]), Err(CertificateError::Limit(_))));
    let openssl = Openssl::new();
    let pem = made_by_openssl(&openssl, "/CN=x", "basicConstraints=CA:TRUE").to_pem();
    assert_eq!(Certificate::read_all(pem.repeat(3).as_bytes()).unwrap().len(), 3);
    assert!(matches!(Certificate::read_all(pem.repeat(4097).as_bytes()), Err(CertificateError::Limit(_))));
}
