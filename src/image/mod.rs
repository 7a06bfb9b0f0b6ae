//! Container engines as programs: find one, build, inspect and push images with it.
//! It knows neither the platform's API nor registries' HTTP, and never changes the user's files.

pub mod build;
pub mod child;
pub mod command_line;
pub mod context;
pub mod engine;
pub mod environment;
#[cfg(test)]
pub mod fake_engine;
pub mod forget;
pub mod inspect;
pub mod push;
pub mod request;
pub mod source;
