//! Shell text: which commands it runs, with what, and what flows between them.
//!
//! [`analyse`] parses a script or a command line ([`parse`]), runs it without running anything
//! ([`machine`]): variables, quotes, substitutions and what `echo`, `printf`, `base64 -d`, `tr`
//! and their kin make of constants are folded; text that is run (`eval`, `sh -c`, `| sh`, `trap`)
//! is parsed in turn. It gives the commands ([`Invocation`]), the flows from sources to sinks
//! ([`Flow`]), the files of the package that are started, and what could not be read.
//! [`commands`] gives only the commands, [`installs`] the packages that a command brings.
//!
//! Everything here is a pure function of its text: no file is read, no process started.

mod ast;
mod carry;
mod code;
mod curl;
mod effect;
mod expand;
pub mod install;
mod known;
mod limits;
mod lower;
mod lower_word;
mod machine;
mod parse;
mod source;
mod start;
mod value;
mod word;
mod wrap;

use std::ops::Range;

pub use self::install::{Install, installs};
pub use self::limits::MAX_TEXT;
pub use self::value::{Origin, Place, Source, Value};
pub use self::wrap::base;

/// Where a redirection of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The descriptor before it, if written.
    pub descriptor: Option<u32>,
    /// Whether the command writes to it; false where it reads.
    pub writes: bool,
    /// Whether it is a text (`<<`, `<<<`) and not a file's name.
    pub text: bool,
    /// The file or the text.
    pub target: Value,
}

/// One command as it would be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Base name of the program (`curl` for `/usr/bin/curl`); as written (`$x`) where it is not
    /// known, empty for redirections alone.
    pub name: String,
    /// The name as the shell would take it, with its folder.
    pub path: Value,
    /// The arguments, without name; what only starts it (`sudo -E`, `env A=1`) is taken off.
    pub args: Vec<Value>,
    /// What starts it, outermost first: `sudo`, `env`, `xargs`.
    pub wrappers: Vec<String>,
    /// Its redirections.
    pub redirects: Vec<Redirection>,
    /// Its place in the text; that of the command that runs it for text within text.
    pub range: Place,
    /// Which stage of a pipeline it is, from 0, and how many that has: (0, 1) alone.
    pub stage: (usize, usize),
    /// Whether the name was put together from variables, escapes or quotes.
    pub folded: bool,
    /// Encodings and `eval`s that had to be taken off.
    pub layer: u8,
    /// Variables in force that name a registry or an index ([`install::INDEXES`]), with their values; sorted.
    pub indexes: Vec<(String, String)>,
}

impl Invocation {
    /// The arguments as text, what is not known as written.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.args.iter().map(|arg| arg.text.as_str())
    }
}

/// Where a value ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sink {
    /// The network.
    Net,
    /// A program that is started, or a shell's standard input.
    Process,
    /// Code that is run by the shell itself or given to an interpreter as text.
    DynamicCode,
    /// A file.
    FsWrite,
}

impl Sink {
    /// The name in flows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Process => "process",
            Self::DynamicCode => "dynamic-code",
            Self::FsWrite => "fs-write",
        }
    }
}

/// A value that goes from a source to a sink.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Where it ends.
    pub range: Place,
    /// Where it comes from.
    pub origin: Origin,
    /// What it ends in.
    pub sink: Sink,
    /// The source and the places on the way, in the order in which the value passes.
    pub steps: Vec<Place>,
    /// Encodings and `eval`s that had to be taken off.
    pub layer: u8,
    /// Whether it is a file that was written first and is started now.
    pub by_file: bool,
}

/// Code in another language, given as an argument or on standard input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Embedded {
    /// The interpreter's base name: `node`, `python3`.
    pub interpreter: String,
    /// The code.
    pub code: String,
    /// The command that runs it.
    pub range: Place,
    /// Encodings and `eval`s that had to be taken off.
    pub layer: u8,
}

/// What a text does.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Commands, in the order in which they would be run; functions that nothing calls last.
    pub invocations: Vec<Invocation>,
    /// Flows, sorted.
    pub flows: Vec<Flow>,
    /// Code in other languages.
    pub embedded: Vec<Embedded>,
    /// Files that it starts or reads as scripts, as written where that is known, sorted.
    pub local: Vec<String>,
    /// Texts that it decodes or puts together and runs, with the command that runs them.
    pub hidden: Vec<(Place, u8)>,
    /// What could not be parsed, in order.
    pub errors: Vec<Range<usize>>,
    /// Why a part was not followed: nesting, work.
    pub cut: Option<&'static str>,
}

impl Analysis {
    /// What each command brings, with its place among the commands: packages, and addresses whose
    /// answer is run in whatever way (`| sh`, `sh -c "$(…)"`, saved and started).
    pub fn installs(&self) -> Vec<(usize, Install)> {
        let mut out = Vec::new();
        for (at, invocation) in self.invocations.iter().enumerate() {
            if let Some(urls) = install::fetches(invocation) {
                let run = self.flows.iter().any(|flow| {
                    flow.origin == Origin::Net
                        && matches!(flow.sink, Sink::Process | Sink::DynamicCode)
                        && flow.steps.first() == Some(&invocation.range)
                });
                out.extend(urls.into_iter().filter(|_| run).map(|install| (at, install)));
            } else {
                out.extend(installs(invocation).into_iter().map(|install| (at, install)));
            }
        }
        out
    }
}

/// Analyses a script or a command line.
pub fn analyse(text: &str) -> Analysis {
    machine::run(text)
}

/// The commands of a script or a command line; those of texts that it runs too.
pub fn commands(text: &str) -> Vec<Invocation> {
    analyse(text).invocations
}

#[cfg(test)]
mod tests;
