//! From a listing to what is said of one version.

use super::limits;
use crate::model::{Ecosystem, Finding, Listing, Origin, Package, Release, Severity, Span};
use crate::resolve::pypi::name;

/// Accounts of npm that stand for a build service and not for a person.
const SERVICES: [&str; 2] = ["GitHub Actions", "GitLab CI/CD"];

pub(super) fn same_name(ecosystem: Ecosystem, a: &str, b: &str) -> bool {
    match ecosystem {
        Ecosystem::Cargo => a.replace('_', "-").eq_ignore_ascii_case(&b.replace('_', "-")),
        Ecosystem::Pypi => name::normal(a) == name::normal(b),
        _ => a == b,
    }
}

/// Build metadata is no part of a version's name in a registry.
pub(super) fn release<'l>(ecosystem: Ecosystem, listing: &'l Listing, version: &str) -> Option<&'l Release> {
    if ecosystem == Ecosystem::Pypi {
        return listing.releases.iter().find(|release| name::same_version(&release.version, version));
    }
    let bare = |text: &str| text.split('+').next().unwrap_or(text).to_owned();
    let exact = listing.release(version);
    exact.or_else(|| listing.releases.iter().find(|release| bare(&release.version) == bare(version)))
}

pub(super) fn origin(package: &Package, listing: &Listing) -> Origin {
    let first = listing.releases.iter().filter_map(|release| release.published).min();
    let base = Origin {
        first_published: listing.created.into_iter().chain(first).min(),
        versions: u32::try_from(listing.releases.len()).unwrap_or(u32::MAX),
        ..Origin::default()
    };
    let Some(release) = release(package.ecosystem, listing, &package.version) else { return base };
    let before = listing
        .releases
        .iter()
        .filter(|other| other.published.is_some() && other.published < release.published)
        .max_by_key(|other| other.published);
    let attested_before =
        (release.attested == Some(false)).then(|| attested_before(release, listing)).flatten();
    let publisher_before = before
        .and_then(|before| before.publisher.clone())
        .filter(|before| release.publisher.as_ref().is_some_and(|now| now != before));
    Origin {
        found: true,
        published: release.published,
        publisher: release.publisher.clone(),
        publisher_before,
        deprecated: release.deprecated.clone(),
        yanked: release.yanked.clone(),
        repository: release.repository.clone(),
        attested: release.attested,
        attested_before,
        ..base
    }
}

/// The newest of the versions published shortly before `release` that had a statement on how it was
/// built. Further back it says little: a project may have changed its mind.
fn attested_before(release: &Release, listing: &Listing) -> Option<String> {
    let mut before: Vec<&Release> = listing
        .releases
        .iter()
        .filter(|other| other.published.is_some() && other.published < release.published)
        .collect();
    before.sort_by_key(|other| std::cmp::Reverse(other.published));
    before.truncate(limits::ATTESTED_BEFORE);
    before.retain(|other| other.attested == Some(true));
    let same = before.iter().find(|other| same_line(&other.version, &release.version));
    same.or(before.first()).map(|other| other.version.clone())
}

/// Whether two versions are of one line of releases.
fn same_line(a: &str, b: &str) -> bool {
    a.split('.').next() == b.split('.').next()
}

pub(super) fn findings(package: &Package, origin: &Origin, now: i64) -> Vec<Finding> {
    let place = place(package);
    let mut out = Vec::new();
    let mut find = |rule: &str, message: String| out.push(Finding::new(rule, message, vec![place.clone()]));
    let label = package.label();
    if !origin.found {
        let message = match origin.versions {
            0 => format!("the registry has no package `{}`", package.name),
            _ => format!("the registry has no version {} of `{}`", package.version, package.name),
        };
        find("origin/not-found", message);
        return out;
    }
    if let Some(why) = &origin.deprecated {
        find("origin/deprecated", format!("{label} is deprecated: {}", line(why)));
    }
    if let Some(why) = &origin.yanked {
        let why = if why.is_empty() { String::new() } else { format!(": {}", line(why)) };
        find("origin/yanked", format!("{label} was withdrawn by its publisher{why}"));
    }
    if let (Some(publisher), Some(before)) = (&origin.publisher, &origin.publisher_before) {
        // A service that states where it built from took over from a person, as is advised.
        let service = |name: &str| SERVICES.contains(&name);
        let automated = service(publisher) && origin.attested == Some(true);
        if !automated {
            let age = origin.age_days(now).map(|days| format!(", {days} days ago")).unwrap_or_default();
            let message = format!(
                "{label} was published by `{}`{age}, the version before by `{}`",
                line(publisher),
                line(before)
            );
            find("origin/publisher-changed", message);
        }
    }
    // crates.io's index does not say.
    if package.ecosystem == Ecosystem::Npm && origin.repository.is_none() {
        find("origin/no-repository", format!("{label} names no repository"));
    }
    if let Some(before) = &origin.attested_before {
        let message =
            format!("{label} has no statement on how it was built, {} before it had one", line(before));
        // Older lines are often released by hand.
        let same = same_line(before, &package.version);
        let severity = if same { Severity::Medium } else { Severity::Low };
        out.push(Finding { severity, ..Finding::new("origin/provenance-lost", message, vec![place]) });
    }
    out
}

/// The line that asks for a package.
pub(super) fn place(package: &Package) -> Span {
    Span {
        line: package.declared.line,
        column: package.declared.column,
        ..Span::file(package.declared.file.clone())
    }
}

/// Text of a registry in one line: nothing invisible, not endless.
pub(super) fn line(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    crate::model::escape(&text)
}
