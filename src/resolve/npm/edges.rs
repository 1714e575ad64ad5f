//! Who gets what: every requirement of every entry, resolved as node does.

use super::doc::Doc;
use super::lock::{Lock, Requirement};
use super::manifest::{self, Manifest};
use super::spec::{self, GitUrl, Spec};
use super::tree::{self, Tree};
use crate::json::ByteRange;
use crate::model::{DependencyKind, Finding, Span};

/// An edge between entries.
#[derive(Debug)]
pub(in crate::resolve) struct Edge<'l> {
    pub(in crate::resolve) from: usize,
    pub(in crate::resolve) to: usize,
    pub(in crate::resolve) kind: DependencyKind,
    pub(in crate::resolve) requirement: &'l str,
    /// In the lockfile; the caller points to `package.json` where there is one.
    pub(in crate::resolve) at: ByteRange,
    /// What is asked for.
    pub(in crate::resolve) name: &'l str,
}

/// How an entry is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::resolve) struct Asked {
    /// By a version or a tag.
    pub(in crate::resolve) registry: bool,
    /// By the URL of an archive.
    pub(in crate::resolve) url: bool,
    /// By a git repository or a path.
    pub(in crate::resolve) elsewhere: bool,
    /// An override speaks of it.
    pub(in crate::resolve) overridden: bool,
}

/// All edges, how each entry is asked for, and findings by entry.
#[derive(Debug, Default)]
pub(in crate::resolve) struct Edges<'l> {
    pub(in crate::resolve) edges: Vec<Edge<'l>>,
    pub(in crate::resolve) asked: Vec<Asked>,
    pub(in crate::resolve) findings: Vec<(usize, Finding)>,
}

/// The span of a requirement of that entry.
type Asks<'f> = &'f dyn Fn(usize, &ByteRange) -> Span;

/// Resolves every requirement.
pub(in crate::resolve) fn resolve<'l>(
    doc: &Doc<'_>,
    lock: &'l Lock<'_>,
    tree: &Tree<'_>,
    root: Option<&Manifest<'_>>,
    asks: Asks<'_>,
) -> Edges<'l> {
    let mut out = Edges { asked: vec![Asked::default(); lock.entries.len()], ..Edges::default() };
    for (from, entry) in lock.entries.iter().enumerate() {
        if entry.link {
            if let Err(at) = tree::target(lock, tree, from) {
                let to = entry.resolved.as_ref().map_or("", |path| path.text);
                let message = format!("`{}` is a link to `{to}`, which has no entry", lock.entries[at].path);
                out.add(0, "lockfile/dangling", message, vec![doc.span(&entry.at)]);
            }
            continue;
        }
        let seen = tree.seen_from(&entry.path);
        for requirement in &entry.requirements {
            let found = tree.resolve(&seen, requirement.name).map(|at| (at, tree::target(lock, tree, at)));
            match found {
                Some((at, Ok(to))) => {
                    out.edges.push(Edge {
                        from,
                        to,
                        kind: requirement.kind,
                        requirement: requirement.spec,
                        at: requirement.at.clone(),
                        name: requirement.name,
                    });
                    let spans = vec![asks(from, &requirement.at), doc.span(&lock.entries[to].at)];
                    out.check(lock, root, (from, at, to), requirement, &spans);
                }
                // Said once, at the link.
                Some((_, Err(_))) => {}
                None if requirement.optional => {}
                None => {
                    let rule = match requirement.kind {
                        DependencyKind::Peer => "lockfile/missing-peer",
                        _ => "lockfile/dangling",
                    };
                    let message = format!(
                        "`{}` asks for `{}` ({}), which is not in the lockfile",
                        entry.name(),
                        requirement.name,
                        spec::without_user(requirement.spec)
                    );
                    out.add(from, rule, message, vec![asks(from, &requirement.at)]);
                }
            }
        }
    }
    out
}

impl Edges<'_> {
    fn add(&mut self, entry: usize, rule: &str, message: String, spans: Vec<Span>) {
        self.findings.push((entry, Finding::new(rule, message, spans)));
    }

    /// Whether what is there is what is asked for. `at` is the entry found, `to` where it leads
    /// if it is a link.
    pub(in crate::resolve) fn check(
        &mut self,
        lock: &Lock<'_>,
        root: Option<&Manifest<'_>>,
        (from, at, to): (usize, usize, usize),
        requirement: &Requirement<'_>,
        spans: &[Span],
    ) {
        let (entry, asked) = (&lock.entries[to], Spec::parse(requirement.spec));
        let version = entry.version.as_ref().map_or("", |version| version.text);
        let overridden = manifest::overridden(root, requirement.name, entry.name(), version);
        let flags = &mut self.asked[to];
        flags.overridden |= overridden;
        flags.registry |= asked.is_registry();
        flags.url |= matches!(asked, Spec::Url(_));
        flags.elsewhere |= matches!(asked, Spec::Git(_) | Spec::File(_));
        if overridden || entry.bundled {
            return;
        }
        let resolved = entry.resolved.as_ref().map_or("", |resolved| resolved.text);
        let (name, range) = match &asked {
            Spec::Range(range) => (Some(requirement.name), Some(range.clone())),
            Spec::Tag => (Some(requirement.name), None),
            Spec::Alias { name, wanted } => match Spec::parse(wanted) {
                Spec::Range(range) => (Some(*name), Some(range)),
                _ => (Some(*name), None),
            },
            Spec::Git(wanted) => {
                let (wanted, got) = (GitUrl::parse(wanted), GitUrl::parse(resolved));
                let git = matches!(Spec::parse(resolved), Spec::Git(_));
                if !git || wanted.repository() != got.repository() {
                    let message = format!(
                        "`{}` is asked for from {}, but locked to {}",
                        requirement.name,
                        wanted.url,
                        place(resolved)
                    );
                    self.add(to, "lockfile/foreign-tarball", message, spans.to_vec());
                }
                (None, None)
            }
            Spec::Url(wanted) => {
                let plain = |url: &str| spec::without_user(url.split('#').next().unwrap_or(url));
                if plain(wanted) != plain(resolved) {
                    let message = format!(
                        "`{}` is asked for from {}, but locked to {}",
                        requirement.name,
                        plain(wanted),
                        place(resolved)
                    );
                    self.add(to, "lockfile/foreign-tarball", message, spans.to_vec());
                }
                (None, None)
            }
            Spec::File(path) => {
                let wanted = tree::clean(&format!("{}/{path}", lock.entries[from].path));
                let got = match (&entry.folder, lock.entries[at].link || resolved.is_empty()) {
                    (Some(folder), _) => tree::clean(folder),
                    (None, true) => entry.path.to_string(),
                    (None, false) => tree::clean(resolved),
                };
                if lock.entries[from].is_folder() && wanted != got {
                    let message = format!(
                        "`{}` is asked for from the path `{wanted}`, but locked to `{got}`",
                        requirement.name
                    );
                    self.add(to, "lockfile/foreign-tarball", message, spans.to_vec());
                }
                (None, None)
            }
        };
        // The name in a folder's own package.json is the project's affair.
        if let Some(name) = name
            && !entry.is_folder()
            && spec::is_name(name)
            && name != entry.name()
        {
            let message = format!("`{name}` is asked for, but the entry is `{}`", entry.name());
            self.add(to, "lockfile/name-mismatch", message, spans.to_vec());
        }
        if let Some(range) = range
            && !version.is_empty()
            && !spec::satisfies(&range, version)
        {
            let own = lock.entries[from].is_folder() && requirement.kind != DependencyKind::Peer;
            let rule = if own { "lockfile/manifest-mismatch" } else { "lockfile/unsatisfied" };
            let message = format!(
                "`{}` asks for `{}` {}, but {version} is locked",
                lock.entries[from].name(),
                requirement.name,
                requirement.spec
            );
            self.add(to, rule, message, spans.to_vec());
        }
    }
}

/// A place for a message.
fn place(resolved: &str) -> String {
    if resolved.is_empty() { "the registry".to_owned() } else { spec::without_user(resolved) }
}
