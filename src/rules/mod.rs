//! Rules: files in `rules/`, loaded, validated, matched against facts, explained.
//!
//! In: rule files, and the facts of one package. Out: complete findings, sorted. A rule file that
//! has a mistake is an error with its place, never a rule that is silently missing.
//!
//! The rules' own examples are run by `check::examples`, because that needs the parsers and
//! nothing here may know them.

mod evaluate;
mod explain;
mod glob;
mod parse;
mod rule;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, LazyLock};

pub use self::glob::Glob;
pub use self::parse::RuleError;
pub use self::rule::{CheckKind, Condition, Example, Match, Rule, Scope};
use crate::model::{Digest, Fact, Finding};

/// Largest rule file, in bytes.
const MAX_RULE_FILE: u64 = 1 << 20;

/// All rules, sorted by id. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Arc<Vec<Rule>>,
    digest: Arc<str>,
}

static BUILTIN: LazyLock<RuleSet> = LazyLock::new(|| {
    let files = table::TABLE.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect();
    // A test parses every built-in rule, so that this cannot fail in a program that was tested.
    RuleSet::from_files(files, "rules").expect("built-in rules are valid")
});

impl RuleSet {
    /// The rules built into the program; parsed and compiled once.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// The digest of [`Self::builtin`], without parsing the rules.
    pub fn builtin_digest() -> String {
        let mut files = table::TABLE.to_vec();
        files.sort_unstable();
        let line = |(id, text): &(&str, &str)| format!("{id}\0{}\n", Digest::sha256(text.as_bytes()).hex());
        Digest::sha256(files.iter().map(line).collect::<String>().as_bytes()).hex()
    }

    /// A set from texts: id and text of each; `folder` is named in errors.
    ///
    /// # Errors
    /// The first file, in order of id, that is not a rule, or an id that comes twice.
    pub fn from_files(mut files: Vec<(String, String)>, folder: &str) -> Result<Self, RuleError> {
        files.sort();
        let mut rules = Vec::with_capacity(files.len());
        let mut list = String::new();
        for (id, text) in &files {
            rules.push(parse::parse(&format!("{folder}/{id}.toml"), id, text)?);
            list.push_str(&format!("{id}\0{}\n", Digest::sha256(text.as_bytes()).hex()));
        }
        Self::sorted(rules, &list)
    }

    fn sorted(mut rules: Vec<Rule>, list: &str) -> Result<Self, RuleError> {
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(RuleError {
                file: pair[1].origin.clone(),
                line: 0,
                column: 0,
                message: format!("rule `{}` is already there, from `{}`", pair[1].id, pair[0].origin),
            });
        }
        let digest = Digest::sha256(list.as_bytes()).hex().into();
        Ok(Self { rules: Arc::new(rules), digest })
    }

    /// These rules and those of a folder (`**/*.toml`, each id the path below it).
    ///
    /// # Errors
    /// A folder or file that cannot be read, a file that is not a rule, an id that is taken.
    pub fn load_dir(&self, folder: &Path) -> Result<Self, RuleError> {
        let mut files = Vec::new();
        read_folder(folder, folder, &mut files)?;
        let more = Self::from_files(files, &folder.display().to_string())?;
        let list = format!("{}\n{}\n", self.digest, more.digest);
        Self::sorted(self.rules.iter().chain(more.rules.iter()).cloned().collect(), &list)
    }

    /// Hexadecimal SHA-256 over all rule files; part of every cache key and of the BoM.
    pub fn digest(&self) -> String {
        self.digest.to_string()
    }

    /// The rules, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rule with that id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        let at = self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()?;
        Some(&self.rules[at])
    }

    /// The id that is nearest to `id`, for suggestions.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        let near =
            self.rules.iter().map(|rule| (strsim::damerau_levenshtein(&rule.id, id), rule.id.as_str()));
        near.min().filter(|(distance, _)| *distance <= 2 + id.len() / 3).map(|(_, id)| id)
    }

    /// Matches the facts of one package (all files) and gives complete findings, sorted. Where
    /// several blocks of one rule meet at one place, the first block's finding stands.
    pub fn evaluate(&self, facts: &[Fact]) -> Vec<Finding> {
        let index = evaluate::Index::new(facts);
        let mut findings: Vec<Finding> = Vec::new();
        for rule in self.rules.iter() {
            let mut of_rule = Vec::new();
            evaluate::rule(rule, &index, &mut of_rule);
            for finding in of_rule {
                let same = |other: &Finding| {
                    other.rule == finding.rule && other.spans.first() == finding.spans.first()
                };
                if !findings.iter().rev().take_while(|other| other.rule == finding.rule).any(same) {
                    findings.push(finding);
                }
            }
        }
        findings.sort();
        findings
    }

    /// Fills in a finding that code made: severity, confidence, help and references of its rule.
    /// Severity and confidence of the finding stand where the rule says `severity = "set-by-check"`;
    /// help and references that the finding brings stand too, the rule's references being added.
    #[must_use]
    pub fn complete(&self, mut finding: Finding) -> Finding {
        let Some(rule) = self.get(&finding.rule) else { return finding };
        finding.severity = rule.severity.unwrap_or(finding.severity);
        finding.confidence = rule.confidence.unwrap_or(finding.confidence);
        if finding.help.is_empty() {
            finding.help.clone_from(&rule.fix);
        }
        finding.references.extend(rule.references.iter().cloned());
        finding.references.sort();
        finding.references.dedup();
        finding
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), RuleError> {
    let failed = |path: &Path, error: std::io::Error| RuleError {
        file: path.display().to_string(),
        line: 0,
        column: 0,
        message: format!("cannot be read: {error}"),
    };
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    for entry in entries {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let meta = std::fs::symlink_metadata(&path).map_err(|error| failed(&path, error))?;
        if meta.is_dir() {
            read_folder(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            if meta.len() > MAX_RULE_FILE {
                return Err(failed(&path, std::io::Error::other("larger than 1 MiB")));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            let below = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            let id = below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            files.push((id, text));
        }
    }
    Ok(())
}
