//! Single operations in one process, both backends of the primitives against the system's libcrypto, which only the
//! crate `bench` links.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Row;
use crate::error::{Error, Result};
use crate::run::call;
use crate::setup;

/// A header of libcrypto: where it is, the rest of the development files is.
const HEADER: &str = "/usr/include/openssl/evp.h";

/// Measures; about ten seconds. `quiet`: nothing is installed, nothing said on standard output.
pub(super) fn measure(root: &Path, quiet: bool) -> Result<Vec<Row>> {
    if !quiet && !Path::new(HEADER).is_file() {
        setup::packages(&["libssl-dev"], "install the development files of OpenSSL 3")?;
    }
    eprintln!("bench: building bench-operations (release)");
    let build =
        ["build", "--release", "--locked", "--quiet", "--package", "bench", "--features", "libcrypto"];
    call("cargo").args(build).within(root).without_package().shown()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let said = call(root.join(target).join("release/bench-operations")).ok()?;
    let rows: Vec<Value> = serde_json::from_slice(&said.stdout)
        .map_err(|error| Error::Check(format!("bench-operations said no JSON: {error}")))?;
    rows.iter()
        .map(|row| {
            let number = |name| row.get(name).and_then(Value::as_f64);
            let name = row.get("name").and_then(Value::as_str);
            let (Some(name), Some(ours), Some(peer)) = (name, number("ours"), number("peer")) else {
                return Err(Error::Check(format!("bench-operations said {row}")));
            };
            Ok(Row { name: name.to_owned(), ours, peer, unit: "µs", goal: number("goal") })
        })
        .collect()
}
