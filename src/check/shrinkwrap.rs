//! A published `npm-shrinkwrap.json` that takes one dependency from elsewhere than all others.
//!
//! npm installs for whoever depends on the package exactly what that file says, from the address that
//! it says. One tarball of another host among those of a registry is not the package of that name.

use std::collections::BTreeMap;

use super::unstated::hosts;
use super::{Check, Subject};
use crate::json;
use crate::model::{Ecosystem, Finding, LineIndex, escape};

/// Largest file that is read, in bytes.
const MAX_FILE: usize = 8 << 20;
/// Dependencies from one host by which it is the one that all come from.
const MANY: usize = 3;
/// Where packages come from that nobody says otherwise of.
const REGISTRY: &str = "registry.npmjs.org";
/// Hosts that serve the sources of a repository as a tarball.
const FORGES: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// Tarballs from another host.
#[derive(Debug)]
pub struct Shrinkwrap;

impl Check for Shrinkwrap {
    fn rules(&self) -> &'static [&'static str] {
        &["malice/odd-tarball"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        const NAME: &str = "npm-shrinkwrap.json";
        if subject.package.ecosystem != Ecosystem::Npm || subject.package.first_party {
            return;
        }
        let text = subject.contents.get(NAME).filter(|bytes| bytes.len() <= MAX_FILE);
        let Some(text) = text.and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return };
        let Some((name, host, range)) = odd(text) else { return };
        let message = format!(
            "has `{}` installed from `{}`, unlike all other dependencies",
            escape(&name),
            escape(&host)
        );
        let span = LineIndex::new(NAME, text).span(range.start, range.end);
        out.push(Finding::new("malice/odd-tarball", message, vec![span]));
    }
}

/// The first dependency whose tarball lies on another host than those of nearly all others.
fn odd(text: &str) -> Option<(String, String, json::ByteRange)> {
    let root = json::parse(text).ok()?;
    let found: Vec<(&str, String, json::ByteRange)> = root
        .get("packages")?
        .members()
        .iter()
        .filter_map(|(path, _, entry)| {
            let resolved = entry.get("resolved")?;
            let host = hosts::host(resolved.as_str()?)?;
            let name = path.rsplit_once("node_modules/").map_or(&**path, |(_, name)| name);
            Some((name, host, resolved.range.clone()))
        })
        .collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, host, _) in &found {
        *count.entry(host).or_default() += 1;
    }
    // The registry, where it gives half of them or more; else the host that nearly all come from.
    let registry = count.get_key_value(REGISTRY).filter(|(_, many)| **many * 2 >= found.len());
    let (most, many) = registry.or_else(|| count.iter().max_by_key(|(_, many)| **many))?;
    if registry.is_none() && (*many < MANY || *many * 5 < found.len() * 4) {
        return None;
    }
    let forge = |host: &str| FORGES.iter().any(|forge| hosts::below(host, forge));
    let most = (*most).to_owned();
    found
        .into_iter()
        // A scope may have a registry of its own.
        .find(|(name, host, _)| *host != most && host != REGISTRY && !name.starts_with('@') && !forge(host))
        .map(|(name, host, range)| (name.to_owned(), host, range))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(entries: &[(&str, &str)]) -> String {
        let list: Vec<String> = entries
            .iter()
            .map(|(name, url)| {
                format!("\"node_modules/{name}\": {{ \"version\": \"1.0.0\", \"resolved\": \"{url}\" }}")
            })
            .collect();
        format!("{{ \"packages\": {{ \"\": {{ \"name\": \"x\" }}, {} }} }}", list.join(", "))
    }

    #[test]
    fn one_of_another_host() {
        let registry = |name: &'static str| (name, "https://registry.npmjs.org/a/-/a-1.0.0.tgz");
        let odd_one = ("d", "https://registry.npm-mirror.invalid/d/-/d-1.0.0.tgz");
        let found = odd(&lock(&[registry("a"), registry("b"), registry("c"), odd_one]));
        assert_eq!(
            found.map(|(name, host, _)| (name, host)),
            Some(("d".into(), "registry.npm-mirror.invalid".into()))
        );
        assert!(odd(&lock(&[registry("a"), registry("b"), registry("c"), registry("d")])).is_none());
        let own = ("@corp/d", "https://npm.corp.invalid/d.tgz");
        let source = ("d", "https://codeload.github.com/a/d/tar.gz/abc");
        assert!(odd(&lock(&[registry("a"), registry("b"), registry("c"), own])).is_none());
        assert!(odd(&lock(&[registry("a"), registry("b"), registry("c"), source])).is_none());
        assert!(odd(&lock(&[registry("a"), odd_one])).is_some());
        let mirror = |name: &'static str| (name, "https://npm.mirror.invalid/a.tgz");
        assert!(odd(&lock(&[registry("a"), mirror("b"), mirror("c"), mirror("d")])).is_none());
    }
}
