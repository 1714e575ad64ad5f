//! Reads a lockfile of any version into one flat list of entries, keyed as versions 2 and 3 key
//! them: by the folder that npm puts the package in.
//!
//! Format: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>. Version 1 is a tree
//! of `dependencies`, version 2 has that tree for old clients beside `packages`, version 3 and
//! the hidden lockfile (`node_modules/.package-lock.json`) have `packages` alone. Where both are
//! there `packages` counts, as it does for npm 7 and later.

use std::borrow::Cow;

use super::doc::{Doc, Text};
use super::spec::{self, Spec};
use crate::json::{ByteRange, Node, Value};
use crate::model::{DependencyKind, PlatformSpec};
use crate::resolve::ResolveError;

/// What to do about a file that is none of npm's.
pub(in crate::resolve) const REWRITE: &str = "write it again with `npm install --package-lock-only`";

/// Longest key, in bytes. No file system takes a longer path, and every prefix of one is looked at.
const MAX_PATH: usize = 4096;

/// One package's place in the tree.
#[derive(Debug, Default)]
pub(in crate::resolve) struct Entry<'n> {
    /// Folder below the lockfile's (`node_modules/a/node_modules/b`), empty for the root.
    pub(in crate::resolve) path: Cow<'n, str>,
    /// The key.
    pub(in crate::resolve) at: ByteRange,
    /// The package's own name where the entry gives it: that of an alias, a workspace, the root.
    pub(in crate::resolve) real_name: Option<Text<'n>>,
    pub(in crate::resolve) version: Option<Text<'n>>,
    /// URL, `file:` path, or the target of a link.
    pub(in crate::resolve) resolved: Option<Text<'n>>,
    pub(in crate::resolve) integrity: Option<Text<'n>>,
    pub(in crate::resolve) link: bool,
    /// In version 1: a folder (`file:../x`) that has no entry of its own.
    pub(in crate::resolve) folder: Option<String>,
    pub(in crate::resolve) bundled: bool,
    /// Whether it names bundled packages itself; `None` in version 1, which does not say.
    pub(in crate::resolve) bundles: Option<bool>,
    pub(in crate::resolve) optional: bool,
    pub(in crate::resolve) requirements: Vec<Requirement<'n>>,
    pub(in crate::resolve) platform: PlatformSpec,
    pub(in crate::resolve) licence: Option<String>,
}

/// A line that asks for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resolve) struct Requirement<'n> {
    pub(in crate::resolve) name: &'n str,
    /// As written; empty where version 1 says only that it is there.
    pub(in crate::resolve) spec: &'n str,
    pub(in crate::resolve) kind: DependencyKind,
    /// Whether it may be missing.
    pub(in crate::resolve) optional: bool,
    pub(in crate::resolve) at: ByteRange,
}

/// A lockfile.
#[derive(Debug)]
pub(in crate::resolve) struct Lock<'n> {
    pub(in crate::resolve) version: u8,
    /// In order of the file.
    pub(in crate::resolve) entries: Vec<Entry<'n>>,
}

impl Entry<'_> {
    /// The folder's name below its `node_modules`: what others ask for. Empty for the root, a
    /// workspace and other folders.
    pub(in crate::resolve) fn key_name(&self) -> &str {
        self.path.rfind("node_modules/").map_or("", |at| &self.path[at + "node_modules/".len()..])
    }

    /// The name of what is there.
    pub(in crate::resolve) fn name(&self) -> &str {
        match &self.real_name {
            Some(name) => name.text,
            None if self.key_name().is_empty() => {
                self.path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("project")
            }
            None => self.key_name(),
        }
    }

    /// Whether it is the root, a workspace or another folder, not something in `node_modules`.
    pub(in crate::resolve) fn is_folder(&self) -> bool {
        self.key_name().is_empty() || self.folder.is_some()
    }
}

/// Reads the lockfile's entries.
pub(in crate::resolve) fn read<'n, 'a>(doc: &Doc<'a>, root: &'n Node<'a>) -> Result<Lock<'n>, ResolveError> {
    let Some(version) = root.get("lockfileVersion") else {
        return Err(doc.invalid(
            root.range.start,
            "`lockfileVersion` is missing",
            format!("npm before version 5 wrote such files, and package.json is none; {REWRITE}"),
        ));
    };
    let number = match version.value {
        Value::Number("1") => 1,
        Value::Number("2") => 2,
        Value::Number("3") => 3,
        Value::Number(other) => {
            return Err(doc.invalid(
                version.range.start,
                format!("lockfileVersion {other} is not known, only 1, 2 and 3 are"),
                "look for a newer bomvet, or write version 3 with `npm install --package-lock-only --lockfile-version 3`",
            ));
        }
        _ => return Err(doc.wrong(version, "`lockfileVersion`", "a number")),
    };
    let entries = match (number, root.get("packages")) {
        (1, _) => tree(doc, root)?,
        (_, Some(packages)) => flat(doc, packages)?,
        (_, None) => {
            return Err(doc.invalid(
                version.range.start,
                format!("`packages` is missing, which lockfileVersion {number} must have"),
                REWRITE,
            ));
        }
    };
    Ok(Lock { version: number, entries })
}

/// Versions 2 and 3.
fn flat<'n, 'a>(doc: &Doc<'a>, packages: &'n Node<'a>) -> Result<Vec<Entry<'n>>, ResolveError> {
    if !packages.is_object() {
        return Err(doc.wrong(packages, "`packages`", "an object"));
    }
    let mut entries = Vec::with_capacity(packages.members().len());
    for (path, at, node) in packages.members() {
        if !node.is_object() {
            return Err(doc.wrong(node, &format!("the entry `{}`", short(path)), "an object"));
        }
        check_path(doc, path, at)?;
        let flag = |key: &str| flag(doc, node, key);
        let mut entry = Entry {
            path: Cow::Borrowed(&**path),
            at: at.clone(),
            real_name: doc.string(node, "name")?,
            version: doc.string(node, "version")?,
            resolved: doc.string(node, "resolved")?,
            integrity: doc.string(node, "integrity")?,
            link: flag("link")?,
            bundled: flag("inBundle")?,
            bundles: Some(bundles(node)),
            optional: flag("optional")?,
            platform: platform(doc, node)?,
            licence: node.get("license").and_then(licence),
            ..Entry::default()
        };
        // Read for their types only: what they say follows from the edges and the contents.
        for key in ["dev", "devOptional", "peer", "hasInstallScript", "extraneous"] {
            flag(key)?;
        }
        entry.requirements = requirements(doc, node, entry.is_folder())?;
        entries.push(entry);
    }
    Ok(entries)
}

/// The requirements of a `packages` entry or a `package.json`. `own` adds `devDependencies`, which
/// npm installs for the project's own folders only.
pub(in crate::resolve) fn requirements<'n, 'a>(
    doc: &Doc<'a>,
    node: &'n Node<'a>,
    own: bool,
) -> Result<Vec<Requirement<'n>>, ResolveError> {
    let optional = doc.map(node, "optionalDependencies")?;
    let names: std::collections::HashSet<&str> = optional.iter().map(|(name, ..)| *name).collect();
    let meta = node.get("peerDependenciesMeta");
    // One map for all, since `get` is linear.
    let optional_peers: std::collections::HashSet<&str> = meta
        .iter()
        .flat_map(|meta| meta.members())
        .filter(|(.., meta)| meta.get("optional").and_then(Node::as_bool) == Some(true))
        .map(|(name, ..)| &**name)
        .collect();
    let mut out = Vec::new();
    let mut add = |list: Vec<(&'n str, Text<'n>, ByteRange)>, kind, optional: &dyn Fn(&str) -> bool| {
        for (name, spec, at) in list {
            out.push(Requirement { name, spec: spec.text, kind, optional: optional(name), at });
        }
    };
    let mut normal = doc.map(node, "dependencies")?;
    normal.retain(|(name, ..)| !names.contains(name));
    add(normal, DependencyKind::Normal, &|_| false);
    add(doc.map(node, "peerDependencies")?, DependencyKind::Peer, &|name| optional_peers.contains(name));
    if own {
        add(doc.map(node, "devDependencies")?, DependencyKind::Dev, &|_| false);
    }
    add(optional, DependencyKind::Optional, &|_| true);
    Ok(out)
}

/// Version 1: the tree of `dependencies`, walked with a stack of its own.
fn tree<'n, 'a>(doc: &Doc<'a>, root: &'n Node<'a>) -> Result<Vec<Entry<'n>>, ResolveError> {
    let mut entries = vec![Entry {
        at: root.range.start..root.range.start + 1,
        real_name: doc.string(root, "name")?,
        version: doc.string(root, "version")?,
        ..Entry::default()
    }];
    let mut todo = vec![(String::new(), root)];
    while let Some((above, node)) = todo.pop() {
        let Some(dependencies) = node.get("dependencies") else { continue };
        if !dependencies.is_object() {
            return Err(doc.wrong(dependencies, "`dependencies`", "an object"));
        }
        for (name, at, node) in dependencies.members() {
            if !node.is_object() {
                return Err(doc.wrong(node, &format!("the entry `{}`", short(name)), "an object"));
            }
            let slash = if above.is_empty() { "" } else { "/" };
            let path = format!("{above}{slash}node_modules/{name}");
            check_path(doc, &path, at)?;
            let mut entry = Entry {
                at: at.clone(),
                integrity: doc.string(node, "integrity")?,
                bundled: flag(doc, node, "bundled")?,
                optional: flag(doc, node, "optional")?,
                ..Entry::default()
            };
            flag(doc, node, "dev")?;
            // npm 5 and 6 write `"resolved": false` for what a bundle brings.
            if node.get("resolved").is_some_and(|value| value.as_bool() != Some(false)) {
                entry.resolved = doc.string(node, "resolved")?;
            }
            old_version(&mut entry, doc.string(node, "version")?);
            entry.requirements = old_requires(doc, node)?;
            entry.path = Cow::Owned(path.clone());
            entries.push(entry);
            todo.push((path, node));
        }
    }
    entries.sort_by_key(|entry| entry.at.start);
    Ok(entries)
}

/// In version 1 `version` is also where git, tarball, folder and alias stand.
fn old_version<'n>(entry: &mut Entry<'n>, version: Option<Text<'n>>) {
    let Some(Text { text, at }) = version else { return };
    let here = |text: &'n str| Some(Text { text, at: at.clone() });
    match Spec::parse(text) {
        Spec::Alias { name, wanted } => {
            entry.real_name = here(name);
            entry.version = here(wanted);
        }
        Spec::Git(_) | Spec::Url(_) => entry.resolved = here(text),
        Spec::File(path) if spec::is_archive(path) => entry.resolved = here(text),
        Spec::File(path) => entry.folder = Some(path.to_owned()),
        Spec::Range(_) | Spec::Tag => entry.version = here(text),
    }
}

fn old_requires<'n, 'a>(doc: &Doc<'a>, node: &'n Node<'a>) -> Result<Vec<Requirement<'n>>, ResolveError> {
    // The root, and some old entries, say only `true`.
    if node.get("requires").is_none_or(|value| value.as_bool().is_some()) {
        return Ok(Vec::new());
    }
    let list = doc.map(node, "requires")?;
    // Version 1 does not tell optional requirements from others: what is not there is taken as
    // optional by npm too.
    Ok(list
        .into_iter()
        .map(|(name, spec, at)| Requirement {
            name,
            spec: spec.text,
            kind: DependencyKind::Normal,
            optional: true,
            at,
        })
        .collect())
}

fn flag(doc: &Doc<'_>, node: &Node<'_>, key: &str) -> Result<bool, ResolveError> {
    match node.get(key) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| doc.wrong(value, &format!("`{key}`"), "true or false")),
    }
}

fn bundles(node: &Node<'_>) -> bool {
    ["bundleDependencies", "bundledDependencies"].iter().any(|key| {
        node.get(key).is_some_and(|value| value.as_bool() == Some(true) || !value.elements().is_empty())
    })
}

fn platform(doc: &Doc<'_>, node: &Node<'_>) -> Result<PlatformSpec, ResolveError> {
    let list = |key: &str| match node.get(key) {
        None => Ok(Vec::new()),
        Some(value) if value.as_str().is_some() => Ok(vec![value.as_str().unwrap_or_default().to_owned()]),
        Some(value) => value
            .elements()
            .iter()
            .map(|element| match element.as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(doc.wrong(element, &format!("an element of `{key}`"), "a string")),
            })
            .collect(),
    };
    Ok(PlatformSpec { os: list("os")?, cpu: list("cpu")?, libc: list("libc")? })
}

/// An SPDX expression; in old manifests `{"type": …}` or a list of those.
fn licence(node: &Node<'_>) -> Option<String> {
    let one = |node: &Node<'_>| node.as_str().or_else(|| node.get("type")?.as_str()).map(str::to_owned);
    let many: Vec<String> = node.elements().iter().filter_map(one).collect();
    if many.is_empty() { one(node) } else { Some(format!("({})", many.join(" OR "))) }
}

fn check_path(doc: &Doc<'_>, path: &str, at: &ByteRange) -> Result<(), ResolveError> {
    if path.len() > MAX_PATH {
        return Err(doc.invalid(
            at.start,
            format!("a path of {} bytes, longer than any file system takes", path.len()),
            REWRITE,
        ));
    }
    Ok(())
}

/// A key, short enough for a message.
fn short(text: &str) -> String {
    crate::model::escape(&text.chars().take(80).collect::<String>())
}
