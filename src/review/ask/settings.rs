//! How a reviewer is asked: prices, pace, limits, where its key comes from.

use std::path::PathBuf;
use std::time::Duration;

use super::spec::Spec;

/// How an answer is held to the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Structured {
    /// By the schema; where the server refuses that, as JSON; where it refuses that too, not at all.
    #[default]
    Auto,
    /// By the schema or not at all: a server that refuses it is not asked.
    Schema,
    /// As JSON of any form.
    Json,
    /// By nothing but the instruction.
    None,
}

/// How a command gets its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    /// One JSON document: `{"system", "user", "schema", "max-tokens"}`.
    #[default]
    Json,
    /// The instruction, an empty line, the packet.
    Text,
}

/// Where a key comes from. Without either, the vendor's own variable for the vendor's own
/// address, and `BOMVET_REVIEWER_KEY` for others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySource {
    /// An environment variable that must be there.
    pub env: Option<String>,
    /// Program and arguments; the first line that it prints is the key.
    pub command: Option<Vec<String>>,
}

/// Everything about a reviewer but who it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Millionths of the currency for a million tokens sent.
    pub price_in: u64,
    /// The same for tokens that come back.
    pub price_out: u64,
    /// Questions asked at once.
    pub concurrency: usize,
    /// Most requests in a minute.
    pub requests_per_minute: Option<u32>,
    /// Most tokens in a minute, both ways.
    pub tokens_per_minute: Option<u32>,
    /// For one try of one question, from its start to the last byte.
    pub timeout: Duration,
    /// Tries after the first, where trying again can help: a server's, never a command's.
    pub retries: u32,
    /// The first pause between two tries; it doubles each time. Tests set it short.
    pub pause: Duration,
    /// Where the key comes from.
    pub key: KeySource,
    /// Tokens that the model can hold, answer included.
    pub context: Option<u32>,
    /// Most tokens of an answer.
    pub max_answer: Option<u32>,
    /// 0 for the same answer each time, as far as a model gives it.
    pub temperature: f64,
    /// How the answer is held to the schema.
    pub structured: Structured,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Whether a command runs without the sandbox: with the user's rights, files and network.
    pub unsandboxed: bool,
    /// How a command gets its packet.
    pub input: Input,
    /// Files and folders that a sandboxed command may read besides the system's programs: a
    /// model's weights.
    pub read: Vec<PathBuf>,
    /// Most memory of each process of a command, bytes.
    pub memory: u64,
    /// Most processes and threads of a command at once.
    pub processes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            price_in: 0,
            price_out: 0,
            concurrency: 4,
            requests_per_minute: None,
            tokens_per_minute: None,
            timeout: Duration::from_secs(120),
            retries: 4,
            pause: Duration::from_millis(500),
            key: KeySource::default(),
            context: None,
            max_answer: None,
            temperature: 0.0,
            structured: Structured::Auto,
            allow_http: false,
            unsandboxed: false,
            input: Input::Json,
            read: Vec::new(),
            memory: 8 << 30,
            processes: 64,
        }
    }
}

/// A reviewer: who, and how to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewer {
    /// As it is named in `reviewers.toml`; the spec itself where it has no name.
    pub name: String,
    /// Who.
    pub spec: Spec,
    /// How.
    pub settings: Settings,
}

impl Reviewer {
    /// A reviewer that no file names.
    pub fn unnamed(spec: Spec) -> Self {
        Self { name: spec.to_string(), spec, settings: Settings::default() }
    }

    /// What so many tokens cost, in millionths of the currency, rounded up.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let sum = part(tokens_in, self.settings.price_in) + part(tokens_out, self.settings.price_out);
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}
