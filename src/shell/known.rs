//! What programs make of constants: `echo`, `printf`, `base64 -d`, `xxd -r`, `tr`, `rev`, `sed s`.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::limits::MAX_FOLDED;
use super::value::Value;
use super::word::escapes;

/// The output of a program over known arguments and input; `None` where it is not known. `input`
/// is the content of what it reads.
pub(super) fn output(name: &str, args: &[Value], input: &Value) -> Option<Value> {
    let words: Option<Vec<&str>> = args.iter().map(Value::exact).collect();
    let mut value = match name {
        "echo" => echo(args),
        "printf" => printf(args)?,
        _ => {
            let (words, text) = (words?, input.exact()?);
            let (text, decodes) = filter(name, &words, text)?;
            let mut value = Value::known(text);
            value.layers = input.layers.saturating_add(u8::from(decodes));
            value
        }
    };
    if !matches!(name, "echo" | "printf") {
        value.add(&input.sources);
    }
    Some(value)
}

fn echo(args: &[Value]) -> Value {
    let (mut newline, mut escaped, mut at) = (true, false, 0);
    while let Some(flags) = args.get(at).and_then(|arg| arg.text.strip_prefix('-')) {
        if flags.is_empty() || !flags.bytes().all(|b| b"neE".contains(&b)) {
            break;
        }
        newline &= !flags.contains('n');
        escaped |= flags.contains('e');
        at += 1;
    }
    let mut out = Value::default();
    for (n, arg) in args.iter().skip(at).enumerate() {
        if n > 0 {
            out.push(&Value::known(" "));
        }
        out.push(arg);
    }
    if escaped || out.text.contains("\\x") || out.text.contains("\\0") {
        out.text = escapes(&out.text, false);
    }
    if newline {
        out.text.push('\n');
    }
    out
}

fn printf(args: &[Value]) -> Option<Value> {
    let mut args = args;
    if args.first().is_some_and(|arg| arg.text == "--") {
        args = &args[1..];
    }
    let format = args.first()?;
    let format_text = format.text.clone();
    let mut rest = args.get(1..).unwrap_or_default();
    let mut out = Value { text: String::new(), ..format.clone() };
    loop {
        let before = rest.len();
        let mut chars = format_text.chars().peekable();
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            match c {
                '%' if chars.peek() == Some(&'%') => {
                    chars.next();
                    literal.push('%');
                }
                '%' => {
                    while chars.peek().is_some_and(|c| "-+ #0.123456789".contains(*c)) {
                        chars.next();
                    }
                    let kind = chars.next()?;
                    let value = rest.first().cloned().unwrap_or_default();
                    rest = rest.get(1..).unwrap_or_default();
                    out.push(&Value::known(escapes(&std::mem::take(&mut literal), false)));
                    out.push(&match kind {
                        's' | 'q' | 'd' | 'i' | 'u' => value,
                        'b' => Value { text: escapes(&value.text, false), ..value },
                        'c' => Value { text: value.text.chars().take(1).collect(), ..value },
                        'x' if value.exact().is_some() => {
                            let number = number(&value.text)?;
                            Value { text: format!("{number:x}"), ..value }
                        }
                        'o' if value.exact().is_some() => {
                            let number = number(&value.text)?;
                            Value { text: format!("{number:o}"), ..value }
                        }
                        _ => Value { partly: true, ..value },
                    });
                }
                c => literal.push(c),
            }
        }
        out.push(&Value::known(escapes(&literal, false)));
        // The format is used again for arguments that are left.
        if rest.is_empty() || rest.len() == before || out.text.len() >= MAX_FOLDED {
            return Some(out);
        }
    }
}

fn number(text: &str) -> Option<u32> {
    if let Some(c) = text.strip_prefix(['\'', '"']) {
        return c.chars().next().map(u32::from);
    }
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A filter's output, and whether it takes an encoding off.
fn filter(name: &str, words: &[&str], text: &str) -> Option<(String, bool)> {
    let has = |options: &[&str]| words.iter().any(|word| options.contains(word));
    // `-di`, `-w0`: letters may stand together.
    let letter = |c: char| {
        words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(c))
    };
    Some(match name {
        "cat" | "tee" | "xargs" | "sponge" | "unbuffer" => (text.to_owned(), false),
        "base64" | "gbase64" if has(&["--decode"]) || letter('d') || letter('D') => (base64(text)?, true),
        "openssl" if words.first().is_some_and(|word| matches!(*word, "base64" | "enc")) && has(&["-d"]) => {
            (has(&["-base64", "-a"]) || words.first() == Some(&"base64"))
                .then(|| base64(text))
                .flatten()
                .map(|text| (text, true))?
        }
        "base32" if has(&["--decode"]) || letter('d') => (base32(text)?, true),
        "xxd" if letter('r') => (hex(text)?, true),
        "rev" => (text.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect(), true),
        "tac" => (text.lines().rev().map(|line| format!("{line}\n")).collect(), true),
        "tr" => tr(words, text)?,
        "head" if words.is_empty() => {
            (text.lines().take(10).map(|line| format!("{line}\n")).collect(), false)
        }
        "sed" => {
            let script = words.iter().filter(|word| !word.starts_with('-')).collect::<Vec<_>>();
            let [script] = script.as_slice() else { return None };
            (substitute(script, text)?, false)
        }
        "cut" => (cut(words, text)?, false),
        _ => return None,
    })
}

fn base64(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(compact).ok()?;
    readable(bytes)
}

fn base32(text: &str) -> Option<String> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    readable(bytes)
}

fn hex(text: &str) -> Option<String> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .collect::<String>()
        .replace("\\x", "")
        .replace("0x", "");
    readable(hex::decode(compact).ok()?)
}

/// What a program would take for text; anything else is no script.
fn readable(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// `tr A-Z a-z`, `tr -d x`.
fn tr(words: &[&str], text: &str) -> Option<(String, bool)> {
    let delete = words.iter().any(|word| matches!(*word, "-d" | "--delete"));
    let sets: Vec<Vec<char>> = words
        .iter()
        .filter(|word| !word.starts_with('-') || word.len() == 1)
        .map(|set| members(set))
        .collect();
    match sets.as_slice() {
        [from] if delete => Some((text.chars().filter(|c| !from.contains(c)).collect(), false)),
        [from, to] if !to.is_empty() && !words.iter().any(|word| matches!(*word, "-c" | "-s" | "-cd")) => {
            let turn = |c: char| match from.iter().rposition(|other| *other == c) {
                Some(at) => to.get(at).or(to.last()).copied().unwrap_or(c),
                None => c,
            };
            Some((text.chars().map(turn).collect(), true))
        }
        _ => None,
    }
}

fn members(set: &str) -> Vec<char> {
    let set = match set {
        "[:upper:]" => "A-Z",
        "[:lower:]" => "a-z",
        "[:digit:]" => "0-9",
        "[:space:]" => " \t\n",
        set => set,
    };
    let chars: Vec<char> = escapes(set, false).chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&from) = chars.get(at) {
        if chars.get(at + 1) == Some(&'-')
            && let Some(&to) = chars.get(at + 2)
            && from <= to
            && out.len() < 1024
        {
            out.extend((from..=to).take(256));
            at += 3;
        } else {
            out.push(from);
            at += 1;
        }
    }
    out
}

/// `s/from/to/g` with plain texts.
fn substitute(script: &str, text: &str) -> Option<String> {
    let rest = script.strip_prefix('s')?;
    let mark = rest.chars().next().filter(|c| c.is_ascii_punctuation())?;
    let parts: Vec<&str> = rest.get(1..)?.split(mark).collect();
    let [from, to, flags] = parts.as_slice() else { return None };
    let special = |text: &str| text.contains(['.', '*', '[', '^', '$', '\\', '&', '+', '?', '(']);
    if from.is_empty() || special(from) || special(to) || !matches!(*flags, "" | "g") {
        return None;
    }
    let line = |line: &str| match *flags {
        "g" => line.replace(from, to),
        _ => line.replacen(from, to, 1),
    };
    Some(text.lines().map(|text| line(text) + "\n").collect())
}

/// `cut -d X -f N`, `cut -c A-B`.
fn cut(words: &[&str], text: &str) -> Option<String> {
    let option = |name: &str| {
        let at = words.iter().position(|word| word.starts_with(name))?;
        match words[at].strip_prefix(name)? {
            "" => words.get(at + 1).copied(),
            value => Some(value),
        }
    };
    if let Some(range) = option("-c") {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let from: usize = if from.is_empty() { 1 } else { from.parse().ok()? };
        let to: usize = if to.is_empty() { usize::MAX } else { to.parse().ok()? };
        let part = |line: &str| {
            line.chars()
                .skip(from.saturating_sub(1))
                .take(to.saturating_sub(from.saturating_sub(1)))
                .collect::<String>()
        };
        return Some(text.lines().map(|line| part(line) + "\n").collect());
    }
    let (mark, field) = (option("-d").unwrap_or("\t"), option("-f")?.parse::<usize>().ok()?);
    let part = |line: &str| line.split(mark).nth(field.saturating_sub(1)).unwrap_or("").to_owned();
    if mark.is_empty() {
        return None;
    }
    Some(text.lines().map(|line| part(line) + "\n").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold() {
        for (line, input, wanted) in [
            ("base64|-d", "Y3VybA==\n", Some("curl")),
            ("base64", "x", None),
            ("openssl|base64|-d", "Y3VybA==", Some("curl")),
            ("xxd|-r|-p", "6375 726c", Some("curl")),
            ("rev", "lruc", Some("curl\n")),
            ("tr|A-Za-z|N-ZA-Mn-za-m", "phey", Some("curl")),
            ("tr|-d|x", "xcxuxrxl", Some("curl")),
            ("sed|s/X/u/", "cXrl", Some("curl\n")),
            ("cut|-d,|-f2", "a,curl", Some("curl\n")),
            ("cut|-c2-5", "xcurlx", Some("curl\n")),
            ("printf|%s%s|cu|rl", "", Some("curl")),
            ("printf|\\x63%s", "", Some("c")),
            ("echo|-n|cu|rl", "", Some("cu rl")),
            ("echo|-e|\\x63url", "", Some("curl\n")),
            ("base32|-d", "MN2XE3A=", Some("curl")),
            ("awk|x", "y", None),
        ] {
            let words: Vec<_> = line.split('|').map(Value::known).collect();
            let got = output(&words[0].text, &words[1..], &Value::known(input));
            assert_eq!(got.as_ref().map(|value| value.text.as_str()), wanted, "{line}");
        }
    }
}
