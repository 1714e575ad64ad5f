//! Node's resolution over the lockfile's folders
//! (<https://nodejs.org/api/modules.html#loading-from-node_modules-folders>): from a folder
//! upwards, the first `node_modules/<name>` counts.

use std::collections::HashMap;

use super::lock::Lock;

/// Where everything is.
#[derive(Debug)]
pub(in crate::resolve) struct Tree<'l> {
    paths: HashMap<&'l str, usize>,
    /// Number of each folder that has a `node_modules`.
    scopes: HashMap<&'l str, u32>,
    children: HashMap<(u32, &'l str), usize>,
}

impl<'l> Tree<'l> {
    pub(in crate::resolve) fn new(lock: &'l Lock<'_>) -> Self {
        let mut this = Self { paths: HashMap::new(), scopes: HashMap::new(), children: HashMap::new() };
        for (at, entry) in lock.entries.iter().enumerate() {
            let path: &str = &entry.path;
            this.paths.insert(path, at);
            let name = entry.key_name();
            if !name.is_empty() {
                let above = path[..path.len() - name.len()].trim_end_matches('/');
                let owner = above.strip_suffix("node_modules").unwrap_or(above).trim_end_matches('/');
                let next = this.scopes.len() as u32;
                let scope = *this.scopes.entry(owner).or_insert(next);
                this.children.insert((scope, name), at);
            }
        }
        this
    }

    /// The entry of that folder.
    pub(in crate::resolve) fn at(&self, path: &str) -> Option<usize> {
        self.paths.get(path).copied()
    }

    /// The folders with a `node_modules` that are seen from `path`, innermost first.
    pub(in crate::resolve) fn seen_from(&self, path: &str) -> Vec<u32> {
        let mut seen = Vec::new();
        let mut folder = Some(path);
        while let Some(here) = folder {
            seen.extend(self.scopes.get(here));
            folder = match here.rsplit_once('/') {
                // Above `..` is no folder of the project.
                Some((_, "..")) => None,
                Some((above, _)) => Some(above),
                None if here.is_empty() || here == ".." => None,
                None => Some(""),
            };
        }
        seen
    }

    /// What `name` means where `seen` is seen.
    pub(in crate::resolve) fn resolve(&self, seen: &[u32], name: &str) -> Option<usize> {
        seen.iter().find_map(|scope| self.children.get(&(*scope, name)).copied())
    }
}

/// Follows links to the folder that they point at. `Err` is the link whose target has no entry.
pub(in crate::resolve) fn target(lock: &Lock<'_>, tree: &Tree<'_>, at: usize) -> Result<usize, usize> {
    let entry = &lock.entries[at];
    if !entry.link {
        return Ok(at);
    }
    let path = entry.resolved.as_ref().map(|path| clean(path.text)).unwrap_or_default();
    match tree.at(&path) {
        // npm writes no link to a link, so that one more step is an error, as a cycle is.
        Some(found) if !lock.entries[found].link => Ok(found),
        _ => Err(at),
    }
}

/// `a/./b/../c` as `a/c`, without `file:`; leading `..` stay.
pub(in crate::resolve) fn clean(path: &str) -> String {
    let path = path.strip_prefix("file:").unwrap_or(path).replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
