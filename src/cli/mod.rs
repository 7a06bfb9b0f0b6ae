//! The command line: from arguments to a command and the settings given as flags.
//! It neither reads the environment nor runs anything.

pub mod access;
pub mod airflow;
pub mod airflow_objects;
pub mod api;
pub mod audit;
pub mod command;
pub mod deployment;
pub mod deployment_file;
pub mod deployment_flags;
pub mod doctor;
pub mod env_objects;
pub mod manage;
pub mod organization;
pub mod parse;
pub mod people;
pub mod span;
pub mod token;
pub mod variable;
pub mod which;
pub mod worker_queue;
pub mod workspace;
