//! npm: `package-lock.json`, `npm-shrinkwrap.json` and the hidden lockfile, versions 1 to 3.
//!
//! In: a lockfile, and the `package.json` files of the project's own folders. Out: a package for
//! each name, version and source, however many places of the tree it stands in; an edge for each
//! requirement, resolved as node does; findings with the line to look at. npm is not run, nothing
//! is fetched, no link is followed.
//!
//! Steps: [`lock`] reads all versions into one flat list, [`tree`] finds what a name means in a
//! folder, [`edges`] resolves and compares each requirement, [`source`] says where contents come
//! from, [`check`] looks at entries, [`manifest`] compares `package.json`.
//!
//! What a package's archive bundles (`inBundle`) is a package of its own with
//! [`Source::Bundled`]. Its contents are part of that archive, so it has no integrity of its own:
//! the archive's digest covers it.
//!
//! What cannot be known here: version 1 does not tell optional requirements from others, nor peer
//! requirements at all; whether a third-party entry's requirements are those of its archive; what
//! is in a tarball whose URL says nothing of name and version.

pub(super) mod check;
pub(super) mod doc;
pub(super) mod edges;
pub(super) mod lock;
pub(super) mod manifest;
pub mod npmrc;
pub(super) mod source;
pub(super) mod spec;
pub(super) mod tree;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Options, Resolution, ResolveError, package_url, read_text};
use crate::discover::Project;
use crate::json::ByteRange;
use crate::model::{Dependency, DependencyKind, Digest, Ecosystem, Finding, Package, Source, Span};
use doc::Doc;
use edges::Edge;
use lock::{Entry, Lock};
use manifest::Manifest;
use tree::Tree;

/// Resolves one npm lockfile.
///
/// # Errors
/// Where it, or a `package.json` of the project, cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Doc::new(&project.lockfile, &text);
    let json = doc.parse(lock::REWRITE)?;
    let mut lock = lock::read(&doc, &json)?;
    let base = base(project);

    let files = manifest_files(root, project, &base, &lock)?;
    let docs: Vec<Doc<'_>> = files.iter().map(|file| Doc::new(&file.name, &file.text)).collect();
    let nodes = docs.iter().map(|doc| doc.parse(manifest::CORRECT)).collect::<Result<Vec<_>, _>>()?;
    let mut own: HashMap<String, Own<'_, '_>> = HashMap::new();
    for ((file, doc), node) in files.iter().zip(&docs).zip(&nodes) {
        let manifest = manifest::read(doc, node)?;
        let places = manifest.requirements.iter().map(|r| ((r.name, r.kind), r.at.clone())).collect();
        own.insert(file.folder.clone(), Own { doc, manifest, places });
    }
    let remembered = complete_root(&mut lock, own.get("").map(|own| &own.manifest));
    Resolver { root, base, doc: &doc, lock: &lock, own, remembered, options }.run(&json)
}

/// The folder that the lockfile is for, from the root.
fn base(project: &Project) -> String {
    let dir = project.lockfile.rsplit_once('/').map_or("", |(dir, _)| dir);
    if project.lockfile.ends_with("node_modules/.package-lock.json") {
        dir.trim_end_matches("node_modules").trim_end_matches('/').to_owned()
    } else {
        dir.to_owned()
    }
}

/// A `package.json` of the project.
#[derive(Debug)]
struct ManifestFile {
    /// The entry's path.
    folder: String,
    /// From the root.
    name: String,
    text: String,
}

/// The same, read.
#[derive(Debug)]
struct Own<'d, 'n> {
    doc: &'d Doc<'n>,
    manifest: Manifest<'n>,
    /// Where each requirement stands.
    places: HashMap<(&'n str, DependencyKind), ByteRange>,
}

/// Reads the `package.json` of the root and of each folder that the lockfile names, unless it lies
/// outside of what is audited. A lockfile without `package.json` is audited alone.
fn manifest_files(
    root: &Path,
    project: &Project,
    base: &str,
    lock: &Lock<'_>,
) -> Result<Vec<ManifestFile>, ResolveError> {
    let default = source::from_root(base, "package.json");
    // One that is a link out of the root was passed over, and said, when the tree was walked.
    let there = |name: &String| root.join(name).is_file() && inside(root, name);
    let name = project.manifest.clone().or_else(|| there(&default).then_some(default));
    let Some(name) = name else { return Ok(Vec::new()) };
    let text = read_text(root, &name)?;
    let mut files = vec![ManifestFile { folder: String::new(), name, text }];
    for entry in &lock.entries {
        let folder = entry.folder.as_deref().unwrap_or(&entry.path);
        let name = source::from_root(base, &format!("{folder}/package.json"));
        if entry.is_folder() && !entry.path.is_empty() && inside(root, &name) {
            files.push(ManifestFile { folder: entry.path.to_string(), text: read_text(root, &name)?, name });
        }
    }
    Ok(files)
}

/// Whether it exists below the root, links followed.
pub(super) fn inside(root: &Path, path: &str) -> bool {
    if source::leaves(path) {
        return false;
    }
    match (root.canonicalize(), root.join(path).canonicalize()) {
        (Ok(root), Ok(path)) => path.starts_with(root),
        _ => false,
    }
}

/// Gives the root's entry what it lacks: in version 1 its requirements, in a hidden lockfile all.
/// Says whether the lockfile itself remembered the root's requirements.
fn complete_root<'n>(lock: &mut Lock<'n>, manifest: Option<&Manifest<'n>>) -> bool {
    let known = lock.version > 1 && lock.entries.iter().any(|entry| entry.path.is_empty());
    if !lock.entries.iter().any(|entry| entry.path.is_empty()) {
        lock.entries.insert(0, Entry { at: 0..1, ..Entry::default() });
    }
    let Some(at) = lock.entries.iter().position(|entry| entry.path.is_empty()) else { return known };
    lock.entries[..=at].rotate_right(1);
    if !known && let Some(manifest) = manifest {
        lock.entries[0].requirements = manifest.requirements.clone();
    }
    known
}

/// The registries that the `.npmrc` beside a lockfile names, and findings about that file. pnpm and
/// Bun read it too.
pub(super) fn checkout(root: &Path, base: &str) -> (Vec<npmrc::Named>, Vec<Finding>) {
    let file = source::from_root(base, ".npmrc");
    match npmrc::read(root, base) {
        Ok(text) => {
            let text = text.unwrap_or_default();
            let about = npmrc::programs(&text).into_iter().map(|(line, key)| {
                let message = format!("`{key}` has npm start or load a file that the line names");
                let span = Span { line, column: 1, ..Span::file(file.clone()) };
                Finding::new("install/npmrc-program", message, vec![span])
            });
            let about = about.collect();
            (npmrc::registries(&text), about)
        }
        Err(why) => {
            let message = format!("`{file}` could not be read: {why}");
            (Vec::new(), vec![Finding::new("discover/unreadable", message, vec![Span::file(file)])])
        }
    }
}

struct Resolver<'r, 'l, 'a> {
    root: &'r Path,
    base: String,
    doc: &'r Doc<'a>,
    lock: &'r Lock<'l>,
    own: HashMap<String, Own<'r, 'l>>,
    remembered: bool,
    options: &'r Options,
}

impl Resolver<'_, '_, '_> {
    fn run(self, json: &crate::json::Node<'_>) -> Result<Resolution, ResolveError> {
        let lock = self.lock;
        let tree = Tree::new(lock);
        let root_manifest = self.own.get("").map(|own| &own.manifest);
        // Where the root's requirements come from `package.json`, they do not stand in the lockfile.
        let asks = |from: usize, range: &ByteRange| match self.own.get("") {
            Some(own) if from == 0 && !self.remembered => own.doc.span(range),
            _ => self.doc.span(range),
        };
        let mut edges = edges::resolve(self.doc, lock, &tree, root_manifest, &asks);
        let mut findings: Vec<(usize, Finding)> = std::mem::take(&mut edges.findings);
        let mut sources: Vec<Option<Source>> = lock
            .entries
            .iter()
            .zip(&edges.asked)
            .map(|(entry, asked)| (!entry.link).then(|| source::source(&self.base, entry, *asked)))
            .collect();
        let mut names: Vec<String> =
            (0..sources.len()).map(|at| self.purl(at, sources[at].as_ref())).collect();
        let mut bundles = Vec::new();
        for (at, entry) in lock.entries.iter().enumerate() {
            if let Some((by, path)) = source::bundler(lock, &tree, entry) {
                sources[at] = Some(Source::Bundled { within: names[by].clone(), path });
                names[at] = self.purl(at, sources[at].as_ref());
                bundles.push((by, at));
                if lock.entries[by].bundles == Some(false) {
                    let message = format!(
                        "`{}` is said to be bundled in `{}`, which bundles nothing",
                        entry.name(),
                        lock.entries[by].name()
                    );
                    let spans = vec![self.doc.span(&entry.at), self.doc.span(&lock.entries[by].at)];
                    findings.push((at, Finding::new("lockfile/false-bundle", message, spans)));
                }
            }
        }
        findings.extend(check::duplicates(self.doc, json).into_iter().map(|finding| (0, finding)));
        findings.extend(self.manifests());
        let (checkout, about) = checkout(self.root, &self.base);
        findings.extend(about.into_iter().map(|finding| (0, finding)));
        let checks = check::Checks {
            doc: self.doc,
            npmrc: source::from_root(&self.base, ".npmrc"),
            checkout: &checkout,
            lock,
            sources: &sources,
            asked: &edges.asked,
            registries: &self.options.npm_registries,
            findings: Vec::new(),
        };
        findings.extend(checks.run());

        let mut out = Resolution {
            packages: self.packages(&mut sources, &names),
            findings: findings.into_iter().map(|(at, finding)| (names[at].clone(), finding)).collect(),
            ..Resolution::default()
        };
        for edge in &edges.edges {
            out.dependencies.push(self.dependency(&names, edge));
        }
        for (from, to) in bundles.into_iter().chain(self.implied(&edges.edges, &tree)) {
            let kind =
                if lock.entries[to].bundled { DependencyKind::Bundled } else { DependencyKind::Normal };
            let at = lock.entries[to].at.clone();
            let edge = Edge { from, to, kind, requirement: "", at, name: "" };
            out.dependencies.push(self.dependency(&names, &edge));
        }
        if root_manifest.is_none() {
            out.notes.push(format!(
                "{}: there is no package.json beside it, so the two could not be compared",
                self.doc.location(&(0..0)).file
            ));
        }
        out.normalise();
        Ok(out)
    }

    fn purl(&self, at: usize, source: Option<&Source>) -> String {
        let entry = &self.lock.entries[at];
        source.map_or(String::new(), |source| {
            package_url(Ecosystem::Npm, self.name(entry), self.version(entry), source)
        })
    }

    fn name<'s>(&'s self, entry: &'s Entry<'_>) -> &'s str {
        let own = self.own.get(&*entry.path).and_then(|own| own.manifest.name);
        match &entry.real_name {
            Some(name) => name.text,
            None => own.unwrap_or_else(|| entry.name()),
        }
    }

    fn version<'s>(&'s self, entry: &'s Entry<'_>) -> &'s str {
        let own = self.own.get(&*entry.path).and_then(|own| own.manifest.version);
        entry.version.as_ref().map(|version| version.text).or(own).unwrap_or("")
    }

    /// One package for each purl; the first place in the file counts.
    fn packages(&self, sources: &mut [Option<Source>], names: &[String]) -> Vec<Package> {
        let mut at_purl: HashMap<&str, usize> = HashMap::new();
        let mut packages: Vec<Package> = Vec::new();
        for (at, entry) in self.lock.entries.iter().enumerate() {
            let Some(source) = sources[at].take() else { continue };
            if let Some(&known) = at_purl.get(names[at].as_str()) {
                packages[known].optional &= entry.optional;
                if packages[known].integrity.is_empty() {
                    packages[known].integrity = integrity(entry, &source);
                }
                continue;
            }
            at_purl.insert(&names[at], packages.len());
            let folder = match &source {
                Source::Path { path } if inside(self.root, path) => Some(self.root.join(path)),
                _ => None,
            };
            packages.push(Package {
                agent: None,
                purl: names[at].clone(),
                ecosystem: Ecosystem::Npm,
                name: self.name(entry).to_owned(),
                version: self.version(entry).to_owned(),
                integrity: integrity(entry, &source),
                pin: None,
                first_party: matches!(&source, Source::Path { path } if !source::leaves(path)),
                source,
                declared: self.doc.location(&entry.at),
                optional: entry.optional,
                platform: entry.platform.clone(),
                licence: entry.licence.clone(),
                features: Vec::new(),
                patches: None,
                folder,
                artifacts: Vec::new(),
            });
        }
        packages
    }

    fn dependency(&self, names: &[String], edge: &Edge<'_>) -> Dependency {
        let path = &*self.lock.entries[edge.from].path;
        let own = self
            .own
            .get(path)
            .and_then(|own| Some(own.doc.location(own.places.get(&(edge.name, edge.kind))?)));
        Dependency {
            from: names[edge.from].clone(),
            to: names[edge.to].clone(),
            kind: edge.kind,
            requirement: spec::without_user(edge.requirement),
            platform: None,
            declared: own.unwrap_or_else(|| self.doc.location(&edge.at)),
        }
    }

    /// Edges that no line asks for: from the root to its workspaces, and, where the root's
    /// requirements are unknown, to everything that nothing else asks for.
    fn implied(&self, edges: &[Edge<'_>], tree: &Tree<'_>) -> Vec<(usize, usize)> {
        let asked: HashSet<usize> = edges.iter().map(|edge| edge.to).collect();
        let by_root: HashSet<usize> =
            edges.iter().filter(|edge| edge.from == 0).map(|edge| edge.to).collect();
        let unknown = !self.remembered && !self.own.contains_key("");
        let entries = self.lock.entries.iter().enumerate().skip(1);
        let mut found: Vec<(usize, usize)> = entries
            .filter_map(|(at, entry)| {
                let to = tree::target(self.lock, tree, at).ok()?;
                let known = if entry.link { &by_root } else { &asked };
                let wanted = (entry.link || unknown) && !known.contains(&to) && to != 0;
                wanted.then_some((0, to))
            })
            .collect();
        found.dedup();
        found
    }

    /// What the project's `package.json` files say, against the lockfile.
    fn manifests(&self) -> Vec<(usize, Finding)> {
        let mut out = Vec::new();
        for (at, entry) in self.lock.entries.iter().enumerate() {
            if !entry.is_folder() || !self.own.contains_key("") {
                continue;
            }
            let rule = "lockfile/manifest-mismatch";
            let outside = source::leaves(&source::from_root(
                &self.base,
                entry.folder.as_deref().unwrap_or(&entry.path),
            ));
            match self.own.get(&*entry.path) {
                Some(own) if self.remembered => {
                    for (message, at_range) in manifest::compare(&own.manifest, &entry.requirements) {
                        let spans = vec![own.doc.span(&at_range), self.doc.span(&entry.at)];
                        out.push((at, Finding::new(rule, message, spans)));
                    }
                }
                None if !outside => {
                    let message =
                        format!("the lockfile names the folder `{}`, which has no package.json", entry.path);
                    out.push((at, Finding::new(rule, message, vec![self.doc.span(&entry.at)])));
                }
                _ => {}
            }
        }
        out
    }
}

/// The digests that the entry declares; none for what is not an archive of its own.
fn integrity(entry: &Entry<'_>, source: &Source) -> Vec<Digest> {
    match (&entry.integrity, source) {
        (_, Source::Path { .. } | Source::Bundled { .. } | Source::Git { .. }) | (None, _) => Vec::new(),
        (Some(text), _) => Digest::parse_sri(text.text),
    }
}
