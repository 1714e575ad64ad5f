//! Acquiring against a real server on the loopback interface, and against this machine's caches.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bomvet::acquire::{Acquired, Acquirer, Options, Refusal, discover_homes};
use bomvet::model::{Digest, Ecosystem, GapKind, HashAlgorithm, Package, Provenance, Source};
use bomvet::store::Store;
use support::server::{Answer, Server};
use support::{options, package, tgz};

const PATH: &str = "/left-pad/-/left-pad-1.3.0.tgz";

fn archive() -> Vec<u8> {
    tgz(&[
        ("package/package.json", br#"{"name":"left-pad","version":"1.3.0"}"#),
        ("package/index.js", b"1\n"),
    ])
}

fn left_pad(bytes: &[u8]) -> Package {
    package(Ecosystem::Npm, "left-pad", "1.3.0", vec![Digest::of(HashAlgorithm::Sha512, bytes)])
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Asks one server for `left-pad`.
fn ask(server: &Server, package: &Package) -> Result<Acquired, Box<Refusal>> {
    let root = empty();
    let npmrc = format!("registry={}", server.url());
    Acquirer::new(options(root.path().to_owned(), &npmrc, "", ""), Store::none()).acquire(package)
}

fn provenance(acquired: &Acquired) -> &Provenance {
    match acquired {
        Acquired::Archive { provenance, .. } => provenance,
        Acquired::Distributions { list, .. } => &list[0].provenance,
        Acquired::Folder { contents, .. } => &contents.provenance,
    }
}

/// The message with the server's port taken out.
fn said(server: &Server, refusal: &Refusal) -> String {
    refusal.gap.message.replace(&server.address, "[registry]")
}

#[test]
fn a_package_is_fetched_verified_kept_and_unpacked() {
    let bytes = archive();
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let (root, store) = (empty(), empty());
    let npmrc = format!("registry={}", server.url());
    let options = options(root.path().to_owned(), &npmrc, "", "");
    let acquirer = Acquirer::new(options.clone(), Store::open(store.path().join("s")));
    let package = left_pad(&bytes);
    let got = acquirer.acquire(&package).expect("fetched");
    let against = Digest::of(HashAlgorithm::Sha512, &bytes);
    assert_eq!(provenance(&got), &Provenance::Verified { against: against.clone(), from: "registry" });
    let (contents, findings) = acquirer.unpack(&package, &got).expect("a good archive");
    let paths: Vec<_> = contents.files.iter().map(|file| &*file.path).collect();
    assert_eq!((paths, findings.len()), (vec!["index.js", "package.json"], 0));
    assert_eq!(contents.get("index.js"), Some(b"1\n".as_slice()));
    // The second time it comes from the store, without a request.
    let again =
        Acquirer::new(options, Store::open(store.path().join("s"))).acquire(&package).expect("stored");
    assert_eq!(provenance(&again), &Provenance::Verified { against, from: "store" });
    assert_eq!(server.paths(), [PATH]);
}

#[test]
fn a_damaged_store_entry_is_named_and_fetched_again() {
    let bytes = archive();
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let (root, store) = (empty(), empty());
    let options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    let acquirer = Acquirer::new(options, Store::open(store.path().to_owned()));
    let package = left_pad(&bytes);
    acquirer.acquire(&package).expect("fetched");
    let entry =
        std::fs::read_dir(store.path().join("blobs")).expect("blobs").next().expect("one").expect("entry");
    let mut damaged = std::fs::read(entry.path()).expect("readable");
    damaged[20] ^= 1;
    std::fs::write(entry.path(), damaged).expect("writable");
    let got = acquirer.acquire(&package).expect("fetched again");
    let rules: Vec<_> = got.remarks().findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["store/damaged"]);
    assert!(got.remarks().findings[0].message.contains("blobs/sha512-"), "{:?}", got.remarks());
    assert_eq!(server.paths().len(), 2);
    assert!(acquirer.acquire(&package).expect("stored").remarks().findings.is_empty());
}

#[test]
fn a_missing_version_is_not_asked_for_twice() {
    let server = Server::start(&[]);
    let refusal = ask(&server, &left_pad(b"x")).expect_err("404");
    assert_eq!(refusal.gap.kind, GapKind::NotFetched);
    insta::assert_snapshot!(said(&server, &refusal), @"left-pad@1.3.0 was not downloaded: `http://[registry]/left-pad/-/left-pad-1.3.0.tgz` answered 404 Not Found; the version may have been removed; check the lockfile and the configured registry");
    assert_eq!(server.paths(), [PATH]);
}

#[test]
fn too_many_requests_waits_as_long_as_it_is_told() {
    let bytes = archive();
    let busy = Answer::Status(429, vec![("retry-after", "1".to_owned())]);
    let server = Server::start(&[(PATH, vec![busy, Answer::Ok(bytes.clone())])]);
    let began = Instant::now();
    ask(&server, &left_pad(&bytes)).expect("the second answer");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(server.paths().len(), 2);
}

#[test]
fn a_wait_of_a_day_fails_instead() {
    let busy = Answer::Status(429, vec![("retry-after", "86400".to_owned())]);
    let server = Server::start(&[(PATH, vec![busy])]);
    let refusal = ask(&server, &left_pad(b"x")).expect_err("429");
    insta::assert_snapshot!(said(&server, &refusal), @"left-pad@1.3.0 was not downloaded: `http://[registry]/left-pad/-/left-pad-1.3.0.tgz` answered 429 Too Many Requests; the registry takes no more requests for now; run again later, or with fewer `--connections`");
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn a_server_error_is_tried_again_and_then_given_up() {
    let bytes = archive();
    let broken = || Answer::Status(500, Vec::new());
    let server = Server::start(&[(PATH, vec![broken(), broken(), Answer::Ok(bytes.clone())])]);
    ask(&server, &left_pad(&bytes)).expect("the third answer");
    assert_eq!(server.paths().len(), 3);
    let server = Server::start(&[(PATH, vec![broken()])]);
    let refusal = ask(&server, &left_pad(&bytes)).expect_err("always 500");
    insta::assert_snapshot!(said(&server, &refusal), @"left-pad@1.3.0 was not downloaded: `http://[registry]/left-pad/-/left-pad-1.3.0.tgz` answered 500 Internal Server Error (3 tries); check the network and the configured registry, then run again");
    assert_eq!(server.paths().len(), 3);
}

#[test]
fn a_silent_server_and_one_that_drips_are_given_up_in_time() {
    let server = Server::start(&[(PATH, vec![Answer::Slow(Duration::from_secs(20))])]);
    let began = Instant::now();
    let refusal = ask(&server, &left_pad(b"x")).expect_err("slow");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    insta::assert_snapshot!(said(&server, &refusal), @"left-pad@1.3.0 was not downloaded: `http://[registry]/left-pad/-/left-pad-1.3.0.tgz`: no answer in time (3 tries); check the network and the configured registry, then run again");
    // Each byte comes within the time between bytes; the total still ends it.
    let server = Server::start(&[(PATH, vec![Answer::Drip(Duration::from_millis(50))])]);
    let began = Instant::now();
    let refusal = ask(&server, &left_pad(b"x")).expect_err("dripping");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(refusal.gap.message.contains("not done after 1.5 s"), "{}", refusal.gap.message);
}

#[test]
fn a_body_that_is_cut_off_is_asked_for_again() {
    let bytes = archive();
    let cut = Answer::Cut(bytes.clone(), bytes.len() / 2);
    let server = Server::start(&[(PATH, vec![cut.clone(), Answer::Ok(bytes.clone())])]);
    ask(&server, &left_pad(&bytes)).expect("the second answer");
    let server = Server::start(&[(PATH, vec![cut])]);
    let refusal = ask(&server, &left_pad(&bytes)).expect_err("always cut");
    assert!(refusal.gap.message.contains("cut off after"), "{}", refusal.gap.message);
    assert_eq!(server.paths().len(), 3);
}

#[test]
fn what_is_not_http_is_a_gap() {
    let server = Server::start(&[(PATH, vec![Answer::Garbage])]);
    let refusal = ask(&server, &left_pad(b"x")).expect_err("garbage");
    insta::assert_snapshot!(said(&server, &refusal), @"left-pad@1.3.0 was not downloaded: `http://[registry]/left-pad/-/left-pad-1.3.0.tgz`: invalid HTTP version parsed (3 tries); check the network and the configured registry, then run again");
}

#[test]
fn a_registry_that_is_not_there_is_a_gap() {
    let server = Server::start(&[]);
    let address = server.address.clone();
    drop(server);
    std::thread::sleep(Duration::from_millis(50));
    let root = empty();
    let options = options(root.path().to_owned(), &format!("registry=http://{address}/"), "", "");
    let refusal = Acquirer::new(options, Store::none()).acquire(&left_pad(b"x")).expect_err("refused");
    assert!(refusal.gap.message.contains("(3 tries)"), "{}", refusal.gap.message);
}

#[test]
fn a_wrong_digest_is_a_finding_with_both_and_the_bytes_are_not_kept() {
    let (good, other) = (archive(), tgz(&[("package/index.js", b"2\n")]));
    let server = Server::start(&[(PATH, vec![Answer::Ok(other.clone())])]);
    let (root, store) = (empty(), empty());
    let options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    let store = Store::open(store.path().to_owned());
    let refusal = Acquirer::new(options, store.clone()).acquire(&left_pad(&good)).expect_err("wrong");
    assert_eq!(refusal.findings.len(), 1);
    let finding = &refusal.findings[0];
    assert_eq!(finding.rule, "acquire/wrong-digest");
    for bytes in [&good, &other] {
        let digest = Digest::of(HashAlgorithm::Sha512, bytes).to_string();
        assert!(finding.message.contains(&digest), "{}", finding.message);
    }
    assert_eq!((&*finding.spans[0].file, finding.spans[0].line), ("package-lock.json", 7));
    assert_eq!(server.paths().len(), 1, "a wrong digest is not tried again");
    assert_eq!(store.verify_all().expect("readable").sound, 0);
}

#[test]
fn a_weaker_digest_that_matches_does_not_outvote_a_stronger_one() {
    let (good, other) = (archive(), tgz(&[("package/index.js", b"2\n")]));
    let server = Server::start(&[(PATH, vec![Answer::Ok(other.clone())])]);
    let mut package = left_pad(&good);
    package.integrity.push(Digest::of(HashAlgorithm::Sha1, &other));
    let refusal = ask(&server, &package).expect_err("the SHA-512 is another");
    assert_eq!(refusal.findings[0].rule, "acquire/wrong-digest");
    // SHA-1 alone counts, and is said to be weak.
    package.integrity.remove(0);
    let got = ask(&server, &package).expect("matches");
    assert!(matches!(provenance(&got), Provenance::Verified { .. }));
    assert_eq!(got.remarks().findings[0].rule, "acquire/weak-digest");
    // Nothing at all is unverified.
    package.integrity.clear();
    let got = ask(&server, &package).expect("fetched");
    assert!(matches!(provenance(&got), Provenance::Unverified(_)));
}

#[test]
fn a_body_without_end_is_cut_off_at_the_limit() {
    let server = Server::start(&[("/big/index/config.json", vec![Answer::Endless])]);
    let root = empty();
    let config = format!("[registries.big]\nindex = \"sparse+http://{}/big/index/\"", server.address);
    let mut package = package(Ecosystem::Cargo, "a", "1.0.0", vec![Digest::sha256(b"x")]);
    package.source = Source::Registry {
        registry: Some(format!("sparse+http://{}/big/index/", server.address)),
        url: None,
    };
    let refusal = Acquirer::new(options(root.path().to_owned(), "", &config, ""), Store::none())
        .acquire(&package)
        .expect_err("endless");
    assert!(refusal.gap.message.contains("more than 1048576 bytes"), "{}", refusal.gap.message);
    std::thread::sleep(Duration::from_millis(100));
    let sent = server.sent.load(std::sync::atomic::Ordering::SeqCst);
    assert!(sent < 64 << 20, "{sent} bytes were taken");
}

#[test]
fn an_announced_size_beyond_the_limit_is_not_read() {
    let server = Server::start(&[(PATH, vec![Answer::Announce(99_999_999_999)])]);
    let refusal = ask(&server, &left_pad(b"x")).expect_err("too large");
    assert_eq!(refusal.findings[0].rule, "acquire/too-large");
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn a_token_goes_to_its_registry_and_not_along_with_a_redirect() {
    let bytes = archive();
    let other = Server::start(&[("/cdn/left-pad.tgz", vec![Answer::Ok(bytes.clone())])]);
    let away = vec![("location", format!("{}cdn/left-pad.tgz", other.url()))];
    let server = Server::start(&[(PATH, vec![Answer::Status(302, away)])]);
    let root = empty();
    let npmrc = format!("registry={}\n//{}/:_authToken=npm_sesame", server.url(), server.address);
    let options = options(root.path().to_owned(), &npmrc, "", "");
    assert!(!format!("{options:?}").contains("sesame"), "{options:?}");
    let acquirer = Acquirer::new(options, Store::none());
    assert!(!format!("{acquirer:?}").contains("sesame"));
    acquirer.acquire(&left_pad(&bytes)).expect("fetched");
    assert_eq!(server.tokens(), [Some("Bearer npm_sesame".to_owned())]);
    assert_eq!(other.tokens(), [None]);
}

#[test]
fn redirects_in_a_circle_end() {
    let again = vec![("location", PATH.to_owned())];
    let server = Server::start(&[(PATH, vec![Answer::Status(301, again)])]);
    let refusal = ask(&server, &left_pad(b"x")).expect_err("circle");
    assert!(refusal.gap.message.contains("more than 5 redirects"), "{}", refusal.gap.message);
    assert_eq!(server.paths().len(), 6);
}

#[test]
fn a_refused_token_is_no_part_of_any_message() {
    let server = Server::start(&[(PATH, vec![Answer::Status(401, Vec::new())])]);
    let root = empty();
    let npmrc = format!("registry=http://user:hunter2@{0}/\n//{0}/:_auth=c2VzYW1l", server.address);
    let acquirer = Acquirer::new(options(root.path().to_owned(), &npmrc, "", ""), Store::none());
    let refusal = acquirer.acquire(&left_pad(b"x")).expect_err("401");
    let said = format!("{refusal:?} {acquirer:?}");
    assert!(!said.contains("c2VzYW1l") && !said.contains("hunter2"), "{said}");
    assert!(refusal.gap.message.contains("npm login"), "{}", refusal.gap.message);
    assert_eq!(server.tokens(), [Some("Basic c2VzYW1l".to_owned())], "not tried again");
}

#[test]
fn each_scope_is_asked_at_its_own_registry() {
    let bytes = tgz(&[("package/index.js", b"1\n")]);
    let public = Server::start(&[("/tool/-/tool-1.0.0.tgz", vec![Answer::Ok(bytes.clone())])]);
    let private = Server::start(&[("/npm/@corp/tool/-/tool-1.0.0.tgz", vec![Answer::Ok(bytes.clone())])]);
    let root = empty();
    let npmrc = format!(
        "registry={}\n@corp:registry=http://{1}/npm\n//{1}/npm/:username=u\n//{1}/npm/:_password=cA==\n",
        public.url(),
        private.address
    );
    let acquirer = Acquirer::new(options(root.path().to_owned(), &npmrc, "", ""), Store::none());
    for name in ["tool", "@corp/tool"] {
        let package = package(Ecosystem::Npm, name, "1.0.0", vec![Digest::of(HashAlgorithm::Sha512, &bytes)]);
        acquirer.acquire(&package).expect(name);
    }
    assert_eq!((public.tokens(), private.tokens()), (vec![None], vec![Some("Basic dTpw".to_owned())]));
}

#[test]
fn a_checkout_may_neither_have_a_token_sent_nor_ask_this_machine() {
    let server = Server::start(&[]);
    let root = empty();
    let evil = format!(
        "@corp:registry=http://{0}/\n//{0}/:_authToken=${{NPM_TOKEN}}\nregistry=http://{0}/x/\n",
        server.address
    );
    std::fs::write(root.path().join(".npmrc"), evil).expect("written");
    let npmrc = "//registry.corp.invalid/:_authToken=npm_sesame\n";
    let acquirer = Acquirer::new(options(root.path().to_owned(), npmrc, "", ""), Store::none());
    for name in ["@corp/tool", "tool"] {
        let package = package(Ecosystem::Npm, name, "1.0.0", vec![Digest::sha256(b"x")]);
        let refusal = acquirer.acquire(&package).expect_err("not asked");
        assert!(
            refusal.gap.message.contains("not named by your own configuration"),
            "{}",
            refusal.gap.message
        );
    }
    assert!(server.paths().is_empty());
}

#[test]
fn a_resolved_url_on_a_foreign_host_is_not_used() {
    let bytes = archive();
    let foreign = Server::start(&[]);
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let mut package = left_pad(&bytes);
    for url in [
        format!("{}evil.tgz", foreign.url()),
        "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz".to_owned(),
    ] {
        package.source = Source::Registry { registry: None, url: Some(url) };
        ask(&server, &package).expect("from the configured registry");
    }
    assert_eq!((foreign.paths().len(), server.paths().len()), (0, 2));
}

#[test]
fn offline_opens_no_socket() {
    let server = Server::start(&[(PATH, vec![Answer::Ok(archive())])]);
    let root = empty();
    let mut options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    options.offline = true;
    let acquirer = Acquirer::new(options, Store::none());
    let refusal = acquirer.acquire(&left_pad(&archive())).expect_err("offline");
    insta::assert_snapshot!(refusal.gap.message, @"left-pad@1.3.0 is not on this machine (bomvet's store) and `--offline` forbids to download it; run without it, or `npm ci --ignore-scripts` first");
    assert!(server.paths().is_empty() && !acquirer.opened_connections());
}

#[test]
fn a_sparse_registry_with_a_token_gives_its_template() {
    let bytes = tgz(&[("My-Crate-1.0.0/src/lib.rs", b"")]);
    let dl = "http://ADDRESS/dl/{prefix}/{lowerprefix}/{crate}/{version}/{sha256-checksum}";
    let sum = Digest::sha256(&bytes).hex();
    let path = format!("/dl/My/-C/my/-c/My-Crate/1.0.0/{sum}");
    // The address is known only once the server runs, so the template comes from a second one.
    let files = Server::start(&[(&path, vec![Answer::IfAuthorized("sesame".to_owned(), bytes.clone())])]);
    let config = serde_json::json!({ "dl": dl.replace("ADDRESS", &files.address), "auth-required": true });
    let index = Server::start(&[(
        "/index/config.json",
        vec![Answer::IfAuthorized("sesame".to_owned(), config.to_string().into_bytes())],
    )]);
    let url = format!("sparse+http://{}/index/", index.address);
    let cargo = format!("[registries.corp]\nindex = \"{url}\"");
    let root = empty();
    let mut package = package(Ecosystem::Cargo, "My-Crate", "1.0.0", vec![Digest::sha256(&bytes)]);
    package.source = Source::Registry { registry: Some(url), url: None };
    let with = |credentials: &str| {
        Acquirer::new(options(root.path().to_owned(), "", &cargo, credentials), Store::none())
            .acquire(&package)
    };
    with("[registries.corp]\ntoken = \"sesame\"").expect("fetched");
    assert_eq!(index.tokens(), [None, Some("sesame".to_owned())], "only when asked for");
    assert_eq!(files.tokens(), [Some("sesame".to_owned())]);
    let refusal = with("").expect_err("no token");
    assert!(refusal.gap.message.contains("cargo login"), "{}", refusal.gap.message);
}

#[test]
fn crates_io_is_replaced_as_the_users_configuration_says_and_not_as_the_checkouts() {
    let bytes = tgz(&[("a-1.0.0/src/lib.rs", b"")]);
    let config = |address: &str| format!("{{\"dl\":\"http://{address}/dl\"}}").into_bytes();
    let files = Server::start(&[("/dl/a/1.0.0/download", vec![Answer::Ok(bytes.clone())])]);
    let index = Server::start(&[("/config.json", vec![Answer::Ok(config(&files.address))])]);
    let cargo = format!(
        "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+{}\"",
        index.url()
    );
    let root = empty();
    std::fs::create_dir(root.path().join(".cargo")).expect("folder");
    let evil =
        "[source.crates-io]\nreplace-with=\"e\"\n[source.e]\nregistry=\"sparse+https://evil.invalid/\"";
    std::fs::write(root.path().join(".cargo/config.toml"), evil).expect("written");
    let package = package(Ecosystem::Cargo, "a", "1.0.0", vec![Digest::sha256(&bytes)]);
    Acquirer::new(options(root.path().to_owned(), "", &cargo, ""), Store::none())
        .acquire(&package)
        .expect("from the mirror");
    assert_eq!((index.paths(), files.paths().len()), (vec!["/config.json".to_owned()], 1));
}

#[test]
fn a_bundled_package_is_its_folder_of_the_outer_archive() {
    let bytes = tgz(&[
        ("package/package.json", b"{}"),
        ("package/node_modules/in/package.json", b"{\"name\":\"in\"}"),
        ("package/node_modules/in/node_modules/deep/x.js", b"3"),
        ("package/node_modules/unknown/x.js", b"4"),
    ]);
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let outer = left_pad(&bytes);
    let inner = |name: &str, path: &str| Package {
        source: Source::Bundled { within: outer.purl.clone(), path: path.to_owned() },
        ..package(Ecosystem::Npm, name, "1.0.0", Vec::new())
    };
    let packages =
        [outer.clone(), inner("in", "node_modules/in"), inner("deep", "node_modules/in/node_modules/deep")];
    let root = empty();
    let options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    let acquirer = Acquirer::new(options, Store::none()).knowing(&packages);
    let mut subjects = Vec::new();
    let mut files = Vec::new();
    for package in &packages {
        let got = acquirer.acquire(package).expect("acquired");
        assert!(matches!(provenance(&got), Provenance::Verified { .. }));
        subjects.push(got.subject());
        let (contents, _) = acquirer.unpack(package, &got).expect("unpacked");
        files.push(contents.files.iter().map(|file| file.path.to_string()).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(files, ["node_modules/unknown/x.js package.json", "package.json", "x.js"]);
    subjects.dedup();
    assert_eq!(subjects.len(), 3, "each has its own cache key");
}

#[test]
fn homes_are_found_in_the_environment_and_the_npmrc() {
    let home = empty();
    std::fs::write(home.path().join(".npmrc"), "cache = ~/c\n//r.invalid/:_authToken=${TOKEN}\n")
        .expect("written");
    let env = |name: &str| match name {
        "CARGO_HOME" => Some("/x/cargo".to_owned()),
        "TOKEN" => Some("npm_sesame".to_owned()),
        _ => None,
    };
    let found = discover_homes(&env, Some(home.path().to_owned()));
    assert_eq!(found.cargo_home, Some(PathBuf::from("/x/cargo")));
    assert_eq!(found.npm_cache, Some(home.path().join("c")));
    assert!(!format!("{found:?}").contains("sesame"));
    let found = discover_homes(&|_| None, Some(home.path().to_owned()));
    assert_eq!(found.cargo_home, Some(home.path().join(".cargo")));
    assert!(found.npm.problems[0].contains("`TOKEN` is not set"), "{:?}", found.npm.problems);
}

/// Every crate of this project's own lockfile that lies in the user's cache.
#[test]
fn the_users_own_cargo_cache_is_read_verified_and_unpacked() {
    let homes = discover_homes(&|name| std::env::var(name).ok(), std::env::home_dir());
    let cache = homes.cargo_home.as_ref().map(|home| home.join("registry/cache"));
    if !cache.is_some_and(|cache| cache.is_dir()) {
        eprintln!("skipped: there is no cargo cache on this machine");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock: toml::Table =
        std::fs::read_to_string(root.join("Cargo.lock")).expect("a lockfile").parse().expect("TOML");
    let acquirer = Acquirer::new(Options { offline: true, root: root.to_owned(), ..homes }, Store::none());
    let mut got = 0;
    for entry in lock["package"].as_array().expect("packages") {
        let text = |key: &str| entry.get(key).and_then(|value| value.as_str());
        let Some(sum) = text("checksum") else { continue };
        let sum = Digest::from_hex(HashAlgorithm::Sha256, sum).expect("a digest");
        let package = package(
            Ecosystem::Cargo,
            text("name").expect("name"),
            text("version").expect("version"),
            vec![sum],
        );
        // Cargo fetches for the host only, so not all are there; those that are must be good.
        let Ok(acquired) = acquirer.acquire(&package) else { continue };
        let (contents, findings) = acquirer.unpack(&package, &acquired).expect("an honest crate");
        assert!(contents.get("Cargo.toml").is_some(), "{}", package.label());
        assert_eq!(findings, [], "{}", package.label());
        got += 1;
    }
    assert!(got > 0, "none of the locked crates is in the cache");
    eprintln!("{got} crates read");
}

/// Every finding id that the stage can raise has a rule file, and every rule file is raised.
#[test]
fn findings_and_rule_files_are_the_same_set() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = std::collections::BTreeSet::new();
    let mut folders = vec![root.join("src/acquire"), root.join("src/audit.rs")];
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(path).expect("folder").flatten().map(|entry| entry.path()));
            continue;
        }
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("source");
        for quoted in text.split('"') {
            let id = quoted.split_once('/').filter(|(area, name)| {
                ["acquire", "archive", "store"].contains(area)
                    && !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            });
            used.extend(id.map(|_| quoted.to_owned()));
        }
    }
    let mut files = std::collections::BTreeSet::new();
    for area in ["acquire", "archive", "store"] {
        for entry in std::fs::read_dir(root.join("rules").join(area)).expect("rules").flatten() {
            let rule: toml::Table =
                std::fs::read_to_string(entry.path()).expect("a rule").parse().expect("TOML");
            let id = rule["id"].as_str().expect("an id").to_owned();
            assert_eq!(format!("{id}.toml"), format!("{area}/{}", entry.file_name().display()));
            files.insert(id);
        }
    }
    assert_eq!(used, files);
}

fn write(root: &Path, path: &str, body: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, body).expect("written");
}

/// A vendored `a@1.0.0` and its archive in a cargo cache, which may be left out.
fn vendored(cached: bool, change: impl FnOnce(&Path)) -> (tempfile::TempDir, Result<Acquired, Box<Refusal>>) {
    let manifest = b"[package]\nname = \"a\"\nversion = \"1.0.0\"\n".as_slice();
    let bytes =
        tgz(&[("a-1.0.0/Cargo.toml", manifest), ("a-1.0.0/src/lib.rs", b"1"), ("a-1.0.0/.gitignore", b"")]);
    let sum = Digest::sha256(&bytes);
    let root = empty();
    let folder = root.path().join("third-party/a");
    write(&folder, "Cargo.toml", manifest);
    write(&folder, "src/lib.rs", b"1");
    let sums = |body: &[u8]| Digest::sha256(body).hex();
    let list = serde_json::json!({
        "files": { "Cargo.toml": sums(manifest), "src/lib.rs": sums(b"1") }, "package": sum.hex(),
    });
    write(&folder, ".cargo-checksum.json", list.to_string().as_bytes());
    let config = "[source.v]\ndirectory = \"third-party\"\n[build]\nrustc-wrapper = \"evil\"\n";
    write(root.path(), ".cargo/config.toml", config.as_bytes());
    let home = root.path().join("home");
    if cached {
        write(&home, "registry/cache/index/a-1.0.0.crate", &bytes);
    }
    change(&folder);
    let mut options = options(root.path().to_owned(), "", "", "");
    (options.offline, options.cargo_home) = (true, Some(home));
    let package = package(Ecosystem::Cargo, "a", "1.0.0", vec![sum]);
    let got = Acquirer::new(options, Store::none()).acquire(&package);
    (root, got)
}

fn rules(acquired: &Acquired) -> Vec<&str> {
    let mut rules: Vec<_> = acquired.remarks().findings.iter().map(|f| f.rule.as_str()).collect();
    rules.sort_unstable();
    rules
}

#[test]
fn a_vendored_copy_is_compared_with_the_published_archive() {
    let (_root, got) = vendored(true, |_| {});
    let got = got.expect("good");
    assert!(matches!(provenance(&got), Provenance::Verified { from: "cargo-vendor", .. }), "{got:?}");
    assert_eq!(rules(&got), [""; 0]);
    let Acquired::Folder { contents, .. } = &got else { panic!("a folder") };
    assert_eq!(contents.get("src/lib.rs"), Some(b"1".as_slice()));

    // Without the archive there is only its own word.
    let (_root, got) = vendored(false, |_| {});
    let got = got.expect("contents");
    assert!(matches!(provenance(&got), Provenance::Unverified(_)));
    assert_eq!(rules(&got), ["acquire/vendor-unproven"]);
}

#[test]
fn a_changed_vendored_copy_is_found_whether_or_not_its_list_was_changed_too() {
    let (_root, got) = vendored(true, |folder| {
        write(folder, "src/lib.rs", b"2");
        write(folder, "build.rs", b"evil");
        std::fs::remove_file(folder.join("Cargo.toml")).expect("removed");
        write(folder, "Cargo.toml", b"[package]\nname = \"a\"\nversion = \"1.0.0\"\n");
    });
    let got = got.expect("contents");
    assert_eq!(rules(&got), ["acquire/vendor-changed", "acquire/vendor-differs", "acquire/vendor-extra"]);
    assert!(matches!(provenance(&got), Provenance::Unverified(_)));

    let (_root, got) = vendored(true, |folder| {
        write(folder, "src/lib.rs", b"2");
        let path = folder.join(".cargo-checksum.json");
        let list = std::fs::read_to_string(&path).expect("read");
        let list = list.replace(&Digest::sha256(b"1").hex(), &Digest::sha256(b"2").hex());
        std::fs::write(path, list).expect("written");
    });
    assert_eq!(rules(&got.expect("contents")), ["acquire/vendor-differs"]);

    let (_root, got) = vendored(false, |folder| {
        let path = folder.join(".cargo-checksum.json");
        std::fs::write(path, r#"{"files":{"gone.rs":"00"},"package":"00"}"#).expect("written");
    });
    assert_eq!(
        rules(&got.expect("contents")),
        [
            "acquire/vendor-extra",
            "acquire/vendor-extra",
            "acquire/vendor-missing",
            "acquire/vendor-unproven",
            "acquire/wrong-digest"
        ]
    );
}

#[test]
fn npms_cache_is_read_by_digest_and_a_damaged_file_in_it_is_passed_over() {
    let bytes = archive();
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let root = empty();
    let digest = Digest::of(HashAlgorithm::Sha512, &bytes);
    let hex = digest.hex();
    let path = format!("npm/_cacache/content-v2/sha512/{}/{}/{}", &hex[..2], &hex[2..4], &hex[4..]);
    write(root.path(), &path, &bytes);
    let mut options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    options.npm_cache = Some(root.path().join("npm"));
    let acquirer = Acquirer::new(options, Store::none());
    let got = acquirer.acquire(&left_pad(&bytes)).expect("cached");
    assert_eq!(provenance(&got), &Provenance::Verified { against: digest, from: "npm-cache" });
    assert!(server.paths().is_empty());
    write(root.path(), &path, b"damaged");
    let got = acquirer.acquire(&left_pad(&bytes)).expect("fetched");
    assert_eq!((rules(&got), server.paths().len()), (vec!["acquire/stale-cache"], 1));
}

#[test]
fn offline_a_cache_with_the_wrong_archive_is_a_wrong_digest() {
    let root = empty();
    write(root.path(), "home/registry/cache/i/a-1.0.0.crate", b"other");
    let mut options = options(root.path().to_owned(), "", "", "");
    (options.offline, options.cargo_home) = (true, Some(root.path().join("home")));
    let package = package(Ecosystem::Cargo, "a", "1.0.0", vec![Digest::sha256(b"x")]);
    let refusal = Acquirer::new(options, Store::none()).acquire(&package).expect_err("wrong");
    assert_eq!(refusal.findings[0].rule, "acquire/wrong-digest");
}

#[test]
fn an_archive_of_the_project_and_its_own_folders_stay_within_it() {
    let outside = empty();
    write(outside.path(), "secret.tgz", &archive());
    let root = outside.path().join("root");
    write(&root, "lib/x.tgz", &archive());
    write(&root, "app/index.js", b"1");
    write(&root, "app/inner/index.js", b"2");
    let acquirer = |packages: &[Package]| {
        Acquirer::new(options(root.clone(), "", "", ""), Store::none()).knowing(packages)
    };
    let file =
        |path: &str| Package { source: Source::File { path: path.to_owned() }, ..left_pad(&archive()) };
    let got = acquirer(&[]).acquire(&file("lib/x.tgz")).expect("there");
    assert!(matches!(provenance(&got), Provenance::Verified { .. }));
    let refusal = acquirer(&[]).acquire(&file("../secret.tgz")).expect_err("outside");
    assert_eq!(refusal.findings[0].rule, "acquire/outside-root");
    let own = |path: &str| Package { source: Source::Path { path: path.to_owned() }, ..left_pad(b"") };
    let refusal = acquirer(&[]).acquire(&own("..")).expect_err("outside");
    assert_eq!(refusal.findings[0].rule, "acquire/outside-root");
    let packages = [own("app"), own("app/inner")];
    let files: Vec<_> = packages
        .iter()
        .map(|package| match acquirer(&packages).acquire(package).expect("own") {
            Acquired::Folder { contents, .. } => contents.files.iter().map(|f| f.path.to_string()).collect(),
            Acquired::Archive { .. } | Acquired::Distributions { .. } => Vec::new(),
        })
        .collect();
    assert_eq!(files, [["index.js"], ["index.js"]]);
}

#[test]
fn a_store_that_cannot_be_written_costs_a_note_and_nothing_else() {
    let bytes = archive();
    let server = Server::start(&[(PATH, vec![Answer::Ok(bytes.clone())])]);
    let root = empty();
    write(root.path(), "store", b"a file where the folder should be");
    let options = options(root.path().to_owned(), &format!("registry={}", server.url()), "", "");
    let acquirer = Acquirer::new(options, Store::open(root.path().join("store")));
    acquirer.acquire(&left_pad(&bytes)).expect("fetched");
    assert_eq!(acquirer.notes().len(), 1, "{:?}", acquirer.notes());
}

#[test]
fn the_npmrc_beside_a_nested_lockfile_counts_for_it_alone() {
    let root = empty();
    // A refused address shows which one would have been asked, without a connection.
    write(root.path(), ".npmrc", b"@s:registry=http://root.test/\n");
    write(root.path(), "other/.npmrc", b"@s:registry=http://other.test/\n");
    let mut packages = [("package-lock.json", "root.test"), ("other/package-lock.json", "other.test")].map(
        |(file, expected)| {
            let mut package = package(Ecosystem::Npm, "@s/x", "1.0.0", vec![Digest::sha256(b"x")]);
            package.declared.file = file.into();
            (package, expected)
        },
    );
    packages.sort();
    let all: Vec<_> = packages.iter().map(|(package, _)| package.clone()).collect();
    let acquirer = Acquirer::new(options(root.path().to_owned(), "", "", ""), Store::none()).knowing(&all);
    for (package, expected) in &packages {
        let refusal = acquirer.acquire(package).expect_err("plain HTTP, named by the checkout");
        assert!(refusal.gap.message.contains(expected), "{}", refusal.gap.message);
    }
}

#[test]
fn a_file_of_certificates_that_cannot_be_read_is_said() {
    let root = empty();
    let options =
        options(root.path().to_owned(), "cafile=/nowhere/ca.pem\nregistry=http://127.0.0.1:9/", "", "");
    let refusal = Acquirer::new(options, Store::none()).acquire(&left_pad(b"x")).expect_err("no client");
    assert!(refusal.gap.message.contains("certificates cannot be read"), "{}", refusal.gap.message);
}
