//! Everything that is known of a package's contents.

use serde::{Deserialize, Serialize};

use super::{Capability, CapabilitySet, Coverage, Finding, Gap, Span};

/// A tool of an agent, as `object.verb` (`mail.send`, `shell.run`), with what it is used on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToolUse {
    /// `object.verb`, or `*` for every tool.
    pub tool: String,
    /// The object: a command's name, a path, a host; empty where it is not said.
    pub on: String,
    /// Where.
    pub span: Span,
}

/// What an agent package says that it uses, and what it has the agent use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The purpose that it states, in its own words; empty where it states none.
    pub purpose: String,
    /// Tools that its front matter or configuration asks for; sorted, each tool and object once.
    pub declared: Vec<ToolUse>,
    /// Tools that its text, command lines and code use; sorted, each tool and object once.
    pub used: Vec<ToolUse>,
}

/// How small a package is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MicroFacts {
    /// Lines of code that are neither blank nor comment, tests left out.
    pub code_lines: u64,
    /// Exported names: `pub` items of a Rust library's root, `exports` of a JavaScript one.
    pub exports: u64,
}

/// The result of checking one package's contents. It depends on the contents, the
/// package's name and version, the rules and bomvet's version alone, so it is cached by them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Hexadecimal SHA-256 of the canonical file list.
    pub contents: String,
    /// Hexadecimal [`super::Contents::tree_digest`], of local packages; else empty.
    pub tree: String,
    /// Byte for byte, what was looked at.
    pub coverage: Coverage,
    /// The package's own capabilities, sorted by kind. Test files do not count.
    pub capabilities: Vec<Capability>,
    /// What it says that it uses and what it has an agent use; empty outside of agent packages.
    pub permissions: Permissions,
    /// Flows from a source to a sink, by name (`secret->net`), each with the first place; sorted.
    pub flows: Vec<(String, Span)>,
    /// Findings, sorted.
    pub findings: Vec<Finding>,
    /// Files that could not be read and the like.
    pub gaps: Vec<Gap>,
    /// The licence expression that the manifest declares.
    pub licence: Option<String>,
    /// Licences recognised in the package's licence files, as SPDX ids, sorted.
    pub licence_texts: Vec<String>,
    /// The lifecycle scripts or install-time files, for comparing versions; sorted.
    pub install_scripts: Vec<String>,
    /// How small it is.
    pub micro: MicroFacts,
    /// A sample of its code, to tell copies by.
    pub sketch: super::Sketch,
    /// What goes in and out of it, for flows through several packages.
    pub interface: super::ways::Interface,
}

impl Analysis {
    /// The kinds of capability alone.
    pub fn capability_set(&self) -> CapabilitySet {
        self.capabilities.iter().map(|capability| capability.kind).collect()
    }
}
