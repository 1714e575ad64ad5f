//! `bomvet explain`.

use std::path::PathBuf;

use super::{APPROVED, CommandError, Env, print, read_text};
use crate::{attest, report};

/// Options of `bomvet explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// BoM that `bomvet audit` wrote
    bom: PathBuf,
    /// Package: purl, `name` or `name@version`
    package: String,
}

/// Runs the command.
///
/// # Errors
/// Where the BoM cannot be read or has no such package.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    let text = read_text(&args.bom)?;
    let bom = attest::json::parse(text.as_bytes())
        .map_err(|error| format!("`{}`: not a BoM: {error}", args.bom.display()))?;
    let bom = attest::read::read(&bom).map_err(|error| format!("`{}`: {error}", args.bom.display()))?;
    let text = report::explain::render(&bom, &args.package, env.style)
        .map_err(|why| format!("`{}`: {why}", args.bom.display()))?;
    print(&text)?;
    Ok(APPROVED)
}
