//! Finds the local packages of a Cargo workspace from its manifests, as Cargo does: the root, the
//! members' globs, and every `path` that one of them points to. Nothing outside the root is read.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::glob;
use super::limits::{MAX_GLOB_FOLDERS, MAX_MEMBERS};
use super::manifest::Manifest;
use super::paths::{self, Lies};
use crate::model::{Finding, Span};

/// The local packages of one workspace.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// Manifests by folder (from the root).
    pub manifests: BTreeMap<String, Manifest>,
    /// Folders whose dev dependencies the lockfile must hold: the root and the named members.
    pub members: Vec<String>,
    /// Paths that leave the root, manifests that cannot be read.
    pub findings: Vec<Finding>,
    /// Whether cargo, reading these manifests, would look outside the root.
    pub leaves: bool,
}

impl Local {
    /// The version of a package: its own, or the workspace's, or Cargo's default.
    pub fn version_of(&self, manifest: &Manifest) -> String {
        if manifest.inherits_version {
            let above = paths::ancestors(&manifest.dir)
                .filter_map(|dir| self.manifests.get(dir))
                .find_map(|above| above.workspace.as_ref())
                .or_else(|| self.manifests.values().find_map(|manifest| manifest.workspace.as_ref()));
            if let Some(version) = above.and_then(|workspace| workspace.version.clone()) {
                return version;
            }
        }
        manifest.version.clone().unwrap_or_else(|| "0.0.0".to_owned())
    }
}

/// Reads the manifests that belong to the workspace whose root manifest lies in `dir`. `root`
/// must be canonical.
pub fn scan(root: &Path, dir: &str) -> Local {
    let mut local = Local::default();
    let mut queue = VecDeque::from([(dir.to_owned(), Span::file(paths::child(dir, "Cargo.toml")))]);
    let mut seen = std::collections::BTreeSet::from([dir.to_owned()]);
    while let Some((here, asked)) = queue.pop_front() {
        let file = paths::child(&here, "Cargo.toml");
        match paths::lies(root, &file) {
            Lies::Inside => {}
            Lies::Nowhere => continue,
            Lies::Outside => {
                local.leaves = true;
                local.findings.push(Finding::new(
                    "discover/link-leaves",
                    format!("`{file}` is a link that leaves the audited folder"),
                    vec![asked],
                ));
                continue;
            }
        }
        if local.manifests.len() >= MAX_MEMBERS {
            local.leaves = true;
            local.findings.push(Finding::new(
                "discover/unreadable",
                format!("more than {MAX_MEMBERS} local packages; the rest was not read"),
                vec![asked],
            ));
            break;
        }
        let manifest = match Manifest::read(root, &file) {
            Ok(manifest) => manifest,
            Err(bad) => {
                local.findings.push(Finding::new(
                    "discover/unreadable",
                    format!("`{file}` {}", bad.message),
                    vec![bad.span],
                ));
                continue;
            }
        };
        let mut next: Vec<(String, Span, bool)> =
            manifest.paths().map(|(path, span)| (path.to_owned(), span.clone(), false)).collect();
        if let Some((path, span)) = &manifest.workspace_at
            && paths::join(&here, path).is_none()
        {
            local.leaves = true;
            local.findings.push(leaves(path, span));
        }
        if here == dir {
            local.members.push(here.clone());
            if let Some(workspace) = &manifest.workspace {
                for (pattern, span) in &workspace.members {
                    if !pattern.split('/').any(glob::is_pattern) {
                        next.push((pattern.clone(), span.clone(), true));
                    } else if let Some(found) = folders(root, &here, pattern, "Cargo.toml") {
                        for member in found {
                            // Already from the root; made relative to `here` by an absolute marker.
                            if workspace
                                .exclude
                                .iter()
                                .any(|out| paths::join(&here, out).as_deref() == Some(&member))
                            {
                                continue;
                            }
                            local.members.push(member.clone());
                            if seen.insert(member.clone()) {
                                queue.push_back((member, span.clone()));
                            }
                        }
                    } else {
                        local.leaves = true;
                        local.findings.push(leaves(pattern, span));
                    }
                }
            }
        }
        for (path, span, member) in next {
            match paths::join(&here, &path) {
                Some(folder) => {
                    if member {
                        local.members.push(folder.clone());
                    }
                    if seen.insert(folder.clone()) {
                        queue.push_back((folder, span));
                    }
                }
                None => {
                    local.leaves = true;
                    local.findings.push(leaves(&path, &span));
                }
            }
        }
        local.manifests.insert(here, manifest);
    }
    local.members.retain(|member| local.manifests.contains_key(member));
    local.members.sort();
    local.members.dedup();
    local
}

fn leaves(path: &str, span: &Span) -> Finding {
    Finding::new(
        "discover/path-leaves",
        format!("`{path}` points outside the audited folder; it was not followed"),
        vec![span.clone()],
    )
}

/// The folders below `dir` that hold a file `manifest` and match, from the root, sorted. `None` if
/// the pattern climbs above the root.
pub fn folders(root: &Path, dir: &str, pattern: &str, manifest: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let mut open = vec![(dir.to_owned(), 0)];
    let (mut found, mut visited) = (Vec::new(), 0);
    while let Some((here, at)) = open.pop() {
        visited += 1;
        if visited > MAX_GLOB_FOLDERS {
            break;
        }
        let Some(&part) = parts.get(at) else {
            if root.join(&here).join(manifest).exists() {
                found.push(here);
            }
            continue;
        };
        if !glob::is_pattern(part) {
            open.push((paths::join(&here, part)?, at + 1));
            continue;
        }
        if part == "**" {
            open.push((here.clone(), at + 1));
        }
        let mut names: Vec<String> = std::fs::read_dir(root.join(&here))
            .into_iter()
            .flatten()
            .flatten()
            // A link to a folder is not descended into by `**`, so that a cycle ends.
            .filter(|entry| {
                entry.file_type().is_ok_and(|kind| kind.is_dir() || (kind.is_symlink() && part != "**"))
            })
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        for name in names {
            if part == "**" {
                open.push((paths::child(&here, &name), at));
            } else if glob::component(part, &name) {
                open.push((paths::child(&here, &name), at + 1));
            }
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}
