//! A walk over the syntax tree: every expression is evaluated as far as constants go, names are
//! resolved, and what leads to the table becomes facts.
//!
//! The walk runs up to three times: what functions of the file return and are given is learnt in
//! the first runs (only if anything was read from a source of flows), and the last one reports.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Block, Expr, ImplItem, Item, Pat, Stmt, TraitItem, Visibility};

use super::api::{API, Class};
use super::facts::Raw;
use super::fold::{Value, taint};
use super::resolve::{Resolver, Target, leaves, reaches, segments};
use crate::model::{CapabilityKind, FactKind};

/// Evidence gathered over a file.
#[derive(Default)]
pub struct Walk {
    pub(super) resolver: Resolver,
    pub(super) scope: usize,
    /// Variables, innermost scope last.
    pub(super) vars: Vec<HashMap<String, Value>>,
    pub(super) consts: HashMap<String, Value>,
    /// Constants that are tables of more than bytes.
    pub(super) tables: HashMap<String, Expr>,
    /// Short functions that give text or bytes; `None` where two have the name.
    pub(super) functions: HashMap<String, Option<super::constant::Function>>,
    pub(super) raws: Vec<Raw>,
    /// What functions of the file return.
    pub(super) returns: HashMap<String, u32>,
    /// What their parameters are given.
    pub(super) given: HashMap<(String, usize), u32>,
    /// The function that is walked over, and what it returns so far.
    pub(super) returned: u32,
    pub(super) saw_source: bool,
    /// Files that received something: by text or variable.
    pub(super) places: HashMap<String, u32>,
    /// Files that commands and this program made, fetched and started.
    pub(super) made: super::fetched::Made,
    /// The guard that the `if` walked over last is.
    pub(super) last_guard: Option<Raw>,
    /// What is known of the function that is walked over.
    pub(super) within: super::harm::Within,
    /// The type whose functions are walked over.
    pub(super) of_type: String,
    /// What is held in fields, statics and channels.
    pub(super) held: super::held::Held,
    /// Known crates that are imported, with the first place.
    imported: HashMap<String, Range<usize>>,
    /// Whether the clipboard is read, and whether there is a pattern of wallets.
    pub(super) clipboard_read: bool,
    pub(super) wallet_pattern: bool,
    /// The file puts something else in the place of secrets.
    pub(super) masks: bool,
    /// The file puts something into an encoding.
    pub(super) encodes: bool,
    /// Its patterns look for private keys, and not for addresses too.
    pub(super) key_forms: bool,
    /// Where a connection becomes the input or output of this process, and whether a shell takes its place.
    pub(super) tied: Option<Range<usize>>,
    pub(super) becomes_shell: bool,
    /// Where the clipboard is written.
    pub(super) clipboard_write: Option<Range<usize>>,
}

/// A fragment's statements as the body of a function of their own.
pub fn as_file(block: Block) -> syn::File {
    let item: syn::ItemFn = syn::parse_quote!(
        fn fragment() {}
    );
    let item = syn::ItemFn { block: Box::new(block), ..item };
    syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![Item::Fn(item)] }
}

/// The facts of a file beyond those of the lexer pass.
pub fn walk(path: &str, file: &syn::File, body: &str) -> Vec<Raw> {
    let mut walk = Walk { vars: vec![HashMap::new()], ..Walk::default() };
    walk.made.builds = path == "build.rs";
    walk.masks = super::harm::masks(body);
    walk.encodes = super::harm::encodes(body);
    walk.key_forms = super::harm::key_forms(body);
    walk.resolver.add(file.items.iter(), None, false);
    for _ in 0..2 {
        walk.items(&file.items);
        if !walk.saw_source {
            return walk.finish();
        }
        walk.again();
    }
    walk.items(&file.items);
    walk.finish()
}

fn is_number(output: &syn::ReturnType) -> bool {
    let syn::ReturnType::Type(_, ty) = output else { return false };
    let syn::Type::Path(ty) = &**ty else { return false };
    let numbers = ["u8", "u16", "u32", "u64", "u128", "usize", "i32", "i64", "i128", "bool"];
    numbers.iter().any(|name| ty.path.is_ident(name))
}

fn is_bool(output: &syn::ReturnType) -> bool {
    matches!(output, syn::ReturnType::Type(_, ty) if matches!(&**ty, syn::Type::Path(ty) if ty.path.is_ident("bool")))
}

/// Whether an expression is a list of constants that is short enough to be kept.
fn is_table(expr: &Expr) -> bool {
    let inner = if let Expr::Reference(inner) = expr { &*inner.expr } else { expr };
    matches!(inner, Expr::Array(array) if array.elems.len() <= 1 << 12)
}

/// Bytes from the start of one span to the end of another.
pub fn range(from: Span, to: Span) -> Range<usize> {
    let (from, to) = (from.byte_range(), to.byte_range());
    from.start..to.end.max(from.start)
}

impl Walk {
    /// All facts; imports are reported once a crate, in the order of the facts' places.
    #[expect(clippy::iter_over_hash_type, reason = "facts are sorted at the end")]
    fn finish(self) -> Vec<Raw> {
        let mut raws = self.raws;
        raws.extend(self.made.temporary());
        if let Some(range) = self.clipboard_write.filter(|_| self.clipboard_read && self.wallet_pattern) {
            let raw = Raw::new(FactKind::Shape, "clipboard-swap", range);
            raws.push(raw.value("what has the form of an address is replaced in the clipboard"));
        }
        if let Some(range) = self.tied.filter(|_| self.becomes_shell) {
            let raw = Raw::new(FactKind::Shape, "reverse-shell", range);
            raws.push(raw.value("a connection is the input and output of a shell"));
        }
        for (root, place) in self.imported {
            raws.push(Raw::new(FactKind::Import, root, place));
        }
        raws
    }

    fn again(&mut self) {
        self.raws.clear();
        self.imported.clear();
        self.scope = 0;
        self.vars = vec![HashMap::new()];
    }

    pub(super) fn resolve(&self, path: &syn::Path) -> Option<String> {
        match self.resolver.resolve(self.scope, &segments(path), path.leading_colon.is_some()) {
            Target::Extern(path) => Some(path),
            _ => None,
        }
    }

    pub(super) fn var(&self, name: &str) -> Option<&Value> {
        self.vars.iter().rev().find_map(|scope| scope.get(name)).or_else(|| self.consts.get(name))
    }

    pub(super) fn var_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.vars.iter_mut().rev().find_map(|scope| scope.get_mut(name))
    }

    pub(super) fn set(&mut self, name: String, value: Value) {
        if let Some(scope) = self.vars.last_mut() {
            scope.insert(name, value);
        }
    }

    fn items(&mut self, items: &[Item]) {
        // Constants first: functions above them use them too.
        for item in items {
            let (ident, expr) = match item {
                Item::Const(item) => (&item.ident, &item.expr),
                Item::Static(item) => (&item.ident, &item.expr),
                _ => continue,
            };
            let plain = matches!(&**expr, Expr::Lit(_));
            let value = self.eval(expr);
            if !plain
                && let Expr::Macro(mac) = &**expr
                && mac.mac.path.segments.last().is_some_and(|last| last.ident == "concat")
            {
                let span = mac.mac.path.segments.last().map_or_else(Span::call_site, |s| s.ident.span());
                self.literals(&value, span.byte_range());
            }
            if value.bytes.is_none() && value.text.is_none() && value.number.is_none() && is_table(expr) {
                self.tables.insert(ident.unraw().to_string(), (**expr).clone());
            }
            self.consts.insert(ident.unraw().to_string(), value);
        }
        for item in items {
            match item {
                Item::Fn(item) => self.knows(&item.sig, &item.block),
                Item::Impl(item) => item.items.iter().for_each(|item| {
                    if let ImplItem::Fn(item) = item {
                        self.knows(&item.sig, &item.block);
                    }
                }),
                _ => {}
            }
        }
        items.iter().for_each(|item| self.item(item));
    }

    /// Keeps a function that may reveal texts.
    fn knows(&mut self, sig: &syn::Signature, block: &Block) {
        let function = super::constant::Function::of(sig, block);
        if function.is_some() || self.functions.contains_key(&sig.ident.unraw().to_string()) {
            let place = sig.ident.span().byte_range().start;
            self.functions
                .entry(sig.ident.unraw().to_string())
                .and_modify(|known| {
                    if known.as_ref().is_none_or(|known| known.place() != place) {
                        *known = None;
                    }
                })
                .or_insert(function);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Fn(item) => self.function(&item.sig, &item.block),
            Item::Mod(item) => {
                if let Some((_, items)) = &item.content
                    && let Some(module) = self.resolver.module(self.scope, &item.ident.unraw().to_string())
                {
                    let scope = std::mem::replace(&mut self.scope, module);
                    self.items(items);
                    self.scope = scope;
                }
            }
            Item::Impl(item) => {
                let of_type = match &*item.self_ty {
                    syn::Type::Path(ty) => segments(&ty.path).pop().unwrap_or_default(),
                    _ => String::new(),
                };
                let around = std::mem::replace(&mut self.of_type, of_type);
                for item in &item.items {
                    match item {
                        ImplItem::Fn(item) => self.function(&item.sig, &item.block),
                        ImplItem::Const(item) => {
                            let value = self.eval(&item.expr);
                            self.consts.insert(item.ident.unraw().to_string(), value);
                        }
                        ImplItem::Macro(item) => drop(self.macro_call(&item.mac)),
                        _ => {}
                    }
                }
                self.of_type = around;
            }
            Item::Trait(item) => {
                for item in &item.items {
                    match item {
                        TraitItem::Fn(item) => {
                            if let Some(block) = &item.default {
                                self.function(&item.sig, block);
                            }
                        }
                        TraitItem::Macro(item) => drop(self.macro_call(&item.mac)),
                        _ => {}
                    }
                }
            }
            Item::Macro(item) => {
                if item.mac.path.is_ident("macro_rules") {
                    self.tokens(item.mac.tokens.clone());
                } else {
                    drop(self.macro_call(&item.mac));
                }
            }
            Item::Use(item) => {
                let mut found = Vec::new();
                leaves(&item.tree, &mut Vec::new(), &mut found);
                for leaf in found {
                    let public = !matches!(item.vis, Visibility::Inherited);
                    self.import(&leaf.path, item.leading_colon.is_some(), leaf.span, public);
                }
            }
            Item::ExternCrate(item) => {
                let name = item.ident.unraw().to_string();
                let public = !matches!(item.vis, Visibility::Inherited);
                self.import(&[name], true, item.ident.span(), public);
            }
            Item::Verbatim(tokens) => self.tokens(tokens.clone()),
            _ => {}
        }
    }

    /// An import of a known crate; one that is handed on gives others what it imports.
    fn import(&mut self, path: &[String], colon: bool, span: Span, public: bool) {
        // An import's own binding must not explain it: its path is looked up from the outside
        // unless it starts at a module of this file.
        let path = match self.resolver.resolve(self.scope, path, colon) {
            Target::Extern(path) => path,
            // `use libc as c;`: a name alone is a crate, unless the file has a thing of that name.
            Target::Local if path.len() == 1 && !self.resolver.knows(self.scope, &path[0]) => path[0].clone(),
            _ => return,
        };
        let root = path.split("::").next().unwrap_or(&path).to_owned();
        if root != "std" && API.is_root(&root) {
            let place = span.byte_range();
            let first = self.imported.entry(root).or_insert_with(|| place.clone());
            if place.start < first.start {
                *first = place;
            }
        }
        if public && path.contains("::") && reaches(API.class(&path)) {
            self.report(&path, span.byte_range(), "", false);
        }
    }

    /// The facts for a use of a resolved path.
    pub(super) fn report(&mut self, path: &str, range: Range<usize>, value: &str, called: bool) {
        match API.class(path) {
            Class::Gives(kind, _) => self.raws.push(Raw::call(path, kind, range).value(value)),
            Class::Foreign(kind) if called || kind.is_some() => {
                self.raws.push(Raw::call(path, CapabilityKind::Native, range.clone()).value(value));
                self.raws.extend(kind.map(|kind| Raw::call(path, kind, range).value(value)));
            }
            _ => {}
        }
    }

    /// Literal facts of a text that was folded from more than one literal, or decoded.
    pub(super) fn literals(&mut self, value: &Value, range: Range<usize>) {
        let text = value.shown();
        if text.len() >= super::literal::SHORTEST {
            self.raws.extend(super::literal::facts(&text, range, value.layer));
        }
    }

    fn function(&mut self, sig: &syn::Signature, block: &Block) {
        let name = sig.ident.unraw().to_string();
        let mut scope = HashMap::new();
        let inputs = sig.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(input) => Some(input),
            syn::FnArg::Receiver(_) => None,
        });
        for (at, input) in inputs.enumerate() {
            let given = self.given.get(&(name.clone(), at)).copied().unwrap_or(0);
            let mut value = Value::of(given | taint::PARAM);
            value.ty = self.type_of(&input.ty);
            if let Pat::Ident(ident) = &*input.pat {
                let ident = ident.ident.unraw().to_string();
                value.taint |= self.key_name(&ident);
                scope.insert(ident, value);
            }
        }
        // An item inside a function does not see its variables.
        let vars = std::mem::replace(&mut self.vars, vec![scope]);
        let returned = std::mem::take(&mut self.returned);
        let around = self.enter(&name);
        let value = self.block(block);
        self.leave(around);
        let tests = if is_bool(&sig.output) { self.key_test_of(&name, block) } else { 0 };
        let mut taint = (self.returned | value.taint | tests) & !taint::PARAM;
        if is_number(&sig.output) {
            taint &= !(taint::TEST_DATA | taint::MASKED);
        }
        if taint & taint::FOUND_KEY != 0 {
            let of = if self.of_type.is_empty() { name.clone() } else { format!("{}.{name}", self.of_type) };
            self.raws.push(super::summary::gets("found-key", &of, sig.ident.span().byte_range()));
        }
        *self.returns.entry(name).or_default() |= taint;
        self.returned = returned;
        self.vars = vars;
    }

    /// The resolved path of a type, through references and the usual wrappers.
    pub(super) fn type_of(&self, ty: &syn::Type) -> Option<Rc<str>> {
        match ty {
            syn::Type::Reference(ty) => self.type_of(&ty.elem),
            syn::Type::Paren(ty) => self.type_of(&ty.elem),
            syn::Type::Group(ty) => self.type_of(&ty.elem),
            syn::Type::Path(ty) => {
                let last = ty.path.segments.last()?;
                let wrapper = matches!(
                    last.ident.to_string().as_str(),
                    "Box"
                        | "Rc"
                        | "Arc"
                        | "Option"
                        | "Result"
                        | "Mutex"
                        | "RefCell"
                        | "BufReader"
                        | "BufWriter"
                );
                if wrapper
                    && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
                    && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
                {
                    return self.type_of(inner);
                }
                self.resolve(&ty.path).map(Into::into)
            }
            _ => None,
        }
    }

    pub(super) fn block(&mut self, block: &Block) -> Value {
        self.statements(&block.stmts)
    }

    pub(super) fn statements(&mut self, stmts: &[Stmt]) -> Value {
        let items: Vec<&Item> = stmts
            .iter()
            .filter_map(|stmt| if let Stmt::Item(item) = stmt { Some(item) } else { None })
            .collect();
        let outer = self.scope;
        if !items.is_empty() {
            self.scope = self.resolver.add(items.into_iter(), Some(outer), true);
        }
        self.vars.push(HashMap::new());
        let mut value = Value::default();
        // Conditions under which the rest is not reached.
        let mut guards: Vec<(Raw, usize)> = Vec::new();
        for (at, stmt) in stmts.iter().enumerate() {
            value = match stmt {
                Stmt::Local(local) => {
                    let mut value = Value::default();
                    if let Some(init) = &local.init {
                        value = self.eval(&init.expr);
                        if let Some((_, diverge)) = &init.diverge {
                            self.eval(diverge);
                        }
                    }
                    if let Pat::Type(pat) = &local.pat {
                        value.ty = value.ty.or_else(|| self.type_of(&pat.ty));
                    }
                    value.taint &= !super::keys::of_digests(&local.pat);
                    self.bind(&local.pat, &value);
                    if let Some(init) = &local.init {
                        self.ends(&local.pat, &init.expr);
                    }
                    Value::default()
                }
                Stmt::Item(item) => {
                    if let Item::Const(item) = item {
                        let value = self.eval(&item.expr);
                        self.set(item.ident.unraw().to_string(), value);
                    } else {
                        self.item(item);
                    }
                    Value::default()
                }
                Stmt::Expr(expr, semi) => {
                    let value = self.eval(expr);
                    if let Expr::ForLoop(each) = expr {
                        self.reveals_loop(stmts, at, each.for_token.span.byte_range());
                    }
                    if let Expr::If(branch) = expr
                        && super::guard::leaves(&branch.then_branch)
                        && let Some(raw) = self.last_guard.take()
                    {
                        guards.push((raw, self.raws.len()));
                    }
                    if semi.is_some() { Value::default() } else { value }
                }
                Stmt::Macro(stmt) => self.macro_call(&stmt.mac),
            };
        }
        for (raw, from) in guards {
            self.guarded(raw, from);
        }
        self.vars.pop();
        self.scope = outer;
        value
    }

    /// Binds the names of a pattern to a value or, as parts of it, to where it came from.
    pub(super) fn bind(&mut self, pat: &Pat, value: &Value) {
        match pat {
            Pat::Ident(pat) => {
                let mut value = value.clone();
                let name = pat.ident.unraw().to_string();
                if value.place.is_none() && value.text.is_none() {
                    value.place = Some(format!("${name}").into());
                }
                self.set(name, value);
            }
            Pat::Type(pat) => self.bind(&pat.pat, value),
            Pat::Paren(pat) => self.bind(&pat.pat, value),
            Pat::Reference(pat) => self.bind(&pat.pat, value),
            Pat::Guard(pat) => self.bind(&pat.pat, value),
            Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| self.bind(pat, value)),
            Pat::Tuple(pat) => {
                let part = Value { bytes: value.bytes.clone(), ..Value::of(value.taint) };
                pat.elems.iter().for_each(|pat| self.bind(pat, &part));
            }
            Pat::Slice(pat) => pat.elems.iter().for_each(|pat| self.bind(pat, &Value::of(value.taint))),
            Pat::Struct(pat) => {
                pat.fields.iter().for_each(|field| self.bind(&field.pat, &Value::of(value.taint)));
            }
            Pat::Or(pat) => pat.cases.iter().for_each(|pat| self.bind(pat, value)),
            Pat::Macro(pat) => drop(self.macro_call(&pat.mac)),
            _ => {}
        }
    }

    /// The taint of a parameter or field whose name says that it is a private key.
    pub(super) fn key_name(&mut self, name: &str) -> u32 {
        if API.keys.iter().any(|key| key == name) {
            self.saw_source = true;
            taint::KEY
        } else {
            0
        }
    }

    /// What a function of another file is given: noted where it is secret.
    pub(super) fn hands(&mut self, path: &str, taint: u32, range: Range<usize>) {
        let handed = [
            (taint::SECRET, "secret-file"),
            (taint::ENV, "env-all"),
            (taint::KEY, "key"),
            (taint::FOUND_KEY, "found-key"),
        ];
        for (bit, source) in handed {
            if taint & bit != 0 {
                self.raws.push(super::summary::gives(source, path, range.clone()));
            }
        }
    }

    /// What another file's function gave is handed to one of another file.
    pub(super) fn passes(&mut self, path: &str, values: &[Value], range: &Range<usize>) {
        for gave in values.iter().filter_map(|value| value.gave.as_deref()) {
            self.raws.push(super::summary::passes(gave, path, range.clone()));
        }
    }

    /// Flows from where a value came from into a sink.
    pub(super) fn flow(&mut self, taint: u32, sink: CapabilityKind, value: &str, range: Range<usize>) {
        if sink == CapabilityKind::Net && taint & taint::PARAM != 0 {
            let name = match self.of_type.as_str() {
                "" => self.within.name().to_owned(),
                of => format!("{of}.{}", self.within.name()),
            };
            self.raws.push(super::summary::sends(&name, range.clone()));
        }
        for &(bit, source) in taint::SOURCES {
            let inward = bit & (taint::NET | taint::DECODED) != 0;
            let worth = match sink {
                CapabilityKind::Net => !inward,
                CapabilityKind::Process | CapabilityKind::DynamicCode => inward,
                CapabilityKind::FsWrite => bit & taint::NET != 0,
                _ => false,
            };
            // A secret read from a file or variable is one flow, not two.
            let said = bit & (taint::FILE | taint::ENV_VAR) != 0 && taint & taint::SECRET != 0;
            if taint & bit != 0 && worth && !said {
                let raw = Raw::new(FactKind::Flow, format!("{source}->{sink}"), range.clone());
                self.raws.push(raw.value(value));
            }
        }
    }
}
