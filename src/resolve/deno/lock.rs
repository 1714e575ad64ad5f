//! Reads a `deno.lock`.
//!
//! Format: <https://docs.deno.com/runtime/fundamentals/modules/#integrity-checking-and-lock-files>
//! and the `deno_lockfile` crate. Version 3 has specifiers and packages below `packages`, with full
//! names as answers (`npm:a@1.0.0`); from version 4 on they stand at the top and the answer is the
//! version alone.

use std::collections::BTreeMap;

use crate::json::{ByteRange, Node};
use crate::model::{DependencyKind, PlatformSpec};
use crate::resolve::ResolveError;
use crate::resolve::js::Placed;
use crate::resolve::npm::doc::Doc;

/// What to do about a file that is none of Deno's.
pub(super) const REWRITE: &str = "write it again with `deno install --frozen=false`";

/// What one specifier leads to.
#[derive(Debug)]
pub(super) struct Specifier<'n> {
    pub(super) answer: &'n str,
    pub(super) at: ByteRange,
}

/// An entry of `npm` or `jsr`.
#[derive(Debug)]
pub(super) struct Package<'n> {
    pub(super) key: &'n str,
    pub(super) at: ByteRange,
    pub(super) integrity: Option<Placed>,
    pub(super) tarball: Option<Placed>,
    pub(super) platform: PlatformSpec,
    pub(super) asks: Vec<(&'n str, DependencyKind, ByteRange)>,
}

/// A line of `workspace`.
#[derive(Debug)]
pub(super) struct Ask<'n> {
    /// From the lockfile's folder; empty for the root.
    pub(super) folder: &'n str,
    pub(super) text: &'n str,
    pub(super) kind: DependencyKind,
    pub(super) at: ByteRange,
}

/// A lockfile.
#[derive(Debug, Default)]
pub(super) struct Lock<'n> {
    pub(super) specifiers: BTreeMap<&'n str, Specifier<'n>>,
    pub(super) npm: Vec<Package<'n>>,
    pub(super) jsr: Vec<Package<'n>>,
    /// URL, SHA-256, place.
    pub(super) remote: Vec<(&'n str, Option<&'n str>, ByteRange)>,
    pub(super) asks: Vec<Ask<'n>>,
    /// Whether there is a `workspace` at all.
    pub(super) asks_known: bool,
}

/// Reads the lockfile.
pub(super) fn read<'n>(doc: &Doc<'_>, root: &'n Node<'n>) -> Result<Lock<'n>, ResolveError> {
    let Some(version) = root.get("version") else {
        return Err(doc.invalid(root.range.start, "`version` is missing", REWRITE));
    };
    let packages = match version.as_str() {
        Some("3") => root.get("packages"),
        Some("4" | "5") => Some(root),
        other => {
            let text = crate::model::escape(other.unwrap_or(version.kind()));
            let message = format!("version {text} is not known, only \"3\", \"4\" and \"5\" are");
            let help = "look for a newer bomvet, or write the lockfile with Deno 2";
            return Err(doc.invalid(version.range.start, message, help));
        }
    };
    let mut lock = Lock::default();
    if let Some(packages) = packages {
        for (text, at, node) in members(doc, packages, "specifiers")? {
            let Some(answer) = node.as_str() else { return Err(wrong(doc, node, "an answer", "a string")) };
            lock.specifiers.insert(text, Specifier { answer, at: at.clone() });
        }
        for (key, at, node) in members(doc, packages, "npm")? {
            lock.npm.push(package(doc, key, at, node)?);
        }
        for (key, at, node) in members(doc, packages, "jsr")? {
            lock.jsr.push(package(doc, key, at, node)?);
        }
    }
    for (url, at, node) in members(doc, root, "remote")? {
        lock.remote.push((url, node.as_str(), at.clone()));
    }
    if let Some(workspace) = root.get("workspace") {
        lock.asks_known = true;
        asks(doc, workspace, "", &mut lock.asks)?;
        for (folder, _, node) in members(doc, workspace, "members")? {
            asks(doc, node, folder, &mut lock.asks)?;
        }
    }
    Ok(lock)
}

fn package<'n>(
    doc: &Doc<'_>,
    key: &'n str,
    at: &ByteRange,
    node: &'n Node<'n>,
) -> Result<Package<'n>, ResolveError> {
    if !node.is_object() {
        return Err(wrong(doc, node, &format!("the entry `{}`", crate::model::escape(key)), "an object"));
    }
    let placed =
        |key: &str| node.get(key).and_then(|node| Some((node.as_str()?.to_owned(), node.range.clone())));
    let list = |key: &str| {
        node.get(key)
            .iter()
            .flat_map(|node| node.elements())
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect()
    };
    let mut asks = Vec::new();
    for (list, kind) in [
        ("dependencies", DependencyKind::Normal),
        ("optionalDependencies", DependencyKind::Optional),
        ("optionalPeers", DependencyKind::Peer),
    ] {
        let Some(list) = node.get(list) else { continue };
        // Version 3 writes an object for npm: what it is called there, and what it gets.
        for (_, at, node) in list.members() {
            asks.extend(node.as_str().map(|text| (text, kind, at.clone())));
        }
        for node in list.elements() {
            let Some(text) = node.as_str() else { return Err(wrong(doc, node, "a dependency", "a string")) };
            asks.push((text, kind, node.range.clone()));
        }
    }
    Ok(Package {
        key,
        at: at.clone(),
        integrity: placed("integrity"),
        tarball: placed("tarball"),
        platform: PlatformSpec { os: list("os"), cpu: list("cpu"), libc: list("libc") },
        asks,
    })
}

/// What one folder asks for, in `deno.json` and `package.json`.
fn asks<'n>(
    doc: &Doc<'_>,
    node: &'n Node<'n>,
    folder: &'n str,
    out: &mut Vec<Ask<'n>>,
) -> Result<(), ResolveError> {
    for place in [Some(node), node.get("packageJson")].into_iter().flatten() {
        for node in place.get("dependencies").iter().flat_map(|node| node.elements()) {
            let Some(text) = node.as_str() else { return Err(wrong(doc, node, "a dependency", "a string")) };
            out.push(Ask { folder, text, kind: DependencyKind::Normal, at: node.range.clone() });
        }
    }
    Ok(())
}

/// Members of the object at `key`; none where there is none.
fn members<'n>(
    doc: &Doc<'_>,
    node: &'n Node<'n>,
    key: &str,
) -> Result<Vec<(&'n str, &'n ByteRange, &'n Node<'n>)>, ResolveError> {
    match node.get(key) {
        None => Ok(Vec::new()),
        Some(value) if value.is_object() => {
            Ok(value.members().iter().map(|(key, at, node)| (&**key, at, node)).collect())
        }
        Some(value) => Err(wrong(doc, value, &format!("`{key}`"), "an object")),
    }
}

fn wrong(doc: &Doc<'_>, node: &Node<'_>, what: &str, expected: &str) -> ResolveError {
    let message = format!("{what} must be {expected}, found {}", node.kind());
    doc.invalid(node.range.start, message, format!("Deno writes no such file; {REWRITE}"))
}
