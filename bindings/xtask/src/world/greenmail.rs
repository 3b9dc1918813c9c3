//! GreenMail, an IMAP and SMTP server by other people (Java, all mail in memory): a second opinion on what a server is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::{At, Error, Result};
use crate::run::{call, installed};
use crate::setup;

use super::keeper::Keeper;
use super::{DOMAIN, PEOPLE, PORT_TRIES, World, address, free_ports, password, wait_for_port};

/// Its release.
const VERSION: &str = "2.1.3";
/// Of the key store that it reads; the key is in the folder beside it in clear.
const STORE_PASSWORD: &str = "changeit";

/// The running server. Dropped, it is ended.
#[derive(Debug)]
pub struct GreenMail {
    child: Child,
    imaps: u16,
    smtps: u16,
    _keeper: Keeper,
}

/// Fetches Java and the server, once.
pub fn fetch() -> Result<()> {
    let missing: Vec<&str> = [("java", "openjdk-17-jdk-headless"), ("mvn", "maven")]
        .into_iter()
        .filter(|(program, _)| !installed(program))
        .map(|(_, package)| package)
        .collect();
    setup::packages(&missing, "install a JDK 17 or newer and Maven by hand")?;
    let archive = archive()?;
    if archive.is_file() {
        return Ok(());
    }
    let folder = archive.parent().unwrap_or(Path::new("."));
    println!("setup: fetching GreenMail {VERSION} into {} (once)", folder.display());
    fs::create_dir_all(folder).at(folder)?;
    call("mvn")
        .words("--quiet --batch-mode dependency:copy")
        .arg(format!("-Dartifact=com.icegreen:greenmail-standalone:{VERSION}"))
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .ok()?;
    Ok(())
}

fn archive() -> Result<PathBuf> {
    Ok(setup::cache()?.join(format!("greenmail/greenmail-standalone-{VERSION}.jar")))
}

impl GreenMail {
    /// Starts it for the people of `world`, with their passwords and the certificate of its servers.
    pub fn start(world: &World) -> Result<Self> {
        let archive = archive()?;
        if !archive.is_file() || !installed("java") {
            return Err(Error::Missing {
                what: format!("GreenMail {VERSION}"),
                remedy: "run: cargo xtask test (it fetches it once)".to_owned(),
            });
        }
        let folder = world.root().join("greenmail");
        fs::create_dir_all(&folder).at(&folder)?;
        let store = folder.join("server.p12");
        call("openssl")
            .words("pkcs12 -export -name greenmail -in")
            .arg(&world.pki().server)
            .arg("-inkey")
            .arg(&world.pki().server_key)
            .arg("-out")
            .arg(&store)
            .arg("-passout")
            .arg(format!("pass:{STORE_PASSWORD}"))
            .ok()?;
        let mut last = None;
        for _ in 0..PORT_TRIES {
            match Self::start_at(&archive, &folder, &store) {
                Ok(started) => return Ok(started),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(Error::Check("GreenMail was not started".to_owned())))
    }

    fn start_at(archive: &Path, folder: &Path, store: &Path) -> Result<Self> {
        let ports = free_ports()?;
        let (imaps, smtps) = (ports.imaps, ports.submissions);
        let users: Vec<String> =
            PEOPLE.iter().map(|person| format!("{person}:{}@{DOMAIN}", password(person))).collect();
        let log = folder.join("greenmail.log");
        let file = fs::File::create(&log).at(&log)?;
        let second = file.try_clone().at(&log)?;
        let child = Command::new("java")
            .arg("-Xmx256m")
            .args(
                [("imaps", imaps), ("smtps", smtps)]
                    .map(|(name, port)| format!("-Dgreenmail.{name}.port={port}")),
            )
            .args(["imaps", "smtps"].map(|name| format!("-Dgreenmail.{name}.hostname=127.0.0.1")))
            .arg(format!("-Dgreenmail.users={}", users.join(",")))
            .arg("-Dgreenmail.users.login=email")
            .arg(format!("-Dgreenmail.tls.keystore.file={}", store.display()))
            .arg(format!("-Dgreenmail.tls.keystore.password={STORE_PASSWORD}"))
            .arg("-jar")
            .arg(archive)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(second)
            .spawn()
            .map_err(|source| Error::Start { program: "java".to_owned(), source })?;
        // Ended also when this process is killed.
        let keeper = Keeper::start(&[format!("kill {} 2>/dev/null || :", child.id())], ":")?;
        let started = Self { child, imaps, smtps, _keeper: keeper };
        wait_for_port("GreenMail (IMAP)", &log, imaps)?;
        wait_for_port("GreenMail (SMTP)", &log, smtps)?;
        Ok(started)
    }

    /// Arguments of `countersign account add` for `person` on this server.
    pub fn account_args(&self, world: &World, person: &str) -> Vec<String> {
        world.account_args_at(person, self.imaps, self.smtps)
    }

    /// What curl reads at an address below that of the person's mailbox, or what the server answers to `request`.
    pub fn ask(&self, world: &World, person: &str, below: &str, request: &str) -> Result<String> {
        let asked = call("curl")
            .words("--silent --show-error --cacert")
            .arg(&world.pki().server_ca)
            .arg("--user")
            .arg(format!("{}:{}", address(person), password(person)))
            .arg(format!("imaps://localhost:{}/{below}", self.imaps))
            .arg("--request")
            .arg(request)
            .ok()?;
        Ok(asked.out())
    }
}

impl Drop for GreenMail {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
