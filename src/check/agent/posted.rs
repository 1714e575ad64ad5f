//! Commands in an agent's texts that send to, or read orders from, a host of which nothing but the command speaks.
//!
//! A text that tells its reader of a service names it. An address that stands in a command alone is
//! what a reader passes over; whose it is, somebody should look up.

use super::mismatch::{is_local, is_public, is_standard};
use crate::check::unstated::hosts::{self, registered};
use crate::check::{Check, Subject};
use crate::model::{Confidence, Contents, Ecosystem, Fact, FactKind, Finding, Polarity, Severity, escape};

/// Commands that post to, or fetch a text from, a host that no sentence names.
#[derive(Debug)]
pub struct Posted;

const RULE: &str = "agent/unspoken-host";

/// Programs that ask a host for something.
const CLIENTS: &[&str] = &["curl", "wget", "http", "https", "xh", "httpie"];
/// Endings of texts that an agent reads.
const TEXTS: &[&str] = &[".md", ".mdc", ".txt", ".prompt"];
/// Largest text that is read for names, in bytes.
const MAX_TEXT: usize = 1 << 18;

impl Check for Posted {
    fn rules(&self) -> &'static [&'static str] {
        &[RULE]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.ecosystem != Ecosystem::Agent {
            return;
        }
        let asks = |fact: &&Fact| {
            fact.kind == FactKind::Shell
                && CLIENTS.contains(&fact.name.as_str())
                && fact.span.file.ends_with(".md")
                && !fact.context.test
                && fact.context.polarity == Polarity::Told
        };
        let mut said = None;
        for fact in subject.facts.iter().filter(asks) {
            let given: Vec<&str> = fact.value.split_whitespace().collect();
            let Some((url, host)) = given.iter().find_map(|word| address(word)) else { continue };
            if is_standard(&host) || is_local(&host) || is_public(&host) {
                continue;
            }
            let sends = given.iter().any(|word| sends(word)) || url.contains("$(");
            let reads = !sends && !given.iter().any(|word| keeps(word)) && is_text(url);
            let message = match (sends, reads) {
                (true, _) => format!("sends to `{}`, of which only the command speaks", escape(&host)),
                (_, true) => format!("reads a text of `{}` when it is used", escape(&host)),
                _ => continue,
            };
            let said = said.get_or_insert_with(|| sentences(subject.contents));
            let owner = registered(&host).split('.').next().unwrap_or_default();
            if said.contains(&host) || owner.len() > 3 && said.contains(owner) {
                continue;
            }
            let found = Finding::new(RULE, message, vec![fact.span.clone()]);
            out.push(Finding { severity: Severity::Medium, confidence: Confidence::Low, ..found });
        }
    }
}

/// An address and its host.
fn address(word: &str) -> Option<(&str, String)> {
    let at = word.find("http://").or_else(|| word.find("https://"))?;
    let url = word.get(at..)?.trim_matches(['"', '\'', '`']);
    Some((url, hosts::host(url)?))
}

/// Whether an option gives something along.
fn sends(word: &str) -> bool {
    let word = word.split('=').next().unwrap_or(word);
    matches!(word, "-d" | "-F" | "-T" | "--json" | "--form" | "--upload-file" | "POST" | "PUT" | "PATCH")
        || word.starts_with("--data")
        || word.starts_with("--post")
        || word.starts_with("--body")
        || matches!(word, "-XPOST" | "-XPUT" | "-XPATCH")
}

/// Whether an option keeps the answer in a file.
fn keeps(word: &str) -> bool {
    matches!(word, "-o" | "-O" | "--output" | "--remote-name" | ">" | ">>" | "|")
        || word.starts_with("--output")
}

fn is_text(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    TEXTS.iter().any(|end| path.ends_with(end))
}

/// The sentences of the package's texts, without code, lower case.
fn sentences(contents: &Contents) -> String {
    let mut out = String::new();
    let is = |path: &str| [".md", ".mdc", ".txt", ".rst"].iter().any(|end| path.ends_with(end));
    for file in contents.files.iter().filter(|file| is(&file.path) && file.range.len() <= MAX_TEXT) {
        let text = String::from_utf8_lossy(contents.bytes(file)).to_lowercase();
        let mut fenced = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                fenced = !fenced;
            } else if !fenced && !line.starts_with("    ") && !line.starts_with('\t') {
                // Every other part between backticks is code.
                line.split('`').step_by(2).for_each(|part| {
                    out.push(' ');
                    out.push_str(part);
                });
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_option_does() {
        assert!(["-d", "--data-binary", "--json=x", "POST", "-T"].iter().all(|word| sends(word)));
        assert!(!["-s", "-o", "--header", "-G", "data"].iter().any(|word| sends(word)));
        assert!(is_text("https://a.invalid/rules.md?x=1") && !is_text("https://a.invalid/rules.json"));
        assert_eq!(address("\"https://a.invalid/x\"").map(|(_, host)| host).as_deref(), Some("a.invalid"));
        assert!(address("a.invalid").is_none());
    }
}
