//! What programs read, send and write: sources and sinks.

use super::curl;
use super::known;
use super::machine::Machine;
use super::start::{is_socket, key};
use super::value::{Origin, Place, Value};
use super::{Invocation, Sink};

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

/// What the output of a command tells, whatever it is given.
fn told(name: &str, args: &[Value]) -> Option<Origin> {
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

/// `uname -s`, `uname -m`, `id -u`, `hostname` of nothing: what every installer asks.
fn says_little(name: &str, args: &[Value]) -> bool {
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

/// Programs that read files and print something of them.
fn reads_files(name: &str) -> bool {
    matches!(
        name,
        "cat"
            | "head"
            | "tail"
            | "tac"
            | "nl"
            | "less"
            | "more"
            | "base64"
            | "base32"
            | "gzip"
            | "bzip2"
            | "xz"
            | "zstd"
            | "zcat"
            | "gunzip"
            | "xxd"
            | "od"
            | "hexdump"
            | "sort"
            | "uniq"
            | "cut"
            | "tr"
            | "rev"
            | "strings"
            | "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "zgrep"
            | "sed"
            | "awk"
            | "gawk"
            | "jq"
            | "yq"
            | "openssl"
            | "gpg"
            | "gpg2"
            | "age"
            | "paste"
            | "fold"
            | "column"
            | "find"
            | "ls"
            | "wc"
            | "diff"
            | "bat"
            | "type"
            | "iconv"
            | "tee"
            | "pv"
            | "dd"
            | "sqlite3"
            | "plutil"
            | "split"
            | "nkf"
            | "envsubst"
            | "basename"
            | "dirname"
            | "realpath"
            | "readlink"
            | "uuencode"
            | "mktemp"
            | "shuf"
            | "md5sum"
            | "sha256sum"
            | "sha1sum"
            | "shasum"
            | "xargs"
    )
}

/// Programs that load the file that they are given.
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
            | "dpkg"
            | "rpm"
            | "installer"
            | "insmod"
            | "launchctl"
    )
}

impl Machine {
    /// What a program does with what it is given; gives what it prints.
    pub fn effects(&mut self, invocation: &Invocation, input: &Value, place: Place) -> Value {
        let (name, args) = (invocation.name.as_str(), invocation.args.as_slice());
        if let Some(request) = curl::request(name, args) {
            return self.request(&request, input, place);
        }
        if let Some(origin) = told(name, args) {
            return match says_little(name, args) {
                true => Value::unknown(""),
                false => Value::unknown("").with(origin, place),
            };
        }
        if loads(name) {
            for arg in args.iter().filter(|arg| !arg.text.starts_with('-')) {
                let file = arg.text.split(',').next().unwrap_or("");
                if let Some(content) = self.files.get(key(file)).cloned() {
                    self.flow(&content, Sink::Process, place, true);
                }
            }
        }
        match name {
            "nc" | "ncat" | "netcat" | "telnet" | "socat" | "openssl"
                if name != "openssl" || args.first().is_some_and(|arg| arg.text == "s_client") =>
            {
                let mut sent = input.clone();
                args.iter().for_each(|arg| sent.add(&arg.sources));
                self.flow(&sent, Sink::Net, place, false);
                Value::unknown("").with(Origin::Net, place)
            }
            "dig" | "nslookup" | "host" | "ping" | "ping6" | "drill" | "whois" | "traceroute" => {
                let mut sent = Value::default();
                for arg in args.iter().filter(|arg| !is_variable(&arg.text)) {
                    sent.add(&arg.sources);
                }
                self.flow(&sent, Sink::Net, place, false);
                Value::unknown("").with(Origin::Net, place)
            }
            "mail" | "mailx" | "sendmail" | "mutt" | "msmtp" | "swaks" | "ssmtp" => {
                let mut sent = input.clone();
                for arg in args {
                    sent.add(&arg.sources);
                    sent.add(&self.read(arg, place).sources);
                }
                self.flow(&sent, Sink::Net, place, false);
                Value::unknown("")
            }
            "ssh" => {
                self.flow(input, Sink::Net, place, false);
                Value::unknown("")
            }
            "scp" | "rsync" | "sftp" | "rclone" | "gsutil" | "s3cmd" | "azcopy" | "mc" | "aws" | "gcloud"
            | "croc" | "ffsend" | "transfer" => {
                self.copies_away(name, args, input, place);
                Value::unknown("")
            }
            "gh" => {
                let sends = args.first().is_some_and(|arg| {
                    matches!(arg.text.as_str(), "gist" | "api" | "issue" | "pr" | "release")
                });
                if sends {
                    let mut sent = input.clone();
                    for arg in args {
                        sent.add(&arg.sources);
                        if args.first().is_some_and(|first| first.text == "gist") {
                            sent.add(&self.read(arg, place).sources);
                        }
                    }
                    self.flow(&sent, Sink::Net, place, false);
                }
                Value::unknown("")
            }
            "git" => {
                let word = |at: usize| args.get(at).map_or("", |arg| arg.text.as_str());
                if word(0) == "push"
                    && args.iter().any(|arg| arg.text.contains("://") || arg.text.contains("git@"))
                {
                    let files = Value::unknown("").with(Origin::File, place);
                    self.flow(&files, Sink::Net, place, false);
                }
                Value::unknown("")
            }
            "tar" | "bsdtar" | "zip" | "7z" | "7za" | "cpio" | "rar" | "ditto" => {
                self.archive(name, args, place)
            }
            "cp" | "mv" | "install" | "ln" => {
                let paths: Vec<&Value> = args.iter().filter(|arg| !arg.text.starts_with('-')).collect();
                if let Some((to, from)) = paths.split_last() {
                    for path in from {
                        let content = self.read(path, place);
                        if !content.sources.is_empty() || content.exact().is_some() {
                            let folder = to.text.ends_with('/') || from.len() > 1;
                            let name = path.text.rsplit('/').next().unwrap_or("");
                            let target = match folder {
                                true => Value::unknown(format!("{}/{name}", to.text.trim_end_matches('/'))),
                                false => (*to).clone(),
                            };
                            self.store(&target, &content, false, place);
                        }
                    }
                }
                Value::default()
            }
            "tee" | "sponge" => {
                for arg in args.iter().filter(|arg| !arg.text.starts_with('-')) {
                    if is_socket(&arg.text) {
                        self.flow(input, Sink::Net, place, false);
                    }
                    self.store(arg, input, false, place);
                }
                input.clone()
            }
            "sha256sum" | "sha512sum" | "shasum" | "sha1sum" | "md5sum" | "b2sum"
                if args.iter().any(|arg| matches!(arg.text.as_str(), "-c" | "--check" | "--strict")) =>
            {
                self.verified(args, input, place);
                Value::unknown("")
            }
            "cd" | "mkdir" | "rm" | "chmod" | "chown" | "touch" | "true" | "false" | ":" | "exit"
            | "return" | "test" | "[" | "shift" | "wait" | "sleep" | "export" | "local" | "readonly"
            | "declare" | "typeset" | "unalias" | "umask" | "ulimit" | "shopt" | "set" | "break"
            | "continue" | "kill" | "pushd" | "popd" | "rmdir" => Value::default(),
            _ => self.filter(name, args, input, place),
        }
    }

    fn request(&mut self, request: &curl::Request, input: &Value, place: Place) -> Value {
        let mut sent = Value::default();
        for url in &request.urls {
            let mut url = url.clone();
            if is_host_variable(&url.text) {
                url.sources.retain(|source| source.origin != Origin::HostInfo);
            }
            sent.add(&url.sources);
        }
        request.sent.iter().for_each(|text| sent.add(&text.sources));
        for file in &request.files {
            sent.add(&file.sources);
            match file.text.as_str() {
                "-" | "/dev/stdin" | "." => sent.add(&input.sources),
                _ => {
                    let content = self.read(file, place);
                    match content.sources.is_empty() {
                        true => sent.add(&Value::default().with(Origin::File, place).sources),
                        false => sent.add(&content.sources),
                    }
                }
            }
        }
        self.flow(&sent, Sink::Net, place, false);
        let answer = Value::unknown("").with(Origin::Net, place);
        for output in &request.outputs {
            self.store(output, &answer, false, place);
        }
        match request.prints {
            true => answer,
            false => Value::default(),
        }
    }

    /// Copies to another machine or a bucket, or from there.
    fn copies_away(&mut self, name: &str, args: &[Value], input: &Value, place: Place) {
        let mut paths: Vec<&Value> = Vec::new();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.text.as_str() {
                "-i" | "-e" | "-o" | "-P" | "-F" | "-l" | "-J" | "--rsh" | "--exclude" | "--include"
                | "--profile" | "--region" => {
                    rest.next();
                }
                text if text.starts_with('-') && text != "-" => {}
                _ => paths.push(arg),
            }
        }
        let remote = |path: &Value| {
            let text = &path.text;
            text.contains("://")
                || (text.contains(':')
                    && !text.starts_with(['/', '.'])
                    && text.as_bytes().get(1) != Some(&b':'))
        };
        let words = [
            "copy", "copyto", "sync", "move", "moveto", "cp", "mv", "s3", "put", "storage", "send", "upload",
        ];
        paths.retain(|path| !words.contains(&path.text.as_str()));
        let uploads =
            matches!(name, "croc" | "ffsend" | "transfer") || paths.last().is_some_and(|last| remote(last));
        if uploads {
            let mut sent = input.clone();
            for path in paths.iter().filter(|path| !remote(path) && path.text != "-") {
                let content = self.read(path, place);
                match content.sources.is_empty() {
                    true => sent.add(&Value::default().with(Origin::File, place).sources),
                    false => sent.add(&content.sources),
                }
            }
            paths.iter().for_each(|path| sent.add(&path.sources));
            self.flow(&sent, Sink::Net, place, false);
        } else if let Some((to, from)) = paths.split_last()
            && from.iter().any(|path| remote(path))
        {
            let answer = Value::unknown("").with(Origin::Net, place);
            self.store(to, &answer, false, place);
        }
    }

    /// Packs files: the archive, or what is printed, holds them.
    fn archive(&mut self, name: &str, args: &[Value], place: Place) -> Value {
        let first = args.first().map_or("", |arg| arg.text.as_str());
        let is_tar = matches!(name, "tar" | "bsdtar");
        let unpacks = is_tar
            && !first.contains('c')
            && !args.iter().any(|arg| matches!(arg.text.as_str(), "-c" | "--create" | "-r" | "-u"));
        if unpacks {
            return Value::unknown("");
        }
        let mut content = Value::unknown("");
        let (mut output, mut many) = (None, false);
        let mut rest = args.iter().enumerate();
        while let Some((at, arg)) = rest.next() {
            let text = arg.text.as_str();
            let letters = is_tar && (at == 0 || (text.starts_with('-') && !text.starts_with("--")));
            if letters {
                if text.ends_with('f') {
                    output = rest.next().map(|(_, value)| value.clone());
                }
                continue;
            }
            if text.starts_with('-') {
                if matches!(text, "--file") {
                    output = rest.next().map(|(_, value)| value.clone());
                } else if matches!(text, "-C" | "--exclude" | "-x" | "--directory") {
                    rest.next();
                } else if let Some(file) = text.strip_prefix("--file=") {
                    output = Some(Value { text: file.to_owned(), ..arg.clone() });
                }
                continue;
            }
            if !is_tar && output.is_none() {
                if matches!(name, "7z" | "7za" | "rar") && at == 0 {
                    continue;
                }
                output = Some(arg.clone());
                continue;
            }
            content.add(&arg.sources);
            content.add(&self.read(arg, place).sources);
            many = true;
        }
        if many && content.sources.is_empty() {
            content = content.with(Origin::File, place);
        }
        match output.filter(|output| output.text != "-") {
            Some(output) => {
                self.store(&output, &content, false, place);
                Value::default()
            }
            None => content,
        }
    }

    /// A digest that the script itself holds pins what was fetched.
    fn verified(&mut self, args: &[Value], input: &Value, place: Place) {
        let mut list = input.clone();
        for arg in args.iter().filter(|arg| !arg.text.starts_with('-')) {
            list = self.read(arg, place);
        }
        if list.from(Origin::Net) || !list.text.bytes().filter(u8::is_ascii_hexdigit).count().gt(&31) {
            return;
        }
        let text = list.text;
        for (name, content) in &mut self.files {
            let short = name.rsplit('/').next().unwrap_or(name);
            if !short.is_empty() && text.contains(short) {
                content.sources.retain(|source| source.origin != Origin::Net);
            }
        }
    }

    /// A program that prints what it reads, changed or not.
    fn filter(&mut self, name: &str, args: &[Value], input: &Value, place: Place) -> Value {
        if matches!(name, "echo" | "printf") {
            return known::output(name, args, input).unwrap_or_else(|| Value::unknown(""));
        }
        let mut content = input.clone();
        let mut others = Vec::new();
        if reads_files(name) {
            let skip = usize::from(matches!(
                name,
                "grep" | "egrep" | "fgrep" | "rg" | "sed" | "awk" | "gawk" | "jq" | "yq"
            ));
            let mut plain = 0;
            for arg in args {
                // `dd if=…`
                let path = match arg.text.strip_prefix("if=") {
                    Some(path) => Value { text: path.to_owned(), ..arg.clone() },
                    None => arg.clone(),
                };
                if path.text.starts_with('-') {
                    others.push(path);
                    continue;
                }
                plain += 1;
                if plain <= skip {
                    content.add(&path.sources);
                    others.push(path);
                    continue;
                }
                let inner = self.read(&path, place);
                if !inner.sources.is_empty() || inner.exact().is_some() {
                    match content.text.is_empty() && content.sources.is_empty() {
                        true => content = inner,
                        false => content.push(&inner),
                    }
                } else if matches!(name, "cat" | "base64" | "xxd" | "rev" | "head" | "tail") {
                    content.partly = true;
                } else {
                    others.push(path);
                }
                if matches!(name, "jq" | "awk" | "sed" | "basename" | "dirname" | "envsubst") {
                    content.add(&arg.sources);
                }
            }
        }
        if !content.text.is_empty()
            && let Some(mut out) = known::output(name, &others, &content)
        {
            if out.layers > content.layers {
                out = out.with(Origin::Decoded, place);
            }
            return out;
        }
        // Written by `gpg -o`, `openssl -out`, `sort -o`, `dd of=`.
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let target = match arg.text.as_str() {
                "-o" | "-out" | "--output" => rest.next().cloned(),
                text => text.strip_prefix("of=").map(|path| Value { text: path.to_owned(), ..arg.clone() }),
            };
            if let Some(target) = target.filter(|_| !content.sources.is_empty()) {
                self.store(&target, &content, false, place);
            }
        }
        Value { sources: content.sources, layers: content.layers, ..Value::unknown("") }
    }
}

/// Whether a text is a variable and nothing else.
fn is_variable(text: &str) -> bool {
    let inner = text.strip_prefix('$').unwrap_or("").trim_matches(['{', '}']);
    !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether an address names its host by a variable alone and has no other one.
fn is_host_variable(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    is_variable(host.split(':').next().unwrap_or(host)) && !path.contains('$')
}
