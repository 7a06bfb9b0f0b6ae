//! The commands that manage things of the platform: one file a noun, each answering with an `Answer`.

pub mod api;
pub mod audit;
pub mod deployment;
pub mod deployments;
pub mod doctor;
pub mod given;
pub mod organization;
pub mod run;
pub mod scene;
pub mod token;
pub mod workspace;
