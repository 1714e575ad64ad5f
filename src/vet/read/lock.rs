//! `imports.lock`: what was imported, who published what.

use std::collections::BTreeMap;

use super::VetError;
use super::audits;
use super::table::{Doc, Table};
use crate::vet::entry::{Lock, Publisher, Unpublished};

/// Reads it.
pub fn read(file: &str, text: &str) -> Result<Lock, VetError> {
    let (doc, root) = Doc::parse(file, text)?;
    let root = doc.root(&root).only(&["publisher", "unpublished", "audits"])?;
    let mut imports = BTreeMap::new();
    if let Some(table) = root.child("audits")? {
        for name in table.entries().into_keys() {
            imports.insert(name.to_owned(), audits::table(table.required(name, table.child(name)?)?)?);
        }
    }
    Ok(Lock {
        publishers: root.lists("publisher", publisher)?,
        unpublished: root.lists("unpublished", unpublished)?,
        audits: imports,
    })
}

fn publisher(table: Table<'_, '_>) -> Result<Publisher, VetError> {
    let table =
        table.only(&["version", "when", "user-id", "user-login", "user-name", "trusted-publisher"])?;
    Ok(Publisher {
        version: table.required("version", table.parsed("version", str::parse)?)?,
        when: table.required("when", table.day("when")?)?,
        account: audits::account(table)?,
        login: table.owned("user-login")?,
        name: table.owned("user-name")?,
        at: table.location(),
    })
}

fn unpublished(table: Table<'_, '_>) -> Result<Unpublished, VetError> {
    let table = table.only(&["version", "audited_as"])?;
    Ok(Unpublished {
        version: table.required("version", table.parsed("version", str::parse)?)?,
        audited_as: table.required("audited_as", table.parsed("audited_as", str::parse)?)?,
        at: table.location(),
    })
}
