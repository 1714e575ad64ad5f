//! What a manifest says of its package, and whether it speaks of a reach.
//!
//! A coarse reading on purpose: a word too many lets a package pass that the other rules still
//! judge, a word too few sends an honest one to a reader.

use std::collections::BTreeSet;

use crate::check::{distribution, manifest};
use crate::json::{self, Node};
use crate::model::{Contents, Ecosystem, Package};

/// Characters of a readme that stand in for a description that is not there.
const README: usize = 400;

/// Beginnings of words that speak of a network or of what is had over one.
const NET: &[&str] = &[
    "http",
    "url",
    "uri",
    "web",
    "internet",
    "network",
    "fetch",
    "download",
    "upload",
    "api",
    "client",
    "server",
    "servic",
    "sdk",
    "request",
    "remote",
    "online",
    "cloud",
    "brows",
    "socket",
    "rpc",
    "grpc",
    "graphql",
    "rest",
    "proxy",
    "proxi",
    "mail",
    "smtp",
    "imap",
    "ftp",
    "ssh",
    "dns",
    "tcp",
    "udp",
    "tls",
    "ssl",
    "host",
    "cdn",
    "crawl",
    "scrap",
    "webhook",
    "bot",
    "chat",
    "oauth",
    "openid",
    "sync",
    "deploy",
    "publish",
    "registr",
    "telemetr",
    "analytic",
    "metric",
    "trac",
    "monitor",
    "install",
    "prebuilt",
    "updat",
    "github",
    "gitlab",
    "slack",
    "discord",
    "telegram",
    "aws",
    "azure",
    "gcp",
    "s3",
    "google",
    "kubernetes",
    "docker",
    "mqtt",
    "amqp",
    "kafka",
    "redis",
    "database",
    "sql",
    "postgres",
    "mongo",
    "torrent",
    "peer",
    "rss",
    "feed",
    "llm",
    "model",
    "mcp",
    "agent",
    "weight",
    "dataset",
    "pretrain",
    "hub",
    "blockchain",
    "ethereum",
    "solana",
    "bitcoin",
    "payment",
    "weather",
    "geocod",
    "translat",
    "notif",
    "push",
    "storage",
    "package",
    "dependenc",
    "release",
    "report",
    "page",
    "site",
];

/// Words of the same that would be the beginning of too many others.
const NET_WORDS: &[&str] = &["net", "git", "ai", "p2p", "irc", "ip", "ntp", "sse", "iot", "vpn", "cms"];

/// Beginnings of words that speak of somebody's service.
const SERVICES: &[&str] = &[
    "api", "client", "sdk", "wrapper", "servic", "provider", "cloud", "hosted", "online", "webhook",
    "weather", "forecast", "geocod", "translat", "payment", "llm", "chat", "notif", "telemetr", "analytic",
    "crash", "paste", "mail",
];

/// Whole words that do.
const SERVICE_WORDS: &[&str] = &["ai", "mcp", "bot", "bots", "model", "models", "rates"];

/// Beginnings of words that speak of other programs, or of work that is done with them.
const PROGRAMS: &[&str] = &[
    "run",
    "exec",
    "cli",
    "command",
    "shell",
    "process",
    "spawn",
    "terminal",
    "tool",
    "build",
    "compil",
    "bundl",
    "test",
    "lint",
    "format",
    "task",
    "script",
    "launch",
    "start",
    "open",
    "brows",
    "server",
    "docker",
    "deploy",
    "install",
    "generat",
    "develop",
    "tty",
    "pty",
    "consol",
    "monitor",
    "manag",
    "automat",
    "driver",
    "editor",
    "debug",
    "profil",
    "native",
    "binding",
    "binar",
    "cpu",
    "gpu",
    "system",
    "platform",
    "worker",
    "thread",
    "cluster",
    "parallel",
    "pool",
    "job",
    "queue",
    "schedul",
    "watch",
    "reload",
    "framework",
    "scaffold",
    "notif",
    "clipboard",
    "version",
    "environment",
    "package",
    "notebook",
    "kernel",
    "git",
    "pdf",
    "video",
    "audio",
    "latex",
    "graphviz",
];

/// Words of the same that would be the beginning of too many others.
const PROGRAM_WORDS: &[&str] = &["os", "repl", "make", "vcs", "hw"];

/// The words of the name, the description, the keywords and the categories, lower case; none where
/// neither description nor readme says what the package is for.
pub fn said(package: &Package, contents: &Contents) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    split(&package.name, &mut out);
    let mut described = false;
    for key in ["description", "Summary"] {
        if let Some((text, _)) = manifest::text_field(package.ecosystem, contents, key) {
            described |= text.split_whitespace().count() > 1;
            split(&text, &mut out);
        }
    }
    match package.ecosystem {
        Ecosystem::Npm => {
            if let Some(text) = contents.get("package.json").and_then(|bytes| std::str::from_utf8(bytes).ok())
                && let Ok(root) = json::parse(text)
                && let Some(keywords) = root.get("keywords")
            {
                keywords.as_str().into_iter().for_each(|text| split(text, &mut out));
                keywords.elements().iter().filter_map(Node::as_str).for_each(|text| split(text, &mut out));
            }
        }
        Ecosystem::Pypi => {
            if let Some((_, text)) = distribution::metadata(contents) {
                for line in text.lines().take_while(|line| !line.is_empty()) {
                    match line.split_once(':') {
                        Some(("Keywords", value)) => split(value, &mut out),
                        Some(("Classifier", value)) if value.trim_start().starts_with("Topic") => {
                            split(value, &mut out);
                        }
                        _ => {}
                    }
                }
            }
            described |= project(contents, &mut out);
        }
        _ => {
            let text = contents.get("Cargo.toml").and_then(|bytes| std::str::from_utf8(bytes).ok());
            if let Some(table) = text.and_then(|text| text.parse::<toml::Table>().ok())
                && let Some(package) = table.get("package").and_then(toml::Value::as_table)
            {
                lists(package, &["keywords", "categories"], &mut out);
            }
        }
    }
    if !described && let Some(text) = readme(contents) {
        let start: String = text.chars().take(README).collect();
        described |= start.split_whitespace().count() > 3;
        split(&start, &mut out);
    }
    described.then_some(out)
}

/// Everything that a package's own texts say, lower case: name, description, keywords, and its readme.
pub fn all(package: &Package, contents: &Contents) -> String {
    let mut out: String =
        said(package, contents).unwrap_or_default().into_iter().collect::<Vec<_>>().join(" ");
    out.push(' ');
    out.push_str(&package.name.to_lowercase());
    for file in contents.files.iter().filter(|file| file.path.to_ascii_lowercase().starts_with("readme")) {
        out.push(' ');
        out.push_str(&String::from_utf8_lossy(contents.bytes(file)).to_lowercase());
    }
    if let Some((_, text)) = distribution::metadata(contents) {
        out.push(' ');
        out.push_str(&text.to_lowercase());
    }
    out
}

/// What `pyproject.toml` says; true where that is a description.
fn project(contents: &Contents, out: &mut BTreeSet<String>) -> bool {
    let text = contents.get("pyproject.toml").and_then(|bytes| std::str::from_utf8(bytes).ok());
    let Some(table) = text.and_then(|text| text.parse::<toml::Table>().ok()) else { return false };
    let poetry = table.get("tool").and_then(|tool| tool.get("poetry"));
    let mut described = false;
    for project in [table.get("project"), poetry].into_iter().flatten().filter_map(toml::Value::as_table) {
        lists(project, &["keywords"], out);
        let description = project.get("description").and_then(toml::Value::as_str);
        description.into_iter().for_each(|text| split(text, out));
        described |= description.is_some();
    }
    described
}

fn lists(table: &toml::Table, keys: &[&str], out: &mut BTreeSet<String>) {
    let values = keys.iter().filter_map(|key| table.get(*key)?.as_array()).flatten();
    values.filter_map(toml::Value::as_str).for_each(|text| split(text, out));
}

fn readme(contents: &Contents) -> Option<&str> {
    let named = |path: &str| {
        !path.contains('/') && path.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("readme"))
    };
    let file = contents.files.iter().find(|file| named(&file.path))?;
    std::str::from_utf8(contents.bytes(file)).ok()
}

/// Words, those of `camelCase` apart as well.
pub fn split(text: &str, out: &mut BTreeSet<String>) {
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut part = String::new();
        let mut lower = false;
        for c in word.chars() {
            if c.is_uppercase() && lower {
                out.insert(std::mem::take(&mut part));
            }
            lower = c.is_lowercase();
            part.extend(c.to_lowercase());
        }
        out.insert(part);
        out.insert(word.to_lowercase());
    }
}

fn any(said: &BTreeSet<String>, starts: &[&str], whole: &[&str]) -> bool {
    said.iter()
        .any(|word| whole.contains(&word.as_str()) || starts.iter().any(|start| word.starts_with(start)))
}

/// Whether the words let a reader expect connections.
pub fn speak_of_net(said: &BTreeSet<String>) -> bool {
    any(said, NET, NET_WORDS)
}

/// Whether they say that somebody's service is used, whose one host is then no surprise.
pub fn speak_of_service(said: &BTreeSet<String>) -> bool {
    any(said, SERVICES, SERVICE_WORDS)
}

/// Whether they let a reader expect that other programs are started.
pub fn speak_of_programs(said: &BTreeSet<String>) -> bool {
    any(said, PROGRAMS, PROGRAM_WORDS)
}
