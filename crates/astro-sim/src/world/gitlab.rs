//! GitLab's side of a deploy: merge requests with notes, commit statuses in pipelines, environments and deployments.
//! It must not know Astro, nor how a request is spelled.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::world::commits::CommitGraph;
use crate::world::secrets::StoredVariable;

/// Token of `deploy-bot`, a Developer of the sandbox's project, with scope `api`.
pub const TOKEN: &str = "glpat-sandbox";
/// Token of `ada`, a Maintainer, with scope `api`.
pub const MAINTAINER_TOKEN: &str = "glpat-sandbox-maintainer";
/// Token of `rita`, a Reporter, with scope `api`.
pub const REPORTER_TOKEN: &str = "glpat-sandbox-reporter";
/// Token of `deploy-bot` with scope `read_api` only.
pub const READ_TOKEN: &str = "glpat-sandbox-read";
/// Token of `eve`, who is no member of the project, with scope `api`.
pub const OUTSIDER_TOKEN: &str = "glpat-sandbox-outsider";
/// Token of a CI job that `deploy-bot` has started.
pub const JOB_TOKEN: &str = "glcbt-sandbox";
/// Full path of the sandbox's project, which lies in a subgroup.
pub const PROJECT: &str = "acme/platform/demo";

/// What a member of a project is; each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees little of a private project.
    Guest,
    /// Reads everything and talks.
    Reporter,
    /// Writes code, statuses and deployments.
    Developer,
    /// Does all that to protected branches, and edits what others wrote.
    Maintainer,
}

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A personal, group or project access token.
    Access,
    /// `CI_JOB_TOKEN`.
    Job,
}

/// A token GitLab knows.
#[derive(Clone)]
pub struct GitLabToken {
    /// The secret text.
    pub text: String,
    /// What kind of token it is.
    pub kind: TokenKind,
    /// Who acts with it.
    pub username: String,
    /// Scopes, such as `api` or `read_api`; a job's token has none.
    pub scopes: Vec<&'static str>,
}

impl std::fmt::Debug for GitLabToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GitLabToken").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A user.
#[derive(Clone, Debug)]
pub struct GitLabUser {
    /// GitLab's number of the user.
    pub id: u64,
    /// Login.
    pub username: String,
}

/// A merge request.
#[derive(Clone, Debug)]
pub struct MergeRequest {
    /// Number in all of GitLab.
    pub id: u64,
    /// Number in the project.
    pub iid: u64,
    /// Title.
    pub title: String,
    /// `opened`, `closed`, `locked` or `merged`.
    pub state: String,
    /// Source branch.
    pub source_branch: String,
    /// Target branch.
    pub target_branch: String,
    /// Newest commit of the source branch.
    pub sha: String,
    /// Commit it is compared with.
    pub base_sha: String,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// Username of its author.
    pub author: String,
}

/// A note on a merge request.
#[derive(Clone, Debug)]
pub struct Note {
    /// GitLab's number of the note.
    pub id: u64,
    /// Number of the merge request in the project.
    pub merge_request: u64,
    /// Markdown.
    pub body: String,
    /// Username of its author.
    pub author: String,
    /// Whether GitLab wrote it about a change.
    pub system: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A pipeline, which commit statuses hang on.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// GitLab's number of the pipeline.
    pub id: u64,
    /// Its commit.
    pub sha: String,
    /// Its branch or tag.
    pub ref_name: String,
    /// What started it, such as `push` or `external`.
    pub source: String,
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct CommitStatus {
    /// GitLab's number of the status.
    pub id: u64,
    /// Its pipeline.
    pub pipeline: u64,
    /// The commit.
    pub sha: String,
    /// Branch or tag.
    pub ref_name: String,
    /// Which check it is.
    pub name: String,
    /// `pending`, `running`, `success`, `failed`, `canceled` or `skipped`.
    pub status: String,
    /// At most 255 characters.
    pub description: Option<String>,
    /// Where details are.
    pub target_url: Option<String>,
    /// Username of who set it.
    pub author: String,
    /// When it was first set.
    pub created_at: Timestamp,
}

/// An environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// GitLab's number of the environment.
    pub id: u64,
    /// Name, such as `review/change`.
    pub name: String,
    /// Where it can be looked at.
    pub external_url: Option<String>,
    /// `production`, `staging`, `testing`, `development` or `other`.
    pub tier: String,
    /// `available` or `stopped`.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A deployment to an environment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// GitLab's number of the deployment.
    pub id: u64,
    /// Number in the project.
    pub iid: u64,
    /// Its environment.
    pub environment: u64,
    /// What was deployed.
    pub sha: String,
    /// Branch or tag it came from.
    pub ref_name: String,
    /// Whether that is a tag.
    pub tag: bool,
    /// `running`, `success`, `failed` or `canceled`.
    pub status: String,
    /// Username of who made it.
    pub author: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Who can see a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Members only; to all others it does not exist.
    #[default]
    Private,
    /// Everybody.
    Public,
}

/// A project.
#[derive(Clone, Debug, Default)]
pub struct GitLabProject {
    /// GitLab's number of the project.
    pub id: u64,
    /// Path with all groups, such as `acme/platform/demo`.
    pub path: String,
    /// Who can see it.
    pub visibility: Visibility,
    /// Roles by username.
    pub members: BTreeMap<String, Role>,
    /// Names of protected branches and tags.
    pub protected: BTreeSet<String>,
    /// Merge requests.
    pub merge_requests: Vec<MergeRequest>,
    /// Notes, oldest first.
    pub notes: Vec<Note>,
    /// Pipelines, oldest first.
    pub pipelines: Vec<Pipeline>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<CommitStatus>,
    /// Environments, oldest first.
    pub environments: Vec<Environment>,
    /// Deployments, oldest first.
    pub deployments: Vec<Deployment>,
    /// CI/CD variables.
    pub variables: Vec<StoredVariable>,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

impl GitLabProject {
    /// Returns what somebody may be taken for here; a public project makes everybody a reader.
    pub fn role(&self, username: Option<&str>) -> Option<Role> {
        let member = username.and_then(|username| self.members.get(username)).copied();
        let anyone = (self.visibility == Visibility::Public).then_some(Role::Reporter);
        member.max(anyone)
    }
}

/// GitLab.
#[derive(Clone, Debug, Default)]
pub struct GitLab {
    /// Tokens it accepts.
    pub tokens: Vec<GitLabToken>,
    /// Users.
    pub users: Vec<GitLabUser>,
    /// Projects.
    pub projects: Vec<GitLabProject>,
}

impl GitLab {
    /// Returns the sandbox's GitLab: one private project with merge request 1 from branch `change` to the protected
    /// branch `main`, and the tokens of this file.
    pub fn sandbox(graph: CommitGraph) -> GitLab {
        let people = [
            ("ada", Some(Role::Maintainer)),
            ("deploy-bot", Some(Role::Developer)),
            ("rita", Some(Role::Reporter)),
            ("eve", None),
        ];
        let tip = |branch: &str| graph.refs.get(branch).cloned().unwrap_or_default();
        let merge_request = MergeRequest {
            id: 501,
            iid: 1,
            title: "Change the example".into(),
            state: "opened".into(),
            source_branch: "change".into(),
            target_branch: "main".into(),
            sha: tip("change"),
            base_sha: tip("main"),
            merge_commit_sha: None,
            author: "ada".into(),
        };
        let project = GitLabProject {
            id: 42,
            path: PROJECT.into(),
            members: people.iter().filter_map(|(name, role)| Some(((*name).into(), (*role)?))).collect(),
            protected: BTreeSet::from(["main".into()]),
            merge_requests: vec![merge_request],
            graph,
            ..GitLabProject::default()
        };
        let access = |text: &str, username: &str, scope: &'static str| GitLabToken {
            text: text.into(),
            kind: TokenKind::Access,
            username: username.into(),
            scopes: vec![scope],
        };
        let job = GitLabToken { text: JOB_TOKEN.into(), kind: TokenKind::Job, username: "deploy-bot".into(), scopes: vec![] };
        GitLab {
            tokens: vec![
                access(TOKEN, "deploy-bot", "api"),
                access(MAINTAINER_TOKEN, "ada", "api"),
                access(REPORTER_TOKEN, "rita", "api"),
                access(READ_TOKEN, "deploy-bot", "read_api"),
                access(OUTSIDER_TOKEN, "eve", "api"),
                job,
            ],
            users: (1..).zip(people).map(|(id, (name, _))| GitLabUser { id, username: name.into() }).collect(),
            projects: vec![project],
        }
    }

    /// Returns the project of a number or full path; paths ignore case, as on GitLab.
    pub fn project_mut(&mut self, id: &str) -> Option<&mut GitLabProject> {
        self.projects.iter_mut().find(|project| project.path.eq_ignore_ascii_case(id) || Ok(project.id) == id.parse())
    }
}
