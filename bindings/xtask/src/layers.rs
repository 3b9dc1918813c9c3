//! The layer rules of the design, checked against `cargo metadata`, and the layer picture in
//! docs/ARCHITECTURE.md, checked against the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::run::call;

/// Which crates of the workspace a crate may depend on (not counting dev-dependencies).
const ALLOWED: [(&str, &[&str]); 13] = [
    ("smime", &[]),
    ("mail", &[]),
    ("engine", &["smime", "mail"]),
    ("store", &["engine", "smime", "mail"]),
    ("client", &["store", "engine", "smime", "mail"]),
    ("testkit", &["client", "store", "engine", "smime", "mail"]),
    ("fuzz", &["testkit", "engine", "smime", "mail"]),
    ("countersign", &["client"]),
    ("countersign-ffi", &["client"]),
    ("bench", &["smime"]),
    ("bindgen", &[]),
    ("strings", &[]),
    ("xtask", &["strings"]),
];

/// Crates without clock, random source or socket.
const PURE: [&str; 3] = ["smime", "mail", "engine"];

/// What they never reach, through any number of crates.
const IMPURE: [&str; 6] = ["tokio", "sled", "tantivy", "reqwest", "rustls", "uniffi"];

/// Who may name tokio: the network crates and the programs that start a runtime.
const WITH_TOKIO: [&str; 3] = ["client", "countersign-gateway", "countersign"];

/// Dependencies by package name, as `cargo metadata` resolved them for this machine's target.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Crates of the workspace.
    pub members: BTreeSet<String>,
    /// Crate → crates it needs to be built and run.
    pub needs: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Asks cargo about the workspace in `root`; no network.
    pub fn of(root: &Path) -> Result<Self> {
        let version = call("rustc").arg("-vV").ok()?.out();
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let said = call("cargo")
            .words("metadata --format-version 1 --locked --offline --filter-platform")
            .arg(host)
            .within(root)
            .ok()?;
        let json: Value = serde_json::from_slice(&said.stdout)
            .map_err(|error| Error::Check(format!("cargo metadata is not JSON: {error}")))?;
        Ok(Self::read(&json))
    }

    #[allow(clippy::indexing_slicing, reason = "an absent member of a JSON value is null, no panic")]
    fn read(json: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> = list(&json["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let name = |id: &Value| names.get(&text(id)).cloned().unwrap_or_default();
        let mut graph =
            Self { members: list(&json["workspace_members"]).iter().map(name).collect(), ..Self::default() };
        for node in list(&json["resolve"]["nodes"]) {
            let from = name(&node["id"]);
            for dependency in list(&node["deps"]) {
                let to = name(&dependency["pkg"]);
                // A dependency of tests alone breaks no layer.
                if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev") {
                    graph.needs.entry(from.clone()).or_default().insert(to);
                }
            }
        }
        graph
    }

    fn needs(&self, name: &str) -> impl Iterator<Item = &str> {
        self.needs.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Crates of the workspace that `name` needs.
    fn layers_below(&self, name: &str) -> BTreeSet<&str> {
        self.needs(name).filter(|other| self.members.contains(*other)).collect()
    }

    /// The way from `from` to `to`, if there is one.
    fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut ways = vec![vec![from.to_owned()]];
        let mut seen = BTreeSet::from([from.to_owned()]);
        while let Some(way) = ways.pop() {
            let last = way.last().cloned().unwrap_or_default();
            if last == to {
                return Some(way);
            }
            for next in self.needs(&last) {
                if seen.insert(next.to_owned()) {
                    ways.push(way.iter().cloned().chain([next.to_owned()]).collect());
                }
            }
        }
        None
    }

    /// Every broken rule, in words.
    pub fn broken_rules(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for member in &self.members {
            let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == member) else {
                broken.push(format!("{member} has no place in the layer rules"));
                continue;
            };
            for below in self.layers_below(member) {
                // What fuzzers call is for tests as a whole.
                if below == "testkit" && member != "fuzz" {
                    broken.push(format!("{member} needs testkit outside its tests"));
                } else if !allowed.contains(&below) {
                    broken.push(format!("{member} must not depend on {below}"));
                }
            }
            if !WITH_TOKIO.contains(&member.as_str()) && self.needs(member).any(|name| name == "tokio") {
                broken.push(format!("{member} must not name tokio"));
            }
        }
        for pure in PURE {
            for impure in IMPURE {
                if let Some(way) = self.way(pure, impure) {
                    broken.push(format!("{pure} must not reach {impure}: {}", way.join(" → ")));
                }
            }
        }
        broken
    }

    /// Every difference between the fenced block `layers` of a document and the crates.
    pub fn differences(&self, document: &str) -> Vec<String> {
        let mut drawn: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let block = document.lines().skip_while(|line| line.trim() != "```layers").skip(1);
        for line in block.take_while(|line| line.trim() != "```") {
            let (name, below) = line.split_once("->").unwrap_or((line, ""));
            let below = below.split(',').map(str::trim).filter(|word| !word.is_empty());
            drawn.insert(name.trim().to_owned(), below.collect());
        }
        if drawn.is_empty() {
            return vec!["it has no fenced block `layers`".to_owned()];
        }
        let mut differences = Vec::new();
        for member in &self.members {
            let below = self.layers_below(member);
            match drawn.remove(member) {
                None => differences.push(format!("{member} is not in the picture")),
                Some(picture) if picture != below => {
                    differences.push(format!("{member} depends on {below:?}, the picture says {picture:?}"));
                }
                Some(_) => {}
            }
        }
        differences.extend(drawn.keys().map(|name| format!("{name} is in the picture, but no crate")));
        differences
    }
}
