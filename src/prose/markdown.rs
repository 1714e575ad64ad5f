//! Markdown as leaf blocks with exact ranges.
//!
//! The CommonMark parser is `pulldown-cmark`; this module flattens its events: every block that
//! holds text says under which headings, in how many quotations and lists it stands, and its
//! text comes in pieces, each with the bytes that it was written with. HTML is split into what a
//! page shows and comments. What a page never shows (link definitions) is a block too, because
//! an agent reads the file and not the page.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::front::{self, FrontMatter};

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
    let mut reader = Reader {
        source,
        from,
        document: Document { front_matter, ..Document::default() },
        ..Reader::default()
    };
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

#[derive(Debug, Default)]
struct Reader<'a> {
    source: &'a str,
    from: usize,
    document: Document,
    /// The block that is open.
    block: Option<Block>,
    heading: Option<usize>,
    quotes: u16,
    callouts: u16,
    /// Whether each open quotation is a callout.
    quote_kinds: Vec<bool>,
    lists: u16,
    footnotes: u16,
    strong: u16,
    /// Open links and images.
    links: Vec<Link>,
    table: u32,
    tables: u32,
    row: u32,
    column: u16,
    head: bool,
}

impl Reader<'_> {
    fn open(&mut self, kind: BlockKind, range: Range<usize>) {
        self.close(range.start);
        self.block = Some(self.bare(kind, range));
    }

    fn bare(&self, kind: BlockKind, range: Range<usize>) -> Block {
        Block {
            kind,
            range,
            pieces: Vec::new(),
            heading: self.heading,
            quotes: self.quotes,
            callouts: self.callouts,
            lists: self.lists,
            footnote: self.footnotes > 0,
        }
    }

    fn close(&mut self, at: usize) {
        let Some(mut block) = self.block.take() else { return };
        block.range.end = block
            .range
            .end
            .max(block.pieces.last().map_or(0, |piece| piece.range.end))
            .min(at.max(block.range.start));
        if !block.pieces.is_empty() || matches!(block.kind, BlockKind::Code { .. }) {
            self.document.blocks.push(block);
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => {
                let kind = match self.links.last() {
                    Some(link) if link.image => PieceKind::Alt,
                    Some(_) => PieceKind::Link,
                    None => PieceKind::Text,
                };
                self.push(kind, &text, range);
            }
            Event::Code(text) => {
                let inner = inner(self.source, &range, &text);
                self.push(PieceKind::Code, &text, inner);
            }
            Event::InlineMath(text) | Event::DisplayMath(text) => self.push(PieceKind::Code, &text, range),
            Event::Html(_) => {
                // Lines of one HTML block follow each other; it is split when it ends.
                if let Some(block) = &mut self.block {
                    block.range.end = range.end;
                } else {
                    self.open(BlockKind::Html, range);
                }
            }
            Event::InlineHtml(text) => match comment(&text) {
                Some(within) => {
                    let range = range.start + within.start..range.start + within.end;
                    self.push(PieceKind::Comment, &text[within], range);
                }
                None => self.push(PieceKind::Tag, &text, range),
            },
            Event::SoftBreak | Event::HardBreak => self.push(PieceKind::Break, "\n", range),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) | Event::Rule => {}
        }
    }

    fn push(&mut self, kind: PieceKind, text: &str, range: Range<usize>) {
        for link in &mut self.links {
            link.text.push_str(text);
        }
        if self.block.is_none() {
            // Text of a tight list item has no paragraph of its own.
            self.open(BlockKind::Paragraph, range.clone());
        }
        let same = self.source.get(range.clone()) == Some(text);
        let other = (!same).then(|| text.to_owned());
        let strong = self.strong > 0;
        if let Some(block) = &mut self.block {
            block.range.end = block.range.end.max(range.end);
            block.pieces.push(Piece { kind, range, other, strong });
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Paragraph => self.open(BlockKind::Paragraph, range),
            Tag::Heading { level, .. } => {
                self.close(range.start);
                let level = level as u8;
                let over = std::iter::successors(self.heading, |&at| self.document.headings.get(at)?.parent);
                let parent = over
                    .into_iter()
                    .find(|&at| self.document.headings.get(at).is_some_and(|heading| heading.level < level));
                let at = self.document.headings.len();
                self.document.headings.push(Heading {
                    level,
                    text: String::new(),
                    range: range.clone(),
                    parent,
                });
                self.heading = parent;
                self.open(BlockKind::Heading(at), range);
            }
            Tag::BlockQuote(kind) => {
                self.close(range.start);
                self.quote_kinds.push(kind.is_some());
                self.quotes = self.quotes.saturating_add(1);
                self.callouts = self.callouts.saturating_add(kind.is_some().into());
            }
            Tag::CodeBlock(kind) => {
                let (language, fenced) = match &kind {
                    CodeBlockKind::Fenced(info) => (language(info), true),
                    CodeBlockKind::Indented => (String::new(), false),
                };
                self.open(BlockKind::Code { language, fenced }, range);
            }
            Tag::HtmlBlock => self.open(BlockKind::Html, range.start..range.start),
            Tag::List(_) => {
                self.close(range.start);
                self.lists = self.lists.saturating_add(1);
            }
            Tag::Item => self.close(range.start),
            Tag::FootnoteDefinition(_) => {
                self.close(range.start);
                self.footnotes = self.footnotes.saturating_add(1);
            }
            Tag::Table(_) => {
                self.close(range.start);
                self.table = self.tables;
                self.tables += 1;
                self.row = 0;
            }
            Tag::TableHead => (self.head, self.column) = (true, 0),
            Tag::TableRow => {
                (self.head, self.column) = (false, 0);
                self.row += 1;
            }
            Tag::TableCell => {
                let (head, column, table, row) = (self.head, self.column, self.table, self.row);
                self.open(BlockKind::Cell { head, column, table, row }, range);
                self.column = self.column.saturating_add(1);
            }
            Tag::Strong | Tag::Emphasis => self.strong = self.strong.saturating_add(1),
            Tag::Link { dest_url, title, link_type, .. } => {
                self.link(false, &dest_url, &title, link_type, range)
            }
            Tag::Image { dest_url, title, link_type, .. } => {
                self.link(true, &dest_url, &title, link_type, range)
            }
            _ => {}
        }
    }

    fn link(&mut self, image: bool, url: &str, title: &str, kind: LinkType, range: Range<usize>) {
        // A block of its own where a tight item starts with it.
        if self.block.is_none() {
            self.open(BlockKind::Paragraph, range.clone());
        }
        let url = if kind == LinkType::Email { format!("mailto:{url}") } else { url.to_owned() };
        let (title, text) = (title.to_owned(), String::new());
        self.links.push(Link { image, url, title, text, range, block: self.document.blocks.len() });
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::TableCell | TagEnd::Item => self.close(range.end),
            TagEnd::Heading(_) => {
                let kind = self.block.as_ref().map(|block| block.kind.clone());
                if let Some(BlockKind::Heading(at)) = kind {
                    let text =
                        self.block.as_ref().map_or(String::new(), |b| b.text(self.source).into_owned());
                    if let Some(heading) = self.document.headings.get_mut(at) {
                        heading.text = text;
                    }
                    self.heading = Some(at);
                }
                self.close(range.end);
            }
            TagEnd::BlockQuote(_) => {
                self.close(range.end);
                let callout = self.quote_kinds.pop().unwrap_or(false);
                self.quotes = self.quotes.saturating_sub(1);
                self.callouts = self.callouts.saturating_sub(callout.into());
            }
            TagEnd::HtmlBlock => {
                if let Some(block) = self.block.take() {
                    self.html(&block.range);
                }
            }
            TagEnd::List(_) => {
                self.close(range.end);
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::FootnoteDefinition => {
                self.close(range.end);
                self.footnotes = self.footnotes.saturating_sub(1);
            }
            TagEnd::Strong | TagEnd::Emphasis => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => {
                let Some(link) = self.links.pop() else { return };
                if let Some(at) = title_at(self.source, &link) {
                    self.push(PieceKind::Alt, " ", at.start..at.start);
                    let title = link.title.clone();
                    self.push(PieceKind::Alt, &title, at);
                }
                self.document.links.push(link);
            }
            _ => {}
        }
    }

    /// Splits an HTML block into comments, and text and readable attributes.
    fn html(&mut self, range: &Range<usize>) {
        let Some(text) = self.source.get(range.clone()) else { return };
        for (kind, part) in split_html(text) {
            let part = range.start + part.start..range.start + part.end;
            let mut block = self.bare(kind, part.clone());
            block.pieces.push(Piece { kind: PieceKind::Text, range: part, other: None, strong: false });
            self.document.blocks.push(block);
        }
    }

    /// Link definitions give no events, and of two with one label the second is dropped: every
    /// line that no block covers and that looks like one is a block.
    fn definitions(&mut self) {
        self.document.blocks.sort_by_key(|block| (block.range.start, block.range.end));
        let covered: Vec<Range<usize>> =
            self.document.blocks.iter().map(|block| block.range.clone()).collect();
        let mut found = Vec::new();
        let mut at = self.from;
        let mut add = |gap: Range<usize>| {
            let mut start = gap.start;
            for line in self.source.get(gap).unwrap_or_default().split_inclusive('\n') {
                let bare = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']);
                let from = start + line.len() - bare.len();
                let text = bare.trim_end();
                if text.starts_with('[') && text.contains("]:") || text.starts_with(['"', '\'', '(']) {
                    found.push(from..from + text.len());
                }
                start += line.len();
            }
        };
        for range in covered {
            if range.start > at {
                add(at..range.start);
            }
            at = at.max(range.end);
        }
        add(at..self.source.len());
        for range in found {
            // The label is a name; what comes after it is what one reads.
            let text = self.source.get(range.clone()).unwrap_or_default();
            let from = range.start + text.find("]:").map_or(0, |at| at + 2);
            let mut block = Block {
                kind: BlockKind::Definition,
                range: range.clone(),
                pieces: Vec::new(),
                heading: self
                    .document
                    .headings
                    .iter()
                    .rposition(|heading| heading.range.start <= range.start),
                quotes: 0,
                callouts: 0,
                lists: 0,
                footnote: false,
            };
            block.pieces.push(Piece {
                kind: PieceKind::Text,
                range: from..range.end,
                other: None,
                strong: false,
            });
            self.document.blocks.push(block);
        }
        let mut order: Vec<usize> = (0..self.document.blocks.len()).collect();
        order.sort_by_key(|&at| (self.document.blocks[at].range.start, at));
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        self.document.blocks.sort_by_key(|block| block.range.start);
        for link in &mut self.document.links {
            link.block = place.get(link.block).copied().unwrap_or(0);
        }
        self.document.links.sort_by_key(|link| (link.range.start, link.range.end));
    }

    /// Text that is nested too deep: a paragraph for each line.
    fn lines(&mut self, body: &str) {
        let mut start = self.from;
        for line in body.split_inclusive('\n') {
            let text = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']);
            let range = start + line.len() - text.len()..start + line.trim_end_matches(['\r', '\n']).len();
            start += line.len();
            if range.start < range.end {
                let mut block = self.bare(BlockKind::Paragraph, range.clone());
                block.pieces.push(Piece { kind: PieceKind::Text, range, other: None, strong: false });
                self.document.blocks.push(block);
            }
        }
    }
}

fn language(info: &str) -> String {
    let word = info.trim_start().trim_start_matches(['{', '.']);
    word.split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}'))
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// The inside of inline code within its backticks.
fn inner(source: &str, range: &Range<usize>, text: &str) -> Range<usize> {
    let whole = source.get(range.clone()).unwrap_or_default();
    match whole.find(text) {
        Some(at) => range.start + at..range.start + at + text.len(),
        None => range.clone(),
    }
}

/// The inside of a comment, if a piece of HTML is one.
fn comment(html: &str) -> Option<Range<usize>> {
    let rest = html.strip_prefix("<!--")?;
    let len = rest.trim_end().strip_suffix("-->").map_or(rest.len(), str::len);
    Some(4..4 + len)
}

/// Where a link's title stands, if it has one that stands within it as written.
fn title_at(source: &str, link: &Link) -> Option<Range<usize>> {
    if link.title.is_empty() {
        return None;
    }
    let whole = source.get(link.range.clone())?;
    let at = whole.rfind(&link.title)?;
    Some(link.range.start + at..link.range.start + at + link.title.len())
}

/// Attributes whose value people (and agents) read.
const READ: [&str; 5] = ["alt=", "title=", "content=", "aria-label=", "data-"];

/// The parts of an HTML text: insides of comments, text between tags, values of attributes.
fn split_html(text: &str) -> Vec<(BlockKind, Range<usize>)> {
    let mut out = Vec::new();
    let mut push = |kind: BlockKind, range: Range<usize>| {
        if text.get(range.clone()).is_some_and(|part| !part.trim().is_empty()) {
            out.push((kind, range));
        }
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("<!--") {
            let len = rest.get(4..).and_then(|rest| rest.find("-->")).map_or(rest.len(), |end| end + 7);
            let close = if rest[..len].ends_with("-->") && len >= 7 { len - 3 } else { len };
            push(BlockKind::Comment, at + 4..at + close);
            at += len;
        } else if rest.starts_with('<') {
            let len = rest.find('>').map_or(rest.len(), |end| end + 1);
            let tag = &rest[..len];
            for name in READ {
                for (found, _) in tag.match_indices(name) {
                    if let Some(value) = attribute(tag, found) {
                        push(BlockKind::Html, at + value.start..at + value.end);
                    }
                }
            }
            at += len;
        } else {
            let len = rest.find('<').unwrap_or(rest.len());
            push(BlockKind::Html, at..at + len);
            at += len;
        }
    }
    out.sort_by_key(|(_, range)| range.start);
    out
}

/// The quoted value of the attribute that starts at `at`.
fn attribute(tag: &str, at: usize) -> Option<Range<usize>> {
    let equals = at + tag.get(at..)?.find('=')? + 1;
    let quote = tag.get(equals..)?.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let len = tag.get(equals + 1..)?.find(quote)?;
    Some(equals + 1..equals + 1 + len)
}
