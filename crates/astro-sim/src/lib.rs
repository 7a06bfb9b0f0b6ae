//! A strict, stateful simulation of the Astro platform and of the services around it, on one loopback port.
//! It must not know the product that is tested with it.
//!
//! [`sim::Sim`] serves a [`world::state::World`]; `faults` make it misbehave, and its journal tells what was asked.

pub mod archive;
pub mod clock;
pub mod contract;
pub mod digest;
pub mod exchange;
pub mod faces;
pub mod faults;
mod gates;
pub mod ids;
pub mod journal;
pub mod refusal;
pub mod rules;
mod serve;
pub mod sim;
pub mod spelling;
pub mod world;
