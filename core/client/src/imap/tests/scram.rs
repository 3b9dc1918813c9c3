//! SCRAM before a server whose arithmetic is its own.

use std::sync::Arc;

use data_encoding::BASE64;
use engine::imap::{Mechanism, ScramHash, Secret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use testkit::imap_script::{Turn, hear, say};

use super::login::{enter, refused, server};
use super::with;
use crate::error::{CoreError, ServerProblem};
use crate::imap::login::Login;

const SALT: &[u8] = b"0123456789abcdef";
const SHA256: Result<Mechanism, CoreError> = Ok(Mechanism::Scram(ScramHash::Sha256));

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn decoded(line: &str) -> String {
    let base64 = line.rsplit(' ').next().unwrap();
    String::from_utf8(BASE64.decode(base64.as_bytes()).unwrap()).unwrap()
}

fn challenge(first: &str) -> String {
    let nonce = first.rsplit("r=").next().unwrap();
    format!("r={nonce}SERVER,s={},i=4096", BASE64.encode(SALT))
}

/// `+ r=…,s=…,i=4096`
fn asks() -> Turn {
    Turn::Reply(Arc::new(|heard| {
        let first = decoded(heard.last().unwrap());
        format!("+ {}\r\n", BASE64.encode(challenge(&first).as_bytes())).into_bytes()
    }))
}

/// `+ v=…`, when the client's proof holds for `password`; else NO. `lies` flips a bit of the own signature.
fn proves(password: &'static str, lies: bool) -> Turn {
    Turn::Reply(Arc::new(move |heard| {
        let [.., first, last] = heard else { return vec![] };
        let (first, last) = (decoded(first), decoded(last));
        let (without_proof, proof) = last.split_once(",p=").unwrap();
        let bare = first.strip_prefix("n,,").unwrap();
        let message = format!("{bare},{},{without_proof}", challenge(&first));
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), SALT, 4096, &mut salted);
        let stored = Sha256::digest(hmac(&salted, b"Client Key")).to_vec();
        let mask = hmac(&stored, message.as_bytes());
        let proof = BASE64.decode(proof.as_bytes()).unwrap();
        let key: Vec<u8> = proof.iter().zip(&mask).map(|(a, b)| a ^ b).collect();
        if Sha256::digest(&key).to_vec() != stored {
            return b"TAG NO [AUTHENTICATIONFAILED] wrong\r\n".to_vec();
        }
        let mut signature = hmac(&hmac(&salted, b"Server Key"), message.as_bytes());
        signature[0] ^= u8::from(lies);
        format!("+ {}\r\n", BASE64.encode(format!("v={}", BASE64.encode(&signature)).as_bytes())).into_bytes()
    }))
}

fn greeting() -> Turn {
    say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256] hi")
}

fn welcome() -> Turn {
    say("TAG OK [CAPABILITY IMAP4rev1] in")
}

fn log_in(turns: Vec<Turn>, password: &'static str) -> (Result<Mechanism, CoreError>, Vec<String>) {
    with(turns, async |line| enter(line, Secret::Password(password)).await.0)
}

#[test]
fn both_sides_prove_the_password_and_it_does_not_travel() {
    let scram = hear("AUTHENTICATE SCRAM-SHA-256 ");
    let turns = vec![greeting(), scram, asks(), hear(""), proves("pencil", false), hear(""), welcome()];
    let (done, heard) = log_in(turns, "pencil");
    assert_eq!((done, heard.len()), (SHA256, 3));
    assert!(heard.iter().all(|line| !line.contains("pencil") && !line.contains(&BASE64.encode(b"pencil"))));
    let late = vec![
        say("* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256] hi"),
        hear("AUTHENTICATE SCRAM-SHA-256"),
        say("+ "),
        hear(""),
        asks(),
        hear(""),
        proves("pencil", false),
        hear(""),
        welcome(),
    ];
    assert_eq!(log_in(late, "pencil").0, SHA256, "without SASL-IR");
}

#[test]
fn a_server_that_does_not_know_the_password_gets_nothing_more() {
    let begin = || vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), asks(), hear("")];
    for last in [
        proves("pencil", true),
        say(&format!("+ {}", BASE64.encode(b"e=other-error"))),
        // It skips its proof.
        welcome(),
    ] {
        let (done, heard) = log_in([begin(), vec![last]].concat(), "pencil");
        assert_eq!(done, server(ServerProblem::NotProven));
        assert!(heard.len() <= 3 && heard.get(2).is_none_or(|line| line == "*"), "{heard:?}");
    }
    // OK at once, without any challenge.
    let (done, heard) = log_in(vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), welcome()], "pencil");
    assert_eq!((done, heard.len()), (server(ServerProblem::NotProven), 1));
}

#[test]
fn a_wrong_password_is_tried_once_and_never_in_clear() {
    let turns =
        vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), asks(), hear(""), proves("pencil", false)];
    let (done, heard) = log_in(turns, "crayon");
    assert_eq!((done, heard.len()), (refused(), 2), "{heard:?}");
}

#[test]
fn hostile_challenges_end_the_log_in() {
    for challenge in ["r=x,s=AAAA,i=4096", "", "r=x,s=AAAA,i=4294967295", "m=x,r=y,s=AAAA,i=4096"] {
        let challenge = say(&format!("+ {}", BASE64.encode(challenge.as_bytes())));
        let (done, heard) =
            log_in(vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), challenge], "pencil");
        assert_eq!((done, heard[1..].to_vec()), (server(ServerProblem::Protocol), vec!["*".to_owned()]));
    }
    for line in ["+ not base64!", &format!("+ {}", "A".repeat(40_000))] {
        let (done, heard) =
            log_in(vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), say(line)], "pencil");
        assert_eq!((done, heard.len()), (server(ServerProblem::Protocol), 1));
    }
}

#[test]
fn a_server_without_a_derived_key_for_this_person_gets_plain_unless_scram_worked_before() {
    let turns = |then: Vec<Turn>| {
        let no = say("TAG NO [AUTHENTICATIONFAILED] no SCRAM for you");
        [vec![greeting(), hear("AUTHENTICATE SCRAM-SHA-256 "), no], then].concat()
    };
    let plain = vec![hear("AUTHENTICATE PLAIN AGFsaWNlAHBlbmNpbA=="), welcome()];
    assert_eq!(log_in(turns(plain), "pencil").0, Ok(Mechanism::Plain));
    let only_scram = |turns| {
        with(turns, async |mut line| {
            line.greeting().await.unwrap();
            let login = Login { user: "alice", secret: Secret::Password("pencil"), only_scram: true };
            line.log_in(&login).await
        })
    };
    let (done, heard) = only_scram(turns(vec![]));
    assert_eq!((done, heard.len()), (refused(), 1));
    let (done, heard) = only_scram(vec![say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi")]);
    assert_eq!((done, heard.len()), (server(ServerProblem::NoLogin), 0), "it forgot SCRAM");
}
