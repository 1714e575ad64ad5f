//! Running a program and measuring it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a running program's peak memory is looked at. The kernel keeps the peak, so only what
/// it grows by after the last look is missed.
const LOOK: Duration = Duration::from_millis(2);

/// A program to run.
#[allow(dead_code, reason = "each benchmark uses its own part")]
#[expect(clippy::disallowed_methods, reason = "a benchmark of programs starts programs")]
pub fn command(program: &Path) -> Command {
    Command::new(program)
}

/// Runs a program to its end; how long it took and its peak memory in bytes (0 where the system does
/// not tell).
pub fn run(command: &mut Command) -> (Duration, u64) {
    let start = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let code = loop {
        if let Some(code) = child.try_wait().expect("a child can be waited for") {
            break code;
        }
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) << 10);
        std::thread::sleep(LOOK);
    };
    let time = start.elapsed();
    assert!(code.code().is_some_and(|code| code != 2), "{command:?} failed: {code}");
    (time, peak)
}
