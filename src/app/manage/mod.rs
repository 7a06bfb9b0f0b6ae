//! The commands that manage things of the platform: one file a noun, each answering with an `Answer`.

pub mod access;
pub mod airflow;
pub mod airflow_objects;
pub mod airflow_site;
pub mod airflow_token;
pub mod api;
pub mod audit;
pub mod call;
pub mod deployment;
pub mod deployments;
pub mod doctor;
pub mod env_objects;
pub mod given;
pub mod ip_ranges;
pub mod organization;
pub mod organization_roles;
pub mod organization_users;
pub mod people;
pub mod roles;
pub mod run;
pub mod scene;
pub mod teams;
pub mod token;
pub mod workspace;
