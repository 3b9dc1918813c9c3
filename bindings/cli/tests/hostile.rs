//! Mail and pictures that are damaged, forged or meant for somebody else: named in one sentence, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::{Office, as_text, file, mails, refused_both, trust, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::foreign::{Foreigner, header};
use xtask::world::address;

/// Puts a mail into the mailbox of `person` on the server, as an attacker there could.
fn plant(office: &Office, person: &str, name: &str, mail: &[u8]) {
    let folder = office.world.maildir(person).join("new");
    // Later than every real delivery, so that the order is known.
    let file = folder.join(format!("9999999999.{name}.planted"));
    fs::write(&file, mail).unwrap();
    // The server's account must be able to read it.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(&file, permissions).unwrap();
}

fn newest(office: &Office, person: &str) -> Vec<u8> {
    fs::read(office.world.inbox(person).unwrap().pop().unwrap()).unwrap()
}

fn all_mails(terminal: &Terminal) -> Vec<Value> {
    list(&terminal.json(["--offline", "mail", "list"]).unwrap(), "mails").to_vec()
}

/// Changes one base64 character in the middle of the body to another valid one.
fn tampered(mail: &[u8]) -> Vec<u8> {
    let mut mail = mail.to_vec();
    let blank = |at: &usize| mail[*at..].starts_with(b"\n\n") || mail[*at..].starts_with(b"\n\r\n");
    let start = (0..mail.len()).find(blank).unwrap();
    let middle = start + (mail.len() - start) * 3 / 4;
    let place = (middle..mail.len()).find(|place| mail[*place].is_ascii_lowercase()).unwrap();
    mail[place] = if mail[place] == b'a' { b'b' } else { b'a' };
    mail
}

#[test]
fn truncated_and_tampered_mail_and_mail_for_another_key_show_no_content() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let secret = "the combination is 3-1-4-1-5";
    alice.ok(["mail", "send", "--to", &address("bob"), "--subject", "secret", "--text", secret]).unwrap();
    office.sync(&alice);
    office.sync(&bob);
    let good = newest(&office, "bob");
    assert_eq!(mails(&bob, "secret").len(), 1);
    let before = all_mails(&bob).len();

    plant(&office, "bob", "1", &tampered(&good));
    plant(&office, "bob", "2", &good[..good.len() / 2]);
    office.sync(&bob);
    let listed = all_mails(&bob);
    assert_eq!(listed.len(), before + 2, "shown, not hidden: {listed:?}");
    assert_eq!(mails(&bob, "secret").len(), 1, "the good one stays");
    for mail in listed.iter().filter(|mail| text(mail, "subject") != "secret").skip(before - 1) {
        let read = bob.call(["mail", "read", text(mail, "id")]).run().unwrap();
        assert!(!read.out().contains(secret), "{}", read.out());
        assert_ne!(text(mail, "signature"), "valid", "{mail}");
    }

    // Carol gets a mail that only Bob's key opens.
    let carol = office.person("carol");
    office.sync(&carol);
    plant(&office, "carol", "3", &good);
    office.sync(&carol);
    let listed = all_mails(&carol);
    assert_eq!(listed.len(), 1);
    let read = carol.json(["mail", "read", text(&listed[0], "id")]).unwrap();
    assert_eq!(read["verdict"]["encryption"]["state"], "no_key", "{read}");
    assert!(!read.to_string().contains(secret));
}

#[test]
fn inspect_names_what_is_wrong_without_network_or_home() {
    let office = Office::open();
    let carol = Foreigner::new(&office.world, "carol", &office.path("carol")).unwrap();
    let mail = carol.clear_signed(&["alice"], "Offer", "Price: 100 EUR").unwrap();
    let changed = String::from_utf8(mail.clone()).unwrap().replace("100 EUR", "900 EUR").into_bytes();
    let nobody = office.terminal("nobody");
    let ca = office.world.pki().organisation_ca.clone();
    let inspect = |mail: &[u8], options: &[&str]| {
        let file = file(&office, "mail.eml", mail);
        nobody.call(["inspect", as_text(&file), "--json"]).args(options).run().unwrap()
    };
    let json = |said: &xtask::run::Said| -> Value { serde_json::from_slice(&said.stdout).unwrap() };

    let good = inspect(&mail, &["--trust", as_text(&ca), "--require", "valid"]);
    assert_eq!(good.code, Some(0), "{}", good.err());
    assert_eq!(json(&good)["signature"]["state"], "valid");
    assert_eq!(json(&good)["signature"]["signers"][0]["emails"][0], address("carol"));
    let stranger = inspect(&mail, &[]);
    assert_eq!((stranger.code, &json(&stranger)["signature"]["state"]), (Some(0), &Value::from("untrusted")));
    let bad = inspect(&changed, &["--trust", as_text(&ca)]);
    assert_eq!((bad.code, &json(&bad)["signature"]["state"]), (Some(0), &Value::from("invalid")));
    assert!(json(&bad)["signature"]["reasons"].as_array().unwrap().contains(&Value::from("digest_mismatch")));
    assert_eq!(inspect(&changed, &["--trust", as_text(&ca), "--require", "valid"]).code, Some(1));
    assert_eq!(inspect(&mail, &["--trust", as_text(&ca), "--require", "encrypted"]).code, Some(1));
    assert_eq!(nobody.call(["inspect", "/nonexistent/mail"]).run().unwrap().code, Some(2));
    assert!(!nobody.home.exists(), "inspect makes no home");
    assert_eq!(header(&mail, "Subject"), "Offer");
}

#[test]
fn mail_in_html_alone_is_read_as_the_text_that_browsers_show() {
    let office = Office::open();
    let bob = office.person("bob");
    office.sync(&bob);
    let html = "<!doctype html><html><head><title>No title</title><style>p { color: red }</style></head><body>\r\n\
                <script>steal()</script><p>Price: 5&nbsp;&lt;&nbsp;6 &euro;</p><!-- nothing --><img src=\"http://x.example/t\">\r\n\
                <ul><li>one<li>two</ul><a href=\"http://y.example/\">a link</a>&#27;[2J</body></html>\r\n";
    let mail = format!(
        "From: {}\r\nTo: {}\r\nSubject: Offer\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}",
        address("carol"),
        address("bob")
    );
    plant(&office, "bob", "1", mail.as_bytes());
    office.sync(&bob);
    let mails = mails(&bob, "Offer");
    let id = text(&mails[0], "id");
    let read = bob.json(["mail", "read", id]).unwrap();
    let shown = text(&read, "text");
    let printed = bob.call(["mail", "read", id]).ok().unwrap().out();
    for body in [shown, printed.as_str()] {
        for part in ["Price: 5", "< 6", "one", "two", "a link"] {
            assert!(body.replace('\u{a0}', " ").contains(part), "{part}: {body}");
        }
        for part in ["steal", "color", "No title", "nothing", "x.example", "<p>", "<li>", "&nbsp;"] {
            assert!(!body.contains(part), "{part}: {body}");
        }
    }
    assert!(!printed.contains('\u{1b}'), "{printed}");
}

/// A PNG with a QR code of `content`, eight dots a module.
fn qr_picture(content: &str) -> Vec<u8> {
    let code = qrcode::QrCode::new(content.as_bytes()).unwrap();
    let (width, scale, border) = (code.width(), 8, 4);
    let side = (width + 2 * border) * scale;
    let colors = code.to_colors();
    let dark = |x: usize, y: usize| {
        let (column, row) = ((x / scale).wrapping_sub(border), (y / scale).wrapping_sub(border));
        column < width && row < width && colors[row * width + column] == qrcode::Color::Dark
    };
    let dots: Vec<u8> =
        (0..side * side).map(|dot| if dark(dot % side, dot / side) { 0 } else { 255 }).collect();
    let mut png = Vec::new();
    let size = u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(&mut png, size, size);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&dots).unwrap();
    png
}

#[test]
fn a_picture_that_is_not_our_code_is_refused_and_changes_nothing() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let own = office.path("own.png");
    alice.ok(["contact", "meet", "--png", as_text(&own)]).unwrap();
    let code = office.path("bob.png");
    bob.ok(["contact", "meet", "--png", as_text(&code)]).unwrap();
    let real = fs::read(&code).unwrap();
    let blank = file(&office, "blank.png", &qr_picture("x")[..40]);
    let pictures: [(&Path, &str); 7] = [
        (&file(&office, "web.png", &qr_picture("https://example.org/pay?to=mallory")), "unreadable_input"),
        (&file(&office, "damaged.png", &qr_picture("COUNTERSIGN:1/AAAA")), "unreadable_input"),
        (&file(&office, "newer.png", &qr_picture("COUNTERSIGN:99/BB8")), "unreadable_input"),
        (&file(&office, "cut.png", &real[..real.len() / 2]), "unreadable_input"),
        (&file(&office, "text.png", b"not a picture at all"), "unreadable_input"),
        (&blank, "unreadable_input"),
        (&own, "wrong_use"),
    ];
    for (picture, expected) in pictures {
        for verb in [["contact", "meet", "--camera"].as_slice(), &["contact", "scan"]] {
            let mut args = words(verb);
            args.push(as_text(picture).to_owned());
            let sentence = refused_both(&alice, &args, 2, expected);
            assert!(!sentence.contains("mallory"), "the content is not repeated: {sentence}");
        }
    }
    assert_eq!(trust(&alice, "bob"), "");
    assert_eq!(office.delivered("bob"), 0, "nothing was sent");
    // The real one still works afterwards.
    alice.ok(["contact", "meet", "--camera", as_text(&code)]).unwrap();
}
