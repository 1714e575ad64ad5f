//! Where values come from: files by their names, programs by what they print.

use super::value::{Origin, Value};

/// Credential files and folders, by a part of their path.
const SECRET_PARTS: &[&str] = &[
    "/.ssh/",
    "/.aws/",
    "/.gnupg",
    "/.kube/config",
    "/.docker/config",
    "/.config/gcloud",
    "/.config/gh/hosts",
    "/.azure/",
    "/.netrc",
    "/.npmrc",
    "/.pypirc",
    "/.git-credentials",
    "/.cargo/credentials",
    "/.vault-token",
    "/.password-store",
    "/.pgpass",
    "/.my.cnf",
    "/.bash_history",
    "/.zsh_history",
    "/etc/shadow",
    "/etc/passwd",
    "/Library/Keychains",
    "Login Data",
    "/.mozilla/firefox",
    "/Google/Chrome",
    "/.config/google-chrome",
    "wallet.dat",
    "/.electrum",
    "/.ethereum",
    "/.bitcoin",
    "/.config/solana",
    "/.claude/.credentials",
    "/.terraform.d/credentials",
    "/var/run/secrets",
    "/run/secrets/",
];

/// Names of such files, whatever their folder.
const SECRET_NAMES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".env",
    ".env.local",
    ".env.production",
    ".ssh",
    ".aws",
    ".gnupg",
    ".bash_history",
    ".zsh_history",
    ".vault-token",
    "environ",
    ".password-store",
    "credentials.json",
    ".kube",
];

/// Where the content of a file comes from, told from its name.
pub(super) fn origin_of_file(path: &str) -> Option<Origin> {
    let path = path.trim_matches(['"', '\'']);
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.ends_with(".pub") || path.len() > 4096 || path.contains("known_hosts") || path.contains("://") {
        return None;
    }
    if name == "environ" {
        return path.starts_with("/proc/").then_some(Origin::EnvAll);
    }
    let rooted = format!("/{path}");
    if SECRET_PARTS.iter().any(|part| rooted.contains(part))
        || SECRET_NAMES.contains(&name)
        || (path.starts_with("/proc/") && path.ends_with("/environ"))
    {
        return Some(Origin::SecretFile);
    }
    None
}

/// Coding agents that are asked on a command line.
const AGENTS: &[&str] =
    &["claude", "gemini", "codex", "cursor-agent", "opencode", "amp", "qwen", "goose", "copilot", "aider"];
/// What can only mean a secret in what an agent is asked for, and what does beside another such word.
const SECRET_SPOKEN: &[&str] =
    &["private key", "id_rsa", "id_ed25519", "seed phrase", "mnemonic", "keystore", "wallets", "credentials"];
const SECRET_HINTED: &[&str] =
    &["keys", "tokens", "secrets", "passwords", "wallet", ".ssh", "npmrc", ".env", "env files", "cookies"];

/// What the output of a command tells, whatever it is given.
pub(super) fn told(name: &str, args: &[Value]) -> Option<Origin> {
    let word = |at: usize| args.get(at).map_or("", |arg| arg.text.as_str());
    let has = |text: &str| args.iter().any(|arg| arg.text == text);
    let no_command = !args.iter().any(|arg| !arg.text.starts_with('-'));
    Some(match name {
        "env" | "printenv" if no_command => Origin::EnvAll,
        "set" if args.is_empty() => Origin::EnvAll,
        "export" | "declare" | "typeset"
            if no_command && (has("-p") || has("-x") || has("-px") || args.is_empty()) =>
        {
            Origin::EnvAll
        }
        "compgen" if has("-e") || has("-v") => Origin::EnvAll,
        "printenv" => match super::expand::secret_name(word(0)) {
            true => Origin::EnvSecret,
            false => Origin::Env,
        },
        "gh" if word(0) == "auth" && (word(1) == "token" || has("--show-token") || has("-t")) => {
            Origin::SecretFile
        }
        "npm"
            if word(0) == "token"
                || (word(0) == "config" && args.iter().any(|arg| arg.text.contains("_authToken"))) =>
        {
            Origin::SecretFile
        }
        "gcloud" if word(0) == "auth" && word(1).starts_with("print-") => Origin::SecretFile,
        "aws"
            if matches!(
                (word(0), word(1)),
                ("configure", "get" | "export-credentials")
                    | ("sts", "get-session-token")
                    | ("secretsmanager", "get-secret-value")
                    | ("ssm", "get-parameter")
            ) =>
        {
            Origin::SecretFile
        }
        "az" if word(0) == "account" && word(1) == "get-access-token" => Origin::SecretFile,
        "security" if word(0).starts_with("find-") || word(0) == "dump-keychain" || word(0) == "export" => {
            Origin::SecretFile
        }
        "secret-tool" if word(0) == "lookup" => Origin::SecretFile,
        "op" if matches!(word(0), "read" | "item" | "get") => Origin::SecretFile,
        "pass" if matches!(word(0), "show" | "") => Origin::SecretFile,
        "bw" if matches!(word(0), "get" | "list" | "export") => Origin::SecretFile,
        "vault" if matches!((word(0), word(1)), ("read", _) | ("kv", "get") | ("token", _)) => {
            Origin::SecretFile
        }
        "kubectl"
            if (word(0) == "config" && has("--raw"))
                || (word(0) == "get" && word(1).starts_with("secret")) =>
        {
            Origin::SecretFile
        }
        "git" if word(0) == "credential" && word(1) == "fill" => Origin::SecretFile,
        "gpg" | "gpg2" if args.iter().any(|arg| arg.text.starts_with("--export-secret")) => {
            Origin::SecretFile
        }
        "ssh-add" if has("-L") => return None,
        "history" | "fc" if !has("-c") => Origin::SecretFile,
        _ if AGENTS.contains(&name) && asks_for_secrets(args) => Origin::SecretFile,
        "pbpaste" | "wl-paste" => Origin::Clipboard,
        "xclip" if has("-o") || has("-out") => Origin::Clipboard,
        "xsel" if !has("-i") && !has("--input") && !has("-c") => Origin::Clipboard,
        "Get-Clipboard" => Origin::Clipboard,
        "whoami" | "hostname" | "id" | "uname" | "ifconfig" | "ipconfig" | "systeminfo" | "lsb_release"
        | "sw_vers" | "hostnamectl" | "logname" | "who" | "w" | "last" | "users" | "getmac" | "arp"
        | "dmidecode" | "ioreg" | "system_profiler" => Origin::HostInfo,
        "ip" if matches!(word(0), "a" | "addr" | "address" | "route" | "r") => Origin::HostInfo,
        "npm" if word(0) == "whoami" => Origin::HostInfo,
        "git"
            if word(0) == "config"
                && args.iter().any(|arg| matches!(arg.text.as_str(), "user.email" | "user.name")) =>
        {
            Origin::HostInfo
        }
        _ => return None,
    })
}

/// Whether an agent on the command line is asked for what is secret: one word that says nothing else
/// (s1ngularity, August 2025), or two that do so together.
fn asks_for_secrets(args: &[Value]) -> bool {
    let asked = args.iter().map(|arg| arg.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let has = |word: &&&str| asked.contains(**word);
    SECRET_SPOKEN.iter().any(|word| has(&word)) || SECRET_HINTED.iter().filter(has).count() > 1
}

/// `uname -s`, `uname -m`, `id -u`, `hostname` of nothing: what every installer asks.
pub(super) fn says_little(name: &str, args: &[Value]) -> bool {
    let only = |allowed: &str| {
        !args.is_empty()
            && args.iter().all(|arg| {
                arg.text.strip_prefix('-').is_some_and(|letters| letters.chars().all(|c| allowed.contains(c)))
            })
    };
    match name {
        "uname" => args.is_empty() || only("smprioKv") || args.iter().all(|arg| arg.text.starts_with("--")),
        "id" => only("ugGr"),
        "lsb_release" | "sw_vers" => true,
        _ => false,
    }
}
