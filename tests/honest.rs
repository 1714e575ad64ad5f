//! Well-known crates, as found in cargo's registry cache: what would be denied for its contents.
//!
//! Long, so it runs on demand: `cargo test --test honest -- --ignored --nocapture`;
//! `BOMVET_HONEST_MAX` limits the number of archives.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use bomvet::check;
use bomvet::model::{
    Confidence, Contents, Ecosystem, File, GapKind, Location, Package, Provenance, Severity,
};
use bomvet::rules::RuleSet;
use rayon::prelude::*;

fn archives() -> Vec<PathBuf> {
    let Some(home) = std::env::home_dir() else { return Vec::new() };
    let caches = std::fs::read_dir(home.join(".cargo/registry/cache")).into_iter().flatten().flatten();
    let files = caches.flat_map(|cache| std::fs::read_dir(cache.path()).into_iter().flatten().flatten());
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    let max = std::env::var("BOMVET_HONEST_MAX").ok().and_then(|max| max.parse().ok()).unwrap_or(usize::MAX);
    paths.truncate(max);
    paths
}

fn unpack(path: &PathBuf) -> Option<Contents> {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(path).ok()?));
    let (mut buffer, mut files) = (Vec::new(), Vec::new());
    for entry in tar.entries().ok()? {
        let mut entry = entry.ok()?;
        let name = entry.path().ok()?.to_string_lossy().into_owned();
        let (_, name) = name.split_once('/')?;
        let start = buffer.len();
        entry.read_to_end(&mut buffer).ok()?;
        files.push(File { path: Arc::from(name), range: start..buffer.len(), executable: false });
    }
    Some(Contents::new(Provenance::FirstParty, None, files, Arc::new(buffer)))
}

#[test]
#[ignore = "reads every archive of cargo's registry cache"]
fn honest_crates_are_not_denied() {
    let rules = RuleSet::builtin();
    let pool = rayon::ThreadPoolBuilder::new().stack_size(256 << 20).build().expect("threads");
    let archives = archives();
    let denied: Vec<String> = pool.install(|| {
        archives
            .par_iter()
            .filter_map(|path| {
                let label = path.file_stem()?.to_string_lossy().into_owned();
                let contents = unpack(path)?;
                let package = Package::registry(
                    Ecosystem::Cargo,
                    &label,
                    "1.0.0",
                    Location { file: Arc::from("Cargo.lock"), line: 1, column: 1 },
                );
                let got = check::analyse(&package, &contents, &rules);
                assert!(got.coverage.adds_up(contents.size()), "{label}");
                let mut why: Vec<String> = got
                    .findings
                    .iter()
                    .filter(|f| f.severity >= Severity::High && f.confidence >= Confidence::Medium)
                    .map(|f| {
                        let at = f.spans.first().map(|s| format!("{}:{} {}", s.file, s.line, s.text.trim()));
                        format!("  {} {}", f.rule, at.unwrap_or_default())
                    })
                    .collect();
                let gaps =
                    got.gaps.iter().filter(|gap| matches!(gap.kind, GapKind::NotSeen | GapKind::NotParsed));
                why.extend(gaps.map(|gap| format!("  gap/{} {}", gap.kind.as_str(), gap.message)));
                (!why.is_empty()).then(|| format!("{label}\n{}", why.join("\n")))
            })
            .collect()
    });
    if archives.is_empty() {
        eprintln!("skipped: cargo's registry cache is empty");
        return;
    }
    println!("{} of {} would be denied\n{}", denied.len(), archives.len(), denied.join("\n"));
    assert!(denied.len() * 50 < archives.len(), "2 % or more would be denied");
}
