//! Deployments as code: reading Deployment files, finding the difference to what is there, and what to send.
//! Everything here is a function of values; no file is opened and nothing is called.

pub mod body;
pub mod change;
pub mod check;
pub mod dotenv;
pub mod export;
pub mod keys;
pub mod layout;
pub mod members;
pub mod merge;
pub mod queues;
pub mod read;
pub mod reading;
pub mod resolve;
pub mod resolving;
pub mod sections;
pub mod text;

#[cfg(test)]
mod tests;
