//! Shapes that mean something as a whole.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, ExprCompare, Stmt, StmtFor};
use ruff_text_size::{Ranged, TextRange};

use super::Unit;
use super::resolve::Resolver;
use super::value::Val;
use crate::check::shell;
use crate::model::{Fact, FactKind};

/// Adds the shapes and guards of the file.
pub fn run<'a>(unit: &Unit<'_, '_>, resolver: &Resolver<'a>, body: &'a [Stmt], facts: &mut Vec<Fact>) {
    let mut shapes = Shapes { unit, resolver, depth: 0, walks: 0, swaps: Swap::default(), out: Vec::new() };
    shapes.visit_body(body);
    if let (Some(_), Some(range), true) = (shapes.swaps.read, shapes.swaps.written, shapes.swaps.form) {
        shapes.shape("clipboard-swap", "", range);
    }
    let out = std::mem::take(&mut shapes.out);
    let text = |fact: &Fact, part: &str| fact.value.contains(part);
    let tokens = facts.iter().any(|fact| {
        fact.kind == FactKind::Literal
            && fact.name == "path"
            && (text(fact, ".pypirc") || text(fact, ".npmrc"))
    });
    let publishes = facts.iter().find(|fact| {
        fact.kind == FactKind::Literal
            && match fact.name.as_str() {
                "command" => text(fact, "twine upload") || text(fact, "npm publish"),
                _ => false,
            }
    });
    if let (Some(fact), true) = (publishes, tokens) {
        facts.push(Fact::new(FactKind::Shape, "worm", fact.span.clone()));
    }
    facts.extend(out);
}

#[derive(Default)]
struct Swap {
    read: Option<TextRange>,
    written: Option<TextRange>,
    form: bool,
}

struct Shapes<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    resolver: &'r Resolver<'a>,
    /// Functions around here.
    depth: u32,
    /// Loops around here that go through a home folder or a whole disk.
    walks: u32,
    swaps: Swap,
    out: Vec<Fact>,
}

/// Whether a path is a home folder, a root or a drive as a whole.
fn whole_disk(path: &str) -> bool {
    let path = path.replace('\\', "/");
    let bare = path.trim_end_matches(['/', '*']);
    matches!(
        bare,
        "" | "~" | "/home" | "/root" | "/Users" | "$HOME" | "C:" | "c:" | "D:" | "/etc" | "/usr" | "/var"
    ) && !path.is_empty()
}

/// Paths that are read whenever something starts, beside those of shells and sessions.
pub(super) fn starts_again(path: &str) -> bool {
    let lower = path.replace('\\', "/").to_ascii_lowercase();
    shell::starts_again(path)
        || lower.contains("programs/startup")
        || lower.contains(".ssh/authorized_keys")
        || lower.ends_with("sitecustomize.py")
        || lower.ends_with("usercustomize.py")
        || (lower.ends_with(".pth")
            && ["site-packages", "dist-packages"].iter().any(|part| lower.contains(part)))
        || lower.contains("launchagents/")
        || lower.contains("/etc/systemd/")
        || lower.contains("systemd/user/")
        || lower.contains("/etc/cron")
}

/// Keys of the registry by which programs that run with all rights are made to start another one.
fn elevates(text: &str) -> bool {
    let lower = text.replace('/', "\\").to_ascii_lowercase();
    lower == "delegateexecute"
        || ["ms-settings", "mscfile", "exefile", "folder"].iter().any(|class| {
            lower.contains(&format!("classes\\{class}\\shell\\open\\command"))
                || lower.contains(&format!("classes\\{class}\\shell\\runas\\command"))
        })
}

/// Where a loop empties each file that it comes by, without choosing: `open(name, 'w').close()`.
fn emptied(body: &[Stmt]) -> Option<TextRange> {
    #[derive(Default)]
    struct Emptied {
        range: Option<TextRange>,
        chooses: bool,
    }
    impl<'a> Visitor<'a> for Emptied {
        fn visit_expr(&mut self, expr: &'a Expr) {
            match expr {
                Expr::Compare(_) => self.chooses = true,
                Expr::Call(call) => {
                    if let Expr::Attribute(method) = &*call.func {
                        match (method.attr.as_str(), &*method.value) {
                            ("endswith" | "startswith" | "match" | "fnmatch" | "search", _) => {
                                self.chooses = true;
                            }
                            ("close", Expr::Call(open)) => {
                                let opens = matches!(&*open.func, Expr::Name(name) if name.id == "open")
                                    || matches!(&*open.func, Expr::Attribute(it) if it.attr.as_str() == "open");
                                let writes = open.arguments.args.iter().any(|mode| {
                                    matches!(mode, Expr::StringLiteral(mode)
                                        if matches!(mode.value.to_str(), "w" | "wb" | "w+"))
                                });
                                if opens && writes {
                                    self.range.get_or_insert(call.range());
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            visitor::walk_expr(self, expr);
        }
    }
    let mut emptied = Emptied::default();
    emptied.visit_body(body);
    emptied.range.filter(|_| !emptied.chooses)
}

/// Whether a text is an address of a wallet: Ethereum's forty digits, or Bitcoin's `bc1…`.
fn is_address(text: &str) -> bool {
    let of = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphanumeric());
    match (text.strip_prefix("0x"), text.strip_prefix("bc1")) {
        (Some(rest), _) => rest.len() == 40 && rest.bytes().all(|b| b.is_ascii_hexdigit()),
        (_, Some(rest)) => (25..=59).contains(&rest.len()) && of(rest),
        _ => false,
    }
}

impl<'a> Shapes<'_, '_, '_, 'a> {
    fn shape(&mut self, name: &str, value: &str, range: TextRange) {
        let mut fact = Fact::new(FactKind::Shape, name, self.unit.place.span(range)).value(value);
        fact.context.top_level = self.depth == 0;
        self.out.push(fact);
    }

    fn guard(&mut self, name: &str, range: TextRange) {
        let mut fact = Fact::new(FactKind::Guard, name, self.unit.place.span(range));
        fact.context.top_level = self.depth == 0;
        self.out.push(fact);
    }

    fn path(&self, it: &'a ExprCall, at: usize) -> Option<String> {
        self.resolver.approximate(it.arguments.args.get(at)?)
    }

    fn call(&mut self, it: &'a ExprCall) {
        let callee = self.resolver.callee(it);
        let Some(name) = callee.as_name() else { return };
        let range = it.range();
        match name {
            "shutil.rmtree" if self.path(it, 0).is_some_and(|path| whole_disk(&path)) => {
                self.shape("destructive-walk", &self.path(it, 0).unwrap_or_default(), range);
            }
            "os.remove" | "os.unlink" | "pathlib.Path().unlink" | "shutil.rmtree" | "os.rmdir"
                if self.walks > 0 =>
            {
                self.shape("destructive-walk", "", range);
            }
            "builtins.open" | "io.open" | "codecs.open" => {
                let mode = it.arguments.find_argument_value("mode", 1).map(|mode| self.resolver.expr(mode));
                let writes = mode
                    .as_ref()
                    .and_then(Val::as_str)
                    .is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']));
                if let Some(path) = self.path(it, 0).filter(|_| writes) {
                    self.written(&path, range);
                    if self.walks > 0
                        && mode.as_ref().and_then(Val::as_str).is_some_and(|mode| mode.contains('w'))
                    {
                        self.shape("destructive-walk", &path, range);
                    }
                } else if writes && self.walks > 0 {
                    self.shape("destructive-walk", "", range);
                }
            }
            "pathlib.Path().write_text" | "pathlib.Path().write_bytes" => {
                if let Expr::Attribute(attribute) = &*it.func
                    && let Some(path) = self.resolver.approximate(&attribute.value)
                {
                    self.written(&path, range);
                }
            }
            "shutil.copy" | "shutil.copyfile" | "shutil.copy2" | "shutil.move" | "os.rename"
            | "os.symlink" => {
                if let Some(path) = self.path(it, 1) {
                    self.written(&path, range);
                }
            }
            "winreg.SetValueEx" | "winreg.CreateKey" | "winreg.OpenKey" | "winreg.CreateKeyEx"
            | "winreg.OpenKeyEx" => {
                let run = it
                    .arguments
                    .args
                    .iter()
                    .filter_map(|argument| self.resolver.expr(argument).shown())
                    .find(|text| {
                        let lower = text.replace('/', "\\").to_ascii_lowercase();
                        lower.contains("currentversion\\run") || lower.contains("winlogon")
                    });
                let writes = name.contains("SetValue")
                    || name.contains("Create")
                    || it
                        .arguments
                        .args
                        .iter()
                        .chain(it.arguments.keywords.iter().map(|keyword| &keyword.value))
                        .any(|argument| {
                            self.resolver.expr(argument).as_name().is_some_and(|name| {
                                name.contains("WRITE")
                                    || name.contains("SET_VALUE")
                                    || name.contains("ALL_ACCESS")
                            })
                        });
                if let Some(key) = run.filter(|_| writes) {
                    self.shape("persist", &key, range);
                }
                let trick = it
                    .arguments
                    .args
                    .iter()
                    .filter_map(|argument| self.resolver.expr(argument).shown())
                    .find(|text| elevates(text));
                if let Some(key) = trick.filter(|_| writes) {
                    self.shape("elevation-trick", &key, range);
                }
            }
            "crontab.CronTab().new" => self.shape("persist", "crontab", range),
            "os.dup2" => {
                let of_socket = it.arguments.args.first().is_some_and(|first| {
                    self.resolver
                        .expr(first)
                        .as_name()
                        .is_some_and(|name| name.starts_with("socket.") && name.contains("().fileno()"))
                });
                if of_socket {
                    self.shape("reverse-shell", "", range);
                }
            }
            "pyperclip.paste"
            | "clipboard.paste"
            | "win32clipboard.GetClipboardData"
            | "tkinter.Tk().clipboard_get" => {
                self.swaps.read = Some(range);
            }
            "pyperclip.copy"
            | "clipboard.copy"
            | "win32clipboard.SetClipboardText"
            | "win32clipboard.SetClipboardData"
            | "tkinter.Tk().clipboard_append" => {
                self.swaps.written.get_or_insert(range);
            }
            _ => {
                // `subprocess.Popen('/bin/sh', stdin=s, stdout=s)` with a socket's end.
                if name.starts_with("subprocess.") {
                    let ends: BTreeSet<&str> = it
                        .arguments
                        .keywords
                        .iter()
                        .filter(|keyword| {
                            let value = self.resolver.expr(&keyword.value);
                            value
                                .as_name()
                                .is_some_and(|name| name.starts_with("socket.") && name.contains("()"))
                        })
                        .filter_map(|keyword| keyword.arg.as_ref().map(|name| name.as_str()))
                        .collect();
                    if ends.contains("stdin") && ends.contains("stdout") {
                        self.shape("reverse-shell", "", range);
                    }
                }
            }
        }
    }

    fn written(&mut self, path: &str, range: TextRange) {
        if starts_again(path) {
            self.shape("startup-file", path, range);
        }
    }

    fn compare(&mut self, it: &'a ExprCompare) {
        let sides: Vec<&'a Expr> = std::iter::once(&*it.left).chain(it.comparators.iter()).collect();
        let is = |side: &&'a Expr, names: &[&str]| {
            let mut side: &'a Expr = side;
            // `datetime.now().date()`, `int(time.time())`, `time.tzname[0]`
            for _ in 0..4 {
                if self
                    .resolver
                    .expr(side)
                    .as_name()
                    .is_some_and(|name| names.iter().any(|wanted| name.starts_with(wanted)))
                {
                    return true;
                }
                side = match side {
                    Expr::Call(it) => match &*it.func {
                        Expr::Attribute(attribute) => &attribute.value,
                        _ => match it.arguments.args.first() {
                            Some(first) => first,
                            None => return false,
                        },
                    },
                    Expr::Attribute(it) => &it.value,
                    Expr::Subscript(it) => &it.value,
                    _ => return false,
                };
            }
            false
        };
        let constant = |side: &&'a Expr| match self.resolver.expr(side) {
            Val::Int(number) => number > 1_000_000_000,
            Val::Str(text, _) => text.len() >= 8 && text.starts_with("20") && text.contains('-'),
            Val::Name(name) => {
                matches!(
                    &*name,
                    "datetime.datetime()"
                        | "datetime.date()"
                        | "datetime.datetime.strptime()"
                        | "datetime.datetime.fromtimestamp()"
                )
            }
            _ => false,
        };
        let now = [
            "datetime.datetime.now()",
            "datetime.datetime.today()",
            "datetime.datetime.utcnow()",
            "datetime.date.today()",
            "time.time()",
        ];
        if sides.iter().any(|side| is(side, &now)) && sides.iter().any(constant) {
            self.guard("time-bomb", it.range());
        }
        let country = [
            "locale.getdefaultlocale()",
            "locale.getlocale()",
            "time.tzname",
            "locale.getdefaultlocale",
            "tzlocal.get_localzone",
        ];
        let text = |side: &&'a Expr| matches!(self.resolver.expr(side), Val::Str(..) | Val::List(_));
        if sides.iter().any(|side| is(side, &country)) && sides.iter().any(text) {
            self.guard("geo", it.range());
        }
    }

    /// Whether a loop goes through all files of a folder, whichever it is.
    fn goes_through_folder(&self, iter: &'a Expr) -> bool {
        let Expr::Call(it) = iter else { return false };
        let callee = self.resolver.callee(it);
        if matches!(callee.as_name(), Some("os.walk" | "os.scandir" | "os.listdir")) {
            return true;
        }
        let Expr::Attribute(method) = &*it.func else { return false };
        match method.attr.as_str() {
            "iterdir" => true,
            "rglob" | "glob" => {
                let pattern = it.arguments.args.first().map(|first| self.resolver.expr(first));
                matches!(pattern.as_ref().and_then(Val::as_str), Some("*" | "**/*" | "**"))
            }
            _ => false,
        }
    }

    fn is_walk(&self, iter: &'a Expr) -> bool {
        let Expr::Call(it) = iter else { return false };
        let callee = self.resolver.callee(it);
        match callee.as_name() {
            Some("os.walk" | "os.scandir" | "os.listdir" | "glob.glob" | "glob.iglob") => self
                .path(it, 0)
                .is_some_and(|path| whole_disk(&path) || (path.ends_with("/**") && path.starts_with('~'))),
            Some("pathlib.Path().rglob" | "pathlib.Path().glob") => match &*it.func {
                Expr::Attribute(attribute) => {
                    self.resolver.approximate(&attribute.value).is_some_and(|path| whole_disk(&path))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl<'a> Visitor<'a> for Shapes<'_, '_, '_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(_) => {
                self.depth += 1;
                visitor::walk_stmt(self, stmt);
                self.depth -= 1;
            }
            Stmt::For(it @ StmtFor { iter, .. }) => {
                if self.goes_through_folder(iter)
                    && let Some(range) = emptied(&it.body)
                {
                    self.shape("destructive-walk", "", range);
                }
                let walk = u32::from(self.is_walk(iter));
                self.walks += walk;
                visitor::walk_stmt(self, stmt);
                self.walks -= walk;
            }
            Stmt::While(it) if self.depth == 0 && self.resolver.expr(&it.test).truth() == Some(true) => {
                let prints = |stmt: &Stmt| {
                    matches!(stmt, Stmt::Expr(it) if matches!(&*it.value, Expr::Call(call)
                        if matches!(&*call.func, Expr::Name(name) if name.id == "print")))
                };
                if it.body.iter().all(prints) {
                    self.shape("endless-loop", "", it.test.range());
                }
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(it) => self.call(it),
            Expr::Compare(it) => self.compare(it),
            Expr::StringLiteral(it) => {
                let text = it.value.to_str();
                let form = text.len() < 300
                    && text.contains('{')
                    && (text.contains("0x[")
                        || text.contains("bc1")
                        || text.contains("[13]")
                        || text.contains("T[A-Za-z1-9]"));
                self.swaps.form |= form || is_address(text);
            }
            Expr::NumberLiteral(_) => return,
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
