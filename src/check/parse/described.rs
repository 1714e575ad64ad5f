//! Texts within files that are no prose: comments and documentation of programs, and what
//! configurations and schemas describe.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::shell;
use crate::json::{self, Node, Value};
use crate::model::{Fact, FactKind, LineIndex};
use crate::prose::Origin;
use crate::yaml;

/// A text within a file.
#[derive(Debug)]
pub enum Part {
    /// As it stands in the file.
    Raw(Range<usize>, Origin),
    /// The file with everything else as blanks, so that places stay.
    Masked(String),
    /// A string with escapes, and where it stands.
    Decoded(String, Range<usize>),
}

/// Shortest string that may be a sentence, in bytes.
const MIN: usize = 16;
/// Strings of one file that are read.
const MAX_PARTS: usize = 5_000;

/// The texts in a file with that ending.
pub fn parts(ending: &str, source: &str) -> Vec<Part> {
    let hash = matches!(
        ending,
        "py" | "pyw"
            | "sh"
            | "bash"
            | "zsh"
            | "rb"
            | "pl"
            | "yaml"
            | "yml"
            | "toml"
            | "ps1"
            | "r"
            | "cfg"
            | "ini"
            | "conf"
    );
    let slash = matches!(
        ending,
        "js" | "mjs"
            | "cjs"
            | "ts"
            | "mts"
            | "cts"
            | "tsx"
            | "jsx"
            | "go"
            | "rs"
            | "java"
            | "c"
            | "cpp"
            | "cs"
            | "swift"
            | "php"
            | "jsonc"
    );
    match ending {
        "json" | "jsonc" => strings(source),
        "yaml" | "yml" => {
            let mut parts = vec![Part::Masked(masked(source, true, ending))];
            parts.extend(scalars(source));
            parts
        }
        _ if hash || slash => vec![Part::Masked(masked(source, hash, ending))],
        "html" | "htm" | "svg" | "xml" | "csv" | "srt" | "vtt" => {
            vec![Part::Raw(0..source.len(), Origin::Html)]
        }
        _ => Vec::new(),
    }
}

/// Bytes around the registration of a tool in which what it says of itself stands.
const NEAR: usize = 2_000;
/// Where JavaScript registers a tool.
const REGISTERS: &[&str] = &[
    "registerTool",
    ".tool(",
    "addTool",
    "inputSchema",
    "input_schema",
    "registerPrompt",
    "registerResource",
];

/// The texts that a program of that name offers to agents: all of a Python file, whose documentation
/// is what its tools say; of JavaScript the strings around the places where tools are registered. Bundles
/// have whole interfaces of programs in them, and declarations of types offer nothing.
pub fn offered(name: &str, ending: &str, source: &str) -> Vec<Part> {
    if !matches!(ending, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts") {
        return parts(ending, source);
    }
    if [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| name.ends_with(end)) {
        return Vec::new();
    }
    let mut near: Vec<Range<usize>> = Vec::new();
    let mut places: Vec<usize> = REGISTERS
        .iter()
        .flat_map(|mark| memchr::memmem::find_iter(source.as_bytes(), mark.as_bytes()).take(MAX_PARTS))
        .collect();
    places.sort_unstable();
    for at in places {
        let range = at.saturating_sub(NEAR)..(at + NEAR).min(source.len());
        match near.last_mut() {
            Some(last) if range.start <= last.end => last.end = range.end,
            _ => near.push(range),
        }
    }
    let kept = |at: usize| {
        let after = near.partition_point(|range| range.end <= at);
        near.get(after).is_some_and(|range| range.start <= at)
    };
    let text = mask(source, false, ending, false);
    let blank = |(at, b): (usize, u8)| if b == b'\n' || kept(at) { b } else { b' ' };
    let text = text.into_bytes().into_iter().enumerate().map(blank).collect();
    // A range may cut a character.
    vec![Part::Masked(String::from_utf8(text).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { ' ' }).collect()
    }))]
}

/// The texts of a server's program: its strings, and of Python what documents it.
pub fn said(ending: &str, source: &str) -> Vec<Part> {
    match ending {
        "py" => parts(ending, source),
        _ => vec![Part::Masked(mask(source, false, ending, false))],
    }
}

/// Names of values that are command lines, in configurations of programs of all kinds.
const COMMANDS: &[&str] =
    &["run", "command", "cmd", "exec", "execute", "entrypoint", "script", "shell", "args", "program"];

/// What the commands in a configuration do to the machine, in files that are no script by their
/// name: values of YAML by their keys, and `Command` of MSBuild's `Exec`. Plain programs are no
/// facts; what downloads and runs, sends, stays or destroys is.
pub fn commands(ending: &str, source: &str, index: &LineIndex<'_>) -> Vec<Fact> {
    let mut lines: Vec<(String, Range<usize>)> = Vec::new();
    match ending {
        "yaml" | "yml" => {
            let Ok(roots) = yaml::parse_all(source) else { return Vec::new() };
            let bound = roots.iter().filter_map(binds_admin).map(|range| ("cluster-admin", range));
            let opened = opens_agent(source).map(|range| ("open-agent", range));
            let shapes: Vec<Fact> = bound
                .chain(opened)
                .map(|(name, range)| Fact::new(FactKind::Shape, name, index.span(range.start, range.end)))
                .collect();
            if !shapes.is_empty() {
                return shapes;
            }
            let mut todo: Vec<&yaml::Node<'_>> = roots.iter().collect();
            while let Some(node) = todo.pop() {
                for (key, value) in node.pairs() {
                    let named =
                        key.as_str().is_some_and(|key| COMMANDS.contains(&&*key.to_ascii_lowercase()));
                    if let Some(line) = value.as_str().filter(|_| named && lines.len() < MAX_PARTS) {
                        lines.push((line.to_owned(), value.range.clone()));
                    }
                    todo.push(value);
                }
                todo.extend(node.elements());
            }
        }
        "csproj" | "fsproj" | "vbproj" | "vcxproj" | "proj" | "targets" | "props" => {
            for found in EXEC.captures_iter(source).take(MAX_PARTS) {
                let Some(value) = found.get(1) else { continue };
                let line = value.as_str().replace("&quot;", "\"").replace("&gt;", ">").replace("&amp;", "&");
                lines.push((line, value.range()));
            }
        }
        _ => return Vec::new(),
    }
    lines
        .into_iter()
        .flat_map(|(line, range)| shell::facts(&line, &index.span(range.start, range.end)))
        .filter(|fact| DEEDS.contains(&fact.name.as_str()))
        .collect()
}

/// Events of a forge that anybody can cause.
static BY_ANYBODY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*(?:on\s*:.*|-\s*)?\b(?:issues|issue_comment|pull_request_target|discussion|discussion_comment)\b")
        .expect("the expression is valid")
});
/// Actions that start a coding agent.
static AGENT_ACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*-?\s*uses\s*:\s*\S*(?:claude-code|gemini-cli|codex|openhands|aider|opencode|copilot|qwen)\S*")
        .expect("the expression is valid")
});
/// What lets a stranger's words do everything: no need of rights to ask, nothing that is asked about,
/// or a shell together with all rights.
static LETS_ALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)allowed_non_write_users\s*:\s*["']?\*|--dangerously-skip-permissions\b|--yolo\b|--dangerously-bypass-approvals|\bsandbox\s*:\s*["']?danger-full-access|^permissions\s*:\s*write-all\b"#,
    )
    .expect("the expression is valid")
});

/// Where a workflow hands an agent with all rights to whoever opens an issue.
fn opens_agent(source: &str) -> Option<Range<usize>> {
    let found = LETS_ALL.find(source)?;
    (source.contains("jobs:") && BY_ANYBODY.is_match(source) && AGENT_ACTION.is_match(source))
        .then(|| found.range())
}

/// Where a manifest of Kubernetes gives somebody all rights.
fn binds_admin(root: &yaml::Node<'_>) -> Option<Range<usize>> {
    let text = |node: Option<&yaml::Node<'_>>| node.and_then(yaml::Node::as_str).map(str::to_owned);
    let kind = text(root.get("kind"))?;
    let name = root.get("roleRef")?.get("name")?;
    (matches!(kind.as_str(), "ClusterRoleBinding" | "RoleBinding")
        && matches!(name.as_str(), Some("cluster-admin" | "admin")))
    .then(|| name.range.clone())
}

/// Names of facts that say more than which program is started.
const DEEDS: &[&str] = &[
    "download-and-run",
    "pipe-to-shell",
    "net->process",
    "reverse-shell",
    "persist",
    "destructive",
    "exfiltrate",
    "secret-file->net",
    "miner",
    "encoded",
    "decoded->process",
];

static EXEC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)<Exec\b[^>]*?\bCommand\s*=\s*"([^"]*)""#).expect("the expression is valid")
});

/// Every string of a JSON file that could be a sentence.
fn strings(source: &str) -> Vec<Part> {
    let Ok(root) = json::parse(source) else { return Vec::new() };
    let mut out = Vec::new();
    let mut todo: Vec<&Node<'_>> = vec![&root];
    while let Some(node) = todo.pop() {
        if let Value::String(text) = &node.value
            && text.len() >= MIN
            && !text.is_ascii() | text.contains(' ')
            && out.len() < MAX_PARTS
        {
            let inner = node.range.start + 1..node.range.end.saturating_sub(1);
            out.push(match source.get(inner.clone()) == Some(&**text) {
                true => Part::Raw(inner, Origin::Described),
                false => Part::Decoded(text.to_string(), inner),
            });
        }
        todo.extend(node.members().iter().map(|(.., value)| value));
        todo.extend(node.elements());
    }
    out.reverse();
    out
}

/// Every string of a YAML file that could be a sentence.
fn scalars(source: &str) -> Vec<Part> {
    let Ok(roots) = yaml::parse_all(source) else { return Vec::new() };
    let mut out = Vec::new();
    let mut todo: Vec<&yaml::Node<'_>> = roots.iter().collect();
    while let Some(node) = todo.pop() {
        if let Some(text) = node.as_str()
            && text.len() >= MIN
            && !text.is_ascii() | text.contains(' ')
            && out.len() < MAX_PARTS
        {
            out.push(Part::Decoded(text.to_owned(), node.range.clone()));
        }
        todo.extend(node.pairs().iter().flat_map(|(key, value)| [key, value]));
        todo.extend(node.elements());
    }
    out.reverse();
    out
}

/// Names of the tools that a JSON file describes (MCP `tools/list`): `Declared` facts.
pub fn tools(source: &str, index: &LineIndex<'_>, out: &mut Vec<Fact>) {
    let Ok(root) = json::parse(source) else { return };
    let list = root.get("tools").unwrap_or(&root);
    for tool in list.elements() {
        let described = tool.get("description").is_some() || tool.get("inputSchema").is_some();
        if let Some(name) = tool.get("name").filter(|_| described)
            && let Some(text) = name.as_str()
        {
            let span = index.span(name.range.start, name.range.end);
            out.push(Fact::new(FactKind::Declared, "mcp-tool", span.clone()).value(text));
            out.push(Fact::new(FactKind::Declared, "tool", span).value(super::markdown::tool_of(text)));
        }
    }
}

/// Lists that a program keeps of texts to look for or to try: by the name of the value.
static SAMPLES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b\w*(?:examples|samples|payloads|probes|attacks|positives|injections|canaries|phrases|test_?cases)["']?\s*(?::[^=\n]{0,60}=|[:=])\s*[\[(]"#,
    )
    .expect("the expression is valid")
});
/// Longest list of that kind that is taken for one, in bytes.
const MAX_SAMPLES: usize = 20_000;

/// Where a program lists texts that it looks for or tries. They may be handed to an agent as well (a
/// schema has `examples`), so what stands there is doubted, not passed over.
pub fn samples(source: &str) -> Vec<Range<usize>> {
    let bytes = source.as_bytes();
    let close = |open: usize| {
        let (mut depth, mut quote) = (0usize, None);
        let mut at = open;
        while at < bytes.len().min(open + MAX_SAMPLES) {
            let b = bytes.get(at).copied().unwrap_or_default();
            match (quote, b) {
                (Some(_), b'\\') => at += 1,
                (Some(open), _) if open == b => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'' | b'`') => quote = Some(b),
                (None, b'[' | b'(' | b'{') => depth += 1,
                (None, b']' | b')' | b'}') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(at);
                    }
                }
                (None, _) => {}
            }
            at += 1;
        }
        None
    };
    let found = SAMPLES.find_iter(source).take(MAX_LISTS);
    found.filter_map(|found| Some(found.start()..close(found.end() - 1)?)).collect()
}

/// Lists of one file that are followed to their end.
const MAX_LISTS: usize = 200;

/// Whether a string is a pattern that texts are searched with: it looks for what it says.
fn is_pattern(text: &str) -> bool {
    ["(?:", "(?i", ")?", "\\b", "\\s", "\\w", "\\d", ".*", "|)", ".{0,"]
        .iter()
        .any(|part| text.contains(part))
}

/// A program's comments and long strings, everything else blank. Lines stay lines.
///
/// One pass that knows quotes, so that `#` in a string opens no comment; a quote that never
/// closes ends with its line, unless it is one of three.
fn masked(source: &str, hash: bool, ending: &str) -> String {
    mask(source, hash, ending, true)
}

/// The same with or without the comments.
fn mask(source: &str, hash: bool, ending: &str, comments: bool) -> String {
    let bytes = source.as_bytes();
    let mut keep = vec![false; bytes.len()];
    let triple = matches!(ending, "py" | "pyw" | "toml");
    let mut at = 0;
    while at < bytes.len() {
        let rest = source.get(at..).unwrap_or_default();
        let b = bytes[at];
        let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
        let end_of_line = || memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
        let comment = match hash {
            true => b == b'#' && before.is_ascii_whitespace(),
            false => rest.starts_with("//") && before != b':',
        };
        let (end, inner) = if comment {
            let end = end_of_line();
            (end, comments.then_some(at..end))
        } else if !hash && rest.starts_with("/*") {
            let close = memchr::memmem::find(&bytes[at + 2..], b"*/").map(|len| at + 2 + len);
            let inner = at..close.unwrap_or(bytes.len());
            (close.map_or(bytes.len(), |at| at + 2), comments.then_some(inner))
        } else if triple && (rest.starts_with("\"\"\"") || rest.starts_with("'''")) {
            let close = memchr::memmem::find(&bytes[at + 3..], &bytes[at..at + 3]).map(|len| at + 3 + len);
            (close.map_or(bytes.len(), |at| at + 3), Some(at + 3..close.unwrap_or(bytes.len())))
        } else if matches!(b, b'"' | b'\'' | b'`') {
            let multi = b == b'`' && !hash;
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b && (multi || bytes[end] != b'\n') {
                end += 1 + usize::from(bytes[end] == b'\\');
            }
            let end = end.min(bytes.len());
            let text = source.get(at + 1..end).unwrap_or_default();
            let told = text.split_whitespace().count() >= 5 && !is_pattern(text);
            (end + 1, told.then(|| at + 1..end))
        } else {
            (at + 1, None)
        };
        for kept in inner.into_iter().flatten() {
            if let Some(kept) = keep.get_mut(kept) {
                *kept = true;
            }
        }
        at = end.max(at + 1);
    }
    // Whole characters only: a range starts and ends at ASCII.
    let mut out = Vec::with_capacity(bytes.len());
    for (at, &b) in bytes.iter().enumerate() {
        out.push(if keep[at] || b == b'\n' { b } else { b' ' });
    }
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comments_and_documentation_are_read() {
        let text =
            masked("x = '#no'  # Send é it\ndef f():\n    \"\"\"Do this.\n    Now.\"\"\"\n", true, "py");
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>(),
            ["#", "Send", "é", "it", "Do", "this.", "Now."]
        );
        let text =
            masked("let u = 'http://x'; // one\n/* two */ f(`three four five six seven`)", false, "js");
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>(),
            ["//", "one", "/*", "two", "three", "four", "five", "six", "seven"]
        );
    }

    proptest! {
        #[test]
        fn places_stay(text in "(?:[a-z é#/*'\"`\\\\\n ]|\"\"\"|//|/\\*){0,60}") {
            for (hash, ending) in [(true, "py"), (false, "js")] {
                prop_assert_eq!(masked(&text, hash, ending).len(), text.len());
            }
        }
    }
}
