//! Bitbucket Cloud's side of a deploy: pull requests with comments, build statuses and Code Insights reports.
//! It must not know Astro, nor how a request is spelled.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::world::commits::CommitGraph;

/// Repository access token of the sandbox that may talk on pull requests.
pub const TOKEN: &str = "ATCTT-sandbox";
/// Repository access token that may read code and set statuses, but not see pull requests.
pub const CODE_TOKEN: &str = "ATCTT-sandbox-code";
/// API token of the user `ada`, to be used with her e-mail address.
pub const API_TOKEN: &str = "ATATT-sandbox";
/// E-mail address of `ada`.
pub const API_EMAIL: &str = "ada@example.com";
/// Access token of another repository.
pub const OUTSIDER_TOKEN: &str = "ATCTT-sandbox-outsider";

/// How a token proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// As `Bearer`: a repository, project or workspace access token.
    Bearer,
    /// As the password of this e-mail address: a user's API token.
    Password(String),
}

/// A token Bitbucket knows.
#[derive(Clone)]
pub struct BitbucketToken {
    /// The secret text.
    pub text: String,
    /// How it proves itself.
    pub proof: Proof,
    /// Name of who acts with it: a user, or the token itself.
    pub name: String,
    /// Scopes: of access tokens such as `pullrequest:write`, of API tokens such as `read:pullrequest:bitbucket`.
    pub scopes: Vec<&'static str>,
    /// Full names of the repositories it reaches.
    pub repositories: Vec<String>,
}

impl std::fmt::Debug for BitbucketToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BitbucketToken").field("name", &self.name).finish_non_exhaustive()
    }
}

impl BitbucketToken {
    /// Returns whether the token has a scope, by itself or because another implies it; API tokens imply nothing.
    pub fn has(&self, access_scope: &str, api_scope: &str) -> bool {
        let implied = |scope: &str| match scope {
            "pullrequest:write" => &["pullrequest", "repository:write", "repository"][..],
            "pullrequest" | "repository:write" => &["repository"][..],
            _ => &[],
        };
        match self.proof {
            Proof::Bearer => self.scopes.iter().any(|scope| *scope == access_scope || implied(scope).contains(&access_scope)),
            Proof::Password(_) => self.scopes.contains(&api_scope),
        }
    }
}

/// A comment on a pull request.
#[derive(Clone, Debug)]
pub struct PullComment {
    /// Bitbucket's number of the comment.
    pub id: u64,
    /// The pull request.
    pub pull: u64,
    /// Markdown; empty once it is deleted.
    pub raw: String,
    /// Name of its author.
    pub author: String,
    /// Whether it was deleted; it is listed all the same.
    pub deleted: bool,
    /// When it was written.
    pub created_on: Timestamp,
    /// When it last changed.
    pub updated_on: Timestamp,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Its number.
    pub id: u64,
    /// Title.
    pub title: String,
    /// `OPEN`, `MERGED`, `DECLINED` or `SUPERSEDED`.
    pub state: String,
    /// Source branch.
    pub source: String,
    /// Newest commit of the source branch.
    pub source_commit: String,
    /// Target branch.
    pub destination: String,
    /// Newest commit of the target branch.
    pub destination_commit: String,
    /// The commit that merged it.
    pub merge_commit: Option<String>,
}

/// A build status of a commit; the newest of a key counts.
#[derive(Clone, Debug)]
pub struct BuildStatus {
    /// The commit.
    pub commit: String,
    /// Which check it is; at most 40 characters.
    pub key: String,
    /// `INPROGRESS`, `SUCCESSFUL`, `FAILED` or `STOPPED`.
    pub state: String,
    /// Where details are.
    pub url: String,
    /// Title.
    pub name: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Branch, which ties it to a pull request.
    pub refname: Option<String>,
    /// When it was first set.
    pub created_on: Timestamp,
    /// When it last changed.
    pub updated_on: Timestamp,
}

/// A Code Insights report on a commit.
#[derive(Clone, Debug)]
pub struct Report {
    /// The commit.
    pub commit: String,
    /// The reporter's id of it.
    pub external_id: String,
    /// What was sent.
    pub fields: Map<String, Value>,
    /// Its annotations, in the order they came.
    pub annotations: Vec<Annotation>,
}

/// An annotation of a report.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The reporter's id of it; the same one again replaces it.
    pub external_id: String,
    /// What was sent.
    pub fields: Map<String, Value>,
}

/// A repository.
#[derive(Clone, Debug, Default)]
pub struct BitbucketRepository {
    /// Workspace and slug, such as `acme/demo`.
    pub full_name: String,
    /// Pull requests.
    pub pulls: Vec<Pull>,
    /// Comments, oldest first.
    pub comments: Vec<PullComment>,
    /// Build statuses, oldest first.
    pub statuses: Vec<BuildStatus>,
    /// Code Insights reports.
    pub reports: Vec<Report>,
    /// Whether the app is installed that knows the pull requests of a commit.
    pub links_commits: bool,
    /// Commits, branches and tags.
    pub graph: CommitGraph,
}

/// Bitbucket Cloud.
#[derive(Clone, Debug, Default)]
pub struct Bitbucket {
    /// Tokens it accepts.
    pub tokens: Vec<BitbucketToken>,
    /// Repositories, all private.
    pub repositories: Vec<BitbucketRepository>,
}

impl Bitbucket {
    /// Returns the sandbox's Bitbucket: repository `acme/demo` with pull request 1 from `change` to `main`, and the
    /// tokens of this file.
    pub fn sandbox(graph: CommitGraph) -> Bitbucket {
        let tip = |branch: &str| graph.refs.get(branch).cloned().unwrap_or_default();
        let pull = Pull {
            id: 1,
            title: "Change the example".into(),
            state: "OPEN".into(),
            source: "change".into(),
            source_commit: tip("change"),
            destination: "main".into(),
            destination_commit: tip("main"),
            merge_commit: None,
        };
        let full_name = "acme/demo".to_owned();
        let token = |text: &str, proof: Proof, name: &str, scopes: &[&'static str], repository: &str| BitbucketToken {
            text: text.into(),
            proof,
            name: name.into(),
            scopes: scopes.into(),
            repositories: vec![repository.into()],
        };
        let of_user = ["read:user:bitbucket", "read:repository:bitbucket", "read:pullrequest:bitbucket"];
        Bitbucket {
            tokens: vec![
                token(TOKEN, Proof::Bearer, "deploy-bot", &["pullrequest:write"], &full_name),
                token(CODE_TOKEN, Proof::Bearer, "code-bot", &["repository"], &full_name),
                token(API_TOKEN, Proof::Password(API_EMAIL.into()), "ada", &of_user, &full_name),
                token(OUTSIDER_TOKEN, Proof::Bearer, "eve-bot", &["pullrequest:write"], "eve/demo"),
            ],
            repositories: vec![BitbucketRepository {
                full_name,
                pulls: vec![pull],
                links_commits: true,
                graph,
                ..BitbucketRepository::default()
            }],
        }
    }

    /// Returns a repository; names ignore case, as on Bitbucket.
    pub fn repository_mut(&mut self, full_name: &str) -> Option<&mut BitbucketRepository> {
        self.repositories.iter_mut().find(|repository| repository.full_name.eq_ignore_ascii_case(full_name))
    }
}
