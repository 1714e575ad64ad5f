//! Container images: Dockerfiles and compose files.
//!
//! In: a file. Out: a package of its own for the file, and one for each image that it builds on or
//! copies from, for each package that its `RUN` lines install, and for each address that it adds.
//! Images are not fetched; the digest is the pin. What a variable without a default stands for is
//! known when the image is built, and a gap here.

mod compose;
mod file;
pub mod image;

use std::collections::BTreeMap;
use std::path::Path;

use self::file::{Instruction, flags};
use super::install;
use super::text::Text;
use super::{Resolution, ResolveError, read_text};
use crate::discover::Project;
use crate::json::ByteRange;
use crate::model::{
    Dependency, DependencyKind, Ecosystem, Finding, Gap, GapKind, Package, Severity, Source, purl,
};

pub use compose::resolve as resolve_compose;

/// Instructions of the reference, of 2026.
const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The package that a file of the project is, for what it names: a Dockerfile, a compose file, a
/// workflow (`what`).
pub(super) fn own_file(root: &Path, ecosystem: Ecosystem, what: &str, path: &str, doc: &Text<'_>) -> Package {
    Package {
        purl: file_purl(what, path),
        source: Source::Path { path: path.to_owned() },
        first_party: true,
        folder: Some(root.join(path)),
        ..Package::registry(ecosystem, path, "", doc.location(0))
    }
}

/// The purl of [`own_file`].
pub(super) fn file_purl(what: &str, path: &str) -> String {
    // The specification has no type for files of a project.
    purl(Ecosystem::Agent, &format!("{what}/{path}"), "", &[])
}

/// Resolves a Dockerfile.
///
/// # Errors
/// Where it cannot be read.
pub fn resolve(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    doc.no_conflict()?;
    let own = own_file(root, Ecosystem::Docker, "dockerfile", &project.lockfile, &doc);
    let file = file::read(&text);
    let mut build = Build::new(&doc, &own.purl);
    if let Some((name, at)) = &file.syntax {
        image::add(&own.purl, &doc, name, at, None, &mut build.out);
    }
    for instruction in &file.instructions {
        build.instruction(instruction);
    }
    if !file.instructions.iter().any(|instruction| instruction.name == "FROM") {
        let message = format!("`{}` has no `FROM`; what it builds on is not known", project.lockfile);
        build.gap(message, &(0..0));
    }
    let mut out = build.out;
    out.packages.push(own);
    out.normalise();
    Ok(out)
}

type Values = BTreeMap<String, String>;

/// A stage's name and the variables that it ends with.
#[derive(Debug, Default)]
struct Stage {
    name: String,
    values: Values,
}

struct Build<'a> {
    doc: &'a Text<'a>,
    own: &'a str,
    /// `ARG` before the first `FROM`.
    global: Values,
    stages: Vec<Stage>,
    out: Resolution,
}

impl<'a> Build<'a> {
    fn new(doc: &'a Text<'a>, own: &'a str) -> Self {
        Self { doc, own, global: Values::new(), stages: Vec::new(), out: Resolution::default() }
    }

    fn gap(&mut self, message: String, at: &ByteRange) {
        let gap = Gap { spans: vec![self.doc.span(at)], ..Gap::new(GapKind::NotCovered, message) };
        self.out.gaps.push((self.own.to_owned(), gap));
    }

    /// The value of a variable where the file stands now.
    fn value(&self, name: &str) -> Option<String> {
        let values = self.stages.last().map_or(&self.global, |stage| &stage.values);
        values.get(name).cloned()
    }

    fn filled(&self, text: &str) -> String {
        install::substitute(text, &|name| self.value(name))
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let Instruction { name, text, at, .. } = instruction;
        let (flags, rest) = flags(text);
        match name.as_str() {
            "FROM" => self.from(instruction),
            "ARG" | "ENV" => self.variables(instruction),
            "COPY" | "ADD" => {
                for (_, value, start) in flags.iter().filter(|(flag, ..)| *flag == "from") {
                    self.other(value, at + start + "--from=".len());
                }
                if name == "ADD" {
                    let pinned =
                        flags.iter().any(|(flag, value, _)| *flag == "checksum" && !value.contains('$'));
                    self.addresses(&text[rest..], at + rest, pinned);
                }
            }
            "RUN" => {
                for (_, value, start) in flags.iter().filter(|(flag, ..)| *flag == "mount") {
                    let from = value.split(',').find_map(|part| part.strip_prefix("from="));
                    if let Some(from) = from {
                        let offset = text[*start..].find(from).unwrap_or(0);
                        self.other(from, at + start + offset);
                    }
                }
                self.run(&text[rest..], at + rest, &instruction.documents);
            }
            other if INSTRUCTIONS.contains(&other) => {}
            other => {
                let shown: String = crate::model::escape(other).chars().take(40).collect();
                let message =
                    format!("`{shown}` is no instruction that is read; what it brings is in no graph");
                self.gap(message, &(at - instruction_start(instruction, self.doc)..*at));
            }
        }
    }

    fn from(&mut self, instruction: &Instruction) {
        let Instruction { text, at, .. } = instruction;
        let (flags, rest) = flags(text);
        // Only what stands before the first stage is known here.
        let fill = |text: &str| install::substitute(text, &|name| self.global.get(name).cloned());
        let mut words = words(&text[rest..], at + rest);
        let Some((name, place)) = words.next() else {
            return self.gap("`FROM` names no image".to_owned(), &(*at..*at));
        };
        let name = fill(name);
        let platform = flags.iter().find(|(flag, ..)| *flag == "platform").map(|(_, value, _)| fill(value));
        let alias = match (words.next(), words.next()) {
            (Some((word, _)), Some((alias, _))) if word.eq_ignore_ascii_case("as") => {
                alias.to_ascii_lowercase()
            }
            _ => String::new(),
        };
        let base = self
            .stages
            .iter()
            .rev()
            .find(|stage| !stage.name.is_empty() && stage.name == name.to_ascii_lowercase());
        let values = base.map(|stage| stage.values.clone()).unwrap_or_default();
        if base.is_none() && name != "scratch" {
            image::add(self.own, self.doc, &name, &place, platform.as_deref(), &mut self.out);
        }
        self.stages.push(Stage { name: alias, values });
    }

    /// What `--from` names: a stage, by name or number, or an image.
    fn other(&mut self, name: &str, at: usize) {
        let place = at..at + name.len();
        let name = self.filled(name);
        let stage = name.parse::<usize>().is_ok()
            || self
                .stages
                .iter()
                .any(|stage| !stage.name.is_empty() && stage.name == name.to_ascii_lowercase());
        if !stage && !name.is_empty() && name != "scratch" {
            image::add(self.own, self.doc, &name, &place, None, &mut self.out);
        }
    }

    fn variables(&mut self, instruction: &Instruction) {
        let text = instruction.text.trim_end();
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for command in install::commands(text, 0).iter().take(1) {
            let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
            match words[..] {
                // `ENV name value`
                [name, ..] if instruction.name == "ENV" && !name.contains('=') => {
                    let value = text.get(name.len()..).unwrap_or("").trim();
                    found.push((name.to_owned(), Some(value.to_owned())));
                }
                _ => found.extend(words.iter().map(|word| match word.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => ((*word).to_owned(), None),
                })),
            }
        }
        for (name, value) in found {
            // In a stage `ARG` alone takes what stands before the first.
            let value = match value {
                Some(value) => Some(self.filled(&value)),
                None => self.global.get(&name).cloned(),
            };
            let Some(value) = value else { continue };
            let values = self.stages.last_mut().map_or(&mut self.global, |stage| &mut stage.values);
            values.insert(name, value);
        }
    }

    fn run(&mut self, text: &str, at: usize, documents: &[(usize, String)]) {
        // `["pip", "install", "x"]`
        let exec = text.trim_start().starts_with('[');
        let exec = if exec { serde_json::from_str::<Vec<String>>(text.trim()).ok() } else { None };
        let mut found = match &exec {
            Some(words) => {
                let quoted: Vec<String> =
                    words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
                let mut list = install::installs(&quoted.join(" "), 0, &|name| self.value(name));
                let end = at + text.trim_end().len();
                list.iter_mut().for_each(|install| install.at = at..end);
                list
            }
            None => install::installs(text, at, &|name| self.value(name)),
        };
        // A here document is the script itself, or what a shell reads.
        let command = text.split("<<").next().unwrap_or("").trim();
        if command.is_empty()
            || command.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "zsh"))
        {
            for (at, body) in documents {
                found.extend(install::installs(body, *at, &|name| self.value(name)));
            }
        }
        // The body of a document that is not closed may be one newline longer than the file.
        let length = self.doc.text().len();
        found.iter_mut().for_each(|install| install.at.end = install.at.end.min(length));
        install::add(self.own, self.doc, &found, &mut self.out);
    }

    /// Addresses of `ADD`; the last word is where they go.
    fn addresses(&mut self, text: &str, at: usize, pinned: bool) {
        let words: Vec<_> = words(text, at).collect();
        let Some((_, sources)) = words.split_last() else { return };
        for (word, place) in sources {
            let url = self.filled(word.trim_matches(['"', '[', ',']));
            if !url.contains("://") && !url.starts_with("git@") {
                continue;
            }
            let url = super::text::without_user(&url);
            let package = install::remote(&url, self.doc.location(place.start));
            if !pinned {
                let message =
                    format!("`{url}` is added without `--checksum`: it is whatever its host answers");
                let finding = Finding {
                    severity: Severity::High,
                    ..Finding::new("lockfile/unpinned-install", message, vec![self.doc.span(place)])
                };
                self.out.findings.push((package.purl.clone(), finding));
            }
            self.out.dependencies.push(Dependency {
                from: self.own.to_owned(),
                to: package.purl.clone(),
                kind: DependencyKind::Invokes,
                requirement: String::new(),
                platform: None,
                declared: self.doc.location(place.start),
            });
            self.out.packages.push(package);
        }
    }
}

/// How far before its text an instruction begins.
fn instruction_start(instruction: &Instruction, doc: &Text<'_>) -> usize {
    let before = &doc.text()[..instruction.at];
    before.len() - before.rfind('\n').map_or(0, |at| at + 1)
}

/// Words with their places.
fn words(text: &str, base: usize) -> impl Iterator<Item = (&str, ByteRange)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let word = rest.trim_start();
        let start = at + rest.len() - word.len();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        at = start + end;
        (end > 0).then(|| (&word[..end], base + start..base + start + end))
    })
}
