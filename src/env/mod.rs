//! The process environment as a value: read once, passed on, never read again.
//! Everything else takes an `Env`; `process` alone touches the real environment.

pub mod children;
pub mod names;
pub mod process;
pub mod snapshot;
pub mod temporary;
