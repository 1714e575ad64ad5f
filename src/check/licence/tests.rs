use std::sync::Arc;

use super::*;
use crate::model::{Ecosystem, File, Location, Provenance};

const MIT: &str = "MIT License\n\nCopyright (c) 2020 Somebody\n\nPermission is hereby granted, free of charge, to any \
person obtaining a copy of this software and associated documentation files (the \"Software\"), to deal in the Software \
without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, \
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, \
subject to the following conditions:\n\nThe above copyright notice and this permission notice shall be included in all \
copies or substantial portions of the Software.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, \
EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE \
AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER \
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE \
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n";

const ISC: &str = "ISC License\n\nPermission to use, copy, modify, and/or distribute this software for any purpose \
with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in \
all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE \
INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY \
SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR \
PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH \
THE USE OR PERFORMANCE OF THIS SOFTWARE.\n";

fn package(ecosystem: Ecosystem) -> Package {
    Package {
        purl: "pkg:npm/x@1.0.0".to_owned(),
        ..Package::registry(
            ecosystem,
            "x",
            "1.0.0",
            Location { file: Arc::from("package-lock.json"), line: 7, column: 5 },
        )
    }
}

fn contents(files: &[(&str, &str)]) -> Contents {
    let (mut buffer, mut list) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let start = buffer.len();
        buffer.extend(text.bytes());
        list.push(File { path: Arc::from(*path), range: start..buffer.len(), executable: false });
    }
    Contents::new(Provenance::Unverified("test".to_owned()), None, list, Arc::new(buffer))
}

fn show(ecosystem: Ecosystem, files: &[(&str, &str)]) -> String {
    let licence = check(&package(ecosystem), &contents(files));
    let mut out =
        format!("{} [{}]", licence.expression.unwrap_or_else(|| "-".to_owned()), licence.texts.join(" "));
    for f in licence.findings {
        out += &format!("; {} {}/{} {}", f.rule, f.severity.as_str(), f.confidence.as_str(), f.message);
    }
    out
}

#[test]
fn declarations_of_every_form() {
    let npm = |json: &str| show(Ecosystem::Npm, &[("package.json", json), ("LICENSE", MIT)]);
    let cargo = |toml: &str| show(Ecosystem::Cargo, &[("Cargo.toml", toml), ("LICENSE-MIT", MIT)]);
    let got = [
        npm(r#"{"license": "MIT"}"#),
        npm(r#"{"license": {"type": "MIT", "url": "x"}}"#),
        npm(r#"{"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}"#),
        npm(r#"{"license": "SEE LICENSE IN LICENSE"}"#),
        npm(r#"{"license": "UNLICENSED"}"#),
        npm(r#"{"license": "Do What You Like"}"#),
        npm(r#"{"name": "x"}"#),
        npm("{"),
        cargo("[package]\nlicense = \"MIT/Apache-2.0\"\n"),
        cargo("[package]\nlicense-file = \"LICENSE-MIT\"\n"),
        cargo("[package]\nname = \"x\"\n"),
    ];
    insta::assert_snapshot!(got.join("\n"), @r"
    MIT [MIT]
    MIT [MIT]
    MIT OR Apache-2.0 [MIT]
    SEE LICENSE IN LICENSE [MIT]
    UNLICENSED [MIT]
    Do What You Like [MIT]; licence/invalid-expression low/high `Do What You Like` is no SPDX expression: unknown term
    - [MIT]; licence/undeclared low/high package.json declares no licence
    - [MIT]; licence/undeclared low/high package.json declares no licence
    MIT/Apache-2.0 [MIT]
    license-file: LICENSE-MIT [MIT]
    - [MIT]; licence/undeclared low/high Cargo.toml declares no licence
    ");
}

#[test]
fn texts_against_declarations() {
    let npm = |json: &str, files: &[(&str, &str)]| {
        let mut all = vec![("package.json", json)];
        all.extend(files);
        show(Ecosystem::Npm, &all)
    };
    let got = [
        npm(r#"{"license": "MIT"}"#, &[]),
        npm(r#"{"license": "MIT"}"#, &[("LICENSE", ISC)]),
        npm(r#"{"license": "(MIT OR ISC)"}"#, &[("LICENSE", ISC)]),
        npm(r#"{"license": "MIT"}"#, &[("LICENSE", "All rights are somebody's.\n")]),
        npm(r#"{"license": "MIT"}"#, &[("LICENSE", MIT), ("LICENSE.isc", ISC)]),
        npm(r#"{"license": "MIT"}"#, &[("license.js", ISC), ("docs/LICENSE", ISC)]),
        npm(r#"{"license": "Apache-2.0 WITH LLVM-exception"}"#, &[("LICENSES/MIT.txt", MIT)]),
    ];
    insta::assert_snapshot!(got.join("\n"), @r"
    MIT []; licence/no-text info/high declares `MIT` but ships no licence file
    MIT [ISC]; licence/text-differs low/low declares `MIT` but LICENSE is the text of ISC
    (MIT OR ISC) [ISC]
    MIT []
    MIT [ISC MIT]
    MIT []; licence/no-text info/high declares `MIT` but ships no licence file
    Apache-2.0 WITH LLVM-exception [MIT]; licence/text-differs low/low declares `Apache-2.0 WITH LLVM-exception` but LICENSES/MIT.txt is the text of MIT
    ");
}

/// Findings about a declaration stand at it, in every form of it, after a byte order mark too.
#[test]
fn findings_have_line_and_column() {
    let cases = [
        (Ecosystem::Npm, "\u{feff}{\n  \"license\": \"Do What\"\n}", "2:14 \"Do What\""),
        (
            Ecosystem::Npm,
            "{\"name\":\"x\",\n\"licenses\": [{\"type\": \"No\"}]}",
            "2:13 [{\"type\": \"No\"}]",
        ),
        (Ecosystem::Npm, "\n{\"name\":\"x\"}", "2:1 {"),
        (Ecosystem::Cargo, "[package]\nname = \"x\"\nlicense = \"what\"\n", "3:11 \"what\""),
        (Ecosystem::Cargo, "# x\n[package]\nname = \"x\"\n", "2:1 [package]"),
    ];
    for (ecosystem, text, expected) in cases {
        let file = super::super::manifest::file_name(ecosystem);
        let found = check(&package(ecosystem), &contents(&[(file, text), ("LICENSE", MIT)])).findings;
        let [finding] = &found[..] else { panic!("{found:?}") };
        let span = &finding.spans[0];
        let marked = &text[span.start as usize..span.end as usize];
        assert_eq!(format!("{}:{} {marked}", span.line, span.column), expected);
    }
}

#[test]
fn copyleft_under_a_permissive_declaration_weighs_more() {
    let text = |id: &str| text::Text { file: "COPYING".to_owned(), id: Some(id.to_owned()) };
    let declared = |written: &str| Declared::Expression {
        place: Span::file("package.json"),
        written: written.to_owned(),
        expression: Box::new(spdx::Expression::parse(written).expect("an expression")),
    };
    let of = |written: &str, id: &str| about_texts(&declared(written), &[text(id)]).map(|f| f.severity);
    assert_eq!(of("MIT", "GPL-3.0-only"), Some(Severity::Medium));
    assert_eq!(of("MIT", "ISC"), Some(Severity::Low));
    assert_eq!(of("GPL-3.0-or-later", "GPL-3.0-only"), None);
    assert_eq!(of("LicenseRef-own", "GPL-3.0-only"), None);
}

proptest::proptest! {
    #[test]
    fn no_manifest_panics(text in ".{0,80}", licence in ".{0,40}") {
        let json = serde_json::json!({"license": licence}).to_string();
        for text in [&text, &json, &format!("[package]\nlicense = {licence:?}\n")] {
            for ecosystem in [Ecosystem::Npm, Ecosystem::Cargo] {
                check(&package(ecosystem), &contents(&[("package.json", text), ("Cargo.toml", text)]));
            }
        }
    }
}
