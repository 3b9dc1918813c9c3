//! Step 6: what a third party can check with OpenSSL alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::text;
use crate::error::{At, Error, Result, check};
use crate::run::{Said, call};

use super::story::{SECRETS, Story, decision};
use super::teller::Teller;

impl Story {
    pub(super) fn evidence(&self, teller: &mut Teller) -> Result<()> {
        teller.step(
            6,
            "Approved, and provable to anybody",
            "The evidence is a folder of signed messages, signatures, time tokens, anchors and instructions. The \
             instructions are followed to the letter; then one byte is changed.",
        );
        self.sync(&self.alice)?;
        self.sync(&self.bob)?;
        for (name, terminal) in [("Alice", &self.alice), ("Bob", &self.bob)] {
            let shown = self.approval(terminal)?;
            let (_, of_bob, _) = decision(&shown, "bob")?;
            let (_, of_carol, _) = decision(&shown, "carol")?;
            teller.check(
                text(&shown, "state") == "approved" && !of_bob.is_empty() && !of_carol.is_empty(),
                &format!("{name} sees \"approved\": Bob at {of_bob}, Carol at {of_carol}"),
                || shown.to_string(),
            )?;
        }
        let shown = self.alice.ok(["approval", "show", &self.id])?.out();
        teller.show("countersign approval show", &shown, 14);
        let folder = self.file("evidence");
        self.alice.ok(["evidence", "export", &self.id, "--out", &folder.to_string_lossy()])?;
        let readme = folder.join("README.txt");
        let instructions = fs::read_to_string(&readme).at(&readme)?;
        teller.show("README.txt of the evidence", &instructions, 0);
        if self.spoils(6) {
            flip_signature_byte(&folder, &event(&folder, "approve")?)?;
        }
        accepted(teller, &folder, &instructions)?;
        self.changed_signature(teller, &folder, &instructions)?;
        self.changed_content(teller, &folder, &instructions)?;
        self.nothing_in_the_clear(teller, &SECRETS)
    }

    fn changed_signature(&self, teller: &mut Teller, evidence: &Path, instructions: &str) -> Result<()> {
        let folder = copy(evidence, &self.file("evidence-signature-changed"))?;
        let event = event(&folder, "approve")?;
        flip_signature_byte(&folder, &event)?;
        for (tool, what) in [("openssl cms", "the message"), ("openssl ts", "the timestamp")] {
            let said = first(&folder, instructions, tool, &event)?;
            teller.check(
                said.code != Some(0),
                &format!("one byte of the signature in {event} is changed: {tool} -verify refuses {what}"),
                || said.err(),
            )?;
            teller.show(
                &format!("{tool} after the change"),
                &format!("$ {}\n{}", said.command, said.err()),
                0,
            );
        }
        Ok(())
    }

    fn changed_content(&self, teller: &mut Teller, evidence: &Path, instructions: &str) -> Result<()> {
        let folder = copy(evidence, &self.file("evidence-content-changed"))?;
        let event = event(&folder, "request")?;
        let file = folder.join(format!("{event}.p7m"));
        let mut bytes = fs::read(&file).at(&file)?;
        let place = bytes.windows(12).position(|window| window.eq_ignore_ascii_case(b"content-type"));
        flip(&mut bytes, place.ok_or_else(|| Error::Check(format!("{event}.p7m holds no MIME entity")))?)?;
        fs::write(&file, bytes).at(&file)?;
        let said = first(&folder, instructions, "openssl cms", &event)?;
        teller.check(
            said.code != Some(0),
            &format!("one byte of the content in {event} is changed: openssl cms -verify refuses it"),
            || said.err(),
        )
    }
}

/// Every command of the instructions succeeds, and every event and token is covered by one.
fn accepted(teller: &mut Teller, folder: &Path, instructions: &str) -> Result<()> {
    let commands = commands(instructions);
    let mut log = String::new();
    for command in &commands {
        let said = shell(folder, command)?;
        check(said.code == Some(0), || {
            format!("`{command}` of README.txt says {:?}: {}", said.code, said.err())
        })?;
        log.push_str(&format!("$ {command}\n{}", said.err()));
    }
    teller.show("The commands of README.txt and what openssl says", &log, 0);
    for (extension, tool) in [("p7m", "openssl cms -verify"), ("tst", "openssl ts -verify")] {
        let files = files(folder, extension)?;
        let covered = |file: &String| {
            commands.iter().any(|line| line.starts_with(tool) && line.contains(file.as_str()))
        };
        teller.check(
            files.len() >= 3 && files.iter().all(covered),
            &format!("{tool} accepts all {} of *.{extension}, by the commands of README.txt", files.len()),
            || format!("{files:?}\n{instructions}"),
        )?;
    }
    Ok(())
}

/// The lines of the instructions that are commands; a backslash at the end goes on in the next line.
fn commands(instructions: &str) -> Vec<String> {
    let joined = instructions.replace("\\\n", " ");
    let command = |line: &str| {
        let line = line.trim().trim_start_matches("$ ").trim();
        line.starts_with("openssl ").then(|| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    joined.lines().filter_map(command).collect()
}

/// Runs the first command that uses `tool` on the files of `event`.
fn first(folder: &Path, instructions: &str, tool: &str, event: &str) -> Result<Said> {
    let commands = commands(instructions);
    let command = commands.iter().find(|line| line.starts_with(tool) && line.contains(&format!("{event}.")));
    let command =
        command.ok_or_else(|| Error::Check(format!("README.txt has no {tool} command for {event}")))?;
    shell(folder, command)
}

fn shell(folder: &Path, command: &str) -> Result<Said> {
    let mut said = call("/bin/sh").arg("-c").arg(command).within(folder).run()?;
    command.clone_into(&mut said.command);
    Ok(said)
}

/// Names of the files in `folder` with this extension, sorted.
fn files(folder: &Path, extension: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let name = entry.at(folder)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(&format!(".{extension}")) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The first event of a kind that has message, signature and token: `02-approve`.
fn event(folder: &Path, kind: &str) -> Result<String> {
    let has = |stem: &str, extension: &str| folder.join(format!("{stem}.{extension}")).is_file();
    files(folder, "p7m")?
        .iter()
        .filter_map(|name| name.strip_suffix(".p7m"))
        .find(|stem| stem.contains(kind) && has(stem, "sig") && has(stem, "tst"))
        .map(ToOwned::to_owned)
        .ok_or_else(|| Error::Check(format!("no {kind} with .p7m, .sig and .tst in {}", folder.display())))
}

/// Changes one byte of the signature, in the message and in the file beside it.
fn flip_signature_byte(folder: &Path, event: &str) -> Result<()> {
    let (message, signature) = (folder.join(format!("{event}.p7m")), folder.join(format!("{event}.sig")));
    let (mut whole, mut part) = (fs::read(&message).at(&message)?, fs::read(&signature).at(&signature)?);
    let place = whole.windows(part.len().max(1)).position(|window| window == part.as_slice());
    let place =
        place.ok_or_else(|| Error::Check(format!("{event}.p7m does not hold the octets of {event}.sig")))?;
    let last = part.len().saturating_sub(1);
    flip(&mut whole, place + last)?;
    flip(&mut part, last)?;
    fs::write(&message, whole).at(&message)?;
    fs::write(&signature, part).at(&signature)
}

fn flip(bytes: &mut [u8], place: usize) -> Result<()> {
    let byte = bytes.get_mut(place).ok_or_else(|| Error::Check("no such byte".to_owned()))?;
    *byte ^= 1;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<PathBuf> {
    call("cp").arg("-R").arg(from).arg(to).ok()?;
    Ok(to.to_owned())
}
