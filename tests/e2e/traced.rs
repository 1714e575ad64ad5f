//! Under `strace`: an audit of a hostile checkout starts nothing of it and, offline, opens no socket.
//!
//! Every way in that cargo, npm and git offer a checkout is set; each trap would write `ran`. Where
//! `strace` is missing the tests say that they are skipped; with `CI` set that is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, npm_lib, text};
use crate::since::{commit, git};

fn strace() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the tracer")]
    let there = Command::new("strace").arg("-V").output().is_ok_and(|run| run.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "strace is missing; `.ci/run` installs it");
        eprintln!("skipped: strace is not on this machine");
    }
    there
}

fn trap(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    crate::project::write(path, b"#!/bin/sh\n: > \"${0%/*}/ran\"\nexit 1\n");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The checkout: cargo's traps from the fixture, npm's and git's made here.
fn hostile() -> Project {
    let mut project = Project::new();
    let root = project.root();
    let evil = root.join("trap.sh");
    let shell = evil.to_str().unwrap();
    project.npm(&[npm_lib("fine", "1.0.0", "module.exports = 1;\n")]);
    let scripts: String = ["preinstall", "install", "postinstall", "prepare", "preaudit", "dependencies"]
        .iter()
        .map(|name| format!("\"{name}\": \"./trap.sh\", "))
        .collect();
    let manifest = std::fs::read_to_string(root.join("package.json")).unwrap();
    project.write(
        "package.json",
        manifest.replacen('{', &format!("{{\"scripts\": {{{}}},", scripts.trim_end_matches(", ")), 1),
    );
    project.write(
        ".npmrc",
        format!(
            "node-options=--require {shell}\nscript-shell={shell}\nshell={shell}\ngit={shell}\neditor={shell}\n\
             init-module={shell}\nonload-script={shell}\ncafile={shell}\nprefix={}\nuserconfig={}\nglobalconfig={}\n",
            root.display(),
            root.join(".npmrc").display(),
            root.join(".npmrc").display(),
        ),
    );
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cargo/hostile");
    copy(&fixture, &root.join("rs"));
    for file in ["ran.sh", "cargo", "rustc", "toolchain/bin/cargo", "toolchain/bin/rustc"] {
        trap(&root.join("rs").join(file));
    }
    // Where the audit starts, too.
    copy(&fixture.join(".cargo"), &root.join(".cargo"));
    std::fs::copy(fixture.join("rust-toolchain.toml"), root.join("rust-toolchain.toml")).unwrap();
    for file in [
        "ran.sh",
        "toolchain/bin/cargo",
        "toolchain/bin/rustc",
        "cargo",
        "rustc",
        "git",
        "node",
        "npm",
        "trap.sh",
    ] {
        trap(&root.join(file));
    }
    project
}

/// Traps of a repository, set after the history is made: git itself must not spring them.
fn git_traps(root: &Path) {
    let shell = root.join("trap.sh");
    let shell = shell.to_str().unwrap();
    let config = std::fs::read_to_string(root.join(".git/config")).unwrap();
    let more = format!(
        "[core]\n\tfsmonitor = {shell}\n\thooksPath = hooks\n\tsshCommand = {shell}\n\tpager = {shell}\n\teditor = {shell}\n\taskPass = {shell}\n\tattributesFile = .gitattributes\n\
         [filter \"evil\"]\n\tclean = {shell}\n\tsmudge = {shell}\n\tprocess = {shell}\n\trequired = true\n\
         [diff]\n\texternal = {shell}\n[diff \"evil\"]\n\ttextconv = {shell}\n\tcommand = {shell}\n[gpg]\n\tprogram = {shell}\n\
         [credential]\n\thelper = {shell}\n[uploadpack]\n\tpackObjectsHook = {shell}\n[include]\n\tpath = ../evil.config\n[remote \"origin\"]\n\turl = ext::{shell}\n\tuploadpack = {shell}\n"
    );
    std::fs::write(root.join(".git/config"), config + &more).unwrap();
    std::fs::write(root.join("evil.config"), format!("[core]\n\tfsmonitor = {shell}\n")).unwrap();
    std::fs::write(root.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
    for hook in
        ["post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman", "reference-transaction"]
    {
        trap(&root.join(".git/hooks").join(hook));
        trap(&root.join("hooks").join(hook));
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => crate::project::write(&target, &std::fs::read(entry.path()).unwrap()),
        }
    }
}

/// Files called `ran` below a folder.
fn sprung(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            sprung(&entry.path(), out);
        } else if entry.file_name() == "ran" {
            out.push(entry.path());
        }
    }
}

struct Trace {
    code: Option<i32>,
    said: String,
    calls: Vec<String>,
}

/// Runs an audit under the tracer. `PATH` starts with the checkout and `.`, as a careless user's might.
fn traced(project: &Project, more: &[&str]) -> Trace {
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--lockfile-only").collect();
    run(project, &args, more)
}

fn run(project: &Project, args: &[std::ffi::OsString], more: &[&str]) -> Trace {
    let log = project.root().join("../trace");
    let path = std::env::var("PATH").unwrap_or_default();
    #[expect(clippy::disallowed_methods, reason = "the tracer")]
    let run = Command::new("strace")
        .args(["-f", "-s", "400", "-e", "trace=process,network", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_bomvet"))
        .args(args)
        .args(more)
        .env_clear()
        .env("PATH", format!("{}:.:{path}", project.root().display()))
        .env("HOME", project.home())
        .env("SOURCE_DATE_EPOCH", crate::project::EPOCH)
        .envs(crate::toolchain())
        .current_dir(project.root())
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    Trace { code: run.status.code(), said: text(&run.stdout) + &text(&run.stderr), calls }
}

/// The program of each `execve` that succeeded, and its arguments as the tracer shows them.
fn started(trace: &Trace) -> Vec<(String, String)> {
    let calls = trace.calls.iter().filter(|call| call.contains("execve") && call.contains('"'));
    calls
        .filter(|call| !call.contains("= -1 "))
        .map(|call| {
            let program = call.split('"').nth(1).unwrap().to_owned();
            let arguments = call[call.find('[').unwrap()..].split("], 0x").next().unwrap().to_owned();
            (program, arguments)
        })
        .collect()
}

fn holds(project: &Project, trace: &Trace) {
    let mut ran = Vec::new();
    sprung(&project.root(), &mut ran);
    assert_eq!(ran, [] as [PathBuf; 0], "a trap was sprung");
    let root = project.root().to_string_lossy().into_owned();
    let programs = started(trace);
    assert!(programs[0].0.ends_with("bomvet"), "{programs:#?}");
    let mut metadata = 0;
    for (program, arguments) in &programs[1..] {
        assert!(program.starts_with('/') && !program.starts_with(&root), "{program} {arguments}");
        // cargo asks the user's own rustc what its version and target are; nothing else is started.
        match program.rsplit('/').next().unwrap() {
            "cargo" => {
                metadata += 1;
                for expected in
                    ["\"metadata\"", "\"--locked\"", "\"--offline\"", "\"net.git-fetch-with-cli=false\""]
                {
                    assert!(arguments.contains(expected), "{expected}: {arguments}");
                }
            }
            "rustc" => {
                let asks = arguments.contains("\"-vV\"") || arguments.contains("\"--print=");
                assert!(asks && !arguments.contains(&root), "{arguments}");
            }
            _ => panic!("{program} was started: {arguments}"),
        }
    }
    assert!(metadata >= 1, "cargo was asked: {programs:#?}\n{}", trace.said);
    // A nameless pair (cargo's own signal handling) connects to nothing.
    let opened = |call: &&String| {
        ["socket(", "connect(", "bind(", "sendto(AF", "listen("]
            .iter()
            .any(|name| call.contains(&format!(" {name}")))
    };
    let sockets: Vec<_> = trace.calls.iter().filter(opened).collect();
    assert_eq!(sockets, [] as [&String; 0], "offline");
}

#[test]
fn a_hostile_checkout_starts_nothing_and_opens_no_socket() {
    if !strace() {
        return;
    }
    let project = hostile();
    let trace = traced(&project, &[]);
    assert!(matches!(trace.code, Some(0 | 1)), "{}", trace.said);
    assert!(trace.said.contains("1 cargo") && trace.said.contains("npm"), "{}", trace.said);
    // What would run when npm is started is said, with its lines.
    for line in [1, 2, 4, 5, 6, 7] {
        assert!(trace.said.contains("high[install/npmrc-program]"), "{}", trace.said);
        assert!(trace.said.contains(&format!("(.npmrc:{line}:1)")), "{line}: {}", trace.said);
    }
    holds(&project, &trace);
}

#[test]
fn nor_does_a_check_of_it() {
    if !strace() {
        return;
    }
    let project = hostile();
    project.write("skills/tidy/SKILL.md", crate::check::TIDY);
    project.write(".mcp.json", r#"{"mcpServers":{"db":{"command":"./trap.sh","args":["x"]}}}"#);
    let hook = r#"{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"./trap.sh"}]}]}}"#;
    project.write(".claude/settings.json", hook);
    let mut args: Vec<std::ffi::OsString> = ["check", ".", "--offline", "--db"].map(Into::into).into();
    args.push(project.db().into());
    let trace = run(&project, &args, &[]);
    assert_eq!(trace.code, Some(1), "{}", trace.said);
    holds(&project, &trace);
    // A skill alone starts nothing at all.
    let alone = crate::check::folder(&project, "skills/tidy", &[]);
    args[1] = alone.into();
    let trace = run(&project, &args, &[]);
    assert_eq!((trace.code, started(&trace).len()), (Some(0), 1), "{}", trace.said);
    assert!(!trace.calls.iter().any(|call| call.contains(" socket(") || call.contains(" connect(")));
}

#[test]
fn nor_does_a_hostile_repository() {
    if !strace() {
        return;
    }
    let project = hostile();
    git(&project.root(), &["init", "-q"]);
    commit(&project.root());
    git_traps(&project.root());
    project.write("index.js", "module.exports = 2;\n");
    let trace = traced(&project, &["--since", "HEAD", "--format", "json"]);
    assert!(matches!(trace.code, Some(0 | 1)), "{}", trace.said);
    assert!(trace.said.contains("\"edited\""), "{}", trace.said);
    holds(&project, &trace);
    // The traps bite: git itself springs one.
    #[expect(clippy::disallowed_methods, reason = "shows what the traps would do")]
    let git = Command::new("git").arg("status").current_dir(project.root()).output();
    assert!(git.is_ok());
    let mut ran = Vec::new();
    sprung(&project.root(), &mut ran);
    assert!(!ran.is_empty(), "the repository has lost its teeth");
}

/// The proof that the tracer sees what it should: an audit that may download does open a socket.
#[test]
fn the_tracer_sees_a_download() {
    if !strace() {
        return;
    }
    let server = crate::serving(&[]);
    let project = Project::new();
    project.npm_lock(&[npm_lib("not-there", "1.0.0", "1;\n")], |_| None);
    crate::registry_errors::user_npmrc(&project, &format!("registry={}\n", server.url()));
    let log = project.root().join("../trace");
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--offline").collect();
    #[expect(clippy::disallowed_methods, reason = "the tracer")]
    let run = Command::new("strace")
        .args(["-f", "-e", "trace=network", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_bomvet"))
        .args(args)
        .env("HOME", project.home())
        .current_dir(project.root())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
    let calls = std::fs::read_to_string(&log).unwrap();
    assert!(calls.contains(" socket(AF_INET") && calls.contains(" connect("), "{calls}");
}
