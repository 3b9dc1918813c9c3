//! Revocation lists: what they decide, and what they must not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod status;
mod support;

use pki::{CA, EC, signer};
use smime::ber::write;
use smime::crl::{CertificateList, CrlError};
use smime::path::Purpose;
use smime::revocation::{CertificateStatus, Demand, NeedKind, Sources, StatusReason};
use smime::verdict::{Reason, Revocation};
use smime::{Certificate, UnixTime};
use status::{
    DAY, HOUR, INDIRECT, Line, List, Question, World, delta_of, extension, invalid_since, line_issuer,
    number, only_reasons, reason, scope,
};

const KEY_COMPROMISE: u8 = 1;
const SUPERSEDED: u8 = 4;
const HOLD: u8 = 6;
const REMOVE: u8 = 8;

impl World {
    fn new() -> Self {
        Self::with("")
    }

    fn with(extensions: &str) -> Self {
        Self::at_age(10 * DAY, extensions)
    }

    /// A list of an hour ago with these lines.
    fn list(&self, lines: &[Line]) -> CertificateList {
        List::new(self.at.minus(HOUR), lines).sign(&self.pki, "root")
    }

    fn revoked(&self, code: u8) -> Line {
        Line::of(&self.alice, self.at.minus(DAY), &[reason(code)])
    }
}

fn good(status: &CertificateStatus) {
    assert_eq!((status.state, &status.reasons[..]), (Revocation::Good, &[][..]));
}

fn unknown(status: &CertificateStatus, reason: StatusReason) {
    assert_eq!((status.state, &status.reasons[..]), (Revocation::Unknown, &[reason][..]));
}

fn revoked(status: &CertificateStatus, reason: StatusReason) {
    assert_eq!((status.state, &status.reasons[..]), (Revocation::Revoked, &[reason][..]));
}

#[test]
fn lists_of_openssl_clear_and_revoke() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    openssl.write("crlnumber", b"01\n");
    openssl.write(
        "ca.cnf",
        b"[ca]\ndefault_ca=c\n[c]\ndatabase=db.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ncrl_extensions=e\n\
          [e]\nauthorityKeyIdentifier=keyid\n",
    );
    let zulu = |time: UnixTime| {
        let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
        format!("{digits}Z")
    };
    let list = |lines: &str| {
        openssl.write("db.txt", lines.as_bytes());
        let (last, next) = (zulu(world.at.minus(HOUR)), zulu(world.at.plus(DAY)));
        openssl.run(&format!(
            "ca -config ca.cnf -gencrl -keyfile root.key -cert root.pem -crl_lastupdate {last} \
             -crl_nextupdate {next} -out list.pem"
        ));
        CertificateList::read_all(&openssl.read("list.pem")).unwrap()
    };
    good(&world.status(&list("")));
    let serial = world.alice.serial_hex().to_uppercase();
    let serial = if serial.len() % 2 == 1 { format!("0{serial}") } else { serial };
    // OpenSSL's index has years of two digits.
    let revocation = zulu(world.at.minus(DAY)).split_off(2);
    let line = format!("R\t491231235959Z\t{revocation},superseded\t{serial}\tunknown\t/CN=alice\n");
    let status = world.status(&list(&line));
    revoked(&status, StatusReason::Superseded);
    assert_eq!(status.revoked_at, Some(world.at.minus(DAY)));
    // The serial number of somebody else.
    good(&world.status(&list(&line.replace(&serial, "1234"))));
}

#[test]
fn a_revoked_certificate_has_no_path_unless_another_way_leads_around_it() {
    let world = World::new();
    let list = world.list(&[world.revoked(KEY_COMPROMISE)]);
    let sources = Sources { lists: std::slice::from_ref(&list), ..Sources::default() };
    let failure = world.question().validate(sources).unwrap_err();
    assert_eq!(failure.reasons, [Reason::Revoked]);
    assert_eq!(failure.path, [world.alice.clone(), world.root.clone()]);
    revoked(&failure.statuses[0], StatusReason::KeyCompromise);
    // An intermediate that was issued twice, once revoked.
    let pki = &world.pki;
    let middle = pki.issue("root", "middle", CA);
    let again = pki.sign_request("root", "middle", "again", CA, "");
    let bob = pki.issue("middle", "bob", &signer("bob@example.org"));
    let list = world.list(&[Line::of(&middle, world.at.minus(DAY), &[])]);
    let lists = [list, List::new(world.at.minus(HOUR), &[]).sign(pki, "middle")];
    let untrusted = [middle, again.clone()];
    let question = Question { untrusted: &untrusted, ..Question::new(&bob, &world.anchors, world.at) };
    let demand = Demand::Everywhere;
    let path = question.validate(Sources { lists: &lists, demand, ..Sources::default() }).unwrap();
    assert_eq!(path.certificates()[1], again);
}

#[test]
fn what_is_unknown_fails_only_where_it_is_asked_for() {
    let world = World::new();
    let pki = &world.pki;
    let middle = pki.issue("root", "middle", CA);
    let bob = pki.issue("middle", "bob", &signer("bob@example.org"));
    let lists = [List::new(world.at.minus(HOUR), &[]).sign(pki, "middle")];
    let untrusted = [middle];
    let question = Question { untrusted: &untrusted, ..Question::new(&bob, &world.anchors, world.at) };
    let with = |lists, demand| question.validate(Sources { lists, demand, ..Sources::default() });
    let states =
        |path: smime::path::TrustedPath| path.statuses().iter().map(|one| one.state).collect::<Vec<_>>();
    let (good, unknown, not_checked) = (Revocation::Good, Revocation::Unknown, Revocation::NotChecked);
    assert_eq!(states(with(&[], Demand::Nowhere).unwrap()), [not_checked; 3]);
    assert_eq!(states(with(&lists, Demand::WhereGiven).unwrap()), [good, unknown, not_checked]);
    assert_eq!(with(&lists, Demand::Everywhere).unwrap_err().reasons, [Reason::RevocationUnknown]);
    assert_eq!(with(&[], Demand::WhereGiven).unwrap_err().reasons, [Reason::RevocationUnknown], "the leaf");
    let stale = [lists[0].clone(), List::new(world.at.minus(9 * DAY), &[]).sign(pki, "root")];
    assert_eq!(with(&stale, Demand::WhereGiven).unwrap_err().reasons, [Reason::RevocationUnknown]);
    assert_eq!(states(with(&stale, Demand::Nowhere).unwrap()), [good, unknown, not_checked]);
}

#[test]
fn stale_lists_and_lists_of_tomorrow_say_nothing() {
    let world = World::new();
    let at = |this_update: UnixTime, next_update: Option<UnixTime>| {
        let list = List { next_update, ..List::new(this_update, &[]) };
        world.status(&[list.sign(&world.pki, "root")])
    };
    unknown(&at(world.at.minus(2 * DAY), Some(world.at.minus(1))), StatusReason::CrlExpired);
    good(&at(world.at.minus(2 * DAY), Some(world.at)));
    unknown(&at(world.at.plus(6 * 60), Some(world.at.plus(DAY))), StatusReason::CrlNotYetValid);
    good(&at(world.at.minus(HOUR), None));
    unknown(&at(world.at.minus(DAY + 1), None), StatusReason::CrlExpired);
    // A replayed list from before the revocation is stale too; beside the new one it is not heard.
    let old = List { next_update: Some(world.at.plus(9 * DAY)), ..List::new(world.at.minus(2 * DAY), &[]) }
        .sign(&world.pki, "root");
    good(&world.status(std::slice::from_ref(&old)));
    let new = world.list(&[world.revoked(KEY_COMPROMISE)]);
    for lists in [[old.clone(), new.clone()], [new, old]] {
        revoked(&world.status(&lists), StatusReason::KeyCompromise);
    }
}

#[test]
fn a_list_by_another_key_under_the_same_name_is_not_believed() {
    let world = World::new();
    let imposter = world.pki.root_with("imposter", "/CN=root", CA, EC);
    let clearing = List::new(world.at.minus(HOUR), &[]);
    let forged = CertificateList::from_der(&clearing.sign_as(&world.pki, &imposter, "imposter")).unwrap();
    unknown(&world.status(std::slice::from_ref(&forged)), StatusReason::CrlSignature);
    let untrusted = [imposter];
    let question = Question { untrusted: &untrusted, ..world.question() };
    unknown(&question.status(&[forged], &[]), StatusReason::CrlIssuer);
    // Who has a CA below the anchor can take the root's name; no list of it counts for the root's certificates.
    world.pki.issue("root", "middle", CA);
    world.pki.root_with("namesake", "/CN=root", CA, EC);
    let namesake = world.pki.sign_request("middle", "namesake", "namesake", CA, "");
    let middle = world.pki.certificate("middle");
    let list = CertificateList::from_der(&clearing.sign_as(&world.pki, &namesake, "namesake")).unwrap();
    let untrusted = [middle, namesake];
    let question = Question { untrusted: &untrusted, ..world.question() };
    unknown(&question.status(&[list], &[]), StatusReason::CrlIssuer);
}

#[test]
fn a_new_key_of_the_same_authority_may_sign_its_lists() {
    let world = World::new();
    world.pki.root_with("rolled", "/CN=root", CA, EC);
    let rolled = world.pki.sign_request("root", "rolled", "rolled", CA, "");
    let list = List::new(world.at.minus(HOUR), &[]).sign(&world.pki, "rolled");
    let untrusted = [rolled.clone()];
    let question = Question { untrusted: &untrusted, ..world.question() };
    good(&question.status(std::slice::from_ref(&list), &[]));
    // The list may speak of its own signer, and then says nothing more.
    let own = List::new(world.at.minus(HOUR), &[Line::of(&rolled, world.at.minus(DAY), &[])]);
    unknown(&question.status(&[own.sign(&world.pki, "rolled")], &[]), StatusReason::CrlIssuer);
}

#[test]
fn who_may_not_sign_lists_is_not_heard() {
    let world = World::new();
    let no_lists = world.pki.issue("root", "middle", &CA.replace(",cRLSign", ""));
    let bob = world.pki.issue("middle", "bob", &signer("bob@example.org"));
    let list = List::new(world.at.minus(HOUR), &[]).sign(&world.pki, "middle");
    let untrusted = [no_lists];
    let question = Question { untrusted: &untrusted, ..Question::new(&bob, &world.anchors, world.at) };
    unknown(&question.status(&[list], &[]), StatusReason::CrlIssuer);
}

#[test]
fn truncated_and_changed_lists_are_refused() {
    let world = World::new();
    let list = world.list(&[world.revoked(KEY_COMPROMISE)]);
    let der = list.der();
    for length in 0..der.len() {
        assert_eq!(CertificateList::from_der(&der[..length]), Err(CrlError::Malformed), "{length} octets");
    }
    assert_eq!(CertificateList::from_der(&[der, &[0]].concat()), Err(CrlError::Malformed));
    for position in 0..der.len() {
        let mut changed = der.to_vec();
        changed[position] ^= 0x10;
        if let Ok(changed) = CertificateList::from_der(&changed) {
            assert!(!changed.is_signed_by(&world.root), "octet {position} is not signed");
            assert_ne!(world.status(&[changed]).state, Revocation::Good, "octet {position}");
        }
    }
    assert_eq!(CertificateList::read_all(b"hello"), Err(CrlError::Missing));
    assert_eq!(CertificateList::read_all(world.alice.to_pem().as_bytes()), Err(CrlError::Missing));
    let pem =
        format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", data_encoding::BASE64.encode(der));
    assert_eq!(CertificateList::read_all(pem.repeat(2).as_bytes()).unwrap(), [list.clone(), list]);
    assert!(matches!(CertificateList::from_der(&vec![0x30; (64 << 20) + 1]), Err(CrlError::Limit(_))));
}

#[test]
fn a_list_of_a_hundred_thousand_lines_is_searched_like_a_short_one() {
    let world = World::new();
    let date = world.at.minus(DAY);
    let mut lines: Vec<Line> = (1..=100_000u32)
        .map(|serial| Line {
            serial: (1 << 24 | serial).to_be_bytes().to_vec(),
            revoked_at: date,
            extensions: Vec::new(),
        })
        .collect();
    let clear = world.list(&lines);
    assert_eq!(clear.len(), 100_000);
    good(&world.status(std::slice::from_ref(&clear)));
    lines.insert(50_000, world.revoked(SUPERSEDED));
    revoked(&world.status(&[clear, world.list(&lines)]), StatusReason::Superseded);
}

#[test]
fn of_two_lines_about_one_certificate_the_earlier_revocation_counts() {
    let world = World::new();
    let (early, late) = (world.at.minus(3 * DAY), world.at.minus(DAY));
    let first = Line::of(&world.alice, late, &[reason(SUPERSEDED)]);
    let second = Line::of(&world.alice, early, &[reason(KEY_COMPROMISE)]);
    for lines in [[first.clone(), second.clone()], [second, first]] {
        let status = world.status(&[world.list(&lines)]);
        revoked(&status, StatusReason::KeyCompromise);
        assert_eq!(status.revoked_at, Some(early));
    }
    // A line that takes it out beside one that revokes it: revoked.
    let lines = [Line::of(&world.alice, early, &[reason(REMOVE)]), world.revoked(SUPERSEDED)];
    revoked(&world.status(&[world.list(&lines)]), StatusReason::Superseded);
}

#[test]
fn what_is_critical_and_unknown_makes_a_list_useless() {
    let world = World::new();
    let strange = |critical| extension("1.2.3.4", critical, &write::null());
    let list = |extensions: &[Vec<u8>], line: &[Vec<u8>]| {
        let line = Line { serial: vec![7], revoked_at: world.at.minus(DAY), extensions: line.concat() };
        world.status(&[List::new(world.at.minus(HOUR), &[line]).with(extensions).sign(&world.pki, "root")])
    };
    good(&list(&[number(1), strange(false)], &[strange(false)]));
    unknown(&list(&[number(1), strange(true)], &[]), StatusReason::CrlUnsupported);
    unknown(&list(&[number(1)], &[strange(true)]), StatusReason::CrlUnsupported);
    unknown(&list(&[number(1), number(1)], &[]), StatusReason::CrlUnsupported);
    unknown(&list(&[number(1)], &[reason(HOLD), reason(HOLD)]), StatusReason::CrlUnsupported);
    unknown(&list(&[number(1)], &[reason(7)]), StatusReason::CrlUnsupported);
}

#[test]
fn each_reason_of_a_revocation_is_named() {
    let world = World::new();
    for (code, why) in [
        (0, StatusReason::Unspecified),
        (1, StatusReason::KeyCompromise),
        (2, StatusReason::CaCompromise),
        (3, StatusReason::AffiliationChanged),
        (4, StatusReason::Superseded),
        (5, StatusReason::CessationOfOperation),
        (6, StatusReason::CertificateHold),
        (9, StatusReason::PrivilegeWithdrawn),
        (10, StatusReason::AaCompromise),
    ] {
        revoked(&world.status(&[world.list(&[world.revoked(code)])]), why);
    }
}

#[test]
fn a_hold_is_revoked_until_a_delta_lifts_it() {
    let world = World::new();
    let base = world.list(&[world.revoked(HOLD)]);
    revoked(&world.status(std::slice::from_ref(&base)), StatusReason::CertificateHold);
    let delta = |issuer: &str, from: u32, number_: u32, lines: &[Line]| {
        let list = List::new(world.at.minus(HOUR / 2), lines).with(&[number(number_), delta_of(from)]);
        CertificateList::from_der(&list.sign_as(&world.pki, &world.root, issuer)).unwrap()
    };
    let lifted = [Line::of(&world.alice, world.at.minus(HOUR), &[reason(REMOVE)])];
    good(&world.status(&[base.clone(), delta("root", 1, 2, &lifted)]));
    // It does not fit this base, is not newer, or is signed by somebody else.
    for wrong in [delta("root", 2, 3, &lifted), delta("root", 1, 1, &lifted)] {
        revoked(&world.status(&[base.clone(), wrong]), StatusReason::CertificateHold);
    }
    world.pki.root("mallory", CA);
    let status = world.status(&[base, delta("mallory", 1, 2, &lifted)]);
    assert_eq!(status.state, Revocation::Revoked);
    assert_eq!(status.reasons, [StatusReason::CrlSignature, StatusReason::CertificateHold]);
    // A delta adds too, and alone says nothing.
    let adding = delta("root", 1, 2, &[world.revoked(KEY_COMPROMISE)]);
    revoked(&world.status(&[world.list(&[]), adding.clone()]), StatusReason::KeyCompromise);
    unknown(&world.status(&[adding]), StatusReason::CrlBaseMissing);
}

#[test]
fn lists_for_some_reasons_must_cover_all_of_them() {
    let world = World::new();
    let part = |flags: u8, lines: &[Line]| {
        List::new(world.at.minus(HOUR), lines)
            .with(&[number(1), scope(&[&only_reasons(flags)])])
            .sign(&world.pki, "root")
    };
    // keyCompromise and cACompromise; the other flags of the first octet. aACompromise stands in a second one.
    let (compromise, others) = (part(0x60, &[]), part(0x1f, &[]));
    unknown(&world.status(std::slice::from_ref(&compromise)), StatusReason::CrlReasonsIncomplete);
    unknown(&world.status(&[compromise.clone(), others]), StatusReason::CrlReasonsIncomplete);
    let rest = List::new(world.at.minus(HOUR), &[])
        .with(&[number(1), scope(&[&write::context_primitive(3, &[7, 0x1f, 0x80])])])
        .sign(&world.pki, "root");
    good(&world.status(&[compromise.clone(), rest.clone()]));
    revoked(
        &world.status(&[part(0x60, &[world.revoked(KEY_COMPROMISE)]), rest]),
        StatusReason::KeyCompromise,
    );
}

#[test]
fn a_list_for_others_is_named_and_not_used() {
    let world = World::with("crlDistributionPoints=URI:http://crl.example.org/a.crl");
    let with = |fields: &[&[u8]]| {
        let list = List::new(world.at.minus(HOUR), &[]).with(&[number(1), scope(fields)]);
        world.status(&[list.sign(&world.pki, "root")])
    };
    let point =
        |url: &str| write::context(0, &[&write::context(0, &[&write::context_primitive(6, url.as_bytes())])]);
    good(&with(&[&point("http://crl.example.org/a.crl")]));
    unknown(&with(&[&point("http://crl.example.org/b.crl")]), StatusReason::CrlScope);
    good(&with(&[&[0x81, 1, 0xff]]));
    unknown(&with(&[&[0x82, 1, 0xff]]), StatusReason::CrlScope);
    unknown(&with(&[&[0x85, 1, 0xff]]), StatusReason::CrlScope);
}

#[test]
fn an_indirect_list_counts_only_where_the_certificate_names_its_issuer() {
    let named = "crlDistributionPoints=crldp\n[crldp]\nfullname=URI:http://crl.example.org/i.crl\nCRLissuer=dirName:lister\n\
                 [lister]\nCN=lister";
    for (extensions, is_named) in [("", false), (named, true)] {
        let world = World::with(extensions);
        let lister = world.pki.issue("root", "lister", CA);
        let untrusted = [lister];
        let status = |fields: &[&[u8]], lines: &[Line]| {
            let list = List::new(world.at.minus(HOUR), lines).with(&[number(1), scope(fields)]);
            Question { untrusted: &untrusted, ..world.question() }
                .status(&[list.sign(&world.pki, "lister")], &[])
        };
        let line = world.revoked(SUPERSEDED);
        let of_root =
            Line::of(&world.alice, line.revoked_at, &[reason(SUPERSEDED), line_issuer(&world.root)]);
        if is_named {
            good(&status(&[&INDIRECT], &[]));
            revoked(&status(&[&INDIRECT], std::slice::from_ref(&of_root)), StatusReason::Superseded);
            // The issuer of a line is that of the line before it.
            let first = Line { serial: vec![9], ..of_root.clone() };
            revoked(&status(&[&INDIRECT], &[first, line.clone()]), StatusReason::Superseded);
            good(&status(&[&INDIRECT], &[line]));
            // Lines of other issuers in a list that is not indirect.
            unknown(&status(&[&[0x81, 1, 0xff]], &[of_root]), StatusReason::CrlScope);
        } else {
            unknown(&status(&[&INDIRECT], &[of_root]), StatusReason::StatusMissing);
        }
    }
}

#[test]
fn a_weak_list_can_revoke_and_clears_nobody() {
    let world = World::new();
    let weak = |lines: &[Line]| {
        let list = List { weak: true, ..List::new(world.at.minus(HOUR), lines) };
        world.status(&[list.sign(&world.pki, "root")])
    };
    unknown(&weak(&[]), StatusReason::CrlWeak);
    revoked(&weak(&[world.revoked(KEY_COMPROMISE)]), StatusReason::KeyCompromise);
}

#[test]
fn a_list_from_after_the_end_of_a_certificate_does_not_clear_it() {
    let world = World::new();
    let later = world.alice.not_after().plus(DAY);
    let list = |lines: &[Line]| [List::new(later, lines).sign(&world.pki, "root")];
    let question = Question { now: later.plus(HOUR), ..world.question() };
    unknown(&question.status(&list(&[]), &[]), StatusReason::CrlAfterExpiry);
    revoked(&question.status(&list(&[world.revoked(SUPERSEDED)]), &[]), StatusReason::Superseded);
}

/// A signature with a trusted timestamp is judged at its time, with what became known later.
#[test]
fn a_revocation_counts_from_when_the_certificate_was_invalid() {
    let world = World::new();
    let stamped = world.at;
    let now = stamped.plus(5 * DAY);
    let after = stamped.plus(2 * DAY);
    let status = |purpose, extensions: &[Vec<u8>]| {
        let lines = [Line::of(&world.alice, after, extensions)];
        let lists = [List::new(stamped.plus(4 * DAY), &lines).sign(&world.pki, "root")];
        Question { now, purpose, ..world.question() }.status(&lists, &[])
    };
    let signing = |extensions: &[Vec<u8>]| status(Purpose::EmailSigning, extensions);
    good(&signing(&[reason(SUPERSEDED)]));
    good(&signing(&[reason(KEY_COMPROMISE)]));
    good(&signing(&[reason(KEY_COMPROMISE), invalid_since(stamped.plus(1))]));
    let stolen_before = signing(&[reason(KEY_COMPROMISE), invalid_since(stamped)]);
    revoked(&stolen_before, StatusReason::KeyCompromise);
    assert_eq!(stolen_before.revoked_at, Some(after));
    // RFC 3161 section 4: a stolen key of an authority makes tokens of any time.
    let tokens = |extensions: &[Vec<u8>]| status(Purpose::TimeStamping, extensions);
    good(&tokens(&[reason(SUPERSEDED)]));
    revoked(&tokens(&[reason(KEY_COMPROMISE)]), StatusReason::KeyCompromise);
    revoked(&tokens(&[]), StatusReason::Unspecified);
}

#[test]
fn what_is_missing_is_named_as_an_address() {
    let world = World::with(
        "crlDistributionPoints=URI:http://crl.example.org/a.crl,URI:ldap://ldap.example.org/cn=a\n\
         freshestCRL=URI:http://crl.example.org/d.crl\n\
         authorityInfoAccess=OCSP;URI:http://ocsp.example.org,caIssuers;URI:https://ca.example.org/root.cer,\
         caIssuers;URI:file:///etc/passwd",
    );
    let needs = |needs: &[smime::revocation::Need]| {
        needs.iter().map(|need| (need.kind, need.url.clone())).collect::<Vec<_>>()
    };
    let path = world.question().validate(Sources::default()).unwrap();
    assert_eq!(
        needs(path.needs()),
        [
            (NeedKind::Crl, "http://crl.example.org/a.crl".to_owned()),
            (NeedKind::DeltaCrl, "http://crl.example.org/d.crl".to_owned()),
            (NeedKind::Ocsp, "http://ocsp.example.org".to_owned()),
        ]
    );
    assert!(path.needs().iter().all(|need| need.certificate == world.alice.fingerprint()));
    let lists = [world.list(&[])];
    let known = world.question().validate(Sources { lists: &lists, ..Sources::default() }).unwrap();
    assert_eq!(known.needs(), [], "nothing is missing");
    let alone = Question::new(&world.alice, &[], world.at).validate(Sources::default()).unwrap_err();
    assert_eq!(alone.reasons, [Reason::NoTrustedPath]);
    assert_eq!(needs(&alone.needs), [(NeedKind::Issuer, "https://ca.example.org/root.cer".to_owned())]);
}

#[test]
fn a_crowd_of_lists_and_signers_ends_at_the_limits() {
    let world = World::new();
    // Many certificates with the issuer's name, and many lists that none of them signed.
    let crowd: Vec<Certificate> =
        (0..20).map(|index| world.pki.root_with(&format!("crowd{index}"), "/CN=root", CA, EC)).collect();
    let forged = List::new(world.at.minus(HOUR), &[]).sign_as(&world.pki, &world.root, "alice");
    let lists = vec![CertificateList::from_der(&forged).unwrap(); 500];
    let status = Question { untrusted: &crowd, ..world.question() }.status(&lists, &[]);
    assert_eq!(status.state, Revocation::Unknown);
    assert_eq!(status.reasons, [StatusReason::CrlSignature, StatusReason::LimitExceeded]);
}
