//! `config.toml`: imports, policy, exemptions.

use std::collections::BTreeMap;

use super::VetError;
use super::table::{Doc, Table};
use crate::model::escape;
use crate::vet::criteria::SAFE_TO_DEPLOY;
use crate::vet::entry::{Config, Exemption, Import, Policy, PolicyKey};

/// Reads it.
pub fn read(file: &str, text: &str) -> Result<Config, VetError> {
    let (doc, root) = Doc::parse(file, text)?;
    let root = doc.root(&root).only(&["cargo-vet", "default-criteria", "imports", "policy", "exemptions"])?;
    let version = match root.child("cargo-vet")? {
        Some(table) => table.only(&["version"])?.owned("version")?,
        None => None,
    };
    let mut imports = BTreeMap::new();
    if let Some(table) = root.child("imports")? {
        for name in table.entries().into_keys() {
            imports.insert(name.to_owned(), import(table.required(name, table.child(name)?)?)?);
        }
    }
    let mut policy = BTreeMap::new();
    if let Some(table) = root.child("policy")? {
        for name in table.entries().into_keys() {
            policy.insert(key(table, name)?, one_policy(table.required(name, table.child(name)?)?)?);
        }
    }
    Ok(Config {
        default_criteria: root.owned("default-criteria")?.unwrap_or_else(|| SAFE_TO_DEPLOY.to_owned()),
        version,
        imports,
        policy,
        exemptions: root.lists("exemptions", exemption)?,
    })
}

fn import(table: Table<'_, '_>) -> Result<Import, VetError> {
    let table = table.only(&["url", "exclude", "criteria-map"])?;
    Ok(Import {
        url: table.required("url", table.strings("url")?)?,
        exclude: table.strings("exclude")?.unwrap_or_default(),
        criteria_map: lists(table, "criteria-map")?,
        at: table.location(),
    })
}

/// A table of lists of texts.
fn lists(table: Table<'_, '_>, key: &str) -> Result<BTreeMap<String, Vec<String>>, VetError> {
    let Some(map) = table.child(key)? else { return Ok(BTreeMap::new()) };
    map.entries()
        .into_iter()
        .map(|(name, (_, value))| Ok((name.to_owned(), map.string_list(name, value)?)))
        .collect()
}

/// `NAME` or `NAME:VERSION`.
fn key(table: Table<'_, '_>, text: &str) -> Result<PolicyKey, VetError> {
    let Some((name, version)) = text.split_once(':') else {
        return Ok(PolicyKey { name: text.to_owned(), version: None });
    };
    let version = version
        .parse()
        .map_err(|why| table.wrong(format!("`{}` is not `NAME:VERSION`: {why}", escape(text))))?;
    Ok(PolicyKey { name: name.to_owned(), version: Some(version) })
}

fn one_policy(table: Table<'_, '_>) -> Result<Policy, VetError> {
    let table =
        table.only(&["audit-as-crates-io", "criteria", "dev-criteria", "dependency-criteria", "notes"])?;
    Ok(Policy {
        audit_as_crates_io: table.flag("audit-as-crates-io")?,
        criteria: table.strings("criteria")?,
        dev_criteria: table.strings("dev-criteria")?,
        dependency_criteria: lists(table, "dependency-criteria")?,
        notes: table.owned("notes")?,
        at: table.location(),
    })
}

fn exemption(table: Table<'_, '_>) -> Result<Exemption, VetError> {
    let table = table.only(&["version", "criteria", "suggest", "notes"])?;
    Ok(Exemption {
        version: table.required("version", table.parsed("version", str::parse)?)?,
        criteria: table.strings("criteria")?.unwrap_or_default(),
        suggest: table.flag("suggest")?.unwrap_or(true),
        notes: table.owned("notes")?,
        at: table.location(),
    })
}
