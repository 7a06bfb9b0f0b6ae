//! Writes connections, variables and pools as somebody wants them, passwords included, and deletes them.
//! It compares nothing and decides nothing.

use reqwest::Method;
use serde_json::{Map, Value};

use crate::airflow::client::{AirflowClient, Creation};
use crate::airflow::rest::explained;
use crate::airflow::wire::{change, creation};
use crate::error::Result;
use crate::model::airflow::{Field, ObjectKind};
use crate::model::airflow_draft::Draft;

/// The field that no `Object` has.
const PASSWORD: &str = "password";

impl AirflowClient {
    /// Creates an object with everything that is named. A lost answer is treated as by `create`.
    ///
    /// # Errors
    /// As `create`.
    pub async fn create_draft(&self, draft: &Draft) -> Result<Creation> {
        let mut body = creation(&draft.object);
        // A new object has the fields that are named; Airflow knows what stands for the others.
        let kept = |name: &String| draft.named.iter().any(|field| field.name() == name) || is_key(name);
        body.retain(|name, _| kept(name));
        add_password(&mut body, draft);
        self.create_from(draft.object.kind(), draft.object.name(), &body).await
    }

    /// Gives these fields of an existing object the values of the draft, and its password if it has one; changes nothing
    /// else.
    ///
    /// # Errors
    /// As `update`.
    pub async fn update_draft(&self, draft: &Draft, fields: &[Field]) -> Result<()> {
        let (kind, name) = (draft.object.kind(), draft.object.name());
        let (mut body, query) = change(&draft.object, fields, self.api_version());
        let mut masks: Vec<String> = query.into_iter().map(|(_, mask)| mask).collect();
        if add_password(&mut body, draft) {
            match masks.as_mut_slice() {
                // Airflow 2 wants all in one.
                [one] if self.takes_one_mask() => *one = [one.as_str(), PASSWORD].join(",").trim_start_matches(',').to_owned(),
                _ => masks.push(PASSWORD.to_owned()),
            }
        }
        self.update_from((kind, name), &body, &masks).await
    }

    /// Deletes an object; what is gone already counts as deleted.
    ///
    /// # Errors
    /// As `find`.
    pub async fn delete(&self, kind: ObjectKind, name: &str) -> Result<()> {
        let doing = format!("delete the {kind} `{}` of Airflow", name.escape_debug());
        let url = self.url_below(kind.plural(), name, &[], &doing)?;
        match self.rest.send(Method::DELETE, url, &Map::new()).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.status() == Some(404) => Ok(()),
            Err(failure) => Err(explained(failure, doing)),
        }
    }
}

fn is_key(name: &str) -> bool {
    matches!(name, "connection_id" | "key" | "name")
}

fn add_password(body: &mut Map<String, Value>, draft: &Draft) -> bool {
    if let Some(password) = &draft.password {
        body.insert(PASSWORD.to_owned(), password.expose().into());
    }
    draft.password.is_some()
}
