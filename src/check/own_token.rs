//! Programs that use the key of a registry or forge at that registry or forge alone.
//!
//! A tool that renews a token reads it from where the package manager keeps it and sends it back to
//! whom it came from. That is what a theft does too, but for the receiver; where no other host is
//! written down, somebody has to look instead of the package being denied.

use std::collections::BTreeSet;

use super::context;
use super::unstated::hosts;
use crate::model::{Confidence, Contents, Fact, FactKind, Finding, Severity};

/// The rule whose findings are left.
const RULE: &str = "malice/secret-file-sent";

/// Where the keys of package managers and forges belong.
const THEIRS: &[&str] = &[
    "registry.npmjs.org",
    "npmjs.com",
    "pypi.org",
    "crates.io",
    "api.github.com",
    "github.com",
    "gitlab.com",
    "registry-1.docker.io",
    "auth.docker.io",
    "hub.docker.com",
    "rubygems.org",
];

/// Leaves what is sent to a review, where the package's code names no host but those.
pub fn leave_to_review(contents: &Contents, facts: &[Fact], findings: &mut [Finding]) {
    let mut sent = findings.iter_mut().filter(|finding| finding.rule == RULE).peekable();
    if sent.peek().is_none() {
        return;
    }
    let runs = |path: &str| context::is_code(path) && !context::is_test_path(path);
    let mut all = Vec::new();
    for fact in facts.iter().filter(|fact| fact.kind == FactKind::Literal && runs(&fact.span.file)) {
        if matches!(fact.name.as_str(), "url" | "ip" | "webhook") {
            all.extend(hosts::of_literal(contents, fact));
        }
    }
    for file in contents.files.iter().filter(|file| runs(&file.path)) {
        all.extend(hosts::bare(contents, &file.path).into_iter().map(|(host, _)| host));
    }
    let own = of_configured(contents, &runs);
    let theirs = |host: &String| THEIRS.contains(&host.as_str()) || own.contains(host);
    if !all.is_empty() && all.iter().all(theirs) {
        sent.for_each(|finding| {
            (finding.severity, finding.confidence) = (Severity::Medium, Confidence::Low);
        });
    }
}

/// Registries whose own entry of npm's settings the code reads: `//host/:_authToken` is the key that
/// this host gave.
fn of_configured(contents: &Contents, runs: &impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for file in contents.files.iter().filter(|file| runs(&file.path)) {
        let text = String::from_utf8_lossy(contents.bytes(file));
        for (at, _) in text.match_indices("/:_auth") {
            let before = text.get(..at).unwrap_or_default();
            let entry = before.rsplit_once("//").map_or("", |(_, entry)| entry);
            out.extend(hosts::plain(entry.split('/').next().unwrap_or_default()));
        }
    }
    out
}
