//! Why there are no contents, as gaps and findings.

use std::sync::Arc;

use super::archive::{ArchiveError, Remark};
use crate::model::{Digest, Ecosystem, Finding, Gap, GapKind, Package, Span};

/// Why there are no contents: a gap, and the findings that explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is missing.
    pub gap: Gap,
    /// A wrong digest, a hostile archive, an answer of the registry.
    pub findings: Vec<Finding>,
}

/// Nothing was found, or nothing that could be used.
pub(super) fn not_fetched(message: String) -> Box<Refusal> {
    Box::new(Refusal { gap: Gap::new(GapKind::NotFetched, message), findings: Vec::new() })
}

/// The archive is not read, for what is wrong with it.
pub(super) fn hostile(package: &Package, error: &ArchiveError) -> Box<Refusal> {
    let place = error.path().map_or_else(|| archive_name(package), str::to_owned);
    let spans = vec![Span::file(place)];
    let message = format!("the archive is refused: {error}");
    Box::new(Refusal {
        gap: Gap { kind: GapKind::NotSeen, message, spans: spans.clone() },
        findings: vec![Finding::new(error.rule(), error.to_string(), spans)],
    })
}

/// An archive's oddity as a finding.
pub(super) fn remark(remark: &Remark) -> Finding {
    Finding::new(remark.rule(), remark.to_string(), vec![Span::file(remark.path())])
}

/// What came is not what the lockfile declares.
pub(super) fn wrong_digest(package: &Package, place: &str, declared: &Digest, found: &Digest) -> Finding {
    Finding::new(
        "acquire/wrong-digest",
        format!("{place} has {found}, the lockfile declares {declared}"),
        vec![declared_at(package)],
    )
}

/// The line that pins a package.
pub(super) fn declared_at(package: &Package) -> Span {
    let at = &package.declared;
    Span { line: at.line, column: at.column, ..Span::file(Arc::clone(&at.file)) }
}

/// The archive's file name as registries give it.
pub(super) fn archive_name(package: &Package) -> String {
    let base = package.name.rsplit('/').next().unwrap_or(&package.name);
    let ending = match package.ecosystem {
        Ecosystem::Cargo => "crate",
        Ecosystem::Npm => "tgz",
        _ => "tar.gz",
    };
    format!("{base}-{}.{ending}", package.version)
}
