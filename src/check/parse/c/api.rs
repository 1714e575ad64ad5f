//! The table of what functions reach (`rules/api/c.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use crate::model::CapabilityKind;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    api: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    names: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    gives: Vec<String>,
}

/// The table built into the program.
struct Api {
    reach: BTreeMap<String, CapabilityKind>,
    search: AhoCorasick,
}

static API: LazyLock<Api> = LazyLock::new(|| {
    // A test parses the file; a table that cannot be read must not pass as one that holds nothing.
    let file: File =
        ::toml::from_str(include_str!("../../../../rules/api/c.toml")).expect("rules/api/c.toml is valid");
    let mut reach = BTreeMap::new();
    for entry in file.api {
        let kind = entry.gives.first().and_then(|name| CapabilityKind::parse(name));
        let kind = kind.expect("rules/api/c.toml names capabilities");
        reach.extend(entry.names.into_iter().map(|name| (name, kind)));
    }
    // What is worth a look without being a call that reaches anything.
    let more =
        ["mmap", "VirtualAlloc", "mprotect", "VirtualProtect", "dup2", "environ", "ofstream", "RegSetValue"];
    let search = AhoCorasick::new(reach.keys().map(String::as_str).chain(more));
    Api { reach, search: search.unwrap_or_else(|error| unreachable!("{error}")) }
});

/// What a function of that name reaches.
pub fn reach(name: &str) -> Option<CapabilityKind> {
    API.reach.get(name).copied()
}

/// Whether a text may hold a call that reaches something.
pub fn may_reach(text: &str) -> bool {
    API.search.is_match(text)
}
