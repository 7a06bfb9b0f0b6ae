//! Environments and deployments: <https://docs.gitlab.com/api/environments/> and
//! <https://docs.gitlab.com/api/deployments/>.
//! It must not know what is deployed.

use crate::exchange::Answer;
use crate::faces::gitlab::{Scene, listed};
use crate::faces::gitlab_render as render;
use crate::faces::gitlab_request::{Outcome, invalid, no_record, refused};
use crate::world::gitlab::{Deployment, Environment};

const STATUSES: &[&str] = &["running", "success", "failed", "canceled"];
const TIERS: &[&str] = &["production", "staging", "testing", "development", "other"];
const STATES: &[&str] = &["available", "stopping", "stopped"];
/// Longest name and longest address, in characters.
const MAX_TEXT: usize = 255;

/// Performs an operation on environments or deployments.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let required: &[&str] = match operation {
        "CreateEnvironment" => &["name"],
        "CreateDeployment" => &["environment", "sha", "ref", "tag", "status"],
        "UpdateDeployment" => &["status"],
        _ => &[],
    };
    let values = [("status", STATUSES), ("tier", TIERS), ("states", STATES), ("tag", &["true", "false"])];
    scene.parameters.check(required, &values)?;
    match operation {
        "ListEnvironments" => list_environments(scene),
        "CreateEnvironment" => create_environment(scene),
        "ListDeployments" => list_deployments(scene),
        "CreateDeployment" => create_deployment(scene),
        _ if operation.ends_with("Environment") => environment(scene, operation),
        _ => deployment(scene, operation),
    }
}

fn list_environments(scene: &Scene<'_>) -> Outcome {
    let (name, search) = (scene.parameters.text("name"), scene.parameters.text("search"));
    if search.as_ref().is_some_and(|text| text.chars().count() < 3) {
        return Err(refused(400, "400 Bad request - Search query is less than 3 characters"));
    }
    let states = scene.parameters.text("states");
    let wanted = |environment: &&Environment| {
        name.as_ref().is_none_or(|name| name == &environment.name)
            && search.as_ref().is_none_or(|text| environment.name.contains(text))
            && states.as_ref().is_none_or(|state| state == &environment.state)
    };
    listed(scene, scene.project.environments.iter().filter(wanted).map(render::environment).collect())
}

fn create_environment(scene: &mut Scene<'_>) -> Outcome {
    let name = scene.parameters.text("name").unwrap_or_default();
    if scene.project.environments.iter().any(|known| known.name == name) {
        return Err(invalid("name", "has already been taken"));
    }
    let environment = new_environment(scene, &name)?;
    let answer = Answer::json(201, &render::environment(&environment));
    scene.project.environments.push(environment);
    Ok(answer)
}

fn new_environment(scene: &Scene<'_>, name: &str) -> Result<Environment, Box<Answer>> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_/${}. ".contains(letter);
    if name.chars().count() > MAX_TEXT {
        return Err(invalid("name", "is too long (maximum is 255 characters)"));
    }
    if !name.chars().all(plain) || name.starts_with('/') || name.ends_with('/') {
        let why = "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but it cannot start or end with '/'";
        return Err(invalid("name", why));
    }
    Ok(Environment {
        id: scene.ids.0,
        name: name.into(),
        external_url: address(scene)?,
        tier: scene
            .parameters
            .text("tier")
            .unwrap_or_else(|| if name.starts_with("prod") { "production" } else { "other" }.into()),
        state: "available".into(),
        created_at: scene.now,
        updated_at: scene.now,
    })
}

fn address(scene: &Scene<'_>) -> Result<Option<String>, Box<Answer>> {
    let url = scene.parameters.text("external_url").filter(|url| !url.is_empty());
    match &url {
        Some(url) if url.chars().count() > MAX_TEXT => Err(invalid("external_url", "is too long (maximum is 255 characters)")),
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            Err(invalid("external_url", "is blocked: Only allowed schemes are http, https"))
        }
        _ => Ok(url),
    }
}

fn environment(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let id = scene.argument(0).parse();
    let place = scene.project.environments.iter().position(|known| Ok(known.id) == id).ok_or_else(no_record)?;
    let (url, tier, now) = (address(scene)?, scene.parameters.text("tier"), scene.now);
    let known = scene.project.environments.get_mut(place).ok_or_else(no_record)?;
    match operation {
        "UpdateEnvironment" => {
            known.external_url = url.or_else(|| known.external_url.take());
            known.tier = tier.unwrap_or_else(|| known.tier.clone());
            known.updated_at = now;
        }
        "StopEnvironment" => (known.state, known.updated_at) = ("stopped".into(), now),
        "DeleteEnvironment" if known.state != "stopped" => return Err(refused(403, "403 Forbidden")),
        "DeleteEnvironment" => {
            let gone = scene.project.environments.remove(place);
            scene.project.deployments.retain(|deployment| deployment.environment != gone.id);
            return Ok(Answer::empty(204));
        }
        _ => {}
    }
    Ok(Answer::json(200, &render::environment(known)))
}

fn list_deployments(scene: &Scene<'_>) -> Outcome {
    let (name, status) = (scene.parameters.text("environment"), scene.parameters.text("status"));
    let named = |id: u64| scene.project.environments.iter().any(|known| known.id == id && Some(&known.name) == name.as_ref());
    let wanted = |deployment: &&Deployment| {
        (name.is_none() || named(deployment.environment)) && status.as_ref().is_none_or(|status| status == &deployment.status)
    };
    let mut found: Vec<&Deployment> = scene.project.deployments.iter().filter(wanted).collect();
    if scene.parameters.text("sort").as_deref() == Some("desc") {
        found.reverse();
    }
    listed(scene, found.into_iter().map(|deployment| render::deployment(&scene.site, scene.project, deployment)).collect())
}

/// Makes a deployment, and its environment if there is none of that name; a stopped one becomes available again.
fn create_deployment(scene: &mut Scene<'_>) -> Outcome {
    let text = |name: &str| scene.parameters.text(name).unwrap_or_default();
    let (name, sha, ref_name) = (text("environment"), text("sha"), text("ref"));
    let (tag, status) = (text("tag") == "true", text("status"));
    let place = scene.project.environments.iter().position(|known| known.name == name);
    let place = match place {
        Some(place) => place,
        None => {
            let environment = new_environment(scene, &name)?;
            scene.project.environments.push(environment);
            scene.project.environments.len() - 1
        }
    };
    let graph = &scene.project.graph;
    let sha = graph.commit(&sha).ok_or_else(|| invalid("sha", "The commit does not exist"))?.sha.clone();
    if !graph.refs.contains_key(&ref_name) {
        return Err(invalid("ref", "The branch or tag does not exist"));
    }
    let environment = scene.project.environments.get_mut(place).ok_or_else(no_record)?;
    environment.state = "available".into();
    let deployment = Deployment {
        id: scene.ids.1,
        iid: scene.project.deployments.last().map_or(1, |last| last.iid + 1),
        environment: environment.id,
        sha,
        ref_name,
        tag,
        status,
        author: scene.caller.clone(),
        created_at: scene.now,
        updated_at: scene.now,
    };
    let answer = Answer::json(201, &render::deployment(&scene.site, scene.project, &deployment));
    scene.project.deployments.push(deployment);
    Ok(answer)
}

fn deployment(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let id = scene.argument(0).parse();
    let place = scene.project.deployments.iter().position(|known| Ok(known.id) == id).ok_or_else(no_record)?;
    let (wanted, now) = (scene.parameters.text("status").unwrap_or_default(), scene.now);
    let known = scene.project.deployments.get_mut(place).ok_or_else(no_record)?;
    match operation {
        "UpdateDeployment" => {
            // What is running has begun, and what has ended does not begin again; an end may be followed by another.
            let event = match wanted.as_str() {
                "running" => Some("run"),
                end if end == known.status => Some(match end {
                    "success" => "succeed",
                    "failed" => "drop",
                    _ => "cancel",
                }),
                _ => None,
            };
            if let Some(event) = event {
                return Err(invalid("status", &format!("cannot transition via \"{event}\"")));
            }
            (known.status, known.updated_at) = (wanted, now);
        }
        "DeleteDeployment" if known.status == "running" => return Err(refused(400, "Cannot destroy running deployment")),
        "DeleteDeployment" => {
            scene.project.deployments.remove(place);
            return Ok(Answer::empty(204));
        }
        _ => {}
    }
    let known = known.clone();
    Ok(Answer::json(200, &render::deployment(&scene.site, scene.project, &known)))
}
