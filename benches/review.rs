//! Packages through the review queue, by the binary, against a model server on the loopback that
//! answers at once and well.
//!
//! `cargo bench --bench review` prints a table: an audit of so many packages without a reviewer, the
//! same with one, and what the difference makes of reviews a second. Memory is that of `bomvet`.
//! The server runs on the same cores, so part of the time is its own.

#[path = "../tests/review/liars.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod liars;
mod measure;
#[path = "../tests/support/project.rs"]
mod project;
#[path = "../tests/review_server/mod.rs"]
mod review_server;

use bomvet::review::ask::Ask as _;
use liars::{Liar, Manner};
use project::{Packed, Project, npm_lib};
use review_server::{Answer, ReviewServer};

/// How many packages.
const SIZES: [usize; 4] = [250, 500, 1000, 2000];
/// Prompts at the same time.
const TOGETHER: usize = 8;

fn main() {
    println!(
        "| packages | seconds without | seconds with | prompts | reviews a second | MB without | MB with |"
    );
    println!("|---|---|---|---|---|---|---|");
    for size in SIZES {
        let mut project = Project::new();
        project.npm(&(0..size).map(package).collect::<Vec<_>>());
        let key = project.bomvet().args(["key", "new"]).output().expect("the binary runs");
        assert!(key.status.success(), "{}", project::text(&key.stderr));
        let liar = Liar::new(Manner::Perfect);
        let server = ReviewServer::start(move |request| {
            liar.ask(&request.prompt()).map_or_else(|_| Answer::status(500), |reply| Answer::text(reply.text))
        });
        let run = |store: &str, more: &[&str]| {
            let mut command = project.bomvet();
            command
                .args(["audit", ".", "--lockfile-only", "--no-origin", "--output"])
                .arg(project.out())
                .arg("--db")
                .arg(project.db())
                .args(more)
                .env("BOMVET_STORE", project.out().join(store));
            measure::run(&mut command)
        };
        let (without, memory_without) = run("without", &["--no-ledger"]);
        let reviewers =
            format!("[reader]\nspec = \"openai:reader@{}/v1\"\nconcurrency = {TOGETHER}\n", server.url());
        project::write(&project.home().join(".config/bomvet/reviewers.toml"), reviewers.as_bytes());
        let (with, memory_with) = run("with", &["--reviewer", "reader", "--review-above", "0"]);
        let prompts = server.count();
        assert!(prompts >= size, "{prompts} prompts for {size} packages");
        let rate = size as f64 / (with.saturating_sub(without)).as_secs_f64();
        println!(
            "| {size} | {:.2} | {:.2} | {prompts} | {rate:.0} | {} | {} |",
            without.as_secs_f64(),
            with.as_secs_f64(),
            memory_without >> 20,
            memory_with >> 20
        );
    }
}

/// A package that reads an address and asks it something: enough to be read by somebody.
fn package(number: usize) -> Packed {
    let name = format!("lib-{number:04}-of-many");
    let mut code = format!(
        "const https = require('https');\nconst fs = require('fs');\n\nexports.load{number} = (file, done) => {{\n  \
         const config = JSON.parse(fs.readFileSync(file, 'utf8'));\n  \
         https.get(`https://api-{number}.example.invalid/${{config.id}}`, (reply) => done(null, reply));\n}};\n"
    );
    for helper in 0..20 {
        code += &format!(
            "\n/** Adds {helper} to each of the values. */\nexports.add{helper} = (values) => values.map((value) => value + {helper} * {number});\n"
        );
    }
    npm_lib(&name, "1.0.0", &code)
}
