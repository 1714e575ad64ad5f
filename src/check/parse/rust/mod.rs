//! The Rust parser: a lexer pass over every file ([`survey`]), then `syn` and a walk over its tree
//! ([`walk`]) where the pass cannot prove that they would find nothing more, without the functions
//! in which they would find nothing ([`prune`]).
//!
//! In: a file's path and text. Out: facts with resolved names and folded constants, lines of
//! code, exports, files loaded. A file that does not parse is scanned by tokens and says so
//! (`unparsed`); one that nests too deep for any parser says that (`too-deep`) and keeps the
//! lexer's facts.

mod api;
mod aside;
mod calls;
mod constant;
mod depth;
mod entropy;
mod eval;
pub(in crate::check::parse) mod facts;
mod fetched;
mod fold;
mod guard;
mod harm;
mod held;
mod hidden;
mod items;
mod keys;
mod lenient;
mod lex;
mod literal;
mod local;
mod macros;
mod prune;
mod resolve;
mod sent;
mod summary;
mod survey;
mod switches;
mod together;
mod told;
mod verified;
mod walk;
mod weak;
mod words;

#[cfg(test)]
mod tests;

use syn::parse::Parser;

use super::Parsed;
use crate::model::{FactKind, Treatment};
use facts::Raw;
use prune::Left;
use survey::Survey;

/// Files that nest deeper go to the parser as they are.
const PRUNED: u64 = 1_000;

/// Stack of the thread for a file that nests deeper than most.
const STACK: usize = 256 << 20;

/// Parses one file.
pub fn parse(path: &str, text: &str) -> Parsed {
    run(path, text, true)
}

/// Parses one file with `syn` even where the lexer would do: the yardstick for the fast path.
pub fn parse_fully(path: &str, text: &str) -> Parsed {
    run(path, text, false)
}

fn run(path: &str, text: &str, fast: bool) -> Parsed {
    let start = lex::body_start(text);
    let body = &text[start..];
    let mut survey = survey::survey(path, body);
    // What these look for spans functions that the walk would find nothing in.
    let spans = switches::may_have(body) || harm::masks(body) || verified::may_have(body);
    let spans = spans || lenient::may_have(body) || weak::may_have(body) || aside::may_have(body);
    if spans || together::may_hide(body) {
        (survey.needs_parser, survey.needs_all) = (true, true);
    }
    survey.raws.extend(lenient::verifies(body));
    survey.raws.extend(together::facts(body));
    let lexed = || Treatment::Lexed("rust".to_owned());
    if survey.depth > depth::LIMIT {
        let raw = Raw::new(FactKind::File, "too-deep", 0..0).value(format!(
            "nests {} steps deep, the limit is {}",
            survey.depth,
            depth::LIMIT
        ));
        return done(path, text, start, survey, vec![raw], Treatment::Text);
    }
    let fast = fast && survey.is_rust;
    if fast && !survey.needs_parser {
        return done(path, text, start, survey, Vec::new(), lexed());
    }
    let mut part = None;
    if fast && !survey.needs_all && survey.depth <= PRUNED {
        match prune::prune(body, &survey.foreign) {
            Left::Nothing(raws) => return done(path, text, start, survey, raws, lexed()),
            Left::Part(text) => part = Some(text),
            Left::Whole => {}
        }
    }
    let parsed = part.as_deref().unwrap_or(body);
    let read = |text: &str| {
        if survey.depth > depth::SHALLOW { on_large_stack(path, text) } else { syntax(path, text) }
    };
    let mut result = read(parsed);
    if result.is_err()
        && survey.is_rust
        && survey.depth <= PRUNED
        && let Some(plain) = prune::without_aliases(parsed, &survey.foreign)
        && let Ok(raws) = read(&plain)
    {
        result = Ok(raws);
    }
    match result {
        Ok(raws) => done(path, text, start, survey, raws, Treatment::Parsed("rust".to_owned())),
        Err(raw) => done(path, text, start, survey, vec![raw], Treatment::Text),
    }
}

/// The parser recurses; a thread of its own makes that safe whatever stack the caller has.
fn on_large_stack(path: &str, body: &str) -> Result<Vec<Raw>, Raw> {
    let failed = |why: &str| Raw::new(FactKind::File, "unparsed", 0..0).value(why);
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || syntax(path, body))
            .map_err(|error| failed(&format!("no thread to parse on: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(failed("the parser failed")))
    })
}

/// Parses with `syn` and walks over what it gives; or the `unparsed` fact.
fn syntax(path: &str, body: &str) -> Result<Vec<Raw>, Raw> {
    let result = parse_any(body)
        .map(|file| {
            let mut raws = walk::walk(path, &file, body);
            raws.extend(entropy::shapes(&file));
            if sent::may_have(body) {
                raws.extend(sent::facts(&file));
            }
            if switches::may_have(body) {
                raws.extend(switches::shapes(&file));
            }
            if verified::may_have(body) {
                raws.extend(verified::fact(&file, &raws));
            }
            if lenient::may_have(body) {
                raws.extend(lenient::shapes(&file));
            }
            if weak::may_have(body) {
                raws.extend(weak::shapes(&file, body));
            }
            if aside::may_have(body) {
                raws.extend(aside::shapes(&file));
            }
            raws.extend(together::hidden(&raws));
            if together::keeps_own_token(body) {
                raws.retain(|raw| raw.name != "secret-file->net");
            }
            with_conditions(raws, body)
        })
        .map_err(|error| {
            let range = error.span().byte_range();
            let end = range.end.max(range.start);
            Raw::new(FactKind::File, "unparsed", range.start..end).value(error.to_string())
        });
    // Every text that proc-macro2 parses stays in a map of the thread until this call.
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

/// Guards show their condition as it is written.
fn with_conditions(mut raws: Vec<Raw>, body: &str) -> Vec<Raw> {
    for raw in raws.iter_mut().filter(|raw| raw.kind == FactKind::Guard) {
        raw.value = body.get(raw.start..raw.end).unwrap_or("").trim().to_owned();
    }
    raws
}

/// A whole file, or what `include!` may take: statements, or an expression.
fn parse_any(body: &str) -> syn::Result<syn::File> {
    let error = match syn::parse_str::<syn::File>(body) {
        Ok(file) => return Ok(file),
        Err(error) => error,
    };
    let stmts = syn::Block::parse_within.parse_str(body).map_err(|_| error)?;
    let block = syn::Block { brace_token: syn::token::Brace::default(), stmts };
    Ok(walk::as_file(block))
}

fn done(
    path: &str,
    text: &str,
    start: usize,
    survey: Survey,
    raws: Vec<Raw>,
    treatment: Treatment,
) -> Parsed {
    let Survey { raws: mut all, mut ranges, code_lines, exports, local, .. } = survey;
    all.extend(raws);
    let flows = summary::take(path, text.get(start..).unwrap_or(""), &mut all);
    if start > 0 {
        for raw in &mut all {
            raw.start += start;
            raw.end += start;
        }
        for range in ranges.test.iter_mut().chain(&mut ranges.top_level) {
            *range = range.start + start..range.end + start;
        }
    }
    Parsed { treatment, facts: facts::finish(path, text, all, &ranges), code_lines, exports, local, flows }
}
