//! A home on a disk that is nearly full.

use std::fs;

use xtask::cli::Terminal;
use xtask::run::{Said, call, quote};

use super::Office;

/// How much is free on the small disk beside what the home has already, in KiB.
const ROOM: u64 = 300;

/// Runs `sync` with the home on a disk of its own (a tmpfs in a private mount namespace) that has hardly any room,
/// and brings home what was written there. `None` where mounting is not allowed.
pub fn run_on_a_full_disk(office: &Office, terminal: &Terminal) -> Option<Said> {
    let used: u64 = {
        let said = call("du").words("-sk").arg(&terminal.home).ok().unwrap().out();
        said.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (home, copy) = (quote(terminal.home.to_str().unwrap()), quote(office.path("copy").to_str().unwrap()));
    let script = format!(
        "set -e\n\
         cp -a {home} {copy}\n\
         mount -t tmpfs -o size={size}k,mode=0700 tmpfs {home} 2>/dev/null || exit 99\n\
         cp -a {copy}/. {home}/\n\
         rc=0; {sync} || rc=$?\n\
         rm -rf {copy}; cp -a {home} {copy}\n\
         exit $rc",
        size = used + ROOM,
        sync = terminal.call(["sync"]).line(),
    );
    let said = call("unshare").words("--mount --map-root-user sh -c").arg(script).run().ok()?;
    if said.code == Some(99) || said.err().contains("unshare") {
        return None;
    }
    fs::remove_dir_all(&terminal.home).unwrap();
    fs::rename(office.path("copy"), &terminal.home).unwrap();
    Some(said)
}
