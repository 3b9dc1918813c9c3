//! Before TLS: nothing is believed, nothing is sent but STARTTLS.

use testkit::imap_script::{Turn, hear, say};

use super::with;
use crate::error::{CoreError, NetworkProblem, ServerProblem};

fn upgrade(turns: Vec<Turn>) -> (Result<(), CoreError>, Vec<String>) {
    with(turns, async |line| line.start_tls().await.map(drop))
}

fn no_tls<T>() -> Result<T, CoreError> {
    Err(CoreError::Server { host: "mail.example.test:993".to_owned(), problem: ServerProblem::NoTls })
}

#[test]
fn the_stream_is_handed_on_after_ok() {
    let greeting = say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] no STARTTLS announced");
    let (done, heard) = upgrade(vec![greeting, hear("STARTTLS"), say("TAG OK go on")]);
    assert_eq!((done, heard), (Ok(()), vec!["STARTTLS".to_owned()]));
}

#[test]
fn whoever_strips_starttls_hears_no_password() {
    for refusal in ["TAG BAD unknown command", "TAG NO not now"] {
        let (done, heard) = upgrade(vec![say("* OK hi"), hear("STARTTLS"), say(refusal)]);
        assert_eq!((done, heard), (no_tls(), vec!["STARTTLS".to_owned()]));
    }
}

#[test]
fn a_greeting_that_skips_tls_is_refused() {
    let (done, heard) = upgrade(vec![say("* PREAUTH welcome back")]);
    assert_eq!((done, heard), (no_tls(), vec![]));
}

#[test]
fn what_is_injected_behind_the_ok_ends_the_connection() {
    // In one write, as whoever stands between would do it.
    let injected = Turn::Say(b"TAG OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n".to_vec());
    let (done, _) = upgrade(vec![say("* OK hi"), hear("STARTTLS"), injected]);
    assert_eq!(done, no_tls());
    let half = Turn::Say(b"TAG OK go on\r\nC2 O".to_vec());
    let (done, _) = upgrade(vec![say("* OK hi"), hear("STARTTLS"), half]);
    assert_eq!(done, no_tls());
}

#[test]
fn servers_that_go_away_or_are_none() {
    let cut = |turns| upgrade(turns).0;
    let network = |problem| Err(CoreError::Network { host: "mail.example.test:993".to_owned(), problem });
    assert_eq!(cut(vec![Turn::Cut]), network(NetworkProblem::Cut));
    assert_eq!(cut(vec![say("* OK hi"), hear("STARTTLS"), Turn::Cut]), network(NetworkProblem::Cut));
    let problem = |turns| match upgrade(turns).0 {
        Err(CoreError::Server { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(vec![say("220 smtp.example.test ESMTP")]), ServerProblem::Protocol);
    assert_eq!(problem(vec![say("C1 OK hi")]), ServerProblem::Protocol);
    assert_eq!(problem(vec![say("* BYE [UNAVAILABLE] later")]), ServerProblem::NotNow);
    assert_eq!(problem(vec![say("* BYE [LIMIT] too many connections")]), ServerProblem::Throttled);
}
