//! See `run`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = bomvet::attest::verify::verify(&bomvet::attest::verify::Inputs { bom: data, attestations: Some(data), trusted: &[], allow_unsigned: true });
});
