//! Azure Pipelines, in Azure DevOps Services and Server:
//! <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables>.
//! It reads variables only; the code may be in Azure Repos, on GitHub or elsewhere.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ci::provider::Provider;
use crate::ci::reference::{branch, branch_and_tag, pull_request_number};
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, Repository, Trust};
use crate::model::dialect::Dialect;
use crate::model::outputs::Outputs;
use crate::model::revision::CommitSha;

/// Azure Pipelines.
pub const PROVIDER: Provider = Provider {
    name: "azure-pipelines",
    docs_url: Some("https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables"),
    dialect: Dialect::AzurePipelines,
    // The agent empties the folder after the job, and uploads the summary before that.
    outputs: Outputs::Log(Some("AGENT_TEMPDIRECTORY")),
    detect: |env| env.is_true("TF_BUILD"),
    wants_debug: |env| env.is_true("SYSTEM_DEBUG"),
    read,
    ..Provider::SILENT
};

/// What a project's name may hold besides letters and digits without being encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn read(env: &Env, _: Option<&[u8]>) -> Result<CiContext> {
    let reference = env.get("BUILD_SOURCEBRANCH").unwrap_or_default();
    let (branch, tag) = branch_and_tag(reference);
    let repository = repository(env);
    let mut context = CiContext {
        commit: env.get("BUILD_SOURCEVERSION").and_then(CommitSha::parse),
        event: event(env, tag.as_deref()),
        branch,
        tag,
        run_url: project_url(env).zip(env.get("BUILD_BUILDID")).map(|(url, id)| format!("{url}/_build/results?buildId={id}")),
        actor: env.owned("BUILD_REQUESTEDFOR"),
        // With several checkouts only the first variable names the folder of the one that counts.
        checkout: env.path("BUILD_REPOSITORY_LOCALPATH").or_else(|| env.path("BUILD_SOURCESDIRECTORY")),
        repository,
        ..CiContext::new(PROVIDER.name, Event::Local)
    };
    // The number of a pull request on GitHub; its id there is another one.
    let number = env.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER").or_else(|| env.get("SYSTEM_PULLREQUEST_PULLREQUESTID"));
    if let Some(number) = number.and_then(|number| number.parse().ok()).or_else(|| pull_request_number(reference)) {
        pull_request(&mut context, number, env);
    }
    Ok(context)
}

fn event(env: &Env, tag: Option<&str>) -> Event {
    match env.get("BUILD_REASON").unwrap_or_default() {
        "PullRequest" => Event::PullRequest { action: String::new() },
        "IndividualCI" | "BatchedCI" if tag.is_some() => Event::Tag,
        "IndividualCI" | "BatchedCI" => Event::Push,
        "Manual" => Event::Manual,
        "Schedule" => Event::Schedule,
        "BuildCompletion" | "ResourceTrigger" => Event::Upstream,
        other => Event::Other(other.to_owned()),
    }
}

/// What is checked out is the merge of a pull request with its target, `refs/pull/7/merge`. Run
/// by hand for that reference, a pipeline has none of the other variables.
fn pull_request(context: &mut CiContext, number: u64, env: &Env) {
    let head = env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID").and_then(CommitSha::parse);
    context.commit.clone_from(&head);
    // Azure Repos write `refs/heads/…`, GitHub the name alone.
    context.branch = env.get("SYSTEM_PULLREQUEST_SOURCEBRANCH").map(branch);
    context.trust = match env.get("SYSTEM_PULLREQUEST_ISFORK") {
        Some(_) if env.is_true("SYSTEM_PULLREQUEST_ISFORK") => Trust::Fork,
        Some(_) => Trust::SameRepository,
        None => Trust::Unknown,
    };
    let url = context.repository.as_ref().and_then(|it| match it.forge {
        ForgeKind::GitHub => Some(format!("{}/{}/pull/{number}", it.server_url, it.path)),
        ForgeKind::AzureDevOps => {
            let name = utf8_percent_encode(it.path.rsplit('/').next()?, PATH).to_string();
            Some(format!("{}/_git/{name}/pullrequest/{number}", project_url(env)?))
        }
        _ => None,
    });
    context.pull_request = Some(PullRequest {
        head,
        head_branch: context.branch.clone().unwrap_or_default(),
        base_branch: env.get("SYSTEM_PULLREQUEST_TARGETBRANCH").map(branch).unwrap_or_default(),
        url,
        ..PullRequest::new(number)
    });
}

fn repository(env: &Env) -> Option<Repository> {
    let repository = env.get("BUILD_REPOSITORY_URI").and_then(Repository::of_clone_url);
    match (env.get("BUILD_REPOSITORY_PROVIDER"), repository) {
        (Some("GitHubEnterprise"), Some(it)) => Some(Repository::at(ForgeKind::GitHub, &it.server_url, &it.path)),
        (_, repository) => repository,
    }
}

/// Returns the project's page: the collection's URL ends with a slash.
fn project_url(env: &Env) -> Option<String> {
    let project = utf8_percent_encode(env.get("SYSTEM_TEAMPROJECT")?, PATH).to_string();
    Some(format!("{}/{project}", env.get("SYSTEM_COLLECTIONURI")?.trim_end_matches('/')))
}
