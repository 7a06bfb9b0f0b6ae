//! `liftoff token` and the same verbs below `deployment`, `workspace` and `organization`: one implementation for all scopes.

pub mod change;
pub mod file;
pub mod inspect;
pub mod list;
pub mod make;
pub mod place;
pub mod proof;
pub mod report;
pub mod rotate;
pub mod run;
pub mod store;
