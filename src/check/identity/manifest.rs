//! The manifest inside an archive against the lockfile that asked for it.

use super::super::manifest;
use super::{popular, rank};
use crate::model::{Contents, Ecosystem, Finding, Package, Severity, Source, Span, escape};
use crate::resolve::pypi::name;

/// Compares the names and versions. `manifest_name` and `manifest_version` are as the manifest
/// writes them; an empty one is not compared.
///
/// npm cleans versions when it publishes: a leading `v` or `=`, spaces and build metadata are no
/// difference. Packages that no registry has checked (git, folders, archives by URL) may be
/// installed under another name, so only registry packages and bundled copies are compared.
pub fn manifest_findings(package: &Package, manifest_name: &str, manifest_version: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if package.first_party || !matches!(package.source, Source::Registry { .. } | Source::Bundled { .. }) {
        return findings;
    }
    let file = match package.ecosystem {
        Ecosystem::Pypi => "metadata",
        other => manifest::file_name(other),
    };
    if !manifest_name.is_empty() && !same_name(package, manifest_name) {
        findings.push(Finding {
            severity: Severity::Critical,
            help: "do not install it; compare the archive with the registry's page of the package".to_owned(),
            ..Finding::new(
                "identity/name-mismatch",
                format!(
                    "the lockfile asks for `{}`, the archive's {file} says `{}`",
                    escape(&package.name),
                    escape(manifest_name)
                ),
                vec![Span::file(file)],
            )
        });
    }
    if !manifest_version.is_empty() && !same_version(package, manifest_version) {
        findings.push(Finding {
            severity: Severity::High,
            help: "do not install it; compare the archive with the registry's page of the package".to_owned(),
            ..Finding::new(
                "identity/version-mismatch",
                format!(
                    "the lockfile asks for version {}, the archive's {file} says {}",
                    escape(&package.version),
                    escape(manifest_version)
                ),
                vec![Span::file(file)],
            )
        });
    }
    findings
}

/// Python's names have many spellings.
fn same_name(package: &Package, manifest: &str) -> bool {
    package.name == manifest
        || package.ecosystem == Ecosystem::Pypi && name::normal(&package.name) == name::normal(manifest)
}

fn same_version(package: &Package, manifest: &str) -> bool {
    if package.version == manifest {
        return true;
    }
    if package.ecosystem == Ecosystem::Pypi {
        // Without one in the lockfile there is nothing to compare.
        return package.version.is_empty() || name::same_version(&package.version, manifest);
    }
    let clean = |version: &str| {
        let version = version.trim().trim_start_matches(['v', 'V', '=', ' ']);
        version.split('+').next().unwrap_or(version).to_owned()
    };
    package.ecosystem == Ecosystem::Npm && clean(&package.version) == clean(manifest)
}

/// [`manifest_findings`] with the manifest read from the contents. A manifest that is not there or
/// cannot be read gives nothing here: the parsers of these files say so.
pub fn in_contents(package: &Package, contents: &Contents) -> Vec<Finding> {
    let field = |key| manifest::text_field(package.ecosystem, contents, key);
    let (name, version) = (field("name"), field("version"));
    let written =
        |field: &Option<(String, Span)>| field.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
    let mut findings = manifest_findings(package, &written(&name), &written(&version));
    for finding in &mut findings {
        let field = if finding.rule == "identity/name-mismatch" { &name } else { &version };
        finding.spans = field.iter().map(|(_, span)| span.clone()).collect();
    }
    findings.extend(shadows(package, contents));
    findings
}

/// Ranks of PyPI names whose modules are worth standing in for.
const SHADOWED: usize = 400;

/// A package for Python that installs, beside its own, a top-level package of the name of another one
/// that many have: whoever imports that gets this one's.
fn shadows(package: &Package, contents: &Contents) -> Option<Finding> {
    // What is known itself has its reasons, and so has one that is named after the other.
    let own = name::normal(&package.name);
    if package.ecosystem != Ecosystem::Pypi || rank(package).is_some_and(|rank| rank < 2 * SHADOWED) {
        return None;
    }
    let folders = contents.files.iter().filter_map(|file| {
        let inner = file.path.strip_prefix("src/").unwrap_or(&file.path);
        Some((inner.strip_suffix("/__init__.py").filter(|folder| !folder.contains('/'))?, file))
    });
    let known = popular::of(Ecosystem::Pypi);
    let (shadowed, others): (Vec<_>, Vec<_>) = folders.partition(|(folder, _)| {
        let asked = name::normal(folder);
        !own.contains(&asked)
            && !asked.contains(&own)
            && !COMMON.contains(&asked.as_str())
            && known.rank(Ecosystem::Pypi, &asked).is_some_and(|rank| rank < SHADOWED)
    });
    let (folder, file) = shadowed.first().filter(|_| !others.is_empty())?;
    let message = format!(
        "installs a package `{folder}` of its own in the place of the known `{}`",
        name::normal(folder)
    );
    Some(Finding::new("identity/shadows-module", message, vec![Span::file(file.path.clone())]))
}

/// Names that many packages give to folders of theirs, whoever has them on the registry.
const COMMON: &[&str] = &[
    "tests", "test", "docs", "doc", "examples", "scripts", "tools", "utils", "build", "common", "config",
    "core", "mock",
];
