//! Spells the world's Bitbucket Data Center things as its JSON.
//! It must not decide anything.

use serde_json::{Value, json};

use crate::world::bitbucket::Pull;
use crate::world::bitbucket_dc::{ServerBuild, ServerComment, ServerReport, ServerRepository};
use crate::world::commits::ChangedFile;

/// Where everything is addressed.
#[derive(Clone, Debug)]
pub struct Site {
    /// Base of the server.
    pub base: String,
}

impl Site {
    fn page(&self, repository: &ServerRepository, rest: &str) -> Value {
        let ServerRepository { project, slug, .. } = repository;
        json!({ "self": [{ "href": format!("{}/projects/{project}/repos/{slug}/{rest}", self.base) }] })
    }

    fn user(&self, name: &str) -> Value {
        json!({
            "name": name, "slug": name, "displayName": name, "emailAddress": format!("{name}@example.com"), "id": 1,
            "active": true, "type": "NORMAL", "links": { "self": [{ "href": format!("{}/users/{name}", self.base) }] },
        })
    }
}

/// Returns a comment, which has no address of its own.
pub fn comment(site: &Site, comment: &ServerComment) -> Value {
    json!({
        "properties": { "repositoryId": 1 }, "id": comment.id, "version": comment.version, "text": comment.text,
        "author": site.user(&comment.author), "createdDate": comment.created.as_millisecond(),
        "updatedDate": comment.updated.as_millisecond(), "comments": [], "tasks": [], "threadResolved": false,
        "severity": "NORMAL", "state": "OPEN",
        "permittedOperations": { "editable": true, "transitionable": true, "deletable": true },
    })
}

/// Returns the activity of having commented.
pub fn commented(site: &Site, said: &ServerComment) -> Value {
    json!({
        "id": said.id, "createdDate": said.created.as_millisecond(), "user": site.user(&said.author),
        "action": "COMMENTED", "commentAction": "ADDED", "comment": comment(site, said),
    })
}

/// Returns the activity of having opened the pull request.
pub fn opened(site: &Site) -> Value {
    json!({ "id": 1, "createdDate": 1_767_225_600_000_i64, "user": site.user("ada"), "action": "OPENED" })
}

/// Returns a pull request.
pub fn pull(site: &Site, repository: &ServerRepository, pull: &Pull) -> Value {
    let ServerRepository { project, slug, .. } = repository;
    let side = |branch: &str, commit: &str| {
        json!({
            "id": format!("refs/heads/{branch}"), "displayId": branch, "latestCommit": commit, "type": "BRANCH",
            "repository": { "slug": slug, "id": 1, "name": slug, "project": { "key": project, "id": 1, "name": project } },
        })
    };
    let open = pull.state == "OPEN";
    json!({
        "id": pull.id, "version": 0, "title": pull.title, "description": "", "state": pull.state, "open": open,
        "closed": !open, "locked": false, "draft": false, "fromRef": side(&pull.source, &pull.source_commit),
        "toRef": side(&pull.destination, &pull.destination_commit), "author": { "user": site.user("ada"), "role": "AUTHOR" },
        "reviewers": [], "participants": [], "createdDate": 1_767_225_600_000_i64, "updatedDate": 1_767_225_600_000_i64,
        "properties": { "mergeCommit": pull.merge_commit.as_ref().map(|commit| json!({ "id": commit })) },
        "links": site.page(repository, &format!("pull-requests/{}", pull.id)),
    })
}

/// Returns a build status.
pub fn build(build: &ServerBuild) -> Value {
    let mut body = Value::Object(build.fields.clone());
    body["key"] = build.key.as_str().into();
    body["state"] = build.state.as_str().into();
    body["createdDate"] = build.updated.as_millisecond().into();
    body["updatedDate"] = build.updated.as_millisecond().into();
    body
}

/// Returns a report.
pub fn report(report: &ServerReport) -> Value {
    let mut body = Value::Object(report.fields.clone());
    body["key"] = report.key.as_str().into();
    body["createdDate"] = report.updated.as_millisecond().into();
    body
}

/// Returns a file of a comparison.
pub fn change(site: &Site, repository: &ServerRepository, file: &ChangedFile) -> Value {
    let kind = match file.status.as_str() {
        "added" => "ADD",
        "removed" => "DELETE",
        "renamed" => "MOVE",
        _ => "MODIFY",
    };
    let mut body = json!({
        "contentId": "0000000000000000000000000000000000000000", "fromContentId": "0000000000000000000000000000000000000000",
        "path": path(&file.path), "executable": false, "percentUnchanged": -1, "type": kind, "nodeType": "FILE",
        "srcExecutable": false, "links": site.page(repository, "compare/diff"), "properties": { "gitChangeType": kind },
    });
    if let Some(previous) = &file.previous {
        body["srcPath"] = path(previous);
    }
    body
}

fn path(text: &str) -> Value {
    let (parent, name) = text.rsplit_once('/').unwrap_or(("", text));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let parts: Vec<&str> = text.split('/').collect();
    json!({ "components": parts, "parent": parent, "name": name, "extension": extension, "toString": text })
}
