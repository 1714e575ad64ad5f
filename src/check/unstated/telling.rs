//! Names that attacks are after: where secrets lie, what starts programs by itself, who has all
//! rights, what guards a machine. Code that names one, in a package that has a way to use it and no
//! word for it, is shown to somebody.
//!
//! After MITRE ATT&CK (T1555 credentials from stores, T1552 unsecured credentials, T1547 and T1053 start-up
//! and schedules, T1548 elevation, T1562 impaired defences, T1496 hijacked resources), by what each technique's
//! page names. No flow is needed: this is for values that were lost on their way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::model::{CapabilityKind, Contents, LineIndex, Span};

/// Names of one kind.
struct Kind {
    /// What they are, as it is said.
    what: &'static str,
    /// The names, lower case.
    names: &'static [&'static str],
    /// One of these the package must be able to do.
    needs: &'static [CapabilityKind],
    /// Beginnings of words in the package's own texts that explain them.
    explained: &'static [&'static str],
}

use CapabilityKind::{DynamicCode, FsRead, FsWrite, Native, Net, Process};

const KINDS: &[Kind] = &[
    Kind {
        what: "stores of credentials",
        names: &[
            ".aws/credentials",
            ".git-credentials",
            ".docker/config.json",
            ".kube/config",
            ".ssh/id_",
            "id_ed25519",
            "application_default_credentials",
            ".config/gh/hosts.yml",
            ".azure/accesstokens",
            ".cargo/credentials",
            ".pgpass",
            ".my.cnf",
            ".vault-token",
            ".terraform.d/credentials",
            "/etc/shadow",
            "/proc/self/environ",
        ],
        needs: &[Net],
        explained: &[
            "aws",
            "s3",
            "ssh",
            "sftp",
            "git",
            "docker",
            "kube",
            "k8s",
            "helm",
            "gcp",
            "google",
            "cloud",
            "credential",
            "secret",
            "azure",
            "cargo",
            "crate",
            "postgres",
            "mysql",
            "sql",
            "vault",
            "terraform",
            "deploy",
            "key",
            "auth",
            "backup",
            "dotfile",
            "remote",
            "cluster",
            "container",
        ],
    },
    Kind {
        what: "stores of browsers, chats and wallets",
        names: &[
            "local storage/leveldb",
            "local storage\\\\leveldb",
            "leveldb",
            "login data",
            "cookies.sqlite",
            "logins.json",
            "key4.db",
            "wallet.dat",
            "local extension settings",
            "discordcanary",
            "discordptb",
            "exodus.wallet",
            "electrum/wallets",
            "solana/id.json",
            "cryptunprotectdata",
            "nkbihfbeogaeaoehlefnkodbefgpgknn",
        ],
        needs: &[FsRead, Net, Native],
        explained: &[
            "browser",
            "cookie",
            "password",
            "wallet",
            "profile",
            "forensic",
            "chrome",
            "firefox",
            "discord",
            "leveldb",
            "level",
            "database",
            "key-value",
            "electron",
            "solana",
            "bitcoin",
            "ethereum",
            "crypto",
            "chain",
            "dpapi",
            "storage",
            "keyring",
        ],
    },
    Kind {
        what: "what starts programs by itself",
        names: &[
            "launchagents",
            "launchdaemons",
            "currentversion\\run",
            "currentversion\\\\run",
            "schtasks",
            "crontab",
            "systemctl --user enable",
            "systemctl enable",
            ".config/autostart",
            "/etc/systemd/system",
            "systemd/user",
            "start menu\\programs\\startup",
            "start menu\\\\programs\\\\startup",
            "start menu/programs/startup",
            "register-scheduledtask",
            "/etc/cron",
            "/etc/rc.local",
            "/etc/profile.d",
            "ld.so.preload",
            "usercustomize",
            "sitecustomize",
        ],
        needs: &[FsWrite, Process],
        explained: &[
            "service",
            "daemon",
            "autostart",
            "startup",
            "start-up",
            "schedul",
            "cron",
            "launch",
            "login",
            "install",
            "supervis",
            "systemd",
            "agent",
            "background",
            "boot",
            "task",
            "job",
            "deploy",
            "server",
            "profil",
            "coverage",
            "trac",
            "instrument",
            "updat",
            "administ",
            "manage",
            "monitor",
        ],
    },
    Kind {
        what: "rights of the administrator",
        names: &[
            "/etc/sudoers",
            "nopasswd",
            "chmod u+s",
            "setuid(0)",
            "-verb runas",
            "fodhelper",
            "usermod -ag",
        ],
        needs: &[FsWrite, Process, Native],
        explained: &[
            "sudo",
            "root",
            "privileg",
            "elevat",
            "administ",
            "provision",
            "permission",
            "uac",
            "setuid",
        ],
    },
    Kind {
        what: "a machine's guards",
        names: &[
            "set-mppreference",
            "add-mppreference",
            "disablerealtimemonitoring",
            "disableioavprotection",
            "disablebehaviormonitoring",
            "netsh advfirewall",
            "setenforce 0",
            "spctl --master-disable",
            "csrutil disable",
            "ufw disable",
            "vssadmin delete",
            "wevtutil cl",
            "clear-eventlog",
            "history -c",
            "unset histfile",
        ],
        needs: &[Process, DynamicCode],
        explained: &[
            "exclusion",
            "firewall",
            "hardening",
            "selinux",
            "gatekeeper",
            "shadow copies",
            "event log",
        ],
    },
    Kind {
        what: "options that take the user out of an agent's loop",
        names: &[
            "--dangerously-skip-permissions",
            "--dangerously-bypass-approvals-and-sandbox",
            "--dangerously-allow-all",
            "bypasspermissions",
            "enableallprojectmcpservers",
            "--yolo\"",
            "--yolo'",
            "--trust-all-tools",
        ],
        needs: &[Process, FsWrite],
        explained: &[
            "yolo",
            "skip-permission",
            "skip permission",
            "dangerous",
            "bypass",
            "unattended",
            "autonom",
            "headless",
        ],
    },
    Kind {
        what: "texts that coding agents obey",
        names: &[
            "claude.md",
            "agents.md",
            ".cursor/rules",
            ".cursorrules",
            "copilot-instructions.md",
            ".windsurfrules",
            "gemini.md",
            ".clinerules",
            ".claude/settings",
            ".claude.json",
            ".cursor/mcp.json",
            ".codex/config",
        ],
        needs: &[FsWrite],
        explained: &[
            "agent",
            "claude",
            "cursor",
            "copilot",
            "llm",
            "rules",
            "memor",
            "skill",
            "mcp",
            "assistant",
            "codex",
            "gemini",
            "prompt",
            "windsurf",
            "scaffold",
        ],
    },
    Kind {
        what: "all secrets of a repository",
        names: &["tojson(secrets)", "tojson( secrets )"],
        needs: &[FsWrite, Process, Net],
        explained: &[],
    },
    Kind {
        what: "a pool of miners",
        names: &[
            "stratum+tcp",
            "stratum+ssl",
            "mining.subscribe",
            "mining.submit",
            "mining.authorize",
            "xmrig",
            "--donate-level",
            "cryptonight",
            "randomx",
        ],
        needs: &[Process, Net, Native],
        explained: &[
            "mine",
            "mining",
            "stratum",
            "monero",
            "proof of work",
            "proof-of-work",
            "randomx",
            "hash",
        ],
    },
    Kind {
        what: "a cloud machine's own credentials",
        names: &["169.254.169.254", "169.254.170.2", "metadata.google.internal", "fd00:ec2::254"],
        needs: &[Net, Process],
        explained: &[
            "cloud",
            "aws",
            "ec2",
            "gcp",
            "google",
            "azure",
            "metadata",
            "instance",
            "ssrf",
            "telemetr",
            "credential",
            "monitor",
            "deploy",
            "proxy",
            "kube",
        ],
    },
    Kind {
        what: "where packages are taken from",
        names: &[
            "extra-index-url",
            "trusted-host",
            "registry.npmjs.org/-/npm/v1/tokens",
            "//registry.npmjs.org/:_authtoken",
            "pip.conf",
            "uv.toml",
        ],
        needs: &[FsWrite],
        explained: &[
            "index",
            "mirror",
            "registr",
            "pip",
            "proxy",
            "artifact",
            "publish",
            "package",
            "npm",
            "install",
            "build",
            "depend",
            "requirement",
            "lock",
            "config",
            "token",
            "uv",
            "wheel",
        ],
    },
    Kind {
        what: "a shell that somebody else types into",
        names: &["/dev/tcp/", "bash -i", "sh -i", "-e /bin/sh", "-e /bin/bash", "pty.spawn", "nc -e"],
        needs: &[Process, Net],
        explained: &[
            "shell", "terminal", "pty", "expect", "console", "repl", "remote", "exploit", "pentest", "ssh",
        ],
    },
    Kind {
        what: "commands of Windows that fetch and run",
        names: &[
            "-encodedcommand",
            "downloadstring(",
            "downloadfile(",
            "invoke-expression",
            "-windowstyle hidden",
            "regsvr32",
            "mshta",
            "certutil -urlcache",
            "bitsadmin",
            "rundll32",
        ],
        needs: &[Process],
        explained: &["powershell", "windows", "installer", "provision", "registr"],
    },
];

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

static ALL: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
    let names =
        KINDS.iter().enumerate().flat_map(|(kind, all)| all.names.iter().map(move |name| (kind, *name)));
    let (of, names): (Vec<usize>, Vec<&str>) = names.unzip();
    let all = AhoCorasick::builder().ascii_case_insensitive(true).build(names).expect("fixed names");
    (all, of)
});

/// A kind of names that nothing explains, and where they stand.
#[derive(Debug)]
pub struct Told {
    /// What they are.
    pub what: &'static str,
    /// The first name, as it is written.
    pub name: String,
    /// Places, in order.
    pub spans: Vec<Span>,
}

/// Looks for names in `files`; `said` gives all words of the package's own texts, in one text, lower case,
/// where there is something to explain.
pub fn find<'a>(
    files: impl Iterator<Item = &'a str>,
    contents: &Contents,
    able: &BTreeSet<CapabilityKind>,
    said: impl FnOnce() -> String,
) -> Vec<Told> {
    let (all, of) = &*ALL;
    let open: Vec<bool> =
        KINDS.iter().map(|kind| kind.needs.iter().any(|need| able.contains(need))).collect();
    let mut found: BTreeMap<usize, Told> = BTreeMap::new();
    for path in files {
        let text = contents.get(path).filter(|bytes| bytes.len() <= MAX_FILE);
        let Some(text) = text.and_then(|bytes| std::str::from_utf8(bytes).ok()) else { continue };
        let mut index = None;
        let mut note = |kind: usize, name: &str, start: usize, end: usize| {
            let index = index.get_or_insert_with(|| LineIndex::new(path, text));
            let told = found.entry(kind).or_insert_with(|| Told {
                what: KINDS.get(kind).map_or("", |kind| kind.what),
                name: name.to_owned(),
                spans: Vec::new(),
            });
            if told.spans.len() < super::PLACES {
                told.spans.push(index.span(start, end));
            }
        };
        let kind_of = |pattern: aho_corasick::PatternID| {
            of.get(pattern.as_usize()).copied().filter(|kind| open.get(*kind) == Some(&true))
        };
        for hit in all.find_iter(text) {
            if let Some(kind) = kind_of(hit.pattern())
                && is_code(text, hit.start())
            {
                note(kind, text.get(hit.range()).unwrap_or_default(), hit.start(), hit.end());
            }
        }
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if let Some(joined) = joined(line) {
                for hit in all.find_iter(&joined) {
                    if let Some(kind) = kind_of(hit.pattern()) {
                        note(
                            kind,
                            joined.get(hit.range()).unwrap_or_default(),
                            at,
                            at + line.trim_end().len(),
                        );
                    }
                }
            }
            at += line.len();
        }
    }
    if !found.is_empty() {
        let said = said();
        found.retain(|kind, _| KINDS.get(*kind).is_some_and(|kind| !explains(&said, kind.explained)));
    }
    found.into_values().collect()
}

/// Longest line whose parts are joined, in bytes.
const MAX_LINE: usize = 1000;

/// A line whose texts in a row are one: `'Local Storage', 'leveldb'` as the path that it becomes, and
/// `'NOPA' + 'SSWD'` as one word. None where there are no two texts in a row.
fn joined(line: &str) -> Option<String> {
    let quote = |c: char| matches!(c, '\'' | '"' | '`');
    if line.len() > MAX_LINE || line.matches(quote).count() < 4 {
        return None;
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut changed = false;
    while let Some(at) = rest.find(quote) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let between = after.get(1..).unwrap_or_default();
        let next = between.find(quote).unwrap_or(between.len());
        let gap = between.get(..next).unwrap_or_default().trim().trim_end_matches(['r', 'b', 'f']).trim();
        let (glue, taken) = match gap {
            "," | "/" => ("/", true),
            "+" | "." => ("", true),
            _ => ("\"", false),
        };
        out.push_str(glue);
        changed |= taken;
        rest = match taken {
            true => between.get(next + 1..).unwrap_or_default(),
            false => between,
        };
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Whether one of the words begins with one of these; a phrase may stand anywhere.
fn explains(said: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| match start.contains([' ', '-']) {
        true => said.contains(start),
        false => said
            .match_indices(start)
            .any(|(at, _)| !said.get(..at).unwrap_or_default().ends_with(|c: char| c.is_alphanumeric())),
    })
}

/// Whether the place is in code and not in a remark, as far as its line tells.
fn is_code(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let start = line.trim_start();
    let remark =
        ["//", "#", "*", "/*", "--", "<!--", "'''", "\"\"\""].iter().any(|sign| start.starts_with(sign));
    !remark && !line.contains("// ") && !line.contains(" # ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_in_a_row_are_one() {
        let of = |line: &str| joined(line).unwrap_or_default();
        assert_eq!(of("join(base, 'Local Storage', 'leveldb')"), "join(base, \"Local Storage/leveldb\")");
        assert_eq!(of("x = \"NOPA\" + \"SSWD: ALL\""), "x = \"NOPASSWD: ALL\"");
        assert_eq!(joined("a('b', c)"), None);
        assert_eq!(joined("a('b', c, 'd')"), None);
    }

    #[test]
    fn a_phrase_explains_and_a_part_of_a_word_does_not() {
        assert!(explains("a tool for ssh keys", &["ssh"]) && !explains("crossshore", &["ssh"]));
        assert!(explains("runs xmr with proof of work", &["proof of work"]));
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "[ab'\",+/ ü]{0,60}") {
            joined(&line);
        }
    }
}
