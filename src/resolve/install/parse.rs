//! The package managers' command lines.

use super::{Command, Install, LOCAL_FIRST, What, Word};
use crate::model::Ecosystem;

/// Commands that only start another one, and their options that take a value.
const STARTERS: &[(&str, &[&str])] = &[
    ("sudo", &["-u", "-g", "-h", "-p"]),
    ("doas", &["-u"]),
    ("env", &["-u", "-C"]),
    ("nohup", &[]),
    ("time", &[]),
    ("exec", &[]),
    ("command", &[]),
    ("nice", &["-n"]),
    ("timeout", &["-s", "-k"]),
    ("gosu", &[]),
    ("xargs", &["-n", "-L", "-I", "-P", "-a", "-d"]),
];

/// Words of the shell's grammar before a command.
const KEYWORDS: [&str; 9] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{"];

/// Shells that run what they read.
const SHELLS: [&str; 12] =
    ["sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "python", "python3", "node", "perl", "ruby"];

/// A command's own name and its arguments.
fn bare(command: &Command) -> &[Word] {
    let mut words = &command.words[..];
    // Each round takes one word at least.
    while let Some(first) = words.first() {
        let assignment = first.text.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        if assignment || KEYWORDS.contains(&first.text.as_str()) {
            words = &words[1..];
            continue;
        }
        let Some((name, valued)) = STARTERS.iter().find(|(name, _)| *name == base(&first.text)) else {
            break;
        };
        words = &words[1..];
        while let Some(option) = words.first().filter(|word| word.text.starts_with('-')) {
            let two = valued.contains(&option.text.as_str());
            words = words.get(if two { 2 } else { 1 }..).unwrap_or_default();
        }
        if matches!(*name, "timeout" | "gosu") {
            words = words.get(1..).unwrap_or_default();
        }
    }
    words
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

pub(super) fn installs(commands: &[Command]) -> Vec<Install> {
    let mut out = Vec::new();
    // Addresses that the commands of one pipe or substitution fetched.
    let mut fetched: Vec<(usize, Word)> = Vec::new();
    let mut in_pipe = false;
    for command in commands {
        let words = bare(command);
        let Some((name, args)) = words.split_first() else { continue };
        if !in_pipe {
            fetched.retain(|(depth, _)| *depth > command.depth);
        }
        in_pipe = command.piped;
        let runs =
            SHELLS.contains(&base(&name.text)) || matches!(name.text.as_str(), "source" | "." | "eval");
        if runs {
            out.extend(fetched.drain(..).map(|(_, word)| Install {
                what: What::Url(word.text),
                by: "a download that a shell runs",
                at: word.at,
            }));
        }
        if matches!(base(&name.text), "curl" | "wget" | "fetch" | "iwr" | "irm") {
            let urls = args.iter().filter(|word| word.text.contains("://"));
            fetched.extend(urls.map(|word| (command.depth, word.clone())));
        }
        one(&name.text, args, &mut out);
        if runs
            && let Some(at) = args.iter().position(|word| word.text == "-c")
            && let Some(script) = args.get(at + 1)
            && SHELLS[..7].contains(&base(&name.text))
            && command.depth < 4
        {
            // Places within are those of the whole argument.
            let inner: Vec<Command> = super::commands(&script.text, 0)
                .into_iter()
                .map(|mut inner| {
                    inner.depth += command.depth + 1;
                    inner.words.iter_mut().for_each(|word| word.at = script.at.clone());
                    inner
                })
                .collect();
            out.extend(installs(&inner));
        }
    }
    out.sort_by_key(|install| install.at.start);
    out
}

/// The arguments without options and their values; what follows a redirection is a file.
fn plain<'w>(args: &'w [Word], valued: &[&str]) -> Vec<&'w Word> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let text = word.text.as_str();
        at += 1;
        if text == ">" || valued.contains(&text) {
            at += 1;
        } else if !(text.starts_with('-') || text.len() == 1 && text.bytes().all(|b| b.is_ascii_digit())) {
            out.push(word);
        }
    }
    out
}

fn has(args: &[Word], options: &[&str]) -> bool {
    args.iter().any(|word| options.contains(&word.text.as_str()))
}

fn value<'w>(args: &'w [Word], options: &[&str]) -> Option<&'w Word> {
    args.iter().enumerate().find_map(|(at, word)| {
        if options.contains(&word.text.as_str()) {
            return args.get(at + 1);
        }
        None
    })
}

/// The value of `--option=value` or `--option value`.
fn long(args: &[Word], option: &str) -> Option<String> {
    let joined = args.iter().find_map(|word| word.text.strip_prefix(option)?.strip_prefix('='));
    joined.map(str::to_owned).or_else(|| Some(value(args, &[option])?.text.clone()))
}

const PIP: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--platform",
    "--python-version",
    "--python",
    "-p",
    "--only-binary",
    "--no-binary",
    "--cache-dir",
    "--trusted-host",
    "--timeout",
    "--retries",
    "--src",
    "--progress-bar",
    "--cert",
    "--group",
    "--extra",
    "--with",
    "--from",
];
const NPM: &[&str] = &[
    "--prefix",
    "--registry",
    "-C",
    "--dir",
    "--cache",
    "--loglevel",
    "-w",
    "--workspace",
    "--filter",
    "--cwd",
];
const NPX: &[&str] = &[
    "--prefix",
    "--registry",
    "-C",
    "--cache",
    "--loglevel",
    "-w",
    "--workspace",
    "-p",
    "--package",
    "-c",
    "--call",
];
const SYSTEM: &[&str] = &[
    "-t",
    "--target-release",
    "-o",
    "--option",
    "-c",
    "-X",
    "--repository",
    "-p",
    "--root",
    "--virtual",
    "--setopt",
];
const DOCKER: &[&str] = &[
    "-e",
    "--env",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--network",
    "--net",
    "--platform",
    "--entrypoint",
    "--mount",
    "--env-file",
    "-l",
    "--label",
    "-m",
    "--memory",
    "--cpus",
    "-h",
    "--hostname",
    "--ipc",
    "--gpus",
    "--add-host",
    "--device",
    "--shm-size",
    "--restart",
];

fn one(name: &str, args: &[Word], out: &mut Vec<Install>) {
    let program = base(name);
    let first = args.first().map_or("", |word| word.text.as_str());
    let second = args.get(1).map_or("", |word| word.text.as_str());
    let rest = |from: usize| args.get(from..).unwrap_or_default();
    match (program, first, second) {
        ("pip" | "pip3", "install" | "download" | "wheel", _) => python(rest(1), "pip install", out),
        (python_program, "-m", "pip" | "pip3")
            if python_program.starts_with("python")
                && args.get(2).is_some_and(|word| word.text == "install") =>
        {
            python(rest(3), "pip install", out);
        }
        (pip, "install", _) if pip.starts_with("pip3.") => python(rest(1), "pip install", out),
        ("uv", "pip", "install") => python(rest(2), "uv pip install", out),
        ("uv", "tool", "install") => python(rest(2), "uv tool install", out),
        ("uv", "tool", "run") => first_only(rest(2), PIP, python, "uv tool run", out),
        ("uv", "add", _) => python(rest(1), "uv add", out),
        ("uvx", ..) => first_only(args, PIP, python, "uvx", out),
        ("pipx", "install" | "inject", _) => python(rest(1), "pipx install", out),
        ("pipx", "run", _) => first_only(rest(1), PIP, python, "pipx run", out),
        ("poetry", "add", _) => python(rest(1), "poetry add", out),
        ("npm", "install" | "i" | "add" | "in" | "isntall", _) => npm(rest(1), "npm install", out),
        ("npm", "exec" | "x", _) => first_only(rest(1), NPM, npm, "npm exec", out),
        ("npx" | "bunx" | "pnpx", ..) => npx(args, out),
        ("pnpm", "add", _) => npm(rest(1), "pnpm add", out),
        ("pnpm" | "yarn", "dlx", _) => first_only(rest(1), NPM, npm, "dlx", out),
        ("yarn", "global", "add") => npm(rest(2), "yarn global add", out),
        ("yarn", "add", _) => npm(rest(1), "yarn add", out),
        ("bun", "add" | "install" | "i", _) => npm(rest(1), "bun add", out),
        ("bun", "x", _) => first_only(rest(1), NPM, npm, "bun x", out),
        ("corepack", "prepare" | "install", _) => npm(rest(1), "corepack", out),
        ("apt-get" | "apt" | "aptitude", ..) => system(args, "apt", &["install"], out),
        ("apk", ..) => system(args, "apk", &["add"], out),
        ("dnf" | "yum" | "microdnf" | "tdnf", ..) => system(args, "rpm", &["install"], out),
        ("brew", ..) => system(args, "brew", &["install"], out),
        ("cargo", "install" | "binstall", _) => cargo(rest(1), out),
        ("go", "install" | "get" | "run", _) => go(rest(1), out),
        ("docker" | "podman" | "nerdctl", "run" | "pull" | "create", _) => {
            let words = plain(rest(1), DOCKER);
            out.extend(
                words.first().map(|word| unknown_or(word, "docker run", What::Image(word.text.clone()))),
            );
        }
        ("gem", "install", _) | ("luarocks", "install", _) | ("composer", "require", _) => {
            let by = "a package manager that is not read";
            let words = plain(rest(1), &["-v", "--version", "-i", "--install-dir", "-n", "--bindir"]);
            out.extend(words.into_iter().map(|word| Install {
                what: What::Unknown(format!("{program} {first} {}", word.text)),
                by,
                at: word.at.clone(),
            }));
        }
        _ => {}
    }
}

/// Whether a word is a path of the machine, where nothing is fetched.
fn is_local(text: &str) -> bool {
    text.starts_with(['.', '/', '~'])
        || text.starts_with("file:")
        || [".whl", ".tgz", ".tar.gz", ".deb", ".rpm", ".apk"].iter().any(|end| text.ends_with(end))
            && !text.contains("://")
}

fn unknown_or(word: &Word, by: &'static str, what: What) -> Install {
    let computed = word.text.contains('$') || word.text.contains("<()");
    let name_is_known = match &what {
        What::Package { name, .. } => !name.contains('$') && !name.is_empty(),
        _ => !computed,
    };
    let what = if name_is_known { what } else { What::Unknown(word.text.clone()) };
    Install { what, by, at: word.at.clone() }
}

/// Only the first argument is a package, the others are its own.
fn first_only(
    args: &[Word],
    valued: &[&str],
    read: fn(&[Word], &'static str, &mut Vec<Install>),
    by: &'static str,
    out: &mut Vec<Install>,
) {
    if let Some(from) = value(args, &["--from", "--spec", "-p", "--package"]) {
        return read(std::slice::from_ref(from), by, out);
    }
    if let Some(word) = plain(args, valued).first() {
        read(std::slice::from_ref(*word), by, out);
    }
}

fn python(args: &[Word], by: &'static str, out: &mut Vec<Install>) {
    for word in plain(args, PIP) {
        let text = word.text.trim();
        if is_local(text) || text.is_empty() {
            continue;
        }
        let address = text.split_once(" @ ").map_or(text, |(_, url)| url.trim());
        let what = if let Some(git) = address.strip_prefix("git+") {
            git_source(Ecosystem::Pypi, git)
        } else if address.contains("://") {
            What::Url(address.to_owned())
        } else {
            let end = text.find(['=', '<', '>', '!', '~', '[', ';', ' ', '@']).unwrap_or(text.len());
            let requirement = text[end..].split(';').next().unwrap_or("").trim();
            let requirement = match requirement.strip_prefix('[') {
                Some(extra) => extra.split_once(']').map_or("", |(_, after)| after.trim()),
                None => requirement,
            };
            // `uvx name@version` too.
            let exact = requirement.strip_prefix("==").or(requirement.strip_prefix('@'));
            let exact = exact.map(|version| version.trim_start_matches('=').trim());
            let version = exact.filter(|version| is_exact(version) && !version.contains('*'));
            What::Package {
                ecosystem: Ecosystem::Pypi,
                name: text[..end].to_ascii_lowercase().replace(['_', '.'], "-"),
                version: version.map(str::to_owned),
                requirement: requirement.to_owned(),
            }
        };
        out.push(unknown_or(word, by, what));
    }
}

/// Whether a text is one version: digits first, and no sign of a range.
fn is_exact(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_' | b'!'))
}

/// `https://host/repo@revision#…`, `https://host/repo#revision`.
fn git_source(ecosystem: Ecosystem, address: &str) -> What {
    let (url, fragment) = address.split_once('#').unwrap_or((address, ""));
    let host_end = url.find("://").map_or(0, |at| at + 3);
    let path = url[host_end..].find('/').map_or(url.len(), |at| host_end + at);
    let (url, revision) = match url[path..].rfind('@') {
        Some(at) => (&url[..path + at], Some(&url[path + at + 1..])),
        None if ecosystem == Ecosystem::Npm && !fragment.is_empty() => (url, Some(fragment)),
        None => (url, None),
    };
    What::Git { ecosystem, url: url.to_owned(), revision: revision.map(str::to_owned) }
}

fn npm(args: &[Word], by: &'static str, out: &mut Vec<Install>) {
    for word in plain(args, NPM) {
        let text = word.text.as_str();
        if is_local(text) || text.is_empty() {
            continue;
        }
        let what = if let Some(git) = text.strip_prefix("git+") {
            git_source(Ecosystem::Npm, git)
        } else if text.contains("://") {
            What::Url(text.to_owned())
        } else {
            let text = text.split_once("@npm:").map_or(text, |(_, real)| real);
            let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
            let (name, requirement) = at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
            if !name.starts_with('@') && name.contains('/') {
                // `owner/repo` is a repository of GitHub.
                let (repo, revision) = text.split_once('#').map_or((text, None), |(a, b)| (a, Some(b)));
                let url = format!("https://github.com/{}", repo.trim_start_matches("github:"));
                What::Git { ecosystem: Ecosystem::Npm, url, revision: revision.map(str::to_owned) }
            } else {
                let version = requirement.strip_prefix('v').unwrap_or(requirement);
                let exact = semver::Version::parse(version).is_ok();
                What::Package {
                    ecosystem: Ecosystem::Npm,
                    name: name.to_owned(),
                    version: exact.then(|| version.to_owned()),
                    requirement: requirement.to_owned(),
                }
            }
        };
        out.push(unknown_or(word, by, what));
    }
}

/// `npx name` starts what the project has installed, and fetches where it has not; what says that
/// it is fetched (`-y`, `-p`, a version) is. What follows the name is the program's own.
fn npx(args: &[Word], out: &mut Vec<Install>) {
    let first = plain(args, NPX).into_iter().next();
    let end = first.and_then(|first| args.iter().position(|word| std::ptr::eq(word, first)));
    let options = args.get(..end.unwrap_or(args.len())).unwrap_or(args);
    if let Some(package) = value(options, &["-p", "--package"]) {
        return npm(std::slice::from_ref(package), "npx", out);
    }
    if let Some(package) = long(options, "--package") {
        let at = args.first().map_or(0..0, |word| word.at.clone());
        return npm(&[Word { text: package, at }], "npx", out);
    }
    let Some(word) = first else { return };
    // `--no-install`: what is not there is an error.
    if has(options, &["--no-install", "--no"]) {
        return;
    }
    let versioned = word.text.char_indices().skip(1).any(|(_, c)| c == '@');
    let fetched = versioned || has(options, &["-y", "--yes"]) || word.text.contains("://");
    npm(std::slice::from_ref(word), if fetched { "npx" } else { LOCAL_FIRST }, out);
}

fn system(args: &[Word], manager: &'static str, verbs: &[&str], out: &mut Vec<Install>) {
    let words = plain(args, SYSTEM);
    let Some((verb, packages)) = words.split_first() else { return };
    if !verbs.contains(&verb.text.as_str()) {
        return;
    }
    let by = match manager {
        "apt" => "apt-get install",
        "apk" => "apk add",
        "rpm" => "dnf install",
        _ => "brew install",
    };
    for word in packages.iter().filter(|word| !is_local(&word.text)) {
        let (name, version) = match word.text.split_once(['=', '~', '<', '>']) {
            Some((name, version)) => (name, version.trim_start_matches(['=', '<', '>'])),
            None => (word.text.as_str(), ""),
        };
        let exact = word.text.contains('=')
            && is_exact(&version.replace([':', '~'], "."))
            && !word.text.contains(['<', '>']);
        let what = What::Package {
            ecosystem: Ecosystem::System,
            name: if name.contains('$') { name.to_owned() } else { format!("{manager}/{name}") },
            version: exact.then(|| version.to_owned()),
            requirement: version.to_owned(),
        };
        out.push(unknown_or(word, by, what));
    }
}

fn cargo(args: &[Word], out: &mut Vec<Install>) {
    let by = "cargo install";
    let valued: &[&str] = &[
        "--version",
        "--vers",
        "--git",
        "--branch",
        "--tag",
        "--rev",
        "--path",
        "--root",
        "--features",
        "-F",
        "--bin",
        "--example",
        "--registry",
        "--index",
        "--target",
        "--profile",
        "-j",
        "--target-dir",
    ];
    if has(args, &["--path"]) || args.iter().any(|word| word.text.starts_with("--path=")) {
        return;
    }
    if let Some(url) = long(args, "--git") {
        let revision = long(args, "--rev").or_else(|| long(args, "--tag")).or_else(|| long(args, "--branch"));
        let at = args.first().map_or(0..0, |word| word.at.clone());
        out.push(Install { what: What::Git { ecosystem: Ecosystem::Cargo, url, revision }, by, at });
        return;
    }
    let given = long(args, "--version").or_else(|| long(args, "--vers"));
    for word in plain(args, valued) {
        let (name, requirement) = match word.text.split_once('@') {
            Some((name, version)) => (name, version.to_owned()),
            None => (word.text.as_str(), given.clone().unwrap_or_default()),
        };
        // For `cargo install` a bare version is that version alone.
        let version = semver::Version::parse(requirement.trim_start_matches('=')).ok();
        let what = What::Package {
            ecosystem: Ecosystem::Cargo,
            name: name.to_owned(),
            version: version.map(|version| version.to_string()),
            requirement,
        };
        out.push(unknown_or(word, by, what));
    }
}

fn go(args: &[Word], out: &mut Vec<Install>) {
    for word in plain(args, &["-ldflags", "-tags", "-o", "-modfile", "-p", "-gcflags"]) {
        let Some((path, version)) = word.text.split_once('@') else { continue };
        if is_local(path) {
            continue;
        }
        let exact = version.strip_prefix('v').is_some_and(|rest| semver::Version::parse(rest).is_ok());
        let what = What::Package {
            ecosystem: Ecosystem::Golang,
            name: path.to_owned(),
            version: exact.then(|| version.to_owned()),
            requirement: version.to_owned(),
        };
        out.push(unknown_or(word, "go install", what));
    }
}
