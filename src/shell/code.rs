//! Code that a command runs: texts, files, standard input.

use super::machine::Machine;
use super::value::{Place, Value};
use super::{Embedded, Sink};

impl Machine {
    /// Runs a text if it is known.
    pub fn code(&mut self, text: &Value, place: Place, input: &Value) -> Value {
        match text.exact().map(str::to_owned) {
            Some(code) if !code.trim().is_empty() => {
                self.out.hidden.push((place, text.layers));
                self.run_text(&code, text.layers.max(1), place, input)
            }
            _ => Value { sources: text.sources.clone(), ..Value::unknown("") },
        }
    }

    pub fn shell(&mut self, args: &[Value], place: Place, input: &Value) -> Value {
        let mut rest = args.iter().enumerate();
        while let Some((at, arg)) = rest.next() {
            let text = arg.text.as_str();
            let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
            if letters.is_some_and(|letters| letters.contains('c')) {
                let Some(code) = args.get(at + 1).cloned() else { return Value::unknown("") };
                self.flow(&code, Sink::DynamicCode, place, false);
                self.positional.push(args.get(at + 3..).unwrap_or_default().to_vec());
                let out = self.code(&code, place, input);
                self.positional.pop();
                return out;
            }
            if letters.is_some_and(|letters| letters == "s" || letters.is_empty()) {
                break;
            }
            if matches!(text, "-o" | "+o" | "-O" | "--rcfile" | "--init-file") {
                rest.next();
            } else if !text.starts_with(['-', '+']) || text == "-" {
                let given = args.get(at + 1..).unwrap_or_default().to_vec();
                self.positional.push(given);
                let out = self.start(&arg.clone(), place, true);
                self.positional.pop();
                return out;
            }
        }
        self.flow(input, Sink::Process, place, false);
        self.code(input, place, &Value::default())
    }

    pub fn interpreter(&mut self, name: &str, args: &[Value], place: Place, input: &Value) -> Value {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.text.as_str() {
                "-c" | "-e" | "-p" | "-r" | "-E" | "--eval" | "--print" | "-ne" | "-pe" | "-le"
                | "-Command" | "-command" => {
                    let code = rest.next().cloned().unwrap_or_default();
                    self.flow(&code, Sink::DynamicCode, place, false);
                    self.embed(name, &code, place);
                    // `perl -pe`, `python3 -c`: what comes in goes out.
                    return Value { sources: input.sources.clone(), ..Value::unknown("") };
                }
                "-m" => return self.module(args, place, input),
                "-W" | "-X" | "-I" | "--require" | "--import" | "--loader" | "-C" => {
                    rest.next();
                }
                "-" => break,
                "run" if matches!(name, "deno" | "bun") => {}
                text if text.starts_with('-') => {}
                _ => {
                    let mut out = self.start(&arg.clone(), place, false);
                    out.add(&input.sources);
                    return out;
                }
            }
        }
        if !matches!(name, "iex") || args.is_empty() {
            self.flow(input, Sink::Process, place, false);
            self.embed(name, input, place);
        }
        Value::unknown("")
    }

    /// `python -m`: modules that matter are looked at as commands.
    fn module(&mut self, args: &[Value], _place: Place, input: &Value) -> Value {
        let module =
            args.iter().skip_while(|arg| arg.text != "-m").nth(1).map_or("", |arg| arg.text.as_str());
        match module {
            "base64" => {
                super::known::output("base64", &args[1..], input).unwrap_or_else(|| Value::unknown(""))
            }
            _ => Value { sources: input.sources.clone(), ..Value::unknown("") },
        }
    }

    fn embed(&mut self, interpreter: &str, code: &Value, place: Place) {
        if code.text.trim().is_empty() || self.out.embedded.len() >= 1000 {
            return;
        }
        self.out.embedded.push(Embedded {
            interpreter: interpreter.to_owned(),
            code: code.text.clone(),
            range: place,
            layer: self.layer.saturating_add(code.layers),
        });
    }

    /// Starts a file: one that the script wrote, or one of the package.
    pub fn start(&mut self, path: &Value, place: Place, shell: bool) -> Value {
        let streamed = path.text.starts_with("<()");
        let content = self.read(path, place);
        self.flow(&content, Sink::Process, place, !streamed);
        if shell && content.exact().is_some_and(|text| !text.is_empty()) {
            return self.code(&content, place, &Value::default());
        }
        self.file(path);
        Value { sources: content.sources, ..Value::unknown("") }
    }

    /// Notes a file that is started or read as a script.
    pub fn file(&mut self, path: &Value) {
        let text = path.text.as_str();
        if self.scripts > 0 && path.partly
            || text.is_empty()
            || text.starts_with(['/', '-', '~'])
            || text.contains("://")
        {
            return;
        }
        // `$(dirname "$0")/lib.sh`, `$DIR/lib.sh`: beside the script, as far as can be told.
        let bare = match text.rfind(")/").or_else(|| {
            if text.starts_with('$') { text.find('/').map(|at| at.saturating_sub(1)) } else { None }
        }) {
            Some(at) if path.partly => text.get(at + 2..).unwrap_or(""),
            _ if path.partly => return,
            _ => text,
        };
        let file = bare.trim_matches('"');
        if !file.is_empty() && !file.contains(['$', '`', '*', '\n']) && self.out.local.len() < 1000 {
            self.out.local.push(file.to_owned());
        }
    }
}
