//! `bomvet verify`: checks a BoM and its attestations.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{APPROVED, CommandError, DENIED, complain, key, print};
use crate::attest::verify::{Inputs, Part, Report, contents, verify};
use crate::model::escape;
use crate::store::Store;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The bill of materials (bom.cdx.json)
    bom: PathBuf,
    /// Trust this public key (JWK file or text); repeatable. With it the trust store is not used
    #[arg(long)]
    key: Vec<String>,
    /// Trust store [default: `trusted` in bomvet's configuration folder]
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
    /// The attestations [default: attestations.jsonl beside the BoM, if it is there]
    #[arg(long, value_name = "FILE")]
    attestations: Option<PathBuf>,
    /// Archives to hash again and compare with the BoM; repeatable
    #[arg(long, value_name = "PATH")]
    contents: Vec<PathBuf>,
    /// Hash again every archive of the BoM that bomvet's store in this folder holds
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Accept a BoM that says of itself that it is unsigned
    #[arg(long)]
    allow_unsigned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Runs the command.
///
/// # Errors
/// Where there is nothing to verify, or the keys cannot be read.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, CommandError> {
    Ok(if checked(args)?.is_ok() { APPROVED } else { DENIED })
}

fn checked(args: &VerifyArgs) -> Result<Report, CommandError> {
    let bom = read(&args.bom)?;
    let beside = args.bom.with_file_name("attestations.jsonl");
    let path = args.attestations.clone().or_else(|| beside.exists().then_some(beside));
    let attestations = path.as_deref().map(read).transpose()?;
    let trusted = key::trusted(&args.key, args.trust.as_deref(), args.allow_unsigned)?;
    let mut report = verify(&Inputs {
        bom: &bom,
        attestations: attestations.as_deref(),
        trusted: &trusted,
        allow_unsigned: args.allow_unsigned,
    })
    .map_err(|e| format!("`{}`: {e}", args.bom.display()))?;
    let mut matched = Vec::new();
    for path in &args.contents {
        let bytes = read(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match contents::find(&report.document, &name, &bytes) {
            Ok(purl) => matched.push(format!("{}: is the archive of {purl}", path.display())),
            Err(failure) => report.failures.push(failure),
        }
    }
    if let Some(dir) = &args.store {
        if !dir.is_dir() {
            return Err(format!("cannot read store `{}`: it is no folder", dir.display()).into());
        }
        let (good, failures) = contents::in_store(&report.document, &Store::open(dir.clone()));
        matched.push(format!("store: {good} archives hashed again, {} differ", failures.len()));
        report.failures.extend(failures);
    }
    match args.format {
        Format::Text => show(args, path.as_deref(), &report, &matched)?,
        Format::Json => print_json(&report)?,
    }
    Ok(report)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))
}

fn show(
    args: &VerifyArgs,
    attestations: Option<&Path>,
    report: &Report,
    matched: &[String],
) -> Result<(), CommandError> {
    for failure in &report.failures {
        let path = match failure.part {
            Part::Bom => args.bom.as_path(),
            Part::Attestations => attestations.unwrap_or(Path::new("attestations.jsonl")),
        };
        // Messages quote the file; what it holds must not drive the terminal.
        complain(&format!("error: {}:{}: {}", path.display(), failure.line, escape(&failure.to_string())));
        if let Some(help) = &failure.help {
            complain(&format!("  help: {}", escape(help)));
        }
    }
    let mut text: String = matched.iter().map(|line| format!("{line}\n")).collect();
    if !report.is_ok() {
        let n = report.failures.len();
        complain(&format!("not verified: {n} {}", if n == 1 { "failure" } else { "failures" }));
        return print(&text);
    }
    match &report.signed_by {
        Some(id) => text += &format!("signature: valid, by trusted key {id}\n"),
        None => text += "signature: none, as allowed by --allow-unsigned\n",
    }
    let approved = report.packages - report.denied;
    text +=
        &format!("verdicts: {} packages, {approved} approved, {} denied\n", report.packages, report.denied);
    match report.attestations {
        Some(n) => text += &format!("attestations: {n}, all agree with the BoM\n"),
        None => text += "attestations: not checked, there is no `attestations.jsonl` beside the BoM\n",
    }
    print(&text)
}

/// One document on standard output; its shape is versioned by `bomvet`, as in `audit`.
fn print_json(report: &Report) -> Result<(), CommandError> {
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| {
            json!({
                "file": match failure.part { Part::Bom => "bom", Part::Attestations => "attestations" },
                "line": failure.line,
                "pointer": failure.pointer,
                "message": failure.message,
                "help": failure.help,
            })
        })
        .collect();
    let document = json!({
        "bomvet": 1,
        "verified": report.is_ok(),
        "signed_by": report.signed_by,
        "summary": {
            "packages": report.packages,
            "approved": report.packages - report.denied,
            "denied": report.denied,
            "attestations": report.attestations,
        },
        "failures": failures,
    });
    print(&String::from_utf8_lossy(&crate::attest::json::pretty(&document)))
}
