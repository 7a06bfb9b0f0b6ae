//! Writes a Deployment file as text, with its keys in the Astro CLI's order. It knows no Deployment.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

use crate::error::{Error, Kind, Result};
use crate::plan::deployments::keys::CONFIGURATION;

/// Every other key than those of the configuration, each before those that follow it wherever both stand in one mapping.
const ORDER: &[&str] = &[
    "environment_variables",
    "configuration",
    "worker_queues",
    "metadata",
    "alert_emails",
    "hibernation_schedules",
    "is_secret",
    "key",
    "hibernate_at",
    "wake_at",
    "name",
    "description",
    "enabled",
    "allowed_ip_address_ranges",
    "task_log_bucket",
    "task_log_url_pattern",
    "max_worker_count",
    "min_worker_count",
    "worker_concurrency",
    "worker_type",
    "pod_ephemeral_storage",
    "pod_cpu",
    "pod_ram",
    "deployment_id",
    "workspace_id",
    "cluster_id",
    "release_name",
    "airflow_version",
    "current_tag",
    "status",
    "created_at",
    "updated_at",
    "deployment_url",
    "webserver_url",
    "airflow_api_url",
    "hibernation_override",
    "value",
];

/// A value whose keys are written in order.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                // The keys of the configuration follow its name and description, which are in both lists.
                let known = || ORDER.iter().chain(CONFIGURATION);
                let rank = |key: &str| known().position(|known| *known == key).unwrap_or(usize::MAX);
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                fields.sort_by_key(|(key, _)| rank(key));
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

/// Returns a file's content as YAML.
///
/// # Errors
/// `Kind::Internal` when it cannot be written.
pub fn yaml(content: &Value) -> Result<String> {
    serde_saphyr::to_string(&Ordered(content)).map_err(|error| Error::new(Kind::Internal, "write YAML").because(error))
}

/// Returns a file's content as JSON, indented as the Astro CLI does.
///
/// # Errors
/// `Kind::Internal` when it cannot be written.
pub fn json(content: &Value) -> Result<String> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    let failed = |error: String| Error::new(Kind::Internal, "write JSON").because(error);
    Ordered(content).serialize(&mut serializer).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}
