//! `bomvet eval`.

use std::path::PathBuf;

use super::reviewers::ReviewArgs;
use super::{APPROVED, CommandError, DENIED, Env, complain, policy, print};
use crate::eval::{self, Figures, Floor, Outcome, Result as Row};
use crate::policy::Policy;
use crate::store::Store;

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
    /// Measure a reviewer instead (see `bomvet audit --help`): what it reports, clears and makes up, and what it costs
    #[arg(long, value_name = "SPEC", conflicts_with = "floor")]
    reviewer: Option<String>,
    /// With `--reviewer`: only every Nth case
    #[arg(long, value_name = "N", default_value_t = 1, requires = "reviewer", value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// With `--reviewer`: tokens of a package that it is shown at once
    #[arg(long, value_name = "N", requires = "reviewer")]
    review_slice: Option<u32>,
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
    if let Some(name) = &args.reviewer {
        return reviewer(args, name, env);
    }
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

/// Measures a reviewer on the corpus.
fn reviewer(args: &Args, name: &str, env: &Env) -> Result<u8, CommandError> {
    let asked = ReviewArgs {
        reviewers: vec![name.to_owned()],
        review_slice: args.review_slice,
        no_ledger: true,
        ..ReviewArgs::default()
    };
    let reviewing = asked.reviewing(env, None, false)?;
    let asker = reviewing.askers.first().ok_or("no reviewer")?;
    let mut cases = Vec::new();
    for corpus in &args.corpus {
        cases.extend(eval::load(corpus)?);
    }
    let cases: Vec<_> = cases.into_iter().step_by(args.every as usize).collect();
    let store = env.cache.clone().map_or_else(Store::none, Store::open);
    let report = eval::review::run(&cases, asker, reviewing.budget, &store, env.now);
    if args.format == Format::Json {
        print(&format!(
            "{:#}\n",
            serde_json::json!({"bomvet": 1, "reviewer": asker.reviewer.to_string(), "report": report})
        ))?;
        return Ok(APPROVED);
    }
    let share = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1} %"));
    let measure = report.measure;
    print(&format!(
        "{}\n  harmful {}: {} reported (recall {}), {} cleared\n  honest {}: {} reported (precision {}), {} cleared\n  without an answer {}\n  claims refused {} of {} ({}); controls missed {} of {}; planted noticed {} of {}, false alarms {} of {}; answered alike {} of {}\n  {} tokens in, {} out, {} prompts answered, {} failed\n  vote: {}\n",
        asker.reviewer,
        report.harmful,
        report.reported,
        share(report.recall()),
        report.harmful_cleared,
        report.honest,
        report.false_alarms,
        share(report.precision()),
        report.honest_cleared,
        report.without,
        measure.refused,
        measure.refused + measure.grounded,
        share(measure.refused_share()),
        measure.controls_missed,
        measure.controls,
        measure.noticed,
        measure.planted,
        measure.false_alarms,
        measure.harmless,
        measure.alike,
        measure.repeated,
        measure.cost.tokens_in,
        measure.cost.tokens_out,
        measure.replies,
        measure.failed,
        measure.void().unwrap_or_else(|| "counts".to_owned()),
    ))?;
    Ok(APPROVED)
}
