//! `pylock.toml`, lock version 1 (PEP 751,
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>).

use super::assemble::{Ask, Assembly, Locked, location};
use super::doc::{self, Doc, Table};
use super::name;
use super::source;
use crate::model::{Artifact, DependencyKind, Digest, Source};
use crate::resolve::ResolveError;

const REWRITE: &str = "write it again with the tool that made it (`created-by`)";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    let parsed = doc.toml(REWRITE)?;
    let top = parsed.get_ref();
    match doc::text(top, "lock-version") {
        Some(version) if version == "1" || version.starts_with("1.") => {}
        Some(version) => {
            let message =
                format!("lock version {} of `pylock.toml` is not read", crate::model::escape(version));
            return Err(doc.invalid(0, message, REWRITE));
        }
        None => return Err(doc.invalid(0, "it has no `lock-version`", REWRITE)),
    }
    out.read_manifest(false)?;
    out.complete = true;
    for (package, at) in doc::tables(top, "packages") {
        let Some(name) = doc::text(package, "name") else {
            return Err(doc.invalid(at.start, "a package without a name", REWRITE));
        };
        let version = doc::text(package, "version").unwrap_or("");
        let place = package.get("name").map_or(at, |value| value.span());
        let (origin, artifacts) = origin(package, &out.dir);
        let Some(origin) = origin else {
            return Err(doc.invalid(
                place.start,
                format!("`{name}` has a source that is not known"),
                REWRITE,
            ));
        };
        let mut entry = Locked::new(name, version, origin, doc.span(&place));
        entry.artifacts = artifacts;
        for (wanted, at) in doc::tables(package, "dependencies") {
            let Some(name) = doc::text(wanted, "name") else { continue };
            entry.asks.push(Ask {
                name: name::normal(name),
                version: doc::text(wanted, "version").map(str::to_owned),
                requirement: String::new(),
                platform: None,
                kind: DependencyKind::Normal,
                declared: location(&doc.span(&at)),
            });
        }
        entry.optional = package.get("marker").is_some();
        out.lock(entry);
    }
    Ok(())
}

fn origin(package: Table<'_, '_>, dir: &str) -> (Option<Source>, Vec<Artifact>) {
    let table = |key: &str| doc::table(package, key);
    if let Some(vcs) = table("vcs") {
        let git = doc::text(vcs, "type") == Some("git");
        let url = doc::text(vcs, "url").filter(|_| git);
        return (url.map(|url| source::git(url, doc::text(vcs, "commit-id"))), Vec::new());
    }
    if let Some(path) = table("directory").and_then(|directory| doc::text(directory, "path")) {
        return (Some(source::local(dir, path)), Vec::new());
    }
    if let Some(archive) = table("archive") {
        let one = artifact(archive);
        let from = match (doc::text(archive, "url"), doc::text(archive, "path")) {
            (Some(url), _) => Some(Source::Tarball { url: source::without_user(url) }),
            (None, Some(path)) => Some(source::local(dir, path)),
            (None, None) => None,
        };
        return (from, one.into_iter().collect());
    }
    let wheels = doc::tables(package, "wheels").map(|(wheel, _)| wheel);
    let artifacts = table("sdist").into_iter().chain(wheels).filter_map(artifact).collect();
    (Some(source::registry(doc::text(package, "index"))), artifacts)
}

fn artifact(table: Table<'_, '_>) -> Option<Artifact> {
    let text = |key: &str| doc::text(table, key);
    let hashes = doc::table(table, "hashes").into_iter().flat_map(|hashes| hashes.iter());
    let integrity: Vec<Digest> =
        hashes.filter_map(|(name, hex)| source::digest_of(name.get_ref(), hex.get_ref().as_str()?)).collect();
    let url = text("url").map(source::without_user);
    let name = text("name").map(str::to_owned);
    let name = name.or_else(|| Some(name::file_name(url.as_deref().or_else(|| text("path"))?)))?;
    Some(Artifact { name, url, integrity })
}
