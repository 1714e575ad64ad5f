//! The difference between the tools that a package declares and those that it uses.

use super::permissions;
use crate::check::{Check, Subject};
use crate::model::{AgentKind, Ecosystem, Finding, ToolUse, escape};

/// Tools that are declared too widely, used without being declared, or declared and never used.
#[derive(Debug)]
pub struct Permits;

impl Check for Permits {
    fn rules(&self) -> &'static [&'static str] {
        &["agent/excess-tool", "agent/undeclared-tool", "agent/unused-tool"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let kind = subject.package.agent;
        if subject.package.ecosystem != Ecosystem::Agent
            || !matches!(kind, Some(AgentKind::Skill | AgentKind::Command))
        {
            return;
        }
        let permissions = permissions(subject.facts);
        // Without a list nothing is declared, and the agent asks for each tool.
        if permissions.declared.is_empty() {
            return;
        }
        for declared in &permissions.declared {
            let used: Vec<_> = permissions.used.iter().filter(|used| covers(declared, used)).collect();
            let everything = matches!(&*declared.on, "" | "*" | ":*");
            if declared.tool == "*" || (declared.tool == "shell.run" && everything) {
                let names = names(&permissions.used);
                let message = match names.as_str() {
                    "" => format!("`{}` is declared for everything, and nothing uses it", declared.tool),
                    names => {
                        format!("`{}` is declared for everything; what it uses is {names}", declared.tool)
                    }
                };
                out.push(Finding::new("agent/excess-tool", message, vec![declared.span.clone()]));
            } else if used.is_empty() && reaches(&declared.tool) {
                let message = format!("`{}` is declared and nothing uses it", escape(&declared.tool));
                out.push(Finding::new("agent/unused-tool", message, vec![declared.span.clone()]));
            }
        }
        for used in &permissions.used {
            if reaches(&used.tool) && !permissions.declared.iter().any(|declared| covers(declared, used)) {
                let message = format!("uses `{}`, which it does not declare", escape(&used.tool));
                out.push(Finding::new("agent/undeclared-tool", message, vec![used.span.clone()]));
            }
        }
    }
}

/// Whether a tool goes beyond reading the workspace, so that declaring it says something.
fn reaches(tool: &str) -> bool {
    !matches!(tool, "file.read" | "file.search" | "plan.write" | "user.ask" | "shell.read")
}

/// Whether a declared tool allows a use.
fn covers(declared: &ToolUse, used: &ToolUse) -> bool {
    if declared.tool == "*" {
        return true;
    }
    let same = declared.tool == used.tool
        || matches!((&*declared.tool, &*used.tool), ("web.fetch", "web.search" | "http.get"))
        || (declared.tool == "file.write" && used.tool.starts_with("file."))
        // A command line can do whatever the other tools do.
        || (declared.tool == "shell.run" && declared.on.is_empty());
    let on = declared.on.trim_end_matches('*').trim_end_matches(':');
    same && (on.is_empty() || used.on.is_empty() || used.on.trim_start().starts_with(on))
}

fn names(used: &[ToolUse]) -> String {
    let mut names: Vec<_> = used
        .iter()
        .map(|used| match used.on.split_whitespace().next() {
            Some(first) if used.tool == "shell.run" => format!("`{}`", escape(first)),
            _ => format!("`{}`", escape(&used.tool)),
        })
        .collect();
    names.sort();
    names.dedup();
    names.truncate(8);
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    fn tool(tool: &str, on: &str) -> ToolUse {
        ToolUse { tool: tool.to_owned(), on: on.to_owned(), span: Span::file("SKILL.md") }
    }

    #[test]
    fn a_grant_covers_what_starts_as_it_says() {
        assert!(covers(&tool("shell.run", "git:*"), &tool("shell.run", "git status")));
        assert!(!covers(&tool("shell.run", "git:*"), &tool("shell.run", "curl x")));
        assert!(covers(&tool("file.write", ""), &tool("file.read", "a")));
        assert!(!covers(&tool("file.read", ""), &tool("mail.send", "")));
    }
}
