//! Arguments in, calls of the library, exit code out. The only place that reads the clock and
//! the environment.

mod agents;
mod audit;
mod base;
mod check;
mod db;
mod env;
mod eval;
mod explain;
mod guard;
mod key;
mod known;
mod ledger;
mod mcp;
mod memory;
mod policy;
mod progress;
mod review;
mod reviewers;
mod rules;
mod shared;
mod verify;
mod vet;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use env::Env;

/// Exit code: every package is approved.
pub const APPROVED: u8 = 0;
/// Exit code: at least one package is denied, or a verification failed.
pub const DENIED: u8 = 1;
/// Exit code: it could not be done (bad input, usage).
pub const FAILED: u8 = 2;
/// Exit code: done, with gaps that the policy tolerates.
pub const GAPS: u8 = 3;

/// What a command says when it cannot go on; shown as `error: …`, exit code 2.
pub type CommandError = Box<dyn std::error::Error>;

/// Vets every package that a project pulls in, and signs a bill of materials with a verdict for each
#[derive(Debug, Parser)]
#[command(
    name = "bomvet",
    version,
    after_help = "Exit codes: 0 approved, 1 denied, 2 could not be done, 3 done with gaps that the policy tolerates; interrupted, 130"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Audit a project and write a signed bill of materials
    Audit(Box<audit::Args>),
    /// Judge a skill, plugin, workspace, archive or package before it is let onto this machine
    Check(Box<check::Args>),
    /// Show why a package is approved or denied, with the code
    Explain(explain::Args),
    /// Check a bill of materials: signature, form, verdicts, digests, attestations
    Verify(verify::VerifyArgs),
    /// The review queue: list, run, export, import
    Review(Box<review::Args>),
    /// Measure recall and false denials on a labelled corpus
    Eval(eval::Args),
    /// Get and show advisory databases
    Db(db::DbArgs),
    /// Make, show and trust keys
    Key(key::KeyArgs),
    /// Keep, exchange and prove reviews and decisions
    Ledger(ledger::LedgerArgs),
    /// Show, check or start a policy
    #[command(subcommand)]
    Policy(policy::Command),
    /// Check, import and export audits in the format of cargo-vet
    #[command(subcommand)]
    Vet(vet::Command),
    /// List, explain and test the rules
    Rules(rules::RulesArgs),
    /// Serve verdicts to coding agents (Model Context Protocol, standard input and output)
    Mcp(Box<mcp::Args>),
    /// Stop installs that would be denied: hooks and shims
    #[command(subcommand)]
    Guard(Box<guard::Command>),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILED } else { APPROVED });
        }
    };
    let env = Env::read();
    let done = match cli.command {
        Command::Audit(args) => audit::run(&args, &env),
        Command::Check(args) => check::run(&args, &env),
        Command::Review(args) => review::run(&args, &env),
        Command::Eval(args) => eval::run(&args, &env),
        Command::Explain(args) => explain::run(&args, &env),
        Command::Verify(args) => verify::run(&args),
        Command::Db(args) => db::run(&args, &env),
        Command::Rules(args) => rules::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Ledger(args) => ledger::run(&args, &env),
        Command::Policy(command) => policy::run(&command, &env),
        Command::Vet(command) => vet::run(&command, &env),
        Command::Mcp(args) => mcp::run(&args, &env),
        Command::Guard(command) => guard::run(&command, &env),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "bomvet", &mut script);
            print(&String::from_utf8_lossy(&script)).map(|()| APPROVED)
        }
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Writes to standard output; a reader that went away (`bomvet … | head`) is not an error.
fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard output.
fn say(line: &str) -> Result<(), String> {
    print(&format!("{line}\n")).map_err(|error| error.to_string())
}

/// Writes a line to standard error. Where that fails nobody is left to be told.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Largest text file that a command reads, in bytes; the BoM of 10,000 packages has about 100 MB.
const MAX_TEXT: u64 = 1 << 30;

/// Reads a text file that the user named; it may be a pipe.
fn read_text(path: &Path) -> Result<String, CommandError> {
    read_limited(path, MAX_TEXT)
}

fn read_limited(path: &Path, limit: u64) -> Result<String, CommandError> {
    let fail = |why: String| format!("cannot read `{}`: {why}", path.display());
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(fail(format!("more than {limit} bytes")).into());
    }
    Ok(String::from_utf8(bytes).map_err(|_| fail("not UTF-8".to_owned()))?)
}
