//! What links Rust for Android without Google's NDK: Rust's own linker, stand-ins that have the names of Android's libraries
//! and nothing behind them, an unwinder and a C compiler for ring, both out of Zig.
//!
//! Good for a build that is checked here. A release is to be linked by the NDK: its headers, stubs and unwinder are Android's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::abi::Abi;
use super::imports::Imports;
use crate::error::{At, Result};
use crate::run::{Call, call, installed};
use crate::setup;

/// Release of the Python package `ziglang`: C compiler, assembler, archiver, and the sources of LLVM's libunwind.
const ZIG: &str = "0.17.1";
/// Raised when what lies in the cache changes its shape.
const LAYOUT: u32 = 1;

/// The tools, ready to be called.
#[derive(Debug)]
pub struct Toolchain {
    /// In the cache, outside of the checkout.
    folder: PathBuf,
    /// Rust's own linker and tools.
    rust: PathBuf,
}

impl Toolchain {
    /// Installs what is missing: Debian's packages, Rust's standard library for Android, Zig (about 450 MB).
    pub fn ready() -> Result<Self> {
        let has_venv = call("python3").arg("-c").arg("import ensurepip, venv").ok().is_ok();
        let needed = [
            (has_venv, "python3-venv"),
            (installed("qemu-aarch64"), "qemu-user"),
            (Path::new("/usr/aarch64-linux-gnu/lib/libc.so.6").is_file(), "libc6-arm64-cross"),
        ];
        let missing: Vec<&str> =
            needed.iter().filter(|(is_there, _)| !is_there).map(|(_, name)| *name).collect();
        setup::packages(
            &missing,
            "install Python 3 with venv, qemu-user and the C library of arm64 by hand",
        )?;
        let targets = Abi::ALL.map(Abi::target);
        call("rustup").words("--quiet target add").args(targets).shown()?;
        let folder = setup::cache()?.join(format!("android-{LAYOUT}-zig-{ZIG}"));
        if !folder.join("ready").is_file() {
            println!("setup: installing Zig {ZIG} into {} (once)", folder.display());
            call("python3").words("-m venv --clear").arg(folder.join("python")).ok()?;
            call(folder.join("python/bin/pip"))
                .words("install --quiet")
                .arg(format!("ziglang=={ZIG}"))
                .shown()?;
            fs::write(folder.join("ready"), "").at(&folder)?;
        }
        let sysroot = call("rustc").words("--print sysroot").ok()?.out();
        let toolchain = Toolchain { folder, rust: PathBuf::from(sysroot.trim()) };
        for abi in Abi::ALL {
            toolchain.write_compiler(abi)?;
        }
        Ok(toolchain)
    }

    /// Starts a call of one of Zig's tools: `cc`, `c++`, `ar`.
    pub fn zig(&self, tool: &str) -> Call {
        call(self.python()).words("-m ziglang").arg(tool)
    }

    fn python(&self) -> PathBuf {
        self.folder.join("python/bin/python")
    }

    /// A C compiler for Android by the name that build scripts look for.
    ///
    /// musl's headers stand in for Android's: both follow the kernel's ABI, and where errno lies is renamed. Other constants
    /// differ (sysconf, getaddrinfo), which is one reason more to release with the NDK.
    fn write_compiler(&self, abi: Abi) -> Result<()> {
        let compiler = self.compiler(abi);
        let script = COMPILER
            .replace("PYTHON", &crate::run::quote(&self.python().to_string_lossy()))
            .replace("MACHINE", abi.machine());
        fs::write(&compiler, script).at(&compiler)?;
        fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).at(&compiler)?;
        let archiver = self.folder.join("ar");
        let script = ARCHIVER.replace("PYTHON", &crate::run::quote(&self.python().to_string_lossy()));
        fs::write(&archiver, script).at(&archiver)?;
        fs::set_permissions(&archiver, fs::Permissions::from_mode(0o755)).at(&archiver)
    }

    fn compiler(&self, abi: Abi) -> PathBuf {
        self.folder.join(format!("cc-{}", abi.machine()))
    }

    /// `call` with the variables by which cargo and build scripts find linker and compiler.
    pub fn within(&self, abi: Abi, call: Call) -> Call {
        let name = abi.target().replace('-', "_");
        call.env(&format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()), "rust-lld")
            .env(&format!("CC_{name}"), self.compiler(abi))
            .env(&format!("AR_{name}"), self.folder.join("ar"))
    }

    /// Puts what is linked against into `folder`: stubs by the list of imports, and the unwinder.
    pub fn link_against(&self, abi: Abi, imports: &Imports, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).at(folder)?;
        for library in ["libc.so", "libm.so", "libdl.so", "liblog.so"] {
            let source = folder.join(format!("{library}.s"));
            fs::write(&source, imports.stub(library)).at(&source)?;
            self.zig("cc")
                .args([
                    "-target",
                    &musl(abi),
                    "-shared",
                    "-nostdlib",
                    &format!("-Wl,-soname,{library}"),
                    "-o",
                ])
                .arg(folder.join(library))
                .arg(&source)
                .ok()?;
        }
        let unwinder = folder.join("libunwind.a");
        if unwinder.is_file() { Ok(()) } else { self.unwinder(abi, &unwinder) }
    }

    /// LLVM's libunwind, compiled as Android's: rustc links it statically.
    fn unwinder(&self, abi: Abi, archive: &Path) -> Result<()> {
        let package =
            "import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), 'lib', 'libunwind'))";
        let sources = PathBuf::from(call(self.python()).arg("-c").arg(package).ok()?.out().trim());
        let work = tempfile::tempdir().at(archive)?;
        let mut objects = Vec::new();
        for (source, tool, options) in UNWINDER {
            let object = work.path().join(format!("{source}.o"));
            self.zig(tool)
                .args(["-target", &musl(abi)])
                .words(UNWINDER_OPTIONS)
                .words(options)
                .arg(format!("-I{}", sources.join("include").display()))
                .arg(format!("-I{}", sources.join("src").display()))
                .arg("-c")
                .arg(sources.join("src").join(source))
                .arg("-o")
                .arg(&object)
                .ok()?;
            objects.push(object);
        }
        self.zig("ar").arg("rcs").arg(archive).args(objects).ok().map(drop)
    }

    /// Copies `library` to `stripped`, without all that a phone does not read.
    pub fn strip(&self, library: &Path, stripped: &Path) -> Result<()> {
        let host = call("rustc").arg("-vV").ok()?.out();
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        // The tool finds LLVM's library by this variable alone.
        call(self.rust.join("lib/rustlib").join(host).join("bin/rust-objcopy"))
            .env("LD_LIBRARY_PATH", self.rust.join("lib"))
            .arg("--strip-all")
            .arg(library)
            .arg(stripped)
            .ok()
            .map(drop)
    }

    /// Whether a program of `abi` runs on this machine as it is.
    pub fn runs_here(abi: Abi) -> bool {
        std::env::consts::ARCH == abi.machine()
    }

    /// Whether it can be emulated.
    pub fn can_emulate(abi: Abi) -> bool {
        installed(&format!("qemu-{}", abi.machine()))
    }
}

fn musl(abi: Abi) -> String {
    format!("{}-linux-musl", abi.machine())
}

/// Zig knows no Android target; build scripts name one all the same.
const COMPILER: &str = r#"#!/bin/sh
for argument do
    shift
    case $argument in
        --target=*) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec PYTHON -m ziglang cc -target MACHINE-linux-musl -D__errno_location=__errno \
    -fno-sanitize=all -fno-stack-protector -U_FORTIFY_SOURCE -fno-builtin-bcmp "$@"
"#;

const ARCHIVER: &str = "#!/bin/sh\nexec PYTHON -m ziglang ar \"$@\"\n";

/// Sources of libunwind: file, tool, options.
const UNWINDER: [(&str, &str, &str); 5] = [
    ("libunwind.cpp", "c++", "-fno-rtti -fno-exceptions -nostdinc++"),
    ("UnwindLevel1.c", "cc", "-fexceptions"),
    ("UnwindLevel1-gcc-ext.c", "cc", "-fexceptions"),
    ("UnwindRegistersRestore.S", "cc", ""),
    ("UnwindRegistersSave.S", "cc", ""),
];
const UNWINDER_OPTIONS: &str = "-fPIC -O2 -g0 -DNDEBUG -D__errno_location=__errno -D_LIBUNWIND_IS_NATIVE_ONLY \
    -D_LIBUNWIND_HIDE_SYMBOLS -fvisibility=hidden -funwind-tables -fno-sanitize=all -fno-stack-protector";
