//! Compares an audit's packages with an earlier state: a git revision or an earlier BoM.
//!
//! In: the base's packages and the current ones. Out: one [`Change`] for each current package and
//! the list of those that are gone. What a version gained is the difference of capabilities
//! between the two contents, which `audit` has checked alike.

pub mod bom;
pub mod git;
pub mod lock;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CapabilitySet, Change, Ecosystem, Package, Source};

/// A package of the base, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasePackage {
    /// Its purl.
    pub purl: String,
    /// Its world.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it was the project's own.
    pub first_party: bool,
    /// Where it came from, as text; `None` if the base does not say.
    pub source: Option<String>,
    /// Digests, as `algorithm:hex`.
    pub integrity: Vec<String>,
    /// Its capabilities, where the base knows them.
    pub capabilities: Option<CapabilitySet>,
    /// Its install-time scripts, where the base knows them.
    pub install_scripts: Option<Vec<String>>,
}

impl BasePackage {
    /// What a lockfile at the base says of a package.
    pub fn of(package: &Package) -> Self {
        Self {
            purl: package.purl.clone(),
            ecosystem: package.ecosystem,
            name: package.name.clone(),
            version: package.version.clone(),
            first_party: package.first_party,
            source: Some(source_text(&package.source)),
            integrity: package.integrity.iter().map(ToString::to_string).collect(),
            capabilities: None,
            install_scripts: None,
        }
    }
}

/// A source in one line.
pub fn source_text(source: &Source) -> String {
    match source {
        Source::Registry { registry, url } => match (registry, url) {
            (_, Some(url)) => url.clone(),
            (Some(registry), None) => registry.clone(),
            (None, None) => "default registry".to_owned(),
        },
        Source::Git { url, commit } => format!("git {url} {}", commit.as_deref().unwrap_or("")),
        Source::Path { path } => format!("folder {path}"),
        Source::Tarball { url } | Source::Remote { url } => url.clone(),
        Source::Entry { path, pointer } => format!("entry {pointer} of {path}"),
        Source::File { path } => format!("file {path}"),
        Source::Bundled { within, path } => format!("bundled in {within} at {path}"),
    }
}

/// The comparison: for each current package, in the order given, its change and the base's
/// counterpart (index into `base`); and the purls that are gone, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// One for each current package.
    pub changes: Vec<(Change, Option<usize>)>,
    /// Purls of the base that have no counterpart.
    pub removed: Vec<String>,
}

/// Pairs packages: by purl, then by name and version (another source), then, within a name, each
/// new version with the nearest version that is gone.
pub fn compare(base: &[BasePackage], current: &[Package]) -> Comparison {
    let mut left: BTreeMap<(Ecosystem, &str), BTreeSet<usize>> = BTreeMap::new();
    for (at, package) in base.iter().enumerate() {
        left.entry((package.ecosystem, &package.name)).or_default().insert(at);
    }
    let mut changes: Vec<Option<(Change, Option<usize>)>> = vec![None; current.len()];
    let passes: [fn(&BasePackage, &Package) -> bool; 2] =
        [|old, new| old.purl == new.purl, |old, new| old.version == new.version];
    for same in passes {
        for (at, new) in current.iter().enumerate() {
            if changes[at].is_some() {
                continue;
            }
            let Some(candidates) = left.get_mut(&(new.ecosystem, new.name.as_str())) else { continue };
            if let Some(&found) = candidates.iter().find(|&&old| same(&base[old], new)) {
                candidates.remove(&found);
                changes[at] = Some((resourced(&base[found], new), Some(found)));
            }
        }
    }
    for (at, new) in current.iter().enumerate() {
        if changes[at].is_some() {
            continue;
        }
        let candidates = left.entry((new.ecosystem, new.name.as_str())).or_default();
        // The newest of those that are gone: what the new version replaces.
        let found = candidates.iter().copied().max_by(|&a, &b| order(&base[a].version, &base[b].version));
        changes[at] = Some(match found {
            None => (Change::Added, None),
            Some(old) => {
                candidates.remove(&old);
                let from = base[old].version.clone();
                if order(&new.version, &from).is_ge() {
                    (Change::Upgraded { from }, Some(old))
                } else {
                    (Change::Downgraded { from }, Some(old))
                }
            }
        });
    }
    let mut removed: Vec<String> = left.into_values().flatten().map(|at| base[at].purl.clone()).collect();
    removed.sort();
    Comparison { changes: changes.into_iter().map(|c| c.unwrap_or((Change::Added, None))).collect(), removed }
}

/// Same name and version: unchanged, unless source or digests differ.
fn resourced(old: &BasePackage, new: &Package) -> Change {
    let now = BasePackage::of(new);
    if new.first_party && old.first_party {
        return Change::Unchanged;
    }
    // A lockfile may gain or lose a weaker digest of the same archive; only a digest that both
    // name and that differs means other contents.
    let algorithm = |digest: &str| digest.split(':').next().unwrap_or("").to_owned();
    let other = old.integrity.iter().any(|a| {
        let same: Vec<_> = now.integrity.iter().filter(|b| algorithm(b) == algorithm(a)).collect();
        !same.is_empty() && !same.contains(&a)
    });
    let elsewhere = old.source.as_ref().is_some_and(|source| Some(source) != now.source.as_ref());
    if old.purl == new.purl && !other && !elsewhere {
        return Change::Unchanged;
    }
    let from = match (&old.source, other) {
        (Some(source), false) => source.clone(),
        (source, _) => {
            let digests = old.integrity.join(" ");
            source.iter().cloned().chain([digests]).collect::<Vec<_>>().join(" ").trim().to_owned()
        }
    };
    Change::Resourced { from: if from.is_empty() { old.purl.clone() } else { from } }
}

/// Semantic versioning; what is not a version sorts as text, below those that are.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    match (semver::Version::parse(a), semver::Version::parse(b)) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (a_version, b_version) => a_version.is_ok().cmp(&b_version.is_ok()).then_with(|| a.cmp(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, Location, purl};

    fn package(name: &str, version: &str, source: Source) -> Package {
        let qualifier = match &source {
            Source::Git { url, .. } => vec![("vcs_url", url.as_str())],
            _ => Vec::new(),
        };
        Package {
            purl: purl(Ecosystem::Npm, name, version, &qualifier),
            integrity: vec![Digest::sha256(name.as_bytes())],
            source,
            ..Package::registry(
                Ecosystem::Npm,
                name,
                version,
                Location { file: "l".into(), line: 1, column: 1 },
            )
        }
    }

    fn registry(name: &str, version: &str) -> Package {
        package(name, version, Source::Registry { registry: None, url: None })
    }

    #[test]
    fn each_kind_of_change_is_told() {
        let mut other_bytes = registry("bytes", "1.0.0");
        other_bytes.integrity = vec![Digest::sha256(b"other")];
        let base: Vec<_> = [
            registry("same", "1.0.0"),
            registry("up", "1.9.0"),
            registry("down", "2.0.0"),
            registry("gone", "1.0.0"),
            registry("moved", "1.0.0"),
            registry("bytes", "1.0.0"),
            registry("two", "1.0.0"),
        ]
        .iter()
        .map(BasePackage::of)
        .collect();
        let git = Source::Git { url: "https://x.invalid/r".into(), commit: Some("a".repeat(40)) };
        let now = [
            registry("same", "1.0.0"),
            registry("up", "1.10.0"),
            registry("down", "1.9.9"),
            registry("new", "1.0.0"),
            package("moved", "1.0.0", git),
            other_bytes,
            registry("two", "1.0.0"),
            registry("two", "2.0.0"),
        ];
        let got = compare(&base, &now);
        let words: Vec<String> = got.changes.iter().map(|(change, _)| format!("{change:?}")).collect();
        let digest = Digest::sha256(b"bytes");
        assert_eq!(
            words,
            [
                "Unchanged".to_owned(),
                "Upgraded { from: \"1.9.0\" }".to_owned(),
                "Downgraded { from: \"2.0.0\" }".to_owned(),
                "Added".to_owned(),
                "Resourced { from: \"default registry\" }".to_owned(),
                format!("Resourced {{ from: \"default registry {digest}\" }}"),
                "Unchanged".to_owned(),
                "Added".to_owned(),
            ]
        );
        assert_eq!(got.removed, ["pkg:npm/gone@1.0.0"]);
    }
}
