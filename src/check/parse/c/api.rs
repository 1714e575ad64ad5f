//! The table of what functions reach (`rules/api/c.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::shell::api;
use crate::model::CapabilityKind;
use aho_corasick::AhoCorasick;

/// The table built into the program.
struct Api {
    reach: BTreeMap<String, CapabilityKind>,
    search: AhoCorasick,
}

static API: LazyLock<Api> = LazyLock::new(|| {
    let mut reach = BTreeMap::new();
    for (names, gives) in api::entries(include_str!("../../../../rules/api/c.toml")) {
        let &kind = gives.first().expect("rules/api/c.toml names capabilities");
        reach.extend(names.into_iter().map(|name| (name, kind)));
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
