//! Matching: the facts of one package against all rules.
//!
//! Facts are put in order of kind and name once; a condition with a kind and a name pattern then
//! looks only at the run of facts that share the pattern's literal start, so that the cost grows
//! with the facts that could match and not with facts times rules.

use std::collections::BTreeMap;

use super::glob::Glob;
use super::rule::{Condition, Match, Rule, Scope};
use crate::model::{Confidence, Fact, FactKind, Finding, Polarity, Severity, Span, escape};

/// Spans that a finding carries: the primary one and this many less one related ones.
const MAX_SPANS: usize = 5;

/// Longest piece of a fact that is put into a message, in characters.
const MAX_INTERPOLATED: usize = 120;

/// Facts in order of kind and name.
pub struct Index<'a> {
    facts: Vec<&'a Fact>,
}

impl<'a> Index<'a> {
    /// Sorts the facts. Equal ones count once.
    pub fn new(facts: &'a [Fact]) -> Self {
        let mut facts: Vec<_> = facts.iter().collect();
        facts.sort();
        facts.dedup();
        Self { facts }
    }

    fn kind(&self, kind: FactKind) -> &[&'a Fact] {
        let from = self.facts.partition_point(|fact| fact.kind < kind);
        let to = self.facts.partition_point(|fact| fact.kind <= kind);
        &self.facts[from..to]
    }

    /// The facts that a condition matches, in order of place.
    fn find(&self, condition: &Condition) -> Vec<&'a Fact> {
        let all = condition.kind.map_or(&self.facts[..], |kind| self.kind(kind));
        let mut found: Vec<&Fact> = Vec::new();
        if condition.kind.is_some() && !condition.name.is_empty() {
            for glob in &condition.name {
                found.extend(
                    run(all, glob).iter().filter(|fact| glob.matches(&fact.name) && fits(condition, fact)),
                );
            }
        } else {
            let named = |fact: &Fact| {
                condition.name.is_empty() || condition.name.iter().any(|glob| glob.matches(&fact.name))
            };
            found.extend(all.iter().filter(|fact| named(fact) && fits(condition, fact)));
        }
        found.sort_by(|a, b| (&a.span, a).cmp(&(&b.span, b)));
        found.dedup();
        found
    }
}

/// The facts whose name starts as every match of the pattern does.
fn run<'f, 'a>(facts: &'f [&'a Fact], glob: &Glob) -> &'f [&'a Fact] {
    let prefix = glob.prefix();
    let from = facts.partition_point(|fact| fact.name.as_str() < prefix);
    let len = facts[from..].partition_point(|fact| fact.name.starts_with(prefix));
    &facts[from..from + len]
}

/// Everything but kind and name, cheap questions first.
fn fits(condition: &Condition, fact: &Fact) -> bool {
    let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
    fact.context.test == condition.test.unwrap_or(false)
        && is(condition.install, fact.context.install)
        && is(condition.top_level, fact.context.top_level)
        && fact.context.layer >= condition.layer_min
        && match condition.polarity.as_slice() {
            [] => fact.context.polarity == Polarity::Told,
            wanted => wanted.contains(&fact.context.polarity),
        }
        && (condition.capability.is_empty()
            || fact.capability.is_some_and(|given| condition.capability.contains(&given)))
        && !condition.not_name.iter().any(|glob| glob.matches(&fact.name))
        && (condition.file.is_empty() || condition.file.iter().any(|glob| glob.matches(&fact.span.file)))
        && !condition.not_file.iter().any(|glob| glob.matches(&fact.span.file))
        && (condition.value.is_empty() || condition.value.iter().any(|value| value.is_match(&fact.value)))
        && !condition.not_value.iter().any(|value| value.is_match(&fact.value))
}

/// The findings of one rule.
pub fn rule(rule: &Rule, index: &Index<'_>, out: &mut Vec<Finding>) {
    for block in &rule.matches {
        block_findings(rule, block, index, out);
    }
}

fn block_findings(rule: &Rule, block: &Match, index: &Index<'_>, out: &mut Vec<Finding>) {
    let mut all = Vec::with_capacity(block.all.len());
    for condition in &block.all {
        let found = index.find(condition);
        if found.is_empty() {
            return;
        }
        all.push(found);
    }
    let any: Vec<_> = block.any.iter().map(|condition| index.find(condition)).collect();
    if !any.is_empty() && any.iter().all(Vec::is_empty) {
        return;
    }
    let none: Vec<_> = block.none.iter().map(|condition| index.find(condition)).collect();
    match block.scope {
        Scope::Package => {
            if none.iter().all(Vec::is_empty) {
                out.extend(finding(rule, block, &all, &any));
            }
        }
        Scope::File => {
            let lead: Vec<&Fact> = all.first().cloned().unwrap_or_else(|| any.concat());
            let files: BTreeMap<&str, ()> = lead.iter().map(|fact| (&*fact.span.file, ())).collect();
            for file in files.into_keys() {
                let (all, any, none) = (in_file(&all, file), in_file(&any, file), in_file(&none, file));
                if all.iter().all(|list| !list.is_empty())
                    && (any.is_empty() || any.iter().any(|list| !list.is_empty()))
                    && none.iter().all(Vec::is_empty)
                {
                    out.extend(finding(rule, block, &all, &any));
                }
            }
        }
    }
}

fn in_file<'a>(lists: &[Vec<&'a Fact>], file: &str) -> Vec<Vec<&'a Fact>> {
    lists.iter().map(|list| list_in(list, file)).collect()
}

/// Facts are in order of place and so of file.
fn list_in<'a>(list: &[&'a Fact], file: &str) -> Vec<&'a Fact> {
    let from = list.partition_point(|fact| &*fact.span.file < file);
    let to = list.partition_point(|fact| &*fact.span.file <= file);
    list[from..to].to_vec()
}

fn finding(rule: &Rule, block: &Match, all: &[Vec<&Fact>], any: &[Vec<&Fact>]) -> Option<Finding> {
    let mut lists = all.iter().chain(any).filter(|list| !list.is_empty());
    let first = lists.next()?;
    let primary = *first.first()?;
    // One of each other condition says why it matched; then more of the first.
    let mut spans: Vec<Span> = vec![primary.span.clone()];
    for fact in lists.map(|list| list[0]).chain(first.iter().skip(1).copied()) {
        if spans.len() < MAX_SPANS && !spans.contains(&fact.span) {
            spans.push(fact.span.clone());
        }
    }
    let text = block.message.as_deref().unwrap_or(&rule.title);
    let message = text.replace("{name}", &shown(&primary.name)).replace("{value}", &shown(&primary.value));
    Some(Finding {
        rule: rule.id.clone(),
        severity: rule.severity.unwrap_or(Severity::Info),
        confidence: rule.confidence.unwrap_or(Confidence::Low),
        message,
        spans,
        help: rule.fix.clone(),
        references: rule.references.clone(),
    })
}

/// A fact's text within a message: one line, short, nothing invisible.
fn shown(text: &str) -> String {
    let text = text.replace('\u{1f}', ", ");
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(MAX_INTERPOLATED).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    escape(&out)
}
