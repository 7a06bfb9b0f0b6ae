//! The commands that manage things of the platform, as whole runs against the simulated platform.

mod access;
mod api;
mod deployment;
mod deployment_file;
mod lists;
mod organization;
mod workspace;
