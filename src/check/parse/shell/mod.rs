//! Shell scripts, and shell text in other files: facts on the exact command.
//!
//! [`crate::shell`] understands the text; here its commands and flows become facts. What the
//! grammar cannot read is said to be so and left to the tokenizer ([`crate::check::shell`]).

pub(super) mod api;
mod facts;
mod pieces;

pub use self::facts::sent;
pub use self::pieces::Pieces;

use super::{Parsed, text};
use crate::check::shell as lexed;
use crate::model::{Fact, FactKind, LineIndex, Treatment};
use crate::shell;

/// Files that hold shell text, by their name.
pub fn embeds(name: &str) -> Option<fn(&str) -> Pieces> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "makefile" | "gnumakefile" | "bsdmakefile" => Some(pieces::makefile),
        "justfile" | ".justfile" => Some(pieces::justfile),
        "dockerfile" | "containerfile" => Some(pieces::dockerfile),
        _ if lower.ends_with(".mk") || lower.ends_with(".mak") => Some(pieces::makefile),
        _ if lower.starts_with("dockerfile.") || lower.ends_with(".dockerfile") => Some(pieces::dockerfile),
        _ if lower.ends_with(".just") => Some(pieces::justfile),
        _ => None,
    }
}

/// Parses a script.
pub fn parse(path: &str, source: &str) -> Parsed {
    let index = LineIndex::new(path, source);
    let mut found = shell::analyse(source);
    if !found.errors.is_empty()
        && let Some(plain) = without_brackets(source)
    {
        let again = shell::analyse(&plain);
        if again.errors.is_empty() {
            found = again;
        }
    }
    let mut parsed = Parsed::only(Treatment::Parsed("shell".to_owned()));
    parsed.code_lines = code_lines(source);
    parsed.local = found.local.iter().map(|file| beside(path, file)).collect();
    parsed.facts = facts::facts(&found, source, |start, end| index.span(start, end));
    parsed.facts.extend(text::literals(path, source));
    if let Some(error) = found.errors.first() {
        let (line, column) = index.position(error.start);
        let why = format!("line {line}, column {column}: not understood as shell");
        parsed
            .facts
            .push(Fact::new(FactKind::File, "unparsed", index.span(error.start, error.end)).value(why));
        parsed.treatment = Treatment::Text;
        let (by_line, _) = lexed::script(source, &index);
        parsed.facts.extend(by_line);
    }
    if let Some(why) = found.cut {
        parsed.facts.push(Fact::new(FactKind::File, "too-deep", index.span(0, 0)).value(why));
    }
    finish(parsed)
}

/// The text with blanks for the brackets in words that stand in for a variable, as in
/// `"${age:+ (${age} min)}"`: the grammar takes them for a subshell, the shell for a text. Nothing where
/// there are none, or where a command stands within.
fn without_brackets(source: &str) -> Option<String> {
    let mut out = source.as_bytes().to_vec();
    let mut changed = false;
    for (at, _) in source.match_indices("${") {
        let rest = source.as_bytes().get(at + 2..)?;
        let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word = match rest.get(name..).unwrap_or_default() {
            [b':', b'+' | b'-' | b'=' | b'?', ..] => name + 2,
            [b'+' | b'-' | b'=' | b'?', ..] => name + 1,
            _ => continue,
        };
        let (mut depth, mut brackets, mut before) = (1usize, Vec::new(), b' ');
        for (offset, &byte) in rest.iter().enumerate().skip(word) {
            match byte {
                b'\n' | b'`' => break,
                b'(' if matches!(before, b'$' | b'<' | b'>') => break,
                b'(' | b')' => brackets.push(at + 2 + offset),
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                changed |= !brackets.is_empty();
                brackets.iter().for_each(|at| out.get_mut(*at).into_iter().for_each(|byte| *byte = b' '));
                break;
            }
            before = byte;
        }
    }
    changed.then(|| String::from_utf8(out).ok()).flatten()
}

/// The facts of shell text within another file (recipes, `RUN` lines, the `run:` blocks of a
/// workflow); what cannot be read is left to the tokenizer.
pub fn embedded(index: &LineIndex<'_>, pieces: &Pieces) -> Vec<Fact> {
    let found = shell::analyse(&pieces.text);
    let span = |start: usize, end: usize| {
        let from = pieces.origin(start);
        index.span(from, pieces.origin(end.saturating_sub(1)).max(from) + 1)
    };
    let mut facts = facts::facts(&found, &pieces.text, span);
    if !found.errors.is_empty() {
        for (start, line) in lexed::lines(&pieces.text) {
            facts.extend(lexed::facts(&line, &span(start, start + line.len())));
        }
    }
    facts.sort();
    facts.dedup();
    facts
}

/// Parses a file that holds shell text among other things; its treatment stays text.
pub fn parse_embedding(path: &str, source: &str, read: fn(&str) -> Pieces) -> Parsed {
    let index = LineIndex::new(path, source);
    let mut parsed = Parsed::only(Treatment::Text);
    parsed.facts = embedded(&index, &read(source));
    finish(parsed)
}

fn finish(mut parsed: Parsed) -> Parsed {
    parsed.facts.sort_by(|a, b| (&a.span, a).cmp(&(&b.span, b)));
    parsed.facts.dedup();
    parsed.local.sort();
    parsed.local.dedup();
    parsed
}

/// A path as a script names it: beside the script where such a start is written, else from the
/// package's root, where scripts are mostly started.
fn beside(script: &str, file: &str) -> String {
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = file.strip_prefix("./").unwrap_or(file);
    match folder {
        "" => file.to_owned(),
        folder => format!("{folder}/{file}"),
    }
}

/// Lines that are neither blank nor comments.
fn code_lines(source: &str) -> u64 {
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    source.lines().filter(code).count() as u64
}

#[cfg(test)]
mod tests;
