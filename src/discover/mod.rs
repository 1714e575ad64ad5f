//! Finds the lockfiles and manifests of a project.
//!
//! In: a path. Out: the projects below it, sorted, and findings about the layout. Lockfiles are
//! not parsed here; manifests are, as data, to see which lockfile covers them. Nothing is run, and
//! symbolic links are not followed out of the root.

mod cover;
pub mod format;
pub mod glob;
pub mod limits;
pub mod manifest;
pub mod paths;
#[cfg(test)]
mod tests;
mod walk;
pub mod workspace;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use self::cover::NO_LOCKFILE;
pub use self::format::Format;
use crate::model::{Ecosystem, Finding, Gap};

/// Names of the manifests beside them.
const MANIFESTS: &[&str] = &["Cargo.toml", "package.json"];

/// Whether a path is a manifest's.
pub fn is_manifest(path: &str) -> bool {
    MANIFESTS.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// One lockfile, or one manifest that has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Project {
    /// Its package manager.
    pub ecosystem: Ecosystem,
    /// What its lockfile is.
    pub format: Format,
    /// Folder, from the root, `/`-separated, empty for the root itself.
    pub dir: String,
    /// Lockfile, from the root.
    pub lockfile: String,
    /// Manifest (`Cargo.toml`, `package.json`), from the root, if there is one beside the lockfile.
    pub manifest: Option<String>,
}

/// Files by which other package managers ask for packages. `requirements*.txt` count too.
const FOREIGN: &[&str] = &[
    "Gemfile.lock",
    "Package.resolved",
    "Pipfile.lock",
    "Podfile.lock",
    "build.zig.zon",
    "bun.lock",
    "bun.lockb",
    "composer.lock",
    "conan.lock",
    "deno.lock",
    "go.mod",
    "gradle.lockfile",
    "mix.lock",
    "packages.lock.json",
    "pdm.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pom.xml",
    "pubspec.lock",
    "pylock.toml",
    "uv.lock",
    "yarn.lock",
];

/// Whether a file of that name asks another package manager for packages.
fn is_foreign(name: &str) -> bool {
    FOREIGN.binary_search(&name).is_ok() || name.starts_with("requirements") && name.ends_with(".txt")
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The audited folder, absolute and without links.
    pub root: PathBuf,
    /// The projects, sorted.
    pub projects: Vec<Project>,
    /// What is wrong with the layout (a link that leaves, a manifest without a lockfile).
    pub findings: Vec<Finding>,
    /// Files that ask for packages which no lockfile that is read names.
    pub gaps: Vec<Gap>,
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
        "no lockfile, skill or agent configuration that is read below `{path}`; run `cargo generate-lockfile` or `npm install --package-lock-only` first{}",
        passed_over.iter().map(|why| format!("\n  {why}")).collect::<String>()
    )]
    NoLockfile {
        /// The path.
        path: PathBuf,
        /// What looks like one and cannot be it, and why.
        passed_over: Vec<String>,
    },
    /// The path is a file of another kind.
    #[error(
        "`{path}` is not a file that is read; give a folder, a lockfile (`Cargo.lock`, `package-lock.json`…), or a skill's `SKILL.md`"
    )]
    NotALockfile {
        /// The path.
        path: PathBuf,
    },
    /// The tree is larger than the limit.
    #[error(
        "more than {limit} files and folders below `{path}`; audit a smaller folder, or exclude some in `bomvet.toml`"
    )]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}

/// Finds every project below `path` (a folder or a lockfile). `exclude` holds glob patterns
/// (`fixtures/**`) from the root.
///
/// # Errors
/// Where the path cannot be read, is too large, or holds no lockfile.
pub fn discover(path: &Path, exclude: &[String]) -> Result<Discovered, DiscoverError> {
    let found = tree(path, exclude)?;
    if found.projects.is_empty() {
        let passed_over = found.findings.into_iter().map(|finding| finding.message).collect();
        return Err(DiscoverError::NoLockfile { path: path.to_owned(), passed_over });
    }
    Ok(found)
}

/// Like [`discover`], where nothing need be found: the whole folder is the subject.
///
/// # Errors
/// Where the path cannot be read or is too large.
pub fn tree(path: &Path, exclude: &[String]) -> Result<Discovered, DiscoverError> {
    let read = |source| DiscoverError::Read { path: path.to_owned(), source };
    let meta = std::fs::metadata(path).map_err(read)?;
    if !meta.is_dir() {
        return single(path);
    }
    let root = std::fs::canonicalize(path).map_err(read)?;
    // The root itself must be readable: everything else that is not is a finding.
    std::fs::read_dir(&root).map_err(read)?;
    let exclude: Vec<_> = exclude.iter().map(|pattern| glob::Glob::new(pattern)).collect();
    let seen = walk::walk(&root, &exclude)?;
    let lockfiles: BTreeSet<&str> = seen.lockfiles.iter().map(|(path, _)| path.as_str()).collect();
    let manifests: BTreeSet<&str> = seen.manifests.iter().map(String::as_str).collect();
    let mut projects: Vec<_> = seen
        .lockfiles
        .iter()
        .filter(|(file, _)| {
            // Of npm's two the shrinkwrap wins within one folder, as npm itself has it.
            let shrinkwrap = paths::child(paths::parent(file), "npm-shrinkwrap.json");
            !(file.ends_with("package-lock.json") && lockfiles.contains(shrinkwrap.as_str()))
        })
        .map(|(file, format)| project(file, *format, |manifest| manifests.contains(manifest)))
        .collect();
    projects.sort();
    let mut findings = seen.findings;
    let uncovered = cover::uncovered(&root, &seen.manifests, &projects);
    let mut gaps = cover::gaps(&uncovered, &seen.foreign, &projects);
    findings.extend(uncovered);
    findings.sort();
    findings.dedup();
    gaps.sort();
    Ok(Discovered { root, projects, findings, gaps })
}

/// A path that is a lockfile itself: that one alone.
fn single(path: &Path) -> Result<Discovered, DiscoverError> {
    let read = |source| DiscoverError::Read { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(read)?;
    let name = absolute.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let folder = absolute.parent().unwrap_or(&absolute);
    let root = std::fs::canonicalize(folder).map_err(read)?;
    // The folders above say what some files are.
    let Some(format) = Format::of(&absolute.to_string_lossy().replace('\\', "/")) else {
        return Err(DiscoverError::NotALockfile { path: path.to_owned() });
    };
    // A copy under another name is not what its folder's manifest is locked by.
    let own = ["Cargo.lock", "package-lock.json", "npm-shrinkwrap.json"].contains(&name.as_str());
    let project = project(&name, format, |manifest| own && root.join(manifest).is_file());
    Ok(Discovered { root, projects: vec![project], findings: Vec::new(), gaps: Vec::new() })
}

fn project(file: &str, format: Format, has: impl Fn(&str) -> bool) -> Project {
    let dir = paths::parent(file).to_owned();
    let manifest = format.manifest().map(|name| paths::child(&dir, name)).filter(|path| has(path));
    Project { ecosystem: format.ecosystem(), format, lockfile: file.to_owned(), manifest, dir }
}
