//! The vocabulary of Liftoff: plain data that every layer may use.
//! Nothing here reads the world, talks to a server or knows a wire format.

pub mod airflow;
pub mod airflow_draft;
pub mod artifact;
pub mod blueprint;
pub mod check;
pub mod context;
pub mod dag;
pub mod dag_run;
pub mod deploy;
pub mod deployment;
pub mod dialect;
pub mod entry;
pub mod fingerprint;
pub mod ids;
pub mod image;
pub mod manifest;
pub mod markup;
pub mod nearest;
pub mod outputs;
pub mod path;
pub mod permission;
pub mod preview;
pub mod project;
pub mod record;
pub mod repository;
pub mod revision;
pub mod roles;
pub mod runtime;
pub mod secret;
pub mod sink;
pub mod substitute;
pub mod url;
pub mod wildcard;
