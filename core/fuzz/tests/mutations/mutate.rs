//! Random changes that know what a mail looks like.

use data_encoding::BASE64;
use testkit::SeededRng;

use crate::der;

/// `octets` after one to three changes; some take pieces of `other`.
pub fn mutated(octets: &[u8], other: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let mut changed = octets.to_vec();
    for _ in 0..=rng.below(3) {
        changed = once(&changed, other, rng);
        if changed.is_empty() {
            break;
        }
    }
    changed
}

fn once(octets: &[u8], other: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let mut changed = octets.to_vec();
    let at = rng.below(changed.len());
    match rng.below(16) {
        0 | 1 => changed[at] ^= 1 << rng.below(8),
        2 => changed[at] = u8::try_from(rng.below(256)).unwrap_or(0),
        3 => changed.truncate(at),
        4 => {
            let word = WORDS[rng.below(WORDS.len())];
            changed.splice(at..at, word.iter().copied());
        }
        5 => {
            let end = (at + 1 + rng.below(64)).min(changed.len());
            changed.drain(at..end);
        }
        6 => {
            let end = (at + 1 + rng.below(200)).min(changed.len());
            let copy = changed[at..end].to_vec();
            let to = rng.below(changed.len());
            changed.splice(to..to, copy);
        }
        7 | 8 => changed = lines(octets, other, rng),
        9 => changed = parts(octets, rng),
        10 => {
            // The head of one and the tail of the other.
            let tail = rng.below(other.len());
            changed.truncate(at);
            changed.extend_from_slice(&other[tail..]);
        }
        11 => changed = String::from_utf8_lossy(octets).replace("\r\n", "\n").into_bytes(),
        _ => changed = base64(octets, other, rng),
    }
    changed
}

const WORDS: [&[u8]; 10] = [
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"=",
    b" ",
    b"\0",
    b"From: mallory@example.net\r\n",
    b"Content-Type: text/html\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"<img src=\"http://example.net/",
];

/// Fields and lines: doubled, removed, exchanged, taken from the other mail, under another name.
fn lines(octets: &[u8], other: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        octets.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
    let others: Vec<&[u8]> = other.split_inclusive(|octet| *octet == b'\n').collect();
    // The first lines are the fields, where most is to be gained.
    let among = if rng.below(2) == 0 { lines.len().min(12) } else { lines.len() };
    let at = rng.below(among);
    let theirs = others[rng.below(others.len())].to_vec();
    match rng.below(6) {
        0 => lines.insert(at, lines[at].clone()),
        1 => drop(lines.remove(at)),
        2 => {
            let to = rng.below(lines.len());
            lines.swap(at, to);
        }
        3 => lines.insert(at, theirs),
        4 => lines[at] = theirs,
        _ => {
            let names: [&[u8]; 6] = [b"From:", b"Sender:", b"Subject:", b"Content-Type:", b"To:", b"X:"];
            if let Some(colon) = lines[at].iter().position(|octet| *octet == b':') {
                lines[at].splice(..=colon, names[rng.below(names.len())].iter().copied());
            }
        }
    }
    lines.concat()
}

/// MIME parts (what lies between two delimiters): doubled, removed, exchanged.
fn parts(octets: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new()];
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b"--") {
            pieces.push(Vec::new());
        }
        pieces.last_mut().unwrap().extend_from_slice(line);
    }
    let (at, to) = (rng.below(pieces.len()), rng.below(pieces.len()));
    match rng.below(3) {
        0 => pieces.insert(at, pieces[to].clone()),
        1 => drop(pieces.remove(at)),
        _ => pieces.swap(at, to),
    }
    pieces.concat()
}

/// The CMS in base64: octets, elements, white space; or that of the other mail in its place.
fn base64(octets: &[u8], other: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let (Some(range), Some(theirs)) = (block(octets), block(other)) else { return octets.to_vec() };
    let decode = |text: &[u8]| {
        let text: Vec<u8> = text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
        BASE64.decode(&text).ok()
    };
    let (Some(mut der), Some(their_der)) = (decode(&octets[range.clone()]), decode(&other[theirs])) else {
        return octets.to_vec();
    };
    match rng.below(12) {
        0 if !der.is_empty() => {
            let at = rng.below(der.len());
            der[at] ^= 1 << rng.below(8);
        }
        1 => der.truncate(rng.below(der.len())),
        2 => der = their_der,
        3 => {
            let at = rng.below(der.len());
            der.insert(at, 0);
        }
        // Nothing but the line length changes.
        4 => {}
        _ => {
            let Some(mut nodes) = der::parse(&der, 0) else { return octets.to_vec() };
            let others = der::parse(&their_der, 0).unwrap_or_default();
            der::change(&mut nodes, &others, rng);
            der = der::write(&nodes);
        }
    }
    let width = if rng.below(2) == 0 { 64 } else { 76 };
    let text: Vec<String> = BASE64
        .encode(&der)
        .as_bytes()
        .chunks(width)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let mut changed = octets.to_vec();
    changed.splice(range, (text.join("\r\n") + "\r\n").into_bytes());
    changed
}

/// The longest run of lines that are base64.
fn block(octets: &[u8]) -> Option<std::ops::Range<usize>> {
    let (mut best, mut start, mut at) = (0..0, 0, 0);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii();
        let is_base64 = !text.is_empty()
            && text.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(octet));
        at += line.len();
        if is_base64 {
            if at - start > best.len() {
                best = start..at;
            }
        } else {
            start = at;
        }
    }
    (!best.is_empty()).then_some(best)
}
