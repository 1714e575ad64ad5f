//! Macros: looked into where their tokens parse, scanned for paths where they do not.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Token};

use super::api::{API, Class};
use super::fold::{self, Value, taint};
use super::resolve::{Target, segments};
use super::walk::{Walk, range};
use crate::model::CapabilityKind;

impl Walk {
    /// A macro call: its arguments as expressions, else as statements, else as tokens.
    pub(super) fn macro_call(&mut self, mac: &syn::Macro) -> Value {
        let name = segments(&mac.path).pop().unwrap_or_default();
        if let Some(path) = self.resolve(&mac.path)
            && matches!(API.class(&path), Class::Gives(..))
            && let (Some(first), Some(last)) = (mac.path.segments.first(), mac.path.segments.last())
        {
            // `std::env!` is the compiler's, not something of the module `std::env`.
            if path != "std::env" {
                self.report(&path, range(first.ident.span(), last.ident.span()), "", true);
            }
        }
        let exprs = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone());
        if let Ok(exprs) = exprs {
            let values: Vec<Value> = exprs.iter().map(|expr| self.eval(expr)).collect();
            return self.expanded(&name, &exprs, &values);
        }
        if name == "vec"
            && let Ok(repeat) = syn::parse2::<Repeat>(mac.tokens.clone())
        {
            self.eval(&repeat.1);
            return Value::of(self.eval(&repeat.0).taint | taint::FILL);
        }
        match syn::Block::parse_within.parse2(mac.tokens.clone()) {
            Ok(stmts) => self.statements(&stmts),
            Err(_) => {
                self.tokens(mac.tokens.clone());
                // `json!({ "key": value })` holds its values.
                let taint = if name == "json" { self.held(mac.tokens.clone()) } else { 0 };
                Value::of(taint)
            }
        }
    }

    fn expanded(&mut self, name: &str, exprs: &Punctuated<Expr, Token![,]>, values: &[Value]) -> Value {
        let mut taint = values.iter().fold(0, |taint, value| taint | value.taint);
        let layer = values.iter().map(|value| value.layer).max().unwrap_or(0);
        let text = match name {
            "concat" => Some(values.iter().map(|value| value.shown().to_string()).collect::<String>()),
            "format" | "format_args" | "write" | "writeln" => {
                let skip = usize::from(name.starts_with("write"));
                values.get(skip).and_then(|first| first.text.clone()).map(|template| {
                    let values = &values[skip..];
                    let mut next = 1;
                    fold::format(&template, |named| {
                        let given = named.and_then(|name| {
                            exprs.iter().position(|expr| {
                                matches!(expr, Expr::Assign(assign)
                                if matches!(&*assign.left, Expr::Path(path) if path.path.is_ident(name)))
                            })
                        });
                        match (named, given) {
                            (None, _) => {
                                next += 1;
                                values.get(next - 1).map_or_else(|| "?".into(), Value::shown)
                            }
                            (Some(_), Some(_)) => "?".into(),
                            (Some(name), None) => {
                                let known = name.parse::<usize>().ok().and_then(|at| values.get(at + 1));
                                let value = known.or_else(|| self.var(name)).cloned().unwrap_or_default();
                                taint |= value.taint;
                                value.shown()
                            }
                        }
                    })
                })
            }
            "vec" => {
                let list = values.iter().map(Value::shown).collect();
                let parts = Some(values.iter().map(super::calls::place_of).collect());
                return Value { list: Some(list), parts, ..Value::of(taint) };
            }
            _ => None,
        };
        let mut value = text.map_or_else(Value::default, |text| Value::text(&text));
        value.gave = values.iter().find_map(|value| value.gave.clone());
        // A path that is put together from a file's is another file's.
        value.taint = taint & !taint::ENTRY;
        // A text around what a test's data comes to (a name, a sum) is another one.
        let skip = usize::from(name.starts_with("write"));
        let plain = values.get(skip).and_then(|first| first.text.as_deref()).is_some_and(|template| {
            template.starts_with('{') && template.find('}') == Some(template.trim_end().len() - 1)
        });
        if !plain {
            value.taint &= !taint::TEST_DATA;
        }
        value.layer = layer;
        if name.starts_with("write")
            && let (Some(to), Some(first)) = (values.first(), exprs.first())
        {
            let span = first.span().byte_range();
            self.written(to, &value, super::eval::root_of(first), span);
            return Value::default();
        }
        if matches!(name, "include_bytes" | "include_str") {
            value.taint |= taint::EMBEDDED;
            self.saw_source = true;
        }
        value
    }

    /// `write!(to, …)`: what goes into a connection, a file or a text.
    fn written(&mut self, to: &Value, data: &Value, root: Option<String>, span: std::ops::Range<usize>) {
        let class = to.ty.as_deref().map(|ty| API.class(&format!("{ty}::write_all")));
        match class {
            Some(Class::Gives(CapabilityKind::Net, _)) => {
                self.flow(data.taint, CapabilityKind::Net, &data.shown(), span);
            }
            Some(Class::Gives(CapabilityKind::FsWrite, _)) => self.write_to(to, data.taint, span),
            _ => {
                if let Some(var) = root.and_then(|root| self.var_mut(&root)) {
                    var.taint |= data.taint;
                    var.text = None;
                }
            }
        }
    }

    /// What the variables among tokens hold.
    fn held(&self, tokens: TokenStream) -> u32 {
        let mut streams = vec![tokens.into_iter()];
        let mut taint = 0;
        while let Some(stream) = streams.last_mut() {
            match stream.next() {
                Some(TokenTree::Ident(ident)) => {
                    taint |= self.var(&ident.to_string()).map_or(0, |value| value.taint);
                }
                Some(TokenTree::Group(group)) => streams.push(group.stream().into_iter()),
                Some(_) => {}
                None => drop(streams.pop()),
            }
        }
        taint
    }

    /// Paths in tokens that parse as nothing: those of several segments, and imported names.
    pub(super) fn tokens(&mut self, tokens: TokenStream) {
        let mut streams = vec![tokens.into_iter()];
        let mut path: Vec<proc_macro2::Ident> = Vec::new();
        let mut colons = 0;
        while let Some(stream) = streams.last_mut() {
            match stream.next() {
                Some(TokenTree::Ident(ident)) => {
                    if colons != 2 {
                        self.token_path(&mut path, false);
                    }
                    path.push(ident);
                    colons = 0;
                }
                Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                Some(TokenTree::Group(group)) => {
                    self.token_path(&mut path, group.delimiter() == Delimiter::Parenthesis);
                    colons = 0;
                    streams.push(group.stream().into_iter());
                }
                Some(_) => {
                    self.token_path(&mut path, false);
                    colons = 0;
                }
                None => {
                    self.token_path(&mut path, false);
                    colons = 0;
                    streams.pop();
                }
            }
        }
    }

    fn token_path(&mut self, path: &mut Vec<proc_macro2::Ident>, called: bool) {
        use syn::ext::IdentExt;
        let path = std::mem::take(path);
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        if path.len() == 1 && !called {
            return;
        }
        let words: Vec<String> = path.iter().map(|ident| ident.unraw().to_string()).collect();
        if let Target::Extern(full) = self.resolver.resolve(self.scope, &words, false) {
            self.report(&full, range(first.span(), last.span()), "", called);
        }
    }
}

/// `value; count`
struct Repeat(Expr, Expr);

impl syn::parse::Parse for Repeat {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let value = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self(value, input.parse()?))
    }
}
