//! Spells the world's GitHub things as GitHub's JSON, with every field its clients insist on.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::commits::{ChangedFile, Commit, CommitGraph, Comparison};
use crate::world::github::{Comment, CommitStatus, PullRequest};

/// Where a repository's things are addressed.
#[derive(Clone, Debug)]
pub struct Address {
    /// Base of the API.
    pub api: String,
    /// Base of the pages for people.
    pub html: String,
    /// `owner/name`.
    pub slug: String,
}

impl Address {
    /// Returns the API address of something in the repository.
    pub fn api(&self, rest: &str) -> String {
        format!("{}/{rest}", self.repository())
    }

    /// Returns the API address of the repository.
    pub fn repository(&self) -> String {
        format!("{}/repos/{}", self.api, self.slug)
    }

    /// Returns the page of something in the repository.
    pub fn html(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.html, self.slug)
    }
}

/// Returns a comment.
pub fn comment(at: &Address, comment: &Comment) -> Value {
    let (id, issue) = (comment.id, comment.issue);
    json!({
        "id": id, "node_id": format!("IC_{id}"), "url": at.api(&format!("issues/comments/{id}")),
        "html_url": at.html(&format!("pull/{issue}#issuecomment-{id}")), "issue_url": at.api(&format!("issues/{issue}")),
        "body": comment.body, "user": user(at, &comment.author), "author_association": "NONE",
        "created_at": time(comment.created_at), "updated_at": time(comment.updated_at),
    })
}

/// Returns a commit status.
pub fn status(at: &Address, status: &CommitStatus) -> Value {
    json!({
        "id": status.id, "node_id": format!("SC_{}", status.id), "url": at.api(&format!("statuses/{}", status.sha)),
        "state": status.state, "context": status.context, "description": status.description,
        "target_url": status.target_url, "avatar_url": at.html(""), "creator": user(at, &status.creator),
        "created_at": time(status.created_at), "updated_at": time(status.created_at),
    })
}

/// Returns a pull request.
pub fn pull(at: &Address, pull: &PullRequest) -> Value {
    let mut answer = pull_of_list(at, pull);
    answer["merged"] = pull.merged.into();
    answer
}

/// Returns a pull request as lists show it: without `merged`.
pub fn pull_of_list(at: &Address, pull: &PullRequest) -> Value {
    let number = pull.number;
    let side = |name: &str, sha: &str, slug: &str| {
        let owner = slug.split('/').next().unwrap_or_default();
        let repo = json!({ "id": 1, "full_name": slug, "fork": slug != at.slug });
        json!({ "label": format!("{owner}:{name}"), "ref": name, "sha": sha, "user": user(at, owner), "repo": repo })
    };
    json!({
        "id": number, "node_id": format!("PR_{number}"), "number": number, "title": pull.title, "state": pull.state,
        "draft": false, "locked": false, "user": user(at, "octocat"), "body": "",
        "merged_at": pull.merged.then_some("2026-01-01T00:00:00Z"), "merge_commit_sha": pull.merge_commit,
        "url": at.api(&format!("pulls/{number}")), "html_url": at.html(&format!("pull/{number}")),
        "head": side(&pull.head_ref, &pull.head_sha, pull.fork.as_deref().unwrap_or(&at.slug)),
        "base": side(&pull.base_ref, &pull.base_sha, &at.slug),
    })
}

/// Returns the owner of a person's token.
pub fn account(at: &Address, login: &str) -> Value {
    let mut account = user(at, login);
    for unknown in ["name", "company", "location", "email", "hireable", "bio"] {
        account[unknown] = Value::Null;
    }
    for count in ["public_repos", "public_gists", "followers", "following"] {
        account[count] = 0.into();
    }
    for when in ["created_at", "updated_at"] {
        account[when] = "2026-01-01T00:00:00Z".into();
    }
    account["blog"] = "".into();
    account["user_view_type"] = "public".into();
    account
}

/// Returns a commit, with its files.
pub fn commit_with_files(at: &Address, commit: &Commit) -> Value {
    let mut answer = self::commit(at, commit);
    answer["files"] = commit.files.iter().map(|changed| file(at, changed)).collect();
    answer
}

/// Returns a file of a commit, a comparison or a pull request.
pub fn file(at: &Address, file: &ChangedFile) -> Value {
    let mut answer = json!({
        "sha": "0000000000000000000000000000000000000000", "filename": file.path, "status": file.status,
        "additions": 1, "deletions": 1, "changes": 2, "blob_url": at.html("blob/file"), "raw_url": at.html("raw/file"),
        "contents_url": at.api("contents/file"),
    });
    if let Some(previous) = &file.previous {
        answer["previous_filename"] = previous.as_str().into();
    }
    answer
}

/// Returns a comparison with one page of its commits and the given files.
pub fn comparison(at: &Address, graph: &CommitGraph, found: (&Comparison, &Commit), page: (&[String], &[ChangedFile])) -> Value {
    let ((comparison, base), (commits, files)) = (found, page);
    let by_sha = |sha: &String| graph.commit(sha).map(|found| commit(at, found));
    json!({
        "url": at.api("compare"), "html_url": at.html("compare"), "permalink_url": at.html("compare"),
        "diff_url": at.html("compare.diff"), "patch_url": at.html("compare.patch"),
        "status": comparison.status, "ahead_by": comparison.ahead.len(), "behind_by": comparison.behind,
        "total_commits": comparison.ahead.len(), "base_commit": commit(at, base),
        "merge_base_commit": by_sha(&comparison.merge_base),
        "commits": commits.iter().filter_map(by_sha).collect::<Vec<_>>(),
        "files": files.iter().map(|changed| file(at, changed)).collect::<Vec<_>>(),
    })
}

fn commit(at: &Address, commit: &Commit) -> Value {
    let sha = &commit.sha;
    let person = json!({ "name": "Octo Cat", "email": "octocat@example.org", "date": "2026-01-01T00:00:00Z" });
    let parent = |sha: &String| json!({ "sha": sha, "url": at.api(&format!("commits/{sha}")), "html_url": at.html(&format!("commit/{sha}")) });
    json!({
        "sha": sha, "node_id": format!("C_{sha}"), "url": at.api(&format!("commits/{sha}")),
        "html_url": at.html(&format!("commit/{sha}")), "comments_url": at.api(&format!("commits/{sha}/comments")),
        "commit": {
            "author": person, "committer": person, "message": commit.message, "comment_count": 0,
            "url": at.api(&format!("git/commits/{sha}")), "tree": { "sha": sha, "url": at.api(&format!("git/trees/{sha}")) },
        },
        "author": user(at, "octocat"), "committer": user(at, "octocat"),
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
    })
}

/// Returns a user or a bot.
pub fn user(at: &Address, login: &str) -> Value {
    let base = format!("{}/users/{login}", at.api);
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    let mut user = json!({
        "login": login, "id": 1, "node_id": "U_1", "avatar_url": base, "gravatar_id": "", "url": base, "html_url": base,
        "type": kind, "site_admin": false,
    });
    let lists =
        ["followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events"];
    for list in lists {
        user[format!("{list}_url")] = format!("{base}/{list}").into();
    }
    user
}

/// Returns a time as GitHub writes it.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
