//! Functions of Python's library whose result is known when their arguments are.

use std::rc::Rc;

use super::decode;
use super::resolve::{Args, Env, MAX_ELEMENTS, Resolver};
use super::value::Val;

/// The result of `name(args)`; `None` where the function is not one of these.
pub fn known<'a>(
    resolver: &Resolver<'a>,
    name: &str,
    args: &Args,
    env: Option<&Env<'_>>,
    depth: u16,
) -> Option<Val> {
    let first = args.list.first();
    let text = |at: usize| args.list.get(at).and_then(Val::as_str);
    let bytes = |value: Vec<u8>| Val::Bytes(value.into(), true);
    Some(match name {
        "builtins.__import__" | "importlib.import_module" | "importlib.__import__" => {
            let module = text(0)?;
            if let Some(bare) = module.strip_prefix('.') {
                return Some(Val::Local(super::local::relative(resolver.path(), 1, bare).into(), "".into()));
            }
            // `__import__('a.b')` gives `a`, unless something is asked of it.
            let top = name == "builtins.__import__"
                && args.get(3, "fromlist").is_none_or(|list| list.truth() == Some(false));
            Val::name(if top { module.split('.').next().unwrap_or(module) } else { module })
        }
        "builtins.getattr" | "inspect.getattr_static" => {
            let member = text(1)?;
            match first? {
                Val::Unknown => Val::Unknown,
                base => resolver.member(base, member, env, depth + 1),
            }
        }
        "operator.attrgetter" => {
            Val::Partial(Rc::new((Val::name("builtins.getattr().reversed"), vec![first?.clone()])))
        }
        "builtins.getattr().reversed" => {
            let (member, base) = (args.list.first()?.as_str()?, args.list.get(1)?);
            member.split('.').fold(base.clone(), |base, part| resolver.member(&base, part, env, depth + 1))
        }
        "builtins.globals().get" | "builtins.locals().get" | "builtins.globals().__getitem__" => {
            resolver.global(text(0)?)
        }
        "sys.modules.get" | "sys.modules.__getitem__" => Val::name(text(0)?),
        "builtins.vars" => match first {
            Some(Val::Name(owner)) => Val::name(format!("{owner}.__dict__")),
            _ => Val::name("builtins.vars()"),
        },
        "functools.partial" => {
            let callee = first?.clone();
            Val::Partial(Rc::new((callee, args.list.get(1..).unwrap_or(&[]).to_vec())))
        }
        "builtins.compile" => match first? {
            code @ (Val::Str(..) | Val::Bytes(..)) => code.clone(),
            _ => return None,
        },
        "builtins.type" | "builtins.super" | "builtins.open" | "builtins.exec" | "builtins.eval" => {
            return None;
        }

        "builtins.chr" | "builtins.unichr" => {
            let c = u32::try_from(first?.as_int()?).ok().and_then(char::from_u32)?;
            Val::Str(c.to_string().into(), true)
        }
        "builtins.ord" => match first? {
            Val::Str(text, _) => Val::Int(i64::from(text.chars().next()? as u32)),
            Val::Bytes(bytes, _) => Val::Int((*bytes.first()?).into()),
            _ => return None,
        },
        "builtins.str" | "builtins.unicode" => match (first?, args.get(1, "encoding")) {
            (Val::Bytes(bytes, decoded), codec) => {
                let text = decode::text(bytes, codec.and_then(Val::as_str).unwrap_or("utf-8"))?;
                Val::Str(text.into(), *decoded)
            }
            (value @ Val::Str(..), _) => value.clone(),
            (value, _) => Val::text(value.shown()?),
        },
        "builtins.bytes" | "builtins.bytearray" => match first? {
            Val::Bytes(..) => first?.clone(),
            Val::Str(text, decoded) => Val::Bytes(text.as_bytes().into(), *decoded),
            Val::List(elements) => {
                let numbers: Option<Vec<u8>> =
                    elements.iter().map(|element| u8::try_from(element.as_int()?).ok()).collect();
                bytes(numbers?)
            }
            _ => return None,
        },
        "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex"
        | "binascii.unhexlify"
        | "binascii.a2b_hex" => bytes(decode::hex(&raw(first?)?)?),
        "builtins.int" => match (first?, args.get(1, "base")) {
            (Val::Str(text, _), base) => {
                let base = base.and_then(Val::as_int).unwrap_or(10);
                let digits =
                    text.trim().trim_start_matches("0x").trim_start_matches("0b").trim_start_matches("0o");
                let radix = u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?;
                Val::Int(i64::from_str_radix(digits, radix).ok()?)
            }
            (Val::Int(number), _) => Val::Int(*number),
            _ => return None,
        },
        "builtins.len" => match first? {
            Val::Str(text, _) => Val::Int(text.chars().count() as i64),
            Val::Bytes(bytes, _) => Val::Int(bytes.len() as i64),
            Val::List(elements) => Val::Int(elements.len() as i64),
            Val::Dict(items) => Val::Int(items.len() as i64),
            _ => return None,
        },
        "builtins.list" | "builtins.tuple" | "builtins.iter" | "builtins.set" | "builtins.frozenset" => {
            match first {
                None => Val::List(Rc::new(Vec::new())),
                Some(value) => Val::List(Rc::new(value.elements(MAX_ELEMENTS)?)),
            }
        }
        "builtins.dict" => match first {
            None => Val::Dict(Rc::new(
                args.named.iter().map(|(name, value)| (Val::text(Rc::clone(name)), value.clone())).collect(),
            )),
            Some(Val::Dict(items)) => Val::Dict(Rc::clone(items)),
            Some(value) => {
                let pairs = value.elements(MAX_ELEMENTS)?.into_iter().map(|pair| match pair {
                    Val::List(pair) if pair.len() == 2 => Some((pair[0].clone(), pair[1].clone())),
                    _ => None,
                });
                Val::Dict(Rc::new(pairs.collect::<Option<_>>()?))
            }
        },
        "builtins.reversed" => {
            let mut elements = first?.elements(MAX_ELEMENTS)?;
            elements.reverse();
            Val::List(Rc::new(elements))
        }
        "builtins.range" | "builtins.xrange" => {
            let numbers: Option<Vec<i64>> = args.list.iter().map(Val::as_int).collect();
            let (start, end, step) = match *numbers?.as_slice() {
                [end] => (0, end, 1),
                [start, end] => (start, end, 1),
                [start, end, step] if step != 0 => (start, end, step),
                _ => return None,
            };
            let mut out = Vec::new();
            let mut at = start;
            while (step > 0 && at < end) || (step < 0 && at > end) {
                out.push(Val::Int(at));
                at = at.checked_add(step)?;
                if out.len() > MAX_ELEMENTS {
                    return Some(Val::Unknown);
                }
            }
            Val::List(Rc::new(out))
        }
        "builtins.enumerate" => {
            let elements = first?.elements(MAX_ELEMENTS)?;
            let start = args.get(1, "start").and_then(Val::as_int).unwrap_or(0);
            let pair = |(n, value)| Val::List(Rc::new(vec![Val::Int(start.saturating_add(n as i64)), value]));
            Val::List(Rc::new(elements.into_iter().enumerate().map(pair).collect()))
        }
        "builtins.zip" => {
            let lists: Option<Vec<Vec<Val>>> =
                args.list.iter().map(|list| list.elements(MAX_ELEMENTS)).collect();
            let lists = lists?;
            let len = lists.iter().map(Vec::len).min().unwrap_or(0);
            let row = |n: usize| Val::List(Rc::new(lists.iter().map(|list| list[n].clone()).collect()));
            Val::List(Rc::new((0..len).map(row).collect()))
        }
        "itertools.cycle" | "builtins.sorted" => return None,
        "builtins.map" => {
            let elements = args.list.get(1)?.elements(MAX_ELEMENTS)?;
            let callee = first?;
            let mut out = Vec::with_capacity(elements.len());
            for element in elements {
                let one = Args { list: vec![element], named: Vec::new() };
                let made = resolver.apply(callee, one, env, depth + 1);
                if made.is_unknown() {
                    return Some(Val::Unknown);
                }
                out.push(made);
            }
            Val::List(Rc::new(out))
        }
        "builtins.str.join"
        | "builtins.bytes.join"
        | "builtins.str.format"
        | "builtins.str.replace"
        | "builtins.bytes.decode"
        | "builtins.str.encode"
        | "builtins.str.translate" => {
            let method = name.rsplit('.').next()?;
            super::strings::method(first?, method, args.list.get(1..).unwrap_or(&[]), &args.named)
        }
        "builtins.str.maketrans" | "string.maketrans" | "builtins.bytes.maketrans" => maketrans(args)?,
        "builtins.slice" => return None,

        "base64.b64decode"
        | "base64.standard_b64decode"
        | "binascii.a2b_base64"
        | "base64.decodebytes"
        | "base64.decodestring" => bytes(decode::base64(&raw(first?)?, false)?),
        "base64.urlsafe_b64decode" => bytes(decode::base64(&raw(first?)?, true)?),
        "base64.b32decode" => bytes(decode::base32(&raw(first?)?)?),
        "base64.b16decode" => bytes(decode::hex(&raw(first?)?)?),
        "base64.b85decode" => bytes(decode::base85(&raw(first?)?, false)?),
        "base64.a85decode" => bytes(decode::base85(&raw(first?)?, true)?),
        "zlib.decompress" | "gzip.decompress" => bytes(decode::inflate(&raw(first?)?)?),
        "codecs.decode" | "codecs.encode" => {
            let codec = args.get(1, "encoding").and_then(Val::as_str)?.to_ascii_lowercase();
            match (codec.replace('-', "_").as_str(), first?) {
                ("rot13" | "rot_13", Val::Str(text, _)) => Val::Str(decode::rot13(text).into(), true),
                ("hex" | "hex_codec", value) if name == "codecs.decode" => bytes(decode::hex(&raw(value)?)?),
                ("base64" | "base64_codec", value) if name == "codecs.decode" => {
                    bytes(decode::base64(&raw(value)?, false)?)
                }
                ("zip" | "zlib" | "zlib_codec", value) if name == "codecs.decode" => {
                    bytes(decode::inflate(&raw(value)?)?)
                }
                (codec, Val::Bytes(value, was)) => Val::Str(decode::text(value, codec)?.into(), *was),
                _ => return None,
            }
        }
        "urllib.parse.unquote" | "urllib.unquote" => Val::Str(decode::unquote(text(0)?, false)?.into(), true),
        "urllib.parse.unquote_plus" => Val::Str(decode::unquote(text(0)?, true)?.into(), true),
        "ast.literal_eval" | "textwrap.dedent" | "html.unescape" | "copy.copy" | "copy.deepcopy" => {
            match first? {
                value @ (Val::Str(..) | Val::List(_) | Val::Dict(_)) => value.clone(),
                _ => return None,
            }
        }

        "os.path.join" | "posixpath.join" => {
            let parts: Option<Vec<&str>> = args.list.iter().map(Val::as_str).collect();
            Val::text(join_path(&parts?))
        }
        "os.path.expanduser" | "os.path.expandvars" | "os.path.abspath" | "os.path.normpath"
        | "os.path.realpath" | "os.fspath" => Val::text(text(0)?),
        "os.path.dirname" => {
            let path = text(0)?;
            Val::text(path.rsplit_once('/').map_or("", |(folder, _)| folder))
        }
        "os.path.basename" => Val::text(text(0)?.rsplit('/').next()?),
        "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.WindowsPath" => {
            let parts: Option<Vec<&str>> = args.list.iter().map(Val::as_str).collect();
            Val::Path(join_path(&parts?).into())
        }
        "pathlib.Path.home" => Val::Path("~".into()),
        "pathlib.Path.cwd" => Val::Path(".".into()),
        "tempfile.gettempdir" => Val::text("/tmp"),
        _ => return None,
    })
}

fn raw(value: &Val) -> Option<Vec<u8>> {
    match value {
        Val::Str(text, _) => Some(text.as_bytes().to_vec()),
        Val::Bytes(bytes, _) => Some(bytes.to_vec()),
        _ => None,
    }
}

fn maketrans(args: &Args) -> Option<Val> {
    match args.list.as_slice() {
        [Val::Dict(items)] => Some(Val::Dict(Rc::new(
            items
                .iter()
                .map(|(key, value)| match key {
                    Val::Str(text, _) => {
                        let code =
                            text.chars().next().map_or(Val::Unknown, |c| Val::Int(i64::from(c as u32)));
                        (code, value.clone())
                    }
                    _ => (key.clone(), value.clone()),
                })
                .collect(),
        ))),
        [from, to, ..] => {
            let (from, to) = (from.as_str()?, to.as_str()?);
            let pairs = from.chars().zip(to.chars());
            Some(Val::Dict(Rc::new(
                pairs
                    .map(|(from, to)| (Val::Int(i64::from(from as u32)), Val::text(to.to_string())))
                    .collect(),
            )))
        }
        _ => None,
    }
}

/// Parts of a path joined as `os.path.join` does: an absolute part starts anew.
pub fn join_path(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        if part.starts_with('/') || part.starts_with('~') || out.is_empty() {
            out.clear();
            out.push_str(part);
        } else {
            if !out.ends_with('/') {
                out.push('/');
            }
            out.push_str(part);
        }
    }
    out
}

/// Methods of a path object that give another.
pub fn of_path(path: &str, method: &str, args: &Args) -> Option<Val> {
    Some(match method {
        "joinpath" => {
            let mut parts = vec![path];
            for part in &args.list {
                parts.push(part.as_str()?);
            }
            Val::Path(join_path(&parts).into())
        }
        "expanduser" | "resolve" | "absolute" => Val::Path(path.into()),
        "as_posix" | "__str__" => Val::text(path),
        "with_name" => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            Val::Path(join_path(&[folder, args.list.first()?.as_str()?]).into())
        }
        _ => return None,
    })
}
