//! pip, uv, pipx, poetry.

use super::{Install, Options, by_address, is_exact, upto_word, with_registry};
use crate::shell::Value;

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
pub(super) fn python_spec(spec: &str, runs: bool) -> Install {
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

pub(super) fn python(args: &[Value]) -> Vec<Install> {
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

/// `uvx x@1`, `pipx run x`: only the first word is a package.
pub(super) fn python_run(args: &[Value]) -> Vec<Install> {
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
pub(super) fn python_with(args: &[Value]) -> Vec<Install> {
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
