//! What a package says that it does against what its code does.
//!
//! A purpose is only words, and the check only asks two things of them: whether they speak of the
//! network at all, and which hosts the texts name. Code that sends what is the user's although the
//! purpose stays on the machine, and code that connects to one more host than the texts name, are
//! found; what the texts do name is left to whoever reads them.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::deeds::stated;
use super::purpose::{speaks_of, speaks_plainly_of_net};
use super::reach::{Need, is_dev_tool};
use crate::check::flow::ADDRESSED;
use crate::check::unstated::{
    self,
    hosts::{self, below},
};
use crate::check::{Check, Subject, context};
use crate::model::{
    AgentKind, CapabilityKind, Confidence, Contents, Ecosystem, Fact, FactKind, Finding, LineIndex, Polarity,
    Severity, Span, escape,
};

/// Text and code that do not fit each other.
#[derive(Debug)]
pub struct Mismatch;

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Sources of what is the user's.
const OWN: &[&str] =
    &["file", "env", "env-all", "env-secret", "secret-file", "clipboard", "host-info", "key", "decoded-file"];

/// Hosts that code names for other reasons than to hand them something of the user's: names of
/// formats, and where everybody's code and packages lie.
const STANDARD: &[&str] = &[
    "w3.org",
    "json-schema.org",
    "schema.org",
    "example.com",
    "example.org",
    "example.net",
    "localhost",
    "github.com",
    "gitlab.com",
    "codeberg.org",
    "pypi.org",
    "pythonhosted.org",
    "registry.npmjs.org",
];

impl Check for Mismatch {
    fn rules(&self) -> &'static [&'static str] {
        &["agent/mismatch", "agent/unnamed-host"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let skill = subject.package.agent == Some(AgentKind::Skill);
        if skill {
            purpose_against_code(subject, out);
        }
        let server = !skill && is_server(subject);
        if skill || server {
            only_reads(subject, out);
        }
        hosts(subject, skill, server, out);
    }
}

/// Whether the package answers agents over the Model Context Protocol.
fn is_server(subject: &Subject<'_>) -> bool {
    subject.facts.iter().any(|fact| {
        fact.kind == FactKind::Import
            && (fact.name.starts_with("@modelcontextprotocol/")
                || matches!(fact.name.split('.').next(), Some("mcp" | "fastmcp")))
    })
}

/// Words by which a text promises to change nothing, in lower case.
static READS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?i)\bread[- ]?only\b|readonlyhint['\x22]?\s*[:=]\s*true|\bnur[- ]lesen|\blesend\b|solo lectura|lecture seule|somente leitura|sola lettura|только чтени|只读|読み取り専用|읽기 전용";
    Regex::new(text).expect("the expression is valid")
});

/// A statement that changes a database, as code writes it down: not a list of words to look for.
static WRITES: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?i)["'`]\s*(?:with\s[^"'`]{1,400}\)\s*)?(?:update\s+[\w."]+\s+set\s|insert\s+into\s+[\w."]+\s*[(sv]|delete\s+from\s+[\w."]+|drop\s+(?:table|schema|database)\s|truncate\s+table\s|alter\s+(?:role|user|table)\s|create\s+(?:role|user)\s|grant\s+[\w, ]+\s+(?:on|to)\s)"#;
    Regex::new(text).expect("the expression is valid")
});

/// Tables in which a server notes what it does itself.
static OWN_TABLES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W*insert\s+into\s+\S*(?:audit|log|history|cache|usage|metric|session|migration|version)",
    )
    .expect("the expression is valid")
});

/// Code that says that it only reads, and writes down statements that change what it reads. What
/// stands indented is said of the function or the call that it stands in, the rest of the program.
fn only_reads(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let stated = stated(subject);
    let all = READS.is_match(&stated);
    for file in subject.contents.files.iter().filter(|file| is_code(&file.path)) {
        let bytes = subject.contents.bytes(file);
        if bytes.len() > MAX_FILE || context::is_test_path(&file.path) {
            continue;
        }
        let Ok(source) = std::str::from_utf8(bytes) else { continue };
        let promised: Vec<Range<usize>> = match all {
            true => std::iter::once(0..source.len()).collect(),
            false => READS.find_iter(source).map(|said| promise(source, said.start())).collect(),
        };
        if promised.is_empty() {
            continue;
        }
        let mut writes =
            WRITES.find_iter(source).filter(|found| !OWN_TABLES.is_match(found_on(source, found.start())));
        if let Some(found) = writes.find(|found| promised.iter().any(|range| range.contains(&found.start())))
        {
            let span = LineIndex::new(&*file.path, source).span(found.start(), found.end());
            let message = "says that it only reads, and changes the database".to_owned();
            let finding = Finding::new("agent/mismatch", message, vec![span]);
            out.push(Finding { severity: Severity::High, confidence: Confidence::Medium, ..finding });
        }
    }
}

/// The start of a statement, long enough to see what it names.
fn found_on(source: &str, at: usize) -> &str {
    let rest = source.get(at..).unwrap_or_default();
    rest.char_indices().nth(120).map_or(rest, |(end, _)| rest.get(..end).unwrap_or(rest))
}

/// Where a program offers a tool.
static OFFERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^[ \t]*(?:@\w+(?:\.\w+)*\.tool\b|(?:await\s+)?\w+(?:\.\w+)*\.(?:tool|registerTool|addTool)\s*\()")
        .expect("the expression is valid")
});

/// What a promise at a byte is about: the tool that it is made for, up to where the next one is
/// offered, or everything where it is made at the top of the program.
fn promise(source: &str, at: usize) -> Range<usize> {
    let line = source.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    if !source.get(line..).is_some_and(|rest| rest.starts_with([' ', '\t', '@'])) {
        return 0..source.len();
    }
    at..OFFERS.find_at(source, at).map_or(source.len(), |next| next.start())
}

fn told(fact: &Fact) -> bool {
    !fact.context.test && fact.context.polarity == Polarity::Told
}

fn is_code(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(
        ending,
        "py" | "pyw"
            | "js"
            | "mjs"
            | "cjs"
            | "ts"
            | "mts"
            | "cts"
            | "jsx"
            | "tsx"
            | "sh"
            | "bash"
            | "zsh"
            | "pth"
    )
}

/// Whether a fact connects to somewhere.
fn connects(fact: &Fact) -> bool {
    fact.capability == Some(CapabilityKind::Net) && !(fact.kind == FactKind::Shell && is_dev_tool(&fact.name))
}

/// Places of other programs' secrets.
fn secret_place(value: &str) -> bool {
    const PARTS: &[&str] = &[
        "Login Data",
        "Default/Cookies",
        "logins.json",
        "key4.db",
        ".password-store",
        ".gnupg",
        ".ssh/id_",
        ".aws/credentials",
        "wallet.dat",
        "Keychains/",
        "firefox/profiles",
    ];
    PARTS.iter().any(|part| value.contains(part))
}

fn purpose_against_code(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let stated = stated(subject);
    if stated.trim().len() < 8 {
        return;
    }
    collects(subject, &stated, out);
    let offline = says_offline(&unquoted(&stated));
    let local =
        !speaks_of(&stated, Need::Net) && !speaks_of(&stated, Need::Send) && !needs_key(subject.contents);
    let in_code = |fact: &&Fact| told(fact) && is_code(&fact.span.file);
    let mut push = |severity, confidence, message: String, span: &Span| {
        let finding =
            Finding { severity, confidence, ..Finding::new("agent/mismatch", message, vec![span.clone()]) };
        out.push(finding);
    };
    // Where no address is written down but the machine's own and what the texts name, whom it connects to
    // is the user's to say.
    let elsewhere = LazyCell::new(|| {
        let texts = Texts::of(subject, false);
        subject.facts.iter().filter(in_code).any(|fact| {
            fact.kind == FactKind::Literal
                && matches!(fact.name.as_str(), "url" | "ip" | "webhook")
                && stands_alone(subject, fact)
                && host_of(&fact.value).is_some_and(|host| !is_local(&host) && !texts.name(&host))
                || fact.kind == FactKind::Flow
                    && fact.name == ADDRESSED
                    && unstated::receiver(subject, fact).is_none_or(|host| !texts.name(&host))
        })
    });
    if offline && let Some(fact) = subject.facts.iter().filter(in_code).find(|fact| connects(fact)) {
        let message = format!("says that it works without network, and connects (`{}`)", escape(&fact.name));
        match fact.kind == FactKind::Shell || *elsewhere {
            true => push(Severity::High, Confidence::High, message, &fact.span),
            false => push(Severity::Medium, Confidence::Low, message, &fact.span),
        }
    }
    if local {
        for fact in subject.facts.iter().filter(in_code).filter(|fact| fact.kind == FactKind::Flow) {
            let Some((source, "net")) = fact.name.split_once("->") else { continue };
            if OWN.contains(&source) {
                let message = format!(
                    "speaks of nothing beyond this machine, and sends what it reads (`{}`)",
                    fact.name
                );
                let much =
                    matches!(source, "secret-file" | "env-all" | "clipboard" | "host-info" | "decoded-file");
                match much || *elsewhere {
                    true => push(Severity::High, Confidence::Medium, message, &fact.span),
                    false => push(Severity::Medium, Confidence::Low, message, &fact.span),
                }
            }
        }
    }
    // A look-up of a name is nothing that anybody notices, and no answer needs the machine in it.
    let looks_up = |fact: &&Fact| {
        fact.kind == FactKind::Shell
            && fact.name == "beacon"
            && ["dig", "nslookup", "host ", "ping", "drill"].iter().any(|name| fact.value.starts_with(name))
    };
    if let Some(fact) = subject.facts.iter().filter(in_code).find(looks_up) {
        let message = "puts what it knows of the machine into a name that it looks up";
        push(Severity::High, Confidence::Medium, message.to_owned(), &fact.span);
    }
    let secrets = speaks_of(&stated, Need::Secrets)
        || ["browser", "backup", "password", "scan", "audit", "wallet", "migrat", "secur"]
            .iter()
            .any(|stem| stated.contains(stem));
    if !secrets {
        let place = |fact: &&Fact| {
            matches!(fact.kind, FactKind::Literal | FactKind::Shell | FactKind::Call)
                && secret_place(&fact.value)
        };
        if let Some(fact) = subject.facts.iter().filter(in_code).find(place) {
            let message = "reaches for other programs' keys and log-ins, of which its purpose does not speak";
            // What is named and never leaves may be what is left alone.
            let leaves = subject.facts.iter().filter(in_code).any(connects);
            let (severity, confidence) = match leaves {
                true => (Severity::High, Confidence::Medium),
                false => (Severity::Medium, Confidence::Low),
            };
            push(severity, confidence, message.to_owned(), &fact.span);
        }
    }
}

/// A purpose without what it quotes: what a user may say is no promise.
fn unquoted(stated: &str) -> String {
    let mut out = String::with_capacity(stated.len());
    let mut close = None;
    for c in stated.chars() {
        match close {
            Some(end) if c == end => close = None,
            Some(_) => {}
            None => match c {
                '"' => close = Some('"'),
                '“' | '„' => close = Some('”'),
                '「' => close = Some('」'),
                '«' => close = Some('»'),
                _ => out.push(c),
            },
        }
    }
    out
}

/// Whether a skill's front matter names a key of somebody's service that it needs.
fn needs_key(contents: &Contents) -> bool {
    let Some(text) = contents.get("SKILL.md").and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return false;
    };
    let Some(front) = text.strip_prefix("---").and_then(|rest| rest.split("\n---").next()) else {
        return false;
    };
    front.contains("requires") && ["_API_KEY", "_TOKEN", "_APIKEY"].iter().any(|end| front.contains(end))
}

/// Where several programs keep what opens other machines and services.
const STORES: &[&str] = &[
    ".aws/credentials",
    ".npmrc",
    ".netrc",
    ".docker/config",
    "gh/hosts.yml",
    ".kube/config",
    ".ssh/id_",
    ".gnupg",
    ".pypirc",
    ".git-credentials",
    "gcloud/",
    ".azure/",
    ".config/op",
    ".vault-token",
    ".terraform.d/credentials",
    ".cargo/credentials",
];

/// Code that reaches for the keys of three programs or more collects them, unless that is what it is for.
fn collects(subject: &Subject<'_>, stated: &str, out: &mut Vec<Finding>) {
    let meant = [
        "backup",
        "back up",
        "sicher",
        "scan",
        "audit",
        "secur",
        "leak",
        "rotat",
        "dotfile",
        "migrat",
        "forensic",
        "permission",
        "harden",
    ];
    if meant.iter().any(|stem| stated.contains(stem)) {
        return;
    }
    let mut found: BTreeMap<&str, &Span> = BTreeMap::new();
    for fact in subject.facts.iter().filter(|fact| told(fact) && is_code(&fact.span.file)) {
        if matches!(fact.kind, FactKind::Literal | FactKind::Shell | FactKind::Call) {
            for store in STORES.iter().filter(|store| fact.value.contains(**store)) {
                found.entry(store).or_insert(&fact.span);
            }
        }
    }
    if found.len() > 2 {
        let message =
            format!("reaches for what {} programs keep secret, which is not what it is for", found.len());
        let spans = found.into_values().take(5).cloned().collect();
        let finding = Finding::new("agent/mismatch", message, spans);
        out.push(Finding { severity: Severity::High, confidence: Confidence::Medium, ..finding });
    }
}

/// Whether a purpose promises to stay on the machine.
fn says_offline(stated: &str) -> bool {
    const WORDS: &[&str] = &[
        "offline",
        "no network",
        "without network",
        "no internet",
        "without internet",
        "never leaves",
        "nothing leaves",
        "locally only",
        "local only",
        "entirely local",
        "ohne netz",
        "ohne internet",
        "sin conexión",
        "sin red",
        "hors ligne",
        "sans réseau",
        "sem internet",
        "не выходит в сеть",
        "без интернета",
        "离线",
        "不联网",
        "オフライン",
        "오프라인",
    ];
    WORDS.iter().any(|word| stated.contains(word))
}

/// Hosts to which code connects and that no text of the package names.
fn hosts(subject: &Subject<'_>, skill: bool, server: bool, out: &mut Vec<Finding>) {
    let hook = |path: &str| {
        subject.package.ecosystem == Ecosystem::Agent
            && path.split('/').any(|part| part == "hooks")
            && path.starts_with('.')
    };
    let counts = |path: &str| skill || server || hook(path);
    if !(skill || server || subject.package.ecosystem == Ecosystem::Agent) {
        return;
    }
    let connecting: BTreeSet<&str> = subject
        .facts
        .iter()
        .filter(|fact| told(fact) && connects(fact) && is_code(&fact.span.file) && counts(&fact.span.file))
        .map(|fact| &*fact.span.file)
        .collect();
    if connecting.is_empty() {
        return;
    }
    let texts = Texts::of(subject, server);
    let (mut named, mut usual) = (false, false);
    let (mut unnamed, mut all) = (BTreeMap::new(), BTreeSet::new());
    for fact in subject.facts.iter().filter(|fact| told(fact) && fact.kind == FactKind::Literal) {
        if fact.name != "url" || !connecting.contains(&*fact.span.file) || !stands_alone(subject, fact) {
            continue;
        }
        let Some(host) = host_of(&fact.value).or_else(|| below_computed(&fact.value)) else { continue };
        let standard = is_standard(&host);
        if standard || is_local(&host) {
            usual |= standard;
            continue;
        }
        all.insert(host.clone());
        match texts.name(&host) {
            true => named = true,
            false => {
                unnamed.entry(host).or_insert(&fact.span);
            }
        }
    }
    // Something of the user's, or that is worked out, goes there.
    let mut receives = BTreeSet::new();
    for fact in subject.facts.iter().filter(|fact| told(fact) && fact.kind == FactKind::Flow) {
        if fact.name != ADDRESSED || !counts(&fact.span.file) {
            continue;
        }
        let Some(host) = unstated::receiver(subject, fact) else { continue };
        if !is_standard(&host) && !is_local(&host) && !texts.name(&host) {
            all.insert(host.clone());
            receives.insert(host.clone());
            unnamed.entry(host).or_insert(fact.steps.first().unwrap_or(&fact.span));
        }
    }
    let owners: BTreeSet<&str> = all.iter().filter_map(|host| owner(host)).collect();
    let net = speaks_plainly_of_net(&texts.purpose(subject, server)) && !texts.promises();
    for (host, span) in unnamed {
        let second = named || owners.len() > 1 || usual && receives.contains(&host);
        let message = match second {
            true => format!("connects to `{}` besides the hosts that its texts name", escape(&host)),
            false => format!("connects to `{}`, which none of its texts names", escape(&host)),
        };
        // A purpose of which the network is part need not name its one host, unless what it reads
        // of the user's goes there.
        let sent = |names: &[&str]| {
            subject.facts.iter().any(|fact| {
                fact.kind == FactKind::Flow
                    && told(fact)
                    && fact.span.file == span.file
                    && names.contains(&fact.name.as_str())
            })
        };
        let secret = sent(&["env-all->net", "secret-file->net", "clipboard->net", "host-info->net"]);
        let own = secret || receives.contains(&host) && !net || sent(&["file->net"]);
        // What is only got, from an address that is written down to its end, takes nothing along.
        let got = only_got(subject, span);
        let severity = if (net || got) && !second && !own { Severity::Low } else { Severity::Medium };
        // One server that the user may set to another is asked of a reader.
        // Nor is it known that anything goes along where the code shows that nothing does.
        let bare = !secret && !own && !receives.contains(&host) && is_followed(&span.file);
        let unsure = !secret && (settable(subject, span) || !second && (bare || is_public(&host)));
        out.push(Finding {
            severity,
            confidence: if unsure { Confidence::Low } else { Confidence::Medium },
            ..Finding::new("agent/unnamed-host", message, vec![span.clone()])
        });
    }
}

/// Whether an address stands alone as a request's only argument: nothing is put behind it, and nothing
/// goes along.
fn only_got(subject: &Subject<'_>, span: &Span) -> bool {
    let Some(bytes) = subject.contents.get(&span.file) else { return false };
    let (start, end) = ((span.start as usize).min(bytes.len()), (span.end as usize).min(bytes.len()));
    let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned();
    let before =
        String::from_utf8_lossy(bytes.get(start.saturating_sub(40)..start).unwrap_or_default()).into_owned();
    let after = bytes.get(end..).unwrap_or_default();
    let closes = after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b')');
    let asked = ["fetch(", "get(", "urlopen("].iter().any(|call| before.trim_end().ends_with(call));
    closes && asked && !text.contains(['$', '{'])
}

/// Whether what goes to an address is followed in a program of that kind.
fn is_followed(path: &str) -> bool {
    [".py", ".js", ".mjs", ".cjs", ".ts", ".mts"].iter().any(|end| path.ends_with(end))
}

pub(super) fn is_standard(host: &str) -> bool {
    STANDARD.iter().any(|known| below(host, known))
}

/// Whether a host is one of a service that everybody can look up, and none that hands on what it is given.
pub(super) fn is_public(host: &str) -> bool {
    const PUBLIC: &[&str] = &[
        "huggingface.co",
        "openstreetmap.org",
        "wikipedia.org",
        "wikidata.org",
        "open-meteo.com",
        "arxiv.org",
        "crossref.org",
        "doi.org",
        "ncbi.nlm.nih.gov",
        "europa.eu",
        "ecb.europa.eu",
        "openai.com",
        "anthropic.com",
        "deepl.com",
        "osv.dev",
        "nvd.nist.gov",
        "crates.io",
        "npmjs.com",
        "nodejs.org",
        "python.org",
        "golang.org",
        "maven.org",
        "debian.org",
        "ubuntu.com",
        "docker.io",
        "ghcr.io",
    ];
    PUBLIC.iter().any(|known| below(host, known))
}

pub(super) fn is_local(host: &str) -> bool {
    host.starts_with("127.") || host == "0.0.0.0" || host.ends_with(".local") || host.ends_with(".localhost")
}

/// Whether a constant stands in for a variable of the environment that is not set.
fn settable(subject: &Subject<'_>, span: &Span) -> bool {
    let Some(bytes) = subject.contents.get(&span.file) else { return false };
    let start = (span.start as usize).min(bytes.len());
    let from = bytes[..start].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let to = bytes[start..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| start + at);
    let line = String::from_utf8_lossy(&bytes[from..to]);
    let asked = ["environ.get(", "getenv(", "environ.setdefault("].iter().any(|call| line.contains(call))
        || line.contains("process.env.") && (line.contains("??") || line.contains("||"))
        || line.rfind("${").is_some_and(|at| line[at..].contains(":-"));
    asked && line.len() < 300
}

/// Whether a constant is an address, and not a sentence that has one in it.
fn stands_alone(subject: &Subject<'_>, fact: &Fact) -> bool {
    let Some(bytes) = subject.contents.get(&fact.span.file) else { return false };
    let (start, end) = (fact.span.start as usize, (fact.span.end as usize).min(bytes.len()));
    let written = String::from_utf8_lossy(bytes.get(start.saturating_sub(1)..end).unwrap_or_default());
    let shell = [".sh", ".bash", ".zsh"].iter().any(|end| fact.span.file.ends_with(end));
    // `${X:?for instance https://…}` tells what to set.
    let line = bytes.get(..start).unwrap_or_default().rsplit(|&b| b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let asked = shell && line.rfind(":?").is_some_and(|at| !line.get(at..).unwrap_or_default().contains('}'));
    match written.find("://") {
        _ if asked => false,
        _ if shell => true,
        // Put together from parts.
        None => true,
        Some(at) => {
            let scheme =
                written.get(..at).unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_alphabetic());
            !scheme.ends_with([' ', '(', '<'])
        }
    }
}

/// The host of an address, lower case; nothing where it is computed or has no dot.
fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    (plain && host.contains('.') && !host.ends_with('.') && !host.starts_with('.')).then_some(host)
}

/// The domain of an address whose first label alone is computed: of `https://{site}.desk.example`.
fn below_computed(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let (first, domain) = host.split_once('.')?;
    (first.contains(['?', '{', '$', '%']) && domain.contains('.'))
        .then(|| host_of(&format!("{scheme}://{domain}")))
        .flatten()
}

/// The texts and configurations of a package, lower case.
struct Texts(String);

impl Texts {
    fn of(subject: &Subject<'_>, server: bool) -> Self {
        let mut all = stated(subject);
        for file in &subject.contents.files {
            let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
            if matches!(
                ending,
                "md" | "mdc" | "markdown" | "txt" | "rst" | "json" | "toml" | "yaml" | "yml" | "example"
            ) {
                all.push('\n');
                all.push_str(&String::from_utf8_lossy(subject.contents.bytes(file)).to_lowercase());
            } else if server && ending == "py" {
                // What a server says of its tools stands in its code.
                let code = String::from_utf8_lossy(subject.contents.bytes(file)).to_lowercase();
                code.split("\"\"\"").skip(1).step_by(2).for_each(|text| {
                    all.push('\n');
                    all.push_str(text);
                });
            }
        }
        Self(all)
    }

    /// What they say of the purpose: the description, and for a server the start of its texts.
    fn purpose(&self, subject: &Subject<'_>, server: bool) -> String {
        match server {
            true => self.0.chars().take(1500).collect::<String>().replace("mcp", ""),
            false => stated(subject),
        }
    }

    /// Whether they promise that nothing else is connected to.
    fn promises(&self) -> bool {
        [
            "nothing goes anywhere",
            "nowhere else",
            "no other host",
            "nothing else is sent",
            "nothing is sent",
            "no network",
            "without network",
            "offline",
            "only local",
            "local only",
            "works local",
            "runs local",
            "stays on",
            "nur lokal",
            "localmente",
            "never leave",
            "does not leave",
            "do not leave",
        ]
        .iter()
        .any(|promise| self.0.contains(promise))
    }

    /// Whether they name a host, or the word that is its owner's name.
    fn name(&self, host: &str) -> bool {
        let named =
            |owner: &str| self.has(owner) || hosts::plainly(owner).is_some_and(|plain| self.has(plain));
        self.has(host)
            || owner(host).is_some_and(|owner| owner.len() > 2 && named(owner))
            || hosts::known_as(host).any(|owner| self.has(owner))
    }

    fn has(&self, word: &str) -> bool {
        let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '-');
        self.0.match_indices(word).any(|(at, found)| {
            let after = self.0.get(at + found.len()..).unwrap_or_default();
            edge(self.0.get(..at).unwrap_or_default().chars().next_back()) && edge(after.chars().next())
        })
    }
}

/// The label of a host that its owner chose: `openai` of `api.openai.com`, `ecb` of
/// `www.ecb.europa.eu`.
fn owner(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let mut at = labels.len().checked_sub(2)?;
    while at > 0
        && matches!(
            *labels.get(at)?,
            "co" | "com" | "org" | "net" | "gov" | "ac" | "edu" | "europa" | "or" | "ne" | "go"
        )
        && labels.len() - at < 3
    {
        at -= 1;
    }
    labels.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_their_owners() {
        assert_eq!(host_of("https://user@api.openai.com:443/v1?x=1").as_deref(), Some("api.openai.com"));
        assert_eq!(host_of("https://{host}/x"), None);
        assert_eq!(owner("api.openai.com"), Some("openai"));
        assert_eq!(owner("www.ecb.europa.eu"), Some("ecb"));
        assert_eq!(owner("shop.example.co.uk"), Some("example"));
        assert_eq!(owner("github.com"), Some("github"));
    }

    #[test]
    fn texts_name_whole_words() {
        let texts = Texts("rates of the ecb, from mask-rules".to_owned());
        assert!(texts.name("www.ecb.europa.eu"));
        assert!(!texts.name("mask.invalid"));
        assert!(!texts.name("collect.invalid"));
    }
}
