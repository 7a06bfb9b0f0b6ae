//! The Astro API's operations on deploys: history, create, finalize, description, rollback.
//! It never makes a second deploy by accident; what to deploy is decided elsewhere.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::astro::answers::CreatedDeploy;
use crate::astro::client::AstroClient;
use crate::astro::connection::explained;
use crate::astro::requests::{FinalizeBody, NewDeploy, NewRollback};
use crate::astro::wire::deploy::{CreateBody, DescriptionBody, WireDeploy, WireFinalize};
use crate::astro::wire::listing::Page;
use crate::error::{Error, Kind, Result};
use crate::http::failure::{Cause, Failure, Outcome};
use crate::http::retry::{Repeat, Trouble, jitter};
use crate::model::deploy::{DeployRecord, DeployStatus};
use crate::model::ids::{DeployId, DeploymentId};

/// How far the clocks of this machine and the platform may differ when a lost deploy is sought.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How many of the newest deploys are searched for a lost one.
const LOST_AMONG: usize = 50;

impl AstroClient {
    /// Returns up to `limit` deploys of a Deployment, newest first.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn deploys(&self, deployment: &DeploymentId, limit: usize) -> Result<Vec<DeployRecord>> {
        let listed = self.deploy_pages(&self.deploy_path(deployment).await?, limit).await;
        let wires = listed.map_err(|failure| explained(failure, format!("read the deploy history of {deployment}")))?;
        let mut records: Vec<DeployRecord> = wires.into_iter().map(WireDeploy::into_record).collect();
        newest_first(&mut records);
        records.truncate(limit);
        Ok(records)
    }

    /// Returns one deploy.
    ///
    /// # Errors
    /// Fails as reads do.
    pub async fn deploy(&self, deployment: &DeploymentId, deploy: &DeployId) -> Result<DeployRecord> {
        let path = self.deploy_path(deployment).await?;
        let read = self.connection().get::<WireDeploy>(&path.below(&[deploy.as_str()]), &[]).await;
        Ok(read.map_err(|failure| explained(failure, format!("read the deploy {deploy}")))?.into_record())
    }

    /// Creates a deploy. When the answer is lost, the deploy is first sought in the history by
    /// its marker, and created again only if it is not there, so that one call makes one deploy.
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want the deploy, with `Transfer` when it
    /// cannot be said whether the deploy exists.
    pub async fn create_deploy(&self, deployment: &DeploymentId, new: &NewDeploy) -> Result<CreatedDeploy> {
        let started = Timestamp::now();
        let path = self.deploy_path(deployment).await?;
        let doing = || format!("create a deploy in {deployment}");
        let policy = self.connection().caller().retry;
        let mut tried = 1;
        loop {
            let sent = self.connection().post(&path.below(&[]), &CreateBody::new(new), Repeat::OnlyIfUnseen).await;
            let mut failure = match sent {
                Ok(wire) => return created(wire, doing),
                Err(failure) if failure.may_have_acted() => failure,
                Err(failure) => return Err(explained(failure, doing())),
            };
            // The failure is ambiguous, which the policy allows to try again only after a look.
            let trouble = failure.trouble().unwrap_or(Trouble::Lost);
            let delay = policy.delay(tried, &trouble, Repeat::Safe, jitter());
            tracing::warn!(reason = %failure, "the answer to the creation is lost; looking for the deploy in the history");
            tokio::time::sleep(delay.unwrap_or(policy.first_delay)).await;
            match self.lost_deploy(deployment, new, started).await {
                Ok(Some(found)) => {
                    tracing::info!(deploy = %found.id, "found the deploy whose creation was not answered");
                    return Ok(found);
                }
                Ok(None) if delay.is_some() => tried += 1,
                Ok(None) => {
                    failure.tries = tried;
                    return Err(explained(failure, doing()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Finalizes a deploy with what was uploaded. Sending it twice does no harm; a refusal of
    /// the second sending is checked against what the platform recorded.
    ///
    /// # Errors
    /// Fails with `Internal` on an empty version, which would delete what is deployed.
    pub async fn finalize(&self, deployment: &DeploymentId, deploy: &DeployId, body: &FinalizeBody) -> Result<DeployRecord> {
        let doing = format!("finalize the deploy {deploy}");
        if let FinalizeBody::Dags(version) | FinalizeBody::Bundle(version) = body
            && version.as_str().trim().is_empty()
        {
            return Err(Error::new(Kind::Internal, doing).because("the uploaded bundle has no version"));
        }
        let path = self.deploy_path(deployment).await?;
        let path = path.below(&[deploy.as_str(), "finalize"]);
        match self.connection().post::<WireDeploy>(&path, &WireFinalize::new(body), Repeat::Safe).await {
            Ok(wire) => Ok(wire.into_record()),
            Err(failure) if failure.tries > 1 && matches!(failure.status(), Some(400 | 409)) || is_unusable(&failure) => {
                let recorded = self.deploy(deployment, deploy).await?;
                if is_finalized(&recorded, body) { Ok(recorded) } else { Err(explained(failure, doing)) }
            }
            Err(failure) => Err(explained(failure, doing)),
        }
    }

    /// Changes the description of a deploy, at most 500 characters.
    ///
    /// # Errors
    /// Fails as requests do.
    pub async fn update_deploy_description(&self, deployment: &DeploymentId, deploy: &DeployId, text: &str) -> Result<()> {
        let path = self.deploy_path(deployment).await?;
        let path = path.below(&[deploy.as_str()]);
        let sent = self.connection().update(&path, &DescriptionBody { description: text }).await;
        sent.map_err(|failure| explained(failure, format!("describe the deploy {deploy}")))
    }

    /// Rolls back to a deploy. When the answer is lost, the rollback is first sought in the
    /// history by its marker, and asked for again only if it is not there.
    ///
    /// # Errors
    /// Fails with `Refused` when the platform does not want the rollback, with `Transfer` when it
    /// cannot be said whether there is one.
    pub async fn rollback(&self, deployment: &DeploymentId, new: &NewRollback) -> Result<DeployRecord> {
        let path = self.deploy_path(deployment).await?;
        let path = path.below(&[new.to.as_str(), "rollback"]);
        let body = DescriptionBody { description: &new.description };
        let doing = || format!("roll back to the deploy {}", new.to);
        let policy = self.connection().caller().retry;
        let mut tried = 1;
        loop {
            let mut failure = match self.connection().post::<WireDeploy>(&path, &body, Repeat::OnlyIfUnseen).await {
                Ok(wire) => return Ok(wire.into_record()),
                Err(failure) if failure.may_have_acted() => failure,
                Err(failure) => return Err(explained(failure, doing())),
            };
            let trouble = failure.trouble().unwrap_or(Trouble::Lost);
            let delay = policy.delay(tried, &trouble, Repeat::Safe, jitter());
            tracing::warn!(reason = %failure, "the answer to the rollback is lost; looking for it in the history");
            tokio::time::sleep(delay.unwrap_or(policy.first_delay)).await;
            let ours = |record: &DeployRecord| is_our_rollback(record, new);
            let found = self.deploys(deployment, LOST_AMONG).await.map(|records| records.into_iter().find(ours));
            match found {
                Ok(Some(found)) => {
                    tracing::info!(deploy = %found.id, "found the rollback that was not answered");
                    return Ok(found);
                }
                Ok(None) if delay.is_some() => tried += 1,
                // Without the history nobody may ask again, whatever keeps it from being read.
                Ok(None) | Err(_) => {
                    failure.tries = tried;
                    return Err(explained(failure, doing()));
                }
            }
        }
    }

    async fn deploy_path(&self, deployment: &DeploymentId) -> Result<DeploysPath> {
        let organization = self.organization_id().await?.as_str().to_owned();
        Ok(DeploysPath { organization, deployment: deployment.as_str().to_owned() })
    }

    /// Reads pages until there are `limit` deploys. The platform does not say how it sorts; if
    /// the first page turns out to be the oldest one, the last ones are read instead.
    async fn deploy_pages(&self, path: &DeploysPath, limit: usize) -> Outcome<Vec<WireDeploy>> {
        let mut pages = Vec::new();
        let mut page: Page<WireDeploy> = self.page(&path.below(&[]), &[], 0, limit).await?;
        let mut next = page.items.len();
        if is_oldest_first(&page.items) && page.total_count > next {
            next = page.total_count.saturating_sub(limit);
            page = self.page(&path.below(&[]), &[], next, limit).await?;
            next += page.items.len();
        }
        let mut seen = HashSet::new();
        loop {
            let (total, got) = (page.total_count, page.items.len());
            pages.extend(page.items.into_iter().filter(|wire| seen.insert(wire.id().to_owned())));
            if got == 0 || pages.len() >= limit || next >= total {
                return Ok(pages);
            }
            page = self.page(&path.below(&[]), &[], next, limit - pages.len()).await?;
            next += page.items.len();
        }
    }

    /// Finds the deploy that this run created without learning of it.
    async fn lost_deploy(&self, deployment: &DeploymentId, new: &NewDeploy, started: Timestamp) -> Result<Option<CreatedDeploy>> {
        let doing = || format!("find out whether a deploy was created in {deployment}");
        let explain = |failure| {
            explained(failure, doing()).hint("a deploy may stay behind as INITIALIZED; it does no harm. Start this job again")
        };
        let path = self.deploy_path(deployment).await?;
        let wires = self.deploy_pages(&path, LOST_AMONG).await.map_err(explain)?;
        let found = wires.into_iter().map(WireDeploy::into_record).find(|record| is_ours(record, new, started));
        let Some(record) = found else { return Ok(None) };
        // A list need not carry upload URLs; the deploy itself does.
        let path = path.below(&[record.id.as_str()]);
        let wire = self.connection().get::<WireDeploy>(&path, &[]).await.map_err(explain)?;
        created(wire, doing).map(Some)
    }
}

/// The path of a Deployment's deploys.
struct DeploysPath {
    organization: String,
    deployment: String,
}

impl DeploysPath {
    /// Returns the segments of something below the path.
    fn below<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["organizations", &self.organization, "deployments", &self.deployment, "deploys"], more].concat()
    }
}

fn created(wire: WireDeploy, doing: impl Fn() -> String) -> Result<CreatedDeploy> {
    let broken =
        |reason: String| Error::new(Kind::Transfer, doing()).because(format!("the platform's answer cannot be used: {reason}"));
    wire.into_created().map_err(broken)
}

fn is_unusable(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Unusable { .. })
}

/// Sorts by creation time; entries without a readable time go last.
fn newest_first(records: &mut [DeployRecord]) {
    records.sort_by_key(|record| std::cmp::Reverse(moment(&record.created_at)));
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn is_oldest_first(wires: &[WireDeploy]) -> bool {
    let times: Vec<Timestamp> = wires.iter().filter_map(|wire| moment(wire.created_at())).collect();
    matches!((times.first(), times.last()), (Some(first), Some(last)) if first < last)
}

fn is_ours(record: &DeployRecord, new: &NewDeploy, started: Timestamp) -> bool {
    !new.marker.is_empty()
        && record.description.contains(&new.marker)
        && record.description.trim() == new.description.trim()
        && record.status == DeployStatus::Initialized
        && record.deploy_type.is_none_or(|deploy_type| deploy_type == new.deploy_type)
        && moment(&record.created_at).is_some_and(|created| started.duration_since(created) <= CLOCK_SKEW)
}

fn is_our_rollback(record: &DeployRecord, new: &NewRollback) -> bool {
    !new.marker.is_empty()
        && record.description.contains(&new.marker)
        && record.description.trim() == new.description.trim()
        && record.rollback_from.as_ref() == Some(&new.to)
}

fn is_finalized(record: &DeployRecord, body: &FinalizeBody) -> bool {
    match body {
        FinalizeBody::Dags(version) => record.dag_bundle_version.as_ref() == Some(version),
        FinalizeBody::Bundle(version) => record.bundles.iter().any(|bundle| bundle.desired.as_ref() == Some(version)),
        FinalizeBody::ImageOnly | FinalizeBody::DeleteBundle | FinalizeBody::Nothing => record.status == DeployStatus::Deployed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deploy::DeployType;
    use crate::model::ids::BundleVersion;

    fn record(id: &str, created_at: &str) -> DeployRecord {
        DeployRecord {
            id: DeployId::new(id),
            deploy_type: Some(DeployType::DagOnly),
            status: DeployStatus::Initialized,
            created_at: created_at.to_owned(),
            description: "text [run 7]".to_owned(),
            git: None,
            dag_bundle_version: None,
            image_tag: None,
            mount_path: None,
            bundles: Vec::new(),
            rollback_from: None,
            dag_deploys: true,
            runtime_version: String::new(),
            deployer: None,
        }
    }

    #[test]
    fn deploys_are_sorted_by_time_and_not_by_text() {
        let mut records = [
            record("none", ""),
            record("old", "2026-01-01T10:00:00Z"),
            record("new", "2026-01-01T12:00:00+01:00"),
            record("newest", "2026-01-01T11:00:00.5Z"),
        ];
        newest_first(&mut records);
        assert_eq!(records.map(|record| record.id.as_str().to_owned()), ["newest", "new", "old", "none"]);
    }

    #[test]
    fn only_this_runs_own_waiting_deploy_is_adopted() {
        let started: Timestamp = "2026-01-01T10:00:00Z".parse().expect("a time");
        let new = NewDeploy {
            deploy_type: DeployType::DagOnly,
            description: "text [run 7]".into(),
            marker: "[run 7]".into(),
            git: None,
            bundle: None,
        };
        let base = record("x", "2026-01-01T09:58:00Z");
        assert!(is_ours(&base, &new, started), "clocks may differ a little");
        assert!(is_ours(&DeployRecord { deploy_type: None, ..base.clone() }, &new, started));
        for (why, other) in [
            ("old", record("x", "2026-01-01T09:00:00Z")),
            ("no time", record("x", "")),
            ("another run", DeployRecord { description: "text [run 8]".into(), ..base.clone() }),
            ("quoted by another run", DeployRecord { description: "revert text [run 7]".into(), ..base.clone() }),
            ("done", DeployRecord { status: DeployStatus::Deployed, ..base.clone() }),
            ("another type", DeployRecord { deploy_type: Some(DeployType::ImageAndDag), ..base.clone() }),
        ] {
            assert!(!is_ours(&other, &new, started), "{why}");
        }
        assert!(!is_ours(&base, &NewDeploy { marker: String::new(), ..new }, started), "no marker, no proof");
    }

    #[test]
    fn a_finalized_deploy_is_recognised_by_its_version() {
        let mut recorded = record("x", "");
        let body = FinalizeBody::Dags(BundleVersion::new("v1"));
        assert!(!is_finalized(&recorded, &body));
        recorded.dag_bundle_version = Some(BundleVersion::new("v1"));
        assert!(is_finalized(&recorded, &body));
        assert!(!is_finalized(&recorded, &FinalizeBody::ImageOnly));
        recorded.status = DeployStatus::Deployed;
        assert!(is_finalized(&recorded, &FinalizeBody::ImageOnly));
    }
}
