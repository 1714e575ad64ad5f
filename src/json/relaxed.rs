//! JSON with comments and commas before closing brackets, as `tsconfig.json`, `bun.lock` and
//! `deno.json` have it, turned into plain JSON of the same length: places stay what they are.

use std::borrow::Cow;

/// The text with comments and trailing commas as spaces. What is neither stays, so that
/// [`super::parse`] says what is wrong with it.
pub fn relax(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut blank: Vec<(usize, usize)> = Vec::new();
    // A comma counts as one too many behind a value only.
    let (mut at, mut comma, mut value) = (0, None, false);
    while at < bytes.len() {
        let start = at;
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                (comma, value) = (None, true);
            }
            (b'/', Some(b'/')) => {
                at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
                blank.push((start, at));
            }
            (b'/', Some(b'*')) => {
                let Some(len) = memchr::memmem::find(&bytes[at + 2..], b"*/") else { break };
                at += len + 4;
                blank.push((start, at));
            }
            (b',', _) => {
                comma = value.then_some(at);
                value = false;
                at += 1;
            }
            (b'}' | b']', _) => {
                blank.extend(comma.take().map(|comma| (comma, comma + 1)));
                value = true;
                at += 1;
            }
            (b' ' | b'\t' | b'\r' | b'\n', _) => at += 1,
            (other, _) => {
                comma = None;
                value = !matches!(other, b'{' | b'[' | b':');
                at += 1;
            }
        }
    }
    if blank.is_empty() {
        return Cow::Borrowed(text);
    }
    blank.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to) in blank {
        out.push_str(&text[done..from]);
        out.extend(text[from..to].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        done = to;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_stay() {
        let text = "{ // é\n \"a,]\": [1, 2,], /* , */ \"b\\\",}\": {\"c\": 1,\n},\n}";
        let relaxed = relax(text);
        assert_eq!(relaxed.len(), text.len());
        let node = super::super::parse(&relaxed).unwrap();
        assert_eq!(node.get("a,]").map(|node| node.elements().len()), Some(2));
        assert!(node.get("b\",}").is_some());
        for wrong in ["[,]x", "[1,,]", "/*", "{,}", "\"a\n,]\""] {
            assert!(super::super::parse(&relax(wrong)).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{},\"/* a1é\\\\\n]{0,40}") {
            let relaxed = relax(&text);
            prop_assert_eq!(relaxed.len(), text.len());
            if super::super::parse(&text).is_ok() {
                prop_assert_eq!(&*relaxed, &*text);
            }
        }
    }
}
