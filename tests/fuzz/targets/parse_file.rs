//! See `run`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for name in ["a.json", "a.toml", "a.node", "a.wasm", "a.txt", "a.a", "a.bin"] { let _ = bomvet::check::parse::file(name, data); }
});
