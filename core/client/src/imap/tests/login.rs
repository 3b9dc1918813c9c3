//! Logging in by everything but SCRAM.

use engine::imap::{Mechanism, Secret};
use engine::sync::Capability;
use testkit::imap_script::{Turn, hear, say};

use super::{Line, with};
use crate::error::{CoreError, ServerProblem};
use crate::imap::login::{Greeting, Login};

const PASSWORD: Secret<'_> = Secret::Password("secret");
const TOKEN: Secret<'_> = Secret::Token("tok");

/// `\0alice\0secret`
const PLAIN: &str = "AGFsaWNlAHNlY3JldA==";
const BEARER: &str = "bixhPWFsaWNlLAFob3N0PW1haWwuZXhhbXBsZS50ZXN0AXBvcnQ9OTkzAWF1dGg9QmVhcmVyIHRvawEB";
const XOAUTH2: &str = "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2sBAQ==";
/// `{"status":"invalid_token"}`
const INVALID_TOKEN: &str = "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=";

pub(super) async fn enter(mut line: Line, secret: Secret<'_>) -> (Result<Mechanism, CoreError>, Line) {
    assert_eq!(line.greeting().await, Ok(Greeting::Ok));
    let login = Login { user: "alice", secret, only_scram: false };
    (line.log_in(&login).await, line)
}

fn greeting(words: &str) -> Turn {
    say(&format!("* OK [CAPABILITY IMAP4rev1 {words}] hi"))
}

fn welcome() -> Turn {
    say("TAG OK [CAPABILITY IMAP4rev1] in")
}

fn log_in(turns: Vec<Turn>, secret: Secret<'_>) -> (Result<Mechanism, CoreError>, Vec<String>) {
    with(turns, async |line| enter(line, secret).await.0)
}

pub(super) fn refused() -> Result<Mechanism, CoreError> {
    Err(CoreError::LoginRefused { host: "mail.example.test:993".to_owned() })
}

pub(super) fn server(problem: ServerProblem) -> Result<Mechanism, CoreError> {
    Err(CoreError::Server { host: "mail.example.test:993".to_owned(), problem })
}

#[test]
fn plain_with_and_without_an_initial_response() {
    let command = format!("AUTHENTICATE PLAIN {PLAIN}");
    let (done, _) = log_in(vec![greeting("SASL-IR AUTH=PLAIN"), hear(&command), welcome()], PASSWORD);
    assert_eq!(done, Ok(Mechanism::Plain));
    let turns = vec![greeting("AUTH=PLAIN"), hear("AUTHENTICATE PLAIN"), say("+"), hear(PLAIN), welcome()];
    let (done, heard) = log_in(turns, PASSWORD);
    assert_eq!((done, heard[0].as_str()), (Ok(Mechanism::Plain), "AUTHENTICATE PLAIN"));
}

#[test]
fn a_server_that_says_nothing_of_itself_is_asked() {
    let turns = vec![
        say("* OK hi"),
        hear("CAPABILITY"),
        say("* CAPABILITY IMAP4rev1"),
        say("TAG OK done"),
        hear("LOGIN \"alice\" \"secret\""),
        say("TAG OK in"),
        hear("CAPABILITY"),
        say("* CAPABILITY IMAP4rev1 MOVE"),
        say("TAG OK done"),
    ];
    let ((done, line), _) = with(turns, async |line| {
        let (done, line) = enter(line, PASSWORD).await;
        (done, line.capabilities().clone())
    });
    assert_eq!(done, Ok(Mechanism::Login));
    assert!(line.has(Capability::Move), "what counts after the log-in is what is said then");
}

#[test]
fn a_password_that_fits_in_no_quotes_is_a_literal() {
    let turns = vec![
        greeting("X"),
        hear("LOGIN \"alice\" {7}"),
        say("+ go on"),
        Turn::HearOctets("pä\r\nß".len()),
        hear(""),
        welcome(),
    ];
    let (done, heard) = log_in(turns, Secret::Password("pä\r\nß"));
    assert_eq!((done, heard[1].as_str()), (Ok(Mechanism::Login), "pä\r\nß"));
}

#[test]
fn no_password_where_logging_in_is_disabled_and_no_token_as_a_password() {
    let (done, heard) = log_in(vec![greeting("LOGINDISABLED")], PASSWORD);
    assert_eq!((done, heard), (server(ServerProblem::NoLogin), vec![]));
    let (done, heard) = log_in(vec![greeting("AUTH=PLAIN")], TOKEN);
    assert_eq!((done, heard), (server(ServerProblem::NoLogin), vec![]));
    let (done, heard) = log_in(vec![greeting("SASL-IR AUTH=PLAIN")], Secret::Password("a\0b"));
    assert_eq!((done, heard), (refused(), vec![]));
}

#[test]
fn a_wrong_password_is_tried_once() {
    for answer in ["TAG NO [AUTHENTICATIONFAILED] wrong", "TAG NO no", "TAG NO [EXPIRED] old"] {
        let turns = vec![greeting("SASL-IR AUTH=PLAIN"), hear("AUTHENTICATE PLAIN"), say(answer)];
        let (done, heard) = log_in(turns, PASSWORD);
        assert_eq!((done, heard.len()), (refused(), 1), "{answer}");
    }
}

#[test]
fn a_server_that_is_busy_is_not_a_wrong_password() {
    for (answer, problem) in [
        ("TAG NO [UNAVAILABLE] backend down", ServerProblem::NotNow),
        ("TAG NO [INUSE] locked", ServerProblem::NotNow),
        ("TAG NO [LIMIT] too many", ServerProblem::Throttled),
        ("TAG BAD Request is throttled. Suggested Backoff Time: 299 seconds", ServerProblem::Throttled),
        ("* BYE [UNAVAILABLE] down", ServerProblem::NotNow),
    ] {
        let turns =
            vec![greeting("SASL-IR LOGINDISABLED AUTH=PLAIN"), hear("AUTHENTICATE PLAIN"), say(answer)];
        assert_eq!(log_in(turns, PASSWORD).0, server(problem), "{answer}");
    }
}

#[test]
fn a_mechanism_that_was_a_lie_leads_to_the_next() {
    let turns = vec![
        greeting("SASL-IR AUTH=PLAIN"),
        hear("AUTHENTICATE PLAIN"),
        say("TAG BAD what?"),
        hear("LOGIN \"alice\" \"secret\""),
        welcome(),
    ];
    assert_eq!(log_in(turns, PASSWORD).0, Ok(Mechanism::Login));
}

#[test]
fn tokens_and_their_errors() {
    let bearer = format!("AUTHENTICATE OAUTHBEARER {BEARER}");
    let all = greeting("SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER AUTH=PLAIN");
    let (done, _) = log_in(vec![all.clone(), hear(&bearer), welcome()], TOKEN);
    assert_eq!(done, Ok(Mechanism::OauthBearer));
    // RFC 7628 section 3.2.3: the error comes as a challenge, and wants %x01.
    let no = say("TAG NO [AUTHENTICATIONFAILED] expired");
    let (done, heard) = log_in(vec![all, hear(&bearer), say(INVALID_TOKEN), hear("AQ=="), no.clone()], TOKEN);
    assert_eq!((done, heard.len()), (refused(), 2), "and is not tried again in another form");
    let old = greeting("AUTH=XOAUTH2");
    let turns =
        vec![old, hear("AUTHENTICATE XOAUTH2"), say("+"), hear(XOAUTH2), say(INVALID_TOKEN), hear(""), no];
    let (done, heard) = log_in(turns, TOKEN);
    assert_eq!(
        (done, heard),
        (refused(), vec!["AUTHENTICATE XOAUTH2".to_owned(), XOAUTH2.to_owned(), String::new()])
    );
}

#[test]
fn what_the_server_can_is_switched_on_after_the_log_in() {
    let turns = vec![
        greeting("AUTH=PLAIN SASL-IR QRESYNC"),
        hear("AUTHENTICATE PLAIN"),
        say("* CAPABILITY IMAP4rev1 ENABLE ID QRESYNC UTF8=ACCEPT"),
        say("TAG OK in"),
        hear("ID (\"name\" \"Countersign\")"),
        say("* ID NIL"),
        say("TAG OK done"),
        hear("ENABLE QRESYNC UTF8=ACCEPT"),
        say("* ENABLED UTF8=ACCEPT"),
        say("TAG OK done"),
    ];
    let (switched, _) = with(turns, async |line| {
        let (done, line) = enter(line, PASSWORD).await;
        assert_eq!(done, Ok(Mechanism::Plain));
        (line.is_utf8, line.has_qresync)
    });
    assert_eq!(switched, (true, false), "only what it says it enabled");
}
