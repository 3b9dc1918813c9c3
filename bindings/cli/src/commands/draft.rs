//! `mail draft`.

use client::{CoreError, NewMail, Thing, WrongUse};

use super::files::addresses;
use super::mail::{content, tell_sent};
use crate::args::{Cli, DraftArgs, DraftCommand};
use crate::failure::Failure;
use crate::output::{json, line, safe, table};
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: DraftCommand) -> Result<(), Failure> {
    match command {
        DraftCommand::Save(arguments) => save(cli, arguments),
        DraftCommand::List => list(cli),
        DraftCommand::Show { number } => show(cli, number),
        DraftCommand::Send { number, when_known } => send(cli, number, when_known),
        DraftCommand::Discard { number } => {
            let session = Session::open(cli, false)?;
            let discarded = session.account()?.composer().discard_draft(number);
            discarded.map_err(|error| no_draft(error.into()))
        }
    }
}

/// The core speaks of mail; here it is a draft.
fn no_draft(failure: Failure) -> Failure {
    match failure {
        Failure::Core(error) => {
            Failure::instead(error, Thing::Mail, "there is no such draft: see `countersign mail draft list`")
        }
        other => other,
    }
}

fn save(cli: &Cli, arguments: DraftArgs) -> Result<(), Failure> {
    let (to, content) = (addresses(&arguments.to)?, content(arguments.content)?);
    let session = Session::open(cli, false)?;
    let composer = session.account()?.composer();
    let answer = match &arguments.answer {
        Some(id) => session.run(composer.reply(id, false))?,
        None => NewMail::default(),
    };
    let mail = NewMail {
        to: if to.is_empty() { answer.to } else { to },
        subject: arguments.subject.unwrap_or(answer.subject),
        answers: answer.answers,
        ..content
    };
    let saved =
        session.run(composer.save_draft(arguments.number, mail)).map_err(|failure| {
            match arguments.number {
                Some(_) => no_draft(failure),
                None => failure,
            }
        })?;
    if session.json {
        return json(&serde_json::json!({ "draft": saved }));
    }
    say!("Draft {saved} is kept, encrypted; the next `sync` puts a copy on the server.");
    Ok(())
}

fn send(cli: &Cli, number: u64, when_known: bool) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    match session.run(account.composer().send_draft(number)) {
        Ok(sent) => tell_sent(&session, &account, sent),
        Err(Failure::Core(CoreError::WrongUse(WrongUse::NoCertificate(missing)))) if when_known => {
            account.composer().send_draft_when_known(number)?;
            if session.json {
                return json(&serde_json::json!({ "draft": number, "waits_for": missing }));
            }
            say!("Draft {number} is sent as soon as there is a certificate of {}.", missing.join(", "));
            Ok(())
        }
        Err(failure) => Err(no_draft(failure)),
    }
}

fn list(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let drafts = session.account()?.composer().drafts()?;
    if session.json {
        return json(&serde_json::json!({ "drafts": drafts }));
    }
    let rows: Vec<Vec<String>> = drafts
        .into_iter()
        .map(|draft| {
            let number = draft.number.to_string();
            let state = if draft.waits { "waits for a certificate" } else { "" }.to_owned();
            vec![number, draft.changed.to_string(), state, line(&draft.to.join(", ")), line(&draft.subject)]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn show(cli: &Cli, number: u64) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let mail = session.account()?.composer().draft(number).map_err(|error| no_draft(error.into()))?;
    let texts = |addresses: &[client::EmailAddress]| -> Vec<String> {
        addresses.iter().map(ToString::to_string).collect()
    };
    let (to, cc, bcc) = (texts(&mail.to), texts(&mail.cc), texts(&mail.bcc));
    if session.json {
        let files: Vec<_> = mail
            .files
            .iter()
            .map(|file| {
                serde_json::json!({ "name": file.name, "type": file.content_type, "bytes": file.bytes.len() })
            })
            .collect();
        return json(&serde_json::json!({
            "to": to, "cc": cc, "bcc": bcc, "subject": mail.subject, "text": mail.text, "attachments": files,
            "answers": mail.answers, "signed_only": mail.signed_only,
        }));
    }
    for (name, list) in [("To", &to), ("Cc", &cc), ("Bcc", &bcc)] {
        if !list.is_empty() {
            say!("{:<10} {}", format!("{name}:"), list.join(", "));
        }
    }
    say!("Subject:   {}", line(&mail.subject));
    if let Some(id) = &mail.answers {
        say!("Answers:   {id}");
    }
    say!("\n{}", safe(&mail.text));
    for file in &mail.files {
        say!("{} ({}, {} bytes)", line(&file.name), file.content_type, file.bytes.len());
    }
    Ok(())
}
