//! What the tests of downloading need: a small HTTP/1.1 server, packages and archives.
#![allow(dead_code, missing_docs, reason = "each test file uses its own part")]

pub mod server;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bomvet::acquire::Options;
use bomvet::acquire::net::Timing;
use bomvet::acquire::registry::cargo::CargoConfig;
use bomvet::acquire::registry::npm::NpmConfig;
use bomvet::model::{Digest, Ecosystem, Location, Package};

/// A package of the default registry.
pub fn package(ecosystem: Ecosystem, name: &str, version: &str, integrity: Vec<Digest>) -> Package {
    let lockfile = match ecosystem {
        Ecosystem::Cargo => "Cargo.lock",
        Ecosystem::Npm => "package-lock.json",
        other => panic!("no project of {other} is made here"),
    };
    Package {
        integrity,
        ..Package::registry(
            ecosystem,
            name,
            version,
            Location { file: Arc::from(lockfile), line: 7, column: 3 },
        )
    }
}

/// A gzip-compressed tar archive with these files.
pub fn tgz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, body) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(body.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *body).expect("in memory");
    }
    gzip(&tar.into_inner().expect("in memory"))
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).expect("in memory");
    out.finish().expect("in memory")
}

/// Short times, so that a test of a slow server is quick.
pub fn timing() -> Timing {
    Timing {
        connect: Duration::from_millis(500),
        read: Duration::from_millis(300),
        total: Duration::from_millis(1500),
        retries: 2,
        pause: Duration::from_millis(5),
    }
}

/// Options whose npm and Cargo configuration are these texts, without any other place.
pub fn options(root: PathBuf, npmrc: &str, cargo: &str, credentials: &str) -> Options {
    let none = |_: &str| None;
    Options {
        root,
        connections: 4,
        npm: NpmConfig::parse(npmrc, &none),
        cargo: CargoConfig::parse(cargo, credentials, std::path::Path::new("/nowhere/.cargo"), &none),
        timing: timing(),
        ..Options::default()
    }
}
