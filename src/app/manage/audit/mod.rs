//! `liftoff organization audit-logs export`: events as lines of JSON, in bounded memory, redacted, and going on where the
//! last export ended.

pub mod cursor;
pub mod output;
pub mod run;
