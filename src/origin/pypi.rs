//! PyPI: a page of the simple API in JSON (PEP 691) with `upload-time` (PEP 700), `yanked`
//! (PEP 592), `core-metadata` (PEP 658 and 714) and `provenance` (PEP 740). Who published a version
//! the API does not say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{Digest, HashAlgorithm, Listing, Release, ReleaseFile};
use crate::resolve::pypi::{digest_of, name};

#[derive(Debug, Deserialize)]
struct Page {
    name: String,
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    yanked: Value,
    #[serde(default)]
    upload_time: Option<String>,
    /// `null` says that there is none, its lack nothing.
    #[serde(default, deserialize_with = "present")]
    provenance: Option<Value>,
    #[serde(default)]
    requires_python: Option<String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    core_metadata: Value,
    /// The name that it had before PEP 714.
    #[serde(default)]
    dist_info_metadata: Value,
}

fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// What a page says of the metadata beside a file: `true`, digests, or that there is none.
fn beside(value: &Value) -> Option<Vec<Digest>> {
    match value {
        Value::Bool(true) => Some(Vec::new()),
        Value::Object(hashes) => {
            Some(hashes.iter().filter_map(|(name, hex)| digest_of(name, hex.as_str()?)).collect())
        }
        _ => None,
    }
}

/// Reads a page; a version is its archives together: as old as the first of them, withdrawn where
/// all are, attested where all are.
///
/// # Errors
/// Where it is not one, or an index answers in HTML, which has no times. `base` is its address.
pub fn parse(bytes: &[u8], base: &Url) -> Result<Listing, String> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err("is no JSON; the index does not speak PEP 691".to_owned());
    }
    let page: Page =
        serde_json::from_slice(bytes).map_err(|error| format!("is no page of the simple API: {error}"))?;
    let normal = name::normal(&page.name);
    let mut versions: BTreeMap<String, Release> = BTreeMap::new();
    for file in page.files {
        let Some(version) = name::of_file(&file.filename, &normal) else { continue };
        let yanked = match file.yanked {
            Value::String(why) => Some(why),
            Value::Bool(true) => Some(String::new()),
            _ => None,
        };
        let published = file.upload_time.as_deref().and_then(super::time);
        let attested = file.provenance.as_ref().map(|value| !value.is_null());
        let provenance = file.provenance.as_ref().and_then(Value::as_str);
        let provenance = provenance.and_then(|address| base.join(address).ok()).map(String::from);
        let digest = file.hashes.get("sha256").and_then(|hex| Digest::from_hex(HashAlgorithm::Sha256, hex));
        let Ok(url) = base.join(&file.url) else { continue };
        let listed = ReleaseFile {
            name: file.filename,
            url: url.to_string(),
            size: file.size,
            published,
            integrity: digest.iter().cloned().collect(),
            yanked: yanked.is_some(),
            provenance,
            requires_python: file.requires_python.filter(|text| !text.trim().is_empty()),
            metadata: beside(&file.core_metadata).or_else(|| beside(&file.dist_info_metadata)),
        };
        let release = versions.entry(version.clone()).or_insert_with(|| Release {
            version,
            published,
            yanked: yanked.clone(),
            attested,
            url: Some(url.to_string()),
            ..Release::default()
        });
        release.published = release.published.into_iter().chain(published).min();
        release.yanked = release.yanked.take().filter(|_| yanked.is_some());
        release.attested = match (release.attested, attested) {
            (Some(a), Some(b)) => Some(a && b),
            _ => None,
        };
        release.integrity.extend(digest);
        release.files.push(listed);
    }
    let releases: Vec<Release> = versions.into_values().collect();
    Ok(Listing {
        created: releases.iter().filter_map(|release| release.published).min(),
        name: page.name,
        tags: BTreeMap::new(),
        releases,
    })
}
