//! Spells the world's Gitea things as Gitea's and Forgejo's JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::commits::{ChangedFile, Commit, CommitGraph, Comparison};
use crate::world::gitea::{Flavour, GiteaComment, GiteaPull, GiteaStatus};

/// Where a repository's things are addressed.
#[derive(Clone, Debug)]
pub struct Address {
    /// Base of the whole instance.
    pub site: String,
    /// `owner/name`.
    pub slug: String,
}

impl Address {
    /// Returns scheme, host and port.
    pub fn host(&self) -> &str {
        self.site.trim_end_matches("/gitea")
    }

    fn api(&self, rest: &str) -> String {
        format!("{}/api/v1/repos/{}/{rest}", self.site, self.slug)
    }

    fn html(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.site, self.slug)
    }
}

/// Returns a user.
pub fn user(at: &Address, login: &str) -> Value {
    let page = format!("{}/{login}", at.site);
    json!({
        "id": 1, "login": login, "login_name": "", "source_id": 0, "full_name": "", "email": format!("{login}@example.com"),
        "avatar_url": format!("{}/avatars/1", at.site), "html_url": page, "language": "", "is_admin": false,
        "last_login": "0001-01-01T00:00:00Z", "created": "2026-01-01T00:00:00Z", "restricted": false, "active": true,
        "prohibit_login": false, "location": "", "website": "", "description": "", "visibility": "public",
        "followers_count": 0, "following_count": 0, "starred_repos_count": 0, "username": login,
    })
}

/// Returns a comment.
pub fn comment(at: &Address, comment: &GiteaComment) -> Value {
    let pull = at.html(&format!("pulls/{}", comment.index));
    json!({
        "id": comment.id, "html_url": format!("{pull}#issuecomment-{}", comment.id), "pull_request_url": pull,
        "issue_url": "", "user": user(at, &comment.author), "original_author": "", "original_author_id": 0,
        "body": comment.body, "assets": [], "created_at": time(comment.created_at), "updated_at": time(comment.updated_at),
    })
}

/// Returns a commit status; its state is called `status` here.
pub fn status(at: &Address, status: &GiteaStatus) -> Value {
    json!({
        "id": status.id, "status": status.state, "target_url": status.target_url, "description": status.description,
        "url": at.api(&format!("statuses/{}", status.sha)), "context": status.context,
        "creator": user(at, &status.creator), "created_at": time(status.created_at), "updated_at": time(status.created_at),
    })
}

/// Returns a pull request.
pub fn pull(at: &Address, pull: &GiteaPull) -> Value {
    let page = at.html(&format!("pulls/{}", pull.index));
    let side = |name: &str, sha: &str, slug: &str| {
        let repo = json!({ "id": 1, "full_name": slug, "fork": slug != at.slug });
        json!({ "label": name, "ref": name, "sha": sha, "repo_id": 1, "repo": repo })
    };
    json!({
        "id": pull.index, "url": page, "number": pull.index, "user": user(at, "octocat"), "title": pull.title, "body": "",
        "labels": [], "state": pull.state, "draft": false, "is_locked": false, "comments": 0, "html_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "mergeable": !pull.merged,
        "merged": pull.merged, "merged_at": pull.merged.then_some("2026-01-01T00:00:00Z"),
        "merge_commit_sha": pull.merge_commit, "base": side(&pull.base_ref, &pull.base_sha, &at.slug),
        "head": side(&pull.head_ref, &pull.head_sha, pull.fork.as_deref().unwrap_or(&at.slug)),
        "merge_base": pull.base_sha, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

/// Returns a comparison: the commits that the base lacks, newest first, each with the files it changes itself.
pub fn comparison(at: &Address, graph: &CommitGraph, comparison: &Comparison, flavour: Flavour) -> Value {
    let commits: Vec<&Commit> = comparison.ahead.iter().rev().filter_map(|sha| graph.commit(sha)).collect();
    let mut answer = json!({
        "total_commits": commits.len(), "commits": commits.iter().map(|found| commit(at, found)).collect::<Vec<_>>(),
    });
    if flavour == Flavour::Forgejo {
        answer["files"] = commits.iter().flat_map(|commit| files(commit)).collect();
    }
    answer
}

fn commit(at: &Address, commit: &Commit) -> Value {
    let sha = &commit.sha;
    let meta = |sha: &str| json!({ "url": at.api(&format!("git/commits/{sha}")), "sha": sha, "created": "2026-01-01T00:00:00Z" });
    let person = json!({ "name": "Octo Cat", "email": "octocat@example.com", "date": "2026-01-01T00:00:00Z" });
    json!({
        "url": at.api(&format!("git/commits/{sha}")), "sha": sha, "created": "2026-01-01T00:00:00Z",
        "html_url": at.html(&format!("commit/{sha}")), "author": user(at, "octocat"), "committer": user(at, "octocat"),
        "commit": {
            "url": at.api(&format!("git/commits/{sha}")), "author": person, "committer": person, "message": commit.message,
            "tree": meta(sha),
        },
        "parents": commit.parents.iter().map(|parent| meta(parent)).collect::<Vec<_>>(), "files": files(commit),
        "stats": { "total": 2, "additions": 1, "deletions": 1 },
    })
}

/// Returns the files of a commit: added ones, removed ones, modified ones. A rename is a removal and an addition.
fn files(commit: &Commit) -> Vec<Value> {
    let of = |status: &'static str| {
        let fits = move |file: &ChangedFile| match status {
            "added" => matches!(file.status.as_str(), "added" | "renamed").then(|| file.path.clone()),
            "removed" if file.status == "renamed" => file.previous.clone(),
            status => (file.status == status).then(|| file.path.clone()),
        };
        commit.files.iter().filter_map(fits).map(move |name| json!({ "filename": name, "status": status }))
    };
    of("added").chain(of("removed")).chain(of("modified")).collect()
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
