//! The verbs of `liftoff deployment` that read and change Deployments.

pub mod apply;
pub mod gather;
pub mod inspect;
pub mod job;
pub mod wait;
pub mod write;
