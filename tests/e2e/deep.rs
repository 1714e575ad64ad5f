//! Sources nested 100,000 deep: each costs its file a gap, never the audit.

use crate::project::{Packed, Project, crate_lib, npm_lib, package};

const DEEP: usize = 100_000;

fn nested(open: &str, middle: &str, close: &str) -> String {
    format!("{}{middle}{}\n", open.repeat(DEEP), close.repeat(DEEP))
}

/// `deep` is denied for its file, by name; `fine` beside it is judged as ever.
fn costs_its_file_only(document: &serde_json::Value, file: &str, what: &str) {
    let deep = package(document, "deep");
    let reasons = deep["reasons"].as_array().unwrap();
    let gap = reasons.iter().find(|reason| reason["rule"] == "gap/not-parsed");
    let gap = gap.unwrap_or_else(|| panic!("{what}: {deep:#}"));
    assert!(gap["message"].as_str().unwrap().contains(file), "{what}: {gap:#}");
    assert_eq!(gap["spans"][0]["file"], file, "{what}");
    assert_eq!(deep["verdict"], "deny", "{what}");
    assert_eq!(package(document, "fine")["verdict"], "approve", "{what}");
}

#[test]
fn javascript() {
    let cases = [
        ("parentheses", "index.js", nested("(", "1", ")")),
        ("functions", "index.js", nested("(function(){", "", "})()")),
        ("templates", "index.js", nested("`${", "1", "}`")),
        ("operators", "index.js", nested("1+", "1", "")),
        ("calls", "index.js", nested("", "a", ".b()")),
        ("arrows", "index.js", nested("a=>", "1", "")),
        ("else if", "index.js", nested("if(a){}else ", "{}", "")),
        ("elements", "index.jsx", nested("<a>", "", "</a>")),
        ("types", "index.ts", format!("type X={}", nested("Array<", "1", ">"))),
        ("groups", "index.js", format!("x=/{}/", nested("(", "", ")").trim())),
    ];
    let packages: Vec<Packed> = cases
        .iter()
        .enumerate()
        .map(|(n, (_, file, code))| {
            let mut deep = npm_lib(&format!("deep-case-{n}"), "1.0.0", "module.exports = 1;\n");
            deep.files.insert((*file).to_owned(), code.clone());
            deep
        })
        .chain([npm_lib("fine", "1.0.0", "module.exports = 1;\n")])
        .collect();
    let mut project = Project::new();
    project.npm(&packages);
    let mut document = project.audit(&[]);
    for (n, (what, file, _)) in cases.iter().enumerate() {
        rename(&mut document, &format!("deep-case-{n}"), "deep");
        costs_its_file_only(&document, file, what);
        rename(&mut document, "deep", &format!("deep-case-{n}"));
    }
}

#[test]
fn rust() {
    let cases = [
        ("parentheses", format!("pub fn a() {{ {} }}", nested("(", "1", ")"))),
        ("blocks", nested("pub fn a() {", "", "}")),
        ("operators", format!("pub fn a() {{ {} }}", nested("1+", "1", ""))),
        ("references", format!("pub fn a() {{ {} }}", nested("&", "1", ""))),
        ("calls", format!("pub fn a() {{ {} }}", nested("", "x", ".b()"))),
        ("closures", format!("pub fn a() {{ {} }}", nested("||", "1", ""))),
        ("types", format!("pub type A = {};", nested("Vec<", "u8", ">").trim())),
        ("macros", format!("m! {{ {} }}", nested("(", "", ")"))),
        ("modules", nested("mod a {", "", "}")),
        ("else if", format!("pub fn a() {{ {} }}", nested("if a {} else ", "{}", ""))),
        ("imports", format!("use {};", nested("a::{", "b", "}").trim())),
    ];
    let packages: Vec<Packed> = cases
        .iter()
        .enumerate()
        .map(|(n, (_, code))| crate_lib(&format!("deep-case-{n}"), "1.0.0", code))
        .chain([crate_lib("fine", "1.0.0", "//! Nothing.\n")])
        .collect();
    let mut project = Project::new();
    project.cargo(&packages);
    let mut document = project.audit(&[]);
    for (n, (what, _)) in cases.iter().enumerate() {
        rename(&mut document, &format!("deep-case-{n}"), "deep");
        costs_its_file_only(&document, "src/lib.rs", what);
        rename(&mut document, "deep", &format!("deep-case-{n}"));
    }
}

fn rename(document: &mut serde_json::Value, from: &str, to: &str) {
    let list = document["packages"].as_array_mut().unwrap();
    list.iter_mut().find(|package| package["name"] == from).unwrap()["name"] = to.into();
}

/// JSON that is only data is read without recursion at any depth; what bomvet must understand is not.
#[test]
fn json() {
    let mut data = npm_lib("data", "1.0.0", "module.exports = 1;\n");
    data.files.insert("data.json".into(), nested("[", "", "]"));
    data.files.insert("more.json".into(), nested("{\"a\":", "1", "}"));
    data.files.insert("cut.json".into(), "[".repeat(DEEP));
    let manifest =
        format!("{{\"name\":\"deep\",\"version\":\"1.0.0\",\"x\":{}}}", nested("[", "", "]").trim());
    let deep = Packed::new("deep", "1.0.0", &[("package.json", &manifest), ("index.js", "1;\n")]);
    let mut project = Project::new();
    project.npm(&[data, deep, npm_lib("fine", "1.0.0", "module.exports = 1;\n")]);
    let document = project.audit(&[]);
    costs_its_file_only(&document, "package.json", "a manifest");
    let data = package(&document, "data");
    assert_eq!(data["verdict"], "approve", "{data:#}");
    assert_eq!(data["coverage"]["files"], 5, "{data:#}");
}

/// What the project itself brings stops with the place.
#[test]
fn what_the_project_brings() {
    for (file, content, code, says) in [
        (
            "package-lock.json",
            "[".repeat(DEEP),
            2,
            "package-lock.json:1:513: not JSON: nested more than 512 levels deep",
        ),
        ("package.json", "{\"a\":".repeat(DEEP), 2, "package.json:1:"),
        ("bomvet.toml", format!("a = {}", "[".repeat(DEEP)), 2, "bomvet.toml:1:"),
        ("Cargo.lock", format!("a = {}", "[".repeat(DEEP)), 2, "Cargo.lock:1:"),
        (".cargo/config.toml", format!("a = {}", "[".repeat(DEEP)), 0, ""),
        (".npmrc", "registry=[[[".repeat(DEEP / 10), 0, ""),
    ] {
        let mut project = Project::new();
        project.npm(&[npm_lib("fine", "1.0.0", "module.exports = 1;\n")]);
        project.write(file, content);
        let run = project.run(&[]);
        let error = crate::project::text(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{file}: {error}");
        assert!(error.contains(says), "{file}: {error}");
    }
}
