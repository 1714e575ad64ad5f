//! What `bomvet check` is pointed at, made into something that can be audited.
//!
//! A folder or a lockfile is taken where it lies. An archive of an agent's things (a skill, a
//! plugin) and a git tree are unpacked into a folder of our own, links and hostile names refused.
//! An archive of one package is itself the subject: its digest is what is judged.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::acquire::Remarks;
use crate::acquire::archive::{self, ArchiveError, Form, Limits, TopFolder, Unpacked};
use crate::compare::git::{GitError, Revision};
use crate::discover::Format;
use crate::model::{Digest, Ecosystem, Finding, Gap, GapKind, Location, Package, Source, Span, purl};
use crate::resolve::Resolution;
use crate::resolve::newest::{Known, Wanted};

use super::known;

/// Largest archive that is taken as a target, in bytes.
const MAX_ARCHIVE: u64 = crate::acquire::limits::ARCHIVE_BYTES;

/// Why a target cannot be checked. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be read, or a copy cannot be written.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is neither a folder nor a file that is read.
    #[error(
        "`{0}` is neither a folder, an archive (.zip, .skill, .tar.gz, .tgz, .crate, .whl), a lockfile, an agent's file, nor a purl (`pkg:npm/left-pad@1.3.0`)"
    )]
    Unknown(String),
    /// The archive is too large.
    #[error("`{path}` has {size} bytes, more than the limit of {MAX_ARCHIVE}")]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// Bytes.
        size: u64,
    },
    /// The archive is refused.
    #[error("`{path}` is refused: {source}")]
    Hostile {
        /// The path.
        path: PathBuf,
        /// Why.
        source: ArchiveError,
    },
    /// The purl is none.
    #[error("{0}")]
    Purl(String),
    /// The git tree cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Something that can be audited.
#[derive(Debug)]
pub struct Subject {
    /// Folder or lockfile.
    pub path: PathBuf,
    /// The packages themselves, where no lockfile names them.
    pub given: Option<Resolution>,
    /// Packages that are to be resolved.
    pub wanted: Vec<Wanted>,
    /// What a given package asks for, by its own manifest.
    pub asks: Option<Known>,
    /// What it is called, and its digest where it is one file or one tree.
    pub input: Option<(String, String)>,
    /// The archive's or folder's name, where it is unpacked elsewhere.
    pub name: Option<String>,
    /// What is odd about the archive or tree, for the node at its root.
    pub remarks: Remarks,
    /// Removed when the audit is done.
    _hold: Option<tempfile::TempDir>,
}

impl Subject {
    fn at(path: PathBuf) -> Self {
        Self {
            path,
            given: None,
            wanted: Vec::new(),
            asks: None,
            input: None,
            name: None,
            remarks: Remarks::default(),
            _hold: None,
        }
    }
}

/// Makes a target ready. `revision` names a git tree of the folder.
///
/// # Errors
/// See [`TargetError`].
pub fn stage(target: &Path, revision: Option<&str>) -> Result<Subject, TargetError> {
    if let Some(text) = target.to_str().filter(|text| text.starts_with("pkg:")) {
        return purl_target(text);
    }
    let read = |source| TargetError::Read { path: target.to_owned(), source };
    let path = std::fs::canonicalize(target).map_err(read)?;
    let meta = std::fs::metadata(&path).map_err(read)?;
    if let Some(revision) = revision {
        return tree(&path, revision);
    }
    if meta.is_dir() {
        return Ok(Subject::at(path));
    }
    if !meta.is_file() {
        return Err(TargetError::Unknown(target.display().to_string()));
    }
    if meta.len() > MAX_ARCHIVE {
        return Err(TargetError::TooLarge { path: target.to_owned(), size: meta.len() });
    }
    let bytes = std::fs::read(&path).map_err(read)?;
    let Some(form) = Form::of(&bytes) else {
        return match Format::of(&path.to_string_lossy()) {
            Some(_) => Ok(Subject::at(path)),
            None => Err(TargetError::Unknown(target.display().to_string())),
        };
    };
    archived(target, &path, &bytes, form)
}

/// A package of a registry: nothing of it lies here, so an empty folder stands for the project.
fn purl_target(text: &str) -> Result<Subject, TargetError> {
    let wanted = Wanted::parse(text).map_err(TargetError::Purl)?;
    let hold = write(std::iter::empty())?;
    let name = Some(wanted.name.clone());
    let given = Some(Resolution::default());
    let path = hold.path().to_owned();
    Ok(Subject { given, wanted: vec![wanted], name, _hold: Some(hold), ..Subject::at(path) })
}

fn archived(target: &Path, path: &Path, bytes: &[u8], form: Form) -> Result<Subject, TargetError> {
    let hostile = |source| TargetError::Hostile { path: target.to_owned(), source };
    let unpacked = form.unpack(bytes, TopFolder::None, &Limits::default()).map_err(hostile)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let digest = Digest::sha256(bytes);
    let input = Some((name.clone(), digest.hex()));
    if let Some((package, known)) = package(&name, &unpacked, digest) {
        let mut given = Resolution::default();
        given.packages.push(package);
        let folder = path.parent().unwrap_or(path).to_owned();
        return Ok(Subject { given: Some(given), asks: Some(known), input, ..Subject::at(folder) });
    }
    let remarks = unpacked
        .remarks
        .iter()
        .map(|remark| Finding::new(remark.rule(), remark.to_string(), vec![Span::file(remark.path())]));
    let remarks = Remarks { findings: remarks.collect(), gaps: Vec::new() };
    let files = unpacked.files.iter().map(|entry| {
        (entry.path.as_str(), unpacked.buffer.get(entry.range.clone()).unwrap_or_default(), entry.executable)
    });
    let hold = write(files)?;
    let folder = std::fs::canonicalize(hold.path())
        .map_err(|source| TargetError::Read { path: hold.path().to_owned(), source })?;
    let stem = [".tar.gz", ".tgz", ".zip", ".skill", ".tar"].iter().find_map(|end| name.strip_suffix(end));
    let name = Some(stem.unwrap_or(&name).to_owned());
    Ok(Subject { input, name, remarks, _hold: Some(hold), ..Subject::at(folder) })
}

/// A git tree, written out without filters, hooks or attributes.
fn tree(path: &Path, revision: &str) -> Result<Subject, TargetError> {
    let revision = Revision::open(path, revision)?;
    let files = revision.all().collect::<Result<Vec<_>, _>>()?;
    let hold = write(files.iter().map(|(name, bytes, executable)| (*name, bytes.as_slice(), *executable)))?;
    let unseen = |path: &str, why: &str| {
        let path = crate::model::escape(path);
        let gap = Gap::new(GapKind::NotSeen, format!("`{path}` {why} and is not read"));
        Gap { spans: vec![Span::file(path)], ..gap }
    };
    let others = revision.others.iter().map(|path| unseen(path, "is a link or a submodule of the tree"));
    let odd = files.iter().filter(|(name, ..)| archive::clean(name.as_bytes()).is_err());
    let odd = odd.map(|(name, ..)| unseen(name, "has a name that cannot be written everywhere"));
    let remarks = Remarks { findings: Vec::new(), gaps: others.chain(odd).collect() };
    let folder = std::fs::canonicalize(hold.path())
        .map_err(|source| TargetError::Read { path: hold.path().to_owned(), source })?;
    let input = Some((format!("git:{}", revision.id), revision.id.clone()));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Subject { input, name, remarks, _hold: Some(hold), ..Subject::at(folder) })
}

/// Writes files into a new folder that only this user may enter. What has a name that could leave
/// the folder is not written; whoever calls has said so, or had such an archive refused.
fn write<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8], bool)>,
) -> Result<tempfile::TempDir, TargetError> {
    let hold = tempfile::Builder::new()
        .prefix("bomvet-check-")
        .tempdir()
        .map_err(|source| TargetError::Read { path: std::env::temp_dir(), source })?;
    for (name, bytes, executable) in files {
        if archive::clean(name.as_bytes()).is_err() {
            continue;
        }
        let path = hold.path().join(name);
        let fail = |source| TargetError::Read { path: PathBuf::from(name), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = options.open(&path).map_err(fail)?;
        file.write_all(bytes).map_err(fail)?;
        if executable {
            mark_executable(&file).map_err(fail)?;
        }
    }
    Ok(hold)
}

/// Keeps the mode, which is part of a skill's digest. Nothing is ever started.
#[cfg(unix)]
fn mark_executable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn mark_executable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// The package that an archive is, told by its manifest, and what it asks for; `None` for a tree of
/// other things.
fn package(file: &str, unpacked: &Unpacked, digest: Digest) -> Option<(Package, Known)> {
    // The manifest within the one folder at the top, as registries pack it.
    let find = |name: &str| {
        unpacked.files.iter().find(|entry| {
            entry.path.split_once('/').is_some_and(|(top, rest)| rest == name && !top.is_empty())
        })
    };
    let text = |name: &str| {
        let bytes = unpacked.buffer.get(find(name)?.range.clone())?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    // An archive of a skill or plugin is a tree, whatever manifests lie in it.
    let is_agent =
        |entry: &archive::Entry| matches!(Format::of(&entry.path), Some(Format::Skill | Format::Plugin));
    if unpacked.files.iter().any(is_agent) && !file.ends_with(".crate") && !file.ends_with(".whl") {
        return None;
    }
    let (ecosystem, name, version, known) = if let Some(json) = text("package.json") {
        let json: serde_json::Value = serde_json::from_str(json.trim_start_matches('\u{feff}')).ok()?;
        let field = |key: &str| Some(json.get(key)?.as_str()?.to_owned());
        let version = field("version")?;
        (Ecosystem::Npm, field("name")?, version.clone(), known::npm(&json, &version))
    } else if let Some(manifest) = text("Cargo.toml") {
        let table: toml::Table = toml::from_str(&manifest).ok()?;
        let field = |key: &str| Some(table.get("package")?.get(key)?.as_str()?.to_owned());
        let version = field("version")?;
        (Ecosystem::Cargo, field("name")?, version.clone(), known::cargo(&table, &version))
    } else {
        let metadata = unpacked.files.iter().find(|entry| {
            entry.path.split_once('/').is_some_and(|(top, rest)| {
                rest == "PKG-INFO" || (rest == "METADATA" && top.ends_with(".dist-info"))
            })
        })?;
        let text = String::from_utf8_lossy(unpacked.buffer.get(metadata.range.clone())?).into_owned();
        let field = |key: &str| {
            text.lines().take_while(|line| !line.trim().is_empty()).find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(key).then(|| value.trim().to_owned())
            })
        };
        let (name, version) = (field("Name")?, field("Version")?);
        let built = metadata.path.ends_with("/PKG-INFO");
        (Ecosystem::Pypi, name, version.clone(), known::pypi(text, &version, built))
    };
    let declared = Location { file: file.into(), line: 0, column: 0 };
    let package = Package {
        purl: purl(ecosystem, &name, &version, &[("download_url", &format!("file://{file}"))]),
        source: Source::File { path: file.to_owned() },
        integrity: vec![digest],
        ..Package::registry(ecosystem, &name, &version, declared)
    };
    Some((package, known))
}
