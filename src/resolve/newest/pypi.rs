//! As `pip install name` in an empty environment, for CPython 3.12 on Linux x86-64.
//!
//! The newest version whose archives suit, that all who ask accept: no pre-release unless one asks
//! for it or there is nothing else, nothing withdrawn unless it is pinned. Markers hold or not for
//! that environment, and notes say what is left out for others.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use std::sync::Arc;

use pep440_rs::{Operator, Version, VersionSpecifiers};

use super::{ListingError, MAX_PACKAGES, Registry, Wanted, absent, declared, missing, package, unmet};
use crate::model::{
    Artifact, Dependency, DependencyKind, Ecosystem, Gap, GapKind, Listing, Package, Release, ReleaseFile,
    purl,
};
use crate::resolve::Resolution;
use crate::resolve::pypi::core::Core;
use crate::resolve::pypi::requirement::Requirement;
use crate::resolve::pypi::{marker, wheel};

/// Rounds until the versions stand still.
const MAX_ROUNDS: usize = 32;

/// Bytes up to which all archives of a version are judged, for whatever machine. A version with
/// more (numpy has some 1 GB) is judged by what the stated environment can install of it, and a
/// note says so: the graph is that environment's anyway.
const ALL_ARCHIVES_BYTES: u64 = 32 << 20;

/// What is asked of a distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    specifiers: BTreeSet<String>,
    extras: BTreeSet<String>,
}

/// Distributions by normal name.
type Asks = BTreeMap<String, Asked>;

/// One that is chosen.
struct Chosen<'l> {
    release: &'l Release,
    /// What pip would install.
    file: &'l ReleaseFile,
}

/// Requirements of archives, read once.
struct Cores<'r> {
    registry: &'r dyn Registry,
    known: BTreeMap<String, Result<Arc<Core>, String>>,
}

impl Cores<'_> {
    fn of(&mut self, name: &str, file: &ReleaseFile) -> Result<Arc<Core>, String> {
        let registry = self.registry;
        let read = || {
            let text = registry.core_metadata(name, file).map_err(|error| error.to_string())?;
            Core::parse(&text).map(Arc::new)
        };
        self.known.entry(file.name.clone()).or_insert_with(read).clone()
    }
}

pub(super) fn resolve(one: &Wanted, registry: &dyn Registry, as_of: i64, out: &mut Resolution) {
    let shown = crate::model::escape(&one.name);
    let root = match Requirement::parse(&one.name) {
        Ok(root) if root.specifiers.is_empty() && root.url.is_none() && root.marker.is_none() => root,
        _ => {
            return missing(
                one,
                &ListingError::Other(format!("`{shown}` is no name of a distribution")),
                out,
            );
        }
    };
    // As the world writes it.
    let one = &Wanted { name: root.name.clone(), ..one.clone() };
    let listing = match registry.listing(Ecosystem::Pypi, &root.name) {
        Ok(listing) => listing,
        Err(error) => return missing(one, &error, out),
    };
    let Some(specifiers) = specifiers(one.requirement.as_deref().unwrap_or("")) else {
        let why = format!(
            "`{}` is neither a version nor a specifier (PEP 440)",
            crate::model::escape(one.requirement.as_deref().unwrap_or(""))
        );
        return missing(one, &ListingError::Other(why), out);
    };
    if choose(&listing, &[&specifiers], as_of).is_none() {
        return absent(one, &format!("for {}", marker::ENVIRONMENT), out);
    }
    let own = Asked { specifiers: BTreeSet::from([specifiers]), extras: root.extras.into_iter().collect() };
    let own: Asks = BTreeMap::from([(root.name, own)]);
    settle(&own, registry, as_of, out);
}

/// Specifiers of what is written behind a name (`1.0`, `@latest`, `>=1,<2`).
fn specifiers(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('@').trim();
    if text.is_empty() || text == "latest" || text == "*" {
        return Some(String::new());
    }
    let text = if Version::from_str(text).is_ok() { format!("=={text}") } else { text.to_owned() };
    VersionSpecifiers::from_str(&text).is_ok().then_some(text)
}

/// Asks until the versions stand still, then writes them down.
fn settle(own: &Asks, registry: &dyn Registry, as_of: i64, out: &mut Resolution) {
    let mut cores = Cores { registry, known: BTreeMap::new() };
    let mut asked = own.clone();
    for _ in 0..MAX_ROUNDS {
        let next = round(&asked, own, &mut cores, as_of, None);
        if next == asked || next.len() > MAX_PACKAGES {
            break;
        }
        asked = next;
    }
    round(&asked, own, &mut cores, as_of, Some(out));
}

/// Looks at what is chosen by `asked` and what that asks for in turn. With `out`, writes it down.
fn round(
    asked: &Asks,
    own: &Asks,
    cores: &mut Cores<'_>,
    as_of: i64,
    mut out: Option<&mut Resolution>,
) -> Asks {
    let mut next = own.clone();
    // Reached from the root, so that what an earlier round's version asked for is gone.
    let mut todo: Vec<String> = own.keys().rev().cloned().collect();
    let mut done = BTreeSet::new();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = todo.pop() {
        if !done.insert(name.clone()) || done.len() > MAX_PACKAGES {
            continue;
        }
        let Some(of) = asked.get(&name) else { continue };
        let Ok(listing) = cores.registry.listing(Ecosystem::Pypi, &name) else { continue };
        let all: Vec<&str> = of.specifiers.iter().map(String::as_str).collect();
        let whole = choose(&listing, &all, as_of);
        let met = whole.is_some();
        let Some(chosen) = whole.or_else(|| all.iter().find_map(|one| choose(&listing, &[one], as_of)))
        else {
            continue;
        };
        let from = purl(Ecosystem::Pypi, &name, &chosen.release.version, &[]);
        let core = cores.of(&name, chosen.file);
        if let Some(out) = out.as_deref_mut() {
            write(&name, &chosen, as_of, &core, out);
            if !met {
                unmet(&from, &name, &all.join(", "), "no version meets all of them", out);
            }
        }
        let Ok(core) = core else { continue };
        for written in &core.requires {
            let need = match Requirement::parse(written) {
                Ok(need) => need,
                Err(why) => {
                    if let Some(out) = out.as_deref_mut() {
                        unmet(&from, &crate::model::escape(written), "", &why, out);
                    }
                    continue;
                }
            };
            // What cannot be read is taken to hold.
            if need.marker.as_deref().is_some_and(|text| marker::holds(text, &of.extras) == Some(false)) {
                if need.marker.as_deref().is_some_and(|text| !text.contains("extra")) {
                    left_out.insert(format!("`{}` of {name}", need.name));
                }
                continue;
            }
            if let Some(url) = &need.url {
                if let Some(out) = out.as_deref_mut() {
                    let why = format!("it is named by the address `{}`", crate::model::escape(url));
                    unmet(&from, &need.name, "", &why, out);
                }
                continue;
            }
            let found =
                cores.registry.listing(Ecosystem::Pypi, &need.name).map_err(|error| error.to_string());
            let there = found.and_then(|listing| match choose(&listing, &[&need.specifiers], as_of) {
                Some(_) => Ok(()),
                None => Err(format!("no version meets it for {}", marker::ENVIRONMENT)),
            });
            if let Err(why) = there {
                if let Some(out) = out.as_deref_mut() {
                    unmet(&from, &need.name, &need.specifiers, &why, out);
                }
                continue;
            }
            let entry = next.entry(need.name.clone()).or_default();
            entry.specifiers.insert(need.specifiers.clone());
            entry.extras.extend(need.extras.iter().cloned());
            if let (Some(out), Some(to)) =
                (out.as_deref_mut(), version(asked.get(&need.name), &need.name, cores.registry, as_of))
            {
                out.dependencies.push(Dependency {
                    from: from.clone(),
                    to: purl(Ecosystem::Pypi, &need.name, &to, &[]),
                    kind: DependencyKind::Normal,
                    requirement: need.specifiers.clone(),
                    platform: need.marker.clone(),
                    declared: declared(&name),
                });
            }
            todo.push(need.name);
        }
    }
    if let (Some(out), false) = (out, left_out.is_empty()) {
        let count = left_out.len();
        let shown: Vec<String> = left_out.into_iter().take(5).collect();
        let more =
            if count > shown.len() { format!(" and {} more", count - shown.len()) } else { String::new() };
        out.notes.push(format!(
            "resolved for {}; asked for on other machines only, and not looked at: {}{more}",
            marker::ENVIRONMENT,
            shown.join(", ")
        ));
    }
    next
}

/// The version that a name has.
fn version(asked: Option<&Asked>, name: &str, registry: &dyn Registry, as_of: i64) -> Option<String> {
    let listing = registry.listing(Ecosystem::Pypi, name).ok()?;
    let all: Vec<&str> = asked?.specifiers.iter().map(String::as_str).collect();
    let chosen = choose(&listing, &all, as_of);
    let chosen = chosen.or_else(|| all.iter().find_map(|one| choose(&listing, &[one], as_of)))?;
    Some(chosen.release.version.clone())
}

/// Writes a chosen version down, with what could not be learnt of it.
fn write(
    name: &str,
    chosen: &Chosen<'_>,
    as_of: i64,
    core: &Result<Arc<Core>, String>,
    out: &mut Resolution,
) {
    let (artifacts, others) = archives(chosen, as_of);
    let mut integrity: Vec<_> = artifacts.iter().flat_map(|one| one.integrity.clone()).collect();
    integrity.sort_by(|a, b| b.cmp(a));
    integrity.dedup();
    let package = Package { artifacts, integrity, ..package(Ecosystem::Pypi, name, chosen.release) };
    let label = package.label();
    if others > 0 {
        out.notes.push(format!(
            "{label} is judged by what {} installs of it; {others} archives for other machines are not looked at",
            marker::ENVIRONMENT
        ));
    }
    let gap = match core {
        Err(why) => Some(format!("what {label} asks for is not known, and not in the graph: {why}")),
        Ok(core) if wheel::rank(&chosen.file.name) == Some(0) => {
            let then = if core.fixed { "" } else { ", and what it then asks for" };
            Some(format!("{label} is built from source: what the build takes{then} is not in the graph"))
        }
        Ok(_) => None,
    };
    out.gaps.extend(gap.map(|message| (package.purl.clone(), Gap::new(GapKind::NotCovered, message))));
    out.packages.push(package);
}

/// The archives that are judged, and how many are not.
fn archives(chosen: &Chosen<'_>, as_of: i64) -> (Vec<Artifact>, usize) {
    let there: Vec<&ReleaseFile> =
        chosen.release.files.iter().filter(|file| was_there(file, as_of)).collect();
    let sizes: Option<u64> = there.iter().map(|file| file.size).sum();
    let all = sizes.is_some_and(|sum| sum <= ALL_ARCHIVES_BYTES);
    let judged = |file: &&&ReleaseFile| all || file.name == chosen.file.name;
    let mut out: Vec<Artifact> = there
        .iter()
        .filter(judged)
        .map(|file| Artifact {
            name: file.name.clone(),
            url: Some(file.url.clone()),
            integrity: file.integrity.clone(),
        })
        .collect();
    out.sort();
    out.dedup();
    let others = there.len().saturating_sub(out.len());
    (out, others)
}

fn was_there(file: &ReleaseFile, as_of: i64) -> bool {
    file.published.is_none_or(|published| published <= as_of)
}

/// The newest version that meets all specifiers and can be installed.
fn choose<'l>(listing: &'l Listing, specifiers: &[&str], as_of: i64) -> Option<Chosen<'l>> {
    let specifiers: Vec<VersionSpecifiers> =
        specifiers.iter().map(|text| VersionSpecifiers::from_str(text)).collect::<Result<_, _>>().ok()?;
    let every = || specifiers.iter().flat_map(|list| list.iter());
    let pinned = every().any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
    let newest = |early: bool| {
        listing
            .releases
            .iter()
            .filter_map(|release| Some((Version::from_str(&release.version).ok()?, release)))
            .filter(|(version, _)| early || !version.any_prerelease())
            .filter(|(version, _)| specifiers.iter().all(|list| list.contains(version)))
            .filter_map(|(version, release)| {
                let suits = |file: &&ReleaseFile| {
                    was_there(file, as_of)
                        && (pinned || !file.yanked)
                        && marker::python_fits(file.requires_python.as_deref())
                };
                let ranked = release.files.iter().filter(suits);
                let ranked = ranked.filter_map(|file| Some((wheel::rank(&file.name)?, file)));
                let (_, file) = ranked.max_by(|(a, x), (b, y)| (a, &y.name).cmp(&(b, &x.name)))?;
                Some((version, Chosen { release, file }))
            })
            .max_by(|(a, _), (b, _)| a.cmp(b))
            .map(|(_, chosen)| chosen)
    };
    let early = every().any(pep440_rs::VersionSpecifier::any_prerelease);
    newest(early).or_else(|| newest(true))
}
