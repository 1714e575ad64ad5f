//! One case of a labelled corpus.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::acquire::archive;
use crate::model::Ecosystem;

/// Largest case, in bytes.
const MAX_CASE: u64 = 4 << 20;

/// What a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A skill's folder.
    Skill,
    /// An MCP configuration or a server.
    Mcp,
    /// An agent's workspace.
    Agent,
    /// A Python distribution.
    Pypi,
    /// An npm package.
    Npm,
    /// A crate.
    Cargo,
}

impl Kind {
    /// The ecosystem of a package; `None` for what is judged as a folder.
    pub fn ecosystem(self) -> Option<Ecosystem> {
        match self {
            Self::Skill | Self::Mcp | Self::Agent => None,
            Self::Pypi => Some(Ecosystem::Pypi),
            Self::Npm => Some(Ecosystem::Npm),
            Self::Cargo => Some(Ecosystem::Cargo),
        }
    }
}

/// A case. Keys of the older packages' corpus (`report`, `expect`) are taken too.
#[derive(Debug, Clone)]
pub struct Case {
    /// What kind of attack it is; `package` where the case does not say.
    pub class: String,
    /// What it is.
    pub kind: Kind,
    /// Nobody tuned for it.
    pub held_out: bool,
    /// The package's or skill's name.
    pub name: String,
    /// The honest side's name where it differs (an imitated one).
    pub twin_name: Option<String>,
    /// The package's version.
    pub version: String,
    /// Files of the harmful side.
    pub bad: Option<BTreeMap<String, String>>,
    /// Files of the honest side.
    pub good: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(alias = "report")]
    source: String,
    class: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the corpus")]
    refs: Vec<String>,
    ecosystem: Kind,
    name: String,
    twin_name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "for the test of the rules' names")]
    expect: Vec<String>,
    #[serde(default)]
    held_out: bool,
    set: Option<Set>,
    #[expect(dead_code, reason = "for readers of the corpus")]
    honest: Option<String>,
    harm: Option<String>,
    bad: Option<BTreeMap<String, String>>,
    good: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Set {
    Seen,
    HeldOut,
}

/// A case that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct CaseError {
    path: PathBuf,
    message: String,
}

/// Reads every `*.toml` below `folder` that has a side; sorted by path. `figures.toml` holds
/// figures and is no case.
///
/// # Errors
/// A file that cannot be read or is not a case, or a folder without one.
pub fn load(folder: &Path) -> Result<Vec<(String, Case)>, CaseError> {
    let mut out = Vec::new();
    below(folder, "", 0, &mut out)?;
    if out.is_empty() {
        let message = "no case in it; give a folder of TOML files as `fixtures/corpus` has them".to_owned();
        return Err(CaseError { path: folder.to_owned(), message });
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

fn below(folder: &Path, within: &str, depth: usize, out: &mut Vec<(String, Case)>) -> Result<(), CaseError> {
    let fail = |message: String| CaseError { path: folder.to_owned(), message };
    if depth > 8 {
        return Err(fail("folders more than 8 deep".to_owned()));
    }
    let entries = std::fs::read_dir(folder).map_err(|error| fail(error.to_string()))?;
    for entry in entries {
        let entry = entry.map_err(|error| fail(error.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let id = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| fail(error.to_string()))?;
        if kind.is_dir() {
            below(&path, &id, depth + 1, out)?;
        } else if let Some(stem) = id.strip_suffix(".toml").filter(|_| name != "figures.toml") {
            out.push((stem.to_owned(), read(&path)?));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Case, CaseError> {
    let fail = |message: String| CaseError { path: path.to_owned(), message };
    let size = std::fs::metadata(path).map_err(|error| fail(error.to_string()))?.len();
    if size > MAX_CASE {
        return Err(fail(format!("{size} bytes, more than {MAX_CASE}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let raw: Raw = toml::from_str(&text).map_err(|error| fail(format!("not a case: {error}")))?;
    if raw.bad.is_none() && raw.good.is_none() {
        return Err(fail("has neither `[bad]` nor `[good]`".to_owned()));
    }
    if raw.source.is_empty() || (raw.bad.is_some() && raw.class.is_some() && raw.harm.is_none()) {
        return Err(fail("says not where it comes from (`source`), or what its harm is (`harm`)".to_owned()));
    }
    for file in raw.bad.iter().chain(&raw.good).flat_map(BTreeMap::keys) {
        if archive::clean(file.as_bytes()).is_err() {
            return Err(fail(format!("`{file}` is no path that an archive may hold")));
        }
    }
    Ok(Case {
        class: raw.class.unwrap_or_else(|| "package".to_owned()),
        kind: raw.ecosystem,
        held_out: raw.held_out || raw.set == Some(Set::HeldOut),
        name: raw.name,
        twin_name: raw.twin_name,
        version: raw.version.unwrap_or_else(|| "1.0.0".to_owned()),
        bad: raw.bad,
        good: raw.good,
    })
}

/// Writes files below `folder`.
pub(super) fn write(folder: &Path, files: &BTreeMap<String, String>) -> std::io::Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// Packs files as registries do: a gzipped tar with one folder at the top. Gives name and bytes.
pub(super) fn pack(
    name: &str,
    version: &str,
    files: &BTreeMap<String, String>,
) -> std::io::Result<(String, Vec<u8>)> {
    let top = format!("{}-{version}", name.replace(['@', '/'], "_"));
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_cksum();
        tar.append_data(&mut header, format!("{top}/{path}"), text.as_bytes())?;
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar.into_inner()?)?;
    Ok((format!("{top}.tgz"), gz.finish()?))
}
