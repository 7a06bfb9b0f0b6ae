//! The commands that manage things of the platform, as whole runs against the simulated platform.

mod access;
mod airflow;
mod api;
mod audit;
mod deployment;
mod deployment_file;
mod doctor;
mod env_objects;
mod lists;
mod organization;
mod token;
mod workspace;
