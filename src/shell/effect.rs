//! What programs read, send and write: sources and sinks.

use super::curl;
use super::known;
use super::machine::Machine;
use super::source::{says_little, told};
use super::start::{is_socket, key};
use super::value::{Origin, Place, Value};
use super::{Invocation, Sink};

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
pub(super) fn is_variable(text: &str) -> bool {
    let inner = text.strip_prefix('$').unwrap_or("").trim_matches(['{', '}']);
    !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether an address names its host by a variable alone and has no other one.
fn is_host_variable(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    is_variable(host.split(':').next().unwrap_or(host)) && !path.contains('$')
}
