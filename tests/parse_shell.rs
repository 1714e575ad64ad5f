//! Shell scripts as they are installed on a machine: how many parse, and that no rule at `high` or above finds
//! anything in them. What the machine does not have is skipped.

use std::path::{Path, PathBuf};

use bomvet::check::{self, examples};
use bomvet::model::{Ecosystem, FactKind, Location, Package, Severity};
use bomvet::rules::RuleSet;

/// Largest script that is read, in bytes.
const LARGEST: u64 = 1 << 20;

fn scripts(folder: &Path, depth: u8, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_dir() && depth > 0 {
            scripts(&path, depth - 1, out);
        } else if kind.is_file() && entry.metadata().is_ok_and(|data| data.len() <= LARGEST) {
            out.push(path);
        }
    }
}

fn is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or("");
    let words: Vec<&str> = first.trim_start_matches("#!").split(['/', ' ']).collect();
    first.starts_with("#!")
        && words.iter().any(|word| matches!(*word, "sh" | "bash" | "dash" | "ksh" | "zsh"))
}

#[test]
fn installed_scripts_parse_and_are_not_accused() {
    let mut paths = Vec::new();
    for (folder, depth) in
        [("/usr/bin", 0), ("/usr/sbin", 0), ("/etc/init.d", 0), ("/usr/lib/git-core", 0), ("/usr/share", 3)]
    {
        scripts(Path::new(folder), depth, &mut paths);
    }
    let rules = RuleSet::builtin();
    let (mut read, mut bytes, mut told, mut unparsed) = (0, 0, Vec::new(), Vec::new());
    for path in paths {
        let Ok(text) = std::fs::read(&path) else { continue };
        let Ok(text) = String::from_utf8(text) else { continue };
        if !is_shell(&text) {
            continue;
        }
        read += 1;
        bytes += text.len();
        let parsed = check::parse::shell::parse("script.sh", &text);
        if parsed.facts.iter().any(|fact| fact.kind == FactKind::File) {
            unparsed.push(path.display().to_string());
        }
        let contents = examples::contents(&[
            ("script.sh", text.as_bytes()),
            ("package.json", b"{\"name\":\"x\",\"version\":\"1.0.0\"}"),
        ]);
        let at = Location { file: "lock".into(), line: 1, column: 1 };
        let package = Package::registry(Ecosystem::Npm, "x", "1.0.0", at);
        let found = check::analyse(&package, &contents, &rules).findings;
        let grave = found.iter().filter(|finding| finding.severity >= Severity::High);
        told.extend(grave.map(|finding| {
            let line = finding.spans.first().map_or(0, |span| span.line);
            format!("{}:{line} {} {}", path.display(), finding.rule, finding.message)
        }));
    }
    if read < 20 {
        eprintln!("skipped: {read} shell scripts on this machine");
        return;
    }
    eprintln!("{read} scripts, {bytes} bytes, {} not parsed: {unparsed:#?}", unparsed.len());
    assert!(unparsed.len() * 10 <= read, "{} of {read} do not parse", unparsed.len());
    assert!(told.is_empty(), "{}", told.join("\n"));
}
