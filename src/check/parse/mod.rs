//! Parsers: bytes in, facts and treatment out. One file at a time, no I/O, no state.

mod addressed;
pub mod binary;
mod blocks;
pub mod c;
mod commandlike;
pub(super) mod commands;
mod described;
mod harm;
pub mod image;
pub mod js;
pub mod json;
pub mod markdown;
pub mod pickle;
pub mod python;
pub mod rust;
pub mod shell;
pub mod text;
pub mod toml;
mod verdict;

use super::flow::Summary;
use super::shell as lexed;
use crate::model::{Fact, LineIndex, Treatment};

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
    /// What values go in and out of it.
    pub flows: Summary,
}

impl Parsed {
    /// Facts in order of place, and files by name, each once.
    fn put_in_order(&mut self) {
        self.facts.sort_by(|a, b| {
            (a.span.start, a.span.end, a.kind, &a.name, &a.value, a.context.layer).cmp(&(
                b.span.start,
                b.span.end,
                b.kind,
                &b.name,
                &b.value,
                b.context.layer,
            ))
        });
        self.facts.dedup();
        self.local.sort();
        self.local.dedup();
    }

    /// Only a treatment.
    pub fn only(treatment: Treatment) -> Self {
        Self {
            treatment,
            facts: Vec::new(),
            code_lines: 0,
            exports: 0,
            local: Vec::new(),
            flows: Summary::default(),
        }
    }
}

/// Parses one file by its name and its bytes. Whatever the treatment, text is also given to the
/// checks on characters ([`text`]), and bytes that are not text are searched for what a text
/// would show ([`binary`]).
pub fn file(path: &str, bytes: &[u8]) -> Parsed {
    if bytes.is_empty() {
        return Parsed::only(Treatment::Text);
    }
    if let Some(parsed) = pickle::recognise(path, bytes).or_else(|| binary::recognise(path, bytes)) {
        return parsed;
    }
    let Some(decoded) = text::decode(bytes) else { return binary::unknown(path, bytes) };
    let (source, lossless) = (&*decoded.text, decoded.utf8);
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut parsed = match ending {
        "rs" => rust::parse(path, source),
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "es6" => js::parse(path, source),
        "py" | "pyw" | "pyi" => python::parse(path, source),
        "pth" => python::parse_pth(path, source),
        "ipynb" => python::parse_notebook(path, source),
        "json" => Parsed::only(json::treatment(source)),
        "toml" => Parsed::only(toml::treatment(source)),
        "sh" | "bash" | "zsh" | "ksh" | "command" => shell::parse(path, source),
        "bat" | "cmd" | "ps1" => shell_script(path, source),
        _ if c::reads(ending) => c::parse(path, source),
        _ => match text::shebang(source) {
            Some("node" | "nodejs" | "deno" | "bun" | "tsx" | "ts-node") => js::parse(path, source),
            Some("sh" | "bash" | "zsh" | "dash" | "ksh") => shell::parse(path, source),
            Some(program) if program.starts_with("python") || program == "pypy" => {
                python::parse(path, source)
            }
            _ if lossless && name == "cargo.lock" => Parsed::only(toml::treatment(source)),
            _ => match shell::embeds(&name) {
                Some(read) => shell::parse_embedding(path, source, read),
                None => Parsed::only(Treatment::Text),
            },
        },
    };
    parsed.facts.extend(text::facts(path, source));
    if matches!(parsed.treatment, Treatment::Text) && text::is_program(ending) {
        parsed.facts.extend(text::literals(path, source));
    }
    parsed
}

/// The prose of one file for that audience, beside what [`file`] says of it.
pub fn prose(path: &str, bytes: &[u8], audience: markdown::Audience) -> Option<Parsed> {
    // Most files hold none, and their bytes were recognised and decoded once already.
    if !markdown::may_hold(path, audience) || binary::recognise(path, bytes).is_some() {
        return None;
    }
    // Programs speak to agents hardly ever.
    if audience == markdown::Audience::People && !markdown::may_speak(path, bytes) {
        return None;
    }
    let decoded = text::decode(bytes)?;
    markdown::parse(path, &decoded.text, audience)
}

/// A script for `cmd` or PowerShell: its command lines as facts.
fn shell_script(path: &str, source: &str) -> Parsed {
    let index = LineIndex::new(path, source);
    let mut parsed = Parsed::only(Treatment::Text);
    (parsed.facts, parsed.code_lines) = lexed::script(source, &index);
    parsed
}
