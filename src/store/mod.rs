//! bomvet's own store: files keyed by content hash, below the user's cache folder.
//!
//! `blobs/<sha256>` holds archives, `facts/<key>` analyses. Every write goes to a temporary file
//! in the same folder and is renamed, so two audits may share a store and an interrupted one
//! leaves nothing half written. Every read is checked against the digest that the file carries.

use std::path::PathBuf;

/// A handle; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    root: Option<PathBuf>,
}

impl Store {
    /// A store below `root`, made when first written to.
    pub fn open(root: PathBuf) -> Self {
        Self { root: Some(root) }
    }

    /// A store that keeps nothing.
    pub fn none() -> Self {
        Self { root: None }
    }

    /// The folder.
    pub fn root(&self) -> Option<&PathBuf> {
        self.root.as_ref()
    }
}

/// A store entry that is not what was written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("store entry `{path}` is damaged: {message}; it was put aside and made again")]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// What differs.
    pub message: String,
}

impl Store {
    /// Reads entry `key` of `bucket` (`blobs`, `facts`, `metadata`), checked.
    ///
    /// # Errors
    /// Where the entry is there but damaged.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, Damaged> {
        let Some(root) = &self.root else { return Ok(None) };
        let path = root.join(bucket).join(key);
        let Ok(mut bytes) = std::fs::read(&path) else { return Ok(None) };
        let body = bytes.split_off(32.min(bytes.len()));
        use sha2::Digest as _;
        if sha2::Sha256::digest(&body)[..] != bytes[..] {
            return Err(Damaged { path, message: "its digest does not match".to_owned() });
        }
        Ok(Some(body))
    }

    /// Writes an entry: temporary file, then rename. A full disk is an error here and costs
    /// the cache entry, nothing else.
    ///
    /// # Errors
    /// What the system says.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) -> std::io::Result<()> {
        let Some(root) = &self.root else { return Ok(()) };
        let dir = root.join(bucket);
        std::fs::create_dir_all(&dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&dir)?;
        use sha2::Digest as _;
        use std::io::Write as _;
        file.write_all(&sha2::Sha256::digest(body))?;
        file.write_all(body)?;
        file.persist(dir.join(key)).map_err(|error| error.error)?;
        Ok(())
    }
}
