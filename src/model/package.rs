//! Packages and the edges between them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{Digest, Span};

/// A package manager's world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Rust crates.
    Cargo,
    /// JavaScript packages.
    Npm,
    /// Python distributions.
    Pypi,
    /// Go modules.
    Golang,
    /// Zig packages, named by URL and hash.
    Zig,
    /// Packages of JSR, which Deno uses.
    Jsr,
    /// Container images.
    Docker,
    /// Packages of an operating system's own manager (apt, apk, dnf, Homebrew).
    System,
    /// Actions and reusable workflows of GitHub.
    Github,
    /// What agents are given: skills, plugins, instructions, hooks, MCP servers.
    Agent,
}

impl Ecosystem {
    /// Every one, in the order in which they are listed everywhere.
    pub const ALL: [Self; 10] = [
        Self::Cargo,
        Self::Npm,
        Self::Pypi,
        Self::Golang,
        Self::Zig,
        Self::Jsr,
        Self::Docker,
        Self::System,
        Self::Github,
        Self::Agent,
    ];

    /// The name in counts, policies and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Golang => "golang",
            Self::Zig => "zig",
            Self::Jsr => "jsr",
            Self::Docker => "docker",
            Self::System => "system",
            Self::Github => "github",
            Self::Agent => "agent",
        }
    }

    /// The purl type (<https://github.com/package-url/purl-spec>); `generic` where the
    /// specification names none.
    pub fn purl_type(self) -> &'static str {
        match self {
            Self::Zig | Self::Jsr | Self::System | Self::Agent => "generic",
            other => other.as_str(),
        }
    }

    /// The ecosystem of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ecosystem| ecosystem.as_str() == text)
    }

    /// The name in OSV records (<https://ossf.github.io/osv-schema/>).
    pub fn osv(self) -> &'static str {
        match self {
            Self::Cargo => "crates.io",
            Self::Npm => "npm",
            Self::Pypi => "PyPI",
            Self::Golang => "Go",
            Self::Github => "GitHub Actions",
            Self::Zig | Self::Jsr | Self::Docker | Self::System | Self::Agent => self.as_str(),
        }
    }

    /// Whether advisory databases know packages of it, so that the lack of one is a gap.
    pub fn has_advisories(self) -> bool {
        matches!(self, Self::Cargo | Self::Npm | Self::Pypi | Self::Golang | Self::Github)
    }
}

/// What a package of [`Ecosystem::Agent`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentKind {
    /// A folder with a `SKILL.md`.
    Skill,
    /// A plugin or a marketplace of plugins.
    Plugin,
    /// What an agent reads before it works: `CLAUDE.md`, `AGENTS.md`, rules, memory files.
    Instructions,
    /// A slash command or a sub-agent, one Markdown file.
    Command,
    /// A settings file: hooks, permissions, environment.
    Settings,
    /// One server of an MCP configuration.
    McpServer,
    /// A text or program at an address, fetched when it is needed.
    Remote,
    /// What of an agent's folder is none of the others: scripts and documents beside them.
    Workspace,
}

impl AgentKind {
    /// The name in purls (`pkg:generic/skill/…`) and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Plugin => "plugin",
            Self::Instructions => "instructions",
            Self::Command => "command",
            Self::Settings => "settings",
            Self::McpServer => "mcp-server",
            Self::Remote => "remote",
            Self::Workspace => "workspace",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A line in one of the project's own files (lockfile, manifest, policy).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Path from the audited root, `/`-separated.
    pub file: Arc<str>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
}

impl Location {
    /// The place, without an excerpt.
    pub fn span(&self) -> Span {
        Span { line: self.line, column: self.column, ..Span::file(Arc::clone(&self.file)) }
    }
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Source {
    /// A registry.
    Registry {
        /// The registry as the lockfile names it (Cargo: `registry+https://…` without the
        /// prefix; npm: origin of the resolved URL), `None` for the ecosystem's default.
        registry: Option<String>,
        /// The archive's URL, where the lockfile gives one.
        url: Option<String>,
    },
    /// A git commit.
    Git {
        /// Repository URL without user information.
        url: String,
        /// Full commit id, where the lockfile pins one.
        commit: Option<String>,
    },
    /// A folder of the audited project.
    Path {
        /// Path from the audited root, `/`-separated; `.` for the root.
        path: String,
    },
    /// An archive by URL, outside any registry.
    Tarball {
        /// Its URL.
        url: String,
    },
    /// An archive in the audited project.
    File {
        /// Path from the audited root.
        path: String,
    },
    /// One entry of a configuration file of the audited project (an MCP server).
    Entry {
        /// Path of the file from the audited root.
        path: String,
        /// JSON pointer (RFC 6901) to the entry; for TOML as if it were JSON.
        pointer: String,
    },
    /// What stands at an address when somebody looks.
    Remote {
        /// The address.
        url: String,
    },
    /// Shipped inside another package's archive (npm `bundleDependencies`).
    Bundled {
        /// The purl of the package that ships it.
        within: String,
        /// Path inside that package's archive.
        path: String,
    },
}

/// Platforms that a package says it is for (npm `os`, `cpu`, `libc`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlatformSpec {
    /// Operating systems.
    pub os: Vec<String>,
    /// Processors.
    pub cpu: Vec<String>,
    /// C libraries.
    pub libc: Vec<String>,
}

/// A package as a lockfile pins it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Package URL, qualifiers included; unique in the graph, also the bom-ref.
    pub purl: String,
    /// Its world.
    pub ecosystem: Ecosystem,
    /// What it is to an agent; `None` outside of [`Ecosystem::Agent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentKind>,
    /// The real name (an npm alias is resolved), scope included (`@scope/name`).
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Where it comes from.
    pub source: Source,
    /// Digests that the lockfile declares, strongest first; empty where it gives none.
    pub integrity: Vec<Digest>,
    /// What pins its contents where that is no digest of an archive: `h1:…` of `go.sum`, a hash of
    /// `build.zig.zon`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// The line that pins it.
    pub declared: Location,
    /// Whether it is the project's own.
    pub first_party: bool,
    /// Whether the lockfile marks it as installed on some platforms only.
    pub optional: bool,
    /// The platforms it names.
    pub platform: PlatformSpec,
    /// The licence that the lockfile or the registry metadata states.
    pub licence: Option<String>,
    /// Features that are on, sorted (Cargo, where cargo could be asked).
    pub features: Vec<String>,
    /// What it replaces, where it is a patch (`[patch]`, overrides), for the pedigree.
    pub patches: Option<String>,
    /// The folder on disk, for first-party and vendored packages.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// The archives of this version, one of which each machine installs (Python's wheels and source
    /// archives), by file name; empty where there is one archive, or the lockfile names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

/// One of several archives of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Artifact {
    /// File name.
    pub name: String,
    /// Where it is, if the lockfile says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its digests as the lockfile declares them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<Digest>,
}

impl Package {
    /// A package of its ecosystem's default registry, of which nothing more is known.
    pub fn registry(ecosystem: Ecosystem, name: &str, version: &str, declared: Location) -> Self {
        Self {
            purl: purl(ecosystem, name, version, &[]),
            ecosystem,
            agent: None,
            name: name.to_owned(),
            version: version.to_owned(),
            source: Source::Registry { registry: None, url: None },
            integrity: Vec::new(),
            pin: None,
            declared,
            first_party: false,
            optional: false,
            platform: PlatformSpec::default(),
            licence: None,
            features: Vec::new(),
            patches: None,
            folder: None,
            artifacts: Vec::new(),
        }
    }

    /// Whether what is declared stands for one content only, whoever answers: a digest, a hash of
    /// the package manager's own, or a full commit id.
    pub fn is_pinned(&self) -> bool {
        let commit = match &self.source {
            Source::Git { commit: Some(commit), .. } => {
                commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            _ => false,
        };
        commit || self.pin.is_some() || !self.integrity.is_empty()
    }

    /// `name@version`, for messages; the name alone where there is no version.
    pub fn label(&self) -> String {
        if self.version.is_empty() {
            return self.name.clone();
        }
        format!("{}@{}", self.name, self.version)
    }
}

/// Why a package needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DependencyKind {
    /// At run time.
    Normal,
    /// While building (Cargo).
    Build,
    /// While developing.
    Dev,
    /// If it can be installed.
    Optional,
    /// Brought by whoever uses the package.
    Peer,
    /// Shipped within the package's archive.
    Bundled,
    /// Named by an agent's instructions or configuration, or by a script: started, installed,
    /// fetched or read when the agent works.
    Invokes,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    /// Purl of the package that asks.
    pub from: String,
    /// Purl of the package that it gets.
    pub to: String,
    /// Why.
    pub kind: DependencyKind,
    /// The requirement as written (`^1.2`), empty where only the lockfile is known.
    pub requirement: String,
    /// The platform condition as written (`cfg(windows)`).
    pub platform: Option<String>,
    /// The line that asks for it.
    pub declared: Location,
}

/// Everything but unreserved characters, `:` and `/` (purl spec, rules for each component).
const PURL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PURL_QUALIFIER: &AsciiSet = &PURL.remove(b':').remove(b'/');

/// Builds a package URL (<https://github.com/package-url/purl-spec>): an npm scope is the
/// namespace, qualifiers are sorted by key and empty ones left out.
pub fn purl(ecosystem: Ecosystem, name: &str, version: &str, qualifiers: &[(&str, &str)]) -> String {
    let mut out = format!("pkg:{}/", ecosystem.purl_type());
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        out.extend(utf8_percent_encode(part, PURL));
        if parts.peek().is_some() {
            out.push('/');
        }
    }
    if !version.is_empty() {
        out.push('@');
        out.extend(utf8_percent_encode(version, PURL));
    }
    let mut qualifiers: Vec<_> = qualifiers.iter().filter(|(_, value)| !value.is_empty()).collect();
    qualifiers.sort();
    for (at, (key, value)) in qualifiers.into_iter().enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        out.extend(utf8_percent_encode(value, PURL_QUALIFIER));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_follow_the_specification() {
        assert_eq!(
            purl(Ecosystem::Npm, "@angular/animation", "12.3.1", &[]),
            "pkg:npm/%40angular/animation@12.3.1"
        );
        assert_eq!(
            purl(Ecosystem::Cargo, "rand", "0.7.2+a", &[("vcs_url", "git+https://x.invalid/r@abc")]),
            "pkg:cargo/rand@0.7.2%2Ba?vcs_url=git%2Bhttps://x.invalid/r%40abc"
        );
    }
}
