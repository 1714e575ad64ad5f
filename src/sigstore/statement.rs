//! in-toto statements (<https://github.com/in-toto/attestation/tree/main/spec>), versions 0.1 and 1.

use super::{Problem, limits};
use crate::json::{self, Node};

const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

/// What is stated, and of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// Which kind of statement.
    pub predicate_type: String,
    /// What it is about.
    pub subjects: Vec<Subject>,
}

/// One thing that a statement is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// A purl or a file's name.
    pub name: String,
    /// Algorithm (`sha512`) and digest in hexadecimal.
    pub digests: Vec<(String, String)>,
}

impl Statement {
    /// Reads one.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Problem> {
        let wrong = |what: String| Problem::invalid(format!("the statement {what}"));
        let text = std::str::from_utf8(payload).map_err(|_| wrong("is not UTF-8".to_owned()))?;
        let node = json::parse(text).map_err(|error| wrong(format!("is not JSON: {error}")))?;
        if let Some((key, ..)) = node.duplicates().first() {
            return Err(wrong(format!("has `{}` twice", crate::model::escape(key))));
        }
        if !node.get("_type").and_then(Node::as_str).is_some_and(|kind| TYPES.contains(&kind)) {
            return Err(wrong("is none of in-toto".to_owned()));
        }
        let kind = node.get("predicateType").and_then(Node::as_str);
        let predicate_type = kind.ok_or_else(|| wrong("has no `predicateType`".to_owned()))?.to_owned();
        let list = node.get("subject").map(Node::elements).unwrap_or_default();
        if list.is_empty() || list.len() > limits::SUBJECTS {
            return Err(wrong(format!("has {} subjects", list.len())));
        }
        let subjects: Option<Vec<Subject>> = list.iter().map(subject).collect();
        let subjects = subjects.ok_or_else(|| wrong("has a subject without name or digest".to_owned()))?;
        Ok(Self { predicate_type, subjects })
    }
}

fn subject(node: &Node<'_>) -> Option<Subject> {
    let digests: Option<Vec<_>> = node
        .get("digest")?
        .members()
        .iter()
        .map(|(algorithm, _, value)| Some((algorithm.to_string(), value.as_str()?.to_ascii_lowercase())))
        .collect();
    let digests = digests.filter(|list| !list.is_empty())?;
    Some(Subject { name: node.get("name")?.as_str()?.to_owned(), digests })
}
