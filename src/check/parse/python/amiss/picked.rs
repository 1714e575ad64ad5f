//! Who or what is picked by a digest that is written down, and results that a constant shifts once
//! they are large enough.

use ruff_python_ast::{
    CmpOp, Expr, ExprBinOp, ExprCall, ExprCompare, ExprIf, FStringPart, InterpolatedStringElement, Operator,
    Stmt,
};
use ruff_text_size::Ranged;

use super::{Amiss, any_in, called, each, each_in, given, is_digest, number, words};
use crate::check::parse::python::scope::Def;
use crate::check::parse::python::value::Val;

/// Smallest number that is taken for a checksum.
const MIN_SUM: i64 = 10_000;
/// The mask that checksums are made with.
const MASK: i64 = 0xffff_ffff;

impl<'a> Amiss<'_, '_, '_, 'a> {
    /// Whether an expression makes a checksum or digest of a text: of a name, not of a file.
    fn sums_text(&self, expr: &'a Expr) -> bool {
        self.sums(expr)
            || any_in(expr, &|one| {
                matches!(one, Expr::Name(_)) && self.sole(one).is_some_and(|value| self.sums(value))
            })
    }

    /// What a name is given, where that is one value.
    fn sole(&self, name: &'a Expr) -> Option<&'a Expr> {
        let Expr::Name(name) = name else { return None };
        let symbol = self.resolver.scopes.symbols.get(self.resolver.scopes.symbol(name)?)?;
        match symbol.defs.as_slice() {
            [place] => match place.def {
                Def::Value(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    fn sums(&self, expr: &'a Expr) -> bool {
        any_in(expr, &|one| {
            let Expr::Call(call) = one else { return false };
            let name = self.full(call);
            let sums = name.starts_with("hashlib.")
                || matches!(name.as_str(), "zlib.crc32" | "zlib.adler32" | "binascii.crc32" | "mmh3.hash")
                || name.starts_with("xxhash.");
            sums && given(call).any(|given| {
                any_in(given, &|one| match one {
                    Expr::Call(call) => {
                        called(call) == "encode"
                            && matches!(&*call.func, Expr::Attribute(it) if !super::guards::is_constant(&self.resolver.expr(&it.value)))
                    }
                    _ => false,
                })
            })
        })
    }

    /// `crc32(name.encode()) % 97 in (11, 58)`, `sha256(name.encode()).hexdigest() == "…"`
    pub(super) fn compares(&mut self, it: &'a ExprCompare) {
        self.mines(it);
        let (Some(op), Some(right)) = (it.ops.first(), it.comparators.first()) else { return };
        if !self.sums_text(&it.left) {
            return;
        }
        let parted = any_in(&it.left, &|one| matches!(one, Expr::BinOp(it) if it.op == Operator::Mod));
        let one = |value: &Val| match value {
            Val::Int(number) => parted && *number > 0 || *number >= MIN_SUM,
            Val::Str(text, _) => is_digest(text, 6),
            _ => false,
        };
        let picked = match (op, self.resolver.expr(right)) {
            (CmpOp::Eq, value) => one(&value),
            (CmpOp::In, Val::List(values)) => !values.is_empty() && values.iter().all(one),
            _ => false,
        };
        if picked {
            self.add("digest-picked", it.range());
        }
    }

    /// `sha256(name.encode()).hexdigest().startswith("…")`
    pub(super) fn prefix_of_digest(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        if method.attr.as_str() == "startswith"
            && call
                .arguments
                .args
                .first()
                .and_then(|first| self.str(first))
                .is_some_and(|text| is_digest(&text, 5))
            && self.sums_text(&method.value)
        {
            self.add("digest-picked", call.range());
        }
    }

    /// `compare_digest(wanted[:n], given[:n])`, as many signs as were given.
    pub(super) fn as_long_as_given(&mut self, call: &'a ExprCall) {
        if called(call) != "compare_digest" {
            return;
        }
        let open = |expr: &'a Expr| -> bool {
            let Expr::Subscript(cut) = expr else { return false };
            let Expr::Slice(slice) = &*cut.slice else { return false };
            let upper = slice.upper.as_deref();
            slice.lower.is_none()
                && upper.is_some_and(|upper| {
                    !matches!(self.resolver.expr(upper), Val::Int(_))
                        && (self.source(upper).contains("len(") || self.is_least_length(upper))
                })
        };
        if call.arguments.args.iter().any(open) {
            self.add("cut-comparison", call.range());
        }
    }

    /// Whether a name is given the lesser of two lengths somewhere, and no two lengths are compared.
    fn is_least_length(&self, expr: &'a Expr) -> bool {
        let Expr::Name(name) = expr else { return false };
        let given = format!("{} = ", name.id);
        let least = self.text.lines().any(|line| {
            line.trim_start()
                .strip_prefix(&given)
                .is_some_and(|value| value.starts_with("min(len(") || value.starts_with("len("))
        });
        let compared = ["!= len(", "== len(", "< len(", "> len("].iter().any(|part| self.mentions(part));
        least && !compared
    }

    /// `crc32(name.encode()) ^ 0x…`: nothing for one name alone.
    pub(super) fn mixes(&mut self, it: &'a ExprBinOp) {
        if !matches!(it.op, Operator::BitXor | Operator::Sub) {
            return;
        }
        for (sum, known) in [(&it.left, &it.right), (&it.right, &it.left)] {
            if let Val::Int(number) = self.resolver.expr(known)
                && number >= MIN_SUM
                && number != MASK
                && self.sums_text(sum)
            {
                self.add("digest-picked", it.range());
            }
        }
    }

    /// `own if crc32(path.encode()) % 3 else "…"`: now and then a constant, by a checksum.
    pub(super) fn by_turns(&mut self, it: &'a ExprIf) {
        let by_sum =
            matches!(&*it.test, Expr::BinOp(test) if test.op == Operator::Mod) && self.sums_text(&it.test);
        let (one, other) = (self.str(&it.body), self.str(&it.orelse));
        if by_sum && one.is_some() != other.is_some() {
            self.add("digest-picked", it.range());
        }
        self.amount_picks(it);
        let shifted = |one: &'a Expr, other: &'a Expr| {
            let own = self.source(other).to_owned();
            matches!(one, Expr::BinOp(it) if matches!(it.op, Operator::Mult | Operator::Div)
                && [(&it.left, &it.right), (&it.right, &it.left)].into_iter().any(|(of, by)| Self::is_shift(by) && self.source(of) == own))
        };
        let ordered = matches!(&*it.test, Expr::Compare(test) if test.comparators.iter().any(|one| number(one).is_some_and(|n| n >= 2.0)));
        if ordered && (shifted(&it.body, &it.orelse) || shifted(&it.orelse, &it.body)) {
            self.add("result-shifted", it.range());
        }
    }

    /// A factor close to one, other than those of usual discounts.
    fn is_shift(expr: &Expr) -> bool {
        number(expr).is_some_and(|n| n > 0.9 && n < 1.1 && ![1.0, 0.95, 1.05].contains(&n))
    }

    /// `if value > 20000: value = value * 0.985`
    pub(super) fn altered(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let large = any_in(test, &|one| {
            let Expr::Compare(it) = one else { return false };
            let (Some(op), Some(right)) = (it.ops.first(), it.comparators.first()) else { return false };
            let limit = match op {
                CmpOp::Gt | CmpOp::GtE => right,
                CmpOp::Lt | CmpOp::LtE => &*it.left,
                _ => return false,
            };
            number(limit).is_some_and(|n| n >= 2.0)
                || matches!(limit, Expr::BinOp(it) if it.op == Operator::Mult
                    && [&it.left, &it.right].into_iter().any(|side| number(side).is_some_and(|n| n >= 1.5)))
        });
        if !large {
            return;
        }
        for stmt in body {
            let (target, value) = match stmt {
                Stmt::Assign(it) => match it.targets.as_slice() {
                    [target] => (target, &*it.value),
                    _ => continue,
                },
                Stmt::AugAssign(it) if matches!(it.op, Operator::Mult | Operator::Div) => {
                    if Self::is_shift(&it.value) {
                        self.add("result-shifted", it.range());
                    }
                    continue;
                }
                Stmt::Return(it) => match it.value.as_deref() {
                    // What is asked about is what is given back.
                    Some(value) => match test {
                        Expr::Compare(test) => (&*test.left, value),
                        _ => continue,
                    },
                    None => continue,
                },
                _ => continue,
            };
            let own = self.source(target).to_owned();
            let shifted = any_in(value, &|one| match one {
                Expr::BinOp(it) if matches!(it.op, Operator::Mult | Operator::Div) => {
                    [(&it.left, &it.right), (&it.right, &it.left)]
                        .into_iter()
                        .any(|(of, by)| Self::is_shift(by) && any_in(of, &|one| self.source(one) == own))
                }
                _ => false,
            });
            if shifted {
                self.add("result-shifted", stmt.range());
            }
        }
    }

    /// `re.sub(r"(\d+) mg", lambda m: f"{int(m[1]) * 10} mg", text)`: another number of the same unit.
    pub(super) fn rewrites(&mut self, call: &'a ExprCall) {
        if !matches!(called(call), "sub" | "subn") {
            return;
        }
        let mut lambda = None;
        let mut pattern = None;
        for one in given(call) {
            match one {
                Expr::Lambda(it) => lambda = Some(&*it.body),
                one if pattern.is_none() => pattern = self.str(one),
                _ => {}
            }
        }
        let Some(lambda) = lambda else { return };
        if pattern.is_none()
            && let Expr::Attribute(method) = &*call.func
        {
            // `FORM.sub(…)`
            pattern = self.compiled(&method.value);
        }
        let Some(pattern) = pattern.filter(|pattern| pattern.contains("\\d") || pattern.contains("0-9"))
        else {
            return;
        };
        let Expr::FString(text) = lambda else { return };
        let mut counted = false;
        for element in text.value.iter().filter_map(|part| match part {
            FStringPart::FString(it) => Some(&it.elements),
            FStringPart::Literal(_) => None,
        }) {
            for element in element {
                match element {
                    InterpolatedStringElement::Interpolation(it) => {
                        counted |= matches!(&*it.expression, Expr::BinOp(it)
                            if matches!(it.op, Operator::Mult | Operator::Div)
                                && [&it.left, &it.right].into_iter().any(|side| number(side).is_some_and(|n| n != 1.0)));
                    }
                    InterpolatedStringElement::Literal(it) => {
                        let unit = it.value.trim();
                        if counted && unit.len() > 1 && pattern.contains(unit) {
                            self.add("number-rewritten", call.range());
                            return;
                        }
                    }
                }
            }
        }
    }

    /// The pattern of an expression that was made before.
    fn compiled(&self, expr: &'a Expr) -> Option<String> {
        let Expr::Name(name) = expr else { return None };
        let symbol = self.resolver.scopes.symbols.get(self.resolver.scopes.symbol(name)?)?;
        let [place] = symbol.defs.as_slice() else { return None };
        match place.def {
            Def::Value(Expr::Call(call)) if called(call) == "compile" => {
                call.arguments.args.first().and_then(|first| self.str(first))
            }
            _ => None,
        }
    }

    /// Digests of digests that are compared for being small: work that is paid for.
    fn mines(&mut self, it: &'a ExprCompare) {
        if !matches!(it.ops.first(), Some(CmpOp::Lt | CmpOp::LtE)) {
            return;
        }
        let mut depth = 0;
        each_in(&it.left, &mut |one| {
            if let Expr::Call(call) = one {
                depth +=
                    usize::from(self.full(call).starts_with("hashlib.") && !call.arguments.args.is_empty());
            }
        });
        let far = ["socket.", "websocket", "requests.", "httpx.", "urllib.request"];
        if depth > 1 && far.iter().any(|name| self.mentions(name)) {
            self.add("work-for-others", it.range());
        }
    }

    /// All words of statements.
    pub(super) fn words_of(body: &'a [Stmt]) -> Vec<&'a str> {
        let mut out = Vec::new();
        each(body, &mut |one| {
            if matches!(one, Expr::Name(_) | Expr::Attribute(_)) {
                out.push(super::named(one));
            }
        });
        out
    }

    /// Whether an expression asks the clock.
    pub(super) fn asks_clock(&self, expr: &'a Expr) -> bool {
        let clock = |word: &&str| {
            matches!(
                *word,
                "time" | "time_ns" | "now" | "utcnow" | "today" | "monotonic" | "strftime" | "timestamp"
            )
        };
        words(expr)
            .iter()
            .any(|word| clock(word) || self.members.get(word).is_some_and(|words| words.iter().any(&clock)))
    }
}
