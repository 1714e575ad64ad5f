//! The fields of a record that are read, as they stand in the JSON.

use serde::{Deserialize, Deserializer, Serialize};
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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RawRange {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub events: Vec<RawEvent>,
}

/// One event; exactly one field is set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct RawEvent {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introduced: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_affected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// A list that some exporters write as `null` where it is empty.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}
