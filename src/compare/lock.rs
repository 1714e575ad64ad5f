//! `skills.bomvet.lock`: what was vetted, by digest, so that what is installed later is the same.
//!
//! ```json
//! {"bomvet-lock": 1, "targets": {"tidy": [{"purl": "…", "digest": "sha256:…", "verdict": "approve"}]}}
//! ```
//! A local folder's digest is [`crate::model::Contents::tree_digest`]; an archive's is the SHA-256
//! of its bytes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::{Analysis, Audit, ContentsInfo, Decision, Finding, Package, Span};

/// Largest lockfile that is read, in bytes.
const MAX_LOCK: u64 = 64 << 20;

/// The rule of what differs.
const RULE: &str = "lockfile/vetted-differs";

/// One package as it was vetted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    purl: String,
    /// `sha256:…`; `None` where there were no contents.
    digest: Option<String>,
    verdict: Decision,
}

/// The lockfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    #[serde(rename = "bomvet-lock")]
    version: u32,
    /// By name of the target: its packages, sorted by purl.
    targets: BTreeMap<String, Vec<Entry>>,
}

/// Why a lockfile cannot be used. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct LockError {
    file: String,
    message: String,
}

/// The digest by which a package is locked.
pub fn digest(contents: Option<&ContentsInfo>, analysis: Option<&Analysis>) -> Option<String> {
    let tree = analysis.map_or("", |analysis| analysis.tree.as_str());
    match &contents?.archive_sha256 {
        Some(archive) => Some(format!("sha256:{archive}")),
        None => (!tree.is_empty()).then(|| format!("sha256:{tree}")),
    }
}

impl Lock {
    /// Reads a lockfile.
    ///
    /// # Errors
    /// Where it is not there, too large, or not one.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let fail = |message: String| LockError { file: path.display().to_string(), message };
        let size = std::fs::metadata(path)
            .map_err(|error| fail(format!("cannot be read: {error}; write it with `--lock`")))?
            .len();
        if size > MAX_LOCK {
            return Err(fail(format!("{size} bytes, more than {MAX_LOCK}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        let lock: Self = serde_json::from_str(&text)
            .map_err(|error| fail(format!("is not a lockfile of bomvet: {error}; write it with `--lock`")))?;
        match lock.version {
            1 => Ok(lock),
            other => Err(fail(format!("has version {other}, only 1 is known; look for a newer bomvet"))),
        }
    }

    /// Writes the audit's packages under its target's name; other targets stay as they are.
    ///
    /// # Errors
    /// Where the file is there and is not a lockfile, or cannot be written.
    pub fn update(path: &Path, audit: &Audit) -> Result<(), LockError> {
        let mut lock = match path.try_exists() {
            Ok(true) => Self::read(path)?,
            _ => Self { version: 1, targets: BTreeMap::new() },
        };
        let entries = audit.nodes.iter().map(|node| Entry {
            purl: node.package.purl.clone(),
            digest: digest(node.contents.as_ref(), node.analysis.as_ref()),
            verdict: node.verdict.decision,
        });
        lock.targets.insert(audit.project.clone(), entries.collect());
        let fail = |message: String| LockError { file: path.display().to_string(), message };
        let text = serde_json::to_string_pretty(&lock).map_err(|error| fail(error.to_string()))?;
        crate::attest::write_atomic(path, format!("{text}\n").as_bytes())
            .map_err(|error| fail(error.to_string()))
    }

    /// What a package has against the lockfile, if anything. `digest` is as [`digest`] gives it.
    pub fn differs(&self, target: &str, package: &Package, digest: Option<&str>) -> Option<Finding> {
        let known = self.targets.get(target);
        let entry = known.and_then(|list| list.iter().find(|entry| entry.purl == package.purl));
        let message = match entry {
            None if known.is_none() => format!("`{target}` is not in the lockfile"),
            None => "is not in the lockfile: it was not there when the target was vetted".to_owned(),
            Some(entry) if entry.verdict == Decision::Deny => "was denied when it was vetted".to_owned(),
            Some(entry) if entry.digest.as_deref() != digest => format!(
                "differs from what was vetted: {}, the lockfile has {}",
                digest.unwrap_or("no contents"),
                entry.digest.as_deref().unwrap_or("no contents"),
            ),
            Some(_) => return None,
        };
        Some(finding(package, message))
    }

    /// Findings, for the package at the root, on what the target no longer has.
    pub fn gone(&self, target: &str, root: &Package, packages: &[Package]) -> Vec<Finding> {
        let known = self.targets.get(target).into_iter().flatten();
        known
            .filter(|entry| !packages.iter().any(|package| package.purl == entry.purl))
            .map(|entry| finding(root, format!("`{}` was vetted with it and is gone", entry.purl)))
            .collect()
    }
}

fn finding(package: &Package, message: String) -> Finding {
    let place = Span { line: package.declared.line, ..Span::file(package.declared.file.clone()) };
    Finding::new(RULE, message, vec![place])
}
