//! Gitea and Forgejo.
//! It knows comments, statuses and comparisons, but nothing about what they will say.
//!
//! <https://docs.gitea.com/api> and <https://forgejo.org/docs/latest/user/api-usage/>

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::json;

use crate::changes::change::{Change, ChangeKind, Relation};
use crate::error::{Kind, Result};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Findings, Forge, PullRequestNow, RecordId, State, Support,
    Upsert,
};
use crate::forge::rest::{Outgoing, Rest, Words, name_parts};
use crate::forge::sticky::{self, Comments};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// Longest comment that is sent, in characters. No document names a limit; this is GitHub's.
const COMMENT_LIMIT: usize = 65_536;
/// Longest description of a commit status that is sent, in characters.
const DESCRIPTION_LIMIT: usize = 255;
/// Open pull requests per page, and pages looked through for the head that is asked about.
const PAGE: usize = 50;
const PAGES: usize = 10;

const WORDS: Words = Words {
    forge: "Gitea",
    rights: "the token needs the scopes `write:issue`, `write:repository` and `read:user`, its user the right to write",
};

/// A repository on Gitea or Forgejo.
struct Gitea {
    rest: Rest,
    owner: String,
    name: String,
}

/// Connects to a repository on Gitea or Forgejo.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    let parts = name_parts(connection, WORDS.forge, 2..=2, "owner/name")?;
    let [owner, name] = [parts.first(), parts.last()].map(|part| part.copied().unwrap_or_default().to_owned());
    let credential = (AUTHORIZATION, format!("token {}", connection.token.expose()));
    Ok(Box::new(Gitea { rest: Rest::new(connection, &connection.api_url, credential, WORDS)?, owner, name }))
}

impl Gitea {
    fn url(&self, rest: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        self.rest.url(&[&["repos", self.owner.as_str(), self.name.as_str()], rest].concat(), query)
    }

    /// Returns the commits that `head` has and `base` has not, newest first.
    async fn ahead(&self, base: &CommitSha, head: &CommitSha) -> Result<ComparisonAnswer> {
        let range = format!("{base}...{head}");
        self.rest.get(&format!("compare {} with {}", base.short(), head.short()), self.url(&["compare", &range], &[])).await
    }
}

#[async_trait]
impl Comments for Gitea {
    /// Whoever may write may edit what others wrote, so the author must be the token's own user. A
    /// job's token is that of a user, too, whose name nobody else can have.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        // All comments come at once.
        let url = self.url(&["issues", &pull_request.to_string(), "comments"], &[]);
        let comments: Vec<FoundComment> =
            self.rest.get(&format!("read the comments of pull request #{pull_request}"), url).await?;
        let marked: Vec<_> = comments.into_iter().filter(|comment| comment.body.starts_with(mark)).collect();
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let user: User = self.rest.get("ask whose token it is", self.rest.url(&["user"], &[])).await?;
        let ours = |comment: &&FoundComment| !user.login.is_empty() && comment.user.login == user.login;
        Ok(marked.iter().filter(ours).map(|comment| comment.id.to_string()).collect())
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        let url = self.url(&["issues", &pull_request.to_string(), "comments"], &[]);
        let outgoing = Outgoing::json(Method::POST, url, &json!({ "body": body }));
        let made: FoundComment = self.rest.read(&format!("comment on pull request #{pull_request}"), outgoing).await?;
        Ok(made.html_url)
    }

    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        let outgoing = Outgoing::json(Method::PATCH, self.url(&["issues", "comments", id], &[]), &json!({ "body": body }));
        let edited: FoundComment = self.rest.read(&format!("edit the comment on pull request #{pull_request}"), outgoing).await?;
        Ok(edited.html_url)
    }
}

#[async_trait]
impl Forge for Gitea {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Gitea
    }

    fn markup(&self) -> Markup {
        Markup { style: MarkupStyle::Html, limit: COMMENT_LIMIT }
    }

    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        sticky::upsert(self, self.markup(), comment, upsert).await
    }

    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()> {
        let body = json!({
            "state": match status.state {
                State::InProgress => "pending",
                State::Success => "success",
                State::Failure => "failure",
                State::Cancelled => "error",
            },
            "context": status.name, "description": cut(status.description, DESCRIPTION_LIMIT),
            "target_url": status.target_url.unwrap_or_default(),
        });
        // The newest status of a name counts, so another of the same is none.
        let outgoing = Outgoing::json(Method::POST, self.url(&["statuses", status.commit.as_str()], &[]), &body).repeatable();
        self.rest.tell(&format!("set a status on commit {}", status.commit.short()), outgoing).await
    }

    async fn record_deployment(&self, _: &DeploymentRecord<'_>, _: Option<&RecordId>) -> Result<Option<RecordId>> {
        Ok(None)
    }

    async fn annotate(&self, _: &Findings<'_>) -> Result<Support> {
        Ok(Support::Unknown)
    }

    /// One direction tells only what the other lacks, so both are asked.
    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let (ahead, behind) = (self.ahead(base, head).await?, self.ahead(head, base).await?);
        let relation = match (ahead.total_commits, behind.total_commits) {
            (0, 0) => Relation::Same,
            (_, 0) => Relation::Ahead,
            (0, _) => Relation::Behind,
            _ => Relation::Diverged,
        };
        let cut = (ahead.commits.len() < ahead.total_commits).then(|| {
            let (listed, all) = (ahead.commits.len(), ahead.total_commits);
            format!("Gitea lists the files of {listed} commits only, not of all {all}")
        });
        Ok(Comparison { relation, changes: ahead.changes(), cut })
    }

    /// The merged one is asked for by its commit; of the open ones each has to be looked at.
    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let doing = format!("find the pull request of commit {}", commit.short());
        let merged: Result<Pull> = self.rest.get(&doing, self.url(&["commits", commit.as_str(), "pull"], &[])).await;
        let mut found = match merged {
            Ok(pull) => vec![pull.number],
            Err(error) if error.kind() == Kind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let size = PAGE.to_string();
        for page in 1..=PAGES {
            let query = [("state", "open"), ("limit", size.as_str()), ("page", &page.to_string())];
            let open: Vec<Pull> = self.rest.get(&doing, self.url(&["pulls"], &query)).await?;
            found.extend(open.iter().filter(|pull| pull.head.sha == commit.as_str()).map(|pull| pull.number));
            if open.len() < PAGE {
                break;
            }
        }
        found.dedup();
        Ok(found)
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let pull: Pull =
            self.rest.get(&format!("read pull request #{number}"), self.url(&["pulls", &number.to_string()], &[])).await?;
        Ok(PullRequestNow {
            state: match pull.state.as_str() {
                _ if pull.merged => PullRequestState::Merged,
                "open" => PullRequestState::Open,
                _ => PullRequestState::Closed,
            },
            head: CommitSha::parse(&pull.head.sha),
            head_branch: pull.head.r#ref,
            base_branch: pull.base.r#ref,
        })
    }
}

#[derive(Deserialize)]
struct FoundComment {
    id: u64,
    #[serde(default)]
    body: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    user: User,
}

#[derive(Deserialize, Default)]
struct User {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    state: String,
    #[serde(default)]
    merged: bool,
    head: Side,
    base: Side,
}

#[derive(Deserialize)]
struct Side {
    r#ref: String,
    #[serde(default)]
    sha: String,
}

#[derive(Deserialize)]
struct ComparisonAnswer {
    #[serde(default)]
    total_commits: usize,
    /// Null when there is none.
    #[serde(default, deserialize_with = "null_is_empty")]
    commits: Vec<ComparedCommit>,
}

#[derive(Deserialize)]
struct ComparedCommit {
    #[serde(default, deserialize_with = "null_is_empty")]
    files: Vec<ComparedFile>,
}

#[derive(Deserialize)]
struct ComparedFile {
    filename: String,
    #[serde(default)]
    status: String,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl ComparisonAnswer {
    /// Returns what all commits together changed. A file that came and went again is told as gone:
    /// with merged histories the order proves nothing, and one path too many does no harm.
    fn changes(&self) -> Vec<Change> {
        let mut kinds: BTreeMap<RelPath, (ChangeKind, ChangeKind)> = BTreeMap::new();
        for file in self.commits.iter().rev().flat_map(|commit| &commit.files) {
            let Some(path) = RelPath::parse(file.filename.as_bytes()) else { continue };
            let kind = match file.status.as_str() {
                "added" => ChangeKind::Added,
                "removed" => ChangeKind::Removed,
                _ => ChangeKind::Modified,
            };
            kinds.entry(path).and_modify(|(_, last)| *last = kind).or_insert((kind, kind));
        }
        let net = |(first, last)| match (first, last) {
            (ChangeKind::Added, ChangeKind::Modified) => ChangeKind::Added,
            (ChangeKind::Removed | ChangeKind::Modified, ChangeKind::Added) => ChangeKind::Modified,
            (_, last) => last,
        };
        kinds.into_iter().map(|(path, kinds)| Change { path, kind: net(kinds) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_several_commits_add_up() {
        let commit = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(name, status)| json!({ "filename": name, "status": status })).collect::<Vec<_>>();
            json!({ "files": files })
        };
        // Newest first.
        let answer = json!({ "total_commits": 3, "commits": [
            commit(&[("dags/new.py", "modified"), ("dags/back.py", "added"), ("dags/brief.py", "removed")]),
            json!({ "files": null }),
            commit(&[("dags/new.py", "added"), ("dags/back.py", "removed"), ("dags/brief.py", "added"), ("../out.py", "added")]),
        ]});
        let answer: ComparisonAnswer = serde_json::from_value(answer).expect("a comparison");
        let shown: Vec<String> = answer.changes().iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect();
        assert_eq!(shown, ["Modified dags/back.py", "Removed dags/brief.py", "Added dags/new.py"]);
        let empty: ComparisonAnswer = serde_json::from_str(r#"{"total_commits":0,"commits":null}"#).expect("a comparison");
        assert_eq!(empty.changes(), []);
    }
}
