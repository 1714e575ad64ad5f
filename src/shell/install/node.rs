//! npm, pnpm, yarn, bun.

use super::other::plugins;
use super::{Install, Options, by_address, is_commit, is_exact, with_registry};
use crate::shell::Value;

/// `x`, `@s/x`, `x@1`, `x@npm:y@1`, `git+https://…`, `./x`, `x.tgz`.
pub(super) fn node_spec(spec: &str, runs: bool) -> Install {
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

pub(super) fn node(args: &[Value], runs: bool) -> Vec<Install> {
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
pub(super) fn node_run(args: &[Value]) -> Vec<Install> {
    let end = args.iter().enumerate().find(|(at, arg)| {
        let takes = at
            .checked_sub(1)
            .and_then(|before| args.get(before))
            .is_some_and(|arg| NODE_TAKES.contains(&arg.text.as_str()));
        !arg.text.starts_with('-') && !takes
    });
    let upto = end.map_or(args.len(), |(at, _)| at + 1);
    // What is not there already is an error then, and nothing is fetched.
    if args.iter().take(upto).any(|arg| matches!(arg.text.as_str(), "--no-install" | "--no")) {
        return Vec::new();
    }
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
pub(super) fn node_create(args: &[Value]) -> Vec<Install> {
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
