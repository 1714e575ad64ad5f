//! What arrived, as facts; and what goes in and out, as a summary.

use ruff_text_size::TextRange;

use super::taint::{Key, Taint, Trace, places};
use super::{Flows, Sink};
use crate::check::flow::{self, Export, From, Mode, Summary, To, Way};
use crate::model::{Fact, FactKind, Span};

fn range(sink: &Sink) -> TextRange {
    TextRange::new(sink.1.into(), sink.2.into())
}

impl Flows<'_, '_, '_, '_> {
    fn steps(&self, trace: &Trace) -> Vec<Span> {
        let mut out: Vec<Span> = places(trace).into_iter().map(|range| self.unit.place.span(range)).collect();
        out.dedup();
        out
    }

    /// Adds a fact for each source that arrived at a sink.
    pub(super) fn report(&self, facts: &mut Vec<Fact>) {
        for (sink, taint) in &self.sinks {
            for (key, trace) in &taint.keys {
                let Key::Source(source) = key else { continue };
                let Some(name) = flow::name(source, sink.0) else { continue };
                if *source == flow::FIXED_HOST && self.is_noted(trace) {
                    continue;
                }
                let span = self.unit.place.span(range(sink));
                let steps = self.steps(trace);
                let from = steps.first().map(|step| format!("from line {}", step.line)).unwrap_or_default();
                let mut fact = Fact::new(FactKind::Flow, name, span).value(from);
                fact.steps = steps;
                facts.push(fact);
            }
        }
        facts.dedup();
    }

    fn ways(&self, taint: &Taint, to: &To, out: &mut Vec<Way>, sources: bool) {
        for (key, trace) in &taint.keys {
            let (from, mode) = match *key {
                Key::Source(source) if sources => (From::Source(source.to_owned()), Mode::Plain),
                Key::Source(_) => continue,
                Key::Param(func, at, mode) => {
                    let it = &self.resolver.scopes.funcs[func];
                    let skip = usize::from(it.class.is_some() && !it.unbound);
                    let Some(at) = at.checked_sub(skip) else { continue };
                    (From::Param(func as u32, at as u32), mode)
                }
                Key::Import(call, mode) => (From::Result(call), mode),
            };
            if out.len() < flow::MAX_PARTS {
                out.push(Way { from, mode, to: to.clone(), steps: self.steps(trace) });
            }
        }
    }

    /// What goes in and out of the file.
    pub(super) fn summary(&self) -> Summary {
        let scopes = &self.resolver.scopes;
        let mut out = Summary { calls: self.calls.clone(), ..Summary::default() };
        for (sink, taint) in &self.sinks {
            let to = To::Sink(sink.0.to_owned(), self.unit.place.span(range(sink)));
            self.ways(taint, &to, &mut out.ways, false);
        }
        for ((call, argument), taint) in &self.arguments {
            self.ways(taint, &To::Argument(*call, argument.clone()), &mut out.ways, true);
        }
        for (func, it) in scopes.funcs.iter().enumerate() {
            let name = match (it.class, it.symbol) {
                (Some(class), _) if it.name == "__init__" => scopes.classes[class].def.name.to_string(),
                (Some(class), _) => format!("{}.{}", scopes.classes[class].def.name, it.name),
                (None, Some(symbol)) if scopes.symbols[symbol].scope == 0 => it.name.to_owned(),
                _ => continue,
            };
            let skip = usize::from(it.class.is_some() && !it.unbound);
            let params = it
                .params
                .iter()
                .skip(skip)
                .map(|param| if param.rest { format!("*{}", param.name) } else { param.name.to_owned() })
                .collect();
            if out.exports.len() < flow::MAX_PARTS {
                out.exports.push(Export { name, func: func as u32, params });
            }
            if let Some(taint) = self.returns.get(func) {
                self.ways(taint, &To::Return(func as u32), &mut out.ways, true);
            }
        }
        // Variables of the module are functions without parameters.
        for (name, symbol) in scopes.module_symbols() {
            let Some(taint) = self.shared.get(&symbol) else { continue };
            let func = (scopes.funcs.len() + symbol) as u32;
            if !out.exports.iter().any(|export| export.name == name) {
                out.exports.push(Export { name: name.to_owned(), func, params: Vec::new() });
                self.ways(taint, &To::Return(func), &mut out.ways, true);
            }
        }
        for (name, symbol) in scopes.module_symbols() {
            if let Some(place) = scopes.symbols[symbol].defs.last()
                && let super::Def::From(module, member) = &place.def
                && module.starts_with('.')
            {
                let bare = module.trim_start_matches('.');
                let module = super::local::relative(self.unit.path, module.len() - bare.len(), bare);
                out.aliases
                    .push((name.to_owned(), flow::Call { modules: vec![module], name: member.clone() }));
            }
        }
        // Nothing leaves that no other file can ask for.
        let exported: std::collections::BTreeSet<u32> =
            out.exports.iter().map(|export| export.func).collect();
        out.ways.retain(|way| !matches!(way.from, From::Param(func, _) if !exported.contains(&func)));
        out.ways.sort();
        out.ways.dedup();
        out
    }
}
