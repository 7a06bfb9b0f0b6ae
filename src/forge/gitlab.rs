//! GitLab, in the cloud or self-managed.
//! It knows notes, statuses, deployments and comparisons, but nothing about what they will say.
//!
//! <https://docs.gitlab.com/api/rest/>: notes, commits (statuses), deployments, environments,
//! repositories (comparison, common ancestor) and merge requests. A job's own token, which reaches
//! deployments and little else, goes in a header of its own: <https://docs.gitlab.com/ci/jobs/ci_job_token/>.

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};

use crate::error::{Kind, Result};
use crate::forge::diff::{changes, moved, relation};
use crate::forge::interface::{
    Comment, CommitStatus, Comparison, Connection, DeploymentRecord, Findings, Forge, Lifetime, PullRequestNow, RecordId,
    RecordState, State, Support, Upsert,
};
use crate::forge::rest::{Outgoing, Rest, Words, decoded, name_parts};
use crate::forge::sticky::{self, Comments};
use crate::http::failure::Cause;
use crate::model::context::{ForgeKind, PullRequestState};
use crate::model::markup::{Markup, MarkupStyle, cut};
use crate::model::revision::CommitSha;
use crate::model::url::SafeUrl;

/// Longest note, in characters: <https://docs.gitlab.com/administration/instance_limits/>.
const NOTE_LIMIT: usize = 1_000_000;
/// Longest description of a status, longest address and longest name of an environment, in characters.
const TEXT_LIMIT: usize = 255;
/// Most files that a comparison lists with GitLab's own settings; at this number the list may be cut.
const COMPARED_FILES: usize = 1000;
/// Pages read of any list before it is given up: 10,000 notes.
const PAGES: usize = 100;
/// How the token of a job begins.
const JOB_TOKEN: &str = "glcbt-";

const WORDS: Words =
    Words { forge: "GitLab", rights: "the token needs the scope `api` and the role Developer; CI_JOB_TOKEN cannot comment" };

/// A project on GitLab.
struct GitLab {
    rest: Rest,
    /// Full path of the project.
    project: String,
    /// Page of the project.
    page: String,
}

/// Connects to a project on GitLab.
///
/// # Errors
/// As `Connect`.
pub fn connect(connection: &Connection) -> Result<Box<dyn Forge>> {
    name_parts(connection, WORDS.forge, 2..=usize::MAX, "group/project")?;
    let token = connection.token.expose();
    let header = if token.starts_with(JOB_TOKEN) { "job-token" } else { "private-token" };
    let credential = (HeaderName::from_static(header), token.to_owned());
    let project = connection.repository.path.clone();
    let page = format!("{}/{project}", connection.repository.server_url);
    Ok(Box::new(GitLab { rest: Rest::new(connection, &connection.api_url, credential, WORDS)?, project, page }))
}

impl GitLab {
    fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> SafeUrl {
        self.rest.url(&[&["projects", &self.project], segments].concat(), query)
    }

    /// Returns one page of a merge request's notes, oldest first, and the number of the next.
    async fn notes(&self, number: &str, page: &str) -> Result<(Vec<Note>, Option<String>)> {
        let doing = format!("read the notes of merge request !{number}");
        let query = [("sort", "asc"), ("order_by", "created_at"), ("per_page", "100"), ("page", page)];
        let outgoing = Outgoing::plain(Method::GET, self.url(&["merge_requests", number, "notes"], &query));
        let answer = self.rest.call(&outgoing).await.map_err(|failure| self.rest.explained(&doing, failure))?;
        let notes = decoded(&outgoing, &answer).map_err(|failure| self.rest.explained(&doing, failure))?;
        let next = answer.headers.get("x-next-page").and_then(|value| value.to_str().ok());
        Ok((notes, next.filter(|next| !next.is_empty()).map(str::to_owned)))
    }

    fn note_page(&self, number: u64, note: &Note) -> String {
        format!("{}/-/merge_requests/{number}#note_{}", self.page, note.id)
    }

    async fn merge_base(&self, base: &CommitSha, head: &CommitSha) -> Result<CommitId> {
        let doing = format!("find the common ancestor of {} and {}", base.short(), head.short());
        let refs = [("refs[]", base.as_str()), ("refs[]", head.as_str())];
        self.rest.get(&doing, self.url(&["repository", "merge_base"], &refs)).await
    }

    async fn create_deployment(&self, record: &DeploymentRecord<'_>, status: &str) -> Result<Option<RecordId>> {
        // GitLab takes no deployment without a branch or tag.
        let Some(reference) = record.reference else { return Ok(None) };
        let name = environment_name(record.environment);
        let body = NewDeployment { environment: &name, sha: record.commit.as_str(), r#ref: reference, tag: false, status };
        let doing = format!("record a deployment to {name}");
        let outgoing = Outgoing::json(Method::POST, self.url(&["deployments"], &[]), &body);
        let made: Deployment = self.rest.read(&doing, outgoing).await?;
        if let (Some(url), Some(environment)) = (record.environment_url.filter(|url| is_shown(url)), &made.environment) {
            let body = serde_json::json!({ "external_url": url });
            let url = self.url(&["environments", &environment.id.to_string()], &[]);
            self.rest.tell(&format!("set the address of environment {name}"), Outgoing::json(Method::PUT, url, &body)).await?;
        }
        Ok(Some(RecordId(made.id.to_string())))
    }

    /// Stops the environment, which is how GitLab says that nothing is deployed there any more.
    async fn stop_environment(&self, name: &str) -> Result<()> {
        let name = environment_name(name);
        let doing = format!("stop environment {name}");
        let found: Vec<Environment> = self.rest.get(&doing, self.url(&["environments"], &[("name", &name)])).await?;
        for environment in found.iter().filter(|environment| environment.state != "stopped") {
            let url = self.url(&["environments", &environment.id.to_string(), "stop"], &[]);
            self.rest.tell(&doing, Outgoing::plain(Method::POST, url).repeatable()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Comments for GitLab {
    /// Maintainers may edit everybody's notes, so only those of the token's own user count.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>> {
        let number = pull_request.to_string();
        let (mut marked, mut page) = (Vec::new(), Some("1".to_owned()));
        for _ in 0..PAGES {
            let Some(wanted) = page.take() else { break };
            let (notes, next) = self.notes(&number, &wanted).await?;
            marked.extend(notes.into_iter().filter(|note| !note.system && note.body.starts_with(mark)));
            page = next;
        }
        if marked.is_empty() {
            return Ok(Vec::new());
        }
        let me: User = self.rest.get("ask whose token it is", self.rest.url(&["user"], &[])).await?;
        Ok(marked.iter().filter(|note| note.author.id == me.id).map(|note| note.id.to_string()).collect())
    }

    async fn create(&self, pull_request: u64, body: &str) -> Result<String> {
        let url = self.url(&["merge_requests", &pull_request.to_string(), "notes"], &[]);
        let outgoing = Outgoing::json(Method::POST, url, &Body { body: &inert(body) });
        let note: Note = self.rest.read(&format!("comment on merge request !{pull_request}"), outgoing).await?;
        Ok(self.note_page(pull_request, &note))
    }

    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String> {
        let url = self.url(&["merge_requests", &pull_request.to_string(), "notes", id], &[]);
        let outgoing = Outgoing::json(Method::PUT, url, &Body { body: &inert(body) });
        let note: Note = self.rest.read(&format!("comment on merge request !{pull_request}"), outgoing).await?;
        Ok(self.note_page(pull_request, &note))
    }
}

#[async_trait]
impl Forge for GitLab {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitLab
    }

    fn markup(&self) -> Markup {
        Markup { style: MarkupStyle::Html, limit: NOTE_LIMIT }
    }

    async fn upsert_comment(&self, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
        sticky::upsert(self, self.markup(), comment, upsert).await
    }

    async fn set_status(&self, status: &CommitStatus<'_>) -> Result<()> {
        let doing = format!("set a status on commit {}", status.commit.short());
        let body = WantedStatus {
            state: status_word(status.state),
            name: status.name,
            description: cut(status.description, TEXT_LIMIT),
            target_url: status.target_url.filter(|url| is_shown(url)),
        };
        let outgoing = Outgoing::json(Method::POST, self.url(&["statuses", status.commit.as_str()], &[]), &body).repeatable();
        match self.rest.call(&outgoing).await {
            // A status that is running cannot be told to run: it says already what we would.
            Err(failure) if matches!(&failure.cause, Cause::Status { code: 400, body, .. } if says_already(body)) => Ok(()),
            outcome => outcome.map(drop).map_err(|failure| self.rest.explained(&doing, failure)),
        }
    }

    async fn record_deployment(&self, record: &DeploymentRecord<'_>, earlier: Option<&RecordId>) -> Result<Option<RecordId>> {
        let status = match record.state {
            RecordState::Inactive => {
                if record.lifetime == Lifetime::Preview {
                    self.stop_environment(record.environment).await?;
                }
                return Ok(earlier.cloned());
            }
            RecordState::Is(state) => status_word(state),
        };
        let Some(id) = earlier else { return self.create_deployment(record, status).await };
        let doing = format!("record what became of the deployment to {}", record.environment);
        let url = self.url(&["deployments", &id.0], &[]);
        let outgoing = Outgoing::json(Method::PUT, url, &serde_json::json!({ "status": status }));
        match self.rest.call(&outgoing).await {
            Err(failure) if matches!(&failure.cause, Cause::Status { code: 400, body, .. } if says_already(body)) => {}
            outcome => drop(outcome.map_err(|failure| self.rest.explained(&doing, failure))?),
        }
        Ok(Some(id.clone()))
    }

    async fn annotate(&self, _: &Findings<'_>) -> Result<Support> {
        // GitLab takes findings as files that a job leaves behind, not as calls.
        Ok(Support::Unknown)
    }

    async fn compare(&self, base: &CommitSha, head: &CommitSha) -> Result<Comparison> {
        let doing = format!("compare {} with {}", base.short(), head.short());
        let query = [("from", base.as_str()), ("to", head.as_str()), ("straight", "false")];
        let answer: ComparisonAnswer = self.rest.get(&doing, self.url(&["repository", "compare"], &query)).await?;
        let ancestor = match self.merge_base(base, head).await {
            Ok(found) => CommitSha::parse(&found.id),
            Err(error) if matches!(error.kind(), Kind::Refused | Kind::NotFound) => None,
            Err(error) => return Err(error),
        };
        let cut = (answer.compare_timeout || answer.diffs.len() >= COMPARED_FILES)
            .then(|| format!("GitLab lists only {} files", answer.diffs.len()));
        let listed = answer.diffs.iter().flat_map(|diff| match () {
            () if diff.renamed_file => moved(&diff.old_path, &diff.new_path),
            () if diff.new_file => moved("", &diff.new_path),
            () if diff.deleted_file => moved(&diff.old_path, ""),
            () => moved(&diff.new_path, &diff.new_path),
        });
        Ok(Comparison { relation: relation(base, head, ancestor.as_ref()), changes: changes(listed), cut })
    }

    async fn pull_requests_of(&self, commit: &CommitSha) -> Result<Vec<u64>> {
        let doing = format!("find the merge request of commit {}", commit.short());
        let url = self.url(&["repository", "commits", commit.as_str(), "merge_requests"], &[("per_page", "100")]);
        let found: Vec<MergeRequest> = self.rest.get(&doing, url).await?;
        let is = |text: &Option<String>| text.as_deref() == Some(commit.as_str());
        let belongs = |it: &&MergeRequest| is(&it.sha) || is(&it.merge_commit_sha) || is(&it.squash_commit_sha);
        Ok(found.iter().filter(belongs).map(|it| it.iid).collect())
    }

    async fn pull_request(&self, number: u64) -> Result<PullRequestNow> {
        let url = self.url(&["merge_requests", &number.to_string()], &[]);
        let found: MergeRequest = self.rest.get(&format!("read merge request !{number}"), url).await?;
        Ok(PullRequestNow {
            state: match found.state.as_str() {
                "merged" => PullRequestState::Merged,
                "closed" => PullRequestState::Closed,
                _ => PullRequestState::Open,
            },
            head: found.sha.as_deref().and_then(CommitSha::parse),
            head_branch: found.source_branch,
            base_branch: found.target_branch,
        })
    }
}

const fn status_word(state: State) -> &'static str {
    match state {
        State::InProgress => "running",
        State::Success => "success",
        State::Failure => "failed",
        State::Cancelled => "canceled",
    }
}

/// Returns whether a refusal says that the state is one that cannot follow, as `running` cannot
/// follow `running`.
fn says_already(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).to_ascii_lowercase().contains("cannot transition")
}

/// Returns whether GitLab takes this address.
fn is_shown(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && url.chars().count() <= TEXT_LIMIT
}

/// Returns the name that GitLab takes for an environment: other characters become hyphens.
fn environment_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-_/. ".contains(letter) { letter } else { '-' };
    let name: String = name.trim_matches('/').chars().take(TEXT_LIMIT).map(plain).collect();
    name.trim_matches('/').to_owned()
}

/// Returns the text with no line that GitLab would carry out as a command, such as `/merge`:
/// <https://docs.gitlab.com/user/project/quick_actions/>. A blank in front is not shown.
fn inert(body: &str) -> String {
    let line = |line: &str| if line.starts_with('/') { format!(" {line}") } else { line.to_owned() };
    body.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
}

#[derive(Serialize)]
struct WantedStatus<'a> {
    state: &'static str,
    name: &'a str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_url: Option<&'a str>,
}

#[derive(Serialize)]
struct NewDeployment<'a> {
    environment: &'a str,
    sha: &'a str,
    r#ref: &'a str,
    tag: bool,
    status: &'a str,
}

#[derive(Deserialize)]
struct Note {
    id: u64,
    body: String,
    #[serde(default)]
    system: bool,
    author: User,
}

#[derive(Deserialize)]
struct User {
    id: u64,
}

#[derive(Deserialize)]
struct CommitId {
    id: String,
}

#[derive(Deserialize)]
struct Deployment {
    id: u64,
    environment: Option<Environment>,
}

#[derive(Deserialize)]
struct Environment {
    id: u64,
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct ComparisonAnswer {
    #[serde(default)]
    diffs: Vec<Diff>,
    #[serde(default)]
    compare_timeout: bool,
}

#[derive(Deserialize)]
struct Diff {
    old_path: String,
    new_path: String,
    #[serde(default)]
    new_file: bool,
    #[serde(default)]
    renamed_file: bool,
    #[serde(default)]
    deleted_file: bool,
}

#[derive(Deserialize)]
struct MergeRequest {
    iid: u64,
    state: String,
    sha: Option<String>,
    merge_commit_sha: Option<String>,
    squash_commit_sha: Option<String>,
    source_branch: String,
    target_branch: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_command() {
        assert_eq!(inert("a\n/merge\r\n  /x\n//y\n"), "a\n /merge\r\n  /x\n //y\n");
    }

    #[test]
    fn an_environment_has_a_name_that_gitlab_takes() {
        assert_eq!(environment_name("/review/änder#1/"), "review/-nder-1");
        assert_eq!(environment_name(&"x".repeat(300)).len(), 255);
    }
}
