//! From a certificate to Fulcio's root, at the time at which the log took the signature in. The
//! path is built and checked by `webpki`; certificates in between are those of the trust root, what
//! a bundle brings along is not looked at.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Problem;
use super::certificate::Certificate;
use super::trust::TrustRoot;

/// 1.3.6.1.5.5.7.3.3, code signing.
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];

/// What authorities sign certificates with.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] =
    &[webpki::ring::ECDSA_P256_SHA256, webpki::ring::ECDSA_P384_SHA384];

/// The certificate of the authority that signed `leaf`, where it was right to at that time.
pub fn verify<'r>(leaf: &Certificate, at: i64, root: &'r TrustRoot) -> Result<&'r Certificate, Problem> {
    if !leaf.is_valid_at(at) {
        return Err(Problem::invalid("the certificate was not valid when the log took the signature in"));
    }
    if !leaf.may_sign() {
        return Err(Problem::invalid("the certificate's key may not sign"));
    }
    let seconds = u64::try_from(at).map_err(|_| Problem::invalid("the log's time is before 1970"))?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let leaf = CertificateDer::from(leaf.der());
    let malformed = |error| Problem::invalid(format!("the certificate cannot be read: {error}"));
    let end = EndEntityCert::try_from(&leaf).map_err(malformed)?;
    let mut why = None;
    for authority in root.authorities.iter().filter(|one| one.window.holds(at)) {
        let (Some(issuer), Some(top)) = (authority.chain.first(), authority.chain.last()) else { continue };
        // A root's own dates are no part of what path building looks at.
        if !top.is_valid_at(at) {
            continue;
        }
        let top = CertificateDer::from(top.der());
        let Ok(anchor) = anchor_from_trusted_cert(&top) else { continue };
        let between = &authority.chain[..authority.chain.len() - 1];
        let between: Vec<_> = between.iter().map(|one| CertificateDer::from(one.der())).collect();
        let usage = KeyUsage::required(CODE_SIGNING);
        match end.verify_for_usage(ALGORITHMS, &[anchor], &between, time, usage, None, None) {
            Ok(_) => return Ok(issuer),
            Err(error) => why = Some(error),
        }
    }
    let why = why.map_or_else(|| "no authority was valid then".to_owned(), |error| error.to_string());
    let of = root.dated.of;
    Err(Problem::invalid(format!("the certificate does not lead to the trust root of {of}: {why}")))
}
