//! Whether audits lead from nothing to a version.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::cover::{By, Step};
use super::edges::{Edge, Entries};
use super::version::VetVersion;

/// The edges of one name and the version that is to be reached.
#[derive(Debug)]
pub struct Search<'a> {
    target: &'a VetVersion,
    from: BTreeMap<Option<&'a VetVersion>, Vec<&'a Edge>>,
}

impl<'a> Search<'a> {
    /// Sorts the edges by where they start.
    pub fn new(entries: &'a Entries<'_>, target: &'a VetVersion) -> Self {
        let mut from: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for edge in &entries.edges {
            from.entry(edge.from.as_ref()).or_default().push(edge);
        }
        Self { target, from }
    }

    /// The shortest path whose every edge shows the criterion; where there is none without an
    /// exemption, that from the lowest exempted version which leads there, as cargo-vet has it.
    pub fn path(&self, criterion: usize) -> Option<Vec<Step>> {
        let audited = |edge: &Edge| edge.by != By::Exemption;
        self.walk(criterion, audited).or_else(|| {
            let whole = self.from.get(&None).into_iter().flatten();
            let exempted = whole.filter(|edge| edge.by == By::Exemption);
            exempted.copied().find_map(|exemption| {
                self.walk(criterion, |edge| {
                    std::ptr::eq(edge, exemption) || (edge.from.is_some() && audited(edge))
                })
            })
        })
    }

    fn walk(&self, criterion: usize, may: impl Fn(&Edge) -> bool) -> Option<Vec<Step>> {
        let mut by: BTreeMap<&VetVersion, &Edge> = BTreeMap::new();
        let mut seen: BTreeSet<Option<&VetVersion>> = BTreeSet::from([None]);
        let mut open = VecDeque::from([None]);
        while let Some(here) = open.pop_front() {
            if here == Some(self.target) {
                return Some(steps(&by, self.target));
            }
            for &edge in self.from.get(&here).into_iter().flatten() {
                if edge.criteria.has(criterion) && may(edge) && seen.insert(Some(&edge.to)) {
                    by.insert(&edge.to, edge);
                    open.push_back(Some(&edge.to));
                }
            }
        }
        None
    }
}

fn steps(by: &BTreeMap<&VetVersion, &Edge>, target: &VetVersion) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut here = Some(target);
    while let Some(edge) = here.and_then(|version| by.get(version)) {
        steps.push(Step {
            by: edge.by,
            from: edge.from.as_ref().map(ToString::to_string),
            to: edge.to.to_string(),
            entry: edge.entry.clone(),
        });
        here = edge.from.as_ref();
    }
    steps.reverse();
    steps
}
