//! `mail`.

use std::time::Duration;

use client::{
    Account, CoreError, EncryptionState, Folder, MailAction, MailSummary, MailView, NewMail, SignatureState,
    Thing, TimestampState, Trust, WrongUse,
};

use super::files::{addresses, attachments, text, write};
use super::words::{codes, warning};
use crate::args::{Cli, ContentArgs, FolderArg, MailCommand, MarkArg, PlaceArg, ReplyArgs, SendArgs};
use crate::failure::Failure;
use crate::output::{json, line, safe, table};
use crate::session::Session;

/// Characters of the line between two mails.
const RULE: usize = 72;

pub(crate) fn run(cli: &Cli, command: MailCommand) -> Result<(), Failure> {
    match command {
        MailCommand::List { conversations: true, .. } => conversations(cli),
        MailCommand::List { folder, .. } => list(cli, folder),
        MailCommand::Folders => folders(cli),
        MailCommand::Conversation { id } => conversation(cli, &id),
        MailCommand::Search { query, limit } => search(cli, &query, limit),
        MailCommand::Read { id } => {
            let session = Session::open(cli, false)?;
            let view = session.run(session.account()?.mailboxes().read(&id))?;
            if session.json { json(&view) } else { print_mail(&view) }
        }
        MailCommand::Mark { mark, ids } => act(
            cli,
            &ids,
            match mark {
                MarkArg::Read => MailAction::MarkRead,
                MarkArg::Unread => MailAction::MarkUnread,
                MarkArg::Starred => MailAction::Star,
                MarkArg::Unstarred => MailAction::Unstar,
            },
        ),
        MailCommand::Move { to, ids } => act(
            cli,
            &ids,
            match to {
                PlaceArg::Inbox => MailAction::ToInbox,
                PlaceArg::Archive => MailAction::Archive,
                PlaceArg::Junk => MailAction::Junk,
            },
        ),
        MailCommand::Delete { ids } => act(cli, &ids, MailAction::Delete),
        MailCommand::Send(arguments) => send(cli, arguments),
        MailCommand::Reply(arguments) => reply(cli, arguments),
        MailCommand::Draft(command) => super::draft::run(cli, command),
        MailCommand::Attachment { id, part, out } => {
            let session = Session::open(cli, false)?;
            let octets = session.run(session.account()?.mailboxes().attachment(&id, &part))?;
            write(&out, &octets)
        }
        MailCommand::Export { id, out } => {
            let session = Session::open(cli, false)?;
            write(&out, &session.account()?.mailboxes().export(&id)?)
        }
        MailCommand::Outbox => outbox(cli),
        MailCommand::Undo { number } => undo(cli, number),
        MailCommand::Discard { number } => {
            let session = Session::open(cli, false)?;
            session.run(session.account()?.composer().discard(number)).map_err(not_waiting)
        }
        MailCommand::Retry { number } => {
            let session = Session::open(cli, false)?;
            let account = session.account()?;
            account.composer().retry(number).map_err(|error| not_waiting(error.into()))?;
            session.send_now(&account, number)
        }
    }
}

/// The core speaks of mail; here it is the outbox.
fn not_waiting(failure: Failure) -> Failure {
    let missing = "there is no such mail in the outbox: see `countersign mail outbox`";
    match failure {
        Failure::Core(error) => Failure::instead(error, Thing::Mail, missing),
        other => other,
    }
}

fn list(cli: &Cli, folder: Option<FolderArg>) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let folder = folder.map(|folder| match folder {
        FolderArg::Inbox => Folder::Inbox,
        FolderArg::Sent => Folder::Sent,
        FolderArg::Archive => Folder::Archive,
        FolderArg::Junk => Folder::Junk,
        FolderArg::Trash => Folder::Trash,
    });
    let mails = session.account()?.mailboxes().list(folder)?;
    if session.json {
        return json(&serde_json::json!({ "mails": mails }));
    }
    let rows: Vec<Vec<String>> = mails.iter().map(row).collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn folders(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let folders = session.account()?.mailboxes().folders()?;
    if session.json {
        return json(&serde_json::json!({ "folders": folders }));
    }
    let rows: Vec<Vec<String>> = folders
        .iter()
        .map(|one| {
            let unread = if one.unread > 0 { format!("{} unread", one.unread) } else { String::new() };
            vec![one.folder.name().to_owned(), one.mails.to_string(), unread]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn act(cli: &Cli, ids: &[String], action: MailAction) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    Ok(session.account()?.mailboxes().act(ids, action)?)
}

fn search(cli: &Cli, query: &str, limit: u16) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let found = session.run(session.account()?.mailboxes().search(query, usize::from(limit), None))?;
    if session.json {
        return json(&found);
    }
    let rows: Vec<Vec<String>> = found.mails.iter().map(row).collect();
    say_part!("{}", table(&rows));
    if found.next.is_some() {
        say!("These are the newest {} of {}.", found.mails.len(), found.total);
    }
    if found.is_cut {
        say!("The search was too long: its end was not looked at.");
    }
    Ok(())
}

pub(super) fn row(mail: &MailSummary) -> Vec<String> {
    let state = match (mail.problem, mail.encryption, mail.signature) {
        (Some(problem), ..) => problem.code().replace('_', " "),
        (None, EncryptionState::NoKey, _) => "for another key".to_owned(),
        (None, EncryptionState::Failed, _) => "can't be decrypted".to_owned(),
        (None, encryption, signature) => {
            let lock = if encryption == EncryptionState::Decrypted { "encrypted, " } else { "" };
            format!("{lock}{}", signature_words(signature))
        }
    };
    let state = match mail.undelivered.iter().any(|report| !report.delayed) {
        true => format!("{state}, NOT DELIVERED"),
        false if !mail.undelivered.is_empty() => format!("{state}, delayed"),
        false => state,
    };
    let date = mail.date.map(|date| date.to_string()).unwrap_or_default();
    vec![mail.id.clone(), date, line(&mail.from), state, line(&mail.subject)]
}

fn signature_words(state: SignatureState) -> &'static str {
    match state {
        SignatureState::None => "not signed",
        SignatureState::Valid => "signed",
        SignatureState::Invalid => "signature WRONG",
        SignatureState::Untrusted => "signed by an unknown key",
        SignatureState::Unverifiable => "signature can't be checked",
    }
}

fn print_mail(view: &MailView) -> Result<(), Failure> {
    let verdict = &view.verdict;
    let headers = &verdict.headers;
    say!("From:      {}", line(&headers.from.join(", ")));
    say!("To:        {}", line(&headers.to.join(", ")));
    if !headers.cc.is_empty() {
        say!("Cc:        {}", line(&headers.cc.join(", ")));
    }
    if let Some(date) = headers.date {
        say!("Date:      {date}");
    }
    say!("Subject:   {}", line(headers.subject.as_deref().unwrap_or_default()));
    say!("Signature: {}", signature_line(view));
    say!("Encrypted: {}", encryption_line(view));
    if let (TimestampState::Valid, Some(time)) = (verdict.timestamp.state, verdict.timestamp.time) {
        say!("Timestamp: {time} by {}", line(verdict.timestamp.authority.as_deref().unwrap_or_default()));
    }
    for report in &view.undelivered {
        let what = if report.delayed { "not delivered yet" } else { "NOT delivered" };
        let status = report.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
        say!("Delivery:  {what} to {}{status}, says a mail server", line(&report.address));
    }
    for one in &verdict.warnings {
        say!("Warning:   {}", warning(*one));
    }
    say!();
    say!(
        "{}",
        safe(view.text.as_deref().unwrap_or("(this mail can't be opened with the keys that are here)"))
    );
    for attachment in &view.attachments {
        let name = attachment.name.as_deref().map(line).unwrap_or_default();
        say!("[{}] {name} ({}, {} bytes)", attachment.part, attachment.content_type, attachment.bytes);
    }
    Ok(())
}

fn signature_line(view: &MailView) -> String {
    let signature = &view.verdict.signature;
    let trust = match signature.signers.first().map(|signer| signer.trust) {
        Some(Trust::Met) => ", met in person",
        Some(Trust::Organisation) => ", certified by the organisation",
        Some(Trust::PublicCa) => ", certified by a public CA",
        Some(Trust::Pinned) => ", first seen, not confirmed",
        Some(Trust::None) | None => "",
    };
    let reasons = codes(&signature.reasons).replace('_', " ");
    let why = if reasons.is_empty() { String::new() } else { format!(" ({reasons})") };
    let state =
        if signature.state == SignatureState::Valid { "valid" } else { signature_words(signature.state) };
    format!("{state}{trust}{why}")
}

fn encryption_line(view: &MailView) -> String {
    let encryption = &view.verdict.encryption;
    match encryption.state {
        EncryptionState::None => "no".to_owned(),
        EncryptionState::NoKey => "for another key".to_owned(),
        EncryptionState::Failed => "can't be decrypted".to_owned(),
        EncryptionState::Decrypted => {
            let cipher = encryption.content.as_deref().unwrap_or_default();
            let integrity = if encryption.integrity { "" } else { ", NOT protected against changes" };
            let weak = if encryption.weak { ", weak" } else { "" };
            format!("{cipher}{weak}{integrity}")
        }
    }
}

fn conversations(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let list = session.account()?.mailboxes().conversations()?;
    if session.json {
        return json(&serde_json::json!({ "conversations": list }));
    }
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|one| {
            let count = match (one.mails, one.unread) {
                (1, 0) => "1 mail".to_owned(),
                (1, _) => "1 mail, unread".to_owned(),
                (mails, 0) => format!("{mails} mails"),
                (mails, unread) => format!("{mails} mails, {unread} unread"),
            };
            vec![
                one.id.clone(),
                one.date.to_string(),
                line(&one.people.join(", ")),
                count,
                line(&one.subject),
            ]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn conversation(cli: &Cli, id: &str) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let view = session.run(session.account()?.mailboxes().conversation(id))?;
    if session.json {
        return json(&view);
    }
    if view.older > 0 {
        say!("({} mails are left out: those not vouched for first, then the oldest)\n", view.older);
    }
    for (number, one) in view.mails.iter().enumerate() {
        if number > 0 {
            say!("\n{}", "-".repeat(RULE));
        }
        if !one.vouched {
            say!("Not vouched for: anybody may have put it into this conversation.");
        }
        say!("Id:        {}", one.mail.id);
        print_mail(&one.mail)?;
    }
    Ok(())
}

/// What the arguments say of a mail: everything but whom it is to and what it is about.
pub(super) fn content(arguments: ContentArgs) -> Result<NewMail, Failure> {
    Ok(NewMail {
        cc: addresses(&arguments.cc)?,
        bcc: addresses(&arguments.bcc)?,
        text: text(arguments.text)?,
        files: attachments(&arguments.attach)?,
        signed_only: arguments.signed_only,
        ..NewMail::default()
    })
}

fn send(cli: &Cli, arguments: SendArgs) -> Result<(), Failure> {
    let to = addresses(&arguments.to)?;
    let mail = NewMail { to, subject: arguments.subject, ..content(arguments.content)? };
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    dispatch(&session, &account, mail, arguments.hold.hold)
}

fn reply(cli: &Cli, arguments: ReplyArgs) -> Result<(), Failure> {
    let (to, content) = (addresses(&arguments.to)?, content(arguments.content)?);
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    let answer = session.run(account.composer().reply(&arguments.id, arguments.all))?;
    let mail = NewMail {
        to: if to.is_empty() { answer.to } else { to },
        cc: [answer.cc, content.cc].concat(),
        subject: arguments.subject.unwrap_or(answer.subject),
        answers: answer.answers,
        ..content
    };
    dispatch(&session, &account, mail, arguments.hold.hold)
}

/// Into the outbox and, when there is a network and the mail is not to be held back, to the server.
fn dispatch(session: &Session, account: &Account, mail: NewMail, hold: Option<u16>) -> Result<(), Failure> {
    let composer = account.composer();
    let Some(hold) = hold else {
        let number = session.run(composer.send(mail))?;
        return tell_sent(session, account, number);
    };
    let number = session.run(composer.send_after(mail, Duration::from_secs(hold.into())))?;
    if session.json {
        let entries = composer.outbox()?;
        let held_until =
            entries.iter().find(|entry| entry.number == number).and_then(|entry| entry.held_until);
        return json(&serde_json::json!({ "outbox": number, "sent": false, "held_until": held_until }));
    }
    say!(
        "Held back for {hold} seconds; `countersign mail undo {number}` takes it back, also later while it waits."
    );
    say!("`countersign watch` sends it then, or the next `countersign sync`.");
    Ok(())
}

fn undo(cli: &Cli, number: u64) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let taken = session.run(session.account()?.composer().take_back(number));
    let draft = taken.map_err(|failure| match failure {
        Failure::Core(CoreError::WrongUse(WrongUse::NothingToRetry)) => Failure::Argument(format!(
            "mail {number} can't be taken back: it is being sent, somebody may have it already, or no person wrote it"
        )),
        other => not_waiting(other),
    })?;
    if session.json {
        return json(&serde_json::json!({ "draft": draft }));
    }
    say!("Mail {number} is draft {draft} now; see `countersign mail draft show {draft}`.");
    Ok(())
}

/// Sends what is due; says what became of mail `number`.
pub(super) fn tell_sent(session: &Session, account: &Account, number: u64) -> Result<(), Failure> {
    let sent = session.send_now(account, number);
    if session.json {
        json(&serde_json::json!({ "outbox": number, "sent": sent.is_ok() && !session.offline }))?;
    } else if sent.is_ok() {
        say!("{}", if session.offline { "Waits in the outbox." } else { "Sent." });
    }
    sent
}

fn outbox(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let entries = session.account()?.composer().outbox()?;
    if session.json {
        return json(&serde_json::json!({ "outbox": entries }));
    }
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|entry| {
            let state = match entry.held_until {
                Some(until) => format!("held until {until}"),
                None => entry.state.code().replace('_', " "),
            };
            vec![entry.number.to_string(), state, entry.recipients.join(", "), line(&entry.subject)]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}
