//! Turns lockfiles and manifests into packages and edges.
//!
//! In: the discovered projects. Out: packages and dependencies, each with the line that asks for
//! it, and findings about the lockfiles themselves. Nothing of the project is run.

pub mod actions;
pub mod agent;
pub mod bun;
pub mod cargo;
pub mod deno;
pub mod docker;
pub mod golang;
pub mod install;
mod js;
pub mod newest;
pub mod npm;
pub mod pnpm;
pub mod pypi;
mod text;
pub mod yarn;
pub mod zig;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::discover::{Discovered, Format, Project};
use crate::model::{
    Artifact, Dependency, Digest, Ecosystem, Finding, Gap, GapKind, Location, Package, Source, Span, purl,
};
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
    /// URLs of the indices that the user's own pip and uv configuration names.
    pub pypi_registries: Vec<String>,
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
    /// Purls of packages that stand for a folder or file without a manifest of its own; where a named
    /// package of the project holds it, that one takes its place.
    pub nameless: Vec<String>,
    /// Edges to packages that the registry is asked for only where no lockfile of the project has
    /// one of that name.
    pub local_first: Vec<Dependency>,
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
        self.nameless.extend(other.nameless);
        self.local_first.extend(other.local_first);
        self.notes.extend(other.notes);
    }

    /// Gives what nameless stand-ins ask for to the named package of the project that lies nearest
    /// above them, so that every file stays that package's own.
    fn adopt(&mut self) {
        let folder = |package: &Package| match &package.source {
            Source::Path { path } if package.first_party => Some(path.clone()),
            _ => None,
        };
        let nameless: BTreeSet<String> = std::mem::take(&mut self.nameless).into_iter().collect();
        let named: Vec<(String, &str)> = self
            .packages
            .iter()
            .filter(|package| !nameless.contains(&package.purl))
            .filter_map(|package| Some((folder(package)?, package.purl.as_str())))
            .collect();
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        for package in self.packages.iter().filter(|package| nameless.contains(&package.purl)) {
            let Some(path) = folder(package) else { continue };
            let holds = |above: &str| {
                above == "."
                    || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let depth = |above: &str| if above == "." { 0 } else { above.len() };
            let nearest = named
                .iter()
                .filter(|(above, _)| holds(above))
                .min_by_key(|(above, purl)| (std::cmp::Reverse(depth(above)), *purl));
            if let Some((_, owner)) = nearest {
                owners.insert(package.purl.clone(), (*owner).to_owned());
            }
        }
        self.packages.retain(|package| !owners.contains_key(&package.purl));
        let own = |purl: &mut String| {
            if let Some(owner) = owners.get(purl) {
                purl.clone_from(owner);
            }
        };
        self.dependencies.iter_mut().for_each(|dependency| own(&mut dependency.from));
        self.local_first.iter_mut().for_each(|dependency| own(&mut dependency.from));
        self.findings.iter_mut().for_each(|(purl, _)| own(purl));
        self.gaps.iter_mut().for_each(|(purl, _)| own(purl));
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
            let pins_differ = matches!((&first.pin, &package.pin), (Some(a), Some(b)) if a != b);
            if comparable && !agree || pins_differ {
                let place = Location::span;
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
            first.pin = first.pin.take().or(package.pin);
            first.folder = first.folder.take().or(package.folder);
            if agree || !comparable {
                for name in unify_artifacts(&mut first.artifacts, package.artifacts) {
                    let place = |at: &Location| Span {
                        line: at.line,
                        column: at.column,
                        ..Span::file(at.file.clone())
                    };
                    self.findings.push((
                        first.purl.clone(),
                        Finding::new(
                            "lockfile/checksum-mismatch",
                            format!("the lockfiles give `{name}` two different checksums"),
                            vec![place(&first.declared), place(&package.declared)],
                        ),
                    ));
                }
            }
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

/// Adds what another lockfile knows of the archives of one version. Gives the names of files for
/// which the two disagree; there the first stands.
fn unify_artifacts(known: &mut Vec<Artifact>, more: Vec<Artifact>) -> Vec<String> {
    let mut conflicts = Vec::new();
    for artifact in more {
        match known.iter_mut().find(|other| other.name == artifact.name) {
            Some(other) => {
                other.url = other.url.take().or(artifact.url);
                let mut fresh = Vec::new();
                for digest in artifact.integrity {
                    if !other.integrity.contains(&digest) {
                        fresh.push(digest);
                    }
                }
                let clash =
                    |digest: &Digest| other.integrity.iter().any(|known| known.algorithm == digest.algorithm);
                if fresh.iter().any(clash) {
                    conflicts.push(artifact.name);
                } else {
                    other.integrity.extend(fresh);
                }
            }
            None => known.push(artifact),
        }
    }
    known.sort();
    conflicts
}

/// The package URL: without qualifiers for the default registry only, so that nothing else can
/// pass for a package of it. Qualifiers are the specification's, and `bundled_in` for what
/// another package's archive brings.
fn package_url(ecosystem: Ecosystem, name: &str, version: &str, source: &Source) -> String {
    let (key, value) = match source {
        Source::Registry { registry, .. } => ("repository_url", registry.clone().unwrap_or_default()),
        Source::Git { url, commit } => {
            let at = commit.as_ref().map(|commit| format!("@{commit}")).unwrap_or_default();
            ("vcs_url", format!("git+{url}{at}"))
        }
        Source::Path { path } | Source::File { path } | Source::Entry { path, .. } => {
            ("download_url", format!("file://{path}"))
        }
        Source::Tarball { url } | Source::Remote { url } => ("download_url", url.clone()),
        Source::Bundled { within, .. } => ("bundled_in", within.clone()),
    };
    purl(ecosystem, name, version, &[(key, &value)])
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
    all.adopt();
    install::settle(&mut all);
    all.normalise();
    Ok(all)
}

fn resolve_one(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    match project.format {
        Format::CargoLock => cargo::resolve(root, project, options),
        Format::NpmLock => npm::resolve(root, project, options),
        Format::GoMod => golang::resolve(root, project),
        Format::GoWork => golang::resolve_work(root, project),
        Format::Zon => zig::resolve(root, project),
        Format::Dockerfile => docker::resolve(root, project),
        Format::Compose => docker::resolve_compose(root, project),
        Format::Workflow | Format::Action => actions::resolve(root, project),
        Format::PnpmLock => pnpm::resolve(root, project, options),
        Format::YarnLock => yarn::resolve(root, project, options),
        Format::BunLock => bun::resolve(root, project, options),
        Format::DenoLock => deno::resolve(root, project, options),
        Format::Requirements
        | Format::UvLock
        | Format::PoetryLock
        | Format::PdmLock
        | Format::PipfileLock
        | Format::PyLock
        | Format::PythonScript => pypi::resolve(root, project, options),
        // All of them at once, above: skills name each other.
        Format::Skill
        | Format::Instructions
        | Format::Command
        | Format::Settings
        | Format::Mcp
        | Format::Plugin => Ok(Resolution::default()),
    }
}
