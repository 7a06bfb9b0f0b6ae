//! Decides whether a deploy has arrived: this deploy, not just some healthy state.
//! Pure; asking the platform again and again is the business of `wait`.

use std::fmt;

use crate::model::deploy::{DeployRecord, DeployStatus, DeployType};
use crate::model::deployment::{Deployment, DeploymentStatus};
use crate::model::ids::{BundleVersion, DeployId, ImageTag, MountPath};

/// What a deploy is to bring about. Facts: `reference/astro-platform.md` 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The deploy.
    pub deploy: DeployId,
    /// The DAG bundle it carries.
    pub dags: Option<BundleVersion>,
    /// The tag of the image it carries.
    pub image: Option<ImageTag>,
    /// The other bundles it carries or deletes.
    pub bundles: Vec<ExpectedBundle>,
}

/// What is expected at a mount path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedBundle {
    /// The mount path.
    pub mount_path: MountPath,
    /// The version; `None` when the bundle is deleted.
    pub version: Option<BundleVersion>,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything the deploy carries runs, and the Deployment is well.
    Arrived,
    /// Something is still missing.
    Pending {
        /// What is missing, for people.
        what: String,
    },
    /// The deploy ended badly and will not arrive.
    Failed {
        /// The platform's reason.
        why: String,
    },
    /// It arrived, but the Deployment is not well.
    Unhealthy {
        /// The platform's reason.
        why: String,
    },
}

/// Judges a deploy by the Deployment and the deploy as they are now.
#[must_use]
pub fn verdict(expected: &Expectation, deployment: &Deployment, deploy: &DeployRecord) -> Verdict {
    let pending = |what: String| Verdict::Pending { what };
    match &deploy.status {
        DeployStatus::Failed => return Verdict::Failed { why: reason(deployment, "the platform marked the deploy as failed") },
        DeployStatus::Deployed => {}
        DeployStatus::Initialized => return pending("the platform processes the deploy".to_owned()),
        DeployStatus::Other(word) => return pending(format!("the deploy is {word}")),
    }
    if let Some(what) = missing_dags(expected, deployment)
        .or_else(|| missing_image(expected, deployment))
        .or_else(|| missing_bundle(expected, deploy))
    {
        return pending(what);
    }
    match &deployment.status {
        DeploymentStatus::Healthy | DeploymentStatus::Hibernating => Verdict::Arrived,
        DeploymentStatus::Unhealthy => Verdict::Unhealthy { why: reason(deployment, "the platform gives no reason") },
        DeploymentStatus::Creating => pending("the Deployment is being created".to_owned()),
        DeploymentStatus::Deploying => pending("the Deployment rolls out".to_owned()),
        DeploymentStatus::Unknown(word) => {
            pending(format!("the Deployment's status is {}", if word.is_empty() { "unknown" } else { word }))
        }
    }
}

/// Returns the newer deploy that replaced what this one carried, so that waiting for it is in
/// vain. A newer deploy that is merely under way replaces nothing yet.
#[must_use]
pub fn superseded_by<'a>(
    expected: &Expectation,
    deployment: &Deployment,
    deploy: &DeployRecord,
    history: &'a [DeployRecord],
) -> Option<&'a DeployRecord> {
    // Deploys queue: until ours is through, another one that runs says nothing about it.
    if deploy.status != DeployStatus::Deployed {
        return None;
    }
    let newer = history
        .iter()
        .filter(|other| other.id != expected.deploy && other.status == DeployStatus::Deployed && is_newer(other, deploy));
    newer.into_iter().find(|other| {
        let dags = expected.dags.as_ref().is_some_and(|ours| {
            let desired = deployment.desired_dag_bundle_version.as_ref();
            desired != Some(ours) && desired.is_some() && other.dag_bundle_version.as_ref() == desired
        });
        let image = expected.image.as_ref().is_some_and(|ours| {
            let running = deployment.image_tag.as_ref();
            let ships = other.deploy_type.is_some_and(DeployType::ships_image);
            running != Some(ours) && running.is_some() && ships && other.image_tag.as_ref() == running
        });
        let bundle = expected.bundles.iter().any(|ours| other.mount_path.as_ref() == Some(&ours.mount_path));
        dags || image || bundle
    })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrived => f.write_str("arrived"),
            Self::Pending { what } => f.write_str(what),
            Self::Failed { why } => write!(f, "failed: {why}"),
            Self::Unhealthy { why } => write!(f, "unhealthy: {why}"),
        }
    }
}

fn missing_dags(expected: &Expectation, deployment: &Deployment) -> Option<String> {
    let ours = expected.dags.as_ref()?;
    if deployment.desired_dag_bundle_version.as_ref() != Some(ours) {
        return Some("the Deployment is not yet told to take the DAG bundle".to_owned());
    }
    (deployment.dag_bundle_version.as_ref() != Some(ours)).then(|| "Airflow does not yet have the DAG bundle".to_owned())
}

fn missing_image(expected: &Expectation, deployment: &Deployment) -> Option<String> {
    let ours = expected.image.as_ref()?;
    (deployment.image_tag.as_ref() != Some(ours)).then(|| match &deployment.image_tag {
        Some(other) => format!("the Deployment still runs the image {other}"),
        None => "the Deployment runs no image yet".to_owned(),
    })
}

fn missing_bundle(expected: &Expectation, deploy: &DeployRecord) -> Option<String> {
    expected.bundles.iter().find_map(|ours| missing_at(ours, deploy))
}

fn missing_at(ours: &ExpectedBundle, deploy: &DeployRecord) -> Option<String> {
    let there = deploy.bundles.iter().find(|bundle| bundle.mount_path == ours.mount_path);
    let (current, desired) = there.map_or((None, None), |bundle| (bundle.current.as_ref(), bundle.desired.as_ref()));
    let wanted = ours.version.as_ref();
    if current == wanted && desired == wanted {
        return None;
    }
    Some(match wanted {
        Some(_) => format!("Airflow does not yet have the bundle at {}", ours.mount_path),
        None => format!("the bundle at {} is not yet gone", ours.mount_path),
    })
}

fn is_newer(other: &DeployRecord, than: &DeployRecord) -> bool {
    let moment = |record: &DeployRecord| record.created_at.parse::<jiff::Timestamp>().ok();
    matches!((moment(other), moment(than)), (Some(other), Some(than)) if other > than)
}

fn reason(deployment: &Deployment, otherwise: &str) -> String {
    deployment.status_reason.clone().unwrap_or_else(|| otherwise.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deploy::{BundleState, DeployType};
    use crate::model::ids::DeploymentId;

    fn version(text: &str) -> Option<BundleVersion> {
        Some(BundleVersion::new(text))
    }

    fn deployment(status: DeploymentStatus, dags: &str, desired: &str, image: &str) -> Deployment {
        Deployment {
            status,
            dag_deploys: true,
            dag_bundle_version: version(dags),
            desired_dag_bundle_version: version(desired),
            image_tag: Some(ImageTag::new(image)),
            ..Deployment::new(DeploymentId::new("d"), "demo")
        }
    }

    fn deploy(id: &str, status: DeployStatus, minute: u8) -> DeployRecord {
        DeployRecord {
            id: DeployId::new(id),
            deploy_type: Some(DeployType::ImageAndDag),
            status,
            created_at: format!("2026-01-01T10:{minute:02}:00Z"),
            description: String::new(),
            git: None,
            dag_bundle_version: version("v2"),
            image_tag: Some(ImageTag::new("t2")),
            mount_path: None,
            bundles: Vec::new(),
            rollback_from: None,
            dag_deploys: true,
            runtime_version: String::new(),
            deployer: None,
        }
    }

    fn expected() -> Expectation {
        Expectation { deploy: DeployId::new("x2"), dags: version("v2"), image: Some(ImageTag::new("t2")), bundles: Vec::new() }
    }

    #[test]
    fn a_deploy_arrives_only_with_everything_it_carries() {
        use DeployStatus::{Deployed, Failed, Initialized};
        use DeploymentStatus::{Deploying, Healthy, Hibernating, Unhealthy, Unknown};
        for (why, health, dags, desired, image, status, verdict_is) in [
            ("all there", Healthy, "v2", "v2", "t2", Deployed, "arrived"),
            ("asleep", Hibernating, "v2", "v2", "t2", Deployed, "arrived"),
            ("healthy before it began", Healthy, "v1", "v1", "t1", Initialized, "processes the deploy"),
            ("healthy with the old DAGs", Healthy, "v1", "v2", "t2", Deployed, "does not yet have the DAG bundle"),
            ("not told", Healthy, "v1", "v1", "t2", Deployed, "not yet told"),
            ("on its way to another", Healthy, "v2", "v3", "t2", Deployed, "not yet told"),
            ("healthy with the old image", Healthy, "v2", "v2", "t1", Deployed, "still runs the image t1"),
            ("rolling", Deploying, "v2", "v2", "t2", Deployed, "rolls out"),
            ("unknown", Unknown(String::new()), "v2", "v2", "t2", Deployed, "status is unknown"),
            ("broken", Unhealthy, "v2", "v2", "t2", Deployed, "unhealthy: the platform gives no reason"),
            ("broken before", Unhealthy, "v1", "v2", "t2", Deployed, "does not yet have"),
            ("failed", Healthy, "v1", "v1", "t1", Failed, "failed: the platform marked"),
        ] {
            let is = verdict(&expected(), &deployment(health, dags, desired, image), &deploy("x2", status, 2));
            assert!(is.to_string().contains(verdict_is), "{why}: {is}");
        }
    }

    #[test]
    fn a_dag_only_deploy_does_not_care_about_the_image() {
        let only_dags = Expectation { image: None, ..expected() };
        let is = verdict(
            &only_dags,
            &deployment(DeploymentStatus::Healthy, "v2", "v2", "t1"),
            &deploy("x2", DeployStatus::Deployed, 2),
        );
        assert_eq!(is, Verdict::Arrived);
    }

    #[test]
    fn a_bundle_arrives_and_goes() {
        let mount_path = MountPath::new("/m");
        let state = |current: &str, desired: &str| BundleState {
            mount_path: MountPath::new("/m"),
            deploy_id: DeployId::new("x2"),
            current: Some(current).filter(|text| !text.is_empty()).map(BundleVersion::new),
            desired: Some(desired).filter(|text| !text.is_empty()).map(BundleVersion::new),
        };
        let healthy = deployment(DeploymentStatus::Healthy, "v1", "v1", "t1");
        for (wanted, bundles, arrived) in [
            (version("b2"), vec![state("b2", "b2")], true),
            (version("b2"), vec![state("b1", "b2")], false),
            (version("b2"), vec![state("b2", "b3")], false),
            (version("b2"), vec![], false),
            (None, vec![], true),
            (None, vec![state("", "")], true),
            (None, vec![state("b1", "")], false),
        ] {
            let carried = vec![ExpectedBundle { mount_path: mount_path.clone(), version: wanted }];
            let expected = Expectation { dags: None, image: None, bundles: carried, ..expected() };
            let deploy = DeployRecord { bundles: bundles.clone(), ..deploy("x2", DeployStatus::Deployed, 2) };
            assert_eq!(verdict(&expected, &healthy, &deploy) == Verdict::Arrived, arrived, "{expected:?} {bundles:?}");
        }
    }

    #[test]
    fn only_a_newer_deploy_that_took_over_supersedes() {
        let ours = deploy("x2", DeployStatus::Deployed, 2);
        let newer = DeployRecord {
            dag_bundle_version: version("v3"),
            image_tag: Some(ImageTag::new("t3")),
            ..deploy("x3", DeployStatus::Deployed, 3)
        };
        let under_way = DeployRecord { status: DeployStatus::Initialized, dag_bundle_version: None, ..newer.clone() };
        let older = DeployRecord { created_at: "2026-01-01T10:01:00Z".into(), ..newer.clone() };
        let by = |desired: &str, image: &str, other: &DeployRecord| {
            let now = deployment(DeploymentStatus::Healthy, "v1", desired, image);
            superseded_by(&expected(), &now, &ours, &[other.clone(), ours.clone()]).map(|record| record.id.as_str().to_owned())
        };
        let x3 = Some("x3".to_owned());
        assert_eq!(by("v3", "t2", &newer), x3, "newer DAGs are wanted");
        assert_eq!(by("v2", "t3", &newer), x3, "a newer image runs");
        assert_eq!(by("v2", "t2", &newer), None, "ours is still wanted");
        assert_eq!(by("v1", "t1", &newer), None, "neither is wanted yet");
        assert_eq!(by("v3", "t2", &under_way), None);
        assert_eq!(by("v3", "t3", &older), None);
    }
}
