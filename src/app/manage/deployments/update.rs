//! `deployment update`: only what is named changes.

use crate::app::manage::deployments::{flags, one, wait};
use crate::app::manage::scene;
use crate::app::session::Session;
use crate::astro::named::DEPLOYMENTS;
use crate::cli::deployment_flags::{Configuration, Update};
use crate::error::{Error, Kind, Result};
use crate::model::manifest::edit::Rest;
use crate::plan::deployments::resolve;
use crate::plan::deployments::resolving::Surroundings;
use crate::report::answer::Answer;

/// Changes a Deployment.
///
/// # Errors
/// `Kind::Usage` for flags that do not fit or name nothing, else as the platform answers.
pub async fn update(session: &Session, given: &Update) -> Result<Answer> {
    let budget = wait::time("--wait-time", &given.waiting.wait_time)?;
    if given.name.is_none() && given.configuration == Configuration::default() {
        return Err(Error::new(Kind::Usage, "change the Deployment")
            .because("no flag says what to change")
            .hint("`liftoff deployment update --help` lists what can be changed"));
    }
    if given.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(Error::new(Kind::Usage, "rename the Deployment").because("`--name` is empty"));
    }
    let manifest = flags::configured("", &given.configuration)?;
    let astro = scene::astro(session).await?;
    let present = scene::deployment(session, &astro, &given.which.named()).await?;
    let options = match &given.configuration.executor {
        Some(_) => Some(
            astro
                .deployment_options(present.text("type"), Some(present.text("cloudProvider")).filter(|it| !it.is_empty()))
                .await?,
        ),
        None => None,
    };
    let around = Surroundings { present: Some(&present), options: options.as_ref(), clusters: &[] };
    let mut asked = resolve::asked(&manifest, around)?;
    if let Some(name) = &given.name {
        let query = [("workspaceIds", present.text("workspaceId"))];
        scene::still_free(&astro, &DEPLOYMENTS, &query, (present.id(), name)).await?;
        asked.edit.fields.insert("name".to_owned(), name.clone().into());
    }
    let job = one::of(present, asked.edit, Rest::Kept);
    one::done(session, &astro, &job, given.waiting.wait.then_some(budget)).await
}
