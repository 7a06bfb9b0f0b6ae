//! `deployment create` and `deployment delete`.

use serde_json::json;

use crate::app::manage::deployments::job::Job;
use crate::app::manage::deployments::{flags, gather, one, wait};
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::named::CLUSTERS;
use crate::cli::deployment_flags::{Create, Delete};
use crate::error::{Error, Kind, Result};
use crate::model::ids::DeploymentId;
use crate::model::manifest::edit::Rest;
use crate::model::manifest::entry::At;
use crate::model::record::Record;
use crate::plan::deployments::resolve;
use crate::plan::deployments::resolving::Surroundings;
use crate::report::answer::Answer;

/// Creates a Deployment in one call.
///
/// # Errors
/// `Kind::Usage` for flags that do not fit, `Kind::Refused` when the name is taken, else as the platform answers.
pub async fn create(session: &Session, given: &Create) -> Result<Answer> {
    let budget = wait::time("--wait-time", &given.waiting.wait_time)?;
    let mut manifest = flags::of_new(given)?;
    let astro = scene::astro(session).await?;
    let workspace = gather::workspace(session, &astro).await?;
    let mut clusters: Vec<Record> = Vec::new();
    if let Some(wanted) = &given.cluster_id {
        let cluster = astro.find_record(&CLUSTERS, &[], wanted).await?;
        manifest.cluster = Some(At::new(0, cluster.text("name").to_owned()));
        clusters.push(cluster);
    }
    let query = [("workspaceIds", workspace.id()), ("names", given.name.as_str())];
    let taken = astro.records(&["deployments"], &query, "list the Deployments").await?;
    if let Some(there) = taken.iter().find(|it| it.text("name") == given.name) {
        return Err(Error::new(Kind::Refused, format!("create the Deployment {}", given.name))
            .because(format!("the Workspace has one of this name: {}", there.id()))
            .hint("`liftoff deployment update` changes it"));
    }
    let kind = resolve::kind(&manifest, Surroundings { present: None, options: None, clusters: &clusters });
    let options = astro.deployment_options(&kind, manifest.word("cloud_provider")).await?;
    let around = Surroundings { present: None, options: Some(&options), clusters: &clusters };
    let asked = resolve::asked(&manifest, around)?;
    let job = Job {
        place: String::new(),
        name: given.name.clone(),
        workspace: (workspace.id().to_owned(), workspace.text("name").to_owned()),
        present: None,
        edit: asked.edit,
        rest: Rest::Kept,
        notes: asked.notes,
    };
    one::done(session, &astro, &job, given.waiting.wait.then_some(budget)).await
}

/// Deletes a Deployment whose name was given twice.
///
/// # Errors
/// `Kind::Usage` without the right name in `--confirm`, else as the platform answers.
pub async fn delete(session: &Session, given: &Delete) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which.named()).await?;
    let (id, name) = (deployment.id(), deployment.text("name"));
    let what = json!({ "id": id, "name": name });
    if session.is_dry() {
        return Ok(Answer::done(format!("would delete the Deployment {name} ({id})"), what));
    }
    if given.confirm.as_deref() != Some(name) {
        let cause = match &given.confirm {
            None => "nothing brings it back, and `--confirm` does not say its name".to_owned(),
            Some(other) => format!("`--confirm` says `{other}`, and its name is `{name}`"),
        };
        return Err(Error::new(Kind::Usage, format!("delete the Deployment {name}"))
            .because(cause)
            .hint("give its exact name: `--confirm NAME`"));
    }
    astro.delete_deployment(&DeploymentId::new(id)).await?;
    Ok(Answer::done(format!("deleted the Deployment {name} ({id})"), what))
}
