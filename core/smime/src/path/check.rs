//! Basic path validation (RFC 5280 section 6.1) of one candidate whose signatures are right.

use std::collections::BTreeSet;

use super::names::{Constraints, Outcome};
use super::policy::PolicyState;
use super::{PathOptions, Purpose, profile};
use crate::certificate::Certificate;
use crate::certificate::extensions::KeyUsage;
use crate::key::KeyAlgorithm;
use crate::oid;
use crate::time::UnixTime;
use crate::verdict::Reason;

/// Everything that is wrong with `path` (leaf first, anchor last); empty when it is valid.
///
/// The anchor is held to its own validity, basic constraints and name constraints too (RFC 5937), as openssl does;
/// its policies are not part of the path (RFC 5280 section 6.1.1 d).
pub(super) fn check(
    path: &[&Certificate],
    at: UnixTime,
    purpose: Purpose,
    options: &PathOptions,
    name_comparisons: &mut usize,
) -> BTreeSet<Reason> {
    let mut reasons = BTreeSet::new();
    let Some((&leaf, issuers)) = path.split_first() else {
        return BTreeSet::from([Reason::NoTrustedPath]);
    };
    for (index, certificate) in path.iter().enumerate() {
        let is_anchor = index + 1 == path.len();
        check_each(certificate, is_anchor, at, &mut reasons);
        if options.strict_profile {
            profile::check(certificate, index == 0, is_anchor, &mut reasons);
        }
    }
    check_issuers(issuers, purpose, options, &mut reasons);
    check_names(path, name_comparisons, &mut reasons);
    check_policies(path, options, &mut reasons);
    check_purpose(leaf, purpose, &mut reasons);
    reasons
}

/// Section 6.1.3 (a), and what makes a certificate useless in any place.
fn check_each(certificate: &Certificate, is_anchor: bool, at: UnixTime, reasons: &mut BTreeSet<Reason>) {
    if at < certificate.not_before() {
        reasons.insert(Reason::NotYetValid);
    }
    if at > certificate.not_after() {
        reasons.insert(Reason::Expired);
    }
    let extensions = certificate.extensions();
    if extensions.malformed || extensions.unknown_critical || !certificate.algorithms_agree() {
        reasons.insert(Reason::InvalidCertificate);
    }
    if certificate.key_algorithm().is_some_and(KeyAlgorithm::is_weak) {
        reasons.insert(Reason::WeakKey);
    }
    // Nobody relies on the anchor's signature.
    if !is_anchor && certificate.has_weak_signature_digest() {
        reasons.insert(Reason::WeakDigest);
    }
}

/// Section 6.1.4 (k) to (n), from the anchor down, and the extended key usage of intermediates.
fn check_issuers(
    issuers: &[&Certificate],
    purpose: Purpose,
    options: &PathOptions,
    reasons: &mut BTreeSet<Reason>,
) {
    let mut max_path_length = options.max_intermediates.unwrap_or(u32::MAX);
    for (depth, issuer) in issuers.iter().rev().enumerate() {
        let is_anchor = depth == 0;
        let extensions = issuer.extensions();
        // Roots of X.509 version 1 have no extensions; they are CAs because they are anchors.
        let is_old_root = is_anchor && issuer.version() != 2 && issuer.is_self_issued();
        if !issuer.is_ca() && !is_old_root {
            reasons.insert(Reason::PathConstraints);
        }
        if extensions.key_usage.is_some_and(|usage| !usage.any(KeyUsage::KEY_CERT_SIGN)) {
            reasons.insert(Reason::WrongKeyUsage);
        }
        if !is_anchor && !issuer.is_self_issued() {
            match max_path_length.checked_sub(1) {
                Some(rest) => max_path_length = rest,
                None => _ = reasons.insert(Reason::PathConstraints),
            }
        }
        if let Some(own) = extensions.basic_constraints.and_then(|constraints| constraints.path_length) {
            max_path_length = max_path_length.min(own);
        }
        let passes_on = match purpose {
            Purpose::EmailSigning | Purpose::EmailEncryption | Purpose::Email => {
                extensions.allows_any_of(&[oid::EMAIL_PROTECTION, oid::ANY_EXTENDED_KEY_USAGE])
            }
            Purpose::TimeStamping => {
                extensions.allows_any_of(&[oid::TIME_STAMPING, oid::ANY_EXTENDED_KEY_USAGE])
            }
            Purpose::Any => true,
        };
        if !is_anchor && !passes_on {
            reasons.insert(Reason::WrongExtendedKeyUsage);
        }
    }
}

/// Section 6.1.3 (b), (c) and 6.1.4 (g).
fn check_names(path: &[&Certificate], comparisons: &mut usize, reasons: &mut BTreeSet<Reason>) {
    let mut constraints = Constraints::default();
    for (index, certificate) in path.iter().enumerate().rev() {
        let is_anchor = index + 1 == path.len();
        let is_leaf = index == 0;
        // A leaf that is its own anchor is held to nothing but itself.
        if !is_anchor && (is_leaf || !certificate.is_self_issued()) {
            match constraints.check(certificate, comparisons) {
                Outcome::Permitted => {}
                Outcome::Forbidden => _ = reasons.insert(Reason::NameConstraints),
            }
        }
        if !is_leaf && constraints.add(certificate).is_none() {
            reasons.insert(Reason::InvalidCertificate);
        }
    }
}

/// Section 6.1.3 (d) to (f), 6.1.4 (a), (b), (h), (i), (j), and 6.1.5 (a), (b), (g).
fn check_policies(path: &[&Certificate], options: &PathOptions, reasons: &mut BTreeSet<Reason>) {
    let below_anchor = path.len().saturating_sub(1);
    if below_anchor == 0 {
        return;
    }
    let mut state = PolicyState::new(below_anchor, options);
    for (index, certificate) in path.iter().enumerate().take(below_anchor).rev() {
        if state.process(certificate, index == 0).is_none() {
            reasons.insert(Reason::InvalidCertificate);
            return;
        }
    }
    if !state.is_valid(&options.policies) {
        reasons.insert(Reason::PolicyConstraints);
    }
}

fn check_purpose(leaf: &Certificate, purpose: Purpose, reasons: &mut BTreeSet<Reason>) {
    let extensions = leaf.extensions();
    let (usage, extended) = match purpose {
        Purpose::Any => (true, true),
        Purpose::EmailSigning => (leaf.may_sign(), leaf.is_for_email()),
        Purpose::EmailEncryption => (leaf.may_encrypt(), leaf.is_for_email()),
        Purpose::Email => (leaf.may_sign() || leaf.may_encrypt(), leaf.is_for_email()),
        Purpose::TimeStamping => {
            let sole = extensions.extended_key_usage.as_deref() == Some(&[oid::TIME_STAMPING]);
            (leaf.may_sign(), sole && extensions.extended_key_usage_critical)
        }
    };
    // A malformed extension already has its own reason.
    if !usage && !extensions.malformed {
        reasons.insert(Reason::WrongKeyUsage);
    }
    if !extended {
        reasons.insert(Reason::WrongExtendedKeyUsage);
    }
}
