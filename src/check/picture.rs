//! A task, a hook or a script that has an interpreter run what is named like a picture or a font.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject, context};
use crate::model::{Finding, LineIndex, escape};

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Programs that are named like something else.
#[derive(Debug)]
pub struct Picture;

/// `"command": "node", "args": ["public/a.woff2"]`, `node assets/logo.png`.
static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    let program = r"(?:node|nodejs|bun|deno\x20run|python3?|ruby|perl|php|bash|sh)";
    let named = r"[a-zA-Z0-9_@./\\$\{\}-]{1,200}\.(?:woff2?|ttf|otf|eot|png|jpe?g|gif|ico|bmp|webp|avif|mp3|mp4|wav|pdf|css)";
    let text = format!(
        r#"(?x)
        "command"\s*:\s*"{program}"\s*,\s*"args"\s*:\s*\[\s*"(?P<task>{named})"
        | (?:^|["'`;&|(]|&&)\s*{program}\s+(?P<line>{named})(?:["'`\s;&|)]|$)
        "#
    );
    Regex::new(&format!("(?m){text}")).expect("the expression is valid")
});

impl Check for Picture {
    fn rules(&self) -> &'static [&'static str] {
        &["malice/runs-picture"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let settings = |path: &str| {
            matches!(context::ending(path), "json" | "jsonc" | "yml" | "yaml" | "sh")
                && !context::is_test_path(path)
        };
        for (path, source) in context::texts(subject.contents, MAX_FILE, settings) {
            let found =
                RUNS.captures(source).and_then(|found| found.name("task").or_else(|| found.name("line")));
            if let Some(found) = found {
                let message =
                    format!("has a program run `{}`, which is named like no program", escape(found.as_str()));
                let span = LineIndex::new(path, source).span(found.start(), found.end());
                out.push(Finding::new("malice/runs-picture", message, vec![span]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run() {
        for text in [
            "{ \"command\": \"node\",\n  \"args\": [\"public/fonts/inter-500.woff2\"] }",
            "{ \"scripts\": { \"postinstall\": \"node assets/logo.png\" } }",
            "set -e\nnode ./assets/icon.ico &\n",
        ] {
            assert!(RUNS.is_match(text), "{text}");
        }
        for text in [
            "{ \"command\": \"node\", \"args\": [\"scripts/build.js\", \"logo.png\"] }",
            "node scripts/resize.js assets/logo.png\n",
            "python3 -m http.server; convert a.png b.ico\n",
            "description: use node with logo.png\n",
        ] {
            assert!(!RUNS.is_match(text), "{text}");
        }
    }
}
