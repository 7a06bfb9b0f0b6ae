//! Runs a project's own code to check it before anything is uploaded: Airflow imports its DAGs, pytest runs its tests.
//! It knows neither the platform nor deploys, never changes the project, and gives its code none of Liftoff's secrets.

pub mod airflow;
pub mod cache;
pub mod exceptions;
pub mod install;
pub mod junit;
pub mod lab;
pub mod order;
pub mod parse;
pub mod perform;
pub mod providers;
pub mod pytest;
pub mod python;
pub mod requirements;
pub mod speech;
pub mod uv;
pub mod variables;
