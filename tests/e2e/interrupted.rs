//! Ctrl-C half way.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, npm_lib, outputs, text};
use crate::registry_errors::{online, user_npmrc};
use crate::server::Answer;

const PURE: &str = "module.exports = (a, b) => a + b;\n";

fn press_ctrl_c(child: &std::process::Child) {
    #[expect(clippy::disallowed_methods, reason = "presses Ctrl-C")]
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).output().unwrap();
    // The program may have ended before.
    drop(sent);
}

/// At any moment: every file is the earlier one or the new one, whole.
#[test]
fn no_file_is_ever_half_written() {
    let packages: Vec<_> = (0..30)
        .map(|n| npm_lib(&format!("part-{n}"), "1.0.0", &format!("module.exports = {n};\n")))
        .collect();
    let mut project = Project::new();
    project.npm(&packages);
    let began = Instant::now();
    assert_eq!(project.run(&[]).status.code(), Some(0));
    let takes = began.elapsed();
    let old = outputs(&project.out());
    project.npm(&packages[1..]);
    assert_eq!(project.run(&["--output", "../new"]).status.code(), Some(2), "given twice");
    let new_folder = project.root().join("../new");
    let args = ["audit", ".", "--offline", "--lockfile-only", "--unsigned", "--db", "../db", "--output"];
    let run = project.bomvet().args(args).arg(&new_folder).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let new = outputs(&new_folder);
    assert!(old.keys().eq(new.keys()) && old.values().ne(new.values()));
    let mut interrupted = 0;
    for nth in 1..=12 {
        // One that was stopped early has made none.
        let _ = std::fs::remove_dir_all(project.home().join(".cache"));
        let child = project.bomvet().args(project.audit_args()).stdout(Stdio::null()).spawn().unwrap();
        // Closer together at first: the measured run may have had a busier machine.
        std::thread::sleep(takes * (nth * nth) / 144);
        press_ctrl_c(&child);
        let status = child.wait_with_output().unwrap().status;
        assert!(status.signal() == Some(2) || status.code() == Some(0), "{status}");
        interrupted += u32::from(status.signal() == Some(2));
        for (name, bytes) in outputs(&project.out()).iter().filter(|(name, _)| !name.starts_with(".bomvet-"))
        {
            assert!(*bytes == old[name] || *bytes == new[name], "{name} is neither");
        }
        let store = bomvet::store::Store::open(project.home().join(".cache/bomvet")).verify_all().unwrap();
        assert_eq!(store.damaged, []);
    }
    assert!(interrupted >= 3, "{interrupted}");
    assert_eq!(project.run(&[]).status.code(), Some(0));
    assert!(new.iter().all(|(name, bytes)| outputs(&project.out())[name] == *bytes));
}

#[test]
fn what_an_earlier_audit_wrote_stays_and_the_next_one_goes_on() {
    let first = npm_lib("comes-first", "1.0.0", PURE);
    let slow = npm_lib("comes-late", "1.0.0", PURE);
    let server = crate::registry(&[
        (first.clone(), Answer::Ok(first.archive("package"))),
        (slow.clone(), Answer::Slow(Duration::from_secs(60))),
    ]);
    let project = Project::new();
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    project.npm_lock(std::slice::from_ref(&first), |_| None);
    assert_eq!(online(&project, &[]).status.code(), Some(0));
    let before = outputs(&project.out());
    assert_eq!(before.len(), 4);

    project.npm_lock(&[first.clone(), slow.clone()], |_| None);
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--offline").collect();
    let child = project.bomvet().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !server.paths().iter().any(|path| path.contains("comes-late")) {
        assert!(Instant::now() < deadline, "it never asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    press_ctrl_c(&child);
    let began = Instant::now();
    let run = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(40), "it waited for the registry");
    // A shell shows it as 130.
    assert_eq!(run.status.signal(), Some(2), "{}", text(&run.stderr));
    assert_eq!(text(&run.stdout), "");
    assert!(before == outputs(&project.out()), "{:?}", outputs(&project.out()).keys());
    let store = bomvet::store::Store::open(project.home().join(".cache/bomvet")).verify_all().unwrap();
    assert_eq!(store.damaged, []);

    drop(server);
    let server = crate::serving(&[first, slow]);
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    assert_eq!(online(&project, &[]).status.code(), Some(0));
    assert!(before != outputs(&project.out()));
}
