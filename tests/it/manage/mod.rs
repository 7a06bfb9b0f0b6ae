//! The commands that manage things of the platform, as whole runs against the simulated platform.

mod api;
mod audit;
mod deployment_file;
mod doctor;
mod lists;
mod token;
