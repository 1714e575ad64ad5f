//! X.509 certificates (RFC 5280), as far as Fulcio fills them in. What is read here is believed
//! only once [`super::chain`] has led the certificate to its root.

use super::der::{self, Malformed, Reader};
use super::signature::Key;
use super::{Problem, limits};

/// Below 1.3.6.1.4.1.57264.1, what Fulcio says of who asked.
const FULCIO: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01];
/// 1.3.6.1.4.1.11129.2.4.2, the list of signed certificate timestamps.
const SCT_LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
/// 2.5.29.15.
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// 2.5.29.17.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// `[3] EXPLICIT`, the extensions.
const EXTENSIONS: u8 = 0xa3;
/// In an alternative name: an address of mail, and a URI.
const NAMES: [u8; 2] = [0x81, 0x86];

/// The issuer of GitHub Actions' tokens.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// The parts of `TBSCertificate` before the extensions.
    head: Vec<u8>,
    spki: Vec<u8>,
    /// From and until, seconds since the epoch.
    validity: (i64, i64),
    extensions: Vec<Extension>,
}

#[derive(Debug, Clone)]
struct Extension {
    id: Vec<u8>,
    value: Vec<u8>,
    whole: Vec<u8>,
}

/// Who asked for the certificate, in Fulcio's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who vouched for it (`https://token.actions.githubusercontent.com`).
    pub issuer: Option<String>,
    /// The certificate's name: the workflow's address, or one of mail.
    pub name: String,
    /// The repository that was built from, as a URL.
    pub repository: Option<String>,
    /// The commit that was built from.
    pub commit: Option<String>,
    /// The branch or tag that was built from.
    pub reference: Option<String>,
    /// The file that says how, as a URL with the revision behind `@`.
    pub workflow: Option<String>,
    /// What started it (`release`).
    pub trigger: Option<String>,
    /// The run, as a URL.
    pub run: Option<String>,
}

impl Certificate {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > limits::CERTIFICATE_BYTES {
            return Err(Problem::invalid(format!(
                "a certificate has more than {} bytes",
                limits::CERTIFICATE_BYTES
            )));
        }
        Self::read(bytes).map_err(|Malformed| Problem::invalid("a certificate is malformed"))
    }

    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der::only(bytes, der::SEQUENCE)?);
        let tbs = outer.take(der::SEQUENCE)?.inner;
        outer.take(der::SEQUENCE)?;
        outer.take(der::BIT_STRING)?;
        outer.end()?;
        let mut fields = Reader::new(tbs);
        let version = fields.take(0xa0)?.inner;
        if version != [der::INTEGER, 1, 2] {
            return Err(Malformed);
        }
        fields.take(der::INTEGER)?;
        fields.take(der::SEQUENCE)?;
        fields.take(der::SEQUENCE)?;
        let mut validity = Reader::new(fields.take(der::SEQUENCE)?.inner);
        let validity = (time(validity.any()?)?, time(validity.any()?)?);
        fields.take(der::SEQUENCE)?;
        let spki = fields.take(der::SEQUENCE)?.whole.to_vec();
        let list = fields.take(EXTENSIONS)?;
        fields.end()?;
        let head = tbs[..tbs.len() - list.whole.len()].to_vec();
        let mut list = Reader::new(der::only(list.inner, der::SEQUENCE)?);
        let mut extensions: Vec<Extension> = Vec::new();
        while !list.is_empty() {
            let one = list.take(der::SEQUENCE)?;
            let mut parts = Reader::new(one.inner);
            let id = parts.take(der::OID)?.inner.to_vec();
            if parts.peek() == Some(der::BOOLEAN) {
                parts.take(der::BOOLEAN)?;
            }
            let value = parts.take(der::OCTET_STRING)?.inner.to_vec();
            parts.end()?;
            if extensions.iter().any(|other| other.id == id) {
                return Err(Malformed);
            }
            extensions.push(Extension { id, value, whole: one.whole.to_vec() });
        }
        Ok(Self { der: bytes.to_vec(), head, spki, validity, extensions })
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key as `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its key.
    pub fn key(&self) -> Result<Key, Problem> {
        Key::parse(&self.spki)
    }

    /// Whether it is valid at that time, by its own word.
    pub fn is_valid_at(&self, at: i64) -> bool {
        (self.validity.0..=self.validity.1).contains(&at)
    }

    fn extension(&self, id: &[u8]) -> Option<&[u8]> {
        self.extensions.iter().find(|one| one.id == id).map(|one| one.value.as_slice())
    }

    /// Whether its key may sign (`digitalSignature`).
    pub fn may_sign(&self) -> bool {
        let bits = self.extension(KEY_USAGE).and_then(|value| der::only(value, der::BIT_STRING).ok());
        matches!(bits, Some([_, first, ..]) if first & 0x80 != 0)
    }

    /// The list of signed certificate timestamps, as TLS writes it.
    pub fn timestamps(&self) -> Option<&[u8]> {
        der::only(self.extension(SCT_LIST)?, der::OCTET_STRING).ok()
    }

    /// `TBSCertificate` as it was when the timestamps were signed: without them (RFC 6962, 3.2).
    pub fn before_timestamps(&self) -> Vec<u8> {
        let others: Vec<u8> = self
            .extensions
            .iter()
            .filter(|one| one.id != SCT_LIST)
            .flat_map(|one| one.whole.iter().copied())
            .collect();
        let list = der::wrap(EXTENSIONS, &der::wrap(der::SEQUENCE, &others));
        der::wrap(der::SEQUENCE, &[self.head.as_slice(), &list].concat())
    }

    /// Who asked for it.
    pub fn identity(&self) -> Result<Identity, Problem> {
        let name = self.name().ok_or_else(|| Problem::invalid("the certificate names nobody"))?;
        // The first six are bare text, those from the eighth on are UTF8String.
        let bare = |number: u8| self.fulcio(number).and_then(text);
        let wrapped =
            |number: u8| self.fulcio(number).and_then(|value| text(der::only(value, der::UTF8).ok()?));
        let issuer = wrapped(8).or_else(|| bare(1));
        let github = issuer.as_deref() == Some(GITHUB);
        let old = |number: u8| bare(number).filter(|_| github);
        let named = old(5).map(|path| format!("https://github.com/{path}"));
        // Certificates of before 2023-05 name the workflow as themselves alone.
        let own = Some(name.clone()).filter(|_| github);
        Ok(Identity {
            repository: wrapped(12).or(named),
            commit: wrapped(13).or_else(|| old(3)),
            reference: wrapped(14).or_else(|| old(6)),
            workflow: wrapped(18).or(own).or_else(|| wrapped(9)),
            trigger: wrapped(20).or_else(|| old(2)),
            run: wrapped(21),
            issuer,
            name,
        })
    }

    fn fulcio(&self, number: u8) -> Option<&[u8]> {
        self.extension(&[FULCIO, &[number]].concat())
    }

    /// The only alternative name, a URI or an address of mail.
    fn name(&self) -> Option<String> {
        let mut names = Reader::new(der::only(self.extension(ALTERNATIVE_NAME)?, der::SEQUENCE).ok()?);
        let name = names.any().ok()?;
        names.end().ok()?;
        NAMES.contains(&name.tag).then(|| text(name.inner)).flatten()
    }
}

/// Text of a certificate: UTF-8, not endless.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && text.len() <= limits::NAME_BYTES).then(|| text.to_owned())
}

/// `UTCTime` or `GeneralizedTime` in the form that RFC 5280 asks for (4.1.2.5).
fn time(value: der::Value<'_>) -> Result<i64, Malformed> {
    let digits = value.inner.strip_suffix(b"Z").ok_or(Malformed)?;
    let pairs: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| match pair {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some((a - b'0') * 10 + (b - b'0')),
            _ => None,
        })
        .collect();
    let (year, rest) = match (value.tag, pairs.as_deref()) {
        (der::UTC_TIME, Some([year, rest @ ..])) => {
            let year = i32::from(*year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest.to_vec())
        }
        (der::GENERAL_TIME, Some([century, year, rest @ ..])) => {
            (i32::from(*century) * 100 + i32::from(*year), rest.to_vec())
        }
        _ => return Err(Malformed),
    };
    let [month, day, hour, minute, second] = rest.as_slice() else { return Err(Malformed) };
    let month = time::Month::try_from(*month).map_err(|_| Malformed)?;
    let date = time::Date::from_calendar_date(year, month, *day).map_err(|_| Malformed)?;
    let time = time::Time::from_hms(*hour, *minute, *second).map_err(|_| Malformed)?;
    Ok(date.with_time(time).assume_utc().unix_timestamp())
}
