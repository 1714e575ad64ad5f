//! npm: the full packument (<https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>),
//! which alone has times and publishers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{DependencyKind, Digest, HashAlgorithm, Listing, Need, PlatformSpec, Release};

/// Reads a packument.
///
/// # Errors
/// Where it is not one.
pub fn parse(bytes: &[u8]) -> Result<Listing, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text(&value, "name").ok_or("has no `name`")?;
    let versions = value.get("versions").and_then(Value::as_object).ok_or("has no `versions`")?;
    let times: BTreeMap<&str, i64> = value
        .get("time")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(version, time)| Some((version.as_str(), super::time(time.as_str()?)?)))
        .collect();
    let mut out = Listing {
        created: times.get("created").copied(),
        tags: strings(value.get("dist-tags")),
        name,
        releases: Vec::new(),
    };
    for (version, entry) in versions {
        let dist = entry.get("dist");
        let field = |key: &str| dist.and_then(|dist| dist.get(key));
        let mut integrity =
            field("integrity").and_then(Value::as_str).map(Digest::parse_sri).unwrap_or_default();
        let sha1 = field("shasum").and_then(Value::as_str);
        integrity.extend(sha1.and_then(|hex| Digest::from_hex(HashAlgorithm::Sha1, hex)));
        let repository = match entry.get("repository") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => text(other, "url"),
            None => None,
        };
        out.releases.push(Release {
            version: version.clone(),
            published: times.get(version.as_str()).copied(),
            publisher: entry.get("_npmUser").and_then(|user| text(user, "name")),
            // `false` and the empty text undo an earlier one.
            deprecated: text(entry, "deprecated").filter(|why| !why.is_empty()),
            yanked: None,
            repository: repository.filter(|url| !url.trim().is_empty()),
            attested: Some(field("attestations").is_some_and(|one| one.is_object())),
            attestations: field("attestations").and_then(|one| text(one, "url")),
            integrity,
            url: field("tarball").and_then(Value::as_str).map(str::to_owned),
            licence: text(entry, "license"),
            platform: PlatformSpec {
                os: list(entry.get("os")),
                cpu: list(entry.get("cpu")),
                libc: list(entry.get("libc")),
            },
            needs: needs(entry),
            ..Release::default()
        });
    }
    Ok(out)
}

/// What a `package.json`, or a version's entry of a packument, asks for.
pub fn needs(entry: &Value) -> Vec<Need> {
    let optional = strings(entry.get("optionalDependencies"));
    let bundled = list(entry.get("bundleDependencies").or(entry.get("bundledDependencies")));
    let meta = entry.get("peerDependenciesMeta");
    let may_lack =
        |name: &str| meta.and_then(|meta| meta.get(name)?.get("optional")?.as_bool()).unwrap_or(false);
    let mut out: BTreeMap<String, Need> = BTreeMap::new();
    let sections = [
        ("peerDependencies", DependencyKind::Peer),
        ("dependencies", DependencyKind::Normal),
        ("optionalDependencies", DependencyKind::Optional),
    ];
    // What a later section names again counts there, as in npm.
    for (section, kind) in sections {
        for (name, requirement) in strings(entry.get(section)) {
            if bundled.contains(&name) || (kind == DependencyKind::Peer && may_lack(&name)) {
                continue;
            }
            let (real, requirement) = real_name(&name, &requirement);
            let need = Need {
                alias: (real != name).then(|| name.clone()),
                name: real,
                requirement,
                kind,
                optional: optional.contains_key(&name),
                condition: None,
                features: Vec::new(),
                default_features: true,
            };
            out.insert(name, need);
        }
    }
    out.into_values().collect()
}

/// `npm:name@range` is another package under this name.
fn real_name(name: &str, requirement: &str) -> (String, String) {
    let Some(alias) = requirement.strip_prefix("npm:") else {
        return (name.to_owned(), requirement.to_owned());
    };
    match alias.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => (alias[..at].to_owned(), alias[at + 1..].to_owned()),
        None => (alias.to_owned(), "*".to_owned()),
    }
}

fn strings(value: Option<&Value>) -> BTreeMap<String, String> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn list(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}
