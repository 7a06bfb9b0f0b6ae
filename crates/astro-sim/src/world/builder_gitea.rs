//! The sandbox's Gitea: the repository `acme/demo` with pull request 1, and tokens that may and may not.
//! It must not know the rules; what it places is taken as given.

use crate::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD, sandbox_graph};
use crate::world::gitea::{Access, GiteaPull, GiteaRepository, GiteaToken, USUAL_SCOPES};
use crate::world::state::World;

/// Token of `liftoff-bot`, who may write.
pub const SANDBOX_GITEA_TOKEN: &str = "gitea_sandbox";
/// Token of `eve`, who only reads and comments.
pub const SANDBOX_GITEA_READER_TOKEN: &str = "gitea_reader";

impl World {
    /// Adds Gitea with the sandbox's repository.
    pub fn add_sandbox_gitea(&mut self) {
        let gitea = &mut self.gitea;
        gitea.tokens.push(GiteaToken::new(SANDBOX_GITEA_TOKEN, "liftoff-bot", &USUAL_SCOPES, Access::Write));
        gitea.tokens.push(GiteaToken::new(SANDBOX_GITEA_READER_TOKEN, "eve", &USUAL_SCOPES, Access::Read));
        let pull = GiteaPull {
            index: 1,
            title: "Change the example".into(),
            state: "open".into(),
            merged: false,
            merge_commit: None,
            fork: None,
            head_ref: "change".into(),
            head_sha: SANDBOX_HEAD.into(),
            base_ref: "main".into(),
            base_sha: SANDBOX_COMMIT.into(),
        };
        let (owner, name, graph) = ("acme".into(), "demo".into(), sandbox_graph());
        gitea.repositories.push(GiteaRepository { owner, name, pulls: vec![pull], graph, ..GiteaRepository::default() });
    }
}
