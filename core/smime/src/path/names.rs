//! Name constraints (RFC 5280 section 4.2.1.10, RFC 9598 section 6).

use crate::asn1::{self, Reader, context, context_constructed};
use crate::certificate::Certificate;
use crate::certificate::name::{self, GeneralName};

/// The constraints of the issuers so far. Each issuer's permitted subtrees must permit a name: this is the
/// intersection that RFC 5280 section 6.1.4 (g) asks for, without computing it.
#[derive(Default)]
pub(super) struct Constraints {
    permitted: Vec<Vec<Name>>,
    excluded: Vec<Name>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Permitted,
    /// Not permitted, excluded, not comparable, or more comparisons than the limit.
    Forbidden,
}

/// A name, or the base of a subtree, ready to be compared.
enum Name {
    /// RDNs in comparable form.
    Directory(Vec<Vec<u8>>),
    Mailbox {
        text: String,
        utf8: bool,
    },
    /// In lower case.
    Dns(String),
    Uri(String),
    Ip(Vec<u8>),
    /// A form that is not processed; equal tags are the same form.
    Unknown(u8),
}

/// What one comparison says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Inside,
    Outside,
    /// The name or the base is malformed, or the form is not processed here.
    Undecided,
}

/// Which way a comparison errs when it can't be exact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

impl Constraints {
    /// Takes the constraints of an issuer in; `None` when they are malformed.
    pub(super) fn add(&mut self, issuer: &Certificate) -> Option<()> {
        let Some(der) = &issuer.extensions().name_constraints else { return Some(()) };
        let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let permitted = sequence.take_optional(context_constructed(0))?;
        let excluded = sequence.take_optional(context_constructed(1))?;
        sequence.end()?;
        if permitted.is_none() && excluded.is_none() {
            return None;
        }
        if let Some(permitted) = permitted {
            self.permitted.push(read_subtrees(permitted)?);
        }
        if let Some(excluded) = excluded {
            self.excluded.extend(read_subtrees(excluded)?);
        }
        Some(())
    }

    /// Checks every name of `subject`; each comparison takes one from `budget`.
    pub(super) fn check(&self, subject: &Certificate, budget: &mut usize) -> Outcome {
        if self.permitted.is_empty() && self.excluded.is_empty() {
            return Outcome::Permitted;
        }
        let Some(names) = names_of(subject) else { return Outcome::Forbidden };
        if names.iter().all(|name| self.permits(name, budget)) {
            Outcome::Permitted
        } else {
            Outcome::Forbidden
        }
    }

    fn permits(&self, name: &Name, budget: &mut usize) -> bool {
        let bases = self.excluded.len() + self.permitted.iter().map(Vec::len).sum::<usize>();
        match budget.checked_sub(bases) {
            Some(rest) => *budget = rest,
            None => return false,
        }
        let excluded = self
            .excluded
            .iter()
            .filter(|base| same_form(base, name))
            .any(|base| compare(base, name, Side::Excluded) != Match::Outside);
        let permitted = self.permitted.iter().all(|subtrees| {
            let mut of_form = subtrees.iter().filter(|base| same_form(base, name)).peekable();
            let unconstrained = of_form.peek().is_none();
            // One base that can't be decided spoils the issuer's statement about this form.
            let matches: Vec<Match> = of_form.map(|base| compare(base, name, Side::Permitted)).collect();
            unconstrained || (matches.contains(&Match::Inside) && !matches.contains(&Match::Undecided))
        });
        permitted && !excluded
    }
}

/// GeneralSubtrees; minimum must be 0 and maximum absent (RFC 5280 section 4.2.1.10).
fn read_subtrees(content: &[u8]) -> Option<Vec<Name>> {
    let mut reader = Reader::new(content);
    reader.peek()?;
    let mut bases = Vec::new();
    while !reader.is_empty() {
        let mut subtree = reader.enter(asn1::SEQUENCE)?;
        let base = GeneralName::read(&mut subtree)?;
        if let Some(minimum) = subtree.take_optional(context(0))? {
            (asn1::small_integer(minimum)? == 0).then_some(())?;
        }
        subtree.end()?;
        bases.push(prepare(base)?);
    }
    Some(bases)
}

/// The subject, the alternative names, and without any of these the emailAddress attributes of the subject.
fn names_of(certificate: &Certificate) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    let rdns = name::comparable(certificate.subject_der())?;
    if !rdns.is_empty() {
        names.push(Name::Directory(rdns));
    }
    match &certificate.extensions().subject_alt_name {
        Some(der) => {
            for general in GeneralName::read_all(der)? {
                names.push(prepare(general)?);
            }
        }
        None => {
            let rdns = name::rdns(certificate.subject_der())?;
            for attribute in rdns.iter().flatten().filter(|attribute| attribute.is_email_address()) {
                names.push(Name::Mailbox { text: attribute.text()?, utf8: false });
            }
        }
    }
    Some(names)
}

fn prepare(general: GeneralName<'_>) -> Option<Name> {
    let text = |octets: &[u8]| std::str::from_utf8(octets).ok().map(str::to_owned);
    Some(match general {
        GeneralName::Directory(der) => Name::Directory(name::comparable(der)?),
        GeneralName::Rfc822(octets) => Name::Mailbox { text: text(octets)?, utf8: false },
        GeneralName::SmtpUtf8(octets) => Name::Mailbox { text: text(octets)?, utf8: true },
        GeneralName::Dns(octets) => Name::Dns(text(octets)?.to_ascii_lowercase()),
        GeneralName::Uri(octets) => Name::Uri(text(octets)?),
        GeneralName::Ip(octets) => Name::Ip(octets.to_vec()),
        GeneralName::Other(tag) => Name::Unknown(tag),
    })
}

/// A constraint on rfc822Name also binds SmtpUTF8Mailbox (RFC 9598 section 6), not the other way round.
fn same_form(base: &Name, name: &Name) -> bool {
    match (base, name) {
        (Name::Mailbox { utf8: base, .. }, Name::Mailbox { utf8: name, .. }) => *name || !*base,
        (Name::Directory(_), Name::Directory(_))
        | (Name::Dns(_), Name::Dns(_))
        | (Name::Uri(_), Name::Uri(_))
        | (Name::Ip(_), Name::Ip(_)) => true,
        (Name::Unknown(base), Name::Unknown(name)) => base == name,
        _ => false,
    }
}

fn compare(base: &Name, name: &Name, side: Side) -> Match {
    match (base, name) {
        (Name::Directory(base), Name::Directory(name)) => decided(name.starts_with(base)),
        (Name::Mailbox { text: base, .. }, Name::Mailbox { text: name, .. }) => {
            compare_mailbox(base, name, side)
        }
        (Name::Dns(base), Name::Dns(name)) => compare_dns(base, name, side),
        (Name::Uri(base), Name::Uri(name)) => compare_uri(base, name),
        (Name::Ip(base), Name::Ip(name)) => compare_ip(base, name),
        _ => Match::Undecided,
    }
}

fn decided(inside: bool) -> Match {
    if inside { Match::Inside } else { Match::Outside }
}

/// The local part is compared octet for octet for permission, and without case for exclusion.
fn compare_mailbox(base: &str, name: &str, side: Side) -> Match {
    let Some((local, domain)) = split_mailbox(name) else { return Match::Undecided };
    if base.contains('@') {
        let Some((base_local, base_domain)) = split_mailbox(base) else { return Match::Undecided };
        let same_local = match side {
            Side::Permitted => base_local == local,
            Side::Excluded => base_local.to_lowercase() == local.to_lowercase(),
        };
        return decided(same_local && base_domain.eq_ignore_ascii_case(domain));
    }
    match base {
        "" | "." => Match::Undecided,
        _ => decided(host_inside(&base.to_ascii_lowercase(), &domain.to_ascii_lowercase())),
    }
}

/// `None` also for a domain in Unicode: RFC 9598 section 3 wants A-labels, and whoever maps U-labels otherwise than
/// the issuer of a constraint would let an excluded host through.
fn split_mailbox(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_once('@')?;
    let is_plain = !domain.is_empty() && domain.is_ascii() && !domain.contains('@');
    (!local.is_empty() && is_plain).then_some((local, domain))
}

/// `.example.com` holds every subdomain but not `example.com`; `example.com` holds exactly itself.
fn host_inside(base: &str, host: &str) -> bool {
    if base.starts_with('.') { host.len() > base.len() && host.ends_with(base) } else { base == host }
}

/// `example.com` holds itself and every subdomain. A wildcard name is inside for permission when all its hosts
/// are, and for exclusion when one of them is.
fn compare_dns(base: &str, name: &str, side: Side) -> Match {
    let (wildcard, host) = match name.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, name),
    };
    if !is_host_name(host) || !(base.is_empty() || is_host_name(base)) {
        return Match::Undecided;
    }
    let holds = |outer: &str, inner: &str| {
        outer.is_empty()
            || inner == outer
            || inner.strip_suffix(outer).is_some_and(|before| before.ends_with('.'))
    };
    decided(holds(base, host) || (wildcard && side == Side::Excluded && holds(host, base)))
}

pub(super) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The constraint binds the host part; a URI without a host name can't be decided.
fn compare_uri(base: &str, name: &str) -> Match {
    let authority = name
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .map(|authority| authority.rsplit_once('@').map_or(authority, |(_, host)| host));
    let Some(authority) = authority else { return Match::Undecided };
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let is_ip = host.parse::<std::net::Ipv4Addr>().is_ok();
    if base.is_empty() || is_ip || !is_host_name(host) {
        return Match::Undecided;
    }
    decided(host_inside(&base.to_ascii_lowercase(), &host.to_ascii_lowercase()))
}

/// The base is address and mask; the mask must be a prefix.
fn compare_ip(base: &[u8], name: &[u8]) -> Match {
    if !matches!(name.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Match::Undecided;
    }
    let (address, mask) = base.split_at(base.len() / 2);
    let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let set: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
    let after_first_zero = mask.iter().skip_while(|&&octet| octet == 0xff).skip(1).any(|&octet| octet != 0);
    if ones != set || after_first_zero {
        return Match::Undecided;
    }
    if address.len() != name.len() {
        return Match::Outside;
    }
    decided(address.iter().zip(name).zip(mask).all(|((one, other), mask)| one & mask == other & mask))
}
