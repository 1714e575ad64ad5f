//! Identity: is a package the one that its name makes a reader think of?
//!
//! In: the packages of the graph, or one package with its contents. Out: findings on names that
//! imitate a popular one ([`findings`]), and on archives whose manifest names another package or
//! version than the lockfile ([`manifest_findings`]).

mod distance;
mod manifest;
mod popular;
mod squat;

pub use manifest::{in_contents, manifest_findings};

use std::collections::BTreeSet;

use crate::model::{Confidence, Ecosystem, Finding, Package, Severity, Source, Span, escape};

use squat::Squat;

/// Popular names up to this rank are worth a denial when they are imitated closely. The list of
/// crates is shorter and counts audits, not downloads.
fn top(ecosystem: Ecosystem) -> usize {
    match ecosystem {
        Ecosystem::Npm | Ecosystem::Pypi => 1000,
        _ => 400,
    }
}

/// Typosquats among the packages, each with the package's purl; sorted.
///
/// A name is looked at once for all its versions. What is itself popular imitates nobody, nor do
/// the project's own packages.
pub fn findings(packages: &[Package]) -> Vec<(String, Finding)> {
    let names: BTreeSet<_> = packages
        .iter()
        .filter(|package| !package.first_party && !matches!(package.source, Source::Path { .. }))
        .map(|package| (package.ecosystem, package.name.as_str()))
        .collect();
    let mut out = Vec::new();
    for (ecosystem, name) in names {
        let Some(squat) = squat::of(ecosystem, name) else { continue };
        for package in
            packages.iter().filter(|p| p.ecosystem == ecosystem && p.name == name && !p.first_party)
        {
            out.push((package.purl.clone(), finding(package, &squat)));
        }
    }
    out.sort();
    out
}

/// How often a package's name is used, 0 the most, where it is among the most used ones.
pub fn rank(package: &Package) -> Option<usize> {
    popular::of(package.ecosystem).rank(package.ecosystem, &package.name)
}

/// Whether a package's name is among the most used ones of its ecosystem; `None` where there is no
/// list of those, or the package is the project's own.
pub fn is_popular(package: &Package) -> Option<bool> {
    let list = popular::of(package.ecosystem);
    let asked = !package.first_party && !list.names.is_empty();
    asked.then(|| rank(package).is_some())
}

fn finding(package: &Package, squat: &Squat) -> Finding {
    // Denied is only what is close to a name that everybody uses, in the way that imitations are.
    let (severity, confidence) = match (squat.close, squat.rank < top(package.ecosystem)) {
        (true, true) => (Severity::High, Confidence::Medium),
        (true, false) => (Severity::Medium, Confidence::Medium),
        (false, true) => (Severity::Medium, Confidence::Low),
        (false, false) => (Severity::Low, Confidence::Low),
    };
    let name = escape(&package.name);
    Finding {
        severity,
        confidence,
        help: format!(
            "make sure that `{name}` is meant and not `{}`; if it is, ignore this in `bomvet.toml` with a reason",
            squat.popular
        ),
        references: vec!["CWE-1357".to_owned(), "CWE-506".to_owned()],
        ..Finding::new(
            "identity/typosquat",
            format!("`{name}` {} `{}`", squat.how, squat.popular),
            vec![Span {
                line: package.declared.line,
                column: package.declared.column,
                ..Span::file(std::sync::Arc::clone(&package.declared.file))
            }],
        )
    }
}

#[cfg(test)]
mod tests;
