//! What is said of agent packages only: the tools that they declare and use.

mod config;
mod deeds;
mod mismatch;
mod permits;
mod planted;
mod posted;
mod purpose;
mod reach;
mod registry;
mod vendor;
mod weighed;

pub use self::config::read as config;
pub use self::deeds::Deeds;
pub use self::mismatch::Mismatch;
pub use self::permits::Permits;
pub use self::planted::Planted;
pub use self::posted::Posted;
pub use self::reach::unsettled;
pub use self::registry::registries;
pub use self::vendor::leave_to_review;
pub use self::weighed::Weighed;

use std::collections::BTreeMap;

use crate::model::{Fact, FactKind, Gap, GapKind, Permissions, Polarity, Span, ToolUse};

/// Longest purpose that is kept, in characters.
const MAX_PURPOSE: usize = 1000;

/// What an agent package declares and uses, from its facts.
pub fn permissions(facts: &[Fact]) -> Permissions {
    let purpose = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Declared && fact.name == "description")
        .min_by_key(|fact| &fact.span)
        .map(|fact| fact.value.chars().take(MAX_PURPOSE).collect())
        .unwrap_or_default();
    let declared =
        facts.iter().filter(|fact| fact.kind == FactKind::Declared && fact.name == "allowed-tools");
    let declared = declared.map(|fact| {
        let (tool, on) = granted(&fact.value);
        (tool, on, &fact.span)
    });
    let used = facts.iter().filter(|fact| {
        fact.kind == FactKind::Tool
            && !fact.context.test
            && matches!(fact.context.polarity, Polarity::Told | Polarity::Example)
    });
    let used = used.map(|fact| (fact.name.clone(), fact.value.clone(), &fact.span));
    Permissions { purpose, declared: once(declared), used: once(used) }
}

/// Places that one gap names.
const MAX_PLACES: usize = 5;

/// Instructions in folders of test data: no agent should take them as its own, and whether one
/// does is not for a rule to say.
pub fn set_aside(facts: &[Fact]) -> Option<Gap> {
    let told = |fact: &&Fact| {
        fact.kind == FactKind::Instruction
            && fact.context.polarity == Polarity::TestData
            && crate::check::parse::markdown::is_test_path(&fact.span.file)
    };
    let mut spans: Vec<Span> = facts.iter().filter(told).map(|fact| fact.span.clone()).collect();
    spans.sort();
    spans.dedup();
    spans.truncate(MAX_PLACES);
    let first = spans.first()?;
    let message = format!("`{}` is test data by its folder, and instructs whoever reads it", first.file);
    Some(Gap { kind: GapKind::NeedsReview, message, spans })
}

/// Each tool and object once, at its first place.
fn once<'a>(uses: impl Iterator<Item = (String, String, &'a Span)>) -> Vec<ToolUse> {
    let mut first: BTreeMap<(String, String), &Span> = BTreeMap::new();
    for (tool, on, span) in uses {
        let known = first.entry((tool, on)).or_insert(span);
        if span < *known {
            *known = span;
        }
    }
    first.into_iter().map(|((tool, on), span)| ToolUse { tool, on, span: span.clone() }).collect()
}

/// One entry of `allowed-tools` as `object.verb` and what it is granted on: `Bash(git:*)` is
/// `shell.run` on `git:*`, `mcp__gmail__send_mail` is `gmail.send_mail`.
fn granted(entry: &str) -> (String, String) {
    let entry = entry.trim();
    let (name, on) = match entry.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end().trim_end_matches(')').trim()),
        None => (entry, ""),
    };
    let tool = match name.to_ascii_lowercase().as_str() {
        "*" | "all" => "*",
        "bash" | "shell" | "run_shell_command" | "execute" | "terminal" | "powershell" => "shell.run",
        "bashoutput" | "killbash" | "killshell" => "shell.read",
        "read" | "notebookread" | "read_file" | "view" => "file.read",
        "ls" | "glob" | "grep" | "search" | "find" | "list_directory" => "file.search",
        "write" | "edit" | "multiedit" | "notebookedit" | "write_file" | "replace" | "create" => "file.write",
        "webfetch" | "web_fetch" | "fetch" => "web.fetch",
        "websearch" | "web_search" | "google_web_search" => "web.search",
        "task" | "agent" => "agent.spawn",
        "skill" => "skill.use",
        "todowrite" | "todoread" | "exitplanmode" => "plan.write",
        "askuserquestion" => "user.ask",
        "slashcommand" => "command.run",
        other => {
            let server = other.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
            let tool =
                server.map_or_else(|| format!("{other}.use"), |(server, tool)| format!("{server}.{tool}"));
            return (tool, on.to_owned());
        }
    };
    (tool.to_owned(), on.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_object_and_verb() {
        let shown = |entry| {
            let (tool, on) = granted(entry);
            format!("{tool} {on}")
        };
        assert_eq!(shown("Bash(git:*)"), "shell.run git:*");
        assert_eq!(shown("Read"), "file.read ");
        assert_eq!(shown("mcp__gmail__send_mail"), "gmail.send_mail ");
        assert_eq!(shown("Canvas"), "canvas.use ");
    }
}
