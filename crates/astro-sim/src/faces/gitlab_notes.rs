//! Notes on merge requests: <https://docs.gitlab.com/api/notes/>.
//! It must not know what they say, except for lines that are commands.

use serde_json::json;

use crate::exchange::Answer;
use crate::faces::gitlab::{Scene, listed};
use crate::faces::gitlab_render as render;
use crate::faces::gitlab_request::{Outcome, malformed, missing, no_record, refused};
use crate::world::gitlab::{Note, Role};

/// Longest note, in characters.
const MAX_NOTE: usize = 1_000_000;

/// Lines that begin with one of these are carried out and not shown:
/// <https://docs.gitlab.com/user/project/quick_actions/>.
const QUICK_ACTIONS: [&str; 22] = [
    "/approve",
    "/assign",
    "/assign_reviewer",
    "/close",
    "/copy_metadata",
    "/draft",
    "/label",
    "/lock",
    "/merge",
    "/milestone",
    "/ready",
    "/rebase",
    "/reopen",
    "/spend",
    "/submit_review",
    "/subscribe",
    "/target_branch",
    "/title",
    "/unapprove",
    "/unassign",
    "/unlabel",
    "/unlock",
];

/// Performs an operation on notes.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    scene.parameters.check(
        if operation == "CreateNote" { &["body"] } else { &[] },
        &[("sort", &["asc", "desc"]), ("order_by", &["created_at", "updated_at"])],
    )?;
    let iid = scene.argument(0).parse();
    let merge_request = scene.project.merge_requests.iter().find(|found| Ok(found.iid) == iid);
    let merge_request = merge_request.ok_or_else(|| missing("MergeRequest"))?.iid;
    match operation {
        "ListNotes" => list(scene, merge_request),
        "CreateNote" => create(scene, merge_request),
        _ => one(scene, operation, merge_request),
    }
}

fn list(scene: &Scene<'_>, merge_request: u64) -> Outcome {
    let mut notes: Vec<&Note> = scene.project.notes.iter().filter(|note| note.merge_request == merge_request).collect();
    let by_change = scene.parameters.text("order_by").as_deref() == Some("updated_at");
    notes.sort_by_key(|note| (if by_change { note.updated_at } else { note.created_at }, note.id));
    if scene.parameters.text("sort").as_deref() != Some("asc") {
        notes.reverse();
    }
    listed(scene, notes.into_iter().map(|note| render::note(&scene.site, scene.project, note)).collect())
}

fn create(scene: &mut Scene<'_>, merge_request: u64) -> Outcome {
    let (body, commands) = content(scene)?;
    if body.is_empty() {
        let summary = json!({ "commands_changes": {}, "summary": [format!("Applied {}", commands.join(" "))] });
        return Ok(said(Answer::json(202, &summary), &commands));
    }
    let (id, author) = (scene.ids.0, scene.caller.clone());
    let note = Note { id, merge_request, body, author, system: false, created_at: scene.now, updated_at: scene.now };
    let answer = Answer::json(201, &render::note(&scene.site, scene.project, &note));
    scene.project.notes.push(note);
    Ok(said(answer, &commands))
}

fn one(scene: &mut Scene<'_>, operation: &str, merge_request: u64) -> Outcome {
    let id = scene.argument(1).parse();
    let found = scene.project.notes.iter().position(|note| Ok(note.id) == id && note.merge_request == merge_request);
    let place = found.ok_or_else(no_record)?;
    let note = scene.project.notes.get(place).ok_or_else(no_record)?;
    if operation == "GetNote" {
        return Ok(Answer::json(200, &render::note(&scene.site, scene.project, note)));
    }
    if note.system || (note.author != scene.caller && scene.role < Role::Maintainer) {
        return Err(refused(403, "403 Forbidden"));
    }
    if operation == "DeleteNote" {
        scene.project.notes.remove(place);
        return Ok(Answer::empty(204));
    }
    let (body, commands) = content(scene)?;
    let now = scene.now;
    let note = scene.project.notes.get_mut(place).ok_or_else(no_record)?;
    (note.body, note.updated_at) = (body, now);
    let note = note.clone();
    Ok(said(Answer::json(200, &render::note(&scene.site, scene.project, &note)), &commands))
}

/// Returns a note's text and the commands in it.
fn content(scene: &Scene<'_>) -> Result<(String, Vec<String>), Box<Answer>> {
    let body = scene.parameters.text("body").ok_or_else(|| malformed("body is missing"))?;
    if body.trim().is_empty() {
        return Err(malformed("body is empty"));
    }
    if body.chars().count() > MAX_NOTE {
        let why = r#"400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}"#;
        return Err(refused(400, why));
    }
    let (mut kept, mut commands, mut fenced) = (Vec::new(), Vec::new(), false);
    for line in body.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let word = line.split_whitespace().next().filter(|_| line.starts_with('/') && !fenced).unwrap_or_default();
        match QUICK_ACTIONS.contains(&word) {
            true => commands.push(word.to_owned()),
            false => kept.push(line),
        }
    }
    let kept = if commands.is_empty() { body } else { kept.join("\n").trim().to_owned() };
    Ok((kept, commands))
}

/// A report that commands the forge is somebody else's text in our name.
fn said(answer: Answer, commands: &[String]) -> Answer {
    if commands.is_empty() { answer } else { answer.violating(format!("a note carried out {}", commands.join(" "))) }
}
