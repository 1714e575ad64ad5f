//! A lockfile's text with its line index, and TOML values that know their bytes.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{LineIndex, Location, Span};
use crate::resolve::ResolveError;

/// A file that findings and errors point into.
#[derive(Debug)]
pub(super) struct Doc<'a> {
    pub text: &'a str,
    index: LineIndex<'a>,
}

/// A table of a TOML file.
pub(super) type Table<'t, 'a> = &'t DeTable<'a>;

impl<'a> Doc<'a> {
    /// `file` is the path from the root.
    pub fn new(file: &str, text: &'a str) -> Self {
        Self { text, index: LineIndex::new(file, text) }
    }

    pub fn file(&self) -> &str {
        self.index.file()
    }

    pub fn location(&self, range: &Range<usize>) -> Location {
        let (line, column) = self.index.position(range.start);
        Location { file: self.index.file().clone(), line, column }
    }

    /// The span; without its text where that would show a password of a URL.
    pub fn span(&self, range: &Range<usize>) -> Span {
        let span = self.index.span(range.start, range.end);
        let shown = |url: &str| {
            let authority = url.split(['/', '"', '\'', ' ']).next().unwrap_or("");
            authority.contains('@')
        };
        if span.text.match_indices("://").any(|(at, _)| shown(&span.text[at + 3..])) {
            let Span { file, line, column, start, end, .. } = span;
            return Span { line, column, start, end, ..Span::file(file) };
        }
        span
    }

    pub fn invalid(&self, offset: usize, message: impl Into<String>, help: &str) -> ResolveError {
        let (line, column) = self.index.position(offset);
        ResolveError::Invalid {
            file: self.file().to_owned(),
            line,
            column,
            message: message.into(),
            help: help.to_owned(),
        }
    }

    /// Parses the text as TOML.
    pub fn toml(&self, help: &str) -> Result<Spanned<DeTable<'a>>, ResolveError> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.invalid(at, format!("not TOML: {}", error.message()), help)
        })
    }
}

/// The text of `table.key`.
pub(super) fn text<'t>(table: Table<'t, '_>, key: &str) -> Option<&'t str> {
    table.get(key)?.get_ref().as_str()
}

/// `table.key` as a table.
pub(super) fn table<'t, 'a>(table: Table<'t, 'a>, key: &str) -> Option<Table<'t, 'a>> {
    table.get(key)?.get_ref().as_table()
}

/// The elements of the array `table.key`; none where it is no array.
pub(super) fn list<'t, 'a>(table: Table<'t, 'a>, key: &str) -> &'t [Spanned<DeValue<'a>>] {
    table.get(key).and_then(|value| value.get_ref().as_array()).map_or(&[], |array| array)
}

/// The tables of the array `table.key`, each with its bytes.
pub(super) fn tables<'t, 'a>(
    table: Table<'t, 'a>,
    key: &str,
) -> impl Iterator<Item = (Table<'t, 'a>, Range<usize>)> {
    list(table, key).iter().filter_map(|value| Some((value.get_ref().as_table()?, value.span())))
}
