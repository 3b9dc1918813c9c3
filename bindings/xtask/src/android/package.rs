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
        let (classes, dex) = (self.out.join("classes.jar"), self.out.join("dex"));
        call("jar")
            .words("--create --no-manifest --file")
            .arg(&classes)
            .arg("-C")
            .arg(self.out.join("maven/classes"))
            .arg(".")
            .ok()?;
        if dex.exists() {
            fs::remove_dir_all(&dex).at(&dex)?;
        }
        fs::create_dir_all(&dex).at(&dex)?;
        call("java")
            .arg("-Xmx2g")
            .arg("-cp")
            .arg(self.tool("r8.jar"))
            .words("com.android.tools.r8.R8 --release --no-data-resources --min-api")
            .arg(OLDEST_API.to_string())
            .arg("--lib")
            .arg(java_home()?)
            .arg("--lib")
            .arg(self.tool("android.jar"))
            .arg("--pg-conf")
            .arg(self.root.join("android/keep.pro"))
            .arg("--pg-conf")
            .arg(self.out.join("linked/keep.pro"))
            .arg("--pg-map-output")
            .arg(self.out.join("mapping.txt"))
            .arg("--output")
            .arg(&dex)
            .arg(&classes)
            .args(files(&self.out.join("libraries"), "jar")?)
            .arg(self.out.join("jna/classes.jar"))
            .ok()
            .map(drop)
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
            .arg(self.out.join("classes.jar"))
            .args(files(&self.out.join("libraries"), "jar")?)
            .arg(self.out.join("jna/classes.jar"))
            .run()?;
        let uses: Vec<String> = said.out().lines().map(str::to_owned).collect();
        // It found something, or it did not run at all.
        if uses.is_empty() { said.ok().map(|_| uses) } else { Ok(uses) }
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
