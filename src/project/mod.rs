//! A project on disk: what kind it is, which files belong to which artifact, and the fingerprint
//! of their content. It only reads, and it knows neither git, nor the Deployment, nor what a plan does.

pub mod boundary;
pub mod content;
pub mod dbt;
pub mod dockerfile;
pub mod file;
pub mod find;
pub mod instructions;
pub mod links;
pub mod read;
pub mod rules;
pub mod small_file;
pub mod walk;
