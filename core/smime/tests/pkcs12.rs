//! PKCS#12: files of other programs are read, ours are read by OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::ber::write as der;
use smime::pkcs12::{self, Contents, Entry, Form, Pkcs12Error, Warning, read};
use smime::{Certificate, KeyAlgorithm, PrivateKey, oid};
use support::{Identity, Openssl, OsRandom, P256, RSA2048, Words, corpus, expected, sha256_hex};

/// Enough for tests, which count files and not the seconds that a thief needs.
const ITERATIONS: u32 = 10;

/// The value of `name=` in a detail column.
fn detail<'a>(details: &'a str, name: &str) -> &'a str {
    details.split("; ").find_map(|part| part.strip_prefix(name)).unwrap()
}

fn short_hash(certificate: &Certificate) -> String {
    sha256_hex(certificate.der()).chars().take(16).collect()
}

fn described(certificate: &Certificate, name: Option<&str>) -> String {
    format!("{} name={}", short_hash(certificate), name.unwrap_or("-"))
}

/// Name of a certificate in the file.
fn name_of<'a>(contents: &'a Contents, certificate: &Certificate) -> Option<&'a str> {
    contents.certificates.iter().find(|entry| entry.certificate == *certificate)?.name.as_deref()
}

#[test]
fn files_of_pyca_give_their_keys_certificates_and_names() {
    let Some(folder) = corpus("pyca-pkcs12") else { return };
    let mut passed = 0;
    for (file, outcome, details) in expected(&folder) {
        assert_eq!(outcome, "IMPORT");
        let octets = std::fs::read(folder.join(&file)).unwrap();
        let password = Some(detail(&details, "password=")).filter(|password| *password != "(none)");
        let contents = read(&octets, password).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(read(&octets, Some("wrong")).unwrap_err(), Pkcs12Error::WrongPassword, "{file}");
        if password.is_some() {
            assert_eq!(read(&octets, None).unwrap_err(), Pkcs12Error::PasswordNeeded, "{file}");
        }
        let key = contents.keys.first();
        match detail(&details, "key=") {
            "EC" => assert_eq!(key.unwrap().key.algorithm(), KeyAlgorithm::P256, "{file}"),
            _ => assert!(contents.keys.is_empty(), "{file}"),
        }
        let own = key.and_then(|entry| entry.certificate.clone());
        let shown = own.as_ref().map(|own| described(own, name_of(&contents, own)));
        assert_eq!(shown.as_deref().unwrap_or("none"), detail(&details, "cert="), "{file}");
        let others: Vec<String> = contents
            .certificates
            .iter()
            .filter(|entry| Some(&entry.certificate) != own.as_ref())
            .map(|entry| format!("'{}'", described(&entry.certificate, entry.name.as_deref())))
            .collect();
        assert_eq!(format!("[{}]", others.join(", ")), detail(&details, "additional="), "{file}");
        passed += 1;
    }
    assert_eq!(passed, 31);
}

#[test]
fn exports_of_browsers_and_systems_are_read() {
    let Some(folder) = corpus("rustcrypto-pkcs12") else { return };
    let mut passed = 0;
    for (file, outcome, details) in expected(&folder) {
        if outcome == "MATERIAL" {
            continue;
        }
        let octets = std::fs::read(folder.join(&file)).unwrap();
        let password = Some(detail(&details, "password=")).filter(|password| *password != "(empty)");
        let outcome = read(&octets, password.or(Some("")));
        passed += 1;
        if details.contains("MAC blake2b512") {
            // No importer but OpenSSL's command line writes such a MAC.
            assert!(matches!(outcome, Err(Pkcs12Error::Unsupported(_))), "{file}");
            continue;
        }
        let contents = outcome.unwrap_or_else(|error| panic!("{file}: {error}"));
        let counts = format!("certs={}; keys={}", contents.certificates.len(), contents.keys.len());
        assert!(details.contains(&counts), "{file}: {counts}");
        assert_eq!(read(&octets, Some("wrong")).unwrap_err(), Pkcs12Error::WrongPassword, "{file}");
        assert_eq!(contents.warnings.contains(&Warning::NoMac), details.contains("NO MAC"), "{file}");
        assert_eq!(contents.warnings.contains(&Warning::WeakEncryption), details.contains("RC2"), "{file}");
        assert_eq!(
            contents.warnings.contains(&Warning::KeyNotEncrypted),
            details.contains(" Key bag"),
            "{file}"
        );
        if !contents.certificates.is_empty() && !contents.keys.is_empty() {
            assert!(contents.keys[0].certificate.is_some(), "{file}");
        }
    }
    assert_eq!(passed, 22);
}

#[test]
fn sample_people_of_rfc_9216_have_one_key_to_sign_and_one_to_decrypt() {
    let Some(folder) = corpus("rfc9216") else { return };
    for person in ["alice", "bob", "carlos", "dana"] {
        let octets = std::fs::read(folder.join(format!("{person}.p12"))).unwrap();
        let contents = read(&octets, Some(person)).unwrap();
        assert_eq!((contents.keys.len(), contents.certificates.len()), (2, 3), "{person}");
        let usable = |may: fn(&Certificate) -> bool| {
            let own = contents.keys.iter().filter_map(|entry| entry.certificate.as_ref());
            own.filter(|own| may(own)).map(|own| own.der().to_vec()).collect::<Vec<_>>()
        };
        let expected = |name: &str| {
            let pem = std::fs::read(folder.join(name)).unwrap();
            vec![Certificate::read_all(&pem).unwrap()[0].der().to_vec()]
        };
        assert_eq!(usable(Certificate::may_sign), expected(&format!("{person}-sign.crt")));
        assert_eq!(usable(Certificate::may_encrypt), expected(&format!("{person}-encrypt.crt")));
        assert!(contents.keys.iter().all(|entry| entry.name.as_deref() == Some(person)), "{person}");
        assert_eq!(read(&octets, Some("eve")).unwrap_err(), Pkcs12Error::WrongPassword);
    }
}

#[test]
fn files_of_nss_and_gnupg_are_read() {
    if let Some(folder) = corpus("nss-interop") {
        for (file, algorithm) in [("Fran.p12", KeyAlgorithm::Rsa(2048)), ("Fran-ec.p12", KeyAlgorithm::P384)]
        {
            let contents = read(&std::fs::read(folder.join(file)).unwrap(), Some("nss")).unwrap();
            assert_eq!(contents.keys[0].key.algorithm(), algorithm);
            assert!(contents.keys[0].certificate.is_some());
        }
    }
    if let Some(folder) = corpus("notmuch") {
        // PEM armour, empty password.
        let bob = std::fs::read(folder.join("smime/bob.p12")).unwrap();
        for password in [None, Some("")] {
            let contents = read(&bob, password).unwrap();
            assert_eq!(contents.keys.len(), 1);
            assert!(contents.keys[0].certificate.as_ref().unwrap().subject().contains("Bob Babbage"));
        }
        let gpgsm = std::fs::read(folder.join("smime/0xE0972A47.p12")).unwrap();
        let contents = read(&gpgsm, None).unwrap();
        let plain = std::fs::read(folder.join("smime/key+cert.pem")).unwrap();
        assert_eq!(contents.keys[0].key.to_pkcs8_der(), PrivateKey::from_pem(&plain).unwrap().to_pkcs8_der());
    }
}

/// `openssl pkcs12 -export` of `name.key` and `name.crt`.
fn export(openssl: &Openssl, name: &str, password: &str, options: &(impl Words + ?Sized)) -> Vec<u8> {
    let command = format!("pkcs12 -export -inkey {name}.key -in {name}.crt -out out.p12");
    openssl.run(&((&command, ["-passout", &format!("pass:{password}")]), options));
    openssl.read("out.p12")
}

fn assert_holds(contents: &Contents, identity: &Identity, what: &str) {
    assert_eq!(contents.keys.len(), 1, "{what}");
    assert_eq!(contents.keys[0].key.to_pkcs8_der(), identity.key.to_pkcs8_der(), "{what}");
    assert_eq!(contents.keys[0].certificate.as_ref(), Some(&identity.certificate), "{what}");
}

#[test]
fn everything_that_openssl_can_write_is_read() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let mut variants: Vec<String> = [
        "",
        "-legacy",
        "-legacy -descert",
        "-nomac",
        "-noiter -nomaciter",
        "-iter 600000",
        "-certpbe NONE -keypbe NONE",
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-RC2-40",
        "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC",
        "-legacy -certpbe RC2-64-CBC -keypbe RC2-40-CBC",
        "-legacy -certpbe RC2-CBC -keypbe RC2-CBC",
    ]
    .map(str::to_owned)
    .into();
    for cipher in ["AES-128-CBC", "AES-192-CBC", "AES-256-CBC"] {
        variants.push(format!("-certpbe {cipher} -keypbe {cipher}"));
    }
    for digest in ["sha1", "sha224", "sha256", "sha384", "sha512"] {
        variants.push(format!("-macalg {digest}"));
    }
    for options in &variants {
        for password in ["Stand by", "", "pässwörd-密码-\u{1f511}"] {
            let octets = export(&openssl, "alice", password, options);
            let contents = read(&octets, Some(password))
                .unwrap_or_else(|error| panic!("{options:?} {password}: {error}"));
            assert_holds(&contents, &alice, &format!("{options:?} {password}"));
            let has_no_mac = options.words().contains(&"-nomac");
            let is_plain_without_mac = has_no_mac && options.words().contains(&"NONE");
            if !is_plain_without_mac && options != "-iter 600000" {
                assert_eq!(
                    read(&octets, Some("Stand bye")).unwrap_err(),
                    Pkcs12Error::WrongPassword,
                    "{options:?}"
                );
            }
            assert_eq!(contents.warnings.contains(&Warning::NoMac), has_no_mac);
        }
    }
    // RC4 is no block cipher and in no real file.
    let rc4 = export(&openssl, "alice", "x", "-legacy -keypbe PBE-SHA1-RC4-128");
    assert!(matches!(read(&rc4, Some("x")), Err(Pkcs12Error::Unsupported(_))));
}

#[test]
fn chains_and_names_are_read() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", RSA2048);
    let others = [openssl.identity("root", P256), openssl.identity("issuer", P256)];
    openssl
        .write("chain.pem", others.iter().map(|one| one.certificate.to_pem()).collect::<String>().as_bytes());
    let octets = export(
        &openssl,
        "alice",
        "x",
        &["-certfile", "chain.pem", "-name", "Alice 爱丽丝", "-caname", "the root"],
    );
    let contents = read(&octets, Some("x")).unwrap();
    assert_holds(&contents, &alice, "chain");
    assert_eq!(contents.keys[0].name.as_deref(), Some("Alice 爱丽丝"));
    assert_eq!(contents.warnings, []);
    let all: Vec<_> = contents.certificates.iter().map(|entry| &entry.certificate).collect();
    assert_eq!(all.len(), 3);
    assert!(others.iter().all(|other| all.contains(&&other.certificate)));
    assert_eq!(name_of(&contents, &others[0].certificate), Some("the root"));
}

fn entry(identity: &Identity) -> Entry<'_> {
    Entry { key: &identity.key, certificate: Some(&identity.certificate), name: Some("Alice 爱丽丝") }
}

fn pem_of(openssl: &Openssl, octets: &[u8], password: &str, options: &str) -> String {
    openssl.write("ours.p12", octets);
    openssl.text(&(("pkcs12 -in ours.p12 -nodes -passin", [&*format!("pass:{password}")]), options))
}

#[test]
fn openssl_reads_what_is_written() {
    let openssl = Openssl::new();
    let (alice, issuer) = (openssl.identity("alice", P256), openssl.identity("issuer", RSA2048));
    for form in [Form::Modern, Form::Old] {
        for password in ["Stand by", "", "pässwörd-\u{1f511}"] {
            let others = [issuer.certificate.clone()];
            let octets =
                pkcs12::write(&[entry(&alice)], &others, password, form, ITERATIONS, &mut OsRandom).unwrap();
            let pem = pem_of(&openssl, &octets, password, "");
            let key = PrivateKey::from_pem(pem.as_bytes()).unwrap();
            assert_eq!(key.to_pkcs8_der(), alice.key.to_pkcs8_der(), "{form:?}");
            let certificates = Certificate::read_all(pem.as_bytes()).unwrap();
            assert_eq!(certificates, [alice.certificate.clone(), issuer.certificate.clone()]);
            // OpenSSL prints the low octets of names only: 爱丽丝 are U+7231, U+4E3D, U+4E1D.
            assert_eq!(pem.matches("friendlyName: Alice 1=").count(), 2, "{pem}");
            assert_eq!(pem.matches("localKeyID").count(), 2, "{pem}");
            // OpenSSL pairs them: only the key's certificate is a client's.
            let client = pem_of(&openssl, &octets, password, "-clcerts -nokeys");
            assert_eq!(
                Certificate::read_all(client.as_bytes()).unwrap(),
                std::slice::from_ref(&alice.certificate)
            );
            assert_holds(&read(&octets, Some(password)).unwrap(), &alice, "ours");
        }
    }
    openssl.write(
        "ours.p12",
        &pkcs12::write(&[entry(&alice)], &[], "x", Form::Modern, 600_000, &mut OsRandom).unwrap(),
    );
    let info = openssl.try_run("pkcs12 -in ours.p12 -passin pass:x -info -noout");
    let info = String::from_utf8(info.stderr).unwrap();
    assert!(info.contains("MAC: sha256, Iteration 600000"), "{info}");
    assert_eq!(
        info.matches("PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256").count(),
        2,
        "{info}"
    );
}

/// OpenSSL 3.0 doesn't read PBMAC1, but computes PBKDF2 and HMAC: the MAC is the one of RFC 9579.
#[test]
fn openssl_computes_the_same_pbmac1() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let octets = pkcs12::write(&[entry(&alice)], &[], "Stand by", Form::Pbmac1, 7, &mut OsRandom).unwrap();
    assert_holds(&read(&octets, Some("Stand by")).unwrap(), &alice, "pbmac1");
    assert_eq!(read(&octets, Some("Stand bye")).unwrap_err(), Pkcs12Error::WrongPassword);
    openssl.write("ours.p12", &octets);
    let tree = openssl.text("asn1parse -inform DER -in ours.p12");
    let hex = |line: &str| line.rsplit_once("[HEX DUMP]:").unwrap().1.to_owned();
    let dumps: Vec<&str> = tree.lines().filter(|line| line.contains("[HEX DUMP]:")).collect();
    let [content, salt, mac] = dumps[..] else { panic!("{tree}") };
    assert!(tree.contains(":NOT USED"), "{tree}");
    assert!(
        tree.contains(":PBMAC1") && tree.contains(":PBKDF2") && tree.contains(":hmacWithSHA256"),
        "{tree}"
    );
    let key = derived(&openssl, 32, &hex(salt));
    openssl.write("content", &data_encoding::HEXUPPER.decode(hex(content).as_bytes()).unwrap());
    assert_eq!(hmac(&openssl, &key, "content"), hex(mac));
}

/// What `openssl kdf` derives from the password "Stand by" with 7 iterations, in hexadecimal like the salt.
fn derived(openssl: &Openssl, octets: u32, salt: &str) -> String {
    let options = format!("-keylen {octets} -kdfopt digest:SHA256 -kdfopt hexsalt:{salt} -kdfopt iter:7");
    let rest = ["-kdfopt", "pass:Stand by", "-kdfopt", "pkcs5:1", "PBKDF2"];
    openssl.text(&(("kdf", &options), rest)).trim().replace(':', "")
}

/// HMAC-SHA-256 of a file, in hexadecimal like the key.
fn hmac(openssl: &Openssl, key: &str, file: &str) -> String {
    openssl.text(&format!("mac -digest SHA256 -macopt hexkey:{key} -in {file} HMAC")).trim().to_owned()
}

/// An authenticated empty safe under PBMAC1 with a key of `octets` octets, made by OpenSSL.
fn with_mac_key(openssl: &Openssl, octets: u32) -> Vec<u8> {
    let safe = der::sequence(&[]);
    openssl.write("safe", &safe);
    let mac = hmac(openssl, &derived(openssl, octets, &data_encoding::HEXUPPER.encode(b"saltsalt")), "safe");
    let mac = data_encoding::HEXUPPER.decode(mac.as_bytes()).unwrap();
    let hmac = der::algorithm(&oid::HMAC_SHA256, &der::null());
    let parameters =
        der::sequence(&[&der::octet_string(b"saltsalt"), &der::small(7), &der::small(octets), &hmac]);
    let derivation = der::algorithm(&oid::PBKDF2, &parameters);
    let algorithm = der::algorithm(&oid::PBMAC1, &der::sequence(&[&derivation, &hmac]));
    let info = der::sequence(&[&algorithm, &der::octet_string(&mac)]);
    pfx(&safe, &der::sequence(&[&info, &der::octet_string(b"NOT USED")]))
}

/// Of 256 keys of one octet one is right, whatever the password is.
#[test]
fn a_mac_key_that_can_be_guessed_is_refused() {
    let openssl = Openssl::new();
    for octets in [1, 2, 8, 14, 16, 19] {
        let error = read(&with_mac_key(&openssl, octets), Some("Stand by")).unwrap_err();
        assert_eq!(error, Pkcs12Error::ShortMacKey, "{octets}");
    }
    for octets in [20, 32, 64] {
        let file = with_mac_key(&openssl, octets);
        let contents = read(&file, Some("Stand by")).unwrap();
        assert!(contents.keys.is_empty() && contents.warnings.is_empty(), "{octets}");
        assert_eq!(read(&file, Some("Stand back")).unwrap_err(), Pkcs12Error::WrongPassword);
    }
}

#[test]
fn several_keys_find_their_certificates_without_local_key_ids() {
    let openssl = Openssl::new();
    let (alice, bob) = (openssl.identity("alice", P256), openssl.identity("bob", RSA2048));
    // The certificates stand in another order than the keys, and carry no identifiers.
    let entries = [
        Entry { key: &alice.key, certificate: None, name: Some("one") },
        Entry { key: &bob.key, certificate: None, name: None },
    ];
    let others = [bob.certificate.clone(), alice.certificate.clone()];
    let octets = pkcs12::write(&entries, &others, "x", Form::Modern, ITERATIONS, &mut OsRandom).unwrap();
    let contents = read(&octets, Some("x")).unwrap();
    let pairs: Vec<_> = contents.keys.iter().map(|entry| entry.certificate.clone().unwrap()).collect();
    assert_eq!(pairs, [alice.certificate.clone(), bob.certificate.clone()]);
    assert_eq!(contents.keys[0].name.as_deref(), Some("one"));
    // A key without any certificate, and certificates without a key.
    let lonely =
        pkcs12::write(&entries[..1], &others[..1], "x", Form::Old, ITERATIONS, &mut OsRandom).unwrap();
    let contents = read(&lonely, Some("x")).unwrap();
    assert!(contents.keys[0].certificate.is_none());
    assert_eq!(contents.warnings, [Warning::NoCertificate]);
    let store = pkcs12::write(&[], &others, "x", Form::Modern, ITERATIONS, &mut OsRandom).unwrap();
    assert_eq!(read(&store, Some("x")).unwrap().certificates.len(), 2);
    // Another's certificate is refused before anything is written.
    let wrong = Entry { key: &alice.key, certificate: Some(&bob.certificate), name: None };
    assert!(pkcs12::write(&[wrong], &[], "x", Form::Modern, ITERATIONS, &mut OsRandom).is_err());
}

/// PFX around the content octets of an AuthenticatedSafe, with this MacData.
fn pfx(safe: &[u8], mac: &[u8]) -> Vec<u8> {
    let data = der::sequence(&[&der::oid(&oid::DATA), &der::context(0, &[&der::octet_string(safe)])]);
    der::sequence(&[&der::small(3), &data, mac])
}

fn mac_data(iterations: &[u8]) -> Vec<u8> {
    let info = der::sequence(&[&der::algorithm(&oid::SHA256, &der::null()), &der::octet_string(&[0; 32])]);
    der::sequence(&[&info, &der::octet_string(&[1; 8]), iterations])
}

#[test]
fn absurd_iteration_counts_are_refused_at_once() {
    let empty = der::sequence(&[]);
    for (octets, expected) in [
        (&[0x00, 0x80, 0, 0, 0][..], Pkcs12Error::TooCostly),
        (&[0x7f, 0xff, 0xff, 0xff], Pkcs12Error::TooCostly),
        (&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Pkcs12Error::TooCostly),
        (&[0x4c, 0x4b, 0x41], Pkcs12Error::TooCostly), // 5 000 001
        (&[0], Pkcs12Error::Malformed),
        (&[0xff], Pkcs12Error::Malformed),
        (&[100], Pkcs12Error::WrongPassword),
    ] {
        let file = pfx(&empty, &mac_data(&der::integer(octets)));
        assert_eq!(read(&file, Some("x")).unwrap_err(), expected, "{octets:02x?}");
    }
    let error = read(&pfx(&empty, &mac_data(&der::small(1 << 31))), Some("x")).unwrap_err();
    assert!(error.to_string().contains("5000000 iterations"), "{error}");
    // Nor may many bags add up to it.
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    for iterations in [0, 5_000_001] {
        let written = pkcs12::write(&[entry(&alice)], &[], "x", Form::Modern, iterations, &mut OsRandom);
        assert_eq!(written.unwrap_err(), Pkcs12Error::TooCostly);
    }
}

#[test]
fn nested_and_numerous_bags_are_bounded() {
    let data = |content: &[u8]| {
        der::sequence(&[&der::oid(&oid::DATA), &der::context(0, &[&der::octet_string(content)])])
    };
    let mut contents = der::sequence(&[]);
    for _ in 0..20 {
        contents = der::sequence(&[&der::sequence(&[
            &der::oid(&oid::SAFE_CONTENTS_BAG),
            &der::context(0, &[&contents]),
        ])]);
    }
    let nested = pfx(&der::sequence(&[&data(&contents)]), &[]);
    assert_eq!(read(&nested, None).unwrap_err(), Pkcs12Error::Limit("8 nested safes"));
    let bag = der::sequence(&[&der::oid(&oid::SECRET_BAG), &der::context(0, &[&der::null()])]);
    let many = pfx(&der::sequence(&[&data(&der::sequence(&[&bag.repeat(5000)]))]), &[]);
    assert_eq!(read(&many, None).unwrap_err(), Pkcs12Error::Limit("4096 bags"));
    let few = pfx(&der::sequence(&[&data(&der::sequence(&[&bag.repeat(5)]))]), &[]);
    assert_eq!(read(&few, None).unwrap().warnings, [Warning::NoMac, Warning::UnsupportedBag]);
    let openssl = Openssl::new();
    let key = openssl.identity("alice", P256).key.to_pkcs8_der();
    let bag = der::sequence(&[&der::oid(&oid::KEY_BAG), &der::context(0, &[&key])]);
    let keys = |count: usize| pfx(&der::sequence(&[&data(&der::sequence(&[&bag.repeat(count)]))]), &[]);
    assert_eq!(read(&keys(64), None).unwrap().keys.len(), 64);
    assert_eq!(read(&keys(65), None).unwrap_err(), Pkcs12Error::Limit("64 keys"));
    assert_eq!(
        read(&vec![0x30; pkcs12::MAX_PKCS12_OCTETS + 1], None).unwrap_err(),
        Pkcs12Error::Limit("16 MiB")
    );
}

/// Indefinite lengths and constructed strings, as NSS and Java of old wrote them.
#[test]
fn ber_is_read() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let octets = export(&openssl, "alice", "x", "-macalg sha256");
    let mut fields = smime::ber::sequence(&octets).unwrap();
    let version = fields.any().unwrap().raw();
    let mut info = fields.sequence().unwrap();
    let content_type = info.any().unwrap().raw();
    let content = info.any().unwrap().explicit().unwrap().octets().unwrap().into_owned();
    let mac = fields.rest();
    let indefinite = |tag: u8, parts: &[&[u8]]| [&[tag, 0x80], parts.concat().as_slice(), &[0, 0]].concat();
    let pieces: Vec<u8> = content.chunks(100).flat_map(der::octet_string).collect();
    let content = indefinite(0xA0, &[&indefinite(0x24, &[&pieces])]);
    let ber = indefinite(0x30, &[version, &indefinite(0x30, &[content_type, &content]), mac]);
    assert_holds(&read(&ber, Some("x")).unwrap(), &alice, "BER");
}

#[test]
fn damaged_files_are_refused_and_never_panic() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    for form in [Form::Modern, Form::Pbmac1, Form::Old] {
        let octets = pkcs12::write(&[entry(&alice)], &[], "x", form, 1, &mut OsRandom).unwrap();
        for length in 0..octets.len() {
            assert!(read(&octets[..length], Some("x")).is_err(), "{form:?} cut at {length}");
        }
        let mut changed = octets.clone();
        for position in 0..octets.len() {
            for bit in [0x01, 0x10, 0x80] {
                changed[position] ^= bit;
                // What the MAC does not cover are its own parameters and the outer tags: then it is the same file.
                if let Ok(contents) = read(&changed, Some("x")) {
                    assert_holds(&contents, &alice, &format!("{form:?} bit {bit} of {position}"));
                }
                changed[position] ^= bit;
            }
        }
    }
    for junk in
        [&b""[..], b"junk", &[0x30, 0x80], &[0x30, 0], b"-----BEGIN PKCS12-----\n!!\n-----END PKCS12-----"]
    {
        assert_eq!(read(junk, Some("x")).unwrap_err(), Pkcs12Error::Malformed);
    }
}
