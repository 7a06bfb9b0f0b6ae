//! Deploys: the entries of a Deployment's history and their origin in git.
//! Field meanings: `reference/astro-platform.md` 3.1 and 3.4 describe the platform's contract.

use std::fmt;

use crate::model::ids::{BundleVersion, DeployId, ImageTag, MountPath};
use crate::model::revision::CommitSha;

/// The platform's deploy types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeployType {
    /// Only the DAG bundle.
    DagOnly,
    /// Only the image; the DAG bundle stays as it is.
    ImageOnly,
    /// The image and the DAG bundle together.
    ImageAndDag,
    /// A dbt project or another bundle.
    Bundle,
}

impl DeployType {
    /// Returns the platform's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DagOnly => "DAG_ONLY",
            Self::ImageOnly => "IMAGE_ONLY",
            Self::ImageAndDag => "IMAGE_AND_DAG",
            Self::Bundle => "BUNDLE",
        }
    }

    /// Parses the platform's word. `None` for words that were not known when this was written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::DagOnly, Self::ImageOnly, Self::ImageAndDag, Self::Bundle].into_iter().find(|kind| kind.name() == text)
    }

    /// Returns whether a deploy of this type carries an image.
    #[must_use]
    pub const fn ships_image(self) -> bool {
        matches!(self, Self::ImageOnly | Self::ImageAndDag)
    }

    /// Returns whether a deploy of this type carries DAGs.
    #[must_use]
    pub const fn ships_dags(self) -> bool {
        matches!(self, Self::DagOnly | Self::ImageAndDag)
    }
}

impl fmt::Display for DeployType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a deploy has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployStatus {
    /// Created, not finalized or not yet rolled out.
    Initialized,
    /// Done.
    Deployed,
    /// Ended badly.
    Failed,
    /// A word that was not known when this was written.
    Other(String),
}

/// One entry of the deploy history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployRecord {
    /// Id.
    pub id: DeployId,
    /// Type; `None` when the platform used a word unknown to us.
    pub deploy_type: Option<DeployType>,
    /// Status.
    pub status: DeployStatus,
    /// Creation time, RFC 3339 as the platform gave it.
    pub created_at: String,
    /// Description, with Liftoff's footer when Liftoff made it. Hostile text.
    pub description: String,
    /// Where the code came from, when the deployer said so.
    pub git: Option<GitSource>,
    /// The DAG bundle this deploy carried.
    pub dag_bundle_version: Option<BundleVersion>,
    /// Tag of the image; also set, to the running tag, on deploys without an image.
    pub image_tag: Option<ImageTag>,
    /// Mount path of a bundle deploy.
    pub mount_path: Option<MountPath>,
    /// State of the Deployment's bundles as of this deploy.
    pub bundles: Vec<BundleState>,
    /// For a rollback: the deploy whose content runs again.
    pub rollback_from: Option<DeployId>,
    /// Whether DAG deploys were enabled at the time.
    pub dag_deploys: bool,
    /// Runtime version of the image that it shipped or that ran at the time; empty when not told.
    pub runtime_version: String,
    /// Who made it: a person or a token, when told. Hostile text.
    pub deployer: Option<String>,
}

/// A bundle of a Deployment, as a deploy record lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleState {
    /// Where it is mounted.
    pub mount_path: MountPath,
    /// The deploy that brought it.
    pub deploy_id: DeployId,
    /// What Airflow's containers have now.
    pub current: Option<BundleVersion>,
    /// What they are to have.
    pub desired: Option<BundleVersion>,
}

/// Where deployed code came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitSource {
    /// The repository.
    pub remote: GitRemote,
    /// The commit.
    pub commit: CommitSha,
    /// The branch, when known.
    pub branch: Option<String>,
    /// The project's folder inside the repository, without slashes at the ends; absent at the root.
    pub path: Option<String>,
    /// Name of the commit's author.
    pub author_name: Option<String>,
    /// Page of the commit.
    pub commit_url: Option<String>,
}

/// The two forms in which the platform records a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitRemote {
    /// A repository on github.com.
    GitHub {
        /// Owner.
        account: String,
        /// Name without `.git`.
        repo: String,
    },
    /// Any other remote, as a URL without credentials.
    Generic {
        /// The URL.
        url: String,
    },
}

impl GitRemote {
    /// Reads a git remote as `git remote get-url` prints it, credentials removed. Only the
    /// host `github.com` without a port gives the GitHub form, as the platform demands. `None`
    /// for local paths and text that cannot be a remote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (host, path, url) = if text.contains("://") {
            let mut url = url::Url::parse(text).ok()?;
            if url.scheme() == "file" {
                return None;
            }
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            let host = url.host_str()?.to_owned();
            let host = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
            (host, url.path().trim_start_matches('/').to_owned(), url.to_string())
        } else {
            let (host, path) = text.split_once(':')?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            if host.is_empty() || host.len() == 1 || path.is_empty() || host.contains(['/', '\\']) {
                return None;
            }
            (host.to_owned(), path.trim_start_matches('/').to_owned(), format!("ssh://{host}/{}", path.trim_start_matches('/')))
        };
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        if host.eq_ignore_ascii_case("github.com") {
            let (account, repo) = path.split_once('/')?;
            return Some(Self::GitHub { account: account.to_owned(), repo: repo.to_owned() });
        }
        Some(Self::Generic { url })
    }

    /// Returns one spelling of the repository for comparing two remotes: host and path in
    /// lower case, without scheme, user, port or `.git`.
    #[must_use]
    pub fn identity(&self) -> String {
        match self {
            Self::GitHub { account, repo } => format!("github.com/{account}/{repo}").to_lowercase(),
            Self::Generic { url } => match url::Url::parse(url) {
                Ok(parsed) => {
                    let path = parsed.path().trim_matches('/');
                    let path = path.strip_suffix(".git").unwrap_or(path);
                    format!("{}/{path}", parsed.host_str().unwrap_or_default()).to_lowercase()
                }
                Err(_) => url.trim_end_matches(".git").to_lowercase(),
            },
        }
    }
}

impl fmt::Display for GitRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub { account, repo } => write!(f, "github.com/{account}/{repo}"),
            Self::Generic { url } => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_lose_their_credentials_and_compare_by_identity() {
        let github = GitRemote::parse("https://x-access-token:gho_1@github.com/Acme/pipelines.git").expect("a remote");
        assert_eq!(github, GitRemote::GitHub { account: "Acme".into(), repo: "pipelines".into() });
        assert_eq!(GitRemote::parse("git@github.com:Acme/pipelines.git"), Some(github.clone()));

        let generic = GitRemote::parse("https://ci:secret@git.example.com:8443/team/sub/dags.git").expect("a remote");
        assert_eq!(generic, GitRemote::Generic { url: "https://git.example.com:8443/team/sub/dags.git".into() });
        let ssh = GitRemote::parse("git@git.example.com:team/sub/dags.git").expect("a remote");
        assert_eq!(ssh.identity(), generic.identity());
        assert_ne!(ssh.identity(), github.identity());
        assert_eq!(GitRemote::parse("https://github.com:443x/a"), None);
        assert!(matches!(GitRemote::parse("ssh://git@github.com:22/a/b"), Some(GitRemote::Generic { .. })));

        for local in ["/srv/git/repo", "../repo", "C:\\repo", "file:///srv/git/repo", ""] {
            assert_eq!(GitRemote::parse(local), None, "{local}");
        }
    }
}
