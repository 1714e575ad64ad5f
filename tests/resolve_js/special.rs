//! What is not simply a package of the default registry: commits, archives, folders, patches,
//! overrides, catalogs, other hosts.

use super::*;

const SRI: &str =
    "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn filled(text: &str) -> String {
    text.replace("$SRI", SRI).replace("$COMMIT", COMMIT)
}

#[test]
fn pnpm_with_every_source() {
    let lock = filled(
        "lockfileVersion: '9.0'
settings: {autoInstallPeers: true}
catalogs:
  default:
    cat: {specifier: ^1.0.0, version: 1.5.0}
overrides:
  over: 9.0.0
patchedDependencies:
  patched@1.0.0: {hash: abc, path: patches/patched.patch}
importers:
  .:
    dependencies:
      cat: {specifier: 'catalog:', version: 1.5.0}
      git: {specifier: 'github:o/r', version: 'https://codeload.github.com/o/r/tar.gz/$COMMIT'}
      git2: {specifier: 'git+ssh://git@h.invalid/o/r.git', version: 'git+ssh://git@h.invalid/o/r.git#$COMMIT'}
      local: {specifier: 'link:../local', version: 'link:../local'}
      near: {specifier: 'file:near', version: 'file:near'}
      over: {specifier: 9.0.0, version: 9.0.0}
      patched: {specifier: ^1.0.0, version: '1.0.0(patch_hash=abc)'}
      tar: {specifier: 'https://t.invalid/t.tgz', version: 'https://t.invalid/t.tgz'}
      wrong: {specifier: ^1.0.0, version: 2.0.0}
      gone: {specifier: ^1.0.0, version: 1.0.0}
packages:
  cat@1.5.0:
    resolution: {integrity: $SRI}
  git@https://codeload.github.com/o/r/tar.gz/$COMMIT:
    resolution: {tarball: https://codeload.github.com/o/r/tar.gz/$COMMIT}
    version: 1.0.0
  git2@git+ssh://git@h.invalid/o/r.git#$COMMIT:
    resolution: {commit: $COMMIT, repo: 'ssh://git@h.invalid/o/r.git', type: git}
    version: 1.0.0
  near@file:near:
    resolution: {directory: near, type: directory}
  node@runtime:22.0.0:
    resolution: {type: variations, variants: []}
  over@9.0.0:
    resolution: {integrity: $SRI}
    peerDependencies: {cat: '>=1'}
  patched@1.0.0:
    resolution: {integrity: $SRI}
  tar@https://t.invalid/t.tgz:
    resolution: {tarball: https://t.invalid/t.tgz}
    version: 1.0.0
  wrong@2.0.0:
    resolution: {integrity: $SRI, tarball: http://u:p@evil.invalid/wrong/-/wrong-2.0.0.tgz}
    cpu: [x64]
    libc: [musl]
snapshots:
  cat@1.5.0: {}
  lost@1.0.0: {}
  over@9.0.0(cat@1.5.0):
    dependencies: {cat: 1.5.0}
  patched@1.0.0(patch_hash=abc): {}
  wrong@2.0.0: {}
",
    );
    let got = project("pnpm-lock.yaml", &[("pnpm-lock.yaml", &lock)]).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/cat@1.5.0 sha512  :24:3
    pkg:npm/git2@1.0.0?vcs_url=git%2Bssh://h.invalid/o/r.git%400123456789abcdef0123456789abcdef01234567 optional no digest  :29:3
    pkg:npm/git@1.0.0?vcs_url=git%2Bhttps://github.com/o/r.git%400123456789abcdef0123456789abcdef01234567 optional no digest  :26:3
    pkg:npm/local?download_url=file://../local no digest  :16:7
    pkg:npm/near?download_url=file://near first-party optional no digest  :32:3
    pkg:npm/node?download_url=https:variations optional no digest  :34:3
    pkg:npm/over@9.0.0 sha512  :36:3
    pkg:npm/patched@1.0.0 sha512  :39:3
    pkg:npm/project?download_url=file://. first-party no digest  :11:3
    pkg:npm/tar@1.0.0?download_url=https://t.invalid/t.tgz optional no digest  :41:3
    pkg:npm/wrong@2.0.0?repository_url=http://evil.invalid sha512  :44:3
    over@9.0.0 -> cat@1.5.0 Peer ">=1" pnpm-lock.yaml:52:20
    project -> cat@1.5.0 Normal "catalog:" pnpm-lock.yaml:13:7
    project -> git2@1.0.0 Normal "git+ssh://h.invalid/o/r.git" pnpm-lock.yaml:15:7
    project -> git@1.0.0 Normal "github:o/r" pnpm-lock.yaml:14:7
    project -> local Normal "link:../local" pnpm-lock.yaml:16:7
    project -> near Normal "file:near" pnpm-lock.yaml:17:7
    project -> over@9.0.0 Normal "9.0.0" pnpm-lock.yaml:18:7
    project -> patched@1.0.0 Normal "^1.0.0" pnpm-lock.yaml:19:7
    project -> tar@1.0.0 Normal "https://t.invalid/t.tgz" pnpm-lock.yaml:20:7
    project -> wrong@2.0.0 Normal "^1.0.0" pnpm-lock.yaml:21:7
    pnpm-lock.yaml:16:7 lockfile/outside-root: `local` is at `../local`, outside what is audited
    pnpm-lock.yaml:34:3 lockfile/missing-integrity: `node@` has no integrity, so its contents cannot be checked
    pnpm-lock.yaml:50:3 lockfile/dangling: `lost@1.0.0` is not among the packages
    pnpm-lock.yaml:22:7 lockfile/dangling: `project` gets `gone` 1.0.0, which is not in the lockfile
    pnpm-lock.yaml:41:3 lockfile/missing-integrity: `tar@1.0.0` has no integrity, so its contents cannot be checked
    pnpm-lock.yaml:45:135 lockfile/credentials-in-url: the URL of `wrong` carries a user name or password
    pnpm-lock.yaml:45:135 lockfile/foreign-host: `wrong` is locked to evil.invalid, which is neither the default registry nor one that an .npmrc names
    pnpm-lock.yaml:45:135 lockfile/insecure-url: `wrong` is fetched without encryption
    pnpm-lock.yaml:21:7 lockfile/manifest-mismatch: `project` asks for `wrong` ^1.0.0, but 2.0.0 is locked
    gap not-resolved: `node` comes from `variations`, a source that is not read
    gap not-covered: `patched` is changed by `patches/patched.patch` when it is installed; what was checked is the package without it
    pnpm-lock.yaml: there is no package.json beside it, so the two could not be compared
    "#);
}

#[test]
fn pnpm_compares_the_manifest() {
    let lock = "lockfileVersion: '6.0'
settings: {autoInstallPeers: true}
overrides: {o: '1'}
dependencies:
  a: {specifier: ^1.0.0, version: 1.0.0}
  p: {specifier: '*', version: 1.0.0}
  old: {specifier: '1', version: 1.0.0}
packages:
  /a@1.0.0: {resolution: {integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}}
  /p@1.0.0: {resolution: {}}
  /old@1.0.0: {resolution: {integrity: md5-x}}
";
    let manifest = r#"{"name": "m", "dependencies": {"a": "^2.0.0", "new": "1", "o": "7"},
        "peerDependencies": {"p": "*"}}"#;
    let got = project("pnpm-lock.yaml", &[("pnpm-lock.yaml", lock), ("package.json", manifest)]).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/a@1.0.0 sha1  :9:3
    pkg:npm/m?download_url=file://. first-party no digest  :1:1
    pkg:npm/old@1.0.0 no digest  :11:3
    pkg:npm/p@1.0.0 no digest  :10:3
    m -> a@1.0.0 Normal "^1.0.0" package.json:1:32
    m -> old@1.0.0 Normal "1" pnpm-lock.yaml:7:3
    m -> p@1.0.0 Normal "*" package.json:2:30
    pnpm-lock.yaml:9:38 lockfile/weak-integrity: `a@1.0.0` is checked by SHA-1 alone
    package.json:1:32 lockfile/manifest-mismatch: `a` is asked for as `^2.0.0` here, as `^1.0.0` in the lockfile
    package.json:1:47 lockfile/manifest-mismatch: `new` is asked for here, but the lockfile does not know that
    package.json:1:1 lockfile/manifest-mismatch: `old` is not asked for here, but the lockfile says so
    pnpm-lock.yaml:11:40 lockfile/missing-integrity: `old@1.0.0` has an integrity of no known form or algorithm
    pnpm-lock.yaml:10:3 lockfile/missing-integrity: `p@1.0.0` has no integrity, so its contents cannot be checked
    "#);
}

#[test]
fn yarn_classic_with_every_source() {
    let lock = filled(
        "# yarn lockfile v1


\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":
  version \"1.2.0\"
  resolved \"https://registry.yarnpkg.com/@s/a/-/a-1.2.0.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709\"
  dependencies:
    b \"^1.0.0\"
  optionalDependencies:
    c \"1\"

alias@npm:real@^3.0.0:
  version \"3.0.1\"
  integrity $SRI

b@^1.0.0:
  version \"2.0.0\"
  integrity $SRI

evil@1.0.0:
  version \"1.0.0\"
  resolved \"https://registry.yarnpkg.com/other/-/other-1.0.0.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709\"
  integrity $SRI

\"git@git+ssh://git@h.invalid/o/r.git\":
  version \"1.0.0\"
  resolved \"git+ssh://git@h.invalid/o/r.git#$COMMIT\"

\"hub@o/r\":
  version \"1.0.0\"
  resolved \"https://codeload.github.com/o/r/tar.gz/$COMMIT\"

\"near@file:./near\":
  version \"0.0.0\"

stale@^1.0.0:
  version \"1.0.0\"
  integrity $SRI
",
    );
    let manifest = r#"{"name": "m", "version": "1.0.0", "workspaces": ["w/*"],
"dependencies": {"@s/a": "^1.0.0", "alias": "npm:real@^3.0.0", "evil": "1.0.0",
"git": "git+ssh://git@h.invalid/o/r.git",
"hub": "o/r", "near": "file:./near",
"gone": "^1.0.0"},
"devDependencies": {"w1": "*"}}"#;
    let files = [
        ("yarn.lock", &*lock),
        ("package.json", manifest),
        (
            "w/1/package.json",
            "{\"name\": \"w1\", \"version\": \"0.1.0\",\n\"dependencies\": {\"@s/a\": \"^1.1.0\"}}",
        ),
    ];
    let got = project("yarn.lock", &files).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/%40s/a@1.2.0 sha1  :4:1
    pkg:npm/b@2.0.0 sha512  :16:1
    pkg:npm/evil@1.0.0 sha512  :20:1
    pkg:npm/git@1.0.0?vcs_url=git%2Bssh://h.invalid/o/r.git%400123456789abcdef0123456789abcdef01234567 no digest  :25:1
    pkg:npm/hub@1.0.0?vcs_url=git%2Bhttps://github.com/o/r.git%400123456789abcdef0123456789abcdef01234567 no digest  :29:1
    pkg:npm/m@1.0.0?download_url=file://. first-party no digest  :1:1
    pkg:npm/near@0.0.0?download_url=file://near first-party no digest  :33:1
    pkg:npm/real@3.0.1 sha512  :12:1
    pkg:npm/stale@1.0.0 sha512  :36:1
    pkg:npm/w1@0.1.0?download_url=file://w/1 first-party no digest  :1:1
    %40s/a@1.2.0 -> b@2.0.0 Normal "^1.0.0" yarn.lock:8:5
    m@1.0.0 -> %40s/a@1.2.0 Normal "^1.0.0" package.json:2:18
    m@1.0.0 -> evil@1.0.0 Normal "1.0.0" package.json:2:64
    m@1.0.0 -> git@1.0.0 Normal "git+ssh://h.invalid/o/r.git" package.json:3:1
    m@1.0.0 -> hub@1.0.0 Normal "o/r" package.json:4:1
    m@1.0.0 -> near@0.0.0 Normal "file:./near" package.json:4:15
    m@1.0.0 -> real@3.0.1 Normal "npm:real@^3.0.0" package.json:2:36
    m@1.0.0 -> stale@1.0.0 Normal "" yarn.lock:36:1
    m@1.0.0 -> w1@0.1.0 Dev "*" package.json:6:21
    w1@0.1.0 -> %40s/a@1.2.0 Normal "^1.1.0" w/1/package.json:2:18
    yarn.lock:6:60 lockfile/weak-integrity: `@s/a@1.2.0` is checked by SHA-1 alone
    yarn.lock:8:5 lockfile/unsatisfied: `@s/a` asks for `b` ^1.0.0, but 2.0.0 is locked
    yarn.lock:22:12 lockfile/foreign-tarball: `evil@1.0.0` is locked to the archive of `other@1.0.0`
    package.json:5:1 lockfile/manifest-mismatch: `gone` (^1.0.0) is asked for here, but the lockfile does not know that
    yarn.lock:36:1 lockfile/manifest-mismatch: nothing asks for `stale`
    "#);
}

#[test]
fn yarn_resolutions_force_versions() {
    let lock = filled(
        "a@2.0.0:\n  version \"2.0.0\"\n  integrity $SRI\n\nb@^1.0.0:\n  version \"1.0.0\"\n  integrity $SRI\n  dependencies:\n    a \"^1.0.0\"\n",
    );
    let manifest = r#"{"name": "m", "dependencies": {"b": "^1.0.0"}, "resolutions": {"**/a": "2.0.0"}}"#;
    let got = project("yarn.lock", &[("yarn.lock", &lock), ("package.json", manifest)]).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/a@2.0.0 sha512  :1:1
    pkg:npm/b@1.0.0 sha512  :5:1
    pkg:npm/m?download_url=file://. first-party no digest  :1:1
    b@1.0.0 -> a@2.0.0 Normal "^1.0.0" yarn.lock:9:5
    m -> b@1.0.0 Normal "^1.0.0" package.json:1:32
    "#);
}

#[test]
fn yarn_berry_with_every_source() {
    let lock = filled(
        "__metadata:
  version: 8
  cacheKey: 10c0

\"a@npm:^1.0.0, a@npm:^1.1.0\":
  version: 2.0.0
  resolution: \"a@npm:2.0.0\"
  dependencies:
    b: \"npm:^1.0.0\"
    c: \"npm:^1.0.0\"
  dependenciesMeta:
    c:
      optional: true
  checksum: 10c0/00
  conditions: (os=linux | os=darwin) & cpu=x64 & libc=glibc

\"alias@npm:real@^1\":
  version: 1.0.0
  resolution: \"real@npm:1.0.0\"

\"archive@npm:1.0.0\":
  version: 1.0.0
  resolution: \"archive@npm:1.0.0::__archiveUrl=https%3A%2F%2Fother.invalid%2Farchive.tgz\"
  checksum: 10c0/00

\"git@https://h.invalid/o/r.git\":
  version: 1.0.0
  resolution: \"git@https://h.invalid/o/r.git#commit=$COMMIT\"
  checksum: 10c0/00

\"hub@o/r\":
  version: 1.0.0
  resolution: \"hub@https://github.com/o/r.git#commit=$COMMIT\"

\"m@workspace:.\":
  version: 0.0.0-use.local
  resolution: \"m@workspace:.\"
  dependencies:
    a: \"npm:^1.0.0\"
    alias: \"npm:real@^1\"
    archive: \"npm:1.0.0\"
    git: \"https://h.invalid/o/r.git\"
    hub: o/r
    near: \"file:./near.tgz\"
    p: \"patch:p@npm%3A1.0.0#~/.yarn/patches/p.patch\"
    t: \"npm:^5.0.0\"
    w: \"workspace:^\"
  languageName: unknown
  linkType: soft

\"near@file:./near.tgz::locator=m%40workspace%3A.\":
  version: 1.0.0
  resolution: \"near@file:./near.tgz#./near.tgz::hash=abc&locator=m%40workspace%3A.\"
  checksum: 10c0/00

\"p@npm:1.0.0\":
  version: 1.0.0
  resolution: \"p@npm:1.0.0\"
  checksum: 10c0/00

\"p@patch:p@npm%3A1.0.0#~/.yarn/patches/p.patch\":
  version: 1.0.0
  resolution: \"p@patch:p@npm%3A1.0.0#~/.yarn/patches/p.patch::version=1.0.0&hash=abc\"
  checksum: 10c0/00

\"t@npm:^5.0.0\":
  version: 5.0.1
  resolution: \"t@npm:5.0.1\"
  checksum: 10c0/00

\"t@patch:t@npm%3A^5.0.0#optional!builtin<compat/typescript>\":
  version: 5.0.1
  resolution: \"t@patch:t@npm%3A5.0.1#optional!builtin<compat/typescript>::version=5.0.1&hash=abc\"
  checksum: 10c0/00

\"w@workspace:^, w@workspace:w\":
  version: 0.0.0-use.local
  resolution: \"w@workspace:w\"
  languageName: unknown
  linkType: soft
",
    );
    let got = project("yarn.lock", &[("yarn.lock", &lock)]).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/a@2.0.0 no digest linux,darwin :5:1
    pkg:npm/archive@1.0.0?repository_url=https://other.invalid no digest  :21:1
    pkg:npm/git@1.0.0?vcs_url=git%2Bhttps://h.invalid/o/r.git%400123456789abcdef0123456789abcdef01234567 no digest  :26:1
    pkg:npm/hub@1.0.0?vcs_url=git%2Bhttps://github.com/o/r.git%400123456789abcdef0123456789abcdef01234567 no digest  :31:1
    pkg:npm/near@1.0.0?download_url=file://near.tgz no digest  :51:1
    pkg:npm/p@1.0.0 no digest  :56:1
    pkg:npm/project?download_url=file://. first-party no digest  :35:1
    pkg:npm/real@1.0.0 no digest  :17:1
    pkg:npm/t@5.0.1 no digest  :66:1
    pkg:npm/w?download_url=file://w first-party no digest  :76:1
    project -> a@2.0.0 Normal "npm:^1.0.0" yarn.lock:39:5
    project -> archive@1.0.0 Normal "npm:1.0.0" yarn.lock:41:5
    project -> git@1.0.0 Normal "https://h.invalid/o/r.git" yarn.lock:42:5
    project -> hub@1.0.0 Normal "o/r" yarn.lock:43:5
    project -> near@1.0.0 Normal "file:./near.tgz" yarn.lock:44:5
    project -> p@1.0.0 Normal "patch:p@npm%3A1.0.0#~/.yarn/patches/p.patch" yarn.lock:45:5
    project -> real@1.0.0 Normal "npm:real@^1" yarn.lock:40:5
    project -> t@5.0.1 Normal "npm:^5.0.0" yarn.lock:46:5
    project -> w Normal "workspace:^" yarn.lock:47:5
    yarn.lock:9:5 lockfile/dangling: `a` asks for `b` (npm:^1.0.0), which is not in the lockfile
    yarn.lock:39:5 lockfile/manifest-mismatch: `project` asks for `a` ^1.0.0, but 2.0.0 is locked
    yarn.lock:23:15 lockfile/foreign-host: `archive` is locked to other.invalid, which is neither the default registry nor one that an .npmrc names
    yarn.lock:17:1 lockfile/missing-integrity: `real@1.0.0` has no integrity, so its contents cannot be checked
    gap not-covered: `p` is changed by `~/.yarn/patches/p.patch` when it is installed; what was checked is the package without it
    Yarn changes `t` by a patch of its own when it is installed
    yarn.lock: there is no package.json beside it, so the two could not be compared
    "#);
}

#[test]
fn bun_with_every_source() {
    let lock = filled(
        r#"{ // a comment
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "m", "dependencies": { "a": "^1.0.0", "cat": "catalog:", "git": "github:o/r", "git2": "git+https://h.invalid/o/r.git",
      "near": "file:near", "over": "^1.0.0", "tar": "https://t.invalid/t.tgz", "w": "workspace:*", "gone": "1", },
      "peerDependencies": { "peer": "^1.0.0", "missing": "1", }, "optionalPeers": ["missing"], },
    "w": { "name": "w", "version": "0.1.0", "dependencies": { "a": "^2.0.0" } },
    "lonely": { "name": "lonely" },
  },
  "overrides": { "over": "9.0.0" },
  "patchedDependencies": { "a@1.0.0": "patches/a.patch" },
  "catalog": { "cat": "^1.0.0" },
  "packages": {
    "a": ["a@1.0.0", "", { "optionalDependencies": { "native": "1" }, "peerDependencies": { "cat": "*" } }, "$SRI"],
    "cat": ["cat@2.0.0", "", {}, "$SRI"],
    "git": ["git@github:o/r#0123456", {}, "o-r-0123456"],
    "git2": ["git2@git+https://h.invalid/o/r.git#$COMMIT", {}, "$COMMIT"],
    "lonely": ["lonely@workspace:lonely"],
    "native": ["native@1.0.0", "", { "os": ["linux", "darwin"], "cpu": "x64" }, "$SRI"],
    "near": ["near@file:near", {}],
    "over": ["over@9.0.0", "http://evil.invalid/over/-/over-9.0.0.tgz", {}, "$SRI"],
    "peer": ["peer@1.0.0", "", {}, ""],
    "tar": ["tar@https://t.invalid/t.tgz", {}, "$SRI"],
    "w": ["w@workspace:w"],
    "w/a": ["a@2.0.0", "", {}, "$SRI"],
  },
}"#,
    );
    let got = project("bun.lock", &[("bun.lock", &lock)]).unwrap();
    insta::assert_snapshot!(shown(&got), @r#"
    pkg:npm/a@1.0.0 sha512  :14:5
    pkg:npm/a@2.0.0 sha512  :25:5
    pkg:npm/cat@2.0.0 sha512  :15:5
    pkg:npm/git2?vcs_url=git%2Bhttps://h.invalid/o/r.git%400123456789abcdef0123456789abcdef01234567 no digest  :17:5
    pkg:npm/git?vcs_url=git%2Bhttps://github.com/o/r.git no digest  :16:5
    pkg:npm/lonely?download_url=file://lonely first-party no digest  :8:5
    pkg:npm/m?download_url=file://. first-party no digest  :4:5
    pkg:npm/native@1.0.0 optional sha512 linux,darwin :19:5
    pkg:npm/near?download_url=file://near first-party no digest  :20:5
    pkg:npm/over@9.0.0?repository_url=http://evil.invalid sha512  :21:5
    pkg:npm/peer@1.0.0 no digest  :22:5
    pkg:npm/tar?download_url=https://t.invalid/t.tgz sha512  :23:5
    pkg:npm/w@0.1.0?download_url=file://w first-party no digest  :7:5
    a@1.0.0 -> cat@2.0.0 Peer "*" bun.lock:14:93
    a@1.0.0 -> native@1.0.0 Optional "1" bun.lock:14:54
    m -> a@1.0.0 Normal "^1.0.0" bun.lock:4:42
    m -> cat@2.0.0 Normal "catalog:" bun.lock:4:57
    m -> git2 Normal "git+https://h.invalid/o/r.git" bun.lock:4:97
    m -> git Normal "github:o/r" bun.lock:4:76
    m -> lonely Normal "" bun.lock:8:5
    m -> near Normal "file:near" bun.lock:5:7
    m -> over@9.0.0 Normal "^1.0.0" bun.lock:5:28
    m -> peer@1.0.0 Peer "^1.0.0" bun.lock:6:29
    m -> tar Normal "https://t.invalid/t.tgz" bun.lock:5:46
    m -> w@0.1.0 Normal "workspace:*" bun.lock:5:80
    w@0.1.0 -> a@2.0.0 Normal "^2.0.0" bun.lock:7:63
    bun.lock:4:57 lockfile/manifest-mismatch: `m` asks for `cat` ^1.0.0, but 2.0.0 is locked
    bun.lock:16:13 lockfile/unpinned-git: `git` comes from https://github.com/o/r.git without a full commit id
    bun.lock:5:100 lockfile/dangling: `m` asks for `gone` (1), which is not in the lockfile
    bun.lock:21:28 lockfile/foreign-host: `over` is locked to evil.invalid, which is neither the default registry nor one that an .npmrc names
    bun.lock:21:28 lockfile/insecure-url: `over` is fetched without encryption
    bun.lock:22:5 lockfile/missing-integrity: `peer@1.0.0` has no integrity, so its contents cannot be checked
    gap not-covered: `a` is changed by `patches/a.patch` when it is installed; what was checked is the package without it
    bun.lock: there is no package.json beside it, so the two could not be compared
    "#);
}

#[test]
fn deno_of_version_3_and_4() {
    let three = filled(
        r#"{"version": "3", "packages": {
  "specifiers": {"jsr:@std/a@1": "jsr:@std/a@1.0.0", "npm:x@5": "npm:x@5.3.0"},
  "jsr": {"@std/a@1.0.0": {"integrity": "00", "dependencies": ["jsr:@std/b@1"]}},
  "npm": {"x@5.3.0": {"integrity": "$SRI", "dependencies": {"y": "y@1.0.0_x@5.3.0", "gone": "gone@1.0.0"}},
    "y@1.0.0_x@5.3.0": {"integrity": "$SRI", "dependencies": {}}}},
 "redirects": {},
 "remote": {"https://h.invalid/mod.ts": "0000000000000000000000000000000000000000000000000000000000000000",
   "http://u:p@h.invalid/b.ts": "00"},
 "workspace": {"dependencies": ["npm:x@5"]}}"#,
    );
    let four = filled(
        r#"{"version": "4", "specifiers": {"jsr:@std/a@^1.0.0": "1.0.1", "npm:@s/x@4": "5.3.0_y@1.0.0", "npm:z": "1.0.0"},
 "jsr": {"@std/a@1.0.1": {"integrity": "00", "dependencies": ["jsr:@std/a"]}},
 "npm": {"@s/x@5.3.0_y@1.0.0": {"integrity": "$SRI", "os": ["linux"], "dependencies": ["y"], "optionalDependencies": ["gone"]},
  "y@1.0.0": {"integrity": "$SRI", "tarball": "https://t.invalid/y/-/y-1.0.0.tgz"}, "z@1.0.0": {}},
 "workspace": {"members": {"w": {"dependencies": ["npm:@s/x@4"]}}}}"#,
    );
    let of = |lock: &str| shown(&project("deno.lock", &[("deno.lock", lock)]).unwrap());
    insta::assert_snapshot!(of(&three), @r#"
    pkg:generic/h.invalid/b.ts?download_url=http://h.invalid/b.ts no digest  :8:4
    pkg:generic/h.invalid/mod.ts?download_url=https://h.invalid/mod.ts no digest  :7:13
    pkg:generic/jsr/%40std/a@1.0.0 no digest  :3:11
    pkg:npm/project?download_url=file://. first-party no digest  :1:1
    pkg:npm/x@5.3.0 sha512  :4:11
    pkg:npm/y@1.0.0 sha512  :5:5
    project -> h.invalid/b.ts Normal "" deno.lock:8:4
    project -> h.invalid/mod.ts Normal "" deno.lock:7:13
    project -> jsr/%40std/a@1.0.0 Normal "1" deno.lock:2:18
    project -> x@5.3.0 Normal "5" deno.lock:9:33
    x@5.3.0 -> y@1.0.0 Normal "" deno.lock:4:152
    deno.lock:8:4 lockfile/credentials-in-url: the URL of `http://h.invalid/b.ts` carries a user name or password
    deno.lock:8:4 lockfile/insecure-url: `http://h.invalid/b.ts` is fetched without encryption
    deno.lock:8:4 lockfile/missing-integrity: `http://h.invalid/b.ts` has no SHA-256
    deno.lock:3:64 lockfile/dangling: `@std/a` asks for `jsr:@std/b@1`, which is not in the lockfile
    deno.lock:4:176 lockfile/dangling: `x` asks for `gone@1.0.0`, which is not in the lockfile
    gap not-fetched: `http://h.invalid/b.ts` is a module by its address; it was not fetched
    gap not-fetched: `https://h.invalid/mod.ts` is a module by its address; it was not fetched
    gap not-fetched: `@std/a@1.0.0` is pinned by a digest of JSR's list of its files, which is not fetched
    "#);
    insta::assert_snapshot!(of(&four), @r#"
    pkg:generic/jsr/%40std/a@1.0.1 no digest  :2:10
    pkg:npm/%40s/x@5.3.0 sha512 linux :3:10
    pkg:npm/project?download_url=file://. first-party no digest  :1:1
    pkg:npm/w?download_url=file://w first-party no digest  :5:51
    pkg:npm/y@1.0.0?repository_url=https://t.invalid sha512  :4:3
    pkg:npm/z@1.0.0 no digest  :4:176
    jsr/%40std/a@1.0.1 -> jsr/%40std/a@1.0.1 Normal "" deno.lock:2:63
    %40s/x@5.3.0 -> y@1.0.0 Normal "" deno.lock:3:179
    project -> jsr/%40std/a@1.0.1 Normal "^1.0.0" deno.lock:1:33
    project -> z@1.0.0 Normal "" deno.lock:1:94
    w -> %40s/x@5.3.0 Normal "4" deno.lock:5:51
    deno.lock:5:51 lockfile/manifest-mismatch: `w` asks for `@s/x` 4, but 5.3.0 is locked
    deno.lock:4:138 lockfile/foreign-host: `y` is locked to t.invalid, which is neither the default registry nor one that an .npmrc names
    deno.lock:4:176 lockfile/missing-integrity: `z@1.0.0` has no integrity, so its contents cannot be checked
    gap not-fetched: `@std/a@1.0.1` is pinned by a digest of JSR's list of its files, which is not fetched
    "#);
}
