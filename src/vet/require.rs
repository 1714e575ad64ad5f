//! What the project asks of each package: from the roots down, along the edges.
//!
//! A root (nothing asks for it) must meet `safe-to-deploy`, and what it needs to run or to be
//! built must meet what it must. What a package needs for its own development must meet
//! `safe-to-run`. A policy's `criteria` stand in place of what dependants ask, its
//! `dependency-criteria` in place of what would be asked of those dependencies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Store;
use super::criteria::{SAFE_TO_DEPLOY, SAFE_TO_RUN, Set};
use super::entry::{Policy, PolicyKey};
use super::version::VetVersion;
use crate::model::{Dependency, DependencyKind, Ecosystem, Package, Source};

/// A package to be audited and what is asked of it.
#[derive(Debug)]
pub struct Need<'a> {
    /// Which.
    pub package: &'a Package,
    /// Its version as audits write it.
    pub version: VetVersion,
    /// With what is implied.
    pub required: Set,
}

/// What is asked of every Cargo package.
#[derive(Debug)]
pub struct Needs<'a> {
    store: &'a Store,
    packages: Vec<&'a Package>,
    required: Vec<Set>,
}

/// An edge between two places of the list of packages.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: usize,
    to: usize,
    dev: bool,
}

impl<'a> Needs<'a> {
    /// Spreads the requirements. Packages of other ecosystems are passed over, edges likewise.
    pub fn new(store: &'a Store, packages: &'a [Package], dependencies: &[Dependency]) -> Self {
        let (packages, edges) = built(packages, dependencies);
        let mut this = Self { store, required: vec![Set::default(); packages.len()], packages };
        this.spread(&edges);
        this
    }

    /// The packages that are to be audited, in the order of the graph.
    pub fn audited(&self) -> impl Iterator<Item = Need<'a>> {
        self.packages.iter().zip(&self.required).filter_map(|(package, required)| {
            let version = audited_as(self.store, package)?;
            Some(Need { package, version, required: required.clone() })
        })
    }

    /// All packages of the build.
    pub fn packages(&self) -> impl Iterator<Item = &'a Package> + '_ {
        self.packages.iter().copied()
    }

    fn spread(&mut self, edges: &[Edge]) {
        let criteria = &self.store.criteria;
        let default = |name: &str| criteria.one(name).cloned().unwrap_or_default();
        let policies: Vec<_> = self.packages.iter().map(|package| policy(self.store, package)).collect();
        let asked: Vec<bool> = {
            let mut asked = vec![false; self.packages.len()];
            // What is there for development only is no root; a package of the project's own that
            // others use only so still is.
            let asks = |edge: &&Edge| !edge.dev || !self.packages[edge.to].first_party;
            edges.iter().filter(asks).for_each(|edge| asked[edge.to] = true);
            asked
        };
        // A policy's own criteria are the last word on its package.
        let fixed: Vec<Option<Set>> = policies
            .iter()
            .map(|policy| policy.and_then(|policy| policy.criteria.as_ref()).map(|names| criteria.set(names)))
            .collect();
        let instead = |edge: &Edge| {
            let to = self.packages[edge.to];
            let names = policies[edge.from]?.dependency_criteria.get(&to.name)?;
            Some(criteria.set(names))
        };
        let mut required: Vec<Set> = fixed
            .iter()
            .zip(&asked)
            .map(|(fixed, asked)| match fixed {
                Some(fixed) => fixed.clone(),
                None if *asked => Set::default(),
                None => default(SAFE_TO_DEPLOY),
            })
            .collect();
        let mut below: Vec<Vec<&Edge>> = vec![Vec::new(); required.len()];
        for edge in edges {
            if !edge.dev {
                below[edge.from].push(edge);
                continue;
            }
            let own = policies[edge.from].and_then(|policy| policy.dev_criteria.as_ref());
            let asks = instead(edge)
                .unwrap_or_else(|| own.map_or_else(|| default(SAFE_TO_RUN), |names| criteria.set(names)));
            if fixed[edge.to].is_none() {
                required[edge.to].merge(&asks);
            }
        }
        let mut open: VecDeque<usize> = (0..required.len()).collect();
        while let Some(from) = open.pop_front() {
            for edge in &below[from] {
                if fixed[edge.to].is_some() {
                    continue;
                }
                let asks = instead(edge).unwrap_or_else(|| required[from].clone());
                if required[edge.to].merge(&asks) {
                    open.push_back(edge.to);
                }
            }
        }
        self.required = required;
    }
}

/// The packages and edges of a build with every feature for every platform. Where cargo was asked,
/// an edge that it does not know (no requirement) is one that no choice of features makes, so it is
/// left out, and with it what only it reaches.
fn built<'a>(packages: &'a [Package], dependencies: &[Dependency]) -> (Vec<&'a Package>, Vec<Edge>) {
    let all: Vec<&Package> =
        packages.iter().filter(|package| package.ecosystem == Ecosystem::Cargo).collect();
    let at: BTreeMap<&str, usize> =
        all.iter().enumerate().map(|(at, package)| (package.purl.as_str(), at)).collect();
    let ends = |dependency: &Dependency| {
        Some((*at.get(dependency.from.as_str())?, *at.get(dependency.to.as_str())?))
    };
    // Lockfiles about which cargo was asked: it alone knows what packages from elsewhere require.
    let asked: BTreeSet<&str> = dependencies
        .iter()
        .filter(|dependency| !dependency.requirement.is_empty())
        .filter_map(|dependency| {
            let (from, _) = ends(dependency)?;
            (!all[from].first_party).then_some(dependency.declared.file.as_ref())
        })
        .collect();
    let mut edges: Vec<Edge> = dependencies
        .iter()
        .filter(|dependency| {
            !dependency.requirement.is_empty() || !asked.contains(dependency.declared.file.as_ref())
        })
        .filter_map(|dependency| {
            let (from, to) = ends(dependency)?;
            Some(Edge { from, to, dev: dependency.kind == DependencyKind::Dev })
        })
        .collect();
    let mut reached: Vec<bool> = all.iter().map(|package| package.first_party).collect();
    if !reached.contains(&true) {
        return (all, edges);
    }
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    edges.iter().for_each(|edge| below[edge.from].push(edge.to));
    let mut open: Vec<usize> = (0..all.len()).filter(|&at| reached[at]).collect();
    while let Some(from) = open.pop() {
        for &to in &below[from] {
            if !std::mem::replace(&mut reached[to], true) {
                open.push(to);
            }
        }
    }
    let mut place = vec![0; all.len()];
    let mut kept = Vec::new();
    for (at, package) in all.into_iter().enumerate() {
        place[at] = kept.len();
        if reached[at] {
            kept.push(package);
        }
    }
    edges.retain(|edge| reached[edge.from]);
    edges.iter_mut().for_each(|edge| (edge.from, edge.to) = (place[edge.from], place[edge.to]));
    (kept, edges)
}

/// The policy of a package: that of its version, else that of its name.
fn policy<'a>(store: &'a Store, package: &Package) -> Option<&'a Policy> {
    let policies = &store.config.policy;
    let version = audit_version(package);
    policies
        .get(&PolicyKey { name: package.name.clone(), version })
        .or_else(|| policies.get(&PolicyKey { name: package.name.clone(), version: None }))
}

/// The version with the commit, where it is from a repository; `None` where it is no version.
pub fn audit_version(package: &Package) -> Option<VetVersion> {
    let version = semver::Version::parse(&package.version).ok()?;
    let commit = match &package.source {
        Source::Git { commit, .. } => commit.clone(),
        _ => None,
    };
    Some(VetVersion { version, commit })
}

/// As which version a package is audited; `None` where it is not.
fn audited_as(store: &Store, package: &Package) -> Option<VetVersion> {
    let published = matches!(&package.source, Source::Registry { registry: None, .. });
    let told = || policy(store, package).is_some_and(|policy| policy.audit_as_crates_io == Some(true));
    if published || told() { audit_version(package) } else { None }
}
