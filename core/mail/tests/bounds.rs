//! Hostile sizes: memory is a multiple of the input, all that is ever allocated grows with it, and a limit is named. Octets
//! that are allocated are counted, because a clock would measure the machine: a loop that allocates nothing is not seen here.
#![allow(unsafe_code, reason = "an allocator that counts")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mail::part::{Message, ReadError, tree};
use support::corpus;

thread_local! {
    /// Octets that this thread holds, the most that it held, and all that it ever asked for.
    static COUNTS: Cell<(usize, usize, usize)> = const { Cell::new((0, 0, 0)) };
}

struct Counting;

fn count(taken: usize, given: usize) {
    let _ = COUNTS.try_with(|counts| {
        let (held, peak, total) = counts.get();
        let held = (held + taken).saturating_sub(given);
        counts.set((held, peak.max(held), total + taken));
    });
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as asked.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as asked.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Peak and sum of what was allocated while it ran.
fn cost(run: impl FnOnce()) -> (usize, usize) {
    let (held, ..) = COUNTS.get();
    COUNTS.set((held, held, 0));
    run();
    let (_, peak, total) = COUNTS.get();
    (peak - held, total)
}

/// Reads, shows, lists.
fn exercise(octets: &[u8]) -> Result<(), ReadError> {
    let message = Message::parse(octets)?;
    message.body_text();
    message.attachments();
    message.ambiguity_on_path();
    tree(&message, &|octets| octets.len().to_string());
    Ok(())
}

const MIB: usize = 1024 * 1024;

/// Shapes that a careless reader needs quadratic time or memory for; `n` is about the number of octets.
fn shapes(n: usize) -> Vec<(&'static str, String)> {
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let field = |name: &str, piece: &str| format!("{name}: {}\r\n\r\n", piece.repeat(n / piece.len()));
    let body = |head: &str, piece: &str| format!("{head}\r\n\r\n{}", piece.repeat(n / piece.len()));
    let nested: String = (0..n / 60)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    let encoded: String = (0..n / 80)
        .map(|_| "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
        .collect();
    vec![
        ("nested boundaries", nested),
        ("nested messages", "Content-Type: message/rfc822\r\n\r\n".repeat(n / 32)),
        ("nested encoded messages", encoded),
        ("delimiters", mixed.to_owned() + &"--b\r\n".repeat(n / 5)),
        ("empty parts", mixed.to_owned() + &"--b\r\n\r\n".repeat((n / 7).min(1900))),
        ("delimiters after the end", mixed.to_owned() + "--b\r\n\r\n--b--\r\n" + &"--b\r\n".repeat(n / 5)),
        ("almost delimiters", mixed.to_owned() + &"\r--".repeat(n / 3)),
        ("parts", mixed.to_owned() + &format!("--b\r\n\r\n{}\r\n", "x".repeat(n / 1000)).repeat(1000)),
        ("base64", body("Content-Transfer-Encoding: base64", "=A\n")),
        ("quoted-printable", body("Content-Transfer-Encoding: quoted-printable", "=\n")),
        ("uuencode", body("Content-Transfer-Encoding: x-uuencode", "begin 1\n")),
        ("flowed", body("Content-Type: text/plain; format=flowed; delsp=yes", "> \n")),
        ("quotes", body("Content-Type: text/plain; format=flowed", ">")),
        ("utf-7", body("Content-Type: text/plain; charset=utf-7", "+A")),
        ("hz", body("Content-Type: text/plain; charset=hz-gb-2312", "~{")),
        ("iso-2022-jp-1", body("Content-Type: text/plain; charset=iso-2022-jp-1", "\u{1b}$(D")),
        ("tags", body("Content-Type: text/html", "<div>")),
        ("words", field("Subject", "=?a?Q?b?")),
        ("whole words", field("Subject", "=?a?Q?b?= ")),
        ("quotes in addresses", field("From", "\"(")),
        ("angles", field("From", "<")),
        ("comments", field("From", "(")),
        ("parameters", field("Content-Type", ";a=b")),
        ("sections", field("Content-Type", ";a*1=b")),
        ("ids", field("References", "<a@b> ")),
        ("a folded line", format!("Subject: {}\r\n", "a\r\n ".repeat(n / 4))),
    ]
}

#[test]
fn memory_is_a_multiple_of_the_input_and_allocation_grows_with_it() {
    // Below the limit of a header section, so that nothing is refused.
    let n = 100_000;
    for ((name, small), (_, large)) in shapes(n).into_iter().zip(shapes(2 * n)) {
        let mut totals = [0, 0];
        for (mail, sum) in [&small, &large].into_iter().zip(&mut totals) {
            let (peak, total) = cost(|| _ = exercise(mail.as_bytes()));
            assert!(peak < 64 * mail.len() + MIB, "{name}: {peak} octets for {}", mail.len());
            *sum = total;
        }
        // Twice, and what the growing of a vector may add.
        assert!(totals[1] < 3 * totals[0] + MIB, "{name}: {} octets, then {}", totals[0], totals[1]);
    }
}

#[test]
fn limits_are_named_and_reached_in_bounded_memory() {
    let mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let part = format!("--b\r\n{}\r\n", "X: y\r\n".repeat(40_000));
    let addresses = format!("To: {}\r\n\r\n", "a,".repeat(30_000));
    let cases = [
        ("a million fields", "X: y\r\n".repeat(1_000_000), "256 KiB in a header section"),
        ("one endless field", format!("X: y\r\n{}", " z\r\n".repeat(MIB)), "256 KiB in a header section"),
        ("a hundred thousand parts", mixed.to_owned() + &"--b\r\n\r\n".repeat(100_000), "2000 parts"),
        ("fields in many parts", mixed.to_owned() + &part.repeat(100), "4 MiB of header sections"),
        ("addresses", addresses, "20000 addresses"),
    ];
    for (name, mail, limit) in cases {
        let mut result = Ok(());
        let (peak, _) = cost(|| result = exercise(mail.as_bytes()));
        assert_eq!(result, Err(ReadError::Limit(limit)), "{name}");
        // The copy of the input, and what the limit allows.
        assert!(peak < mail.len() + 128 * MIB, "{name}: {peak}");
    }
    // Nothing is refused for its nesting: what is inside stays a leaf.
    for (name, mail) in shapes(MIB).into_iter().take(3) {
        let mut result = Ok(());
        let (peak, _) = cost(|| result = exercise(mail.as_bytes()));
        assert_eq!(result, Ok(()), "{name}");
        assert!(peak < 40 * mail.len(), "{name}: {peak}");
    }
}

/// outofmemory.eml and htmllargecallstack.eml are named after what they did to another reader.
#[test]
fn mails_that_broke_another_reader_are_read_in_bounded_memory() {
    let Some(folder) = corpus("nodemailer-mailparser") else { return };
    for name in ["outofmemory.eml", "htmllargecallstack.eml", "large_text.eml", "spam.eml"] {
        let mail = std::fs::read(folder.join(name)).unwrap();
        let (peak, total) = cost(|| exercise(&mail).unwrap());
        assert!(peak < 16 * mail.len() + MIB && total < 64 * mail.len() + MIB, "{name}: {peak} {total}");
        let twice = [&mail[..], &mail].concat();
        let (_, of_twice) = cost(|| _ = exercise(&twice));
        assert!(of_twice < 3 * total + MIB, "{name}: {total}, then {of_twice}");
    }
}

/// An attachment of any size goes out without a second copy in memory.
#[test]
fn attachments_stream_out() {
    for (encoding, line) in [
        ("base64", "AAAA".repeat(19) + "\r\n"),
        ("quoted-printable", "=41".repeat(20) + "\r\n"),
        ("x-uuencode", "M".to_owned() + &"#".repeat(60) + "\r\n"),
        ("7bit", "a\r\n".to_owned()),
    ] {
        let begin = if encoding == "x-uuencode" { "begin 644 a\r\n" } else { "" };
        let body = line.repeat(2 * MIB / line.len());
        let message = Message::try_from(
            format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{begin}{body}").into_bytes(),
        )
        .unwrap();
        let mut length = 0;
        let (peak, _) = cost(|| {
            let mut out = Measure(&mut length);
            message.write_decoded(message.root(), &mut out).unwrap();
        });
        assert_eq!(length, message.decoded(message.root()).len(), "{encoding}");
        assert!(peak < MIB / 2, "{encoding}: {peak}");
    }
}

struct Measure<'a>(&'a mut usize);

impl std::io::Write for Measure<'_> {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        *self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
