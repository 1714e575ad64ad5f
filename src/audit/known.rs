//! What an archive that is given as the target asks for, by its own manifest.

use std::collections::BTreeMap;

use crate::model::{DependencyKind, Need, Release, ReleaseFile};
use crate::origin;
use crate::resolve::newest::Known;

/// By `package.json`.
pub(super) fn npm(manifest: &serde_json::Value, version: &str) -> Known {
    let release =
        Release { version: version.to_owned(), needs: origin::npm::needs(manifest), ..Release::default() };
    Known { release, core: None }
}

/// By core metadata; `built`: a source archive, that a build may add requirements to.
pub(super) fn pypi(core: String, version: &str, built: bool) -> Known {
    let files = if built { vec![ReleaseFile::default()] } else { Vec::new() };
    Known { release: Release { version: version.to_owned(), files, ..Release::default() }, core: Some(core) }
}

/// By `Cargo.toml`, as cargo writes it into an archive: nothing is inherited from a workspace.
pub(super) fn cargo(manifest: &toml::Table, version: &str) -> Known {
    let mut needs = Vec::new();
    sections(manifest, None, &mut needs);
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    for (condition, section) in targets.into_iter().flatten() {
        if let Some(section) = section.as_table() {
            sections(section, Some(condition), &mut needs);
        }
    }
    let features = manifest.get("features").and_then(toml::Value::as_table).into_iter().flatten();
    let features: BTreeMap<String, Vec<String>> =
        features.map(|(name, on)| (name.clone(), strings(Some(on)))).collect();
    Known {
        release: Release { version: version.to_owned(), needs, features, ..Release::default() },
        core: None,
    }
}

fn sections(table: &toml::Table, condition: Option<&str>, out: &mut Vec<Need>) {
    let sections = [
        ("dependencies", DependencyKind::Normal),
        ("build-dependencies", DependencyKind::Build),
        ("build_dependencies", DependencyKind::Build),
    ];
    for (section, kind) in sections {
        for (local, value) in table.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
            let field = |key: &str| value.get(key);
            let text = |key: &str| field(key).and_then(toml::Value::as_str);
            let flag = |key: &str| field(key).and_then(toml::Value::as_bool);
            let name = text("package").unwrap_or(local);
            let default = flag("default-features").or_else(|| flag("default_features"));
            out.push(Need {
                name: name.to_owned(),
                alias: (name != local).then(|| local.clone()),
                requirement: value.as_str().or_else(|| text("version")).unwrap_or("*").to_owned(),
                kind,
                optional: flag("optional").unwrap_or(false),
                condition: condition.map(str::to_owned),
                features: strings(field("features")),
                default_features: default.unwrap_or(true),
            });
        }
    }
}

fn strings(value: Option<&toml::Value>) -> Vec<String> {
    let list = value.and_then(toml::Value::as_array).into_iter().flatten();
    list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crates_manifest_is_read_whole() {
        let text = "[package]\nname=\"x\"\n[dependencies.a]\nversion=\"1\"\npackage=\"real\"\nfeatures=[\"f\"]\ndefault-features=false\n[dependencies]\nb=\"^2\"\n[dev-dependencies]\nno=\"1\"\n[target.\"cfg(unix)\".build-dependencies.c]\nversion=\"3\"\noptional=true\n[features]\ndefault=[\"dep:c\"]\n";
        let known = cargo(&toml::from_str(text).expect("TOML"), "1.0.0");
        let shown: Vec<String> = known
            .release
            .needs
            .iter()
            .map(|need| {
                format!(
                    "{} {:?} {} {:?} {} {:?} {:?} {}",
                    need.name,
                    need.alias,
                    need.requirement,
                    need.kind,
                    need.optional,
                    need.condition,
                    need.features,
                    need.default_features
                )
            })
            .collect();
        let want = [
            "real Some(\"a\") 1 Normal false None [\"f\"] false",
            "b None ^2 Normal false None [] true",
            "c None 3 Build true Some(\"cfg(unix)\") [] true",
        ];
        assert_eq!(shown, want);
        assert_eq!(known.release.features["default"], ["dep:c"]);
    }
}
