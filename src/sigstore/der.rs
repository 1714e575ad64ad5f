//! DER (ITU-T X.690), as much as certificates need: one value after the other, lengths definite
//! and as short as possible, tags of one byte. Structure that is expected and not there is an error.

/// `SEQUENCE`.
pub const SEQUENCE: u8 = 0x30;
/// `INTEGER`.
pub const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub const OCTET_STRING: u8 = 0x04;
/// `OBJECT IDENTIFIER`.
pub const OID: u8 = 0x06;
/// `BOOLEAN`.
pub const BOOLEAN: u8 = 0x01;
/// `UTF8String`.
pub const UTF8: u8 = 0x0c;
/// `UTCTime`.
pub const UTC_TIME: u8 = 0x17;
/// `GeneralizedTime`.
pub const GENERAL_TIME: u8 = 0x18;

/// Not DER, or not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// Its tag.
    pub tag: u8,
    /// What is in it.
    pub inner: &'a [u8],
    /// With tag and length.
    pub whole: &'a [u8],
}

/// Values that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value's tag.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value.
    pub fn any(&mut self) -> Result<Value<'a>, Malformed> {
        let [tag, first, rest @ ..] = self.rest else { return Err(Malformed) };
        // Tags of several bytes are in no certificate.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            // 0x80 is the indefinite form.
            0x81..=0x83 => {
                let count = usize::from(first & 0x7f);
                let digits = rest.get(..count).ok_or(Malformed)?;
                let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
                if digits[0] == 0 || length < 0x80 {
                    return Err(Malformed);
                }
                (length, &rest[count..])
            }
            _ => return Err(Malformed),
        };
        let inner = rest.get(..length).ok_or(Malformed)?;
        let whole = &self.rest[..self.rest.len() - rest.len() + length];
        self.rest = &rest[length..];
        Ok(Value { tag: *tag, inner, whole })
    }

    /// The next value, which has to have this tag.
    pub fn take(&mut self, tag: u8) -> Result<Value<'a>, Malformed> {
        let value = self.any()?;
        if value.tag == tag { Ok(value) } else { Err(Malformed) }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// The one value that `bytes` are.
pub fn only(bytes: &[u8], tag: u8) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(bytes);
    let value = reader.take(tag)?;
    reader.end()?;
    Ok(value.inner)
}

/// A value with this tag around `inner`.
pub fn wrap(tag: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let digits = inner.len().to_be_bytes();
    let digits = &digits[digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len() - 1)..];
    if inner.len() >= 0x80 {
        // A length has at most eight bytes.
        out.push(0x80 | digits.len() as u8);
    }
    out.extend_from_slice(digits);
    out.extend_from_slice(inner);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_shortest_form_is_read() {
        assert_eq!(only(&[0x04, 0x01, 0x61], OCTET_STRING), Ok(&b"a"[..]));
        for wrong in [
            &[0x04, 0x81, 0x01, 0x61][..],   // longer than it needs to be
            &[0x04, 0x82, 0x00, 0x81, 0x61], // begins with zero
            &[0x24, 0x80, 0x00, 0x00],       // of indefinite length
            &[0x04, 0x02, 0x61],             // cut off
            &[0x04, 0x01, 0x61, 0x00],       // goes on
            &[0x1f, 0x81, 0x01, 0x00],       // a tag of two bytes
            &[0x04],
            &[],
        ] {
            assert_eq!(only(wrong, OCTET_STRING), Err(Malformed), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_wrapped_is_read(inner in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let wrapped = wrap(SEQUENCE, &inner);
            prop_assert_eq!(only(&wrapped, SEQUENCE), Ok(inner.as_slice()));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut reader = Reader::new(&bytes);
            while reader.any().is_ok() {}
        }
    }
}
