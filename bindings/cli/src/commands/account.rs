//! `account`.

use client::{AccountConfig, Authority, Language, Security, Server};

use super::files::{address, certificates};
use super::servers;
use crate::args::{AccountCommand, AddArgs, Cli, LanguageArg};
use crate::failure::Failure;
use crate::output::{json, line, table};
use crate::passphrase;
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(arguments) => add(cli, *arguments),
        AccountCommand::List => list(cli),
    }
}

fn add(cli: &Cli, arguments: AddArgs) -> Result<(), Failure> {
    // Everything that can be wrong on the command line is found before anything is made or asked.
    let address = address(&arguments.address)?;
    let mut config = AccountConfig {
        login: String::new(),
        address,
        name: arguments.name.clone(),
        imap: Server { host: String::new(), port: 0, security: Security::Tls },
        smtp: Server { host: String::new(), port: 0, security: Security::Tls },
        tls_anchors: certificates(&arguments.ca)?,
        organisation_anchors: certificates(&arguments.organisation_ca)?,
        authority: match arguments.timestamp_url.clone() {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Some(Authority { url, anchors: certificates(&arguments.timestamp_ca)? })
            }
            Some(url) => return Err(Failure::Argument(format!("{url:?} is not an http or https address"))),
            None => None,
        },
        language: match arguments.language {
            LanguageArg::En => Language::En,
            LanguageArg::Zh => Language::Zh,
        },
    };
    let servers = servers::of(cli, &arguments, &config)?;
    (config.imap, config.smtp, config.login) = (servers.imap, servers.smtp, servers.login);
    let password = match &arguments.password_file {
        Some(file) => passphrase::secret(file)?,
        None => passphrase::ask(&format!("Password of {}: ", config.address)).map_err(|_| {
            Failure::Argument(
                "the mail account's password is missing: give --password-file, or run this on a terminal to be asked"
                    .to_owned(),
            )
        })?,
    };
    let session = Session::open(cli, !arguments.replace)?;
    let work = if arguments.replace {
        session.core.change_account(config, password)
    } else {
        session.core.add_account(config, password)
    };
    let account = session.run(work)?;
    let summary = account.summary()?;
    let keys = account.keys()?;
    if session.json {
        return json(
            &serde_json::json!({"address": summary.address, "anchor": summary.anchor, "keys": keys}),
        );
    }
    if arguments.replace {
        say!("{} is changed; its keys are the same.", summary.address);
        return Ok(());
    }
    say!("{} is ready: its keys and certificates were made.", summary.address);
    say!("Next: `countersign contact meet` shows your code to a colleague; `countersign sync` fetches mail.");
    if summary.timestamps.is_none() {
        say!("No timestamp authority is set: approvals will say that their time is only claimed.");
    }
    Ok(())
}

fn list(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let mut summaries = Vec::new();
    for address in session.core.accounts()? {
        summaries.push(session.core.account(Some(&address))?.summary()?);
    }
    if session.json {
        return json(&serde_json::json!({ "accounts": summaries }));
    }
    let rows: Vec<Vec<String>> = summaries
        .into_iter()
        .map(|one| {
            vec![
                one.address.to_string(),
                line(&one.name),
                one.imap,
                one.smtp,
                one.timestamps.unwrap_or_default(),
            ]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}
