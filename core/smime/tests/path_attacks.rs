//! What must not be a valid path, and with which reason; the chains are made by OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use pki::{ALICE, CA, EC, Pki, anchor, anchor_for, signer, smtp_utf8_mailbox, soon};
use smime::path::{MAX_PATH_LENGTH, Purpose, Trust, TrustAnchor, TrustedPath, validate};
use smime::verdict::Reason;
use smime::{Certificate, UnixTime};

fn signing(
    leaf: &Certificate,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
) -> Result<TrustedPath, Vec<Reason>> {
    at(leaf, untrusted, anchors, soon(leaf))
}

fn at(
    leaf: &Certificate,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    at: UnixTime,
) -> Result<TrustedPath, Vec<Reason>> {
    validate(leaf, untrusted, anchors, at, Purpose::EmailSigning).map_err(|failure| failure.reasons)
}

fn refused(result: Result<TrustedPath, Vec<Reason>>) -> Vec<Reason> {
    result.expect_err("must be refused")
}

#[test]
fn a_chain_over_an_intermediate_is_found_among_unrelated_certificates() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let middle = pki.issue("root", "middle", CA);
    let alice = pki.issue("middle", "alice", &signer(ALICE));
    let other = pki.root("other", CA);
    let path =
        signing(&alice, &[other.clone(), alice.clone(), middle.clone()], &[anchor(&other), anchor(&root)])
            .unwrap();
    assert_eq!(path.certificates(), [alice.clone(), middle.clone(), root.clone()]);
    assert_eq!(path.anchor(), &anchor(&root));
    assert_eq!(
        refused(signing(&alice, &[], &[anchor(&root)])),
        [Reason::NoTrustedPath],
        "intermediate missing"
    );
    // An intermediate can be an anchor.
    assert_eq!(signing(&alice, &[root], &[anchor(&middle)]).unwrap().certificates(), [alice, middle]);
}

#[test]
fn validity_is_judged_at_the_given_second() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let alice = pki.issue("root", "alice", &signer(ALICE));
    let anchors = [anchor(&root)];
    assert!(at(&alice, &[], &anchors, alice.not_after()).is_ok());
    assert_eq!(refused(at(&alice, &[], &anchors, alice.not_after().plus(1))), [Reason::Expired]);
    assert_eq!(refused(at(&alice, &[], &anchors, root.not_before().minus(1))), [Reason::NotYetValid]);
    let after_both = root.not_after().plus(1);
    assert_eq!(refused(at(&alice, &[], &anchors, after_both)), [Reason::Expired]);
}

#[test]
fn usages_bind_the_leaf_and_extended_usages_the_intermediate() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let with = |name: &str, extensions: &str| {
        let leaf = pki.issue("root", name, &format!("{extensions}\nsubjectAltName=email:{ALICE}"));
        signing(&leaf, &[], &[anchor(&root)]).map(drop)
    };
    assert_eq!(with("a", "keyUsage=keyEncipherment"), Err(vec![Reason::WrongKeyUsage]));
    assert_eq!(with("b", "extendedKeyUsage=serverAuth,clientAuth"), Err(vec![Reason::WrongExtendedKeyUsage]));
    assert_eq!(with("c", "keyUsage=nonRepudiation"), Ok(()));
    assert_eq!(with("d", "extendedKeyUsage=anyExtendedKeyUsage"), Ok(()));
    assert_eq!(with("e", ""), Ok(()), "no usage extension at all (RFC 8550 section 4.4)");
    let web = pki.issue("root", "web", &format!("{CA}\nextendedKeyUsage=serverAuth"));
    let alice = pki.issue("web", "alice", &signer(ALICE));
    assert_eq!(refused(signing(&alice, &[web], &[anchor(&root)])), [Reason::WrongExtendedKeyUsage]);
}

#[test]
fn name_constraints_bind_every_form_of_an_address() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let constrained = |name: &str, constraint: &str| {
        pki.issue("root", name, &format!("{CA}\nnameConstraints=critical,{constraint}"))
    };
    let domain = constrained("domain", "permitted;email:example.org");
    let mailbox = constrained("mailbox", "permitted;email:alice@example.org");
    let excluded = constrained("excluded", "excluded;email:example.org");
    let of = |issuer: &str, name: &str, extensions: &str| pki.issue(issuer, name, extensions);
    let utf8 = |mailbox: &str| format!("extendedKeyUsage=emailProtection\n{}", smtp_utf8_mailbox(mailbox));
    let rows: [(&Certificate, &str, String, bool); 11] = [
        (&domain, "domain", signer(ALICE), true),
        (&domain, "domain", signer("alice@sub.example.org"), false),
        (&domain, "domain", signer("alice@example.org.evil.net"), false),
        (&domain, "domain", format!("{},email:eve@evil.net", signer(ALICE)), false),
        (&domain, "domain", utf8("山@example.org"), true),
        (&domain, "domain", utf8("山@example.net"), false),
        (&mailbox, "mailbox", signer(ALICE), true),
        (&mailbox, "mailbox", signer("bob@example.org"), false),
        (&mailbox, "mailbox", utf8("山@example.org"), false),
        (&excluded, "excluded", signer("ALICE@EXAMPLE.ORG"), false),
        (&excluded, "excluded", signer("alice@example.net"), true),
    ];
    for (index, (issuer, issuer_name, extensions, permitted)) in rows.iter().enumerate() {
        let leaf = of(issuer_name, &format!("leaf{index}"), extensions);
        assert!(!leaf.emails().is_empty(), "row {index}");
        let outcome = signing(&leaf, &[(*issuer).clone()], &[anchor(&root)]).map(drop);
        let expected = if *permitted { Ok(()) } else { Err(vec![Reason::NameConstraints]) };
        assert_eq!(outcome, expected, "row {index}: {extensions}");
    }
    // Without alternative names the address in the subject is bound as well.
    pki.openssl.run(
        "req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout s.key -out s.csr \
         -subj /CN=x/emailAddress=eve@evil.net",
    );
    let leaf = pki.sign_request("domain", "s", "s", "extendedKeyUsage=emailProtection", "");
    assert_eq!(refused(signing(&leaf, &[domain], &[anchor(&root)])), [Reason::NameConstraints]);
}

/// `exämple.org` is another spelling of an excluded host: what can't be compared is not let through.
#[test]
fn a_unicode_host_passes_no_constraint() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let constraint = "nameConstraints=critical,excluded;email:xn--exmple-cua.org";
    let excluded = pki.issue("root", "excluded", &format!("{CA}\n{constraint}"));
    let leaf = |name: &str, mailbox: &str| {
        let extensions = format!("extendedKeyUsage=emailProtection\n{}", smtp_utf8_mailbox(mailbox));
        pki.issue("excluded", name, &extensions)
    };
    let spelt = leaf("spelt", "山@exämple.org");
    let verdict = signing(&spelt, std::slice::from_ref(&excluded), &[anchor(&root)]);
    assert_eq!(refused(verdict), [Reason::NameConstraints]);
    let other = leaf("other", "山@example.net");
    assert_eq!(signing(&other, &[excluded], &[anchor(&root)]).map(drop), Ok(()));
}

#[test]
fn a_leaf_is_no_ca_and_path_lengths_are_kept() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let bob = pki.issue("root", "bob", &signer("bob@example.org"));
    let forged = pki.issue("bob", "forged", &signer(ALICE));
    assert_eq!(
        refused(signing(&forged, &[bob], &[anchor(&root)])),
        [Reason::WrongKeyUsage, Reason::PathConstraints],
        "bob issues for alice"
    );
    let zero = pki.issue("root", "zero", &CA.replace("CA:TRUE", "CA:TRUE,pathlen:0"));
    let below = pki.issue("zero", "below", CA);
    let alice = pki.issue("below", "alice", &signer(ALICE));
    assert_eq!(refused(signing(&alice, &[zero, below], &[anchor(&root)])), [Reason::PathConstraints]);
    let no_sign = pki.issue("root", "no_sign", "basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign");
    let alice = pki.issue("no_sign", "alice2", &signer(ALICE));
    assert_eq!(refused(signing(&alice, &[no_sign], &[anchor(&root)])), [Reason::WrongKeyUsage]);
}

#[test]
fn an_imposter_of_the_same_name_is_not_the_anchor() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let imposter = pki.root_with("imposter", "/CN=root", CA, EC);
    let alice = pki.issue("imposter", "alice", &signer(ALICE));
    assert_eq!(imposter.subject(), root.subject());
    assert_eq!(
        refused(signing(&alice, std::slice::from_ref(&imposter), &[anchor(&root)])),
        [Reason::NoTrustedPath]
    );
    // Two roots of one name, both trusted: the right one is found.
    let anchors = [anchor(&root), anchor(&imposter)];
    assert_eq!(signing(&alice, &[], &anchors).unwrap().anchor().certificate, imposter);
}

#[test]
fn loops_of_cross_certificates_end() {
    let pki = Pki::new();
    let trusted = pki.root("trusted", CA);
    pki.root("a", CA);
    pki.root("b", CA);
    let mut mesh = Vec::new();
    for round in 0..6 {
        mesh.push(pki.sign_request("a", "b", &format!("b{round}"), CA, ""));
        mesh.push(pki.sign_request("b", "a", &format!("a{round}"), CA, ""));
    }
    let alice = pki.issue("a", "alice", &signer(ALICE));
    assert_eq!(refused(signing(&alice, &mesh, &[anchor(&trusted)])), [Reason::NoTrustedPath]);
}

#[test]
fn an_anchor_speaks_for_its_address_only() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let alice = pki.issue("root", "alice", &signer(ALICE));
    let both = pki.issue("root", "both", &format!("{},email:bob@example.org", signer(ALICE)));
    let nobody = pki.issue("root", "nobody", "keyUsage=digitalSignature");
    let for_alice = [anchor_for(&root, Trust::Met, "Alice@Example.ORG")];
    let for_bob = [anchor_for(&root, Trust::Met, "bob@example.org")];
    assert!(signing(&alice, &[], &for_alice).is_ok());
    assert_eq!(refused(signing(&alice, &[], &for_bob)), [Reason::NoTrustedPath]);
    assert_eq!(refused(signing(&both, &[], &for_alice)), [Reason::NoTrustedPath], "alice and no other");
    assert_eq!(refused(signing(&nobody, &[], &for_alice)), [Reason::NoTrustedPath]);
}

#[test]
fn a_pinned_certificate_is_an_anchor_for_itself_only() {
    let pki = Pki::new();
    pki.root("root", CA);
    let alice = pki.issue("root", "alice", &signer(ALICE));
    let pinned = [anchor_for(&alice, Trust::Pinned, ALICE)];
    assert_eq!(signing(&alice, &[], &pinned).unwrap().certificates(), std::slice::from_ref(&alice));
    assert_eq!(refused(at(&alice, &[], &pinned, alice.not_after().plus(1))), [Reason::Expired]);
    let renewed = pki.sign_request("root", "alice", "renewed", &signer(ALICE), "");
    assert_eq!(
        refused(signing(&renewed, &[], &pinned)),
        [Reason::NoTrustedPath],
        "same key, another certificate"
    );
    let forged = pki.issue("alice", "forged", &signer(ALICE));
    assert_eq!(refused(signing(&forged, &[], &pinned)), [Reason::WrongKeyUsage, Reason::PathConstraints]);
}

#[test]
fn the_strongest_trust_is_reported() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let alice = pki.issue("root", "alice", &signer(ALICE));
    let pinned = anchor_for(&alice, Trust::Pinned, ALICE);
    let met = anchor_for(&root, Trust::Met, ALICE);
    let anchors = [pinned, anchor(&root), met];
    let path = signing(&alice, &[], &anchors).unwrap();
    assert_eq!((path.anchor().trust, path.certificates().len()), (Trust::Met, 2));
    let nobody = [anchor_for(&root, Trust::None, ALICE)];
    assert_eq!(refused(signing(&alice, &[], &nobody)), [Reason::NoTrustedPath], "no trust is no anchor");
}

#[test]
fn weak_algorithms_and_unknown_critical_extensions_are_refused() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let sha1 = pki.issue_with("root", "sha1", &signer(ALICE), EC, "-sha1");
    assert_eq!(refused(signing(&sha1, &[], &[anchor(&root)])), [Reason::WeakDigest]);
    let short = pki.issue_with("root", "short", &signer(ALICE), "rsa:1024", "");
    assert_eq!(refused(signing(&short, &[], &[anchor(&root)])), [Reason::WeakKey]);
    let critical = pki.issue("root", "critical", &format!("{}\n1.2.3.4=critical,DER:0500", signer(ALICE)));
    assert_eq!(refused(signing(&critical, &[], &[anchor(&root)])), [Reason::InvalidCertificate]);
    let known = pki.issue("root", "known", &format!("{}\n1.2.3.4=DER:0500", signer(ALICE)));
    assert!(signing(&known, &[], &[anchor(&root)]).is_ok());
    let curve = "ec -pkeyopt ec_paramgen_curve:brainpoolP256r1";
    let brainpool = pki.root_with("brainpool", "/CN=brainpool", CA, curve);
    let alice = pki.issue("brainpool", "alice", &signer(ALICE));
    assert_eq!(refused(signing(&alice, &[], &[anchor(&brainpool)])), [Reason::UnsupportedAlgorithm]);
}

#[test]
fn time_stamping_must_be_the_critical_and_only_extended_usage() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let with = |name: &str, usage: &str| {
        let leaf = pki.issue("root", name, &format!("keyUsage=critical,digitalSignature\n{usage}"));
        validate(&leaf, &[], &[anchor(&root)], soon(&leaf), Purpose::TimeStamping)
            .map(drop)
            .map_err(|f| f.reasons)
    };
    let wrong = Err(vec![Reason::WrongExtendedKeyUsage]);
    assert_eq!(with("right", "extendedKeyUsage=critical,timeStamping"), Ok(()));
    assert_eq!(with("soft", "extendedKeyUsage=timeStamping"), wrong);
    assert_eq!(with("more", "extendedKeyUsage=critical,timeStamping,emailProtection"), wrong);
    assert_eq!(with("any", "extendedKeyUsage=critical,anyExtendedKeyUsage"), wrong);
    assert_eq!(with("none", "basicConstraints=CA:FALSE"), wrong);
}

#[test]
fn a_hundred_imposters_do_not_stop_the_clock() {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    // One name, many keys, all cross-signed by the imposter, and the right one last.
    pki.root_with("imposter", "/CN=middle", CA, EC);
    let mut crowd: Vec<Certificate> = (0..40)
        .map(|index| {
            let name = format!("crowd{index}");
            pki.root_with(&name, "/CN=middle", CA, EC);
            pki.sign_request("imposter", &name, &name, CA, "")
        })
        .collect();
    let middle = pki.issue("root", "middle", CA);
    let alice = pki.issue("middle", "alice", &format!("{}\nauthorityKeyIdentifier=keyid", signer(ALICE)));
    crowd.push(middle.clone());
    let path = signing(&alice, &crowd, &[anchor(&root)]).unwrap();
    assert_eq!(path.certificates(), [alice, middle, root]);
}

#[test]
fn paths_end_at_the_longest_length() {
    let pki = Pki::new();
    let root = pki.root("ca0", CA);
    let mut middles = Vec::new();
    for index in 1..16 {
        middles.push(pki.issue(&format!("ca{}", index - 1), &format!("ca{index}"), CA));
    }
    // Leaf, 14 intermediates and the root are 16 certificates.
    let longest = pki.issue("ca14", "longest", &signer(ALICE));
    assert_eq!(signing(&longest, &middles, &[anchor(&root)]).unwrap().certificates().len(), MAX_PATH_LENGTH);
    let too_long = pki.issue("ca15", "too_long", &signer(ALICE));
    assert_eq!(refused(signing(&too_long, &middles, &[anchor(&root)])), [Reason::NoTrustedPath]);
}
