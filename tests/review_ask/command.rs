//! Commands in the sandbox: a good one, and ones that try to get out. Without bubblewrap, or where it
//! may make no namespaces, the tests say that they are skipped; with `CI` set that is a failure.
#![allow(clippy::disallowed_methods, reason = "asks whether there is a sandbox")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bomvet::review::ask::{Ask, Input, Settings, Trouble};

use super::{prompt, reviewer};

fn sandbox() -> bool {
    let probe = ["--unshare-all", "--ro-bind", "/", "/", "/bin/sh", "-c", ":"];
    let there = Command::new("bwrap").args(probe).output().is_ok_and(|run| run.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap does not work; `.ci/run` installs it");
        eprintln!("skipped: bubblewrap does not work on this machine");
    }
    there
}

fn settings() -> Settings {
    Settings { timeout: Duration::from_secs(60), memory: 1 << 30, processes: 32, ..Settings::default() }
}

/// Opens a shell that runs this script; it holds no single quote.
fn shell(script: &str, settings: Settings) -> Box<dyn Ask> {
    assert!(!script.contains('\''));
    reviewer(&format!("command:/bin/sh -c '{script}'"), settings).expect(script)
}

fn said(script: &str, settings: Settings) -> String {
    shell(script, settings).ask(&prompt("packet")).expect(script).text
}

fn failed(script: &str, settings: Settings) -> String {
    match shell(script, settings).ask(&prompt("packet")) {
        Err(Trouble::Failed(why)) => why,
        other => panic!("not failed: {other:?}"),
    }
}

#[test]
fn a_command_gets_the_packet_and_its_answer_comes_back() {
    if !sandbox() {
        return;
    }
    let ask = shell("cat", Settings { max_answer: Some(99), ..settings() });
    let reply = ask.ask(&prompt("packet é 🦀")).expect("a reply");
    let got: serde_json::Value = serde_json::from_str(&reply.text).expect("JSON");
    assert_eq!((got["user"].as_str(), got["max-tokens"].as_u64()), (Some("packet é 🦀"), Some(99)));
    assert_eq!(got["system"], "Say what the code does.");
    assert_eq!(got["schema"]["required"][0], "claims");
    assert_eq!((reply.tokens_in, reply.tokens_out), (None, None));
    let text = said("cat", Settings { input: Input::Text, ..settings() });
    assert_eq!(text, "Say what the code does.\n\npacket\n");
}

#[test]
fn a_large_packet_that_is_not_read_does_no_harm() {
    if !sandbox() {
        return;
    }
    let ask = shell("echo {}", settings());
    assert_eq!(ask.ask(&prompt(&"x".repeat(1 << 20))).expect("a reply").text, "{}\n");
}

#[test]
fn nothing_of_the_environment_and_no_home_is_seen() {
    if !sandbox() {
        return;
    }
    let text =
        said("env; echo \"home=$HOME\"; ls /home /root /etc/passwd /var 2>&1; pwd; exit 0", settings());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.contains(&"home=") && lines.contains(&"/tmp"), "{text}");
    for name in ["/home", "/root", "/etc/passwd", "/var"] {
        assert!(lines.iter().any(|line| line.contains(name) && line.contains("No such file")), "{text}");
    }
    let names: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let known = ["PATH", "LANG", "PWD", "SHLVL", "_", "OLDPWD", "home"];
    assert!(names.iter().all(|name| known.contains(name)), "{text}");
}

#[test]
fn other_processes_are_not_seen() {
    if !sandbox() {
        return;
    }
    let text = said("for p in /proc/[0-9]*; do echo $p; done", settings());
    assert!(!text.contains(&format!("/proc/{}\n", std::process::id())) && text.lines().count() < 6, "{text}");
}

#[test]
fn nothing_is_written_but_in_its_own_tmp() {
    if !sandbox() {
        return;
    }
    let here = tempfile::tempdir().unwrap();
    let kept = here.path().join("kept");
    std::fs::write(&kept, "as it was").unwrap();
    let folder = here.path().display();
    let script = format!(
        "for f in /x /usr/x /proc/x {folder}/new {folder}/kept; do (echo x > $f) 2>/dev/null && echo wrote $f; done; echo y > /tmp/y && cat /tmp/y {folder}/kept"
    );
    let text = said(&script, Settings { read: vec![here.path().to_owned()], ..settings() });
    assert_eq!(text, "y\nas it was");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "as it was");
    assert!(!here.path().join("new").exists() && !Path::new("/tmp/y").exists());
    // Without `read` the folder is not there at all.
    assert!(failed(&format!("cat {folder}/kept"), settings()).contains("No such file"));
}

#[test]
fn no_socket_leaves_the_sandbox() {
    if !sandbox() {
        return;
    }
    let python =
        ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|path| Path::new(path).exists());
    let Some(python) = python else {
        eprintln!("skipped: no python3 among the system's programs");
        return;
    };
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let port = server.local_addr().unwrap().port();
    let script = format!("import socket; socket.create_connection((\"127.0.0.1\", {port}), 5); print(1)");
    let spec = format!("command:{python} -c '{script}'");
    let told = match reviewer(&spec, settings()).expect("a reviewer").ask(&prompt("p")) {
        Err(Trouble::Failed(told)) => told,
        other => panic!("{other:?}"),
    };
    assert!(told.contains("ConnectionRefusedError") || told.contains("unreachable"), "{told}");
    assert!(server.accept().is_err(), "somebody connected");
    // The same program outside the sandbox does reach it, with its environment cleared all the same.
    let open = Settings { unsandboxed: true, ..settings() };
    assert_eq!(reviewer(&spec, open.clone()).expect("a reviewer").ask(&prompt("p")).expect("1").text, "1\n");
    assert!(server.accept().is_ok());
    assert_eq!(said("echo \"home=$HOME\"", open), "home=\n");
}

#[test]
fn an_answer_without_end_is_a_failure() {
    if !sandbox() {
        return;
    }
    let why = failed(
        "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
        settings(),
    );
    assert!(why.ends_with("answered more than 4194304 bytes"), "{why}");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_started() {
    if !sandbox() {
        return;
    }
    // A sleep of a length that nothing else on the machine has.
    let mark = format!("9{}", std::process::id());
    let why = failed(
        &format!("sleep {mark} & sleep {mark}"),
        Settings { timeout: Duration::from_secs(1), ..settings() },
    );
    assert!(why.ends_with("was not done after 1 s"), "{why}");
    let runs = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            line == format!("sleep\0{mark}\0").as_bytes()
        })
    };
    // The kernel ends them one after the other.
    for _ in 0..1000 {
        if !runs() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("something still runs");
}

#[test]
fn a_failure_is_told_short_and_escaped() {
    if !sandbox() {
        return;
    }
    let why = failed("printf \"\\033[2Jno model\" >&2; exit 1", settings());
    assert!(why.starts_with("`/bin/sh` ended with 1: ") && why.contains("no model"), "{why}");
    assert!(!why.contains('\u{1b}') && why.len() < 600, "{why}");
    assert!(failed(":", settings()).ends_with("answered nothing"));
    assert!(failed("printf \"\\377\"", settings()).ends_with("answered no UTF-8"));
}

#[test]
fn limits_bind_the_command() {
    if !sandbox() {
        return;
    }
    let text = said("ulimit -v; ulimit -c; (ulimit -u 2>/dev/null || ulimit -p)", settings());
    assert_eq!(text, "1048576\n0\n32\n");
}

#[test]
fn what_is_not_there_is_hopeless() {
    for (spec, settings, told) in [
        ("command:/no/such/program", settings(), "no such program"),
        ("command:no-such-program", settings(), "no such program"),
        ("command:/bin/sh", Settings { read: vec!["/no/such/folder".into()], ..settings() }, "`read` names"),
    ] {
        match reviewer(spec, settings) {
            Err(Trouble::Hopeless(why)) => assert!(why.contains(told), "{why}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{spec} was opened"),
        }
    }
}
