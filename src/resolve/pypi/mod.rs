//! Python: `requirements*.txt`, `uv.lock`, `poetry.lock`, `pdm.lock`, `Pipfile.lock`, `pylock.toml`,
//! and the headers of scripts (PEP 723).
//!
//! In: one of these files. Out: a package for each name, version and source, with every archive
//! that the file names for any platform; an edge for each requirement that it states; findings.
//! No package manager is run, nothing is fetched, no link is followed.
//!
//! A version is one package, whatever the number of its archives: which of them is installed
//! depends on the machine, so the verdict is about all. Markers of these files are never evaluated
//! ([`marker`] is for names without a lockfile).
//!
//! What cannot be known here: what an unpinned requirement would bring; who asks for what where
//! the format does not say (`Pipfile.lock`, `requirements.txt` without comments).

mod assemble;
pub mod core;
mod doc;
mod manifest;
pub mod marker;
pub mod name;
mod pdm;
mod pipfile;
mod poetry;
mod pylock;
pub mod requirement;
mod requirements;
mod script;
mod source;
mod uv;
pub mod wheel;

use std::path::Path;

use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::{Format, Project};

pub use source::{digest_of, is_default};

/// Resolves one file.
///
/// # Errors
/// Where it cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = doc::Doc::new(&project.lockfile, &text);
    let mut out = assemble::Assembly::new(root, &project.lockfile, &project.dir, options);
    match project.format {
        Format::Requirements => requirements::read(&doc, &mut out)?,
        Format::UvLock => uv::read(&doc, &mut out)?,
        Format::PoetryLock => poetry::read(&doc, &mut out)?,
        Format::PdmLock => pdm::read(&doc, &mut out)?,
        Format::PipfileLock => pipfile::read(&doc, &mut out)?,
        Format::PyLock => pylock::read(&doc, &mut out)?,
        Format::PythonScript => script::read(&doc, &mut out)?,
        _ => {}
    }
    Ok(out.finish())
}
