//! A change to one Deployment that a command's flags ask for: shown, made, and told.

use std::time::Duration;

use serde_json::json;

use crate::app::manage::deployments::job::Job;
use crate::app::manage::deployments::{wait, write};
use crate::app::session::Session;
use crate::astro::client::AstroClient;
use crate::error::Result;
use crate::model::manifest::edit::{Edit, Rest};
use crate::model::record::Record;
use crate::report::answer::Answer;
use crate::report::deployments;

/// Returns the change of a Deployment that is there.
#[must_use]
pub fn of(present: Record, edit: Edit, rest: Rest) -> Job {
    Job {
        place: String::new(),
        name: present.text("name").to_owned(),
        workspace: (present.text("workspaceId").to_owned(), present.text("workspaceName").to_owned()),
        present: Some(present),
        edit,
        rest,
        notes: Vec::new(),
    }
}

/// Shows the change, makes it unless this is a dry run, waits when it is told to, and says what was done.
///
/// # Errors
/// As writing and waiting.
pub async fn done(session: &Session, astro: &AstroClient, job: &Job, budget: Option<Duration>) -> Result<Answer> {
    let told = job.told();
    let object = deployments::object(&told);
    if session.is_dry() {
        return Ok(Answer::text(deployments::one(&told), json!({ "schema": 1, "deployments": [object] })));
    }
    if job.is_done() {
        return Ok(Answer::done(format!("nothing to change on the Deployment {}", job.name), object));
    }
    for line in deployments::one(&told) {
        session.console.info(&line);
    }
    let id = write::written(astro, job).await?.id().to_owned();
    if let Some(budget) = budget {
        wait::healthy(astro, &id, budget).await?;
    }
    let mut object = object;
    object["id"] = id.clone().into();
    Ok(match job.present {
        None => Answer::done(format!("created the Deployment {} ({id})", job.name), object),
        Some(_) => Answer::done(format!("changed the Deployment {} ({id})", job.name), object),
    })
}
