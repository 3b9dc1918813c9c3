//! `contact`.

use std::path::Path;

use client::{CodeView, ContactView, Event, ScanView};

use super::files::{address, read, write};
use crate::args::{Cli, ContactCommand, MeetArgs};
use crate::failure::Failure;
use crate::output::{json, line, table};
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: ContactCommand) -> Result<(), Failure> {
    match command {
        ContactCommand::List => list(cli),
        ContactCommand::Show { address } => show(cli, &address),
        ContactCommand::Meet(arguments) => meet(cli, arguments),
        ContactCommand::Scan { picture } => {
            let picture = read(&picture)?;
            let session = Session::open(cli, false)?;
            let account = session.account()?;
            let view = session.run(account.qr_exchange().scan_card(picture))?;
            scanned(&session, &view)
        }
        ContactCommand::Card { png } => {
            let session = Session::open(cli, false)?;
            let code = session.account()?.qr_exchange().card()?;
            show_code(
                &session,
                &code,
                png.as_deref(),
                "Your card: whoever scans it can write to you encrypted.",
            )
        }
        ContactCommand::Forget { address: text } => {
            let who = address(&text)?;
            let session = Session::open(cli, false)?;
            session.account()?.people().forget(&who)?;
            if session.json { json(&serde_json::json!({ "forgotten": who })) } else { Ok(()) }
        }
    }
}

fn list(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let contacts = session.account()?.people().list()?;
    if session.json {
        return json(&serde_json::json!({ "contacts": contacts }));
    }
    if contacts.is_empty() {
        say!("Nobody yet. `countersign contact meet` shows your code to a colleague.");
    }
    let rows: Vec<Vec<String>> = contacts
        .iter()
        .map(|contact| {
            let name = contact.name.as_deref().map(line).unwrap_or_default();
            vec![contact.address.to_string(), name, trust_words(contact).to_owned()]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn trust_words(contact: &ContactView) -> &'static str {
    match (contact.trust, contact.changed_anchor) {
        (_, true) => "another key was seen and is not used",
        (client::Trust::Met, _) => "met in person",
        (client::Trust::Organisation, _) => "certified by the organisation",
        (client::Trust::PublicCa, _) => "certified by a public CA",
        (client::Trust::Pinned, _) => "first seen in a mail or on a card, not confirmed",
        (client::Trust::None, _) => "not known",
    }
}

fn show(cli: &Cli, text: &str) -> Result<(), Failure> {
    let who = address(text)?;
    let session = Session::open(cli, false)?;
    let contact = session.account()?.people().show(&who)?;
    if session.json {
        return json(&contact);
    }
    say!("{}  {}", contact.address, contact.name.as_deref().map(line).unwrap_or_default());
    say!("Trust:      {} (since {})", trust_words(&contact), contact.since);
    if let Some(anchor) = &contact.anchor {
        say!("Anchor:     {anchor}");
    }
    for (subject, until) in &contact.encryption {
        say!("Encryption: {} (until {until})", line(subject));
    }
    Ok(())
}

fn meet(cli: &Cli, arguments: MeetArgs) -> Result<(), Failure> {
    if let Some(camera) = &arguments.camera {
        let picture = read(camera)?;
        let session = Session::open(cli, false)?;
        let account = session.account()?;
        // The scan itself answers a question that its synchronisation may have raised.
        let is_question = |event: &Event| matches!(event, Event::MeetingQuestion { replaces: false, .. });
        let view = session.run_without(account.qr_exchange().meet(picture), is_question)?;
        scanned(&session, &view)?;
        if !session.offline {
            // The scan is kept; a network failure only delays the mails.
            session.run(account.composer().flush())?;
        }
        return Ok(());
    }
    let answer = arguments.same_number.as_deref().map(|who| (who, false));
    let answer = answer.or(arguments.replace.as_deref().map(|who| (who, true)));
    let Some((who, replaces)) = answer else {
        let session = Session::open(cli, false)?;
        let code = session.account()?.qr_exchange().show()?;
        let words = "Let your colleague scan this, and scan theirs (contact meet --camera). It is valid for 10 minutes.";
        return show_code(&session, &code, arguments.png.as_deref(), words);
    };
    let who = address(who)?;
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    let exchange = account.qr_exchange();
    session.run(if replaces { exchange.agree(who) } else { exchange.confirm_number(who, None) })?;
    if !session.offline {
        session.run(account.composer().flush())?;
    }
    Ok(())
}

fn show_code(session: &Session, code: &CodeView, png: Option<&Path>, words: &str) -> Result<(), Failure> {
    if let Some(path) = png {
        write(path, &code.png)?;
    }
    if session.json {
        return json(code);
    }
    say!("{}", code.terminal);
    say!("{words}");
    Ok(())
}

fn scanned(session: &Session, view: &ScanView) -> Result<(), Failure> {
    if session.json {
        return json(view);
    }
    match view {
        ScanView::Card { address, name, differs: false } => {
            say!(
                "{} <{address}>: card kept. Mail to this address is encrypted; a card makes nobody met.",
                line(name)
            );
        }
        ScanView::Card { address, name, differs: true } => say!(
            "{} <{address}> is known with another key. Nothing was changed; `contact forget {address}` drops the old one.",
            line(name)
        ),
        ScanView::Meeting { address, name, met: true, .. } => {
            say!("{} <{address}>: scanned and confirmed.", line(name));
        }
        ScanView::Meeting { address, name, number, met: false } => say!(
            "{} <{address}>: scanned, address not yet confirmed. Your number: {number}. `countersign sync` finishes the meeting.",
            line(name)
        ),
    }
    Ok(())
}
