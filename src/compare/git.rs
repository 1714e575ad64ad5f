//! A git revision as the base, read with gix.
//!
//! The git program is never run and no configuration of the machine or the user is read; of the
//! repository's own, gix reads what describes its storage. Objects are read, nothing is checked
//! out: filters, hooks and attributes have no part in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::discover::{Format, is_manifest};
use crate::model::{Contents, File, Provenance};

/// Files of a revision that are read at most; a larger tree is an error.
pub const MAX_FILES: usize = 400_000;

/// Trees within trees at most.
const MAX_DEPTH: usize = 256;

/// Why a revision cannot be compared with. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no repository.
    #[error("`{0}` is in no git repository; give `--base BOM` or run it in a checkout")]
    NoRepository(PathBuf),
    /// The revision is not there.
    #[error(
        "cannot read revision `{revision}`: {message}; in CI, check out with enough history (`fetch-depth: 0`)"
    )]
    Revision {
        /// As given.
        revision: String,
        /// What gix says.
        message: String,
    },
    /// The tree is larger than the limit.
    #[error("revision `{0}` has more than {MAX_FILES} files or too deep a tree below the audited folder")]
    TooLarge(String),
    /// A file could not be written.
    #[error("cannot write the base revision's lockfiles: {0}")]
    Write(#[from] std::io::Error),
}

/// A revision's files below the audited folder.
pub struct Revision {
    repository: gix::Repository,
    /// Full id of the commit or tree.
    pub id: String,
    /// Path from the audited folder, to object id.
    files: BTreeMap<String, gix::ObjectId>,
    /// Files that are executable.
    executable: BTreeSet<String>,
    /// Links and submodules, which are no files.
    pub others: Vec<String>,
    /// As it was asked for.
    pub revision: String,
}

impl std::fmt::Debug for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revision").field("id", &self.id).field("files", &self.files.len()).finish()
    }
}

impl Revision {
    /// Opens the repository that holds `root` and lists the revision's files below `root`.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn open(root: &Path, revision: &str) -> Result<Self, GitError> {
        let fail = |message: String| GitError::Revision { revision: revision.to_owned(), message };
        let top = root
            .ancestors()
            .find(|dir| dir.join(".git").symlink_metadata().is_ok())
            .ok_or_else(|| GitError::NoRepository(root.to_owned()))?;
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced);
        let repository = gix::open_opts(top, options).map_err(|error| fail(error.to_string()))?;
        let id = repository.rev_parse_single(revision).map_err(|error| fail(error.to_string()))?;
        let hex = id.to_string();
        let object = repository.find_object(id).map_err(|error| fail(error.to_string()))?;
        let tree = object.peel_to_tree().map_err(|error| fail(error.to_string()))?;
        let mut folder = tree.id;
        let prefix = root.strip_prefix(top).unwrap_or(Path::new(""));
        for part in prefix.components() {
            let part = part.as_os_str().to_string_lossy();
            let tree = repository.find_tree(folder).map_err(|error| fail(error.to_string()))?;
            let next = tree
                .iter()
                .filter_map(Result::ok)
                .find(|entry| entry.filename() == part.as_bytes() && entry.mode().is_tree());
            match next.map(|entry| entry.object_id()) {
                Some(id) => folder = id,
                // The folder is new: everything in it is.
                None => {
                    drop(tree);
                    return Ok(Self {
                        id: hex,
                        files: BTreeMap::new(),
                        executable: BTreeSet::new(),
                        others: Vec::new(),
                        revision: revision.to_owned(),
                        repository: repository.clone(),
                    });
                }
            }
        }
        let mut files = BTreeMap::new();
        let mut executable = BTreeSet::new();
        let mut others = Vec::new();
        let mut stack = vec![(String::new(), folder, 0)];
        while let Some((path, id, depth)) = stack.pop() {
            if depth > MAX_DEPTH || files.len() > MAX_FILES {
                return Err(GitError::TooLarge(revision.to_owned()));
            }
            let tree = repository.find_tree(id).map_err(|error| fail(error.to_string()))?;
            for entry in tree.iter() {
                let entry = entry.map_err(|error| fail(error.to_string()))?;
                let name = String::from_utf8_lossy(entry.filename()).into_owned();
                // A tree object can hold any bytes as a name; none of these is a file's.
                if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
                    return Err(fail(format!("a tree holds the name {name:?}")));
                }
                let full = if path.is_empty() { name } else { format!("{path}/{name}") };
                if entry.mode().is_tree() {
                    stack.push((full, entry.object_id(), depth + 1));
                } else if entry.mode().is_blob() {
                    if entry.mode().is_executable() {
                        executable.insert(full.clone());
                    }
                    files.insert(full, entry.object_id());
                } else {
                    others.push(full);
                }
            }
        }
        others.sort();
        let revision = revision.to_owned();
        Ok(Self { id: hex, files, executable, others, revision, repository: repository.clone() })
    }

    /// Every file: path, bytes, whether it is executable; in order of path.
    pub fn all(&self) -> impl Iterator<Item = Result<(&str, Vec<u8>, bool), GitError>> {
        self.files
            .iter()
            .map(|(path, id)| Ok((path.as_str(), self.object(path, *id)?, self.executable.contains(path))))
    }

    /// The bytes of a file at the revision, if it was there.
    ///
    /// # Errors
    /// Where the object is missing (a partial clone) or damaged.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let Some(id) = self.files.get(path) else { return Ok(None) };
        self.object(path, *id).map(Some)
    }

    fn object(&self, path: &str, id: gix::ObjectId) -> Result<Vec<u8>, GitError> {
        let object = self.repository.find_object(id).map_err(|error| GitError::Revision {
            revision: self.revision.clone(),
            message: format!("`{path}`: {error}"),
        })?;
        Ok(object.data.clone())
    }

    /// Writes the lockfiles and manifests of the revision below `to`, for resolving.
    ///
    /// # Errors
    /// Where one cannot be read or written.
    pub fn write_manifests(&self, to: &Path) -> Result<(), GitError> {
        for (path, id) in &self.files {
            if Format::of(path).is_none() && !is_manifest(path) {
                continue;
            }
            let target = to.join(path);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(target, self.object(path, *id)?)?;
        }
        Ok(())
    }

    /// The revision's version of a first-party package: the files below `folder` (from the
    /// audited folder, `.` for itself) that `wanted` names, so that both sides are judged by the
    /// same files.
    ///
    /// # Errors
    /// Where an object is missing or damaged.
    pub fn contents(&self, folder: &str, mut wanted: impl FnMut(&str) -> bool) -> Result<Contents, GitError> {
        let prefix = if folder == "." { String::new() } else { format!("{folder}/") };
        let mut buffer = Vec::new();
        let mut files = Vec::new();
        for (path, id) in &self.files {
            let Some(inner) = path.strip_prefix(&prefix) else { continue };
            if !wanted(inner) {
                continue;
            }
            let start = buffer.len();
            buffer.extend_from_slice(&self.object(path, *id)?);
            files.push(File { path: inner.into(), range: start..buffer.len(), executable: false });
        }
        Ok(Contents::new(Provenance::FirstParty, None, files, Arc::new(buffer)))
    }

    /// Paths (within `folder`) of current files that differ from the revision or are new, and of
    /// those that are gone. Line endings do not count: git may have changed them.
    ///
    /// # Errors
    /// Where an object is missing or damaged.
    pub fn edited(&self, folder: &str, now: &Contents, base: &Contents) -> Vec<String> {
        let plain = |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().filter(|&b| b != b'\r').collect() };
        let mut out: Vec<String> = now
            .files
            .iter()
            .filter(|file| {
                base.get(&file.path).is_none_or(|old| {
                    let new = now.bytes(file);
                    old != new && plain(old) != plain(new)
                })
            })
            .map(|file| file.path.to_string())
            .chain(
                base.files
                    .iter()
                    .filter(|file| now.get(&file.path).is_none())
                    .map(|file| file.path.to_string()),
            )
            .map(|path| if folder == "." { path } else { format!("{folder}/{path}") })
            .collect();
        out.sort();
        out
    }
}
