//! Spells the world's GitLab things as GitLab's JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::commits::{ChangedFile, Commit};
use crate::world::gitlab::{CommitStatus, Deployment, Environment, GitLabProject, GitLabUser, MergeRequest, Note};

/// Where GitLab's pages are, and who is who.
#[derive(Clone, Debug)]
pub struct Site {
    /// Base of the pages for people.
    pub html: String,
    /// Users.
    pub users: Vec<GitLabUser>,
}

impl Site {
    /// Returns a user, short.
    pub fn user(&self, username: &str) -> Value {
        let id = self.users.iter().find(|user| user.username == username).map_or(0, |user| user.id);
        let html = &self.html;
        json!({
            "id": id, "username": username, "name": username, "state": "active", "locked": false,
            "avatar_url": format!("{html}/uploads/-/system/user/avatar/{id}/avatar.png"), "web_url": format!("{html}/{username}"),
        })
    }

    fn page(&self, project: &GitLabProject, rest: &str) -> String {
        format!("{}/{}/-/{rest}", self.html, project.path)
    }
}

/// Returns a note.
pub fn note(site: &Site, project: &GitLabProject, note: &Note) -> Value {
    let merge_request = project.merge_requests.iter().find(|found| found.iid == note.merge_request);
    json!({
        "id": note.id, "type": null, "body": note.body, "attachment": null, "author": site.user(&note.author),
        "created_at": time(note.created_at), "updated_at": time(note.updated_at), "system": note.system,
        "noteable_id": merge_request.map(|found| found.id), "noteable_type": "MergeRequest", "project_id": project.id,
        "resolvable": false, "confidential": false, "internal": false, "imported": false, "imported_from": "none",
        "noteable_iid": note.merge_request, "commands_changes": {},
    })
}

/// Returns a merge request.
pub fn merge_request(site: &Site, project: &GitLabProject, merge_request: &MergeRequest) -> Value {
    let notes = project.notes.iter().filter(|note| note.merge_request == merge_request.iid && !note.system).count();
    json!({
        "id": merge_request.id, "iid": merge_request.iid, "project_id": project.id, "title": merge_request.title,
        "description": "", "state": merge_request.state, "draft": false, "author": site.user(&merge_request.author),
        "source_branch": merge_request.source_branch, "target_branch": merge_request.target_branch,
        "source_project_id": project.id, "target_project_id": project.id, "sha": merge_request.sha,
        "merge_commit_sha": merge_request.merge_commit_sha, "squash_commit_sha": null, "user_notes_count": notes, "detailed_merge_status": "mergeable",
        "diff_refs": { "base_sha": merge_request.base_sha, "head_sha": merge_request.sha, "start_sha": merge_request.base_sha },
        "web_url": site.page(project, &format!("merge_requests/{}", merge_request.iid)),
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
    })
}

/// Returns a commit status.
pub fn status(site: &Site, status: &CommitStatus) -> Value {
    let ended = !["pending", "running"].contains(&status.status.as_str());
    json!({
        "id": status.id, "sha": status.sha, "ref": status.ref_name, "status": status.status, "name": status.name,
        "target_url": status.target_url, "description": status.description, "created_at": time(status.created_at),
        "started_at": null, "finished_at": ended.then(|| time(status.created_at)), "allow_failure": false, "coverage": null,
        "pipeline_id": status.pipeline, "author": site.user(&status.author),
    })
}

/// Returns an environment.
pub fn environment(environment: &Environment) -> Value {
    json!({
        "id": environment.id, "name": environment.name, "slug": slug(&environment.name),
        "external_url": environment.external_url, "created_at": time(environment.created_at),
        "updated_at": time(environment.updated_at), "tier": environment.tier, "state": environment.state,
        "auto_stop_at": null, "description": null,
    })
}

/// Returns a deployment.
pub fn deployment(site: &Site, project: &GitLabProject, deployment: &Deployment) -> Value {
    let target = project.environments.iter().find(|found| found.id == deployment.environment);
    json!({
        "id": deployment.id, "iid": deployment.iid, "ref": deployment.ref_name, "sha": deployment.sha,
        "created_at": time(deployment.created_at), "updated_at": time(deployment.updated_at), "status": deployment.status,
        "user": site.user(&deployment.author), "environment": target.map(environment), "deployable": null,
    })
}

/// Returns a comparison: the commits on the way, oldest first, and the files.
pub fn comparison(site: &Site, project: &GitLabProject, commits: &[&Commit], files: &[ChangedFile]) -> Value {
    json!({
        "commit": commits.last().map(|found| commit(site, project, found)),
        "commits": commits.iter().map(|found| commit(site, project, found)).collect::<Vec<_>>(),
        "diffs": files.iter().map(diff).collect::<Vec<_>>(),
        "compare_timeout": false, "compare_same_ref": commits.is_empty() && files.is_empty(),
        "web_url": site.page(project, "compare"),
    })
}

fn diff(file: &ChangedFile) -> Value {
    let (added, removed) = (file.status == "added", file.status == "removed");
    json!({
        "diff": "", "collapsed": false, "too_large": false, "new_path": file.path,
        "old_path": file.previous.as_ref().unwrap_or(&file.path),
        "a_mode": if added { "0" } else { "100644" }, "b_mode": if removed { "0" } else { "100644" },
        "new_file": added, "renamed_file": file.status == "renamed", "deleted_file": removed, "generated_file": false,
    })
}

/// Returns a commit.
pub fn commit(site: &Site, project: &GitLabProject, commit: &Commit) -> Value {
    let short: String = commit.sha.chars().take(8).collect();
    json!({
        "id": commit.sha, "short_id": short, "title": commit.message, "message": commit.message,
        "parent_ids": commit.parents, "author_name": "Ada", "author_email": "ada@example.com", "committer_name": "Ada",
        "committer_email": "ada@example.com", "authored_date": "2026-01-01T00:00:00.000+00:00",
        "committed_date": "2026-01-01T00:00:00.000+00:00", "created_at": "2026-01-01T00:00:00.000+00:00",
        "web_url": site.page(project, &format!("commit/{}", commit.sha)),
    })
}

/// Returns an environment's name as it can stand in a host name; GitLab adds a random end where this changes the name.
fn slug(name: &str) -> String {
    let plain: String =
        name.to_lowercase().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    plain.chars().take(24).collect::<String>().trim_matches('-').to_owned()
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
