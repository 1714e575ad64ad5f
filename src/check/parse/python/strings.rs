//! Methods of constants: text, bytes, lists and dictionaries.

use std::rc::Rc;

use super::decode;
use super::value::Val;

/// Longest text or list that folding makes.
pub const MAX: usize = 4 << 20;

/// The result of a method of a constant.
pub fn method(base: &Val, name: &str, args: &[Val], keywords: &[(Rc<str>, Val)]) -> Val {
    match base {
        Val::Str(text, decoded) => of_text(text, *decoded, name, args, keywords),
        Val::Bytes(bytes, decoded) => of_bytes(bytes, *decoded, name, args, keywords),
        Val::Dict(items) => of_dict(items, name, args),
        Val::List(elements) => of_list(elements, name, args),
        Val::Int(number) if name == "to_bytes" => {
            let length = args.first().and_then(Val::as_int).unwrap_or(1).clamp(0, 8) as usize;
            let big = args.get(1).and_then(Val::as_str) != Some("little");
            let mut bytes = number.to_be_bytes()[8 - length..].to_vec();
            if !big {
                bytes.reverse();
            }
            Val::Bytes(bytes.into(), true)
        }
        _ => Val::Unknown,
    }
}

fn text(args: &[Val], at: usize) -> Option<&str> {
    args.get(at).and_then(Val::as_str)
}

fn of_text(base: &Rc<str>, decoded: bool, name: &str, args: &[Val], keywords: &[(Rc<str>, Val)]) -> Val {
    let same = |text: String| if text.len() > MAX { Val::Unknown } else { Val::Str(text.into(), decoded) };
    match name {
        "upper" => same(base.to_uppercase()),
        "lower" | "casefold" => same(base.to_lowercase()),
        "swapcase" => same(
            base.chars()
                .map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                .collect(),
        ),
        "title" | "capitalize" => {
            let mut chars = base.chars();
            same(
                chars
                    .next()
                    .map(|c| c.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase())
                    .unwrap_or_default(),
            )
        }
        "strip" | "lstrip" | "rstrip" => {
            let set = match args.first() {
                None | Some(Val::None) => None,
                Some(Val::Str(set, _)) => Some(set),
                Some(_) => return Val::Unknown,
            };
            let drop = |c: char| set.map_or(c.is_whitespace(), |set| set.contains(c));
            same(match name {
                "strip" => base.trim_matches(drop).to_owned(),
                "lstrip" => base.trim_start_matches(drop).to_owned(),
                _ => base.trim_end_matches(drop).to_owned(),
            })
        }
        "removeprefix" => {
            text(args, 0).map_or(Val::Unknown, |p| same(base.strip_prefix(p).unwrap_or(base).to_owned()))
        }
        "removesuffix" => {
            text(args, 0).map_or(Val::Unknown, |p| same(base.strip_suffix(p).unwrap_or(base).to_owned()))
        }
        "replace" => match (text(args, 0), text(args, 1)) {
            (Some(from), Some(to))
                if from.is_empty() || base.len().saturating_mul(to.len() + 1) <= MAX * 16 =>
            {
                same(base.replace(from, to))
            }
            _ => Val::Unknown,
        },
        "join" => match args.first().and_then(|list| list.elements(MAX)) {
            Some(parts) => {
                let mut out = String::new();
                let mut any = decoded;
                for (n, part) in parts.iter().enumerate() {
                    let Val::Str(part, was) = part else { return Val::Unknown };
                    any |= was;
                    if n > 0 {
                        out.push_str(base);
                    }
                    out.push_str(part);
                    if out.len() > MAX {
                        return Val::Unknown;
                    }
                }
                Val::Str(out.into(), any)
            }
            None => Val::Unknown,
        },
        "split" | "rsplit" | "splitlines" => {
            let limit = args.get(1).and_then(Val::as_int);
            let parts: Vec<&str> = match (name, args.first()) {
                ("splitlines", _) => base.lines().collect(),
                (_, None | Some(Val::None)) => base.split_whitespace().collect(),
                (_, Some(Val::Str(mark, _))) if !mark.is_empty() => match limit {
                    Some(limit) if limit >= 0 && name == "split" => {
                        base.splitn(limit as usize + 1, &**mark).collect()
                    }
                    Some(limit) if limit >= 0 => {
                        let mut parts: Vec<&str> = base.rsplitn(limit as usize + 1, &**mark).collect();
                        parts.reverse();
                        parts
                    }
                    _ => base.split(&**mark).collect(),
                },
                _ => return Val::Unknown,
            };
            Val::List(Rc::new(parts.into_iter().map(|part| Val::Str(part.into(), decoded)).collect()))
        }
        "encode" => match codec(args, keywords).as_str() {
            "latin1" | "latin-1" | "iso-8859-1" => {
                Val::Bytes(base.chars().map(|c| u8::try_from(c as u32).unwrap_or(b'?')).collect(), decoded)
            }
            "rot13" | "rot_13" => Val::Str(decode::rot13(base).into(), true),
            "utf-16" | "utf-16-le" | "utf-16le" | "utf_16_le" => {
                Val::Bytes(base.encode_utf16().flat_map(u16::to_le_bytes).collect(), decoded)
            }
            "hex" | "base64" | "zip" | "zlib" | "bz2" => Val::Unknown,
            _ => Val::Bytes(base.as_bytes().into(), decoded),
        },
        // Python 2's text is bytes.
        "decode" => of_bytes(&Rc::from(base.as_bytes()), decoded, name, args, keywords),
        "format" => format(base, decoded, args, keywords),
        "format_map" => Val::Unknown,
        "translate" => match args.first() {
            Some(Val::Dict(items)) => {
                let mut out = String::with_capacity(base.len());
                for c in base.chars() {
                    let key = i64::from(c as u32);
                    match items.iter().find(|(from, _)| from.as_int() == Some(key)).map(|(_, to)| to) {
                        Some(Val::Str(to, _)) => out.push_str(to),
                        Some(Val::Int(to)) => out.extend(u32::try_from(*to).ok().and_then(char::from_u32)),
                        Some(Val::None) => {}
                        Some(_) => return Val::Unknown,
                        None => out.push(c),
                    }
                }
                Val::Str(out.into(), true)
            }
            _ => Val::Unknown,
        },
        "find" | "index" => text(args, 0)
            .and_then(|part| base.find(part))
            .map_or(Val::Int(-1), |at| Val::Int(base[..at].chars().count() as i64)),
        "startswith" => text(args, 0).map_or(Val::Unknown, |part| Val::Bool(base.starts_with(part))),
        "endswith" => text(args, 0).map_or(Val::Unknown, |part| Val::Bool(base.ends_with(part))),
        "zfill" | "ljust" | "rjust" | "center" | "expandtabs" => Val::Unknown,
        _ => Val::Unknown,
    }
}

fn codec(args: &[Val], keywords: &[(Rc<str>, Val)]) -> String {
    let named = keywords.iter().find(|(name, _)| &**name == "encoding").map(|(_, value)| value);
    args.first().or(named).and_then(Val::as_str).unwrap_or("utf-8").to_ascii_lowercase()
}

fn of_bytes(base: &Rc<[u8]>, decoded: bool, name: &str, args: &[Val], keywords: &[(Rc<str>, Val)]) -> Val {
    match name {
        "decode" => match codec(args, keywords).as_str() {
            "hex" | "hex_codec" => decode::hex(base).map_or(Val::Unknown, |out| Val::Bytes(out.into(), true)),
            "base64" | "base64_codec" => {
                decode::base64(base, false).map_or(Val::Unknown, |out| Val::Bytes(out.into(), true))
            }
            "zip" | "zlib" | "zlib_codec" => {
                decode::inflate(base).map_or(Val::Unknown, |out| Val::Bytes(out.into(), true))
            }
            "rot13" | "rot_13" => Val::Str(decode::rot13(&String::from_utf8_lossy(base)).into(), true),
            codec => decode::text(base, codec).map_or(Val::Unknown, |text| Val::Str(text.into(), decoded)),
        },
        "hex" => Val::Str(hex::encode(base).into(), decoded),
        "strip" => {
            let text = base.trim_ascii();
            Val::Bytes(text.into(), decoded)
        }
        "join" => match args.first().and_then(|list| list.elements(MAX)) {
            Some(parts) => {
                let (mut out, mut any) = (Vec::new(), decoded);
                for (n, part) in parts.iter().enumerate() {
                    let Val::Bytes(part, was) = part else { return Val::Unknown };
                    any |= was;
                    if n > 0 {
                        out.extend_from_slice(base);
                    }
                    out.extend_from_slice(part);
                    if out.len() > MAX {
                        return Val::Unknown;
                    }
                }
                Val::Bytes(out.into(), any)
            }
            None => Val::Unknown,
        },
        "replace" => match (args.first(), args.get(1)) {
            (Some(Val::Bytes(from, _)), Some(Val::Bytes(to, _))) if !from.is_empty() => {
                let (mut out, mut rest) = (Vec::new(), &base[..]);
                while let Some(at) = memchr::memmem::find(rest, from) {
                    out.extend_from_slice(&rest[..at]);
                    out.extend_from_slice(to);
                    rest = &rest[at + from.len()..];
                    if out.len() > MAX {
                        return Val::Unknown;
                    }
                }
                out.extend_from_slice(rest);
                Val::Bytes(out.into(), decoded)
            }
            _ => Val::Unknown,
        },
        _ => Val::Unknown,
    }
}

fn of_dict(items: &Rc<Vec<(Val, Val)>>, name: &str, args: &[Val]) -> Val {
    match name {
        "get" | "pop" | "setdefault" => {
            let found = args.first().and_then(|key| items.iter().rev().find(|(k, _)| k == key));
            found.map(|(_, value)| value.clone()).or_else(|| args.get(1).cloned()).unwrap_or(Val::Unknown)
        }
        "keys" => Val::List(Rc::new(items.iter().map(|(key, _)| key.clone()).collect())),
        "values" => Val::List(Rc::new(items.iter().map(|(_, value)| value.clone()).collect())),
        "items" => Val::List(Rc::new(
            items.iter().map(|(key, value)| Val::List(Rc::new(vec![key.clone(), value.clone()]))).collect(),
        )),
        "copy" => Val::Dict(Rc::clone(items)),
        _ => Val::Unknown,
    }
}

fn of_list(elements: &Rc<Vec<Val>>, name: &str, args: &[Val]) -> Val {
    match name {
        "copy" => Val::List(Rc::clone(elements)),
        "pop" => match args.first().and_then(Val::as_int) {
            Some(at) => {
                usize::try_from(at).ok().and_then(|at| elements.get(at).cloned()).unwrap_or(Val::Unknown)
            }
            None => elements.last().cloned().unwrap_or(Val::Unknown),
        },
        "index" => args
            .first()
            .and_then(|value| elements.iter().position(|element| element == value))
            .map_or(Val::Unknown, |at| Val::Int(at as i64)),
        _ => Val::Unknown,
    }
}

/// `template.format(…)`: fields by number, name or order; formats of fields are passed over.
fn format(template: &str, decoded: bool, args: &[Val], keywords: &[(Rc<str>, Val)]) -> Val {
    let (mut out, mut next, mut any) = (String::new(), 0, decoded);
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if rest.as_bytes().first() == Some(&mark) {
            out.push(char::from(mark));
            rest = &rest[1..];
            continue;
        }
        let Some((field, after)) = rest.split_once('}').filter(|_| mark == b'{') else { return Val::Unknown };
        rest = after;
        let name = field.split([':', '!']).next().unwrap_or("");
        let value = if name.is_empty() {
            next += 1;
            args.get(next - 1)
        } else if let Ok(number) = name.parse::<usize>() {
            args.get(number)
        } else {
            keywords.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
        };
        let Some(shown) = value.and_then(Val::shown) else { return Val::Unknown };
        any |= value.is_some_and(Val::decoded);
        out.push_str(&shown);
        if out.len() > MAX {
            return Val::Unknown;
        }
    }
    out.push_str(rest);
    Val::Str(out.into(), any)
}

/// `template % values`; what is not known stands as `hole`, or nothing comes of it.
pub fn percent(template: &str, values: &Val, hole: Option<&str>) -> Option<String> {
    let list = match values {
        Val::List(elements) => elements.to_vec(),
        other => vec![other.clone()],
    };
    let (mut out, mut next) = (String::new(), 0);
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut named = None;
        if let Some((key, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            named = Some(key);
            rest = after;
        }
        let flags = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let kind = rest.as_bytes()[flags];
        rest = &rest[flags + 1..];
        let value = match (named, values) {
            (Some(key), Val::Dict(items)) => {
                items.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value.clone())
            }
            (Some(_), _) => None,
            (None, _) => {
                next += 1;
                list.get(next - 1).cloned()
            }
        };
        let shown = match (kind, &value) {
            (b'c', Some(Val::Int(code))) => {
                u32::try_from(*code).ok().and_then(char::from_u32).map(String::from)
            }
            (b'x', Some(Val::Int(number))) => Some(format!("{number:x}")),
            _ => value.as_ref().and_then(Val::shown),
        };
        match (shown, hole) {
            (Some(shown), _) => out.push_str(&shown),
            (None, Some(hole)) => out.push_str(hole),
            (None, None) => return None,
        }
        if out.len() > MAX {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// An element or a slice of a constant; bounds as Python takes them.
pub fn index(base: &Val, key: &Val) -> Val {
    let at = |len: usize| {
        let number = key.as_int()?;
        let at = if number < 0 { number + len as i64 } else { number };
        usize::try_from(at).ok().filter(|at| *at < len)
    };
    match base {
        Val::Str(text, decoded) => {
            let found = at(text.chars().count()).and_then(|at| text.chars().nth(at));
            found.map_or(Val::Unknown, |c| Val::Str(c.to_string().into(), *decoded))
        }
        Val::Bytes(bytes, _) => at(bytes.len()).map_or(Val::Unknown, |at| Val::Int(bytes[at].into())),
        Val::List(elements) => at(elements.len()).map_or(Val::Unknown, |at| elements[at].clone()),
        Val::Dict(items) => {
            items.iter().rev().find(|(k, _)| k == key).map_or(Val::Unknown, |(_, value)| value.clone())
        }
        _ => Val::Unknown,
    }
}

/// `base[lower:upper:step]`.
pub fn slice(base: &Val, lower: Option<i64>, upper: Option<i64>, step: Option<i64>) -> Val {
    fn picked<T: Clone>(all: &[T], lower: Option<i64>, upper: Option<i64>, step: i64) -> Vec<T> {
        let len = all.len() as i64;
        let clip = |bound: i64, low: i64, high: i64| {
            (if bound < 0 { bound.saturating_add(len) } else { bound }).clamp(low, high)
        };
        let (start, end) = if step > 0 {
            (lower.map_or(0, |n| clip(n, 0, len)), upper.map_or(len, |n| clip(n, 0, len)))
        } else {
            (lower.map_or(len - 1, |n| clip(n, -1, len - 1)), upper.map_or(-1, |n| clip(n, -1, len - 1)))
        };
        let mut out = Vec::new();
        let mut at = start;
        while (step > 0 && at < end) || (step < 0 && at > end) {
            if let Some(one) = usize::try_from(at).ok().and_then(|at| all.get(at)) {
                out.push(one.clone());
            }
            at = at.saturating_add(step);
        }
        out
    }
    let step = step.unwrap_or(1);
    if step == 0 {
        return Val::Unknown;
    }
    match base {
        Val::Str(text, decoded) => {
            let chars: Vec<char> = text.chars().collect();
            let backwards = step < 0 && text.len() > 3;
            let out: String = picked(&chars, lower, upper, step).into_iter().collect();
            Val::Str(out.into(), *decoded || backwards)
        }
        Val::Bytes(bytes, decoded) => {
            Val::Bytes(picked(bytes, lower, upper, step).into(), *decoded || step < 0)
        }
        Val::List(elements) => Val::List(Rc::new(picked(elements, lower, upper, step))),
        _ => Val::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_fold_as_python_folds_them() {
        let text = |text: &str| Val::text(text);
        let call = |base: &str, name: &str, args: &[Val]| method(&text(base), name, args, &[]);
        assert_eq!(call("{}.{1}", "format", &[text("a"), text("b")]), text("a.b"));
        assert_eq!(call("a-b", "replace", &[text("-"), text("+")]), text("a+b"));
        assert_eq!(call("-", "join", &[Val::List(Rc::new(vec![text("a"), text("b")]))]), text("a-b"));
        assert_eq!(
            percent("%s/%d%%", &Val::List(Rc::new(vec![text("x"), Val::Int(3)])), None).as_deref(),
            Some("x/3%")
        );
        assert_eq!(percent("a %s b", &Val::Unknown, Some("?")).as_deref(), Some("a ? b"));
        assert_eq!(slice(&text("metsys"), None, None, Some(-1)).as_str(), Some("system"));
        assert_eq!(slice(&text("abcdef"), Some(1), Some(-1), Some(2)).as_str(), Some("bd"));
        assert_eq!(index(&text("abc"), &Val::Int(-1)).as_str(), Some("c"));
    }

    proptest! {
        #[test]
        fn nothing_panics(base in "\\PC{0,20}", part in "\\PC{0,6}", a in any::<i64>(), b in any::<i64>(), s in any::<i64>()) {
            let value = Val::text(base.clone());
            for name in ["strip", "replace", "split", "format", "join", "encode", "decode", "find", "title", "rsplit"] {
                method(&value, name, &[Val::text(part.clone()), Val::text(base.clone()), Val::Int(a)], &[]);
                method(&Val::Bytes(base.as_bytes().into(), false), name, &[Val::text(part.clone())], &[]);
            }
            method(&Val::Int(a), "to_bytes", &[Val::Int(b)], &[]);
            percent(&base, &value, Some("?"));
            slice(&value, Some(a), Some(b), Some(s));
            slice(&value, Some(a % 9), Some(b % 9), Some(s % 4));
            index(&value, &Val::Int(a));
        }
    }
}
