//! Signs of harm that take more than one call to see: walks that overwrite the files they meet,
//! commands behind a marker in a caller's text, and branches that only time and chance open.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{BinOp, Expr, ExprMethodCall, Lit};

use super::api::API;
use super::eval::root_of;
use super::facts::Raw;
use super::fold::{Value, taint};
use super::walk::Walk;
use crate::check::parse::harm;
use crate::model::FactKind;

/// Programs that run the file they are given, beside shells.
const INTERPRETERS: &[&str] = &[
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
    "osascript",
    "wscript",
    "cscript",
    "mshta",
    "rundll32",
];
/// Crates and types that walk through a folder with all below it.
const WALKS: &[&str] =
    &["walkdir::WalkDir", "jwalk::WalkDir", "ignore::Walk", "ignore::WalkBuilder", "glob::glob"];
/// Methods that give what stands behind a marker.
const BEHIND: &[&str] =
    &["strip_prefix", "split_once", "rsplit_once", "trim_start_matches", "splitn", "split"];

/// What is known of the function that is walked over.
#[derive(Debug, Default)]
pub struct Within {
    name: String,
    /// It goes into the folders that it meets.
    descends: bool,
    /// Where it writes filler over a file that it met.
    filled: Option<Range<usize>>,
}

impl Within {
    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Whether a program runs what it is given as a file.
pub fn interprets(program: &str) -> bool {
    let plain = program.strip_suffix(".exe").unwrap_or(program);
    API.shells.iter().any(|known| known == program) || INTERPRETERS.contains(&plain)
}

/// Whether a file puts a constant in the place of what a pattern finds, as what masks secrets does.
pub fn masks(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has("replace")
        && (has("find") || has("captures"))
        && [
            "[masked]",
            "[redacted]",
            "[REDACTED]",
            "[MASKED]",
            "<redacted>",
            "\"***",
            "[secret]",
            "[filtered]",
            "[hidden]",
            "<masked>",
        ]
        .iter()
        .any(|word| has(word))
}

/// Whether a file puts something into an encoding.
pub fn encodes(text: &str) -> bool {
    ["encode(", "encode_config(", "encode_string(", "to_base64(", "encode_to_"]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Whether in a line one command takes off an encoding, and a later one of the same pipe is a shell that
/// runs what it gets, or `eval` or a shell runs what a command within gives.
fn decodes_to_shell(line: &str) -> bool {
    let name = |word: &str| {
        let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | '(' | ')' | '`' | '$' | '{' | '}'));
        word.rsplit('/').next().unwrap_or(word).to_owned()
    };
    let decodes = |command: &str| {
        let words: Vec<String> = command.split_whitespace().map(name).collect();
        words.iter().enumerate().any(|(at, word)| {
            let flags = || words.iter().skip(at + 1).map(String::as_str);
            match word.as_str() {
                "base64" | "base32" | "basenc" | "gbase64" => {
                    flags().any(|flag| matches!(flag, "-d" | "-D" | "--decode" | "-di" | "-id"))
                }
                "xxd" => flags().any(|flag| flag.starts_with("-r")),
                "openssl" => {
                    flags().next().is_some_and(|first| matches!(first, "base64" | "enc"))
                        && flags().any(|flag| flag == "-d")
                }
                _ => false,
            }
        })
    };
    line.split([';', '\n']).flat_map(|part| part.split("&&")).any(|pipe| {
        let commands: Vec<&str> = pipe.split('|').collect();
        let first = commands.iter().position(|command| decodes(command));
        let Some(first) = first else { return false };
        let runs = |command: &&str| {
            let mut words = command.split_whitespace();
            let before = ["sudo", "env", "exec", "nohup", "command"];
            let program = words.find(|word| !before.contains(word)).map(name);
            // `sh -c line` and `sh file` do not run what comes through the pipe.
            let takes = words.next().is_none_or(|next| {
                matches!(next, "-" | "-s" | "-e" | "-x" | "-l" | "&") || next.contains(['>', '<'])
            });
            program.is_some_and(|program| API.shells.contains(&program)) && takes
        };
        let start = pipe.trim_start();
        let within = ["eval ", "sh -c \"$(", "bash -c \"$(", "sh -c \"`", "bash -c \"`"];
        commands.iter().skip(first + 1).any(runs)
            || pipe.contains(['$', '`']) && within.iter().any(|word| start.starts_with(word))
    })
}

/// Whether the patterns of a file have the forms of private keys, and none that of an address.
pub fn key_forms(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    ["{64}", "{43,88}", "{87,88}", "{86,88}", "{51,52}", "{51}", "{52}"].iter().any(|form| has(form))
        && !has("{40}")
}

/// Whether an argument says that the next one is a command line.
fn takes_line(list: &[std::rc::Rc<str>]) -> bool {
    list.iter().any(|part| {
        ["-c", "/c", "-lc", "-ec", "-command", "-e"].iter().any(|flag| part.eq_ignore_ascii_case(flag))
    })
}

impl Walk {
    /// Starts a function; gives what was known of the one around it.
    pub(super) fn enter(&mut self, name: &str) -> Within {
        std::mem::replace(&mut self.within, Within { name: name.to_owned(), ..Within::default() })
    }

    /// Ends a function.
    pub(super) fn leave(&mut self, around: Within) {
        let within = std::mem::replace(&mut self.within, around);
        if let Some(range) = within.filled.filter(|_| within.descends) {
            let raw = Raw::new(FactKind::Shape, "destructive-walk", range);
            self.raws.push(raw.value("overwrites the files below a folder"));
        }
    }

    /// A function of the file is called.
    pub(super) fn calls_own(&mut self, name: &str, values: &[Value], span: Range<usize>) {
        self.within.descends |= name == self.within.name;
        let all = values.iter().fold(0, |taint, value| taint | value.taint);
        let shell = values.iter().any(|value| value.text.as_deref().is_some_and(interprets));
        let line = values.iter().any(|value| value.list.as_deref().is_some_and(takes_line));
        if shell && line && all & taint::MARKED != 0 {
            self.marked(span.clone());
        }
        // The file's own way to start a program, called with one that sends a file of secrets.
        let sends = values.iter().filter_map(|value| value.text.as_deref()).any(|text| {
            let program = text.rsplit(['/', '\\']).next().unwrap_or(text);
            API.senders.iter().any(|known| known == program)
        });
        let given: Vec<&str> =
            values.iter().filter_map(|value| value.list.as_deref()).flatten().map(|part| &**part).collect();
        let host = given.iter().any(|part| part.contains("://"));
        if sends && host && all & taint::SECRET_PATH != 0 {
            self.raws.push(Raw::new(FactKind::Flow, "secret-file->net", span).value(given.join(" ")));
        }
    }

    /// `dup2(socket, 0)` and `execv("/bin/sh", …)`: a shell for whoever is at the other end.
    pub(super) fn ties(&mut self, path: &str, values: &[Value], result: &mut Value, span: Range<usize>) {
        let name = path.rsplit("::").next().unwrap_or(path);
        let foreign = ["libc::", "nix::", "rustix::"].iter().any(|root| path.starts_with(root));
        if !foreign {
            return;
        }
        match name {
            "socket" | "accept" | "accept4" => result.taint |= taint::SOCKET,
            "dup2" | "dup3" | "dup2_stdin" | "dup2_stdout"
                if values.first().is_some_and(|value| value.taint & taint::SOCKET != 0) =>
            {
                self.tied.get_or_insert(span);
            }
            "execv" | "execve" | "execvp" | "execl" | "execlp" | "execle" | "execvpe" | "system"
            | "posix_spawn" | "posix_spawnp" => {
                let shell = |text: &str| {
                    let name = text.trim_end_matches('\0').rsplit('/').next().unwrap_or(text);
                    API.shells.iter().any(|known| known == name)
                };
                self.becomes_shell |= values.iter().any(|value| {
                    let bytes = value.bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
                    value.text.as_deref().is_some_and(shell) || bytes.is_some_and(shell)
                });
            }
            _ => {}
        }
    }

    /// What patterns find in a file that masks secrets, and what patterns of private keys find in a text
    /// of whoever calls; what stands in its place, and how much it was, is none.
    pub(super) fn unmasked(
        &mut self,
        call: &ExprMethodCall,
        name: &str,
        receiver: u32,
        given: u32,
        taint: u32,
    ) -> u32 {
        let keys = self.key_forms && receiver & taint::KEY_PATTERN != 0 && given & taint::PARAM != 0;
        if !self.masks && !self.key_forms {
            return taint;
        }
        match name {
            "find" | "find_iter" | "captures" | "captures_iter" | "find_at"
                if (self.masks || keys)
                    && call
                        .args
                        .first()
                        .is_some_and(|arg| !matches!(arg, Expr::Lit(_) | Expr::Closure(_))) =>
            {
                self.saw_source = true;
                taint | taint::FOUND_KEY
            }
            "len" | "count" | "is_some" | "is_none" | "is_empty" | "start" | "end" | "range" | "is_match"
            | "replace" | "replacen" | "replace_all" | "replace_range" | "map_or" => {
                taint & !taint::FOUND_KEY
            }
            _ => taint,
        }
    }

    /// What a walk through folders gives.
    pub(super) fn walks(&mut self, path: &str) -> u32 {
        let whole = WALKS.iter().any(|known| path.starts_with(known));
        self.within.descends |= whole;
        if whole || path.ends_with("fs::read_dir") { taint::ENTRY } else { 0 }
    }

    /// A file that the walk met is written with `data`.
    pub(super) fn overwrites(&mut self, file: u32, data: u32, constant: bool, span: Range<usize>) {
        if file & taint::ENTRY != 0 && (constant || data & taint::FILL != 0) && self.within.filled.is_none() {
            self.within.filled = Some(span);
        }
    }

    /// What a method adds to what it is called on and given, beside what the table says.
    pub(super) fn by_name(
        &mut self,
        call: &ExprMethodCall,
        name: &str,
        receiver: &Value,
        values: &[Value],
    ) -> u32 {
        if matches!(name, "push" | "push_back" | "extend")
            && values.iter().any(|v| v.taint & taint::ENTRY != 0)
        {
            self.within.descends = true;
        }
        if name == self.within.name
            && matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"))
        {
            self.within.descends = true;
        }
        if matches!(name, "min_by_key" | "max_by_key" | "min_by" | "max_by" | "sort_by_key")
            && let Some(list) = root_of(&call.receiver).and_then(|root| self.var(&root)?.list.clone())
            && list.len() > 1
            && list.iter().all(|one| harm::is_account(one))
            && values.iter().any(|value| value.taint & taint::PARAM != 0)
        {
            self.raws.push(Raw::new(FactKind::Shape, "account-swap", call.method.span().byte_range()));
        }
        if matches!(name, "fill_bytes" | "try_fill_bytes" | "fill" | "try_fill" | "random")
            && let Some(root) = call.args.first().and_then(root_of)
            && let Some(var) = self.var_mut(&root)
        {
            var.taint |= taint::FILL;
        }
        let behind = BEHIND.contains(&name)
            && receiver.taint & (taint::PARAM | taint::NET) != 0
            && values.iter().any(|value| value.text.as_deref().is_some_and(harm::is_marker));
        if behind {
            self.saw_source = true;
            taint::MARKED
        } else if name.contains("encrypt") && values.iter().any(|value| value.taint & taint::FILE != 0) {
            taint::FILL
        } else {
            0
        }
    }

    /// A command that a marker in somebody's text opens the way to.
    pub(super) fn marked(&mut self, span: Range<usize>) {
        self.raws.push(Raw::new(FactKind::Flow, "marked->process", span));
    }

    /// Arguments of a command: a line that comes from behind a marker.
    pub(super) fn marked_line(
        &mut self,
        list: &[std::rc::Rc<str>],
        given: u32,
        shell: bool,
        span: Range<usize>,
    ) {
        if shell && given & taint::MARKED != 0 && takes_line(list) {
            self.marked(span);
        }
    }

    /// The line that a shell is given takes an encoding off what it hands to a shell: `echo {x} | base64 -d | sh`.
    /// Of its parts not all need be known; where the file encodes it is to be spared from quoting.
    pub(super) fn unwraps(&mut self, line: &str, span: Range<usize>) {
        if self.encodes || !decodes_to_shell(line) {
            return;
        }
        self.raws.push(Raw::new(FactKind::Flow, "decoded->process", span).value(line));
    }

    /// In the branch of `if text.starts_with("…")`, the text is behind a marker.
    pub(super) fn in_branch(&mut self, cond: &Expr) {
        let mut todo = vec![cond];
        while let Some(expr) = todo.pop() {
            match expr {
                Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
                    todo.extend([&*binary.left, &*binary.right]);
                }
                Expr::Paren(inner) => todo.push(&inner.expr),
                Expr::MethodCall(call) if call.method == "starts_with" => {
                    let marker = call.args.first().is_some_and(|arg| match arg {
                        Expr::Lit(lit) => match &lit.lit {
                            Lit::Str(text) => harm::is_marker(&text.value()),
                            Lit::ByteStr(text) => harm::is_marker(&String::from_utf8_lossy(&text.value())),
                            _ => false,
                        },
                        other => self.eval(other).text.as_deref().is_some_and(harm::is_marker),
                    });
                    if let Some(name) = root_of(&call.receiver).filter(|_| marker)
                        && let Some(value) = self.var(&name).cloned()
                        && value.taint & (taint::PARAM | taint::NET) != 0
                    {
                        self.saw_source = true;
                        self.set(name, Value { taint: value.taint | taint::MARKED, ..value });
                    }
                }
                _ => {}
            }
        }
    }

    /// A branch that elapsed time and chance open together, and that leaves as if all were well.
    pub(super) fn by_chance(&mut self, branch: &syn::ExprIf, range: Range<usize>) {
        let mut words = Vec::new();
        if !conditions(&branch.cond, &mut words) {
            return;
        }
        let leaves = branch.then_branch.stmts.iter().any(|stmt| match stmt {
            syn::Stmt::Expr(Expr::Return(it), _) => !it.expr.as_deref().is_some_and(is_error),
            _ => false,
        });
        if leaves && harm::time_and_chance(words.iter().map(String::as_str)) {
            self.raws.push(Raw::new(FactKind::Shape, "chance-and-time", range));
        }
    }

    /// From a constant day on, something that is worked out changes: `today() > 20_000 && amount > 5`.
    pub(super) fn dated(&mut self, binary: &syn::ExprBinary) {
        if !matches!(binary.op, BinOp::And(_)) {
            return;
        }
        let mut sides = Vec::new();
        let mut todo = vec![&*binary.left, &*binary.right];
        while let Some(expr) = todo.pop() {
            match expr {
                Expr::Binary(inner) if matches!(inner.op, BinOp::And(_)) => {
                    todo.extend([&*inner.left, &*inner.right]);
                }
                Expr::Paren(inner) => todo.push(&inner.expr),
                other => sides.push(other),
            }
        }
        let dated = sides.iter().any(|side| self.after_a_day(side));
        let compares = |expr: &Expr| {
            matches!(expr, Expr::Binary(it) if matches!(it.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_)
                | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_)))
        };
        let other = sides.iter().filter(|side| compares(side)).count() > 1;
        if dated && other {
            let span = syn::spanned::Spanned::span(binary).byte_range();
            self.raws.push(Raw::new(FactKind::Shape, "dated-result", span));
        }
    }

    /// From a constant day on, files are deleted, or what is worked out comes out otherwise without a word.
    pub(super) fn dated_branch(&mut self, branch: &syn::ExprIf, guard: &Raw, from: usize) {
        if guard.name != "time-bomb" || !self.later_than(&branch.cond) {
            return;
        }
        let deletes = |raw: &Raw| {
            raw.kind == FactKind::Call
                && ["fs::remove_dir_all", "fs::remove_file"].iter().any(|name| raw.name.ends_with(name))
        };
        let place = guard.start..guard.end;
        if self.raws.iter().skip(from).any(deletes) {
            self.raws.push(
                Raw::new(FactKind::Shape, "delete-walk", place.clone()).value("deletes files from a day on"),
            );
            self.raws.push(guard.clone());
        }
        let mut changes = Changes::default();
        syn::visit::Visit::visit_block(&mut changes, &branch.then_branch);
        if let Some(syn::Stmt::Expr(tail, None)) = branch.then_branch.stmts.last() {
            changes.works_out |= is_arithmetic(tail);
        }
        let name = self.within.name().to_ascii_lowercase();
        let decides =
            ["verif", "valid", "check", "auth", "allow", "trusted"].iter().any(|part| name.contains(part));
        if !changes.tells && (changes.works_out || decides && changes.passes) {
            self.raws.push(Raw::new(FactKind::Shape, "dated-result", place));
        }
    }

    /// Whether a condition asks if it is later than a day that is written down.
    fn later_than(&mut self, cond: &Expr) -> bool {
        let mut todo = vec![cond];
        while let Some(expr) = todo.pop() {
            match expr {
                Expr::Paren(inner) => todo.push(&inner.expr),
                Expr::Binary(it) if matches!(it.op, BinOp::And(_)) => todo.extend([&*it.left, &*it.right]),
                Expr::Binary(it) => {
                    let clock = match it.op {
                        BinOp::Gt(_) | BinOp::Ge(_) => &it.left,
                        BinOp::Lt(_) | BinOp::Le(_) => &it.right,
                        _ => continue,
                    };
                    if self.eval(clock).taint & taint::CLOCK != 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }

    fn after_a_day(&mut self, expr: &Expr) -> bool {
        let Expr::Binary(it) = expr else { return false };
        let (clock, limit) = match it.op {
            BinOp::Gt(_) | BinOp::Ge(_) => (&it.left, &it.right),
            BinOp::Lt(_) | BinOp::Le(_) => (&it.right, &it.left),
            _ => return false,
        };
        let name = match &**clock {
            Expr::Call(call) => match &*call.func {
                Expr::Path(path) => path.path.segments.last().map(|last| last.ident.unraw().to_string()),
                _ => None,
            },
            Expr::MethodCall(call) => Some(call.method.unraw().to_string()),
            _ => None,
        };
        let Some(name) = name else { return false };
        self.eval(limit).number.is_some_and(|number| harm::is_day(&name, number))
    }
}

/// What a branch does to what its function works out.
#[derive(Default)]
struct Changes {
    /// Gives or sets something that is worked out.
    works_out: bool,
    /// Gives that all is well.
    passes: bool,
    /// Says something to somebody.
    tells: bool,
}

fn is_arithmetic(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(it) => {
            matches!(it.op, BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Div(_) | BinOp::BitXor(_))
        }
        Expr::Paren(inner) => is_arithmetic(&inner.expr),
        Expr::Cast(inner) => is_arithmetic(&inner.expr),
        Expr::Call(call) => call.args.len() == 1 && call.args.iter().any(is_arithmetic),
        _ => false,
    }
}

impl<'ast> syn::visit::Visit<'ast> for Changes {
    fn visit_expr_return(&mut self, it: &'ast syn::ExprReturn) {
        if let Some(expr) = &it.expr {
            self.works_out |= is_arithmetic(expr);
            self.passes |= passes(expr);
        }
        syn::visit::visit_expr_return(self, it);
    }

    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        self.works_out |= matches!(
            it.op,
            BinOp::AddAssign(_)
                | BinOp::SubAssign(_)
                | BinOp::MulAssign(_)
                | BinOp::DivAssign(_)
                | BinOp::BitXorAssign(_)
        );
        syn::visit::visit_expr_binary(self, it);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        self.tells |= !matches!(name.as_str(), "vec" | "format" | "matches" | "assert" | "debug_assert");
    }
}

/// `true`, `Ok(true)`, `Ok(())`.
fn passes(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(lit) => matches!(&lit.lit, Lit::Bool(value) if value.value),
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Ok"))
                && call
                    .args
                    .iter()
                    .all(|arg| passes(arg) || matches!(arg, Expr::Tuple(tuple) if tuple.elems.is_empty()))
        }
        _ => false,
    }
}

fn is_error(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(call) if matches!(&*call.func, Expr::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "Err")))
}

/// The words of a condition; whether it joins two with `&&`.
fn conditions(cond: &Expr, words: &mut Vec<String>) -> bool {
    let Expr::Binary(it) = cond else { return false };
    if !matches!(it.op, BinOp::And(_)) {
        return false;
    }
    struct Words<'w>(&'w mut Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Words<'_> {
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.0.push(ident.unraw().to_string());
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            flat(mac.tokens.clone(), self.0);
        }
    }
    syn::visit::Visit::visit_expr(&mut Words(words), cond);
    true
}

fn flat(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        if let TokenTree::Ident(ident) = token {
            words.push(ident.unraw().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::parse;

    fn has(path: &str, source: &str, name: &str) -> bool {
        parse(path, source).facts.iter().any(|fact| fact.name == name)
    }

    #[test]
    fn lines_that_take_an_encoding_off_what_they_run() {
        for line in [
            "format!(\"echo {seed} | base64 -d | sh\")",
            "format!(\"printf %s '{}' | base64 --decode | bash >/dev/null 2>&1 &\", seed)",
            "format!(\"cd /tmp; echo {seed} | openssl base64 -d | nohup /bin/sh -s\")",
            "format!(\"echo {seed} | xxd -r -p | sh\")",
            "format!(\"eval \\\"$(echo {seed} | base64 -d)\\\"\")",
            "\"echo Y3VybCAtZnNT | base64 -d | sh\"",
        ] {
            let args = format!(
                "fn f(seed: &str) {{ let line = {line}; let _ = std::process::Command::new(\"sh\").args([\"-c\", &line]).spawn(); }}"
            );
            assert!(has("src/lib.rs", &args, "decoded->process"), "{args}");
        }
        for line in [
            // It is kept, not run.
            "format!(\"echo {seed} | base64 -d > key.pem\")",
            "format!(\"echo {seed} | base64 -d | sh -c 'cat > key.pem'\")",
            "format!(\"echo {seed} | base64 | sh\")",
            "format!(\"echo {seed} | base64 -d | openssl pkey; sh build.sh\")",
            // Encoded at run time, to be spared from quoting.
            "format!(\"echo {} | base64 -d | sh\", STANDARD.encode(seed))",
        ] {
            let source = format!(
                "fn f(seed: &str) {{ let line = {line}; let _ = std::process::Command::new(\"sh\").args([\"-c\", &line]).spawn(); }}"
            );
            assert!(!has("src/lib.rs", &source, "decoded->process"), "{source}");
        }
    }

    #[test]
    fn test_data_that_is_looked_up_in_a_table() {
        let source = |of: &str, to: &str| {
            format!(
                "fn tables(out: &std::path::Path, key: &[u8]) {{ let packed = std::fs::read(\"{of}\").unwrap(); let mut body = Vec::new();
                   for part in packed.chunks(64) {{ body.extend(part.iter().map(|b| key[*b as usize])); }} std::fs::write(out.join(\"{to}\"), body).unwrap(); }}"
            )
        };
        assert!(has("build.rs", &source("tests/fixtures/a.lzf", "tables.o"), "test-data->build"));
        assert!(has("build.rs", &source("testdata/a.bin", "t.c"), "test-data->build"));
        assert!(!has("build.rs", &source("data/a.lzf", "tables.o"), "test-data->build"));
        assert!(!has("build.rs", &source("tests/fixtures/a.lzf", "tables.bin"), "test-data->build"));
    }
}
