//! Installers of the program that a skill is openly for.
//!
//! `curl … | sh` in a skill's own text is how many makers tell people to install their program. It
//! still runs whatever stands there on the day, so it is never settled by evidence; but it is no
//! sign of malice where the host is the maker's and the skill says that it sets the program up.

use super::purpose::speaks_of;
use super::reach::Need;
use crate::check::parse::commands::is_installer;
use crate::model::{AgentKind, Confidence, Contents, Finding, Package, Permissions, Severity};

/// Hosts of installers, as the makers' own documentation gives them.
const KNOWN: &[&str] = &[
    "sh.rustup.rs",
    "rustup.rs",
    "static.rust-lang.org",
    "nodejs.org",
    "astral.sh",
    "bun.sh",
    "deno.land",
    "get.docker.com",
    "get.pnpm.io",
    "install.python-poetry.org",
    "mise.run",
    "ollama.com",
    "claude.ai",
    "starship.rs",
    "get.helm.sh",
    "get.k3s.io",
    "fnm.vercel.app",
    "nixos.org",
    "sdk.cloud.google.com",
];

/// Leaves findings about such installers to whoever has to look.
pub fn leave_to_review(
    package: &Package,
    permissions: &Permissions,
    contents: &Contents,
    findings: &mut [Finding],
) {
    let name = package.name.to_lowercase();
    let stated = format!("{} {}", name.replace(['-', '_', '/'], " "), permissions.purpose);
    if package.agent != Some(AgentKind::Skill) {
        return;
    }
    let stated_openly = speaks_of(&stated, Need::Install);
    for finding in findings.iter_mut().filter(|finding| finding.rule == "malice/fetched-command") {
        if stated_openly && finding.spans.iter().all(|span| of_makers_alone(&span.file, contents)) {
            (finding.severity, finding.confidence) = (Severity::Medium, Confidence::Low);
            continue;
        }
        let openly = finding.spans.iter().all(|span| span.file.ends_with(".md"));
        let shown: Vec<String> = finding
            .spans
            .iter()
            .filter_map(|span| {
                let bytes = contents.get(&span.file)?;
                // The finding stands on what runs; the address stands before it in the same line.
                let start = bytes.get(..span.start as usize)?.iter().rposition(|&b| b == b'\n');
                let start = start.map_or(0, |at| at + 1);
                let end = (span.end as usize).min(bytes.len());
                Some(String::from_utf8_lossy(bytes.get(start..end)?).into_owned())
            })
            .collect();
        // What was kept in a file first is fetched by a line of its own.
        let kept = fetched_before(finding, contents, &shown);
        let lines = || shown.iter().chain(&kept).flat_map(|text| text.lines());
        // What the list of installers knows needs no word: it waits like any other installation.
        let mut fetching = lines().filter(|line| fetched_from(line).is_some()).peekable();
        if fetching.peek().is_some() && fetching.all(is_installer) {
            (finding.severity, finding.confidence) = (Severity::Medium, Confidence::Low);
            continue;
        }
        if !stated_openly {
            continue;
        }
        let hosts: Vec<&str> = lines().filter_map(fetched_from).collect();
        let makers = |host: &&str| {
            let owner = host.rsplit('.').nth(1).unwrap_or_default();
            KNOWN.contains(host)
                || (owner.len() > 3 && stated.to_lowercase().split(' ').any(|word| word == owner))
        };
        let plain = lines().any(|text| text.contains("http://"));
        if openly && !plain && !hosts.is_empty() && hosts.iter().all(makers) {
            (finding.severity, finding.confidence) = (Severity::Medium, Confidence::Low);
        }
    }
}

/// Whether a shell script names no address but those of makers, by TLS.
fn of_makers_alone(file: &str, contents: &Contents) -> bool {
    if !file.ends_with(".sh") {
        return false;
    }
    let text = String::from_utf8_lossy(contents.get(file).unwrap_or_default()).into_owned();
    let host = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect()
    };
    let hosts: Vec<String> = text.split("https://").skip(1).map(host).collect();
    let other = text.matches("://").count() != hosts.len();
    !other && !hosts.is_empty() && hosts.iter().all(|host| KNOWN.contains(&&**host))
}

/// Lines that fetch a file which one of the shown lines starts.
fn fetched_before(finding: &Finding, contents: &Contents, shown: &[String]) -> Vec<String> {
    let started: Vec<&str> = shown
        .iter()
        .flat_map(|text| text.split_whitespace())
        .map(|word| word.trim_matches(['"', '\'', '`']).trim_start_matches("./"))
        .filter(|word| word.len() > 3 && !word.starts_with('-') && !word.contains("://"))
        .filter(|word| word.contains(['.', '-', '_']))
        .collect();
    let mut out = Vec::new();
    for span in &finding.spans {
        let text = String::from_utf8_lossy(contents.get(&span.file).unwrap_or_default()).into_owned();
        let fetches = |line: &&str| {
            fetched_from(line).is_some()
                && line.split_whitespace().any(|word| started.contains(&word.trim_matches(['"', '\''])))
        };
        out.extend(text.lines().filter(fetches).map(str::to_owned));
    }
    out
}

/// The host that a line with `curl` or `wget` fetches from; an address may stand without scheme.
fn fetched_from(line: &str) -> Option<&str> {
    let quotes = ['"', '\'', '`', '(', ')', '$'];
    let mut words = line.split(|c: char| c.is_whitespace() || c == '|').map(|word| word.trim_matches(quotes));
    words.find(|word| matches!(*word, "curl" | "wget"))?;
    let address = words.find(|word| word.contains('.') && !word.starts_with('-'))?;
    let address = address.strip_prefix("https://").unwrap_or(address);
    address.split(['/', '?']).next()
}
