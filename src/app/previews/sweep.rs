//! Deletes the previews that are over. Each is judged and deleted for itself, so that one failure
//! does not stop the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;

use crate::app::previews::{make, who};
use crate::app::session::Session;
use crate::app::target;
use crate::astro::client::AstroClient;
use crate::deploy::pack::blocking;
use crate::error::{Error, Kind, Result};
use crate::forge::interface::Forge;
use crate::git::fetch::remote_branches;
use crate::model::context::PullRequestState;
use crate::model::ids::DeploymentId;
use crate::model::preview::{Preview, Subject};
use crate::plan::preview::roll;
use crate::plan::preview::sweep::{Base, Knowledge, Rank, SubjectState, Verdict, judge};
use crate::report::previews::{Swept, SweptFate};

/// Longest time for asking the remote for its branches.
const BRANCHES_BUDGET: Duration = Duration::from_secs(60);
/// Previews that are looked at the same time.
const AT_A_TIME: usize = 4;

/// Sweeps the previews of this repository, whatever they are made from: a base that is gone cannot be
/// named any more.
///
/// # Errors
/// `Kind::Auth` without a token; as the list of Deployments.
pub async fn gc(session: &Session, forge: Option<&dyn Forge>) -> Result<Vec<Swept>> {
    let repository = who::repository(session)?;
    let astro = astro(session).await?;
    let all = astro.deployments(None).await?;
    let mut previews = roll::marked(all);
    previews.retain(|preview| preview.mark.owner.repository == repository);
    swept(session, &astro, forge, previews).await
}

/// Returns the platform.
///
/// # Errors
/// `Kind::Auth` without a token.
pub async fn astro(session: &Session) -> Result<AstroClient> {
    match target::astro(session).await? {
        Some(astro) => Ok(astro),
        None => Err(target::no_token(session)),
    }
}

/// Returns the base whose previews alone are meant, when one is named. One that is gone has no id
/// any more by its name, but it may be named by its id.
///
/// # Errors
/// As the platform answers.
pub async fn base(session: &Session, astro: &AstroClient) -> Result<Option<DeploymentId>> {
    let target = &session.settings.target;
    match (&target.deployment_id, target.is_named()) {
        (Some(id), _) => Ok(Some(id.clone())),
        (None, true) => session.platform.deployment(astro, target).await.map(|deployment| Some(deployment.id)),
        (None, false) => Ok(None),
    }
}

/// Judges previews and deletes those that are over, unless this run only shows.
///
/// # Errors
/// As the list of Deployments; a failure about one preview is its own.
pub async fn swept(
    session: &Session,
    astro: &AstroClient,
    forge: Option<&dyn Forge>,
    previews: Vec<Preview>,
) -> Result<Vec<Swept>> {
    let ids: BTreeSet<DeploymentId> = astro.deployments(None).await?.into_iter().map(|deployment| deployment.id).collect();
    let subjects = subjects(session, forge, &previews).await;
    let ranks = ranks(&previews);
    let now = Timestamp::now();
    let each = previews.into_iter().zip(subjects).zip(ranks).map(|((preview, subject), rank)| {
        let base = if ids.contains(&preview.mark.owner.base) { Base::There } else { Base::Gone };
        async move {
            let last = make::last_deploy(astro, &preview.deployment.id).await;
            let (last_deploy, doubt) = match last {
                Ok(last) => (last, None),
                Err(error) if error.kind() == Kind::NotFound => (None, None),
                Err(error) => (None, Some(error)),
            };
            let known = Knowledge { subject, base, rank, last_deploy };
            // Without its history nobody knows whether it has expired; what else ends it may be sure.
            let sure = matches!(known.subject, SubjectState::Over(_)) || base == Base::Gone || rank == Rank::Surplus;
            let fate = match (judge(&preview, &known, now), doubt) {
                (Verdict::Delete(_), Some(error)) if !sure => SweptFate::Failed(error),
                (Verdict::Keep(why), _) => SweptFate::Kept(why),
                (Verdict::Delete(why), _) if session.settings.previews.dry_run => SweptFate::WouldDelete(why),
                (Verdict::Delete(why), _) => match astro.delete_deployment(&preview.deployment.id).await {
                    Ok(()) => SweptFate::Deleted(why),
                    Err(error) => SweptFate::Failed(error),
                },
            };
            Swept { preview, fate }
        }
    });
    Ok(futures_util::stream::iter(each).buffered(AT_A_TIME).collect().await)
}

/// Of several previews of one owner the oldest counts.
fn ranks(previews: &[Preview]) -> Vec<Rank> {
    let first =
        |index: usize, preview: &Preview| previews.iter().take(index).all(|earlier| earlier.mark.owner != preview.mark.owner);
    previews.iter().enumerate().map(|(index, preview)| if first(index, preview) { Rank::First } else { Rank::Surplus }).collect()
}

/// Finds out what became of every subject.
async fn subjects(session: &Session, forge: Option<&dyn Forge>, previews: &[Preview]) -> Vec<SubjectState> {
    let branches = previews.iter().any(|preview| matches!(preview.mark.owner.subject, Subject::Branch(_)));
    let branches = if branches { Some(branches_of(session).await) } else { None };
    let each = previews.iter().map(|preview| {
        let branches = &branches;
        async move {
            match (&preview.mark.owner.subject, forge, branches) {
                (Subject::PullRequest(_), None, _) => {
                    Asked::Told(SubjectState::Unknown("there is no token for the forge".to_owned()))
                }
                (Subject::PullRequest(number), Some(forge), _) => pull_request(forge, *number).await,
                (Subject::Branch(branch), _, Some(Ok(branches))) if branches.contains(branch) => Asked::Told(SubjectState::Alive),
                (Subject::Branch(_), _, Some(Ok(_))) => Asked::Told(SubjectState::Over("was deleted")),
                (Subject::Branch(_), _, Some(Err(error))) => Asked::Told(SubjectState::Unknown(error.to_string())),
                (Subject::Branch(_), _, None) => Asked::Told(SubjectState::Unknown("nobody looked".to_owned())),
            }
        }
    });
    let asked: Vec<Asked> = futures_util::stream::iter(each).buffered(AT_A_TIME).collect().await;
    // Forges also say "not found" to a token that may not see pull requests; one that sees another
    // one may.
    let sees = asked.iter().any(|asked| matches!(asked, Asked::Seen(_)));
    asked
        .into_iter()
        .map(|asked| match asked {
            Asked::Seen(state) | Asked::Told(state) => state,
            Asked::Missing if sees => SubjectState::Over("is gone from the forge"),
            Asked::Missing => SubjectState::Unknown(
                "the forge says that it does not exist, as it may say to a token without permission".to_owned(),
            ),
        })
        .collect()
}

/// What was found out about a subject.
enum Asked {
    /// The forge showed a pull request.
    Seen(SubjectState),
    /// It said that there is none.
    Missing,
    /// Somebody else knew, or nobody.
    Told(SubjectState),
}

async fn pull_request(forge: &dyn Forge, number: u64) -> Asked {
    match forge.pull_request(number).await {
        Ok(now) => Asked::Seen(match now.state {
            PullRequestState::Open => SubjectState::Alive,
            PullRequestState::Merged => SubjectState::Over("was merged"),
            PullRequestState::Closed => SubjectState::Over("was closed"),
        }),
        Err(error) if error.kind() == Kind::NotFound => Asked::Missing,
        Err(error) => Asked::Told(SubjectState::Unknown(error.to_string())),
    }
}

async fn branches_of(session: &Session) -> Result<BTreeSet<String>> {
    let folder = session.context.checkout.clone().unwrap_or_else(|| session.env.current_dir().to_owned());
    let (checkouts, env) = (session.checkouts.clone(), session.env.clone());
    let repository = blocking(move || Ok(checkouts.open(&folder, &env)?.repository)).await?;
    match repository {
        Some(repository) => remote_branches(&repository, BRANCHES_BUDGET, &session.env).await,
        None => Err(Error::new(Kind::Project, "list the branches").because("this is no git checkout")),
    }
}
