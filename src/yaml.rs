//! YAML 1.2 with positions: values know their byte range, as those of [`crate::json`] do.
//!
//! In: text. Out: the documents as [`Node`]s, or one [`YamlError`] with line and column. Mappings
//! keep their pairs in order and keep duplicates ([`Node::duplicates`] names them); [`Node::get`]
//! gives the last. Scalars keep their text, since what `1.10` or `yes` means differs between
//! readers; [`Node::as_bool`] and [`Node::is_null`] read the core schema.
//!
//! Aliases are resolved to copies of what they name, so that a reader of the tree cannot overlook
//! them; the copies are counted ([`MAX_COPIES`]), which is what stops a bomb of aliases, and an
//! alias within its own anchor is an error. [`MAX_DEPTH`] bounds the tree, copies included.
//!
//! Scanning is `saphyr-parser`'s, which gives events and recurses nowhere; the tree is built here,
//! because the loaders that come with parsers expand aliases without a limit or drop duplicates
//! and places.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

pub use crate::json::ByteRange;

/// Deepest nesting of sequences and mappings.
pub const MAX_DEPTH: usize = 128;

/// Nodes that anchors and aliases may copy, in all. Files written by people have some hundred.
pub const MAX_COPIES: usize = 200_000;

/// A value and where it stands. A copy made for an alias has the place of what it copies.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Its bytes, quotes and brackets included; of a block, from its first to its last value.
    pub range: ByteRange,
    /// The tag as resolved (`tag:yaml.org,2002:str`, `!local`), where one is written.
    pub tag: Option<Box<str>>,
}

/// A YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Pairs in order, duplicates included. A key may be any node.
    Mapping(Vec<(Node<'a>, Node<'a>)>),
    /// Elements in order.
    Sequence(Vec<Node<'a>>),
    /// Text, quotes and folding undone; empty where nothing is written.
    Scalar {
        /// The text.
        text: Cow<'a, str>,
        /// Whether it stands without quotes, so that `true` is a truth value and `12` a number.
        plain: bool,
    },
}

/// Why a text is not YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct YamlError {
    /// One line, lower case.
    pub message: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// Byte offset.
    pub offset: usize,
}

impl<'a> Node<'a> {
    /// The value of the last pair with that key, if this is a mapping that has one; else what a
    /// merge key (`<<`) brings. Takes time linear in the number of pairs.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.own(key).or_else(|| {
            let merged = self.own("<<")?;
            match &merged.value {
                Value::Sequence(list) => list.iter().find_map(|one| one.own(key)),
                _ => merged.own(key),
            }
        })
    }

    fn own(&self, key: &str) -> Option<&Node<'a>> {
        self.pairs().iter().rev().find(|(name, _)| name.as_str() == Some(key)).map(|(_, node)| node)
    }

    /// The pairs; none if this is not a mapping.
    pub fn pairs(&self) -> &[(Node<'a>, Node<'a>)] {
        if let Value::Mapping(pairs) = &self.value { pairs } else { &[] }
    }

    /// The pairs whose key is a scalar: key, the key's bytes, value.
    pub fn members(&self) -> impl DoubleEndedIterator<Item = (&str, &ByteRange, &Node<'a>)> {
        self.pairs().iter().filter_map(|(key, value)| Some((key.as_str()?, &key.range, value)))
    }

    /// The elements; none if this is not a sequence.
    pub fn elements(&self) -> &[Node<'a>] {
        if let Value::Sequence(elements) = &self.value { elements } else { &[] }
    }

    /// The text, if this is a scalar, quoted or not.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Scalar { text, .. } = &self.value { Some(text) } else { None }
    }

    /// The truth value, if this is one of YAML 1.2's core schema.
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Whether nothing stands there, or `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar without quotes and without a tag.
    fn plain(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, plain: true } if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// Whether this is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// What it is, for messages (`a mapping`).
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Mapping(_) => "a mapping",
            Value::Sequence(_) => "a sequence",
            Value::Scalar { .. } if self.is_null() => "nothing",
            Value::Scalar { .. } => "a scalar",
        }
    }

    /// Every pair, at any depth, whose key its mapping already had: the key, and the bytes of the
    /// second and the first one. In order of position.
    pub fn duplicates(&self) -> Vec<(&str, ByteRange, ByteRange)> {
        let mut found = Vec::new();
        let mut todo = vec![self];
        let mut seen: HashMap<&str, &ByteRange> = HashMap::new();
        while let Some(node) = todo.pop() {
            seen.clear();
            for (key, value) in node.pairs() {
                if let Some(text) = key.as_str() {
                    if let Some(first) = seen.get(text) {
                        found.push((text, key.range.clone(), (*first).clone()));
                    } else {
                        seen.insert(text, &key.range);
                    }
                }
                todo.push(key);
                todo.push(value);
            }
            todo.extend(node.elements());
        }
        found.sort_by_key(|(_, range, _)| range.start);
        found.dedup();
        found
    }
}

/// Parses a text of one document. A text without any is an empty scalar.
///
/// # Errors
/// Where it is not YAML, has more than one document, is nested deeper than [`MAX_DEPTH`], or its
/// aliases copy more than [`MAX_COPIES`] nodes.
pub fn parse(text: &str) -> Result<Node<'_>, YamlError> {
    let mut documents = parse_all(text)?;
    match documents.len() {
        0 => Ok(scalar(Cow::Borrowed(""), true, 0..0)),
        1 => Ok(documents.remove(0)),
        _ => Err(error(text, documents[1].range.start, "a second document begins".to_owned())),
    }
}

/// Parses every document (`---` stands between them).
///
/// # Errors
/// As [`parse`], but for the number of documents.
pub fn parse_all(text: &str) -> Result<Vec<Node<'_>>, YamlError> {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let body = &text[bom..];
    let places = Places::new(body);
    let place = |index: usize| (bom + places.byte(index)).min(text.len());
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(body);
    while let Some(event) = parser.next_event() {
        let (event, Span { start, end }) =
            event.map_err(|why| error(text, place(why.marker().index()), lower(why.info())))?;
        let at = place(start.index());
        // Spans go on over the blanks that follow.
        let len = text.get(at..place(end.index())).map_or(0, |part| part.trim_end().len());
        let range = at..at + len;
        builder.event(event, range).map_err(|why| error(text, at, why))?;
    }
    Ok(builder.documents)
}

fn scalar(text: Cow<'_, str>, plain: bool, range: ByteRange) -> Node<'_> {
    Node { value: Value::Scalar { text, plain }, range, tag: None }
}

fn error(text: &str, offset: usize, message: String) -> YamlError {
    let offset = text.floor_char_boundary(offset);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    YamlError {
        message,
        line: 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u32,
        column: 1 + before[line_start..].chars().count() as u32,
        offset,
    }
}

/// The scanner's messages, as one line that starts like ours.
fn lower(message: &str) -> String {
    crate::model::escape(message.lines().next().unwrap_or("").trim())
}

/// Where characters are: the scanner counts characters, everything else bytes.
struct Places<'a> {
    text: &'a str,
    /// Byte of every [`STEP`]th character; none where characters are bytes.
    steps: Option<Vec<usize>>,
}

/// Characters between two remembered ones.
const STEP: usize = 64;

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let steps = (!text.is_ascii()).then(|| text.char_indices().step_by(STEP).map(|(at, _)| at).collect());
        Self { text, steps }
    }

    fn byte(&self, index: usize) -> usize {
        let Some(steps) = &self.steps else { return index.min(self.text.len()) };
        let Some(&from) = steps.get(index / STEP) else { return self.text.len() };
        let rest = &self.text[from..];
        rest.char_indices().nth(index % STEP).map_or(self.text.len(), |(at, _)| from + at)
    }
}

/// A collection that is still open.
struct Frame<'a> {
    start: usize,
    /// Where its last child ended.
    end: usize,
    tag: Option<Box<str>>,
    anchor: usize,
    mapping: Option<Vec<(Node<'a>, Node<'a>)>>,
    sequence: Vec<Node<'a>>,
    key: Option<Node<'a>>,
    /// Levels below it.
    height: usize,
    /// Nodes in it, itself included.
    count: usize,
}

#[derive(Default)]
struct Builder<'a> {
    open: Vec<Frame<'a>>,
    documents: Vec<Node<'a>>,
    /// What anchors name, with its height and its number of nodes.
    anchors: HashMap<usize, (Node<'a>, usize, usize)>,
    copied: usize,
}

impl<'a> Builder<'a> {
    fn event(&mut self, event: Event<'a>, range: ByteRange) -> Result<(), String> {
        let name = |tag: Option<Cow<'a, saphyr_parser::Tag>>| {
            tag.map(|tag| format!("{}{}", tag.handle, tag.suffix).into_boxed_str())
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let mut node = scalar(text, style == ScalarStyle::Plain, range);
                node.tag = name(tag);
                self.place(node, anchor, 0, 1)
            }
            Event::Alias(anchor) => {
                let Some((node, height, count)) = self.anchors.get(&anchor) else {
                    return Err("an alias stands within what it names".to_owned());
                };
                let (height, count) = (*height, *count);
                let node = node.clone();
                self.copies(count)?;
                self.place(node, 0, height, count)
            }
            Event::SequenceStart(anchor, tag) => self.opens(None, anchor, name(tag), range),
            Event::MappingStart(anchor, tag) => self.opens(Some(Vec::new()), anchor, name(tag), range),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.open.pop() else { return Ok(()) };
                // The end of a block is an empty place after its last line.
                let end = if range.is_empty() { frame.end } else { range.end };
                let value = frame.mapping.map_or(Value::Sequence(frame.sequence), Value::Mapping);
                let node = Node { value, range: frame.start..end.max(frame.start), tag: frame.tag };
                self.place(node, frame.anchor, frame.height, frame.count)
            }
            Event::DocumentStart(_) | Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn opens(
        &mut self,
        mapping: Option<Vec<(Node<'a>, Node<'a>)>>,
        anchor: usize,
        tag: Option<Box<str>>,
        range: ByteRange,
    ) -> Result<(), String> {
        self.fits(1)?;
        self.open.push(Frame {
            start: range.start,
            end: range.end,
            tag,
            anchor,
            mapping,
            sequence: Vec::new(),
            key: None,
            height: 0,
            count: 1,
        });
        Ok(())
    }

    fn fits(&self, levels: usize) -> Result<(), String> {
        if self.open.len() + levels > MAX_DEPTH {
            return Err(format!("nested more than {MAX_DEPTH} levels deep"));
        }
        Ok(())
    }

    fn copies(&mut self, count: usize) -> Result<(), String> {
        self.copied = self.copied.saturating_add(count);
        if self.copied > MAX_COPIES {
            return Err(format!("anchors and aliases copy more than {MAX_COPIES} values"));
        }
        Ok(())
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, node: Node<'a>, anchor: usize, height: usize, count: usize) -> Result<(), String> {
        let levels = height + usize::from(!matches!(node.value, Value::Scalar { .. }));
        self.fits(levels)?;
        if anchor != 0 {
            self.copies(count)?;
            self.anchors.insert(anchor, (node.clone(), height, count));
        }
        let Some(frame) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        frame.height = frame.height.max(levels);
        frame.count = frame.count.saturating_add(count);
        // A copy lies elsewhere.
        frame.end = frame.end.max(node.range.end);
        match (&mut frame.mapping, frame.key.take()) {
            (None, _) => frame.sequence.push(node),
            (Some(pairs), Some(key)) => pairs.push((key, node)),
            (Some(_), None) => frame.key = Some(node),
        }
        Ok(())
    }
}
