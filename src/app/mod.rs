//! A run from start to end: gather, decide, act, report.
//! It connects the layers and holds no rule of its own.

pub mod all;
pub mod asked;
pub mod baseline;
pub mod check;
pub mod check_place;
pub mod checkout;
pub mod checks;
pub mod commits;
pub mod configure;
pub mod content;
pub mod crew;
pub mod dags;
pub mod deliver;
pub mod gather;
pub mod history;
pub mod manage;
pub mod outputs;
pub mod platform;
pub mod previews;
pub mod report;
pub mod reporter;
pub mod rights;
pub mod rollback;
pub mod run;
pub mod sandbox;
pub mod session;
pub mod ship;
pub mod signals;
pub mod smoke;
pub mod source;
pub mod story;
pub mod surroundings;
pub mod target;
pub mod vital;
