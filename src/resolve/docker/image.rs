//! References to container images (<https://github.com/distribution/reference>):
//! `[registry/]path[:tag][@digest]`.

use crate::json::ByteRange;
use crate::model::{
    Dependency, DependencyKind, Digest, Ecosystem, Finding, Gap, GapKind, HashAlgorithm, Package, Severity,
    Source, purl,
};
use crate::resolve::Resolution;
use crate::resolve::text::Text;

/// A reference, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host of the registry; `None` for Docker Hub.
    pub registry: Option<String>,
    /// `library/node`, `org/image`.
    pub path: String,
    /// The tag, if one is named.
    pub tag: Option<String>,
    /// The digest, if one is named.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Reads one; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let (algorithm, hex) = digest.split_once(':')?;
                let algorithm = match algorithm {
                    "sha256" => HashAlgorithm::Sha256,
                    "sha512" => HashAlgorithm::Sha512,
                    _ => return None,
                };
                (rest, Some(Digest::from_hex(algorithm, hex)?))
            }
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match rest[slash..].split_once(':') {
            Some((_, tag)) => (&rest[..rest.len() - tag.len() - 1], Some(tag)),
            None => (rest, None),
        };
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        if tag.is_some_and(|tag| !plain(tag)) {
            return None;
        }
        let (registry, path) = match path.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), rest),
            _ => (None, path),
        };
        if !path.split('/').all(plain) || registry.is_some_and(|host| !host.split(':').all(plain)) {
            return None;
        }
        let registry = registry.filter(|host| !matches!(*host, "docker.io" | "index.docker.io"));
        let path = match registry {
            None if !path.contains('/') => format!("library/{path}"),
            _ => path.to_owned(),
        };
        Some(Self { registry: registry.map(str::to_owned), path, tag: tag.map(str::to_owned), digest })
    }

    /// The package that it stands for; the version is the digest, or else the tag.
    pub fn package(&self, declared: crate::model::Location) -> Package {
        let version = match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            // What a reference without a tag means.
            (None, None) => "latest".to_owned(),
        };
        let name = match &self.registry {
            Some(host) => format!("{host}/{}", self.path),
            None => self.path.clone(),
        };
        let host = self.registry.as_deref().unwrap_or("");
        Package {
            purl: purl(Ecosystem::Docker, &self.path, &version, &[("repository_url", host)]),
            source: Source::Registry { registry: self.registry.clone(), url: None },
            integrity: self.digest.iter().cloned().collect(),
            ..Package::registry(Ecosystem::Docker, &name, &version, declared)
        }
    }
}

/// Adds the image that `from` names at a place of `doc`; `platform` as its `os/cpu`.
pub(in crate::resolve) fn add(
    from: &str,
    doc: &Text<'_>,
    name: &str,
    at: &ByteRange,
    platform: Option<&str>,
    out: &mut Resolution,
) {
    let span = doc.span(at);
    let reference = if name.contains('$') { None } else { Reference::parse(name) };
    let Some(reference) = reference else {
        let shown = crate::model::escape(name);
        let message = format!("which image `{shown}` is, the file does not say; give the variable a default");
        out.gaps.push((from.to_owned(), Gap { spans: vec![span], ..Gap::new(GapKind::NotCovered, message) }));
        return;
    };
    let declared = doc.location(at.start);
    let mut package = reference.package(declared.clone());
    if let Some((os, cpu)) = platform.filter(|text| !text.contains('$')).and_then(|text| text.split_once('/'))
    {
        package.platform.os = vec![os.to_owned()];
        package.platform.cpu = vec![cpu.to_owned()];
    }
    if reference.digest.is_none() {
        let moving = reference.tag.as_deref().is_none_or(|tag| tag == "latest");
        let message = format!("`{name}` names no digest: the tag can be moved to another image at any time");
        let severity = if moving { Severity::High } else { Severity::Medium };
        let finding = Finding { severity, ..Finding::new("lockfile/unpinned-image", message, vec![span]) };
        out.findings.push((package.purl.clone(), finding));
    }
    out.dependencies.push(Dependency {
        from: from.to_owned(),
        to: package.purl.clone(),
        kind: DependencyKind::Invokes,
        requirement: name.to_owned(),
        platform: None,
        declared,
    });
    out.packages.push(package);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_and_their_purls() {
        let hex = "a".repeat(64);
        let at = crate::model::Location { file: "f".into(), line: 1, column: 1 };
        for (text, want) in [
            ("node", "pkg:docker/library/node@latest".to_owned()),
            ("node:20-slim", "pkg:docker/library/node@20-slim".to_owned()),
            ("docker.io/library/node:20", "pkg:docker/library/node@20".to_owned()),
            ("h.invalid:5000/a/b:1", "pkg:docker/a/b@1?repository_url=h.invalid:5000".to_owned()),
        ] {
            assert_eq!(Reference::parse(text).unwrap().package(at.clone()).purl, want);
        }
        let pinned = format!("ghcr.io/o/i:v1@sha256:{hex}");
        let package = Reference::parse(&pinned).unwrap().package(at);
        assert_eq!(package.purl, format!("pkg:docker/o/i@sha256%3A{hex}?repository_url=ghcr.io"));
        assert!(package.is_pinned());
        for text in ["", "a b", "a:", "a@sha256:12", "a@md5:00", "/a", "a//b", "a@"] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([a-z./:@$-]|sha256|\\PC){0,40}") {
            Reference::parse(&text);
        }
    }
}
