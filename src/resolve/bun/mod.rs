//! Bun: `bun.lock`, the text lockfile (`bun.lockb`, the binary one, is not read).
//!
//! In: a lockfile, and the `package.json` files of the project's own folders. Out: a package for
//! each name, version and source; an edge for each requirement, resolved as node does over the
//! keys of `packages`, which are the places in `node_modules` (`a`, `a/b` for `b` below `a`).
//!
//! What cannot be known here: what a patch changes in a package (a gap); a commit of GitHub's is
//! written in seven digits, which pins it for nobody who means harm (a finding).

mod lock;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::js::manifests::{self, Manifests};
use super::js::{self, Edge, Entry, Found, Place};
use super::npm::doc::{Doc, conflict_marker};
use super::npm::lock::Requirement;
use super::npm::spec;
use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::json::relaxed::relax;
use crate::model::DependencyKind;
use lock::Lock;

/// Resolves one `bun.lock`.
///
/// # Errors
/// Where it, or a `package.json` of the project, cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Doc::new(&project.lockfile, &text);
    js::present(&doc, lock::REWRITE)?;
    if let Some(at) = conflict_marker(&text) {
        return Err(js::conflict(&doc, at, lock::REWRITE));
    }
    let relaxed = relax(&text);
    // Same length, same places.
    let plain = Doc::new(&project.lockfile, &relaxed);
    let json = plain.parse(lock::REWRITE)?;
    let lock = lock::read(&doc, &json)?;
    let base = js::base(project);
    // A copy under another name is not what the folder's package.json is locked by.
    let named = project.lockfile.rsplit('/').next() == Some("bun.lock");
    let folders = lock.workspaces.iter().map(|workspace| workspace.folder).filter(|_| named);
    manifests::with(root, base, &doc, folders, |manifests| {
        let reader = Reader { doc: &doc, lock: &lock, manifests, found: Found::default() };
        let mut found = reader.run();
        for (key, second, first) in json.duplicates() {
            let message = format!("the key `{}` stands twice", crate::model::escape(key));
            found.add(0, "lockfile/duplicate", message, vec![doc.span(&second), doc.span(&first)]);
        }
        Ok(js::finish(root, base, options, &manifests.docs, found))
    })
}

struct Reader<'r> {
    doc: &'r Doc<'r>,
    lock: &'r Lock<'r>,
    manifests: &'r Manifests<'r, 'r>,
    found: Found,
}

impl Reader<'_> {
    fn run(mut self) -> Found {
        let lock = self.lock;
        let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
        if !lock.workspaces.iter().any(|workspace| workspace.folder.is_empty()) {
            self.found.entries.push(Entry::folder("", 0..1));
            folders.insert("", 0);
        }
        for workspace in &lock.workspaces {
            folders.insert(workspace.folder, self.found.entries.len());
            let mut entry = Entry::folder(workspace.folder, workspace.at.clone());
            entry.name = workspace.name.map_or(entry.name, str::to_owned);
            entry.version = workspace.version.clone();
            self.found.entries.push(entry);
        }
        // The root's place is the first one's.
        let root = folders.get("").copied().unwrap_or(0);
        let mut keys: HashMap<&str, usize> = HashMap::new();
        let mut bundled = Vec::new();
        for package in &lock.packages {
            let path = package.workspace.as_deref().map(|path| js::join("", path));
            let known = path.as_deref().and_then(|path| folders.get(path)).copied();
            let at = known.or(package.is_root.then_some(root)).unwrap_or_else(|| {
                self.found.entries.push(Entry {
                    folder: path.or_else(|| package.entry.folder.clone()),
                    ..package.entry.clone()
                });
                self.found.entries.len() - 1
            });
            keys.insert(package.key, at);
            if package.bundled {
                bundled.push((package.key, at));
            }
        }
        for workspace in &lock.workspaces {
            let Some(&from) = folders.get(workspace.folder) else { continue };
            // Nested places of a workspace stand below its name.
            let within = if workspace.folder.is_empty() { "" } else { workspace.name.unwrap_or("") };
            for requirement in &workspace.requirements {
                self.ask(from, within, requirement, &keys, Some(workspace.folder));
            }
            let locked: BTreeMap<&str, &str> = workspace
                .requirements
                .iter()
                .map(|requirement| (requirement.name, requirement.spec))
                .collect();
            self.manifests.compare(&mut self.found, from, &locked, &|_| true, &|_| false);
        }
        for package in &lock.packages {
            let Some(&from) = keys.get(package.key) else { continue };
            // Said by the workspace itself.
            if package.workspace.is_some() || package.is_root {
                continue;
            }
            for requirement in &package.requirements {
                self.ask(from, package.key, requirement, &keys, None);
            }
        }
        for (key, at) in bundled {
            let message = format!(
                "`{}` at `{}` is brought by the archive of another package, and is judged as if it came from the registry",
                self.found.entries[at].name,
                crate::model::escape(key)
            );
            self.found.notes.push(message);
        }
        self.implied(root, &folders);
        for (what, path, at) in &lock.patches {
            let (name, version) = js::split_name(what).map_or((*what, None), |(name, v)| (name, Some(v)));
            let of = |entry: &Entry| {
                let locked = entry.version.as_ref().map(|(version, _)| &**version);
                entry.name == name && (version.is_none() || version == locked)
            };
            let hit: Vec<usize> =
                (0..self.found.entries.len()).filter(|at| of(&self.found.entries[*at])).collect();
            for entry in hit {
                let span = self.doc.span(at);
                self.found.patched(entry, path, span);
            }
        }
        js::mark_optional(&mut self.found);
        if self.manifests.own.is_empty() {
            self.found.without_manifest(&self.doc.location(&(0..0)).file);
        }
        self.manifests.name(&mut self.found);
        self.found
    }

    fn ask(
        &mut self,
        from: usize,
        within: &str,
        requirement: &Requirement<'_>,
        keys: &HashMap<&str, usize>,
        folder: Option<&str>,
    ) {
        let Some(to) = find(keys, within, requirement.name) else {
            if !requirement.optional {
                let rule = match requirement.kind {
                    DependencyKind::Peer => "lockfile/missing-peer",
                    _ => "lockfile/dangling",
                };
                let message = format!(
                    "`{}` asks for `{}` ({}), which is not in the lockfile",
                    self.found.entries[from].name,
                    crate::model::escape(requirement.name),
                    crate::model::escape(&spec::without_user(requirement.spec))
                );
                let span = self.doc.span(&requirement.at);
                self.found.add(from, rule, message, vec![span]);
            }
            return;
        };
        let overridden = self.lock.overrides.contains(requirement.name);
        let check = match requirement.spec.strip_prefix("catalog:") {
            _ if overridden => None,
            Some(catalog) => {
                self.lock.catalogs.get(&(catalog.trim(), requirement.name)).map(|&spec| spec.to_owned())
            }
            None if ["workspace:", "link:", "file:"].iter().any(|p| requirement.spec.starts_with(p)) => None,
            // A range that names a package of the project gets that package.
            None if self.found.entries[to].folder.is_some() => None,
            None => Some(requirement.spec.to_owned()),
        };
        let at = folder.and_then(|folder| self.manifests.place(folder, requirement.name, requirement.kind));
        self.found.edges.push(Edge {
            from,
            to,
            kind: requirement.kind,
            name: requirement.name.to_owned(),
            requirement: requirement.spec.to_owned(),
            check,
            at: at.unwrap_or_else(|| Place::lock(&requirement.at)),
        });
    }

    /// Edges from the root to the other folders of the project that nothing asks for.
    fn implied(&mut self, root: usize, folders: &BTreeMap<&str, usize>) {
        let asked: HashSet<usize> =
            self.found.edges.iter().filter(|e| e.from == root).map(|e| e.to).collect();
        for &to in folders.values().filter(|to| **to != root && !asked.contains(to)) {
            self.found.edges.push(Edge {
                from: root,
                to,
                kind: DependencyKind::Normal,
                name: String::new(),
                requirement: String::new(),
                check: None,
                at: Place::lock(&self.found.entries[to].at),
            });
        }
    }
}

/// What `name` means at the place `within`: innermost `node_modules` first.
fn find(keys: &HashMap<&str, usize>, within: &str, name: &str) -> Option<usize> {
    let mut here = within;
    while !here.is_empty() {
        if let Some(&at) = keys.get(&*format!("{here}/{name}")) {
            return Some(at);
        }
        here = above(here);
    }
    keys.get(name).copied()
}

/// The place above: `@s/a/b` is `b` below `@s/a`.
fn above(key: &str) -> &str {
    let Some(last) = key.rfind('/') else { return "" };
    let rest = &key[..last];
    let segment = rest.rfind('/').map_or(0, |at| at + 1);
    if rest[segment..].starts_with('@') { rest[..segment].trim_end_matches('/') } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_looked_through_from_within() {
        let keys: HashMap<&str, usize> =
            [("b", 0), ("@s/a/b", 1), ("@s/a/@t/c/b", 2), ("@t/c", 3)].into_iter().collect();
        assert_eq!(find(&keys, "@s/a/@t/c", "b"), Some(2));
        assert_eq!(find(&keys, "@s/a/@t/d", "b"), Some(1));
        assert_eq!(find(&keys, "x", "b"), Some(0));
        assert_eq!(find(&keys, "@s/a", "@t/c"), Some(3));
        assert_eq!(find(&keys, "", "none"), None);
        assert_eq!((above("@s/a/@t/c"), above("@s/a"), above("a/b"), above("a")), ("@s/a", "", "a", ""));
    }
}
