//! Images without an engine: read them from files and registries, push and copy them by HTTP.
//! It knows the registry protocol alone; engines, deploys and the platform are others' business.

pub mod answer;
pub mod archive;
pub mod challenge;
#[cfg(test)]
pub mod fake_registry;
pub mod login;
pub mod manifest;
pub mod prebuilt;
pub mod push;
pub mod repository;
pub mod stored;
pub mod upload;
