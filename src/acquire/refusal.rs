//! Why there are no contents, as gaps and findings.

use super::archive::{ArchiveError, Remark};
use crate::model::{Digest, Ecosystem, Finding, Gap, GapKind, Package, Source, Span};

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

/// Contents that are not looked for at all: of ecosystems that none of the parsers reads, and of
/// what no version is named of. `None` for all others.
pub(super) fn unexamined(package: &Package) -> Option<Box<Refusal>> {
    if !matches!(package.source, Source::Registry { .. } | Source::Git { .. } | Source::Tarball { .. }) {
        return None;
    }
    let label = package.label();
    // What GitHub owns runs on machines that it owns as well, and a distribution's manager checks
    // signatures with keys of the image: there a name alone is tolerable, and a finding.
    let vouched = match package.ecosystem {
        Ecosystem::System => true,
        Ecosystem::Github => package.name.starts_with("actions/") || package.name.starts_with("github/"),
        Ecosystem::Golang | Ecosystem::Zig | Ecosystem::Docker => false,
        // What to do about it is said where its archives are looked for.
        Ecosystem::Pypi => return None,
        _ if package.version.is_empty() && matches!(package.source, Source::Registry { .. }) => {
            return Some(not_fetched(format!(
                "no version of {label} is named: it is whatever its registry gives on that day"
            )));
        }
        _ => return None,
    };
    if !vouched && !package.is_pinned() {
        return Some(not_fetched(format!(
            "nothing pins {label}, and contents of {} packages are not looked at",
            package.ecosystem
        )));
    }
    let message = format!(
        "contents of {} packages are not looked at, nor what they bring in turn; pin and advisories of {label} were",
        package.ecosystem
    );
    Some(Box::new(Refusal { gap: Gap::new(GapKind::NotExamined, message), findings: Vec::new() }))
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
    package.declared.span()
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
