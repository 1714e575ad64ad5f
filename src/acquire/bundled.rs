//! Packages that are shipped inside another package's archive (npm `bundleDependencies`).
//!
//! One archive, several packages: each gets the files of its folder, without the folders of those
//! that lie deeper, so that every file belongs to exactly one package.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::finder::Found;
use super::refusal::not_fetched;
use super::{Acquired, Acquirer, Refusal, Shared};
use crate::model::{Digest, Package, Source};

/// Which files of an archive are one package's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The folder, empty for the archive's own package.
    folder: String,
    /// Folders below it that are other packages, sorted.
    without: Vec<String>,
}

impl Part {
    /// Whether it is the whole archive.
    pub fn is_all(&self) -> bool {
        self.folder.is_empty() && self.without.is_empty()
    }

    /// Whether it is what the archive is named after, with or without what it ships.
    pub fn is_outer(&self) -> bool {
        self.folder.is_empty()
    }

    /// The path within the package, if it holds the archive's file at `path`.
    pub fn holds<'p>(&self, path: &'p str) -> Option<&'p str> {
        let own = below(path, &self.folder)?;
        self.without.iter().all(|other| below(path, other).is_none()).then_some(own)
    }
}

/// What is left of `path` below `folder`.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.folder.is_empty() {
            write!(f, " in `{}`", self.folder)?;
        }
        if !self.without.is_empty() {
            write!(f, " without `{}`", self.without.join("`, `"))?;
        }
        Ok(())
    }
}

type Cell<T> = Arc<Mutex<Option<Result<T, Box<Refusal>>>>>;

/// The archives that hold several packages. They are acquired and unpacked once.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// Purl of the archive's package → it, and the folders within its archive, sorted.
    outers: BTreeMap<String, (Package, Vec<String>)>,
    found: Mutex<BTreeMap<String, Cell<Found>>>,
    unpacked: Mutex<BTreeMap<Digest, Cell<Arc<Shared>>>>,
}

impl Bundles {
    pub fn of(packages: &[Package]) -> Self {
        let mut folders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for package in packages {
            if let Source::Bundled { within, path } = &package.source {
                folders.entry(within).or_default().push(path.trim_matches('/').to_owned());
            }
        }
        let outers = packages
            .iter()
            .filter_map(|package| {
                let mut folders = folders.remove(package.purl.as_str())?;
                folders.sort();
                Some((package.purl.clone(), (package.clone(), folders)))
            })
            .collect();
        Self { outers, ..Self::default() }
    }

    /// The part of a package that may ship others.
    pub fn outer(&self, package: &Package) -> Part {
        self.part(&package.purl, "")
    }

    fn part(&self, outer: &str, folder: &str) -> Part {
        let folders = self.outers.get(outer).map(|(_, folders)| folders.as_slice()).unwrap_or_default();
        let without = folders
            .iter()
            .filter(|other| *other != folder && below(other, folder).is_some())
            .cloned()
            .collect();
        Part { folder: folder.to_owned(), without }
    }

    pub fn unpacked(
        &self,
        sha256: &Digest,
        make: impl FnOnce() -> Result<Shared, Box<Refusal>>,
    ) -> Result<Arc<Shared>, Box<Refusal>> {
        once(&self.unpacked, sha256.clone(), || make().map(Arc::new))
    }
}

/// Makes a value once; who asks meanwhile waits for it, who asks for another does not.
fn once<K: Ord, T: Clone>(
    map: &Mutex<BTreeMap<K, Cell<T>>>,
    key: K,
    make: impl FnOnce() -> Result<T, Box<Refusal>>,
) -> Result<T, Box<Refusal>> {
    let failed = || not_fetched("another thread failed while it read the archive".to_owned());
    let cell = map.lock().map_err(|_| failed())?.entry(key).or_default().clone();
    let mut value = cell.lock().map_err(|_| failed())?;
    value.get_or_insert_with(make).clone()
}

impl Acquirer {
    pub(super) fn bundled(
        &self,
        package: &Package,
        within: &str,
        path: &str,
    ) -> Result<Acquired, Box<Refusal>> {
        let Some((outer, _)) = self.bundles.outers.get(within) else {
            return Err(not_fetched(format!(
                "{} is shipped inside `{within}`, which is not in the lockfile",
                package.label()
            )));
        };
        let found = once(&self.bundles.found, within.to_owned(), || match &outer.source {
            Source::Registry { .. } | Source::Tarball { .. } => self.archive(outer),
            Source::File { path } => self.archive_in_project(outer, path),
            _ => Err(not_fetched(format!("`{within}` is no archive"))),
        });
        let mut found = found.map_err(|mut refusal| {
            refusal.gap.message =
                format!("{} is shipped inside `{within}`: {}", package.label(), refusal.gap.message);
            refusal
        })?;
        // They are about the outer package, which has them itself.
        found.remarks = Default::default();
        Ok(found.into_acquired(self.bundles.part(within, path.trim_matches('/'))))
    }
}
