//! What every name of a file was given: one walk over the tree, before anything is resolved.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_semantic::Scoping;
use oxc_syntax::scope::ScopeFlags;
use oxc_syntax::symbol::SymbolId;

use super::api::module_name;

/// Added to a variable's number where a constructor is known by it, so that it is no place.
const CONSTRUCTORS: u32 = 0x4000_0000;
/// Added to the place of a class in [`Bindings::classes`], so that it is no variable.
pub const CLASSES: u32 = 0x8000_0000;

/// Longest name of a file that is followed, in bytes.
const MAX_SPECIFIER: usize = 160;
/// Names of other files that are followed, for one file.
const MAX_RELATIVE: usize = 2_000;

/// A function in either form.
#[derive(Debug, Clone, Copy)]
pub enum Func<'a> {
    /// `function` in all its forms, methods too.
    Function(&'a Function<'a>),
    /// `=>`.
    Arrow(&'a ArrowFunctionExpression<'a>),
}

impl<'a> Func<'a> {
    /// Its first byte, which names it in a file.
    pub fn id(self) -> u32 {
        match self {
            Self::Function(function) => function.span.start,
            Self::Arrow(arrow) => arrow.span.start,
        }
    }

    /// Where it stands.
    pub fn span(self) -> oxc_span::Span {
        match self {
            Self::Function(function) => function.span,
            Self::Arrow(arrow) => arrow.span,
        }
    }

    /// Its parameters.
    pub fn params(self) -> &'a FormalParameters<'a> {
        match self {
            Self::Function(function) => &function.params,
            Self::Arrow(arrow) => &arrow.params,
        }
    }

    /// The function that an expression is.
    pub fn of(expression: &'a Expression<'a>) -> Option<Self> {
        match expression.get_inner_expression() {
            Expression::FunctionExpression(function) => Some(Self::Function(function)),
            Expression::ArrowFunctionExpression(arrow) => Some(Self::Arrow(arrow)),
            _ => None,
        }
    }

    /// What it gives back, if it does nothing else.
    pub fn only_return(self) -> Option<&'a Expression<'a>> {
        let body = match self {
            Self::Function(function) => function.body.as_deref()?,
            Self::Arrow(arrow) => match &arrow.body {
                ArrowFunctionBody::FunctionBody(body) => body,
                body => return body.as_expression(),
            },
        };
        match body.statements.last()? {
            Statement::ReturnStatement(statement) if body.statements.len() <= 4 => {
                statement.argument.as_ref()
            }
            _ => None,
        }
    }
}

/// A step from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Prop(Box<str>),
    /// `[index]`
    Elem(usize),
    /// Some part: an element of a loop, the rest, something added.
    Some,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
pub enum Base<'a> {
    /// An expression.
    Expr(&'a Expression<'a>),
    /// A name that is known already: an imported module, a bundler's `require`.
    Name(&'a str),
    /// An import whose module name needs normalising.
    Module(&'a str),
    /// A function declaration.
    Func(Func<'a>),
    /// A parameter of a function, by the function's id.
    Param(u32, usize),
    /// Something that cannot be followed.
    Opaque,
}

/// One thing that was put into a name.
#[derive(Debug, Clone)]
pub struct Def<'a> {
    /// Where from.
    pub base: Base<'a>,
    /// Which part of it.
    pub path: Vec<Step>,
}

/// Whose member is assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A variable.
    Symbol(u32),
    /// `this` of a class, an object or a constructor, by its id; 0 where nothing says which.
    This(u32),
    /// `exports` and `module.exports`.
    Exports,
}

/// Everything that was bound in a file.
#[derive(Debug, Default)]
pub struct Bindings<'a> {
    /// By symbol.
    pub defs: Vec<Vec<Def<'a>>>,
    /// Assigned members.
    pub members: HashMap<(Owner, &'a str), Vec<&'a Expression<'a>>>,
    /// Owners of which some member with a computed name was assigned or that were handed away.
    pub open: HashSet<Owner>,
    /// Functions called where they stand, and the arguments left out in front (`.call(this, …)`).
    pub iife: HashMap<u32, (&'a CallExpression<'a>, usize)>,
    /// Calls of named functions: the function around the call (`None`: top level), what is called.
    pub calls: Vec<(Option<u32>, SymbolId)>,
    /// Every call of a named function, for its arguments.
    pub call_sites: HashMap<u32, Vec<&'a CallExpression<'a>>>,
    /// Functions in order.
    pub functions: Vec<Func<'a>>,
    /// `return` expressions by function.
    pub returns: HashMap<u32, Vec<&'a Expression<'a>>>,
    /// Whose `this` each one is, by its place.
    pub this: HashMap<u32, u32>,
    /// The class or constructor that a variable names, as [`Self::this`] knows it.
    pub classes: HashMap<u32, u32>,
    /// Texts that may name a file beside this one.
    pub relative: BTreeSet<&'a str>,
    /// Methods by class and name.
    pub methods: BTreeMap<u32, Vec<(Box<str>, Func<'a>)>>,
}

/// Walks the file.
pub fn collect<'a>(program: &'a Program<'a>, scoping: &Scoping) -> Bindings<'a> {
    let mut walker = Walker {
        scoping,
        source: program.source_text,
        out: Bindings { defs: vec![Vec::new(); scoping.symbols_len()], ..Bindings::default() },
        stack: Vec::new(),
        this: vec![0],
        method_of: None,
    };
    walker.visit_program(program);
    walker.out
}

struct Walker<'a, 's> {
    scoping: &'s Scoping,
    source: &'a str,
    out: Bindings<'a>,
    stack: Vec<u32>,
    /// Whose `this` it is here.
    this: Vec<u32>,
    /// Whose method the function is that comes next.
    method_of: Option<u32>,
}

/// The symbol that an identifier stands for; none for a global.
pub fn symbol(scoping: &Scoping, identifier: &IdentifierReference<'_>) -> Option<SymbolId> {
    scoping.get_reference(identifier.reference_id.get()?).symbol_id()
}

/// What stands at a place of the file.
pub fn text(source: &str, range: oxc_span::Span) -> Option<&str> {
    source.get(range.start as usize..range.end as usize)
}

/// The owner that an expression is, for assigned members. `this` says whose each `this` is.
pub fn owner(scoping: &Scoping, this: &HashMap<u32, u32>, object: &Expression<'_>) -> Option<Owner> {
    match object.get_inner_expression() {
        Expression::Identifier(identifier) => match symbol(scoping, identifier) {
            Some(symbol) => Some(Owner::Symbol(symbol.index() as u32)),
            None if identifier.name == "exports" => Some(Owner::Exports),
            None => None,
        },
        Expression::ThisExpression(it) => Some(Owner::This(this.get(&it.span.start).copied().unwrap_or(0))),
        Expression::StaticMemberExpression(member)
            if member.property.name == "exports" && member.object.is_specific_id("module") =>
        {
            Some(Owner::Exports)
        }
        _ => None,
    }
}

/// The constant name of a property key.
pub fn key_name<'a>(key: &'a PropertyKey<'a>) -> Option<Box<str>> {
    match key {
        PropertyKey::PrivateIdentifier(private) => Some(format!("#{}", private.name.as_str()).into()),
        key => key.static_name().map(|name| name.into_owned().into()),
    }
}

impl<'a> Walker<'a, '_> {
    fn owner(&self, object: &Expression<'_>) -> Option<Owner> {
        match object.get_inner_expression() {
            Expression::ThisExpression(_) => Some(Owner::This(self.whose())),
            object => owner(self.scoping, &self.out.this, object),
        }
    }

    fn whose(&self) -> u32 {
        self.this.last().copied().unwrap_or(0)
    }

    /// The class or constructor that a variable is.
    fn class(&mut self, symbol: SymbolId) -> u32 {
        let symbol = symbol.index() as u32;
        *self.out.classes.entry(symbol).or_insert(CONSTRUCTORS | symbol)
    }

    /// The class that something is given to when it is assigned to `X.prototype` or a member of it;
    /// a function that a variable is given may be a constructor.
    fn built(&mut self, target: &AssignmentTarget<'a>) -> Option<u32> {
        let prototype = match target {
            AssignmentTarget::StaticMemberExpression(member) if member.property.name == "prototype" => member,
            AssignmentTarget::StaticMemberExpression(member) => match &member.object {
                Expression::StaticMemberExpression(inner) if inner.property.name == "prototype" => inner,
                _ => return None,
            },
            AssignmentTarget::AssignmentTargetIdentifier(identifier) => {
                return symbol(self.scoping, identifier).map(|symbol| self.class(symbol));
            }
            _ => return None,
        };
        let Expression::Identifier(name) = &prototype.object else { return None };
        symbol(self.scoping, name).map(|symbol| self.class(symbol))
    }

    fn method(&mut self, class: u32, name: &str, func: Func<'a>) {
        self.out.methods.entry(class).or_default().push((name.into(), func));
    }

    fn add(&mut self, symbol: SymbolId, def: Def<'a>) {
        if let Some(defs) = self.out.defs.get_mut(symbol.index()) {
            defs.push(def);
        }
    }

    fn pattern(&mut self, pattern: &'a BindingPattern<'a>, base: Base<'a>, path: &mut Vec<Step>) {
        match pattern {
            BindingPattern::BindingIdentifier(identifier) => {
                if let Some(symbol) = identifier.symbol_id.get() {
                    self.add(symbol, Def { base, path: path.clone() });
                }
            }
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    path.push(key_name(&property.key).map_or(Step::Some, Step::Prop));
                    self.pattern(&property.value, base, path);
                    path.pop();
                }
                if let Some(rest) = &object.rest {
                    // The rest of a module is as good as the module.
                    self.pattern(&rest.argument, base, path);
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for (at, element) in array.elements.iter().enumerate() {
                    if let Some(element) = element {
                        path.push(Step::Elem(at));
                        self.pattern(element, base, path);
                        path.pop();
                    }
                }
                if let Some(rest) = &array.rest {
                    path.push(Step::Some);
                    self.pattern(&rest.argument, base, path);
                    path.pop();
                }
            }
            BindingPattern::AssignmentPattern(assignment) => {
                self.pattern(&assignment.left, base, path);
            }
        }
    }

    fn target(&mut self, target: &'a AssignmentTarget<'a>, base: Base<'a>, path: &mut Vec<Step>) {
        match target {
            AssignmentTarget::AssignmentTargetIdentifier(identifier) => {
                if let Some(symbol) = symbol(self.scoping, identifier) {
                    self.add(symbol, Def { base, path: path.clone() });
                }
            }
            AssignmentTarget::ObjectAssignmentTarget(object) => {
                for property in &object.properties {
                    match property {
                        AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                            if let Some(symbol) = symbol(self.scoping, &property.binding) {
                                let mut path = path.clone();
                                path.push(Step::Prop(property.binding.name.as_str().into()));
                                self.add(symbol, Def { base, path });
                            }
                        }
                        AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                            path.push(key_name(&property.name).map_or(Step::Some, Step::Prop));
                            self.maybe_default(&property.binding, base, path);
                            path.pop();
                        }
                    }
                }
            }
            AssignmentTarget::ArrayAssignmentTarget(array) => {
                for (at, element) in array.elements.iter().enumerate() {
                    if let Some(element) = element {
                        path.push(Step::Elem(at));
                        self.maybe_default(element, base, path);
                        path.pop();
                    }
                }
            }
            AssignmentTarget::StaticMemberExpression(member) => {
                if let Some(owner) = self.owner(&member.object) {
                    match base {
                        Base::Expr(value) if path.is_empty() => {
                            let key = (owner, member.property.name.as_str());
                            self.out.members.entry(key).or_default().push(value);
                        }
                        _ => {
                            self.out.open.insert(owner);
                        }
                    }
                }
            }
            AssignmentTarget::PrivateFieldExpression(member) => {
                if let (Some(owner), Some(name)) =
                    (self.owner(&member.object), text(self.source, member.field.span))
                {
                    match base {
                        Base::Expr(value) if path.is_empty() => {
                            self.out.members.entry((owner, name)).or_default().push(value);
                        }
                        _ => {
                            self.out.open.insert(owner);
                        }
                    }
                }
            }
            AssignmentTarget::ComputedMemberExpression(member) => {
                if let Some(owner) = self.owner(&member.object) {
                    match (&member.expression, base) {
                        (Expression::StringLiteral(key), Base::Expr(value)) if path.is_empty() => {
                            self.out.members.entry((owner, key.value.as_str())).or_default().push(value);
                        }
                        _ => {
                            self.out.open.insert(owner);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn maybe_default(
        &mut self,
        target: &'a AssignmentTargetMaybeDefault<'a>,
        base: Base<'a>,
        path: &mut Vec<Step>,
    ) {
        match target {
            AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(with) => {
                self.target(&with.binding, base, path);
            }
            target => {
                if let Some(target) = target.as_assignment_target() {
                    self.target(target, base, path);
                }
            }
        }
    }

    fn params(&mut self, func: Func<'a>) {
        let params = func.params();
        // A bundler hands `require` in under its own name: `function (require, module, exports)`.
        let names: Vec<_> =
            params.items.iter().filter_map(|item| item.pattern.get_identifier_name()).collect();
        let wrapper = names.iter().any(|name| name == "require")
            && names.iter().any(|name| name == "module" || name == "exports");
        for (at, item) in params.items.iter().enumerate() {
            let base = match item.pattern.get_identifier_name() {
                Some(name) if wrapper && name == "require" => Base::Name("global.require"),
                _ => Base::Param(func.id(), at),
            };
            self.pattern(&item.pattern, base, &mut Vec::new());
        }
        if let Some(rest) = &params.rest {
            self.pattern(&rest.rest.argument, Base::Opaque, &mut Vec::new());
        }
        self.out.functions.push(func);
    }

    fn loop_left(&mut self, left: &'a ForStatementLeft<'a>, right: &'a Expression<'a>) {
        let mut path = vec![Step::Some];
        match left {
            ForStatementLeft::VariableDeclaration(declaration) => {
                for declarator in &declaration.declarations {
                    self.pattern(&declarator.id, Base::Expr(right), &mut path);
                }
            }
            left => {
                if let Some(target) = left.as_assignment_target() {
                    self.target(target, Base::Expr(right), &mut path);
                }
            }
        }
    }
}

impl<'a> VisitJs<'a> for Walker<'a, '_> {
    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        let it = self.alloc(it);
        if let Some(init) = &it.init {
            self.pattern(&it.id, Base::Expr(init), &mut Vec::new());
            if let BindingPattern::BindingIdentifier(name) = &it.id
                && let Some(symbol) = name.symbol_id.get()
                && matches!(init, Expression::FunctionExpression(_) | Expression::ClassExpression(_))
            {
                self.method_of = Some(self.class(symbol));
            }
        }
        walk_js::walk_variable_declarator(self, it);
        self.method_of = None;
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        let mut path = Vec::new();
        if !it.operator.is_assign() && !it.operator.is_logical() {
            path.push(Step::Some);
        }
        self.target(&it.left, Base::Expr(&it.right), &mut path);
        self.visit_assignment_target(&it.left);
        match &it.right {
            Expression::FunctionExpression(_)
            | Expression::ObjectExpression(_)
            | Expression::ClassExpression(_) => {
                self.method_of = self.built(&it.left);
                if let (Some(class), AssignmentTarget::StaticMemberExpression(member), Some(func)) =
                    (self.method_of, &it.left, Func::of(&it.right))
                {
                    self.method(class, &member.property.name, func);
                }
            }
            _ => {}
        }
        self.visit_expression(&it.right);
        self.method_of = None;
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) = &it.argument
            && let Some(symbol) = symbol(self.scoping, identifier)
        {
            self.add(symbol, Def { base: Base::Opaque, path: Vec::new() });
        }
        walk_js::walk_update_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        let it = self.alloc(it);
        self.loop_left(&it.left, &it.right);
        walk_js::walk_for_of_statement(self, it);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        let it = self.alloc(it);
        self.loop_left(&it.left, &it.right);
        walk_js::walk_for_in_statement(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let it = self.alloc(it);
        if let Some(symbol) = it.id.as_ref().and_then(|id| id.symbol_id.get()) {
            self.add(symbol, Def { base: Base::Func(Func::Function(it)), path: Vec::new() });
        }
        self.params(Func::Function(it));
        // A function in no class may be called with the `this` of what is around it.
        let this = match (self.method_of.take(), it.id.as_ref().and_then(|id| id.symbol_id.get())) {
            (Some(class), _) => class,
            (None, Some(symbol)) => self.class(symbol),
            (None, None) => self.whose(),
        };
        self.this.push(this);
        self.stack.push(it.span.start);
        walk_js::walk_function(self, it, flags);
        self.stack.pop();
        self.this.pop();
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let it = self.alloc(it);
        self.params(Func::Arrow(it));
        if let Some(value) = it.body.as_expression() {
            self.out.returns.entry(it.span.start).or_default().push(value);
        }
        self.stack.push(it.span.start);
        walk_js::walk_arrow_function_expression(self, it);
        self.stack.pop();
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        let it = self.alloc(it);
        if let (Some(&function), Some(value)) = (self.stack.last(), &it.argument) {
            self.out.returns.entry(function).or_default().push(value);
        }
        walk_js::walk_return_statement(self, it);
    }

    fn visit_yield_expression(&mut self, it: &YieldExpression<'a>) {
        let it = self.alloc(it);
        if let (Some(&function), Some(value)) = (self.stack.last(), &it.argument) {
            self.out.returns.entry(function).or_default().push(value);
        }
        walk_js::walk_yield_expression(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        // A class shares what it holds with the one that it extends.
        let above = match it.heritage.as_ref().map(|heritage| &heritage.expression) {
            Some(Expression::Identifier(above)) => symbol(self.scoping, above),
            _ => None,
        };
        let above = above.and_then(|symbol| self.out.classes.get(&(symbol.index() as u32)).copied());
        let id = self.method_of.take().or(above).unwrap_or(it.span.start);
        if let Some(symbol) = it.id.as_ref().and_then(|id| id.symbol_id.get()) {
            self.out.classes.insert(symbol.index() as u32, id);
            self.add(symbol, Def { base: Base::Opaque, path: Vec::new() });
        }
        self.out.classes.insert(CLASSES | it.span.start, id);
        self.this.push(id);
        walk_js::walk_class(self, it);
        self.this.pop();
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        let text = it.value.as_str();
        if text.starts_with('.') && text.len() < MAX_SPECIFIER && self.out.relative.len() < MAX_RELATIVE {
            self.out.relative.insert(text);
        }
    }

    fn visit_this_expression(&mut self, it: &ThisExpression) {
        self.out.this.insert(it.span.start, self.whose());
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        let it = self.alloc(it);
        self.method_of = Some(self.whose());
        if let Some(name) = it.key.static_name() {
            self.method(self.whose(), &name, Func::Function(&it.value));
        }
        walk_js::walk_method_definition(self, it);
        self.method_of = None;
    }

    fn visit_object_expression(&mut self, it: &ObjectExpression<'a>) {
        let it = self.alloc(it);
        let id = self.method_of.take().unwrap_or(it.span.start);
        for property in &it.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && let Expression::FunctionExpression(function) = &property.value
            {
                self.method_of = Some(id);
                if let Some(name) = property.key.static_name() {
                    self.method(id, &name, Func::Function(function));
                }
                self.visit_object_property(property);
                self.method_of = None;
            } else {
                self.visit_object_property_kind(property);
            }
        }
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        let it = self.alloc(it);
        if let (Some(value), PropertyKey::StaticIdentifier(key)) = (&it.value, &it.key) {
            let owner = Owner::This(self.whose());
            self.out.members.entry((owner, key.name.as_str())).or_default().push(value);
        }
        if let (Some(value), PropertyKey::PrivateIdentifier(key)) = (&it.value, &it.key)
            && let Some(name) = text(self.source, key.span)
        {
            let owner = Owner::This(self.whose());
            self.out.members.entry((owner, name)).or_default().push(value);
        }
        walk_js::walk_property_definition(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        match it.callee.get_inner_expression() {
            Expression::Identifier(identifier) => {
                if let Some(symbol) = symbol(self.scoping, identifier) {
                    self.out.calls.push((self.stack.last().copied(), symbol));
                    self.out.call_sites.entry(symbol.index() as u32).or_default().push(it);
                }
            }
            Expression::StaticMemberExpression(member)
                if matches!(member.property.name.as_str(), "call" | "apply") =>
            {
                if let Some(func) = Func::of(&member.object) {
                    let skip = if member.property.name == "call" { 1 } else { usize::MAX };
                    self.out.iife.insert(func.id(), (it, skip));
                }
            }
            callee => {
                if let Some(func) = Func::of(callee) {
                    self.out.iife.insert(func.id(), (it, 0));
                }
            }
        }
        walk_js::walk_call_expression(self, it);
    }

    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        let it = self.alloc(it);
        let module = it.source.value.as_str();
        self.visit_string_literal(&it.source);
        for specifier in it.specifiers.iter().flatten() {
            let (local, path) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                    (&specifier.local, vec![Step::Prop(specifier.imported.name().as_str().into())])
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                    (&specifier.local, Vec::new())
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => {
                    (&specifier.local, Vec::new())
                }
            };
            if let Some(symbol) = local.symbol_id.get() {
                self.add(symbol, Def { base: Base::Module(module), path });
            }
        }
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        let it = self.alloc(it);
        if let (TSModuleReference::ExternalModuleReference(module), Some(symbol)) =
            (&it.module_reference, it.id.symbol_id.get())
        {
            self.visit_string_literal(&module.expression);
            let base = Base::Module(module.expression.value.as_str());
            self.add(symbol, Def { base, path: Vec::new() });
        }
    }
}

/// The functions that run when the module is loaded: called where they stand, or called by name
/// from top-level code, or from such a function.
pub fn loaded<'a>(bindings: &Bindings<'a>, scoping: &Scoping) -> HashSet<u32> {
    let named = |symbol: SymbolId| {
        bindings.defs[symbol.index()].iter().find_map(|def| match def.base {
            Base::Func(func) => Some(func.id()),
            Base::Expr(value) if def.path.is_empty() => Func::of(value).map(Func::id),
            _ => None,
        })
    };
    let _ = scoping;
    let mut loaded: HashSet<u32> = bindings.iife.keys().copied().collect();
    // A function called where it stands runs on loading only if the code around it does; the
    // walk that asks keeps count of that.
    let mut calls: Vec<(Option<u32>, u32)> =
        bindings.calls.iter().filter_map(|&(from, to)| Some((from, named(to)?))).collect();
    loop {
        let before = calls.len();
        calls.retain(|(from, to)| {
            let runs = from.is_none_or(|from| loaded.contains(&from));
            if runs {
                loaded.insert(*to);
            }
            !runs
        });
        if calls.len() == before {
            return loaded;
        }
    }
}

/// The name of an imported module.
pub fn module(specifier: &str) -> String {
    module_name(specifier)
}
