//! What an expanded word or a stream holds: its text as far as it is known, and where it came from.

use super::limits::{MAX_FOLDED, MAX_SOURCES};

/// Where a value came from. The names are those of [`crate::model::FactKind::Flow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The whole environment.
    EnvAll,
    /// A variable of the environment whose name says that it is secret.
    EnvSecret,
    /// Another variable of the environment.
    Env,
    /// A credential file, a keychain, a token that a tool prints.
    SecretFile,
    /// Who runs it and where.
    HostInfo,
    /// The network.
    Net,
    /// Text that was encoded in the script.
    Decoded,
    /// A file of the user, or many.
    File,
    /// The clipboard.
    Clipboard,
}

impl Origin {
    /// The name in flows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvAll => "env-all",
            Self::EnvSecret => "env-secret",
            Self::Env => "env",
            Self::SecretFile => "secret-file",
            Self::HostInfo => "host-info",
            Self::Net => "net",
            Self::Decoded => "decoded",
            Self::File => "file",
            Self::Clipboard => "clipboard",
        }
    }
}

/// A place in the text: first byte and one past the last.
pub type Place = (usize, usize);

/// One source of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// What it is.
    pub origin: Origin,
    /// Where it is read, and the places that it went through since, in that order.
    pub steps: Vec<Place>,
}

/// Places that a source remembers.
const MAX_STEPS: usize = 6;

/// An expanded word, or what goes through a pipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    /// The text; parts that are not known stand as they are written (`$HOME/.ssh`).
    pub text: String,
    /// Whether parts of the text are not known.
    pub partly: bool,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// Encodings that were taken off.
    pub layers: u8,
}

impl Value {
    /// A known text.
    pub fn known(text: impl Into<String>) -> Self {
        let mut value = Self { text: text.into(), ..Self::default() };
        value.cut();
        value
    }

    /// Something that is not known, written so.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { partly: true, ..Self::known(text) }
    }

    /// The text, if all of it is known.
    pub fn exact(&self) -> Option<&str> {
        (!self.partly).then_some(self.text.as_str())
    }

    /// Whether it came from there.
    pub fn from(&self, origin: Origin) -> bool {
        self.sources.iter().any(|source| source.origin == origin)
    }

    /// With a source.
    #[must_use]
    pub fn with(mut self, origin: Origin, place: Place) -> Self {
        self.add(&[Source { origin, steps: vec![place] }]);
        self
    }

    /// Adds sources; one for each origin is kept, the first.
    pub fn add(&mut self, sources: &[Source]) {
        for source in sources {
            if self.sources.len() < MAX_SOURCES && !self.from(source.origin) {
                self.sources.push(source.clone());
            }
        }
        self.sources.sort();
    }

    /// Appends another value.
    pub fn push(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.partly |= other.partly;
        self.layers = self.layers.max(other.layers);
        self.add(&other.sources);
        self.cut();
    }

    /// Notes a place that the value went through.
    pub fn through(&mut self, place: Place) {
        for source in &mut self.sources {
            let within = |last: &Place| place.0 <= last.0 && last.1 <= place.1;
            if source.steps.len() < MAX_STEPS && !source.steps.last().is_some_and(within) {
                source.steps.push(place);
            }
        }
    }

    /// Of two values that a variable may have, what is known of it.
    pub fn either(&mut self, other: &Self) {
        if self.text != other.text {
            self.partly = true;
        }
        self.layers = self.layers.max(other.layers);
        self.add(&other.sources);
    }

    fn cut(&mut self) {
        if self.text.len() > MAX_FOLDED {
            let end = (0..=MAX_FOLDED).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0);
            self.text.truncate(end);
            self.partly = true;
        }
    }
}
