//! `.npmrc`: the user's own says which registries are theirs and what to log in with; the checkout's
//! is no more than its word.

use crate::project::{Packed, Project, npm_lib, outputs, package, text};
use crate::registry_errors::{json, online, user_npmrc};
use crate::server::{Answer, Server};

const PURE: &str = "module.exports = (a, b) => a + b;\n";
const TOKEN: &str = "npm_THISISASECRET0123456789";

fn rules(package: &serde_json::Value) -> Vec<&str> {
    package["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

/// Packages in npm's cache, each locked to the host that `hosts` gives for it.
fn locked(packages: &[(&str, &str)]) -> Project {
    let all: Vec<Packed> = packages.iter().map(|(name, _)| npm_lib(name, "1.0.0", PURE)).collect();
    let mut project = Project::new();
    project.npm(&all);
    project.npm_lock(&all, |package| {
        let host = packages.iter().find(|(name, _)| *name == package.name).unwrap().1;
        let base = package.name.rsplit('/').next().unwrap();
        Some(format!("https://{host}/{}/-/{base}-1.0.0.tgz", package.name))
    });
    project
}

const PUBLIC: &str = "registry.npmjs.org";
const COMPANY: &str = "npm.company.invalid";

#[test]
fn a_host_that_the_user_names_is_expected_scope_by_scope() {
    let locked = || locked(&[("@company/ours", COMPANY), ("left-part", PUBLIC), ("right-part", PUBLIC)]);
    for (npmrc, expected) in [
        ("", "deny"),
        ("@company:registry=https://npm.company.invalid/\n", "approve"),
        ("@other:registry=https://npm.company.invalid/\n", "deny"),
        ("registry=https://npm.company.invalid/\n", "approve"),
        ("//npm.company.invalid/:_authToken=abc\n", "approve"),
        ("@company:registry=https://other.invalid/\n", "deny"),
    ] {
        let project = locked();
        user_npmrc(&project, npmrc);
        let document = project.audit(&[]);
        let ours = package(&document, "@company/ours");
        assert_eq!(ours["verdict"], expected, "{npmrc}: {ours:#}");
        assert_eq!(rules(ours).contains(&"lockfile/foreign-host"), expected == "deny", "{npmrc}");
        assert_eq!(package(&document, "left-part")["verdict"], "approve");
    }
    // The scope's registry is not that of other packages.
    let project = self::locked(&[("@company/ours", COMPANY), ("left-part", COMPANY), ("right-part", PUBLIC)]);
    user_npmrc(&project, "@company:registry=https://npm.company.invalid/\n");
    let document = project.audit(&[]);
    assert_eq!(package(&document, "@company/ours")["verdict"], "approve");
    let moved = package(&document, "left-part");
    assert!(rules(moved).contains(&"lockfile/foreign-host"), "{moved:#}");
    assert_eq!(moved["reasons"][0]["spans"][0]["file"], "package-lock.json");
}

/// A project that names its registry where all of its lockfile agrees: approved, and said with the line.
#[test]
fn the_checkouts_word_is_taken_where_the_whole_lockfile_agrees_and_is_said() {
    let project = locked(&[("@company/ours", COMPANY), ("left-part", PUBLIC), ("right-part", PUBLIC)]);
    project.write(".npmrc", "; ours\n@company:registry=https://npm.company.invalid/\n");
    let document = project.audit(&[]);
    assert_eq!(package(&document, "@company/ours")["verdict"], "approve");
    let own = package(&document, "app");
    let said = own["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "lockfile/checkout-registry");
    let said = said.unwrap_or_else(|| panic!("{own:#}"));
    assert_eq!(
        said["message"],
        "the project's own .npmrc names npm.company.invalid for `@company`; yours does not"
    );
    assert_eq!((&said["spans"][0]["file"], &said["spans"][0]["line"]), (&".npmrc".into(), &2.into()));
    // Once the user names it too, there is nothing to say.
    user_npmrc(&project, "@company:registry=https://npm.company.invalid/\n");
    assert!(!rules(package(&project.audit(&[]), "app")).contains(&"lockfile/checkout-registry"));
}

/// A line added to make one moved package look named: the others contradict it.
#[test]
fn a_line_in_the_checkout_does_not_excuse_a_moved_package() {
    for (packages, moved, line) in [
        (
            [("left-part", "evil.invalid"), ("right-part", PUBLIC), ("third-part", PUBLIC)],
            "left-part",
            "registry=https://evil.invalid/\n",
        ),
        (
            [("@types/a", "evil.invalid"), ("@types/b", PUBLIC), ("right-part", PUBLIC)],
            "@types/a",
            "@types:registry=https://evil.invalid/\n",
        ),
        (
            [("left-part", "evil.invalid"), ("right-part", PUBLIC), ("third-part", PUBLIC)],
            "left-part",
            "@any:registry=https://evil.invalid/\n",
        ),
        (
            [("left-part", "evil.invalid"), ("right-part", PUBLIC), ("third-part", PUBLIC)],
            "left-part",
            "//evil.invalid/:_authToken=x\n",
        ),
    ] {
        let project = locked(&packages);
        project.write(".npmrc", line);
        let document = project.audit(&[]);
        let denied = package(&document, moved);
        assert_eq!(denied["verdict"], "deny", "{line}");
        assert!(rules(denied).contains(&"lockfile/foreign-host"), "{line}: {denied:#}");
    }
}

/// A file of a megabyte of scopes costs no time, and says nothing of scopes that no package has.
#[test]
fn a_long_file_in_the_checkout_costs_no_time() {
    let names: Vec<String> = (0..400).map(|n| format!("@scope-{n}/part")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PUBLIC)).collect();
    let project = locked(&packages);
    let lines: String = (0..20_000).map(|n| format!("@scope-{n}:registry=https://r{n}.invalid/\n")).collect();
    assert!(lines.len() < 1 << 20);
    project.write(".npmrc", lines);
    let began = std::time::Instant::now();
    let document = project.audit(&[]);
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    let said =
        rules(package(&document, "app")).into_iter().filter(|rule| *rule == "lockfile/checkout-registry");
    assert_eq!(said.count(), 400);
}

/// The user's token goes to the host that it is for, and nowhere else, whatever the checkout says.
#[test]
fn a_token_goes_to_its_own_host_only() {
    let private = npm_lib("@company/ours", "1.0.0", PURE);
    let body = private.archive("package");
    let path = "/@company/ours/-/ours-1.0.0.tgz";
    let own = Server::start(&[(path, vec![Answer::IfAuthorized(format!("Bearer {TOKEN}"), body.clone())])]);
    let other = Server::start(&[(path, vec![Answer::Ok(body)])]);
    let npmrc = format!("@company:registry={}\n//{}/:_authToken={TOKEN}\n", own.url(), own.address);
    let project = Project::new();
    project.npm_lock(std::slice::from_ref(&private), |_| None);
    user_npmrc(&project, &npmrc);
    assert_eq!(json(&project, &[])["verdict"], "approve");
    assert_eq!(own.tokens(), [Some(format!("Bearer {TOKEN}"))]);

    // The checkout names another registry, with a credential of its own and a variable to expand.
    let hostile = format!(
        "@company:registry={}\nregistry={}\n//{}/:_authToken=${{SECRET}}\nnode-options=--require ./evil.js\n",
        other.url(),
        other.url(),
        other.address
    );
    let project = Project::new();
    project.npm_lock(std::slice::from_ref(&private), |_| None);
    user_npmrc(&project, &npmrc);
    project.write(".npmrc", hostile);
    let document = json(&project, &[]);
    // A host of this network that only the checkout names is not even asked.
    assert_eq!(other.paths(), Vec::<String>::new());
    assert_eq!(document["verdict"], "deny");
    let said = package(&document, "@company/ours")["reasons"].to_string();
    assert!(said.contains("not named by your own configuration"), "{said}");

    // A redirect to another host leaves the token behind.
    let away = Server::start(&[(
        path,
        vec![Answer::Status(
            302,
            vec![("location", format!("{}@company/ours/-/ours-1.0.0.tgz", other.url()))],
        )],
    )]);
    let project = Project::new();
    project.npm_lock(&[private], |_| None);
    user_npmrc(
        &project,
        &format!("@company:registry={}\n//{}/:_authToken={TOKEN}\n", away.url(), away.address),
    );
    assert_eq!(json(&project, &[])["verdict"], "approve");
    assert_eq!(away.tokens(), [Some(format!("Bearer {TOKEN}"))]);
    assert_eq!(other.tokens(), [None]);
}

/// A registry that does not accept the token: it stands in no output, in no format, in no file of the store.
#[test]
fn a_refused_token_is_shown_nowhere() {
    let private = npm_lib("@company/ours", "1.0.0", PURE);
    let path = "/@company/ours/-/ours-1.0.0.tgz";
    let server = Server::start(&[(path, vec![Answer::Status(401, vec![])])]);
    let project = Project::new();
    project.npm_lock(&[private], |_| None);
    let basic = "dXNlcjpTRUNSRVRQQVNT";
    for (credential, sent) in [
        (format!("_authToken={TOKEN}"), format!("Bearer {TOKEN}")),
        (format!("_auth={basic}"), format!("Basic {basic}")),
    ] {
        user_npmrc(
            &project,
            &format!("@company:registry={}\n//{}/:{credential}\n", server.url(), server.address),
        );
        for format in ["table", "json", "sarif", "markdown"] {
            let mut command = project.bomvet();
            let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--offline").collect();
            command.args(args).args(["--format", format, "--retries", "0"]);
            command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("DEBUG", "*");
            let run = command.output().unwrap();
            assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
            let mut all: Vec<Vec<u8>> = outputs(&project.out()).into_values().collect();
            assert!(all.len() == 4);
            if format == "table" {
                let said = text(&run.stdout);
                assert!(said.contains("answered 401 Unauthorized") && said.contains("npm login"), "{said}");
            }
            all.extend([run.stdout, run.stderr]);
            for bytes in all {
                let shown = text(&bytes);
                for secret in [TOKEN, basic, "SECRETPASS"] {
                    assert!(!shown.contains(secret), "{format}: {shown}");
                }
            }
        }
        assert!(server.tokens().contains(&Some(sent)), "it was sent where it belongs");
    }
    // A credential in a URL of the user's own configuration is not shown either.
    user_npmrc(&project, &format!("@company:registry=http://user:SECRETPASS@{}/\n", server.address));
    let run = online(&project, &["--format", "json"]);
    assert!(!(text(&run.stdout) + &text(&run.stderr)).contains("SECRETPASS"));
}
