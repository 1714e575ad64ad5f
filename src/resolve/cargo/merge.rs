//! Puts what cargo said into the lockfile's resolution.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::lock::Lock;
use super::metadata::{Facts, Known};
use super::packages::Pinned;
use super::source;
use crate::discover::Project;
use crate::model::{Dependency, Finding, Location, Span};
use crate::resolve::Resolution;

/// Merges. Packages and edges of the lockfile that cargo does not know stay; packages that cargo
/// knows and the lockfile does not are a finding.
pub fn merge(
    root: &Path,
    project: &Project,
    lock: &Lock<'_>,
    pinned: &Pinned,
    facts: &Facts,
    out: &mut Resolution,
) {
    let at: HashMap<String, usize> =
        out.packages.iter().enumerate().map(|(at, package)| (package.purl.clone(), at)).collect();
    let purls: Vec<Option<String>> = facts.packages.iter().map(|known| purl(root, known)).collect();
    for (known, purl) in facts.packages.iter().zip(&purls) {
        let Some(package) = purl.as_ref().and_then(|purl| at.get(purl)).map(|&at| &mut out.packages[at])
        else {
            out.findings.push((
                pinned.root.clone(),
                Finding::new(
                    "lockfile/out-of-date",
                    format!(
                        "cargo resolves `{}` {}, which is not in the lockfile",
                        known.name, known.version
                    ),
                    vec![Span::file(project.lockfile.as_str())],
                ),
            ));
            continue;
        };
        package.licence.clone_from(&known.licence);
        package.features.clone_from(&known.features);
    }
    // Where each edge is declared: the member's manifest, else the lockfile.
    let mut exact: HashMap<(&str, &str, crate::model::DependencyKind, Option<&str>), &Location> =
        HashMap::new();
    let mut any: HashMap<(&str, &str), &Location> = HashMap::new();
    for edge in &out.dependencies {
        exact.insert((&edge.from, &edge.to, edge.kind, edge.platform.as_deref()), &edge.declared);
        any.entry((&edge.from, &edge.to)).or_insert(&edge.declared);
    }
    let whole = Location { file: lock.index.file().clone(), line: 1, column: 1 };
    let mut edges = Vec::with_capacity(facts.edges.len());
    let mut known: HashSet<(&str, &str)> = HashSet::new();
    for edge in &facts.edges {
        let (Some(from), Some(to)) = (&purls[edge.from as usize], &purls[edge.to as usize]) else { continue };
        if !at.contains_key(from) || !at.contains_key(to) {
            continue;
        }
        known.insert((from, to));
        let declared = exact
            .get(&(from.as_str(), to.as_str(), edge.kind, edge.platform.as_deref()))
            .or_else(|| any.get(&(from.as_str(), to.as_str())))
            .map_or(&whole, |declared| declared);
        edges.push(Dependency {
            from: from.clone(),
            to: to.clone(),
            kind: edge.kind,
            requirement: edge.requirement.clone(),
            platform: edge.platform.clone(),
            declared: declared.clone(),
        });
    }
    edges.extend(
        out.dependencies
            .iter()
            .filter(|edge| !known.contains(&(edge.from.as_str(), edge.to.as_str())))
            .cloned(),
    );
    out.dependencies = edges;
}

/// The purl that the lockfile's entry got; `None` for a local package outside the root.
fn purl(root: &Path, known: &Known) -> Option<String> {
    if let Some(text) = &known.source {
        return Some(source::parse(text).purl(&known.name, &known.version));
    }
    let folder = Path::new(&known.manifest).parent()?;
    let real = std::fs::canonicalize(folder).ok()?;
    let inside = real.strip_prefix(root).or_else(|_| folder.strip_prefix(root)).ok()?;
    let dir =
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    Some(source::local_purl(&known.name, &known.version, &dir))
}
