//! Names and versions of distributions, and what the file name of an archive says of both.

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

/// A name in the form that all spellings share: lower case, runs of `-`, `_` and `.` as one `-`
/// (<https://packaging.python.org/en/latest/specifications/name-normalization/>).
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Whether it may be the name of a distribution.
pub fn is_name(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(name.chars().next())
        && ends(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The version in its normal form (PEP 440), as written where it is none.
pub fn version(text: &str) -> String {
    Version::from_str(text.trim()).map_or_else(|_| text.trim().to_owned(), |version| version.to_string())
}

/// Whether two texts are the same version.
pub fn same_version(a: &str, b: &str) -> bool {
    match (Version::from_str(a.trim()), Version::from_str(b.trim())) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.trim() == b.trim(),
    }
}

/// Whether a version fits specifiers (`>=1,<2`); `None` where one of them cannot be read.
pub fn satisfies(specifiers: &str, version: &str) -> Option<bool> {
    let version = Version::from_str(version).ok()?;
    Some(VersionSpecifiers::from_str(specifiers).ok()?.contains(&version))
}

/// The version that specifiers pin (`==1.2`, `===1.2`), if they pin one.
pub fn pinned(specifiers: &str) -> Option<&str> {
    let specifiers = specifiers.trim();
    let specifiers = specifiers.strip_prefix('(').and_then(|s| s.strip_suffix(')')).unwrap_or(specifiers);
    let version = specifiers.trim().strip_prefix("==")?;
    let version = version.strip_prefix('=').unwrap_or(version).trim();
    let plain = !version.is_empty() && !version.contains(['*', ',', '<', '>', '=', '!', '~', ' ']);
    plain.then_some(version)
}

/// What sort of archive a file name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A wheel: a zip archive without a top folder.
    Wheel,
    /// A source archive, a gzip-compressed tar.
    SourceTar,
    /// A source archive, a zip.
    SourceZip,
}

impl ArchiveKind {
    /// By the ending; `None` for what is not read (`.tar.bz2`, `.egg`, `.exe`…).
    pub fn of(file: &str) -> Option<Self> {
        let lower = file.to_ascii_lowercase();
        if lower.ends_with(".whl") {
            Some(Self::Wheel)
        } else if lower.ends_with(".tar.gz") || lower.ends_with(".tgz") {
            Some(Self::SourceTar)
        } else if lower.ends_with(".zip") {
            Some(Self::SourceZip)
        } else {
            None
        }
    }
}

/// The normal name and the version that a file name states, if it is one of a distribution
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>).
/// `name` is the expected one: old source archives have `-` in it, so that it alone says where the
/// version begins.
pub fn of_file(file: &str, name: &str) -> Option<String> {
    let stem = match ArchiveKind::of(file)? {
        ArchiveKind::Wheel => {
            let mut parts = file.get(..file.len() - 4)?.split('-');
            let (own, version) = (parts.next()?, parts.next()?);
            return (normal(own) == name && parts.count() >= 3).then(|| self::version(version));
        }
        ArchiveKind::SourceTar | ArchiveKind::SourceZip => {
            let cut =
                [".tar.gz", ".tgz", ".zip"].iter().find(|end| file.to_ascii_lowercase().ends_with(*end))?;
            file.get(..file.len() - cut.len())?
        }
    };
    stem.match_indices('-')
        .filter(|(at, _)| normal(&stem[..*at]) == name)
        .map(|(at, _)| &stem[at + 1..])
        .find(|version| Version::from_str(version).is_ok())
        .map(version)
}

/// The last part of a URL's or path's path, decoded.
pub fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let last = path.rsplit('/').next().unwrap_or(path);
    percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_have_one_form() {
        for name in ["Foo.Bar", "foo__bar", "FOO-.-bar", "foo-bar"] {
            assert_eq!(normal(name), "foo-bar");
        }
        assert!(is_name("a") && is_name("A.b_c-1") && !is_name("-a") && !is_name("") && !is_name("a b"));
    }

    #[test]
    fn pins_are_told_from_ranges() {
        assert_eq!(pinned(" == 1.0 "), Some("1.0"));
        assert_eq!(pinned("(===2.0+cpu)"), Some("2.0+cpu"));
        for range in [">=1", "==1.*", "==1,!=1.1", "", "~=1.0"] {
            assert_eq!(pinned(range), None, "{range}");
        }
        assert_eq!(satisfies(">=1,<2", "1.5"), Some(true));
        assert_eq!(satisfies(">=1,<2", "2.0rc1"), Some(false));
        assert_eq!(satisfies("^1", "1.0"), None);
    }

    #[test]
    fn file_names_state_their_versions() {
        for (file, name, version) in [
            ("foo_bar-1.0-py3-none-any.whl", "foo-bar", Some("1.0")),
            ("Foo.Bar-1.0-1-cp310-abi3-win32.whl", "foo-bar", Some("1.0")),
            ("foo-bar-1.0.tar.gz", "foo-bar", Some("1.0")),
            ("foo-bar-1.0-1.zip", "foo-bar", Some("1.0.post1")),
            ("foo-1.0.tar.gz", "foo-bar", None),
            ("foo-bar-baz-1.0.tar.gz", "foo-bar", None),
            ("foo-bar-1.0.egg", "foo-bar", None),
        ] {
            assert_eq!(of_file(file, name).as_deref(), version, "{file}");
        }
        assert_eq!(file_name("https://x.invalid/a/b%2B1.whl?x#sha256=1"), "b+1.whl");
    }

    proptest! {
        #[test]
        fn no_file_name_panics(file in "\\PC{0,40}(\\.whl|\\.zip|\\.tar\\.gz)?", name in "[a-z-]{0,8}") {
            of_file(&file, &name);
            pinned(&file);
            satisfies(&file, &name);
        }
    }
}
