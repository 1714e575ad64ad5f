//! `attestations.jsonl` against the BoM: signatures, subjects, digests, results.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::Facts;
use super::{Failure, Inputs, Part};
use crate::attest::dsse::Envelope;
use crate::attest::keys::PublicKey;
use crate::attest::statement::{BOM_NAME, PREDICATE_TYPE, STATEMENT_TYPE};
use crate::model::Digest;

/// Checks every line; gives how many there are. `signed_by` is the trusted key of the BoM, which
/// must be the attestations' too. Where no trusted key signed the BoM, that is a failure already;
/// then the attestations of any trusted key still show which package the BoM disagrees about, and
/// what merely follows from another file digest is said once.
pub(super) fn check(
    bytes: &[u8],
    inputs: &Inputs<'_>,
    signed_by: Option<&PublicKey>,
    facts: &Facts,
    failures: &mut Vec<Failure>,
) -> usize {
    let mut fail = |line: usize, pointer: &str, message: String| {
        failures.push(Failure {
            part: Part::Attestations,
            line,
            pointer: pointer.to_owned(),
            message,
            help: None,
        });
    };
    let bom = Digest::sha256(inputs.bom).hex();
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.pop() != Some(&[][..]) {
        fail(lines.len() + 1, "", "the file does not end in a line feed: it was cut".to_owned());
    }
    let same = signed_by.is_some() || inputs.allow_unsigned;
    let mut attested: BTreeMap<String, usize> = BTreeMap::new();
    let mut previous = String::new();
    for (at, line) in lines.iter().enumerate() {
        let number = at + 1;
        let envelope = match Envelope::parse(line) {
            Ok(envelope) => envelope,
            Err(message) => {
                fail(number, "", message);
                continue;
            }
        };
        match signed_by {
            Some(key) if envelope.is_signed_by(key) => {}
            None if envelope.is_unsigned() && inputs.allow_unsigned => {}
            None if envelope.is_unsigned() => fail(number, "", "the envelope is unsigned".to_owned()),
            None if inputs.trusted.iter().any(|key| envelope.is_signed_by(key)) => {}
            _ => fail(
                number,
                "",
                match signed_by {
                    Some(_) => "the signature is not that of the BoM's trusted key over this payload",
                    None => "no trusted key signed this payload",
                }
                .to_owned(),
            ),
        }
        let statement = &envelope.statement;
        let name = statement.pointer("/subject/0/name").and_then(Value::as_str).unwrap_or_default();
        // The BoM stands last; packages in the order of their purls.
        let order = if name == BOM_NAME { format!("1{name}") } else { format!("0{name}") };
        if order <= previous && !attested.contains_key(name) {
            fail(number, "/subject/0/name", format!("`{name}` is out of order"));
        }
        previous = order;
        for (pointer, message) in one(statement, name, &bom, facts, same) {
            fail(number, pointer, message);
        }
        if let Some(first) = attested.insert(name.to_owned(), number) {
            fail(number, "/subject/0/name", format!("`{name}` is attested on line {first} already"));
        }
    }
    let after = lines.len();
    for (purl, facet) in &facts.components {
        if !facet.digest.is_empty() && !attested.contains_key(purl) {
            fail(after, "", format!("`{purl}` has contents and no attestation"));
        }
    }
    if !attested.contains_key(BOM_NAME) {
        fail(after, "", "there is no attestation of the BoM itself".to_owned());
    }
    lines.len()
}

/// What is wrong with one statement.
///
/// `same` says whether the BoM is believed to be the one that was attested; otherwise its own
/// digest and what is made of it (the serial number) are not compared again and again.
fn one(statement: &Value, name: &str, bom: &str, facts: &Facts, same: bool) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if !same && name == BOM_NAME {
        let attested = statement.pointer("/subject/0/digest/sha256").and_then(Value::as_str);
        if attested != Some(bom) {
            let attested = attested.unwrap_or("nothing");
            wrong.push((
                "/subject/0/digest/sha256",
                format!("attested is a BoM with SHA-256 {attested}, this one has {bom}"),
            ));
        }
        return wrong;
    }
    let mut expect = |pointer: &'static str, expected: Value| {
        let found = statement.pointer(pointer).unwrap_or(&Value::Null);
        if *found != expected {
            wrong.push((pointer, format!("`{name}`: expected {expected}, found {found}")));
        }
    };
    expect("/_type", STATEMENT_TYPE.into());
    expect("/predicateType", PREDICATE_TYPE.into());
    expect("/predicate/timeVerified", facts.time.as_str().into());
    expect("/predicate/policy/digest", json!({"sha256": facts.policy}));
    expect("/predicate/bomvet/rulesDigest", json!({"sha256": facts.rules}));
    if same {
        expect("/predicate/inputAttestations", json!([{"uri": facts.serial, "digest": {"sha256": bom}}]));
    }
    let (resource, digest, verdict) = if name == BOM_NAME {
        let verdict = if facts.denied() == 0 { "approve" } else { "deny" };
        let denied = facts.denied();
        expect("/predicate/bomvet/approved", (facts.components.len() - denied).into());
        expect("/predicate/bomvet/denied", denied.into());
        (facts.serial.as_str(), json!({"sha256": bom}), verdict)
    } else if let Some(facet) = facts.components.get(name) {
        expect("/predicate/bomvet/reasons", json!(facet.reasons));
        expect("/predicate/bomvet/capabilities", json!(facet.capabilities));
        expect("/predicate/bomvet/contents", facet.contents.as_str().into());
        (name, json!(facet.digest), facet.verdict.as_str())
    } else {
        wrong.push(("/subject/0/name", format!("`{name}` is no component of the BoM")));
        return wrong;
    };
    expect("/subject", json!([{"name": name, "digest": digest}]));
    expect("/predicate/resourceUri", resource.into());
    let result = if verdict == "approve" { "PASSED" } else { "FAILED" };
    expect("/predicate/verificationResult", result.into());
    wrong
}
