//! Static checks: contents in, facts and findings out.
//!
//! Every file is parsed once. Parsers ([`parse`]) resolve names and fold constants and report
//! facts; rules match facts; checks that need code are listed in one table. No check knows the
//! word deny.

pub mod advisory;
pub mod identity;
pub mod licence;
pub mod parse;

use crate::model::{Analysis, Contents, Coverage, FileCoverage, Package, Treatment};
use crate::rules::RuleSet;

/// Part of every cache key: raise it when the same bytes would give other facts.
pub const VERSION: u32 = 1;

/// Checks the contents of one package.
pub fn analyse(package: &Package, contents: &Contents, rules: &RuleSet) -> Analysis {
    let mut coverage = Coverage::default();
    let mut facts = Vec::new();
    for file in &contents.files {
        let bytes = contents.bytes(file);
        let parsed = parse::file(&file.path, bytes);
        coverage.add(&FileCoverage {
            path: file.path.clone(),
            size: bytes.len() as u64,
            treatment: parsed.treatment,
        });
        facts.extend(parsed.facts);
    }
    let _ = Treatment::Text;
    let licence = licence::check(package, contents);
    let mut findings = rules.evaluate(&facts);
    let by_code = identity::in_contents(package, contents).into_iter().chain(licence.findings);
    findings.extend(by_code.map(|finding| rules.complete(finding)));
    findings.sort();
    Analysis {
        contents: contents.digest.hex(),
        coverage,
        findings,
        licence: licence.expression,
        licence_texts: licence.texts,
        ..Analysis::default()
    }
}

/// Names an analysis in the store: everything that it depends on.
pub fn cache_key(package: &Package, subject: &str, rules: &RuleSet) -> String {
    let key = format!(
        "{}\n{}\n{VERSION}\n{}\n{}\n{}\n{}",
        env!("CARGO_PKG_VERSION"),
        rules.digest(),
        package.purl,
        package.name,
        package.version,
        subject,
    );
    crate::model::Digest::sha256(key.as_bytes()).hex()
}
