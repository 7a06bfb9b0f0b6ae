//! The verbs of `liftoff deployment` that read and change Deployments.

pub mod apply;
pub mod create;
pub mod flags;
pub mod gather;
pub mod inspect;
pub mod job;
pub mod logs;
pub mod one;
pub mod queues;
pub mod sleep;
pub mod update;
pub mod variables;
pub mod wait;
pub mod write;
