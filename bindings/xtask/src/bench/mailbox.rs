//! A mailbox of 10,000 mails fetched for the first time and looked at again: whole processes of `countersign sync` against
//! mbsync (isync), over TLS from the same Dovecot, into the same file system.
//!
//! Ours is measured as people use it: every mail is sealed, synced to the disk, parsed, judged and indexed for searching.
//! mbsync stores octets.

use std::fs;
use std::path::Path;

use super::Row;
use super::cost::{Cost, median, program, run};
use crate::cli::Terminal;
use crate::error::{At, Result, check};
use crate::run::{as_root, call, is_root, quote};
use crate::setup;
use crate::world::{Place, World, address};

/// Mails in the mailbox.
const MAILS: usize = 10_000;
/// Mean octets of one, so that all are 27 MB.
const MAIL_OCTETS: usize = 2_700;
/// Most memory of the first synchronisation, in MiB.
const MEMORY_LIMIT: f64 = 64.0;
/// Times that each is run.
const RUNS: usize = 3;

/// Where both put the mail.
const PLACES: [(&str, &str); 2] = [("memory", "/dev/shm"), ("disk", "/var/tmp")];

/// Measures; some minutes.
pub(super) fn measure(root: &Path, quiet: bool) -> Result<Vec<Row>> {
    if !quiet && !crate::run::installed("mbsync") {
        setup::packages(&["isync"], "install mbsync (isync)")?;
    }
    let program = program(root)?;
    let world = World::start(Place::temporary()?)?;
    let mail_octets = fill(&world)?;
    let mut rows = Vec::new();
    for (place, folder) in PLACES {
        let folder = tempfile::tempdir_in(folder).at(Path::new(folder))?;
        let bench = Bench { program: &program, world: &world, folder: folder.path() };
        bench.prepare()?;
        if rows.is_empty() {
            // Dovecot makes its indexes with the first reader.
            bench.mbsync("no", true)?;
        }
        rows.extend(bench.rows(place, mail_octets)?);
    }
    Ok(rows)
}

/// Puts the mails into Alice's mailbox; their octets in all.
fn fill(world: &World) -> Result<u64> {
    let maildir = world.maildir("alice");
    for sub in ["cur", "new", "tmp"] {
        let folder = maildir.join(sub);
        fs::create_dir_all(&folder).at(&folder)?;
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut octets = 0u64;
    for number in 0..MAILS {
        let text = mail(number, &mut state);
        octets += u64::try_from(text.len()).unwrap_or(0);
        let file = maildir.join(format!("cur/{}.bench.{number}:2,S", 1_600_000_000 + number));
        fs::write(&file, text).at(&file)?;
    }
    if is_root() {
        as_root("chown").args(["-R", "nobody:nogroup"]).arg(&maildir).ok()?;
    }
    Ok(octets)
}

const WORDS: [&str; 24] = [
    "invoice", "meeting", "Tuesday", "please", "the", "contract", "of", "to", "approve", "delivery", "laser",
    "quarter", "report", "and", "for", "we", "budget", "review", "采购", "合同", "请", "批准", "über",
    "naïve",
];

fn mail(number: usize, state: &mut u64) -> String {
    let mut random = |below: u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state % below).unwrap_or(0)
    };
    let mut text = format!(
        "Return-Path: <p{sender}@example.org>\r\nReceived: from mx.example.org by mail.example.test; Mon, 02 Nov 2026 10:00:00 \
         +0000\r\nFrom: Person {sender} <p{sender}@example.org>\r\nTo: Alice <alice@example.test>\r\nSubject: ",
        sender = random(200),
    );
    for _ in 0..4 {
        text.push_str(WORDS.get(random(18)).unwrap_or(&"x"));
        text.push(' ');
    }
    let date = format!("{:02} Nov 2026 {:02}:{:02}:00 +0000", 1 + number % 28, number % 24, number % 60);
    text.push_str(&format!(
        "{number}\r\nDate: {date}\r\nMessage-ID: <{number}.bench@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ));
    let length = MAIL_OCTETS / 2 + random(u64::try_from(MAIL_OCTETS).unwrap_or(1));
    let mut column = 0;
    while text.len() < length {
        let word = WORDS.get(random(24)).unwrap_or(&"x");
        text.push_str(word);
        column += word.len() + 1;
        text.push_str(if column > 70 { "\r\n" } else { " " });
        column = if column > 70 { 0 } else { column };
    }
    text.push_str("\r\n");
    text
}

struct Bench<'a> {
    program: &'a Path,
    world: &'a World,
    folder: &'a Path,
}

impl Bench<'_> {
    /// An account that has fetched nothing, and configurations of mbsync.
    fn prepare(&self) -> Result<()> {
        let terminal = Terminal::new(self.program, self.folder, "alice")?;
        terminal.ok(self.world.account_args("alice"))?;
        for fsync in ["yes", "no"] {
            let config = format!(
                "FSync {fsync}\n\nIMAPAccount world\nHost localhost\nPort {port}\nUser {user}\nPassCmd \"cat {password}\"\nSSLType IMAPS\n\
                 CertificateFile {ca}\n\nIMAPStore far\nAccount world\n\nMaildirStore near\nPath {near}/\nInbox {near}/Inbox\n\n\
                 Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
                port = self.world.ports().imaps,
                user = address("alice"),
                password = self.world.password_file("alice").display(),
                ca = self.world.pki().server_ca.display(),
                near = self.folder.join("near").display(),
            );
            let file = self.folder.join(format!("mbsync-{fsync}"));
            fs::write(&file, config).at(&file)?;
        }
        Ok(())
    }

    /// One run of mbsync; a first one has nothing yet.
    fn mbsync(&self, fsync: &str, first: bool) -> Result<Cost> {
        let near = self.folder.join("near");
        if first {
            let _ = fs::remove_dir_all(&near);
            fs::create_dir(&near).at(&near)?;
        }
        run(self.folder, &format!("$T mbsync -q -c mbsync-{fsync} all"))
    }

    /// One run of ours.
    fn ours(&self, first: bool) -> Result<Cost> {
        if first {
            call("sh").args(["-c", "rm -rf home && cp -a alice home"]).within(self.folder).ok()?;
        }
        let program = quote(&self.program.to_string_lossy());
        run(self.folder, &format!("$T {program} --home home --passphrase-file alice.passphrase sync"))
    }

    /// In turns, the median.
    fn compare(&self, fsync: &str, first: bool) -> Result<(Cost, Cost)> {
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(self.ours(first)?);
            peer.push(self.mbsync(fsync, first)?);
        }
        Ok((median(ours), median(peer)))
    }

    fn rows(&self, place: &str, mail_octets: u64) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for fsync in ["no", "yes"] {
            let goal = (place == "memory" || fsync == "yes").then_some(0.5);
            let (ours, peer) = self.compare(fsync, true)?;
            let name = format!("first sync of {MAILS} to {place}, mbsync with FSync {fsync}");
            rows.push(Row { name, ours: ours.seconds, peer: peer.seconds, unit: "s", goal });
            if fsync == "yes" {
                let name = format!("first sync to {place}: memory, limit");
                rows.push(Row { name, ours: ours.memory, peer: MEMORY_LIMIT, unit: "MiB", goal: Some(1.0) });
                let name = format!("first sync to {place}: memory, mbsync");
                rows.push(Row { name, ours: ours.memory, peer: peer.memory, unit: "MiB", goal: None });
            }
        }
        self.is_whole()?;
        let (ours, peer) = self.compare("yes", false)?;
        let name = format!("nothing new, {place}");
        rows.push(Row { name, ours: ours.seconds, peer: peer.seconds, unit: "s", goal: Some(0.3) });
        let mib = |octets: u64| f64::from(u32::try_from(octets / 1024).unwrap_or(u32::MAX)) / 1024.0;
        let disk = |what: &str| -> Result<f64> {
            let said = call("du").args(["-sk", what]).within(self.folder).ok()?.out();
            let kib = said.split_whitespace().next().and_then(|kib| kib.parse::<u32>().ok()).unwrap_or(0);
            Ok(f64::from(kib) / 1024.0)
        };
        let index = disk("home/store/search")?;
        let peer = mib(mail_octets) + index;
        let name = format!("disk, {place}: all of it, octets of the mail and the index");
        rows.push(Row { name, ours: disk("home")?, peer, unit: "MiB", goal: Some(1.3) });
        Ok(rows)
    }

    /// Both have every mail.
    fn is_whole(&self) -> Result<()> {
        let near = self.folder.join("near/Inbox");
        let count = |sub: &str| fs::read_dir(near.join(sub)).map(Iterator::count).unwrap_or(0);
        let theirs = count("cur") + count("new");
        check(theirs == MAILS, || format!("mbsync has {theirs} mails"))?;
        let mut terminal = Terminal::new(self.program, self.folder, "alice")?;
        terminal.home = self.folder.join("home");
        let listed = terminal.json(["--offline", "mail", "list", "--folder", "inbox"])?;
        let ours = crate::cli::list(&listed, "mails").len();
        check(ours == MAILS, || format!("ours has {ours} mails"))
    }
}
