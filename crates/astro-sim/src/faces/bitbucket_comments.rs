//! Comments on Bitbucket Cloud's pull requests:
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/>.
//! It must not know what they say.

use serde_json::Value;

use crate::exchange::Answer;
use crate::faces::bitbucket::{Outcome, Scene, invalid, listed, no_pull, refused};
use crate::faces::bitbucket_render as render;
use crate::world::bitbucket::PullComment;

/// Longest comment, in characters. No page of the vendor's tells it; clients have found it.
const MAX_COMMENT: usize = 32_768;

/// Performs an operation on comments.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let id = scene.argument(0).parse();
    let pull = scene.repository.pulls.iter().find(|pull| Ok(pull.id) == id).ok_or_else(no_pull)?.id;
    match operation {
        "ListPullRequestComments" => {
            let own = scene.repository.comments.iter().filter(|comment| comment.pull == pull);
            let items = own.map(|comment| render::comment(&scene.site, scene.repository, comment)).collect();
            listed(scene, items)
        }
        "CreatePullRequestComment" => {
            let (raw, author) = (raw(&scene.body)?, scene.caller.clone());
            let comment =
                PullComment { id: scene.id, pull, raw, author, deleted: false, created_on: scene.now, updated_on: scene.now };
            let body = render::comment(&scene.site, scene.repository, &comment);
            scene.repository.comments.push(comment);
            let location = body["links"]["self"]["href"].as_str().unwrap_or_default();
            Ok(Answer::json(201, &body).header("location", location))
        }
        _ => one(scene, operation, pull),
    }
}

fn one(scene: &mut Scene<'_>, operation: &str, pull: u64) -> Outcome {
    let missing = || refused(404, "Comment not found");
    let (id, caller, now) = (scene.argument(1).parse(), scene.caller.clone(), scene.now);
    let place = scene.repository.comments.iter().position(|comment| Ok(comment.id) == id && comment.pull == pull);
    let place = place.ok_or_else(missing)?;
    let comment = scene.repository.comments.get_mut(place).ok_or_else(missing)?;
    if operation != "GetPullRequestComment" {
        if comment.author != caller {
            return Err(refused(403, "You do not have access to this comment"));
        }
        if comment.deleted {
            return Err(missing());
        }
        if operation == "DeletePullRequestComment" {
            (comment.deleted, comment.raw) = (true, String::new());
            return Ok(Answer::empty(204));
        }
        (comment.raw, comment.updated_on) = (raw(&scene.body)?, now);
    }
    let comment = comment.clone();
    Ok(Answer::json(200, &render::comment(&scene.site, scene.repository, &comment)))
}

fn raw(body: &Value) -> Result<String, Box<Answer>> {
    let content = body.get("content").ok_or_else(|| invalid("content", "required key not provided"))?;
    let raw = content.get("raw").and_then(Value::as_str).ok_or_else(|| invalid("content.raw", "required key not provided"))?;
    let length = raw.chars().count();
    match length {
        0 => Err(invalid("content.raw", "This field may not be blank.")),
        1..=MAX_COMMENT => Ok(raw.to_owned()),
        _ => Err(invalid("content.raw", &format!("Ensure this value has at most {MAX_COMMENT} characters (it has {length})."))),
    }
}
