//! What strangers' files and DNS records may and may not do.

use super::*;

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

fn alice() -> EmailAddress {
    address("alice@example.org")
}

fn server(kind: &str, host: &str, port: &str, socket: &str, extra: &str) -> String {
    let element = if kind == "smtp" { "outgoingServer" } else { "incomingServer" };
    format!(
        "<{element} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>{extra}</{element}>"
    )
}

fn config(servers: &str) -> String {
    format!(
        "<clientConfig version=\"1.1\"><emailProvider id=\"x\"><domain>example.org</domain>{servers}</emailProvider></clientConfig>"
    )
}

fn read(text: &str) -> Result<Vec<Candidate>, AutoconfigError> {
    from_xml(Source::Domain, text.as_bytes(), &alice())
}

/// `host:port security login` of both.
fn shown(candidate: &Candidate) -> String {
    let one = |offer: &Offer| {
        let tls = if offer.server.security == Security::Tls { "tls" } else { "starttls" };
        format!("{tls}://{}:{} {}", offer.server.host, offer.server.port, offer.login)
    };
    format!("{} | {}", one(&candidate.imap), one(&candidate.smtp))
}

const GOOD_SMTP: &str = "<outgoingServer type=\"smtp\"><hostname>smtp.example.org</hostname><port>465</port><socketType>SSL</socketType></outgoingServer>";

#[test]
fn a_whole_file_gives_pairs_with_the_strongest_tls_first() {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->{}",
        config(
            &[
                server("pop3", "pop.example.org", "995", "SSL", ""),
                server("imap", "old.example.org", "143", "STARTTLS", "<username>%EMAILLOCALPART%</username>"),
                server(
                    "imap",
                    "imap.%EMAILDOMAIN%",
                    "993",
                    "SSL",
                    "<username>%EMAILADDRESS%</username><authentication>OAuth2</authentication>\
                     <authentication>password-cleartext</authentication>"
                ),
                server(
                    "smtp",
                    "smtp.example.org",
                    "587",
                    "STARTTLS",
                    "<authentication>plain</authentication>"
                ),
                server(
                    "smtp",
                    "smtp.example.org",
                    "465",
                    "ssl",
                    "<authentication>password-encrypted</authentication>"
                ),
            ]
            .concat()
        )
    );
    let found = read(&text).unwrap();
    let all: Vec<String> = found.iter().map(shown).collect();
    assert_eq!(
        all,
        [
            "tls://imap.example.org:993 alice@example.org | tls://smtp.example.org:465 alice@example.org",
            "starttls://old.example.org:143 alice | tls://smtp.example.org:465 alice@example.org",
            "tls://imap.example.org:993 alice@example.org | starttls://smtp.example.org:587 alice@example.org",
            "starttls://old.example.org:143 alice | starttls://smtp.example.org:587 alice@example.org",
        ]
    );
    assert_eq!(found[0].imap.authentication, [Authentication::OAuth2, Authentication::Password]);
    assert_eq!(found[0].smtp.authentication, [Authentication::EncryptedPassword]);
    assert_eq!(found[2].smtp.authentication, [Authentication::Password]);
    assert!(found.iter().all(|one| one.foreign.is_empty() && one.source == Source::Domain));
}

#[test]
fn nothing_without_tls_is_ever_offered() {
    let plain_imap = server("imap", "imap.example.org", "143", "plain", "") + GOOD_SMTP;
    assert_eq!(read(&config(&plain_imap)), Err(AutoconfigError::NoTls));
    let good_imap = server("imap", "imap.example.org", "993", "SSL", "");
    let plain_smtp = server("smtp", "smtp.example.org", "25", "plain", "");
    assert_eq!(read(&config(&(good_imap.clone() + &plain_smtp))), Err(AutoconfigError::NoTls));
    // A word nobody knows is not TLS either, and a plain one beside a good one is only left out.
    let unknown = server("imap", "imap.example.org", "993", "TLS-if-you-like", "") + GOOD_SMTP;
    assert_eq!(read(&config(&unknown)), Err(AutoconfigError::NoTls));
    let both = server("imap", "a.example.org", "143", "plain", "") + &good_imap + GOOD_SMTP;
    assert_eq!(read(&config(&both)).unwrap().len(), 1);
    assert_eq!(read(&config(GOOD_SMTP)), Err(AutoconfigError::NoServers));
}

#[test]
fn hosts_ports_names_and_ways_are_checked() {
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "10.1",
        "0x7f.1",
        "2130706433",
        "example.0x7f000001",
        "a b.example.org",
        "imap.example.org/path",
        "user@imap.example.org",
        "-a.example.org",
        "imap..example.org",
        "imap.example.org:993",
        "",
    ] {
        let text = config(&(server("imap", host, "993", "SSL", "") + GOOD_SMTP));
        assert_eq!(read(&text), Err(AutoconfigError::NoServers), "{host}");
        assert_eq!(ascii_host(host), None, "{host}");
    }
    let long = format!("{}.example.org", "a".repeat(64));
    assert_eq!(ascii_host(&long), None);
    assert_eq!(ascii_host("imap.exam\u{0}ple.org"), None);
    assert_eq!(ascii_host(&"a.".repeat(130)), None);
    assert_eq!(ascii_host("IMAP.Example.ORG.").as_deref(), Some("imap.example.org"));
    assert_eq!(ascii_host("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
    for port in ["0", "65536", "-1", "99x", ""] {
        let text = config(&(server("imap", "imap.example.org", port, "SSL", "") + GOOD_SMTP));
        assert_eq!(read(&text), Err(AutoconfigError::NoServers), "{port}");
    }
    // A name that would inject a line, and ways in that are not ours.
    for extra in [
        "<username>a&#13;&#10;b</username>",
        "<authentication>GSSAPI</authentication><authentication>client-IP-address</authentication>",
    ] {
        let text = config(&(server("imap", "imap.example.org", "993", "SSL", extra) + GOOD_SMTP));
        assert_eq!(read(&text), Err(AutoconfigError::NoServers), "{extra}");
    }
}

#[test]
fn what_comes_from_the_address_is_not_a_placeholder_again() {
    let odd = address("%EMAILDOMAIN%@example.org");
    let text = config(
        &(server("imap", "imap.example.org", "993", "SSL", "<username>%EMAILLOCALPART%</username>")
            + GOOD_SMTP),
    );
    let found = from_xml(Source::Domain, text.as_bytes(), &odd).unwrap();
    assert_eq!(found[0].imap.login, "%EMAILDOMAIN%");
}

#[test]
fn entities_document_types_and_bombs_are_refused() {
    let good = config(&(server("imap", "imap.example.org", "993", "SSL", "") + GOOD_SMTP));
    assert!(read(&good).is_ok());
    let external = format!(
        "<!DOCTYPE c [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
        good.replace("imap.example.org", "&x;")
    );
    assert_eq!(read(&external), Err(AutoconfigError::NotXml));
    let mut bomb = String::from("<!DOCTYPE c [<!ENTITY a0 \"ha\">");
    for level in 1..40 {
        bomb.push_str(&format!("<!ENTITY a{level} \"&a{0};&a{0};\">", level - 1));
    }
    bomb.push_str(&format!("]>{}", good.replace("imap.example.org", "&a39;")));
    assert_eq!(read(&bomb), Err(AutoconfigError::NotXml));
    assert_eq!(read(&good.replace("imap.example.org", "&undefined;")), Err(AutoconfigError::NotXml));
}

#[test]
fn size_nesting_and_number_are_bounded() {
    let deep = |depth: usize| config(&("<x>".repeat(depth) + &"</x>".repeat(depth) + GOOD_SMTP));
    assert_eq!(read(&deep(20)), Err(AutoconfigError::NoServers));
    assert_eq!(read(&deep(40)), Err(AutoconfigError::TooLarge));
    assert_eq!(read(&"<a>".repeat(MAX_XML_OCTETS / 3)), Err(AutoconfigError::TooLarge));
    assert_eq!(read(&config(&"<a/>".repeat(20_000))), Err(AutoconfigError::TooLarge));
    assert_eq!(read(&" ".repeat(MAX_XML_OCTETS + 1)), Err(AutoconfigError::TooLarge));
    let many = server("imap", "imap.example.org", "993", "SSL", "").repeat(200) + &GOOD_SMTP.repeat(200);
    assert_eq!(read(&config(&many)).unwrap().len(), MAX_CANDIDATES);
}

#[test]
fn what_is_cut_short_or_something_else_is_named() {
    let good = config(&(server("imap", "imap.example.org", "993", "SSL", "") + GOOD_SMTP));
    for end in 0..good.len() {
        assert_eq!(read(good.get(..end).unwrap()), Err(AutoconfigError::NotXml), "cut at {end}");
    }
    assert_eq!(read("<html><body>404</body></html>"), Err(AutoconfigError::NotAConfig));
    assert_eq!(read("<clientConfig/>"), Err(AutoconfigError::NotAConfig));
    assert_eq!(from_xml(Source::Domain, b"\xff\xfe<\0", &alice()), Err(AutoconfigError::NotXml));
}

fn record(priority: u16, weight: u16, port: u16, target: &str) -> SrvRecord {
    SrvRecord { priority, weight, port, target: target.to_owned() }
}

#[test]
fn srv_records_follow_priority_and_weight_and_tls_from_the_start_comes_first() {
    let answers = SrvAnswers {
        imaps: vec![record(20, 0, 993, "spare.example.org."), record(10, 1, 993, "imap.example.org.")],
        imap: vec![record(0, 0, 143, "imap.example.org")],
        submissions: vec![record(0, 0, 465, ".")],
        submission: vec![record(0, 0, 587, "smtp.example.org")],
    };
    let found = from_srv(&alice(), &answers, &mut |_| 0);
    let all: Vec<String> = found.iter().map(shown).collect();
    assert_eq!(
        all,
        [
            "tls://imap.example.org:993 alice@example.org | starttls://smtp.example.org:587 alice@example.org",
            "tls://spare.example.org:993 alice@example.org | starttls://smtp.example.org:587 alice@example.org",
            "starttls://imap.example.org:143 alice@example.org | starttls://smtp.example.org:587 alice@example.org",
        ]
    );
    assert!(found.iter().all(|one| one.foreign.is_empty()));
    // RFC 2782: running sums 1, 4; a draw of 0 or 1 takes the first, 2 to 4 the second.
    let two = SrvAnswers {
        imaps: vec![record(0, 3, 993, "three.example.org"), record(0, 1, 993, "one.example.org")],
        ..answers
    };
    for (draw, first) in [
        (0, "one.example.org"),
        (1, "one.example.org"),
        (2, "three.example.org"),
        (4, "three.example.org"),
        (u32::MAX, "three.example.org"),
    ] {
        assert_eq!(from_srv(&alice(), &two, &mut |_| draw)[0].imap.server.host, first, "{draw}");
    }
}

#[test]
fn srv_targets_outside_of_the_domain_are_named_and_odd_ones_left_out() {
    let answers = SrvAnswers {
        imaps: vec![
            record(0, 0, 993, "imap.evil.example"),
            record(1, 0, 0, "imap.example.org"),
            record(2, 0, 993, "127.0.0.1"),
        ],
        submissions: vec![record(0, 0, 465, "smtp.notexample.org"), record(1, 0, 465, "localhost")],
        ..SrvAnswers::default()
    };
    let found = from_srv(&alice(), &answers, &mut |_| 0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].foreign, ["imap.evil.example", "smtp.notexample.org"]);
    let flood = SrvAnswers {
        imaps: vec![record(0, u16::MAX, 993, "imap.example.org"); 60_000],
        submissions: vec![record(0, 0, 465, "smtp.example.org")],
        ..SrvAnswers::default()
    };
    assert_eq!(from_srv(&alice(), &flood, &mut |sum| sum).len(), MAX_CANDIDATES);
    assert_eq!(from_srv(&alice(), &SrvAnswers::default(), &mut |_| 0), []);
    assert!(is_within("a.b.example.org", "example.org") && is_within("example.org", "example.org"));
    assert!(!is_within("example.org", "b.example.org") && !is_within("badexample.org", "example.org"));
}

#[test]
fn guesses_stay_inside_the_domain() {
    let (imap, smtp) = guesses(&alice());
    let hosts: Vec<String> =
        imap.iter().map(|one| format!("{}:{}", one.server.host, one.server.port)).collect();
    assert_eq!(
        hosts,
        ["imap.example.org:993", "mail.example.org:993", "imap.example.org:143", "mail.example.org:143"]
    );
    let hosts: Vec<String> =
        smtp.iter().map(|one| format!("{}:{}", one.server.host, one.server.port)).collect();
    assert_eq!(
        hosts,
        ["smtp.example.org:465", "mail.example.org:465", "smtp.example.org:587", "mail.example.org:587"]
    );
    assert_eq!(guesses(&address("root@localhost")), (Vec::new(), Vec::new()));
}

#[test]
fn common_hosts_are_found_by_their_whole_domain() {
    let google = known(&address("alice@Gmail.com")).unwrap();
    assert_eq!((google.source, google.sign_in), (Source::Known, Some(SignIn::OAuth2(Provider::Google))));
    assert_eq!(google.imap.server.host, "imap.gmail.com");
    assert!(matches!(known(&address("1@qq.com")).unwrap().sign_in, Some(SignIn::AuthorizationCode(_))));
    for other in ["a@notgmail.com", "a@gmail.com.evil.example", "a@mail.gmail.com"] {
        assert_eq!(known(&address(other)), None, "{other}");
    }
}

#[test]
fn servers_are_read_as_people_write_them() {
    let read = |text: &str, port| {
        Server::parse(text, port).map(|server| (server.host, server.port, server.security))
    };
    assert_eq!(read("imap.example.org", 993), Some(("imap.example.org".into(), 993, Security::Tls)));
    assert_eq!(read("localhost:40123", 993), Some(("localhost".into(), 40123, Security::Tls)));
    assert_eq!(read("mail.example.org:587", 465), Some(("mail.example.org".into(), 587, Security::StartTls)));
    assert_eq!(
        read("tls://mail.example.org:587", 465),
        Some(("mail.example.org".into(), 587, Security::Tls))
    );
    assert_eq!(read("starttls://[::1]:1143", 993), Some(("::1".into(), 1143, Security::StartTls)));
    for nonsense in ["", ":993", "plain://host:143", "host:many", "two words", "host:99999", "a/b"] {
        assert_eq!(read(nonsense, 993), None, "{nonsense}");
    }
}
