//! Deno: `deno.lock`, versions 3 to 5.
//!
//! In: a lockfile. Out: a package for each entry of `npm`, `jsr` and `remote`, an edge for each
//! line that asks. Deno is not run, and what `deno.json` asks for is taken from the lockfile's
//! `workspace`, which remembers it.
//!
//! npm's packages are fetched and verified as everywhere. What cannot be known here: the contents
//! of JSR's packages, whose digest is that of a list of files, and of modules by URL (`remote`),
//! which are no archives: both are in the graph, with a gap each. Modules by URL import each other
//! in their code only, so that all hang on the root.

mod lock;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::js::{self, Edge, Entry, Found, Place, split_name};
use super::npm::doc::{Doc, conflict_marker};
use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::model::{DependencyKind, Ecosystem, Gap, GapKind};
use lock::{Lock, Package};

/// Resolves one `deno.lock`.
///
/// # Errors
/// Where it cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Doc::new(&project.lockfile, &text);
    if let Some(at) = conflict_marker(&text) {
        return Err(js::conflict(&doc, at, lock::REWRITE));
    }
    let json = doc.parse(lock::REWRITE)?;
    let lock = lock::read(&doc, &json)?;
    let mut found =
        Reader { doc: &doc, lock: &lock, found: Found::default(), npm: HashMap::new(), jsr: HashMap::new() }
            .run();
    for (key, second, first) in json.duplicates() {
        let message = format!("the key `{}` stands twice", crate::model::escape(key));
        found.add(0, "lockfile/duplicate", message, vec![doc.span(&second), doc.span(&first)]);
    }
    Ok(js::finish(root, js::base(project), options, &[&doc], found))
}

struct Reader<'r> {
    doc: &'r Doc<'r>,
    lock: &'r Lock<'r>,
    found: Found,
    /// By key, peers included, and by name alone.
    npm: HashMap<&'r str, usize>,
    jsr: HashMap<&'r str, usize>,
}

impl<'r> Reader<'r> {
    fn run(mut self) -> Found {
        let lock = self.lock;
        self.found.entries.push(Entry::folder("", 0..1));
        let mut folders: BTreeMap<&str, usize> = BTreeMap::from([("", 0)]);
        for member in &lock.asks {
            folders.entry(member.folder).or_insert_with(|| {
                self.found.entries.push(Entry::folder(member.folder, member.at.clone()));
                self.found.entries.len() - 1
            });
        }
        for package in &lock.npm {
            let at = self.npm(package);
            self.npm.insert(package.key, at);
            let (short, _) = npm_key(package.key);
            self.npm.entry(short).or_insert(at);
            // Where there is one version of a name only, those who ask name no version.
            if let Some((name, _)) = split_name(short) {
                self.npm.entry(name).or_insert(at);
            }
        }
        for package in &lock.jsr {
            let at = self.jsr(package);
            self.jsr.insert(package.key, at);
            if let Some((name, _)) = split_name(package.key) {
                self.jsr.entry(name).or_insert(at);
            }
        }
        for (url, digest, at) in &lock.remote {
            self.remote(url, *digest, at);
        }
        let mut asked = HashSet::new();
        for member in &lock.asks {
            let from = folders.get(member.folder).copied().unwrap_or(0);
            asked.insert(member.text);
            self.ask(from, member.text, member.kind, &Place::lock(&member.at), false);
        }
        // What code asks for and no configuration does.
        for (text, specifier) in lock.specifiers.iter().filter(|(text, _)| !asked.contains(*text)) {
            let known = self.lock.asks_known;
            if !known
                || self.target(text).is_some_and(|to| !self.found.edges.iter().any(|edge| edge.to == to))
            {
                self.ask(0, text, DependencyKind::Normal, &Place::lock(&specifier.at), false);
            }
        }
        for (packages, is_npm) in [(&lock.npm, true), (&lock.jsr, false)] {
            for package in packages {
                let index = if is_npm { &self.npm } else { &self.jsr };
                let Some(&from) = index.get(package.key) else { continue };
                for (text, kind, at) in &package.asks {
                    self.ask(from, text, *kind, &Place::lock(at), is_npm);
                }
            }
        }
        js::mark_optional(&mut self.found);
        self.found
    }

    fn npm(&mut self, package: &Package<'_>) -> usize {
        let (_, name, version) = npm_parts(package.key);
        let mut entry = Entry::new(name, package.at.clone());
        entry.version = Some((version.to_owned(), package.at.clone()));
        entry.integrity = package.integrity.clone();
        entry.resolved = package.tarball.clone();
        entry.platform = package.platform.clone();
        self.found.entries.push(entry);
        self.found.entries.len() - 1
    }

    fn jsr(&mut self, package: &Package<'_>) -> usize {
        let (name, version) = split_name(package.key).unwrap_or((package.key, ""));
        let mut entry = Entry::new(name, package.at.clone());
        entry.version = Some((version.to_owned(), package.at.clone()));
        entry.ecosystem = Ecosystem::Jsr;
        let at = self.found.entries.len();
        self.found.entries.push(entry);
        let message = match package.integrity {
            Some(_) => format!(
                "`{}` is pinned by a digest of JSR's list of its files, which is not fetched",
                package.key
            ),
            None => format!("`{}` has no integrity", package.key),
        };
        let span = self.doc.span(&package.at);
        if package.integrity.is_none() {
            self.found.add(at, "lockfile/missing-integrity", message.clone(), vec![span.clone()]);
        }
        self.found.gaps.push((at, Gap { spans: vec![span], ..Gap::new(GapKind::NotFetched, message) }));
        at
    }

    fn remote(&mut self, url: &str, digest: Option<&str>, at: &crate::json::ByteRange) {
        let plain = super::npm::spec::without_user(url);
        let name = plain.split_once("://").map_or(&*plain, |(_, rest)| rest).trim_matches('/').to_owned();
        let mut entry = Entry::new(name, at.clone());
        entry.ecosystem = Ecosystem::Jsr;
        entry.remote = Some(plain.clone());
        let to = self.found.entries.len();
        self.found.entries.push(entry);
        let span = self.doc.span(at);
        let mut add = |rule: &str, message: String| self.found.add(to, rule, message, vec![span.clone()]);
        if digest
            .is_none_or(|digest| digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            add("lockfile/missing-integrity", format!("`{plain}` has no SHA-256"));
        }
        if url.starts_with("http://") {
            add("lockfile/insecure-url", format!("`{plain}` is fetched without encryption"));
        }
        if super::npm::spec::has_secret(url) {
            add(
                "lockfile/credentials-in-url",
                format!("the URL of `{plain}` carries a user name or password"),
            );
        }
        let message = format!("`{plain}` is a module by its address; it was not fetched");
        self.found.gaps.push((to, Gap { spans: vec![span], ..Gap::new(GapKind::NotFetched, message) }));
        self.edge(0, to, DependencyKind::Normal, url, "", Place::lock(at));
    }

    /// What `npm:a@^1`, `jsr:@s/a@1`, or within npm `a` or `a@1.0.0` leads to.
    fn target(&self, text: &str) -> Option<usize> {
        let answer = self.lock.specifiers.get(text).map(|specifier| specifier.answer);
        for (prefix, index) in [("npm:", &self.npm), ("jsr:", &self.jsr)] {
            let Some(rest) = text.strip_prefix(prefix) else { continue };
            let answer = answer.unwrap_or("");
            let name = split_name(rest).map_or(rest, |(name, _)| name);
            let full = match answer.strip_prefix(prefix) {
                Some(full) => full.to_owned(),
                None => format!("{name}@{answer}"),
            };
            let whole = (answer.is_empty()).then(|| index.get(rest)).flatten();
            return index
                .get(&*full)
                .or(whole)
                .copied()
                .or_else(|| answer.is_empty().then(|| index.get(name).copied()).flatten());
        }
        None
    }

    fn ask(&mut self, from: usize, text: &str, kind: DependencyKind, at: &Place, within_npm: bool) {
        let (to, name, range) = if within_npm {
            // `name`, `name@1.0.0`, in version 3 `alias` → `name@1.0.0`.
            let (name, _) = split_name(text).unwrap_or((text, ""));
            (self.npm.get(text).or_else(|| self.npm.get(npm_key(text).0)).copied(), name, "")
        } else {
            let plain = text.split_once(':').map_or(text, |(_, rest)| rest);
            let (name, range) = split_name(plain).unwrap_or((plain, ""));
            (self.target(text), name, range)
        };
        let Some(to) = to else {
            if kind != DependencyKind::Optional && kind != DependencyKind::Peer {
                let message = format!(
                    "`{}` asks for `{}`, which is not in the lockfile",
                    self.found.entries[from].name,
                    crate::model::escape(text)
                );
                let span = self.doc.span(&at.at);
                self.found.add(from, "lockfile/dangling", message, vec![span]);
            }
            return;
        };
        // A path below the package (`npm:a@1/b`) is no part of the range.
        let range = range.split('/').next().unwrap_or("");
        self.edge(from, to, kind, name, range, at.clone());
    }

    fn edge(&mut self, from: usize, to: usize, kind: DependencyKind, name: &str, range: &str, at: Place) {
        let npm = self.found.entries[to].ecosystem == Ecosystem::Npm;
        self.found.edges.push(Edge {
            from,
            to,
            kind,
            name: name.to_owned(),
            requirement: range.to_owned(),
            check: (npm && !range.is_empty()).then(|| range.to_owned()),
            at,
        });
    }
}

/// The key without peers (`_react@18.0.0`): `(key, rest)`.
fn npm_key(key: &str) -> (&str, &str) {
    let version = split_name(key).map_or(0, |(name, _)| name.len() + 1);
    match key.get(version..).and_then(|rest| rest.find('_')) {
        Some(at) if version > 0 => key.split_at(version + at),
        _ => (key, ""),
    }
}

/// Alias, real name and version of a key: `a@1.0.0_peers`, `alias@npm:real@1.0.0`.
fn npm_parts(key: &str) -> (Option<&str>, &str, &str) {
    let (key, _) = npm_key(key);
    let (name, version) = split_name(key).unwrap_or((key, ""));
    match version.strip_prefix("npm:").and_then(split_name) {
        Some((real, version)) => (Some(name), real, version),
        None => (None, name, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart() {
        assert_eq!(npm_parts("@s/a_b@1.0.0_react@18.2.0__c@1.0.0"), (None, "@s/a_b", "1.0.0"));
        assert_eq!(npm_parts("a@npm:@s/b@2.0.0"), (Some("a"), "@s/b", "2.0.0"));
        assert_eq!(npm_parts("a"), (None, "a", ""));
        assert_eq!(npm_parts("a_b"), (None, "a_b", ""));
    }
}
