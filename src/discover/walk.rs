//! Walks a folder in sorted order, with a bound, without following links.

use std::path::Path;

use super::glob::Glob;
use super::limits::MAX_ENTRIES;
use super::paths::{self, Lies};
use super::{DiscoverError, Format, MANIFESTS};
use crate::model::{Finding, Span};

/// What a walk saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Lockfiles and agent files, from the root.
    pub lockfiles: Vec<(String, Format)>,
    /// Manifests, from the root.
    pub manifests: Vec<String>,
    /// Files of package managers that are not read, from the root.
    pub foreign: Vec<String>,
    /// Links that leave, folders that cannot be read.
    pub findings: Vec<Finding>,
}

/// Walks. `root` must be canonical.
///
/// # Errors
/// Where there are more entries than the limit.
pub fn walk(root: &Path, exclude: &[Glob]) -> Result<Seen, DiscoverError> {
    let mut seen = Seen::default();
    let mut open = vec![String::new()];
    let mut entries = 0_usize;
    while let Some(dir) = open.pop() {
        let listing = match std::fs::read_dir(root.join(&dir)) {
            Ok(listing) => listing,
            Err(error) => {
                seen.findings.push(unreadable(&dir, &error.to_string()));
                continue;
            }
        };
        let mut children = Vec::new();
        for entry in listing {
            entries += 1;
            if entries > MAX_ENTRIES {
                return Err(DiscoverError::TooLarge { path: root.to_owned(), limit: MAX_ENTRIES });
            }
            match entry.and_then(|entry| Ok((entry.file_type()?, entry.file_name()))) {
                // A name that is not UTF-8 cannot be a lockfile's; a folder of that name is said.
                Ok((kind, name)) => match name.into_string() {
                    Ok(name) => children.push((name, kind)),
                    Err(name) if kind.is_dir() => seen.findings.push(unreadable(
                        &paths::child(&dir, &name.to_string_lossy()),
                        "its name is not UTF-8",
                    )),
                    Err(_) => {}
                },
                Err(error) => seen.findings.push(unreadable(&dir, &error.to_string())),
            }
        }
        children.sort_by(|a, b| a.0.cmp(&b.0));
        let is_crate = children.iter().any(|(name, _)| name == "Cargo.toml" || name == "Cargo.lock");
        let vendored = !dir.is_empty() && children.iter().any(|(name, _)| name == ".cargo-checksum.json");
        if vendored {
            continue;
        }
        let mut below = Vec::new();
        for (name, kind) in children {
            let path = paths::child(&dir, &name);
            if exclude.iter().any(|glob| glob.covers(&path)) {
                continue;
            }
            if kind.is_dir() {
                if Format::of(&path).is_some() || MANIFESTS.contains(&name.as_str()) {
                    seen.findings.push(unreadable(&path, "it is a folder"));
                }
                // A build folder is cargo's only beside a manifest; elsewhere `target` is a name like any.
                let skipped = name == ".git" || name == "node_modules" || (name == "target" && is_crate);
                if !skipped {
                    below.push(path);
                }
                continue;
            }
            let (format, manifest) = (Format::of(&path), MANIFESTS.contains(&name.as_str()));
            let lockfile = format.is_some();
            if kind.is_symlink() {
                match paths::lies(root, &path) {
                    Lies::Inside if root.join(&path).is_dir() => continue,
                    Lies::Inside => {}
                    Lies::Outside => {
                        if lockfile || manifest || holds_package(&root.join(&path)) {
                            seen.findings.push(Finding::new(
                                "discover/link-leaves",
                                format!(
                                    "`{path}` is a link that leaves the audited folder; it was not followed"
                                ),
                                vec![Span::file(path)],
                            ));
                        }
                        continue;
                    }
                    Lies::Nowhere => {
                        if lockfile || manifest {
                            seen.findings.push(unreadable(&path, "it is a link that leads nowhere"));
                        }
                        continue;
                    }
                }
            }
            if let Some(format) = format {
                seen.lockfiles.push((path, format));
            } else if manifest {
                seen.manifests.push(path);
            } else if super::is_foreign(&name) {
                seen.foreign.push(path);
            }
        }
        open.extend(below.into_iter().rev());
    }
    Ok(seen)
}

fn holds_package(folder: &Path) -> bool {
    ["Cargo.lock", "npm-shrinkwrap.json", "package-lock.json", "SKILL.md"]
        .iter()
        .chain(MANIFESTS)
        .any(|name| folder.join(name).exists())
}

fn unreadable(path: &str, why: &str) -> Finding {
    let shown = if path.is_empty() { "." } else { path };
    Finding::new(
        "discover/unreadable",
        format!("`{shown}` could not be read: {why}"),
        vec![Span::file(shown)],
    )
}
