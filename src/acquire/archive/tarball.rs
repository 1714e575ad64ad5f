//! Tar: POSIX ustar and pax (IEEE 1003.1, `pax`), GNU long names, and the old v7 form.
//!
//! Read from one buffer, so that a file is a range and nothing is copied. What ustar, pax and GNU
//! readers would understand differently is refused.

use super::names::{self, Names, shown};
use super::{ArchiveError, Entry, Limits, Problem, Remark, TopFolder, Unpacked};
use crate::acquire::limits;

/// Bytes of a header, and what data is padded to.
const BLOCK: usize = 512;

/// What extended headers say of the entry that follows.
#[derive(Debug, Default)]
struct Extended {
    path: Option<Vec<u8>>,
    pax_path: bool,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    offset: usize,
    any: bool,
}

/// The fields of one header.
struct Header<'a> {
    block: &'a [u8],
    offset: usize,
}

pub(super) fn read(buffer: Vec<u8>, top: TopFolder<'_>, limits: &Limits) -> Result<Unpacked, ArchiveError> {
    let mut names = Names::new(top);
    let mut out = Unpacked::default();
    let mut extended = Extended::default();
    let mut entries = 0_usize;
    let mut at = 0;
    while at < buffer.len() {
        let Some(block) = buffer.get(at..at + BLOCK) else {
            let size = (buffer.len() - at) as u64;
            return Err(ArchiveError::TrailingData { offset: at as u64, size });
        };
        if block.iter().all(|&byte| byte == 0) {
            end_is_zero(&buffer, at)?;
            break;
        }
        let header = Header { block, offset: at };
        header.checksum()?;
        entries += 1;
        if entries > limits.files {
            return Err(ArchiveError::TooManyFiles { limit: limits.files });
        }
        let kind = header.kind();
        let size = header.size()?;
        let size = match (kind, extended.size) {
            (b'x' | b'g' | b'L' | b'K', _) | (_, None) => size,
            (_, Some(other)) if other == size => size,
            (_, Some(other)) => {
                return Err(ArchiveError::SizeMismatch {
                    path: shown(&header.name()),
                    offset: at as u64,
                    header: size,
                    other,
                });
            }
        };
        let start = at + BLOCK;
        let left = (buffer.len() - start) as u64;
        // The padding counts: without it the archive was cut off.
        if size > left || (size as usize).next_multiple_of(BLOCK) as u64 > left {
            let path = shown(&header.name());
            return Err(ArchiveError::SizeBeyondEnd { path, offset: at as u64, size, left });
        }
        let (offset, end) = (at as u64, start + size as usize);
        let data = &buffer[start..end];
        let next = end.next_multiple_of(BLOCK).min(buffer.len());
        let hidden = buffer[end..next].iter().filter(|&&byte| byte != 0).count();
        at = end.next_multiple_of(BLOCK);
        if matches!(kind, b'x' | b'g' | b'L' | b'K') {
            if size > limits::EXTENDED_HEADER_BYTES {
                return Err(bad(offset, format!("an extended header of {size} bytes")));
            }
            extended.take(kind, data, offset)?;
            continue;
        }
        let said = std::mem::take(&mut extended);
        let raw = header.agreed_name(&said)?;
        let clean = |name: &[u8]| {
            names::clean(name).map_err(|problem| ArchiveError::BadName { path: shown(name), offset, problem })
        };
        // The old form has no type for folders: a file's name that ends in `/` is one.
        let folder = kind == b'5' || (kind == 0 && raw.ends_with(b"/"));
        if folder {
            if size > 0 {
                return Err(bad(offset, format!("a folder with {size} bytes of data")));
            }
            if raw.iter().all(|&byte| matches!(byte, b'.' | b'/')) && !raw.windows(2).any(|w| w == b"..") {
                continue;
            }
            names.strip(&clean(&raw)?, true, offset)?;
            continue;
        }
        let name = clean(&raw)?;
        match kind {
            0 | b'0' | b'7' => {
                if raw.ends_with(b"/") {
                    let path = shown(&raw);
                    return Err(ArchiveError::BadName { path, offset, problem: Problem::NoName });
                }
                let Some(path) = names.strip(&name, false, offset)? else { continue };
                if hidden > 0 {
                    out.remarks.push(Remark::HiddenBytes { path: path.clone(), size: hidden });
                }
                if let Some(earlier) = names.add(&path, out.files.len(), offset)? {
                    if buffer[out.files[earlier].range.clone()] != buffer[start..end] {
                        return Err(ArchiveError::DuplicateName { path, offset });
                    }
                    out.remarks.push(Remark::Repeated { path });
                    continue;
                }
                let executable = header.mode() & 0o111 != 0;
                out.files.push(Entry { path, range: start..end, executable });
            }
            b'1' | b'2' => {
                let target = said.link.unwrap_or_else(|| header.text(157, 100).to_vec());
                let path = names.strip(&name, false, offset)?.unwrap_or(name);
                if size > 0 {
                    return Err(bad(offset, format!("a link with {size} bytes of data")));
                }
                if !names::target_stays(&path, &target, kind == b'2') {
                    return Err(ArchiveError::LinkLeaves { path, offset, target: shown(&target) });
                }
                out.remarks.push(Remark::Link { path, target: shown(&target) });
            }
            kind => {
                let what = match kind {
                    b'3' => "a character device".to_owned(),
                    b'4' => "a block device".to_owned(),
                    b'6' => "a FIFO".to_owned(),
                    b'S' => "a sparse file".to_owned(),
                    other => format!("an entry of the unknown type `{}`", other.escape_ascii()),
                };
                return Err(ArchiveError::SpecialEntry { path: shown(name.as_bytes()), offset, what });
            }
        }
    }
    if extended.any {
        return Err(bad(extended.offset as u64, "an extended header that no entry follows"));
    }
    if out.files.is_empty() {
        return Err(ArchiveError::Empty);
    }
    names.finish(out.files.iter().map(|file| file.path.as_str()))?;
    out.buffer = buffer;
    Ok(out)
}

/// After the first block of zeros there may only be zeros.
fn end_is_zero(buffer: &[u8], at: usize) -> Result<(), ArchiveError> {
    match buffer[at..].iter().position(|&byte| byte != 0) {
        None => Ok(()),
        Some(first) => {
            let offset = at + first;
            let size = (buffer.len() - offset) as u64;
            Err(ArchiveError::TrailingData { offset: offset as u64, size })
        }
    }
}

fn bad(offset: u64, message: impl Into<String>) -> ArchiveError {
    ArchiveError::BadHeader { offset, message: message.into() }
}

impl<'a> Header<'a> {
    /// The field's bytes up to its first NUL.
    fn text(&self, from: usize, len: usize) -> &'a [u8] {
        let field = &self.block[from..from + len];
        &field[..memchr::memchr(0, field).unwrap_or(len)]
    }

    fn kind(&self) -> u8 {
        self.block[156]
    }

    fn is_ustar(&self) -> bool {
        self.block[257..263] == *b"ustar\0"
    }

    /// Name field, with the prefix field where the form has one (GNU keeps times there).
    fn name(&self) -> Vec<u8> {
        let (name, prefix) = (self.text(0, 100), self.text(345, 155));
        if self.is_ustar() && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_vec() }
    }

    /// The name that all readers agree on.
    fn agreed_name(&self, said: &Extended) -> Result<Vec<u8>, ArchiveError> {
        let own = self.name();
        let Some(path) = &said.path else { return Ok(own) };
        let agree = if said.pax_path {
            // A path that fits the plain field has no reason to differ from it. What does not
            // fit is shortened by each writer in its own way.
            own == *path || path.len() > 100 || !path.is_ascii()
        } else {
            path.starts_with(&own)
        };
        if agree {
            return Ok(path.clone());
        }
        let offset = self.offset as u64;
        Err(ArchiveError::NameMismatch { offset, header: shown(&own), other: shown(path) })
    }

    fn mode(&self) -> u64 {
        octal(self.text(100, 8)).unwrap_or(0)
    }

    fn size(&self) -> Result<u64, ArchiveError> {
        let field = &self.block[124..136];
        // Base 256 (GNU): the first bit is set, the rest is big-endian.
        let size = if field[0] & 0x80 != 0 {
            let high = field[..4] == [0x80, 0, 0, 0];
            let low = field.last_chunk::<8>().map(|low| u64::from_be_bytes(*low));
            if high { low } else { None }
        } else {
            octal(field)
        };
        size.ok_or_else(|| bad(self.offset as u64, format!("`{}` is no size", field.escape_ascii())))
    }

    fn checksum(&self) -> Result<(), ArchiveError> {
        let field = &self.block[148..156];
        let outside = |at: usize| !(148..156).contains(&at);
        let spaces = 8 * u64::from(b' ');
        let bytes = || self.block.iter().enumerate().filter(|(at, _)| outside(*at)).map(|(_, byte)| *byte);
        let expected = spaces + bytes().map(u64::from).sum::<u64>();
        let found = octal(field);
        if found == Some(expected) {
            return Ok(());
        }
        // Some old writers sum signed bytes.
        let signed = spaces as i64 + bytes().map(|byte| i64::from(byte as i8)).sum::<i64>();
        if found.and_then(|found| i64::try_from(found).ok()) == Some(signed) {
            return Ok(());
        }
        Err(ArchiveError::Checksum {
            offset: self.offset as u64,
            expected,
            found: field.escape_ascii().to_string(),
        })
    }
}

/// A number in octal digits, padded with spaces and NULs. Empty is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = u64::from(digit - b'0');
        if digit > 7 { None } else { sum.checked_mul(8)?.checked_add(digit) }
    })
}

impl Extended {
    fn take(&mut self, kind: u8, data: &[u8], offset: u64) -> Result<(), ArchiveError> {
        let until_nul = || data[..memchr::memchr(0, data).unwrap_or(data.len())].to_vec();
        match kind {
            b'L' => self.set_path(until_nul(), false, offset)?,
            b'K' => self.set_link(until_nul(), offset)?,
            b'x' => self.records(data, offset, false)?,
            // For the whole archive; `git archive` writes its commit as a comment.
            _ => return self.records(data, offset, true),
        }
        (self.any, self.offset) = (true, offset as usize);
        Ok(())
    }

    fn set_path(&mut self, path: Vec<u8>, pax: bool, offset: u64) -> Result<(), ArchiveError> {
        match &self.path {
            Some(before) if *before != path => {
                Err(ArchiveError::NameMismatch { offset, header: shown(before), other: shown(&path) })
            }
            _ => {
                (self.path, self.pax_path) = (Some(path), pax);
                Ok(())
            }
        }
    }

    fn set_link(&mut self, link: Vec<u8>, offset: u64) -> Result<(), ArchiveError> {
        match &self.link {
            Some(before) if *before != link => {
                Err(ArchiveError::NameMismatch { offset, header: shown(before), other: shown(&link) })
            }
            _ => {
                self.link = Some(link);
                Ok(())
            }
        }
    }

    /// Pax records: `<length> <key>=<value>\n`, the length counting all of it.
    fn records(&mut self, mut data: &[u8], offset: u64, global: bool) -> Result<(), ArchiveError> {
        let malformed = || bad(offset, "a pax record that is not `<length> <key>=<value>`");
        while !data.is_empty() {
            let space = memchr::memchr(b' ', data).filter(|&at| at > 0).ok_or_else(malformed)?;
            let length = std::str::from_utf8(&data[..space])
                .ok()
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse::<usize>().ok())
                .filter(|length| *length > space + 1 && *length <= data.len())
                .ok_or_else(malformed)?;
            let (record, rest) = data.split_at(length);
            let record = record[space + 1..].strip_suffix(b"\n").ok_or_else(malformed)?;
            let equals = memchr::memchr(b'=', record).ok_or_else(malformed)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" | b"linkpath" | b"size" if global => {
                    let key = shown(key);
                    return Err(bad(offset, format!("a global pax header that sets `{key}` of all entries")));
                }
                b"path" => self.set_path(value.to_vec(), true, offset)?,
                b"linkpath" => self.set_link(value.to_vec(), offset)?,
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok());
                    let size = size.ok_or_else(|| bad(offset, "a pax size that is no number"))?;
                    if self.size.is_some_and(|before| before != size) {
                        return Err(bad(offset, "two pax sizes"));
                    }
                    self.size = Some(size);
                }
                _ if key.starts_with(b"GNU.sparse.") => return Err(bad(offset, "a sparse file")),
                _ => {}
            }
            data = rest;
        }
        Ok(())
    }
}
