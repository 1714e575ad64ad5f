//! The JavaScript parser against hostile input: nothing may overflow the stack or panic.

use bomvet::check::parse::js::parse;
use bomvet::model::Treatment;
use proptest::prelude::*;

/// The stack of a parsing thread.
const STACK: usize = 256 << 20;

fn on_a_parsing_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK).spawn(work).expect("starts").join().expect("does not panic")
}

fn around(open: &str, middle: &str, close: &str, times: usize) -> String {
    format!("{}{middle}{}", open.repeat(times), close.repeat(times))
}

/// Every construct that nests or chains, `n` deep.
fn constructs(n: usize) -> Vec<(&'static str, String)> {
    vec![
        ("a.js", around("(", "1", ")", n)),
        ("a.js", around("[", "1", "]", n)),
        ("a.js", around("x={a:", "1", "}", n)),
        ("a.js", around("{", ";", "}", n)),
        ("a.js", around("function f(){", "", "}", n)),
        ("a.js", around("(function(){", "", "})()", n)),
        ("a.js", around("class A{static{", "", "}}", n)),
        ("a.js", around("if(a){", "", "}", n)),
        ("a.js", around("try{", "", "}catch{}", n)),
        ("a.js", around("f(", "", ")", n)),
        ("a.js", around("`${", "1", "}`", n)),
        ("a.js", around("a[", "1", "]", n)),
        ("a.js", around("switch(a){case 1:", "", "}", n)),
        ("a.js", format!("x={}1", "!".repeat(n))),
        ("a.js", format!("x={}1", "- ".repeat(n))),
        ("a.js", format!("x={}1", "typeof ".repeat(n))),
        ("a.js", format!("x={}a", "new ".repeat(n))),
        ("a.js", format!("x={}1", "await ".repeat(n))),
        ("a.js", format!("x={}1", "a?b:".repeat(n))),
        ("a.js", format!("x={}1{}", "a?".repeat(n), ":b".repeat(n))),
        ("a.js", format!("x={}1", "a=>".repeat(n))),
        ("a.js", format!("{}1", "x=".repeat(n))),
        ("a.js", format!("x={}a", "a+".repeat(n))),
        ("a.js", format!("x={}a", "a+\n".repeat(n))),
        ("a.js", format!("x={}a", "'a'+".repeat(n))),
        ("a.js", format!("x={}a", "a**".repeat(n))),
        ("a.js", format!("x={}a", "a&&".repeat(n))),
        ("a.js", format!("x={}a", "a??".repeat(n))),
        ("a.js", format!("x=function(){{}}{}", "+function(){}".repeat(n))),
        ("a.js", format!("a{}", ".b".repeat(n))),
        ("a.js", format!("a{}", "?.b".repeat(n))),
        ("a.js", format!("a{}", "()".repeat(n))),
        ("a.js", format!("a{}", "[0]".repeat(n))),
        ("a.js", format!("a{}", "``".repeat(n))),
        ("a.js", format!("a{}", ".b(c)\n".repeat(n))),
        ("a.js", format!("{}b", "if(a)b;else ".repeat(n))),
        ("a.js", format!("{}{{}}", "if(a){}else ".repeat(n))),
        ("a.js", format!("{};", "if(a)".repeat(n))),
        ("a.js", format!("{};", "for(;;)".repeat(n))),
        ("a.js", format!("{};", "for(;;)\n".repeat(n))),
        ("a.js", format!("{};", "while(1)".repeat(n))),
        ("a.js", format!("{};{}", "do ".repeat(n), " while(1)".repeat(n))),
        ("a.js", format!("{};", (0..n).map(|i| format!("l{i}:")).collect::<String>())),
        ("a.js", format!("let {}a{}=1", "[".repeat(n), "]".repeat(n))),
        ("a.js", format!("({}a{}=>1)", "({b:".repeat(n), "})".repeat(n))),
        ("a.jsx", around("<a>", "", "</a>", n)),
        ("a.jsx", around("<a>x;y ", "", "</a>", n)),
        ("a.jsx", around("<a b={", "1", "}/>", n)),
        ("a.ts", format!("type A={}1{}", "B<".repeat(n), ">".repeat(n))),
        ("a.ts", format!("type A={}1{}", "B<0,".repeat(n), ">".repeat(n))),
        ("a.ts", format!("type A={}1", "keyof ".repeat(n))),
        ("a.ts", format!("type A=a{}", "[]".repeat(n))),
        ("a.ts", format!("type A={}1", "()=>".repeat(n))),
        ("a.ts", format!("type A={}1", "a extends b?c:".repeat(n))),
        ("a.ts", format!("x=a{}", " as b".repeat(n))),
        ("a.ts", format!("x=a{}", "!".repeat(n))),
        ("a.ts", format!("x={}a", "<T>".repeat(n))),
        ("a.ts", format!("namespace a{} {{}}", ".b".repeat(n))),
        ("a.ts", around("namespace a{", "", "}", n)),
        ("a.js", "(".repeat(n)),
        ("a.js", "a)/".repeat(n)),
        ("a.js", format!("a)\n/{}", "(".repeat(n))),
        ("a.js", "[{(`${".repeat(n)),
    ]
}

#[test]
fn a_hundred_thousand_deep_is_a_finding_and_never_a_crash() {
    for (at, (path, text)) in constructs(100_000).into_iter().enumerate() {
        let shown: String = text.chars().take(40).collect();
        let (treatment, name) = on_a_parsing_thread(move || {
            let parsed = parse(path, &text);
            (parsed.treatment, parsed.facts.first().map(|fact| fact.name.clone()))
        });
        assert!(
            treatment != Treatment::Text || matches!(name.as_deref(), Some("too-deep" | "unparsed")),
            "{at} {path} {shown}: {treatment:?} {name:?}"
        );
    }
}

#[test]
fn what_stays_below_the_limit_fits_the_stack() {
    for n in [100, 1_400, 3_900, 11_000] {
        for (path, text) in constructs(n) {
            let treatment = on_a_parsing_thread(move || parse(path, &text).treatment);
            assert!(treatment == Treatment::Text || matches!(treatment, Treatment::Parsed(_)));
        }
    }
}

#[test]
fn long_flat_files_still_parse() {
    let flat = [
        format!("x={}", vec!["'abc'"; 4_000].join("+")),
        format!("x={}", vec!["a(1)"; 20_000].join(",")),
        format!("x=[{}]", vec!["[1]"; 50_000].join(",")),
        "function f(a){return a.b.c(d)}\n".repeat(20_000),
        "!function(){}();".repeat(20_000),
    ];
    for text in flat {
        let treatment = on_a_parsing_thread(move || parse("a.js", &text).treatment);
        assert_eq!(treatment, Treatment::Parsed("js".to_owned()));
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "require",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'a'",
        "\"fs\"",
        "`",
        "${",
        "+",
        "=",
        "=>",
        "function",
        "class",
        "eval",
        "process",
        ".",
        "env",
        ",",
        ";",
        "\n",
        "const",
        "x",
        "y",
        "import",
        "export",
        "from",
        "await",
        "async",
        "atob",
        "Buffer",
        "from",
        "if",
        "else",
        "for",
        "of",
        "in",
        "return",
        "new",
        "this",
        "1",
        "/",
        "<a>",
        "</a>",
        "?.",
        "fetch",
        "then",
        "Date",
        "now",
        ">",
        "exports",
        "module",
        "...",
        ":",
        "?",
        "join",
        "split",
        "\u{202e}",
        "slice",
        "substr",
        "1e9",
        "-1",
        "0.5",
        "map",
        "'\\ud800'",
        "repeat",
        "toString",
        "replace",
        "''",
        "é",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}", ext in prop::sample::select(vec!["js", "ts", "tsx", "cjs", "d.ts"])) {
        let path = format!("a.{ext}");
        let parsed = parse(&path, &text);
        prop_assert_eq!(parse(&path, &text).facts, parsed.facts);
    }

    #[test]
    fn any_soup_of_tokens_is_taken(tokens in prop::collection::vec(token(), 0..60)) {
        let text = tokens.join(" ");
        let parsed = parse("a.js", &text);
        let starts: Vec<_> = parsed.facts.iter().map(|fact| fact.span.start).collect();
        prop_assert!(starts.is_sorted());
        parse("a.tsx", &tokens.concat());
    }

    #[test]
    fn calls_of_methods_with_odd_arguments_are_taken(
        object in prop::sample::select(vec!["'abé'", "[1,'b']", "Buffer.from('00','hex')", "255", "'a'.split('')"]),
        method in prop::sample::select(vec!["slice", "substr", "substring", "charAt", "at", "repeat", "toString", "join", "concat", "replace", "charCodeAt", "map", "reverse", "split"]),
        arguments in prop::collection::vec(prop::sample::select(vec!["-1", "0", "1e300", "0/0", "''", "'b'", "NaN", "x=>x", "2.5", "16", "36"]), 0..3),
    ) {
        parse("a.js", &format!("require({object}.{method}({}))", arguments.join(",")));
    }
}

/// Files of real packages, unpacked below `BOMVET_JS_CORPUS`: prints what the parser says of them.
/// For people who change the parser: `BOMVET_JS_CORPUS=node_modules cargo test --test parse_js -- --ignored --nocapture`.
#[test]
#[ignore = "wants a folder of packages in BOMVET_JS_CORPUS"]
fn a_corpus_is_summed_up() {
    use bomvet::model::FactKind;
    let Ok(root) = std::env::var("BOMVET_JS_CORPUS") else {
        eprintln!("skipped: BOMVET_JS_CORPUS is not set");
        return;
    };
    let mut folders = vec![std::path::PathBuf::from(root)];
    let (mut files, mut bytes) = (0usize, 0usize);
    let start = std::time::Instant::now();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.path()).collect();
        entries.sort();
        for path in entries {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
            if path.is_dir() {
                folders.push(path);
            } else if ["js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx"].contains(&extension) {
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                files += 1;
                bytes += text.len();
                let name = path.to_string_lossy().into_owned();
                let began = std::time::Instant::now();
                let size = text.len();
                let parsed = on_a_parsing_thread({
                    let name = name.clone();
                    move || parse(&name, &text)
                });
                let took = began.elapsed();
                if took.as_millis() > 500 {
                    println!("SLOW {name} {size} bytes {took:?} {} facts", parsed.facts.len());
                }
                for fact in parsed.facts {
                    let shown = matches!(
                        fact.kind,
                        FactKind::Flow | FactKind::Shape | FactKind::Guard | FactKind::File
                    ) || fact.context.layer > 0
                        || (fact.kind == FactKind::Literal
                            && matches!(fact.name.as_str(), "wallet" | "webhook" | "path"));
                    if shown {
                        let value: String = fact.value.chars().take(80).collect();
                        println!(
                            "{:?} {} | {value} | {name}:{}:{} | {}",
                            fact.kind,
                            fact.name,
                            fact.span.line,
                            fact.span.column,
                            fact.span.text.chars().take(100).collect::<String>()
                        );
                    }
                }
            }
        }
    }
    println!("{files} files, {bytes} bytes in {:?}", start.elapsed());
}
