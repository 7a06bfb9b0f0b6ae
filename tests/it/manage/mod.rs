//! The commands that manage things of the platform, as whole runs against the simulated platform.

mod airflow;
mod api;
mod deployment_file;
mod lists;
