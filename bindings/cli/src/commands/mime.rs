//! `mime`.

use client::MimeTree;

use super::files::read_or_stdin;
use super::words::codes;
use crate::args::{Cli, MimeArgs};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, arguments: &MimeArgs) -> Result<(), Failure> {
    let mail = read_or_stdin(&arguments.mail)?;
    let tree = client::mime_tree(mail)
        .map_err(|error| Failure::Mail { name: arguments.mail.display().to_string(), error: error.into() })?;
    if cli.json {
        return json(&tree);
    }
    for row in rows(&tree, "", "") {
        say!("{row}");
    }
    Ok(())
}

/// A part on one line, what is wrong with it on a second, the parts in it below. `first` stands before the line, `rest`
/// before what belongs to it.
fn rows(part: &MimeTree, first: &str, rest: &str) -> Vec<String> {
    let mut rows = vec![format!("{first}{}", words(part).join("  "))];
    if !part.defects.is_empty() {
        let bar = if part.parts.is_empty() { ' ' } else { '│' };
        rows.push(format!("{rest}{bar}  defects: {}", codes(&part.defects)));
    }
    for (index, child) in part.parts.iter().enumerate() {
        let (branch, below) =
            if index + 1 == part.parts.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        rows.extend(self::rows(child, &format!("{rest}{branch}"), &format!("{rest}{below}")));
    }
    rows
}

fn words(part: &MimeTree) -> Vec<String> {
    let mut words = vec![line(&part.content_type)];
    words.extend(part.charset.as_deref().map(line));
    words.extend(part.name.as_deref().map(|name| format!("{:?}", line(name))));
    if let Some(sha256) = &part.sha256 {
        let unit = if part.size == 1 { "byte" } else { "bytes" };
        words.push(format!("{} {unit}", part.size));
        words.push(format!("sha256:{sha256}"));
    }
    words
}
