//! Reads cargo-vet's files.
//!
//! The project's own are read to the letter: an unknown key, a missing one or a name that nothing
//! declares is an error that says where. Other people's audits, which may be written for a newer
//! cargo-vet, are read entry by entry, and what is not understood is left out and said.

mod audits;
mod config;
mod lock;
mod sound;
mod table;

pub use table::{DAY, wrong};

use std::io::Read as _;
use std::path::Path;

use super::Store;
use super::criteria::Criteria;
use super::entry::{Audits, Config, Lock};

/// Largest file that is read, in bytes. Google's published audits have 0.7 MB.
const MAX_FILE: u64 = 64 << 20;

/// Why a file cannot be used. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VetError {
    /// The system does not give it.
    #[error("cannot read `{file}`: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// In the system's words.
        why: String,
    },
    /// It does not say what such a file says.
    #[error("{file}:{line}:{column}: {message}{}", help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default())]
    Wrong {
        /// Which.
        file: String,
        /// 1-based.
        line: u32,
        /// 1-based, in characters.
        column: u32,
        /// What is wrong.
        message: String,
        /// What to write instead, if there is a guess.
        help: Option<String>,
    },
}

impl Store {
    /// Reads a folder `supply-chain`; where `imports.lock` is missing nothing was imported.
    ///
    /// # Errors
    /// Where a file is missing, cannot be read, or is not sound.
    pub fn load(folder: &Path) -> Result<Self, VetError> {
        let config = text(&folder.join("config.toml"))?;
        let audits = text(&folder.join("audits.toml"))?;
        let path = folder.join("imports.lock");
        let lock = if path.exists() { text(&path)? } else { String::new() };
        Self::parse(&config, &audits, &lock)
    }

    /// As [`Self::load`], for writing `imports.lock`: imports that it lacks are there, empty, and
    /// named; those that `config.toml` no longer has are gone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_to_import(folder: &Path) -> Result<(Self, Vec<String>), VetError> {
        let config = config::read("config.toml", &text(&folder.join("config.toml"))?)?;
        let audits = audits::read("audits.toml", &text(&folder.join("audits.toml"))?)?;
        let path = folder.join("imports.lock");
        let mut lock =
            if path.exists() { lock::read("imports.lock", &text(&path)?)? } else { Lock::default() };
        lock.audits.retain(|name, _| config.imports.contains_key(name));
        let missing: Vec<String> =
            config.imports.keys().filter(|name| !lock.audits.contains_key(*name)).cloned().collect();
        for name in &missing {
            lock.audits.insert(name.clone(), Audits::default());
        }
        for (name, import) in &config.imports {
            if let Some(held) = lock.audits.get_mut(name) {
                held.audits.retain(|package, _| !import.exclude.contains(package));
                held.wildcards.retain(|package, _| !import.exclude.contains(package));
            }
        }
        Ok((Self::new(config, audits, lock)?, missing))
    }

    /// The store that these texts make.
    ///
    /// # Errors
    /// Where one of them is not what cargo-vet reads, or names a criterion that is not declared.
    pub fn parse(config: &str, audits: &str, lock: &str) -> Result<Self, VetError> {
        let config = config::read("config.toml", config)?;
        let audits = audits::read("audits.toml", audits)?;
        let lock = lock::read("imports.lock", lock)?;
        Self::new(config, audits, lock)
    }

    /// The store that these make.
    ///
    /// # Errors
    /// Where one of them names a criterion that is not declared.
    pub fn new(config: Config, audits: Audits, lock: Lock) -> Result<Self, VetError> {
        let criteria = Criteria::new(&audits.criteria);
        sound::check(&config, &audits, &lock, &criteria)?;
        Ok(Self { config, audits, lock, criteria })
    }
}

/// Reads one audits file to the letter.
///
/// # Errors
/// Where it is not one.
pub fn audits(file: &str, text: &str) -> Result<Audits, VetError> {
    audits::read(file, text)
}

/// Reads somebody else's audits file; beside it what was left out, a line each.
///
/// # Errors
/// Where it is no TOML.
pub fn foreign(file: &str, text: &str) -> Result<(Audits, Vec<String>), VetError> {
    audits::foreign(file, text)
}

/// A file's text.
///
/// # Errors
/// Where it cannot be read, is too large or not UTF-8.
pub fn text(path: &Path) -> Result<String, VetError> {
    let fail = |why: String| VetError::Unreadable { file: path.display().to_string(), why };
    // What is audited put it there: a pipe would never end, a link could lead anywhere.
    let kind = std::fs::symlink_metadata(path).map_err(|error| fail(error.to_string()))?;
    if !kind.is_file() {
        return Err(fail("not a regular file".to_owned()));
    }
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(fail(format!("more than {MAX_FILE} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| fail("not UTF-8".to_owned()))
}
