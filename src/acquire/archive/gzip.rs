//! One gzip member (RFC 1952), inflated into one buffer with a known limit.

use std::io::{self, Read as _};

use flate2::bufread::GzDecoder;

use super::{ArchiveError, Limits};

/// Inflates `bytes`. Header, CRC-32 and length are checked; anything after the member but zero
/// padding is refused.
pub(super) fn inflate(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(ArchiveError::NotGzip { found: hex::encode(&bytes[..bytes.len().min(2)]) });
    }
    let allowed = limits.allowed(bytes.len());
    // The last four bytes state the unpacked size; they may lie, so they only size the buffer.
    let stated = bytes
        .last_chunk::<4>()
        .map_or(0, |size| u64::from(u32::from_le_bytes(*size)))
        .min(allowed)
        .min(bytes.len() as u64 * 40);
    let mut buffer = Vec::with_capacity(stated as usize + 1);
    let mut decoder = GzDecoder::new(bytes);
    match (&mut decoder).take(allowed + 1).read_to_end(&mut buffer) {
        Ok(_) if buffer.len() as u64 > allowed => return Err(limits.exceeded(bytes.len())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(ArchiveError::TruncatedGzip { packed: bytes.len() as u64 });
        }
        Err(error) => return Err(ArchiveError::Corrupt { message: error.to_string() }),
    }
    let rest = decoder.into_inner();
    let offset = (bytes.len() - rest.len()) as u64;
    if rest.starts_with(&[0x1f, 0x8b]) {
        return Err(ArchiveError::SecondMember { offset });
    }
    if rest.iter().any(|&byte| byte != 0) {
        return Err(ArchiveError::TrailingData { offset, size: rest.len() as u64 });
    }
    Ok(buffer)
}
