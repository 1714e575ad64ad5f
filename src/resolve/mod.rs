//! Turns lockfiles and manifests into packages and edges.
//!
//! In: the discovered projects. Out: packages and dependencies, each with the line that asks for
//! it, and findings about the lockfiles themselves. Nothing of the project is run.

pub mod agent;
pub mod cargo;
pub mod npm;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::discover::{Discovered, Format, Project};
use crate::model::{Dependency, Finding, Gap, GapKind, Location, Package, Span};
use crate::store::Store;

/// How to resolve.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Never open a socket; passed on to cargo.
    pub offline: bool,
    /// The whole folder is the subject: what no lockfile or agent file names gets a node too.
    pub whole: bool,
    /// Do not ask cargo even where it is on the machine.
    pub lockfile_only: bool,
    /// A folder of bomvet's own, empty, outside the project, to start cargo in.
    pub clean_dir: PathBuf,
    /// Where cargo's answers are kept between runs; `None` keeps none.
    pub store: Option<Store>,
    /// Registries that the user's own npm configuration names; packages locked to other hosts are
    /// findings. What the checkout's `.npmrc` names is read here and is no more than its word.
    pub npm_registries: Vec<NpmRegistry>,
}

/// A registry that the user's own npm configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmRegistry {
    /// The `@scope` that it is for; `None` for packages of any.
    pub scope: Option<String>,
    /// Its URL.
    pub url: String,
}

impl NpmRegistry {
    /// One for packages of any scope.
    pub fn for_any(url: impl Into<String>) -> Self {
        Self { scope: None, url: url.into() }
    }
}

/// Packages and edges of one or more lockfiles.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    /// Packages, sorted and unique by purl.
    pub packages: Vec<Package>,
    /// Edges, sorted.
    pub dependencies: Vec<Dependency>,
    /// Findings: purl of the package that they are about, or of the project's root package.
    pub findings: Vec<(String, Finding)>,
    /// What could not be known (purl, gap).
    pub gaps: Vec<(String, Gap)>,
    /// Facts about the whole (`features and platforms are unknown: cargo is not installed`).
    pub notes: Vec<String>,
}

impl Resolution {
    /// Appends another resolution.
    pub fn merge(&mut self, other: Self) {
        self.packages.extend(other.packages);
        self.dependencies.extend(other.dependencies);
        self.findings.extend(other.findings);
        self.gaps.extend(other.gaps);
        self.notes.extend(other.notes);
    }

    /// Sorts the packages and makes one of those with the same purl (two lockfiles may pin the
    /// same package). What one knows the other gains; two digests for one archive are a finding.
    fn unify(&mut self) {
        self.packages.sort();
        let mut kept: Vec<Package> = Vec::with_capacity(self.packages.len());
        for package in std::mem::take(&mut self.packages) {
            let Some(first) = kept.last_mut().filter(|first| first.purl == package.purl) else {
                kept.push(package);
                continue;
            };
            let comparable = package
                .integrity
                .iter()
                .any(|digest| first.integrity.iter().any(|other| other.algorithm == digest.algorithm));
            let agree = package.integrity.iter().any(|digest| first.integrity.contains(digest));
            if comparable && !agree {
                let place =
                    |at: &Location| Span { line: at.line, column: at.column, ..Span::file(at.file.clone()) };
                self.findings.push((
                    first.purl.clone(),
                    Finding::new(
                        "lockfile/checksum-mismatch",
                        format!("the lockfiles give `{}` two different checksums", package.label()),
                        vec![place(&first.declared), place(&package.declared)],
                    ),
                ));
            }
            // Of two that disagree the first stands: else an archive that fits either would do.
            if agree || !comparable {
                for digest in package.integrity {
                    if !first.integrity.contains(&digest) {
                        first.integrity.push(digest);
                    }
                }
            }
            first.features.extend(package.features);
            first.features.sort();
            first.features.dedup();
            first.optional &= package.optional;
            first.first_party |= package.first_party;
            first.licence = first.licence.take().or(package.licence);
            first.patches = first.patches.take().or(package.patches);
            first.folder = first.folder.take().or(package.folder);
        }
        self.packages = kept;
    }

    /// Leaves the project's own packages only, and what is between them.
    pub fn keep_own(&mut self) {
        self.packages.retain(|package| package.first_party);
        let own: BTreeSet<&str> = self.packages.iter().map(|package| package.purl.as_str()).collect();
        self.dependencies.retain(|edge| own.contains(&*edge.from) && own.contains(&*edge.to));
        self.findings.retain(|(purl, _)| own.contains(&**purl));
        self.gaps.retain(|(purl, gap)| own.contains(&**purl) && gap.kind != GapKind::NotCovered);
    }

    /// Sorts everything and drops what stands twice.
    pub fn normalise(&mut self) {
        self.unify();
        self.dependencies.sort();
        self.dependencies.dedup();
        self.findings.sort();
        self.findings.dedup();
        self.gaps.sort();
        self.gaps.dedup();
        self.notes.sort();
        self.notes.dedup();
    }
}

/// Why a lockfile could not be resolved. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{file}:{line}:{column}: {message}\n  help: {help}")]
    Invalid {
        /// From the root.
        file: String,
        /// 1-based.
        line: u32,
        /// 1-based.
        column: u32,
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
}

/// Largest lockfile or manifest that is read, in bytes. The largest lockfiles known are some
/// 20 MB; a larger file is an error, never a partial read.
pub const MAX_LOCKFILE: u64 = 256 << 20;

/// Reads a file of the project as UTF-8 text, with a limit.
///
/// # Errors
/// Where it cannot be read, is too large or is not UTF-8.
pub fn read_text(root: &Path, file: &str) -> Result<String, ResolveError> {
    let path = root.join(file);
    let read = |source| ResolveError::Read { path: path.clone(), source };
    let meta = std::fs::metadata(&path).map_err(read)?;
    let invalid = |line, message: String, help: &str| ResolveError::Invalid {
        file: file.to_owned(),
        line,
        column: 1,
        message,
        help: help.to_owned(),
    };
    if !meta.is_file() {
        return Err(invalid(1, "not a regular file".to_owned(), "remove it or exclude its folder"));
    }
    if meta.len() > MAX_LOCKFILE {
        return Err(invalid(
            1,
            format!("{} bytes, more than the limit of {MAX_LOCKFILE}", meta.len()),
            "a lockfile of this size is not one that a package manager wrote",
        ));
    }
    let bytes = std::fs::read(&path).map_err(read)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + memchr::memchr_iter(b'\n', &error.as_bytes()[..at]).count() as u32;
        invalid(line, "not UTF-8".to_owned(), "write the file again with the package manager")
    })
}

/// Resolves every project.
///
/// # Errors
/// Where a lockfile cannot be read or is not one.
pub fn resolve(found: &Discovered, options: &Options) -> Result<Resolution, ResolveError> {
    let mut all = Resolution::default();
    for project in &found.projects {
        all.merge(resolve_one(&found.root, project, options)?);
    }
    let agents = agent::resolve(&found.root, &found.projects, &all.packages, options.whole)?;
    all.merge(agents);
    all.normalise();
    Ok(all)
}

fn resolve_one(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    match project.format {
        Format::CargoLock => cargo::resolve(root, project, options),
        Format::NpmLock => npm::resolve(root, project, options),
        // All of them at once, above: skills name each other.
        Format::Skill
        | Format::Instructions
        | Format::Command
        | Format::Settings
        | Format::Mcp
        | Format::Plugin => Ok(Resolution::default()),
    }
}
