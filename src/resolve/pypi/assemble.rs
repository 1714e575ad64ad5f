//! What every format comes down to: locked packages and requirements, joined by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use url::Url;

use super::manifest::{self, Own};
use super::name;
use super::source::is_default;
use crate::model::{
    Artifact, Dependency, DependencyKind, Digest, Ecosystem, Finding, Gap, GapKind, HashAlgorithm, Location,
    Package, Source, Span,
};
use crate::resolve::{Options, Resolution, ResolveError, package_url};

/// A requirement of a package.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// Normal form.
    pub name: String,
    /// The very version, where the lockfile says which of several is meant.
    pub version: Option<String>,
    /// As written.
    pub requirement: String,
    /// The marker.
    pub platform: Option<String>,
    pub kind: DependencyKind,
    pub declared: Location,
}

/// An entry of a lockfile.
#[derive(Debug, Clone)]
pub(super) struct Locked {
    /// Normal form.
    pub name: String,
    /// Empty where nothing pins it.
    pub version: String,
    pub source: Source,
    pub artifacts: Vec<Artifact>,
    /// Digests that are not tied to a file name.
    pub integrity: Vec<Digest>,
    pub span: Span,
    pub optional: bool,
    pub asks: Vec<Ask>,
}

impl Locked {
    pub fn new(name: &str, version: &str, source: Source, span: Span) -> Self {
        Self {
            name: name::normal(name),
            version: name::version(version),
            source,
            artifacts: Vec::new(),
            integrity: Vec::new(),
            span,
            optional: false,
            asks: Vec::new(),
        }
    }

    fn is_own(&self) -> bool {
        matches!(&self.source, Source::Path { path } if path != ".." && !path.starts_with("../") && !path.starts_with('/'))
    }
}

/// Collects what a file says.
#[derive(Debug)]
pub(super) struct Assembly<'r> {
    pub root: &'r Path,
    /// The lockfile's folder, from the root.
    pub dir: String,
    /// The lockfile, from the root.
    file: String,
    pub options: &'r Options,
    locked: Vec<Locked>,
    own: Option<Own>,
    /// Requirements of the project as the file itself states them.
    roots: Vec<Ask>,
    /// The entry that a finding is about; `None` for the project.
    findings: Vec<(Option<usize>, Finding)>,
    gaps: Vec<(Option<usize>, Gap)>,
    notes: Vec<String>,
    /// Whether an edge leads from the project to everything that nothing else asks for.
    pub adopt: bool,
    /// Whether a requirement that names nothing locked is a mistake of the lockfile.
    pub complete: bool,
    /// The script that asks, from the root; else the folder does.
    pub script: Option<String>,
}

impl<'r> Assembly<'r> {
    pub fn new(root: &'r Path, file: &str, dir: &str, options: &'r Options) -> Self {
        Self {
            root,
            dir: dir.to_owned(),
            file: file.to_owned(),
            options,
            locked: Vec::new(),
            own: None,
            roots: Vec::new(),
            findings: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
            adopt: true,
            complete: false,
            script: None,
        }
    }

    /// Reads `pyproject.toml` beside the lockfile: the project's name and what it asks for.
    pub fn read_manifest(&mut self, asks: bool) -> Result<(), ResolveError> {
        let own = manifest::read(self.root, &self.dir)?;
        if let Some(own) = &own
            && asks
        {
            self.roots.extend(own.asks.iter().cloned());
        }
        self.own = own;
        Ok(())
    }

    /// Adds an entry and looks at it.
    pub fn lock(&mut self, entry: Locked) -> usize {
        let at = self.locked.len();
        self.check(at, &entry);
        self.locked.push(entry);
        at
    }

    pub fn ask(&mut self, ask: Ask) {
        self.roots.push(ask);
    }

    pub fn entry(&mut self, at: usize) -> Option<&mut Locked> {
        self.locked.get_mut(at)
    }

    pub fn entries(&self) -> &[Locked] {
        &self.locked
    }

    pub fn find(&mut self, at: Option<usize>, rule: &str, message: String, span: Span) {
        self.findings.push((at, Finding::new(rule, message, vec![span])));
    }

    pub fn gap(&mut self, at: Option<usize>, kind: GapKind, message: String, span: Span) {
        self.gaps.push((at, Gap { kind, message, spans: vec![span] }));
    }

    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Says that the checkout names an index that the user's own configuration does not.
    pub fn index(&mut self, at: Option<usize>, url: &str, what: &str, span: Span) {
        match Url::parse(url) {
            Ok(parsed) if is_default(&parsed) || self.named(&parsed) => {}
            Ok(parsed) => {
                self.secret_or_plain(at, &parsed, &span);
                let host = authority(&parsed);
                let message = format!("{what} names the index at {host}; your own configuration does not");
                self.find(at, "lockfile/checkout-registry", message, span);
            }
            Err(_) => {
                let message = format!("{what} names `{}`, which is no URL", crate::model::escape(url));
                self.find(at, "lockfile/checkout-registry", message, span);
            }
        }
    }

    fn secret_or_plain(&mut self, at: Option<usize>, url: &Url, span: &Span) {
        if url.password().is_some() {
            let message = format!("the URL of {} holds a password", authority(url));
            self.find(at, "lockfile/credentials-in-url", message, span.clone());
        }
        if url.scheme() == "http" {
            let message = format!("{} is asked without TLS", authority(url));
            self.find(at, "lockfile/insecure-url", message, span.clone());
        }
    }

    /// Whether the user's own configuration names the host.
    fn named(&self, url: &Url) -> bool {
        let same = |known: &String| Url::parse(known).is_ok_and(|known| authority(&known) == authority(url));
        self.options.pypi_registries.iter().any(same)
    }

    fn check(&mut self, at: usize, entry: &Locked) {
        let at = Some(at);
        let label = format!("{}@{}", entry.name, entry.version);
        match &entry.source {
            Source::Registry { registry, .. } => {
                if entry.version.is_empty() {
                    let message = format!(
                        "`{}` is asked for without an exact version; nothing says which one is installed",
                        entry.name
                    );
                    self.find(at, "lockfile/unpinned", message.clone(), entry.span.clone());
                    self.gap(at, GapKind::NotResolved, message, entry.span.clone());
                    return;
                }
                if let Some(index) = registry {
                    let what = format!("the entry of `{}`", entry.name);
                    self.index(at, index, &what, entry.span.clone());
                }
                self.hosts(at, entry, registry.as_deref());
                self.digests(at, entry, &label);
            }
            Source::Tarball { url } => {
                if let Ok(url) = Url::parse(url) {
                    self.secret_or_plain(at, &url, &entry.span);
                }
                self.digests(at, entry, &label);
            }
            Source::File { .. } => self.digests(at, entry, &label),
            Source::Git { commit, url } => {
                if let Ok(url) = Url::parse(url) {
                    self.secret_or_plain(at, &url, &entry.span);
                }
                if commit.is_none() {
                    let message = format!("`{}` is a git repository without a commit", entry.name);
                    self.find(at, "lockfile/unpinned-git", message, entry.span.clone());
                }
            }
            _ => {}
        }
    }

    /// Archives on hosts that have nothing to do with the index.
    fn hosts(&mut self, at: Option<usize>, entry: &Locked, index: Option<&str>) {
        let index = index.and_then(|index| Url::parse(index).ok());
        let urls = entry.artifacts.iter().filter_map(|artifact| Url::parse(artifact.url.as_deref()?).ok());
        let mut foreign = BTreeSet::new();
        for url in urls {
            self.secret_or_plain(at, &url, &entry.span);
            let known = match &index {
                // An index of one's own keeps its files where it likes.
                Some(_) => true,
                None => is_default(&url) || self.named(&url),
            };
            if !known {
                foreign.insert(authority(&url));
            }
        }
        for host in foreign {
            let message = format!(
                "`{}` is locked to {host}, which is neither the default index nor one that your configuration names",
                entry.name
            );
            self.find(at, "lockfile/foreign-host", message, entry.span.clone());
        }
    }

    fn digests(&mut self, at: Option<usize>, entry: &Locked, label: &str) {
        let all = || entry.artifacts.iter().flat_map(|artifact| &artifact.integrity).chain(&entry.integrity);
        let bare: Vec<&str> = entry
            .artifacts
            .iter()
            .filter(|artifact| artifact.integrity.is_empty())
            .map(|artifact| artifact.name.as_str())
            .collect();
        if all().next().is_none() || !bare.is_empty() {
            let message = match bare.first() {
                Some(name) => format!("`{label}` has no digest for `{name}`"),
                None => format!("`{label}` is pinned without a digest"),
            };
            self.find(at, "lockfile/missing-integrity", message, entry.span.clone());
        } else if all().all(|digest| digest.algorithm == HashAlgorithm::Sha1) {
            let message = format!("only a SHA-1 digest pins `{label}`");
            self.find(at, "lockfile/weak-integrity", message, entry.span.clone());
        }
    }

    /// Joins everything.
    pub fn finish(mut self) -> Resolution {
        let mut out = Resolution::default();
        let project = self.project();
        let purls: Vec<String> = self
            .locked
            .iter()
            .map(|entry| package_url(Ecosystem::Pypi, &entry.name, &entry.version, &entry.source))
            .collect();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.locked.iter().enumerate() {
            by_name.entry(&entry.name).or_default().push(at);
        }
        let mut asked = BTreeSet::new();
        let froms = std::iter::once((None, &self.roots))
            .chain(self.locked.iter().enumerate().map(|(at, entry)| (Some(at), &entry.asks)));
        let mut wrong = Vec::new();
        for (from, asks) in froms {
            for ask in asks {
                let found = by_name.get(ask.name.as_str()).map_or(&[][..], Vec::as_slice);
                let (fit, finding) = self.fitting(from, ask, found);
                wrong.extend(finding.map(|finding| (from, finding)));
                for to in fit {
                    asked.insert((from, to));
                    out.dependencies.push(Dependency {
                        from: from.map_or(project.purl.clone(), |from| purls[from].clone()),
                        to: purls[to].clone(),
                        kind: ask.kind,
                        requirement: ask.requirement.clone(),
                        platform: ask.platform.clone(),
                        declared: ask.declared.clone(),
                    });
                }
            }
        }
        self.findings.extend(wrong);
        if self.adopt {
            for at in self.orphans(&asked) {
                out.dependencies.push(Dependency {
                    from: project.purl.clone(),
                    to: purls[at].clone(),
                    kind: DependencyKind::Normal,
                    requirement: String::new(),
                    platform: None,
                    declared: location(&self.locked[at].span),
                });
            }
        }
        let of = |at: Option<usize>| at.map_or(project.purl.clone(), |at| purls[at].clone());
        out.findings = self.findings.into_iter().map(|(at, finding)| (of(at), finding)).collect();
        out.gaps = self.gaps.into_iter().map(|(at, gap)| (of(at), gap)).collect();
        out.notes = self.notes;
        // A workspace's lockfile has the project itself among its entries.
        if !purls.contains(&project.purl) {
            if self.own.is_none() || self.script.is_some() {
                out.nameless.push(project.purl.clone());
            }
            out.packages.push(project);
        }
        for (entry, purl) in self.locked.into_iter().zip(purls) {
            out.packages.push(package(entry, purl, self.root));
        }
        out.normalise();
        out
    }

    /// Entries that nothing reaches: with comments alone for edges, or none, they are the project's.
    fn orphans(&self, asked: &BTreeSet<(Option<usize>, usize)>) -> Vec<usize> {
        let mut next: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (from, to) in asked {
            next.entry(*from).or_default().push(*to);
        }
        let own = self.locked.iter().enumerate().filter(|(_, entry)| entry.is_own()).map(|(at, _)| at);
        let mut todo: Vec<Option<usize>> = own.map(Some).chain([None]).collect();
        let mut reached: BTreeSet<Option<usize>> = todo.iter().copied().collect();
        let expand = |todo: &mut Vec<Option<usize>>, reached: &mut BTreeSet<Option<usize>>| {
            while let Some(at) = todo.pop() {
                for to in next.get(&at).into_iter().flatten() {
                    if reached.insert(Some(*to)) {
                        todo.push(Some(*to));
                    }
                }
            }
        };
        expand(&mut todo, &mut reached);
        let wanted: BTreeSet<usize> = asked.iter().map(|(_, to)| *to).collect();
        // First those that nobody asks for at all, then what a circle keeps apart.
        let unasked = (0..self.locked.len()).filter(|at| !wanted.contains(at));
        let mut out = Vec::new();
        for at in unasked.chain(0..self.locked.len()) {
            if reached.insert(Some(at)) {
                out.push(at);
                todo.push(Some(at));
                expand(&mut todo, &mut reached);
            }
        }
        out
    }

    /// The entries that a requirement may get, and what is wrong with them.
    fn fitting(&self, from: Option<usize>, ask: &Ask, found: &[usize]) -> (Vec<usize>, Option<Finding>) {
        let place = Location::span;
        if found.is_empty() {
            let must = ask.platform.is_none() && ask.kind != DependencyKind::Optional;
            let rule = match from {
                _ if !must => return (Vec::new(), None),
                None => "lockfile/manifest-mismatch",
                Some(_) if self.complete => "lockfile/dangling",
                Some(_) => return (Vec::new(), None),
            };
            let message =
                format!("`{}` {} is asked for and is not in the lockfile", ask.name, ask.requirement);
            return (Vec::new(), Some(Finding::new(rule, message, vec![place(&ask.declared)])));
        }
        if let Some(version) = &ask.version {
            let fit: Vec<_> = found
                .iter()
                .copied()
                .filter(|at| name::same_version(&self.locked[*at].version, version))
                .collect();
            if !fit.is_empty() {
                return (fit, None);
            }
        }
        let fits = |at: &usize| {
            let entry = &self.locked[*at];
            let registry = matches!(entry.source, Source::Registry { .. }) && !entry.version.is_empty();
            !registry || name::satisfies(&ask.requirement, &entry.version) != Some(false)
        };
        let fit: Vec<usize> = found.iter().copied().filter(fits).collect();
        if !fit.is_empty() {
            return (fit, None);
        }
        let rule = if from.is_none() { "lockfile/manifest-mismatch" } else { "lockfile/unsatisfied" };
        let versions: Vec<&str> = found.iter().map(|at| self.locked[*at].version.as_str()).collect();
        let message =
            format!("`{}` {} is asked for, but {} is locked", ask.name, ask.requirement, versions.join(", "));
        let spans = std::iter::once(place(&ask.declared))
            .chain(found.iter().map(|at| self.locked[*at].span.clone()))
            .collect();
        (found.to_vec(), Some(Finding::new(rule, message, spans)))
    }

    /// The project's own package.
    fn project(&self) -> Package {
        let last = self.script.as_ref().unwrap_or(&self.dir).rsplit('/').next().unwrap_or("");
        let fallback = if last.is_empty() { "project".to_owned() } else { name::normal(last) };
        let path = match &self.script {
            Some(script) => script.clone(),
            None if self.dir.is_empty() => ".".to_owned(),
            None => self.dir.clone(),
        };
        let source = Source::Path { path };
        let locked = self.locked.iter().find(|entry| entry.source == source);
        let (name, version, declared) = match (&self.own, locked) {
            (_, Some(entry)) => {
                (Some(entry.name.clone()), Some(entry.version.clone()), location(&entry.span))
            }
            (Some(own), None) => (own.name.clone(), own.version.clone(), own.declared.clone()),
            (None, None) => (None, None, Location { file: self.file.as_str().into(), line: 1, column: 1 }),
        };
        let name = name.unwrap_or(fallback);
        let version = version.unwrap_or_default();
        let purl = package_url(Ecosystem::Pypi, &name, &version, &source);
        let folder = self.script.as_ref().unwrap_or(&self.dir);
        let folder = (!folder.is_empty()).then(|| self.root.join(folder));
        Package {
            purl,
            source,
            first_party: true,
            folder: folder.or_else(|| Some(self.root.to_owned())),
            ..Package::registry(Ecosystem::Pypi, &name, &version, declared)
        }
    }
}

fn package(entry: Locked, purl: String, root: &Path) -> Package {
    let first_party = entry.is_own();
    let folder = match &entry.source {
        Source::Path { path } if first_party => Some(root.join(path)),
        _ => None,
    };
    let mut artifacts = entry.artifacts;
    artifacts.sort();
    artifacts.dedup();
    let mut integrity: Vec<Digest> =
        artifacts.iter().flat_map(|artifact| artifact.integrity.clone()).chain(entry.integrity).collect();
    integrity.sort_by(|a, b| b.cmp(a));
    integrity.dedup();
    Package {
        purl,
        source: entry.source,
        integrity,
        artifacts,
        first_party,
        optional: entry.optional,
        folder,
        ..Package::registry(Ecosystem::Pypi, &entry.name, &entry.version, location(&entry.span))
    }
}

/// Where a span begins.
pub(super) fn location(span: &Span) -> Location {
    Location { file: span.file.clone(), line: span.line.max(1), column: span.column.max(1) }
}

/// Host and port.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
