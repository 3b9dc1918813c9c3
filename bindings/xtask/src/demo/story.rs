//! The seven steps.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{Terminal, list, passphrase, text};
use crate::error::{At, Error, Result, check};
use crate::run::{call, quote};
use crate::world::{World, address, password};

use super::pdf;
use super::search::{Form, search};
use super::teller::Teller;

/// Subject of the approval; every word of it is looked for where it must not be.
pub(super) const SUBJECT: &str = "Purchase of laser cutter 激光切割机";

/// Text of the request.
pub(super) const TEXT: &str = "Please approve the purchase of one laser cutter for workshop Nordhalle, 48 500 EUR.\n\
                    The offer is attached; it is valid until Friday.";

/// Name of the attached file.
pub(super) const FILE: &str = "offer-nordhalle-4711.pdf";

/// Words that no server, log or home may hold in the clear.
pub(super) const SECRETS: [&str; 6] = [
    "laser cutter",
    "激光切割机",
    "workshop Nordhalle",
    "48 500 EUR",
    "offer-nordhalle-4711",
    "Quotation 4711",
];

/// How many rounds of fetching mail a meeting may take: three mails, each with one round to spare.
const MEETING_ROUNDS: usize = 6;

/// Everything that the steps share: servers, terminals, folder.
#[derive(Debug)]
pub struct Story {
    pub(super) world: World,
    pub(super) folder: PathBuf,
    pub(super) alice: Terminal,
    pub(super) bob: Terminal,
    pub(super) spoil: Option<usize>,
    /// Hex id and code of the request.
    pub(super) id: String,
    pub(super) code: String,
    pub(super) pdf: Vec<u8>,
}

impl Story {
    pub(super) fn new(world: World, program: &Path, folder: &Path, spoil: Option<usize>) -> Result<Self> {
        Ok(Self {
            world,
            folder: folder.to_owned(),
            alice: Terminal::new(program, &folder.join("homes"), "alice")?,
            bob: Terminal::new(program, &folder.join("homes"), "bob")?,
            spoil,
            id: String::new(),
            code: String::new(),
            pdf: pdf::page(
                "Quotation 4711",
                &["Laser cutter LC-900, workshop Nordhalle", "Price 48 500 EUR, delivery in six weeks"],
            ),
        })
    }

    /// All steps in order; stops at the first that fails.
    pub(super) fn tell(&mut self, teller: &mut Teller) -> Result<()> {
        self.accounts(teller)?;
        self.meeting(teller)?;
        self.request(teller)?;
        self.on_the_server(teller)?;
        self.decisions(teller)?;
        self.evidence(teller)?;
        self.offline(teller)
    }

    pub(super) fn spoils(&self, step: usize) -> bool {
        self.spoil == Some(step)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn accounts(&self, teller: &mut Teller) -> Result<()> {
        teller.step(
            1,
            "Alice and Bob add their accounts",
            "Host and port are all they give; keys and certificates appear by themselves.",
        );
        if self.spoils(1) {
            let file = self.world.password_file("bob");
            fs::write(&file, "not Bob's password\n").at(&file)?;
        }
        for (person, terminal) in [("alice", &self.alice), ("bob", &self.bob)] {
            let added = terminal.json(self.world.account_args(person))?;
            let anchor = text(&added, "anchor");
            teller.check(
                text(&added, "address") == address(person)
                    && anchor.len() == 64
                    && !list(&added, "keys").is_empty(),
                &format!("{} has a personal root ({}…) and keys under it", address(person), head(anchor, 16)),
                || added.to_string(),
            )?;
            let root = self.file(&format!("{person}-root.pem"));
            terminal.ok(["keys", "export", "--root", &root.to_string_lossy()])?;
            let shown = call("openssl").words("x509 -noout -text -in").arg(&root).ok()?.out();
            teller.check(
                shown.contains("CA:TRUE, pathlen:0") && shown.contains(&format!("email:{}", address(person))),
                "openssl reads the root: a CA of path length 0, constrained to that one address",
                || shown.clone(),
            )?;
            teller.show(&format!("openssl x509 -text: {person}'s personal root"), &shown, 0);
            let words = [password(person), passphrase(person), "PRIVATE KEY".to_owned()];
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let search = search(std::slice::from_ref(&terminal.home), &words)?;
            teller.check(
                search.found.is_empty() && search.files > 0,
                &format!(
                    "neither password nor key lies in the clear in {person}'s home ({} files)",
                    search.files
                ),
                || format!("{:?}", search.found),
            )?;
        }
        Ok(())
    }

    fn meeting(&self, teller: &mut Teller) -> Result<()> {
        teller.step(
            2,
            "Alice and Bob meet and scan each other's code",
            "Each shows a QR code and reads the other's; a picture stands for the live camera. Three mails confirm it.",
        );
        let (of_alice, of_bob) = (self.file("alice.png"), self.file("bob.png"));
        for (terminal, png, name) in [(&self.alice, &of_alice, "alice"), (&self.bob, &of_bob, "bob")] {
            let shown = terminal.ok(["contact", "meet", "--png", &png.to_string_lossy()])?.out();
            teller.show(&format!("What {name}'s terminal shows"), &shown, 0);
            let read = call("zbarimg").words("--quiet --raw").arg(png).ok()?.out();
            teller.check(
                read.starts_with("COUNTERSIGN:1/"),
                &format!(
                    "another program (zbarimg) reads {name}'s picture: COUNTERSIGN:1/…, {} characters",
                    read.trim().len()
                ),
                || read.clone(),
            )?;
        }
        if self.spoils(2) {
            fs::copy(&of_alice, &of_bob).at(&of_bob)?;
        }
        teller.pictures(&[("Alice's code", &of_alice), ("Bob's code", &of_bob)])?;
        self.alice.ok(["contact", "meet", "--camera", &of_bob.to_string_lossy()])?;
        self.bob.ok(["contact", "meet", "--camera", &of_alice.to_string_lossy()])?;
        let mut rounds = 0;
        while rounds < MEETING_ROUNDS
            && !(self.trusts(&self.alice, "bob", "met")? && self.trusts(&self.bob, "alice", "met")?)
        {
            rounds += 1;
            self.sync(&self.alice)?;
            self.sync(&self.bob)?;
        }
        for (terminal, other) in [(&self.alice, "bob"), (&self.bob, "alice")] {
            let contact = contact(terminal, other)?;
            teller.check(
                text(&contact, "trust") == "met",
                &format!("{} is held as met in person, since {}", address(other), text(&contact, "since")),
                || contact.to_string(),
            )?;
        }
        Ok(())
    }

    fn request(&mut self, teller: &mut Teller) -> Result<()> {
        teller.step(
            3,
            "Alice asks Bob, then Carol, to approve a PDF",
            "Carol has only OpenSSL and a certificate of her organisation. Alice knows it from a signed mail of hers.",
        );
        self.carol()?.introduce()?;
        self.sync(&self.alice)?;
        let known = contact(&self.alice, "carol")?;
        teller.check(
            text(&known, "trust") == "organisation",
            "Carol's certificate came with her signed mail and is trusted through her organisation's CA",
            || known.to_string(),
        )?;
        let pdf = self.file(FILE);
        if !self.spoils(3) {
            fs::write(&pdf, &self.pdf).at(&pdf)?;
        }
        let before = (self.world.inbox("bob")?.len(), self.world.inbox("carol")?.len());
        let request = self.alice.json([
            "approval",
            "request",
            "--to",
            &address("bob"),
            "--to",
            &address("carol"),
            "--subject",
            SUBJECT,
            "--text",
            TEXT,
            "--attach",
            &pdf.to_string_lossy(),
        ])?;
        self.id = text(&request, "id").to_owned();
        self.code = text(&request, "code").to_owned();
        teller.check(
            self.id.len() == 64 && self.code.len() == 29 && self.code.starts_with("CS-"),
            &format!("the request has the id {}… and the code {}", head(&self.id, 16), self.code),
            || request.to_string(),
        )?;
        self.sync(&self.alice)?;
        let after = (self.world.inbox("bob")?.len(), self.world.inbox("carol")?.len());
        teller.check(
            after == (before.0 + 1, before.1 + 1),
            "one mail lies in Bob's mailbox and one in Carol's",
            || format!("before {before:?}, after {after:?}"),
        )?;
        let shown = self.approval(&self.alice)?;
        teller.check(
            text(&shown, "state") == "open" && list(&shown, "stages").len() == 2,
            "Alice sees it open, with two stages",
            || shown.to_string(),
        )
    }

    fn on_the_server(&self, teller: &mut Teller) -> Result<()> {
        teller.step(
            4,
            "What the servers see",
            "The mail as it lies in Bob's mailbox. Subject, text and file name are looked for everywhere.",
        );
        let newest = self.world.inbox("bob")?.pop();
        let newest = newest.ok_or_else(|| Error::Check("Bob's mailbox is empty".to_owned()))?;
        let raw = String::from_utf8_lossy(&fs::read(&newest).at(&newest)?).into_owned();
        teller.show("The mail on the server", &raw, 24);
        teller.check(
            raw.contains("application/pkcs7-mime") && raw.contains("Subject: [...]"),
            "it is one ciphertext; the subject outside is [...]",
            || head(&raw, 2000).to_owned(),
        )?;
        let printed =
            call("openssl").words("cms -cmsout -print -noout -inform SMIME -in").arg(&newest).ok()?.out();
        teller.show("openssl cms -print: its recipients and ciphers", &printed, 0);

        // The search must be able to find: the same words, planted in three writings.
        let planted = self.file("planted");
        fs::create_dir_all(&planted).at(&planted)?;
        let encoded = data_encoding::BASE64.encode(format!("Subject: {SUBJECT}").as_bytes());
        for (name, text) in [("raw", SUBJECT), ("base64", &encoded), ("qp", "laser=20cutter")] {
            let file = planted.join(name);
            fs::write(&file, text).at(&file)?;
        }
        let control = search(std::slice::from_ref(&planted), &SECRETS)?;
        teller.check(
            [Form::Raw, Form::Base64, Form::QuotedPrintable]
                .iter()
                .all(|form| control.found.iter().any(|found| found.form == *form)),
            "control: the search finds these words raw, in base64 and in quoted-printable",
            || format!("{:?}", control.found),
        )?;
        // Bob has fetched it by now, so that his home holds it, sealed.
        self.sync(&self.bob)?;
        if self.spoils(4) {
            let file = self.bob.home.join("cache.tmp");
            fs::copy(planted.join("base64"), &file).at(&file)?;
        }
        self.nothing_in_the_clear(teller, &SECRETS)
    }

    /// These words are nowhere on the servers and in no home.
    pub(super) fn nothing_in_the_clear(&self, teller: &mut Teller, words: &[&str]) -> Result<()> {
        let mut folders = self.world.logs()?;
        folders.extend([self.world.mail(), self.alice.home.clone(), self.bob.home.clone()]);
        let search = search(&folders, words)?;
        teller.check(
            search.found.is_empty() && search.files > 10,
            &format!(
                "none of {} words is found in mailboxes, queue, logs and both homes: {} files, {} KiB, \
                 raw, base64- and quoted-printable-decoded",
                words.len(),
                search.files,
                search.bytes / 1024
            ),
            || format!("{:?}", search.found),
        )
    }

    /// Fetches and sends, then waits until the servers have delivered.
    pub(super) fn sync(&self, terminal: &Terminal) -> Result<()> {
        terminal.ok(["sync"])?;
        self.world.settle()
    }

    /// What `approval show` says to a person.
    pub(super) fn approval(&self, terminal: &Terminal) -> Result<Value> {
        terminal.json(["approval", "show", &self.id])
    }

    fn trusts(&self, terminal: &Terminal, other: &str, trust: &str) -> Result<bool> {
        Ok(text(&contact(terminal, other)?, "trust") == trust)
    }

    /// Says how to go on, and waits.
    pub(super) fn keep(&self) -> Result<()> {
        println!("\nThe servers are up. To go on by hand:\n");
        for (name, terminal) in [("alice", &self.alice), ("bob", &self.bob)] {
            println!("  alias {name}={}", quote(&terminal.prefix()));
        }
        println!(
            "  alice approval show {code}\n  bob mail list\n  bob mail send --to {alice} --subject Hello --text 'Seen.'\n  \
             alice sync\n\n{}\n\nCtrl-C stops these servers and nothing else.",
            self.world.describe(),
            code = self.code,
            alice = address("alice"),
        );
        super::wait_for_end()
    }
}

/// The contact with the address of `other`; null when there is none.
pub(super) fn contact(terminal: &Terminal, other: &str) -> Result<Value> {
    let contacts = terminal.json(["contact", "list"])?;
    let found = list(&contacts, "contacts").iter().find(|contact| text(contact, "address") == address(other));
    Ok(found.cloned().unwrap_or_default())
}

/// The decision of `person` in an answer of `approval show`: (decision, trusted time, claimed time).
pub(super) fn decision<'a>(shown: &'a Value, person: &str) -> Result<(&'a str, &'a str, &'a str)> {
    let people = list(shown, "stages").iter().flat_map(|stage| list(stage, "people"));
    let mut mine = people.filter(|entry| text(entry, "address") == address(person));
    let entry = mine.next().ok_or_else(|| Error::Check(format!("{person} is in no stage of {shown}")))?;
    check(mine.next().is_none(), || format!("{person} is in two stages of {shown}"))?;
    Ok((text(entry, "decision"), text(entry, "time"), text(entry, "claimed_time")))
}

/// The path of the part with this file name, somewhere in a JSON answer.
pub(super) fn part_of(json: &Value, name: &str) -> Option<String> {
    match json {
        Value::Object(members) if text(json, "name") == name => {
            members.get("path").or_else(|| members.get("part")).and_then(Value::as_str).map(ToOwned::to_owned)
        }
        Value::Object(members) => members.values().find_map(|member| part_of(member, name)),
        Value::Array(members) => members.iter().find_map(|member| part_of(member, name)),
        _ => None,
    }
}

/// The first `count` characters.
pub(super) fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}
