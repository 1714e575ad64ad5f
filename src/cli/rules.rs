//! `bomvet rules`: list, explain and test the rules.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{APPROVED, CommandError, DENIED, print};

use crate::attest::write_atomic;
use crate::check::examples;
use crate::eval::{learn, learn_code};
use crate::rules::RuleSet;
use crate::weights::learn::Settings;

/// Arguments of `bomvet rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Folder with more rules; repeatable
    #[arg(long, global = true)]
    rules: Vec<PathBuf>,
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// One line for each rule
    List,
    /// Why a rule is there, what to do, what it cannot see, its examples
    Explain {
        /// Rule id
        id: String,
    },
    /// Run the examples of every rule
    Test,
    /// Learn what weighs in a sentence, from labelled passages and honest texts
    Learn(LearnArgs),
}

#[derive(Debug, Args)]
struct LearnArgs {
    /// Folder of labelled passages, as `fixtures/prose`
    passages: PathBuf,
    /// Learn of lines of code instead: snippets, as `fixtures/code`, both sides of the corpora, and folders of
    /// packages
    #[arg(long)]
    code: bool,
    /// Labelled corpus, as `fixtures/corpus`, of whose honest sides is learned; repeatable with `--code`
    #[arg(long, value_name = "FOLDER")]
    corpus: Vec<PathBuf>,
    /// Folder of honest Markdown to learn from; repeatable
    #[arg(long, value_name = "FOLDER")]
    honest: Vec<PathBuf>,
    /// Folder of honest Markdown that is only measured; repeatable
    #[arg(long, value_name = "FOLDER")]
    apart: Vec<PathBuf>,
    /// Where to write the weights
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command; gives the exit code.
///
/// # Errors
/// Where a folder of rules cannot be used or there is no such rule.
pub fn run(args: &RulesArgs) -> Result<u8, CommandError> {
    let mut rules = RuleSet::builtin();
    for folder in &args.rules {
        rules = rules.load_dir(folder)?;
    }
    match &args.command {
        RulesCommand::List => print(&rules.list())?,
        RulesCommand::Explain { id } => match rules.explain(id) {
            Some(page) => print(&page)?,
            None => {
                let near = rules.nearest(id).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
                return Err(format!("no rule `{id}`{near} (`bomvet rules list` shows all)").into());
            }
        },
        RulesCommand::Learn(args) => {
            let (honest, apart) = (&args.honest, &args.apart);
            let learned = if args.code {
                let from =
                    learn_code::From { snippets: &args.passages, corpora: &args.corpus, honest, apart };
                learn_code::run(&from, Settings::default())
            } else {
                let corpus = args.corpus.first().map(PathBuf::as_path);
                let from = learn::From { passages: &args.passages, corpus, honest, apart };
                learn::run(&from, Settings::default())
            };
            let learned = learned.map_err(|error| error.to_string())?;
            if let Some(path) = &args.output {
                write_atomic(path, &learned.weights.write()?)?;
            }
            print(&learned.figures)?;
        }
        RulesCommand::Test => {
            let results = examples::run(&rules);
            let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
            let mut text = String::new();
            for result in &failed {
                let verb =
                    if result.expected { "must match and does not" } else { "must not match and does" };
                text += &format!("{}: {}: `{}` {verb}\n", result.place, result.rule, result.path);
            }
            text += &format!("{} examples, {} failed\n", results.len(), failed.len());
            print(&text)?;
            return Ok(if failed.is_empty() { APPROVED } else { DENIED });
        }
    }
    Ok(APPROVED)
}
