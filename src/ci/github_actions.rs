//! GitHub Actions, in the cloud, with data residency (`….ghe.com`) and on GitHub Enterprise Server:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>.
//! It reads variables and the event's bytes; it never asks git or the network.

use crate::ci::github_payload::{self, Speaker};
use crate::ci::provider::Provider;
use crate::env::snapshot::Env;
use crate::model::context::ForgeKind;
use crate::model::dialect::Dialect;
use crate::model::outputs::Outputs;

/// GitHub Actions.
pub const PROVIDER: Provider = Provider {
    name: SPEAKER.provider,
    docs_url: Some("https://docs.github.com/en/actions/reference/workflows-and-actions/variables"),
    dialect: Dialect::GitHubActions,
    outputs: Outputs::GitHubFiles,
    detect: |env| env.is_true("GITHUB_ACTIONS"),
    event_file: |env| env.path("GITHUB_EVENT_PATH"),
    // The runner sets the first when a run is repeated with debug logging; the second is the
    // repository's secret or variable behind it, which some workflows pass on.
    wants_debug: |env| env.is_true("RUNNER_DEBUG") || env.is_true("ACTIONS_STEP_DEBUG"),
    read: |env, event| github_payload::read(&SPEAKER, env, event),
    ..Provider::SILENT
};

const SPEAKER: Speaker = Speaker { provider: "github-actions", forge: ForgeKind::GitHub, run_url };

fn run_url(env: &Env, repository: &str) -> Option<String> {
    let attempt = env.get("GITHUB_RUN_ATTEMPT").map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
    env.get("GITHUB_RUN_ID").map(|run| format!("{repository}/actions/runs/{run}{attempt}"))
}
