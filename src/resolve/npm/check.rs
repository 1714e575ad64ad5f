//! What is wrong with single entries, and with entries that contradict each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nodejs_semver::Version;

use super::doc::{Doc, Text};
use super::edges::Asked;
use super::lock::{Entry, Lock};
use super::npmrc::Named;
use super::source::{self, DEFAULT_HOSTS};
use super::spec;
use crate::json::Node;
use crate::model::{Digest, Finding, HashAlgorithm, Source, Span};
use crate::resolve::NpmRegistry;

/// What the checks look at: entries with the source that each got (`None` for links).
#[derive(Debug)]
pub(in crate::resolve) struct Checks<'c, 'a> {
    pub(in crate::resolve) doc: &'c Doc<'a>,
    pub(in crate::resolve) lock: &'c Lock<'c>,
    pub(in crate::resolve) sources: &'c [Option<Source>],
    pub(in crate::resolve) asked: &'c [Asked],
    /// Registries that the user's own configuration names.
    pub(in crate::resolve) registries: &'c [NpmRegistry],
    /// The checkout's `.npmrc`, from the root, and the registries that it names.
    pub(in crate::resolve) npmrc: String,
    pub(in crate::resolve) checkout: &'c [Named],
    pub(in crate::resolve) findings: Vec<(usize, Finding)>,
}

/// Keys that stand twice.
pub(in crate::resolve) fn duplicates(doc: &Doc<'_>, root: &Node<'_>) -> Vec<Finding> {
    root.duplicates()
        .into_iter()
        .map(|(key, second, first)| {
            let message = format!("the key `{}` stands twice; npm takes the last", crate::model::escape(key));
            Finding::new("lockfile/duplicate", message, vec![doc.span(&second), doc.span(&first)])
        })
        .collect()
}

impl<'c> Checks<'c, '_> {
    pub(in crate::resolve) fn run(mut self) -> Vec<(usize, Finding)> {
        let lock: &'c Lock<'c> = self.lock;
        for (at, entry) in lock.entries.iter().enumerate() {
            let Some(source) = &self.sources[at] else { continue };
            self.form(at, entry, source);
            self.place(at, entry, source);
            self.integrity(at, entry, source);
        }
        self.hosts();
        self.contradictions();
        self.findings
    }

    fn add(&mut self, at: usize, rule: &str, message: String, spans: Vec<Span>) {
        self.findings.push((at, Finding::new(rule, message, spans)));
    }

    /// The URL's place, or the entry's.
    fn span_of(&self, entry: &Entry<'_>, text: Option<&Text<'_>>) -> Span {
        match text {
            Some(text) => self.doc.span(&text.at),
            None => self.doc.span(&entry.at),
        }
    }

    /// Names, versions and URLs that no package manager writes.
    fn form(&mut self, at: usize, entry: &Entry<'_>, source: &Source) {
        let mut wrong = |message: String, span: Span| {
            self.findings.push((at, Finding::new("lockfile/malformed-entry", message, vec![span])));
        };
        let steps = |text: &str| {
            text.contains('\\') || text.split(['/', '?', '#']).skip(1).any(|part| part == ".." || part == ".")
        };
        if !entry.key_name().is_empty() {
            let name = entry.key_name();
            if !spec::is_name(name) || steps(&entry.path) {
                wrong(
                    format!("`{}` is no place of a package", escaped(&entry.path)),
                    self.doc.span(&entry.at),
                );
            } else if !spec::is_name(entry.name()) && !entry.is_folder() {
                wrong(format!("`{}` is no package name", escaped(entry.name())), self.doc.span(&entry.at));
            }
        } else if entry.path.contains('\\') || entry.path.starts_with('/') {
            wrong(
                format!("`{}` is no folder of the project", escaped(&entry.path)),
                self.doc.span(&entry.at),
            );
        }
        if matches!(source, Source::Registry { .. } | Source::Bundled { .. }) {
            match &entry.version {
                None => {
                    wrong(format!("`{}` has no version", escaped(entry.name())), self.doc.span(&entry.at));
                }
                Some(version) if Version::parse(version.text).is_err() => {
                    wrong(format!("`{}` is no version", escaped(version.text)), self.doc.span(&version.at));
                }
                Some(_) => {}
            }
        }
        if let (Some(resolved), false) =
            (&entry.resolved, matches!(source, Source::Path { .. } | Source::File { .. }))
        {
            let decoded = percent_encoding::percent_decode_str(resolved.text).decode_utf8_lossy();
            let rest = decoded.split_once("://").map_or(&*decoded, |(_, rest)| rest);
            if steps(rest) || resolved.text.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let span = self.doc.span(&resolved.at);
                wrong("a URL with steps (`..`), backslashes or spaces".to_owned(), span);
            }
        }
    }

    /// What the entry's URL says.
    fn place(&mut self, at: usize, entry: &Entry<'_>, source: &Source) {
        let resolved = entry.resolved.as_ref();
        let span = self.span_of(entry, resolved);
        if let Source::Path { path } | Source::File { path } = source
            && source::leaves(path)
        {
            let message = format!("`{}` is at `{path}`, outside what is audited", entry.name());
            self.add(at, "lockfile/outside-root", message, vec![span.clone()]);
        }
        if let Source::Git { url, commit: None } = source {
            let message = format!("`{}` comes from {url} without a full commit id", entry.name());
            self.add(at, "lockfile/unpinned-git", message, vec![span.clone()]);
        }
        if let Some(resolved) = resolved.filter(|_| !matches!(source, Source::Bundled { .. })) {
            if spec::has_secret(resolved.text) {
                let message = format!("the URL of `{}` carries a user name or password", entry.name());
                self.add(at, "lockfile/credentials-in-url", message, vec![span.clone()]);
            }
            if ["http://", "git://", "git+http://"].iter().any(|scheme| resolved.text.starts_with(scheme)) {
                let message = format!("`{}` is fetched without encryption", entry.name());
                self.add(at, "lockfile/insecure-url", message, vec![span.clone()]);
            }
        }
        let version = entry.version.as_ref().map_or("", |version| version.text);
        if let Source::Registry { registry, url: Some(url) } = source {
            match spec::tarball(url) {
                Some(tarball)
                    if tarball.name != entry.name() || plain(&tarball.version) != plain(version) =>
                {
                    let message = format!(
                        "`{}@{version}` is locked to the archive of `{}@{}`",
                        entry.name(),
                        tarball.name,
                        tarball.version
                    );
                    self.add(at, "lockfile/foreign-tarball", message, vec![span, self.doc.span(&entry.at)]);
                }
                None if registry.is_none() => {
                    let message = format!(
                        "`{}@{version}` is locked to {url}, which is no package's archive",
                        entry.name()
                    );
                    self.add(at, "lockfile/foreign-tarball", message, vec![span, self.doc.span(&entry.at)]);
                }
                _ => {}
            }
        } else if matches!(source, Source::Git { .. } | Source::Tarball { .. } | Source::File { .. }) {
            let asked = self.asked[at];
            if asked.registry && !asked.url && !asked.elsewhere && !asked.overridden {
                let message = format!(
                    "`{}` is asked for by version only, but locked to {}",
                    entry.name(),
                    resolved.map_or(String::new(), |resolved| spec::without_user(resolved.text))
                );
                self.add(at, "lockfile/foreign-host", message, vec![span]);
            }
        }
    }

    fn integrity(&mut self, at: usize, entry: &Entry<'_>, source: &Source) {
        if !matches!(source, Source::Registry { .. } | Source::Tarball { .. }) {
            return;
        }
        let label =
            format!("`{}@{}`", entry.name(), entry.version.as_ref().map_or("", |version| version.text));
        match &entry.integrity {
            None => {
                let message = format!("{label} has no integrity, so its contents cannot be checked");
                self.add(at, "lockfile/missing-integrity", message, vec![self.doc.span(&entry.at)]);
            }
            Some(text) => {
                let digests = Digest::parse_sri(text.text);
                let span = self.doc.span(&text.at);
                if digests.is_empty() {
                    let message = format!("{label} has an integrity of no known form or algorithm");
                    self.add(at, "lockfile/missing-integrity", message, vec![span]);
                } else if digests[0].algorithm == HashAlgorithm::Sha1 {
                    let message = format!("{label} is checked by SHA-1 alone");
                    self.add(at, "lockfile/weak-integrity", message, vec![span]);
                }
            }
        }
    }

    /// Registry packages on hosts that nobody named.
    ///
    /// A host is expected if it is the default registry's, if the user's configuration names it
    /// for the package's scope, if the checkout's does and is [believed](Self::checkout), or if
    /// more than half of the *other* registry packages (and at least two) are locked to it: a
    /// company's mirror, recorded by whoever ran npm. The latter is said once, for the whole
    /// lockfile, as is each registry that only the checkout names.
    fn hosts(&mut self) {
        let mut hosts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut total = 0;
        for (at, source) in self.sources.iter().enumerate() {
            if let Some(Source::Registry { url: Some(url), .. }) = source {
                hosts.entry(spec::host(url)).or_default().push(at);
                total += 1;
            }
        }
        let checkout = self.checkout();
        for (named, _) in checkout.values() {
            self.named_by_checkout(named);
        }
        for (host, entries) in hosts {
            if DEFAULT_HOSTS.contains(&host.as_str()) {
                continue;
            }
            let entries: Vec<usize> = entries
                .into_iter()
                .filter(|at| {
                    let scope = self.scope(*at);
                    let by_checkout = covers(&checkout, scope)
                        .is_some_and(|(named, believed)| *believed && is_host(named, &host));
                    !by_checkout && !self.names(scope, &host)
                })
                .collect();
            if entries.is_empty() {
                continue;
            }
            let others = entries.len() - 1;
            let span = |this: &Self, at: usize| {
                let entry = &this.lock.entries[at];
                this.span_of(entry, entry.resolved.as_ref())
            };
            if others >= 2 && 2 * others > total - 1 {
                let message =
                    format!("{} of {total} packages are locked to {host}, which no .npmrc names", others + 1);
                let span = span(self, entries[0]);
                self.add(0, "lockfile/unnamed-registry", message, vec![span]);
                continue;
            }
            for at in entries {
                let named = match checkout.values().any(|(named, _)| is_host(named, &host)) {
                    false => "",
                    true => {
                        "; the project's own names it, but not for all that are locked there or should be"
                    }
                };
                let message = format!(
                    "`{}` is locked to {host}, which is neither the default registry nor one that an .npmrc names{named}",
                    self.lock.entries[at].name()
                );
                let span = span(self, at);
                self.add(at, "lockfile/foreign-host", message, vec![span]);
            }
        }
    }

    /// The scope of an entry's package.
    fn scope(&self, at: usize) -> Option<&'c str> {
        let name = self.lock.entries[at].name();
        name.split_once('/').map(|(scope, _)| scope).filter(|scope| scope.starts_with('@'))
    }

    /// Whether the user's own configuration names the host for packages of that scope.
    fn names(&self, scope: Option<&str>, host: &str) -> bool {
        self.registries.iter().any(|known| {
            spec::host(&known.url) == host && (known.scope.is_none() || known.scope.as_deref() == scope)
        })
    }

    /// The registries of the checkout's `.npmrc` that cover a package, by scope, and whether each is
    /// what the lockfile was made with: every registry package that it covers is locked to it. A
    /// line that was added to make one package's foreign host look named covers others too, and
    /// those contradict it.
    fn checkout(&self) -> Checkout<'c> {
        let named = |named: &'c Named| (named.scope.as_deref(), (named, true));
        let mut all: Checkout<'c> = self.checkout.iter().map(named).collect();
        let mut used = BTreeSet::new();
        for (at, source) in self.sources.iter().enumerate() {
            let Some(Source::Registry { url, .. }) = source else { continue };
            let scope = self.scope(at).filter(|scope| all.contains_key(&Some(*scope)));
            let Some((named, believed)) = all.get_mut(&scope) else { continue };
            used.insert(scope);
            *believed &= url.as_ref().is_none_or(|url| is_host(named, &spec::host(url)));
        }
        all.retain(|scope, _| used.contains(scope));
        all
    }

    /// Says that the checkout names a registry which the user does not.
    fn named_by_checkout(&mut self, named: &Named) {
        let host = authority(named);
        if DEFAULT_HOSTS.contains(&host.as_str()) || self.names(named.scope.as_deref(), &host) {
            return;
        }
        let scope = named.scope.as_deref().map_or("all packages".to_owned(), |scope| format!("`{scope}`"));
        let message = format!("the project's own .npmrc names {host} for {scope}; yours does not");
        let span = Span { line: named.line, column: 1, ..Span::file(self.npmrc.clone()) };
        self.add(0, "lockfile/checkout-registry", message, vec![span]);
    }

    /// One name and version with two contents.
    fn contradictions(&mut self) {
        let mut first: HashMap<(&'c str, &'c str), usize> = HashMap::new();
        let lock: &'c Lock<'c> = self.lock;
        for (at, entry) in lock.entries.iter().enumerate() {
            let (Some(Source::Registry { url, .. }), Some(version)) = (&self.sources[at], &entry.version)
            else {
                continue;
            };
            let before = *first.entry((entry.name(), version.text)).or_insert(at);
            let other = &lock.entries[before];
            let digests =
                |entry: &Entry<'_>| Digest::parse_sri(entry.integrity.as_ref().map_or("", |i| i.text));
            let differs = digests(entry).iter().any(|digest| {
                digests(other).iter().any(|other| other.algorithm == digest.algorithm && other != digest)
            });
            let elsewhere = match (url, &self.sources[before]) {
                (Some(url), Some(Source::Registry { url: Some(other), .. })) => normal(url) != normal(other),
                _ => false,
            };
            let what = match (differs, elsewhere) {
                (true, _) => "different integrity",
                (false, true) => "different URLs",
                (false, false) => continue,
            };
            let message = format!("`{}@{}` stands twice with {what}", entry.name(), version.text);
            let text = |entry: &'c Entry<'c>| {
                if differs { entry.integrity.as_ref() } else { entry.resolved.as_ref() }
            };
            let spans = vec![self.span_of(entry, text(entry)), self.span_of(other, text(other))];
            self.add(at, "lockfile/conflicting-integrity", message, spans);
        }
    }
}

/// By scope, what the checkout's `.npmrc` names, and whether it is believed.
type Checkout<'c> = BTreeMap<Option<&'c str>, (&'c Named, bool)>;

/// What npm would look at for a package of that scope.
fn covers<'a, 'c>(checkout: &'a Checkout<'c>, scope: Option<&'c str>) -> Option<&'a (&'c Named, bool)> {
    checkout.get(&scope).or_else(|| checkout.get(&None))
}

/// Host and port of a registry, as [`spec::host`] gives them.
fn authority(named: &Named) -> String {
    spec::host(named.url.as_str())
}

fn is_host(named: &Named, host: &str) -> bool {
    authority(named) == host
}

/// A version without build metadata, which registries leave out of file names.
fn plain(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

/// The default registry's hosts are one.
fn normal(url: &str) -> String {
    url.replacen(DEFAULT_HOSTS[1], DEFAULT_HOSTS[0], 1)
}

fn escaped(text: &str) -> String {
    crate::model::escape(&text.chars().take(120).collect::<String>())
}
