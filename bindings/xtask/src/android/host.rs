//! The native library, taken out of the APK and run on this machine: directly, or under qemu-user. It adds an account at the
//! demo's servers over TLS, signs a mail that openssl verifies, and decrypts one that openssl encrypted.
//!
//! Shown by this: code generation, linking, unwinding, TLS, and UniFFI's interface. Not shown: anything of Android itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::LIBRARY;
use super::abi::Abi;
use super::gates::{self, zip::Archive};
use super::library::Built;
use super::toolchain::Toolchain;
use crate::error::{At, Error, Result, check};
use crate::foreign::{Foreigner, Reply, header};
use crate::run::call;
use crate::world::{Place, World, address, password};

/// What openssl encrypts and the library must show.
const SECRET: &str = "The tide turns at half past four.";

/// Runs the library of `apk`; `built` is where it came from, for the bindings' header.
pub fn run(root: &Path, out: &Path, toolchain: &Toolchain, apk: &Path, built: &Built) -> Result<()> {
    let abi = built.abi;
    let how = if Toolchain::runs_here(abi) { "directly" } else { "under qemu-user" };
    println!("── {}: its library on this machine, {how}", apk.display());
    if !Toolchain::runs_here(abi) && !Toolchain::can_emulate(abi) {
        return Err(Error::Missing {
            what: format!("qemu-{}", abi.machine()),
            remedy: "install qemu-user".to_owned(),
        });
    }
    let probe = Probe::prepare(root, out, toolchain, apk, built)?;
    let world = World::start(Place::under(&root.join("target"), "apk")?)?;
    let home = tempfile::tempdir().at(out)?;
    let (ports, pki) = (world.ports(), world.pki());

    probe.run(
        home.path(),
        &[
            "begin",
            &ports.imaps.to_string(),
            &ports.submissions.to_string(),
            &world.authority().url(),
            &pki.server_ca.to_string_lossy(),
            &pki.tsa_ca.to_string_lossy(),
            &password("alice"),
        ],
    )?;
    world.settle()?;

    let carol = Foreigner::new(&world, "carol", &home.path().join("carol"))?;
    let mails = carol.fetch()?;
    let [mail] = mails.as_slice() else {
        return Err(Error::Check(format!("carol has {} mails instead of one", mails.len())));
    };
    let verified = carol.verify(mail, &home.path().join("root.pem"))?;
    check(verified.out().contains("Signed by the library of the APK."), || verified.out())?;
    println!("  ok openssl verifies its signature up to its root certificate");

    let certificate = carol.encryption_certificate(mail, "alice")?;
    let reply = Reply { to: "alice", subject: "From openssl", text: SECRET };
    let sealed = carol.reply(&reply, &header(mail, "message-id"), &certificate)?;
    carol.send(&["alice"], &sealed)?;
    println!("  ok openssl encrypts a mail to {}", address("alice"));
    probe.run(home.path(), &["finish", SECRET])
}

/// The program that loads the library and calls it.
struct Probe {
    abi: Abi,
    program: PathBuf,
    library: PathBuf,
    folder: PathBuf,
}

impl Probe {
    fn prepare(root: &Path, out: &Path, toolchain: &Toolchain, apk: &Path, built: &Built) -> Result<Self> {
        let abi = built.abi;
        let folder = out.join("host").join(abi.name());
        fs::create_dir_all(&folder).at(&folder)?;
        let library = folder.join(format!("lib{LIBRARY}.so"));
        let archive = Archive::read(fs::read(apk).at(apk)?)?;
        let name = gates::own_name(abi);
        let entry = archive.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| Error::Check(format!("{} has no library", apk.display())))?;
        fs::write(&library, archive.content(entry)?).at(&library)?;

        super::bindings(root, &built.whole, "swift", &folder)?;
        let native = root.join("android/native");
        let compile = |words: &str| {
            toolchain.zig("cc").args(["-target", &format!("{}-linux-gnu.2.36", abi.machine())]).words(words)
        };
        compile("-O1 -fPIC -shared -Wl,-soname,libc.so -o")
            .arg(folder.join("libc.so"))
            .arg(native.join("shim.c"))
            .ok()?;
        // Of these there are only the names: glibc's own are in the process.
        for name in ["libm.so", "libdl.so", "liblog.so"] {
            let empty = folder.join("empty.c");
            fs::write(&empty, "").at(&empty)?;
            compile(&format!("-shared -Wl,-soname,{name} -o")).arg(folder.join(name)).arg(&empty).ok()?;
        }
        let program = folder.join("probe");
        compile("-O1 -Werror -Wno-error=nullability-extension -o")
            .arg(&program)
            .arg(format!("-I{}", folder.display()))
            .arg(native.join("probe.c"))
            .ok()?;
        Ok(Probe { abi, program, library, folder })
    }

    fn run(&self, home: &Path, words: &[&str]) -> Result<()> {
        let machine = self.abi.machine();
        let call = if Toolchain::runs_here(self.abi) {
            call(&self.program).env("LD_LIBRARY_PATH", &self.folder)
        } else {
            let system = format!("/usr/{machine}-linux-gnu");
            call(format!("qemu-{machine}"))
                .args([
                    "-L",
                    &system,
                    "-E",
                    &format!("LD_LIBRARY_PATH={}:{system}/lib", self.folder.display()),
                ])
                .arg(&self.program)
        };
        let said = call.arg(&self.library).arg(home).args(words).run()?;
        for line in said.out().lines() {
            println!("  {line}");
        }
        said.ok().map(drop)
    }
}
