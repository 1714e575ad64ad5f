//! Criteria: names, what each implies, and sets of them.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Criterion;

/// Built in: can be compiled, run and tested without surprise.
pub const SAFE_TO_RUN: &str = "safe-to-run";
/// Built in: can be used where others reach it; implies [`SAFE_TO_RUN`].
pub const SAFE_TO_DEPLOY: &str = "safe-to-deploy";

/// A set of criteria that holds with each what it implies.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set(BTreeSet<usize>);

impl Set {
    /// Whether one criterion is in it.
    pub fn has(&self, one: usize) -> bool {
        self.0.contains(&one)
    }

    /// Takes all of another in; whether that changed anything.
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.extend(&other.0);
        self.0.len() != before
    }

    /// Its members.
    pub fn members(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Takes one in.
    pub fn insert(&mut self, one: usize) {
        self.0.insert(one);
    }
}

/// All criteria of a project.
#[derive(Debug, Clone)]
pub struct Criteria {
    names: Vec<String>,
    closures: Vec<Set>,
}

impl Criteria {
    /// The two that are built in and those of a file; a name that `implies` and no entry has is
    /// passed over, the reader having refused it.
    pub fn new(own: &BTreeMap<String, Criterion>) -> Self {
        let mut names = vec![SAFE_TO_RUN.to_owned(), SAFE_TO_DEPLOY.to_owned()];
        names.extend(own.keys().filter(|name| !is_built_in(name)).cloned());
        let number = |name: &str| names.iter().position(|known| known == name);
        let mut direct: Vec<Vec<usize>> = vec![Vec::new(), vec![0]];
        direct.extend(
            names[2..]
                .iter()
                .map(|name| own[name].implies.iter().filter_map(|implied| number(implied)).collect()),
        );
        let closures = (0..names.len())
            .map(|start| {
                let mut set = Set::default();
                let mut open = vec![start];
                while let Some(one) = open.pop() {
                    if set.0.insert(one) {
                        open.extend(&direct[one]);
                    }
                }
                set
            })
            .collect();
        Self { names, closures }
    }

    /// What a name stands for, with what it implies.
    pub fn one(&self, name: &str) -> Option<&Set> {
        Some(&self.closures[self.number(name)?])
    }

    /// The number of a name.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// What a list of names stands for; unknown names add nothing.
    pub fn set<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Set {
        let mut out = Set::default();
        for set in names.into_iter().filter_map(|name| self.one(name)) {
            out.merge(set);
        }
        out
    }

    /// The members that no other member implies, by number. Of criteria that imply each other all
    /// stay.
    pub fn heads(&self, set: &Set) -> Vec<usize> {
        let implied = |one: usize| {
            set.0
                .iter()
                .any(|&other| other != one && self.closures[other].has(one) && !self.closures[one].has(other))
        };
        set.0.iter().copied().filter(|&one| !implied(one)).collect()
    }

    /// The names of [`Self::heads`], those that are built in first.
    pub fn names(&self, set: &Set) -> Vec<String> {
        self.heads(set).into_iter().map(|one| self.names[one].clone()).collect()
    }

    /// The name of one criterion.
    pub fn name(&self, one: usize) -> &str {
        &self.names[one]
    }

    /// All of them, by number.
    pub fn all(&self) -> Set {
        Set((0..self.names.len()).collect())
    }
}

/// Whether a name is one of the two that every project has.
pub fn is_built_in(name: &str) -> bool {
    matches!(name, SAFE_TO_RUN | SAFE_TO_DEPLOY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criterion(implies: &[&str]) -> Criterion {
        Criterion {
            description: None,
            description_url: None,
            implies: implies.iter().map(|&name| name.to_owned()).collect(),
            aggregated_from: Vec::new(),
            at: crate::model::Location { file: "audits.toml".into(), line: 1, column: 1 },
        }
    }

    #[test]
    fn what_is_implied_is_implied_through_others() {
        let own = BTreeMap::from([
            ("a".to_owned(), criterion(&["b"])),
            ("b".to_owned(), criterion(&[SAFE_TO_DEPLOY])),
            ("c".to_owned(), criterion(&["d"])),
            ("d".to_owned(), criterion(&["c"])),
        ]);
        let criteria = Criteria::new(&own);
        let a = criteria.one("a").unwrap();
        assert!(["a", "b", SAFE_TO_DEPLOY, SAFE_TO_RUN].iter().all(|n| a.has(criteria.number(n).unwrap())));
        assert_eq!(criteria.names(a), ["a"]);
        assert_eq!(criteria.names(criteria.one("c").unwrap()), ["c", "d"]);
        assert_eq!(criteria.names(&criteria.set(&["b".to_owned(), SAFE_TO_RUN.to_owned()])), ["b"]);
        assert!(criteria.one("e").is_none());
    }
}
