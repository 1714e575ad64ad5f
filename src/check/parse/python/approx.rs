//! Texts of which a part is known: paths and command lines with `?` where nothing is.

use ruff_python_ast::{Expr, ExprAttribute, FStringPart, InterpolatedStringElement, Operator};

use super::calls::join_path;
use super::resolve::{Resolver, spine};
use super::scope::Def;
use super::strings;
use super::value::Val;

/// Levels that are followed.
const MAX_DEPTH: u8 = 12;
/// Pieces of one text that are looked at.
const MAX_PIECES: usize = 64;
/// Longest text that is made.
const MAX: usize = 64 << 10;

impl<'a> Resolver<'a> {
    /// The text of an expression with `?` for what is not known; `~` stands for the home folder,
    /// `$X` for a variable of the environment. Nothing where nothing is known.
    pub fn approximate(&self, expr: &'a Expr) -> Option<String> {
        self.approx(expr, 0).filter(|text| text.len() <= MAX && text.chars().any(|c| c != '?'))
    }

    /// The first element of a list that is written down, here or under a name.
    fn first_of(&self, list: &'a Expr) -> Option<&'a Expr> {
        let list = match list {
            Expr::Name(name) => {
                let symbol = self.scopes.symbols.get(self.scopes.symbol(name)?)?;
                match symbol.defs.as_slice() {
                    [place] => match place.def {
                        Def::Value(value) => value,
                        _ => return None,
                    },
                    _ => return None,
                }
            }
            other => other,
        };
        super::scope::literal_elements(list)?.first()
    }

    /// The value of a member that is set once, in the class itself or by its methods.
    fn member_value(&self, it: &'a ExprAttribute) -> Option<&'a Expr> {
        let Expr::Name(owner) = &*it.value else { return None };
        let class = match self.expr(&it.value) {
            Val::Class(class) | Val::Instance(class) => class,
            _ => self.scopes.self_symbol(self.scopes.symbol(owner)?)?,
        };
        match self.scopes.classes.get(class)?.members.get(it.attr.as_str()).map(Vec::as_slice) {
            Some([Def::Value(value)]) => return Some(value),
            Some(_) => return None,
            None => {}
        }
        let symbol = self.scopes.symbols.get(self.scopes.class_symbol(class, &it.attr)?)?;
        match symbol.defs.as_slice() {
            [place] => match place.def {
                Def::Value(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    /// The elements of a list that is written down, here, under a name or as a member.
    fn spread(&self, list: &'a Expr, depth: u8) -> Option<Vec<String>> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Val::List(elements) = self.expr(list) {
            let shown = |value: &Val| value.shown().unwrap_or_else(|| "?".to_owned());
            return Some(elements.iter().take(MAX_PIECES).map(shown).collect());
        }
        match list {
            Expr::Name(name) => {
                let symbol = self.scopes.symbols.get(self.scopes.symbol(name)?)?;
                match symbol.defs.as_slice() {
                    [place] => match place.def {
                        Def::Value(value) => self.spread(value, depth + 1),
                        _ => None,
                    },
                    _ => None,
                }
            }
            Expr::Attribute(it) => self.spread(self.member_value(it)?, depth + 1),
            other => Some(self.pieces(super::scope::literal_elements(other)?, depth)),
        }
    }

    /// What is given one after the other, `*list` by its elements.
    fn pieces(&self, given: &'a [Expr], depth: u8) -> Vec<String> {
        let mut out = Vec::new();
        for piece in given.iter().take(MAX_PIECES) {
            match piece {
                Expr::Starred(it) => match self.spread(&it.value, depth + 1) {
                    Some(elements) => out.extend(elements),
                    None => out.push("?".to_owned()),
                },
                piece => out.push(self.hole(piece, depth)),
            }
        }
        out
    }

    fn hole(&self, expr: &'a Expr, depth: u8) -> String {
        self.approx(expr, depth + 1).unwrap_or_else(|| "?".to_owned())
    }

    fn approx(&self, expr: &'a Expr, depth: u8) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let value = self.expr(expr);
        match &value {
            Val::Str(..) | Val::Path(_) | Val::Bytes(..) | Val::Int(_) => return value.shown(),
            Val::Name(name) => {
                if let Some(known) = known(name) {
                    return Some(known.to_owned());
                }
            }
            _ => {}
        }
        match expr {
            Expr::BinOp(it) => match it.op {
                Operator::Add => {
                    let parts = spine(it);
                    (parts.len() <= 200)
                        .then(|| parts.into_iter().map(|part| self.hole(part, depth)).collect())
                }
                Operator::Mod => {
                    let Val::Str(template, _) = self.expr(&it.left) else { return None };
                    let values = match &*it.right {
                        Expr::Tuple(tuple) => Val::List(std::rc::Rc::new(
                            tuple.elts.iter().map(|e| Val::text(self.hole(e, depth))).collect(),
                        )),
                        other => match self.expr(other) {
                            Val::Unknown | Val::Name(_) => Val::text(self.hole(other, depth)),
                            value => value,
                        },
                    };
                    strings::percent(&template, &values, Some("?"))
                }
                Operator::Div => {
                    let (left, right) = (self.hole(&it.left, depth), self.hole(&it.right, depth));
                    Some(join_path(&[&left, &right])).filter(|text| text.contains(|c| c != '?' && c != '/'))
                }
                _ => None,
            },
            Expr::FString(it) => {
                let mut out = String::new();
                for part in &it.value {
                    match part {
                        FStringPart::Literal(literal) => out.push_str(literal.as_str()),
                        FStringPart::FString(inner) => {
                            for element in &inner.elements {
                                match element {
                                    InterpolatedStringElement::Literal(literal) => {
                                        out.push_str(&literal.value)
                                    }
                                    InterpolatedStringElement::Interpolation(it) => {
                                        out.push_str(&self.hole(&it.expression, depth));
                                    }
                                }
                            }
                        }
                    }
                }
                Some(out)
            }
            Expr::Call(it) => {
                let callee = self.callee(it);
                let first = it.arguments.args.first();
                match callee.as_name() {
                    Some("os.path.join" | "pathlib.Path" | "pathlib.PurePath" | "builtins.str.join") => {
                        let parts = self.pieces(&it.arguments.args, depth);
                        return Some(join_path(&parts.iter().map(String::as_str).collect::<Vec<_>>()));
                    }
                    Some("os.getenv" | "os.environ.get" | "os.environ.pop") => {
                        // Where nobody sets it, the address that is written down counts.
                        let otherwise = it.arguments.args.get(1).and_then(|it| self.approx(it, depth + 1));
                        if let Some(address) = otherwise.filter(|text| text.contains("://")) {
                            return Some(address);
                        }
                        return Some(variable(first.and_then(|name| self.expr(name).shown())?.as_str()));
                    }
                    Some(
                        "builtins.str" | "os.path.expanduser" | "os.path.expandvars" | "os.path.abspath"
                        | "os.path.normpath" | "os.path.realpath" | "os.fspath" | "shlex.quote"
                        | "builtins.repr" | "builtins.bytes",
                    ) => return self.approx(first?, depth + 1),
                    Some("os.path.dirname") => {
                        let path = self.approx(first?, depth + 1)?;
                        return Some(
                            path.rsplit_once('/')
                                .map_or_else(|| ".".to_owned(), |(folder, _)| folder.to_owned()),
                        );
                    }
                    Some("shlex.split") => return self.approx(first?, depth + 1),
                    _ => {}
                }
                let Expr::Attribute(attribute) = &*it.func else { return None };
                match (attribute.attr.as_str(), self.expr(&attribute.value)) {
                    ("format", template) => {
                        let template = match template {
                            Val::Str(text, _) => text.to_string(),
                            _ => self.approx(&attribute.value, depth + 1)?,
                        };
                        let mut next = 0;
                        let mut out = String::new();
                        let mut rest = &*template;
                        while let Some((before, after)) = rest.split_once('{') {
                            let Some((field, after)) = after.split_once('}') else { break };
                            out.push_str(before);
                            let name = field.split([':', '!', '.', '[']).next().unwrap_or("");
                            let value = match name.parse::<usize>() {
                                Ok(number) => it.arguments.args.get(number),
                                Err(_) if name.is_empty() => {
                                    next += 1;
                                    it.arguments.args.get(next - 1)
                                }
                                Err(_) => it.arguments.find_keyword(name).map(|keyword| &keyword.value),
                            };
                            out.push_str(
                                &value.map_or_else(|| "?".to_owned(), |value| self.hole(value, depth)),
                            );
                            rest = after;
                        }
                        out.push_str(rest);
                        Some(out)
                    }
                    ("join", Val::Str(mark, _)) => Some(self.spread(first?, depth + 1)?.join(&mark)),
                    ("joinpath", _) => {
                        let mut parts = vec![self.hole(&attribute.value, depth)];
                        parts.extend(self.pieces(&it.arguments.args, depth));
                        Some(join_path(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
                    }
                    (
                        "strip" | "rstrip" | "lstrip" | "encode" | "decode" | "split" | "expanduser"
                        | "resolve" | "absolute" | "as_posix" | "lower" | "replace",
                        _,
                    ) => self.approx(&attribute.value, depth + 1),
                    _ => None,
                }
            }
            Expr::Subscript(it) => match self.expr(&it.value).as_name() {
                Some("os.environ") => Some(variable(&self.expr(&it.slice).shown()?)),
                _ => None,
            },
            Expr::Attribute(it) if it.attr.as_str() == "parent" => {
                let path = self.approx(&it.value, depth + 1)?;
                Some(path.rsplit_once('/').map_or_else(|| ".".to_owned(), |(folder, _)| folder.to_owned()))
            }
            Expr::Attribute(it) => self.approx(self.member_value(it)?, depth + 1),
            Expr::Name(name) => {
                let symbol = self.scopes.symbols.get(self.scopes.symbol(name)?)?;
                let at = name.range.start().to_u32();
                let same =
                    self.scopes.func_of(symbol.scope) == self.scopes.func_of(self.scopes.scope_of(name));
                let before = symbol.defs.partition_point(|place| place.at <= at);
                let count = if same && before > 0 { before } else { symbol.defs.len() };
                symbol.defs[..count].iter().rev().take(3).find_map(|place| match place.def {
                    Def::Value(value) | Def::Enter(value) => self.approx(value, depth + 1),
                    // One of a list stands for all.
                    Def::Element(value) => self.approx(self.first_of(value)?, depth + 1),
                    _ => None,
                })
            }
            Expr::If(it) => self.approx(&it.body, depth + 1).or_else(|| self.approx(&it.orelse, depth + 1)),
            Expr::BoolOp(it) => it.values.iter().take(8).find_map(|value| self.approx(value, depth + 1)),
            Expr::Starred(it) => self.approx(&it.value, depth + 1),
            Expr::Named(it) => self.approx(&it.value, depth + 1),
            Expr::Await(it) => self.approx(&it.value, depth + 1),
            _ => None,
        }
    }
}

fn variable(name: &str) -> String {
    match name {
        "HOME" | "USERPROFILE" => "~".to_owned(),
        "TEMP" | "TMP" | "TMPDIR" => "/tmp".to_owned(),
        name => format!("${name}"),
    }
}

fn known(name: &str) -> Option<&'static str> {
    Some(match name {
        "sys.executable" => "python",
        "tempfile.gettempdir()" | "tempfile.mkdtemp()" | "tempfile.TemporaryDirectory()" => "/tmp",
        "tempfile.mktemp()" | "tempfile.mkstemp()[]" | "tempfile.NamedTemporaryFile().name" => "/tmp/?",
        "builtins.__file__" => "./__file__",
        "os.sep" => "/",
        "os.linesep" => "\n",
        "os.pathsep" => ":",
        "os.devnull" => "/dev/null",
        "os.getcwd()" => ".",
        "getpass.getuser()" => "?",
        _ => return None,
    })
}
