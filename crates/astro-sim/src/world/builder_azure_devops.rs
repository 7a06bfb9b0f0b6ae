//! The sandbox's Azure DevOps: the repository `demo` of the project `data` at `acme`, with pull request 1.
//! It must not know the rules; what it places is taken as given.

use crate::world::azure_devops::{AzurePull, AzureRepository, AzureToken, TokenKind, USUAL_PERMISSIONS, guid};
use crate::world::builder::{SANDBOX_COMMIT, SANDBOX_HEAD, sandbox_graph};
use crate::world::state::World;

/// Name of the organization.
pub const SANDBOX_AZURE_ORGANIZATION: &str = "acme";
/// Name of the project.
pub const SANDBOX_AZURE_PROJECT: &str = "data";
/// Token of a pipeline, which may write.
pub const SANDBOX_AZURE_PIPELINE_TOKEN: &str = "azure_pipeline";
/// Personal token of `Ada`, who may write.
pub const SANDBOX_AZURE_PERSONAL_TOKEN: &str = "azure_personal";
/// Personal token of `Eve`, who only reads.
pub const SANDBOX_AZURE_READER_TOKEN: &str = "azure_reader";

impl World {
    /// Adds Azure DevOps with the sandbox's repository.
    pub fn add_sandbox_azure_devops(&mut self) {
        let azure = &mut self.azure_devops;
        azure.organization = SANDBOX_AZURE_ORGANIZATION.into();
        let pipeline = (1, "data Build Service (acme)");
        azure.tokens = vec![
            AzureToken::new(SANDBOX_AZURE_PIPELINE_TOKEN, TokenKind::Pipeline, pipeline, &USUAL_PERMISSIONS),
            AzureToken::new(SANDBOX_AZURE_PERSONAL_TOKEN, TokenKind::Personal, (2, "Ada"), &USUAL_PERMISSIONS),
            AzureToken::new(SANDBOX_AZURE_READER_TOKEN, TokenKind::Personal, (3, "Eve"), &["GenericRead"]),
        ];
        let pull = AzurePull {
            id: 1,
            title: "Change the example".into(),
            status: "active".into(),
            fork: None,
            source: "change".into(),
            source_commit: SANDBOX_HEAD.into(),
            target: "main".into(),
            target_commit: SANDBOX_COMMIT.into(),
            merge_commit: None,
        };
        azure.repositories.push(AzureRepository {
            project_id: guid(8),
            project: SANDBOX_AZURE_PROJECT.into(),
            id: guid(9),
            name: "demo".into(),
            pulls: vec![pull],
            graph: sandbox_graph(),
            ..AzureRepository::default()
        });
    }
}
