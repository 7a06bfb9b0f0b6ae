//! Bitbucket Data Center, from version 7.14 on.
//! It knows comments, build statuses, Code Insights reports and comparisons, but nothing about
//! what they will say.
//!
//! <https://developer.atlassian.com/server/bitbucket/rest/>: pull requests, builds and deployments,
//! Code Insights and repository (comparison). A refused permission is a 401 here.

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::changes::change::Relation;
use crate::error::{Kind, Result};
use crate::forge::diff::{changes, moved};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Finding, Findings, Forge, PullRequestNow, RecordId,
    Severity, State, Support, Upsert,
};
use crate::forge::rest::{Outgoing, Rest, Words, decoded, name_parts};
use crate::forge::sticky::{self, Comments};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// Longest comment, in characters: the server wants fewer than 32,768.
const COMMENT_LIMIT: usize = 32_767;
/// Longest key, name and description of a build status; longest title of a report; longest details and message.
const TEXT_LIMIT: usize = 255;
const TITLE_LIMIT: usize = 450;
const MESSAGE_LIMIT: usize = 2000;
/// Most annotations of a report.
const ANNOTATIONS: usize = 1000;
/// Most files that a comparison lists with the server's own settings (`page.max.changes`); nothing says that it is cut.
const COMPARED_FILES: usize = 1000;
/// Items per page, and pages read of any list before it is given up: 50,000 activities.
const PAGE: &str = "500";
const PAGES: usize = 100;
/// The header that names the token's user.
const USER: &str = "x-ausername";

const WORDS: Words = Words {
    forge: "Bitbucket Data Center",
    rights: "the HTTP access token needs to read the repository (`REPO_READ`), which is enough to comment and to report",
};

/// A repository on Bitbucket Data Center.
struct BitbucketServer {
    rest: Rest,
    project: String,
    slug: String,
    /// Page of the repository.
    page: String,
}

/// Connects to a repository on Bitbucket Data Center. The API's URL is that of the server, with or
/// without `/rest` and what follows.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    let names = name_parts(connection, WORDS.forge, 2..=2, "PROJECT/repository")?;
    let name = |place: usize| names.get(place).copied().unwrap_or_default().to_owned();
    let (project, slug) = (name(0), name(1));
    let api = connection.api_url.trim_end_matches('/');
    let server = api.split_once("/rest/").map_or_else(|| api.trim_end_matches("/rest"), |(server, _)| server);
    let credential = (AUTHORIZATION, format!("Bearer {}", connection.token.expose()));
    let rest = Rest::new(connection, &format!("{server}/rest"), credential, WORDS)?;
    let page = format!("{server}/projects/{project}/repos/{slug}");
    Ok(Box::new(BitbucketServer { rest, project, slug, page }))
}

impl BitbucketServer {
    /// Returns an address of one of the server's APIs, below the repository.
    fn url(&self, api: &str, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        self.rest.url(&[&[api, "latest", "projects", &self.project, "repos", &self.slug], segments].concat(), query)
    }

    /// Reads all pages of a list, in order, and who the server says that we are.
    async fn all<T: DeserializeOwned>(&self, doing: &str, segments: &[&str], query: &[(&str, &str)]) -> Result<(Vec<T>, String)> {
        let (mut all, mut user, mut start) = (Vec::new(), String::new(), 0_u64);
        for _ in 0..PAGES {
            let from = start.to_string();
            let query = [query, &[("start", from.as_str()), ("limit", PAGE)]].concat();
            let outgoing = Outgoing::plain(Method::GET, self.url("api", segments, &query));
            let answer = self.rest.call(&outgoing).await.map_err(|failure| self.rest.explained(doing, failure))?;
            let named = answer.headers.get(USER).and_then(|value| value.to_str().ok());
            user = named.map_or(user, str::to_owned);
            let page: Page<T> = decoded(&outgoing, &answer).map_err(|failure| self.rest.explained(doing, failure))?;
            all.extend(page.values);
            match page.next_page_start {
                Some(next) if !page.is_last_page && next > start => start = next,
                _ => break,
            }
        }
        Ok((all, user))
    }

    fn comment_page(&self, pull_request: u64, comment: &FoundComment) -> String {
        format!("{}/pull-requests/{pull_request}/overview?commentId={}", self.page, comment.id)
    }

    /// Returns whether the first commit's history has what the second's has not.
    async fn has_more(&self, doing: &str, from: &CommitSha, to: &CommitSha) -> Result<bool> {
        let query = [("from", from.as_str()), ("to", to.as_str()), ("limit", "1")];
        let page: Page<Value> = self.rest.get(doing, self.url("api", &["compare", "commits"], &query)).await?;
        Ok(!page.values.is_empty())
    }

    async fn relation(&self, doing: &str, base: &CommitSha, head: &CommitSha) -> Result<Relation> {
        if base == head {
            return Ok(Relation::Same);
        }
        let (ahead, behind) = (self.has_more(doing, head, base).await?, self.has_more(doing, base, head).await?);
        Ok(match (ahead, behind) {
            (true, false) => Relation::Ahead,
            (false, true) => Relation::Behind,
            (true, true) => Relation::Diverged,
            (false, false) => Relation::Unknown,
        })
    }
}

#[async_trait]
impl Comments for BitbucketServer {
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        let number = pull_request.to_string();
        let doing = format!("read the comments of pull request #{number}");
        let (all, me): (Vec<Activity>, String) = self.all(&doing, &["pull-requests", &number, "activities"], &[]).await?;
        let comments = all.into_iter().filter_map(|activity| activity.comment);
        let mine = comments.filter(|comment| comment.text.starts_with(mark) && !me.is_empty() && comment.author.name == me);
        let mut ids: Vec<u64> = mine.map(|comment| comment.id).collect();
        // One comment can be in several activities.
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.iter().map(u64::to_string).collect())
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        let url = self.url("api", &["pull-requests", &pull_request.to_string(), "comments"], &[]);
        let outgoing = Outgoing::json(Method::POST, url, &json!({ "text": body }));
        let made: FoundComment = self.rest.read(&format!("comment on pull request #{pull_request}"), outgoing).await?;
        Ok(self.comment_page(pull_request, &made))
    }

    /// A change names the version that it changes, so that nobody's change is lost.
    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        let doing = format!("comment on pull request #{pull_request}");
        let url = || self.url("api", &["pull-requests", &pull_request.to_string(), "comments", id], &[]);
        let known: FoundComment = self.rest.get(&doing, url()).await?;
        let body = json!({ "text": body, "version": known.version });
        let changed: FoundComment = self.rest.read(&doing, Outgoing::json(Method::PUT, url(), &body)).await?;
        Ok(self.comment_page(pull_request, &changed))
    }
}

#[async_trait]
impl Forge for BitbucketServer {
    fn kind(&self) -> ForgeKind {
        ForgeKind::BitbucketServer
    }

    fn markup(&self) -> Markup {
        Markup { style: MarkupStyle::Plain, limit: COMMENT_LIMIT }
    }

    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        sticky::upsert(self, self.markup(), comment, upsert).await
    }

    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()> {
        let state = match status.state {
            State::InProgress => "INPROGRESS",
            State::Success => "SUCCESSFUL",
            State::Failure => "FAILED",
            State::Cancelled => "CANCELLED",
        };
        let body = json!({
            "key": cut(status.name, TEXT_LIMIT), "name": cut(status.name, TEXT_LIMIT), "state": state,
            "description": cut(status.description, TEXT_LIMIT), "url": status.target_url.unwrap_or(&self.page),
        });
        let url = self.url("api", &["commits", status.commit.as_str(), "builds"], &[]);
        let doing = format!("set a status on commit {}", status.commit.short());
        self.rest.tell(&doing, Outgoing::json(Method::POST, url, &body).repeatable()).await
    }

    async fn record_deployment(&self, _: &DeploymentRecord<'_>, _: Option<&RecordId>) -> Result<Option<RecordId>> {
        Ok(None)
    }

    async fn annotate(&self, findings: &Findings<'_>) -> Result<Support> {
        let report = ["commits", findings.commit.as_str(), "reports", findings.name];
        let annotations = [&report[..], &["annotations"]].concat();
        let doing = format!("report on commit {}", findings.commit.short());
        let fails = findings.items.iter().any(|item| item.severity == Severity::Error);
        let mut body = json!({
            "title": cut(findings.title, TITLE_LIMIT), "details": cut(findings.summary, MESSAGE_LIMIT), "reporter": "Liftoff",
            "result": if fails { "FAIL" } else { "PASS" },
        });
        if let Some(link) = findings.details_url {
            body["link"] = link.into();
        }
        self.rest.tell(&doing, Outgoing::json(Method::PUT, self.url("insights", &report, &[]), &body)).await?;
        // Nothing keeps the same annotation from coming twice, so those of an earlier run go first.
        self.rest.tell(&doing, Outgoing::plain(Method::DELETE, self.url("insights", &annotations, &[]))).await?;
        let items: Vec<Annotation> = findings.items.iter().take(ANNOTATIONS).map(annotation).collect();
        if !items.is_empty() {
            let url = self.url("insights", &annotations, &[]);
            self.rest.tell(&doing, Outgoing::json(Method::POST, url, &json!({ "annotations": items }))).await?;
        }
        Ok(Support::Told)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let doing = format!("compare {} with {}", base.short(), head.short());
        // What the one that changes come from has and the other has not.
        let query = [("from", head.as_str()), ("to", base.as_str())];
        let (found, _): (Vec<ChangedPath>, String) = self.all(&doing, &["compare", "changes"], &query).await?;
        let cut = (found.len() >= COMPARED_FILES).then(|| format!("Bitbucket lists only {} files", found.len()));
        let listed = changes(found.iter().flat_map(|file| {
            let new = file.path.text.as_str();
            match (file.kind.as_str(), &file.src_path) {
                ("ADD" | "COPY", _) => moved("", new),
                ("DELETE", _) => moved(new, ""),
                ("MOVE", Some(old)) => moved(&old.text, new),
                _ => moved(new, new),
            }
        }));
        Ok(Comparison { relation: self.relation(&doing, base, head).await?, changes: listed, cut })
    }

    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let doing = format!("find the pull request of commit {}", commit.short());
        let found = self.all(&doing, &["commits", commit.as_str(), "pull-requests"], &[]).await;
        let (found, _): (Vec<Pull>, String) = match found {
            Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
            found => found?,
        };
        let merged = |pull: &Pull| pull.properties.merge_commit.as_ref().is_some_and(|merge| merge.id == commit.as_str());
        let belongs = |pull: &&Pull| pull.from_ref.latest_commit == commit.as_str() || merged(pull);
        Ok(found.iter().filter(belongs).map(|pull| pull.id).collect())
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let url = self.url("api", &["pull-requests", &number.to_string()], &[]);
        let found: Pull = self.rest.get(&format!("read pull request #{number}"), url).await?;
        Ok(PullRequestNow {
            state: match found.state.as_str() {
                "OPEN" => PullRequestState::Open,
                "MERGED" => PullRequestState::Merged,
                _ => PullRequestState::Closed,
            },
            head: CommitSha::parse(&found.from_ref.latest_commit),
            head_branch: found.from_ref.display_id,
            base_branch: found.to_ref.display_id,
        })
    }
}

fn annotation(item: &Finding) -> Annotation {
    Annotation {
        path: item.place.path.clone(),
        line: item.place.line.unwrap_or(0),
        message: cut(&item.message, MESSAGE_LIMIT),
        severity: match item.severity {
            Severity::Error => "HIGH",
            Severity::Warning => "MEDIUM",
        },
        r#type: "BUG",
    }
}

#[derive(Serialize)]
struct Annotation {
    path: String,
    /// 0 stands for the whole file.
    line: usize,
    message: String,
    severity: &'static str,
    r#type: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    values: Vec<T>,
    #[serde(default)]
    is_last_page: bool,
    next_page_start: Option<u64>,
}

#[derive(Deserialize)]
struct Activity {
    comment: Option<FoundComment>,
}

#[derive(Deserialize)]
struct FoundComment {
    id: u64,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    text: String,
    author: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedPath {
    path: PathText,
    src_path: Option<PathText>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct PathText {
    #[serde(rename = "toString")]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    id: u64,
    state: String,
    from_ref: Side,
    to_ref: Side,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Side {
    display_id: String,
    #[serde(default)]
    latest_commit: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Properties {
    merge_commit: Option<MergeCommit>,
}

#[derive(Deserialize)]
struct MergeCommit {
    id: String,
}
