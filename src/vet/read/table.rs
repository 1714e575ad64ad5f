//! Tables whose every value knows where it stands.

use std::collections::BTreeMap;

use time::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::VetError;
use crate::model::{LineIndex, Location, escape};

/// A day as cargo-vet writes it.
pub const DAY: &[time::format_description::BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]");

/// One file.
pub struct Doc<'a> {
    index: LineIndex<'a>,
}

/// A value of it.
pub type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Doc<'a> {
    /// The file and its outermost table.
    pub fn parse(file: &str, text: &'a str) -> Result<(Self, Spanned<DeTable<'a>>), VetError> {
        let doc = Self { index: LineIndex::new(file, text) };
        match DeTable::parse(text) {
            Ok(table) => Ok((doc, table)),
            Err(error) => Err(doc.wrong(error.span().map_or(0, |span| span.start), error.message())),
        }
    }

    /// Where a byte stands.
    pub fn location(&self, at: usize) -> Location {
        let (line, column) = self.index.position(at);
        Location { file: self.index.file().clone(), line, column }
    }

    /// An error at a byte.
    pub fn wrong(&self, at: usize, message: impl Into<String>) -> VetError {
        self.helped(at, message, None)
    }

    /// An error with a guess at what was meant.
    pub fn helped(&self, at: usize, message: impl Into<String>, help: Option<String>) -> VetError {
        wrong(&self.location(at), message, help)
    }

    /// A table.
    pub fn table<'t>(&'t self, value: &'t Value<'a>) -> Result<Table<'t, 'a>, VetError> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(Table { doc: self, table, at: value.span().start }),
            other => Err(self.wrong(
                value.span().start,
                format!("{} stands where a table is expected", a(other.type_str())),
            )),
        }
    }

    /// The outermost table.
    pub fn root<'t>(&'t self, table: &'t Spanned<DeTable<'a>>) -> Table<'t, 'a> {
        Table { doc: self, table: table.get_ref(), at: table.span().start }
    }
}

/// An error at a place.
pub fn wrong(at: &Location, message: impl Into<String>, help: Option<String>) -> VetError {
    VetError::Wrong {
        file: at.file.to_string(),
        line: at.line,
        column: at.column,
        message: message.into(),
        help,
    }
}

/// `an integer`, `a string`.
fn a(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// One table of a file.
#[derive(Clone, Copy)]
pub struct Table<'t, 'a> {
    doc: &'t Doc<'a>,
    table: &'t DeTable<'a>,
    at: usize,
}

impl<'t, 'a> Table<'t, 'a> {
    /// Where it stands.
    pub fn location(&self) -> Location {
        self.doc.location(self.at)
    }

    /// An error about the table as a whole.
    pub fn wrong(&self, message: impl Into<String>) -> VetError {
        self.doc.wrong(self.at, message)
    }

    /// Refuses keys that are not in the list.
    pub fn only(self, known: &[&str]) -> Result<Self, VetError> {
        let unknown = self.table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown else { return Ok(self) };
        let name = key.get_ref().as_ref();
        let near = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .min()
            .filter(|&(distance, known)| distance <= known.len() / 3)
            .map(|(_, known)| format!("did you mean `{known}`?"));
        Err(self.doc.helped(key.span().start, format!("unknown key `{}`", escape(name)), near))
    }

    /// A value.
    pub fn get(&self, key: &str) -> Option<&'t Value<'a>> {
        self.table.get(key)
    }

    /// Every key with its value, by name.
    pub fn entries(&self) -> BTreeMap<&'t str, (usize, &'t Value<'a>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), (key.span().start, value))).collect()
    }

    /// The table under a key.
    pub fn child(&self, key: &str) -> Result<Option<Table<'t, 'a>>, VetError> {
        self.get(key).map(|value| self.doc.table(value)).transpose()
    }

    /// Reads every entry of the lists of tables under a key: `[[KEY.NAME]]`.
    pub fn lists<T>(
        &self,
        key: &str,
        read: impl Fn(Table<'t, 'a>) -> Result<T, VetError>,
    ) -> Result<BTreeMap<String, Vec<T>>, VetError> {
        let Some(lists) = self.child(key)? else { return Ok(BTreeMap::new()) };
        let mut out = BTreeMap::new();
        for (name, (_, value)) in lists.entries() {
            let entries: Result<Vec<T>, VetError> =
                self.items(value)?.iter().map(|item| read(self.doc.table(item)?)).collect();
            out.insert(name.to_owned(), entries?);
        }
        Ok(out)
    }

    /// As [`Self::lists`]; entries that cannot be read are told and left out.
    pub fn lists_leniently<T>(
        &self,
        key: &str,
        read: impl Fn(Table<'t, 'a>) -> Result<T, VetError>,
        left_out: &mut Vec<String>,
    ) -> BTreeMap<String, Vec<T>> {
        let mut out: BTreeMap<String, Vec<T>> = BTreeMap::new();
        let mut note = |error: VetError| left_out.push(error.to_string());
        let lists = match self.child(key) {
            Ok(Some(lists)) => lists,
            Ok(None) => return out,
            Err(error) => {
                note(error);
                return out;
            }
        };
        for (name, (_, value)) in lists.entries() {
            let items = match self.items(value) {
                Ok(items) => items,
                Err(error) => {
                    note(error);
                    continue;
                }
            };
            for item in items {
                match self.doc.table(item).and_then(&read) {
                    Ok(entry) => out.entry(name.to_owned()).or_default().push(entry),
                    Err(error) => note(error),
                }
            }
        }
        out
    }

    fn items(&self, value: &'t Value<'a>) -> Result<&'t [Value<'a>], VetError> {
        match value.get_ref() {
            DeValue::Array(items) => Ok(items),
            other => Err(self.doc.wrong(
                value.span().start,
                format!("{} stands where a list of tables is expected (`[[…]]`)", a(other.type_str())),
            )),
        }
    }

    fn unexpected(&self, value: &Value<'a>, key: &str, expected: &str) -> VetError {
        let found = a(value.get_ref().type_str());
        self.doc.wrong(value.span().start, format!("`{}` is {found}, not {expected}", escape(key)))
    }

    /// A text.
    pub fn string(&self, key: &str) -> Result<Option<&'t str>, VetError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.get_ref().as_str().ok_or_else(|| self.unexpected(value, key, "a string"))?;
        Ok(Some(text))
    }

    /// A text that is kept.
    pub fn owned(&self, key: &str) -> Result<Option<String>, VetError> {
        Ok(self.string(key)?.map(str::to_owned))
    }

    /// A text that says something of a type of its own.
    pub fn parsed<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, VetError> {
        let Some(text) = self.string(key)? else { return Ok(None) };
        let at = self.get(key).map_or(self.at, |value| value.span().start);
        parse(text).map(Some).map_err(|why| self.doc.wrong(at, format!("`{key}`: {why}")))
    }

    /// A day: `2026-11-26`.
    pub fn day(&self, key: &str) -> Result<Option<Date>, VetError> {
        self.parsed(key, |text| {
            Date::parse(text, DAY).map_err(|_| format!("`{}` is no day like 2026-11-26", escape(text)))
        })
    }

    /// A text or a list of texts.
    pub fn strings(&self, key: &str) -> Result<Option<Vec<String>>, VetError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        self.string_list(key, value).map(Some)
    }

    /// What [`Self::strings`] reads, of a value.
    pub fn string_list(&self, key: &str, value: &Value<'a>) -> Result<Vec<String>, VetError> {
        let one = |value: &Value<'a>| {
            let text = value.get_ref().as_str();
            text.map(str::to_owned)
                .ok_or_else(|| self.unexpected(value, key, "a string or a list of strings"))
        };
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(one).collect(),
            _ => Ok(vec![one(value)?]),
        }
    }

    /// Yes or no.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, VetError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool();
        flag.map(Some).ok_or_else(|| self.unexpected(value, key, "`true` or `false`"))
    }

    /// A number of a user.
    pub fn number(&self, key: &str) -> Result<Option<u64>, VetError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        number.map(Some).ok_or_else(|| self.unexpected(value, key, "a number of 0 or more"))
    }

    /// What must be there.
    pub fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, VetError> {
        value.ok_or_else(|| self.wrong(format!("`{key}` is missing")))
    }
}
