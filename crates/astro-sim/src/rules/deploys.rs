//! Creating and describing deploys (reference/astro-platform.md 3.1, 3.2, 3.4).
//! It must not know how a deploy ends.

use serde_json::Value;

use crate::refusal::{FieldError, Refusal};
use crate::rules::fields::{self, Body};
use crate::world::deploy::{Deploy, DeployKind};
use crate::world::deployment::{Deployment, Status};
use crate::world::state::World;
use crate::world::token::{ApiToken, Holder};

/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 500;

/// Creates a deploy and returns its id.
pub fn create(world: &mut World, caller: &ApiToken, deployment_id: &str, body: &Body) -> Result<String, Refusal> {
    let word = fields::text(body, "type").unwrap_or_default();
    let kind = DeployKind::from_word(&word).ok_or_else(|| Refusal::invalid("Unknown deploy type"))?;
    check_description(body)?;
    check_git(body)?;
    let deployment = world.find_deployment(deployment_id)?;
    check_deployment(deployment, caller, kind)?;
    if kind == DeployKind::Bundle
        && (fields::filled(body, "bundleMountPath").is_none() || fields::filled(body, "bundleType").is_none())
    {
        return Err(wrong_field("bundleMountPath", "bundleMountPath and bundleType are required for a BUNDLE deploy"));
    }
    if kind != DeployKind::Bundle && (body.contains_key("bundleMountPath") || body.contains_key("bundleType")) {
        return Err(wrong_field("bundleMountPath", "bundleMountPath and bundleType belong to BUNDLE deploys only"));
    }
    let deployment = deployment.clone();
    let deploy = new_deploy(world, caller, &deployment, (kind, body));
    for blob in deploy.dags_blob.iter().chain(&deploy.bundle_blob) {
        world.blobs.create(blob);
    }
    let id = deploy.id.clone();
    world.find_deployment_mut(deployment_id)?.deploys.push(deploy);
    Ok(id)
}

/// Changes a deploy's description.
pub fn describe(world: &mut World, deployment_id: &str, deploy_id: &str, body: &Body) -> Result<(), Refusal> {
    check_description(body)?;
    let now = world.clock.now();
    let deployment = world.find_deployment_mut(deployment_id)?;
    let deploy = deployment.deploy_mut(deploy_id).ok_or_else(|| Refusal::not_found("deploy", deploy_id))?;
    if let Some(description) = fields::text(body, "description") {
        deploy.description = description;
    }
    deploy.updated_at = now;
    Ok(())
}

/// Returns an error if the description is too long.
pub fn check_description(body: &Body) -> Result<(), Refusal> {
    match fields::text(body, "description") {
        Some(text) if text.chars().count() > MAX_DESCRIPTION => {
            Err(wrong_field("description", "description must be at most 500 characters"))
        }
        _ => Ok(()),
    }
}

fn new_deploy(world: &mut World, caller: &ApiToken, deployment: &Deployment, (kind, body): (DeployKind, &Body)) -> Deploy {
    let id = world.ids.fresh();
    let blob = |file: &str| Some(format!("{}/{id}/{file}", deployment.id));
    let mut deploy = Deploy::new(kind, world.clock.now());
    deploy.image_tag = deployment.fresh_tag(deploy.created_at);
    deploy.description = fields::text(body, "description").unwrap_or_default();
    deploy.git = body.get("git").and_then(Value::as_object).cloned();
    deploy.is_dag_deploy_enabled = deployment.is_dag_deploy_enabled;
    deploy.runtime_version = deployment.runtime_version.clone();
    deploy.airflow_version = deployment.airflow_version.clone();
    deploy.created_by = caller.id.clone();
    if deployment.is_dag_deploy_enabled && kind != DeployKind::Bundle {
        deploy.dags_blob = blob("dags.tar.gz");
    }
    if kind == DeployKind::Bundle {
        deploy.mount_path = fields::text(body, "bundleMountPath");
        deploy.bundle_type = fields::text(body, "bundleType");
        deploy.bundle_blob = blob("bundle.tar.gz");
    }
    deploy.id = id;
    deploy
}

fn check_deployment(deployment: &Deployment, caller: &ApiToken, kind: DeployKind) -> Result<(), Refusal> {
    if deployment.is_cicd_enforced && caller.spec.holder == Holder::User {
        return Err(Refusal::forbidden("CI/CD is enforced on this deployment; use an API token"));
    }
    // Inferred: the documentation says that a hibernating Deployment takes no deploys; the status is our choice.
    if deployment.status == Status::Hibernating {
        return Err(Refusal::invalid("Deployment is hibernating and cannot be deployed to"));
    }
    let dags_off = !deployment.is_dag_deploy_enabled;
    match kind {
        DeployKind::ImageAndDag => Ok(()),
        _ if dags_off => Err(Refusal::invalid(format!("DAG deploys are not enabled; {} is not possible", kind.word()))),
        DeployKind::ImageOnly if !deployment.has_had_dags() => {
            Err(Refusal::invalid("IMAGE_ONLY needs at least one earlier DAG deploy"))
        }
        _ => Ok(()),
    }
}

fn check_git(body: &Body) -> Result<(), Refusal> {
    let Some(git) = body.get("git").and_then(Value::as_object) else { return Ok(()) };
    let given = |key: &str| fields::filled(git, key).is_some();
    if !given("commitSha") {
        return Err(wrong_field("git.commitSha", "git.commitSha must not be empty"));
    }
    let (hub, generic) = (given("account") && given("repo"), given("remoteUrl"));
    let (any_hub, any_generic) = (git.contains_key("account") || git.contains_key("repo"), git.contains_key("remoteUrl"));
    match fields::text(git, "provider").as_deref() {
        Some("GITHUB") if !hub || any_generic => {
            Err(wrong_field("git.provider", "GITHUB needs git.account and git.repo, and no git.remoteUrl"))
        }
        Some("GENERIC") if !generic || any_hub => {
            Err(wrong_field("git.provider", "GENERIC needs git.remoteUrl, and neither git.account nor git.repo"))
        }
        _ => Ok(()),
    }
}

fn wrong_field(field: &str, message: &str) -> Refusal {
    let mut refusal = Refusal::invalid(format!("Invalid request: {message}"));
    refusal.fields.push(FieldError { field: field.into(), message: message.into(), code: "invalid".into() });
    refusal
}
