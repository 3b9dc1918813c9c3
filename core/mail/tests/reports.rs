//! Delivery reports: those of real servers, from the corpora of other projects (what is expected was read in the files by eye), and
//! hostile ones.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use mail::part::Message;
use mail::report::{Action, MAX_RECIPIENTS, delivery_report};
use support::corpus;

type Expected = (&'static str, &'static str, &'static str, &'static [(&'static str, Action, &'static str)]);

const FAILED: Action = Action::Failed;

const EXPECTED: [Expected; 6] = [
    (
        "ruby-mail",
        "multipart_report_emails/multi_address_bounce1.eml",
        "118707422.15521266992174819.JavaMail.root@lvmail01",
        &[
            ("bbbbvhvbbvkjbhfbvbvjhb@gmail.com", FAILED, "5.1.1"),
            ("bscdbcjhasbcjhbdscbhbsdhcbj@gmail.com", FAILED, "5.1.1"),
            ("egyfefsdvsfvvhjsd@gmail.com", FAILED, "5.1.1"),
            ("kfhejkfbsjkjsbhds@gmail.com", FAILED, "5.1.1"),
            ("qfvhgsvhgsduiohncdhcvhsdfvsfygusd@gmail.com", FAILED, "5.1.1"),
        ],
    ),
    // The first of its two parts of this type is prose.
    (
        "ruby-mail",
        "multipart_report_emails/multipart_report_multiple_status.eml",
        "4c2a146147ac8_61ff157c4ec1652df@s.h.c.mail",
        &[("u@ci.com", FAILED, "5.3.0")],
    ),
    (
        "ruby-mail",
        "multipart_report_emails/report_422.eml",
        "15655788.13.1200472642578.JavaMail.Administrator@mail.ttttt.com.au",
        &[("fraser@oooooooo.com.au", Action::Delayed, "4.2.2")],
    ),
    // A report on a report.
    (
        "ruby-mail",
        "multipart_report_emails/report_530.eml",
        "200712232303.lBNN3jDq002941@mail12.rrrr.com.au",
        &[("edwin@zzzzzzz.com", FAILED, "5.3.0")],
    ),
    // Names in unusual case, no report-type, a comment behind the status.
    (
        "cpython-email",
        "msg_16.txt",
        "002001c144a6$8752e060$56104586@oxy.edu",
        &[("jangel1@cougar.noc.ucla.edu", FAILED, "5.0.0")],
    ),
    (
        "nodemailer-mailparser",
        "delivery-status.eml",
        "xxxxx@email.amazonses.com",
        &[("xxxx@xxxx.com", FAILED, "5.1.1")],
    ),
];

#[test]
fn reports_of_real_servers() {
    let mut read = 0;
    for (corpus_name, file, message_id, recipients) in EXPECTED {
        let Some(folder) = corpus(corpus_name) else { continue };
        let message = Message::parse(&std::fs::read(folder.join(file)).unwrap()).unwrap();
        let report = delivery_report(&message);
        read += 1;
        let report = report.unwrap_or_else(|| panic!("{file}"));
        assert_eq!(report.message_id, message_id, "{file}");
        let told: Vec<_> = report
            .recipients
            .iter()
            .map(|one| (one.address.as_str(), one.action, one.status.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(told, recipients, "{file}");
    }
    println!("{read} reports");
}

/// Addresses that a report tells of whose status is this.
fn told(status: &str) -> Vec<String> {
    let before = "From: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
                  --b\r\nContent-Type: message/delivery-status\r\n\r\n";
    let behind =
        "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <one@example.org>\r\n--b--\r\n";
    let message = Message::try_from([before, status, behind].concat().into_bytes()).unwrap();
    let report = delivery_report(&message).unwrap();
    assert_eq!(report.message_id, "one@example.org");
    report.recipients.into_iter().map(|recipient| recipient.address).collect()
}

fn group(person: &str) -> String {
    format!("Final-Recipient: rfc822; {person}@example.org\r\nAction: failed\r\n\r\n")
}

const MIB: usize = 1024 * 1024;

#[test]
fn a_flood_of_groups_is_not_read_to_its_end() {
    let nothing = "a:\r\n\r\n";
    let flood = nothing.repeat(20 * MIB / nothing.len());
    assert_eq!(told(&[group("bob"), flood, group("carol")].concat()), ["bob@example.org"]);
    let many = group("dave").repeat(10 * MIB / group("dave").len());
    assert_eq!(told(&[group("bob"), many].concat()).len(), MAX_RECIPIENTS);
    // As much as a server writes is read, also behind groups that say nothing.
    let few = nothing.repeat(1000);
    assert_eq!(told(&[group("bob"), few, group("carol")].concat()), ["bob@example.org", "carol@example.org"]);
}

#[test]
fn of_an_address_that_is_cut_off_nothing_is_read() {
    let before = format!("{}Action: failed\r\nComment: ", group("bob"));
    let cut = "\r\nFinal-Recipient: rfc822; carol@example.org";
    let filler = "x".repeat(256 * 1024 - before.len() - cut.len());
    assert_eq!(told(&[before.as_str(), &filler, cut, "anisation\r\n"].concat()), ["bob@example.org"]);
}
