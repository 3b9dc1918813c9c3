//! `cargo xtask android apk`: one APK for each processor, through the gates, and its native library run on this machine.

use std::fs;
use std::path::Path;

use super::abi::Abi;
use super::imports::{Imports, OLDEST_API};
use super::package::{App, TestKey};
use super::toolchain::Toolchain;
use super::{gates, host, library};
use crate::error::{At, Error, Result, check};

/// Builds and checks them; they lie in `target/android/apk`.
pub fn build(root: &Path) -> Result<()> {
    super::system()?;
    let toolchain = Toolchain::ready()?;
    let imports = Imports::read(root)?;
    let out = root.join("target/android/apk");
    let mut built = Vec::new();
    for abi in Abi::ALL {
        built.push(library::build(root, &out, &toolchain, &imports, abi)?);
    }
    let first = built.first().ok_or_else(|| Error::Check("no library".to_owned()))?;
    super::build_here(root)?;
    // What lay there may be of another interface.
    let bindings = out.join("bindings");
    if bindings.exists() {
        fs::remove_dir_all(&bindings).at(&bindings)?;
    }
    super::bindings(root, &first.whole, "kotlin", &bindings)?;
    super::words(&out)?;
    let app = App::compile(root, &out)?;
    check_api(&app)?;
    app.call_shrunk(&root.join("target/debug"))?;
    let key = TestKey::new()?;
    let mut apks = Vec::new();
    for library in &built {
        let apk = app.pack(library, &key)?;
        println!("── gates: {}", apk.display());
        gates::check(&apk, library.abi, &imports, &app)?;
        apks.push((apk, library));
    }
    for (apk, library) in &apks {
        host::run(root, &out, &toolchain, apk, library)?;
    }
    Ok(())
}

/// A class or method that Android 9 lacks ends the app there when it is reached.
fn check_api(app: &App) -> Result<()> {
    let uses = app.newer_api_uses()?;
    check(uses.is_empty(), || {
        format!("not in API {OLDEST_API}, and not in android/api-allowed.txt:\n{}", uses.join("\n"))
    })?;
    println!("  ok      the app uses nothing newer than API {OLDEST_API} unguarded");
    Ok(())
}
