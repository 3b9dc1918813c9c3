//! `cargo xtask demo`: an approval by encrypted, signed, time-stamped mail between real servers, told step by
//! step, each step checked.

mod carol;
mod evidence;
mod offline;
mod page;
pub mod pdf;
mod phone;
pub mod search;
mod story;
mod teller;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::{At, Result};
use crate::run::call;
use crate::setup;
use crate::world::{Place, World};

pub use story::Story;
use teller::Teller;

/// How the demo is run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Options {
    /// Leave the servers up and print how to go on by hand.
    pub keep: bool,
    /// Spoil this step, to see that it fails and names itself.
    pub spoil: Option<usize>,
    /// Leave the pictures of the phones out.
    pub no_phone: bool,
}

/// Builds the terminal program, starts the servers, tells the story.
pub fn run(root: &Path, options: Options) -> Result<()> {
    setup::system()?;
    let program = build(root)?;
    let folder = root.join("target/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).at(&folder)?;
    }
    fs::create_dir_all(&folder).at(&folder)?;

    let wants_pictures = !options.no_phone && options.spoil.is_none();
    let pictures = if wants_pictures { phone::pictures(root) } else { Ok(Vec::new()) };
    // The story does not wait for a phone.
    let pictures = pictures.unwrap_or_else(|error| {
        println!("phone: no pictures: {error}");
        Vec::new()
    });
    let place = Place::under(&root.join("target"), "demo")?;
    let story = tell(&program, place, &folder, options.spoil, &pictures)?;
    if options.keep { story.keep() } else { Ok(()) }
}

/// Tells the story with `program` and servers in `place`; homes, evidence and page go to `folder`. Returns the story
/// with its servers as the last step left them. `phone`: pictures for the end of the page, with captions.
pub fn tell(
    program: &Path,
    place: Place,
    folder: &Path,
    spoil: Option<usize>,
    phone: &[(&'static str, PathBuf)],
) -> Result<Story> {
    let start = Instant::now();
    let world = World::start(place)?;
    println!("{}", world.describe());
    let mut story = Story::new(world, program, folder, spoil)?;
    let mut teller = Teller::default();
    let outcome = story.tell(&mut teller);
    if outcome.is_ok() {
        teller.phone(phone)?;
    }
    teller.end(outcome, start.elapsed().as_secs_f32(), &folder.join("index.html"))?;
    Ok(story)
}

/// The terminal program of this workspace, up to date.
fn build(root: &Path) -> Result<PathBuf> {
    println!("demo: building countersign (some minutes the first time)");
    call("cargo").words("build --locked --quiet -p countersign").within(root).shown()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug/countersign"))
}

/// Waits for the end of standard input; Ctrl-C ends this process, and the keeper of the world stops the servers.
fn wait_for_end() -> Result<()> {
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).map(drop).at(Path::new("standard input"))
}
