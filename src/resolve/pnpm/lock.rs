//! Reads a `pnpm-lock.yaml` of any version into importers and packages.
//!
//! Format: <https://github.com/pnpm/spec/tree/master/lockfile>, and what pnpm 6 to 11 write.
//! Version 5 names the project's folders either in `importers` or, if there is one only, at the
//! top, with requirements apart (`specifiers`). Version 6 puts requirement and answer side by side,
//! versions 7 and 9 move what depends on peers from `packages` to `snapshots`. pnpm 11 puts a
//! document of its own before the project's, for pnpm itself and for configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::keys;
use crate::json::ByteRange;
use crate::model::{DependencyKind, PlatformSpec};
use crate::resolve::ResolveError;
use crate::resolve::js::{Placed, as_git};
use crate::resolve::npm::doc::Doc;
use crate::yaml::Node;

/// What to do about a file that is none of pnpm's.
pub(super) const REWRITE: &str = "write it again with `pnpm install --lockfile-only`";

/// A folder of the project.
#[derive(Debug, Default)]
pub(super) struct Importer {
    /// From the lockfile's folder; empty for the root.
    pub(super) folder: String,
    pub(super) at: ByteRange,
    pub(super) asks: Vec<Ask>,
}

/// One line of a list of dependencies.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) name: String,
    /// As written in `package.json`, where the lockfile remembers it.
    pub(super) specifier: Option<String>,
    /// The answer.
    pub(super) version: String,
    pub(super) kind: DependencyKind,
    pub(super) at: ByteRange,
}

/// An entry of `packages`.
#[derive(Debug, Default)]
pub(super) struct Locked {
    /// Without peers.
    pub(super) key: String,
    pub(super) at: ByteRange,
    pub(super) name: Option<String>,
    pub(super) version: Option<Placed>,
    pub(super) resolved: Option<Placed>,
    pub(super) integrity: Option<Placed>,
    /// A folder, from the lockfile's.
    pub(super) folder: Option<String>,
    /// A resolution of a kind that is not read.
    pub(super) unknown: Option<Placed>,
    pub(super) optional: bool,
    pub(super) platform: PlatformSpec,
    /// Peers by name, as the package asks for them.
    pub(super) peers: BTreeMap<String, String>,
}

/// What one package of the tree gets: an entry of `snapshots`, or of `packages` before version 7.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// With peers.
    pub(super) key: String,
    pub(super) at: ByteRange,
    pub(super) optional: bool,
    pub(super) asks: Vec<Ask>,
}

/// A lockfile.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub(super) major: u8,
    pub(super) importers: Vec<Importer>,
    pub(super) packages: Vec<Locked>,
    pub(super) snapshots: Vec<Snapshot>,
    /// Names that `overrides` speaks of.
    pub(super) overrides: BTreeSet<String>,
    /// `name@version` or `name` → patch file, and where that stands.
    pub(super) patches: Vec<(String, Placed)>,
    /// `catalog name/package` → specifier.
    pub(super) catalogs: BTreeMap<(String, String), String>,
    /// Whether peers of the project's folders count as dependencies.
    pub(super) peers: bool,
    /// Optional dependencies that are left out.
    pub(super) ignored: BTreeSet<String>,
    /// A program of the project changed the packages' manifests.
    pub(super) program: Option<ByteRange>,
}

/// Reads every document.
pub(super) fn read(doc: &Doc<'_>, documents: &[Node<'_>]) -> Result<Lock, ResolveError> {
    let mut lock = Lock::default();
    let Some(first) = documents.first() else { return Err(doc.invalid(0, "the file is empty", REWRITE)) };
    if let Some((key, second, _)) = documents.iter().flat_map(Node::duplicates).next() {
        let message = format!("the key `{}` stands twice, which pnpm refuses", crate::model::escape(key));
        return Err(doc.invalid(second.start, message, REWRITE));
    }
    for document in documents {
        let Some(version) = document.get("lockfileVersion") else {
            let message = "`lockfileVersion` is missing";
            return Err(doc.invalid(document.range.start, message, REWRITE));
        };
        let text = version.as_str().unwrap_or_default();
        let major = match text.split('.').next().unwrap_or_default() {
            "5" => 5,
            "6" => 6,
            "7" => 7,
            "9" => 9,
            _ => {
                return Err(doc.invalid(
                    version.range.start,
                    format!(
                        "lockfileVersion {} is not known, only 5, 6, 7 and 9 are",
                        crate::model::escape(text)
                    ),
                    "look for a newer bomvet, or write the lockfile with pnpm 9 or 10",
                ));
            }
        };
        if document.range != first.range && major != lock.major {
            let message = "the documents have different versions";
            return Err(doc.invalid(version.range.start, message, REWRITE));
        }
        lock.major = major;
        one(doc, document, &mut lock)?;
    }
    Ok(lock)
}

fn one(doc: &Doc<'_>, root: &Node<'_>, lock: &mut Lock) -> Result<(), ResolveError> {
    let peers = root.get("settings").and_then(|settings| settings.get("autoInstallPeers"));
    lock.peers |= peers.and_then(Node::as_bool) == Some(true);
    for (name, ..) in mapping(doc, root, "overrides")? {
        // `a@1>b@^2` is about `b`.
        let last = name.rsplit('>').next().unwrap_or(name).trim();
        let plain = crate::resolve::js::split_name(last).map_or(last, |(name, _)| name);
        lock.overrides.insert(plain.to_owned());
    }
    for node in root.get("ignoredOptionalDependencies").iter().flat_map(|node| node.elements()) {
        lock.ignored.extend(node.as_str().map(str::to_owned));
    }
    for (name, at, node) in mapping(doc, root, "patchedDependencies")? {
        let path = node.get("path").unwrap_or(node).as_str().unwrap_or("a patch").to_owned();
        lock.patches.push((name.to_owned(), (path, at.clone())));
    }
    for (catalog, _, node) in mapping(doc, root, "catalogs")? {
        for (name, _, node) in node.members() {
            if let Some(text) = node.get("specifier").and_then(Node::as_str) {
                lock.catalogs.insert((catalog.to_owned(), name.to_owned()), text.to_owned());
            }
        }
    }
    for key in ["pnpmfileChecksum", "packageExtensionsChecksum"] {
        if let Some(node) = root.get(key) {
            lock.program.get_or_insert(node.range.clone());
        }
    }
    let importers = mapping(doc, root, "importers")?;
    if root.get("importers").is_none() && lock.major < 9 {
        lock.importers.push(importer(doc, "", &(root.range.start..root.range.start + 1), root)?);
    }
    for (folder, at, node) in importers {
        lock.importers.push(importer(doc, if folder == "." { "" } else { folder }, at, node)?);
    }
    for (key, at, node) in mapping(doc, root, "packages")? {
        if !node.is_mapping() {
            return Err(wrong(doc, node, &format!("the entry `{}`", crate::model::escape(key)), "a mapping"));
        }
        if lock.major < 7 {
            lock.snapshots.push(snapshot(doc, key, at, node)?);
        }
        lock.packages.push(package(doc, lock.major, key, at, node)?);
    }
    for (key, at, node) in mapping(doc, root, "snapshots")? {
        lock.snapshots.push(snapshot(doc, key, at, node)?);
    }
    Ok(())
}

/// The lists of dependencies, and what each is.
const LISTS: [(&str, DependencyKind); 5] = [
    ("dependencies", DependencyKind::Normal),
    ("devDependencies", DependencyKind::Dev),
    ("optionalDependencies", DependencyKind::Optional),
    ("configDependencies", DependencyKind::Dev),
    ("packageManagerDependencies", DependencyKind::Dev),
];

fn importer(doc: &Doc<'_>, folder: &str, at: &ByteRange, node: &Node<'_>) -> Result<Importer, ResolveError> {
    let specifiers: BTreeMap<&str, &str> = mapping(doc, node, "specifiers")?
        .into_iter()
        .filter_map(|(name, _, node)| Some((name, node.as_str()?)))
        .collect();
    let mut asks = asks(doc, node)?;
    for ask in &mut asks {
        ask.specifier = ask.specifier.take().or_else(|| specifiers.get(&*ask.name).map(|&s| s.to_owned()));
    }
    Ok(Importer { folder: folder.to_owned(), at: at.clone(), asks })
}

fn asks(doc: &Doc<'_>, node: &Node<'_>) -> Result<Vec<Ask>, ResolveError> {
    let mut out = Vec::new();
    for (list, kind) in LISTS {
        for (name, at, node) in mapping(doc, node, list)? {
            let version = node.get("version").unwrap_or(node);
            let Some(text) = version.as_str() else {
                return Err(wrong(
                    doc,
                    version,
                    &format!("the version of `{}`", crate::model::escape(name)),
                    "a scalar",
                ));
            };
            out.push(Ask {
                name: name.to_owned(),
                specifier: node.get("specifier").and_then(Node::as_str).map(str::to_owned),
                version: text.to_owned(),
                kind,
                at: at.clone(),
            });
        }
    }
    Ok(out)
}

fn snapshot(doc: &Doc<'_>, key: &str, at: &ByteRange, node: &Node<'_>) -> Result<Snapshot, ResolveError> {
    Ok(Snapshot {
        key: key.to_owned(),
        at: at.clone(),
        optional: flag(node, "optional"),
        asks: asks(doc, node)?,
    })
}

fn package(
    doc: &Doc<'_>,
    major: u8,
    key: &str,
    at: &ByteRange,
    node: &Node<'_>,
) -> Result<Locked, ResolveError> {
    let short = keys::without_peers(major, key);
    let parts = keys::parse(major, short);
    let text = |key: &str| placed(node.get(key));
    let mut out = Locked {
        key: short.to_owned(),
        at: at.clone(),
        name: node.get("name").and_then(Node::as_str).or(parts.name).map(str::to_owned),
        version: text("version"),
        optional: flag(node, "optional"),
        platform: PlatformSpec { os: list(node, "os"), cpu: list(node, "cpu"), libc: list(node, "libc") },
        ..Locked::default()
    };
    let registry = parts.name.is_some() && nodejs_semver::Version::parse(parts.version).is_ok();
    if out.version.is_none() && registry {
        out.version = Some((parts.version.to_owned(), at.clone()));
    }
    for (name, _, node) in mapping(doc, node, "peerDependencies")? {
        out.peers.insert(name.to_owned(), node.as_str().unwrap_or_default().to_owned());
    }
    let Some(resolution) = node.get("resolution") else {
        let message = format!("`{}` has no resolution", crate::model::escape(key));
        return Err(doc.invalid(at.start, message, REWRITE));
    };
    let part = |key: &str| placed(resolution.get(key));
    out.integrity = part("integrity");
    match (resolution.get("type").and_then(Node::as_str), part("tarball"), part("directory"), part("repo")) {
        (None | Some("directory"), _, Some((folder, _)), _) => out.folder = Some(folder),
        (None | Some("git"), _, _, Some((repo, at))) => {
            let commit = part("commit").map_or(String::new(), |(commit, _)| format!("#{commit}"));
            let plus = if repo.contains("://") && !repo.starts_with("git") { "git+" } else { "" };
            out.resolved = Some((format!("{plus}{repo}{commit}"), at));
        }
        (None, Some((url, at)), _, _) => out.resolved = Some((as_git(&url).unwrap_or(url), at)),
        (None, None, _, _) if !registry => {
            // Version 5 names another registry's host in the key.
            out.unknown = Some((parts.version.to_owned(), resolution.range.clone()));
        }
        (None, None, _, _) => {}
        (Some(other), ..) => out.unknown = Some((other.to_owned(), resolution.range.clone())),
    }
    Ok(out)
}

/// The members of the mapping at `key`; none where there is nothing.
fn mapping<'n>(
    doc: &Doc<'_>,
    node: &'n Node<'_>,
    key: &str,
) -> Result<Vec<(&'n str, &'n ByteRange, &'n Node<'n>)>, ResolveError> {
    match node.get(key) {
        None => Ok(Vec::new()),
        Some(value) if value.is_null() => Ok(Vec::new()),
        Some(value) if !value.is_mapping() => Err(wrong(doc, value, &format!("`{key}`"), "a mapping")),
        Some(value) => value
            .pairs()
            .iter()
            .map(|(key, node)| match key.as_str() {
                Some(text) => Ok((text, &key.range, node)),
                None => Err(wrong(doc, key, "a key", "a scalar")),
            })
            .collect(),
    }
}

fn wrong(doc: &Doc<'_>, node: &Node<'_>, what: &str, expected: &str) -> ResolveError {
    let message = format!("{what} must be {expected}, found {}", node.kind());
    doc.invalid(node.range.start, message, format!("pnpm writes no such file; {REWRITE}"))
}

fn placed(node: Option<&Node<'_>>) -> Option<Placed> {
    let node = node?;
    Some((node.as_str()?.to_owned(), node.range.clone()))
}

fn flag(node: &Node<'_>, key: &str) -> bool {
    node.get(key).and_then(Node::as_bool) == Some(true)
}

fn list(node: &Node<'_>, key: &str) -> Vec<String> {
    let Some(node) = node.get(key) else { return Vec::new() };
    node.elements()
        .iter()
        .chain(node.as_str().map(|_| node))
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect()
}
