//! Whether a folder belongs to the commit that is checked out.
//!
//! Folders that tools fill (`target`, `node_modules`, virtual environments) are not read, since
//! what lies there is pinned or built from what is. One that is committed is part of the project
//! whatever its name says, and is read.

use std::path::{Path, PathBuf};

/// The repository that a folder lies in, if there is one.
pub(super) struct Committed {
    top: PathBuf,
    repository: gix::Repository,
}

impl std::fmt::Debug for Committed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Committed").field("top", &self.top).finish_non_exhaustive()
    }
}

impl Committed {
    /// Opens the repository around `folder`, a canonical path, without its configuration and
    /// without starting anything. `None` if there is none that can be read.
    pub(super) fn open(folder: &Path) -> Option<Self> {
        let top = folder.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok())?;
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced);
        let repository = gix::open_opts(top, options).ok()?;
        Some(Self { top: top.to_owned(), repository })
    }

    /// Whether the commit of `HEAD` has a folder or file at this canonical path.
    pub(super) fn holds(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.top) else { return false };
        self.repository
            .head_tree()
            .ok()
            .and_then(|tree| tree.lookup_entry_by_path(below).ok().flatten())
            .is_some()
    }
}
