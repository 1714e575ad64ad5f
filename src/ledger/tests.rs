use super::*;
use crate::attest::keys::Algorithm;
use crate::model::{Cost, Reviewer};
use proptest::prelude::*;

const PURL: &str = "pkg:npm/a@1.0.0";
const SUBJECT: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

fn signer(seed: u8) -> Signer {
    Signer::from_seed(Algorithm::Ed25519, [seed; 32]).unwrap()
}

fn trust(signers: &[&Signer]) -> Trust {
    Trust::of(signers.iter().map(|signer| signer.public_key().clone()), 1000)
}

fn review(packet: &str, outcome: Outcome) -> Testimony {
    Testimony::Review(Review {
        purl: PURL.to_owned(),
        subject: SUBJECT.to_owned(),
        reviewer: Reviewer::Person { name: "p".to_owned() },
        packet: packet.to_owned(),
        base: None,
        rules: String::new(),
        questions: Vec::new(),
        claims: Vec::new(),
        refused: Vec::new(),
        outcome,
        cost: Cost::default(),
        date: 900,
    })
}

fn decision(ruling: Ruling, expires: Option<i64>) -> Testimony {
    Testimony::Decision(Attested {
        purl: PURL.to_owned(),
        subject: SUBJECT.to_owned(),
        ruling,
        reason: "read".to_owned(),
        criteria: Vec::new(),
        date: 900,
        expires,
    })
}

fn packets(ledger: &Ledger) -> Vec<String> {
    ledger.reviews_of(PURL, SUBJECT).unwrap().into_iter().map(|held| held.what.packet).collect()
}

#[test]
fn what_is_appended_is_found_again_and_appended_once() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    let one = review("1", Outcome::Clear);
    assert_eq!(ledger.append(&[one.clone(), one.clone()], &key).unwrap(), 0..1);
    assert_eq!(ledger.append(&[one.clone(), review("2", Outcome::Unsure)], &key).unwrap(), 1..2);
    let again = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    assert_eq!(packets(&again), ["1", "2"]);
    assert_eq!((again.root(), again.remarks()), (ledger.root(), Vec::new()));
    assert_eq!(again.reviews_of("pkg:npm/b@1.0.0", SUBJECT).unwrap(), []);
    assert_eq!(again.reviews_of(PURL, "no digest").unwrap(), []);
    let entries: Vec<_> = again.entries().unwrap().map(|entry| entry.unwrap().1.testimony).collect();
    assert_eq!(entries[0], one);
}

#[test]
fn two_writers_lose_nothing() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut one = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    let mut two = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    one.append(&[review("1", Outcome::Clear)], &key).unwrap();
    two.append(&[review("2", Outcome::Clear)], &key).unwrap();
    one.append(&[review("3", Outcome::Clear)], &key).unwrap();
    let ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    assert_eq!(packets(&ledger), ["1", "2", "3"]);
    assert_eq!(ledger.remarks(), [""; 0]);
}

#[test]
fn after_a_kill_at_any_byte_whole_entries_are_kept() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    ledger.append(&[review("1", Outcome::Clear)], &key).unwrap();
    let head = std::fs::read(dir.path().join(HEAD)).unwrap();
    let start = std::fs::metadata(dir.path().join(ENTRIES)).unwrap().len() as usize;
    ledger.append(&[review("2", Outcome::Clear), review("3", Outcome::Clear)], &key).unwrap();
    let full = std::fs::read(dir.path().join(ENTRIES)).unwrap();
    for cut in (start..=full.len()).step_by(41).chain([full.len()]) {
        std::fs::write(dir.path().join(ENTRIES), &full[..cut]).unwrap();
        std::fs::write(dir.path().join(HEAD), &head).unwrap();
        let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
        let whole = memchr::memchr_iter(b'\n', &full[..cut]).count();
        assert_eq!(packets(&ledger).len(), whole);
        let torn = !full[..cut].ends_with(b"\n");
        assert_eq!(ledger.remarks().iter().any(|remark| remark.contains("not written to its end")), torn);
        ledger.append(&[review("4", Outcome::Clear)], &key).unwrap();
        let after = Ledger::open(dir.path(), trust(&[&key])).unwrap();
        assert_eq!((packets(&after).len(), after.remarks()), (whole + 1, Vec::new()));
    }
}

#[test]
fn what_is_not_signed_by_a_trusted_key_counts_for_nothing() {
    let (dir, key, other) = (tempfile::tempdir().unwrap(), signer(1), signer(2));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    ledger.append(&[review("1", Outcome::Clear)], &key).unwrap();
    let path = dir.path().join(ENTRIES);
    let good = std::fs::read(&path).unwrap();
    let statement = Entry::parse(&good[..good.len() - 1]).unwrap().envelope.statement;
    let foreign = review("2", Outcome::Clear).sign(&other).unwrap();
    let named = String::from_utf8(foreign.clone()).unwrap();
    let named = named.replace(other.public_key().thumbprint().as_str(), key.public_key().thumbprint());
    let unsigned = crate::attest::dsse::envelope(&statement, None);
    let lines = [&good[..good.len() - 1], &foreign, named.as_bytes(), &unsigned, b"garbage", b""];
    let mut bytes = good.clone();
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    std::fs::write(&path, bytes).unwrap();
    let ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    assert_eq!(packets(&ledger), ["1"]);
    let remarks = ledger.remarks().join("\n");
    for said in ["line 1; it counts once", ":6: not an entry", ":7: not an entry", "6 entries came after"] {
        assert!(remarks.contains(said), "{said}: {remarks}");
    }
    let mut counted = 0;
    ledger.all(|_, _, _, key| counted += usize::from(key.is_some())).unwrap();
    assert_eq!(counted, 2, "the entry and its copy");
}

#[test]
fn in_a_ledger_that_lost_entries_only_what_speaks_against_counts() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    let entries = [
        review("1", Outcome::Clear),
        review("2", Outcome::Concern),
        decision(Ruling::Clear, None),
        decision(Ruling::Violation, None),
        review("3", Outcome::Clear),
    ];
    ledger.append(&entries, &key).unwrap();
    let path = dir.path().join(ENTRIES);
    let full = std::fs::read(&path).unwrap();
    let at = memchr::memrchr(b'\n', &full[..full.len() - 1]).unwrap() + 1;
    std::fs::write(&path, &full[..at]).unwrap();
    let check = |says: &str| {
        let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
        assert!(ledger.unsound().unwrap().contains(says), "{:?}", ledger.unsound());
        assert_eq!(packets(&ledger), ["2"]);
        let decisions = ledger.decisions_of(PURL, SUBJECT).unwrap();
        assert_eq!(decisions.iter().map(|held| held.what.ruling).collect::<Vec<_>>(), [Ruling::Violation]);
        assert!(ledger.append(&[review("4", Outcome::Clear)], &key).is_err());
    };
    check("speaks of 5 entries, there are 4");
    std::fs::write(&path, &full).unwrap();
    std::fs::remove_file(dir.path().join(HEAD)).unwrap();
    check("no `ledger.head`");
}

#[test]
fn scope_and_expiry() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    let entries = [review("1", Outcome::Clear), decision(Ruling::Clear, Some(1001))];
    ledger.append(&entries, &key).unwrap();
    let count = |packages: &[&str], expires, now| {
        let packages = packages.iter().map(|pattern| (*pattern).to_owned()).collect();
        let keys = vec![TrustedReviewer { key: key.public_key().clone(), packages, expires }];
        let ledger = Ledger::open(dir.path(), Trust { keys, now }).unwrap();
        (packets(&ledger).len(), ledger.decisions_of(PURL, SUBJECT).unwrap().len())
    };
    assert_eq!(count(&["pkg:npm/*"], None, 1000), (1, 1));
    assert_eq!(count(&["pkg:cargo/*"], None, 1000), (0, 0));
    assert_eq!(count(&[], None, 1001), (1, 0), "the decision has expired");
    assert_eq!(count(&[], Some(1000), 999), (1, 1));
    assert_eq!(count(&[], Some(1000), 1000), (0, 0), "the key has expired");
}

#[test]
fn another_imports_continues_and_notices_a_rewritten_history() {
    let (mine, theirs, me, them) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), signer(1), signer(2));
    let mut source = Ledger::open(theirs.path(), trust(&[&them])).unwrap();
    let export = |ledger: &Ledger, first| {
        let mut out = Vec::new();
        exchange::export(ledger, first, &mut out).unwrap();
        out
    };
    source.append(&[review("1", Outcome::Clear)], &them).unwrap();
    let first = export(&source, None);
    source.append(&[review("2", Outcome::Clear)], &them).unwrap();
    let (second, part) = (export(&source, None), export(&source, Some(1)));
    let both = trust(&[&me, &them]);
    let import = |bytes: &[u8]| {
        let export = exchange::Export::read(bytes, &both)?;
        export.import(mine.path(), "them", &both).map_err(|error| error.to_string())
    };
    assert_eq!(import(&first).unwrap(), exchange::Imported { size: 1, new: 1 });
    assert_eq!(import(&second).unwrap(), exchange::Imported { size: 2, new: 1 });
    assert!(import(&first).unwrap_err().contains("not its continuation"));
    assert!(import(&part).unwrap_err().contains("all are needed"));
    assert!(exchange::Export::read(&second, &trust(&[&me])).unwrap_err().contains("not trusted"));
    let ledger = Ledger::open(mine.path(), both.clone()).unwrap();
    assert_eq!((packets(&ledger).len(), ledger.size()), (2, 0));
    assert_eq!(ledger.reviews_of(PURL, SUBJECT).unwrap()[0].ledger.as_deref(), Some("them"));
    assert_eq!(packets(&Ledger::open(mine.path(), trust(&[&me])).unwrap()), [""; 0]);
    for at in (0..second.len()).step_by(29) {
        let mut bytes = second.clone();
        bytes[at] ^= 1;
        assert!(exchange::Export::read(&bytes, &both).is_err(), "byte {at}");
    }
    assert!(!exchange::is_name("..") && !exchange::is_name("a/b") && !exchange::is_name(""));
}

#[test]
fn a_proof_verifies_and_no_changed_byte_of_it_does() {
    let (dir, key) = (tempfile::tempdir().unwrap(), signer(1));
    let mut ledger = Ledger::open(dir.path(), trust(&[&key])).unwrap();
    let entries: Vec<_> = (0..5).map(|n| review(&n.to_string(), Outcome::Clear)).collect();
    ledger.append(&entries[..3], &key).unwrap();
    let old = std::fs::read(dir.path().join(HEAD)).unwrap();
    ledger.append(&entries[3..], &key).unwrap();
    assert_eq!(exchange::continues(&ledger, &old, &trust(&[&key])).unwrap().size, 3);
    assert!(proof::prove(&ledger, 5).is_err());
    let proof = serde_json::to_vec(&proof::prove(&ledger, 3).unwrap()).unwrap();
    let (entry, head) = proof::check(&proof, &trust(&[&key])).unwrap();
    assert_eq!((entry.testimony, head.size), (entries[3].clone(), 5));
    for at in 0..proof.len() {
        let mut bytes = proof.clone();
        bytes[at] ^= 1;
        assert!(proof::check(&bytes, &trust(&[&key])).is_err(), "byte {at}");
    }
    assert!(proof::check(&proof, &trust(&[&signer(2)])).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Entry::parse(&bytes);
        let _ = Head::parse(&bytes);
        let _ = exchange::Export::read(&bytes, &Trust::default());
        let _ = proof::check(&bytes, &Trust::default());
    }
}
