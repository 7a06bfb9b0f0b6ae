//! Comments on Bitbucket Data Center's pull requests:
//! <https://developer.atlassian.com/server/bitbucket/rest/v906/api-group-pull-requests/>.
//! It must not know what they say.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::bitbucket_dc::{Outcome, Scene, field, paged, refused, unpermitted};
use crate::faces::bitbucket_dc_render as render;
use crate::world::bitbucket_dc::ServerComment;

/// Longest comment, in characters.
const MAX_COMMENT: usize = 32_768;

/// Performs an operation on comments.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let pull = scene.pull()?;
    match operation {
        "ListActivities" => {
            let own = scene.repository.comments.iter().rev().filter(|comment| comment.pull == pull);
            let mut items: Vec<Value> = own.map(|comment| render::commented(&scene.site, comment)).collect();
            items.push(render::opened(&scene.site));
            paged(scene, items)
        }
        // It lists what is said about the lines of one file, which is never about the pull request as a whole.
        "ListComments" => match scene.call.parameter("path") {
            Some(_) => paged(scene, Vec::new()),
            None => Err(field("path", "The path query parameter is required when retrieving comments.")),
        },
        "CreateComment" => {
            let (text, author) = (text(&scene.body)?, scene.caller.clone());
            let comment = ServerComment { id: scene.id, pull, version: 0, text, author, created: scene.now, updated: scene.now };
            let answer = Answer::json(201, &render::comment(&scene.site, &comment));
            scene.repository.comments.push(comment);
            Ok(answer)
        }
        _ => one(scene, operation, pull),
    }
}

fn one(scene: &mut Scene<'_>, operation: &str, pull: u64) -> Outcome {
    let message = format!("Comment {} does not exist.", scene.argument(1));
    let missing = || refused(404, &message, "comment.NoSuchCommentException");
    let (id, caller, now) = (scene.argument(1).parse(), scene.caller.clone(), scene.now);
    let place = scene.repository.comments.iter().position(|comment| Ok(comment.id) == id && comment.pull == pull);
    let place = place.ok_or_else(missing)?;
    let comment = scene.repository.comments.get_mut(place).ok_or_else(missing)?;
    if operation == "GetComment" {
        return Ok(Answer::json(200, &render::comment(&scene.site, comment)));
    }
    if comment.author != caller {
        return Err(unpermitted());
    }
    let named = match operation {
        "DeleteComment" => scene.call.parameter("version").and_then(|text| text.parse().ok()),
        _ => scene.body.get("version").and_then(Value::as_u64),
    };
    if named != Some(comment.version) {
        return Err(out_of_date(comment.version, named));
    }
    if operation == "DeleteComment" {
        scene.repository.comments.remove(place);
        return Ok(Answer::empty(204));
    }
    comment.text = text(&scene.body)?;
    (comment.version, comment.updated) = (comment.version + 1, now);
    Ok(Answer::json(200, &render::comment(&scene.site, comment)))
}

fn text(body: &Value) -> Result<String, Box<Answer>> {
    let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_COMMENT {
        return Err(field("text", "Please enter a non-empty value less than 32768 characters"));
    }
    Ok(text.to_owned())
}

/// A call that names no version counts as one that expects version -1.
fn out_of_date(current: u64, expected: Option<u64>) -> Box<Answer> {
    let error = json!({
        "context": null, "message": "You are attempting to modify a comment based on out-of-date information.",
        "exceptionName": "com.atlassian.bitbucket.comment.CommentOutOfDateException", "currentVersion": current,
        "expectedVersion": expected.map_or(json!(-1), |version| json!(version)),
    });
    Box::new(Answer::json(409, &json!({ "errors": [error] })))
}
