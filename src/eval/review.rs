//! How good a reviewer is, on the labelled corpus: what it reports, what it clears, what it makes up,
//! what it costs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Case, Kind};
use crate::check;
use crate::model::{
    AgentKind, Contents, Ecosystem, File, Location, Measure, Outcome, Package, Provenance, Source, purl,
};
use crate::review::packet::Packet;
use crate::review::run::{self, Asker, Budget, Came, Setting};
use crate::rules::RuleSet;
use crate::store::Store;

/// What a reviewer did with a labelled corpus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Harmful packages that it was asked about and answered.
    pub harmful: usize,
    /// Of these: reported.
    pub reported: usize,
    /// Of these: cleared, which is the worst that it can do.
    pub harmful_cleared: usize,
    /// Honest packages that it was asked about and answered.
    pub honest: usize,
    /// Of these: reported.
    pub false_alarms: usize,
    /// Of these: cleared.
    pub honest_cleared: usize,
    /// Packages without a review.
    pub without: usize,
    /// Its word in this run.
    pub measure: Measure,
}

impl Report {
    /// Of what it reported, the share that is harmful, in percent; none where it reported nothing.
    pub fn precision(&self) -> Option<f64> {
        percent(self.reported, self.reported + self.false_alarms)
    }

    /// Of what is harmful, the share that it reported, in percent.
    pub fn recall(&self) -> Option<f64> {
        percent(self.reported, self.harmful)
    }
}

fn percent(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| 100.0 * part as f64 / of as f64)
}

/// Asks one reviewer about both sides of every case, labels unseen; its word counts for nothing here,
/// so it is asked to the end.
pub fn run(cases: &[(String, Case)], asker: &Asker, budget: Budget, store: &Store, now: i64) -> Report {
    let rules = RuleSet::builtin();
    let digest = rules.digest();
    let sides: Vec<(bool, &Case, &str, &BTreeMap<String, String>)> = cases
        .iter()
        .flat_map(|(_, case)| {
            let twin = case.twin_name.as_ref().unwrap_or(&case.name);
            let bad = case.bad.iter().map(move |files| (true, case, case.name.as_str(), files));
            bad.chain(case.good.iter().map(move |files| (false, case, twin.as_str(), files)))
        })
        .collect();
    let mut packets = sides.iter().enumerate().map(|(at, (_, case, name, files))| {
        let (package, contents) = subject(case, name, files);
        let analysis = check::analyse(&package, &contents, &rules);
        let mut gaps = analysis.gaps.clone();
        gaps.extend(check::uncertain(&analysis.findings));
        gaps.sort();
        gaps.dedup();
        (at, Packet::new(&package, &contents, &analysis, &gaps, None, asker.limits))
    });
    let setting = Setting { store, rules: &digest, now, regardless: true, late: &|| false };
    let mut report = Report::default();
    let ran = run::run(asker, &mut packets, budget, &setting, &mut |at, came| {
        let Came::Review(review) = came else {
            report.without += 1;
            return;
        };
        let (reported, cleared) = (review.outcome == Outcome::Concern, review.outcome == Outcome::Clear);
        match sides[at].0 {
            true => {
                report.harmful += 1;
                report.reported += usize::from(reported);
                report.harmful_cleared += usize::from(cleared);
            }
            false => {
                report.honest += 1;
                report.false_alarms += usize::from(reported);
                report.honest_cleared += usize::from(cleared);
            }
        }
    });
    report.measure = ran.measure;
    report
}

/// A side as a package with its contents.
fn subject(case: &Case, name: &str, files: &BTreeMap<String, String>) -> (Package, Contents) {
    let (mut list, mut buffer) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let start = buffer.len();
        buffer.extend_from_slice(text.as_bytes());
        list.push(File { path: path.as_str().into(), range: start..buffer.len(), executable: false });
    }
    let declared = Location { file: "case".into(), line: 0, column: 0 };
    let ecosystem = case.kind.ecosystem().unwrap_or(Ecosystem::Agent);
    let mut package = Package {
        purl: purl(ecosystem, name, &case.version, &[]),
        source: Source::Path { path: ".".to_owned() },
        ..Package::registry(ecosystem, name, &case.version, declared)
    };
    package.agent = match case.kind {
        Kind::Skill => Some(AgentKind::Skill),
        Kind::Mcp | Kind::Agent => Some(AgentKind::Workspace),
        _ => None,
    };
    (package, Contents::new(Provenance::FirstParty, None, list, Arc::new(buffer)))
}
