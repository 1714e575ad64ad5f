//! `Pipfile.lock`, specification 6 (<https://pipenv.pypa.io/en/stable/pipfile.html>). It pins a flat
//! list: who asks for what is in no file.

use super::assemble::{Ask, Assembly, Locked, location};
use super::doc::Doc;
use super::name;
use super::source;
use crate::json::{self, Node};
use crate::model::{Artifact, DependencyKind, Digest, Source};
use crate::resolve::ResolveError;

const REWRITE: &str = "write it again with `pipenv lock`";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    let root = json::parse(doc.text)
        .map_err(|error| doc.invalid(error.offset, format!("not JSON: {}", error.message), REWRITE))?;
    let Some(meta) = root.get("_meta").filter(|meta| meta.is_object()) else {
        return Err(doc.invalid(root.range.start, "it has no `_meta`", REWRITE));
    };
    let spec = meta.get("pipfile-spec").map(|spec| &doc.text[spec.range.clone()]);
    if spec.is_some_and(|spec| spec != "6") {
        return Err(doc.invalid(meta.range.start, "only `pipfile-spec` 6 is read", REWRITE));
    }
    for (key, second, first) in root.duplicates() {
        let message = format!("`{}` stands twice in one object", crate::model::escape(key));
        out.find(None, "lockfile/duplicate", message, doc.span(&second));
        let _ = first;
    }
    out.read_manifest(false)?;
    let mut indices: Vec<(Option<&str>, &str)> = Vec::new();
    for one in meta.get("sources").map(Node::elements).unwrap_or_default() {
        let text = |key: &str| one.get(key).and_then(Node::as_str);
        let Some(url) = text("url") else { continue };
        out.index(None, url, "`_meta.sources`", doc.span(&one.range));
        if one.get("verify_ssl").and_then(Node::as_bool) == Some(false) {
            let message = "`verify_ssl` is off for an index".to_owned();
            out.find(None, "lockfile/insecure-url", message, doc.span(&one.range));
        }
        indices.push((text("name"), url));
    }
    for (name, range, section) in root.members() {
        if name == "_meta" {
            continue;
        }
        if !section.is_object() {
            return Err(doc.invalid(range.start, format!("`{name}` is not an object"), REWRITE));
        }
        // Every category but the first is for development or the user's own.
        let kind = if name == "default" { DependencyKind::Normal } else { DependencyKind::Dev };
        for (package, range, node) in section.members() {
            let entry = entry(doc, package, range.clone(), node, &indices, &out.dir)?;
            let ask = Ask {
                name: entry.name.clone(),
                version: Some(entry.version.clone()),
                requirement: node.get("version").and_then(Node::as_str).unwrap_or("").to_owned(),
                platform: node.get("markers").and_then(Node::as_str).map(str::to_owned),
                kind,
                declared: location(&entry.span),
            };
            out.lock(entry);
            out.ask(ask);
        }
    }
    out.note(format!("{}: the format does not say which package asks for which", doc.file()));
    Ok(())
}

fn entry(
    doc: &Doc<'_>,
    name: &str,
    range: std::ops::Range<usize>,
    node: &Node<'_>,
    indices: &[(Option<&str>, &str)],
    dir: &str,
) -> Result<Locked, ResolveError> {
    if !node.is_object() {
        return Err(doc.invalid(range.start, format!("`{name}` is {}, not an object", node.kind()), REWRITE));
    }
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    let version = text("version").and_then(name::pinned).unwrap_or("");
    let from = if let Some(url) = text("git") {
        source::git(url, text("ref"))
    } else if let Some(path) = text("path") {
        source::local(dir, path)
    } else if let Some(url) = text("file") {
        match url.contains("://") && !url.starts_with("file:") {
            true => Source::Tarball { url: source::without_user(url.split('#').next().unwrap_or(url)) },
            false => source::local(dir, url),
        }
    } else {
        // Without `index` pipenv asks the first of the sources.
        let index = text("index").and_then(|index| indices.iter().find(|(name, _)| *name == Some(index)));
        source::registry(index.or(indices.first()).map(|(_, url)| *url))
    };
    let mut entry = Locked::new(name, version, from, doc.span(&range));
    let hashes = node.get("hashes").map(Node::elements).unwrap_or_default();
    let digests: Vec<Digest> = hashes.iter().filter_map(|hash| source::digest(hash.as_str()?)).collect();
    match &entry.source {
        Source::Tarball { url } => entry.artifacts.push(source::artifact(url, digests)),
        Source::File { path } => {
            let artifact = source::artifact(path, digests);
            entry.artifacts.push(Artifact { url: None, ..artifact });
        }
        _ => entry.integrity = digests,
    }
    entry.optional = text("markers").is_some();
    Ok(entry)
}
