//! Dependency specifiers (PEP 508,
//! <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>), taken apart.
//! Markers are kept as written: an audit is about every platform, so they are never evaluated.

use super::name::{is_name, normal};

/// One specifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Normal form.
    pub name: String,
    /// Extras, normal form, sorted.
    pub extras: Vec<String>,
    /// Version specifiers as written, without brackets (`>=1,<2`).
    pub specifiers: String,
    /// `name @ url`.
    pub url: Option<String>,
    /// What follows the `;`.
    pub marker: Option<String>,
}

impl Requirement {
    /// Takes a specifier apart.
    ///
    /// # Errors
    /// What it lacks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let end =
            text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_name(name) {
            return Err("it does not begin with the name of a distribution".to_owned());
        }
        let mut out = Self { name: normal(name), ..Self::default() };
        let mut rest = rest.trim_start();
        if let Some(inner) = rest.strip_prefix('[') {
            let (extras, after) = inner.split_once(']').ok_or("`[` of the extras is not closed")?;
            let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty());
            out.extras = extras.map(normal).collect();
            out.extras.sort();
            out.extras.dedup();
            rest = after.trim_start();
        }
        if let Some(url) = rest.strip_prefix('@') {
            // In a URL `;` is a letter like any; the marker's needs a space before it.
            let (url, marker) = match url.split_once(" ;") {
                Some((url, marker)) => (url, Some(marker)),
                None => (url, None),
            };
            let url = url.trim();
            if url.is_empty() || url.contains(char::is_whitespace) {
                return Err("`@` is not followed by one URL".to_owned());
            }
            out.url = Some(url.to_owned());
            out.marker = marker.map(|marker| marker.trim().to_owned());
            return Ok(out);
        }
        let (specifiers, marker) = match rest.split_once(';') {
            Some((specifiers, marker)) => (specifiers, Some(marker.trim().to_owned())),
            None => (rest, None),
        };
        let specifiers = specifiers.trim();
        let specifiers = match specifiers.strip_prefix('(') {
            Some(inner) => inner.strip_suffix(')').ok_or("`(` is not closed")?.trim(),
            None => specifiers,
        };
        if !specifiers.is_empty() && !specifiers.starts_with(['=', '<', '>', '!', '~']) {
            return Err(format!("`{}` is no version specifier", crate::model::escape(specifiers)));
        }
        out.specifiers = specifiers.to_owned();
        out.marker = marker.filter(|marker| !marker.is_empty());
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn specifiers_are_taken_apart() {
        let got = Requirement::parse("Foo_Bar [b, A] (>=1, <2) ; python_version < '3.9'").expect("one");
        assert_eq!(
            (got.name.as_str(), got.extras.as_slice()),
            ("foo-bar", &["a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(
            (got.specifiers.as_str(), got.marker.as_deref()),
            (">=1, <2", Some("python_version < '3.9'"))
        );
        let got = Requirement::parse("x@ https://h.invalid/a;b.whl ; os_name == 'nt'").expect("one");
        assert_eq!(
            (got.url.as_deref(), got.marker.as_deref()),
            (Some("https://h.invalid/a;b.whl"), Some("os_name == 'nt'"))
        );
        for bad in ["", "-x", "x[a", "x 1.0", "x @ ", "x (>=1"] {
            assert!(Requirement::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = Requirement::parse(&text);
        }
    }
}
