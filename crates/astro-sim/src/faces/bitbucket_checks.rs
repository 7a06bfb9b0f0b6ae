//! Build statuses and Code Insights of Bitbucket Cloud:
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/>,
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-reports/> and
//! <https://support.atlassian.com/bitbucket-cloud/docs/code-insights/>. It must not know what they tell.

use serde_json::{Map, Value, json};

use crate::exchange::Answer;
use crate::faces::bitbucket::{Outcome, Scene, invalid, listed, refused};
use crate::faces::bitbucket_render as render;
use crate::world::bitbucket::{Annotation, BuildStatus, Report};

const STATES: &[&str] = &["SUCCESSFUL", "FAILED", "INPROGRESS", "STOPPED"];
const REPORT_TYPES: &[&str] = &["SECURITY", "COVERAGE", "TEST", "BUG"];
const RESULTS: &[&str] = &["PASSED", "FAILED", "PENDING"];
const ANNOTATION_TYPES: &[&str] = &["VULNERABILITY", "CODE_SMELL", "BUG"];
const ANNOTATION_RESULTS: &[&str] = &["PASSED", "FAILED", "IGNORED", "SKIPPED"];
const SEVERITIES: &[&str] = &["CRITICAL", "HIGH", "MEDIUM", "LOW"];
/// Most annotations of a request and of a report.
const MAX_ANNOTATIONS: (usize, usize) = (100, 1000);

/// What a field of a request must be.
enum Rule {
    /// Text of at most so many characters.
    Text(usize),
    /// An address on the web.
    Url,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Performs an operation on statuses, reports or annotations.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let commit = scene.commit(scene.argument(0))?;
    match operation {
        "ListStatuses" => {
            let own = scene.repository.statuses.iter().filter(|status| status.commit == commit);
            let items = own.map(|status| render::status(&scene.site, scene.repository, status)).collect();
            listed(scene, items)
        }
        "CreateBuildStatus" => create_status(scene, commit),
        "GetBuildStatus" => {
            let key = scene.argument(1);
            let found = scene.repository.statuses.iter().find(|status| status.commit == commit && status.key == key);
            let status = found.ok_or_else(|| refused(404, "Build status not found"))?;
            Ok(Answer::json(200, &render::status(&scene.site, scene.repository, status)))
        }
        "PutReport" => put_report(scene, commit),
        _ => of_report(scene, operation, &commit),
    }
}

fn create_status(scene: &mut Scene<'_>, commit: String) -> Outcome {
    let fields = object(&scene.body)?;
    required(fields, &[("key", Rule::Text(40)), ("state", Rule::Word(STATES)), ("url", Rule::Url)])?;
    optional(fields, &[("name", Rule::Text(255)), ("description", Rule::Text(255)), ("refname", Rule::Text(255))])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let key = text("key").unwrap_or_default();
    let place = scene.repository.statuses.iter().position(|status| status.commit == commit && status.key == key);
    let known = place.and_then(|place| scene.repository.statuses.get(place));
    let status = BuildStatus {
        commit,
        key,
        state: text("state").unwrap_or_default(),
        url: text("url").unwrap_or_default(),
        name: text("name"),
        description: text("description"),
        refname: text("refname"),
        created_on: known.map_or(scene.now, |known| known.created_on),
        updated_on: scene.now,
    };
    let answer = Answer::json(201, &render::status(&scene.site, scene.repository, &status));
    match place.and_then(|place| scene.repository.statuses.get_mut(place)) {
        Some(known) => *known = status,
        None => scene.repository.statuses.push(status),
    }
    Ok(answer)
}

fn put_report(scene: &mut Scene<'_>, commit: String) -> Outcome {
    let fields = object(&scene.body)?.clone();
    required(&fields, &[("title", Rule::Text(450)), ("details", Rule::Text(2000)), ("report_type", Rule::Word(REPORT_TYPES))])?;
    optional(&fields, &[("result", Rule::Word(RESULTS)), ("reporter", Rule::Text(450)), ("link", Rule::Url)])?;
    if fields.get("data").and_then(Value::as_array).is_some_and(|data| data.len() > 10) {
        return Err(invalid("data", "A report has at most 10 data elements"));
    }
    let external_id = scene.argument(1).to_owned();
    let same = |report: &&mut Report| report.commit == commit && report.external_id == external_id;
    let report = match scene.repository.reports.iter_mut().find(same) {
        Some(known) => {
            known.fields = fields;
            known.clone()
        }
        None => {
            let report = Report { commit, external_id, fields, annotations: Vec::new() };
            scene.repository.reports.push(report.clone());
            report
        }
    };
    Ok(Answer::json(200, &render::report(&scene.site, scene.repository, &report)))
}

fn of_report(scene: &mut Scene<'_>, operation: &str, commit: &str) -> Outcome {
    let missing = || refused(404, "Report not found");
    let id = scene.argument(1);
    let place = scene.repository.reports.iter().position(|report| report.commit == commit && report.external_id == id);
    let place = place.ok_or_else(missing)?;
    let report = scene.repository.reports.get(place).ok_or_else(missing)?;
    match operation {
        "GetReport" => Ok(Answer::json(200, &render::report(&scene.site, scene.repository, report))),
        "DeleteReport" => {
            scene.repository.reports.remove(place);
            Ok(Answer::empty(204))
        }
        "ListAnnotations" => listed(scene, report.annotations.iter().map(render::annotation).collect()),
        _ => {
            let annotations = wanted_annotations(&scene.body)?;
            let same = |one: &Annotation, other: &Annotation| one.external_id == other.external_id;
            let kept = report.annotations.iter().filter(|known| !annotations.iter().any(|wanted| same(known, wanted))).count();
            if kept + annotations.len() > MAX_ANNOTATIONS.1 {
                return Err(refused(400, "A report cannot have more than 1000 annotations"));
            }
            let answer: Vec<Value> = annotations.iter().map(render::annotation).collect();
            let report = scene.repository.reports.get_mut(place).ok_or_else(missing)?;
            for annotation in annotations {
                match report.annotations.iter_mut().find(|known| same(known, &annotation)) {
                    Some(known) => *known = annotation,
                    None => report.annotations.push(annotation),
                }
            }
            Ok(Answer::json(200, &answer.into()))
        }
    }
}

fn wanted_annotations(body: &Value) -> Result<Vec<Annotation>, Box<Answer>> {
    let list = body.as_array().ok_or_else(|| refused(400, "Bad request"))?;
    if list.len() > MAX_ANNOTATIONS.0 {
        return Err(refused(400, "At most 100 annotations can be uploaded at once"));
    }
    let annotation = |value: &Value| {
        let fields = object(value)?;
        let must =
            [("external_id", Rule::Text(450)), ("annotation_type", Rule::Word(ANNOTATION_TYPES)), ("summary", Rule::Text(450))];
        required(fields, &must)?;
        let may =
            [("details", Rule::Text(2000)), ("severity", Rule::Word(SEVERITIES)), ("result", Rule::Word(ANNOTATION_RESULTS))];
        optional(fields, &may)?;
        optional(fields, &[("link", Rule::Url), ("path", Rule::Text(2000))])?;
        if fields.get("line").is_some_and(|line| line.as_u64().is_none()) {
            return Err(invalid("line", "A valid integer is required."));
        }
        let external_id = fields.get("external_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Annotation { external_id, fields: fields.clone() })
    };
    list.iter().map(annotation).collect()
}

fn object(body: &Value) -> Result<&Map<String, Value>, Box<Answer>> {
    body.as_object().ok_or_else(|| refused(400, "Bad request"))
}

fn required(fields: &Map<String, Value>, rules: &[(&str, Rule)]) -> Result<(), Box<Answer>> {
    let missing = rules.iter().find(|(name, _)| fields.get(*name).is_none_or(|value| value.is_null() || value == &json!("")));
    match missing {
        Some((name, _)) => Err(invalid(name, "This field is required.")),
        None => optional(fields, rules),
    }
}

fn optional(fields: &Map<String, Value>, rules: &[(&str, Rule)]) -> Result<(), Box<Answer>> {
    for (name, rule) in rules {
        let Some(value) = fields.get(*name).filter(|value| !value.is_null()) else { continue };
        let text = value.as_str().ok_or_else(|| invalid(name, "Not a valid string."))?;
        let length = text.chars().count();
        match rule {
            Rule::Text(most) if length > *most => {
                return Err(invalid(name, &format!("Ensure this value has at most {most} characters (it has {length}).")));
            }
            Rule::Url if !text.starts_with("http://") && !text.starts_with("https://") => {
                return Err(invalid(name, "Enter a valid URL."));
            }
            Rule::Word(words) if !words.contains(&text) => {
                return Err(invalid(name, &format!("\"{text}\" is not a valid choice.")));
            }
            _ => {}
        }
    }
    Ok(())
}
