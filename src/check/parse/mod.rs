//! Parsers: bytes in, facts and treatment out. One file at a time, no I/O, no state.

pub mod js;
pub mod rust;

use crate::model::{Fact, Treatment};

/// What a parser says of a file.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// What was done with the bytes.
    pub treatment: Treatment,
    /// What was found, in order of position.
    pub facts: Vec<Fact>,
    /// Lines of code (neither blank nor comment), 0 for what is not code.
    pub code_lines: u64,
    /// Exported names.
    pub exports: u64,
    /// Local files that this one loads (`./x.js`, `mod x;`, `include!`), as written by the
    /// code but resolved against its own folder, `/`-separated, without a guess at the ending.
    pub local: Vec<String>,
}

impl Parsed {
    /// Only a treatment.
    pub fn only(treatment: Treatment) -> Self {
        Self { treatment, facts: Vec::new(), code_lines: 0, exports: 0, local: Vec::new() }
    }
}

/// Parses one file by its name and its bytes.
pub fn file(path: &str, bytes: &[u8]) -> Parsed {
    let text = std::str::from_utf8(bytes);
    match (path.rsplit('.').next(), text) {
        (Some("rs"), Ok(text)) => rust::parse(path, text),
        (Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx"), Ok(text)) => {
            js::parse(path, text)
        }
        (_, Ok(_)) => Parsed::only(Treatment::Text),
        (_, Err(_)) => Parsed::only(Treatment::Unseen("not text and not recognised".to_owned())),
    }
}
