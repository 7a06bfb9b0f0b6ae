//! Azure Repos, in Azure DevOps Services or Server.
//! It knows threads, statuses and comparisons, but nothing about what they will say.
//!
//! <https://learn.microsoft.com/rest/api/azure/devops/git/?view=azure-devops-rest-7.1>

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use crate::changes::change::{Change, Relation};
use crate::error::Result;
use crate::forge::diff::{changes, moved};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Findings, Forge, PullRequestNow, RecordId, State, Support,
    Upsert,
};
use crate::forge::rest::{Outgoing, Rest, Words, name_parts};
use crate::forge::sticky::{self, Comments};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// Longest comment that the service takes, in characters, as it says when it refuses one.
const COMMENT_LIMIT: usize = 150_000;
/// Longest description of a status that is sent, in characters.
const DESCRIPTION_LIMIT: usize = 255;
/// Changes asked for at once, and pages read before a comparison is given up as too long.
const CHANGES: usize = 1000;
const PAGES: usize = 50;
/// The version of the API; older servers than 2022.2 do not have it.
const VERSION: (&str, &str) = ("api-version", "7.1");
const PREVIEW: (&str, &str) = ("api-version", "7.1-preview");

const WORDS: Words = Words {
    forge: "Azure DevOps",
    rights: "the build service, or the token's user, needs `Contribute to pull requests` for comments and `Contribute` for statuses",
};

/// A repository in Azure Repos.
struct AzureDevOps {
    rest: Rest,
    project: String,
    repository: String,
    /// Page of the repository, for people.
    page: String,
}

/// Connects to a repository in Azure Repos. The URL of the API ends with the organization.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    let parts = name_parts(connection, WORDS.forge, 3..=3, "organization/project/repository")?;
    let part = |place: usize| parts.get(place).copied().unwrap_or_default().to_owned();
    let (organization, project, repository) = (part(0), part(1), part(2));
    // Every kind of token can be the password of a user without a name; only some can be a bearer.
    let pair = STANDARD.encode(format!(":{}", connection.token.expose()));
    let rest = Rest::new(connection, &connection.api_url, (AUTHORIZATION, format!("Basic {pair}")), WORDS)?
        // Otherwise a wrong token gets a page to sign in at, as a success.
        .with_header(HeaderName::from_static("x-tfs-fedauthredirect"), HeaderValue::from_static("Suppress"));
    let page = format!("{}/{organization}/{project}/_git/{repository}", connection.repository.server_url);
    Ok(Box::new(AzureDevOps { rest, project, repository, page }))
}

impl AzureDevOps {
    fn url(&self, rest: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        let repository = [self.project.as_str(), "_apis", "git", "repositories", self.repository.as_str()];
        self.rest.url(&[&repository, rest].concat(), &[query, &[VERSION]].concat())
    }

    fn threads(&self, pull_request: u64, rest: &[&str]) -> SafeUrl {
        self.url(&[&["pullRequests", &pull_request.to_string(), "threads"], rest].concat(), &[])
    }

    fn thread_page(&self, pull_request: u64, thread: &str) -> String {
        format!("{}/pullrequest/{pull_request}?discussionId={thread}", self.page)
    }
}

#[async_trait]
impl Comments for AzureDevOps {
    /// A thread of our own begins with our comment, whose id is that of the thread and of the comment.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        // All threads come at once.
        let doing = format!("read the comments of pull request #{pull_request}");
        let threads: List<Thread> = self.rest.get(&doing, self.threads(pull_request, &[])).await?;
        let first = |thread: Thread| thread.comments.into_iter().next().filter(|_| !thread.is_deleted).map(|it| (thread.id, it));
        let marked = threads.value.into_iter().filter_map(first);
        let marked: Vec<_> = marked.filter(|(_, it)| it.content.as_deref().is_some_and(|text| text.starts_with(mark))).collect();
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let url = self.rest.url(&["_apis", "connectionData"], &[PREVIEW]);
        let connection: ConnectionData = self.rest.get("ask whose token it is", url).await?;
        let user = connection.authenticated_user.id;
        let ours = |comment: &ThreadComment| !comment.is_deleted && !user.is_empty() && comment.author.id == user;
        Ok(marked.iter().filter(|(_, it)| ours(it)).map(|(thread, it)| format!("{thread}/{}", it.id)).collect())
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        // A closed thread asks nobody to resolve it.
        let thread = json!({
            "comments": [{ "parentCommentId": 0, "content": body, "commentType": "text" }], "status": "closed",
        });
        let outgoing = Outgoing::json(Method::POST, self.threads(pull_request, &[]), &thread);
        let made: Thread = self.rest.read(&format!("comment on pull request #{pull_request}"), outgoing).await?;
        Ok(self.thread_page(pull_request, &made.id.to_string()))
    }

    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        let (thread, comment) = id.split_once('/').unwrap_or((id, "1"));
        let url = self.threads(pull_request, &[thread, "comments", comment]);
        let outgoing = Outgoing::json(Method::PATCH, url, &json!({ "content": body }));
        self.rest.tell(&format!("edit the comment on pull request #{pull_request}"), outgoing).await?;
        Ok(self.thread_page(pull_request, thread))
    }
}

#[async_trait]
impl Forge for AzureDevOps {
    fn kind(&self) -> ForgeKind {
        ForgeKind::AzureDevOps
    }

    fn markup(&self) -> Markup {
        Markup { style: MarkupStyle::Html, limit: COMMENT_LIMIT }
    }

    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        sticky::upsert(self, self.markup(), comment, upsert).await
    }

    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()> {
        let mut body = json!({
            "state": match status.state {
                State::InProgress => "pending",
                State::Success => "succeeded",
                State::Failure => "failed",
                State::Cancelled => "error",
            },
            "context": { "name": status.name }, "description": cut(status.description, DESCRIPTION_LIMIT),
        });
        if let Some(target) = status.target_url {
            body["targetUrl"] = target.into();
        }
        let url = self.url(&["commits", status.commit.as_str(), "statuses"], &[]);
        // The newest status of a name counts, so another of the same is none.
        let outgoing = Outgoing::json(Method::POST, url, &body).repeatable();
        self.rest.tell(&format!("set a status on commit {}", status.commit.short()), outgoing).await
    }

    async fn record_deployment(&self, _: &DeploymentRecord<'_>, _: Option<&RecordId>) -> Result<Option<RecordId>> {
        Ok(None)
    }

    async fn annotate(&self, _: &Findings<'_>) -> Result<Support> {
        Ok(Support::Unknown)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let doing = format!("compare {} with {}", base.short(), head.short());
        let top = CHANGES.to_string();
        let (mut relation, mut found, mut skip) = (Relation::Unknown, Vec::new(), 0);
        for _ in 0..PAGES {
            let query = [
                ("baseVersion", base.as_str()),
                ("baseVersionType", "commit"),
                ("targetVersion", head.as_str()),
                ("targetVersionType", "commit"),
                ("diffCommonCommit", "false"),
                ("$top", &top),
                ("$skip", &skip.to_string()),
            ];
            let answer: Differences = self.rest.get(&doing, self.url(&["diffs", "commits"], &query)).await?;
            relation = answer.relation(base, head);
            found.extend(answer.changes.iter().flat_map(Difference::changes));
            skip += answer.changes.len();
            // A server may give less at once than it was asked for, so only an empty page is the end.
            if answer.all_changes_included || answer.changes.is_empty() {
                return Ok(Comparison { relation, changes: changes(found), cut: None });
            }
        }
        let cut = Some(format!("Liftoff reads only {skip} changes from Azure DevOps"));
        Ok(Comparison { relation, changes: changes(found), cut })
    }

    /// The service finds the pull requests that contain a commit; those that merely do are left out.
    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let of = |kind: &str| json!({ "items": [commit.as_str()], "type": kind });
        let body = json!({ "queries": [of("lastMergeCommit"), of("commit")] });
        let outgoing = Outgoing::json(Method::POST, self.url(&["pullrequestquery"], &[]), &body).repeatable();
        let doing = format!("find the pull request of commit {}", commit.short());
        let answer: QueryAnswer = self.rest.read(&doing, outgoing).await?;
        let is_it = |side: &Option<CommitRef>| side.as_ref().is_some_and(|side| side.commit_id == commit.as_str());
        let belongs = |pull: &&Pull| is_it(&pull.last_merge_commit) || is_it(&pull.last_merge_source_commit);
        let pulls = answer.results.iter().flat_map(BTreeMap::values).flatten();
        let mut found = Vec::new();
        for number in pulls.filter(belongs).map(|pull| pull.pull_request_id) {
            if !found.contains(&number) {
                found.push(number);
            }
        }
        Ok(found)
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let url = self.url(&["pullRequests", &number.to_string()], &[]);
        let pull: Pull = self.rest.get(&format!("read pull request #{number}"), url).await?;
        let branch = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
        Ok(PullRequestNow {
            state: match pull.status.as_str() {
                "active" => PullRequestState::Open,
                "completed" => PullRequestState::Merged,
                _ => PullRequestState::Closed,
            },
            head: pull.last_merge_source_commit.and_then(|commit| CommitSha::parse(&commit.commit_id)),
            head_branch: branch(&pull.source_ref_name),
            base_branch: branch(&pull.target_ref_name),
        })
    }
}

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    id: u64,
    #[serde(default)]
    comments: Vec<ThreadComment>,
    #[serde(default)]
    is_deleted: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadComment {
    id: u64,
    content: Option<String>,
    #[serde(default)]
    author: Identity,
    #[serde(default)]
    is_deleted: bool,
}

#[derive(Deserialize, Default)]
struct Identity {
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionData {
    authenticated_user: Identity,
}

#[derive(Deserialize)]
struct QueryAnswer {
    #[serde(default)]
    results: Vec<BTreeMap<String, Vec<Pull>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    pull_request_id: u64,
    #[serde(default)]
    status: String,
    #[serde(default)]
    source_ref_name: String,
    #[serde(default)]
    target_ref_name: String,
    last_merge_source_commit: Option<CommitRef>,
    last_merge_commit: Option<CommitRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitRef {
    commit_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    #[serde(default)]
    all_changes_included: bool,
    #[serde(default)]
    changes: Vec<Difference>,
    ahead_count: Option<u64>,
    behind_count: Option<u64>,
}

impl Differences {
    fn relation(&self, base: &CommitSha, head: &CommitSha) -> Relation {
        match (self.ahead_count, self.behind_count) {
            _ if base == head => Relation::Same,
            (Some(0), Some(0)) => Relation::Same,
            (Some(_), Some(0)) => Relation::Ahead,
            (Some(0), Some(_)) => Relation::Behind,
            (Some(_), Some(_)) => Relation::Diverged,
            _ => Relation::Unknown,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    item: Item,
    /// Words with commas between them, such as `edit, rename`.
    #[serde(default)]
    change_type: String,
    /// Former path of a renamed file.
    source_server_item: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    path: Option<String>,
    #[serde(default)]
    is_folder: bool,
}

impl Difference {
    /// Folders are told, too, but only files differ.
    fn changes(&self) -> Vec<Change> {
        let Some(path) = self.item.path.as_deref().filter(|_| !self.item.is_folder) else { return Vec::new() };
        let is = |word: &str| self.change_type.split(',').any(|part| part.trim().eq_ignore_ascii_case(word));
        match () {
            () if is("delete") => moved(path, ""),
            () if is("rename") => moved(self.source_server_item.as_deref().unwrap_or_default(), path),
            () if is("add") || is("undelete") || is("branch") => moved("", path),
            () => moved(path, path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(difference: serde_json::Value) -> Vec<String> {
        let difference: Difference = serde_json::from_value(difference).expect("a difference");
        difference.changes().iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect()
    }

    #[test]
    fn files_differ_and_folders_do_not() {
        let file = |kind: &str| json!({ "item": { "path": "/dags/a.py" }, "changeType": kind });
        assert_eq!(shown(file("edit")), ["Modified dags/a.py"]);
        assert_eq!(shown(file("add")), ["Added dags/a.py"]);
        assert_eq!(shown(file("delete")), ["Removed dags/a.py"]);
        assert_eq!(shown(file("delete, sourceRename")), ["Removed dags/a.py"]);
        assert_eq!(shown(file("encoding, edit")), ["Modified dags/a.py"]);
        let mut renamed = file("edit, rename");
        renamed["sourceServerItem"] = "/include/b.py".into();
        assert_eq!(shown(renamed), ["Removed include/b.py", "Added dags/a.py"]);
        assert_eq!(shown(json!({ "item": { "path": "/dags", "isFolder": true }, "changeType": "edit" })), Vec::<String>::new());
        assert_eq!(shown(json!({ "item": { "path": "/../out.py" }, "changeType": "edit" })), Vec::<String>::new());
        assert_eq!(shown(json!({ "item": {}, "changeType": "edit" })), Vec::<String>::new());
    }
}
