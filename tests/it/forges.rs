//! Every forge keeps the promises of `liftoff::forge::interface::Forge`: one table of forges, and
//! each test over all of it.

mod comments;
mod commits;
mod disturbances;
mod failures;
mod records;
pub mod rows;
pub mod stage;
mod statuses;
