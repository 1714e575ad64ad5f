//! `bomvet rules`: list, explain and test the rules.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{APPROVED, CommandError, DENIED, print};
use crate::check::examples;
use crate::rules::RuleSet;

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
}

/// Runs the command: [`DENIED`] where an example fails.
///
/// # Errors
/// Where a folder of rules cannot be read, or no rule has the id.
pub fn run(args: &RulesArgs) -> Result<u8, CommandError> {
    let mut rules = RuleSet::builtin();
    for folder in &args.rules {
        rules = rules.load_dir(folder)?;
    }
    match &args.command {
        RulesCommand::List => print(&rules.list())?,
        RulesCommand::Explain { id } => {
            let near = || rules.nearest(id).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
            let page = rules
                .explain(id)
                .ok_or_else(|| format!("no rule `{id}`{} (`bomvet rules list` shows all)", near()))?;
            print(&page)?;
        }
        RulesCommand::Test => {
            let results = examples::run(&rules);
            let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
            for result in &failed {
                let verb =
                    if result.expected { "must match and does not" } else { "must not match and does" };
                println!("{}: {}: `{}` {verb}", result.place, result.rule, result.path);
            }
            println!("{} examples, {} failed", results.len(), failed.len());
            if !failed.is_empty() {
                return Ok(DENIED);
            }
        }
    }
    Ok(APPROVED)
}
