//! Uploads bundles to the blob store behind the platform's signed URLs.
//! It knows neither the Astro API nor what a bundle holds.

pub mod refusal;
pub mod upload;
