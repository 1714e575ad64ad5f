//! From the lockfile's dependency strings to edges; those of the project's own packages take
//! kind, requirement, platform and line from their manifests.

use std::collections::HashMap;

use semver::{Version, VersionReq};

use super::lock::Lock;
use super::packages::Pinned;
use crate::discover::manifest::{Declared, Manifest};
use crate::discover::paths;
use crate::discover::workspace::Local;
use crate::model::{Dependency, DependencyKind, Finding, Location, Span};
use crate::resolve::Resolution;

/// Edges that one ambiguous string may give. Cargo never writes such a string; the finding says
/// so, and the edges keep the candidates reachable.
const MAX_AMBIGUOUS: usize = 8;

/// Findings about one package's dependency strings; what is beyond is counted in the last one.
const MAX_DANGLING: usize = 20;

/// Where each entry stands under the three ways to name it.
struct Names<'a> {
    name: HashMap<&'a str, Vec<usize>>,
    version: HashMap<(&'a str, &'a str), Vec<usize>>,
    source: HashMap<(&'a str, &'a str, &'a str), usize>,
}

/// Builds the edges.
pub fn build(lock: &Lock<'_>, local: &Local, pinned: &Pinned, out: &mut Resolution) {
    let names = Names::new(lock);
    let mut targets = Vec::new();
    for (from, entry) in lock.entries.iter().enumerate() {
        let purl = &pinned.purls[from];
        targets.clear();
        let mut dangling = 0;
        for (text, at) in entry.dependencies.iter().chain(&entry.replace) {
            let found = names.find(text);
            if found.len() != 1 {
                dangling += 1;
            }
            if found.len() != 1 && dangling <= MAX_DANGLING {
                let what =
                    if found.is_empty() { "is not in the lockfile" } else { "names more than one package" };
                let text = crate::model::escape(text);
                let message = format!("`{}` asks for `{text}`, which {what}", entry.name);
                out.findings
                    .push((purl.clone(), Finding::new("lockfile/dangling", message, vec![lock.span(at)])));
            }
            targets.extend(found.iter().take(MAX_AMBIGUOUS).map(|&to| (to, at)));
        }
        if dangling > MAX_DANGLING {
            let message =
                format!("`{}` asks for {} more that cannot be told", entry.name, dangling - MAX_DANGLING);
            let spans = vec![lock.span(&entry.at)];
            out.findings.push((purl.clone(), Finding::new("lockfile/dangling", message, spans)));
        }
        let manifest = pinned.folders[from].as_ref().and_then(|dir| local.manifests.get(dir));
        let declared = manifest.map(|manifest| effective(local, manifest)).unwrap_or_default();
        let mut by_name: HashMap<&str, Vec<&Declared>> = HashMap::new();
        for one in &declared {
            by_name.entry(&one.package).or_default().push(one);
        }
        for &(to, at) in &targets {
            let target = &lock.entries[to];
            let plain = Dependency {
                from: purl.clone(),
                to: pinned.purls[to].clone(),
                kind: DependencyKind::Normal,
                requirement: String::new(),
                platform: None,
                declared: lock.location(at),
            };
            let candidates = by_name.get(target.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let fitting: Vec<_> =
                candidates.iter().filter(|one| fits(one.requirement.as_deref(), &target.version)).collect();
            if fitting.is_empty() {
                out.dependencies.push(plain);
            } else {
                out.dependencies.extend(fitting.into_iter().map(|one| Dependency {
                    kind: one.kind,
                    requirement: one.requirement.clone().unwrap_or_default(),
                    platform: one.platform.clone(),
                    declared: location(&one.span),
                    ..plain.clone()
                }));
            }
        }
        let Some(manifest) = manifest else { continue };
        let member = local.members.binary_search(&manifest.dir).is_ok();
        let mut locked: HashMap<&str, Vec<&str>> = HashMap::new();
        for &(to, _) in &targets {
            let target = &lock.entries[to];
            locked.entry(&target.name).or_default().push(&target.version);
        }
        for one in &declared {
            // Only a member's dev and optional dependencies are always in the lockfile.
            if !member && (one.optional || one.kind == DependencyKind::Dev) {
                continue;
            }
            let versions = locked.get(one.package.as_str()).map(Vec::as_slice).unwrap_or_default();
            if versions.iter().any(|version| fits(one.requirement.as_deref(), version)) {
                continue;
            }
            let message = match (versions, &one.requirement) {
                ([], _) => format!("the lockfile holds no `{}` for `{}`", one.package, entry.name),
                (versions, Some(requirement)) => format!(
                    "`{}` asks for `{}` {requirement}, and the lockfile holds {}",
                    entry.name,
                    one.package,
                    versions.join(", ")
                ),
                _ => continue,
            };
            out.findings.push((
                purl.clone(),
                Finding::new("lockfile/manifest-mismatch", message, vec![one.span.clone()]),
            ));
        }
    }
}

impl<'a> Names<'a> {
    fn new(lock: &'a Lock<'_>) -> Self {
        let mut this = Self { name: HashMap::new(), version: HashMap::new(), source: HashMap::new() };
        for (at, entry) in lock.entries.iter().enumerate() {
            let (name, version) = (entry.name.as_str(), entry.version.as_str());
            this.name.entry(name).or_default().push(at);
            this.version.entry((name, version)).or_default().push(at);
            if let Some(source) = &entry.source {
                this.source.entry((name, version, plain(source))).or_insert(at);
            }
        }
        this
    }

    /// The entries that `name`, `name version` or `name version (source)` names.
    fn find(&self, text: &'a str) -> Vec<usize> {
        let mut words = text.splitn(3, ' ');
        let name = words.next().unwrap_or("");
        let some = |found: Option<&Vec<usize>>| {
            // One more than is used, so that the caller sees that it is too many.
            found.map(|found| found.iter().copied().take(MAX_AMBIGUOUS + 1).collect()).unwrap_or_default()
        };
        match (words.next(), words.next()) {
            (None, _) => some(self.name.get(name)),
            (Some(version), None) => some(self.version.get(&(name, version))),
            (Some(version), Some(source)) => {
                let source = source.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or("");
                self.source.get(&(name, version, plain(source))).copied().into_iter().collect()
            }
        }
    }
}

/// A source without the commit: dependency strings leave it out, but for those of version 1.
fn plain(source: &str) -> &str {
    source.split('#').next().unwrap_or(source)
}

/// Whether a requirement allows a version; one that is not given or cannot be read allows all.
fn fits(requirement: Option<&str>, version: &str) -> bool {
    let Some(Ok(requirement)) = requirement.map(VersionReq::parse) else { return true };
    Version::parse(version).is_ok_and(|version| requirement.matches(&version))
}

/// A manifest's dependencies with what they inherit filled in.
fn effective(local: &Local, manifest: &Manifest) -> Vec<Declared> {
    let workspace = paths::ancestors(&manifest.dir)
        .filter_map(|dir| local.manifests.get(dir))
        .find_map(|above| above.workspace.as_ref())
        .or_else(|| local.manifests.values().find_map(|manifest| manifest.workspace.as_ref()));
    let mut out = manifest.dependencies.clone();
    for one in out.iter_mut().filter(|one| one.inherited) {
        let from = workspace
            .and_then(|workspace| workspace.dependencies.iter().find(|inherited| inherited.key == one.key));
        if let Some(from) = from {
            one.package.clone_from(&from.package);
            one.requirement.clone_from(&from.requirement);
            one.path.clone_from(&from.path);
            one.git = from.git;
        }
    }
    out
}

fn location(span: &Span) -> Location {
    Location { file: span.file.clone(), line: span.line, column: span.column }
}
