//! A folder that is a package though no lockfile pins what it asks for.

use std::path::Path;

use super::read_text;
use crate::model::{Ecosystem, Location, Package, Source, purl};

/// The package whose manifest lies at the root, by its name and version; `None` where there is
/// none or it cannot be read, which the check of its contents says.
pub(super) fn package(root: &Path) -> Option<Package> {
    npm(root)
        .or_else(|| toml(root, "Cargo.toml", "package", Ecosystem::Cargo))
        .or_else(|| toml(root, "pyproject.toml", "project", Ecosystem::Pypi))
}

fn npm(root: &Path) -> Option<Package> {
    let file = "package.json";
    let text = read_text(root, file).ok()?;
    let json: serde_json::Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let field = |key: &str| json.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    Some(own(Ecosystem::Npm, field("name"), field("version"), file))
}

fn toml(root: &Path, file: &str, table: &str, ecosystem: Ecosystem) -> Option<Package> {
    let text = read_text(root, file).ok()?;
    let manifest: toml::Table = toml::from_str(&text).ok()?;
    let table = manifest.get(table)?;
    let field = |key: &str| table.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    Some(own(ecosystem, field("name"), field("version"), file))
}

fn own(ecosystem: Ecosystem, name: &str, version: &str, file: &str) -> Package {
    let name = if name.is_empty() { "package" } else { name };
    let declared = Location { file: file.into(), line: 1, column: 1 };
    Package {
        purl: purl(ecosystem, name, version, &[("download_url", "file://.")]),
        source: Source::Path { path: ".".to_owned() },
        first_party: true,
        ..Package::registry(ecosystem, name, version, declared)
    }
}
