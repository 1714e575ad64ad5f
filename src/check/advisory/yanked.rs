//! Which pinned crate versions were yanked, from Cargo's own cache of the index.
//!
//! Cargo keeps one file for each crate that it looked up, at
//! `$CARGO_HOME/registry/index/<registry>/.cache/<prefix>/<name>` (format of cargo's
//! `sources/registry/index/cache.rs`, version 3): a byte for the cache's version, four bytes
//! little-endian for the index's, a NUL-ended revision, then pairs of a version and its line of
//! the index in JSON, each NUL-ended. What is not in the cache, or in another format, is not known
//! and nothing is claimed of it; the cache is as old as the last look-up.

use std::fs;
use std::path::Path;

use crate::model::{Ecosystem, Package};

use super::record::is_public;

/// Largest cache file read, in bytes; the largest real ones are about 10 MB.
const MAX_CACHE: u64 = 64 << 20;

/// The positions in `packages` of the yanked ones.
pub(super) fn find(cargo_home: &Path, packages: &[Package]) -> Vec<usize> {
    let index = cargo_home.join("registry/index");
    let Ok(list) = fs::read_dir(&index) else { return Vec::new() };
    // crates.io only, through its sparse index or its git mirror.
    let mut caches: Vec<_> = list
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("index.crates.io-") || name.starts_with("github.com-")
        })
        .map(|entry| entry.path().join(".cache"))
        .collect();
    caches.sort();
    let mut found = Vec::new();
    for (at, package) in packages.iter().enumerate() {
        if package.ecosystem != Ecosystem::Cargo || !is_public(package) {
            continue;
        }
        let Some(place) = place(&package.name) else { continue };
        let yanked = caches.iter().any(|cache| {
            let path = cache.join(&place);
            let small = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_CACHE);
            small && fs::read(&path).is_ok_and(|bytes| is_yanked(&bytes, &package.version) == Some(true))
        });
        if yanked {
            found.push(at);
        }
    }
    found
}

/// Where the index keeps a crate; `None` for what is no crate's name.
fn place(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return None;
    }
    Some(match name.len() {
        1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    })
}

/// Whether the cache says that `version` was yanked; `None` where it does not know it.
fn is_yanked(cache: &[u8], version: &str) -> Option<bool> {
    let rest = cache.strip_prefix(&[3, 2, 0, 0, 0])?;
    let mut parts = rest.split(|byte| *byte == 0);
    parts.next()?;
    while let (Some(at), Some(line)) = (parts.next(), parts.next()) {
        if at == version.as_bytes() {
            let line: Line = serde_json::from_slice(line).ok()?;
            return Some(line.yanked.unwrap_or(false));
        }
    }
    None
}

#[derive(serde::Deserialize)]
struct Line {
    yanked: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cache() -> Vec<u8> {
        let mut bytes = vec![3, 2, 0, 0, 0];
        bytes.extend(b"etag: x\0");
        for (version, yanked) in [("1.0.0", false), ("1.0.1", true)] {
            bytes.extend(format!("{version}\0{{\"vers\":\"{version}\",\"yanked\":{yanked}}}\0").bytes());
        }
        bytes
    }

    #[test]
    fn the_exact_version_counts() {
        let cache = cache();
        assert_eq!(is_yanked(&cache, "1.0.0"), Some(false));
        assert_eq!(is_yanked(&cache, "1.0.1"), Some(true));
        assert_eq!(is_yanked(&cache, "1.0"), None);
        assert_eq!(is_yanked(&cache[1..], "1.0.1"), None);
    }

    #[test]
    fn names_give_the_places_of_the_index() {
        let places: Vec<_> = ["a", "mio", "Serde", "../x"].into_iter().map(place).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(places, [text("1/a"), text("3/m/mio"), text("se/rd/serde"), None]);
    }

    proptest! {
        #[test]
        fn no_cache_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            is_yanked(&bytes, "1.0.0");
        }
    }
}
