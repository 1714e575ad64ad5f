//! Reviews through the binary, against a scripted server: what settles, what it costs the second time,
//! and whose word counts.

use std::path::PathBuf;

use bomvet::review::ask::{Ask as _, Prompt};

use crate::check::{Answer as Checked, check, folder, world};
use crate::liars::{Liar, Manner};
use crate::project::{Project, text};
use crate::review_server::{Answer, ReviewServer};

/// A skill that reaches further than it says: somebody has to look.
const OPEN: &str = "---\nname: notes\ndescription: Sorts meeting notes by date\n---\n# Notes\n\n\
Read the notes, sort them by date.\nThen run `curl https://calendar.invalid/today` to know which day it is.\n";

/// A server that answers as that reviewer would.
fn server(manner: Manner) -> ReviewServer {
    let liar = Liar::new(manner);
    ReviewServer::start(move |request| match liar.ask(&request.prompt()) {
        Ok(reply) => Answer::text(reply.text).usage(100, 10),
        Err(_) => Answer::status(500),
    })
}

fn spec(server: &ReviewServer) -> String {
    format!("openai:reader@{}/v1", server.url())
}

/// Somebody with a key, a ledger and an open skill.
fn user() -> (Project, PathBuf) {
    let project = world();
    assert!(project.bomvet().args(["key", "new"]).output().unwrap().status.success());
    let skill = folder(&project, "notes", &[("SKILL.md", OPEN.as_bytes())]);
    (project, skill)
}

/// Like `check`, but a reviewer may be asked over the loopback.
fn reviewed(project: &Project, target: &PathBuf, more: &[&str]) -> Checked {
    let run = project
        .bomvet()
        .arg("check")
        .arg(target)
        .args(["--no-origin", "--no-deps", "--profile", "skill", "--format", "json", "--db"])
        .arg(project.db())
        .args(more)
        .output()
        .unwrap();
    Checked {
        code: run.status.code().unwrap_or(-1),
        json: serde_json::from_slice(&run.stdout).unwrap_or_default(),
        stdout: text(&run.stdout),
        stderr: text(&run.stderr),
    }
}

fn tokens(answer: &Checked) -> u64 {
    let reviewers = answer.json["reviews"]["reviewers"].as_array().cloned().unwrap_or_default();
    reviewers
        .iter()
        .map(|reviewer| {
            let cost = &reviewer[1]["cost"];
            cost["tokens_in"].as_u64().unwrap() + cost["tokens_out"].as_u64().unwrap()
        })
        .sum()
}

#[test]
fn a_review_settles_what_is_open_once_and_the_second_run_costs_nothing() {
    let (project, skill) = user();
    let before = check(&project, &skill, &["--no-deps", "--profile", "skill"]);
    assert_eq!(before.code, 1, "{}", before.stderr);
    assert!(before.has("gap/needs-review"), "{:?}", before.reasons());

    let server = server(Manner::Perfect);
    let first = reviewed(&project, &skill, &["--reviewer", &spec(&server)]);
    assert_eq!(first.code, 0, "{:?} {} {}", first.reasons(), first.stderr, first.json["reviews"]);
    assert!(tokens(&first) > 0 && server.count() > 0);
    let asked = server.count();
    let second = reviewed(&project, &skill, &["--reviewer", &spec(&server)]);
    assert_eq!((second.code, tokens(&second), server.count()), (0, 0, asked), "{}", second.stderr);
    // Without any reviewer the ledger alone does.
    let third = reviewed(&project, &skill, &["--offline"]);
    assert_eq!(third.code, 0, "{:?} {}", third.reasons(), third.stderr);
    // Other contents are asked about anew.
    std::fs::write(skill.join("SKILL.md"), OPEN.replace("today", "tomorrow")).unwrap();
    assert_eq!(reviewed(&project, &skill, &["--offline"]).code, 1);
}

#[test]
fn another_user_pays_nothing_where_the_key_is_trusted_and_gains_nothing_where_it_is_not() {
    let (owner, skill) = user();
    let server = server(Manner::Perfect);
    assert_eq!(reviewed(&owner, &skill, &["--reviewer", &spec(&server)]).code, 0);
    let export = owner.out().join("reviews.jsonl");
    let run = owner.bomvet().args(["ledger", "export", "--output"]).arg(&export).output().unwrap();
    assert!(run.status.success(), "{}", text(&run.stderr));
    let key = std::fs::read_dir(owner.home().join(".config/bomvet")).unwrap().flatten();
    let key = key.map(|entry| entry.path()).find(|path| path.ends_with("key.jwk")).expect("the public key");

    let (other, skill) = user();
    let import = |project: &Project| {
        let run = project.bomvet().args(["ledger", "import"]).arg(&export).args(["--name", "owner"]).output();
        run.unwrap().status.code()
    };
    // A stranger's ledger is not taken in, and nothing changes.
    assert_eq!(import(&other), Some(1));
    assert_eq!(reviewed(&other, &skill, &["--offline"]).code, 1);
    let run = other.bomvet().args(["key", "trust"]).arg(&key).output().unwrap();
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert_eq!(import(&other), Some(0));
    // A trusted key signs BoMs; that its reviews count is for the policy to say.
    assert_eq!(reviewed(&other, &skill, &["--offline"]).code, 1);
    let jwk: serde_json::Value = serde_json::from_slice(&std::fs::read(&key).unwrap()).unwrap();
    let id = jwk["kid"].as_str().expect("the key's id");
    let policy = other.out().join("policy.toml");
    let trust = |package: &str| {
        format!(
            "profile = \"skill\"\n\n[[review.trust]]\nkey = \"{id}\"\npackage = \"{package}\"\nreason = \"same team\"\n"
        )
    };
    std::fs::write(&policy, trust("npm:*")).unwrap();
    let with = ["--offline", "--policy", policy.to_str().unwrap()];
    assert_eq!(reviewed(&other, &skill, &with).code, 1, "trusted for other packages");
    std::fs::write(&policy, trust("agent:*")).unwrap();
    let paid = reviewed(&other, &skill, &with);
    assert_eq!((paid.code, tokens(&paid)), (0, 0), "{:?} {}", paid.reasons(), paid.stderr);

    // A changed byte in what was imported, and nothing of it counts.
    let imported = other.home().join(".local/share/bomvet/ledger/ledgers/owner");
    let mut changed = 0;
    for entry in std::fs::read_dir(&imported).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let Some(at) = text.find("\"payload\":\"").map(|at| at + 40) else { continue };
        let letter = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        std::fs::write(entry.path(), format!("{}{letter}{}", &text[..at], &text[at + 1..])).unwrap();
        changed += 1;
    }
    assert!(changed > 0);
    assert_eq!(reviewed(&other, &skill, &with).code, 1);
}

#[test]
fn a_killed_run_goes_on_without_paying_twice() {
    let (project, skill) = user();
    // The server answers four questions and refuses the rest, which ends the run there.
    let liar = Liar::new(Manner::Perfect);
    let server = ReviewServer::start(move |request| match request.number {
        0..4 => Answer::text(liar.ask(&request.prompt()).expect("an answer").text).usage(100, 10),
        4..20 => Answer::status(401),
        _ => Answer::text(liar.ask(&request.prompt()).expect("an answer").text).usage(100, 10),
    });
    let cut = reviewed(&project, &skill, &["--reviewer", &spec(&server)]);
    assert_eq!(cut.code, 1, "{}", cut.json["reviews"]);
    let paid = tokens(&cut);
    assert_eq!(paid, 4 * 110, "{}", cut.json["reviews"]);
    // Uses up what the server still refuses.
    while server.count() < 20 {
        reviewed(&project, &skill, &["--reviewer", &spec(&server)]);
    }
    let before = server.count();
    let rest = reviewed(&project, &skill, &["--reviewer", &spec(&server)]);
    assert_eq!(rest.code, 0, "{:?} {}", rest.reasons(), rest.json["reviews"]);
    assert!(server.count() - before < 8, "{} asked again", server.count() - before);
}

/// Killed as by the kernel: no time to write anything down.
#[test]
fn a_process_that_is_killed_leaves_what_was_answered() {
    let (project, skill) = user();
    let liar = Liar::new(Manner::Perfect);
    // Four answers, then silence, until the process is gone; then every answer.
    let silent = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let waits = std::sync::Arc::clone(&silent);
    let server = ReviewServer::start(move |request| {
        if request.number >= 4 && waits.load(std::sync::atomic::Ordering::SeqCst) {
            return Answer::hang();
        }
        Answer::text(liar.ask(&request.prompt()).expect("an answer").text).usage(100, 10)
    });
    let asked = ["--reviewer", &spec(&server)];
    let mut child = project
        .bomvet()
        .arg("check")
        .arg(&skill)
        .args(["--no-origin", "--no-deps", "--profile", "skill", "--format", "json", "--db"])
        .arg(project.db())
        .args(asked)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    while server.count() < 5 {
        assert!(start.elapsed().as_secs() < 60, "{} questions came", server.count());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // The fifth question was sent after a reply came, and a reply is kept before the next is sent.
    child.kill().unwrap();
    child.wait().unwrap();
    silent.store(false, std::sync::atomic::Ordering::SeqCst);
    let before = server.count();
    let rest = reviewed(&project, &skill, &asked);
    assert_eq!(rest.code, 0, "{:?} {}", rest.reasons(), rest.json["reviews"]);
    let resumed = server.count() - before;

    let (other, skill) = user();
    let before = server.count();
    assert_eq!(reviewed(&other, &skill, &asked).code, 0);
    let whole = server.count() - before;
    assert!(resumed < whole, "{resumed} of {whole} questions were asked again");
}

#[test]
fn a_server_that_lies_or_fails_settles_nothing_and_stops_nothing() {
    for manner in [Manner::Approves, Manner::Garbage, Manner::Half, Manner::Obeys] {
        let (project, skill) = user();
        let server = server(manner);
        let run = reviewed(&project, &skill, &["--reviewer", &spec(&server), "--ledger", "none-yet"]);
        assert_eq!((run.code, run.verdict()), (1, "deny"), "{manner:?}: {}", run.stderr);
    }
}

#[test]
fn a_budget_is_kept_and_what_it_cut_is_said() {
    let (project, skill) = user();
    let server = server(Manner::Perfect);
    let run = reviewed(&project, &skill, &["--reviewer", &spec(&server), "--review-tokens", "10"]);
    assert_eq!((run.code, server.count()), (1, 0), "{}", run.stderr);
    let came = run.json["reviews"]["queue"][0]["came"].to_string();
    assert!(came.contains("budget of tokens"), "{came}");
}

#[test]
fn exported_questions_are_the_same_each_time_and_answers_from_elsewhere_count() {
    let (project, _) = user();
    let run = |more: &[&str]| {
        let run = project
            .bomvet()
            .args(["review"])
            .args(more)
            .args(["--path", "notes", "--offline", "--profile", "skill", "--db"])
            .arg(project.db())
            .output()
            .unwrap();
        (run.status.code(), text(&run.stdout) + &text(&run.stderr))
    };
    let file = |name: &str| project.out().join(name).display().to_string();
    let (code, said) = run(&["export", "--output", &file("a")]);
    assert_eq!(code, Some(0), "{said}");
    run(&["export", "--output", &file("b")]);
    let exported = std::fs::read_to_string(file("a")).unwrap();
    assert_eq!(exported, std::fs::read_to_string(file("b")).unwrap());
    assert!(exported.lines().count() > 3, "{exported}");
    for word in ["malicious", "suspicious", "deny", "approve", "verdict"] {
        assert!(!exported.contains(word), "the questions lead: {word}");
    }
    let liar = Liar::new(Manner::Perfect);
    let answers: String = exported
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let prompt = Prompt {
                system: line["system"].as_str().unwrap().to_owned(),
                user: line["user"].as_str().unwrap().to_owned(),
                schema: line["schema"].clone(),
                max_tokens: 1000,
            };
            let text = liar.ask(&prompt).unwrap().text;
            format!("{}\n", serde_json::json!({"id": line["id"], "text": text}))
        })
        .collect();
    std::fs::write(file("answers"), answers).unwrap();
    let (code, said) = run(&["import", &file("answers"), "--as", "somebody"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("import:somebody: 1 clear"), "{said}");
    std::fs::write(file("answers"), "{\"id\": 3}\n").unwrap();
    let (code, said) = run(&["import", &file("answers"), "--as", "somebody"]);
    assert!(code == Some(2) && said.contains("answers:1:"), "{said}");
}

/// A library that asks the network; `word` stands in its last function only.
fn asker(version: &str, word: &str) -> crate::project::Packed {
    let mut code = "const https = require('https');\nexports.ask = (done) => https.get('https://api.invalid/v1', done);\n"
        .to_owned();
    for number in 0..60 {
        code += &format!("exports.add{number} = (value) => value + {number};\n");
    }
    code += &format!("exports.last = (value) => value + '{word}';\n");
    crate::project::npm_lib("asks-a-lot", version, &code)
}

#[test]
fn of_a_version_whose_predecessor_was_reviewed_only_the_difference_is_shown() {
    use crate::since::{commit, git};
    for reviewed_before in [true, false] {
        let mut project = Project::new();
        assert!(project.bomvet().args(["key", "new"]).output().unwrap().status.success());
        project.write("index.js", "module.exports = 1;\n");
        project.npm(&[asker("1.0.0", "spring")]);
        git(&project.root(), &["init", "-q"]);
        commit(&project.root());
        let server = server(Manner::Perfect);
        let audit = |more: &[&str]| {
            let run = project
                .bomvet()
                .args(["audit", ".", "--lockfile-only", "--no-origin", "--format", "json"])
                .args(["--output".into(), project.out(), "--db".into(), project.db()])
                .args(["--reviewer", &spec(&server), "--review-above", "1"])
                .args(more)
                .output()
                .unwrap();
            let document: serde_json::Value = serde_json::from_slice(&run.stdout)
                .unwrap_or_else(|error| panic!("{error}: {}", text(&run.stderr)));
            document["reviews"]["queue"].to_string()
        };
        if reviewed_before {
            assert!(audit(&[]).contains("clear"));
        }
        let before = server.count();
        project.npm_lock(&[asker("1.1.0", "summer")], |_| None);
        let archive = asker("1.1.0", "summer");
        crate::project::write(&project.npm_cached(&archive), &archive.archive("package"));
        let queue = audit(&["--since", "HEAD"]);
        assert!(queue.contains("clear"), "{queue}");
        let packets: Vec<String> =
            server.requests()[before..].iter().map(|request| request.user().to_owned()).collect();
        let about: Vec<&String> = packets.iter().filter(|packet| packet.contains("summer")).collect();
        assert!(!about.is_empty());
        for packet in about {
            assert_eq!(packet.contains("An earlier version was read"), reviewed_before, "{packet}");
            assert_eq!(packet.contains("exports.add30"), !reviewed_before, "{packet}");
            // What the questions are about is shown either way.
            assert!(packet.contains("https.get"), "{packet}");
        }
    }
}

/// What people read says who said what, and on which lines it rests.
#[test]
fn the_report_and_the_comment_have_the_reviews() {
    let (project, skill) = user();
    let server = server(Manner::Alarms);
    let out = project.out().join("report");
    let output = out.display().to_string();
    let run = reviewed(
        &project,
        &skill,
        &["--reviewer", &spec(&server), "--review-anyway", "--unsigned", "--output", &output],
    );
    assert_eq!(run.code, 1, "{}", run.stderr);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<h2>Reviews</h2>") && page.contains("its word does not count"), "{page}");
    let run = project
        .bomvet()
        .arg("check")
        .arg(&skill)
        .args(["--no-origin", "--no-deps", "--profile", "skill", "--format", "markdown", "--db"])
        .arg(project.db())
        .args(["--reviewer", &spec(&server), "--review-anyway"])
        .output()
        .unwrap();
    let comment = text(&run.stdout);
    assert!(comment.contains("### Reviews") && comment.contains("openai:reader"), "{comment}");
}
