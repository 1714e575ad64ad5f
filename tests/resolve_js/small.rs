//! One project, installed with each manager: `fixtures/js`, as the managers wrote the lockfiles.

use super::*;

const ALL: [(&str, &str); 8] = [
    ("pnpm-5", "pnpm-lock.yaml"),
    ("pnpm-6", "pnpm-lock.yaml"),
    ("pnpm-9", "pnpm-lock.yaml"),
    ("yarn-1", "yarn.lock"),
    ("yarn-3", "yarn.lock"),
    ("yarn-4", "yarn.lock"),
    ("bun", "bun.lock"),
    ("deno", "deno.lock"),
];

fn of(folder: &str, lockfile: &str) -> Resolution {
    try_resolve(&fixtures().join(folder), lockfile).unwrap()
}

/// `use-sync-external-store` has the version that the registry gave on that day.
#[test]
fn every_manager_gives_the_same_packages() {
    let expected = third_party(&of("pnpm-9", "pnpm-lock.yaml"));
    assert_eq!(expected.len(), 13);
    for (folder, lockfile) in ALL {
        let got = third_party(&of(folder, lockfile));
        let missing: Vec<_> =
            expected.difference(&got).filter(|p| folder != "deno" || !p.starts_with("fsevents")).collect();
        assert!(missing.is_empty(), "{folder} lacks {missing:?}");
        // Yarn's later versions lock what builds fsevents too.
        if !matches!(folder, "yarn-3" | "yarn-4") {
            assert!(got.is_subset(&expected), "{folder} has more: {got:?}");
        }
    }
}

/// Berry's checksum is that of its own zip.
#[test]
fn every_manager_but_berry_gives_digests() {
    for (folder, lockfile) in ALL {
        let got = of(folder, lockfile);
        let without = got.packages.iter().filter(|p| !p.first_party && p.integrity.is_empty()).count();
        let theirs = got.packages.iter().filter(|p| !p.first_party).count();
        let berry = matches!(folder, "yarn-3" | "yarn-4");
        assert_eq!(without, if berry { theirs } else { 0 }, "{folder}");
    }
}

#[test]
fn honest_lockfiles_have_no_findings() {
    for (folder, lockfile) in ALL {
        let got = of(folder, lockfile);
        let told: Vec<_> = got.findings.iter().map(|(_, f)| format!("{}: {}", f.rule, f.message)).collect();
        // JSR could not be asked when the lockfile was written.
        let known = |text: &String| folder == "deno" && text.contains("jsr:@std/path");
        assert!(told.iter().all(known), "{folder}: {told:?}");
    }
}

/// Every edge of the project's own folders, with its line.
#[test]
fn own_folders_ask_by_their_package_json() {
    for (folder, lockfile) in ALL {
        let got = of(folder, lockfile);
        let one: Vec<_> = got
            .dependencies
            .iter()
            .filter(|edge| edge.from.contains("one") && edge.from.contains("packages/one"))
            .map(|edge| {
                let to = edge.to.trim_start_matches("pkg:npm/");
                format!("{to} {} {}:{}", edge.requirement, edge.declared.file, edge.declared.line)
            })
            .collect();
        let expected = if folder == "deno" {
            ["is-number@7.0.0 7 deno.lock:88", "is-odd@3.0.1 3 deno.lock:89"]
        } else {
            [
                "is-number@7.0.0 ^7.0.0 packages/one/package.json:5",
                "is-odd@3.0.1 ^3.0.0 packages/one/package.json:6",
            ]
        };
        assert_eq!(one, expected, "{folder}");
    }
}

#[test]
fn pnpm_of_every_version() {
    insta::assert_snapshot!(shown(&of("pnpm-5", "pnpm-lock.yaml")), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :23:3
    pkg:npm/fsevents@2.3.3 optional sha512 darwin :33:3
    pkg:npm/is-buffer@1.1.6 sha512  :41:3
    pkg:npm/is-number@3.0.0 sha512  :45:3
    pkg:npm/is-number@6.0.0 sha512  :52:3
    pkg:npm/is-number@7.0.0 sha512  :57:3
    pkg:npm/is-odd@0.1.2 sha512  :62:3
    pkg:npm/is-odd@3.0.1 sha512  :69:3
    pkg:npm/js-tokens@4.0.0 sha512  :76:3
    pkg:npm/kind-of@3.2.2 sha512  :80:3
    pkg:npm/loose-envify@1.4.0 sha512  :87:3
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :5:3
    pkg:npm/picocolors@1.1.1 sha512  :94:3
    pkg:npm/react@18.3.1 sha512  :98:3
    pkg:npm/use-sync-external-store@1.7.0 sha512  :105:3
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "" pnpm-lock.yaml:49:7
    is-odd@0.1.2 -> is-number@3.0.0 Normal "" pnpm-lock.yaml:66:7
    is-odd@3.0.1 -> is-number@6.0.0 Normal "" pnpm-lock.yaml:73:7
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "" pnpm-lock.yaml:84:7
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "" pnpm-lock.yaml:91:7
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" pnpm-lock.yaml:23:3
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:16:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:8:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:7:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:13:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:9:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:10:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "" pnpm-lock.yaml:102:7
    use-sync-external-store@1.7.0 -> react@18.3.1 Peer "^16.8.0 || ^17.0.0 || ^18.0.0 || ^19.0.0" pnpm-lock.yaml:110:7
    "#);
    insta::assert_snapshot!(shown(&of("pnpm-6", "pnpm-lock.yaml")), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :32:3
    pkg:npm/fsevents@2.3.3 optional sha512 darwin :43:3
    pkg:npm/is-buffer@1.1.6 sha512  :51:3
    pkg:npm/is-number@3.0.0 sha512  :55:3
    pkg:npm/is-number@6.0.0 sha512  :62:3
    pkg:npm/is-number@7.0.0 sha512  :67:3
    pkg:npm/is-odd@0.1.2 sha512  :72:3
    pkg:npm/is-odd@3.0.1 sha512  :79:3
    pkg:npm/js-tokens@4.0.0 sha512  :86:3
    pkg:npm/kind-of@3.2.2 sha512  :90:3
    pkg:npm/loose-envify@1.4.0 sha512  :97:3
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :9:3
    pkg:npm/picocolors@1.1.1 sha512  :104:3
    pkg:npm/react@18.3.1 sha512  :108:3
    pkg:npm/use-sync-external-store@1.7.0 sha512  :115:3
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "" pnpm-lock.yaml:59:7
    is-odd@0.1.2 -> is-number@3.0.0 Normal "" pnpm-lock.yaml:76:7
    is-odd@3.0.1 -> is-number@6.0.0 Normal "" pnpm-lock.yaml:83:7
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "" pnpm-lock.yaml:94:7
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "" pnpm-lock.yaml:101:7
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" pnpm-lock.yaml:32:3
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:16:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:8:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:7:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:13:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:9:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:10:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "" pnpm-lock.yaml:112:7
    use-sync-external-store@1.7.0 -> react@18.3.1 Peer "^16.8.0 || ^17.0.0 || ^18.0.0 || ^19.0.0" pnpm-lock.yaml:120:7
    "#);
    insta::assert_snapshot!(shown(&of("pnpm-9", "pnpm-lock.yaml")), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :32:3
    pkg:npm/fsevents@2.3.3 optional sha512 darwin :43:3
    pkg:npm/is-buffer@1.1.6 sha512  :48:3
    pkg:npm/is-number@3.0.0 sha512  :51:3
    pkg:npm/is-number@6.0.0 sha512  :55:3
    pkg:npm/is-number@7.0.0 sha512  :59:3
    pkg:npm/is-odd@0.1.2 sha512  :63:3
    pkg:npm/is-odd@3.0.1 sha512  :67:3
    pkg:npm/js-tokens@4.0.0 sha512  :71:3
    pkg:npm/kind-of@3.2.2 sha512  :74:3
    pkg:npm/loose-envify@1.4.0 sha512  :78:3
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :9:3
    pkg:npm/picocolors@1.1.1 sha512  :82:3
    pkg:npm/react@18.3.1 sha512  :85:3
    pkg:npm/use-sync-external-store@1.7.0 sha512  :89:3
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "" pnpm-lock.yaml:103:7
    is-odd@0.1.2 -> is-number@3.0.0 Normal "" pnpm-lock.yaml:111:7
    is-odd@3.0.1 -> is-number@6.0.0 Normal "" pnpm-lock.yaml:115:7
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "" pnpm-lock.yaml:121:7
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "" pnpm-lock.yaml:125:7
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" pnpm-lock.yaml:32:3
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:16:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:8:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:7:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:13:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:9:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:10:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "" pnpm-lock.yaml:131:7
    use-sync-external-store@1.7.0 -> react@18.3.1 Peer "^16.8.0 || ^17.0.0 || ^18.0.0 || ^19.0.0" pnpm-lock.yaml:135:7
    "#);
}

#[test]
fn yarn_classic() {
    insta::assert_snapshot!(shown(&of("yarn-1", "yarn.lock")), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :1:1
    pkg:npm/fsevents@2.3.3 optional sha512  :5:1
    pkg:npm/is-buffer@1.1.6 sha512  :9:1
    pkg:npm/is-number@3.0.0 sha512  :13:1
    pkg:npm/is-number@6.0.0 sha512  :19:1
    pkg:npm/is-number@7.0.0 sha512  :23:1
    pkg:npm/is-odd@0.1.2 sha512  :49:1
    pkg:npm/is-odd@3.0.1 sha512  :27:1
    pkg:npm/js-tokens@4.0.0 sha512  :33:1
    pkg:npm/kind-of@3.2.2 sha512  :37:1
    pkg:npm/loose-envify@1.4.0 sha512  :43:1
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :1:1
    pkg:npm/picocolors@1.1.1 sha512  :55:1
    pkg:npm/react@18.3.1 sha512  :59:1
    pkg:npm/use-sync-external-store@1.7.0 sha512  :65:1
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "^3.0.2" yarn.lock:17:5
    is-odd@0.1.2 -> is-number@3.0.0 Normal "^3.0.0" yarn.lock:53:5
    is-odd@3.0.1 -> is-number@6.0.0 Normal "^6.0.0" yarn.lock:31:5
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "^1.1.5" yarn.lock:41:5
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "^3.0.0 || ^4.0.0" yarn.lock:47:5
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" yarn.lock:1:1
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:16:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:8:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:7:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:13:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:9:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:10:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "^1.1.0" yarn.lock:63:5
    "#);
}

#[test]
fn bun() {
    insta::assert_snapshot!(shown(&of("bun", "bun.lock")), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :20:5
    pkg:npm/fsevents@2.3.3 optional sha512 darwin :32:5
    pkg:npm/is-buffer@1.1.6 sha512  :34:5
    pkg:npm/is-number@3.0.0 sha512  :56:5
    pkg:npm/is-number@6.0.0 sha512  :54:5
    pkg:npm/is-number@7.0.0 sha512  :36:5
    pkg:npm/is-odd@0.1.2 sha512  :46:5
    pkg:npm/is-odd@3.0.1 sha512  :38:5
    pkg:npm/js-tokens@4.0.0 sha512  :40:5
    pkg:npm/kind-of@3.2.2 sha512  :42:5
    pkg:npm/loose-envify@1.4.0 sha512  :44:5
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :5:5
    pkg:npm/picocolors@1.1.1 sha512  :48:5
    pkg:npm/react@18.3.1 sha512  :50:5
    pkg:npm/use-sync-external-store@1.7.0 sha512  :52:5
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "^3.0.2" bun.lock:56:66
    is-odd@0.1.2 -> is-number@3.0.0 Normal "^3.0.0" bun.lock:46:53
    is-odd@3.0.1 -> is-number@6.0.0 Normal "^6.0.0" bun.lock:38:56
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "^1.1.5" bun.lock:42:58
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "^3.0.0 || ^4.0.0" bun.lock:44:68
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" bun.lock:20:5
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:16:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:8:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:7:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:13:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:9:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:10:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "^1.1.0" bun.lock:50:55
    use-sync-external-store@1.7.0 -> react@18.3.1 Peer "^16.8.0 || ^17.0.0 || ^18.0.0 || ^19.0.0" bun.lock:52:94
    "#);
}

#[test]
fn deno() {
    insta::assert_snapshot!(shown(&of("deno", "deno.lock")), @r#"
    pkg:npm/is-buffer@1.1.6 sha512  :12:5
    pkg:npm/is-number@3.0.0 sha512  :15:5
    pkg:npm/is-number@6.0.0 sha512  :21:5
    pkg:npm/is-number@7.0.0 sha512  :24:5
    pkg:npm/is-odd@0.1.2 sha512  :27:5
    pkg:npm/is-odd@3.0.1 sha512  :33:5
    pkg:npm/js-tokens@4.0.0 sha512  :39:5
    pkg:npm/kind-of@3.2.2 sha512  :42:5
    pkg:npm/loose-envify@1.4.0 sha512  :48:5
    pkg:npm/one?download_url=file://packages/one first-party no digest  :88:13
    pkg:npm/picocolors@1.1.1 sha512  :55:5
    pkg:npm/project?download_url=file://. first-party no digest  :1:1
    pkg:npm/react@18.3.1 sha512  :58:5
    pkg:npm/use-sync-external-store@1.7.0 sha512  :64:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "" deno.lock:18:9
    is-odd@0.1.2 -> is-number@3.0.0 Normal "" deno.lock:30:9
    is-odd@3.0.1 -> is-number@6.0.0 Normal "" deno.lock:36:9
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "" deno.lock:45:9
    loose-envify@1.4.0 -> js-tokens@4.0.0 Normal "" deno.lock:51:9
    one -> is-number@7.0.0 Normal "7" deno.lock:88:13
    one -> is-odd@3.0.1 Normal "3" deno.lock:89:13
    project -> is-odd@0.1.2 Normal "0.1.2" deno.lock:77:9
    project -> is-odd@3.0.1 Normal "3" deno.lock:78:9
    project -> picocolors@1.1.1 Normal "1" deno.lock:79:9
    project -> react@18.3.1 Normal "^18.2.0" deno.lock:80:9
    project -> use-sync-external-store@1.7.0 Normal "^1.2.0" deno.lock:81:9
    react@18.3.1 -> loose-envify@1.4.0 Normal "" deno.lock:61:9
    use-sync-external-store@1.7.0 -> react@18.3.1 Normal "" deno.lock:67:9
    deno.lock:73:7 lockfile/dangling: `project` asks for `jsr:@std/path@1`, which is not in the lockfile
    "#);
}

#[test]
fn yarn_berry() {
    let got = shown(&of("yarn-4", "yarn.lock"));
    let few: Vec<&str> = got
        .lines()
        .filter(|line| ["is-", "react", "mono", "fsev"].iter().any(|n| line.contains(n)))
        .collect();
    insta::assert_snapshot!(few.join("\n"), @r#"
    pkg:npm/%40mono/one@0.1.0?download_url=file://packages/one first-party no digest  :17:1
    pkg:npm/fsevents@2.3.3 optional no digest darwin :66:1
    pkg:npm/is-buffer@1.1.6 no digest  :92:1
    pkg:npm/is-number@3.0.0 no digest  :99:1
    pkg:npm/is-number@6.0.0 no digest  :108:1
    pkg:npm/is-number@7.0.0 no digest  :115:1
    pkg:npm/is-odd@0.1.2 no digest  :228:1
    pkg:npm/is-odd@3.0.1 no digest  :122:1
    pkg:npm/mono@1.0.0?download_url=file://. first-party no digest  :181:1
    pkg:npm/react@18.3.1 no digest  :258:1
    %40mono/one@0.1.0 -> is-number@7.0.0 Normal "^7.0.0" packages/one/package.json:5:5
    %40mono/one@0.1.0 -> is-odd@3.0.1 Normal "^3.0.0" packages/one/package.json:6:5
    fsevents@2.3.3 -> node-gyp@13.1.0 Normal "npm:latest" yarn.lock:70:5
    is-number@3.0.0 -> kind-of@3.2.2 Normal "npm:^3.0.2" yarn.lock:103:5
    is-odd@0.1.2 -> is-number@3.0.0 Normal "npm:^3.0.0" yarn.lock:232:5
    is-odd@3.0.1 -> is-number@6.0.0 Normal "npm:^6.0.0" yarn.lock:126:5
    kind-of@3.2.2 -> is-buffer@1.1.6 Normal "npm:^1.1.5" yarn.lock:149:5
    mono@1.0.0 -> %40mono/one@0.1.0 Normal "" yarn.lock:17:1
    mono@1.0.0 -> fsevents@2.3.3 Optional "~2.3.2" package.json:18:5
    mono@1.0.0 -> is-odd@0.1.2 Normal "npm:is-odd@0.1.2" package.json:10:5
    mono@1.0.0 -> is-odd@3.0.1 Normal "^3.0.0" package.json:9:5
    mono@1.0.0 -> picocolors@1.1.1 Dev "^1.0.0" package.json:15:5
    mono@1.0.0 -> react@18.3.1 Normal "^18.2.0" package.json:11:5
    mono@1.0.0 -> use-sync-external-store@1.7.0 Normal "^1.2.0" package.json:12:5
    react@18.3.1 -> loose-envify@1.4.0 Normal "npm:^1.1.0" yarn.lock:262:5
    Yarn changes `fsevents` by a patch of its own when it is installed
    "#);
}
