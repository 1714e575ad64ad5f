//! Python 2 in the words of Python 3, byte for byte in the same place.
//!
//! `print x` becomes `print,x`, `exec code` becomes `exec,code`, `` `x` `` becomes `(x)`, `<>`
//! becomes `!=`, `0777` loses its zero, `ur''` its `u`. `except E, e:` is read by the parser as
//! the newest Python writes it. Every offset stays what it was.

use super::depth::skip_string;

/// The text without the old forms, or nothing where it has none.
pub fn modernise(text: &str) -> Option<String> {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    let mut start = true;
    let mut open = 0_usize;
    let mut raising = false;
    let mut ticks: Option<usize> = None;
    while at < out.len() {
        match out[at] {
            b'\n' => {
                at += 1;
                if open == 0 {
                    start = true;
                    raising = false;
                    ticks = None;
                }
                continue;
            }
            b' ' | b'\t' | b'\r' | 0x0c => {
                at += 1;
                continue;
            }
            b'\\' => {
                at += 2;
                continue;
            }
            b'#' => {
                at = memchr::memchr(b'\n', &out[at..]).map_or(out.len(), |n| at + n);
                continue;
            }
            b'\'' | b'"' => at = skip_string(&out, at),
            b'(' | b'[' | b'{' => {
                open += 1;
                at += 1;
            }
            b')' | b']' | b'}' => {
                open = open.saturating_sub(1);
                at += 1;
            }
            b';' | b':' if open == 0 => {
                at += 1;
                start = true;
                raising = false;
                continue;
            }
            b',' if raising && open == 0 => {
                // `raise E, "why"`: what is raised and why are told apart by nobody here.
                if out.get(at + 1).is_some_and(|next| *next == b' ') {
                    out[at] = b'o';
                    out[at + 1] = b'r';
                    if out
                        .get(at.wrapping_sub(1))
                        .is_some_and(|before| before.is_ascii_alphanumeric() || *before == b'_')
                    {
                        out[at] = b',';
                        out[at + 1] = b' ';
                    }
                }
                at += 1;
            }
            b'`' => {
                match ticks.take() {
                    Some(first) => {
                        out[first] = b'(';
                        out[at] = b')';
                    }
                    None => ticks = Some(at),
                }
                at += 1;
            }
            b'<' if out.get(at + 1) == Some(&b'>') => {
                out[at] = b'!';
                out[at + 1] = b'=';
                at += 2;
            }
            byte if byte.is_ascii_digit() => {
                let end = word_end(&out, at);
                if byte == b'0' && end - at > 1 && out[at..end].iter().all(u8::is_ascii_digit) {
                    out[at] = b' ';
                    // `0007`: every zero that leads.
                    let mut next = at + 1;
                    while next + 1 < end && out[next] == b'0' {
                        out[next] = b' ';
                        next += 1;
                    }
                } else if matches!(out[end - 1], b'L' | b'l') && end - at > 1 {
                    out[end - 1] = b' ';
                }
                at = end;
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let end = word_end(&out, at);
                let word = out[at..end].to_vec();
                let next = out.get(end).copied();
                match &word[..] {
                    b"print" | b"exec" if start => {
                        let spaces =
                            out[end..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                        let then = out.get(end + spaces).copied().unwrap_or(b'\n');
                        let call = then == b'(' && word == b"exec";
                        if spaces > 0
                            && !matches!(
                                then,
                                b'\n' | b'\r' | b'#' | b'=' | b'.' | b';' | b',' | b'>' | b'\\'
                            )
                            && !call
                        {
                            out[end] = b',';
                        }
                    }
                    b"raise" if start => raising = true,
                    b"ur" | b"UR" | b"Ur" | b"uR" if matches!(next, Some(b'\'' | b'"')) => out[at] = b' ',
                    _ => {}
                }
                at = end;
                // `else print x` stands on one line after a colon only; a word ends the start.
                start = false;
                continue;
            }
            _ => at += 1,
        }
        start = false;
    }
    let out = String::from_utf8(out).ok()?;
    (out != text).then_some(out)
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    bytes[at..].iter().position(|byte| !word(byte)).map_or(bytes.len(), |n| at + n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

    #[test]
    fn old_forms_parse_in_place() {
        let old = "import os\nprint 'a', os.name\nif 1: print \"b\"\nexec code in space\nx = `y` + ur'z'\n\
                   if a <> b: pass\nos.chmod(p, 0755)\nn = 10L\ntry:\n  pass\nexcept OSError, e:\n  print e\n\
                   print >>f, 'x'\nprint\nprint('x')\nprint ('a') % b\n";
        let new = modernise(old).unwrap();
        assert_eq!(new.len(), old.len());
        let parsed = parse_unchecked(&new, ParseOptions::from(Mode::Module));
        assert_eq!(parsed.errors(), [], "{new}");
    }

    #[test]
    fn new_forms_are_left_alone() {
        assert_eq!(modernise("print('x')\nprint = 3\nexec(code)\n'`'\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_the_length_stays(text in "(print |exec |raise |`|<>|0|7|L|ur'|'|\"|,| |\\n|\\\\|é|#|\\(|x){0,40}") {
            if let Some(new) = modernise(&text) {
                prop_assert_eq!(new.len(), text.len());
            }
        }
    }
}
