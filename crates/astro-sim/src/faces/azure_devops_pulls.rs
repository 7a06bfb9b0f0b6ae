//! Azure DevOps' way from commits to pull requests:
//! <https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-query/get?view=azure-devops-rest-7.1>.
//! It must not know who may ask.

use serde_json::{Map, Value, json};

use crate::exchange::Answer;
use crate::faces::azure_devops_answer::{Asked, invalid, word};
use crate::faces::azure_devops_render as render;
use crate::refusal::Refusal;
use crate::world::azure_devops::{AzurePull, AzureRepository};

/// What a query can look for, by the numbers of the vendor's enumeration.
const TYPES: [&str; 3] = ["notSet", "lastMergeCommit", "commit"];

/// Answers queries; each one's result is a dictionary from the commits that were found to their pull requests.
pub fn query(repository: &AzureRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let queries = asked.body.get("queries").and_then(Value::as_array).ok_or_else(|| invalid("queries is required."))?;
    let results: Vec<Value> = queries.iter().map(|query| result(repository, asked, query)).collect::<Result<_, _>>()?;
    Ok(Answer::json(200, &json!({ "queries": queries, "results": results })))
}

fn result(repository: &AzureRepository, asked: &Asked<'_>, query: &Value) -> Result<Value, Refusal> {
    let kind = word(query.get("type").unwrap_or(&Value::Null), &TYPES, "type")?;
    let items = query.get("items").and_then(Value::as_array).ok_or_else(|| invalid("items is required."))?;
    let mut found = Map::new();
    for item in items {
        let sha = item.as_str().ok_or_else(|| invalid("items holds something else than the name of a commit."))?;
        let belongs = |pull: &&AzurePull| match kind {
            "lastMergeCommit" => pull.merge_commit.as_deref() == Some(sha),
            "commit" => contains(repository, pull, sha),
            _ => false,
        };
        let pulls = repository.pulls.iter().filter(belongs).map(|pull| render::pull(&asked.base, repository, pull));
        let pulls: Vec<Value> = pulls.collect();
        if !pulls.is_empty() {
            found.insert(sha.to_owned(), pulls.into());
        }
    }
    Ok(found.into())
}

/// Returns whether a commit is one of those that the pull request would bring.
fn contains(repository: &AzureRepository, pull: &AzurePull, sha: &str) -> bool {
    let own = repository.graph.compare(&pull.target_commit, &pull.source_commit);
    own.is_some_and(|comparison| comparison.ahead.iter().any(|ahead| ahead == sha))
}
