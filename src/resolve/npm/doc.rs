//! A file that findings and errors point into.

use super::spec;
use crate::json::{self, ByteRange, Node};
use crate::model::{LineIndex, Location, MAX_EXCERPT, Span};
use crate::resolve::ResolveError;

/// How far around a range a URL is looked for, in bytes: more than an excerpt shows.
const REACH: usize = 2 * MAX_EXCERPT;

/// A lockfile's or manifest's text with its line index.
#[derive(Debug)]
pub(in crate::resolve) struct Doc<'a> {
    index: LineIndex<'a>,
}

impl<'a> Doc<'a> {
    /// `file` is the path from the root.
    pub(in crate::resolve) fn new(file: &str, text: &'a str) -> Self {
        Self { index: LineIndex::new(file, text) }
    }

    pub(in crate::resolve) fn location(&self, range: &ByteRange) -> Location {
        let (line, column) = self.index.position(range.start);
        Location { file: self.index.file().clone(), line, column }
    }

    /// The span, with the text of its line unless a URL with a password is near enough to be shown.
    pub(in crate::resolve) fn span(&self, range: &ByteRange) -> Span {
        let text = self.index.text();
        let near =
            |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let around = &text[near(range.start.saturating_sub(REACH))..near(range.end + REACH)];
        let secret = around.match_indices("://").any(|(at, _)| spec::has_secret(&around[at..]));
        if secret {
            let Location { file, line, column } = self.location(range);
            return Span {
                line,
                column,
                start: range.start as u32,
                end: range.end as u32,
                ..Span::file(file)
            };
        }
        self.index.span(range.start, range.end)
    }

    /// The text.
    pub(in crate::resolve) fn text(&self) -> &'a str {
        self.index.text()
    }

    pub(in crate::resolve) fn invalid(
        &self,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> ResolveError {
        let (line, column) = self.index.position(offset);
        ResolveError::Invalid {
            file: self.index.file().to_string(),
            line,
            column,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Parses the text as a JSON object.
    pub(in crate::resolve) fn parse(&self, help: &str) -> Result<Node<'a>, ResolveError> {
        let text = self.index.text();
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(self.invalid(0, "the file is empty", help));
        }
        let root = json::parse(text).map_err(|error| match conflict_marker(text) {
            Some(at) => self.invalid(
                at,
                "a merge conflict is not resolved (`<<<<<<<`)",
                "resolve it (`npm install --package-lock-only` does so for a lockfile), then audit again",
            ),
            None => self.invalid(error.offset, format!("not JSON: {}", error.message), help),
        })?;
        if !root.is_object() {
            return Err(self.invalid(
                root.range.start,
                format!("expected an object, found {}", root.kind()),
                help,
            ));
        }
        Ok(root)
    }

    /// The string member `key` of `node`.
    pub(in crate::resolve) fn string<'n>(
        &self,
        node: &'n Node<'a>,
        key: &str,
    ) -> Result<Option<Text<'n>>, ResolveError> {
        let Some(value) = node.get(key) else { return Ok(None) };
        match value.as_str() {
            Some(text) => Ok(Some(Text { text, at: value.range.clone() })),
            None => Err(self.wrong(value, &format!("`{key}`"), "a string")),
        }
    }

    /// The string members of the object `key` of `node`, in order: name, requirement.
    pub(in crate::resolve) fn map<'n>(
        &self,
        node: &'n Node<'a>,
        key: &str,
    ) -> Result<Vec<(&'n str, Text<'n>, ByteRange)>, ResolveError> {
        let Some(value) = node.get(key) else { return Ok(Vec::new()) };
        if !value.is_object() {
            return Err(self.wrong(value, &format!("`{key}`"), "an object"));
        }
        let members = value.members().iter().map(|(name, at, value)| match value.as_str() {
            Some(text) => Ok((&**name, Text { text, at: value.range.clone() }, at.clone())),
            None => Err(self.wrong(value, &format!("`{name}` in `{key}`"), "a string")),
        });
        members.collect()
    }

    pub(in crate::resolve) fn wrong(&self, value: &Node<'_>, what: &str, expected: &str) -> ResolveError {
        self.invalid(
            value.range.start,
            format!("{what} must be {expected}, found {}", value.kind()),
            "npm writes no such file; write it again with `npm install --package-lock-only`",
        )
    }
}

/// A string of the file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resolve) struct Text<'n> {
    pub(in crate::resolve) text: &'n str,
    pub(in crate::resolve) at: ByteRange,
}

/// Offset of a line that git put there.
pub(in crate::resolve) fn conflict_marker(text: &str) -> Option<usize> {
    if text.starts_with("<<<<<<<") {
        return Some(0);
    }
    memchr::memmem::find(text.as_bytes(), b"\n<<<<<<<").map(|at| at + 1)
}
