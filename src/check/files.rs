//! Checks on the package's files as a whole.

use super::{Check, Subject};
use crate::model::{Ecosystem, FactKind, Finding, Span, Treatment};

/// A package whose JavaScript is minified everywhere: nobody can read what it does.
#[derive(Debug)]
pub struct Minified;

/// Average line length, in bytes, above which no person wrote a file.
const MINIFIED_LINE: usize = 400;
/// Smaller files are one-liners.
const MINIFIED_SIZE: usize = 4096;

impl Check for Minified {
    fn rules(&self) -> &'static [&'static str] {
        &["file/minified-only"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.ecosystem != Ecosystem::Npm {
            return;
        }
        let (mut minified, mut written) = (Vec::new(), 0usize);
        for file in &subject.contents.files {
            let bytes = subject.contents.bytes(file);
            let script = [".js", ".mjs", ".cjs"].iter().any(|end| file.path.ends_with(end));
            if !script || super::context::is_test_path(&file.path) {
                continue;
            }
            let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
            if bytes.len() >= MINIFIED_SIZE && bytes.len() / lines >= MINIFIED_LINE {
                minified.push(Span::file(file.path.clone()));
            } else if bytes.len() >= 256 {
                written += 1;
            }
        }
        if written == 0 && !minified.is_empty() {
            minified.truncate(5);
            out.push(Finding::new("file/minified-only", "all of its JavaScript is minified", minified));
        }
    }
}

/// Opaque bytes, even among tests, that code run at build time names: how xz's payload came in.
#[derive(Debug)]
pub struct OpaqueInBuild;

impl Check for OpaqueInBuild {
    fn rules(&self) -> &'static [&'static str] {
        &["file/opaque-in-build"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let opaque = subject.coverage.iter().filter(|file| match &file.treatment {
            Treatment::Data(what) => what.starts_with("opaque") || what.ends_with("archive"),
            Treatment::Unseen(_) => true,
            _ => false,
        });
        let paths: Vec<_> = subject
            .facts
            .iter()
            .filter(|fact| {
                fact.context.install
                    && matches!(fact.kind, FactKind::Literal | FactKind::Call | FactKind::Shell)
            })
            .collect();
        for file in opaque {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            if name.len() < 4 {
                continue;
            }
            if let Some(fact) = paths.iter().find(|fact| fact.value.contains(name)) {
                out.push(Finding::new(
                    "file/opaque-in-build",
                    format!("code run at build time reads `{}`, whose bytes are not understood", file.path),
                    vec![fact.span.clone(), Span::file(file.path.clone())],
                ));
            }
        }
    }
}

/// A program of the package that it starts while it is being installed.
#[derive(Debug)]
pub struct BundledProgram;

/// Commands that name a file and do not start it.
const LOOKS: &[&str] = &["chmod", "chown", "ls", "test", "[", "file", "stat", "echo"];

impl Check for BundledProgram {
    fn rules(&self) -> &'static [&'static str] {
        &["install/bundled-program"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let machine = |kind: &str| matches!(kind, "elf" | "pe" | "mach-o");
        let mut programs: Vec<&str> = subject
            .facts
            .iter()
            .filter(|fact| fact.kind == FactKind::File && machine(&fact.name))
            .map(|fact| &*fact.span.file)
            .collect();
        // What Windows starts by its name alone is a program whatever its bytes are.
        programs.extend(subject.contents.files.iter().map(|file| &*file.path).filter(|path| {
            let ending = path.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
            matches!(ending.as_str(), "exe" | "scr" | "com" | "msi" | "dll" | "jar" | "pif" | "hta")
        }));
        programs.sort_unstable();
        programs.dedup();
        let commands: Vec<_> = subject
            .facts
            .iter()
            .filter(|fact| fact.context.install && !fact.context.test)
            .filter(|fact| {
                fact.kind == FactKind::Shell || (fact.kind == FactKind::Literal && fact.name == "command")
            })
            .collect();
        for path in programs {
            let name = path.rsplit('/').next().unwrap_or(path);
            let starts = |command: &str| {
                command.split([';', '&', '|', '\n']).any(|part| {
                    let mut words = part.split([' ', '"', '\'', '(', ')']).filter(|word| !word.is_empty());
                    let looks = words.clone().next().is_some_and(|first| LOOKS.contains(&first));
                    !looks
                        && words.any(|word| {
                            let file = word.rsplit(['/', '\\']).next().unwrap_or(word);
                            file == name && !word.contains("node_modules")
                        })
                })
            };
            if let Some(fact) = commands.iter().find(|fact| starts(&fact.value)) {
                out.push(Finding::new(
                    "install/bundled-program",
                    format!("starts `{path}`, a program that it ships, while it is being installed"),
                    vec![fact.span.clone(), Span::file(path.to_owned())],
                ));
            }
        }
    }
}

/// A program under the name of a font, a picture or a sound: nobody opens these to read them.
#[derive(Debug)]
pub struct Disguised;

/// Endings of files that are never text.
const NEVER_TEXT: &[&str] = &[
    "woff", "woff2", "ttf", "otf", "eot", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "mp3",
    "mp4", "ogg", "wav", "webm", "zip", "gz", "7z", "wasm",
];

/// What programs begin or go on with.
const OF_PROGRAMS: &[&str] = &[
    "#!/",
    "require(",
    "import(",
    "eval(",
    "Function(",
    "function ",
    "=> {",
    "const ",
    "import ",
    "exec(",
    "subprocess",
    "curl ",
    "powershell",
    "<script",
    "<?php",
];

impl Check for Disguised {
    fn rules(&self) -> &'static [&'static str] {
        &["file/disguised-program"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        for file in &subject.contents.files {
            let ending = file.path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
            if !NEVER_TEXT.contains(&ending.as_str()) || super::context::is_test_path(&file.path) {
                continue;
            }
            let bytes = subject.contents.bytes(file);
            let start = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
            // Text through and through: no byte that only data has.
            if start.len() < 16 || start.iter().any(|&b| b < 9 || (14..32).contains(&b) && b != 27) {
                continue;
            }
            let Ok(text) = std::str::from_utf8(start) else { continue };
            let found = OF_PROGRAMS.iter().filter(|part| text.contains(**part)).count();
            if found >= 2 || text.starts_with("#!") {
                let message = format!("`{}` is a program, and no `.{ending}` file", file.path);
                out.push(Finding::new(
                    "file/disguised-program",
                    message,
                    vec![Span::file(file.path.clone())],
                ));
            }
        }
    }
}
