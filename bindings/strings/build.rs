//! Reads `strings.tsv` and makes the table of the library; a mistake in it fails the build.

#[path = "src/table.rs"]
mod table;

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=strings.tsv");
    println!("cargo::rerun-if-changed=src/table.rs");
    match table::read(&fs::read_to_string("strings.tsv")?) {
        Ok(entries) => {
            let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
            fs::write(out.join("table.rs"), table::rust(&entries))
        }
        Err(mistakes) => {
            for mistake in mistakes {
                println!("cargo::error=strings.tsv: {mistake}");
            }
            Ok(())
        }
    }
}
