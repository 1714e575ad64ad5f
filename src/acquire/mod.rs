//! Gets the contents of packages and checks them before anything reads them.
//!
//! In: a package. Out: the bytes of its archive, verified against the lockfile's digest, and from
//! them [`Contents`]; or the reason why not. The two steps are apart because a cached analysis
//! needs the verified bytes only, never the unpacked tree.

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Contents, Digest, Ecosystem, File, Finding, Gap, GapKind, Package, Provenance, Source};
use crate::store::Store;

/// Where to look and what to allow.
#[derive(Debug, Clone)]
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
    },
    /// A folder with file digests that were checked (vendored), or the project's own.
    Folder {
        /// The files.
        contents: Contents,
    },
}

/// Why there are no contents: a gap, and the findings that explain it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What is missing.
    pub gap: Gap,
    /// A wrong digest, a hostile archive, an answer of the registry.
    pub findings: Vec<Finding>,
}

/// The stage's state: options, caches, one HTTP client made at the first request.
#[derive(Debug)]
pub struct Acquirer {
    options: Options,
    store: Store,
}

impl Acquirer {
    /// Makes the stage. Opens no socket.
    pub fn new(options: Options, store: Store) -> Self {
        Self { options, store }
    }

    /// Finds and verifies a package's bytes. Called from many threads.
    ///
    /// # Errors
    /// The reason why there are none.
    pub fn acquire(&self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        let _ = &self.store;
        let refuse = |message: String| {
            Box::new(Refusal { gap: Gap::new(GapKind::NotFetched, message), findings: Vec::new() })
        };
        let (Source::Registry { .. }, Ecosystem::Cargo) = (&package.source, package.ecosystem) else {
            return Err(refuse("source not supported yet".to_owned()));
        };
        let cache = self.options.cargo_home.as_ref().map(|home| home.join("registry/cache"));
        for index in cache.iter().filter_map(|cache| std::fs::read_dir(cache).ok()).flatten().flatten() {
            let path = index.path().join(format!("{}-{}.crate", package.name, package.version));
            let Ok(bytes) = std::fs::read(&path) else { continue };
            if let Some(against) = package.integrity.iter().find(|digest| digest.matches(&bytes)) {
                return Ok(Acquired::Archive {
                    sha256: Digest::sha256(&bytes),
                    provenance: Provenance::Verified { against: against.clone(), from: "cargo-cache" },
                    bytes: Arc::new(bytes),
                });
            }
        }
        Err(refuse("not in cargo's cache".to_owned()))
    }

    /// Unpacks a verified archive in memory. Findings are about its form.
    ///
    /// # Errors
    /// Where the archive is refused.
    pub fn unpack(
        &self,
        package: &Package,
        archive: &Acquired,
    ) -> Result<(Contents, Vec<Finding>), Box<Refusal>> {
        let _ = package;
        match archive {
            Acquired::Folder { contents } => Ok((contents.clone(), Vec::new())),
            Acquired::Archive { bytes, sha256, provenance } => {
                let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
                let mut buffer = Vec::new();
                let mut files = Vec::new();
                for mut entry in tar.entries().into_iter().flatten().flatten() {
                    let path = entry.path().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
                    let Some((_, path)) = path.split_once('/') else { continue };
                    let (path, start): (Arc<str>, _) = (path.into(), buffer.len());
                    if std::io::Read::read_to_end(&mut entry, &mut buffer).is_ok()
                        && entry.header().entry_type().is_file()
                    {
                        files.push(File { path, range: start..buffer.len(), executable: false });
                    }
                }
                let archive = Some((sha256.clone(), bytes.len() as u64));
                Ok((Contents::new(provenance.clone(), archive, files, Arc::new(buffer)), Vec::new()))
            }
        }
    }
}
