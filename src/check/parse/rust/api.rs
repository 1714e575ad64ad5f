//! The table of what Rust code can reach (`rules/api/rust.toml`), ready for look-ups.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::words::{self, Words};
use crate::model::CapabilityKind;

/// The table built into the program.
pub static API: LazyLock<Api> = LazyLock::new(|| {
    // A test parses the file; a table that cannot be read must not pass as one that holds nothing.
    Api::parse(include_str!("../../../../rules/api/rust.toml")).expect("rules/api/rust.toml is valid")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    module: Vec<Module>,
    foreign: Foreign,
    flow: Flow,
    returns: BTreeMap<String, String>,
    literal: BTreeMap<String, Vec<String>>,
}

// A misspelt key is caught by `lists`, whose keys are capabilities.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "as")]
    twin_of: Option<String>,
    capability: Option<CapabilityKind>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(flatten)]
    lists: Lists,
}

#[derive(Deserialize)]
struct Foreign {
    #[serde(rename = "source")]
    _source: String,
    crates: Vec<String>,
    plain: Vec<String>,
    #[serde(flatten)]
    lists: Lists,
}

/// Names by the capability that they give.
type Lists = BTreeMap<CapabilityKind, Vec<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flow {
    decoders: Vec<String>,
    hosts: Vec<String>,
    host_programs: Vec<String>,
    host_variables: Vec<String>,
    homes: Vec<String>,
    senders: Vec<String>,
    shells: Vec<String>,
    startup: Vec<String>,
    clipboards: Vec<String>,
    keys: Vec<String>,
    key_keeping: Vec<String>,
    clocks: Vec<String>,
    scanners: Vec<String>,
}

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not in the table.
    Unknown,
    /// In the table, and reaches nothing.
    Nothing,
    /// Gives a capability; `true` if the path itself is listed, not only its module.
    Gives(CapabilityKind, bool),
    /// A foreign function, with what it does beyond being foreign.
    Foreign(Option<CapabilityKind>),
}

/// See [`API`].
#[derive(Debug)]
pub struct Api {
    listed: HashMap<String, Option<CapabilityKind>>,
    modules: HashMap<String, Option<CapabilityKind>>,
    twins: HashMap<String, String>,
    foreign_crates: Vec<String>,
    foreign: HashMap<String, CapabilityKind>,
    /// Modules of foreign crates that hold no foreign function.
    plain: Vec<String>,
    roots: Vec<String>,
    returns: BTreeMap<String, String>,
    /// Paths whose results are decoded data.
    pub decoders: Vec<String>,
    /// Paths whose results name host or user.
    pub hosts: Vec<String>,
    /// Programs whose output names host or user.
    pub host_programs: Vec<String>,
    /// Variables that name host or user.
    pub host_variables: Vec<String>,
    /// Variables and paths of the user's own folder.
    pub homes: Vec<String>,
    /// Programs that send what they are given.
    pub senders: Vec<String>,
    /// Programs that run the lines they are given.
    pub shells: Vec<String>,
    /// Parts of paths of files that are read whenever a user or tool starts.
    pub startup: Vec<String>,
    /// Crates for the clipboard.
    clipboards: Vec<String>,
    /// Names of parameters and fields that hold private keys.
    pub keys: Vec<String>,
    /// Functions and methods whose result still gives the key away.
    pub key_keeping: Vec<String>,
    /// Paths whose results are the time.
    pub clocks: Vec<String>,
    /// Paths that make a pattern to search text with.
    pub scanners: Vec<String>,
    /// Words that the lexer looks for.
    pub words: Words,
    markers: AhoCorasick,
    marker_kinds: Vec<&'static str>,
    /// Every path that gives something, and every path above one.
    above: HashMap<String, Lead>,
}

/// What a path may come to: itself, or by more segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lead {
    /// It reaches what the table knows.
    pub reaches: bool,
    /// It may give a capability in which flows and guards end.
    pub sinks: bool,
    /// It leads into a crate of foreign functions, of which each call counts.
    pub foreign: bool,
}

impl Lead {
    /// Whether it is worth a look.
    pub fn any(self) -> bool {
        self.reaches || self.sinks || self.foreign
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            reaches: self.reaches || other.reaches,
            sinks: self.sinks || other.sinks,
            foreign: self.foreign || other.foreign,
        }
    }

    fn of(kind: CapabilityKind) -> Self {
        Self { reaches: true, sinks: is_sink(kind), foreign: false }
    }
}

/// Capabilities in which a flow ends or that a guard keeps apart: only where one of them can be
/// had does it matter what values carry.
fn is_sink(kind: CapabilityKind) -> bool {
    use CapabilityKind::{DynamicCode, Net, Process};
    matches!(kind, Net | Process | DynamicCode)
}

impl Api {
    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        let mut api = Self {
            listed: HashMap::new(),
            modules: HashMap::new(),
            twins: HashMap::new(),
            foreign_crates: table.foreign.crates,
            foreign: HashMap::new(),
            plain: table.foreign.plain,
            roots: Vec::new(),
            returns: table.returns,
            decoders: table.flow.decoders,
            hosts: table.flow.hosts,
            host_programs: table.flow.host_programs,
            host_variables: table.flow.host_variables,
            homes: table.flow.homes,
            senders: table.flow.senders,
            shells: table.flow.shells,
            startup: table.flow.startup,
            clipboards: table.flow.clipboards,
            keys: table.flow.keys,
            key_keeping: table.flow.key_keeping,
            clocks: table.flow.clocks,
            scanners: table.flow.scanners,
            words: Words::default(),
            markers: AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .ascii_case_insensitive(true)
                .build(std::iter::once("://").chain(table.literal.values().flatten().map(String::as_str)))
                .unwrap_or_else(|error| unreachable!("{error}")),
            marker_kinds: vec!["url"],
            above: HashMap::new(),
        };
        for (kind, list) in &table.literal {
            let kind = match kind.as_str() {
                "webhook" => "webhook",
                "wallet" => "wallet",
                "agent-folder" => "agent-folder",
                _ => "path",
            };
            api.marker_kinds.extend(list.iter().map(|_| kind));
        }
        for (&capability, names) in &table.foreign.lists {
            api.foreign.extend(names.iter().map(|name| (name.clone(), capability)));
        }
        for module in table.module {
            let full = |name: &String| format!("{}::{name}", module.path);
            api.listed.extend(module.none.iter().map(|name| (full(name), None)));
            for (&capability, names) in &module.lists {
                api.listed.extend(names.iter().map(|name| (full(name), Some(capability))));
            }
            if let Some(twin) = module.twin_of {
                api.twins.insert(module.path.clone(), twin);
            }
            api.modules.insert(module.path, module.capability);
        }
        let mut above: HashMap<String, Lead> = HashMap::new();
        for (path, kind) in api.listed.iter().chain(&api.modules) {
            let Some(kind) = kind else { continue };
            let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
            for end in ends {
                let lead = above.entry(path[..end].to_owned()).or_default();
                *lead = lead.and(Lead::of(*kind));
            }
        }
        api.above = above;
        let mut roots: Vec<String> = (api.modules.keys().map(String::as_str))
            .chain(api.decoders.iter().map(String::as_str))
            .chain(api.foreign_crates.iter().map(String::as_str))
            .chain(api.clipboards.iter().map(String::as_str))
            .map(|path| path.split("::").next().unwrap_or(path).to_owned())
            .collect();
        roots.sort_unstable();
        roots.dedup();
        api.roots = roots;
        for root in api.roots.iter().filter(|root| *root != "std") {
            api.words.add(root, words::ROOT);
        }
        for module in api.modules.keys().filter_map(|path| path.strip_prefix("std::")) {
            api.words.add(module, words::ROOT);
        }
        #[expect(clippy::iter_over_hash_type, reason = "fills a set: order leaves no trace")]
        for name in api.foreign.keys() {
            api.words.add(name, words::FOREIGN_NAME);
        }
        Ok(api)
    }

    /// What a resolved path means.
    pub fn class(&self, path: &str) -> Class {
        let twin = self.twin(path);
        let path = twin.as_deref().unwrap_or(path);
        let root = path.split("::").next().unwrap_or(path);
        if self.foreign_crates.iter().any(|name| name == root) {
            let name = path.rsplit("::").next().unwrap_or(path);
            let plain =
                |plain: &String| path.strip_prefix(plain.as_str()).is_some_and(|rest| rest.starts_with("::"));
            if self.plain.iter().any(plain) {
                return Class::Nothing;
            }
            return Class::Foreign(self.foreign.get(name).copied());
        }
        let mut prefix = path;
        let mut whole = true;
        loop {
            if let Some(class) = self.listed.get(prefix) {
                return class.map_or(Class::Nothing, |kind| Class::Gives(kind, whole));
            }
            if let Some(class) = self.modules.get(prefix) {
                return class.map_or(Class::Nothing, |kind| Class::Gives(kind, false));
            }
            let Some(cut) = prefix.rfind("::") else { return Class::Unknown };
            prefix = &prefix[..cut];
            whole = false;
        }
    }

    /// Whether the table names this very item (or something in it), so that a glob may mean it.
    pub fn is_item(&self, path: &str) -> bool {
        let path = self.twin(path).unwrap_or_else(|| path.to_owned());
        let root = path.split("::").next().unwrap_or(&path);
        if self.foreign_crates.iter().any(|name| name == root) {
            return path.rsplit("::").next().is_some_and(|name| self.foreign.contains_key(name));
        }
        let within = |known: &String| {
            known.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        self.listed.keys().chain(self.modules.keys()).any(within)
    }

    /// Where a path, or a longer one that starts with it, may come to.
    pub fn lead(&self, path: &str) -> Lead {
        let twin = self.twin(path);
        let own = match self.class(path) {
            Class::Gives(kind, _) => Lead::of(kind),
            Class::Foreign(kind) => {
                Lead { foreign: true, reaches: kind.is_some(), sinks: kind.is_some_and(is_sink) }
            }
            Class::Unknown | Class::Nothing => Lead::default(),
        };
        let of = |path: &str| self.above.get(path).copied().unwrap_or_default();
        let clipboard = self.is_clipboard(path);
        let own = own.and(Lead { reaches: clipboard, sinks: clipboard, foreign: false });
        own.and(of(path)).and(twin.as_deref().map_or_else(Lead::default, of))
    }

    /// Whether a path leads into a crate for the clipboard.
    pub fn is_clipboard(&self, path: &str) -> bool {
        let root = path.split("::").next().unwrap_or(path);
        self.clipboards.iter().any(|name| name == root)
    }

    /// What a foreign function of that name does.
    pub fn foreign_lead(&self, name: &str) -> Option<Lead> {
        self.foreign.get(name).map(|kind| Lead { foreign: true, ..Lead::of(*kind) })
    }

    /// Names that a glob of that path may bring in, with what they lead to.
    pub fn under(&self, path: &str) -> Vec<(String, Lead)> {
        let root = path.split("::").next().unwrap_or(path);
        if self.foreign_crates.iter().any(|name| name == root) {
            let names = self.foreign.iter();
            return names
                .map(|(name, kind)| (name.clone(), Lead { foreign: true, ..Lead::of(*kind) }))
                .collect();
        }
        let path = self.twin(path).unwrap_or_else(|| path.to_owned());
        let next = |known: &String| {
            let rest = known.strip_prefix(path.as_str())?.strip_prefix("::")?;
            rest.split("::").next().map(str::to_owned)
        };
        let mut names: Vec<String> = self.listed.keys().chain(self.modules.keys()).filter_map(next).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| (name.clone(), self.lead(&format!("{path}::{name}")))).collect()
    }

    fn twin(&self, path: &str) -> Option<String> {
        self.twins.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            (rest.is_empty() || rest.starts_with("::")).then(|| format!("{to}{rest}"))
        })
    }

    /// Whether a crate of that name is in the table.
    pub fn is_root(&self, name: &str) -> bool {
        self.roots.iter().any(|root| root == name)
    }

    /// The type that a function or method returns.
    pub fn returns(&self, path: &str) -> Option<&str> {
        self.returns.get(path).map(String::as_str)
    }

    /// What a text is by what stands in it (`url`, `webhook`, `path`, `wallet`), each once.
    pub fn markers(&self, text: &str) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        for found in self.markers.find_iter(text) {
            let kind = self.marker_kinds[found.pattern().as_usize()];
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CapabilityKind::{FsRead, FsWrite, Net, Process};

    #[test]
    fn the_longest_prefix_decides_and_the_rest_inherits() {
        let class = |path| API.class(path);
        assert_eq!(class("std::fs::write"), Class::Gives(FsWrite, true));
        assert_eq!(class("std::fs::something_new"), Class::Gives(FsRead, false));
        assert_eq!(class("std::net::IpAddr::from"), Class::Nothing);
        assert_eq!(class("tokio::process::Command::new"), Class::Gives(Process, true));
        assert_eq!(class("tokio::spawn"), Class::Nothing);
        assert_eq!(class("std::os::unix::net::UnixStream::connect"), Class::Gives(Net, false));
        assert_eq!(class("libc::execve"), Class::Foreign(Some(Process)));
        assert_eq!(class("libc::qsort"), Class::Foreign(None));
        assert_eq!(class("serde::Serialize"), Class::Unknown);
    }

    #[test]
    fn literals_are_recognised_by_what_stands_in_them() {
        assert_eq!(API.markers("https://discord.com/api/webhooks/1/x"), ["url", "webhook"]);
        assert_eq!(API.markers("~/.aws/credentials"), ["path"]);
        assert!(API.markers("plain text").is_empty());
    }
}
