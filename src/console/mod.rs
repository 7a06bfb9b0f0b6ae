//! The only printer: data to standard output, talk to standard error.
//! It knows how people and CI systems read lines, and nothing of what the lines are about.

pub mod activity;
pub mod clean;
pub mod printer;
pub mod progress;
pub mod syntax;
