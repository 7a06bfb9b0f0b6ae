//! What GitHub tells about commits and pull requests: <https://docs.github.com/rest/commits> and
//! <https://docs.github.com/rest/pulls>. It must not know who may ask.

use crate::exchange::Answer;
use crate::faces::github_answer::{Asked, missing};
use crate::faces::github_render as render;
use crate::refusal::Refusal;
use crate::world::github::{GitHubRepository, PullRequest};

/// Most files of a comparison; they come with its first page.
const MAX_FILES: usize = 300;

/// Answers an operation that changes nothing.
pub fn read(repository: &GitHubRepository, asked: &Asked<'_>, operation: &str) -> Result<Answer, Refusal> {
    let (at, argument, graph) = (&asked.at, asked.argument(), &repository.graph);
    match operation {
        "GetPull" => Ok(Answer::json(200, &render::pull(at, pull(repository, argument)?))),
        "ListPullFiles" => {
            let pull = pull(repository, argument)?;
            let files = graph.compare(&pull.base_sha, &pull.head_sha).ok_or_else(missing)?.files;
            Ok(asked.page(files.iter().map(|file| render::file(at, file)).collect()))
        }
        "ListPullsOfCommit" => {
            let pulls = repository.pulls_of(&graph.commit(argument).ok_or_else(|| no_commit(argument))?.sha);
            Ok(asked.page(pulls.into_iter().map(|pull| render::pull_of_list(at, pull)).collect()))
        }
        "ListStatuses" => {
            let sha = &graph.commit(argument).ok_or_else(missing)?.sha;
            let own = repository.statuses.iter().rev().filter(|status| &status.sha == sha);
            Ok(asked.page(own.map(|status| render::status(at, status)).collect()))
        }
        "GetCommit" => {
            let commit = graph.commit(argument).ok_or_else(|| no_commit(argument))?;
            Ok(Answer::json(200, &render::commit_with_files(at, commit)))
        }
        _ => compare(repository, asked),
    }
}

fn compare(repository: &GitHubRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let graph = &repository.graph;
    let (base, head) = asked.argument().split_once("...").ok_or_else(missing)?;
    let base_commit = graph.commit(base).ok_or_else(missing)?;
    let comparison = graph.compare(base, head).ok_or_else(missing)?;
    let wanted = asked.wanted_page();
    let files = if wanted.offset == 0 { comparison.files.iter().take(MAX_FILES).cloned().collect() } else { Vec::new() };
    let commits = wanted.cut(comparison.ahead.clone());
    let body = render::comparison(&asked.at, graph, (&comparison, base_commit), (&commits, &files));
    Ok(asked.linked(Answer::json(200, &body), comparison.ahead.len()))
}

/// Returns the pull request of a number.
pub fn pull<'a>(repository: &'a GitHubRepository, argument: &str) -> Result<&'a PullRequest, Refusal> {
    repository.pulls.iter().find(|pull| Ok(pull.number) == argument.parse()).ok_or_else(missing)
}

fn no_commit(name: &str) -> Refusal {
    Refusal::new(422, "", format!("No commit found for SHA: {name}"))
}
