//! Shell: what the commands of a script are, and the whole path from text to facts, in MB/s over the
//! same synthetic source.

use bomvet::check::parse;
use bomvet::shell;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A script of `parts` functions as people write them: tests, loops, pipelines, here-documents.
/// Deterministic.
fn script(parts: usize) -> String {
    let mut out = String::from("#!/bin/bash\nset -euo pipefail\nROOT=$(cd \"$(dirname \"$0\")\" && pwd)\n");
    for n in 0..parts {
        out.push_str(&format!(
            "build_{n}() {{\n  local dir=\"$ROOT/out/{n}\" name=${{1:-part{n}}}\n  mkdir -p \"$dir\"\n  \
             if [ -f \"$dir/list\" ]; then\n    while read -r line; do\n      echo \"$line\" | sed 's/a/b/' \
             >> \"$dir/all\"\n    done < \"$dir/list\"\n  else\n    curl -fsSL \"https://host{n}.invalid/$name.json\" \
             -o \"$dir/$name.json\"\n  fi\n  case \"$name\" in\n    part*) jq -r '.items[].id' \"$dir/$name.json\" | sort \
             -u ;;\n    *) echo none >&2 ;;\n  esac\n  cat > \"$dir/conf\" <<EOF\nname=$name\nnumber={n}\nEOF\n}}\n\
             build_{n} \"part{n}\"\n"
        ));
    }
    out
}

const SIZES: [usize; 3] = [10, 100, 1_000];

#[divan::bench(args = SIZES)]
fn commands(bencher: Bencher<'_, '_>, parts: usize) {
    let text = script(parts);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let found = shell::analyse(black_box(&text));
        assert!(found.errors.is_empty());
        found.invocations.len()
    });
}

#[divan::bench(args = SIZES)]
fn facts(bencher: Bencher<'_, '_>, parts: usize) {
    let text = script(parts);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let parsed = parse::file("build.sh", black_box(text.as_bytes()));
        assert!(!parsed.facts.is_empty());
        parsed.facts.len()
    });
}
