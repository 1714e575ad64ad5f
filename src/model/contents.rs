//! The verified contents of a package.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::Digest;

/// How it is known that the contents are what the lockfile means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The archive has the digest that the lockfile declares.
    Verified {
        /// The declared digest that matched, the strongest of those given.
        against: Digest,
        /// Which source gave the bytes: `store`, `cargo-cache`, `cargo-vendor`, `cargo-git`,
        /// `npm-cache`, `registry` or `project` (an archive that lies in the checkout).
        from: &'static str,
    },
    /// The project's own files: they are the subject, there is nothing to check against.
    FirstParty,
    /// Read from a place that the lockfile gives no digest for (why).
    Unverified(String),
}

/// One file of a package.
#[derive(Debug, Clone)]
pub struct File {
    /// Path within the package, `/`-separated, top folder removed.
    pub path: Arc<str>,
    /// Where its bytes are within the buffer.
    pub range: Range<usize>,
    /// Whether the archive marks it executable.
    pub executable: bool,
}

/// A package's files in memory, sorted by path.
#[derive(Debug, Clone)]
pub struct Contents {
    /// How they were checked.
    pub provenance: Provenance,
    /// SHA-256 of the canonical file list: for each file in order of path, the
    /// path, a NUL, the SHA-256 of its bytes in hexadecimal and a line feed.
    pub digest: Digest,
    /// Digests of the archive that they came in, if they came in one.
    pub archive: Option<Digest>,
    /// See [`Contents::tree_digest`].
    tree: Digest,
    /// Size of the archive in bytes, 0 without one.
    pub archive_size: u64,
    /// The files, sorted by path.
    pub files: Vec<File>,
    /// The folder on disk, for the project's own packages.
    pub root: Option<PathBuf>,
    buffer: Arc<Vec<u8>>,
}

impl Contents {
    /// Contents over one buffer. `files` are sorted here and the digest is made here.
    pub fn new(
        provenance: Provenance,
        archive: Option<(Digest, u64)>,
        mut files: Vec<File>,
        buffer: Arc<Vec<u8>>,
    ) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut list = String::with_capacity(files.len() * 100);
        let mut tree = String::with_capacity(files.len() * 110);
        for file in &files {
            let (path, sha256) = (&file.path, Digest::sha256(&buffer[file.range.clone()]).hex());
            let mode = if file.executable { "100755" } else { "100644" };
            // Writing to a string cannot fail.
            let _ = writeln!(list, "{path}\0{sha256}");
            let _ = writeln!(tree, "{mode} {sha256}  {path}");
        }
        let (digest, tree) = (Digest::sha256(list.as_bytes()), Digest::sha256(tree.as_bytes()));
        let (archive, archive_size) = archive.map_or((None, 0), |(d, size)| (Some(d), size));
        Self { provenance, digest, tree, archive, archive_size, files, root: None, buffer }
    }

    /// SHA-256 over files, modes and contents: for each file in order of path (as bytes), `100755`
    /// where anybody may execute it and else `100644`, a space, the SHA-256 of its bytes in
    /// hexadecimal, two spaces, the path and a line feed.
    pub fn tree_digest(&self) -> &Digest {
        &self.tree
    }

    /// A file's bytes.
    pub fn bytes(&self, file: &File) -> &[u8] {
        &self.buffer[file.range.clone()]
    }

    /// The file at `path`, if there is one.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        let at = self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()?;
        Some(self.bytes(&self.files[at]))
    }

    /// Sum of all file sizes, in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.range.len() as u64).sum()
    }
}
