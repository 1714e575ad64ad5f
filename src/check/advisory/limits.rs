//! What a database may be at most. A database is a file from the network: it may be a bomb.

/// Largest archive or single record file on disk, in bytes. OSV's archive of all npm records
/// was about 150 MB in 2026.
pub const MAX_ARCHIVE: u64 = 1 << 30;

/// Largest single record, in bytes, unpacked. The largest real ones are below 2 MB (records that
/// enumerate every version of a package).
pub const MAX_RECORD: u64 = 16 << 20;

/// Most bytes unpacked from one database. Records are looked at one by one, so this bounds time,
/// not memory.
pub const MAX_UNPACKED: u64 = 8 << 30;

/// Most entries in one database. All of OSV's npm records are about 250,000.
pub const MAX_ENTRIES: usize = 4_000_000;

/// Deepest folder looked into, counted from the database's folder.
pub const MAX_DEPTH: usize = 16;

/// Most unreadable records listed by name; the rest are counted.
pub const MAX_SKIPPED: usize = 100;

/// Longest title kept, in characters: a title goes into one line of output.
pub const MAX_TITLE: usize = 200;
