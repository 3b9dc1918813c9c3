//! What a server can do.

use std::collections::BTreeSet;

/// An extension of IMAP4rev1 that changes what is asked, or how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// IMAP4rev2 (RFC 9051).
    Rev2,
    /// The server reports changes by itself (RFC 2177).
    Idle,
    /// UID EXPUNGE, APPENDUID, COPYUID (RFC 4315).
    UidPlus,
    /// MOVE (RFC 6851).
    Move,
    /// Modification sequences (RFC 7162).
    CondStore,
    /// Quick resynchronisation (RFC 7162); brings [`Capability::CondStore`] and [`Capability::Enable`].
    QResync,
    /// Folders tell what they are for (RFC 6154).
    SpecialUse,
    /// UTF-8 in names and headers, once enabled (RFC 9755).
    Utf8Accept,
    /// Literals of any size without waiting (RFC 7888).
    LiteralPlus,
    /// Literals of up to 4096 octets without waiting (RFC 7888).
    LiteralMinus,
    /// Client and server name themselves (RFC 2971).
    Id,
    /// STATUS within LIST (RFC 5819).
    ListStatus,
    /// Compact answers of SEARCH (RFC 4731).
    ESearch,
    /// The first answer of a login goes with its command (RFC 4959).
    SaslIr,
    /// ENABLE (RFC 5161).
    Enable,
    /// NAMESPACE (RFC 2342).
    Namespace,
    /// UNSELECT (RFC 3691).
    Unselect,
    /// Appended mail has a largest size (RFC 7889).
    AppendLimit,
    /// Quotas (RFC 9208).
    Quota,
    /// LIST tells more (RFC 5258).
    ListExtended,
    /// LOGIN is refused (RFC 9051 section 6.2.3).
    LoginDisabled,
}

/// What IMAP4rev2 brings without saying so (RFC 9051 appendix E).
const REV2: [Capability; 12] = [
    Capability::Idle,
    Capability::UidPlus,
    Capability::Move,
    Capability::SpecialUse,
    Capability::LiteralMinus,
    Capability::ListExtended,
    Capability::ListStatus,
    Capability::ESearch,
    Capability::SaslIr,
    Capability::Enable,
    Capability::Namespace,
    Capability::Unselect,
];

/// What a server announced, by CAPABILITY or in a response code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    known: BTreeSet<Capability>,
    mechanisms: BTreeSet<String>,
    append_limit: Option<u64>,
}

impl Capabilities {
    /// From the announced words, in any case. Unknown words are left out.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut capabilities = Capabilities::default();
        for word in words {
            capabilities.announce(&word.to_ascii_uppercase());
        }
        capabilities
    }

    fn announce(&mut self, word: &str) {
        if let Some(mechanism) = word.strip_prefix("AUTH=") {
            self.mechanisms.insert(mechanism.to_owned());
            return;
        }
        if let Some(limit) = word.strip_prefix("APPENDLIMIT=") {
            self.known.insert(Capability::AppendLimit);
            self.append_limit = limit.parse().ok();
            return;
        }
        let implied: &[Capability] = match word {
            "IMAP4REV2" => {
                self.known.insert(Capability::Rev2);
                &REV2
            }
            "IDLE" => &[Capability::Idle],
            "UIDPLUS" => &[Capability::UidPlus],
            "MOVE" => &[Capability::Move],
            "CONDSTORE" => &[Capability::CondStore],
            "QRESYNC" => &[Capability::QResync, Capability::CondStore, Capability::Enable],
            "SPECIAL-USE" => &[Capability::SpecialUse],
            "UTF8=ACCEPT" | "UTF8=ONLY" => &[Capability::Utf8Accept, Capability::Enable],
            "LITERAL+" => &[Capability::LiteralPlus, Capability::LiteralMinus],
            "LITERAL-" => &[Capability::LiteralMinus],
            "ID" => &[Capability::Id],
            "LIST-STATUS" => &[Capability::ListStatus],
            "ESEARCH" => &[Capability::ESearch],
            "SASL-IR" => &[Capability::SaslIr],
            "ENABLE" => &[Capability::Enable],
            "NAMESPACE" => &[Capability::Namespace],
            "LIST-EXTENDED" => &[Capability::ListExtended],
            "LOGINDISABLED" => &[Capability::LoginDisabled],
            "UNSELECT" => &[Capability::Unselect],
            "APPENDLIMIT" => &[Capability::AppendLimit],
            "QUOTA" => &[Capability::Quota],
            resource if resource.starts_with("QUOTA=") => &[Capability::Quota],
            _ => &[],
        };
        self.known.extend(implied);
    }

    /// It was announced, or comes with something that was.
    pub fn has(&self, capability: Capability) -> bool {
        self.known.contains(&capability)
    }

    /// A SASL mechanism was announced (`PLAIN`, `XOAUTH2`, …), in any case.
    pub fn has_mechanism(&self, mechanism: &str) -> bool {
        self.mechanisms.contains(&mechanism.to_ascii_uppercase())
    }

    /// Largest mail that may be appended, in octets; `None` with [`Capability::AppendLimit`]: each folder has its own.
    pub fn append_limit(&self) -> Option<u64> {
        self.append_limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Capabilities {
        Capabilities::parse(line.split_ascii_whitespace())
    }

    #[test]
    fn words_are_read_in_any_case() {
        let dovecot = of(
            "IMAP4rev1 sasl-ir LOGIN-REFERRALS ID ENABLE Idle LITERAL+ AUTH=Plain auth=XOAUTH2 \
             NAMESPACE UNSELECT UIDPLUS move CONDSTORE QRESYNC ESEARCH LIST-STATUS SPECIAL-USE APPENDLIMIT=52428800 \
             QUOTA=RES-STORAGE",
        );
        for capability in [
            Capability::SaslIr,
            Capability::Id,
            Capability::Enable,
            Capability::Idle,
            Capability::LiteralPlus,
            Capability::LiteralMinus,
            Capability::Namespace,
            Capability::Unselect,
            Capability::UidPlus,
            Capability::Move,
            Capability::CondStore,
            Capability::QResync,
            Capability::ESearch,
            Capability::ListStatus,
            Capability::SpecialUse,
            Capability::AppendLimit,
            Capability::Quota,
        ] {
            assert!(dovecot.has(capability), "{capability:?}");
        }
        assert!(!dovecot.has(Capability::Rev2) && !dovecot.has(Capability::Utf8Accept));
        assert!(dovecot.has_mechanism("plain") && dovecot.has_mechanism("XOAUTH2"));
        assert!(!dovecot.has_mechanism("SCRAM-SHA-256"));
        assert_eq!(dovecot.append_limit(), Some(52_428_800));
    }

    #[test]
    fn rev2_brings_what_it_took_in_and_nothing_more() {
        let rev2 = of("IMAP4rev2");
        assert!(REV2.iter().all(|capability| rev2.has(*capability)));
        for other in [
            Capability::CondStore,
            Capability::QResync,
            Capability::LiteralPlus,
            Capability::Id,
            Capability::Quota,
        ] {
            assert!(!rev2.has(other), "{other:?}");
        }
    }

    #[test]
    fn qresync_brings_condstore() {
        let server = of("IMAP4rev1 QRESYNC");
        assert!(server.has(Capability::CondStore) && server.has(Capability::Enable));
        assert!(!of("IMAP4rev1 CONDSTORE").has(Capability::QResync));
    }

    #[test]
    fn odd_words_are_left_out() {
        let odd = of("IMAP4rev1 AUTH= APPENDLIMIT=99999999999999999999 IDLEX XMOVE =");
        assert!(!odd.has(Capability::Idle) && !odd.has(Capability::Move));
        assert!(odd.has(Capability::AppendLimit));
        assert_eq!(odd.append_limit(), None);
        assert_eq!(of("APPENDLIMIT").append_limit(), None);
    }
}
