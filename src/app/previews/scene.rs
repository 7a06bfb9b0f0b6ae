//! Everything that is known of a preview before anything is done about it.

use serde_json::{Value, json};

use crate::app::gather::{Gathered, gather};
use crate::app::previews::make::{chosen_name, drafted, new_mark, prospect};
use crate::app::previews::sweep;
use crate::app::previews::who::Who;
use crate::app::session::Session;
use crate::app::target::{self, Destination, PreviewTarget};
use crate::astro::client::AstroClient;
use crate::cli::command::Command;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::model::blueprint::{Blueprint, EnvironmentVariable, VariableValue};
use crate::model::deployment::Deployment;
use crate::model::preview::{Owner, Subject};
use crate::plan::deployments::body;
use crate::plan::facts::{Existence, Facts, dockerfile_runtime};
use crate::plan::preview::blueprint::{Draft, lacking, missing_secrets};
use crate::plan::preview::mark;
use crate::plan::preview::roll::{self, Roll};
use crate::report::previews::SweptFate;
use crate::settings::origin::Origin;
use crate::settings::values::DeployTypeSetting;

/// Where the making of a preview starts.
pub enum Start {
    /// Without one: there are no credentials, or nothing is mapped to this branch.
    Plain(Gathered),
    /// With everything that was found out, and what a deploy would ship.
    Preview(Box<Scene>, Gathered),
}

/// Everything that is known before anything is done.
pub struct Scene {
    /// The session, with the settings under which a preview is deployed to.
    pub session: Session,
    /// The platform.
    pub astro: AstroClient,
    /// The Deployment that the preview is made from.
    pub base: Deployment,
    /// Whose the preview is.
    pub owner: Owner,
    /// The marked Deployments.
    pub roll: Roll,
    /// What the preview is made from.
    pub draft: Draft,
    /// The settings of the preview, when it is there.
    pub present: Option<Blueprint>,
}

impl Scene {
    /// Gives a preview that is there the variables that it lacks: those that the base or the
    /// settings have got since it was made.
    ///
    /// # Errors
    /// As the platform answers.
    pub async fn give_what_lacks(&self) -> Result<()> {
        let (Some(own), Some(present)) = (&self.roll.own, &self.present) else {
            return Ok(());
        };
        let added = lacking(&self.draft, present);
        if added.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = added.iter().map(|variable| variable.key.as_str()).collect();
        self.session.console.info(&format!("set environment variables of {}: {}", own.deployment.name, names.join(", ")));
        let (id, doing) = (own.deployment.id.as_str(), format!("set environment variables of {}", own.deployment.id));
        let now = self.astro.record(&["deployments", id], &doing).await?;
        let mut wanted = now.clone();
        let all = now.list("environmentVariables").iter().cloned().chain(added.iter().filter_map(spelt));
        wanted.set("environmentVariables", all.collect::<Vec<_>>());
        self.astro.update_record(&["deployments", id], &body::update(&now, &wanted), &doing).await.map(drop)
    }

    /// Returns the secret variables of the base that the preview will not have.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<String> {
        match &self.present {
            Some(present) => missing_secrets(&self.draft, present),
            None => self.draft.missing_secrets.clone(),
        }
    }
}

/// Finds out everything; nothing is changed, but for previews that are over when there are too many.
///
/// # Errors
/// As the platform answers, as `gather`, and `Kind::Refused` when there are too many previews.
pub async fn start(session: &Session, who: &Who, forge: Option<&dyn Forge>) -> Result<Start> {
    let (astro, base) = match target::destination(session, &Command::Deploy).await? {
        Destination::Known { astro, deployment, .. } => (*astro, *deployment),
        destination => return Ok(Start::Plain(gather(session, forge, async { Ok(destination) }).await?)),
    };
    refuse_odd(session, &base)?;
    let owner = who.owner(&base.id);
    let (all, base_blueprint) = tokio::try_join!(astro.deployments(None), astro.blueprint(&base.id))?;
    let mut roll = roll::call(roll::marked(all.clone()), &owner);
    let (name, mark) = match &roll.own {
        Some(own) => (own.deployment.name.clone(), own.mark.clone()),
        None => {
            keep_limit(session, &astro, forge, (&owner, &mut roll)).await?;
            (chosen_name(session, (&owner, &who.branch, &base), &all)?, new_mark(session, &owner, &who.branch)?)
        }
    };
    let mut draft = drafted(session, &base_blueprint, (&name, &mark), None);
    let (existence, deployment) = match &roll.own {
        Some(own) => (Existence::There, own.deployment.clone()),
        None => (Existence::ToBe, prospect(&draft.blueprint, &base)),
    };
    let session = for_preview(session, existence, (who, forge));
    let target = PreviewTarget { base: Box::new(base.clone()), existence };
    let destination =
        Destination::Known { astro: Box::new(astro.clone()), deployment: Box::new(deployment), preview: Some(target) };
    let present = async {
        match &roll.own {
            Some(own) => astro.blueprint(&own.deployment.id).await.map(Some),
            None => Ok(None),
        }
    };
    let (gathered, present) = tokio::try_join!(gather(&session, forge, async { Ok(destination) }), present)?;
    if let Some(version) = runtime(&gathered.facts, &base) {
        draft.blueprint.runtime_version = version;
    }
    Ok(Start::Preview(Box::new(Scene { session, astro, base, owner, roll, draft, present }), gathered))
}

fn refuse_odd(session: &Session, base: &Deployment) -> Result<()> {
    if session.settings.deploy_type.is_bundle() {
        return Err(Error::new(Kind::Usage, "make a preview of a bundle")
            .because("a preview begins with image and DAGs, which a bundle alone does not have")
            .hint("make the preview of the Airflow project, and deploy the bundle to it in a further step"));
    }
    match mark::parse(&base.description) {
        Some(mark) => Err(Error::new(Kind::Usage, format!("make a preview of {}", base.name))
            .because(format!("it is itself the preview of {}", mark.owner.subject.words()))
            .hint("name the Deployment that pull requests are merged for")),
        None => Ok(()),
    }
}

/// Holds the number of previews down, first by sweeping away those that are over.
async fn keep_limit(
    session: &Session,
    astro: &AstroClient,
    forge: Option<&dyn Forge>,
    (owner, roll): (&Owner, &mut Roll),
) -> Result<()> {
    let Some(limit) = session.settings.previews.limit.map(|limit| limit as usize) else {
        return Ok(());
    };
    if roll.others.len() >= limit && !session.settings.previews.dry_run {
        let others = std::mem::take(&mut roll.others);
        // This forge knows nothing of what another repository's pull requests are.
        let (ours, mut left): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| other.mark.owner.repository == owner.repository);
        let swept = sweep::swept(session, astro, forge, ours).await?;
        left.extend(swept.into_iter().filter(|it| !matches!(it.fate, SweptFate::Deleted(_))).map(|it| it.preview));
        roll.others = left;
    }
    if roll.others.len() < limit {
        return Ok(());
    }
    Err(Error::new(Kind::Refused, "make another preview")
        .because(format!("there are {} previews of this Deployment, and `preview-limit` is {limit}", roll.others.len()))
        .hint("close what is no longer needed, run `liftoff preview gc`, or raise `preview-limit`"))
}

/// Returns the settings under which a preview is deployed to.
fn for_preview(session: &Session, existence: Existence, (who, forge): (&Who, Option<&dyn Forge>)) -> Session {
    let mut session = session.clone();
    let explicit =
        |session: &Session, name: &str| session.settings.origins.get(name).is_some_and(|(_, origin)| Origin::is_explicit(origin));
    if !explicit(&session, "wake-on-deploy") {
        session.settings.deploy.wake = true;
    }
    // The forge says whether this commit is the head, after a force push as well, and is asked again before it takes effect.
    if forge.is_some() && matches!(who.subject, Subject::PullRequest(_)) {
        session.settings.deploy.allow_older_commit = true;
    }
    if existence == Existence::ToBe && session.settings.deploy_type != DeployTypeSetting::Infer {
        session.console.notice("a preview begins with image and DAGs, whatever `deploy-type` says");
        session.settings.deploy_type = DeployTypeSetting::Infer;
    }
    session
}

/// Returns the Runtime version to create the preview with: what will be deployed, where the
/// platform offers it.
fn runtime(facts: &Facts, base: &Deployment) -> Option<String> {
    let of_base = facts.preview.as_ref().is_some_and(|preview| preview.image_of.is_some());
    let ours = dockerfile_runtime(&facts.project).filter(|_| !of_base).map(ToString::to_string);
    let offered = |version: &String| facts.runtime_releases.is_empty() || facts.runtime_releases.contains(version);
    ours.filter(offered).or_else(|| Some(base.runtime_version.clone()).filter(|version| !version.is_empty()))
}

/// Returns a variable as the API spells it; none for a secret without a value, which cannot be created.
fn spelt(variable: &EnvironmentVariable) -> Option<Value> {
    let (is_secret, value) = match &variable.value {
        VariableValue::Plain(value) => (false, value.as_str()),
        VariableValue::Secret(secret) => (true, secret.as_ref()?.expose()),
    };
    Some(json!({ "key": variable.key, "isSecret": is_secret, "value": value }))
}
