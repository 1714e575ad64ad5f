//! A simple command: its words, its redirections, and what kind of thing it starts.

use std::ops::Range;

use super::ast::*;
use super::install::INDEXES;
use super::machine::Machine;
use super::value::{Origin, Place, Value};
use super::wrap::{base, is_interpreter, is_shell, unwrap};
use super::{Invocation, Redirection, Sink};

/// A redirection with its target expanded.
pub(super) struct Target {
    pub descriptor: Option<u32>,
    pub direction: Direction,
    pub all: bool,
    pub value: Value,
    pub place: Place,
}

/// Whether a path is one of bash's that open a connection.
pub(super) fn is_socket(path: &str) -> bool {
    path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/")
}

/// The name under which a file is remembered.
pub(super) fn key(path: &str) -> &str {
    path.trim_matches('"').trim_start_matches("./")
}

impl Machine {
    /// Expands the targets of redirections.
    pub fn redirects(&mut self, redirects: &[Redirect]) -> Vec<Target> {
        let mut out = Vec::new();
        for redirect in redirects {
            let mut value = self.one(&redirect.target);
            if redirect.direction == Direction::Text {
                value.push(&Value::known("\n"));
            }
            let (descriptor, direction, all) = (redirect.descriptor, redirect.direction, redirect.all);
            out.push(Target { descriptor, direction, all, value, place: self.place(&redirect.target.range) });
        }
        out
    }

    /// What a command reads on standard input, where a redirection says so.
    pub fn input(&mut self, targets: &[Target]) -> Option<Value> {
        let mut input = None;
        for target in targets.iter().filter(|target| target.descriptor.unwrap_or(0) == 0) {
            match target.direction {
                Direction::Document | Direction::Text => input = Some(target.value.clone()),
                Direction::In | Direction::Both => input = Some(self.read(&target.value, target.place)),
                _ => {}
            }
        }
        input
    }

    /// Writes a command's output where its redirections say; gives what is left of it.
    pub fn write(&mut self, targets: &[Target], out: &Value, place: Place) -> Value {
        let mut left = out.clone();
        for target in targets {
            let writes = matches!(target.direction, Direction::Out | Direction::Append | Direction::Both);
            if !writes || !(target.all || matches!(target.descriptor, None | Some(1) | Some(3..))) {
                continue;
            }
            if is_socket(&target.value.text) {
                self.flow(out, Sink::Net, place, false);
            }
            if !matches!(target.descriptor, Some(3..)) {
                self.store(&target.value, out, target.direction == Direction::Append, place);
                left = Value::default();
            }
        }
        left
    }

    /// Remembers what was written to a file.
    pub fn store(&mut self, path: &Value, content: &Value, append: bool, place: Place) {
        let name = key(&path.text);
        if name.is_empty() || name.starts_with("/dev/") || self.files.len() > 10_000 {
            return;
        }
        self.flow(content, Sink::FsWrite, place, false);
        let mut content = content.clone();
        content.through(place);
        match self.files.get_mut(name).filter(|_| append) {
            Some(before) => before.push(&content),
            None => {
                // What a file that was there before holds is not known.
                content.partly |= append;
                self.files.insert(name.to_owned(), content);
            }
        }
    }

    /// What a file holds.
    pub fn read(&mut self, path: &Value, place: Place) -> Value {
        if let Some(content) = self.files.get(key(&path.text)) {
            let mut content = content.clone();
            content.through(place);
            return content;
        }
        let mut content = Value::unknown("");
        // `<(…)`: the content is what the command gives.
        if path.text.starts_with("<()") {
            content.add(&path.sources);
        }
        if is_socket(&path.text) {
            return content.with(Origin::Net, place);
        }
        match super::source::origin_of_file(&path.text) {
            Some(origin) => content.with(origin, place),
            None => content,
        }
    }

    fn assign(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            let list = matches!(assignment.value.pieces.as_slice(), [Piece { part: Part::List(_), .. }]);
            if list {
                let items = self.expand(&assignment.value);
                let entry = self.lists.entry(assignment.name.clone()).or_default();
                if !assignment.append {
                    entry.clear();
                }
                entry.extend(items);
                entry.truncate(super::limits::MAX_FIELDS);
                continue;
            }
            let mut value = self.one(&assignment.value);
            let place = self.place(&assignment.value.range);
            value.through(place);
            if assignment.index.is_some() {
                let entry = self.lists.entry(assignment.name.clone()).or_default();
                if entry.len() < super::limits::MAX_FIELDS {
                    entry.push(value);
                }
                continue;
            }
            if assignment.append
                && let Some(before) = self.variables.get(&assignment.name)
            {
                let mut whole = before.clone();
                whole.push(&value);
                value = whole;
            }
            self.set(&assignment.name, value);
        }
    }

    /// Runs a simple command.
    pub fn command(
        &mut self,
        command: &Command,
        range: &Range<usize>,
        input: &Value,
        stage: (usize, usize),
    ) -> Value {
        let place = self.place(range);
        self.assign(&command.assignments);
        let mut fields: Vec<Value> = Vec::new();
        for word in &command.words {
            fields.extend(self.expand(word));
            fields.truncate(super::limits::MAX_FIELDS * 4);
        }
        if let Some(alias) = fields.first().and_then(|field| self.aliases.get(&field.text)) {
            let words: Vec<Value> = alias.split_ascii_whitespace().map(Value::known).collect();
            fields.splice(..1, words);
        }
        let targets = self.redirects(&command.redirects);
        let own = self.input(&targets);
        let given = own.clone().unwrap_or_else(|| input.clone());
        if fields.is_empty() {
            let out = own.unwrap_or_default();
            if !targets.is_empty() {
                self.report(&Value::default(), Vec::new(), Vec::new(), &targets, place, stage, false);
            }
            return self.write(&targets, &out, place);
        }
        let (wrappers, at) = unwrap(&fields);
        // `env PIP_INDEX_URL=… pip install x`
        for field in fields.iter().take(at) {
            let set =
                field.text.split_once('=').filter(|(name, _)| INDEXES.iter().any(|(_, known)| known == name));
            if let Some((name, value)) = set {
                self.set(name, Value::known(value));
            }
        }
        let path = fields.get(at).cloned().unwrap_or_default();
        let mut args: Vec<Value> = fields.get(at + 1..).unwrap_or_default().to_vec();
        if wrappers.iter().any(|name| name == "xargs") {
            from_input(&mut args, &given);
        }
        let written =
            command.words.get(at).and_then(|word| self.source.get(word.range.clone())).unwrap_or("");
        let folded = self.layer > 0 || (written != path.text && !path.partly && is_put_together(written));
        let invocation = self.report(&path, args, wrappers, &targets, place, stage, folded);
        let out = self.execute(&invocation, &given, place);
        self.write(&targets, &out, place)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one command")]
    fn report(
        &mut self,
        path: &Value,
        args: Vec<Value>,
        wrappers: Vec<String>,
        targets: &[Target],
        place: Place,
        stage: (usize, usize),
        folded: bool,
    ) -> Invocation {
        let redirects = targets
            .iter()
            .filter(|target| target.direction != Direction::Duplicate)
            .map(|target| Redirection {
                descriptor: target.descriptor,
                writes: matches!(target.direction, Direction::Out | Direction::Append | Direction::Both),
                text: matches!(target.direction, Direction::Document | Direction::Text),
                target: target.value.clone(),
            })
            .collect();
        let name = if path.text.starts_with('$') { path.text.as_str() } else { base(&path.text) };
        let invocation = Invocation {
            name: name.to_owned(),
            path: path.clone(),
            args,
            wrappers,
            redirects,
            range: place,
            stage,
            folded,
            layer: self.layer.saturating_add(path.layers),
            indexes: self.indexes(),
        };
        self.invocation(invocation.clone());
        invocation
    }

    /// Variables in force that name a registry or an index.
    fn indexes(&self) -> Vec<(String, String)> {
        let set = INDEXES.iter().filter_map(|(_, name)| Some((*name, self.variables.get(*name)?)));
        let mut out: Vec<_> = set.map(|(name, value)| (name.to_owned(), value.text.clone())).collect();
        out.sort();
        out
    }

    /// What a command does and gives on standard output.
    fn execute(&mut self, invocation: &Invocation, input: &Value, place: Place) -> Value {
        let (name, args) = (invocation.name.as_str(), invocation.args.as_slice());
        if self.functions.contains_key(name) && !invocation.path.text.contains('/') {
            return self.call(name, args, input);
        }
        match name {
            "eval" => {
                let mut text = Value::default();
                for (at, arg) in args.iter().enumerate() {
                    if at > 0 {
                        text.push(&Value::known(" "));
                    }
                    text.push(arg);
                }
                self.flow(&text, Sink::DynamicCode, place, false);
                self.code(&text, place, input)
            }
            "source" | "." => {
                let Some(path) = args.first().cloned() else { return Value::default() };
                let content = self.read(&path, place);
                self.flow(&content, Sink::DynamicCode, place, !path.text.starts_with("<()"));
                if content.exact().is_some() {
                    return self.code(&content, place, input);
                }
                self.file(&path);
                Value::unknown("")
            }
            "trap" => {
                if let Some(code) = args.first().filter(|code| code.text != "-" && args.len() > 1).cloned() {
                    self.code(&code, place, &Value::default());
                }
                Value::default()
            }
            "alias" => {
                for (name, text) in args.iter().filter_map(|arg| arg.exact()?.split_once('=')) {
                    self.aliases.insert(name.to_owned(), text.to_owned());
                }
                Value::default()
            }
            "set" if args.first().is_some_and(|arg| arg.text == "--") => {
                let values = args.get(1..).unwrap_or_default().to_vec();
                match self.positional.last_mut() {
                    Some(last) => *last = values,
                    None => self.positional.push(values),
                }
                Value::default()
            }
            "read" | "mapfile" | "readarray" => {
                self.read_names(args, input);
                Value::default()
            }
            "printf" if args.first().is_some_and(|arg| arg.text == "-v") => {
                if let (Some(name), Some(rest)) = (args.get(1), args.get(2..)) {
                    let value = super::known::output("printf", rest, &Value::default());
                    self.set(&name.text.clone(), value.unwrap_or_else(|| Value::unknown("")));
                }
                Value::default()
            }
            "su" => {
                let at = args.iter().position(|arg| matches!(arg.text.as_str(), "-c" | "--command"));
                match at.and_then(|at| args.get(at + 1)).cloned() {
                    Some(code) => self.code(&code, place, input),
                    None => Value::unknown(""),
                }
            }
            _ if is_shell(name) => self.shell(args, place, input),
            _ if is_interpreter(name) => self.interpreter(name, args, place, input),
            _ => {
                if invocation.path.text.contains('/') || self.files.contains_key(key(&invocation.path.text)) {
                    self.start(&invocation.path.clone(), place, true);
                }
                self.effects(invocation, input, place)
            }
        }
    }

    fn read_names(&mut self, args: &[Value], input: &Value) {
        let mut rest = args.iter();
        let mut names = Vec::new();
        while let Some(arg) = rest.next() {
            match arg.text.as_str() {
                "-p" | "-t" | "-n" | "-N" | "-d" | "-u" | "-i" | "-O" | "-s" if arg.text != "-s" => {
                    rest.next();
                }
                text if text.starts_with('-') => {}
                text => names.push(text.to_owned()),
            }
        }
        let line = input.exact().map(|text| text.lines().next().unwrap_or("").to_owned());
        let alone = names.len() == 1;
        for name in names {
            let mut value = match (&line, alone) {
                (Some(line), true) if !line.is_empty() => Value::known(line.as_str()),
                _ => Value::unknown(format!("${name}")),
            };
            value.layers = input.layers;
            value.add(&input.sources);
            self.set(&name, value);
        }
    }
}

/// The arguments that `xargs` adds.
fn from_input(args: &mut Vec<Value>, input: &Value) {
    let mut replaced = false;
    for arg in args.iter_mut().filter(|arg| arg.text.contains("{}") || arg.text == "%") {
        replaced = true;
        match input.exact() {
            Some(text) if !text.trim().contains('\n') => arg.text = arg.text.replace("{}", text.trim()),
            _ => arg.partly = true,
        }
        arg.add(&input.sources);
    }
    if !replaced {
        match input.exact() {
            Some(text) => args.extend(
                text.split_ascii_whitespace()
                    .take(64)
                    .map(|word| Value { text: word.to_owned(), ..input.clone() }),
            ),
            None => args.push(Value { text: "{}".to_owned(), partly: true, ..input.clone() }),
        }
    }
}

/// Whether a written name is more than a word in one pair of quotes.
fn is_put_together(written: &str) -> bool {
    let inner = written.trim_start_matches(['"', '\'']).trim_end_matches(['"', '\'']);
    inner.contains(['$', '`', '\\', '"', '\'', '{'])
}
