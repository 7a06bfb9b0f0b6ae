//! The platform's rules as plain functions over the world.
//! It must not know any face nor any HTTP type.

pub mod access;
pub mod accounts;
pub mod agent_tokens;
pub mod airflow;
pub mod airflow_connections;
pub mod airflow_dags;
pub mod airflow_pools;
pub mod airflow_runs;
pub mod airflow_secrets;
pub mod airflow_variables;
pub mod airflow_write;
pub mod audit;
pub mod authority;
pub mod cron;
pub mod deployment_checks;
pub mod deployments;
pub mod deploys;
pub mod environment;
pub mod environment_links;
pub mod fields;
pub mod finalize;
pub mod hibernation;
pub mod invites;
pub mod ip_ranges;
pub mod logs;
pub mod paging;
pub mod registry_access;
pub mod role_sets;
pub mod roles;
pub mod rollback;
pub mod rollouts;
pub mod teams;
pub mod token_roles;
pub mod tokens;
pub mod users;
