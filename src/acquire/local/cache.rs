//! Archives that cargo or npm downloaded before.
//!
//! Cargo: `$CARGO_HOME/registry/cache/<registry>/<name>-<version>.crate`. npm: `_cacache`, whose
//! file names are the digests themselves
//! (<https://github.com/npm/cacache>, `content-v2/<algorithm>/<aa>/<bb>/<rest>`).

use std::path::{Path, PathBuf};

use crate::acquire::limits;
use crate::model::{Digest, Package};

/// Places where cargo may have put a package's archive, sorted.
pub fn cargo(home: &Path, package: &Package) -> Vec<PathBuf> {
    let Ok(registries) = std::fs::read_dir(home.join("registry/cache")) else { return Vec::new() };
    let Some(name) = file_name(package) else { return Vec::new() };
    let mut paths: Vec<_> = registries.flatten().map(|registry| registry.path().join(&name)).collect();
    paths.sort();
    paths
}

/// `<name>-<version>.crate`; `None` where a name of the lockfile is no file name.
pub fn file_name(package: &Package) -> Option<String> {
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', '\\', '\0']) && !text.starts_with('.');
    (plain(&package.name) && plain(&package.version))
        .then(|| format!("{}-{}.crate", package.name, package.version))
}

/// Where npm's cache would hold contents with this digest.
pub fn npm(cache: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    cache
        .join("_cacache/content-v2")
        .join(digest.algorithm.as_str())
        .join(&hex[..2])
        .join(&hex[2..4])
        .join(&hex[4..])
}

/// Reads an archive if it is a plain file within the limit; `Ok(None)` if nothing is there.
///
/// # Errors
/// Why what is there is not read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if !meta.is_file() {
        return Err("not a file".to_owned());
    }
    if meta.len() > limits::ARCHIVE_BYTES {
        return Err(format!("{} bytes, more than {}", meta.len(), limits::ARCHIVE_BYTES));
    }
    std::fs::read(path).map(Some).map_err(|error| error.to_string())
}
