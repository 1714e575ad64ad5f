//! Markdown as leaf blocks with exact ranges.
//!
//! The CommonMark parser is `pulldown-cmark`; this module flattens its events: every block that
//! holds text says under which headings, in how many quotations and lists it stands, and its
//! text comes in pieces, each with the bytes that it was written with. HTML is split into what a
//! page shows and comments. What a page never shows (link definitions) is a block too, because
//! an agent reads the file and not the page.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{Options, Parser};

use super::front::{self, FrontMatter};
use super::reader::Reader;

/// Deepest nesting of containers that is parsed as Markdown; deeper text is read as one
/// paragraph a line. People do not nest so far, and time grows with the depth.
const MAX_DEPTH: usize = 100;

/// A parsed document. All ranges are bytes of the source.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Front matter, if there is some.
    pub front_matter: Option<FrontMatter>,
    /// Headings, in order of position.
    pub headings: Vec<Heading>,
    /// Leaf blocks, in order of position.
    pub blocks: Vec<Block>,
    /// Links and images, in order of position.
    pub links: Vec<Link>,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text, mark-up taken off.
    pub text: String,
    /// Where it stands.
    pub range: Range<usize>,
    /// The heading that it stands under, as index into [`Document::headings`].
    pub parent: Option<usize>,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading; its index in [`Document::headings`].
    Heading(usize),
    /// Text.
    Paragraph,
    /// A cell of a table; whether it is in the first row, and its 0-based column.
    Cell {
        /// Whether it is in the first row.
        head: bool,
        /// 0-based.
        column: u16,
        /// 0-based number of the table in the document.
        table: u32,
        /// 0-based; the first row is 0.
        row: u32,
    },
    /// Code: the first word of the fence's info string in lower case, or empty.
    Code {
        /// The language.
        language: String,
        /// Whether it is fenced; else indented.
        fenced: bool,
    },
    /// Text between HTML tags, and values of attributes that people read.
    Html,
    /// The inside of an HTML comment.
    Comment,
    /// A link definition, which no page shows.
    Definition,
}

/// A leaf block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it stands, markers included.
    pub range: Range<usize>,
    /// Its text.
    pub pieces: Vec<Piece>,
    /// The heading that it stands under, as index into [`Document::headings`].
    pub heading: Option<usize>,
    /// Block quotations that it stands in.
    pub quotes: u16,
    /// Callouts (`> [!NOTE]`) that it stands in: quotations by their mark alone.
    pub callouts: u16,
    /// Lists that it stands in.
    pub lists: u16,
    /// Whether it stands in a footnote.
    pub footnote: bool,
}

/// How a piece of text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// Text.
    Text,
    /// Inline code.
    Code,
    /// The text of a link.
    Link,
    /// The alternative text of an image, and the title of a link or an image.
    Alt,
    /// A line break within a paragraph.
    Break,
    /// An inline HTML tag.
    Tag,
    /// The inside of an inline HTML comment.
    Comment,
}

/// A run of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// How it is written.
    pub kind: PieceKind,
    /// Where it stands.
    pub range: Range<usize>,
    /// The text, where it is not what stands there (entities, escapes).
    pub other: Option<String>,
    /// Whether it is emphasised.
    pub strong: bool,
}

impl Piece {
    /// The text.
    pub fn text<'a>(&'a self, source: &'a str) -> &'a str {
        match &self.other {
            Some(text) => text,
            None => source.get(self.range.clone()).unwrap_or_default(),
        }
    }
}

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it is an image.
    pub image: bool,
    /// The address, entities and escapes resolved.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its text; an image's alternative text.
    pub text: String,
    /// Where it stands, brackets included.
    pub range: Range<usize>,
    /// The block that it stands in, as index into [`Document::blocks`].
    pub block: usize,
}

/// A code block.
#[derive(Debug, Clone)]
pub struct Code<'a> {
    /// The block.
    pub block: &'a Block,
    /// The first word of the fence's info string in lower case, or empty.
    pub language: &'a str,
    /// Whether it is fenced; else indented.
    pub fenced: bool,
    /// From its first byte of text to the last; within quotations and lists their markers at
    /// the start of lines are in it.
    pub range: Range<usize>,
    /// The text, those markers taken off.
    pub text: Cow<'a, str>,
}

impl Code<'_> {
    /// The byte of the source that a byte of `text` stands for.
    pub fn offset(&self, at: usize) -> usize {
        self.block.offset(at)
    }
}

impl Block {
    /// The source byte of a byte of the joined pieces' text.
    pub fn offset(&self, at: usize) -> usize {
        let mut before = 0;
        for piece in &self.pieces {
            let len = piece.other.as_ref().map_or(piece.range.len(), String::len);
            if at < before + len {
                let inner = if piece.other.is_some() { 0 } else { at - before };
                return piece.range.start + inner;
            }
            before += len;
        }
        self.pieces.last().map_or(self.range.end, |piece| piece.range.end)
    }

    /// The text of all pieces, joined.
    pub fn text<'a>(&'a self, source: &'a str) -> Cow<'a, str> {
        match self.pieces.as_slice() {
            [one] => one.text(source).into(),
            many => many.iter().map(|piece| piece.text(source)).collect::<String>().into(),
        }
    }
}

impl Document {
    /// The code blocks, in order of position. `source` is what was parsed.
    pub fn code_blocks<'a>(&'a self, source: &'a str) -> impl Iterator<Item = Code<'a>> {
        self.blocks.iter().filter_map(move |block| {
            let BlockKind::Code { language, fenced } = &block.kind else { return None };
            let start = block.pieces.first().map_or(block.range.end, |piece| piece.range.start);
            let end = block.pieces.last().map_or(start, |piece| piece.range.end);
            Some(Code { block, language, fenced: *fenced, range: start..end, text: block.text(source) })
        })
    }

    /// The fields of front matter, in order of position.
    pub fn fields(&self) -> impl Iterator<Item = &front::Field> {
        self.front_matter.iter().flat_map(|front| &front.fields)
    }

    /// The headings over a block or heading, innermost first.
    pub fn path(&self, heading: Option<usize>) -> impl Iterator<Item = &Heading> {
        let get = |at: Option<usize>| at.and_then(|at| self.headings.get(at));
        std::iter::successors(get(heading), move |heading| get(heading.parent))
    }
}

/// Parses a Markdown document. Every text is one; the time grows with its length alone.
pub fn parse(source: &str) -> Document {
    let front_matter = front::read(source);
    let from = front_matter.as_ref().map_or(0, |front| front.range.end);
    let body = source.get(from..).unwrap_or_default();
    let mut reader = Reader::new(source, from, front_matter);
    if too_deep(body) {
        reader.lines(body);
    } else {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
            reader.event(event, range.start + from..range.end + from);
        }
        reader.definitions();
    }
    reader.document
}

/// Whether some line opens more containers than anyone writes, or one paragraph holds more
/// marks that the parser looks back for than anyone writes.
fn too_deep(body: &str) -> bool {
    body.lines().any(|line| {
        let marks = line
            .bytes()
            .take_while(|&b| {
                matches!(b, b'>' | b' ' | b'\t' | b'*' | b'-' | b'+' | b'.' | b')' | b'0'..=b'9')
            })
            .filter(|b| !b.is_ascii_whitespace() && !b.is_ascii_digit())
            .count();
        let rule = || {
            let bare = line.bytes().filter(|b| !b.is_ascii_whitespace());
            bare.clone().all(|b| b == b'-') || bare.clone().all(|b| b == b'*')
        };
        marks > MAX_DEPTH && !rule()
    })
}

#[cfg(test)]
mod tests;
