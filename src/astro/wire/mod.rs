//! The Astro API's JSON, decoded leniently and turned into Liftoff's vocabulary.
//! It sends nothing; unknown words and fields are never an error.

pub mod blueprint;
pub mod deploy;
pub mod deployment;
pub mod listing;
