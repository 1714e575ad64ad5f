//! Zip (PKWARE's APPNOTE 6.3): read by the central directory, and refused where the local headers,
//! the order or the gaps between entries would show another reader something else.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::names::{self, Names, shown};
use super::{ArchiveError, Entry, Limits, Problem, Remark, TopFolder, Unpacked};

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// Bytes of the end record without its comment.
const END_BYTES: usize = 22;
const CENTRAL_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// Little-endian fields at fixed places.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> u16 {
        self.0.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&self, at: usize) -> u32 {
        self.0.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
}

fn bad(offset: usize, message: &str) -> ArchiveError {
    ArchiveError::BadHeader { offset: offset as u64, message: message.to_owned() }
}

pub(super) fn read(bytes: &[u8], top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    let end = find_end(bytes)?;
    let record = Fields(&bytes[end..]);
    let (count, size, start) = (record.u16(10), record.u32(12) as usize, record.u32(16) as usize);
    if record.u16(4) != 0 || record.u16(6) != 0 || record.u16(8) != count {
        return Err(bad(end, "an archive in several parts"));
    }
    if count == u16::MAX || start == u32::MAX as usize || size == u32::MAX as usize {
        return Err(bad(end, "zip64, which an archive within the limits does not need"));
    }
    if start.checked_add(size) != Some(end) {
        return Err(bad(end, "the central directory does not end where the end record starts"));
    }
    if usize::from(count) > limits.files {
        return Err(ArchiveError::TooManyFiles { limit: limits.files });
    }
    let mut names = Names::new(top);
    let mut out = Unpacked::default();
    let mut taken = Vec::with_capacity(usize::from(count));
    let mut at = start;
    for _ in 0..count {
        let Some(header) = bytes.get(at..at + CENTRAL_BYTES).filter(|h| h.starts_with(CENTRAL) && at < end)
        else {
            return Err(bad(at, "no central header where one should be"));
        };
        let fields = Fields(header);
        let lengths = [28, 30, 32].map(|field| usize::from(fields.u16(field)));
        let name_at = at + CENTRAL_BYTES;
        let next = name_at + lengths.iter().sum::<usize>();
        if next > end {
            return Err(bad(at, "a central header that goes beyond the directory"));
        }
        let name = &bytes[name_at..name_at + lengths[0]];
        taken.push(one(bytes, start, at, name, &mut names, &mut out, limits)?);
        at = next;
    }
    if at != end {
        return Err(bad(at, "bytes between the last central header and the end record"));
    }
    // Every byte before the directory belongs to exactly one entry.
    taken.sort_unstable();
    let mut covered = 0;
    for (from, to) in taken {
        if from != covered {
            return Err(bad(covered.min(from), "bytes that belong to no entry, or to two"));
        }
        covered = to;
    }
    if covered != start {
        return Err(bad(covered, "bytes that belong to no entry"));
    }
    if out.files.is_empty() {
        return Err(ArchiveError::Empty);
    }
    names.finish(out.files.iter().map(|file| file.path.as_str()))?;
    Ok(out)
}

/// The end record is the last thing: its comment has to reach the end of the file.
fn find_end(bytes: &[u8]) -> Result<usize, ArchiveError> {
    let none = || ArchiveError::Corrupt { message: "there is no end record of a zip archive".to_owned() };
    let last = bytes.len().checked_sub(END_BYTES).ok_or_else(none)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let found: Vec<_> = memchr::memmem::find_iter(&bytes[first..], END)
        .map(|at| first + at)
        .filter(|at| {
            *at <= last && at + END_BYTES + usize::from(Fields(&bytes[*at..]).u16(20)) == bytes.len()
        })
        .collect();
    match found.as_slice() {
        [] => Err(none()),
        [one] => Ok(*one),
        [_, second, ..] => Err(bad(*second, "two end records; readers disagree on which counts")),
    }
}

/// One entry; gives the bytes that it takes up.
fn one(
    bytes: &[u8],
    directory: usize,
    at: usize,
    raw: &[u8],
    names: &mut Names<'_>,
    out: &mut Unpacked,
    limits: &Limits,
) -> Result<(usize, usize), ArchiveError> {
    let central = Fields(&bytes[at..]);
    let (flags, method, crc) = (central.u16(8), central.u16(10), central.u32(16));
    let (packed, size) = (central.u32(20) as usize, central.u32(24) as usize);
    let (made_by, attributes) = (central.u16(4) >> 8, central.u32(38));
    let offset = central.u32(42) as usize;
    let place = offset as u64;
    let bad_name = |problem| ArchiveError::BadName { path: shown(raw), offset: place, problem };
    if raw.contains(&0) {
        return Err(bad_name(Problem::Control));
    }
    let name = names::clean(raw).map_err(bad_name)?;
    let local = bytes
        .get(offset..offset.saturating_add(LOCAL_BYTES))
        .filter(|local| local.starts_with(LOCAL) && offset < directory)
        .ok_or_else(|| bad(offset, "no local header where the directory points"))?;
    let local = Fields(local);
    let name_from = offset + LOCAL_BYTES;
    let data = name_from + usize::from(local.u16(26)) + usize::from(local.u16(28));
    let local_name = bytes.get(name_from..name_from + usize::from(local.u16(26))).unwrap_or(b"");
    if local_name != raw {
        let (header, other) = (shown(local_name), shown(raw));
        return Err(ArchiveError::NameMismatch { offset: place, header, other });
    }
    // With bit 3 sizes and CRC stand after the data, and zero in the local header.
    let later = flags & 8 != 0;
    for (field, stated) in [(18, packed), (22, size)] {
        let own = local.u32(field) as usize;
        if own != stated && !(later && own == 0) {
            let (header, other) = (own as u64, stated as u64);
            return Err(ArchiveError::SizeMismatch { path: name, offset: place, header, other });
        }
    }
    if local.u16(8) != method
        || local.u16(6) != flags
        || (local.u32(14) != crc && !(later && local.u32(14) == 0))
    {
        return Err(bad(offset, "the local header differs from the central one"));
    }
    let unsupported =
        |message: String| Err(ArchiveError::Unsupported { path: shown(raw), offset: place, message });
    if flags & (1 | 1 << 6 | 1 << 13) != 0 {
        return unsupported("it is encrypted".to_owned());
    }
    let end = data.checked_add(packed).filter(|end| *end <= directory);
    let Some(end) = end else {
        let left = directory.saturating_sub(data) as u64;
        return Err(ArchiveError::SizeBeyondEnd { path: name, offset: place, size: packed as u64, left });
    };
    let taken = (offset, if later { after_descriptor(bytes, end, directory, crc) } else { end });
    let mode = if made_by == 3 { attributes >> 16 } else { 0 };
    if raw.ends_with(b"/") {
        if size > 0 {
            return Err(bad(offset, "a folder with data"));
        }
        names.strip(&name, true, place)?;
        return Ok(taken);
    }
    let start = out.buffer.len();
    let room = limits.allowed(bytes.len()).saturating_sub(start as u64);
    if size as u64 > room {
        return Err(limits.exceeded(bytes.len()));
    }
    let packed = &bytes[data..end];
    match method {
        0 if packed.len() == size => out.buffer.extend_from_slice(packed),
        0 => return Err(bad(offset, "a stored entry with two sizes")),
        8 => inflate(packed, size, &mut out.buffer).map_err(|what| bad(offset, what))?,
        other => return unsupported(format!("it is packed by method {other}")),
    }
    let mut sum = Crc::new();
    sum.update(&out.buffer[start..]);
    if sum.sum() != crc {
        let message = format!("`{name}` has CRC-32 {:08x}, stated is {crc:08x}", sum.sum());
        return Err(ArchiveError::Corrupt { message });
    }
    match mode & 0o170_000 {
        0 | 0o100_000 => {}
        0o120_000 => {
            let target = out.buffer.split_off(start);
            let path = names.strip(&name, false, place)?.unwrap_or(name);
            if !names::target_stays(&path, &target, true) {
                return Err(ArchiveError::LinkLeaves { path, offset: place, target: shown(&target) });
            }
            out.remarks.push(Remark::Link { path, target: shown(&target) });
            return Ok(taken);
        }
        other => {
            let what = format!("a special file (mode {other:o})");
            return Err(ArchiveError::SpecialEntry { path: name, offset: place, what });
        }
    }
    let Some(path) = names.strip(&name, false, place)? else { return Ok(taken) };
    if names.add(&path, out.files.len(), place)?.is_some() {
        // Unlike in tar there is no honest writer that does this.
        return Err(ArchiveError::DuplicateName { path, offset: place });
    }
    out.files.push(Entry { path, range: start..out.buffer.len(), executable: mode & 0o111 != 0 });
    Ok(taken)
}

/// The end of the data descriptor: CRC and two sizes, with or without a signature.
fn after_descriptor(bytes: &[u8], end: usize, directory: usize, crc: u32) -> usize {
    let signed = bytes.get(end..end + 4) == Some(b"PK\x07\x08") && Fields(&bytes[end..]).u32(4) == crc;
    (end + if signed { 16 } else { 12 }).min(directory)
}

/// Inflates exactly `size` bytes from exactly all of `packed`.
fn inflate(packed: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), &'static str> {
    // One more, so that what is longer than stated is noticed.
    out.reserve_exact(size + 1);
    let mut room = Vec::with_capacity(size + 1);
    let mut stream = Decompress::new(false);
    let status = stream
        .decompress_vec(packed, &mut room, FlushDecompress::Finish)
        .map_err(|_| "the compressed data is damaged")?;
    if status != Status::StreamEnd || room.len() != size {
        return Err("the data is not as long as stated");
    }
    if stream.total_in() != packed.len() as u64 {
        return Err("bytes between the end of the data and the next entry");
    }
    out.append(&mut room);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use ::zip::write::SimpleFileOptions;

    const LIMITS: Limits = Limits { unpacked: 1 << 20, ratio: 50, ratio_floor: 64 << 10, files: 20 };

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, body) in files {
            out.start_file(*name, SimpleFileOptions::default()).expect("in memory");
            out.write_all(body).expect("in memory");
        }
        out.finish().expect("in memory").into_inner()
    }

    fn fail(bytes: &[u8]) -> String {
        let error = read(bytes, TopFolder::None, &LIMITS).expect_err("refused");
        format!("{}: {error}", error.rule())
    }

    /// Changes every occurrence, in local and central headers alike.
    fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for at in memchr::memmem::find_iter(bytes, from) {
            out[at..at + to.len()].copy_from_slice(to);
        }
        out
    }

    #[test]
    fn what_the_zip_crate_writes_is_read() {
        let bytes = zipped(&[("a/x.py", b"print(1)\n"), ("b.txt", &[b'z'; 5000])]);
        let got = read(&bytes, TopFolder::None, &LIMITS).expect("honest");
        let files: Vec<_> =
            got.files.iter().map(|file| (file.path.as_str(), got.buffer[file.range.clone()].len())).collect();
        assert_eq!((files, got.remarks.len()), (vec![("a/x.py", 9), ("b.txt", 5000)], 0));
    }

    #[test]
    fn hostile_ones_are_refused() {
        let good = zipped(&[("aa", b"1"), ("bb", b"2")]);
        let first = replaced(&good[..40], b"aa", b"zz");
        let local_only = [first.as_slice(), &good[40..]].concat();
        let mut crc = good.clone();
        let at = memchr::memmem::find(&crc, CENTRAL).expect("there") + 16;
        crc[14] ^= 1;
        crc[at] ^= 1;
        let all = [
            fail(b""),
            fail(&good[..good.len() - 1]),
            fail(&[b"#!/bin/sh\n".as_slice(), &good].concat()),
            fail(&local_only),
            fail(&crc),
            fail(&replaced(&good, b"bb", b"aa")),
            fail(&replaced(&good, b"bb", b"AA")),
            fail(&replaced(&good, b"bb", b"..")),
            fail(&replaced(&good, b"bb", b"/b")),
            fail(&replaced(&good, b"bb", b"b\\")),
            fail(&zipped(&[("bomb", &vec![0; 900 << 10])])).replace(char::is_numeric, "0"),
            fail(&zipped(&[])),
        ];
        insta::assert_snapshot!(all.join("\n"), @r"
    archive/corrupt: the compressed data is damaged: there is no end record of a zip archive
    archive/corrupt: the compressed data is damaged: there is no end record of a zip archive
    archive/bad-header: the header at byte 176 is malformed: the central directory does not end where the end record starts
    archive/ambiguous-header: the entry at byte 0 is `zz` in one header and `aa` in the other
    archive/corrupt: the compressed data is damaged: `aa` has CRC-32 83dcefb7, stated is 83dcefb6
    archive/duplicate-name: `aa` at byte 35 was there before, with other contents
    archive/name-clash: `AA` at byte 35 and `aa` are the same file where case or Unicode form does not count
    archive/leaves: `..` at byte 35 goes above the package's folder
    archive/leaves: `/b` at byte 35 is absolute
    archive/bad-name: `b\` at byte 35 holds a backslash
    archive/bomb: 0000 bytes unpack to more than 00000, over 00 times as much
    archive/empty: holds no file
    ");
    }
}
