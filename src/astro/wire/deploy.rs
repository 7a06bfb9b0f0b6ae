//! A deploy's JSON in both directions. Field meanings: `reference/astro-platform.md` 3.1, 3.2, 3.4.
//! It sends nothing and decides nothing.

use serde::{Deserialize, Serialize};

use crate::astro::answers::CreatedDeploy;
use crate::astro::requests::{FinalizeBody, NewDeploy};
use crate::astro::wire::deployment::filled;
use crate::model::deploy::{BundleState, DeployRecord, DeployStatus, DeployType, GitRemote, GitSource};
use crate::model::ids::{BundleVersion, DeployId, ImageTag, MountPath};
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// A deploy as the API gives it; everything but the id may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireDeploy {
    id: String,
    #[serde(rename = "type")]
    deploy_type: Option<String>,
    status: Option<String>,
    created_at: Option<String>,
    description: Option<String>,
    git: Option<WireGit>,
    dag_tarball_version: Option<String>,
    image_repository: Option<String>,
    image_tag: Option<String>,
    bundle_mount_path: Option<String>,
    bundles: Option<Vec<WireBundle>>,
    rollback_from_id: Option<String>,
    is_dag_deploy_enabled: Option<bool>,
    astro_runtime_version: Option<String>,
    created_by_subject: Option<WireSubject>,
    dags_upload_url: Option<String>,
    bundle_upload_url: Option<String>,
}

/// Whoever made a deploy; a person has a name, a token the name that it was given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSubject {
    full_name: Option<String>,
    username: Option<String>,
    api_token_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBundle {
    mount_path: Option<String>,
    deploy_id: Option<String>,
    current_version: Option<String>,
    desired_version: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGit {
    provider: String,
    commit_sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_url: Option<String>,
}

/// The body that creates a deploy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateBody<'a> {
    #[serde(rename = "type")]
    deploy_type: &'static str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    git: Option<WireGit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_mount_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_type: Option<&'a str>,
}

/// The body that finalizes a deploy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireFinalize<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    dag_tarball_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_tarball_version: Option<&'a str>,
}

/// A body that holds only a description.
#[derive(Serialize)]
pub struct DescriptionBody<'a> {
    /// The description, at most 500 characters.
    pub description: &'a str,
}

impl<'a> CreateBody<'a> {
    /// Creates the body.
    pub fn new(new: &'a NewDeploy) -> Self {
        Self {
            deploy_type: new.deploy_type.name(),
            description: &new.description,
            git: new.git.as_ref().map(WireGit::new),
            bundle_mount_path: new.bundle.as_ref().map(|bundle| bundle.mount_path.as_str()),
            bundle_type: new.bundle.as_ref().map(|bundle| bundle.bundle_type.as_str()),
        }
    }
}

impl<'a> WireFinalize<'a> {
    /// Creates the body. `ImageOnly` and `Nothing` name no version at all, which is safer than
    /// an empty one.
    pub fn new(body: &'a FinalizeBody) -> Self {
        let (dag_tarball_version, bundle_tarball_version) = match body {
            FinalizeBody::Dags(version) => (Some(version.as_str()), None),
            FinalizeBody::Bundle(version) => (None, Some(version.as_str())),
            FinalizeBody::DeleteBundle => (None, Some("")),
            FinalizeBody::ImageOnly | FinalizeBody::Nothing => (None, None),
        };
        Self { dag_tarball_version, bundle_tarball_version }
    }
}

impl WireDeploy {
    /// Returns the id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the creation time as it was given; empty when it was not.
    pub fn created_at(&self) -> &str {
        self.created_at.as_deref().unwrap_or_default()
    }

    /// Converts into a history entry.
    pub fn into_record(self) -> DeployRecord {
        let bundles = self.bundles.unwrap_or_default().into_iter().filter_map(WireBundle::into_model);
        DeployRecord {
            id: DeployId::new(self.id),
            deploy_type: self.deploy_type.as_deref().and_then(DeployType::parse),
            status: status(self.status.unwrap_or_default()),
            created_at: self.created_at.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            git: self.git.and_then(WireGit::into_model),
            dag_bundle_version: filled(self.dag_tarball_version).map(BundleVersion::new),
            image_tag: filled(self.image_tag).map(ImageTag::new),
            mount_path: filled(self.bundle_mount_path).map(MountPath::new),
            bundles: bundles.collect(),
            rollback_from: filled(self.rollback_from_id).map(DeployId::new),
            dag_deploys: self.is_dag_deploy_enabled.unwrap_or_default(),
            runtime_version: self.astro_runtime_version.unwrap_or_default(),
            deployer: self.created_by_subject.and_then(WireSubject::into_name),
        }
    }

    /// Converts into a deploy that waits for its content.
    ///
    /// # Errors
    /// Returns the reason when an upload URL is none; it never repeats the URL.
    pub fn into_created(self) -> Result<CreatedDeploy, String> {
        let url = |text: Option<String>| filled(text).map(|text| SafeUrl::parse(&text)).transpose();
        Ok(CreatedDeploy {
            id: DeployId::new(self.id),
            image_repository: self.image_repository.unwrap_or_default(),
            image_tag: ImageTag::new(self.image_tag.unwrap_or_default()),
            dags_upload_url: url(self.dags_upload_url).map_err(|reason| format!("the upload URL for DAGs is {reason}"))?,
            bundle_upload_url: url(self.bundle_upload_url)
                .map_err(|reason| format!("the upload URL for a bundle is {reason}"))?,
        })
    }
}

impl WireSubject {
    fn into_name(self) -> Option<String> {
        filled(self.full_name).or_else(|| filled(self.username)).or_else(|| filled(self.api_token_name))
    }
}

impl WireBundle {
    fn into_model(self) -> Option<BundleState> {
        Some(BundleState {
            mount_path: MountPath::new(filled(self.mount_path)?),
            deploy_id: DeployId::new(self.deploy_id.unwrap_or_default()),
            current: filled(self.current_version).map(BundleVersion::new),
            desired: filled(self.desired_version).map(BundleVersion::new),
        })
    }
}

impl WireGit {
    /// The platform wants account and repository for GitHub, and only the URL for others.
    fn new(source: &GitSource) -> Self {
        let (provider, account, repo, remote_url) = match &source.remote {
            GitRemote::GitHub { account, repo } => ("GITHUB", Some(account.clone()), Some(repo.clone()), None),
            GitRemote::Generic { url } => ("GENERIC", None, None, Some(url.clone())),
        };
        Self {
            provider: provider.to_owned(),
            commit_sha: source.commit.as_str().to_owned(),
            account,
            repo,
            remote_url,
            branch: source.branch.clone(),
            path: source.path.clone(),
            author_name: source.author_name.clone(),
            commit_url: source.commit_url.clone(),
        }
    }

    fn into_model(self) -> Option<GitSource> {
        let remote = match (filled(self.account), filled(self.repo), filled(self.remote_url)) {
            (Some(account), Some(repo), _) => GitRemote::GitHub { account, repo },
            (_, _, Some(url)) => GitRemote::parse(&url).unwrap_or(GitRemote::Generic { url }),
            _ => return None,
        };
        Some(GitSource {
            remote,
            commit: CommitSha::parse(&self.commit_sha)?,
            branch: filled(self.branch),
            path: filled(self.path),
            author_name: filled(self.author_name),
            commit_url: filled(self.commit_url),
        })
    }
}

fn status(word: String) -> DeployStatus {
    match word.as_str() {
        "INITIALIZED" => DeployStatus::Initialized,
        "DEPLOYED" => DeployStatus::Deployed,
        "FAILED" => DeployStatus::Failed,
        _ => DeployStatus::Other(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::astro::requests::NewBundle;

    fn source(remote: GitRemote) -> GitSource {
        GitSource {
            remote,
            commit: CommitSha::parse(&"a".repeat(40)).expect("a commit"),
            branch: Some("main".into()),
            path: None,
            author_name: None,
            commit_url: None,
        }
    }

    fn new_deploy(git: GitRemote) -> NewDeploy {
        NewDeploy {
            deploy_type: DeployType::DagOnly,
            description: "text".into(),
            marker: "m".into(),
            git: Some(source(git)),
            bundle: None,
        }
    }

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).expect("JSON")
    }

    #[test]
    fn each_git_provider_gets_only_its_own_fields() {
        let sha = "a".repeat(40);
        let github = new_deploy(GitRemote::GitHub { account: "acme".into(), repo: "dags".into() });
        assert_eq!(
            json(&CreateBody::new(&github)),
            format!(
                r#"{{"type":"DAG_ONLY","description":"text","git":{{"provider":"GITHUB","commitSha":"{sha}","account":"acme","repo":"dags","branch":"main"}}}}"#
            )
        );
        let generic = new_deploy(GitRemote::Generic { url: "https://git.example/dags.git".into() });
        assert!(json(&CreateBody::new(&generic)).contains(&format!(
            r#""git":{{"provider":"GENERIC","commitSha":"{sha}","remoteUrl":"https://git.example/dags.git","branch":"main"}}"#
        )));
    }

    #[test]
    fn a_bundle_deploy_names_its_mount_path() {
        let mut new = new_deploy(GitRemote::Generic { url: "https://git.example/dags.git".into() });
        new.deploy_type = DeployType::Bundle;
        new.git = None;
        new.bundle = Some(NewBundle { mount_path: MountPath::new("/usr/local/airflow/dbt/shop"), bundle_type: "dbt".into() });
        assert_eq!(
            json(&CreateBody::new(&new)),
            r#"{"type":"BUNDLE","description":"text","bundleMountPath":"/usr/local/airflow/dbt/shop","bundleType":"dbt"}"#
        );
    }

    #[test]
    fn only_a_deletion_finalizes_with_an_empty_version() {
        for (body, expected) in [
            (FinalizeBody::Dags(BundleVersion::new("v")), r#"{"dagTarballVersion":"v"}"#),
            (FinalizeBody::Bundle(BundleVersion::new("v")), r#"{"bundleTarballVersion":"v"}"#),
            (FinalizeBody::DeleteBundle, r#"{"bundleTarballVersion":""}"#),
            (FinalizeBody::ImageOnly, "{}"),
            (FinalizeBody::Nothing, "{}"),
        ] {
            assert_eq!(json(&WireFinalize::new(&body)), expected);
        }
    }

    #[test]
    fn a_history_entry_is_read_leniently() {
        let wire: WireDeploy = serde_json::from_str(
            r#"{"id":"x1","type":"TELEPORT","status":"PAUSED","createdAt":"2026-01-01T00:00:00Z","description":null,"imageTag":"t",
            "git":{"provider":"GENERIC","commitSha":"not a sha","remoteUrl":"https://git.example/a"},
            "bundles":[{"bundleType":"dbt","mountPath":"/m","deployId":"x0","currentVersion":"a","desiredVersion":"b"},{}],
            "dagTarballVersion":"","rollbackFromId":"x0","isDagDeployEnabled":true,"new":{},
            "astroRuntimeVersion":"3.1-4","createdBySubject":{"id":"s","fullName":"","username":"ada@example.com","apiTokenName":"ci"}}"#,
        )
        .expect("a deploy");
        let record = wire.into_record();
        assert_eq!((record.deploy_type, record.git, record.dag_bundle_version), (None, None, None));
        assert_eq!(record.status, DeployStatus::Other("PAUSED".into()));
        assert_eq!(record.rollback_from, Some(DeployId::new("x0")));
        assert_eq!((record.runtime_version.as_str(), record.deployer.as_deref()), ("3.1-4", Some("ada@example.com")));
        assert_eq!(record.bundles.len(), 1);
        assert_eq!(record.bundles[0].desired, Some(BundleVersion::new("b")));
    }

    #[test]
    fn a_broken_upload_url_is_not_repeated() {
        let wire: WireDeploy = serde_json::from_str(r#"{"id":"x","dagsUploadUrl":"no-url?sig=hush"}"#).expect("a deploy");
        let reason = wire.into_created().expect_err("not a URL");
        assert!(reason.contains("DAGs") && !reason.contains("hush"), "{reason}");
    }
}
