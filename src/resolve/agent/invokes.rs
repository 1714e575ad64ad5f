//! What texts and configurations start, install, fetch or point to, as edges.
//!
//! Command lines are read where an agent would take them from: code blocks and inline code of
//! Markdown, shell scripts, MCP servers, hooks. A package that no version is pinned of gets a node
//! without one, and a gap: which one comes is decided on the day.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::{Resolution, ResolveError, read_text};
use super::{config, folder_of};
use crate::discover::{Project, paths};
use crate::json::{self, Node};
use crate::model::{
    AgentKind, Confidence, Dependency, DependencyKind, Ecosystem, Finding, Gap, GapKind, LineIndex, Location,
    Package, Severity, Source, escape, purl,
};
use crate::prose::markdown::{self, PieceKind};
use crate::shell::{self, Install};

/// Files of one package that are read for what they name.
const MAX_FILES: usize = 4_000;

/// Larger files are no text that somebody wrote; the check of contents looks at them.
const MAX_SIZE: u64 = 4 << 20;

/// Edges that one package may have to packages that it names.
const MAX_EDGES: usize = 2_000;

/// Endings of files that interpreters are given.
const SCRIPTS: [&str; 10] = ["js", "mjs", "cjs", "ts", "mts", "py", "sh", "rb", "jar", "wasm"];

/// Ways to write the folder of the configuration or of the project.
const HOMES: [&str; 6] = [
    "./",
    "${workspaceFolder}/",
    "${CLAUDE_PLUGIN_ROOT}/",
    "${CLAUDE_PROJECT_DIR}/",
    "$CLAUDE_PROJECT_DIR/",
    "${PWD}/",
];

/// Collects what one package names.
struct Named<'a> {
    package: &'a Package,
    out: &'a mut Resolution,
    /// By purl of a local node: the folder or file that it is, from the root.
    places: &'a BTreeMap<String, String>,
    left: usize,
}

/// Adds the packages and edges that one node asks for. `places` has the folders and files of all
/// local nodes, by path from the root.
pub(super) fn of(
    root: &Path,
    package: &Package,
    file: &Project,
    places: &BTreeMap<String, String>,
    out: &mut Resolution,
) -> Result<(), ResolveError> {
    let mut named = Named { package, out, places, left: MAX_EDGES };
    match package.agent {
        Some(AgentKind::McpServer) => named.server(root, file)?,
        Some(AgentKind::Settings) => {
            config::with(root, &file.lockfile, |_, node, index| {
                named.commands_in(node, index, &file.lockfile, 0);
            })?;
        }
        Some(AgentKind::Skill | AgentKind::Plugin) => {
            let folder = folder_of(package);
            let mut files = Vec::new();
            list(root, &folder, places, 0, &mut files);
            if files.len() > MAX_FILES {
                files.truncate(MAX_FILES);
                let message =
                    format!("more than {MAX_FILES} texts and scripts; what the rest names is not known");
                named.out.gaps.push((package.purl.clone(), Gap::new(GapKind::NotResolved, message)));
            }
            for path in files {
                named.file(root, &path);
            }
        }
        _ => named.file(root, &file.lockfile),
    }
    Ok(())
}

/// Texts and scripts below a folder, in order; folders of other nodes are theirs.
fn list(root: &Path, dir: &str, places: &BTreeMap<String, String>, depth: usize, out: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(dir)) else { return };
    let mut names: Vec<_> =
        entries.flatten().filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry))).collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, entry) in names {
        let path = paths::child(dir, &name);
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let other = name == ".git" || places.contains_key(&path);
            if !other && depth < 32 {
                list(root, &path, places, depth + 1, out);
            }
        } else if kind.is_file() && out.len() <= MAX_FILES && (is_markdown(&name) || is_script(&name)) {
            out.push(path);
        }
    }
}

fn is_markdown(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".md", ".mdc", ".markdown"].iter().any(|end| lower.ends_with(end))
}

fn is_script(name: &str) -> bool {
    [".sh", ".bash", ".zsh"].iter().any(|end| name.ends_with(end))
}

/// Languages of code blocks that are commands; a block without one is read as such too: what is
/// no command names no package.
fn is_shell(language: &str) -> bool {
    matches!(
        language,
        "" | "sh"
            | "bash"
            | "zsh"
            | "shell"
            | "console"
            | "terminal"
            | "shell-session"
            | "shellsession"
            | "text"
    )
}

/// A console's prompts blanked, so that positions stay.
fn without_prompts(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_prefix("$ ") {
            Some(rest) => format!("  {rest}"),
            None => line.to_owned(),
        })
        .collect()
}

/// A name that stands for one: `NAME`, `your-package`, `package-name`, `foo`.
fn is_placeholder(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let shouted =
        name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase() || b"_-".contains(&byte));
    shouted
        || matches!(
            &*lower,
            "name"
                | "package"
                | "pkg"
                | "package-name"
                | "package_name"
                | "foo"
                | "bar"
                | "example"
                | "image"
                | "..."
                | "…"
        )
        || ["your-", "your_", "my-package", "some-package"].iter().any(|start| lower.starts_with(start))
}

impl Named<'_> {
    fn file(&mut self, root: &Path, path: &str) {
        let size = std::fs::symlink_metadata(root.join(path)).map_or(0, |meta| meta.len());
        // What cannot be read is said by the check of the contents, which reads it too.
        let Ok(text) = (if size > MAX_SIZE { return } else { read_text(root, path) }) else { return };
        let index = LineIndex::new(path, &text);
        if !is_markdown(path) && self.package.agent != Some(AgentKind::Instructions) {
            self.commands(&text, |at| at, &index, path);
            return;
        }
        let document = markdown::parse(&text);
        for code in document.code_blocks(&text).filter(|code| is_shell(code.language)) {
            self.commands(&without_prompts(&code.text), |at| code.offset(at), &index, path);
        }
        for block in &document.blocks {
            for piece in block.pieces.iter().filter(|piece| piece.kind == PieceKind::Code) {
                let code = piece.text(&text);
                self.commands(code, |_| piece.range.start, &index, path);
            }
        }
        for link in &document.links {
            self.link(path, &link.url, index.span(link.range.start, link.range.end).line);
        }
    }

    /// A link to another local node.
    fn link(&mut self, path: &str, url: &str, line: u32) {
        let target = url.split(['#', '?']).next().unwrap_or(url);
        if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            return;
        }
        let Some(target) = paths::join(paths::parent(path), target) else { return };
        let owner = std::iter::once(target.as_str())
            .chain(paths::ancestors(paths::parent(&target)))
            .find_map(|place| self.places.get(place));
        if let Some(to) = owner.filter(|purl| **purl != self.package.purl).cloned() {
            self.edge(to, String::new(), Location { file: path.into(), line, column: 1 });
        }
    }

    fn commands(&mut self, text: &str, offset: impl Fn(usize) -> usize, index: &LineIndex<'_>, path: &str) {
        let analysis = shell::analyse(text);
        for (at, install) in analysis.installs() {
            let Some(invocation) = analysis.invocations.get(at) else { continue };
            let start = offset(invocation.range.0);
            let span = index.span(start, start);
            let declared = Location { file: path.into(), line: span.line, column: span.column };
            self.install(&install, declared);
        }
    }

    fn server(&mut self, root: &Path, file: &Project) -> Result<(), ResolveError> {
        let Source::Entry { pointer, .. } = &self.package.source else { return Ok(()) };
        config::with(root, &file.lockfile, |_, node, index| {
            let Some(entry) = node.at(pointer) else { return };
            let declared = config::location(index, &file.lockfile, entry);
            self.absent(root, &file.dir, entry, index);
            let analysis = shell::analyse(&config::command_line(entry));
            for (_, install) in analysis.installs() {
                self.install(&install, declared.clone());
            }
            for key in ["url", "serverUrl", "httpUrl"] {
                if let Some(url) = entry.get(key).and_then(Node::as_str) {
                    self.remote(url, declared.clone());
                }
            }
        })
    }

    /// Programs and scripts that a server is started from and that are not in the tree: whatever
    /// lies there on the day is run.
    fn absent(&mut self, root: &Path, dir: &str, entry: &Node<'_>, index: &LineIndex<'_>) {
        let command = entry.get("command").into_iter().map(|node| (node, true));
        let args = entry.get("args").map(Node::elements).unwrap_or_default();
        for (node, program) in command.chain(args.iter().map(|node| (node, false))) {
            let Some(written) = node.as_str() else { continue };
            let path = HOMES.iter().find_map(|home| written.strip_prefix(home)).unwrap_or(written);
            let script = path.rsplit_once('.').is_some_and(|(_, ending)| SCRIPTS.contains(&ending));
            let local = if program { path.contains('/') } else { script };
            if !local || path.contains("://") || path.contains(char::is_whitespace) {
                continue;
            }
            let plain = !path.starts_with(['/', '~', '$']) && !path.split('/').any(|part| part == "..");
            if plain && (root.join(dir).join(path).is_file() || root.join(path).is_file()) {
                continue;
            }
            if plain && is_installed_by(root, path) {
                continue;
            }
            let gap = Gap {
                spans: vec![index.span(node.range.start, node.range.end)],
                ..Gap::new(
                    GapKind::NotSeen,
                    format!(
                        "`{}`, which the server is started from, is not among what was given",
                        escape(written)
                    ),
                )
            };
            self.out.gaps.push((self.package.purl.clone(), gap));
        }
    }

    /// Every `command` of a settings file.
    fn commands_in(&mut self, node: &Node<'_>, index: &LineIndex<'_>, path: &str, depth: usize) {
        if depth > 12 {
            return;
        }
        for (name, _, child) in node.members() {
            match child.as_str() {
                Some(line) if matches!(&**name, "command" | "run" | "postCreateCommand") => {
                    self.commands(line, |_| child.range.start, index, path);
                }
                _ => self.commands_in(child, index, path, depth + 1),
            }
        }
        for child in node.elements() {
            self.commands_in(child, index, path, depth + 1);
        }
    }

    fn install(&mut self, install: &Install, declared: Location) {
        if let Some(url) = &install.url {
            return self.remote(url, declared);
        }
        let ecosystem = match install.ecosystem {
            "npm" => Ecosystem::Npm,
            "pypi" => Ecosystem::Pypi,
            "cargo" => Ecosystem::Cargo,
            "golang" => Ecosystem::Golang,
            "docker" => Ecosystem::Docker,
            "github" => Ecosystem::Github,
            // Packages of a system have its own keys; what is installed from a file is in the tree.
            _ => return,
        };
        let known =
            |text: &str| !text.is_empty() && !text.contains(['$', '<', '>', '{', '}', '*', ' ', '\'', '"']);
        if !known(&install.name) || is_placeholder(&install.name) {
            return;
        }
        let requirement = install.requirement.clone().unwrap_or_default();
        let version = match install.pinned {
            true => requirement.trim_start_matches("==").trim_start_matches('=').to_owned(),
            false => String::new(),
        };
        let place = install.registry.clone().unwrap_or_default();
        let package = Package {
            purl: purl(ecosystem, &install.name, &version, &[("repository_url", &place)]),
            source: Source::Registry { registry: install.registry.clone(), url: None },
            ..Package::registry(ecosystem, &install.name, &version, declared.clone())
        };
        if version.is_empty() {
            self.unpinned(install, &declared);
            let gap = Gap::new(
                GapKind::NotResolved,
                format!("no version of `{}` is pinned: which one comes is decided on that day", install.name),
            );
            self.out.gaps.push((package.purl.clone(), gap));
        }
        self.edge(package.purl.clone(), requirement, declared);
        self.out.packages.push(package);
    }

    /// What is started without a version matters more than what is installed so: nothing of the
    /// project pins it either.
    fn unpinned(&mut self, install: &Install, declared: &Location) {
        // An image with a bare name was built here or comes from the engine's own library, in which
        // nobody else can publish.
        let own = install.ecosystem == "docker" && !install.name.contains('/') && install.registry.is_none();
        let severity = if install.runs && !own { Severity::Medium } else { Severity::Low };
        let does = if install.runs { "starts" } else { "installs" };
        let finding = Finding {
            severity,
            confidence: Confidence::Low,
            ..Finding::new(
                "agent/unpinned",
                format!("{does} `{}` without naming a version", crate::model::escape(&install.name)),
                vec![declared.span()],
            )
        };
        self.out.findings.push((self.package.purl.clone(), finding));
    }

    /// A node for what stands at an address.
    fn remote(&mut self, url: &str, declared: Location) {
        let package = Package {
            first_party: false,
            ..super::node(
                AgentKind::Remote,
                &url.split(['?', '#']).next().unwrap_or(url).replace("://", "/"),
                "",
                Source::Remote { url: url.to_owned() },
                &[("download_url", url)],
                declared.clone(),
            )
        };
        self.edge(package.purl.clone(), String::new(), declared);
        self.out.packages.push(package);
    }

    fn edge(&mut self, to: String, requirement: String, declared: Location) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            let gap = Gap::new(GapKind::NotResolved, format!("more than {MAX_EDGES} packages are named"));
            self.out.gaps.push((self.package.purl.clone(), gap));
        }
        self.out.dependencies.push(Dependency {
            from: self.package.purl.clone(),
            to,
            kind: DependencyKind::Invokes,
            requirement,
            platform: None,
            declared,
        });
    }
}

/// Whether a file is one of a package that the project's own manifest names, and that its package manager
/// puts there: it is judged where the project's packages are.
fn is_installed_by(root: &Path, path: &str) -> bool {
    let Some(rest) = path.trim_start_matches("./").strip_prefix("node_modules/") else { return false };
    let mut parts = rest.splitn(3, '/');
    let name = match (parts.next(), parts.next()) {
        (Some(scope), Some(name)) if scope.starts_with('@') => format!("{scope}/{name}"),
        (Some(name), Some(_)) => name.to_owned(),
        _ => return false,
    };
    let Ok(text) = std::fs::read_to_string(root.join("package.json")) else { return false };
    let Ok(manifest) = json::parse(&text) else { return false };
    manifest.get("name").and_then(Node::as_str) == Some(&*name)
        || ["dependencies", "devDependencies", "optionalDependencies"]
            .iter()
            .any(|list| manifest.get(list).is_some_and(|list| list.get(&name).is_some()))
}
