//! The generated Kotlin and Swift: that they can be made, hold what they should, and fit this library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What has methods. Everything else is a record or an enum.
const OBJECTS: [&str; 8] =
    ["Account", "Approvals", "CancelToken", "Composer", "Core", "Mailboxes", "People", "QrExchange"];
/// What a platform implements.
const FOREIGN: [&str; 2] = ["LogSink", "Vault"];
/// Methods that Kotlin's generated objects have of their own.
const TAKEN_IN_KOTLIN: [&str; 4] = ["fun close(", "fun destroy(", "fun finalize(", "fun toString("];
/// Names of the Swift language that the generated code uses: a type of ours would hide them.
const TAKEN_IN_SWIFT: [&str; 8] = ["Task", "Data", "String", "Result", "Error", "Optional", "Array", "Never"];

fn cargo(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let said = Command::new(env!("CARGO")).args(arguments).current_dir(root).output().unwrap();
    assert!(said.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}

/// The library as the apps link it; alone, so that the generator's features are not in it.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let said = cargo(&["build", "--offline", "--message-format=json", "-p", "countersign-ffi"]);
        let name = format!("{}countersign_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let path = said.split('"').rfind(|text| text.ends_with(&name));
        PathBuf::from(path.expect("cargo says where the library is"))
    })
}

fn generated(language: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (library, out) = (library().to_str().unwrap(), folder.path().to_str().unwrap());
    let generate = ["run", "--offline", "--quiet", "-p", "bindgen", "--", "generate", "--library", library];
    cargo(&[&generate[..], &["--language", language, "--out-dir", out, "--no-format"]].concat());
    let path = match language {
        "kotlin" => "org/countersign/core/countersign_ffi.kt",
        _ => "CountersignCore.swift",
    };
    fs::read_to_string(folder.path().join(path)).unwrap()
}

#[test]
fn kotlin_has_every_object_and_each_call_takes_a_token() {
    let kotlin = generated("kotlin");
    for object in OBJECTS {
        assert!(kotlin.contains(&format!("open class {object}: Disposable")), "{object}");
    }
    let objects = kotlin.lines().filter(|line| line.starts_with("open class ") && !line.contains("Impl: "));
    let objects: Vec<_> = objects.filter(|line| line.contains(": Disposable")).collect();
    assert_eq!(objects.len(), OBJECTS.len(), "an object more or less: {objects:?}");
    for foreign in FOREIGN {
        assert!(kotlin.contains(&format!("public interface {foreign} {{")), "{foreign}");
    }
    for object in OBJECTS {
        let interface = kotlin.split(&format!("public interface {object}Interface {{")).nth(1).unwrap();
        let interface = interface.split("companion object").next().unwrap();
        for line in interface.lines().filter(|line| line.contains("suspend fun")) {
            let takes_a_token = line.contains("`cancel`: CancelToken? = null");
            assert!(takes_a_token || line.contains("panicForTest"), "{object}: {line}");
        }
        for taken in TAKEN_IN_KOTLIN {
            assert!(!interface.contains(taken), "{object} has {taken}");
        }
    }
}

#[test]
fn swift_has_every_object_and_hides_nothing() {
    let swift = generated("swift");
    for object in OBJECTS {
        assert!(swift.contains(&format!("open class {object}: {object}Protocol")), "{object}");
    }
    for foreign in FOREIGN {
        assert!(swift.contains(&format!("public protocol {foreign}: AnyObject")), "{foreign}");
    }
    for taken in TAKEN_IN_SWIFT {
        for kind in ["class", "struct", "enum", "protocol"] {
            for end in [":", " ", "{", "("] {
                let declared = format!("public {kind} {taken}{end}");
                assert!(!swift.contains(&declared), "{declared}");
            }
        }
    }
}

#[test]
fn the_fingerprint_is_read_from_the_library_file() {
    let library = library().to_str().unwrap();
    let said = cargo(&["run", "--offline", "--quiet", "-p", "bindgen", "--", "fingerprint", library]);
    assert_eq!(said.trim(), countersign_ffi::fingerprint());
    let parts: Vec<_> = said.trim().split('/').map(str::to_owned).collect();
    assert_eq!(parts[..2], ["countersign-ffi", env!("CARGO_PKG_VERSION")]);
    assert!(parts[2].len() == 64 && parts[2].chars().all(|c| c.is_ascii_hexdigit()));
}

#[test]
fn no_unsafe_code_is_written_by_hand() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![sources];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            for line in fs::read_to_string(&path).unwrap().lines() {
                let code = line.split("//").next().unwrap_or_default();
                let allowed = code.starts_with("#![allow(unsafe_code");
                assert!(allowed || !code.contains("unsafe"), "{}: {line}", path.display());
            }
        }
    }
    assert!(files > 10);
}
