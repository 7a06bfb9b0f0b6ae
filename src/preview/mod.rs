//! Previews of branches: what a preview's Airflow gets from the Airflow of its base.
//! It performs; whether there is to be a preview was decided before.

pub mod apply;
pub mod apply_plan;
pub mod copy;
pub mod copy_plan;
pub mod left;
mod mask;
pub mod object_file;
pub mod reachable;
