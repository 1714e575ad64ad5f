//! Front matter: the YAML between `---` lines at the start of a Markdown file.
//!
//! Read as agents read it: top-level `key: value` pairs, block scalars, lists in either style,
//! one level of nesting as `key.inner`. What is no such thing is one field of raw text, so that
//! nothing in front matter goes unread.

use std::ops::Range;

/// Front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontMatter {
    /// All of it, fences included.
    pub range: Range<usize>,
    /// The text between the fences.
    pub inner: Range<usize>,
    /// The fields, in order of position.
    pub fields: Vec<Field>,
}

/// One value of front matter; a list gives one for each entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its key; `outer.inner` for nested ones; empty for lines that are no pair.
    pub name: String,
    /// The text, quotes taken off, lines of a block scalar joined as YAML says (`|` keeps line
    /// breaks, `>` and plain ones fold them to spaces).
    pub value: String,
    /// Where the value stands.
    pub range: Range<usize>,
}

impl FrontMatter {
    /// The values of a field, in order.
    pub fn get<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name == name)
    }
}

/// Front matter at the start of a text, if there is some: a first line `---`, closed by `---` or
/// `...`. One that never closes is none.
pub fn read(source: &str) -> Option<FrontMatter> {
    let from = source.len() - source.trim_start_matches('\u{feff}').len();
    let mut lines = Lines { source, at: from };
    let first = lines.next()?;
    if source[first.clone()].trim_end() != "---" {
        return None;
    }
    let start = lines.at;
    let mut inner = Vec::new();
    let end = loop {
        let line = lines.next()?;
        if matches!(source[line.clone()].trim_end(), "---" | "...") {
            break line;
        }
        inner.push(line);
    };
    let fields = fields(source, &inner);
    Some(FrontMatter { range: from..end.end, inner: start..end.start, fields })
}

/// Ranges of lines, line breaks included.
struct Lines<'a> {
    source: &'a str,
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = self.at..self.at + len;
        self.at = line.end;
        Some(line)
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// `key: rest` of a line: the key, and where the rest starts within the line.
fn pair(line: &str) -> Option<(&str, usize)> {
    let colon = line
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|&at| line[at + 1..].chars().next().is_none_or(char::is_whitespace))?;
    let key = line[..colon].trim().trim_matches(['"', '\'']);
    let plain = !key.is_empty() && key.len() <= 80 && !key.starts_with(['#', '-', '[', '{']);
    plain.then_some((key, colon + 1))
}

fn fields(source: &str, lines: &[Range<usize>]) -> Vec<Field> {
    let mut out = Vec::new();
    let mut outer = String::new();
    let mut at = 0;
    while let Some(range) = lines.get(at) {
        at += 1;
        let line = &source[range.clone()];
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let deep = indent(line);
        if let Some(entry) = trimmed.strip_prefix("- ") {
            let start = range.start + deep + (trimmed.len() - entry.len());
            scalar(source, &outer, start..range.start + deep + trimmed.len(), &mut out);
            continue;
        }
        let Some((key, rest)) = pair(line) else {
            let name = if trimmed.starts_with('#') { "#".to_owned() } else { outer.clone() };
            let start = range.start + deep;
            out.push(Field { name, value: trimmed.to_owned(), range: start..start + trimmed.len() });
            continue;
        };
        let name = match deep {
            0 => key.to_owned(),
            _ if outer.is_empty() => key.to_owned(),
            _ => format!("{}.{key}", outer.split('.').next().unwrap_or_default()),
        };
        let value = line[rest..].trim();
        let start = range.start + rest + indent(&line[rest..]);
        if value.is_empty() {
            outer = if deep == 0 { key.to_owned() } else { name };
            continue;
        }
        if deep == 0 {
            outer = key.to_owned();
        }
        // Lines further in than the key go on with its value.
        let more = lines[at..]
            .iter()
            .take_while(|next| {
                let next = &source[(*next).clone()];
                next.trim().is_empty() || indent(next) > deep
            })
            .count();
        let block = value.trim_end_matches(['-', '+', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        if matches!(block, "|" | ">") {
            let body = &lines[at..at + more];
            at += more;
            let join = if block == "|" { "\n" } else { " " };
            folded(source, &name, body, join, &mut out);
            continue;
        }
        let plain = !value.starts_with(['[', '{', '"', '\'']);
        if more > 0 && plain && lines[at..at + more].iter().all(|next| pair(&source[next.clone()]).is_none())
        {
            let mut body = vec![start..range.end];
            body.extend_from_slice(&lines[at..at + more]);
            at += more;
            folded(source, &name, &body, " ", &mut out);
            continue;
        }
        scalar(source, &name, start..start + value.len(), &mut out);
    }
    out
}

/// Several lines as one value.
fn folded(source: &str, name: &str, body: &[Range<usize>], join: &str, out: &mut Vec<Field>) {
    let texts: Vec<&str> = body.iter().map(|line| source[line.clone()].trim()).collect();
    let (Some(first), Some(last)) = (body.first(), body.last()) else { return };
    let start = first.start + indent(&source[first.clone()]);
    let end = last.start + source[last.clone()].trim_end().len();
    let value = texts.join(join).trim().to_owned();
    out.push(Field { name: name.to_owned(), value, range: start..end.max(start) });
}

/// One line's value: a flow list gives its entries, quotes are taken off.
fn scalar(source: &str, name: &str, range: Range<usize>, out: &mut Vec<Field>) {
    let text = &source[range.clone()];
    if let Some(list) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let mut start = range.start + 1;
        for part in list.split(',') {
            let entry = part.trim();
            let from = start + indent(part);
            if !entry.is_empty() {
                let value = unquoted(entry).to_owned();
                out.push(Field { name: name.to_owned(), value, range: from..from + entry.len() });
            }
            start += part.len() + 1;
        }
        return;
    }
    out.push(Field { name: name.to_owned(), value: unquoted(text).to_owned(), range });
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_of_a_skill() {
        let source = "---\nname: pdf\ndescription: >\n  Reads PDF files.\n  Use it often.\n\
            allowed-tools: [Read, \"Bash(git:*)\"]\nmetadata:\n  author: x\n  tags:\n    - a\n    - b\n---\n# Hi\n";
        let front = read(source).expect("front matter");
        let got: Vec<_> = front.fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(
            got,
            [
                ("name", "pdf"),
                ("description", "Reads PDF files. Use it often."),
                ("allowed-tools", "Read"),
                ("allowed-tools", "Bash(git:*)"),
                ("metadata.author", "x"),
                ("metadata.tags", "a"),
                ("metadata.tags", "b"),
            ]
        );
        assert_eq!(&source[front.fields[0].range.clone()], "pdf");
        assert_eq!(&source[front.range.end..], "# Hi\n");
        assert!(read("---\nname: x\n").is_none());
        assert!(read("# ---\n---\n").is_none());
    }

    proptest! {
        #[test]
        fn ranges_lie_in_the_text(body in "(?:[a-z\\-é:>|\\[\\],\"' ]{0,12}\n){0,12}") {
            let source = format!("---\n{body}---\nrest");
            if let Some(front) = read(&source) {
                for field in &front.fields {
                    prop_assert!(source.get(field.range.clone()).is_some());
                    prop_assert!(front.inner.start <= field.range.start && field.range.end <= front.inner.end);
                }
            }
        }
    }
}
