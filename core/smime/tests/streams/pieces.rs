//! Pieces of any size, nested in any way, are one content.

use std::io::{self, Read};

use smime::ber::{self, Tag, write};
use smime::enveloped::{encrypt, open_stream};
use smime::stream::Replay;

use crate::support::OsRandom;
use crate::{CBC, GCM, World, octets, open};

/// The same message with the content in nested segments of `size` octets and lengths as its author likes them.
pub fn in_segments(message: &[u8], size: usize) -> Vec<u8> {
    let indefinite = |tag: u8, parts: &[&[u8]]| [&[tag, 0x80][..], &parts.concat(), &[0, 0]].concat();
    let segments = |octets: &[u8]| {
        let mut out = Vec::new();
        for (index, piece) in octets.chunks(size).enumerate() {
            let segment = write::octet_string(piece);
            out.extend(match index % 4 {
                0 => segment,
                1 => indefinite(0x24, &[&segment]),
                2 => write::tlv(0x24, &indefinite(0x24, &[&write::octet_string(b""), &segment])),
                // A length in more octets than needed.
                _ => [&[0x04, 0x84, 0, 0, 0, piece.len() as u8][..], piece].concat(),
            });
        }
        out
    };
    let mut content_info = ber::sequence(message).unwrap();
    let kind = content_info.any().unwrap().raw();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    let mut inside = Vec::new();
    let mut content = Vec::new();
    while !fields.is_empty() {
        let field = fields.any().unwrap();
        let mut members = match field.reader() {
            Ok(members) if field.tag() == ber::SEQUENCE => members,
            _ => {
                inside.extend_from_slice(field.raw());
                continue;
            }
        };
        while !members.is_empty() {
            let member = members.any().unwrap();
            if member.tag() != Tag::context(0) {
                content.extend_from_slice(member.raw());
            } else if member.is_constructed() {
                let octets = member.explicit().unwrap().octets().unwrap().into_owned();
                content.extend(indefinite(0xA0, &[&indefinite(0x24, &[&segments(&octets)])]));
            } else {
                content.extend(indefinite(0xA0, &[&segments(&member.octets().unwrap())]));
            }
        }
        inside.extend(indefinite(0x30, &[&content]));
    }
    indefinite(0x30, &[kind, &indefinite(0xA0, &[&indefinite(0x30, &[&inside])])])
}

#[test]
fn tiny_and_nested_segments_are_one_content() {
    let world = World::new();
    let content = octets(70_003);
    for size in [1, 2, 15, 127] {
        for cipher in [GCM, CBC] {
            let message =
                in_segments(&encrypt(&content, &world.recipients(), cipher, &mut OsRandom).unwrap(), size);
            assert!(open(&message, &world.keys) == Ok(content.clone()), "{cipher:?} {size}");
        }
        let message = in_segments(&world.pki.cms_sign(&content, &["alice"], ""), size);
        assert!(world.release(&*message) == Ok(content.clone()), "{size}");
    }
}

/// Input that comes in odd pieces, with interruptions.
struct Dripping<'a>(&'a [u8]);

struct Drip<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Replay for Dripping<'_> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Drip { rest: self.0, step: 0 }))
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.step += 1;
        if self.step.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = (self.step * 7 % 61 + 1).min(out.len()).min(self.rest.len());
        out[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

#[test]
fn pieces_of_the_input_make_no_difference() {
    let world = World::new();
    let content = octets(100_000);
    for cipher in [GCM, CBC] {
        let message = world.encrypt(&content, cipher, None);
        let mut opened = open_stream(Dripping(&message), &world.keys, &mut OsRandom).unwrap();
        let mut plaintext = Vec::new();
        opened.replay().unwrap().read_to_end(&mut plaintext).unwrap();
        assert!(plaintext == content);
    }
    assert!(world.release(Dripping(&world.sign(&content))) == Ok(content));
}
