//! What a check has to say.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Span;

/// How bad it is if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look when there is time.
    Low,
    /// Worth a look.
    Medium,
    /// Worth stopping a merge for.
    High,
    /// Attack, or as good as one.
    Critical,
}

impl Severity {
    /// The name in policies, rules and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure the check is that it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint for a reviewer.
    Low,
    /// More likely true than not.
    Medium,
    /// Follows from the evidence shown.
    High,
}

impl Confidence {
    /// The name in rules and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One finding of one rule about one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id (`install/network`); for advisories `advisory/<kind>`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line, lower case, no full stop.
    pub message: String,
    /// The primary span first, then related ones.
    pub spans: Vec<Span>,
    /// What to do about it.
    pub help: String,
    /// Advisory ids and their aliases, CWE, threat ids, URLs; sorted.
    pub references: Vec<String>,
}

impl Finding {
    /// A finding whose severity, confidence, help and references the rule
    /// set fills in ([`crate::rules::RuleSet::complete`]).
    pub fn new(rule: impl Into<String>, message: impl Into<String>, spans: Vec<Span>) -> Self {
        Self {
            rule: rule.into(),
            severity: Severity::Info,
            confidence: Confidence::High,
            message: message.into(),
            spans,
            help: String::new(),
            references: Vec::new(),
        }
    }
}
