//! `poetry.lock`, lock versions 1 and 2 (<https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock>;
//! poetry's `src/poetry/packages/locker.py`).

use super::assemble::{Assembly, Locked};
use super::doc::{self, Doc, Table};
use super::manifest;
use super::name;
use super::source;
use crate::model::{Artifact, DependencyKind, Source};
use crate::resolve::ResolveError;

const REWRITE: &str = "write it again with `poetry lock`";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    let parsed = doc.toml(REWRITE)?;
    let top = parsed.get_ref();
    let metadata = doc::table(top, "metadata");
    match metadata.and_then(|metadata| doc::text(metadata, "lock-version")) {
        Some(version) if version.starts_with("1.") || version.starts_with("2.") => {}
        Some(version) => {
            let message =
                format!("lock version {} of `poetry.lock` is not read", crate::model::escape(version));
            return Err(doc.invalid(0, message, REWRITE));
        }
        None => return Err(doc.invalid(0, "it has no `lock-version`", REWRITE)),
    }
    out.read_manifest(true)?;
    // Up to version 1.1 the files of all packages stand at the end.
    let files = metadata.and_then(|metadata| doc::table(metadata, "files"));
    for (package, at) in doc::tables(top, "package") {
        let (Some(name), Some(version)) = (doc::text(package, "name"), doc::text(package, "version")) else {
            return Err(doc.invalid(at.start, "a package without name or version", REWRITE));
        };
        let place = package.get("name").map_or(at, |value| value.span());
        let Some(origin) = origin(package, &out.dir) else {
            return Err(doc.invalid(
                place.start,
                format!("`{name}` has a source that is not known"),
                REWRITE,
            ));
        };
        let mut entry = Locked::new(name, version, origin, doc.span(&place));
        entry.artifacts = artifacts(package, "files");
        if let Some(files) = files.filter(|_| entry.artifacts.is_empty()) {
            let key = files.iter().map(|(key, _)| key.get_ref()).find(|key| name::normal(key) == entry.name);
            entry.artifacts = key.map(|key| artifacts(files, key)).unwrap_or_default();
        }
        entry.optional = package.get("optional").and_then(|v| v.get_ref().as_bool()) == Some(true);
        match &entry.source {
            // The file's address is the source's; its digest is in the list.
            Source::Tarball { url } => {
                let file = name::file_name(url);
                entry.artifacts.retain(|artifact| artifact.name == file);
                match entry.artifacts.first_mut() {
                    Some(artifact) => artifact.url = Some(url.clone()),
                    None => entry.artifacts.push(source::artifact(url, Vec::new())),
                }
            }
            Source::Git { .. } | Source::Path { .. } => entry.artifacts.clear(),
            _ => {}
        }
        manifest::constraints(doc, package, "dependencies", DependencyKind::Normal, &mut entry.asks);
        out.lock(entry);
    }
    Ok(())
}

fn artifacts(table: Table<'_, '_>, key: &str) -> Vec<Artifact> {
    doc::tables(table, key)
        .filter_map(|(file, _)| {
            let integrity = doc::text(file, "hash").and_then(source::digest).into_iter().collect();
            // With an address in newer versions, where the index has none of its own.
            let url = doc::text(file, "url").map(source::without_user);
            Some(Artifact { name: doc::text(file, "file")?.to_owned(), url, integrity })
        })
        .collect()
}

fn origin(package: Table<'_, '_>, dir: &str) -> Option<Source> {
    let Some(table) = doc::table(package, "source") else { return Some(source::registry(None)) };
    let url = doc::text(table, "url")?;
    Some(match doc::text(table, "type")? {
        "legacy" | "pypi" => source::registry(Some(url)),
        "git" => source::git(url, doc::text(table, "resolved_reference")),
        "url" => Source::Tarball { url: source::without_user(url) },
        "directory" | "file" => source::local(dir, url),
        _ => return None,
    })
}
