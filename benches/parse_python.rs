//! Python: ruff's parser alone, and the whole of bomvet's path from text to facts and flows, in MB/s
//! over the same synthetic source.

use bomvet::check::parse;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

fn main() {
    divan::main();
}

/// A module with `classes` classes as people write them: imports, methods, comprehensions, calls of
/// the library. Deterministic.
fn module(classes: usize) -> String {
    let mut out = String::from("import json, os, subprocess\nfrom urllib import request\n\n");
    for n in 0..classes {
        out.push_str(&format!(
            "class Client{n}(object):\n    \"\"\"Speaks to host {n}.\"\"\"\n\n    def __init__(self, root, options=None):\n        \
             self.root = root\n        self.options = options or {{}}\n        self.items = []\n\n    def add(self, name, \
             value={n}):\n        self.items.append({{'name': name, 'value': value, 'at': '{n}'}})\n        return self\n\n    \
             def load(self, name):\n        with open(os.path.join(self.root, name)) as file:\n            return \
             json.load(file)\n\n    def send(self):\n        body = json.dumps([item for item in self.items if \
             item['value'] > {n}]).encode()\n        return request.urlopen('https://host{n}.invalid/items', \
             data=body).read()\n\n    def run(self, *words):\n        return subprocess.run(['git', *words], \
             capture_output=True, check=True).stdout\n\n\n"
        ));
    }
    out
}

const SIZES: [usize; 3] = [50, 500, 5_000];

#[divan::bench(args = SIZES)]
fn ruff(bencher: Bencher<'_, '_>, classes: usize) {
    let text = module(classes);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let parsed = parse_unchecked(black_box(&text), ParseOptions::from(Mode::Module));
        assert!(parsed.errors().is_empty());
        parsed.tokens().len()
    });
}

#[divan::bench(args = SIZES)]
fn facts(bencher: Bencher<'_, '_>, classes: usize) {
    let text = module(classes);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let parsed = parse::file("client.py", black_box(text.as_bytes()));
        assert!(!parsed.facts.is_empty());
        parsed.facts.len()
    });
}
