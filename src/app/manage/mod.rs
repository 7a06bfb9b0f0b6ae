//! The commands that manage things of the platform: one file a noun, each answering with an `Answer`.

pub mod airflow;
pub mod airflow_objects;
pub mod airflow_site;
pub mod airflow_token;
pub mod api;
pub mod deployment;
pub mod deployments;
pub mod given;
pub mod run;
pub mod scene;
pub mod workspace;
