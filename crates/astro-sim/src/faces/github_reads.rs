//! What GitHub tells about commits and pull requests: <https://docs.github.com/rest/commits> and
//! <https://docs.github.com/rest/pulls>, and how a pull request is opened and closed. It must not know who may ask.

use crate::exchange::Answer;
use crate::faces::github_answer::{Asked, missing, unprocessable};
use crate::faces::github_render as render;
use crate::refusal::Refusal;
use crate::rules::fields;
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

/// Opens or closes a pull request, or changes the branch that it would merge into.
pub fn change(repository: &mut GitHubRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let (state, base) = (fields::text(&asked.body, "state"), fields::text(&asked.body, "base"));
    if state.as_deref().is_some_and(|state| !["open", "closed"].contains(&state)) {
        return Err(unprocessable("state is not included in the list"));
    }
    if base.as_ref().is_some_and(|base| !repository.graph.refs.contains_key(base)) {
        return Err(unprocessable("base is invalid"));
    }
    let number = pull(repository, asked.argument())?.number;
    let pull = repository.pulls.iter_mut().find(|pull| pull.number == number).ok_or_else(missing)?;
    if pull.merged && state.as_deref() == Some("open") {
        return Err(unprocessable("state cannot be changed: the pull request is merged"));
    }
    pull.state = state.unwrap_or_else(|| pull.state.clone());
    pull.base_ref = base.unwrap_or_else(|| pull.base_ref.clone());
    Ok(Answer::json(200, &render::pull(&asked.at, pull)))
}

fn no_commit(name: &str) -> Refusal {
    Refusal::new(422, "", format!("No commit found for SHA: {name}"))
}
