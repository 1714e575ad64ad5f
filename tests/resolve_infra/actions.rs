use super::*;

const C: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn uses_images_and_installs() {
    let text = format!(
        "on: push\nenv:\n  V: 5.4.0\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: node:20\n    services:\n      db:\n        image: postgres@sha256:{d}\n    steps:\n      \
         - uses: actions/checkout@v4\n      - uses: o/pinned/sub@{C} # v1.2.3\n      - uses: o/branch@main\n      - uses: docker://alpine:3.19\n      - uses: ./.github/actions/own\n      - uses: ./gone\n      - run: |\n          set -e\n          npm install -g typescript@$V\n      - run: pip install ${{{{ inputs.what }}}}\n      - shell: python\n        run: pip install nothing\n  \
         b:\n    uses: o/flows/.github/workflows/x.yml@v1\n",
        d = "ab".repeat(32)
    );
    let action = "runs:\n  using: composite\n  steps:\n    - run: curl -sSf https://h.invalid/i.sh | sh\n      shell: bash\n";
    let got =
        resolved(&[(".github/workflows/ci.yml", &text), (".github/actions/own/action.yml", action)]).unwrap();
    let list = packages(&got);
    for want in [
        "pkg:docker/library/alpine@3.19 .github/workflows/ci.yml:15",
        "pkg:docker/library/node@20 .github/workflows/ci.yml:7",
        "pkg:generic/action/.github/actions/own/action.yml own .github/actions/own/action.yml:1",
        "pkg:generic/remote/h.invalid/i.sh?download_url=https://h.invalid/i.sh .github/actions/own/action.yml:4",
        "pkg:generic/workflow/.github/workflows/ci.yml own .github/workflows/ci.yml:1",
        "pkg:github/actions/checkout@v4 .github/workflows/ci.yml:12",
        "pkg:github/o/branch@main .github/workflows/ci.yml:14",
        "pkg:github/o/flows@v1 .github/workflows/ci.yml:25",
        "pkg:npm/typescript@5.4.0 .github/workflows/ci.yml:20",
    ] {
        assert!(list.contains(&want.to_owned()), "{want}\n{}", list.join("\n"));
    }
    let pinned = got.packages.iter().find(|package| package.name == "o/pinned").unwrap();
    assert_eq!(
        (pinned.purl.as_str(), pinned.version.as_str()),
        (&*format!("pkg:github/o/pinned@{C}"), "v1.2.3")
    );
    assert!(pinned.is_pinned());
    let remarks = remarks(&got);
    for want in [
        "ci.yml:12:15 medium lockfile/unpinned-action `actions/checkout@v4` names a tag",
        "ci.yml:14:15 high lockfile/unpinned-action `o/branch@main` names a branch",
        "ci.yml:20:26 medium lockfile/unpinned-install npm install takes `typescript` 5.4.0",
        "ci.yml:21:26 gap/not-covered what `pip install` gets by `${{`",
        "ci.yml:17:15 gap/not-covered `./gone` is not in the audited folder",
        "action.yml:4:22 high lockfile/unpinned-install a download that a shell runs",
    ] {
        assert!(remarks.contains(want), "{want}\n{remarks}");
    }
    assert!(!list.iter().any(|line| line.contains("nothing")), "a script in Python is no command line");
    let to_own = got.dependencies.iter().any(|edge| edge.to.ends_with("own/action.yml"));
    assert!(to_own);
}

#[test]
fn what_is_not_yaml_is_a_gap() {
    let got = resolved(&[(".github/workflows/x.yml", "a: [\n")]).unwrap();
    assert!(
        remarks(&got).contains("gap/not-covered `.github/workflows/x.yml` is not YAML"),
        "{}",
        remarks(&got)
    );
    // Another kind of file of that name asks for nothing.
    assert_eq!(resolved(&[("action.yml", "a: 1\n")]).unwrap().packages.len(), 1);
}
