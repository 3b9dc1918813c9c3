//! The crates of this workspace keep the layer rules, and a broken rule is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;

use xtask::layers::Graph;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

#[test]
fn the_workspace_keeps_the_layer_rules() {
    let graph = Graph::of(root()).unwrap();
    assert!(graph.members.contains("smime") && graph.members.contains("countersign"), "{:?}", graph.members);
    assert_eq!(graph.broken_rules(), Vec::<String>::new());
}

#[test]
fn each_broken_rule_is_found() {
    let sound = Graph::of(root()).unwrap();
    for (from, to, fault) in [
        ("smime", "mail", "smime must not depend on mail"),
        ("engine", "store", "engine must not depend on store"),
        ("countersign", "engine", "countersign must not depend on engine"),
        ("client", "testkit", "client needs testkit outside its tests"),
        ("store", "tokio", "store must not name tokio"),
        ("mail", "reqwest", "mail must not reach reqwest: mail → reqwest"),
    ] {
        let mut graph = sound.clone();
        graph.needs.entry(from.to_owned()).or_default().insert(to.to_owned());
        let broken = graph.broken_rules();
        assert!(broken.iter().any(|rule| rule == fault), "{from} → {to}: {broken:?}");
    }
    // Through a third crate.
    let mut graph = sound.clone();
    graph.needs.entry("smime".to_owned()).or_default().insert("innocent".to_owned());
    graph.needs.entry("innocent".to_owned()).or_default().insert("rustls".to_owned());
    let broken = graph.broken_rules();
    assert!(
        broken.contains(&"smime must not reach rustls: smime → innocent → rustls".to_owned()),
        "{broken:?}"
    );
    // A new crate.
    let mut graph = sound;
    graph.members.insert("newcomer".to_owned());
    assert!(graph.broken_rules().contains(&"newcomer has no place in the layer rules".to_owned()));
}

#[test]
fn a_picture_that_lies_is_found() {
    let mut graph = Graph::default();
    graph.members.extend(["top".to_owned(), "base".to_owned()]);
    graph.needs.entry("top".to_owned()).or_default().insert("base".to_owned());
    let told = |block: &str| graph.differences(&format!("# x\n```layers\n{block}```\n"));
    assert!(told("top -> base\nbase ->\n").is_empty());
    assert_eq!(told("top -> base\n"), ["base is not in the picture"]);
    assert_eq!(told("top ->\nbase ->\n").len(), 1);
    assert_eq!(told("top -> base\nbase ->\nghost ->\n"), ["ghost is in the picture, but no crate"]);
    assert_eq!(graph.differences("no block"), ["it has no fenced block `layers`"]);
}
