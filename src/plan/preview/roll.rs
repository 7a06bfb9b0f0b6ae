//! Who among the marked Deployments is the preview of an owner.
//!
//! The platform lets two runs that start together create two. Everybody who looks picks the same
//! one, so that whoever made the other one gives it up, and the next run cleans up after a crash.

use jiff::Timestamp;

use crate::model::deployment::Deployment;
use crate::model::preview::{Owner, Preview};
use crate::plan::preview::mark;

/// The marked Deployments, parted by what they are to one owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roll {
    /// The owner's preview.
    pub own: Option<Preview>,
    /// More previews of the same owner: those that lost to `own`.
    pub surplus: Vec<Preview>,
    /// Previews for the same subject, made from another base: the pull request was retargeted.
    pub elsewhere: Vec<Preview>,
    /// Previews of others that are made from the same base.
    pub others: Vec<Preview>,
}

/// Returns the marked Deployments among all, oldest first.
#[must_use]
pub fn marked(deployments: Vec<Deployment>) -> Vec<Preview> {
    let preview = |deployment: Deployment| Some(Preview { mark: mark::parse(&deployment.description)?, deployment });
    let mut previews: Vec<Preview> = deployments.into_iter().filter_map(preview).collect();
    previews.sort_by_key(age);
    previews
}

/// Older first; what has no readable time goes last, and ids part equals.
fn age(preview: &Preview) -> (bool, Option<Timestamp>, String) {
    let created = preview.deployment.created_at.parse::<Timestamp>().ok();
    (created.is_none(), created, preview.deployment.id.to_string())
}

/// Calls the roll for an owner.
#[must_use]
pub fn call(previews: Vec<Preview>, owner: &Owner) -> Roll {
    let mut previews = previews;
    previews.sort_by_key(age);
    let mut roll = Roll::default();
    for preview in previews {
        if preview.mark.owner == *owner {
            match roll.own {
                None => roll.own = Some(preview),
                Some(_) => roll.surplus.push(preview),
            }
        } else if preview.mark.owner.serves_the_same(owner) {
            roll.elsewhere.push(preview);
        } else if preview.mark.owner.base == owner.base {
            roll.others.push(preview);
        }
    }
    roll
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::DeploymentId;
    use crate::model::preview::{PreviewMark, Subject};

    fn owner(number: u64, base: &str) -> Owner {
        let (repository, project) = ("github.com/acme/demo".to_owned(), String::new());
        Owner { repository, project, subject: Subject::PullRequest(number), base: DeploymentId::new(base) }
    }

    fn deployment(id: &str, created_at: &str, owner: Option<Owner>) -> Deployment {
        let mark = owner.map(|owner| PreviewMark { owner, branch: "b".into(), lifetime: None, version: "1".into() });
        Deployment {
            created_at: created_at.into(),
            description: mark.map_or_else(|| "production".to_owned(), |mark| mark::compose(&mark)),
            ..Deployment::new(DeploymentId::new(id), "same name")
        }
    }

    #[test]
    fn everybody_picks_the_same_preview_whatever_the_order_of_the_list() {
        let mut all = vec![
            deployment("production", "2020-01-01T00:00:00Z", None),
            deployment("later", "2026-01-01T00:00:02Z", Some(owner(7, "base"))),
            deployment("b", "2026-01-01T01:00:01+01:00", Some(owner(7, "base"))),
            deployment("a", "2026-01-01T00:00:01Z", Some(owner(7, "base"))),
            deployment("timeless", "", Some(owner(7, "base"))),
            deployment("retargeted", "2025-01-01T00:00:00Z", Some(owner(7, "staging"))),
            deployment("other", "2025-01-01T00:00:00Z", Some(owner(8, "base"))),
            deployment("far", "2025-01-01T00:00:00Z", Some(owner(8, "staging"))),
        ];
        for _ in 0..all.len() {
            all.rotate_left(1);
            let roll = call(marked(all.clone()), &owner(7, "base"));
            let ids = |previews: &[Preview]| previews.iter().map(|it| it.deployment.id.to_string()).collect::<Vec<_>>().join(" ");
            assert_eq!(roll.own.as_ref().map(|it| it.deployment.id.as_str()), Some("a"));
            assert_eq!(
                [ids(&roll.surplus), ids(&roll.elsewhere), ids(&roll.others)],
                ["b later timeless", "retargeted", "other"]
            );
        }
    }
}
