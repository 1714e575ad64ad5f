//! A program of this machine as a reviewer: the packet on its standard input, the answer on its
//! standard output. It reads text that an attacker may have written, so it runs in a sandbox; where
//! there is none it does not run, unless the user says so.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::json;

use super::limiter::Limiter;
use super::settings::{Input, Settings};
use super::{Ask, Prompt, Reply, Trouble, limits, sandbox};
use crate::model::escape;

/// Seconds for the probe.
const PROBE: Duration = Duration::from_secs(20);

/// A command that is asked.
#[derive(Debug)]
pub struct Program {
    /// What it is called in errors.
    name: String,
    /// What is started: the sandbox, the shell that sets limits, the program, its arguments.
    line: Vec<OsString>,
    settings: Settings,
    limiter: Limiter,
}

impl Program {
    /// Finds the program and tries the sandbox; the program itself is not started yet.
    ///
    /// # Errors
    /// Where the program is not there, or there is no sandbox and none is waived.
    pub fn new(
        program: &str,
        args: &[String],
        settings: &Settings,
        path: Option<&str>,
    ) -> Result<Self, Trouble> {
        let hopeless = |what: String| Trouble::Hopeless(format!("`{}`: {what}", escape(program)));
        let found = find(program, path)
            .ok_or_else(|| hopeless("there is no such program; write its absolute path".to_owned()))?;
        for path in &settings.read {
            if !path.exists() {
                let what = format!("`{}`, which `read` names, is not there", path.display());
                return Err(hopeless(what));
            }
        }
        let mut line = Vec::new();
        if !settings.unsandboxed {
            let wrap = sandbox::bubblewrap()
                .ok_or_else(|| hopeless(format!("there is no sandbox to run it in; {}", sandbox::HELP)))?;
            line.push(wrap.into_os_string());
            line.extend(sandbox::arguments(&found, &settings.read));
        }
        line.extend(sandbox::limited(settings, !settings.unsandboxed));
        if !settings.unsandboxed {
            let probe: Vec<_> =
                line.iter().cloned().chain(["/bin/sh", "-c", ":"].map(OsString::from)).collect();
            let ended = run(&probe, Vec::new(), PROBE).map_err(|what| (what, String::new()));
            let ended = ended.and_then(|out| {
                if out.status.success() { Ok(()) } else { Err((shown(out.status), out.said)) }
            });
            ended.map_err(|(what, said)| {
                hopeless(format!("the sandbox does not work here ({what}{said}); {}", sandbox::HELP))
            })?;
        }
        line.push(found.into_os_string());
        line.extend(args.iter().map(OsString::from));
        Ok(Self {
            name: escape(program),
            line,
            settings: settings.clone(),
            limiter: Limiter::new(settings.requests_per_minute, settings.tokens_per_minute),
        })
    }

    fn packet(&self, prompt: &Prompt) -> Vec<u8> {
        let most = self.settings.max_answer.map_or(prompt.max_tokens, |most| most.min(prompt.max_tokens));
        match self.settings.input {
            Input::Json => json!({
                "system": prompt.system, "user": prompt.user, "schema": prompt.schema, "max-tokens": most
            })
            .to_string(),
            Input::Text => format!("{}\n\n{}\n", prompt.system, prompt.user),
        }
        .into_bytes()
    }
}

impl Ask for Program {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        self.limiter
            .wait((prompt.system.len() + prompt.user.len()) as u64 / 4 + u64::from(prompt.max_tokens));
        let failed = |what: String| Trouble::Failed(format!("`{}` {what}", self.name));
        let out = run(&self.line, self.packet(prompt), self.settings.timeout).map_err(failed)?;
        if !out.status.success() {
            let hint = if self.settings.unsandboxed {
                ""
            } else {
                "; in the sandbox it sees the system's programs and what `read` names, and has no network"
            };
            return Err(failed(format!("{}{}{hint}", shown(out.status), out.said)));
        }
        let text = String::from_utf8(out.answer).map_err(|_| failed("answered no UTF-8".to_owned()))?;
        if text.trim().is_empty() {
            return Err(failed(format!("answered nothing{}", out.said)));
        }
        Ok(Reply { text, tokens_in: None, tokens_out: None })
    }
}

/// The program's absolute path: its links are kept, for some programs go by the name they are called.
fn find(program: &str, path: Option<&str>) -> Option<PathBuf> {
    if program.contains('/') {
        return std::path::absolute(program).ok().filter(|path| path.is_file());
    }
    // A relative folder in `PATH` could be the audited one.
    let folders = path.unwrap_or("/usr/bin:/bin").split(':').map(Path::new).filter(|path| path.is_absolute());
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// How a run ended.
struct Out {
    status: ExitStatus,
    answer: Vec<u8>,
    /// The end of standard error, as `: TEXT`, or nothing.
    said: String,
}

/// Kills what still runs when it goes out of scope: the sandbox ends everything in it with itself.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(line: &[OsString], packet: Vec<u8>, timeout: Duration) -> Result<Out, String> {
    let began = Instant::now();
    let (first, rest) = line.split_first().ok_or("names no program")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "named by the user, never by what is audited, and sandboxed"
    )]
    let mut command = Command::new(first);
    let child = command
        .args(rest)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be started: {}", error.kind()))?;
    let mut child = Running(child);
    let (stdin, stdout, stderr) = (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take());
    // No thread is waited for: outside a sandbox something may outlive the command and keep a pipe open.
    std::thread::spawn(move || {
        // A command need not read all of it.
        let _ = stdin.map(|mut stdin| stdin.write_all(&packet));
    });
    let answer = drain(stdout, limits::ANSWER_BYTES as usize, false);
    let said = drain(stderr, limits::STDERR_BYTES, true);
    let late = || format!("was not done after {} s", timeout.as_secs_f32());
    let (answer, whole) = answer.recv_timeout(timeout).map_err(|_| late())?;
    if !whole {
        return Err(format!("answered more than {} bytes", limits::ANSWER_BYTES));
    }
    let status = loop {
        match child.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() > timeout => return Err(late()),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(format!("cannot be waited for: {}", error.kind())),
        }
    };
    let (said, _) = said.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    Ok(Out { status, answer, said: told(&said) })
}

/// Reads in a thread; sends what came and whether it was everything. `rest` says to read on, and
/// drop what comes, once there is enough.
fn drain(pipe: Option<impl Read + Send + 'static>, most: usize, rest: bool) -> Receiver<(Vec<u8>, bool)> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut bytes = Vec::new();
        let read = pipe.by_ref().take(most as u64 + 1).read_to_end(&mut bytes).is_ok();
        let whole = read && bytes.len() <= most;
        bytes.truncate(most);
        if !whole && rest {
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        let _ = send.send((bytes, whole));
    });
    receive
}

/// The last characters of what it said on standard error, such that they drive no terminal.
fn told(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = escape(&lines.join(" / "));
    let start = text.char_indices().rev().nth(limits::MESSAGE_CHARS).map_or(0, |(at, _)| at);
    if text.is_empty() { text } else { format!(": {}{}", if start > 0 { "…" } else { "" }, &text[start..]) }
}

fn shown(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_short_and_drives_no_terminal() {
        assert_eq!(told(b""), "");
        assert_eq!(told(b"a\n\n b\n"), ": a / b");
        let told = told(format!("{}\x1b[2J\u{202e}", "é".repeat(5000)).as_bytes());
        assert!(told.chars().count() < 300 && told.starts_with(": …"), "{told}");
        assert!(!told.contains('\x1b') && !told.contains('\u{202e}'), "{told}");
    }

    #[test]
    fn no_relative_folder_of_path_is_searched() {
        assert_eq!(find("Cargo.toml", Some(".::src/..")), None);
        assert_eq!(find("sh", Some(".:/bin")), Some("/bin/sh".into()));
        assert_eq!(find("no-such-program", None), None);
        assert_eq!(find("/no/such/program", Some("/bin")), None);
    }
}
