//! See `run`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) { for name in ["a.js", "a.mjs", "a.tsx"] { let _ = bomvet::check::parse::js::parse(name, text); } }
});
