//! `--base BOM`: the earlier BoM, believed only where a trusted key signed it.
//!
//! Who may write the base decides what counts as unchanged, so it is held to what `bomvet verify`
//! asks of a BoM. Its attestations are not read: the comparison uses none of them.

use std::path::{Path, PathBuf};

use super::{CommandError, key, read_text};
use crate::attest::verify::{Inputs, verify};
use crate::attest::{self, Signer};
use crate::audit::change::Base;
use crate::compare;
use crate::model::escape;

/// How an earlier BoM is believed.
#[derive(Debug, clap::Args)]
pub struct BaseArgs {
    /// Compare with an earlier BoM; its signature must be of your own key or of a trusted one
    #[arg(long, value_name = "BOM")]
    pub base: Option<PathBuf>,
    /// Trust this public key (JWK file or text) for `--base`; repeatable. With it the trust store is not used
    #[arg(long, value_name = "JWK", requires = "base")]
    base_key: Vec<String>,
    /// Trust store for `--base` [default: `trusted` in bomvet's configuration folder]
    #[arg(long, value_name = "DIR", requires = "base")]
    trust: Option<PathBuf>,
    /// Accept a `--base` that says of itself that it is unsigned
    #[arg(long, requires = "base")]
    allow_unsigned_base: bool,
}

/// Reads and verifies the base. `signer` is the key that this run signs with.
///
/// # Errors
/// Where it cannot be read, is no BoM, or is not signed by a trusted key.
pub fn load(path: &Path, args: &BaseArgs, signer: Option<&Signer>) -> Result<Base, CommandError> {
    let text = read_text(path)?;
    let own = signer.map(|signer| signer.public_key().clone());
    let enough = args.allow_unsigned_base || own.is_some();
    let mut trusted = key::trusted(&args.base_key, args.trust.as_deref(), enough)?;
    trusted.extend(own);
    let report = verify(&Inputs {
        bom: text.as_bytes(),
        attestations: None,
        trusted: &trusted,
        allow_unsigned: args.allow_unsigned_base,
    })
    .map_err(|error| format!("`{}`: {error}", path.display()))?;
    // What is wrong with the signature says most.
    let first = report.failures.iter().find(|failure| failure.pointer.starts_with("/signature"));
    if let Some(first) = first.or(report.failures.first()) {
        let more = match report.failures.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more; `bomvet verify` lists them)"),
        };
        let help = first.help.as_deref().unwrap_or("get the BoM again from where it was made");
        let help = help.replace("--allow-unsigned", "--allow-unsigned-base");
        return Err(format!(
            "the base is not believed: {}:{}: {}{more}\n  help: {}",
            path.display(),
            first.line,
            escape(&first.to_string()),
            escape(&help),
        )
        .into());
    }
    let bom = attest::read::read(&report.document)
        .map_err(|why| format!("`{}`: {}", path.display(), escape(&why.to_string())))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Base::Bom(name, compare::bom::packages(&bom)))
}
