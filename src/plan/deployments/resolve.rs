//! From what a Deployment file says to an edit of a Deployment: names become ids, what a Deployment of its kind does not
//! have is left out, and what cannot be changed is refused with what to do instead.

use serde_json::Value;

use crate::error::Result;
use crate::model::manifest::edit::Edit;
use crate::model::manifest::entry::{At, Manifest};
use crate::model::nearest::nearest;
use crate::model::record::Record;
use crate::model::runtime::RuntimeVersion;
use crate::plan::deployments::change::shown;
use crate::plan::deployments::keys::{self, Later, Setting};
use crate::plan::deployments::reading::told;
use crate::plan::deployments::resolving::{Asked, Resolving, Surroundings};
use crate::plan::deployments::{check, members, queues};

/// Where the platform names the defaults of what a new Deployment must have (`reference/astro-platform.md` 5.3).
const DEFAULTS: &[(&str, &str)] = &[
    ("defaultTaskPodCpu", "resourceQuotas.defaultPodSize.cpu.default"),
    ("defaultTaskPodMemory", "resourceQuotas.defaultPodSize.memory.default"),
    ("resourceQuotaCpu", "resourceQuotas.resourceQuota.cpu.default"),
    ("resourceQuotaMemory", "resourceQuotas.resourceQuota.memory.default"),
];

/// Returns what a file asks of a Deployment.
///
/// # Errors
/// `Kind::Project` with every mistake and its line: unknown names, what does not fit together, what cannot be changed.
pub fn asked(manifest: &Manifest, around: Surroundings<'_>) -> Result<Asked> {
    let (cluster, kind) = (cluster(manifest, around), kind(manifest, around));
    let executor = manifest.word("executor").or(around.present.map(|it| it.text("executor"))).unwrap_or_default().to_owned();
    let asked = Asked { edit: Edit::default(), notes: Vec::new() };
    let mut resolving = Resolving { manifest, around, kind, executor, cluster, asked, problems: check::problems(manifest) };
    resolving.settings();
    resolving.place();
    resolving.fits();
    members::resolve(&mut resolving);
    resolving.resources();
    queues::resolve(&mut resolving);
    match told(&manifest.file, resolving.problems) {
        Some(error) => Err(error),
        None => Ok(resolving.asked),
    }
}

/// Returns the kind of Deployment that a file means: as it says, as there is, or by the cluster that it names.
#[must_use]
pub fn kind(manifest: &Manifest, around: Surroundings<'_>) -> String {
    let there = around.present.map(|present| present.text("type")).filter(|kind| !kind.is_empty());
    let by_cluster = cluster(manifest, around).map(|cluster| cluster.text("type").to_owned()).filter(|kind| !kind.is_empty());
    there.or(manifest.word("deployment_type")).map(str::to_owned).or(by_cluster).unwrap_or_else(|| "STANDARD".to_owned())
}

fn cluster(manifest: &Manifest, around: Surroundings<'_>) -> Option<Record> {
    let id = around.present.map(|present| present.text("clusterId")).filter(|id| !id.is_empty());
    let named = manifest.cluster.as_ref().map(|name| name.value.as_str());
    let is_it = |cluster: &&Record| match id {
        Some(id) => cluster.id() == id,
        None => Some(cluster.text("name")) == named,
    };
    around.clusters.iter().find(is_it).cloned()
}

impl Resolving<'_> {
    fn settings(&mut self) {
        let manifest = self.manifest;
        if self.around.present.is_none() {
            self.set("configuration.name", "name", &manifest.name, manifest.name.value.clone().into());
            let kind = self.kind.clone();
            self.asked.edit.fields.insert("type".to_owned(), kind.into());
        }
        for (key, at) in &manifest.settings {
            if let Some(setting) = keys::of_key(key) {
                self.one(setting, at);
            }
        }
    }

    fn one(&mut self, setting: &Setting, at: &At<Value>) {
        let present = self.around.present.and_then(|present| value_of(present, setting.field)).cloned();
        let says_nothing = matches!(&at.value, Value::String(text) if text.is_empty()) && setting.key != "description";
        if says_nothing || same(&at.value, present.as_ref()) && self.around.present.is_some() {
            return;
        }
        let kind = self.kind.clone();
        if !keys::has(&kind, setting.on) {
            if self.around.present.is_none() || same(&at.value, None) {
                if !same(&at.value, None) {
                    self.asked
                        .notes
                        .push(format!("line {}: a {kind} Deployment has no {}; it is left out", at.line, setting.key));
                }
                return;
            }
            return self.wrong(at.line, format!("a {kind} Deployment has no `{}`", setting.key));
        }
        if self.around.present.is_some() {
            let is = present.as_ref().map_or_else(|| "not set".to_owned(), |value| format!("`{}`", shown(value)));
            match setting.later {
                Later::Fixed(instead) => {
                    return self
                        .wrong(at.line, format!("`{}` of a Deployment cannot be changed (it is {is}); {instead}", setting.key));
                }
                Later::ByDeploy => {
                    return self.asked.notes.push(format!(
                        "line {}: `{}` is {is} by now and changes by a deploy; it is left out",
                        at.line, setting.key
                    ));
                }
                Later::OnlyOff(instead) if at.value == Value::Bool(true) => {
                    return self.wrong(
                        at.line,
                        format!("`{}` cannot be turned on for a Deployment that exists; {instead}", setting.key),
                    );
                }
                _ => {}
            }
        }
        self.set(&format!("configuration.{}", setting.key), setting.field, at, at.value.clone());
    }

    /// The cluster, by its name.
    fn place(&mut self) {
        let Some(name) = &self.manifest.cluster else {
            if self.around.present.is_none() && self.kind != "STANDARD" {
                let (line, kind) = (self.manifest.line, self.kind.clone());
                self.wrong(line, format!("a {kind} Deployment needs a `cluster_name`"));
            }
            return;
        };
        if self.kind == "STANDARD" {
            // The platform chooses the cluster of these, and the export leaves the name empty.
            return self
                .asked
                .notes
                .push(format!("line {}: a STANDARD Deployment has no cluster_name; it is left out", name.line));
        }
        let id = self.around.clusters.iter().find(|cluster| cluster.text("name") == name.value).map(|it| it.id().to_owned());
        let is =
            self.around.present.map(|present| (present.text("clusterId").to_owned(), present.text("clusterName").to_owned()));
        match (id, is) {
            (_, Some((_, is))) if is == name.value => {}
            (Some(id), Some((is, _))) if id == is => {}
            (_, Some(_)) => {
                self.wrong(
                    name.line,
                    "`cluster_name` of a Deployment cannot be changed; make a new Deployment and delete this one",
                );
            }
            (Some(id), None) => self.set("configuration.cluster_name", "clusterId", name, id.into()),
            (None, None) => {
                let names = self.around.clusters.iter().map(|cluster| cluster.text("name"));
                let near = nearest(&name.value, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                self.wrong(name.line, format!("the token sees no cluster `{}`{near}", name.value));
            }
        }
    }

    /// What the tasks of a new Deployment on Astro Hosted get where the file is silent: the platform's own defaults.
    fn resources(&mut self) {
        let remote = self.asked.edit.remote.as_ref().is_some_and(|remote| remote.get("enabled") == Some(&Value::Bool(true)));
        let Some(options) = self.around.options.filter(|_| self.around.present.is_none() && self.kind != "HYBRID" && !remote)
        else {
            return;
        };
        for (field, place) in DEFAULTS {
            let default = options.value(place).filter(|_| !self.asked.edit.fields.contains_key(*field));
            self.asked.edit.fields.extend(default.map(|default| ((*field).to_owned(), default.clone())));
        }
    }

    /// What must fit together.
    fn fits(&mut self) {
        let manifest = self.manifest;
        let Some(executor) = manifest.setting("executor") else { return };
        if executor.value != "ASTRO" {
            return;
        }
        if self.kind == "HYBRID" {
            self.wrong(executor.line, "a HYBRID Deployment cannot have the Astro executor");
        }
        let runtime = manifest.word("runtime_version").and_then(RuntimeVersion::parse).map(|runtime| runtime.airflow_major());
        let there = self.around.present.map(|present| present.text("airflowVersion").to_owned());
        let there = there.and_then(|version| version.split('.').next()?.parse().ok());
        if there.or(runtime).is_some_and(|major: u64| major < 3) {
            self.wrong(executor.line, "the Astro executor needs Airflow 3");
        }
    }
}

/// Returns what a Deployment has in a field; of some, the answer knows a second name.
fn value_of<'a>(present: &'a Record, field: &str) -> Option<&'a Value> {
    let second = match field {
        "astroRuntimeVersion" => "runtimeVersion",
        "workloadIdentity" => "effectiveWorkloadIdentity",
        _ => field,
    };
    present.value(field).or_else(|| present.value(second))
}

/// Returns whether two values are the same; absent, empty, `false` and zero are.
fn same(one: &Value, other: Option<&Value>) -> bool {
    let nothing = |value: &Value| matches!(value, Value::Null | Value::Bool(false)) || *value == "" || *value == 0;
    match other {
        Some(other) => one == other || nothing(one) && nothing(other),
        None => nothing(one),
    }
}
