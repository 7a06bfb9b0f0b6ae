//! GitHub's check runs: <https://docs.github.com/rest/checks/runs>.
//! It must not know who may ask.

use serde_json::{Map, Value};

use crate::exchange::Answer;
use crate::faces::github_answer::{Asked, address, missing, short_text, unprocessable};
use crate::faces::github_render_runs as render;
use crate::ids::Ids;
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::world::github::GitHubRepository;
use crate::world::github_runs::CheckRun;

/// Longest summary or text of an output, in characters.
const MAX_TEXT: usize = 65_535;
/// Most annotations of one request.
const MAX_ANNOTATIONS: usize = 50;
/// Longest message of an annotation, in bytes.
const MAX_MESSAGE: usize = 64 << 10;
/// Longest title of an annotation, in characters.
const MAX_TITLE: usize = 255;
/// How a run can end; only GitHub itself says `stale`.
const CONCLUSIONS: [&str; 7] = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];

/// Makes a check run.
pub fn create(repository: &mut GitHubRepository, asked: &Asked<'_>, ids: &mut Ids) -> Result<Answer, Refusal> {
    let body = &asked.body;
    let sha = fields::filled(body, "head_sha").ok_or_else(|| wrong("\"head_sha\" wasn't supplied."))?;
    let mut run = CheckRun {
        id: ids.number(),
        name: fields::filled(body, "name").ok_or_else(|| wrong("\"name\" wasn't supplied."))?,
        head_sha: repository
            .graph
            .exact(&sha)
            .ok_or_else(|| unprocessable(&format!("No commit found for SHA: {sha}")))?
            .sha
            .clone(),
        status: "queued".into(),
        conclusion: None,
        details_url: None,
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        started_at: asked.now,
        completed_at: None,
    };
    if body.get("output").is_some_and(|output| output.get("title").is_none()) {
        return Err(wrong("\"title\" wasn't supplied."));
    }
    change(&mut run, asked)?;
    let answer = Answer::json(201, &render::check_run(&asked.at, &run));
    repository.check_runs.push(run);
    Ok(answer)
}

/// Changes a check run; annotations are added to those it has.
pub fn update(repository: &mut GitHubRepository, asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let run = repository.check_runs.iter_mut().find(|run| Ok(run.id) == asked.argument().parse()).ok_or_else(missing)?;
    let mut changed = run.clone();
    if let Some(name) = fields::filled(&asked.body, "name") {
        changed.name = name;
    }
    change(&mut changed, asked)?;
    *run = changed;
    Ok(Answer::json(200, &render::check_run(&asked.at, run)))
}

/// Shows a check run, its annotations, or all runs of a commit.
pub fn read(repository: &GitHubRepository, asked: &Asked<'_>, operation: &str) -> Result<Answer, Refusal> {
    if operation == "ListCheckRuns" {
        let sha = &repository.graph.commit(asked.argument()).ok_or_else(missing)?.sha;
        let own = repository.check_runs.iter().filter(|run| &run.head_sha == sha);
        return Ok(asked.counted_page("check_runs", own.map(|run| render::check_run(&asked.at, run)).collect()));
    }
    let run = repository.check_runs.iter().find(|run| Ok(run.id) == asked.argument().parse()).ok_or_else(missing)?;
    match operation {
        "GetCheckRun" => Ok(Answer::json(200, &render::check_run(&asked.at, run))),
        _ => Ok(asked.page(run.annotations.iter().map(|annotation| render::annotation(&asked.at, run, annotation)).collect())),
    }
}

fn change(run: &mut CheckRun, asked: &Asked<'_>) -> Result<(), Refusal> {
    let body = &asked.body;
    let status = short_text(body, "status", 100)?;
    if status.as_deref().is_some_and(|status| !["queued", "in_progress", "completed"].contains(&status)) {
        return Err(wrong("\"status\" is not a member of [\"queued\", \"in_progress\", \"completed\"]."));
    }
    let conclusion = short_text(body, "conclusion", 100)?;
    if conclusion.as_deref().is_some_and(|conclusion| !CONCLUSIONS.contains(&conclusion)) {
        return Err(wrong("\"conclusion\" is not a conclusion that may be set."));
    }
    if conclusion.is_none() && (status.as_deref() == Some("completed") || body.contains_key("completed_at")) {
        return Err(wrong("\"conclusion\" wasn't supplied."));
    }
    if let Some(status) = status {
        run.status = status;
    }
    if conclusion.is_some() {
        run.status = "completed".into();
        run.conclusion = conclusion;
        run.completed_at = Some(asked.now);
    }
    if body.contains_key("details_url") {
        run.details_url = Some(address(body, "details_url")?);
    }
    match body.get("output") {
        None => Ok(()),
        Some(Value::Object(output)) => change_output(run, output),
        Some(_) => Err(wrong("\"output\" is not an object.")),
    }
}

fn change_output(run: &mut CheckRun, output: &Map<String, Value>) -> Result<(), Refusal> {
    let summary = short_text(output, "summary", MAX_TEXT)?;
    run.summary = Some(summary.ok_or_else(|| wrong("\"summary\" wasn't supplied."))?);
    if let Some(title) = short_text(output, "title", MAX_TEXT)? {
        run.title = Some(title);
    }
    if let Some(text) = short_text(output, "text", MAX_TEXT)? {
        run.text = Some(text);
    }
    let annotations = match output.get("annotations") {
        None => &[][..],
        Some(Value::Array(annotations)) => annotations,
        Some(_) => return Err(wrong("\"annotations\" is not an array.")),
    };
    if annotations.len() > MAX_ANNOTATIONS {
        let count = annotations.len();
        return Err(wrong(&format!("No more than {MAX_ANNOTATIONS} items are allowed; {count} were supplied.")));
    }
    annotations.iter().try_for_each(check_annotation)?;
    run.annotations.extend(annotations.iter().cloned());
    Ok(())
}

fn check_annotation(annotation: &Value) -> Result<(), Refusal> {
    let text = |key: &str| annotation.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let line = |key: &str| annotation.get(key).and_then(Value::as_u64).filter(|line| *line > 0);
    let (start, end) = (line("start_line"), line("end_line"));
    if text("path").is_none() || text("message").is_none() || start.is_none() || end.is_none() || end < start {
        return Err(wrong("An annotation needs a path, a message, and lines from 1 on."));
    }
    if !text("annotation_level").is_some_and(|level| ["notice", "warning", "failure"].contains(&level)) {
        return Err(wrong("\"annotation_level\" is not a member of [\"notice\", \"warning\", \"failure\"]."));
    }
    if ["start_column", "end_column"].iter().any(|key| annotation.get(key).is_some()) && start != end {
        return Err(wrong("Columns are for annotations of one line."));
    }
    let long = |key: &str| text(key).is_some_and(|text| text.len() > MAX_MESSAGE);
    if long("message") || long("raw_details") || text("title").is_some_and(|title| title.chars().count() > MAX_TITLE) {
        return Err(wrong("An annotation is too long."));
    }
    Ok(())
}

/// Returns the 422 of GitHub's schema check.
fn wrong(what: &str) -> Refusal {
    Refusal::new(422, "", format!("Invalid request.\n\n{what}"))
}
