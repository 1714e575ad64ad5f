//! The `package.json` files of the folders that a lockfile names.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Found, Place, join};
use crate::discover::workspace::folders;
use crate::json::Node;
use crate::model::{DependencyKind, Span};
use crate::resolve::npm::{self, doc::Doc, lock::Requirement, manifest, source, spec};
use crate::resolve::{Resolution, ResolveError, read_text};

/// A `package.json`, read.
#[derive(Debug)]
pub(in crate::resolve) struct Own<'n> {
    /// Its place among the documents; the lockfile is 0.
    pub(in crate::resolve) doc: usize,
    pub(in crate::resolve) manifest: manifest::Manifest<'n>,
    /// Yarn's `resolutions`: name, and what it is set to.
    pub(in crate::resolve) resolutions: BTreeMap<&'n str, &'n str>,
}

/// All of them by folder, from the lockfile's.
#[derive(Debug)]
pub(in crate::resolve) struct Manifests<'r, 'n> {
    /// The lockfile first.
    pub(in crate::resolve) docs: Vec<&'r Doc<'n>>,
    pub(in crate::resolve) own: BTreeMap<String, Own<'n>>,
}

impl Manifests<'_, '_> {
    /// Where a folder's `package.json` asks for `name`.
    pub(in crate::resolve) fn place(&self, folder: &str, name: &str, kind: DependencyKind) -> Option<Place> {
        let own = self.own.get(folder)?;
        let named = || own.manifest.requirements.iter().filter(|r| r.name == name);
        let found = named().find(|r| r.kind == kind).or_else(|| named().next())?;
        Some(Place { doc: own.doc, at: found.at.clone() })
    }

    /// A span in a folder's `package.json`.
    pub(in crate::resolve) fn span(&self, place: &Place) -> Option<Span> {
        self.docs.get(place.doc).map(|doc| doc.span(&place.at))
    }

    /// Gives the folders' entries the names and versions of their `package.json`.
    pub(in crate::resolve) fn name(&self, found: &mut Found) {
        for entry in &mut found.entries {
            let Some(own) = entry.folder.as_ref().and_then(|folder| self.own.get(folder)) else { continue };
            if let Some(name) = own.manifest.name {
                entry.name = name.to_owned();
            }
            if let (None, Some(version)) = (&entry.version, own.manifest.version) {
                entry.version = Some((version.to_owned(), entry.at.clone()));
            }
        }
    }

    /// Compares what a lockfile remembers of a folder's requirements (`name`, as written) with the
    /// folder's `package.json`. `wanted` picks the requirements that it remembers; a name for which
    /// `skip` holds is not compared (overrides).
    pub(in crate::resolve) fn compare(
        &self,
        found: &mut Found,
        entry: usize,
        locked: &BTreeMap<&str, &str>,
        wanted: &dyn Fn(&Requirement<'_>) -> bool,
        skip: &dyn Fn(&str) -> bool,
    ) {
        let Some(folder) = found.entries[entry].folder.clone() else { return };
        let lock_span = self.docs.first().map(|doc| doc.span(&found.entries[entry].at));
        let Some(own) = self.own.get(&folder) else {
            if self.own.contains_key("") && !source::leaves(&folder) {
                let message = format!("the lockfile names the folder `{folder}`, which has no package.json");
                found.add(entry, MISMATCH, message, lock_span.into_iter().collect());
            }
            return;
        };
        let mut seen: BTreeMap<&str, Vec<&Requirement<'_>>> = BTreeMap::new();
        for requirement in &own.manifest.requirements {
            seen.entry(requirement.name).or_default().push(requirement);
        }
        let mut add = |message: String, place: Place| {
            let spans = self.span(&place).into_iter().chain(lock_span.clone()).collect();
            found.add(entry, MISMATCH, message, spans);
        };
        for (name, requirements) in &seen {
            if skip(name) {
                continue;
            }
            let Some(first) = requirements.iter().find(|requirement| wanted(requirement)) else { continue };
            let place = Place { doc: own.doc, at: first.at.clone() };
            match locked.get(name) {
                None => {
                    add(format!("`{name}` is asked for here, but the lockfile does not know that"), place)
                }
                Some(known) if !requirements.iter().any(|requirement| requirement.spec == *known) => add(
                    format!(
                        "`{name}` is asked for as `{}` here, as `{}` in the lockfile",
                        spec::without_user(first.spec),
                        spec::without_user(known)
                    ),
                    place,
                ),
                Some(_) => {}
            }
        }
        for name in locked.keys().filter(|name| !seen.contains_key(*name) && !skip(name)) {
            add(
                format!("`{name}` is not asked for here, but the lockfile says so"),
                Place { doc: own.doc, at: own.manifest.at.clone() },
            );
        }
    }
}

/// A `package.json` that is not what the lockfile was written for.
pub(in crate::resolve) const MISMATCH: &str = "lockfile/manifest-mismatch";

/// `{"a": "1", "**/b": "2", "c/@s/d@^1": "3"}` as a: 1, b: 2, @s/d: 3.
fn resolutions<'n>(node: &'n Node<'_>) -> BTreeMap<&'n str, &'n str> {
    let Some(node) = node.get("resolutions") else { return BTreeMap::new() };
    let entries = node.members().iter().filter_map(|(key, _, value)| {
        let last = key.rfind('/').map_or(0, |at| at + 1);
        let above = key[..last.saturating_sub(1)].rfind('/').map_or(0, |at| at + 1);
        let start = if key[above..].starts_with('@') { above } else { last };
        let name = &key[start..];
        Some((super::split_name(name).map_or(name, |(name, _)| name), value.as_str()?))
    });
    entries.collect()
}

/// The folders that the `workspaces` of a `package.json` name, from the lockfile's, sorted.
///
/// # Errors
/// Where it cannot be read.
pub(in crate::resolve) fn workspaces(root: &Path, base: &str) -> Result<Vec<String>, ResolveError> {
    let name = source::from_root(base, "package.json");
    if !npm::inside(root, &name) {
        return Ok(Vec::new());
    }
    let text = read_text(root, &name)?;
    let doc = Doc::new(&name, &text);
    let node = doc.parse(manifest::CORRECT)?;
    let Some(list) = node.get("workspaces") else { return Ok(Vec::new()) };
    let list = list.get("packages").unwrap_or(list).elements();
    let mut out: Vec<String> = Vec::new();
    for pattern in list.iter().filter_map(Node::as_str) {
        let (pattern, taken_out) =
            pattern.strip_prefix('!').map_or((pattern, false), |pattern| (pattern, true));
        let found = folders(root, base, pattern, "package.json").unwrap_or_default();
        let below = |folder: &String| folder[base.len()..].trim_start_matches('/').to_owned();
        let found: Vec<String> = found.iter().filter(|folder| folder.starts_with(base)).map(below).collect();
        if taken_out {
            out.retain(|folder| !found.contains(folder));
        } else {
            out.extend(
                found.into_iter().filter(|folder| !folder.split('/').any(|part| part == "node_modules")),
            );
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// Reads the `package.json` of each folder that lies below the root, and calls `then` with them.
///
/// # Errors
/// Where one cannot be read, or `then` fails.
pub(in crate::resolve) fn with<'f>(
    root: &Path,
    base: &str,
    lock: &Doc<'_>,
    folders: impl IntoIterator<Item = &'f str>,
    then: impl FnOnce(&Manifests<'_, '_>) -> Result<Resolution, ResolveError>,
) -> Result<Resolution, ResolveError> {
    let mut files: BTreeMap<String, (String, String)> = BTreeMap::new();
    for folder in folders {
        let name = source::from_root(base, &join(folder, "package.json"));
        if files.contains_key(folder) || !npm::inside(root, &name) {
            continue;
        }
        files.insert(folder.to_owned(), (name.clone(), read_text(root, &name)?));
    }
    let docs: Vec<Doc<'_>> = files.values().map(|(name, text)| Doc::new(name, text)).collect();
    let nodes = docs.iter().map(|doc| doc.parse(manifest::CORRECT)).collect::<Result<Vec<_>, _>>()?;
    let mut own = BTreeMap::new();
    for (at, ((folder, doc), node)) in files.keys().zip(&docs).zip(&nodes).enumerate() {
        let manifest = manifest::read(doc, node)?;
        own.insert(folder.clone(), Own { doc: at + 1, manifest, resolutions: resolutions(node) });
    }
    let lock_again = Doc::new(&lock.location(&(0..0)).file, lock.text());
    then(&Manifests { docs: std::iter::once(&lock_again).chain(&docs).collect(), own })
}
