//! Judges what a command would install, and remembers approvals for a while.
//!
//! An approval is kept in the store's bucket `guard`, below a folder that only the user may enter,
//! with the store's checksum. Its key holds all that it rests on: what was asked, the policy, the
//! rules, the databases' files, the configured registries, bomvet's version. Denials are not kept:
//! they are worth a second look, and cost nobody time but who asks again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Ruling;
use super::command::Ask;
use crate::audit::{self, Options, Scope, change, target};
use crate::model::{Audit, Decision, Digest, GapKind, Node, ReasonKind};
use crate::origin;
use crate::report::agent::{self, plain};
use crate::rules::RuleSet;

/// Seconds that a judgement may take; a hook that is not done by its time-out lets the command run.
pub const SECONDS: u64 = 240;

/// Seconds for which an approval of what nothing pins counts.
const UNPINNED: i64 = 600;

/// Seconds for which an approval of one version, or of a lockfile's bytes, counts: advisories come daily.
const PINNED: i64 = 24 * 3600;

/// Files of databases that are looked at for the key; with more nothing is kept.
const MAX_FILES: usize = 20_000;

const BUCKET: &str = "guard";

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    made: i64,
}

/// Audits one target as `bomvet check` does.
///
/// # Errors
/// Where it cannot be done; one line.
pub fn check(base: &Options, target: &Path, alone: bool) -> Result<Audit, String> {
    let mut subject = target::stage(target, None).map_err(|error| error.to_string())?;
    let folder = if subject.path.is_file() { subject.path.parent() } else { Some(subject.path.as_path()) };
    let root = std::path::absolute(folder.unwrap_or(Path::new("."))).map_err(|error| error.to_string())?;
    let options = Options {
        path: subject.path.clone(),
        given: subject.given.take(),
        wanted: std::mem::take(&mut subject.wanted),
        asks: subject.asks.take(),
        name: subject.name.take(),
        remarks: std::mem::take(&mut subject.remarks),
        scope: if alone { Scope::Alone } else { Scope::Whole },
        origin: if base.origin == origin::Ask::Changed { origin::Ask::Few } else { base.origin },
        acquire: crate::acquire::Options { root, ..base.acquire.clone() },
        ..base.clone()
    };
    audit::run(&options, change::Base::None, &audit::Quiet).map_err(|error| error.to_string())
}

/// Audits a lockfile, or a folder by its lockfiles and manifests.
///
/// # Errors
/// Where it cannot be done; one line.
pub fn project(base: &Options, path: &Path) -> Result<Audit, String> {
    let folder = if path.is_file() { path.parent().unwrap_or(Path::new(".")) } else { path };
    let root = std::path::absolute(folder).map_err(|error| error.to_string())?;
    let options = Options {
        path: path.to_owned(),
        scope: Scope::Named,
        acquire: crate::acquire::Options { root, ..base.acquire.clone() },
        ..base.clone()
    };
    audit::run(&options, change::Base::None, &audit::Quiet).map_err(|error| error.to_string())
}

/// Whether a node stands against the install of a project: the project's own code is the user's
/// affair, what it leaves unpinned is not.
fn counts(node: &Node) -> bool {
    let unpinned = |reason: &crate::model::Reason| match &reason.kind {
        ReasonKind::Gap(gap) => gap.kind == GapKind::NotCovered,
        ReasonKind::Finding(finding) => finding.rule.starts_with("lockfile/"),
        _ => false,
    };
    node.verdict.decision == Decision::Deny
        && (!node.package.first_party || node.verdict.reasons.iter().any(unpinned))
}

/// What is asked, as a purl or a path, for keys and messages.
fn shown(ask: &Ask) -> String {
    match ask {
        Ask::Package(wanted, _) => purl(wanted),
        Ask::Lockfile(path) | Ask::Path(path) => path.display().to_string(),
        Ask::Unclear(why) => why.clone(),
    }
}

/// The purl of what is wanted, with its requirement as version.
pub fn purl(wanted: &crate::resolve::newest::Wanted) -> String {
    let requirement = wanted.requirement.as_deref().unwrap_or("");
    crate::model::purl(wanted.ecosystem, &wanted.name, requirement, &[])
}

/// Sizes and times of the databases' files; `None` where there are too many to look at each time.
fn databases(paths: &[PathBuf]) -> Option<String> {
    let (mut todo, mut out) = (paths.to_vec(), Vec::new());
    while let Some(path) = todo.pop() {
        let meta = std::fs::symlink_metadata(&path).ok()?;
        if meta.is_dir() {
            todo.extend(std::fs::read_dir(&path).ok()?.flatten().map(|entry| entry.path()));
        } else {
            let time = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            out.push(format!("{} {} {}", path.display(), meta.len(), time.as_nanos()));
        }
        if out.len() + todo.len() > MAX_FILES {
            return None;
        }
    }
    out.sort();
    Some(out.join("\n"))
}

/// The key of an approval and how long it counts; `None` for what is not kept.
fn key(base: &Options, ask: &Ask) -> Option<(String, i64)> {
    let (what, life) = match ask {
        Ask::Package(_, pinned) => (shown(ask), if *pinned { PINNED } else { UNPINNED }),
        Ask::Lockfile(path) => {
            let mut bytes = std::fs::read(path).ok()?;
            for beside in ["package.json", "Cargo.toml", "pyproject.toml", ".npmrc"] {
                bytes.extend(std::fs::read(path.with_file_name(beside)).unwrap_or_default());
                bytes.push(0);
            }
            (format!("{}\n{}", shown(ask), Digest::sha256(&bytes).hex()), PINNED)
        }
        Ask::Path(_) | Ask::Unclear(_) => return None,
    };
    let registries = (base.acquire.npm.registries(), base.acquire.pypi.registries());
    let all = format!(
        "1\n{}\n{what}\n{}\n{}\n{registries:?}\n{}\n{}",
        env!("CARGO_PKG_VERSION"),
        base.policy.digest(),
        RuleSet::builtin_digest(),
        base.acquire.offline,
        databases(&base.advisories.databases)?,
    );
    Some((Digest::sha256(all.as_bytes()).hex(), life))
}

/// Rules on everything that is asked; the first that is not approved decides.
pub fn ruling(base: &Options, asks: &[Ask]) -> Ruling {
    if asks.is_empty() {
        return Ruling::Nothing;
    }
    // A denial weighs more than a question.
    let mut unclear = None;
    for ask in asks {
        match one(base, ask) {
            Ruling::Denied(why) => return Ruling::Denied(why),
            Ruling::Unclear(why) => unclear = unclear.or(Some(why)),
            Ruling::Nothing | Ruling::Approved => {}
        }
    }
    unclear.map_or(Ruling::Approved, Ruling::Unclear)
}

fn one(base: &Options, ask: &Ask) -> Ruling {
    let key = key(base, ask);
    if let Some((key, life)) = &key {
        let kept = base.store.get(BUCKET, key).ok().flatten();
        let kept = kept.and_then(|bytes| postcard::from_bytes::<Entry>(&bytes).ok());
        if kept.is_some_and(|e| e.key == *key && (0..*life).contains(&base.now.saturating_sub(e.made))) {
            return Ruling::Approved;
        }
    }
    let (audit, whole) = match ask {
        Ask::Unclear(why) => {
            return Ruling::Unclear(format!("bomvet cannot tell what this installs: {why}"));
        }
        Ask::Package(wanted, _) => (check(base, Path::new(&purl(wanted)), false), true),
        Ask::Path(path) if path.is_dir() => (project(base, path), false),
        Ask::Path(path) => (check(base, path, false), true),
        Ask::Lockfile(path) => (project(base, path), false),
    };
    let audit = match audit {
        Ok(audit) => audit,
        Err(why) => {
            let line = crate::model::escape(why.lines().next().unwrap_or_default());
            return Ruling::Denied(format!(
                "bomvet could not judge `{}`: {line}",
                crate::model::escape(&shown(ask))
            ));
        }
    };
    let rules = RuleSet::builtin();
    let denied = |node: &&Node| if whole { node.verdict.decision == Decision::Deny } else { counts(node) };
    let mut denied: Vec<&Node> = audit.nodes.iter().filter(denied).collect();
    // What somebody asked for says more than what that brings in.
    denied.sort_by_key(|node| node.place.depth.unwrap_or(u32::MAX));
    let Some(first) = denied.first() else {
        if let Some((key, _)) = key
            && let Ok(bytes) = postcard::to_stdvec(&Entry { key: key.clone(), made: base.now })
        {
            // What cannot be kept costs time on the next run, nothing else.
            let _ = base.store.put(BUCKET, &key, &bytes);
        }
        return Ruling::Approved;
    };
    let more =
        if denied.len() > 1 { format!(" (and {} more packages)", denied.len() - 1) } else { String::new() };
    let next = match ask {
        Ask::Package(wanted, _) => {
            format!("choose another version or package; `bomvet check {}` shows all", {
                let name = plain::name(&wanted.name);
                crate::model::purl(wanted.ecosystem, &name, "", &[])
            })
        }
        _ => "change that dependency; `bomvet audit` shows all".to_owned(),
    };
    Ruling::Denied(format!(
        "bomvet denies {}{more}: {}. Do not install it; {next}",
        agent::label(&first.package),
        agent::why(&rules, first)
    ))
}

/// Does some work on a thread of its own; `None` where it is not done in time, or failed.
pub fn within<T: Send + 'static>(time: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    let work = move || drop(send.send(work()));
    std::thread::Builder::new().name("judge".to_owned()).spawn(work).ok()?;
    receive.recv_timeout(time).ok()
}
