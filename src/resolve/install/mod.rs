//! What command lines install, told from their words: `RUN` of a Dockerfile, `run:` of a workflow.
//!
//! In: shell text and where it stands. Out: an [`Install`] for each package, image or address that
//! a known package manager would fetch, with what the line itself pins. Installs from a lockfile or
//! a list (`npm ci`, `pip install -r`) name nothing here: those files are read where they lie. What
//! is not known before the line runs (`pip install $EXTRA`) is an [`Install`] without a name.
//! Downloads that are only kept are not installs.

mod local;
mod nodes;
mod parse;
mod words;

pub(in crate::resolve) use local::settle;
pub(in crate::resolve) use nodes::add;
pub use nodes::remote;
pub use words::{Command, Word, commands};

use crate::json::ByteRange;
use crate::model::Ecosystem;

/// The command of an install that the registry is asked for only where the project has none of that
/// name.
const LOCAL_FIRST: &str = "`npx` without a version";

/// One thing that a line installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Where it comes from.
    pub what: What,
    /// The command, for messages (`pip install`).
    pub by: &'static str,
    /// Where it stands.
    pub at: ByteRange,
}

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A package of a registry.
    Package {
        /// Its world.
        ecosystem: Ecosystem,
        /// As written, `extra`s left out; system packages with their manager (`apt/curl`).
        name: String,
        /// The version, if one alone is named.
        version: Option<String>,
        /// As written.
        requirement: String,
    },
    /// A repository.
    Git {
        /// Its world.
        ecosystem: Ecosystem,
        /// Address, without what follows.
        url: String,
        /// Branch, tag or commit.
        revision: Option<String>,
    },
    /// An archive or a program at an address.
    Url(String),
    /// A container image.
    Image(String),
    /// Something that only the run decides; the words.
    Unknown(String),
}

/// Everything that a text installs, in order of position. `variable` gives the value of what the
/// file itself sets.
pub fn installs(text: &str, base: usize, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Install> {
    let mut list = commands(text, base);
    for word in list.iter_mut().flat_map(|command| &mut command.words) {
        word.text = substitute(&word.text, variable);
    }
    parse::installs(&list)
}

/// Replaces `$NAME`, `${NAME}` and `${NAME:-default}`; what has no value stays as it is.
pub fn substitute(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (length, value) = match rest[1..].strip_prefix('{') {
            Some(inner) => match inner.find('}') {
                None => (rest.len(), None),
                Some(end) => {
                    let body = &inner[..end];
                    let name = body.find(|c| !is_name(c)).map_or(body, |at| &body[..at]);
                    let value = variable(name);
                    let value = match body[name.len()..].chars().next() {
                        None => value,
                        Some(':' | '-') => {
                            let default = body[name.len()..].strip_prefix(':').unwrap_or(&body[name.len()..]);
                            let text = default.strip_prefix('-');
                            text.map(|text| value.filter(|v| !v.is_empty()).unwrap_or(text.to_owned()))
                        }
                        Some(_) => None,
                    };
                    (end + 3, value)
                }
            },
            None => {
                let name = &rest[1..];
                let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
                (1 + end, if end == 0 { None } else { variable(&name[..end]) })
            }
        };
        let length = length.min(rest.len());
        match value {
            // A value that names itself would go on for ever.
            Some(value) if out.len() + value.len() < MAX_VALUE => out.push_str(&value),
            _ => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out + rest
}

/// Longest text that substitution makes, in bytes.
const MAX_VALUE: usize = 64 << 10;

#[cfg(test)]
mod tests;
