//! Hosts that stand in code, and those that are a package's own or nobody's.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::{Subject, context, distribution};
use crate::json::{self, Node};
use crate::model::{Contents, Ecosystem, Fact, LineIndex, Span};

/// Largest file that is searched for hosts without a scheme, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Files of code that are searched for one owner's key at most.
const MAX_CODE: usize = 500;
/// Hosts of one file at most.
const MAX_HOSTS: usize = 20;

/// Hosts that are names of formats, or stand for any.
const NOBODY: &[&str] = &[
    "w3.org",
    "json-schema.org",
    "schema.org",
    "xmlsoap.org",
    "purl.org",
    "example.com",
    "example.org",
    "example.net",
];

/// Where everybody's packages lie.
const REGISTRIES: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "npmjs.com",
    "pypi.org",
    "pythonhosted.org",
    "crates.io",
    "docs.rs",
    "nodejs.org",
    "python.org",
    "rust-lang.org",
];

/// Where many keep their code: of these only one's own pages are one's own.
const FORGES: &[&str] =
    &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "githubusercontent.com", "github.io"];

/// Domains that go by another name than their owner's.
const OWNERS: &[(&str, &str)] = &[
    ("googleapis.com", "google"),
    ("amazonaws.com", "aws"),
    ("amazonaws.com", "amazon"),
    ("githubusercontent.com", "github"),
    ("microsoftonline.com", "microsoft"),
    ("graph.microsoft.com", "outlook"),
    ("atlassian.net", "jira"),
    ("atlassian.net", "confluence"),
    ("discordapp.com", "discord"),
];

/// What readers call who owns a host, where its name does not say it.
pub fn known_as(host: &str) -> impl Iterator<Item = &'static str> {
    OWNERS.iter().filter(move |(domain, _)| below(host, domain)).map(|(_, owner)| *owner)
}

/// What owners put behind their name to have a domain for programs.
const BEHIND: &[&str] = &["apis", "api", "app", "usercontent", "hq", "mail", "cloud"];

/// An owner's name without what was put behind it: `google` of `googleapis`, `postmark` of `postmarkapp`.
pub fn plainly(owner: &str) -> Option<&str> {
    BEHIND.iter().find_map(|end| owner.strip_suffix(end)).filter(|name| name.len() > 3)
}

/// `host: 'a.b.example'`, `hostname="a.b.example"`, `connect(("a.b.example", 443))`.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:\b(?:host|hostname|servername|server|domain|base_?url|baseurl)["']?\s*[:=]\s*|connect(?:_ex|ion)?\s*\(\s*\(?\s*|TcpStream::connect\(\s*\(?\s*|(?:HTTPS?Connection|SMTP(?:_SSL)?|FTP)\(\s*|(?:connect|createConnection|send|sendto)\([^()\n]{0,60}(?:\([^()\n]{0,60}\)[^()\n]{0,20})?\b[0-9]{2,5}\s*,\s*)(?:&?["'`])([a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62}){0,6}\.[a-z]{2,18}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::[0-9]{1,5})?["'`]"#,
    )
    .expect("the expression is valid")
});

/// The host of an address, lower case; nothing where it is computed, local, or no host of the net.
pub fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    // A fragment is never sent: such an address is for people. So is a name space of XML.
    if rest.contains(['#', '}', '*']) {
        return None;
    }
    let host = rest.split(['/', '?']).next()?;
    plain(host.rsplit('@').next()?.split(':').next()?)
}

/// A host as it is compared, lower case; nothing where it is none of the net's.
pub fn plain(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let labels: Vec<&str> = host.split('.').collect();
    if !plain || labels.len() < 2 || labels.iter().any(|label| label.is_empty()) {
        return None;
    }
    let number = labels.iter().all(|label| label.bytes().all(|b| b.is_ascii_digit()));
    let local = match number {
        true => ["0.", "10.", "127.", "169.254.", "192.168.", "224.", "239.", "255."]
            .iter()
            .any(|start| host.starts_with(start)),
        false => {
            matches!(labels.last(), Some(&("local" | "localhost" | "test" | "internal" | "lan" | "svc")))
        }
    };
    (!local && !NOBODY.iter().any(|known| below(&host, known))).then_some(host)
}

/// Whether a host is a domain, or below it.
pub fn below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The host of a literal that is an address by itself, not a sentence with one in it.
pub fn of_literal(contents: &Contents, fact: &Fact) -> Option<String> {
    let host = match fact.name.as_str() {
        "ip" => plain(&fact.value)?,
        "webhook" => host(&fact.value).or_else(|| plain(fact.value.split('/').next()?))?,
        _ => host(&fact.value)?,
    };
    let bytes = contents.get(&fact.span.file)?;
    let (start, end) = (fact.span.start as usize, (fact.span.end as usize).min(bytes.len()));
    let written = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned();
    match written.find("://") {
        // Put together from parts; one that stands somewhere as it is was looked at there.
        None => (memchr::memmem::find(bytes, host.as_bytes()).is_none()).then_some(host),
        Some(at) => {
            let before = written.get(..at).unwrap_or_default();
            let before = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '+');
            let after = written.get(at..).unwrap_or_default();
            // A text goes on after an address; an address does not.
            let text = before.ends_with([' ', '(', '<', '[', '\n'])
                || after.trim_end().contains([' ', '\n']) && !after.contains(['{', '$', '%', '+']);
            // The name of a format, and what a module says of where it is from.
            let at = bytes.get(..start).unwrap_or_default();
            let line = at.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            let named = line.contains("xmlns") || line.trim_start().starts_with("__");
            (!text && !named).then_some(host)
        }
    }
}

/// Hosts without a scheme, where code says that they are hosts.
pub fn bare(contents: &Contents, path: &str) -> Vec<(String, Span)> {
    let Some(bytes) = contents.get(path).filter(|bytes| bytes.len() <= MAX_FILE) else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let index = LineIndex::new(path, text);
    let mut out = Vec::new();
    for found in BARE.captures_iter(text).take(MAX_HOSTS).filter_map(|found| found.get(1)) {
        let line = text.get(..found.start()).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        if line.trim_start().starts_with(['#', '*']) || line.contains("//") {
            continue;
        }
        if let Some(host) = plain(found.as_str()) {
            out.push((host, index.span(found.start(), found.end())));
        }
    }
    out
}

/// What is a package's own, or said by its texts.
#[derive(Debug, Default)]
pub struct Own {
    /// Addresses of its manifest, lower case, without scheme.
    pages: Vec<String>,
    /// Its name, lower case, without scope.
    name: String,
    /// Its texts, lower case.
    texts: String,
}

impl Own {
    /// Of the manifest and the texts of a package.
    pub fn of(subject: &Subject<'_>) -> Self {
        let contents = subject.contents;
        let name = subject.package.name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let mut out = Self { name, ..Self::default() };
        match subject.package.ecosystem {
            Ecosystem::Npm => out.npm(contents),
            Ecosystem::Pypi => {
                if let Some((_, text)) = distribution::metadata(contents) {
                    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
                    for line in head.lines() {
                        if let Some(("Home-page" | "Project-URL" | "Download-URL", value)) =
                            line.split_once(':')
                        {
                            out.page(value);
                        }
                        if let Some(("Summary", value)) = line.split_once(':') {
                            out.say(value);
                        }
                    }
                    out.texts.push_str(&body.to_lowercase());
                }
                out.toml(contents, "pyproject.toml", &["project"]);
                out.toml(contents, "pyproject.toml", &["tool", "poetry"]);
            }
            _ => out.toml(contents, "Cargo.toml", &["package"]),
        }
        if subject.package.ecosystem == Ecosystem::Cargo {
            out.docs(contents);
        }
        for file in &contents.files {
            let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
            if matches!(ending.as_str(), "md" | "markdown" | "rst" | "txt") && file.range.len() <= MAX_FILE {
                out.texts.push('\n');
                out.texts.push_str(&String::from_utf8_lossy(contents.bytes(file)).to_lowercase());
            }
        }
        out
    }

    /// What public modules of a crate say of themselves: their pages are published with the crate's.
    fn docs(&mut self, contents: &Contents) {
        let source = |path: &str| path.ends_with(".rs").then(|| contents.get(path)).flatten();
        let mut public: BTreeSet<String> = BTreeSet::new();
        for file in contents.files.iter().filter(|file| file.path.starts_with("src/")) {
            let Some(bytes) = source(&file.path).filter(|bytes| bytes.len() <= MAX_FILE) else { continue };
            for line in String::from_utf8_lossy(bytes).lines() {
                if let Some(rest) = line.trim_start().strip_prefix("pub mod ") {
                    public.extend(rest.strip_suffix(';').map(str::to_owned));
                }
            }
        }
        for file in contents.files.iter().filter(|file| file.path.starts_with("src/")) {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let name = match name {
                "mod.rs" => folder.rsplit('/').next().unwrap_or_default(),
                other => other.trim_end_matches(".rs"),
            };
            let root = matches!(&*file.path, "src/lib.rs" | "src/main.rs");
            if !root && !public.contains(name) {
                continue;
            }
            let Some(bytes) = source(&file.path).filter(|bytes| bytes.len() <= MAX_FILE) else { continue };
            for line in String::from_utf8_lossy(bytes).lines() {
                if let Some(said) = line.trim_start().strip_prefix("//!") {
                    self.texts.push('\n');
                    self.texts.push_str(&said.to_lowercase());
                }
            }
        }
    }

    /// Takes a line of the manifest that tells its readers what it is.
    fn say(&mut self, text: &str) {
        self.texts.push('\n');
        self.texts.push_str(&text.to_lowercase());
    }

    fn page(&mut self, text: &str) {
        if let Some((_, rest)) = text.split_once("://") {
            let rest = rest.split(['#', '?']).next().unwrap_or_default().trim().trim_end_matches('/');
            self.pages.push(rest.trim_end_matches(".git").trim_start_matches("www.").to_lowercase());
        }
    }

    fn npm(&mut self, contents: &Contents) {
        let text = contents.get("package.json").and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(Ok(root)) = text.map(json::parse) else { return };
        if let Some(said) = root.get("description").and_then(Node::as_str) {
            self.say(said);
        }
        for key in ["homepage", "repository", "bugs", "author"] {
            let Some(node) = root.get(key) else { continue };
            let texts = [Some(node), node.get("url")].into_iter().flatten().filter_map(Node::as_str);
            for text in texts {
                self.page(text);
                // `owner/name`, `github:owner/name`
                let short = text.strip_prefix("github:").unwrap_or(text);
                if key == "repository" && short.matches('/').count() == 1 && !short.contains(':') {
                    self.pages.push(format!("github.com/{}", short.to_lowercase()));
                }
            }
        }
    }

    fn toml(&mut self, contents: &Contents, file: &str, table: &[&str]) {
        let text = contents.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(root) = text.and_then(|text| text.parse::<toml::Table>().ok()) else { return };
        let Some(table) = table.iter().try_fold(&root, |root, key| root.get(*key)?.as_table()) else {
            return;
        };
        if let Some(said) = table.get("description").and_then(toml::Value::as_str) {
            self.say(said);
        }
        let urls = table.get("urls").and_then(toml::Value::as_table);
        let own = ["homepage", "repository", "documentation"].iter().filter_map(|key| table.get(*key));
        for text in urls.into_iter().flat_map(|urls| urls.values()).chain(own).filter_map(toml::Value::as_str)
        {
            self.page(text);
        }
    }

    /// Whether a host is of the package, of a registry, or told to its readers.
    pub fn has(&self, host: &str, url: &str) -> bool {
        if REGISTRIES.iter().any(|known| below(host, known)) {
            return true;
        }
        if FORGES.iter().any(|known| below(host, known)) {
            let address = url.split_once("://").map_or(url, |(_, rest)| rest).to_lowercase();
            // `github.com/pads/pads` of a package `pads`.
            if address.split('/').nth(2) == Some(self.name.as_str()) {
                return true;
            }
            let owners = self.pages.iter().filter_map(|page| {
                let mut parts = page.split('/');
                let forge = parts.next()?;
                let owner = parts.next().filter(|owner| !owner.is_empty());
                match forge.split_once('.') {
                    Some((owner, "github.io")) => Some(owner),
                    _ => owner,
                }
            });
            return owners.into_iter().any(|owner| {
                address.split('/').nth(1) == Some(owner)
                    || address.split('/').nth(2) == Some(owner)
                    || host == format!("{owner}.github.io")
            });
        }
        let page = self.pages.iter().any(|page| {
            let domain = page.split(['/', ':']).next().unwrap_or_default();
            domain.contains('.')
                && !FORGES.iter().any(|known| below(domain, known))
                && (below(host, domain) || registered(host) == registered(domain))
        });
        page || self.told(host)
    }

    /// Whether the texts, or the name of the file, speak of who owns a host: of `slack` for
    /// `hooks.slack.com`. A package's own name is in all of them, and who makes it up can register a
    /// domain of that name.
    pub fn names_owner(&self, host: &str, path: &str) -> bool {
        if known_as(host).any(|owner| self.told(owner)) {
            return true;
        }
        let plain = |text: &str| text.replace(['-', '_', '.'], "");
        let Some(owner) = registered(host).split('.').next().filter(|label| label.len() > 3) else {
            return false;
        };
        let (short, name) = (plain(owner), plain(&self.name));
        let same = name.contains(&short) || short.contains(&name);
        let whose = plainly(owner).unwrap_or(owner);
        !same && (self.told(owner) || self.told(whose) || path.to_ascii_lowercase().contains(whose))
    }

    /// Whether the code asks its user for a key of who owns a host: `OPENAI_API_KEY` for
    /// `api.openai.com`, `settings["telegram"]["token"]`. Who sets it up knows with whom. As with
    /// [`Self::names_owner`], the package's own name does not count.
    pub fn asks_key_of(&self, contents: &Contents, host: &str) -> bool {
        let plain = |text: &str| text.replace(['-', '_', '.'], "");
        let Some(owner) = registered(host).split('.').next().filter(|label| label.len() > 3) else {
            return false;
        };
        let (short, name) = (plain(owner), plain(&self.name));
        if name.contains(&short) || short.contains(&name) {
            return false;
        }
        let pattern = format!(
            r#"(?i)\b_?{}["'\]\[._-]{{0,5}}(?:(?:api|access|bot|auth)["'\]\[._-]{{0,3}})?(?:key|token|secret|password)"#,
            regex::escape(owner)
        );
        let Ok(asked) = regex::bytes::Regex::new(&pattern) else { return false };
        let code = contents.files.iter().filter(|file| {
            context::is_code(&file.path)
                && file.range.len() <= MAX_FILE
                && !crate::check::context::is_test_path(&file.path)
        });
        code.take(MAX_CODE).any(|file| asked.is_match(contents.bytes(file)))
    }

    /// Whether the texts tell that something is sent to who makes the package.
    pub fn tells_of_usage(&self) -> bool {
        ["telemetry", "usage data", "usage statistics", "crash report"]
            .iter()
            .any(|words| self.texts.contains(words))
    }

    /// Whether the texts promise that nothing leaves the machine.
    pub fn promises_silence(&self) -> bool {
        [
            "never leave the",
            "never leaves the",
            "never leaves your",
            "never leave your",
            "nothing leaves",
            "no network access",
            "no network code",
            "no network requests",
            "no network calls",
            "makes no network",
            "without network access",
            "never sends anything",
            "stays on your machine",
            "stay on your machine",
            "stays on this machine",
            "stay on this machine",
        ]
        .iter()
        .any(|words| self.texts.contains(words))
    }

    fn told(&self, host: &str) -> bool {
        let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '-');
        self.texts.match_indices(host).any(|(at, found)| {
            let after = self.texts.get(at + found.len()..).unwrap_or_default();
            edge(self.texts.get(..at).unwrap_or_default().chars().next_back()) && edge(after.chars().next())
        })
    }
}

/// The last two labels of a host; three where the last two are short, as in `a.co.uk`.
pub fn registered(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(_), Some(second)) = (dots.next(), dots.next()) else { return host };
    let two = host.get(second + 1..).unwrap_or(host);
    match (two.len() <= 6, dots.next()) {
        (true, Some(third)) => host.get(third + 1..).unwrap_or(two),
        (true, None) => host,
        (false, _) => two,
    }
}
