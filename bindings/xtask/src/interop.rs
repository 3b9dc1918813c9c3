//! `cargo xtask interop`: what we write is read by other programs, what they write is read by us.
//!
//! Every cell of the table is run: the writer makes a message, the reader opens it, the content is compared, and the reader
//! must refuse the message after a change. A gap is stated with its reason, and tried all the same: a reason that no longer
//! holds fails, so that the table can't grow stale.

pub mod cases;
mod desk;
mod gpgsm;
mod openssl;
mod ours;
mod setup;
mod table;
mod talker;

use std::path::Path;

use self::cases::{CASES, Case, Encryption, Signature};
pub use self::desk::Desk;
pub use self::setup::{peers, prepare, program};
pub use self::table::{Outcome, Row, Table};
use crate::error::{Error, Result};

/// A program that writes and reads CMS messages. Files are those of the [`Desk`].
pub trait Peer {
    /// Name and version.
    fn name(&self) -> String;
    /// Signs the content into `signed`.
    fn sign(&mut self, desk: &Desk, case: &Signature) -> Result<()>;
    /// Verifies `signed` and writes what it signs to `opened`.
    fn verify(&mut self, desk: &Desk, case: &Signature) -> Result<()>;
    /// Encrypts the content into `encrypted`.
    fn encrypt(&mut self, desk: &Desk, case: &Encryption) -> Result<()>;
    /// Decrypts `encrypted` with the key of `reader` into `opened`.
    fn decrypt(&mut self, desk: &Desk, case: &Encryption, reader: &str) -> Result<()>;
    /// Makes a key and a certificate of an algorithm that OpenSSL lacks; false when it can't either.
    fn certify(&mut self, _desk: &Desk, _name: &str, _algorithm: &str) -> Result<bool> {
        Ok(false)
    }
    /// The gaps were stated for this version; another one may do more.
    fn is_known(&self) -> bool {
        true
    }
    /// Why it can't write this, if so.
    fn cannot_write(&self, case: &Case) -> Option<&'static str>;
    /// Why it can't read this, if so.
    fn cannot_read(&self, case: &Case) -> Option<&'static str>;
}

/// Runs the table and prints it; fails when a cell does.
pub fn run(root: &Path) -> Result<()> {
    prepare(root);
    let program = program(root)?;
    let peers = peers(root)?;
    let table = fill(&program, peers)?;
    print!("{table}");
    let failed = table.failures().count();
    if failed == 0 { Ok(()) } else { Err(Error::Check(format!("{failed} cells of the table failed"))) }
}

/// Runs every case with every peer in both directions; `program` is the terminal program.
pub fn fill(program: &Path, mut peers: Vec<Box<dyn Peer>>) -> Result<Table> {
    let desk = Desk::new()?;
    desk.identities(&mut peers)?;
    let mut ours = ours::Ours::new(program);
    let mut table = Table::default();
    for peer in &mut peers {
        for case in CASES {
            let to_peer = cell(&desk, case, &mut ours, peer.as_mut());
            let from_peer = cell(&desk, case, peer.as_mut(), &mut ours);
            table.rows.push(Row { peer: peer.name(), case: case.name(), to_peer, from_peer });
        }
    }
    Ok(table)
}

fn cell(desk: &Desk, case: &Case, writer: &mut dyn Peer, reader: &mut dyn Peer) -> Outcome {
    if let Some(absent) = case.identities().find(|name| !desk.has(name)) {
        return Outcome::Skipped(format!("nobody here makes a key for {absent}"));
    }
    let result = attempt(desk, case, writer, reader);
    match (result, writer.cannot_write(case).or_else(|| reader.cannot_read(case))) {
        (Ok(()), None) => Outcome::Pass,
        (Err(_), Some(reason)) => Outcome::Lacks(reason),
        (Err(error), None) => Outcome::Fail(error.to_string()),
        (Ok(()), Some(_)) if !(writer.is_known() && reader.is_known()) => Outcome::Pass,
        (Ok(()), Some(reason)) => Outcome::Fail(format!("works, although it is said: {reason}")),
    }
}

fn attempt(desk: &Desk, case: &Case, writer: &mut dyn Peer, reader: &mut dyn Peer) -> Result<()> {
    desk.clear()?;
    match case {
        Case::Signature(case) => {
            writer.sign(desk, case)?;
            reader.verify(desk, case)?;
            desk.compare(case.content())?;
            if desk.alter_signed(case)? {
                refused(reader.verify(desk, case))?;
            }
        }
        Case::Encryption(case) => {
            writer.encrypt(desk, case)?;
            for (identity, _) in case.recipients {
                reader.decrypt(desk, case, identity)?;
                desk.compare(case.content())?;
            }
            if desk.alter_encrypted(case)? {
                for (identity, _) in case.recipients {
                    refused(reader.decrypt(desk, case, identity))?;
                }
            }
        }
    }
    Ok(())
}

fn refused(result: Result<()>) -> Result<()> {
    match result {
        Err(_) => Ok(()),
        Ok(()) => Err(Error::Check("a changed message was accepted".to_owned())),
    }
}
