//! Code blocks and command lines in inline code of a Markdown text: each goes to the parser of its
//! language, and what is found stands on the lines of the text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{commandlike, commands, file as parse_file};
use crate::json;
use crate::model::{Fact, FactKind, LineIndex, Polarity, Span};
use crate::prose::clause::Reading;
use crate::prose::frame::Setting;
use crate::prose::{BlockKind, Document, markdown, polarity, sentence};

/// Endings of the parsers for the languages of code blocks.
fn ending_of(language: &str) -> Option<&'static str> {
    Some(match language {
        "sh" | "bash" | "shell" | "zsh" | "console" | "terminal" | "shell-session" | "shellscript"
        | "sh-session" | "fish" => "sh",
        "powershell" | "ps1" | "pwsh" | "ps" => "ps1",
        "bat" | "cmd" | "batch" | "dosbatch" => "bat",
        "python" | "py" | "python3" => "py",
        "js" | "javascript" | "node" | "mjs" | "cjs" => "js",
        "jsx" => "jsx",
        "ts" | "typescript" => "ts",
        "tsx" => "tsx",
        "json" | "jsonc" | "json5" => "json",
        "yaml" | "yml" => "yaml",
        "ruby" | "rb" => "rb",
        "rust" | "rs" => "rs",
        _ => return None,
    })
}

/// Longest code block that is parsed.
const MAX_CODE: usize = 256 << 10;
/// Code blocks of one document that are parsed.
const MAX_BLOCKS: usize = 500;

/// Parses each code block by its language; places are those of the document. The lines of code.
pub fn facts(
    document: &Document,
    source: &str,
    index: &LineIndex<'_>,
    test: bool,
    out: &mut Vec<Fact>,
) -> u64 {
    let settings = polarity::settings(document, source, test);
    let mut lines = 0;
    let blocks = document
        .blocks
        .iter()
        .zip(&settings)
        .filter(|(block, _)| matches!(block.kind, BlockKind::Code { .. }));
    for ((_, setting), code) in blocks.zip(document.code_blocks(source)).take(MAX_BLOCKS) {
        let commands = code.language.is_empty() && commandlike::looks(&code.text);
        let object = code.language.is_empty() && code.text.trim_start().starts_with('{');
        let other = if object { Some("json") } else { commands.then_some("sh") };
        let Some(ending) = ending_of(code.language).or(other) else { continue };
        if code.text.len() <= MAX_CODE && ending == "json" {
            snippet(&code, of_setting(*setting), index, out);
        }
        if code.text.len() > MAX_CODE || ending == "json" || ending == "yaml" {
            continue;
        }
        let text = if ending == "sh" { without_prompts(&code.text) } else { code.text.to_string() };
        let parsed = parse_file(&format!("block.{ending}"), text.as_bytes());
        lines += parsed.code_lines;
        let meant = of_setting(*setting);
        for mut fact in parsed.facts {
            // A piece of a program need not be a whole one, and characters are looked at in the file.
            if matches!(fact.kind, FactKind::File | FactKind::Text) {
                continue;
            }
            let line = text.lines().nth((fact.span.line as usize).saturating_sub(1)).unwrap_or_default();
            if !commands::settle(&mut fact, line) {
                continue;
            }
            fact.span = moved(&fact.span, &code, index);
            fact.context.polarity = meant;
            out.push(fact);
        }
    }
    inline(document, source, index, &settings, out);
    lines
}

/// How deep the settings of a snippet are followed.
const MAX_DEPTH: usize = 8;

/// Settings that a text shows as JSON, by their paths, as a file of settings has them. A list of
/// MCP servers is read by `resolve`.
fn snippet(code: &markdown::Code<'_>, meant: Polarity, index: &LineIndex<'_>, out: &mut Vec<Fact>) {
    // Settings may have comments, and places stay.
    let text = json::relaxed::relax(&code.text);
    let Ok(root) = json::parse(&text) else { return };
    let mut todo: Vec<(String, &json::Node<'_>, usize)> = vec![(String::new(), &root, 0)];
    while let Some((path, node, depth)) = todo.pop() {
        let value = match (node.as_str(), node.as_bool()) {
            (Some(text), _) => Some(text),
            (_, Some(true)) => Some("true"),
            (_, Some(false)) => Some("false"),
            _ => None,
        };
        if let Some(value) = value {
            let (from, to) = (code.offset(node.range.start), code.offset(node.range.end.max(1) - 1) + 1);
            let mut fact = Fact::new(FactKind::Manifest, &*path, index.span(from, to)).value(value);
            fact.context.polarity = meant;
            out.push(fact);
        }
        if depth < MAX_DEPTH {
            for (name, _, child) in node.members() {
                let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                todo.push((path, child, depth + 1));
            }
            todo.extend(node.elements().iter().map(|child| (path.clone(), child, depth + 1)));
        }
    }
}

/// Inline code of one document that is parsed.
const MAX_INLINE: usize = 500;

/// Command lines in inline code: `run \`curl …\``, each meant as its sentence is.
fn inline(
    document: &Document,
    source: &str,
    index: &LineIndex<'_>,
    settings: &[Setting],
    out: &mut Vec<Fact>,
) {
    let is_command = |piece: &markdown::Piece| {
        let text = piece.text(source);
        piece.kind == markdown::PieceKind::Code
            && text.split_whitespace().nth(1).is_some()
            && commandlike::looks(text)
    };
    let mut all: Vec<(usize, &markdown::Piece)> = Vec::new();
    for (at, block) in document.blocks.iter().enumerate() {
        all.extend(block.pieces.iter().filter(|piece| is_command(piece)).map(|piece| (at, piece)));
    }
    all.truncate(MAX_INLINE);
    if all.is_empty() {
        return;
    }
    let sentences = sentence::of(document, source, &|_| None);
    let readings: Vec<(&sentence::Sentence, Reading<'_>)> = sentences
        .iter()
        .filter(|sentence| {
            sentence.layer == 0 && all.binary_search_by_key(&sentence.block, |found| Some(found.0)).is_ok()
        })
        .map(|sentence| (sentence, Reading::new(&sentence.folded.text, &sentence.folded.code)))
        .collect();
    let mut together: BTreeMap<usize, Vec<(&str, Range<usize>)>> = BTreeMap::new();
    for (at, piece) in all {
        let setting = settings.get(at).copied().unwrap_or_default();
        let place = readings.iter().filter(|(sentence, _)| sentence.block == Some(at)).find_map(
            |(sentence, reading)| {
                let code = sentence.folded.code.iter().find(|code| {
                    let from = sentence.folded.source.get(code.start).map_or(usize::MAX, |&at| at as usize);
                    piece.range.start <= from && from < piece.range.end
                })?;
                Some((reading, code))
            },
        );
        let meant = match place {
            Some((reading, code)) => commands::meant(reading, code, setting),
            // A sentence that was cut within the command: only the structure speaks.
            None => of_setting(setting),
        };
        let text = piece.text(source);
        // What is left out makes of a command the picture of one.
        let meant = if meant == Polarity::Told && text.contains('…') { Polarity::Example } else { meant };
        if meant == Polarity::Told {
            together.entry(at).or_default().push((text, piece.range.clone()));
        }
        for mut fact in parse_file("inline.sh", text.as_bytes()).facts {
            if matches!(fact.kind, FactKind::File | FactKind::Text) || !commands::settle(&mut fact, text) {
                continue;
            }
            fact.span = index.span(piece.range.start, piece.range.end);
            fact.context.polarity = meant;
            out.push(fact);
        }
    }
    for commands in together.values() {
        joined(commands, index, out);
    }
}

/// What the commands of one paragraph do one after the other: what the first packs, the last sends.
fn joined(commands: &[(&str, Range<usize>)], index: &LineIndex<'_>, out: &mut Vec<Fact>) {
    let Some((_, last)) = commands.last().filter(|_| commands.len() > 1) else { return };
    let script: String = commands.iter().map(|(text, _)| format!("{text}\n")).collect();
    for mut fact in parse_file("inline.sh", script.as_bytes()).facts {
        let sent = fact.kind == FactKind::Flow && fact.name.ends_with("->net");
        if sent || (fact.kind == FactKind::Shell && fact.name == "exfiltrate") {
            fact.span = index.span(last.start, last.end);
            fact.steps.clear();
            out.push(fact);
        }
    }
}

/// How the structure alone says that code is meant.
fn of_setting(setting: Setting) -> Polarity {
    match setting {
        setting if setting.test => Polarity::TestData,
        setting if setting.negated => Polarity::Negated,
        setting if setting.warned => Polarity::Warned,
        setting if setting.shown => Polarity::Example,
        _ => Polarity::Told,
    }
}

fn moved(span: &Span, code: &markdown::Code<'_>, index: &LineIndex<'_>) -> Span {
    let (start, end) = (code.offset(span.start as usize), code.offset((span.end as usize).max(1) - 1));
    index.span(start, (end + usize::from(span.end > span.start)).max(start))
}

/// Prompts as spaces; where some lines have one, the others are output and blank.
fn without_prompts(text: &str) -> String {
    let prompted = text.lines().any(|line| line.trim_start().starts_with("$ "));
    let mut out = String::with_capacity(text.len());
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start();
        let prompt = bare.starts_with("$ ");
        if prompt {
            let at = line.len() - bare.len();
            out.push_str(&line[..at]);
            out.push(' ');
            out.push_str(&line[at + 1..]);
        } else if prompted && !goes_on {
            out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
        goes_on = line.trim_end().ends_with('\\') && (prompt || goes_on);
    }
    out
}
