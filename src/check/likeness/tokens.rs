//! Lines of code in any language as words: names and their parts, kinds of numbers and addresses,
//! and the signs between them. Coarse on purpose: it must read what no parser reads.

/// Longest line that is read, in bytes; the rest of a longer one is data.
const MAX_LINE: usize = 400;
/// A name of more characters than this is data.
const MAX_NAME: usize = 40;

/// Kinds of addresses that say what lies there.
const KINDS: &[&str] = &[
    "telegram", "discord", "webhook", "github", "gist", "paste", "npmjs", "pypi", "crates", "ipfs", "rpc",
    "ngrok",
];

/// Last labels of a host without a scheme.
const ENDS: &[&str] = &[
    "invalid", "com", "org", "net", "io", "dev", "example", "test", "co", "app", "sh", "xyz", "top", "me",
    "us", "ru", "cn", "eu", "de", "info",
];

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name as it is written, lower case, and its parts where it has more than one.
    Name(String, Vec<String>),
    /// A kind of value: an address, a number of so many digits, data.
    Kind(String),
    /// The host of an address, lower case.
    Host(String),
    /// A sign.
    Sign(char),
}

/// The lines of a text that hold code: neither blank nor a comment. Each with its number, from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let numbered = text.lines().zip(1u32..).map(|(line, at)| (at, line));
    numbered.filter(|(_, line)| !is_remark(line.trim_start()))
}

/// Whether a line says nothing to a machine. `#!` and `#[` do.
fn is_remark(line: &str) -> bool {
    line.is_empty()
        || ["//", "# ", "/*", "* ", "*/", "\"\"\""].iter().any(|start| line.starts_with(start))
        || line == "#"
}

/// Reads a line.
pub fn read(line: &str, out: &mut Vec<Token>) {
    let mut end = line.len().min(MAX_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = line.get(..end).unwrap_or_default();
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let taken = if let Some(len) = address(rest, before) {
            let written = rest.get(..len).unwrap_or_default().to_ascii_lowercase();
            out.push(Token::Kind(if is_ip(&written) { "_ip_" } else { "_url_" }.to_owned()));
            let kinds = KINDS.iter().filter(|kind| written.contains(**kind));
            out.extend(kinds.map(|kind| Token::Kind(format!("_u{kind}"))));
            out.extend(host(&written).map(|host| Token::Host(host.to_owned())));
            len
        } else if first.is_alphabetic() || matches!(first, '_' | '$') {
            let len =
                rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(rest.len());
            out.push(name(rest.get(..len).unwrap_or_default()));
            len
        } else if first.is_ascii_digit() {
            let len = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            out.push(Token::Kind(format!("_n{}", len.min(6))));
            len
        } else {
            if !first.is_whitespace()
                && !matches!(first, '"' | '\'' | '`' | ';' | ',' | '(' | ')' | '{' | '}')
            {
                out.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        let (done, left) = rest.split_at(taken);
        before = done.chars().next_back().unwrap_or(' ');
        rest = left;
    }
}

fn name(written: &str) -> Token {
    if written.chars().count() > MAX_NAME {
        return Token::Kind("_blob_".to_owned());
    }
    let mut parts: Vec<String> = Vec::new();
    let chars: Vec<char> = written.chars().collect();
    let mut part = String::new();
    for (at, c) in chars.iter().enumerate() {
        let hump = c.is_uppercase()
            && (chars.get(at.wrapping_sub(1)).is_some_and(|before| before.is_lowercase())
                || chars.get(at + 1).is_some_and(|next| next.is_lowercase()));
        let turn =
            chars.get(at.wrapping_sub(1)).is_some_and(|before| before.is_ascii_digit() != c.is_ascii_digit());
        if (!c.is_alphanumeric() || hump || turn) && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        if c.is_alphanumeric() {
            part.extend(c.to_lowercase());
        }
    }
    parts.push(part);
    parts.retain(|part| part.len() > 1);
    if parts.len() < 2 {
        parts.clear();
    }
    Token::Name(written.to_lowercase(), parts)
}

/// The length of an address that begins here: one with a scheme, a host in quotes, four numbers.
fn address(rest: &str, before: char) -> Option<usize> {
    let first = rest.chars().next()?;
    if !first.is_ascii_alphanumeric() || before.is_alphanumeric() || matches!(before, '_' | '$' | '.') {
        return None;
    }
    let stop = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '<' | '>' | ')');
    let word = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-')))
        .unwrap_or(rest.len());
    let (head, tail) = rest.split_at(word);
    if tail.starts_with("://") && first.is_ascii_alphabetic() {
        return Some(rest.find(stop).unwrap_or(rest.len()));
    }
    let host = head.trim_end_matches(['.', '-', '+']);
    if is_ip(host) {
        return Some(host.len());
    }
    let quoted = matches!(before, '"' | '\'' | '`' | '@' | '/');
    let (_, end) = host.rsplit_once('.')?;
    (quoted && ENDS.contains(&end)).then(|| rest.find(stop).unwrap_or(rest.len()))
}

/// The host of an address, as far as it is written down.
fn host(written: &str) -> Option<&str> {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?.split(':').next()?;
    (host.contains('.') && !host.contains(['{', '$', '%', '+'])).then_some(host)
}

fn is_ip(text: &str) -> bool {
    let mut labels = 0;
    text.split('.').all(|label| {
        labels += 1;
        (1..=3).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_digit())
    }) && labels == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> String {
        let mut tokens = Vec::new();
        read(line, &mut tokens);
        let shown = tokens.into_iter().map(|token| match token {
            Token::Name(name, parts) if parts.is_empty() => name,
            Token::Name(name, parts) => format!("{name}<{}>", parts.join("+")),
            Token::Kind(kind) => kind,
            Token::Host(host) => format!("@{host}"),
            Token::Sign(sign) => sign.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_addresses_and_signs_are_told_apart() {
        assert_eq!(
            words(
                "const webHook = await fetchJSON('https://discord.com/api/webhooks/1?x=2', { retry: 300 });"
            ),
            "const webhook<web+hook> = await fetchjson<fetch+json> _url_ _udiscord _uwebhook @discord.com retry : _n3"
        );
        assert_eq!(words("connect(('198.51.100.7', 443))"), "connect _ip_ @198.51.100.7 _n3");
        assert_eq!(words(r#"host = "a-b.collect.invalid/x""#), "host = _url_ @a-b.collect.invalid");
        assert_eq!(
            words("console.log(process.env.HOME_DIR)"),
            "console . log process . env . home_dir<home+dir>"
        );
        assert_eq!(words(&"a".repeat(60)), "_blob_");
        assert_eq!(
            words("b64decode(XMLHttpRequest2)"),
            "b64decode<64+decode> xmlhttprequest2<xml+http+request>"
        );
        assert_eq!(words("naïve = 'ünïcode'"), "naïve = ünïcode");
    }

    #[test]
    fn remarks_and_blank_lines_are_left_out() {
        let text = "// a\n\n#!/bin/sh\n# b\n#[x]\ncode();\n * c\n";
        assert_eq!(lines(text).collect::<Vec<_>>(), [(3, "#!/bin/sh"), (5, "#[x]"), (6, "code();")]);
    }
}
