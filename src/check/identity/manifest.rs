//! The manifest inside an archive against the lockfile that asked for it.

use serde::Deserialize;

use crate::model::{Contents, Ecosystem, Finding, LineIndex, Package, Severity, Source, Span, escape};

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
    let file = manifest_file(package.ecosystem);
    if !manifest_name.is_empty() && manifest_name != package.name {
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

fn manifest_file(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Cargo => "Cargo.toml",
        Ecosystem::Npm => "package.json",
    }
}

fn same_version(package: &Package, manifest: &str) -> bool {
    if package.version == manifest {
        return true;
    }
    let clean = |version: &str| {
        let version = version.trim().trim_start_matches(['v', 'V', '=', ' ']);
        version.split('+').next().unwrap_or(version).to_owned()
    };
    package.ecosystem == Ecosystem::Npm && clean(&package.version) == clean(manifest)
}

#[derive(Debug, Default, Deserialize)]
struct Names {
    name: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct CargoToml {
    package: Option<toml::Table>,
}

/// [`manifest_findings`] with the manifest read from the contents. A manifest that is not there or
/// cannot be read gives nothing here: the parsers of these files say so.
pub fn in_contents(package: &Package, contents: &Contents) -> Vec<Finding> {
    let file = manifest_file(package.ecosystem);
    let Some(text) = contents.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return Vec::new();
    };
    let text = text.trim_start_matches('\u{feff}');
    let (name, version) = match package.ecosystem {
        Ecosystem::Npm => {
            let names: Names = serde_json::from_str(text).unwrap_or_default();
            let text = |value: Option<serde_json::Value>| value.and_then(|v| v.as_str().map(str::to_owned));
            (text(names.name), text(names.version))
        }
        Ecosystem::Cargo => {
            let table = toml::from_str::<CargoToml>(text).ok().and_then(|manifest| manifest.package);
            let text = |key: &str| table.as_ref()?.get(key)?.as_str().map(str::to_owned);
            (text("name"), text("version"))
        }
    };
    let (name, version) = (name.unwrap_or_default(), version.unwrap_or_default());
    let mut findings = manifest_findings(package, &name, &version);
    let index = LineIndex::new(file, text);
    for finding in &mut findings {
        let (key, value) =
            if finding.rule.ends_with("name-mismatch") { ("name", &name) } else { ("version", &version) };
        if let Some(span) = place(&index, key, value) {
            finding.spans = vec![span];
        }
    }
    findings
}

/// The first place where `key` is followed by `"value"`, in JSON or TOML.
fn place(index: &LineIndex<'_>, key: &str, value: &str) -> Option<Span> {
    let text = index.text();
    let quoted = format!("\"{value}\"");
    text.match_indices(key).find_map(|(at, _)| {
        let from = at + key.len();
        let rest = text[from..].trim_start_matches(['"', ' ', '\t', ':', '=']);
        let start = text.len() - rest.len();
        // The quotation mark that opens the value was taken off with the separators.
        let start = start
            .checked_sub(1)
            .filter(|start| text.get(*start..).is_some_and(|t| t.starts_with(&quoted)))?;
        Some(index.span(start, start + quoted.len()))
    })
}
