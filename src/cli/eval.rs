//! `bomvet eval`.

use std::path::PathBuf;

use super::{APPROVED, CommandError, DENIED, Env, complain, policy, print};
use crate::eval::{self, Figures, Floor, Outcome, Result as Row};
use crate::policy::Policy;

/// Options of `bomvet eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of cases
    corpus: Vec<PathBuf>,
    /// Policy profile: ci, skill, periodic or micro
    #[arg(long, default_value = "skill")]
    profile: String,
    /// Figures that must be reached (TOML); worse ones are exit code 1
    #[arg(long, value_name = "FILE")]
    floor: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// List the cases that went wrong; of held-out ones only the figures are shown
    #[arg(long)]
    wrong: bool,
}

/// How to print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table by class
    Table,
    /// One JSON document
    Json,
    /// The figures, as a floor for later runs
    Floor,
}

/// Runs the command.
///
/// # Errors
/// Where a corpus or a floor cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    let policy: Policy = policy::builtin(Some(&args.profile))?;
    let mut rows = Vec::new();
    for corpus in &args.corpus {
        rows.extend(eval::run(corpus, &policy, env.now)?);
    }
    let floor = Floor::of(&rows);
    match args.format {
        Format::Floor => print(&toml::to_string(&floor)?)?,
        Format::Json => {
            let document = serde_json::json!({"bomvet": 1, "figures": floor, "cases": rows.iter().filter(|row| !row.held_out).collect::<Vec<_>>()});
            print(&format!("{document:#}\n"))?;
        }
        Format::Table => print(&table(&rows))?,
    }
    if args.wrong {
        print(&wrong(&rows))?;
    }
    let Some(path) = &args.floor else { return Ok(APPROVED) };
    let worse = Floor::read(path)?.worse(&floor);
    for line in &worse {
        complain(&format!("worse than {}: {line}", path.display()));
    }
    Ok(if worse.is_empty() { APPROVED } else { DENIED })
}

fn table(rows: &[Row]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "part",
        "harmful",
        "denied",
        "held back",
        "recall %",
        "honest",
        "denied",
        "waiting",
        "false %",
        "pairs",
        "told apart",
        "%",
    ]);
    let mut add = |name: String, figures: Figures| {
        table.add_row([
            name,
            figures.harmful.to_string(),
            figures.denied.to_string(),
            figures.held_back.to_string(),
            format!("{:.1}", figures.recall()),
            figures.honest.to_string(),
            figures.false_denials.to_string(),
            figures.waiting.to_string(),
            format!("{:.1}", figures.false_rate()),
            figures.pairs.to_string(),
            figures.told_apart.to_string(),
            format!("{:.1}", eval::percent(figures.told_apart, figures.pairs)),
        ]);
    };
    let seen: Vec<Row> = rows.iter().filter(|row| !row.held_out).cloned().collect();
    for (class, figures) in Figures::by(&seen, |row| row.class.clone()) {
        add(class, figures);
    }
    for (kind, figures) in Figures::by(&seen, |row| row.kind) {
        add(format!("all of {}", format!("{kind:?}").to_ascii_lowercase()), figures);
    }
    let floor = Floor::of(rows);
    add("seen".to_owned(), floor.seen);
    if floor.held_out != Figures::default() {
        let held_out: Vec<Row> = rows.iter().filter(|row| row.held_out).cloned().collect();
        for (kind, figures) in Figures::by(&held_out, |row| row.kind) {
            add(format!("held out of {}", format!("{kind:?}").to_ascii_lowercase()), figures);
        }
        add("held out".to_owned(), floor.held_out);
    }
    format!("{table}\n")
}

fn wrong(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows.iter().filter(|row| !row.held_out) {
        match &row.bad {
            Some(Outcome::Approved) => out.push_str(&format!("missed       {} ({})\n", row.id, row.class)),
            Some(Outcome::NeedsReview) => out.push_str(&format!("held back    {} ({})\n", row.id, row.class)),
            _ => {}
        }
        match &row.good {
            Some(Outcome::Denied(rules)) => {
                out.push_str(&format!("false denial {} ({}): {}\n", row.id, row.class, rules.join(", ")));
            }
            Some(Outcome::NeedsReview) => out.push_str(&format!("waiting      {} ({})\n", row.id, row.class)),
            _ => {}
        }
    }
    out
}
