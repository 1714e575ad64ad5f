//! Splits shell text into simple commands of words with their places. Nothing is expanded; what
//! stands in substitutions is split too, since it runs as well.

use crate::json::ByteRange;

/// A word, quotes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Its bytes in the file.
    pub at: ByteRange,
}

/// One simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The words, its name first; a redirection is a word `>` before its file.
    pub words: Vec<Word>,
    /// Whether its output goes to the next command of the list.
    pub piped: bool,
    /// How many substitutions it is within.
    pub depth: usize,
}

/// Commands that one text may give.
const MAX_COMMANDS: usize = 5_000;
/// Substitutions within substitutions.
const MAX_DEPTH: usize = 8;

/// The commands of `text`, whose first byte stands at `base` of its file. A command stands after
/// those of the substitutions in it.
pub fn commands(text: &str, base: usize) -> Vec<Command> {
    let mut lexer = Lexer { text, base, at: 0, out: Vec::new() };
    lexer.list(None, 0);
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    base: usize,
    at: usize,
    out: Vec<Command>,
}

/// A word under construction.
#[derive(Default)]
struct Open {
    text: String,
    start: Option<usize>,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn starts(&self, with: &str) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// Until `close`, or the end.
    fn list(&mut self, close: Option<char>, depth: usize) {
        let mut command = Command { depth, ..Command::default() };
        let mut word = Open::default();
        while let Some(c) = self.peek() {
            if Some(c) == close || self.out.len() >= MAX_COMMANDS {
                break;
            }
            let here = self.at;
            match c {
                ' ' | '\t' | '\r' => self.end_word(&mut word, &mut command),
                '\\' if self.starts("\\\n") || self.starts("\\\r\n") => {
                    self.end_word(&mut word, &mut command);
                    self.at += if self.starts("\\\n") { 1 } else { 2 };
                }
                '\n' | ';' | '|' | '&' => {
                    self.end_word(&mut word, &mut command);
                    let pipe = c == '|' && !self.starts("||");
                    if c != '\n' && c != ';' && self.text[here + 1..].starts_with(c) {
                        self.at += 1;
                    }
                    if c == '&' && self.starts("&>") {
                        // Both outputs to a file: no end of a command.
                        self.at += 1;
                        continue;
                    }
                    command.piped = pipe;
                    self.end_command(&mut command, depth);
                }
                '#' if word.start.is_none() => {
                    let rest = &self.text[here..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                '\'' => {
                    word.start.get_or_insert(here);
                    let rest = &self.text[here + 1..];
                    let end = rest.find('\'').unwrap_or(rest.len());
                    word.text.push_str(&rest[..end]);
                    self.at += end + 1;
                }
                '"' => {
                    word.start.get_or_insert(here);
                    self.double(&mut word, depth);
                }
                '\\' => {
                    word.start.get_or_insert(here);
                    self.at += 1;
                    if let Some(next) = self.peek() {
                        word.text.push(next);
                        self.at += next.len_utf8();
                    }
                    continue;
                }
                '$' if self.starts("$(") => {
                    word.start.get_or_insert(here);
                    word.text.push_str("$()");
                    self.at += 2;
                    self.inner(')', depth);
                }
                '<' | '>' if self.text[here + 1..].starts_with('(') => {
                    self.end_word(&mut word, &mut command);
                    word.start = Some(here);
                    word.text.push_str("<()");
                    self.at += 2;
                    self.inner(')', depth);
                }
                '`' => {
                    word.start.get_or_insert(here);
                    word.text.push_str("$()");
                    self.at += 1;
                    self.inner('`', depth);
                }
                '(' | ')' => {
                    self.end_word(&mut word, &mut command);
                    self.end_command(&mut command, depth);
                }
                '<' | '>' => {
                    self.end_word(&mut word, &mut command);
                    // The file's name is told by the sign before it.
                    while self.peek().is_some_and(|c| matches!(c, '<' | '>' | '&' | '-')) {
                        self.at += 1;
                    }
                    command
                        .words
                        .push(Word { text: ">".to_owned(), at: self.base + here..self.base + self.at });
                    continue;
                }
                c => {
                    word.start.get_or_insert(here);
                    word.text.push(c);
                }
            }
            self.at += self.peek().map_or(1, char::len_utf8);
        }
        self.end_word(&mut word, &mut command);
        self.end_command(&mut command, depth);
    }

    /// A list within another, `at` being on its first byte; leaves `at` on what closes it.
    fn inner(&mut self, close: char, depth: usize) {
        if depth < MAX_DEPTH {
            self.list(Some(close), depth + 1);
        }
    }

    fn double(&mut self, word: &mut Open, depth: usize) {
        self.at += 1;
        while let Some(c) = self.peek() {
            match c {
                '"' => return,
                '\\' => {
                    self.at += 1;
                    if let Some(next) = self.peek() {
                        word.text.push(next);
                    }
                }
                '$' if self.starts("$(") => {
                    word.text.push_str("$()");
                    self.at += 2;
                    self.inner(')', depth);
                }
                '`' => {
                    word.text.push_str("$()");
                    self.at += 1;
                    self.inner('`', depth);
                }
                c => word.text.push(c),
            }
            self.at += self.peek().map_or(1, char::len_utf8);
        }
    }

    fn end_word(&mut self, word: &mut Open, command: &mut Command) {
        let Open { text, start } = std::mem::take(word);
        if let Some(start) = start {
            let end = self.at.min(self.text.len());
            command.words.push(Word { text, at: self.base + start..self.base + end });
        }
    }

    fn end_command(&mut self, command: &mut Command, depth: usize) {
        let done = std::mem::replace(command, Command { depth, ..Command::default() });
        if !done.words.is_empty() {
            self.out.push(done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<(Vec<String>, bool)> {
        commands(text, 0)
            .into_iter()
            .map(|command| (command.words.into_iter().map(|word| word.text).collect(), command.piped))
            .collect()
    }

    #[test]
    fn commands_and_words() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            shown("a 'b c' \\\n \"d $(e f)\" && g | h 2>/dev/null; i # j\nk"),
            [
                (list(&["e", "f"]), false),
                (list(&["a", "b c", "d $()"]), false),
                (list(&["g"]), true),
                (list(&["h", "2", ">", "/dev/null"]), false),
                (list(&["i"]), false),
                (list(&["k"]), false),
            ]
        );
    }

    proptest! {
        #[test]
        fn places_hold_their_words(text in "([a-z \"'\\\\$()`<>|&;#\n]|\\PC){0,60}") {
            for word in commands(&text, 0).into_iter().flat_map(|command| command.words) {
                prop_assert!(text.get(word.at.clone()).is_some(), "{:?}", word);
            }
        }
    }
}
