//! `go.mod` and `go.work` (<https://go.dev/ref/mod#go-mod-file-grammar>): lines of words, a
//! directive with one line or with a block in parentheses, comments behind `//`.

use crate::json::ByteRange;
use crate::resolve::ResolveError;
use crate::resolve::text::Text;

/// A word with its place, quotes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub at: ByteRange,
}

/// One line of a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `require`, `replace`…
    pub directive: String,
    /// What follows it.
    pub words: Vec<Word>,
    /// The comment at its end, without `//`.
    pub comment: String,
    /// The bytes of the line, comment left out.
    pub at: ByteRange,
}

/// Directives of both files. `godebug`, `ignore` and `tool` name no module version.
const DIRECTIVES: [&str; 11] = [
    "module",
    "go",
    "toolchain",
    "require",
    "exclude",
    "replace",
    "retract",
    "godebug",
    "tool",
    "ignore",
    "use",
];

/// The lines of the file, in order.
pub fn read(doc: &Text<'_>, help: &str) -> Result<Vec<Line>, ResolveError> {
    doc.no_conflict()?;
    let mut out = Vec::new();
    let mut block: Option<(String, usize)> = None;
    let mut start = 0;
    for raw in doc.text().split('\n') {
        let at = start;
        start += raw.len() + 1;
        let raw = if at == 0 { raw.strip_prefix('\u{feff}').unwrap_or(raw) } else { raw };
        let at = start - 1 - raw.len();
        let (mut words, comment) = words(doc, raw, at, help)?;
        let Some(first) = words.first() else { continue };
        let line_at = first.at.start..words.last().map_or(at, |word| word.at.end);
        if let Some((directive, _)) = &block {
            if first.text == ")" {
                if let Some(more) = words.get(1) {
                    return Err(doc.invalid(more.at.start, "expected the end of the line after `)`", help));
                }
                block = None;
                continue;
            }
            out.push(Line { directive: directive.clone(), words, comment, at: line_at });
            continue;
        }
        let directive = words.remove(0);
        if !DIRECTIVES.contains(&directive.text.as_str()) {
            let shown = crate::model::escape(&directive.text);
            return Err(doc.invalid(
                directive.at.start,
                format!("unknown directive `{shown}`"),
                format!("known: {}; {help}", DIRECTIVES.join(", ")),
            ));
        }
        if words.len() == 1 && words[0].text == "(" {
            block = Some((directive.text, directive.at.start));
            continue;
        }
        out.push(Line { directive: directive.text, words, comment, at: line_at });
    }
    match block {
        Some((directive, at)) => {
            Err(doc.invalid(at, format!("the block of `{directive}` is not closed with `)`"), help))
        }
        None => Ok(out),
    }
}

/// Words of a line, and its comment.
fn words(doc: &Text<'_>, line: &str, base: usize, help: &str) -> Result<(Vec<Word>, String), ResolveError> {
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r']);
        let at = line.len() - trimmed.len();
        rest = trimmed;
        let Some(first) = rest.chars().next() else { return Ok((out, String::new())) };
        if let Some(comment) = rest.strip_prefix("//") {
            return Ok((out, comment.trim().to_owned()));
        }
        let (text, length) = match first {
            '"' | '`' => {
                let Some(end) = rest[1..].find(first) else {
                    return Err(doc.invalid(base + at, "a quoted word is not closed", help));
                };
                (rest[1..=end].to_owned(), end + 2)
            }
            '(' | ')' | '[' | ']' | ',' => (first.to_string(), 1),
            _ => {
                let mut end = rest.find([' ', '\t', '\r', '(', ')', '[', ']', ',']).unwrap_or(rest.len());
                if let Some(comment) = rest[..end].find("//") {
                    end = comment;
                }
                (rest[..end].to_owned(), end)
            }
        };
        out.push(Word { text, at: base + at..base + at + length });
        rest = &rest[length..];
    }
}
