//! Every forge keeps the promises of `liftoff::forge::interface::Forge`: one table of forges, and
//! each test over all of it.

mod comments;
mod commits;
mod disturbances;
mod failures;
mod records;
mod rows;
mod runs;
mod stage;
mod statuses;
