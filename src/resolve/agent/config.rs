//! Configurations in JSON and TOML: MCP servers, plugin manifests.

use std::path::Path;

use crate::discover::{Format, Project, paths};
use crate::json::{self, Node};
use crate::model::{AgentKind, LineIndex, Location, Package, Source};
use crate::resolve::{ResolveError, read_text};

/// Reads such a file of the tree, comments and all, and hands its root on.
///
/// # Errors
/// Where it cannot be read or is neither.
pub(super) fn with<T>(
    root: &Path,
    file: &str,
    then: impl FnOnce(&str, &Node<'_>, &LineIndex<'_>) -> T,
) -> Result<T, ResolveError> {
    let text = read_text(root, file)?;
    json::configuration(file, &text, |text, node| then(text, node, &LineIndex::new(file, text))).map_err(
        |error| ResolveError::Invalid {
            file: file.to_owned(),
            line: error.line,
            column: error.column,
            message: format!(
                "not {}: {}",
                if file.ends_with(".toml") { "TOML" } else { "JSON" },
                error.message
            ),
            help: "mend it, or exclude the file in `bomvet.toml`".to_owned(),
        },
    )
}

/// Where a node stands.
pub(super) fn location(index: &LineIndex<'_>, file: &str, node: &Node<'_>) -> Location {
    let span = index.span(node.range.start, node.range.end);
    Location { file: file.into(), line: span.line, column: span.column }
}

/// Keys under which the agents' configurations list servers.
const LISTS: [&str; 4] = ["mcpServers", "mcp_servers", "context_servers", "servers"];

/// Whether that key of an agent's settings lists servers, which are nodes of their own.
pub fn lists_servers(key: &str) -> bool {
    // In settings, which list much else too, `servers` alone says nothing.
    key != "servers" && LISTS.contains(&key)
}

/// One node for each server of an MCP configuration.
pub(super) fn servers(root: &Path, file: &Project) -> Result<Vec<Package>, ResolveError> {
    let path = &file.lockfile;
    with(root, path, |_, node, index| {
        let known = LISTS.into_iter().filter(|key| file.format == Format::Mcp || lists_servers(key));
        let lists = known.filter_map(|key| Some((format!("/{key}"), node.get(key)?)));
        // VS Code's user settings hold them one level further down.
        let deeper = node.get("mcp").into_iter().flat_map(|node| {
            LISTS.iter().filter_map(move |key| Some((format!("/mcp/{key}"), node.get(key)?)))
        });
        let mut out = Vec::new();
        for (list, servers) in lists.chain(deeper) {
            for (name, _, entry) in servers.members() {
                let pointer = format!("{list}/{}", name.replace('~', "~0").replace('/', "~1"));
                let source = Source::Entry { path: path.clone(), pointer: pointer.clone() };
                let place = format!("file://{path}#{pointer}");
                out.push(super::node(
                    AgentKind::McpServer,
                    super::clean(name),
                    "",
                    source,
                    &[("download_url", &place)],
                    location(index, path, entry),
                ));
            }
        }
        out
    })
}

/// A plugin's node, its folder the one above the manifest's; `None` for a marketplace, which only
/// lists plugins.
pub(super) fn plugin(root: &Path, file: &Project) -> Result<Option<Package>, ResolveError> {
    let path = &file.lockfile;
    let name = path.rsplit('/').next().unwrap_or_default();
    if name == "marketplace.json" {
        return Ok(None);
    }
    let hidden = file.dir.rsplit('/').next().is_some_and(|dir| dir.starts_with('.'));
    let dir = if hidden { paths::parent(&file.dir) } else { &file.dir };
    let folder = if dir.is_empty() { "." } else { dir };
    with(root, path, |_, node, index| {
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let fallback = dir.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("plugin");
        let name = text("name").unwrap_or_else(|| fallback.to_owned());
        let version = text("version").unwrap_or_default();
        let mut package = super::local(
            AgentKind::Plugin,
            super::clean(&name),
            super::clean(&version),
            folder,
            location(index, path, node),
        );
        package.licence = text("license");
        Some(package)
    })
}

/// The command line that starts an MCP server: `command` and `args`; empty where neither is given.
pub fn command_line(server: &Node<'_>) -> String {
    let mut line = server.get("command").and_then(Node::as_str).unwrap_or_default().to_owned();
    for arg in server.get("args").map(Node::elements).unwrap_or_default() {
        if let Some(arg) = arg.as_str() {
            line.push(' ');
            line.push_str(&quoted(arg));
        }
    }
    line
}

/// An argument as a shell would take it back.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', "'\\''"))
    }
}
