//! Step 5: Bob decides with Countersign, Carol with OpenSSL.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::error::{At, Error, Result};
use crate::foreign::{Foreigner, Reply};

use super::story::{SUBJECT, Story, decision};
use super::teller::Teller;
use crate::cli::{list, text};
use crate::world::address;

impl Story {
    pub(super) fn carol(&self) -> Result<Foreigner<'_>> {
        Foreigner::new(&self.world, "carol", &self.file("carol"))
    }

    pub(super) fn decisions(&self, teller: &mut Teller) -> Result<()> {
        teller.step(
            5,
            "Bob approves; Carol approves with OpenSSL",
            "Carol decrypts with openssl, and answers by a signed mail that quotes the request's code. A reply without \
             the code, and her reply put under another request's subject, do not count.",
        );
        let mine = self.bob.json(["approval", "list"])?;
        let turn = list(&mine, "approvals").iter().any(|entry| {
            text(entry, "id") == self.id && entry.get("my_turn").and_then(Value::as_bool) == Some(true)
        });
        teller.check(turn, "Bob sees that it is his turn", || mine.to_string())?;
        self.bob.ok(["approval", "approve", &self.id, "--comment", "Needed since spring."])?;
        self.sync(&self.bob)?;
        self.sync(&self.alice)?;
        let shown = self.approval(&self.alice)?;
        let (decided, time, _) = decision(&shown, "bob")?;
        teller.check(
            decided == "approved" && !time.is_empty(),
            &format!("Alice sees Bob's approval, time-stamped {time}"),
            || shown.to_string(),
        )?;

        let request = self.carol_reads(teller)?;
        self.carol_forgets_the_code(teller, &request)?;
        self.carol_approves(teller, &request)?;
        self.a_reply_moved_to_another_request(teller)
    }

    /// Finds the request in Carol's mailbox, with OpenSSL alone; returns what a reply needs of it.
    fn carol_reads(&self, teller: &mut Teller) -> Result<Received> {
        let carol = self.carol()?;
        let root = self.file("alice-root.pem");
        for mail in carol.fetch()? {
            let Ok(decrypted) = carol.decrypt(&mail) else { continue };
            let Ok(verified) = carol.verify(&decrypted.stdout, &root) else { continue };
            let readable = crate::foreign::readable(&verified.stdout);
            if !readable.contains(SUBJECT) || !readable.contains("laser cutter for workshop Nordhalle") {
                continue;
            }
            teller.show("What Carol reads: openssl cms -decrypt, openssl cms -verify", &readable, 16);
            teller.check(
                verified.err().to_lowercase().contains("verification successful"),
                "openssl decrypts the request for Carol and verifies Alice's signature up to her personal root",
                || verified.err(),
            )?;
            teller.check(
                readable.contains(&self.code),
                &format!("the text that she reads holds the code {}", self.code),
                || readable.clone(),
            )?;
            let alice = carol.encryption_certificate(&decrypted.stdout, "alice")?;
            let message_id = crate::foreign::header(&mail, "Message-ID");
            return Ok(Received { message_id, alice });
        }
        Err(Error::Check("no mail of Carol's decrypts and verifies as Alice's request".to_owned()))
    }

    fn carol_sends(&self, received: &Received, reply: &Reply<'_>) -> Result<Vec<u8>> {
        let carol = self.carol()?;
        let mail = carol.reply(reply, &received.message_id, &received.alice)?;
        carol.send(&["alice"], &mail)?;
        self.sync(&self.alice)?;
        Ok(mail)
    }

    fn carol_forgets_the_code(&self, teller: &mut Teller, received: &Received) -> Result<()> {
        self.carol_sends(
            received,
            &Reply { to: "alice", subject: "Re: [...]", text: "Approve\n\nRegards, Carol" },
        )?;
        let shown = self.approval(&self.alice)?;
        let (decided, ..) = decision(&shown, "carol")?;
        let reasons: Vec<&str> = list(&shown, "not_counted")
            .iter()
            .filter(|entry| text(entry, "from") == address("carol"))
            .map(|entry| text(entry, "reason"))
            .collect();
        teller.check(
            decided.is_empty() && !reasons.is_empty() && text(&shown, "state") == "open",
            &format!(
                "Carol's signed \"Approve\" without the code is shown and not counted ({})",
                reasons.join(", ")
            ),
            || shown.to_string(),
        )
    }

    fn carol_approves(&self, teller: &mut Teller, received: &Received) -> Result<()> {
        let code = if self.spoils(5) { "CS-AAAAAAAAAAAAAAAAAAAAAAAAAA" } else { &self.code };
        let quoted = format!("Approve\n\nAlice wrote:\n> Please approve the purchase.\n> {code}");
        let mail = self.carol_sends(received, &Reply { to: "alice", subject: "Re: [...]", text: &quoted })?;
        let file = self.file("carol-reply.eml");
        fs::write(&file, mail).at(&file)?;
        teller.show("Carol's reply before it is signed and encrypted", &quoted, 0);
        let listed = self.alice.json(["mail", "list"])?;
        let of_carol = |mail: &&Value| text(mail, "from").contains(&address("carol"));
        if let Some(mail) = list(&listed, "mails").iter().rfind(of_carol) {
            let read = self.alice.json(["mail", "read", text(mail, "id")])?;
            let verdict = read.get("verdict").unwrap_or(&read);
            teller.show("The verdict of Alice's program on it", &format!("{verdict:#}"), 0);
        }
        let shown = self.approval(&self.alice)?;
        let (decided, time, claimed) = decision(&shown, "carol")?;
        teller.check(
            decided == "approved" && !time.is_empty() && !claimed.is_empty(),
            &format!("her reply with the code counts: signed {claimed}, received and time-stamped {time}"),
            || shown.to_string(),
        )
    }

    /// Somebody puts Carol's signed words under another request.
    fn a_reply_moved_to_another_request(&self, teller: &mut Teller) -> Result<()> {
        let other = "Travel to the fair in Hall 9";
        let request = self.alice.json([
            "approval",
            "request",
            "--to",
            &address("carol"),
            "--subject",
            other,
            "--text",
            "Two days, one person.",
        ])?;
        self.sync(&self.alice)?;
        let carol = self.carol()?;
        let other_id = crate::foreign::header(&carol.fetch()?.pop().unwrap_or_default(), "Message-ID");
        let file = self.file("carol-reply.eml");
        let mail = fs::read(&file).at(&file)?;
        let moved = crate::foreign::with_headers(&mail, &format!("Re: {other}"), &other_id);
        carol.send(&["alice"], &moved)?;
        self.sync(&self.alice)?;
        let shown = self.alice.json(["approval", "show", text(&request, "id")])?;
        let (decided, ..) = decision(&shown, "carol")?;
        teller.check(
            decided.is_empty() && text(&shown, "state") == "open",
            &format!("the same signed reply under the subject of another request (\"{other}\") does not count there"),
            || shown.to_string(),
        )?;
        let listed = self.alice.json(["mail", "list"])?;
        let count = list(&listed, "mails")
            .iter()
            .filter(|mail| text(mail, "from").contains(&address("carol")))
            .count();
        teller.check(count >= 4, "all of Carol's mails are shown in Alice's mailbox", || listed.to_string())
    }
}

/// What Carol needs of the request to answer it.
struct Received {
    message_id: String,
    /// Alice's encryption certificate, PEM.
    alice: PathBuf,
}
