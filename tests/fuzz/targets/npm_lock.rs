//! A lockfile in a folder of its own, through discovery and resolution. See `run`.
#![no_main]
use bomvet::{discover, resolve};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package-lock.json"), data).unwrap();
    let found = discover::discover(folder.path(), &[]).unwrap();
    let options = resolve::Options { offline: true, lockfile_only: true, ..resolve::Options::default() };
    if let Ok(got) = resolve::resolve(&found, &options) {
        let (graph, _) = bomvet::graph::Graph::build(got.packages, got.dependencies);
        assert_eq!(graph.packages.len(), graph.places.len());
    }
});
