//! Where an entry's contents come from, and its package URL.

use super::edges::Asked;
use super::lock::{Entry, Lock};
use super::spec::{self, GitUrl, Spec};
use super::tree::{self, Tree};
use crate::model::Source;

/// Hosts of the default registry; the second is an alias of the first.
pub(in crate::resolve) const DEFAULT_HOSTS: [&str; 2] = ["registry.npmjs.org", "registry.yarnpkg.com"];

/// Joins a path of the lockfile to the folder that the lockfile is for.
pub(in crate::resolve) fn from_root(base: &str, path: &str) -> String {
    let joined = tree::clean(&format!("{base}/{path}"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

/// Whether a path from the root leaves the root.
pub(in crate::resolve) fn leaves(path: &str) -> bool {
    path == ".." || path.starts_with("../")
}

/// The entry in whose archive this one is, and the path there. What the project itself bundles
/// is installed from the registry as everything else is.
pub(in crate::resolve) fn bundler(
    lock: &Lock<'_>,
    tree: &Tree<'_>,
    entry: &Entry<'_>,
) -> Option<(usize, String)> {
    if !entry.bundled {
        return None;
    }
    let mut path: &str = &entry.path;
    while let Some((above, _)) = path.rsplit_once("/node_modules/") {
        path = above;
        if let Some(at) = tree.at(path)
            && !lock.entries[at].bundled
        {
            let inside = entry.path[path.len()..].trim_start_matches('/').to_owned();
            return (!lock.entries[at].is_folder()).then_some((at, inside));
        }
    }
    None
}

/// The source of an entry that is no link and in no bundle.
pub(in crate::resolve) fn source(base: &str, entry: &Entry<'_>, asked: Asked) -> Source {
    if let Some(folder) = &entry.folder {
        return Source::Path { path: from_root(base, folder) };
    }
    if entry.is_folder() {
        return Source::Path { path: from_root(base, &entry.path) };
    }
    let Some(resolved) = entry.resolved.as_ref().map(|resolved| resolved.text) else {
        return Source::Registry { registry: None, url: None };
    };
    match Spec::parse(resolved) {
        Spec::Git(git) => {
            let git = GitUrl::parse(git);
            Source::Git { url: git.url, commit: git.commit }
        }
        Spec::File(path) => Source::File { path: from_root(base, path) },
        _ => {
            let url = spec::without_user(resolved);
            let host = spec::host(&url);
            let default = DEFAULT_HOSTS.contains(&host.as_str());
            let known = spec::tarball(&url);
            // npm asks the registry for what is asked for by version, wherever the archive lies.
            if asked.url || !(default || asked.registry || known.is_some()) {
                return Source::Tarball { url };
            }
            let registry = match known {
                _ if default => None,
                Some(tarball) => Some(tarball.registry),
                None => Some(
                    url.split_once("://").map_or(host.clone(), |(scheme, _)| format!("{scheme}://{host}")),
                ),
            };
            Source::Registry { registry, url: Some(url) }
        }
    }
}
