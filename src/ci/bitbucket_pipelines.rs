//! Bitbucket Pipelines: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
//! It reads variables only. Bitbucket does not say whether a person or a timer started a pipeline,
//! and starts none for pull requests from forks.

use crate::ci::provider::Provider;
use crate::ci::reference::commit_prefix;
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, Repository};
use crate::model::outputs::Outputs;
use crate::model::revision::CommitSha;

/// Bitbucket Pipelines, in Bitbucket Cloud.
pub const PROVIDER: Provider = Provider {
    name: "bitbucket-pipelines",
    docs_url: Some("https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/"),
    // A later step gets the variables that `output-variables` lists.
    outputs: Outputs::Lines("BITBUCKET_PIPELINES_VARIABLES_PATH"),
    detect: |env| env.get("BITBUCKET_BUILD_NUMBER").is_some(),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let commit = |name: &str| env.get(name).and_then(CommitSha::parse);
    // BITBUCKET_GIT_HTTP_ORIGIN begins with `http:`.
    let repository =
        env.get("BITBUCKET_REPO_FULL_NAME").map(|path| Repository::at(ForgeKind::Bitbucket, "https://bitbucket.org", path));
    let page = |rest: String| repository.as_ref().map(|it| format!("{}/{}/{rest}", it.server_url, it.path));
    let tag = env.owned("BITBUCKET_TAG");
    let branch = env.owned("BITBUCKET_BRANCH");
    let number = env.get("BITBUCKET_PR_ID").and_then(|number| number.parse().ok());
    let event = match (number, &tag) {
        (Some(_), _) => Event::PullRequest { action: String::new() },
        (None, Some(_)) => Event::Tag,
        (None, None) => Event::Push,
    };
    let pull_request = number.map(|number| PullRequest {
        head: commit("BITBUCKET_COMMIT"),
        head_branch: branch.clone().unwrap_or_default(),
        base_branch: env.owned("BITBUCKET_PR_DESTINATION_BRANCH").unwrap_or_default(),
        base: commit("BITBUCKET_PR_DESTINATION_COMMIT"),
        url: page(format!("pull-requests/{number}")),
        ..PullRequest::new(number)
    });
    Ok(CiContext {
        commit: commit("BITBUCKET_COMMIT"),
        // In pipelines for pull requests the ids have twelve digits.
        commit_prefix: env.get("BITBUCKET_COMMIT").and_then(commit_prefix),
        run_url: env.get("BITBUCKET_BUILD_NUMBER").and_then(|run| page(format!("pipelines/results/{run}"))),
        pull_request,
        branch,
        tag,
        checkout: env.path("BITBUCKET_CLONE_DIR"),
        repository,
        ..CiContext::new(PROVIDER.name, event)
    })
}
