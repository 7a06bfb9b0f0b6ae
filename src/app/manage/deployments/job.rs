//! What is to be done to one Deployment, decided before the first write.

use serde_json::Value;

use crate::model::manifest::edit::{Edit, Rest};
use crate::model::record::Record;
use crate::plan::deployments::change::{Change, changes};
use crate::plan::deployments::merge::merged;
use crate::report::deployments::Told;

/// One Deployment and what is to become of it.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where it is asked for: a file and a line; empty for a command's flags.
    pub place: String,
    /// Name.
    pub name: String,
    /// Workspace, by id and name.
    pub workspace: (String, String),
    /// The Deployment as it is; none where it is to be made.
    pub present: Option<Record>,
    /// The changes that are asked for.
    pub edit: Edit,
    /// What happens to members of lists that are not named.
    pub rest: Rest,
    /// What the file says in vain.
    pub notes: Vec<String>,
}

impl Job {
    /// Returns the Deployment as it is to be.
    #[must_use]
    pub fn wanted(&self) -> Record {
        let mut wanted = merged(&self.before(), &self.edit, self.rest).record;
        if self.present.is_none() {
            wanted.set("workspaceId", self.workspace.0.clone());
        }
        wanted
    }

    /// Returns what will change.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut all = changes(&self.before(), &self.wanted(), &self.edit);
        // Everything of a new Deployment is new.
        all.retain(|change| self.present.is_some() || change.path != "configuration.name");
        all
    }

    /// Returns what people are told.
    #[must_use]
    pub fn told(&self) -> Told {
        // Flags name only what they are about; that the rest stays goes without saying.
        let kept = if self.place.is_empty() { Vec::new() } else { merged(&self.before(), &self.edit, self.rest).kept };
        Told {
            place: self.place.clone(),
            name: self.name.clone(),
            workspace: self.workspace.1.clone(),
            id: self.present.as_ref().map(|present| present.id().to_owned()),
            changes: self.changes(),
            kept,
            notes: self.notes.clone(),
            outcome: None,
        }
    }

    /// Returns whether there is nothing to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.present.is_some() && self.changes().is_empty()
    }

    fn before(&self) -> Record {
        self.present.clone().unwrap_or_else(|| {
            let mut empty = Record::default();
            empty.set("environmentVariables", Vec::<Value>::new());
            empty
        })
    }
}
