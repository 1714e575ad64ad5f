//! Python.
//!
//! A file is scanned for its depth, parsed with the parser of ruff, its scopes are built
//! ([`scope`]), and one walk ([`emit`]) reports what is used, with names resolved and constants
//! folded on demand ([`resolve`]). Strings that are run as code are looked at again as files of
//! their own. Python 2 is read where its old forms can be written in new ones of the same length
//! ([`legacy`]); what cannot be parsed at all is said to be so, and what the parser recovered is
//! looked at all the same.

mod acts;
mod amiss;
mod approx;
mod calls;
mod decode;
mod depth;
mod emit;
mod flow;
mod harm;
mod legacy;
mod local;
mod notebook;
mod resolve;
mod scope;
mod shape;
mod starts;
mod strings;
mod value;
mod verified;

pub use starts::install_files;

use std::sync::OnceLock;

use ruff_python_ast::Mod;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use super::Parsed;
use super::js::api::Api;
use crate::model::{Fact, FactKind, LineIndex, Span, Treatment};

/// Layers of encoding that are taken off.
const MAX_LAYERS: u8 = 3;
/// Bytes of decoded text that are looked at again, for one file.
const MAX_DECODED: usize = 4 << 20;
/// Stack for files that nest deeply, in bytes: only what is used is taken from the system.
const STACK: usize = 512 << 20;

/// The table of what names reach.
fn api() -> &'static Api {
    static TABLE: OnceLock<Api> = OnceLock::new();
    TABLE.get_or_init(|| {
        Api::parse(include_str!("../../../../rules/api/python.toml"))
            .expect("the built-in API table is well-formed: a test reads it")
    })
}

/// The file that is walked.
struct Unit<'u, 'i> {
    path: &'u str,
    place: &'u Place<'u, 'i>,
}

/// Where the facts of a text are shown.
enum Place<'i, 'a> {
    /// Where they stand in the file.
    File(&'i LineIndex<'a>),
    /// In the cells of a notebook.
    Cells(&'i LineIndex<'a>, &'i notebook::Notebook),
    /// At the expression that runs them.
    Code(&'i Span),
}

impl Place<'_, '_> {
    fn span(&self, range: TextRange) -> Span {
        match self {
            Self::File(index) => index.span(range.start().to_usize(), range.end().to_usize()),
            Self::Cells(index, book) => {
                let at = |offset: usize| book.offset(index.text(), offset);
                index.span(at(range.start().to_usize()), at(range.end().to_usize()))
            }
            Self::Code(span) => (*span).clone(),
        }
    }

    fn whole(&self) -> Span {
        match self {
            Self::File(index) | Self::Cells(index, _) => Span::file(index.file().clone()),
            Self::Code(span) => (*span).clone(),
        }
    }
}

/// Parses one file.
pub fn parse(path: &str, text: &str) -> Parsed {
    let index = LineIndex::new(path, text);
    let mut budget = MAX_DECODED;
    finish(analyse(path, text, &Place::File(&index), 0, &mut budget))
}

/// Parses a `.pth` file: lines that start with `import` are run whenever Python starts, others are
/// names of folders.
pub fn parse_pth(path: &str, text: &str) -> Parsed {
    let Some(code) = starts::pth_code(text) else { return Parsed::only(Treatment::Text) };
    let index = LineIndex::new(path, text);
    let mut budget = MAX_DECODED;
    finish(analyse(path, &code, &Place::File(&index), 0, &mut budget))
}

/// Parses a Jupyter notebook: the code of its cells. Other kinds of text in it are left to the
/// checks on text.
pub fn parse_notebook(path: &str, text: &str) -> Parsed {
    let index = LineIndex::new(path, text);
    let book = match notebook::read(text, &index) {
        Ok(book) => book,
        Err((why, span)) => {
            let fact = Fact::new(FactKind::File, "unparsed", span).value(why);
            return Parsed { facts: vec![fact], ..Parsed::only(Treatment::Text) };
        }
    };
    let mut budget = MAX_DECODED;
    let mut parsed = analyse(path, &book.code, &Place::Cells(&index, &book), 0, &mut budget);
    if matches!(parsed.treatment, Treatment::Parsed(_)) {
        parsed.treatment = Treatment::Parsed("ipynb".to_owned());
    }
    parsed.facts.extend(book.facts);
    finish(parsed)
}

/// In order of place, each once.
fn finish(mut parsed: Parsed) -> Parsed {
    parsed.put_in_order();
    parsed.local.retain(|name| !name.is_empty());
    parsed
}

fn analyse(path: &str, text: &str, place: &Place<'_, '_>, layer: u8, budget: &mut usize) -> Parsed {
    // Offsets are counted in 32 bits.
    let depth = depth::scan(text);
    let why = match u32::try_from(text.len()) {
        Ok(_) => depth.too_deep().map(|why| ("too-deep", why)),
        Err(_) => Some(("too-large", "more than 4 GiB".to_owned())),
    };
    if let Some((name, why)) = why {
        let fact = Fact::new(FactKind::File, name, place.whole()).value(why);
        return Parsed { facts: vec![fact], ..Parsed::only(Treatment::Text) };
    }
    if !depth.wants_stack() {
        return parsed(path, text, place, layer, budget);
    }
    std::thread::scope(|scope| {
        let work = || parsed(path, text, place, layer, budget);
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| {
            let fact = Fact::new(FactKind::File, "too-deep", place.whole()).value("no memory to parse it in");
            Parsed { facts: vec![fact], ..Parsed::only(Treatment::Text) }
        })
    })
}

fn parsed(path: &str, text: &str, place: &Place<'_, '_>, layer: u8, budget: &mut usize) -> Parsed {
    let mut source = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut name = "py";
    if !source.errors().is_empty()
        && let Some(modern) = legacy::modernise(text)
    {
        let again = parse_unchecked(&modern, ParseOptions::from(Mode::Module));
        if again.errors().len() < source.errors().len() {
            source = again;
            name = "py2";
        }
    }
    let failed = source.errors().first().map(|error| {
        let span = place.span(error.location.range());
        Fact::new(FactKind::File, "unparsed", span).value(error.error.to_string())
    });
    let code_lines = code_lines(text);
    let Mod::Module(module) = source.syntax() else { return Parsed::only(Treatment::Text) };
    let unit = Unit { path, place };
    let resolver = resolve::Resolver::new(path, scope::collect(&module.body), text.len());
    let mut found = emit::run(&unit, &resolver, &module.body);
    shape::run(&unit, &resolver, &module.body, &mut found.facts);
    harm::run(&unit, text, &resolver, &module.body, &mut found.facts);
    acts::run(&unit, &resolver, &module.body, &mut found.facts);
    amiss::run(&unit, text, &resolver, &module.body, &mut found.facts);
    verified::run(&unit, &resolver, &module.body, &mut found.facts);
    let flows = flow::run(&unit, text, &resolver, &module.body, &mut found.facts);
    if resolver.exhausted() {
        found.facts.push(
            Fact::new(FactKind::File, "too-deep", place.whole())
                .value("names were resolved up to the limit on work, the rest was not"),
        );
    }
    for fact in &mut found.facts {
        fact.context.layer = layer;
    }
    for hidden in std::mem::take(&mut found.hidden) {
        if layer >= MAX_LAYERS || hidden.text.len() > *budget {
            continue;
        }
        *budget -= hidden.text.len();
        let inner = hidden_layer(path, &hidden, layer + 1, budget);
        found.facts.extend(inner.facts);
        found.local.extend(inner.local);
    }
    let exports =
        resolver.scopes.module_symbols().keys().filter(|name| !name.starts_with('_')).count() as u64;
    let treatment = match failed {
        Some(fact) => {
            found.facts.push(fact);
            Treatment::Text
        }
        None => Treatment::Parsed(name.to_owned()),
    };
    Parsed { treatment, facts: found.facts, code_lines, exports, local: found.local, flows }
}

/// The facts of code in a string, shown where it is run.
fn hidden_layer(path: &str, hidden: &emit::Hidden, layer: u8, budget: &mut usize) -> Parsed {
    let mut parsed = analyse(path, &hidden.text, &Place::Code(&hidden.span), layer, budget);
    // A string that is no code after all is no gap of the file.
    parsed.facts.retain(|fact| !(fact.kind == FactKind::File && fact.name == "unparsed"));
    for fact in &mut parsed.facts {
        fact.context.layer = fact.context.layer.max(layer);
        fact.context.top_level &= hidden.top_level;
    }
    parsed
}

/// The facts of a program that a text is written down for, shown where it is.
fn written(path: &str, text: &str, span: &Span) -> Vec<Fact> {
    // Programs that write programs that write programs are left.
    let mut budget = 0;
    analyse(path, text, &Place::Code(span), MAX_LAYERS, &mut budget).facts
}

/// Lines that hold something other than white space and comments.
fn code_lines(text: &str) -> u64 {
    let code = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    };
    text.lines().filter(|line| code(line)).count() as u64
}

#[cfg(test)]
mod tests;
