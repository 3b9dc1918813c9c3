//! A tree of BER elements, read and written by code of its own: the mutations must not lean on the reader under test.

use testkit::SeededRng;

/// One element.
#[derive(Clone)]
pub struct Node {
    /// Identifier octets.
    identifier: Vec<u8>,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Octets(Vec<u8>),
    Nodes(Vec<Node>),
}

/// Deepest nesting that is looked into.
const DEEPEST: usize = 40;

/// The elements of `octets`; `None` when they are no BER.
pub fn parse(mut octets: &[u8], depth: usize) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while !octets.is_empty() {
        let (node, rest) = element(octets, depth)?;
        nodes.push(node);
        octets = rest;
    }
    Some(nodes)
}

fn element(octets: &[u8], depth: usize) -> Option<(Node, &[u8])> {
    let first = *octets.first()?;
    if depth > DEEPEST || first & 0x1f == 0x1f || octets.starts_with(&[0, 0]) {
        return None;
    }
    let identifier = vec![first];
    let (length, rest) = match *octets.get(1)? {
        0x80 => (None, &octets[2..]),
        short if short < 0x80 => (Some(usize::from(short)), &octets[2..]),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = octets.get(2..2 + count)?;
            let length = digits
                .iter()
                .try_fold(0usize, |sum, digit| sum.checked_mul(256)?.checked_add((*digit).into()))?;
            (Some(length), octets.get(2 + count..)?)
        }
    };
    let Some(length) = length else {
        let mut nodes = Vec::new();
        let mut rest = rest;
        while !rest.starts_with(&[0, 0]) {
            let (node, after) = element(rest, depth + 1)?;
            nodes.push(node);
            rest = after;
        }
        return Some((Node { identifier, body: Body::Nodes(nodes) }, rest.get(2..)?));
    };
    let (content, after) = (rest.get(..length)?, &rest[length..]);
    let inner = (first & 0x20 != 0).then(|| parse(content, depth + 1)).flatten();
    let body = inner.map_or_else(|| Body::Octets(content.to_vec()), Body::Nodes);
    Some((Node { identifier, body }, after))
}

/// Writes elements with definite lengths.
pub fn write(nodes: &[Node]) -> Vec<u8> {
    let mut out = Vec::new();
    for node in nodes {
        let content = match &node.body {
            Body::Octets(octets) => octets.clone(),
            Body::Nodes(nodes) => write(nodes),
        };
        out.extend_from_slice(&node.identifier);
        match content.len() {
            short @ 0..0x80 => out.push(u8::try_from(short).unwrap()),
            long => {
                let digits: Vec<u8> =
                    long.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
                out.push(0x80 | u8::try_from(digits.len()).unwrap());
                out.extend_from_slice(&digits);
            }
        }
        out.extend_from_slice(&content);
    }
    out
}

/// Changes one element somewhere in the tree, all lengths around it being made right again: doubled, removed, exchanged with
/// its neighbour, replaced by one of `others`, another tag, other octets.
pub fn change(nodes: &mut Vec<Node>, others: &[Node], rng: &mut SeededRng) {
    if nodes.is_empty() {
        return;
    }
    let at = rng.below(nodes.len());
    let is_leaf = matches!(nodes[at].body, Body::Octets(_));
    // Down the tree more often than not.
    if !is_leaf && rng.below(4) != 0 {
        if let Body::Nodes(inner) = &mut nodes[at].body {
            change(inner, others, rng);
        }
        return;
    }
    match rng.below(7) {
        0 => nodes.insert(at, nodes[at].clone()),
        1 => drop(nodes.remove(at)),
        2 => {
            let other = rng.below(nodes.len());
            nodes.swap(at, other);
        }
        3 => {
            if let Some(other) = any(others, rng) {
                nodes[at] = other.clone();
            }
        }
        4 => {
            if let Some(other) = any(others, rng) {
                nodes.insert(at, other.clone());
            }
        }
        5 => nodes[at].identifier[0] ^= 1 << rng.below(8),
        _ => {
            if let Body::Octets(octets) = &mut nodes[at].body
                && !octets.is_empty()
            {
                let position = rng.below(octets.len());
                octets[position] ^= 1 << rng.below(8);
            }
        }
    }
}

/// Some element of a tree.
fn any<'a>(nodes: &'a [Node], rng: &mut SeededRng) -> Option<&'a Node> {
    let node = nodes.get(rng.below(nodes.len()))?;
    match &node.body {
        Body::Nodes(inner) if rng.below(4) != 0 => any(inner, rng).or(Some(node)),
        _ => Some(node),
    }
}
