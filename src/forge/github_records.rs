//! GitHub's deployments, and check runs that show findings at their lines.
//!
//! <https://docs.github.com/rest/deployments/deployments>, <https://docs.github.com/rest/deployments/statuses>
//! and <https://docs.github.com/rest/checks/runs>

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Result;
use crate::forge::github_client::Client;
use crate::forge::interface::{DeploymentRecord, Finding, Findings, Lifetime, RecordId, RecordState, Severity, State};
use crate::model::markup::cut;

/// Longest description, in characters.
const DESCRIPTION_LIMIT: usize = 140;
/// Longest name of an environment, and longest title that is sent, in characters.
const NAME_LIMIT: usize = 255;
/// Longest summary of a check run, in characters.
const SUMMARY_LIMIT: usize = 65_535;
/// Longest message that is sent, in characters; GitHub takes 64 KiB.
const MESSAGE_LIMIT: usize = 16_000;
/// Annotations of one request, GitHub's maximum, and of a check run.
const ANNOTATIONS_AT_ONCE: usize = 50;
const ANNOTATIONS: usize = 1000;
/// Deployments of an environment that are looked at when it goes away.
const NEWEST: usize = 30;

/// Records a deployment or what became of it, as `Forge::record_deployment` promises.
///
/// # Errors
/// As `Forge::record_deployment`.
pub async fn record(client: &Client, record: &DeploymentRecord<'_>, earlier: Option<&RecordId>) -> Result<Option<RecordId>> {
    let environment = cut(record.environment, NAME_LIMIT);
    let doing = format!("record the deployment to {environment}");
    let id = match (earlier, record.state) {
        (Some(id), _) => id.clone(),
        (None, RecordState::Inactive) => return end(client, record, &environment).await.map(|()| None),
        (None, RecordState::Is(_)) => {
            let body = json!({
                "ref": record.commit.as_str(), "task": "deploy", "environment": environment,
                "description": cut(record.description, DESCRIPTION_LIMIT),
                "transient_environment": record.lifetime == Lifetime::Preview,
                // What is deployed is decided already: no merge, and no other check to wait for.
                "auto_merge": false, "required_contexts": [],
            });
            let made: Made = client.add(&doing, (Method::POST, client.route("deployments")), &body).await?;
            RecordId(made.id.to_string())
        }
    };
    client.renew(&doing, client.route(&format!("deployments/{}/statuses", id.0)), &Status::of(record)).await?;
    Ok(Some(id))
}

/// Tells of everything deployed to an environment that it is gone.
async fn end(client: &Client, record: &DeploymentRecord<'_>, environment: &str) -> Result<()> {
    let doing = format!("record the end of environment {environment}");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("environment", environment)
        .append_pair("per_page", &NEWEST.to_string())
        .finish();
    let found: Vec<Made> = client.get(&doing, client.route(&format!("deployments?{query}"))).await?;
    for Made { id } in found {
        client.renew(&doing, client.route(&format!("deployments/{id}/statuses")), &Status::of(record)).await?;
    }
    Ok(())
}

/// Shows findings as a check run.
///
/// # Errors
/// As `Forge::annotate`.
pub async fn annotate(client: &Client, findings: &Findings<'_>) -> Result<()> {
    let doing = format!("show findings on commit {}", findings.commit.short());
    let any = |severity: Severity| findings.items.iter().any(|item| item.severity == severity);
    let annotations: Vec<Annotation> = findings.items.iter().take(ANNOTATIONS).map(Annotation::of).collect();
    let output = |some: &[Annotation]| {
        json!({
            "title": cut(findings.title, NAME_LIMIT), "summary": cut(findings.summary, SUMMARY_LIMIT), "annotations": some,
        })
    };
    let mut parts = annotations.chunks(ANNOTATIONS_AT_ONCE);
    let mut body = json!({
        "name": findings.name, "head_sha": findings.commit.as_str(), "status": "completed",
        "conclusion": match () {
            () if any(Severity::Error) => "failure",
            () if any(Severity::Warning) => "neutral",
            () => "success",
        },
        "output": output(parts.next().unwrap_or_default()),
    });
    if let Some(page) = findings.details_url.filter(|url| is_page(url)) {
        body["details_url"] = page.into();
    }
    let made: Made = client.add(&doing, (Method::POST, client.route("check-runs")), &body).await?;
    for part in parts {
        // GitHub adds these to the ones before.
        let route = client.route(&format!("check-runs/{}", made.id));
        let _: Made = client.add(&doing, (Method::PATCH, route), &json!({ "output": output(part) })).await?;
    }
    Ok(())
}

fn is_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[derive(Deserialize)]
struct Made {
    id: u64,
}

#[derive(Serialize)]
struct Status<'a> {
    state: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_url: Option<&'a str>,
}

impl<'a> Status<'a> {
    fn of(record: &DeploymentRecord<'a>) -> Self {
        Self {
            state: match record.state {
                RecordState::Is(State::InProgress) => "in_progress",
                RecordState::Is(State::Success) => "success",
                RecordState::Is(State::Failure) => "failure",
                RecordState::Is(State::Cancelled) => "error",
                RecordState::Inactive => "inactive",
            },
            description: cut(record.description, DESCRIPTION_LIMIT),
            environment_url: record.environment_url.filter(|url| is_page(url)),
            log_url: record.log_url.filter(|url| is_page(url)),
        }
    }
}

#[derive(Serialize)]
struct Annotation<'a> {
    path: &'a str,
    start_line: usize,
    end_line: usize,
    annotation_level: &'static str,
    message: String,
}

impl<'a> Annotation<'a> {
    /// A finding about a whole file is shown at its first line.
    fn of(finding: &'a Finding) -> Self {
        let line = finding.place.line.unwrap_or(1).max(1);
        Self {
            path: &finding.place.path,
            start_line: line,
            end_line: line,
            annotation_level: match finding.severity {
                Severity::Error => "failure",
                Severity::Warning => "warning",
            },
            message: cut(&finding.message, MESSAGE_LIMIT),
        }
    }
}
