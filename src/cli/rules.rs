//! `bomvet rules`: list, explain and test the rules.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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

/// Runs the command; gives the exit code.
pub fn run(args: &RulesArgs) -> u8 {
    let mut rules = RuleSet::builtin();
    for folder in &args.rules {
        match rules.load_dir(folder) {
            Ok(more) => rules = more,
            Err(error) => {
                eprintln!("error: {error}");
                return 2;
            }
        }
    }
    match &args.command {
        RulesCommand::List => print!("{}", rules.list()),
        RulesCommand::Explain { id } => match rules.explain(id) {
            Some(page) => print!("{page}"),
            None => {
                let near = rules.nearest(id).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
                eprintln!("error: no rule `{id}`{near} (`bomvet rules list` shows all)");
                return 2;
            }
        },
        RulesCommand::Test => {
            let results = examples::run(&rules);
            let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
            for result in &failed {
                let verb =
                    if result.expected { "must match and does not" } else { "must not match and does" };
                println!("{}: {}: `{}` {verb}", result.place, result.rule, result.path);
            }
            println!("{} examples, {} failed", results.len(), failed.len());
            return u8::from(!failed.is_empty());
        }
    }
    0
}
