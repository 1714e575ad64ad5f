//! `reviewers.toml`, the user's own: a table for each reviewer, `[NAME]`, with `spec` and how to ask.
//!
//! Prices are amounts for a million tokens (`0.25`), `timeout` is in seconds, `memory` in bytes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::limits;
use super::settings::{Input, KeySource, Reviewer, Settings, Structured};
use super::spec::{Spec, nearest};

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default())]
pub struct FileError {
    /// The file.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead, if there is a guess.
    pub help: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawReviewer {
    spec: Spanned<String>,
    price_in: Option<Spanned<toml::Value>>,
    price_out: Option<Spanned<toml::Value>>,
    concurrency: Option<Spanned<u32>>,
    requests_per_minute: Option<Spanned<u32>>,
    tokens_per_minute: Option<Spanned<u32>>,
    timeout: Option<Spanned<u64>>,
    retries: Option<Spanned<u32>>,
    key_env: Option<Spanned<String>>,
    key_command: Option<Spanned<Vec<String>>>,
    context: Option<Spanned<u32>>,
    max_answer: Option<Spanned<u32>>,
    temperature: Option<Spanned<f64>>,
    structured: Option<Spanned<String>>,
    #[serde(default)]
    allow_http: bool,
    #[serde(default)]
    unsandboxed: bool,
    input: Option<Spanned<String>>,
    #[serde(default)]
    read: Vec<Spanned<PathBuf>>,
    memory: Option<Spanned<u64>>,
    processes: Option<Spanned<u32>>,
}

/// Most seconds of a `timeout`: a day.
const LONGEST: u64 = 86_400;
/// Least memory, bytes, in which an interpreter starts.
const LEAST_MEMORY: u64 = 16 << 20;

struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, at: usize, message: impl Into<String>, help: Option<String>) -> FileError {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        FileError {
            file: self.name.to_owned(),
            line: count(before.iter().filter(|&&b| b == b'\n').count()),
            column: count(String::from_utf8_lossy(&before[start..]).chars().count()),
            message: message.into(),
            help,
        }
    }

    /// A number within these bounds.
    fn within<T: Copy + PartialOrd + std::fmt::Display>(
        &self,
        key: &str,
        value: Option<&Spanned<T>>,
        (least, most): (T, T),
    ) -> Result<Option<T>, FileError> {
        let Some(value) = value else { return Ok(None) };
        let number = *value.get_ref();
        // Not `<`, so that no NaN passes.
        if number >= least && number <= most {
            return Ok(Some(number));
        }
        let help = Some(format!("write a number from {least} to {most}"));
        Err(self.error(value.span().start, format!("`{key}` is {number}"), help))
    }

    /// Millionths of an amount.
    fn price(&self, key: &str, value: Option<&Spanned<toml::Value>>) -> Result<u64, FileError> {
        let Some(value) = value else { return Ok(0) };
        let amount = match value.get_ref() {
            toml::Value::Integer(whole) => u32::try_from(*whole).ok().map(f64::from),
            toml::Value::Float(amount) => Some(*amount),
            _ => None,
        };
        match amount {
            Some(amount) if (0.0..=1e9).contains(&amount) => Ok((amount * 1e6).round() as u64),
            _ => {
                let help = Some("write an amount for a million tokens, such as `0.25`".to_owned());
                Err(self.error(value.span().start, format!("`{key}` is no price"), help))
            }
        }
    }

    /// One of these words.
    fn word<T: Copy>(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        known: &[(&str, T)],
    ) -> Result<Option<T>, FileError> {
        let Some(value) = value else { return Ok(None) };
        if let Some((_, found)) = known.iter().find(|(word, _)| word == value.get_ref()) {
            return Ok(Some(*found));
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let help = meant(value.get_ref(), &words);
        Err(self.error(
            value.span().start,
            format!("`{key}` does not know `{}`", value.get_ref()),
            Some(help),
        ))
    }

    fn key(&self, raw: &RawReviewer) -> Result<KeySource, FileError> {
        if let (Some(_), Some(command)) = (&raw.key_env, &raw.key_command) {
            let help = Some("leave out one of the two".to_owned());
            return Err(self.error(command.span().start, "both `key-env` and `key-command` are there", help));
        }
        if let Some(command) = &raw.key_command
            && command.get_ref().first().is_none_or(String::is_empty)
        {
            let help =
                Some("write program and arguments as a list: `[\"pass\", \"show\", \"key\"]`".to_owned());
            return Err(self.error(command.span().start, "`key-command` names no program", help));
        }
        if let Some(name) = &raw.key_env
            && (name.get_ref().is_empty() || name.get_ref().contains(['=', '\0']))
        {
            let help = Some("write the variable's name, never the key itself".to_owned());
            return Err(self.error(name.span().start, "`key-env` names no variable", help));
        }
        Ok(KeySource {
            env: raw.key_env.as_ref().map(|name| name.get_ref().clone()),
            command: raw.key_command.as_ref().map(|command| command.get_ref().clone()),
        })
    }

    fn reviewer(&self, name: &Spanned<String>, raw: &RawReviewer) -> Result<Reviewer, FileError> {
        if name.get_ref().is_empty() || name.get_ref().contains(|c: char| c == ':' || c.is_control()) {
            let help = Some("leave out `:`, by which a spec is told from a name".to_owned());
            return Err(self.error(name.span().start, "this is no name of a reviewer", help));
        }
        let spec = Spec::parse(raw.spec.get_ref()).map_err(|error| {
            let message = format!("`{}` names no reviewer: {}", error.spec, error.why);
            self.error(raw.spec.span().start, message, Some(error.help))
        })?;
        for path in &raw.read {
            if !path.get_ref().is_absolute() {
                let message = format!("`{}` is no absolute path", path.get_ref().display());
                return Err(self.error(path.span().start, message, Some("start it with `/`".to_owned())));
            }
        }
        let any = (1, u32::MAX);
        let plain = Settings::default();
        let structured = [
            ("auto", Structured::Auto),
            ("schema", Structured::Schema),
            ("json", Structured::Json),
            ("none", Structured::None),
        ];
        let input = [("json", Input::Json), ("text", Input::Text)];
        let concurrency = self.within("concurrency", raw.concurrency.as_ref(), (1, 1024))?;
        let timeout = self.within("timeout", raw.timeout.as_ref(), (1, LONGEST))?;
        let settings = Settings {
            price_in: self.price("price-in", raw.price_in.as_ref())?,
            price_out: self.price("price-out", raw.price_out.as_ref())?,
            concurrency: concurrency.map_or(plain.concurrency, |n| n as usize),
            requests_per_minute: self.within("requests-per-minute", raw.requests_per_minute.as_ref(), any)?,
            tokens_per_minute: self.within("tokens-per-minute", raw.tokens_per_minute.as_ref(), any)?,
            timeout: timeout.map_or(plain.timeout, Duration::from_secs),
            retries: self.within("retries", raw.retries.as_ref(), (0, 100))?.unwrap_or(plain.retries),
            pause: plain.pause,
            key: self.key(raw)?,
            context: self.within("context", raw.context.as_ref(), any)?,
            max_answer: self.within("max-answer", raw.max_answer.as_ref(), any)?,
            temperature: self
                .within("temperature", raw.temperature.as_ref(), (0.0, 2.0))?
                .unwrap_or(plain.temperature),
            structured: self.word("structured", raw.structured.as_ref(), &structured)?.unwrap_or_default(),
            allow_http: raw.allow_http,
            unsandboxed: raw.unsandboxed,
            input: self.word("input", raw.input.as_ref(), &input)?.unwrap_or_default(),
            read: raw.read.iter().map(|path| path.get_ref().clone()).collect(),
            memory: self
                .within("memory", raw.memory.as_ref(), (LEAST_MEMORY, i64::MAX.unsigned_abs()))?
                .unwrap_or(plain.memory),
            processes: self.within("processes", raw.processes.as_ref(), any)?.unwrap_or(plain.processes),
        };
        Ok(Reviewer { name: name.get_ref().clone(), spec, settings })
    }
}

fn meant(word: &str, known: &[&str]) -> String {
    nearest(word, known)
        .map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"))
}

/// Turns serde's "unknown field `x`, expected one of `a`, `b`" into a suggestion.
fn suggestion(message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (word, known) = quoted.split_first()?;
    message.starts_with("unknown").then(|| meant(word, known))
}

/// Reads the file; `name` is what errors call it. Reviewers come sorted by name.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn read(name: &str, text: &str) -> Result<Vec<Reviewer>, FileError> {
    let source = Source { name, text };
    if text.len() > limits::FILE_BYTES {
        let message = format!("the file has more than {} bytes", limits::FILE_BYTES);
        return Err(source.error(0, message, None));
    }
    let raw: BTreeMap<Spanned<String>, RawReviewer> = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or("").to_owned();
        let help = suggestion(&message);
        source.error(error.span().map_or(0, |span| span.start), message, help)
    })?;
    raw.iter().map(|(name, raw)| source.reviewer(name, raw)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[second]
spec = "command:/opt/ask --model '/opt/a b'"
unsandboxed = true
input = "text"
read = ["/opt/models", "/opt/ask.d"]
memory = 1073741824
processes = 8

[first]
spec = "openai:smol@http://127.0.0.1:8080/v1"
price-in = 0.25
price-out = 2
concurrency = 2
requests-per-minute = 30
tokens-per-minute = 100000
timeout = 60
retries = 1
key-command = ["pass", "show", "reviewer"]
context = 32768
max-answer = 900
temperature = 0.5
structured = "json"
allow-http = true
"#;

    fn wrong(text: &str) -> String {
        read("r.toml", text).expect_err(text).to_string()
    }

    #[test]
    fn every_key_is_read() {
        let got = read("reviewers.toml", WHOLE).unwrap();
        assert_eq!(got.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["first", "second"]);
        let command = ["pass", "show", "reviewer"].map(str::to_owned).to_vec();
        let first = Settings {
            price_in: 250_000,
            price_out: 2_000_000,
            concurrency: 2,
            requests_per_minute: Some(30),
            tokens_per_minute: Some(100_000),
            timeout: Duration::from_secs(60),
            retries: 1,
            key: KeySource { env: None, command: Some(command) },
            context: Some(32_768),
            max_answer: Some(900),
            temperature: 0.5,
            structured: Structured::Json,
            allow_http: true,
            ..Settings::default()
        };
        assert_eq!(got[0].settings, first);
        assert_eq!(got[0].spec, Spec::parse("openai:smol@http://127.0.0.1:8080/v1").unwrap());
        let second = Settings {
            unsandboxed: true,
            input: Input::Text,
            read: vec!["/opt/models".into(), "/opt/ask.d".into()],
            memory: 1 << 30,
            processes: 8,
            ..Settings::default()
        };
        assert_eq!(got[1].settings, second);
        assert_eq!(read("r.toml", ""), Ok(Vec::new()));
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_a_suggestion() {
        let told = wrong("[a]\nspec = \"gemini:m\"\nprice-im = 1\n");
        assert!(told.starts_with("r.toml:3:1: unknown field `price-im`"), "{told}");
        assert!(told.ends_with("help: did you mean `price-in`?"), "{told}");
    }

    #[test]
    fn a_wrong_value_is_told_with_its_place() {
        for (line, at, told) in [
            ("timeout = \"60\"", "r.toml:3:11: ", "invalid type"),
            ("timeout = 0", "r.toml:3:11: ", "from 1 to 86400"),
            ("price-in = -1.0", "r.toml:3:12: ", "`0.25`"),
            ("price-in = \"1\"", "r.toml:3:12: ", "no price"),
            ("price-out = inf", "r.toml:3:13: ", "no price"),
            ("temperature = nan", "r.toml:3:15: ", "from 0 to 2"),
            ("structured = \"shema\"", "r.toml:3:14: ", "did you mean `schema`?"),
            ("input = \"xml\"", "r.toml:3:9: ", "known here: json, text"),
            ("read = [\"models\"]", "r.toml:3:9: ", "absolute"),
            ("key-command = []", "r.toml:3:15: ", "no program"),
            ("key-env = \"\"", "r.toml:3:11: ", "never the key"),
            ("memory = 1000", "r.toml:3:10: ", "from 16777216"),
            ("spec = \"gemini:n\"", "r.toml:3:1: ", "duplicate key"),
        ] {
            let text = wrong(&format!("[a]\nspec = \"gemini:m\"\n{line}\n"));
            assert!(text.starts_with(at) && text.contains(told), "{line}: {text}");
        }
        assert!(wrong("[a]\nspec = \"opnai:m\"\n").contains("r.toml:2:8: `opnai:m` names no reviewer"));
        assert!(wrong("[a]\ntimeout = 1\n").contains("missing field `spec`"));
        assert!(wrong("['a:b']\nspec = \"gemini:m\"\n").starts_with("r.toml:1:2: "));
        let both = wrong("[a]\nspec = \"gemini:m\"\nkey-env = \"K\"\nkey-command = [\"k\"]\n");
        assert!(both.starts_with("r.toml:4:15: ") && both.contains("both"), "{both}");
    }
}
