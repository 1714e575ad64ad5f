//! `bomvet mcp`.

use std::path::PathBuf;

use super::agents::Judge;
use super::{APPROVED, CommandError, Env, key};
use crate::mcp::{self, Server};

/// Options of `bomvet mcp`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project; no path outside of it is read for a caller
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// BoM of the project, from its folder
    #[arg(long, value_name = "FILE", default_value = "bomvet-audit/bom.cdx.json")]
    bom: PathBuf,
    #[command(flatten)]
    judge: Judge,
}

/// Serves until standard input ends.
///
/// # Errors
/// Where the project or the policy cannot be used, or no session comes about.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    let options = args.judge.options(env, &args.root)?;
    let server = Server::new(&args.root, &args.bom, options, key::believed()?)
        .map_err(|error| format!("cannot read `{}`: {error}", args.root.display()))?;
    mcp::serve(server)?;
    Ok(APPROVED)
}
