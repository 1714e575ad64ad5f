//! Which commit a database is at, without running git.

use std::fs;
use std::path::Path;

use super::source::Origin;

/// Longest file of `.git` that is read, in bytes; `packed-refs` of a large repository is below it.
const MAX_REFS: u64 = 16 << 20;

/// Whether `text` is a full object id in hexadecimal (SHA-1 or SHA-256).
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The commit in a top folder's name, as forges write it (`advisory-db-<40 digits>`).
pub(super) fn in_folder_name(name: &str) -> Option<String> {
    name.rsplit('-').next().filter(|id| is_id(id)).map(str::to_owned)
}

/// Commit and its time of the clone at `root`; nothing where it is not a clone. `HEAD` is followed
/// by reading files, so that no configuration of the clone takes effect.
pub(super) fn of_clone(root: &Path) -> Origin {
    let Some(commit) = head(&root.join(".git")) else { return Origin::default() };
    let time = gix::open_opts(root, gix::open::Options::isolated()).ok().and_then(|repository| {
        let id = gix::ObjectId::from_hex(commit.as_bytes()).ok()?;
        let commit = repository.find_commit(id).ok()?;
        Some(commit.time().ok()?.seconds)
    });
    Origin { commit: Some(commit), time }
}

fn head(git: &Path) -> Option<String> {
    let head = text(&git.join("HEAD"))?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref: ") else { return Some(head.to_owned()).filter(|id| is_id(id)) };
    // A name that leaves the folder is not a reference.
    if !name.starts_with("refs/") || name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    if let Some(id) = text(&git.join(name)).map(|id| id.trim().to_owned()).filter(|id| is_id(id)) {
        return Some(id);
    }
    text(&git.join("packed-refs"))?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(id, packed)| *packed == name && is_id(id))
        .map(|(id, _)| id.to_owned())
}

fn text(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() > MAX_REFS {
        return None;
    }
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "bf5c0d2400000000000000000000000000000001";

    #[test]
    fn head_is_followed_through_loose_and_packed_references() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let git = folder.path().join(".git");
        fs::create_dir_all(git.join("refs/heads")).expect("a folder");
        let head = |text: &str| {
            fs::write(git.join("HEAD"), text).expect("a file");
            of_clone(folder.path()).commit
        };
        assert_eq!(head(ID).as_deref(), Some(ID));
        assert_eq!(head("ref: refs/heads/main\n"), None);
        fs::write(git.join("packed-refs"), format!("# pack-refs\n{ID} refs/heads/main\n")).expect("a file");
        assert_eq!(head("ref: refs/heads/main\n").as_deref(), Some(ID));
        let loose = ID.replace('1', "2");
        fs::write(git.join("refs/heads/main"), format!("{loose}\n")).expect("a file");
        assert_eq!(head("ref: refs/heads/main\n").as_deref(), Some(&*loose));
        assert_eq!(head("ref: refs/../../secret\n"), None);
        assert_eq!(head("nonsense"), None);
    }

    #[test]
    fn folder_names_of_forges_hold_the_commit() {
        assert_eq!(in_folder_name(&format!("advisory-db-{ID}")).as_deref(), Some(ID));
        assert_eq!(in_folder_name("advisory-db-main"), None);
    }
}
