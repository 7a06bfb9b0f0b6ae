//! Reads Deployment files: YAML or JSON, one Deployment under `deployment`, several in several documents or in a list
//! `deployments`. Keys that the Astro CLI only prints are let pass (`reference/astro-platform.md` 6.2).

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::model::manifest::entry::{At, Manifest};
use crate::model::manifest::node::{Node, Shape};
use crate::plan::deployments::keys::CONFIGURATION;
use crate::plan::deployments::keys::{self, Form, Setting};
use crate::plan::deployments::reading::{Lookup, Reading};
use crate::plan::deployments::{sections, text};

/// Most Deployments of a file.
const MOST: usize = 500;

const ROOT: &[&str] = &["deployment", "deployments"];
const PARTS: &[&str] =
    &["environment_variables", "configuration", "worker_queues", "metadata", "alert_emails", "hibernation_schedules"];
/// Keys that stand beside the configuration in an export, and in it in the documentation.
const IN_BOTH: &[&str] = &["hibernation_schedules"];

/// Returns the Deployments of a file's text, in its order. `lookup` gives the variables of the environment.
///
/// # Errors
/// `Kind::Project` with every mistake and its line.
pub fn manifests(file: &str, content: &str, lookup: Lookup<'_>) -> Result<Vec<Manifest>> {
    let documents = text::documents(file, content)?;
    let mut reading = Reading::new(lookup);
    let mut found = Vec::new();
    for document in &documents {
        for (key, name, value) in reading.entries(document, "the file", ROOT) {
            if key == "deployment" {
                found.extend(manifest(&mut reading, file, name.line, value));
                continue;
            }
            for item in reading.items(value, "deployments").unwrap_or_default() {
                // An item is written with or without the heading `deployment`.
                let inner = match &item.shape {
                    Shape::Map(entries) => match entries.as_slice() {
                        [(key, inner)] if key.text == "deployment" => inner,
                        _ => item,
                    },
                    _ => item,
                };
                found.extend(manifest(&mut reading, file, item.line, inner));
            }
        }
    }
    if let Some(error) = reading.into_error(file) {
        return Err(error);
    }
    let refused = |cause: String| Error::new(Kind::Project, format!("use {file}")).because(cause).at(file, None);
    match found.len() {
        0 => Err(refused("it holds no Deployment".to_owned()).hint("a Deployment file begins with `deployment:`")),
        all if all > MOST => Err(refused(format!("it holds {all} Deployments, and {MOST} is the most"))),
        _ => Ok(found),
    }
}

fn manifest(reading: &mut Reading<'_>, file: &str, line: usize, node: &Node) -> Option<Manifest> {
    let mut manifest = Manifest::new(file.to_owned(), line, At::new(line, String::new()));
    let mut configured = false;
    for (part, key, value) in reading.entries(node, "deployment", PARTS) {
        match part {
            "configuration" => {
                configured = true;
                configuration(reading, &mut manifest, value);
            }
            "environment_variables" => manifest.variables = sections::variables(reading, value),
            "worker_queues" => manifest.queues = sections::queues(reading, value),
            "alert_emails" => manifest.emails = sections::emails(reading, value),
            "hibernation_schedules" => schedules(reading, &mut manifest, key.line, value),
            // `metadata` is what the export knew; it says nothing about what is wanted.
            _ => {}
        }
    }
    if !configured {
        reading.wrong(line, "`deployment` has no `configuration`");
        return None;
    }
    if manifest.name.value.trim().is_empty() {
        reading.wrong(manifest.name.line, "`configuration` must give the Deployment a `name`");
        return None;
    }
    Some(manifest)
}

/// The documentation puts schedules into the configuration, the Astro CLI beside it; either will do, but not both.
fn schedules(reading: &mut Reading<'_>, manifest: &mut Manifest, line: usize, value: &Node) {
    let read = sections::schedules(reading, value);
    if manifest.schedules.is_some() && read.is_some() {
        reading.wrong(line, "`hibernation_schedules` is there twice, in `configuration` and beside it");
    }
    manifest.schedules = manifest.schedules.take().or(read);
}

fn configuration(reading: &mut Reading<'_>, manifest: &mut Manifest, node: &Node) {
    manifest.name.line = node.line;
    for (key, name, value) in reading.entries(node, "configuration", &[CONFIGURATION, IN_BOTH].concat()) {
        let place = format!("configuration.{key}");
        let filled = |reading: &mut Reading<'_>| reading.text(value, &place).filter(|text| !text.value.trim().is_empty());
        match key {
            "name" => {
                let read = reading.text(value, &place);
                manifest.name = read.unwrap_or_else(|| At::new(name.line, String::new()));
            }
            "workspace_name" => manifest.workspace = filled(reading),
            "cluster_name" => manifest.cluster = filled(reading),
            "default_worker_type" => manifest.default_worker_type = filled(reading),
            "remote_execution" => manifest.remote = sections::remote(reading, value),
            "hibernation_schedules" => schedules(reading, manifest, name.line, value),
            _ => {
                let setting = keys::of_key(key);
                let read = setting.and_then(|setting| one(reading, setting, value, &place));
                manifest.settings.extend(read.map(|read| (key, read)));
            }
        }
    }
}

/// Reads one setting. Empty words say nothing, as in the Astro CLI's exports.
fn one(reading: &mut Reading<'_>, setting: &Setting, node: &Node, place: &str) -> Option<At<Value>> {
    match setting.form {
        Form::Text => reading.text(node, place).map(|text| text.with(Value::from(text.value.clone()))),
        Form::Flag => reading.flag(node, place).map(|flag| flag.with(Value::from(flag.value))),
        Form::Whole => reading.whole(node, place).map(|number| number.with(Value::from(number.value))),
        Form::Word(words) => {
            let text = reading.text(node, place).filter(|text| !text.value.trim().is_empty())?;
            if let Some(word) = keys::word(words, &text.value) {
                return Some(text.with(Value::from(word)));
            }
            let mut known: Vec<&str> = words.iter().map(|(_, platform)| *platform).collect();
            known.dedup();
            let shown: String = text.written.as_deref().unwrap_or(&text.value).chars().take(64).collect();
            reading.wrong(text.line, format!("`{place}` is `{shown}`, and must be one of {}", known.join(", ")));
            None
        }
    }
}
