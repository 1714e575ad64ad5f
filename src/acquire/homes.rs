//! Where the package managers keep things on this machine.

use std::path::{Path, PathBuf};

use super::registry::cargo::CargoConfig;
use super::registry::npm::NpmConfig;
use super::registry::pypi::PypiConfig;
use super::{Options, limits};

/// Fills in the options that say where things are: `CARGO_HOME`, npm's cache, and the user's
/// configuration of both, of pip and of uv. Files are read, nothing else; what is not there stays at its default.
pub fn discover_homes(env: &dyn Fn(&str) -> Option<String>, home: Option<PathBuf>) -> Options {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let cargo_home = set("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".cargo")));
    let cargo = cargo_home.as_ref().map(|home| CargoConfig::load(home, &set)).unwrap_or_default();
    let npmrc = ["npm_config_userconfig", "NPM_CONFIG_USERCONFIG"]
        .iter()
        .find_map(|name| set(name).map(PathBuf::from))
        .or_else(|| Some(home.as_ref()?.join(".npmrc")));
    let npmrc = npmrc.and_then(|path| read_config(&path)).unwrap_or_default();
    let npm = NpmConfig::parse(&npmrc, &set);
    let below_home = |path: String| match (path.strip_prefix("~/"), &home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    };
    let npm_cache = ["npm_config_cache", "NPM_CONFIG_CACHE"]
        .iter()
        .find_map(|name| set(name))
        .or_else(|| npm.cache.clone())
        .map(below_home)
        .or_else(|| {
            // On Windows npm keeps it with the programs' data.
            let data = if cfg!(windows) {
                set("LOCALAPPDATA").map(|data| Path::new(&data).join("npm-cache"))
            } else {
                None
            };
            data.or_else(|| Some(home.as_ref()?.join(".npm")))
        });
    let pypi = PypiConfig::load(home.as_deref(), &set);
    Options { cargo_home, npm_cache, home, cargo, npm, pypi, connections: 16, ..Options::default() }
}

/// Reads a configuration file if it is a plain text file of a sensible size.
pub(super) fn read_config(path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    (meta.is_file() && meta.len() <= limits::CONFIG_BYTES)
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}
