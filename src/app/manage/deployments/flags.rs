//! From flags to what a Deployment file would say, so that both ways follow the same rules.

use serde_json::Value;

use crate::cli::deployment_flags::{Configuration, Create, Switch};
use crate::error::{Error, Kind, Result};
use crate::model::manifest::entry::{At, Manifest};
use crate::plan::deployments::keys::{self, Form};

/// Returns what flags say of a new Deployment.
///
/// # Errors
/// `Kind::Usage` for words that are none.
pub fn of_new(given: &Create) -> Result<Manifest> {
    let mut manifest = configured(&given.name, &given.configuration)?;
    for (key, value) in [
        ("deployment_type", &given.kind),
        ("runtime_version", &given.runtime_version),
        ("cloud_provider", &given.cloud_provider),
        ("region", &given.region),
    ] {
        put(&mut manifest, key, value.as_deref().map(Value::from))?;
    }
    Ok(manifest)
}

/// Returns what flags say of a Deployment's configuration.
///
/// # Errors
/// `Kind::Usage` for words that are none.
pub fn configured(name: &str, given: &Configuration) -> Result<Manifest> {
    let mut manifest = Manifest::new(String::new(), 0, At::new(0, name.to_owned()));
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    let flag = |switch: Option<Switch>| switch.map(|switch| Value::from(switch == Switch::Enable));
    for (key, value) in [
        ("description", text(&given.description)),
        ("executor", text(&given.executor)),
        ("scheduler_size", text(&given.scheduler_size)),
        ("scheduler_au", given.scheduler_au.map(Value::from)),
        ("scheduler_count", given.scheduler_replicas.map(Value::from)),
        ("is_high_availability", flag(given.high_availability)),
        ("is_development_mode", flag(given.development_mode)),
        ("dag_deploy_enabled", flag(given.dag_deploy)),
        ("ci_cd_enforcement", flag(given.cicd_enforcement)),
        ("default_task_pod_cpu", text(&given.default_task_pod_cpu)),
        ("default_task_pod_memory", text(&given.default_task_pod_memory)),
        ("resource_quota_cpu", text(&given.resource_quota_cpu)),
        ("resource_quota_memory", text(&given.resource_quota_memory)),
        ("workload_identity", text(&given.workload_identity)),
    ] {
        put(&mut manifest, key, value)?;
    }
    Ok(manifest)
}

fn put(manifest: &mut Manifest, key: &'static str, value: Option<Value>) -> Result<()> {
    let (Some(value), Some(setting)) = (value, keys::of_key(key)) else { return Ok(()) };
    let value = match (setting.form, &value) {
        (Form::Word(words), Value::String(text)) => match keys::word(words, text) {
            Some(word) => Value::from(word),
            None => {
                let mut known: Vec<&str> = words.iter().map(|(_, platform)| *platform).collect();
                known.dedup();
                return Err(Error::new(Kind::Usage, format!("use `{text}` as {}", key.replace('_', " ")))
                    .because(format!("it is none of {}", known.join(", ").to_lowercase())));
            }
        },
        _ => value,
    };
    manifest.settings.push((key, At::new(0, value)));
    Ok(())
}
