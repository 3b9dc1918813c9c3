//! Files signed and encrypted, decrypted and verified: whole processes of `countersign smime` against two of
//! `openssl cms` that are joined by a pipe.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::Row;
use super::cost::{Cost, median, program, run};
use crate::error::{At, Result, check};
use crate::run::{call, quote};

/// Most memory that we may use, at every size.
const MEMORY_LIMIT: f64 = 32.0;

/// A size of the content, how often each program runs, and the goals for the time.
struct Size {
    name: &'static str,
    octets: u64,
    seal_runs: usize,
    /// OpenSSL needs half a minute and 3 GB for a GiB.
    open_runs: usize,
    open_goal: f64,
}

const SIZES: [Size; 2] = [
    Size { name: "25 MB", octets: 25_000_000, seal_runs: 9, open_runs: 5, open_goal: 1.0 },
    Size { name: "1 GiB", octets: 1 << 30, seal_runs: 3, open_runs: 1, open_goal: 0.4 },
];

struct Bench {
    folder: tempfile::TempDir,
    program: PathBuf,
}

/// Measures; about three minutes and 5 GB in the folder for temporary files.
pub(super) fn measure(root: &Path) -> Result<Vec<Row>> {
    let temporary = std::env::temp_dir();
    let bench = Bench { folder: tempfile::tempdir().at(&temporary)?, program: program(root)? };
    bench.identities()?;
    let mut rows = Vec::new();
    for size in &SIZES {
        bench.content(size.octets)?;
        for cipher in ["aes-256-gcm", "aes-256-cbc"] {
            rows.extend(bench.pair(size, cipher)?);
        }
    }
    Ok(rows)
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// alice signs, bob reads; P-256.
    fn identities(&self) -> Result<()> {
        for person in ["alice", "bob"] {
            let file = |ending: &str| format!("{person}.{ending}");
            call("openssl")
                .words("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30")
                .args(["-subj", &format!("/CN={person}"), "-keyout", &file("key"), "-out", &file("crt")])
                .args(["-addext", &format!("subjectAltName=email:{person}@example.org")])
                .within(self.folder.path())
                .ok()?;
            let mut both = fs::read(self.path(&file("crt"))).at(&self.path(&file("crt")))?;
            both.extend(fs::read(self.path(&file("key"))).at(&self.path(&file("key")))?);
            fs::write(self.path(&file("pem")), both).at(&self.path(&file("pem")))?;
        }
        Ok(())
    }

    /// Octets that don't repeat (xorshift64).
    fn content(&self, octets: u64) -> Result<()> {
        let path = self.path("content");
        let mut file = BufWriter::new(File::create(&path).at(&path)?);
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..octets / 8 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            file.write_all(&state.to_le_bytes()).at(&path)?;
        }
        file.flush().at(&path)
    }

    fn pair(&self, size: &Size, cipher: &str) -> Result<Vec<Row>> {
        let program = quote(&self.program.to_string_lossy());
        let ours = format!(
            "$T {program} smime encrypt --in content --out ours.p7m --to bob.crt --signer alice.pem --cipher {cipher}"
        );
        let peer = format!(
            "$T openssl cms -sign -binary -nodetach -stream -in content -signer alice.crt -inkey alice.key -outform DER \
             | $T openssl cms -encrypt -binary -stream -{cipher} -recip bob.crt -outform DER -out peer.p7m"
        );
        let seal = self.compare(&ours, &peer, size.seal_runs)?;
        fs::remove_file(self.path("ours.p7m")).at(&self.path("ours.p7m"))?;
        let ours = format!(
            "$T {program} smime decrypt --in peer.p7m --out ours.out --key bob.pem --verify --trust alice.crt"
        );
        let peer = "$T openssl cms -decrypt -binary -inform DER -in peer.p7m -recip bob.crt -inkey bob.key \
                    | $T openssl cms -verify -binary -inform DER -CAfile alice.crt -purpose any -out peer.out";
        let open = self.compare(&ours, peer, size.open_runs)?;
        for output in ["ours.out", "peer.out"] {
            let same = same(&self.path("content"), &self.path(output))?;
            check(same, || format!("{output} is not the content"))?;
            fs::remove_file(self.path(output)).at(&self.path(output))?;
        }
        fs::remove_file(self.path("peer.p7m")).at(&self.path("peer.p7m"))?;
        let mut rows = Vec::new();
        let cases = [("sign + encrypt", seal, 1.0), ("decrypt + verify", open, size.open_goal)];
        for (what, (ours, peer), goal) in cases {
            let name = format!("{what}, {}, {cipher}", size.name);
            let row = |name: String, ours, peer, unit, goal| Row { name, ours, peer, unit, goal };
            rows.push(row(format!("{name}: time"), ours.seconds, peer.seconds, "s", Some(goal)));
            rows.push(row(format!("{name}: memory, limit"), ours.memory, MEMORY_LIMIT, "MiB", Some(1.0)));
            rows.push(row(format!("{name}: memory, openssl"), ours.memory, peer.memory, "MiB", None));
        }
        Ok(rows)
    }

    /// The median costs of both, which run in turns.
    fn compare(&self, ours: &str, peer: &str, runs: usize) -> Result<(Cost, Cost)> {
        let (mut all_ours, mut all_peer) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            all_ours.push(run(self.folder.path(), ours)?);
            all_peer.push(run(self.folder.path(), peer)?);
        }
        Ok((median(all_ours), median(all_peer)))
    }
}

fn same(one: &Path, other: &Path) -> Result<bool> {
    let (mut first, mut second) = (File::open(one).at(one)?, File::open(other).at(other)?);
    if first.metadata().at(one)?.len() != second.metadata().at(other)?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = first.read(&mut left).at(one)?;
        if count == 0 {
            return Ok(true);
        }
        let (Some(left), Some(right)) = (left.get(..count), right.get_mut(..count)) else { return Ok(false) };
        second.read_exact(right).at(other)?;
        if left != right {
            return Ok(false);
        }
    }
}
