//! Words and commands of a shell line.

/// One simple command.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its first word, assignments left out; empty where there is none.
    pub name: String,
    /// The other words, quotes taken off.
    pub args: Vec<String>,
    /// Files that output goes to or input comes from.
    pub redirects: Vec<String>,
    /// Texts of `$(…)`, backticks, `<(…)` and PowerShell's `(…)` in it.
    pub substitutions: Vec<String>,
    /// Assignments before it (`A=b`).
    pub assigned: Vec<String>,
    /// Whether its output goes to the next command.
    pub piped: bool,
}

impl Command {
    /// Files that it writes what it fetched to.
    pub fn outputs(&self) -> Vec<String> {
        let mut files = self.redirects.clone();
        for pair in self.args.windows(2) {
            // `curl -fsSLo file`
            let cluster = pair[0].strip_prefix('-').is_some_and(|flags| {
                self.name.ends_with("curl")
                    && flags.ends_with('o')
                    && flags.bytes().all(|b| b.is_ascii_alphabetic())
            });
            if (cluster
                || matches!(
                    pair[0].as_str(),
                    "-o" | "-O" | "--output" | "--output-document" | "-OutFile" | "-outfile"
                ))
                && !pair[1].starts_with("http")
            {
                files.push(pair[1].clone());
            }
        }
        // `curl -O url`, `wget url`: the last part of the address.
        if let Some(url) = self.args.iter().find(|arg| arg.contains("://")) {
            files.extend(
                url.split(['?', '#']).next().and_then(|url| url.rsplit('/').next()).map(str::to_owned),
            );
        }
        files
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty()
            && self.args.is_empty()
            && self.redirects.is_empty()
            && self.substitutions.is_empty()
    }
}

/// Commands that one line may give; a longer one is cut.
const MAX_COMMANDS: usize = 2_000;

/// Splits a line at separators and pipes outside of quotes.
pub fn commands(line: &str) -> Vec<Command> {
    let mut out = Vec::new();
    let mut lexer = Lexer {
        chars: line.chars().collect(),
        at: 0,
        command: Command::default(),
        word: None,
        redirect: false,
    };
    while lexer.at < lexer.chars.len() && out.len() < MAX_COMMANDS {
        lexer.step(&mut out);
    }
    lexer.end(false, &mut out);
    out
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    command: Command,
    word: Option<String>,
    redirect: bool,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.redirect) {
            self.command.redirects.push(word);
        } else if self.command.name.is_empty() && self.command.args.is_empty() {
            let assignment = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            let keyword = matches!(
                word.as_str(),
                "if" | "then" | "else" | "do" | "while" | "!" | "{" | "}" | "fi" | "done"
            );
            if assignment {
                self.command.assigned.push(word);
            } else if !keyword {
                self.command.name = word;
            }
        } else {
            self.command.args.push(word);
        }
    }

    fn end(&mut self, piped: bool, out: &mut Vec<Command>) {
        self.end_word();
        self.redirect = false;
        let mut command = std::mem::take(&mut self.command);
        if !command.is_empty() {
            // `sudo -E bash -`: what it starts is the command.
            if matches!(command.name.as_str(), "sudo" | "nohup" | "command" | "exec" | "time") {
                let at = command.args.iter().position(|arg| !arg.starts_with('-') && !arg.contains('='));
                if let Some(at) = at {
                    command.name = command.args.remove(at);
                    command.args.drain(..at);
                }
            }
            command.piped = piped;
            out.push(command);
        }
    }

    fn step(&mut self, out: &mut Vec<Command>) {
        let c = self.peek(0);
        match c {
            ' ' | '\t' | '\r' => self.end_word(),
            '\n' | ';' => self.end(false, out),
            '|' if self.peek(1) == '|' => {
                self.at += 1;
                self.end(false, out);
            }
            '|' => {
                self.at += usize::from(self.peek(1) == '&');
                self.end(true, out);
            }
            '&' if self.peek(1) == '&' => {
                self.at += 1;
                self.end(false, out);
            }
            '&' if self.peek(1) == '>' => {
                self.end_word();
                self.at += 1;
                self.redirect = true;
            }
            '&' => self.end(false, out),
            '#' if self.word.is_none() => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.at += 1;
                }
                return;
            }
            '\'' => self.single(),
            '"' => self.double(),
            '\\' if matches!(self.peek(1), '\n') => self.at += 1,
            '\\' if matches!(
                self.peek(1),
                ' ' | '"' | '\'' | '$' | '`' | '\\' | '&' | '|' | ';' | '(' | ')'
            ) =>
            {
                self.at += 1;
                let next = self.peek(0);
                self.push(next);
            }
            '`' => self.backticks(),
            '$' if self.peek(1) == '(' => {
                self.at += 1;
                self.parenthesis();
                self.push('$');
            }
            '<' | '>' if self.peek(1) == '(' => {
                self.end_word();
                self.at += 1;
                self.parenthesis();
            }
            '(' if self.word.is_none() => self.parenthesis(),
            '<' | '>' => {
                if self.word.as_deref().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit())) {
                    self.word = None;
                }
                self.end_word();
                while matches!(self.peek(1), '>' | '<' | '&') {
                    self.at += 1;
                }
                self.redirect = true;
            }
            _ => self.push(c),
        }
        self.at += 1;
    }

    /// Leaves `at` on the closing quote.
    fn single(&mut self) {
        self.word.get_or_insert_default();
        self.at += 1;
        while self.at < self.chars.len() && self.peek(0) != '\'' {
            let c = self.peek(0);
            self.push(c);
            self.at += 1;
        }
    }

    fn double(&mut self) {
        self.word.get_or_insert_default();
        self.at += 1;
        while self.at < self.chars.len() && self.peek(0) != '"' {
            match self.peek(0) {
                '\\' if matches!(self.peek(1), '"' | '\\' | '$' | '`') => {
                    self.at += 1;
                    let c = self.peek(0);
                    self.push(c);
                }
                '$' if self.peek(1) == '(' => {
                    self.at += 1;
                    self.parenthesis();
                    self.push('$');
                }
                '`' => self.backticks(),
                c => self.push(c),
            }
            self.at += 1;
        }
    }

    fn backticks(&mut self) {
        self.at += 1;
        let mut text = String::new();
        while self.at < self.chars.len() && self.peek(0) != '`' {
            text.push(self.peek(0));
            self.at += 1;
        }
        self.push('`');
        self.command.substitutions.push(text);
    }

    /// Takes the text between matching parentheses, `at` being on the first; leaves it on the last.
    fn parenthesis(&mut self) {
        self.at += 1;
        let (mut depth, mut text) = (1u32, String::new());
        while self.at < self.chars.len() {
            match self.peek(0) {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(self.peek(0));
            self.at += 1;
        }
        self.command.substitutions.push(text);
    }
}

/// The lines of a script with their byte offsets: continued ones joined, comments and here
/// documents' bodies left in (they are text that something may run).
pub fn lines(source: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let (mut start, mut open) = (0, false);
    for line in source.split('\n') {
        let bare = line.trim_end_matches('\r');
        match out.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(bare.trim_end_matches('\\'));
            }
            None if bare.trim().is_empty() || bare.trim_start().starts_with('#') => {}
            None => out.push((start, bare.trim_end_matches('\\').to_owned())),
        }
        open = bare.ends_with('\\') && !out.is_empty() && !bare.trim_start().starts_with('#');
        start += line.len() + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_pipes_and_substitutions() {
        let got = commands("A=1 sh -c 'a b' 2>/dev/null | tee \"$(x y)\" && z");
        assert_eq!(got.len(), 3);
        assert_eq!(
            (got[0].name.as_str(), got[0].args.as_slice()),
            ("sh", &["-c".to_owned(), "a b".to_owned()][..])
        );
        assert_eq!((got[0].redirects.as_slice(), got[0].piped), (&["/dev/null".to_owned()][..], true));
        assert_eq!(got[1].substitutions, ["x y"]);
        assert_eq!(lines("#!/bin/sh\na \\\n b\nc\n"), [(10, "a   b".to_owned()), (17, "c".to_owned())]);
    }
}
