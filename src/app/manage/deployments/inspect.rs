//! `deployment inspect`: a Deployment as a Deployment file.

use serde_json::Value;

use crate::app::manage::scene;
use crate::app::session::Session;
use crate::cli::deployment_file::{FileForm, Inspect};
use crate::error::{Kind, Result};
use crate::model::record::Record;
use crate::plan::deployments::export::{Purpose, at_key, exported};
use crate::plan::deployments::layout;
use crate::report::answer::Answer;
use crate::settings::values::Format;

/// Returns the file, or the one value that is asked for.
///
/// # Errors
/// `Kind::NotFound` for no such Deployment or key, else as the platform answers.
pub async fn inspect(session: &Session, given: &Inspect) -> Result<Answer> {
    let astro = scene::astro(session).await?;
    let deployment = scene::deployment(session, &astro, &given.which.named()).await?;
    let cluster = match (deployment.text("type"), deployment.text("clusterId")) {
        ("DEDICATED" | "HYBRID", id) if !id.is_empty() => match astro.record(&["clusters", id], "read the cluster").await {
            Ok(cluster) => Some(cluster),
            // Only names of machines and of the cluster come from there.
            Err(error) if matches!(error.kind(), Kind::Auth | Kind::NotFound | Kind::Refused) => {
                session.console.warn_about(&error);
                None
            }
            Err(error) => return Err(error),
        },
        _ => None,
    };
    let purpose = if given.template { Purpose::Template } else { Purpose::Inspection };
    let content = exported(&deployment, cluster.as_ref(), &url(&deployment), purpose);
    if let Some(key) = &given.key {
        let value = at_key(&content, key)?;
        let lines = match &value {
            Value::String(text) => vec![text.clone()],
            Value::Object(_) | Value::Array(_) => text(&value, given.output)?,
            other => vec![other.to_string()],
        };
        return Ok(Answer::text(lines, value));
    }
    let form = if session.settings.report.format == Format::Json { FileForm::Json } else { given.output };
    Ok(Answer::text(text(&content, form)?, Value::Null))
}

fn text(content: &Value, form: FileForm) -> Result<Vec<String>> {
    let text = match form {
        FileForm::Yaml => layout::yaml(content)?,
        FileForm::Json => layout::json(content)?,
    };
    Ok(text.lines().map(str::to_owned).collect())
}

/// As the Astro CLI writes it, without a scheme.
fn url(deployment: &Record) -> String {
    format!("cloud.astronomer.io/{}/deployments/{}/overview", deployment.text("workspaceId"), deployment.id())
}
