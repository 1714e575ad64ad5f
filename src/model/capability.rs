//! What code can reach.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Span;

/// A kind of reach. Facts, not judgement: no kind is bad by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityKind {
    /// Opens connections or listens.
    Net,
    /// Reads files.
    FsRead,
    /// Writes, moves, deletes files or changes their permissions.
    FsWrite,
    /// Starts or controls processes.
    Process,
    /// Reads or sets environment variables, host or user facts.
    Env,
    /// Calls foreign code: FFI, `.node`, WebAssembly, dynamic libraries.
    Native,
    /// Rust's `unsafe`.
    Unsafe,
    /// Runs code made at run time: `eval`, `Function`, `vm`, `require` of a computed name.
    DynamicCode,
    /// Runs while it is being installed or built: `build.rs`, proc macros, npm
    /// lifecycle scripts, `binding.gyp`.
    InstallTime,
}

impl CapabilityKind {
    /// Every kind, in the order in which they are listed everywhere.
    pub const ALL: [Self; 9] = [
        Self::Net,
        Self::FsRead,
        Self::FsWrite,
        Self::Process,
        Self::Env,
        Self::Native,
        Self::Unsafe,
        Self::DynamicCode,
        Self::InstallTime,
    ];

    /// The name in policies and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::FsRead => "fs-read",
            Self::FsWrite => "fs-write",
            Self::Process => "process",
            Self::Env => "env",
            Self::Native => "native",
            Self::Unsafe => "unsafe",
            Self::DynamicCode => "dynamic-code",
            Self::InstallTime => "install-time",
        }
    }

    /// The kind with that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for CapabilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of kinds, as one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CapabilitySet(u16);

impl CapabilitySet {
    /// Adds a kind.
    pub fn insert(&mut self, kind: CapabilityKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Adds every kind of `other`; true where that changed anything.
    pub fn merge(&mut self, other: Self) -> bool {
        let before = self.0;
        self.0 |= other.0;
        self.0 != before
    }

    /// Whether it holds the kind.
    pub fn contains(self, kind: CapabilityKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// What this has and `other` has not.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in the fixed order.
    pub fn iter(self) -> impl Iterator<Item = CapabilityKind> {
        CapabilityKind::ALL.into_iter().filter(move |&kind| self.contains(kind))
    }
}

impl FromIterator<CapabilityKind> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = CapabilityKind>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

/// A capability of a package, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// What can be reached.
    pub kind: CapabilityKind,
    /// How many places give it; `spans` holds the first [`Capability::MAX_SPANS`].
    pub count: u32,
    /// Each place with the resolved call that gives it (`std::fs::read`, `node:fs.writeFile`).
    pub spans: Vec<(String, Span)>,
}

impl Capability {
    /// Spans kept per capability: enough to show, without a bindings crate
    /// filling the BoM. `count` still says how many there are.
    pub const MAX_SPANS: usize = 20;
}
