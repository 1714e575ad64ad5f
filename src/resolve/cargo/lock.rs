//! Reads a `Cargo.lock`, version 1 to 4, with the place of every entry.
//!
//! The format is that of Cargo's `cargo-util-schemas`/`resolver/encode.rs`: version 1 (no `version`
//! key) keeps checksums in `[metadata]` and writes each dependency as `name version (source)`;
//! version 2 (no key either) moves them into the entries and shortens dependencies to what is
//! unambiguous; 3 and 4 have the key and write git sources differently.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::discover::manifest::table_of;
use crate::model::{LineIndex, Location, Span};
use crate::resolve::ResolveError;

/// A lockfile.
#[derive(Debug)]
pub struct Lock<'a> {
    /// Lines and excerpts.
    pub index: LineIndex<'a>,
    /// `[[package]]` (and `[root]`) in the order of the file.
    pub entries: Vec<Entry>,
    /// `[[patch.unused]]`.
    pub unused: Vec<Entry>,
    /// The last byte that was located, and the characters before it in its line.
    cursor: Cell<(usize, u32)>,
}

/// One `[[package]]`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: String,
    /// `source`, as written.
    pub source: Option<String>,
    /// `checksum`, of the entry or of `[metadata]`.
    pub checksum: Option<String>,
    /// Two different checksums for it.
    pub checksum_clash: bool,
    /// `dependencies`, as written.
    pub dependencies: Vec<(String, Range<usize>)>,
    /// `replace`, as written.
    pub replace: Option<(String, Range<usize>)>,
    /// The `name` line.
    pub at: Range<usize>,
}

impl Lock<'_> {
    /// Line and column of the start of a byte range. Cheap where ranges are asked for in
    /// ascending order, however long a line is.
    pub fn location(&self, range: &Range<usize>) -> Location {
        let text = self.index.text();
        let mut at = range.start.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (line, start) = self.index.line_start(at);
        let (known, column) = self.cursor.get();
        let (from, before) = if (start..=at).contains(&known) { (known, column) } else { (start, 0) };
        let column = before + text[from..at].chars().count() as u32;
        self.cursor.set((at, column));
        Location { file: self.index.file().clone(), line, column: column + 1 }
    }

    /// The span of a byte range.
    pub fn span(&self, range: &Range<usize>) -> Span {
        self.index.span(range.start, range.end)
    }
}

/// A text and where it stands.
type Placed = (String, Range<usize>);

/// Reads the text of `file`.
///
/// # Errors
/// Where it is not a lockfile: the line, what is wrong and what to do.
pub fn parse<'a>(file: &str, text: &'a str) -> Result<Lock<'a>, ResolveError> {
    let index = LineIndex::new(file, text);
    let invalid = |range: Range<usize>, message: String, help: &str| {
        let span = index.span(range.start, range.start);
        ResolveError::Invalid {
            file: file.to_owned(),
            line: span.line,
            column: span.column,
            message,
            help: help.to_owned(),
        }
    };
    const AGAIN: &str = "restore it from version control, or write it again with `cargo generate-lockfile`";
    if text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}').is_empty() {
        return Err(invalid(0..0, "the lockfile is empty".to_owned(), AGAIN));
    }
    let document = DeTable::parse(text).map_err(|error| {
        if let Some(at) = conflict(text) {
            return invalid(
                at..at,
                "a merge conflict is not settled here".to_owned(),
                "settle it, for example with `git checkout --theirs Cargo.lock` and `cargo update --workspace`",
            );
        }
        let at = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("").to_owned();
        if at.end >= text.trim_end().len() {
            return invalid(at, format!("the lockfile ends too early: {message}"), AGAIN);
        }
        invalid(at, format!("not a Cargo lockfile: {message}"), AGAIN)
    })?;
    let table = document.get_ref();
    if let Some(version) = table.get("version") {
        let number = version.get_ref().as_integer().and_then(|number| number.as_str().parse::<u32>().ok());
        if !matches!(number, Some(1..=4)) {
            return Err(invalid(
                version.span(),
                format!("lockfile version `{}` is not known; 1 to 4 are", &text[version.span()]),
                "update bomvet, or write the lockfile again with a released cargo",
            ));
        }
    }
    let metadata: HashMap<&str, &str> = table_of(table, "metadata")
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| {
            Some((key.get_ref().strip_prefix("checksum ")?, value.get_ref().as_str()?))
        })
        .collect();
    let read = |value: &toml::Spanned<DeValue<'_>>| -> Result<Entry, ResolveError> {
        let whole = value.span();
        let Some(table) = value.get_ref().as_table() else {
            return Err(invalid(whole, "a package entry is not a table".to_owned(), AGAIN));
        };
        entry(table, whole, &metadata).map_err(|(at, message)| invalid(at, message, AGAIN))
    };
    let mut entries = Vec::new();
    if let Some(root) = table.get("root") {
        entries.push(read(root)?);
    }
    if let Some(packages) = table.get("package") {
        let Some(array) = packages.get_ref().as_array() else {
            return Err(invalid(packages.span(), "`package` is not a list of tables".to_owned(), AGAIN));
        };
        for value in array {
            entries.push(read(value)?);
        }
    }
    if entries.is_empty() {
        return Err(invalid(text.len()..text.len(), "the lockfile holds no package".to_owned(), AGAIN));
    }
    let mut unused = Vec::new();
    let patches = table_of(table, "patch").and_then(|patch| patch.get("unused")?.get_ref().as_array());
    for value in patches.into_iter().flatten() {
        unused.push(read(value)?);
    }
    drop(document);
    Ok(Lock { index, entries, unused, cursor: Cell::new((0, 0)) })
}

fn entry(
    table: &DeTable<'_>,
    whole: Range<usize>,
    metadata: &HashMap<&str, &str>,
) -> Result<Entry, (Range<usize>, String)> {
    let text = |key: &str| -> Result<Option<Placed>, (Range<usize>, String)> {
        match table.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref().as_str() {
                Some(text) => Ok(Some((text.to_owned(), value.span()))),
                None => Err((value.span(), format!("`{key}` of a package is not a string"))),
            },
        }
    };
    let missing = |key: &str| (whole.clone(), format!("a package has no `{key}`"));
    let (name, at) = text("name")?.ok_or_else(|| missing("name"))?;
    let (version, version_at) = text("version")?.ok_or_else(|| missing("version"))?;
    if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace() || "/\\%".contains(c)) {
        return Err((at, format!("`{}` is not a package name", crate::model::escape(&name))));
    }
    if semver::Version::parse(&version).is_err() {
        return Err((version_at, format!("`{}` is not a version", crate::model::escape(&version))));
    }
    let source = text("source")?.map(|(source, _)| source);
    let mut checksum = text("checksum")?.map(|(checksum, _)| checksum);
    let mut checksum_clash = false;
    if !metadata.is_empty()
        && let Some(source) = &source
    {
        let listed =
            metadata.get(format!("{name} {version} ({source})").as_str()).filter(|&&c| c != "<none>");
        checksum_clash = matches!((&checksum, listed), (Some(a), Some(b)) if a != *b);
        checksum = checksum.or_else(|| listed.map(|&listed| listed.to_owned()));
    }
    let mut dependencies = Vec::new();
    if let Some(value) = table.get("dependencies") {
        let Some(array) = value.get_ref().as_array() else {
            return Err((value.span(), "`dependencies` is not a list".to_owned()));
        };
        for value in array {
            match value.get_ref().as_str() {
                Some(text) => dependencies.push((text.to_owned(), value.span())),
                None => return Err((value.span(), "a dependency is not a string".to_owned())),
            }
        }
    }
    let replace = text("replace")?;
    Ok(Entry { name, version, source, checksum, checksum_clash, dependencies, replace, at })
}

/// The first merge-conflict marker.
fn conflict(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line.trim_end() == "=======" {
            return Some(at);
        }
        at += line.len();
    }
    None
}
