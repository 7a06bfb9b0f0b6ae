//! Bitbucket Cloud.
//! It knows comments, build statuses, Code Insights reports and comparisons, but nothing about
//! what they will say.
//!
//! <https://developer.atlassian.com/cloud/bitbucket/rest/>: pull requests, commit statuses, reports
//! and commits (diffstat, common ancestor). A token with a colon is `e-mail:API token`, any other
//! is an access token: <https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Kind, Result};
use crate::forge::diff::{changes, moved, relation};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Finding, Findings, Forge, PullRequestNow, RecordId,
    Severity, State, Support, Upsert,
};
use crate::forge::rest::{Outgoing, Rest, Words, name_parts};
use crate::forge::sticky::{self, Comments};
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// Longest comment, in characters. The vendor tells it only when it refuses.
const COMMENT_LIMIT: usize = 32_767;
/// Longest key of a build status; longest description; longest title and summary of findings; longest details.
const KEY_LIMIT: usize = 40;
const DESCRIPTION_LIMIT: usize = 255;
const TITLE_LIMIT: usize = 450;
const DETAILS_LIMIT: usize = 2000;
/// Most annotations of a report, and of one request.
const ANNOTATIONS: usize = 1000;
const ANNOTATIONS_AT_ONCE: usize = 100;
/// Pages read of any list before it is given up: 10,000 comments, 50,000 files.
const PAGES: usize = 100;
/// Most pull requests of a commit that are looked at.
const PULLS: usize = 10;

const WORDS: Words = Words {
    forge: "Bitbucket",
    rights: "the token needs to write to repositories and pull requests, as an access token of the repository or as `e-mail:API token`",
};

/// A repository on Bitbucket Cloud.
struct Bitbucket {
    rest: Rest,
    workspace: String,
    slug: String,
    /// Page of the repository.
    page: String,
}

/// Connects to a repository on Bitbucket Cloud.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    let names = name_parts(connection, WORDS.forge, 2..=2, "workspace/repository")?;
    let name = |place: usize| names.get(place).copied().unwrap_or_default().to_owned();
    let (workspace, slug) = (name(0), name(1));
    let token = connection.token.expose();
    let credential = if token.contains(':') { format!("Basic {}", STANDARD.encode(token)) } else { format!("Bearer {token}") };
    let rest = Rest::new(connection, &connection.api_url, (AUTHORIZATION, credential), WORDS)?;
    let page = format!("{}/{workspace}/{slug}", connection.repository.server_url);
    Ok(Box::new(Bitbucket { rest, workspace, slug, page }))
}

impl Bitbucket {
    fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        self.rest.url(&[&["repositories", &self.workspace, &self.slug], segments].concat(), query)
    }

    /// Reads all pages of a list, in order.
    async fn all<T: DeserializeOwned>(&self, doing: &str, segments: &[&str], query: &[(&str, &str)]) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for number in 1..=PAGES {
            let number = number.to_string();
            let page: Page<T> = self.rest.get(doing, self.url(segments, &[query, &[("page", &number)]].concat())).await?;
            all.extend(page.values);
            if page.next.is_none() {
                break;
            }
        }
        Ok(all)
    }

    async fn write_comment(&self, pull_request: u64, method: Method, segments: &[&str], body: &str) -> Result<String> {
        let number = pull_request.to_string();
        let url = self.url(&[&["pullrequests", &number, "comments"], segments].concat(), &[]);
        let outgoing = Outgoing::json(method, url, &json!({ "content": { "raw": body } }));
        let made: FoundComment = self.rest.read(&format!("comment on pull request #{number}"), outgoing).await?;
        Ok(made.links.html.href)
    }

    async fn pull(&self, number: u64) -> Result<Pull> {
        let url = self.url(&["pullrequests", &number.to_string()], &[]);
        self.rest.get(&format!("read pull request #{number}"), url).await
    }

    /// Returns the full id behind the short one by which pull requests name their commits.
    async fn full_id(&self, short: &str) -> Option<CommitSha> {
        let found: Result<CommitId> = self.rest.get("read a commit", self.url(&["commit", short], &[])).await;
        CommitSha::parse(&found.ok()?.hash)
    }

    async fn send_annotations(&self, report: &[&str], findings: &Findings<'_>) -> Result<()> {
        let doing = format!("annotate commit {}", findings.commit.short());
        let wanted: Vec<Annotation> =
            findings.items.iter().take(ANNOTATIONS).enumerate().map(|(index, item)| annotation(index, item)).collect();
        for some in wanted.chunks(ANNOTATIONS_AT_ONCE) {
            let url = self.url(&[report, &["annotations"]].concat(), &[]);
            // An annotation is known by the id that we give it.
            self.rest.tell(&doing, Outgoing::json(Method::POST, url, &some).repeatable()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Comments for Bitbucket {
    /// Access tokens may be unable to tell who they are; Bitbucket lets nobody edit what others wrote.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        let number = pull_request.to_string();
        let doing = format!("read the comments of pull request #{number}");
        let all: Vec<FoundComment> = self.all(&doing, &["pullrequests", &number, "comments"], &[("pagelen", "100")]).await?;
        let marked: Vec<FoundComment> =
            all.into_iter().filter(|comment| !comment.deleted && comment.content.raw.starts_with(mark)).collect();
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let me: Result<User> = self.rest.get("ask whose token it is", self.rest.url(&["user"], &[])).await;
        let me = me.ok().map(|user| user.uuid);
        let mine = |comment: &&FoundComment| match (&me, &comment.user) {
            (Some(me), Some(author)) => &author.uuid == me,
            (Some(_), None) => false,
            (None, _) => true,
        };
        Ok(marked.iter().filter(mine).map(|comment| comment.id.to_string()).collect())
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        self.write_comment(pull_request, Method::POST, &[], body).await
    }

    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        self.write_comment(pull_request, Method::PUT, &[id], body).await
    }
}

#[async_trait]
impl Forge for Bitbucket {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Bitbucket
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
            State::Cancelled => "STOPPED",
        };
        let body = json!({
            "key": key(status.name), "name": cut(status.name, DESCRIPTION_LIMIT), "state": state,
            "description": cut(status.description, DESCRIPTION_LIMIT), "url": status.target_url.unwrap_or(&self.page),
        });
        let url = self.url(&["commit", status.commit.as_str(), "statuses", "build"], &[]);
        let doing = format!("set a status on commit {}", status.commit.short());
        self.rest.tell(&doing, Outgoing::json(Method::POST, url, &body).repeatable()).await
    }

    async fn record_deployment(&self, _: &DeploymentRecord<'_>, _: Option<&RecordId>) -> Result<Option<RecordId>> {
        // Only Bitbucket's own pipelines make deployments.
        Ok(None)
    }

    async fn annotate(&self, findings: &Findings<'_>) -> Result<Support> {
        let report = ["commit", findings.commit.as_str(), "reports", findings.name];
        let doing = format!("report on commit {}", findings.commit.short());
        // Annotations of an earlier run would stay beside the new ones.
        match self.rest.tell(&doing, Outgoing::plain(Method::DELETE, self.url(&report, &[]))).await {
            Err(error) if error.kind() != Kind::NotFound => return Err(error),
            _ => {}
        }
        let fails = findings.items.iter().any(|item| item.severity == Severity::Error);
        let mut body = json!({
            "title": cut(findings.title, TITLE_LIMIT), "details": cut(findings.summary, DETAILS_LIMIT), "report_type": "BUG",
            "reporter": "Liftoff", "result": if fails { "FAILED" } else { "PASSED" },
        });
        if let Some(link) = findings.details_url {
            body["link"] = link.into();
        }
        self.rest.tell(&doing, Outgoing::json(Method::PUT, self.url(&report, &[]), &body)).await?;
        self.send_annotations(&report, findings).await?;
        Ok(Support::Told)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let doing = format!("compare {} with {}", base.short(), head.short());
        // The other way round than git: the first of the two has the changes.
        let range = format!("{head}..{base}");
        let found: Vec<Diffstat> = self.all(&doing, &["diffstat", &range], &[("topic", "true"), ("pagelen", "500")]).await?;
        let ancestor: Result<CommitId> = self.rest.get(&doing, self.url(&["merge-base", &range], &[])).await;
        let ancestor = match ancestor {
            Ok(found) => CommitSha::parse(&found.hash),
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => return Err(error),
        };
        let path = |side: &Option<CommitFile>| side.as_ref().map_or_else(String::new, |file| file.path.clone());
        let listed = changes(found.iter().flat_map(|file| moved(&path(&file.old), &path(&file.new))));
        Ok(Comparison { relation: relation(base, head, ancestor.as_ref()), changes: listed, cut: None })
    }

    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let doing = format!("find the pull request of commit {}", commit.short());
        // Without the app that keeps these links, Bitbucket cannot tell.
        let found: Vec<PullId> = match self.all(&doing, &["commit", commit.as_str(), "pullrequests"], &[]).await {
            Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
            found => found?,
        };
        let is = |side: &Option<CommitId>| {
            side.as_ref().is_some_and(|it| !it.hash.is_empty() && commit.as_str().starts_with(&it.hash))
        };
        let mut belonging = Vec::new();
        for PullId { id } in found.into_iter().take(PULLS) {
            let pull = self.pull(id).await?;
            if is(&pull.source.commit) || is(&pull.merge_commit) {
                belonging.push(id);
            }
        }
        Ok(belonging)
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let found = self.pull(number).await?;
        let head = match &found.source.commit {
            Some(commit) => self.full_id(&commit.hash).await,
            None => None,
        };
        Ok(PullRequestNow {
            state: match found.state.as_str() {
                "OPEN" | "DRAFT" | "QUEUED" => PullRequestState::Open,
                "MERGED" => PullRequestState::Merged,
                _ => PullRequestState::Closed,
            },
            head,
            head_branch: found.source.branch.name,
            base_branch: found.destination.branch.name,
        })
    }
}

/// Returns the key of a status: its name, or where that is too long, its beginning and a digest of
/// the whole, so that no other name has the same.
fn key(name: &str) -> String {
    if name.chars().count() <= KEY_LIMIT {
        return name.to_owned();
    }
    let digest = blake3::hash(name.as_bytes()).to_hex();
    name.chars().take(KEY_LIMIT - 9).chain("-".chars()).chain(digest.chars().take(8)).collect()
}

fn annotation(index: usize, item: &Finding) -> Annotation {
    Annotation {
        external_id: format!("liftoff-{index}"),
        annotation_type: "BUG",
        summary: cut(&item.message, TITLE_LIMIT),
        details: (item.message.chars().count() > TITLE_LIMIT).then(|| cut(&item.message, DETAILS_LIMIT)),
        severity: match item.severity {
            Severity::Error => "HIGH",
            Severity::Warning => "MEDIUM",
        },
        path: item.place.path.clone(),
        line: item.place.line,
    }
}

#[derive(Serialize)]
struct Annotation {
    external_id: String,
    annotation_type: &'static str,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    severity: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

#[derive(Deserialize)]
struct Page<T> {
    values: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct FoundComment {
    id: u64,
    #[serde(default)]
    content: Content,
    user: Option<User>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    links: Links,
}

#[derive(Deserialize, Default)]
struct Content {
    #[serde(default)]
    raw: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    uuid: String,
}

#[derive(Deserialize, Default)]
struct Links {
    #[serde(default)]
    html: Link,
}

#[derive(Deserialize, Default)]
struct Link {
    #[serde(default)]
    href: String,
}

#[derive(Deserialize)]
struct Diffstat {
    old: Option<CommitFile>,
    new: Option<CommitFile>,
}

#[derive(Deserialize)]
struct CommitFile {
    path: String,
}

#[derive(Deserialize)]
struct CommitId {
    hash: String,
}

#[derive(Deserialize)]
struct PullId {
    id: u64,
}

#[derive(Deserialize)]
struct Pull {
    state: String,
    source: Side,
    destination: Side,
    merge_commit: Option<CommitId>,
}

#[derive(Deserialize)]
struct Side {
    branch: Branch,
    commit: Option<CommitId>,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
}
