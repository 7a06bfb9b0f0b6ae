//! Which previews are over. What cannot be told for sure keeps its preview until it expires.

use jiff::{SignedDuration, Timestamp};

use crate::model::preview::{Preview, Subject};

/// What is known of a preview's subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectState {
    /// The pull request is open, or the branch exists.
    Alive,
    /// It was merged, closed or deleted; words for people, such as `was merged`.
    Over(&'static str),
    /// Nobody could tell; why, in words that follow "because".
    Unknown(String),
}

/// What is known of one preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knowledge {
    /// Its subject.
    pub subject: SubjectState,
    /// Whether the Deployment that it was made from is there.
    pub base: Base,
    /// Whether another preview of the same owner counts instead.
    pub rank: Rank,
    /// When it was last deployed to; none when never.
    pub last_deploy: Option<Timestamp>,
}

/// The base of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// It is there.
    There,
    /// It was deleted.
    Gone,
}

/// What a preview is among those of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The one that counts.
    First,
    /// Made by a run that lost a race.
    Surplus,
}

/// The judgement on a preview, with its reason in words that follow the preview's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep(String),
    /// It is over.
    Delete(String),
}

/// Judges a preview.
#[must_use]
pub fn judge(preview: &Preview, known: &Knowledge, now: Timestamp) -> Verdict {
    let subject = preview.mark.owner.subject.words();
    if let SubjectState::Over(what) = known.subject {
        return Verdict::Delete(format!("{subject} {what}"));
    }
    if known.base == Base::Gone {
        return Verdict::Delete(format!("the Deployment {} that it was made from is gone", preview.mark.owner.base));
    }
    if known.rank == Rank::Surplus {
        return Verdict::Delete(format!("{subject} has another preview, made by a run at the same time"));
    }
    let end = expiry(preview, known.last_deploy);
    if let Some(end) = end.filter(|end| *end <= now) {
        return Verdict::Delete(format!("it expired at {}", minutes(end)));
    }
    let until = end.map(|end| format!("; it expires at {}", minutes(end))).unwrap_or_default();
    Verdict::Keep(match (&known.subject, &preview.mark.owner.subject) {
        (SubjectState::Unknown(why), _) => format!("nobody can tell what became of {subject}, because {why}{until}"),
        (_, Subject::PullRequest(_)) => format!("{subject} is open{until}"),
        (_, Subject::Branch(_)) => format!("{subject} exists{until}"),
    })
}

/// Returns when a preview expires: its lifetime after the last deploy, or after its creation when
/// nothing was deployed. None when it lives as long as its subject.
#[must_use]
pub fn expiry(preview: &Preview, last_deploy: Option<Timestamp>) -> Option<Timestamp> {
    let lifetime = SignedDuration::try_from(preview.mark.lifetime?).ok()?;
    let created = preview.deployment.created_at.parse::<Timestamp>().ok();
    last_deploy.max(created)?.checked_add(lifetime).ok()
}

/// Returns a time to the minute, UTC: `2026-12-03 14:30 UTC`.
#[must_use]
pub fn minutes(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::deployment::Deployment;
    use crate::model::ids::DeploymentId;
    use crate::model::preview::{Owner, PreviewMark};

    #[test]
    fn only_what_is_surely_over_is_deleted() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let owner = Owner {
            repository: "github.com/acme/demo".into(),
            project: String::new(),
            subject: Subject::PullRequest(7),
            base: DeploymentId::new("cm1"),
        };
        let day = Some(Duration::from_secs(86_400));
        let mark = PreviewMark { owner, branch: "b".into(), lifetime: day, version: "1".into() };
        let deployment =
            Deployment { created_at: "2026-01-01T00:00:00Z".into(), ..Deployment::new(DeploymentId::new("p"), "demo-pr-7") };
        let preview = Preview { deployment, mark };
        let known = Knowledge { subject: SubjectState::Alive, base: Base::There, rank: Rank::First, last_deploy: None };
        let unknown = SubjectState::Unknown("the forge did not answer".into());
        let rows = [
            (known.clone(), "2026-01-01T12:00:00Z", "keep: pull request #7 is open; it expires at 2026-01-02 00:00 UTC"),
            (known.clone(), "2026-01-02T00:00:00Z", "delete: it expired at 2026-01-02 00:00 UTC"),
            (
                Knowledge { last_deploy: Some(at("2026-01-01T20:00:00Z")), ..known.clone() },
                "2026-01-02T00:00:00Z",
                "keep: pull request #7 is open; it expires at 2026-01-02 20:00 UTC",
            ),
            (
                Knowledge { subject: SubjectState::Over("was merged"), ..known.clone() },
                "2026-01-01T12:00:00Z",
                "delete: pull request #7 was merged",
            ),
            (
                Knowledge { base: Base::Gone, ..known.clone() },
                "2026-01-01T12:00:00Z",
                "delete: the Deployment cm1 that it was made from is gone",
            ),
            (
                Knowledge { rank: Rank::Surplus, ..known.clone() },
                "2026-01-01T12:00:00Z",
                "delete: pull request #7 has another preview, made by a run at the same time",
            ),
            (
                Knowledge { subject: unknown.clone(), ..known.clone() },
                "2026-01-01T12:00:00Z",
                "keep: nobody can tell what became of pull request #7, because the forge did not answer; it expires at 2026-01-02 00:00 UTC",
            ),
            (
                Knowledge { subject: unknown, ..known.clone() },
                "2026-01-03T00:00:00Z",
                "delete: it expired at 2026-01-02 00:00 UTC",
            ),
        ];
        for (known, now, expected) in rows {
            let told = match judge(&preview, &known, at(now)) {
                Verdict::Keep(why) => format!("keep: {why}"),
                Verdict::Delete(why) => format!("delete: {why}"),
            };
            assert_eq!(told, expected);
        }
        let mut lasting = preview;
        lasting.mark.lifetime = None;
        assert_eq!(judge(&lasting, &known, at("2036-01-01T00:00:00Z")), Verdict::Keep("pull request #7 is open".into()));
        lasting.mark.lifetime = day;
        lasting.deployment.created_at = "yesterday".into();
        assert_eq!(expiry(&lasting, None), None, "what has no time does not expire");
    }
}
