//! Screen 05: one message.

use engine::secure::{EncryptionState, Verdict};
use serde::Serialize;
use smime::path::Trust;
use smime::verdict::{Revocation, TimestampState};

use super::approval::{file_icon, file_spoken};
use super::codes::{reason_text, warning_text};
use super::message::subject_label;
use super::{
    Arg, Button, Does, Icon, Label, Look, MessageStatus, Spoken, StateLine, Text, Tone, Who, initials,
    shown_name, sure_name,
};
use crate::mailboxes::AttachmentView;
use crate::people::ContactView;

/// A mail with what its screen needs besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageMail {
    /// Its id.
    pub id: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What stands under the sender.
    pub status: MessageStatus,
    /// Display name of From, as the mail says.
    pub name: Option<String>,
    /// The stored person of From.
    pub contact: Option<ContactView>,
    /// Names of To and Cc, where they are stored; the account's owner is `Me`.
    pub to: Vec<Who>,
    /// Text.
    pub text: Option<String>,
    /// Attachments.
    pub attachments: Vec<AttachmentView>,
    /// Id of the approval that it is about, when that is here.
    pub approval: Option<String>,
    /// A reply can be encrypted.
    pub can_encrypt_reply: bool,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageScreen {
    /// Its id.
    pub id: String,
    /// Heading.
    pub subject: Label,
    /// Who wrote.
    pub sender: Sender,
    /// `me_to`; without a date, only the people.
    pub to: Text,
    /// Directly under the sender.
    pub status: MessageStatus,
    /// `wa_held`, under a warning in danger.
    pub held: Option<Text>,
    /// Text; links in it work unless it is held.
    pub text: Option<String>,
    /// `me_attach`.
    pub files_title: Option<Text>,
    /// Attachments.
    pub files: Vec<FileRow>,
    /// Opens the approval that it is about.
    pub approval: Option<String>,
    /// Over the buttons.
    pub reply_note: Option<StateLine>,
    /// Reply, Reply all, Forward; none of them under a warning.
    pub buttons: Vec<Button>,
    /// `c_technical`, under a warning; else behind the trust line.
    pub technical: Option<Button>,
    /// The sheet behind the trust line (05b).
    pub details: Vec<Detail>,
}

/// Who wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sender {
    /// In the circle.
    pub initials: String,
    /// Name, else the address.
    pub name: String,
    /// Beside the name, unless the name belongs to somebody who was met or whom the company confirms.
    pub address: Option<String>,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRow {
    /// Names it in this mail.
    pub part: String,
    /// Icon.
    pub icon: Icon,
    /// File name.
    pub name: Label,
    /// Octets.
    pub size: u64,
    /// `me_saved`.
    pub state: Text,
    /// It can be opened.
    pub is_enabled: bool,
    /// Said as one element.
    pub spoken: Spoken,
}

/// One line of the details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// What.
    pub key: Text,
    /// Value.
    pub value: Label,
    /// Below it.
    pub second: Option<Label>,
}

/// Screen 05.
pub fn message_screen(mail: &MessageMail) -> MessageScreen {
    let headers = &mail.verdict.headers;
    let is_warned = matches!(mail.status, MessageStatus::Warning(_));
    let is_held = matches!(&mail.status, MessageStatus::Warning(warning) if warning.is_held);
    let is_closed = mail.text.is_none() && is_warned;
    let subject = subject_label(headers.subject.as_deref(), is_closed);
    let to = match headers.date {
        Some(date) => {
            Text::new("me_to").with("names", Arg::Names(mail.to.clone())).with("time", Arg::Time(date))
        }
        None => Text::new("me_to_undated").with("names", Arg::Names(mail.to.clone())),
    };
    let can_reply = !is_warned;
    MessageScreen {
        id: mail.id.clone(),
        subject,
        sender: sender(mail),
        to,
        status: mail.status.clone(),
        held: is_held.then(|| Text::new("wa_held")),
        text: mail.text.clone(),
        files_title: (!mail.attachments.is_empty()).then(|| Text::new("me_attach")),
        files: mail.attachments.iter().map(|file| file_row(file, is_held)).collect(),
        // A mail that is not what its signer wrote leads nowhere.
        approval: mail.approval.clone().filter(|_| mail.status.is_signed()),
        reply_note: (can_reply && mail.can_encrypt_reply)
            .then(|| StateLine::new(Icon::Lock, Tone::Neutral, Text::new("me_reply_enc"))),
        buttons: if can_reply { reply_buttons(mail.to.len() > 1) } else { Vec::new() },
        technical: is_warned.then(|| Button::new(Text::new("c_technical"), Look::Plain, Does::Details)),
        details: details(mail),
    }
}

fn reply_buttons(has_others: bool) -> Vec<Button> {
    let button = |key, does, icon| Button::new(Text::new(key), Look::Plain, does).icon(icon);
    let mut buttons = vec![button("me_reply", Does::Reply, Icon::Reply)];
    if has_others {
        buttons.push(button("me_reply_all", Does::ReplyAll, Icon::ReplyAll));
    }
    buttons.push(button("me_forward", Does::Forward, Icon::Forward));
    buttons
}

/// A name in a mail is whatever its sender likes: it stands without the address only when it is the stored name of
/// somebody who was met, or whom the organisation confirms, in a mail that this person signed.
fn sender(mail: &MessageMail) -> Sender {
    let address = mail.verdict.headers.from.first().cloned().unwrap_or_default();
    let stored = mail.contact.as_ref().and_then(|contact| shown_name(contact.name.as_deref()));
    let trust = mail.contact.as_ref().map_or(Trust::None, |contact| contact.trust);
    let is_sure = stored.is_some() && trust <= Trust::Organisation && mail.status.is_signed();
    let name = stored.or_else(|| shown_name(mail.name.as_deref()));
    let shown = name.clone().unwrap_or_else(|| address.clone());
    Sender {
        initials: initials(&shown),
        name: shown,
        address: (name.is_some() && !is_sure).then_some(address),
    }
}

fn file_row(file: &AttachmentView, is_held: bool) -> FileRow {
    let name = match &file.name {
        Some(name) if !name.trim().is_empty() => Label::Plain(name.clone()),
        _ => Label::Text(Text::new("me_unnamed")),
    };
    let size = u64::try_from(file.bytes).unwrap_or(u64::MAX);
    let state = Text::new("me_saved");
    let spoken = file_spoken(&name, size, &state);
    FileRow {
        part: file.part.clone(),
        icon: file_icon(&file.content_type),
        name,
        size,
        state,
        is_enabled: !is_held,
        spoken,
    }
}

fn details(mail: &MessageMail) -> Vec<Detail> {
    let mut rows = Vec::new();
    let mut row = |key, value, second| rows.push(Detail { key: Text::new(key), value, second });
    let plain = |text: &str| Label::Plain(text.to_owned());
    let verdict = &mail.verdict;
    let is_good = mail.status.is_signed();
    if let Some(signer) = verdict.signature.signers.first() {
        let address = signer.emails.first().map(ToString::to_string).unwrap_or_default();
        let name = mail.contact.as_ref().filter(|_| is_good).and_then(|one| shown_name(one.name.as_deref()));
        match name {
            Some(name) => row("td_who", Label::Plain(name), Some(Label::Plain(address))),
            None => row("td_who", Label::Plain(address), None),
        }
        if let (MessageStatus::Trust(line), true) = (&mail.status, is_good) {
            row("td_how", how(line.sentence.key, mail.contact.as_ref()), None);
            row("td_same", Label::Text(Text::new("td_same_v")), None);
        }
        let until = match signer.revocation {
            Revocation::Good => "td_valid",
            Revocation::Revoked | Revocation::Unknown | Revocation::NotChecked => "td_until",
        };
        let until = Text::new(until).with("date", Arg::Time(signer.not_after));
        row("td_issuer", plain(&common_name(&signer.issuer)), Some(Label::Text(until)).filter(|_| is_good));
    }
    // Whom the signed header names; nobody else can say who else got a key.
    if verdict.encryption.state == EncryptionState::Decrypted && is_good {
        let address = verdict.headers.from.first().cloned().unwrap_or_default();
        let from = Who::Name(sure_name(mail.contact.as_ref()).unwrap_or(address));
        let readers = [from].into_iter().chain(mail.to.iter().cloned()).collect();
        row("td_readers", Label::Names(readers), None);
    }
    let stamp = &verdict.timestamp;
    if let (TimestampState::Valid, Some(authority), Some(time)) = (stamp.state, &stamp.authority, stamp.time)
    {
        row("td_time", plain(&common_name(authority)), Some(Label::Time(time)));
    }
    for reason in &verdict.signature.reasons {
        row("td_why", Label::Text(reason_text(*reason)), None);
    }
    for reason in &stamp.reasons {
        row("td_time_why", Label::Text(reason_text(*reason)), None);
    }
    for warning in &verdict.warnings {
        row("td_note", Label::Text(warning_text(*warning)), None);
    }
    rows
}

/// The common name in a distinguished name (RFC 4514), its escapes undone; all of it when there is none.
fn common_name(name: &str) -> String {
    let mut value = String::new();
    let mut is_taken = false;
    let mut part = String::new();
    let mut letters = name.chars();
    loop {
        match letters.next() {
            Some('\\') => part.extend(letters.next()),
            Some(c) if !matches!(c, ',' | '+') => part.push(c),
            end => {
                if let (false, Some(found)) = (is_taken, part.strip_prefix("CN=")) {
                    (value, is_taken) = (found.to_owned(), true);
                }
                if end.is_none() {
                    break;
                }
                part.clear();
            }
        }
    }
    if value.trim().is_empty() { name.to_owned() } else { value }
}

fn how(sentence: &'static str, contact: Option<&ContactView>) -> Label {
    Label::Text(match (sentence, contact) {
        ("tl_met", Some(contact)) => Text::new("td_how_v").with("date", Arg::Time(contact.since)),
        ("tl_org", _) => Text::new("ct_org"),
        ("tl_public", _) => Text::new("ct_public"),
        _ => Text::new("ct_card"),
    })
}

#[cfg(test)]
mod tests {
    use super::common_name;

    #[test]
    fn the_common_name_is_what_people_know() {
        assert_eq!(common_name("CN=Northgate Staff CA,O=Northgate"), "Northgate Staff CA");
        assert_eq!(common_name("O=X+CN=Time\\, certified,C=AT"), "Time, certified");
        // What only looks like one stands inside another value.
        assert_eq!(common_name("O=a\\,CN=b"), "O=a\\,CN=b");
        assert_eq!(common_name("CN=first,CN=second"), "first");
        assert_eq!(common_name(""), "");
    }
}
