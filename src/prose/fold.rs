//! Text folded so that looks, case and accents do not matter: compatibility forms, letters of
//! other scripts that look Latin, invisible characters, accents, all kinds of spaces.
//!
//! Each byte of the result knows the byte of the source that it stands for.

use std::ops::Range;

use unicode_normalization::char::{compose, decompose_canonical, decompose_compatible, is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

use crate::model::is_invisible;

/// Text being read.
#[derive(Debug, Default, Clone)]
pub struct Folded {
    /// Normalised, case and accents kept: what is shown.
    pub shown: String,
    /// Lower case, without accents: what is matched.
    pub text: String,
    /// For each byte of `text`, the byte of the source.
    pub source: Vec<u32>,
    /// For each byte of `text`, the byte of `shown`.
    places: Vec<u32>,
    /// Inline code, as ranges of `text`.
    pub code: Vec<Range<usize>>,
    /// End of the last character in the source.
    pub end: usize,
    /// Bytes of `text` where several spaces stood.
    gaps: Vec<usize>,
    /// Letters that were not what they look like, invisible ones within words, and spelled-out
    /// words.
    pub disguised: u32,
}

impl Folded {
    /// Adds text that stands at `at` in the source; `fixed` where each character stands for the
    /// same place (entities, decoded layers).
    pub fn push(&mut self, text: &str, at: usize, fixed: bool) {
        for (offset, c) in text.char_indices() {
            let from = if fixed { at } else { at + offset };
            if !fixed {
                self.end = self.end.max(from + c.len_utf8());
            }
            self.char(c, from);
        }
    }

    fn char(&mut self, c: char, at: usize) {
        if c.is_ascii() {
            let c = if c.is_ascii_whitespace() || c.is_ascii_control() { ' ' } else { c };
            return self.letter(c, at);
        }
        if is_invisible(c) || is_selector(c) {
            // A joiner between letters of scripts that need none.
            self.disguised += u32::from(self.text.ends_with(|c: char| c.is_ascii_alphanumeric()));
            return;
        }
        if c.is_whitespace() {
            return self.letter(' ', at);
        }
        if is_combining_mark(c) {
            if let Some(last) = self.shown.chars().next_back()
                && let Some(both) = compose(last, c)
            {
                self.shown.pop();
                self.shown.push(both);
            }
            // Marks over Latin letters are accents; elsewhere they are letters.
            if self.text.ends_with(|c: char| c.is_ascii()) || is_vowel_sign(c) {
                return;
            }
            return self.letter(c, at);
        }
        let mut canonical = 0;
        decompose_canonical(c, |_| canonical += 1);
        let mut compatible = Vec::new();
        decompose_compatible(c, |part| compatible.push(part));
        if compatible.len() != canonical || (canonical == 1 && compatible.first() != Some(&c)) {
            for part in compatible {
                let part = if part.is_whitespace() { ' ' } else { part };
                self.letter(part, at);
            }
            return;
        }
        self.letter(c, at);
    }

    fn letter(&mut self, c: char, at: usize) {
        if c == ' ' && (self.text.is_empty() || self.text.ends_with(' ')) {
            let last = self.text.len().saturating_sub(1);
            if self.gaps.last() != Some(&last) {
                self.gaps.push(last);
            }
            return;
        }
        let place = self.shown.len();
        self.shown.push(c);
        if c.is_ascii() {
            return self.fold(c.to_ascii_lowercase(), at, place);
        }
        let plain = match c {
            'ß' | 'ẞ' => return "ss".chars().for_each(|c| self.fold(c, at, place)),
            'æ' | 'Æ' => return "ae".chars().for_each(|c| self.fold(c, at, place)),
            'ø' | 'Ø' => 'o',
            'ł' | 'Ł' => 'l',
            'ı' | 'İ' => 'i',
            'ё' | 'Ё' => 'е',
            '’' | '‘' | '‛' | 'ʼ' => '\'',
            '…' => '.',
            c => c,
        };
        for c in plain.to_lowercase() {
            let mut first = None;
            let mut marks = 0;
            decompose_canonical(c, |part| {
                marks += usize::from(is_combining_mark(part));
                first = first.or(Some(part));
            });
            match first {
                Some(base) if marks > 0 && base.is_ascii_alphabetic() => self.fold(base, at, place),
                _ => self.fold(c, at, place),
            }
        }
    }

    fn fold(&mut self, c: char, at: usize, place: usize) {
        let before = self.text.len();
        self.text.push(c);
        for _ in before..self.text.len() {
            self.source.push(u32::try_from(at).unwrap_or(u32::MAX));
            self.places.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }

    /// The source byte of a byte of `text`; past the end, the end of the last character.
    pub fn at(&self, at: usize) -> usize {
        self.source.get(at).map_or(self.end, |&at| at as usize)
    }

    /// The shown text of a range of `text`.
    pub fn shown(&self, range: &Range<usize>) -> &str {
        let from = self.places.get(range.start).map_or(self.shown.len(), |&at| at as usize);
        let to = self.places.get(range.end).map_or(self.shown.len(), |&at| at as usize);
        self.shown.get(from..to).unwrap_or_default()
    }

    /// Puts Latin letters for those of other scripts that look like them, in words or sentences
    /// that are Latin otherwise. `text` keeps its meaning; places stay right.
    pub fn unmask(&mut self) {
        let latin = self.text.bytes().filter(u8::is_ascii_alphabetic).count();
        let other = self.text.chars().filter(|c| looks_latin(*c).is_some()).count();
        if other == 0 || latin == 0 {
            return;
        }
        let foreign = self.text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
        // Mostly another script: only words that mix both.
        let all = latin > 2 * foreign;
        let mut out = Folded { shown: std::mem::take(&mut self.shown), end: self.end, ..Folded::default() };
        out.disguised = self.disguised;
        let mut moved = Vec::with_capacity(self.text.len() + 1);
        let mut words = self.text.split_inclusive(|c: char| !c.is_alphanumeric());
        let mut start = 0;
        for word in words.by_ref() {
            let letters = word.chars().filter(|c| c.is_alphabetic());
            let mixed = word.bytes().any(|b| b.is_ascii_alphabetic());
            let disguised = letters.clone().any(|c| looks_latin(c).is_some())
                && letters.clone().all(|c| c.is_ascii() || looks_latin(c).is_some())
                && (mixed || all);
            for (offset, c) in word.char_indices() {
                let from = start + offset;
                let plain = if disguised { looks_latin(c).unwrap_or(c) } else { c };
                moved.resize(from + c.len_utf8(), out.text.len());
                let (at, place) = (self.source[from] as usize, self.places[from] as usize);
                out.fold(plain, at, place);
            }
            out.disguised += u32::from(disguised);
            start += word.len();
        }
        let place = |at: usize| moved.get(at).copied().unwrap_or(out.text.len());
        out.code = self.code.iter().map(|code| place(code.start)..place(code.end)).collect();
        *self = out;
    }

    /// Puts letters for the digits that stand for them (`1gn0re`), where that makes a known word.
    pub fn unleet(&mut self, known: &dyn Fn(&str) -> bool) {
        let mut changes: Vec<(usize, u8)> = Vec::new();
        let mut start = 0;
        for word in self.text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '@' && c != '$') {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let letters = bare.bytes().filter(u8::is_ascii_alphabetic).count();
            let odd = bare.len() - letters;
            if odd > 0 && letters >= 2 && odd <= letters && bare.len() <= 24 {
                let plain = |one: u8| bare.bytes().map(|b| letter_of(b, one)).collect::<Option<Vec<u8>>>();
                let found = [b'i', b'l']
                    .into_iter()
                    .filter_map(plain)
                    .find(|word| std::str::from_utf8(word).is_ok_and(known));
                let digits = |word: Vec<u8>| {
                    word.into_iter().enumerate().map(move |(at, b)| (start + at, b)).collect::<Vec<_>>()
                };
                changes.extend(found.map(digits).into_iter().flatten());
            }
            start += word.len();
        }
        if changes.is_empty() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for (at, b) in changes {
            bytes[at] = b;
        }
        // One ASCII letter for another ASCII character.
        self.text = String::from_utf8_lossy(&bytes).into_owned();
        self.disguised += 2;
    }

    /// Joins words that are spelled out (`s e n d`, `s.e.n.d`): at least four single letters
    /// with one and the same separator between them.
    pub fn join_letters(&mut self) {
        const LEAST: usize = 4;
        let bytes = self.text.as_bytes();
        let mut keep = vec![true; bytes.len()];
        let mut found = false;
        let mut at = 0;
        while at + 2 < bytes.len() {
            let free = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
            let separator = bytes[at + 1];
            if !free
                || !bytes[at].is_ascii_alphabetic()
                || !matches!(separator, b' ' | b'.' | b'-' | b'_' | b'*' | b'/')
            {
                at += 1;
                continue;
            }
            let mut end = at;
            while end + 2 < bytes.len()
                && bytes[end + 1] == separator
                && self.gaps.binary_search(&(end + 1)).is_err()
                && bytes[end + 2].is_ascii_alphabetic()
                && bytes.get(end + 3).is_none_or(|b| !b.is_ascii_alphanumeric())
            {
                end += 2;
            }
            let letters = (end - at) / 2 + 1;
            if letters >= LEAST {
                (at..end).filter(|place| (place - at) % 2 == 1).for_each(|place| keep[place] = false);
                found = true;
            }
            at = end.max(at) + 1;
        }
        if !found {
            return;
        }
        let mut out = Folded { shown: std::mem::take(&mut self.shown), end: self.end, ..Folded::default() };
        out.disguised = self.disguised + 1;
        let mut moved = vec![0; bytes.len() + 1];
        for (from, c) in self.text.char_indices() {
            moved[from] = out.text.len();
            if keep[from] {
                out.fold(c, self.source[from] as usize, self.places[from] as usize);
            }
        }
        moved[bytes.len()] = out.text.len();
        out.code = self.code.iter().map(|code| moved[code.start]..moved[code.end]).collect();
        *self = out;
    }

    /// A part, cut at character boundaries of `text`, with its own offsets.
    pub fn part(&self, range: Range<usize>) -> Folded {
        let inside = |code: &Range<usize>| code.start < range.end && range.start < code.end;
        let shift = |at: usize| at.clamp(range.start, range.end) - range.start;
        let base = self.places.get(range.start).copied().unwrap_or(0);
        Folded {
            shown: self.shown(&range).to_owned(),
            text: self.text.get(range.clone()).unwrap_or_default().to_owned(),
            source: self.source.get(range.clone()).unwrap_or_default().to_vec(),
            places: self.places.get(range.clone()).unwrap_or_default().iter().map(|at| at - base).collect(),
            code: self
                .code
                .iter()
                .filter(|code| inside(code))
                .map(|c| shift(c.start)..shift(c.end))
                .collect(),
            end: self.at(range.end),
            gaps: Vec::new(),
            disguised: self.disguised,
        }
    }
}

/// The letter that a character stands for; `one` for the digit one.
fn letter_of(b: u8, one: u8) -> Option<u8> {
    Some(match b {
        b'a'..=b'z' => b,
        b'0' => b'o',
        b'1' => one,
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        _ => return None,
    })
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Vowel signs of Arabic and Hebrew, which most people leave out.
fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{0591}'..='\u{05c7}' | '\u{064b}'..='\u{0652}' | '\u{0670}')
}

/// The Latin letter that a letter of another script looks like.
fn looks_latin(c: char) -> Option<char> {
    if c.is_ascii()
        || !matches!(
            c.script(),
            Script::Cyrillic
                | Script::Greek
                | Script::Armenian
                | Script::Cherokee
                | Script::Coptic
                | Script::Latin
        )
    {
        return None;
    }
    let text = c.to_string();
    let mut plain = skeleton(&text);
    let first = plain.next()?;
    (plain.next().is_none() && first.is_ascii_alphabetic()).then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> Folded {
        let mut folded = Folded::default();
        folded.push(text, 0, false);
        folded.unmask();
        folded.join_letters();
        folded
    }

    #[test]
    fn looks_do_not_matter() {
        assert_eq!(folded("Ｓｅｎｄ 𝐭𝐡𝐞  Schlüssel\u{200b}s").text, "send the schlussels");
        assert_eq!(folded("s\u{435}nd th\u{435} token").text, "send the token");
        assert_eq!(folded("отправь ключ").text, "отправь ключ");
        assert_eq!(folded("e\u{301}crire").shown, "écrire");
        assert_eq!(folded("now i-g-n-o-r-e it").text, "now ignore it");
        assert_eq!(folded("a b c").text, "a b c");
        assert_eq!(folded("s e n d   i t   n o w x").text, "send i t nowx");
        let mut leet = folded("1gn0re step1 4ll");
        leet.unleet(&|word| word == "ignore" || word == "all");
        assert_eq!(leet.text, "ignore step1 all");
    }

    proptest! {
        #[test]
        fn places_are_characters(text in "[a-zA-Zéа-я\u{200b}\u{301}ﬁ①Ａ .\\-]{0,60}") {
            let folded = folded(&text);
            prop_assert_eq!(folded.text.len(), folded.source.len());
            for (at, _) in folded.text.char_indices() {
                prop_assert!(text.is_char_boundary(folded.at(at)));
                let _ = folded.part(at..folded.text.len());
            }
        }
    }
}
