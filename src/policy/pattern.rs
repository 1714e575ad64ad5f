//! Which packages an exception is about.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::{Ecosystem, Package, wildcard};

/// `name`, `name@version`, or either behind an ecosystem (`cargo:`, `npm:`, `pypi:`…); `*` in a name stands for any
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePattern {
    ecosystem: Option<Ecosystem>,
    name: String,
    version: Option<String>,
}

impl PackagePattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (ecosystem, rest) = match text.split_once(':') {
            Some((name, rest)) => {
                let ecosystem = Ecosystem::parse(name).ok_or_else(|| {
                    let known: Vec<_> = Ecosystem::ALL.iter().map(|known| format!("`{known}:`")).collect();
                    format!("unknown ecosystem `{name}` in `{text}`; use one of {}", known.join(", "))
                })?;
                (Some(ecosystem), rest)
            }
            None => (None, text),
        };
        // The first character of an npm scope is an `@` too.
        let (name, version) = match rest.char_indices().skip(1).find(|(_, c)| *c == '@') {
            Some((at, _)) => (&rest[..at], Some(rest[at + 1..].to_owned())),
            None => (rest, None),
        };
        if name.is_empty() || version.as_deref() == Some("") {
            return Err(format!("`{text}` names no package; write `name`, `name@version` or `npm:name`"));
        }
        Ok(Self { ecosystem, name: name.to_owned(), version })
    }

    /// Whether the package is meant.
    pub fn matches(&self, package: &Package) -> bool {
        self.ecosystem.is_none_or(|ecosystem| ecosystem == package.ecosystem)
            && wildcard(&self.name, &package.name)
            && self.version.as_ref().is_none_or(|version| *version == package.version)
    }
}

impl fmt::Display for PackagePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ecosystem) = self.ecosystem {
            write!(f, "{ecosystem}:")?;
        }
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

impl Serialize for PackagePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_versions_and_ecosystems_are_told_apart() {
        for text in ["@a/b", "@a/b@1.0.0", "npm:@a/*", "cargo:serde@1.0.1", "windows*"] {
            assert_eq!(PackagePattern::parse(text).unwrap().to_string(), text);
        }
        assert!(PackagePattern::parse("gem:x").unwrap_err().contains("unknown ecosystem `gem`"));
        assert!(PackagePattern::parse("x@").is_err());
    }
}
