//! The binary from end to end: what people, CI and attackers make of it.

mod across;
mod agents;
mod bad_input;
mod check;
mod copies;
mod deep;
mod determinism;
mod escapes;
mod interrupted;
mod ledger;
#[path = "../review/liars.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod liars;
mod npmrc;
#[path = "../support/project.rs"]
mod project;
mod provenance;
mod registry_errors;
mod review;
#[path = "../review_server/mod.rs"]
mod review_server;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod server;
mod since;
mod tamper;
#[cfg(target_os = "linux")]
mod traced;
mod vet;

use project::Packed;

/// An npm registry that answers for each package as told, for others with 404.
fn registry(packages: &[(Packed, server::Answer)]) -> server::Server {
    let paths: Vec<(String, Vec<server::Answer>)> = packages
        .iter()
        .map(|(package, answer)| {
            let base = package.name.rsplit('/').next().unwrap();
            (format!("/{}/-/{base}-{}.tgz", package.name, package.version), vec![answer.clone()])
        })
        .collect();
    let paths: Vec<(&str, Vec<server::Answer>)> =
        paths.iter().map(|(path, answers)| (path.as_str(), answers.clone())).collect();
    server::Server::start(&paths)
}

/// What a whole registry holds.
fn serving(packages: &[Packed]) -> server::Server {
    let answers: Vec<_> = packages
        .iter()
        .map(|package| (package.clone(), server::Answer::Ok(package.archive("package"))))
        .collect();
    registry(&answers)
}

/// The variables that let a rustup proxy find its toolchain, which a home of the test's own hides.
fn toolchain() -> Vec<(&'static str, std::ffi::OsString)> {
    let home = std::env::home_dir().unwrap_or_default();
    let rustup = std::env::var_os("RUSTUP_HOME").unwrap_or_else(|| home.join(".rustup").into());
    vec![("RUSTUP_HOME", rustup)]
}
