//! Performs the plan of a run.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use crate::app::check_place::Known;
use crate::app::checkout::Checkout;
use crate::app::checks;
use crate::app::commits::Commits;
use crate::app::content::{self, Goods, threads};
use crate::app::gather::{Gathered, Means, astro_rules};
use crate::app::session::Session;
use crate::app::smoke;
use crate::astro::wait::Patience;
use crate::changes::change::Relation;
use crate::changes::inputs::DagDeploys;
use crate::deploy::interrupt::Interrupt;
use crate::deploy::order::{Checked, Order, Surroundings, Tools, Watching};
use crate::deploy::outcome::{Outcome, Unfinished};
use crate::deploy::perform::perform;
use crate::deploy::ready::ImageInput;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::image::engine::Engine;
use crate::model::artifact::Artifact;
use crate::model::check::CheckReport;
use crate::model::deploy::DeployType;
use crate::model::fingerprint::Fingerprint;
use crate::model::project::ProjectKind;
use crate::model::revision::CommitSha;
use crate::plan::description::Footer;
use crate::plan::facts::Facts;
use crate::plan::outline::{Plan, Step};
use crate::plan::verification::Expectation;

/// Ships what the plan says. What the checks of the project's own code find goes into `found`.
///
/// # Errors
/// As `deploy::perform::perform`.
pub async fn ship(
    session: &Session,
    gathered: Gathered,
    (plan, preview): (&Plan, Option<Surroundings<'_>>),
    (forge, found): (Option<&dyn Forge>, &OnceLock<CheckReport>),
    interrupt: Interrupt,
) -> std::result::Result<Outcome, Box<Unfinished>> {
    let Gathered { facts, means } = gathered;
    let (Some(Means { astro, checkout, mut goods }), Some(deployment)) = (means, facts.target.deployment()) else {
        return Err(Box::new(Error::new(Kind::Internal, "ship without a Deployment").into()));
    };
    let image = match (goods.prebuilt.take(), astro_rules(&goods)) {
        (Some(prebuilt), _) => Some(ImageInput::Prebuilt(Box::new(prebuilt))),
        (None, Some(rules)) if plan.steps.contains(&Step::BuildImage) => Some(ImageInput::Build(Box::new(
            content::build_input(session, &facts.project, rules).await.map_err(|error| Box::new(error.into()))?,
        ))),
        _ => None,
    };
    let smoke = smoke::order(session, &facts.project, preview.as_ref()).map_err(|error| Box::new(error.into()))?;
    let commits = Commits::new(&checkout, facts.source.commit.as_ref(), goods.rules.folders(), forge, &session.env);
    let relation_to = |theirs: CommitSha| -> Pin<Box<dyn Future<Output = Relation> + Send + '_>> {
        let commits = &commits;
        Box::pin(async move { commits.relation_to(&theirs).await })
    };
    let image_fingerprint = || -> Pin<Box<dyn Future<Output = Result<Option<Fingerprint>>> + Send + '_>> {
        Box::pin(image_fingerprint_now(session, &facts))
    };
    let checked = |image: Option<(Engine, String)>| -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(checked(session, (plan, &facts, &goods), image, found))
    };
    let words = session.settings.deploy.description.clone().or_else(|| facts.source.subject.clone()).unwrap_or_default();
    let order = Order {
        plan,
        facts: &facts,
        deployment: deployment.clone(),
        words,
        footer: footer(&facts, &checkout),
        dags: goods.dags.clone(),
        image,
        bundle: goods.bundle.clone(),
        patience: session.settings.deploy.wait.map(patience),
        relation_to: &relation_to,
        checked: wants_checks(session, &facts).then_some(&checked as &Checked<'_>),
        image_fingerprint: &image_fingerprint,
        verification: watching(session, (&facts, plan), &goods),
        smoke,
        preview,
    };
    let tools = Tools {
        astro: &astro,
        calls: session.calls.clone(),
        transfers: session.transfers.clone(),
        console: &session.console,
        env: &session.env,
        temporary: session.temporary.clone(),
        threads: threads(),
        interrupt,
    };
    perform(order, &tools).await
}

/// Returns whether the project's own code is checked before the deploy. What is forced is not, as with deploy-action.
fn wants_checks(session: &Session, facts: &Facts) -> bool {
    let checks = &session.settings.checks;
    let wanted = checks.run_code() && matches!(facts.project.kind, ProjectKind::Astro(_));
    if wanted && session.settings.deploy.force {
        session.console.notice("`force` skips the checks that `parse` and `pytest` ask for");
        return false;
    }
    wanted
}

/// Checks the project's own code, in the image if there is one.
async fn checked(
    session: &Session,
    (plan, facts, goods): (&Plan, &Facts, &Goods),
    image: Option<(Engine, String)>,
    found: &OnceLock<CheckReport>,
) -> Result<()> {
    let known = match facts.target.deployment() {
        Some(deployment) if !plan.decision.deploy_type().is_some_and(DeployType::ships_image) => Known::Deployment(deployment),
        _ => Known::Dockerfile,
    };
    let report = checks::before_deploy(session, (&facts.project, goods), known, image).await?;
    let refusal = checks::refusal(&report);
    let _ = found.set(report);
    refusal.map_or(Ok(()), Err)
}

/// Returns how to verify the deploy; none when nobody asked or Airflow has nothing new to read.
fn watching(session: &Session, (facts, plan): (&Facts, &Plan), goods: &Goods) -> Option<Watching> {
    let (deploy, deploy_type) = (&session.settings.deploy, plan.decision.deploy_type()?);
    let rules = astro_rules(goods).filter(|_| plan.steps.contains(&Step::Verify))?;
    let folder = rules.dags_source.clone().unwrap_or_else(|| rules.project.join(&rules.dags_path));
    let ships = deploy_type.ships_dags() || !facts.target.dag_deploys();
    let difference = facts.dags.as_ref().filter(|_| ships).map(|dags| &dags.difference);
    let added = difference.iter().flat_map(|it| &it.added).filter_map(|dag| dag.file.strip_prefix(&folder)).collect();
    let removed = difference.iter().flat_map(|it| &it.removed).map(|dag| dag.id.clone()).collect();
    let files = ships.then(|| goods.dag_files.iter().map(|entry| entry.path.clone()).collect());
    let expectation = Expectation { folder, files, added, removed };
    Some(Watching { policy: deploy.verify, budget: deploy.verify_time, expectation })
}

/// Reads the image's inputs once more.
async fn image_fingerprint_now(session: &Session, facts: &Facts) -> Result<Option<Fingerprint>> {
    let remote = facts.target.deployment().is_some_and(|deployment| deployment.remote_execution);
    let dag_deploys = if facts.target.dag_deploys() || remote { DagDeploys::Separate } else { DagDeploys::InImage };
    let now = content::goods(session, &facts.project, dag_deploys).await?;
    let image = now.artifacts.iter().find(|(artifact, _)| *artifact == Artifact::Image);
    Ok(image.map(|(_, content)| content.fingerprint))
}

/// What the deploy is to remember, except for what it ships.
fn footer(facts: &Facts, checkout: &Checkout) -> Footer {
    let head = checkout.head.as_ref().map(|head| &head.sha);
    Footer {
        run: run_name(),
        commit: facts.source.commit.clone(),
        from: facts.source.place.clone(),
        dirty: !facts.source.uncommitted.is_empty() || head != facts.source.commit.as_ref(),
        ..Footer::default()
    }
}

/// Returns the patience to wait this long in all.
#[must_use]
pub fn patience(budget: Duration) -> Patience {
    Patience { budget, ..Patience::default() }
}

/// Returns twelve random letters and digits, by which a deploy of this run is recognised.
#[must_use]
pub fn run_name() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The keys of each `RandomState` are random; no cryptographic strength is needed.
    let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    let mut bits = (u128::from(random()) << 64) | u128::from(random());
    let mut name = String::with_capacity(12);
    for _ in 0..12 {
        let digit = (bits % 36) as u32;
        bits /= 36;
        name.extend(char::from_digit(digit, 36));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_names_differ() {
        let names: std::collections::BTreeSet<String> = (0..100).map(|_| run_name()).collect();
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}
