//! Postfix with its own configuration, queue and data folders: submission with TLS and AUTH (SASL by Dovecot),
//! delivery by LMTP to Dovecot, no way out. Its master must be started by root (sudo otherwise).

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{as_root, call, is_root, quote};

use super::dovecot::Dovecot;
use super::keeper::UNTIL_GONE;
use super::{DOMAIN, GONE, PEOPLE, Pki, Ports, address, wait_for_port};

#[derive(Debug)]
pub(super) struct Postfix {
    config: PathBuf,
    queue: PathBuf,
    log: PathBuf,
    ports: Ports,
}

impl Postfix {
    /// Writes main.cf and master.cf.
    pub(super) fn configure(root: &Path, ports: Ports, pki: &Pki, dovecot: &Dovecot) -> Result<Self> {
        let postfix = Self {
            config: root.join("postfix"),
            queue: root.join("q"),
            log: root.join("log/postfix.log"),
            ports,
        };
        let data = root.join("postfix-data");
        for folder in [&postfix.config, &postfix.queue, &data] {
            fs::create_dir_all(folder).at(folder)?;
        }
        // Postfix wants the queue folder to be root's and the data folder its own user's.
        as_root("chown").arg("root").arg(&postfix.queue).ok()?;
        as_root("chown").arg("postfix").arg(&data).ok()?;
        for (name, text) in
            [("main.cf", postfix.main_cf(root, &data, pki, dovecot)?), ("master.cf", postfix.master_cf())]
        {
            let file = postfix.config.join(name);
            fs::write(&file, text).at(&file)?;
        }
        Ok(postfix)
    }

    /// Starts it in the background; an error when it is not ready before the deadline.
    pub(super) fn start(&self) -> Result<()> {
        as_root("postfix")
            .arg("-c")
            .arg(&self.config)
            .arg("start")
            .daemon(&self.log.with_extension("start"))
            .map_err(|error| self.explain(error))?;
        wait_for_port("Postfix (submission)", &self.log, self.ports.submissions)
    }

    /// Stops it; nothing to do when it does not run.
    pub(super) fn stop(&self) {
        // A stop script that fails has found nothing to stop.
        let _ = call("/bin/sh").arg("-c").arg(self.stop_script()).run();
    }

    /// Shell commands that stop exactly this Postfix: by the pid in its own queue folder, if that process works
    /// there. (`postfix stop` does the same with pauses of a second.)
    pub(super) fn stop_script(&self) -> String {
        let sudo = if is_root() { "" } else { "sudo -n " };
        format!(
            "q={queue}\npid=$({sudo}cat \"$q/pid/master.pid\" 2>/dev/null | tr -d ' ')\n\
             if [ -n \"$pid\" ] && [ \"$({sudo}readlink /proc/$pid/cwd)\" = \"$q\" ]; then\n\
             {sudo}kill \"$pid\" 2>/dev/null\n\
             {UNTIL_GONE}\nfi",
            queue = quote(&self.queue.to_string_lossy()),
        )
    }

    /// Tries again to deliver what waits.
    pub(super) fn flush(&self) -> Result<()> {
        as_root("postfix").arg("-c").arg(&self.config).arg("flush").ok().map(drop)
    }

    /// Takes no message larger than this from its next start on (`message_size_limit`).
    pub(super) fn take_at_most(&self, octets: u64) -> Result<()> {
        let set = format!("message_size_limit={octets}");
        as_root("postconf").arg("-c").arg(&self.config).arg("-e").arg(set).ok().map(drop)
    }

    /// Queue folder.
    pub(super) fn queue(&self) -> &Path {
        &self.queue
    }

    /// Whether no message waits or is being delivered.
    pub(super) fn queue_is_empty(&self) -> bool {
        let script = "for d in maildrop incoming active deferred; do \
                      [ -d \"$1/$d\" ] && find \"$1/$d\" -type f -print -quit; done";
        let listing = as_root("sh").arg("-c").arg(script).arg("sh").arg(&self.queue).run();
        listing.is_ok_and(|said| said.stdout.is_empty())
    }

    fn explain(&self, error: Error) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        match error {
            Error::Failed { command, status, output } => {
                Error::Failed { command, status, output: format!("{output}\n{}", crate::run::tail(&log, 10)) }
            }
            other => other,
        }
    }

    fn main_cf(&self, root: &Path, data: &Path, pki: &Pki, dovecot: &Dovecot) -> Result<String> {
        let same = |name: &str| -> Result<String> {
            Ok(format!("{name} = {}\n", call("postconf").args(["-dh", name]).ok()?.out().trim()))
        };
        // Where the distribution put programs and lists; everything else is ours.
        let system: String = [
            "daemon_directory",
            "command_directory",
            "shlib_directory",
            "meta_directory",
            "mail_owner",
            "setgid_group",
        ]
        .into_iter()
        .map(same)
        .collect::<Result<_>>()?;
        // One is known here and has no mailbox: what is for him comes back.
        let known = PEOPLE.iter().chain([&GONE]);
        let mailboxes: Vec<String> = known.map(|person| format!("{}=ok", address(person))).collect();
        let logins: Vec<String> = PEOPLE.iter().map(|person| format!("{0}={0}", address(person))).collect();
        Ok(format!(
            "compatibility_level = 3.6\n{system}\
             queue_directory = {queue}\ndata_directory = {data}\n\
             maillog_file = {log}\nmaillog_file_prefixes = {root}\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             myhostname = mail.{DOMAIN}\nmydestination =\nmynetworks =\nalias_maps =\nalias_database =\n\
             local_recipient_maps =\nlocal_transport = error:no local mail\n\
             default_transport = error:mail leaves this machine never\n\
             relay_transport = error:mail leaves this machine never\n\
             smtp_dns_support_level = disabled\nsmtpd_peername_lookup = no\n\
             virtual_mailbox_domains = {DOMAIN}\nvirtual_mailbox_maps = inline:{{ {mailboxes} }}\n\
             virtual_transport = lmtp:unix:{lmtp}\nlmtp_tls_security_level = none\n\
             smtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\nsmtpd_tls_protocols = >=TLSv1.2\n\
             smtpd_tls_auth_only = yes\nsmtpd_tls_session_cache_database =\nsmtp_tls_session_cache_database =\n\
             smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {sasl}\n\
             smtpd_sasl_security_options = noanonymous\n\
             smtpd_sender_login_maps = inline:{{ {logins} }}\n\
             smtpd_sender_restrictions = reject_sender_login_mismatch\n\
             smtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
             smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject\n\
             smtpd_client_connection_count_limit = 0\nsmtpd_error_sleep_time = 0\n\
             address_verify_map =\nmessage_size_limit = 104857600\nvirtual_mailbox_limit = 0\n\
             minimal_backoff_time = 1s\nmaximal_backoff_time = 5s\nqueue_run_delay = 2s\nsmtputf8_enable = yes\n",
            queue = self.queue.display(),
            data = data.display(),
            log = self.log.display(),
            root = root.display(),
            mailboxes = mailboxes.join(", "),
            logins = logins.join(", "),
            lmtp = dovecot.lmtp().display(),
            cert = pki.server.display(),
            key = pki.server_key.display(),
            sasl = dovecot.sasl().display(),
        ))
    }

    fn master_cf(&self) -> String {
        let Ports { submissions, submission_starttls, .. } = self.ports;
        // service type private unprivileged chroot wakeup maxproc command: no service is chrooted.
        format!(
            "127.0.0.1:{submissions} inet n - n - - smtpd\n  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_wrappermode=yes\n\
             127.0.0.1:{submission_starttls} inet n - n - - smtpd\n  -o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt\n\
             pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n\
             defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
             flush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\nshowq unix n - n - - showq\n\
             error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\n\
             lmtp unix - - n - - lmtp\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
             postlog unix-dgram n - n - 1 postlogd\n"
        )
    }
}
