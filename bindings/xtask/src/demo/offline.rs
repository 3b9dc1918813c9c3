//! Step 7: a device without its servers.

use std::fs;

use serde_json::Value;

use crate::cli::{list, text};
use crate::error::{At, Error, Result};
use crate::world::address;

use super::story::{FILE, SUBJECT, Story, TEXT, part_of};
use super::teller::Teller;

/// The conversation that Bob reads and answers without a network.
const TOPIC: &str = "交货安排";
const ASKED: &str = "激光设备下周三运到北厅车间，请安排验收。";
const ANSWERED: &str = "车间已经准备好。谁来签字？";
const NAMED: &str = "由你签字，验收单在第一封邮件里。";
const WRITTEN_OFFLINE: &str = "好的，我周三上午在车间等。";
const LIST: &str = "设备验收单-北厅.txt";
const LIST_TEXT: &str = "一、外观检查\n二、冷却系统\n三、安全联锁\n";

/// Words of it that no server, log or home may hold in the clear.
const SECRETS: [&str; 6] = ["交货安排", "下周三", "北厅车间", "设备验收单", "安全联锁", "周三上午"];

impl Story {
    pub(super) fn offline(&mut self, teller: &mut Teller) -> Result<()> {
        teller.step(
            7,
            "The servers stop; Bob reads, searches and answers",
            "First Alice and Bob write to each other about the delivery. Then Dovecot and Postfix are stopped: all that Bob has is \
             his device, sealed. When the servers are back, his answer leaves once.",
        );
        self.correspond()?;
        self.world.stop_servers();
        let refused = self.bob.call(["sync"]).run()?;
        teller.check(
            refused.code == Some(3),
            &format!("sync says so and ends with exit code 3: {}", refused.err().trim()),
            || format!("{:?} {}", refused.code, refused.err()),
        )?;
        if self.spoils(7) {
            let away = self.file("homes/elsewhere");
            fs::rename(&self.bob.home, &away).at(&away)?;
        }
        self.reads_the_request(teller)?;
        self.searches(teller)?;
        self.answers(teller)?;
        self.world.start_servers()?;
        self.is_sent_once(teller)?;
        self.nothing_in_the_clear(teller, &SECRETS)
    }

    /// Alice asks, Bob answers, Alice answers.
    fn correspond(&self) -> Result<()> {
        let attached = self.file(LIST);
        fs::write(&attached, LIST_TEXT).at(&attached)?;
        let (bob, attached) = (address("bob"), attached.to_string_lossy().into_owned());
        let words =
            ["mail", "send", "--to", &bob, "--subject", TOPIC, "--text", ASKED, "--attach", &attached];
        self.alice.ok(words)?;
        self.world.settle()?;
        for (writer, said) in [(&self.bob, ANSWERED), (&self.alice, NAMED)] {
            self.sync(writer)?;
            let newest = self.newest_of_topic(writer)?;
            writer.ok(["mail", "reply", &newest, "--text", said])?;
            self.world.settle()?;
        }
        // Twice: his own answer comes back from sent mail.
        self.sync(&self.bob)?;
        self.sync(&self.bob)
    }

    /// The newest mail of the conversation in somebody's inbox.
    fn newest_of_topic(&self, terminal: &crate::cli::Terminal) -> Result<String> {
        let mails = terminal.json(["--offline", "mail", "list", "--folder", "inbox"])?;
        let mut found =
            list(&mails, "mails").iter().rev().filter(|mail| text(mail, "subject").ends_with(TOPIC));
        let mail = found.next().ok_or_else(|| Error::Check(format!("no mail {TOPIC:?} in {mails}")))?;
        Ok(text(mail, "id").to_owned())
    }

    fn reads_the_request(&self, teller: &mut Teller) -> Result<()> {
        let mails = self.bob.json(["--offline", "mail", "list"])?;
        let mail = list(&mails, "mails").iter().find(|mail| text(mail, "subject").contains(SUBJECT));
        let mail = mail.ok_or_else(|| Error::Check(format!("no mail {SUBJECT:?} in {mails}")))?;
        let id = text(mail, "id");
        let read = self.bob.ok(["--offline", "mail", "read", id])?.out();
        teller.show("countersign --offline mail read", &read, 12);
        teller.check(
            read.contains(SUBJECT) && TEXT.lines().all(|line| read.contains(line)),
            "Bob reads subject and text",
            || read.clone(),
        )?;
        let json = self.bob.json(["--offline", "mail", "read", id])?;
        let part = part_of(&json, FILE).ok_or_else(|| Error::Check(format!("no part {FILE} in {json}")))?;
        let out = self.file("bob-opens.pdf");
        self.bob.ok(["--offline", "mail", "attachment", id, &part, "--out", &out.to_string_lossy()])?;
        let opened = fs::read(&out).at(&out)?;
        teller.check(opened == self.pdf, "and opens the PDF: the very bytes that Alice attached", || {
            format!("{} bytes instead of {}", opened.len(), self.pdf.len())
        })
    }

    fn searches(&self, teller: &mut Teller) -> Result<()> {
        for (query, finds, what) in [
            ("设备验收", 1, "in the name of an encrypted attachment"),
            ("北厅车间", 1, "in encrypted text"),
            ("验收单", 2, "in a name, and in the text of another mail"),
            ("冷凝器", 0, "that was never written"),
        ] {
            let found = self.bob.json(["--offline", "mail", "search", query])?;
            let ids: Vec<&str> = list(&found, "mails").iter().map(|mail| text(mail, "id")).collect();
            let topics = list(&found, "mails").iter().all(|mail| text(mail, "subject").ends_with(TOPIC));
            teller.check(
                ids.len() == finds && topics,
                &format!("he searches {query}, {what}: {finds} found"),
                || found.to_string(),
            )?;
        }
        Ok(())
    }

    fn answers(&self, teller: &mut Teller) -> Result<()> {
        let newest = self.newest_of_topic(&self.bob)?;
        let whole = self.bob.ok(["--offline", "mail", "conversation", &newest])?.out();
        teller.show("countersign --offline mail conversation", &whole, 40);
        let places: Vec<Option<usize>> =
            [ASKED, ANSWERED, NAMED].iter().map(|said| whole.find(said)).collect();
        teller.check(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "he reads the conversation: three mails in order, his own among them",
            || whole.clone(),
        )?;
        self.bob.ok(["--offline", "mail", "reply", &newest, "--text", WRITTEN_OFFLINE])?;
        let refused = self.bob.call(["sync"]).run()?;
        let waiting = self.bob.json(["--offline", "mail", "outbox"])?;
        let states: Vec<&str> = list(&waiting, "outbox").iter().map(|entry| text(entry, "state")).collect();
        teller.check(
            refused.code == Some(3) && states == ["waiting"],
            "and answers: it waits in his outbox, also after a sync that reaches nobody",
            || format!("{:?} {waiting}", refused.code),
        )
    }

    fn is_sent_once(&self, teller: &mut Teller) -> Result<()> {
        let before = self.world.inbox("alice")?.len();
        for _ in 0..3 {
            self.sync(&self.bob)?;
        }
        self.sync(&self.alice)?;
        let delivered = self.world.inbox("alice")?.len() - before;
        let said = |terminal: &crate::cli::Terminal, folder: &str| -> Result<usize> {
            let mails = terminal.json(["--offline", "mail", "list", "--folder", folder])?;
            let mut count = 0;
            for mail in list(&mails, "mails") {
                if text(mail, "subject").ends_with(TOPIC) {
                    let read: Value = terminal.json(["--offline", "mail", "read", text(mail, "id")])?;
                    count += usize::from(text(&read, "text").contains(WRITTEN_OFFLINE));
                }
            }
            Ok(count)
        };
        let (hers, his) = (said(&self.alice, "inbox")?, said(&self.bob, "sent")?);
        teller.check(
            (delivered, hers, his) == (1, 1, 1),
            "the servers are back: his answer reached Alice once in three rounds, and lies once among his sent mail",
            || format!("delivered {delivered}, read by Alice {hers}, in Bob's sent mail {his}"),
        )
    }
}
