use super::*;
use crate::attest::keys::Algorithm;
use proptest::prelude::*;

fn signer(seed: u8) -> Signer {
    Signer::from_seed(Algorithm::Ed25519, [seed; 32]).expect("a key")
}

fn decision(at: usize) -> Entry {
    Entry::Decision(Decision {
        purl: format!("pkg:npm/p{at}@1.0.0"),
        subject: crate::model::Digest::sha256(format!("{at}").as_bytes()).hex(),
        word: if at.is_multiple_of(2) { Word::Clear } else { Word::Violation },
        by: "somebody".to_owned(),
        reason: "read it".to_owned(),
        date: 1_795_000_000,
    })
}

fn open(folder: &Path, seeds: &[u8]) -> Result<Ledger, LedgerError> {
    Ledger::open(folder, seeds.iter().map(|seed| signer(*seed).public_key().clone()).collect())
}

fn filled(folder: &Path, many: usize) {
    let ledger = open(folder, &[1]).expect("open");
    for at in 0..many {
        ledger.append(&[decision(at)], &signer(1), 7).expect("append");
    }
}

#[test]
fn what_was_appended_is_there_again_and_only_for_who_knows_the_key() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path(), 5);
    let mine = open(dir.path(), &[1]).expect("open");
    assert_eq!((mine.head().0, mine.entries().len(), mine.remarks()), (5, 5, Vec::new()));
    let entry = decision(3);
    assert_eq!(mine.about(entry.subject())[0].entry, entry);
    let stranger = open(dir.path(), &[2]).expect("open");
    assert!(stranger.entries().is_empty());
    assert!(stranger.remarks().iter().any(|remark| remark.contains("5 lines")), "{:?}", stranger.remarks());
}

#[test]
fn half_a_line_of_a_killed_run_is_left_out_and_written_over() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path(), 3);
    let path = dir.path().join("ledger.jsonl");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes.extend_from_slice(b"{\"payload\":\"half");
    std::fs::write(&path, &bytes).expect("write");
    let ledger = open(dir.path(), &[1]).expect("open");
    assert_eq!(ledger.entries().len(), 3);
    assert!(ledger.remarks()[0].contains("cut off"));
    ledger.append(&[decision(9)], &signer(1), 8).expect("append");
    let again = open(dir.path(), &[1]).expect("open");
    assert_eq!((again.entries().len(), again.remarks()), (4, Vec::new()));
}

#[test]
fn two_that_append_at_once_lose_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let (a, b) = (open(dir.path(), &[1]).expect("a"), open(dir.path(), &[1]).expect("b"));
    for at in 0..10 {
        let ledger = if at % 2 == 0 { &a } else { &b };
        ledger.append(&[decision(at)], &signer(1), 7).expect("append");
    }
    let after = open(dir.path(), &[1]).expect("open");
    assert_eq!((after.head().0, after.entries().len(), after.remarks()), (10, 10, Vec::new()));
}

#[test]
fn lines_that_are_taken_away_are_noticed() {
    let dir = tempfile::tempdir().expect("dir");
    filled(dir.path(), 4);
    let path = dir.path().join("ledger.jsonl");
    let text = std::fs::read_to_string(&path).expect("read");
    let less: Vec<&str> = text.lines().skip(1).collect();
    std::fs::write(&path, format!("{}\n", less.join("\n"))).expect("write");
    let error = open(dir.path(), &[1]).expect_err("damaged").to_string();
    assert!(error.contains("ledger.jsonl") && error.contains("taken away"), "{error}");
}

#[test]
fn an_imported_ledger_counts_for_who_trusts_its_key_and_must_grow() {
    let (theirs, mine) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    filled(theirs.path(), 3);
    let ledger = open(theirs.path(), &[1]).expect("open");
    let first = ledger.export(&signer(1), 7).expect("export");
    ledger.append(&[decision(7)], &signer(1), 8).expect("append");
    let second = ledger.export(&signer(1), 8).expect("export");
    let own = open(mine.path(), &[2]).expect("open");
    assert_eq!(own.import("them", &second).expect("import"), 4);
    assert!(own.import("them", &first).expect_err("shorter").to_string().contains("begin"));
    assert!(own.import("../them", &first).is_err());
    assert!(open(mine.path(), &[2]).expect("open").entries().is_empty());
    assert_eq!(open(mine.path(), &[1, 2]).expect("open").entries().len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever byte of a ledger or its export is changed: nothing is believed that was not signed.
    #[test]
    fn no_changed_byte_adds_or_alters_an_entry(at in 0usize..100_000, flip in 1u8..=255) {
        let (dir, other) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        filled(dir.path(), 3);
        let before: Vec<Signed> = open(dir.path(), &[1]).expect("open").entries();
        let export = open(dir.path(), &[1]).expect("open").export(&signer(1), 7).expect("export");
        let path = dir.path().join("ledger.jsonl");
        let mut bytes = std::fs::read(&path).expect("read");
        let place = at % bytes.len();
        bytes[place] ^= flip;
        std::fs::write(&path, &bytes).expect("write");
        if let Ok(ledger) = open(dir.path(), &[1]) {
            prop_assert!(ledger.entries().iter().all(|entry| before.contains(entry)));
        }
        let mut bytes = export.clone();
        let place = at % bytes.len();
        bytes[place] ^= flip;
        let own = open(other.path(), &[1]).expect("open");
        if own.import("x", &bytes).is_ok() {
            let after = open(other.path(), &[1]).expect("open").entries();
            prop_assert!(after.iter().all(|entry| before.contains(entry)));
        }
    }

    #[test]
    fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = signed(&line, &[signer(1).public_key().clone()]);
        let _ = head_of(&line);
        let _ = exported(&line);
    }
}
