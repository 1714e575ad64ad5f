//! A rule file's text to a [`Rule`]. Every mistake is an error with file, line and column: a rule
//! with a mistyped key that is silently ignored is a check that does not run.

use std::ops::Range;

use base64::Engine as _;
use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::glob::Glob;
use super::rule::{CheckKind, Condition, Example, Match, Rule, Scope};
use crate::model::{CapabilityKind, Confidence, FactKind, Polarity, Severity};

/// A rule file that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RuleError {
    /// The file, as it was named.
    pub file: String,
    /// 1-based; 0 where it is the file as a whole.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Longest expression in a rule, in bytes of the compiled program.
const REGEX_LIMIT: usize = 1 << 20;

const KINDS: &[(&str, FactKind)] = &[
    ("call", FactKind::Call),
    ("declared", FactKind::Declared),
    ("file", FactKind::File),
    ("flow", FactKind::Flow),
    ("guard", FactKind::Guard),
    ("import", FactKind::Import),
    ("instruction", FactKind::Instruction),
    ("literal", FactKind::Literal),
    ("manifest", FactKind::Manifest),
    ("shape", FactKind::Shape),
    ("shell", FactKind::Shell),
    ("text", FactKind::Text),
    ("tool", FactKind::Tool),
];
const SEVERITIES: &[(&str, Severity)] = &[
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
const CONFIDENCES: &[(&str, Confidence)] =
    &[("low", Confidence::Low), ("medium", Confidence::Medium), ("high", Confidence::High)];
const SET_BY_CHECK: &str = "set-by-check";

type Result<T> = std::result::Result<T, RuleError>;
type Entry<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

/// Parses the rule file `file`, whose id must be `id`.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(file: &str, id: &str, text: &str) -> Result<Rule> {
    let source = Source { file, text };
    let table = DeTable::parse(text)
        .map_err(|error| source.error(error.span().unwrap_or(0..0), error.message().replace('\n', "; ")))?;
    source.rule(id, table.get_ref())
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> RuleError {
        let before = &self.text[..span.start.min(self.text.len())];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        RuleError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }

    fn rule(&self, id: &str, table: &DeTable<'_>) -> Result<Rule> {
        const KEYS: &[&str] = &[
            "id",
            "title",
            "severity",
            "confidence",
            "check",
            "why",
            "fix",
            "blind",
            "references",
            "match",
            "example",
        ];
        self.keys(table, KEYS)?;
        let stated = self.required(table, "id")?;
        if self.string(stated)? != id {
            return Err(self.error(
                stated.span(),
                format!("`id` must be the file's path below the rules folder, `{id}`"),
            ));
        }
        let check = match self.one_of(
            self.required(table, "check")?,
            &[("facts", CheckKind::Facts), ("code", CheckKind::Code)],
        )? {
            Some(check) => check,
            None => CheckKind::Facts,
        };
        let severity = self.required(table, "severity")?;
        let confidence = self.required(table, "confidence")?;
        let mut rule = Rule {
            id: id.to_owned(),
            title: self.text(table, "title")?,
            severity: self.graded(severity, SEVERITIES, check)?,
            confidence: self.graded(confidence, CONFIDENCES, check)?,
            check,
            why: self.text(table, "why")?,
            fix: self.text(table, "fix")?,
            blind: self.text(table, "blind")?,
            references: match table.get("references") {
                Some(value) => self.strings(value)?.into_iter().map(|(text, _)| text).collect(),
                None => Vec::new(),
            },
            matches: Vec::new(),
            examples: Vec::new(),
            origin: self.file.to_owned(),
        };
        rule.references.sort();
        for block in self.tables(table, "match")? {
            rule.matches.push(self.block(block)?);
        }
        for example in self.tables(table, "example")? {
            rule.examples.push(self.example(example)?);
        }
        let complaint = match check {
            CheckKind::Facts if rule.matches.is_empty() => "a rule on facts needs a `[[match]]`",
            CheckKind::Facts if !rule.examples.iter().any(|example| example.expect) => {
                "a rule on facts needs an `[[example]]` with `expect = \"match\"`"
            }
            CheckKind::Facts if rule.examples.iter().all(|example| example.expect) => {
                "a rule on facts needs an `[[example]]` with `expect = \"none\"`"
            }
            CheckKind::Code if !rule.matches.is_empty() => {
                "`check = \"code\"` makes its findings in code; take the `[[match]]` out or write `check = \"facts\"`"
            }
            _ => return Ok(rule),
        };
        Err(self.error(0..0, complaint))
    }

    fn block(&self, block: &Spanned<DeValue<'_>>) -> Result<Match> {
        let table = self.table(block)?;
        self.keys(table, &["scope", "message", "all", "any", "none"])?;
        let scope = match table.get("scope") {
            Some(value) => self
                .one_of(value, &[("file", Scope::File), ("package", Scope::Package)])?
                .unwrap_or(Scope::File),
            None => Scope::File,
        };
        let message = match table.get("message") {
            Some(value) => Some(self.string(value)?.to_owned()),
            None => None,
        };
        let conditions = |key: &str| -> Result<Vec<Condition>> {
            let Some(list) = table.get(key) else { return Ok(Vec::new()) };
            self.array(list)?.iter().map(|value| self.condition(value)).collect()
        };
        let (all, any, none) = (conditions("all")?, conditions("any")?, conditions("none")?);
        if all.is_empty() && any.is_empty() {
            return Err(self.error(block.span(), "a match needs a condition in `all` or `any`"));
        }
        Ok(Match { scope, message, all, any, none })
    }

    fn condition(&self, value: &Spanned<DeValue<'_>>) -> Result<Condition> {
        const KEYS: &[&str] = &[
            "kind",
            "name",
            "not_name",
            "value",
            "not_value",
            "capability",
            "install",
            "test",
            "top_level",
            "layer_min",
            "polarity",
            "file",
            "not_file",
        ];
        let table = self.table(value)?;
        self.keys(table, KEYS)?;
        if table.is_empty() {
            return Err(self.error(value.span(), "an empty condition matches everything"));
        }
        let mut condition = Condition::default();
        for (key, value) in table.iter() {
            match &**key.get_ref() {
                "kind" => condition.kind = self.one_of(value, KINDS)?,
                "name" => condition.name = self.globs(value, Glob::name)?,
                "not_name" => condition.not_name = self.globs(value, Glob::name)?,
                "file" => condition.file = self.globs(value, Glob::path)?,
                "not_file" => condition.not_file = self.globs(value, Glob::path)?,
                "value" => condition.value = self.regexes(value)?,
                "not_value" => condition.not_value = self.regexes(value)?,
                "capability" => {
                    for (name, span) in self.strings(value)? {
                        let kind = CapabilityKind::parse(&name).ok_or_else(|| {
                            let names: Vec<_> =
                                CapabilityKind::ALL.iter().map(|kind| kind.as_str()).collect();
                            self.error(span, unknown("capability", &name, &names))
                        })?;
                        condition.capability.push(kind);
                    }
                }
                "install" => condition.install = Some(self.bool(value)?),
                "test" => condition.test = Some(self.bool(value)?),
                "top_level" => condition.top_level = Some(self.bool(value)?),
                "polarity" => {
                    for (name, span) in self.strings(value)? {
                        let polarity = Polarity::ALL.into_iter().find(|known| known.as_str() == name);
                        condition.polarity.push(polarity.ok_or_else(|| {
                            let names: Vec<_> = Polarity::ALL.iter().map(|known| known.as_str()).collect();
                            self.error(span, unknown("polarity", &name, &names))
                        })?);
                    }
                }
                "layer_min" => condition.layer_min = self.small(value)?,
                _ => {}
            }
        }
        Ok(condition)
    }

    fn example(&self, example: &Spanned<DeValue<'_>>) -> Result<Example> {
        const KEYS: &[&str] = &["path", "code", "base64", "install", "manifest", "files", "expect", "note"];
        let table = self.table(example)?;
        self.keys(table, KEYS)?;
        let code = match (table.get("code"), table.get("base64")) {
            (Some(code), None) => self.string(code)?.as_bytes().to_vec(),
            (None, Some(code)) => {
                let text: String = self.string(code)?.split_whitespace().collect();
                base64::engine::general_purpose::STANDARD
                    .decode(text)
                    .map_err(|error| self.error(code.span(), format!("not base64: {error}")))?
            }
            _ => return Err(self.error(example.span(), "an example needs either `code` or `base64`")),
        };
        let files = match table.get("files") {
            Some(files) => self
                .table(files)?
                .iter()
                .map(|(path, text)| Ok((path.get_ref().to_string(), self.string(text)?.to_owned())))
                .collect::<Result<_>>()?,
            None => Vec::new(),
        };
        let expect = self.required(table, "expect")?;
        Ok(Example {
            path: self.text(table, "path")?,
            code,
            install: match table.get("install") {
                Some(value) => self.bool(value)?,
                None => false,
            },
            manifest: match table.get("manifest") {
                Some(value) => Some(self.string(value)?.to_owned()),
                None => None,
            },
            files,
            expect: self.one_of(expect, &[("match", true), ("none", false)])?.unwrap_or(true),
            note: match table.get("note") {
                Some(value) => self.string(value)?.to_owned(),
                None => String::new(),
            },
            line: self.error(example.span(), "").line,
        })
    }

    fn keys(&self, table: &DeTable<'_>, known: &[&str]) -> Result<()> {
        let wrong = |(key, _): Entry<'_, '_>| {
            (!known.contains(&&**key.get_ref()))
                .then(|| self.error(key.span(), unknown("key", key.get_ref(), known)))
        };
        // The earliest in the file, whatever the order of the map.
        let mut errors: Vec<_> = table.iter().filter_map(wrong).collect();
        errors.sort_by_key(|error| (error.line, error.column));
        errors.into_iter().next().map_or(Ok(()), Err)
    }

    fn required<'t, 'i>(&self, table: &'t DeTable<'i>, key: &str) -> Result<&'t Spanned<DeValue<'i>>> {
        table.get(key).ok_or_else(|| self.error(0..0, format!("`{key}` is missing")))
    }

    fn text(&self, table: &DeTable<'_>, key: &str) -> Result<String> {
        let value = self.required(table, key)?;
        let text = self.string(value)?.trim();
        if text.is_empty() {
            return Err(self.error(value.span(), format!("`{key}` is empty")));
        }
        Ok(text.to_owned())
    }

    fn mistyped(&self, value: &Spanned<DeValue<'_>>, wanted: &str) -> RuleError {
        self.error(value.span(), format!("expected {wanted}, found {}", value.get_ref().type_str()))
    }

    fn string<'t>(&self, value: &'t Spanned<DeValue<'_>>) -> Result<&'t str> {
        value.get_ref().as_str().ok_or_else(|| self.mistyped(value, "a string"))
    }

    fn bool(&self, value: &Spanned<DeValue<'_>>) -> Result<bool> {
        value.get_ref().as_bool().ok_or_else(|| self.mistyped(value, "true or false"))
    }

    fn small(&self, value: &Spanned<DeValue<'_>>) -> Result<u8> {
        let number = value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
        number.ok_or_else(|| self.mistyped(value, "a number from 0 to 255"))
    }

    fn table<'t, 'i>(&self, value: &'t Spanned<DeValue<'i>>) -> Result<&'t DeTable<'i>> {
        value.get_ref().as_table().ok_or_else(|| self.mistyped(value, "a table"))
    }

    fn array<'t, 'i>(&self, value: &'t Spanned<DeValue<'i>>) -> Result<&'t [Spanned<DeValue<'i>>]> {
        match value.get_ref() {
            DeValue::Array(list) => Ok(list),
            _ => Err(self.mistyped(value, "a list")),
        }
    }

    fn tables<'t, 'i>(&self, table: &'t DeTable<'i>, key: &str) -> Result<&'t [Spanned<DeValue<'i>>]> {
        table.get(key).map_or(Ok(&[]), |list| self.array(list))
    }

    /// A string or a list of strings.
    fn strings(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<(String, Range<usize>)>> {
        let list = match value.get_ref() {
            DeValue::String(_) => std::slice::from_ref(value),
            _ => self.array(value)?,
        };
        if list.is_empty() {
            return Err(self.error(value.span(), "an empty list matches nothing"));
        }
        list.iter().map(|item| Ok((self.string(item)?.to_owned(), item.span()))).collect()
    }

    fn globs(&self, value: &Spanned<DeValue<'_>>, make: fn(&str) -> Glob) -> Result<Vec<Glob>> {
        Ok(self.strings(value)?.iter().map(|(text, _)| make(text)).collect())
    }

    fn regexes(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Regex>> {
        self.strings(value)?
            .into_iter()
            .map(|(text, span)| {
                regex::RegexBuilder::new(&text).size_limit(REGEX_LIMIT).build().map_err(|error| {
                    let last = error.to_string();
                    let reason = last.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    self.error(span, format!("bad regular expression: {reason}"))
                })
            })
            .collect()
    }

    fn one_of<T: Copy>(&self, value: &Spanned<DeValue<'_>>, known: &[(&str, T)]) -> Result<Option<T>> {
        let text = self.string(value)?;
        match known.iter().find(|(name, _)| *name == text) {
            Some((_, found)) => Ok(Some(*found)),
            None => {
                let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
                Err(self.error(value.span(), unknown("value", text, &names)))
            }
        }
    }

    /// Like `one_of`, or `None` for a rule in code that leaves the grade to its check.
    fn graded<T: Copy>(
        &self,
        value: &Spanned<DeValue<'_>>,
        known: &[(&str, T)],
        check: CheckKind,
    ) -> Result<Option<T>> {
        if check == CheckKind::Code && self.string(value)? == SET_BY_CHECK {
            return Ok(None);
        }
        self.one_of(value, known)
    }
}

/// `unknown key `nmae`; did you mean `name`?`, or the list where nothing is near.
fn unknown(what: &str, text: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, text), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min();
    match near {
        Some((_, name)) => format!("unknown {what} `{text}`; did you mean `{name}`?"),
        None => format!("unknown {what} `{text}`; known are {}", known.join(", ")),
    }
}
