//! Files that no manager wrote: the error names file, line, column and what to do.

use proptest::prelude::*;

use super::*;

fn error(lockfile: &str, text: &str) -> String {
    match project(lockfile, &[(lockfile, text)]) {
        Ok(got) => format!("no error: {}", shown(&got)),
        Err(error) => error.replace("\n  help:", " |"),
    }
}

#[test]
fn pnpm() {
    let cases = [
        "",
        " \n",
        "[]",
        "a: [",
        "packages: {}\n",
        "lockfileVersion: '8.0'\n",
        "lockfileVersion: 10\n",
        "lockfileVersion: '9.0'\npackages: []\n",
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: x\n",
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n",
        "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {resolution: {}}\n  a@1.0.0: {resolution: {}}\n",
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: x}\n",
        "lockfileVersion: '9.0'\nimporters:\n<<<<<<< HEAD\n  .: {}\n=======\n  a: {}\n>>>>>>> b\n",
        "lockfileVersion: '9.0'\n---\nlockfileVersion: '6.0'\n",
        "lockfileVersion: '9.0'\npackages:\n  [a]: {}\n",
    ];
    let got: Vec<_> = cases.iter().map(|text| error("pnpm-lock.yaml", text)).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    pnpm-lock.yaml:1:1: the file is empty | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:1:1: the file is empty | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:1:1: expected a mapping, found a sequence | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:1:5: not YAML: while parsing a node, did not find expected node content | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:1:1: `lockfileVersion` is missing | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:1:18: lockfileVersion 8.0 is not known, only 5, 6, 7 and 9 are | look for a newer bomvet, or write the lockfile with pnpm 9 or 10
    pnpm-lock.yaml:1:18: lockfileVersion 10 is not known, only 5, 6, 7 and 9 are | look for a newer bomvet, or write the lockfile with pnpm 9 or 10
    pnpm-lock.yaml:2:11: `packages` must be a mapping, found a sequence | pnpm writes no such file; write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:3:12: the entry `a@1.0.0` must be a mapping, found a scalar | pnpm writes no such file; write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:3:3: `a@1.0.0` has no resolution | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:4:3: the key `a@1.0.0` stands twice, which pnpm refuses | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:5:10: the version of `a` must be a scalar, found a mapping | pnpm writes no such file; write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:3:1: a merge conflict is not resolved (`<<<<<<<`) | resolve it (write it again with `pnpm install --lockfile-only`), then audit again
    pnpm-lock.yaml:3:18: the documents have different versions | write it again with `pnpm install --lockfile-only`
    pnpm-lock.yaml:3:3: a key must be a scalar, found a sequence | pnpm writes no such file; write it again with `pnpm install --lockfile-only`
    "#);
}

#[test]
fn yarn() {
    let cases = [
        "",
        "a\n",
        "a@1:\n",
        "a@1:\n   version \"1\"\n",
        "a@1:\n  version\n",
        "a@1:\n  version \"1\n",
        "  version \"1\"\n",
        "a:\n  version \"1.0.0\"\n",
        "a@1:\n  version \"1.0.0\"\n    b \"1\"\n",
        "a@1:\n  version \"1.0.0\"\n  dependencies:\n    b\n",
        "\"a@1\"x:\n",
        "a@1:\n  version \"\\q\"\n",
        "<<<<<<< HEAD\na@1:\n",
        "__metadata:\n  version: 99\n",
        "__metadata: {}\n",
        "__metadata:\n  version: 8\n\"a@npm:1\": x\n",
        "__metadata:\n  version: 8\n\"a@npm:1\":\n  version: 1\n",
        "__metadata:\n  version: 8\n\"a@npm:1\":\n  resolution: \"a@npm:1\"\n  dependencies: []\n",
        "__metadata:\n  version: 8\n---\na: b\n",
    ];
    let got: Vec<_> = cases.iter().map(|text| error("yarn.lock", text)).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    yarn.lock:1:1: the file is empty | write it again with `yarn install`
    yarn.lock:1:1: a line that belongs to no entry | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:1:1: `a` has no version | write it again with `yarn install`
    yarn.lock:2:4: indented by an odd number of spaces | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:2:3: expected a key and a value | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:2:11: a string does not end | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:1:3: a line that belongs to no entry | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:1:1: expected `name@version` before the colon | write it again with `yarn install`
    yarn.lock:3:5: a line that belongs to no entry | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:4:5: expected a name and a version | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:1:6: expected a space, `, ` or `:` | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:2:11: unknown escape in a string | Yarn writes no such line; write it again with `yarn install`
    yarn.lock:1:1: a merge conflict is not resolved (`<<<<<<<`) | resolve it (`yarn install` does so), then audit again
    yarn.lock:2:12: version 99 is not known, only 3 to 10 are | look for a newer bomvet
    yarn.lock:1:1: `version` is missing in `__metadata` | write it again with `yarn install`
    yarn.lock:3:12: the entry `a@npm:1` must be a mapping, found a scalar | Yarn writes no such file; write it again with `yarn install`
    yarn.lock:3:1: `a@npm:1` has no resolution `name@reference` | write it again with `yarn install`
    yarn.lock:5:17: `dependencies` must be a mapping, found a sequence | Yarn writes no such file; write it again with `yarn install`
    yarn.lock:4:1: a second document begins | write it again with `yarn install`
    "#);
}

#[test]
fn bun() {
    let cases = [
        "",
        "[]",
        "{}",
        r#"{"lockfileVersion": 9}"#,
        r#"{"lockfileVersion": "1"}"#,
        r#"{"lockfileVersion": 1, "packages": []}"#,
        r#"{"lockfileVersion": 1, "packages": {"a": []}}"#,
        r#"{"lockfileVersion": 1, "packages": {"a": ["a"]}}"#,
        r#"{"lockfileVersion": 1, "packages": {"a": {}}}"#,
        r#"{"lockfileVersion": 1, "workspaces": {"": []}}"#,
        r#"{"lockfileVersion": 1, "workspaces": {"": {"dependencies": {"a": 1}}}}"#,
        "{\"lockfileVersion\": 1,\n<<<<<<< HEAD\n}",
        "{\"lockfileVersion\": 1 /* ",
    ];
    let got: Vec<_> = cases.iter().map(|text| error("bun.lock", text)).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    bun.lock:1:1: the file is empty | write it again with `bun install --lockfile-only`
    bun.lock:1:1: expected an object, found an array | write it again with `bun install --lockfile-only`
    bun.lock:1:1: `lockfileVersion` is missing | write it again with `bun install --lockfile-only`
    bun.lock:1:21: lockfileVersion 9 is not known, only 0 to 2 are | look for a newer bomvet, or write the lockfile with Bun 1.2 or 1.3
    bun.lock:1:21: `lockfileVersion` must be a number, found a string | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:36: `packages` must be an object, found an array | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:42: the entry `a` must be an array with `name@version` in it, found an array | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:43: the first element of the entry `a` must be `name@version`, found a string | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:42: the entry `a` must be an array with `name@version` in it, found an object | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:43: a workspace must be an object, found an array | Bun writes no such file; write it again with `bun install --lockfile-only`
    bun.lock:1:66: `a` in `dependencies` must be a string, found a number | npm writes no such file; write it again with `npm install --package-lock-only`
    bun.lock:2:1: a merge conflict is not resolved (`<<<<<<<`) | resolve it (write it again with `bun install --lockfile-only`), then audit again
    bun.lock:1:23: not JSON: expected `,` or `}`, found `/` | write it again with `bun install --lockfile-only`
    "#);
}

#[test]
fn deno() {
    let cases = [
        "",
        "{}",
        r#"{"version": "2"}"#,
        r#"{"version": 4}"#,
        r#"{"version": "4", "npm": []}"#,
        r#"{"version": "4", "npm": {"a@1": 1}}"#,
        r#"{"version": "4", "specifiers": {"npm:a": 1}}"#,
        r#"{"version": "4", "npm": {"a@1": {"dependencies": [1]}}}"#,
        r#"{"version": "4", "workspace": {"dependencies": [1]}}"#,
    ];
    let got: Vec<_> = cases.iter().map(|text| error("deno.lock", text)).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    deno.lock:1:1: the file is empty | write it again with `deno install --frozen=false`
    deno.lock:1:1: `version` is missing | write it again with `deno install --frozen=false`
    deno.lock:1:13: version 2 is not known, only "3", "4" and "5" are | look for a newer bomvet, or write the lockfile with Deno 2
    deno.lock:1:13: version a number is not known, only "3", "4" and "5" are | look for a newer bomvet, or write the lockfile with Deno 2
    deno.lock:1:25: `npm` must be an object, found an array | Deno writes no such file; write it again with `deno install --frozen=false`
    deno.lock:1:33: the entry `a@1` must be an object, found a number | Deno writes no such file; write it again with `deno install --frozen=false`
    deno.lock:1:42: an answer must be a string, found a number | Deno writes no such file; write it again with `deno install --frozen=false`
    deno.lock:1:51: a dependency must be a string, found a number | Deno writes no such file; write it again with `deno install --frozen=false`
    deno.lock:1:49: a dependency must be a string, found a number | Deno writes no such file; write it again with `deno install --frozen=false`
    "#);
}

/// A lockfile that names folders outside of what is audited reads none of them.
#[test]
fn folders_outside_are_not_read() {
    let pnpm =
        "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  ../../../../../../etc:\n    dependencies: {}\n";
    let berry = "__metadata:\n  version: 8\n\"a@workspace:../../up\":\n  version: 0.0.0\n  resolution: \"a@workspace:../../up\"\n";
    let bun = r#"{"lockfileVersion": 1, "workspaces": {"": {}, "../../up": {"name": "up"}}, "packages": {"up": ["up@workspace:../../up"]}}"#;
    for (lockfile, text) in [("pnpm-lock.yaml", pnpm), ("yarn.lock", berry), ("bun.lock", bun)] {
        let got = project(lockfile, &[(lockfile, text)]).unwrap();
        assert!(got.findings.iter().any(|(_, f)| f.rule == "lockfile/outside-root"), "{}", shown(&got));
        assert!(got.packages.iter().all(|package| !package.first_party || !package.purl.contains("..")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "[ \\-:{}\\[\\],\n\"#@/a1.^()<>*&]{0,80}", at in 0_usize..4) {
        let (lockfile, head) = [
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {resolution: {}}\nsnapshots:\n  "),
            ("yarn.lock", "a@1:\n  version \"1.0.0\"\n  dependencies:\n    "),
            ("yarn.lock", "__metadata:\n  version: 8\n\"a@npm:1\":\n  resolution: \"a@npm:1\"\n"),
            ("bun.lock", "{\"lockfileVersion\": 1, \"packages\": {"),
        ][at];
        let _ = project(lockfile, &[(lockfile, &format!("{head}{text}"))]);
    }
}
