//! The settings of history and rollback: where to go back to, and what a bad end leads to.
//! Plain data; whether anybody may go back is the business of `plan::rollback`.

use crate::model::ids::DeployId;

/// The settings of history and rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The deploy to go back to.
    pub to: Option<DeployId>,
    /// Whether to go back to the one before what runs.
    pub previous: bool,
    /// Whether a lower Runtime version may come back.
    pub allow_runtime_downgrade: bool,
    /// What to do after a deploy that ended badly.
    pub on_failure: OnFailure,
    /// Whether only to say what would be done.
    pub dry_run: bool,
    /// How many deploys the history shows.
    pub limit: usize,
}

/// What to do after a deploy that ended badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Leave everything as it is.
    Nothing,
    /// Go back to what ran before.
    RollBack,
}
