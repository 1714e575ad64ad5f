//! Cargo, Go, containers, packages of systems, git, plugins.

use super::node::node_spec;
use super::{Install, Options, by_address, is_commit, is_exact, upto_word, with_registry};
use crate::shell::Value;

pub(super) fn conda(args: &[Value]) -> Vec<Install> {
    let options = Options::read(args, &["-n", "--name", "-c", "--channel", "-p", "--prefix", "-f", "--file"]);
    let spec = |spec: &&str| {
        let (name, version) =
            spec.split_once('=').map_or((*spec, None), |(name, version)| (name, Some(version)));
        Install::new("conda", name, false).at(version, version.is_some_and(|version| !version.contains('*')))
    };
    let found = options.words.iter().map(spec).collect();
    with_registry(found, &options, &["-c", "--channel"])
}

pub(super) fn cargo(args: &[Value]) -> Vec<Install> {
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

pub(super) fn go(verb: &str, args: &[Value]) -> Vec<Install> {
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

pub(super) fn docker(args: &[Value]) -> Vec<Install> {
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
pub(super) fn image_of(image: &str, runs: bool) -> Install {
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

pub(super) fn gem(args: &[Value]) -> Vec<Install> {
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
pub(super) fn system(ecosystem: &'static str, args: &[Value], takes: &[&str]) -> Vec<Install> {
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

pub(super) fn git(args: &[Value]) -> Vec<Install> {
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

pub(super) fn deno(args: &[Value]) -> Vec<Install> {
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
pub(super) fn plugins(ecosystem: &'static str, args: &[Value]) -> Vec<Install> {
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
pub(super) fn fetched_by_option(args: &[Value]) -> Vec<Install> {
    let urls = args.iter().filter(|arg| {
        arg.text.starts_with("https://") || arg.text.starts_with("http://") || arg.text.starts_with("oci://")
    });
    urls.map(|url| by_address("generic", &url.text, true)).collect()
}
