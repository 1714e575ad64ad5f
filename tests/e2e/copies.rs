//! Copies and forks: whose code a package is made of.

use serde_json::json;

use crate::project::{Project, npm_lib, package};

/// A library of so many functions, all different; `variable` is what a copy renames first.
fn library(variable: &str) -> String {
    (0..150)
        .map(|n| {
            format!(
                "exports.f{n} = function ({variable}) {{\n  if ({variable}.length > {n}) {{\n    return \
                 {variable}.slice({n}, {variable}.size{n}).map((x) => x.value{n} * {n}).filter(Boolean);\n  }}\n  \
                 throw new Error('bad {n}');\n}};\n"
            )
        })
        .collect()
}

#[test]
fn a_copy_names_its_origin_what_it_adds_and_what_it_inherits() {
    let mut project = Project::new();
    // What many use, by name; the code is the test's own.
    let origin = npm_lib("lodash", "4.17.15", &library("list"));
    let mut copy = npm_lib("handy-lists", "1.0.0", &library("q"));
    let added = "const https = require('https');\nmodule.exports = (done) => https.get('https://api.invalid/v1', done);\n";
    copy.files.insert("extra.js".to_owned(), added.repeat(4));
    let apart = npm_lib("quite-other", "1.0.0", "module.exports = (a, b) => a + b;\n");
    let record = json!({
        "id": "GHSA-test-copy", "modified": "2026-11-20T00:00:00Z", "schema_version": "1.6.0",
        "summary": "lists can be made to overflow",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}],
    });
    std::fs::write(project.db().join("copy.json"), record.to_string()).unwrap();
    project.npm(&[origin, copy, apart]);
    let document = project.audit(&[]);
    let rules = |name: &str| -> Vec<(String, String)> {
        let list = package(&document, name)["findings"].as_array().unwrap().clone();
        let text =
            |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        list.iter()
            .map(|finding| (text(finding, "rule"), text(finding, "message")))
            .filter(|(rule, _)| rule.starts_with("identity/"))
            .collect()
    };
    let said = rules("handy-lists");
    let names: Vec<&str> = said.iter().map(|(rule, _)| rule.as_str()).collect();
    for rule in ["identity/copy", "identity/changed-copy", "identity/inherited-advisory"] {
        assert!(names.contains(&rule), "{rule}: {said:?}");
    }
    assert!(said.iter().any(|(_, message)| message.contains("npm lodash 4.17.15")), "{said:?}");
    assert!(said.iter().any(|(_, message)| message.contains("GHSA-test-copy")), "{said:?}");
    assert_eq!(package(&document, "handy-lists")["verdict"], "deny");
    assert!(rules("quite-other").is_empty() && rules("lodash").is_empty());
}
