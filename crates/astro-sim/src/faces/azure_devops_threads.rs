//! Azure DevOps' threads of a pull request:
//! <https://learn.microsoft.com/rest/api/azure/devops/git/pull-request-threads?view=azure-devops-rest-7.1>.
//! It must not know who may ask.

use serde_json::{Map, Value};

use crate::exchange::Answer;
use crate::faces::azure_devops_answer::{Asked, invalid, list, word};
use crate::faces::azure_devops_render as render;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::world::azure_devops::{AzureRepository, Thread, ThreadComment};

/// Longest comment, in characters. Not documented; the service says so when it refuses.
const MAX_COMMENT: usize = 150_000;
/// Kinds of comments, by number.
const KINDS: [&str; 4] = ["unknown", "text", "codeChange", "system"];
/// States of threads, by number.
const STATES: [&str; 7] = ["unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending"];

/// Performs what concerns threads.
pub fn perform(repository: &mut AzureRepository, asked: &Asked<'_>, operation: &str, ids: &mut Ids) -> Result<Answer, Refusal> {
    let pull = asked.pull(repository)?.id;
    match operation {
        "ListThreads" => {
            let own = repository.threads.iter().filter(|thread| thread.pull == pull);
            Ok(list(own.map(|thread| render::thread(&asked.base, repository, thread)).collect()))
        }
        "CreateThread" => {
            let thread = new_thread(asked, pull, ids.number())?;
            let answer = Answer::json(200, &render::thread(&asked.base, repository, &thread));
            repository.threads.push(thread);
            Ok(answer)
        }
        "UpdateThread" => {
            let thread = thread(repository, asked, pull)?;
            if let Some(status) = asked.body.get("status") {
                thread.status = Some(word(status, &STATES, "status")?.into());
                thread.updated = asked.now;
            }
            show(repository, asked, pull)
        }
        "CreateThreadComment" => {
            let thread = thread(repository, asked, pull)?;
            let comment = new_comment(asked, &asked.body, &thread.comments)?;
            let answer = Answer::json(200, &render::comment(&asked.base, &comment));
            thread.comments.push(comment);
            thread.updated = asked.now;
            Ok(answer)
        }
        "UpdateThreadComment" => {
            let number = asked.argument(2).parse();
            let comment = thread(repository, asked, pull)?.comments.iter_mut().find(|comment| Ok(comment.id) == number);
            let missing = || Refusal::new(404, "CommentNotFoundException", "The comment does not exist.");
            let comment = comment.ok_or_else(missing)?;
            if comment.author != asked.identity {
                return Err(Refusal::new(403, "GitNeedsPermissionException", "Only the author of a comment can change it."));
            }
            comment.content = content(&asked.body)?;
            comment.updated = asked.now;
            Ok(Answer::json(200, &render::comment(&asked.base, comment)))
        }
        _ => show(repository, asked, pull),
    }
}

fn show(repository: &mut AzureRepository, asked: &Asked<'_>, pull: u64) -> Result<Answer, Refusal> {
    let thread = thread(repository, asked, pull)?.clone();
    Ok(Answer::json(200, &render::thread(&asked.base, repository, &thread)))
}

fn thread<'a>(repository: &'a mut AzureRepository, asked: &Asked<'_>, pull: u64) -> Result<&'a mut Thread, Refusal> {
    let number = asked.argument(1).parse();
    let found = repository.threads.iter_mut().find(|thread| thread.pull == pull && Ok(thread.id) == number);
    found.ok_or_else(|| Refusal::new(404, "CommentThreadNotFoundException", "The comment thread does not exist."))
}

fn new_thread(asked: &Asked<'_>, pull: u64, id: u64) -> Result<Thread, Refusal> {
    let status = asked.body.get("status").map(|status| word(status, &STATES, "status")).transpose()?;
    let given = asked.body.get("comments").and_then(Value::as_array).filter(|comments| !comments.is_empty());
    let mut comments = Vec::new();
    for comment in given.ok_or_else(|| invalid("Value cannot be null.\r\nParameter name: commentThread.Comments"))? {
        let fields = comment.as_object().ok_or_else(|| invalid("Value cannot be null.\r\nParameter name: comment"))?;
        comments.push(new_comment(asked, fields, &comments)?);
    }
    let status = Some(status.unwrap_or("active").to_owned());
    Ok(Thread { id, pull, status, comments, published: asked.now, updated: asked.now })
}

fn new_comment(asked: &Asked<'_>, fields: &Map<String, Value>, others: &[ThreadComment]) -> Result<ThreadComment, Refusal> {
    let parent = fields.get("parentCommentId").map_or(Some(0), Value::as_u64);
    let parent = parent.filter(|parent| *parent == 0 || others.iter().any(|other| other.id == *parent));
    let kind = fields.get("commentType").map_or(Ok("text"), |kind| word(kind, &KINDS, "commentType"))?;
    Ok(ThreadComment {
        id: others.len() as u64 + 1,
        parent: parent.ok_or_else(|| invalid("The parent comment does not exist.\r\nParameter name: comment.ParentCommentId"))?,
        content: content(fields)?,
        kind: kind.into(),
        author: asked.identity.clone(),
        published: asked.now,
        updated: asked.now,
    })
}

fn content(fields: &Map<String, Value>) -> Result<String, Refusal> {
    let text = fields.get("content").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| invalid("Value cannot be null.\r\nParameter name: comment.Content"))?;
    if text.chars().count() > MAX_COMMENT {
        let why =
            format!("A discussion comment cannot be longer than {MAX_COMMENT} characters.\r\nParameter name: comment.Content");
        return Err(Refusal::new(400, "ArgumentException", why));
    }
    Ok(text.to_owned())
}
