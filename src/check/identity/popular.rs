//! The names worth imitating: `rules/data/popular-*.txt`, one name a line, the most popular first;
//! the line that begins with `#` says where the list is from.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::model::Ecosystem;

use super::distance::skeleton;

/// Popular names of one ecosystem.
#[derive(Debug)]
pub(super) struct Popular {
    /// By rank, 0 the most popular.
    pub names: Vec<&'static str>,
    rank: HashMap<&'static str, usize>,
    /// Without separators, lower case, to the best rank that has it.
    pub squeezed: HashMap<String, usize>,
    /// By what the eye takes in ([`skeleton`]), to the best rank that has it.
    pub shapes: HashMap<String, usize>,
    /// Ranks by length in bytes.
    by_length: Vec<Vec<usize>>,
    /// npm scopes (`@babel`) that at least [`SCOPE_MEMBERS`] popular names have.
    pub scopes: Vec<&'static str>,
    scope_set: HashSet<&'static str>,
}

/// Popular names that make a scope worth imitating.
const SCOPE_MEMBERS: usize = 3;

static NPM: LazyLock<Popular> =
    LazyLock::new(|| Popular::new(include_str!("../../../rules/data/popular-npm.txt")));
static CRATES: LazyLock<Popular> =
    LazyLock::new(|| Popular::new(include_str!("../../../rules/data/popular-crates.txt")));

static NONE: LazyLock<Popular> = LazyLock::new(|| Popular::new(""));

/// The list of an ecosystem; empty where there is none.
pub(super) fn of(ecosystem: Ecosystem) -> &'static Popular {
    match ecosystem {
        Ecosystem::Npm => &NPM,
        Ecosystem::Cargo => &CRATES,
        _ => &NONE,
    }
}

impl Popular {
    fn new(text: &'static str) -> Self {
        let names: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let mut this = Self {
            rank: HashMap::with_capacity(names.len()),
            squeezed: HashMap::with_capacity(names.len()),
            shapes: HashMap::with_capacity(names.len()),
            by_length: Vec::new(),
            scopes: Vec::new(),
            scope_set: HashSet::new(),
            names,
        };
        let mut members: HashMap<&str, usize> = HashMap::new();
        for (rank, name) in this.names.iter().enumerate() {
            this.rank.entry(name).or_insert(rank);
            this.squeezed.entry(squeeze(name)).or_insert(rank);
            this.shapes.entry(skeleton(name)).or_insert(rank);
            if this.by_length.len() <= name.len() {
                this.by_length.resize(name.len() + 1, Vec::new());
            }
            this.by_length[name.len()].push(rank);
            if let Some((scope, _)) = name.split_once('/') {
                let count = members.entry(scope).or_default();
                *count += 1;
                if *count == SCOPE_MEMBERS {
                    this.scopes.push(scope);
                    this.scope_set.insert(scope);
                }
            }
        }
        this
    }

    /// The rank of a name; crates are found under `-` and `_` alike.
    pub(super) fn rank(&self, ecosystem: Ecosystem, name: &str) -> Option<usize> {
        self.rank.get(name).copied().or_else(|| match ecosystem {
            Ecosystem::Cargo => {
                let other = [name.replace('_', "-"), name.replace('-', "_")];
                other.iter().find_map(|name| self.rank.get(name.as_str()).copied())
            }
            _ => None,
        })
    }

    /// Ranks of the names whose length differs by at most one.
    pub(super) fn near(&self, length: usize) -> impl Iterator<Item = usize> + '_ {
        (length.saturating_sub(1)..=length + 1)
            .filter_map(|length| self.by_length.get(length))
            .flatten()
            .copied()
    }

    /// Whether the scope is a popular one.
    pub(super) fn is_scope(&self, scope: &str) -> bool {
        self.scope_set.contains(scope)
    }
}

/// A name without what separates its words, lower case; the scope stays apart.
pub(super) fn squeeze(name: &str) -> String {
    name.chars().filter(|c| !['-', '_', '.'].contains(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_name_their_source_and_hold_no_name_twice() {
        for (ecosystem, text) in [
            (Ecosystem::Npm, include_str!("../../../rules/data/popular-npm.txt")),
            (Ecosystem::Cargo, include_str!("../../../rules/data/popular-crates.txt")),
        ] {
            assert!(text.starts_with("# "));
            let popular = of(ecosystem);
            assert!(popular.names.len() > 1000, "{}", popular.names.len());
            assert_eq!(popular.rank.len(), popular.names.len());
        }
        assert!(of(Ecosystem::Npm).is_scope("@babel") && !of(Ecosystem::Npm).is_scope("@bable"));
    }
}
