//! What the lockfiles of pnpm, Yarn, Bun and Deno have in common.
//!
//! In: entries and edges that a format's own module read. Out: a [`Resolution`], with the same
//! checks of entries and edges as for npm's lockfile, and by the same code: an [`Entry`] becomes
//! npm's, in a flat tree. What differs is said by the format's module: how a requirement finds its
//! entry, and what the lockfile remembers of each `package.json`.

pub(super) mod manifests;

use std::collections::HashMap;
use std::path::Path;

use super::npm::{self, check, doc::Doc, doc::Text, edges, lock, source, spec};
use super::{Options, Resolution, ResolveError, package_url};
use crate::discover::Project;
use crate::json::ByteRange;
use crate::model::{
    Dependency, DependencyKind, Digest, Ecosystem, Finding, Gap, GapKind, Location, Package, PlatformSpec,
    Source, Span, purl,
};
use crate::yaml;

/// A text of the lockfile and where it stands.
pub(super) type Placed = (String, ByteRange);

/// One package as a lockfile pins it, or a folder of the project.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The real name; an alias is resolved.
    pub(super) name: String,
    pub(super) version: Option<Placed>,
    /// The key.
    pub(super) at: ByteRange,
    /// Folder from the lockfile's, for the project's own packages; empty for the root.
    pub(super) folder: Option<String>,
    /// Where it comes from in npm's notation (`https://…`, `git+https://…#commit`,
    /// `file:x.tgz`); `None` for the default registry.
    pub(super) resolved: Option<Placed>,
    /// Subresource Integrity of the archive.
    pub(super) integrity: Option<Placed>,
    /// Whether the lockfile pins it by something that says nothing of the registry's archive.
    pub(super) checked_otherwise: bool,
    /// Whether nothing asks for it where it cannot be installed.
    pub(super) optional: bool,
    pub(super) platform: PlatformSpec,
    /// What a patch of the project replaces.
    pub(super) patches: Option<String>,
    /// npm's, or JSR's.
    pub(super) ecosystem: Ecosystem,
    /// A module at an address, outside of any registry.
    pub(super) remote: Option<String>,
}

impl Entry {
    /// A package of the default registry of which nothing more is known.
    pub(super) fn new(name: impl Into<String>, at: ByteRange) -> Self {
        Self {
            name: name.into(),
            version: None,
            at,
            folder: None,
            resolved: None,
            integrity: None,
            checked_otherwise: false,
            optional: false,
            platform: PlatformSpec::default(),
            patches: None,
            ecosystem: Ecosystem::Npm,
            remote: None,
        }
    }

    /// A folder of the project.
    pub(super) fn folder(folder: impl Into<String>, at: ByteRange) -> Self {
        let folder = folder.into();
        let name = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("project").to_owned();
        Self { folder: Some(folder), ..Self::new(name, at) }
    }
}

/// A line that asks for a package, and what it gets.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: DependencyKind,
    /// The name that is asked for; an alias where there is one.
    pub(super) name: String,
    /// As written; empty where only the answer is known.
    pub(super) requirement: String,
    /// What the answer must satisfy, in npm's notation; `None` where that cannot be said
    /// (`workspace:`, an override).
    pub(super) check: Option<String>,
    pub(super) at: Place,
}

/// A place in the lockfile (0) or in one of the `package.json` files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) doc: usize,
    pub(super) at: ByteRange,
}

impl Place {
    /// In the lockfile.
    pub(super) fn lock(at: &ByteRange) -> Self {
        Self { doc: 0, at: at.clone() }
    }
}

/// What a format's module found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The first one is the root's folder.
    pub(super) entries: Vec<Entry>,
    pub(super) edges: Vec<Edge>,
    pub(super) findings: Vec<(usize, Finding)>,
    pub(super) gaps: Vec<(usize, Gap)>,
    pub(super) notes: Vec<String>,
}

impl Found {
    /// A finding about an entry.
    pub(super) fn add(&mut self, entry: usize, rule: &str, message: String, spans: Vec<Span>) {
        self.findings.push((entry, Finding::new(rule, message, spans)));
    }

    /// Says that there is no manifest to compare the lockfile with.
    pub(super) fn without_manifest(&mut self, lockfile: &str) {
        self.notes.push(format!(
            "{lockfile}: there is no package.json beside it, so the two could not be compared"
        ));
    }

    /// Says that the entry comes from a place that is not read.
    pub(super) fn unread(&mut self, entry: usize, name: &str, from: &str, span: Span) {
        let message = format!(
            "`{}` comes from `{}`, a source that is not read",
            crate::model::escape(name),
            crate::model::escape(from)
        );
        self.gaps.push((entry, Gap { spans: vec![span], ..Gap::new(GapKind::NotResolved, message) }));
    }

    /// Says that a patch of the project changes the entry's package when it is installed.
    pub(super) fn patched(&mut self, entry: usize, by: &str, span: Span) {
        let message = format!(
            "`{}` is changed by `{}` when it is installed; what was checked is the package without it",
            self.entries[entry].name,
            crate::model::escape(by)
        );
        self.entries[entry].patches = Some(by.to_owned());
        self.gaps.push((entry, Gap { spans: vec![span], ..Gap::new(GapKind::NotCovered, message) }));
    }
}

/// The folder of the lockfile, from the root.
pub(super) fn base(project: &Project) -> &str {
    project.lockfile.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// `path` joined to the folder `from`, both from the lockfile's.
pub(super) fn join(from: &str, path: &str) -> String {
    npm::tree::clean(&format!("{from}/{path}"))
}

/// `https://codeload.github.com/o/r/tar.gz/<commit>` as npm writes the same commit.
pub(super) fn as_git(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://codeload.github.com/")?;
    let [owner, repository, "tar.gz", commit] = rest.split('/').collect::<Vec<_>>()[..] else { return None };
    Some(format!("git+https://github.com/{owner}/{repository}.git#{commit}"))
}

/// The documents of a lockfile in YAML.
pub(super) fn yaml<'a>(doc: &Doc<'a>, help: &str) -> Result<Vec<yaml::Node<'a>>, ResolveError> {
    let text = doc.text();
    present(doc, help)?;
    if let Some(at) = npm::doc::conflict_marker(text) {
        return Err(conflict(doc, at, help));
    }
    let documents = yaml::parse_all(text)
        .map_err(|error| doc.invalid(error.offset, format!("not YAML: {}", error.message), help))?;
    for document in &documents {
        if !document.is_mapping() {
            let message = format!("expected a mapping, found {}", document.kind());
            return Err(doc.invalid(document.range.start, message, help));
        }
    }
    Ok(documents)
}

/// That the lockfile is not empty.
pub(super) fn present(doc: &Doc<'_>, help: &str) -> Result<(), ResolveError> {
    if doc.text().trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(doc.invalid(0, "the file is empty", help));
    }
    Ok(())
}

/// The error for a merge that nobody finished.
pub(super) fn conflict(doc: &Doc<'_>, at: usize, help: &str) -> ResolveError {
    doc.invalid(
        at,
        "a merge conflict is not resolved (`<<<<<<<`)",
        format!("resolve it ({help}), then audit again"),
    )
}

/// Marks as optional what the project's folders reach over optional requirements only. For
/// lockfiles that do not say it themselves.
pub(super) fn mark_optional(found: &mut Found) {
    let mut needed = vec![false; found.entries.len()];
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); found.entries.len()];
    for edge in found.edges.iter().filter(|edge| edge.kind != DependencyKind::Optional) {
        edges[edge.from].push(edge.to);
    }
    let mut todo: Vec<usize> = (0..needed.len()).filter(|at| found.entries[*at].folder.is_some()).collect();
    while let Some(at) = todo.pop() {
        if !std::mem::replace(&mut needed[at], true) {
            todo.append(&mut edges[at]);
        }
    }
    let asked: std::collections::HashSet<usize> = found.edges.iter().map(|edge| edge.to).collect();
    for (at, entry) in found.entries.iter_mut().enumerate() {
        entry.optional |= !needed[at] && asked.contains(&at);
    }
}

/// Makes the resolution. `docs` are the lockfile and the `package.json` files that [`Place`]s
/// point into.
pub(super) fn finish(
    root: &Path,
    base: &str,
    options: &Options,
    docs: &[&Doc<'_>],
    found: Found,
) -> Resolution {
    let Found { entries, edges, findings, gaps, notes } = found;
    let Some(doc) = docs.first() else { return Resolution::default() };
    let flat = lock::Lock { version: 3, entries: entries.iter().map(as_npm).collect() };
    let span = |place: &Place| docs.get(place.doc).map(|doc| doc.span(&place.at));
    let mut checked =
        edges::Edges { asked: vec![edges::Asked::default(); entries.len()], ..edges::Edges::default() };
    for edge in &edges {
        let Some(text) = &edge.check else {
            checked.asked[edge.to].overridden = true;
            continue;
        };
        let requirement = lock::Requirement {
            name: &edge.name,
            spec: text,
            kind: edge.kind,
            optional: false,
            at: edge.at.at.clone(),
        };
        let spans: Vec<Span> = span(&edge.at).into_iter().chain([doc.span(&entries[edge.to].at)]).collect();
        checked.check(&flat, None, (edge.from, edge.to, edge.to), &requirement, &spans);
    }
    let sources: Vec<Source> = flat
        .entries
        .iter()
        .zip(&entries)
        .zip(&checked.asked)
        .map(|((flat, entry), asked)| match &entry.remote {
            Some(url) => Source::Remote { url: url.clone() },
            None => source::source(base, flat, *asked),
        })
        .collect();
    let names: Vec<String> =
        entries.iter().zip(&sources).map(|(entry, source)| url_of(entry, source)).collect();

    let (checkout, about) = npm::checkout(root, base);
    let npm_only: Vec<Option<Source>> = sources
        .iter()
        .zip(&entries)
        .map(|(source, entry)| (entry.ecosystem == Ecosystem::Npm).then(|| source.clone()))
        .collect();
    let checks = check::Checks {
        doc,
        npmrc: source::from_root(base, ".npmrc"),
        checkout: &checkout,
        lock: &flat,
        sources: &npm_only,
        asked: &checked.asked,
        registries: &options.npm_registries,
        findings: Vec::new(),
    };
    let about_entries = checks.run().into_iter().filter(|(at, finding)| {
        !(entries[*at].checked_otherwise && finding.rule == "lockfile/missing-integrity")
    });
    let all = findings
        .into_iter()
        .chain(std::mem::take(&mut checked.findings))
        .chain(about_entries)
        .chain(about.into_iter().map(|finding| (0, finding)));
    let mut out = Resolution {
        findings: all.map(|(at, finding)| (names[at].clone(), finding)).collect(),
        gaps: gaps.into_iter().map(|(at, gap)| (names[at].clone(), gap)).collect(),
        notes,
        ..Resolution::default()
    };
    for edge in &edges {
        let Some(declared) = docs.get(edge.at.doc).map(|doc| doc.location(&edge.at.at)) else { continue };
        out.dependencies.push(Dependency {
            from: names[edge.from].clone(),
            to: names[edge.to].clone(),
            kind: edge.kind,
            requirement: spec::without_user(&edge.requirement),
            platform: None,
            declared,
        });
    }
    out.packages = packages(root, &entries, sources, names, |at| doc.location(at));
    out.normalise();
    out
}

/// One package for each purl; the first place in the file counts.
fn packages(
    root: &Path,
    entries: &[Entry],
    sources: Vec<Source>,
    names: Vec<String>,
    location: impl Fn(&ByteRange) -> Location,
) -> Vec<Package> {
    let mut at_purl: HashMap<String, usize> = HashMap::new();
    let mut packages: Vec<Package> = Vec::new();
    for ((entry, source), purl) in entries.iter().zip(sources).zip(names) {
        let integrity = match (&entry.integrity, &source) {
            (_, Source::Path { .. } | Source::Bundled { .. } | Source::Git { .. }) | (None, _) => Vec::new(),
            (Some((text, _)), _) => Digest::parse_sri(text),
        };
        if let Some(&known) = at_purl.get(&purl) {
            packages[known].optional &= entry.optional;
            if packages[known].integrity.is_empty() {
                packages[known].integrity = integrity;
            }
            continue;
        }
        at_purl.insert(purl.clone(), packages.len());
        let folder = match &source {
            Source::Path { path } if npm::inside(root, path) => Some(root.join(path)),
            _ => None,
        };
        packages.push(Package {
            artifacts: Vec::new(),
            pin: None,
            agent: None,
            purl,
            ecosystem: entry.ecosystem,
            name: entry.name.clone(),
            version: entry.version.as_ref().map(|(version, _)| version.clone()).unwrap_or_default(),
            integrity,
            first_party: matches!(&source, Source::Path { path } if !source::leaves(path)),
            source,
            declared: location(&entry.at),
            optional: entry.optional,
            platform: entry.platform.clone(),
            licence: None,
            features: Vec::new(),
            patches: entry.patches.clone(),
            folder,
        });
    }
    packages
}

fn url_of(entry: &Entry, source: &Source) -> String {
    let version = entry.version.as_ref().map_or("", |(version, _)| version);
    match (entry.ecosystem, source) {
        (Ecosystem::Npm, _) | (_, Source::Path { .. }) => {
            package_url(Ecosystem::Npm, &entry.name, version, source)
        }
        (_, Source::Remote { url }) => purl(entry.ecosystem, &entry.name, "", &[("download_url", url)]),
        _ => purl(entry.ecosystem, &format!("jsr/{}", entry.name), version, &[]),
    }
}

/// The entry as npm's lockfile would have it.
fn as_npm(entry: &Entry) -> lock::Entry<'_> {
    fn placed(placed: &Option<Placed>) -> Option<Text<'_>> {
        placed.as_ref().map(|(text, at)| Text { text, at: at.clone() })
    }
    lock::Entry {
        path: match &entry.folder {
            Some(folder) => folder.as_str().into(),
            None => format!("node_modules/{}", entry.name).into(),
        },
        at: entry.at.clone(),
        real_name: Some(Text { text: &entry.name, at: entry.at.clone() }),
        version: placed(&entry.version),
        resolved: placed(&entry.resolved),
        integrity: placed(&entry.integrity),
        optional: entry.optional,
        platform: entry.platform.clone(),
        ..lock::Entry::default()
    }
}

/// `a@1` as name and what stands behind the `@`; a scope's own `@` is part of the name.
pub(super) fn split_name(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at)?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_scope() {
        assert_eq!(split_name("@s/a@npm:b@1"), Some(("@s/a", "npm:b@1")));
        assert_eq!(split_name("a@1"), Some(("a", "1")));
        assert_eq!(split_name("@s/a"), None);
        assert_eq!(split_name(""), None);
    }

    #[test]
    fn an_archive_of_a_commit_is_that_commit() {
        let commit = "0123456789012345678901234567890123456789";
        let url = format!("https://codeload.github.com/o/r/tar.gz/{commit}");
        assert_eq!(as_git(&url), Some(format!("git+https://github.com/o/r.git#{commit}")));
        assert_eq!(as_git("https://codeload.github.com.invalid/o/r/tar.gz/x"), None);
    }
}
