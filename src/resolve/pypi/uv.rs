//! `uv.lock` and a script's `*.py.lock`, version 1
//! (<https://docs.astral.sh/uv/concepts/resolution/#lockfile>; uv's `crates/uv-resolver/src/lock`).

use std::ops::Range;

use super::assemble::{Ask, Assembly, Locked};
use super::doc::{self, Doc, Table};
use super::name::{self, file_name};
use super::source;
use crate::model::{Artifact, DependencyKind, Source};
use crate::resolve::ResolveError;

const REWRITE: &str = "write it again with `uv lock`";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    let parsed = doc.toml(REWRITE)?;
    let top = parsed.get_ref();
    let version = top.get("version").and_then(|value| value.get_ref().as_integer());
    match version.map(|version| version.as_str()) {
        Some("1") => {}
        Some(other) => {
            return Err(doc.invalid(0, format!("version {other} of `uv.lock` is not read"), REWRITE));
        }
        None => return Err(doc.invalid(0, "it has no `version`", REWRITE)),
    }
    out.complete = true;
    for (package, at) in doc::tables(top, "package") {
        let Some(name) = doc::text(package, "name") else {
            return Err(doc.invalid(at.start, "a package without a name", REWRITE));
        };
        let version = doc::text(package, "version").unwrap_or("");
        let place = package.get("name").map_or(at.clone(), |value| value.span());
        let Some(source) = package.get("source").and_then(|value| value.get_ref().as_table()) else {
            return Err(doc.invalid(at.start, format!("`{name}` has no source"), REWRITE));
        };
        let Some(source) = origin(source, &out.dir) else {
            return Err(doc.invalid(
                place.start,
                format!("`{name}` has a source that is not known"),
                REWRITE,
            ));
        };
        let mut entry = Locked::new(name, version, source, doc.span(&place));
        let sdist = package.get("sdist").and_then(|value| value.get_ref().as_table());
        let wheels = doc::tables(package, "wheels").map(|(wheel, _)| wheel);
        entry.artifacts = sdist.into_iter().chain(wheels).filter_map(artifact).collect();
        if let (Source::Tarball { url }, true) = (&entry.source, entry.artifacts.is_empty()) {
            entry.artifacts.push(source::artifact(url, Vec::new()));
        }
        asks(doc, package, "dependencies", DependencyKind::Normal, &mut entry.asks);
        for (key, kind) in
            [("optional-dependencies", DependencyKind::Optional), ("dev-dependencies", DependencyKind::Dev)]
        {
            let Some(table) = doc::table(package, key) else { continue };
            for (group, _) in table.iter() {
                asks(doc, table, group.get_ref(), kind, &mut entry.asks);
            }
        }
        out.lock(entry);
    }
    if let Some(manifest) = doc::table(top, "manifest") {
        for (requirement, at) in doc::tables(manifest, "requirements") {
            out_ask(doc, requirement, DependencyKind::Normal, &at).into_iter().for_each(|ask| out.ask(ask));
        }
        for (group, _) in doc::table(manifest, "dependency-groups").into_iter().flat_map(|t| t.iter()) {
            let Some(groups) = doc::table(manifest, "dependency-groups") else { continue };
            for (requirement, at) in doc::tables(groups, group.get_ref()) {
                out_ask(doc, requirement, DependencyKind::Dev, &at).into_iter().for_each(|ask| out.ask(ask));
            }
        }
    }
    Ok(())
}

fn origin(table: Table<'_, '_>, dir: &str) -> Option<Source> {
    let text = |key: &str| doc::text(table, key);
    if let Some(index) = text("registry") {
        return Some(match index.contains("://") {
            true => source::registry(Some(index)),
            // A folder of archives.
            false => Source::Registry { registry: Some(index.to_owned()), url: None },
        });
    }
    if let Some(url) = text("git") {
        return Some(source::git(url, url.rsplit_once('#').map(|(_, commit)| commit)));
    }
    if let Some(url) = text("url") {
        return Some(Source::Tarball { url: source::without_user(url) });
    }
    let path = ["editable", "virtual", "directory", "path"].iter().find_map(|key| text(key))?;
    Some(source::local(dir, path))
}

fn artifact(table: Table<'_, '_>) -> Option<Artifact> {
    let integrity = doc::text(table, "hash").and_then(source::digest).into_iter().collect();
    if let Some(url) = doc::text(table, "url") {
        return Some(source::artifact(url, integrity));
    }
    let name = doc::text(table, "filename").or_else(|| doc::text(table, "path"))?;
    Some(Artifact { name: file_name(name), url: None, integrity })
}

fn asks(doc: &Doc<'_>, table: Table<'_, '_>, key: &str, kind: DependencyKind, out: &mut Vec<Ask>) {
    for (requirement, at) in doc::tables(table, key) {
        out.extend(out_ask(doc, requirement, kind, &at));
    }
}

fn out_ask(doc: &Doc<'_>, table: Table<'_, '_>, kind: DependencyKind, at: &Range<usize>) -> Option<Ask> {
    let text = |key: &str| doc::text(table, key).map(str::to_owned);
    Some(Ask {
        name: name::normal(doc::text(table, "name")?),
        version: text("version"),
        requirement: text("specifier").unwrap_or_default(),
        platform: text("marker"),
        kind,
        declared: doc.location(at),
    })
}
