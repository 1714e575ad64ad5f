//! What `bomvet guard` adds to an install: the hook of a coding agent, asked by the binary.
//!
//! `cargo bench --bench guard` prints a table. Warm is a command that was judged before; nothing but
//! the command, the lockfile and the databases' dates is read then.

#[path = "../tests/support/project.rs"]
mod project;

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use project::{Project, npm_lib};

/// Runs of a warm row; the median counts.
const RUNS: usize = 25;

fn main() {
    println!("| lockfile | first, ms | warm, ms | slowest warm, ms | a command that installs nothing, ms |");
    println!("|---|---|---|---|---|");
    for size in [1, 100, 1000] {
        let mut project = Project::new();
        let packages: Vec<_> = (0..size)
            .map(|number| {
                let code = format!("module.exports = (value) => value + {number};\n");
                npm_lib(&format!("lib-{number:04}-of-many"), "1.0.0", &code)
            })
            .collect();
        project.npm(&packages);
        let first = hook(&project, "npm ci");
        let mut warm: Vec<_> = (0..RUNS).map(|_| hook(&project, "npm ci")).collect();
        warm.sort();
        let mut none: Vec<_> = (0..RUNS).map(|_| hook(&project, "npm test")).collect();
        none.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "| {size} packages | {:.0} | {:.1} | {:.1} | {:.1} |",
            ms(first),
            ms(warm[RUNS / 2]),
            ms(warm[RUNS - 1]),
            ms(none[RUNS / 2])
        );
    }
}

/// How long the hook takes to let a command through.
fn hook(project: &Project, command: &str) -> Duration {
    let input = serde_json::json!({"tool_name": "Bash", "tool_input": {"command": command}, "cwd": "."});
    let start = Instant::now();
    let mut child = project
        .bomvet()
        .args(["guard", "hook", "--offline", "--db"])
        .arg(project.db())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let run = child.wait_with_output().expect("it ends");
    let time = start.elapsed();
    // Silence lets the command through.
    assert!(run.status.success() && run.stdout.is_empty(), "{}", project::text(&run.stdout));
    time
}
