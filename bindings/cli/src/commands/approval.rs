//! `approval`.

use client::{ApprovalView, Deciding, NewApproval, PersonDecision, RequestRef, Rule, Thing, Word};

use super::files::{addresses, attachments, text, write};
use super::words::code;
use crate::args::{ApprovalCommand, Cli, DecideArgs, RequestArgs};
use crate::failure::Failure;
use crate::output::{json, line, table};
use crate::session::Session;

pub(crate) fn run(cli: &Cli, command: ApprovalCommand) -> Result<(), Failure> {
    match command {
        ApprovalCommand::Request(arguments) => request(cli, arguments),
        ApprovalCommand::List => list(cli),
        ApprovalCommand::Show { id } => {
            let session = Session::open(cli, false)?;
            let view = session.account()?.approvals().show(&id)?;
            if session.json { json(&view) } else { print_approval(&view) }
        }
        ApprovalCommand::Document { id, number, out } => {
            let session = Session::open(cli, false)?;
            let index = number.checked_sub(1).ok_or_else(|| {
                Failure::Argument("documents are numbered from 1: see `countersign approval show`".to_owned())
            })?;
            let document = session.account()?.approvals().document(&id, index);
            let missing = "there is no such document: see `countersign approval show`";
            write(&out, &document.map_err(|error| Failure::instead(error, Thing::Part, missing))?)
        }
        ApprovalCommand::Approve(arguments) => decide(cli, &arguments, Word::Approve),
        ApprovalCommand::Reject(arguments) => decide(cli, &arguments, Word::Reject),
    }
}

fn request(cli: &Cli, arguments: RequestArgs) -> Result<(), Failure> {
    let deciding = match (arguments.all, arguments.any, arguments.at_least) {
        (true, ..) => Deciding::All,
        (_, true, _) => Deciding::Any,
        (_, _, Some(n)) if usize::try_from(n).is_ok_and(|n| (1..=arguments.to.len()).contains(&n)) => {
            Deciding::AtLeast(n)
        }
        (_, _, Some(n)) => {
            let people = arguments.to.len();
            return Err(Failure::Argument(format!(
                "--at-least {n} can't be reached: {people} decide; name more with --to, or ask for 1 to {people}"
            )));
        }
        _ => Deciding::InOrder,
    };
    let new = NewApproval {
        to: addresses(&arguments.to)?,
        cc: addresses(&arguments.cc)?,
        subject: arguments.subject,
        text: text(arguments.text)?,
        files: attachments(&arguments.attach)?,
        deciding,
        deadline: arguments.deadline,
    };
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    let named = session.run(account.approvals().request(new))?;
    let sent = session.send_now(&account, named.outbox);
    finish(&session, &named, sent, "Asked")
}

fn decide(cli: &Cli, arguments: &DecideArgs, word: Word) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    let named = session.run(account.approvals().decide(&arguments.id, word, &arguments.comment))?;
    let sent = session.send_now(&account, named.outbox);
    let done = match word {
        Word::Approve => "Approved",
        Word::Reject => "Rejected",
    };
    finish(&session, &named, sent, done)
}

fn finish(
    session: &Session,
    named: &RequestRef,
    sent: Result<(), Failure>,
    done: &str,
) -> Result<(), Failure> {
    let is_sent = sent.is_ok() && !session.offline;
    if session.json {
        json(
            &serde_json::json!({"id": named.id, "code": named.code, "outbox": named.outbox, "sent": is_sent}),
        )?;
    } else {
        let waits = if is_sent { "" } else { " (signed; waits in the outbox)" };
        say!("{done}{waits}: {}", named.id);
        say!("Code: {}", named.code);
    }
    sent
}

fn list(cli: &Cli) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let approvals = session.account()?.approvals().list()?;
    if session.json {
        return json(&serde_json::json!({ "approvals": approvals }));
    }
    let rows: Vec<Vec<String>> = approvals
        .iter()
        .map(|one| {
            let turn = if one.my_turn { "your turn" } else { "" };
            let id: String = one.id.chars().take(12).collect();
            vec![
                id,
                one.state.code().replace('_', " "),
                turn.to_owned(),
                line(&one.requester),
                line(&one.subject),
            ]
        })
        .collect();
    say_part!("{}", table(&rows));
    Ok(())
}

fn print_approval(view: &ApprovalView) -> Result<(), Failure> {
    say!("{}", line(&view.subject));
    say!("Asked by:  {}", view.requester);
    say!(
        "State:     {}{}",
        view.state.code().replace('_', " "),
        if view.my_turn { ", your turn" } else { "" }
    );
    say!("Id:        {}", view.id);
    say!("Code:      {}", view.code);
    if let Some(deadline) = &view.deadline {
        say!("Deadline:  {}", line(deadline));
    }
    if let Some(reason) = &view.undecidable {
        say!("Careful:   this request can't be decided: {}", code(reason).replace('_', " "));
    }
    if view.decision_waiting {
        say!("Your decision is signed and waits in the outbox.");
    }
    if !view.message.is_empty() {
        say!("\n{}\n", crate::output::safe(&view.message));
    }
    for (index, document) in view.documents.iter().enumerate() {
        say!(
            "Document {}: {} ({} bytes, SHA-256 {})",
            index + 1,
            line(&document.name),
            document.size,
            document.sha256
        );
    }
    for (index, stage) in view.stages.iter().enumerate() {
        if stage.people.len() > 1 {
            say!("{:>2}. {}:", index + 1, rule(stage.rule));
        }
        for person in &stage.people {
            say!("{:>2}. {}", index + 1, decision_line(person));
        }
    }
    for address in &view.informed {
        say!("Informed:  {address}");
    }
    for event in &view.not_counted {
        let reason = code(&event.reason).replace('_', " ");
        say!("Not counted: {} ({reason})", event.from.as_deref().map(line).unwrap_or_default());
    }
    if !view.missing.is_empty() {
        say!("{} event(s) missing; asked for automatically.", view.missing.len());
    }
    for _ in &view.alarms {
        say!("ALARM: the participants may have been shown different requests; see --json.");
    }
    Ok(())
}

fn rule(rule: Rule) -> String {
    match rule {
        Rule::All => "all must approve".to_owned(),
        Rule::Any => "the first decision counts".to_owned(),
        Rule::AtLeast { n } => format!("at least {n} must approve"),
    }
}

fn decision_line(person: &PersonDecision) -> String {
    let claimed = |person: &PersonDecision| {
        person.claimed_time.map(|time| format!(", says {time} (claimed)")).unwrap_or_default()
    };
    let what = match (person.decision, person.time) {
        (None, _) => "no decision yet".to_owned(),
        (Some(word), Some(time)) => {
            let kind = if person.is_receipt_time { "received" } else { "stamped" };
            format!("{}, {kind} {time}{}", word.code(), claimed(person))
        }
        (Some(word), None) => format!("{}, no trusted time{}", word.code(), claimed(person)),
    };
    let comment = person.comment.as_deref().map(|comment| format!(": {}", line(comment))).unwrap_or_default();
    format!("{} {what}{comment}", person.address)
}
