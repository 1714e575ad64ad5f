//! `audits.toml`: criteria, audits, wildcard audits, trusted accounts.

use std::collections::BTreeMap;

use super::VetError;
use super::table::{Doc, Table};
use crate::vet::entry::{Account, Audit, Audits, Criterion, Kind, Vouch};
use crate::vet::version::delta;

const TABLES: [&str; 4] = ["criteria", "audits", "wildcard-audits", "trusted"];
const TRUSTED: [&str; 7] =
    ["criteria", "user-id", "trusted-publisher", "start", "end", "notes", "aggregated-from"];
const WILDCARD: [&str; 9] =
    ["who", "criteria", "user-id", "trusted-publisher", "start", "end", "renew", "notes", "aggregated-from"];

/// Reads a file to the letter.
pub fn read(file: &str, text: &str) -> Result<Audits, VetError> {
    let (doc, root) = Doc::parse(file, text)?;
    table(doc.root(&root))
}

/// Reads the tables of a file, or of an import within `imports.lock`.
pub fn table(root: Table<'_, '_>) -> Result<Audits, VetError> {
    let root = root.only(&TABLES)?;
    root.required("audits", root.get("audits"))?;
    let mut criteria = BTreeMap::new();
    if let Some(table) = root.child("criteria")? {
        for name in table.entries().into_keys() {
            criteria.insert(name.to_owned(), criterion(table.required(name, table.child(name)?)?)?);
        }
    }
    Ok(Audits {
        criteria,
        audits: root.lists("audits", audit)?,
        wildcards: root.lists("wildcard-audits", |entry| vouch(entry.only(&WILDCARD)?, true))?,
        trusted: root.lists("trusted", |entry| vouch(entry.only(&TRUSTED)?, false))?,
    })
}

/// Reads somebody else's file.
pub fn foreign(file: &str, text: &str) -> Result<(Audits, Vec<String>), VetError> {
    let (doc, root) = Doc::parse(file, text)?;
    let root = doc.root(&root);
    root.required("audits", root.get("audits"))?;
    let mut left_out = Vec::new();
    if let Err(error) = root.only(&TABLES) {
        left_out.push(error.to_string());
    }
    let mut criteria = BTreeMap::new();
    match root.child("criteria") {
        Err(error) => left_out.push(error.to_string()),
        Ok(None) => {}
        Ok(Some(table)) => {
            for name in table.entries().into_keys() {
                let entry = table.child(name).and_then(|entry| criterion(table.required(name, entry)?));
                match entry {
                    Ok(entry) => {
                        criteria.insert(name.to_owned(), entry);
                    }
                    Err(error) => left_out.push(error.to_string()),
                }
            }
        }
    }
    let audits = Audits {
        criteria,
        audits: root.lists_leniently("audits", audit, &mut left_out),
        wildcards: root.lists_leniently("wildcard-audits", |entry| vouch(entry, true), &mut left_out),
        trusted: root.lists_leniently("trusted", |entry| vouch(entry, false), &mut left_out),
    };
    Ok((audits, left_out))
}

fn criterion(table: Table<'_, '_>) -> Result<Criterion, VetError> {
    let table = table.only(&["description", "description-url", "implies", "aggregated-from"])?;
    Ok(Criterion {
        description: table.owned("description")?,
        description_url: table.owned("description-url")?,
        implies: table.strings("implies")?.unwrap_or_default(),
        aggregated_from: table.strings("aggregated-from")?.unwrap_or_default(),
        at: table.location(),
    })
}

fn audit(table: Table<'_, '_>) -> Result<Audit, VetError> {
    let table = table.only(&[
        "who",
        "criteria",
        "version",
        "delta",
        "violation",
        "importable",
        "notes",
        "aggregated-from",
    ])?;
    let full = table.parsed("version", str::parse)?.map(Kind::Full);
    let changed = table.parsed("delta", delta)?.map(|(from, to)| Kind::Delta(from, to));
    let violation = table.parsed("violation", str::parse)?.map(Kind::Violation);
    let kind = match (full, changed, violation) {
        (Some(kind), None, None) | (None, Some(kind), None) | (None, None, Some(kind)) => kind,
        (None, None, None) => return Err(table.wrong("one of `version`, `delta`, `violation` is missing")),
        _ => return Err(table.wrong("only one of `version`, `delta`, `violation` may stand here")),
    };
    Ok(Audit {
        who: table.strings("who")?.unwrap_or_default(),
        criteria: table.strings("criteria")?.unwrap_or_default(),
        kind,
        importable: table.flag("importable")?.unwrap_or(true),
        notes: table.owned("notes")?,
        aggregated_from: table.strings("aggregated-from")?.unwrap_or_default(),
        at: table.location(),
    })
}

/// The account of an entry: a number or a name, not both.
pub fn account(table: Table<'_, '_>) -> Result<Account, VetError> {
    match (table.number("user-id")?, table.owned("trusted-publisher")?) {
        (Some(number), None) => Ok(Account::User(number)),
        (None, Some(name)) => Ok(Account::Trusted(name)),
        (None, None) => Err(table.wrong("`user-id` or `trusted-publisher` is missing")),
        (Some(_), Some(_)) => Err(table.wrong("only one of `user-id`, `trusted-publisher` may stand here")),
    }
}

fn vouch(table: Table<'_, '_>, wildcard: bool) -> Result<Vouch, VetError> {
    Ok(Vouch {
        who: if wildcard { table.strings("who")?.unwrap_or_default() } else { Vec::new() },
        criteria: table.strings("criteria")?.unwrap_or_default(),
        account: account(table)?,
        start: table.required("start", table.day("start")?)?,
        end: table.required("end", table.day("end")?)?,
        renew: if wildcard { table.flag("renew")? } else { None },
        notes: table.owned("notes")?,
        aggregated_from: table.strings("aggregated-from")?.unwrap_or_default(),
        at: table.location(),
    })
}
