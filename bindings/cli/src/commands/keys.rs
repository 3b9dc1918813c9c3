//! `keys`.

use super::files::write;
use crate::args::{Cli, KeysCommand};
use crate::failure::Failure;
use crate::output::{json, table};
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: KeysCommand) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let keys = session.account()?.keys()?;
    match command {
        KeysCommand::List if session.json => json(&serde_json::json!({ "keys": keys })),
        KeysCommand::List => {
            let rows: Vec<Vec<String>> = keys
                .into_iter()
                .map(|key| vec![key.role.code().to_owned(), format!("until {}", key.not_after), key.sha256])
                .collect();
            say_part!("{}", table(&rows));
            Ok(())
        }
        KeysCommand::Export { root } => {
            let certificate =
                keys.into_iter().find(|key| key.role == client::OwnKeyRole::Root).map(|key| key.certificate);
            write(&root, certificate.unwrap_or_default().as_bytes())?;
            if session.json { json(&serde_json::json!({ "root": root })) } else { Ok(()) }
        }
    }
}
