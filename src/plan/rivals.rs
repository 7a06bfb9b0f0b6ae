//! Projects that would replace each other's code on one Deployment.
//! It compares what each would ship; it knows nothing of how they were found.

use crate::error::{Error, Kind};
use crate::model::artifact::Artifact;
use crate::model::deployment::Deployment;

/// What one project has on one Deployment.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The project, as people see it.
    pub project: String,
    /// The Deployment.
    pub deployment: &'a Deployment,
    /// What the project ships there, changed or not.
    pub artifacts: Vec<&'a Artifact>,
}

/// Returns why a project must not ship beside the others, when another one has the same artifact
/// on the same Deployment: each deploy of the one would remove what the other shipped.
#[must_use]
pub fn objection(claims: &[Claim<'_>], index: usize) -> Option<Error> {
    let own = claims.get(index)?;
    let others = claims.iter().enumerate().filter(|(other, claim)| *other != index && claim.deployment.id == own.deployment.id);
    let (artifact, other) = others.into_iter().find_map(|(_, claim)| {
        let shared = claim.artifacts.iter().find(|artifact| own.artifacts.contains(artifact))?;
        Some((*shared, claim))
    })?;
    Some(
        Error::new(Kind::Refused, format!("ship to {}", own.deployment.name))
            .because(format!("{} ships the {artifact} to the same Deployment, and each would replace the other's", other.project))
            .hint("let each liftoff.toml name a Deployment of its own, or let `deploy-type` divide what they ship"),
    )
}
