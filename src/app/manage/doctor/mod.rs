//! `liftoff doctor`: looks at everything that a command depends on, all at once, and tells what is wrong with it.

pub mod account;
pub mod host;
pub mod network;
pub mod run;
