//! Commit statuses, which are jobs of a pipeline: <https://docs.gitlab.com/api/commits/>.
//! It must not know what they tell.

use serde_json::Value;

use crate::exchange::Answer;
use crate::faces::gitlab::{Scene, listed};
use crate::faces::gitlab_render as render;
use crate::faces::gitlab_request::{Outcome, invalid, missing, refused};
use crate::world::gitlab::{CommitStatus, Pipeline, Role};

/// Longest description and longest address, in characters.
const MAX_TEXT: usize = 255;
const STATES: &[&str] = &["pending", "running", "success", "failed", "canceled", "skipped"];

/// Sets a commit's status: changes the unfinished one of the same name, branch and author, or makes one.
pub fn create(scene: &mut Scene<'_>) -> Outcome {
    scene.parameters.check(&["state"], &[("state", STATES)])?;
    let text = |name: &str| scene.parameters.text(name);
    let sha = scene.project.graph.commit(scene.argument(0)).ok_or_else(|| missing("Commit"))?.sha.clone();
    let (description, target_url) = (text("description"), text("target_url"));
    check_texts(description.as_deref(), target_url.as_deref())?;
    let name = text("name").or_else(|| text("context")).unwrap_or_else(|| "default".into());
    let state = text("state").unwrap_or_default();
    let (pipeline, ref_name) = pipeline(scene, &sha)?;
    if scene.project.protected.contains(&ref_name) && scene.role < Role::Maintainer {
        return Err(refused(403, "403 Forbidden"));
    }
    let open = |status: &CommitStatus| {
        let same = (status.pipeline, &status.name, &status.ref_name, &status.author);
        same == (pipeline, &name, &ref_name, &scene.caller) && ["pending", "running"].contains(&status.status.as_str())
    };
    let place = scene.project.statuses.iter().position(open);
    let known = place.and_then(|place| scene.project.statuses.get(place));
    if let Some(known) = known {
        check_transition(&known.status, &state)?;
    }
    let status = CommitStatus {
        id: known.map_or(scene.ids.0, |known| known.id),
        pipeline,
        sha,
        ref_name,
        name,
        status: state,
        description: description.or_else(|| known?.description.clone()),
        target_url: target_url.or_else(|| known?.target_url.clone()),
        author: scene.caller.clone(),
        created_at: known.map_or(scene.now, |known| known.created_at),
    };
    let answer = Answer::json(201, &render::status(&scene.site, &status));
    match place.and_then(|place| scene.project.statuses.get_mut(place)) {
        Some(known) => *known = status,
        None => scene.project.statuses.push(status),
    }
    Ok(answer)
}

/// Lists the newest status of each name and branch, or all.
pub fn list(scene: &Scene<'_>) -> Outcome {
    let sha = &scene.project.graph.commit(scene.argument(0)).ok_or_else(|| missing("Commit"))?.sha;
    let all = scene.parameters.text("all").is_some_and(|text| ["1", "true"].contains(&text.as_str()));
    let of_commit: Vec<&CommitStatus> = scene.project.statuses.iter().filter(|status| &status.sha == sha).collect();
    let newer = |status: &CommitStatus| {
        let same = |other: &&&CommitStatus| (&other.name, &other.ref_name) == (&status.name, &status.ref_name);
        of_commit.iter().rev().find(same).is_some_and(|newest| newest.id > status.id)
    };
    let shown = of_commit.iter().filter(|status| all || !newer(status));
    let shown: Vec<Value> = shown.map(|status| render::status(&scene.site, status)).collect();
    listed(scene, shown)
}

fn check_texts(description: Option<&str>, target_url: Option<&str>) -> Result<(), Box<Answer>> {
    let long = |text: Option<&str>| text.is_some_and(|text| text.chars().count() > MAX_TEXT);
    for (field, text) in [("description", description), ("target_url", target_url)] {
        if long(text) {
            return Err(invalid(field, "is too long (maximum is 255 characters)"));
        }
    }
    match target_url {
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            Err(invalid("target_url", "is blocked: Only allowed schemes are http, https"))
        }
        _ => Ok(()),
    }
}

/// A job that waits cannot be told to wait again, nor one that runs to wait or run.
fn check_transition(from: &str, to: &str) -> Result<(), Box<Answer>> {
    let event = match (from, to) {
        (_, "pending") => "enqueue",
        ("running", "running") => "run",
        _ => return Ok(()),
    };
    let message =
        format!("Cannot transition status via :{event} from :{from} (Reason(s): Status cannot transition via \"{event}\")");
    Err(refused(400, message))
}

/// Returns the newest fitting pipeline and its branch, or a new one of an external system.
fn pipeline(scene: &mut Scene<'_>, sha: &str) -> Result<(u64, String), Box<Answer>> {
    let (wanted, ref_name) = (scene.parameters.text("pipeline_id"), scene.parameters.text("ref"));
    let fits = |pipeline: &&Pipeline| {
        pipeline.sha == sha
            && ref_name.as_ref().is_none_or(|name| name == &pipeline.ref_name)
            && wanted.as_ref().is_none_or(|id| Ok(pipeline.id) == id.parse())
    };
    if let Some(found) = scene.project.pipelines.iter().rev().find(fits) {
        return Ok((found.id, ref_name.unwrap_or_else(|| found.ref_name.clone())));
    }
    if wanted.is_some() {
        return Err(missing("Pipeline for pipeline_id, sha and ref"));
    }
    let containing = || scene.project.graph.name_containing(sha).map(str::to_owned);
    let ref_name = ref_name.or_else(containing).ok_or_else(|| missing("References for commit"))?;
    let pipeline = Pipeline { id: scene.ids.1, sha: sha.into(), ref_name: ref_name.clone(), source: "external".into() };
    scene.project.pipelines.push(pipeline);
    Ok((scene.ids.1, ref_name))
}
