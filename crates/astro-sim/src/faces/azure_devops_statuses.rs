//! Azure DevOps' statuses of commits and pull requests:
//! <https://learn.microsoft.com/rest/api/azure/devops/git/statuses?view=azure-devops-rest-7.1> and
//! <https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-statuses?view=azure-devops-rest-7.1>.
//! It must not know who may ask.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::exchange::Answer;
use crate::faces::azure_devops_answer::{Asked, invalid, list, missing_commit, word};
use crate::faces::azure_devops_render as render;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::rules::paging::Page;
use crate::world::azure_devops::{AzureRepository, AzureStatus, StatusTarget};

/// States, by number.
const STATES: [&str; 7] = ["notSet", "pending", "succeeded", "failed", "error", "notApplicable", "partiallySucceeded"];
/// How many statuses of a commit come unless the call says otherwise.
const DEFAULT_TOP: usize = 1000;

/// Performs what concerns statuses.
pub fn perform(repository: &mut AzureRepository, asked: &Asked<'_>, operation: &str, ids: &mut Ids) -> Result<Answer, Refusal> {
    let target = if operation.contains("Pull") {
        StatusTarget::Pull(asked.pull(repository)?.id)
    } else {
        let sha = asked.argument(0);
        let commit = repository.graph.exact(sha).ok_or_else(|| missing_commit(&format!("Commit: {sha}"), repository))?;
        StatusTarget::Commit(commit.sha.clone())
    };
    if operation.starts_with("List") {
        return of_target(repository, asked, &target);
    }
    let context = asked.body.get("context").and_then(Value::as_object).cloned().unwrap_or_default();
    let no_name = || invalid("Value cannot be null.\r\nParameter name: status.Context.Name");
    let word_of = |key: &str| fields::text(&asked.body, key).unwrap_or_default();
    let status = AzureStatus {
        id: ids.number(),
        target,
        state: asked.body.get("state").map_or(Ok("notSet"), |state| word(state, &STATES, "state"))?.into(),
        name: fields::filled(&context, "name").ok_or_else(no_name)?,
        genre: fields::text(&context, "genre").unwrap_or_default(),
        description: word_of("description"),
        target_url: word_of("targetUrl"),
        creator: asked.identity.clone(),
        created: asked.now,
    };
    let answer = Answer::json(200, &render::status(&asked.base, repository, &status));
    repository.statuses.push(status);
    Ok(answer)
}

fn of_target(repository: &AzureRepository, asked: &Asked<'_>, target: &StatusTarget) -> Result<Answer, Refusal> {
    let mut own: Vec<&AzureStatus> = repository.statuses.iter().filter(|status| &status.target == target).collect();
    if asked.call.parameter("latestOnly") == Some("true") {
        let mut seen = BTreeSet::new();
        let newest: Vec<&AzureStatus> =
            own.into_iter().rev().filter(|status| seen.insert((status.genre.clone(), status.name.clone()))).collect();
        own = newest.into_iter().rev().collect();
    }
    if let StatusTarget::Commit(_) = target {
        own = Page { limit: asked.number("top", DEFAULT_TOP)?, offset: asked.number("skip", 0)? }.cut(own);
    }
    Ok(list(own.into_iter().map(|status| render::status(&asked.base, repository, status)).collect()))
}
