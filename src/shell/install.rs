//! Which packages a command brings.
//!
//! Sources: the manual pages and `--help` of the tools named in each arm.

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

/// The packages that a command brings, in the order in which it names them. Names that are not
/// known stand as written (`$PKG`).
pub fn installs(invocation: &Invocation) -> Vec<Install> {
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

/// `x`, `@s/x`, `x@1`, `x@npm:y@1`, `git+https://…`, `./x`, `x.tgz`.
fn node_spec(spec: &str, runs: bool) -> Install {
    if spec.contains("://") || spec.starts_with("git+") || spec.starts_with("git@") {
        return by_address("npm", spec, runs);
    }
    if spec.starts_with(['.', '/', '~']) || spec.starts_with("file:") || spec.ends_with(".tgz") {
        return Install { runs, ..Install::of_file("npm", spec.trim_start_matches("file:")) };
    }
    let at = spec.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
    let (name, version) = match at {
        Some(at) => (&spec[..at], Some(&spec[at + 1..])),
        None => (spec, None),
    };
    if let Some(other) = version.and_then(|version| version.strip_prefix("npm:")) {
        return node_spec(other, runs);
    }
    if !name.starts_with('@') && name.contains('/') || name.starts_with("github:") {
        let (repository, revision) =
            spec.split_once('#').map_or((spec, None), |(name, rev)| (name, Some(rev)));
        let repository = repository.trim_start_matches("github:");
        return Install::new("github", repository, runs).at(revision, revision.is_some_and(is_commit));
    }
    Install::new("npm", name, runs).at(version, version.is_some_and(is_exact))
}

const NODE_TAKES: &[&str] = &[
    "--registry",
    "--prefix",
    "-C",
    "--workspace",
    "-w",
    "--tag",
    "--filter",
    "-F",
    "--cwd",
    "--dir",
    "--cache",
    "--loglevel",
    "-p",
    "--package",
    "-c",
    "--call",
    "--userconfig",
];

fn with_registry(mut found: Vec<Install>, options: &Options<'_>, names: &[&str]) -> Vec<Install> {
    if let Some(registry) = options.get(names) {
        found.iter_mut().for_each(|install| install.registry = Some(registry.to_owned()));
    }
    found
}

fn node(args: &[Value], runs: bool) -> Vec<Install> {
    // `-w` of pnpm (workspace root) and npm's `-p` differ; neither takes a package here.
    let takes: Vec<&str> = NODE_TAKES
        .iter()
        .copied()
        .filter(|name| !matches!(*name, "-p" | "-w" | "-c" | "--package"))
        .collect();
    let options = Options::read(args, &takes);
    let found: Vec<_> = options.words.iter().map(|spec| node_spec(spec, runs)).collect();
    let found = if found.is_empty() { vec![Install::of_file("npm", "package.json")] } else { found };
    with_registry(found, &options, &["--registry"])
}

/// `npx [-y] [-p x] x@1 args…`: only the first word is a package.
fn node_run(args: &[Value]) -> Vec<Install> {
    let end = args.iter().enumerate().find(|(at, arg)| {
        let takes = at
            .checked_sub(1)
            .and_then(|before| args.get(before))
            .is_some_and(|arg| NODE_TAKES.contains(&arg.text.as_str()));
        !arg.text.starts_with('-') && !takes
    });
    let upto = end.map_or(args.len(), |(at, _)| at + 1);
    let options = Options::read(args.get(..upto).unwrap_or(args), NODE_TAKES);
    let mut packages = options.all(&["-p", "--package"]);
    if packages.is_empty() {
        packages.extend(options.words.first());
    }
    let mut found: Vec<_> =
        packages.iter().filter(|spec| !spec.is_empty()).map(|spec| node_spec(spec, true)).collect();
    // `npx skills add owner/repo`
    if let Some(tool) = found.first().map(|install| install.name.clone())
        && matches!(tool.as_str(), "skills" | "openskills" | "add-skill" | "skill")
    {
        let rest = args.get(upto..).unwrap_or_default();
        let rest = if matches!(rest.first().map(|arg| arg.text.as_str()), Some("add" | "install" | "i")) {
            &rest[1..]
        } else {
            rest
        };
        if tool == "add-skill" || rest.len() < args.len() - upto {
            found.extend(plugins("skill", rest));
        }
    }
    with_registry(found, &options, &["--registry"])
}

/// `npm init x` runs `create-x`.
fn node_create(args: &[Value]) -> Vec<Install> {
    let Some(spec) = args.iter().map(|arg| arg.text.as_str()).find(|text| !text.starts_with('-')) else {
        return Vec::new();
    };
    let name = match spec.strip_prefix('@').and_then(|scoped| scoped.split_once('/')) {
        Some((scope, name)) => format!("@{scope}/create-{name}"),
        None if spec.starts_with('@') => format!("{spec}/create"),
        None => format!("create-{spec}"),
    };
    vec![node_spec(&name, true)]
}

const PYTHON_TAKES: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "--index",
    "--default-index",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--python",
    "-p",
    "--prefix",
    "--root",
    "--group",
    "--with",
    "--from",
    "--trusted-host",
    "--platform",
    "--cache-dir",
    "--timeout",
    "--retries",
    "--proxy",
    "--python-version",
    "--extra",
    "-d",
    "--dest",
    "--pip-args",
    "--spec",
    "--with-requirements",
    "--suffix",
    "-w",
    "--directory",
    "--project",
];
const INDEXES: &[&str] = &["-i", "--index-url", "--extra-index-url", "--index", "--default-index"];

/// `x`, `x==1`, `x[a]>=1`, `x @ https://…`, `git+https://…`, `./x`, `x.whl`.
fn python_spec(spec: &str, runs: bool) -> Install {
    let spec = spec.split(';').next().unwrap_or(spec).trim();
    if let Some((name, url)) = spec.split_once('@').filter(|(_, url)| url.contains("://")) {
        let mut install = by_address("pypi", url.trim(), runs);
        if !name.trim().is_empty() && !name.contains("://") {
            install.name = name.trim().split('[').next().unwrap_or(name).to_owned();
        }
        return install;
    }
    if spec.contains("://") {
        return by_address("pypi", spec, runs);
    }
    if spec.starts_with(['.', '/', '~']) || spec.ends_with(".whl") || spec.ends_with(".tar.gz") {
        return Install { runs, ..Install::of_file("pypi", spec) };
    }
    let end = spec.find(|c: char| "=<>!~@ ".contains(c)).unwrap_or(spec.len());
    let (name, requirement) = spec.split_at(end);
    let name = name.split('[').next().unwrap_or(name);
    let requirement = requirement.trim();
    let (requirement, pinned) = match requirement.strip_prefix("==") {
        Some(version) => (requirement, !version.contains('*') && !version.contains(',')),
        None => match requirement.strip_prefix('@') {
            Some(version) => (version, is_exact(version)),
            None => (requirement, false),
        },
    };
    Install::new("pypi", name, runs).at(Some(requirement), pinned)
}

fn python(args: &[Value]) -> Vec<Install> {
    let options = Options::read(args, PYTHON_TAKES);
    let mut found: Vec<_> = options.words.iter().map(|spec| python_spec(spec, false)).collect();
    found.extend(
        options
            .all(&["-r", "--requirement", "--with-requirements"])
            .iter()
            .map(|file| Install::of_file("pypi", *file)),
    );
    found.extend(
        options
            .all(&["-e", "--editable"])
            .iter()
            .filter(|path| !path.is_empty())
            .map(|path| python_spec(path, false)),
    );
    found.extend(options.all(&["--with"]).iter().map(|spec| python_spec(spec, false)));
    with_registry(found, &options, INDEXES)
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

/// `uvx x@1`, `pipx run x`: only the first word is a package.
fn python_run(args: &[Value]) -> Vec<Install> {
    let options = Options::read(upto_word(args, PYTHON_TAKES), PYTHON_TAKES);
    let from = options.get(&["--from", "--spec"]);
    let mut found: Vec<_> =
        from.or(options.words.first().copied()).map(|spec| python_spec(spec, true)).into_iter().collect();
    for list in options.all(&["--with"]) {
        found.extend(list.split(',').map(|spec| python_spec(spec, true)));
    }
    with_registry(found, &options, INDEXES)
}

/// `uv run --with x script.py`.
fn python_with(args: &[Value]) -> Vec<Install> {
    let options = Options::read(upto_word(args, PYTHON_TAKES), PYTHON_TAKES);
    let mut found = Vec::new();
    for list in options.all(&["--with"]) {
        found.extend(list.split(',').filter(|spec| !spec.is_empty()).map(|spec| python_spec(spec, true)));
    }
    found.extend(options.all(&["--with-requirements"]).iter().map(|file| Install::of_file("pypi", *file)));
    found.extend(
        options.words.iter().filter(|word| word.contains("://")).map(|url| by_address("pypi", url, true)),
    );
    with_registry(found, &options, INDEXES)
}

fn conda(args: &[Value]) -> Vec<Install> {
    let options = Options::read(args, &["-n", "--name", "-c", "--channel", "-p", "--prefix", "-f", "--file"]);
    let spec = |spec: &&str| {
        let (name, version) =
            spec.split_once('=').map_or((*spec, None), |(name, version)| (name, Some(version)));
        Install::new("conda", name, false).at(version, version.is_some_and(|version| !version.contains('*')))
    };
    let found = options.words.iter().map(spec).collect();
    with_registry(found, &options, &["-c", "--channel"])
}

fn cargo(args: &[Value]) -> Vec<Install> {
    // `cargo +nightly install`
    let args = if args.first().is_some_and(|arg| arg.text.starts_with('+')) { &args[1..] } else { args };
    let Some(verb) = args.first().map(|arg| arg.text.as_str()) else { return Vec::new() };
    if !matches!(verb, "install" | "binstall" | "add" | "b") || verb == "b" {
        return Vec::new();
    }
    let takes = [
        "--version",
        "--vers",
        "--git",
        "--branch",
        "--tag",
        "--rev",
        "--path",
        "--registry",
        "--index",
        "--root",
        "-F",
        "--features",
        "--target",
        "--profile",
        "-j",
        "--bin",
        "--example",
        "-p",
        "--rename",
        "--package",
    ];
    let options = Options::read(&args[1..], &takes);
    let version = options.get(&["--version", "--vers"]);
    let mut found = Vec::new();
    if let Some(url) = options.get(&["--git"]) {
        let mut install = by_address("cargo", url, verb == "install");
        if let Some(name) = options.words.first() {
            install.name = (*name).to_owned();
        }
        let revision = options.get(&["--rev", "--tag", "--branch"]);
        found.push(install.at(revision, options.get(&["--rev"]).is_some_and(is_commit)));
    } else if let Some(path) = options.get(&["--path"]) {
        found.push(Install::of_file("cargo", path));
    } else {
        for spec in &options.words {
            let (name, own) =
                spec.split_once('@').map_or((*spec, None), |(name, version)| (name, Some(version)));
            let version = own.or(version);
            // `cargo install x@1.2.3` means exactly that one; `cargo add x@1.2.3` means `^1.2.3`.
            let exact = |version: &str| is_exact(version) && verb != "add" || version.starts_with('=');
            found.push(Install::new("cargo", name, false).at(version, version.is_some_and(exact)));
        }
    }
    with_registry(found, &options, &["--registry", "--index"])
}

fn go(verb: &str, args: &[Value]) -> Vec<Install> {
    let options = Options::read(
        upto_word(args, &["-C", "-o", "-tags", "-ldflags", "-mod"]),
        &["-C", "-o", "-tags", "-ldflags", "-mod"],
    );
    let mut words: Vec<&str> = options.words.clone();
    if verb != "run" {
        words = Options::read(args, &["-C", "-o", "-tags", "-ldflags", "-mod"]).words;
    }
    let remote = |spec: &&&str| {
        spec.split('/').next().is_some_and(|host| host.contains('.'))
            && !spec.starts_with('.')
            && !spec.ends_with(".go")
    };
    let spec = |spec: &&str| {
        let (name, version) =
            spec.split_once('@').map_or((*spec, None), |(name, version)| (name, Some(version)));
        Install::new("golang", name, verb == "run")
            .at(version, version.is_some_and(|version| is_exact(version) || is_commit(version)))
    };
    words.iter().filter(remote).map(spec).collect()
}

fn docker(args: &[Value]) -> Vec<Install> {
    let args = match args.first().map(|arg| arg.text.as_str()) {
        Some("container" | "image") => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    let verb = args.first().map_or("", |arg| arg.text.as_str());
    if !matches!(verb, "run" | "pull" | "create") {
        return Vec::new();
    }
    let takes = [
        "-v",
        "--volume",
        "-p",
        "--publish",
        "-e",
        "--env",
        "--env-file",
        "--name",
        "-w",
        "--workdir",
        "-u",
        "--user",
        "--network",
        "--net",
        "--entrypoint",
        "-m",
        "--memory",
        "--cpus",
        "--platform",
        "--mount",
        "--gpus",
        "-h",
        "--hostname",
        "-l",
        "--label",
        "--add-host",
        "--device",
        "--cap-add",
        "--cap-drop",
        "--security-opt",
        "--restart",
        "--ulimit",
        "--shm-size",
        "--pid",
        "--ipc",
        "--privileged=",
        "--tmpfs",
        "--log-driver",
        "--pull",
        "--runtime",
        "--dns",
        "--volumes-from",
        "--expose",
        "--link",
        "--cidfile",
        "--stop-signal",
        "--userns",
        "--group-add",
        "-c",
        "-a",
        "--attach",
        "--annotation",
        "--health-cmd",
        "--ip",
    ];
    let options = Options::read(upto_word(args.get(1..).unwrap_or_default(), &takes), &takes);
    options.words.first().map(|image| vec![image_of(image, verb == "run")]).unwrap_or_default()
}

/// `registry.invalid:5000/a/b:tag@sha256:…`.
fn image_of(image: &str, runs: bool) -> Install {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    let slash = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest.get(slash..).and_then(|last| last.find(':')) {
        Some(at) => (&rest[..slash + at], Some(&rest[slash + at + 1..])),
        None => (rest, None),
    };
    let mut install = Install::new("docker", name, runs).at(digest.or(tag), digest.is_some());
    let host = name.split('/').next().unwrap_or("");
    if name.contains('/') && (host.contains(['.', ':']) || host == "localhost") {
        install.registry = Some(host.to_owned());
    }
    install
}

fn gem(args: &[Value]) -> Vec<Install> {
    let options = Options::read(
        args,
        &["-v", "--version", "-s", "--source", "-i", "--install-dir", "-P", "-n", "--bindir"],
    );
    let version = options.get(&["-v", "--version"]);
    let spec = |spec: &&str| {
        let (name, own) = spec.split_once(':').map_or((*spec, None), |(name, version)| (name, Some(version)));
        let version = own.or(version);
        Install::new("gem", name, false).at(version, version.is_some_and(is_exact))
    };
    let found = options.words.iter().map(spec).collect();
    with_registry(found, &options, &["-s", "--source"])
}

/// Packages of the system: `x`, `x=1`, `x@1`, `https://…`, `./x.deb`.
fn system(ecosystem: &'static str, args: &[Value], takes: &[&str]) -> Vec<Install> {
    let options = Options::read(args, takes);
    let spec = |spec: &&str| {
        if spec.contains("://") {
            return by_address(ecosystem, spec, false);
        }
        if spec.starts_with(['.', '/']) {
            return Install::of_file(ecosystem, *spec);
        }
        let mark = if ecosystem == "brew" { '@' } else { '=' };
        let (name, version) = spec.split_once(mark).map_or((*spec, None), |(name, version)| {
            (name.trim_end_matches(['~', '<', '>', '=']), Some(version))
        });
        Install::new(ecosystem, name, false)
            .at(version, version.is_some_and(|version| !version.contains('*')) && ecosystem != "brew")
    };
    let found = options.words.iter().map(spec).collect();
    with_registry(found, &options, &["-X", "--repository"])
}

fn git(args: &[Value]) -> Vec<Install> {
    let takes = [
        "-C",
        "-c",
        "-b",
        "--branch",
        "--depth",
        "-o",
        "--origin",
        "--reference",
        "-j",
        "--jobs",
        "--filter",
        "--git-dir",
        "--work-tree",
        "--config",
        "-u",
    ];
    let options = Options::read(args, &takes);
    let at = match options.words.as_slice() {
        ["clone", ..] => 1,
        ["submodule", "add", ..] => 2,
        _ => return Vec::new(),
    };
    let Some(url) = options.words.get(at) else { return Vec::new() };
    if !url.contains("://") && !url.contains('@') && !url.starts_with('$') {
        return Vec::new();
    }
    let revision = options.get(&["-b", "--branch"]);
    vec![by_address("git", url, false).at(revision, false)]
}

fn deno(args: &[Value]) -> Vec<Install> {
    let options =
        Options::read(args, &["-n", "--name", "--import-map", "-c", "--config", "--lock", "--root"]);
    if !matches!(options.words.first(), Some(&("run" | "install" | "x" | "add" | "eval" | "serve"))) {
        return Vec::new();
    }
    let spec = |spec: &&str| {
        if let Some(name) = spec.strip_prefix("npm:") {
            return Some(node_spec(name, true));
        }
        if let Some(name) = spec.strip_prefix("jsr:") {
            return Some(Install { ecosystem: "jsr", ..node_spec(name, true) });
        }
        spec.starts_with("http").then(|| by_address("deno", spec, true))
    };
    options.words.iter().skip(1).filter_map(spec).collect()
}

/// Names of repositories or of entries of a marketplace: `owner/repo`, `name@market`, an address.
fn plugins(ecosystem: &'static str, args: &[Value]) -> Vec<Install> {
    let takes = ["--agent", "-a", "--skill", "-s", "--scope", "--ref", "-b", "--pin"];
    let options = Options::read(args, &takes);
    let revision = options.get(&["--ref", "--pin", "-b"]);
    let spec = |spec: &&str| {
        if spec.contains("://") || spec.starts_with("git@") {
            return by_address(ecosystem, spec, true).at(revision, revision.is_some_and(is_commit));
        }
        if spec.starts_with(['.', '/', '~']) {
            return Install::of_file(ecosystem, *spec);
        }
        let (name, version) =
            spec.split_once(['@', '#']).map_or((*spec, revision), |(name, version)| (name, Some(version)));
        Install::new(ecosystem, name, true).at(version, version.is_some_and(is_commit))
    };
    options.words.iter().map(spec).collect()
}

/// `-f https://…` of tools that apply what they fetch.
fn fetched_by_option(args: &[Value]) -> Vec<Install> {
    let urls = args.iter().filter(|arg| {
        arg.text.starts_with("https://") || arg.text.starts_with("http://") || arg.text.starts_with("oci://")
    });
    urls.map(|url| by_address("generic", &url.text, true)).collect()
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
