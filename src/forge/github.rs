//! GitHub, in the cloud or as GitHub Enterprise Server.
//! It knows comments, statuses and comparisons, but nothing about what they will say.
//!
//! <https://docs.github.com/en/rest>

use async_trait::async_trait;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::changes::change::{Change, Relation};
use crate::error::Result;
use crate::forge::diff::{changes, moved};
use crate::forge::github_client::Client;
use crate::forge::github_records;
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Findings, Forge, PullRequestNow, RecordId, State, Support,
    Upsert,
};
use crate::forge::sticky::{self, Comments};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::revision::CommitSha;

/// Longest comment that GitHub takes, in characters.
const COMMENT_LIMIT: usize = 65_536;
/// Longest description of a commit status, in characters.
const DESCRIPTION_LIMIT: usize = 140;
/// Most files that a comparison lists; at this number the list may be cut.
const COMPARED_FILES: usize = 300;
/// Items per page, GitHub's maximum.
const PAGE: usize = 100;
/// Pages read of any list before it is given up: 10,000 comments.
const PAGES: usize = 100;

/// A repository on GitHub.
struct GitHub {
    client: Client,
}

/// Connects to a repository on GitHub.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    Ok(Box::new(GitHub { client: Client::new(connection)? }))
}

impl GitHub {
    async fn marked_comments(&self, pull_request: u64, mark: &str) -> Result<Vec<FoundComment>> {
        let doing = format!("read the comments of pull request #{pull_request}");
        let mut marked = Vec::new();
        for page in 1..=PAGES {
            let route = self.client.route(&format!("issues/{pull_request}/comments?per_page={PAGE}&page={page}"));
            let comments: Vec<FoundComment> = self.client.get(&doing, route).await?;
            let whole = comments.len() >= PAGE;
            marked.extend(comments.into_iter().filter(|it| it.body.as_deref().is_some_and(|body| body.starts_with(mark))));
            if !whole {
                break;
            }
        }
        Ok(marked)
    }
}

#[async_trait]
impl Comments for GitHub {
    /// Ours are those of bots, then those of the token's user, whom the API names only to tokens of people.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        let marked = self.marked_comments(pull_request, mark).await?;
        let (bots, people): (Vec<_>, Vec<_>) = marked.into_iter().partition(|comment| comment.author().kind == "Bot");
        let mut own: Vec<String> = bots.iter().map(|comment| comment.id.to_string()).collect();
        if !people.is_empty() {
            let user: Result<Author> = self.client.get_once("ask whose token it is", "/user").await;
            let login = user.map(|user| user.login).unwrap_or_default();
            let ours = people.iter().filter(|comment| !login.is_empty() && comment.author().login == login);
            own.extend(ours.map(|comment| comment.id.to_string()));
        }
        Ok(own)
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        let route = self.client.route(&format!("issues/{pull_request}/comments"));
        let doing = format!("comment on pull request #{pull_request}");
        let made: FoundComment = self.client.add(&doing, (Method::POST, route), &CommentBody { body }).await?;
        Ok(made.html_url)
    }

    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        let route = self.client.route(&format!("issues/comments/{id}"));
        let doing = format!("edit the comment on pull request #{pull_request}");
        let edited: FoundComment = self.client.change(&doing, route, &CommentBody { body }).await?;
        Ok(edited.html_url)
    }
}

#[async_trait]
impl Forge for GitHub {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitHub
    }

    fn markup(&self) -> Markup {
        Markup { style: MarkupStyle::Html, limit: COMMENT_LIMIT }
    }

    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        sticky::upsert(self, self.markup(), comment, upsert).await
    }

    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()> {
        let wanted = WantedStatus {
            state: match status.state {
                State::InProgress => "pending",
                State::Success => "success",
                State::Failure => "failure",
                State::Cancelled => "error",
            },
            context: status.name,
            description: cut(status.description, DESCRIPTION_LIMIT),
            target_url: status.target_url,
        };
        let doing = format!("set a status on commit {}", status.commit.short());
        self.client.renew(&doing, self.client.route(&format!("statuses/{}", status.commit)), &wanted).await
    }

    async fn record_deployment(&self, record: &DeploymentRecord<'_>, earlier: Option<&RecordId>) -> Result<Option<RecordId>> {
        github_records::record(&self.client, record, earlier).await
    }

    async fn annotate(&self, findings: &Findings<'_>) -> Result<Support> {
        github_records::annotate(&self.client, findings).await.map(|()| Support::Told)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let route = self.client.route(&format!("compare/{base}...{head}?per_page={PAGE}"));
        // All files come with the first page; further pages only hold more commits.
        let answer: ComparisonAnswer = self.client.get(&format!("compare {} with {}", base.short(), head.short()), route).await?;
        Ok(Comparison {
            relation: match answer.status.as_str() {
                "identical" => Relation::Same,
                "ahead" => Relation::Ahead,
                "behind" => Relation::Behind,
                "diverged" => Relation::Diverged,
                _ => Relation::Unknown,
            },
            cut: (answer.files.len() >= COMPARED_FILES).then(|| format!("GitHub lists only {COMPARED_FILES} files")),
            changes: changes(answer.files.iter().flat_map(ComparedFile::changes)),
        })
    }

    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let route = self.client.route(&format!("commits/{commit}/pulls?per_page={PAGE}"));
        let doing = format!("find the pull request of commit {}", commit.short());
        let answer: Vec<CommitPull> = self.client.get(&doing, route).await?;
        // The commit can also be in the middle of a pull request that merely contains it.
        let belongs =
            |pull: &CommitPull| pull.head.sha == commit.as_str() || pull.merge_commit_sha.as_deref() == Some(commit.as_str());
        Ok(answer.iter().filter(|pull| belongs(pull)).map(|pull| pull.number).collect())
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let route = self.client.route(&format!("pulls/{number}"));
        let answer: PullAnswer = self.client.get(&format!("read pull request #{number}"), route).await?;
        Ok(PullRequestNow {
            state: match answer.state.as_str() {
                _ if answer.merged => PullRequestState::Merged,
                "open" => PullRequestState::Open,
                _ => PullRequestState::Closed,
            },
            head: CommitSha::parse(&answer.head.sha),
            head_branch: answer.head.r#ref,
            base_branch: answer.base.r#ref,
        })
    }
}

#[derive(Deserialize)]
struct FoundComment {
    id: u64,
    body: Option<String>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    user: Option<Author>,
}

impl FoundComment {
    fn author(&self) -> &Author {
        const GHOST: &Author = &Author { login: String::new(), kind: String::new() };
        self.user.as_ref().unwrap_or(GHOST)
    }
}

#[derive(Deserialize)]
struct Author {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Serialize)]
struct CommentBody<'a> {
    body: &'a str,
}

#[derive(Serialize)]
struct WantedStatus<'a> {
    state: &'static str,
    context: &'a str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_url: Option<&'a str>,
}

#[derive(Deserialize)]
struct PullAnswer {
    state: String,
    #[serde(default)]
    merged: bool,
    head: SideAnswer,
    base: SideAnswer,
}

#[derive(Deserialize)]
struct CommitPull {
    number: u64,
    merge_commit_sha: Option<String>,
    head: SideAnswer,
}

#[derive(Deserialize)]
struct SideAnswer {
    r#ref: String,
    #[serde(default)]
    sha: String,
}

#[derive(Deserialize)]
struct ComparisonAnswer {
    status: String,
    #[serde(default)]
    files: Vec<ComparedFile>,
}

#[derive(Deserialize)]
struct ComparedFile {
    filename: String,
    status: String,
    previous_filename: Option<String>,
}

impl ComparedFile {
    fn changes(&self) -> Vec<Change> {
        let former = self.previous_filename.as_deref().unwrap_or_default();
        match self.status.as_str() {
            "added" | "copied" => moved("", &self.filename),
            "renamed" => moved(former, &self.filename),
            "removed" => moved(&self.filename, ""),
            _ => moved(&self.filename, &self.filename),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;
    use crate::http::scripted::{Reply, Script};
    use crate::model::context::Repository;
    use crate::model::secret::Secret;

    #[test]
    fn a_rename_is_one_file_gone_and_one_come() {
        let file = ComparedFile {
            filename: "dags/b.py".into(),
            status: "renamed".into(),
            previous_filename: Some("include/a.py".into()),
        };
        let shown: Vec<String> = file.changes().iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect();
        assert_eq!(shown, ["Removed include/a.py", "Added dags/b.py"]);
    }

    fn made(api_url: &str) -> Box<dyn Forge> {
        let http =
            crate::http::client::build(&crate::env::snapshot::Env::default(), &crate::http::client::Options::for_calls(None));
        let repository =
            Repository { forge: ForgeKind::GitHub, server_url: String::new(), api_url: None, path: "acme/demo".to_owned() };
        let caller = crate::http::exchange::Caller::new(http.expect("a client"));
        let (api_url, token, budget) = (api_url.to_owned(), Secret::new("t"), Duration::from_secs(10));
        connect(&Connection { caller, api_url, token, repository, budget }).expect("a client")
    }

    const MARK: &str = "<!-- liftoff -->";

    fn listed(comments: &[(u64, &str, &str)]) -> Reply {
        let comment = |(id, login, kind): &(u64, &str, &str)| serde_json::json!({ "id": id, "body": format!("{MARK}\nx"), "user": { "login": login, "type": kind } });
        Reply::Answer(200, JSON, serde_json::Value::from_iter(comments.iter().map(comment)).to_string())
    }

    fn answer(status: u16, value: &serde_json::Value) -> Reply {
        Reply::Answer(status, JSON, value.to_string())
    }

    const JSON: &str = "content-type: application/json\r\n";

    /// Upserts against a script and returns the outcome with the first lines of all requests.
    async fn upserted(replies: Vec<Reply>, upsert: Upsert) -> (Result<Option<String>>, Vec<String>) {
        let script = Script::start(replies).await;
        let github = made(script.url("").expose().as_str());
        let outcome = github.upsert_comment(&Comment { pull_request: 1, mark: "liftoff", body: "news" }, upsert).await;
        let line = |request: String| {
            let line = request.lines().next().unwrap_or_default();
            line.replace("/repos/acme/demo/issues", "").replace(" HTTP/1.1", "")
        };
        (outcome, script.requests().into_iter().map(line).collect())
    }

    const LIST: &str = "GET /1/comments?per_page=100&page=1";

    #[tokio::test]
    async fn a_strangers_comment_is_never_edited() {
        let made = serde_json::json!({ "id": 9, "body": "x", "html_url": "page" });
        let unknown = answer(403, &serde_json::json!({ "message": "Resource not accessible by integration" }));
        let known = answer(200, &serde_json::json!({ "login": "ada", "type": "User" }));
        let (eve, ada, bot) = ((1, "eve", "User"), (2, "ada", "User"), (3, "github-actions[bot]", "Bot"));
        let cases = [
            (vec![listed(&[eve]), unknown.clone(), answer(201, &made)], vec![LIST, "GET /user", "POST /1/comments"]),
            (vec![listed(&[eve, ada]), known, answer(200, &made)], vec![LIST, "GET /user", "PATCH /comments/2"]),
            (vec![listed(&[eve, bot]), unknown.clone(), answer(200, &made)], vec![LIST, "GET /user", "PATCH /comments/3"]),
        ];
        for (replies, expected) in cases {
            let (outcome, requests) = upserted(replies, Upsert::Always).await;
            assert_eq!(requests, expected);
            assert_eq!(outcome.expect("a comment").as_deref(), Some("page"));
        }
        let (outcome, _) = upserted(vec![listed(&[eve]), unknown], Upsert::OnlyEdit).await;
        assert_eq!(outcome.expect("no failure"), None);
    }

    #[tokio::test]
    async fn a_comment_that_may_not_be_edited_gives_way_to_the_next_or_to_a_new_one() {
        let refused = |status| answer(status, &serde_json::json!({ "message": "no" }));
        let made = serde_json::json!({ "id": 9, "body": "x", "html_url": "page" });
        let bots = || listed(&[(3, "a[bot]", "Bot"), (4, "b[bot]", "Bot")]);
        let cases = [
            (vec![bots(), refused(403), answer(200, &made)], vec![LIST, "PATCH /comments/3", "PATCH /comments/4"]),
            (
                vec![bots(), refused(403), refused(404), answer(201, &made)],
                vec![LIST, "PATCH /comments/3", "PATCH /comments/4", "POST /1/comments"],
            ),
        ];
        for (replies, expected) in cases {
            let (outcome, requests) = upserted(replies, Upsert::Always).await;
            assert_eq!(requests, expected);
            assert_eq!(outcome.expect("a comment").as_deref(), Some("page"));
        }
        let (outcome, _) = upserted(vec![bots(), refused(403), refused(403)], Upsert::OnlyEdit).await;
        assert_eq!(outcome.map_err(|error| error.kind()), Err(Kind::Refused));
    }
}
