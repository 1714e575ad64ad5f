//! What a reviewer says of a package: testimony, never a verdict.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CapabilityKind;

/// An answer to a question that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// So it is.
    Yes,
    /// So it is not.
    No,
    /// The lines shown do not say.
    Unsure,
}

impl Answer {
    /// `yes`, `no` or `unsure`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unsure => "unsure",
        }
    }
}

/// Sorts of behaviour that nobody wants of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Sends what is the user's to somebody else.
    Exfiltration,
    /// Reads keys, tokens, wallets or passwords that it does not need.
    CredentialAccess,
    /// Fetches or decodes code and runs it.
    RemoteCode,
    /// Stays on the machine: start-up files, timers, an agent's memory.
    Persistence,
    /// Deletes, encrypts or spoils data.
    Destruction,
    /// Hides what it does.
    Obfuscation,
    /// Tells an agent what to do against its user's will.
    Instruction,
    /// Does its work wrongly on purpose, or only for some.
    Sabotage,
    /// Passes for something else.
    Impersonation,
    /// Spends money or computing time of others.
    Spending,
}

impl Behaviour {
    /// Every one, in the order in which they are listed everywhere.
    pub const ALL: [Self; 10] = [
        Self::Exfiltration,
        Self::CredentialAccess,
        Self::RemoteCode,
        Self::Persistence,
        Self::Destruction,
        Self::Obfuscation,
        Self::Instruction,
        Self::Sabotage,
        Self::Impersonation,
        Self::Spending,
    ];

    /// The name in packets, answers and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exfiltration => "exfiltration",
            Self::CredentialAccess => "credential-access",
            Self::RemoteCode => "remote-code",
            Self::Persistence => "persistence",
            Self::Destruction => "destruction",
            Self::Obfuscation => "obfuscation",
            Self::Instruction => "instruction",
            Self::Sabotage => "sabotage",
            Self::Impersonation => "impersonation",
            Self::Spending => "spending",
        }
    }

    /// The sort of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|behaviour| behaviour.as_str() == text)
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A line that a claim rests on. bomvet has checked that it exists and says this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cite {
    /// Path within the package.
    pub file: Arc<str>,
    /// 1-based.
    pub line: u32,
    /// What is quoted of that line.
    pub quote: String,
}

/// What a claim is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "about")]
pub enum Topic {
    /// Whether what it says that it is for matches what it does.
    Purpose {
        /// Whether it does.
        matches: Answer,
    },
    /// Whether a capability is needed for that purpose.
    Capability {
        /// Which.
        capability: CapabilityKind,
        /// Whether it is.
        needed: Answer,
    },
    /// Whether an uncertain finding, or reach that is left open, is harmless.
    Question {
        /// The question's id: the first 16 hexadecimal digits of the SHA-256 of its text and places.
        question: String,
        /// `yes` where it is harmless.
        harmless: Answer,
    },
    /// Behaviour that nobody asked for.
    Behaviour {
        /// Of which sort.
        sort: Behaviour,
    },
}

/// One claim of a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// What it is about.
    #[serde(flatten)]
    pub topic: Topic,
    /// Why, in the reviewer's own words, cut and made visible; shown to people, used by nothing.
    pub why: String,
    /// The lines that it rests on; never empty.
    pub cites: Vec<Cite>,
}

impl Claim {
    /// Whether it speaks against the package.
    pub fn is_against(&self) -> bool {
        match &self.topic {
            Topic::Behaviour { .. } => true,
            Topic::Purpose { matches: answer }
            | Topic::Capability { needed: answer, .. }
            | Topic::Question { harmless: answer, .. } => *answer == Answer::No,
        }
    }
}

/// What all claims of a review come to. Made by bomvet out of the grounded claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every question is answered, and nothing speaks against the package.
    Clear,
    /// Something is left unanswered.
    Unsure,
    /// At least one claim speaks against it.
    Concern,
}

impl Outcome {
    /// `clear`, `unsure` or `concern`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Unsure => "unsure",
            Self::Concern => "concern",
        }
    }
}

/// Who reviews.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Reviewer {
    /// A model behind an interface (`openai`, `anthropic`, `gemini`), or a program (`command`).
    Model {
        /// Which interface.
        interface: String,
        /// The model's or program's name.
        model: String,
    },
    /// A person; known by the key that signs.
    Person {
        /// What the person is called.
        name: String,
    },
}

impl fmt::Display for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { interface, model } => write!(f, "{interface}:{model}"),
            Self::Person { name } => write!(f, "person:{name}"),
        }
    }
}

/// What a review cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cost {
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// Money, in millionths of the currency that the price is given in.
    pub micros: u64,
}

impl Cost {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.tokens_in += other.tokens_in;
        self.tokens_out += other.tokens_out;
        self.micros += other.micros;
    }
}

/// One review of one package's contents, grounded. The ledger keeps it, signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Review {
    /// The package.
    pub purl: String,
    /// Hexadecimal SHA-256 of the canonical file list ([`super::Analysis::contents`]).
    pub subject: String,
    /// Who.
    pub reviewer: Reviewer,
    /// Hexadecimal SHA-256 of the packet, which depends on contents, facts, questions and wording.
    pub packet: String,
    /// Where only the difference to an approved version was shown: the digest of that one's canonical
    /// file list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Hexadecimal SHA-256 of the rules.
    pub rules: String,
    /// Ids of the questions that the packet asks, sorted.
    pub questions: Vec<String>,
    /// The grounded claims, sorted.
    pub claims: Vec<Claim>,
    /// What was refused: why, sorted. Refused claims count for nothing but against the reviewer.
    pub refused: Vec<String>,
    /// What the claims come to.
    pub outcome: Outcome,
    /// What it cost.
    pub cost: Cost,
    /// Seconds since the epoch: the run's time.
    pub date: i64,
}

/// What was said of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Testimony {
    /// Each reviewer's outcome, with why it does not count if it does not; sorted.
    pub votes: Vec<(String, Outcome, Option<String>)>,
    /// Persons' words: who, whether clear, why; sorted.
    pub words: Vec<(String, bool, String)>,
    /// Claims that speak against it, with who makes them; sorted.
    pub against: Vec<(String, Claim)>,
    /// Whether reviewers that count disagree.
    pub dissent: bool,
    /// Whether everything that could be settled is.
    pub settled: bool,
}

/// One package of the queue and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Queued {
    /// Its risk.
    pub score: u32,
    /// The package.
    pub purl: String,
    /// Each reviewer that was to be asked, and what came: an outcome, `reused` before it where the
    /// ledger had it, or why nothing did.
    pub came: Vec<(String, String)>,
}

/// The reviews of one audit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRun {
    /// The queue in its order: highest risk first, then by purl.
    pub queue: Vec<Queued>,
    /// Each reviewer that was asked, in order, with how far its word goes.
    pub reviewers: Vec<(String, super::Measure)>,
    /// What the ledger said about itself while it was read.
    pub remarks: Vec<String>,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// The contents were read and are fine for the criteria.
    Clear,
    /// They are not. Wins over every [`Ruling::Clear`], and never expires.
    Violation,
}

impl Ruling {
    /// `clear` or `violation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Violation => "violation",
        }
    }
}

/// A person's decision on one package's contents. The ledger keeps it, signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attested {
    /// The package.
    pub purl: String,
    /// Hexadecimal SHA-256 of the canonical file list ([`super::Analysis::contents`]).
    pub subject: String,
    /// The decision.
    pub ruling: Ruling,
    /// Why, in the person's own words.
    pub reason: String,
    /// What it is decided for (`safe-to-deploy`), sorted; empty for any use.
    pub criteria: Vec<String>,
    /// Seconds since the epoch.
    pub date: i64,
    /// Seconds since the epoch from which a [`Ruling::Clear`] no longer counts.
    pub expires: Option<i64>,
}
