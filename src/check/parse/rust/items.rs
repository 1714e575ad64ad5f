//! Whether a file is, at its outermost level, a sequence of Rust items.
//!
//! The lexer settles only what it can vouch for: tokens are valid, delimiters match ([`super::survey`])
//! and what stands outside of all groups reads as items. A shell script or a list of words that is
//! called `.rs` fails here and goes to the parser, which says that it is not Rust.

use super::lex::{Kind, Token};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before an item.
    #[default]
    Start,
    /// Behind `#`.
    Attribute,
    /// In an item that ends with a `;` or with the brace of its body.
    Body,
    /// In an item that ends with a `;` only.
    Line,
    /// Behind the first word of a macro's path.
    Path,
    /// Behind the `!` of a macro call.
    Bang,
}

/// Follows the tokens outside of groups.
#[derive(Debug, Default)]
pub struct Items {
    state: State,
    strange: bool,
}

impl Items {
    /// Takes a token; `open` is the number of groups that are open behind it.
    pub fn token(&mut self, token: Token, word: &[u8], open: usize) {
        let outside = match token.kind {
            Kind::Open => open == 1,
            _ => open == 0,
        };
        if !outside || self.strange {
            return;
        }
        match self.next(token, word) {
            Some(state) => self.state = state,
            None => self.strange = true,
        }
    }

    /// Whether all of it was items.
    pub fn are_all(&self) -> bool {
        !self.strange && self.state == State::Start
    }

    fn next(&self, token: Token, word: &[u8]) -> Option<State> {
        let ends = token.kind == Kind::Punct && token.first == b';';
        Some(match (self.state, token.kind) {
            (State::Start, Kind::Punct) if token.first == b'#' => State::Attribute,
            (State::Start, Kind::Punct) if ends => State::Start,
            // `pub(crate)`, `extern "C"` and what may stand before the keyword.
            (State::Start, Kind::Open | Kind::Close) if matches!(token.first, b'(' | b')') => State::Start,
            (State::Start, Kind::Ident) => match word {
                b"pub" | b"unsafe" | b"async" | b"default" | b"auto" | b"safe" => State::Start,
                b"fn" | b"struct" | b"enum" | b"union" | b"trait" | b"impl" | b"mod" | b"extern" => {
                    State::Body
                }
                b"use" | b"type" | b"const" | b"static" => State::Line,
                _ => State::Path,
            },
            (State::Start, Kind::PathSep) => State::Path,
            (State::Attribute, Kind::Punct) if token.first == b'!' => State::Attribute,
            (State::Attribute, Kind::Open) if token.first == b'[' => State::Attribute,
            (State::Attribute, Kind::Close) => State::Start,
            (State::Body, Kind::Close) if token.first == b'}' => State::Start,
            (State::Body | State::Line, _) if ends => State::Start,
            (State::Line, Kind::Ident) if matches!(word, b"fn" | b"trait" | b"impl") => State::Body,
            (State::Body | State::Line, _) => self.state,
            (State::Path, Kind::Ident | Kind::PathSep) => State::Path,
            (State::Path, Kind::Punct) if token.first == b'!' => State::Bang,
            (State::Bang, Kind::Ident | Kind::Open) => State::Bang,
            (State::Bang, Kind::Close) if token.first == b'}' => State::Start,
            (State::Bang, Kind::Close) => State::Line,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::Lexer;
    use super::*;

    fn are_items(text: &str) -> bool {
        let mut items = Items::default();
        let mut open = 0usize;
        for token in Lexer::new(text) {
            match token.kind {
                Kind::Open => open += 1,
                Kind::Close => open = open.saturating_sub(1),
                _ => {}
            }
            items.token(token, &text.as_bytes()[token.start..token.end], open);
        }
        items.are_all()
    }

    #[test]
    fn items_are_told_from_other_text() {
        for text in [
            "",
            "#![no_std]\n#[doc = \"x\"] pub(crate) const unsafe fn f() -> u8 { 1 } const X: A = A { b: 1 };",
            "macro_rules! m { () => {} } a::m!(x, y); m! { z } extern crate a; extern \"C\" { fn x(); }",
            "pub mod x; impl<T> A for B<T> where T: C {} static S: &[u8] = &[1]; union U { a: u8 }",
        ] {
            assert!(are_items(text), "{text}");
        }
        for text in ["curl -s http", "fn f() { } sh x", "let x = 1;", "echo {}", "fn f()", "1 + 1", "a b c"] {
            assert!(!are_items(text), "{text}");
        }
    }
}
