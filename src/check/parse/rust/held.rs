//! What values are held in between functions: fields of a type, statics, and channels.
//!
//! Only what weighs is followed so (secrets, private keys, the environment), and only within a file:
//! a field of that name stands for the field of every value of its type.

use std::collections::HashMap;

use syn::ext::IdentExt;
use syn::{Expr, ExprMethodCall, Member, Pat};

use super::eval::{root_of, within};
use super::fold::taint;
use super::walk::Walk;

/// What is followed.
const WEIGHS: u32 =
    taint::SECRET | taint::ENV | taint::KEY | taint::FOUND_KEY | taint::CLIPBOARD | taint::REGISTRY_TOKEN;
/// Methods that put what they are given into what they are called on.
const PUTS: &[&str] = &[
    "push",
    "push_str",
    "push_back",
    "push_front",
    "insert",
    "extend",
    "extend_from_slice",
    "append",
    "set",
    "replace",
    "write_all",
    "get_or_init",
    "store",
];
/// Methods that put something into a channel.
const SENDS: &[&str] = &["send", "try_send", "blocking_send", "send_timeout", "send_async"];
/// Functions that make the two ends of a channel.
const CHANNELS: &[&str] =
    &["channel", "sync_channel", "unbounded", "bounded", "unbounded_channel", "bounded_async", "pair"];

/// What is held where.
#[derive(Debug, Default)]
pub struct Held {
    fields: HashMap<(String, String), u32>,
    statics: HashMap<String, u32>,
    /// The receiving end's name by the sending one's.
    pairs: HashMap<String, String>,
    channels: HashMap<String, u32>,
}

/// The field of `self` that an expression reaches into.
fn own_field(expr: &Expr) -> Option<String> {
    let mut expr = expr;
    loop {
        if let Expr::Field(field) = expr
            && let Some(name) = field_of_self(field)
        {
            return Some(name);
        }
        expr = within(expr)?;
    }
}

/// The field's name in `self.name`.
fn field_of_self(field: &syn::ExprField) -> Option<String> {
    let Member::Named(name) = &field.member else { return None };
    let of_self = matches!(&*field.base, Expr::Path(path) if path.path.is_ident("self"));
    of_self.then(|| name.unraw().to_string())
}

impl Walk {
    /// A value of a type is made with that field.
    pub(super) fn holds(&mut self, of: &syn::Path, field: &Member, taint: u32) {
        let (taint, Member::Named(field)) = (taint & WEIGHS, field) else { return };
        let name = of.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
        let name = if name == "Self" { self.of_type.clone() } else { name };
        self.hold_field(name, field.unraw().to_string(), taint);
    }

    fn hold_field(&mut self, of: String, field: String, taint: u32) {
        if taint & WEIGHS != 0 && !of.is_empty() {
            self.saw_source = true;
            *self.held.fields.entry((of, field)).or_default() |= taint & WEIGHS;
        }
    }

    /// What a field of `self` holds.
    pub(super) fn held_in(&self, field: &syn::ExprField) -> u32 {
        let Some(name) = field_of_self(field) else { return 0 };
        self.held.fields.get(&(self.of_type.clone(), name)).copied().unwrap_or(0)
    }

    /// `self.field = …`, `*STATIC.lock().unwrap() = …`.
    pub(super) fn assigns(&mut self, to: &Expr, taint: u32) {
        if taint & WEIGHS == 0 {
            return;
        }
        if let Some(field) = own_field(to) {
            self.hold_field(self.of_type.clone(), field, taint);
        } else if let Some(name) = root_of(to) {
            self.hold_static(name, taint);
        }
    }

    fn hold_static(&mut self, name: String, taint: u32) {
        if self.vars.iter().any(|scope| scope.contains_key(&name)) || !self.consts.contains_key(&name) {
            return;
        }
        self.saw_source = true;
        *self.held.statics.entry(name).or_default() |= taint & WEIGHS;
    }

    /// What a static of that name holds.
    pub(super) fn held_static(&self, name: &str) -> u32 {
        self.held.statics.get(name).copied().unwrap_or(0)
    }

    /// A method puts something into a field, a static or a channel.
    pub(super) fn puts(&mut self, call: &ExprMethodCall, name: &str, given: u32) {
        if given & WEIGHS == 0 {
            return;
        }
        if PUTS.contains(&name) {
            self.assigns(&call.receiver, given);
        }
        if SENDS.contains(&name)
            && let Some(from) = root_of(&call.receiver)
            && let Some(to) = self.held.pairs.get(&from)
        {
            self.saw_source = true;
            *self.held.channels.entry(to.clone()).or_default() |= given & WEIGHS;
        }
    }

    /// `let (sender, receiver) = channel();` and `let other = sender.clone();`.
    pub(super) fn ends(&mut self, pat: &Pat, value: &Expr) {
        let name = |pat: &Pat| match pat {
            Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
            _ => None,
        };
        match (pat, value) {
            (Pat::Type(pat), value) => self.ends(&pat.pat, value),
            (Pat::Tuple(pat), Expr::Call(call)) if pat.elems.len() == 2 => {
                let Expr::Path(path) = &*call.func else { return };
                let made = path.path.segments.last().map(|last| last.ident.unraw().to_string());
                if !made.is_some_and(|made| CHANNELS.contains(&made.as_str())) {
                    return;
                }
                let (Some(from), Some(to)) = (name(&pat.elems[0]), name(&pat.elems[1])) else { return };
                let taint = self.held.channels.get(&to).copied().unwrap_or(0);
                if let Some(var) = self.var_mut(&to) {
                    var.taint |= taint;
                }
                self.held.pairs.insert(from, to);
            }
            (Pat::Ident(pat), Expr::MethodCall(call)) if call.method == "clone" => {
                let to = root_of(&call.receiver).and_then(|from| self.held.pairs.get(&from).cloned());
                if let Some(to) = to {
                    self.held.pairs.insert(pat.ident.unraw().to_string(), to);
                }
            }
            _ => {}
        }
    }
}
