//! JavaScript, TypeScript and JSX.
//!
//! A file is scanned for its depth, parsed with oxc, its scopes are built, every name is bound to
//! what it was given ([`bind`]), and one walk ([`emit`]) reports what is used, with names resolved
//! and constants folded on demand ([`resolve`], [`fold`]). Strings that decode into code are
//! looked at again as files of their own. What cannot be parsed is left to the text checks and
//! said to be so.

pub(super) mod api;
mod bind;
mod depth;
mod emit;
mod flow;
mod fold;
mod harm;
pub(super) mod key;
pub(super) mod literal;
mod planted;
mod resolve;
mod shape;
mod value;

use oxc_allocator::Allocator;
use oxc_ast::ast::{Comment, Program};
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

use super::Parsed;
use crate::model::{Fact, FactKind, LineIndex, Span, Treatment};

/// Layers of encoding that are taken off.
const MAX_LAYERS: u8 = 3;

/// Bytes of decoded text that are looked at again, for one file.
const MAX_DECODED: usize = 4 << 20;

/// Parses one file.
pub fn parse(path: &str, text: &str) -> Parsed {
    let index = LineIndex::new(path, text);
    let mut budget = MAX_DECODED;
    let mut parsed = match analyse(path, text, &Place::File(&index), 0, &mut budget) {
        Ok(parsed) => parsed,
        Err(fact) => Parsed { facts: vec![*fact], ..Parsed::only(Treatment::Text) },
    };
    parsed.put_in_order();
    parsed
}

/// Where the facts of a text are shown.
enum Place<'i, 'a> {
    /// Where they stand in the file.
    File(&'i LineIndex<'a>),
    /// At the literal that was decoded.
    Literal(&'i Span),
}

impl Place<'_, '_> {
    fn span(&self, span: oxc_span::Span) -> Span {
        match self {
            Self::File(index) => index.span(span.start as usize, span.end as usize),
            Self::Literal(span) => (*span).clone(),
        }
    }

    fn whole(&self) -> Span {
        match self {
            Self::File(index) => Span::file(index.file().clone()),
            Self::Literal(span) => (*span).clone(),
        }
    }
}

fn analyse(
    path: &str,
    text: &str,
    place: &Place<'_, '_>,
    layer: u8,
    budget: &mut usize,
) -> Result<Parsed, Box<Fact>> {
    if let Some(why) = depth::too_deep(text) {
        return Err(Box::new(Fact::new(FactKind::File, "too-deep", place.whole()).value(why)));
    }
    let mut first_error = None;
    for source_type in source_types(path) {
        let allocator = Allocator::default();
        let options = ParseOptions {
            // Node.js wraps CommonJS files in a function.
            allow_return_outside_function: true,
            preserve_parens: false,
            ..ParseOptions::default()
        };
        let parsed = Parser::new(&allocator, text, source_type).with_options(options).parse();
        if parsed.panicked || parsed.diagnostics.iter().next().is_some() {
            if first_error.is_none() {
                let error = parsed.diagnostics.iter().next();
                let message =
                    error.map_or_else(|| "not JavaScript".to_owned(), |error| error.message.to_string());
                let at = error.and_then(|error| error.labels.iter().next().map(|label| label.offset()));
                first_error = Some((message, at));
            }
            continue;
        }
        let program: &Program<'_> = allocator.alloc(parsed.program);
        let semantic = SemanticBuilder::new().build(program).semantic;
        let scoping = semantic.into_scoping();
        let bindings = bind::collect(program, &scoping);
        let unit = emit::Unit { path, text, place, layer };
        let mut found = emit::run(&unit, program, &scoping, bindings);
        for hidden in std::mem::take(&mut found.hidden) {
            if layer >= MAX_LAYERS || hidden.text.len() > *budget {
                continue;
            }
            *budget -= hidden.text.len();
            found.facts.extend(hidden_layer(path, &hidden, layer + 1, budget));
        }
        // What is written is not run here: of it only harm counts, not what it reaches.
        for hidden in std::mem::take(&mut found.written) {
            if layer >= MAX_LAYERS || hidden.text.len() > *budget {
                continue;
            }
            *budget -= hidden.text.len();
            found.facts.extend(written_layer(path, &hidden, layer + 1, budget));
        }
        let name = if source_type.is_typescript() { "ts" } else { "js" };
        return Ok(Parsed {
            treatment: Treatment::Parsed(name.to_owned()),
            facts: found.facts,
            code_lines: code_lines(text, &program.comments),
            exports: found.exports,
            local: found.local,
            flows: found.flows,
        });
    }
    let (message, at) = first_error.unwrap_or_else(|| ("not JavaScript".to_owned(), None));
    let span = match at {
        Some(at) => place.span(oxc_span::Span::new(at, at + 1)),
        None => place.whole(),
    };
    Err(Box::new(Fact::new(FactKind::File, "unparsed", span).value(message)))
}

/// The facts of a decoded text, shown at its literal.
fn hidden_layer(path: &str, hidden: &emit::Hidden, layer: u8, budget: &mut usize) -> Vec<Fact> {
    // The module system does not matter here: what a string holds is tried in every way.
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let name = format!("{folder}/decoded.js");
    let Ok(mut parsed) = analyse(&name, &hidden.text, &Place::Literal(&hidden.span), layer, budget) else {
        return Vec::new();
    };
    for fact in &mut parsed.facts {
        fact.context.layer = fact.context.layer.max(layer);
        fact.context.top_level &= hidden.top_level;
    }
    parsed.facts
}

/// Deeds of a shell script that count where a program writes one.
const WRITTEN_DEEDS: &[&str] = &["pipe-to-shell", "download-and-run", "reverse-shell", "exfiltrate"];

/// The harm in a text that is written to a file, shown at the call that writes it.
fn written_layer(path: &str, hidden: &emit::Hidden, layer: u8, budget: &mut usize) -> Vec<Fact> {
    if hidden.text.starts_with("#!") && !hidden.text.lines().next().is_some_and(|line| line.contains("node"))
    {
        let index = LineIndex::new(path, &hidden.text);
        let (facts, _) = crate::check::shell::script(&hidden.text, &index);
        let deeds = facts.into_iter().filter(|fact| WRITTEN_DEEDS.contains(&fact.name.as_str()));
        return deeds
            .map(|mut fact| {
                fact.span = hidden.span.clone();
                fact.context.layer = fact.context.layer.max(layer);
                fact.context.top_level = hidden.top_level;
                fact
            })
            .collect();
    }
    let mut facts = hidden_layer(path, hidden, layer, budget);
    facts.retain(|fact| fact.kind == FactKind::Flow);
    if hidden.page {
        facts.retain(|fact| matches!(fact.name.as_str(), "caught->net" | "browser->net" | "card->picture"));
    }
    facts
}

/// The ways to read a file, the likeliest first.
fn source_types(path: &str) -> Vec<SourceType> {
    let (js, script, ts, tsx) = (SourceType::mjs(), SourceType::cjs(), SourceType::ts(), SourceType::tsx());
    match path.rsplit('.').next().unwrap_or("") {
        "ts" | "mts" | "cts" if [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end)) => {
            vec![SourceType::d_ts(), ts]
        }
        "ts" | "mts" | "cts" => vec![ts, tsx, js, script],
        "tsx" => vec![tsx, ts],
        "cjs" => vec![script, SourceType::script(), js, js.with_jsx(true), tsx, ts],
        _ => vec![js, script, SourceType::script(), js.with_jsx(true), script.with_jsx(true), tsx, ts],
    }
}

/// Lines that hold something other than white space and comments.
fn code_lines(text: &str, comments: &[Comment]) -> u64 {
    let bytes = text.as_bytes();
    let (mut count, mut seen, mut at) = (0, false, 0);
    let mut comments = comments.iter().peekable();
    while at < bytes.len() {
        if let Some(comment) = comments.peek()
            && at >= comment.span.start as usize
        {
            let end = (comment.span.end as usize).min(bytes.len()).max(at);
            if memchr::memchr(b'\n', &bytes[at..end]).is_some() {
                count += u64::from(seen);
                seen = false;
            }
            at = end;
            comments.next();
            continue;
        }
        // To the next comment or the end of the line, whichever is nearer.
        let stop =
            comments.peek().map_or(bytes.len(), |comment| comment.span.start as usize).min(bytes.len());
        let line = memchr::memchr(b'\n', &bytes[at..stop]).map_or(stop, |n| at + n);
        seen |= bytes[at..line].iter().any(|byte| !byte.is_ascii_whitespace());
        at = line;
        if at < stop {
            count += u64::from(seen);
            seen = false;
            at += 1;
        }
    }
    count + u64::from(seen)
}

#[cfg(test)]
mod tests;
