//! JavaScript: oxc's parser alone, and the whole of bomvet's path from text to facts, in MB/s over
//! the same synthetic source.

use bomvet::check::parse;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

fn main() {
    divan::main();
}

/// A bundle of `modules` modules as a bundler writes them: imports, classes, closures, calls of
/// built-in modules. Deterministic.
fn bundle(modules: usize) -> String {
    let mut out =
        String::from("const fs = require('fs'), https = require('https'), path = require('path');\n");
    for n in 0..modules {
        let before = n.saturating_sub(1);
        out.push_str(&format!(
            "const m{n} = (function (exports) {{\n  class C{n} {{\n    constructor(options) {{ this.options = options; \
             this.items = []; }}\n    add(name, value) {{ this.items.push({{ name, value, at: '{n}' }}); return this; }}\n    \
             load(file) {{ return JSON.parse(fs.readFileSync(path.join(this.options.root, file), 'utf8')); }}\n    \
             send(done) {{ const r = https.request({{ host: 'host{n}.invalid', path: '/' + this.items.length }}, done); \
             r.end(JSON.stringify(this.items)); }}\n  }}\n  exports.make = (o) => new C{n}(o).add('k{n}', o.v ?? {n});\n  \
             return exports;\n}})({{ before: typeof m{before} === 'undefined' ? null : 'm{before}' }});\n"
        ));
    }
    out
}

const SIZES: [usize; 3] = [50, 500, 5_000];

#[divan::bench(args = SIZES)]
fn oxc(bencher: Bencher<'_, '_>, modules: usize) {
    let text = bundle(modules);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, black_box(&text), SourceType::cjs()).parse();
        assert!(!parsed.panicked);
        parsed.program.body.len()
    });
}

#[divan::bench(args = SIZES)]
fn facts(bencher: Bencher<'_, '_>, modules: usize) {
    let text = bundle(modules);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let parsed = parse::file("bundle.js", black_box(text.as_bytes()));
        assert!(!parsed.facts.is_empty());
        parsed.facts.len()
    });
}
