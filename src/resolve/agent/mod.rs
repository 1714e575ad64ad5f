//! What agents are given, as packages: skills, plugins, instructions, commands, settings and the
//! servers of MCP configurations, each a node of its own.
//!
//! A node belongs to the nearest skill, plugin or package whose folder holds it, and gets an edge
//! [`DependencyKind::Invokes`] from there. What the texts and configurations start, install or
//! fetch becomes edges too ([`invokes`]). Nothing is run and nothing is fetched here.

mod config;
mod invokes;
mod manifest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use self::config::{command_line, lists_servers};
use super::{Resolution, ResolveError, read_text};
use crate::discover::{Format, Project, paths};
use crate::model::{
    AgentKind, Dependency, DependencyKind, Ecosystem, Gap, GapKind, LineIndex, Location, Package, Source,
    Span, purl,
};
use crate::prose::markdown;

/// Resolves the agent files of one audited tree. `packages` are those that lockfiles gave; `whole`
/// asks for a node for the tree even where it holds none of these files.
///
/// # Errors
/// Where a configuration cannot be read or is not what its name says.
pub fn resolve(
    root: &Path,
    projects: &[Project],
    packages: &[Package],
    whole: bool,
) -> Result<Resolution, ResolveError> {
    let files: Vec<&Project> =
        projects.iter().filter(|project| project.ecosystem == Ecosystem::Agent).collect();
    let mut out = Resolution::default();
    if files.is_empty() && !whole {
        return Ok(out);
    }
    let mut owners: BTreeMap<String, String> = packages
        .iter()
        .filter(|package| package.first_party)
        .filter_map(|package| match &package.source {
            Source::Path { path } => Some((folder(path), package.purl.clone())),
            _ => None,
        })
        .collect();
    let folders: Vec<_> =
        files.iter().filter(|file| matches!(file.format, Format::Skill | Format::Plugin)).collect();
    let mut made: Vec<(Package, &Project)> = Vec::new();
    for file in &folders {
        let package = match file.format {
            Format::Skill => skill(root, file, &mut out),
            _ => match config::plugin(root, file)? {
                Some(plugin) => plugin,
                None => continue,
            },
        };
        made.push((package, file));
    }
    // The rest of the tree belongs to somebody: what lies beside the skills is read too.
    if !owners.contains_key("") && !made.iter().any(|(package, _)| folder_of(package).is_empty()) {
        let place = Location { file: ".".into(), line: 0, column: 0 };
        let workspace = manifest::package(root)
            .unwrap_or_else(|| local(AgentKind::Workspace, "workspace", "", ".", place));
        owners.insert(String::new(), workspace.purl.clone());
        out.packages.push(workspace);
    } else if owners.contains_key("") {
        // Scripts that an agent's settings start are the agent's, whatever else the tree is.
        for dir in agent_folders(&files).difference(&owners.keys().cloned().collect()) {
            let place = Location { file: dir.as_str().into(), line: 0, column: 0 };
            let name = dir.rsplit('/').next().unwrap_or(dir).trim_start_matches('.');
            let folder = local(AgentKind::Workspace, name, "", dir, place);
            if let Some(above) = paths::ancestors(dir).skip(1).find_map(|dir| owners.get(dir)) {
                out.dependencies.push(invokes(above, &folder));
            }
            owners.insert(dir.clone(), folder.purl.clone());
            out.packages.push(folder);
        }
    }
    for (package, _) in &made {
        // A skill's folder that is a package too keeps the package as the owner of what is below.
        owners.entry(folder_of(package)).or_insert_with(|| package.purl.clone());
    }
    for file in &files {
        match file.format {
            Format::Instructions | Format::Command => {
                // Within a skill's folder they are the skill's own text.
                let within = paths::ancestors(&file.dir).any(|dir| {
                    made.iter().any(|(package, _)| is_skill(package) && folder_of(package) == dir)
                });
                if !within {
                    made.push((document(file), file));
                }
            }
            Format::Settings | Format::Mcp => {
                if file.format == Format::Settings {
                    made.push((settings(file), file));
                }
                for server in config::servers(root, file)? {
                    made.push((server, file));
                }
            }
            _ => {}
        }
    }
    for (package, file) in &made {
        if let Some(owner) = owner(&owners, file, &package.purl) {
            out.dependencies.push(invokes(&owner, package));
        }
    }
    let places: BTreeMap<String, String> = made
        .iter()
        .filter_map(|(package, _)| match &package.source {
            Source::Path { path } => Some((folder(path), package.purl.clone())),
            _ => None,
        })
        .collect();
    for (package, file) in made {
        invokes::of(root, &package, file, &places, &mut out)?;
        out.packages.push(package);
    }
    Ok(out)
}

/// Folders in which agents keep their settings, and with them what these start.
const FOLDERS: &[&str] = &[".claude", ".codex", ".cursor", ".gemini", ".windsurf", ".opencode"];

/// The folders of that kind that hold agents' files.
fn agent_folders(files: &[&Project]) -> BTreeSet<String> {
    let of = |file: &&Project| {
        paths::ancestors(&file.dir)
            .find(|dir| dir.rsplit('/').next().is_some_and(|name| FOLDERS.contains(&name)))
            .map(str::to_owned)
    };
    files.iter().filter_map(of).collect()
}

fn invokes(from: &str, package: &Package) -> Dependency {
    Dependency {
        from: from.to_owned(),
        to: package.purl.clone(),
        kind: DependencyKind::Invokes,
        requirement: String::new(),
        platform: None,
        declared: package.declared.clone(),
    }
}

/// The nearest one whose folder holds the file and that is not the node itself.
fn owner(owners: &BTreeMap<String, String>, file: &Project, own: &str) -> Option<String> {
    paths::ancestors(&file.dir).filter_map(|dir| owners.get(dir)).find(|purl| *purl != own).cloned()
}

fn is_skill(package: &Package) -> bool {
    package.agent == Some(AgentKind::Skill)
}

/// A source's path as a folder from the root: empty for the root.
fn folder(path: &str) -> String {
    if path == "." { String::new() } else { path.to_owned() }
}

fn folder_of(package: &Package) -> String {
    match &package.source {
        Source::Path { path } => folder(path),
        _ => String::new(),
    }
}

/// A node whose files lie at `path` of the audited tree.
fn local(kind: AgentKind, name: &str, version: &str, path: &str, declared: Location) -> Package {
    let source = Source::Path { path: path.to_owned() };
    node(kind, name, version, source, &[("download_url", &format!("file://{path}"))], declared)
}

/// A node of the project's own.
fn node(
    kind: AgentKind,
    name: &str,
    version: &str,
    source: Source,
    qualifiers: &[(&str, &str)],
    declared: Location,
) -> Package {
    Package {
        purl: purl(Ecosystem::Agent, &format!("{}/{name}", kind.as_str()), version, qualifiers),
        agent: Some(kind),
        source,
        first_party: true,
        ..Package::registry(Ecosystem::Agent, name, version, declared)
    }
}

/// A skill's node. A `SKILL.md` that cannot be read leaves it without fields, and is a gap.
fn skill(root: &Path, file: &Project, out: &mut Resolution) -> Package {
    let text = read_text(root, &file.lockfile);
    let source = text.as_deref().unwrap_or_default();
    let document = markdown::parse(source);
    let field = |name: &str| {
        let front = document.front_matter.as_ref()?;
        let found = front.get(name).find(|field| !field.value.trim().is_empty())?;
        Some((found.value.clone(), found.range.start))
    };
    let name = field("name");
    let version = field("version").or_else(|| field("metadata.version"));
    let licence = field("license").or_else(|| field("licence"));
    let path = if file.dir.is_empty() { "." } else { &file.dir };
    let fallback = paths::parent(&file.lockfile).rsplit('/').next().unwrap_or_default();
    let fallback = if fallback.is_empty() { "skill" } else { fallback };
    let line = name.as_ref().map_or(1, |(_, at)| LineIndex::new("", source).span(*at, *at).line);
    let name = name.as_ref().map_or(fallback, |(name, _)| name);
    let version = version.as_ref().map_or("", |(version, _)| version);
    let declared = Location { file: file.lockfile.as_str().into(), line, column: 1 };
    let mut package = local(AgentKind::Skill, clean(name), clean(version), path, declared);
    package.licence = licence.map(|(licence, _)| licence);
    if let Err(error) = text {
        let gap = Gap {
            spans: vec![Span::file(file.lockfile.as_str())],
            ..Gap::new(GapKind::NotParsed, error.to_string())
        };
        out.gaps.push((package.purl.clone(), gap));
    }
    package
}

/// A name within reasonable length: the rest is still in the file.
fn clean(name: &str) -> &str {
    let name = name.trim();
    let cut = name.char_indices().nth(200).map_or(name.len(), |(at, _)| at);
    &name[..cut]
}

/// Instructions or a command: one Markdown file.
fn document(file: &Project) -> Package {
    let kind = if file.format == Format::Command { AgentKind::Command } else { AgentKind::Instructions };
    let name = file.lockfile.rsplit('/').next().unwrap_or_default();
    let declared = Location { file: file.lockfile.as_str().into(), line: 1, column: 1 };
    local(kind, name, "", &file.lockfile, declared)
}

fn settings(file: &Project) -> Package {
    let name = file.lockfile.rsplit('/').next().unwrap_or_default();
    let declared = Location { file: file.lockfile.as_str().into(), line: 1, column: 1 };
    local(AgentKind::Settings, name, "", &file.lockfile, declared)
}
