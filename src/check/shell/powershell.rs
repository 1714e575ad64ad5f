//! PowerShell lines as they would be without the usual disguises: backticks within names, texts in
//! pieces, the format operator, `[char]` codes, `.Replace(…)`.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Longest line that is folded, in bytes.
const MAX_LINE: usize = 16 << 10;
/// Rounds of folding: what one leaves, the next may join.
const MAX_ROUNDS: usize = 8;
/// Longest result, in bytes.
const MAX_RESULT: usize = 64 << 10;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("constant")
}

/// A line with constants folded; `None` where nothing was to be folded.
pub fn plain(line: &str) -> Option<String> {
    static CHAR: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\[char\]\s*(0x[0-9a-f]{1,4}|\d{1,5})"));
    static PLUS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"'([^']*)'\s*\+\s*'([^']*)'|"([^"$]*)"\s*\+\s*"([^"$]*)""#));
    static FORMAT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r#"\(?["']((?:\{\d\}|[^"'{}])*\{\d\}[^"']*)["']\s*-f\s*((?:["'][^"']*["']\s*,?\s*)+)\)?"#)
    });
    static REPLACE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?i)["']([^"'$]*)["'](?:\.replace\(\s*["']([^"']*)["']\s*,\s*["']([^"']*)["']\s*\)|\s+-c?replace\s+["'](\w+)["']\s*,\s*["'](\w*)["'])"#,
        )
    });
    static JOIN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r#"(?i)\(?((?:["'][^"']*["']\s*,\s*)+["'][^"']*["'])\)?\s*-join\s*["']["']"#)
    });
    static LONE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"([&.]\s*)(?:\(\s*["']([\w./\\-]+)["']\s*\)|["']([\w./\\-]+)["'])"#));
    static PART: LazyLock<Regex> = LazyLock::new(|| pattern(r#"["']([^"']*)["']"#));
    if line.len() > MAX_LINE {
        return None;
    }
    let mut text = ticks(line);
    for _ in 0..MAX_ROUNDS {
        let before = text.clone();
        text = CHAR
            .replace_all(&text, |found: &Captures<'_>| {
                let code = &found[1];
                let code = match code.strip_prefix("0x").or_else(|| code.strip_prefix("0X")) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => code.parse().ok(),
                };
                match code.and_then(char::from_u32).filter(|c| !matches!(c, '\'' | '"') && !c.is_control()) {
                    Some(c) => format!("'{c}'"),
                    None => found[0].to_owned(),
                }
            })
            .into_owned();
        text = PLUS
            .replace_all(&text, |found: &Captures<'_>| {
                let part = |n: usize| found.get(n).map_or("", |part| part.as_str());
                format!("'{}{}{}{}'", part(1), part(2), part(3), part(4))
            })
            .into_owned();
        text = FORMAT
            .replace_all(&text, |found: &Captures<'_>| {
                let parts: Vec<&str> = PART
                    .captures_iter(&found[2])
                    .filter_map(|part| part.get(1).map(|part| part.as_str()))
                    .collect();
                let mut out = found[1].to_owned();
                for (n, part) in parts.iter().enumerate().take(10) {
                    out = out.replace(&format!("{{{n}}}"), part);
                    if out.len() > MAX_RESULT {
                        break;
                    }
                }
                format!("'{out}'")
            })
            .into_owned();
        text = REPLACE
            .replace_all(&text, |found: &Captures<'_>| {
                let part = |n: usize| found.get(n).map_or("", |part| part.as_str());
                let (from, to) = if part(2).is_empty() { (part(4), part(5)) } else { (part(2), part(3)) };
                match from {
                    "" => found[0].to_owned(),
                    from => format!("'{}'", part(1).replace(from, to)),
                }
            })
            .into_owned();
        text = JOIN
            .replace_all(&text, |found: &Captures<'_>| {
                let parts = PART.captures_iter(&found[1]).map(|part| part[1].to_owned());
                format!("'{}'", parts.collect::<String>())
            })
            .into_owned();
        text = LONE.replace_all(&text, "$2$3").into_owned();
        if text == before || text.len() > MAX_RESULT {
            break;
        }
    }
    (text != line).then_some(text)
}

/// Backticks before letters do nothing, outside of those that stand for a control character.
fn ticks(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        if c == '`' && before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric() {
            continue;
        }
        before = c;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn disguises_come_off() {
        for (line, wanted) in [
            ("i`w`r https://a.invalid", Some("iwr https://a.invalid")),
            ("&('ie'+'x') $a", Some("iex $a")),
            ("& (\"{1}{0}\" -f 'x','ie') $a", Some("iex $a")),
            (".('iXx'.Replace('X','e')) $a", Some("iex $a")),
            ("&([char]105+[char]0x65+[char]120) $a", Some("iex $a")),
            ("&(('i','e','x') -join '') $a", Some("iex $a")),
            ("Write-Host 'done'", None),
        ] {
            let got =
                plain(line).map(|text| text.replace("& ", "").trim_start_matches(['&', '.']).to_owned());
            assert_eq!(got.as_deref(), wanted, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "\\PC{0,120}", soup in "[a-z0-9'\"+(){}\\[\\]`.,&-]{0,120}") {
            let _ = (plain(&line), plain(&soup));
        }
    }
}
