//! Programs that carry files: to other machines, into archives; digests that pin what was fetched.

use super::Sink;
use super::effect::is_variable;
use super::machine::Machine;
use super::value::{Origin, Place, Value};

impl Machine {
    /// Copies to another machine or a bucket, or from there.
    pub fn copies_away(&mut self, name: &str, args: &[Value], input: &Value, place: Place) {
        let copies = |arg: &Value| matches!(arg.text.as_str(), "s3" | "storage" | "cp" | "scp");
        if matches!(name, "aws" | "gcloud") && !args.iter().take(3).any(copies) {
            return;
        }
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
        // A machine that whoever starts it has named, and that nothing in the text sets, is the user's own.
        let own = matches!(name, "scp" | "rsync" | "sftp")
            && paths.last().is_some_and(|last| {
                let host = last.text.split_once(':').map_or("", |(host, _)| host);
                is_variable(host.rsplit_once('@').map_or(host, |(_, host)| host))
            });
        if uploads && !own {
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
    pub fn archive(&mut self, name: &str, args: &[Value], place: Place) -> Value {
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
    pub fn verified(&mut self, args: &[Value], input: &Value, place: Place) {
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
}
