//! The lists of a Deployment file but the queues: what they ask of a Deployment, and whether it can be.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::manifest::edit::VariableEdit;
use crate::model::manifest::entry::{At, ScheduleEntry, VariableEntry};
use crate::model::record::Record;
use crate::plan::deployments::merge::schedule_name;
use crate::plan::deployments::resolving::Resolving;

/// Resolves variables, addresses, schedules and remote execution.
pub fn resolve(resolving: &mut Resolving<'_>) {
    let manifest = resolving.manifest;
    if let Some(entries) = &manifest.variables {
        let edits: Vec<VariableEdit> = entries.iter().filter_map(|entry| variable(resolving, entry)).collect();
        resolving.asked.edit.variables = Some(edits);
    }
    if let Some(emails) = &manifest.emails {
        for email in emails {
            resolving.alias("alert_emails", &email.value, email);
        }
        resolving.asked.edit.emails = Some(emails.iter().map(|email| email.value.clone()).collect());
    }
    if let Some(entries) = &manifest.schedules {
        schedules(resolving, entries);
    }
    if let Some(remote) = &manifest.remote {
        let mut fields = BTreeMap::new();
        for (field, at) in remote {
            // The export shows an empty text for what is not set.
            if at.value != ""
                || resolving.around.present.is_some_and(|it| it.value(&format!("remoteExecution.{field}")).is_some())
            {
                fields.insert((*field).to_owned(), at.value.clone());
            }
        }
        let on = fields.get("enabled") == Some(&Value::Bool(true));
        if on && resolving.kind == "HYBRID" {
            let line = remote.first().map_or(manifest.line, |(_, at)| at.line);
            resolving.wrong(line, "a HYBRID Deployment has no remote execution");
        }
        let there = resolving.around.present.is_some_and(|present| present.value("remoteExecution").is_some());
        if on || there {
            resolving.asked.edit.remote = Some(fields);
        }
    }
}

fn variable(resolving: &mut Resolving<'_>, entry: &VariableEntry) -> Option<VariableEdit> {
    let (key, shown, line) = (entry.key.value.clone(), entry.key.shown().to_owned(), entry.key.line);
    resolving.alias("environment_variables", &key, &entry.key);
    let present = resolving.around.present.map(|it| it.records("environmentVariables")).unwrap_or_default();
    let present = present.iter().find(|variable| variable.text("key") == key);
    let was_secret = present.map(|variable| variable.flag("isSecret"));
    let is_secret = entry.is_secret.or(was_secret).unwrap_or_default();
    if was_secret == Some(true) && !is_secret {
        resolving.wrong(line, format!("the secret {shown} cannot be made readable; delete it first"));
        return None;
    }
    // Exports show an empty text or nothing for secrets.
    let value = entry.value.as_ref().filter(|value| !(is_secret && value.value.is_empty()));
    if value.is_none() && !(is_secret && present.is_some()) {
        let how =
            if is_secret { format!("; take it from the environment, such as `value: ${{{shown}}}`") } else { String::new() };
        resolving.wrong(line, format!("the environment variable {shown} has no `value`{how}"));
        return None;
    }
    if let Some(value) = value {
        resolving.hide(&format!("environment_variables.{key}"), value);
    }
    Some(VariableEdit { key, value: value.map(|value| value.value.clone()), is_secret: entry.is_secret })
}

fn schedules(resolving: &mut Resolving<'_>, entries: &[ScheduleEntry]) {
    let field = "scalingSpec.hibernationSpec.schedules";
    let present = resolving.around.present.map(|it| it.records(field)).unwrap_or_default();
    let mut edits = Vec::new();
    for entry in entries {
        let mut edit: Map<String, Value> = Map::new();
        edit.insert("hibernateAtCron".into(), entry.hibernate_at.value.clone().into());
        edit.insert("wakeAtCron".into(), entry.wake_at.value.clone().into());
        let written = (&entry.hibernate_at.written, &entry.wake_at.written);
        if written != (&None, &None) {
            let shown = At::new(0, format!("{} to {}", entry.hibernate_at.shown(), entry.wake_at.shown()));
            let shown = At { written: Some(shown.value.clone()), ..shown };
            resolving.alias("hibernation_schedules", &schedule_name(&edit), &shown);
        }
        let there = present.iter().find(|it| schedule_name(it.fields()) == schedule_name(&edit));
        let (is_new, described) = (there.is_none(), there.is_some_and(|it| !it.text("description").is_empty()));
        if let Some(description) = entry.description.as_ref().filter(|text| described || !text.is_empty()) {
            edit.insert("description".into(), description.clone().into());
        }
        if entry.enabled.is_none() && is_new {
            let line = entry.hibernate_at.line;
            resolving.asked.notes.push(format!("line {line}: the new schedule is off, because it does not say `enabled: true`"));
        }
        if let Some(enabled) = entry.enabled.or(is_new.then_some(false)) {
            edit.insert("isEnabled".into(), enabled.into());
        }
        edits.push(edit);
    }
    if let Some(first) = entries.first().filter(|_| !sleeps(resolving)) {
        resolving
            .wrong(first.hibernate_at.line, "only a Deployment in development mode hibernates (`is_development_mode: true`)");
        return;
    }
    resolving.asked.edit.schedules = Some(edits);
}

fn sleeps(resolving: &Resolving<'_>) -> bool {
    let asked = resolving.asked.edit.fields.get("isDevelopmentMode").map(|value| value == &json!(true));
    asked.unwrap_or_else(|| resolving.around.present.is_some_and(|present: &Record| present.flag("isDevelopmentMode")))
}
