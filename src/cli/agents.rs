//! What `mcp` and `guard` have in common: by which policy and with which databases they judge.

use std::path::{Path, PathBuf};

use super::shared::Shared;
use super::{CommandError, Env, policy};
use crate::audit;

/// How to judge.
#[derive(Debug, Clone, clap::Args)]
pub struct Judge {
    /// Policy file; the user's own `policy.toml` by default, never one that lies in the project
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Policy profile: ci, skill, periodic or micro; ci by default
    #[arg(long)]
    pub profile: Option<String>,
    /// Advisory database, a folder or an archive; repeatable; those of `bomvet db update` by default
    #[arg(long, value_name = "PATH")]
    pub db: Vec<PathBuf>,
    /// Never open a socket
    #[arg(long)]
    pub offline: bool,
}

impl Judge {
    /// The library's options for a project; an agent that works there cannot change them.
    pub fn options(&self, env: &Env, root: &Path) -> Result<audit::Options, CommandError> {
        if let Some(why) = &env.bad_epoch {
            return Err(why.clone().into());
        }
        let profile = self.profile.as_deref();
        let own = env.config.as_ref().map(|folder| folder.join("policy.toml")).filter(|path| path.is_file());
        let policy = match self.policy.as_ref().or(own.as_ref()) {
            Some(path) => policy::load(path, profile)?,
            None => policy::builtin(profile)?,
        };
        let shared = Shared::of(self.profile.clone(), self.db.clone(), self.offline);
        shared.options(env, policy, root, root, Vec::new())
    }

    /// These options as arguments, paths absolute.
    pub fn args(&self) -> Result<Vec<String>, CommandError> {
        let path = |path: &PathBuf| -> Result<String, CommandError> {
            let path = std::path::absolute(path)?;
            Ok(path.to_str().ok_or_else(|| format!("`{}` is not UTF-8", path.display()))?.to_owned())
        };
        let mut out = Vec::new();
        if let Some(policy) = &self.policy {
            out.extend(["--policy".to_owned(), path(policy)?]);
        }
        if let Some(profile) = &self.profile {
            out.extend(["--profile".to_owned(), profile.clone()]);
        }
        for db in &self.db {
            out.extend(["--db".to_owned(), path(db)?]);
        }
        if self.offline {
            out.push("--offline".to_owned());
        }
        Ok(out)
    }
}
