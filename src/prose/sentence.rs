//! Sentences: a document's or a plain text's, each with where it stands and how it is written.

use std::ops::Range;

use super::fold::Folded;
use super::lexicon::Lexicon;
use super::markdown::{BlockKind, Document, PieceKind};
use super::{hidden, html};

/// Longest sentence, in bytes: what runs on is cut, so that the time for one is bounded.
const MAX: usize = 2_000;
/// Most sentences of one file.
pub const MAX_SENTENCES: usize = 200_000;

/// Where a sentence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A paragraph or a list item.
    Text,
    /// A heading.
    Heading,
    /// A table's cell.
    Cell,
    /// A comment of HTML, or of code.
    Comment,
    /// Text within HTML.
    Html,
    /// An image's alternative text, a title.
    Alt,
    /// A field of front matter, by name.
    Front(String),
    /// A link definition.
    Definition,
    /// A fenced or indented block in no programming language.
    Fence,
    /// A string of a program or a description in a schema.
    Described,
    /// A comment or a long string of a program that offers tools to agents.
    Offered,
}

/// A sentence.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// Its text.
    pub folded: Folded,
    /// Its bytes in the source.
    pub range: Range<usize>,
    /// Where it stands.
    pub origin: Origin,
    /// The block, as index into [`Document::blocks`].
    pub block: Option<usize>,
    /// Encodings taken off.
    pub layer: u8,
}

impl Sentence {
    /// The text as shown.
    pub fn shown(&self) -> &str {
        self.folded.shown.trim()
    }
}

/// Decodes a word or a paragraph, as `check::layers::decode` does.
pub type Decode<'d> = &'d dyn Fn(&str) -> Option<String>;

/// The sentences of a document, in order of position.
pub fn of(document: &Document, source: &str, decode: Decode<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    if let Some(front) = &document.front_matter {
        for field in &front.fields {
            let raw = source.get(field.range.clone()) == Some(field.value.as_str());
            let mut folded = Folded::default();
            folded.push(&field.value, field.range.start, !raw);
            folded.end = field.range.end;
            split(folded, &Origin::Front(field.name.clone()), None, 0, &mut out);
        }
    }
    for (at, block) in document.blocks.iter().enumerate() {
        let origin = match &block.kind {
            BlockKind::Heading(_) => Origin::Heading,
            BlockKind::Paragraph => Origin::Text,
            BlockKind::Cell { .. } => Origin::Cell,
            BlockKind::Html => Origin::Html,
            BlockKind::Comment => Origin::Comment,
            BlockKind::Definition => Origin::Definition,
            BlockKind::Code { language, .. } if is_prose(language) => Origin::Fence,
            BlockKind::Code { .. } => continue,
        };
        let mut main = Folded::default();
        let first = out.len();
        for piece in &block.pieces {
            let text = piece.text(source);
            match piece.kind {
                PieceKind::Tag if !html::is_pseudo(text) => main.push(" ", piece.range.start, true),
                PieceKind::Comment | PieceKind::Alt => {
                    let mut apart = Folded::default();
                    apart.push(text, piece.range.start, piece.other.is_some());
                    let origin = if piece.kind == PieceKind::Alt { Origin::Alt } else { Origin::Comment };
                    split(apart, &origin, Some(at), 0, &mut out);
                }
                PieceKind::Code => {
                    let from = main.text.len();
                    main.push(text, piece.range.start, piece.other.is_some());
                    main.code.push(from..main.text.len());
                }
                _ => main.push(text, piece.range.start, piece.other.is_some()),
            }
        }
        match origin {
            // Lines matter there.
            Origin::Comment | Origin::Html | Origin::Fence | Origin::Definition => {
                lines(&block.text(source), &|offset| block.offset(offset), &origin, Some(at), &mut out);
            }
            _ => split(main, &origin, Some(at), 0, &mut out),
        }
        encoded(first, &block.text(source), &block.range, decode, &mut out);
    }
    hidden::add(source, &mut out);
    out.sort_by_key(|sentence| (sentence.range.start, sentence.layer));
    out.truncate(MAX_SENTENCES);
    out
}

/// The sentences of a text without mark-up that stands at `offset` of the source.
pub fn plain(text: &str, offset: usize, origin: &Origin, decode: Decode<'_>) -> Vec<Sentence> {
    let mut out = Vec::new();
    lines(text, &|at| offset + at, origin, None, &mut out);
    encoded(0, text, &(offset..offset + text.len()), decode, &mut out);
    out
}

/// Words of fences' info strings that name no programming language.
pub fn is_prose(language: &str) -> bool {
    matches!(
        language,
        "" | "text" | "txt" | "plain" | "plaintext" | "markdown" | "md" | "prompt" | "xml" | "html"
    )
}

/// Paragraphs by blank lines and list marks.
fn lines(
    text: &str,
    offset: &dyn Fn(usize) -> usize,
    origin: &Origin,
    block: Option<usize>,
    out: &mut Vec<Sentence>,
) {
    let mut folded = Folded::default();
    let mut start = 0;
    let mut indent = usize::MAX;
    for line in text.split_inclusive('\n') {
        let bare =
            line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '>' | '*' | '/' | ';'));
        // A comment of several lines goes on where its mark stands below the last one's.
        let before = std::mem::replace(&mut indent, line.len() - line.trim_start().len());
        let goes_on = matches!(origin, Origin::Comment | Origin::Offered) && before == indent;
        let item = bare.starts_with("- ")
            || bare.starts_with("+ ")
            || (bare.len() != line.trim_start().len() && !goes_on)
            || numbered(bare);
        if bare.trim().is_empty() || item {
            let done = std::mem::take(&mut folded);
            split(done, origin, block, 0, out);
        }
        let from = start + line.len() - bare.len();
        // A line stands together in the source, whatever markers stand before it.
        folded.push(bare, offset(from), false);
        start += line.len();
    }
    split(folded, origin, block, 0, out);
}

fn numbered(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && (rest.starts_with(". ") || rest.starts_with(") "))
}

/// Splits at the ends of sentences.
fn split(mut folded: Folded, origin: &Origin, block: Option<usize>, layer: u8, out: &mut Vec<Sentence>) {
    if folded.text.trim().is_empty() || out.len() >= MAX_SENTENCES {
        return;
    }
    folded.unmask();
    folded.join_letters();
    folded.unleet(&|word| Lexicon::get().is_word(word));
    let mut start = 0;
    for end in ends(&folded.text, &folded.code) {
        let part = folded.part(start..end);
        start = end;
        if part.text.trim().is_empty() {
            continue;
        }
        let range = part.at(0)..part.end.max(part.at(0));
        let layer = layer.max(u8::from(is_masked(&part)));
        out.push(Sentence { folded: part, range, origin: origin.clone(), block, layer });
    }
}

/// Whether its letters were disguised on purpose: one odd letter is a slip.
fn is_masked(part: &Folded) -> bool {
    part.disguised >= 2
}

/// Where sentences end, as bytes of the text; the last is its length.
fn ends(text: &str, code: &[Range<usize>]) -> Vec<usize> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut code = code.iter().peekable();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = at + c.len_utf8();
        while code.peek().is_some_and(|code| code.end <= at) {
            code.next();
        }
        if next - start >= MAX && (c == ' ' || next - start >= 2 * MAX) {
            out.push(next);
            start = next;
            continue;
        }
        if code.peek().is_some_and(|code| code.start <= at) {
            continue;
        }
        let wide = matches!(c, '。' | '！' | '？' | '।' | '؟' | '｡');
        let narrow = matches!(c, '.' | '!' | '?');
        if !wide && !narrow {
            continue;
        }
        // Closing quotes and brackets belong to the sentence.
        let mut end = next;
        while let Some(&(at, c)) = chars.peek() {
            if !matches!(
                c,
                '.' | '!' | '?' | '"' | '\'' | ')' | ']' | '”' | '»' | '」' | '』' | '*' | '。' | '！'
            ) {
                break;
            }
            end = at + c.len_utf8();
            chars.next();
        }
        let spaced = text.get(end..).is_none_or(|rest| rest.is_empty() || rest.starts_with(' '));
        if wide || (spaced && !(c == '.' && is_abbreviation(&text[start..at]))) {
            out.push(end);
            start = end;
        }
    }
    if start < text.len() {
        out.push(text.len());
    }
    out
}

/// Whether the full stop after this text ends an abbreviation.
fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    matches!(
        word,
        "e.g"
            | "i.e"
            | "eg"
            | "ie"
            | "etc"
            | "vs"
            | "mr"
            | "mrs"
            | "dr"
            | "z.b"
            | "bzw"
            | "p.ej"
            | "cf"
            | "no"
            | "fig"
            | "ref"
            | "sec"
            | "nr"
            | "approx"
            | "т.е"
            | "ca"
    ) || (word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphabetic()))
        || (!word.is_empty() && before.trim() == word && word.bytes().all(|b| b.is_ascii_digit()))
}

/// Shortest word that may be an encoded sentence.
const MIN_ENCODED: usize = 24;
/// Encoded words that are looked at in one block.
const MAX_ENCODED: usize = 32;

/// Sentences of encoded words and paragraphs of one block; `first` is its first plain one.
fn encoded(first: usize, text: &str, range: &Range<usize>, decode: Decode<'_>, out: &mut Vec<Sentence>) {
    let (origin, block) = match out.get(first) {
        Some(sentence) => (sentence.origin.clone(), sentence.block),
        None => return,
    };
    let mut add = |decoded: &str, layer: u8| {
        let mut folded = Folded::default();
        folded.push(decoded, range.start, true);
        folded.end = range.end;
        split(folded, &origin, block, layer, out);
    };
    let joined = || text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '(' | ')' | '<' | '>' | ','));
    let mut left = MAX_ENCODED;
    for word in words.filter(|word| word.len() >= MIN_ENCODED) {
        if left == 0 {
            break;
        }
        left -= 1;
        if let Some(plain) = decode(word).filter(|plain| plain.contains(' ')) {
            add(&plain, 1);
            if let Some(deeper) = decode(plain.trim()).filter(|plain| plain.contains(' ')) {
                add(&deeper, 2);
            }
        }
    }
    // A paragraph of hexadecimal pairs, or base64 in lines.
    let dense = text.len() >= MIN_ENCODED
        && text.len() < 1 << 16
        && !text.trim().contains("  ")
        && longest(text) >= 2;
    if dense
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=-_%\\,".contains(&b))
    {
        let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit() || b.is_ascii_whitespace());
        let whole = if hexadecimal || text.lines().count() > 1 { joined() } else { text.trim().to_owned() };
        if text.trim().contains(char::is_whitespace)
            && let Some(plain) = decode(&whole).filter(|plain| plain.contains(' '))
        {
            add(&plain, 1);
        }
    }
    if let Some(plain) = hidden::turned(text) {
        add(&plain, 1);
    }
}

fn longest(text: &str) -> usize {
    text.split_whitespace().map(str::len).max().unwrap_or(0)
}
