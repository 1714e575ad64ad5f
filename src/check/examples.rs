//! Runs the rules' own examples: each is a package of one file, parsed and matched like any other.

use std::sync::Arc;

use crate::discover::Format;
use crate::model::{AgentKind, Contents, Ecosystem, File, Location, Package, Provenance};
use crate::rules::{Example, Rule, RuleSet};

/// How one example went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleResult {
    /// The rule.
    pub rule: String,
    /// `rules/install/network.toml:40`.
    pub place: String,
    /// The example's path.
    pub path: String,
    /// Whether the rule should find something.
    pub expected: bool,
    /// Whether it did.
    pub found: bool,
}

impl ExampleResult {
    /// Whether it went as it should.
    pub fn passed(&self) -> bool {
        self.expected == self.found
    }
}

/// Runs every example of every rule, in order of rule and place.
pub fn run(rules: &RuleSet) -> Vec<ExampleResult> {
    rules.iter().flat_map(|rule| rule.examples.iter().map(move |example| one(rules, rule, example))).collect()
}

fn one(rules: &RuleSet, rule: &Rule, example: &Example) -> ExampleResult {
    let cargo = example.path.ends_with(".rs") || example.path.ends_with("Cargo.toml");
    let (ecosystem, manifest) = match cargo {
        true => (Ecosystem::Cargo, "Cargo.toml"),
        false => (Ecosystem::Npm, "package.json"),
    };
    let plain = match cargo {
        true => "[package]\nname = \"example\"\nversion = \"1.0.0\"\n",
        false => "{\"name\":\"example\",\"version\":\"1.0.0\"}",
    };
    let mut files = vec![(example.path.as_str(), &*example.code)];
    let given = example.files.iter().any(|(path, _)| path == manifest);
    if example.path != manifest && !given {
        files.push((manifest, example.manifest.as_deref().unwrap_or(plain).as_bytes()));
    }
    files.extend(example.files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
    let started = if example.install { vec![example.path.clone()] } else { Vec::new() };
    let subject = match agent_kind(&example.path) {
        Some(kind) => {
            files.retain(|(path, _)| *path != manifest || *path == example.path);
            Package { ecosystem: Ecosystem::Agent, agent: Some(kind), ..package(ecosystem) }
        }
        None => package(ecosystem),
    };
    let analysis = super::analyse_with(&subject, &contents(&files), rules, &started);
    ExampleResult {
        rule: rule.id.clone(),
        place: format!("{}:{}", rule.origin, example.line),
        path: example.path.clone(),
        expected: example.expect,
        found: analysis.findings.iter().any(|finding| finding.rule == rule.id),
    }
}

/// What an example is to an agent, by its path; `server.json` is one server of an MCP configuration.
fn agent_kind(path: &str) -> Option<AgentKind> {
    match Format::of(path) {
        _ if path == "server.json" => Some(AgentKind::McpServer),
        Some(Format::Skill) => Some(AgentKind::Skill),
        Some(Format::Instructions) => Some(AgentKind::Instructions),
        Some(Format::Command) => Some(AgentKind::Command),
        Some(Format::Settings) => Some(AgentKind::Settings),
        Some(Format::Plugin) => Some(AgentKind::Plugin),
        _ => None,
    }
}

pub(super) fn package(ecosystem: Ecosystem) -> Package {
    Package::registry(
        ecosystem,
        "example",
        "1.0.0",
        Location { file: Arc::from("example"), line: 1, column: 1 },
    )
}

/// Contents made of these files.
pub fn contents(files: &[(&str, &[u8])]) -> Contents {
    let mut buffer = Vec::new();
    let mut list = Vec::new();
    for (path, bytes) in files {
        let start = buffer.len();
        buffer.extend_from_slice(bytes);
        list.push(File { path: Arc::from(*path), range: start..buffer.len(), executable: false });
    }
    Contents::new(Provenance::FirstParty, None, list, Arc::new(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every rule finds what it must and leaves what it must not.
    #[test]
    fn examples_of_the_built_in_rules() {
        let results = run(&RuleSet::builtin());
        assert!(!results.is_empty());
        let failed: Vec<_> = results
            .iter()
            .filter(|result| !result.passed())
            .map(|r| {
                format!("{} {} ({}): found {}, expected {}", r.place, r.rule, r.path, r.found, r.expected)
            })
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {} examples fail:\n{}",
            failed.len(),
            results.len(),
            failed.join("\n")
        );
    }
}
