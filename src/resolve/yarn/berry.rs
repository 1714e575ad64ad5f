//! Reads the format of Yarn 2 and later (`__metadata`), which is YAML: keys are lists of
//! descriptors (`a@npm:^1, a@npm:^1.2`), `resolution` is the locator that they all lead to.
//!
//! Format: <https://yarnpkg.com/advanced/lexicon>, `structUtils.ts` of Yarn's source.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::{Ask, Locked, Patch, REWRITE};
use crate::model::{DependencyKind, PlatformSpec};
use crate::resolve::ResolveError;
use crate::resolve::js::{as_git, split_name};
use crate::resolve::npm::doc::Doc;
use crate::resolve::npm::spec::is_archive;
use crate::yaml::Node;

/// Reads every entry.
pub(super) fn read(doc: &Doc<'_>, root: &Node<'_>) -> Result<Vec<Locked>, ResolveError> {
    let version = root.get("__metadata").and_then(|meta| meta.get("version"));
    let Some(version) = version else {
        return Err(doc.invalid(root.range.start, "`version` is missing in `__metadata`", REWRITE));
    };
    if !version.as_str().is_some_and(|text| matches!(text.parse::<u32>(), Ok(3..=10))) {
        let text = crate::model::escape(version.as_str().unwrap_or_default());
        let message = format!("version {text} is not known, only 3 to 10 are");
        return Err(doc.invalid(version.range.start, message, "look for a newer bomvet"));
    }
    let mut out = Vec::new();
    for (key, node) in root.pairs() {
        let Some(text) = key.as_str() else { return Err(wrong(doc, key, "a key", "a scalar")) };
        if text == "__metadata" {
            continue;
        }
        if !node.is_mapping() {
            return Err(wrong(
                doc,
                node,
                &format!("the entry `{}`", crate::model::escape(text)),
                "a mapping",
            ));
        }
        let mut locked = Locked {
            descriptors: text.split(", ").map(str::to_owned).collect(),
            at: key.range.clone(),
            ..Locked::default()
        };
        let resolution = node.get("resolution");
        let locator = resolution.and_then(Node::as_str).unwrap_or_default();
        let Some((name, reference)) = split_name(locator) else {
            let at = resolution.map_or(key.range.start, |node| node.range.start);
            let message = format!("`{}` has no resolution `name@reference`", crate::model::escape(text));
            return Err(doc.invalid(at, message, REWRITE));
        };
        let at = resolution.map_or(key.range.clone(), |node| node.range.clone());
        locked.name = name.to_owned();
        locked.locator = Some(locator.to_owned());
        locked.version =
            node.get("version").and_then(|node| Some((node.as_str()?.to_owned(), node.range.clone())));
        locked.checksum = node.get("checksum").is_some();
        place(&mut locked, name, reference, at);
        let optional: BTreeMap<&str, bool> = node
            .get("dependenciesMeta")
            .iter()
            .flat_map(|node| node.members())
            .map(|(name, _, node)| (name, node.get("optional").and_then(Node::as_bool) == Some(true)))
            .collect();
        for (list, kind) in
            [("dependencies", DependencyKind::Normal), ("optionalDependencies", DependencyKind::Optional)]
        {
            let Some(asks) = node.get(list) else { continue };
            if !asks.is_mapping() {
                return Err(wrong(doc, asks, &format!("`{list}`"), "a mapping"));
            }
            for (name, at, node) in asks.members() {
                let Some(range) = node.as_str() else {
                    return Err(wrong(doc, node, &format!("`{}`", crate::model::escape(name)), "a scalar"));
                };
                let kind = if optional.get(name) == Some(&true) { DependencyKind::Optional } else { kind };
                locked.asks.push(Ask {
                    name: name.to_owned(),
                    range: range.to_owned(),
                    kind,
                    at: at.clone(),
                });
            }
        }
        if let Some(text) = node.get("conditions").and_then(Node::as_str) {
            locked.platform = conditions(text);
        }
        out.push(locked);
    }
    Ok(out)
}

/// Where the reference of a locator leads.
fn place(locked: &mut Locked, name: &str, reference: &str, at: crate::json::ByteRange) {
    let (reference, bindings) = reference.split_once("::").unwrap_or((reference, ""));
    let binding = |key: &str| {
        let value = bindings.split('&').find_map(|part| part.strip_prefix(key)?.strip_prefix('='))?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let (plain, hash) = reference.split_once('#').unwrap_or((reference, ""));
    if let Some(version) = reference.strip_prefix("npm:") {
        locked.version.get_or_insert((version.to_owned(), at.clone()));
        locked.resolved = binding("__archiveUrl").map(|url| (url, at));
    } else if let Some(path) = reference.strip_prefix("workspace:") {
        locked.folder = Some(path.to_owned());
        locked.workspace = true;
    } else if let Some(of) = plain.strip_prefix("patch:") {
        let of = percent_decode_str(of).decode_utf8_lossy().into_owned();
        locked.patch = Some(Patch { of, name: name.to_owned(), by: hash.to_owned(), at });
    } else if let Some(path) =
        ["file:", "link:", "portal:"].iter().find_map(|prefix| plain.strip_prefix(prefix))
    {
        if is_archive(path) {
            locked.resolved = Some((format!("file:{path}"), at));
        } else {
            locked.folder = Some(path.to_owned());
        }
    } else if let Some(commit) = hash.split('&').find_map(|part| part.strip_prefix("commit=")) {
        let plus = if plain.contains("://") && !plain.starts_with("git") { "git+" } else { "" };
        locked.resolved = Some((format!("{plus}{plain}#{commit}"), at));
    } else if plain.starts_with("https://") || plain.starts_with("http://") {
        locked.resolved = Some((as_git(plain).unwrap_or_else(|| plain.to_owned()), at));
    } else {
        locked.unknown = Some((reference.to_owned(), at));
    }
}

/// `os=darwin & (cpu=x64 | cpu=arm64)`.
fn conditions(text: &str) -> PlatformSpec {
    let mut out = PlatformSpec::default();
    for part in text.split(['&', '|', '(', ')', ' ']) {
        let Some((key, value)) = part.split_once('=') else { continue };
        match key {
            "os" => out.os.push(value.to_owned()),
            "cpu" => out.cpu.push(value.to_owned()),
            "libc" => out.libc.push(value.to_owned()),
            _ => {}
        }
    }
    out
}

fn wrong(doc: &Doc<'_>, node: &Node<'_>, what: &str, expected: &str) -> ResolveError {
    let message = format!("{what} must be {expected}, found {}", node.kind());
    doc.invalid(node.range.start, message, format!("Yarn writes no such file; {REWRITE}"))
}
