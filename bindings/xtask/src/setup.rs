//! What a machine with nothing but Rust needs for tests and demo, and how it gets it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{as_root, call, installed, is_root};

/// Programs that tests and demo call, and Debian's packages for them.
const NEEDED: [(&str, &str); 9] = [
    ("dovecot", "dovecot-core"),
    ("/usr/lib/dovecot/imap", "dovecot-imapd"),
    ("/usr/lib/dovecot/lmtp", "dovecot-lmtpd"),
    ("postfix", "postfix"),
    ("openssl", "openssl"),
    ("gpgsm", "gpgsm"),
    ("zbarimg", "zbar-tools"),
    ("curl", "curl"),
    ("time", "time"),
];

/// The release of cargo-deny that checks licences and bans.
const CARGO_DENY: &str = "0.20.2";

/// Installs the missing system packages, and says what it did.
pub fn system() -> Result<()> {
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !present(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        println!("setup: Dovecot, Postfix, openssl, gpgsm, zbarimg, curl and GNU time are there");
        return Ok(());
    }
    let what = missing.join(", ");
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !is_debian(&release) || !installed("apt-get") {
        return Err(Error::Missing {
            what,
            remedy:
                "this is neither Debian nor Ubuntu, so install by hand: Dovecot with IMAP and LMTP, Postfix, \
                     OpenSSL 3, gpgsm (GnuPG), zbarimg (ZBar), curl, GNU time; start none of their services"
                    .to_owned(),
        });
    }
    if !is_root() && !installed("sudo") {
        let remedy =
            format!("neither root nor sudo here; as root run: apt-get install {}", missing.join(" "));
        return Err(Error::Missing { what, remedy });
    }
    println!("setup: installing {what} (no service is started)");
    as_root("sh").arg("-c").arg(INSTALL).arg("sh").args(&missing).shown()?;
    println!(
        "setup: installed {what}. Debian starts installed servers at the next boot; if this machine should not,\n\
         \x20      run: systemctl disable dovecot postfix"
    );
    match NEEDED.iter().find(|(program, _)| !present(program)) {
        None => Ok(()),
        Some((program, package)) => Err(Error::Missing {
            what: (*program).to_owned(),
            remedy: format!("{package} was installed but did not bring it"),
        }),
    }
}

/// Installs packages under a policy-rc.d that forbids starting services, and puts the former one back whatever
/// happens; what a killed run left behind is cleared up first. With "No configuration" the machine's own Postfix
/// stays unconfigured.
const INSTALL: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
saved=$policy.before-countersign
restore() {
    if [ -e "$saved" ]; then mv -f "$saved" "$policy"
    elif grep -qs countersign-setup "$policy"; then rm -f "$policy"
    fi
}
restore
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -e "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\n# countersign-setup\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null
echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" </dev/null >/dev/null
"#;

/// Installs `missing` packages, none of which starts a service. `remedy` is for machines that are neither Debian nor Ubuntu.
pub fn packages(missing: &[&str], remedy: &str) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let what = missing.join(", ");
    if !installed("apt-get") || (!is_root() && !installed("sudo")) {
        return Err(Error::Missing { what, remedy: remedy.to_owned() });
    }
    println!("setup: installing {what}");
    as_root("sh").arg("-c").arg(INSTALL_QUIETLY).arg("sh").args(missing).shown()
}

const INSTALL_QUIETLY: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" </dev/null >/dev/null
"#;

fn present(program: &str) -> bool {
    if program.starts_with('/') { Path::new(program).is_file() } else { installed(program) }
}

/// Whether an os-release file (os-release(5)) is of Debian, Ubuntu or one of their descendants.
fn is_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// cargo-deny, built once into a cache folder outside the checkout.
pub fn cargo_deny() -> Result<PathBuf> {
    let root = cache()?.join(format!("cargo-deny-{CARGO_DENY}"));
    let program = root.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    println!("setup: building cargo-deny {CARGO_DENY} into {} (about 3 minutes, once)", root.display());
    fs::create_dir_all(&root).at(&root)?;
    call("cargo")
        .words("install --quiet --locked --root")
        .arg(&root)
        .arg(format!("cargo-deny@{CARGO_DENY}"))
        // Away from our workspace, whose settings would apply.
        .within(&root)
        .shown()?;
    Ok(program)
}

/// `$COUNTERSIGN_CACHE`, else `countersign` in the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("COUNTERSIGN_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("countersign")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/countersign")))
        .ok_or_else(|| Error::Missing {
            what: "a cache folder".to_owned(),
            remedy: "set COUNTERSIGN_CACHE".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_descendants_are_known() {
        assert!(is_debian("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"));
        assert!(is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=fedora\nNAME=\"not debian\"\n"));
        assert!(!is_debian(""));
    }
}
