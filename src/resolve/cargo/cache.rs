//! Keeps cargo's answers in the store, so that a second audit need not ask again.
//!
//! The key is a digest of everything that the answer depends on: the lockfile, every local
//! manifest (found by bomvet's own reading of the workspace), the user's cargo configuration, the
//! cargo that would be asked, and where the project lies. So an entry cannot be out of date.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::command::Cargo;
use super::metadata::Facts;
use super::vendor::Vendor;
use crate::discover::Project;
use crate::discover::workspace::Local;
use crate::store::{Damaged, Store};

/// Bucket of the store.
const BUCKET: &str = "metadata";

/// Changes when [`Facts`] or the arguments of cargo do.
const FORMAT: &str = "cargo-metadata/1";

/// The key.
pub fn key(
    root: &Path,
    project: &Project,
    lockfile: &str,
    local: &Local,
    vendor: &Vendor,
    cargo: &Cargo,
) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(FORMAT.as_bytes());
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(root.as_os_str().as_encoded_bytes());
    add(project.lockfile.as_bytes());
    add(lockfile.as_bytes());
    for (dir, manifest) in &local.manifests {
        add(dir.as_bytes());
        add(manifest.text.as_bytes());
    }
    for argument in &vendor.arguments {
        add(argument.as_bytes());
    }
    add(cargo.program.as_os_str().as_encoded_bytes());
    add(format!("{:?}", std::fs::metadata(&cargo.program).and_then(|meta| meta.modified()).ok()).as_bytes());
    for (name, value) in &cargo.environment {
        add(name.as_encoded_bytes());
        add(value.as_encoded_bytes());
    }
    for name in ["config.toml", "config"] {
        let file = cargo.home.as_ref().and_then(|home| std::fs::read(home.join(name)).ok());
        add(file.as_deref().unwrap_or_default());
    }
    hex::encode(hash.finalize())
}

/// An earlier answer.
///
/// # Errors
/// Where there is one that is damaged: as good as none, but worth saying.
pub fn get(store: &Store, key: &str) -> Result<Option<Facts>, Damaged> {
    Ok(store.get(BUCKET, key)?.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
}

/// Keeps an answer. One that cannot be written costs time on the next run, nothing else.
pub fn put(store: &Store, key: &str, facts: &Facts) {
    if let Ok(bytes) = postcard::to_stdvec(facts) {
        let _ = store.put(BUCKET, key, &bytes);
    }
}
