//! Stops an install before it happens.
//!
//! In: a command line that an agent is about to run, or the arguments of a package manager that a
//! shim was called with. Out: a [`Ruling`] of one line. [`command`] finds what would be installed,
//! [`judge`] has each judged as `bomvet check` does and remembers it for a while, [`hook`] speaks the
//! protocol of hooks, [`settings`] and [`shim`] put the guard in place.
//!
//! Fail closed: what cannot be read or judged is stopped, and the line says why. Not judged, and so
//! let through: package managers of systems, containers, gems and conda, scripts that a command
//! starts (what they install goes through the shims), and everything that installs nothing.

pub mod command;
pub mod hook;
pub mod judge;
pub mod settings;
pub mod shim;

/// bomvet's own skill, for agents.
pub const SKILL: &str = include_str!("SKILL.md");

/// What the guard says of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It installs nothing.
    Nothing,
    /// Everything that it installs is approved.
    Approved,
    /// Something is denied; one line on what and why.
    Denied(String),
    /// bomvet cannot tell; a person has to. One line.
    Unclear(String),
}
