//! What is known of a value: its text, its bytes, its type, and where it came from.

use std::rc::Rc;

/// Where a value came from, as bits.
pub mod taint {
    /// All environment variables.
    pub const ENV: u32 = 1;
    /// One environment variable.
    pub const ENV_VAR: u32 = 1 << 1;
    /// A file that holds secrets, or what a search for keys found.
    pub const SECRET: u32 = 1 << 2;
    /// Name of host or user.
    pub const HOST: u32 = 1 << 3;
    /// Received from the network.
    pub const NET: u32 = 1 << 4;
    /// Decoded from base64, hex or by XOR.
    pub const DECODED: u32 = 1 << 5;
    /// Read from a file.
    pub const FILE: u32 = 1 << 6;
    /// The time.
    pub const CLOCK: u32 = 1 << 7;
    /// A constant date.
    pub const DATE: u32 = 1 << 8;
    /// A path at which secrets lie.
    pub const SECRET_PATH: u32 = 1 << 9;
    /// A pattern that matches keys or addresses of wallets.
    pub const KEY_PATTERN: u32 = 1 << 10;
    /// The result of an exclusive or over constant bytes.
    pub const XORED: u32 = 1 << 11;
    /// Constant bytes.
    pub const CONST_BYTES: u32 = 1 << 12;
    /// A variable that continuous-integration systems set.
    pub const CI: u32 = 1 << 13;

    /// A private key or what it is made from, by name.
    pub const KEY: u32 = 1 << 14;
    /// Bytes that stand in the package.
    pub const EMBEDDED: u32 = 1 << 15;
    /// Read from the clipboard.
    pub const CLIPBOARD: u32 = 1 << 16;
    /// The name of a program that tells host or user.
    pub const HOST_PROGRAM: u32 = 1 << 17;
    /// A connection.
    pub const SOCKET: u32 = 1 << 18;
    /// The user's own folder, whole.
    pub const HOME: u32 = 1 << 19;
    /// A file that is to be opened for writing.
    pub const WRITES: u32 = 1 << 20;
    /// A file or folder that a walk met, by its path.
    pub const ENTRY: u32 = 1 << 21;
    /// Zeros, lots or what was encrypted: nothing that was there before.
    pub const FILL: u32 = 1 << 22;
    /// Given by whoever calls the function.
    pub const PARAM: u32 = 1 << 23;
    /// What stands behind a constant marker in a text of somebody else.
    pub const MARKED: u32 = 1 << 24;

    /// A word that a search for private keys found.
    pub const FOUND_KEY: u32 = 1 << 25;
    /// One of the words or lines of a text.
    pub const WORDS: u32 = 1 << 26;
    /// What a file of a test holds, in a build script.
    pub const TEST_DATA: u32 = 1 << 27;
    /// Bytes of a file with arithmetic over them.
    pub const MASKED: u32 = 1 << 28;
    /// A test for the form of a private key in hexadecimal digits.
    pub const HEX_KEY: u32 = 1 << 29;
    /// A test for the form of a private key in letters and digits.
    pub const LETTER_KEY: u32 = 1 << 30;

    /// A token that publishes packages.
    pub const REGISTRY_TOKEN: u32 = 1 << 31;

    /// The sources of flows, with their names.
    pub const SOURCES: &[(u32, &str)] = &[
        (ENV, "env-all"),
        (ENV_VAR, "env"),
        (SECRET, "secret-file"),
        (HOST, "host-info"),
        (NET, "net"),
        (DECODED, "decoded"),
        (FILE, "file"),
        (KEY, "key"),
        (CLIPBOARD, "clipboard"),
        (FOUND_KEY, "found-key"),
        (REGISTRY_TOKEN, "registry-token"),
    ];
}

/// Longest text that folding makes.
const LONGEST: usize = 1 << 16;

/// What is known of a value.
#[derive(Debug, Clone, Default)]
pub struct Value {
    /// Its text; a part that does not fold is `?`.
    pub text: Option<Rc<str>>,
    /// Its bytes.
    pub bytes: Option<Rc<[u8]>>,
    /// Its number.
    pub number: Option<u64>,
    /// Texts of its elements; for a command, program and arguments.
    pub list: Option<Rc<[Rc<str>]>>,
    /// Resolved path of its type.
    pub ty: Option<Rc<str>>,
    /// Resolved path of the item that it is.
    pub item: Option<Rc<str>>,
    /// See [`taint`].
    pub taint: u32,
    /// The file that it stands for, by text or variable.
    pub place: Option<Rc<str>>,
    /// The files that its elements stand for.
    pub parts: Option<Rc<[Option<Rc<str>>]>>,
    /// Encodings taken off.
    pub layer: u8,
    /// The function of this crate, mostly of another file, whose call gave it.
    pub gave: Option<Rc<str>>,
}

impl Value {
    /// A value of which only the origin is known.
    pub fn of(taint: u32) -> Self {
        Self { taint, ..Self::default() }
    }

    /// A constant text.
    pub fn text(text: &str) -> Self {
        let text = if text.len() > LONGEST { "?" } else { text };
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// The text or `?`.
    pub fn shown(&self) -> Rc<str> {
        if let Some(text) = &self.text {
            return Rc::clone(text);
        }
        if let Some(text) = self.bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            return text.into();
        }
        self.number.map_or_else(|| "?".into(), |number| number.to_string().into())
    }

    /// Either of two values: what both agree on, and where either came from.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let same = |a: Option<Rc<str>>, b: &Option<Rc<str>>| if &a == b { a } else { None };
        Self {
            text: same(self.text, &other.text),
            ty: self.ty.or_else(|| other.ty.clone()),
            bytes: self.bytes.or_else(|| other.bytes.clone()),
            taint: self.taint | other.taint,
            place: self.place.or_else(|| other.place.clone()),
            layer: self.layer.max(other.layer),
            ..Self::default()
        }
    }

    /// Exclusive or with a number or repeated bytes, where both are known.
    pub fn xor(&self, key: &Self) -> Option<Rc<[u8]>> {
        let bytes = self.bytes.as_deref()?;
        let number = key.number.and_then(|number| u8::try_from(number).ok()).map(|byte| vec![byte]);
        let key = number.or_else(|| key.bytes.as_ref().map(|bytes| bytes.to_vec()))?;
        if key.is_empty() {
            return None;
        }
        Some(bytes.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect())
    }
}

/// `format!` with its pieces: `{}` and `{name}` are asked from `argument`.
pub fn format(template: &str, mut argument: impl FnMut(Option<&str>) -> Rc<str>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
        } else if brace == "{" {
            let end = rest.find('}').unwrap_or(rest.len());
            let name = rest[..end].split(':').next().unwrap_or("").trim();
            out.push_str(&argument((!name.is_empty()).then_some(name)));
            rest = rest.get(end + 1..).unwrap_or("");
        }
    }
    out.push_str(rest);
    out
}
