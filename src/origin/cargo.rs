//! Cargo: the lines of a sparse index
//! (<https://doc.rust-lang.org/cargo/reference/registry-index.html#json-schema>). Times stand in
//! `pubtime` where the registry writes them; publishers only in crates.io's own API.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{DependencyKind, Digest, HashAlgorithm, Listing, Need, Release};

#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    vers: String,
    #[serde(default)]
    deps: Vec<Dep>,
    #[serde(default)]
    cksum: String,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    features2: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    yanked: bool,
    #[serde(default)]
    pubtime: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Dep {
    name: String,
    req: String,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes")]
    default_features: bool,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    package: Option<String>,
}

fn yes() -> bool {
    true
}

/// Reads the lines of one crate.
///
/// # Errors
/// Where a line is not one of an index.
pub fn parse(bytes: &[u8]) -> Result<Listing, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let mut out = Listing::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| format!("line {} is not one of an index: {error}", at + 1))?;
        let published = line.pubtime.as_deref().and_then(super::time);
        out.created = out.created.into_iter().chain(published).min();
        let mut features = line.features;
        features.extend(line.features2.unwrap_or_default());
        out.releases.push(Release {
            version: line.vers,
            published,
            yanked: line.yanked.then(String::new),
            integrity: Digest::from_hex(HashAlgorithm::Sha256, &line.cksum).into_iter().collect(),
            needs: line.deps.into_iter().filter_map(need).collect(),
            features,
            ..Release::default()
        });
        out.name = line.name;
    }
    if out.releases.is_empty() {
        return Err("names no version".to_owned());
    }
    Ok(out)
}

/// Requirements of development are no part of what a dependant gets.
fn need(dep: Dep) -> Option<Need> {
    let kind = match dep.kind.as_deref() {
        Some("dev") => return None,
        Some("build") => DependencyKind::Build,
        _ => DependencyKind::Normal,
    };
    let (name, alias) = match dep.package {
        Some(real) => (real, Some(dep.name)),
        None => (dep.name, None),
    };
    Some(Need {
        name,
        alias,
        requirement: dep.req,
        kind,
        optional: dep.optional,
        condition: dep.target,
        features: dep.features,
        default_features: dep.default_features,
    })
}
