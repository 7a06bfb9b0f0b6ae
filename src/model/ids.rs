//! Identifiers of the platform, each its own type so that they cannot be mixed up.
//! They are opaque text: nothing here knows how the platform makes them.

use std::fmt;

macro_rules! opaque_text {
    ($($(#[$doc:meta])+ $name:ident),+ $(,)?) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as the platform gave it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

opaque_text! {
    /// Id of an Organization.
    OrganizationId,
    /// Id of a Workspace.
    WorkspaceId,
    /// Id of a Deployment.
    DeploymentId,
    /// Id of a deploy, one entry of a Deployment's deploy history.
    DeployId,
    /// Version of an uploaded DAG or other bundle, as the blob store names it.
    /// It looks like a timestamp, but only equality has a meaning.
    BundleVersion,
    /// Tag of a deployed image, chosen by the platform.
    ImageTag,
    /// Folder inside Airflow's containers where a bundle appears, such as `/usr/local/airflow/dbt/shop`.
    MountPath,
}
