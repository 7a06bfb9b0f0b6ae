//! The simulated platform's state as plain data.
//! It must not know any face, any HTTP type, nor the rules between its parts.

pub mod account;
pub mod airflow;
pub mod airflow_runs;
pub mod azure_devops;
pub mod bitbucket;
pub mod bitbucket_dc;
pub mod blobs;
pub mod builder;
pub mod builder_azure_devops;
pub mod builder_gitea;
pub mod builder_organization;
pub mod commits;
pub mod deploy;
pub mod deployment;
pub mod environment;
pub mod gitea;
pub mod github;
pub mod github_runs;
pub mod gitlab;
pub mod network;
pub mod people;
pub mod records;
pub mod registry;
pub mod role;
pub mod rollout;
pub mod runtime;
pub mod secrets;
pub mod state;
pub mod token;
