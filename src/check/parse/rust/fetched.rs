//! Files that are fetched, made and started by commands: a program that one command fetches and
//! another starts, a program in a folder for temporary files that nobody made, and what a build
//! script makes of the data of tests.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::facts::Raw;
use super::fold::{Value, taint};
use super::walk::Walk;
use crate::check::parse::harm;
use crate::model::FactKind;

/// How the system's folder for temporary files is written as a place.
pub const TEMPORARY: &str = "%TEMP%";
/// Folders for temporary files, in lower case.
const TEMPORARY_FOLDERS: &[&str] = &[
    "%temp%/",
    "/tmp/",
    "/var/tmp/",
    "/dev/shm/",
    "c:\\windows\\temp\\",
    "c:/windows/temp/",
    "c:\\users\\public\\",
    "c:\\programdata\\",
];
/// Folders of tests and examples.
const TESTS: &[&str] = &[
    "tests",
    "test",
    "__tests__",
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "fixture",
    "examples",
    "example",
    "benches",
    "corpus",
    "vectors",
    "testing",
];
/// Endings of what is compiled, linked or run.
const BUILT: &[&str] = &[
    "c", "cc", "cpp", "cxx", "h", "hpp", "m", "s", "asm", "o", "obj", "a", "lib", "so", "dylib", "dll",
    "exe", "rs", "inc", "ll", "bc", "sh", "py", "js", "ps1", "bat",
];

/// What is known of files by their places.
#[derive(Debug, Default)]
pub struct Made {
    /// The file is a build script.
    pub builds: bool,
    fetched: BTreeSet<Rc<str>>,
    made: BTreeSet<Rc<str>>,
    /// Started from a folder for temporary files: where.
    temporary: BTreeMap<Rc<str>, Range<usize>>,
    /// Made of a test's data.
    of_tests: BTreeSet<Rc<str>>,
}

impl Made {
    /// This program writes there.
    pub fn wrote(&mut self, place: Option<Rc<str>>) {
        self.made.extend(place);
    }

    /// The taint of what a build script reads there.
    pub fn test_data(&self, place: Option<&str>) -> u32 {
        let in_tests = |place: &str| {
            place
                .rsplit_once(['/', '\\'])
                .is_some_and(|(folders, _)| folders.split(['/', '\\']).any(|part| TESTS.contains(&part)))
                || TESTS.contains(&place)
        };
        if self.builds && place.is_some_and(in_tests) { taint::TEST_DATA } else { 0 }
    }

    /// Programs that were started from a folder for temporary files and that nothing here made.
    pub fn temporary(self) -> Vec<Raw> {
        let Self { temporary, made, fetched, .. } = self;
        temporary
            .into_iter()
            .filter(|(place, _)| !made.contains(place) && !fetched.contains(place))
            .map(|(place, range)| Raw::new(FactKind::Shape, "temporary-program", range).value(&*place))
            .collect()
    }
}

/// Whether a function of that name undoes a packing or an encryption.
pub fn undoes(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["decod", "decompress", "inflate", "decrypt", "gunzip", "unpack"].iter().any(|part| name.contains(part))
}

/// Whether a line for a shell takes a test's file through a filter to what is compiled or run.
fn builds_from_test(line: &str) -> bool {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || "|;&()\"'<>".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let of_test = |word: &&str| {
        word.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|part| TESTS.contains(&part)))
    };
    let filters = |word: &&str| {
        matches!(
            *word,
            "xz" | "gunzip"
                | "gzip"
                | "bunzip2"
                | "base64"
                | "openssl"
                | "tr"
                | "dd"
                | "tail"
                | "head"
                | "xxd"
                | "sed"
                | "awk"
                | "unxz"
                | "zcat"
                | "xzcat"
        )
    };
    let out = line.split('>').skip(1).any(|rest| {
        let word =
            rest.trim().split(|c: char| c.is_whitespace() || "|;&\"'".contains(c)).next().unwrap_or_default();
        BUILT.contains(&ending(word))
    });
    let runs = line
        .split('|')
        .skip(1)
        .any(|rest| rest.split_whitespace().next().is_some_and(super::harm::interprets));
    words.iter().any(of_test) && words.iter().any(filters) && (out || runs)
}

fn is_temporary(place: &str) -> bool {
    let lower = place.to_ascii_lowercase();
    let plain = !place.contains(['?', '$', '{', '*']);
    plain && TEMPORARY_FOLDERS.iter().any(|folder| lower.len() > folder.len() && lower.starts_with(folder))
}

fn ending(place: &str) -> &str {
    let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Whether a flag says that the next argument is where what is fetched goes.
fn is_output(program: &str, flag: &str) -> bool {
    let cluster = flag.starts_with('-') && !flag.starts_with("--");
    match program {
        "curl" => cluster && flag.ends_with('o') || flag == "--output",
        "wget" => cluster && flag.ends_with('O') || flag == "--output-document",
        "aria2c" => flag == "-o" || flag == "--out",
        _ => flag.eq_ignore_ascii_case("-outfile") || flag.eq_ignore_ascii_case("-o"),
    }
}

impl Walk {
    /// A command is started: what it fetches, makes or starts.
    pub(super) fn command(&mut self, list: &[Rc<str>], parts: &[Option<Rc<str>>], span: Range<usize>) {
        let Some(program) = list.first() else { return };
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let place = parts.first().cloned().flatten();
        let arguments = || list.iter().zip(parts).skip(1);
        if harm::fetches(name) && list.iter().skip(1).any(|part| part.contains("://") || &**part == "?") {
            let mut last = "";
            let mut out = Vec::new();
            for (text, place) in arguments() {
                let copies = matches!(name, "certutil" | "bitsadmin") && !text.contains("://");
                if is_output(name, last) || copies && !text.starts_with(['-', '/']) {
                    out.extend(place.clone());
                }
                // `powershell -Command "iwr … -OutFile C:\…"`
                let words: Vec<&str> = text.split_whitespace().collect();
                let named = words.windows(2).filter(|pair| pair[0].eq_ignore_ascii_case("-outfile"));
                out.extend(named.map(|pair| Rc::from(pair[1].trim_matches(['\'', '"', ';']))));
                last = text;
            }
            self.saw_source |= !out.is_empty();
            self.made.fetched.extend(out);
            return;
        }
        let started = |place: &Rc<str>| self.made.fetched.contains(place);
        let runs = super::harm::interprets(name);
        if self.made.builds
            && runs
            && let Some(line) = list.iter().skip(1).find(|line| builds_from_test(line))
        {
            self.raws.push(Raw::new(FactKind::Flow, "test-data->build", span.clone()).value(&**line));
        }
        let fetched = place.iter().any(&started)
            || runs && arguments().filter_map(|(_, place)| place.as_ref()).any(&started);
        if fetched {
            let raw = Raw::new(FactKind::Shape, "fetched-program", span.clone());
            self.raws.push(raw.value(list.join(" ")));
        }
        self.of_test(place.as_ref(), span.clone());
        match place.filter(|place| is_temporary(place)) {
            Some(place) => drop(self.made.temporary.entry(place).or_insert(span)),
            // A compiler, an unpacker: it may have made what it is given.
            None if !matches!(name, "chmod" | "xattr" | "chown") && !runs => {
                let places: Vec<Rc<str>> = arguments().filter_map(|(_, place)| place.clone()).collect();
                self.made.made.extend(places);
            }
            None => {}
        }
    }

    /// A library is loaded from a file.
    pub(super) fn loads(&mut self, file: Option<&Value>, span: Range<usize>) {
        let place = file.and_then(super::calls::place_of);
        self.of_test(place.as_ref(), span.clone());
        if let Some(place) = place.filter(|place| is_temporary(place)) {
            self.made.temporary.entry(place).or_insert(span);
        }
    }

    fn of_test(&mut self, place: Option<&Rc<str>>, span: Range<usize>) {
        if let Some(place) = place.filter(|place| self.made.of_tests.contains(*place)) {
            let raw = Raw::new(FactKind::Flow, "test-data->build", span).value(&**place);
            self.raws.push(raw);
        }
    }

    /// A build script writes what a test's file holds: to what is compiled, or somewhere.
    pub(super) fn built(&mut self, to: &Option<Rc<str>>, data: u32, value: &Value, span: Range<usize>) {
        let Some(to) = to.as_ref().filter(|_| data & taint::TEST_DATA != 0) else { return };
        let masked = data & (taint::MASKED | taint::DECODED | taint::XORED) != 0;
        // What is written as it was read keeps its kind, where it is honest.
        let from = super::calls::place_of(value);
        let whole = from
            .as_deref()
            .is_some_and(|from| self.made.test_data(Some(from)) != 0 && ending(from) != ending(to));
        if !masked && !whole {
            return;
        }
        self.saw_source = true;
        self.made.of_tests.insert(Rc::clone(to));
        if BUILT.contains(&ending(to).to_ascii_lowercase().as_str()) {
            self.raws.push(Raw::new(FactKind::Flow, "test-data->build", span).value(&**to));
        }
    }

    /// What a method leaves of what is known, and whether a build is given what was made of a test.
    pub(super) fn changed(&mut self, name: &str, taint: u32, values: &[Value], span: Range<usize>) -> u32 {
        if matches!(name, "file" | "object" | "objects" | "files" | "link_arg" | "flag") && self.made.builds {
            for value in values {
                let parts = value.parts.iter().flat_map(|parts| parts.iter().flatten().cloned());
                for place in parts.chain(super::calls::place_of(value)).collect::<Vec<_>>() {
                    self.of_test(Some(&place), span.clone());
                }
            }
        }
        if taint & taint::TEST_DATA == 0 {
            return taint;
        }
        match name {
            "len" | "count" | "is_empty" => taint & !taint::TEST_DATA,
            "wrapping_sub" | "wrapping_add" | "rotate_left" | "rotate_right" | "reverse_bits"
            | "swap_bytes" => {
                self.saw_source = true;
                taint | taint::MASKED
            }
            _ if undoes(name) => taint | taint::MASKED,
            _ => taint,
        }
    }
}
