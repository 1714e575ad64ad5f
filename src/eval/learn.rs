//! Learns what weighs in a sentence, and says how far that can be trusted.
//!
//! In: files of labelled passages (`fixtures/prose`), folders of honest texts to learn from, and
//! other ones that are only measured. Out: weights, and for several limits the share of harmful
//! passages, of their honest look-alikes, and of honest documents that would be held. The passages'
//! shares are of weights that were learned without the file that they stand in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;

use crate::prose::clause::Reading;
use crate::prose::sentence::{self, Sentence};
use crate::prose::weigh::{LIMIT, Purpose, numbers, windows};
use crate::prose::{Origin, markdown, read};
use crate::rules::RuleSet;
use crate::weights::Weights;
use crate::weights::learn::{Bag, Settings, learn};

/// Largest text that is read, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// A file of what is labelled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<T> {
    case: Vec<T>,
}

/// A harmful passage and its honest look-alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Passage {
    /// What kind of harm it is.
    class: String,
    /// Where it stands: `skill`, `memory`, `command`, `tool`, `parameter`, `comment`, `reply`.
    place: String,
    /// What the package says that it is for.
    purpose: String,
    /// The honest one.
    honest: String,
    /// The harmful one.
    harmful: String,
}

/// What cannot be learned from.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct LearnError {
    path: PathBuf,
    message: String,
}

impl LearnError {
    pub(super) fn new(path: &Path, message: String) -> Self {
        Self { path: path.to_owned(), message }
    }
}

/// The numbers of a text's sentences, up to three in a row together.
pub(super) type Numbers = Vec<Vec<u32>>;

/// A text read with its purpose, and as if nothing were known of that.
#[derive(Debug)]
struct Text {
    with: Numbers,
    without: Numbers,
}

/// A harmful and an honest passage, read.
#[derive(Debug)]
struct Pair {
    file: usize,
    class: String,
    harmful: Text,
    honest: Text,
}

/// What was learned.
#[derive(Debug)]
pub struct Learned {
    /// From everything.
    pub weights: Weights,
    /// The figures, as a table.
    pub figures: String,
}

/// What to learn from.
#[derive(Debug)]
pub struct From<'a> {
    /// Folder with files of labelled passages.
    pub passages: &'a Path,
    /// Folder of a labelled corpus, whose honest sides count; held-out ones do not.
    pub corpus: Option<&'a Path>,
    /// Folders of honest Markdown.
    pub honest: &'a [PathBuf],
    /// Folders of honest Markdown that is measured only.
    pub apart: &'a [PathBuf],
}

/// Learns, and measures.
///
/// # Errors
/// A file that cannot be read or is no file of passages, or a folder without one.
pub fn run(from: &From<'_>, settings: Settings) -> Result<Learned, LearnError> {
    let pairs = pairs(from.passages)?;
    let documents = all_documents(from.honest)?;
    let measured = all_documents(from.apart)?;
    let corpus = match from.corpus {
        Some(folder) => honest_sides(folder)?,
        None => Vec::new(),
    };
    let examples = examples();
    let files = pairs.iter().map(|pair| pair.file + 1).max().unwrap_or(0).min(PARTS);
    let learn_without = |left_out: usize| {
        let mut bags = Vec::new();
        for pair in pairs.iter().filter(|pair| pair.file % PARTS != left_out) {
            bags.extend(pair.harmful.bags(true, HARMFUL));
            bags.extend(pair.honest.bags(false, ALIKE));
        }
        bags.extend(documents.iter().flat_map(|text| text.bags(false, 1.0)));
        bags.extend(corpus.iter().flat_map(|text| text.bags(false, WRITTEN)));
        bags.extend(examples.iter().flat_map(|(text, harmful)| text.bags(*harmful, EXAMPLE)));
        learn(&bags, settings)
    };
    let mut scored: Vec<(usize, f32, f32)> = (0..files)
        .into_par_iter()
        .flat_map_iter(|file| {
            let weights = learn_without(file);
            let of_file: Vec<_> = pairs
                .iter()
                .enumerate()
                .filter(|(_, pair)| pair.file % PARTS == file)
                .map(|(at, pair)| (at, most(&weights, &pair.harmful.with), most(&weights, &pair.honest.with)))
                .collect();
            of_file
        })
        .collect();
    scored.sort_by_key(|(at, ..)| *at);
    let weights = learn_without(usize::MAX);
    let figures = table(&pairs, &scored, &weights, &documents, &measured);
    Ok(Learned { weights, figures })
}

/// Parts of the files of passages, each left out once.
const PARTS: usize = 5;

/// What a harmful passage counts beside a sentence of an honest text.
const HARMFUL: f32 = 6.0;
/// What its look-alike counts.
const ALIKE: f32 = 6.0;
/// What a sentence of an honest case of the corpus counts: they are fewer, and nearer.
const WRITTEN: f32 = 3.0;
/// What an example of a rule on prose counts: what it must find, and what it must not.
const EXAMPLE: f32 = 6.0;

pub(super) fn most(weights: &Weights, sentences: &Numbers) -> f32 {
    sentences.iter().map(|sentence| weights.score(sentence)).fold(f32::MIN, f32::max)
}

fn table(
    pairs: &[Pair],
    scored: &[(usize, f32, f32)],
    weights: &Weights,
    documents: &[Text],
    measured: &[Text],
) -> String {
    let share = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
    let of_documents =
        |list: &[Text]| -> Vec<f32> { list.iter().map(|text| most(weights, &text.with)).collect() };
    let (own, other) = (of_documents(documents), of_documents(measured));
    let mut out = String::from("limit  harmful  alike  told apart  documents learned  documents apart\n");
    for limit in [-2.0, -1.5, LIMIT, -0.5, 0.0, 0.5, 1.0] {
        let harmful = scored.iter().filter(|(_, harmful, _)| *harmful > limit).count();
        let alike = scored.iter().filter(|(.., honest)| *honest > limit).count();
        let apart = scored.iter().filter(|(_, harmful, honest)| *harmful > limit && *honest <= limit).count();
        let above = |list: &[f32]| share(list.iter().filter(|score| **score > limit).count(), list.len());
        let _ = writeln!(
            out,
            "{limit:5.2}  {:6.1} %  {:4.1} %  {:9.1} %  {:16.1} %  {:14.1} %",
            share(harmful, scored.len()),
            share(alike, scored.len()),
            share(apart, scored.len()),
            above(&own),
            above(&other)
        );
    }
    let mut classes: Vec<&str> = pairs.iter().map(|pair| pair.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    out += "\nclass: harmful and alike above the limit in use\n";
    for class in classes {
        let of: Vec<_> =
            scored.iter().filter(|(at, ..)| pairs.get(*at).is_some_and(|pair| pair.class == class)).collect();
        let harmful = of.iter().filter(|(_, harmful, _)| *harmful > LIMIT).count();
        let alike = of.iter().filter(|(.., honest)| *honest > LIMIT).count();
        let _ = writeln!(out, "{class:16} {harmful:4} {alike:4} of {}", of.len());
    }
    out
}

/// What stands in the files of a folder (`*.toml`), in order of their names; `what` they hold, as in
/// `like`.
pub(super) fn labelled<T: serde::de::DeserializeOwned>(
    folder: &Path,
    what: &str,
    like: &str,
) -> Result<Vec<Vec<T>>, LearnError> {
    let fail = |path: &Path, message: String| LearnError { path: path.to_owned(), message };
    let entries = std::fs::read_dir(folder).map_err(|error| fail(folder, error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(fail(folder, format!("no file of {what} in it (`*.toml`, as in `{like}`)")));
    }
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| fail(path, error.to_string()))?;
        let raw: Raw<T> = toml::from_str(&text).map_err(|error| fail(path, format!("no {what}: {error}")))?;
        Ok(raw.case)
    };
    files.iter().map(read).collect()
}

fn pairs(folder: &Path) -> Result<Vec<Pair>, LearnError> {
    let mut out = Vec::new();
    let files: Vec<Vec<Passage>> = labelled(folder, "passages", "fixtures/prose")?;
    for (file, passages) in files.into_iter().enumerate() {
        let read: Vec<Pair> = passages
            .into_par_iter()
            .map(|passage| {
                let purpose = Purpose::of(&passage.purpose);
                let of = |text: &str| {
                    let sentences = match passage.place.as_str() {
                        "tool" | "parameter" | "comment" | "reply" => {
                            sentence::plain(text, 0, &Origin::Described, &|_| None)
                        }
                        _ => sentence::of(&markdown::parse(text), text, &|_| None),
                    };
                    Text::read(&sentences, &purpose)
                };
                Pair {
                    file,
                    harmful: of(&passage.harmful),
                    honest: of(&passage.honest),
                    class: passage.class.clone(),
                }
            })
            .collect();
        out.extend(read);
    }
    Ok(out)
}

impl Text {
    fn read(sentences: &[Sentence], purpose: &Purpose) -> Self {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for sentence in sentences {
            let reading = Reading::new(&sentence.folded.text, &sentence.folded.code);
            with.push(numbers(&reading, purpose));
            without.push(numbers(&reading, &Purpose::default()));
        }
        let joined = |at: usize| read::joined(sentences, at);
        Self { with: windows(&with, joined), without: windows(&without, joined) }
    }

    /// To learn from, with and without the purpose: it is not always known.
    fn bags(&self, harmful: bool, weight: f32) -> [Bag<'_>; 2] {
        [&self.with, &self.without].map(|windows| Bag { windows, harmful, weight: weight / 2.0 })
    }
}

fn all_documents(folders: &[PathBuf]) -> Result<Vec<Text>, LearnError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let mut found = Vec::new();
        below(folder, 0, &|_| true, &|name, size| name.ends_with(".md") && size <= MAX_TEXT, &mut found);
        if found.is_empty() {
            let message = "no Markdown in it".to_owned();
            return Err(LearnError { path: folder.clone(), message });
        }
        found.sort();
        paths.extend(found);
    }
    let documents: Vec<_> = paths
        .par_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(path).ok()?;
            let document = markdown::parse(&text);
            let purpose = Purpose::of(&purpose_near(path, &document, &text));
            let sentences = read::told(&document, &text, &|_| None);
            Some(Text::read(&sentences, &purpose))
        })
        .collect();
    Ok(documents)
}

/// The examples of the rules on orders in prose, and whether they are harmful.
fn examples() -> Vec<(Text, bool)> {
    let rules = RuleSet::builtin();
    let prose = rules.iter().filter(|rule| rule.id.starts_with("agent/"));
    let texts = prose.flat_map(|rule| &rule.examples).filter(|example| example.path.ends_with(".md"));
    texts
        .filter_map(|example| {
            let text = std::str::from_utf8(&example.code).ok()?;
            let document = markdown::parse(text);
            let sentences = read::told(&document, text, &|_| None);
            let purpose = Purpose::of(&description(&document).unwrap_or_default());
            Some((Text::read(&sentences, &purpose), example.expect))
        })
        .collect()
}

/// The honest sides' texts of a corpus.
fn honest_sides(folder: &Path) -> Result<Vec<Text>, LearnError> {
    let fail = |message: String| LearnError { path: folder.to_owned(), message };
    let cases = super::case::load(folder).map_err(|error| fail(error.to_string()))?;
    let texts = cases.iter().filter(|(_, case)| !case.held_out).flat_map(|(_, case)| {
        let files = case.good.iter().flatten();
        let description = files.clone().find_map(|(_, text)| description(&markdown::parse(text)));
        let texts = files.filter(|(name, _)| name.ends_with(".md"));
        texts.map(move |(_, text)| (text.as_str(), description.clone()))
    });
    let texts: Vec<_> = texts.collect();
    let read = |(text, description): &(&str, Option<String>)| {
        let document = markdown::parse(text);
        let purpose = description.clone().unwrap_or_else(|| first_words(&document, text));
        Text::read(&read::told(&document, text, &|_| None), &Purpose::of(&purpose))
    };
    Ok(texts.par_iter().map(read).collect())
}

fn description(document: &markdown::Document) -> Option<String> {
    document.fields().find(|field| field.name == "description").map(|field| field.value.clone())
}

fn first_words(document: &markdown::Document, source: &str) -> String {
    let first = document.blocks.iter().find(|block| block.kind == markdown::BlockKind::Paragraph);
    first.map(|block| block.text(source)).unwrap_or_default().to_string()
}

/// Files below a folder that are wanted by name and by size in bytes, in folders that are entered by
/// name; links are not followed.
pub(super) fn below(
    folder: &Path,
    depth: usize,
    enter: &dyn Fn(&str) -> bool,
    want: &dyn Fn(&str, u64) -> bool,
    out: &mut Vec<PathBuf>,
) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) && depth < 32 && enter(&name) {
            below(&path, depth + 1, enter, want, out);
        } else if kind.is_ok_and(|kind| kind.is_file())
            && entry.metadata().is_ok_and(|meta| want(&name, meta.len()))
        {
            out.push(path);
        }
    }
}

/// What the skill that a text belongs to says of itself; else what the text says first.
fn purpose_near(path: &Path, document: &markdown::Document, source: &str) -> String {
    if let Some(own) = description(document) {
        return own;
    }
    for folder in path.ancestors().skip(1).take(3) {
        if let Ok(text) = std::fs::read_to_string(folder.join("SKILL.md"))
            && let Some(said) = description(&markdown::parse(&text))
        {
            return said;
        }
    }
    first_words(document, source)
}
