//! Cargo: `Cargo.lock` for the packages, `cargo metadata` through guppy for the rest.

use std::path::Path;

use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::model::{
    Dependency, DependencyKind, Digest, Ecosystem, HashAlgorithm, Location, Package, PlatformSpec, Source,
    purl,
};

/// Resolves one `Cargo.lock`.
///
/// # Errors
/// Where it cannot be read or is not a lockfile.
pub fn resolve(root: &Path, project: &Project, _options: &Options) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let invalid = |message: String| ResolveError::Invalid {
        file: project.lockfile.clone(),
        line: 1,
        column: 1,
        message,
        help: "run `cargo generate-lockfile`".to_owned(),
    };
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| invalid(e.message().to_owned()))?;
    let entries = table.get("package").and_then(|p| p.as_array()).cloned().unwrap_or_default();
    let mut out = Resolution::default();
    let field =
        |entry: &toml::Value, key: &str| entry.get(key).and_then(|v| v.as_str()).unwrap_or("").to_owned();
    let at = Location { file: project.lockfile.as_str().into(), line: 1, column: 1 };
    for entry in &entries {
        let (name, version, source) = (field(entry, "name"), field(entry, "version"), field(entry, "source"));
        let first_party = source.is_empty();
        out.packages.push(Package {
            purl: purl(Ecosystem::Cargo, &name, &version, &[]),
            ecosystem: Ecosystem::Cargo,
            name,
            version,
            source: if first_party {
                Source::Path { path: ".".to_owned() }
            } else {
                Source::Registry { registry: None, url: None }
            },
            integrity: Digest::from_hex(HashAlgorithm::Sha256, &field(entry, "checksum"))
                .into_iter()
                .collect(),
            declared: at.clone(),
            first_party,
            optional: false,
            platform: PlatformSpec::default(),
            licence: None,
            features: Vec::new(),
            patches: None,
            folder: first_party.then(|| root.join(&project.dir)),
        });
    }
    for (entry, from) in entries.iter().zip(out.packages.clone()) {
        for dependency in entry.get("dependencies").and_then(|d| d.as_array()).into_iter().flatten() {
            let mut words = dependency.as_str().unwrap_or("").split(' ');
            let (name, version) = (words.next(), words.next());
            let to = out.packages.iter().find(|p| {
                Some(p.name.as_str()) == name && version.is_none_or(|version| version == p.version)
            });
            if let Some(to) = to {
                out.dependencies.push(Dependency {
                    from: from.purl.clone(),
                    to: to.purl.clone(),
                    kind: DependencyKind::Normal,
                    requirement: String::new(),
                    platform: None,
                    declared: at.clone(),
                });
            }
        }
    }
    Ok(out)
}
