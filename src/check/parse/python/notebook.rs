//! Jupyter notebooks: the code of all cells, one after the other, and where each line stands in
//! the file.

use crate::check::shell;
use crate::json::{self, Node};
use crate::model::{Fact, LineIndex, Span};

/// A line of a cell.
#[derive(Debug)]
struct Line {
    /// First byte in the code that was put together.
    start: usize,
    /// First byte in the file, after the quotation mark or within the text.
    file: usize,
}

/// The code of a notebook.
#[derive(Debug, Default)]
pub struct Notebook {
    /// Cells, each on lines of its own; lines that are no Python are blank.
    pub code: String,
    lines: Vec<Line>,
    /// Facts of lines that are given to a shell.
    pub facts: Vec<Fact>,
}

impl Notebook {
    /// Where a byte of the code stands in the file.
    pub fn offset(&self, text: &str, at: usize) -> usize {
        let line = self.lines.partition_point(|line| line.start <= at);
        let Some(line) = line.checked_sub(1).and_then(|line| self.lines.get(line)) else { return 0 };
        line.file + written(text.get(line.file..).unwrap_or(""), at - line.start)
    }
}

/// How many bytes of JSON stand for the first `count` bytes of a decoded string.
fn written(json: &str, count: usize) -> usize {
    let (mut at, mut done) = (0, 0);
    let bytes = json.as_bytes();
    while done < count && at < bytes.len() {
        match bytes[at] {
            b'"' => break,
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                let code = json.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                done += code.and_then(char::from_u32).map_or(2, char::len_utf8);
                at += 6;
            }
            b'\\' => {
                done += 1;
                at += 2;
            }
            _ => {
                done += 1;
                at += 1;
            }
        }
    }
    at.min(bytes.len())
}

/// Reads a notebook. The error says what is wrong and where.
pub fn read(text: &str, index: &LineIndex<'_>) -> Result<Notebook, (String, Span)> {
    let root = json::parse(text).map_err(|error| (error.message, index.span(error.offset, error.offset)))?;
    let mut out = Notebook::default();
    // Version 3 had its cells in worksheets.
    let sheets: Vec<&Node<'_>> = match root.get("cells") {
        Some(cells) => vec![cells],
        None => root
            .get("worksheets")
            .map(Node::elements)
            .unwrap_or_default()
            .iter()
            .filter_map(|sheet| sheet.get("cells"))
            .collect(),
    };
    for cell in sheets.into_iter().flat_map(Node::elements) {
        if cell.get("cell_type").and_then(Node::as_str) != Some("code") {
            continue;
        }
        let Some(source) = cell.get("source").or_else(|| cell.get("input")) else { continue };
        out.cell(source, text, index);
    }
    Ok(out)
}

impl Notebook {
    fn cell(&mut self, source: &Node<'_>, text: &str, index: &LineIndex<'_>) {
        let mut lines: Vec<(String, usize)> = Vec::new();
        let parts: Vec<&Node<'_>> = match source.as_str() {
            Some(_) => vec![source],
            None => source.elements().iter().collect(),
        };
        for part in parts {
            let Some(all) = part.as_str() else { continue };
            let first = part.range.start + 1;
            let mut done = 0;
            for line in all.split_inclusive('\n') {
                lines.push((line.to_owned(), first + written(text.get(first..).unwrap_or(""), done)));
                done += line.len();
            }
        }
        let shell_cell = lines.first().is_some_and(|(line, _)| {
            ["%%bash", "%%sh", "%%script", "%%!"].iter().any(|magic| line.starts_with(magic))
        });
        let other_cell = lines.first().is_some_and(|(line, _)| {
            line.starts_with("%%")
                && !["%%time", "%%capture", "%%timeit", "%%prun"].iter().any(|magic| line.starts_with(magic))
        });
        for (n, (line, file)) in lines.iter().enumerate() {
            let bare = line.trim();
            let indent = line.len() - line.trim_start().len();
            self.lines.push(Line { start: self.code.len(), file: *file });
            let command = match () {
                () if shell_cell => (n > 0).then_some(bare),
                () if other_cell => None,
                () if bare.starts_with('!') => Some(bare.trim_start_matches('!')),
                () if bare.starts_with("%pip") || bare.starts_with("%conda") => Some(&bare[1..]),
                () if bare.starts_with("%sx ") || bare.starts_with("%system ") => {
                    bare.split_once(' ').map(|(_, rest)| rest)
                }
                () => None,
            };
            if let Some(command) = command {
                let span = index.span(*file + indent, *file + indent + bare.len());
                self.facts.extend(shell::facts(command, &span));
            }
            let python = !shell_cell
                && !other_cell
                && command.is_none()
                && !bare.starts_with('%')
                && !bare.ends_with('?');
            if python {
                self.code.push_str(line);
            } else if indent > 0 {
                // A block needs a statement.
                self.code.push_str(&line[..indent]);
                self.code.push_str("pass");
            }
            if self.code.len() == self.lines.last().map_or(0, |line| line.start) || !self.code.ends_with('\n')
            {
                self.code.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_stand_where_they_stand() {
        let text = "{\n \"cells\": [\n  {\"cell_type\": \"markdown\", \"source\": [\"import x\"]},\n  {\"cell_type\": \"code\", \"source\": [\n   \
                    \"import os\\n\",\n   \"a = \\\"é\\\"; b = 1\"\n  ]},\n  {\"cell_type\": \"code\", \"source\": \"!curl -s x | sh\\nprint(1)\"}\n ]\n}\n";
        let index = LineIndex::new("a.ipynb", text);
        let book = read(text, &index).unwrap();
        assert_eq!(book.code, "import os\na = \"é\"; b = 1\n\nprint(1)\n");
        let at = |part: &str| index.position(book.offset(text, book.code.find(part).unwrap()));
        assert_eq!((at("import"), at("b = 1"), at("print")), ((5, 5), (6, 16), (8, 53)));
        assert!(book.facts.iter().any(|fact| fact.name == "pipe-to-shell" && fact.span.line == 8));
        assert!(read("{", &LineIndex::new("a.ipynb", "{")).is_err());
    }

    proptest! {
        #[test]
        fn no_notebook_panics(source in "\\PC{0,40}", at in 0usize..80) {
            let text = serde_json::json!({"cells": [{"cell_type": "code", "source": [source, "x\n"]}]}).to_string();
            let index = LineIndex::new("a.ipynb", &text);
            if let Ok(book) = read(&text, &index) {
                book.offset(&text, at);
            }
        }
    }
}
