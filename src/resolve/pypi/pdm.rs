//! `pdm.lock`, lock versions 4 (<https://pdm-project.org/en/latest/usage/lockfile/>; pdm's
//! `src/pdm/formats`).

use std::collections::BTreeMap;

use super::assemble::{Assembly, Locked};
use super::doc::{self, Doc, Table};
use super::manifest;
use super::source;
use crate::model::{Artifact, DependencyKind, Source};
use crate::resolve::ResolveError;

const REWRITE: &str = "write it again with `pdm lock`";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    let parsed = doc.toml(REWRITE)?;
    let top = parsed.get_ref();
    let metadata = doc::table(top, "metadata");
    match metadata.and_then(|metadata| doc::text(metadata, "lock_version")) {
        Some(version) if version.starts_with("4.") => {}
        Some(version) => {
            let message = format!("lock version {} of `pdm.lock` is not read", crate::model::escape(version));
            return Err(doc.invalid(0, message, REWRITE));
        }
        None => return Err(doc.invalid(0, "it has no `lock_version`", REWRITE)),
    }
    out.read_manifest(true)?;
    // A package stands again for each set of its extras.
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (package, at) in doc::tables(top, "package") {
        let Some(name) = doc::text(package, "name") else {
            return Err(doc.invalid(at.start, "a package without a name", REWRITE));
        };
        let version = doc::text(package, "version").unwrap_or("");
        let place = package.get("name").map_or(at, |value| value.span());
        let mut entry = Locked::new(name, version, origin(package, &out.dir), doc.span(&place));
        entry.artifacts = artifacts(package);
        if let (Source::Tarball { url }, true) = (&entry.source, entry.artifacts.is_empty()) {
            entry.artifacts.push(source::artifact(url, Vec::new()));
        }
        if matches!(entry.source, Source::Git { .. } | Source::Path { .. }) {
            entry.artifacts.clear();
        }
        for value in doc::list(package, "dependencies") {
            let Some(text) = value.get_ref().as_str() else { continue };
            entry.asks.extend(manifest::ask(doc, text, DependencyKind::Normal, &value.span()));
        }
        let extras = !doc::list(package, "extras").is_empty();
        entry.asks.retain(|ask| ask.name != entry.name);
        if extras {
            for ask in &mut entry.asks {
                ask.kind = DependencyKind::Optional;
            }
        }
        let key = (entry.name.clone(), entry.version.clone());
        match known.get(&key).and_then(|at| out.entry(*at)) {
            Some(before) if before.source == entry.source => before.asks.extend(entry.asks),
            _ => drop(known.insert(key, out.lock(entry))),
        }
    }
    Ok(())
}

fn artifacts(package: Table<'_, '_>) -> Vec<Artifact> {
    doc::tables(package, "files")
        .filter_map(|(file, _)| {
            let integrity = doc::text(file, "hash").and_then(source::digest).into_iter().collect();
            match doc::text(file, "url") {
                Some(url) => Some(source::artifact(url, integrity)),
                None => Some(Artifact { name: doc::text(file, "file")?.to_owned(), url: None, integrity }),
            }
        })
        .collect()
}

fn origin(package: Table<'_, '_>, dir: &str) -> Source {
    let text = |key: &str| doc::text(package, key);
    if let Some(url) = text("git") {
        source::git(url, text("revision"))
    } else if let Some(url) = text("url") {
        Source::Tarball { url: source::without_user(url) }
    } else if let Some(path) = text("path") {
        source::local(dir, path)
    } else {
        source::registry(None)
    }
}
