//! Finalizing a deploy: what must have been pushed and uploaded, and what starts rolling out
//! (reference/astro-platform.md 3.2). It must not know when the rollout ends.

use serde_json::Value;

use crate::refusal::Refusal;
use crate::rules::fields::{self, Body};
use crate::world::builder::{AIRFLOW_LABEL, RUNTIME_LABEL};
use crate::world::deploy::{BundleState, Deploy, DeployKind};
use crate::world::deployment::{Deployment, Status};
use crate::world::rollout::{Change, ChangeKind};
use crate::world::state::{Note, World};

/// Finalizes a deploy; the same body again changes nothing.
pub fn finalize(world: &mut World, deployment_id: &str, deploy_id: &str, body: &Body) -> Result<(), Refusal> {
    let deployment = world.find_deployment(deployment_id)?;
    let deploy = deployment.deploy(deploy_id).ok_or_else(|| Refusal::not_found("deploy", deploy_id))?;
    let sent = Value::Object(body.clone());
    if let Some(earlier) = &deploy.finalized {
        let same = *earlier == sent;
        return if same { Ok(()) } else { Err(Refusal::invalid("Deploy has already been finalized")) };
    }
    let mut deploy = deploy.clone();
    if deploy.rollback_from_id.is_some() {
        return Err(Refusal::invalid("A rollback needs no finalize"));
    }
    if deployment.status == Status::Hibernating {
        return Err(Refusal::invalid("Deployment is hibernating and cannot be deployed to"));
    }
    check_versions(world, &mut deploy, body)?;
    if deploy.kind.ships_image() && world.site.external_registry.is_none() {
        check_image(world, deployment, &mut deploy)?;
    }
    deploy.finalized = Some(sent);
    start(world, deployment_id, deploy)
}

fn check_versions(world: &World, deploy: &mut Deploy, body: &Body) -> Result<(), Refusal> {
    let (dags, bundle) = (fields::text(body, "dagTarballVersion"), fields::text(body, "bundleTarballVersion"));
    if deploy.kind != DeployKind::Bundle && bundle.is_some() {
        return Err(Refusal::invalid("bundleTarballVersion belongs to BUNDLE deploys only"));
    }
    match deploy.kind {
        DeployKind::Bundle => {
            let version = bundle.ok_or_else(|| Refusal::invalid("No bundle tarball version ID provided for bundle deploy"))?;
            if dags.is_some() {
                return Err(Refusal::invalid("dagTarballVersion does not belong to BUNDLE deploys"));
            }
            check_uploaded(world, deploy.bundle_blob.as_deref(), &version)?;
            deploy.bundle_tarball_version = Some(version);
        }
        // An empty version is ignored here (inferred: the incumbent sends it, the official script does not).
        DeployKind::ImageOnly => check_absent(dags)?,
        DeployKind::ImageAndDag if !deploy.is_dag_deploy_enabled => check_absent(dags)?,
        DeployKind::DagOnly | DeployKind::ImageAndDag => {
            let version = dags.filter(|version| deploy.kind == DeployKind::ImageAndDag || !version.is_empty());
            let version = version.ok_or_else(|| Refusal::invalid("No DAG tarball version ID provided for DAG deploy"))?;
            check_uploaded(world, deploy.dags_blob.as_deref(), &version)?;
            deploy.dag_tarball_version = Some(version);
        }
    }
    Ok(())
}

fn check_absent(version: Option<String>) -> Result<(), Refusal> {
    match version.as_deref() {
        None | Some("") => Ok(()),
        Some(_) => Err(Refusal::invalid("dagTarballVersion was given for a deploy that ships no DAGs")),
    }
}

fn check_uploaded(world: &World, blob: Option<&str>, version: &str) -> Result<(), Refusal> {
    let uploaded = version.is_empty() || blob.is_some_and(|blob| world.blobs.has(blob, version));
    if uploaded { Ok(()) } else { Err(Refusal::invalid(format!("Tarball version {version} was not uploaded for this deploy"))) }
}

fn check_image(world: &World, deployment: &Deployment, deploy: &mut Deploy) -> Result<(), Refusal> {
    let refused = |why: String| Refusal::invalid(format!("Image cannot be deployed: {why}"));
    let image = world.registry.image(&world.image_repository(deployment), &deploy.image_tag).map_err(refused)?;
    if (image.os.as_str(), image.architecture.as_str()) != ("linux", "amd64") {
        return Err(refused(format!("it is for {}/{}, not for linux/amd64", image.os, image.architecture)));
    }
    if let Some(runtime) = image.labels.get(RUNTIME_LABEL) {
        deploy.airflow_version = image.labels.get(AIRFLOW_LABEL).cloned().unwrap_or_else(|| world.airflow_of(runtime));
        deploy.runtime_version = runtime.clone();
    }
    Ok(())
}

fn start(world: &mut World, deployment_id: &str, mut deploy: Deploy) -> Result<(), Refusal> {
    let now = world.clock.now();
    let mut change = Change::new(ChangeKind::Deploy(deploy.id.clone()), now);
    change.outcome = world.rollout.draw();
    deploy.updated_at = now;
    let removes_dags = deploy.dag_tarball_version.as_deref() == Some("");
    let removes_bundle = deploy.bundle_tarball_version.as_deref() == Some("");
    if removes_dags {
        world.notes.push(Note::DagsRemoved { deployment: deployment_id.into(), deploy: deploy.id.clone() });
    }
    if removes_bundle {
        let mount_path = deploy.mount_path.clone().unwrap_or_default();
        world.notes.push(Note::BundleRemoved { deployment: deployment_id.into(), mount_path });
    }
    let deployment = world.find_deployment_mut(deployment_id)?;
    if let Some(version) = &deploy.dag_tarball_version {
        deployment.desired_dag_tarball_version = Some(version.clone()).filter(|version| !version.is_empty());
    }
    if deploy.kind == DeployKind::Bundle {
        desire_bundle(deployment, &deploy);
    }
    deployment.status = Status::Deploying;
    deployment.status_reason = None;
    deployment.pending.push_back(change);
    if let Some(stored) = deployment.deploy_mut(&deploy.id) {
        *stored = deploy;
    }
    Ok(())
}

fn desire_bundle(deployment: &mut Deployment, deploy: &Deploy) {
    let mount_path = deploy.mount_path.clone().unwrap_or_default();
    let desired = deploy.bundle_tarball_version.clone().filter(|version| !version.is_empty());
    let known = deployment.bundles.iter_mut().find(|bundle| bundle.mount_path == mount_path);
    match known {
        Some(bundle) => {
            bundle.desired_version = desired;
            bundle.deploy_id = deploy.id.clone();
        }
        None => deployment.bundles.push(BundleState {
            mount_path,
            bundle_type: deploy.bundle_type.clone().unwrap_or_default(),
            deploy_id: deploy.id.clone(),
            current_version: None,
            desired_version: desired,
        }),
    }
}
