//! The words of the `action` setting.

/// What the `action` setting makes of a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It stays one.
    Deploy,
    /// It is only planned.
    Plan,
    /// An earlier deploy comes back instead.
    Rollback,
    /// The DAGs are only checked.
    Check,
    /// The preview of the pull request is kept as it should be.
    Preview,
    /// A branch gets a preview, as with deploy-action.
    CreatePreview,
    /// A branch's preview is deployed to.
    DeployPreview,
    /// A branch's preview goes.
    DeletePreview,
}
