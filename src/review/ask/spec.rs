//! A reviewer in one line: `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`,
//! `gemini:MODEL`, `command:PROGRAM ARGS…`.
//!
//! The address is optional and comes after the last `@` that a scheme follows, so that a model's
//! name may hold `@`, `:` and `/`.

use std::fmt;

use url::Url;

/// A server's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Chat completions, as OpenAI, llama.cpp, vLLM, Ollama and OpenRouter speak them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Gemini's `generateContent`.
    Gemini,
}

impl Api {
    /// As it is written in a spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// Where the service itself listens.
    pub fn address(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
        }
    }
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// A model behind a server.
    Server {
        /// The protocol.
        api: Api,
        /// The model's name, as the server knows it.
        model: String,
        /// Base address, without a slash at the end of its path.
        base: Url,
    },
    /// A program of this machine.
    Command {
        /// Its name or path.
        program: String,
        /// Its arguments.
        args: Vec<String>,
    },
}

/// Why a line is no spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{spec}` names no reviewer: {why}\n  help: {help}")]
pub struct SpecError {
    /// The line, without what might be a credential.
    pub spec: String,
    /// What is wrong.
    pub why: String,
    /// What to write instead.
    pub help: String,
}

/// Longest line that is read, bytes.
const LONGEST: usize = 16 << 10;

const KINDS: [&str; 4] = ["openai", "anthropic", "gemini", "command"];

impl Spec {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong with it and what to write; no user information of an address is repeated.
    pub fn parse(line: &str) -> Result<Self, SpecError> {
        let line = line.trim();
        let kind_of = line.split(':').next().unwrap_or("");
        let fail = |why: String, help: String| {
            // An address may hold a password: only what stands before it is shown.
            let end = address_at(line).filter(|_| kind_of != "command").unwrap_or(line.len());
            let mut spec: String = line[..end].chars().filter(|c| !c.is_control()).take(80).collect();
            if end < line.len() {
                spec.push_str("@…");
            }
            SpecError { spec, why, help }
        };
        let example = || {
            "write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`".to_owned()
        };
        if line.len() > LONGEST {
            return Err(fail(format!("it is longer than {LONGEST} bytes"), example()));
        }
        if line.chars().any(char::is_control) {
            return Err(fail("it holds a control character".to_owned(), example()));
        }
        let Some((kind, rest)) = line.split_once(':') else {
            return Err(fail("the kind is missing".to_owned(), example()));
        };
        let api = match kind {
            "openai" => Api::OpenAi,
            "anthropic" => Api::Anthropic,
            "gemini" => Api::Gemini,
            "command" => return command(rest).map_err(|why| fail(why, example())),
            _ => {
                let help =
                    nearest(kind, &KINDS).map_or_else(example, |near| format!("did you mean `{near}`?"));
                return Err(fail("the kind is unknown".to_owned(), help));
            }
        };
        let at = address_at(rest);
        let model = at.map_or(rest, |at| &rest[..at]).trim();
        if model.is_empty() {
            return Err(fail(
                "the model is missing".to_owned(),
                format!("write `{kind}:MODEL`, with the name by which the server knows it"),
            ));
        }
        if model.contains(char::is_whitespace) || (api == Api::Gemini && model.contains(['/', '?', '#', '%']))
        {
            return Err(fail("the model's name holds a character that no name has".to_owned(), example()));
        }
        if at.is_none() && model.contains("://") {
            return Err(fail("an address stands where the model should".to_owned(), example()));
        }
        let address = at.map_or(api.address(), |at| &rest[at + 1..]);
        let base = base(address).map_err(|(why, help)| fail(why.to_owned(), help.to_owned()))?;
        Ok(Self::Server { api, model: model.to_owned(), base })
    }

    /// Whether the address is the vendor's own: only there goes the vendor's key by itself.
    pub fn is_vendors_own(&self) -> bool {
        match self {
            Self::Server { api, base, .. } => {
                Url::parse(api.address()).is_ok_and(|own| crate::acquire::net::same_origin(&own, base))
            }
            Self::Command { .. } => false,
        }
    }
}

impl fmt::Display for Spec {
    /// The line again; [`Spec::parse`] reads it as the same spec.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { api, model, base } => {
                write!(f, "{}:{model}@{}", api.as_str(), base.as_str().trim_end_matches('/'))
            }
            Self::Command { program, args } => {
                f.write_str("command:")?;
                for (at, word) in std::iter::once(program).chain(args).enumerate() {
                    let space = if at > 0 { " " } else { "" };
                    write!(f, "{space}{}", quoted(word))?;
                }
                Ok(())
            }
        }
    }
}

/// Where the `@` of an address stands.
fn address_at(text: &str) -> Option<usize> {
    ["@http://", "@https://"].iter().filter_map(|mark| text.rfind(mark)).max()
}

fn base(address: &str) -> Result<Url, (&'static str, &'static str)> {
    let help = "write it as `https://HOST/v1`, or `http://127.0.0.1:PORT/v1` for a server of this machine";
    let mut base = Url::parse(address).map_err(|_| ("the address is none", help))?;
    if !base.has_host() {
        return Err(("the address has no host", help));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err((
            "the address holds a user or password, which would be shown",
            "name the key with `key-env` or `key-command` in reviewers.toml",
        ));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(("the address holds a query or fragment, which would be shown", help));
    }
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    Ok(base)
}

/// Words divided by blanks; quotes of both kinds and a backslash keep a blank.
pub(super) fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("it ends with a backslash".to_owned()),
            },
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a quote ({open}) is not closed"));
    }
    words.extend(word);
    Ok(words)
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn command(rest: &str) -> Result<Spec, String> {
    let mut words = words(rest)?.into_iter();
    let program =
        words.next().filter(|word| !word.is_empty()).ok_or_else(|| "the program is missing".to_owned())?;
    Ok(Spec::Command { program, args: words.collect() })
}

/// The word of `known` nearest to `word`, if near enough to be a slip.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server(line: &str) -> (Api, String, String) {
        match Spec::parse(line).expect(line) {
            Spec::Server { api, model, base } => (api, model, base.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_is_read() {
        let local = "http://127.0.0.1:8080/v1".to_owned();
        assert_eq!(
            server("openai:smol@http://127.0.0.1:8080/v1"),
            (Api::OpenAi, "smol".into(), local.clone())
        );
        assert_eq!(server("openai:smol@http://127.0.0.1:8080/v1/"), (Api::OpenAi, "smol".into(), local));
        assert_eq!(server("openai:qwen2.5:7b").2, "https://api.openai.com/v1");
        assert_eq!(
            server("openai:meta/llama@3:free@https://openrouter.ai/api/v1"),
            (Api::OpenAi, "meta/llama@3:free".into(), "https://openrouter.ai/api/v1".into())
        );
        assert_eq!(server("anthropic:a-1").2, "https://api.anthropic.com/v1");
        assert_eq!(server("gemini:g-1").2, "https://generativelanguage.googleapis.com/v1beta");
        assert_eq!(
            Spec::parse("command:llama-cli -m 'my model.gguf' --n\\ 1 \"\"").unwrap(),
            Spec::Command {
                program: "llama-cli".into(),
                args: vec!["-m".into(), "my model.gguf".into(), "--n 1".into(), String::new()]
            }
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let told = |line: &str| Spec::parse(line).expect_err(line).to_string();
        insta::assert_snapshot!(
            [
                "gpt", "opnai:gpt", "carrier-pigeon:x", "openai:", "openai:https://h.invalid/v1", "command: ",
                "command:a 'b", "openai:m@http://", "openai:m@https://u:p4ss@h.invalid/v1",
                "openai:m@https://h.invalid/v1?key=p4ss", "gemini:a/b", "openai:a b", "openai:a\u{7}b"
            ]
            .map(told)
            .join("\n"),
            @r"
            `gpt` names no reviewer: the kind is missing
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `opnai:gpt` names no reviewer: the kind is unknown
              help: did you mean `openai`?
            `carrier-pigeon:x` names no reviewer: the kind is unknown
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `openai:` names no reviewer: the model is missing
              help: write `openai:MODEL`, with the name by which the server knows it
            `openai:https://h.invalid/v1` names no reviewer: an address stands where the model should
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `command:` names no reviewer: the program is missing
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `command:a 'b` names no reviewer: a quote (') is not closed
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `openai:m@…` names no reviewer: the address is none
              help: write it as `https://HOST/v1`, or `http://127.0.0.1:PORT/v1` for a server of this machine
            `openai:m@…` names no reviewer: the address holds a user or password, which would be shown
              help: name the key with `key-env` or `key-command` in reviewers.toml
            `openai:m@…` names no reviewer: the address holds a query or fragment, which would be shown
              help: write it as `https://HOST/v1`, or `http://127.0.0.1:PORT/v1` for a server of this machine
            `gemini:a/b` names no reviewer: the model's name holds a character that no name has
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `openai:a b` names no reviewer: the model's name holds a character that no name has
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            `openai:ab` names no reviewer: it holds a control character
              help: write e.g. `openai:MODEL@http://127.0.0.1:8080/v1`, `anthropic:MODEL`, `gemini:MODEL` or `command:PROGRAM ARGS`
            "
        );
    }

    #[test]
    fn the_vendors_key_goes_to_the_vendor_only() {
        assert!(Spec::parse("openai:m").unwrap().is_vendors_own());
        assert!(Spec::parse("openai:m@https://api.openai.com/v2").unwrap().is_vendors_own());
        for other in [
            "openai:m@http://api.openai.com/v1",
            "openai:m@https://api.openai.com:444/v1",
            "openai:m@https://api.openai.com.evil.invalid/v1",
            "anthropic:m@https://api.openai.com/v1",
        ] {
            assert!(!Spec::parse(other).unwrap().is_vendors_own(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(line in "(openai|gemini|anthropic|command):[ -~]{0,40}(@https?://[a-z.:0-9/]{1,20})?") {
            if let Ok(spec) = Spec::parse(&line) {
                prop_assert_eq!(Spec::parse(&spec.to_string()).map_err(|e| e.to_string()), Ok(spec));
            }
        }
    }
}
