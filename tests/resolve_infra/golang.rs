use super::*;

const H: &str = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn requirements_replacements_and_hashes() {
    let module = "module example.invalid/m // the name\n\ngo 1.21\ntoolchain go1.21.3\n\n\
        require (\n\tgithub.com/A/b/v2 v2.0.1\n\t\"x.invalid/c\" v0.0.0-20230925095751-7eb0305e1b3b // indirect\n)\n\
        require x.invalid/d v1.0.0+incompatible // indirect\nrequire x.invalid/e v1.0.0\n\
        replace x.invalid/e => ./local\nreplace x.invalid/d v1.0.0+incompatible => x.invalid/fork v1.1.0\n\
        exclude x.invalid/c v0.1.0\nretract [v1.0.0, v1.1.0] // broken\n";
    let sum = format!(
        "github.com/A/b/v2 v2.0.1 {H}\ngithub.com/A/b/v2 v2.0.1/go.mod {H}\nx.invalid/fork v1.1.0/go.mod {H}\n"
    );
    let got =
        resolved(&[("go.mod", module), ("go.sum", &sum), ("local/go.mod", "module x.invalid/e\n")]).unwrap();
    assert_eq!(
        packages(&got),
        [
            "pkg:golang/example.invalid/m own go.mod:1",
            "pkg:golang/github.com/A/b/v2@v2.0.1 pinned go.mod:7",
            "pkg:golang/x.invalid/c@v0.0.0-20230925095751-7eb0305e1b3b go.mod:8",
            "pkg:golang/x.invalid/e own go.mod:12",
            "pkg:golang/x.invalid/fork@v1.1.0 go.mod:13",
        ]
    );
    assert_eq!(got.dependencies.len(), 4);
    let pin = got.packages.iter().find_map(|package| package.pin.clone());
    assert_eq!(pin.as_deref(), Some(H));
    assert_eq!(
        remarks(&got),
        "go.mod:8:2 info lockfile/missing-integrity `go.sum` has no hash of `x.invalid/c` v0.0.0-20230925095751-7eb0305e1b3b\n\
         go.mod:10:1 info lockfile/missing-integrity `go.sum` has no hash of `x.invalid/fork` v1.1.0\n"
    );
}

#[test]
fn a_workspace_lends_its_replacements_and_hashes() {
    let got = resolved(&[
        ("go.work", "go 1.22\nuse (\n\t./a\n\t./gone\n)\nreplace x.invalid/r => x.invalid/s v1.0.0\n"),
        ("go.work.sum", &format!("x.invalid/s v1.0.0 {H}\n")),
        ("a/go.mod", "module a\ngo 1.22\nrequire x.invalid/r v0.1.0\n"),
    ])
    .unwrap();
    assert_eq!(
        packages(&got),
        ["pkg:golang/a own a/go.mod:1", "pkg:golang/x.invalid/s@v1.0.0 pinned go.work:6"]
    );
    assert_eq!(
        remarks(&got),
        "go.work:4:2 gap/not-covered `./gone` is used and holds no `go.mod` in the audited folder\n"
    );
}

#[test]
fn before_go_1_17_the_list_is_not_whole() {
    let got =
        resolved(&[("go.mod", "module a\ngo 1.16\nrequire b.invalid/b v1.0.0\n"), ("go.sum", "")]).unwrap();
    assert_eq!(got.gaps[0].1.kind, GapKind::NotCovered);
    assert_eq!(resolved(&[("go.mod", "module a\ngo 1.9\n")]).unwrap().gaps.len(), 0, "it requires nothing");
}

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    for (text, want) in [
        ("", "go.mod:1:1: there is no `module` line"),
        ("module a\nrequire (\nx v1.0.0\n", "go.mod:2:1: the block of `require` is not closed"),
        ("module a\nrequire x main\n", "go.mod:2:11: `main` is not a version as Go writes it"),
        ("module a\nrequire x\n", "go.mod:2:10: `require` lacks a version"),
        ("module a\nreplace x y\n", "go.mod:2:1: `replace` is written"),
        ("module a\nrequired x v1.0.0\n", "go.mod:2:1: unknown directive `required`"),
        ("module \"a\n", "go.mod:1:8: a quoted word is not closed"),
        ("module a\n<<<<<<< HEAD\n", "go.mod:2:1: a merge conflict is not resolved"),
        ("module a\nrequire x v1.0.0 y\n", "go.mod:2:18: unexpected `y` in `require`"),
    ] {
        let got = error("go.mod", text);
        assert!(got.starts_with(want) && got.contains("help: "), "{text:?}: {got}");
    }
    let sum = |text: &str| {
        resolved(&[("go.mod", "module a\ngo 1.20\n"), ("go.sum", text)]).unwrap_err().to_string()
    };
    assert!(sum("a v1.0.0\n").starts_with("go.sum:1:1: expected 3 words, found 2"));
    assert!(sum("\na v1.0.0 h1:x\n").starts_with("go.sum:2:1: `h1:x` is not a hash"));
}

/// Every line of the two `require` blocks, and the module itself.
#[test]
fn a_real_module_is_whole() {
    let Some(root) = shared("lockfiles/hof") else { return };
    let found = discover::discover(&root.join("go.mod"), &[]).unwrap();
    let got = resolve::resolve(&found, &Options::default()).unwrap();
    let text = fs::read_to_string(root.join("go.mod")).unwrap();
    let required = text.lines().filter(|line| line.starts_with('\t')).count();
    assert_eq!(got.packages.len(), required + 1);
    assert!(
        got.packages.iter().all(|package| package.first_party || package.is_pinned()),
        "{}",
        remarks(&got)
    );
    assert!(got.packages.iter().all(|package| package.ecosystem == Ecosystem::Golang));
}
