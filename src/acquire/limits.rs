//! What acquiring and unpacking allow. Each limit names its unit, its reason and the finding that
//! it raises.

/// Bytes of a packed archive, on the wire and on disk. The largest archives of npm (bundled
/// browsers and compilers) are near 200 MB; crates.io allows 10 MB. `acquire/too-large`.
pub const ARCHIVE_BYTES: u64 = 512 << 20;

/// Bytes of an unpacked archive: what is held in memory at once. `archive/too-large`.
pub const UNPACKED_BYTES: u64 = 1 << 30;

/// Unpacked bytes per packed byte. Source text packs 4:1 to 10:1, generated tables up to 60:1;
/// deflate itself ends near 1030:1, which only a bomb comes near. `archive/bomb`.
pub const RATIO: u64 = 250;

/// Unpacked bytes below which the ratio says nothing: a file of one repeated line is no bomb.
pub const RATIO_FLOOR: u64 = 16 << 20;

/// Entries of an archive or files of a folder. The largest published packages have about
/// 50,000. `archive/too-many-files`, `acquire/too-many-files`.
pub const FILES: usize = 200_000;

/// Bytes of a path in an archive: Linux' `PATH_MAX`. `archive/bad-name`.
pub const PATH_BYTES: usize = 4096;

/// Bytes of one component of a path: `NAME_MAX` of the usual file systems. `archive/bad-name`.
pub const COMPONENT_BYTES: usize = 255;

/// Folders in folders. `archive/bad-name`, `acquire/too-deep`.
pub const DEPTH: usize = 128;

/// Bytes of one extended (pax or GNU) header. A path and some times need a few hundred.
/// `archive/bad-header`.
pub const EXTENDED_HEADER_BYTES: u64 = 1 << 20;

/// Bytes of one file of a folder; a larger one is a finding and a gap, the other files are
/// still read. `acquire/file-too-large`.
pub const FOLDER_FILE_BYTES: u64 = 256 << 20;

/// Bytes of all files of a folder. `acquire/folder-too-large`.
pub const FOLDER_BYTES: u64 = 1 << 30;

/// Bytes of a configuration file or of an index' `config.json`.
pub const CONFIG_BYTES: u64 = 1 << 20;

/// Redirects followed for one archive.
pub const REDIRECTS: usize = 5;

/// Seconds that a `retry-after` may ask for; longer, and the request fails instead of hanging.
pub const RETRY_AFTER_SECONDS: u64 = 60;

/// Replacements of a Cargo source by another before it is taken for a circle.
pub const SOURCE_REPLACEMENTS: usize = 8;
