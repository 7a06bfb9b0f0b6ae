//! The platform's rules as plain functions over the world.
//! It must not know any face nor any HTTP type.

pub mod access;
pub mod accounts;
pub mod airflow;
pub mod airflow_connections;
pub mod airflow_dags;
pub mod airflow_pools;
pub mod airflow_runs;
pub mod airflow_secrets;
pub mod airflow_variables;
pub mod airflow_write;
pub mod cron;
pub mod deployment_checks;
pub mod deployments;
pub mod deploys;
pub mod environment;
pub mod environment_links;
pub mod fields;
pub mod finalize;
pub mod hibernation;
pub mod paging;
pub mod registry_access;
pub mod rollback;
pub mod rollouts;
