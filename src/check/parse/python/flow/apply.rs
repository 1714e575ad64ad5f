//! Calls: what they give, what they take, and where it goes.

use ruff_python_ast::{Expr, ExprCall, Operator};
use ruff_text_size::{Ranged, TextRange};

use super::super::emit::{command_parts, line};
use super::super::scope::{FuncId, literal_elements};
use super::super::value::Val;
use super::taint::{Key, Taint};
use super::{Flows, State, names};
use crate::check::flow::{
    Argument, BLOB, DECODED, ENCODED, FILE, Mode, OTHER_FILE, SECRET_FILE, SECRET_PATH, UNPACKED,
    computed_name, computed_subdomain,
};
use crate::model::CapabilityKind;

/// Arguments of one call that are followed.
const MAX_ARGUMENTS: usize = 64;

/// An argument with what it may hold.
pub(super) struct Given<'a> {
    pub name: Option<&'a str>,
    pub value: &'a Expr,
    pub taint: Taint,
}

impl<'a> Flows<'_, '_, '_, 'a> {
    /// What a call gives.
    pub(super) fn call(&mut self, it: &'a ExprCall, expr: &'a Expr, state: &mut State) -> Taint {
        let range = expr.range();
        let callee = self.resolver.callee(it);
        let receiver = match &*it.func {
            Expr::Attribute(attribute) => self.eval(&attribute.value, state),
            Expr::Name(_) => Taint::default(),
            other => self.eval(other, state),
        };
        let mut given = Vec::new();
        for value in it.arguments.args.iter().take(MAX_ARGUMENTS) {
            let taint = self.eval(value, state);
            given.push(Given { name: None, value, taint });
        }
        for keyword in it.arguments.keywords.iter().take(MAX_ARGUMENTS) {
            let taint = self.eval(&keyword.value, state);
            let name = keyword.arg.as_ref().map_or("**", |name| name.as_str());
            given.push(Given { name: Some(name), value: &keyword.value, taint });
        }
        self.callbacks(&callee, &given, range, state);
        self.tool_text(it, &given, range);
        match &callee {
            Val::Func(func) => self.local_call(*func, false, &given, range),
            Val::Bound(func) => self.local_call(*func, true, &given, range),
            Val::Class(class) => match self
                .resolver
                .scopes
                .class_symbol(*class, "__init__")
                .map(|symbol| self.resolver.symbol(symbol, None, None, 0))
            {
                Some(Val::Func(init)) => self.local_call(init, true, &given, range),
                _ => union(&given).at(range),
            },
            Val::Local(module, path) => {
                let call = self.other(vec![module.to_string()], path, range);
                let mut out = self.other_call(call, &given, range);
                self.answered(it, &mut out);
                if path.ends_with(".read_text") || path.ends_with(".read_bytes") {
                    out.merge(&self.method(it, &receiver, &given, state));
                }
                out
            }
            Val::Name(name) => {
                if let Some((modules, name)) = self.candidates(name) {
                    let call = self.other(modules, &name, range);
                    let mut out = self.other_call(call, &given, range);
                    out.merge(&self.method(it, &receiver, &given, state));
                    return out;
                }
                let name = name.to_string();
                self.outside(&name, it, &receiver, &given, state, range)
            }
            Val::Partial(partial) => match &partial.0 {
                Val::Func(func) => self.local_call(*func, false, &given, range),
                Val::Bound(func) => self.local_call(*func, true, &given, range),
                Val::Name(name) => {
                    let name = name.to_string();
                    self.outside(&name, it, &receiver, &given, state, range)
                }
                _ => receiver,
            },
            _ => self.method(it, &receiver, &given, state),
        }
    }

    /// What a tool is registered with: its description, and the instructions of the server.
    fn tool_text(&mut self, it: &'a ExprCall, given: &[Given<'a>], range: TextRange) {
        let name = match &*it.func {
            Expr::Attribute(it) => it.attr.as_str(),
            Expr::Name(it) => it.id.as_str(),
            _ => return,
        };
        if matches!(
            name,
            "Tool" | "tool" | "add_tool" | "FastMCP" | "Server" | "MCPServer" | "Prompt" | "prompt"
        ) {
            for one in given.iter().filter(|one| matches!(one.name, Some("description" | "instructions"))) {
                self.sink("tool-text", range, &one.taint);
            }
        }
    }

    /// A method of something unknown: what it is called on comes out, what it is given may stay.
    fn method(
        &mut self,
        it: &'a ExprCall,
        receiver: &Taint,
        given: &[Given<'a>],
        state: &mut State,
    ) -> Taint {
        // An object of the class itself: it holds what it is made of.
        if matches!(&*it.func, Expr::Name(name) if name.id == "cls") {
            return union(given).at(it.range());
        }
        let Expr::Attribute(attribute) = &*it.func else { return Taint::default() };
        let picks = matches!(attribute.attr.as_str(), "get" | "pop" | "setdefault" | "__getitem__");
        let plain = picks
            && given.first().and_then(|one| self.resolver.expr(one.value).as_str().map(names::plain_setting))
                == Some(true);
        let mut out = if picks { receiver.through(Mode::Part) } else { receiver.clone() };
        if plain {
            out = out.without(&[SECRET_FILE]);
        }
        self.answered(it, &mut out);
        self.replaces_itself(it, receiver, given);
        // A kernel's client: what it is given is code.
        if attribute.attr.as_str() == "execute"
            && given.iter().any(|one| matches!(one.name, Some("silent" | "store_history" | "allow_stdin")))
            && let Some(code) = given.first()
        {
            self.sink("dynamic-code", it.range(), &code.taint);
        }
        if matches!(attribute.attr.as_str(), "write_text" | "write_bytes")
            && let Some(data) = given.first()
        {
            self.fill_file(&attribute.value, &data.taint);
        }
        if attribute.attr.as_str() == "hex" && it.arguments.args.is_empty() {
            out.merge(&Taint::source(ENCODED, it.range()));
        }
        // Of a path that is not known to be one: a parameter, or another file's.
        if matches!(attribute.attr.as_str(), "read_text" | "read_bytes") {
            out.merge(&receiver.through(Mode::Opened).at(it.range()));
            if it.arguments.args.is_empty() {
                out.merge(&Taint::source(OTHER_FILE, it.range()));
            }
        }
        if names::puts(&attribute.attr) {
            let put = union(given).at(it.range());
            if !put.is_empty() {
                self.put(&attribute.value, &put, state);
                if &attribute.attr == "write" {
                    self.written(&attribute.value, &put, it.range());
                }
            }
        }
        // A constant's method (`','.join(x)`, `'{}'.format(x)`) makes something of its arguments.
        if matches!(
            attribute.attr.as_str(),
            "join" | "format" | "format_map" | "replace" | "get" | "joinpath" | "translate"
        ) || matches!(self.resolver.expr(&attribute.value), Val::Str(..) | Val::Bytes(..))
        {
            out.merge(&union(given));
        }
        out
    }

    /// Functions that are handed to others to be called.
    fn callbacks(&mut self, callee: &Val, given: &[Given<'a>], range: TextRange, state: &mut State) {
        let name = callee.as_name().unwrap_or("");
        let source = names::source(name, true);
        for (at, one) in given.iter().enumerate() {
            // `loop.call_soon_threadsafe(queue.put_nowait, x)`, `executor.submit(list.append, x)`
            if let Expr::Attribute(method) = one.value
                && names::puts(&method.attr)
            {
                let rest: Vec<&Taint> = given.iter().skip(at + 1).map(|one| &one.taint).collect();
                let mut put = Taint::default();
                rest.into_iter().for_each(|taint| {
                    put.merge(&taint.at(range));
                });
                if !put.is_empty() {
                    self.put(&method.value, &put, state);
                }
            }
            let (func, bound) = match self.resolver.expr(one.value) {
                Val::Func(func) => (func, false),
                Val::Bound(func) => (func, true),
                _ => continue,
            };
            // `Thread(target=f, args=(x,))`, `executor.submit(f, x)`, `map(f, list)`
            let mut taint = Vec::new();
            if matches!(
                name,
                "threading.Thread"
                    | "multiprocessing.Process"
                    | "threading.Timer"
                    | "_thread.start_new_thread"
                    | "thread.start_new_thread"
            ) {
                let list = given.iter().find(|one| one.name == Some("args")).or_else(|| given.get(at + 1));
                if let Some(list) = list {
                    match literal_elements(list.value) {
                        Some(elements) => {
                            for element in elements {
                                let own = self.eval(element, &mut State::new());
                                let mut all = own;
                                all.merge(&list.taint);
                                taint.push(all);
                            }
                        }
                        None => taint.push(list.taint.clone()),
                    }
                }
            } else if name.ends_with(".submit")
                || name.ends_with(".map")
                || name == "builtins.map"
                || name == "builtins.filter"
                || name.ends_with(".run_in_executor")
                || name == "asyncio.to_thread"
                || name == "atexit.register"
                || name == "functools.partial"
            {
                taint.extend(
                    given.iter().skip(at + 1).filter(|one| one.name.is_none()).map(|one| one.taint.clone()),
                );
            }
            if let Some(source @ (names::KEYS | names::CLIPBOARD)) = source {
                taint.insert(0, Taint::source(source, range));
            }
            let it = &self.resolver.scopes.funcs[func];
            let skip = usize::from(bound || (it.class.is_some() && !it.unbound));
            for (at, taint) in taint.iter().enumerate() {
                self.give(func, at + skip, taint, range);
            }
        }
    }

    /// A parameter is given something: on to where it runs.
    fn give(&mut self, func: FuncId, at: usize, taint: &Taint, range: TextRange) {
        if taint.is_empty() {
            return;
        }
        let moved = taint.at(range);
        let sinks: Vec<_> = self.param_sinks.get(&(func, at)).into_iter().flatten().copied().collect();
        for (sink, mode) in sinks {
            self.sink_at(sink, &moved.through(mode));
        }
        let arguments: Vec<_> =
            self.param_arguments.get(&(func, at)).into_iter().flatten().cloned().collect();
        for (call, argument, mode) in arguments {
            self.hand_over(call, argument, &moved.through(mode));
        }
    }

    /// A call of a function of this file.
    fn local_call(&mut self, func: FuncId, bound: bool, given: &[Given<'a>], range: TextRange) -> Taint {
        let resolver = self.resolver;
        let it = &resolver.scopes.funcs[func];
        let skip = usize::from(bound && !it.unbound);
        let mut params: Vec<Taint> = vec![Taint::default(); it.params.len()];
        let mut place = skip;
        for one in given {
            let at = match one.name {
                Some(name) => it.params.iter().position(|param| param.name == name),
                None => {
                    place += 1;
                    Some(place - 1)
                }
            };
            let rest = || it.params.iter().rposition(|param| param.rest);
            let at = at.filter(|at| *at < it.params.len()).or_else(rest);
            if let Some(slot) = at.and_then(|at| params.get_mut(at)) {
                slot.merge(&one.taint);
            }
        }
        for (at, taint) in params.iter().enumerate() {
            self.give(func, at, taint, range);
        }
        self.told_where(func, skip, given);
        let returns = self.returns[func].clone();
        let mut out = Taint::default();
        for (key, trace) in &returns.keys {
            match *key {
                Key::Param(owner, at, mode) if owner == func => {
                    if let Some(taint) = params.get(at) {
                        out.merge(&taint.at(range).through(mode));
                    }
                }
                key => {
                    out.merge(&Taint::one(key, trace.clone()).at(range));
                }
            }
        }
        out
    }

    /// A call of a function of another file.
    fn other_call(&mut self, call: Option<u32>, given: &[Given<'a>], range: TextRange) -> Taint {
        let Some(call) = call else { return Taint::default() };
        let mut place = 0;
        for one in given {
            let argument = match one.name {
                Some(name) => Argument::Named(name.to_owned()),
                None => {
                    place += 1;
                    Argument::At(place - 1)
                }
            };
            self.hand_over(call, argument, &one.taint.at(range));
        }
        Taint::one(Key::Import(call, Mode::Plain), super::taint::step(&None, range))
    }

    /// A call of something from outside.
    fn outside(
        &mut self,
        name: &str,
        it: &'a ExprCall,
        receiver: &Taint,
        given: &[Given<'a>],
        state: &mut State,
        range: TextRange,
    ) -> Taint {
        let mut out = Taint::default();
        let first = given.iter().find(|one| one.name.is_none()).or(given.first());
        match name {
            "os.getenv"
            | "os.getenvb"
            | "os.environ.get"
            | "os.environ.pop"
            | "os.environ.setdefault"
            | "os.environ.__getitem__" => {
                let Some(key) = first else { return out };
                if key.taint.has(names::ENV_ALL) {
                    return Taint::source(names::ENV_ALL, range);
                }
                let mut found = self.variable(key.value, range);
                // `os.environ.get('NAME', '~/.aws/credentials')`
                if given.get(1).is_some_and(|one| one.taint.has(SECRET_PATH)) {
                    found.merge(&Taint::source(SECRET_PATH, range));
                }
                return found;
            }
            "builtins.isinstance"
            | "builtins.len"
            | "builtins.hasattr"
            | "builtins.callable"
            | "builtins.print"
            | "builtins.bool"
            | "builtins.int"
            | "builtins.float"
            | "builtins.id"
            | "builtins.hash" => return out,
            "builtins.dict" | "copy.copy" | "copy.deepcopy" => {}
            _ => {}
        }
        if let Some(source) = names::source(name, true) {
            out.merge(&Taint::source(source, range));
        }
        if names::logs(name) {
            self.sink("log", range, &union(given));
        }
        if self.asks_unseen(name, it) {
            out.merge(&Taint::source(names::TYPED, range));
        }
        if self.ships_log(name, it) {
            self.sink("net", range, &Taint::source(names::LOG, range));
        }
        // `parser.read(path)`: what is in the file is in the parser from then on.
        if name.starts_with("configparser.")
            && (name.ends_with("().read") || name.ends_with("().read_file"))
            && let (Expr::Attribute(parser), Some(first)) = (&*it.func, first)
        {
            let read = first.taint.through(Mode::Opened).at(range);
            if read.has(SECRET_FILE) {
                self.put(&parser.value, &read, state);
            }
        }
        if names::encodes(name) || name.ends_with(".hex") {
            out.merge(&Taint::source(ENCODED, range));
        }
        // Keys of other programs are made into letters to go where only letters pass.
        if (names::encodes(name)
            || matches!(name, "base64.b64encode" | "base64.b85encode" | "base64.encodebytes"))
            && let Some(first) = first
        {
            self.sink("letters", range, &first.taint);
        }
        if matches!(name, "getpass.getuser" | "os.getlogin" | "pwd.getpwuid") {
            out.merge(&Taint::source(names::USER, range));
        }
        // What is decoded.
        if let Some(files_too) = names::decodes(name) {
            for one in given {
                let taint = match files_too {
                    true => one.taint.through(Mode::Decoded),
                    false => {
                        let mut taint = one.taint.clone();
                        if taint.has(BLOB) {
                            taint.merge(&Taint::source(DECODED, range));
                        }
                        taint
                    }
                };
                out.merge(&taint.at(range));
            }
            let packed = given.first().is_some_and(|one| self.resolver.expr(one.value).truth().is_none());
            // Caches of compiled code are compressed, not written in letters.
            let letters =
                name.starts_with("base64.") || name.starts_with("binascii.") || name.ends_with(".fromhex");
            let stored = given.iter().any(|one| one.taint.has(FILE) || one.taint.has(OTHER_FILE));
            if files_too && packed && (letters || !stored) {
                out.merge(&Taint::source(UNPACKED, range));
            }
            out.merge(receiver);
            return out;
        }
        self.reads(name, it, receiver, given, range, &mut out);
        self.writes(name, it, receiver, given, state, range);
        let loads = names::loads(name) || (name.starts_with("yaml.load") && !safe_loader(it));
        if let Some(first) = first.filter(|_| loads) {
            self.sink("deserialize", range, &first.taint);
        }
        if matches!(name, "builtins.__import__" | "importlib.import_module" | "builtins.getattr")
            && let Some(hidden) = given.get(usize::from(name == "builtins.getattr"))
            && self.hides(hidden.value)
        {
            self.sink("require", range, &Taint::source(DECODED, hidden.value.range()));
        }
        match self.resolver.api.capability(name) {
            Some(CapabilityKind::Net) => {
                let mut sent = Taint::default();
                for one in given {
                    if !one.name.is_some_and(names::identifies) {
                        sent.merge(&one.taint);
                    }
                }
                let addresses = given.iter().filter(|one| one.name.is_none()).take(3);
                let addresses = addresses.chain(given.iter().filter(|one| one.name == Some("url")));
                let fixed = addresses.into_iter().any(|one| self.is_fixed(one.value));
                if fixed {
                    let sink = if name.contains("()") { "net-fixed/client" } else { "net-fixed" };
                    self.sink(sink, range, &sent);
                }
                self.addressed(name, given, range);
                if let Some(one) = given.iter().find(|one| matches!(one.name, None | Some("url")))
                    && self.hides_address(one.value, &one.taint)
                {
                    self.sink("hidden-bot", range, &one.taint.clone());
                }
                if let Some(one) = given.iter().find(|one| matches!(one.name, None | Some("url")))
                    && self.resolver.approximate(one.value).is_some_and(|text| computed_subdomain(&text))
                {
                    let taint = one.taint.clone();
                    self.sink("subdomain", range, &taint);
                }
                // What was put into a client before goes along.
                if names::sends(name) && name.contains("()") {
                    let held = [SECRET_FILE, names::ENV_ALL];
                    let mut along = Taint::default();
                    for (key, trace) in &receiver.keys {
                        if matches!(key, Key::Source(source) if held.contains(source)) {
                            along.merge(&Taint::one(*key, trace.clone()));
                        }
                    }
                    self.sink("net", range, &along.at(range));
                }
                // A client that says who it is: its own fact, which no rule takes for a theft.
                if given.first().is_some_and(|one| is_authorization(self.resolver.expr(one.value).as_str())) {
                    self.sink("net-auth", range, &sent);
                    out.merge(receiver);
                    return out;
                }
                let address =
                    name.ends_with(".connect") && given.first().is_some_and(|one| one.value.is_tuple_expr());
                if names::looks_up(name) {
                    self.sink("dns", range, &sent);
                    if let Some(one) = given.first()
                        && self.resolver.approximate(one.value).is_some_and(|text| {
                            computed_name(&text) || text.contains("?.") && one.taint.has(ENCODED)
                        })
                    {
                        let taint = one.taint.clone();
                        self.sink("subdomain", range, &taint);
                    }
                }
                if names::sends(name) || address {
                    self.sink(if name.starts_with("socket.") { "socket" } else { "net" }, range, &sent);
                }
                // What is put into a client is sent with it.
                sent = sent.without(&[SECRET_PATH, BLOB]);
                out.merge(&sent.at(range));
                if names::answers(name) {
                    out.merge(&Taint::source(names::NET, range));
                }
                out.merge(receiver);
                return out;
            }
            // An address is shown, not run.
            Some(CapabilityKind::Process) if name.starts_with("webbrowser.") => {}
            Some(CapabilityKind::Process) => self.process(name, it, given, state, range, &mut out),
            Some(CapabilityKind::DynamicCode)
                if matches!(
                    name,
                    "builtins.exec"
                        | "builtins.eval"
                        | "builtins.execfile"
                        | "code.InteractiveInterpreter().runsource"
                        | "runpy.run_path"
                ) =>
            {
                if let Some(first) = first {
                    self.sink("dynamic-code", range, &first.taint);
                    if let Some(key) = self.file_key(first.value) {
                        let written = self.files.get(&key).cloned().unwrap_or_default();
                        self.sink("dynamic-code", range, &written);
                    }
                }
            }
            Some(CapabilityKind::DynamicCode)
                if name.starts_with("importlib.util.spec_from_file") || name.starts_with("imp.load") =>
            {
                for one in given {
                    self.started(one.value, range);
                }
            }
            Some(CapabilityKind::Native)
                if name.contains("CDLL") || name.contains("LoadLibrary") || name.contains("WinDLL") =>
            {
                for one in given {
                    self.started(one.value, range);
                }
            }
            Some(CapabilityKind::Native)
                if name.contains("memmove") || name.contains("RtlMoveMemory") || name.contains("mmap") =>
            {
                let mut all = union(given);
                all = all.without(&[BLOB]);
                self.sink("memory", range, &all);
            }
            _ => {}
        }
        if names::passes(name) {
            out.merge(&union(given).at(range));
            out.merge(receiver);
            self.answered(it, &mut out);
            if let Expr::Attribute(attribute) = &*it.func
                && names::puts(&attribute.attr)
            {
                self.method(it, receiver, given, state);
            }
        } else {
            out.merge(&self.method(it, receiver, given, state));
        }
        out
    }

    /// Whether a name is hidden: taken out of an encoding where it stands.
    fn hides(&self, value: &'a Expr) -> bool {
        match value {
            Expr::Call(call) => {
                let callee = self.resolver.callee(call);
                let here = callee.as_name().is_some_and(|name| names::decodes(name) == Some(true));
                let inner = match &*call.func {
                    Expr::Attribute(it) => self.hides(&it.value),
                    _ => false,
                };
                here || inner
                    || call
                        .arguments
                        .args
                        .iter()
                        .take(2)
                        .any(|argument| matches!(argument, Expr::Call(_)) && self.hides(argument))
            }
            _ => false,
        }
    }

    /// Files that a call reads.
    fn reads(
        &mut self,
        name: &str,
        it: &'a ExprCall,
        receiver: &Taint,
        given: &[Given<'a>],
        range: TextRange,
        out: &mut Taint,
    ) {
        // Of a path, or of one made of it: `Path(x).expanduser().read_text()`.
        let of_path = name.strip_prefix("pathlib.Path()").is_some_and(|rest| {
            [".read_text", ".read_bytes", ".open"].iter().any(|method| rest.ends_with(method))
        });
        let path = if of_path {
            match &*it.func {
                Expr::Attribute(attribute) => Some((&*attribute.value, receiver.clone())),
                _ => None,
            }
        } else {
            let at = names::opens(name);
            at.and_then(|at| given.iter().filter(|one| one.name.is_none()).nth(at).or(given.first()))
                .map(|one| (one.value, one.taint.clone()))
        };
        let Some((path, taint)) = path else { return };
        let read = taint.through(Mode::Opened).at(range);
        if !read.has(SECRET_FILE) {
            out.merge(&Taint::source(FILE, range));
        }
        out.merge(&read);
        if let Some(key) = self.file_key(path)
            && let Some(written) = self.files.get(&key)
        {
            let written = written.clone();
            out.merge(&written.at(range));
        }
    }

    /// Files that a call writes.
    fn writes(
        &mut self,
        name: &str,
        it: &'a ExprCall,
        receiver: &Taint,
        given: &[Given<'a>],
        state: &mut State,
        range: TextRange,
    ) {
        let place = |at: usize| given.iter().filter(|one| one.name.is_none()).nth(at);
        match name {
            "pathlib.Path().write_text" | "pathlib.Path().write_bytes" => {
                if let (Expr::Attribute(attribute), Some(data)) = (&*it.func, given.first()) {
                    let taint = data.taint.clone();
                    self.replaces_itself(it, receiver, given);
                    self.sink("fs-write", range, &taint);
                    self.fill_file(&attribute.value, &taint);
                }
            }
            "builtins.open().write"
            | "io.open().write"
            | "codecs.open().write"
            | "pathlib.Path().open().write"
            | "tempfile.NamedTemporaryFile().write"
            | "aiofiles.open().write"
            | "os.fdopen().write"
            | "builtins.open().writelines" => {
                if let (Expr::Attribute(attribute), Some(data)) = (&*it.func, given.first()) {
                    let taint = data.taint.clone();
                    self.written(&attribute.value, &taint, range);
                }
            }
            "urllib.request.urlretrieve" | "urllib.urlretrieve" | "wget.download" | "gdown.download" => {
                let to = given
                    .iter()
                    .find(|one| matches!(one.name, Some("filename" | "out" | "output")))
                    .or_else(|| place(1));
                if let Some(to) = to {
                    let value = to.value;
                    self.fill_file(value, &Taint::source(names::NET, range));
                }
            }
            "os.write" => {
                if let (Some(fd), Some(data)) = (place(0), place(1))
                    && let Some(key) = self.of_descriptor(fd.value)
                {
                    let taint = data.taint.without(&[SECRET_PATH]);
                    self.changed |= self.files.entry(key).or_default().merge(&taint);
                }
            }
            "shutil.copyfileobj" => {
                if let (Some(from), Some(to)) = (place(0), place(1)) {
                    let (taint, to) = (from.taint.clone(), to.value);
                    self.written(to, &taint, range);
                    self.put(to, &taint, state);
                }
            }
            "shutil.copy" | "shutil.copyfile" | "shutil.copy2" | "shutil.move" | "os.rename"
            | "os.replace" | "os.link" | "os.symlink" | "shutil.copytree" => {
                if let (Some(from), Some(to)) = (place(0), place(1)) {
                    let (taint, from, to) = (from.taint.clone(), from.value, to.value);
                    // The copy of a credential file is one.
                    let mut moved = Taint::default();
                    if taint.has(SECRET_PATH) {
                        moved.merge(&Taint::source(SECRET_PATH, range));
                        self.put(to, &moved, state);
                    }
                    let mut content = taint.through(Mode::Opened);
                    if let Some(written) = self.file_key(from).and_then(|key| self.files.get(&key)) {
                        let written = written.clone();
                        content.merge(&written);
                    }
                    self.fill_file(to, &content);
                }
            }
            "zipfile.ZipFile().write" | "tarfile.open().add" | "shutil.make_archive" => {
                let from = if name == "shutil.make_archive" { place(2) } else { place(0) };
                if let (Expr::Attribute(attribute), Some(from)) = (&*it.func, from) {
                    let content = from.taint.through(Mode::Opened).at(range);
                    if name == "shutil.make_archive" {
                        if let Some(to) = place(0) {
                            let to = to.value;
                            self.fill_file(to, &content);
                            self.put(to, &content, state);
                        }
                    } else {
                        self.put(&attribute.value, &content, state);
                        self.written(&attribute.value, &content, range);
                    }
                }
            }
            _ => {}
        }
    }

    /// A file of the package's own folder is written, whose name and content are what was fetched.
    fn replaces_itself(&mut self, it: &'a ExprCall, receiver: &Taint, given: &[Given<'a>]) {
        let Expr::Attribute(method) = &*it.func else { return };
        if matches!(method.attr.as_str(), "write_text" | "write_bytes")
            && receiver.has(names::NET)
            && let Some(data) = given.first()
            && self.is_own_file(&method.value, 0)
        {
            let taint = data.taint.clone();
            self.sink("own-code", it.range(), &taint);
        }
    }

    /// Something is written to an open file.
    pub(super) fn written(&mut self, file: &'a Expr, taint: &Taint, range: TextRange) {
        self.sink("fs-write", range, taint);
        if let Some(path) = self.path_of(file, 0) {
            self.fill_file(path, taint);
        } else if let Some(key) = self.of_fdopen(file, 0) {
            self.changed |= self.files.entry(key).or_default().merge(&taint.without(&[SECRET_PATH]));
        }
    }

    fn fill_file(&mut self, path: &'a Expr, taint: &Taint) {
        let taint = taint.without(&[SECRET_PATH]);
        if taint.is_empty() {
            return;
        }
        if let Some(key) = self.file_key(path) {
            self.changed |= self.files.entry(key).or_default().merge(&taint);
        }
    }

    /// The path with which a file was opened.
    fn path_of(&self, file: &'a Expr, depth: u8) -> Option<&'a Expr> {
        if depth > 4 {
            return None;
        }
        match file {
            Expr::Call(it) => {
                let callee = self.resolver.callee(it);
                let name = callee.as_name()?;
                if name == "pathlib.Path().open" {
                    return match &*it.func {
                        Expr::Attribute(attribute) => Some(&attribute.value),
                        _ => None,
                    };
                }
                names::opens(name)?;
                it.arguments.args.first()
            }
            Expr::Name(name) => {
                let symbol = self.resolver.scopes.symbols.get(self.resolver.scopes.symbol(name)?)?;
                let at = name.range().start().to_u32();
                let before = symbol.defs.iter().rev().filter(|place| place.at <= at);
                before.take(2).find_map(|place| match place.def {
                    super::Def::Value(value) | super::Def::Enter(value) => self.path_of(value, depth + 1),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// The name under which a file is known: its path, or the variable that holds it.
    fn file_key(&self, path: &'a Expr) -> Option<String> {
        if let Some(text) = self.resolver.approximate(path)
            && !text.contains('?')
            && text.len() > 2
        {
            return Some(text.trim_start_matches("./").to_owned());
        }
        match path {
            Expr::Name(name) => self.resolver.scopes.symbol(name).map(|symbol| format!("\0{symbol}")),
            Expr::Attribute(it) if it.attr.as_str() == "name" => self.file_key(&it.value),
            Expr::Attribute(it) => match self.resolver.expr(&it.value) {
                Val::Instance(class) => Some(format!("\0{class}.{}", it.attr)),
                _ => None,
            },
            Expr::Call(it) => match (self.resolver.callee(it).as_name(), it.arguments.args.first()) {
                (Some("builtins.str" | "os.path.abspath" | "os.fspath" | "pathlib.Path"), Some(first)) => {
                    self.file_key(first)
                }
                _ => None,
            },
            Expr::FString(_) | Expr::BinOp(_) => None,
            _ => None,
        }
    }

    /// A file that is run, or named on a command line that is.
    fn started(&mut self, value: &'a Expr, range: TextRange) {
        let mut keys = Vec::new();
        let parts: Vec<&'a Expr> = match literal_elements(value) {
            Some(elements) => elements.iter().take(32).collect(),
            None => match value {
                Expr::FString(it) => it
                    .value
                    .elements()
                    .filter_map(|part| part.as_interpolation())
                    .map(|part| &*part.expression)
                    .collect(),
                Expr::BinOp(it) if matches!(it.op, Operator::Add | Operator::Mod) => {
                    vec![&*it.left, &*it.right]
                }
                value => vec![value],
            },
        };
        for part in parts {
            keys.extend(self.file_key(part));
            if let Expr::Tuple(tuple) = part {
                keys.extend(tuple.elts.iter().take(16).filter_map(|element| self.file_key(element)));
            }
        }
        if let Some(text) = self.resolver.approximate(value) {
            let words = text.split([' ', ';', '&', '|', '"', '\'']).filter(|word| word.len() > 2).take(40);
            keys.extend(words.map(|word| word.trim_start_matches("./").to_owned()));
        }
        let mut all = Taint::default();
        for key in keys {
            if let Some(taint) = self.files.get(&key) {
                all.merge(taint);
            }
        }
        // A digest that is checked is what an honest installer does with what it fetched.
        let all = if self.checks_digests(range) { all.without(&[names::NET]) } else { all };
        self.sink("written->process", range, &all);
    }

    /// Whether the function that starts something computes a digest, or calls one of this file that
    /// does; outside of functions, whether any does.
    fn checks_digests(&self, range: TextRange) -> bool {
        const HASHES: &str = "hashlib";
        if memchr::memmem::find(self.text.as_bytes(), HASHES.as_bytes()).is_none() {
            return false;
        }
        let funcs = self.resolver.scopes.funcs.iter().filter_map(|func| {
            let (first, last) = (func.body.first()?, func.body.last()?);
            let inner = TextRange::new(first.range().start(), last.range().end());
            Some((func.name, inner, self.text.get(inner.to_std_range())?))
        });
        // The outermost one: what is checked around an inner function counts for it.
        let around = funcs.clone().filter(|(_, inner, _)| inner.contains_range(range));
        let Some((_, _, text)) = around.max_by_key(|(_, inner, _)| inner.len()) else { return true };
        text.contains(HASHES)
            || funcs
                .filter(|(name, _, body)| !name.is_empty() && body.contains(HASHES))
                .any(|(name, ..)| text.contains(&format!("{name}(")))
    }

    /// Whether what is given may be the arguments of a program that is known, so that a value in it
    /// need not be what runs.
    fn is_list_of_arguments(
        &self,
        it: &'a ExprCall,
        command: &'a Expr,
        interpreted: bool,
        parts: &[String],
    ) -> bool {
        // `['python', '-m', 'tool', value]`, but not `['sh', '-c', value]`
        if interpreted {
            let inline = ["-c", "-e", "-lc", "-ic", "/c", "/C", "-Command", "-EncodedCommand", "-enc"];
            return !parts.iter().any(|part| inline.contains(&part.as_str()));
        }
        let shell = it.arguments.find_keyword("shell");
        if shell.is_some_and(|shell| self.resolver.expr(&shell.value).truth() != Some(false)) {
            return false;
        }
        match command {
            // Taken as it comes: `create_subprocess_exec(*json.loads(body))`
            Expr::Starred(it) => !it.value.is_call_expr(),
            Expr::Call(call) => {
                matches!(self.resolver.callee(call), Val::Func(_) | Val::Bound(_) | Val::Local(..))
            }
            _ => false,
        }
    }

    /// A process is started.
    fn process(
        &mut self,
        name: &str,
        it: &'a ExprCall,
        given: &[Given<'a>],
        state: &mut State,
        range: TextRange,
        out: &mut Taint,
    ) {
        let command = given.iter().find(|one| one.name.is_none() || matches!(one.name, Some("args" | "cmd")));
        let parts = command_parts(self.resolver, name, it).unwrap_or_default();
        let program = parts.first().map_or("", String::as_str);
        let interprets = names::interprets(program);
        if let Some(command) = command {
            let taint = command.taint.without(&[SECRET_PATH]);
            let listed = literal_elements(command.value).is_some();
            let by_list = name.starts_with("subprocess.") || listed;
            // Only what is run matters: the program, or what a shell or an interpreter is given.
            let shell = interprets
                || !by_list
                || name.ends_with("output") && name.starts_with("subprocess.get")
                || matches!(command.value, Expr::FString(_) | Expr::BinOp(_) | Expr::Call(_))
                || it
                    .arguments
                    .find_keyword("shell")
                    .is_some_and(|it| self.resolver.expr(&it.value).truth() != Some(false));
            if shell && self.is_list_of_arguments(it, command.value, interprets && listed, &parts) {
                self.sink("process-list", range, &taint);
            } else if shell {
                self.sink("process", range, &taint);
            } else {
                if let Some(first) = literal_elements(command.value).and_then(<[Expr]>::first) {
                    let program = self.eval(first, state);
                    self.sink("process", range, &program.without(&[SECRET_PATH]));
                }
                self.sink("process-argument", range, &taint);
            }
            let value = command.value;
            self.started(value, range);
            // `curl -d …` is a request like any other.
            if crate::check::shell::requests(&line(&parts)) {
                let mut sent = command.taint.clone();
                if command.taint.has(SECRET_PATH) && parts.iter().any(|part| part.contains('@')) {
                    sent.merge(&command.taint.through(Mode::Opened));
                }
                self.sink("net", range, &sent);
                out.merge(&Taint::source(names::NET, range));
            }
        }
        if interprets && let Some(input) = given.iter().find(|one| one.name == Some("input")) {
            let taint = input.taint.clone();
            self.sink("process", range, &taint);
        }
        if let Some(source) = names::output(&line(&parts)) {
            out.merge(&Taint::source(source, range));
        }
    }
}

/// Whether a header is the one by which a client shows who it is.
pub(super) fn is_authorization(name: Option<&str>) -> bool {
    name.is_some_and(|name| {
        name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization")
    })
}

fn union(given: &[Given<'_>]) -> Taint {
    let mut out = Taint::default();
    for one in given {
        out.merge(&one.taint);
    }
    out
}

/// Whether YAML is loaded by a loader that makes plain data only.
fn safe_loader(it: &ExprCall) -> bool {
    let loader = it.arguments.find_argument_value("Loader", 1);
    loader.is_some_and(|loader| {
        let name = match loader {
            Expr::Attribute(it) => it.attr.as_str(),
            Expr::Name(it) => it.id.as_str(),
            _ => "",
        };
        name.contains("Safe") || name.contains("Base") || name.contains("Full")
    })
}
