//! The places where a package's bytes may be, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::local::{cache, entry, folder, vendor};
use super::net::FetchError;
use super::refusal::{archive_name, declared_at, not_fetched, wrong_digest};
use super::registry::Target;
use super::registry::cargo::Place;
use super::registry::npm::CheckoutRegistries;
use super::{Acquired, Acquirer, Part, Refusal, Remarks, limits, net};
use crate::model::{Digest, Ecosystem, Finding, HashAlgorithm, Package, Provenance, Source};
use crate::store::blob_key;

/// Bytes that are what the lockfile declares, if it declares anything.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub bytes: Arc<Vec<u8>>,
    pub sha256: Digest,
    pub provenance: Provenance,
    pub remarks: Remarks,
}

impl Found {
    pub fn into_acquired(self, part: Part) -> Acquired {
        let Self { bytes, sha256, provenance, remarks } = self;
        Acquired::Archive { bytes, sha256, provenance, part, remarks }
    }
}

/// The digests that count: those of the strongest algorithm that the lockfile gives, as in
/// Subresource Integrity. A weaker one that matches proves nothing if a stronger one does not.
fn strongest(package: &Package) -> (Option<HashAlgorithm>, Vec<&Digest>) {
    let algorithm = package.integrity.iter().map(|digest| digest.algorithm).max();
    (algorithm, package.integrity.iter().filter(|digest| Some(digest.algorithm) == algorithm).collect())
}

/// Checks bytes against the lockfile.
///
/// # Errors
/// A finding with both digests.
pub(super) fn verify(
    package: &Package,
    bytes: Vec<u8>,
    from: &'static str,
    place: &str,
) -> Result<Found, Box<Finding>> {
    let (algorithm, declared) = strongest(package);
    let found = Digest::of(algorithm.unwrap_or(HashAlgorithm::Sha256), &bytes);
    let mut remarks = Remarks::default();
    let provenance = match declared.first() {
        None => Provenance::Unverified(format!(
            "the lockfile gives no digest for {}; what came from {place} was not checked",
            package.label()
        )),
        Some(_) if declared.contains(&&found) => {
            if algorithm == Some(HashAlgorithm::Sha1) {
                remarks.findings.push(Finding::new(
                    "acquire/weak-digest",
                    "only a SHA-1 digest pins it, which can be forged",
                    vec![declared_at(package)],
                ));
            }
            Provenance::Verified { against: found.clone(), from }
        }
        Some(first) => return Err(Box::new(wrong_digest(package, place, first, &found))),
    };
    let sha256 = if found.algorithm == HashAlgorithm::Sha256 { found } else { Digest::sha256(&bytes) };
    Ok(Found { bytes: Arc::new(bytes), sha256, provenance, remarks })
}

/// What was tried, for the message if nothing works.
#[derive(Debug, Default)]
struct Tried {
    wrong: Vec<Finding>,
    looked: Vec<String>,
    damaged: Vec<Finding>,
}

impl Acquirer {
    /// The archive of a published package.
    pub(super) fn published(&self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        self.archive(package).map(|found| found.into_acquired(self.bundles.outer(package)))
    }

    pub(super) fn archive(&self, package: &Package) -> Result<Found, Box<Refusal>> {
        let mut tried = Tried::default();
        let found = match self.on_disk(package, &mut tried) {
            Some(found) => Ok(found),
            None if self.options.offline => Err(not_fetched(format!(
                "{} is not on this machine ({}) and `--offline` forbids to download it; run without it, or {}",
                package.label(),
                tried.looked.join(", "),
                match package.ecosystem {
                    Ecosystem::Cargo => "`cargo fetch --locked` first",
                    Ecosystem::Npm => "`npm ci --ignore-scripts` first",
                    _ => "get it with its package manager first",
                },
            ))),
            None => self.download(package),
        };
        match found {
            Ok(mut found) => {
                // Elsewhere it was right: the damaged copy is worth knowing, not worth a denial.
                let stale = tried
                    .wrong
                    .into_iter()
                    .map(|finding| Finding { rule: "acquire/stale-cache".to_owned(), ..finding });
                found.remarks.findings.extend(stale);
                found.remarks.findings.append(&mut tried.damaged);
                Ok(found)
            }
            Err(mut refusal) => {
                refusal.findings.append(&mut tried.wrong);
                refusal.findings.append(&mut tried.damaged);
                refusal.findings.sort();
                refusal.findings.dedup();
                Err(refusal)
            }
        }
    }

    fn on_disk(&self, package: &Package, tried: &mut Tried) -> Option<Found> {
        for digest in strongest(package).1 {
            match self.store.get("blobs", &blob_key(digest)) {
                Ok(Some(bytes)) => match verify(package, bytes, "store", "bomvet's store") {
                    Ok(found) => return Some(found),
                    Err(finding) => tried.wrong.push(*finding),
                },
                Ok(None) => {}
                Err(damaged) => {
                    let message = damaged.to_string();
                    tried.damaged.push(Finding::new("store/damaged", message, vec![declared_at(package)]));
                }
            }
        }
        tried.looked.push("bomvet's store".to_owned());
        let (paths, from, place) = match package.ecosystem {
            Ecosystem::Cargo => (self.cargo_paths(package), "cargo-cache", "cargo's cache"),
            Ecosystem::Npm => (self.npm_paths(package), "npm-cache", "npm's cache"),
            _ => (None, "", ""),
        };
        if let Some(paths) = paths {
            tried.looked.push(place.to_owned());
            // Without a digest nothing says that the cache's file is this one.
            let paths = if package.integrity.is_empty() { Vec::new() } else { paths };
            for path in paths {
                match cache::read(&path) {
                    Ok(Some(bytes)) => match verify(package, bytes, from, place) {
                        Ok(found) => return Some(found),
                        Err(finding) => tried.wrong.push(*finding),
                    },
                    Ok(None) => {}
                    Err(error) => {
                        self.note(format!("{place} holds {} but it is not read: {error}", package.label()));
                    }
                }
            }
        }
        None
    }

    fn cargo_paths(&self, package: &Package) -> Option<Vec<PathBuf>> {
        let mut paths = self.options.cargo_home.as_ref().map(|home| cache::cargo(home, package))?;
        if let (Ok(Place::LocalRegistry(folder)), Some(name)) =
            (self.cargo_place(package), cache::file_name(package))
        {
            paths.push(folder.join(name));
        }
        Some(paths)
    }

    fn npm_paths(&self, package: &Package) -> Option<Vec<PathBuf>> {
        let cache = self.options.npm_cache.as_ref()?;
        Some(strongest(package).1.into_iter().map(|digest| cache::npm(cache, digest)).collect())
    }

    fn cargo_place(&self, package: &Package) -> Result<Place, String> {
        let registry = match &package.source {
            Source::Registry { registry, .. } => registry.as_deref(),
            _ => None,
        };
        self.options.cargo.place(registry)
    }

    fn download(&self, package: &Package) -> Result<Found, Box<Refusal>> {
        let label = package.label();
        let target = self
            .target(package)
            .map_err(|why| not_fetched(format!("{label} cannot be downloaded: {why}")))?;
        let bytes = self
            .client
            .get(&target.url, target.by, target.authorization.as_ref(), limits::ARCHIVE_BYTES)
            .map_err(|error| {
                let mut refusal =
                    not_fetched(format!("{label} was not downloaded: {error}; {}", error.help()));
                if let FetchError::TooLarge { .. } = error {
                    refusal.findings.push(Finding::new(
                        "acquire/too-large",
                        error.to_string(),
                        vec![declared_at(package)],
                    ));
                }
                refusal
            })?;
        let place = format!("what `{}` answered", net::shown(&target.url));
        let found = verify(package, bytes, "registry", &place).map_err(|finding| {
            let mut refusal = not_fetched(format!(
                "{label}: {place} is not what the lockfile pins and was thrown away; find out which of the two changed"
            ));
            refusal.findings.push(*finding);
            refusal
        })?;
        if let Provenance::Verified { against, .. } = &found.provenance
            && let Err(error) = self.store.put("blobs", &blob_key(against), &found.bytes)
        {
            self.note(format!(
                "bomvet's store cannot be written ({}); the audit goes on, what was downloaded is not kept",
                error.kind()
            ));
        }
        Ok(found)
    }

    fn target(&self, package: &Package) -> Result<Target, String> {
        match (&package.source, package.ecosystem) {
            (Source::Tarball { url }, _) => {
                let url = url::Url::parse(url).map_err(|_| "the lockfile's address is no URL".to_owned())?;
                Ok(self.options.npm.at(url))
            }
            (_, Ecosystem::Npm) => {
                let dir = lockfile_dir(package);
                let checkout = self.checkout.get(dir);
                self.options.npm.tarball(package, checkout.unwrap_or(&CheckoutRegistries::default()))
            }
            (
                _,
                other @ (Ecosystem::Golang
                | Ecosystem::Pypi
                | Ecosystem::Zig
                | Ecosystem::Jsr
                | Ecosystem::Docker
                | Ecosystem::System
                | Ecosystem::Github
                | Ecosystem::Agent),
            ) => Err(format!("contents of {other} packages are not fetched")),
            (_, Ecosystem::Cargo) => {
                let place = self.cargo_place(package)?;
                let registry = match &package.source {
                    Source::Registry { registry, .. } => registry.clone(),
                    _ => None,
                };
                let cell = self
                    .downloads
                    .lock()
                    .map_err(|_| "another thread failed".to_owned())?
                    .entry(registry)
                    .or_default()
                    .clone();
                // The lock is not held here: only those who ask the same registry wait.
                let downloads = cell.get_or_init(|| self.options.cargo.downloads(&place, &self.client));
                let sha256 = package.integrity.first().map(Digest::hex).unwrap_or_default();
                downloads.as_ref().map_err(Clone::clone)?.target(&package.name, &package.version, &sha256)
            }
        }
    }

    /// A vendored copy, compared with the archive that the lockfile's digest is of.
    pub(super) fn vendored_copy(&self, package: &Package, folder: &Path) -> Result<Acquired, Box<Refusal>> {
        let copy = vendor::read(package, folder);
        // Its own list of digests is the checkout's word; the archive proves it.
        match self.archive(package) {
            Ok(found) => copy.against(package, found),
            Err(refusal) => copy.alone(package, &refusal),
        }
    }

    /// The folder of one of the project's own packages, canonical.
    pub(super) fn own_folder(&self, package: &Package) -> Result<PathBuf, String> {
        let Source::Path { path } = &package.source else { return Err("not a folder".to_owned()) };
        let root = std::fs::canonicalize(&self.options.root)
            .map_err(|error| format!("the audited folder cannot be read: {}", error.kind()))?;
        let folder = match &package.folder {
            Some(folder) => folder.clone(),
            None => root.join(path),
        };
        let folder = std::fs::canonicalize(folder)
            .map_err(|error| format!("the folder `{path}` cannot be read: {}", error.kind()))?;
        if !folder.starts_with(&root) {
            return Err(format!(
                "the folder `{path}` lies outside of the audited folder; audit the folder above both"
            ));
        }
        Ok(folder)
    }

    pub(super) fn own(&self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        let folder = self.own_folder(package).map_err(|why| {
            let mut refusal = not_fetched(format!("{}: {why}", package.label()));
            if why.contains("outside") {
                refusal.findings.push(Finding::new("acquire/outside-root", why, vec![declared_at(package)]));
            }
            refusal
        })?;
        let root = std::fs::canonicalize(&self.options.root).unwrap_or_else(|_| folder.clone());
        let limits = folder::FolderLimits::default();
        let (contents, remarks) = folder::Walk {
            root: &root,
            others: &self.folders,
            exclude: &self.options.exclude,
            everything: false,
            whole: package.ecosystem == Ecosystem::Agent,
            limits,
        }
        .read(&folder);
        Ok(Acquired::Folder { contents, remarks })
    }

    /// An entry of a configuration file of the project.
    pub(super) fn entry(
        &self,
        package: &Package,
        path: &str,
        pointer: &str,
    ) -> Result<Acquired, Box<Refusal>> {
        let file = Package { source: Source::Path { path: path.to_owned() }, ..package.clone() };
        let refuse = |why: String| not_fetched(format!("{}: `{path}`: {why}", package.label()));
        let file = self.own_folder(&file).map_err(refuse)?;
        let bytes = cache::read(&file).map_err(refuse)?.ok_or_else(|| refuse("it is gone".to_owned()))?;
        let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
        let contents = entry::read(path, &text, pointer).map_err(refuse)?;
        Ok(Acquired::Folder { contents, remarks: Remarks::default() })
    }

    /// An archive that lies in the project.
    pub(super) fn archive_in_project(&self, package: &Package, path: &str) -> Result<Found, Box<Refusal>> {
        let refuse = |why: String| not_fetched(format!("{}: {why}", package.label()));
        let root = std::fs::canonicalize(&self.options.root)
            .map_err(|error| refuse(format!("the audited folder cannot be read: {}", error.kind())))?;
        let file = std::fs::canonicalize(root.join(path))
            .map_err(|error| refuse(format!("`{path}` cannot be read: {}", error.kind())))?;
        if !file.starts_with(&root) {
            let why = format!("`{path}` lies outside of the audited folder; audit the folder above both");
            let mut refusal = refuse(why.clone());
            refusal.findings.push(Finding::new("acquire/outside-root", why, vec![declared_at(package)]));
            return Err(refusal);
        }
        let bytes = cache::read(&file)
            .map_err(|why| refuse(format!("`{path}` is not read: {why}")))?
            .ok_or_else(|| refuse(format!("`{path}` is not there")))?;
        let name = archive_name(package);
        verify(package, bytes, "project", &format!("`{path}`")).map_err(|finding| {
            let mut refusal = refuse(format!("`{path}` ({name}) is not what the lockfile pins"));
            refusal.findings.push(*finding);
            refusal
        })
    }
}

/// The folder of the lockfile that pins a package, from the root.
pub(super) fn lockfile_dir(package: &Package) -> &str {
    package.declared.file.rsplit_once('/').map_or("", |(dir, _)| dir)
}
