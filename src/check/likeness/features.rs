//! What of a few lines is weighed: their names, the parts of these, names in a row, and whether the
//! stated purpose speaks of them.

use std::collections::BTreeSet;

use crate::model::{Fact, FactKind};
use crate::weights::number;

use super::tokens::{self, Token};
use crate::check::unstated::{hosts::registered, words};

/// Lines of code that are weighed together.
pub const TOGETHER: usize = 6;
/// Marks of one window at most.
const MARKS: usize = 24;
/// Lines from one window to the next.
const STEP: usize = 3;
/// Letters of a word by which it is known again in another form.
const STEM: usize = 5;
/// Characters of a readme that say what a package is for.
const README: usize = 1500;
/// Lines of a manifest that are looked at.
const MANIFEST_LINES: usize = 80;
/// Files that say what a package is.
const MANIFESTS: &[&str] = &[
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "PKG-INFO",
    "METADATA",
    "SKILL.md",
];
/// Their keys that do.
const KEYS: &[&str] = &["name", "description", "keywords", "categories", "summary"];

/// What a package says of itself.
#[derive(Debug, Clone, Default)]
pub struct Purpose {
    /// What it is for, as beginnings of words.
    stems: BTreeSet<String>,
    /// The hosts that its texts name, and the domains that these are of; nothing where no text is known.
    hosts: Option<BTreeSet<String>>,
    /// Whether a reader expects connections.
    net: bool,
    /// Whether a reader expects that programs are started.
    programs: bool,
}

impl Purpose {
    /// Reads what is said.
    pub fn of(said: &str) -> Self {
        let words = said.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
        let mut spoken = BTreeSet::new();
        words::split(said, &mut spoken);
        Self {
            stems: words.map(stem).collect(),
            hosts: None,
            net: words::speak_of_net(&spoken),
            programs: words::speak_of_programs(&spoken),
        }
    }

    /// Reads what the files at the top of a package say: the manifests' descriptions and the
    /// beginning of the readme. Each file is a path and its text.
    pub fn of_files<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut said = String::new();
        let mut named = BTreeSet::new();
        for (path, text) in files {
            let name = path.rsplit('/').next().unwrap_or(path);
            // What runs is no text.
            if name != "setup.py" {
                hosts(text, &mut named);
            }
            if is_readme(name) && !path.contains('/') {
                said.extend(text.chars().take(README));
            } else if MANIFESTS.contains(&name) {
                let spoken = text.lines().take(MANIFEST_LINES).filter(|line| {
                    let key = line.trim_start_matches(|c: char| !c.is_alphabetic());
                    let key = key.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
                    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known))
                });
                spoken.for_each(|line| {
                    said.push(' ');
                    said.extend(line.chars().take(README));
                });
            } else {
                continue;
            }
            said.push(' ');
        }
        Self { hosts: Some(named), ..Self::of(&said) }
    }

    /// Whether the texts name a host, or one of the same domain; nothing where no text is known.
    fn tells(&self, host: &str) -> Option<bool> {
        let hosts = self.hosts.as_ref()?;
        Some(hosts.contains(host) || hosts.contains(registered(host)))
    }
}

/// The hosts that a text names, and their domains.
fn hosts(text: &str, out: &mut BTreeSet<String>) {
    let apart = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    for word in text.split(apart).map(|word| word.trim_matches(['.', '-'])) {
        let Some((_, end)) = word.rsplit_once('.') else { continue };
        if end.len() > 1 && end.bytes().all(|b| b.is_ascii_alphabetic()) {
            let host = word.to_ascii_lowercase();
            out.insert(registered(&host).to_owned());
            out.insert(host);
        }
    }
}

/// Whether a file is one that [`Purpose::of_files`] reads.
pub fn speaks(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.matches('/').count() < 2 && (MANIFESTS.contains(&name) || is_readme(name) && !path.contains('/'))
}

fn is_readme(name: &str) -> bool {
    name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("readme"))
}

/// When code of a file runs, as far as its name tells.
fn place(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let start = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    match name {
        "setup.py" | "build.rs" | "sitecustomize.py" | "usercustomize.py" => return "install",
        "__init__.py" => return "import",
        "main.rs" | "__main__.py" => return "cli",
        _ if name.ends_with(".pth") => return "install",
        _ => {}
    }
    let has = |part: &str| start.contains(part);
    if ["install", "postinstall", "preinstall", "prepare", "hatch_build"].iter().any(|word| start == *word)
        || has("postinst")
        || has("preinst")
    {
        "install"
    } else if has("hook") || path.contains("hooks/") {
        "hook"
    } else if has("cli") || path.starts_with("bin/") || path.starts_with("scripts/") {
        "cli"
    } else {
        "call"
    }
}

fn stem(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).take(STEM).collect()
}

/// A few lines of code.
#[derive(Debug, Clone)]
pub struct Window {
    /// First line, from 1.
    pub first: u32,
    /// Last line.
    pub last: u32,
    /// Numbers of the features, each once, ascending.
    pub features: Vec<u32>,
}

/// What a parser says of a line: names as they resolve, whatever they are called there.
pub type Mark = (u32, String);

/// What the facts of a file say of its lines, in order: calls that reach out by their full names, kinds of
/// texts. Flows and shapes are for rules.
pub fn marks<'a>(facts: impl Iterator<Item = &'a Fact>) -> Vec<Mark> {
    let mark = |fact: &'a Fact| {
        let name = match (fact.kind, fact.capability) {
            (FactKind::Call, Some(_)) => format!("f:{}", fact.name),
            (FactKind::Literal, _) => format!("l:{}", fact.name),
            _ => return None,
        };
        let able = fact.capability.map(|kind| {
            let when = if fact.context.top_level { "loaded" } else { "called" };
            (fact.span.line, format!("c:{} {when}", kind.as_str()))
        });
        Some([Some((fact.span.line, name)), able])
    };
    let mut out: Vec<Mark> = facts.filter_map(mark).flatten().flatten().collect();
    out.sort();
    out.dedup();
    out
}

/// The windows of a text, from top to bottom, as far as `wanted` takes their lines; with what is marked on
/// them, in order of line.
pub fn windows(
    path: &str,
    text: &str,
    purpose: &Purpose,
    marks: &[Mark],
    wanted: impl Fn(u32, u32) -> bool,
) -> Vec<Window> {
    let lines: Vec<(u32, &str)> = tokens::lines(text).collect();
    let place = place(path);
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = lines.get(at..).filter(|rest| !rest.is_empty()) {
        let part = rest.get(..TOGETHER.min(rest.len())).unwrap_or_default();
        if let (Some((first, _)), Some((last, _))) = (part.first(), part.last())
            && wanted(*first, *last)
        {
            let from = marks.partition_point(|(line, _)| line < first);
            let marked = marks.iter().skip(from).take_while(|(line, _)| line <= last).take(MARKS);
            let marked = marked.map(|(_, name)| name.as_str());
            let features = numbers(place, part.iter().map(|(_, line)| *line), marked, purpose);
            out.push(Window { first: *first, last: *last, features });
        }
        if rest.len() <= TOGETHER {
            break;
        }
        at += STEP;
    }
    out
}

/// The numbers of the features of some lines, and of what is marked there, each with the one before it.
fn numbers<'a>(
    place: &str,
    lines: impl Iterator<Item = &'a str>,
    marks: impl Iterator<Item = &'a str>,
    purpose: &Purpose,
) -> Vec<u32> {
    let mut out = Vec::with_capacity(256);
    let mut before = "";
    out.push(number(&format!("a:{place}")));
    for mark in marks {
        out.push(number(mark));
        if let Some(able) = mark.strip_prefix("c:") {
            out.push(number(&format!("a:{place} {able}")));
            let expected = match able.split(' ').next() {
                Some("net") => purpose.net,
                Some("process") => purpose.programs,
                _ => continue,
            };
            out.push(number(&format!("e:{able} {expected}")));
        } else {
            out.push(number(&format!("m:{before} {mark}")));
            before = mark;
        }
    }
    each(lines, purpose, &mut |name| out.push(number(name)));
    out.sort_unstable();
    out.dedup();
    out
}

/// Gives the name of each feature, some more than once.
pub fn each<'a>(lines: impl Iterator<Item = &'a str>, purpose: &Purpose, out: &mut dyn FnMut(&str)) {
    let mut name = String::with_capacity(64);
    let mut give = |parts: &[&str]| {
        name.clear();
        parts.iter().for_each(|part| name.push_str(part));
        out(&name);
    };
    let mut read = Vec::new();
    lines.for_each(|line| tokens::read(line, &mut read));
    let mut names: Vec<&str> = Vec::with_capacity(read.len());
    for token in &read {
        match token {
            Token::Name(word, parts) => {
                give(&["w:", word]);
                names.push(word);
                for part in parts.iter().chain(parts.is_empty().then_some(word)) {
                    give(&["p:", part]);
                    if part.chars().count() > 3 {
                        let stated = purpose.stems.contains(&stem(part));
                        give(&[if stated { "i:" } else { "u:" }, part]);
                    }
                }
            }
            Token::Kind(kind) => {
                give(&["w:", kind]);
                names.push(kind);
            }
            Token::Host(host) => match purpose.tells(host) {
                Some(true) => give(&["h:told"]),
                Some(false) => give(&["h:untold"]),
                None => {}
            },
            Token::Sign(sign) => give(&["s:", sign.encode_utf8(&mut [0; 4])]),
        }
    }
    for pair in names.windows(2) {
        give(&["b:", pair[0], " ", pair[1]]);
    }
    for three in names.windows(3) {
        give(&["k:", three[0], " ", three[2]]);
        give(&["t:", three[0], " ", three[1], " ", three[2]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_and_cover_every_line() {
        let text: String = (1..=14).map(|n| format!("line{n}();\n")).collect();
        let all = windows("a.py", &text, &Purpose::default(), &[], |_, _| true);
        let spans: Vec<(u32, u32)> = all.iter().map(|window| (window.first, window.last)).collect();
        assert_eq!(spans, [(1, 6), (4, 9), (7, 12), (10, 14)]);
        assert!(windows("a.py", "", &Purpose::default(), &[], |_, _| true).is_empty());
        assert_eq!(windows("a.py", "one();", &Purpose::default(), &[], |_, _| true).len(), 1);
        assert!(windows("a.py", &text, &Purpose::default(), &[], |_, _| false).is_empty());
    }

    #[test]
    fn a_word_of_the_purpose_is_another_feature() {
        let of = |purpose: &Purpose| {
            let mut names = Vec::new();
            each(["readCookies()"].into_iter(), purpose, &mut |name| names.push(name.to_owned()));
            names
        };
        assert!(of(&Purpose::default()).contains(&"u:cookies".to_owned()));
        assert!(of(&Purpose::of("Exports a cookie jar")).contains(&"i:cookies".to_owned()));
    }
}
