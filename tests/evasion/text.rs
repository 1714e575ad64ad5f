//! Strings and names in source text, found well enough to change them.

use std::ops::Range;

/// A language's lexical habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Js,
    Python,
    Rust,
}

/// Plain one-line string literals outside comments, quotes included: no escapes, no prefix, printable ASCII, six
/// characters or more. `None` for a file that this does not see through.
pub fn strings(source: &str, language: Language) -> Option<Vec<Range<usize>>> {
    let bytes = source.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source.as_bytes()[at..];
        let until = |end: &str, from: usize| source[from..].find(end).map(|found| from + found + end.len());
        match (language, rest) {
            (Language::Python, [b'#', ..]) => at = until("\n", at).unwrap_or(bytes.len()),
            (Language::Js | Language::Rust, [b'/', b'/', ..]) => at = until("\n", at).unwrap_or(bytes.len()),
            (Language::Js | Language::Rust, [b'/', b'*', ..]) => at = until("*/", at + 2)?,
            (Language::Python, [b'"', b'"', b'"', ..]) => at = until("\"\"\"", at + 3)?,
            (Language::Python, [b'\'', b'\'', b'\'', ..]) => at = until("'''", at + 3)?,
            (Language::Js, [b'`', ..]) => at = until("`", at + 1)?,
            (Language::Rust, [b'r', b'#', b'"', ..]) => at = until("\"#", at + 3)?,
            (Language::Rust, [b'\'', ..]) => at += 1,
            (_, [quote @ (b'"' | b'\''), ..]) => {
                let mut end = at + 1;
                while *bytes.get(end)? != *quote {
                    if bytes[end] == b'\n' {
                        return None;
                    }
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                let inner = source.get(at + 1..end)?;
                let prefixed = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
                let plain =
                    inner.len() >= 6 && inner.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'\\');
                if plain && !prefixed && replaceable(source, at, end + 1) {
                    out.push(at..end + 1);
                }
                at = end + 1;
            }
            _ => at += 1,
        }
    }
    Some(out)
}

/// Whether an expression may stand where the literal stands.
fn replaceable(source: &str, start: usize, end: usize) -> bool {
    let before = source[..start].trim_end();
    let after = source[end..].trim_start();
    let line = source[..start].rsplit('\n').next().unwrap_or_default().trim_start();
    let directive = before.is_empty() || before.ends_with([';', '}']);
    let imports = before.ends_with("from") || before.ends_with("import");
    let heads = ["import ", "from ", "export ", "#[", "use ", "#!["];
    let within =
        after.starts_with([':', '"', '\'']) || after.starts_with("=>") || before.ends_with(['"', '\'']);
    let head = heads.iter().any(|start| line.starts_with(start));
    !(imports || directive || within || head)
}

/// Every string made into an expression; `None` where there is none.
pub fn each_string(source: &str, language: Language, with: impl Fn(&str) -> String) -> Option<String> {
    let found = strings(source, language)?;
    let mut out = source.to_owned();
    for range in found.iter().rev() {
        let expression = with(&source[range.start + 1..range.end - 1]);
        out.replace_range(range.clone(), &expression);
    }
    (!found.is_empty()).then_some(out)
}

/// Names that a regular expression's first group finds, each renamed wherever it stands as a name of its own.
pub fn rename(source: &str, declares: &str) -> Option<String> {
    let declares = regex::Regex::new(declares).expect("an expression");
    let mut names: Vec<&str> =
        declares.captures_iter(source).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    let mut out = source.to_owned();
    for (number, name) in names.iter().enumerate() {
        let word = |pattern: &str| regex::Regex::new(&pattern.replace("NAME", name)).expect("an expression");
        // A property, a key, a keyword argument or a word in a string would change what it does.
        let elsewhere = word(
            r#"\.NAME\b|[{,]\s*NAME\s*[,}:]|['"`][^'"`\n]*\bNAME\b[^'"`\n]*['"`]|\bNAME\s*=[^=>]\s*[^;\n]*\)|\$\{?NAME\b|\{NAME\b"#,
        );
        if name.len() < 2 || elsewhere.is_match(source) {
            continue;
        }
        out = word(r"\bNAME\b").replace_all(&out, format!("q{number}z")).into_owned();
    }
    (out != source).then_some(out)
}

pub fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

pub fn codes(text: &str) -> String {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")
}

/// A text in two parts of nearly the same size.
pub fn halves(text: &str) -> (&str, &str) {
    text.split_at(text.len() / 2)
}
