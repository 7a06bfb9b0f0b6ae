//! Writes one Deployment: reads it anew right before, because the platform knows no versions, sends everything, reads it
//! back, and says so when the platform did not take what it was sent.

use crate::app::manage::deployments::job::Job;
use crate::astro::client::AstroClient;
use crate::error::{Error, Kind, Result};
use crate::model::record::Record;
use crate::plan::deployments::body;
use crate::plan::deployments::change::How;

/// Creates or changes the Deployment and returns it as it is then.
///
/// # Errors
/// `Kind::Refused` when the platform does not want it or keeps a difference; else as requests do.
pub async fn written(astro: &AstroClient, job: &Job) -> Result<Record> {
    let id = match &job.present {
        None => created(astro, job).await?,
        Some(present) => {
            let id = present.id().to_owned();
            let path = ["deployments", id.as_str()];
            let now = astro.record(&path, &format!("read the Deployment {}", job.name)).await?;
            let wanted = Job { present: Some(now.clone()), ..job.clone() }.wanted();
            let doing = format!("change the Deployment {}", job.name);
            astro.update_record(&path, &body::update(&now, &wanted), &doing).await?;
            id
        }
    };
    let after = astro.record(&["deployments", &id], &format!("read the Deployment {} back", job.name)).await?;
    let left = Job { present: Some(after.clone()), ..job.clone() }.changes();
    let left: Vec<String> = left.into_iter().filter(|it| it.how != How::SetAgain).map(|it| it.path).collect();
    if left.is_empty() {
        return Ok(after);
    }
    Err(Error::new(Kind::Refused, format!("make the Deployment {} what it should be", job.name))
        .because(format!("the platform took the request, but these differ still: {}", left.join(", ")))
        .hint("somebody else may have changed it at the same time; run this again"))
}

/// A creation whose answer is lost may have made the Deployment all the same.
async fn created(astro: &AstroClient, job: &Job) -> Result<String> {
    let doing = format!("create the Deployment {}", job.name);
    match astro.create_record(&["deployments"], &body::create(&job.wanted()), &doing).await {
        Ok(record) => Ok(record.id().to_owned()),
        Err(error) if error.kind() == Kind::Transfer => {
            let query = [("workspaceIds", job.workspace.0.as_str()), ("names", job.name.as_str())];
            let all = astro.records(&["deployments"], &query, "look whether the Deployment was made").await?;
            match all.as_slice() {
                [made] if made.text("name") == job.name => Ok(made.id().to_owned()),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}
