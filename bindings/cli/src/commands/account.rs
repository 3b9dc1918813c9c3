//! `account`.

use std::io::IsTerminal;

use client::{
    AccountConfig, Authority, Credential, EmailAddress, Endpoints, Language, OAuthFailure, Provider,
    Registration, Removal, Security, Server, Thing, Unsent, log_in_and_wait, provider,
};

use super::files::{address, certificates};
use super::servers;
use crate::args::{AccountCommand, AddArgs, Cli, LanguageArg, RemoveArgs};
use crate::failure::Failure;
use crate::output::{json, line, table};
use crate::passphrase;
use crate::session::Session;
use crate::streams::write_error;

pub(crate) fn run(cli: &Cli, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(arguments) => add(cli, *arguments),
        AccountCommand::List => list(cli),
        AccountCommand::Remove(arguments) => remove(cli, &arguments),
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
    let credential = credential(cli, &arguments, &config)?;
    let session = Session::open(cli, !arguments.replace)?;
    let work = if arguments.replace {
        session.core.change_account_with(config, credential)
    } else {
        session.core.add_account_with(config, credential)
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

/// A password, or a login by the browser.
fn credential(cli: &Cli, arguments: &AddArgs, config: &AccountConfig) -> Result<Credential, Failure> {
    let Some(id) = arguments.oauth_client.clone() else {
        let password = match &arguments.password_file {
            Some(file) => passphrase::secret(file)?,
            None => passphrase::ask(&format!("Password of {}: ", config.address)).map_err(|_| {
                Failure::Argument(
                    "the mail account's password is missing: give --password-file, or run this on a terminal to be asked"
                        .to_owned(),
                )
            })?,
        };
        return Ok(Credential::Password(password));
    };
    let endpoints = endpoints(arguments, config)?;
    let secret = arguments.oauth_secret_file.as_deref().map(passphrase::secret).transpose()?;
    let registration = Registration { id, secret: secret.map(|secret| secret.to_string()) };
    if cli.offline {
        return Err(Failure::Offline);
    }
    // Standard output belongs to the record.
    let show = |url: &str| {
        write_error(&format!(
            "Open this in your browser, and agree:\n\n  {url}\n\nWaiting (Ctrl-C gives up) …"
        ));
    };
    let login = log_in_and_wait(endpoints, registration, &config.login, &config.tls_anchors, show);
    match login {
        Ok(login) => Ok(Credential::OAuth(Box::new(login))),
        Err(OAuthFailure::Network(error)) => Err(error.into()),
        Err(OAuthFailure::Provider(error)) => Err(Failure::Login(error)),
    }
}

/// As named, or those of the company whose servers these are.
fn endpoints(arguments: &AddArgs, config: &AccountConfig) -> Result<Endpoints, Failure> {
    let endpoints = match (&arguments.oauth_authorize, &arguments.oauth_token, &arguments.oauth_scope) {
        (Some(authorize), Some(token), Some(scope)) => {
            Endpoints { authorize: authorize.clone(), token: token.clone(), scope: scope.clone() }
        }
        _ => match config.imap.host.to_lowercase().as_str() {
            "imap.gmail.com" => provider(Provider::Google),
            "outlook.office365.com" => provider(Provider::Microsoft),
            host => {
                return Err(Failure::Argument(format!(
                    "it is not known where {host} logs people in: give --oauth-authorize, --oauth-token and --oauth-scope"
                )));
            }
        },
    };
    endpoints.check().map_err(|error| Failure::Argument(error.to_string()))?;
    Ok(endpoints)
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

fn remove(cli: &Cli, arguments: &RemoveArgs) -> Result<(), Failure> {
    let address = address(&arguments.address)?;
    let may_ask = std::io::stdin().is_terminal() && !cli.json;
    if !arguments.yes && !may_ask {
        return Err(Failure::Argument(format!(
            "removing {address} can't be undone: give --yes, or run this on a terminal to be asked"
        )));
    }
    let session = Session::open(cli, false)?;
    let missing = "there is no such account: see `countersign account list`";
    // Nobody is asked in vain.
    let unsent = session.core.unsent(address.as_str());
    let unsent = unsent.map_err(|error| Failure::instead(error, Thing::Account, missing))?;
    if !unsent.is_nothing() && !arguments.discard_unsent {
        return Err(would_be_lost(&address, unsent));
    }
    if !arguments.yes && !is_confirmed(&address, unsent)? {
        return Err(Failure::Argument(format!("this was not the address: {address} stays as it is")));
    }
    match session.run(session.core.remove_account(address.as_str(), arguments.discard_unsent))? {
        Removal::Removed => {}
        Removal::Unsent(unsent) => return Err(would_be_lost(&address, unsent)),
    }
    if session.json {
        return json(&serde_json::json!({ "removed": address }));
    }
    say!("{address} is removed from this home; nothing on its server was touched.");
    Ok(())
}

fn would_be_lost(address: &EmailAddress, unsent: Unsent) -> Failure {
    Failure::Argument(format!(
        "{} of {address} would be lost: send or discard what `countersign mail outbox` and `countersign mail draft list` show, or \
         give --discard-unsent",
        counted(unsent)
    ))
}

fn counted(unsent: Unsent) -> String {
    let count = |count: u64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {one}s")),
    };
    let mails = count(unsent.mails, "mail").map(|mails| format!("{mails} in the outbox"));
    mails.into_iter().chain(count(unsent.drafts, "draft")).collect::<Vec<_>>().join(" and ")
}

/// Asks for the address: what is typed without a thought, `y`, removes nothing.
fn is_confirmed(address: &EmailAddress, unsent: Unsent) -> Result<bool, Failure> {
    say!("This removes {address} from this home, with its mail, people, approvals and keys:");
    say!("what lies encrypted on the server can't be read any more, and people have to meet you again.");
    if !unsent.is_nothing() {
        say!("{} will be lost.", counted(unsent));
    }
    let answer = servers::answer_to("Type the address to go on: ")?;
    Ok(answer.trim().parse::<EmailAddress>().is_ok_and(|answer| answer == *address))
}
