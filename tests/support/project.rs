//! Builds projects whose packages are packed here and lie in the package managers' caches, and runs the binary
//! on them: no network, no home of the user.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::Digest as _;

/// 2026-11-24T00:00:00Z.
pub const EPOCH: &str = "1795478400";

/// A package as an author would publish it.
#[derive(Debug, Clone)]
pub struct Packed {
    pub name: String,
    pub version: String,
    pub files: BTreeMap<String, String>,
    /// Packs the files in the opposite order.
    pub reversed: bool,
}

impl Packed {
    pub fn new(name: &str, version: &str, files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { name: name.to_owned(), version: version.to_owned(), files, reversed: false }
    }

    /// The archive: a gzipped tar with every file below `top`.
    pub fn archive(&self, top: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut files: Vec<_> = self.files.iter().collect();
        if self.reversed {
            files.reverse();
        }
        for (path, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_cksum();
            tar.append_data(&mut header, format!("{top}/{path}"), text.as_bytes()).unwrap();
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&tar.into_inner().unwrap()).unwrap();
        gz.finish().unwrap()
    }
}

/// A temporary world: the project and a home of its own.
pub struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["project", "home", "out", "db"] {
            std::fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        let this = Self { dir };
        // A database for each ecosystem, with a record that hits nothing.
        for (ecosystem, name) in [("npm", "no-such-package-a"), ("crates.io", "no-such-package-b")] {
            let record = json!({
                "id": format!("TEST-{name}"), "modified": "2026-11-20T00:00:00Z", "schema_version": "1.6.0",
                "affected": [{"package": {"ecosystem": ecosystem, "name": name},
                    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}],
            });
            std::fs::write(this.db().join(format!("{name}.json")), record.to_string()).unwrap();
        }
        this
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub fn db(&self) -> PathBuf {
        self.dir.path().join("db")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        write(&self.root().join(path), text.as_ref());
    }

    /// An npm project that depends on the packages; their archives are in npm's cache.
    pub fn npm(&mut self, packages: &[Packed]) {
        for package in packages {
            write(&self.npm_cached(package), &package.archive("package"));
        }
        self.npm_lock(packages, |_| None);
    }

    /// Where npm's cache holds a package's archive.
    pub fn npm_cached(&self, package: &Packed) -> PathBuf {
        let hex = hex::encode(sha2::Sha512::digest(package.archive("package")));
        let cache = self.home().join(".npm/_cacache/content-v2/sha512");
        cache.join(&hex[..2]).join(&hex[2..4]).join(&hex[4..])
    }

    /// Where cargo's cache holds a package's archive.
    pub fn crate_cached(&self, package: &Packed) -> PathBuf {
        let cache = self.home().join(".cargo/registry/cache/index.crates.io-1949cf8c6b5b557f");
        cache.join(format!("{}-{}.crate", package.name, package.version))
    }

    /// Writes manifest and lockfile of an npm project; `resolved` gives the URL that an entry is
    /// locked to.
    pub fn npm_lock(&self, packages: &[Packed], resolved: impl Fn(&Packed) -> Option<String>) {
        let mut dependencies = BTreeMap::new();
        let mut entries = serde_json::Map::new();
        for package in packages {
            let archive = package.archive("package");
            let digest = sha2::Sha512::digest(&archive);
            dependencies.insert(package.name.clone(), package.version.clone());
            let mut entry = json!({
                "version": package.version,
                "integrity": format!("sha512-{}", base64::engine::general_purpose::STANDARD.encode(digest)),
                "license": "MIT",
            });
            if let Some(url) = resolved(package) {
                entry["resolved"] = json!(url);
            }
            if package.files.get("package.json").is_some_and(|m| m.contains("install\"")) {
                entry["hasInstallScript"] = json!(true);
            }
            entries.insert(format!("node_modules/{}", package.name), entry);
        }
        let root = json!({"name": "app", "version": "1.0.0", "license": "MIT", "dependencies": dependencies});
        entries.insert(String::new(), root.clone());
        let lock = json!({
            "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries,
        });
        self.write("package.json", serde_json::to_string_pretty(&root).unwrap());
        self.write("package-lock.json", serde_json::to_string_pretty(&lock).unwrap());
    }

    /// A Cargo project that depends on the packages; their archives are in cargo's cache.
    pub fn cargo(&mut self, packages: &[Packed]) {
        let mut manifest =
            "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n\n[dependencies]\n"
                .to_owned();
        let mut lock =
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n".to_owned();
        for package in packages {
            manifest += &format!("{} = \"{}\"\n", package.name, package.version);
            lock += &format!(" \"{}\",\n", package.name);
        }
        lock += "]\n";
        for package in packages {
            let top = format!("{}-{}", package.name, package.version);
            let archive = package.archive(&top);
            write(&self.crate_cached(package), &archive);
            lock += &format!(
                "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
                package.name,
                package.version,
                hex::encode(sha2::Sha256::digest(&archive))
            );
        }
        self.write("Cargo.toml", manifest);
        self.write("Cargo.lock", lock);
        self.write("src/lib.rs", "//! Nothing.\n");
    }

    /// The binary with a clean environment: a home of its own, no network, no configuration.
    pub fn bomvet(&self) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the program under test")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_bomvet"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .current_dir(self.root());
        command
    }

    /// Arguments of an offline audit whose files go to `out`.
    pub fn audit_args(&self) -> Vec<std::ffi::OsString> {
        let mut args: Vec<std::ffi::OsString> =
            ["audit", ".", "--offline", "--lockfile-only", "--unsigned", "--output"].map(Into::into).into();
        args.push(self.out().into());
        args.push("--db".into());
        args.push(self.db().into());
        args
    }

    /// Runs an offline audit.
    pub fn run(&self, more: &[&str]) -> Output {
        self.bomvet().args(self.audit_args()).args(more).output().unwrap()
    }

    /// Runs an offline audit and gives its JSON document.
    pub fn audit(&self, more: &[&str]) -> Value {
        let output = self.run(&[more, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}\nstdout: {}\nstderr: {}", text(&output.stdout), text(&output.stderr))
        })
    }
}

/// A package of one pure function.
pub fn npm_lib(name: &str, version: &str, code: &str) -> Packed {
    let manifest = format!(
        "{{\"name\": \"{name}\", \"version\": \"{version}\", \"license\": \"MIT\", \"main\": \"index.js\"}}"
    );
    Packed::new(name, version, &[("package.json", &manifest), ("index.js", code)])
}

/// The same as a crate.
pub fn crate_lib(name: &str, version: &str, code: &str) -> Packed {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\nlicense = \"MIT\"\n"
    );
    Packed::new(name, version, &[("Cargo.toml", &manifest), ("src/lib.rs", code)])
}

/// The files that an audit wrote, by name.
pub fn outputs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// The package of that name in a JSON document.
pub fn package<'a>(document: &'a Value, name: &str) -> &'a Value {
    let list = document["packages"].as_array().unwrap();
    list.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("no `{name}` in the result"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
