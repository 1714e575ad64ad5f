//! What attestations may be. What is beyond a limit is invalid, and said.

/// Bytes of one answer of a registry: npm's have some 30 kB, PyPI's 10 to 100 kB.
pub const ANSWER_BYTES: usize = 4 << 20;

/// Attestations in one answer; registries hand out two or three.
pub const ATTESTATIONS: usize = 32;

/// Bytes of a certificate; Fulcio's have 2 kB.
pub const CERTIFICATE_BYTES: usize = 16 << 10;

/// Hashes of an inclusion proof: a tree of 2^64 entries needs no more.
pub const PROOF_HASHES: usize = 64;

/// Subjects of one statement; npm's and PyPI's have one.
pub const SUBJECTS: usize = 4096;

/// Characters of one of the certificate's names that are kept.
pub const NAME_BYTES: usize = 1024;
