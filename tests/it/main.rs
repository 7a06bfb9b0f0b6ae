//! Integration tests, one binary: decisions over plain facts, and whole runs of the program
//! against the simulated platform.

#![expect(clippy::expect_used, reason = "a test that cannot go on must fail")]

mod bad_input;
mod bench;
mod check;
mod checkouts;
mod ci;
mod dags;
mod deploys;
mod forges;
mod github;
mod manage;
mod mapping;
mod mono;
mod plan;
mod planning;
mod previews;
mod reports;
mod rollback;
mod sandbox;
#[cfg(target_os = "linux")]
mod sealed;
mod smoke;
mod verification;
