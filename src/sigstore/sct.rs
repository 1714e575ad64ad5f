//! Signed certificate timestamps (RFC 6962, 3.2 and 3.3): that a certificate transparency log saw
//! the certificate before it was used, so that one given out in secret would be noticed.

use sha2::{Digest as _, Sha256};

use super::Problem;
use super::certificate::Certificate;
use super::trust::TrustRoot;

/// SHA-256 with ECDSA, in the numbers of TLS 1.2.
const ECDSA_SHA256: [u8; 2] = [4, 3];

/// Bytes that TLS writes with their length before them.
struct Tls<'a>(&'a [u8]);

impl<'a> Tls<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(part)
    }

    /// A length of two bytes and as many bytes.
    fn vector(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(length))
    }
}

struct Timestamp<'a> {
    log: &'a [u8],
    milliseconds: &'a [u8],
    extensions: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

fn parse(list: &[u8]) -> Option<Vec<Timestamp<'_>>> {
    let mut outer = Tls(list);
    let mut list = Tls(outer.vector()?);
    if !outer.0.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    while !list.0.is_empty() {
        let mut one = Tls(list.vector()?);
        if one.take(1)? != [0] {
            return None;
        }
        out.push(Timestamp {
            log: one.take(32)?,
            milliseconds: one.take(8)?,
            extensions: one.vector()?,
            algorithm: one.take(2)?,
            signature: one.vector()?,
        });
        if !one.0.is_empty() {
            return None;
        }
    }
    Some(out)
}

/// One timestamp of a log that is known has to be there, and all of such logs have to hold.
pub fn verify(leaf: &Certificate, issuer: &Certificate, root: &TrustRoot) -> Result<(), Problem> {
    let list = leaf.timestamps();
    let list = list.ok_or_else(|| Problem::invalid("the certificate is in no transparency log (SCT)"))?;
    let list = parse(list).ok_or_else(|| Problem::invalid("the certificate's timestamps are malformed"))?;
    let tbs = leaf.before_timestamps();
    let mut known = false;
    for stamp in list {
        let milliseconds = stamp.milliseconds.try_into().map(u64::from_be_bytes).unwrap_or(u64::MAX);
        let seconds = i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
        let Some(log) = root.certificate_logs.iter().find(|log| log.id == stamp.log) else { continue };
        if !log.window.holds(seconds) || stamp.algorithm != ECDSA_SHA256 {
            return Err(Problem::invalid(
                "a certificate's timestamp is not one that its log gave at that time",
            ));
        }
        // Certificates are limited to far less than 2^24 bytes.
        let length = (tbs.len() as u32).to_be_bytes();
        let message = [
            &[0, 0][..], // version 1, certificate_timestamp
            stamp.milliseconds,
            &[0, 1], // precert_entry
            &Sha256::digest(issuer.spki()),
            &length[1..],
            &tbs,
            &(stamp.extensions.len() as u16).to_be_bytes(),
            stamp.extensions,
        ]
        .concat();
        if !log.key.verifies(&message, stamp.signature) {
            return Err(Problem::invalid("the certificate's timestamp (SCT) is not signed by its log"));
        }
        known = true;
    }
    if known {
        return Ok(());
    }
    let of = root.dated.of;
    Err(Problem::unsupported(format!(
        "the certificate is in no transparency log that the trust root of {of} knows"
    )))
}
