//! ZON, Zig's object notation: the subset of Zig's expressions that `build.zig.zon` is written in
//! (<https://ziglang.org/documentation/master/std/#std.zig.Ast>, mode `zon`). Every value bears the
//! bytes that it stands in.

use crate::json::ByteRange;

/// Deepest nesting that is read; manifests have four levels.
const MAX_DEPTH: usize = 64;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    pub range: ByteRange,
}

/// What can stand in ZON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `.{ .a = 1 }`: name, its place, value.
    Struct(Vec<(String, ByteRange, Node)>),
    /// `.{ 1, 2 }`; also the empty `.{}`.
    Tuple(Vec<Node>),
    /// Text, escapes resolved.
    String(String),
    /// `.name`.
    Name(String),
    /// A number or a character, as written.
    Number(String),
    /// `true`, `false`, `null`, `nan`, `inf`.
    Word(String),
}

impl Node {
    /// The last field of that name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.fields().iter().rev().find(|(own, ..)| own == name).map(|(.., node)| node)
    }

    /// The fields; none if this is no struct.
    pub fn fields(&self) -> &[(String, ByteRange, Node)] {
        if let Value::Struct(fields) = &self.value { fields } else { &[] }
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Struct(_) => "a struct",
            Value::Tuple(_) => "a list",
            Value::String(_) => "a string",
            Value::Name(_) => "a name",
            Value::Number(_) => "a number",
            Value::Word(_) => "a word",
        }
    }
}

type Failure = (usize, String);

/// Parses a text.
///
/// # Errors
/// Offset and message where it is not ZON.
pub fn parse(text: &str) -> Result<Node, Failure> {
    let mut parser = Parser { text, at: 0 };
    if text.starts_with('\u{feff}') {
        parser.at = 3;
    }
    let node = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err((parser.at, format!("expected the end, found {}", parser.found()))),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the end".to_owned(),
            Some(c) => format!("`{}`", crate::model::escape(&c.to_string())),
        }
    }

    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            let mut skip = rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                skip += trimmed.find('\n').unwrap_or(trimmed.len());
            }
            if skip == 0 {
                return;
            }
            self.at += skip;
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        self.at += if there { text.len() } else { 0 };
        there
    }

    fn value(&mut self, depth: usize) -> Result<Node, Failure> {
        self.space();
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err((start, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let value = match self.peek() {
            None => return Err((start, "expected a value, found the end".to_owned())),
            Some('"') => Value::String(self.string()?),
            Some('\\') => Value::String(self.lines()?),
            Some('\'') => {
                let end = self.rest()[1..].char_indices().scan(false, |escaped, (at, c)| {
                    let close = c == '\'' && !*escaped;
                    *escaped = c == '\\' && !*escaped;
                    Some((at, close, c))
                });
                let end = end.take_while(|(.., c)| *c != '\n').find(|(_, close, _)| *close);
                let Some((end, ..)) = end else {
                    return Err((start, "a character is not closed with `'`".to_owned()));
                };
                self.at += end + 2;
                Value::Number(self.text[start..self.at].to_owned())
            }
            Some('.') => {
                self.at += 1;
                // Zig's formatter leaves no room here, its parser does.
                self.space();
                if self.take("{") { self.container(start, depth)? } else { Value::Name(self.identifier()?) }
            }
            Some(c) if c.is_ascii_digit() || c == '-' => {
                self.at += 1;
                if c == '-' {
                    self.space();
                }
                let length = self
                    .rest()
                    .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-')))
                    .unwrap_or(self.rest().len());
                self.at += length;
                Value::Number(self.text[start..self.at].to_owned())
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let word = self.identifier()?;
                if !["true", "false", "null", "nan", "inf"].contains(&word.as_str()) {
                    return Err((start, format!("expected a value, found `{word}`")));
                }
                Value::Word(word)
            }
            Some(_) => return Err((start, format!("expected a value, found {}", self.found()))),
        };
        Ok(Node { value, range: start..self.at })
    }

    /// The inside of `.{`.
    fn container(&mut self, start: usize, depth: usize) -> Result<Value, Failure> {
        let (mut fields, mut elements): (Vec<(String, ByteRange, Node)>, Vec<Node>) =
            (Vec::new(), Vec::new());
        loop {
            self.space();
            if self.take("}") {
                break;
            }
            let from = self.at;
            match self.field()? {
                Some(name) => {
                    let range = from..self.at;
                    self.space();
                    self.take("=");
                    if !elements.is_empty() {
                        return Err((from, "a field among the elements of a list".to_owned()));
                    }
                    let node = self.value(depth + 1)?;
                    if fields.iter().any(|(other, ..)| *other == name) {
                        return Err((
                            from,
                            format!("the field `{}` stands twice", crate::model::escape(&name)),
                        ));
                    }
                    fields.push((name, range, node));
                }
                None if fields.is_empty() => elements.push(self.value(depth + 1)?),
                None => return Err((from, format!("expected `.name = value`, found {}", self.found()))),
            }
            self.space();
            if self.take(",") || self.rest().starts_with('}') {
                continue;
            }
            return Err(match self.peek() {
                None => (start, "the block is not closed with `}`".to_owned()),
                Some(_) => (self.at, format!("expected `,` or `}}`, found {}", self.found())),
            });
        }
        Ok(if fields.is_empty() { Value::Tuple(elements) } else { Value::Struct(fields) })
    }

    /// `.name` before a `=`; else nothing is taken.
    fn field(&mut self) -> Result<Option<String>, Failure> {
        let from = self.at;
        if self.take(".") && self.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '@') {
            let name = self.identifier()?;
            let end = self.at;
            self.space();
            if self.rest().starts_with('=') && !self.rest().starts_with("==") {
                self.at = end;
                return Ok(Some(name));
            }
        }
        self.at = from;
        Ok(None)
    }

    fn identifier(&mut self) -> Result<String, Failure> {
        if self.take("@") {
            return match self.peek() {
                Some('"') => self.string(),
                _ => Err((self.at, format!("expected a quoted name after `@`, found {}", self.found()))),
            };
        }
        let length =
            self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest().len());
        if length == 0 {
            return Err((self.at, format!("expected a name, found {}", self.found())));
        }
        let name = self.rest()[..length].to_owned();
        self.at += length;
        Ok(name)
    }

    /// `"…"`, `at` being on the first quote.
    fn string(&mut self) -> Result<String, Failure> {
        let start = self.at;
        let mut out = String::new();
        self.at += 1;
        loop {
            let Some(c) = self.peek().filter(|c| *c != '\n') else {
                return Err((start, "a string is not closed with `\"`".to_owned()));
            };
            let from = self.at;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escape(from)?),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, from: usize) -> Result<char, Failure> {
        let wrong = || (from, "unknown escape in a string".to_owned());
        let c = self.peek().ok_or_else(wrong)?;
        self.at += c.len_utf8();
        let hex = |text: &str| u32::from_str_radix(text, 16).ok().and_then(char::from_u32);
        Ok(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' | '"' | '\'' => c,
            'x' => {
                let code = self.rest().get(..2).and_then(hex).ok_or_else(wrong)?;
                self.at += 2;
                code
            }
            'u' => {
                let rest = self.rest();
                let end = rest.find('}').ok_or_else(wrong)?;
                let code =
                    rest.strip_prefix('{').and_then(|_| rest.get(1..end)).and_then(hex).ok_or_else(wrong)?;
                self.at += end + 1;
                code
            }
            _ => return Err(wrong()),
        })
    }

    /// Lines that start with `\\`.
    fn lines(&mut self) -> Result<String, Failure> {
        let mut out: Vec<&str> = Vec::new();
        loop {
            let here = self.at;
            self.space();
            let rest = self.text.get(self.at..).unwrap_or("");
            let Some(line) = rest.strip_prefix("\\\\") else {
                if out.is_empty() {
                    return Err((here, "expected a value, found `\\`".to_owned()));
                }
                self.at = here;
                return Ok(out.join("\n"));
            };
            let line = line.split('\n').next().unwrap_or(line);
            self.at += 2 + line.len();
            out.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_of_every_kind() {
        let text = ".{ .a = \"x\\n\\u{e9}\", .@\"b c\" = .{ 1, 'x', .d, true, }, // c\n .e = \\\\l1\n \\\\l2\n, .f = 0xff_u, .g=.{} }";
        let node = parse(text).unwrap();
        assert_eq!(node.get("a").unwrap().value, Value::String("x\né".to_owned()));
        assert_eq!(node.get("e").unwrap().value, Value::String("l1\nl2".to_owned()));
        assert!(matches!(&node.get("b c").unwrap().value, Value::Tuple(list) if list.len() == 4));
        assert_eq!(node.get("g").unwrap().value, Value::Tuple(Vec::new()));
        assert_eq!(&text[node.get("f").unwrap().range.clone()], "0xff_u");
    }

    #[test]
    fn mistakes_have_a_place() {
        for (text, at) in [
            ("", 0),
            (".{ .a = }", 8),
            (".{ .a = 1 .b = 2 }", 10),
            (".{ .a = \"x }", 8),
            (".{ .a = 1, .a = 2 }", 11),
            (".{ .a = 1", 0),
            ("x", 0),
            (".{} y", 4),
        ] {
            assert_eq!(parse(text).unwrap_err().0, at, "{text}");
        }
        assert!(parse(&".{".repeat(1000)).unwrap_err().1.contains("levels deep"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([.{}=,@\"'\\\\/a-z0-9 \n]|\\PC){0,80}") {
            if let Ok(node) = parse(&text) {
                prop_assert!(text.get(node.range.clone()).is_some());
                prop_assert_eq!(parse(&text), Ok(node));
            }
        }
    }
}
