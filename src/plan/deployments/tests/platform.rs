//! A small model of how the platform takes an update: lists are replaced as a whole, an entry without an id is a new queue,
//! a secret without a value keeps the stored one, and what is left out stays. Written from the reference, not from our code.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::record::Record;

/// A Deployment with the values of its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Platform {
    pub answer: Value,
    pub secrets: BTreeMap<String, String>,
}

impl Platform {
    /// Takes an update, or says which required field is missing.
    pub fn update(&mut self, body: &Record) -> Result<(), String> {
        let body = body.clone().into_value();
        let hybrid = self.answer["type"] == "HYBRID";
        let hosted_needs = ["schedulerSize", "isHighAvailability"];
        let needs = ["name", "type", "workspaceId", "executor", "isCicdEnforced", "isDagDeployEnabled", "environmentVariables"];
        let all = needs.iter().chain(if hybrid { [].iter() } else { hosted_needs.iter() });
        if let Some(missing) = all.into_iter().find(|field| body.get(**field).is_none_or(Value::is_null)) {
            return Err(format!("{missing} is required"));
        }
        for (field, value) in body.as_object().into_iter().flatten() {
            match field.as_str() {
                "environmentVariables" => self.variables(value),
                "workerQueues" => self.queues(value),
                "scheduler" => {
                    self.answer["schedulerAu"] = value["au"].clone();
                    self.answer["schedulerReplicas"] = value["replicas"].clone();
                }
                "scalingSpec" => {
                    let mut spec = value.clone();
                    if spec["hibernationSpec"]["override"].is_object() {
                        spec["hibernationSpec"]["override"]["isActive"] = json!(true);
                    }
                    self.answer[field] = spec;
                }
                "remoteExecution" => {
                    let url = self.answer["remoteExecution"]["remoteApiUrl"].clone();
                    self.answer[field] = value.clone();
                    self.answer[field]["remoteApiUrl"] = url;
                }
                _ => self.answer[field] = value.clone(),
            }
        }
        if self.answer["executor"] == "KUBERNETES" && !hybrid {
            self.answer["workerQueues"] = json!([]);
        }
        Ok(())
    }

    fn variables(&mut self, sent: &Value) {
        let mut secrets = BTreeMap::new();
        let mut answered = Vec::new();
        let before = self.answer["environmentVariables"].clone();
        for variable in sent.as_array().into_iter().flatten() {
            let key = variable["key"].as_str().unwrap_or_default().to_owned();
            let old = before.as_array().into_iter().flatten().find(|it| it["key"] == variable["key"]);
            let mut answer = json!({ "key": key, "isSecret": variable["isSecret"] });
            if let Some(at) = old.and_then(|it| it.get("updatedAt")) {
                answer["updatedAt"] = at.clone();
            }
            let value = variable["value"].as_str().map(str::to_owned);
            if variable["isSecret"] == true {
                secrets.insert(key.clone(), value.or_else(|| self.secrets.get(&key).cloned()).unwrap_or_default());
            } else {
                answer["value"] = value.unwrap_or_default().into();
            }
            answered.push(answer);
        }
        self.secrets = secrets;
        self.answer["environmentVariables"] = answered.into();
    }

    fn queues(&mut self, sent: &Value) {
        let before = self.answer["workerQueues"].clone();
        let each = sent.as_array().into_iter().flatten().enumerate().map(|(place, queue)| {
            let mut queue = queue.clone();
            let old = before.as_array().into_iter().flatten().find(|it| it["id"] == queue["id"] && !queue["id"].is_null());
            let fresh = json!(format!("new-{place}"));
            queue["id"] = old.map_or(fresh, |old| old["id"].clone());
            for field in ["podCpu", "podMemory"] {
                queue[field] = old.map_or(json!("1"), |old| old[field].clone());
            }
            queue
        });
        self.answer["workerQueues"] = each.collect();
    }
}
