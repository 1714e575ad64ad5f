//! How one name could be mistaken for another.

use unicode_normalization::UnicodeNormalization as _;

/// A single slip that turns one name into the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// Two neighbouring letters changed places.
    Swapped,
    /// A letter stands twice instead of once, or once instead of twice.
    Repeated,
    /// A letter is missing.
    Omitted,
    /// A letter is another one that lies beside it on a QWERTY keyboard.
    Neighbour,
    /// A letter is another one, or one too many: any other single edit.
    Other,
}

/// The slip between a popular name and a candidate, if one edit (Damerau-Levenshtein distance 1)
/// leads from one to the other. Linear: what is left between the common beginning and end decides.
pub(super) fn slip(popular: &str, candidate: &str) -> Option<Slip> {
    let (p, c) = (popular.as_bytes(), candidate.as_bytes());
    if p == c || p.len().abs_diff(c.len()) > 1 {
        return None;
    }
    let front = p.iter().zip(c).take_while(|(a, b)| a == b).count();
    let back = p[front..].iter().rev().zip(c[front..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (p_rest, c_rest) = (&p[front..p.len() - back], &c[front..c.len() - back]);
    match (p_rest, c_rest) {
        ([a, b], [x, y]) if a == y && b == x => Some(Slip::Swapped),
        // In a run of equal letters the common beginning takes them all: the letter before tells.
        ([a], []) => Some(if front > 0 && p[front - 1] == *a { Slip::Repeated } else { Slip::Omitted }),
        ([], [a]) => Some(if front > 0 && c[front - 1] == *a { Slip::Repeated } else { Slip::Other }),
        ([a], [b]) if neighbours(*a, *b) => Some(Slip::Neighbour),
        ([_], [_]) => Some(Slip::Other),
        _ => None,
    }
}

/// What the names differ in, for [`slip`]s of one byte: the byte of the popular name and that of
/// the candidate.
pub(super) fn changed(popular: &str, candidate: &str) -> (Option<u8>, Option<u8>) {
    let (p, c) = (popular.as_bytes(), candidate.as_bytes());
    let front = p.iter().zip(c).take_while(|(a, b)| a == b).count();
    (p.get(front).copied(), c.get(front).copied())
}

fn neighbours(a: u8, b: u8) -> bool {
    const ROWS: [&[u8]; 4] = [b"1234567890", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    let place = |key: u8| {
        ROWS.iter().enumerate().find_map(|(row, keys)| {
            keys.iter().position(|k| *k == key.to_ascii_lowercase()).map(|column| (row, column))
        })
    };
    match (place(a), place(b)) {
        (Some((0, _)), Some((0, _))) => false,
        (Some((ra, ca)), Some((rb, cb))) => ra.abs_diff(rb) <= 1 && ca.abs_diff(cb) <= 1,
        _ => false,
    }
}

/// The name as an eye takes it in: Unicode's confusables (UTS #39) and what looks alike in ASCII
/// (`1` and `l`, `0` and `o`, `rn` and `m`, `vv` and `w`).
pub(super) fn skeleton(name: &str) -> String {
    let mapped: String;
    let name = if name.is_ascii() {
        name
    } else {
        mapped = unicode_security::skeleton(&name.nfkc().collect::<String>()).collect();
        &mapped
    };
    let mut out = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            '1' | '|' => out.push('l'),
            '0' => out.push('o'),
            'n' if out.ends_with('r') => {
                out.pop();
                out.push('m');
            }
            'v' if out.ends_with('v') => {
                out.pop();
                out.push('w');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips() {
        let got: Vec<_> =
            ["loadsh", "lodassh", "lodsh", "lodaah", "lodaph", "lodashx", "lodash", "lodahs2", "ldoahs"]
                .map(|candidate| slip("lodash", candidate))
                .into();
        use Slip::*;
        assert_eq!(
            got,
            [
                Some(Swapped),
                Some(Repeated),
                Some(Omitted),
                Some(Neighbour),
                Some(Other),
                Some(Other),
                None,
                None,
                None
            ]
        );
        assert_eq!(slip("express", "expres"), Some(Repeated));
    }

    #[test]
    fn names_that_look_alike() {
        assert_eq!(skeleton("l0dash"), skeleton("lodash"));
        assert_eq!(skeleton("\u{430}xios"), skeleton("axios"));
        assert_eq!(skeleton("cornmander"), skeleton("commander"));
        assert_ne!(skeleton("chalk"), skeleton("chulk"));
    }

    proptest! {
        /// One edit by this definition is one edit by `strsim`'s, and the other way round.
        #[test]
        fn agrees_with_damerau_levenshtein(a in "[ab-]{0,6}", b in "[ab-]{0,6}") {
            prop_assert_eq!(slip(&a, &b).is_some(), strsim::osa_distance(&a, &b) == 1);
        }

        #[test]
        fn no_names_panic(a in ".{0,12}", b in ".{0,12}") {
            slip(&a, &b);
            changed(&a, &b);
            skeleton(&a);
        }
    }
}
