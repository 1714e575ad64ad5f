//! What single commands and files of an agent's package do to the machine beyond the task.

use std::cell::LazyCell;
use std::sync::LazyLock;

use regex::Regex;

use super::permissions;
use crate::check::{Check, Subject};
use crate::model::{
    AgentKind, CapabilityKind, Confidence, Ecosystem, Fact, FactKind, Finding, LineIndex, Polarity, Severity,
    escape,
};

/// Commands that lower a machine's guard, stay on it, or take what is not theirs to take.
#[derive(Debug)]
pub struct Deeds;

/// Largest text that is searched for what starts things, in bytes.
const MAX_TEXT: usize = 1 << 18;

/// Deeds of shell commands (see `check::shell`) and their rules, with what to say.
const RULES: [(&str, &str, &str); 10] = [
    ("unchecked-connections", "agent/unchecked-connections", "switches a protection off for good"),
    ("trusted-root", "agent/trusted-root", "has the machine trust another certificate authority"),
    ("covered-tracks", "agent/covered-tracks", "takes away what would tell of it"),
    ("all-rights", "agent/all-rights", "gives the rights of the administrator away"),
    ("host-mount", "agent/host-mount", "hands the machine to a container"),
    ("foreign-index", "agent/foreign-index", "takes packages from an index of its own"),
    ("shadowed-program", "agent/shadowed-program", "puts a file in the place of an everyday program"),
    ("keychain-export", "agent/keychain-export", "takes private keys out of the keychain"),
    ("planted-skill", "agent/planted-skill", "brings in what agents load by themselves"),
    ("runs-by-option", "agent/runs-by-option", "starts a program by an option of another"),
];

impl Check for Deeds {
    fn rules(&self) -> &'static [&'static str] {
        &[
            "agent/all-rights",
            "agent/covered-tracks",
            "agent/foreign-index",
            "agent/host-mount",
            "agent/keychain-export",
            "agent/planted-skill",
            "agent/runs-by-option",
            "agent/shadowed-program",
            "agent/starts-later",
            "agent/trusted-root",
            "agent/unchecked-connections",
        ]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.ecosystem != Ecosystem::Agent {
            return;
        }
        let stated = stated(subject);
        // A project's own scripts are read with it; a skill's come from somebody else.
        let expected = LazyCell::new(|| {
            subject.package.agent == Some(AgentKind::Workspace)
                || speaks_of_starts(&stated)
                || tells_of_starts(subject)
        });
        assignments(subject, out);
        let told = |fact: &&Fact| !fact.context.test && fact.context.polarity == Polarity::Told;
        for fact in subject.facts.iter().filter(told) {
            match fact.kind {
                FactKind::Shell => {
                    for (deed, rule, says) in RULES {
                        if fact.name == deed {
                            // Its own folder is where a skill says that it is to be put.
                            let own = rule == "agent/planted-skill" && names_itself(subject, fact);
                            if own {
                                continue;
                            }
                            let purposed = rule == "agent/trusted-root" && speaks_of_certificates(&stated)
                                || matches!(rule, "agent/planted-skill" | "agent/runs-by-option");
                            out.push(finding(rule, says, fact, purposed));
                        }
                    }
                    if fact.name == "persist" {
                        out.extend(later(fact, *expected));
                    }
                }
                FactKind::Shape if matches!(fact.name.as_str(), "startup-file" | "persist") => {
                    out.extend(later(fact, *expected));
                }
                // Every line of it that starts with `import` runs whenever Python starts.
                _ if fact.span.file.ends_with(".pth") => {
                    let reaches = fact.capability.is_some_and(|kind| {
                        matches!(
                            kind,
                            CapabilityKind::Net | CapabilityKind::Process | CapabilityKind::DynamicCode
                        )
                    });
                    if reaches {
                        out.push(finding("agent/starts-later", "runs at every start of Python", fact, false));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a command names the skill that it stands in.
fn names_itself(subject: &Subject<'_>, fact: &Fact) -> bool {
    let declared = subject.facts.iter().filter(|fact| fact.kind == FactKind::Declared && fact.name == "name");
    declared
        .map(|fact| fact.value.as_str())
        .chain([&*subject.package.name])
        .any(|name| name.len() > 2 && fact.value.trim_end().ends_with(&format!("/{name}")))
}

/// The name and what the package says that it is for.
pub(super) fn stated(subject: &Subject<'_>) -> String {
    let purpose = permissions(subject.facts).purpose;
    format!("{} {purpose}", subject.package.name.replace(['-', '_', '/'], " ")).to_lowercase()
}

/// Whether a text of the package, not its stated purpose alone, names what starts things: who reads it knows.
fn tells_of_starts(subject: &Subject<'_>) -> bool {
    const NAMES: &[&str] = &[
        "cron",
        "systemd",
        "systemctl",
        "launchd",
        "launchctl",
        "launchagent",
        "autostart",
        "startup",
        "start-up",
        ".timer",
        "minuterie",
        "temporizador",
        "schtasks",
        ".zshrc",
        ".bashrc",
        ".zprofile",
        ".bash_profile",
        ".profile",
    ];
    let texts = subject.contents.files.iter().filter(|file| file.path.ends_with(".md"));
    texts.filter(|file| file.range.len() <= MAX_TEXT).any(|file| {
        let text = String::from_utf8_lossy(subject.contents.bytes(file)).to_lowercase();
        NAMES.iter().any(|name| text.contains(name))
    })
}

/// What starts later: sure where it fetches what it starts or where nothing that the package says
/// of itself lets one expect it; else somebody has to look.
fn later(fact: &Fact, expected: bool) -> Option<Finding> {
    let line = fact.value.to_ascii_lowercase();
    let fetches = ["curl", "wget", "http://", "https://", "base64"].iter().any(|word| line.contains(word));
    // A service is started openly by a text that says so; a script does it behind the text.
    let service = line.trim_start().starts_with("systemctl") || line.trim_start().starts_with("launchctl");
    let text = fact.span.file.ends_with(".md");
    if service && text && !fetches {
        return None;
    }
    // A folder that is searched for programs starts nothing.
    if line.contains("export path=") && !fetches {
        return None;
    }
    Some(finding("agent/starts-later", "writes where things start by themselves", fact, expected && !fetches))
}

/// What scripts set in the shell itself, where no command is started.
static SETS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)(?:^|[;&])[ \t]*(?:(unset[ \t]+HISTFILE\b|(?:export[ \t]+)?(?:HISTSIZE|HISTFILESIZE)=0\b|(?:export[ \t]+)?HISTFILE=/dev/null\b|set[ \t]+\+o[ \t]+history\b)|(export[ \t]+(?:NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY)=0\b))",
    )
    .expect("the expression is valid")
});

fn assignments(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for file in &subject.contents.files {
        if ![".sh", ".bash", ".zsh"].iter().any(|end| file.path.ends_with(end)) {
            continue;
        }
        let Ok(source) = std::str::from_utf8(subject.contents.bytes(file)) else { continue };
        let index = LineIndex::new(&*file.path, source);
        for found in SETS.captures_iter(source).take(20) {
            let (at, rule, says) = match (found.get(1), found.get(2)) {
                (Some(at), _) => (at, "agent/covered-tracks", "takes away what would tell of it"),
                (_, Some(at)) => (at, "agent/unchecked-connections", "switches a protection off for good"),
                _ => continue,
            };
            let message = format!("{says}: `{}`", escape(at.as_str()));
            out.push(Finding {
                severity: Severity::High,
                confidence: Confidence::Medium,
                ..Finding::new(rule, message, vec![index.span(at.start(), at.end())])
            });
        }
    }
}

fn speaks_of_starts(stated: &str) -> bool {
    const STEMS: &[&str] = &[
        "cron",
        "schedul",
        "autostart",
        "startup",
        "start-up",
        "systemd",
        "launchd",
        "service",
        "daemon",
        "hook",
        "timer",
        "nightly",
        "daily",
        "weekly",
        "hourly",
        "background",
        "reminder",
        "nächtlich",
        "täglich",
        "wöchentlich",
        "quotidien",
        "diari",
        "diári",
        "giornalier",
        "nocturn",
        "每天",
        "每日",
        "毎日",
        "매일",
        "ежедневн",
        "dotfile",
        "alias",
        "profile",
        "shell",
        "setup",
        "set up",
        "install",
        "configur",
        "login",
        "dienst",
        "zeitplan",
        "einricht",
        "instal",
        "program",
        "定时",
        "安装",
        "配置",
        "服务",
        "予約",
        "設定",
        "예약",
        "설치",
        "служб",
        "устан",
        "расписан",
    ];
    STEMS.iter().any(|stem| stated.contains(stem))
}

fn speaks_of_certificates(stated: &str) -> bool {
    ["certificat", "zertifikat", "certificad", "tls", "ssl", "pki", "mkcert", "сертификат", "证书", "証明書"]
        .iter()
        .any(|stem| stated.contains(stem))
}

fn finding(rule: &str, says: &str, fact: &Fact, purposed: bool) -> Finding {
    let shown: String = fact.value.chars().take(120).collect();
    let message = match shown.is_empty() {
        true => says.to_owned(),
        false => format!("{says}: `{}`", escape(&shown)),
    };
    let mut finding = Finding::new(rule, message, vec![fact.span.clone()]);
    (finding.severity, finding.confidence) = match purposed {
        true => (Severity::Medium, Confidence::Low),
        false => (Severity::High, Confidence::Medium),
    };
    finding
}
