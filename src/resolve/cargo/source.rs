//! The `source` of a lockfile's entry, and the purls that tell sources apart.
//!
//! | source | purl |
//! |---|---|
//! | crates.io | `pkg:cargo/serde@1.0.0` |
//! | another registry | `…?repository_url=https://…` (`sparse+https://…` for a sparse index) |
//! | git | `…?vcs_url=git+https://…@<commit>` |
//! | a folder of the project | `…?download_url=file:crates/a` (`file:.` for the root) |
//! | a folder that is not here | `…?download_url=file:?`, with the lockfile's folder after the `?` |
//!
//! So no package of the project can have the purl of a registry's package.

use url::Url;

use crate::model::{Ecosystem, Source, purl};

/// What a `source` string says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// crates.io, by its git or its sparse index.
    CratesIo,
    /// Another registry: its index, `sparse+` kept.
    Registry(String),
    /// A repository: URL without user, query and fragment, and the commit.
    Git {
        /// URL.
        url: String,
        /// Commit, where pinned.
        commit: Option<String>,
    },
    /// Something that cargo does not write.
    Unknown(String),
}

/// Reads a `source` string.
pub fn parse(source: &str) -> Origin {
    if let Some(index) = source.strip_prefix("registry+") {
        // Very old lockfiles carry the index's commit behind `#`.
        let index = index.split('#').next().unwrap_or(index);
        let plain = index.trim_end_matches('/').trim_end_matches(".git");
        if plain == "https://github.com/rust-lang/crates.io-index" {
            return Origin::CratesIo;
        }
        return Origin::Registry(without_user(index));
    }
    if let Some(index) = source.strip_prefix("sparse+") {
        if index.trim_end_matches('/') == "https://index.crates.io" {
            return Origin::CratesIo;
        }
        return Origin::Registry(format!("sparse+{}", without_user(index)));
    }
    if let Some(rest) = source.strip_prefix("git+") {
        let (rest, commit) = match rest.split_once('#') {
            Some((rest, commit)) => (rest, Some(commit)),
            None => (rest, None),
        };
        let full = |commit: &&str| {
            matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let url = without_user(rest.split('?').next().unwrap_or(rest));
        return Origin::Git { url, commit: commit.filter(full).map(str::to_ascii_lowercase) };
    }
    Origin::Unknown(source.to_owned())
}

fn without_user(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            let ssh = url.scheme() == "ssh" && url.password().is_none();
            // `git@` is how every ssh host is reached and no secret.
            if !ssh {
                let _ = url.set_username("");
            }
            let _ = url.set_password(None);
            url.to_string()
        }
        _ => text.to_owned(),
    }
}

impl Origin {
    /// The model's source.
    pub fn source(&self) -> Source {
        match self {
            Self::CratesIo => Source::Registry { registry: None, url: None },
            Self::Registry(index) | Self::Unknown(index) => {
                Source::Registry { registry: Some(index.clone()), url: None }
            }
            Self::Git { url, commit } => Source::Git { url: url.clone(), commit: commit.clone() },
        }
    }

    /// The purl of a package from here.
    pub fn purl(&self, name: &str, version: &str) -> String {
        match self {
            Self::CratesIo => purl(Ecosystem::Cargo, name, version, &[]),
            Self::Registry(index) | Self::Unknown(index) => {
                purl(Ecosystem::Cargo, name, version, &[("repository_url", index)])
            }
            Self::Git { url, commit } => {
                let at = commit.as_ref().map_or(String::new(), |commit| format!("@{commit}"));
                purl(Ecosystem::Cargo, name, version, &[("vcs_url", &format!("git+{url}{at}"))])
            }
        }
    }
}

/// The purl of a package in folder `dir` (from the root).
pub fn local_purl(name: &str, version: &str, dir: &str) -> String {
    let dir = if dir.is_empty() { "." } else { dir };
    purl(Ecosystem::Cargo, name, version, &[("download_url", &format!("file:{dir}"))])
}

/// The purl of a package of the lockfile in `dir` whose folder is not here.
pub fn absent_purl(name: &str, version: &str, dir: &str) -> String {
    purl(Ecosystem::Cargo, name, version, &[("download_url", &format!("file:?{dir}"))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_indices_of_crates_io_are_one() {
        for source in [
            "registry+https://github.com/rust-lang/crates.io-index",
            "sparse+https://index.crates.io/",
            "registry+https://github.com/rust-lang/crates.io-index#d6a3a1b",
        ] {
            assert_eq!(parse(source), Origin::CratesIo, "{source}");
        }
        assert_ne!(parse("registry+https://github.com/rust-lang/crates.io-index-x"), Origin::CratesIo);
    }

    #[test]
    fn secrets_do_not_reach_a_purl() {
        let commit = "a".repeat(40);
        let git = parse(&format!("git+https://me:token@git.invalid/a.git?branch=x#{commit}"));
        assert_eq!(
            git.purl("a", "1.0.0"),
            format!("pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps://git.invalid/a.git%40{commit}")
        );
        assert_eq!(
            parse("sparse+https://u:p@crates.invalid/index/").purl("a", "1.0.0"),
            "pkg:cargo/a@1.0.0?repository_url=sparse%2Bhttps://crates.invalid/index/"
        );
    }
}
