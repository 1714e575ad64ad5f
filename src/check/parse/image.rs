//! What pictures carry beside the picture: texts in their chunks, and bytes after their end.
//!
//! PNG (<https://www.w3.org/TR/png-3/>, chunks 11.3), JPEG (ITU-T T.81, B.1), GIF (GIF89a,
//! 15 to 26), WebP (RFC 9649, section 2.3). Only the containers are walked, no pixel is decoded.

use std::io::Read as _;
use std::ops::Range;

/// Bytes that one compressed text may unpack to.
const MAX_TEXT: u64 = 1 << 20;

/// Texts that are kept of one picture.
const MAX_TEXTS: usize = 64;

/// Shortest run of printable bytes of a binary record that counts as text.
const MIN_RUN: usize = 8;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Name of the place (`tEXt`, `comment`, `APP1`) and the text.
    pub texts: Vec<(String, Vec<u8>)>,
    /// What stands after the end marker, padding left out.
    pub after: Range<usize>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

impl Carried {
    fn text(&mut self, name: &str, bytes: &[u8]) {
        let blank = bytes.iter().all(|byte| matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n'));
        if blank {
            return;
        }
        if self.texts.len() >= MAX_TEXTS {
            if self.texts.len() == MAX_TEXTS && !self.unread.iter().any(|why| why.starts_with("more than")) {
                self.unread.push(format!("more than {MAX_TEXTS} texts"));
            }
            return;
        }
        self.texts.push((name.to_owned(), bytes.to_vec()));
    }

    /// The printable runs of a record that is not all text (Exif, vendors' notes).
    fn record(&mut self, name: &str, bytes: &[u8]) {
        if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
            return self.text(name, bytes);
        }
        let runs = bytes.split(|byte| !matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t' | 0x80..=0xff));
        let runs: Vec<&[u8]> =
            runs.filter(|run| run.iter().filter(|byte| byte.is_ascii_graphic()).count() >= MIN_RUN).collect();
        self.text(name, &runs.join(&b'\n'));
        // Windows writes its comments in UTF-16.
        let wide: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        if bytes.len() >= 2 * MIN_RUN && wide.len() * 3 < bytes.len() * 2 {
            let runs = wide.split(|byte| !matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'));
            let runs: Vec<&[u8]> = runs.filter(|run| run.len() >= MIN_RUN).collect();
            self.text(name, &runs.join(&b'\n'));
        }
    }

    fn inflate(&mut self, name: &str, bytes: &[u8]) {
        let mut out = Vec::new();
        let read = flate2::read::ZlibDecoder::new(bytes).take(MAX_TEXT + 1).read_to_end(&mut out);
        if read.is_err() || out.len() as u64 > MAX_TEXT {
            self.unread.push(format!("the compressed text in `{name}` is damaged or too large"));
        }
        out.truncate(usize::try_from(MAX_TEXT).unwrap_or(usize::MAX));
        self.text(name, &out);
    }

    fn end(&mut self, bytes: &[u8], at: usize) {
        let rest = bytes.get(at..).unwrap_or_default();
        let padding = rest.iter().take_while(|byte| matches!(byte, 0 | b'\n' | b'\r' | b' ' | 0xff)).count();
        // Padding at the end alone is none of what hides something.
        self.after = if padding == rest.len() { 0..0 } else { at..bytes.len() };
    }
}

/// What a picture carries; `None` for bytes that are no picture of a kind that is walked.
pub fn carried(bytes: &[u8]) -> Option<Carried> {
    let mut out = Carried::default();
    let end = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png(bytes, &mut out),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes, &mut out),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif(bytes, &mut out),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(bytes, &mut out),
        [b'B', b'M', a, b, c, d, 0, 0, 0, 0, ..] => {
            usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()
        }
        _ => return None,
    };
    match end {
        Some(end) if end <= bytes.len() => out.end(bytes, end),
        _ => out.unread.push("the picture is damaged: its end is not where its parts say".to_owned()),
    }
    Some(out)
}

fn big(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(four.try_into().ok()?)).ok()
}

fn png(bytes: &[u8], out: &mut Carried) -> Option<usize> {
    let mut at = 8usize;
    loop {
        let length = big(bytes, at)?;
        let kind = bytes.get(at + 4..at + 8)?;
        let data = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        at = (at + 12).checked_add(length)?;
        match kind {
            b"IEND" => return Some(at),
            b"tEXt" => {
                out.text("tEXt", &data.iter().map(|b| if *b == 0 { b'\n' } else { *b }).collect::<Vec<_>>())
            }
            b"zTXt" => match memchr::memchr(0, data) {
                Some(zero) => out.inflate("zTXt", data.get(zero + 2..).unwrap_or_default()),
                None => out.unread.push("a `zTXt` chunk is damaged".to_owned()),
            },
            b"iTXt" => international(data, out),
            b"IDAT" | b"PLTE" | b"IHDR" | b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"pHYs" | b"tIME"
            | b"bKGD" | b"sBIT" | b"hIST" | b"acTL" | b"fcTL" | b"fdAT" | b"iCCP" | b"cICP" | b"mDCV"
            | b"cLLI" | b"oFFs" | b"CgBI" | b"iDOT" => {}
            other => out.record(&String::from_utf8_lossy(other), data),
        }
    }
}

/// `iTXt`: keyword, whether compressed, how, language, the keyword translated, the text.
fn international(data: &[u8], out: &mut Carried) {
    let text = || {
        let (keyword, rest) = data.split_at(memchr::memchr(0, data)?);
        let [_, compressed, _, rest @ ..] = rest else { return None };
        let rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        let rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        Some((keyword, *compressed != 0, rest))
    };
    match text() {
        Some((_, true, rest)) => out.inflate("iTXt", rest),
        Some((keyword, false, rest)) => out.text("iTXt", &[keyword, rest].join(&b'\n')),
        None => out.unread.push("an `iTXt` chunk is damaged".to_owned()),
    }
}

fn jpeg(bytes: &[u8], out: &mut Carried) -> Option<usize> {
    let mut at = 2usize;
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at..at + 2)? == [0xff, 0xff] {
            at += 1;
        }
        let [0xff, marker] = bytes.get(at..at + 2)? else { return None };
        at += 2;
        match marker {
            0xd9 => return Some(at),
            0x01 | 0xd0..=0xd7 => continue,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let data = bytes.get(at + 2..at.checked_add(length)?)?;
        match marker {
            0xfe => out.record("comment", data),
            // A colour profile and Adobe's colour transform.
            0xe2 if data.starts_with(b"ICC_PROFILE\0") => {}
            0xee if data.starts_with(b"Adobe") => {}
            0xe0 if data.starts_with(b"JFIF\0") => {}
            0xe0..=0xef => out.record(&format!("APP{}", marker - 0xe0), data),
            _ => {}
        }
        at += length;
        if *marker == 0xda {
            at = scan(bytes, at)?;
        }
    }
}

/// The end of a scan's data: the next marker that is no stuffed byte and no restart.
fn scan(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(0xff, bytes.get(from..)?)
        .map(|at| from + at)
        .find(|at| !matches!(bytes.get(at + 1), Some(0 | 0xff | 0xd0..=0xd7) | None))
}

fn gif(bytes: &[u8], out: &mut Carried) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => {
                let label = *bytes.get(at + 1)?;
                let (data, next) = blocks(bytes, at + 2)?;
                match label {
                    0xfe => out.record("comment", &data),
                    0x01 | 0xff if !data.starts_with(b"NETSCAPE2.0") => out.record("extension", &data),
                    _ => {}
                }
                at = next;
            }
            0x2c => {
                let start = at + 10 + table(*bytes.get(at + 9)?);
                at = blocks(bytes, start + 1)?.1;
            }
            _ => return None,
        }
    }
}

/// Sub-blocks, joined, and where they end.
fn blocks(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1;
        if length == 0 {
            return Some((out, at));
        }
        out.extend_from_slice(bytes.get(at..at + length)?);
        at += length;
    }
}

fn webp(bytes: &[u8], out: &mut Carried) -> Option<usize> {
    let little = |at: usize| {
        usize::try_from(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()
    };
    let end = little(4)?.checked_add(8)?;
    let mut at = 12usize;
    while at + 8 <= end {
        let kind = bytes.get(at..at + 4)?;
        let length = little(at + 4)?;
        let data = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => {}
            other => out.record(&String::from_utf8_lossy(other), data),
        }
        at = (at + 8).checked_add(length)?.checked_add(length % 2)?;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], kind, data, &[0; 4]].concat()
    }

    fn png_with(extra: &[u8], tail: &[u8]) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &[0; 13])[..], extra, &chunk(b"IEND", b""), tail].concat()
    }

    fn texts(bytes: &[u8]) -> Vec<(String, String)> {
        let carried = carried(bytes).expect("a picture");
        assert!(carried.unread.is_empty(), "{carried:?}");
        carried
            .texts
            .into_iter()
            .map(|(name, text)| (name, String::from_utf8_lossy(&text).into_owned()))
            .collect()
    }

    #[test]
    fn texts_of_a_png_are_read() {
        use std::io::Write as _;
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"packed").unwrap();
        let packed = zlib.finish().unwrap();
        let extra = [
            chunk(b"tEXt", b"Comment\0plain"),
            chunk(b"zTXt", &[b"Comment\0\0", &packed[..]].concat()),
            chunk(b"iTXt", &[b"Comment\0\x01\0en\0\0", &packed[..]].concat()),
            chunk(b"iTXt", b"k\0\0\0\0\0wide"),
            chunk(b"prVt", b"\x01\x02private text\0"),
        ];
        let got = texts(&png_with(&extra.concat(), b""));
        let want = [
            ("tEXt", "Comment\nplain"),
            ("zTXt", "packed"),
            ("iTXt", "packed"),
            ("iTXt", "k\nwide"),
            ("prVt", "private text"),
        ];
        assert_eq!(got, want.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn what_follows_the_end_is_told_and_padding_is_not() {
        let plain = png_with(b"", b"");
        assert_eq!(carried(&plain).unwrap(), Carried::default());
        assert_eq!(carried(&png_with(b"", b"\0\0\n")).unwrap().after, 0..0);
        let end = plain.len();
        assert_eq!(carried(&png_with(b"", b"\0more")).unwrap().after, end..end + 5);
        assert!(!carried(&plain[..plain.len() - 9]).unwrap().unread.is_empty());
        let jpeg = b"\xff\xd8\xff\xfe\0\x07hello\xff\xda\0\x02\xaa\xff\0\xbb\xff\xd0\xcc\xff\xd9tail";
        let got = carried(jpeg).unwrap();
        assert_eq!(got.texts, [("comment".to_owned(), b"hello".to_vec())]);
        assert_eq!(&jpeg[got.after], b"tail");
        let gif = b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe\x05hello\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3btail";
        let got = carried(gif).unwrap();
        assert_eq!(got.texts, [("comment".to_owned(), b"hello".to_vec())]);
        assert_eq!(&gif[got.after], b"tail");
        let webp = b"RIFF\x12\0\0\0WEBPXMP \x05\0\0\0hello\0tail";
        let got = carried(webp).unwrap();
        assert_eq!(got.texts, [("XMP ".to_owned(), b"hello".to_vec())]);
        assert_eq!(&webp[got.after], b"tail");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let heads: [&[u8]; 5] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xfe", b"GIF89a", b"RIFF\x40\0\0\0WEBP", b"BM"];
            let _ = carried(&[heads[head], &bytes].concat());
        }
    }
}
