//! Properties of the BER reader: what an independent encoder writes is read, in every form BER allows; whatever
//! else comes in ends in an error, never in a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use proptest::collection::vec;
use proptest::prelude::*;
use smime::ber::{self, BerError, Element, MAX_DEPTH, Reader, write};

/// A value, and for each length the choice how it is written.
#[derive(Clone, Debug)]
enum Node {
    Octets(Vec<u8>, Form),
    Number(u32),
    Sequence(Vec<Node>, Form),
}

/// How a length is written, and whether a string is cut into segments.
#[derive(Clone, Copy, Debug)]
enum Form {
    Der,
    /// With this many superfluous zero octets.
    LongLength(usize),
    Indefinite,
    /// Segments of this length (strings; a sequence takes the indefinite form).
    Segments(usize),
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Der),
        (0usize..5).prop_map(Form::LongLength),
        Just(Form::Indefinite),
        (1usize..9).prop_map(Form::Segments),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        (vec(any::<u8>(), 0..300), form()).prop_map(|(octets, form)| Node::Octets(octets, form)),
        any::<u32>().prop_map(Node::Number),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        (vec(inner, 0..6), form()).prop_map(|(nodes, form)| Node::Sequence(nodes, form))
    })
}

/// Definite length octets with `extra` zeros in front.
fn long(identifier: u8, extra: usize, content: &[u8]) -> Vec<u8> {
    let mut length = vec![0; extra];
    length.extend(content.len().to_be_bytes());
    let count = u8::try_from(length.len()).unwrap();
    [&[identifier, 0x80 | count][..], &length, content].concat()
}

fn indefinite(identifier: u8, content: &[u8]) -> Vec<u8> {
    [&[identifier, 0x80][..], content, &[0, 0]].concat()
}

/// An encoder that shares nothing with the one under test but DER's `tlv`.
fn encode(node: &Node) -> Vec<u8> {
    match node {
        Node::Number(number) => write::small(*number),
        Node::Octets(octets, Form::Der) => write::octet_string(octets),
        Node::Octets(octets, Form::LongLength(extra)) => long(0x04, *extra, octets),
        Node::Octets(octets, Form::Indefinite) => {
            // Nested: the segment is constructed once more.
            indefinite(0x24, &indefinite(0x24, &long(0x04, 0, octets)))
        }
        Node::Octets(octets, Form::Segments(size)) => {
            let segments: Vec<u8> = octets.chunks(*size).flat_map(|segment| long(0x04, 0, segment)).collect();
            long(0x24, 0, &segments)
        }
        Node::Sequence(nodes, form) => {
            let content: Vec<u8> = nodes.iter().flat_map(encode).collect();
            match form {
                Form::Der => write::tlv(0x30, &content),
                Form::LongLength(extra) => long(0x30, *extra, &content),
                Form::Indefinite | Form::Segments(_) => indefinite(0x30, &content),
            }
        }
    }
}

fn check(element: &Element<'_>, node: &Node) {
    assert_eq!(element.raw(), encode(node));
    match node {
        Node::Number(number) => assert_eq!(element.small().unwrap(), *number),
        Node::Octets(octets, _) => assert_eq!(element.octets().unwrap().as_ref(), octets.as_slice()),
        Node::Sequence(nodes, _) => {
            let mut reader = element.reader().unwrap();
            for node in nodes {
                check(&reader.any().unwrap(), node);
            }
            reader.finish().unwrap();
        }
    }
}

fn is_der(node: &Node) -> bool {
    match node {
        Node::Number(_) => true,
        Node::Octets(_, form) => matches!(form, Form::Der),
        Node::Sequence(nodes, form) => matches!(form, Form::Der) && nodes.iter().all(is_der),
    }
}

/// Reads everything there is; the number of elements.
fn walk(mut reader: Reader<'_>, depth: u8) -> Result<usize, BerError> {
    assert!(depth <= MAX_DEPTH);
    let mut count = 0;
    while !reader.is_empty() {
        let element = reader.any()?;
        let _ = (
            element.octets(),
            element.bits(),
            element.oid(),
            element.integer(),
            element.small(),
            element.boolean(),
        );
        let _ = (element.time(), element.explicit());
        assert!(element.content().len() < element.raw().len());
        count += 1;
        if element.is_constructed() {
            count += walk(element.reader()?, depth + 1)?;
        }
    }
    Ok(count)
}

proptest! {
    #[test]
    fn every_ber_form_of_a_value_is_read(node in node()) {
        let encoded = encode(&node);
        check(&ber::single(&encoded).unwrap(), &node);
        if is_der(&node) {
            walk(Reader::der(&encoded), 0).unwrap();
        }
    }

    #[test]
    fn a_truncated_value_is_an_error(node in node(), cut in any::<prop::sample::Index>()) {
        let encoded = encode(&node);
        let cut = cut.index(encoded.len());
        prop_assert!(ber::single(&encoded[..cut]).is_err());
    }

    #[test]
    fn an_octet_too_many_is_an_error(node in node(), extra in any::<u8>()) {
        let encoded = [encode(&node), vec![extra]].concat();
        prop_assert_eq!(ber::single(&encoded), Err(BerError::Trailing));
    }

    #[test]
    fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 0..400)) {
        let _ = walk(Reader::new(&octets), 0);
        let _ = walk(Reader::der(&octets), 0);
    }

    /// Values with flipped octets get further than arbitrary ones.
    #[test]
    fn altered_values_never_panic(node in node(), at in any::<prop::sample::Index>(), octet in any::<u8>()) {
        let mut encoded = encode(&node);
        let at = at.index(encoded.len());
        encoded[at] = octet;
        let _ = walk(Reader::new(&encoded), 0);
        // What DER allows, BER allows too, and means the same.
        if let Ok(element) = Reader::der(&encoded).any() {
            let again = Reader::new(&encoded).any().unwrap();
            prop_assert_eq!((element.tag(), element.raw(), element.content()), (again.tag(), again.raw(), again.content()));
        }
    }
}
