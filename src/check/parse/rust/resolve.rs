//! What a path means: through `use` trees, renames, globs, `extern crate`, inline modules,
//! `self`, `super` and `crate`, type aliases and items inside functions.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use syn::ext::IdentExt;
use syn::{Item, UseTree};

use super::api::{API, Class};

/// Longest chain of imports that is followed; a cycle ends there.
const FUEL: u8 = 24;

/// What a name stands for in its scope.
#[derive(Debug, Clone)]
enum Binding {
    /// Another path, as an import or alias spells it; `true` if it starts with `::`.
    Path(Vec<String>, bool),
    /// An inline module.
    Module(usize),
    /// A function of a foreign block.
    Foreign,
    /// An item of this file (or of one that it loads).
    Item,
}

#[derive(Debug, Default)]
struct Scope {
    parent: Option<usize>,
    /// A block of statements: what it does not know, its parent may.
    block: bool,
    names: HashMap<String, Binding>,
    /// Modules of it that are files of their own.
    files: std::collections::BTreeSet<String>,
    globs: Vec<Glob>,
}

/// A `use path::*`.
#[derive(Debug)]
struct Glob {
    path: Vec<String>,
    /// Where it leads, once somebody asked. While that is being found out it leads nowhere, which
    /// ends cycles.
    target: RefCell<Option<Target>>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Out of the file, by this path (`std::process::Command`).
    Extern(String),
    /// To an inline module.
    Module(usize),
    /// To something of this file, or nowhere.
    Local,
}

/// One leaf of a `use`.
#[derive(Debug)]
pub struct Leaf {
    /// The whole path.
    pub path: Vec<String>,
    /// The name that it binds; `None` for a glob or `_`.
    pub name: Option<String>,
    /// The identifier to point at.
    pub span: proc_macro2::Span,
}

/// The scopes of one file.
#[derive(Debug, Default)]
pub struct Resolver {
    scopes: Vec<Scope>,
}

/// The leaves of a `use` tree. Its nesting is bounded like that of everything that is parsed.
pub fn leaves(tree: &UseTree, prefix: &mut Vec<String>, out: &mut Vec<Leaf>) {
    let word = |ident: &syn::Ident| ident.unraw().to_string();
    match tree {
        UseTree::Path(path) => {
            prefix.push(word(&path.ident));
            leaves(&path.tree, prefix, out);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let (ident, mut path) = (word(&name.ident), prefix.clone());
            if ident != "self" {
                path.push(ident);
            }
            let name_bound = path.last().cloned();
            out.push(Leaf { path, name: name_bound, span: name.ident.span() });
        }
        UseTree::Rename(rename) => {
            let (ident, mut path) = (word(&rename.ident), prefix.clone());
            if ident != "self" {
                path.push(ident);
            }
            let bound = word(&rename.rename);
            out.push(Leaf { path, name: (bound != "_").then_some(bound), span: rename.ident.span() });
        }
        UseTree::Glob(glob) => {
            out.push(Leaf { path: prefix.clone(), name: None, span: glob.star_token.span });
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, prefix, out)),
    }
}

/// The segments of a path, without generic arguments and `r#`.
pub fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect()
}

impl Resolver {
    /// Adds a scope for the items of a module (`block` false) or a block of statements.
    pub fn add<'i>(
        &mut self,
        items: impl Iterator<Item = &'i Item>,
        parent: Option<usize>,
        block: bool,
    ) -> usize {
        let id = self.scopes.len();
        self.scopes.push(Scope { parent, block, ..Scope::default() });
        for item in items {
            self.item(id, item);
        }
        id
    }

    /// The inline module of that name.
    pub fn module(&self, scope: usize, name: &str) -> Option<usize> {
        match self.scopes[scope].names.get(name) {
            Some(&Binding::Module(id)) => Some(id),
            _ => None,
        }
    }

    fn bind(&mut self, id: usize, name: String, binding: Binding) {
        self.scopes[id].names.insert(name, binding);
    }

    fn item(&mut self, id: usize, item: &Item) {
        match item {
            Item::Use(item) => {
                let mut found = Vec::new();
                leaves(&item.tree, &mut Vec::new(), &mut found);
                for leaf in found {
                    match leaf.name {
                        Some(name) => {
                            self.bind(id, name, Binding::Path(leaf.path, item.leading_colon.is_some()));
                        }
                        None => {
                            self.scopes[id].globs.push(Glob { path: leaf.path, target: RefCell::new(None) });
                        }
                    }
                }
            }
            Item::ExternCrate(item) => {
                let name = item.ident.unraw().to_string();
                let bound = item.rename.as_ref().map_or(name.clone(), |(_, ident)| ident.unraw().to_string());
                self.bind(id, bound, Binding::Path(vec![name], true));
            }
            Item::Mod(item) => {
                let name = item.ident.unraw().to_string();
                match &item.content {
                    Some((_, items)) => {
                        let module = self.add(items.iter(), Some(id), false);
                        self.bind(id, name, Binding::Module(module));
                    }
                    None => {
                        self.scopes[id].files.insert(name.clone());
                        self.bind(id, name, Binding::Item);
                    }
                }
            }
            Item::Type(item) => {
                let name = item.ident.unraw().to_string();
                match &*item.ty {
                    syn::Type::Path(ty) if ty.qself.is_none() => {
                        self.bind(
                            id,
                            name,
                            Binding::Path(segments(&ty.path), ty.path.leading_colon.is_some()),
                        );
                    }
                    _ => self.bind(id, name, Binding::Item),
                }
            }
            Item::ForeignMod(item) => {
                for item in &item.items {
                    if let syn::ForeignItem::Fn(function) = item {
                        // The block itself is reported; a call says more only where the table
                        // knows what a function of that name does.
                        let name = function.sig.ident.unraw().to_string();
                        let known = API.is_item(&format!("libc::{name}"));
                        self.bind(id, name, if known { Binding::Foreign } else { Binding::Item });
                    }
                }
            }
            Item::Fn(item) => self.bind(id, item.sig.ident.unraw().to_string(), Binding::Item),
            Item::Struct(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            Item::Enum(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            Item::Union(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            Item::Trait(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            Item::Const(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            Item::Static(item) => self.bind(id, item.ident.unraw().to_string(), Binding::Item),
            _ => {}
        }
    }

    /// Resolves a path that stands in `scope`.
    pub fn resolve(&self, scope: usize, path: &[String], leading_colon: bool) -> Target {
        if leading_colon { outside(path) } else { self.find(scope, path, FUEL, None) }
    }

    /// Whether a name is bound where it stands, or at the file's root.
    pub fn knows(&self, scope: usize, name: &str) -> bool {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if self.scopes[scope].names.contains_key(name) {
                return true;
            }
            at = if self.scopes[scope].block { self.scopes[scope].parent } else { None };
        }
        self.scopes.first().is_some_and(|scope| scope.names.contains_key(name))
    }

    /// The path of something of this crate, from `crate`, `super` or `self` on, as imports spell it.
    pub fn own(&self, scope: usize, path: &[String]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let rooted = |name: &str| matches!(name, "crate" | "super");
        if rooted(first) {
            return Some(path.join("::"));
        }
        // `mod net;` and then `net::send(…)`
        if !rest.is_empty() && self.scopes.first().is_some_and(|scope| scope.files.contains(first)) {
            return Some(format!("self::{}", path.join("::")));
        }
        let mut at = Some(scope);
        let found = loop {
            let Some(scope) = at else { break self.scopes.first()?.names.get(first)? };
            match self.scopes[scope].names.get(first) {
                Some(found) => break found,
                None => at = if self.scopes[scope].block { self.scopes[scope].parent } else { None },
            }
        };
        let Binding::Path(whole, false) = found else { return None };
        rooted(whole.first()?)
            .then(|| whole.iter().chain(rest).map(String::as_str).collect::<Vec<_>>().join("::"))
    }

    fn enclosing_module(&self, mut scope: usize) -> usize {
        while self.scopes[scope].block
            && let Some(parent) = self.scopes[scope].parent
        {
            scope = parent;
        }
        scope
    }

    /// `skip` is a binding (scope and name) that is being followed: it does not explain itself.
    fn find(&self, scope: usize, path: &[String], fuel: u8, skip: Option<(usize, &str)>) -> Target {
        let Some((first, rest)) = path.split_first() else { return Target::Module(scope) };
        let Some(fuel) = fuel.checked_sub(1) else { return Target::Local };
        match first.as_str() {
            "self" => return self.within(self.enclosing_module(scope), rest, fuel),
            "super" => {
                let module = self.enclosing_module(scope);
                return match self.scopes[module].parent {
                    Some(parent) => self.within(self.enclosing_module(parent), rest, fuel),
                    None => Target::Local,
                };
            }
            "crate" | "$crate" => return self.within(0, rest, fuel),
            "Self" => return Target::Local,
            _ => {}
        }
        let mut at = Some(scope);
        while let Some(scope) = at {
            if skip != Some((scope, first.as_str()))
                && let Some(target) = self.lookup(scope, first, rest, fuel)
            {
                return target;
            }
            at = if self.scopes[scope].block { self.scopes[scope].parent } else { None };
        }
        // Names of the file's root: `extern crate x as y` and, before 2018, every import.
        if skip != Some((0, first.as_str()))
            && let Some(Binding::Path(..)) = self.scopes.first().and_then(|scope| scope.names.get(first))
            && let Some(target) = self.lookup(0, first, rest, fuel)
        {
            return target;
        }
        if !rest.is_empty() || skip.is_some() { outside(path) } else { Target::Local }
    }

    /// Resolves a path inside a module, where only the module's own names count.
    fn within(&self, module: usize, path: &[String], fuel: u8) -> Target {
        match path.split_first() {
            None => Target::Module(module),
            Some((first, rest)) if first == "super" => match self.scopes[module].parent {
                Some(parent) => self.within(self.enclosing_module(parent), rest, fuel),
                None => Target::Local,
            },
            Some((first, rest)) => self.lookup(module, first, rest, fuel).unwrap_or(Target::Local),
        }
    }

    fn lookup(&self, scope: usize, first: &str, rest: &[String], fuel: u8) -> Option<Target> {
        let fuel = fuel.checked_sub(1)?;
        match self.scopes[scope].names.get(first) {
            Some(Binding::Item) => return Some(Target::Local),
            Some(Binding::Foreign) => {
                return Some(if rest.is_empty() {
                    Target::Extern(format!("libc::{first}"))
                } else {
                    Target::Local
                });
            }
            Some(&Binding::Module(module)) => return Some(self.within(module, rest, fuel)),
            Some(Binding::Path(path, colon)) => {
                let mut whole = path.clone();
                whole.extend_from_slice(rest);
                return Some(if *colon {
                    outside(&whole)
                } else {
                    self.find(scope, &whole, fuel, Some((scope, first)))
                });
            }
            None => {}
        }
        if self.scopes[scope].globs.is_empty() {
            return None;
        }
        self.through_globs(scope, first, rest, fuel)
    }

    /// What a name means that only globs bring in. Modules that name each other with globs make a
    /// graph: each is looked at once, in the order of a walk that goes deep first.
    fn through_globs(&self, scope: usize, first: &str, rest: &[String], fuel: u8) -> Option<Target> {
        let of = |scope: usize| self.scopes[scope].globs.iter().rev().map(move |glob| (scope, glob));
        let mut seen = HashSet::from([scope]);
        let mut todo: Vec<_> = of(scope).collect();
        while let Some((home, glob)) = todo.pop() {
            match self.target_of(home, glob, fuel) {
                Target::Extern(path) => {
                    let candidate = format!("{path}::{first}");
                    if API.is_item(&candidate) {
                        let mut whole: Vec<String> = vec![candidate];
                        whole.extend_from_slice(rest);
                        return Some(outside(&whole));
                    }
                }
                Target::Module(module) if seen.insert(module) => {
                    if self.scopes[module].names.contains_key(first) {
                        let target = self.lookup(module, first, rest, fuel);
                        if let Some(target) = target.filter(|target| *target != Target::Local) {
                            return Some(target);
                        }
                    } else {
                        todo.extend(of(module));
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Where a glob of that scope leads. It looks at the names beside it, so it must not look
    /// through itself.
    fn target_of(&self, scope: usize, glob: &Glob, fuel: u8) -> Target {
        if let Some(target) = &*glob.target.borrow() {
            return target.clone();
        }
        glob.target.replace(Some(Target::Local));
        let target = match glob.path.first().map(String::as_str) {
            Some("self" | "super" | "crate") => self.find(scope, &glob.path, fuel, None),
            Some(name) if self.scopes[scope].names.contains_key(name) => {
                self.find(scope, &glob.path, fuel, None)
            }
            _ => outside(&glob.path),
        };
        glob.target.replace(Some(target.clone()));
        target
    }
}

/// A path that starts at a crate; `core` and `alloc` are parts of `std`.
fn outside(path: &[String]) -> Target {
    let whole = path.join("::");
    for part in ["core::", "alloc::"] {
        if let Some(rest) = whole.strip_prefix(part) {
            return Target::Extern(format!("std::{rest}"));
        }
    }
    Target::Extern(whole)
}

/// Whether a class is worth a fact.
pub fn reaches(class: Class) -> bool {
    matches!(class, Class::Gives(..) | Class::Foreign(_))
}
