//! Somebody else's audits in one's own criteria.

use super::criteria::{Criteria, SAFE_TO_DEPLOY, SAFE_TO_RUN, is_built_in};
use super::entry::{Audits, Import};

/// What counts of a published file: audits and wildcard audits of packages that are not excluded,
/// that may be imported, and whose criteria mean something here. Each criterion, with all that it
/// implies there, becomes what the map says; the two built-in ones mean themselves unless it says
/// otherwise. Beside it, what was left out for naming no criterion that its own file declares.
pub fn imported(own: &Criteria, import: &Import, mut theirs: Audits) -> (Audits, Vec<String>) {
    theirs.criteria.retain(|name, _| !is_built_in(name));
    let criteria = Criteria::new(&theirs.criteria);
    let mut left_out = Vec::new();
    let here = |names: &[String]| -> Vec<String> {
        let mut set = super::criteria::Set::default();
        for one in criteria.set(names).members() {
            let name = criteria.name(one);
            match import.criteria_map.get(name) {
                Some(mapped) => {
                    set.merge(&own.set(mapped));
                }
                None if matches!(name, SAFE_TO_RUN | SAFE_TO_DEPLOY) => {
                    set.merge(&own.set([&name.to_owned()]));
                }
                None => {}
            }
        }
        own.names(&set)
    };
    let mut known = |names: &[String], what: &dyn Fn() -> String| {
        let known = names.iter().any(|name| criteria.number(name).is_some());
        if !known {
            left_out.push(what());
        }
        known
    };
    let mut out = Audits { criteria: theirs.criteria.clone(), ..Audits::default() };
    out.criteria.retain(|name, _| import.criteria_map.contains_key(name));
    let counts = |name: &String| !import.exclude.contains(name);
    for (name, entries) in theirs.audits.into_iter().filter(|(name, _)| counts(name)) {
        for mut entry in entries.into_iter().filter(|entry| entry.importable) {
            let at = entry.at.clone();
            if !known(&entry.criteria, &|| unknown(&at, &name)) {
                continue;
            }
            entry.criteria = here(&entry.criteria);
            if !entry.criteria.is_empty() {
                out.audits.entry(name.clone()).or_default().push(entry);
            }
        }
    }
    for (name, entries) in theirs.wildcards.into_iter().filter(|(name, _)| counts(name)) {
        for mut entry in entries {
            let at = entry.at.clone();
            if !known(&entry.criteria, &|| unknown(&at, &name)) {
                continue;
            }
            entry.criteria = here(&entry.criteria);
            if !entry.criteria.is_empty() {
                out.wildcards.entry(name.clone()).or_default().push(entry);
            }
        }
    }
    (out, left_out)
}

fn unknown(at: &crate::model::Location, name: &str) -> String {
    format!(
        "{}:{}:{}: no criterion of `{}` is declared",
        at.file,
        at.line,
        at.column,
        crate::model::escape(name)
    )
}
