//! The fields of a record that are read, as they stand in the JSON.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Raw {
    pub id: String,
    pub withdrawn: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub aliases: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub upstream: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub related: Vec<String>,
    pub summary: Option<String>,
    pub details: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub severity: Vec<RawSeverity>,
    #[serde(default, deserialize_with = "list")]
    pub affected: Vec<RawAffected>,
    pub database_specific: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawSeverity {
    pub score: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawAffected {
    pub package: Option<RawPackage>,
    #[serde(default, deserialize_with = "list")]
    pub severity: Vec<RawSeverity>,
    #[serde(default, deserialize_with = "list")]
    pub ranges: Vec<RawRange>,
    #[serde(default, deserialize_with = "list")]
    pub versions: Vec<String>,
    pub ecosystem_specific: Option<Value>,
    pub database_specific: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawPackage {
    pub ecosystem: String,
    pub name: String,
}

/// One range: `SEMVER`, `ECOSYSTEM` or `GIT`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawRange {
    #[serde(rename = "type")]
    pub kind: String,
    pub repo: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub events: Vec<RawEvent>,
}

/// One event; exactly one field is set.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RawEvent {
    pub introduced: Option<String>,
    pub fixed: Option<String>,
    pub last_affected: Option<String>,
    pub limit: Option<String>,
}

/// A list that some exporters write as `null` where it is empty.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// Whether bytes have the outer form of a record: UTF-8 and one pair of braces around. All that is
/// asked of a record that can name no package of the graph; one that is cut short fails it.
pub(in super::super) fn quick_form(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))?.trim();
    if text.starts_with('{') && text.ends_with('}') {
        Ok(())
    } else if text.is_empty() {
        Err("is empty".to_owned())
    } else {
        Err("is not a JSON object".to_owned())
    }
}
