//! Events of the Markdown parser, flattened into blocks.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Tag, TagEnd};

use super::front::FrontMatter;
use super::html;
use super::markdown::{Block, BlockKind, Document, Heading, Link, Piece, PieceKind};

/// What is open while events come in.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    source: &'a str,
    /// Where the body starts.
    from: usize,
    pub document: Document,
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
    /// HTML blocks, of which the tags are in no block.
    html: Vec<Range<usize>>,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a str, from: usize, front_matter: Option<FrontMatter>) -> Self {
        let document = Document { front_matter, ..Document::default() };
        Self { source, from, document, ..Self::default() }
    }

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

    pub fn event(&mut self, event: Event<'_>, range: Range<usize>) {
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
            Event::InlineHtml(text) => match html::comment(&text) {
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
        self.html.push(range.clone());
        for (kind, part) in html::split(text) {
            let part = range.start + part.start..range.start + part.end;
            let mut block = self.bare(kind, part.clone());
            block.pieces.push(Piece { kind: PieceKind::Text, range: part, other: None, strong: false });
            self.document.blocks.push(block);
        }
    }

    /// Link definitions give no events, and of two with one label the second is dropped: every
    /// line that no block covers and that looks like one is a block.
    pub fn definitions(&mut self) {
        self.document.blocks.sort_by_key(|block| (block.range.start, block.range.end));
        let blocks = self.document.blocks.iter().map(|block| block.range.clone());
        let mut covered: Vec<Range<usize>> = blocks.chain(self.html.iter().cloned()).collect();
        covered.sort_by_key(|range| (range.start, range.end));
        let mut found = Vec::new();
        let mut at = self.from;
        let mut add = |gap: Range<usize>| {
            let mut start = gap.start;
            // Whether the title of the last one goes on: it may stand on several lines.
            let mut open = false;
            for line in self.source.get(gap).unwrap_or_default().split_inclusive('\n') {
                let bare = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']);
                let from = start + line.len() - bare.len();
                let text = bare.trim_end();
                let begins =
                    text.starts_with('[') && text.contains("]:") || text.starts_with(['"', '\'', '(']);
                if begins && !open {
                    found.push(from..from + text.len());
                    open = title_goes_on(text);
                } else if let Some(last) = found.last_mut().filter(|_| open && !text.is_empty()) {
                    last.end = from + text.len();
                    open = !text.ends_with(['"', '\'', ')']);
                } else {
                    open = false;
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
    pub fn lines(&mut self, body: &str) {
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

/// Where a link's title stands, if it has one that stands within it as written.
fn title_at(source: &str, link: &Link) -> Option<Range<usize>> {
    if link.title.is_empty() {
        return None;
    }
    let whole = source.get(link.range.clone())?;
    let at = whole.rfind(&link.title)?;
    Some(link.range.start + at..link.range.start + at + link.title.len())
}

/// Whether a link definition's first line opens a title that it does not close.
fn title_goes_on(line: &str) -> bool {
    let title = line.find([' ', '\t']).map_or("", |at| line.get(at..).unwrap_or_default()).trim_start();
    let title = match title.split_once([' ', '\t']) {
        Some((target, rest)) if !target.starts_with(['"', '\'', '(']) => rest.trim_start(),
        _ => title,
    };
    let close = match title.chars().next() {
        Some('(') => ')',
        Some(quote @ ('"' | '\'')) => quote,
        _ => return false,
    };
    !title.get(1..).unwrap_or_default().trim_end().ends_with(close)
}
