//! Environment markers
//! (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers>),
//! evaluated for one stated environment: what a name without a lockfile brings depends on the
//! machine, so there has to be one.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier};

use super::name::normal;

/// Version of CPython that names are resolved for.
pub const PYTHON: &str = "3.12.12";

/// The environment, for messages.
pub const ENVIRONMENT: &str = "CPython 3.12 on Linux x86-64 (glibc)";

/// Brackets in brackets. Real markers have one or two.
const DEPTH: usize = 32;

/// The value of a variable; `None` for one that does not exist. The release and version of the
/// kernel are not stated: nothing honest depends on them.
fn variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "os_name" | "os.name" => "posix",
        "sys_platform" | "sys.platform" => "linux",
        "platform_machine" | "platform.machine" => "x86_64",
        "platform_system" => "Linux",
        "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
            "CPython"
        }
        "implementation_name" => "cpython",
        "implementation_version" | "python_full_version" => PYTHON,
        "python_version" => "3.12",
        "platform_release" | "platform_version" | "platform.version" => "",
        _ => return None,
    })
}

/// Whether a marker holds with these extras asked for (normal form); `None` where it cannot be
/// read.
pub fn holds(marker: &str, extras: &BTreeSet<String>) -> Option<bool> {
    let mut reader = Reader { tokens: tokens(marker)?, at: 0, extras };
    let out = reader.any(0)?;
    (reader.at == reader.tokens.len()).then_some(out)
}

/// Whether it is for the environment's Python; a text that cannot be read is taken as met, as pip
/// does.
pub fn python_fits(requires_python: Option<&str>) -> bool {
    requires_python.and_then(|text| super::name::satisfies(text, PYTHON)).unwrap_or(true)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name or one of the words `and`, `or`, `in`, `not`.
    Word(String),
    Text(String),
    Operator(String),
    Open,
    Close,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            '\'' | '"' => {
                let (inner, after) = rest[1..].split_once(first)?;
                (Token::Text(inner.to_owned()), after)
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|c| !"<>=!~".contains(c)).unwrap_or(rest.len());
                (Token::Operator(rest[..end].to_owned()), &rest[end..])
            }
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c)));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                (Token::Word(word.to_owned()), after)
            }
            _ => return None,
        };
        out.push(token);
        rest = after.trim_start();
    }
    Some(out)
}

/// One side of a comparison.
enum Side {
    Extra,
    /// A variable whose values are versions.
    Version(&'static str),
    Variable(&'static str),
    Text(String),
}

impl Side {
    fn text(&self) -> &str {
        match self {
            Self::Extra => "",
            Self::Version(text) | Self::Variable(text) => text,
            Self::Text(text) => text,
        }
    }
}

struct Reader<'e> {
    tokens: Vec<Token>,
    at: usize,
    extras: &'e BTreeSet<String>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Word(next)) if next == word);
        self.at += usize::from(is);
        is
    }

    fn any(&mut self, depth: usize) -> Option<bool> {
        let mut out = self.every(depth)?;
        while self.word("or") {
            out |= self.every(depth)?;
        }
        Some(out)
    }

    fn every(&mut self, depth: usize) -> Option<bool> {
        let mut out = self.one(depth)?;
        while self.word("and") {
            out &= self.one(depth)?;
        }
        Some(out)
    }

    fn one(&mut self, depth: usize) -> Option<bool> {
        if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let out = if depth < DEPTH { self.any(depth + 1)? } else { return None };
            return (self.next()? == Token::Close).then_some(out);
        }
        let left = self.side()?;
        let operator = match self.next()? {
            Token::Operator(operator) => operator,
            Token::Word(word) if word == "in" => word,
            Token::Word(word) if word == "not" && self.word("in") => "not in".to_owned(),
            _ => return None,
        };
        let right = self.side()?;
        self.compare(&left, &operator, &right)
    }

    fn side(&mut self) -> Option<Side> {
        Some(match self.next()? {
            Token::Text(text) => Side::Text(text),
            Token::Word(word) if word == "extra" => Side::Extra,
            Token::Word(word) => match variable(&word)? {
                value
                    if matches!(
                        &*word,
                        "python_version" | "python_full_version" | "implementation_version"
                    ) =>
                {
                    Side::Version(value)
                }
                value => Side::Variable(value),
            },
            _ => return None,
        })
    }

    fn compare(&self, left: &Side, operator: &str, right: &Side) -> Option<bool> {
        if let (Side::Extra, Side::Text(name)) | (Side::Text(name), Side::Extra) = (left, right) {
            let asked = self.extras.contains(&normal(name));
            return match operator {
                "==" => Some(asked),
                "!=" => Some(!asked),
                _ => None,
            };
        }
        let (a, b) = (left.text(), right.text());
        match operator {
            "in" => return Some(b.contains(a)),
            "not in" => return Some(!b.contains(a)),
            _ => {}
        }
        let by_version = match (left, right) {
            (Side::Version(own), Side::Text(text)) => compare_versions(own, operator, text),
            (Side::Text(text), Side::Version(own)) => compare_versions(own, turned(operator)?, text),
            _ => None,
        };
        by_version.or(match operator {
            "==" | "===" => Some(a == b),
            "!=" => Some(a != b),
            "<" => Some(a < b),
            "<=" => Some(a <= b),
            ">" => Some(a > b),
            ">=" => Some(a >= b),
            _ => None,
        })
    }
}

fn compare_versions(own: &str, operator: &str, text: &str) -> Option<bool> {
    let specifier = VersionSpecifier::from_str(&format!("{operator}{}", text.trim())).ok()?;
    Some(specifier.contains(&Version::from_str(own).ok()?))
}

/// The operator with its sides changed.
fn turned(operator: &str) -> Option<&str> {
    Some(match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        "==" | "!=" | "===" => operator,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markers_are_evaluated_for_the_stated_environment() {
        let extras = BTreeSet::from(["socks-5".to_owned()]);
        for (marker, holds) in [
            ("python_version >= '3.8'", Some(true)),
            ("python_version < '3.10'", Some(false)),
            ("'3.13' > python_version", Some(true)),
            ("python_full_version == '3.12.*'", Some(true)),
            ("python_version in '2.7 3.12'", Some(true)),
            ("sys_platform == 'win32' or (os_name != 'nt' and platform_machine not in 'arm64')", Some(true)),
            ("sys_platform == \"win32\" and extra == 'x'", Some(false)),
            ("extra == 'Socks.5'", Some(true)),
            ("extra == 'other'", Some(false)),
            ("platform_python_implementation == 'PyPy'", Some(false)),
            ("os_name", None),
            ("weather == 'fine'", None),
            ("(os_name == 'nt'", None),
            ("os_name == 'nt' os_name", None),
            ("", None),
        ] {
            assert_eq!(super::holds(marker, &extras), holds, "{marker}");
        }
        let deep = format!("{}os_name=='posix'{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(super::holds(&deep, &extras), None);
        assert!(python_fits(Some(">=3.8")) && python_fits(None) && python_fits(Some("?")));
        assert!(!python_fits(Some("<3.12")) && !python_fits(Some(">=3.13")));
    }

    proptest! {
        #[test]
        fn no_marker_panics(text in "(os_name|extra|python_version|==|<|~=|in|not|and|or|\\(|\\)|'3'|\"|'| |\\PC){0,30}") {
            let _ = super::holds(&text, &BTreeSet::new());
        }
    }
}
