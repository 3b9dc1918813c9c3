//! Dovecot, unprivileged: IMAP over TLS and STARTTLS, LMTP and SASL on unix sockets. Its configuration is written
//! for 2.3 (proven on Debian 12) or 2.4 (proven on Debian 13).

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::error::{At, Result};
use crate::run::{Call, call, is_root, quote};

use super::keeper::UNTIL_GONE;
use super::{PEOPLE, Pki, Ports, address, password, wait_for_port};

/// Who can't log in by SCRAM.
const OLD_HASH: &str = "dave";

/// Debian's user and group for programs that own nothing.
const NOBODY: u32 = 65534;

#[derive(Debug)]
pub(super) struct Dovecot {
    run: PathBuf,
    mail: PathBuf,
    config: PathBuf,
    log: PathBuf,
    ports: Ports,
}

impl Dovecot {
    /// Writes the configuration for the installed version.
    pub(super) fn configure(root: &Path, ports: Ports, pki: &Pki) -> Result<Self> {
        let dovecot = Self {
            run: root.join("run"),
            mail: root.join("mail"),
            config: root.join("dovecot.conf"),
            log: root.join("log/dovecot.log"),
            ports,
        };
        let account = Account::of_servers()?;
        for folder in [&dovecot.run, &dovecot.mail, &root.join("log")] {
            fs::create_dir_all(folder).at(folder)?;
            account.give(folder)?;
        }
        fs::set_permissions(&dovecot.run, fs::Permissions::from_mode(0o755)).at(&dovecot.run)?;
        account.give(&pki.server_key)?;
        let users = root.join("users");
        // passwd-file: user:password:::::: with the scheme in front. Of the one whose password is hashed in a way that SCRAM
        // can't use, Dovecot offers SCRAM as well and then refuses it, as servers do whose hashes are older than SCRAM.
        let stored = |person: &str| match person {
            OLD_HASH => hash(&password(person)),
            _ => Ok(format!("{{PLAIN}}{}", password(person))),
        };
        let lines: String = PEOPLE
            .iter()
            .map(|person| Ok(format!("{}:{}::::::\n", address(person), stored(person)?)))
            .collect::<Result<_>>()?;
        fs::write(&users, lines).at(&users)?;
        let version = call("dovecot").words("--version").ok()?.out();
        let text = if version.starts_with("2.3") {
            dovecot.syntax_2_3(&users, pki, &account)
        } else {
            dovecot.syntax_2_4(&users, pki, &account)
        };
        fs::write(&dovecot.config, text).at(&dovecot.config)?;
        Ok(dovecot)
    }

    /// Starts it in the background; an error when it is not ready before the deadline.
    pub(super) fn start(&self) -> Result<()> {
        as_nobody("dovecot").arg("-c").arg(&self.config).daemon(&self.log.with_extension("start"))?;
        wait_for_port("Dovecot (IMAP)", &self.log, self.ports.imaps)
    }

    /// Announces only these capabilities from its next start on, so that a client must do without the others.
    pub(super) fn announce(&self, capabilities: &str) -> Result<()> {
        let text = fs::read_to_string(&self.config).at(&self.config)?;
        let text = format!("{text}imap_capability = {capabilities}\n");
        fs::write(&self.config, text).at(&self.config)
    }

    /// Takes OAuth tokens from its next start on; false in the syntax of 2.4, which is not known here.
    pub(super) fn accept_tokens(&self, root: &Path, introspection: &str) -> Result<bool> {
        let text = fs::read_to_string(&self.config).at(&self.config)?;
        if text.starts_with("dovecot_config_version") {
            return Ok(false);
        }
        let tokens = root.join("tokens.conf");
        let asking = format!(
            "introspection_mode = get\nintrospection_url = {introspection}\nusername_attribute = username\n\
             active_attribute = active\nactive_value = true\n"
        );
        fs::write(&tokens, asking).at(&tokens)?;
        let text = format!(
            "{text}auth_mechanisms = plain login xoauth2 oauthbearer\n\
             passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
            tokens.display()
        );
        fs::write(&self.config, text).at(&self.config)?;
        Ok(true)
    }

    /// Stops it; nothing to do when it does not run.
    pub(super) fn stop(&self) {
        // A stop script that fails has found nothing to stop.
        let _ = call("/bin/sh").arg("-c").arg(self.stop_script()).run();
    }

    /// Shell commands that stop exactly this Dovecot, by the pid it wrote, and wait until it is gone.
    pub(super) fn stop_script(&self) -> String {
        format!(
            "pid=$(cat {file} 2>/dev/null)\n\
             if [ -n \"$pid\" ] && tr '\\0' ' ' </proc/$pid/cmdline 2>/dev/null | grep -qF -- {config}; then\n\
             kill \"$pid\" 2>/dev/null\n\
             {UNTIL_GONE}\nfi",
            file = quote(&self.run.join("master.pid").to_string_lossy()),
            config = quote(&self.config.to_string_lossy()),
        )
    }

    /// Folder of all mail, a Maildir a person.
    pub(super) fn mail(&self) -> &Path {
        &self.mail
    }

    /// Unix socket of LMTP.
    pub(super) fn lmtp(&self) -> PathBuf {
        self.run.join("lmtp-in")
    }

    /// Unix socket of SASL for Postfix.
    pub(super) fn sasl(&self) -> PathBuf {
        self.run.join("sasl")
    }

    fn services(&self, account: &Account) -> String {
        let Ports { imaps, imap_starttls, .. } = self.ports;
        format!(
            "service anvil {{\n  chroot =\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
             service stats {{\n  chroot =\n}}\n\
             service auth {{\n  user = {user}\n  unix_listener sasl {{\n    mode = 0666\n  }}\n}}\n\
             service lmtp {{\n  user = {user}\n  unix_listener lmtp-in {{\n    mode = 0666\n  }}\n}}\n\
             service imap-login {{\n  chroot =\n\
             \x20 inet_listener imap {{\n    LISTEN\n    port = {imap_starttls}\n  }}\n\
             \x20 inet_listener imaps {{\n    LISTEN\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n",
            user = account.user,
        )
    }

    fn common(&self, account: &Account) -> String {
        format!(
            "base_dir = {run}\nstate_dir = {run}\nlog_path = {log}\n\
             default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\n\
             ssl = required\nauth_mechanisms = plain login scram-sha-1 scram-sha-256\nauth_verbose = yes\nauth_failure_delay = 0 secs\n\
             mail_max_userip_connections = 100\n\
             namespace inbox {{\n  inbox = yes\n  separator = /\n\
             \x20 mailbox Sent {{\n    special_use = \\Sent\n    auto = subscribe\n  }}\n\
             \x20 mailbox Drafts {{\n    special_use = \\Drafts\n    auto = subscribe\n  }}\n\
             \x20 mailbox Trash {{\n    special_use = \\Trash\n    auto = subscribe\n  }}\n}}\n",
            run = self.run.display(),
            log = self.log.display(),
            user = account.user,
            group = account.group,
        )
    }

    fn syntax_2_3(&self, users: &Path, pki: &Pki, account: &Account) -> String {
        format!(
            "{common}protocols = imap lmtp\nssl_cert = <{cert}\nssl_key = <{key}\nssl_min_protocol = TLSv1.2\n\
             passdb {{\n  driver = passwd-file\n  args = {users}\n}}\n\
             userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={mail}/%n\n}}\n\
             mail_location = maildir:{mail}/%n\n\
             protocol lmtp {{\n  postmaster_address = postmaster@example.test\n}}\n\
             {services}",
            common = self.common(account),
            cert = pki.server.display(),
            key = pki.server_key.display(),
            users = users.display(),
            uid = account.uid,
            gid = account.gid,
            mail = self.mail.display(),
            services = self.services(account).replace("LISTEN", "address = 127.0.0.1"),
        )
    }

    fn syntax_2_4(&self, users: &Path, pki: &Pki, account: &Account) -> String {
        format!(
            "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n\
             {common}protocols {{\n  imap = yes\n  lmtp = yes\n}}\n\
             ssl_server {{\n  cert_file = {cert}\n  key_file = {key}\n}}\nssl_min_protocol = TLSv1.2\n\
             passdb passwd-file {{\n  passwd_file_path = {users}\n}}\n\
             userdb static {{\n  fields {{\n    uid = {uid}\n    gid = {gid}\n    \
             home = {mail}/%{{user|username}}\n  }}\n}}\n\
             mail_driver = maildir\nmail_path = {mail}/%{{user|username}}\n\
             protocol lmtp {{\n  postmaster_address = postmaster@example.test\n}}\n\
             {services}",
            common = self.common(account),
            cert = pki.server.display(),
            key = pki.server_key.display(),
            users = users.display(),
            uid = account.uid,
            gid = account.gid,
            mail = self.mail.display(),
            services = self.services(account).replace("LISTEN", "listen = 127.0.0.1"),
        )
    }
}

/// The account that Dovecot runs under: nobody when we are root, else ours.
#[derive(Debug)]
struct Account {
    user: String,
    group: String,
    uid: u32,
    gid: u32,
}

impl Account {
    fn of_servers() -> Result<Self> {
        if is_root() {
            return Ok(Self { user: "nobody".into(), group: "nogroup".into(), uid: NOBODY, gid: NOBODY });
        }
        let ask = |what: &str| Ok(call("id").arg(what).ok()?.out().trim().to_owned());
        let number = |text: String| text.parse().unwrap_or(NOBODY);
        let (user, group) = (ask("-un")?, ask("-gn")?);
        Ok(Self { user, group, uid: number(ask("-u")?), gid: number(ask("-g")?) })
    }

    /// Makes it the owner of a file, so that it can read or write it.
    fn give(&self, path: &Path) -> Result<()> {
        if is_root() { chown(path, Some(self.uid), Some(self.gid)).at(path) } else { Ok(()) }
    }
}

/// Drops root before `program` starts.
fn as_nobody(program: &str) -> Call {
    if is_root() {
        call("setpriv").words("--reuid nobody --regid nogroup --clear-groups").arg(program)
    } else {
        call(program)
    }
}

/// A salted SHA-512 crypt hash, in Dovecot's notation.
fn hash(password: &str) -> Result<String> {
    let crypt = call("openssl").words("passwd -6 -stdin").input(format!("{password}\n")).ok()?.out();
    Ok(format!("{{SHA512-CRYPT}}{}", crypt.trim()))
}
