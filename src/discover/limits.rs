//! Limits of this stage.

/// Files and folders that one walk looks at. Large monorepos hold some 500,000; beyond this the
/// audit stops with an error that says so, since a partial walk could miss a lockfile.
pub const MAX_ENTRIES: usize = 2_000_000;

/// Largest manifest that is read, in bytes. The largest hand-written ones are some 100 kB.
pub const MAX_MANIFEST: u64 = 16 << 20;

/// Manifests of local packages that one workspace may reach.
pub const MAX_MEMBERS: usize = 20_000;

/// Folders that the globs of one workspace may visit.
pub const MAX_GLOB_FOLDERS: usize = 200_000;
