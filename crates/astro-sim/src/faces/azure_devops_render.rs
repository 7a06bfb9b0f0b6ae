//! Spells the world's Azure DevOps things as that service's JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::azure_devops::{AzurePull, AzureRepository, AzureStatus, Identity, StatusTarget, Thread, ThreadComment};

/// Id of the service that owns repositories.
pub const SERVICE: &str = "00025394-6065-48ca-87d9-7f5672854ef7";

/// Returns a pull request.
pub fn pull(base: &str, repository: &AzureRepository, pull: &AzurePull) -> Value {
    let own = address(base, repository);
    let commit = |sha: &str| json!({ "commitId": sha, "url": format!("{own}/commits/{sha}") });
    let mut answer = json!({
        "repository": self::repository(base, repository), "pullRequestId": pull.id, "codeReviewId": pull.id,
        "status": pull.status, "createdBy": identity(base, &Identity { id: "0".into(), display_name: "Octo Cat".into() }),
        "creationDate": "2026-01-01T00:00:00.000Z", "title": pull.title, "description": "", "isDraft": false,
        "sourceRefName": format!("refs/heads/{}", pull.source), "targetRefName": format!("refs/heads/{}", pull.target),
        "mergeStatus": "succeeded", "mergeId": "0", "lastMergeSourceCommit": commit(&pull.source_commit),
        "lastMergeTargetCommit": commit(&pull.target_commit), "reviewers": [], "labels": [],
        "url": format!("{own}/pullRequests/{}", pull.id), "supportsIterations": true,
    });
    if let Some(merge) = &pull.merge_commit {
        answer["lastMergeCommit"] = commit(merge);
    }
    if let Some(fork) = &pull.fork {
        let repository = json!({ "id": "f", "name": fork, "isFork": true });
        answer["forkSource"] = json!({ "name": format!("refs/heads/{}", pull.source), "repository": repository });
    }
    answer
}

/// Returns a thread.
pub fn thread(base: &str, repository: &AzureRepository, thread: &Thread) -> Value {
    let own = address(base, repository);
    let mut answer = json!({
        "pullRequestThreadContext": null, "id": thread.id, "publishedDate": time(thread.published),
        "lastUpdatedDate": time(thread.updated), "threadContext": null, "properties": {}, "identities": null,
        "comments": thread.comments.iter().map(|found| comment(base, found)).collect::<Vec<_>>(), "isDeleted": false,
        "_links": { "self": { "href": format!("{own}/pullRequests/{}/threads/{}", thread.pull, thread.id) } },
    });
    if let Some(status) = &thread.status {
        answer["status"] = status.as_str().into();
    }
    answer
}

/// Returns a comment.
pub fn comment(base: &str, comment: &ThreadComment) -> Value {
    json!({
        "id": comment.id, "parentCommentId": comment.parent, "author": identity(base, &comment.author),
        "content": comment.content, "publishedDate": time(comment.published), "lastUpdatedDate": time(comment.updated),
        "lastContentUpdatedDate": time(comment.updated), "commentType": comment.kind, "usersLiked": [], "isDeleted": false,
    })
}

/// Returns a status.
pub fn status(base: &str, repository: &AzureRepository, status: &AzureStatus) -> Value {
    let own = address(base, repository);
    let of = match &status.target {
        StatusTarget::Commit(sha) => format!("{own}/commits/{sha}"),
        StatusTarget::Pull(id) => format!("{own}/pullRequests/{id}"),
    };
    json!({
        "id": status.id, "state": status.state, "description": status.description,
        "context": { "name": status.name, "genre": status.genre }, "creationDate": time(status.created),
        "updatedDate": time(status.created), "createdBy": identity(base, &status.creator), "targetUrl": status.target_url,
        "_links": { "self": { "href": format!("{of}/statuses/{}", status.id) }, "repository": { "href": own } },
    })
}

/// Returns a change of a comparison: its kind and path, and the former path and commit. A folder's path ends with a slash.
pub fn change(
    base: &str,
    repository: &AzureRepository,
    (kind, path): (&str, &str),
    (former, commit): (Option<&str>, &str),
) -> Value {
    let folder = path.ends_with('/');
    let path = path.trim_end_matches('/');
    let url = format!("{}/items/{path}?versionType=Commit&version={commit}", address(base, repository));
    let kind_of = if folder { "tree" } else { "blob" };
    let mut item = json!({ "gitObjectType": kind_of, "commitId": commit, "path": format!("/{path}"), "url": url });
    if folder {
        item["isFolder"] = true.into();
    }
    let mut change = json!({ "item": item, "changeType": kind });
    if let Some(former) = former {
        change["sourceServerItem"] = format!("/{former}").into();
    }
    change
}

fn repository(base: &str, repository: &AzureRepository) -> Value {
    let project = json!({
        "id": repository.project_id, "name": repository.project, "state": "wellFormed", "visibility": "private",
        "url": format!("{base}/_apis/projects/{}", repository.project_id),
    });
    let web = format!("{base}/{}/_git/{}", repository.project, repository.name);
    json!({
        "id": repository.id, "name": repository.name, "url": address(base, repository), "project": project,
        "remoteUrl": web, "webUrl": web, "isFork": false,
    })
}

fn identity(base: &str, identity: &Identity) -> Value {
    let url = format!("{base}/_apis/Identities/{}", identity.id);
    json!({
        "id": identity.id, "displayName": identity.display_name, "uniqueName": format!("{}@example.com", identity.id),
        "url": url, "imageUrl": format!("{base}/_api/_common/identityImage?id={}", identity.id),
        "descriptor": format!("svc.{}", identity.id),
    })
}

fn address(base: &str, repository: &AzureRepository) -> String {
    format!("{base}/{}/_apis/git/repositories/{}", repository.project_id, repository.id)
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
