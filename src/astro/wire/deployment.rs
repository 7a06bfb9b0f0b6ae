//! A Deployment's JSON. Field meanings: `reference/astro-platform.md` 5.6, 5.8 and 10.2.
//! It sends nothing and decides nothing.

use serde::{Deserialize, Serialize};

use crate::model::deployment::{Deployment, DeploymentKind, DeploymentStatus, HibernationOverride, Rest, RestEvent};
use crate::model::ids::{BundleVersion, DeploymentId, ImageTag, OrganizationId, WorkspaceId};
use crate::model::url::SafeUrl;

/// A Deployment as the API gives it; everything but the id may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireDeployment {
    id: String,
    name: Option<String>,
    description: Option<String>,
    created_at: Option<String>,
    organization_id: Option<String>,
    workspace_id: Option<String>,
    workspace_name: Option<String>,
    namespace: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    status_reason: Option<String>,
    astro_runtime_version: Option<String>,
    runtime_version: Option<String>,
    airflow_version: Option<String>,
    is_dag_deploy_enabled: Option<bool>,
    is_cicd_enforced: Option<bool>,
    is_development_mode: Option<bool>,
    remote_execution: Option<WireRemoteExecution>,
    dag_tarball_version: Option<String>,
    desired_dag_tarball_version: Option<String>,
    image_tag: Option<String>,
    image_version: Option<String>,
    image_repository: Option<String>,
    scaling_spec: Option<WireScalingSpec>,
    scaling_status: Option<WireScalingStatus>,
    ui_url: Option<String>,
    web_server_url: Option<String>,
    api_url: Option<String>,
    web_server_airflow_api_url: Option<String>,
}

#[derive(Deserialize)]
struct WireRemoteExecution {
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireScalingSpec {
    hibernation_spec: Option<WireHibernationSpec>,
}

#[derive(Deserialize)]
struct WireHibernationSpec {
    #[serde(rename = "override")]
    exception: Option<WireOverride>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOverride {
    is_active: Option<bool>,
    is_hibernating: Option<bool>,
    override_until: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireScalingStatus {
    hibernation_status: Option<WireHibernationStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHibernationStatus {
    is_hibernating: Option<bool>,
    next_event_type: Option<String>,
    next_event_at: Option<String>,
}

/// The body that sets a hibernation override.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverrideBody<'a> {
    is_hibernating: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_until: Option<&'a str>,
}

impl<'a> OverrideBody<'a> {
    /// Creates the body.
    pub fn new(wanted: &'a HibernationOverride) -> Self {
        Self { is_hibernating: wanted.hibernate, override_until: wanted.until.as_deref() }
    }
}

impl WireDeployment {
    /// Converts into the vocabulary. `astro_url` makes the page's URL in the Astro UI.
    pub fn into_model(self, astro_url: impl FnOnce(&WorkspaceId, &DeploymentId) -> Option<String>) -> Deployment {
        let id = DeploymentId::new(self.id);
        let workspace_id = WorkspaceId::new(self.workspace_id.unwrap_or_default());
        let status = status(self.status.unwrap_or_default());
        let rest = self.scaling_status.and_then(|status| status.hibernation_status);
        let asleep = rest.as_ref().and_then(|rest| rest.is_hibernating);
        let exception = self.scaling_spec.and_then(|spec| spec.hibernation_spec?.exception);
        Deployment {
            name: self.name.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            created_at: self.created_at.unwrap_or_default(),
            organization_id: OrganizationId::new(self.organization_id.unwrap_or_default()),
            workspace_name: filled(self.workspace_name),
            namespace: self.namespace.unwrap_or_default(),
            kind: self.kind.as_deref().and_then(kind),
            hibernating: asleep.unwrap_or(status == DeploymentStatus::Hibernating),
            status,
            status_reason: filled(self.status_reason),
            // `runtimeVersion` is the deprecated twin.
            runtime_version: filled(self.astro_runtime_version).or(filled(self.runtime_version)).unwrap_or_default(),
            airflow_version: self.airflow_version.unwrap_or_default(),
            dag_deploys: self.is_dag_deploy_enabled.unwrap_or_default(),
            cicd_enforced: self.is_cicd_enforced.unwrap_or_default(),
            development_mode: self.is_development_mode.unwrap_or_default(),
            remote_execution: self.remote_execution.and_then(|remote| remote.enabled).unwrap_or_default(),
            dag_bundle_version: filled(self.dag_tarball_version).map(BundleVersion::new),
            desired_dag_bundle_version: filled(self.desired_dag_tarball_version).map(BundleVersion::new),
            // `imageVersion` is the tag that the platform gave at the deploy; `imageTag` is a
            // custom one and mostly empty (the published contract's descriptions).
            image_tag: filled(self.image_version).or(filled(self.image_tag)).map(ImageTag::new),
            image_repository: filled(self.image_repository),
            next_rest: rest.and_then(WireHibernationStatus::into_model),
            airflow_api: filled(self.api_url).or(filled(self.web_server_airflow_api_url)).and_then(|url| airflow_api(&url)),
            hibernation_override: exception.and_then(WireOverride::into_model),
            astro_url: astro_url(&workspace_id, &id),
            airflow_url: filled(self.ui_url).or(filled(self.web_server_url)).map(with_scheme),
            id,
            workspace_id,
        }
    }
}

impl WireOverride {
    fn into_model(self) -> Option<HibernationOverride> {
        let hibernate = self.is_hibernating.filter(|_| self.is_active != Some(false))?;
        Some(HibernationOverride { hibernate, until: filled(self.override_until) })
    }
}

impl WireHibernationStatus {
    fn into_model(self) -> Option<RestEvent> {
        let what = match self.next_event_type.as_deref()? {
            "HIBERNATE" => Rest::Hibernates,
            "WAKE" => Rest::Wakes,
            _ => return None,
        };
        Some(RestEvent { what, at: filled(self.next_event_at)? })
    }
}

/// The API gives this URL with or without a scheme, and may append a query for browsers
/// (`reference/astro-platform.md` 7.1).
fn airflow_api(url: &str) -> Option<SafeUrl> {
    let url = with_scheme(url.split('?').next().unwrap_or_default().to_owned());
    SafeUrl::parse(url.trim_end_matches('/')).ok()
}

/// Returns a text unless it is empty; the API uses absence and emptiness alike.
pub fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn with_scheme(url: String) -> String {
    if url.contains("://") { url } else { format!("https://{url}") }
}

fn kind(word: &str) -> Option<DeploymentKind> {
    match word {
        "STANDARD" => Some(DeploymentKind::Standard),
        "DEDICATED" => Some(DeploymentKind::Dedicated),
        "HYBRID" => Some(DeploymentKind::Hybrid),
        _ => None,
    }
}

fn status(word: String) -> DeploymentStatus {
    match word.as_str() {
        "CREATING" => DeploymentStatus::Creating,
        "DEPLOYING" => DeploymentStatus::Deploying,
        "HEALTHY" => DeploymentStatus::Healthy,
        "HIBERNATING" => DeploymentStatus::Hibernating,
        "UNHEALTHY" => DeploymentStatus::Unhealthy,
        _ => DeploymentStatus::Unknown(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(json: &str) -> Deployment {
        let wire: WireDeployment = serde_json::from_str(json).expect("a Deployment");
        wire.into_model(|workspace, id| Some(format!("https://ui.example/{workspace}/{id}")))
    }

    #[test]
    fn a_deployment_is_read_from_the_platforms_json() {
        let deployment = decoded(
            r#"{"id":"d1","name":"demo","organizationId":"o1","workspaceId":"w1","workspaceName":"Data","namespace":"sun-1",
            "type":"DEDICATED","status":"HEALTHY","statusReason":"","astroRuntimeVersion":"3.1-4","runtimeVersion":"old",
            "airflowVersion":"3.1.2","isDagDeployEnabled":true,"isCicdEnforced":true,"isDevelopmentMode":true,
            "remoteExecution":{"enabled":true,"remoteApiUrl":"x"},"dagTarballVersion":"v1","desiredDagTarballVersion":"v2",
            "imageTag":"custom","imageVersion":"deploy-1","uiUrl":"team.example/abc?orgId=o1","apiUrl":"team.example/abc/api/v2?orgId=o1","description":"Ours",
            "createdAt":"2026-01-01T00:00:00Z","imageRepository":"images.example/o1/d1",
            "scalingSpec":{"hibernationSpec":{"override":{"isActive":true,"isHibernating":false,"overrideUntil":"2026-01-01T00:00:00Z"}}},
            "scalingStatus":{"hibernationStatus":{"isHibernating":true,"nextEventType":"WAKE","nextEventAt":"2026-01-02T06:00:00Z"}},"somethingNew":[1]}"#,
        );
        assert_eq!(deployment.kind, Some(DeploymentKind::Dedicated));
        assert_eq!(deployment.status, DeploymentStatus::Healthy);
        assert_eq!(deployment.status_reason, None);
        assert_eq!(deployment.runtime_version, "3.1-4");
        assert!(deployment.dag_deploys && deployment.cicd_enforced && deployment.development_mode && deployment.remote_execution);
        assert_eq!(deployment.dag_bundle_version, Some(BundleVersion::new("v1")));
        assert_eq!(deployment.desired_dag_bundle_version, Some(BundleVersion::new("v2")));
        assert_eq!(deployment.image_tag, Some(ImageTag::new("deploy-1")));
        let until = Some("2026-01-01T00:00:00Z".to_owned());
        assert_eq!(deployment.hibernation_override, Some(HibernationOverride { hibernate: false, until }));
        assert!(deployment.hibernating);
        assert_eq!(deployment.next_rest, Some(RestEvent { what: Rest::Wakes, at: "2026-01-02T06:00:00Z".to_owned() }));
        assert_eq!(
            deployment.airflow_api.map(|url| url.expose().to_string()).as_deref(),
            Some("https://team.example/abc/api/v2")
        );
        assert_eq!(deployment.image_repository.as_deref(), Some("images.example/o1/d1"));
        assert_eq!((deployment.description.as_str(), deployment.created_at.as_str()), ("Ours", "2026-01-01T00:00:00Z"));
        assert_eq!(deployment.astro_url.as_deref(), Some("https://ui.example/w1/d1"));
        assert_eq!(deployment.airflow_url.as_deref(), Some("https://team.example/abc?orgId=o1"));
    }

    #[test]
    fn missing_null_and_unknown_things_are_no_errors() {
        let deployment = decoded(
            r#"{"id":"d1","name":null,"type":"LUNAR","status":"DREAMING","runtimeVersion":"12.0.0","imageTag":"mine",
            "scalingSpec":{"hibernationSpec":{"override":{"isActive":false,"isHibernating":true}}}}"#,
        );
        assert_eq!(deployment.kind, None);
        assert_eq!(deployment.status, DeploymentStatus::Unknown("DREAMING".into()));
        assert_eq!(deployment.runtime_version, "12.0.0");
        assert_eq!(deployment.image_tag, Some(ImageTag::new("mine")));
        assert_eq!(deployment.hibernation_override, None);
        assert!(!deployment.hibernating);
        assert!(decoded(r#"{"id":"d","status":"HIBERNATING"}"#).hibernating);
    }
}
