//! Each rule of the simulated platform, once, through its HTTP faces.
#![expect(clippy::unwrap_used, reason = "a test helper may fail by panicking")]

mod airflow;
mod airflow_runs;
mod airflow_writes;
mod audit;
mod azure_devops;
mod bench;
mod bitbucket;
mod bitbucket_dc;
mod deployment_rules;
mod deployments;
mod deploys;
mod environment;
mod faults;
mod finalize;
mod gates;
mod gitea;
mod github;
mod github_runs;
mod gitlab;
mod ip_ranges;
mod logs;
mod registry;
mod roles;
mod rollouts;
mod secrets;
mod teams;
mod tokens;
mod users;
