//! What agents' configurations start and allow, as facts: hooks, MCP servers, permissions, tasks.
//!
//! Names of facts are the paths in the file (`hooks.PreToolUse`, `mcp.command`,
//! `permissions.allow`, `env.HTTPS_PROXY`). Commands are read as shell too; what an event starts
//! without anybody asking counts as run at install time.

use crate::check::shell;
use crate::json::{self, Node};
use crate::model::{
    AgentKind, CapabilityKind, Contents, Context, Fact, FactKind, Gap, GapKind, LineIndex, Package, Span,
};
use crate::resolve::agent::{command_line, lists_servers};
use crate::yaml;

/// How deep a configuration is followed; further down is nothing that any agent reads.
const MAX_DEPTH: usize = 12;

/// Facts of the configurations among an agent package's files, and those that cannot be read.
pub fn read(package: &Package, contents: &Contents) -> (Vec<Fact>, Vec<Gap>) {
    let (mut facts, mut gaps) = (Vec::new(), Vec::new());
    let server = package.agent == Some(AgentKind::McpServer);
    for file in &contents.files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let one = package.agent == Some(AgentKind::Settings) || server;
        let known =
            matches!(name, "plugin.json" | "hooks.json" | "marketplace.json" | "gemini-extension.json");
        if name.eq_ignore_ascii_case("SKILL.md") {
            gaps.extend(front(&file.path, contents.bytes(file)));
        }
        if name.ends_with(".md") || name.ends_with(".mdc") {
            hooks(&file.path, contents.bytes(file), &mut facts);
        }
        let reads = [".json", ".jsonc", ".toml"].iter().any(|end| name.ends_with(end));
        if !reads || !(one || known) {
            continue;
        }
        let Ok(text) = std::str::from_utf8(contents.bytes(file)) else { continue };
        let read = json::configuration(&file.path, text, |text, root| {
            let mut walk = Walk { index: &LineIndex::new(&*file.path, text), facts: &mut facts };
            if server {
                walk.server(root);
            } else {
                walk.settings("", root, 0);
            }
        });
        if let Err(error) = read {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            gaps.push(Gap {
                kind: GapKind::NotParsed,
                message: format!("`{}` cannot be read: {}", file.path, error.message),
                spans: vec![LineIndex::new(&*file.path, text).span(error.offset, error.offset)],
            });
        }
    }
    (facts, gaps)
}

/// What is wrong with a skill's front matter: agents take the name, the purpose and the tools from
/// it, and disagree on what a broken one says.
fn front(path: &str, bytes: &[u8]) -> Option<Gap> {
    let text = std::str::from_utf8(bytes).ok()?;
    let open = text.trim_start_matches('\u{feff}').lines().next()?.trim_end() == "---";
    if !open || crate::prose::front::read(text).is_some() {
        return None;
    }
    let message = format!("`{path}`: the front matter never ends; close it with a line `---`");
    Some(Gap { kind: GapKind::NotParsed, message, spans: vec![LineIndex::new(path, text).span(0, 3)] })
}

/// The hooks that a skill, a command or an agent brings along in its front matter: they are started
/// by events, as those of settings are.
fn hooks(path: &str, bytes: &[u8], facts: &mut Vec<Fact>) {
    const MARK: &str = "---";
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let Some(rest) = text.get(start..).and_then(|text| text.strip_prefix(MARK)) else { return };
    let from = start + MARK.len();
    let Some(end) = rest.find("\n---").map(|at| from + at + 1) else { return };
    let Some(front) = text.get(from..end).filter(|front| front.contains("hooks")) else { return };
    let Ok(root) = yaml::parse(front) else { return };
    let index = LineIndex::new(path, text);
    let mut walk = Walk { index: &index, facts };
    let mut todo: Vec<(String, &yaml::Node<'_>, usize)> =
        root.get("hooks").map(|node| ("hooks".to_owned(), node, 0)).into_iter().collect();
    while let Some((name, node, depth)) = todo.pop() {
        for (key, value) in node.pairs() {
            let Some(key) = key.as_str() else { continue };
            let inner = format!("{name}.{key}");
            match value.as_str().filter(|_| matches!(key, "command" | "run" | "bash")) {
                Some(line) => {
                    let span = walk.index.span(from + value.range.start, from + value.range.end);
                    // The reach of a skill is judged by what the line does.
                    walk.line(&inner, line, span, None, None);
                }
                None if depth < MAX_DEPTH => todo.push((inner, value, depth + 1)),
                None => {}
            }
        }
        if depth < MAX_DEPTH {
            todo.extend(node.elements().iter().map(|one| (name.clone(), one, depth + 1)));
        }
    }
}

struct Walk<'a, 'b> {
    index: &'a LineIndex<'b>,
    facts: &'a mut Vec<Fact>,
}

impl Walk<'_, '_> {
    fn span(&self, node: &Node<'_>) -> Span {
        self.index.span(node.range.start, node.range.end)
    }

    fn field(&mut self, name: &str, value: &str, node: &Node<'_>) {
        let span = self.span(node);
        self.facts.push(Fact::new(FactKind::Manifest, name, span).value(value));
    }

    /// A command that an event starts: what it does, at once.
    fn command(&mut self, name: &str, line: &str, node: &Node<'_>) {
        let span = self.span(node);
        self.command_at(name, line, span);
    }

    fn command_at(&mut self, name: &str, line: &str, span: Span) {
        let tool = Fact::new(FactKind::Tool, "shell.run", span.clone()).value(line);
        self.line(name, line, span, Some(CapabilityKind::Process), Some(tool));
    }

    fn line(
        &mut self,
        name: &str,
        line: &str,
        span: Span,
        capability: Option<CapabilityKind>,
        tool: Option<Fact>,
    ) {
        let context = Context { install: true, top_level: true, ..Context::default() };
        let mut fact = Fact::new(FactKind::Manifest, name, span.clone()).value(line);
        fact.capability = capability;
        fact.context = context;
        self.facts.push(fact);
        self.facts.extend(tool.map(|tool| Fact { context, ..tool }));
        self.facts.extend(shell::facts(line, &span).into_iter().map(|mut fact| {
            fact.context.install = true;
            fact.context.top_level = true;
            fact
        }));
    }

    /// One server of an MCP configuration.
    fn server(&mut self, root: &Node<'_>) {
        let line = command_line(root);
        if !line.is_empty() {
            self.command("mcp.command", &line, root.get("command").unwrap_or(root));
        }
        for node in root.get("args").map(Node::elements).unwrap_or_default() {
            self.field("mcp.args", node.as_str().unwrap_or_default(), node);
        }
        for key in ["url", "serverUrl", "httpUrl", "endpoint"] {
            if let Some(node) = root.get(key)
                && let Some(url) = node.as_str()
            {
                self.field("mcp.url", url, node);
            }
        }
        for key in ["env", "headers"] {
            for (name, _, node) in root.get(key).map(Node::members).unwrap_or_default() {
                self.field(&format!("mcp.{key}.{name}"), node.as_str().unwrap_or_default(), node);
            }
        }
        for key in ["autoApprove", "alwaysAllow", "trust"] {
            if let Some(node) = root.get(key) {
                for value in node.elements() {
                    self.field(&format!("mcp.{key}"), value.as_str().unwrap_or_default(), value);
                }
                if node.as_bool() == Some(true) {
                    self.field(&format!("mcp.{key}"), "true", node);
                }
            }
        }
    }

    /// Settings, whatever their agent: every text, number and truth value by its path; those that
    /// are commands by what they do.
    fn settings(&mut self, path: &str, node: &Node<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let last = path.rsplit('.').next().unwrap_or(path);
        if let Some(text) = node.as_str() {
            let runs = matches!(
                last,
                "command"
                    | "bash"
                    | "cmd"
                    | "run"
                    | "apiKeyHelper"
                    | "awsAuthRefresh"
                    | "awsCredentialExport"
                    | "onCreateCommand"
                    | "postCreateCommand"
                    | "postStartCommand"
                    | "postAttachCommand"
                    | "initializeCommand"
                    | "updateContentCommand"
                    | "otelHeadersHelper"
            );
            match runs {
                true => self.command(path, text, node),
                false => self.field(path, text, node),
            }
        } else if let Some(value) = node.as_bool() {
            self.field(path, if value { "true" } else { "false" }, node);
        }
        for (name, _, child) in node.members() {
            // A list of MCP servers within the settings has nodes of its own.
            if lists_servers(name) && depth == 0 {
                continue;
            }
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            self.settings(&path, child, depth + 1);
        }
        for child in node.elements() {
            self.settings(path, child, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::examples;
    use crate::model::{Ecosystem, Location};

    fn facts(agent: AgentKind, file: &str, text: &str) -> Vec<String> {
        let place = Location { file: file.into(), line: 1, column: 1 };
        let package = Package { agent: Some(agent), ..Package::registry(Ecosystem::Agent, "x", "", place) };
        let (facts, gaps) = read(&package, &examples::contents(&[(file, text.as_bytes())]));
        assert!(gaps.is_empty());
        facts
            .iter()
            .map(|fact| {
                format!("{:?} {}={} install={}", fact.kind, fact.name, fact.value, fact.context.install)
            })
            .collect()
    }

    #[test]
    fn hooks_run_without_being_asked() {
        let text = r#"{"permissions": {"allow": ["Bash(*)"]}, "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "make fmt"}]}]}}"#;
        let facts = facts(AgentKind::Settings, "settings.json", text);
        assert!(facts.contains(&"Manifest permissions.allow=Bash(*) install=false".to_owned()), "{facts:?}");
        assert!(
            facts.contains(&"Manifest hooks.Stop.hooks.command=make fmt install=true".to_owned()),
            "{facts:?}"
        );
        assert!(facts.contains(&"Shell make=make fmt install=true".to_owned()), "{facts:?}");
    }

    #[test]
    fn hooks_of_front_matter_are_hooks() {
        let text = "---\nname: a\ndescription: b\nhooks:\n  PostToolUse:\n    - matcher: Write\n      hooks:\n        - type: command\n          command: \"make fmt\"\n---\nText.\n";
        let facts = facts(AgentKind::Skill, "SKILL.md", text);
        assert!(
            facts.contains(&"Manifest hooks.PostToolUse.hooks.command=make fmt install=true".to_owned()),
            "{facts:?}"
        );
    }

    #[test]
    fn a_server_is_what_it_starts_or_where_it_is() {
        let text = r#"{"command": "npx", "args": ["-y", "a b"], "env": {"KEY": "${KEY}"}}"#;
        let got = facts(AgentKind::McpServer, "server.json", text);
        assert!(got.contains(&"Manifest mcp.command=npx -y 'a b' install=true".to_owned()), "{got:?}");
        assert!(got.contains(&"Manifest mcp.env.KEY=${KEY} install=false".to_owned()), "{got:?}");
        let got = facts(AgentKind::McpServer, "server.json", r#"{"url": "https://x.invalid/mcp"}"#);
        assert_eq!(got, ["Manifest mcp.url=https://x.invalid/mcp install=false"]);
    }
}
