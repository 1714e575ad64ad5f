//! A place in a file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest source excerpt that a span carries, in bytes. Long enough for a
/// line that a person wrote, short enough that a packed file costs nothing.
pub const MAX_EXCERPT: usize = 240;

/// A place in a file: byte range, line and column, and the source lines there.
///
/// The excerpt is kept because the contents are dropped after the check, and
/// `explain` must show the code even from a BoM alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Path within the package, `/`-separated; for lockfiles, within the project.
    pub file: Arc<str>,
    /// 1-based line; 0 when the span is the file as a whole.
    pub line: u32,
    /// 1-based column, counted in characters; 0 when the span is the file as a whole.
    pub column: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The first line of the range, at most [`MAX_EXCERPT`] bytes around the
    /// start, control and invisible characters escaped (`\u{202e}`).
    pub text: String,
    /// Byte offset of `start` within `text`.
    pub text_start: u32,
    /// Length in bytes of the marked part within `text`.
    pub text_len: u32,
}

impl Span {
    /// A span for the whole file.
    pub fn file(file: impl Into<Arc<str>>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            start: 0,
            end: 0,
            text: String::new(),
            text_start: 0,
            text_len: 0,
        }
    }
}

/// Finds lines and columns in one file; made once a file, used for each span.
#[derive(Debug)]
pub struct LineIndex<'a> {
    file: Arc<str>,
    text: &'a str,
    starts: Vec<u32>,
    /// Characters before each block of [`BLOCK`] bytes, so that a column in a file of one huge
    /// line costs no scan of that line.
    blocks: Vec<u32>,
}

/// Bytes of text for each entry of `LineIndex::blocks`.
const BLOCK: usize = 1024;

impl<'a> LineIndex<'a> {
    /// Indexes the line starts of `text`.
    pub fn new(file: impl Into<Arc<str>>, text: &'a str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 32 + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        let mut blocks = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut before = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            blocks.push(before);
            before += characters(block);
        }
        Self { file: file.into(), text, starts, blocks }
    }

    /// Characters before a byte offset.
    fn characters_before(&self, offset: usize) -> u32 {
        let Some(last) = self.blocks.len().checked_sub(1) else { return 0 };
        let block = (offset / BLOCK).min(last);
        self.blocks[block] + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// 1-based line and 1-based column, counted in characters, of a byte offset; clipped to the
    /// text. Cheaper than a span: no excerpt.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_of(offset as u32);
        let column = self.characters_before(offset) - self.characters_before(self.starts[line] as usize);
        (line as u32 + 1, column + 1)
    }

    /// The file's path.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The indexed text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// 0-based number of the line that holds byte `offset`.
    fn line_of(&self, offset: u32) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// 1-based line that holds byte `offset`, and the byte at which that line starts.
    pub fn line_start(&self, offset: usize) -> (u32, usize) {
        let line = self.line_of(offset.min(self.text.len()) as u32);
        (line as u32 + 1, self.starts[line] as usize)
    }

    /// Byte offset of a 1-based line and a 0-based column counted in
    /// characters, as `proc_macro2` gives them.
    pub fn offset(&self, line: usize, column: usize) -> u32 {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0) as usize;
        let rest = &self.text[start.min(self.text.len())..];
        let add = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
        (start + add) as u32
    }

    /// The span of the bytes `start..end`; clipped to the text and moved down to
    /// character boundaries, so that no input can make it panic.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (floor(start), floor(end.max(start)));
        let line = self.line_of(start as u32);
        let line_start = self.starts[line] as usize;
        let line_end = self.starts.get(line + 1).map_or(self.text.len(), |&next| next as usize - 1);
        let line_end = line_end.max(start);
        // A window around the start, so that a packed line shows the right part.
        let from =
            floor(if start - line_start > MAX_EXCERPT / 2 { start - MAX_EXCERPT / 4 } else { line_start });
        let to = floor(line_end.min(from + MAX_EXCERPT)).max(start);
        let before = escape(&self.text[from..start]);
        let marked = escape(&self.text[start..end.min(to).max(start)]);
        let after = escape(self.text[end.min(to).max(start)..to].trim_end());
        Span {
            file: Arc::clone(&self.file),
            line: line as u32 + 1,
            column: self.position(start).1,
            start: start as u32,
            end: end as u32,
            text_start: before.len() as u32,
            text_len: marked.len() as u32,
            text: format!("{before}{marked}{after}"),
        }
    }
}

/// Characters that start in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u32
}

/// Makes what a reader cannot see visible, so that an excerpt can neither hide
/// text nor drive a terminal.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            out.push(' ');
        } else if c.is_control() || is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that take no room or reorder what is shown: zero-width, bidirectional
/// controls (Unicode UAX #9), tags, variation selectors supplement and fillers.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_span_shows_its_line_and_marks_its_part() {
        let index = LineIndex::new("a.js", "let a;\n  eval(x);\n");
        let span = index.span(9, 16);
        assert_eq!((span.line, span.column), (2, 3));
        let marked = &span.text[span.text_start as usize..][..span.text_len as usize];
        assert_eq!((span.text.as_str(), marked), ("  eval(x);", "eval(x)"));
    }

    #[test]
    fn bidirectional_controls_are_shown_as_escapes() {
        let index = LineIndex::new("a.js", "x\u{202e}y");
        assert_eq!(index.span(1, 4).text, "x\\u{202e}y");
    }

    proptest! {
        #[test]
        fn no_range_panics(text in "\\PC{0,40}\n?\\PC{0,900}", a in 0usize..2500, b in 0usize..500) {
            let index = LineIndex::new("f", &text);
            let span = index.span(a, b);
            let end = (span.text_start + span.text_len) as usize;
            let line_start = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
            let column = text[line_start..span.start as usize].chars().count() as u32 + 1;
            prop_assert_eq!((span.line, span.column), (index.position(a).0, column));
            prop_assert!(span.text.is_char_boundary(span.text_start as usize));
            prop_assert!(span.text.is_char_boundary(end) && end <= span.text.len());
        }
    }
}
