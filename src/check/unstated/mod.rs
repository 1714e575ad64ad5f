//! Reach that nothing which a package says of itself lets anybody expect.
//!
//! A library that formats numbers and connects to a host of its maker's choice may be honest, and
//! is how most code looks that was made to take something along. No rule can tell them apart, so
//! both are told: the findings are uncertain and deny nothing by themselves. They raise the package's risk
//! in the queue of reviews, and the package waits for one where the policy says so (`review-uncertain`).
//!
//! Two things are asked of the words of the manifest: whether they speak of the network, or of
//! other programs. What a word list lets pass is judged by all other rules.

pub(super) mod hosts;
mod lookalike;
mod telling;
pub(super) mod words;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::flow::ADDRESSED;
use super::{Check, Subject, context};
use crate::model::{CapabilityKind, Confidence, Ecosystem, Fact, FactKind, Finding, Severity, Span, escape};

use hosts::Own;

/// Network and processes that the manifest does not speak of.
#[derive(Debug)]
pub struct Unstated;

/// A constant address in a package that has no word for the network.
const NETWORK: &str = "identity/unstated-network";
/// Something is sent to a constant address that no text names.
const RECEIVER: &str = "identity/unnamed-receiver";
/// A constant address, in code that connects, of a host that no text names.
const HOST: &str = "identity/unnamed-host";
/// A program that runs on loading, in a package that has no word for programs.
const PROCESS: &str = "identity/unstated-process";
/// A name of what attacks are after, in a package that has no word for it.
const TARGET: &str = "identity/unstated-target";

/// What a package's own texts name, read when it is first asked for.
type Lazy<'a> = LazyCell<Own, Box<dyn FnOnce() -> Own + 'a>>;

/// Places of a finding at most.
const PLACES: usize = 5;

impl Check for Unstated {
    fn rules(&self) -> &'static [&'static str] {
        &[NETWORK, PROCESS, TARGET, RECEIVER, HOST, lookalike::RULE]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let package = subject.package;
        if package.ecosystem == Ecosystem::Agent {
            // Of an agent's package, the text is what is in doubt.
            return lookalike::find(subject, |_| false, out);
        }
        if package.first_party
            || !matches!(package.ecosystem, Ecosystem::Npm | Ecosystem::Pypi | Ecosystem::Cargo)
        {
            return;
        }
        targets(subject, out);
        // All of the package's texts: read once, and only where there is something to compare with them.
        let own: Lazy<'_> = LazyCell::new(Box::new(|| Own::of(subject)));
        lookalike::find(subject, |host| own.has(host, host), out);
        let reaches = |fact: &Fact| {
            matches!(fact.capability, Some(CapabilityKind::Net | CapabilityKind::Process)) && live(fact)
        };
        if !subject.facts.iter().any(reaches) {
            return;
        }
        let said = words::said(package, subject.contents);
        numbers(subject, &own, out);
        let service = said.as_ref().is_some_and(words::speak_of_service);
        receivers(subject, &own, service, out);
        if !out.iter().any(|found| found.rule == RECEIVER) {
            strangers(subject, &own, service, out);
        }
        // A purpose that is not stated cannot be gone beyond.
        let Some(said) = said else { return };
        if !words::speak_of_net(&said) {
            network(subject, &own, out);
        }
        if !words::speak_of_programs(&said) {
            processes(subject, out);
        }
    }
}

fn live(fact: &Fact) -> bool {
    !fact.context.test && context::is_code(&fact.span.file) && !context::is_test_path(&fact.span.file)
}

/// Addresses that code of the package connects to, as far as they are constant.
fn network(subject: &Subject<'_>, own: &Lazy<'_>, out: &mut Vec<Finding>) {
    let connects = |fact: &&Fact| {
        fact.kind == FactKind::Call && fact.capability == Some(CapabilityKind::Net) && live(fact)
    };
    let connecting: BTreeSet<&str> =
        subject.facts.iter().filter(connects).map(|fact| &*fact.span.file).collect();
    if connecting.is_empty() {
        return;
    }
    let mut found: BTreeMap<String, Span> = BTreeMap::new();
    for fact in subject.facts.iter().filter(|fact| fact.kind == FactKind::Literal && live(fact)) {
        if matches!(fact.name.as_str(), "url" | "ip" | "webhook")
            && let Some(host) = hosts::of_literal(subject.contents, fact)
            && !own.has(&host, &fact.value)
        {
            found.entry(host).or_insert_with(|| fact.span.clone());
        }
    }
    for file in connecting {
        for (host, span) in hosts::bare(subject.contents, file) {
            if !own.has(&host, &host) {
                found.entry(host).or_insert(span);
            }
        }
    }
    let Some(first) = found.keys().next() else { return };
    let more = match found.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let message = format!("connects to `{}`{more}, and says nowhere that it uses the network", escape(first));
    out.push(finding(NETWORK, message, found.into_values().take(PLACES).collect()));
}

/// Hosts that one package names and that make a table: no one of them is where things go.
const TABLE: usize = 6;

/// First labels of domains that stand for any.
const ANY: &[&str] =
    &["foo", "bar", "baz", "base", "dummy", "placeholder", "domain", "host", "google", "test"];

/// Hosts of services that everybody knows, by their domains.
const KNOWN: &[&str] = &[
    "github.com",
    "githubusercontent.com",
    "gitlab.com",
    "googleapis.com",
    "solana.com",
    "discord.com",
    "telegram.org",
    "slack.com",
    "huggingface.co",
    "openai.com",
    "anthropic.com",
];

/// Addresses in files that connect, whatever is sent there, of hosts that no text of the package names.
fn strangers(subject: &Subject<'_>, own: &Lazy<'_>, service: bool, out: &mut Vec<Finding>) {
    let reaches = |fact: &&Fact| fact.capability == Some(CapabilityKind::Net) && live(fact);
    if !subject.facts.iter().any(|fact| reaches(&fact)) {
        return;
    }
    // What is fetched there is compared with what the package says that it is.
    let verified = |file: &str| {
        subject.facts.iter().any(|fact| fact.name == "verified-download" && *fact.span.file == *file)
    };
    let mut all: BTreeMap<String, Span> = BTreeMap::new();
    for fact in subject.facts.iter().filter(|fact| fact.kind == FactKind::Literal && live(fact)) {
        if matches!(fact.name.as_str(), "url" | "ip" | "webhook")
            && let Some(host) = hosts::of_literal(subject.contents, fact)
        {
            all.entry(host).or_insert_with(|| fact.span.clone());
        }
    }
    let code = subject.contents.files.iter().map(|file| &*file.path);
    for file in code.filter(|path| context::is_code(path) && !context::is_test_path(path)) {
        for (host, span) in hosts::bare(subject.contents, file) {
            all.entry(host).or_insert(span);
        }
    }
    if all.len() >= TABLE {
        return;
    }
    let told = |host: &str, path: &str| {
        own.has(host, host) || own.names_owner(host, path) || own.asks_key_of(subject.contents, host)
    };
    let known = |host: &str| KNOWN.iter().any(|known| hosts::below(host, known));
    let any = |host: &str| {
        known(host) || ANY.contains(&hosts::registered(host).split('.').next().unwrap_or_default())
    };
    let (named, found): (Vec<_>, Vec<_>) = all
        .into_iter()
        .filter(|(host, span)| !any(host) && !verified(&span.file))
        .partition(|(host, span)| told(host, &span.file));
    let owners: BTreeSet<&str> = found.iter().map(|(host, _)| hosts::registered(host)).collect();
    // A client of one service, which it need not name.
    if service && named.is_empty() && owners.len() < 2 {
        return;
    }
    let Some((first, _)) = found.first() else { return };
    let message = format!("has the address of `{}`, which none of its texts names", escape(first));
    out.push(finding(HOST, message, found.into_iter().map(|(_, span)| span).take(PLACES).collect()));
}

/// Names of what attacks are after, that none of the package's own texts explains.
fn targets(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let able: BTreeSet<CapabilityKind> =
        subject.facts.iter().filter(|fact| live(fact)).filter_map(|fact| fact.capability).collect();
    if able.is_empty() {
        return;
    }
    let said = || words::all(subject.package, subject.contents);
    let paths = subject.contents.files.iter().map(|file| &*file.path);
    let code = paths.filter(|path| context::is_code(path) && !context::is_test_path(path));
    for told in telling::find(code, subject.contents, &able, said) {
        let message = format!("names {} (`{}`), and says nowhere what for", told.what, escape(&told.name));
        out.push(finding(TARGET, message, told.spans));
    }
}

/// Addresses that are written down, that something is sent to, and that no text of the package names.
/// What says that it uses a `service` need not name the one host of it.
fn receivers(subject: &Subject<'_>, own: &Lazy<'_>, service: bool, out: &mut Vec<Finding>) {
    let sends = |fact: &&Fact| fact.kind == FactKind::Flow && fact.name == ADDRESSED && live(fact);
    let (mut named, mut silent, mut found) = (false, false, BTreeMap::<String, Vec<Span>>::new());
    for fact in subject.facts.iter().filter(sends) {
        let Some(host) = receiver(subject, fact) else { continue };
        silent = own.promises_silence();
        let known = || {
            own.has(&host, &host)
                || own.names_owner(&host, &fact.span.file)
                || own.asks_key_of(subject.contents, &host)
        };
        if !silent && of_given_bot(subject, fact) {
            continue;
        }
        if !silent && known() {
            named = true;
        } else {
            found.entry(host).or_insert_with(|| vec![fact.span.clone()]);
        }
    }
    if found.is_empty() {
        return;
    }
    let owners: BTreeSet<&str> = found.keys().map(|host| hosts::registered(host)).collect();
    let service = service || own.tells_of_usage();
    if service && !silent && !named && owners.len() < 2 {
        return;
    }
    for (host, spans) in found.into_iter().take(PLACES) {
        let message = match silent {
            true => format!("says that nothing leaves the machine, and sends to `{}`", escape(&host)),
            false => format!("sends to `{}`, which none of its texts names", escape(&host)),
        };
        let found = Finding::new(RECEIVER, message, spans);
        out.push(Finding { severity: Severity::Medium, confidence: Confidence::Medium, ..found });
    }
}

/// Resolvers of names that everybody may ask.
const RESOLVERS: &[&str] = &["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112"];

/// Machines that are written down by their numbers, where a socket is opened: who means a service says
/// its name.
fn numbers(subject: &Subject<'_>, own: &Lazy<'_>, out: &mut Vec<Finding>) {
    let opens = |fact: &&Fact| {
        fact.kind == FactKind::Call
            && live(fact)
            && ["node:dgram.", "node:net.", "node:tls."].iter().any(|start| fact.name.starts_with(start))
    };
    let files: BTreeSet<&str> = subject.facts.iter().filter(opens).map(|fact| &*fact.span.file).collect();
    if files.is_empty() {
        return;
    }
    for file in files {
        let found = hosts::bare(subject.contents, file).into_iter().find(|(host, _)| {
            host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                && !RESOLVERS.contains(&host.as_str())
                && !own.has(host, host)
        });
        if let Some((host, span)) = found {
            let message =
                format!("opens sockets and names `{}`, which none of its texts does", escape(&host));
            // A number may be meant well: it is for somebody to look at.
            out.push(finding(NETWORK, message, vec![span]));
            return;
        }
    }
}

/// The host of an address that something is sent to: as the parser read it, or as it is written where the way starts.
pub(super) fn receiver(subject: &Subject<'_>, fact: &Fact) -> Option<String> {
    if let Some(host) = hosts::plain(&fact.value) {
        return Some(host);
    }
    let first = fact.steps.first()?;
    let literal = |other: &&Fact| {
        other.kind == FactKind::Literal
            && other.span.file == first.file
            && other.span.start < first.end
            && first.start < other.span.end
            && matches!(other.name.as_str(), "url" | "ip" | "webhook")
    };
    subject.facts.iter().filter(literal).find_map(|literal| hosts::host(&literal.value))
}

/// Whether an address is a bot's whose token is given at run time: whom the bot talks to is up to
/// whoever has the token. Another host that stands before such a path is a rule of its own.
fn of_given_bot(subject: &Subject<'_>, fact: &Fact) -> bool {
    let places = fact.steps.iter().chain([&fact.span]);
    let is_bot = |value: &str| ["/bot?", "/bot{", "/bot$", "/bot%s"].iter().any(|path| value.contains(path));
    places.take(16).any(|place| {
        subject.facts.iter().any(|literal| {
            literal.kind == FactKind::Literal
                && literal.name == "url"
                && is_bot(&literal.value)
                && literal.span.file == place.file
                && literal.span.start < place.end
                && place.start < literal.span.end
        })
    })
}

/// Programs that are started as soon as the package is loaded.
fn processes(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let starts = |fact: &&Fact| {
        fact.kind == FactKind::Call
            && fact.capability == Some(CapabilityKind::Process)
            && fact.context.top_level
            && !fact.context.install
            && live(fact)
            && is_library(&fact.span.file)
            && is_called(subject, fact)
    };
    let mut spans: Vec<Span> = subject.facts.iter().filter(starts).map(|fact| fact.span.clone()).collect();
    spans.sort();
    spans.truncate(PLACES);
    let Some(first) = spans.first() else { return };
    let message = format!(
        "starts a program as soon as `{}` is loaded, and says nowhere that it runs any",
        escape(&first.file)
    );
    out.push(finding(PROCESS, message, spans));
}

/// Whether a name is called where it stands, and not only named, as what a parameter is by default.
fn is_called(subject: &Subject<'_>, fact: &Fact) -> bool {
    let bytes = subject.contents.get(&fact.span.file).unwrap_or_default();
    let written = bytes.get(fact.span.start as usize..).unwrap_or_default();
    let len = (fact.span.end - fact.span.start) as usize;
    written.iter().take(len + 1).any(|byte| *byte == b'(' || *byte == b'`')
}

/// Whether a file is one that a dependant loads: no build script, and no program of its own.
fn is_library(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let tools = |part: &str| {
        matches!(part, "bin" | "scripts" | "script" | "tools" | "tool" | "build" | "tasks" | "cli" | "ci")
    };
    !folder.split('/').any(tools)
        && !matches!(name, "setup.py" | "build.rs" | "main.rs" | "__main__.py" | "conftest.py" | "noxfile.py")
        && ![
            "gulpfile.",
            "gruntfile.",
            "rollup.",
            "webpack.",
            "build.",
            "make.",
            "cli.",
            "compile.",
            "bundle.",
            "generate.",
            "release.",
            "prepare.",
        ]
        .iter()
        .any(|start| name.to_ascii_lowercase().starts_with(start))
}

fn finding(rule: &'static str, message: String, spans: Vec<Span>) -> Finding {
    Finding { severity: Severity::Medium, confidence: Confidence::Low, ..Finding::new(rule, message, spans) }
}

#[cfg(test)]
mod tests;
