//! Spells the world's Bitbucket Cloud things as its JSON.
//! It must not decide anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::digest;
use crate::world::bitbucket::{Annotation, BitbucketRepository, BuildStatus, Pull, PullComment, Report};
use crate::world::commits::ChangedFile;

/// Where everything is addressed.
#[derive(Clone, Debug)]
pub struct Site {
    /// Base of the API.
    pub api: String,
    /// Base of the pages for people.
    pub html: String,
}

impl Site {
    fn api(&self, repository: &BitbucketRepository, rest: &str) -> Value {
        json!({ "href": format!("{}/repositories/{}/{rest}", self.api, repository.full_name) })
    }

    fn html(&self, repository: &BitbucketRepository, rest: &str) -> Value {
        json!({ "href": format!("{}/{}/{rest}", self.html, repository.full_name) })
    }
}

/// Returns a user, or a token that acts as one.
pub fn user(site: &Site, name: &str) -> Value {
    json!({
        "type": "user", "display_name": name, "nickname": name, "uuid": uuid(&["user", name]),
        "account_id": format!("557058:{name}"), "links": { "self": { "href": format!("{}/users/{name}", site.api) } },
    })
}

/// Returns a comment.
pub fn comment(site: &Site, repository: &BitbucketRepository, comment: &PullComment) -> Value {
    let (pull, id) = (comment.pull, comment.id);
    json!({
        "type": "pullrequest_comment", "id": id, "created_on": time(comment.created_on), "updated_on": time(comment.updated_on),
        "content": { "type": "rendered", "raw": comment.raw, "markup": "markdown", "html": comment.raw },
        "user": user(site, &comment.author), "deleted": comment.deleted, "pending": false,
        "pullrequest": { "type": "pullrequest", "id": pull },
        "links": {
            "self": site.api(repository, &format!("pullrequests/{pull}/comments/{id}")),
            "html": site.html(repository, &format!("pull-requests/{pull}/_/diff#comment-{id}")),
        },
    })
}

/// Returns a pull request, whose commits are shortened.
pub fn pull(site: &Site, repository: &BitbucketRepository, pull: &Pull) -> Value {
    let side = |branch: &str, commit: &str| {
        let short: String = commit.chars().take(12).collect();
        json!({
            "branch": { "name": branch }, "commit": { "type": "commit", "hash": short },
            "repository": { "type": "repository", "full_name": repository.full_name },
        })
    };
    let merge_commit = pull.merge_commit.as_ref().map(|commit| json!({ "hash": commit.chars().take(12).collect::<String>() }));
    let own = repository.comments.iter().filter(|comment| comment.pull == pull.id && !comment.deleted).count();
    json!({
        "type": "pullrequest", "id": pull.id, "title": pull.title, "state": pull.state, "draft": false,
        "merge_commit": merge_commit, "description": "", "comment_count": own, "author": user(site, "ada"),
        "source": side(&pull.source, &pull.source_commit), "destination": side(&pull.destination, &pull.destination_commit),
        "links": {
            "self": site.api(repository, &format!("pullrequests/{}", pull.id)),
            "html": site.html(repository, &format!("pull-requests/{}", pull.id)),
        },
        "created_on": "2026-01-01T00:00:00.000000+00:00", "updated_on": "2026-01-01T00:00:00.000000+00:00",
    })
}

/// Returns a build status.
pub fn status(site: &Site, repository: &BitbucketRepository, status: &BuildStatus) -> Value {
    let (commit, key) = (&status.commit, &status.key);
    json!({
        "type": "build", "key": key, "state": status.state, "url": status.url, "name": status.name,
        "description": status.description, "refname": status.refname, "uuid": uuid(&["status", commit, key]),
        "created_on": time(status.created_on), "updated_on": time(status.updated_on),
        "links": {
            "self": site.api(repository, &format!("commit/{commit}/statuses/build/{key}")),
            "commit": site.api(repository, &format!("commit/{commit}")),
        },
    })
}

/// Returns a report.
pub fn report(site: &Site, repository: &BitbucketRepository, report: &Report) -> Value {
    let mut body = Value::Object(report.fields.clone());
    body["type"] = "report".into();
    body["external_id"] = report.external_id.as_str().into();
    body["uuid"] = uuid(&["report", &report.commit, &report.external_id]).into();
    body["links"] = json!({ "self": site.api(repository, &format!("commit/{}/reports/{}", report.commit, report.external_id)) });
    body
}

/// Returns an annotation.
pub fn annotation(annotation: &Annotation) -> Value {
    let mut body = Value::Object(annotation.fields.clone());
    body["type"] = "report_annotation".into();
    body["uuid"] = uuid(&["annotation", &annotation.external_id]).into();
    body
}

/// Returns a file of a comparison.
pub fn diffstat(site: &Site, repository: &BitbucketRepository, commit: &str, file: &ChangedFile) -> Value {
    let side = |path: &str| {
        json!({
            "type": "commit_file", "path": path, "escaped_path": path,
            "links": { "self": site.api(repository, &format!("src/{commit}/{path}")) },
        })
    };
    let old = file.previous.as_ref().or((file.status != "added").then_some(&file.path));
    let new = (file.status != "removed").then_some(&file.path);
    json!({
        "type": "diffstat", "status": file.status, "lines_added": 1, "lines_removed": 1,
        "old": old.map(|path| side(path)), "new": new.map(|path| side(path)),
    })
}

/// Returns an id in the vendor's form, the same for the same thing.
fn uuid(parts: &[&str]) -> String {
    let hex: String = digest::oci(parts.join("\n").as_bytes()).trim_start_matches("sha256:").chars().take(32).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{{{}-{}-{}-{}-{}}}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
