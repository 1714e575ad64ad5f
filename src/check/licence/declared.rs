//! The declaration in the manifest.

use spdx::{Expression, ParseMode};
use toml::de::DeTable;

use super::super::manifest::file_name;
use crate::json::{self, ByteRange, Node, Value};
use crate::model::{Contents, Ecosystem, LineIndex, Package, Span};

/// What the manifest declares; `place` is where, or where it should.
#[derive(Debug, Clone)]
pub(super) enum Declared {
    /// Nothing.
    None { place: Span },
    /// An SPDX expression.
    Expression { place: Span, written: String, expression: Box<Expression> },
    /// A file of the package instead of an expression (Cargo's `license-file`, npm's
    /// `SEE LICENSE IN …`).
    File { written: String },
    /// npm's `UNLICENSED`: no rights are granted.
    Private { written: String },
    /// Something that is no expression.
    Invalid { place: Span, written: String, why: String },
}

impl Declared {
    /// As the manifest writes it.
    pub(super) fn written(&self) -> Option<&str> {
        match self {
            Self::None { .. } => None,
            Self::Expression { written, .. }
            | Self::File { written }
            | Self::Private { written }
            | Self::Invalid { written, .. } => Some(written),
        }
    }
}

/// Longest declaration kept, in bytes: an expression, not an essay.
const MAX_EXPRESSION: usize = 1024;

/// Reads the declaration. A manifest that cannot be parsed declares nothing here; its parser says
/// that it is broken.
pub(super) fn read(package: &Package, contents: &Contents) -> Declared {
    let manifest = file_name(package.ecosystem);
    let Some(text) = contents.get(manifest).and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return Declared::None { place: Span::file(manifest) };
    };
    let index = LineIndex::new(manifest, text);
    let declared = match package.ecosystem {
        Ecosystem::Cargo => cargo(text, &index),
        Ecosystem::Npm => npm(text, &index),
        _ => None,
    };
    declared.unwrap_or_else(|| Declared::None { place: Span::file(manifest) })
}

fn cargo(text: &str, index: &LineIndex<'_>) -> Option<Declared> {
    let table = DeTable::parse(text).ok()?;
    let package = table.get_ref().get("package")?;
    let span = |range: ByteRange| index.span(range.start, range.end);
    let field = |key: &str| {
        let value = package.get_ref().as_table()?.get(key)?;
        Some((value.get_ref().as_str()?.to_owned(), span(value.span())))
    };
    Some(match (field("license"), field("license-file")) {
        (Some((written, place)), _) => parse(place, written),
        (None, Some((file, _))) => Declared::File { written: format!("license-file: {file}") },
        (None, None) => Declared::None { place: span(package.span()) },
    })
}

/// npm's `license`, and its older forms: an object with `type`, and `licenses`, a list of those,
/// which means a choice.
fn npm(text: &str, index: &LineIndex<'_>) -> Option<Declared> {
    let root = json::parse(text).ok()?;
    let one = |node: &Node<'_>| match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Object(_) => node.get("type").or_else(|| node.get("name"))?.as_str().map(str::to_owned),
        _ => None,
    };
    let old = || {
        let node = root.get("licenses")?;
        let written = match &node.value {
            Value::Array(list) => {
                let names: Vec<_> = list.iter().filter_map(one).collect();
                (!names.is_empty()).then(|| names.join(" OR "))
            }
            _ => one(node),
        };
        Some((written?, node.range.clone()))
    };
    let new = root.get("license").and_then(|node| Some((one(node)?, node.range.clone())));
    let Some((written, range)) = new.or_else(old).filter(|(written, _)| !written.trim().is_empty()) else {
        // The bracket that opens the manifest: it is missing from what follows.
        return Some(Declared::None { place: index.span(root.range.start, root.range.start + 1) });
    };
    let upper = written.trim().to_ascii_uppercase();
    Some(if upper == "UNLICENSED" {
        Declared::Private { written }
    } else if upper.starts_with("SEE LICEN") {
        Declared::File { written }
    } else {
        parse(index.span(range.start, range.end), written)
    })
}

fn parse(place: Span, mut written: String) -> Declared {
    if written.len() > MAX_EXPRESSION {
        let cut = (0..=MAX_EXPRESSION).rev().find(|at| written.is_char_boundary(*at)).unwrap_or(0);
        written.truncate(cut);
        return Declared::Invalid { place, written, why: format!("longer than {MAX_EXPRESSION} bytes") };
    }
    match Expression::parse_mode(&written, ParseMode::LAX) {
        Ok(expression) => Declared::Expression { place, written, expression: Box::new(expression) },
        Err(error) => Declared::Invalid { place, why: error.reason.to_string(), written },
    }
}
