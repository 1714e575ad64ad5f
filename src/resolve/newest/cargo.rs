//! As `cargo install` or `cargo add` in an empty project.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};

use super::{MAX_PACKAGES, Registry, Wanted, absent, declared, missing, package, unmet, was_there};
use crate::model::{Dependency, Ecosystem, Listing, Need, Release, purl};
use crate::resolve::Resolution;

/// Rounds until the versions stand still; each round can only add requirements.
const MAX_ROUNDS: usize = 64;

/// Versions that are compatible with each other: name, and the number that must not differ.
type Slot = (String, (u64, u64, u64));

/// What is asked of a slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    requirements: BTreeSet<String>,
    features: BTreeSet<String>,
}

pub(super) fn resolve(one: &Wanted, registry: &dyn Registry, as_of: i64, out: &mut Resolution) {
    let listing = match registry.listing(Ecosystem::Cargo, &one.name) {
        Ok(listing) => listing,
        Err(error) => return missing(one, &error, out),
    };
    let requirement = match &one.requirement {
        // A bare version is that version.
        Some(text) if Version::parse(text).is_ok() => format!("={text}"),
        Some(text) => text.clone(),
        None => "*".to_owned(),
    };
    let Some(root) = choose(&listing, &[&requirement], as_of) else {
        return absent(one, "", out);
    };
    let slot = slot(&one.name, &root.version);
    let own = Asked {
        requirements: BTreeSet::from([requirement]),
        features: BTreeSet::from(["default".to_owned()]),
    };
    let mut asked: BTreeMap<Slot, Asked> = BTreeMap::from([(slot.clone(), own.clone())]);
    for _ in 0..MAX_ROUNDS {
        let next = round(&asked, (&slot, &own), registry, as_of, None);
        if next == asked || next.len() > MAX_PACKAGES {
            break;
        }
        asked = next;
    }
    round(&asked, (&slot, &own), registry, as_of, Some(out));
}

/// Looks at what is chosen by `asked` and what that asks for in turn. With `out`, writes it down.
fn round(
    asked: &BTreeMap<Slot, Asked>,
    root: (&Slot, &Asked),
    registry: &dyn Registry,
    as_of: i64,
    mut out: Option<&mut Resolution>,
) -> BTreeMap<Slot, Asked> {
    let mut next = BTreeMap::from([(root.0.clone(), root.1.clone())]);
    // Reached from the root, so that what an earlier round's version asked for is gone.
    let mut todo = vec![root.0.clone()];
    let mut done = BTreeSet::new();
    while let Some(slot) = todo.pop() {
        if !done.insert(slot.clone()) || done.len() > MAX_PACKAGES {
            continue;
        }
        let Some(of) = asked.get(&slot) else { continue };
        let Ok(listing) = registry.listing(Ecosystem::Cargo, &slot.0) else { continue };
        let all: Vec<&str> = of.requirements.iter().map(String::as_str).collect();
        let whole = choose(&listing, &all, as_of);
        // Requirements that no version meets together: the newest that meets one of them.
        let Some(release) = whole.or_else(|| all.iter().find_map(|one| choose(&listing, &[one], as_of)))
        else {
            continue;
        };
        let from = purl(Ecosystem::Cargo, &slot.0, &release.version, &[]);
        let (features, optional) = features(release, &of.features);
        if let Some(out) = out.as_deref_mut() {
            let mut package = package(Ecosystem::Cargo, &slot.0, release);
            package.features = features.iter().cloned().collect();
            out.packages.push(package);
            if whole.is_none() {
                unmet(&from, &slot.0, &all.join(", "), "no version meets all of them", out);
            }
        }
        for need in &release.needs {
            let local = need.alias.as_ref().unwrap_or(&need.name);
            let more = optional.get(local);
            if need.optional && more.is_none() {
                continue;
            }
            let found = registry.listing(Ecosystem::Cargo, &need.name).map_err(|error| error.to_string());
            let chosen = found.and_then(|listing| {
                let one = choose(&listing, &[&need.requirement], as_of);
                one.map(|release| release.version.clone()).ok_or_else(|| "no version meets it".to_owned())
            });
            let target = match chosen {
                Ok(version) => self::slot(&need.name, &version),
                Err(why) => {
                    if let Some(out) = out.as_deref_mut() {
                        unmet(&from, &need.name, &need.requirement, &why, out);
                    }
                    continue;
                }
            };
            ask(next.entry(target.clone()).or_default(), need, more);
            if let (Some(out), Some(to)) =
                (out.as_deref_mut(), version(asked.get(&target), &target, registry, as_of))
            {
                out.dependencies.push(Dependency {
                    from: from.clone(),
                    to: purl(Ecosystem::Cargo, &need.name, &to, &[]),
                    kind: need.kind,
                    requirement: need.requirement.clone(),
                    platform: need.condition.clone(),
                    declared: declared(&slot.0),
                });
            }
            todo.push(target);
        }
    }
    next
}

fn ask(asked: &mut Asked, need: &Need, more: Option<&BTreeSet<String>>) {
    asked.requirements.insert(need.requirement.clone());
    asked.features.extend(need.features.iter().cloned());
    asked.features.extend(more.into_iter().flatten().cloned());
    if need.default_features {
        asked.features.insert("default".to_owned());
    }
}

/// The version that a slot has.
fn version(asked: Option<&Asked>, slot: &Slot, registry: &dyn Registry, as_of: i64) -> Option<String> {
    let listing = registry.listing(Ecosystem::Cargo, &slot.0).ok()?;
    let all: Vec<&str> = asked?.requirements.iter().map(String::as_str).collect();
    let whole = choose(&listing, &all, as_of);
    let release = whole.or_else(|| all.iter().find_map(|one| choose(&listing, &[one], as_of)))?;
    Some(release.version.clone())
}

/// Features that are on, and for each requirement that they switch on the features asked of it.
fn features(
    release: &Release,
    asked: &BTreeSet<String>,
) -> (BTreeSet<String>, BTreeMap<String, BTreeSet<String>>) {
    let mut on: BTreeSet<String> = BTreeSet::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut weak: Vec<(String, String)> = Vec::new();
    let mut todo: Vec<String> = asked.iter().cloned().collect();
    while let Some(feature) = todo.pop() {
        if let Some(need) = feature.strip_prefix("dep:") {
            needs.entry(need.to_owned()).or_default();
        } else if let Some((need, inner)) = feature.split_once('/') {
            match need.strip_suffix('?') {
                Some(need) => weak.push((need.to_owned(), inner.to_owned())),
                None => drop(needs.entry(need.to_owned()).or_default().insert(inner.to_owned())),
            }
        } else if on.insert(feature.clone()) {
            match release.features.get(&feature) {
                Some(more) => todo.extend(more.iter().cloned()),
                // An optional requirement is a feature of its own name.
                None => drop(needs.entry(feature).or_default()),
            }
        }
    }
    for (need, inner) in weak {
        if let Some(features) = needs.get_mut(&need) {
            features.insert(inner);
        }
    }
    on.retain(|feature| release.features.contains_key(feature));
    (on, needs)
}

fn slot(name: &str, version: &str) -> Slot {
    let number = match Version::parse(version) {
        Ok(version) if version.major > 0 => (version.major, 0, 0),
        Ok(version) if version.minor > 0 => (0, version.minor, 0),
        Ok(version) => (0, 0, version.patch),
        Err(_) => (0, 0, 0),
    };
    (name.to_owned(), number)
}

/// The highest version that meets every requirement and is not yanked.
fn choose<'l>(listing: &'l Listing, requirements: &[&str], as_of: i64) -> Option<&'l Release> {
    let requirements: Vec<VersionReq> =
        requirements.iter().map(|text| VersionReq::parse(text)).collect::<Result<_, _>>().ok()?;
    listing
        .releases
        .iter()
        .filter(|release| release.yanked.is_none() && was_there(release, as_of))
        .filter_map(|release| Some((Version::parse(&release.version).ok()?, release)))
        .filter(|(version, _)| requirements.iter().all(|one| one.matches(version)))
        .max_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, release)| release)
}
