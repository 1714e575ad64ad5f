//! bomvet's own store: files keyed by content hash, below the user's cache folder.
//!
//! `blobs/<algorithm>-<digest>` holds archives, `facts/<key>` analyses. Every write goes to a
//! temporary file in the same folder and is renamed, so two audits may share a store and an
//! interrupted one leaves nothing half written. Every entry ends in the SHA-256 of what comes
//! before, and every read checks it. (At the end, so that it is cut off without moving the rest.)

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// Bytes of the digest that an entry ends in.
const TRAILER: usize = 32;

/// A handle; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    root: Option<PathBuf>,
}

/// A store entry that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store entry `{}` is damaged: {message}; {}", path.display(), if *put_aside {
    "it was put aside as `.damaged` and is made again"
} else {
    "it could not be put aside; delete it"
})]
pub struct Damaged {
    /// The file, from the store's folder.
    pub path: PathBuf,
    /// What differs.
    pub message: String,
    /// Whether it was renamed to `….damaged`.
    pub put_aside: bool,
}

/// Names an archive in `blobs`.
pub fn blob_key(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm.as_str(), digest.hex())
}

/// What a look at every entry gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Entries that are as written.
    pub sound: usize,
    /// The others, sorted by path.
    pub damaged: Vec<Damaged>,
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

    /// Reads entry `key` of `bucket` (`blobs`, `facts`, `metadata`), checked. A damaged one is
    /// renamed to `<key>.damaged`, so that the next read makes it anew.
    ///
    /// # Errors
    /// Where the entry is there but damaged.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, Damaged> {
        let Some(root) = &self.root else { return Ok(None) };
        let path = root.join(bucket).join(key);
        let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
        checked(bytes).map(Some).map_err(|message| {
            let aside = path.with_file_name(format!("{key}.damaged"));
            let put_aside = std::fs::rename(&path, aside).is_ok();
            Damaged { path: Path::new(bucket).join(key), message, put_aside }
        })
    }

    /// Writes an entry: temporary file, then rename. A full disk is an error here and costs
    /// the cache entry, nothing else.
    ///
    /// # Errors
    /// What the system says.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) -> io::Result<()> {
        let Some(root) = &self.root else { return Ok(()) };
        let dir = root.join(bucket);
        if !dir.is_dir() {
            create_private(&dir)?;
        }
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&dir)?;
        file.write_all(body)?;
        file.write_all(&Sha256::digest(body))?;
        // Dropped unpersisted, the temporary file is removed.
        file.persist(dir.join(key)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes what an interrupted run left half written; gives how many files that were.
    pub fn sweep(&self) -> usize {
        let buckets = self.root.iter().flat_map(std::fs::read_dir).flatten().flatten();
        buckets.map(|bucket| remove_leftovers(&bucket.path(), ".new-")).sum()
    }

    /// Reads and checks every entry; changes nothing.
    ///
    /// # Errors
    /// Where a folder of the store cannot be read.
    pub fn verify_all(&self) -> io::Result<Verification> {
        let mut out = Verification::default();
        let Some(root) = self.root.as_ref().filter(|root| root.is_dir()) else { return Ok(out) };
        for bucket in std::fs::read_dir(root)? {
            let bucket = bucket?;
            if !bucket.file_type()?.is_dir() {
                continue;
            }
            for entry in std::fs::read_dir(bucket.path())? {
                let entry = entry?;
                let name = entry.file_name();
                let shown = name.to_string_lossy();
                if shown.starts_with(".new-") || shown.ends_with(".damaged") {
                    continue;
                }
                let bytes = std::fs::read(entry.path()).map_err(|error| error.to_string());
                match bytes.and_then(checked) {
                    Ok(_) => out.sound += 1,
                    Err(message) => out.damaged.push(Damaged {
                        path: Path::new(&bucket.file_name()).join(&name),
                        message,
                        put_aside: false,
                    }),
                }
            }
        }
        out.damaged.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }
}

/// How long a temporary file may be another run's work in progress.
const IN_PROGRESS: std::time::Duration = std::time::Duration::from_secs(3600);

/// Removes temporary files of interrupted runs from a folder: those that start with `prefix` and
/// are an hour older than a file made now. (So no clock is asked but the file system's own.) Gives
/// how many; what cannot be removed costs room, nothing else.
pub fn remove_leftovers(dir: &Path, prefix: &str) -> usize {
    let old = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        (name.to_string_lossy().starts_with(prefix) && entry.file_type().ok()?.is_file())
            .then(|| entry.path())
    };
    let found: Vec<PathBuf> =
        std::fs::read_dir(dir).into_iter().flatten().flatten().filter_map(old).collect();
    if found.is_empty() {
        return 0;
    }
    let probe = tempfile::Builder::new().prefix(prefix).tempfile_in(dir);
    let Some(now) = probe.ok().and_then(|probe| probe.as_file().metadata().ok()?.modified().ok()) else {
        return 0;
    };
    let stale = |path: &PathBuf| {
        let modified = std::fs::metadata(path).and_then(|meta| meta.modified());
        modified.is_ok_and(|then| now.duration_since(then).is_ok_and(|age| age > IN_PROGRESS))
    };
    found.into_iter().filter(|path| stale(path) && std::fs::remove_file(path).is_ok()).count()
}

/// Takes the digest off and compares it.
fn checked(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let Some(at) = bytes.len().checked_sub(TRAILER) else {
        return Err(format!("it has {} bytes, its digest alone has {TRAILER}", bytes.len()));
    };
    let found = Sha256::digest(&bytes[..at]);
    if found[..] != bytes[at..] {
        return Err(format!(
            "its contents have SHA-256 {}, it was written with {}",
            hex::encode(found),
            hex::encode(&bytes[at..])
        ));
    }
    bytes.truncate(at);
    Ok(bytes)
}

/// Makes a folder that only the user may enter: archives of private registries lie in it.
fn create_private(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path().join("store"));
        (dir, store)
    }

    #[test]
    fn what_is_put_is_got_and_an_empty_store_holds_nothing() {
        let (_dir, store) = store();
        assert_eq!(store.get("blobs", "a"), Ok(None));
        store.put("blobs", "a", b"one").expect("put");
        store.put("blobs", "a", b"two").expect("put again");
        store.put("blobs", "empty", b"").expect("put nothing");
        assert_eq!(store.get("blobs", "a"), Ok(Some(b"two".to_vec())));
        assert_eq!(store.get("blobs", "empty"), Ok(Some(Vec::new())));
        assert_eq!(Store::none().get("blobs", "a"), Ok(None));
        let left: Vec<_> =
            std::fs::read_dir(store.root().expect("root").join("blobs")).expect("dir").collect();
        assert_eq!(left.len(), 2, "no temporary file is left");
    }

    #[test]
    fn every_single_changed_byte_is_noticed_named_and_put_aside() {
        let (_dir, store) = store();
        store.put("facts", "k", b"body").expect("put");
        let path = store.root().expect("root").join("facts/k");
        let good = std::fs::read(&path).expect("read");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).expect("write");
            let damaged = store.get("facts", "k").expect_err("damaged");
            assert_eq!((damaged.path.as_path(), damaged.put_aside), (Path::new("facts/k"), true));
            assert!(damaged.to_string().contains("facts/k"), "{damaged}");
            assert!(path.with_file_name("k.damaged").exists());
            assert_eq!(store.get("facts", "k"), Ok(None), "put aside, so made anew");
        }
        std::fs::write(&path, &good[..10]).expect("write");
        assert!(store.get("facts", "k").is_err(), "a cut entry");
        store.put("facts", "k", b"body").expect("put");
        assert_eq!(store.get("facts", "k"), Ok(Some(b"body".to_vec())));
    }

    #[test]
    fn verify_all_counts_sound_entries_and_names_damaged_ones() {
        let (_dir, store) = store();
        assert_eq!(store.verify_all().expect("no store yet"), Verification::default());
        store.put("blobs", "good", b"x").expect("put");
        store.put("facts", "bad", b"y").expect("put");
        std::fs::write(store.root().expect("root").join("facts/bad"), b"short").expect("write");
        let got = store.verify_all().expect("readable");
        assert_eq!(got.sound, 1);
        assert_eq!(got.damaged.iter().map(|d| d.path.clone()).collect::<Vec<_>>(), [Path::new("facts/bad")]);
    }

    #[test]
    fn what_an_interrupted_run_left_is_removed_and_work_in_progress_is_not() {
        let (_dir, store) = store();
        assert_eq!(store.sweep(), 0, "no store yet");
        store.put("blobs", "good", b"x").expect("put");
        let blobs = store.root().expect("root").join("blobs");
        let write = |name: &str, hours: u64| {
            let file = std::fs::File::create(blobs.join(name)).expect("made");
            let now = file.metadata().and_then(|meta| meta.modified()).expect("known");
            file.set_modified(now - std::time::Duration::from_secs(hours * 3600)).expect("set");
        };
        write(".new-old", 2);
        write(".new-young", 0);
        write("other", 2);
        assert_eq!(store.sweep(), 1);
        let mut left: Vec<_> = std::fs::read_dir(&blobs)
            .expect("there")
            .map(|entry| entry.expect("read").file_name().into_string().expect("UTF-8"))
            .collect();
        left.sort();
        assert_eq!(left, [".new-young", "good", "other"]);
    }

    #[test]
    fn two_writers_of_one_entry_never_leave_a_damaged_one() {
        let (_dir, store) = store();
        std::thread::scope(|scope| {
            for byte in 0..4_u8 {
                let store = store.clone();
                scope.spawn(move || {
                    for _ in 0..50 {
                        store.put("blobs", "same", &vec![byte; 10_000]).expect("put");
                        let got = store.get("blobs", "same").expect("sound").expect("there");
                        assert!(got.len() == 10_000 && got.iter().all(|b| *b == got[0]));
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_enter_and_a_store_that_cannot_be_written_says_so() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, store) = store();
        store.put("blobs", "a", b"x").expect("put");
        for folder in [store.root().expect("root").clone(), store.root().expect("root").join("blobs")] {
            let mode = std::fs::metadata(folder).expect("made").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        // A file where the folder should be fails for every user, root included.
        let blocked = dir.path().join("blocked");
        std::fs::write(&blocked, b"").expect("write");
        assert!(Store::open(blocked).put("blobs", "a", b"x").is_err());
    }
}
