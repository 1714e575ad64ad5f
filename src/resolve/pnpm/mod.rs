//! pnpm: `pnpm-lock.yaml`, versions 5, 6, 7 and 9.
//!
//! In: a lockfile, and the `package.json` files of the project's own folders. Out: a package for
//! each name, version and source, however many sets of peers it is installed with; an edge for each
//! line that asks, with what it gets, which pnpm writes down itself; findings. pnpm is not run.
//!
//! What cannot be known here: what `.pnpmfile.cjs` changed (a note says that there is one), and
//! what a patch changes in a package (a gap). From version 7 on a lockfile does not tell development
//! from run time below the first level; the graph does.

mod keys;
mod lock;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::js::manifests::{self, Manifests};
use super::js::{self, Edge, Entry, Found, Place};
use super::npm::doc::Doc;
use super::npm::source;
use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::model::DependencyKind;
use lock::{Ask, Lock, Locked};

/// Resolves one pnpm lockfile.
///
/// # Errors
/// Where it, or a `package.json` of the project, cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Doc::new(&project.lockfile, &text);
    let documents = js::yaml(&doc, lock::REWRITE)?;
    let lock = lock::read(&doc, &documents)?;
    let base = js::base(project);
    // A copy under another name is not what the folder's package.json is locked by.
    let named = project.lockfile.rsplit('/').next() == Some("pnpm-lock.yaml");
    let folders = lock.importers.iter().map(|importer| &*importer.folder).filter(|_| named);
    manifests::with(root, base, &doc, folders, |manifests| {
        let found =
            Reader { doc: &doc, lock: &lock, manifests, found: Found::default(), keys: HashMap::new() };
        Ok(js::finish(root, base, options, &manifests.docs, found.run()))
    })
}

struct Reader<'r> {
    doc: &'r Doc<'r>,
    lock: &'r Lock,
    manifests: &'r Manifests<'r, 'r>,
    found: Found,
    /// Entry by key without peers, and folders by `link:`.
    keys: HashMap<String, usize>,
}

impl Reader<'_> {
    fn run(mut self) -> Found {
        let lock = self.lock;
        let root = lock.importers.iter().find(|importer| importer.folder.is_empty());
        self.found.entries.push(Entry::folder("", root.map_or(0..1, |root| root.at.clone())));
        let mut importers: BTreeMap<&str, usize> = BTreeMap::from([("", 0)]);
        for importer in &lock.importers {
            importers.entry(&importer.folder).or_insert_with(|| {
                self.found.entries.push(Entry::folder(&*importer.folder, importer.at.clone()));
                self.found.entries.len() - 1
            });
        }
        for locked in &lock.packages {
            self.package(locked, &importers);
        }
        for importer in &lock.importers {
            let from = importers.get(&*importer.folder).copied().unwrap_or(0);
            for ask in &importer.asks {
                self.ask(from, ask, Some(&importer.folder), &importers);
            }
            self.compare(from, importer);
        }
        let peers: HashMap<&str, &Locked> =
            lock.packages.iter().map(|locked| (&*locked.key, locked)).collect();
        for snapshot in &lock.snapshots {
            let short = keys::without_peers(lock.major, &snapshot.key);
            let Some(&from) = self.keys.get(short) else {
                let message = format!("`{}` is not among the packages", crate::model::escape(&snapshot.key));
                let span = self.doc.span(&snapshot.at);
                self.found.add(0, "lockfile/dangling", message, vec![span]);
                continue;
            };
            self.found.entries[from].optional &= snapshot.optional;
            for ask in &snapshot.asks {
                let peer = peers.get(short).and_then(|locked| locked.peers.get(&ask.name));
                match peer {
                    Some(range) => {
                        let ask = Ask {
                            name: ask.name.clone(),
                            specifier: Some(range.clone()),
                            version: ask.version.clone(),
                            kind: DependencyKind::Peer,
                            at: ask.at.clone(),
                        };
                        self.ask(from, &ask, None, &importers);
                    }
                    None => self.ask(from, ask, None, &importers),
                }
            }
        }
        self.implied(&importers);
        self.patches();
        if let Some(at) = &lock.program {
            let at = self.doc.location(at);
            self.found.notes.push(format!(
                "{}:{}: requirements of packages were changed by the project's `.pnpmfile.cjs` or `packageExtensions`",
                at.file, at.line
            ));
        }
        if self.manifests.own.is_empty() {
            self.found.without_manifest(&self.doc.location(&(0..0)).file);
        }
        self.manifests.name(&mut self.found);
        self.found
    }

    fn package(&mut self, locked: &Locked, importers: &BTreeMap<&str, usize>) {
        // Several sets of peers.
        if let Some(&known) = self.keys.get(&locked.key) {
            self.found.entries[known].optional &= locked.optional;
            return;
        }
        if let Some(&folder) = locked.folder.as_ref().and_then(|folder| importers.get(&*js::join("", folder)))
        {
            self.keys.insert(locked.key.clone(), folder);
            return;
        }
        let at = self.found.entries.len();
        let named = locked.name.clone().unwrap_or_else(|| locked.key.clone());
        let mut entry = Entry::new(named, locked.at.clone());
        entry.version = locked.version.clone();
        entry.resolved = locked.resolved.clone();
        entry.integrity = locked.integrity.clone();
        entry.folder = locked.folder.as_ref().map(|folder| js::join("", folder));
        // From version 7 on `snapshots` say it.
        entry.optional = locked.optional || self.lock.major > 6;
        entry.platform = locked.platform.clone();
        if let Some((what, range)) = &locked.unknown {
            self.found.unread(at, &entry.name, what, self.doc.span(range));
            // Not the default registry's package of that name.
            entry.resolved =
                Some((format!("https:{}", what.replace(char::is_whitespace, "")), range.clone()));
        }
        self.found.entries.push(entry);
        self.keys.insert(locked.key.clone(), at);
    }

    /// One line that asks; `folder` is that of the project which does.
    fn ask(&mut self, from: usize, ask: &Ask, folder: Option<&str>, importers: &BTreeMap<&str, usize>) {
        let Some(to) = self.target(ask, folder, importers) else {
            let message = format!(
                "`{}` gets `{}` {}, which is not in the lockfile",
                self.found.entries[from].name,
                crate::model::escape(&ask.name),
                crate::model::escape(&ask.version)
            );
            let span = self.doc.span(&ask.at);
            self.found.add(from, "lockfile/dangling", message, vec![span]);
            return;
        };
        let overridden = self.lock.overrides.contains(&ask.name);
        let requirement = ask.specifier.clone().unwrap_or_default();
        let check = (!overridden && !ask.name.is_empty())
            .then(|| match requirement.strip_prefix("catalog:") {
                Some(catalog) => {
                    let catalog = if catalog.is_empty() { "default" } else { catalog };
                    self.lock.catalogs.get(&(catalog.to_owned(), ask.name.clone())).cloned()
                }
                None => ask.specifier.clone(),
            })
            .flatten()
            .filter(|text| {
                !["workspace:", "link:", "jsr:", "runtime:"].iter().any(|prefix| text.starts_with(prefix))
            });
        let at = folder.and_then(|folder| self.manifests.place(folder, &ask.name, ask.kind));
        self.found.edges.push(Edge {
            from,
            to,
            kind: ask.kind,
            name: ask.name.clone(),
            requirement,
            check,
            at: at.unwrap_or_else(|| Place::lock(&ask.at)),
        });
    }

    fn target(
        &mut self,
        ask: &Ask,
        folder: Option<&str>,
        importers: &BTreeMap<&str, usize>,
    ) -> Option<usize> {
        if let Some(path) = ask.version.strip_prefix("link:") {
            let path = js::join(folder.unwrap_or(""), path);
            if let Some(&known) = importers.get(&*path).or_else(|| self.keys.get(&format!("link:{path}"))) {
                return Some(known);
            }
            self.found.entries.push(Entry::folder(&*path, ask.at.clone()));
            self.keys.insert(format!("link:{path}"), self.found.entries.len() - 1);
            return Some(self.found.entries.len() - 1);
        }
        let candidates = keys::candidates(self.lock.major, &ask.name, &ask.version);
        candidates
            .iter()
            .find_map(|key| {
                self.keys.get(key).or_else(|| self.keys.get(keys::without_peers(self.lock.major, key)))
            })
            .copied()
    }

    fn compare(&mut self, entry: usize, importer: &lock::Importer) {
        let locked: BTreeMap<&str, &str> =
            importer.asks.iter().filter_map(|ask| Some((&*ask.name, ask.specifier.as_deref()?))).collect();
        let lock = self.lock;
        let wanted = |requirement: &super::npm::lock::Requirement<'_>| match requirement.kind {
            DependencyKind::Peer => lock.peers && !requirement.optional,
            _ => true,
        };
        let skip = |name: &str| lock.overrides.contains(name) || lock.ignored.contains(name);
        self.manifests.compare(&mut self.found, entry, &locked, &wanted, &skip);
    }

    /// Edges from the root to the other folders of the project that nothing asks for.
    fn implied(&mut self, importers: &BTreeMap<&str, usize>) {
        let asked: HashSet<usize> = self.found.edges.iter().filter(|e| e.from == 0).map(|e| e.to).collect();
        for &to in importers.values().filter(|to| **to != 0) {
            let entry = &self.found.entries[to];
            let outside = entry.folder.as_deref().is_some_and(source::leaves);
            if !outside && !asked.contains(&to) {
                self.found.edges.push(Edge {
                    from: 0,
                    to,
                    kind: DependencyKind::Normal,
                    name: String::new(),
                    requirement: String::new(),
                    check: None,
                    at: Place::lock(&entry.at),
                });
            }
        }
    }

    fn patches(&mut self) {
        for (what, (path, at)) in &self.lock.patches {
            let (name, version) = js::split_name(what).map_or((&**what, None), |(name, v)| (name, Some(v)));
            let of = |entry: &Entry| {
                let locked = entry.version.as_ref().map(|(version, _)| &**version);
                entry.name == name
                    && (version == locked || version.is_none_or(|range| matches(range, locked)))
            };
            let hit: Vec<usize> =
                (0..self.found.entries.len()).filter(|at| of(&self.found.entries[*at])).collect();
            for entry in hit {
                let span = self.doc.span(at);
                self.found.patched(entry, path, span);
            }
        }
    }
}

/// Whether a range (`^1`) of `patchedDependencies` holds for a version.
fn matches(range: &str, version: Option<&str>) -> bool {
    match (nodejs_semver::Range::parse(range), version) {
        (Ok(range), Some(version)) => super::npm::spec::satisfies(&range, version),
        _ => false,
    }
}
