//! What parsers report and rules match.

use serde::{Deserialize, Serialize};

use super::{CapabilityKind, Span};

/// What sort of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// A call or use of a resolved name. `name` is the full path: JavaScript
    /// `node:child_process.exec`, `global.eval`, `global.process.env`; Rust
    /// `std::process::Command::new`. `value` holds the arguments that fold to
    /// constants, in order, joined by U+001F; an argument that does not fold is `?`.
    Call,
    /// An import. `name` is the module (`node:fs`, `./setup.js`, `left-pad`); relative
    /// ones are resolved against the importing file when a file of the package fits.
    Import,
    /// A constant string that means something by itself: a URL, a path, a command, an
    /// address. `name` says which (`url`, `path`, `command`, `wallet`, `ip`, `key`…),
    /// `value` is the folded text.
    Literal,
    /// A value that goes from a source to a sink in the same file. `name` is
    /// `source->sink`, e.g. `env->net`, `net->dynamic-code`, `decoded->dynamic-code`,
    /// `secret->net`, `net->process`, `net->fs-write`; `value` is what flows, if known.
    Flow,
    /// Something about the characters: `bidi`, `invisible`, `homoglyph`, `long-line`,
    /// `packed`, `tag`. `value` is a short description.
    Text,
    /// A field of the package's manifest: `name` is its path (`scripts.postinstall`,
    /// `package.links`), `value` its text.
    Manifest,
    /// A shell command in a lifecycle script or given to a process call. `name` is what
    /// it does: the command's base name, or `download`, `pipe-to-shell`, `reverse-shell`,
    /// `download-and-run`; `value` is the command line.
    Shell,
    /// Something about the file as a whole: `elf`, `pe`, `mach-o`, `wasm`, `node-addon`,
    /// `static-library`, `minified`, `unparsed`, `too-deep`, `too-large`.
    File,
    /// A condition on date, host, user or country that guards other facts: `time-bomb`,
    /// `geo`, `host`, `ci`. `value` is the condition's text.
    Guard,
    /// A shape in the code that means something as a whole: `obfuscator-array`,
    /// `string-array-rotation`, `clipboard-swap`, `prototype-hook`, `wallet-hook`….
    Shape,
    /// A sentence of prose that an agent may take as an instruction. `name` says of which
    /// class (`override`, `hide`, `exfiltrate`, `persist`…), `value` is the sentence;
    /// [`Context::polarity`] says how it is meant.
    Instruction,
    /// A tool that text, a configuration or a command line has an agent use. `name` is
    /// `object.verb` (`mail.send`, `web.fetch`, `shell.run`, `file.write`, `memory.write`),
    /// `value` what it is used on, if said.
    Tool,
    /// What a skill says of itself: `name` is the field (`allowed-tools`, `description`,
    /// `name`), `value` one entry of it.
    Declared,
}

/// How a piece of prose is meant. It is set by the parse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// Told to whoever reads it; code and data, which are no prose, have this one too.
    #[default]
    Told,
    /// Somebody else's words: a block quotation, quotation marks, a log.
    Quoted,
    /// Told not to do it.
    Negated,
    /// Described as something bad that others do.
    Warned,
    /// Shown as an example or as what a user may say.
    Example,
    /// Data of a test.
    TestData,
}

impl Polarity {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Told, Self::Quoted, Self::Negated, Self::Warned, Self::Example, Self::TestData];

    /// The name in rules and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Quoted => "quoted",
            Self::Negated => "negated",
            Self::Warned => "warned",
            Self::Example => "example",
            Self::TestData => "test-data",
        }
    }
}

/// Where in a package's life a fact stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Context {
    /// Runs while the package is installed or built (`build.rs`, a proc macro, a file that
    /// a lifecycle script starts, and what those load).
    pub install: bool,
    /// Stands in tests, benches, examples, docs or fixtures: not reached by a dependant.
    pub test: bool,
    /// Runs when the module is loaded, not only when something is called.
    pub top_level: bool,
    /// How many encoded layers (base64, hex, character codes) had to be taken off.
    pub layer: u8,
    /// How prose is meant.
    pub polarity: Polarity,
}

/// One thing found by a parser, with names resolved and constants folded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fact {
    /// What sort of thing.
    pub kind: FactKind,
    /// See [`FactKind`].
    pub name: String,
    /// See [`FactKind`]; empty where there is none, at most [`Fact::MAX_VALUE`] bytes.
    pub value: String,
    /// The capability that a call gives.
    pub capability: Option<CapabilityKind>,
    /// Where it stands in the package's life.
    pub context: Context,
    /// Where it stands in the file.
    pub span: Span,
}

impl Fact {
    /// Longest value kept, in bytes.
    pub const MAX_VALUE: usize = 2048;

    /// A fact without value, capability or context.
    pub fn new(kind: FactKind, name: impl Into<String>, span: Span) -> Self {
        Self {
            kind,
            name: name.into(),
            value: String::new(),
            capability: None,
            context: Context::default(),
            span,
        }
    }

    /// With a value, cut at [`Fact::MAX_VALUE`].
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        let mut value = value.into();
        if value.len() > Self::MAX_VALUE {
            let cut = (0..=Self::MAX_VALUE).rev().find(|&at| value.is_char_boundary(at));
            value.truncate(cut.unwrap_or(0));
        }
        self.value = value;
        self
    }

    /// With the capability that it gives.
    #[must_use]
    pub fn gives(mut self, capability: CapabilityKind) -> Self {
        self.capability = Some(capability);
        self
    }
}
