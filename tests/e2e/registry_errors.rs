//! Registries that answer wrongly: the package is denied with what happened, the others are judged,
//! and nothing of it stays in the store.

use std::time::Duration;

use serde_json::Value;
use sha2::Digest as _;

use crate::project::{Packed, Project, crate_lib, npm_lib, package, text};
use crate::server::{Answer, Server};

const PURE: &str = "module.exports = (a, b) => a + b;\n";

/// Audits with downloads; the registry is the one that the user's own configuration names.
pub fn online(project: &Project, more: &[&str]) -> std::process::Output {
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--offline").collect();
    project.bomvet().args(args).args(["--timeout", "1", "--retries", "1"]).args(more).output().unwrap()
}

pub fn json(project: &Project, more: &[&str]) -> Value {
    let run = online(project, &[&["--format", "json"], more].concat());
    serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&run.stderr)))
}

pub fn user_npmrc(project: &Project, text: &str) {
    std::fs::write(project.home().join(".npmrc"), text).unwrap();
}

/// One line for each package: its verdict and first reason.
fn lines(document: &Value, address: &str) -> String {
    let list = document["packages"].as_array().unwrap();
    list.iter()
        .filter(|package| package["first_party"] == false)
        .map(|package| {
            let reason = &package["reasons"][0];
            let said = reason["message"].as_str().unwrap().replace(address, "SERVER");
            format!(
                "{} {} {}: {said}\n",
                package["name"].as_str().unwrap(),
                package["verdict"].as_str().unwrap(),
                reason["rule"]
            )
        })
        .collect()
}

#[test]
fn each_wrong_answer_is_told_and_costs_its_package_only() {
    type Served = fn(Vec<u8>) -> Answer;
    let answers: Vec<(&str, Served)> = vec![
        ("a-good", Answer::Ok),
        ("b-gone", |_| Answer::Status(404, vec![])),
        ("c-busy", |_| Answer::Status(429, vec![("retry-after", "3600".to_owned())])),
        ("d-broken", |_| Answer::Status(500, vec![])),
        ("e-slow", |_| Answer::Slow(Duration::from_secs(30))),
        ("f-cut", |body| {
            let half = body.len() / 2;
            Answer::Cut(body, half)
        }),
        ("g-garbage", |_| Answer::Garbage),
        ("h-other", |_| Answer::Ok(b"not the archive that was locked".to_vec())),
        ("i-changed", |mut body| {
            let at = body.len() / 2;
            body[at] ^= 1;
            Answer::Ok(body)
        }),
        ("j-huge", |_| Answer::Announce(1 << 40)),
        ("k-denied", |_| Answer::Status(401, vec![])),
        ("l-moved", |_| Answer::Status(302, vec![("location", "ftp://elsewhere.invalid/x".to_owned())])),
    ];
    let packages: Vec<Packed> = answers.iter().map(|(name, _)| npm_lib(name, "1.0.0", PURE)).collect();
    let served: Vec<_> = packages
        .iter()
        .zip(&answers)
        .map(|(package, (_, answer))| (package.clone(), answer(package.archive("package"))))
        .collect();
    let server = crate::registry(&served);
    let project = Project::new();
    project.npm_lock(&packages, |_| None);
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    let began = std::time::Instant::now();
    let document = json(&project, &[]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let mut said = lines(&document, &server.address);
    for package in [&packages[7], &packages[8]] {
        said = said.replace(&hex::encode(sha2::Sha512::digest(package.archive("package"))), "LOCKED");
    }
    insta::assert_snapshot!(said, @r#"
    a-good approve "evidence": contents have the digest of the lockfile (sha512); 2 files checked, nothing that profile `ci` denies
    b-gone deny "gap/not-fetched": b-gone@1.0.0 was not downloaded: `http://SERVER/b-gone/-/b-gone-1.0.0.tgz` answered 404 Not Found; the version may have been removed; check the lockfile and the configured registry
    c-busy deny "gap/not-fetched": c-busy@1.0.0 was not downloaded: `http://SERVER/c-busy/-/c-busy-1.0.0.tgz` answered 429 Too Many Requests; the registry takes no more requests for now; run again later, or with fewer `--connections`
    d-broken deny "gap/not-fetched": d-broken@1.0.0 was not downloaded: `http://SERVER/d-broken/-/d-broken-1.0.0.tgz` answered 500 Internal Server Error (2 tries); check the network and the configured registry, then run again
    e-slow deny "gap/not-fetched": e-slow@1.0.0 was not downloaded: `http://SERVER/e-slow/-/e-slow-1.0.0.tgz`: no answer in time (2 tries); check the network and the configured registry, then run again
    f-cut deny "gap/not-fetched": f-cut@1.0.0 was not downloaded: `http://SERVER/f-cut/-/f-cut-1.0.0.tgz`: cut off after 121 bytes: end of file before message length reached (2 tries); check the network and the configured registry, then run again
    g-garbage deny "gap/not-fetched": g-garbage@1.0.0 was not downloaded: `http://SERVER/g-garbage/-/g-garbage-1.0.0.tgz`: invalid HTTP version parsed (2 tries); check the network and the configured registry, then run again
    h-other deny "acquire/wrong-digest": what `http://SERVER/h-other/-/h-other-1.0.0.tgz` answered has sha512:34aa71761365982e5902f64fa889ee8212b3528a4807cfe6744a6a31726db0475b004d2adac0ae2ba57ce47bdf77fcbdf593a236c54a205887bb0dc25f047cda, the lockfile declares sha512:LOCKED
    i-changed deny "acquire/wrong-digest": what `http://SERVER/i-changed/-/i-changed-1.0.0.tgz` answered has sha512:81bd51b732f8035bbd74d7325d234208a38b2cff05dff8a090ed641c43b7720bc912db58788039d0ae32ca226d2cc5c781c314e967c9de05fd6baadbc18a7ada, the lockfile declares sha512:LOCKED
    j-huge deny "acquire/too-large": `http://SERVER/j-huge/-/j-huge-1.0.0.tgz` answered with more than 536870912 bytes
    k-denied deny "gap/not-fetched": k-denied@1.0.0 was not downloaded: `http://SERVER/k-denied/-/k-denied-1.0.0.tgz` answered 401 Unauthorized; log in to the registry (`npm login`, `cargo login`) and run again
    l-moved deny "gap/not-fetched": l-moved@1.0.0 was not downloaded: `ftp://elsewhere.invalid/x` is not asked: only HTTPS is spoken here; name the registry in your own configuration if you trust it
    "#);
    assert_eq!(document["verdict"], "deny");
    let wrong = package(&document, "h-other");
    let rules: Vec<_> = wrong["findings"].as_array().unwrap().iter().map(|f| f["rule"].clone()).collect();
    assert!(rules.contains(&"acquire/wrong-digest".into()), "{rules:?}");
    // Only what was right is kept.
    let blobs = std::fs::read_dir(project.home().join(".cache/bomvet/blobs")).unwrap().count();
    assert_eq!(blobs, 1);

    // When the registry is well again, the same command is enough.
    drop(server);
    let server = crate::serving(&packages);
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    let document = json(&project, &[]);
    assert_eq!(document["verdict"], "approve", "{}", lines(&document, &server.address));
    assert!(!server.paths().contains(&"/a-good/-/a-good-1.0.0.tgz".to_owned()), "it was kept");
}

#[test]
fn a_busy_registry_is_asked_again() {
    let package = npm_lib("at-second", "1.0.0", PURE);
    let body = package.archive("package");
    for first in [
        Answer::Status(500, vec![]),
        Answer::Status(429, vec![("retry-after", "1".to_owned())]),
        Answer::Garbage,
        Answer::Cut(body.clone(), 10),
    ] {
        let server = Server::start(&[(
            "/at-second/-/at-second-1.0.0.tgz",
            vec![first.clone(), Answer::Ok(body.clone())],
        )]);
        let project = Project::new();
        project.npm_lock(std::slice::from_ref(&package), |_| None);
        user_npmrc(&project, &format!("registry={}\n", server.url()));
        let document = json(&project, &[]);
        assert_eq!(document["verdict"], "approve", "{first:?}: {}", lines(&document, ""));
        assert_eq!(server.paths().len(), 2, "{first:?}");
    }
}

#[test]
fn nobody_listens() {
    let server = crate::serving(&[]);
    let url = server.url();
    drop(server);
    let project = Project::new();
    project.npm_lock(&[npm_lib("not-there", "1.0.0", PURE)], |_| None);
    user_npmrc(&project, &format!("registry={url}\n"));
    let run = online(&project, &[]);
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("gap/not-fetched]: not-there@1.0.0 was not downloaded: `http://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("2 tries") && said.contains("check the network"), "{said}");
}

/// cargo's own credentials: for the registry that they are of, and in no output.
#[test]
fn a_cargo_registry_that_refuses_the_token_is_told_without_it() {
    const TOKEN: &str = "cio_THISISASECRET0123456789";
    let package_of = crate_lib("corp-crate", "1.0.0", "//! Nothing.\n");
    let body = package_of.archive("corp-crate-1.0.0");
    for (answer, verdict) in
        [(Answer::IfAuthorized(TOKEN.to_owned(), body), "approve"), (Answer::Status(401, vec![]), "deny")]
    {
        let dl = Server::start(&[("/corp-crate/1.0.0/download", vec![answer])]);
        let config =
            format!("{{\"dl\": \"{}{{crate}}/{{version}}/download\", \"auth-required\": true}}", dl.url());
        let index = Server::start(&[(
            "/index/config.json",
            vec![Answer::IfAuthorized(TOKEN.to_owned(), config.into_bytes())],
        )]);
        let mut project = Project::new();
        project.cargo(std::slice::from_ref(&package_of));
        std::fs::remove_file(project.crate_cached(&package_of)).unwrap();
        let lock = std::fs::read_to_string(project.root().join("Cargo.lock")).unwrap();
        let source = format!("sparse+{}index/", index.url());
        project.write(
            "Cargo.lock",
            lock.replace("registry+https://github.com/rust-lang/crates.io-index", &source),
        );
        let home = project.home().join(".cargo");
        std::fs::write(home.join("config.toml"), format!("[registries.corp]\nindex = \"{source}\"\n"))
            .unwrap();
        std::fs::write(home.join("credentials.toml"), format!("[registries.corp]\ntoken = \"{TOKEN}\"\n"))
            .unwrap();
        let run = online(&project, &["--format", "json"]);
        let document: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(package(&document, "corp-crate")["verdict"], verdict, "{document:#}");
        assert!(dl.tokens().contains(&Some(TOKEN.to_owned())), "{:?}", dl.tokens());
        let files = crate::project::outputs(&project.out()).into_values();
        for bytes in files.chain([run.stdout.clone(), run.stderr.clone()]) {
            assert!(!text(&bytes).contains(TOKEN), "{verdict}");
        }
    }
}

/// Crates through a sparse registry that replaces crates.io, as cargo's own configuration says.
#[test]
fn crates_from_a_mirror() {
    let good = crate_lib("good-crate", "1.0.0", "//! Nothing.\n");
    let bad = crate_lib("bad-crate", "1.0.0", "//! Nothing.\n");
    let gone = crate_lib("gone-crate", "1.0.0", "//! Nothing.\n");
    let mut project = Project::new();
    project.cargo(&[good.clone(), bad.clone(), gone.clone()]);
    for package in [&good, &bad, &gone] {
        std::fs::remove_file(project.crate_cached(package)).unwrap();
    }
    // The address is known only when the server runs.
    let mut damaged = bad.archive("bad-crate-1.0.0");
    damaged[20] ^= 4;
    let dl = Server::start(&[
        ("/good-crate/1.0.0/download", vec![Answer::Ok(good.archive("good-crate-1.0.0"))]),
        ("/bad-crate/1.0.0/download", vec![Answer::Ok(damaged)]),
    ]);
    let config = format!("{{\"dl\": \"{}{{crate}}/{{version}}/download\"}}", dl.url());
    let index = Server::start(&[("/index/config.json", vec![Answer::Ok(config.into_bytes())])]);
    let text_of = format!(
        "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+{}index/\"\n",
        index.url()
    );
    std::fs::write(project.home().join(".cargo/config.toml"), text_of).unwrap();
    let document = json(&project, &[]);
    assert_eq!(package(&document, "good-crate")["verdict"], "approve", "{}", lines(&document, &dl.address));
    let said = package(&document, "bad-crate")["reasons"].to_string();
    assert!(said.contains("acquire/wrong-digest") && said.contains("Cargo.lock"), "{said}");
    let said = package(&document, "gone-crate")["reasons"].to_string();
    assert!(said.contains("gap/not-fetched") && said.contains("answered 404"), "{said}");
}
