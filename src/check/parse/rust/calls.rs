//! Calls of functions and methods: what they reach, what they are given, what they give.

use std::rc::Rc;

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprMethodCall};

use super::api::{API, Class};
use super::eval::root_of;
use super::facts::Raw;
use super::fold::{Value, taint};
use super::resolve::segments;
use super::walk::{Walk, range};
use crate::model::{CapabilityKind, FactKind};

/// Separates arguments in a call's value.
const UNIT: &str = "\u{1f}";
/// Methods whose result came over the network.
const RECEIVES: &[&str] = &[
    "send",
    "call",
    "text",
    "bytes",
    "json",
    "into_string",
    "into_reader",
    "body_mut",
    "chunk",
    "body_string",
    "body_bytes",
    "read_to_string",
    "recv",
    "recv_from",
    "perform",
    "as_str",
    "as_bytes",
    "into_body",
];
/// Methods that fill what they are given.
const FILLS: &[&str] =
    &["read", "read_to_string", "read_to_end", "read_exact", "read_line", "copy_to", "recv", "recv_from"];
/// Starts the place of a connection to a host that is written down.
const DIALLED: &str = "tcp://";
/// Methods that give what they are called on, in another form.
const WHOLE: &[&str] = &[
    "join",
    "concat",
    "clone",
    "as_str",
    "as_bytes",
    "as_ref",
    "to_string",
    "to_owned",
    "to_vec",
    "into",
    "into_bytes",
    "unwrap",
    "unwrap_or_default",
    "iter",
    "into_iter",
    "collect",
    "expect",
];
/// Methods that start what a command holds.
const STARTS: &[&str] = &["spawn", "output", "status", "exec"];
/// Variables that continuous-integration systems set.
pub const CI: &[&str] = &[
    "CI",
    "GITLAB_CI",
    "GITHUB_ACTIONS",
    "TRAVIS",
    "CIRCLECI",
    "JENKINS_URL",
    "BUILDKITE",
    "TEAMCITY_VERSION",
];

fn is(list: &[String], path: &str) -> bool {
    list.iter().any(|known| {
        path.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

impl Walk {
    fn args<'e>(&mut self, args: impl Iterator<Item = &'e Expr>, receiver: &Value) -> Vec<Value> {
        args.map(|arg| match arg {
            Expr::Closure(closure) => self.closure(closure, receiver),
            _ => self.eval(arg),
        })
        .collect()
    }

    /// Folded texts among arguments of a known call, where no single literal shows them.
    fn folded<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>, values: &[Value]) {
        for (expr, value) in exprs.zip(values) {
            let plain = matches!(expr, Expr::Lit(_) | Expr::Closure(_))
                || matches!(expr, Expr::Reference(inner) if matches!(&*inner.expr, Expr::Lit(_) | Expr::Array(_)));
            if !plain {
                self.literals(value, expr_range(expr));
            }
        }
    }

    pub(super) fn call(&mut self, call: &ExprCall) -> Value {
        let path = match &*call.func {
            Expr::Path(path) => path,
            other => {
                // `(f)(x)`, `self.f(x)`: a function held in a value.
                let function = self.eval(other);
                let values = self.args(call.args.iter(), &Value::default());
                let item = function.item.as_deref().map(str::to_owned);
                let span = call.span();
                return match item {
                    Some(item) => self.known(&item, &values, call.args.iter(), range(span, span)),
                    None => Value::of(function.taint | union(&values)),
                };
            }
        };
        if let Some(method) = as_method(path, call) {
            return self.method(&method);
        }
        let local = path.path.get_ident().map(|ident| ident.unraw().to_string());
        // A closure that a name holds gives what it is made of.
        let closed = local.as_ref().and_then(|name| self.var(name)).map_or(0, |value| value.taint);
        let held = local.as_ref().and_then(|name| self.var(name)).and_then(|value| value.item.clone());
        let full = held.map(|item| item.to_string()).or_else(|| self.path_of(path));
        let values = self.args(call.args.iter(), &Value::default());
        let start = path.path.segments.first().map_or_else(|| path.span(), |first| first.ident.span());
        let span = range(start, call.paren_token.span.close());
        match full {
            Some(full) => self.known(&full, &values, call.args.iter(), span),
            None => {
                let last = path.path.segments.last().map(|last| last.ident.unraw().to_string());
                let name = last.unwrap_or_default();
                let own = self.resolver.own(self.scope, &segments(&path.path));
                if let Some(own) = &own {
                    self.hands(own, union(&values), span.clone());
                    self.passes(own, &values, &span);
                }
                self.calls_own(&name, &values, span.clone());
                if let Some(value) = self.reveals(&name, &values, span) {
                    self.given(&name, &values);
                    return value;
                }
                self.given(&name, &values);
                let returned = self.returns.get(&name).copied().unwrap_or(0);
                // `Some(x)` and `Ok(x)` are what they hold.
                if let ([value], true) =
                    (values.as_slice(), matches!(name.as_str(), "Some" | "Ok" | "Box" | "Err"))
                {
                    return value.clone();
                }
                // `Client::new(…)` is one of them: its methods are that file's.
                let ty = own.as_deref().and_then(|own| own.rsplit_once("::")).map(|(owner, _)| owner);
                let ty = ty
                    .filter(|ty| ty.rsplit("::").next().is_some_and(|it| it.starts_with(char::is_uppercase)));
                // What another file makes of the home folder and something else lies within it.
                let within = own.is_some() && values.len() > 1;
                let home = if within { taint::HOME } else { 0 };
                Value {
                    ty: ty.map(Into::into),
                    gave: own.as_deref().filter(|own| own.contains("::")).map(Into::into),
                    ..Value::of(returned | closed | self.kept(&name, union(&values)) & !home)
                }
            }
        }
    }

    /// Notes what a function of this file is given.
    fn given(&mut self, name: &str, values: &[Value]) {
        for (at, value) in values.iter().enumerate() {
            // That somebody gave it is known of every parameter.
            let taint = value.taint & !taint::PARAM;
            if taint != 0 {
                *self.given.entry((name.to_owned(), at)).or_default() |= taint;
            }
        }
    }

    /// A call of a path that leads out of the file.
    fn known<'e>(
        &mut self,
        path: &str,
        values: &[Value],
        exprs: impl Iterator<Item = &'e Expr> + Clone,
        span: std::ops::Range<usize>,
    ) -> Value {
        let shown = values.iter().map(|value| value.shown().to_string()).collect::<Vec<_>>().join(UNIT);
        self.report(path, span.clone(), &shown, true);
        let class = API.class(path);
        if matches!(class, Class::Unknown) && path.contains("::") {
            self.hands(path, union(values), span.clone());
        }
        let name = path.rsplit("::").next().unwrap_or(path);
        let given = self.kept(name, union(values));
        let mut result = Value::of(given);
        let owner = path.rsplit_once("::").map_or("", |(owner, _)| owner);
        let is_type = owner.rsplit("::").next().is_some_and(|last| last.starts_with(char::is_uppercase));
        result.ty = API.returns(path).map(Into::into).or_else(|| is_type.then(|| owner.into()));
        result.taint |= self.walks(path);
        if path.starts_with("std::io::repeat") || path.starts_with("rand::random") {
            result.taint |= taint::FILL;
        }
        if path.starts_with("getrandom::")
            && let Some(var) = exprs.clone().next().and_then(root_of).and_then(|root| self.var_mut(&root))
        {
            var.taint |= taint::FILL;
        }
        if is(&API.clocks, path) {
            result.taint |= taint::CLOCK;
            result.ty = None;
        }
        if is(&API.decoders, path) {
            result.taint |= taint::DECODED;
            self.saw_source = true;
        }
        if given & taint::TEST_DATA != 0 && super::fetched::undoes(path) {
            result.taint |= taint::MASKED;
            self.saw_source = true;
        }
        if is(&API.hosts, path) {
            result.taint |= taint::HOST;
            self.saw_source = true;
        }
        if is(&API.homes, path) {
            result.taint |= taint::HOME;
        }
        if path == "std::env::temp_dir" {
            result.place = Some(super::fetched::TEMPORARY.into());
        }
        if matches!(name, "read_to_end" | "read_to_string" | "read_exact")
            && path.starts_with("std::io::")
            && let [from, _] = values
            && let Some(var) = exprs.clone().nth(1).and_then(root_of).and_then(|root| self.var_mut(&root))
        {
            var.taint |= from.taint;
        }
        if is(&API.scanners, path) {
            return Value { ty: Some(owner.into()), ..result };
        }
        if name.starts_with("from_utf8")
            && let [value] = values
        {
            return self.reveal_text(value.clone(), span);
        }
        if path.starts_with("std::io::copy")
            && let [from, to] = values
        {
            self.overwrites(to.taint, from.taint, false, span.clone());
            self.write_to(to, from.taint, span);
            return result;
        }
        self.ties(path, values, &mut result, span.clone());
        let names_day = matches!(
            name,
            "from_ymd_opt"
                | "from_ymd"
                | "with_ymd_and_hms"
                | "ymd"
                | "from_calendar_date"
                | "from_timestamp"
                | "from_secs"
                | "from_unix_timestamp"
        );
        if names_day && values.iter().any(|value| value.number.is_some_and(super::eval::is_date)) {
            result.taint |= taint::DATE;
        }
        match class {
            Class::Gives(kind, _) | Class::Foreign(Some(kind)) => {
                self.folded(exprs, values);
                self.flow(given, kind, &shown, span.clone());
                result = self.reached(kind, path, values, result, span);
            }
            Class::Foreign(None) | Class::Nothing => {}
            // Constructors and conversions keep what they wrap.
            Class::Unknown => {
                if let [value] = values
                    && !is(&API.decoders, path)
                {
                    result.text = value.text.clone();
                    result.place = value.place.clone();
                    result.ty = result.ty.filter(|_| value.ty.is_none()).or_else(|| value.ty.clone());
                }
            }
        }
        result
    }

    fn reached(
        &mut self,
        kind: CapabilityKind,
        path: &str,
        values: &[Value],
        mut result: Value,
        span: std::ops::Range<usize>,
    ) -> Value {
        let first = values.first();
        let name = path.rsplit("::").next().unwrap_or(path);
        match kind {
            CapabilityKind::Env => {
                let variable = first.and_then(|value| value.text.clone());
                match name {
                    "vars" | "vars_os" => result.taint |= taint::ENV,
                    "var" | "var_os" | "getenv" => {
                        result.taint |= taint::ENV_VAR;
                        if let Some(name) = &variable {
                            let of = |list: &[String]| list.iter().any(|known| **known == **name);
                            if &**name == "CARGO_REGISTRY_TOKEN"
                                || name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_TOKEN")
                            {
                                result.taint |= taint::REGISTRY_TOKEN;
                            }
                            if CI.contains(&&**name) {
                                result.taint |= taint::CI;
                            }
                            if of(&API.host_variables) {
                                result.taint |= taint::HOST;
                            }
                            if of(&API.homes) {
                                result.taint |= taint::HOME;
                            }
                            if matches!(&**name, "TEMP" | "TMP" | "TMPDIR") {
                                result.place = Some(super::fetched::TEMPORARY.into());
                            }
                        }
                    }
                    _ => {}
                }
                self.saw_source |= result.taint & (taint::ENV | taint::ENV_VAR) != 0;
            }
            CapabilityKind::FsRead | CapabilityKind::FsWrite => {
                let place = first.and_then(place_of);
                let secret = first.is_some_and(|value| value.taint & taint::SECRET_PATH != 0);
                let reads = matches!(name, "read" | "read_to_string" | "open");
                if reads {
                    result.taint |= if secret { taint::SECRET | taint::FILE } else { taint::FILE };
                    result.taint |= self.made.test_data(place.as_deref());
                    self.saw_source = true;
                }
                if kind == CapabilityKind::FsWrite {
                    let made = if matches!(name, "copy" | "rename") { values.get(1) } else { first };
                    self.made.wrote(made.and_then(place_of));
                }
                if let (true, [from, to]) = (name == "copy", values) {
                    self.built(
                        &place_of(to),
                        self.made.test_data(place_of(from).as_deref()),
                        from,
                        span.clone(),
                    );
                }
                if let (true, [file, data, ..]) = (name == "write", values) {
                    self.built(&place, data.taint, data, span.clone());
                    let constant = data.taint & taint::CONST_BYTES != 0 || data.text.is_some();
                    self.overwrites(file.taint, data.taint, constant, span.clone());
                    self.write_to(&Value { place: place.clone(), ..Value::default() }, data.taint, 0..0);
                }
                if kind == CapabilityKind::FsWrite {
                    self.startup(values, span.clone());
                }
                if name == "remove_dir_all"
                    && first.is_some_and(|value| {
                        value.taint & taint::HOME != 0 || value.text.as_deref() == Some("/")
                    })
                {
                    let raw = Raw::new(FactKind::Shape, "destructive-walk", span);
                    self.raws.push(raw.value("removes the user's own folder"));
                }
                // What a folder of secrets lists are paths of secrets.
                if name != "read_dir" {
                    result.taint &= !taint::SECRET_PATH;
                }
                result.place = place;
            }
            CapabilityKind::Net if matches!(name, "connect" | "connect_timeout" | "accept") => {
                result.taint = taint::SOCKET;
                // What a host that is written down sends was fetched from it.
                if name != "accept" && path.contains("Tcp") {
                    let host = first.map(|value| match value.list.as_deref() {
                        Some([host, ..]) => Rc::clone(host),
                        _ => value.shown(),
                    });
                    let host = host.filter(|host| !host.contains('?') && !is_this_machine(host));
                    result.place = host.map(|host| format!("{DIALLED}{host}").into());
                }
            }
            CapabilityKind::Net
                if name == "get" && result.ty.as_deref().is_some_and(|ty| ty.ends_with("Response")) =>
            {
                result.taint = taint::NET;
                self.saw_source = true;
            }
            CapabilityKind::Process | CapabilityKind::DynamicCode => {
                // What was downloaded to a file and is run from it.
                let place = first.and_then(place_of);
                let stored = place.and_then(|place| self.places.get(&*place).copied()).unwrap_or(0);
                let shown = first.map_or_else(|| "?".into(), Value::shown);
                self.started(stored, &shown, span.clone());
                if kind == CapabilityKind::DynamicCode {
                    self.loads(first, span.clone());
                }
                self.flow(stored, kind, &shown, span);
                if path.ends_with("Command::new") {
                    result.list = Some(Rc::from([first.map_or_else(|| "?".into(), Value::shown)]));
                    result.parts = Some(Rc::from([first.and_then(place_of)]));
                }
                result.taint = union(values) & taint::HOST_PROGRAM;
            }
            _ => {}
        }
        result
    }

    /// Data goes into a file: what the file holds from now on.
    pub(super) fn write_to(&mut self, file: &Value, data: u32, span: std::ops::Range<usize>) {
        // A data file with an exclusive or over it hides what it holds as constant bytes do.
        let unmasked = data & (taint::FILE | taint::XORED) == taint::FILE | taint::XORED;
        let carried = data & taint::CONST_BYTES != 0 || unmasked;
        let embedded = if carried { taint::EMBEDDED } else { 0 };
        let kept = data & (taint::NET | taint::DECODED | taint::EMBEDDED) | embedded;
        if let Some(place) = place_of(file)
            && kept != 0
        {
            *self.places.entry(place.to_string()).or_default() |= kept;
        }
        if !span.is_empty() {
            self.flow(data, CapabilityKind::FsWrite, "", span);
        }
    }

    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Value {
        // A chain of methods is as long as its author likes: it is followed by a loop.
        let mut chain = vec![call];
        while let Expr::MethodCall(inner) = &*chain[chain.len() - 1].receiver {
            chain.push(inner);
        }
        let first = &chain[chain.len() - 1].receiver;
        let mut value = self.eval(first);
        for call in chain.iter().rev() {
            value = self.step(call, value);
        }
        let span = range(chain_start(first), call.paren_token.span.close());
        self.reveals_chain(&chain, span).unwrap_or(value)
    }

    fn step(&mut self, call: &ExprMethodCall, receiver: Value) -> Value {
        let name = call.method.unraw().to_string();
        let part = Value { bytes: receiver.bytes.clone(), ..Value::of(receiver.taint) };
        let values = self.args(call.args.iter(), &part);
        let given = self.kept(&name, union(&values));
        let span = range(call.method.span(), call.paren_token.span.close());
        let mut result = Value { list: None, parts: None, number: None, ..receiver.clone() };
        result.gave = result.gave.filter(|_| WHOLE.contains(&name.as_str()));
        result.taint = self.kept(&name, result.taint) | given;
        if matches!(name.as_str(), "join" | "push") {
            result.taint &= !taint::HOME;
        }
        result.taint |= self.by_name(call, &name, &receiver, &values);
        // Another file beside the one that was met.
        if matches!(name.as_str(), "join" | "with_extension" | "with_file_name" | "parent") {
            result.taint &= !taint::ENTRY;
        }
        if result.bytes.is_none() {
            result.bytes = values.iter().find_map(|value| value.bytes.clone()).filter(|_| name == "map");
        }
        if name == "map"
            && let Some(bytes) = values.first().and_then(|value| value.bytes.clone())
        {
            result.bytes = Some(bytes);
        }
        if name == "join"
            && let [part] = values.as_slice()
            && let Some(part) = &part.text
        {
            let folder = place_of(&receiver).unwrap_or_else(|| "?".into());
            result.place = Some(format!("{}/{part}", folder.trim_end_matches('/')).into());
        }
        // Joined texts are no longer the receiver's.
        if matches!(name.as_str(), "join" | "push" | "push_str") {
            result.text = None;
        }
        self.puts(call, &name, given);
        if name == "to_socket_addrs" {
            // A name is looked up: its labels go to whoever answers for its domain.
            self.flow(receiver.taint, CapabilityKind::Net, &receiver.shown(), span.clone());
        }
        result.taint |= self.searched(&name, receiver.taint, given);
        result.taint = self.unmasked(call, &name, receiver.taint, given, result.taint);
        result.taint = self.changed(&name, result.taint, &values, span.clone());
        if matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self")) {
            self.given(&name, &values);
            result.taint |= self.returns.get(&name).copied().unwrap_or(0);
        }
        if matches!(name.as_str(), "find_iter" | "captures_iter" | "find" | "captures")
            && receiver.taint & taint::KEY_PATTERN != 0
            && given & taint::FILE != 0
        {
            result.taint |= taint::SECRET;
        }
        if let Some(ty) = receiver.ty.as_deref() {
            if super::summary::is_own(ty)
                || ty.contains("::") && matches!(API.class(&format!("{ty}::{name}")), Class::Unknown)
            {
                self.hands(&format!("{ty}::{name}"), given, span.clone());
                self.passes(&format!("{ty}::{name}"), &values, &span);
            }
            if API.is_clipboard(ty) {
                self.on_clipboard(&name, &mut result, span.clone());
            }
            let full = format!("{ty}::{name}");
            let shown = values.iter().map(|value| value.shown().to_string()).collect::<Vec<_>>().join(UNIT);
            let class = API.class(&full);
            if let Class::Gives(_, true) = class {
                self.report(&full, span.clone(), &shown, true);
            }
            if let Class::Gives(kind, _) = class {
                self.folded(call.args.iter(), &values);
                result = self.on_known(kind, &name, &receiver, &values, result, span.clone());
            }
            if let Some(ty) = API.returns(&full) {
                result.ty = Some(ty.into());
            }
            if full.starts_with("base64::Engine") && name.starts_with("decode") {
                result.taint |= taint::DECODED;
                self.saw_source = true;
            }
            if is(&API.scanners, &format!("{ty}::new")) && result.taint & taint::FILE != 0 {
                let keys = receiver.taint & taint::KEY_PATTERN != 0;
                result.taint |= if keys { taint::SECRET } else { 0 };
                result.ty = None;
            }
        } else if name == "decode"
            && receiver.item.as_deref().is_some_and(|item| item.starts_with("base64::"))
        {
            result.taint |= taint::DECODED;
            self.saw_source = true;
        }
        // What a method is given stays in what it is called on, or comes out of it.
        let keeps = matches!(
            name.as_str(),
            "push"
                | "push_str"
                | "extend"
                | "extend_from_slice"
                | "insert"
                | "append"
                | "write_all"
                | "arg"
                | "args"
                | "env"
                | "body"
                | "header"
        );
        if keeps && let Some(root) = root_of(&call.receiver) {
            let (taint, list, parts) = (given, result.list.clone(), result.parts.clone());
            let bytes = values.iter().find_map(|value| value.bytes.clone()).filter(|_| name == "push");
            if let Some(var) = self.var_mut(&root) {
                var.taint |= taint;
                var.text = None;
                var.list = list.or_else(|| var.list.clone());
                var.parts = parts.or_else(|| var.parts.clone());
                var.bytes = bytes.or_else(|| var.bytes.clone());
            }
        }
        let dialled = receiver.place.as_deref().is_some_and(|place| place.starts_with(DIALLED));
        if dialled && (FILLS.contains(&name.as_str()) || name == "lines") {
            self.saw_source = true;
            result.taint |= taint::NET;
        }
        if FILLS.contains(&name.as_str()) {
            for arg in &call.args {
                if let (Expr::Reference(_), Some(root)) = (arg, root_of(arg)) {
                    let taint = result.taint;
                    let filled = self.var_mut(&root).map(|var| {
                        var.taint |= taint;
                        var.clone()
                    });
                    if let (Some(filled), "copy_to") = (filled, name.as_str()) {
                        self.write_to(&filled, taint, span.clone());
                    }
                }
            }
        }
        result.item = None;
        result
    }

    /// A method on a value whose type is in the table.
    fn on_known(
        &mut self,
        kind: CapabilityKind,
        name: &str,
        receiver: &Value,
        values: &[Value],
        mut result: Value,
        span: std::ops::Range<usize>,
    ) -> Value {
        let given = union(values);
        match kind {
            CapabilityKind::Net => {
                for gave in values.iter().filter_map(|value| value.gave.as_deref()) {
                    self.raws.push(super::summary::ends(gave, span.clone()));
                }
                self.flow(given, kind, &values.first().map_or_else(|| "?".into(), Value::shown), span);
                if RECEIVES.contains(&name) {
                    result.taint = taint::NET;
                    self.saw_source = true;
                }
            }
            CapabilityKind::Process => {
                let mut list: Vec<Rc<str>> = receiver.list.as_deref().unwrap_or_default().to_vec();
                match name {
                    "arg" => list.extend(values.iter().map(Value::shown)),
                    "args" => match values.first().and_then(|value| value.list.as_deref()) {
                        Some(args) => list.extend(args.iter().cloned()),
                        None => list.push("?".into()),
                    },
                    _ => {}
                }
                let mut parts = receiver.parts.as_deref().unwrap_or_default().to_vec();
                match (name, values) {
                    ("arg", _) => parts.extend(values.iter().map(place_of)),
                    ("args", [given]) => parts.extend(given.parts.iter().flat_map(|it| it.iter().cloned())),
                    _ => {}
                }
                parts.resize(list.len(), None);
                if STARTS.contains(&name) {
                    self.command(&list, &parts, span.clone());
                }
                let program = list.first().map_or("", |program| base(program));
                let of = |programs: &[String]| programs.iter().any(|known| known == program);
                if matches!(name, "arg" | "args") && of(&API.senders) {
                    self.flow(given, CapabilityKind::Net, &list.join(" "), span.clone());
                }
                if matches!(name, "stdin" | "stdout") && given & taint::SOCKET != 0 && of(&API.shells) {
                    let raw = Raw::new(FactKind::Shape, "reverse-shell", span.clone());
                    self.raws.push(raw.value(format!("a connection is {name} of `{program}`")));
                }
                if matches!(name, "arg" | "args") {
                    let places = values.iter().filter_map(place_of).map(|place| place.to_string());
                    let stored = places.filter_map(|place| self.places.get(&place)).fold(0, |a, b| a | b);
                    if super::harm::interprets(program) {
                        self.started(stored, &list.join(" "), span.clone());
                    }
                    self.marked_line(&list, given, of(&API.shells), span.clone());
                    self.flow(given | stored, kind, &list.join(" "), span.clone());
                }
                if STARTS.contains(&name) && list.iter().any(|part| &**part != "?") {
                    self.raws
                        .push(Raw::new(FactKind::Literal, "command", span.clone()).value(list.join(" ")));
                    // The line that a shell is given is a command of its own.
                    let line =
                        list.iter().position(|part| part.eq_ignore_ascii_case("-c") || &**part == "/C");
                    if let Some(line) = line.filter(|_| of(&API.shells)).and_then(|at| list.get(at + 1)) {
                        let line = Rc::clone(line);
                        self.unwraps(&line, span.clone());
                        self.raws.push(Raw::new(FactKind::Literal, "command", span).value(&*line));
                    }
                }
                let host = receiver.taint & taint::HOST_PROGRAM != 0;
                result.taint = match (STARTS.contains(&name), host) {
                    (true, true) => {
                        self.saw_source = true;
                        taint::HOST
                    }
                    _ => receiver.taint & taint::HOST_PROGRAM,
                };
                result.list = Some(list.into());
                result.parts = Some(parts.into());
            }
            CapabilityKind::FsRead | CapabilityKind::FsWrite if name == "open" => {
                result.place = values.first().and_then(place_of);
                if receiver.taint & taint::WRITES != 0 {
                    self.startup(values, span);
                }
            }
            CapabilityKind::FsWrite
                if matches!(name, "append" | "write" | "create" | "create_new" | "truncate")
                    && receiver.ty.as_deref().is_some_and(|ty| ty.ends_with("OpenOptions")) =>
            {
                result.taint |= taint::WRITES;
            }
            CapabilityKind::FsRead | CapabilityKind::FsWrite if name.starts_with("write") => {
                let constant =
                    values.first().is_some_and(|v| v.taint & taint::CONST_BYTES != 0 || v.text.is_some());
                self.overwrites(receiver.taint, given, constant, span.clone());
                if let Some(data) = values.first() {
                    self.built(&receiver.place, data.taint, data, span.clone());
                }
                self.write_to(receiver, given, span);
            }
            CapabilityKind::DynamicCode => self.flow(given, kind, "", span),
            _ => {}
        }
        result
    }
}

impl Walk {
    /// A private key stays one only through what keeps it whole.
    fn kept(&self, name: &str, taint: u32) -> u32 {
        let keeps = taint & taint::KEY == 0 || API.key_keeping.iter().any(|known| known == name);
        if keeps { taint } else { taint & !taint::KEY }
    }

    /// Files that are read at every start, among the paths of a call that writes.
    fn startup(&mut self, values: &[Value], span: std::ops::Range<usize>) {
        for text in values.iter().take(2).filter_map(|value| value.text.as_deref()) {
            // Folders of the system or the user; a path within a project is no such file.
            if API.startup.iter().any(|part| text.contains(part.as_str())) && text.len() < 256 {
                self.raws.push(Raw::new(FactKind::Shape, "startup-file", span.clone()).value(text));
            }
        }
    }

    /// A file that the package wrote from what it carries is started. What it hands to other
    /// programs as data is none.
    fn started(&mut self, stored: u32, value: &str, span: std::ops::Range<usize>) {
        if stored & taint::EMBEDDED != 0 {
            self.raws.push(Raw::new(FactKind::Flow, "embedded->process", span).value(value));
        }
    }

    fn on_clipboard(&mut self, name: &str, result: &mut Value, span: std::ops::Range<usize>) {
        match name {
            "get_text" | "get_contents" | "get" => {
                self.clipboard_read = true;
                self.saw_source = true;
                result.taint |= taint::CLIPBOARD;
                result.ty = None;
            }
            "set_text" | "set_contents" | "set" => self.clipboard_write = Some(span),
            _ => {}
        }
    }
}

/// Where a chain of methods starts.
fn chain_start(expr: &Expr) -> proc_macro2::Span {
    match expr {
        Expr::Path(path) => path.path.segments.first().map_or_else(|| path.span(), |it| it.ident.span()),
        other => other.span(),
    }
}

fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.", "0.0.0.0", "[::1]", "::1"].iter().any(|name| host.starts_with(name))
}

/// A program's name without its folder.
fn base(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

/// How a file is known: by its name, or by the variable that holds it.
pub fn place_of(value: &Value) -> Option<Rc<str>> {
    value.place.clone().or_else(|| value.text.clone())
}

fn union(values: &[Value]) -> u32 {
    values.iter().fold(0, |taint, value| taint | value.taint)
}

/// Where an expression stands, without printing all of it.
fn expr_range(expr: &Expr) -> std::ops::Range<usize> {
    match expr {
        Expr::Macro(mac) => {
            let span = mac.mac.path.segments.last().map_or_else(|| mac.span(), |last| last.ident.span());
            range(span, mac.mac.delimiter.span().close())
        }
        Expr::Reference(inner) => expr_range(&inner.expr),
        other => range(other.span(), other.span()),
    }
}

/// `std::io::Write::write_all(&mut a, b)` as `a.write_all(b)`: the same call in other words.
fn as_method(path: &syn::ExprPath, call: &ExprCall) -> Option<ExprMethodCall> {
    let mut names = path.path.segments.iter().rev();
    let (method, of) = (names.next()?, names.next()?);
    if !["Write", "Read", "BufRead"].iter().any(|name| of.ident == name) {
        return None;
    }
    let mut args = call.args.iter();
    let receiver = match args.next()? {
        Expr::Reference(reference) => &reference.expr,
        other => other,
    };
    Some(ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(receiver.clone()),
        dot_token: syn::token::Dot(method.ident.span()),
        method: method.ident.clone(),
        turbofish: None,
        paren_token: call.paren_token,
        args: args.cloned().collect(),
    })
}
