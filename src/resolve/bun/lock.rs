//! Reads a `bun.lock` into workspaces and packages.
//!
//! Format: <https://bun.sh/docs/install/lockfile> and `bun.lock.zig` of Bun's source. A package is
//! an array whose shape follows from what its first element, `name@where`, says:
//!
//! | where | elements |
//! |---|---|
//! | `1.0.0` | archive's URL (empty for the default registry), requirements, integrity |
//! | `git+…#commit`, `github:o/r#commit` | requirements, name of the checkout |
//! | `https://…`, `a.tgz` | requirements, and integrity in newer ones |
//! | `workspace:a` | none |
//! | `file:a`, `link:a`, `root:` | requirements |

use std::collections::{BTreeMap, HashSet};

use crate::json::{ByteRange, Node, Value};
use crate::model::PlatformSpec;
use crate::resolve::ResolveError;
use crate::resolve::js::{Entry, Placed, split_name};
use crate::resolve::npm::doc::Doc;
use crate::resolve::npm::lock::{Requirement, requirements};
use crate::resolve::npm::spec::{self, Spec};

/// What to do about a file that is none of Bun's.
pub(super) const REWRITE: &str = "write it again with `bun install --lockfile-only`";

/// A folder of the project.
#[derive(Debug)]
pub(super) struct Workspace<'n> {
    /// From the lockfile's folder; empty for the root.
    pub(super) folder: &'n str,
    pub(super) at: ByteRange,
    pub(super) name: Option<&'n str>,
    pub(super) version: Option<Placed>,
    pub(super) requirements: Vec<Requirement<'n>>,
}

/// A place in `node_modules`.
#[derive(Debug)]
pub(super) struct Package<'n> {
    pub(super) key: &'n str,
    pub(super) entry: Entry,
    pub(super) requirements: Vec<Requirement<'n>>,
    /// The folder, of a workspace.
    pub(super) workspace: Option<String>,
    pub(super) is_root: bool,
    pub(super) bundled: bool,
}

/// A lockfile.
#[derive(Debug, Default)]
pub(super) struct Lock<'n> {
    pub(super) workspaces: Vec<Workspace<'n>>,
    pub(super) packages: Vec<Package<'n>>,
    pub(super) overrides: HashSet<&'n str>,
    /// By catalog (empty for the default one) and package.
    pub(super) catalogs: BTreeMap<(&'n str, &'n str), &'n str>,
    /// `name@version`, patch file, and where that stands.
    pub(super) patches: Vec<(&'n str, &'n str, ByteRange)>,
}

/// Reads the lockfile.
pub(super) fn read<'n>(doc: &Doc<'n>, root: &'n Node<'n>) -> Result<Lock<'n>, ResolveError> {
    let Some(version) = root.get("lockfileVersion") else {
        return Err(doc.invalid(root.range.start, "`lockfileVersion` is missing", REWRITE));
    };
    match version.value {
        Value::Number("0" | "1" | "2") => {}
        Value::Number(other) => {
            let help = "look for a newer bomvet, or write the lockfile with Bun 1.2 or 1.3";
            let message = format!("lockfileVersion {other} is not known, only 0 to 2 are");
            return Err(doc.invalid(version.range.start, message, help));
        }
        _ => return Err(wrong(doc, version, "`lockfileVersion`", "a number")),
    }
    let mut lock = Lock::default();
    for (folder, at, node) in object(doc, root, "workspaces")? {
        if !node.is_object() {
            return Err(wrong(doc, node, "a workspace", "an object"));
        }
        let mut asks = asks(doc, node, true)?;
        asks.sort_by_key(|requirement| requirement.at.start);
        lock.workspaces.push(Workspace {
            folder,
            at: at.clone(),
            name: node.get("name").and_then(Node::as_str),
            version: placed(node.get("version")),
            requirements: asks,
        });
    }
    for (key, at, node) in object(doc, root, "packages")? {
        lock.packages.push(package(doc, key, at, node)?);
    }
    lock.overrides.extend(object(doc, root, "overrides")?.iter().map(|(name, ..)| &**name));
    for (name, _, node) in object(doc, root, "catalog")? {
        lock.catalogs.extend(node.as_str().map(|text| (("", &**name), text)));
    }
    for (catalog, _, node) in object(doc, root, "catalogs")? {
        let members = node.members().iter();
        lock.catalogs
            .extend(members.filter_map(|(name, _, node)| Some(((&**catalog, &**name), node.as_str()?))));
    }
    for (what, at, node) in object(doc, root, "patchedDependencies")? {
        lock.patches.push((what, node.as_str().unwrap_or("a patch"), at.clone()));
    }
    Ok(lock)
}

/// Requirements; `optionalPeers` is Bun's own way to say which peers may be missing.
fn asks<'n>(doc: &Doc<'n>, node: &'n Node<'n>, own: bool) -> Result<Vec<Requirement<'n>>, ResolveError> {
    let optional: HashSet<&str> =
        node.get("optionalPeers").iter().flat_map(|node| node.elements()).filter_map(Node::as_str).collect();
    let mut asks = requirements(doc, node, own)?;
    for requirement in &mut asks {
        requirement.optional |=
            requirement.kind == crate::model::DependencyKind::Peer && optional.contains(requirement.name);
    }
    Ok(asks)
}

fn package<'n>(
    doc: &Doc<'n>,
    key: &'n str,
    at: &ByteRange,
    node: &'n Node<'n>,
) -> Result<Package<'n>, ResolveError> {
    let label = || format!("the entry `{}`", crate::model::escape(key));
    let Some(first) = node.elements().first() else {
        return Err(wrong(doc, node, &label(), "an array with `name@version` in it"));
    };
    let parts = first.as_str().and_then(split_name);
    let Some((name, place)) = parts else {
        return Err(wrong(doc, first, &format!("the first element of {}", label()), "`name@version`"));
    };
    let info = node.elements().iter().find(|node| node.is_object());
    let texts: Vec<&Node<'_>> =
        node.elements().iter().skip(1).filter(|node| node.as_str().is_some()).collect();
    let mut entry = Entry::new(name, at.clone());
    let here = |text: String| Some((text, first.range.clone()));
    let (mut workspace, mut is_root) = (None, false);
    let integrity = texts.iter().rev().find(|node| is_integrity(node.as_str().unwrap_or_default()));
    if let Some(path) = place.strip_prefix("workspace:") {
        workspace = Some(path.to_owned());
    } else if place.starts_with("root:") {
        is_root = true;
    } else if let Some(path) = place.strip_prefix("link:").or_else(|| place.strip_prefix("file:")) {
        if spec::is_archive(path) {
            entry.resolved = here(format!("file:{path}"));
            entry.integrity = placed(integrity.copied());
        } else {
            entry.folder = Some(crate::resolve::js::join("", path));
        }
    } else {
        match Spec::parse(place) {
            Spec::Git(text) => entry.resolved = here(text.to_owned()),
            Spec::Url(text) => {
                entry.resolved = here(text.to_owned());
                entry.integrity = placed(integrity.copied());
            }
            Spec::File(path) => {
                entry.resolved = here(format!("file:{path}"));
                entry.integrity = placed(integrity.copied());
            }
            _ if spec::is_archive(place) => {
                entry.resolved = here(format!("file:{place}"));
                entry.integrity = placed(integrity.copied());
            }
            _ => {
                entry.version = here(place.to_owned());
                entry.resolved = placed(texts.first().filter(|node| node.as_str() != Some("")).copied())
                    .filter(|(text, _)| text.contains("://"));
                entry.integrity = placed(texts.get(1).copied().filter(|node| node.as_str() != Some("")));
            }
        }
    }
    let mut requirements = Vec::new();
    let mut bundled = false;
    if let Some(info) = info {
        requirements = asks(doc, info, false)?;
        let list = |key: &str| {
            let node = info.get(key);
            let many = node.iter().flat_map(|node| node.elements());
            let all = node.filter(|node| node.as_str().is_some()).into_iter().chain(many);
            all.filter_map(Node::as_str).map(str::to_owned).filter(|text| text != "none").collect()
        };
        entry.platform = PlatformSpec { os: list("os"), cpu: list("cpu"), libc: list("libc") };
        bundled = info.get("bundled").and_then(Node::as_bool) == Some(true);
    }
    Ok(Package { key, entry, requirements, workspace, is_root, bundled })
}

fn is_integrity(text: &str) -> bool {
    ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|prefix| text.starts_with(prefix))
}

fn placed(node: Option<&Node<'_>>) -> Option<Placed> {
    let node = node?;
    Some((node.as_str()?.to_owned(), node.range.clone()))
}

/// Members of the object at `key`; none where there is none.
#[allow(clippy::type_complexity)]
fn object<'n>(
    doc: &Doc<'n>,
    node: &'n Node<'n>,
    key: &str,
) -> Result<&'n [(std::borrow::Cow<'n, str>, ByteRange, Node<'n>)], ResolveError> {
    match node.get(key) {
        None => Ok(&[]),
        Some(value) if value.is_object() => Ok(value.members()),
        Some(value) => Err(wrong(doc, value, &format!("`{key}`"), "an object")),
    }
}

fn wrong(doc: &Doc<'_>, node: &Node<'_>, what: &str, expected: &str) -> ResolveError {
    let message = format!("{what} must be {expected}, found {}", node.kind());
    doc.invalid(node.range.start, message, format!("Bun writes no such file; {REWRITE}"))
}
