//! Text to [`Script`], over tree-sitter's grammar for bash.
//!
//! The grammar reads what POSIX shells, bash, ksh and most of zsh have in common. Where it fails
//! on constructs that are valid (`<>`, `for x do`), the text is given to it once more with
//! those written otherwise, byte for byte at the same place. What it still cannot read is kept
//! as an error with its place; commands that it recognised within are kept too.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::ast::Script;
use super::limits::{MAX_OPEN, MAX_PIPES, MAX_TEXT, PARSE_STEPS, PARSE_STEPS_LEAST};
use super::lower::Lower;

/// Parses a script. A text that is too long or costs the parser too much has one error over all
/// of it and no statements.
pub fn parse(text: &str) -> Script {
    let whole = || Script { errors: std::iter::once(0..text.len()).collect(), ..Script::default() };
    if text.len() > MAX_TEXT || is_dense(text) {
        return whole();
    }
    let Some(mut tree) = tree(text) else { return whole() };
    if tree.root_node().has_error()
        && let Some(other) = rewrite(text)
        && let Some(again) = self::tree(&other)
        && errors(&again).len() < errors(&tree).len()
    {
        tree = again;
    }
    let mut lower = Lower { text, script: Script::default(), depth: 0 };
    let body = lower.children(tree.root_node());
    let mut script = lower.script;
    script.body = body;
    script.errors = errors(&tree);
    script
}

/// Whether parentheses are opened, or pipes chained, deeper than any person writes: the parser's cost
/// grows with the square of either.
fn is_dense(text: &str) -> bool {
    let (mut open, mut pipes, mut last) = (0_usize, 0_usize, b'\n');
    let mut comment = false;
    for byte in text.bytes() {
        match byte {
            b'\n' => {
                if last != b'|' {
                    (pipes, last) = (0, b'\n');
                }
                comment = false;
                continue;
            }
            _ if comment => continue,
            b'#' if matches!(last, b'\n' | b';') => {
                comment = true;
                continue;
            }
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            b'|' => pipes += 1,
            b';' => pipes = 0,
            b' ' | b'\t' => continue,
            _ => {}
        }
        last = byte;
        if open > MAX_OPEN || pipes > MAX_PIPES {
            return true;
        }
    }
    false
}

fn tree(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let safe = in_ctype(text);
    let bytes = safe.as_bytes();
    let mut left = PARSE_STEPS_LEAST + text.len() * PARSE_STEPS / 100;
    let mut count = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut count);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// The text with characters beyond ASCII replaced where the grammar's scanner asks C's `isdigit`
/// about them: after a brace and digits. The function is only defined up to 255; beyond, it reads
/// outside of its table and can end the program. A letter for each byte keeps every place, and
/// means the same there.
fn in_ctype(text: &str) -> Cow<'_, str> {
    static BRACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(\{[0-9]*(?:\.{1,2}[0-9]*)?)([^\x00-\x7f])").expect("constant"));
    BRACE.replace_all(text, |found: &Captures<'_>| format!("{}{}", &found[1], "x".repeat(found[2].len())))
}

/// The text with constructs that the grammar does not know written as ones that it knows, as
/// long as before.
fn rewrite(text: &str) -> Option<String> {
    static FOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)\b(for[ \t]+\w+)[ \t]([ \t]*do\b)").expect("constant"));
    static OPEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<>").expect("constant"));
    static HOME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"= ~ ").expect("constant"));
    let out = FOR.replace_all(text, "$1;$2");
    let out = OPEN.replace_all(&out, "> ");
    let out = HOME.replace_all(&out, "= . ");
    (out != text && out.len() == text.len()).then(|| out.into_owned())
}

/// The outermost nodes that are errors, and what the parser made up.
fn errors(tree: &Tree) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let wrong = node.is_error() || node.is_missing();
        if wrong {
            out.push(node.byte_range());
        }
        if !wrong && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stands_after_a_brace_is_ascii_and_everything_else_stays() {
        assert_eq!(in_ctype("echo {\u{1f4a9},b} é {12é {1..3\u{10ffff}"), "echo {xxxx,b} é {12xx {1..3xxxx");
        assert!(matches!(in_ctype("é {a..é} ${x}"), Cow::Borrowed(_)));
        // The words are still those of the text.
        let script = parse("echo {\u{1f4a9},b}\n");
        assert!(script.errors.is_empty() && format!("{:?}", script.body).contains('\u{1f4a9}'));
    }

    proptest! {
        #[test]
        fn the_scanner_meets_no_character_that_isdigit_does_not_know(text in "(\\{|[0-9]|\\.|\\PC| ){0,40}") {
            let given = in_ctype(&text);
            prop_assert_eq!(given.len(), text.len());
            for (at, _) in given.match_indices('{') {
                let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                let rest = digits(&given[at + 1..]);
                prop_assert!(rest.chars().next().is_none_or(|c| c.is_ascii()));
                if let Some(rest) = rest.strip_prefix("..") {
                    prop_assert!(digits(rest).chars().next().is_none_or(|c| c.is_ascii()));
                }
            }
        }
    }
}
