//! What a run has to say about a preview: its life, what it lacks, what was copied into it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::blueprint::HibernationSchedule;
use crate::model::deployment::{Rest, RestEvent};
use crate::model::ids::DeploymentId;
use crate::model::preview::Subject;
use crate::model::revision::CommitSha;
use crate::plan::preview::sweep::minutes;
use crate::preview::copy::Copied;
use crate::preview::copy_plan::Counts;
use crate::preview::left::{Left, Why};
use crate::report::figures::count;
use crate::report::ink::Ink;

/// Names listed before the rest is only counted.
const MOST_NAMED: usize = 20;

/// What became of a preview in a run.
#[derive(Debug, Clone, Default)]
pub struct PreviewReport {
    /// What the run did.
    pub fate: Fate,
    /// The subject, such as `pull request #7`.
    pub subject: String,
    /// Name of the Deployment that it is made from.
    pub base: String,
    /// Its id, once it is known.
    pub base_id: Option<DeploymentId>,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// When it sleeps; none when it never does.
    pub schedule: Option<HibernationSchedule>,
    /// What the schedule brings next, when the platform tells.
    pub next_rest: Option<RestEvent>,
    /// Secret environment variables of the base that it lacks.
    pub missing_secrets: Vec<String>,
    /// Objects of the Environment Manager that reach the base and not the preview.
    pub unlinked: Vec<String>,
    /// What was copied, when something was to be.
    pub copied: Option<Copied>,
    /// Why nothing could be copied, when that stopped nothing.
    pub not_copied: Option<String>,
    /// DAGs that are not paused any more.
    pub unpaused: Vec<String>,
    /// DAGs that could not be unpaused, each with the reason.
    pub still_paused: Vec<(String, String)>,
}

/// What a run did with a preview.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fate {
    /// It is there and was kept as it should be.
    #[default]
    Kept,
    /// It was made.
    Made,
    /// It would be made; this run only shows.
    ToBe,
    /// Its subject is over, and these were deleted.
    Deleted {
        /// Why, in words that follow the subject, such as `was merged`.
        why: &'static str,
        /// Names of the Deployments.
        names: Vec<String>,
    },
    /// Its subject is over, and these would be deleted.
    ToDelete {
        /// Why.
        why: &'static str,
        /// Names of the Deployments.
        names: Vec<String>,
    },
    /// The pull request has a newer commit, which another run serves.
    MovedOn(CommitSha),
    /// The pull request would merge elsewhere by now, and another run serves that.
    Retargeted(String),
    /// The commit belongs to no pull request.
    NoPullRequest,
}

impl PreviewReport {
    /// Returns a report of which nothing is known but the subject.
    #[must_use]
    pub fn about(subject: &Subject) -> Self {
        Self { subject: subject.words(), ..Self::default() }
    }

    /// Returns what became of the preview, where that is not the story of a deploy.
    #[must_use]
    pub fn headline(&self) -> Option<String> {
        let subject = &self.subject;
        Some(match &self.fate {
            Fate::Kept | Fate::Made | Fate::ToBe => return None,
            Fate::Deleted { why, names } if names.is_empty() => format!("No preview: {subject} {why}, and there was none"),
            Fate::Deleted { why, names } => format!("Deleted the preview {}, because {subject} {why}", names.join(", ")),
            Fate::ToDelete { why, names } if names.is_empty() => {
                format!("Nothing to delete: {subject} {why}, and there is no preview")
            }
            Fate::ToDelete { why, names } => format!("Would delete the preview {}, because {subject} {why}", names.join(", ")),
            Fate::MovedOn(head) => format!("Not deployed: {subject} is at {} by now, which another run serves", head.short()),
            Fate::Retargeted(branch) => {
                format!("Not deployed: {subject} would merge into {branch} by now, which another run serves")
            }
            Fate::NoPullRequest => "No preview: this commit belongs to no pull request".to_owned(),
        })
    }

    /// Returns whether the preview is there after the run.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        matches!(self.fate, Fate::Kept | Fate::Made)
    }

    /// Returns whether the run has nothing to say that an earlier comment does not.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        matches!(self.fate, Fate::MovedOn(_) | Fate::Retargeted(_) | Fate::NoPullRequest)
    }

    /// Returns the preview's life in one sentence: when it sleeps and when it ends.
    #[must_use]
    pub fn life(&self) -> String {
        let sleeps = match (&self.next_rest, &self.schedule) {
            (Some(RestEvent { what: Rest::Hibernates, at }), _) => format!("hibernates at {}", time(at)),
            (Some(RestEvent { what: Rest::Wakes, at }), _) => format!("wakes at {}", time(at)),
            (None, Some(HibernationSchedule { hibernate_at, wake_at })) => {
                format!("hibernates by `{hibernate_at}` and wakes by `{wake_at}` (cron, UTC)")
            }
            (None, None) => "never hibernates".to_owned(),
        };
        let ends = match self.expires {
            Some(end) => format!("expires at {} unless it is deployed to again", minutes(end)),
            None => format!("lives as long as {}", self.subject),
        };
        format!("The preview {sleeps}, and {ends}.")
    }

    /// Returns what the preview lacks and what was copied, one sentence each.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.missing_secrets.is_empty() {
            lines.push(format!(
                "Secret variables without a value here, so that the preview does not have them: {}. Name them in `preview-secrets`.",
                listed(&self.missing_secrets)
            ));
        }
        if !self.unlinked.is_empty() {
            lines.push(format!(
                "Objects of the Environment Manager that reach {} and not the preview: {}. Link them to all Deployments of the Workspace.",
                self.base,
                listed(&self.unlinked)
            ));
        }
        if let Some(copied) = &self.copied {
            lines.push(self.copies(copied));
        }
        if let Some(why) = &self.not_copied {
            lines.push(format!("Nothing was copied from {}: {why}.", self.base));
        }
        if !self.unpaused.is_empty() {
            lines.push(format!("Unpaused: {}.", listed(&self.unpaused)));
        }
        lines.extend(self.still_paused.iter().take(MOST_NAMED).map(|(dag, why)| format!("`{dag}` stays paused: {why}.")));
        lines
    }

    fn copies(&self, copied: &Copied) -> String {
        let number = |kind: fn(&Counts) -> usize, noun: &str| {
            let new = kind(&copied.created) + kind(&copied.updated);
            (new > 0).then(|| count(new as u64, noun))
        };
        let parts: Vec<String> = [
            number(|counts| counts.connections, "connection"),
            number(|counts| counts.variables, "variable"),
            number(|counts| counts.pools, "pool"),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (parts.as_slice(), copied.left.is_empty()) {
            ([], true) => format!("Nothing of {} had to be copied.", self.base),
            ([], false) => format!("Nothing of {} could be copied.", self.base),
            (parts, _) => format!("Copied from {}: {}.", self.base, parts.join(", ")),
        }
    }

    /// Returns what was not copied, one line each.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let left: Vec<&Left> = self.copied.iter().flat_map(|copied| &copied.left).collect();
        // Airflow 2 tells of no connection whether it has one, so this would be said of every one.
        let doubtful = |left: &&Left| left.why == [Why::PerhapsPassword] && left.name.is_some();
        let (doubted, others): (Vec<&Left>, Vec<&Left>) = left.into_iter().partition(doubtful);
        let names: Vec<String> = doubted.iter().filter_map(|left| left.name.clone()).collect();
        let mut lines: Vec<String> = others.iter().map(ToString::to_string).collect();
        if !names.is_empty() {
            lines.push(format!("passwords, which Airflow 2 may or may not have for {}", listed(&names)));
        }
        lines
    }

    /// Returns the lines for a terminal.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let mut lines = vec![format!("Preview     {}", self.life())];
        lines.extend(self.details().iter().map(|line| format!("            {line}")));
        let left = self.left();
        if !left.is_empty() {
            lines.push("Not copied".to_owned());
            lines.extend(left.iter().map(|line| format!("  {line}")));
        }
        lines
    }

    /// Returns the part of a comment or summary.
    #[must_use]
    pub fn markdown(&self, ink: Ink, room: usize) -> String {
        if !self.is_there() {
            return String::new();
        }
        let mut text = format!("{}\n\n", inked(&self.life(), ink));
        for line in self.details() {
            text.push_str(&format!("- {}\n", inked(&line, ink)));
        }
        if !self.details().is_empty() {
            text.push('\n');
        }
        let left = self.left();
        if !left.is_empty() {
            let mut body: String = left.iter().take(room).map(|line| format!("- {}\n", inked(line, ink))).collect();
            if left.len() > room {
                body.push_str(&format!("- … and {} more\n", left.len() - room));
            }
            text.push_str(&ink.fold(&format!("{} not copied, or not wholly", count(left.len() as u64, "object")), &body));
        }
        text
    }

    /// Returns the machine-readable form.
    #[must_use]
    pub fn object(&self) -> Value {
        let (fate, names) = match &self.fate {
            Fate::Kept => ("kept", Vec::new()),
            Fate::Made => ("created", Vec::new()),
            Fate::ToBe => ("to-be-created", Vec::new()),
            Fate::Deleted { names, .. } => ("deleted", names.clone()),
            Fate::ToDelete { names, .. } => ("to-be-deleted", names.clone()),
            Fate::MovedOn(_) => ("moved-on", Vec::new()),
            Fate::Retargeted(_) => ("retargeted", Vec::new()),
            Fate::NoPullRequest => ("no-pull-request", Vec::new()),
        };
        let copied = self.copied.as_ref().map(|copied| {
            let counts = |counts: Counts| {
                json!({ "connections": counts.connections, "variables": counts.variables, "pools": counts.pools })
            };
            json!({
                "created": counts(copied.created), "updated": counts(copied.updated), "unchanged": counts(copied.unchanged),
                "left": self.left(),
            })
        });
        json!({
            "fate": fate,
            "deleted": names,
            "subject": self.subject,
            "base": self.base,
            "expires": self.expires.map(|end| end.to_string()),
            "hibernates_at": self.schedule.as_ref().map(|schedule| schedule.hibernate_at.as_str()),
            "wakes_at": self.schedule.as_ref().map(|schedule| schedule.wake_at.as_str()),
            "missing_secrets": self.missing_secrets,
            "unlinked": self.unlinked,
            "copied": copied,
            "not_copied": self.not_copied,
            "unpaused": self.unpaused,
            "still_paused": self.still_paused.iter().map(|(dag, why)| json!({ "dag": dag, "why": why })).collect::<Vec<_>>(),
        })
    }
}

/// Returns a sentence in which names stand between backticks, these as code.
fn inked(sentence: &str, ink: Ink) -> String {
    let parts = sentence.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { ink.code(part) } else { ink.prose(part) }).collect()
}

/// Returns the time to the minute, or as the platform gave it.
fn time(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), minutes)
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    if names.len() > MOST_NAMED {
        shown.push(format!("{} more", names.len() - MOST_NAMED));
    }
    shown.join(", ")
}
