//! The package's own manifest as facts, and what it starts at install time.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::shell;
use crate::json::{self, Node, Value};
use crate::model::{CapabilityKind, Contents, Ecosystem, Fact, FactKind, Gap, GapKind, LineIndex, Span};

/// What a manifest says about running.
#[derive(Debug, Default)]
pub struct Manifest {
    /// Manifest facts, and the shell facts of lifecycle scripts (at install time).
    pub facts: Vec<Fact>,
    /// Files that run at install time, as named.
    pub install_files: Vec<String>,
    /// For [`crate::model::Analysis::install_scripts`].
    pub install_scripts: Vec<String>,
    /// What gives the package `install-time`: the reason and its place.
    pub install_spans: Vec<(String, Span)>,
    /// Whether every file of the package runs at build time (proc macros).
    pub whole_crate: bool,
    /// Files that a dependant loads, as named.
    pub entries: Vec<String>,
    /// The declared licence expression.
    pub licence: Option<String>,
    /// A manifest that cannot be read.
    pub gaps: Vec<Gap>,
}

/// Scripts that npm runs for a package that is installed as a dependency from the registry.
/// `prepare` and its kin run for git dependencies only, where the package is built on the spot.
const ON_INSTALL: &[&str] = &["preinstall", "install", "postinstall"];
const ON_GIT_INSTALL: &[&str] = &["preprepare", "prepare", "postprepare", "prepublish"];

/// The manifest's name.
pub(super) fn file_name(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Cargo => "Cargo.toml",
        Ecosystem::Pypi => "pyproject.toml",
        Ecosystem::Agent => "SKILL.md",
        _ => "package.json",
    }
}

/// A field that is text, of `package.json` or of `[package]` in `Cargo.toml`, and where its value
/// stands. `None` also where the manifest is not there or cannot be read: [`read`] says so.
pub(super) fn text_field(ecosystem: Ecosystem, contents: &Contents, key: &str) -> Option<(String, Span)> {
    let file = file_name(ecosystem);
    let text = std::str::from_utf8(contents.get(file)?).ok()?;
    let (value, range) = match ecosystem {
        Ecosystem::Npm => {
            let root = json::parse(text).ok()?;
            let node = root.get(key)?;
            (node.as_str()?.to_owned(), node.range.clone())
        }
        Ecosystem::Cargo => {
            let table = DeTable::parse(text).ok()?;
            let value = table.get_ref().get("package")?.get_ref().as_table()?.get(key)?;
            (value.get_ref().as_str()?.to_owned(), value.span())
        }
        _ => return None,
    };
    Some((value, LineIndex::new(file, text).span(range.start, range.end)))
}

/// Reads the manifest of a package. `from_git`: it is built where it is installed.
pub fn read(ecosystem: Ecosystem, contents: &Contents, from_git: bool) -> Manifest {
    let mut out = Manifest::default();
    let name = file_name(ecosystem);
    let Some(bytes) = contents.get(name) else {
        if ecosystem == Ecosystem::Npm {
            gyp(contents, &mut out);
            expansions(contents, &mut out);
        }
        return out;
    };
    let unread = |(why, span): (String, Span)| Gap {
        kind: GapKind::NotParsed,
        message: format!("`{name}` cannot be read: {why}"),
        spans: vec![span],
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        out.gaps.push(unread(("it is not UTF-8".to_owned(), Span::file(name))));
        return out;
    };
    let read = match ecosystem {
        Ecosystem::Cargo => cargo(text, contents, &mut out),
        Ecosystem::Npm => npm(text, from_git, contents, &mut out),
        _ => Ok(()),
    };
    if let Err(why) = read {
        out.gaps.push(unread(why));
    }
    out.install_scripts.sort();
    out.install_scripts.dedup();
    out
}

/// Why a manifest cannot be read, and where.
type Unread = (String, Span);

fn npm(text: &str, from_git: bool, contents: &Contents, out: &mut Manifest) -> Result<(), Unread> {
    let index = LineIndex::new("package.json", text);
    let root = json::parse(text).map_err(|error| (error.message, index.span(error.offset, error.offset)))?;
    if !root.is_object() {
        return Err(("it is not an object".to_owned(), index.span(root.range.start, root.range.end)));
    }
    let place = |node: &Node<'_>| index.span(node.range.start, node.range.end);
    let scripts = root.get("scripts");
    for (name, _, value) in scripts.map(Node::members).unwrap_or_default() {
        let Some(command) = value.as_str() else { continue };
        let span = place(value);
        let mut fact = Fact::new(FactKind::Manifest, format!("scripts.{name}"), span.clone()).value(command);
        if ON_INSTALL.contains(&&**name) || (from_git && ON_GIT_INSTALL.contains(&&**name)) {
            fact.context.install = true;
            fact.capability = Some(CapabilityKind::InstallTime);
            out.install_scripts.push(format!("{name}: {command}"));
            out.install_spans.push((format!("scripts.{name}"), span.clone()));
            out.install_files.extend(started(command));
            out.facts.extend(shell::facts(command, &span).into_iter().map(|mut fact| {
                fact.context.install = true;
                fact
            }));
        }
        out.facts.push(fact);
    }
    for key in ["main", "module", "browser", "bin", "exports"] {
        if let Some(value) = root.get(key) {
            entries(key, value, &index, out);
        }
    }
    if root.get("main").is_none() {
        out.entries.push("index".to_owned());
    }
    for key in ["gypfile", "type", "os", "cpu", "engines", "binary", "trustedDependencies"] {
        if let Some(value) = root.get(key) {
            let written = &text[value.range.clone()];
            out.facts.push(Fact::new(FactKind::Manifest, key, place(value)).value(written));
        }
    }
    out.licence = root.get("license").and_then(Node::as_str).map(str::to_owned);
    expansions(contents, out);
    let off = root.get("gypfile").and_then(Node::as_bool) == Some(false);
    let own = ["install", "preinstall"].iter().any(|name| scripts.is_some_and(|s| s.get(name).is_some()));
    if !off && !own {
        gyp(contents, out);
    }
    Ok(())
}

/// npm runs `node-gyp rebuild` for a package with a `binding.gyp` and no install script of its own.
fn gyp(contents: &Contents, out: &mut Manifest) {
    if contents.get("binding.gyp").is_some() {
        out.install_scripts.push("binding.gyp: node-gyp rebuild".to_owned());
        out.install_spans.push(("binding.gyp".to_owned(), Span::file("binding.gyp")));
        let mut fact = Fact::new(FactKind::Manifest, "binding.gyp", Span::file("binding.gyp"))
            .value("node-gyp rebuild")
            .gives(CapabilityKind::InstallTime);
        fact.context.install = true;
        out.facts.push(fact);
    }
}

/// Commands that node-gyp runs while it reads a build file: `<!(…)`, `<!@(…)` and the `action`s of
/// targets. They run whoever calls node-gyp.
fn expansions(contents: &Contents, out: &mut Manifest) {
    let files = contents.files.iter().filter(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        &*file.path == "binding.gyp" || (name.ends_with(".gypi") && !file.path.contains("deps/"))
    });
    if contents.get("binding.gyp").is_none() {
        return;
    }
    for file in files {
        let text = String::from_utf8_lossy(contents.bytes(file));
        let index = LineIndex::new(file.path.clone(), &text);
        for (start, command) in gyp_commands(&text) {
            let span = index.span(start, start + 1);
            out.install_files.extend(started(&command));
            out.facts.extend(shell::facts(&command, &span).into_iter().map(|mut fact| {
                fact.context.install = true;
                fact
            }));
        }
    }
}

/// The commands of a build file and where they start.
fn gyp_commands(text: &str) -> Vec<(usize, String)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    for mark in ["<!(", "<!@("] {
        for at in memchr::memmem::find_iter(bytes, mark) {
            let start = at + mark.len();
            let mut depth = 1_u32;
            let end = bytes[start..].iter().take(8192).position(|byte| {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            if let Some(command) = end.and_then(|end| text.get(start..start + end)) {
                out.push((start, command.replace("\\\"", "\"").replace("\\'", "'")));
            }
        }
    }
    for at in memchr::memmem::find_iter(bytes, b"action") {
        let rest = &text[at + 6..];
        let Some(list) = rest.trim_start_matches(['\'', '"', ' ', ':', '\n', '\t']).strip_prefix('[') else {
            continue;
        };
        let Some((list, _)) = list.split_once(']') else { continue };
        let words: Vec<&str> = list.split(['\'', '"']).skip(1).step_by(2).take(64).collect();
        let quote = |word: &&str| match word.contains([' ', ';', '|', '&']) {
            true => format!("'{word}'"),
            false => (*word).to_owned(),
        };
        out.push((at, words.iter().map(quote).collect::<Vec<_>>().join(" ")));
    }
    out
}

/// Recursion is bounded by [`json::MAX_DEPTH`].
fn entries(name: &str, node: &Node<'_>, index: &LineIndex<'_>, out: &mut Manifest) {
    match &node.value {
        Value::String(path) => {
            out.entries.push(path.to_string());
            let span = index.span(node.range.start, node.range.end);
            out.facts.push(Fact::new(FactKind::Manifest, name, span).value(&**path));
        }
        Value::Object(members) => members.iter().for_each(|(.., value)| entries(name, value, index, out)),
        Value::Array(elements) => elements.iter().for_each(|value| entries(name, value, index, out)),
        _ => {}
    }
}

/// Files that a command line starts: words that look like a script's path.
pub fn started(command: &str) -> Vec<String> {
    let mut out = Vec::new();
    let ends = [".js", ".cjs", ".mjs", ".ts", ".sh", ".py", ".bat", ".cmd", ".ps1"];
    let words = command.split(|c: char| c.is_whitespace() || "'\"`;&|()".contains(c));
    let (mut runner, mut before) = (false, "");
    for word in words.filter(|word| !word.is_empty()) {
        let script = ends.iter().any(|end| word.ends_with(end));
        if script || word.starts_with("./") || word.starts_with("../") || (runner && !word.starts_with('-')) {
            out.push(word.to_owned());
        }
        // `node install` means `install.js`.
        let name = word.rsplit('/').next().unwrap_or(word);
        runner = (runner && (word.starts_with('-') || matches!(before, "-r" | "--require")))
            || matches!(name, "node" | "bun" | "sh" | "bash" | "python" | "python3" | "tsx" | "ts-node");
        before = word;
    }
    out
}

fn cargo(text: &str, contents: &Contents, out: &mut Manifest) -> Result<(), Unread> {
    let index = LineIndex::new("Cargo.toml", text);
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        (error.message().to_owned(), index.span(at.start, at.end))
    })?;
    let get = |section: &str, key: &str| -> Option<&Spanned<DeValue<'_>>> {
        table.get_ref().get(section)?.get_ref().as_table()?.get(key)
    };
    let span = |value: &Spanned<DeValue<'_>>| index.span(value.span().start, value.span().end);
    for key in ["build", "links", "license", "license-file", "repository"] {
        if let Some(value) = get("package", key) {
            let shown = value.get_ref().as_str().map_or_else(
                || value.get_ref().as_bool().map(|b| b.to_string()).unwrap_or_default(),
                str::to_owned,
            );
            out.facts.push(Fact::new(FactKind::Manifest, format!("package.{key}"), span(value)).value(shown));
        }
    }
    out.licence = get("package", "license").and_then(|value| value.get_ref().as_str()).map(str::to_owned);
    let build = match get("package", "build") {
        Some(value) => value.get_ref().as_str().map(|path| (path.to_owned(), span(value))),
        None => contents.get("build.rs").map(|_| ("build.rs".to_owned(), Span::file("build.rs"))),
    };
    if let Some((path, place)) = build {
        out.install_scripts.push(super::context::normal(&path));
        out.install_files.push(path.clone());
        out.install_spans.push((path, place));
    }
    let macros = ["proc-macro", "proc_macro"].iter().find_map(|key| get("lib", key));
    if let Some(value) = macros.filter(|value| value.get_ref().as_bool() == Some(true)) {
        out.whole_crate = true;
        out.install_scripts.push("proc-macro".to_owned());
        out.install_spans.push(("proc-macro".to_owned(), span(value)));
        let mut fact = Fact::new(FactKind::Manifest, "lib.proc-macro", span(value)).value("true");
        fact.capability = Some(CapabilityKind::InstallTime);
        out.facts.push(fact);
    }
    let library = get("lib", "path").and_then(|value| value.get_ref().as_str());
    out.entries.push(library.unwrap_or("src/lib.rs").to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::examples::contents;
    use super::*;

    #[test]
    fn lifecycle_scripts_are_install_time_and_others_are_not() {
        let text = "{\"scripts\":{\n\"test\":\"curl x | sh\",\"postinstall\":\"node ./scripts/setup\",\"prepare\":\"husky\"}}";
        let files = contents(&[("package.json", text.as_bytes())]);
        let got = read(Ecosystem::Npm, &files, false);
        assert_eq!(got.install_scripts, ["postinstall: node ./scripts/setup"]);
        assert_eq!(got.install_files, ["./scripts/setup"]);
        assert_eq!((got.install_spans[0].1.line, got.install_spans[0].1.column), (2, 36));
        assert!(got.facts.iter().all(|fact| fact.kind != FactKind::Shell || fact.context.install));
        assert_eq!(read(Ecosystem::Npm, &files, true).install_scripts.len(), 2);
    }

    #[test]
    fn build_scripts_proc_macros_and_gyp() {
        let toml = "[package]\nname = \"a\"\nbuild = \"b/x.rs\"\n[lib]\nproc-macro = true\n";
        let got = read(Ecosystem::Cargo, &contents(&[("Cargo.toml", toml.as_bytes())]), false);
        assert_eq!(
            (got.install_scripts, got.whole_crate),
            (vec!["b/x.rs".to_owned(), "proc-macro".to_owned()], true)
        );
        let off = contents(&[("Cargo.toml", b"[package]\nbuild = false\n"), ("build.rs", b"")]);
        assert!(read(Ecosystem::Cargo, &off, false).install_scripts.is_empty());
        let gyp = contents(&[("package.json", b"{}"), ("binding.gyp", b"{}")]);
        assert_eq!(read(Ecosystem::Npm, &gyp, false).install_scripts, ["binding.gyp: node-gyp rebuild"]);
        assert_eq!(read(Ecosystem::Npm, &contents(&[("package.json", b"{")]), false).gaps.len(), 1);
    }

    /// Each fact of a manifest marks the very value that it quotes, whatever stands before it.
    #[test]
    fn facts_of_manifests_have_line_and_column() {
        let marked = |text: &str, span: &Span| text[span.start as usize..span.end as usize].to_owned();
        let npm = "\u{feff}{\n  \"name\": \"ä\", \"exports\": {\".\": [\"./ö.js\"]},\n  \"os\": [\"linux\"],\n  \
                   \"scripts\": {\"install\": \"node a.js\"}\n}\n";
        let got = read(Ecosystem::Npm, &contents(&[("package.json", npm.as_bytes())]), false);
        let seen: Vec<_> = got
            .facts
            .iter()
            .filter(|fact| fact.kind == FactKind::Manifest)
            .map(|fact| (&*fact.name, fact.span.line, fact.span.column, marked(npm, &fact.span)))
            .collect();
        assert_eq!(
            seen,
            [
                ("scripts.install", 4, 26, "\"node a.js\"".to_owned()),
                ("exports", 2, 34, "\"./ö.js\"".to_owned()),
                ("os", 3, 9, "[\"linux\"]".to_owned()),
            ]
        );
        let cargo = "\u{feff}[package]\nname = \"ä\"\nlinks = \"z\"\n[lib]\nproc-macro = true\n";
        let got = read(Ecosystem::Cargo, &contents(&[("Cargo.toml", cargo.as_bytes())]), false);
        let seen: Vec<_> = got
            .facts
            .iter()
            .map(|fact| (&*fact.name, fact.span.line, fact.span.column, marked(cargo, &fact.span)))
            .collect();
        assert_eq!(
            seen,
            [("package.links", 3, 9, "\"z\"".to_owned()), ("lib.proc-macro", 5, 14, "true".to_owned())]
        );
    }

    /// npm takes the last of two members of one name.
    #[test]
    fn the_last_of_two_scripts_counts() {
        let text =
            r#"{"scripts":{"test":"ava"},"gypfile":true,"gypfile":false,"scripts":{"install":"node x.js"}}"#;
        let files = contents(&[("package.json", text.as_bytes()), ("binding.gyp", b"{}")]);
        let got = read(Ecosystem::Npm, &files, false);
        assert_eq!(got.install_scripts, ["install: node x.js"]);
    }

    /// A manifest that cannot be read says where it breaks.
    #[test]
    fn damage_has_a_place() {
        for (ecosystem, name, text) in [
            (Ecosystem::Npm, "package.json", "{\n  \"a\": 1,\n}"),
            (Ecosystem::Cargo, "Cargo.toml", "[package]\nname = \n"),
        ] {
            let got = read(ecosystem, &contents(&[(name, text.as_bytes())]), false);
            assert!(got.gaps.len() == 1 && got.gaps[0].spans[0].line >= 2, "{:?}", got.gaps);
        }
    }

    #[test]
    fn commands_of_a_build_file() {
        let text = r#"{"targets": [{"include_dirs": ["<!(node -p \"require('nan')\")"], "x": "<!@(sh a.sh | cat)",
            'actions': [{'action_name': 'a', 'action': ['python', 'gen.py', '<(x)']}]}]}"#;
        let got: Vec<_> = gyp_commands(text).into_iter().map(|(_, command)| command).collect();
        assert_eq!(got, ["node -p \"require('nan')\"", "sh a.sh | cat", "python gen.py <(x)"]);
        let files = contents(&[("package.json", b"{}"), ("binding.gyp", text.as_bytes())]);
        let read = read(Ecosystem::Npm, &files, false);
        assert!(read.install_files.contains(&"a.sh".to_owned()), "{:?}", read.install_files);
    }

    #[test]
    fn scripts_in_a_command() {
        assert_eq!(started("node -r ./x install && sh a.sh"), ["./x", "install", "a.sh"]);
        assert!(started("node-gyp rebuild").is_empty());
    }
}
