//! `bomvet review`: the queue, the packets, and answers from elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::progress::Bar;
use super::shared::Shared;
use super::{CommandError, Env, policy, print, read_text};
use crate::attest::write_atomic;
use crate::audit::reviews::{Asker, Reviewing};
use crate::audit::{self, change};
use crate::model::{Audit, Digest, Reviewer, Standing, escape};
use crate::policy::Policy;
use crate::report;
use crate::review::ask::{Ask, Prompt, Reply, Settings, Trouble};

/// Options of `bomvet review`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the queue: which packages a review would say more of, riskiest first, and why
    List(Common),
    /// Ask the reviewers that `--reviewer` names; `bomvet audit --reviewer` does the same and writes the BoM
    Run(Common),
    /// Write the questions, one JSON object a line, for people or other tools
    Export {
        /// File to write
        #[arg(long, short, value_name = "FILE", default_value = "packets.jsonl")]
        output: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Read answers to exported questions, hold them against the lines, and keep the reviews
    Import {
        /// File with one JSON object a line: `{"id": …, "text": …}`, `id` as exported
        answers: PathBuf,
        /// What the reviewer is called
        #[arg(long = "as", value_name = "NAME")]
        name: String,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Folder or lockfile
    #[arg(long, default_value = ".")]
    path: PathBuf,
    /// Policy file; `bomvet.toml` in the folder by default
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    shared: Shared,
}

/// Runs the command.
///
/// # Errors
/// Where the project, the policy, a reviewer or a file cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    if let Some(why) = &env.bad_epoch {
        return Err(why.clone().into());
    }
    match &args.command {
        Command::List(common) => {
            let audit = common.audit(env, None)?;
            print(&queue(&audit))?;
            Ok(super::APPROVED)
        }
        Command::Run(common) => {
            if common.shared.review.reviewers.is_empty() {
                return Err("nobody to ask: name one with `--reviewer`, e.g. `--reviewer openai:MODEL@http://127.0.0.1:8080/v1`".into());
            }
            let audit = common.audit(env, None)?;
            let mut text = String::new();
            for node in &audit.nodes {
                if let Some(testimony) = &node.testimony {
                    text.push_str(&format!(
                        "{}  {}\n",
                        node.package.purl,
                        report::reviews::testimony(testimony)
                    ));
                }
            }
            for queued in audit.reviews.iter().flat_map(|run| &run.queue) {
                for (who, came) in &queued.came {
                    text.push_str(&format!("{}  {}: {}\n", queued.purl, escape(who), escape(came)));
                }
            }
            print(&(text + &summary(&audit)))?;
            Ok(audit.exit_code())
        }
        Command::Export { output, common } => {
            let recorder = Arc::new(Recorder::default());
            let ask = Arc::clone(&recorder) as Arc<dyn Ask>;
            // Whatever was answered before is asked for again, and nothing is kept.
            common.audit(env, Some(Import { name: "export", ask, records: true }))?;
            let prompts = recorder.0.lock().map(|prompts| prompts.clone()).unwrap_or_default();
            let mut text = String::new();
            for (id, prompt) in &prompts {
                text.push_str(&serde_json::to_string(&Exported::of(id, prompt))?);
                text.push('\n');
            }
            write_atomic(output, text.as_bytes())?;
            print(&format!("{} questions in `{}`\n", prompts.len(), output.display()))?;
            Ok(super::APPROVED)
        }
        Command::Import { answers, name, common } => {
            let answers = Arc::new(Answers::read(answers)?);
            let audit = common.audit(env, Some(Import { name, ask: answers, records: false }))?;
            print(&summary(&audit))?;
            Ok(audit.exit_code())
        }
    }
}

/// What the reviewers did, a line each.
fn summary(audit: &Audit) -> String {
    audit.reviews.iter().flat_map(report::reviews::lines).map(|line| line + "\n").collect()
}

/// Something else than a reviewer that is asked.
struct Import<'a> {
    name: &'a str,
    ask: Arc<dyn Ask>,
    /// Whether it only writes down what it is asked.
    records: bool,
}

impl Common {
    fn audit(&self, env: &Env, import: Option<Import<'_>>) -> Result<Audit, CommandError> {
        let shared = &self.shared;
        let folder =
            if self.path.is_file() { self.path.parent().unwrap_or(Path::new(".")) } else { &self.path };
        let profile = shared.profile.as_deref();
        let policy: Policy = match &self.policy {
            Some(path) => policy::load(path, profile)?,
            None => policy::beside(folder, profile)?,
        };
        let mut options = shared.options(env, policy, &self.path, folder, Vec::new())?;
        if let Some(Import { name, ask, records }) = import {
            let reviewer = Reviewer::Model { interface: "import".to_owned(), model: name.to_owned() };
            let limits = shared.review.limits(&Settings::default());
            // One at a time, so that the order and with it the planted copies are those of the export.
            let asker = Asker { reviewer, ask, limits, concurrency: 1, price: (0, 0) };
            let before = std::mem::take(&mut options.reviewing);
            let memory = before.memory.filter(|_| !records);
            options.reviewing = Reviewing { askers: vec![asker], memory, regardless: records, ..before };
        }
        let bar = Bar::default();
        let progress: &dyn audit::Progress = if env.terminal { &bar } else { &audit::Quiet };
        Ok(audit::run(&options, change::Base::None, progress)?)
    }
}

/// The queue as a table: risk, standing, package, parts of the risk.
fn queue(audit: &Audit) -> String {
    let mut nodes: Vec<_> = audit.nodes.iter().collect();
    nodes.sort_by(|a, b| b.risk.score.cmp(&a.risk.score).then_with(|| a.package.purl.cmp(&b.package.purl)));
    let mut out = String::new();
    let mut counts = [0_usize; 3];
    for node in nodes {
        let (at, word) = match node.risk.standing {
            Standing::Review => (0, "review"),
            Standing::Evidence => (1, "evidence"),
            Standing::Denied => (2, "denied"),
        };
        counts[at] += 1;
        if node.risk.standing == Standing::Review {
            let parts: Vec<String> =
                node.risk.parts.iter().map(|(part, points)| format!("{part} {points}")).collect();
            out.push_str(&format!(
                "{:>4}  {word}  {}  ({})\n",
                node.risk.score,
                node.package.purl,
                parts.join(", ")
            ));
        }
    }
    out.push_str(&format!(
        "{} for review, {} settled by evidence, {} denied already\n",
        counts[0], counts[1], counts[2]
    ));
    out
}

/// The id of a prompt: SHA-256 over instruction and packet.
fn id(prompt: &Prompt) -> String {
    Digest::sha256(format!("{}\0{}", prompt.system, prompt.user).as_bytes()).hex()
}

/// One line of an export.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Exported<'a> {
    id: &'a str,
    system: &'a str,
    user: &'a str,
    schema: &'a serde_json::Value,
    max_tokens: u32,
}

impl<'a> Exported<'a> {
    fn of(id: &'a str, prompt: &'a Prompt) -> Self {
        Self {
            id,
            system: &prompt.system,
            user: &prompt.user,
            schema: &prompt.schema,
            max_tokens: prompt.max_tokens,
        }
    }
}

/// Writes down what is asked.
#[derive(Default)]
struct Recorder(Mutex<BTreeMap<String, Prompt>>);

impl Ask for Recorder {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        if let Ok(mut prompts) = self.0.lock() {
            prompts.insert(id(prompt), prompt.clone());
        }
        Err(Trouble::Failed("exported".to_owned()))
    }
}

/// Answers from a file.
struct Answers(BTreeMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    text: String,
}

impl Answers {
    fn read(path: &Path) -> Result<Self, CommandError> {
        let text = read_text(path)?;
        let mut out = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                format!(
                    "{}:{}: not an answer: {error}; write `{{\"id\": \"…\", \"text\": \"…\"}}`, `id` as exported",
                    path.display(),
                    number + 1
                )
            })?;
            out.insert(line.id, line.text);
        }
        Ok(Self(out))
    }
}

impl Ask for Answers {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        match self.0.get(&id(prompt)) {
            Some(text) => Ok(Reply { text: text.clone(), tokens_in: Some(0), tokens_out: Some(0) }),
            None => Err(Trouble::Failed(format!("the file holds no answer to {}", id(prompt)))),
        }
    }
}
