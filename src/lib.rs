//! Liftoff deploys Apache Airflow projects to Astro from any CI system.
//!
//! A run gathers facts, decides with a pure function, acts and reports; `ARCHITECTURE.md`
//! shows the layers and `tests/architecture.rs` keeps them.

pub mod airflow;
pub mod app;
pub mod astro;
pub mod blob;
pub mod changes;
pub mod check;
pub mod ci;
pub mod cli;
pub mod console;
pub mod dags;
pub mod deploy;
pub mod env;
pub mod error;
pub mod forge;
pub mod git;
pub mod http;
pub mod image;
pub mod logging;
pub mod model;
pub mod pack;
pub mod plan;
pub mod preview;
pub mod project;
pub mod registry;
pub mod report;
pub mod settings;
