//! The Astro API v1: tokens, Deployments, deploys, and waiting for a deploy to arrive.
//! It knows neither git nor images nor what a plan is. Facts: `reference/astro-platform.md` 1–5.

pub mod answers;
pub mod arrival;
pub mod audit;
pub mod client;
pub mod connection;
pub mod deployments;
pub mod deploys;
pub mod find;
pub mod named;
pub mod records;
pub mod requests;
pub mod token;
pub mod wait;
mod wire;

#[cfg(test)]
mod tests;
