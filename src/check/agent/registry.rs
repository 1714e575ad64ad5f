//! Where an agent's package has package managers look: a registry, index or mirror of its own
//! decides what `npm install` and `pip install` bring in, wherever the command itself stands.

use crate::model::{Contents, Fact, FactKind, Gap, GapKind, LineIndex, Span, escape};
use crate::shell::install::INDEXES;

/// Hosts that package managers use by default (npm, Yarn, JSR, PyPI, crates.io, Go, conda, RubyGems).
const DEFAULTS: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "npm.jsr.io",
    "pypi.org",
    "files.pythonhosted.org",
    "index.crates.io",
    "static.crates.io",
    "proxy.golang.org",
    "sum.golang.org",
    "conda.anaconda.org",
    "repo.anaconda.com",
    "rubygems.org",
];

/// How much of a configuration a reader of it takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Every address in it is a registry.
    All,
    /// Those in sections and keys that speak of an index or a source.
    Sections,
    /// Those of the variables.
    Variables,
}

fn which(path: &str) -> Option<Which> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    match name {
        ".npmrc" | "npmrc" | ".yarnrc" | ".yarnrc.yml" | "bunfig.toml" | ".bunfig.toml" | "pip.conf"
        | "pip.ini" | ".pydistutils.cfg" | "uv.toml" | ".condarc" | ".gemrc" => Some(Which::All),
        "config" | "config.toml" if folder.rsplit('/').next() == Some(".cargo") => Some(Which::Sections),
        "pyproject.toml" | "pipfile" | "setup.cfg" | "pixi.toml" => Some(Which::Sections),
        _ if name == ".env" || name.starts_with(".env.") || name.ends_with(".env") || name == ".envrc" => {
            Some(Which::Variables)
        }
        _ => None,
    }
}

/// Registries that are none of the usual ones, by the files and settings that name them.
pub fn registries(contents: &Contents, facts: &[Fact]) -> Vec<Gap> {
    let mut out = Vec::new();
    for file in &contents.files {
        let Some(which) = which(&file.path) else { continue };
        let text = String::from_utf8_lossy(contents.bytes(file));
        let index = LineIndex::new(&*file.path, &text);
        let (mut at, mut section) = (0, false);
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let lower = line.trim().to_ascii_lowercase();
            if lower.starts_with(['#', ';']) {
                continue;
            }
            if lower.starts_with('[') {
                section = ["index", "source", "registr", "channel", "find-links"]
                    .iter()
                    .any(|word| lower.contains(word))
                    && !lower.contains("uv.sources");
            }
            let key = lower.split(['=', ':']).next().unwrap_or_default().trim().trim_start_matches("export ");
            let named = match which {
                Which::All => true,
                Which::Sections => section || key.contains("index-url") || key.contains("find-links"),
                Which::Variables => INDEXES.iter().any(|(_, name)| name.eq_ignore_ascii_case(key)),
            };
            if let Some(host) = named.then(|| foreign(line)).flatten() {
                out.push(gap(host, index.span(start, start + line.trim_end().len())));
            }
        }
    }
    for fact in facts.iter().filter(|fact| fact.kind == FactKind::Manifest) {
        let Some((_, variable)) = fact.name.split_once("env.") else { continue };
        if INDEXES.iter().any(|(_, name)| name.eq_ignore_ascii_case(variable))
            && let Some(host) = foreign(&fact.value)
        {
            out.push(gap(host, fact.span.clone()));
        }
    }
    out
}

fn gap(host: &str, span: Span) -> Gap {
    let message = format!(
        "`{}` has packages installed from `{}`; somebody has to say whether it is trusted",
        span.file,
        escape(host)
    );
    Gap { kind: GapKind::NeedsReview, message, spans: vec![span] }
}

/// The first host on a line that is none of the usual ones.
fn foreign(line: &str) -> Option<&str> {
    line.match_indices("//").find_map(|(at, _)| {
        let rest = line.get(at + 2..)?;
        let end = rest.find(|c: char| matches!(c, '/' | '"' | '\'' | ',' | '#' | '?') || c.is_whitespace());
        let authority = rest.get(..end.unwrap_or(rest.len()))?;
        let host = authority.rsplit('@').next()?.split(':').next()?;
        (host.contains('.') && !DEFAULTS.iter().any(|known| known.eq_ignore_ascii_case(host))).then_some(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::examples::contents;

    fn hosts(path: &str, text: &str) -> usize {
        registries(&contents(&[(path, text.as_bytes())]), &[]).len()
    }

    #[test]
    fn registries_of_ones_own_are_named() {
        assert_eq!(hosts(".npmrc", "# a\nregistry=https://npm.invalid/\n"), 1);
        assert_eq!(hosts(".npmrc", "registry=https://registry.npmjs.org/\nsave-exact=true\n"), 0);
        assert_eq!(hosts("x/pip.conf", "[global]\nextra-index-url = https://u:p@pkgs.invalid/simple\n"), 1);
        assert_eq!(hosts(".cargo/config.toml", "[source.m]\nregistry = \"https://c.invalid\"\n"), 1);
        assert_eq!(hosts(".cargo/config.toml", "[http]\nproxy = \"https://c.invalid\"\n"), 0);
        assert_eq!(hosts("pyproject.toml", "[[tool.uv.index]]\nurl = \"https://p.invalid\"\n"), 1);
        assert_eq!(hosts("pyproject.toml", "[project.urls]\nHome = \"https://p.invalid\"\n"), 0);
        assert_eq!(
            hosts(".env", "export PIP_INDEX_URL=https://p.invalid/simple\nAPI=https://a.invalid\n"),
            1
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            for path in [".npmrc", "pyproject.toml", ".env", ".cargo/config"] {
                hosts(path, &format!("//{text}"));
            }
        }
    }
}
