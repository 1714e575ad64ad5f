//! Takes a BoM and its attestations apart again and believes nothing that a trusted key did not
//! sign.
//!
//! In order: the bytes (JSON without duplicate keys, exactly as bomvet writes them), the signature
//! and whether its key is trusted, the document's own logic (`document.rs`), the attestations
//! (`attestations.rs`). Every failure is reported, not only the first, each with its place.

mod attestations;
pub mod contents;
mod document;

use std::fmt;

use serde_json::Value;

use super::keys::PublicKey;
use super::{jsf, json};

/// What to verify and whom to believe.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Bytes of the BoM.
    pub bom: &'a [u8],
    /// Bytes of `attestations.jsonl`, if they are to be checked.
    pub attestations: Option<&'a [u8]>,
    /// Keys that are trusted. The key inside the file is not one of them by being there.
    pub trusted: &'a [PublicKey],
    /// Accept files that say of themselves that they are unsigned.
    pub allow_unsigned: bool,
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The BoM.
    Bom,
    /// The attestations.
    Attestations,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file.
    pub part: Part,
    /// 1-based line in it.
    pub line: usize,
    /// JSON pointer (RFC 6901) of the place; within the statement for attestations.
    pub pointer: String,
    /// One line: what is wrong, expected and found.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.pointer.is_empty() {
            write!(f, " (at {})", self.pointer)?;
        }
        Ok(())
    }
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Everything that is wrong; empty means verified.
    pub failures: Vec<Failure>,
    /// Thumbprint of the trusted key that signed the BoM.
    pub signed_by: Option<String>,
    /// Components with a verdict.
    pub packages: usize,
    /// Those that are denied.
    pub denied: usize,
    /// Attestations that were checked; `None` without any given.
    pub attestations: Option<usize>,
    /// The document, for what reads on.
    pub document: Value,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Why there is nothing to verify. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Not JSON.
    #[error("not a JSON document: {0}")]
    NotJson(serde_json::Error),
    /// JSON of another kind.
    #[error("not a CycloneDX BoM: {0}")]
    NotBom(&'static str),
}

/// Gathers failures with their places.
pub(super) struct Failures<'a> {
    document: &'a Value,
    list: Vec<Failure>,
}

impl Failures<'_> {
    fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.with_help(pointer, message, None);
    }

    fn with_help(&mut self, pointer: impl Into<String>, message: impl Into<String>, help: Option<String>) {
        let pointer = pointer.into();
        let line = json::line_of(self.document, &pointer);
        self.list.push(Failure { part: Part::Bom, line, pointer, message: message.into(), help });
    }
}

/// Verifies everything that is given.
///
/// # Errors
/// Where the BoM is no BoM at all; whatever is wrong with one is a failure in the report.
pub fn verify(inputs: &Inputs<'_>) -> Result<Report, Unusable> {
    let document = match json::parse(inputs.bom) {
        Ok(document) => document,
        // A duplicate key is a trick played on a real document, not another kind of file.
        Err(error) if error.is_data() => {
            let failure = Failure {
                part: Part::Bom,
                line: error.line(),
                pointer: String::new(),
                message: format!("{error}; two readers could take different values"),
                help: None,
            };
            return Ok(Report { failures: vec![failure], ..Report::default() });
        }
        Err(error) => return Err(Unusable::NotJson(error)),
    };
    if !document.is_object() {
        return Err(Unusable::NotBom("the document is not an object"));
    }
    let mut failures = Failures { document: &document, list: Vec::new() };
    let written = json::pretty(&document);
    if let Some(line) = json::first_difference(inputs.bom, &written) {
        failures.list.push(Failure {
            part: Part::Bom,
            line,
            pointer: String::new(),
            message: "the file is not in the form that bomvet writes: white space, escapes or numbers \
                      were changed"
                .to_owned(),
            help: Some("get the file again from where it was published".to_owned()),
        });
    }
    let signed_by = signature(&document, inputs, &mut failures);
    let facts = document::check(&document, &mut failures);
    let mut list = failures.list;
    let mut checked = None;
    if let Some(bytes) = inputs.attestations {
        checked = Some(attestations::check(bytes, inputs, signed_by.as_ref(), &facts, &mut list));
    }
    list.sort_by_key(|failure| (failure.part, failure.line));
    Ok(Report {
        failures: list,
        signed_by: signed_by.map(|key| key.thumbprint().clone()),
        packages: facts.components.len(),
        denied: facts.denied(),
        attestations: checked,
        document,
    })
}

/// The trusted key that signed the document.
fn signature(document: &Value, inputs: &Inputs<'_>, failures: &mut Failures<'_>) -> Option<PublicKey> {
    let marked = document::property(document.pointer("/metadata/properties"), "bomvet:unsigned").next();
    match jsf::check(document) {
        Ok(signed) => {
            if marked.is_some() {
                failures.add("/metadata/properties", "the BoM is signed and says that it is not");
            }
            if inputs.trusted.contains(&signed.key) {
                return Some(signed.key);
            }
            let id = signed.key.thumbprint();
            failures.with_help(
                "/signature/publicKey",
                format!("the signature is valid, but its key {id} is not trusted; a key inside a file proves nothing"),
                Some(format!(
                    "compare the id with its owner's over another way, then: bomvet key trust '{}'",
                    signed.key.jwk()
                )),
            );
        }
        Err(jsf::JsfError::Missing) if marked == Some("true") && inputs.allow_unsigned => {}
        Err(jsf::JsfError::Missing) if marked == Some("true") => failures.with_help(
            "/metadata/properties",
            "the BoM is unsigned and says so",
            Some(
                "sign it (`bomvet key new`, then audit again), or accept it with --allow-unsigned".to_owned(),
            ),
        ),
        Err(jsf::JsfError::Missing) => failures.add(
            "",
            "the signature was taken away: there is none, and the BoM does not say that it is unsigned",
        ),
        Err(jsf::JsfError::Form { pointer, message }) => failures.add(pointer, message),
        Err(error @ jsf::JsfError::Mismatch) => failures.add("/signature/value", error.to_string()),
    }
    None
}
