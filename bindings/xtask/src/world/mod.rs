//! Real servers for the demo and the end-to-end tests: Dovecot (IMAP, LMTP, SASL), Postfix (submission)
//! and an RFC 3161 authority, all on loopback ports that the system chose, with own configuration,
//! certificates and data. Nothing of the machine's own mail system is read, changed or started.

mod dovecot;
mod greenmail;
mod keeper;
mod pki;
mod place;
mod postfix;
mod proxy;
mod tsa;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

pub use greenmail::{GreenMail, fetch as fetch_greenmail};
pub use pki::Pki;
pub use place::Place;
pub use proxy::{Fault, Proxy};
pub use tsa::Authority;

use crate::error::{At, Error, Result};
use crate::run::{as_root, call, is_root};
use dovecot::Dovecot;
use keeper::Keeper;
use postfix::Postfix;

/// Domain of the people of this world; `.test` is reserved for this (RFC 6761).
pub const DOMAIN: &str = "example.test";

/// The people who have a mailbox, by local part.
pub const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Postfix takes mail for this person, and finds no mailbox.
pub const GONE: &str = "gone";

/// How long a server may take until it answers.
const READY_SECONDS: u64 = 20;

/// How often a start is tried with other ports, when another program took one of ours meanwhile.
const PORT_TRIES: usize = 3;

/// Loopback ports of the servers.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// IMAP over TLS.
    pub imaps: u16,
    /// IMAP with STARTTLS. (Dovecot takes a log-in without TLS over loopback: refusing is up to the client.)
    pub imap_starttls: u16,
    /// Submission over TLS.
    pub submissions: u16,
    /// Submission with STARTTLS; no log-in without TLS.
    pub submission_starttls: u16,
}

/// The running servers. Dropped, it stops what it started, and nothing else.
#[derive(Debug)]
pub struct World {
    // Order of fields is order of dropping: servers, then their keeper, then the folder.
    postfix: Postfix,
    dovecot: Dovecot,
    authority: Authority,
    pki: Pki,
    ports: Ports,
    _keeper: Keeper,
    place: Place,
}

impl World {
    /// Starts everything in `place` and waits until it answers.
    pub fn start(place: Place) -> Result<Self> {
        Self::start_at(place, free_ports)
    }

    /// As [`World::start`], on ports that `choose` names anew for every try.
    fn start_at(place: Place, mut choose: impl FnMut() -> Result<Ports>) -> Result<Self> {
        let root = place.root().to_owned();
        let pki = Pki::make(&root.join("pki"))?;
        let authority = Authority::start(&root.join("tsa"), &pki)?;
        write_passwords(&root)?;
        let mut last = None;
        for _ in 0..PORT_TRIES {
            let ports = choose()?;
            let dovecot = Dovecot::configure(&root, ports, &pki)?;
            let postfix = Postfix::configure(&root, ports, &pki, &dovecot)?;
            let keeper =
                Keeper::start(&[postfix.stop_script(), dovecot.stop_script()], &place.remove_script())?;
            match dovecot.start().and_then(|()| postfix.start()) {
                Ok(()) => {
                    return Ok(Self { postfix, dovecot, authority, pki, ports, _keeper: keeper, place });
                }
                Err(error) => last = Some(error),
            }
            keeper.dismiss();
        }
        Err(last.unwrap_or(Error::Check("no server was started".to_owned())))
    }

    /// Starts Dovecot and Postfix, again or for the first time.
    pub fn start_servers(&mut self) -> Result<()> {
        self.dovecot.start()?;
        self.postfix.start()
    }

    /// Stops Dovecot and Postfix; the timestamp authority goes on.
    pub fn stop_servers(&mut self) {
        self.postfix.stop();
        self.dovecot.stop();
    }

    /// Stops Dovecot alone: no IMAP, no log-in for submission, mail waits in Postfix' queue.
    pub fn stop_dovecot(&mut self) {
        self.dovecot.stop();
    }

    /// Starts Dovecot again after [`World::stop_dovecot`] and has Postfix deliver what waited.
    pub fn start_dovecot(&mut self) -> Result<()> {
        self.dovecot.start()?;
        self.postfix.flush()
    }

    /// Dovecot knows `person` by another password from now on; the password file stays as it is.
    pub fn change_password(&self, person: &str, password: &str) -> Result<()> {
        let users = self.root().join("users");
        let others = fs::read_to_string(&users).at(&users)?;
        let own = format!("{}:", address(person));
        let lines = others.lines().map(|line| match line.starts_with(&own) {
            true => format!("{own}{{PLAIN}}{password}::::::\n"),
            false => format!("{line}\n"),
        });
        fs::write(&users, lines.collect::<String>()).at(&users)
    }

    /// Dovecot, and Postfix through it, logs people in by tokens from now on; whether one is good is asked at `introspection`, to
    /// which the token is added (RFC 7662, by GET as Dovecot does). False where that can't be had: with Dovecot 2.4.
    pub fn accept_tokens(&mut self, introspection: &str) -> Result<bool> {
        self.dovecot.stop();
        let accepts = self.dovecot.accept_tokens(self.place.root(), introspection)?;
        self.start_dovecot()?;
        Ok(accepts)
    }

    /// Dovecot announces only these IMAP capabilities, separated by spaces, from now on.
    pub fn announce(&mut self, capabilities: &str) -> Result<()> {
        self.dovecot.stop();
        self.dovecot.announce(capabilities)?;
        self.start_dovecot()?;
        let who = format!("{}:{}", address("alice"), password("alice"));
        let url = format!("imaps://localhost:{}", self.ports.imaps);
        let said = call("curl").words("--silent --request CAPABILITY --cacert").arg(&self.pki.server_ca);
        let said = said.words("--user").arg(&who).arg(&url).ok()?.out();
        let said = said.trim().strip_prefix("* CAPABILITY ").unwrap_or_default();
        let sorted = |text: &str| {
            let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            words.sort();
            words
        };
        if sorted(said) == sorted(capabilities) {
            Ok(())
        } else {
            Err(Error::Check(format!("Dovecot announces `{said}` where `{capabilities}` was wanted")))
        }
    }

    /// Gives all mail of a person other UIDs, under another UIDVALIDITY.
    pub fn renumber(&mut self, person: &str) -> Result<()> {
        self.stop_dovecot();
        let maildir = self.maildir(person);
        for entry in fs::read_dir(&maildir).at(&maildir)? {
            let path = entry.at(&maildir)?.path();
            let is_index = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dovecot"));
            if is_index && path.is_file() {
                fs::remove_file(&path).at(&path)?;
            }
        }
        self.start_dovecot()
    }

    /// Postfix takes no message of more octets from now on.
    pub fn take_at_most(&mut self, octets: u64) -> Result<()> {
        self.postfix.stop();
        self.postfix.take_at_most(octets)?;
        self.postfix.start()
    }

    /// Folder that everything of this world lies in.
    pub fn root(&self) -> &Path {
        self.place.root()
    }

    /// Loopback ports of the servers.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Certification authorities, certificates and keys.
    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// The RFC 3161 authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// File with the IMAP and SMTP password of `person`, one line.
    pub fn password_file(&self, person: &str) -> PathBuf {
        password_file(self.root(), person)
    }

    /// Maildir of `person` as it lies on the server.
    pub fn maildir(&self, person: &str) -> PathBuf {
        self.dovecot.mail().join(person)
    }

    /// The messages that lie in the inbox of `person` on the server, oldest first.
    pub fn inbox(&self, person: &str) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for sub in ["new", "cur"] {
            let folder = self.maildir(person).join(sub);
            if folder.is_dir() {
                for entry in fs::read_dir(&folder).at(&folder)? {
                    files.push(entry.at(&folder)?.path());
                }
            }
        }
        files.sort_by_cached_key(|file| file.file_name().map(|name| delivered(&name.to_string_lossy())));
        Ok(files)
    }

    /// Folder of all mail of all people on the server.
    pub fn mail(&self) -> PathBuf {
        self.dovecot.mail().to_owned()
    }

    /// Log files of the servers, and the queue of Postfix, all readable: when we are not root, as a copy.
    pub fn logs(&self) -> Result<Vec<PathBuf>> {
        let originals = vec![self.root().join("log"), self.postfix.queue().to_owned()];
        if is_root() {
            return Ok(originals);
        }
        let copy = self.root().join("copy");
        as_root("rm").args(["-rf", "--"]).arg(&copy).ok()?;
        fs::create_dir(&copy).at(&copy)?;
        // The sockets in the queue are no files with content, and cp says so.
        as_root("cp").arg("-R").args(&originals).arg(&copy).ok()?;
        let user = call("id").arg("-u").ok()?.out();
        as_root("chown").arg("-R").arg(user.trim()).arg(&copy).ok()?;
        Ok(vec![copy])
    }

    /// Waits until Postfix has handed over all it accepted; an error after the deadline.
    pub fn settle(&self) -> Result<()> {
        wait_until("the mail queue", &self.root().join("log/postfix.log"), || self.postfix.queue_is_empty())
    }

    /// Ports and files, for a person who goes on by hand.
    pub fn describe(&self) -> String {
        let Ports { imaps, imap_starttls, submissions, submission_starttls } = self.ports;
        format!(
            "IMAP         localhost:{imaps} (TLS), localhost:{imap_starttls} (STARTTLS)\n\
             submission   localhost:{submissions} (TLS), localhost:{submission_starttls} (STARTTLS)\n\
             timestamps   {}\n\
             people       {} at {DOMAIN}, passwords in {}\n\
             authorities  {}\n             {}\n             {}\n\
             mail, logs   {}",
            self.authority.url(),
            PEOPLE.join(", "),
            self.root().join("passwords").display(),
            self.pki.server_ca.display(),
            self.pki.organisation_ca.display(),
            self.pki.tsa_ca.display(),
            self.root().display(),
        )
    }

    /// Arguments of `countersign account add` for `person`, with host and port only.
    pub fn account_args(&self, person: &str) -> Vec<String> {
        self.account_args_at(person, self.ports.imaps, self.ports.submissions)
    }

    /// As [`World::account_args`], through other ports (a [`Proxy`]).
    pub fn account_args_at(&self, person: &str, imap: u16, smtp: u16) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [
            "account".to_owned(),
            "add".to_owned(),
            address(person),
            "--name".to_owned(),
            display_name(person).to_owned(),
            "--imap".to_owned(),
            format!("localhost:{imap}"),
            "--smtp".to_owned(),
            format!("localhost:{smtp}"),
            "--password-file".to_owned(),
            text(&self.password_file(person)),
            "--ca".to_owned(),
            text(&self.pki.server_ca),
            "--organisation-ca".to_owned(),
            text(&self.pki.organisation_ca),
            "--timestamp-url".to_owned(),
            self.authority.url(),
            "--timestamp-ca".to_owned(),
            text(&self.pki.tsa_ca),
        ]
        .to_vec()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_servers();
    }
}

/// Mail address of `person`.
pub fn address(person: &str) -> String {
    format!("{person}@{DOMAIN}")
}

/// Name that stands before the address of `person`.
pub fn display_name(person: &str) -> &'static str {
    match person {
        "alice" => "Alice Ahlborn",
        "bob" => "Bob Brandt",
        "carol" => "Carol Castillo",
        _ => "Dave Dorn",
    }
}

fn password_file(root: &Path, person: &str) -> PathBuf {
    root.join("passwords").join(person)
}

/// One password a person, as a person would choose it: known, so that a search for it in a home means something.
fn write_passwords(root: &Path) -> Result<()> {
    let folder = root.join("passwords");
    fs::create_dir_all(&folder).at(&folder)?;
    for person in PEOPLE {
        let file = folder.join(person);
        fs::write(&file, format!("{}\n", password(person))).at(&file)?;
    }
    Ok(())
}

/// IMAP and SMTP password of `person`.
pub fn password(person: &str) -> String {
    format!("{person}-Kennwort-7153")
}

fn free_ports() -> Result<Ports> {
    // All four are held at once, so that they differ; they are free again when the listeners drop.
    let mut held = Vec::new();
    let mut take = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).at(Path::new("127.0.0.1:0"))?;
        let port = listener.local_addr().at(Path::new("127.0.0.1:0"))?.port();
        held.push(listener);
        Ok(port)
    };
    Ok(Ports { imaps: take()?, imap_starttls: take()?, submissions: take()?, submission_starttls: take()? })
}

/// Waits until a loopback port accepts connections.
fn wait_for_port(what: &'static str, log: &Path, port: u16) -> Result<()> {
    wait_until(what, log, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
}

fn wait_until(what: &'static str, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > Duration::from_secs(READY_SECONDS) {
            return Err(Error::NotReady { what, seconds: READY_SECONDS, log: log.to_owned() });
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// When a mail was delivered, from its name in the Maildir: `1764194000.M51234P17Q3.host,S=…`, the second, the microsecond (without
/// leading zeros) and the rest, which tells apart what one process delivered in one moment.
fn delivered(name: &str) -> (u64, u64, String) {
    let (seconds, rest) = name.split_once('.').unwrap_or((name, ""));
    let digits =
        |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    (digits(seconds), rest.strip_prefix('M').map_or(0, digits), rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_took_meanwhile_costs_one_try_and_nothing_else() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        for is_imap in [true, false] {
            let mut tries = 0;
            let world = World::start_at(Place::temporary().unwrap(), || {
                tries += 1;
                let mut ports = free_ports()?;
                if tries == 1 {
                    *(if is_imap { &mut ports.imaps } else { &mut ports.submissions }) = port;
                }
                Ok(ports)
            });
            let world = world.unwrap();
            assert_ne!(world.ports().imaps, port);
            assert_ne!(world.ports().submissions, port);
            assert!(world.pki().server_ca.is_file());
            let root = world.root().to_owned();
            drop(world);
            assert_eq!(tries, 2);
            assert!(!root.exists(), "the temporary folder is gone");
        }
    }

    #[test]
    fn a_world_is_started_twice_in_the_same_folder() {
        let target = tempfile::Builder::new().prefix("cs").tempdir_in("/tmp").unwrap();
        let other_users_pass = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(target.path(), other_users_pass).unwrap();
        for _ in 0..2 {
            let place = Place::under(target.path(), "x").unwrap();
            assert_eq!(place.root(), target.path().join("world/x"), "short and reachable");
            let world = World::start(place).unwrap();
            assert!(Place::under(target.path(), "x").is_err(), "in use");
            drop(world);
        }
        // What Postfix owns, the user's own programs cannot remove.
        as_root("rm").args(["-rf", "--"]).arg(target.path().join("world")).ok().unwrap();
    }

    #[test]
    fn deliveries_of_one_second_are_in_order() {
        let mut names = ["17.M51234P1Q0.host", "17.M6P1Q0.host", "9.M900000P1Q2.host", "17.M900000P1Q2.host"];
        names.sort_by_key(|name| delivered(name));
        assert_eq!(
            names,
            ["9.M900000P1Q2.host", "17.M6P1Q0.host", "17.M51234P1Q0.host", "17.M900000P1Q2.host"]
        );
    }
}
