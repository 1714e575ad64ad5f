//! What asking allows. Each limit names its unit and its reason.

/// Bytes read of an answer. The largest useful one has a few ten thousand.
pub const ANSWER_BYTES: u64 = 4 << 20;

/// Bytes read of a refusal; only its message is of use.
pub const REFUSAL_BYTES: u64 = 64 << 10;

/// Characters shown of what a server says about a refusal.
pub const MESSAGE_CHARS: usize = 200;

/// Seconds that a `retry-after` may ask for. Who asks for more has no answer for this run.
pub const RETRY_AFTER_SECONDS: u64 = 120;

/// Bytes of a key and of what a key command prints.
pub const KEY_BYTES: usize = 8 << 10;

/// Seconds for a key command: a person may have to unlock a store.
pub const KEY_SECONDS: u64 = 60;

/// Bytes of `reviewers.toml`.
pub const FILE_BYTES: usize = 1 << 20;

/// Bytes kept of a command's standard error; the rest is read and dropped.
pub const STDERR_BYTES: usize = 16 << 10;
