//! Everything that is known of a package's contents.

use serde::{Deserialize, Serialize};

use super::{Capability, CapabilitySet, Coverage, Finding, Gap};

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
    /// Byte for byte, what was looked at.
    pub coverage: Coverage,
    /// The package's own capabilities, sorted by kind. Test files do not count.
    pub capabilities: Vec<Capability>,
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
}

impl Analysis {
    /// The kinds of capability alone.
    pub fn capability_set(&self) -> CapabilitySet {
        self.capabilities.iter().map(|capability| capability.kind).collect()
    }
}
