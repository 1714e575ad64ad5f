//! What stands in an agent's package and was put there for somebody else: keys that open other
//! machines, accounts that replace the payee, secrets of other services in a server's headers,
//! destruction that waits for a date.
//!
//! All four are told from constants: a public key, an account, a name of a variable, a date.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::{Check, Subject, context};
use crate::model::{Confidence, Ecosystem, FactKind, Finding, LineIndex, Severity, Span, escape};

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Constants that serve somebody else.
#[derive(Debug)]
pub struct Planted;

/// A line of a script that prints a public key: what `authorized_keys` takes.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?m)^[^#\n]*\b(?:echo|printf|print|tee|append|write)\b[^\n]{0,80}\b(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+)\s+AAAA[0-9A-Za-z+/]{20,}"#;
    Regex::new(text).expect("the expression is valid")
});

/// A public key, long enough to be one.
static PUBLIC: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"\b(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+)\s+AAAA[0-9A-Za-z+/]{40,}";
    Regex::new(text).expect("the expression is valid")
});

/// A shell's `if` that compares today with a written date.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?m)^[ \t]*(?:el)?if\b[^\n]*\bdate\b[^\n]*-(?:g[te]|eq)\s+"?(?:20\d{6}|1[6-9]\d{8}|[2-9]\d{9})"?[^\n]*$"#;
    Regex::new(text).expect("the expression is valid")
});

/// The same in Python and JavaScript.
static DATED_CODE: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?m)^([ \t]*)(?:el)?if\b[^\n]*(?:time\.time\(\)|today\(\)|now\(\)|Date\(\))[^\n]*[<>]=?\s*(?:[\d_]{6,}|(?:\w+\.)*(?:date|datetime|Date)\(\s*["']?20\d\d)"#;
    Regex::new(text).expect("the expression is valid")
});

/// Calls and statements after which something is gone.
static DESTROYS_CODE: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?i)\bdrop\s+(?:schema|table|database)\b|\brmtree\(|\.unlink(?:Sync)?\(|os\.remove\(|\.rm(?:Sync)?\(|write_bytes\(b["']{2}\)|\.truncate\(|["']r\+b["']|\bdelete\s+from\b"#;
    Regex::new(text).expect("the expression is valid")
});

/// A principal of Amazon's policies by its account.
static PRINCIPAL: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?s)\b[Pp]rincipals?\b.{0,80}?arn:aws[a-z-]*:iam::([0-9]{12}):(?:root|user/|role/)"#;
    Regex::new(text).expect("the expression is valid")
});

/// All secrets of a workflow as one value.
static ALL_SECRETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\btojson\(\s*secrets\s*\)").expect("the expression is valid"));

/// A command line of a workflow that sends data; what is sent stands between.
static SENT: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?m)^.*\bcurl\b.*\s(?:-d|--data(?:-\w+)?|-F|--form)\s.*\$\{\{\s*secrets\..*$"#;
    Regex::new(text).expect("the expression is valid")
});

/// The name of a workflow's secret.
static SECRET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{\{\s*secrets\.([A-Za-z]+)").expect("the expression is valid"));

/// A field of a form, by a name that is one of a secret's.
static SECRET_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?mi)^[ \t]*["']?(\w*(?:password|passwd|passphrase|passcode|one_?time_?code|otp|mfa_?code|totp|pin_?code|api_?key|access_?token|secret_?key|seed_?phrase|mnemonic|private_?key|cvv|card_?number)\w*)["']?\s*:"#;
    Regex::new(text).expect("the expression is valid")
});

/// A call that has the client ask its user for something.
static ELICITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\.elicit(?:Input|_input)?\(|elicitation/create").expect("the expression is valid")
});

/// Commands after which something is gone.
static DESTROYS: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"\brm\s+(?:-\w+\s+)*-\w*[rR]|\bshred\b|\bmkfs|\bdd\s[^\n]*\bof=|-delete\b|\bwipefs\b|\btruncate\s+-s\s*0";
    Regex::new(text).expect("the expression is valid")
});

/// `iban = "…"`, `payee.account = '…'`: a variable for whom money goes to, and an account.
static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"^([ \t]+)(?:\w+[.\[])*["']?\w*(?i:iban|account|payee|recipient|beneficiary|wallet|address|pay_?to)\w*["']?\]?\s*=\s*["'`](?:[A-Z]{2}\d{2}[0-9A-Z ]{10,32}|0x[0-9a-fA-F]{40}|bc1[0-9a-z]{20,60})["'`]"#;
    Regex::new(text).expect("the expression is valid")
});

/// Starts of names of variables that hold one service's secrets, and the words by which the
/// service is called. From the services' own documentation.
const SERVICES: &[(&str, &[&str])] = &[
    ("AWS_", &["aws", "amazon", "bedrock"]),
    ("GITHUB_", &["github"]),
    ("GH_", &["github"]),
    ("GITLAB_", &["gitlab"]),
    ("NPM_", &["npm"]),
    ("NODE_AUTH_", &["npm"]),
    ("OPENAI_", &["openai"]),
    ("ANTHROPIC_", &["anthropic", "claude"]),
    ("GEMINI_", &["google", "gemini"]),
    ("GOOGLE_", &["google", "gemini", "gcp"]),
    ("AZURE_", &["azure", "microsoft"]),
    ("HF_", &["huggingface", "hf"]),
    ("SLACK_", &["slack"]),
    ("STRIPE_", &["stripe"]),
    ("DOCKER_", &["docker"]),
    ("CARGO_REGISTRY_", &["crates", "cargo"]),
    ("TWINE_", &["pypi"]),
    ("PYPI_", &["pypi"]),
    ("VAULT_", &["vault", "hashicorp"]),
    ("DATABASE_", &["database", "postgres", "mysql", "db"]),
    ("KUBE", &["kube"]),
    ("SSH_", &["ssh"]),
];

/// Keys that a block of code in a text has written where keys that may log in are kept.
fn in_blocks(path: &str, bytes: &[u8], out: &mut Vec<Finding>) {
    if bytes.len() > MAX_FILE || memchr::memmem::find(bytes, b"authorized_keys").is_none() {
        return;
    }
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let (mut at, mut block): (usize, Option<usize>) = (0, None);
    for line in source.split_inclusive('\n') {
        let next = at + line.len();
        if line.trim_start().starts_with("```") {
            if let Some(start) = block.take() {
                let inside = source.get(start..at).unwrap_or_default();
                let written = inside.contains(">>") || inside.contains("tee ");
                if inside.contains("authorized_keys")
                    && written
                    && let Some(found) = PUBLIC.find(inside)
                {
                    let span = LineIndex::new(path, source).span(start + found.start(), start + found.end());
                    let message = "has a key of its own put where keys that may log in are kept".to_owned();
                    out.push(finding("agent/foreign-key", message, Severity::High, span));
                }
            } else {
                block = Some(next);
            }
        }
        at = next;
    }
}

impl Check for Planted {
    fn rules(&self) -> &'static [&'static str] {
        &[
            "agent/borrowed-secret",
            "agent/dated-destruction",
            "agent/elicits-secret",
            "agent/foreign-key",
            "agent/other-account",
            "agent/swapped-account",
        ]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.ecosystem != Ecosystem::Agent {
            return;
        }
        borrowed(subject, out);
        for file in &subject.contents.files {
            let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending);
            if matches!(ending, "yml" | "yaml") {
                of_workflow(&file.path, subject.contents.bytes(file), out);
                continue;
            }
            if matches!(ending, "md" | "mdc" | "markdown") {
                in_blocks(&file.path, subject.contents.bytes(file), out);
                continue;
            }
            other_account(&file.path, subject, out);
            let shell = matches!(ending, "sh" | "bash" | "zsh");
            let code = shell || matches!(ending, "py" | "js" | "mjs" | "cjs" | "ts");
            let bytes = subject.contents.bytes(file);
            if !code || bytes.len() > MAX_FILE || context::is_test_path(&file.path) {
                continue;
            }
            let Ok(source) = std::str::from_utf8(bytes) else { continue };
            let index = LineIndex::new(&*file.path, source);
            let mut push = |rule, message: String, from, to| {
                out.push(finding(rule, message, Severity::High, index.span(from, to)));
            };
            if let Some(found) = KEY.find(source) {
                let message = "puts a key of its own where keys that may log in are kept".to_owned();
                push("agent/foreign-key", message, found.start(), found.end());
            }
            if let Some((from, to)) = if shell { dated(source) } else { dated_code(source) } {
                let message = "destroys something once a date has passed".to_owned();
                push("agent/dated-destruction", message, from, to);
            }
            if !shell
                && ELICITS.is_match(source)
                && let Some(field) = SECRET_FIELD.captures(source).and_then(|found| found.get(1))
            {
                let message =
                    format!("has the client ask its user for a secret (`{}`)", escape(field.as_str()));
                push("agent/elicits-secret", message, field.start(), field.end());
            }
            if !shell && let Some((from, to)) = swapped(source) {
                let message = "replaces whom the money goes to, under a condition".to_owned();
                push("agent/swapped-account", message, from, to);
            }
        }
    }
}

/// Account numbers that Amazon's documentation uses for nobody.
const NOBODYS: &[&str] = &["123456789012", "000000000000", "111122223333", "444455556666", "999999999999"];

/// A policy that lets an account in whose number is written down, and that no text names.
fn other_account(path: &str, subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let bytes = subject.contents.get(path).unwrap_or_default();
    if bytes.len() > MAX_FILE || context::is_test_path(path) {
        return;
    }
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let Some(found) = PRINCIPAL.captures(source).and_then(|found| found.get(1)) else { return };
    let number = found.as_str();
    let prose = |path: &str| [".md", ".txt", ".rst"].iter().any(|end| path.ends_with(end));
    let told = || context::texts(subject.contents, MAX_FILE, prose).any(|(_, text)| text.contains(number));
    if NOBODYS.contains(&number) || told() {
        return;
    }
    let span = LineIndex::new(path, source).span(found.start(), found.end());
    let message = format!("gives the account `{number}` rights, of which none of its texts speaks");
    let found = finding("agent/other-account", message, Severity::Medium, span);
    out.push(Finding { confidence: Confidence::Low, ..found });
}

/// Secrets of other services that go to a server with each request.
fn borrowed(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let manifest = || subject.facts.iter().filter(|fact| fact.kind == FactKind::Manifest);
    let Some(url) = manifest().find(|fact| fact.name == "mcp.url") else { return };
    let called = format!("{} {}", subject.package.name, url.value).to_lowercase();
    let mut services = BTreeSet::new();
    let mut spans: Vec<Span> = Vec::new();
    for fact in manifest().filter(|fact| fact.name.starts_with("mcp.headers.")) {
        for (start, words) in SERVICES {
            let own = words.iter().any(|word| called.contains(word));
            if !own && names(&fact.value, start) {
                services.insert(*words.first().unwrap_or(start));
                spans.push(fact.span.clone());
            }
        }
    }
    spans.dedup();
    if spans.is_empty() {
        return;
    }
    let list: Vec<_> = services.iter().copied().collect();
    let message = format!("`{}` is given secrets of other services: {}", escape(&url.value), list.join(", "));
    // One key of another service may be what the server works with; a collection is not.
    let severity = if services.len() > 1 { Severity::High } else { Severity::Medium };
    let confidence = if services.len() > 1 { Confidence::High } else { Confidence::Low };
    out.push(Finding { severity, confidence, ..Finding::new("agent/borrowed-secret", message, spans) });
}

/// A workflow that hands all of its secrets to one step, or those of several services to a host.
fn of_workflow(path: &str, bytes: &[u8], out: &mut Vec<Finding>) {
    let Some(source) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_FILE) else { return };
    let own = |line: &str| line.trim_start().starts_with('#');
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        if let Some(found) = ALL_SECRETS.find(line).filter(|_| !own(line)) {
            let span = LineIndex::new(path, source).span(start + found.start(), start + found.end());
            let message = "hands all secrets of the workflow to one step".to_owned();
            out.push(finding("agent/borrowed-secret", message, Severity::High, span));
            return;
        }
        // An application's id and secret start alike and go to its own server.
        let services: BTreeSet<&str> = match SENT.is_match(line) && !own(line) {
            true => SECRET.captures_iter(line).filter_map(|found| Some(found.get(1)?.as_str())).collect(),
            false => BTreeSet::new(),
        };
        if services.len() > 1 {
            let span = LineIndex::new(path, source).span(start, start + line.trim_end().len());
            let message = "sends secrets of several services to one host".to_owned();
            out.push(finding("agent/borrowed-secret", message, Severity::High, span));
            return;
        }
        start += line.len();
    }
}

/// Whether a value takes in a secret variable whose name starts so: `${AWS_SECRET_ACCESS_KEY}`.
fn names(value: &str, start: &str) -> bool {
    value.match_indices('$').any(|(at, _)| {
        let name = value.get(at + 1..).unwrap_or_default().trim_start_matches(['{', '(']);
        let name = name.strip_prefix("env:").unwrap_or(name);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        name.starts_with(start)
            && ["KEY", "TOKEN", "SECRET", "PASS", "CONFIG", "URL", "SOCK", "PAT"]
                .iter()
                .any(|part| name.contains(part))
    })
}

/// The block of an `if` on a date in which something is destroyed.
fn dated(source: &str) -> Option<(usize, usize)> {
    DATED.find_iter(source).find_map(|condition| {
        let rest = source.get(condition.end()..)?;
        let end = rest.find("\nfi").map_or(rest.len().min(2000), |at| at);
        let body = rest.get(..end)?;
        DESTROYS.find(body).map(|found| (condition.start(), condition.end() + found.end()))
    })
}

/// The same for code: the lines that stand further in than the condition.
fn dated_code(source: &str) -> Option<(usize, usize)> {
    DATED_CODE.captures_iter(source).find_map(|condition| {
        let whole = condition.get(0)?;
        let indent = condition.get(1).map_or(0, |space| space.len());
        let mut at = source.get(whole.end()..)?.find('\n')? + whole.end() + 1;
        for line in source.get(at..)?.split_inclusive('\n') {
            let inner = line.len() - line.trim_start().len() > indent || line.trim().is_empty();
            if !inner {
                return None;
            }
            if let Some(found) = DESTROYS_CODE.find(line) {
                return Some((whole.start(), at + found.end()));
            }
            at += line.len();
        }
        None
    })
}

/// A line that sets an account, right below a condition.
fn swapped(source: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut before: Vec<&str> = Vec::new();
    for line in source.split_inclusive('\n') {
        if let Some(found) = ACCOUNT.captures(line) {
            let indent = found.get(1).map_or(0, |space| space.len());
            let over = before.iter().rev().find(|line| line.len() - line.trim_start().len() < indent);
            let guarded = over.is_some_and(|line| {
                let text = line.trim_start().trim_start_matches("} ");
                ["if ", "if(", "elif ", "else", "case "].iter().any(|start| text.starts_with(start))
            });
            if guarded {
                return Some((start, start + line.trim_end().len()));
            }
        }
        if !line.trim().is_empty() {
            before.push(line);
        }
        start += line.len();
    }
    None
}

fn finding(rule: &str, message: String, severity: Severity, span: Span) -> Finding {
    Finding { severity, confidence: Confidence::Medium, ..Finding::new(rule, message, vec![span]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_swapped_only_under_a_condition() {
        let swap =
            "def pay(x):\n    iban = x.iban\n    if x.sum > 9:\n        iban = \"DE00123456781234567800\"\n";
        assert!(swapped(swap).is_some());
        let own = "def pay(x):\n    iban = \"DE00123456781234567800\"\n    return iban\n";
        assert!(swapped(own).is_none());
        assert!(swapped("OUR_IBAN = \"DE00123456781234567800\"\n").is_none());
    }

    #[test]
    fn a_date_and_what_is_destroyed_after_it() {
        assert!(dated("if [ \"$(date +%s)\" -gt 1800000000 ]; then\n  rm -rf \"$x\"\nfi\n").is_some());
        assert!(
            dated("if [ \"$(date +%s)\" -gt 1800000000 ]; then\n  echo late\nfi\nrm -rf tmp\n").is_none()
        );
        assert!(dated("if [ \"$(date +%H)\" -gt 20 ]; then\n  rm -rf tmp\nfi\n").is_none());
    }

    #[test]
    fn a_date_in_code() {
        let bomb =
            "def f(x):\n    if time.time() > 1_790_000_000:\n        for p in x:\n            p.unlink()\n";
        assert!(dated_code(bomb).is_some());
        let late = "def f(x):\n    if time.time() > 1_790_000_000:\n        warn()\n    x.unlink()\n";
        assert!(dated_code(late).is_none());
        assert!(dated_code("if time.time() > deadline:\n    path.unlink()\n").is_none());
    }

    #[test]
    fn secrets_by_their_names() {
        assert!(names("${AWS_ACCESS_KEY_ID:-}:x", "AWS_"));
        assert!(names("Bearer ${env:GITHUB_TOKEN}", "GITHUB_"));
        assert!(!names("${AWS_REGION}", "AWS_"));
        assert!(!names("AWS_SECRET_ACCESS_KEY", "AWS_"));
    }
}
