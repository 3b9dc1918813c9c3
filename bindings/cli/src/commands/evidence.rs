//! `evidence`.

use std::path::{Component, Path};

use super::files::write;
use crate::args::{Cli, EvidenceCommand};
use crate::failure::Failure;
use crate::output::json;
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: EvidenceCommand) -> Result<(), Failure> {
    let EvidenceCommand::Export { id, out } = command;
    let session = Session::open(cli, false)?;
    let files = session.account()?.approvals().evidence(&id)?;
    // A folder with other things in it would mix two packs.
    let is_empty =
        |path: &Path| std::fs::read_dir(path).map(|mut entries| entries.next().is_none()).unwrap_or(true);
    if !is_empty(&out) {
        return Err(Failure::Argument(format!("{}: the folder is not empty", out.display())));
    }
    for (name, octets) in &files {
        let relative = Path::new(name);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            continue;
        }
        let path = out.join(relative);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        }
        write(&path, octets)?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    if session.json {
        return json(&serde_json::json!({ "out": out, "files": names }));
    }
    say!("{} files in {}; README.txt there says how to check them.", names.len(), out.display());
    Ok(())
}
