//! Whether the files of a store fit each other.

use super::VetError;
use super::table::wrong;
use crate::model::{Location, escape};
use crate::vet::criteria::{Criteria, is_built_in};
use crate::vet::entry::{Audits, Config, Lock};

/// Refuses names of criteria that nothing declares, and declarations of those that are built in.
pub fn check(config: &Config, audits: &Audits, lock: &Lock, criteria: &Criteria) -> Result<(), VetError> {
    let known = |names: &[String], at: &Location| names.iter().try_for_each(|name| one(criteria, name, at));
    for (name, criterion) in &audits.criteria {
        if is_built_in(name) {
            return Err(wrong(&criterion.at, format!("`{name}` is built in and cannot be declared"), None));
        }
        known(&criterion.implies, &criterion.at)?;
    }
    for audits in std::iter::once(audits).chain(lock.audits.values()) {
        for audit in audits.audits.values().flatten() {
            known(&audit.criteria, &audit.at)?;
        }
        for vouch in audits.wildcards.values().chain(audits.trusted.values()).flatten() {
            known(&vouch.criteria, &vouch.at)?;
        }
    }
    for exemption in config.exemptions.values().flatten() {
        known(&exemption.criteria, &exemption.at)?;
    }
    for policy in config.policy.values() {
        let lists = policy.criteria.iter().chain(&policy.dev_criteria);
        for names in lists.chain(policy.dependency_criteria.values()) {
            known(names, &policy.at)?;
        }
    }
    fits(config, lock)?;
    Ok(())
}

/// Refuses a lock that was made for other imports.
fn fits(config: &Config, lock: &Lock) -> Result<(), VetError> {
    let help = || Some("let `cargo vet` fetch again, or use `bomvet vet import`".to_owned());
    let first = || Location { file: "imports.lock".into(), line: 1, column: 1 };
    for (name, import) in &config.imports {
        let Some(audits) = lock.audits.get(name) else {
            let message = format!("the import `{}` is not in `imports.lock`", escape(name));
            return Err(wrong(&import.at, message, help()));
        };
        let held = audits.audits.keys().chain(audits.wildcards.keys());
        if let Some(package) = held.into_iter().find(|package| import.exclude.contains(package)) {
            let message = format!(
                "the import `{}` leaves `{}` out, and `imports.lock` holds it",
                escape(name),
                escape(package)
            );
            return Err(wrong(&import.at, message, help()));
        }
    }
    match lock.audits.keys().find(|name| !config.imports.contains_key(*name)) {
        Some(name) => {
            let message = format!("`{}` is no import of `config.toml`", escape(name));
            Err(wrong(&first(), message, help()))
        }
        None => Ok(()),
    }
}

fn one(criteria: &Criteria, name: &str, at: &Location) -> Result<(), VetError> {
    if criteria.number(name).is_some() {
        return Ok(());
    }
    let all = criteria.all();
    let near = all
        .members()
        .map(|known| (strsim::damerau_levenshtein(criteria.name(known), name), criteria.name(known)))
        .min()
        .filter(|&(distance, known)| distance <= known.len() / 3)
        .map(|(_, known)| format!("did you mean `{known}`?"));
    let help = near.or_else(|| Some("declare it in `audits.toml`: `[criteria.NAME]`".to_owned()));
    Err(wrong(at, format!("unknown criterion `{}`", escape(name)), help))
}
