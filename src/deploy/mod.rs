//! Performing a plan: the only place that changes a Deployment.
//! It decides nothing but whether to go on; what to ship was decided before.

pub mod ending;
pub mod hibernation;
pub mod image;
pub mod interrupt;
pub mod limit;
pub mod monitoring;
pub mod order;
pub mod outcome;
pub mod pack;
pub mod perform;
pub mod proof;
pub mod ready;
pub mod rollback;
pub mod smoke;
pub mod stopwatch;
pub mod superseded;
pub mod trial;
pub mod verify;
