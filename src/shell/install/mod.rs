//! Which packages a command brings.
//!
//! Sources: the manual pages and `--help` of the tools named in each arm.

mod node;
mod other;
mod python;

use self::node::{node, node_create, node_run};
use self::other::{cargo, conda, deno, docker, fetched_by_option, gem, git, go, plugins, system};
use self::python::{python, python_run, python_with};
use super::Invocation;
use super::curl;
use super::value::Value;
use super::wrap::{base, is_interpreter, is_shell};

/// One package, image or script that a command brings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Install {
    /// Whose packages: a purl type (`npm`, `pypi`, `cargo`, `golang`, `docker`, `gem`, `deb`, `apk`,
    /// `rpm`, `alpm`, `brew`, `github`, `generic`) or `skill` and `claude-plugin`.
    pub ecosystem: &'static str,
    /// Name as the ecosystem writes it; empty where a file or a lockfile says what comes
    /// (`npm ci`, `pip install -r x`), the address where it is fetched by that.
    pub name: String,
    /// What stands behind the name: `1.2.3`, `^1`, `==1.0`, a tag, `sha256:…`, a git revision.
    pub requirement: Option<String>,
    /// Whether the requirement names exactly one version or digest.
    pub pinned: bool,
    /// The registry or index that the command names itself.
    pub registry: Option<String>,
    /// An address that it is fetched from.
    pub url: Option<String>,
    /// A file or folder that says what comes: `requirements.txt`, `./x`.
    pub file: Option<String>,
    /// Whether it is also started: `npx`, `uvx`, `docker run`, `curl | sh`.
    pub runs: bool,
}

impl Install {
    fn new(ecosystem: &'static str, name: impl Into<String>, runs: bool) -> Self {
        Self {
            ecosystem,
            name: name.into(),
            requirement: None,
            pinned: false,
            registry: None,
            url: None,
            file: None,
            runs,
        }
    }

    fn of_file(ecosystem: &'static str, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::new(ecosystem, "", false) }
    }

    fn at(mut self, requirement: Option<&str>, pinned: bool) -> Self {
        self.requirement = requirement.filter(|text| !text.is_empty()).map(str::to_owned);
        self.pinned = pinned && self.requirement.is_some();
        self
    }
}

/// Arguments split into options and plain words.
struct Options<'a> {
    words: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Options<'a> {
    /// `takes`: options whose value is the next word.
    fn read(args: &'a [Value], takes: &[&str]) -> Self {
        let (mut words, mut options, mut rest) = (Vec::new(), Vec::new(), args.iter());
        while let Some(arg) = rest.next() {
            let text = arg.text.as_str();
            if text == "--" {
                words.extend(rest.by_ref().map(|arg| arg.text.as_str()));
            } else if let Some((name, value)) = text.split_once('=').filter(|_| text.starts_with('-')) {
                options.push((name, value));
            } else if takes.contains(&text) {
                options.push((text, rest.next().map_or("", |arg| arg.text.as_str())));
            } else if text.starts_with('-') && text.len() > 1 {
                options.push((text, ""));
            } else {
                words.push(text);
            }
        }
        Self { words, options }
    }

    fn get(&self, names: &[&str]) -> Option<&'a str> {
        self.options
            .iter()
            .find(|(name, value)| names.contains(name) && !value.is_empty())
            .map(|(_, value)| *value)
    }

    fn all(&self, names: &[&str]) -> Vec<&'a str> {
        self.options.iter().filter(|(name, _)| names.contains(name)).map(|(_, value)| *value).collect()
    }
}

/// Variables that name where packages come from, with the ecosystem of those; where two are set, the
/// one that stands first is what decides most.
pub const INDEXES: [(&str, &str); 16] = [
    ("npm", "npm_config_registry"),
    ("npm", "NPM_CONFIG_REGISTRY"),
    ("npm", "YARN_NPM_REGISTRY_SERVER"),
    ("npm", "YARN_REGISTRY"),
    ("npm", "BUN_CONFIG_REGISTRY"),
    ("pypi", "PIP_INDEX_URL"),
    ("pypi", "UV_DEFAULT_INDEX"),
    ("pypi", "UV_INDEX_URL"),
    ("pypi", "UV_INDEX"),
    ("pypi", "PIP_EXTRA_INDEX_URL"),
    ("pypi", "UV_EXTRA_INDEX_URL"),
    ("pypi", "PIP_FIND_LINKS"),
    ("pypi", "UV_FIND_LINKS"),
    ("golang", "GOPROXY"),
    ("cargo", "CARGO_REGISTRY_DEFAULT"),
    ("cargo", "CARGO_REGISTRIES_CRATES_IO_INDEX"),
];

/// The packages that a command brings, in the order in which it names them. Names that are not
/// known stand as written (`$PKG`).
pub fn installs(invocation: &Invocation) -> Vec<Install> {
    let mut found = named(invocation);
    for install in found.iter_mut().filter(|install| install.registry.is_none() && install.url.is_none()) {
        let set =
            INDEXES.iter().filter(|(ecosystem, _)| *ecosystem == install.ecosystem).find_map(|(_, name)| {
                invocation.indexes.iter().find(|(set, value)| set == name && !value.is_empty())
            });
        install.registry = set.map(|(_, value)| value.clone());
    }
    found
}

fn named(invocation: &Invocation) -> Vec<Install> {
    let args = invocation.args.as_slice();
    let first = args.first().map_or("", |arg| arg.text.as_str());
    let second = args.get(1).map_or("", |arg| arg.text.as_str());
    let after = |n: usize| args.get(n..).unwrap_or_default();
    let name = invocation.name.as_str();
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match (name, first) {
        (
            "npm",
            "i" | "install" | "add" | "in" | "ins" | "isntall" | "install-test" | "it" | "update" | "up",
        ) => node(after(1), false),
        ("npm", "ci" | "clean-install" | "ic") => vec![Install::of_file("npm", "package-lock.json")],
        ("npm", "exec" | "x") => node_run(after(1)),
        ("npm", "init" | "create" | "innit") => node_create(after(1)),
        ("npx" | "bunx" | "pnpx", _) => node_run(args),
        ("pnpm", "dlx" | "exec") | ("yarn", "dlx") | ("bun", "x") if first != "exec" => node_run(after(1)),
        ("pnpm" | "yarn" | "bun", "create" | "init") => node_create(after(1)),
        ("pnpm" | "yarn" | "bun", "add" | "i" | "install" | "update" | "upgrade" | "a") => {
            node(after(1), false)
        }
        ("yarn", "global") if second == "add" => node(after(2), false),
        ("yarn", "") => vec![Install::of_file("npm", "package.json")],
        ("corepack", "prepare" | "use") => node(after(1), false),
        _ if matches!(plain, "pip" | "pipenv")
            && matches!(first, "install" | "download" | "wheel" | "sync") =>
        {
            python(after(1))
        }
        _ if plain == "python" || plain == "pypy" || name == "py" => {
            match args.iter().position(|arg| arg.text == "-m") {
                Some(at) => {
                    let inner = Invocation {
                        name: args.get(at + 1).map_or("", |arg| arg.text.as_str()).to_owned(),
                        args: after(at + 2).to_vec(),
                        ..invocation.clone()
                    };
                    if inner.name.starts_with("python") { Vec::new() } else { installs(&inner) }
                }
                None => Vec::new(),
            }
        }
        ("uv", "pip") if matches!(second, "install" | "sync") => python(after(2)),
        ("uv", "add") | ("poetry" | "pdm" | "rye" | "hatch", "add") => python(after(1)),
        ("uv", "tool") if second == "run" => python_run(after(2)),
        ("uv", "tool") if second == "install" => python(after(2)),
        ("uvx", _) => python_run(args),
        ("uv", "run") => python_with(after(1)),
        ("uv" | "poetry" | "pdm", "sync" | "install") => vec![Install::of_file("pypi", "pyproject.toml")],
        ("pipx", "install" | "inject" | "upgrade") => python(after(1)),
        ("pipx", "run") => python_run(after(1)),
        ("conda" | "mamba" | "micromamba", "install" | "create") => conda(after(1)),
        ("cargo", _) => cargo(args),
        ("go", "install" | "get" | "run") => go(first, after(1)),
        ("docker" | "podman" | "nerdctl", _) => docker(args),
        ("gem", "install" | "i") => gem(after(1)),
        ("bundle" | "bundler", "install" | "add" | "") => vec![Install::of_file("gem", "Gemfile")],
        ("brew", "install" | "reinstall" | "tap" | "upgrade") => system("brew", after(1), &[]),
        ("apt" | "apt-get" | "aptitude", _) => {
            let at = args
                .iter()
                .position(|arg| matches!(arg.text.as_str(), "install" | "reinstall" | "build-dep"));
            at.map(|at| system("deb", after(at + 1), &["-t", "-o", "--target-release", "-c"]))
                .unwrap_or_default()
        }
        ("apk", _) => {
            let at = args.iter().position(|arg| arg.text == "add");
            at.map(|at| system("apk", after(at + 1), &["-t", "--virtual", "-X", "--repository", "-p"]))
                .unwrap_or_default()
        }
        ("dnf" | "yum" | "microdnf" | "zypper", _) => {
            let at =
                args.iter().position(|arg| matches!(arg.text.as_str(), "install" | "in" | "localinstall"));
            at.map(|at| system("rpm", after(at + 1), &[])).unwrap_or_default()
        }
        ("pacman" | "yay" | "paru", flags) if flags.starts_with("-S") && !flags.contains(['s', 'i', 'c']) => {
            system("alpm", after(1), &[])
        }
        ("snap" | "flatpak" | "choco" | "scoop" | "winget" | "port" | "nix-env", _) => {
            let at = args.iter().position(|arg| matches!(arg.text.as_str(), "install" | "-iA" | "-i"));
            at.map(|at| system("generic", after(at + 1), &[])).unwrap_or_default()
        }
        ("git", _) => git(args),
        ("deno", _) => deno(args),
        ("claude", "plugin" | "plugins") => match second {
            "install" | "add" | "i" => plugins("claude-plugin", after(2)),
            "marketplace" => plugins("claude-plugin", after(3)),
            _ => Vec::new(),
        },
        ("claude", "mcp") if second == "add" => {
            // The server's own command stands behind `--`.
            let at = args.iter().position(|arg| arg.text == "--").map(|at| at + 1);
            let inner = at.and_then(|at| args.get(at).map(|name| (name, after(at + 1))));
            inner.map(|(name, rest)| nested(invocation, name, rest)).unwrap_or_default()
        }
        ("skills" | "openskills", "add" | "install" | "i") => plugins("skill", after(1)),
        ("gh", "extension" | "ext") if second == "install" => plugins("github", after(2)),
        ("gh", "repo") if second == "clone" => plugins("github", after(2)),
        ("helm", "install" | "pull" | "upgrade") | ("kubectl", "apply" | "create") => {
            fetched_by_option(after(1))
        }
        _ => fetched(invocation),
    }
}

fn nested(invocation: &Invocation, name: &Value, args: &[Value]) -> Vec<Install> {
    let name = base(&name.text).to_owned();
    if name == "claude" {
        return Vec::new();
    }
    installs(&Invocation { name, args: args.to_vec(), ..invocation.clone() })
}

fn with_registry(mut found: Vec<Install>, options: &Options<'_>, names: &[&str]) -> Vec<Install> {
    if let Some(registry) = options.get(names) {
        found.iter_mut().for_each(|install| install.registry = Some(registry.to_owned()));
    }
    found
}

/// The arguments up to the first plain word, that one included.
fn upto_word<'a>(args: &'a [Value], takes: &[&str]) -> &'a [Value] {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if takes.contains(&arg.text.as_str()) {
            at += 2;
        } else if arg.text.starts_with('-') {
            at += 1;
        } else {
            return args.get(..=at).unwrap_or(args);
        }
    }
    args
}

/// A request whose answer is piped on, and interpreters that are given an address. Whether what
/// is fetched is run, [`super::Analysis::installs`] knows.
fn fetched(invocation: &Invocation) -> Vec<Install> {
    let name = invocation.name.as_str();
    if let Some(request) = curl::request(name, &invocation.args) {
        if invocation.stage.0 + 1 >= invocation.stage.1 {
            return Vec::new();
        }
        return request.urls.iter().map(|url| by_address("generic", &url.text, false)).collect();
    }
    if is_shell(name) || is_interpreter(name) {
        let code = invocation.args.iter().filter(|arg| arg.text.starts_with("https://"));
        return code.map(|url| by_address("generic", &url.text, true)).collect();
    }
    Vec::new()
}

/// The addresses that a program asks, as things that are run; `None` where it makes no requests.
pub(super) fn fetches(invocation: &Invocation) -> Option<Vec<Install>> {
    let request = curl::request(&invocation.name, &invocation.args)?;
    Some(request.urls.iter().map(|url| by_address("generic", &url.text, true)).collect())
}

/// Fetched by address: a git repository with `@rev` or `#rev`, an archive, a script.
fn by_address(ecosystem: &'static str, address: &str, runs: bool) -> Install {
    let (url, revision) = match address.rsplit_once(['#', '@']) {
        Some((url, revision))
            if (url.contains("://") && url.split("://").nth(1).is_some_and(|rest| rest.contains('/')))
                && !revision.contains(['/', ':']) =>
        {
            // `#sha256=…` is a digest, `#egg=x` a name.
            (url, Some(revision))
        }
        _ => (address, None),
    };
    let digest = revision.is_some_and(|revision| revision.starts_with("sha256=") || is_commit(revision));
    let mut install = Install::new(ecosystem, url, runs).at(revision, digest);
    install.url = Some(url.trim_start_matches("git+").to_owned());
    install
}

/// Whether a requirement of npm or Cargo names one version: digits, dots, a suffix.
fn is_exact(version: &str) -> bool {
    let version = version.trim_start_matches(['v', '=']);
    let core = version.split(['-', '+']).next().unwrap_or(version);
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() >= 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn is_commit(text: &str) -> bool {
    (text.len() == 40 || text.len() == 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
