//! What a mail server reports of a delivery (RFC 3464 in RFC 6522, with RFC 6533 for addresses that are not ASCII).
//!
//! Nobody signs such reports: anybody who knows the Message-ID of a mail can write one. A reader may show what a report says of a
//! mail that was really sent, and to a recipient that it really had, and must do nothing more.

use std::iter;

use crate::part::{Message, Part, charset};
use crate::thread::MAX_ID_OCTETS;

/// Recipients that are read of one report.
pub const MAX_RECIPIENTS: usize = 100;
/// Octets of an address (RFC 5321 section 4.5.3.1: 64, 1 and 255) that is read.
const MAX_ADDRESS_OCTETS: usize = 320;
/// Octets that are read of a part: two kilobytes for each of [`MAX_RECIPIENTS`].
const MAX_PART_OCTETS: usize = 256 * 1024;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Message-ID of the mail that it is about.
    pub message_id: String,
    /// What became of it; never empty.
    pub recipients: Vec<RecipientReport>,
}

/// What became of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientReport {
    /// As the sender wrote it where the report says so, else as the server rewrote it.
    pub address: String,
    /// What the server did.
    pub action: Action,
    /// Why (RFC 3463), like `5.1.1`.
    pub status: Option<String>,
}

/// What a server did (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It gave up.
    Failed,
    /// It goes on trying.
    Delayed,
    /// It lies in the mailbox.
    Delivered,
    /// It was handed to a server that does not report.
    Relayed,
    /// It was delivered to a list of others.
    Expanded,
}

/// The report that a message is, if it is one and names the mail that it is about.
pub fn delivery_report(message: &Message) -> Option<DeliveryReport> {
    let root = message.root();
    if root.content_type != "multipart/report" {
        return None;
    }
    let is_status = |part: &&Part| {
        matches!(part.content_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
    };
    let mut recipients: Vec<RecipientReport> = Vec::new();
    // Some servers put an explanation into one more of these.
    for part in root.children.iter().filter(is_status) {
        let room = MAX_RECIPIENTS.saturating_sub(recipients.len());
        let text = text(message, part);
        recipients.extend(groups(&text).filter_map(|group| recipient(&group)).take(room));
    }
    let message_id = root.children.iter().find_map(|part| original(message, part))?;
    let is_sound = (1..=MAX_ID_OCTETS).contains(&message_id.len());
    (is_sound && !recipients.is_empty()).then_some(DeliveryReport { message_id, recipients })
}

/// Message-ID of the message, or of the header section, that the report returns.
fn original(report: &Message, part: &Part) -> Option<String> {
    if part.is_message() {
        return part.children.first()?.headers.message_id.clone();
    }
    if !matches!(part.content_type.as_str(), "text/rfc822-headers" | "message/global-headers") {
        return None;
    }
    let mut section = beginning(report, part);
    section.extend_from_slice(b"\r\n\r\n");
    Message::try_from(section).ok()?.root().headers.message_id.clone()
}

/// The first lines of a part, as many as are read.
fn beginning(message: &Message, part: &Part) -> Vec<u8> {
    let octets = message.decoded(part);
    if octets.len() <= MAX_PART_OCTETS {
        return octets.into_owned();
    }
    let head = octets.get(..MAX_PART_OCTETS).unwrap_or_default();
    // Half an address is another address.
    let end = head.iter().rposition(|octet| matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    head.get(..end).unwrap_or_default().to_vec()
}

/// [`Message::text`] of the beginning.
fn text(message: &Message, part: &Part) -> String {
    let text = charset::decode(&beginning(message, part), part.parameter("charset")).text;
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Name in lower case and value of each field.
type Group = Vec<(String, String)>;

/// One after the other: a hostile part is nothing but groups.
fn groups(text: &str) -> impl Iterator<Item = Group> {
    let mut lines = text.lines();
    iter::from_fn(move || {
        let mut group = Group::new();
        for line in lines.by_ref() {
            if line.trim().is_empty() {
                if !group.is_empty() {
                    break;
                }
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = group.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        (!group.is_empty()).then_some(group)
    })
}

/// Nothing of a group that is about the whole message.
fn recipient(group: &Group) -> Option<RecipientReport> {
    let field = |wanted: &str| group.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let action = match field("action")?.split_whitespace().next()?.to_ascii_lowercase().as_str() {
        "failed" => Action::Failed,
        "delayed" => Action::Delayed,
        "delivered" => Action::Delivered,
        "relayed" => Action::Relayed,
        "expanded" => Action::Expanded,
        _ => return None,
    };
    let address =
        field("original-recipient").and_then(address).or(field("final-recipient").and_then(address))?;
    Some(RecipientReport { address, action, status: field("status").and_then(status) })
}

/// `rfc822; bob@example.org`.
fn address(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';')?;
    if !["rfc822", "utf-8"].iter().any(|known| kind.trim().eq_ignore_ascii_case(known)) {
        return None;
    }
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let is_sound = address.contains('@')
        && address.len() <= MAX_ADDRESS_OCTETS
        && !address.chars().any(|c| c.is_control() || c.is_whitespace());
    is_sound.then(|| address.to_owned())
}

/// `5.1.1`, what stands behind it left out (RFC 3463 section 2).
fn status(value: &str) -> Option<String> {
    let code = value.split(|c: char| c.is_whitespace() || c == '(').next()?;
    let parts: Vec<&str> = code.split('.').collect();
    let [class, subject, detail] = parts.as_slice() else { return None };
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit());
    (matches!(*class, "2" | "4" | "5") && is_number(subject) && is_number(detail)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str, returned: &str) -> Option<DeliveryReport> {
        let text = format!(
            "From: <>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n\
             Content-Type: message/delivery-status\n\n{status}\n--b\n{returned}\n--b--\n"
        );
        delivery_report(&Message::parse(text.replace('\n', "\r\n").as_bytes()).unwrap())
    }

    const RETURNED: &str =
        "Content-Type: message/rfc822\n\nMessage-ID: <one@example.org>\nSubject: x\n\nText.";
    const HEADERS: &str = "Content-Type: text/rfc822-headers\n\nSubject: x\nMessage-ID: <one@example.org>\n";

    #[test]
    fn what_failed_and_what_only_waits() {
        let status = "Reporting-MTA: dns; mx.example.org\nArrival-Date: Thu, 26 Nov 2026 10:00:00 +0000\n\n\
                      Final-Recipient: rfc822; bob@mx.example.org\nOriginal-Recipient: RFC822;bob@example.org\n\
                      Action: failed\nStatus: 5.1.1 (no such user)\nDiagnostic-Code: smtp;\n 550 no such user\n\n\n\
                      Final-Recipient: utf-8; 王@example.org\nAction: DELAYED\nStatus: nonsense\n";
        for returned in [RETURNED, HEADERS] {
            let report = report(status, returned).unwrap();
            assert_eq!(report.message_id, "one@example.org");
            let recipient = |address: &str, action, status: Option<&str>| RecipientReport {
                address: address.to_owned(),
                action,
                status: status.map(str::to_owned),
            };
            assert_eq!(
                report.recipients,
                [
                    recipient("bob@example.org", Action::Failed, Some("5.1.1")),
                    recipient("王@example.org", Action::Delayed, None)
                ]
            );
        }
    }

    #[test]
    fn what_says_nothing_certain_is_no_report() {
        let one = "Final-Recipient: rfc822; bob@example.org\nAction: failed\n";
        assert!(report(one, RETURNED).is_some());
        for (status, returned) in [
            ("", RETURNED),
            ("Reporting-MTA: dns; x\n", RETURNED),
            ("Final-Recipient: rfc822; bob@example.org\nAction: exploded\n", RETURNED),
            ("Final-Recipient: x400; bob@example.org\nAction: failed\n", RETURNED),
            ("Final-Recipient: rfc822; bob\nAction: failed\n", RETURNED),
            (one, "Content-Type: text/plain\n\nMessage-ID: <one@example.org>\n"),
            (one, "Content-Type: message/rfc822\n\nSubject: x\n\nText."),
        ] {
            assert_eq!(report(status, returned), None, "{status} {returned}");
        }
        let long = format!("Content-Type: message/rfc822\n\nMessage-ID: <{}@x>\n\nText.", "x".repeat(300));
        assert_eq!(report(one, &long), None);
        let many = format!("\n{one}").repeat(500);
        assert_eq!(report(&many, RETURNED).unwrap().recipients.len(), MAX_RECIPIENTS);
        let plain =
            Message::parse(b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n").unwrap();
        assert_eq!(delivery_report(&plain), None);
    }

    #[test]
    fn a_status_has_three_numbers() {
        for (value, code) in [("5.1.1", "5.1.1"), ("4.4.316 timed out", "4.4.316"), ("2.0.0(ok)", "2.0.0")] {
            assert_eq!(status(value).as_deref(), Some(code));
        }
        for wrong in ["", "5.1", "3.1.1", "5.1.1.1", "5.1111.1", "5.a.1", "٥.1.1"] {
            assert_eq!(status(wrong), None, "{wrong}");
        }
    }
}
