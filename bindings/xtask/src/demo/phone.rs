//! The story on two phones: pictures of the Android app's screens, taken by its test over the same servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::android;
use crate::error::{At, Result};
use crate::run::installed;

/// Which pictures, in the order of the story.
const PICTURES: [(&str, &str); 8] = [
    ("03-keys-ready.en-light", "Alice's keys are ready"),
    ("11-exchange.en-light", "Alice and Bob scan each other's code"),
    ("12a-scan-mutual.en-light", "They have met"),
    ("09b-compose-approval.en-light", "Alice asks for approval"),
    ("04-inbox.en-light", "It waits for Bob"),
    ("06-approval.en-light", "He reads what he is asked"),
    ("07-confirm.en-light", "Exactly this is signed, after his finger"),
    ("06c-approval-closed.zh-dark", "Alice sees it approved (Chinese, dark)"),
];

/// What goes into the library and the app.
const SOURCES: [&str; 4] = ["android/app/src", "bindings/ffi/src", "bindings/strings", "core"];

/// The pictures with their captions. They are taken anew when the app changed since; nothing without the Android tools.
pub fn pictures(root: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    let folder = root.join("target/screens");
    let taken = fs::metadata(folder.join("index.html")).and_then(|file| file.modified()).ok();
    if taken.is_none_or(|taken| newest(root).is_none_or(|newest| newest > taken)) {
        if !installed("javac") || !installed("mvn") {
            println!(
                "phone: no JDK and Maven here; `cargo xtask android test` installs them and takes the pictures"
            );
            return Ok(Vec::new());
        }
        println!(
            "phone: telling the story on two phones for the pictures (some minutes; --no-phone leaves them out)"
        );
        android::test(root, Some("StoryScreensTest"))?;
    }
    let picture = |(name, caption): (&str, &'static str)| (caption, folder.join(format!("{name}.png")));
    Ok(PICTURES.into_iter().map(picture).collect())
}

/// When the last source was changed.
fn newest(root: &Path) -> Option<SystemTime> {
    let mut newest = None;
    let mut folders: Vec<PathBuf> = SOURCES.iter().map(|source| root.join(source)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).at(&folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                newest = newest.max(entry.metadata().ok()?.modified().ok());
            }
        }
    }
    newest
}
