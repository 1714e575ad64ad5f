//! The one process that bomvet starts: `cargo metadata`, neutralised.
//!
//! Cargo reads `.cargo/config.toml` (which may name a `rustc`, wrappers, credential providers) and
//! rustup `rust-toolchain.toml` from the folder that they are *started in* and those above it,
//! never from the manifest's. So cargo starts in an empty folder of bomvet's own, with no such
//! file above it, an environment of a few variables, `--locked` (nothing is written), a limit on
//! output and time; and only a cargo that lies outside the audited folder, found by an absolute
//! entry of `PATH`, is started at all. What the user's own configuration in `CARGO_HOME` says
//! holds, as in every run of cargo; a `CARGO_HOME` inside the audited folder is refused.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest run, with downloads.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Largest output that is read, in bytes. 583 packages give 4 MB.
const OUTPUT_LIMIT: u64 = 512 << 20;

/// Largest error text that is kept, in bytes.
const ERROR_LIMIT: u64 = 64 << 10;

/// Variables that are passed on, where set: where cargo and rustup live, how the user reaches the
/// network, and the language of messages.
const PASSED_ON: &[&str] = &[
    "HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LANG",
    #[cfg(windows)]
    "USERPROFILE",
    #[cfg(windows)]
    "SystemRoot",
];

/// Why cargo gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It would have to change the lockfile.
    #[error("the lockfile does not fit the manifests; run `cargo update --workspace`")]
    LockfileOutOfDate,
    /// Anything else, in one line.
    #[error("{0}")]
    Other(String),
}

fn other(message: impl Into<String>) -> Failure {
    Failure::Other(message.into())
}

/// A cargo that may be started.
#[derive(Debug)]
pub struct Cargo {
    /// Absolute path.
    pub program: PathBuf,
    /// The environment, all of it.
    pub environment: Vec<(OsString, OsString)>,
    /// `CARGO_HOME`, for cache keys.
    pub home: Option<PathBuf>,
    directory: PathBuf,
    /// Keeps a folder of our own alive.
    _temporary: Option<tempfile::TempDir>,
}

impl Cargo {
    /// Looks for cargo on `PATH`. `root` must be canonical; `clean_dir` may be empty.
    ///
    /// # Errors
    /// Where there is none, or none that may be started.
    pub fn find(root: &Path, clean_dir: &Path) -> Result<Self, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let variable = |name: &&str| Some((OsString::from(name), std::env::var_os(name)?));
        Self::find_with(root, clean_dir, &path, PASSED_ON.iter().filter_map(variable).collect())
    }

    fn find_with(
        root: &Path,
        clean_dir: &Path,
        path: &OsString,
        mut environment: Vec<(OsString, OsString)>,
    ) -> Result<Self, Failure> {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let inside = |path: &Path| real(path).starts_with(root) || path.starts_with(root);
        // rustc, too, is then found outside the audited folder only.
        let folders: Vec<PathBuf> =
            std::env::split_paths(path).filter(|folder| folder.is_absolute() && !inside(folder)).collect();
        let name = format!("cargo{}", std::env::consts::EXE_SUFFIX);
        let program = folders
            .iter()
            .map(|folder| folder.join(&name))
            .find(|program| program.is_file() && !inside(program))
            .ok_or_else(|| other("cargo is not on the `PATH` outside the audited folder"))?;
        for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            let value = environment.iter().find(|(key, _)| key == name).map(|(_, value)| Path::new(value));
            // HOME above or beside the project is normal; the two others must not be given by it.
            if let Some(value) = value
                && (!value.is_absolute() || inside(value))
            {
                return Err(other(format!(
                    "`{name}` lies in the audited folder, which could then configure cargo"
                )));
            }
        }
        let home = |name: &str| {
            environment.iter().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value))
        };
        let cargo_home = home("CARGO_HOME").or_else(|| Some(home("HOME")?.join(".cargo")));
        if cargo_home.as_deref().is_some_and(inside) {
            return Err(other("cargo's home lies in the audited folder, which could then configure cargo"));
        }
        environment.push((
            OsString::from("PATH"),
            std::env::join_paths(&folders).map_err(|e| other(e.to_string()))?,
        ));
        environment.sort();
        let (directory, temporary) = if clean_dir.as_os_str().is_empty() {
            let folder = tempfile::TempDir::with_prefix("bomvet-")
                .map_err(|error| other(format!("no temporary folder to start cargo in: {error}")))?;
            (folder.path().to_owned(), Some(folder))
        } else {
            std::fs::create_dir_all(clean_dir)
                .map_err(|error| other(format!("no empty folder to start cargo in: {error}")))?;
            (clean_dir.to_owned(), None)
        };
        let directory = real(&directory);
        if inside(&directory) {
            return Err(other("the folder to start cargo in lies in the audited folder"));
        }
        let cargo_home_real = cargo_home.as_deref().map(real);
        for above in directory.ancestors() {
            for name in [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"] {
                let own = name.starts_with(".cargo") && Some(real(&above.join(".cargo"))) == cargo_home_real;
                if !own && std::fs::symlink_metadata(above.join(name)).is_ok() {
                    return Err(other(format!(
                        "a `{name}` lies above the folder to start cargo in; move it, or set `TMPDIR`"
                    )));
                }
            }
        }
        Ok(Self { program, environment, home: cargo_home, directory, _temporary: temporary })
    }

    /// Runs `cargo metadata` on a manifest: first without the network; if crates are missing and
    /// the run is not `offline`, with it.
    ///
    /// # Errors
    /// Where it fails, takes too long or says too much.
    pub fn metadata(&self, manifest: &Path, config: &[String], offline: bool) -> Result<String, Failure> {
        match self.run(manifest, config, true) {
            Err(Failure::Other(_)) if !offline => self.run(manifest, config, false),
            Err(Failure::Other(message)) if message.contains("--offline") => Err(other(
                "crates that cargo would need are not on the machine, and the run is offline; run `cargo fetch`",
            )),
            answer => answer,
        }
    }

    fn run(&self, manifest: &Path, config: &[String], offline: bool) -> Result<String, Failure> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that starts a process, and only this one"
        )]
        let mut command = std::process::Command::new(&self.program);
        command
            .args(["metadata", "--format-version", "1", "--locked", "--all-features", "--quiet"])
            .args(["--color", "never", "--manifest-path"])
            .arg(manifest)
            // No helper program for git either, whoever configured it.
            .args(["--config", "net.git-fetch-with-cli=false"]);
        for value in config {
            command.arg("--config").arg(value);
        }
        if offline {
            command.arg("--offline");
        }
        let mut child = command
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| other(format!("cargo cannot be started: {error}")))?;
        let stdout = drain(child.stdout.take(), OUTPUT_LIMIT);
        let stderr = drain(child.stderr.take(), ERROR_LIMIT);
        let deadline = Instant::now() + TIME_LIMIT;
        let left = || deadline.saturating_duration_since(Instant::now());
        let output = stdout.recv_timeout(left());
        let Ok(output) = output else { return Err(stop(child, "cargo took too long")) };
        let Some(output) = output else { return Err(stop(child, "cargo's output is larger than the limit")) };
        let errors =
            stderr.recv_timeout(left().min(Duration::from_secs(10))).ok().flatten().unwrap_or_default();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if !left().is_zero() => std::thread::sleep(Duration::from_millis(2)),
                _ => return Err(stop(child, "cargo took too long")),
            }
        };
        if status.success() {
            return String::from_utf8(output).map_err(|_| other("cargo's output is not UTF-8"));
        }
        Err(explain(&String::from_utf8_lossy(&errors)))
    }
}

/// Reads a pipe on a thread of its own; `None` if there is more than `limit`. Beyond it the rest
/// is read and dropped where it is an error text, so that the process is not blocked.
fn drain(pipe: Option<impl Read + Send + 'static>, limit: u64) -> mpsc::Receiver<Option<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let Some(mut pipe) = pipe else { return };
        let done = pipe.by_ref().take(limit + 1).read_to_end(&mut bytes);
        let fits = done.is_ok() && bytes.len() as u64 <= limit;
        if !fits && limit == ERROR_LIMIT {
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            let _ = send.send(Some(bytes));
            return;
        }
        let _ = send.send(fits.then_some(bytes));
    });
    receive
}

fn stop(mut child: Child, why: &str) -> Failure {
    let _ = child.kill();
    let _ = child.wait();
    other(why)
}

/// The first line of cargo's error that says what is wrong, without paths of the machine.
fn explain(errors: &str) -> Failure {
    if errors.contains("--locked")
        && (errors.contains("needs to be updated")
            || errors.contains("cannot update the lock file")
            || errors.contains("cannot create the lock file"))
    {
        return Failure::LockfileOutOfDate;
    }
    let mut lines = errors.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    let first = lines.next().unwrap_or("no reason given").trim_start_matches("error: ");
    let last = lines.next().map(|line| format!(": {line}")).unwrap_or_default();
    let text = without_paths(&crate::model::escape(&format!("{first}{last}")));
    other(format!("cargo failed: {}", text.chars().take(400).collect::<String>()))
}

/// Absolute paths cut to their last component: a report must not differ from machine to machine.
fn without_paths(text: &str) -> String {
    let word = |word: &str| match word.rfind(['/', '\\']) {
        Some(last) if word.starts_with('/') || word.get(1..3) == Some(":\\") => word[last + 1..].to_owned(),
        _ => word.to_owned(),
    };
    text.split_inclusive([' ', '`', '(', ')', '\'', '"'])
        .map(|piece| {
            let end = piece.trim_end_matches([' ', '`', '(', ')', '\'', '"']);
            format!("{}{}", word(end), &piece[end.len()..])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cargo_outside_the_audited_folder_is_found() {
        let root = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(root.path()).expect("it is there");
        std::fs::write(root.join("cargo"), "#!/bin/sh\n").expect("a file");
        let outside = tempfile::tempdir().expect("a folder");
        let find = |path: &str| Cargo::find_with(&root, Path::new(""), &OsString::from(path), Vec::new());
        assert!(find(&root.to_string_lossy()).is_err());
        assert!(find(".:bin:").is_err());
        // A link from outside to inside is inside.
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("cargo"), outside.path().join("cargo")).expect("a link");
            assert!(find(&outside.path().to_string_lossy()).is_err());
            std::fs::remove_file(outside.path().join("cargo")).expect("it is there");
        }
        std::fs::write(outside.path().join("cargo"), "").expect("a file");
        let found = find(&format!("{}:{}", root.display(), outside.path().display())).expect("one is there");
        assert_eq!(found.program, outside.path().join("cargo"));
        let path = found.environment.iter().find(|(key, _)| key == "PATH").expect("it is set");
        assert_eq!(path.1, outside.path().as_os_str(), "the child does not see the folder either");
    }

    #[test]
    fn a_cargo_home_inside_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(root.path()).expect("it is there");
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("cargo"), "").expect("a file");
        for (name, value) in [
            ("CARGO_HOME", root.join("x").into_os_string()),
            ("CARGO_HOME", OsString::from("relative")),
            ("HOME", root.clone().into_os_string()),
        ] {
            let found = Cargo::find_with(
                &root,
                Path::new(""),
                &outside.path().as_os_str().to_owned(),
                vec![(name.into(), value.clone())],
            );
            assert!(found.is_err(), "{name}={value:?}");
        }
        let inside =
            Cargo::find_with(&root, &root.join("clean"), &outside.path().as_os_str().to_owned(), Vec::new());
        assert!(inside.is_err(), "it must not start in the audited folder");
    }

    #[test]
    fn errors_name_no_path_of_the_machine() {
        let failure = explain("error: no targets in `/home/me/p/Cargo.toml` (see https://x.invalid/a)\n");
        assert_eq!(failure, other("cargo failed: no targets in `Cargo.toml` (see https://x.invalid/a)"));
        let locked = "error: cannot update the lock file /home/me/p/Cargo.lock because --locked was passed to prevent this\n";
        assert_eq!(explain(locked), Failure::LockfileOutOfDate);
    }
}
