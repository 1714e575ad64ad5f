use super::*;

#[test]
fn dependencies_by_address_and_by_path() {
    let text = r#".{
    .name = .app,
    .version = "0.1.0",
    .dependencies = .{
        .ws = .{
            .url = "git+https://h.invalid/o/ws.zig#97fefafa59cc78ce177cff540b8685cd7f699276",
            .hash = "websocket-0.1.0-ZPISdRlzAwBB_Bz2UMMqxYqF6YEVTIBoFsbzwPUJTHIc",
            .lazy = true,
        },
        .@"old-one" = .{ .url = "http://h.invalid/x/v1.2.tar.gz" },
        .lib = .{ .path = "vendor/lib" },
        .out = .{ .path = "../out" },
    },
    .paths = .{""},
}"#;
    let lib = ".{ .name = \"libz\", .version = \"1.0.0\", .dependencies = .{} }";
    let got = resolved(&[("build.zig.zon", text), ("vendor/lib/build.zig.zon", lib)]).unwrap();
    assert_eq!(
        packages(&got),
        [
            "pkg:generic/app@0.1.0 own build.zig.zon:2",
            "pkg:generic/libz@1.0.0 own vendor/lib/build.zig.zon:1",
            "pkg:generic/old-one@v1.2?download_url=http://h.invalid/x/v1.2.tar.gz build.zig.zon:10",
            "pkg:generic/out build.zig.zon:12",
            "pkg:generic/websocket@0.1.0?vcs_url=git%2Bhttps://h.invalid/o/ws.zig%2397fefafa59cc78ce177cff540b8685cd7f699276 pinned build.zig.zon:5",
        ]
    );
    assert!(got.packages[4].optional);
    assert_eq!(
        remarks(&got),
        "build.zig.zon:10:33 info lockfile/insecure-url `old-one` is fetched without encryption\n\
         build.zig.zon:10:33 info lockfile/missing-integrity `old-one` has no `hash`\n\
         build.zig.zon:12:27 info lockfile/outside-root `out` lies in `../out`, outside of the audited folder\n"
    );
}

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    for (text, want) in [
        ("", "build.zig.zon:1:1: not ZON: expected a value"),
        (".{}", "build.zig.zon:1:1: the file must be a struct"),
        (".{ .version = \"1\" }", "build.zig.zon:1:1: there is no `name`"),
        (".{ .name = 1 }", "build.zig.zon:1:12: `name` must be a name, found a number"),
        (
            ".{ .name = .a, .dependencies = .{ .b = .{ .x = 1 } } }",
            "build.zig.zon:1:40: `b` has neither `url` nor `path`",
        ),
        (
            ".{ .name = .a, .dependencies = .{ .b = .{ .url = 1 } } }",
            "build.zig.zon:1:50: `url` must be a string",
        ),
        (".{ .name = .a, .name = .b }", "build.zig.zon:1:16: not ZON: the field `name` stands twice"),
    ] {
        let got = error("build.zig.zon", text);
        assert!(got.starts_with(want) && got.contains("help: "), "{text:?}: {got}");
    }
}

#[test]
fn a_real_manifest() {
    let Some(root) = shared("lockfiles/nullclaw") else { return };
    let found = discover::discover(&root, &[]).unwrap();
    let got = resolve::resolve(&found, &Options::default()).unwrap();
    let names: Vec<_> = got.packages.iter().map(|package| package.label()).collect();
    assert_eq!(names, ["nullclaw@2026.2.26", "sqlite3", "websocket@0.1.0"]);
}
