//! Yarn: `yarn.lock` of Yarn 1 (classic) and of Yarn 2 and later (Berry).
//!
//! In: a lockfile, and the `package.json` files of the project. Out: a package for each name,
//! version and source; an edge for each line that asks; findings. Yarn is not run.
//!
//! Both formats map what is asked for (`a@^1.0.0`) to what it gets, so that a requirement is looked
//! up and not resolved; that the answer satisfies it is checked. The lockfile of Yarn 1 knows
//! nothing of the project's own folders: their requirements come from `package.json`.
//!
//! What cannot be known here: the digest of a registry's archive, from Berry, whose `checksum` is
//! that of the zip in Yarn's own cache: such contents stay unverified. What a patch changes (a gap).

mod berry;
mod classic;

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::path::Path;

use super::js::manifests::{self, MISMATCH, Manifests};
use super::js::{self, Edge, Entry, Found, Place, Placed};
use super::npm::doc::{Doc, conflict_marker};
use super::npm::spec::{self, Spec};
use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::json::ByteRange;
use crate::model::{DependencyKind, PlatformSpec};

/// What to do about a file that is none of Yarn's.
const REWRITE: &str = "write it again with `yarn install`";

/// One entry.
#[derive(Debug, Default)]
struct Locked {
    /// What is asked for, each as `name@range`.
    descriptors: Vec<String>,
    at: ByteRange,
    /// The real name.
    name: String,
    version: Option<Placed>,
    resolved: Option<Placed>,
    integrity: Option<Placed>,
    folder: Option<String>,
    asks: Vec<Ask>,
    platform: PlatformSpec,
    /// Berry only, as all that follows.
    locator: Option<String>,
    workspace: bool,
    checksum: bool,
    patch: Option<Patch>,
    unknown: Option<Placed>,
}

/// A line that asks.
#[derive(Debug)]
struct Ask {
    name: String,
    range: String,
    kind: DependencyKind,
    at: ByteRange,
}

/// An entry that is another one, patched.
#[derive(Debug)]
struct Patch {
    /// Its locator.
    of: String,
    name: String,
    /// The patch.
    by: String,
    at: ByteRange,
}

/// Resolves one `yarn.lock`.
///
/// # Errors
/// Where it, or a `package.json` of the project, cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Doc::new(&project.lockfile, &text);
    js::present(&doc, REWRITE)?;
    if let Some(at) = conflict_marker(&text) {
        return Err(js::conflict(&doc, at, "`yarn install` does so"));
    }
    let berry = text.starts_with("__metadata:") || text.contains("\n__metadata:");
    let documents = if berry { js::yaml(&doc, REWRITE)? } else { Vec::new() };
    let locked = match documents.first() {
        Some(_) if documents.len() > 1 => {
            return Err(doc.invalid(documents[1].range.start, "a second document begins", REWRITE));
        }
        Some(document) => berry::read(&doc, document)?,
        None => classic::read(&doc)?,
    };
    let base = js::base(project);
    // A copy under another name is not what the folder's package.json is locked by.
    let named = project.lockfile.rsplit('/').next() == Some("yarn.lock");
    let mut folders = vec![String::new()];
    if berry {
        let own =
            locked.iter().filter(|locked| locked.workspace).filter_map(|locked| locked.folder.as_deref());
        folders.extend(own.map(|folder| js::join("", folder)));
    } else if named {
        folders.extend(manifests::workspaces(root, base)?);
    }
    let read = folders.iter().map(String::as_str).filter(|_| named);
    manifests::with(root, base, &doc, read, |manifests| {
        let reader = Reader {
            doc: &doc,
            manifests,
            found: Found::default(),
            descriptors: BTreeMap::new(),
            folders: BTreeMap::new(),
        };
        let mut found = reader.run(&locked, &folders);
        for (key, second, first) in documents.iter().flat_map(|document| document.duplicates()) {
            let message =
                format!("the key `{}` stands twice; Yarn takes the last", crate::model::escape(key));
            found.add(0, "lockfile/duplicate", message, vec![doc.span(&second), doc.span(&first)]);
        }
        Ok(js::finish(root, base, options, &manifests.docs, found))
    })
}

struct Reader<'r> {
    doc: &'r Doc<'r>,
    manifests: &'r Manifests<'r, 'r>,
    found: Found,
    /// Entry by `name@range`, and by locator.
    descriptors: BTreeMap<&'r str, usize>,
    /// The project's own, by folder.
    folders: BTreeMap<String, usize>,
}

impl<'r> Reader<'r> {
    fn run(mut self, locked: &'r [Locked], folders: &[String]) -> Found {
        for folder in folders {
            self.folders.entry(folder.clone()).or_insert_with(|| {
                self.found.entries.push(Entry::folder(&**folder, 0..1));
                self.found.entries.len() - 1
            });
        }
        self.manifests.name(&mut self.found);
        let places: Vec<Option<usize>> = locked.iter().map(|locked| self.entry(locked)).collect();
        for (locked, place) in locked.iter().zip(&places) {
            let Some(place) = *place else { continue };
            for descriptor in locked.descriptors.iter().chain(&locked.locator) {
                if let Some(first) =
                    self.descriptors.insert(descriptor, place).filter(|first| *first != place)
                {
                    let message = format!("`{}` stands in two entries", crate::model::escape(descriptor));
                    let spans = vec![self.doc.span(&locked.at), self.doc.span(&self.found.entries[first].at)];
                    self.found.add(place, "lockfile/duplicate", message, spans);
                }
            }
        }
        self.patches(locked);
        let own: HashSet<usize> = self.folders.values().copied().collect();
        for (folder, from) in self.folders.clone() {
            self.own(
                &folder,
                from,
                locked.iter().zip(&places).find(|(_, place)| **place == Some(from)).map(|(l, _)| l),
            );
        }
        for (locked, place) in locked.iter().zip(&places) {
            let Some(from) = place.filter(|place| !own.contains(place)) else { continue };
            for ask in &locked.asks {
                self.ask(from, &ask.name, &ask.range, ask.kind, Place::lock(&ask.at), false);
            }
        }
        self.implied();
        js::mark_optional(&mut self.found);
        self.found
    }

    /// The entry's place; `None` for one that is another, patched.
    fn entry(&mut self, locked: &Locked) -> Option<usize> {
        if locked.patch.is_some() {
            return None;
        }
        let folder = locked.folder.as_deref().map(|folder| js::join("", folder));
        if let Some(&known) = folder.as_ref().and_then(|folder| self.folders.get(folder)) {
            self.found.entries[known].at = locked.at.clone();
            return Some(known);
        }
        let at = self.found.entries.len();
        let mut entry = Entry::new(&*locked.name, locked.at.clone());
        entry.version = locked.version.clone();
        entry.resolved = locked.resolved.clone();
        entry.integrity = locked.integrity.clone();
        entry.folder = folder;
        entry.checked_otherwise = locked.checksum;
        entry.platform = locked.platform.clone();
        if let Some((what, range)) = &locked.unknown {
            self.found.unread(at, &entry.name, what, self.doc.span(range));
            entry.resolved = Some((what.replace(char::is_whitespace, ""), range.clone()));
        }
        self.found.entries.push(entry);
        Some(at)
    }

    /// Entries that are others, patched: whoever asks for them gets those.
    fn patches(&mut self, locked: &'r [Locked]) {
        for locked in locked {
            let Some(patch) = &locked.patch else { continue };
            let version = locked.version.as_ref().map_or("", |(version, _)| version);
            let plain = format!("{}@npm:{version}", patch.name);
            let Some(&base) = self.descriptors.get(&*patch.of).or_else(|| self.descriptors.get(&*plain))
            else {
                let message =
                    format!("`{}` patches what is not in the lockfile", crate::model::escape(&patch.name));
                let span = self.doc.span(&patch.at);
                self.found.add(0, "lockfile/dangling", message, vec![span]);
                continue;
            };
            for descriptor in locked.descriptors.iter().chain(&locked.locator) {
                self.descriptors.insert(descriptor, base);
            }
            if patch.by.contains("builtin<") {
                let name = &self.found.entries[base].name;
                self.found
                    .notes
                    .push(format!("Yarn changes `{name}` by a patch of its own when it is installed"));
            } else {
                let span = self.doc.span(&patch.at);
                self.found.patched(base, &patch.by, span);
            }
        }
    }

    /// What a folder of the project asks for.
    fn own(&mut self, folder: &str, from: usize, locked: Option<&Locked>) {
        let Some(own) = self.manifests.own.get(folder) else {
            for ask in locked.iter().flat_map(|locked| &locked.asks) {
                self.ask(from, &ask.name, &ask.range, ask.kind, Place::lock(&ask.at), false);
            }
            return;
        };
        let doc = own.doc;
        let wanted = own.manifest.requirements.iter().filter(|r| r.kind != DependencyKind::Peer);
        for requirement in wanted {
            let place = Place { doc, at: requirement.at.clone() };
            self.ask(from, requirement.name, requirement.spec, requirement.kind, place, true);
        }
        let names: HashSet<&str> =
            own.manifest.requirements.iter().map(|requirement| requirement.name).collect();
        for ask in locked.iter().flat_map(|locked| &locked.asks).filter(|ask| !names.contains(&*ask.name)) {
            let message = format!(
                "`{}` is not asked for here, but the lockfile says so",
                crate::model::escape(&ask.name)
            );
            let place = Place { doc, at: own.manifest.at.clone() };
            let spans = self.manifests.span(&place).into_iter().chain([self.doc.span(&ask.at)]).collect();
            self.found.add(from, MISMATCH, message, spans);
        }
    }

    fn ask(&mut self, from: usize, name: &str, range: &str, kind: DependencyKind, at: Place, own: bool) {
        let forced = self.manifests.own.get("").and_then(|own| own.resolutions.get(name)).copied();
        let to = self.find(name, range).or_else(|| self.find(name, forced?)).or_else(|| {
            let workspace = self.folders.values().copied().find(|at| {
                let entry = &self.found.entries[*at];
                entry.name == name && entry.folder.as_deref() != Some("")
            });
            // A resolution's value may be a patch, whose key says more.
            let any = || self.found.entries.iter().position(|entry| entry.name == name);
            workspace.or_else(|| forced.and_then(|_| any()))
        });
        let Some(to) = to else {
            let (rule, message) = if own {
                (
                    MISMATCH,
                    format!(
                        "`{name}` ({}) is asked for here, but the lockfile does not know that",
                        spec::without_user(range)
                    ),
                )
            } else if kind == DependencyKind::Optional {
                return;
            } else {
                let from = &self.found.entries[from].name;
                (
                    "lockfile/dangling",
                    format!(
                        "`{from}` asks for `{}` ({}), which is not in the lockfile",
                        crate::model::escape(name),
                        crate::model::escape(&spec::without_user(range))
                    ),
                )
            };
            let spans = self.manifests.span(&at).into_iter().collect();
            self.found.add(from, rule, message, spans);
            return;
        };
        let entry = &self.found.entries[to];
        let check = (forced.is_none() && entry.folder.is_none() && entry.patches.is_none())
            .then(|| checkable(range))
            .flatten();
        self.found.edges.push(Edge {
            from,
            to,
            kind,
            name: name.to_owned(),
            requirement: range.to_owned(),
            check,
            at,
        });
    }

    fn find(&self, name: &str, range: &str) -> Option<usize> {
        let plain = format!("{name}@{range}");
        let get = |key: &str| self.descriptors.get(key).copied();
        get(&plain).or_else(|| get(&format!("{name}@npm:{range}"))).or_else(|| {
            // Berry adds to some descriptors which workspace they are seen from.
            let special =
                ["file:", "link:", "portal:", "patch:", "exec:", "."].iter().any(|p| range.starts_with(p));
            if !special {
                return None;
            }
            let bound = format!("{plain}::");
            let mut after = self.descriptors.range::<str, _>((Bound::Included(&*bound), Bound::Unbounded));
            after.next().filter(|(key, _)| key.starts_with(&bound)).map(|(_, at)| *at)
        })
    }

    /// Edges from the root to the project's other folders, and to what nothing asks for.
    fn implied(&mut self) {
        let asked: HashSet<usize> = self.found.edges.iter().map(|edge| edge.to).collect();
        let root = self.manifests.own.get("");
        let known = root.is_some();
        let forced = root.is_some_and(|own| !own.resolutions.is_empty());
        for to in (1..self.found.entries.len()).filter(|to| !asked.contains(to)) {
            let entry = &self.found.entries[to];
            let place = Place::lock(&entry.at);
            if known && entry.folder.is_none() && !forced {
                let message = format!("nothing asks for `{}`", entry.name);
                let span = self.doc.span(&entry.at);
                self.found.add(to, MISMATCH, message, vec![span]);
            }
            self.found.edges.push(Edge {
                from: 0,
                to,
                kind: DependencyKind::Normal,
                name: String::new(),
                requirement: String::new(),
                check: None,
                at: place,
            });
        }
        if !known {
            self.found.without_manifest(&self.doc.location(&(0..0)).file);
        }
    }
}

/// The requirement in npm's notation, where it says what the answer must be.
fn checkable(range: &str) -> Option<String> {
    if let Some(rest) = range.strip_prefix("npm:") {
        let alias = rest.char_indices().skip(1).any(|(_, c)| c == '@') || rest.starts_with('@');
        return Some(if alias { range.to_owned() } else { rest.to_owned() });
    }
    let special =
        ["workspace:", "link:", "portal:", "patch:", "exec:", "catalog:", "file:", "jsr:", "virtual:"];
    let git_with_keys = range.contains("#commit=") || range.contains("#head=") || range.contains("#tag=");
    let plain = !special.iter().any(|prefix| range.starts_with(prefix)) && !git_with_keys;
    (plain && !matches!(Spec::parse(range), Spec::File(_))).then(|| range.to_owned())
}
