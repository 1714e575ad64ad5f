//! Reviewers as they are named on the command line.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::memory::Kept;
use super::{CommandError, Env, ledger};
use crate::attest::Signer;
use crate::audit::reviews::{Asker, Memory, Reviewing};
use crate::model;
use crate::review::ask::{self, Reviewer, Settings, Spec, Surroundings};
use crate::review::run::Budget;
use crate::review::slice::Limits;

/// Options of every command that may ask reviewers.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReviewArgs {
    /// Have what evidence leaves open read by `openai:MODEL@URL`, `anthropic:MODEL`, `gemini:MODEL`, `command:PROGRAM ARGS`, or a name of reviewers.toml; repeatable, asked in this order
    #[arg(long = "reviewer", value_name = "SPEC")]
    pub reviewers: Vec<String>,
    /// Ask about packages of at least this risk, even where nothing is open and the policy does not demand it
    #[arg(long, value_name = "RISK")]
    pub review_above: Option<u32>,
    /// Tokens that this run's reviews may cost
    #[arg(long, value_name = "N")]
    pub review_tokens: Option<u64>,
    /// Money that this run's reviews may cost, in the currency of the prices in reviewers.toml
    #[arg(long, value_name = "AMOUNT", value_parser = money)]
    pub review_money: Option<u64>,
    /// Minutes after which no further question is asked
    #[arg(long, value_name = "N")]
    pub review_minutes: Option<u64>,
    /// Tokens of a package that a reviewer is shown at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(200..=1_000_000))]
    pub review_slice: Option<u32>,
    /// Ask a reviewer on whose word does not count, to see what it says; nothing of it is kept
    #[arg(long)]
    pub review_anyway: bool,
    /// Ledger of reviews; the user's own by default
    #[arg(long, value_name = "FOLDER", env = "BOMVET_LEDGER")]
    pub ledger: Option<PathBuf>,
    /// Neither read nor write a ledger
    #[arg(long, conflicts_with = "ledger")]
    pub no_ledger: bool,
}

/// Millionths of an amount such as `2.50`.
fn money(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 6 || !digits(whole) || !digits(part) {
        return Err("write an amount as `2.50`".to_owned());
    }
    let whole: u64 = whole.parse().map_err(|_| "too large".to_owned())?;
    let part: u64 = format!("{part:0<6}").parse().unwrap_or(0);
    whole.checked_mul(1_000_000).and_then(|micros| micros.checked_add(part)).ok_or("too large".to_owned())
}

/// Parts that a package is split into at most.
const PARTS: usize = 12;
/// Tokens of a slice where the reviewer's context is not known.
const SLICE: u32 = 6000;
/// Tokens of instruction, facts and questions around a slice.
const AROUND: u32 = 1800;

impl ReviewArgs {
    /// Gets the reviewers ready and opens the ledger. `signer` signs what the ledger keeps.
    pub fn reviewing(
        &self,
        env: &Env,
        signer: Option<Signer>,
        offline: bool,
    ) -> Result<Reviewing, CommandError> {
        let known = self.known(env)?;
        let mut askers = Vec::new();
        for name in &self.reviewers {
            let reviewer = match known.iter().find(|known| known.name == *name) {
                Some(reviewer) => reviewer.clone(),
                None => Reviewer::unnamed(Spec::parse(name)?),
            };
            if offline && matches!(reviewer.spec, Spec::Server { .. }) {
                return Err(format!(
                    "`--offline` opens no socket, and the reviewer `{name}` is behind one; leave out one of the two, or use `command:PROGRAM`"
                )
                .into());
            }
            if offline && reviewer.settings.unsandboxed {
                return Err(format!(
                    "`--offline` opens no socket, and outside the sandbox the reviewer `{name}` could; leave out `unsandboxed` or `--offline`"
                )
                .into());
            }
            let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            let opened = ask::open(&reviewer, Surroundings { env: &var })?;
            askers.push(Asker {
                reviewer: identity(&reviewer.spec),
                ask: Arc::from(opened),
                limits: self.limits(&reviewer.settings),
                concurrency: reviewer.settings.concurrency,
                price: (reviewer.settings.price_in, reviewer.settings.price_out),
            });
        }
        Ok(Reviewing {
            askers,
            budget: Budget { tokens: self.review_tokens, micros: self.review_money },
            until: self.review_minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes)),
            above: self.review_above,
            regardless: self.review_anyway,
            memory: self.memory(env, signer)?,
        })
    }

    /// The ledger, where there is one or something to put into it.
    fn memory(&self, env: &Env, signer: Option<Signer>) -> Result<Option<Arc<dyn Memory>>, CommandError> {
        if self.no_ledger {
            return Ok(None);
        }
        let folder = match self.ledger.clone().or_else(ledger::folder) {
            Some(folder) => folder,
            // Without a home there is no ledger of one's own.
            None if self.reviewers.is_empty() => return Ok(None),
            None => {
                return Err(
                    "the user's data folder is not known; give `--ledger FOLDER` or `--no-ledger`".into()
                );
            }
        };
        let unused = self.reviewers.is_empty() && self.ledger.is_none() && !folder.exists();
        if unused {
            return Ok(None);
        }
        Ok(Some(Arc::new(Kept::open(&folder, signer, env.now)?)))
    }

    /// The reviewers of the user's own file; never one of the audited project.
    fn known(&self, env: &Env) -> Result<Vec<Reviewer>, CommandError> {
        let Some(path) = env.config.as_ref().map(|config| config.join("reviewers.toml")) else {
            return Ok(Vec::new());
        };
        if self.reviewers.is_empty() || !path.exists() {
            return Ok(Vec::new());
        }
        let shown = path.display().to_string();
        let mut bytes = Vec::new();
        let most = ask::limits::FILE_BYTES as u64 + 1;
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| format!("{shown} cannot be read: {error}"))?;
        let text =
            String::from_utf8(bytes).map_err(|_| format!("{shown} is no UTF-8 text; write it anew"))?;
        Ok(ask::file::read(&shown, &text)?)
    }

    /// How much a reviewer is shown at once: what its context holds beside question and answer, with
    /// a fifth of room for a tokenizer that cuts otherwise.
    pub(super) fn limits(&self, settings: &Settings) -> Limits {
        let room = settings.context.map(|context| {
            let answer = settings.max_answer.unwrap_or(1500);
            (context.saturating_sub(answer + AROUND) / 5 * 4).max(200)
        });
        let tokens = self.review_slice.or(room).unwrap_or(SLICE);
        Limits { tokens: tokens as usize, parts: PARTS }
    }
}

/// Who signs for it in reviews: interface and model, never an address, which is one's own business.
fn identity(spec: &Spec) -> model::Reviewer {
    let (interface, name) = match spec {
        Spec::Server { api, model, .. } => (api.as_str(), model.clone()),
        Spec::Command { program, .. } => {
            ("command", program.rsplit('/').next().unwrap_or(program).to_owned())
        }
    };
    model::Reviewer::Model { interface: interface.to_owned(), model: name }
}
