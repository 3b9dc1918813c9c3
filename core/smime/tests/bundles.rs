//! Certs-only SignedData (.p7c, .p7b), against OpenSSL and the corpora.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::Certificate;
use smime::bundle::{Bundle, BundleError};
use support::{Openssl, P256, corpus, expected};

#[test]
fn bundles_of_pyca_hold_what_is_listed() {
    let Some(folder) = corpus("pyca-pkcs7") else { return };
    let mut rows = 0;
    for (file, outcome, details) in expected(&folder) {
        let octets = std::fs::read(folder.join(&file)).unwrap();
        let bundle = Bundle::read(&octets);
        match outcome.as_str() {
            "NO-SIGNER" | "PARSE" => {
                let bundle = bundle.unwrap_or_else(|error| panic!("{file}: {error}"));
                let count = format!("{} certificate", bundle.certificates.len());
                assert!(details.contains(&count), "{file}: {count}");
                assert_eq!(Certificate::read_all(&octets).unwrap(), bundle.certificates, "{file}");
                rows += 1;
            }
            "DECRYPT" | "DECRYPT-OR-REFUSE" | "ERROR" => {
                assert!(matches!(bundle, Err(BundleError::OtherContent(_))), "{file}");
                assert!(Certificate::read_all(&octets).is_err(), "{file}");
                rows += 1;
            }
            _ => assert!(bundle.is_err(), "{file}"),
        }
    }
    assert_eq!(rows, 8);
}

#[test]
fn openssl_reads_the_bundles_that_are_written_and_the_other_way_round() {
    let openssl = Openssl::new();
    let people: Vec<Certificate> =
        ["alice", "bob"].iter().map(|name| openssl.identity(name, P256).certificate).collect();
    openssl.write("index", b"");
    openssl
        .write("ca.cnf", b"[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=9\n");
    openssl.run("ca -gencrl -out crl.pem -config ca.cnf -cert alice.crt -keyfile alice.key");
    openssl.run("crl -in crl.pem -outform DER -out crl.der");
    let list = openssl.read("crl.der");
    for form in ["DER", "PEM"] {
        openssl.run(&format!(
            "crl2pkcs7 -in crl.pem -outform {form} -out theirs -certfile alice.crt -certfile bob.crt"
        ));
        let bundle = Bundle::read(&openssl.read("theirs")).unwrap();
        assert_eq!((bundle.certificates.len(), bundle.lists.as_slice()), (2, std::slice::from_ref(&list)));
        assert!(people.iter().all(|person| bundle.certificates.contains(person)));
    }
    let bundle = Bundle { certificates: people.clone(), lists: vec![list], unreadable: 0 };
    openssl.write("ours.p7c", &bundle.to_der());
    openssl.write("ours.pem", bundle.to_pem().as_bytes());
    for (form, file) in [("DER", "ours.p7c"), ("PEM", "ours.pem")] {
        let pem = openssl.run(&format!("pkcs7 -inform {form} -in {file} -print_certs"));
        let read = Certificate::read_all(&pem).unwrap();
        assert!(read.len() == 2 && people.iter().all(|person| read.contains(person)));
        let shown = openssl.text(&format!("pkcs7 -inform {form} -in {file} -print -noout"));
        assert!(shown.contains("lastUpdate"));
    }
    // The octets are a DER SET: the order of what went in does not show.
    let turned = Bundle { certificates: people.into_iter().rev().collect(), ..bundle.clone() };
    assert_eq!(turned.to_der(), bundle.to_der());
    assert_eq!(Bundle::read(&Bundle::default().to_der()).unwrap().certificates, []);
}

#[test]
fn damaged_bundles_are_refused_and_never_panic() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256).certificate;
    let octets = Bundle { certificates: vec![alice.clone()], lists: vec![], unreadable: 0 }.to_der();
    for length in 0..octets.len() {
        assert!(Bundle::read(&octets[..length]).is_err(), "cut at {length}");
    }
    let mut changed = octets.clone();
    for position in 0..octets.len() {
        for bit in 0..8 {
            changed[position] ^= 1 << bit;
            let _ = Bundle::read(&changed);
            changed[position] ^= 1 << bit;
        }
    }
    // One that can't be read does not spoil the rest.
    let mut broken = alice.der().to_vec();
    broken[4] ^= 0x20;
    let with_broken = {
        use smime::ber::write;
        let set = write::context(0, &[&broken, alice.der()]);
        let data = write::sequence(&[&write::oid(&smime::oid::DATA)]);
        let signed =
            write::sequence(&[&write::small(1), &write::set_of(vec![]), &data, &set, &write::set_of(vec![])]);
        write::sequence(&[&write::oid(&smime::oid::SIGNED_DATA), &write::context(0, &[&signed])])
    };
    let bundle = Bundle::read(&with_broken).unwrap();
    assert_eq!((bundle.certificates.as_slice(), bundle.unreadable), ([alice].as_slice(), 1));
}
