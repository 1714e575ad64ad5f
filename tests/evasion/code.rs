//! Changes of code: JavaScript, Python, Rust and shell.

use crate::text::{self, Language};
use crate::{Change, Files};

pub const CHANGES: &[(&str, Change)] = &[
    ("js-split-strings", |f, _| {
        strings(f, JS, |s| {
            let (a, b) = text::halves(s);
            format!("({a:?} + {b:?})")
        })
    }),
    ("js-char-codes", |f, _| strings(f, JS, |s| format!("String.fromCharCode({})", text::codes(s)))),
    ("js-base64-strings", |f, _| {
        strings(f, JS, |s| format!("Buffer.from('{}', 'base64').toString()", text::base64(s)))
    }),
    ("js-hex-strings", |f, _| {
        strings(f, JS, |s| format!("Buffer.from('{}', 'hex').toString('utf8')", hex::encode(s)))
    }),
    ("js-array-join", |f, _| {
        strings(f, JS, |s| {
            format!(
                "[{}].join('')",
                s.chars().map(|c| format!("{:?}", c.to_string())).collect::<Vec<_>>().join(",")
            )
        })
    }),
    ("js-reversed-strings", |f, _| {
        strings(f, JS, |s| format!("{:?}.split('').reverse().join('')", s.chars().rev().collect::<String>()))
    }),
    ("js-rename", |f, _| {
        each(f, JS, |_, s| text::rename(s, r"\b(?:const|let|var|function)\s+([A-Za-z_]\w*)"))
    }),
    ("js-comments", |f, _| each(f, JS, |_, s| Some(commented(s, "/* x */")))),
    ("js-wrap", |f, _| each(f, JS, |_, s| common(s).then(|| format!("(function () {{\n{s}\n}})();\n")))),
    ("js-alias-require", |f, _| {
        each(f, JS, |_, s| {
            (common(s) && s.contains("require("))
                .then(|| format!("const load = require;\n{}", s.replace("require(", "load(")))
        })
    }),
    ("js-bracket-calls", |f, _| each(f, JS, |_, s| brackets(s))),
    ("js-eval-layer", |f, _| {
        each(f, JS, |_, s| {
            common(s).then(|| format!("eval(Buffer.from('{}', 'base64').toString());\n", text::base64(s)))
        })
    }),
    ("js-function-layer", |f, _| {
        each(f, JS, |_, s| {
            common(s).then(|| format!("new Function('require', 'module', 'exports', 'process', Buffer.from('{}', 'hex').toString())(require, module, exports, process);\n", hex::encode(s)))
        })
    }),
    ("js-other-file", |f, _| {
        moved(
            f,
            JS,
            |s, stem| common(s).then(|| format!("module.exports = require('./{stem}.inner.js');\n")),
            "inner.js",
        )
    }),
    ("js-padding", |f, _| {
        each(f, JS, |_, s| {
            common(s).then(|| {
                format!(
                    "{}{s}",
                    (0..400)
                        .map(|n| format!("function pad{n}(a, b) {{ return a + b + {n}; }}\n"))
                        .collect::<String>()
                )
            })
        })
    }),
    ("js-blank-line-end", |f, _| {
        each(f, JS, |_, s| Some(s.replace('\n', &format!("{}\n", " ".repeat(300)))))
    }),
    ("py-split-strings", |f, _| {
        strings(f, PY, |s| {
            let (a, b) = text::halves(s);
            format!("({a:?} + {b:?})")
        })
    }),
    ("py-char-codes", |f, _| strings(f, PY, |s| format!("''.join(chr(c) for c in [{}])", text::codes(s)))),
    ("py-bytes", |f, _| strings(f, PY, |s| format!("bytes([{}]).decode()", text::codes(s)))),
    ("py-base64-strings", |f, _| {
        strings(f, PY, |s| format!("__import__('base64').b64decode('{}').decode()", text::base64(s)))
    }),
    ("py-hex-strings", |f, _| strings(f, PY, |s| format!("bytes.fromhex('{}').decode()", hex::encode(s)))),
    ("py-reversed-strings", |f, _| {
        strings(f, PY, |s| format!("{:?}[::-1]", s.chars().rev().collect::<String>()))
    }),
    ("py-rename", |f, _| {
        each(f, PY, |_, s| text::rename(s, r"(?m)^\s*(?:def\s+)?([a-z_]\w*)\s*(?:=[^=]|\()"))
    }),
    ("py-alias-imports", |f, _| {
        each(f, PY, |_, s| imports(s, |name| format!("import {name} as q_{name}"), true))
    }),
    ("py-dunder-import", |f, _| {
        each(f, PY, |_, s| imports(s, |name| format!("{name} = __import__({name:?})"), false))
    }),
    ("py-importlib", |f, _| {
        each(f, PY, |_, s| {
            imports(s, |name| format!("{name} = __import__('importlib').import_module({name:?})"), false)
        })
    }),
    ("py-getattr", |f, _| each(f, PY, |_, s| getattr(s))),
    ("py-exec-layer", |f, _| {
        each(f, PY, |_, s| Some(format!("import base64\nexec(base64.b64decode('{}'))\n", text::base64(s))))
    }),
    ("py-compile-layer", |f, _| {
        each(f, PY, |_, s| {
            Some(format!("exec(compile(bytes.fromhex('{}').decode(), 'x', 'exec'))\n", hex::encode(s)))
        })
    }),
    ("py-other-file", |f, _| {
        moved(f, PY, |_, stem| Some(format!("from {stem}_inner import *\n")), "_inner.py")
    }),
    ("py-wrap", |f, _| {
        each(f, PY, |_, s| {
            (!s.contains("\"\"\"")
                && !s.contains("'''")
                && !s.contains("__future__")
                && !s.contains("import *"))
            .then(|| {
                format!(
                    "def run():\n{}\n\nrun()\n",
                    s.lines().map(|line| format!("    {line}\n")).collect::<String>()
                )
            })
        })
    }),
    ("py-padding", |f, _| {
        each(f, PY, |_, s| {
            (!s.contains("__future__")).then(|| {
                format!(
                    "{}{s}",
                    (0..400)
                        .map(|n| format!("def pad{n}(a, b):\n    return a + b + {n}\n\n\n"))
                        .collect::<String>()
                )
            })
        })
    }),
    ("rust-concat", |f, _| {
        strings(f, RUST, |s| {
            let (a, b) = text::halves(s);
            format!("concat!({a:?}, {b:?})")
        })
    }),
    ("rust-bytes", |f, _| {
        strings(f, RUST, |s| format!("std::str::from_utf8(&[{}]).unwrap()", text::codes(s)))
    }),
    ("rust-rename", |f, _| each(f, RUST, |_, s| text::rename(s, r"\blet\s+(?:mut\s+)?([a-z_]\w*)"))),
    ("rust-comments", |f, _| each(f, RUST, |_, s| Some(commented(s, "/* x */")))),
    ("rust-alias", |f, _| {
        each(f, RUST, |_, s| {
            s.contains("use std::process::Command;").then(|| {
                s.replace("use std::process::Command;", "use std::process::Command as Quiet;")
                    .replace("Command::new", "Quiet::new")
            })
        })
    }),
    ("rust-include", |f, _| {
        moved(f, RUST, |_, stem| Some(format!("include!(\"{stem}_inner.rs\");\n")), "_inner.rs")
    }),
    ("sh-variables", |f, _| shell(f, |line| named(line, |name| format!("t={name}; $t")))),
    ("sh-quotes", |f, _| {
        shell(f, |line| {
            named(line, |name| {
                let (a, b) = text::halves(name);
                format!("{a}''{b}")
            })
        })
    }),
    ("sh-backslash", |f, _| {
        shell(f, |line| {
            named(line, |name| {
                let (a, b) = text::halves(name);
                format!("{a}\\{b}")
            })
        })
    }),
    ("sh-full-path", |f, _| shell(f, |line| named(line, |name| format!("/usr/bin/{name}")))),
    ("sh-command", |f, _| shell(f, |line| named(line, |name| format!("command {name}")))),
    ("sh-base64", |f, _| {
        shell(f, |line| {
            named(line, str::to_owned).map(|line| format!("echo {} | base64 -d | sh", text::base64(&line)))
        })
    }),
    ("sh-eval", |f, _| {
        shell(f, |line| {
            (!line.contains('\'')).then(|| named(line, str::to_owned).map(|line| format!("eval '{line}'")))?
        })
    }),
    ("sh-heredoc", |f, _| {
        shell(f, |line| named(line, str::to_owned).map(|line| format!("sh <<'END'\n{line}\nEND")))
    }),
    ("sh-function", |f, _| {
        shell(f, |line| named(line, str::to_owned).map(|line| format!("go() {{ {line}; }}; go")))
    }),
    ("sh-bash-c", |f, _| {
        shell(f, |line| {
            (!line.contains('\''))
                .then(|| named(line, str::to_owned).map(|line| format!("bash -c '{line}'")))?
        })
    }),
    ("sh-to-python", |f, _| {
        shell(f, |line| {
            (!line.contains('\'')).then(|| {
                named(line, str::to_owned).map(|line| format!("python3 -c 'import os; os.system({line:?})'"))
            })?
        })
    }),
];

const JS: (&[&str], Language) = (&[".js", ".cjs", ".mjs"], Language::Js);
const PY: (&[&str], Language) = (&[".py"], Language::Python);
const RUST: (&[&str], Language) = (&[".rs"], Language::Rust);

type Of = (&'static [&'static str], Language);

/// Each file of the language changed, those that cannot be left as they are.
fn each(files: &Files, of: Of, with: impl Fn(&str, &str) -> Option<String>) -> Option<Files> {
    let mut out = files.clone();
    let mut any = false;
    for (path, source) in &mut out {
        if of.0.iter().any(|ending| path.ends_with(ending))
            && let Some(changed) = with(path, source)
        {
            any |= changed != *source;
            *source = changed;
        }
    }
    any.then_some(out)
}

fn strings(files: &Files, of: Of, with: impl Fn(&str) -> String + Copy) -> Option<Files> {
    each(files, of, |_, source| text::each_string(source, of.1, with))
}

/// Each file's text in another one beside it, which the first loads.
fn moved(files: &Files, of: Of, load: impl Fn(&str, &str) -> Option<String>, ending: &str) -> Option<Files> {
    let mut out = files.clone();
    for (path, source) in files {
        let Some(end) = of.0.iter().find(|end| path.ends_with(**end)) else { continue };
        let stem = path.strip_suffix(end)?;
        let name = stem.rsplit('/').next().unwrap_or(stem);
        if name.contains('.') || name == "__init__" {
            continue;
        }
        if let Some(loader) = load(source, name) {
            let dot = if ending.starts_with('_') { "" } else { "." };
            out.insert(format!("{stem}{dot}{ending}"), source.clone());
            out.insert(path.clone(), loader);
        }
    }
    (out.len() > files.len()).then_some(out)
}

/// Whether a script is a CommonJS module.
fn common(source: &str) -> bool {
    !source
        .lines()
        .any(|line| line.starts_with("import ") || line.starts_with("export ") || line.starts_with("#!"))
        && !source.contains("await ")
}

/// A comment after every opening bracket that stands after a name, outside strings and lines with other slashes.
fn commented(source: &str, comment: &str) -> String {
    source
        .split_inclusive('\n')
        .map(|line| match line.contains(['\'', '"', '`', '/', '#']) {
            true => line.to_owned(),
            false => line.replace('(', &format!("({comment}")).replace(')', &format!("{comment})")),
        })
        .collect()
}

/// Calls of methods by a string.
fn brackets(source: &str) -> Option<String> {
    let call = regex::Regex::new(r"([\w)])\.([a-z]\w{3,})\(").expect("an expression");
    let lines = source.split_inclusive('\n').map(|line| match line.trim_start().starts_with("import") {
        true => line.to_owned(),
        false => call.replace_all(line, "$1['$2'](").into_owned(),
    });
    let out: String = lines.collect();
    // Within a string with the same quotes it would end it.
    (out != source && text::strings(&out, Language::Js).is_some()).then_some(out)
}

/// Every `import name` line written in another way; with `renamed`, uses get the other name.
fn imports(source: &str, with: impl Fn(&str) -> String, renamed: bool) -> Option<String> {
    let line = regex::Regex::new(r"(?m)^(\s*)import ([a-z_0-9]+(?:, [a-z_0-9]+)*)$").expect("an expression");
    let mut names = Vec::new();
    let mut out = line
        .replace_all(source, |found: &regex::Captures<'_>| {
            let indent = &found[1];
            let all: Vec<String> = found[2].split(", ").map(str::to_owned).collect();
            let lines =
                all.iter().map(|name| format!("{indent}{}", with(name))).collect::<Vec<_>>().join("\n");
            names.extend(all);
            lines
        })
        .into_owned();
    if renamed {
        for name in &names {
            let uses = regex::Regex::new(&format!(r"(^|[^\w.'/])({name})\.")).expect("an expression");
            out = uses.replace_all(&out, format!("${{1}}q_{name}.")).into_owned();
        }
    }
    (out != source).then_some(out)
}

fn getattr(source: &str) -> Option<String> {
    let call = regex::Regex::new(r"(?m)(^|[\s(=])([a-z]\w+)\.([a-z]\w+)\(").expect("an expression");
    let out: String = source
        .split_inclusive('\n')
        .map(|line| match line.contains("import ") {
            true => line.to_owned(),
            false => call.replace_all(line, "${1}getattr($2, \"$3\")(").into_owned(),
        })
        .collect();
    (out != source).then_some(out)
}

/// Programs of command lines that do harm.
const PROGRAMS: [&str; 6] = ["curl", "wget", "nc", "base64", "crontab", "scp"];

/// Command lines of scripts and of shell blocks in Markdown.
fn shell(files: &Files, with: impl Fn(&str) -> Option<String>) -> Option<Files> {
    let mut out = files.clone();
    for (path, source) in &mut out {
        let script = path.ends_with(".sh");
        if !script && !path.ends_with(".md") {
            continue;
        }
        let mut inside = script;
        let mut lines = Vec::new();
        for line in source.lines() {
            if !script && line.trim_start().starts_with("```") {
                inside = !inside
                    && ["sh", "bash", "shell", "console"]
                        .iter()
                        .any(|name| line.trim().trim_start_matches('`') == *name);
                lines.push(line.to_owned());
                continue;
            }
            let whole =
                !line.ends_with(['\\', '{', '|', '&', '(']) && !line.starts_with([' ', '#', '}', '|']);
            let changed = if inside && whole { with(line) } else { None };
            lines.push(changed.unwrap_or_else(|| line.to_owned()));
        }
        *source = lines.join("\n") + "\n";
    }
    (out != *files).then_some(out)
}

/// A line whose first word, after a pipe too, is one of the programs, that word written in another way.
fn named(line: &str, with: impl Fn(&str) -> String) -> Option<String> {
    let program = PROGRAMS.iter().find(|name| line.starts_with(&format!("{name} ")))?;
    Some(format!("{}{}", with(program), &line[program.len()..]))
}
