//! GitHub's deployments: <https://docs.github.com/rest/deployments/deployments> and
//! <https://docs.github.com/rest/deployments/statuses>. It must not know who may ask.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::github_answer::{Asked, address, flag, missing, short_text, unprocessable};
use crate::faces::github_render_runs as render;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::world::commits::Commit;
use crate::world::github::GitHubRepository;
use crate::world::github_runs::{DeploymentStatus, GitHubDeployment};

/// Longest description of a deployment or of its status, in characters.
const MAX_DESCRIPTION: usize = 140;
/// Longest name of an environment, in characters.
const MAX_ENVIRONMENT: usize = 255;
/// States of a deployment.
const STATES: [&str; 7] = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

/// Lists deployments, newest first.
pub fn list(repository: &GitHubRepository, asked: &Asked<'_>) -> Answer {
    let wanted = |name: &str, value: &str| asked.call.parameter(name).is_none_or(|wanted| wanted == value || wanted == "none");
    let own = repository.deployments.iter().rev().filter(|deployment| {
        wanted("sha", &deployment.sha)
            && wanted("ref", &deployment.reference)
            && wanted("task", &deployment.task)
            && wanted("environment", &deployment.environment)
    });
    asked.page(own.map(|deployment| render::deployment(&asked.at, deployment)).collect())
}

/// Shows a deployment.
pub fn get(repository: &mut GitHubRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::json(200, &render::deployment(&asked.at, deployment(repository, asked)?)))
}

/// Makes a deployment, unless its branch must first take up the default branch or a check has not succeeded.
pub fn create(repository: &mut GitHubRepository, asked: &Asked<'_>, ids: &mut Ids) -> Result<Answer, Refusal> {
    let body = &asked.body;
    let reference = fields::filled(body, "ref").ok_or_else(|| unprocessable("ref is missing"))?;
    let unknown = || unprocessable(&format!("No ref found for: {reference}"));
    let sha = repository.graph.commit(&reference).ok_or_else(unknown)?.sha.clone();
    let payload = body.get("payload").cloned().unwrap_or_else(|| "".into());
    if !payload.is_object() && !payload.is_string() {
        return Err(unprocessable("payload is neither an object nor a string"));
    }
    let environment = short_text(body, "environment", MAX_ENVIRONMENT)?.filter(|name| !name.is_empty());
    let environment = environment.unwrap_or_else(|| "production".into());
    let deployment = GitHubDeployment {
        id: ids.number(),
        sha,
        task: fields::filled(body, "task").unwrap_or_else(|| "deploy".into()),
        payload,
        description: short_text(body, "description", MAX_DESCRIPTION)?,
        creator: asked.login.clone(),
        transient: flag(body, "transient_environment")?.unwrap_or(false),
        production: flag(body, "production_environment")?.unwrap_or(environment == "production"),
        original_environment: environment.clone(),
        environment,
        statuses: Vec::new(),
        created_at: asked.now,
        updated_at: asked.now,
        reference,
    };
    if flag(body, "auto_merge")?.unwrap_or(true)
        && let Some(answer) = take_up_default_branch(repository, &deployment.reference, ids)
    {
        return Ok(answer);
    }
    if let Some(answer) = failed_checks(repository, &deployment, body.get("required_contexts"))? {
        return Ok(answer);
    }
    let answer = Answer::json(201, &render::deployment(&asked.at, &deployment));
    repository.deployments.push(deployment);
    Ok(answer)
}

/// Merges the default branch into a branch that is behind it; the answer tells that or the conflict.
fn take_up_default_branch(repository: &mut GitHubRepository, branch: &str, ids: &mut Ids) -> Option<Answer> {
    let default = repository.default_branch.clone();
    let head = repository.graph.refs.get(branch)?.clone();
    let comparison = repository.graph.compare(&default, branch)?;
    if comparison.behind == 0 {
        return None;
    }
    let theirs = repository.graph.compare(branch, &default)?.files;
    if comparison.files.iter().any(|own| theirs.iter().any(|other| other.path == own.path)) {
        return Some(Answer::json(409, &json!({ "message": format!("Conflict merging {default} into {branch}.") })));
    }
    let sha = format!("{:040x}", ids.number());
    let parents = vec![head, repository.graph.refs.get(&default)?.clone()];
    let message = format!("Merge branch '{default}' into {branch}");
    repository.graph.commits.push(Commit { sha: sha.clone(), parents, message, files: theirs });
    repository.graph.refs.insert(branch.to_owned(), sha);
    Some(Answer::json(202, &json!({ "message": format!("Auto-merged {default} into {branch} on deployment.") })))
}

fn failed_checks(
    repository: &GitHubRepository,
    deployment: &GitHubDeployment,
    required: Option<&Value>,
) -> Result<Option<Answer>, Refusal> {
    let not_a_list = || unprocessable("required_contexts is not a list of strings");
    let required: Option<Vec<&str>> = match required {
        None | Some(Value::Null) => None,
        Some(Value::Array(names)) => Some(names.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(not_a_list)?),
        Some(_) => return Err(not_a_list()),
    };
    let states = repository.check_states(&deployment.sha);
    let required = required.unwrap_or_else(|| states.keys().map(String::as_str).collect());
    let state = |name: &str| states.get(name).map_or("missing", String::as_str);
    let failed: Vec<_> = required.iter().filter(|name| state(name) != "success").collect();
    if failed.is_empty() {
        return Ok(None);
    }
    let contexts: Vec<_> = failed.iter().map(|name| json!({ "context": name, "state": state(name) })).collect();
    let message = format!("Conflict: Commit status checks failed for {}.", deployment.reference);
    let error = json!({ "contexts": contexts, "resource": "Deployment", "field": "required_contexts", "code": "invalid" });
    Ok(Some(Answer::json(409, &json!({ "message": message, "errors": [error] }))))
}

/// Lists the statuses of a deployment, newest first.
pub fn list_statuses(repository: &mut GitHubRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let deployment = deployment(repository, asked)?;
    let statuses = deployment.statuses.iter().rev();
    Ok(asked.page(statuses.map(|status| render::deployment_status(&asked.at, deployment.id, status)).collect()))
}

/// Sets the state of a deployment. A success makes earlier ones of the environment inactive, if nobody needs them.
pub fn create_status(repository: &mut GitHubRepository, asked: &Asked<'_>, ids: &mut Ids) -> Result<Answer, Refusal> {
    let body = &asked.body;
    let deployment = deployment(repository, asked)?;
    let state = fields::text(body, "state").filter(|state| STATES.contains(&state.as_str()));
    let log = match address(body, "log_url")? {
        text if text.is_empty() => address(body, "target_url")?,
        text => text,
    };
    let environment = short_text(body, "environment", MAX_ENVIRONMENT)?.filter(|name| !name.is_empty());
    let status = DeploymentStatus {
        id: ids.number(),
        state: state.ok_or_else(|| unprocessable("state is not included in the list"))?,
        description: short_text(body, "description", MAX_DESCRIPTION)?.unwrap_or_default(),
        environment_url: address(body, "environment_url")?,
        log_url: log,
        environment: environment.unwrap_or_else(|| deployment.environment.clone()),
        creator: asked.login.clone(),
        created_at: asked.now,
    };
    let ends_others = flag(body, "auto_inactive")?.unwrap_or(true) && status.state == "success";
    let answer = Answer::json(201, &render::deployment_status(&asked.at, deployment.id, &status));
    deployment.environment.clone_from(&status.environment);
    deployment.updated_at = asked.now;
    let id = deployment.id;
    deployment.statuses.push(status.clone());
    if ends_others {
        let earlier = repository.deployments.iter_mut().take_while(|other| other.id != id);
        for other in earlier.filter(|other| other.environment == status.environment && other.state() == "success") {
            if !other.transient && !other.production {
                let inactive = DeploymentStatus { id: ids.number(), state: "inactive".into(), ..status.clone() };
                other.statuses.push(inactive);
            }
        }
    }
    Ok(answer)
}

fn deployment<'a>(repository: &'a mut GitHubRepository, asked: &Asked<'_>) -> Result<&'a mut GitHubDeployment, Refusal> {
    repository.deployments.iter_mut().find(|found| Ok(found.id) == asked.argument().parse()).ok_or_else(missing)
}
