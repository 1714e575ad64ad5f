//! Rules as text for people: the list and the page of one rule.

use std::fmt::Write as _;

use super::RuleSet;
use super::rule::{CheckKind, Rule};

impl Rule {
    /// `high`, or `set by the check`.
    pub fn severity_text(&self) -> &'static str {
        self.severity.map_or("set by the check", |severity| severity.as_str())
    }

    /// `high`, or `set by the check`.
    pub fn confidence_text(&self) -> &'static str {
        self.confidence.map_or("set by the check", |confidence| confidence.as_str())
    }
}

impl RuleSet {
    /// One line for each rule: id, severity, confidence, title.
    pub fn list(&self) -> String {
        let wide = self.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
        let mut out = String::new();
        for rule in self.iter() {
            let grade = match rule.severity {
                Some(severity) => format!("{severity}/{}", rule.confidence_text()),
                None => "varies".to_owned(),
            };
            let _ = writeln!(out, "{:<wide$}  {grade:<15}  {}", rule.id, rule.title);
        }
        out
    }

    /// The page of one rule: why, fix, what it cannot see, examples. `None` for an unknown id.
    pub fn explain(&self, id: &str) -> Option<String> {
        let rule = self.get(id)?;
        let mut out = format!("{}: {}\n", rule.id, rule.title);
        let _ = writeln!(out, "severity {}, confidence {}", rule.severity_text(), rule.confidence_text());
        let made = match rule.check {
            CheckKind::Facts => "matched on facts of the parsers",
            CheckKind::Code => "made by a check in code",
        };
        let _ = writeln!(out, "{made}");
        for (title, text) in
            [("why", &rule.why), ("what to do", &rule.fix), ("what it cannot see", &rule.blind)]
        {
            let _ = write!(out, "\n{title}\n{}", indented(text));
        }
        if !rule.references.is_empty() {
            let _ = writeln!(out, "\nreferences\n  {}", rule.references.join("\n  "));
        }
        for example in &rule.examples {
            let verb = if example.expect { "must match" } else { "must not match" };
            let when = if example.install { ", run at install time" } else { "" };
            let _ = writeln!(out, "\n{verb}: {}{when}", example.path);
            if !example.note.is_empty() {
                let _ = writeln!(out, "  ({})", example.note);
            }
            if let Some(manifest) = &example.manifest {
                out.push_str(&indented(manifest));
            }
            match std::str::from_utf8(&example.code) {
                Ok(code) => out.push_str(&indented(&escape_lines(code))),
                Err(_) => {
                    let _ = writeln!(out, "  ({} bytes, not text)", example.code.len());
                }
            }
        }
        Some(out)
    }
}

fn indented(text: &str) -> String {
    text.trim()
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") })
        .collect()
}

/// Escapes what is invisible, line by line, so that an example cannot hide its own point.
fn escape_lines(text: &str) -> String {
    text.lines().map(|line| crate::model::escape(line) + "\n").collect()
}
