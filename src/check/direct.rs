//! Requirements that name an archive at an address instead of a version (PEP 508, `name @ url`).

use super::distribution::metadata;
use super::manifest::Manifest;
use crate::model::{Contents, Fact, FactKind, LineIndex};

/// Requirements of one file that are looked at.
const MAX_REQUIREMENTS: usize = 2_000;

/// Adds a fact for each requirement on an archive that may be another one tomorrow.
pub(super) fn read(contents: &Contents, out: &mut Manifest) {
    if let Some((path, text)) = metadata(contents) {
        let index = LineIndex::new(path.as_str(), text);
        let mut at = 0;
        for line in text.split_inclusive('\n').take(MAX_REQUIREMENTS) {
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Requires-Dist:")
                && let Some(kind) = kind(value.trim())
            {
                let span = index.span(at, at + line.trim_end().len());
                out.facts.push(Fact::new(FactKind::Manifest, kind, span).value(value.trim()));
            }
            at += line.len();
        }
    }
    for name in ["setup.py", "setup.cfg"] {
        if let Some(text) = contents.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            written(name, text, out);
        }
    }
    let Some(text) = contents.get("pyproject.toml").and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return;
    };
    // One that is no TOML is a gap of the parser of build systems.
    let Ok(table) = text.parse::<toml::Table>() else { return };
    let Some(project) = table.get("project").and_then(toml::Value::as_table) else { return };
    let index = LineIndex::new("pyproject.toml", text);
    let optional = project.get("optional-dependencies").and_then(toml::Value::as_table);
    let lists =
        project.get("dependencies").into_iter().chain(optional.into_iter().flat_map(|it| it.values()));
    let all = lists.filter_map(toml::Value::as_array).flatten().filter_map(toml::Value::as_str);
    for value in all.take(MAX_REQUIREMENTS) {
        let Some(kind) = kind(value) else { continue };
        let at = text.find(value).unwrap_or(0);
        let span = index.span(at, at + if at == 0 { 0 } else { value.len() });
        out.facts.push(Fact::new(FactKind::Manifest, kind, span).value(value));
    }
}

/// Requirements with an address in a build script or its settings, as they are written there: in
/// quotes, or on a line of their own.
fn written(name: &str, text: &str, out: &mut Manifest) {
    let index = LineIndex::new(name, text);
    let mut at = 0;
    for line in text.split_inclusive('\n').take(MAX_REQUIREMENTS) {
        let code = !line.trim_start().starts_with('#');
        for part in line.split(['"', '\'']).filter(|_| code) {
            let value = part.trim();
            let named = value.split_once('@').is_some_and(|(name, _)| is_name(name.trim()));
            if let Some(kind) = named.then(|| kind(value)).flatten() {
                let span = index.span(at, at + line.trim_end().len());
                out.facts.push(Fact::new(FactKind::Manifest, kind, span).value(value));
            }
        }
        at += line.len();
    }
}

/// Whether a text is the name of a distribution, with extras or without.
fn is_name(text: &str) -> bool {
    let (name, extras) = text.split_once('[').unwrap_or((text, "]"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.trim_end().bytes().all(plain)
        && extras.trim_end().ends_with(']')
}

/// The fact that a requirement is: none where it is a version from the registry, or has a digest. One
/// that names an archive by an address without a version, or that is not protected on its way, may be
/// another one tomorrow.
fn kind(requirement: &str) -> Option<&'static str> {
    let (_, url) = requirement.split_once('@')?;
    let url = url.trim_start().split([' ', ';']).next().unwrap_or("").to_ascii_lowercase();
    let (scheme, rest) = url.split_once("://")?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    if !matches!(scheme, "http" | "https") || fragment.contains("sha") {
        return None;
    }
    let path = rest.split('?').next().unwrap_or(rest);
    // A revision in an address of a forge is one of many digits; so is a version.
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let versioned = parts.iter().rev().take(3).any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits > 1 && (part.contains('.') || part.len() >= 7)
    });
    let mutable = scheme == "http" || parts.contains(&"heads") || !versioned;
    Some(if mutable { "mutable-dependency" } else { "addressed-dependency" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mutable(requirement: &str) -> bool {
        kind(requirement) == Some("mutable-dependency")
    }

    #[test]
    fn what_may_change() {
        for bad in [
            "a @ https://files.invalid/py/a-latest.zip",
            "a[x] @ https://forge.invalid/o/a/archive/refs/heads/release-1.10.zip",
            "a @ http://files.invalid/a-1.20.0-py3-none-any.whl",
            "a@https://forge.invalid/o/a/archive/main.tar.gz ; python_version > '3.10'",
        ] {
            assert!(mutable(bad), "{bad}");
        }
        for good in [
            "a>=1.2,<2",
            "a @ https://files.invalid/a-latest.zip#sha256=0f343b09",
            "a @ https://files.invalid/whl/cpu/a-2.10.0-cp311-linux_x86_64.whl",
            "a @ https://forge.invalid/o/a/archive/0f343b0931126a20f133d67c2b018a3b9c1b2f1a.zip",
            "a @ git+https://forge.invalid/o/a@main",
            "a @ file:///srv/a",
        ] {
            assert!(!mutable(good), "{good}");
        }
    }

    #[test]
    fn build_scripts_name_addresses_too() {
        let of = |text: &str| {
            let mut out = Manifest::default();
            written("setup.py", text, &mut out);
            out.facts.into_iter().map(|fact| (fact.name, fact.span.line)).collect::<Vec<_>>()
        };
        let text =
            "setup(install_requires=[\n  'a>=1',\n  \"b[x] @ https://files.invalid/b-1.2.tar.gz\",\n])\n";
        assert_eq!(of(text), [("addressed-dependency".to_owned(), 3)]);
        assert_eq!(of("x = 'a @ https://files.invalid/latest.zip'"), [("mutable-dependency".to_owned(), 1)]);
        for none in [
            "# 'b @ https://files.invalid/b-1.2.tar.gz'",
            "author_email='a@files.invalid', url='https://files.invalid/'",
            "mail me @ https://chat.invalid/room-1.2.3",
            "'b @ https://files.invalid/b-1.2.tar.gz#sha256=0f34'",
        ] {
            assert_eq!(of(none), [], "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z@:/# .;1-9'\\[]{0,60}") {
            kind(&text);
            written("setup.py", &text, &mut Manifest::default());
        }
    }
}
