//! Reads archives that may be hostile, in memory.
//!
//! In: bytes that were checked against the lockfile, and what their top folder has to be. Out:
//! files as ranges of one buffer, with remarks; or the first thing that makes the archive
//! ambiguous or dangerous. Where two common readers could see different files in the same bytes,
//! the archive is refused: an audit of one of the two views would be worth nothing.

mod error;
mod gzip;
mod names;
mod tarball;
mod zipfile;

use std::ops::Range;

pub use error::{ArchiveError, Remark};
pub use names::{Names, Problem, clean};

use super::limits;

/// What the first component of each path has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopFolder<'a> {
    /// Exactly this one (`name-version` in a `.crate`).
    Exactly(&'a str),
    /// Any, but the same for all (npm: usually `package`).
    AnyOne,
    /// None: paths are taken as they are.
    None,
}

/// Sizes that end the reading.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Unpacked bytes.
    pub unpacked: u64,
    /// Unpacked bytes per packed byte, above `ratio_floor` unpacked bytes.
    pub ratio: u64,
    /// Unpacked bytes below which the ratio does not count.
    pub ratio_floor: u64,
    /// Entries.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked: limits::UNPACKED_BYTES,
            ratio: limits::RATIO,
            ratio_floor: limits::RATIO_FLOOR,
            files: limits::FILES,
        }
    }
}

impl Limits {
    /// Unpacked bytes that an archive of `packed` bytes may have.
    fn allowed(&self, packed: usize) -> u64 {
        (packed as u64).saturating_mul(self.ratio).max(self.ratio_floor).min(self.unpacked)
    }

    /// Which limit it was that [`Limits::allowed`] stands for.
    fn exceeded(&self, packed: usize) -> ArchiveError {
        let allowed = self.allowed(packed);
        if allowed == self.unpacked {
            ArchiveError::TooLarge { limit: allowed }
        } else {
            ArchiveError::Bomb { packed: packed as u64, limit: allowed, ratio: self.ratio }
        }
    }
}

/// How an archive is packed, told by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Zip.
    Zip,
    /// Gzip; a tar archive, if anything that packages come in.
    TarGz,
    /// Tar, not compressed.
    Tar,
}

impl Form {
    /// The form of those bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // An empty zip has only its end record.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            [0x1f, 0x8b, ..] => Some(Self::TarGz),
            _ if bytes.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }

    /// Unpacks an archive of this form.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn unpack(self, bytes: &[u8], top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
        match self {
            Self::Zip => zip(bytes, top, limits),
            Self::TarGz => tar_gz(bytes, top, limits),
            Self::Tar => tar(bytes.to_vec(), top, limits),
        }
    }
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path without the top folder.
    pub path: String,
    /// Its bytes in [`Unpacked::buffer`].
    pub range: Range<usize>,
    /// Whether anybody may execute it.
    pub executable: bool,
}

/// An archive in memory.
#[derive(Debug, Clone, Default)]
pub struct Unpacked {
    /// The files, in the archive's order, each path once.
    pub files: Vec<Entry>,
    /// The bytes that the ranges are about.
    pub buffer: Vec<u8>,
    /// What is odd but does not change what any reader sees.
    pub remarks: Vec<Remark>,
}

/// Unpacks a gzip-compressed tar archive (`.crate`, `.tgz`).
///
/// # Errors
/// The first thing that is wrong with it.
pub fn tar_gz(bytes: &[u8], top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    tarball::read(gzip::inflate(bytes, limits)?, top, limits)
}

/// Reads a tar archive that is not compressed.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn tar(bytes: Vec<u8>, top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    if bytes.len() as u64 > limits.unpacked {
        return Err(ArchiveError::TooLarge { limit: limits.unpacked });
    }
    tarball::read(bytes, top, limits)
}

/// Unpacks a zip archive by its central directory.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn zip(bytes: &[u8], top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    zipfile::read(bytes, top, limits)
}

#[cfg(test)]
mod tests;
