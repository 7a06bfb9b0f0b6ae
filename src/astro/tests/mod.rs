//! The Astro client against the simulated platform.
//! These tests must not know how the client is built inside.

mod bench;
mod deploying;
mod reading;
