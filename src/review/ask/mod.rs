//! Asking a reviewer: a prompt in, text out. Nothing here believes what comes back.
//!
//! [`Spec`] says who is asked, [`Reviewer`] also how; [`open`] makes of it something that can be
//! asked, over HTTP ([`http`]) or as a program of this machine, in a sandbox. [`file`] reads the
//! reviewers that the user has named.

mod command;
pub mod file;
pub mod http;
mod key;
pub mod limiter;
pub mod limits;
pub mod protocol;
mod sandbox;
mod settings;
mod spec;

use serde_json::Value;

pub use settings::{Input, KeySource, Reviewer, Settings, Structured};
pub use spec::{Api, Spec, SpecError};

/// What a reviewer is asked. It holds no key and no path of this machine.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The standing instruction.
    pub system: String,
    /// The packet.
    pub user: String,
    /// JSON Schema (2020-12) of the answer, for servers that hold a model to one.
    pub schema: Value,
    /// Most tokens of the answer.
    pub max_tokens: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The model's text, as it is.
    pub text: String,
    /// Tokens sent, as the server counts them; `None` where it says nothing.
    pub tokens_in: Option<u64>,
    /// Tokens that came back, likewise.
    pub tokens_out: Option<u64>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// This prompt got none, others may: a hung connection, a broken answer, a server error after
    /// every retry.
    #[error("{0}")]
    Failed(String),
    /// No prompt will get one: a wrong key, a wrong address, no such model, no sandbox.
    #[error("{0}")]
    Hopeless(String),
}

/// Something that answers prompts.
pub trait Ask: Send + Sync {
    /// Asks once, with whatever retries the transport needs.
    ///
    /// # Errors
    /// Where no reply could be had.
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble>;
}

/// What opening a reviewer takes from its surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// Gets a reviewer ready: its key is fetched here, nothing is asked yet.
///
/// # Errors
/// [`Trouble::Hopeless`] where it cannot be asked.
pub fn open(reviewer: &Reviewer, around: Surroundings<'_>) -> Result<Box<dyn Ask>, Trouble> {
    match &reviewer.spec {
        Spec::Server { api, model, base } => {
            let key = key::find(reviewer, around.env)?;
            Ok(Box::new(http::Server::new(*api, model, base, key, &reviewer.settings)?))
        }
        Spec::Command { program, args } => {
            let path = (around.env)("PATH");
            Ok(Box::new(command::Program::new(program, args, &reviewer.settings, path.as_deref())?))
        }
    }
}
