//! Writing a result so that nothing is ever half written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file that could not be written; what was there before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}`: {source}; what was there before is unchanged")]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// How temporary files start.
const PREFIX: &str = ".bomvet-";

/// Writes `bytes` to `path`: a temporary file in the same folder, flushed to the disk, then
/// renamed over it. A reader sees the old file or the new one; a full disk leaves the old one.
///
/// # Errors
/// What the system says, with the file's name.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write(path, bytes, 0o644, true)
}

/// Writes several files of one folder: all are on the disk under temporary names before the first
/// takes its place, so that a full disk or an interruption leaves the old ones as they were.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_all_atomic(dir: &Path, files: &[(&str, &[u8])]) -> Result<(), WriteError> {
    crate::store::remove_leftovers(dir, PREFIX);
    let mut staged = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let path = dir.join(name);
        // What cannot be replaced is found before anything is.
        if path.is_dir() {
            return Err(WriteError { path, source: std::io::ErrorKind::IsADirectory.into() });
        }
        staged.push((stage(&path, bytes, 0o644)?, path));
    }
    for (file, path) in staged {
        file.persist(&path).map_err(|error| WriteError { path: path.clone(), source: error.error })?;
    }
    sync_dir(dir);
    Ok(())
}

/// As [`write_atomic`], readable by the owner alone (a private key). Unless `overwrite`, a file
/// that is there already is an error, even if it appears while this runs.
///
/// # Errors
/// What the system says, with the file's name.
pub fn write_private(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), WriteError> {
    write(path, bytes, 0o600, overwrite)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// The bytes in a temporary file beside `path`, flushed to the disk.
fn stage(path: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, WriteError> {
    let fail = |source| WriteError { path: path.to_owned(), source };
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(parent(path)).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    Ok(file)
}

fn write(path: &Path, bytes: &[u8], mode: u32, overwrite: bool) -> Result<(), WriteError> {
    let fail = |source| WriteError { path: path.to_owned(), source };
    let file = stage(path, bytes, mode)?;
    if overwrite {
        file.persist(path).map_err(|error| fail(error.error))?;
    } else {
        file.persist_noclobber(path).map_err(|error| fail(error.error))?;
    }
    sync_dir(parent(path));
    Ok(())
}

/// A rename is durable once the folder is; not every system can open a folder.
fn sync_dir(dir: &Path) {
    #[cfg(unix)]
    if let Ok(dir) = std::fs::File::open(dir) {
        let _ = dir.sync_all();
    }
    #[cfg(not(unix))]
    let _ = dir;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_replaces_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_private_file_is_private_and_never_overwritten_by_chance() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_private(&path, b"one", false).unwrap();
        assert!(write_private(&path, b"two", false).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_private(&path, b"two", true).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn of_several_files_none_is_replaced_if_one_cannot_be() {
        let dir = tempfile::tempdir().unwrap();
        write_all_atomic(dir.path(), &[("a", b"one"), ("b", b"one")]).unwrap();
        std::fs::create_dir(dir.path().join("c")).unwrap();
        let error = write_all_atomic(dir.path(), &[("a", b"two"), ("c", b"two")]).unwrap_err();
        assert!(error.to_string().contains("/c`"), "{error}");
        assert_eq!(std::fs::read(dir.path().join("a")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left behind");
    }

    #[test]
    fn an_error_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no/such/a");
        let error = write_atomic(&path, b"one").unwrap_err().to_string();
        assert!(error.contains("no/such/a"), "{error}");
    }

    #[test]
    fn a_target_that_cannot_be_replaced_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder");
        std::fs::create_dir(&path).unwrap();
        assert!(write_atomic(&path, b"x").is_err());
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
