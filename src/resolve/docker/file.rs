//! The syntax of a Dockerfile (<https://docs.docker.com/reference/dockerfile/>): instructions with
//! continued lines, comments, parser directives, here documents.

use crate::json::ByteRange;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// In upper case.
    pub name: String,
    /// What follows it, of the same length as in the file: signs of continuation and comments are
    /// blanks here.
    pub text: String,
    /// Offset of `text` in the file.
    pub at: usize,
    /// Here documents: offset and body.
    pub documents: Vec<(usize, String)>,
    /// Whether it is for images made from this one.
    pub on_build: bool,
}

/// A file, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// The image that reads the file (`# syntax=`), if it names one.
    pub syntax: Option<(String, ByteRange)>,
    /// The instructions, in order.
    pub instructions: Vec<Instruction>,
}

/// Takes a file apart. Every text is one; what its instructions are worth, the caller sees.
pub fn read(text: &str) -> Dockerfile {
    let mut out = Dockerfile::default();
    let mut escape = '\\';
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        lines.push((start, line));
        start += line.len() + 1;
    }
    let mut at = 0;
    // Parser directives stand before everything else.
    while let Some((start, line)) = lines.get(at) {
        let bare = line.trim_start_matches('\u{feff}').trim();
        let directive = bare.strip_prefix('#').and_then(|rest| rest.split_once('='));
        let Some((key, value)) = directive else { break };
        match key.trim().to_ascii_lowercase().as_str() {
            "syntax" => {
                let value = value.trim();
                let from = start + line.rfind(value).unwrap_or(0);
                out.syntax = Some((value.to_owned(), from..from + value.len()));
            }
            "escape" if value.trim() == "`" => escape = '`',
            "escape" | "check" => {}
            _ => break,
        }
        at += 1;
    }
    while let Some(&(start, line)) = lines.get(at) {
        at += 1;
        let bare = line.trim_start_matches('\u{feff}').trim_start();
        if bare.trim_end().is_empty() || bare.starts_with('#') {
            continue;
        }
        let begin = start + line.len() - bare.len();
        let mut text = String::new();
        let mut next = Some(bare);
        while let Some(part) = next.take() {
            let kept = part.trim_end();
            let Some(joined) = kept.strip_suffix(escape) else {
                text.push_str(part);
                break;
            };
            text.push_str(joined);
            blank(part.len() - joined.len(), &mut text);
            // Comments and empty lines between continued ones are no part of it.
            while let Some((_, line)) = lines.get(at) {
                at += 1;
                text.push(' ');
                if line.trim_start().starts_with('#') || line.trim().is_empty() {
                    blank(line.len(), &mut text);
                } else {
                    next = Some(line);
                    break;
                }
            }
        }
        let mut instruction = instruction(&text, begin);
        for (delimiter, tabs) in delimiters(&instruction) {
            let mut body = String::new();
            let from = lines.get(at).map_or(text.len(), |(start, _)| *start);
            while let Some((_, line)) = lines.get(at) {
                at += 1;
                let own = line.trim_end_matches('\r');
                let own = if tabs { own.trim_start_matches('\t') } else { own };
                if own == delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            // A document that is not closed ends with the file, which may lack the last newline.
            instruction.documents.push((from, body));
        }
        out.instructions.push(instruction);
    }
    out
}

fn blank(count: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', count));
}

fn instruction(text: &str, begin: usize) -> Instruction {
    let mut rest = text;
    let mut on_build = false;
    loop {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_uppercase();
        let after = rest[end..].trim_start();
        let at = begin + text.len() - after.len();
        if name == "ONBUILD" && !on_build {
            on_build = true;
            rest = after;
            continue;
        }
        return Instruction { name, text: after.to_owned(), at, documents: Vec::new(), on_build };
    }
}

/// `<<NAME`, `<<-"NAME"` of instructions that take them.
fn delimiters(instruction: &Instruction) -> Vec<(String, bool)> {
    if !matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut rest = instruction.text.as_str();
    while let Some(at) = rest.find("<<") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + 2..];
        let tabs = rest.starts_with('-');
        let word = rest.strip_prefix('-').unwrap_or(rest);
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        let word = word.trim_start_matches(['"', '\'']);
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(word.len());
        let own = before.is_none_or(|c| c.is_whitespace() || c.is_ascii_digit() || c == '<');
        if end > 0 && own && before != Some('<') && quote.is_none_or(|c| word[end..].starts_with(c)) {
            out.push((word[..end].to_owned(), tabs));
        }
    }
    out
}

/// Splits off the flags (`--from=x`) that stand first: name and value, each with its offset, and
/// the offset of the rest.
pub fn flags(text: &str) -> (Vec<(&str, &str, usize)>, usize) {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let word = rest.trim_start();
        let start = at + rest.len() - word.len();
        let Some(flag) = word.strip_prefix("--") else { return (out, start) };
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        let (name, value) = flag[..end].split_once('=').unwrap_or((&flag[..end], ""));
        out.push((name, value, start));
        at = start + 2 + end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instructions_with_their_places() {
        let text = "# syntax=docker/dockerfile:1\n# escape=`\n\n# c\nfrom a `\n # c\n\n  as b\nONBUILD RUN x\nRUN <<E sh && y\n echo <<F\nE\ncopy <<-'A' <<B /\n\tA\nb\nB\nRUN z";
        let file = read(text);
        assert_eq!(file.syntax, Some(("docker/dockerfile:1".to_owned(), 9..28)));
        let names: Vec<_> = file.instructions.iter().map(|i| (i.name.as_str(), i.on_build)).collect();
        assert_eq!(names, [("FROM", false), ("RUN", true), ("RUN", false), ("COPY", false), ("RUN", false)]);
        assert_eq!(file.instructions[0].text.split_whitespace().collect::<Vec<_>>(), ["a", "as", "b"]);
        assert_eq!(file.instructions[2].documents[0].1, " echo <<F\n");
        assert_eq!(file.instructions[3].documents.len(), 2);
        for instruction in &file.instructions {
            assert!(text[instruction.at..].starts_with(instruction.text.split(' ').next().unwrap()));
        }
        assert_eq!(flags("--a=b  --c d"), (vec![("a", "b", 0), ("c", "", 7)], 11));
    }

    proptest! {
        #[test]
        fn places_lie_in_the_file(text in "(FROM |RUN |COPY |ADD |ARG |<<E\n|E\n|--from=|\\\\\n|# |[a-z$`\"\n ]|\\PC){0,40}") {
            for instruction in read(&text).instructions {
                prop_assert!(text.get(instruction.at..).is_some_and(|rest| rest.len() >= instruction.text.len()));
                prop_assert!(text.get(instruction.at..instruction.at + instruction.text.len()).is_some());
                for (at, body) in instruction.documents {
                    prop_assert!(at + body.len() <= text.len() + 1);
                }
                flags(&instruction.text);
            }
        }
    }
}
