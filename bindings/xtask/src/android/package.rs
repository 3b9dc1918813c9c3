//! From classes, resources and libraries to a signed APK.

use std::fs;
use std::path::{Path, PathBuf};

use super::LIBRARY;
use super::imports::OLDEST_API;
use super::library::Built;
use crate::error::{At, Error, Result};
use crate::run::{Call, call};

/// Everything of the app but the native library, compiled; and the tools that pack it.
#[derive(Debug)]
pub struct App {
    /// Folder of the workspace.
    root: PathBuf,
    /// Folder of all that is made.
    out: PathBuf,
}

impl App {
    /// Compiles and shrinks. `out` holds the generated bindings and words.
    pub fn compile(root: &Path, out: &Path) -> Result<Self> {
        println!("android: compiling the app");
        let app = App { root: root.to_owned(), out: out.to_owned() };
        // Maven leaves what is no more: older versions, classes of files that are gone.
        for folder in [out.join("libraries"), out.join("maven/classes")] {
            if folder.exists() {
                fs::remove_dir_all(&folder).at(&folder)?;
            }
        }
        call("mvn")
            .words("--quiet --batch-mode --activate-profiles apk --file")
            .arg(root.join("android/pom.xml"))
            .arg(format!("-Dout={}", out.display()))
            .arg("process-classes")
            .within(root)
            .shown()?;
        let jna = out.join("jna");
        fs::create_dir_all(&jna).at(&jna)?;
        call("jar").arg("--extract").arg("--file").arg(app.tool("jna.aar")).within(&jna).ok()?;
        app.shrink()?;
        Ok(app)
    }

    /// R8: dex files without what the app never reaches.
    fn shrink(&self) -> Result<()> {
        let dex = self.out.join("dex");
        jar(&self.out.join("maven/classes"), &self.classes())?;
        if dex.exists() {
            fs::remove_dir_all(&dex).at(&dex)?;
        }
        fs::create_dir_all(&dex).at(&dex)?;
        self.r8()?
            .arg("--min-api")
            .arg(OLDEST_API.to_string())
            .arg("--pg-map-output")
            .arg(self.out.join("mapping.txt"))
            .arg("--output")
            .arg(&dex)
            .arg(self.out.join("jna/classes.jar"))
            .ok()
            .map(drop)
    }

    /// Starts a call of R8 with the rules, classes and libraries of the app.
    fn r8(&self) -> Result<Call> {
        let call = call("java")
            .arg("-Xmx2g")
            .arg("-cp")
            .arg(self.tool("r8.jar"))
            .words("com.android.tools.r8.R8 --release --no-data-resources --lib")
            .arg(java_home()?)
            .arg("--lib")
            .arg(self.tool("android.jar"))
            .arg("--pg-conf")
            .arg(self.root.join("android/keep.pro"))
            .arg("--pg-conf")
            .arg(self.out.join("linked/keep.pro"))
            .arg(self.classes())
            .args(self.libraries()?);
        Ok(call)
    }

    /// Shrinks the app once more, for the JVM, and calls the core through it: what the rules forget is missed by JNA. `natives`
    /// has the library for this machine.
    pub fn call_shrunk(&self, natives: &Path) -> Result<()> {
        println!("── the binding after R8, on the JVM");
        let folder = tempfile::tempdir().at(&self.out)?;
        let at = |name: &str| folder.path().join(name);
        let class_path = [vec![self.classes()], self.libraries()?].concat();
        call("javac")
            .words("-nowarn -d")
            .arg(at("classes"))
            .arg("-cp")
            .arg(join(&class_path))
            .arg(self.root.join("android/tools/Shrunk.java"))
            .ok()?;
        jar(&at("classes"), &at("check.jar"))?;
        let entry = "-keep class Shrunk { public static void main(java.lang.String[]); }\n";
        fs::write(at("entry.pro"), entry).at(folder.path())?;
        // The JNA of desktops: the same classes, with libraries for this machine.
        let jna = self.tool("jna.jar");
        self.r8()?
            .arg("--classfile")
            .arg("--pg-conf")
            .arg(at("entry.pro"))
            .arg("--output")
            .arg(at("shrunk.jar"))
            .arg(at("check.jar"))
            .arg(&jna)
            .ok()?;
        let said = call("java")
            .arg(format!("-Djna.library.path={}", natives.display()))
            .arg("-cp")
            .arg(join(&[at("shrunk.jar"), jna]))
            .arg("Shrunk")
            .arg(folder.path())
            .ok()?;
        for line in said.out().lines() {
            println!("  {line}");
        }
        Ok(())
    }

    /// The APK for one processor, signed by `key`.
    pub fn pack(&self, library: &Built, key: &TestKey) -> Result<PathBuf> {
        let abi = library.abi.name();
        let apk = self.out.join(format!("countersign-{abi}.apk"));
        let jna = self.out.join("jna/jni").join(abi).join("libjnidispatch.so");
        let mut entries = vec![
            format!("lib/{abi}/lib{LIBRARY}.so={}", library.stripped.display()),
            format!("lib/{abi}/libjnidispatch.so={}", jna.display()),
        ];
        for dex in files(&self.out.join("dex"), "dex")? {
            let name = dex.file_name().unwrap_or_default().to_string_lossy();
            entries.push(format!("{name}={}", dex.display()));
        }
        self.apk_tool()
            .arg("pack")
            .arg(&apk)
            .arg(OLDEST_API.to_string())
            .arg(self.out.join("linked/resources.ap_"))
            .arg(&key.keystore)
            .args(entries)
            .env("KEY_PASSWORD", &key.password)
            .ok()?;
        Ok(apk)
    }

    /// Whether the signatures of `apk` hold, and what the verifier says.
    pub fn verify(&self, apk: &Path) -> Result<(bool, String)> {
        let said = self.apk_tool().arg("verify").arg(apk).run()?;
        Ok((said.code == Some(0), format!("{}{}", said.out(), said.err())))
    }

    /// What Android's own tools read in the manifest of `apk`.
    pub fn badging(&self, apk: &Path) -> Result<String> {
        let aapt2 = self.out.join("aapt/prebuilt/linux/aapt2");
        call(aapt2).words("dump badging").arg(apk).ok().map(|said| said.out())
    }

    /// Uses of what the oldest Android does not have, beside those that `android/api-allowed.txt` says are guarded.
    pub fn newer_api_uses(&self) -> Result<Vec<String>> {
        let signature = self.out.join("tools/oldest.signature");
        let tool = || {
            let path =
                ["animal-sniffer.jar", "asm.jar"].map(|jar| self.tool(jar).to_string_lossy().into_owned());
            call("java")
                .args(["-Xmx2g", "-cp", &path.join(":")])
                .arg(self.root.join("android/tools/ApiGate.java"))
        };
        if !signature.is_file() {
            let part = self.out.join("tools/oldest.part");
            tool()
                .arg("build")
                .arg(&part)
                .arg(self.tool("android-oldest.jar"))
                .arg(self.tool("java.signature"))
                .ok()?;
            fs::rename(&part, &signature).at(&signature)?;
        }
        let said = tool()
            .arg("check")
            .arg(&signature)
            .arg(self.root.join("android/api-allowed.txt"))
            .arg(self.classes())
            .args(self.libraries()?)
            .arg(self.out.join("jna/classes.jar"))
            .run()?;
        let uses: Vec<String> = said.out().lines().map(str::to_owned).collect();
        // It found something, or it did not run at all.
        if uses.is_empty() { said.ok().map(|_| uses) } else { Ok(uses) }
    }

    /// What is compiled here, the generated binding with it.
    fn classes(&self) -> PathBuf {
        self.out.join("classes.jar")
    }

    /// What it calls, but JNA.
    fn libraries(&self) -> Result<Vec<PathBuf>> {
        files(&self.out.join("libraries"), "jar")
    }

    fn apk_tool(&self) -> Call {
        call("java").arg("-cp").arg(self.tool("apksig.jar")).arg(self.root.join("android/tools/Apk.java"))
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.out.join("tools").join(name)
    }
}

/// A key that lives as long as the build. An app that it signed can be tried out and never be updated.
#[derive(Debug)]
pub struct TestKey {
    /// Deletes it when this is dropped.
    _folder: tempfile::TempDir,
    keystore: PathBuf,
    password: String,
}

impl TestKey {
    /// Makes one.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir().at(Path::new("a temporary folder"))?;
        let keystore = folder.path().join("key.p12");
        let password = call("openssl").words("rand -hex 16").ok()?.out().trim().to_owned();
        call("keytool")
            .words("-genkeypair -storetype PKCS12 -storepass:env KEY_PASSWORD -alias key -keyalg EC -groupname secp256r1")
            .words("-validity 30 -dname CN=throw-away-test-key -keystore")
            .arg(&keystore)
            .env("KEY_PASSWORD", &password)
            .ok()?;
        Ok(TestKey { _folder: folder, keystore, password })
    }
}

/// Makes a jar of the classes in `folder`.
fn jar(folder: &Path, jar: &Path) -> Result<()> {
    call("jar").words("--create --no-manifest --file").arg(jar).arg("-C").arg(folder).arg(".").ok().map(drop)
}

/// As a class path.
fn join(jars: &[PathBuf]) -> String {
    let all: Vec<_> = jars.iter().map(|jar| jar.to_string_lossy()).collect();
    all.join(":")
}

/// Files with this extension, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let path = entry.at(folder)?.path();
        if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Classes of Java itself: the platform's jar has almost none of them.
fn java_home() -> Result<String> {
    let settings = call("java").words("-XshowSettings:properties -version").ok()?.err();
    let home = settings.lines().find_map(|line| line.trim().strip_prefix("java.home = "));
    home.map(str::to_owned).ok_or_else(|| Error::Check("java names no java.home".to_owned()))
}
