//! What fits neither the graph nor the day: `cargo vet` refuses to answer then, and so does
//! `bomvet vet check`.

use std::collections::{BTreeMap, BTreeSet};

use time::Date;

use super::Store;
use super::entry::PolicyKey;
use super::read::{VetError, wrong};
use super::require::{Needs, audit_version};
use crate::model::{Dependency, Package, Source, escape};

impl Store {
    /// Everything for which `cargo vet` would not answer: policies of packages that are not in the
    /// graph, policies of all versions for a package of crates.io, wildcard audits that end more
    /// than a year after `today` (UTC).
    pub fn problems(&self, packages: &[Package], dependencies: &[Dependency], today: Date) -> Vec<VetError> {
        let mut out = self.far(today);
        let needs = Needs::new(self, packages, dependencies);
        let mut versions: BTreeMap<&str, BTreeSet<PolicyKey>> = BTreeMap::new();
        let mut published: BTreeSet<&str> = BTreeSet::new();
        for package in needs.packages() {
            let key = PolicyKey { name: package.name.clone(), version: audit_version(package) };
            versions.entry(&package.name).or_default().insert(key);
            if matches!(&package.source, Source::Registry { registry: None, .. }) {
                published.insert(&package.name);
            }
        }
        for (key, policy) in &self.config.policy {
            let known = versions.get(key.name.as_str());
            let fits = known.is_some_and(|known| key.version.is_none() || known.contains(key));
            let shown = escape(&shown(key));
            if !fits {
                let message = format!("the policy of `{shown}` is about no package of the graph");
                out.push(wrong(&policy.at, message, Some("remove it".to_owned())));
            } else if key.version.is_none() && published.contains(key.name.as_str()) {
                let message = format!("the policy of `{shown}`, a package of crates.io, names no version");
                let help = format!("write `[policy.\"{shown}:VERSION\"]` for each version in use");
                out.push(wrong(&policy.at, message, Some(help)));
            } else if !policy.dependency_criteria.is_empty() && published.contains(key.name.as_str()) {
                let missing =
                    known.into_iter().flatten().find(|version| !self.config.policy.contains_key(version));
                if let Some(missing) = missing {
                    let message = format!(
                        "`{shown}` has `dependency-criteria`, and `{}` has no policy",
                        escape(&self::shown(missing))
                    );
                    out.push(wrong(&policy.at, message, None));
                }
            }
        }
        out
    }

    fn far(&self, today: Date) -> Vec<VetError> {
        let next = today.year() + 1;
        let last = today.replace_year(next).ok().or_else(|| today.previous_day()?.replace_year(next).ok());
        let all = self.audits.wildcards.values().flatten();
        let far = all.filter(|vouch| last.is_some_and(|last| vouch.end > last));
        far.map(|vouch| {
            let message = format!("this wildcard audit ends on {}, more than a year from now", vouch.end);
            wrong(&vouch.at, message, last.map(|last| format!("let it end on {last} or before")))
        })
        .collect()
    }
}

fn shown(key: &PolicyKey) -> String {
    match &key.version {
        Some(version) => format!("{}:{version}", key.name),
        None => key.name.clone(),
    }
}
