//! Measures detection on a labelled corpus: recall, false denials, and pairs told apart.
//!
//! In: a folder of cases, one TOML file each with a harmful side, an honest side, or both. Each
//! side goes through the whole audit, alone, offline, under one policy. Out: figures by class and
//! part of the corpus, and what went wrong with each case.

mod case;
mod figures;
pub mod learn;
pub mod learn_code;
pub mod review;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::case::{Case, CaseError, Kind, load};
pub use self::figures::{Figures, Floor, FloorError, percent};

use crate::acquire::{self, Remarks};
use crate::audit::reviews::Reviewing;
use crate::audit::{self, Options, Quiet, Scope, change};
use crate::check::advisory;
use crate::model::{Audit, Decision, Digest, GapKind, Location, Package, ReasonKind, Source, purl};
use crate::policy::Policy;
use crate::resolve::{self, Resolution};
use crate::store::Store;

/// What became of one side of a case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "rules")]
pub enum Outcome {
    /// Every package of it was approved.
    Approved,
    /// Nothing but a missing review, or something that was not given, stands against it.
    NeedsReview,
    /// Denied for these rules.
    Denied(Vec<String>),
}

impl Outcome {
    /// Whether it would be let onto a machine.
    pub fn is_approved(&self) -> bool {
        *self == Self::Approved
    }

    /// What an audit came to.
    pub fn of(audit: &Audit) -> Self {
        let denied = audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny);
        let reasons: Vec<_> = denied.flat_map(|node| &node.verdict.reasons).collect();
        // What a configuration starts from elsewhere was not given: nobody says that it is harmful.
        let review = |kind: &ReasonKind| matches!(kind, ReasonKind::Gap(gap) if matches!(gap.kind, GapKind::NeedsReview | GapKind::NotSeen));
        match reasons.as_slice() {
            [] => Self::Approved,
            reasons if reasons.iter().all(|reason| review(&reason.kind)) => Self::NeedsReview,
            reasons => {
                let rules = reasons.iter().filter(|reason| !review(&reason.kind));
                let mut rules: Vec<_> = rules.map(|reason| reason.rule()).collect();
                rules.sort();
                rules.dedup();
                Self::Denied(rules)
            }
        }
    }
}

/// Both sides of one case.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Result {
    /// Path of the case below the corpus, without `.toml`.
    pub id: String,
    /// Its class.
    pub class: String,
    /// What it is.
    pub kind: Kind,
    /// Whether nobody tuned for it.
    pub held_out: bool,
    /// The harmful side.
    pub bad: Option<Outcome>,
    /// The honest side.
    pub good: Option<Outcome>,
}

/// Why it could not be measured. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A case is not one.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A case could not be audited at all.
    #[error("{id}: {source}")]
    Audit {
        /// The case.
        id: String,
        /// Why.
        source: audit::AuditError,
    },
    /// A case could not be written out.
    #[error("{id}: {source}")]
    Write {
        /// The case.
        id: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Measures every case below `folder`, in order of path.
///
/// # Errors
/// See [`EvalError`].
pub fn run(folder: &Path, policy: &Policy, now: i64) -> std::result::Result<Vec<Result>, EvalError> {
    let cases = load(folder)?;
    let mut policy = policy.clone();
    // No advisory is about what was made up.
    policy.profile.deny_gaps.retain(|kind| *kind != GapKind::NoAdvisories);
    // Threads of their own: an audit waits for its own pool, and a pool's thread that waits would
    // take up the next case on top of its stack.
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rows = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut rows = Vec::new();
                    while let Some((id, case)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        rows.push(one(id, case, &policy, now)?);
                    }
                    Ok::<_, EvalError>(rows)
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().expect("an audit does not panic")?);
        }
        Ok::<_, EvalError>(all)
    })?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}

fn one(id: &str, case: &Case, policy: &Policy, now: i64) -> std::result::Result<Result, EvalError> {
    let none = Reviewing::default();
    let side = |files, name| {
        let audit = side(id, case, files, name, policy, &none, now)?;
        Ok::<_, EvalError>(Outcome::of(&audit))
    };
    let twin = case.twin_name.as_ref().unwrap_or(&case.name);
    Ok(Result {
        id: id.to_owned(),
        class: case.class.clone(),
        kind: case.kind,
        held_out: case.held_out,
        bad: case.bad.as_ref().map(|files| side(files, &case.name)).transpose()?,
        good: case.good.as_ref().map(|files| side(files, twin)).transpose()?,
    })
}

/// Audits one side of a case by itself, offline: files of that name, as a folder or as the archive
/// that a registry would have.
///
/// # Errors
/// Where it cannot be written out or audited.
pub fn side(
    id: &str,
    case: &Case,
    files: &BTreeMap<String, String>,
    name: &str,
    policy: &Policy,
    reviewing: &Reviewing,
    now: i64,
) -> std::result::Result<Audit, EvalError> {
    let write = |source| EvalError::Write { id: id.to_owned(), source };
    let folder = tempfile::tempdir().map_err(write)?;
    let mut options = match case.kind.ecosystem() {
        None => {
            case::write(folder.path(), files).map_err(write)?;
            options(folder.path().to_owned(), None, policy, now)
        }
        Some(ecosystem) => {
            let (file, bytes) = case::pack(name, &case.version, files).map_err(write)?;
            std::fs::write(folder.path().join(&file), &bytes).map_err(write)?;
            let declared = Location { file: file.as_str().into(), line: 0, column: 0 };
            let package = Package {
                purl: purl(ecosystem, name, &case.version, &[]),
                source: Source::File { path: file.clone() },
                integrity: vec![Digest::sha256(&bytes)],
                ..Package::registry(ecosystem, name, &case.version, declared)
            };
            let given = Resolution { packages: vec![package], ..Resolution::default() };
            options(folder.path().to_owned(), Some(given), policy, now)
        }
    };
    options.reviewing = reviewing.clone();
    audit::run(&options, change::Base::None, &Quiet)
        .map_err(|source| EvalError::Audit { id: id.to_owned(), source })
}

fn options(path: PathBuf, given: Option<Resolution>, policy: &Policy, now: i64) -> Options {
    Options {
        // Figures must not depend on what a registry says that day.
        origin: crate::origin::Ask::Never,
        given,
        wanted: Vec::new(),
        asks: None,
        as_of: now,
        name: None,
        remarks: Remarks::default(),
        scope: Scope::Alone,
        locked: None,
        policy: policy.clone(),
        jobs: 1,
        now,
        acquire: acquire::Options { offline: true, root: path.clone(), connections: 1, ..Default::default() },
        resolve: resolve::Options { offline: true, lockfile_only: true, ..Default::default() },
        reviewing: Reviewing::default(),
        advisories: advisory::Options { now, ..Default::default() },
        store: Store::none(),
        path,
    }
}
