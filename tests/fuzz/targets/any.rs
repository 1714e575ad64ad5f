//! One program for all targets, so that the library is linked once: `BOMVET_FUZZ` names the target. See `run`.
#![no_main]

use std::sync::LazyLock;

#[path = "../bodies/mod.rs"]
mod bodies;

static TARGET: LazyLock<&'static bodies::Target> = LazyLock::new(|| {
    let name = std::env::var("BOMVET_FUZZ").unwrap_or_default();
    bodies::target(&name).unwrap_or_else(|| {
        let names: Vec<_> = bodies::TARGETS.iter().map(|target| target.name).collect();
        panic!("BOMVET_FUZZ has to name one of: {}", names.join(" "))
    })
});

/// Writes the seeds where libFuzzer is going to look for them.
fn seed() {
    if let Some(corpus) = std::env::var_os("BOMVET_FUZZ_CORPUS") {
        for (n, seed) in (TARGET.seeds)().into_iter().enumerate() {
            let path = std::path::Path::new(&corpus).join(format!("seed-{n}"));
            std::fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

libfuzzer_sys::fuzz_target!(init: seed(), |data: &[u8]| {
    (TARGET.run)(data);
});
