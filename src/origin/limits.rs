//! Limits of the stage.

/// Largest listing, in bytes: the largest packuments of npm's registry are some 100 MB; one that is
/// larger is not read, and a note says so.
pub const LISTING_BYTES: u64 = 160 << 20;

/// Seconds for which a kept listing is used without asking again. What the cooling-off rests on,
/// the time of a version, does not change.
pub const FRESH_SECONDS: i64 = 6 * 3600;

/// Tries after the first.
pub const RETRIES: u32 = 1;

/// Most requests at the same time: listings are large, and a registry's patience is not.
pub const CONNECTIONS: usize = 8;

/// Packages up to which a check before installing asks about all of them where the policy has a
/// cooling-off. npm's full packument has 0.1 to 10 MB; more is for those who ask for it (`--origin`).
pub const FEW_PACKAGES: usize = 30;

/// Days within which code that runs at install time of a version is worth a look.
pub const YOUNG_INSTALL_DAYS: i64 = 30;

/// Largest archive that is downloaded for the metadata in it, in bytes, where the index does not
/// give it beside the archive. The largest wheels with it in them only are some 900 MB.
pub const METADATA_ARCHIVE_BYTES: u64 = 256 << 20;

/// Versions before one that has no statement on how it was built among which one with such a
/// statement makes its lack stand out.
pub const ATTESTED_BEFORE: usize = 10;
