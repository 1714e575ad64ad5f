//! What is not text: formats told by their bytes, never by their name alone.
//!
//! Machine code is read with `object`: what it imports says what it can reach. Data is told by
//! its magic number. What remains is searched for embedded programs and readable strings; it is
//! called seen only where it cannot hide much, and the rest is a gap.

use object::{Object as _, ObjectSymbol as _};

use super::{Parsed, text};
use crate::model::{CapabilityKind, Fact, FactKind, Span, Treatment};

/// Magic number, offset, what it is.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "png image"),
    (0, b"\xff\xd8\xff", "jpeg image"),
    (0, b"GIF8", "gif image"),
    (8, b"WEBP", "webp image"),
    (0, b"BM", "bmp image"),
    (0, b"\0\0\x01\0", "ico image"),
    (0, b"\0\0\x02\0", "cur image"),
    (0, b"icns", "icns image"),
    (0, b"II*\0", "tiff image"),
    (0, b"MM\0*", "tiff image"),
    (0, b"8BPS", "psd image"),
    (0, b"qoif", "qoi image"),
    (0, b"#?RADIANCE", "hdr image"),
    (0, b"v/1\x01", "openexr image"),
    (0, b"\xabKTX ", "ktx texture"),
    (0, b"DDS ", "dds texture"),
    (4, b"ftypavif", "avif image"),
    (0, b"\xff\x0a", "jpeg xl image"),
    (0, b"wOFF", "woff font"),
    (0, b"wOF2", "woff2 font"),
    (0, b"\0\x01\0\0\0", "truetype font"),
    (0, b"OTTO", "opentype font"),
    (0, b"ttcf", "font collection"),
    (34, b"LP", "eot font"),
    (0, b"%PDF-", "pdf document"),
    (0, b"%!PS", "postscript document"),
    (8, b"WAVE", "wav audio"),
    (8, b"AVI ", "avi video"),
    (0, b"ID3", "mp3 audio"),
    (0, b"\xff\xfb", "mp3 audio"),
    (0, b"fLaC", "flac audio"),
    (0, b"OggS", "ogg media"),
    (4, b"ftyp", "mp4 media"),
    (0, b"\x1aE\xdf\xa3", "matroska media"),
    (0, b"SQLite format 3\0", "sqlite database"),
    (0, b"TZif", "time zone data"),
    (0, b"PAR1", "parquet table"),
    (0, b"ARROW1", "arrow table"),
    (0, b"Obj\x01", "avro table"),
    (0, b"\x93NUMPY", "numpy array"),
    (0, b"\x89HDF", "hdf5 data"),
    (0, b"\xde\x12\x04\x95", "gettext catalogue"),
    (0, b"\x95\x04\x12\xde", "gettext catalogue"),
    (0, b"\xd4\xc3\xb2\xa1", "packet capture"),
    (0, b"\x0a\x0d\x0d\x0a", "packet capture"),
    (0, b"glTF", "gltf model"),
    (0, b"\x03\x02\x23\x07", "spir-v shader"),
    (0, b"\x07\x23\x02\x03", "spir-v shader"),
    (0, b"RIFF", "riff media"),
    (0, b"FWS", "flash"),
    (0, b"CWS", "flash"),
];

/// Archives within the archive: what is in them is not looked at.
const ARCHIVES: &[(usize, &[u8], &str)] = &[
    (0, b"PK\x03\x04", "zip archive"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"\xfd7zXZ\0", "xz archive"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\x28\xb5\x2f\xfd", "zstd archive"),
    (0, b"\x04\x22\x4d\x18", "lz4 archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (0, b"Rar!", "rar archive"),
    (257, b"ustar", "tar archive"),
];

fn magic(table: &[(usize, &[u8], &'static str)], bytes: &[u8]) -> Option<&'static str> {
    let here =
        |(at, magic, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|b| b.starts_with(magic));
    table.iter().find(here).map(|(_, _, what)| *what)
}

/// Whether bytes are compiled Python: a version number and a line end (CPython,
/// `Lib/importlib/_bootstrap_external.py`), whatever the file's name is where a code object follows.
fn is_bytecode(path: &str, bytes: &[u8]) -> bool {
    let [low, high, 0x0d, 0x0a, flags, 0, 0, 0, ..] = bytes else {
        return matches!(bytes, [_, _, 0x0d, 0x0a, ..])
            && [".pyc", ".pyo"].iter().any(|end| path.ends_with(end));
    };
    let version = u16::from_le_bytes([*low, *high]);
    [".pyc", ".pyo"].iter().any(|end| path.ends_with(end))
        || ((3_000..=4_000).contains(&version) && *flags <= 3 && matches!(bytes.get(16), Some(0xe3 | 0x63)))
}

/// Recognises machine code, archives and data; `None` for text and for what is unknown.
pub fn recognise(path: &str, bytes: &[u8]) -> Option<Parsed> {
    if let Some(parsed) = machine_code(path, bytes) {
        return Some(parsed);
    }
    // A text may start with letters of a magic number (`BM`, `FWS`, `ID3`).
    if std::str::from_utf8(bytes).is_ok_and(|_| !bytes[..bytes.len().min(512)].contains(&0)) {
        return pem(bytes).map(|what| Parsed::only(Treatment::Data(what.to_owned())));
    }
    if let Some(what) = magic(ARCHIVES, bytes).or_else(|| labelled(bytes)) {
        let mut parsed = Parsed::only(Treatment::Data(what.to_owned()));
        parsed.facts.push(whole(path, "nested-archive").value(what));
        return Some(parsed);
    }
    let what = magic(MAGIC, bytes).or_else(|| structure(bytes))?;
    let mut parsed = Parsed::only(Treatment::Data(what.to_owned()));
    parsed.facts.extend(embedded(path, bytes));
    Some(parsed)
}

/// Longest label in front of an archive.
const LABEL: usize = 32;

/// An archive behind a label in plain letters, as programs put it in front of their caches to tell
/// versions apart. It is as much or little looked at as one without.
fn labelled(bytes: &[u8]) -> Option<&'static str> {
    let label = bytes.iter().take(LABEL).take_while(|byte| matches!(byte, b' '..=b'~')).count();
    // Numbers of four bytes and more are none by chance; one may start with a printable byte.
    let at = (1..=label).find(|&at| {
        ARCHIVES.iter().any(|(_, magic, _)| magic.len() >= 4 && bytes[at..].starts_with(magic))
    })?;
    magic(ARCHIVES, &bytes[at..])
}

/// Formats known by structure rather than by a number.
fn structure(bytes: &[u8]) -> Option<&'static str> {
    if is_openpgp(bytes) {
        return Some("openpgp keys");
    }
    const MMDB: &[u8] = b"\xab\xcd\xefMaxMind.com";
    let tail = &bytes[bytes.len().saturating_sub(128 << 10)..];
    if memchr::memmem::find(tail, MMDB).is_some() {
        return Some("maxmind database");
    }
    // DER: a SEQUENCE whose length is the file's (X.690, 8.1.3).
    let der = match bytes {
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        [0x30, 0x81, len, ..] => Some(3 + usize::from(*len)),
        [0x30, len @ 0..=0x7f, ..] => Some(2 + usize::from(*len)),
        _ => None,
    };
    (der == Some(bytes.len()) && bytes.len() > 8).then_some("der structure")
}

/// A sequence of OpenPGP packets (RFC 9580, section 4) that starts with a key and ends with the file.
fn is_openpgp(bytes: &[u8]) -> bool {
    let (mut at, mut packets) = (0usize, 0usize);
    while at < bytes.len() {
        let head = bytes[at];
        let byte = |offset: usize| bytes.get(at + offset).map(|&byte| usize::from(byte));
        let number = |from: usize, count: usize| {
            (from..from + count).try_fold(0usize, |sum, offset| Some(sum << 8 | byte(offset)?))
        };
        let (tag, header, length) = if head & 0xc0 == 0xc0 {
            match byte(1) {
                Some(short @ 0..192) => (head & 0x3f, 2, Some(short)),
                Some(first @ 192..224) => {
                    (head & 0x3f, 3, byte(2).map(|second| ((first - 192) << 8) + second + 192))
                }
                Some(255) => (head & 0x3f, 6, number(2, 4)),
                _ => return false,
            }
        } else if head & 0x80 != 0 && head & 3 != 3 {
            let count = 1usize << (head & 3);
            (head >> 2 & 0x0f, 1 + count, number(1, count))
        } else {
            return false;
        };
        let Some(next) = length.and_then(|length| (at + header).checked_add(length)) else { return false };
        let first = packets == 0 && (!matches!(tag, 5 | 6) || !matches!(byte(header), Some(3..=6)));
        if first || !(1..=21).contains(&tag) || next > bytes.len() {
            return false;
        }
        (at, packets) = (next, packets + 1);
    }
    packets > 1
}

fn pem(bytes: &[u8]) -> Option<&'static str> {
    let body = bytes.trim_ascii_start();
    let certificate = body.starts_with(b"-----BEGIN") && body.trim_ascii_end().ends_with(b"-----");
    certificate.then_some("pem structure")
}

fn whole(path: &str, name: &str) -> Fact {
    Fact::new(FactKind::File, name, Span::file(path))
}

/// Imports that one binary may give as facts.
const MAX_SYMBOLS: usize = 400;

fn machine_code(path: &str, bytes: &[u8]) -> Option<Parsed> {
    let name = match bytes {
        [0x7f, b'E', b'L', b'F', ..] => "elf",
        [b'M', b'Z', ..] if bytes.len() > 64 && bytes[..64].contains(&0) => "pe",
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => "mach-o",
        // A fat binary has few architectures where a class file has its version.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0..=30, ..] => "mach-o",
        [0xca, 0xfe, 0xba, 0xbe, ..] => "java-class",
        [0, b'a', b's', b'm', ..] => "wasm",
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => "static-library",
        [b'd', b'e', b'x', b'\n', ..] => "dex",
        bytes if is_bytecode(path, bytes) => "python-bytecode",
        [b'B', b'C', 0xc0, 0xde, ..] => "llvm-bitcode",
        _ => return None,
    };
    if name == "python-bytecode" {
        // Python loads it in place of a source, and nothing here reads it.
        let why = "compiled Python, which is not read: it need not come from the source of the same name";
        let mut parsed = Parsed::only(Treatment::Unseen(why.to_owned()));
        parsed.facts.push(whole(path, name).gives(CapabilityKind::DynamicCode));
        parsed.facts.extend(strings(path, bytes));
        return Some(parsed);
    }
    let shown = if path.ends_with(".node") && name != "wasm" { "node-addon" } else { name };
    let mut parsed = Parsed::only(Treatment::Parsed(name.to_owned()));
    let mut fact = whole(path, shown);
    fact.capability = Some(CapabilityKind::Native);
    let libraries = match name {
        "elf" | "pe" | "mach-o" | "wasm" => match object::File::parse(bytes) {
            Ok(object) => symbols(path, &object, &mut parsed.facts),
            // Damaged, or fat: the strings still tell.
            Err(_) => Vec::new(),
        },
        "static-library" => {
            members(path, bytes, &mut parsed.facts);
            Vec::new()
        }
        _ => Vec::new(),
    };
    parsed.facts.push(fact.value(libraries.join(" ")));
    parsed.facts.extend(strings(path, bytes));
    Some(parsed)
}

/// Imported names as calls; gives the libraries that they come from.
fn symbols(path: &str, object: &object::File<'_>, out: &mut Vec<Fact>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut libraries: Vec<String> = Vec::new();
    for import in object.imports().into_iter().flatten().flatten() {
        libraries.push(String::from_utf8_lossy(import.library()).into_owned());
        if let object::read::NameOrOrdinal::Name(name) = import.name() {
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    names.extend(
        object
            .symbols()
            .filter(|symbol| symbol.is_undefined())
            .filter_map(|symbol| symbol.name().ok().map(str::to_owned)),
    );
    calls(path, names, out);
    libraries.retain(|library| !library.is_empty());
    libraries.sort();
    libraries.dedup();
    libraries
}

fn members(path: &str, bytes: &[u8], out: &mut Vec<Fact>) {
    let Ok(archive) = object::read::archive::ArchiveFile::parse(bytes) else { return };
    let mut names = Vec::new();
    for member in archive.members().flatten() {
        let Ok(data) = member.data(bytes) else { continue };
        let Ok(object) = object::File::parse(data) else { continue };
        names.extend(
            object
                .symbols()
                .filter(|symbol| symbol.is_undefined())
                .filter_map(|symbol| symbol.name().ok().map(str::to_owned)),
        );
    }
    calls(path, names, out);
}

fn calls(path: &str, mut names: Vec<String>, out: &mut Vec<Fact>) {
    names.sort();
    names.dedup();
    let known = names.into_iter().filter_map(|name| reach(&name).map(|kind| (name, kind)));
    out.extend(known.take(MAX_SYMBOLS).map(|(name, kind)| {
        Fact::new(FactKind::Call, format!("symbol:{name}"), Span::file(path)).gives(kind)
    }));
}

/// What an imported symbol reaches (POSIX, Win32 and WASI names).
fn reach(symbol: &str) -> Option<CapabilityKind> {
    let bare = symbol.trim_start_matches('_').split(['@', '$']).next().unwrap_or(symbol);
    Some(match bare {
        "connect" | "socket" | "bind" | "listen" | "getaddrinfo" | "sendto" | "WSAStartup" | "WSASocketW"
        | "WSAConnect" | "InternetOpenA" | "InternetOpenW" | "InternetOpenUrlA" | "InternetOpenUrlW"
        | "WinHttpOpen" | "WinHttpConnect" | "URLDownloadToFileA" | "URLDownloadToFileW" | "sock_open"
        | "curl_easy_init" => CapabilityKind::Net,
        "execve" | "execv" | "execvp" | "execl" | "execlp" | "system" | "popen" | "posix_spawn"
        | "posix_spawnp" | "CreateProcessA" | "CreateProcessW" | "ShellExecuteA" | "ShellExecuteW"
        | "ShellExecuteExW" | "WinExec" | "CreateRemoteThread" | "ptrace" => CapabilityKind::Process,
        "dlopen" | "dlsym" | "LoadLibraryA" | "LoadLibraryW" | "LoadLibraryExW" => CapabilityKind::Native,
        "getenv" | "secure_getenv" | "GetEnvironmentVariableW" | "GetEnvironmentStringsW" | "environ_get" => {
            CapabilityKind::Env
        }
        "unlink" | "rename" | "chmod" | "DeleteFileW" | "MoveFileExW" | "WriteFile" | "path_unlink_file" => {
            CapabilityKind::FsWrite
        }
        "open" | "open64" | "openat" | "fopen" | "fopen64" | "CreateFileW" | "CreateFileA" | "path_open" => {
            CapabilityKind::FsRead
        }
        _ => return None,
    })
}

/// Shortest run of printable bytes that counts as a string.
const MIN_STRING: usize = 8;

/// URLs and credential paths among the printable runs.
fn strings(path: &str, bytes: &[u8]) -> Vec<Fact> {
    let mut text = String::new();
    for run in bytes.split(|b| !(32..127).contains(b)).filter(|run| run.len() >= MIN_STRING) {
        text.extend(run.iter().map(|&b| char::from(b)));
        text.push('\n');
    }
    // Positions in the joined strings are none in the file.
    let mut facts = text::literals(path, &text);
    facts.iter_mut().for_each(|fact| fact.span = Span::file(path));
    facts.sort();
    facts.dedup();
    facts
}

/// Programs that stand within data: an ELF or PE head that is more than its number by chance.
fn embedded(path: &str, bytes: &[u8]) -> Vec<Fact> {
    let elf = memchr::memmem::find_iter(bytes, b"\x7fELF")
        .filter(|&at| matches!(bytes.get(at + 4..at + 7), Some([1 | 2, 1 | 2, 1])))
        .map(|at| ("elf", at));
    let pe = memchr::memmem::find_iter(bytes, b"This program cannot be run in DOS mode").map(|at| ("pe", at));
    let first = elf.chain(pe).find(|(_, at)| *at > 0);
    first
        .map(|(what, at)| whole(path, "embedded-program").value(format!("{what} at byte {at}")))
        .into_iter()
        .collect()
}

/// Bits per byte, in hundredths, over the whole.
fn entropy(bytes: &[u8]) -> u32 {
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|&b| counts[usize::from(b)] += 1);
    let total = bytes.len().max(1) as f64;
    let bits: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / total)
        .map(|share| -share * share.log2())
        .sum();
    (bits * 100.0).round() as u32
}

/// Above this many hundredths of a bit per byte, bytes are compressed or encrypted and their
/// strings say nothing (random bytes have 800, tables and programs mostly less than 700).
const PACKED_ENTROPY: u32 = 760;
/// Below this size, bytes hold no program worth hiding.
const SMALL: usize = 1024;

/// What no magic number tells. Test data and tables are data of which strings and embedded
/// programs were searched; dense bytes outside of tests are a gap.
pub fn unknown(path: &str, bytes: &[u8]) -> Parsed {
    let entropy = entropy(bytes);
    let test = super::super::context::is_test_path(path);
    let treatment = if test {
        Treatment::Data("opaque test data, strings searched".to_owned())
    } else if entropy < PACKED_ENTROPY || bytes.len() < SMALL {
        Treatment::Data("opaque table, strings searched".to_owned())
    } else {
        Treatment::Unseen(format!(
            "unrecognised bytes, {}.{:02} bits of entropy in each",
            entropy / 100,
            entropy % 100
        ))
    };
    let mut parsed = Parsed::only(treatment);
    let name = if test { "opaque-test-data" } else { "opaque" };
    parsed.facts.push(whole(path, name).value(format!("{} bytes, entropy {entropy}/800", bytes.len())));
    parsed.facts.extend(embedded(path, bytes));
    parsed.facts.extend(strings(path, bytes));
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn treatment(path: &str, bytes: &[u8]) -> Treatment {
        super::super::file(path, bytes).treatment
    }

    #[test]
    fn formats_are_told_by_their_bytes() {
        assert_eq!(treatment("a.js", b"\x89PNG\r\n\x1a\n\0\0\0"), Treatment::Data("png image".to_owned()));
        assert_eq!(treatment("a.txt", b"BMW makes cars"), Treatment::Text);
        assert_eq!(treatment("x.png", b"\x7fELF\x02\x01\x01\0"), Treatment::Parsed("elf".to_owned()));
        let nested = super::super::file("a.bin", b"\x1f\x8b\x08\0\xff\xff");
        assert_eq!(nested.facts[0].name, "nested-archive");
        // A public key (tag 6, version 4), then a user id (tag 13), in the old and the new form.
        let mut keys = vec![0x99, 0, 4, 4, 0xff, 0xfe, 0xfd, 0xb4, 2, b'a', b'b'];
        assert_eq!(treatment("k.gpg", &keys), Treatment::Data("openpgp keys".to_owned()));
        keys[2] = 5;
        assert_ne!(treatment("k.gpg", &keys), Treatment::Data("openpgp keys".to_owned()));
        let labelled = super::super::file("a.bin", b"cache v01(\x28\xb5\x2f\xfd\x80\xff\xfe");
        assert_eq!(labelled.facts[0].value, "zstd archive");
    }

    #[test]
    fn opaque_bytes_are_data_in_tests_and_a_gap_elsewhere() {
        let dense: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(matches!(treatment("tests/a.bin", &dense), Treatment::Data(_)));
        assert!(matches!(treatment("src/a.bin", &dense), Treatment::Unseen(_)));
        let table: Vec<u8> = (0..4000u32).map(|n| (n % 7) as u8).collect();
        assert!(matches!(treatment("src/a.bin", &table), Treatment::Data(_)));
    }

    #[test]
    fn a_program_within_an_image_and_strings_of_a_program_are_found() {
        let mut image = b"\x89PNG\r\n\x1a\n\0\0\0".to_vec();
        image.extend(b"\x7fELF\x02\x01\x01\0");
        assert_eq!(super::super::file("a.png", &image).facts[0].name, "embedded-program");
        let program = b"\x7fELF\x02\x01\x01\0\0stratum+tcp://pool.invalid:3333\0\0";
        let facts = super::super::file("a", program).facts;
        assert!(facts.iter().any(|fact| fact.value == "stratum+tcp://pool.invalid:3333"));
    }

    #[test]
    fn imports_of_a_wasm_module_are_reach() {
        // (module (import "wasi_snapshot_preview1" "sock_open" (func)))
        let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec();
        let (from, name) = (b"wasi_snapshot_preview1", b"sock_open");
        let body = [&[1, from.len() as u8][..], from, &[name.len() as u8], name, &[0, 0]].concat();
        module.extend([&[2, body.len() as u8][..], &body].concat());
        let facts = super::super::file("a.wasm", &module).facts;
        assert!(
            facts.iter().any(|f| f.name == "symbol:sock_open" && f.capability == Some(CapabilityKind::Net)),
            "{facts:?}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0usize..12, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let heads: [&[u8]; 12] = [b"\x7fELF\x02\x01\x01", b"MZ", b"\0asm\x01\0\0\0", b"!<arch>\n", b"\xca\xfe\xba\xbe",
                b"\xcf\xfa\xed\xfe", b"\x30\x82", b"\x1f\x8b", b"", b"-----BEGIN", b"dex\n", b"\xff\xfe"];
            let _ = super::super::file("a.bin", &[heads[head], &bytes].concat());
        }
    }
}
