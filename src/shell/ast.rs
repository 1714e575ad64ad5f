//! A script as a tree: what the grammar's nodes mean, without its quirks.

use std::ops::Range;

/// A word: pieces that are joined when it is expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// Bytes of the source.
    pub range: Range<usize>,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub part: Part,
    /// Whether it stands within quotes, so that it is neither split nor expanded further.
    pub quoted: bool,
}

/// What a piece of a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text, quotes and escapes taken off.
    Text(String),
    /// `$x`, `${x…}`.
    Variable {
        /// Its name; `1`, `@`, `?` for special ones.
        name: String,
        /// What is done with it.
        edit: Edit,
    },
    /// `$(…)` and backticks.
    Command(Vec<Statement>),
    /// `<(…)`, or `>(…)` where `input` is false.
    Process {
        /// What it runs.
        body: Vec<Statement>,
        /// Whether the outer command reads from it.
        input: bool,
    },
    /// `(a b c)` given to a variable.
    List(Vec<Word>),
    /// Arithmetic: the commands in it.
    Arithmetic(Vec<Statement>),
}

/// What `${…}` does with its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Nothing.
    None,
    /// `:-`, `-`, `:=`, `=`: another text where it is empty.
    Default(Word),
    /// `:+`, `+`: another text where it is not.
    Alternative(Word),
    /// `#x`.
    Length,
    /// `!x`: the variable that it names.
    Indirect,
    /// `:from:count`.
    Slice(i64, Option<i64>),
    /// `#pattern`, `##pattern` (the longest).
    Prefix(Word, bool),
    /// `%pattern`, `%%pattern` (the longest).
    Suffix(Word, bool),
    /// `/from/to`, `//from/to` (all).
    Replace(Word, Word, bool),
    /// `[n]`; `None` for `[@]`, `[*]` and what is computed.
    Item(Option<usize>),
    /// `^^`, `^` (true: upper case), `,,`, `,`; the second says whether all letters.
    Case(bool, bool),
    /// Anything else: the result is not known.
    Other,
}

/// `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its index, as written.
    pub index: Option<String>,
    /// Whether it is added to (`+=`).
    pub append: bool,
    /// What it is given.
    pub value: Word,
}

/// How a redirection connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `<`.
    In,
    /// `>`, `>|`.
    Out,
    /// `>>`.
    Append,
    /// `<>`.
    Both,
    /// `>&1`, `2>&1`, `<&3`, `>&-`.
    Duplicate,
    /// `<<`: the text of a here-document.
    Document,
    /// `<<<`.
    Text,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The descriptor before it.
    pub descriptor: Option<u32>,
    /// How it connects.
    pub direction: Direction,
    /// The file, the descriptor or the text.
    pub target: Word,
    /// Both standard output and error (`&>`, `>&file`).
    pub all: bool,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Assignments before the name.
    pub assignments: Vec<Assignment>,
    /// The name and the arguments.
    pub words: Vec<Word>,
    /// Its redirections.
    pub redirects: Vec<Redirect>,
}

/// A statement and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub kind: Kind,
    /// Bytes of the source.
    pub range: Range<usize>,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A simple command, an assignment alone, a declaration.
    Command(Command),
    /// `a | b`.
    Pipeline(Vec<Statement>),
    /// `a; b`, `a && b`, `{ a; b; }`.
    Sequence(Vec<Statement>),
    /// `(a; b)`.
    Subshell(Vec<Statement>),
    /// `if`, `case`: what is run first, the arms, whether one of them always runs.
    Branches {
        /// Conditions, in order.
        first: Vec<Statement>,
        /// The arms.
        arms: Vec<Vec<Statement>>,
        /// Whether there is an `else` or `*)`.
        whole: bool,
    },
    /// `for`, `select`, `while`, `until`.
    Loop {
        /// The variable and its values; no values stand for `"$@"`.
        over: Option<(String, Vec<Word>)>,
        /// The condition.
        condition: Vec<Statement>,
        /// The body.
        body: Vec<Statement>,
    },
    /// A function, kept until it is called.
    Function {
        /// Its name.
        name: String,
        /// Its body.
        body: std::rc::Rc<Vec<Statement>>,
    },
    /// A compound statement with redirections.
    Redirected(Box<Statement>, Vec<Redirect>),
    /// `[ … ]`, `[[ … ]]`, `(( … ))`: words that are expanded and tested.
    Test(Vec<Word>),
    /// `unset x`.
    Unset(Vec<String>),
}

/// A script.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Its statements.
    pub body: Vec<Statement>,
    /// What the grammar could not read, in order.
    pub errors: Vec<Range<usize>>,
    /// Whether statements were left out since they are nested too deeply.
    pub too_deep: bool,
}
