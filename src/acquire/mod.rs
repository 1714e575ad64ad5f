//! Gets the contents of packages and checks them before anything reads them.
//!
//! In: a package. Out: the bytes of its archive, verified against the lockfile's digest, and from
//! them [`Contents`]; or the reason why not. The two steps are apart because a cached analysis
//! needs the verified bytes only, never the unpacked tree.
//!
//! Looked at in this order: a vendored copy (it is what would be built), bomvet's own store, the
//! package manager's cache, then the registry that the user's own configuration names.

pub mod archive;
mod bundled;
mod distributions;
mod finder;
mod git;
mod homes;
pub mod limits;
mod local;
pub mod net;
mod refusal;
pub mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use crate::model::{Contents, Digest, Ecosystem, File, Finding, Gap, Package, Provenance, Source};
use crate::resolve::npm::npmrc;
use crate::resolve::pypi::name::ArchiveKind;
use crate::store::Store;

pub use bundled::Part;
pub use distributions::Distribution;
pub use homes::discover_homes;
pub use refusal::Refusal;

use archive::{Limits, TopFolder};
use net::{Client, Timing};
use refusal::{archive_name, not_fetched};
use registry::cargo::{CargoConfig, Downloads};
use registry::npm::{CheckoutRegistries, NpmConfig};
use registry::pypi::PypiConfig;

/// Where to look and what to allow.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Never open a socket.
    pub offline: bool,
    /// `CARGO_HOME`.
    pub cargo_home: Option<PathBuf>,
    /// npm's cache folder (the one that holds `_cacache`).
    pub npm_cache: Option<PathBuf>,
    /// The audited root, for vendored packages and `.npmrc`.
    pub root: PathBuf,
    /// The user's home, for their own `.npmrc`.
    pub home: Option<PathBuf>,
    /// Connections at the same time.
    pub connections: usize,
    /// Cargo's configuration of the user.
    pub cargo: CargoConfig,
    /// npm's configuration of the user.
    pub npm: NpmConfig,
    /// pip's and uv's configuration of the user.
    pub pypi: PypiConfig,
    /// Time-outs and tries.
    pub timing: Timing,
    /// Folders of the project that are no part of any package (the audit's own output).
    pub left_out: Vec<PathBuf>,
    /// Patterns of the policy (`fixtures/**`), from the root: files of the project that are left out.
    pub exclude: Vec<String>,
}

/// What was noticed on the way, beside the contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Findings about the package.
    pub findings: Vec<Finding>,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// Bytes that were verified, or a folder that is the subject itself.
#[derive(Debug, Clone)]
pub enum Acquired {
    /// An archive.
    Archive {
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
        /// SHA-256 of the bytes.
        sha256: Digest,
        /// How they were checked.
        provenance: Provenance,
        /// Which part of the archive is this package.
        part: Part,
        /// What was noticed.
        remarks: Remarks,
    },
    /// The archives of a version that has several, each verified; their bytes wait in the store.
    Distributions {
        /// The archives, sorted by name.
        list: Vec<Distribution>,
        /// What was noticed, and which archives are missing.
        remarks: Remarks,
    },
    /// A folder with file digests that were checked (vendored), or the project's own.
    Folder {
        /// The files.
        contents: Contents,
        /// What was noticed.
        remarks: Remarks,
    },
}

impl Acquired {
    /// What was noticed on the way; not part of what [`Acquirer::unpack`] gives.
    pub fn remarks(&self) -> &Remarks {
        match self {
            Self::Archive { remarks, .. }
            | Self::Distributions { remarks, .. }
            | Self::Folder { remarks, .. } => remarks,
        }
    }

    /// Names the contents, for cache keys: equal for equal contents only.
    pub fn subject(&self) -> String {
        match self {
            Self::Archive { sha256, part, .. } => format!("{}{part}", sha256.hex()),
            Self::Distributions { list, .. } => {
                list.iter().map(|one| format!("{} {}\n", one.name, one.sha256.hex())).collect()
            }
            Self::Folder { contents, .. } => contents.tree_digest().hex(),
        }
    }
}

/// How to download from a registry, asked once.
type Asked = Arc<OnceLock<Result<Downloads, String>>>;

/// The stage's state: options, caches, one HTTP client made at the first request.
#[derive(Debug)]
pub struct Acquirer {
    options: Options,
    store: Store,
    client: Client,
    /// Folders of lockfiles, from the root.
    dirs: BTreeSet<String>,
    /// By folder of a lockfile, from the root: the `.npmrc` beside it.
    checkout: BTreeMap<String, CheckoutRegistries>,
    vendored: OnceLock<local::vendor::Vendored>,
    /// By registry: how to download from it.
    downloads: Mutex<BTreeMap<Option<String>, Asked>>,
    bundles: bundled::Bundles,
    /// Canonical folders of the project's own packages.
    folders: BTreeSet<PathBuf>,
    notes: Mutex<BTreeSet<String>>,
}

impl Acquirer {
    /// Makes the stage. Opens no socket.
    pub fn new(options: Options, store: Store) -> Self {
        let notes = options.npm.problems.iter().chain(&options.pypi.problems).cloned().collect();
        let certificates = options.cargo.certificates.iter().cloned();
        let certificates = certificates.chain(options.npm.certificates.iter().map(PathBuf::from));
        let certificates = certificates.chain(options.pypi.certificates.iter().cloned()).collect();
        let mut out = Self {
            client: Client::new(options.timing.clone(), certificates),
            dirs: BTreeSet::from([String::new()]),
            checkout: BTreeMap::new(),
            vendored: OnceLock::new(),
            downloads: Mutex::default(),
            bundles: bundled::Bundles::default(),
            folders: BTreeSet::new(),
            notes: Mutex::new(notes),
            options,
            store,
        };
        out.read_npmrc("");
        out
    }

    /// Reads the checkout's `.npmrc` in `dir`. Further up none counts, as in npm.
    fn read_npmrc(&mut self, dir: &str) {
        // Why one is not read is the resolver's finding.
        if let Ok(Some(text)) = npmrc::read(&self.options.root, dir) {
            self.checkout.insert(dir.to_owned(), CheckoutRegistries::parse(&text));
        }
    }

    /// Tells the stage all packages, for what one alone does not say: which archive a bundled one
    /// is in, and which folders belong to another package.
    #[must_use]
    pub fn knowing(mut self, packages: &[Package]) -> Self {
        self.bundles = bundled::Bundles::of(packages);
        self.dirs.extend(packages.iter().map(|package| finder::lockfile_dir(package).to_owned()));
        for dir in self.dirs.clone() {
            self.read_npmrc(&dir);
        }
        for package in packages {
            // A Dockerfile or a workflow is a package beside the one that it lies in, whose digest
            // stays that of all its files.
            let beside = matches!(package.ecosystem, Ecosystem::Docker | Ecosystem::Github);
            if !beside && let Ok(folder) = self.own_folder(package) {
                self.folders.insert(folder);
            }
            if package.ecosystem == Ecosystem::Cargo
                && let Some(folder) = self.vendored().folder(package)
            {
                self.folders.insert(folder.to_owned());
            }
        }
        for folder in &self.options.left_out {
            self.folders.extend(std::fs::canonicalize(folder));
        }
        self
    }

    /// Remarks on the whole run so far, sorted.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().map(|notes| notes.iter().cloned().collect()).unwrap_or_default()
    }

    /// Whether the HTTP client was ever made; offline it never is.
    pub fn opened_connections(&self) -> bool {
        self.client.is_used()
    }

    fn note(&self, note: String) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.insert(note);
        }
    }

    fn vendored(&self) -> &local::vendor::Vendored {
        self.vendored.get_or_init(|| {
            let folder = match self.options.cargo.place(None) {
                Ok(registry::cargo::Place::Directory(folder)) => Some(folder),
                _ => None,
            };
            local::vendor::Vendored::find(&self.options.root, &self.dirs, folder.as_deref())
        })
    }

    /// Finds and verifies a package's bytes. Called from many threads.
    ///
    /// # Errors
    /// The reason why there are none.
    pub fn acquire(&self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        if let Some(refusal) = refusal::unexamined(package) {
            return Err(refusal);
        }
        match &package.source {
            Source::Path { .. } => self.own(package),
            Source::Registry { .. } | Source::Tarball { .. } if package.ecosystem == Ecosystem::Pypi => {
                self.distributions(package)
            }
            Source::File { path } => self
                .archive_in_project(package, path)
                .map(|found| found.into_acquired(self.bundles.outer(package))),
            Source::Bundled { within, path } => self.bundled(package, within, path),
            Source::Entry { path, pointer } => self.entry(package, path, pointer),
            Source::Remote { url } => Err(refusal::not_fetched(format!(
                "what stands at `{url}` is not pinned: it is whatever its host answers on that day"
            ))),
            Source::Git { url, commit } => self.git(package, url, commit.as_deref()),
            Source::Registry { .. } | Source::Tarball { .. } => {
                if package.ecosystem == Ecosystem::Cargo
                    && let Some(folder) = self.vendored().folder(package)
                {
                    return self.vendored_copy(package, folder);
                }
                self.published(package)
            }
        }
    }

    /// Unpacks a verified archive in memory. Findings are about its form.
    ///
    /// # Errors
    /// Where the archive is refused.
    pub fn unpack(
        &self,
        package: &Package,
        acquired: &Acquired,
    ) -> Result<(Contents, Vec<Finding>), Box<Refusal>> {
        let (bytes, sha256, provenance, part) = match acquired {
            Acquired::Folder { contents, .. } => return Ok((contents.clone(), Vec::new())),
            Acquired::Distributions { list, .. } => {
                let [one] = list.as_slice() else {
                    return Err(not_fetched(format!(
                        "{} has {} archives; each is unpacked by itself",
                        package.label(),
                        list.len()
                    )));
                };
                return self.unpack_distribution(package, one);
            }
            Acquired::Archive { bytes, sha256, provenance, part, .. } => (bytes, sha256, provenance, part),
        };
        let archive = Some((sha256.clone(), bytes.len() as u64));
        if part.is_all() {
            let Shared { files, buffer, findings } = unpack(package, bytes)?;
            let findings = findings.into_iter().map(|(_, finding)| finding).collect();
            return Ok((Contents::new(provenance.clone(), archive, files, buffer), findings));
        }
        let unpacked = self.bundles.unpacked(sha256, || unpack(package, bytes))?;
        let name = archive_name(package);
        let findings = unpacked
            .findings
            .iter()
            .filter(|(path, _)| part.holds(path).is_some())
            .map(|(_, finding)| finding.clone())
            .collect();
        let files: Vec<_> = unpacked
            .files
            .iter()
            .filter_map(|file| Some(File { path: part.holds(&file.path)?.into(), ..file.clone() }))
            .collect();
        if files.is_empty() {
            return Err(not_fetched(format!("`{name}` holds no file of {}{part}", package.label())));
        }
        let contents = Contents::new(provenance.clone(), archive, files, Arc::clone(&unpacked.buffer));
        Ok((contents, findings))
    }
}

/// An unpacked archive that several packages may share.
#[derive(Debug)]
struct Shared {
    files: Vec<File>,
    buffer: Arc<Vec<u8>>,
    /// Path and finding.
    findings: Vec<(String, Finding)>,
}

fn unpack(package: &Package, bytes: &[u8]) -> Result<Shared, Box<Refusal>> {
    let folder = format!("{}-{}", package.name, package.version);
    let top = match (package.ecosystem, &package.source) {
        (Ecosystem::Cargo, Source::Registry { .. }) => TopFolder::Exactly(&folder),
        _ => TopFolder::AnyOne,
    };
    let limits = Limits::default();
    let registry = matches!(package.source, Source::Registry { .. });
    // What lies in the project or is given may be any of them; its bytes say which. A registry's
    // archives have one form.
    let form = if registry { None } else { archive::Form::of(bytes) }.unwrap_or(archive::Form::TarGz);
    let wheel = matches!(&package.source, Source::File { path } | Source::Tarball { url: path }
        if ArchiveKind::of(path) == Some(ArchiveKind::Wheel));
    let top = if wheel && form == archive::Form::Zip { TopFolder::None } else { top };
    let unpacked = form.unpack(bytes, top, &limits).map_err(|error| refusal::hostile(package, &error))?;
    let findings =
        unpacked.remarks.iter().map(|remark| (remark.path().to_owned(), refusal::remark(remark))).collect();
    let files = unpacked
        .files
        .into_iter()
        .map(|entry| File { path: entry.path.into(), range: entry.range, executable: entry.executable })
        .collect();
    Ok(Shared { files, buffer: Arc::new(unpacked.buffer), findings })
}
