//! JSON with positions: a strict parser (RFC 8259) whose values know their byte range.
//!
//! In: text. Out: a [`Node`], or one [`JsonError`] with line and column. A leading byte order
//! mark is skipped, as npm does. Objects keep their members in order and keep duplicates, because
//! two parsers that pick different ones is how a file shows a reviewer one thing and a tool
//! another; [`Node::get`] gives the last, as `JSON.parse` does.
//!
//! The parser keeps its own stack, and [`MAX_DEPTH`] bounds the tree, so that neither parsing nor
//! walking nor dropping can overflow a thread's stack. It is our own because the other parsers
//! with ranges read more than JSON (raw control characters, missing commas), and a file that
//! npm refuses must not be one that an audit accepts.

pub mod canonical;
pub mod relaxed;
pub mod toml;

use std::borrow::Cow;
use std::ops::Range;

/// Deepest nesting of arrays and objects; what is deeper is an error.
pub const MAX_DEPTH: usize = 512;

/// Bytes from the start of the text, end exclusive.
pub type ByteRange = Range<usize>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Its bytes, quotes and brackets included.
    pub range: ByteRange,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Members in order, duplicates included: key, the key's bytes with its quotes, value.
    Object(Vec<(Cow<'a, str>, ByteRange, Node<'a>)>),
    /// Elements in order.
    Array(Vec<Node<'a>>),
    /// Text; a lone surrogate is U+FFFD.
    String(Cow<'a, str>),
    /// As written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Reads a configuration as the programs do that it is for, and hands its root on: TOML by its
/// name's ending, else JSON with comments and commas before closing brackets. A leading byte order
/// mark is skipped; places are those of the text without it.
///
/// # Errors
/// Where it is neither.
pub fn configuration<T>(
    file: &str,
    text: &str,
    then: impl FnOnce(&str, &Node<'_>) -> T,
) -> Result<T, JsonError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if file.ends_with(".toml") {
        return Ok(then(text, &toml::parse(text)?));
    }
    let plain = relaxed::relax(text);
    let root = parse(&plain)?;
    Ok(then(text, &root))
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct JsonError {
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
    /// The value as JSON without spaces; numbers as they are written.
    pub fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match &self.value {
            Value::Object(members) => {
                let parts: Vec<String> = members
                    .iter()
                    .map(|(key, _, value)| format!("{}:{}", quoted(key), value.to_json()))
                    .collect();
                format!("{{{}}}", parts.join(","))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(Self::to_json).collect::<Vec<_>>().join(","))
            }
            Value::String(text) => quoted(text),
            Value::Number(text) => (*text).to_owned(),
            Value::Bool(it) => it.to_string(),
            Value::Null => "null".to_owned(),
        }
    }

    /// The last member of that name, if this is an object that has one. Takes time linear in the
    /// number of members.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.members().iter().rev().find(|(name, ..)| name == key).map(|(.., node)| node)
    }

    /// What a JSON pointer (RFC 6901) leads to.
    pub fn at(&self, pointer: &str) -> Option<&Node<'a>> {
        pointer.split('/').skip(1).try_fold(self, |node, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            node.get(&token).or_else(|| node.elements().get(token.parse::<usize>().ok()?))
        })
    }

    /// The members; none if this is not an object.
    pub fn members(&self) -> &[(Cow<'a, str>, ByteRange, Node<'a>)] {
        if let Value::Object(members) = &self.value { members } else { &[] }
    }

    /// The elements; none if this is not an array.
    pub fn elements(&self) -> &[Node<'a>] {
        if let Value::Array(elements) = &self.value { elements } else { &[] }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value { Some(value) } else { None }
    }

    /// Whether this is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// What it is, for messages (`an object`).
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Object(_) => "an object",
            Value::Array(_) => "an array",
            Value::String(_) => "a string",
            Value::Number(_) => "a number",
            Value::Bool(_) => "a truth value",
            Value::Null => "null",
        }
    }

    /// Every member, at any depth, whose key its object already had: the key, and the bytes of the
    /// second and the first one. In order of position.
    pub fn duplicates(&self) -> Vec<(&str, ByteRange, ByteRange)> {
        let mut found = Vec::new();
        let mut todo = vec![self];
        let mut seen: std::collections::HashMap<&str, &ByteRange> = std::collections::HashMap::new();
        while let Some(node) = todo.pop() {
            seen.clear();
            for (key, range, value) in node.members() {
                if let Some(first) = seen.get(&**key) {
                    found.push((&**key, range.clone(), (*first).clone()));
                } else {
                    seen.insert(key, range);
                }
                todo.push(value);
            }
            todo.extend(node.elements());
        }
        found.sort_by_key(|(_, range, _)| range.start);
        found
    }
}

/// Parses a text.
///
/// # Errors
/// Where it is not JSON, is nested deeper than [`MAX_DEPTH`] or goes on after its value.
pub fn parse(text: &str) -> Result<Node<'_>, JsonError> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    if text.starts_with('\u{feff}') {
        parser.at = 3;
    }
    parser.document().map_err(|(offset, message)| {
        let before = &text[..floor(text, offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        JsonError {
            message,
            line: 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count() as u32,
            column: 1 + before[line_start..].chars().count() as u32,
            offset: before.len(),
        }
    })
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

type Failure = (usize, String);

/// A container that is still open.
struct Frame<'a> {
    start: usize,
    /// `None` for an array; for an object its members, and the key that waits for its value.
    object: Option<Vec<(Cow<'a, str>, ByteRange, Node<'a>)>>,
    array: Vec<Node<'a>>,
    key: Option<(Cow<'a, str>, ByteRange)>,
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Node<'a>, Failure> {
        let mut open: Vec<Frame<'a>> = Vec::new();
        loop {
            // A value starts here.
            self.space();
            let mut done = match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    if open.len() == MAX_DEPTH {
                        return Err((self.at, format!("nested more than {MAX_DEPTH} levels deep")));
                    }
                    let object = bracket == b'{';
                    open.push(Frame {
                        start: self.at,
                        object: object.then(Vec::new),
                        array: Vec::new(),
                        key: None,
                    });
                    self.at += 1;
                    self.space();
                    match (self.peek(), open.last_mut()) {
                        (Some(b'}' | b']'), _) if self.closes(object) => self.close(&mut open),
                        (_, Some(frame)) if object => {
                            frame.key = Some(self.key(frame.start)?);
                            continue;
                        }
                        _ => continue,
                    }
                }
                Some(_) => self.scalar()?,
                None => return Err(self.ended(&open)),
            };
            // A value is complete: put it in its place, and close what ends with it.
            loop {
                let Some(frame) = open.last_mut() else {
                    self.space();
                    return match self.peek() {
                        None => Ok(done),
                        Some(_) => Err((self.at, format!("expected the end, found {}", self.found()))),
                    };
                };
                match (&mut frame.object, frame.key.take()) {
                    (Some(members), Some((key, range))) => members.push((key, range, done)),
                    _ => frame.array.push(done),
                }
                let (object, start) = (frame.object.is_some(), frame.start);
                self.space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if object {
                            self.space();
                            if let Some(frame) = open.last_mut() {
                                frame.key = Some(self.key(start)?);
                            }
                        }
                        break;
                    }
                    Some(_) if self.closes(object) => done = self.close(&mut open),
                    Some(_) => {
                        let close = if object { '}' } else { ']' };
                        return Err((self.at, format!("expected `,` or `{close}`, found {}", self.found())));
                    }
                    None => return Err(self.ended(&open)),
                }
            }
        }
    }

    fn closes(&self, object: bool) -> bool {
        self.peek() == Some(if object { b'}' } else { b']' })
    }

    /// Takes the closing bracket and gives the innermost container.
    fn close(&mut self, open: &mut Vec<Frame<'a>>) -> Node<'a> {
        self.at += 1;
        let frame = open.pop().expect("called with an open container");
        let value = frame.object.map_or(Value::Array(frame.array), Value::Object);
        Node { value, range: frame.start..self.at }
    }

    fn key(&mut self, start: usize) -> Result<(Cow<'a, str>, ByteRange), Failure> {
        let from = self.at;
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.ended_in("an object", start)),
            Some(_) => return Err((from, format!("expected a key in quotes, found {}", self.found()))),
        }
        let key = self.string()?;
        let range = from..self.at;
        self.space();
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok((key, range))
            }
            None => Err(self.ended_in("an object", start)),
            Some(_) => Err((self.at, format!("expected `:` after the key, found {}", self.found()))),
        }
    }

    fn scalar(&mut self) -> Result<Node<'a>, Failure> {
        let start = self.at;
        let value = match self.bytes[start] {
            b'"' => Value::String(self.string()?),
            b'-' | b'0'..=b'9' => Value::Number(self.number()?),
            _ => {
                let rest = &self.bytes[start..];
                let (value, len) = if rest.starts_with(b"true") {
                    (Value::Bool(true), 4)
                } else if rest.starts_with(b"false") {
                    (Value::Bool(false), 5)
                } else if rest.starts_with(b"null") {
                    (Value::Null, 4)
                } else {
                    return Err((start, format!("expected a value, found {}", self.found())));
                };
                self.at += len;
                value
            }
        };
        Ok(Node { value, range: start..self.at })
    }

    fn number(&mut self) -> Result<&'a str, Failure> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err((start, "a number must not start with `0`".to_owned()));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), Failure> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err((start, format!("expected a digit, found {}", self.found())))
        } else {
            Ok(())
        }
    }

    /// A string, from its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        let open = self.at;
        self.at += 1;
        let mut from = self.at;
        let mut decoded: Option<String> = None;
        loop {
            match self.peek() {
                None => return Err(self.ended_in("a string", open)),
                Some(b'"') => {
                    let last = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match decoded {
                        Some(mut text) => {
                            text.push_str(last);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(last),
                    });
                }
                Some(b'\\') => {
                    let text = decoded.get_or_insert_default();
                    text.push_str(&self.text[from..self.at]);
                    text.push(self.escape(open)?);
                    from = self.at;
                }
                Some(0..0x20) => {
                    return Err((self.at, format!("{} must be escaped in a string", self.found())));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// An escape, from its backslash.
    fn escape(&mut self, open: usize) -> Result<char, Failure> {
        let start = self.at;
        self.at += 2;
        Ok(match self.bytes.get(start + 1) {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex(start)?;
                let rest = &self.bytes[self.at..];
                if (0xd800..0xdc00).contains(&first) && rest.starts_with(b"\\u") {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex(back)?;
                    if (0xdc00..0xe000).contains(&second) {
                        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = back;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            Some(_) => return Err((start, "unknown escape in a string".to_owned())),
            None => return Err(self.ended_in("a string", open)),
        })
    }

    fn hex(&mut self, start: usize) -> Result<u32, Failure> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| char::from(c).to_digit(16));
            code = code * 16
                + digit.ok_or((start, "expected four hexadecimal digits after `\\u`".to_owned()))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// What stands here, for messages.
    fn found(&self) -> String {
        match self.text[floor(self.text, self.at)..].chars().next() {
            Some(c) if c.is_control() || crate::model::is_invisible(c) => format!("U+{:04X}", u32::from(c)),
            Some(c) => format!("`{c}`"),
            None => "the end".to_owned(),
        }
    }

    fn ended(&self, open: &[Frame<'a>]) -> Failure {
        match open.last() {
            Some(frame) => {
                self.ended_in(if frame.object.is_some() { "an object" } else { "an array" }, frame.start)
            }
            None => (self.bytes.len(), "expected a value, found the end".to_owned()),
        }
    }

    fn ended_in(&self, what: &str, start: usize) -> Failure {
        let line = 1 + memchr::memchr_iter(b'\n', &self.bytes[..start]).count();
        (self.bytes.len(), format!("the text ends within {what} that starts in line {line}"))
    }
}

#[cfg(test)]
mod tests;
