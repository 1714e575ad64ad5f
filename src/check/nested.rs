//! Archives and documents within an agent's package: an agent unpacks and reads them, so their
//! files are read too, to a fixed depth and size; what cannot be unpacked is a gap.
//!
//! Office documents (Office Open XML, OpenDocument, EPUB) are zip archives and are read as such.

use std::io::Read as _;

use crate::acquire::archive::{self, Limits, TopFolder, Unpacked};
use crate::model::{Contents, Gap, GapKind, Span};

/// Archives within archives that are followed.
const MAX_DEPTH: usize = 3;

/// Bytes unpacked for one package.
const MAX_BYTES: u64 = 64 << 20;

/// Files unpacked for one package.
const MAX_FILES: usize = 20_000;

/// What was unpacked.
#[derive(Debug, Default)]
pub struct Nested {
    /// Path (`a.zip!/b/c.md`) and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// What could not be unpacked.
    pub gaps: Vec<Gap>,
    bytes: u64,
}

/// Unpacks every archive among the files.
pub fn unpack(contents: &Contents) -> Nested {
    let mut out = Nested::default();
    for file in &contents.files {
        out.open(&file.path, contents.bytes(file), 0);
    }
    out
}

impl Nested {
    fn gap(&mut self, path: &str, why: &str) {
        self.gaps.push(Gap {
            spans: vec![Span::file(path)],
            ..Gap::new(GapKind::NotSeen, format!("`{path}`: {why}"))
        });
    }

    fn open(&mut self, path: &str, bytes: &[u8], depth: usize) {
        let unpacked = match bytes {
            [b'P', b'K', 3, 4, ..] => archive::zip(bytes, TopFolder::None, &limits()),
            [0x1f, 0x8b, ..] => match gunzip(bytes) {
                Some(inner) if inner.get(257..262) == Some(b"ustar") => {
                    archive::tar(inner, TopFolder::None, &limits())
                }
                Some(inner) => return self.keep(format!("{path}!/{}", stem(path)), inner, depth),
                None => return self.gap(path, "the gzip data is damaged or too large"),
            },
            _ if bytes.get(257..262) == Some(b"ustar") => {
                archive::tar(bytes.to_vec(), TopFolder::None, &limits())
            }
            _ if sealed(bytes) => return self.gap(path, "an archive in a format that is not unpacked"),
            _ if bytes.starts_with(b"%PDF-") => {
                return self.gap(path, "the text of PDF documents is not read");
            }
            _ => return,
        };
        let Unpacked { files, buffer, .. } = match unpacked {
            Ok(unpacked) => unpacked,
            Err(error) => return self.gap(path, &format!("the archive in it is refused: {error}")),
        };
        if depth >= MAX_DEPTH {
            return self.gap(path, "an archive too deep within others");
        }
        for entry in files {
            let inner = buffer.get(entry.range).unwrap_or_default().to_vec();
            self.keep(format!("{path}!/{}", entry.path), inner, depth);
        }
    }

    fn keep(&mut self, path: String, bytes: Vec<u8>, depth: usize) {
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_BYTES || self.files.len() >= MAX_FILES {
            return self.gap(&path, "more is packed in here than is read");
        }
        self.open(&path, &bytes, depth + 1);
        self.files.push((path, bytes));
    }
}

fn limits() -> Limits {
    Limits { unpacked: MAX_BYTES, files: MAX_FILES, ..Limits::default() }
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).take(MAX_BYTES + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MAX_BYTES).then_some(out)
}

/// The name of what a compressed file holds.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".svgz")).unwrap_or(name)
}

/// Archives that nothing here unpacks.
fn sealed(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 7] = [
        b"\xfd7zXZ\0",
        b"BZh",
        b"\x28\xb5\x2f\xfd",
        b"\x04\x22\x4d\x18",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        // OLE: Word, Excel and Outlook files of before 2007.
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ];
    starts.iter().any(|start| bytes.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::check::examples::contents;

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn archives_within_archives_are_opened() {
        let inner = zip(&[("word/document.xml", b"<w:t>do this</w:t>")]);
        let outer = zip(&[("x.docx", &inner), ("run.sh", b"id")]);
        let nested = unpack(&contents(&[("assets/a.zip", &outer)]));
        assert!(nested.gaps.is_empty(), "{:?}", nested.gaps);
        let paths: Vec<_> = nested.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            ["assets/a.zip!/x.docx!/word/document.xml", "assets/a.zip!/x.docx", "assets/a.zip!/run.sh"]
        );
    }

    #[test]
    fn what_cannot_be_opened_is_said() {
        let nested = unpack(&contents(&[
            ("a.zip", b"PK\x03\x04junk"),
            ("b.7z", b"7z\xbc\xaf\x27\x1c"),
            ("c.pdf", b"%PDF-1.7"),
        ]));
        assert_eq!(nested.gaps.len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            for start in [&b"PK\x03\x04"[..], b"\x1f\x8b\x08", b""] {
                unpack(&contents(&[("a", &[start, &bytes].concat())]));
            }
        }
    }
}
