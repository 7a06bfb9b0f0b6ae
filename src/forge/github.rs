//! GitHub, in the cloud or as GitHub Enterprise Server.
//! It knows comments, statuses and comparisons, but nothing about what they will say.
//!
//! <https://docs.github.com/en/rest>

use std::time::Duration;

use async_trait::async_trait;
use octocrab::Octocrab;
use octocrab::service::middleware::retry::{NoOpRateLimitMetrics, RetryConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::changes::change::{Change, ChangeKind, Relation};
use crate::error::{Error, Kind, Result};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Findings, Forge, PullRequestNow, RecordId, State, Support,
    Upsert,
};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::image::is_loopback_registry;
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

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
/// Most comments with our marker that are looked at.
const CANDIDATES: usize = 20;

/// A repository on GitHub.
pub struct GitHub {
    patient: Octocrab,
    once: Octocrab,
    repository: String,
    budget: Duration,
}

/// Connects to a repository on GitHub.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    Ok(Box::new(GitHub::new(connection)?))
}

impl GitHub {
    fn new(connection: &Connection) -> Result<Self> {
        let Connection { caller, api_url, token, repository, budget } = connection;
        let (repository, http) = (repository.path.as_str(), &caller.client);
        let doing = || format!("talk to GitHub about {repository}");
        let part = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            plain && text.bytes().any(|byte| byte != b'.')
        };
        if !repository.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name)) {
            return Err(Error::new(Kind::Usage, doing()).because("a repository is named `owner/name`"));
        }
        let url = Url::parse(api_url).map_err(|error| Error::new(Kind::Usage, doing()).because(error))?;
        let loopback = url.host_str().is_some_and(is_loopback_registry);
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(Error::new(Kind::Usage, doing())
                .because(format!("the token would travel unencrypted to {}", SafeUrl::new(url)))
                .hint("the API URL, GITHUB_API_URL, must begin with https://"));
        }
        let client = |retry: RetryConfig| -> Result<Octocrab> {
            Octocrab::builder()
                .base_uri(api_url.as_str())
                .map_err(|error| Error::new(Kind::Usage, doing()).because(format!("the API URL is not usable: {error}")))?
                .personal_token(token.expose().to_owned())
                .add_retry_config(retry)
                .build_with_reqwest(http.clone())
                .map_err(|error| Error::new(Kind::Internal, doing()).because(error))
        };
        let patience = RetryConfig::HandleRateLimits {
            metrics: std::sync::Arc::new(NoOpRateLimitMetrics),
            max_retries: 3,
            min_wait_seconds: 1,
            retry_on_forbidden: false,
        };
        Ok(Self {
            patient: client(patience)?,
            once: client(RetryConfig::None)?,
            repository: repository.to_owned(),
            budget: *budget,
        })
    }

    /// Edits the first comment that may be edited; none without candidates.
    async fn edit_first(&self, doing: &str, candidates: &[u64], body: &CommentBody) -> Option<Result<FoundComment>> {
        let mut last = None;
        for id in candidates {
            let route = format!("/repos/{}/issues/comments/{id}", self.repository);
            let outcome = self.bounded(doing, self.patient.patch::<FoundComment, _, _>(route, Some(body))).await;
            let next = outcome.as_ref().is_err_and(is_not_ours);
            last = Some(outcome);
            if !next {
                break;
            }
        }
        last
    }

    /// Returns the comments with the marker that can be Liftoff's: those of bots, then those of the
    /// token's user, whom the API names only to tokens of people.
    async fn own_comments(&self, pull_request: u64, marker: &str) -> Result<Vec<u64>> {
        let marked = self.marked_comments(pull_request, marker).await?;
        let (bots, people): (Vec<_>, Vec<_>) = marked.into_iter().partition(|comment| comment.author().kind == "Bot");
        let mut own: Vec<u64> = bots.iter().map(|comment| comment.id).collect();
        if !people.is_empty() {
            let user = self.bounded("ask whose token it is", self.once.get::<Author, _, ()>("/user", None)).await;
            let login = user.map(|user| user.login).unwrap_or_default();
            own.extend(people.iter().filter(|comment| !login.is_empty() && comment.author().login == login).map(|it| it.id));
        }
        Ok(own)
    }

    async fn marked_comments(&self, pull_request: u64, marker: &str) -> Result<Vec<FoundComment>> {
        let mut marked = Vec::new();
        for page in 1..=PAGES {
            let route = format!("/repos/{}/issues/{pull_request}/comments?per_page={PAGE}&page={page}", self.repository);
            let comments: Vec<FoundComment> =
                self.get(&format!("read the comments of pull request #{pull_request}"), route).await?;
            let whole = comments.len() >= PAGE;
            marked.extend(comments.into_iter().filter(|it| it.body.as_deref().is_some_and(|body| body.starts_with(marker))));
            if !whole || marked.len() >= CANDIDATES {
                break;
            }
        }
        marked.truncate(CANDIDATES);
        Ok(marked)
    }

    async fn get<T: DeserializeOwned>(&self, doing: &str, route: String) -> Result<T> {
        self.bounded(doing, self.patient.get::<T, _, ()>(route, None)).await
    }

    async fn bounded<T>(&self, doing: &str, call: impl Future<Output = octocrab::Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.budget, call).await {
            Ok(outcome) => outcome.map_err(|error| explain(doing, &error)),
            Err(_) => Err(Error::new(Kind::Transfer, doing).because(format!("GitHub did not answer within {:?}", self.budget))),
        }
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

    /// Only comments of bots and of the token's own user count.
    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        let (number, mark) = (comment.pull_request, MarkupStyle::Html.hidden(comment.mark));
        let body = CommentBody { body: cut(&format!("{mark}\n{}", comment.body), COMMENT_LIMIT) };
        let doing = format!("comment on pull request #{number}");
        let mut failure = None;
        // Creating is not repeatable, so each attempt first looks for what the last one left.
        for _ in 0..2 {
            let candidates = self.own_comments(number, &mark).await?;
            let outcome = match (self.edit_first(&doing, &candidates, &body).await, upsert) {
                (Some(Err(error)), Upsert::OnlyEdit) => Err(error),
                (None, Upsert::OnlyEdit) => return Ok(None),
                (Some(Err(error)), Upsert::Always) if !is_not_ours(&error) => Err(error),
                (Some(Err(_)) | None, Upsert::Always) => {
                    let route = format!("/repos/{}/issues/{number}/comments", self.repository);
                    self.bounded(&doing, self.once.post::<_, FoundComment>(route, Some(&body))).await
                }
                (Some(Ok(comment)), _) => Ok(comment),
            };
            match outcome {
                Ok(comment) => return Ok(Some(comment.html_url)),
                Err(error) if error.kind() == Kind::Transfer => failure = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(Kind::Internal, doing)))
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
        let route = format!("/repos/{}/statuses/{}", self.repository, status.commit);
        let doing = format!("set a status on commit {}", status.commit.short());
        let _: serde_json::Value = self.bounded(&doing, self.patient.post(route, Some(&wanted))).await?;
        Ok(())
    }

    async fn record_deployment(&self, _: &DeploymentRecord<'_>, _: Option<&RecordId>) -> Result<Option<RecordId>> {
        Ok(None)
    }

    async fn annotate(&self, _: &Findings<'_>) -> Result<Support> {
        Ok(Support::Unknown)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let route = format!("/repos/{}/compare/{base}...{head}?per_page={PAGE}", self.repository);
        // All files come with the first page; further pages only hold more commits.
        let answer: ComparisonAnswer = self.get(&format!("compare {} with {}", base.short(), head.short()), route).await?;
        let mut changes = Vec::new();
        for file in &answer.files {
            changes.extend(file.changes());
        }
        changes.sort();
        changes.dedup();
        Ok(Comparison {
            relation: match answer.status.as_str() {
                "identical" => Relation::Same,
                "ahead" => Relation::Ahead,
                "behind" => Relation::Behind,
                "diverged" => Relation::Diverged,
                _ => Relation::Unknown,
            },
            cut: (answer.files.len() >= COMPARED_FILES).then(|| format!("GitHub lists only {COMPARED_FILES} files")),
            changes,
        })
    }

    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let route = format!("/repos/{}/commits/{commit}/pulls?per_page={PAGE}", self.repository);
        let doing = format!("find the pull request of commit {}", commit.short());
        let answer: Vec<CommitPull> = self.get(&doing, route).await?;
        // The commit can also be in the middle of a pull request that merely contains it.
        let belongs =
            |pull: &CommitPull| pull.head.sha == commit.as_str() || pull.merge_commit_sha.as_deref() == Some(commit.as_str());
        Ok(answer.iter().filter(|pull| belongs(pull)).map(|pull| pull.number).collect())
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let route = format!("/repos/{}/pulls/{number}", self.repository);
        let answer: PullAnswer = self.get(&format!("read pull request #{number}"), route).await?;
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
struct CommentBody {
    body: String,
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
        let change = |name: &str, kind| RelPath::parse(name.as_bytes()).map(|path| Change { path, kind });
        let kind = match self.status.as_str() {
            "added" | "copied" | "renamed" => ChangeKind::Added,
            "removed" => ChangeKind::Removed,
            _ => ChangeKind::Modified,
        };
        let former = self.previous_filename.as_deref().filter(|_| self.status == "renamed");
        let former = former.and_then(|name| change(name, ChangeKind::Removed));
        change(&self.filename, kind).into_iter().chain(former).collect()
    }
}

/// Returns whether editing failed because the comment is somebody else's or gone.
fn is_not_ours(error: &Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::NotFound)
}

fn explain(doing: &str, error: &octocrab::Error) -> Error {
    let octocrab::Error::GitHub { source, .. } = error else {
        return Error::new(Kind::Transfer, doing).because(cut(&chain(error), 600));
    };
    let status = source.status_code.as_u16();
    let because = format!("GitHub answered {status}: {}", cut(&source.message, 600));
    match status {
        401 => Error::new(Kind::Auth, doing).because(because).hint("check `github-token`; GitHub does not accept it"),
        403 | 404 => Error::new(if status == 403 { Kind::Refused } else { Kind::NotFound }, doing)
            .because(because)
            .hint("the job needs `permissions: pull-requests: write` for comments and `statuses: write` for statuses"),
        429 | 500.. => Error::new(Kind::Transfer, doing).because(because),
        _ => Error::new(Kind::Refused, doing).because(because),
    }
}

/// Joins an error with its causes; octocrab's own text names only the outermost.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(&format!(": {inner_text}"));
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(shown, ["Added dags/b.py", "Removed include/a.py"]);
    }

    #[test]
    fn a_repository_name_cannot_smuggle_a_route() {
        for name in ["acme", "acme/x/y", "acme/../x", "acme/..", "acme/x?y", "/x", "acme/"] {
            assert_eq!(made("http://127.0.0.1:9", name).err().map(|error| error.kind()), Some(Kind::Usage), "{name}");
        }
    }

    fn made(api_url: &str, path: &str) -> Result<GitHub> {
        let http =
            crate::http::client::build(&crate::env::snapshot::Env::default(), &crate::http::client::Options::for_calls(None));
        let repository = Repository { forge: ForgeKind::GitHub, server_url: String::new(), api_url: None, path: path.to_owned() };
        let caller = crate::http::exchange::Caller::new(http.expect("a client"));
        let (api_url, token, budget) = (api_url.to_owned(), Secret::new("t"), Duration::from_secs(10));
        GitHub::new(&Connection { caller, api_url, token, repository, budget })
    }

    #[test]
    fn the_token_never_travels_unencrypted() {
        for (url, refused) in [
            ("http://ghe.example/api/v3", true),
            ("ftp://ghe.example", true),
            ("ghe.example", true),
            ("http://127.0.0.1.ghe.example", true),
            ("https://ghe.example/api/v3", false),
            ("http://127.0.0.1:9", false),
            ("http://[::1]:9", false),
        ] {
            // The client builds on the runtime that it will run in.
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let _inside = runtime.enter();
            assert_eq!(made(url, "acme/demo").err().map(|error| error.kind()), refused.then_some(Kind::Usage), "{url}");
        }
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
        let github = made(script.url("").expose().as_str(), "acme/demo").expect("a client");
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
