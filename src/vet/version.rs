//! Versions, differences and ranges as cargo-vet's files write them.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};

/// A published version, or a commit that is audited as one: `1.2.3`, `1.2.3@git:<commit>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VetVersion {
    /// The published version.
    pub version: Version,
    /// Full commit id in lower case, where the code is that of a repository.
    pub commit: Option<String>,
}

impl FromStr for VetVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (version, commit) = match text.split_once('@') {
            None => (text, None),
            Some((version, rest)) => {
                let commit = rest.strip_prefix("git:").ok_or_else(|| {
                    format!("`{}` stands where `git:` and a commit are expected", crate::model::escape(rest))
                })?;
                let full = commit.len() == 40
                    && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                if !full {
                    return Err(format!(
                        "`{}` is no commit of 40 lower-case hexadecimal digits",
                        crate::model::escape(commit)
                    ));
                }
                (version, Some(commit.to_owned()))
            }
        };
        let version = Version::parse(version)
            .map_err(|why| format!("`{}` is no version: {why}", crate::model::escape(version)))?;
        Ok(Self { version, commit })
    }
}

impl fmt::Display for VetVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.version)?;
        self.commit.as_ref().map_or(Ok(()), |commit| write!(f, "@git:{commit}"))
    }
}

/// Reads `1.0.0 -> 1.1.0`.
///
/// # Errors
/// Says which half is no version, or that the arrow is missing.
pub fn delta(text: &str) -> Result<(VetVersion, VetVersion), String> {
    let (from, to) = text
        .split_once("->")
        .ok_or_else(|| format!("`{}` is not `VERSION -> VERSION`", crate::model::escape(text)))?;
    Ok((from.trim().parse()?, to.trim().parse()?))
}

/// The versions that a violation is about, in Cargo's requirement syntax. As there, a pre-release
/// lies only within a range that names one of the same version; not even within `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range(VersionReq);

impl Range {
    /// Whether a version, or the published version under a commit, lies within.
    pub fn holds(&self, version: &VetVersion) -> bool {
        self.0.matches(&version.version)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        VersionReq::parse(text)
            .map(Self)
            .map_err(|why| format!("`{}` is no range of versions: {why}", crate::model::escape(text)))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_belongs_to_the_version() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let text = format!("1.2.3-rc.1+b@git:{commit}");
        let version: VetVersion = text.parse().unwrap();
        assert_eq!(version.commit.as_deref(), Some(commit));
        assert_eq!(version.to_string(), text);
        for wrong in ["1.2", "1.2.3@", "1.2.3@git:", "1.2.3@git:0123", "1.2.3@hg:x", "", "@git:"] {
            assert!(wrong.parse::<VetVersion>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn deltas_may_go_backwards() {
        let (from, to) = delta("1.0.1->1.0.0").unwrap();
        assert!(to < from);
        for wrong in ["1.0.0", "1.0.0 -> ", "-> 1.0.0", "1.0.0 -> 1.0.1 -> 1.0.2", "1.0.0 → 1.0.1"] {
            assert!(delta(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_range_holds_pre_releases_only_where_it_names_one() {
        let all: Range = "*".parse().unwrap();
        let early: VetVersion = "1.5.0-alpha.2".parse().unwrap();
        assert!(!all.holds(&early) && all.holds(&"1.5.0".parse().unwrap()));
        assert!(">=1.5.0-alpha.1".parse::<Range>().unwrap().holds(&early));
        let commit: VetVersion = format!("1.5.0@git:{}", "a".repeat(40)).parse().unwrap();
        assert!("^1.4".parse::<Range>().unwrap().holds(&commit));
    }
}
