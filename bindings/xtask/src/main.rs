//! x
#![allow(clippy::print_stdout, reason = "x")]
fn main() {
    let w = xtask::world::World::start(
        xtask::world::Place::under(
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")),
            "x",
        )
        .unwrap_or_else(|e| {
            println!("{e}");
            std::process::exit(1)
        }),
    );
    match w {
        Ok(w) => {
            println!("{:?} {}", w.ports(), w.root().display());
            let mut s = String::new();
            let _ = std::io::stdin().read_line(&mut s);
        }
        Err(e) => println!("ERR {e}"),
    }
}
