//! `bomvet db known`.

use std::path::PathBuf;

use super::agents::Judge;
use super::{APPROVED, CommandError, Env, say};
use crate::attest::write_atomic;
use crate::check::kin::{self, Subject};
use crate::guard::judge;
use crate::model::Ecosystem;

/// Options of `bomvet db known`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Archives or purls with a version
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    judge: Judge,
}

/// Samples the code of each target and writes the samples.
///
/// # Errors
/// Where a target cannot be read or has too little code, or the file cannot be written.
pub(super) fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    let options = args.judge.options(env, std::path::Path::new("."))?;
    let mut nodes = Vec::new();
    for target in &args.targets {
        let shown = target.display();
        let audit = judge::check(&options, target, true).map_err(|why| format!("`{shown}`: {why}"))?;
        let node = audit.nodes.into_iter().find(|node| {
            matches!(node.package.ecosystem, Ecosystem::Npm | Ecosystem::Pypi | Ecosystem::Cargo)
        });
        let node = node.ok_or_else(|| format!("`{shown}` is no package of npm, PyPI or crates.io"))?;
        if node.analysis.is_none() {
            let why = node.gaps.first().map_or_else(String::new, |gap| format!(": {}", gap.message));
            return Err(format!("the contents of `{shown}` could not be had{why}").into());
        }
        nodes.push(node);
    }
    let subjects: Vec<Subject<'_>> = nodes
        .iter()
        .filter_map(|node| Some(Subject::of(&node.package, node.analysis.as_ref()?)))
        .filter(|subject| !subject.sketch.marks.is_empty())
        .collect();
    let bytes = kin::write(&subjects)?;
    write_atomic(&args.output, &bytes)?;
    say(&format!("{} packages, {} bytes", subjects.len(), bytes.len()))?;
    Ok(APPROVED)
}
