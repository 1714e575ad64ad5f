//! As `npm install name` in an empty folder.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nodejs_semver::{Range, Version};

use super::{MAX_PACKAGES, Registry, Wanted, absent, declared, missing, package, unmet, was_there};
use crate::model::{Dependency, DependencyKind, Ecosystem, Listing, Release};
use crate::resolve::Resolution;

/// A package that is in the tree and whose requirements are not looked at yet.
struct Open {
    purl: String,
    release: Release,
    optional: bool,
}

pub(super) fn resolve(one: &Wanted, registry: &dyn Registry, as_of: i64, out: &mut Resolution) {
    let requirement = one.requirement.as_deref().unwrap_or("latest");
    let listing = match registry.listing(Ecosystem::Npm, &one.name) {
        Ok(listing) => listing,
        Err(error) => return missing(one, &error, out),
    };
    let Some(release) = choose(&listing, requirement, as_of) else {
        return absent(one, "", out);
    };
    let mut tree = Tree { top: BTreeMap::new(), seen: BTreeSet::new(), queue: VecDeque::new() };
    tree.top.insert(one.name.clone(), (one.name.clone(), release.version.clone()));
    tree.add(&one.name, release, false, out);
    while let Some(open) = tree.queue.pop_front() {
        let mut needs: Vec<_> = open.release.needs.iter().collect();
        needs.sort_by_key(|need| need.alias.as_ref().unwrap_or(&need.name));
        for need in needs {
            let place = need.alias.as_ref().unwrap_or(&need.name);
            let optional = open.optional || need.optional;
            // What stands at the top serves everyone that it fits.
            let at_top = tree
                .top
                .get(place)
                .filter(|(name, version)| *name == need.name && fits(version, &need.requirement));
            let version = match at_top {
                Some((_, version)) => version.clone(),
                None => {
                    let found =
                        registry.listing(Ecosystem::Npm, &need.name).map_err(|error| error.to_string());
                    let chosen = found.and_then(|listing| {
                        choose(&listing, &need.requirement, as_of)
                            .cloned()
                            .ok_or_else(|| "no version meets it".to_owned())
                    });
                    match chosen {
                        Ok(release) if tree.seen.len() < MAX_PACKAGES => {
                            tree.top
                                .entry(place.clone())
                                .or_insert((need.name.clone(), release.version.clone()));
                            tree.add(&need.name, &release, optional, out);
                            release.version
                        }
                        Ok(_) => {
                            let why = format!("more than {MAX_PACKAGES} packages");
                            unmet(&open.purl, &need.name, &need.requirement, &why, out);
                            continue;
                        }
                        Err(why) => {
                            unmet(&open.purl, &need.name, &need.requirement, &why, out);
                            continue;
                        }
                    }
                }
            };
            out.dependencies.push(Dependency {
                from: open.purl.clone(),
                to: crate::model::purl(Ecosystem::Npm, &need.name, &version, &[]),
                kind: if need.optional { DependencyKind::Optional } else { need.kind },
                requirement: need.requirement.clone(),
                platform: None,
                declared: declared(&one.name),
            });
        }
    }
}

struct Tree {
    /// By name at the top of `node_modules`: real name and version.
    top: BTreeMap<String, (String, String)>,
    seen: BTreeSet<String>,
    queue: VecDeque<Open>,
}

impl Tree {
    fn add(&mut self, name: &str, release: &Release, optional: bool, out: &mut Resolution) {
        let mut package = package(Ecosystem::Npm, name, release);
        package.optional = optional;
        if self.seen.insert(package.purl.clone()) {
            self.queue.push_back(Open { purl: package.purl.clone(), release: release.clone(), optional });
        }
        out.packages.push(package);
    }
}

fn fits(version: &str, requirement: &str) -> bool {
    let requirement = if requirement.trim().is_empty() { "*" } else { requirement };
    match (Version::parse(version), Range::parse(requirement)) {
        (Ok(version), Ok(range)) => range.satisfies(&version),
        _ => false,
    }
}

/// The version that npm picks (npm-pick-manifest): a tag's; else that of `latest` where it fits;
/// else the highest that fits, one that is not deprecated before one that is.
fn choose<'l>(listing: &'l Listing, requirement: &str, as_of: i64) -> Option<&'l Release> {
    let requirement = requirement.trim();
    let there = |release: &&Release| was_there(release, as_of);
    let latest = listing.tags.get("latest").and_then(|version| listing.release(version)).filter(there);
    let highest = |fits: &dyn Fn(&Version) -> bool| {
        listing
            .releases
            .iter()
            .filter(there)
            .filter_map(|release| Some((Version::parse(&release.version).ok()?, release)))
            .filter(|(version, _)| fits(version))
            .max_by(|(a, x), (b, y)| (x.deprecated.is_none(), a).cmp(&(y.deprecated.is_none(), b)))
            .map(|(_, release)| release)
    };
    if requirement == "latest" {
        // What the tag was at an earlier time is not kept: the highest full version of then.
        return latest.or_else(|| highest(&|version| !version.is_prerelease()));
    }
    if let Some(version) = listing.tags.get(requirement) {
        return listing.release(version).filter(there);
    }
    let range = Range::parse(if requirement.is_empty() { "*" } else { requirement }).ok()?;
    let of_latest = latest.filter(|release| {
        release.deprecated.is_none()
            && Version::parse(&release.version).is_ok_and(|version| range.satisfies(&version))
    });
    of_latest.or_else(|| highest(&|version| range.satisfies(version)))
}
