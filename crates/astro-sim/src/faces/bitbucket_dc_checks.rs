//! Build statuses and Code Insights of Bitbucket Data Center:
//! <https://developer.atlassian.com/server/bitbucket/rest/v906/api-group-builds-and-deployments/>.
//! It must not know what they tell.

use serde_json::{Map, Value, json};

use crate::exchange::Answer;
use crate::faces::bitbucket_dc::{Outcome, Scene, field, refused, unpermitted};
use crate::faces::bitbucket_dc_render as render;
use crate::world::bitbucket_dc::{ServerBuild, ServerReport};

const STATES: &[&str] = &["SUCCESSFUL", "FAILED", "INPROGRESS", "CANCELLED", "UNKNOWN"];
const RESULTS: &[&str] = &["PASS", "FAIL"];
const SEVERITIES: &[&str] = &["LOW", "MEDIUM", "HIGH"];
const TYPES: &[&str] = &["VULNERABILITY", "CODE_SMELL", "BUG"];
/// Most annotations of a report.
const MAX_ANNOTATIONS: usize = 1000;

/// Performs an operation on builds, reports or annotations.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let name = scene.argument(0);
    if name.len() != 40 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(field("commitId", "A full 40 character commit hash is required."));
    }
    let commit = scene.commit(name)?;
    match operation {
        "AddBuild" => add_build(scene, commit),
        "GetBuild" => {
            let key = scene.call.parameter("key").ok_or_else(|| field("key", "The key is required."))?;
            let found = scene.repository.builds.iter().find(|build| build.commit == commit && build.key == key);
            let message = format!("No build status with key {key} exists for commit {commit}.");
            let build = found.ok_or_else(|| refused(404, &message, "build.status.NoSuchBuildStatusException"))?;
            Ok(Answer::json(200, &render::build(build)))
        }
        "PutReport" => put_report(scene, commit),
        _ => of_report(scene, operation, &commit),
    }
}

/// Texts are limited as the vendor's pages say; of `name` and `description` only the older resource's page does.
fn add_build(scene: &mut Scene<'_>, commit: String) -> Outcome {
    let mut fields = object(&scene.body)?.clone();
    for (name, most) in [("key", 255), ("url", 450)] {
        if text(&fields, name).is_none_or(str::is_empty) {
            return Err(field(name, &format!("The {name} of a build status is required.")));
        }
        limit(&fields, name, most)?;
    }
    limit(&fields, "name", 255)?;
    limit(&fields, "description", 255)?;
    address(&fields, "url")?;
    word(&fields, "state", STATES)?;
    if text(&fields, "ref").is_some_and(|name| !name.starts_with("refs/")) {
        return Err(field("ref", "The ref must be fully qualified."));
    }
    let take = |fields: &mut Map<String, Value>, name: &str| {
        fields.remove(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let (key, state) = (take(&mut fields, "key"), take(&mut fields, "state"));
    if state.is_empty() {
        return Err(field("state", "The state of a build status is required."));
    }
    scene.repository.builds.retain(|build| build.commit != commit || build.key != key);
    scene.repository.builds.push(ServerBuild { commit, key, state, fields, updated: scene.now });
    Ok(Answer::empty(204))
}

fn put_report(scene: &mut Scene<'_>, commit: String) -> Outcome {
    let fields = object(&scene.body)?.clone();
    if text(&fields, "title").is_none_or(str::is_empty) {
        return Err(field("title", "The report title is required."));
    }
    for (name, most) in [("title", 450), ("details", 2000), ("reporter", 450)] {
        limit(&fields, name, most)?;
    }
    word(&fields, "result", RESULTS)?;
    address(&fields, "link")?;
    if fields.get("data").and_then(Value::as_array).is_some_and(|data| data.len() > 6) {
        return Err(field("data", "A report has at most 6 data fields."));
    }
    let (key, author, updated) = (scene.argument(1).to_owned(), scene.caller.clone(), scene.now);
    let place = scene.repository.reports.iter().position(|report| report.commit == commit && report.key == key);
    let report = match place.and_then(|place| scene.repository.reports.get_mut(place)) {
        Some(known) if known.author != author => return Err(unpermitted()),
        Some(known) => {
            (known.fields, known.updated) = (fields, updated);
            known.clone()
        }
        None => {
            let report = ServerReport { commit, key, author, fields, annotations: Vec::new(), updated };
            scene.repository.reports.push(report.clone());
            report
        }
    };
    Ok(Answer::json(200, &render::report(&report)))
}

fn of_report(scene: &mut Scene<'_>, operation: &str, commit: &str) -> Outcome {
    let key = scene.argument(1).to_owned();
    let message = format!("No report with key {key} exists for commit {commit}.");
    let missing = || refused(404, &message, "codeinsights.report.NoSuchInsightReportException");
    let place = scene.repository.reports.iter().position(|report| report.commit == commit && report.key == key);
    let place = place.ok_or_else(missing)?;
    let report = scene.repository.reports.get_mut(place).ok_or_else(missing)?;
    match operation {
        "GetReport" => return Ok(Answer::json(200, &render::report(report))),
        "GetAnnotations" => return Ok(Answer::json(200, &json!({ "annotations": report.annotations }))),
        _ if report.author != scene.caller => return Err(unpermitted()),
        "DeleteReport" => drop(scene.repository.reports.remove(place)),
        "DeleteAnnotations" => {
            let wanted = scene.call.parameters("externalId");
            let named = |annotation: &Map<String, Value>| {
                text(annotation, "externalId").is_some_and(|id| wanted.iter().any(|it| it == id))
            };
            report.annotations.retain(|annotation| !wanted.is_empty() && !named(annotation));
        }
        _ => {
            let wanted = wanted_annotations(&scene.body)?;
            if report.annotations.len() + wanted.len() > MAX_ANNOTATIONS {
                return Err(field("annotations", "A report cannot have more than 1000 annotations."));
            }
            report.annotations.extend(wanted);
        }
    }
    Ok(Answer::empty(204))
}

fn wanted_annotations(body: &Value) -> Result<Vec<Map<String, Value>>, Box<Answer>> {
    let list = body.get("annotations").and_then(Value::as_array);
    let annotation = |value: &Value| {
        let fields = object(value)?;
        for name in ["message", "severity"] {
            if text(fields, name).is_none_or(str::is_empty) {
                return Err(field(name, &format!("The {name} of an annotation is required.")));
            }
        }
        limit(fields, "message", 2000)?;
        limit(fields, "externalId", 449)?;
        word(fields, "severity", SEVERITIES)?;
        word(fields, "type", TYPES)?;
        address(fields, "link")?;
        if fields.get("line").is_some_and(|line| line.as_u64().is_none()) {
            return Err(field("line", "The line must be a non-negative integer."));
        }
        Ok(fields.clone())
    };
    list.ok_or_else(|| field("annotations", "The annotations are required."))?.iter().map(annotation).collect()
}

fn object(body: &Value) -> Result<&Map<String, Value>, Box<Answer>> {
    body.as_object().ok_or_else(|| refused(400, "A JSON object is required.", ""))
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn limit(fields: &Map<String, Value>, name: &str, most: usize) -> Result<(), Box<Answer>> {
    match text(fields, name).map(|text| text.chars().count()) {
        Some(length) if length > most => Err(field(name, &format!("The {name} must not be longer than {most} characters."))),
        _ => Ok(()),
    }
}

fn word(fields: &Map<String, Value>, name: &str, words: &[&str]) -> Result<(), Box<Answer>> {
    match fields.get(name) {
        Some(value) if !value.as_str().is_some_and(|text| words.contains(&text)) => {
            Err(field(name, &format!("The {name} must be one of: {}.", words.join(", "))))
        }
        _ => Ok(()),
    }
}

fn address(fields: &Map<String, Value>, name: &str) -> Result<(), Box<Answer>> {
    match text(fields, name) {
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            Err(field(name, &format!("The {name} must be a valid http or https URL.")))
        }
        _ => Ok(()),
    }
}
