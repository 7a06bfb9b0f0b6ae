//! A Deployment file as plain data: what stands where, and what is to become of a Deployment.
//! Nothing here knows YAML, the platform's calls or the rules.

pub mod edit;
pub mod entry;
pub mod node;
