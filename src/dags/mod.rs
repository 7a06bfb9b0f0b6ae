//! Reads DAGs from Python source with a real parser, finds syntax errors, and compares two states.
//! It works on text alone: it never runs Python, and knows neither the disk, git nor a Deployment.

pub mod airflowignore;
pub mod calls;
pub mod compare;
pub mod constants;
pub mod decode;
pub mod definitions;
pub mod duplicates;
pub mod found;
pub mod imports;
pub mod names;
pub mod nesting;
pub mod read;
pub mod source;
pub mod tasks;
pub mod texts;
pub mod uses;
pub mod values;
