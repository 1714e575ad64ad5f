//! A file's text, for messages and findings that point into it.

use super::ResolveError;
use crate::json::ByteRange;
use crate::model::{LineIndex, Location, Span};

/// A text with its line index.
#[derive(Debug)]
pub(super) struct Text<'a> {
    index: LineIndex<'a>,
}

impl<'a> Text<'a> {
    /// `file` is the path from the root.
    pub(super) fn new(file: &str, text: &'a str) -> Self {
        Self { index: LineIndex::new(file, text) }
    }

    pub(super) fn text(&self) -> &'a str {
        self.index.text()
    }

    pub(super) fn location(&self, at: usize) -> Location {
        let (line, column) = self.index.position(at);
        Location { file: self.index.file().clone(), line, column }
    }

    /// The span of a range; without its text where that shows the user information of a URL.
    pub(super) fn span(&self, range: &ByteRange) -> Span {
        let span = self.index.span(range.start, range.end);
        if has_credentials(&span.text) {
            return Span { text: String::new(), text_start: 0, text_len: 0, ..span };
        }
        span
    }

    pub(super) fn invalid(
        &self,
        at: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> ResolveError {
        let Location { file, line, column } = self.location(at);
        ResolveError::Invalid {
            file: file.to_string(),
            line,
            column,
            message: message.into(),
            help: help.into(),
        }
    }

    /// An error where git left the marks of a merge.
    pub(super) fn no_conflict(&self) -> Result<(), ResolveError> {
        let text = self.text();
        let at = match text.starts_with("<<<<<<< ") {
            true => Some(0),
            false => memchr::memmem::find(text.as_bytes(), b"\n<<<<<<< ").map(|at| at + 1),
        };
        match at {
            Some(at) => Err(self.invalid(
                at,
                "a merge conflict is not resolved (`<<<<<<<`)",
                "resolve it, then audit again",
            )),
            None => Ok(()),
        }
    }
}

/// Whether a text holds a URL with a password or token (`https://user:secret@host`).
pub(super) fn has_credentials(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = rest.split(['/', '?', '#', '"', '\'', ' ']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user != "git" && !user.is_empty())
    })
}

/// A URL without user information.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_urls_are_not_shown() {
        let text = "a https://u:hush@h.invalid/x b";
        assert!(!Text::new("f", text).span(&(2..20)).text.contains("hush"));
        assert_eq!(without_user("https://u:hush@h.invalid/x@1"), "https://h.invalid/x@1");
        assert!(!has_credentials("https://h.invalid/a@b"));
    }
}
