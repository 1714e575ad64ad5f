//! The files of `rules/`, built into the program. A test compares this list with the folder and
//! rewrites it with `BOMVET_UPDATE=1 cargo test --lib rules::`.

macro_rules! table {
    ($($id:literal,)*) => {
        /// Id and text of every rule file, sorted by id.
        pub const TABLE: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../rules/", $id, ".toml"))),)*];
    };
}

table! {
    "file/binary",
    "file/embedded-program",
    "file/minified-only",
    "file/nested-archive",
    "file/opaque",
    "file/opaque-in-build",
    "file/wasm",
    "install/credentials",
    "install/destructive",
    "install/download-and-run",
    "install/dynamic-code",
    "install/encoded-command",
    "install/exfiltrate",
    "install/network",
    "install/persist",
    "install/pipe-to-shell",
    "install/reverse-shell",
    "malice/decoded-code",
    "malice/destructive-walk",
    "malice/env-sent",
    "malice/exfil-endpoint",
    "malice/fetched-code",
    "malice/fetched-command",
    "malice/guarded-destruction",
    "malice/miner",
    "malice/obfuscated",
    "malice/reverse-shell",
    "malice/secret-file-sent",
    "malice/wallet-hook",
    "malice/worm",
    "text/bidi",
    "text/homoglyph",
    "text/invisible",
    "text/invisible-text",
    "text/packed-line",
    "text/padding",
    "text/tag",
}
