//! Gitea Actions and Forgejo Actions, which set `GITHUB_…` variables like GitHub's runner:
//! <https://docs.gitea.com/usage/actions/actions-variables> and
//! <https://forgejo.org/docs/latest/user/actions/reference/>.
//! It reads variables and the event's bytes; it never asks git or the network.

use crate::ci::github_payload::{self, Speaker};
use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::model::context::ForgeKind;
use crate::model::dialect::Dialect;
use crate::model::outputs::Outputs;

/// Gitea Actions and Forgejo Actions; Forgejo's runner sets the marks of both.
pub const PROVIDER: Provider = Provider {
    name: SPEAKER.provider,
    docs_url: Some("https://docs.gitea.com/usage/actions/actions-variables"),
    dialect: Dialect::GiteaActions,
    outputs: Outputs::GitHubFiles,
    detect: |env| env.is_true("GITEA_ACTIONS") || env.is_true("FORGEJO_ACTIONS"),
    event_file: |env| env.path("GITHUB_EVENT_PATH"),
    wants_debug: |env| env.is_true("RUNNER_DEBUG") || env.is_true("ACTIONS_STEP_DEBUG"),
    read: |env, event| github_payload::read(&SPEAKER, env, event),
    ..Provider::SILENT
};

const SPEAKER: Speaker = Speaker { provider: "gitea-actions", forge: ForgeKind::Gitea, run_url };

/// The pages count the runs of a repository (`ActionRun.HTMLURL`); the id counts the server's.
fn run_url(env: &Env, repository: &str) -> Option<String> {
    env.get("GITHUB_RUN_NUMBER").map(|run| format!("{repository}/actions/runs/{run}"))
}
