//! Commands and flows as facts.

use super::api;
use crate::check::parse::js;
use crate::check::shell::{deeds, downloads_by};
use crate::model::{CapabilityKind, Context, Fact, FactKind, Span};
use crate::shell::{Analysis, Flow, Invocation, Origin, Place, Sink};

/// Facts that one text may give for constants put together from parts.
const MAX_LITERALS: usize = 1_000;

/// The facts of a text; `place` gives the span of a range of it.
pub fn facts(found: &Analysis, source: &str, place: impl Fn(usize, usize) -> Span) -> Vec<Fact> {
    let mut out = Vec::new();
    for invocation in &found.invocations {
        command(invocation, source, &place, &mut out);
    }
    for flow in &found.flows {
        out.extend(of_flow(flow, source, &place));
    }
    for code in &found.embedded {
        if !matches!(code.interpreter.as_str(), "node" | "nodejs" | "bun" | "deno" | "tsx") {
            continue;
        }
        let span = place(code.range.0, code.range.1);
        for mut fact in
            js::parse("inline.js", &code.code).facts.into_iter().filter(|fact| fact.kind != FactKind::File)
        {
            fact.span = span.clone();
            fact.context.layer = fact.context.layer.saturating_add(code.layer);
            out.push(fact);
        }
    }
    out.sort();
    out.dedup();
    out
}

fn text_of(source: &str, range: Place) -> &str {
    source.get(range.0..range.1).unwrap_or("")
}

fn command(
    invocation: &Invocation,
    source: &str,
    place: &impl Fn(usize, usize) -> Span,
    out: &mut Vec<Fact>,
) {
    let span = place(invocation.range.0, invocation.range.1);
    let written = text_of(source, invocation.range);
    let context = Context { layer: invocation.layer, ..Context::default() };
    let mut add = |name: &str, capability: Option<CapabilityKind>| {
        let mut fact = Fact::new(FactKind::Shell, name, span.clone()).value(written);
        (fact.context, fact.capability) = (context, capability);
        out.push(fact);
    };
    let name = invocation.name.as_str();
    if name.starts_with(['$', '`', '%']) {
        add("computed", Some(CapabilityKind::Process));
    } else if !name.is_empty() {
        match api::reach(name) {
            Some([]) => add(name, None),
            Some(kinds) => kinds.iter().for_each(|kind| add(name, Some(*kind))),
            None => add(name, Some(CapabilityKind::Process)),
        }
    }
    for wrapper in &invocation.wrappers {
        add(wrapper, Some(CapabilityKind::Process));
    }
    if invocation
        .redirects
        .iter()
        .any(|redirect| redirect.writes && !redirect.target.text.starts_with("/dev/"))
    {
        add(if name.is_empty() { ">" } else { name }, Some(CapabilityKind::FsWrite));
    }
    let lexed = as_lexed(invocation);
    if downloads_by(&lexed) {
        add("download", Some(CapabilityKind::Net));
    }
    for (deed, capability) in deeds(&lexed) {
        add(deed, Some(capability));
    }
    // Constants that stand nowhere as such.
    for value in std::iter::once(&invocation.path).chain(&invocation.args) {
        let Some(text) = value.exact().filter(|text| !written.contains(text) || invocation.layer > 0) else {
            continue;
        };
        let kind = if text.contains("://") {
            "url"
        } else if text.starts_with("~/") || text.starts_with("/etc/") || text.contains("/.") {
            "path"
        } else {
            continue;
        };
        if out.iter().filter(|fact| fact.kind == FactKind::Literal).count() < MAX_LITERALS {
            let mut fact = Fact::new(FactKind::Literal, kind, span.clone()).value(text);
            fact.context = context;
            out.push(fact);
        }
    }
}

/// The command in the tokenizer's form, for what both tell in the same way.
fn as_lexed(invocation: &Invocation) -> crate::check::shell::Command {
    crate::check::shell::Command {
        name: invocation.path.text.clone(),
        args: invocation.args.iter().map(|arg| arg.text.clone()).collect(),
        redirects: invocation
            .redirects
            .iter()
            .filter(|redirect| !redirect.text)
            .map(|redirect| redirect.target.text.clone())
            .collect(),
        assigned: invocation.indexes.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        substitutions: Vec::new(),
        piped: invocation.stage.0 + 1 < invocation.stage.1,
    }
}

/// A flow, and the deed that it is.
fn of_flow(flow: &Flow, source: &str, place: &impl Fn(usize, usize) -> Span) -> Vec<Fact> {
    let span = place(flow.range.0, flow.range.1);
    let lines: Vec<String> = flow.steps.iter().map(|step| place(step.0, step.1).line.to_string()).collect();
    let mut value = format!("from line {}", lines.first().map_or("?", String::as_str));
    let mut through: Vec<&str> = lines.iter().skip(1).map(String::as_str).collect();
    through.dedup();
    if !through.is_empty() {
        value.push_str(&format!(" through {}", through.join(", ")));
    }
    let context = Context { layer: flow.layer, ..Context::default() };
    let name = format!("{}->{}", flow.origin.as_str(), flow.sink.as_str());
    let mut fact = Fact { context, ..Fact::new(FactKind::Flow, name, span.clone()).value(value) };
    if flow.sink == Sink::FsWrite {
        fact.capability = Some(CapabilityKind::FsWrite);
    }
    let mut out = vec![fact];
    let deed = match (flow.origin, flow.sink, flow.by_file) {
        (Origin::Net, Sink::Process | Sink::DynamicCode, true) => {
            Some(("download-and-run", CapabilityKind::Net))
        }
        (Origin::Net, Sink::Process | Sink::DynamicCode, false) => {
            Some(("pipe-to-shell", CapabilityKind::Net))
        }
        (Origin::SecretFile | Origin::EnvAll | Origin::Clipboard, Sink::Net, _) => {
            Some(("exfiltrate", CapabilityKind::Net))
        }
        (Origin::HostInfo, Sink::Net, _) => Some(("beacon", CapabilityKind::Net)),
        (Origin::Decoded, Sink::Process | Sink::DynamicCode, _) => {
            Some(("encoded", CapabilityKind::DynamicCode))
        }
        _ => None,
    };
    if let Some((deed, capability)) = deed {
        let fact =
            Fact::new(FactKind::Shell, deed, span).value(text_of(source, flow.range)).gives(capability);
        out.push(Fact { context, ..fact });
    }
    out
}

/// The flows of a command line that end in the network, at one place.
pub fn sent(line: &str, span: &Span) -> Vec<Fact> {
    let found = crate::shell::analyse(line);
    let flows = found.flows.iter().filter(|flow| flow.sink == Sink::Net);
    flows
        .map(|flow| {
            let name = format!("{}->{}", flow.origin.as_str(), flow.sink.as_str());
            let context = Context { layer: flow.layer, ..Context::default() };
            Fact { context, ..Fact::new(FactKind::Flow, name, span.clone()).value("within the command line") }
        })
        .collect()
}
