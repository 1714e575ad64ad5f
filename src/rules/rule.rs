//! A rule as a validated value. What a rule file may say is exactly what these types hold.

use regex::Regex;

use super::glob::Glob;
use crate::model::{CapabilityKind, Confidence, FactKind, Polarity, Severity};

/// Who makes a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// The rule's own `[[match]]` blocks.
    Facts,
    /// A check in code, which names the rule's id.
    Code,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its path below the rules folder, without `.toml`.
    pub id: String,
    /// One line, lower case.
    pub title: String,
    /// How bad; `None` where the check that makes the finding knows (`severity = "set-by-check"`).
    pub severity: Option<Severity>,
    /// How sure; `None` as for `severity`.
    pub confidence: Option<Confidence>,
    /// Who makes its findings.
    pub check: CheckKind,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// What it cannot see.
    pub blind: String,
    /// CWE, ATT&CK, ATLAS, OWASP ids and URLs, sorted.
    pub references: Vec<String>,
    /// Any of these makes a finding.
    pub matches: Vec<Match>,
    /// What must match and what must not.
    pub examples: Vec<Example>,
    /// Where the rule came from, for messages.
    pub origin: String,
}

/// Within what a block's conditions must meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One file.
    File,
    /// The package.
    Package,
}

/// One `[[match]]` block.
#[derive(Debug, Clone)]
pub struct Match {
    /// See [`Scope`].
    pub scope: Scope,
    /// The finding's message; `{name}` and `{value}` stand for the primary fact's.
    pub message: Option<String>,
    /// Each must match.
    pub all: Vec<Condition>,
    /// At least one must match, if there are any.
    pub any: Vec<Condition>,
    /// None may match.
    pub none: Vec<Condition>,
}

/// What a fact must be. Every given key must hold; within a list one is enough.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// Sort of fact.
    pub kind: Option<FactKind>,
    /// Patterns for the name.
    pub name: Vec<Glob>,
    /// Patterns that the name must not match.
    pub not_name: Vec<Glob>,
    /// Expressions for the value.
    pub value: Vec<Regex>,
    /// Expressions that the value must not match.
    pub not_value: Vec<Regex>,
    /// Capabilities.
    pub capability: Vec<CapabilityKind>,
    /// Runs at install time.
    pub install: Option<bool>,
    /// Stands in tests; only facts outside of tests match where it is not given.
    pub test: Option<bool>,
    /// Runs on load.
    pub top_level: Option<bool>,
    /// Fewest encoded layers taken off.
    pub layer_min: u8,
    /// How prose is meant; only what is told matches where it is not given.
    pub polarity: Vec<Polarity>,
    /// Patterns for the file's path.
    pub file: Vec<Glob>,
    /// Patterns that the file's path must not match.
    pub not_file: Vec<Glob>,
}

/// An example and what it must give.
#[derive(Debug, Clone)]
pub struct Example {
    /// The file's path; its name decides the parser.
    pub path: String,
    /// The file's bytes.
    pub code: Vec<u8>,
    /// Whether the file runs at install time.
    pub install: bool,
    /// `package.json` or `Cargo.toml` beside it, where the example needs one.
    pub manifest: Option<String>,
    /// Further files.
    pub files: Vec<(String, String)>,
    /// Whether the rule must find something.
    pub expect: bool,
    /// Why it stands here, if said.
    pub note: String,
    /// 1-based line in the rule file.
    pub line: usize,
}
