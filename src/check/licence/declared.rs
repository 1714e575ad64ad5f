//! The declaration in the manifest.

use serde_json::Value;
use spdx::{Expression, ParseMode};

use crate::model::{Contents, Ecosystem, Package};

/// What the manifest declares.
#[derive(Debug, Clone)]
pub(super) enum Declared {
    /// Nothing.
    None { manifest: &'static str },
    /// An SPDX expression.
    Expression { manifest: &'static str, written: String, expression: Box<Expression> },
    /// A file of the package instead of an expression (Cargo's `license-file`, npm's
    /// `SEE LICENSE IN …`).
    File { written: String },
    /// npm's `UNLICENSED`: no rights are granted.
    Private { written: String },
    /// Something that is no expression.
    Invalid { manifest: &'static str, written: String, why: String },
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
    let manifest = match package.ecosystem {
        Ecosystem::Cargo => "Cargo.toml",
        Ecosystem::Npm => "package.json",
    };
    let text = contents.get(manifest).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("");
    let text = text.trim_start_matches('\u{feff}');
    match package.ecosystem {
        Ecosystem::Cargo => cargo(manifest, text),
        Ecosystem::Npm => npm(manifest, text),
    }
}

fn cargo(manifest: &'static str, text: &str) -> Declared {
    let table: toml::Table = text.parse().unwrap_or_default();
    let field = |key: &str| table.get("package")?.get(key)?.as_str().map(str::to_owned);
    match (field("license"), field("license-file")) {
        (Some(written), _) => parse(manifest, written),
        (None, Some(file)) => Declared::File { written: format!("license-file: {file}") },
        (None, None) => Declared::None { manifest },
    }
}

/// npm's `license`, and its older forms: an object with `type`, and `licenses`, a list of those,
/// which means a choice.
fn npm(manifest: &'static str, text: &str) -> Declared {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            fields.get("type").or_else(|| fields.get("name"))?.as_str().map(str::to_owned)
        }
        _ => None,
    };
    let written = json.get("license").and_then(one).or_else(|| match json.get("licenses")? {
        Value::Array(list) => {
            let names: Vec<_> = list.iter().filter_map(one).collect();
            (!names.is_empty()).then(|| names.join(" OR "))
        }
        value => one(value),
    });
    let Some(written) = written.filter(|written| !written.trim().is_empty()) else {
        return Declared::None { manifest };
    };
    let upper = written.trim().to_ascii_uppercase();
    if upper == "UNLICENSED" {
        Declared::Private { written }
    } else if upper.starts_with("SEE LICEN") {
        Declared::File { written }
    } else {
        parse(manifest, written)
    }
}

fn parse(manifest: &'static str, mut written: String) -> Declared {
    if written.len() > MAX_EXPRESSION {
        let cut = (0..=MAX_EXPRESSION).rev().find(|at| written.is_char_boundary(*at)).unwrap_or(0);
        written.truncate(cut);
        return Declared::Invalid { manifest, written, why: format!("longer than {MAX_EXPRESSION} bytes") };
    }
    match Expression::parse_mode(&written, ParseMode::LAX) {
        Ok(expression) => Declared::Expression { manifest, written, expression: Box::new(expression) },
        Err(error) => Declared::Invalid { manifest, why: error.reason.to_string(), written },
    }
}
