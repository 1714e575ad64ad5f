//! Acts that mean something by what they touch: files that give rights or that agents read at every
//! start, recipients of mail, certificate checks, functions of others that make keys.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Unit;
use super::resolve::Resolver;
use super::scope::Def;
use super::shape::starts_again;
use crate::check::flow::far;
use crate::check::shell;
use crate::model::{Fact, FactKind};

/// How deep a value is searched for a constant.
const MAX_DEPTH: u8 = 6;

/// Written texts of one file that are read as programs.
const MAX_PROGRAMS: u8 = 32;
/// Longest text that is read as a program, in bytes.
const MAX_WRITTEN: usize = 16 << 10;

/// Elements of one value that are looked at.
const MAX_ELEMENTS: usize = 64;

/// Makers of private keys, of packages for wallets and signatures.
const KEY_MAKERS: &[&str] = &[
    "bip_utils.Bip39MnemonicGenerator",
    "bip_utils.Bip39SeedGenerator",
    "bit.Key",
    "bit.PrivateKey",
    "coincurve.PrivateKey",
    "ecdsa.SigningKey",
    "eth_account.Account",
    "eth_account.account.Account",
    "eth_keys.keys.PrivateKey",
    "hdwallet.HDWallet",
    "mnemonic.Mnemonic",
    "nacl.signing.SigningKey",
    "solana.keypair.Keypair",
    "solders.keypair.Keypair",
    "stellar_sdk.Keypair",
    "tronpy.keys.PrivateKey",
    "xrpl.wallet.Wallet",
];

/// Files in a home folder that agents read at every start.
const MEMORIES: &[&str] = &[
    "/.claude/claude.md",
    "/.codex/agents.md",
    "/.codeium/windsurf/memories/global_rules.md",
    "/.config/opencode/agents.md",
    "/.cursorrules",
    "/.gemini/gemini.md",
    "/.openclaw/workspace/agents.md",
    "/.openclaw/workspace/memory.md",
    "/.openclaw/workspace/soul.md",
];

/// Adds the acts of the file.
pub fn run<'a>(unit: &Unit<'_, '_>, resolver: &Resolver<'a>, body: &'a [Stmt], facts: &mut Vec<Fact>) {
    let mut acts = Acts {
        unit,
        resolver,
        depth: 0,
        startup: None,
        fetches: false,
        programs: 0,
        envelopes: false,
        joins: Vec::new(),
        out: Vec::new(),
    };
    acts.visit_body(body);
    if acts.envelopes {
        for (address, range) in std::mem::take(&mut acts.joins) {
            acts.shape("fixed-bcc", address, range);
        }
    }
    if let (Some(range), true) = (acts.startup, acts.fetches) {
        acts.shape("startup-fetch", String::new(), range);
    }
    let out = std::mem::take(&mut acts.out);
    drop(acts);
    facts.extend(fetched_program(resolver, facts));
    facts.extend(out);
}

/// A program that one command of a file fetches and another starts; nothing where the file makes
/// digests, as an installer does that checks what it fetched.
fn fetched_program(resolver: &Resolver<'_>, facts: &[Fact]) -> Option<Fact> {
    let commands: Vec<&Fact> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Literal && fact.name == "command" && !fact.value.contains('\n'))
        .take(MAX_ELEMENTS)
        .collect();
    let checks = resolver.scopes.imports.iter().any(|import| import.module == "hashlib")
        || commands
            .iter()
            .any(|fact| ["sha256", "shasum", "gpg"].iter().any(|part| fact.value.contains(part)));
    if checks || commands.len() < 2 || !commands.iter().any(|fact| fact.value.contains("://")) {
        return None;
    }
    let runs = |line: &str, fact: &Fact| {
        shell::facts(line, &fact.span).iter().any(|fact| fact.name == "download-and-run")
    };
    let mut script = String::new();
    for (at, fact) in commands.iter().enumerate() {
        if runs(&fact.value, fact) {
            return None;
        }
        // What is not known is never the same twice.
        script.push_str(&fact.value.replace('?', &format!("unknown{at}")));
        script.push_str(" ; ");
        if script.contains("://") && runs(&script, fact) {
            return Some(
                Fact::new(FactKind::Shape, "fetched-program", fact.span.clone()).value(&*fact.value),
            );
        }
    }
    None
}

struct Acts<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    resolver: &'r Resolver<'a>,
    /// Functions, and blocks that run for a program only, around here.
    depth: u32,
    startup: Option<TextRange>,
    /// Whether a line that fetches and runs is written somewhere.
    fetches: bool,
    /// Written texts that were read as programs.
    programs: u8,
    /// Whether mail is sent to recipients that are told beside the message's headers.
    envelopes: bool,
    /// Constant addresses that join recipients which are not.
    joins: Vec<(String, TextRange)>,
    out: Vec<Fact>,
}

/// Whether a text is one address of mail, those of documentation left out (RFC 2606).
fn is_mail(text: &str) -> bool {
    let Some((user, host)) = text.trim().rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b))
    };
    let sample = ["example.com", "example.org", "example.net"];
    text.len() < 255
        && plain(user)
        && plain(host)
        && host.contains('.')
        && !sample.iter().any(|name| host.ends_with(name))
}

/// Whether a function encodes in base64 or its like.
fn is_base64(name: &str) -> bool {
    matches!(
        name,
        "base64.b64encode"
            | "base64.urlsafe_b64encode"
            | "base64.standard_b64encode"
            | "base64.b32encode"
            | "base64.b85encode"
    )
}

impl<'a> Acts<'_, '_, '_, 'a> {
    fn shape(&mut self, name: &str, value: String, range: TextRange) {
        let mut fact = Fact::new(FactKind::Shape, name, self.unit.place.span(range)).value(value);
        fact.context.top_level = self.depth == 0;
        self.out.push(fact);
    }

    fn name(&self, expr: &'a Expr) -> Option<String> {
        self.resolver.expr(expr).as_name().map(str::to_owned)
    }

    fn text(&self, expr: &'a Expr) -> Option<String> {
        self.resolver.expr(expr).as_str().map(str::to_owned)
    }

    /// A constant address within a value.
    fn address(&self, value: &'a Expr, depth: u8) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let one = |value: &'a Expr| self.address(value, depth + 1);
        match value {
            Expr::List(it) => it.elts.iter().take(MAX_ELEMENTS).find_map(one),
            Expr::Tuple(it) => it.elts.iter().take(MAX_ELEMENTS).find_map(one),
            Expr::Call(it) => it.arguments.args.iter().take(MAX_ELEMENTS).find_map(one),
            Expr::BinOp(it) => one(&it.left).or_else(|| one(&it.right)),
            Expr::BoolOp(it) => it.values.iter().take(MAX_ELEMENTS).find_map(one),
            Expr::If(it) => one(&it.body).or_else(|| one(&it.orelse)),
            value => self.text(value).and_then(|text| {
                text.split([',', ';', ' ', '<', '>']).find(|part| is_mail(part)).map(str::to_owned)
            }),
        }
    }

    /// Whether a value makes contexts that check no certificate.
    fn unchecked(&self, value: &'a Expr) -> bool {
        if self.name(value).as_deref() == Some("ssl._create_unverified_context") {
            return true;
        }
        let Expr::Name(name) = value else { return false };
        let scopes = &self.resolver.scopes;
        let defs =
            scopes.symbol(name).and_then(|symbol| scopes.symbols.get(symbol)).map(|symbol| &symbol.defs);
        defs.into_iter().flatten().any(|place| match place.def {
            Def::Func(function) => {
                let body = scopes.funcs.get(function).map(|func| func.body).unwrap_or_default();
                body.iter().take(MAX_ELEMENTS).any(|statement| match statement {
                    Stmt::Assign(it) => {
                        matches!(it.targets.as_slice(), [Expr::Attribute(mode)] if mode.attr.as_str() == "verify_mode")
                            && self.name(&it.value).as_deref() == Some("ssl.CERT_NONE")
                    }
                    Stmt::Return(it) => it.value.as_deref().is_some_and(|value| {
                        matches!(value, Expr::Call(call) if self.name(&call.func).as_deref() == Some("ssl._create_unverified_context"))
                    }),
                    _ => false,
                })
            }
            _ => false,
        })
    }

    /// A header of a mail is set.
    fn header(&mut self, name: &str, value: &'a Expr, range: TextRange) {
        if name.eq_ignore_ascii_case("bcc")
            && let Some(address) = self.address(value, 0)
        {
            self.shape("fixed-bcc", address, range);
        }
    }

    /// The constant address in a list, where that is all the list holds.
    fn listed(&self, list: &'a Expr) -> Option<String> {
        let [only] = super::scope::literal_elements(list)? else { return None };
        self.text(only).filter(|text| is_mail(text))
    }

    /// Whether a value is made at run time from others: the recipients of a message.
    fn is_made(&self, value: &'a Expr) -> bool {
        if self.resolver.expr(value).truth().is_some() {
            return false;
        }
        match value {
            Expr::Name(name) => {
                let scopes = &self.resolver.scopes;
                let symbol = scopes.symbol(name).and_then(|symbol| scopes.symbols.get(symbol));
                symbol.is_some_and(|symbol| {
                    symbol.defs.iter().any(|place| {
                        matches!(place.def, Def::Param(..))
                            || matches!(place.def, Def::Value(value) if !value.is_name_expr() && self.is_made(value))
                    })
                })
            }
            value => {
                value.is_call_expr()
                    || value.is_list_comp_expr()
                    || value.is_set_comp_expr()
                    || value.is_attribute_expr()
            }
        }
    }

    /// `made + ['own@host']`, `[*made, 'own@host']`.
    fn joined(&mut self, value: &'a Expr) {
        let address = match value {
            Expr::BinOp(it) if it.op == Operator::Add => {
                let sides = [(&*it.left, &*it.right), (&*it.right, &*it.left)];
                sides.into_iter().find_map(|(made, list)| self.listed(list).filter(|_| self.is_made(made)))
            }
            _ => {
                let elements = super::scope::literal_elements(value).unwrap_or(&[]);
                let made = elements
                    .iter()
                    .any(|element| matches!(element, Expr::Starred(it) if self.is_made(&it.value)));
                let constant = |element: &'a Expr| self.text(element).filter(|text| is_mail(text));
                made.then(|| elements.iter().take(MAX_ELEMENTS).find_map(constant)).flatten()
            }
        };
        if let Some(address) = address {
            self.joins.push((address, value.range()));
        }
    }

    fn opened_to_write(&mut self, path: &str, range: TextRange) {
        let lower = path.replace('\\', "/").to_ascii_lowercase();
        // Where the folder is not known, only what is written tells.
        if starts_again(path) || lower.ends_with(".pth") {
            self.startup = Some(range);
        }
        if lower == "/etc/sudoers" || lower.starts_with("/etc/sudoers.d/") {
            self.shape("sudoers", path.to_owned(), range);
        }
        if lower.starts_with('~') && MEMORIES.iter().any(|end| lower.ends_with(end)) {
            self.shape("agent-memory", path.to_owned(), range);
        }
    }

    /// Whether a text that is written somewhere is a command line or a program of Python's that runs
    /// what it fetches.
    fn fetches_and_runs(&mut self, text: &str, range: TextRange) -> bool {
        let bad = ["pipe-to-shell", "download-and-run", "reverse-shell"];
        let span = self.unit.place.span(range);
        if shell::facts(text.trim(), &span).iter().any(|fact| bad.contains(&fact.name.as_str())) {
            return true;
        }
        // What is not known is some name.
        let code = text.replace('?', "_");
        // A program that is written by one that is written is left.
        let likely = !matches!(self.unit.place, super::Place::Code(_))
            && self.programs < MAX_PROGRAMS
            && text.len() < MAX_WRITTEN
            && code.contains("import ")
            && ["exec", "eval", "system", "subprocess", "Popen"].iter().any(|word| code.contains(word));
        self.programs += u8::from(likely);
        likely && {
            let runs = [
                "net->dynamic-code",
                "net->process",
                "net->deserialize",
                "net->require",
                "fetched-file->process",
                "decoded->dynamic-code",
            ];
            let facts = super::written(self.unit.path, &code, &span);
            facts.iter().any(|fact| {
                fact.kind == FactKind::Flow && runs.contains(&fact.name.as_str())
                    || bad.contains(&fact.name.as_str())
            })
        }
    }

    fn writes(&self, it: &'a ExprCall, at: usize) -> bool {
        it.arguments
            .find_argument_value("mode", at)
            .and_then(|mode| self.text(mode))
            .is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']))
    }

    /// All that the process asks for goes through a machine that is written down.
    fn proxied(&mut self, key: &'a Expr, value: &'a Expr, range: TextRange) {
        let names = ["https_proxy", "http_proxy", "all_proxy"];
        let key = self.resolver.approximate(key).unwrap_or_default().to_ascii_lowercase();
        if names.contains(&key.as_str())
            && let Some(address) = self.text(value)
            && far(&address.replace("socks5h://", "http://").replace("socks5://", "http://"))
        {
            self.shape("foreign-proxy", address, range);
        }
    }

    fn call(&mut self, it: &'a ExprCall) {
        let range = it.range();
        let callee = self.resolver.callee(it);
        let name = callee.as_name().unwrap_or("").to_owned();
        let first = it.arguments.args.first();
        if matches!(name.as_str(), "os.environ.setdefault" | "os.putenv")
            && let [key, value, ..] = &*it.arguments.args
        {
            self.proxied(key, value, range);
        }
        if name == "os.environ.update" {
            if let Some(Expr::Dict(dict)) = first {
                for item in dict.items.iter().take(MAX_ELEMENTS) {
                    if let Some(key) = &item.key {
                        self.proxied(key, &item.value, range);
                    }
                }
            }
            for keyword in it.arguments.keywords.iter().take(MAX_ELEMENTS) {
                let proxy =
                    keyword.arg.as_ref().is_some_and(|name| name.to_ascii_lowercase().ends_with("_proxy"));
                if proxy && let Some(address) = self.text(&keyword.value).filter(|text| far(text)) {
                    self.shape("foreign-proxy", address, range);
                }
            }
        }
        if let Expr::Attribute(method) = &*it.func {
            self.envelopes |= match method.attr.as_str() {
                "sendmail" => it.arguments.args.len() + it.arguments.keywords.len() > 2,
                "send_message" | "send" => it.arguments.find_keyword("to_addrs").is_some(),
                _ => false,
            };
            let address = match (method.attr.as_str(), first) {
                ("append" | "add", Some(one)) => self.text(one).filter(|text| is_mail(text)),
                ("extend" | "update", Some(list)) => self.listed(list),
                _ => None,
            };
            if let Some(address) = address.filter(|_| self.is_made(&method.value)) {
                self.joins.push((address, range));
            }
        }
        // What is encoded twice gets past whoever looks for what the first encoding makes of it.
        if is_base64(&name)
            && let Some(one @ Expr::Call(inner)) = first
            && let inner = match &*inner.func {
                // `b64encode(b64encode(x).decode().encode())`
                Expr::Attribute(method) if matches!(method.attr.as_str(), "encode" | "decode") => {
                    &*method.value
                }
                _ => one,
            }
            && let Expr::Call(inner) = inner
            && let Some(what) = inner.arguments.args.first()
            && self.resolver.callee(inner).as_name().is_some_and(is_base64)
            && self.resolver.expr(what).truth().is_none()
        {
            self.shape("encoded-twice", String::new(), range);
        }
        for keyword in it.arguments.keywords.iter().take(MAX_ELEMENTS) {
            if let Some(name) = &keyword.arg {
                self.header(name.as_str(), &keyword.value, range);
            }
        }
        if matches!(name.as_str(), "builtins.open" | "io.open" | "codecs.open") && self.writes(it, 1) {
            if let Some(path) = first.and_then(|first| self.resolver.approximate(first)) {
                self.opened_to_write(&path, range);
            }
        } else if let Expr::Attribute(attribute) = &*it.func {
            let method = attribute.attr.as_str();
            let writes = match method {
                "open" => self.writes(it, 0),
                "write_text" | "write_bytes" => true,
                _ => false,
            };
            if writes && let Some(path) = self.resolver.approximate(&attribute.value) {
                self.opened_to_write(&path, range);
            }
            if matches!(method, "write" | "write_text" | "write_bytes" | "writelines")
                && let Some(text) = first.and_then(|first| self.resolver.approximate(first))
            {
                self.fetches = self.fetches || self.fetches_and_runs(&text, range);
            }
            if method == "add_header"
                && let (Some(header), Some(value)) =
                    (first.and_then(|first| self.text(first)), it.arguments.args.get(1))
            {
                self.header(&header, value, range);
            }
        }
        if name == "builtins.setattr"
            && let [module, member, value] = &*it.arguments.args
            && self.name(module).as_deref() == Some("ssl")
            && self.text(member).is_some_and(|member| {
                member.ends_with("create_default_context") || member == "_create_default_https_context"
            })
            && self.unchecked(value)
        {
            self.shape("tls-checks-off", "ssl._create_default_https_context".to_owned(), range);
        }
        // `setattr(Account, 'create', …)`, or a helper that is given the class, a name and what to put there.
        let patches =
            name == "builtins.setattr" || (!name.starts_with("builtins.") && it.arguments.args.len() == 3);
        if patches
            && let Some(maker) = first.and_then(|first| self.name(first))
            && KEY_MAKERS.contains(&maker.as_str())
        {
            self.shape("key-maker-wrapped", maker, range);
        }
    }

    fn assigned(&mut self, target: &'a Expr, value: &'a Expr, range: TextRange) {
        match target {
            Expr::Subscript(it) => {
                if self.name(&it.value).as_deref() == Some("os.environ") {
                    self.proxied(&it.slice, value, range);
                }
                let Some(key) = self.text(&it.slice) else { return };
                self.header(&key, value, range);
                let off = matches!(
                    (key.as_str(), self.text(value).as_deref()),
                    ("PYTHONHTTPSVERIFY" | "NODE_TLS_REJECT_UNAUTHORIZED", Some("0"))
                        | ("GIT_SSL_NO_VERIFY", Some("1" | "true"))
                );
                if off && self.name(&it.value).as_deref() == Some("os.environ") {
                    self.shape("tls-checks-off", key, range);
                }
            }
            Expr::Attribute(it) => {
                let Some(owner) = self.name(&it.value) else { return };
                let default =
                    matches!(it.attr.as_str(), "_create_default_https_context" | "create_default_context");
                if owner == "ssl" && default && self.unchecked(value) {
                    self.shape("tls-checks-off", "ssl._create_default_https_context".to_owned(), range);
                }
                if KEY_MAKERS.contains(&owner.as_str()) {
                    self.shape("key-maker-wrapped", owner, range);
                }
            }
            _ => {}
        }
    }
}

/// Whether a block runs only where the file is started as a program.
fn for_program(test: &Expr) -> bool {
    match test {
        Expr::Compare(it) => matches!(&*it.left, Expr::Name(name) if name.id == "__name__"),
        _ => false,
    }
}

impl<'a> Visitor<'a> for Acts<'_, '_, '_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let asleep = match stmt {
            Stmt::FunctionDef(_) => true,
            Stmt::If(it) => for_program(&it.test),
            _ => false,
        };
        if let Stmt::Assign(it) = stmt {
            for target in it.targets.iter().take(MAX_ELEMENTS) {
                self.assigned(target, &it.value, it.range());
            }
        }
        if let Stmt::AugAssign(it) = stmt
            && let Some(address) = self.listed(&it.value)
            && self.is_made(&it.target)
        {
            self.joins.push((address, it.range()));
        }
        self.depth += u32::from(asleep);
        visitor::walk_stmt(self, stmt);
        self.depth -= u32::from(asleep);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(it) => self.call(it),
            Expr::BinOp(_) | Expr::List(_) | Expr::Set(_) | Expr::Tuple(_) => self.joined(expr),
            Expr::Dict(it) => {
                for item in it.items.iter().take(MAX_ELEMENTS) {
                    if let Some(Expr::StringLiteral(key)) = &item.key {
                        self.header(key.value.to_str(), &item.value, item.value.range());
                    }
                }
            }
            Expr::NumberLiteral(_) => return,
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_mail("a.b@mail.invalid"));
        assert!(!is_mail("me@example.org"));
        assert!(!is_mail("@decorator.name"));
        assert!(!is_mail("{user}@mail.invalid"));
        assert!(!is_mail("git@host"));
    }
}
