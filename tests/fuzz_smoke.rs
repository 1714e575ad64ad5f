//! Every fuzz target on its seeds and on some hundred inputs made from them: flipped, cut, joined, repeated. The
//! inputs are the same in every run; `BOMVET_FUZZ_CASES` asks for more of them, `tests/fuzz/run` for real fuzzing.

#[path = "fuzz/bodies/mod.rs"]
mod bodies;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};

use bodies::{TARGETS, Target};

/// Largest input that mutations make; time goes to many small ones.
const LARGEST: usize = 8 << 10;

/// Pieces that readers take for the start or the end of something.
const WORDS: [&[u8]; 24] = [
    b"\0",
    b"\n",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"../",
    b"/",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"1e999",
    b"\\u0000",
    b"${X}",
    b"#=# package.json\n",
    b"`",
];

/// One change; positions are taken modulo the input's length.
#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    Word(usize, usize),
    Splice(usize, usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0_usize..1 << 16;
    prop_oneof![
        3 => (at.clone(), 1_u8..=255).prop_map(|(at, with)| Change::Flip(at, with)),
        1 => at.clone().prop_map(Change::Cut),
        2 => (at.clone(), 1_usize..64).prop_map(|(at, len)| Change::Remove(at, len)),
        2 => (at.clone(), 1_usize..64, 1_usize..40).prop_map(|(at, len, times)| Change::Repeat(at, len, times)),
        4 => (at.clone(), 0..WORDS.len()).prop_map(|(at, word)| Change::Word(at, word)),
        2 => (at.clone(), any::<usize>(), at, 1_usize..512).prop_map(|(at, seed, from, len)| Change::Splice(at, seed, from, len)),
    ]
}

fn apply(data: &mut Vec<u8>, change: &Change, seeds: &[Vec<u8>]) {
    let place = |at: usize, len: usize| at % (len + 1);
    match *change {
        Change::Flip(at, with) => {
            let len = data.len().max(1);
            if let Some(byte) = data.get_mut(at % len) {
                *byte ^= with;
            }
        }
        Change::Cut(at) => data.truncate(place(at, data.len())),
        Change::Remove(at, len) => {
            let at = place(at, data.len());
            data.drain(at..(at + len).min(data.len()));
        }
        Change::Repeat(at, len, times) => {
            let at = place(at, data.len());
            let part = data[at..(at + len).min(data.len())].repeat(times);
            data.splice(at..at, part);
        }
        Change::Word(at, word) => {
            let at = place(at, data.len());
            data.splice(at..at, WORDS[word].iter().copied());
        }
        Change::Splice(at, seed, from, len) => {
            let other = &seeds[seed % seeds.len()];
            let from = place(from, other.len());
            let part = other[from..(from + len).min(other.len())].to_vec();
            let at = place(at, data.len());
            data.splice(at..at, part);
        }
    }
    data.truncate(LARGEST);
}

fn run(target: &'static Target, data: &[u8]) -> Result<bool, String> {
    std::panic::catch_unwind(|| (target.run)(data)).map_err(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let input = String::from_utf8_lossy(&data[..data.len().min(2000)]).into_owned();
        format!("{} panics on {} bytes: {}\ninput: {input:?}", target.name, data.len(), text.unwrap_or("?"))
    })
}

fn smoke(name: &'static str, cases: u32) {
    let target = bodies::target(name).unwrap_or_else(|| panic!("there is no target {name}"));
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    // As deep as the audit's own threads.
    let work = move || {
        let results: Vec<_> = seeds.iter().chain([&Vec::new()]).map(|seed| run(target, seed)).collect();
        assert!(results.contains(&Ok(true)), "no seed of {name} is what it should be");
        let told: Vec<String> = results.into_iter().filter_map(Result::err).collect();
        assert!(told.is_empty(), "seeds of {name}:\n{}", told.join("\n"));
        let cases = std::env::var("BOMVET_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
        let config = ProptestConfig {
            cases,
            failure_persistence: None,
            max_shrink_iters: 2_000,
            ..ProptestConfig::default()
        };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let strategy = (0..seeds.len(), prop::collection::vec(change(), 1..6));
        let result = runner.run(&strategy, |(seed, changes)| {
            let mut data = seeds[seed].clone();
            data.truncate(LARGEST);
            changes.iter().for_each(|change| apply(&mut data, change, &seeds));
            run(target, &data).map(drop).map_err(TestCaseError::fail)
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    };
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

macro_rules! smoke {
    ($($name:ident $cases:literal),* $(,)?) => {
        $(#[test] fn $name() { smoke(stringify!($name), $cases); })*

        #[test]
        fn every_target_is_run() {
            let here: BTreeSet<&str> = [$(stringify!($name)),*].into();
            let all: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(here, all);
        }
    };
}

smoke! {
    agent 150, check_target 150, eval_case 200, guard 300, picture 400, vetted_lock 300,
    archive_gzip 300, archive_tar 300, archive_zip 300, attestations 300, binary 300, bom 60, bom_read 200,
    c 300, cargo_config 300, cargo_project 200, git 200, jcs 300, js 300, js_locks 400, json 400, keys 300, ledger 200, licence 60, likeness 400, npm_project 200,
    npmrc 400, osv 200, package 100, policy 300, prose 300, provenance 300, pypi_metadata 300, pypi_page 300, pypi_project 150, python 300, reviewers 400, rule 200, rust 300, rustsec 200, shell 400, text 300, toml 300,
    dockerfile 200, go_module 200, vet 200, workflow 200, zon 200,
    yaml 500,
}
