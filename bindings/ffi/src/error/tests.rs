//! Every error of the client has its own image here.

use std::io::ErrorKind;

use client::ports::{StoreError, VaultError};
use client::{BuildError, NotDecidable, Unreadable, WrongUse};

use super::*;

fn host() -> String {
    "imap.example.org:993".to_owned()
}

fn misuse(problem: Misuse) -> CoreError {
    CoreError::WrongUse { problem }
}

/// What the client says, and what the apps get. A variant that is added to the client is missed by the mapping's own match;
/// this table says that each goes where it should.
fn table() -> Vec<(client::CoreError, CoreError)> {
    use client::CoreError as Client;
    let mut table = vec![
        (Client::Cancelled, CoreError::Stopped { reason: StopReason::Cancelled }),
        (Client::WrongUse(WrongUse::Closed), CoreError::Stopped { reason: StopReason::Closed }),
        (Client::LoginRefused { host: host() }, CoreError::LoginRefused { host: host() }),
    ];
    table.extend(
        [
            (WrongUse::AccountExists, Misuse::AccountExists),
            (WrongUse::WhichAccount, Misuse::WhichAccount),
            (WrongUse::Locked, Misuse::Locked),
            (
                WrongUse::NoCertificate(vec!["a@example.org".into(), "b@example.org".into()]),
                Misuse::NoCertificate { people: 2 },
            ),
            (WrongUse::NoRecipient, Misuse::NoRecipient),
            (WrongUse::NamedTwice("a@example.org".into()), Misuse::NamedTwice),
            (WrongUse::OwnCode, Misuse::OwnCode),
            (WrongUse::Deadline, Misuse::Deadline),
            (WrongUse::SearchDate, Misuse::SearchDate),
            (WrongUse::AnswerInClear, Misuse::AnswerInClear),
            (WrongUse::NothingToRetry, Misuse::NothingToRetry),
        ]
        .map(|(from, to)| (Client::WrongUse(from), misuse(to))),
    );
    table.extend(
        [
            (NotDecidable::NotYourTurn, DecisionProblem::NotYourTurn),
            (NotDecidable::UnknownRequester, DecisionProblem::UnknownRequester),
            (NotDecidable::Ended, DecisionProblem::Ended),
            (NotDecidable::Decided, DecisionProblem::Decided),
            (NotDecidable::Undecidable, DecisionProblem::Undecidable),
            (NotDecidable::ChangedMeanwhile, DecisionProblem::ChangedMeanwhile),
        ]
        .map(|(from, why)| {
            (Client::WrongUse(WrongUse::NotDecidable(from)), misuse(Misuse::NotDecidable { why }))
        }),
    );
    table.extend(
        [
            (BuildError::Route, RequestProblem::Route),
            (BuildError::NoCertificate(3), RequestProblem::NoCertificate),
            (BuildError::TimestampAuthority, RequestProblem::TimestampAuthority),
            (BuildError::Line, RequestProblem::Line),
            (BuildError::Text, RequestProblem::Text),
            (BuildError::Limit("documents"), RequestProblem::Limit),
            (BuildError::NotNow, RequestProblem::NotNow),
            (BuildError::NotAnEvent, RequestProblem::NotAnEvent),
        ]
        .map(|(from, why)| (Client::WrongUse(WrongUse::Approval(from)), misuse(Misuse::Request { why }))),
    );
    table.extend(
        [
            (Unreadable::File, UnreadableThing::File),
            (Unreadable::Address, UnreadableThing::Address),
            (Unreadable::Certificate, UnreadableThing::Certificate),
            (Unreadable::PrivateKey, UnreadableThing::PrivateKey),
            (Unreadable::NoQrCode, UnreadableThing::NoQrCode),
            (Unreadable::ForeignQrCode, UnreadableThing::ForeignQrCode),
            (Unreadable::DamagedQrCode, UnreadableThing::DamagedQrCode),
            (Unreadable::Mail, UnreadableThing::Mail),
            (Unreadable::HeaderValue, UnreadableThing::HeaderValue),
        ]
        .map(|(from, what)| (Client::Unreadable(from), CoreError::Unreadable { what })),
    );
    table.extend(
        [
            (client::Thing::Account, Thing::Account),
            (client::Thing::Mail, Thing::Mail),
            (client::Thing::Part, Thing::Part),
            (client::Thing::Approval, Thing::Approval),
            (client::Thing::Contact, Thing::Contact),
        ]
        .map(|(from, thing)| (Client::NotFound(from), CoreError::NotFound { thing })),
    );
    table.extend(network());
    table.extend(
        [
            (VaultError::Cancelled, VaultProblem::Cancelled),
            (VaultError::Locked, VaultProblem::Locked),
            (VaultError::KeyInvalidated, VaultProblem::KeyInvalidated),
            (VaultError::NotEnrolled, VaultProblem::NotEnrolled),
            (VaultError::NoSuchKey, VaultProblem::NoSuchKey),
            (VaultError::Damaged, VaultProblem::Damaged),
            (VaultError::Unavailable, VaultProblem::Unavailable),
        ]
        .map(|(from, problem)| (Client::Vault(from), CoreError::Vault { problem })),
    );
    table.extend(
        [
            (StoreError::WrongKey, StorageProblem::WrongKey),
            (StoreError::Damaged("mail"), StorageProblem::Damaged),
            (StoreError::InUse, StorageProblem::InUse),
            (StoreError::DiskFull, StorageProblem::DiskFull),
            (StoreError::Io(ErrorKind::PermissionDenied), StorageProblem::Io),
            (StoreError::NewerFormat(7), StorageProblem::NewerFormat { format: 7 }),
        ]
        .map(|(from, problem)| (Client::Store(from), CoreError::Storage { problem })),
    );
    table
}

fn network() -> Vec<(client::CoreError, CoreError)> {
    use client::CoreError as Client;
    let reached = [
        (client::NetworkProblem::UnknownHost, NetworkProblem::UnknownHost),
        (client::NetworkProblem::Refused, NetworkProblem::Refused),
        (client::NetworkProblem::Cut, NetworkProblem::Cut),
        (client::NetworkProblem::Timeout, NetworkProblem::Timeout),
        (client::NetworkProblem::Offline, NetworkProblem::Offline),
    ]
    .map(|(from, problem)| {
        (Client::Network { host: host(), problem: from }, CoreError::Network { host: host(), problem })
    });
    let trusted = [
        (client::CertificateProblem::UnknownAuthority, CertificateProblem::UnknownAuthority),
        (client::CertificateProblem::WrongName, CertificateProblem::WrongName),
        (client::CertificateProblem::Expired, CertificateProblem::Expired),
        (client::CertificateProblem::Handshake, CertificateProblem::Handshake),
    ]
    .map(|(from, problem)| {
        (
            Client::CertificateUntrusted { host: host(), problem: from },
            CoreError::CertificateUntrusted { host: host(), problem },
        )
    });
    let answered = [
        (client::ServerProblem::Refused, ServerProblem::Refused),
        (client::ServerProblem::NotNow, ServerProblem::NotNow),
        (client::ServerProblem::Protocol, ServerProblem::Protocol),
        (client::ServerProblem::NoTls, ServerProblem::NoTls),
        (client::ServerProblem::TooMuch, ServerProblem::TooMuch),
        (client::ServerProblem::OverQuota, ServerProblem::OverQuota),
        (client::ServerProblem::Throttled, ServerProblem::Throttled),
        (client::ServerProblem::NoLogin, ServerProblem::NoLogin),
        (client::ServerProblem::NotProven, ServerProblem::NotProven),
    ]
    .map(|(from, problem)| {
        (Client::Server { host: host(), problem: from }, CoreError::Server { host: host(), problem })
    });
    reached.into_iter().chain(trusted).chain(answered).collect()
}

#[test]
fn each_error_of_the_client_has_its_own_image() {
    let table = table();
    for (from, expected) in &table {
        assert_eq!(&CoreError::from(from.clone()), expected, "{from:?}");
    }
    for (index, (_, image)) in table.iter().enumerate() {
        for (_, other) in table.iter().skip(index + 1) {
            assert_ne!(image, other, "two errors look the same to an app");
        }
    }
}

#[test]
fn no_error_holds_an_address_and_each_code_is_one_word() {
    for (from, _) in table() {
        let error = CoreError::from(from);
        assert!(!format!("{error:?} {error}").contains("@example.org"), "{error:?}");
        assert!(error.code().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", error.code());
    }
}

#[test]
fn what_the_platform_throws_comes_back_as_it_was() {
    for problem in [
        VaultProblem::Cancelled,
        VaultProblem::Locked,
        VaultProblem::KeyInvalidated,
        VaultProblem::NotEnrolled,
        VaultProblem::NoSuchKey,
        VaultProblem::Damaged,
        VaultProblem::Unavailable,
    ] {
        assert_eq!(VaultProblem::from(VaultError::from(problem)), problem);
    }
}

#[test]
fn addresses_are_read_once_at_the_border() {
    assert_eq!(address(" Alice@Example.org ").unwrap().folded(), "alice@example.org");
    for wrong in ["", "alice", "alice@", "@example.org", "a b@example.org", "a@b@c"] {
        assert_eq!(address(wrong), Err(CoreError::Unreadable { what: UnreadableThing::Address }), "{wrong}");
    }
}
