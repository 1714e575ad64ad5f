//! Runs a script without running anything: statements in order, both arms of a branch, bodies of
//! loops, functions where they are called. Variables and files that the script itself writes are
//! remembered with what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ast::*;
use super::limits::*;
use super::value::{Origin, Place, Value};
use super::{Analysis, Flow, Invocation, Sink, parse};

/// The state of a run.
pub(super) struct Machine {
    /// The text that is run.
    pub source: Rc<str>,
    /// Where facts are shown instead of in the text: the command that runs this text.
    pub shown_at: Option<Place>,
    /// Encodings and `eval`s around here.
    pub layer: u8,
    pub variables: BTreeMap<String, Value>,
    pub lists: BTreeMap<String, Vec<Value>>,
    pub positional: Vec<Vec<Value>>,
    pub functions: BTreeMap<String, Rc<Vec<Statement>>>,
    pub aliases: BTreeMap<String, String>,
    /// Files by name, with what was written to them.
    pub files: BTreeMap<String, Value>,
    pub out: Analysis,
    /// Changes of variables since a branch or subshell began: the name and what it was before.
    journal: Vec<Vec<(String, Option<Value>)>>,
    called: BTreeSet<String>,
    stack: Vec<String>,
    depth: usize,
    pub scripts: u8,
    budget: usize,
}

/// Runs a text.
pub(super) fn run(text: &str) -> Analysis {
    let mut machine = Machine {
        source: Rc::from(text),
        shown_at: None,
        layer: 0,
        variables: BTreeMap::new(),
        lists: BTreeMap::new(),
        positional: Vec::new(),
        functions: BTreeMap::new(),
        aliases: BTreeMap::new(),
        files: BTreeMap::new(),
        out: Analysis::default(),
        journal: Vec::new(),
        called: BTreeSet::new(),
        stack: Vec::new(),
        depth: 0,
        scripts: 0,
        budget: MAX_STATEMENTS,
    };
    let script = parse::parse(text);
    if script.too_deep {
        machine.out.cut = Some("nested too deeply");
    }
    machine.out.errors = script.errors.clone();
    machine.statements(&script.body, &Value::default());
    // Functions that nothing called: by whoever sources the file.
    loop {
        let next = machine.functions.iter().find(|(name, _)| !machine.called.contains(*name));
        let Some((name, body)) = next.map(|(name, body)| (name.clone(), Rc::clone(body))) else { break };
        machine.budget = machine.budget.max(MAX_STATEMENTS / 20);
        machine.called.insert(name.clone());
        machine.stack.push(name);
        machine.statements(&body, &Value::unknown(""));
        machine.stack.pop();
    }
    let mut out = machine.out;
    out.flows.sort();
    out.flows.dedup();
    out.embedded.sort();
    out.embedded.dedup();
    out.local.sort();
    out.local.dedup();
    out.hidden.sort_unstable();
    out.hidden.dedup();
    out
}

impl Machine {
    /// Where something is shown.
    pub fn place(&self, range: &std::ops::Range<usize>) -> Place {
        self.shown_at.unwrap_or((range.start, range.end))
    }

    /// Takes work off the budget; false where none is left.
    pub fn spend(&mut self, work: usize) -> bool {
        if self.budget <= work {
            self.budget = 0;
            self.out.cut = Some("followed up to the limit on work, the rest was not");
            return false;
        }
        self.budget -= work;
        true
    }

    pub fn set(&mut self, name: &str, value: Value) {
        let old = self.variables.insert(name.to_owned(), value);
        if let Some(frame) = self.journal.last_mut() {
            frame.push((name.to_owned(), old));
        }
    }

    fn unset(&mut self, name: &str) {
        let old = self.variables.remove(name);
        if let Some(frame) = self.journal.last_mut() {
            frame.push((name.to_owned(), old));
        }
    }

    /// Runs something and takes its changes of variables back; gives what they were.
    fn apart(&mut self, work: impl FnOnce(&mut Self) -> Value) -> (Value, BTreeMap<String, Option<Value>>) {
        self.journal.push(Vec::new());
        let out = work(self);
        let mut changed = BTreeMap::new();
        for (name, old) in self.journal.pop().unwrap_or_default().into_iter().rev() {
            let new = match old {
                Some(old) => self.variables.insert(name.clone(), old),
                None => self.variables.remove(&name),
            };
            changed.entry(name).or_insert(new);
        }
        (out, changed)
    }

    pub fn statements(&mut self, body: &[Statement], input: &Value) -> Value {
        let mut out = Value::default();
        for statement in body {
            if self.depth >= MAX_NESTING * 2 {
                self.out.cut = Some("nested too deeply");
                break;
            }
            if !self.spend(1) {
                break;
            }
            self.depth += 1;
            let value = self.statement(statement, input, (0, 1));
            self.depth -= 1;
            out.push(&value);
        }
        out
    }

    fn statement(&mut self, statement: &Statement, input: &Value, stage: (usize, usize)) -> Value {
        match &statement.kind {
            Kind::Command(command) => self.command(command, &statement.range, input, stage),
            Kind::Pipeline(stages) => {
                let mut value = input.clone();
                for (at, inner) in stages.iter().enumerate() {
                    if !self.spend(1) {
                        break;
                    }
                    self.depth += 1;
                    value = match self.depth < MAX_NESTING * 2 {
                        true => self.statement(inner, &value, (at, stages.len())),
                        false => Value::unknown(""),
                    };
                    self.depth -= 1;
                }
                value
            }
            Kind::Sequence(body) => self.statements(body, input),
            Kind::Subshell(body) => self.apart(|machine| machine.statements(body, input)).0,
            Kind::Branches { first, arms, whole } => self.branches(first, arms, *whole, input),
            Kind::Loop { over, condition, body } => self.repeat(over.as_ref(), condition, body, input),
            Kind::Function { name, body } => {
                self.functions.insert(name.clone(), Rc::clone(body));
                Value::default()
            }
            Kind::Redirected(inner, redirects) => {
                let targets = self.redirects(redirects);
                let own = self.input(&targets).unwrap_or_else(|| input.clone());
                let out = self.statement(inner, &own, stage);
                self.write(&targets, &out, self.place(&statement.range))
            }
            Kind::Test(words) => {
                for word in words {
                    self.expand(word);
                }
                Value::default()
            }
            Kind::Unset(names) => {
                names.iter().for_each(|name| self.unset(name));
                Value::default()
            }
        }
    }

    fn branches(
        &mut self,
        first: &[Statement],
        arms: &[Vec<Statement>],
        whole: bool,
        input: &Value,
    ) -> Value {
        self.statements(first, input);
        let mut out = Value::default();
        // What each variable may be afterwards.
        let mut after: BTreeMap<String, Vec<Option<Value>>> = BTreeMap::new();
        for arm in arms {
            let (value, changed) = self.apart(|machine| machine.statements(arm, input));
            out.add(&value.sources);
            out.layers = out.layers.max(value.layers);
            out.partly |= value.partly || !value.text.is_empty();
            for (name, new) in changed {
                after.entry(name).or_default().push(new);
            }
        }
        for (name, values) in after {
            let untouched = values.len() < arms.len() || !whole;
            let before = self.variables.get(&name).cloned().filter(|_| untouched);
            let mut found = values.into_iter().flatten().chain(before);
            if let Some(mut value) = found.next() {
                found.for_each(|other| value.either(&other));
                self.set(&name, value);
            }
        }
        out
    }

    fn repeat(
        &mut self,
        over: Option<&(String, Vec<Word>)>,
        condition: &[Statement],
        body: &[Statement],
        input: &Value,
    ) -> Value {
        let Some((name, words)) = over else {
            self.statements(condition, input);
            let (out, changed) = self.apart(|machine| machine.statements(body, input));
            self.keep(changed);
            return Value { partly: true, ..out };
        };
        let fields: Vec<Value> = match words.as_slice() {
            [] => vec![Value::unknown("$@")],
            words => words.iter().flat_map(|word| self.expand(word)).collect(),
        };
        let mut out = Value::default();
        if fields.len() <= MAX_ROUNDS {
            for field in fields {
                if !self.spend(1) {
                    break;
                }
                self.set(name, field);
                out.push(&self.statements(body, input));
            }
            return out;
        }
        let mut all = Value::unknown(format!("${name}"));
        fields.iter().for_each(|field| all.add(&field.sources));
        self.set(name, all);
        Value { partly: true, ..self.statements(body, input) }
    }

    /// Puts changes back that may have happened.
    fn keep(&mut self, changed: BTreeMap<String, Option<Value>>) {
        for (name, new) in changed {
            let Some(mut value) = new else { continue };
            if let Some(before) = self.variables.get(&name) {
                value.either(&before.clone());
            }
            self.set(&name, value);
        }
    }

    /// Calls a function of the script.
    pub fn call(&mut self, name: &str, args: &[Value], input: &Value) -> Value {
        let Some(body) = self.functions.get(name).map(Rc::clone) else { return Value::unknown("") };
        self.called.insert(name.to_owned());
        if self.stack.len() >= MAX_CALLS || self.stack.iter().any(|outer| outer == name) {
            let mut out = Value::unknown("");
            args.iter().for_each(|arg| out.add(&arg.sources));
            return out;
        }
        self.stack.push(name.to_owned());
        self.positional.push(args.to_vec());
        let out = self.statements(&body, input);
        self.positional.pop();
        self.stack.pop();
        out
    }

    /// Runs a text in this shell (`eval`) or in another one.
    pub fn run_text(&mut self, text: &str, layers: u8, place: Place, input: &Value) -> Value {
        if self.scripts >= MAX_SCRIPTS || text.len() > MAX_FOLDED || !self.spend(text.len() / 64 + 1) {
            self.out.cut.get_or_insert("scripts within scripts are nested too deeply");
            return Value::unknown("");
        }
        let script = parse::parse(text);
        let source = std::mem::replace(&mut self.source, Rc::from(text));
        let shown_at = self.shown_at.replace(self.shown_at.unwrap_or(place));
        self.layer = self.layer.saturating_add(layers);
        self.scripts += 1;
        let out = self.statements(&script.body, input);
        self.scripts -= 1;
        self.layer = self.layer.saturating_sub(layers);
        (self.source, self.shown_at) = (source, shown_at);
        out
    }

    pub fn invocation(&mut self, invocation: Invocation) {
        if self.out.invocations.len() < MAX_FOUND {
            self.out.invocations.push(invocation);
        } else {
            self.out.cut = Some("holds more commands than are followed");
        }
    }

    /// Reports what flows into a sink.
    pub fn flow(&mut self, value: &Value, sink: Sink, place: Place, by_file: bool) {
        for source in &value.sources {
            let tells = match (source.origin, sink) {
                (Origin::Net, Sink::Net) => false,
                (Origin::Net | Origin::Decoded, _) | (_, Sink::Net) => {
                    !(source.origin == Origin::Decoded && matches!(sink, Sink::Net | Sink::FsWrite))
                }
                _ => false,
            };
            if tells && self.out.flows.len() < MAX_FOUND {
                self.out.flows.push(Flow {
                    range: place,
                    origin: source.origin,
                    sink,
                    steps: source.steps.clone(),
                    layer: self.layer.saturating_add(value.layers),
                    by_file,
                });
            }
        }
    }
}
